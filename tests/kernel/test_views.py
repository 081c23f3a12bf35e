"""The views of the guest's structures: against what the guest itself says, and at any moment."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator

import pytest

import minikernel
from minikernel.kernel.events import ObjectAllocated, ObjectFreed
from minikernel.kernel.machine import KernelMachine
from minikernel.kernel.memory import PAGE_SIZE, init_range
from minikernel.kernel.modules import MemoryKind
from minikernel.kernel.structures import MMU_OFF, View
from minikernel.machine.inputs import ConsoleInput
from minikernel.machine.snapshot import Snapshot
from minikernel.machine.stop import StopKind
from minikernel.power_on import BootOptions, prepare

VIEWS = (
    "free_lists",
    "kmalloc_caches",
    "page_tables",
    "proc_entries",
    "work_queue",
    "deferred",
    "interrupts",
    "module_list",
    "log_buffer",
)
WITH_MODULES = BootOptions(modules=True, rc=b"modprobe exporter\nmodprobe user\nrmmod user\nrmmod exporter\n")


@pytest.fixture(scope="module")
def at_shell_once() -> tuple[KernelMachine, Snapshot]:
    machine = minikernel.boot(until="shell")
    return machine, machine.save()


@pytest.fixture
def at_shell(at_shell_once: tuple[KernelMachine, Snapshot]) -> KernelMachine:
    machine, snapshot = at_shell_once
    machine.load(snapshot)
    return machine


def all_views(machine: KernelMachine) -> dict[str, View]:
    return {name: getattr(machine, name) for name in VIEWS}


# --- the guest as witness ---------------------------------------------------------------------------------------------


def test_the_free_lists_hold_what_proc_meminfo_counts(at_shell: KernelMachine) -> None:
    lists = at_shell.free_lists
    assert lists.condition.is_whole
    printed = re.search(r"MemFree: *(\d+) kB", at_shell.proc.read("meminfo"))
    assert printed is not None
    assert lists.pages == lists.nr_free_pages == int(printed[1]) * 1024 // PAGE_SIZE
    start, end = init_range(at_shell.image)
    given_back = [
        page
        for area in lists.areas
        if area.is_unmapped
        for block in area.blocks
        for page in range(block, block + (PAGE_SIZE << area.order), PAGE_SIZE)
    ]
    assert sorted(given_back) == list(range(start, end, PAGE_SIZE))


def test_the_block_that_alloc_pages_takes_is_the_first_of_its_list(at_shell: KernelMachine) -> None:
    order = next(area.order for area in at_shell.free_lists.areas if area.blocks)
    expected = next(area.blocks[0] for area in at_shell.free_lists.areas if area.blocks)
    taken, _ = at_shell.call("alloc_pages", order)
    assert taken == expected
    assert taken not in [block for area in at_shell.free_lists.areas for block in area.blocks]


def test_the_slabs_hold_what_the_trace_says_was_allocated_and_not_freed(at_shell: KernelMachine) -> None:
    alive: dict[int, int] = {}
    for event in at_shell.trace:
        if isinstance(event, ObjectAllocated):
            alive[event.addr] = event.size
        elif isinstance(event, ObjectFreed):
            alive.pop(event.addr, None)
    view = at_shell.kmalloc_caches
    assert view.condition.is_whole
    assert view.caches[0].used > 0
    for smaller, cache in zip((0, *(cache.size for cache in view.caches)), view.caches, strict=False):
        assert cache.used == sum(smaller < max(size, 1) <= cache.size for size in alive.values()), cache.size
        assert cache.used + cache.free == cache.pages * PAGE_SIZE // cache.size


def test_kmalloc_takes_the_first_free_object_and_kfree_puts_it_back(at_shell: KernelMachine) -> None:
    before = at_shell.kmalloc_caches
    slab = before.caches[0].slabs[0]
    taken, _ = at_shell.call("kmalloc", 20)
    assert taken == slab.free[0]
    now = at_shell.kmalloc_caches.caches[0].slabs[0]
    assert (now.inuse, now.free) == (slab.inuse + 1, slab.free[1:])
    at_shell.call("kfree", taken)
    assert at_shell.kmalloc_caches == before


def test_a_full_slab_is_counted_although_it_stands_in_no_ring(at_shell: KernelMachine) -> None:
    addresses = [at_shell.call("kmalloc", 2048)[0] for _ in range(3)]
    (cache,) = (cache for cache in at_shell.kmalloc_caches.caches if cache.size == 2048)
    assert (cache.used, cache.free, cache.pages) == (3, 1, 2)
    assert {slab.address for slab in cache.slabs} == {addr & ~(PAGE_SIZE - 1) for addr in addresses}
    assert at_shell.kmalloc_caches.condition.is_whole


def test_interrupts_are_those_of_proc_interrupts(at_shell: KernelMachine) -> None:
    printed = at_shell.proc.read("interrupts").splitlines()[1:]
    view = at_shell.interrupts
    assert view.condition.is_whole
    rows = [f"{row.irq:3}: {row.count:10}  {view.chip:>8} {row.irq:3} Level     {row.name}" for row in view.handlers]
    counts = re.compile(r"(?<=: ) *\d+")  # reading took interrupts, too
    assert [counts.sub("", row) for row in rows] == [counts.sub("", row) for row in printed]
    assert {row.irq: row.handler for row in view.handlers}[34] == "sp804_interrupt"


def test_proc_entries_are_those_that_ls_shows(at_shell: KernelMachine) -> None:
    view = at_shell.proc_entries
    assert view.condition.is_whole
    listed = [line.split() for line in at_shell.shell("ls /proc").splitlines()]
    assert [(entry.permissions, entry.name) for entry in view.entries] == [(row[0], row[-1]) for row in listed]
    (deferred,) = (entry for entry in view.entries if entry.name == "deferred_initcalls")
    assert (deferred.show, deferred.write) == ("deferred_initcalls_show", "deferred_initcalls_write")


def test_page_tables_say_what_the_mmu_says_of_each_page(at_shell: KernelMachine) -> None:
    view = at_shell.page_tables
    assert view.condition.is_whole
    chosen = random.Random(4)
    for each in view.ranges:
        addr = chosen.randrange(each.start, each.end)
        assert at_shell.permissions(addr) == each.kernel
        if each.physical is not None:
            assert at_shell.physical(addr) == each.physical + addr - each.start
    for each, behind in zip(view.ranges, view.ranges[1:], strict=False):
        assert each.end <= behind.start
        if each.end < behind.start:
            assert at_shell.physical(chosen.randrange(each.end, behind.start)) is None


@pytest.mark.parametrize(
    ("symbol", "what", "kernel"),
    [
        ("do_one_initcall", "text", "r-x"),
        ("linux_banner", "rodata", "r--"),
        ("linear_ptes", "data", "rw-"),
        ("mem_map", "bss", "rw-"),
        ("SWAPPER_PG_DIR", "first-level table", "rw-"),
        ("GIC_DIST_BASE", "devices: gic-distributor, gic-cpu", "rw-"),
        ("USER_TEXT", "user program", "r-x"),
    ],
)
def test_page_tables_name_what_lives_there(at_shell: KernelMachine, symbol: str, what: str, kernel: str) -> None:
    addr = at_shell.symbol(symbol)
    (found,) = (each for each in at_shell.page_tables.ranges if addr in each)
    assert (found.what, found.kernel) == (what, kernel)
    assert found.user == (kernel if what == "user program" else "---")


def test_init_memory_is_text_and_data_until_it_is_freed_and_then_not_mapped() -> None:
    machine = minikernel.boot(until="userspace")
    start, end = init_range(machine.image)
    inside = [(each.what, each.kernel) for each in machine.page_tables.ranges if start <= each.start < end]
    assert inside == [("init text", "r-x"), ("init data", "rw-")]
    assert machine.deferred.condition.is_whole
    assert [call.name for call in machine.deferred.calls] == ["ehci_hcd_init", "uhci_hcd_init", "usb_storage_init"]
    machine.run(until="shell")
    assert not [each for each in machine.page_tables.ranges if start <= each.start < end]
    assert machine.deferred.is_done
    assert machine.deferred.condition.problems == ("the table went with init memory; this is what it said",)


def test_initcalls_deferred_by_name_are_in_the_deferred_table() -> None:
    machine = minikernel.boot(until="userspace", append="initcall_defer=camera_init")
    assert [call.name for call in machine.deferred.calls][-1] == "camera_init"
    assert not machine.deferred.has_begun


def test_module_memory_is_named_by_its_owner_and_kind(at_shell: KernelMachine) -> None:
    at_shell.insmod("hello")
    module = at_shell.module("hello")
    ranges = {each.what: each for each in at_shell.page_tables.ranges}
    for memory in module.memory:
        found = ranges[f"module hello: {memory.kind.value.replace('_', ' ')}"]
        assert (found.start, found.pages, found.kernel) == (memory.base, memory.pages, memory.permissions)
    assert MemoryKind.TEXT in {memory.kind for memory in module.memory}


def test_work_waits_in_the_queue_until_it_runs() -> None:
    machine = minikernel.boot(until="__schedule_work")
    before = machine.work_queue
    assert before.condition.is_whole
    machine.run(until=machine.cpu.lr)
    after = machine.work_queue
    assert len(after.works) == len(before.works) + 1
    machine.run(until=machine.symbol(after.works[0].function))
    assert after.works[0] not in machine.work_queue.works
    assert machine.work_queue.is_running or machine.symbolize(machine.cpu.lr).startswith("flush_scheduled_work")


def test_the_log_buffer_is_what_dmesg_prints(at_shell: KernelMachine) -> None:
    log = at_shell.log_buffer
    assert log.condition.is_whole
    assert "\n".join(log.lines) + "\n" == at_shell.dmesg
    assert list(log.lines) == at_shell.shell("dmesg").splitlines()


def test_a_log_without_room_is_named(at_shell: KernelMachine) -> None:
    at_shell.write(at_shell.symbol("log_buf_len"), bytes(4))
    assert at_shell.log_buffer.condition.problems == ("log_buf_len is 0: the log has no room",)


# --- in the middle of an update ---------------------------------------------------------------------------------------


def single_steps(machine: KernelMachine, end: int) -> Iterator[None]:
    """Between all instructions until `end` is reached; interrupts too."""
    with machine.many_runs():
        while machine.cpu.pc != end:
            yield
            machine.run(max_instructions=1)


@pytest.mark.parametrize(
    ("function", "view", "until"),
    [
        ("alloc_pages", "free_lists", "first_picture"),
        ("free_pages", "free_lists", "do_initcalls"),
        ("kmalloc", "kmalloc_caches", "first_picture"),
        ("kfree", "kmalloc_caches", "do_initcalls"),
        ("__schedule_work", "work_queue", "userspace"),
        ("proc_create", "proc_entries", "mtd_init"),
        ("request_irq", "interrupts", "do_initcalls"),
        ("log_store", "log_buffer", "do_initcalls"),
    ],
)
def test_at_each_instruction_of_an_update_the_view_names_who_changes_it(function: str, view: str, until: str) -> None:
    machine = minikernel.boot(until=until)
    machine.run(until=function, max_instructions=10_000_000)
    assert machine.cpu.pc == machine.symbol(function)
    at_rest = getattr(machine, view)
    assert at_rest.condition.changing == ""
    steps = 0
    for _ in single_steps(machine, machine.cpu.lr):
        steps += 1
        if steps > 100 and steps % 7:
            continue  # a long loop that poisons
        condition = getattr(machine, view).condition
        assert condition.changing.startswith(f"{function}+") or steps == 1, steps
    assert steps > 5
    after = getattr(machine, view)
    assert after.condition.is_whole
    assert after != at_rest


def test_an_interrupt_inside_an_update_does_not_hide_it() -> None:
    machine = minikernel.boot(until="free_initmem")
    machine.run(until="memset32")
    machine.run(max_instructions=10)
    machine.inputs.push(ConsoleInput(b"x"))
    machine.run(until="pl011_interrupt", max_instructions=1000)
    frames = [frame.symbol.partition("+")[0] for frame in machine.call_chain]
    assert frames[:2] == ["pl011_interrupt", "handle_irq"]
    assert frames[frames.index("vector_irq") + 1 :][:2] == ["memset32", "free_reserved_page"]
    assert machine.free_lists.condition.changing.startswith("free_reserved_page+")


@pytest.mark.parametrize(
    ("symbol", "offset", "view", "sentence"),
    [
        ("free_area", 10 * 16, "free_lists", r"free_area\[10\]: behind .* comes 0xdeadbeec, which is no struct page"),
        ("kmalloc_caches", 0, "kmalloc_caches", "kmalloc-32: behind .* comes 0xdeadbeec, which is no struct page"),
        ("proc_entries", 0, "proc_entries", "the entry at 0xdeadbeec cannot be read"),
        ("work_head", 0, "work_queue", "the work at 0xdeadbeec cannot be read"),
        ("irq_chip", 0, "interrupts", "it cannot be read: nothing is mapped at 0xdeadbeec"),
        ("module_areas", 0, "page_tables", "cannot be read"),
        ("mem_map", 0, "free_lists", "it cannot be read: nothing is mapped at 0xdeadbeec"),
    ],
)
def test_a_wild_pointer_is_named(at_shell: KernelMachine, symbol: str, offset: int, view: str, sentence: str) -> None:
    at_shell.write(at_shell.symbol(symbol) + offset, (0xDEADBEEC).to_bytes(4, "little"))
    if symbol == "mem_map":
        at_shell.write(at_shell.symbol("mem_map_end"), (0xDEADBEEC + 64).to_bytes(4, "little"))
    condition = getattr(at_shell, view).condition
    assert re.search(sentence, str(condition)), condition
    assert condition.changing == ""


def test_a_list_that_bites_its_tail_is_named_and_ends(at_shell: KernelMachine) -> None:
    first = at_shell.proc_entries.entries[0]
    last = at_shell.proc_entries.entries[-1]
    at_shell.write(last.address + at_shell.symbol("PROC_NEXT"), first.address.to_bytes(4, "little"))
    view = at_shell.proc_entries
    assert view.condition.problems == (f"{first.address:#010x} comes a second time: the list has no end",)
    assert view.entries[-1] == last


def test_a_ring_that_does_not_lead_back_is_named_and_ends(at_shell: KernelMachine) -> None:
    area = next(area for area in at_shell.free_lists.areas if len(area.blocks) > 1)
    pages = at_shell.read_word(at_shell.symbol("mem_map"))
    first, last = (pages + (block - 0xC000_0000) // PAGE_SIZE * 16 for block in (area.blocks[0], area.blocks[-1]))
    at_shell.write(last, first.to_bytes(4, "little"))
    view = at_shell.free_lists
    assert f"{first:#010x} comes a second time: the list does not lead back to its head" in str(view.condition)
    assert view.pages == view.nr_free_pages


def test_a_count_that_is_wrong_is_named(at_shell: KernelMachine) -> None:
    count = at_shell.free_lists.nr_free_pages
    at_shell.write(at_shell.symbol("nr_free_pages_count"), (count + 3).to_bytes(4, "little"))
    assert at_shell.free_lists.condition.problems == (
        f"the lists hold {count} pages, nr_free_pages_count says {count + 3}",
    )


def test_before_the_mmu_is_on_each_view_says_so() -> None:
    machine = prepare(BootOptions())
    assert {str(view.condition) for view in all_views(machine).values()} == {MMU_OFF}


def test_before_a_structure_is_made_its_view_says_what_has_not_run() -> None:
    machine = minikernel.boot(until="start_kernel")
    absent = {name: view.condition.absent for name, view in all_views(machine).items()}
    assert absent["free_lists"] == "mem_init has not made mem_map yet"
    assert absent["work_queue"] == "init_workqueues has not run yet"
    assert absent["interrupts"] == "no interrupt controller has been registered yet"
    assert absent["proc_entries"] == "no entry has been made yet"


@pytest.mark.parametrize(
    ("options", "number"), [(BootOptions(), 200), (WITH_MODULES, 60)], ids=["default boot", "with modules"]
)
def test_at_random_moments_no_view_fails_and_what_is_at_rest_is_whole(options: BootOptions, number: int) -> None:
    machine = prepare(options)
    machine.run(until="shell", max_instructions=50_000_000)
    chosen = random.Random(22)
    # Half of them where things happen: near events of the trace.
    events = [event.icount for event in machine.trace]
    moments = [chosen.randrange(machine.icount) for _ in range(number // 2)]
    moments += [max(0, chosen.choice(events) + chosen.randrange(-200, 200)) for _ in range(number // 2)]
    machine = prepare(options)
    changing = 0
    for moment in sorted(moments):
        if moment > machine.icount:
            assert machine.run(max_instructions=moment - machine.icount).kind is StopKind.BUDGET
        for name, view in all_views(machine).items():
            where = f"{name} at {machine.icount}, {machine.symbolize(machine.cpu.pc)}: {view.condition}"
            if view.condition.changing:
                changing += 1
            elif not view.condition.absent and name != "deferred":
                assert not view.condition.problems, where
    assert changing
