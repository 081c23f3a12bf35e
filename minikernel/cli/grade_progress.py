"""How far the grader is, on standard error: a bar at a terminal, a line for each submission elsewhere."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from minikernel.labs.grader.run import OnGraded
from minikernel.labs.report import LabReport


@contextmanager
def grading_progress(is_quiet: bool) -> Iterator[OnGraded]:
    """What to call after each submission."""
    if is_quiet:
        yield lambda report, done, total: None
    elif sys.stderr.isatty() and os.environ.get("TERM") != "dumb":
        with _bar() as on_graded:
            yield on_graded
    else:
        yield _say


def _say(report: LabReport, done: int, total: int) -> None:
    sys.stderr.write(f"{done} of {total}: {report.submission}: {report.score} of {report.max_score}\n")


@contextmanager
def _bar() -> Iterator[OnGraded]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True, markup=False, emoji=False)
    columns = (TextColumn("grading"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        bar = progress.add_task("grading", total=None)
        yield lambda report, done, total: progress.update(bar, completed=done, total=total)
