"""QEMU boots the very vmlinux that our machine boots: same initcalls, same order, to power-off; faults end alike."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from guest_program import PROGRAMS, GuestProgram
from judges import require
from outside.qemu import Qemu

from minikernel.elf.image import Image
from minikernel.toolchain.build import build
from minikernel.toolchain.config import BuildConfig

BOOT_SECONDS = 40.0  # a boot takes about half a second on an idle machine
ANSWER_SECONDS = 20.0
HARDWARE_QEMU_LACKS = {"iommu_init", "sensor_init", "camera_init", "procwin_init", "ehci_hcd_init", "uhci_hcd_init"}
ENODEV = -19


@pytest.fixture(scope="module")
def image() -> Image:
    require("qemu-system-arm")
    return Image.from_bytes(build(BuildConfig.load()).image, "vmlinux")


@pytest.fixture(scope="module")
def dmesg(image: Image, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The guest's log of a boot with the default rc, which triggers the deferred initcalls; QEMU is off afterwards."""
    vmlinux = tmp_path_factory.mktemp("qemu") / "vmlinux"
    vmlinux.write_bytes(build(BuildConfig.load()).image)
    with Qemu(vmlinux) as qemu:
        prompt = qemu.wait_for("# ", BOOT_SECONDS)
        qemu.type("dmesg")
        end = qemu.wait_for("\n# ", ANSWER_SECONDS, prompt)
        log = qemu.console[prompt:end]
        qemu.type("poweroff")
        assert qemu.wait_for_power_off(ANSWER_SECONDS) == 0
        return log


def table(image: Image, start: str, end: str) -> list[str]:
    """Names of the functions whose addresses stand between two symbols."""
    first, last = image.address(start), image.address(end)
    names = []
    for segment in image.segments:
        if segment.vaddr <= first and last <= segment.vaddr + len(segment.data):
            words = segment.data[first - segment.vaddr : last - segment.vaddr]
            for at in range(0, len(words), 4):
                names.append(image.symbolize(int.from_bytes(words[at : at + 4], "little")).split("+")[0])
            return names
    raise AssertionError(f"{start} is in no segment")


def returned(dmesg: str) -> dict[str, int]:
    """Initcall -> what it returned, in order of the calls."""
    lines = re.findall(r"initcall (\w+)\+0x0/0x[0-9a-f]+ returned (-?\d+) after \d+ usecs", dmesg)
    return {name: int(value) for name, value in lines}


def test_initcalls_run_in_the_order_of_the_linked_tables(image: Image, dmesg: str) -> None:
    tables = [
        *table(image, "__con_initcall_start", "__con_initcall_end"),
        *table(image, "__initcall_start", "__initcall_end"),
        *table(image, "__def_initcall_start", "__def_initcall_end"),
    ]
    assert re.findall(r"calling  (\w+)\+0x0/0x[0-9a-f]+ @ [01]\n", dmesg) == tables
    assert list(returned(dmesg)) == tables


def test_initcalls_whose_hardware_is_absent_return_enodev_and_the_others_0(dmesg: str) -> None:
    failed = {name: value for name, value in returned(dmesg).items() if value != 0}
    assert set(failed.values()) == {ENODEV}
    assert failed.keys() >= HARDWARE_QEMU_LACKS


def test_deferred_initcalls_come_after_the_program_and_init_memory_is_freed_once(image: Image, dmesg: str) -> None:
    size = image.address("__init_end") - image.address("__init_begin")
    events = [
        "Run /init as init process",
        "Running do_deferred_initcalls()",
        "calling  ehci_hcd_init",
        f"Freeing unused kernel image (initmem) memory: {size // 1024}K",
    ]
    places = [dmesg.index(event) for event in events]
    assert places == sorted(places)
    assert dmesg.count("Freeing unused kernel") == 1


@pytest.mark.parametrize("source", PROGRAMS, ids=lambda path: path.stem)
def test_guest_program_ends_on_qemu_as_its_head_promises(source: Path, tmp_path: Path) -> None:
    require("qemu-system-arm")
    program = GuestProgram.read(source)
    image = program.build(tmp_path)
    (tmp_path / "vmlinux").write_bytes(image)
    with Qemu(tmp_path / "vmlinux") as qemu:
        if program.stop == "power-off":
            qemu.wait_for("reboot: Power down", BOOT_SECONDS)
            assert qemu.wait_for_power_off(ANSWER_SECONDS) == 0
        else:
            qemu.wait_for("---[ end Kernel panic", BOOT_SECONDS)
        console = qemu.console
    assert program.complaints(console, image) == [], console
