"""How much of a submission is looked at, so that no submission can fill memory, disk or a page of the report."""

from __future__ import annotations

from dataclasses import replace

from minikernel.labs.report import CheckResult, LabReport, ReportLine

#: A file a student edits. The longest of the guest tree has about 30,000 bytes.
MAX_FILE_BYTES = 1_000_000
#: A zip is read whole. Nobody's edited sources come near this.
MAX_ZIP_BYTES = 8_000_000
#: Folders that hold nothing but one folder are entered this often: Linux_lab.zip/lab/lab/README.md.
MAX_WRAPPERS = 8
#: Folders below one another in a zip that are looked into; no lab has so many.
MAX_DEPTH = 20
#: Of the entries nobody asked for, this many are named; the others are counted.
MAX_NAMED = 20
#: Entries of one folder that are looked at; beyond, the count is "more than".
MAX_COUNTED = 200_000
#: The report of one submission, as the child writes it.
MAX_REPORT_BYTES = 8_000_000
#: What one run of the engine reserves of the address space without using it, in MiB (measured: 1,030).
ENGINE_RESERVES_MB = 1_100
#: Bytes any one file written by the child may have: the build cache's largest entry, with much room.
MAX_WRITTEN_BYTES = 64_000_000
#: Of one line of a report, in characters; of the lines of one text or one check.
MAX_LINE = 300
MAX_LINES = 200


def bounded(report: LabReport) -> LabReport:
    """The report with every text short enough to be read: a student's line may have 60,000 characters."""
    return replace(
        report,
        problems=tuple(_short_text(problem) for problem in report.problems),
        ignored=tuple(_short_line(name) for name in report.ignored),
        checks=tuple(_short_check(check) for check in report.checks),
    )


def _short_check(check: CheckResult) -> CheckResult:
    lines = [ReportLine(line.mark, _short_text(line.text), line.place) for line in check.lines[:MAX_LINES]]
    return replace(check, lines=tuple(lines))


def _short_text(text: str) -> str:
    return "\n".join(_short_line(line) for line in text.split("\n")[:MAX_LINES])


def _short_line(line: str) -> str:
    return line if len(line) <= MAX_LINE else f"{line[: MAX_LINE - 1]}…"
