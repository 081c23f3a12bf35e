"""The life of a module in the guest: memory with its permissions, init and the end of its memory, users, the end."""

from __future__ import annotations

import errno
import struct
from functools import cache

import pytest
from modules.guest_loader import NR_INIT_MODULE, O_TRUNC, GuestDiedError, GuestLoader, fresh, struct_module
from modules.ko import exported, module

from minikernel.machine.machine import Machine
from minikernel.machine.probes import Hit
from minikernel.toolchain.config import BuildConfig
from minikernel.toolchain.examples import find_module

LIVE, COMING, GOING, UNFORMED = range(4)
TEXT, DATA, RODATA, RO_AFTER_INIT, INIT_TEXT, INIT_DATA, INIT_RODATA = range(7)
COPY = 7
PERMISSIONS = {TEXT: "r-x", DATA: "rw-", RODATA: "r--", INIT_TEXT: "r-x", INIT_DATA: "rw-", INIT_RODATA: "r--"}
SECOND = 1_000_000_000
TAINT_FORCED_RMMOD = 1 << 3
EXAMPLES = ("hello", "params", "exporter", "chain_a", "positive", "size4095", "blink")

HEAD = '        .include "macros.inc"\n        MODULE_LICENSE "GPL"\n'

EVERY_KIND = HEAD + (
    """
        .text
FUNC every_exit
        bx      lr
ENDFUNC every_exit
        INIT_TEXT
FUNC every_init
        mov     r0, #0
        bx      lr
ENDFUNC every_init
        module_init every_init
        module_exit every_exit
        RODATA
        .word   1
        .data
        .word   2
        .section .data..ro_after_init, "aw", %progbits
        .word   3
        INIT_DATA
        .word   4
        .section .init.rodata, "a", %progbits
        .word   5
"""
)

# Logs what it is told of other modules, and refuses COMING with -refuse.
WATCHER = HEAD + (
    """
        INIT_TEXT
FUNC watcher_init
        ldr     r0, =block
        b       register_module_notifier
ENDFUNC watcher_init
        module_init watcher_init

        .text
FUNC watcher_exit
        ldr     r0, =block
        b       unregister_module_notifier
ENDFUNC watcher_exit
        module_exit watcher_exit

FUNC watcher_call
        push    {r4, r5, fp, lr}
        add     fp, sp, #8
        mov     r4, r1
        add     r1, r2, #12                     @ MODULE_NAME
        mov     r2, r4
        pr_info "told: %s %u\\n"
        cmp     r4, #1                          @ MODULE_STATE_COMING
        mov     r0, #0
        ldreq   r0, =refuse
        ldreq   r0, [r0]
        rsb     r0, r0, #0
        pop     {r4, r5, fp, pc}
ENDFUNC watcher_call

        .data
        .balign 4
block:  .word   watcher_call, 0
refuse: .word   0
        module_param refuse, int, 0
"""
)


@cache
def example(name: str) -> bytes:
    """A module of guest/modules."""
    return find_module(BuildConfig.load(), name)


def load(guest: GuestLoader, ko: bytes, params: str = "") -> int:
    """Loads it; the address of its struct module."""
    assert guest.init_module(ko, params) == 0, guest.log[-800:]
    return guest.modules()[0][3]


def field(guest: GuestLoader, mod: int, name: str) -> int:
    """A word of struct module."""
    return guest.machine.read_word(mod + struct_module(name))


def memory(guest: GuestLoader, mod: int) -> list[tuple[int, int, int]]:
    """(base, bytes, pages) of each kind."""
    rows = guest.machine.read(mod + struct_module("MEM"), 7 * 12)
    return list(struct.iter_unpack("<3I", rows))


def told(log: str) -> list[tuple[str, int]]:
    """What the watcher logged: (module, state)."""
    words = [line.split() for line in log.splitlines() if line.startswith("told: ")]
    return [(name, int(state)) for _, name, state in words]


# --- loading and unloading --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", EXAMPLES)
def test_loaded_and_unloaded_twice_nothing_is_left(name: str) -> None:
    guest = fresh()
    before = guest.state()
    for _ in range(2):
        mod = load(guest, example(name))
        assert field(guest, mod, "STATE") == LIVE
        assert guest.machine.read_cstring(mod + struct_module("NAME")) == name
        assert guest.delete_module(name) == 0
        assert guest.state() == before


def test_init_and_exit_are_called_once_each() -> None:
    guest = fresh("initcall_debug")
    mark = guest.log_mark()
    load(guest, example("hello"))
    guest.delete_module("hello")
    lines = guest.log_since(mark).splitlines()[-4:]
    assert lines[0].startswith("calling  ") and lines[0].endswith(" @ 1")
    assert lines[1] == "hello: the camera has learned something"
    assert lines[2].startswith("initcall ") and " returned 0 after " in lines[2]
    assert lines[3] == "hello: and has forgotten it again"


def test_a_failed_init_is_the_result_and_leaves_nothing() -> None:
    guest = fresh()
    before = guest.state()
    assert guest.init_module(example("initfail")) == -errno.EINVAL
    assert guest.state() == before


def test_a_positive_result_of_init_is_reported_and_kept() -> None:
    guest = fresh()
    mark = guest.log_mark()
    load(guest, example("positive"))
    log = guest.log_since(mark)
    assert "do_init_module: 'positive'->init suspiciously returned 1, it should follow 0/-E convention" in log
    assert "do_init_module: loading module anyway..." in log
    assert " do_init_module from load_module+" in log


# --- memory -----------------------------------------------------------------------------------------------------------


def test_each_kind_of_memory_has_pages_and_permissions_of_its_own() -> None:
    guest = GuestLoader()  # probes stay
    seen: dict[int, str] = {}

    def at_init(hit: Hit) -> None:
        (mod,) = [at for name, _, _, at in guest.modules() if name == "every"]
        for kind, (base, size, pages) in enumerate(memory(guest, mod)):
            assert size and pages == 1 and base % 4096 == 0
            seen[kind] = guest.machine.permissions(base)
            assert guest.machine.permissions(base + 4096) == "---"  # what separates two areas

    guest.machine.add_probe("do_one_initcall", on_entry=at_init)
    mod = load(guest, module("every", EVERY_KIND))
    assert seen == PERMISSIONS | {RO_AFTER_INIT: "rw-"}
    base, _, _ = memory(guest, mod)[RO_AFTER_INIT]
    assert guest.machine.permissions(base) == "r--"
    assert [size for _, size, _ in memory(guest, mod)[INIT_TEXT:]] == [0, 0, 0]


def test_init_memory_dies_sizes_first_then_the_pages_then_the_pointer() -> None:
    """The order of 2009 (seed of row B15): an oops may look at this memory right now."""
    guest = GuestLoader()  # probes stay
    machine: Machine = guest.machine
    order: list[str] = []

    def watch(mod: int, name: str) -> None:
        where = machine.physical(mod + struct_module(name))
        assert where is not None
        machine.watch_memory(where, 4, lambda paddr, size, value: order.append(f"{name}={value}"))

    ko = module("every", EVERY_KIND)
    machine.add_probe("free_module_mem", on_entry=lambda hit: order.append(f"free {hit.args[1]}"))
    for register, value in enumerate((guest.put(ko), len(ko), guest.text(""))):
        machine.cpu.set_r(register, value)
    machine.cpu.set_r(7, NR_INIT_MODULE)
    machine.cpu.pc = guest.gate
    machine.run(until={guest.image.address("do_one_initcall")})
    for name in ("INIT_SIZE", "INIT_TEXT_SIZE", "INIT_BASE"):
        watch(guest.modules()[0][3], name)
    machine.run(until={guest.back})
    stores = [step for step in order if not step.endswith("=None")]
    assert stores == ["INIT_SIZE=0", "INIT_TEXT_SIZE=0", "free 4", "free 5", "free 6", "INIT_BASE=0"]


def test_two_bytes_of_init_are_a_page_that_comes_back() -> None:
    """Adam Richter, 1 July 2002: 4095 bytes that stay and 2 that do not."""
    guest = GuestLoader()  # probes stay
    freed: list[int] = []
    guest.machine.add_probe(
        "free_module_mem", on_return=lambda hit: freed.append(hit.result) if hit.args[1] >= INIT_TEXT else None
    )
    mod = load(guest, example("size4095"))
    assert (4095, 1) in [(size, pages) for _, size, pages in memory(guest, mod)]
    assert sum(freed) == 1


def test_bounds_hold_all_modules_and_spare_the_walk_outside() -> None:
    guest = fresh()
    load(guest, example("hello"))
    low, high = guest.word("module_addr_min"), guest.word("module_addr_max")
    mod = guest.modules()[0][3]
    assert all(low <= base and base + size <= high for base, size, _ in memory(guest, mod) if size)
    compares = guest.word("module_address_compares")
    for outside in (0, low - 4, high, 0xC0008000):
        assert guest.call("__module_address", outside)[0] == 0
    assert guest.word("module_address_compares") == compares
    assert guest.call("__module_address", mod)[0] == mod
    assert guest.word("module_address_compares") == compares + 1


def test_the_copy_of_the_file_ends_where_memory_ends() -> None:
    """A read behind the file's last word faults: nothing in the loader may need one."""
    guest = GuestLoader()  # probes stay
    ko = example("hello")
    checked: list[int] = []

    def at_check(hit: Hit) -> None:
        header, length = (guest.machine.read_word(hit.args[0] + at) for at in (0, 4))
        assert length == len(ko)
        end = header + length + 3 & ~3
        assert end % 4096 == 0 and guest.machine.permissions(end) == "---"
        checked.append(end)

    guest.machine.add_probe("elf_validity_cache_copy", on_entry=at_check)
    load(guest, ko)
    assert checked


def test_a_load_that_cannot_be_held_is_refused_before_a_byte_is_copied() -> None:
    guest = fresh()
    before = guest.state()
    for size in (16 << 20, 0x7FFFFFFF, 0xFFFFFFFF):
        assert guest.syscall(NR_INIT_MODULE, guest.buffer, size, guest.text("")) == -errno.ENOMEM
    assert guest.state() == before


# --- others -----------------------------------------------------------------------------------------------------------


def test_notifiers_hear_coming_and_live_or_coming_and_going() -> None:
    guest = fresh()
    load(guest, module("watcher", WATCHER))
    mark = guest.log_mark()
    load(guest, example("hello"))
    assert told(guest.log_since(mark)) == [("hello", COMING), ("hello", LIVE)]
    mark = guest.log_mark()
    assert guest.delete_module("hello") == 0
    assert told(guest.log_since(mark)) == [("hello", GOING)]
    mark = guest.log_mark()
    assert guest.init_module(example("initfail")) == -errno.EINVAL
    assert told(guest.log_since(mark)) == [("initfail", COMING), ("initfail", GOING)]
    assert guest.delete_module("watcher") == 0
    mark = guest.log_mark()
    load(guest, example("hello"))
    assert told(guest.log_since(mark)) == []


def test_a_notifier_may_refuse_and_those_before_it_hear_going() -> None:
    guest = fresh()
    load(guest, module("watcher", WATCHER))
    load(guest, module("refuser", WATCHER.replace("watcher", "refuser")), "refuse=13")
    before = guest.state()
    mark = guest.log_mark()
    assert guest.init_module(example("hello")) == -13
    assert told(guest.log_since(mark)) == [("hello", COMING), ("hello", COMING), ("hello", GOING)]
    assert guest.state() == before


def test_init_may_load_another_module() -> None:
    guest = fresh()
    guest.write_file("/tmp/hello.ko", example("hello"))
    load(guest, example("nested"), "wants=../../tmp/hello")
    assert [(name, state) for name, state, _, _ in guest.modules()] == [("hello", LIVE), ("nested", LIVE)]
    assert guest.delete_module("nested") == 0 and guest.delete_module("hello") == 0


def test_a_lock_held_over_init_would_be_a_deadlock_and_says_so() -> None:
    """What "drop the lock so they can recurse" is about: nested's init with module_mutex held."""
    guest = GuestLoader()  # probes stay
    guest.write_file("/tmp/hello.ko", example("hello"))
    machine = guest.machine

    def take_the_lock(hit: Hit) -> None:
        if hit.args[0] >= 0xBF000000:
            machine.write(guest.image.address("module_mutex"), struct.pack("<I", hit.lr))

    machine.add_probe("do_one_initcall", on_entry=take_the_lock)
    with pytest.raises(GuestDiedError, match="possible recursive locking: find_any_state"):
        guest.init_module(example("nested"), "wants=../../tmp/hello")


def test_a_module_that_still_comes_is_waited_for_half_a_minute() -> None:
    """The provider's init loads its own user: it can never be LIVE before that one has given up."""
    provider = HEAD + (
        """
        .text
FUNC early_export
        bx      lr
ENDFUNC early_export
        EXPORT_SYMBOL early_export
        INIT_TEXT
FUNC provider_init
        push    {fp, lr}
        add     fp, sp, #0
        ldr     r0, =.Lpath
        bl      request_module
        mov     r1, r0
        pr_info "provider: user says %d\\n"
        mov     r0, #0
        pop     {fp, pc}
ENDFUNC provider_init
        string .Lpath, "../../tmp/late_user"
        module_init provider_init
"""
    )
    user = HEAD + (
        """
        .text
FUNC late_user_call
        b       early_export
ENDFUNC late_user_call
"""
    )
    provider_ko = module("provider", provider)
    guest = fresh()
    guest.write_file("/tmp/late_user.ko", module("late_user", user, others=[provider_ko]))
    assert "early_export" in exported(provider_ko)
    mark, start = guest.log_mark(), guest.machine.time_ns
    load(guest, provider_ko)
    log = guest.log_since(mark)
    assert 30 * SECOND <= guest.machine.time_ns - start < 31 * SECOND
    assert "late_user: gave up waiting for init of module provider." in log
    assert "provider: user says -16" in log
    assert [(name, state) for name, state, _, _ in guest.modules()] == [("provider", LIVE)]


def test_a_module_that_loads_itself_waits_for_itself_and_is_refused() -> None:
    guest = fresh()
    guest.write_file("/tmp/nested.ko", example("nested"))
    before, mark, start = guest.state(), guest.log_mark(), guest.machine.time_ns
    assert guest.init_module(example("nested"), "wants=../../tmp/nested") == -errno.EBUSY
    assert 30 * SECOND <= guest.machine.time_ns - start < 31 * SECOND
    assert "nested: ../../tmp/nested: -16" in guest.log_since(mark)
    assert guest.state() == before


# --- the end ----------------------------------------------------------------------------------------------------------


def test_users_hold_a_module() -> None:
    guest = fresh()
    mod = load(guest, example("hello"))
    assert guest.call("try_module_get", mod)[0] == 1
    assert guest.call("module_refcount", mod)[0] == 1
    assert guest.delete_module("hello") == -errno.EWOULDBLOCK
    guest.call("module_put", mod)
    assert guest.delete_module("hello") == 0


def test_force_takes_what_is_held_and_what_has_no_exit() -> None:
    guest = fresh()
    before = guest.state()
    mod = load(guest, example("hello"))
    guest.call("__module_get", mod)
    assert guest.delete_module("hello", O_TRUNC) == 0
    load(guest, example("noexit"))
    assert guest.delete_module("noexit") == -errno.EBUSY
    assert guest.delete_module("noexit", O_TRUNC) == 0
    assert guest.state() == before
    assert guest.word("tainted_mask") & TAINT_FORCED_RMMOD


def test_giving_back_what_was_not_taken_is_reported_and_not_done() -> None:
    guest = fresh()
    mod = load(guest, example("hello"))
    mark = guest.log_mark()
    guest.call("module_put", mod)
    assert "module_put: hello has no user" in guest.log_since(mark)
    assert guest.call("module_refcount", mod)[0] == 0


def test_an_oops_names_the_modules_and_the_last_one_unloaded() -> None:
    crash = HEAD + (
        """
        INIT_TEXT
FUNC crash_init
        mov     r0, #0
        ldr     r0, [r0]
        bx      lr
ENDFUNC crash_init
        module_init crash_init
"""
    )
    guest = fresh()
    load(guest, example("hello"))
    guest.delete_module("hello")
    load(guest, example("positive"))
    with pytest.raises(GuestDiedError):
        guest.init_module(module("crash", crash))
    assert "Modules linked in: crash(E+) positive(E) [last unloaded: hello(E)]" in guest.log
    assert "Code: " in guest.log and "(e5900000)" in guest.log


def test_the_vermagic_of_build_and_kernel_are_one() -> None:
    from minikernel.toolchain.generated import VERMAGIC

    guest = fresh()
    assert guest.machine.read_cstring(guest.image.address("vermagic")) == VERMAGIC
