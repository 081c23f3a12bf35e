"""Expressions of the debugger: what p, conditions and addresses are written in.

    $r0 + 4 * $r1        registers: $r0-$r15, $sp $lr $pc $fp $ip, $cpsr; in a watchpoint's condition $old and $new
    $1 + $               values that were printed: the first, the last; $$ is the one before the last, $$2 before that
    jiffies              a symbol is its address; *jiffies is the word there, byte(x) half(x) word(x) read memory
    $r0 == uhci_hcd_init && *lock_depth > 0

Operators and precedence are C's. Values are unsigned 32-bit numbers: -19 is 0xffffffed, and comparisons are unsigned.
A wrong text is an ExpressionError with a caret; reading memory that is not there is the reader's GuestMemoryError.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

from minikernel.bits import u32
from minikernel.errors import Location, SourceError, near_names

NESTING_LIMIT = 64


class ExpressionError(SourceError):
    """The text of an expression is wrong; `column` counts from 1."""

    def __init__(self, message: str, text: str, column: int) -> None:
        self.column = column
        super().__init__(message, Location("expression", 1, column), text)


class Names(Protocol):
    """Where an expression gets its values from."""

    def register(self, name: str) -> int | None:
        """A register, variable or kept value by its name without the $; None when there is none."""
        ...

    def symbol(self, name: str) -> int | None:
        """The value of a symbol; None when there is none."""
        ...

    def known_names(self) -> Iterable[str]:
        """All symbols and (with the $) registers, for messages."""
        ...

    def read(self, addr: int, size: int) -> int:
        """A little-endian number in guest memory. Raises GuestMemoryError."""
        ...


class Kind:
    """What a token is; names of the groups of _TOKEN."""

    NUMBER, REGISTER, NAME, OPERATOR, BAD, END = "number", "register", "name", "operator", "bad", "end"


@dataclass(frozen=True)
class Token:
    """`column` counts from 1."""

    kind: str
    text: str
    column: int


_TOKEN = re.compile(
    r"\s*(?:(?P<number>0[xX][0-9a-fA-F]+|0[bB][01]+|[0-9]+)(?![\w.])|\$(?P<register>\$\d*|\w*)|(?P<name>[A-Za-z_.][\w.$]*)"
    r"|(?P<operator>&&|\|\||==|!=|<=|>=|<<|>>|[-+*/%&|^~!<>()])|(?P<bad>\S))"
)

#: Binary operators by precedence, the loosest first.
LEVELS: tuple[dict[str, Callable[[int, int], int]], ...] = (
    {"||": lambda a, b: int(bool(a) or bool(b))},
    {"&&": lambda a, b: int(bool(a) and bool(b))},
    {"|": lambda a, b: a | b},
    {"^": lambda a, b: a ^ b},
    {"&": lambda a, b: a & b},
    {"==": lambda a, b: int(a == b), "!=": lambda a, b: int(a != b)},
    {
        "<": lambda a, b: int(a < b),
        "<=": lambda a, b: int(a <= b),
        ">": lambda a, b: int(a > b),
        ">=": lambda a, b: int(a >= b),
    },
    {"<<": lambda a, b: a << min(b, 32), ">>": lambda a, b: a >> b},
    {"+": lambda a, b: a + b, "-": lambda a, b: a - b},
    {"*": lambda a, b: a * b, "/": lambda a, b: a // b, "%": lambda a, b: a % b},
)
DIVISIONS = frozenset("/%")
#: Decided by the left side alone when that has this truth.
SHORT_CIRCUIT = {"||": True, "&&": False}
READS = {"byte": 1, "half": 2, "word": 4}

Node = Callable[[Names], int]


@dataclass(frozen=True)
class Expression:
    """A parsed text; may be evaluated any number of times."""

    text: str
    _node: Node
    _mentioned: tuple[Node, ...] = ()

    def __call__(self, names: Names) -> int:
        """Its value now. Raises ExpressionError for unknown names and division by 0, GuestMemoryError."""
        return self._node(names)

    def check_names(self, names: Names) -> None:
        """Raises ExpressionError for a symbol or register there is not, even where the value would not need it."""
        for name in self._mentioned:
            name(names)


def parse(text: str) -> Expression:
    """Raises ExpressionError."""
    parser = _Parser(text)
    return Expression(text, parser.whole(), tuple(parser.mentioned))


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = _tokens(text)
        self._at = 0
        self._depth = 0
        self.mentioned: list[Node] = []
        """A node for each symbol and register in the text."""

    def whole(self) -> Node:
        node = self._binary(0)
        if self._next.kind != Kind.END:
            raise self._error(f"expected an operator or the end, found {self._next.text!r}", self._next)
        return node

    @property
    def _next(self) -> Token:
        return self._tokens[self._at]

    def _take(self) -> Token:
        token = self._next
        self._at += 1
        return token

    def _error(self, message: str, token: Token) -> ExpressionError:
        return ExpressionError(message, self._text, token.column)

    def _binary(self, level: int) -> Node:
        if level == len(LEVELS):
            return self._unary()
        left = self._binary(level + 1)
        while self._next.kind == Kind.OPERATOR and self._next.text in LEVELS[level]:
            token = self._take()
            left = self._joined(token, LEVELS[level][token.text], left, self._binary(level + 1))
        return left

    def _joined(self, token: Token, operate: Callable[[int, int], int], left: Node, right: Node) -> Node:
        if token.text in SHORT_CIRCUIT:
            decided = SHORT_CIRCUIT[token.text]
            return lambda names: int(decided) if bool(left(names)) is decided else int(bool(right(names)))

        def value(names: Names) -> int:
            a, b = left(names), right(names)
            if b == 0 and token.text in DIVISIONS:
                raise self._error("division by zero", token)
            return u32(operate(a, b))

        return value

    def _unary(self) -> Node:
        token = self._next
        if token.kind != Kind.OPERATOR or token.text not in "-~!*+":
            return self._primary()
        self._take()
        self._nest(token)
        inner = self._unary()
        self._depth -= 1
        match token.text:
            case "-":
                return lambda names: u32(-inner(names))
            case "~":
                return lambda names: u32(~inner(names))
            case "!":
                return lambda names: int(not inner(names))
            case "*":
                return lambda names: names.read(inner(names), 4)
        return inner

    def _primary(self) -> Node:
        token = self._take()
        match token.kind:
            case Kind.NUMBER:
                return self._number(token)
            case Kind.REGISTER if token.text.strip("$0123456789"):
                return self._mention(
                    lambda names: self._known(names.register(token.text), names, token, "register", f"${token.text}")
                )
            case Kind.REGISTER:
                return lambda names: self._kept(names.register(token.text), token)
            case Kind.NAME if token.text in READS and self._next.text == "(":
                size, inner = READS[token.text], self._parenthesised(self._take())
                return lambda names: names.read(inner(names), size)
            case Kind.NAME:
                return self._mention(
                    lambda names: self._known(names.symbol(token.text), names, token, "symbol", token.text)
                )
            case Kind.OPERATOR if token.text == "(":
                return self._parenthesised(token)
        found = f", found {token.text!r}" if token.text else ""
        raise self._error(f"expected a number, a symbol, a $register or ({found}", token)

    def _mention(self, node: Node) -> Node:
        self.mentioned.append(node)
        return node

    def _parenthesised(self, opening: Token) -> Node:
        self._nest(opening)
        inner = self._binary(0)
        self._depth -= 1
        if self._take().text != ")":
            raise self._error("this ( is never closed", opening)
        return inner

    def _nest(self, token: Token) -> None:
        self._depth += 1
        if self._depth > NESTING_LIMIT:
            raise self._error(f"more than {NESTING_LIMIT} levels deep", token)

    def _number(self, token: Token) -> Node:
        if token.text.isdecimal() and token.text.startswith("0") and token.text.strip("0"):
            raise self._error(f"{token.text}: a number does not begin with 0; octal is not known here", token)
        value = int(token.text, 0) if token.text.strip("0") else 0
        if value > 0xFFFF_FFFF:
            raise self._error(f"{token.text} does not fit into 32 bits", token)
        return lambda names: value

    def _kept(self, value: int | None, token: Token) -> int:
        if value is None:
            raise self._error(f"no value ${token.text} in the history", token)
        return value

    def _known(self, value: int | None, names: Names, token: Token, what: str, name: str) -> int:
        if value is None:
            raise self._error(f"no {what} {name!r}{near_names(name, names.known_names())}", token)
        return u32(value)


def _tokens(text: str) -> list[Token]:
    tokens, at = [], 0
    end = len(text.rstrip())
    while at < end:
        found = _TOKEN.match(text, at)
        if found is None or found.lastgroup is None:
            raise ExpressionError("this cannot be read", text, at + 1)
        kind, word = found.lastgroup, found[found.lastgroup]
        column = found.start(kind) + 1 - (kind == Kind.REGISTER)
        if kind == Kind.BAD:
            raise ExpressionError(f"unexpected {word!r}", text, column)
        tokens.append(Token(kind, word, column))
        at = found.end()
    tokens.append(Token(Kind.END, "", end + 1))
    return tokens
