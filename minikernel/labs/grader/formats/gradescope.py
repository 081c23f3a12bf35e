"""results.json of one submission, as Gradescope's autograder specification describes it.

Source: gradescope-autograders.readthedocs.io, "Autograder Specifications", Output format. `execution_time` is optional
and left out: it would differ from run to run.
"""

from __future__ import annotations

import json
from typing import Any

from minikernel.labs.grader.formats.wording import OUTCOMES, remarks, text_of, title_of
from minikernel.labs.report import CheckResult, LabReport, Outcome


def gradescope_json(report: LabReport) -> str:
    """The document for one submission. Points are on the tests, and their sum on the whole."""
    content = {
        "score": report.score,
        "output": "\n\n".join(remarks(report)) or f"{report.score} of {report.max_score} points",
        "output_format": "text",
        "visibility": "visible",
        "stdout_visibility": "hidden",
        "tests": [_test(number, check) for number, check in enumerate(report.checks, 1)],
        "extra_data": {"lab": report.lab, "max_score": report.max_score},
    }
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def _test(number: int, check: CheckResult) -> dict[str, Any]:
    return {
        "score": check.earned,
        "max_score": check.points,
        "status": "passed" if check.outcome is Outcome.PASSED else "failed",
        "name": title_of(check),
        "name_format": "text",
        "number": str(number),
        "output": f"{OUTCOMES[check.outcome]}\n{text_of(check)}",
        "output_format": "text",
        "visibility": "visible",
    }
