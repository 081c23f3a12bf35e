"""Writing ET_EXEC: sections and symbols with final addresses, as plain values, to the bytes of an ELF file.

The loader's view first (program headers with physical addresses), then the sections, then the tables that debuggers
read. File offsets are congruent to addresses modulo a page, as the gABI asks of a loadable segment.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from minikernel.elf.constants import (
    EF_ARM_EABI_VER5,
    EHDR_SIZE,
    PHDR_SIZE,
    SHN_ABS,
    SYM_SIZE,
    FileType,
    SectionFlag,
    SectionType,
    SegmentFlag,
    SegmentType,
    SymbolBinding,
)
from minikernel.elf.header import SectionHeader, StringTable, pack_ehdr

_PAGE = 0x1000


@dataclass(eq=False)
class ImageSectionSource:
    """One output section: `size` bytes at `addr`, loaded at `paddr`; `data` is empty for NOBITS."""

    name: str
    type: int
    flags: int
    addr: int
    paddr: int
    data: bytes | bytearray
    size: int
    addralign: int


class ImageSymbolSource(NamedTuple):
    """One output symbol; `section` None means absolute."""

    name: str
    value: int
    size: int
    kind: int
    binding: int
    section: ImageSectionSource | None


def write_image(entry: int, sections: Sequence[ImageSectionSource], symbols: Sequence[ImageSymbolSource]) -> bytes:
    """The file. Sections keep their order; locals are moved before globals."""
    segments = _segments(sections)
    out = bytearray(EHDR_SIZE + len(segments) * PHDR_SIZE)
    offsets = _write_sections(out, sections, segments)
    program_headers = b"".join(_program_header(segment, sections, offsets) for segment in segments)
    out[EHDR_SIZE : EHDR_SIZE + len(program_headers)] = program_headers

    names = StringTable()
    headers = [SectionHeader(0, SectionType.NULL, 0, 0, 0, 0, 0, 0, 0, 0)]
    for section, offset in zip(sections, offsets, strict=True):
        row = (section.type, section.flags, section.addr, offset, section.size, 0, 0, section.addralign, 0)
        headers.append(SectionHeader(names.add(section.name), *row))

    def append_table(name: str, kind: int, data: bytes, link: int, info: int, align: int, entsize: int) -> None:
        _align(out, align)
        headers.append(SectionHeader(names.add(name), kind, 0, 0, len(out), len(data), link, info, align, entsize))
        out.extend(data)

    symtab, strings, first_global = _symbol_table(sections, symbols)
    append_table(".symtab", SectionType.SYMTAB, symtab, len(headers) + 1, first_global, 4, SYM_SIZE)
    append_table(".strtab", SectionType.STRTAB, strings, 0, 0, 1, 0)
    names.add(".shstrtab")
    append_table(".shstrtab", SectionType.STRTAB, names.to_bytes(), 0, 0, 1, 0)
    _align(out, 4)
    phoff, shoff, shnum = EHDR_SIZE if segments else 0, len(out), len(headers)
    for header in headers:
        out += header.pack()
    out[:EHDR_SIZE] = pack_ehdr(FileType.EXEC, entry, len(segments), shoff, EF_ARM_EABI_VER5, phoff, shnum, shnum - 1)
    return bytes(out)


def _segments(sections: Sequence[ImageSectionSource]) -> list[list[int]]:
    """Indices of sections of one PT_LOAD each: equal permissions and address distance, no file bytes after NOBITS."""
    segments: list[list[int]] = []
    previous: ImageSectionSource | None = None
    for index, section in enumerate(sections):
        if not section.flags & SectionFlag.ALLOC or not section.size:
            continue
        if previous is None or _starts_segment(previous, section):
            segments.append([])
        segments[-1].append(index)
        previous = section
    return segments


def _starts_segment(previous: ImageSectionSource, section: ImageSectionSource) -> bool:
    return (
        _segment_flags(previous) != _segment_flags(section)
        or section.addr - section.paddr != previous.addr - previous.paddr
        or (previous.type == SectionType.NOBITS and section.type != SectionType.NOBITS)
        or not 0 <= section.addr - (previous.addr + previous.size) < _PAGE
    )


def _segment_flags(section: ImageSectionSource) -> SegmentFlag:
    flags = SegmentFlag.R
    if section.flags & SectionFlag.WRITE:
        flags |= SegmentFlag.W
    if section.flags & SectionFlag.EXECINSTR:
        flags |= SegmentFlag.X
    return flags


def _write_sections(out: bytearray, sections: Sequence[ImageSectionSource], segments: list[list[int]]) -> list[int]:
    """Appends the bytes; returns each section's file offset."""
    starts = {segment[0] for segment in segments}
    members = {index: segment[0] for segment in segments for index in segment}
    offsets = [0] * len(sections)
    for index, section in enumerate(sections):
        if index in starts:
            out.extend(bytes((section.addr - len(out)) % _PAGE))
            offsets[index] = len(out)
        elif index in members:
            first = members[index]
            offsets[index] = offsets[first] + section.addr - sections[first].addr
        else:
            _align(out, max(section.addralign, 1))
            offsets[index] = len(out)
        if section.type != SectionType.NOBITS and section.size:
            out.extend(bytes(offsets[index] - len(out)))
            out.extend(section.data)
    return offsets


def _program_header(segment: list[int], sections: Sequence[ImageSectionSource], offsets: list[int]) -> bytes:
    first, last = sections[segment[0]], sections[segment[-1]]
    with_bytes = [sections[index] for index in segment if sections[index].type != SectionType.NOBITS]
    file_size = with_bytes[-1].addr + with_bytes[-1].size - first.addr if with_bytes else 0
    memory_size = last.addr + last.size - first.addr
    return struct.pack(
        "<8I",
        SegmentType.LOAD,
        offsets[segment[0]],
        first.addr,
        first.paddr,
        file_size,
        memory_size,
        _segment_flags(first),
        _PAGE,
    )


def _symbol_table(
    sections: Sequence[ImageSectionSource], symbols: Sequence[ImageSymbolSource]
) -> tuple[bytes, bytes, int]:
    """.symtab, .strtab and the index of the first global."""
    section_index: dict[int, int] = {id(section): index for index, section in enumerate(sections, 1)}
    strings = StringTable()
    section_index[id(None)] = SHN_ABS
    local = [symbol for symbol in symbols if symbol.binding == SymbolBinding.LOCAL]
    ordered = local + [symbol for symbol in symbols if symbol.binding != SymbolBinding.LOCAL]
    rows = [bytes(SYM_SIZE)]
    pack, offset = struct.Struct("<IIIBBH").pack, strings.add
    for name, value, size, kind, binding, section in ordered:
        rows.append(pack(offset(name), value, size, binding << 4 | kind, 0, section_index[id(section)]))
    first_global = 1 + len(local)
    return b"".join(rows), strings.to_bytes(), first_global


def _align(out: bytearray, alignment: int) -> None:
    out.extend(bytes(-len(out) % alignment))
