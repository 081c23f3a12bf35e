"""Directives about symbols: .global, .type, .size, .set and their kin."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from minikernel.elf.constants import SymbolBinding, SymbolKind
from minikernel.toolchain.expression import Binary, Dot, Name, Node, NotYet
from minikernel.toolchain.lexer import Problem
from minikernel.toolchain.operands import Operands
from minikernel.toolchain.statement import Statement
from minikernel.toolchain.symbols import Symbol

if TYPE_CHECKING:
    from minikernel.toolchain.assembler import Assembler

Directive = Callable[["Assembler", Statement], None]


# The usual operands, of the macros that begin and end a function, without tokens.
_NAME = re.compile(r"[A-Za-z_.$][A-Za-z0-9_.$]*$", re.ASCII)
_NAME_AND_TYPE = re.compile(r"([A-Za-z_.$][A-Za-z0-9_.$]*), %(function|object)$", re.ASCII)
_NAME_AND_EXTENT = re.compile(r"([A-Za-z_.$][A-Za-z0-9_.$]*), \. - \1$", re.ASCII)


def _names(statement: Statement) -> list[str]:
    operands = Operands(statement)
    names = [operands.name("a symbol's name")[0]]
    while operands.accept(","):
        names.append(operands.name("a symbol's name")[0])
    operands.end()
    return names


def _for_names(act: Callable[[Symbol], None]) -> Directive:
    """.global and its kin: a list of names."""

    def directive(assembler: Assembler, statement: Statement) -> None:
        if statement.compiled is None:
            statement.compiled = [statement.operands] if _NAME.match(statement.operands) else _names(statement)
        for name in statement.compiled:
            act(assembler.own(name))

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
    usual = _NAME_AND_TYPE.match(statement.operands) if statement.compiled is None else None
    if usual is not None:
        statement.compiled = usual[1], _KINDS[usual[2]]
    elif statement.compiled is None:
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
    symbol = assembler.own(name)
    symbol.kind = kind
    symbol.is_wanted = True


def _size(assembler: Assembler, statement: Statement) -> None:
    """.size NAME, EXPRESSION"""
    usual = _NAME_AND_EXTENT.match(statement.operands) if statement.compiled is None else None
    if usual is not None:
        dot = statement.operands_column + usual.end(1) + 2
        statement.compiled = usual[1], Binary("-", Dot(dot), Name(usual[1], dot + 4), dot + 2)
    elif statement.compiled is None:
        operands = Operands(statement)
        name, _ = operands.name("a symbol's name")
        operands.accept(",")
        statement.compiled = name, operands.expression()
        operands.end()
    name, node = statement.compiled
    symbol = assembler.own(name)
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
    assembler.set_symbol(*name_and_value(statement))


def name_and_value(statement: Statement) -> tuple[str, int, Node]:
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
