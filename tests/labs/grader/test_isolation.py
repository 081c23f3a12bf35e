"""However the process of a submission ends, there is a report that says so, and nothing of it is left."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from minikernel.labs.grader import isolation
from minikernel.labs.grader.isolation import run_task
from minikernel.labs.grader.task import Rules, Task
from minikernel.labs.report import CheckResult, LabReport, Outcome

CHECK = CheckResult("works", "it works", 10, 0, Outcome.NOT_RUN)
TESTS = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def misbehaving(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(isolation, "CHILD", "labs.grader.misbehaving_child")
    monkeypatch.setenv("PYTHONPATH", str(TESTS))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))


def task(what: str, wall_s: float = 20, memory_mb: int = 500) -> Task:
    rules = Rules("fake", what, ("drivers/x.s",), wall_s, memory_mb, 0, (CHECK,))
    return Task(rules, (("drivers/x.s", b"@\n"), ("antigravity_of_the_student.py", b"")))


def failed(what: str, outcome: Outcome, **limits: float) -> str:
    """Runs it; gives what the report says, after checking that it gives no points."""
    report = run_task(task(what, **limits))  # type: ignore[arg-type]
    assert (report.lab, report.score, report.max_score) == ("fake", 0, 10)
    assert [(check.name, check.earned, check.outcome) for check in report.checks] == [("works", 0, outcome)]
    return "\n".join(report.problems)


def test_report_of_the_child_is_the_result() -> None:
    report = run_task(task("report_what_is_there"))
    files = ("submission/antigravity_of_the_student.py", "submission/drivers", "submission/drivers/x.s")
    assert report == LabReport("fake", "submission", 1, 1, problems=(*files, "own tmp"))


def test_time_out_has_no_points(tmp_path: Path) -> None:
    start = time.monotonic()
    assert failed("sleep", Outcome.TIMED_OUT, wall_s=0.5).startswith("not finished after 0.5 seconds")
    assert time.monotonic() - start < 10
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(os.name == "nt", reason="process groups")
def test_what_the_child_started_ends_with_it(tmp_path: Path) -> None:
    seen: list[int] = []

    def look(pid: int) -> int:
        seen.extend(int(path.read_text() or 0) for path in tmp_path.glob("*/alive"))
        return 0

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(isolation, "resident_mb", look)
        failed("leave_a_grandchild", Outcome.TIMED_OUT, wall_s=2)
    assert seen
    wait_until(lambda: not is_running(seen[-1]))  # a process that was killed ends when it is next scheduled


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="memory in use is read from /proc")
def test_memory_in_use_is_limited() -> None:
    text = failed("eat_slowly", Outcome.CRASHED, memory_mb=100)
    assert text.startswith("needs more than 100 MiB of memory, the limit for one submission")


@pytest.mark.skipif(sys.platform != "linux", reason="RLIMIT_AS")
def test_memory_asked_for_at_once_is_limited() -> None:
    assert failed("eat_at_once", Outcome.CRASHED).startswith("needs more than 500 MiB of memory")


@pytest.mark.skipif(os.name == "nt", reason="RLIMIT_FSIZE")
def test_files_are_limited() -> None:
    assert "OSError: [Errno 27] File too large" in failed("write_without_end", Outcome.CRASHED)


@pytest.mark.skipif(os.name == "nt", reason="signals")
def test_crash_names_the_signal() -> None:
    assert failed("crash", Outcome.CRASHED) == "the grading ended with signal SIGSEGV"


def test_error_of_the_grader_is_told_in_its_last_line() -> None:
    assert failed("raise_error", Outcome.CRASHED) == "the grading ended with exit status 1: ValueError: lab is wrong"


def test_child_that_broke_by_accident_gets_a_second_chance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MARK", str(tmp_path / "mark"))
    assert run_task(task("raise_error_once")).score == 1
    assert (tmp_path / "mark").exists()


def test_relative_folders_of_the_environment_mean_the_same_in_the_child(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MINIKERNEL_LABS", "labs")
    monkeypatch.setenv("MINIKERNEL_CACHE", "cache")
    assert run_task(task("report_folders")).problems == (str(tmp_path / "labs"), str(tmp_path / "cache"))


def test_missing_or_damaged_report_is_a_crash() -> None:
    assert failed("no_report", Outcome.CRASHED) == "the grading ended without a report"
    assert failed("half_a_report", Outcome.CRASHED) == "the grading ended without a report"
    assert failed("long_report", Outcome.CRASHED) == "its report has more than 8,000,000 bytes"


def test_students_files_are_not_importable() -> None:
    assert "No module named 'antigravity_of_the_student'" in failed("import_from_submission", Outcome.CRASHED)


@pytest.mark.skipif(os.name == "nt", reason="signals")
def test_child_and_its_folder_go_when_the_watcher_is_killed(tmp_path: Path) -> None:
    """The real child: its watcher is killed, which nobody can catch."""
    folder = tmp_path / "own"
    (folder / "submission").mkdir(parents=True)
    script = (
        "import subprocess, sys, time\n"
        "child = subprocess.Popen([sys.executable, '-P', '-c', sys.argv[1]], cwd=sys.argv[2], stdin=subprocess.PIPE)\n"
        "print(child.pid, flush=True)\n"
        "time.sleep(60)\n"
    )
    child = (
        "import threading, time\n"
        "from minikernel.labs.grader import child\n"
        "threading.Thread(target=child._end_with_the_watcher, daemon=True).start()\n"
        "time.sleep(60)\n"
    )
    env = {**os.environ, "PYTHONPATH": str(TESTS.parent)}
    with subprocess.Popen(
        [sys.executable, "-c", script, child, str(folder)], stdout=subprocess.PIPE, text=True, env=env
    ) as watcher:
        assert watcher.stdout is not None
        pid = int(watcher.stdout.readline())
        time.sleep(1)
        assert is_running(pid)
        watcher.send_signal(signal.SIGKILL)
    wait_until(lambda: not is_running(pid) and not folder.exists())


def is_running(pid: int) -> bool:
    """A zombie that nobody waits for does not run."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return not Path("/proc/self/stat").exists()
    return status.rpartition(")")[2].split()[0] != "Z"


def wait_until(condition: object, seconds: float = 10) -> None:
    end = time.monotonic() + seconds
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < end
        time.sleep(0.05)
