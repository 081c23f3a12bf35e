"""Lines to statements: labels, operation, operands; and the blocks `.macro` `.rept` `.irp` `.irpc` as one statement.

The law of this page: parsing never fails and knows no symbols, so that one parsed text serves every file that includes
it. What is wrong with a line is kept in its Statement and reported when - and only if - it is executed.
Parsed lines are kept in a process-wide table by their text: a line that stands in forty files is parsed once.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import IntEnum, auto
from itertools import groupby
from typing import Any

from minikernel.toolchain.source import SourceFile, code_lines
from minikernel.values import dataclass


class StatementKind(IntEnum):
    """What the assembler does with it."""

    LABEL = auto()
    LOCAL_LABEL = auto()
    DIRECTIVE = auto()
    OPERATION = auto()  # a mnemonic or a macro
    ASSIGNMENT = auto()  # name = expression
    DEFINITIONS = auto()  # several .equ, .set, .macro in a row
    BLOCK = auto()  # .macro .rept .irp .irpc with its body
    WRONG = auto()


class Statement:
    """One statement. Columns count from 0 in `text`, the line it stands in without its comment."""

    __slots__ = ("body", "column", "compiled", "kind", "op", "operands", "operands_column", "parts", "text")

    def __init__(
        self, kind: StatementKind, op: str, operands: str, text: str, column: int, operands_column: int
    ) -> None:
        self.kind = kind
        self.op = op
        self.operands = operands
        self.text = text
        self.column = column
        self.operands_column = operands_column
        self.compiled: Any = None
        """What the executing function made of the operands, kept for the next time; it must not depend on symbols."""
        self.body: Sequence[tuple[str, int]] = ()
        """Of a block: its lines and their numbers."""
        self.parts: Sequence[Item] = ()
        """Of DEFINITIONS: the statements."""

    def __repr__(self) -> str:
        return f"<Statement {self.kind.name} {self.op} {self.operands}>"


Item = tuple[Statement, int]
"""A statement and the number of its line, from 1."""


@dataclass(frozen=True)
class ParsedSource:
    """A source text ready to be executed any number of times."""

    source: SourceFile
    lines: list[str]
    """As the user wrote them, for messages."""
    items: list[Item]


_SYMBOL = r"[A-Za-z_.$][A-Za-z0-9_.$]*"
_USUAL = re.compile(rf"\s*(?:({_SYMBOL})\s*:\s*)?(?:({_SYMBOL})(?:\s+([^\s=].*)?)?)?$", re.ASCII)
"""One label at most, one operation at most; what does not fit is taken apart with the expressions below."""
_LABEL = re.compile(rf"\s*(?:({_SYMBOL})|([0-9]+))\s*:", re.ASCII)
_ASSIGNMENT = re.compile(rf"\s*({_SYMBOL})\s*=(?!=)\s*(.*)$", re.ASCII)
_OPERATION = re.compile(rf"\s*({_SYMBOL})(?:\s+(.*))?$", re.ASCII)
_BLANK = re.compile(r"\s*(#.*)?$")
_SEPARATOR = re.compile(r"""("(?:[^"\\]|\\.)*(?:"|$)|'(?:\\.|[^\\])'?)|;""")
_BLOCK_WORD = re.compile(
    rf"\s*(?:(?:{_SYMBOL}|[0-9]+)\s*:\s*)*\.(macro|rept|irpc?|endm|endr)(?![\w.$])", re.ASCII | re.I
)

BLOCK_ENDS = {".macro": ".endm", ".rept": ".endr", ".irp": ".endr", ".irpc": ".endr"}
_MAX_CACHED_LINES = 200_000
_MAX_CACHED_LENGTH = 256
MAX_LINE = 65_536
"""Characters of one statement; generated data lines are long."""

_line_cache: dict[str, tuple[Statement, ...]] = {}
_source_cache: dict[tuple[str, str], ParsedSource] = {}


def parse_source(source: SourceFile) -> ParsedSource:
    """Parses a whole text, from the cache where the same text was parsed under the same name. Raises SourceError."""
    key = (source.name, source.text)
    parsed = _source_cache.get(key)
    if parsed is None:
        stripped = code_lines(source)
        items = join_definitions(parse_lines([(text, number) for number, text in enumerate(stripped, 1)]))
        parsed = ParsedSource(source, source.text.split("\n"), items)
        if len(_source_cache) > 500:
            _source_cache.clear()
        _source_cache[key] = parsed
    return parsed


def parse_lines(lines: list[tuple[str, int]]) -> list[Item]:
    """The statements of lines without comments. A block becomes one statement, its body unparsed."""
    items: list[Item] = []
    index = 0
    count = len(lines)
    cached = _line_cache.get
    while index < count:
        text, number = lines[index]
        index += 1
        statements = cached(text)
        if statements is None:
            statements = parse_line(text)
        for statement in statements:
            if statement.kind is StatementKind.BLOCK:
                if ";" in text:
                    lines[index - 1 : index] = [(part, number) for part in _split(text)]
                    count = len(lines)
                    index = next(i for i in range(index - 1, count) if _block_word(lines[i][0]))
                    index += 1
                statement, index = _collect_block(statement, lines, index)
                count = len(lines)
                items.append((statement, number))
                break
            items.append((statement, number))
    return items


def join_definitions(items: list[Item]) -> list[Item]:
    """The same statements with each run of definitions as one: definitions.py executes it at one stroke."""
    joined: list[Item] = []
    for is_definition, run in groupby(items, key=lambda item: item[0].op in _DEFINITIONS):
        parts = list(run)
        if is_definition and len(parts) > 1:
            first, line = parts[0]
            whole = Statement(StatementKind.DEFINITIONS, ".equ", "", first.text, first.column, first.operands_column)
            whole.parts = parts
            parts = [(whole, line)]
        joined += parts
    return joined


_DEFINITIONS = frozenset((".equ", ".set", ".macro"))


def _block_word(text: str) -> str | None:
    match = _BLOCK_WORD.match(text)
    return match.group(1).lower() if match else None


def _collect_block(opening: Statement, lines: list[tuple[str, int]], index: int) -> tuple[Statement, int]:
    """A fresh statement with the lines up to the matching end, and the index behind the end."""
    block = Statement(
        StatementKind.BLOCK, opening.op, opening.operands, opening.text, opening.column, opening.operands_column
    )
    wanted = [BLOCK_ENDS[opening.op][1:]]
    start = index
    while index < len(lines):
        text, number = lines[index]
        if ";" in text and len(parts := _split(text)) > 1:
            lines[index : index + 1] = [(part, number) for part in parts]
            text = lines[index][0]
        word = _block_word(text)
        if word == wanted[-1]:
            wanted.pop()
            if not wanted:
                block.body = lines[start:index]
                return block, index + 1
        elif word is not None and word not in ("endm", "endr"):
            wanted.append(BLOCK_ENDS["." + word][1:])
        index += 1
    wrong = _wrong(f"`{opening.op}` is never closed; expected `.{wanted[0]}`", opening.text, opening.column)
    return wrong, index


def _split(text: str) -> list[str]:
    """The parts of a line between `;`, each padded so that its columns stay right."""
    parts = []
    start = 0
    for match in _SEPARATOR.finditer(text):
        if match.group(1) is None:
            parts.append(" " * start + text[start : match.start()])
            start = match.end()
    parts.append(" " * start + text[start:])
    return parts


def parse_line(text: str) -> tuple[Statement, ...]:
    """The statements of one line without its comment."""
    if len(_line_cache) > _MAX_CACHED_LINES:
        _line_cache.clear()
    statements: list[Statement] = []
    for part in _split(text) if ";" in text else (text,):
        stripped = part.rstrip()
        match = _USUAL.match(stripped) if len(stripped) <= MAX_LINE else None
        if match is None:
            _parse_unusual(stripped, statements)
            continue
        label, op, operands = match.groups()
        if label:
            start, end = match.span(1)
            statements.append(Statement(StatementKind.LABEL, label, "", stripped, start, end))
        if op:
            statements.append(_operation(op, match.start(2), operands or "", match.start(3), stripped))
    result = tuple(statements)
    if len(text) <= _MAX_CACHED_LENGTH:
        _line_cache[text] = result
    return result


def _parse_unusual(text: str, out: list[Statement]) -> None:
    if len(text) > MAX_LINE:
        out.append(_wrong(f"the line is longer than {MAX_LINE} characters", text[:100], 0))
        return
    position = 0
    while (match := _LABEL.match(text, position)) is not None:
        name, number = match.groups()
        if name is not None:
            out.append(Statement(StatementKind.LABEL, name, "", text, match.start(1), match.end(1)))
        else:
            out.append(Statement(StatementKind.LOCAL_LABEL, number, "", text, match.start(2), match.end(2)))
        position = match.end()
    if _BLANK.match(text, position):
        return
    match = _OPERATION.match(text, position)
    if match is not None and not (match[2] or "").startswith("="):
        out.append(_operation(match[1], match.start(1), match[2] or "", match.start(2), text))
        return
    match = _ASSIGNMENT.match(text, position)
    if match is not None:
        name, operands = match.groups()
        out.append(Statement(StatementKind.ASSIGNMENT, name, operands, text, match.start(1), match.start(2)))
        return
    column = len(text) - len(text[position:].lstrip())
    out.append(_wrong(f"expected a label, a mnemonic or a directive, found {text[column]!r}", text, column))


def _operation(op: str, column: int, operands: str, operands_column: int, text: str) -> Statement:
    if not operands:
        operands_column = column + len(op)
    if not op.startswith("."):
        return Statement(StatementKind.OPERATION, op, operands, text, column, operands_column)
    op = op.lower()
    kind = StatementKind.BLOCK if op in BLOCK_ENDS else StatementKind.DIRECTIVE
    return Statement(kind, op, operands, text, column, operands_column)


def _wrong(message: str, text: str, column: int) -> Statement:
    return Statement(StatementKind.WRONG, message, "", text, column, column)
