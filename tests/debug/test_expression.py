"""Expressions: values, precedence, carets."""

from __future__ import annotations

import operator
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minikernel.debug.expression import ExpressionError, parse


class Fixed:
    """Some registers, symbols and memory."""

    def __init__(self) -> None:
        self.registers = {"r0": 7, "sp": 0xC0100000}
        self.symbols = {"jiffies": 0xC0020000, "do_initcalls": 0xC0008100}
        self.memory = {0xC0020000: 0x11223344}

    def register(self, name: str) -> int | None:
        return self.registers.get(name)

    def symbol(self, name: str) -> int | None:
        return self.symbols.get(name)

    def known_names(self) -> Iterable[str]:
        return ["$r0", "$sp", *self.symbols]

    def read(self, addr: int, size: int) -> int:
        return self.memory[addr] & ((1 << 8 * size) - 1)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1 + 2 * 3", 7),
        ("(1 + 2) * 3", 9),
        ("0x10 | 1 << 8", 0x110),
        ("-19", 0xFFFFFFED),
        ("$r0 == 7 && jiffies != 0", 1),
        ("*jiffies", 0x11223344),
        ("byte(jiffies)", 0x44),
        ("half(jiffies) & 0xf", 4),
        ("do_initcalls+0x14", 0xC0008114),
        ("!0 + ~0", 0),
        ("10 - 2 - 3", 5),
        ("7 / 2 % 2", 1),
        ("0 && *0", 0),
        ("1 || *0", 1),
        ("$r0 > -1", 0),
        ("0b101", 5),
        ("1 << 40", 0),
    ],
)
def test_values(text: str, value: int) -> None:
    assert parse(text)(Fixed()) == value


@pytest.mark.parametrize(
    ("text", "column", "message"),
    [
        ("1 +", 4, "expected a number"),
        ("(1 + 2", 1, "never closed"),
        ("1 2", 3, "expected an operator"),
        ("$r0 @ 2", 5, "unexpected '@'"),
        ("0777", 1, "octal"),
        ("0x100000000", 1, "32 bits"),
        ("", 1, "expected a number"),
        ("(" * 200, 65, "levels deep"),
        ("12abc", 1, "unexpected"),
    ],
)
def test_wrong_texts_have_a_caret(text: str, column: int, message: str) -> None:
    with pytest.raises(ExpressionError, match=message) as caught:
        parse(text)
    assert caught.value.column == column
    assert str(caught.value).splitlines()[-1].index("^") == 4 + column - 1 if text else True


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("jiffie", "no symbol 'jiffie'; did you mean 'jiffies'"),
        ("$sq", r"no register '\$sq'; did you mean '\$sp'"),
        ("1 / 0", "division by zero"),
    ],
)
def test_what_is_known_only_at_evaluation(text: str, message: str) -> None:
    with pytest.raises(ExpressionError, match=message):
        parse(text)(Fixed())


@given(st.text(alphabet="0123456789abxr$()*+-/&|<>=! ~%^jiffies", max_size=40))
def test_any_text_is_a_value_or_an_expression_error(text: str) -> None:
    try:
        value = parse(text)(Fixed())
    except (ExpressionError, KeyError):  # KeyError: this test's memory
        return
    assert 0 <= value <= 0xFFFFFFFF


OPERATORS = {"+": operator.add, "-": operator.sub, "*": operator.mul, "&": operator.and_, "|": operator.or_}


@given(st.lists(st.tuples(st.sampled_from(sorted(OPERATORS)), st.integers(0, 0xFFFF)), min_size=1, max_size=8))
def test_precedence_is_pythons_where_that_is_cs(terms: list[tuple[str, int]]) -> None:
    text = "1" + "".join(f" {sign} {number}" for sign, number in terms)
    assert parse(text)(Fixed()) == eval(text) & 0xFFFFFFFF
