"""The linker: link() is the table of contents, one named pass per line, as mold's main.cc has it.

The result is what `arm-none-eabi-ld` makes of the same objects and script: the same bytes in the same sections at the
same addresses, and the same symbol values. Differences on purpose: an allocated section that the script forgot is an
error here (ld guesses a place), absolute local constants that several objects share are written once, and no veneers
are made for calls out of range.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence

from minikernel.elf.constants import R_ARM, SectionFlag, SectionType, SymbolBinding, SymbolKind, is_mapping_symbol
from minikernel.elf.object_file import ABS, COMMON, UNDEF, ObjectFile, Section, Symbol
from minikernel.elf.relocations import RULES
from minikernel.elf.write_image import ImageSectionSource, ImageSymbolSource, write_image
from minikernel.errors import LinkError, near_names
from minikernel.toolchain.layout import assign_addresses
from minikernel.toolchain.link_messages import (
    SymbolProblem,
    definition_place,
    place_in,
    raise_if_any,
    raise_symbol_problems,
)
from minikernel.toolchain.link_state import Definition, InputSection, Link
from minikernel.toolchain.script import Assignment, LinkerScript, OutputSection
from minikernel.toolchain.section_placement import (
    append_debug_sections,
    collect_input_sections,
    decide_kept_sections,
    place_input_sections,
    refuse_orphans,
)

_LOCAL, _SECTION, _FILE = SymbolBinding.LOCAL, SymbolKind.SECTION, SymbolKind.FILE
_NOP = 0x0320_F000  # without condition: what a branch to an undefined weak symbol becomes (AAELF32, "Weak references")


def link(objects: Sequence[tuple[str, ObjectFile]], script: LinkerScript) -> bytes:
    """An ET_EXEC of the (name, object) pairs in link order. Raises LinkError with all problems, or SourceError."""
    state = prepare(objects, script)
    assign_addresses(state)  # from here on every address is final
    return finish(state)


def prepare(objects: Sequence[tuple[str, ObjectFile]], script: LinkerScript) -> Link:
    """Everything before addresses: whose symbol is whose, and which section goes where."""
    state = Link(objects, script)
    collect_input_sections(state)
    resolve_symbols(state)
    report_undefined_symbols(state)  # beyond this point no new names appear
    place_input_sections(state)
    refuse_orphans(state)
    append_debug_sections(state)
    decide_kept_sections(state)
    return state


def finish(state: Link) -> bytes:
    """Everything after addresses: bytes, relocations, symbols, the file."""
    contents = build_contents(state)
    apply_relocations(state, contents)
    sections = output_sections(state, contents)
    symbols = output_symbols(state, sections)
    return write_image(entry_address(state), list(sections.values()), symbols)


# --- before addresses -------------------------------------------------------------------------------------------------


def resolve_symbols(state: Link) -> None:
    """Chooses the definition of every global: strong before weak, the first of several weak; two strong is an error."""
    commons: list[str] = []
    duplicates: dict[SymbolProblem, str] = {}
    for file, obj in state.objects:
        for symbol in obj.symbols:
            if symbol.binding == SymbolBinding.LOCAL:
                continue
            if symbol.section is UNDEF:
                state.referenced.add(symbol.name)
                continue
            if symbol.section is COMMON:
                commons.append(f"{file}: common symbol {symbol.name!r}: define it in .bss (with gcc: -fno-common)")
                continue
            known = state.definitions.get(symbol.name)
            if known is None or (known.symbol.binding == SymbolBinding.WEAK and symbol.binding == SymbolBinding.GLOBAL):
                state.definitions[symbol.name] = Definition(file, symbol)
            elif known.symbol.binding == SymbolBinding.GLOBAL and symbol.binding == SymbolBinding.GLOBAL:
                message = f"duplicate symbol {symbol.name!r}: first in {definition_place(known.file, known.symbol)}"
                problem = SymbolProblem(file, symbol.name, message)
                duplicates[problem] = f"{message}, again in {definition_place(file, symbol)}"
    raise_if_any(commons)
    raise_symbol_problems(duplicates)


def report_undefined_symbols(state: Link) -> None:
    """Every reference to a name that neither an object nor the script defines; weak ones are allowed and read as 0."""
    script_names = set(_assigned_names(state.script))
    unknown = {name for name in state.referenced if name not in state.definitions and name not in script_names}
    if not unknown:
        return
    known = [*state.definitions, *script_names]
    problems: dict[SymbolProblem, str] = {}
    for file, obj in state.objects:
        for section in obj.sections:
            reported: set[str] = set()
            for relocation in section.relocations:
                symbol = relocation.symbol
                if symbol.name not in unknown or symbol.section is not UNDEF or symbol.name in reported:
                    continue
                if symbol.binding == SymbolBinding.WEAK:
                    continue
                reported.add(symbol.name)
                where = place_in(file, obj, section, relocation.offset)
                what, near = f"undefined symbol {symbol.name!r}", near_names(symbol.name, known)
                problems.setdefault(SymbolProblem(file, symbol.name, what + near), f"{what}: used in {where}{near}")
    raise_symbol_problems(problems)


# --- after addresses --------------------------------------------------------------------------------------------------


def build_contents(state: Link) -> dict[int, bytearray]:
    """The bytes of each kept output section by id(), inputs at their offsets, gaps zero."""
    contents = {}
    for output in state.outputs:
        if not output.is_kept or output.is_nobits:
            continue
        data = bytearray(output.size)
        for item in output.inputs:
            if item.section.type != SectionType.NOBITS:
                data[item.offset : item.offset + item.section.size] = item.section.data
        for offset, size, value in output.data_at:
            data[offset : offset + size] = (value & ((1 << 8 * size) - 1)).to_bytes(size, "little")
        contents[id(output)] = data
    return contents


def apply_relocations(state: Link, contents: dict[int, bytearray]) -> None:
    """Changes every relocated field once (elf/relocations.py); all that do not fit are reported together."""
    problems: list[str] = []
    for file, obj in state.objects:
        for section in obj.sections:
            if not section.relocations:
                continue
            item = state.inputs[id(section)]
            if item.output is not None and id(item.output) in contents:
                _relocate_section(state, file, obj, item, contents[id(item.output)], problems)
    raise_if_any(problems)


def _relocate_section(
    state: Link, file: str, obj: ObjectFile, item: InputSection, data: bytearray, problems: list[str]
) -> None:
    start, addr, section = item.offset, item.addr, item.section
    is_loaded = bool(section.flags & SectionFlag.ALLOC)
    unpack, pack = struct.Struct("<I").unpack_from, struct.Struct("<I").pack_into
    last = section.size - 4
    for relocation in section.relocations:
        rule = RULES.get(relocation.type)
        if rule is None or not 0 <= relocation.offset <= last:
            what = f"unknown relocation type {relocation.type}" if rule is None else "relocation outside the section"
            problems.append(f"{place_in(file, obj, section, relocation.offset)}: {what}")
            continue
        at = start + relocation.offset
        (word,) = unpack(data, at)
        symbol = relocation.symbol
        s = _relocation_target(state, symbol)
        if s is None:
            if rule.is_branch and symbol.binding == SymbolBinding.WEAK:
                pack(data, at, word & 0xF000_0000 | _NOP)
                continue
            s = 0
        if _is_discarded(state, symbol):
            if is_loaded:
                problems.append(_discarded_message(state, file, obj, section, relocation.offset, symbol))
            else:
                pack(data, at, _nowhere(section))
            continue
        word, problem = rule.relocate(word, s, addr + relocation.offset)
        if problem:
            where = place_in(file, obj, section, relocation.offset)
            name = R_ARM(relocation.type).name
            problems.append(f"{where}: R_ARM_{name} to {_symbol_text(symbol)} at {s:#010x}: {problem}")
            continue
        pack(data, at, word)


def _nowhere(section: Section) -> int:
    """What ld writes in a debug section for code that was discarded; in .debug_ranges two zeros would end the list."""
    return 1 if section.name == ".debug_ranges" else 0


def _relocation_target(state: Link, symbol: Symbol) -> int | None:
    """S; None for an undefined weak symbol."""
    if symbol.binding == SymbolBinding.LOCAL:
        return state.local_address(symbol)
    return state.global_address(symbol.name)


def _is_discarded(state: Link, symbol: Symbol) -> bool:
    if symbol.binding != SymbolBinding.LOCAL:
        if symbol.name in state.script_symbols or symbol.name not in state.definitions:
            return False
        symbol = state.definitions[symbol.name].symbol
    return isinstance(symbol.section, Section) and state.inputs[id(symbol.section)].is_discarded


def output_sections(state: Link, contents: dict[int, bytearray]) -> dict[int, ImageSectionSource]:
    """The kept sections in order of the script, by id() of the PlacedSection."""
    return {
        id(output): ImageSectionSource(
            output.name,
            output.type,
            output.flags,
            output.addr,
            output.lma,
            contents.get(id(output), b""),
            output.size,
            output.addralign,
        )
        for output in state.outputs
        if output.is_kept
    }


def output_symbols(state: Link, sections: dict[int, ImageSectionSource]) -> list[ImageSymbolSource]:
    """Locals of every object, the chosen globals, the script's symbols. Equal absolute locals are written once."""
    neighbours = _neighbours(state, sections)
    symbols: list[ImageSymbolSource] = []

    def add(symbol: Symbol) -> None:
        if symbol.section is ABS:
            value, place = symbol.value & 0xFFFF_FFFF, None
        else:
            assert isinstance(symbol.section, Section)
            item = state.inputs[id(symbol.section)]
            if item.output is None:
                return
            value, place = item.addr + symbol.value, neighbours.get(id(item.output))
        symbols.append(ImageSymbolSource(symbol.name, value, symbol.size, symbol.kind, symbol.binding, place))

    constants: set[tuple[str, int]] = set()
    for _, obj in state.objects:
        for symbol in obj.symbols:
            if symbol.binding == _LOCAL and symbol.kind != _SECTION:
                if symbol.section is ABS and symbol.kind != _FILE:  # nine of ten: the headers' constants in each object
                    constant = (symbol.name, symbol.value)
                    if constant in constants:
                        continue
                    constants.add(constant)
                add(symbol)
    for name, definition in state.definitions.items():
        if name not in state.script_symbols:
            add(definition.symbol)
    for name, by_script in state.script_symbols.items():
        place = neighbours.get(id(by_script.section)) if by_script.section is not None else None
        symbols.append(ImageSymbolSource(name, by_script.value, 0, SymbolKind.NOTYPE, SymbolBinding.GLOBAL, place))
    return symbols + _data_marks(state, sections)


def _data_marks(state: Link, sections: dict[int, ImageSectionSource]) -> list[ImageSymbolSource]:
    """A `$d` over each loaded input without mapping symbols, for disassemblers."""
    marked = {
        id(symbol.section)
        for _, obj in state.objects
        for symbol in obj.symbols
        if symbol.name.startswith("$") and is_mapping_symbol(symbol.name)
    }
    return [
        ImageSymbolSource("$d", item.addr, 0, SymbolKind.NOTYPE, SymbolBinding.LOCAL, sections[id(output)])
        for output in state.outputs
        if output.is_allocated and id(output) in sections
        for item in output.inputs
        if item.section.size and item.section.type != SectionType.NOBITS and id(item.section) not in marked
    ]


def _neighbours(state: Link, sections: dict[int, ImageSectionSource]) -> dict[int, ImageSectionSource]:
    """For each output section itself; for one that was left out the kept one before it, else the one after."""
    found: dict[int, ImageSectionSource] = {}
    kept = [output for output in state.outputs if id(output) in sections and output.is_allocated]
    last = sections[id(kept[0])] if kept else None
    for output in state.outputs:
        if id(output) in sections:
            found[id(output)] = sections[id(output)]
            if output.is_allocated:
                last = sections[id(output)]
        elif last is not None:
            found[id(output)] = last
    return found


def entry_address(state: Link) -> int:
    """The value of ENTRY's symbol. Raises LinkError when the script names none or nothing defines it."""
    name = state.script.entry
    if name is None:
        raise LinkError(f"{state.script.name}: expected ENTRY(symbol): where does the program begin?")
    address = state.global_address(name)
    if address is None:
        known = (*state.definitions, *state.script_symbols)
        raise LinkError(f"{state.script.name}: ENTRY({name}): no such symbol{near_names(name, known)}")
    return address


# --- messages ---------------------------------------------------------------------------------------------------------


def _assigned_names(script: LinkerScript) -> list[str]:
    names = []
    for statement in script.statements:
        if isinstance(statement, Assignment):
            names.append(statement.name)
        elif isinstance(statement, OutputSection):
            names += [item.name for item in statement.statements if isinstance(item, Assignment)]
    return names


def _symbol_text(symbol: Symbol) -> str:
    return repr(symbol.name) if symbol.name else f"section {symbol.section.name!r}"


def _discarded_message(state: Link, file: str, obj: ObjectFile, section: Section, offset: int, symbol: Symbol) -> str:
    target = symbol
    if symbol.binding != SymbolBinding.LOCAL:
        target = state.definitions[symbol.name].symbol
    return (
        f"{place_in(file, obj, section, offset)}: refers to {_symbol_text(symbol)}, "
        f"which lies in the discarded section {target.section.name!r}"
    )
