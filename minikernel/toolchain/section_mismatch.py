"""References from memory that stays to memory that is freed: what modpost calls a section mismatch.

The rules and the texts are those of Linux's scripts/mod/modpost.c, with `.rodata` treated as data. Who knows better
says so: code in .ref.text (REF_TEXT), data in .ref.data (REF_DATA), or a table whose name says that it is used while
its functions are there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import NamedTuple

from minikernel.elf.constants import SectionFlag, SymbolBinding, SymbolKind, is_mapping_symbol
from minikernel.elf.object_file import ObjectFile, Relocation, Section, Symbol
from minikernel.elf.relocations import RULES

_TEXT = (".text", ".text.*", ".head.text")
_DATA = (".data", ".data.*", ".rodata", ".rodata.*", "__param")
_INIT = (".init.*",)
_EXIT = (".exit.*",)
_EXPORT = ("___ksymtab*", "__ksymtab", "__ksymtab_gpl")
WHITELIST = ("*_template", "*_timer", "*_sht", "*_ops", "*_probe", "*_probe_one", "*_console")


class Rule(NamedTuple):
    """References from `sources` to `targets` are wrong, except from symbols that match `allowed`."""

    sources: tuple[str, ...]
    targets: tuple[str, ...]
    allowed: tuple[str, ...] = ()


RULES_OF_LIFE = (
    Rule(_TEXT, (*_INIT, *_EXIT)),
    Rule(_DATA, (*_INIT, *_EXIT), WHITELIST),
    Rule(_INIT, _EXIT),
    Rule(_EXIT, _INIT),
    Rule(_EXPORT, (*_INIT, *_EXIT)),
)


def section_mismatches(objects: Sequence[tuple[str, ObjectFile]]) -> list[str]:
    """One line for each mismatch inside and between the objects; the same pair of places is told once."""
    definitions = _definitions(obj for _, obj in objects)
    found: dict[str, None] = {}
    for file, obj in objects:
        for section in obj.sections:
            if not section.flags & SectionFlag.ALLOC:
                continue
            for relocation in section.relocations:
                target = _target(relocation.symbol, definitions)
                if target is None or not isinstance(target.section, Section):
                    continue
                rule = _broken_rule(section.name, target.section.name)
                if rule is not None:
                    line = _report(file, obj, section, relocation, target, rule)
                    if line:
                        found[line] = None
    return list(found)


def _definitions(objects: Iterable[ObjectFile]) -> dict[str, Symbol]:
    return {
        symbol.name: symbol
        for obj in objects
        for symbol in obj.symbols
        if symbol.binding != SymbolBinding.LOCAL and isinstance(symbol.section, Section)
    }


@lru_cache(maxsize=4096)
def _broken_rule(source: str, target: str) -> Rule | None:
    """The rule against a reference from one section to another."""
    wrong = (rule for rule in RULES_OF_LIFE if _matches(source, rule.sources) and _matches(target, rule.targets))
    return next(wrong, None)


def _matches(name: str, patterns: Iterable[str]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def _target(symbol: Symbol, definitions: Mapping[str, Symbol]) -> Symbol | None:
    if isinstance(symbol.section, Section):
        return symbol
    return definitions.get(symbol.name)


def _report(
    file: str, obj: ObjectFile, section: Section, relocation: Relocation, target: Symbol, rule: Rule
) -> str | None:
    source = _nearest(obj, section, relocation.offset)
    if source is not None and _matches(source.name, rule.allowed):
        return None
    assert isinstance(target.section, Section)
    return (
        f"{file}: section mismatch in reference: {_place(source, relocation.offset)} (section: {section.name}) -> "
        f"{_target_name(obj, relocation, target)} (section: {target.section.name})"
    )


def _place(source: Symbol | None, offset: int) -> str:
    return f"{offset:#x}" if source is None else f"{source.name}+{offset - source.value:#x}"


def _target_name(obj: ObjectFile, relocation: Relocation, target: Symbol) -> str:
    """A section symbol with an addend names the symbol there."""
    if target.name:
        return target.name
    assert isinstance(target.section, Section)
    rule = RULES.get(relocation.type)
    place = next(s for s in obj.sections if any(r is relocation for r in s.relocations))
    word = int.from_bytes(place.data[relocation.offset : relocation.offset + 4], "little")
    addend = rule.addend(word) + (8 if rule.is_branch else 0) if rule is not None else 0
    named = _nearest(obj, target.section, target.value + addend)
    return named.name if named is not None else f"{addend:#x}"


def _nearest(obj: ObjectFile, section: Section, offset: int) -> Symbol | None:
    """The function, object or label at or before the offset."""
    best: Symbol | None = None
    for symbol in obj.symbols:
        if symbol.section is not section or not 0 <= symbol.value <= offset or symbol.kind == SymbolKind.SECTION:
            continue
        if not symbol.name or is_mapping_symbol(symbol.name):
            continue
        if best is None or _rank(symbol) >= _rank(best):
            best = symbol
    return best


def _rank(symbol: Symbol) -> tuple[int, bool]:
    return symbol.value, symbol.kind in (SymbolKind.FUNC, SymbolKind.OBJECT)
