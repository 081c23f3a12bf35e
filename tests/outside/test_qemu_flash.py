"""QEMU as the second witness of the flash drivers: another model of the chips, the same log on them.

QEMU's vexpress-a15 has 64 MiB of flash in the same arrangement.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from guest_call import QUIET_RC
from judges import require
from outside.qemu import Qemu

from minikernel.power_on import BootOptions, prepare
from minikernel.toolchain.build import build
from minikernel.toolchain.config import BuildConfig

FLASH_SIZE = 64 << 20
BOOT_SECONDS = 40.0
ANSWER_SECONDS = 20.0


@pytest.fixture
def vmlinux(tmp_path: Path) -> Path:
    require("qemu-system-arm")
    path = tmp_path / "vmlinux"
    path.write_bytes(build(BuildConfig.load()).image)
    return path


def shell(qemu: Qemu, *lines: str) -> list[str]:
    """What each line printed, its echo left out; from the first prompt on."""
    printed, place = [], qemu.wait_for("\n# ", BOOT_SECONDS)
    for line in lines:
        qemu.type(line)
        place = qemu.wait_for("\n", ANSWER_SECONDS, place)
        end = qemu.wait_for("# ", ANSWER_SECONDS, place)
        printed.append(qemu.console[place : end - 2].replace("\r", ""))
        place = end
    qemu.type("poweroff")
    assert qemu.wait_for_power_off(ANSWER_SECONDS) == 0
    return printed


def test_log_written_on_qemu_is_read_on_our_board(vmlinux: Path) -> None:
    flash = vmlinux.with_name("flash.img")
    flash.write_bytes(b"\xff" * FLASH_SIZE)
    with Qemu(vmlinux, ["-drive", f"if=pflash,format=raw,file={flash}"]) as qemu:
        lines = ("echo one > /flash/a", "echo two > /flash/b", "echo three >> /flash/a", "rm /flash/b", "cat /flash/a")
        assert shell(qemu, *lines) == ["", "", "", "", "one\nthree\n"]
        assert f"mtd0: physmap-flash.0: {FLASH_SIZE >> 10} KiB, erase block 256 KiB" in qemu.console

    machine = prepare(BootOptions(rc=QUIET_RC, flash=flash.read_bytes()))
    machine.run(until="shell", max_instructions=100_000_000)
    assert machine.shell("ls /flash").split()[-2:] == ["10", "a"]
    assert machine.shell("cat /flash/a") == "one\nthree\n"


def test_long_file_goes_through_the_write_buffer_of_qemu_too(vmlinux: Path) -> None:
    flash = vmlinux.with_name("flash.img")
    flash.write_bytes(b"\xff" * FLASH_SIZE)
    with Qemu(vmlinux, ["-drive", f"if=pflash,format=raw,file={flash}"]) as qemu:
        assert shell(qemu, "cat /proc/kallsyms > /flash/names") == [""]

    machine = prepare(BootOptions(rc=QUIET_RC, flash=flash.read_bytes()))
    machine.run(until="shell", max_instructions=100_000_000)
    names = machine.shell("cat /proc/kallsyms")
    assert len(names) > 8 * 4096  # the buffer of its two chips, many times over
    assert machine.shell("cat /flash/names") == names


def test_flash_that_qemu_never_erased_is_formatted(vmlinux: Path) -> None:
    with Qemu(vmlinux) as qemu:
        assert shell(qemu, "echo x > /flash/a", "cat /flash/a") == ["", "x\n"]
        assert "flashfs: the flash was never erased, formatting" in qemu.console
