"""What Python says about modules against what the guest says itself; the events of a load; calls into the guest."""

from __future__ import annotations

import json
import re
import struct
from functools import cache
from pathlib import Path

import pytest
from guest_call import QUIET_RC

from minikernel.errors import UsageError
from minikernel.kernel.call import GuestFaultError
from minikernel.kernel.machine import KernelMachine
from minikernel.kernel.module_events import (
    ModuleInitFreed,
    ModuleLoaded,
    ModuleLoadFailed,
    ModuleMemoryFreed,
    ModuleRelocated,
    ModuleStage,
    ModuleStateChanged,
    ModuleUnloaded,
    SymbolLookedUp,
)
from minikernel.kernel.module_tracing import STAGES
from minikernel.kernel.modules import KINDS, MemoryKind, Module, ModuleState
from minikernel.machine.snapshot import Snapshot
from minikernel.power_on import BootOptions, prepare
from minikernel.report.trace_lines import trace_lines
from minikernel.toolchain.config import BuildConfig
from minikernel.toolchain.examples import find_module

PERMISSIONS = {
    MemoryKind.TEXT: "r-x",
    MemoryKind.DATA: "rw-",
    MemoryKind.RODATA: "r--",
    MemoryKind.RO_AFTER_INIT: "r--",
}


@cache
def _booted() -> tuple[KernelMachine, Snapshot]:
    machine = prepare(BootOptions(rc=QUIET_RC, modules=True))
    machine.run(until="shell", max_instructions=100_000_000)
    return machine, machine.save()


@pytest.fixture
def machine() -> KernelMachine:
    machine, snapshot = _booted()
    machine.load(snapshot)
    return machine


# --- the view ---------------------------------------------------------------------------------------------------------


def as_proc_modules(module: Module) -> str:
    """The line of /proc/modules about it."""
    users = "".join(f"{name}," for name in module.used_by) + ("[permanent]," if module.is_permanent else "")
    text = next((memory.base for memory in module.memory if memory.kind is MemoryKind.TEXT), 0)
    taints = f" ({module.taints})" if module.taints else ""
    return f"{module.name} {module.size} {module.refcount} {users or '-'} {module.state.value} {text:#010x}{taints}"


def test_the_view_is_what_proc_modules_says(machine: KernelMachine) -> None:
    machine.shell("modprobe chain_c")
    machine.shell("modprobe user")
    machine.shell("modprobe noexit")
    assert [as_proc_modules(module) for module in machine.modules] == machine.proc.read("modules").splitlines()


def test_sections_are_what_sys_says(machine: KernelMachine) -> None:
    machine.insmod("params")
    for section in machine.module("params").sections:
        assert machine.shell(f"cat /sys/module/params/sections/{section.name}") == f"{section.address:#010x}\n"


def test_symbols_are_what_kallsyms_says(machine: KernelMachine) -> None:
    machine.insmod("exporter")
    lines = [line.split() for line in machine.proc.read("kallsyms").splitlines() if line.endswith("[exporter]")]
    view = machine.module("exporter").symbols
    assert {(int(address, 16), name) for address, _, name, _ in lines} == {(each.address, each.name) for each in view}


def test_each_kind_of_memory_has_its_permissions_and_pages_of_its_own(machine: KernelMachine) -> None:
    machine.insmod("params")
    module = machine.module("params")
    assert {memory.kind: memory.permissions for memory in module.memory} == {
        memory.kind: PERMISSIONS[memory.kind] for memory in module.memory
    }
    pages = [memory.base + 4096 * page for memory in module.memory for page in range(memory.pages)]
    assert len(set(pages)) == len(pages) and all(page % 4096 == 0 for page in pages)
    assert machine.permissions(pages[0] - 4096) == "---"


def test_addresses_of_modules_have_names(machine: KernelMachine) -> None:
    machine.insmod("exporter")
    symbol = machine.module("exporter").symbol("exporter_add")
    assert symbol is not None
    assert machine.symbolize(symbol.address) == "exporter_add [exporter]"
    assert machine.symbolize(symbol.address + 8) == "exporter_add+0x8 [exporter]"
    assert machine.symbolize(0xBFFF0000) == "0xbfff0000"
    assert machine.symbolize(machine.symbol("printk")) == "printk"


def test_an_unknown_module_is_named_with_near_ones(machine: KernelMachine) -> None:
    machine.insmod("hello")
    with pytest.raises(UsageError, match="no module 'helo' is loaded; did you mean 'hello'"):
        machine.module("helo")
    with pytest.raises(UsageError, match="no module 'helo'; did you mean 'hello'"):
        machine.insmod("helo")


def test_python_and_guest_mean_the_same_numbers(machine: KernelMachine) -> None:
    table = machine.symbol("stage_names")
    words = struct.unpack(f"<{len(STAGES)}I", machine.read(table, 4 * len(STAGES)))
    assert tuple(machine.read_cstring(word) for word in words) == STAGES
    assert machine.symbol("NR_STAGES") == len(STAGES)
    kinds = [f"MOD_{kind.name}" for kind in KINDS]
    assert [machine.symbol(name) for name in kinds] == list(range(len(KINDS)))
    assert [machine.symbol(f"MODULE_STATE_{name}") for name in ("LIVE", "COMING", "GOING", "UNFORMED")] == [0, 1, 2, 3]
    assert machine.symbol("MODULES_VADDR") == 0xBF000000


# --- the events -------------------------------------------------------------------------------------------------------


def test_a_load_tells_its_stages_states_and_frees(machine: KernelMachine) -> None:
    machine.insmod("hello")
    machine.rmmod("hello")
    stages = machine.trace.of(ModuleStage)
    assert tuple(event.stage for event in stages) == STAGES
    assert {event.module for event in stages[2:]} == {"hello"}
    states = [event.state for event in machine.trace.of(ModuleStateChanged)]
    order = [ModuleState.UNFORMED, ModuleState.COMING, ModuleState.LIVE, ModuleState.GOING]
    assert sorted(set(states), key=states.index) == order
    (freed,) = machine.trace.of(ModuleInitFreed)
    assert (freed.module, freed.kind, freed.pages) == ("hello", MemoryKind.INIT_TEXT, 1)
    assert [event.kind for event in machine.trace.of(ModuleMemoryFreed)][-1] is MemoryKind.DATA
    assert [event.module for event in machine.trace.of(ModuleUnloaded)] == ["hello"]


def test_a_load_counts_its_bytes_pages_relocations_and_comparisons(machine: KernelMachine) -> None:
    machine.insmod("exporter")
    machine.insmod("user")
    loaded = machine.trace.of(ModuleLoaded)[-1]
    module = machine.module("user")
    assert loaded.kept_bytes == sum(memory.size for memory in module.memory)
    assert (loaded.pages, loaded.pages_after) == (module.pages + 1, module.pages)
    since = loaded.icount
    relocations = [event for event in machine.trace.of(ModuleRelocated) if event.module == "user"]
    assert loaded.relocations == len(relocations) and all(event.icount < since for event in relocations)
    call = next(event for event in relocations if event.symbol == "exporter_add")
    assert (call.section, call.type) == (".init.text", "R_ARM_CALL")
    lookups = machine.trace.of(SymbolLookedUp)[-loaded.lookups :]
    assert sum(event.compares for event in lookups) == loaded.compares
    found = {event.symbol: event.value for event in lookups}
    exported = machine.module("exporter").symbol("exporter_add")
    assert exported is not None and found["exporter_add"] == exported.address
    place = machine.symbol("_printk")
    assert found["_printk"] == place


def test_a_relocated_branch_leads_to_its_symbol(machine: KernelMachine) -> None:
    machine.insmod("exporter")
    section = {each.name: each.address for each in machine.module("exporter").sections}
    for event in machine.trace.of(ModuleRelocated):
        if event.type == "R_ARM_CALL" and event.section == ".exit.text":
            place = section[event.section] + event.offset
            distance = (event.after & 0xFFFFFF ^ 0x800000) - 0x800000
            assert place + 8 + 4 * distance & 0xFFFFFFFF == machine.symbol(event.symbol)
            assert machine.read_word(place) == event.after


def test_a_failed_load_tells_how_far_it_came(machine: KernelMachine) -> None:
    with pytest.raises(OSError):
        machine.insmod("initfail")
    (failed,) = machine.trace.of(ModuleLoadFailed)
    assert (failed.module, failed.stage, failed.result) == ("initfail", "do_init_module", -22)


def test_events_of_a_load_are_json_lines(machine: KernelMachine) -> None:
    machine.insmod("hello")
    rows = [json.loads(line) for line in trace_lines(machine.trace)]
    (loaded,) = [row for row in rows if row["event"] == "ModuleLoaded"]
    assert loaded["module"] == "hello" and loaded["pages_after"] == 3
    (freed,) = [row for row in rows if row["event"] == "ModuleInitFreed"]
    assert freed["kind"] == "init_text"


def test_a_snapshot_in_the_middle_of_a_load_goes_on_telling(machine: KernelMachine) -> None:
    """The tracer's own memory of a load travels with the machine."""
    machine.shell("insmod /lib/modules/exporter.ko")
    machine.inputs.push(_typed("insmod /lib/modules/user.ko\n"))
    machine.run(until="apply_relocations")
    middle = machine.save()
    machine.run(until="console_wait")
    once = machine.trace.of(ModuleLoaded)[-1]
    machine.load(middle)
    machine.run(until="console_wait")
    assert machine.trace.of(ModuleLoaded)[-1] == once


def _typed(text: str) -> object:
    from minikernel.machine.inputs import ConsoleInput

    return ConsoleInput(text.encode())


# --- files from outside -----------------------------------------------------------------------------------------------


def test_a_file_of_another_kernel_needs_force(machine: KernelMachine, tmp_path: Path) -> None:
    file = tmp_path / "hello.ko"
    file.write_bytes(find_module(BuildConfig.load(), "hello").replace(b" SMP mod_unload", b" UP_ mod_unload"))
    with pytest.raises(OSError, match="Exec format error: could not insert module hello; the kernel says:") as caught:
        machine.insmod(file)
    assert "hello: version magic '" in str(caught.value) and "should be '" in str(caught.value)
    machine.insmod(file, force=True)
    assert "F" in machine.module("hello").taints


def test_a_file_that_is_no_module_is_refused(machine: KernelMachine, tmp_path: Path) -> None:
    for content in (b"", b"x", bytes(10_000)):
        (tmp_path / "bad.ko").write_bytes(content)
        free = machine.free_pages
        with pytest.raises(OSError):
            machine.insmod(tmp_path / "bad.ko")
        assert machine.free_pages == free
    assert machine.shell("ls /tmp") == ""


def test_a_file_that_is_not_there_is_the_hosts_error(machine: KernelMachine, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        machine.insmod(tmp_path / "none.ko")


def test_removing_what_is_not_loaded(machine: KernelMachine) -> None:
    with pytest.raises(OSError, match="could not remove module nosuch"):
        machine.rmmod("nosuch")


# --- calls ------------------------------------------------------------------------------------------------------------


def test_a_function_of_a_module_is_called(machine: KernelMachine) -> None:
    machine.insmod("exporter")
    assert machine.call("exporter_add", 2, 3)[0] == 5
    assert machine.call("exporter_add", -1, 1)[0] == 0
    assert machine.call("exporter_secret")[0] == 42
    assert machine.call(machine.symbol("strlen"), "four")[0] == 4


def test_two_words_come_back(machine: KernelMachine) -> None:
    quotient, remainder = machine.call("__aeabi_uidivmod", 1000, 7)
    assert (quotient, remainder) == (142, 6)


def test_texts_bytes_and_more_than_four_arguments(machine: KernelMachine) -> None:
    assert machine.call("strcmp", "a", "a")[0] == 0
    assert machine.call("memcmp", b"\0\1\2", b"\0\1\3", 3)[0] >> 31 == 1
    room = machine.call("kmalloc", 64)[0]
    assert machine.call("snprintf", room, 64, "%d %d %d %s", 1, 2, 3, "four")[0] == len("1 2 3 four")
    assert machine.read_cstring(room) == "1 2 3 four"
    machine.call("kfree", room)


def test_a_call_leaves_the_shell_as_it_was(machine: KernelMachine) -> None:
    registers = None
    for _ in range(3):
        machine.call("strlen", "x")
        assert registers in (None, machine.cpu.registers())
        registers = machine.cpu.registers()
    assert machine.shell("echo still here") == "still here\n"


def test_a_call_after_an_answer_of_the_proc_window(machine: KernelMachine) -> None:
    """The answer stops the machine in the middle of its work; the call waits until that is done."""
    machine.proc.read("version")
    assert machine.call("module_mutex_held")[0] == 0
    assert machine.proc.read("version")


def test_a_sleeping_function_may_be_called(machine: KernelMachine) -> None:
    before = machine.time_ns
    machine.call("msleep", 30)
    assert machine.time_ns - before >= 30_000_000


@pytest.mark.parametrize("bad", [1 << 32, -(1 << 31) - 1])
def test_an_argument_that_is_no_word_is_refused(machine: KernelMachine, bad: int) -> None:
    with pytest.raises(UsageError, match="no 32-bit word"):
        machine.call("strlen", bad)
    assert machine.call("strlen", "ok")[0] == 2


def test_an_unknown_function_is_named_with_near_ones(machine: KernelMachine) -> None:
    machine.insmod("exporter")
    with pytest.raises(UsageError, match="no function 'exporter_ad'; did you mean 'exporter_add'"):
        machine.call("exporter_ad")


def test_a_fault_gives_the_oops_and_the_machine_as_before(machine: KernelMachine) -> None:
    machine.call("strlen", "x")
    before = machine.state_hash()
    with pytest.raises(GuestFaultError, match="strlen did not return") as caught:
        machine.call("strlen", 0)
    assert "Unable to handle kernel NULL pointer dereference" in caught.value.oops
    assert re.search(r"PC is at strlen\+", caught.value.oops)
    assert machine.state_hash() == before
    assert machine.shell("echo alive") == "alive\n"
