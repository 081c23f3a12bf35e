"""A check in words, the same in every format."""

from __future__ import annotations

from collections.abc import Iterator

from minikernel.labs.report import CheckResult, LabReport, Mark, Outcome

OUTCOMES = {
    Outcome.PASSED: "passed",
    Outcome.FAILED: "failed",
    Outcome.TIMED_OUT: "timed out",
    Outcome.CRASHED: "crashed",
    Outcome.NOT_RUN: "not run",
}

_MARKS = {Mark.GOOD: "GOOD   ", Mark.BAD: "BAD    ", Mark.MISSING: "MISSING", Mark.PLAIN: "       "}


def earns_nothing(report: LabReport) -> tuple[CheckResult, ...]:
    """The guards that did not hold: why no check earns its points."""
    return tuple(check for check in report.checks if check.is_guard and check.outcome is not Outcome.PASSED)


def title_of(check: CheckResult) -> str:
    """`freed-late: the page is freed after ...`."""
    return f"{check.name}: {check.title}"


def lines_of(check: CheckResult) -> Iterator[str]:
    """What was looked at, then each fact with its mark and its place."""
    for place in check.looked_at:
        yield f"looked at {place}"
    for line in check.lines:
        where = f"  ({line.place})" if line.place else ""
        yield f"{_MARKS[line.mark]} {line.text}{where}".rstrip()


def text_of(check: CheckResult) -> str:
    """The check's lines, or its outcome where it has none."""
    return "\n".join(lines_of(check)) or OUTCOMES[check.outcome]


def remarks(report: LabReport) -> Iterator[str]:
    """What concerns the whole submission: problems, guards that did not hold, files that were ignored."""
    yield from report.problems
    for guard in earns_nothing(report):
        if not report.problems:
            yield f"no points, because this does not hold: {title_of(guard)} ({OUTCOMES[guard.outcome]})"
    if report.ignored:
        yield f"ignored, not part of the lab: {', '.join(report.ignored)}"


def state_of(report: LabReport) -> str:
    """One or two words for a table: full marks, partly, no points; or what went wrong as a whole."""
    if not report.lab:
        return "no lab"
    outcomes = {check.outcome for check in report.checks}
    for outcome in (Outcome.TIMED_OUT, Outcome.CRASHED, Outcome.NOT_RUN):
        if outcomes == {outcome}:
            return "not graded" if outcome is Outcome.NOT_RUN else OUTCOMES[outcome]
    if report.has_full_marks:
        return "full marks"
    return "partly" if report.score else "no points"
