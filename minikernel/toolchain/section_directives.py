"""Directives that choose the section."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from minikernel.elf.constants import SectionFlag, SectionType
from minikernel.errors import near_names
from minikernel.toolchain.expression import Number
from minikernel.toolchain.lexer import Kind, Problem
from minikernel.toolchain.operands import Operands, no_operands
from minikernel.toolchain.statement import Statement
from minikernel.toolchain.symbols import SectionBuilder

if TYPE_CHECKING:
    from minikernel.toolchain.assembler import Assembler

Directive = Callable[["Assembler", Statement], None]

_FLAG_LETTERS = {
    "a": SectionFlag.ALLOC,
    "w": SectionFlag.WRITE,
    "x": SectionFlag.EXECINSTR,
    "M": SectionFlag.MERGE,
    "S": SectionFlag.STRINGS,
}
_SECTION_TYPES = {
    "progbits": SectionType.PROGBITS,
    "nobits": SectionType.NOBITS,
    "note": SectionType.NOTE,
}
_A, _W, _X = SectionFlag.ALLOC, SectionFlag.WRITE, SectionFlag.EXECINSTR
# What GNU as takes for a section that is named without flags; the longest name that fits counts.
_KNOWN_SECTIONS: dict[str, tuple[SectionType, int]] = {
    ".text": (SectionType.PROGBITS, _A | _X),
    ".init": (SectionType.PROGBITS, _A | _X),
    ".fini": (SectionType.PROGBITS, _A | _X),
    ".data": (SectionType.PROGBITS, _A | _W),
    ".rodata": (SectionType.PROGBITS, _A),
    ".bss": (SectionType.NOBITS, _A | _W),
    ".note": (SectionType.NOTE, 0),
    ".comment": (SectionType.PROGBITS, 0),
}
_EXACT_ONLY = frozenset((".init", ".fini", ".comment"))
# Names that GNU as knows more about than this table.
_NEED_FLAGS = (
    ".init_array",
    ".fini_array",
    ".preinit_array",
    ".tbss",
    ".tdata",
    ".noinit",
    ".persistent",
    ".ctors",
    ".dtors",
    ".dyn",
    ".got",
    ".hash",
    ".interp",
    ".rel",
    ".gnu",
    ".ARM",
    ".shstrtab",
    ".strtab",
    ".symtab",
    ".stab",
    ".eh_frame",
)
_SECTION_NAME = re.compile(r'\s*(?:"([^"]+)"|([^\s,;"]+))\s*')


def _known_section(name: str) -> tuple[SectionType, int] | None:
    for known, what in _KNOWN_SECTIONS.items():
        if name == known or (known not in _EXACT_ONLY and name.startswith(known + ".")):
            return what
    return None


def _parse_section(statement: Statement) -> tuple[str, int | None, SectionType | None, int, int]:
    """NAME, "flags", %type, entsize: name, flags, type, entsize, column of the flags."""
    match = _SECTION_NAME.match(statement.text, statement.operands_column)
    if match is None:
        raise Problem("expected a section's name", statement.operands_column)
    name = match.group(1) or match.group(2)
    operands = Operands(statement, match.end())
    flags: int | None = None
    kind: SectionType | None = None
    entsize = 0
    column = match.end()
    if operands.accept(","):
        token = operands.next
        if token.kind is Kind.NUMBER:
            raise Problem("subsections are not in this dialect", token.column)
        if token.kind is not Kind.STRING:
            raise Problem(f'expected the flags as "ax", found {operands.found()}', token.column)
        column = token.column
        operands.index += 1
        flags = _flags(str(token.value), token.column)
        if operands.accept(","):
            kind = _section_type(operands)
            if operands.accept(","):
                entsize = _entsize(operands, flags)
    operands.end()
    if flags is not None and flags & SectionFlag.MERGE and not entsize:
        raise Problem('a section with flag "M" needs an entry size: "aM",%progbits,4', column)
    return name, flags, kind, entsize, column


def _flags(letters: str, column: int) -> int:
    flags = 0
    for position, letter in enumerate(letters, 1):
        if letter not in _FLAG_LETTERS:
            known = ", ".join(_FLAG_LETTERS)
            raise Problem(f"unknown section flag `{letter}`; known: {known}", column + position)
        flags |= _FLAG_LETTERS[letter]
    return flags


def _section_type(operands: Operands) -> SectionType:
    operands.accept("%")
    word, column = operands.name("%progbits or %nobits")
    if word.lower() not in _SECTION_TYPES:
        raise Problem(f"unknown section type `{word}`{near_names(word, _SECTION_TYPES)}", column)
    return _SECTION_TYPES[word.lower()]


def _entsize(operands: Operands, flags: int) -> int:
    token = operands.next
    node = operands.expression()
    if not isinstance(node, Number) or not 0 < node.value < 1 << 16:
        raise Problem("expected the entry size, a small number", token.column)
    if not flags & SectionFlag.MERGE:
        raise Problem('only a section with flag "M" has an entry size', token.column)
    return node.value


def _enter_section(assembler: Assembler, statement: Statement) -> None:
    if statement.compiled is None:
        statement.compiled = _parse_section(statement)
    name, flags, kind, entsize, column = statement.compiled
    section = assembler.sections.get(name)
    if section is None:
        if flags is None and name.startswith(_NEED_FLAGS):
            raise Problem(f'give the flags of `{name}`, as in .section {name},"aw"', column)
        default_kind, default_flags = _known_section(name) or (SectionType.PROGBITS, 0)
        section = SectionBuilder(
            name, kind if kind is not None else default_kind, default_flags if flags is None else flags, entsize
        )
        assembler.sections[name] = section
    elif (flags is not None and flags != section.flags) or (kind is not None and kind != section.type):
        raise Problem(f"`{name}` was opened before with other flags or another type", column)
    assembler.section = section


def _section(assembler: Assembler, statement: Statement) -> None:
    """.section NAME, "flags", %type, entsize"""
    before = assembler.section
    _enter_section(assembler, statement)
    assembler.previous = before


def _pushsection(assembler: Assembler, statement: Statement) -> None:
    """.pushsection: as .section, .popsection comes back."""
    stack = assembler.section_stack
    if len(stack) >= 100:
        raise Problem("100 .pushsection without .popsection")
    before = (assembler.section, assembler.previous)
    _section(assembler, statement)
    stack.append(before)


def _popsection(assembler: Assembler, statement: Statement) -> None:
    """.popsection"""
    no_operands(statement)
    if not assembler.section_stack:
        raise Problem(".popsection without .pushsection")
    assembler.section, assembler.previous = assembler.section_stack.pop()


def _previous(assembler: Assembler, statement: Statement) -> None:
    """.previous: change places with the section before."""
    no_operands(statement)
    if assembler.previous is None:
        raise Problem(".previous without a section before")
    assembler.section, assembler.previous = assembler.previous, assembler.section


def _standard_section(assembler: Assembler, statement: Statement) -> None:
    """.text .data .bss"""
    no_operands(statement)
    assembler.previous = assembler.section
    assembler.section = assembler.sections[statement.op]


def _ltorg(assembler: Assembler, statement: Statement) -> None:
    """.ltorg, .pool: write the waiting literals here."""
    no_operands(statement)
    assembler.code.dump_pool(assembler.section)


SECTION_DIRECTIVES: dict[str, Directive] = {
    ".section": _section,
    ".pushsection": _pushsection,
    ".popsection": _popsection,
    ".previous": _previous,
    ".text": _standard_section,
    ".data": _standard_section,
    ".bss": _standard_section,
    ".ltorg": _ltorg,
    ".pool": _ltorg,
}
