"""Directives about symbols: .global, .type, .size, .set and their kin."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from minikernel.elf.constants import SymbolBinding, SymbolKind
from minikernel.errors import Location
from minikernel.toolchain.expression import Node, NotYet, Number
from minikernel.toolchain.lexer import Problem
from minikernel.toolchain.operands import Operands
from minikernel.toolchain.statement import Item, Statement
from minikernel.toolchain.symbols import Symbol

if TYPE_CHECKING:
    from minikernel.toolchain.assembler import Assembler

Directive = Callable[["Assembler", Statement], None]


def _for_names(act: Callable[[Symbol], None]) -> Directive:
    """.global and its kin: a list of names."""

    def directive(assembler: Assembler, statement: Statement) -> None:
        if statement.compiled is None:
            operands = Operands(statement)
            names = [operands.name("a symbol's name")[0]]
            while operands.accept(","):
                names.append(operands.name("a symbol's name")[0])
            operands.end()
            statement.compiled = names
        for name in statement.compiled:
            act(assembler.lookup(name))

    return directive


def _make_global(symbol: Symbol) -> None:
    if symbol.binding != SymbolBinding.WEAK:
        symbol.binding = SymbolBinding.GLOBAL
    symbol.is_wanted = True


def _make_weak(symbol: Symbol) -> None:
    symbol.binding = SymbolBinding.WEAK


def _make_local(symbol: Symbol) -> None:
    symbol.binding = SymbolBinding.LOCAL


def _visibility(value: int) -> Callable[[Symbol], None]:
    def act(symbol: Symbol) -> None:
        symbol.visibility = value
        symbol.is_wanted = True

    return act


_KINDS = {
    "function": SymbolKind.FUNC,
    "object": SymbolKind.OBJECT,
    "notype": SymbolKind.NOTYPE,
    "stt_func": SymbolKind.FUNC,
    "stt_object": SymbolKind.OBJECT,
    "stt_notype": SymbolKind.NOTYPE,
}


def _type(assembler: Assembler, statement: Statement) -> None:
    """.type NAME, %function"""
    if statement.compiled is None:
        operands = Operands(statement)
        name, _ = operands.name("a symbol's name")
        operands.accept(",")
        if not operands.accept("%"):
            operands.accept("#")
        word, column = operands.name("%function or %object")
        if word.lower() not in _KINDS:
            raise Problem(f"expected %function, %object or %notype, found `{word}`", column)
        operands.end()
        statement.compiled = name, _KINDS[word.lower()]
    name, kind = statement.compiled
    symbol = assembler.lookup(name)
    symbol.kind = kind
    symbol.is_wanted = True


def _size(assembler: Assembler, statement: Statement) -> None:
    """.size NAME, EXPRESSION"""
    if statement.compiled is None:
        operands = Operands(statement)
        name, _ = operands.name("a symbol's name")
        operands.accept(",")
        statement.compiled = name, operands.expression()
        operands.end()
    name, node = statement.compiled
    symbol = assembler.lookup(name)
    symbol.is_wanted = True
    try:
        value = node.evaluate(assembler)
    except NotYet:
        value = None
    if isinstance(value, int):
        symbol.size = value & 0xFFFF_FFFF
        symbol.size_definition = None
    else:
        symbol.size_definition = node.bind(assembler), assembler.position()


def _set(assembler: Assembler, statement: Statement) -> None:
    """.set NAME, EXPRESSION"""
    assembler.set_symbol(*_name_and_value(statement))


def _name_and_value(statement: Statement) -> tuple[str, int, Node]:
    """Name, its column, expression."""
    if statement.compiled is None:
        operands = Operands(statement)
        name, column = operands.name("a symbol's name")
        operands.expect(",")
        node = operands.expression()
        operands.end()
        statement.compiled = name, column, node
    compiled: tuple[str, int, Node] = statement.compiled
    return compiled


class _Stroke(NamedTuple):
    """Neighbours among several `.set`: all numbers, which `numbers` has by name; or one that is none."""

    numbers: dict[str, tuple[int, Location]]
    parts: list[Item]


def constants(assembler: Assembler, statement: Statement) -> None:
    """Several `.set` in a row: numbers with new names at one stroke, the others one by one."""
    if statement.compiled is None:
        statement.compiled = list(_strokes(statement, assembler.frame.file))
    assembler.count(len(statement.parts))
    symbols = assembler.symbols
    for numbers, parts in statement.compiled:
        if numbers and numbers.keys().isdisjoint(symbols):
            for name, (value, location) in numbers.items():
                symbols[name] = Symbol.constant(name, value, location)
        else:
            for part, line in parts:
                assembler.execute(part, line)


def _strokes(statement: Statement, file: str) -> Iterator[_Stroke]:
    stroke = _Stroke({}, [])
    for part, line in statement.parts:
        name, column, node = _name_and_value_if_right(part)
        if isinstance(node, Number) and name not in stroke.numbers:
            stroke.numbers[name] = node.value, Location(file, line, column + 1)
            stroke.parts.append((part, line))
            continue
        if stroke.parts:
            yield stroke
        yield _Stroke({}, [(part, line)])
        stroke = _Stroke({}, [])
    if stroke.parts:
        yield stroke


def _name_and_value_if_right(statement: Statement) -> tuple[str, int, Node | None]:
    """What is wrong is told when the statement is executed."""
    try:
        return _name_and_value(statement)
    except Problem:
        return "", 0, None


def _equiv(assembler: Assembler, statement: Statement) -> None:
    """.equiv NAME, EXPRESSION: an error if NAME is defined already."""
    name, column = Operands(statement).name("a symbol's name")
    symbol = assembler.symbols.get(name)
    if symbol is not None and symbol.is_defined:
        raise Problem(f"`{name}` is already defined{assembler.where_defined(symbol)}", column)
    _set(assembler, statement)


def assignment(assembler: Assembler, statement: Statement) -> None:
    """NAME = EXPRESSION"""
    if statement.compiled is None:
        operands = Operands(statement)
        statement.compiled = operands.expression()
        operands.end()
    if statement.op == ".":
        raise Problem("`.` cannot be set; use .org or .space", statement.column)
    assembler.set_symbol(statement.op, statement.column, statement.compiled)


SYMBOL_DIRECTIVES: dict[str, Directive] = {
    ".global": _for_names(_make_global),
    ".globl": _for_names(_make_global),
    ".weak": _for_names(_make_weak),
    ".local": _for_names(_make_local),
    ".hidden": _for_names(_visibility(2)),
    ".protected": _for_names(_visibility(3)),
    ".type": _type,
    ".size": _size,
    ".set": _set,
    ".equ": _set,
    ".equiv": _equiv,
}
