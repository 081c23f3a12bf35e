"""Expressions: GNU as precedence, label arithmetic, and the question "is this known already?".

The assembler makes one pass. An expression is evaluated where it stands if it can be; else it is *bound* (`.` and
numeric labels become symbols, constants become numbers) and evaluated again when every label has its place. GNU as
knows the difference of two labels at once only when no alignment lies between them (its "frags"); `Symbol.group` keeps
that rule, because `.if` and `ldr rX, =` depend on what is known *now*.

Values are Python ints, or an Address: symbol + addend, perhaps minus another symbol.
"""

from __future__ import annotations

from typing import NamedTuple, Protocol

from minikernel.bits import sign_extend
from minikernel.toolchain.lexer import Kind, Problem, Token
from minikernel.toolchain.symbols import ABSOLUTE, Symbol

MAX_DEPTH = 100
"""Nesting of operators and parentheses, and links of a `.set` chain. GNU as has no such bound."""


class Address(NamedTuple):
    """symbol + addend - minus, not a plain number (yet)."""

    symbol: Symbol
    addend: int = 0
    minus: Symbol | None = None


Value = int | Address


class NotYet(Exception):
    """The value depends on something that is known only later. `reason` completes "must be known here, but ..."."""

    def __init__(self, reason: str, column: int) -> None:
        super().__init__(reason)
        self.reason = reason
        self.column = column


class Scope(Protocol):
    """What names mean at one place of the source."""

    exact: bool
    """True at the end of the pass, when differences over an alignment are known too."""

    def lookup(self, name: str, column: int | None = None) -> Symbol: ...

    def here(self) -> Symbol: ...

    def local_label(self, number: int, forward: bool, column: int) -> Symbol: ...


class _ExactScope:
    """Names at the end of the pass: everything is bound, every distance known."""

    exact = True

    def lookup(self, name: str, column: int | None = None) -> Symbol:
        raise KeyError(name)

    def here(self) -> Symbol:
        raise KeyError(".")

    def local_label(self, number: int, forward: bool, column: int) -> Symbol:
        raise KeyError(number)


EXACT = _ExactScope()


# --- nodes ------------------------------------------------------------------------------------------------------------


class Node:
    """A parsed expression. `column` is where its text begins, `depth` how deep it nests."""

    __slots__ = ("column", "depth")

    column: int
    depth: int

    def evaluate(self, scope: Scope) -> Value:
        """Raises NotYet (only when not scope.exact) and Problem."""
        raise NotImplementedError

    def bind(self, scope: Scope) -> Node:
        """The same expression with `.`, numeric labels and constants replaced by what they mean here."""
        return self


class Number(Node):
    """A constant."""

    __slots__ = ("value",)

    def __init__(self, value: int, column: int) -> None:
        self.value, self.column, self.depth = value, column, 1

    def evaluate(self, scope: Scope) -> Value:
        return self.value


class SymbolNode(Node):
    """A symbol already looked up."""

    __slots__ = ("symbol",)

    def __init__(self, symbol: Symbol, column: int) -> None:
        self.symbol, self.column, self.depth = symbol, column, 1

    def evaluate(self, scope: Scope) -> Value:
        return symbol_value(self.symbol, scope, self.column)


class Name(Node):
    """A symbol by its name."""

    __slots__ = ("name",)

    def __init__(self, name: str, column: int) -> None:
        self.name, self.column, self.depth = name, column, 1

    def evaluate(self, scope: Scope) -> Value:
        symbol = scope.lookup(self.name, self.column)
        if symbol.section is ABSOLUTE:
            return symbol.value
        return symbol_value(symbol, scope, self.column)

    def bind(self, scope: Scope) -> Node:
        symbol = scope.lookup(self.name, self.column)
        if symbol.section is ABSOLUTE:
            return Number(symbol.value, self.column)
        return SymbolNode(symbol, self.column)


class Dot(Node):
    """`.`, the place of the statement."""

    __slots__ = ()

    def __init__(self, column: int) -> None:
        self.column, self.depth = column, 1

    def evaluate(self, scope: Scope) -> Value:
        return Address(scope.here())

    def bind(self, scope: Scope) -> Node:
        return SymbolNode(scope.here(), self.column)


class LocalRef(Node):
    """`1b` or `1f`."""

    __slots__ = ("forward", "number")

    def __init__(self, number: int, forward: bool, column: int) -> None:
        self.number, self.forward, self.column, self.depth = number, forward, column, 1

    def evaluate(self, scope: Scope) -> Value:
        return Address(scope.local_label(self.number, self.forward, self.column))

    def bind(self, scope: Scope) -> Node:
        return SymbolNode(scope.local_label(self.number, self.forward, self.column), self.column)


class Unary(Node):
    """- ~ ! of a number."""

    __slots__ = ("operand", "operator")

    def __init__(self, operator: str, operand: Node, column: int) -> None:
        self.operator, self.operand, self.column, self.depth = operator, operand, column, operand.depth + 1

    def evaluate(self, scope: Scope) -> Value:
        value = self.operand.evaluate(scope)
        if not isinstance(value, int):
            value = _as_number(value, scope, self.operator, self.column)
        return _unary(self.operator, value)

    def bind(self, scope: Scope) -> Node:
        return Unary(self.operator, self.operand.bind(scope), self.column)


class Binary(Node):
    """Two operands and an operator."""

    __slots__ = ("left", "operator", "right")

    def __init__(self, operator: str, left: Node, right: Node, column: int) -> None:
        self.operator, self.left, self.right, self.column = operator, left, right, column
        self.depth = max(left.depth, right.depth) + 1

    def evaluate(self, scope: Scope) -> Value:
        left = self.left.evaluate(scope)
        right = self.right.evaluate(scope)
        if isinstance(left, int) and isinstance(right, int):
            return _binary(self.operator, left, right, self.column)
        if self.operator == "+":
            return _add(left, right, scope, self.column)
        if self.operator == "-":
            return _subtract(left, right, scope, self.column)
        if self.operator in _COMPARISONS:
            difference = _as_number(_subtract(left, right, scope, self.column), scope, self.operator, self.column)
            return _binary(self.operator, difference, 0, self.column)
        return _binary(
            self.operator,
            _as_number(left, scope, self.operator, self.column),
            _as_number(right, scope, self.operator, self.column),
            self.column,
        )

    def bind(self, scope: Scope) -> Node:
        return Binary(self.operator, self.left.bind(scope), self.right.bind(scope), self.column)


# --- values -----------------------------------------------------------------------------------------------------------


def symbol_value(symbol: Symbol, scope: Scope, column: int) -> Value:
    """The number of an absolute symbol; the Address of a label; through `.set` to what it stands for."""
    links = 0
    addend = 0
    while symbol.definition is not None:
        links += 1
        if links > MAX_DEPTH:
            raise Problem(f"`{symbol.name}` is defined by itself, or over more than {MAX_DEPTH} `.set`s", column)
        value = symbol.definition
        if isinstance(value, Node):
            if not scope.exact:
                raise NotYet(f"`{symbol.name}` depends on a symbol defined further down", column)
            value = _guarded(symbol, value, scope, column)
        if isinstance(value, int):
            return value + addend
        if value.minus is not None:
            return Address(value.symbol, value.addend + addend, value.minus)
        addend += value.addend
        symbol = value.symbol
    if symbol.section is ABSOLUTE:
        return symbol.value + addend
    return Address(symbol, addend)


def _guarded(symbol: Symbol, node: Node, scope: Scope, column: int) -> Value:
    if symbol.being_resolved:
        raise Problem(f"`{symbol.name}` is defined by itself", column)
    symbol.being_resolved = True
    try:
        value = node.evaluate(scope)
        symbol.definition = value
        return value
    except RecursionError:
        raise Problem(f"`{symbol.name}` is defined over too many `.set`s", column) from None
    finally:
        symbol.being_resolved = False


def _as_number(value: Value, scope: Scope, operator: str, column: int) -> int:
    if isinstance(value, int):
        return value
    if not scope.exact:
        raise NotYet(why_not_known(value), column)
    raise Problem(f"`{operator}` needs numbers; {describe(value)} is an address", column)


def _add(left: Value, right: Value, scope: Scope, column: int) -> Value:
    if isinstance(right, int):
        assert isinstance(left, Address)
        return Address(left.symbol, left.addend + right, left.minus)
    if isinstance(left, int):
        return Address(right.symbol, left + right.addend, right.minus)
    if left.minus is not None and right.minus is None:  # (a - b) + c = (a + c) - b
        left, right = right, left
    if right.minus is not None and left.minus is None:  # a + (b - c): only when one of the pairs is a number
        for first, second in ((left.symbol, right.symbol), (right.symbol, left.symbol)):
            distance = _distance(first, right.minus, scope)
            if distance is not None:
                return Address(second, left.addend + right.addend + distance)
    if not scope.exact:
        raise NotYet(why_not_known(right), column)
    raise Problem(f"the sum of two addresses, {describe(left)} and {describe(right)}, has no meaning", column)


def _subtract(left: Value, right: Value, scope: Scope, column: int) -> Value:
    if isinstance(right, int):
        assert isinstance(left, Address)
        return Address(left.symbol, left.addend - right, left.minus)
    if isinstance(left, Address) and left.minus is None and right.minus is None:
        distance = _distance(left.symbol, right.symbol, scope)
        if distance is not None:
            return distance + left.addend - right.addend
        return Address(left.symbol, left.addend - right.addend, right.symbol)
    if not scope.exact:
        raise NotYet(why_not_known(right), column)
    raise Problem(f"{describe(left)} - {describe(right)} is neither a number nor an address", column)


def _distance(first: Symbol, second: Symbol, scope: Scope) -> int | None:
    """first - second in bytes, when that is known now."""
    if first is second:
        return 0
    if first.section is None or first.section is not second.section or first.definition or second.definition:
        return None
    if scope.exact or first.group == second.group:
        return first.value - second.value
    return None


def describe(value: Value) -> str:
    """A value as a reader would write it."""
    if isinstance(value, int):
        return f"{value:#x}"
    text = f"`{value.symbol.shown_name}`"
    if value.addend:
        text += f" {'-' if value.addend < 0 else '+'} {abs(value.addend):#x}"
    if value.minus is not None:
        text += f" - `{value.minus.shown_name}`"
    return text


def why_not_known(value: Address) -> str:
    """Completes "must be known here, but ..."."""
    for symbol in (value.symbol, value.minus):
        if symbol is not None and symbol.section is None:
            return f"`{symbol.shown_name}` is not defined above"
    if value.minus is not None:
        if value.symbol.section is not value.minus.section:
            return f"`{value.symbol.shown_name}` and `{value.minus.shown_name}` are in different sections"
        return f"an alignment stands between `{value.minus.shown_name}` and `{value.symbol.shown_name}`"
    return f"`{value.symbol.shown_name}` is an address, known only when linked"


# --- operators --------------------------------------------------------------------------------------------------------

# Binding strength, as in the GNU as manual ("Infix Operators"): bit operators bind tighter than + and -.
_PRECEDENCE = {
    "*": 8,
    "/": 8,
    "%": 8,
    "<<": 8,
    ">>": 8,
    "|": 7,
    "&": 7,
    "^": 7,
    "!": 7,
    "+": 5,
    "-": 5,
    "==": 4,
    "!=": 4,
    "<>": 4,
    "<": 4,
    ">": 4,
    "<=": 4,
    ">=": 4,
    "&&": 3,
    "||": 2,
}
_COMPARISONS = frozenset(("==", "!=", "<>", "<", ">", "<=", ">="))
_WORD64 = (1 << 64) - 1


def _wrap(value: int) -> int:
    """GNU as calculates in 64 bits, signed."""
    if -(1 << 63) <= value < 1 << 63:
        return value
    return sign_extend(value, 64)


def _unary(operator: str, value: int) -> int:
    if operator == "-":
        return _wrap(-value)
    if operator == "~":
        return ~value
    return int(not value)


def _divide(left: int, right: int, column: int) -> tuple[int, int]:
    """Quotient and remainder, rounded to zero as in C."""
    if right == 0:
        raise Problem("division by zero", column)
    quotient = abs(left) // abs(right)
    if (left < 0) != (right < 0):
        quotient = -quotient
    return quotient, left - quotient * right


def _shift(operator: str, left: int, right: int, column: int) -> int:
    if not 0 <= right < 64:
        raise Problem(f"shift count {right} is outside 0..63", column)
    return sign_extend(left << right if operator == "<<" else (left & _WORD64) >> right, 64)


def _binary(operator: str, left: int, right: int, column: int) -> int:
    match operator:
        case "+":
            return _wrap(left + right)
        case "-":
            return _wrap(left - right)
        case "*":
            return _wrap(left * right)
        case "/":
            return _divide(left, right, column)[0]
        case "%":
            return _divide(left, right, column)[1]
        case "<<" | ">>":
            return _shift(operator, left, right, column)
        case "|":
            return left | right
        case "&":
            return left & right
        case "^":
            return left ^ right
        case "!":
            return left | ~right
        case "&&":
            return int(bool(left) and bool(right))
        case "||":
            return int(bool(left) or bool(right))
    return -int(_compare(operator, left, right))  # true is all ones


def _compare(operator: str, left: int, right: int) -> bool:
    match operator:
        case "==":
            return left == right
        case "!=" | "<>":
            return left != right
        case "<":
            return left < right
        case ">":
            return left > right
        case "<=":
            return left <= right
    return left >= right


# --- parsing ----------------------------------------------------------------------------------------------------------


def parse_expression(tokens: list[Token], index: int, depth: int = 0) -> tuple[Node, int]:
    """Parses as much of tokens[index:] as is one expression; gives it and the index behind it. Raises Problem."""
    return _parse_binary(tokens, index, 0, depth)


def _parse_binary(tokens: list[Token], index: int, lowest: int, depth: int) -> tuple[Node, int]:
    left, index = _parse_operand(tokens, index, depth)
    while True:
        token = tokens[index]
        if token.kind is not Kind.MARK:
            return left, index
        strength = _PRECEDENCE.get(token.value)  # type: ignore[arg-type]
        if strength is None or strength <= lowest:
            return left, index
        right, index = _parse_binary(tokens, index + 1, strength, depth + 1)
        left = _join(str(token.value), left, right, token.column)


def _join(operator: str, left: Node, right: Node, column: int) -> Node:
    if isinstance(left, Number) and isinstance(right, Number):
        return Number(_binary(operator, left.value, right.value, column), left.column)
    node = Binary(operator, left, right, column)
    if node.depth > MAX_DEPTH:
        raise Problem(f"the expression has more than {MAX_DEPTH} operators; name its parts with .set", column)
    return node


def _parse_operand(tokens: list[Token], index: int, depth: int) -> tuple[Node, int]:
    if depth > MAX_DEPTH:
        raise Problem(f"the expression is nested deeper than {MAX_DEPTH}", tokens[index].column)
    kind, value, column = tokens[index]
    if kind is Kind.NUMBER:
        assert isinstance(value, int)
        return Number(_wrap(value), column), index + 1
    if kind is Kind.NAME:
        return (Dot(column) if value == "." else Name(str(value), column)), index + 1
    if kind is Kind.LOCAL:
        assert isinstance(value, tuple)
        return LocalRef(value[0], value[1], column), index + 1
    if kind is Kind.MARK and value in ("-", "~", "!", "+"):
        operand, index = _parse_operand(tokens, index + 1, depth + 1)
        if value == "+":
            return operand, index
        if isinstance(operand, Number):
            return Number(_unary(str(value), operand.value), column), index
        return Unary(str(value), operand, column), index
    if kind is Kind.MARK and value == "(":
        inner, index = _parse_binary(tokens, index + 1, 0, depth + 1)
        if tokens[index].value != ")":
            raise Problem("expected `)`", tokens[index].column)
        return inner, index + 1
    found = "the end of the line" if kind is Kind.END else f"`{value}`"
    raise Problem(f"expected an expression, found {found}", column)
