"""Directives that decide what is read: .include, .if, .macro, .rept and their kin, and messages."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from minikernel.errors import near_names
from minikernel.toolchain.lexer import Problem
from minikernel.toolchain.macros import Body, Line, Macro, parse_header, split_arguments, unquote
from minikernel.toolchain.operands import Operands, expression_list, no_operands
from minikernel.toolchain.statement import Statement, parse_lines, parse_source

if TYPE_CHECKING:
    from minikernel.toolchain.assembler import Assembler

Directive = Callable[["Assembler", Statement], None]
Test = Callable[["Assembler", Statement], bool]

MAX_REPEATS = 200_000
"""Statements of one repetition, all its rounds together."""

# --- files and messages -----------------------------------------------------------------------------------------------


def _message(statement: Statement, default: str) -> str:
    operands = Operands(statement)
    text = default if operands.at_end() else operands.string().decode(errors="replace")
    operands.end()
    return text


def _error(assembler: Assembler, statement: Statement) -> None:
    """.error "text" """
    raise Problem(_message(statement, ".error directive"))


def _warning(assembler: Assembler, statement: Statement) -> None:
    """.warning "text" """
    assembler.warnings.append(assembler.position().error(_message(statement, ".warning directive")))


def _include(assembler: Assembler, statement: Statement) -> None:
    """.include "file" """
    operands = Operands(statement)
    column = operands.next.column
    name = operands.string().decode(errors="replace")
    operands.end()
    if assembler.tree is None:
        raise Problem("this text stands in no source tree: it cannot include", column)
    try:
        source = assembler.tree.include(name)
    except Problem as problem:
        raise Problem(problem.message, column) from None
    if source.path is not None:
        assembler.included[source.path] = None
    parsed = parse_source(source)
    assembler.enter(parsed.items, source.name, parsed.lines, "file")


def _end(assembler: Assembler, statement: Statement) -> None:
    """.end: nothing further is read from this file."""
    frame = assembler.frame
    frame.index = len(frame.items)


# --- conditionals -----------------------------------------------------------------------------------------------------


def _number_test(test: Callable[[int], bool]) -> Test:
    def evaluate(assembler: Assembler, statement: Statement) -> bool:
        nodes = expression_list(statement)
        if len(nodes) != 1:
            raise Problem(f"expected one expression after {statement.op}", statement.operands_column)
        return test(assembler.evaluate_now(nodes[0], f"the value of {statement.op}"))

    return evaluate


def _defined(assembler: Assembler, statement: Statement) -> bool:
    operands = Operands(statement)
    name, _ = operands.name("a symbol's name")
    operands.end()
    symbol = assembler.symbols.get(name)
    return symbol is not None and symbol.is_defined


def _blank(assembler: Assembler, statement: Statement) -> bool:
    return not statement.operands.strip()


def _same(assembler: Assembler, statement: Statement) -> bool:
    """.ifc a, b: both texts are the same."""
    parts = split_arguments(statement.operands, 0)
    if len(parts) > 2:
        raise Problem(f"expected two texts after {statement.op}", statement.operands_column)
    texts = [text.strip() for _, text in parts] + ["", ""]
    return _unquote_single(texts[0]) == _unquote_single(texts[1])


def _unquote_single(text: str) -> str:
    return text[1:-1] if len(text) >= 2 and text[0] == text[-1] == "'" else text


def _same_strings(assembler: Assembler, statement: Statement) -> bool:
    """.ifeqs "a", "b" """
    operands = Operands(statement)
    first = operands.string()
    operands.expect(",")
    second = operands.string()
    operands.end()
    return first == second


def _negated(test: Test) -> Test:
    return lambda assembler, statement: not test(assembler, statement)


_TESTS: dict[str, Test] = {
    ".if": _number_test(lambda value: value != 0),
    ".ifne": _number_test(lambda value: value != 0),
    ".ifeq": _number_test(lambda value: value == 0),
    ".ifge": _number_test(lambda value: value >= 0),
    ".ifgt": _number_test(lambda value: value > 0),
    ".ifle": _number_test(lambda value: value <= 0),
    ".iflt": _number_test(lambda value: value < 0),
    ".ifdef": _defined,
    ".ifndef": _negated(_defined),
    ".ifnotdef": _negated(_defined),
    ".ifb": _blank,
    ".ifnb": _negated(_blank),
    ".ifc": _same,
    ".ifnc": _negated(_same),
    ".ifeqs": _same_strings,
    ".ifnes": _negated(_same_strings),
}


def _open_if(assembler: Assembler, statement: Statement) -> None:
    conditionals = assembler.conditionals
    if conditionals.skipping:
        conditionals.open_skipped(assembler.position())
        return
    try:
        truth = _TESTS[statement.op](assembler, statement)
    except Problem:
        conditionals.open_skipped(assembler.position())  # the text up to .endif is not judged
        conditionals.skipping = True
        raise
    conditionals.open(truth, assembler.position())


def _elseif(assembler: Assembler, statement: Statement) -> None:
    conditionals = assembler.conditionals
    truth = conditionals.needs_test() and _TESTS[".if"](assembler, statement)
    conditionals.elseif(truth)


def _else(assembler: Assembler, statement: Statement) -> None:
    no_operands(statement)
    assembler.conditionals.otherwise()


def _endif(assembler: Assembler, statement: Statement) -> None:
    no_operands(statement)
    if len(assembler.conditionals.stack) <= assembler.frame.conditional_depth:
        raise Problem(".endif without .if")
    assembler.conditionals.close()


# --- macros and repetitions -------------------------------------------------------------------------------------------


def _define_macro(assembler: Assembler, statement: Statement) -> None:
    """.macro NAME parameters ... .endm"""
    key, macro = macro_of(statement, assembler.frame.file, assembler.line)
    known = assembler.macros.get(key)
    if known is not None:
        message = f"macro `{macro.name}` is already defined at {known.file}:{known.line}"
        raise Problem(message, statement.operands_column)
    if key.startswith("."):
        raise Problem(f"a macro's name does not begin with `.`, found `{macro.name}`", statement.operands_column)
    assembler.macros[key] = macro


def macro_of(statement: Statement, file: str, line: int) -> tuple[str, Macro]:
    """What a .macro defines, and the key that it is known by. Raises Problem."""
    if statement.compiled is None:
        name, parameters = parse_header(statement.operands, statement.operands_column)
        body = Body(statement.body, [parameter.name for parameter in parameters])
        statement.compiled = name.lower(), Macro(name, parameters, body, file, line)
    compiled: tuple[str, Macro] = statement.compiled
    return compiled


def _purgem(assembler: Assembler, statement: Statement) -> None:
    """.purgem NAME"""
    operands = Operands(statement)
    name, column = operands.name("a macro's name")
    operands.end()
    if assembler.macros.pop(name.lower(), None) is None:
        raise Problem(f"no macro `{name}`{near_names(name.lower(), assembler.macros)}", column)


def _exitm(assembler: Assembler, statement: Statement) -> None:
    """.exitm: leave the innermost macro."""
    frame = assembler.frame
    while not frame.title.startswith("macro") and frame.caller is not None:
        frame = frame.caller.frame
    if frame.caller is None:
        raise Problem(".exitm outside a macro")
    inner = assembler.frame
    while inner is not frame:
        inner.index = len(inner.items)
        assert inner.caller is not None
        inner = inner.caller.frame
    frame.index = len(frame.items)
    assembler.conditionals.unwind(frame.conditional_depth)
    assembler.frame = frame


def expand_macro(assembler: Assembler, macro: Macro, statement: Statement) -> None:
    """Executes the lines of a macro next."""
    arguments = macro.arguments(statement.operands, statement.operands_column)
    lines = macro.body.expand(arguments, assembler.macro_count)
    assembler.macro_count += 1
    assembler.enter(parse_lines(lines), macro.file, None, f"macro `{macro.name}`")


def _repeat(assembler: Assembler, statement: Statement) -> None:
    """.rept COUNT ... .endr"""
    nodes = expression_list(statement)
    if len(nodes) != 1:
        raise Problem("expected `.rept COUNT`", statement.operands_column)
    count = assembler.evaluate_now(nodes[0], "the count")
    if count < 0:
        raise Problem(f"the count is negative: {count}", nodes[0].column)
    _enter_rounds(assembler, statement, [statement.body], count)


def _repeat_for(values_of: Callable[[str], list[str]]) -> Directive:
    def directive(assembler: Assembler, statement: Statement) -> None:
        parts = split_arguments(statement.operands, statement.operands_column)
        if not parts or not re.fullmatch(r"[A-Za-z_.$][\w.$]*", parts[0][1], re.ASCII):
            raise Problem(f"expected a name after {statement.op}", statement.operands_column)
        name = parts[0][1]
        values = values_of(statement.operands) or [""]
        if statement.compiled is None:
            statement.compiled = Body(statement.body, [name.lower()])
        rounds = [statement.compiled.expand([value], assembler.macro_count) for value in values]
        _enter_rounds(assembler, statement, rounds, 1)

    return directive


def _list_values(operands: str) -> list[str]:
    return [unquote(text) for _, text in split_arguments(operands, 0)[1:]]


def _letters(operands: str) -> list[str]:
    return list("".join(unquote(text) for _, text in split_arguments(operands, 0)[1:]))


def _enter_rounds(assembler: Assembler, statement: Statement, rounds: Sequence[Sequence[Line]], count: int) -> None:
    size = sum(len(lines) for lines in rounds)
    if count * max(size, 1) > MAX_REPEATS:
        raise Problem(f"{count} times {size} lines is more than {MAX_REPEATS} statements", statement.operands_column)
    items = [item for lines in rounds for item in parse_lines(list(lines))] * count
    frame = assembler.frame
    assembler.enter(items, frame.file, None, f"{statement.op} block")


CONDITIONAL_DIRECTIVES = frozenset((*_TESTS, ".else", ".elseif", ".endif"))
"""What is looked at in skipped text."""

FLOW_DIRECTIVES: dict[str, Directive] = {
    ".include": _include,
    ".end": _end,
    ".error": _error,
    ".err": _error,
    ".warning": _warning,
    **dict.fromkeys(_TESTS, _open_if),
    ".else": _else,
    ".elseif": _elseif,
    ".endif": _endif,
    ".macro": _define_macro,
    ".purgem": _purgem,
    ".exitm": _exitm,
    ".rept": _repeat,
    ".irp": _repeat_for(_list_values),
    ".irpc": _repeat_for(_letters),
}
