"""Tokens of the assembler's operands: numbers, names, character constants, strings, operators.

The law of this page: text in, tokens out; nothing is looked up and nothing is evaluated. A text that is no token raises
`Problem`, which knows its column but no file; the assembler, which knows where it reads, makes a SourceError of it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from enum import IntEnum
from functools import partial
from typing import NamedTuple


class Problem(Exception):
    """Something is wrong with the text of one statement. `column` counts from 0 in that text; None: its start."""

    def __init__(self, message: str, column: int | None = None, notes: Iterable[str] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.column = column
        self.notes = tuple(notes)


class Kind(IntEnum):
    """What a token is."""

    NUMBER = 1  # value: int
    NAME = 2  # value: str
    LOCAL = 3  # 1b, 2f; value: (number, forward)
    STRING = 4  # value: the text between the quotes, escapes not yet replaced
    MARK = 5  # operator or bracket; value: str
    END = 6


class Token(NamedTuple):
    """One token; `column` counts from 0 in the text it was read from."""

    kind: Kind
    value: int | str | tuple[int, bool]
    column: int


END_TOKEN_VALUE = "end of line"
LOOKAHEAD = 5
"""END tokens behind the last: a reader may look so far ahead without asking how many there are."""

_TOKEN = re.compile(
    r"""[ \t]*(?:
      (?P<name>[A-Za-z_.$][A-Za-z0-9_.$]*)
    | (?P<mark><<|>>|<=|>=|==|!=|<>|&&|\|\||[-+*/%&|^!~<>()\[\]{},\#=:])
    | (?P<local>[0-9]+[bf](?![\w.$]))
    | (?P<number>[0-9][0-9A-Za-z_]*)
    | (?P<string>"(?:[^"\\]|\\.)*")
    | (?P<char>'(?:\\.|[^\\])'?)
    | (?P<wrong>[^ \t])
    )""",
    re.VERBOSE | re.ASCII,
)

_ESCAPES = {
    "n": "\n",
    "t": "\t",
    "r": "\r",
    "b": "\b",
    "f": "\f",
    "\\": "\\",
    '"': '"',
    "'": "'",
}
_ESCAPE = re.compile(r"\\(?:([0-7]{1,3})|[xX]([0-9A-Fa-f]+)|(.))", re.DOTALL)


def tokenize(text: str, start: int = 0) -> list[Token]:
    """The tokens of text[start:], END tokens last. Raises Problem at the first character that begins no token."""
    tokens: list[Token] = []
    for match in _TOKEN.finditer(text, start):
        kind = match.lastgroup
        assert kind is not None
        word = match[kind]
        column = match.start(kind)
        if kind == "name":
            tokens.append(_token((_NAME, word, column)))
        elif kind == "mark":
            tokens.append(_token((_MARK, word, column)))
        else:
            tokens.append(_other_token(kind, word, column))
    end = Token(Kind.END, END_TOKEN_VALUE, max(len(text), start))
    tokens += [end] * LOOKAHEAD
    return tokens


_NAME, _MARK = Kind.NAME, Kind.MARK
_token: Callable[[tuple[Kind, str, int]], Token] = partial(tuple.__new__, Token)
"""Token(...) without its detour through a Python function: an assembly makes a hundred thousand."""


def _other_token(kind: str, word: str, column: int) -> Token:
    match kind:
        case "number":
            return Token(Kind.NUMBER, parse_integer(word, column), column)
        case "local":
            return Token(Kind.LOCAL, (int(word[:-1]), word[-1] == "f"), column)
        case "string":
            return Token(Kind.STRING, word[1:-1], column)
        case "char":
            return Token(Kind.NUMBER, _character(word, column), column)
    raise Problem(_unexpected(word), column)


def _unexpected(character: str) -> str:
    if character == '"':
        return "the string has no closing quote"
    return f"unexpected character {character!r}"


def parse_integer(word: str, column: int) -> int:
    """The value of a GNU as integer: 0x hexadecimal, 0b binary, leading 0 octal, else decimal. Raises Problem."""
    try:
        if len(word) > 1 and word[0] == "0" and word[1] not in "xXbB":
            return int(word, 8)
        if len(word) > 80:
            raise Problem("the number has too many digits", column)
        if "_" in word:
            raise ValueError
        return int(word, 0)
    except ValueError:
        hint = " (a leading 0 makes a number octal)" if word.isdigit() else ""
        raise Problem(f"bad number {word!r}{hint}", column) from None


def _character(word: str, column: int) -> int:
    body = word[1:]
    if len(body) > 1 and body.endswith("'"):
        body = body[:-1]
    value = unescape(body, column) if body.startswith("\\") else body.encode()
    if len(value) != 1:
        raise Problem(f"a character constant is one byte, {word!r} is {len(value)}", column)
    return value[0]


def unescape(body: str, column: int) -> bytes:
    """The bytes of a string: \\n \\t \\r \\b \\f \\\\ \\" \\ooo \\xhh replaced, the rest UTF-8. Raises Problem."""
    if "\\" not in body:
        return body.encode()
    out = bytearray()
    position = 0
    for match in _ESCAPE.finditer(body):
        out += body[position : match.start()].encode()
        position = match.end()
        octal, hexadecimal, letter = match.groups()
        if octal is not None:
            out.append(int(octal, 8) & 0xFF)
        elif hexadecimal is not None:
            out.append(int(hexadecimal, 16) & 0xFF)
        elif letter in _ESCAPES:
            out += _ESCAPES[letter].encode()
        else:
            raise Problem(f"unknown escape \\{letter} in a string", column + match.start() + 1)
    out += body[position:].encode()
    return bytes(out)
