"""Drivers built as modules: the camera's story goes on as before, and what can be removed leaves nothing."""

from __future__ import annotations

from functools import cache

import pytest
from guest_call import QUIET_RC

from minikernel.board.scene import default_scene
from minikernel.kernel.events import MilestoneName
from minikernel.kernel.machine import KernelMachine
from minikernel.kernel.module_events import ModuleLoaded
from minikernel.machine.inputs import CablePlug
from minikernel.machine.snapshot import Snapshot
from minikernel.power_on import BootOptions, prepare, run_to_download, tell_story

USB = ("ehci_hcd", "uhci_hcd", "usb_storage")
REMOVABLE = (
    "vexpress_sysreg",
    "usbcore",
    "sensor",
    "camera",
    "pl031",
    "rtc_hctosys",
    "procwin",
    "ehci_hcd",
    "uhci_hcd",
    "usb_storage",
)
PERMANENT = ("mtd", "physmap", "flashfs")
NEEDS = {
    "camera": ["sensor"],
    "rtc_hctosys": ["pl031"],
    "ehci_hcd": ["usbcore"],
    "uhci_hcd": ["usbcore"],
    "usb_storage": ["usbcore"],
}
BOOT_BUDGET = 200_000_000


@cache
def _booted() -> tuple[KernelMachine, Snapshot]:
    machine = prepare(BootOptions(drivers=dict.fromkeys(REMOVABLE, "m"), rc=QUIET_RC))
    machine.run(until="shell", max_instructions=BOOT_BUDGET)
    return machine, machine.save()


@pytest.fixture
def machine() -> KernelMachine:
    """A guest with every removable driver as a module, none loaded."""
    machine, snapshot = _booted()
    machine.load(snapshot)
    return machine


def names(machine: KernelMachine) -> list[str]:
    return [module.name for module in machine.modules]


@pytest.mark.parametrize("driver", REMOVABLE)
def test_loaded_and_removed_twice_nothing_is_left(machine: KernelMachine, driver: str) -> None:
    for needed in NEEDS.get(driver, []):
        machine.shell(f"modprobe {needed}")
    free, before = machine.free_pages, machine.shell("cat /proc/modules")
    lines = set(machine.shell("cat /proc/interrupts").split()) | {"usb", "Level"}  # usbcore keeps the shared line
    for _ in range(2):
        assert "ERROR" not in machine.shell(f"modprobe {driver}")
        assert driver in names(machine)
        assert machine.free_pages < free
        assert "ERROR" not in machine.shell(f"rmmod {driver}")
        assert machine.shell("cat /proc/modules") == before
        assert machine.free_pages == free
    left = machine.shell("cat /proc/interrupts").split()
    assert {word for word in left if word.isalpha()} <= lines


def test_modprobe_brings_what_a_driver_needs(machine: KernelMachine) -> None:
    machine.shell("modprobe camera")
    assert names(machine) == ["camera", "sensor"]
    assert machine.module("sensor").used_by == ("camera",)
    assert machine.shell("snap a").startswith("snap: /flash/a, ")
    assert machine.shell("modprobe -r camera") == ""
    assert names(machine) == []
    assert machine.shell("snap b") == "snap: /dev/camera: No such device\n"


def test_what_is_built_in_is_there_and_stays() -> None:
    machine = prepare(BootOptions(rc=QUIET_RC))
    machine.run(until="shell", max_instructions=BOOT_BUDGET)
    assert machine.shell("modprobe camera") == ""
    assert machine.shell("modprobe ehci-hcd") == ""
    assert machine.shell("rmmod camera") == "rmmod: ERROR: Module camera is builtin.\n"
    assert machine.shell("modprobe -r camera") == "modprobe: FATAL: Module camera is builtin.\n"
    assert machine.shell("modprobe nosuch") == "modprobe: FATAL: Module nosuch not found in directory /lib/modules\n"
    assert machine.shell("modprobe -q nosuch") == ""


def test_a_camera_that_takes_a_picture_stays(machine: KernelMachine) -> None:
    machine.shell("modprobe camera")
    machine.shell("cat /dev/camera > /tmp/picture")
    assert machine.module("camera").refcount == 0
    open_now = machine.call("filp_open", "/dev/camera", 0, 0)[0]
    assert open_now < 0xFFFFF000
    assert machine.module("camera").refcount == 1
    assert "Module camera is in use\n" in machine.shell("rmmod camera")
    machine.call("filp_close", open_now)
    assert machine.shell("rmmod camera") == ""


def test_the_proc_window_is_not_removed_through_itself(machine: KernelMachine) -> None:
    machine.shell("modprobe procwin")
    with pytest.raises(OSError, match="Resource temporarily unavailable"):
        machine.rmmod("procwin")
    assert machine.shell("rmmod procwin") == ""


def test_usb_twice_and_the_picture_comes_out_each_time(machine: KernelMachine) -> None:
    machine.shell("modprobe -a camera procwin")
    machine.shell("snap one")
    for _ in range(2):
        for driver in USB:
            machine.shell(f"modprobe {driver}")
        machine.inputs.push(CablePlug(True))
        machine.run(until_ns=machine.time_ns + 2_000_000_000)
        assert machine.board.desktop.download is not None
        assert machine.board.desktop.download.data == default_scene()
        machine.inputs.push(CablePlug(False))
        machine.shell("sleep 1")
        for driver in reversed(USB):
            assert "ERROR" not in machine.shell(f"rmmod {driver}")


def test_the_story_with_usb_as_modules_ends_with_the_picture() -> None:
    machine = prepare(BootOptions(drivers=dict.fromkeys(USB, "m")))
    tell_story(machine)
    download = machine.board.desktop.download
    assert download is not None and download.data == default_scene()
    assert [event.module for event in machine.trace.of(ModuleLoaded)] == list(USB)
    levels = {run.name: run.level for run in machine.initcalls if run.level == "module"}
    assert set(levels) == {"ehci_hcd_init [ehci_hcd]", "uhci_hcd_init [uhci_hcd]", "usb_storage_init [usb_storage]"}
    first, last = (machine.milestone_us(name) for name in (MilestoneName.FIRST_PICTURE, MilestoneName.DEFERRED_DONE))
    assert first is not None and last is not None and first < last


def test_the_story_with_every_driver_as_a_module() -> None:
    machine = prepare(BootOptions(drivers=dict.fromkeys((*REMOVABLE, *PERMANENT), "m")))
    run_to_download(machine)
    download = machine.board.desktop.download
    assert download is not None and download.data == default_scene()
    assert set(names(machine)) == {*REMOVABLE, *PERMANENT}
    assert {module.name for module in machine.modules if module.is_permanent} == set(PERMANENT)


def test_a_module_without_its_hardware_is_refused_and_leaves_nothing() -> None:
    machine = prepare(BootOptions(drivers={"iommu": "m"}, rc=QUIET_RC))
    machine.run(until="shell", max_instructions=BOOT_BUDGET)
    free = machine.free_pages
    for _ in range(2):
        said = machine.shell("modprobe iommu").splitlines()
        assert said[-1] == "modprobe: ERROR: could not insert 'iommu': No such device"
        assert (machine.free_pages, names(machine)) == (free, [])
