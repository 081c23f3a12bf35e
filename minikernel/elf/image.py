"""ET_EXEC: an image as the machine and every view take it, loaded once and never changed.

Addresses are virtual (`vaddr`, `addr`) unless the name says `paddr`. Lookup by address uses functions, objects and
labels; mapping symbols, files, sections and absolute symbols name constants or nothing and never answer it.
"""

from __future__ import annotations

import struct
from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from minikernel.elf.constants import (
    PHDR_SIZE,
    SHN_ABS,
    SHN_COMMON,
    SHN_UNDEF,
    SYM_SIZE,
    FileType,
    SectionFlag,
    SectionType,
    SegmentFlag,
    SegmentType,
    SymbolBinding,
    SymbolKind,
    is_mapping_symbol,
)
from minikernel.elf.header import ElfHeader, SectionHeader, c_string, read_section_headers
from minikernel.errors import ImageError, near_names

ABS_SECTION = "*ABS*"


@dataclass(frozen=True)
class Segment:
    """One PT_LOAD: `data` goes to `paddr` (and is seen at `vaddr`); bytes from len(data) to `memsz` are zero."""

    vaddr: int
    paddr: int
    data: bytes
    memsz: int
    flags: SegmentFlag


@dataclass(frozen=True)
class ImageSection:
    """One section of the image; `offset` in the file, `size` in bytes; `data` is empty for NOBITS."""

    name: str
    type: int
    flags: int
    addr: int
    offset: int
    size: int
    addralign: int
    data: bytes

    @property
    def is_loaded(self) -> bool:
        """True when it occupies memory (SHF_ALLOC)."""
        return bool(self.flags & SectionFlag.ALLOC)


class Symbol(NamedTuple):
    """One symbol. `section` is a section's name, "*ABS*" for a constant, None when undefined."""

    name: str
    value: int
    size: int
    kind: SymbolKind
    binding: SymbolBinding
    section: str | None


_KINDS = {int(kind): kind for kind in SymbolKind}
_BINDINGS = {int(binding): binding for binding in SymbolBinding}
_ADDRESSED = frozenset({SymbolKind.NOTYPE, SymbolKind.OBJECT, SymbolKind.FUNC})


@dataclass(frozen=True, eq=False)
class Image:
    """A linked program. `entry` is e_entry: for the kernel the physical address of its first instruction."""

    name: str
    entry: int
    segments: tuple[Segment, ...]
    sections: tuple[ImageSection, ...]
    symbols: tuple[Symbol, ...]

    @classmethod
    def from_bytes(cls, data: bytes, name: str = "vmlinux") -> Image:
        """Reads an ET_EXEC file; `name` is what messages call it. Raises ImageError with field and offset."""
        header, headers, section_names = read_section_headers(data, name)
        if header.type != FileType.EXEC:
            raise ImageError(f"expected an executable (ET_EXEC, 2), found type {header.type}", name, "e_type", 16)
        segments = _read_segments(data, header, name)
        sections = tuple(
            _read_section(data, sh, section_names[index])
            for index, sh in enumerate(headers)
            if sh.type != SectionType.NULL
        )
        return cls(name, header.entry, segments, sections, _read_symbols(data, headers, section_names, name))

    def get(self, name: str) -> Symbol | None:
        """The defined symbol of that name, a global one before a local one; None when there is none."""
        return self._by_name.get(name)

    def symbol(self, name: str) -> Symbol:
        """As get(), but raises ImageError naming near names."""
        found = self._by_name.get(name)
        if found is None:
            raise ImageError(f"no symbol {name!r}{near_names(name, self._by_name)}", self.name)
        return found

    def address(self, name: str) -> int:
        """The value of the symbol. Raises ImageError."""
        return self.symbol(name).value

    def section(self, name: str) -> ImageSection:
        """The section of that name. Raises ImageError."""
        for section in self.sections:
            if section.name == name:
                return section
        raise ImageError(f"no section {name!r}{near_names(name, (s.name for s in self.sections))}", self.name)

    def symbol_at(self, addr: int) -> tuple[Symbol, int] | None:
        """The nearest symbol at or below `addr` and the distance in bytes; None outside the loaded sections.

        Of several symbols at one address a function comes before an object before a label, a global before a local.
        """
        if not any(start <= addr < end for start, end in self._ranges):
            return None
        addresses, symbols = self._by_address
        index = bisect_right(addresses, addr) - 1
        return (symbols[index], addr - addresses[index]) if index >= 0 else None

    def symbolize(self, addr: int) -> str:
        """`do_initcalls+0x14`, `do_initcalls` at its start, or `0xc0001234` where no symbol reaches."""
        found = self.symbol_at(addr)
        if found is None:
            return f"{addr:#010x}"
        symbol, offset = found
        return f"{symbol.name}+{offset:#x}" if offset else symbol.name

    def read(self, addr: int, size: int) -> bytes:
        """`size` bytes at `addr` as loaded, before anything ran. Raises ImageError outside the segments."""
        for segment in self.segments:
            start = addr - segment.vaddr
            if start >= 0 and start + size <= segment.memsz:
                return segment.data[start : start + size].ljust(size, b"\0")
        raise ImageError(f"{size} bytes at {addr:#010x} are not in one loaded segment", self.name)

    @cached_property
    def _ranges(self) -> tuple[tuple[int, int], ...]:
        return tuple((s.addr, s.addr + max(s.size, 1)) for s in self.sections if s.is_loaded)

    @cached_property
    def _by_name(self) -> dict[str, Symbol]:
        names: dict[str, Symbol] = {}
        for symbol in self.symbols:
            if symbol.section is None or symbol.kind in (SymbolKind.SECTION, SymbolKind.FILE):
                continue
            known = names.get(symbol.name)
            if known is None or (known.binding == SymbolBinding.LOCAL and symbol.binding != SymbolBinding.LOCAL):
                names[symbol.name] = symbol
        return names

    @cached_property
    def _by_address(self) -> tuple[list[int], list[Symbol]]:
        best: dict[int, Symbol] = {}
        for symbol in self.symbols:
            if symbol.kind not in _ADDRESSED or symbol.section in (None, ABS_SECTION) or is_mapping_symbol(symbol.name):
                continue
            known = best.get(symbol.value)
            if known is None or _preference(symbol) > _preference(known):
                best[symbol.value] = symbol
        addresses = sorted(best)
        return addresses, [best[addr] for addr in addresses]


_KIND_RANK = {SymbolKind.FUNC: 2, SymbolKind.OBJECT: 1}


def _preference(symbol: Symbol) -> tuple[int, bool]:
    return _KIND_RANK.get(symbol.kind, 0), symbol.binding != SymbolBinding.LOCAL


def _read_segments(data: bytes, header: ElfHeader, name: str) -> tuple[Segment, ...]:
    if header.phnum and header.phentsize != PHDR_SIZE:
        raise ImageError(f"expected {PHDR_SIZE}, found {header.phentsize}", name, "e_phentsize", 42)
    if header.phoff + header.phnum * PHDR_SIZE > len(data):
        raise ImageError(f"program headers run past the end of the file ({len(data):#x})", name, "e_phoff", 28)
    segments = []
    for index in range(header.phnum):
        at = header.phoff + index * PHDR_SIZE
        kind, offset, vaddr, paddr, filesz, memsz, flags, _ = struct.unpack_from("<8I", data, at)
        if kind != SegmentType.LOAD:
            continue
        if offset + filesz > len(data):
            message = f"the segment ends at {offset + filesz:#x}, the file at {len(data):#x}"
            raise ImageError(message, name, f"program header {index} p_filesz", at + 16)
        if filesz > memsz:
            raise ImageError(
                f"p_filesz {filesz:#x} is more than p_memsz {memsz:#x}", name, f"program header {index}", at
            )
        segments.append(Segment(vaddr, paddr, data[offset : offset + filesz], memsz, SegmentFlag(flags)))
    if not segments:
        raise ImageError("no PT_LOAD program header: nothing to load", name, "program headers", header.phoff)
    return tuple(segments)


def _read_section(data: bytes, sh: SectionHeader, name: str) -> ImageSection:
    body = b"" if sh.type == SectionType.NOBITS else data[sh.offset : sh.offset + sh.size]
    return ImageSection(name, sh.type, sh.flags, sh.addr, sh.offset, sh.size, sh.addralign, body)


def _read_symbols(data: bytes, headers: list[SectionHeader], section_names: list[str], file: str) -> tuple[Symbol, ...]:
    symtab = next((sh for sh in headers if sh.type == SectionType.SYMTAB), None)
    if symtab is None:
        return ()
    if symtab.link >= len(headers) or headers[symtab.link].type != SectionType.STRTAB:
        raise ImageError(f"sh_link {symtab.link} is no string table", file, ".symtab")
    strings = headers[symtab.link]
    table = data[strings.offset : strings.offset + strings.size]
    places: dict[int, str | None] = dict(enumerate(section_names))
    places[SHN_UNDEF], places[SHN_ABS], places[SHN_COMMON] = None, ABS_SECTION, None
    symbols = []
    text = table.decode("ascii") if table.isascii() else None  # thousands of names: cut from one text
    rows = struct.iter_unpack("<IIIBBH", data[symtab.offset : symtab.offset + symtab.size // SYM_SIZE * SYM_SIZE])
    next(rows, None)
    for number, (offset, value, size, st_info, _, shndx) in enumerate(rows, 1):
        if shndx not in places:
            raise ImageError(f"section index {shndx} is not in the file", file, f"symbol {number}")
        kind = _KINDS.get(st_info & 15, SymbolKind.NOTYPE)
        binding = _BINDINGS.get(st_info >> 4, SymbolBinding.GLOBAL)
        end = -1 if text is None else text.find("\0", offset)
        symbol_name = c_string(table, offset) if text is None or end < 0 else text[offset:end]
        symbols.append(Symbol(symbol_name, value, size, kind, binding, places[shndx]))
    return tuple(symbols)
