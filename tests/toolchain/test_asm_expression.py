"""Expressions: GNU as precedence and what a value may be."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minikernel.errors import SourceError, SourceErrors
from minikernel.toolchain.assembler import assemble_text


def word(expression: str) -> int:
    """What `.word expression` puts into .text."""
    data = assemble_text(f".word {expression}\n").section(".text").data
    return int.from_bytes(data, "little")


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("0x10", 16),
        ("0b101", 5),
        ("017", 15),
        ("'A", 65),
        ("'A'", 65),
        ("'\\n'", 10),
        ("1 + 2 * 3", 7),
        ("(1 + 2) * 3", 9),
        ("1 << 2 + 1", 5),  # << binds tighter than +
        ("1 | 2 + 4", 7),  # | binds tighter than +
        ("6 & 3 + 1", 3),
        ("10 - 4 - 3", 3),
        ("-10 / 3", 0xFFFFFFFD),  # rounded to zero, as C
        ("-10 % 3", 0xFFFFFFFF),
        ("~5 & 0xff", 0xFA),
        ("!5", 0),
        ("!0", 1),
        ("1 == 1", 0xFFFFFFFF),  # true is all ones
        ("1 <> 1", 0),
        ("2 > 1 && 0 || 1", 1),
        ("- -1", 1),
        ("-1", 0xFFFFFFFF),
        ("0xffffffff", 0xFFFFFFFF),
    ],
)
def test_value(expression: str, value: int) -> None:
    assert word(expression) == value


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("08", "leading 0 makes a number octal"),
        ("0xfg", "bad number '0xfg'"),
        ("1 +", "expected an expression, found the end of the line"),
        ("(1", "expected `)`"),
        ("1 / 0", "division by zero"),
        ("1 << 64", "shift count 64"),
        ("0x100000000", "does not fit in 32 bits"),
        ("-0x80000001", "does not fit in 32 bits"),
        ("'\\xx'", "unknown escape"),
        ("1 ` 2", "unexpected character '`'"),
        ("x * 2", "needs numbers; `x` is an address"),
        ("x + y", "sum of two addresses"),
        ("3 - x", "neither a number nor an address"),
        ("9" * 100, "too many digits"),
        ("(" * 200 + "1" + ")" * 200, "nested deeper"),
        ("x" + " + x" * 200, "more than 100 operators"),
    ],
)
def test_wrong_expression_says_why(expression: str, message: str) -> None:
    with pytest.raises(SourceError) as caught:
        word(expression)
    assert message in str(caught.value)


def test_caret_stands_under_the_operator_that_divides_by_zero() -> None:
    with pytest.raises(SourceError) as caught:
        word("5 + 1 / 0")
    assert str(caught.value).split("\n")[1:] == ["    .word 5 + 1 / 0", "                ^"]


@given(st.integers(-(1 << 31), (1 << 32) - 1))
def test_any_word_comes_back(value: int) -> None:
    assert word(str(value)) == value & 0xFFFFFFFF


def test_difference_of_labels_over_an_alignment_is_known_at_the_end_only() -> None:
    text = "a: nop\n.balign 16\nb: .word b - a\n.if b - a\n.endif\n"
    with pytest.raises(SourceError, match="an alignment stands between `a` and `b`"):
        assemble_text(text)


def test_set_chain_that_ends_in_itself_is_refused() -> None:
    with pytest.raises(Exception, match="defined by itself"):
        assemble_text(".set a, b\n.set b, a\n.word a\n")


def test_several_sets_in_a_row_are_executed_in_their_order() -> None:
    text = ".equ a, 1\n.equ b, a + 1\n.equ a, 5\n.set c, a + b\n.equ later, end - start\n.equ d, 9\n"
    text += ".byte a, b, c, d, later\nstart: .byte 0\nend:\n"
    assert assemble_text(text).section(".text").data == bytes([5, 2, 7, 9, 1, 0])


def test_what_is_wrong_with_one_of_several_sets_is_told_at_its_line() -> None:
    text = "taken: nop\n.equ a, 1\n.equ taken, 2\n.equ b, 1 +\n.equ c, 3\n.byte a, c\n"
    with pytest.raises(SourceErrors) as caught:
        assemble_text(text)
    first, second = caught.value.errors
    assert "`taken` is already defined at text.s:1:1" in str(first)
    assert "expected an expression" in str(second)
    assert [error.location.line for error in caught.value.errors] == [3, 4]


def test_forward_set_keeps_the_value_that_comes_first() -> None:
    data = assemble_text(".word x\n.set x, 3\n.word x\n.set x, 4\n.word x\n").section(".text").data
    assert data == bytes([3, 0, 0, 0, 3, 0, 0, 0, 4, 0, 0, 0])
