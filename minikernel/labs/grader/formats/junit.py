"""JUnit XML as Jenkins, GitLab and others read it: a suite for each submission, a case for each check.

The rules are those of the xunit plugin of Jenkins (junit-10.xsd), the strictest that is published: `name`, `tests`,
`failures` and `errors` at a suite, `name` at a case. Times are optional there and left out: they would differ.
A check that did not run is an error, not skipped: skipped looks harmless.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Sequence

from minikernel.labs.grader.formats.wording import OUTCOMES, remarks, text_of, title_of
from minikernel.labs.report import CheckResult, LabReport, Outcome

_KIND = {
    Outcome.FAILED: "failure",
    Outcome.TIMED_OUT: "error",
    Outcome.CRASHED: "error",
    Outcome.NOT_RUN: "error",
}

#: Characters that XML 1.0 does not have, not even escaped (Char, section 2.2).
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit_xml(reports: Sequence[LabReport]) -> str:
    """The whole document."""
    suites = [_suite(report) for report in reports]
    root = ET.Element("testsuites", {"name": "minikernel", **_sums(suites)})
    root.extend(suites)
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _suite(report: LabReport) -> ET.Element:
    suite = ET.Element("testsuite", {"name": _xml(report.submission)})
    properties = ET.SubElement(suite, "properties")
    for name, value in (("lab", report.lab), ("score", report.score), ("max_score", report.max_score)):
        ET.SubElement(properties, "property", {"name": name, "value": _xml(str(value))})
    cases = [_case(report, check) for check in report.checks] or [_ungraded(report)]
    suite.extend(cases)
    said = "\n".join(remarks(report))
    if said:
        ET.SubElement(suite, "system-out").text = _xml(said)
    suite.attrib.update(
        tests=str(len(cases)),
        failures=str(sum(case.find("failure") is not None for case in cases)),
        errors=str(sum(case.find("error") is not None for case in cases)),
    )
    return suite


def _case(report: LabReport, check: CheckResult) -> ET.Element:
    case = ET.Element("testcase", {"classname": _xml(report.lab), "name": _xml(check.name)})
    kind = _KIND.get(check.outcome)
    if kind is not None:
        message = {"type": OUTCOMES[check.outcome], "message": _xml(title_of(check))}
        ET.SubElement(case, kind, message).text = _xml("\n".join((text_of(check), *report.problems)))
    return case


def _ungraded(report: LabReport) -> ET.Element:
    case = ET.Element("testcase", {"classname": "minikernel", "name": "submission"})
    ET.SubElement(case, "error", {"type": "no lab", "message": _xml("; ".join(report.problems))})
    return case


def _sums(suites: Sequence[ET.Element]) -> dict[str, str]:
    return {name: str(sum(int(suite.attrib[name]) for suite in suites)) for name in ("tests", "failures", "errors")}


def _xml(text: str) -> str:
    """The text with what XML cannot hold as visible escapes."""
    return _NOT_XML.sub(lambda found: found[0].encode("unicode_escape").decode("ascii"), text)
