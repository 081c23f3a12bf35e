"""A page for people: grades.md, a table and then what each submission should look at."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from minikernel.labs.grader.formats.wording import OUTCOMES, lines_of, remarks, state_of
from minikernel.labs.report import CheckResult, LabReport, Outcome

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>()#+!|~-])")


def grades_markdown(reports: Sequence[LabReport]) -> str:
    """The table of all, then a section for each submission without full marks."""
    lines = ["# Grades", "", "| submission | lab | score | of | state |", "|---|---|--:|--:|---|"]
    for report in reports:
        cells = [report.submission, report.lab, str(report.score), str(report.max_score), state_of(report)]
        lines.append("| " + " | ".join(_escaped(cell) for cell in cells) + " |")
    for report in reports:
        if not report.has_full_marks or report.problems or not report.lab:
            lines += ["", *_section(report)]
    return "\n".join(lines) + "\n"


def _section(report: LabReport) -> Iterator[str]:
    yield f"## {_escaped(report.submission)}: {report.score} of {report.max_score}"
    for remark in remarks(report):
        yield from ("", *_block(remark.splitlines()))
    for check in report.checks:
        if check.outcome is not Outcome.PASSED and (check.lines or check.looked_at):
            yield from ("", *_check(check))


def _check(check: CheckResult) -> Iterator[str]:
    points = "a guard" if check.is_guard else f"{check.earned} of {check.points}"
    yield f"### {_escaped(check.name)}: {OUTCOMES[check.outcome]} ({points})"
    yield ""
    yield _escaped(check.title)
    yield ""
    yield from _block(list(lines_of(check)))


def _block(lines: Sequence[str]) -> Iterator[str]:
    """A fenced block; the fence is longer than any in the text."""
    longest = max((len(run) for line in lines for run in re.findall(r"`+", line)), default=0)
    fence = "`" * max(3, longest + 1)
    yield from (f"{fence}text", *lines, fence)


def _escaped(text: str) -> str:
    return _SPECIAL.sub(r"\\\1", " ".join(text.split()))
