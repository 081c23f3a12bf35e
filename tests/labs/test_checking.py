"""What a check says is what it earns: never a pass without a good line, never one by an accident."""

from __future__ import annotations

import re
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from labs.lamp import lamp_lab

from minikernel.errors import UsageError
from minikernel.labs.checking import MAX_LINES, Checking, Verdict
from minikernel.labs.report import Mark, Outcome, ReportLine
from minikernel.labs.running import Run, RunEndedError


def verdict(function: Callable[[Checking], None], sources: dict[str, str] | None = None) -> Verdict:
    def no_run(name: str) -> Run:
        raise RunEndedError(Outcome.TIMED_OUT, f"{name} ended", (ReportLine(Mark.PLAIN, "console: \x1b[2J"),))

    def no_build(_drivers: object) -> Any:
        raise UsageError("nothing to build")

    return Checking(lamp_lab(), sources or {}, no_run, no_build).verdict_of(function)


def marks(function: Callable[[Checking], None]) -> list[Mark]:
    return [line.mark for line in verdict(function).lines]


def test_a_check_that_says_nothing_fails() -> None:
    assert verdict(lambda check: None).outcome is Outcome.FAILED
    assert verdict(lambda check: check.plain("nothing to see")).outcome is Outcome.FAILED


def test_one_bad_or_missing_line_is_enough() -> None:
    def mostly(say: str) -> Callable[[Checking], None]:
        return lambda check: (check.good("a"), getattr(check, say)("b"), check.good("c"))[0]

    assert verdict(mostly("plain")).outcome is Outcome.PASSED
    assert verdict(mostly("bad")).outcome is Outcome.FAILED
    assert verdict(mostly("missing")).outcome is Outcome.FAILED


@pytest.mark.parametrize(("saw", "expected"), [(1, True), (0, False), (1, 1.0), (None, 0), ("1", 1), ([1], (1,))])
def test_equal_values_of_two_kinds_are_not_equal(saw: object, expected: object) -> None:
    assert marks(lambda check: check.equal("it", saw, expected) or None) == [Mark.BAD]


def test_equal_shows_both_sides() -> None:
    [line] = verdict(lambda check: check.equal("LEDs", "0x00", "0x5a", place="drivers/lamp.s:3") or None).lines
    assert line == ReportLine(Mark.BAD, "LEDs: saw 0x00, expected 0x5a", "drivers/lamp.s:3")


def test_a_run_that_ended_early_ends_the_check_with_its_reason() -> None:
    result = verdict(lambda check: (check.good("before"), check.run("boot"))[0])
    assert result.outcome is Outcome.TIMED_OUT
    assert [line.text for line in result.lines] == ["before", "boot ended", "console: \\x1b[2J"]


@pytest.mark.parametrize("error", [KeyError("x"), ZeroDivisionError(), ValueError("no"), TypeError(), AttributeError()])
def test_what_cannot_be_read_is_a_crash_and_no_pass(error: Exception) -> None:
    def check_it(check: Checking) -> None:
        check.good("so far")
        raise error

    assert verdict(check_it).outcome is Outcome.CRASHED


def test_the_guest_s_errno_is_told_in_its_words() -> None:
    def refused(check: Checking) -> None:
        raise OSError(8, "could not insert module x\nthe kernel says: no")

    result = verdict(refused)
    assert result.outcome is Outcome.FAILED
    assert [line.text for line in result.lines] == ["could not insert module x", "the kernel says: no"]


def test_a_bad_line_is_never_lost_among_many_good_ones() -> None:
    def many(check: Checking) -> None:
        for number in range(3 * MAX_LINES):
            check.good(str(number))
        check.bad("at last")

    result = verdict(many)
    assert result.outcome is Outcome.FAILED
    assert (len(result.lines), result.lines[-1].text) == (MAX_LINES, "at last")


def test_answers_are_read_and_wrong_ones_pointed_at() -> None:
    found: list[object] = []
    verdict(lambda check: found.append(check.answers()), {"answers.toml": "instruction = 5\n"})
    assert found == [{"instruction": 5}]
    result = verdict(lambda check: found.append(check.answers()), {"answers.toml": "a = 1\nb = = 2\n"})
    assert result.outcome is Outcome.FAILED
    assert result.lines[0].text.startswith("answers.toml:2:5: error: ")


@pytest.mark.parametrize(
    ("wanted", "times", "expected"),
    [
        ("lamp", 2, [Mark.GOOD, Mark.GOOD]),
        ("lamp", 1, [Mark.BAD]),
        ("lamp", 3, [Mark.PLAIN, Mark.PLAIN, Mark.MISSING]),
        ("l.mp", 1, [Mark.MISSING]),
        (re.compile("^l.mp"), 1, [Mark.GOOD]),
        ("dark", 0, [Mark.GOOD]),
    ],
)
def test_console_lines_are_counted(wanted: str | re.Pattern[str], times: int, expected: list[Mark]) -> None:
    run: Any = SimpleNamespace(console=("lamp: lit", "the lamp", ""))
    assert marks(lambda check: check.console(run, wanted, times) or None) == expected
