"""What run_autograder runs: ROOT/submission in, ROOT/results/results.json out, as Gradescope has them.

Standard output is for the teacher; students see results.json only.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

from minikernel.cli.files import write_file
from minikernel.labs.grader.formats.gradescope import gradescope_json
from minikernel.labs.grader.run import Shelf, grade_all
from minikernel.labs.grader.safe_names import printable
from minikernel.labs.grader.submissions import one_submission
from minikernel.labs.lab import Lab
from minikernel.labs.report import LabReport


def main(arguments: Sequence[str]) -> int:
    """Grades the submission below ROOT for LAB. Whatever the grade, the exit status is 0: results.json has it."""
    root, lab = Path(arguments[0]), Lab.find(arguments[1])
    report = _grade(root / "submission", lab)
    metadata = _metadata(root / "submission_metadata.json")
    report = replace(report, submission=_students(metadata) or report.submission)
    (root / "results").mkdir(parents=True, exist_ok=True)
    write_file(root / "results" / "results.json", gradescope_json(report).encode("utf-8"))
    print(f"{report.submission}: {report.lab}: {report.score} of {report.max_score}")
    total = _total_points(metadata)
    if total is not None and total != report.max_score:
        print(f"The lab has {report.max_score} points, the assignment on Gradescope {total:g}: set it to the lab's.")
    return 0


def _grade(folder: Path, lab: Lab) -> LabReport:
    with ThreadPoolExecutor(1) as executor:  # the submission's process is the grader's own
        [report] = grade_all(one_submission(folder).submissions, Shelf(lab), executor, jobs=1)
    return report


def _metadata(path: Path) -> Mapping[str, Any]:
    """Gradescope's submission_metadata.json; empty where there is none, as in a trial by hand."""
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}


def _students(metadata: Mapping[str, Any]) -> str:
    return printable(", ".join(str(user["name"]) for user in metadata.get("users", ())))


def _total_points(metadata: Mapping[str, Any]) -> float | None:
    points = metadata.get("assignment", {}).get("total_points")
    return None if points is None else float(points)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
