"""One line for each submission, for a spreadsheet or a gradebook: grades.csv."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

from minikernel.labs.grader.formats.wording import remarks, state_of
from minikernel.labs.report import LabReport

#: A cell that begins so is a formula to a spreadsheet.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def grades_csv(reports: Sequence[LabReport]) -> str:
    """submission, lab, score, max_score, state, a column of points for each check, remarks. RFC 4180 with LF."""
    columns = _check_columns(reports)
    out = io.StringIO()
    rows = csv.writer(out, lineterminator="\n")
    rows.writerow(
        ["submission", "lab", "score", "max_score", "state", *(f"{lab}: {name}" for lab, name in columns), "remarks"]
    )
    for report in reports:
        earned = {(report.lab, check.name): check.earned for check in report.checks}
        points = [earned.get(column, "") for column in columns]
        cells = [report.submission, report.lab, report.score, report.max_score, state_of(report), *points]
        rows.writerow(map(_cell, [*cells, "\n".join(remarks(report))]))
    return out.getvalue()


def _check_columns(reports: Sequence[LabReport]) -> list[tuple[str, str]]:
    """(lab, check) by lab, in the lab's order; guards have no points."""
    found = {(report.lab, check.name): None for report in reports for check in report.checks if not check.is_guard}
    return sorted(found, key=lambda column: column[0])


def _cell(value: object) -> object:
    """Text that a spreadsheet would calculate gets a ' before it."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value
