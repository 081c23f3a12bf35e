"""The result of a runner for GitHub Classroom's autograding-grading-reporter.

A runner sets the step output `result` to the base64 of this JSON; the reporter finds it in `RUNNER_RESULTS`. Source:
the actions classroom-resources/autograding-grading-reporter and autograding-io-grader, whose version is 1. Their
`duration` is left out. A runner is pass, fail or error, and so is each of its tests; points count by test.
"""

from __future__ import annotations

import base64
import json
from typing import Any

from minikernel.labs.grader.formats.wording import OUTCOMES, remarks, text_of, title_of
from minikernel.labs.report import CheckResult, LabReport, Outcome

_STATUS = {
    Outcome.PASSED: "pass",
    Outcome.FAILED: "fail",
    Outcome.TIMED_OUT: "error",
    Outcome.CRASHED: "error",
    Outcome.NOT_RUN: "error",
}


def classroom_json(report: LabReport) -> str:
    """The JSON, to be read by people."""
    return json.dumps(_content(report), indent=1, ensure_ascii=False) + "\n"


def classroom_base64(report: LabReport) -> str:
    """The same as the value of the step's output `result`: `echo "result=$(cat FILE)" >> "$GITHUB_OUTPUT"`."""
    text = json.dumps(_content(report), ensure_ascii=False, separators=(",", ":"))
    return base64.b64encode(text.encode("utf-8")).decode("ascii") + "\n"


def _content(report: LabReport) -> dict[str, Any]:
    tests = [_test(report, check) for check in report.checks] or [_ungraded(report)]
    statuses = {test["status"] for test in tests}
    worst = next((status for status in ("error", "fail") if status in statuses), "pass")
    return {"version": 1, "status": worst, "max_score": report.max_score, "tests": tests}


def _test(report: LabReport, check: CheckResult) -> dict[str, Any]:
    passed = check.outcome is Outcome.PASSED
    place = next((line.place for line in check.lines if line.place), "")
    file, _, line = place.rpartition(":")
    return {
        "name": title_of(check),
        "status": _STATUS[check.outcome],
        "message": None if passed else "\n".join((OUTCOMES[check.outcome], *report.problems, text_of(check))),
        "test_code": f"minikernel lab check --lab {report.lab}",
        "filename": file or place,
        "line_no": int(line) if file and line.isdigit() else 0,
        "score": check.earned,
    }


def _ungraded(report: LabReport) -> dict[str, Any]:
    return {
        "name": "submission",
        "status": "error",
        "message": "\n".join(remarks(report)),
        "test_code": "minikernel lab check",
        "filename": "",
        "line_no": 0,
        "score": 0,
    }
