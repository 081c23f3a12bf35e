"""Checks of export tables after the link. The loader searches them by halves and takes CRCs by index, so order is a
promise that a linker script without SORT silently breaks.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from itertools import pairwise

from minikernel.elf.header import c_string
from minikernel.elf.image import Image, ImageSection
from minikernel.elf.module_file import KERNEL_SYMBOL_SIZE, Pointers
from minikernel.elf.object_file import ObjectFile
from minikernel.errors import LinkError
from minikernel.toolchain.modpost import Export

_TABLES = (("__ksymtab", "__kcrctab"), ("__ksymtab_gpl", "__kcrctab_gpl"))


def check_image(image: Image, exports: Mapping[str, Export]) -> None:
    """The tables of vmlinux: sorted by name, and each CRC at the index of its symbol. Raises LinkError."""
    sections = {section.name: section for section in image.sections}
    strings = sections.get("__ksymtab_strings")
    for table, crcs in _TABLES:
        if table not in sections or strings is None:
            continue
        names = _names(sections[table], strings)
        check_sorted(image.name, table, names)
        found = [word for (word,) in struct.iter_unpack("<I", sections[crcs].data)] if crcs in sections else []
        expected = [exports[name].crc for name in names if name in exports]
        if found != expected:
            raise LinkError(f"{image.name}: {crcs} is not in step with {table}: a CRC stands at its symbol's index")


def _names(table: ImageSection, strings: ImageSection) -> list[str]:
    pointers = (name for _, name, _ in struct.iter_unpack("<III", table.data))
    return [c_string(strings.data, pointer - strings.addr) for pointer in pointers]


def check_module(name: str, obj: ObjectFile) -> None:
    """The tables of a joined module; its CRCs are sorted by the same script. Raises LinkError."""
    for table, _ in _TABLES:
        section = next((s for s in obj.sections if s.name == table), None)
        if section is not None:
            starts = range(0, section.size, KERNEL_SYMBOL_SIZE)
            pointers = Pointers(section)
            check_sorted(name, table, [pointers.string(at + 4) for at in starts])


def check_sorted(file: str, table: str, names: Sequence[str]) -> None:
    """Raises LinkError for the first name that is not after its neighbour, in the order of strcmp."""
    for before, after in pairwise(names):
        if before.encode() >= after.encode():
            message = f"{file}: {table} is not sorted: {after!r} stands after {before!r}"
            raise LinkError(f"{message}; is SORT missing in the linker script?")
