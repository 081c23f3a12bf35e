"""The grades depend on the submissions only: not on the executor, the jobs, or what was kept."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any

import pytest

from minikernel.labs.grader import run as run_module
from minikernel.labs.grader.publish import publish
from minikernel.labs.grader.resume import KeptResults, key_of
from minikernel.labs.grader.run import Shelf, grade_all
from minikernel.labs.grader.submissions import Submission, find_submissions
from minikernel.labs.grader.task import Rules, Task
from minikernel.labs.lab import Lab, lab_folders
from minikernel.labs.report import CheckResult, LabReport, Outcome

LAB = Lab.read(lab_folders()[0])
README = f"<!-- minikernel lab {LAB.slug} -->\n"


class Here(Executor):
    """Does the work when it is asked to."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        future.set_result(fn(*args, **kwargs))
        return future


class Losing(Executor):
    """Loses every task, each in another way; later it takes none."""

    def __init__(self) -> None:
        self.count = 0

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        self.count += 1
        future: Future[Any] = Future()
        if self.count == 1:
            future.cancel()
            future.set_running_or_notify_cancel()
        elif self.count == 2:
            future.set_exception(ConnectionError("a machine went away"))
        else:
            raise BrokenProcessPool("a worker was killed")
        return future


class Backwards(Executor):
    """Ends the last task first."""

    def __init__(self) -> None:
        self.waiting: list[threading.Timer] = []

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        delay = 0.2 / (len(self.waiting) + 1)
        timer = threading.Timer(delay, lambda: future.set_result(fn(*args, **kwargs)))
        timer.start()
        self.waiting.append(timer)
        return future


@pytest.fixture
def graded(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Task]]:
    """In place of a process: one point for each byte of the student's file. The tasks that ran."""
    ran: list[Task] = []

    def run_task(task: Task) -> LabReport:
        ran.append(task)
        points = len(b"".join(data for _, data in task.files))
        return LabReport(task.rules.lab, "submission", points, 100, problems=("said by the lab",))

    monkeypatch.setattr(run_module, "run_task", run_task)
    return ran


def hand_in(folder: Path, name: str, data: bytes | None, readme: str = README) -> None:
    (folder / name).mkdir(parents=True)
    (folder / name / "README.md").write_text(readme)
    if data is not None:
        path = folder / name / LAB.files[0]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


@pytest.fixture
def submissions(tmp_path: Path) -> tuple[Submission, ...]:
    folder = tmp_path / "in"
    hand_in(folder, "anna", b"1")
    hand_in(folder, "bert", b"22")
    hand_in(folder, "carl", None, "# my work\n")
    hand_in(folder, "dora", b"333")
    hand_in(folder, "emil", b"1")
    hand_in(folder, "fred", b"x" * 2_000_000)
    hand_in(folder, "gina", b"", "<!-- minikernel lab 99-none -->\n")
    return find_submissions(folder).submissions


EXPECTED = {"anna": 1, "bert": 2, "carl": 0, "dora": 3, "emil": 1, "fred": 0, "gina": 0}


@pytest.mark.parametrize("make", [Here, Losing, Backwards, ThreadPoolExecutor])
@pytest.mark.parametrize("jobs", [1, 2, 50])
def test_any_executor_gives_the_same_reports(
    submissions: tuple[Submission, ...], graded: list[Task], make: Callable[[], Executor], jobs: int
) -> None:
    with make() as executor:
        reports = grade_all(submissions, Shelf(), executor, jobs=jobs)
    assert {report.submission: report.score for report in reports} == EXPECTED
    assert [report.submission for report in reports] == sorted(EXPECTED)
    assert len(graded) == 4
    assert reports == grade_all(submissions, Shelf(), Here(), jobs=1)


def test_what_cannot_be_graded_says_why_and_disturbs_nobody(
    submissions: tuple[Submission, ...], graded: list[Task]
) -> None:
    said = {report.submission: report.problems for report in grade_all(submissions, Shelf(), Here(), jobs=1)}
    assert said["carl"] == (
        "README.md: its first line does not say what lab this is, as `<!-- minikernel lab NAME -->`",
    )
    assert said["fred"] == (f"{LAB.files[0]}: has 2,000,000 bytes; a source of a lab has at most 1,000,000",)
    assert said["gina"] == ("README.md: no lab '99-none'",)
    assert said["anna"] == ("said by the lab",)


def test_lab_that_is_given_counts(submissions: tuple[Submission, ...], graded: list[Task]) -> None:
    reports = {report.submission: report for report in grade_all(submissions, Shelf(LAB), Here(), jobs=1)}
    assert {report.lab for report in reports.values()} == {LAB.slug}
    assert reports["fred"].max_score == LAB.max_score
    assert {check.outcome for check in reports["fred"].checks} == {Outcome.NOT_RUN}
    assert len(graded) == 5
    assert reports["carl"].problems[0].startswith("none of the lab's files is there")


@pytest.mark.parametrize("name", ["../evil", "/tmp", "evil", ".", "1", "in/evil"])
def test_submission_cannot_bring_its_own_checks(
    tmp_path: Path, graded: list[Task], monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """A lab's checks are Python: the README names one of ours, never a folder."""
    folder = tmp_path / "in"
    for place in (folder / "evil", tmp_path / "evil"):
        place.mkdir(parents=True)
        (place / "lab.toml").write_bytes((LAB.folder / "lab.toml").read_bytes())
        (place / "checks.py").write_text("raise SystemExit('ran')")
    hand_in(folder, "mallory", b"1", f"<!-- minikernel lab {name} -->\n")
    monkeypatch.chdir(folder)
    reports = grade_all(find_submissions(folder).submissions, Shelf(), Here(), jobs=1)
    assert graded == []
    assert f"no lab {name!r}" in reports[1].problems[0]


def test_kept_results_are_not_graded_again(
    submissions: tuple[Submission, ...], graded: list[Task], tmp_path: Path
) -> None:
    kept = KeptResults(tmp_path / "kept")
    first = grade_all(submissions, Shelf(), Here(), jobs=1, kept=kept)
    assert len(graded) == 3  # emil has what anna has
    assert grade_all(submissions, Shelf(), Here(), jobs=1, kept=kept) == first
    assert len(graded) == 3


def test_changed_submission_is_graded_again_and_its_old_result_goes(
    submissions: tuple[Submission, ...], graded: list[Task], tmp_path: Path
) -> None:
    kept = KeptResults(tmp_path / "kept")
    grade_all(submissions, Shelf(), Here(), jobs=1, kept=kept)
    before = set((tmp_path / "kept").iterdir())
    (tmp_path / "in/dora" / LAB.files[0]).write_bytes(b"4444")
    (tmp_path / "kept/.left-behind").write_bytes(b"half")
    reports = grade_all(submissions, Shelf(), Here(), jobs=1, kept=kept)
    assert [report.score for report in reports if report.submission == "dora"] == [4]
    assert len(graded) == 4
    after = set((tmp_path / "kept").iterdir())
    assert (len(before), len(after), len(before & after)) == (3, 3, 2)


@pytest.mark.parametrize("damage", [b"", b'{"lab": 3}', b"\xff\xfe", b"[]"])
def test_damaged_result_is_graded_again(
    submissions: tuple[Submission, ...], graded: list[Task], tmp_path: Path, damage: bytes
) -> None:
    kept = KeptResults(tmp_path / "kept")
    first = grade_all(submissions, Shelf(), Here(), jobs=1, kept=kept)
    whole = {path.name: path.read_bytes() for path in (tmp_path / "kept").iterdir()}
    min((tmp_path / "kept").iterdir()).write_bytes(damage)
    assert grade_all(submissions, Shelf(), Here(), jobs=1, kept=kept) == first
    assert {path.name: path.read_bytes() for path in (tmp_path / "kept").iterdir()} == whole


def test_key_is_of_files_and_rules_and_nothing_else() -> None:
    def key(files: tuple[tuple[str, bytes], ...], **change: Any) -> str:
        check = CheckResult("works", "it works", 10, 0, Outcome.NOT_RUN)
        rules = {"wall_s": 60.0, "memory_mb": 100, "runs": 1, "checks": (check,)} | change
        return key_of(Task(Rules(LAB.slug, LAB.slug, LAB.files, **rules), files))

    files = (("a.s", b"1"), ("b.s", b"2"))
    assert key(files) == key(files)
    others = [
        key((("a.s", b"12"), ("b.s", b""))),
        key((("a.s", b"1"),)),
        key((("a.s", b"2"), ("b.s", b"1"))),
        key(files, wall_s=61.0),
        key(files, memory_mb=101),
    ]
    assert len({key(files), *others}) == 6


def test_progress_counts_every_submission_once(submissions: tuple[Submission, ...], graded: list[Task]) -> None:
    seen: list[tuple[str, int, int]] = []
    grade_all(
        submissions,
        Shelf(),
        Here(),
        jobs=1,
        on_graded=lambda report, done, total: seen.append((report.submission, done, total)),
    )
    assert sorted(name for name, _, _ in seen) == sorted(EXPECTED)
    assert [(done, total) for _, done, total in seen] == [(number, 7) for number in range(1, 8)]


def test_published_files_of_an_earlier_run_go_and_others_stay(tmp_path: Path) -> None:
    publish(tmp_path, {"reports/a.json": b"a", "reports/b.json": b"b", "gradescope/b/results.json": b"b"})
    (tmp_path / "reports/mine.txt").write_bytes(b"mine")
    publish(tmp_path, {"reports/a.json": b"A"})
    files = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*")}
    assert files == {".written", "reports", "reports/a.json", "reports/mine.txt", "gradescope"}
    assert (tmp_path / "reports/a.json").read_bytes() == b"A"


def test_list_of_written_files_leads_nowhere_else(tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (tmp_path / "precious").write_bytes(b"")
    (out / ".written").write_text(f"../precious\n{tmp_path}/precious\n")
    publish(out, {"grades.csv": b""})
    assert (tmp_path / "precious").exists()
