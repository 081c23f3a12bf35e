"""`ld -r`: several objects become one, still relocatable. A .ko is NAME.o and NAME.mod.o joined by kernel/module.lds.

Sections go where the script says, all others are joined by name. A relocation against a section symbol keeps meaning
the same place, so the addend in the field grows by what stands before the input in the joined section.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence

from minikernel.bits import align_up
from minikernel.elf.constants import SectionFlag, SectionType, SymbolBinding, SymbolKind
from minikernel.elf.object_file import NO_SYMBOL, UNDEF, ObjectFile, Relocation, Section, Symbol
from minikernel.elf.relocations import RULES
from minikernel.errors import LinkError
from minikernel.toolchain.link_state import InputSection, Link, PlacedSection
from minikernel.toolchain.linker import resolve_symbols
from minikernel.toolchain.script import LinkerScript
from minikernel.toolchain.section_placement import collect_input_sections, place_input_sections


def link_relocatable(objects: Sequence[tuple[str, ObjectFile]], script: LinkerScript) -> ObjectFile:
    """One object with the content of all. Raises LinkError for a symbol defined twice."""
    state = Link(objects, script)
    collect_input_sections(state)
    resolve_symbols(state)
    place_input_sections(state)
    outputs = _join_by_name(state)
    sections = {id(output): _joined_section(output) for output in outputs}
    symbols = _joined_symbols(state, sections)
    for item in state.inputs.values():
        if item.section.relocations and item.output is not None:
            _carry_relocations(state, item, item.output, sections, symbols)
    kept = [section for section in sections.values() if section.size or section.type == SectionType.ARM_ATTRIBUTES]
    unique = {id(symbol): symbol for symbol in symbols.values() if symbol is not NO_SYMBOL}
    return ObjectFile(kept, [symbol for symbol in unique.values() if symbol.section in kept or _is_free(symbol)])


def _is_free(symbol: Symbol) -> bool:
    return not isinstance(symbol.section, Section)


def _join_by_name(state: Link) -> list[PlacedSection]:
    """The script's outputs first, then one output for each remaining name; offsets inside the outputs."""
    by_name = {output.name: output for output in state.outputs}
    for item in state.inputs.values():
        if item.output is not None or item.is_discarded:
            continue
        output = by_name.setdefault(item.section.name, PlacedSection(item.section.name, None))
        if item.section.type == SectionType.ARM_ATTRIBUTES and output.contents:
            continue  # the first object speaks for all
        item.output = output
        output.contents.append(item)
    for output in by_name.values():
        for item in output.inputs:
            item.offset = align_up(output.size, item.section.addralign)
            output.size = item.offset + item.section.size
    return list(by_name.values())


def _joined_section(output: PlacedSection) -> Section:
    inputs = [item.section for item in output.inputs]
    flags = 0
    for section in inputs:
        flags |= section.flags
    if any(section.entsize != inputs[0].entsize for section in inputs):
        flags &= ~(SectionFlag.MERGE | SectionFlag.STRINGS)
    kinds = {section.type for section in inputs if section.size} or {section.type for section in inputs}
    kind = kinds.pop() if len(kinds) == 1 else SectionType.PROGBITS
    alignment = max((section.addralign for section in inputs), default=1)
    if kind == SectionType.NOBITS:
        return Section(output.name, kind, flags, alignment, b"", output.size)
    data = bytearray(output.size)
    for item in output.inputs:
        data[item.offset : item.offset + len(item.section.data)] = item.section.data
    return Section(output.name, kind, flags, alignment, data, entsize=inputs[0].entsize if inputs else 0)


def _joined_symbols(state: Link, sections: dict[int, Section]) -> dict[int, Symbol]:
    """id() of each input symbol -> the symbol of the joined object; one per section, one per global name."""
    result: dict[int, Symbol] = {}
    section_symbols: dict[int, Symbol] = {}
    globals_by_name: dict[str, Symbol] = {}
    for name, definition in state.definitions.items():
        globals_by_name[name] = _moved(state, definition.symbol, sections)
    for _, obj in state.objects:
        for symbol in [*obj.symbols, *(r.symbol for section in obj.sections for r in section.relocations)]:
            if id(symbol) in result:
                continue
            if symbol.kind == SymbolKind.SECTION and isinstance(symbol.section, Section):
                item = state.inputs[id(symbol.section)]
                if item.output is not None:
                    joined = sections[id(item.output)]
                    result[id(symbol)] = section_symbols.setdefault(
                        id(joined), Symbol("", joined, kind=SymbolKind.SECTION)
                    )
            elif symbol.binding == SymbolBinding.LOCAL:
                result[id(symbol)] = symbol if symbol is NO_SYMBOL else _moved(state, symbol, sections)
            else:
                known = globals_by_name.setdefault(symbol.name, Symbol(symbol.name, UNDEF, binding=symbol.binding))
                if known.section is UNDEF and symbol.binding == SymbolBinding.GLOBAL:
                    known.binding = SymbolBinding.GLOBAL
                result[id(symbol)] = known
    return result


def _moved(state: Link, symbol: Symbol, sections: dict[int, Section]) -> Symbol:
    section, value = symbol.section, symbol.value
    if isinstance(section, Section):
        item = state.inputs[id(section)]
        if item.output is not None:
            section, value = sections[id(item.output)], value + item.offset
    return Symbol(symbol.name, section, value, symbol.size, symbol.kind, symbol.binding, symbol.visibility)


def _carry_relocations(
    state: Link, item: InputSection, output: PlacedSection, sections: dict[int, Section], symbols: dict[int, Symbol]
) -> None:
    """Moves the relocations of one input into its joined section."""
    joined = sections[id(output)]
    for relocation in item.section.relocations:
        at = item.offset + relocation.offset
        target = relocation.symbol
        if target.kind == SymbolKind.SECTION and isinstance(target.section, Section):
            before = state.inputs[id(target.section)].offset
            if before:
                _grow_addend(item, joined, at, relocation, before)
        joined.relocations.append(Relocation(at, relocation.type, symbols[id(target)]))


def _grow_addend(item: InputSection, joined: Section, at: int, relocation: Relocation, before: int) -> None:
    """Adds `before` bytes to the addend in the field at `at`."""
    rule = RULES.get(relocation.type)
    if rule is None:
        place = item.place_name(relocation.offset)
        raise LinkError(f"{place}: unknown relocation type {relocation.type}")
    data = joined.data
    assert isinstance(data, bytearray)
    (word,) = struct.unpack_from("<I", data, at)
    addend = rule.addend(word) + before
    changed = rule.with_addend(word, addend)
    if rule.addend(changed) != addend and rule.field.mask:
        place = item.place_name(relocation.offset)
        raise LinkError(f"{place}: addend {addend:#x} does not fit into {rule.field.name}")
    struct.pack_into("<I", data, at, changed)
