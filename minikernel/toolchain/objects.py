"""The last step of an assembly: symbols and sections under construction to an ObjectFile."""

from __future__ import annotations

from collections.abc import Iterable

from minikernel.elf.attributes import attributes_section
from minikernel.elf.constants import SymbolBinding, SymbolKind
from minikernel.elf.object_file import ABS, UNDEF, ObjectFile, Relocation, Section, SpecialSection
from minikernel.elf.object_file import Symbol as ElfSymbol
from minikernel.toolchain.symbols import ABSOLUTE, SectionBuilder, Symbol


class ObjectBuilder:
    """Makes one ObjectFile. Sections first, then relocations, then `finish`."""

    def __init__(self, sections: Iterable[SectionBuilder], attributes: tuple[tuple[int, int | str], ...]) -> None:
        self._attributes = attributes
        self._sections: dict[int, Section] = {}
        self._section_symbols: dict[int, ElfSymbol] = {}
        self._symbols: dict[int, ElfSymbol] = {}
        for builder in sections:
            self._sections[id(builder)] = Section(builder.name, builder.type, builder.flags, entsize=builder.entsize)

    def relocate(self, section: SectionBuilder, offset: int, type: int, symbol: Symbol) -> None:
        """A relocation against a symbol, which enters the symbol table."""
        symbol.is_used = True
        self._sections[id(section)].relocations.append(Relocation(offset, type, self._symbol(symbol)))

    def relocate_in(self, section: SectionBuilder, offset: int, type: int, target: SectionBuilder) -> None:
        """A relocation against the start of a section."""
        symbol = self._section_symbols.get(id(target))
        if symbol is None:
            symbol = self._section_symbols[id(target)] = ElfSymbol(
                "", self._sections[id(target)], kind=SymbolKind.SECTION
            )
        self._sections[id(section)].relocations.append(Relocation(offset, type, symbol))

    def finish(self, builders: Iterable[SectionBuilder], symbols: Iterable[Symbol]) -> ObjectFile:
        """The object: section symbols, mapping symbols, then every symbol that a table needs."""
        elf_symbols: list[ElfSymbol] = []
        for builder in builders:
            section = self._sections[id(builder)]
            section.addralign = builder.addralign
            section.data = b"" if builder.is_nobits else bytes(builder.data)
            section.nobits_size = builder.nobits_size
            if id(builder) in self._section_symbols:
                elf_symbols.append(self._section_symbols[id(builder)])
            size = builder.offset
            elf_symbols += [ElfSymbol(name, section, at) for at, name in sorted(builder.marks.items()) if at < size]
        elf_symbols += [
            symbol.shared or self._symbol(symbol) for symbol in symbols if symbol.shared or _is_in_table(symbol)
        ]
        attributes = attributes_section(self._attributes)
        return ObjectFile([*self._sections.values(), attributes], elf_symbols)

    def _symbol(self, symbol: Symbol) -> ElfSymbol:
        made = self._symbols.get(id(symbol))
        if made is None:
            section = symbol.section
            where: Section | SpecialSection
            where = UNDEF if section is None else ABS if section is ABSOLUTE else self._sections[id(section)]
            binding = symbol.binding if section is not None or symbol.binding else SymbolBinding.GLOBAL
            made = self._symbols[id(symbol)] = ElfSymbol(
                symbol.name, where, symbol.value & 0xFFFF_FFFF, symbol.size, symbol.kind, binding, symbol.visibility
            )
        return made


def share(constant: Symbol) -> Symbol:
    """Makes a local constant ready to stand in several objects."""
    constant.shared = ElfSymbol(constant.name, ABS, constant.value & 0xFFFF_FFFF)
    return constant


def _is_in_table(symbol: Symbol) -> bool:
    if symbol.is_used:
        return True
    if symbol.section is None:
        return symbol.is_wanted and symbol.binding != SymbolBinding.WEAK
    return not symbol.is_temporary or symbol.binding != SymbolBinding.LOCAL
