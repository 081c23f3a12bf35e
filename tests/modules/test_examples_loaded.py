"""The examples of guest/modules in the running guest: each shows what its first sentence says, and leaves nothing."""

from __future__ import annotations

import errno
from functools import cache
from pathlib import Path

import pytest
from guest_call import QUIET_RC

from minikernel.kernel.call import GuestFaultError
from minikernel.kernel.errno import errno_text
from minikernel.kernel.machine import KernelMachine
from minikernel.kernel.module_events import ModuleInitFreed, ModuleLoaded
from minikernel.kernel.modules import MemoryKind, ModuleState
from minikernel.machine.snapshot import Snapshot
from minikernel.power_on import BootOptions, prepare
from minikernel.toolchain.config import BuildConfig
from minikernel.toolchain.examples import external_modules
from minikernel.toolchain.guest_tree import guest_tree

BOOT_BUDGET = 100_000_000
NEEDS = {"user": ["exporter"], "chain_b": ["chain_a"], "chain_c": ["chain_a", "chain_b"]}
EXAMPLES = BuildConfig.load().examples
LEAVES_NOTHING = [name for name in EXAMPLES if name not in ("noexit", "leaky", "initfail", "nested")]


@cache
def _booted() -> tuple[KernelMachine, Snapshot]:
    machine = prepare(BootOptions(rc=QUIET_RC, modules=True))
    machine.run(until="shell", max_instructions=BOOT_BUDGET)
    return machine, machine.save()


@pytest.fixture
def machine() -> KernelMachine:
    """A guest whose shell waits, with the examples in /lib/modules."""
    machine, snapshot = _booted()
    machine.load(snapshot)
    return machine


def refusal(machine: KernelMachine, name: str, parameters: str = "") -> OSError:
    with pytest.raises(OSError) as caught:
        machine.insmod(name, parameters)
    return caught.value


def test_every_example_of_the_tree_is_built_but_the_mismatch() -> None:
    sources = {path.stem for path in (guest_tree() / "modules").glob("*.s")}
    assert sources - set(EXAMPLES) == {"mismatch"}


@pytest.mark.parametrize("name", sorted(path.stem for path in (guest_tree() / "modules").glob("*.s")))
def test_every_example_begins_with_what_it_shows(name: str) -> None:
    first = (guest_tree() / "modules" / f"{name}.s").read_text().splitlines()[0]
    assert first.startswith(f"@ {name} - shows ")


@pytest.mark.parametrize("name", LEAVES_NOTHING)
def test_loaded_and_removed_twice_nothing_is_left(machine: KernelMachine, name: str) -> None:
    for needed in NEEDS.get(name, []):
        machine.insmod(needed)
    free, modules = machine.free_pages, machine.proc.read("modules")
    for _ in range(2):
        machine.insmod(name)
        assert machine.module(name).state is ModuleState.LIVE
        assert machine.free_pages < free
        machine.rmmod(name)
        assert (machine.free_pages, machine.proc.read("modules")) == (free, modules)


def test_the_same_by_insmod_and_rmmod_in_the_shell(machine: KernelMachine) -> None:
    free = machine.free_pages
    for _ in range(2):
        said = machine.shell("insmod /lib/modules/hello.ko")
        assert "the camera has learned something" in said
        assert machine.shell("lsmod").splitlines()[1:] == ["hello                  12288  0"]
        assert "forgotten" in machine.shell("rmmod hello")
        assert machine.free_pages == free


def test_modprobe_loads_a_chain_and_removes_what_nobody_needs(machine: KernelMachine) -> None:
    free = machine.free_pages
    for _ in range(2):
        said = machine.shell("modprobe chain_c")
        assert [line.partition("] ")[2] for line in said.splitlines()][-3:] == [
            "chain_a: link 1",
            "chain_b: link 2",
            "chain_c: link 3",
        ]
        assert machine.shell("lsmod").splitlines()[1:] == [
            "chain_c                12288  0",
            "chain_b                12288  1 chain_c",
            "chain_a                12288  1 chain_b",
        ]
        assert machine.shell("modprobe chain_c") == ""
        assert machine.shell("rmmod chain_a") == "rmmod: ERROR: Module chain_a is in use by: chain_b\n"
        assert machine.shell("modprobe -r chain_b") == "modprobe: FATAL: Module chain_b is in use.\n"
        assert machine.shell("modprobe -r chain_c") == ""
        assert machine.proc.read("modules") == ""
        assert machine.free_pages == free


def test_parameters_arrive(machine: KernelMachine) -> None:
    machine.insmod("params", 'count=2 who="two words" loud level=7 title=abc')
    lines = machine.dmesg.splitlines()
    assert sum(line.endswith("params: hello two words") for line in lines) == 2
    assert any(line.endswith("params: loud=1 level=7 title=abc") for line in lines)


def test_modprobe_quotes_a_value_with_blanks(machine: KernelMachine) -> None:
    assert "params: hello two words" in machine.shell("modprobe params 'who=two words' count=1")


def test_a_bad_value_is_refused_with_the_kernels_words(machine: KernelMachine) -> None:
    error = refusal(machine, "params", "count=many")
    assert error.errno == errno.EINVAL
    assert str(error).endswith("params: `many' invalid for parameter `count'")


def test_a_user_keeps_its_exporter(machine: KernelMachine) -> None:
    machine.insmod("exporter")
    machine.insmod("user")
    assert "user: sum 11, secret 42, calls 3" in machine.dmesg
    assert machine.module("exporter").used_by == ("user",)
    assert machine.module("user").uses == ("exporter",)
    with pytest.raises(OSError, match="could not remove module exporter") as caught:
        machine.rmmod("exporter")
    assert caught.value.errno == errno.EWOULDBLOCK
    machine.rmmod("user")
    machine.rmmod("exporter")


def test_without_its_exporter_a_user_has_an_unknown_symbol(machine: KernelMachine) -> None:
    error = refusal(machine, "user")
    assert error.errno == errno.ENOENT
    assert "user: Unknown symbol exporter_add (err -2)" in str(error)


@pytest.mark.parametrize("number", [errno.EINVAL, errno.EEXIST, errno.EIO, errno.ENODEV])
def test_what_a_failing_init_returns_is_what_insmod_reports(machine: KernelMachine, number: int) -> None:
    free = machine.free_pages
    error = refusal(machine, "initfail", f"error={number}")
    assert error.errno == number and errno_text(number) in str(error)
    assert (machine.free_pages, machine.modules) == (free, ())


def test_a_positive_init_is_warned_about_and_stays(machine: KernelMachine) -> None:
    machine.insmod("positive")
    assert "do_init_module: 'positive'->init suspiciously returned 1" in machine.dmesg
    assert machine.module("positive").state is ModuleState.LIVE


def test_a_module_without_exit_is_permanent(machine: KernelMachine) -> None:
    machine.insmod("noexit")
    assert machine.module("noexit").is_permanent
    assert " 0 [permanent], Live " in machine.proc.read("modules")
    assert machine.shell("lsmod").splitlines()[1] == "noexit                  8192  0"
    with pytest.raises(OSError) as caught:
        machine.rmmod("noexit")
    assert caught.value.errno == errno.EBUSY
    machine.rmmod("noexit", force=True)
    assert machine.modules == ()


def test_a_leak_is_one_page_each_time(machine: KernelMachine) -> None:
    free = machine.free_pages
    for missing in (1, 2, 3):
        machine.insmod("leaky")
        machine.rmmod("leaky")
        assert machine.free_pages == free - missing


def test_init_may_load_another_module(machine: KernelMachine) -> None:
    machine.insmod("nested")
    assert {module.name: module.state for module in machine.modules} == {
        "nested": ModuleState.LIVE,
        "hello": ModuleState.LIVE,
    }
    loaded = [event.module for event in machine.trace.of(ModuleLoaded)]
    assert loaded == ["hello", "nested"]


def test_nested_fails_as_the_other_one_does(machine: KernelMachine) -> None:
    assert refusal(machine, "nested", "wants=nothing").errno == errno.ENOENT
    assert machine.modules == ()


def test_two_bytes_of_init_give_one_page_back(machine: KernelMachine) -> None:
    """Seed 002: 4095 bytes that stay, 2 that do not."""
    free = machine.free_pages
    machine.insmod("size4095")
    (freed,) = machine.trace.of(ModuleInitFreed)
    assert (freed.kind, freed.size, freed.pages) == (MemoryKind.INIT_DATA, 2, 1)
    (loaded,) = machine.trace.of(ModuleLoaded)
    assert loaded.pages - loaded.pages_after == 1
    core = next(memory for memory in machine.module("size4095").memory if memory.kind is MemoryKind.RODATA)
    assert (core.size, core.pages, core.permissions) == (4095, 1, "r--")
    assert machine.read(core.base + 4094, 1) == b"\x5a"
    assert free - machine.free_pages == 1 + 1 + 1  # the bytes, struct module, and what the loader keeps in kmalloc
    machine.rmmod("size4095")
    assert machine.free_pages == free


def test_blink_drives_the_leds(machine: KernelMachine) -> None:
    seen = []
    machine.on_device_access(
        lambda device, offset, is_write, value, size: seen.append((device, offset, value, is_write))
    )
    before = machine.time_ns
    machine.insmod("blink", "times=2 period=10")
    lights = [value for device, offset, value, is_write in seen if is_write and offset == 8 and "sysreg" in device]
    assert lights == [0xFF, 0, 0xFF, 0]
    assert machine.time_ns - before >= 40_000_000
    machine.shell("echo 0x55 > /dev/led")
    assert machine.board.sysreg.leds == 0x55
    assert machine.shell("cat /dev/led") == "0x55\n"
    for bad in ("256", "x", "0x", "-1", "1 2"):
        assert machine.shell(f"echo '{bad}' > /dev/led") == "echo: write error: Invalid argument\n"
    machine.rmmod("blink")
    assert machine.board.sysreg.leds == 0
    assert machine.shell("cat /dev/led") == "cat: /dev/led: No such file or directory\n"


def test_calling_into_freed_init_memory_traps_and_the_machine_is_as_before(
    machine: KernelMachine, tmp_path: Path
) -> None:
    source = guest_tree() / "modules" / "mismatch.s"
    (tmp_path / "mismatch.ko").write_bytes(external_modules(BuildConfig.load(), [source])["mismatch.ko"])
    machine.insmod(tmp_path / "mismatch.ko")
    assert "mismatch: 7, so far" in machine.dmesg
    assert machine.call("strlen", "seven b")[0] == 7
    before = machine.state_hash()
    with pytest.raises(GuestFaultError, match="mismatch_again did not return") as caught:
        machine.call("mismatch_again")
    assert "Unable to handle kernel paging request" in caught.value.oops
    assert "mismatch_again+" in caught.value.oops
    assert machine.state_hash() == before
    machine.rmmod("mismatch")
