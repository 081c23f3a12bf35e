"""Runs of `.equ`, `.set` and `.macro`: what headers consist of, executed at one stroke.

A build includes the same headers from a hundred sources. Their numbers and macros are made once, and each assembly puts
them among its names. The symbols are shared by all assemblies: Assembler.own() gives a copy to who would change one.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from minikernel.errors import Location
from minikernel.toolchain.expression import Number
from minikernel.toolchain.flow_directives import macro_of
from minikernel.toolchain.lexer import Problem
from minikernel.toolchain.macros import Macro
from minikernel.toolchain.objects import share
from minikernel.toolchain.statement import Item, Statement, StatementKind
from minikernel.toolchain.symbol_directives import name_and_value
from minikernel.toolchain.symbols import Symbol

if TYPE_CHECKING:
    from minikernel.toolchain.assembler import Assembler


class Stroke(NamedTuple):
    """Neighbours in a run, and what they define; nothing, where one has to be executed by itself."""

    parts: list[Item]
    symbols: dict[str, Symbol]
    macros: dict[str, Macro]


def definitions(assembler: Assembler, statement: Statement) -> None:
    """A run: numbers and macros with new names at one stroke, all else one by one."""
    if statement.compiled is None:
        statement.compiled = list(_strokes(statement, assembler.frame.file))
    assembler.count(len(statement.parts))
    for parts, symbols, macros in statement.compiled:
        is_whole = len(parts) == len(symbols) + len(macros)
        known = symbols.keys() & assembler.symbols.keys() or macros.keys() & assembler.macros.keys()
        if is_whole and not known:
            assembler.symbols |= symbols
            assembler.macros |= macros
        else:
            for part, line in parts:
                assembler.execute(part, line)


def _strokes(statement: Statement, file: str) -> Iterator[Stroke]:
    stroke = Stroke([], {}, {})
    for part, line in statement.parts:
        if _define(stroke, part, file, line):
            stroke.parts.append((part, line))
            continue
        if stroke.parts:
            yield stroke
        yield Stroke([(part, line)], {}, {})
        stroke = Stroke([], {}, {})
    if stroke.parts:
        yield stroke


def _define(stroke: Stroke, part: Statement, file: str, line: int) -> bool:
    """Adds what the statement defines; False when it depends on others, or is wrong, which is told in its turn."""
    try:
        if part.kind is StatementKind.BLOCK:
            key, macro = macro_of(part, file, line)
            is_new = key not in stroke.macros and not key.startswith(".")
            if is_new:
                stroke.macros[key] = macro
        else:
            name, column, node = name_and_value(part)
            is_new = isinstance(node, Number) and name not in stroke.symbols and not name.startswith(".L")
            if is_new and isinstance(node, Number):
                stroke.symbols[name] = share(Symbol.constant(name, node.value, Location(file, line, column + 1)))
    except Problem:
        return False
    return is_new
