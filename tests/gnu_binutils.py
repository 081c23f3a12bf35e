"""GNU binutils as the second witness: assemble, link, and compare images with ours as plain values."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from judges import require

from minikernel.elf.constants import SymbolKind, is_mapping_symbol
from minikernel.elf.image import Image
from minikernel.elf.object_file import NO_SYMBOL, ObjectFile, Section
from minikernel.elf.relocations import RULES

PROLOGUE = ".syntax unified\n.cpu cortex-a15\n.arm\n"


def run(directory: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """Runs a tool in `directory`; the test fails with its messages when it fails."""
    done = subprocess.run(command, cwd=directory, capture_output=True, text=True)
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stderr}"
    return done


def assemble_all(directory: Path, sources: Mapping[str, str]) -> list[tuple[str, ObjectFile]]:
    """GNU as on each source; the objects read by our reader, named `a.o` as on the command line of ld."""
    require("arm-none-eabi-as", "arm-none-eabi-ld")
    objects = []
    for name, text in sources.items():
        (directory / f"{name}.s").write_text(PROLOGUE + text)
        run(directory, "arm-none-eabi-as", "-o", f"{name}.o", f"{name}.s")
        objects.append((f"{name}.o", ObjectFile.from_bytes((directory / f"{name}.o").read_bytes(), f"{name}.o")))
    return objects


def gnu_link(directory: Path, objects: Sequence[str], script: str) -> Image:
    """What arm-none-eabi-ld makes of the objects in `directory`."""
    (directory / "script.lds").write_text(script)
    run(directory, "arm-none-eabi-ld", "--no-warn-rwx-segments", "-T", "script.lds", "-o", "linked", *objects)
    return Image.from_bytes((directory / "linked").read_bytes(), "linked")


def loaded_sections(image: Image) -> dict[str, tuple[int, int, int, bytes]]:
    """name -> (address, size, physical address, bytes) of every section that occupies memory."""
    return {
        section.name: (section.addr, section.size, physical(image, section.addr, section.size), section.data)
        for section in image.sections
        if section.is_loaded
    }


def physical(image: Image, addr: int, size: int) -> int:
    """The load address of a virtual address by the program headers; 0 for what no segment carries."""
    for segment in image.segments:
        if segment.vaddr <= addr and addr + size <= segment.vaddr + segment.memsz and size:
            return segment.paddr + addr - segment.vaddr
    return 0


def symbol_values(image: Image) -> set[tuple[str, int, int, SymbolKind, bool]]:
    """(name, value, size, kind, is_absolute) of every symbol, mapping symbols included."""
    return {
        (symbol.name, symbol.value, symbol.size, symbol.kind, symbol.section == "*ABS*")
        for symbol in image.symbols
        if symbol.kind not in (SymbolKind.SECTION, SymbolKind.FILE)
    }


def section_rows(obj: ObjectFile) -> dict[str, tuple[object, ...]]:
    """name -> everything about a section that has content; relocations with the addend in the place they point to."""
    return {
        section.name: (
            section.type,
            section.flags,
            section.addralign,
            section.size,
            bytes(section.data),
            relocation_rows(section),
        )
        for section in obj.sections
        if section.size or section.relocations
    }


def relocation_rows(section: Section) -> list[tuple[int, str, str, int]]:
    rows = []
    for relocation in section.relocations:
        rule = RULES[relocation.type]
        word = int.from_bytes(section.data[relocation.offset : relocation.offset + 4], "little")
        symbol = relocation.symbol
        target = symbol.name if symbol.name or symbol is NO_SYMBOL else f"section {symbol.section.name}"
        rows.append((relocation.offset, rule.type.name, target, rule.addend(word)))
    return sorted(rows)


def symbol_rows(obj: ObjectFile) -> set[tuple[object, ...]]:
    """Symbols by value, without the marks for disassemblers and without file and section names."""
    return {
        (s.name, s.section.name, s.value & 0xFFFF_FFFF, s.size, s.kind, s.binding)
        for s in obj.symbols
        if s.kind not in (SymbolKind.SECTION, SymbolKind.FILE) and not is_mapping_symbol(s.name)
    }
