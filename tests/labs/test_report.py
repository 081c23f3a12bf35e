"""A report is data: what is written is what is read."""

from __future__ import annotations

import json

import pytest

from minikernel.errors import ImageError
from minikernel.labs.report import CheckResult, LabReport, Mark, Outcome, ReportLine

REPORT = LabReport(
    lab="03-use-after-init-free",
    submission="Zoë Ångström",
    score=4,
    max_score=10,
    problems=("drivers/ticker.s:3:9: error: unknown instruction 'moov'",),
    ignored=("notes.txt",),
    checks=(
        CheckResult(
            "freed-late",
            "the pages are freed after the last use",
            4,
            4,
            Outcome.PASSED,
            ("the page of ticker_work",),
            (ReportLine(Mark.GOOD, "freed: 3 pages", "drivers/ticker.s:31"),),
        ),
        CheckResult("intact", "nothing else was changed", 0, 0, Outcome.TIMED_OUT, is_guard=True),
    ),
)


def test_json_gives_the_same_report_back() -> None:
    assert LabReport.from_json(REPORT.to_json()) == REPORT


def test_json_has_sorted_keys_and_ends_with_a_newline() -> None:
    text = REPORT.to_json()
    assert text == json.dumps(json.loads(text), indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def test_full_marks_are_every_point() -> None:
    assert not REPORT.has_full_marks


@pytest.mark.parametrize("text", ["", "{}", "[]", "null", '{"lab": 1}', REPORT.to_json().replace("passed", "cheated")])
def test_a_text_that_is_no_report_is_refused(text: str) -> None:
    with pytest.raises(ImageError, match="lab report"):
        LabReport.from_json(text)
