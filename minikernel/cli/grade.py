"""`minikernel grade`: many submissions, a table of grades, and files of them."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from minikernel.cli.files import OutputError, reason
from minikernel.cli.grade_progress import grading_progress
from minikernel.cli.screen import Line, Screen, Span, open_screen
from minikernel.errors import UsageError
from minikernel.labs.grader.executors import cores, open_executor
from minikernel.labs.grader.formats.table import FORMATS, PerSubmission, render
from minikernel.labs.grader.formats.wording import remarks, state_of
from minikernel.labs.grader.publish import publish
from minikernel.labs.grader.resume import KeptResults
from minikernel.labs.grader.run import Shelf, grade_all
from minikernel.labs.grader.submissions import Found, find_submissions, one_submission
from minikernel.labs.handout import is_of_a_lab
from minikernel.labs.lab import Lab
from minikernel.labs.report import LabReport

#: Results kept to go on from, below --out.
KEPT = "kept"

#: Columns of the table for a name; the files have it whole.
LONGEST_NAME = 40

_STATE_STYLES = {"full marks": "good", "partly": "failed"}


def grade_command(args: argparse.Namespace) -> int:
    """Grades are no errors: exit status 0 whatever they are."""
    folder = Path(args.submissions)
    out = Path(args.out) if args.out else None
    _check(folder, out, args.formats or [])
    if is_of_a_lab(folder) and not args.single:
        raise UsageError(f"{folder} is one submission itself: name the folder it lies in, or add --single")
    found = one_submission(folder) if args.single else find_submissions(folder)
    try:
        reports = _grade(args, found, out)
        if out is not None:
            publish(out, render(reports, args.formats or list(FORMATS)))
    except OSError as error:
        raise OutputError(f"cannot write below {args.out}: {reason(error)}") from None
    if out is None and args.formats:
        [text] = render(reports, args.formats).values()
        sys.stdout.write(text.decode("utf-8"))
    elif not args.quiet:
        _show(open_screen(), found, reports, out)
    return 0


def _check(folder: Path, out: Path | None, formats: Sequence[str]) -> None:
    """Raises UsageError for options that do not fit together."""
    if out is not None and out.resolve().is_relative_to(folder.resolve()):
        raise UsageError(f"--out {out} lies in the folder of the submissions: it would be one of them next time")
    if out is None and (len(formats) > 1 or any(isinstance(FORMATS[name], PerSubmission) for name in formats)):
        raise UsageError(f"--format {' and '.join(formats)} makes several files: add --out DIR")


def _grade(args: argparse.Namespace, found: Found, out: Path | None) -> list[LabReport]:
    shelf = Shelf(Lab.find(args.lab) if args.lab else None)
    jobs = args.jobs or cores()
    kept = KeptResults(out / KEPT) if out is not None else None
    if kept is not None and args.fresh:
        kept.keep_only(())
    with open_executor(args.executor, jobs) as executor, grading_progress(args.quiet) as on_graded:
        return grade_all(found.submissions, shelf, executor, jobs=jobs, kept=kept, on_graded=on_graded)


def _show(screen: Screen, found: Found, reports: Sequence[LabReport], out: Path | None) -> None:
    name_width = min(max(len(report.submission) for report in reports), LONGEST_NAME)
    lab_width = max(len(report.lab) for report in reports)
    for report in reports:
        for line in _lines(report, name_width, lab_width):
            screen.line(line)
    for ignored in found.ignored:
        screen.line([Span(f"ignored: {ignored}", "dim")])
    full = sum(report.has_full_marks and bool(report.lab) for report in reports)
    screen.line([Span(f"{len(reports)} graded, {full} with full marks", "title")])
    if out is not None:
        screen.line([Span(f"grades in {out}")])


def _shortened(name: str) -> str:
    return name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - 1]}…"


def _lines(report: LabReport, name_width: int, lab_width: int) -> list[Line]:
    """A row, and below it what concerns the whole submission."""
    state = state_of(report)
    row = [
        Span(f"{_shortened(report.submission):{name_width}}  ", "name"),
        Span(f"{report.lab:{lab_width}}  ", "dim"),
        Span(f"{report.score:3} of {report.max_score:<3}  "),
        Span(state, _STATE_STYLES.get(state, "bad")),
    ]
    said = [remark.splitlines()[0] for remark in remarks(report)]
    return [row, *([Span(f"    {remark}", "dim")] for remark in said)]
