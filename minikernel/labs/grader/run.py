"""Grades all submissions: read them, skip what is kept, give the rest to an executor, name the results.

grade_all() is the table of contents. What it gives depends on the submissions, the labs and this package only: not on
the executor, the order in which it works, or what was kept from an earlier run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, wait
from dataclasses import dataclass, replace

from minikernel.errors import near_names
from minikernel.labs.grader.bounds import bounded
from minikernel.labs.grader.hand_in import README, WHAT_TO_HAND_IN, HandIn, Opened
from minikernel.labs.grader.isolation import run_task
from minikernel.labs.grader.resume import KeptResults, key_of
from minikernel.labs.grader.safe_names import printable
from minikernel.labs.grader.submissions import Submission
from minikernel.labs.grader.task import NAMELESS, Rules, Task, rules_of, without_points
from minikernel.labs.grader.trees import Unusable
from minikernel.labs.lab import Lab, lab_folders
from minikernel.labs.report import LabReport, Outcome

#: Tasks given to the executor ahead of those that run, for each job.
_AHEAD = 2

#: Called after each result: the report, how many there are, of how many.
OnGraded = Callable[[LabReport, int, int], None]


@dataclass(frozen=True)
class Planned:
    """A submission that was read. Where there is nothing to run, `task` is None and `report` says why."""

    submission: Submission
    hand_in: HandIn
    task: Task | None = None
    report: LabReport | None = None
    key: str = ""


class Shelf:
    """The labs by name, each looked up once. With `only`, every submission is for that one."""

    def __init__(self, only: Lab | None = None) -> None:
        self.only = rules_of(only) if only is not None else None
        self._rules: dict[str, Rules] = {}

    def rules_for(self, opened: Opened) -> Rules:
        """Raises Unusable when the submission names no lab, or none there is."""
        if self.only is not None:
            return self.only
        name = opened.lab_name()
        if name not in self._rules:
            # Ours only: a path would let a submission bring its own checks, which are Python.
            folders = {folder.name: folder for folder in lab_folders()}
            if name not in folders:
                raise Unusable(f"{README}: no lab {printable(name)!r}{near_names(name, folders)}")
            self._rules[name] = rules_of(Lab.read(folders[name]))
        return self._rules[name]


def grade_all(
    submissions: Sequence[Submission],
    shelf: Shelf,
    executor: Executor,
    *,
    jobs: int,
    kept: KeptResults | None = None,
    on_graded: OnGraded = lambda report, done, total: None,
) -> list[LabReport]:
    """The reports in the order of `submissions`. Raises OSError when results cannot be kept."""
    reports: dict[str, LabReport] = {}
    keys: set[str] = set()
    plan = (_plan(submission, shelf, kept) for submission in submissions)
    for planned, result in _results(plan, executor, jobs):
        if kept is not None and planned.task is not None:
            keys.add(planned.key)
            if planned.report is None:
                kept.store(planned.key, result)
        report = _named(planned, result)
        reports[report.submission] = report
        on_graded(report, len(reports), len(submissions))
    if kept is not None:
        kept.keep_only(keys)
    return [reports[submission.name] for submission in submissions]


def _plan(submission: Submission, shelf: Shelf, kept: KeptResults | None) -> Planned:
    try:
        opened = Opened(submission)
        rules = shelf.rules_for(opened)
    except Unusable as unusable:
        return Planned(submission, HandIn(), report=_without_lab(shelf, str(unusable)))
    hand_in = opened.take(rules.files)
    if hand_in.problems:
        return Planned(submission, hand_in, report=without_points(rules, Outcome.NOT_RUN))
    if not hand_in.files:
        missing = f"none of the lab's files is there ({', '.join(rules.files)}): {WHAT_TO_HAND_IN}"
        return Planned(submission, hand_in, report=without_points(rules, Outcome.NOT_RUN, missing))
    task = Task(rules, hand_in.files)
    if kept is None:
        return Planned(submission, hand_in, task)
    key = key_of(task)
    return Planned(submission, hand_in, task, kept.load(key), key)


def _without_lab(shelf: Shelf, problem: str) -> LabReport:
    if shelf.only is not None:
        return without_points(shelf.only, Outcome.NOT_RUN, problem)
    return LabReport("", NAMELESS, 0, 0, problems=(problem,))


def _results(plan: Iterable[Planned], executor: Executor, jobs: int) -> Iterator[tuple[Planned, LabReport]]:
    """Each submission with its nameless report, as they come. The executor holds only a few tasks at a time."""
    running: dict[Future[LabReport], tuple[Planned, Task]] = {}
    for planned in plan:
        if planned.report is not None:
            yield planned, planned.report
        elif planned.task is not None:
            running[_submit(executor, planned.task)] = planned, planned.task
        while len(running) >= jobs * _AHEAD:
            yield from _finished(running)
    while running:
        yield from _finished(running)


def _submit(executor: Executor, task: Task) -> Future[LabReport]:
    """A future that is lost already when the executor takes no more."""
    try:
        return executor.submit(run_task, task)
    except BrokenExecutor:
        lost: Future[LabReport] = Future()
        lost.cancel()
        lost.set_running_or_notify_cancel()
        return lost


def _finished(running: dict[Future[LabReport], tuple[Planned, Task]]) -> Iterator[tuple[Planned, LabReport]]:
    for future in wait(running, return_when=FIRST_COMPLETED).done:
        planned, task = running.pop(future)
        # An executor may lose a task (a worker that was killed, a machine that went away): then it is done here.
        is_lost = future.cancelled() or future.exception() is not None
        yield planned, run_task(task) if is_lost else future.result()


def _named(planned: Planned, result: LabReport) -> LabReport:
    """The result with the submission's name and what was said when it was read."""
    hand_in = planned.hand_in
    return bounded(
        replace(
            result,
            submission=planned.submission.name,
            problems=(*hand_in.problems, *result.problems),
            ignored=(*hand_in.ignored, *result.ignored),
        )
    )
