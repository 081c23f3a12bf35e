"""The tables name the addresses of the very image that carries them, and equal what GNU as makes of their source."""

from __future__ import annotations

import struct
from pathlib import Path

from gnu_binutils import PROLOGUE, assemble_all, gnu_link, loaded_sections, run, symbol_values

from minikernel.elf.image import Image
from minikernel.elf.object_file import ObjectFile
from minikernel.toolchain.kallsyms import OBJECT_NAME, Kallsym, kallsyms_object, kallsyms_source, link_with_kallsyms
from minikernel.toolchain.script import LinkerScript
from minikernel.toolchain.system_map import system_map

SOURCE = """
        .text
        .global start
        .type start, %function
start:  ldr r0, =kallsyms_addresses
        b .Lhidden
.Lhidden:
local:  bx lr
        .equ CONSTANT, 1
        .weak kallsyms_addresses, kallsyms_num_syms
        .weak weak_one
weak_one: nop
        .data
        .type thing, %object
thing:  .word 1
"""
SCRIPT = """
ENTRY(phys)
SECTIONS {
    . = 0xC0008000;
    _text = .;
    .text : AT(ADDR(.text) - 0x40000000) { *(.text) }
    phys = _text - 0x40000000;
    .rodata : { *(.rodata) }
    . = ALIGN(4096);
    .data : { *(.data) }
    _end = .;
    .bss : { *(.bss) }
}
"""


def test_tables_name_the_addresses_of_their_own_image(tmp_path: Path) -> None:
    linked, symbols = link_with_kallsyms(assemble_all(tmp_path, {"a": SOURCE}), LinkerScript.parse(SCRIPT))
    image = Image.from_bytes(linked)
    (count,) = struct.unpack("<I", image.read(image.address("kallsyms_num_syms"), 4))
    assert count == len(symbols)
    addresses = struct.unpack(f"<{count}I", image.read(image.address("kallsyms_addresses"), 4 * count))
    assert list(addresses) == sorted(addresses)
    name_offsets = struct.unpack(f"<{count}I", image.read(image.address("kallsyms_name_offsets"), 4 * count))
    names = image.address("kallsyms_names")
    types = image.read(image.address("kallsyms_types"), count).decode()
    for address, offset, letter, symbol in zip(addresses, name_offsets, types, symbols, strict=True):
        text = image.read(names + offset, len(symbol.name) + 1)
        assert text == symbol.name.encode() + b"\0" and image.address(symbol.name) == address
        assert symbol == Kallsym(address, symbol.name, letter)
    listed = [(symbol.name, symbol.letter) for symbol in symbols]
    assert listed[:5] == [("start", "T"), ("_text", "T"), ("local", "t"), ("weak_one", "W"), ("kallsyms_num_syms", "R")]
    assert ("thing", "d") in listed and ("_end", "D") in listed
    assert not {"CONSTANT", "phys", "$a", ".Lhidden"} & {name for name, _ in listed}


def test_one_plain_link_of_the_source_gives_the_same_image(tmp_path: Path) -> None:
    linked, symbols = link_with_kallsyms(assemble_all(tmp_path, {"a": SOURCE}), LinkerScript.parse(SCRIPT))
    (tmp_path / "generated").mkdir()
    (tmp_path / "generated/kallsyms_data.s").write_text(kallsyms_source(symbols))
    run(tmp_path, "arm-none-eabi-as", "-o", OBJECT_NAME, "generated/kallsyms_data.s")
    theirs, mine = gnu_link(tmp_path, ["a.o", OBJECT_NAME], SCRIPT), Image.from_bytes(linked)
    assert loaded_sections(mine) == loaded_sections(theirs)
    assert symbol_values(mine) == symbol_values(theirs)


def test_object_equals_its_assembled_source(tmp_path: Path) -> None:
    symbols = (Kallsym(0xC0008000, "start", "T"), Kallsym(0xC0008004, "local", "t"))
    ((_, theirs),) = assemble_all(tmp_path, {"k": kallsyms_source(symbols).replace(PROLOGUE, "")})
    mine = ObjectFile.from_bytes(kallsyms_object(symbols).to_bytes())
    assert mine.section(".rodata").data == theirs.section(".rodata").data
    assert mine.section(".rodata").addralign == theirs.section(".rodata").addralign
    assert mine.section(".ARM.attributes").data == theirs.section(".ARM.attributes").data
    assert {(s.name, s.value, s.size, s.kind, s.binding) for s in mine.symbols} == {
        (s.name, s.value, s.size, s.kind, s.binding) for s in theirs.symbols if s.name
    }


def test_system_map_has_the_lines_of_nm(tmp_path: Path) -> None:
    linked, _ = link_with_kallsyms(assemble_all(tmp_path, {"a": SOURCE}), LinkerScript.parse(SCRIPT))
    (tmp_path / "vmlinux").write_bytes(linked)
    printed = run(tmp_path, "arm-none-eabi-nm", "-n", "vmlinux").stdout.splitlines()
    assert system_map(Image.from_bytes(linked)).splitlines() == [line for line in printed if line[9] not in "aA"]
