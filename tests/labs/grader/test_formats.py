"""The grades as files: valid where they are read by others, whole where names and texts are hostile."""

from __future__ import annotations

import base64
import csv
import io
import json
import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
import xmlschema
from labs.grader.gradescope_rules import broken_rules
from labs.grader.sample_reports import ALL, BROKEN, GOOD, NO_LAB, PARTLY

from minikernel.cli.grade_arguments import FORMAT_NAMES
from minikernel.labs.grader.formats.csv import grades_csv
from minikernel.labs.grader.formats.github_classroom import classroom_base64, classroom_json
from minikernel.labs.grader.formats.gradescope import gradescope_json
from minikernel.labs.grader.formats.junit import junit_xml
from minikernel.labs.grader.formats.markdown import grades_markdown
from minikernel.labs.grader.formats.table import FORMATS, render
from minikernel.labs.report import LabReport

SCHEMA = xmlschema.XMLSchema(Path(__file__).parent / "junit.xsd")


def test_command_line_offers_every_format_and_no_other() -> None:
    assert tuple(FORMATS) == FORMAT_NAMES


def test_junit_validates_against_the_published_rules() -> None:
    SCHEMA.validate(junit_xml(ALL))


@pytest.mark.parametrize(
    ("old", "new"),
    [(' failures="0"', ""), ("(</?)testcase", r"\1case"), ('tests="3"', 'tests="three"'), ("(</?)error", r"\1skip")],
)
def test_schema_refuses_a_damaged_document(old: str, new: str) -> None:
    damaged = re.sub(old, new, junit_xml(ALL))
    assert damaged != junit_xml(ALL)
    assert not SCHEMA.is_valid(damaged)


def test_junit_counts_a_check_that_did_not_run_as_an_error() -> None:
    suites = {suite.attrib["name"]: suite.attrib for suite in ET.fromstring(junit_xml(ALL)).iter("testsuite")}
    counts = {name: tuple(int(each[key]) for key in ("tests", "failures", "errors")) for name, each in suites.items()}
    assert counts == {
        "-rf": (1, 0, 1),
        "Jörg & <Søn> | *x*\u202e": (3, 0, 3),
        "=cmd|' /C calc'!A0": (3, 0, 1),
        "alice": (2, 0, 0),
    }


@pytest.mark.parametrize("report", ALL, ids=lambda report: report.submission)
def test_gradescope_results_keep_every_documented_rule(report: LabReport) -> None:
    content = json.loads(gradescope_json(report))
    assert broken_rules(content) == []
    assert content["score"] == report.score == sum(test["score"] for test in content["tests"])


def test_gradescope_rules_find_what_is_wrong() -> None:
    assert broken_rules({"tests": [{"status": "ok", "points": 1}], "visibility": True}) == [
        "results.visibility: True is none of ['after_due_date', 'after_published', 'hidden', 'visible']",
        "score is neither on the whole nor on each test",
        "tests[0].status: 'ok' is none of ['failed', 'passed']",
        "tests[0]: no field points",
    ]


def test_gradescope_test_says_what_was_looked_at_and_where() -> None:
    [_, freed] = json.loads(gradescope_json(GOOD))["tests"]
    assert freed == {
        "score": 4,
        "max_score": 4,
        "status": "passed",
        "name": "freed-late: the page is freed after its last use",
        "name_format": "text",
        "number": "2",
        "output": "passed\nlooked at the page of ticker_work\n"
        "GOOD    pages freed: saw 3, expected 3  (drivers/ticker.s:31)",
        "output_format": "text",
        "visibility": "visible",
    }


@pytest.mark.parametrize("report", ALL, ids=lambda report: report.submission)
def test_classroom_result_is_what_the_reporter_decodes(report: LabReport) -> None:
    """As the reporter does: base64 to JSON; the sum of the tests' scores against max_score."""
    content = json.loads(base64.b64decode(classroom_base64(report), validate=False))
    assert content == json.loads(classroom_json(report))
    assert content["version"] == 1
    assert content["status"] in {"pass", "fail", "error"}
    assert {test["status"] for test in content["tests"]} <= {"pass", "fail", "error"}
    assert (content["max_score"], sum(test["score"] for test in content["tests"])) == (report.max_score, report.score)
    assert all((test["message"] is None) == (test["status"] == "pass") for test in content["tests"])
    assert "\n" not in classroom_base64(report).rstrip("\n")


def test_classroom_status_is_that_of_the_worst_check() -> None:
    statuses = {report.submission: json.loads(classroom_json(report))["status"] for report in (GOOD, PARTLY, NO_LAB)}
    assert statuses == {"alice": "pass", PARTLY.submission: "error", "-rf": "error"}


def test_classroom_test_points_at_the_source_line() -> None:
    tests = json.loads(classroom_json(PARTLY))["tests"]
    assert [(test["filename"], test["line_no"]) for test in tests] == [
        ("", 0),
        ("drivers/ticker.s", 31),
        ("kernel/main.s", 7),
    ]


def test_csv_has_a_row_for_each_and_a_column_for_each_check() -> None:
    rows = list(csv.DictReader(io.StringIO(grades_csv(ALL))))
    assert [(row["score"], row["max_score"], row["state"]) for row in rows] == [
        ("0", "0", "no lab"),
        ("0", "10", "not graded"),
        ("4", "10", "partly"),
        ("4", "4", "full marks"),
    ]
    assert [row["03-use-after-init-free: freed-late"] for row in rows] == ["", "0", "4", "4"]
    assert "unknown instruction 'mvo'\n        mvo r0" in rows[1]["remarks"]


def test_csv_cell_that_a_spreadsheet_would_calculate_is_text() -> None:
    names = [row["submission"] for row in csv.DictReader(io.StringIO(grades_csv(ALL)))]
    assert names == ["'-rf", BROKEN.submission, "'=cmd|' /C calc'!A0", "alice"]


def test_markdown_table_survives_names_with_bars_and_stars() -> None:
    lines = grades_markdown(ALL).splitlines()
    assert lines[4].startswith("| \\-rf |")
    rows = lines[4:8]
    assert [row.replace("\\|", "").count("|") for row in rows] == [6, 6, 6, 6]
    assert "\\*x\\*" in rows[1]


def test_markdown_fence_is_longer_than_any_in_the_text() -> None:
    text = grades_markdown([PARTLY])
    assert "\n`````text\nlooked at the console\n" in text


def test_no_format_depends_on_anything_but_the_reports() -> None:
    assert render(ALL, FORMAT_NAMES) == render(tuple(LabReport.from_json(each.to_json()) for each in ALL), FORMAT_NAMES)


def test_each_submission_has_files_of_its_own() -> None:
    twins = [GOOD, *(LabReport("x", name, 0, 0) for name in ("Alice", "a/b", "a_b", "a b", "", "CON", "x" * 5000))]
    files = render(twins, ["json"])
    assert len({name.casefold() for name in files}) == len(twins)
    assert all(len(name) < 100 and name.isascii() for name in files)
