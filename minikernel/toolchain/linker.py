"""The linker: link() is the table of contents, one named pass per line, as mold's main.cc has it.

The result is what `arm-none-eabi-ld` makes of the same objects and script: the same bytes in the same sections at the
same addresses, and the same symbol values. Differences on purpose: an allocated section that the script forgot is an
error here (ld guesses a place), absolute local constants that several objects share are written once, and no veneers
are made for calls out of range.
"""

from __future__ import annotations

import struct
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fnmatch import translate
from functools import lru_cache
from operator import itemgetter
from re import compile as compile_pattern

from minikernel.elf.constants import R_ARM, SectionFlag, SectionType, SymbolBinding, SymbolKind, is_mapping_symbol
from minikernel.elf.object_file import ABS, COMMON, UNDEF, ObjectFile, Section, Symbol
from minikernel.elf.relocations import RULES
from minikernel.elf.write_image import ImageSectionSource, ImageSymbolSource, write_image
from minikernel.errors import LinkError, near_names
from minikernel.toolchain.layout import assign_addresses
from minikernel.toolchain.link_state import Definition, InputSection, Link, PlacedSection
from minikernel.toolchain.script import DISCARD, Assignment, Data, InputPattern, LinkerScript, OutputSection


@dataclass(frozen=True)
class SymbolProblem:
    """A symbol that is undefined or defined twice; `file` is the object where it is used or defined again."""

    file: str
    name: str
    message: str


class SymbolError(LinkError):
    """All SymbolProblems of one link; str() has places in objects, build.py turns them into places in sources."""

    def __init__(self, problems: Sequence[SymbolProblem], lines: list[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(lines))


_MAX_REPORTED = 20  # messages of one kind before "... and N more"
_NOP = 0x0320_F000  # without condition: what a branch to an undefined weak symbol becomes (AAELF32, "Weak references")
_DROPPED_SECTIONS = frozenset({".note.GNU-stack"})


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


def collect_input_sections(state: Link) -> None:
    """One InputSection for every section of every object."""
    for file, obj in state.objects:
        for section in obj.sections:
            if section.type != SectionType.GROUP:
                state.inputs[id(section)] = InputSection(file, section, is_discarded=section.name in _DROPPED_SECTIONS)


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
                message = f"duplicate symbol {symbol.name!r}: first in {_definition_place(known.file, known.symbol)}"
                problem = SymbolProblem(file, symbol.name, message)
                duplicates[problem] = f"{message}, again in {_definition_place(file, symbol)}"
    _raise_if_any(commons)
    _raise_symbol_problems(duplicates)


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
                where = _place_in(file, obj, section, relocation.offset)
                what, near = f"undefined symbol {symbol.name!r}", near_names(symbol.name, known)
                problems.setdefault(SymbolProblem(file, symbol.name, what + near), f"{what}: used in {where}{near}")
    _raise_symbol_problems(problems)


def place_input_sections(state: Link) -> None:
    """Gives each input section to the first pattern of the script that matches it."""
    candidates = _Candidates(state)
    seen: set[str] = set()
    for statement in state.script.statements:
        if not isinstance(statement, OutputSection):
            continue
        if statement.name == DISCARD:
            _discard(candidates, statement)
            continue
        if statement.name in seen:
            raise state.script.error_at(statement.location, f"a second output section {statement.name!r}")
        seen.add(statement.name)
        output = PlacedSection(statement.name, statement)
        for item in statement.statements:
            if isinstance(item, InputPattern):
                taken = candidates.take(item)
                for input_section in taken:
                    input_section.output = output
                output.contents.extend(taken)
            else:
                output.contents.append(item)
        state.outputs.append(output)


def _discard(candidates: _Candidates, statement: OutputSection) -> None:
    for item in statement.statements:
        if isinstance(item, InputPattern):
            for input_section in candidates.take(item):
                input_section.is_discarded = True


class _Candidates:
    """The input sections that no pattern has taken yet, findable by section name."""

    def __init__(self, state: Link) -> None:
        self._by_name: dict[str, list[tuple[int, InputSection]]] = defaultdict(list)
        for order, item in enumerate(state.inputs.values()):
            if not item.is_discarded:
                self._by_name[item.section.name].append((order, item))

    def take(self, pattern: InputPattern) -> list[InputSection]:
        """Removes and returns the matches: in link order, those of a sorted pattern by section name."""
        accepts_file = _matcher(pattern.file)
        taken: list[InputSection] = []
        in_link_order: list[tuple[int, InputSection]] = []
        for section_pattern in pattern.sections:
            excluded = [_matcher(file) for file in section_pattern.excluded]
            matched: list[tuple[int, InputSection]] = []
            for name in self._matching_names(section_pattern.pattern):
                here = [
                    row for row in self._by_name[name]
                    if accepts_file(row[1].file) and not any(rejects(row[1].file) for rejects in excluded)
                ]  # fmt: skip
                if here:
                    matched += here
                    self._remove(name, here)
            if section_pattern.by_name:
                matched.sort(key=lambda row: (row[1].section.name.encode(), row[0]))
                taken += [item for _, item in matched]
            else:
                in_link_order += matched
        in_link_order.sort(key=itemgetter(0))
        return taken + [item for _, item in in_link_order]

    def _matching_names(self, pattern: str) -> list[str]:
        if not any(character in pattern for character in "*?["):
            return [pattern] if pattern in self._by_name else []
        accepts = _matcher(pattern)
        return [name for name in self._by_name if accepts(name)]

    def _remove(self, name: str, rows: list[tuple[int, InputSection]]) -> None:
        gone = {order for order, _ in rows}
        left = [row for row in self._by_name[name] if row[0] not in gone]
        if left:
            self._by_name[name] = left
        else:
            del self._by_name[name]


@lru_cache(maxsize=1024)
def _matcher(pattern: str) -> Callable[[str], object]:
    """True-ish for names that the shell pattern matches (fnmatch(3) without flags, as ld uses it)."""
    if pattern == "*":
        return bool
    return compile_pattern(translate(pattern)).match


def refuse_orphans(state: Link) -> None:
    """An allocated section that no pattern names: ld would guess its place, we ask the author."""
    problems = []
    for item in state.inputs.values():
        if item.output is None and not item.is_discarded and item.section.flags & SectionFlag.ALLOC:
            if item.section.size:
                problems.append(
                    f"{item.file}: no place for section {item.section.name!r} ({item.section.size:#x} bytes): "
                    f"name it in {state.script.name} or put it into {DISCARD}"
                )
            item.is_discarded = True
    _raise_if_any(problems)


def append_debug_sections(state: Link) -> None:
    """Sections without memory (.ARM.attributes, .comment, debug) follow at address 0, joined by name."""
    by_name = {output.name: output for output in state.outputs}
    for item in state.inputs.values():
        if item.output is not None or item.is_discarded:
            continue
        output = by_name.get(item.section.name)
        if output is None:
            output = by_name[item.section.name] = PlacedSection(item.section.name, None)
            state.outputs.append(output)
        elif item.section.type == SectionType.ARM_ATTRIBUTES:
            item.is_discarded = True  # the first object speaks for all
            continue
        item.output, item.offset = output, output.size
        output.contents.append(item)
        output.size += item.section.size


def decide_kept_sections(state: Link) -> None:
    """Type and flags from the inputs; a section without bytes and without `. =` does not appear in the output."""
    for output in state.outputs:
        inputs = [item.section for item in output.inputs]
        has_data = any(isinstance(item, Data) for item in output.contents)
        moves_dot = any(isinstance(item, Assignment) and item.name == "." for item in output.contents)
        output.is_kept = has_data or moves_dot or any(section.size for section in inputs)
        output.flags = 0
        for section in inputs:
            output.flags |= section.flags
        output.flags &= SectionFlag.ALLOC | SectionFlag.WRITE | SectionFlag.EXECINSTR
        output.type = _output_type(inputs, has_data, output.script is not None and output.script.noload)
        if has_data:
            output.flags |= SectionFlag.ALLOC
        elif moves_dot and not inputs:  # only `. = . + n`: room without bytes, as ld makes it
            output.flags, output.type = SectionFlag.ALLOC | SectionFlag.WRITE, SectionType.NOBITS
        if output.script is None:
            output.addralign = max((section.addralign for section in inputs), default=1)


def _output_type(inputs: list[Section], has_data: bool, noload: bool) -> int:
    if noload:
        return SectionType.NOBITS
    types = {section.type for section in inputs if section.size} or {section.type for section in inputs}
    if has_data or not types:
        return SectionType.PROGBITS
    return types.pop() if len(types) == 1 else SectionType.PROGBITS


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
    _raise_if_any(problems)


def _relocate_section(
    state: Link, file: str, obj: ObjectFile, item: InputSection, data: bytearray, problems: list[str]
) -> None:
    start, addr, section = item.offset, item.addr, item.section
    is_loaded = bool(section.flags & SectionFlag.ALLOC)
    unpack, pack = struct.Struct("<I").unpack_from, struct.Struct("<I").pack_into
    for relocation in section.relocations:
        rule = RULES.get(relocation.type)
        if rule is None or not 0 <= relocation.offset <= section.size - 4:
            what = f"unknown relocation type {relocation.type}" if rule is None else "relocation outside the section"
            problems.append(f"{_place_in(file, obj, section, relocation.offset)}: {what}")
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
        if is_loaded and _is_discarded(state, symbol):
            problems.append(_discarded_message(state, file, obj, section, relocation.offset, symbol))
            continue
        word, problem = rule.relocate(word, s, addr + relocation.offset)
        if problem:
            where = _place_in(file, obj, section, relocation.offset)
            name = R_ARM(relocation.type).name
            problems.append(f"{where}: R_ARM_{name} to {_symbol_text(symbol)} at {s:#010x}: {problem}")
            continue
        pack(data, at, word)


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
    constants: set[tuple[str, int]] = set()

    def add(symbol: Symbol) -> None:
        if symbol.section is ABS:
            if symbol.binding == SymbolBinding.LOCAL and symbol.kind != SymbolKind.FILE:
                if (symbol.name, symbol.value) in constants:
                    return
                constants.add((symbol.name, symbol.value))
            value, place = symbol.value & 0xFFFF_FFFF, None
        else:
            assert isinstance(symbol.section, Section)
            item = state.inputs[id(symbol.section)]
            if item.output is None:
                return
            value, place = item.addr + symbol.value, neighbours.get(id(item.output))
        symbols.append(ImageSymbolSource(symbol.name, value, symbol.size, symbol.kind, symbol.binding, place))

    for _, obj in state.objects:
        for symbol in obj.symbols:
            if symbol.binding == SymbolBinding.LOCAL and symbol.kind != SymbolKind.SECTION:
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


def _raise_if_any(problems: list[str]) -> None:
    if problems:
        raise LinkError("\n".join(_first_lines(problems)))


def _raise_symbol_problems(problems: dict[SymbolProblem, str]) -> None:
    if problems:
        raise SymbolError(list(problems)[:_MAX_REPORTED], _first_lines(list(problems.values())))


def _first_lines(problems: list[str]) -> list[str]:
    more = len(problems) - _MAX_REPORTED
    return problems[:_MAX_REPORTED] + ([f"... and {more} more"] if more > 0 else [])


def _assigned_names(script: LinkerScript) -> list[str]:
    names = []
    for statement in script.statements:
        if isinstance(statement, Assignment):
            names.append(statement.name)
        elif isinstance(statement, OutputSection):
            names += [item.name for item in statement.statements if isinstance(item, Assignment)]
    return names


def _definition_place(file: str, symbol: Symbol) -> str:
    return f"{file} ({symbol.section.name}+{symbol.value:#x})"


def _symbol_text(symbol: Symbol) -> str:
    return repr(symbol.name) if symbol.name else f"section {symbol.section.name!r}"


def _place_in(file: str, obj: ObjectFile, section: Section, offset: int) -> str:
    """`drivers/gic.o (.text+0x14, in gic_init)`: the nearest named symbol at or before the place."""
    best: Symbol | None = None
    for symbol in obj.symbols:
        if symbol.section is section and symbol.value <= offset and symbol.name and not is_mapping_symbol(symbol.name):
            best = symbol if best is None or symbol.value >= best.value else best
    inside = f", in {best.name}" if best is not None else ""
    return f"{file} ({section.name}+{offset:#x}{inside})"


def _discarded_message(state: Link, file: str, obj: ObjectFile, section: Section, offset: int, symbol: Symbol) -> str:
    target = symbol
    if symbol.binding != SymbolBinding.LOCAL:
        target = state.definitions[symbol.name].symbol
    return (
        f"{_place_in(file, obj, section, offset)}: refers to {_symbol_text(symbol)}, "
        f"which lies in the discarded section {target.section.name!r}"
    )
