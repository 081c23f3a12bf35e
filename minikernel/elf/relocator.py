"""A second opinion about relocation: what every word of a loaded module must be, worked out from the file alone.

The guest's loader patches a module in its own memory, in assembly. This page takes the same .ko, the addresses at which
the sections came to lie and the values of what other modules and the kernel provide, and gives the word that each
relocation must leave, by the table of relocations.py. Tests compare the two, word by word.

Several relocations may hit one word (R_ARM_NONE beside R_ARM_PREL31 in .ARM.exidx); each starts from
what the one before left.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from minikernel.elf.constants import R_ARM, SectionFlag, SymbolBinding, SymbolKind
from minikernel.elf.object_file import COMMON, NO_SYMBOL, ObjectFile, Relocation, Section, SpecialSection, Symbol
from minikernel.elf.relocations import RULES
from minikernel.errors import ImageError, near_names

_NOP = 0x0320_F000  # without condition: what a branch to an undefined weak symbol becomes (AAELF32, "Weak references")


@dataclass(frozen=True)
class RelocatedWord:
    """One relocation done: the word at `address` was `before` (as the relocations so far left it), must become `after`.

    `target` is S. `problem` says why it cannot be done; then `after` is `before`.
    """

    section: str
    offset: int
    address: int
    type: int
    symbol: str
    target: int
    before: int
    after: int
    problem: str = ""

    def __str__(self) -> str:
        name = R_ARM(self.type).name if self.type in R_ARM.__members__.values() else str(self.type)
        how = self.problem or f"{self.before:#010x} -> {self.after:#010x}"
        return f"{self.section}+{self.offset:#x} ({self.address:#010x}) R_ARM_{name} {self.symbol}: {how}"


@dataclass(frozen=True)
class RelocatedSection:
    """A section at its place in memory with all its relocations done; `words` are the single steps in file order."""

    name: str
    address: int
    data: bytes
    words: tuple[RelocatedWord, ...]


def relocate_module(
    obj: ObjectFile, addresses: Mapping[int, int], symbols: Mapping[str, int]
) -> tuple[RelocatedSection, ...]:
    """Every loaded section of `obj` (SHF_ALLOC with bytes), relocated.

    `addresses`: index in obj.sections -> address; a section without one is not loaded, and neither relocated nor a
    target. `symbols`: value of each undefined symbol; a weak one may be absent and is 0. Raises ImageError for a strong
    symbol without value, for a target that is not loaded, and for an address that breaks the section's alignment.
    """
    return tuple(_relocate(obj, addresses, symbols))


def addresses_by_name(obj: ObjectFile, named: Mapping[str, int]) -> dict[int, int]:
    """Addresses by section name, as /sys/module/NAME/sections lists them, for relocate_module.

    Raises ImageError when two loaded sections of the file share a name: then names cannot tell them apart.
    """
    result: dict[int, int] = {}
    seen: set[str] = set()
    for index, section in enumerate(obj.sections):
        if section.name not in named or not section.flags & SectionFlag.ALLOC:
            continue
        if section.name in seen:
            raise ImageError(f"two sections {section.name!r}", "module", "section names")
        seen.add(section.name)
        result[index] = named[section.name]
    return result


def _relocate(obj: ObjectFile, addresses: Mapping[int, int], symbols: Mapping[str, int]) -> Iterator[RelocatedSection]:
    places = {id(obj.sections[index]): address for index, address in addresses.items()}
    for index, section in enumerate(obj.sections):
        if index not in addresses:
            continue
        address = addresses[index]
        if section.addralign > 1 and address % section.addralign:
            message = f"{address:#010x} is no multiple of its alignment {section.addralign}"
            raise ImageError(message, "module", f"section {section.name}")
        data = bytearray(section.data)
        words = tuple(
            _relocate_word(section, relocation, data, address, _value(relocation.symbol, places, symbols))
            for relocation in section.relocations
        )
        yield RelocatedSection(section.name, address, bytes(data), words)


def _relocate_word(section: Section, relocation: Relocation, data: bytearray, address: int, s: int) -> RelocatedWord:
    offset, place = relocation.offset, (address + relocation.offset) & 0xFFFF_FFFF
    name = _name(relocation.symbol)
    if not 0 <= offset <= len(data) - 4:
        problem = f"offset {offset:#x} is outside the section's {len(data):#x} bytes"
        return RelocatedWord(section.name, offset, place, relocation.type, name, s, 0, 0, problem)
    (before,) = struct.unpack_from("<I", data, offset)
    rule = RULES.get(relocation.type)
    if rule is None:
        problem = f"unknown relocation type {relocation.type}"
        return RelocatedWord(section.name, offset, place, relocation.type, name, s, before, before, problem)
    after, problem = rule.relocate(before, s, place)
    if rule.is_branch and s == 0 and relocation.symbol.binding == SymbolBinding.WEAK:
        after, problem = before & 0xF000_0000 | _NOP, ""
    elif rule.is_branch and not problem and s & 3:
        after, problem = before, f"{s:#x} is no ARM instruction's address (ARM -> Thumb)"
    struct.pack_into("<I", data, offset, after)
    return RelocatedWord(section.name, offset, place, relocation.type, name, s, before, after, problem)


def _name(symbol: Symbol) -> str:
    return symbol.name or symbol.section.name


def _value(symbol: Symbol, places: Mapping[int, int], symbols: Mapping[str, int]) -> int:
    """S. A symbol of the module is its section's address and its offset; ABS its value; undefined what is given."""
    if symbol is NO_SYMBOL:
        return 0
    if isinstance(symbol.section, Section):
        if id(symbol.section) not in places:
            raise ImageError(f"section {symbol.section.name!r} has no address", "module", f"symbol {_name(symbol)}")
        return (places[id(symbol.section)] + symbol.value) & 0xFFFF_FFFF
    if symbol.section is SpecialSection.ABS:
        return symbol.value & 0xFFFF_FFFF
    if symbol.section is COMMON:
        raise ImageError("a common symbol has no place (compile with -fno-common)", "module", f"symbol {symbol.name}")
    if symbol.name in symbols:
        return symbols[symbol.name] & 0xFFFF_FFFF
    if symbol.binding == SymbolBinding.WEAK or symbol.kind == SymbolKind.FILE:
        return 0
    raise ImageError(f"no value given{near_names(symbol.name, symbols)}", "module", f"undefined symbol {symbol.name}")
