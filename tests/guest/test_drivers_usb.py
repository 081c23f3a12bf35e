"""USB: what the controllers look like after their init, how long that takes, and what the desktop sees."""

from __future__ import annotations

import pytest
from guest_call import QUIET_RC, machine_at_shell

from minikernel.board.desktop import Step
from minikernel.board.scene import default_scene
from minikernel.kernel.machine import KernelMachine
from minikernel.machine.inputs import CablePlug
from minikernel.power_on import BootOptions, prepare

USB_DRIVERS = ("ehci_hcd", "uhci_hcd", "usb_storage")
PICTURE_RC = b"snap one.ppm\necho 1 > /proc/deferred_initcalls\n"
MS = 1_000_000

# EHCI 1.0: operational registers behind CAPLENGTH
USBCMD, USBSTS, USBINTR, PERIODICLISTBASE, ASYNCLISTADDR, CONFIGFLAG, PORTSC1 = (
    0x20 + offset for offset in (0x00, 0x04, 0x08, 0x14, 0x18, 0x40, 0x44)
)


@pytest.fixture
def machine() -> KernelMachine:
    return machine_at_shell(PICTURE_RC)


def run_ms(machine: KernelMachine, milliseconds: int) -> None:
    machine.run(until_ns=machine.time_ns + milliseconds * MS, max_instructions=100_000_000)


def plug(machine: KernelMachine, level: bool, milliseconds: int) -> None:
    machine.inputs.push(CablePlug(level))
    run_ms(machine, milliseconds)


def test_nobody_touches_the_controllers_before_the_trigger() -> None:
    machine = machine_at_shell(b"snap\n")
    assert len(machine.board.usb.log) == 0
    machine.shell("echo 1 > /proc/deferred_initcalls")
    assert len(machine.board.usb.log) > 0


def test_the_three_take_200_ms_of_waiting(machine: KernelMachine) -> None:
    runs = {run.name: run for run in machine.initcalls if run.level == "deferred"}
    assert list(runs) == ["ehci_hcd_init", "uhci_hcd_init", "usb_storage_init"]
    assert all(run.returned == 0 for run in runs.values())
    assert sum(run.usecs for run in runs.values()) >= 200_000
    assert runs["ehci_hcd_init"].usecs > 100_000
    assert runs["uhci_hcd_init"].usecs > 100_000


def test_ehci_runs_with_its_port_powered_and_routed_to_it(machine: KernelMachine) -> None:
    ehci = machine.board.usb.ehci
    assert ehci.read(USBCMD, 4) & 1
    assert not ehci.read(USBSTS, 4) & 1 << 12
    assert ehci.read(USBINTR, 4) & 1 << 2
    assert ehci.read(CONFIGFLAG, 4) == 1
    assert ehci.read(PORTSC1, 4) & (1 << 12 | 1 << 13) == 1 << 12


def test_schedules_given_to_the_controllers_are_empty_lists_in_ram(machine: KernelMachine) -> None:
    ehci, uhci = machine.board.usb.ehci, machine.board.usb.uhci
    for base in (ehci.read(PERIODICLISTBASE, 4), uhci.read(8, 4)):
        assert machine.read_phys(base, 4096) == b"\x01\0\0\0" * 1024
    head = ehci.read(ASYNCLISTADDR, 4)
    assert int.from_bytes(machine.read_phys(head, 4), "little") == head | 2


def test_log_lines(machine: KernelMachine) -> None:
    for line in (
        "usbcore: registered new device driver usb",
        "ehci_hcd 1b000000.usb: new USB bus registered, assigned bus number 1",
        "ehci_hcd 1b000000.usb: USB 2.0 started, EHCI 1.00",
        "uhci_hcd 1b000400.usb: new USB bus registered, assigned bus number 2",
        "usbcore: registered new interface driver usb-storage",
        "usb-storage: device scan complete",
    ):
        assert line in machine.dmesg


def test_work_that_usb_storage_queues_in_init_text_runs_before_init_memory_is_freed(machine: KernelMachine) -> None:
    scan = machine.symbol("usb_storage_scan")
    assert machine.symbol("__init_begin") <= scan < machine.symbol("__init_end")
    dmesg = machine.dmesg
    assert dmesg.index("device scan complete") < dmesg.index("Freeing unused kernel image")


def test_desktop_gets_the_picture(machine: KernelMachine) -> None:
    plug(machine, True, 500)
    (download,) = machine.board.desktop.downloads
    assert (download.name, download.data) == ("one.ppm", default_scene())
    assert "usb 1-1: new high-speed USB link to the desktop" in machine.dmesg


def test_cable_that_was_in_at_power_on_works_too() -> None:
    machine = prepare(BootOptions(rc=PICTURE_RC))
    machine.inputs.push(CablePlug(True))
    machine.run(until="shell", max_instructions=100_000_000)
    run_ms(machine, 500)
    assert [each.name for each in machine.board.desktop.downloads] == ["one.ppm"]


def test_cable_can_go_out_and_in_again(machine: KernelMachine) -> None:
    plug(machine, True, 500)
    plug(machine, False, 50)
    assert "usb 1-1: USB disconnect" in machine.dmesg
    machine.shell("echo newer > /flash/two")
    plug(machine, True, 500)
    assert [each.name for each in machine.board.desktop.downloads] == ["one.ppm", "two"]


def test_cable_that_bounces_is_waited_for(machine: KernelMachine) -> None:
    for level in (True, False, True, False):
        plug(machine, level, 20)
    plug(machine, True, 500)
    assert [each.name for each in machine.board.desktop.downloads] == ["one.ppm"]


def test_cable_pulled_in_the_middle_of_a_transfer_does_no_harm(machine: KernelMachine) -> None:
    machine.inputs.push(CablePlug(True))
    desktop = machine.board.desktop
    while desktop.step is not Step.READ_FILE:
        machine.run(until_ns=machine.time_ns + MS // 20, max_instructions=10_000_000)
    plug(machine, False, 100)
    assert not desktop.downloads
    plug(machine, True, 500)
    assert [each.data for each in desktop.downloads] == [default_scene()]
    assert machine.shell("echo alive") == "alive\n"


def test_controller_that_never_ends_its_reset_times_out_and_the_rest_goes_on() -> None:
    machine = machine_at_shell(QUIET_RC)
    ehci = machine.board.usb.ehci
    real = ehci.read_word
    ehci.read_word = lambda offset: real(offset) | 2 if offset == USBCMD else real(offset)  # type: ignore[method-assign]
    free = machine.free_pages
    try:
        machine.shell("echo 1 > /proc/deferred_initcalls")
    finally:
        ehci.read_word = real  # type: ignore[method-assign]
    assert {run.name: run.returned for run in machine.initcalls if run.level == "deferred"} == {
        "ehci_hcd_init": -110,
        "uhci_hcd_init": 0,
        "usb_storage_init": 0,
    }
    assert "ehci_hcd 1b000000.usb: startup error -110" in machine.dmesg
    uhci_frame_list = 1
    assert machine.free_pages == free + machine.frees[-1].pages - uhci_frame_list


@pytest.mark.parametrize("missing", USB_DRIVERS)
def test_without_one_of_them_the_others_come_up(missing: str) -> None:
    machine = prepare(BootOptions(drivers={missing: "n"}, rc=PICTURE_RC))
    machine.run(until="shell", max_instructions=100_000_000)
    deferred = {run.name: run.returned for run in machine.initcalls if run.level == "deferred"}
    assert deferred == {f"{name}_init": 0 for name in USB_DRIVERS if name != missing}
