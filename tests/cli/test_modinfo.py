"""`minikernel modinfo`: the page of a module, and one line for a file that is none."""

from __future__ import annotations

from pathlib import Path

import pytest

from minikernel.cli.main import main
from minikernel.cli.modinfo import visible
from minikernel.elf.object_file import UNDEF, ObjectFile, Section, Symbol
from minikernel.toolchain.assembler import assemble_text
from minikernel.toolchain.generated import ExportCrc, ModuleSource, module_source


@pytest.fixture
def ko(tmp_path: Path) -> Path:
    source = module_source(
        ModuleSource("lamp", ("usbcore",), True, True, True, (ExportCrc("lamp", False, 0x1234),), {"_printk": 0x77})
    )
    obj = assemble_text(source)
    obj.symbols += [Symbol("_printk", UNDEF, binding=1), Symbol("dimmer", UNDEF, binding=2)]
    obj.sections.append(Section(".init.text", 1, 6, 4, bytes(8)))
    path = tmp_path / "lamp.ko"
    path.write_bytes(obj.to_bytes())
    return path


def test_the_page_names_sections_imports_and_relocations(ko: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["modinfo", str(ko)]) == 0
    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert lines[0].startswith("── lamp · ")
    for row in (
        "depends: usbcore",
        "vermagic: 0.1.0 SMP mod_unload modversions ARMv7 p2v8",
        ".gnu.linkonce.this_module 576 bytes AW- align 64 2 relocations",
        ".init.text 8 bytes A-X align 4 freed after init",
        "_printk 0x00000077",
        "dimmer no version weak",
        "R_ARM_ABS32 2",
    ):
        assert row in lines


def test_several_modules_are_shown_one_after_the_other(ko: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["modinfo", str(ko), str(ko)]) == 0
    assert capsys.readouterr().out.count("── lamp ·") == 2


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"#!/bin/sh\n" + bytes(60), "e_ident magic at offset 0x0: expected 7f 45 4c 46, found 23 21 2f 62"),
        (b"", "ELF header at offset 0x0: 0 bytes are too few for an ELF header (52)"),
    ],
)
def test_what_is_no_module_is_one_line(
    tmp_path: Path, content: bytes, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "x.ko"
    path.write_bytes(content)
    assert main(["modinfo", str(path)]) == 1
    assert capsys.readouterr().err == f"minikernel: error: {path}: {message}\n"


def test_an_absent_file_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["modinfo", str(tmp_path / "no.ko")]) == 1
    assert capsys.readouterr().err.count("\n") == 1


def test_a_module_s_texts_cannot_command_the_terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    info = Section(".modinfo", 1, 2, 1, b"name=\x1b[2J\x07evil\0description=two\nlines\0")
    path = tmp_path / "evil.ko"
    path.write_bytes(ObjectFile([info]).to_bytes())
    assert main(["modinfo", str(path)]) == 0
    out = capsys.readouterr().out
    assert "\x1b" not in out and "\\x1b[2J\\x07evil" in out and "two\\nlines" in out
    assert visible("größe") == "größe"
