"""Image answers by name and by address as the symbol table says."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from judges import require

from minikernel.elf.constants import SegmentFlag, SymbolBinding, SymbolKind
from minikernel.elf.image import Image
from minikernel.errors import ImageError

SOURCE = """
        .syntax unified
        .cpu cortex-a15
        .text
        .global start
        .type start, %function
start:  nop
label:  nop
        .size start, . - start
        .equ CONSTANT, 42
        .data
        .word 1
        .bss
        .space 8
"""
SCRIPT = """
ENTRY(entry_phys)
SECTIONS {
  . = 0xC0008000;
  .text : AT(ADDR(.text) - 0x40000000) { *(.text) }
  . = ALIGN(4096);
  .data : AT(ADDR(.data) - 0x40000000) { *(.data) }
  .bss : { *(.bss) }
  entry_phys = start - 0x40000000;
}
"""


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Image:
    require("arm-none-eabi-as", "arm-none-eabi-ld")
    directory = tmp_path_factory.mktemp("image")
    return Image.from_bytes(gnu_image(directory), "vmlinux")


def gnu_image(directory: Path) -> bytes:
    (directory / "a.s").write_text(SOURCE)
    (directory / "a.lds").write_text(SCRIPT)
    subprocess.run(["arm-none-eabi-as", "-o", "a.o", "a.s"], cwd=directory, check=True)
    link = ["arm-none-eabi-ld", "--no-warn-rwx-segments", "-T", "a.lds", "-o", "a", "a.o"]
    subprocess.run(link, cwd=directory, check=True)
    return (directory / "a").read_bytes()


def test_entry_and_segments_carry_physical_addresses(image: Image) -> None:
    assert image.entry == 0x80008000
    text = image.segments[0]
    assert (text.vaddr, text.paddr, text.flags) == (0xC0008000, 0x80008000, SegmentFlag.R | SegmentFlag.X)
    data = image.segments[1]
    assert (data.vaddr, data.paddr, data.data, data.memsz) == (0xC0009000, 0x80009000, b"\1\0\0\0", 12)


def test_symbol_lookup(image: Image) -> None:
    start = image.symbol("start")
    assert (start.value, start.size, start.kind, start.binding, start.section) == (
        0xC0008000,
        8,
        SymbolKind.FUNC,
        SymbolBinding.GLOBAL,
        ".text",
    )
    assert image.symbol("CONSTANT").section == "*ABS*" and image.address("CONSTANT") == 42
    assert image.get("nothing") is None
    with pytest.raises(ImageError, match=r"vmlinux: no symbol 'strat'; did you mean 'start'"):
        image.symbol("strat")


def test_symbolize(image: Image) -> None:
    assert image.symbolize(0xC0008000) == "start"
    assert image.symbolize(0xC0008004) == "label"
    assert image.symbolize(0xC0008006) == "label+0x2"
    assert image.symbolize(0xC0008008) == "0xc0008008"
    assert image.symbolize(42) == "0x0000002a"


def test_read_sees_loaded_bytes_and_zeros_of_bss(image: Image) -> None:
    assert image.read(0xC0009000, 8) == b"\1\0\0\0\0\0\0\0"
    with pytest.raises(ImageError, match="not in one loaded segment"):
        image.read(0xC000A000, 4)


def test_an_object_is_no_image(tmp_path: Path) -> None:
    gnu_image(tmp_path) if not require("arm-none-eabi-as", "arm-none-eabi-ld") else None
    with pytest.raises(ImageError, match=r"e_type at offset 0x10: expected an executable"):
        Image.from_bytes((tmp_path / "a.o").read_bytes(), "a.o")
