"""One submission as a value: everything its grading needs, so that it can travel to another process or machine."""

from __future__ import annotations

from dataclasses import dataclass

from minikernel.labs.lab import Lab
from minikernel.labs.report import CheckResult, LabReport, Outcome
from minikernel.tutorials_tree import tutorials_tree


@dataclass(frozen=True)
class Rules:
    """What the grader knows of a lab. `where` is what Lab.find() takes to find it again in the child.

    wall_s: seconds for the whole submission; memory_mb: MiB it may use; runs: how many boots its checks look at.
    checks: the results as they are when nothing ran.
    """

    lab: str
    where: str
    files: tuple[str, ...]
    wall_s: float
    memory_mb: int
    runs: int
    checks: tuple[CheckResult, ...]

    @property
    def max_score(self) -> int:
        """The points of all checks."""
        return sum(check.points for check in self.checks)


@dataclass(frozen=True)
class Task:
    """One submission for one lab: path -> bytes of the student's files."""

    rules: Rules
    files: tuple[tuple[str, bytes], ...]

    def failed(self, outcome: Outcome, why: str) -> LabReport:
        """The report of a grading that came to no end: no points, and every check says so."""
        return without_points(self.rules, outcome, why)


#: A report's submission until the grader gives it its name: what is kept by content knows no names.
NAMELESS = "submission"


def rules_of(lab: Lab) -> Rules:
    """The grader's view of a lab."""
    from minikernel.labs.grading import INTACT_SPEC  # with all that runs a machine

    return Rules(
        lab=lab.slug,
        where=_where(lab),
        files=(*lab.files, *lab.answers),
        wall_s=lab.limits.wall_s,
        memory_mb=lab.limits.memory_mb,
        runs=len(lab.runs),
        checks=tuple(
            CheckResult(check.name, check.title, check.points, 0, Outcome.NOT_RUN, is_guard=check.is_guard)
            for check in (INTACT_SPEC, *lab.checks)
        ),
    )


def _where(lab: Lab) -> str:
    """The slug of a shipped lab, which every machine of a cluster knows; the folder of another one."""
    folder = lab.folder.resolve()
    return lab.slug if folder.parent == (tutorials_tree() / "labs").resolve() else str(folder)


def without_points(rules: Rules, outcome: Outcome, *problems: str) -> LabReport:
    """Score 0 with this outcome at every check."""
    checks = tuple(
        CheckResult(check.name, check.title, check.points, 0, outcome, is_guard=check.is_guard)
        for check in rules.checks
    )
    return LabReport(rules.lab, NAMELESS, 0, rules.max_score, problems=problems, checks=checks)
