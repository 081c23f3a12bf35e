"""The formats by name, and the files each of them makes of all reports."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from minikernel.labs.grader.formats.csv import grades_csv
from minikernel.labs.grader.formats.github_classroom import classroom_base64, classroom_json
from minikernel.labs.grader.formats.gradescope import gradescope_json
from minikernel.labs.grader.formats.junit import junit_xml
from minikernel.labs.grader.formats.markdown import grades_markdown
from minikernel.labs.grader.safe_names import file_names
from minikernel.labs.report import LabReport


@dataclass(frozen=True)
class Whole:
    """One document for all submissions."""

    file: str
    text: Callable[[Sequence[LabReport]], str]


@dataclass(frozen=True)
class PerSubmission:
    """Documents for each submission: pattern of the file's name -> text. `*` is the submission's file name."""

    files: Mapping[str, Callable[[LabReport], str]]


FORMATS: Mapping[str, Whole | PerSubmission] = {
    "csv": Whole("grades.csv", grades_csv),
    "markdown": Whole("grades.md", grades_markdown),
    "junit": Whole("junit.xml", junit_xml),
    "json": PerSubmission({"reports/*.json": LabReport.to_json}),
    "gradescope": PerSubmission({"gradescope/*/results.json": gradescope_json}),
    "github-classroom": PerSubmission(
        {"github-classroom/*.json": classroom_json, "github-classroom/*.base64": classroom_base64}
    ),
}


def render(reports: Sequence[LabReport], formats: Sequence[str]) -> dict[str, bytes]:
    """Path below the output folder -> bytes, for these formats."""
    names = file_names(report.submission for report in reports)
    files: dict[str, bytes] = {}
    for name in formats:
        shape = FORMATS[name]
        if isinstance(shape, Whole):
            files[shape.file] = _bytes(shape.text(reports))
            continue
        for pattern, text in shape.files.items():
            files |= {pattern.replace("*", names[each.submission]): _bytes(text(each)) for each in reports}
    return files


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "backslashreplace")
