"""`minikernel initcalls`, `map` and `build`: the guest without booting it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from judges import require

from minikernel.cli.main import main


def shown(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[str]:
    assert main(arguments) == 0
    captured = capsys.readouterr()
    assert captured.err == ""
    lines = captured.out.splitlines()
    assert max(len(line) for line in lines) <= 80
    return lines


def below(lines: list[str], title: str) -> list[str]:
    """The lines under one heading."""
    start = next(index for index, line in enumerate(lines) if line.startswith(f"── {title} "))
    end = next((i for i, line in enumerate(lines) if i > start and line.startswith("── ")), len(lines))
    return [line for line in lines[start + 1 : end] if line.strip()]


def test_initcalls_shows_the_deferred_table_last(capsys: pytest.CaptureFixture[str]) -> None:
    lines = shown(capsys, "initcalls")
    assert [line.split()[0] for line in below(lines, "deferred")[:3]] == [
        "ehci_hcd_init", "uhci_hcd_init", "usb_storage_init",
    ]  # fmt: skip
    assert lines[-1].endswith("3 of them deferred")


def test_setting_moves_an_entry_to_another_table(capsys: pytest.CaptureFixture[str]) -> None:
    lines = shown(capsys, "initcalls", "--set", "ehci_hcd=y", "--set", "pl031=deferred")
    assert "ehci_hcd_init" in " ".join(below(lines, "device"))
    assert [line.split()[0] for line in below(lines, "deferred")[:3]] == [
        "pl031_init", "uhci_hcd_init", "usb_storage_init",
    ]  # fmt: skip


def test_map_tells_what_is_freed_and_whose_interrupt_is_whose(capsys: pytest.CaptureFixture[str]) -> None:
    lines = shown(capsys, "map")
    freed = [line for line in below(lines, "kernel image") if line.endswith("freed by free_initmem")]
    assert [line.split("bytes")[1].split()[:3] for line in freed] == [["r-x", "init", "text"], ["rw-", "init", "data"]]
    assert any(".deferred_initcall.init" in line for line in below(lines, "sections"))
    board = below(lines, "board")
    assert sum("irq 48" in line for line in board) == 2
    assert board[-1].split()[-1] == "ram"


def test_build_writes_every_file_and_says_so(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert main(["build", "-o", str(out), "--set", "usb_storage=m"]) == 0
    assert "usb_storage.ko" in capsys.readouterr().out
    names = {path.name for path in out.iterdir()}
    assert {"vmlinux", "System.map", "initramfs.cpio", "usb_storage.ko"} <= names
    assert (out / "kernel" / "head.o").is_file()


def test_printed_commands_are_a_script_that_makes_the_same_image(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    require("arm-none-eabi-as", "arm-none-eabi-ld")
    assert main(["build", "-o", str(tmp_path / "my build"), "--print-commands"]) == 0
    script = capsys.readouterr().out
    subprocess.run(["sh", "-c", script], check=True, cwd=tmp_path)
    assert (tmp_path / "my build" / "gnu" / "vmlinux").is_file()


def test_unwritable_place_is_one_message(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert main(["build", "-o", str(tmp_path / "file" / "out")]) != 0
    captured = capsys.readouterr()
    assert captured.err.startswith("minikernel: error: cannot write the build to")
    assert captured.err.count("\n") == 1
