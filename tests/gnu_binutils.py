"""GNU binutils as the second witness: assemble, link, and compare images with ours as plain values."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from judges import require

from minikernel.elf.constants import SymbolKind
from minikernel.elf.image import Image
from minikernel.elf.object_file import ObjectFile

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
