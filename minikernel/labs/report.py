"""What a lab's checks found in one submission: pure data, which the command line draws and the grader stores.

Nothing in here knows how it was found, and nothing depends on the host: no times, no paths but the student's own. The
same submission gives the same report, byte for byte.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from minikernel.errors import ImageError


class Mark(StrEnum):
    """What a line says about the submission."""

    GOOD = "good"
    BAD = "bad"
    MISSING = "missing"
    PLAIN = "plain"


class Outcome(StrEnum):
    """How a check ended. Only PASSED earns points."""

    PASSED = "passed"
    FAILED = "failed"
    TIMED_OUT = "timed_out"
    CRASHED = "crashed"
    NOT_RUN = "not_run"


@dataclass(frozen=True)
class ReportLine:
    """One fact: `text` is the whole line for the reader, `place` the source line it is about (`drivers/x.s:31`)."""

    mark: Mark
    text: str
    place: str = ""


@dataclass(frozen=True)
class CheckResult:
    """One check of one submission. `title` says what must be true, `looked_at` where it was looked for.

    A guard has no points: when it does not pass, no check earns any.
    """

    name: str
    title: str
    points: int
    earned: int
    outcome: Outcome
    looked_at: tuple[str, ...] = ()
    lines: tuple[ReportLine, ...] = ()
    is_guard: bool = False


@dataclass(frozen=True)
class LabReport:
    """All checks of one submission. `lab` is the lab's slug, `submission` the name the grader knows it by.

    problems: whole messages about what kept the submission from being built (it does not assemble, a file is missing,
    binary or wrongly encoded). ignored: names of files in the submission that no student was asked for.
    """

    lab: str
    submission: str
    score: int
    max_score: int
    problems: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()
    checks: tuple[CheckResult, ...] = ()

    @property
    def has_full_marks(self) -> bool:
        """Every point was earned."""
        return self.score == self.max_score

    def to_json(self) -> str:
        """One JSON object with sorted keys, indented, with a newline at its end."""
        return json.dumps(asdict(self), indent=1, sort_keys=True, ensure_ascii=False) + "\n"

    @classmethod
    def from_json(cls, text: str) -> LabReport:
        """The report that to_json() wrote. Raises ImageError for a text that is none, naming the field."""
        try:
            content = json.loads(text)
        except ValueError as error:
            raise ImageError(f"no JSON: {error}", "lab report") from None
        try:
            return _report(content)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise ImageError(f"not as LabReport.to_json() writes it: {error!r}", "lab report") from None


def _report(content: Mapping[str, Any]) -> LabReport:
    return LabReport(
        lab=str(content["lab"]),
        submission=str(content["submission"]),
        score=int(content["score"]),
        max_score=int(content["max_score"]),
        problems=_texts(content["problems"]),
        ignored=_texts(content["ignored"]),
        checks=tuple(_check(each) for each in content["checks"]),
    )


def _check(content: Mapping[str, Any]) -> CheckResult:
    return CheckResult(
        name=str(content["name"]),
        title=str(content["title"]),
        points=int(content["points"]),
        earned=int(content["earned"]),
        outcome=Outcome(content["outcome"]),
        looked_at=_texts(content["looked_at"]),
        lines=tuple(ReportLine(Mark(each["mark"]), str(each["text"]), str(each["place"])) for each in content["lines"]),
        is_guard=bool(content["is_guard"]),
    )


def _texts(content: list[str]) -> tuple[str, ...]:
    return tuple(str(text) for text in content)
