"""Which input section goes into which output section: the patterns of the script, in order, first match wins.

Addresses come later (layout.py). Here is also decided what an output section is: its type, its flags, whether it
appears in the file at all.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from fnmatch import translate
from functools import lru_cache
from operator import itemgetter
from re import compile as compile_pattern

from minikernel.bits import align_up
from minikernel.elf.constants import SectionFlag, SectionType
from minikernel.elf.object_file import Section
from minikernel.toolchain.link_messages import raise_if_any
from minikernel.toolchain.link_state import InputSection, Link, PlacedSection
from minikernel.toolchain.script import DISCARD, Assignment, Data, InputPattern, OutputSection

_DROPPED_SECTIONS = frozenset({".note.GNU-stack"})


def collect_input_sections(state: Link) -> None:
    """One InputSection for every section of every object."""
    for file, obj in state.objects:
        for section in obj.sections:
            if section.type != SectionType.GROUP:
                state.inputs[id(section)] = InputSection(file, section, is_discarded=section.name in _DROPPED_SECTIONS)


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
    raise_if_any(problems)


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
        item.output, item.offset = output, align_up(output.size, max(item.section.addralign, 1))
        output.contents.append(item)
        output.size = item.offset + item.section.size


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
