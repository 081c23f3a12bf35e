"""`minikernel lab matrix`: labs x (start, solution, wrong ones, cheats), with the score of each check."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from minikernel.cli.lab_view import wrapped
from minikernel.cli.screen import Line, Span, open_screen
from minikernel.cli.story import plural
from minikernel.labs.lab import Lab, VariantKind
from minikernel.labs.matrix import MatrixRow, grade_variant
from minikernel.labs.report import CheckResult, Outcome

#: One letter for a check that did not pass; a check that did shows its points.
LETTERS = {Outcome.FAILED: "-", Outcome.TIMED_OUT: "T", Outcome.CRASHED: "C", Outcome.NOT_RUN: "."}
GLUE = "\N{NO-BREAK SPACE}"
LEGEND = "points earned; ok: a guard holds; - failed, T timed out, C crashed, . not run"

_KIND_STYLES = {VariantKind.SOLUTION: "ok", VariantKind.CHEAT: "deferred", VariantKind.START: "level"}


def matrix_command(args: argparse.Namespace) -> int:
    """Exit status 1 when any variant scores otherwise than declared."""
    labs = [Lab.find(name) for name in args.labs] or list(Lab.all())
    screen = open_screen()
    total = sum(len(lab.variants) for lab in labs)
    wrong = 0
    with _progress(total) as step:
        for lab in labs:
            rows = []
            for variant in lab.variants:
                step(f"{lab.slug} {variant.title}")
                rows.append(grade_variant(lab, variant))
            for line in _lab_lines(lab, rows, screen.width):
                screen.line(line)
            wrong += sum(not row.is_as_declared for row in rows)
    screen.line([Span(LEGEND, "dim")])
    verdict = f"{plural(total, 'variant')} of {plural(len(labs), 'lab')}: "
    words = "all as declared" if not wrong else f"{wrong} not as declared"
    screen.line([Span(verdict), Span(words, "good" if not wrong else "bad")])
    return 0 if not wrong else 1


def _lab_lines(lab: Lab, rows: list[MatrixRow], width: int) -> Iterator[Line]:
    yield Span(f"{lab.slug}", "title"), Span(f"  {lab.title}", "dim")
    first = max(len(row.variant.title) for row in rows) + 2
    names = [check.name for check in rows[0].report.checks]
    is_wide = first + sum(max(len(name), 3) + 1 for name in names) + len("total  as declared") <= width
    columns = [max(len(name), 3) if is_wide else 3 for name in names]
    heads = names if is_wide else [f"#{number}" for number in range(1, len(names) + 1)]
    if not is_wide:
        for line in wrapped("  ".join(f"#{number}{GLUE}{name}" for number, name in enumerate(names, 1)), width - 2):
            yield (Span(f"  {line.replace(GLUE, ' ')}", "dim"),)
    heading = " ".join(f"{head:>{column}}" for head, column in zip(heads, columns, strict=True))
    yield (Span(f"  {'':<{first}}{heading} total", "dim"),)
    for row in rows:
        yield _row_line(row, first, columns)
        for difference in row.differences:
            for part in wrapped(difference, width - first - 4):
                yield (Span(f"  {'':<{first}}{part}", "bad"),)


def _row_line(row: MatrixRow, first: int, columns: list[int]) -> Line:
    spans = [Span(f"  {row.variant.title:<{first}}", _KIND_STYLES.get(row.variant.kind, ""))]
    for check, column in zip(row.report.checks, columns, strict=True):
        spans.append(Span(f"{_cell(check):>{column}} ", "ok" if check.outcome is Outcome.PASSED else "failed"))
    spans.append(Span(f"{row.report.score:>2}/{row.report.max_score:<2}  "))
    spans.append(Span("as declared", "ok") if row.is_as_declared else Span("NOT AS DECLARED", "bad"))
    return spans


def _cell(check: CheckResult) -> str:
    if check.outcome is not Outcome.PASSED:
        return LETTERS[check.outcome]
    return "ok" if check.is_guard else str(check.earned or f"({check.points})")


@contextmanager
def _progress(total: int) -> Iterator[Callable[[str], None]]:
    """A bar on standard error where that is a terminal."""
    if not sys.stderr.isatty() or os.environ.get("TERM") == "dumb":
        yield lambda _text: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    console = Console(stderr=True, markup=False, emoji=False)
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("", total=total)
        is_first = [True]

        def step(text: str) -> None:
            bar.update(task, advance=0 if is_first.pop() else 1, description=text)
            is_first.append(False)

        yield step
