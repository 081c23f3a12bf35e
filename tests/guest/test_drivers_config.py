"""Each driver built in, deferred, as a module and left out: it links, boots, and says what it misses."""

from __future__ import annotations

import pytest
from guest_call import QUIET_RC

from minikernel.kernel.machine import KernelMachine
from minikernel.power_on import BootOptions, prepare
from minikernel.toolchain.build import build
from minikernel.toolchain.config import BuildConfig

LEVELS = {
    "vexpress_sysreg": ("vexpress_sysreg_init", "postcore"),
    "iommu": ("iommu_init", "arch"),
    "usbcore": ("usb_init", "subsys"),
    "mtd": ("mtd_init", "subsys"),
    "physmap": ("physmap_init", "device"),
    "flashfs": ("flashfs_init", "fs"),
    "sensor": ("sensor_init", "device"),
    "camera": ("camera_init", "device"),
    "pl031": ("pl031_init", "device"),
    "rtc_hctosys": ("rtc_hctosys", "late"),
    "procwin": ("procwin_init", "device"),
    "ehci_hcd": ("ehci_hcd_init", "device"),
    "uhci_hcd": ("uhci_hcd_init", "device"),
    "usb_storage": ("usb_storage_init", "device"),
}
ENODEV = -19
TRIGGER_RC = b"echo 1 > /proc/deferred_initcalls\n"


def at_shell(drivers: dict[str, str], rc: bytes = TRIGGER_RC) -> KernelMachine:
    machine = prepare(BootOptions(drivers=drivers, rc=rc))
    machine.run(until="shell", max_instructions=200_000_000)
    assert machine.shell("echo alive") == "alive\n"
    return machine


def levels(machine: KernelMachine) -> dict[str, str]:
    return {run.name: run.level for run in machine.initcalls}


def returned(machine: KernelMachine) -> dict[str, int]:
    return {run.name: run.returned for run in machine.initcalls}


def test_all_built_in_run_at_their_levels() -> None:
    machine = at_shell(dict.fromkeys(LEVELS, "y"))
    assert {name: levels(machine)[name] for name, _ in LEVELS.values()} == dict(LEVELS.values())
    assert {name: result for name, result in returned(machine).items() if result} == {"iommu_init": ENODEV}


def test_all_deferred_run_in_link_order_after_the_trigger() -> None:
    machine = at_shell(dict.fromkeys(LEVELS, "deferred"))
    order = [driver for driver in BuildConfig.load().drivers if driver in LEVELS]
    deferred = [run for run in machine.initcalls if run.level == "deferred"]
    assert [run.name for run in deferred] == [LEVELS[driver][0] for driver in order]
    assert {run.name: run.returned for run in deferred if run.returned} == {"iommu_init": ENODEV}
    assert machine.shell("snap a").startswith("snap: /flash/a, ")


def test_all_left_out_boot_to_the_shell() -> None:
    machine = at_shell(dict.fromkeys(LEVELS, "n"))
    assert not set(levels(machine)) & {name for name, _ in LEVELS.values()}
    assert machine.shell("snap") == "snap: /dev/camera: No such device\n"


def test_all_as_modules_import_exported_symbols_only() -> None:
    """The build refuses a module that needs more."""
    modules = build(BuildConfig.load(dict.fromkeys(LEVELS, "m"))).modules
    assert set(modules) == set(LEVELS)


@pytest.mark.slow
@pytest.mark.parametrize("setting", ["y", "deferred", "m", "n"])
@pytest.mark.parametrize("driver", LEVELS)
def test_one_driver_otherwise(driver: str, setting: str) -> None:
    machine = at_shell({driver: setting})
    name, level = LEVELS[driver]
    assert levels(machine).get(name) == {"y": level, "deferred": "deferred"}.get(setting)


@pytest.mark.parametrize(
    ("missing", "failed", "message"),
    [
        ("usbcore", ["ehci_hcd_init", "uhci_hcd_init", "usb_storage_init"], "ehci_hcd: usbcore is not built in"),
        ("mtd", ["physmap_init", "flashfs_init", "usb_storage_init"], "flashfs: no mtd to read from"),
        ("physmap", ["usb_storage_init"], "usb-storage: no flash to show"),
        ("sensor", ["camera_init"], "camera: no sensor driver"),
        ("pl031", ["rtc_hctosys"], "hctosys: unable to open rtc device (rtc0)"),
    ],
)
@pytest.mark.parametrize("setting", ["n", "m"])
def test_driver_without_the_one_below_says_so(missing: str, setting: str, failed: list[str], message: str) -> None:
    machine = at_shell({missing: setting})
    assert {name for name, result in returned(machine).items() if result} == {"iommu_init", *failed}
    assert {returned(machine)[name] for name in failed} == {ENODEV}
    assert message in machine.dmesg


def test_usb_built_in_before_a_deferred_core_says_so() -> None:
    machine = at_shell({"usbcore": "deferred", "ehci_hcd": "y"}, QUIET_RC)
    assert returned(machine)["ehci_hcd_init"] == ENODEV
    assert "ehci_hcd 1b000000.usb: usbcore is not initialized" in machine.dmesg


def test_flash_that_comes_late_is_mounted_then() -> None:
    machine = at_shell({"physmap": "deferred"}, QUIET_RC)
    assert "flashfs: mtd0 on /flash" not in machine.dmesg
    machine.shell("echo 1 > /proc/deferred_initcalls")
    machine.shell("echo x > /flash/a")
    assert machine.shell("ls /flash").split()[-1] == "a"
    assert "flashfs: mtd0 on /flash" in machine.dmesg
