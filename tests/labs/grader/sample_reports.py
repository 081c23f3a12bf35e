"""Reports as the checks of a lab would write them, with names and texts that are hard on every format."""

from __future__ import annotations

from minikernel.labs.report import CheckResult, LabReport, Mark, Outcome, ReportLine

GUARD = CheckResult("camera", "the camera still takes its picture", 0, 0, Outcome.PASSED, is_guard=True)
FREED = CheckResult(
    "freed-late",
    "the page is freed after its last use",
    4,
    4,
    Outcome.PASSED,
    ("the page of ticker_work",),
    (ReportLine(Mark.GOOD, "pages freed: saw 3, expected 3", "drivers/ticker.s:31"),),
)
TIMED = CheckResult(
    "quiet",
    'nothing <is> said & "done" ]]>',
    6,
    0,
    Outcome.TIMED_OUT,
    ("the console",),
    (
        ReportLine(Mark.BAD, "the guest ran 300,000,000 instructions without coming to the shell", "kernel/main.s:7"),
        ReportLine(Mark.MISSING, "```` a fence and a \x1b[31m colour \x00"),
        ReportLine(Mark.PLAIN, "  [    0.000000] Böot | 照相机 😀"),
    ),
)

GOOD = LabReport("03-use-after-init-free", "alice", 4, 4, checks=(GUARD, FREED))
PARTLY = LabReport(
    "03-use-after-init-free",
    "=cmd|' /C calc'!A0",
    4,
    10,
    ignored=("notes.txt", "and 99,950 more"),
    checks=(GUARD, FREED, TIMED),
)
BROKEN = LabReport(
    "03-use-after-init-free",
    "Jörg & <Søn> | *x*\u202e",
    0,
    10,
    problems=("drivers/ticker.s:3:9: error: unknown instruction 'mvo'\n        mvo r0, #1\n        ^",),
    checks=tuple(
        CheckResult(check.name, check.title, check.points, 0, Outcome.NOT_RUN, is_guard=check.is_guard)
        for check in (GUARD, FREED, TIMED)
    ),
)
NO_LAB = LabReport("", "-rf", 0, 0, problems=("no README.md",))

ALL = (NO_LAB, BROKEN, PARTLY, GOOD)
