"""The proc window's driver: when it serves, and that it is the same /proc that the shell sees."""

from __future__ import annotations

import pytest
from guest_call import QUIET_RC, machine_at_shell

from minikernel.kernel.machine import KernelMachine
from minikernel.kernel.proc import NoAnswerError
from minikernel.machine.inputs import ConsoleInput, ProcRequest
from minikernel.power_on import BootOptions, prepare

EBUSY = 16


@pytest.fixture
def machine() -> KernelMachine:
    return machine_at_shell(QUIET_RC)


@pytest.mark.parametrize("name", ["cmdline", "filesystems", "mtd", "iomem", "deferred_initcalls"])
def test_window_and_shell_read_the_same(machine: KernelMachine, name: str) -> None:
    seen = machine.proc.read(name) if name != "deferred_initcalls" else None
    if seen is not None:
        assert seen == machine.shell(f"cat /proc/{name}")
    else:
        assert machine.proc.read(name) == "0\n"
        assert machine.shell(f"cat /proc/{name}") == "1\n"


def test_part_of_a_file_is_read_from_an_offset(machine: KernelMachine) -> None:
    whole = machine.proc.read("cmdline").encode()
    assert machine.proc.read_at("cmdline", 3, 5) == whole[3:8]
    assert machine.proc.read_at("cmdline", len(whole), 5) == b""


def test_file_longer_than_the_window_comes_in_parts(machine: KernelMachine) -> None:
    text = machine.proc.read("kallsyms")
    assert len(text) > 3584
    assert text == machine.shell("cat /proc/kallsyms")


@pytest.mark.parametrize(("name", "errno"), [("nothing", 2), ("x" * 255, 2)])
def test_unknown_file_is_enoent(machine: KernelMachine, name: str, errno: int) -> None:
    with pytest.raises(OSError) as caught:
        machine.proc.read(name)
    assert caught.value.errno == errno


def test_write_triggers_the_deferred_initcalls(machine: KernelMachine) -> None:
    assert machine.proc.write("deferred_initcalls", "1\n") == 2
    assert [run.returned for run in machine.initcalls if run.level == "deferred"] == [0, 0, 0]
    assert machine.proc.read("deferred_initcalls") == "1\n"


def test_request_from_before_the_first_instruction_is_served_once_the_system_runs() -> None:
    machine = prepare(BootOptions(rc=QUIET_RC))
    machine.inputs.push(ProcRequest("uptime", count=64, offset=0))
    machine.run(until="shell", max_instructions=100_000_000)
    response = machine.board.procwin.response
    assert response is not None and response.result > 0


def test_trigger_that_is_served_during_the_boots_own_initcalls_is_refused() -> None:
    """ehci_hcd_init, built in, sleeps at the device level: the request is served there."""
    drivers = {"procwin": "y", "ehci_hcd": "y"}
    machine = prepare(BootOptions(drivers=drivers, rc=QUIET_RC))
    machine.inputs.push(ProcRequest("deferred_initcalls", data=b"1\n"))
    machine.run(until="shell", max_instructions=100_000_000)
    response = machine.board.procwin.response
    assert response is not None and response.result == -EBUSY
    late = {"uhci_hcd_init", "usb_storage_init"}
    assert not late & {run.name for run in machine.initcalls}
    assert machine.proc.write("deferred_initcalls", "1\n") == 2
    assert {run.name: run.returned for run in machine.initcalls if run.name in late} == dict.fromkeys(late, 0)


def test_request_is_served_while_the_shell_waits_for_slow_initcalls(machine: KernelMachine) -> None:
    machine.inputs.push(ConsoleInput(b"echo 1 > /proc/deferred_initcalls\n"))
    machine.run(until="ehci_reset", max_instructions=10_000_000)
    assert machine.proc.read("uptime")
    assert not [run for run in machine.initcalls if run.name == "uhci_hcd_init"]


def test_driver_that_is_deferred_serves_after_the_trigger() -> None:
    machine = prepare(BootOptions(drivers={"procwin": "deferred"}, rc=QUIET_RC))
    machine.run(until="shell", max_instructions=100_000_000)
    machine.inputs.push(ProcRequest("uptime", count=64, offset=0))
    machine.run(until_ns=machine.time_ns + 50_000_000, max_instructions=10_000_000)
    assert machine.board.procwin.response is None
    machine.shell("echo 1 > /proc/deferred_initcalls")
    assert machine.board.procwin.response is not None


def test_driver_that_is_left_out_does_not_answer() -> None:
    machine = prepare(BootOptions(drivers={"procwin": "n"}, rc=QUIET_RC))
    machine.run(until="shell", max_instructions=100_000_000)
    with pytest.raises(NoAnswerError):
        machine.proc.read("uptime")
    assert machine.shell("echo alive") == "alive\n"
