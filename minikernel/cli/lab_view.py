"""A lab report as lines on the screen: each check with what it looked at, saw and expected; points; what to do next.

Every mark is a word or sign besides its colour, so that nothing is lost in a pipe or for a reader without colours.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from minikernel.cli.screen import Line, Span
from minikernel.elf.line_table import SourceLine, SourceTexts
from minikernel.labs.lab import INTACT, Lab
from minikernel.labs.report import CheckResult, LabReport, Mark, Outcome, ReportLine

#: What stands before a line of a check, and its style.
MARKS = {
    Mark.GOOD: ("good", "ok"),
    Mark.BAD: ("BAD", "bad"),
    Mark.MISSING: ("MISSING", "bad"),
    Mark.PLAIN: ("", "dim"),
}
MARK_WIDTH = max(len(word) for word, _ in MARKS.values())

OUTCOMES = {
    Outcome.PASSED: ("passed", "good"),
    Outcome.FAILED: ("failed", "bad"),
    Outcome.TIMED_OUT: ("timed out", "bad"),
    Outcome.CRASHED: ("crashed", "bad"),
    Outcome.NOT_RUN: ("not run", "dim"),
}
OUTCOME_WIDTH = max(len(word) for word, _ in OUTCOMES.values())

INDENT = "    "

#: Lines of a check that are shown unless all are asked for.
FEW = 4
LAST = 14  # an oops, from its call trace on


def wrapped(text: str, width: int) -> list[str]:
    """The text in lines of at most `width` characters; a word longer than that stays whole."""
    return textwrap.wrap(text, max(width, 20), break_long_words=False, break_on_hyphens=False) or [""]


def report_lines(
    lab: Lab, report: LabReport, width: int, texts: SourceTexts, *, is_quiet: bool = False, is_verbose: bool = False
) -> Iterator[Line]:
    """The whole report. `texts`: where the lines of the student's sources are."""
    yield (Span(f"Lab {lab.number}: {lab.title}", "title"),)
    for problem in report.problems:
        for line in problem.splitlines():
            yield (Span(line, "bad" if ": error: " in line or ": missing: " in line else ""),)
    if report.ignored and not is_quiet:
        for line in wrapped(f"not looked at: {', '.join(report.ignored)}", width):
            yield (Span(line, "dim"),)
    if not report.problems:
        for check in report.checks:
            if not (_is_dull(check) and not is_verbose):
                yield from _check_lines(check, width, texts, is_quiet, is_verbose)
    yield from _total(lab, report)


def _is_dull(check: CheckResult) -> bool:
    """A guard that holds is no news."""
    return check.is_guard and check.outcome is Outcome.PASSED


def _check_lines(
    check: CheckResult, width: int, texts: SourceTexts, is_quiet: bool, is_verbose: bool
) -> Iterator[Line]:
    word, style = OUTCOMES[check.outcome]
    points = "  guard" if check.is_guard else f"{check.earned:>3}/{check.points:<3}"
    name = f"{check.name}: "
    room = width - OUTCOME_WIDTH - 2 - 9
    first, *more = wrapped(name + check.title, room)
    yield Span(f"{word:<{OUTCOME_WIDTH}}  ", style), Span(f"{points:<9}", "dim"), *_with_name(first, name)
    for rest in more:
        yield (Span(" " * (OUTCOME_WIDTH + 11) + rest),)
    if is_quiet or (check.outcome is Outcome.PASSED and not is_verbose):
        return
    for text in check.looked_at:
        for index, line in enumerate(wrapped(text, width - len(INDENT) - len("looked at: "))):
            yield (Span(f"{INDENT}{'looked at: ' if index == 0 else ' ' * 11}{line}", "dim"),)
    shown = check.lines if is_verbose else _worth_showing(check.lines)
    places: set[str] = set()
    for each in shown:
        yield from _mark_lines(each, width)
        if each.place and each.mark in (Mark.BAD, Mark.MISSING) and each.place not in places:
            places.add(each.place)
            yield from _place_line(each.place, texts, width)
    if len(shown) < len(check.lines):
        yield (
            Span(f"{INDENT}... and more: {len(check.lines) - len(shown)}. All of it: minikernel lab check -v", "dim"),
        )


def _worth_showing(lines: tuple[ReportLine, ...]) -> tuple[ReportLine, ...]:
    """The first few that are not as they must be; of an early stop all, with the end of the console or of the oops."""
    if plain := [line for line in lines if line.mark is Mark.PLAIN]:
        return tuple(line for line in lines if line.mark is not Mark.PLAIN or line in plain[-LAST:])
    wrong = tuple(line for line in lines if line.mark is not Mark.GOOD)
    good = tuple(line for line in lines if line.mark is Mark.GOOD)
    few = wrong[:FEW]
    return tuple(line for line in lines if line in few or line in good[: FEW - len(few)])


def _place_line(place: str, texts: SourceTexts, width: int) -> Iterator[Line]:
    """The source line, where it is the student's own."""
    file, _, number = place.rpartition(":")
    line = texts.line(SourceLine(file, int(number))) if number.isdigit() else None
    head = " " * (len(INDENT) + MARK_WIDTH + 2)
    text = f"{head}{place}" if not line else f"{head}{place} | {' '.join(line.split())}"
    yield (Span(text if len(text) <= width else text[: width - 4] + " ...", "dim"),)


def _with_name(text: str, name: str) -> tuple[Span, ...]:
    if text.startswith(name):
        return Span(name, "title"), Span(text[len(name) :])
    return (Span(text, "title"),)


def _mark_lines(line: ReportLine, width: int) -> Iterator[Line]:
    word, style = MARKS[line.mark]
    head = f"{INDENT}{word:<{MARK_WIDTH}}  "
    for index, part in enumerate(wrapped(line.text, width - len(head))):
        yield Span(head if index == 0 else " " * len(head), style), Span(part, "dim" if line.mark is Mark.PLAIN else "")


def _total(lab: Lab, report: LabReport) -> Iterator[Line]:
    style = "good" if report.has_full_marks else "bad" if report.score == 0 else "failed"
    yield (Span(f"{report.score} of {report.max_score} points", style),)
    if report.has_full_marks or report.problems:
        return
    guard = next((c for c in report.checks if c.is_guard and c.outcome is not Outcome.PASSED), None)
    if guard is not None:
        yield Span("no points while this does not hold: ", "dim"), Span(f"{guard.name}: {guard.title}")
        if guard.name == INTACT:
            return
    hints = {check.name for check in lab.checks if check.hints}
    stuck = next((c for c in report.checks if c.outcome is not Outcome.PASSED and c.name in hints), None)
    if stuck is not None:
        yield Span("stuck? ", "dim"), Span(f"minikernel lab hint {stuck.name}")
