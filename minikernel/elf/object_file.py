"""ET_REL: what the assembler makes and the linker takes, as plain values, and its way through a file.

The law of this page: an ObjectFile holds what the file says and nothing computed. Symbols and sections are referred to
by identity, not by index, because the file's indices change when locals are sorted first (gABI, "Symbol Table").
Relocations are REL: the addend stands in the section's bytes. `.symtab`, `.strtab`, `.shstrtab` and `.rel*` exist in
the file only.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from enum import Enum

from minikernel.bits import align_up
from minikernel.elf.constants import (
    EF_ARM_EABI_VER5,
    EHDR_SIZE,
    R_ARM,
    REL_SIZE,
    SHN_ABS,
    SHN_COMMON,
    SHN_LORESERVE,
    SHN_UNDEF,
    SYM_SIZE,
    FileType,
    SectionFlag,
    SectionType,
    SymbolBinding,
    SymbolKind,
)
from minikernel.elf.header import SectionHeader, StringTable, c_string, pack_ehdr, read_section_headers
from minikernel.errors import ImageError


class SpecialSection(Enum):
    """Where a symbol lives that lives in no section."""

    UNDEF = SHN_UNDEF
    ABS = SHN_ABS
    COMMON = SHN_COMMON


UNDEF, ABS, COMMON = SpecialSection.UNDEF, SpecialSection.ABS, SpecialSection.COMMON


@dataclass(eq=False, slots=True)
class Section:
    """One section of an object: `flags` is a sum of SectionFlag bits; a NOBITS section has `nobits_size`, no `data`."""

    name: str
    type: int = SectionType.PROGBITS
    flags: int = 0
    addralign: int = 1
    data: bytes | bytearray = b""
    nobits_size: int = 0
    relocations: list[Relocation] = field(default_factory=list)
    entsize: int = 0

    @property
    def size(self) -> int:
        """Bytes that the section occupies in memory."""
        return self.nobits_size if self.type == SectionType.NOBITS else len(self.data)

    @property
    def is_debug(self) -> bool:
        """True for DWARF, which only debuggers read."""
        return self.name.startswith(".debug_") and not self.flags & SectionFlag.ALLOC

    def __repr__(self) -> str:
        return f"<Section {self.name} {self.size:#x} bytes>"


@dataclass(eq=False, slots=True)
class Symbol:
    """One symbol of an object. `value` is an offset in `section`, the value itself (ABS), or the alignment (COMMON)."""

    name: str
    section: Section | SpecialSection = UNDEF
    value: int = 0
    size: int = 0
    kind: int = SymbolKind.NOTYPE
    binding: int = SymbolBinding.LOCAL
    visibility: int = 0

    @property
    def is_defined(self) -> bool:
        """False for a reference to another object's symbol."""
        return self.section is not UNDEF

    def __repr__(self) -> str:
        where = self.section.name
        return f"<Symbol {self.name} {where}+{self.value:#x}>"


@dataclass(eq=False, slots=True)
class Relocation:
    """Change the field at `offset` of its section by the formula of `type` (elf/relocations.py) applied to `symbol`."""

    offset: int
    type: int
    symbol: Symbol

    def __repr__(self) -> str:
        name = R_ARM(self.type).name if self.type in R_ARM.__members__.values() else str(self.type)
        return f"<Relocation {self.offset:#x} {name} {self.symbol.name or self.symbol.section.name}>"


@dataclass(eq=False)
class ObjectFile:
    """A relocatable object: `sections` in file order, without the tables; `symbols` in any order.

    A relocation may name a symbol that is not in `symbols`; to_bytes adds it.
    """

    sections: list[Section] = field(default_factory=list)
    symbols: list[Symbol] = field(default_factory=list)
    flags: int = EF_ARM_EABI_VER5

    def section(self, name: str) -> Section:
        """The first section of that name. Raises KeyError."""
        for section in self.sections:
            if section.name == name:
                return section
        raise KeyError(name)

    def symbol(self, name: str) -> Symbol:
        """The first symbol of that name. Raises KeyError."""
        for symbol in self.symbols:
            if symbol.name == name:
                return symbol
        raise KeyError(name)

    def without_debug(self) -> ObjectFile:
        """The object without what only debuggers read, as `strip -g` leaves it; sections and symbols are shared."""
        sections = [section for section in self.sections if not section.is_debug]
        used = {id(relocation.symbol) for section in sections for relocation in section.relocations}
        symbols = [symbol for symbol in self.symbols if symbol.kind != SymbolKind.SECTION or id(symbol) in used]
        return ObjectFile(sections, symbols, self.flags)

    def to_bytes(self) -> bytes:
        """The ET_REL file: header, sections, .symtab, .strtab, relocations, .shstrtab, section headers."""
        return _write(self)

    @classmethod
    def from_bytes(cls, data: bytes, name: str = "object") -> ObjectFile:
        """Reads an ET_REL file. `name` is what messages call it. Raises ImageError."""
        return _read(data, name)


def strip_debug(data: bytes, name: str = "object") -> bytes:
    """An ET_REL file without what only debuggers read. Raises ImageError."""
    return ObjectFile.from_bytes(data, name).without_debug().to_bytes()


# --- writing ----------------------------------------------------------------------------------------------------------


def _write(obj: ObjectFile) -> bytes:
    symbols = _symbols_in_file_order(obj)
    section_index = {id(section): index for index, section in enumerate(obj.sections, 1)}
    section_index |= {id(special): special.value for special in SpecialSection}
    symbol_index = {id(symbol): index for index, symbol in enumerate(symbols, 1)}
    first_global = 1 + [symbol.binding == SymbolBinding.LOCAL for symbol in symbols].count(True)

    strings = StringTable()
    pack, string = struct.Struct("<IIIBBH").pack, strings.add
    rows = [bytes(SYM_SIZE)]
    for s in symbols:
        where, info = section_index[id(s.section)], s.binding << 4 | s.kind
        rows.append(pack(string(s.name), s.value & 0xFFFF_FFFF, s.size, info, s.visibility, where))
    symtab = b"".join(rows)

    out = bytearray(EHDR_SIZE)
    names = StringTable()
    headers = [SectionHeader(0, SectionType.NULL, 0, 0, 0, 0, 0, 0, 0, 0)]

    def place(
        name: str, kind: int, flags: int, body: bytes, size: int, link: int, info: int, align: int, ent: int
    ) -> None:
        out.extend(bytes(align_up(len(out), max(align, 1)) - len(out)))
        headers.append(SectionHeader(names.add(name), kind, flags, 0, len(out), size, link, info, align, ent))
        out.extend(body)

    for section in obj.sections:
        body = b"" if section.type == SectionType.NOBITS else bytes(section.data)
        place(section.name, section.type, section.flags, body, section.size, 0, 0, section.addralign, section.entsize)
    symtab_index = len(headers)
    place(".symtab", SectionType.SYMTAB, 0, symtab, len(symtab), symtab_index + 1, first_global, 4, SYM_SIZE)
    string_bytes = strings.to_bytes()
    place(".strtab", SectionType.STRTAB, 0, string_bytes, len(string_bytes), 0, 0, 1, 0)
    for section in obj.sections:
        if section.relocations:
            words: list[int] = []
            for r in section.relocations:
                words += r.offset, symbol_index.get(id(r.symbol), 0) << 8 | r.type
            body = struct.pack(f"<{len(words)}I", *words)
            index = section_index[id(section)]
            place(
                ".rel" + section.name,
                SectionType.REL,
                SectionFlag.INFO_LINK,
                body,
                len(body),
                symtab_index,
                index,
                4,
                REL_SIZE,
            )
    names.add(".shstrtab")
    name_bytes = names.to_bytes()
    place(".shstrtab", SectionType.STRTAB, 0, name_bytes, len(name_bytes), 0, 0, 1, 0)
    out.extend(bytes(align_up(len(out), 4) - len(out)))
    section_table = len(out)
    for header in headers:
        out += header.pack()
    out[:EHDR_SIZE] = pack_ehdr(FileType.REL, 0, 0, section_table, obj.flags, 0, len(headers), len(headers) - 1)
    return bytes(out)


def _symbols_in_file_order(obj: ObjectFile) -> list[Symbol]:
    """Locals first (gABI: sh_info is the first non-local); a symbol used only by a relocation is added."""
    seen: dict[int, Symbol] = {id(symbol): symbol for symbol in obj.symbols}
    for section in obj.sections:
        seen |= {id(r.symbol): r.symbol for r in section.relocations if id(r.symbol) not in seen}
    seen.pop(id(NO_SYMBOL), None)
    symbols = seen.values()
    local = [symbol for symbol in symbols if symbol.binding == SymbolBinding.LOCAL]
    return local + [symbol for symbol in symbols if symbol.binding != SymbolBinding.LOCAL]


NO_SYMBOL = Symbol("", ABS)
"""Symbol 0 of a file: what a relocation without a symbol (R_ARM_V4BX, R_ARM_NONE) refers to; its value is 0."""


# --- reading ----------------------------------------------------------------------------------------------------------

_TABLES = frozenset({SectionType.NULL, SectionType.SYMTAB, SectionType.STRTAB, SectionType.REL})


def _read(data: bytes, name: str) -> ObjectFile:
    header, headers, section_names = read_section_headers(data, name)
    if header.type != FileType.REL:
        raise ImageError(f"expected a relocatable object (ET_REL, 1), found type {header.type}", name, "e_type", 16)
    sections: dict[int, Section] = {}
    for index, sh in enumerate(headers):
        if sh.type not in _TABLES:
            sections[index] = _read_section(data, sh, section_names[index])
    symtab_index = _only_symtab(headers, name)
    symbols = _read_symbols(data, headers, symtab_index, sections, name) if symtab_index is not None else []
    for index, sh in enumerate(headers):
        if sh.type == SectionType.RELA:
            raise ImageError("ARM objects use REL, not RELA", name, f"section {section_names[index]}", sh.offset)
        if sh.type == SectionType.REL:
            _read_relocations(data, sh, sections, symbols, name, section_names[index])
    return ObjectFile(list(sections.values()), [s for s in symbols if s is not NO_SYMBOL], header.flags)


def _read_section(data: bytes, sh: SectionHeader, section_name: str) -> Section:
    if sh.type == SectionType.NOBITS:
        return Section(section_name, sh.type, sh.flags, sh.addralign, b"", sh.size, entsize=sh.entsize)
    return Section(
        section_name, sh.type, sh.flags, sh.addralign, data[sh.offset : sh.offset + sh.size], entsize=sh.entsize
    )


def _only_symtab(headers: list[SectionHeader], name: str) -> int | None:
    found = [index for index, sh in enumerate(headers) if sh.type == SectionType.SYMTAB]
    if len(found) > 1:
        raise ImageError("expected one symbol table, found more", name, ".symtab", headers[found[1]].offset)
    return found[0] if found else None


def _read_symbols(
    data: bytes, headers: list[SectionHeader], symtab_index: int, sections: dict[int, Section], name: str
) -> list[Symbol]:
    symtab = headers[symtab_index]
    if symtab.link >= len(headers) or headers[symtab.link].type != SectionType.STRTAB:
        raise ImageError(f"sh_link {symtab.link} is no string table", name, ".symtab")
    strtab = headers[symtab.link]
    strings = data[strtab.offset : strtab.offset + strtab.size]
    symbols = [NO_SYMBOL]
    end = symtab.offset + symtab.size // SYM_SIZE * SYM_SIZE
    rows = struct.iter_unpack("<IIIBBH", data[symtab.offset : end])
    next(rows, None)
    places: dict[int, Section | SpecialSection] = {**sections, SHN_UNDEF: UNDEF, SHN_ABS: ABS, SHN_COMMON: COMMON}
    for number, (name_offset, value, size, st_info, other, shndx) in enumerate(rows, 1):
        place = places.get(shndx)
        if place is not None:
            pass
        elif shndx < len(headers) and shndx < SHN_LORESERVE:
            place = ABS  # section symbol of a table section: nothing refers to it
        else:
            raise ImageError(f"section index {shndx} is not in the file", name, f"symbol {number}")
        symbols.append(
            Symbol(c_string(strings, name_offset), place, value, size, st_info & 15, st_info >> 4, other & 3)
        )
    return symbols


def _read_relocations(
    data: bytes, sh: SectionHeader, sections: dict[int, Section], symbols: list[Symbol], name: str, rel_name: str
) -> None:
    target = sections.get(sh.info)
    if target is None:
        raise ImageError(f"sh_info {sh.info} is no section with bytes", name, f"section {rel_name}")
    end = sh.offset + sh.size // REL_SIZE * REL_SIZE
    for number, (offset, r_info) in enumerate(struct.iter_unpack("<II", data[sh.offset : end])):
        if r_info >> 8 >= max(len(symbols), 1):
            at = sh.offset + number * REL_SIZE
            raise ImageError(f"symbol index {r_info >> 8} is not in the table", name, f"{rel_name} entry {number}", at)
        target.relocations.append(Relocation(offset, r_info & 0xFF, symbols[r_info >> 8] if symbols else NO_SYMBOL))
