"""Runs one task in a process of its own and watches it. However that process ends, there is a report."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from enum import Enum, auto
from pathlib import Path, PurePosixPath

from minikernel.errors import ImageError
from minikernel.labs.grader.bounds import MAX_REPORT_BYTES
from minikernel.labs.grader.child import FILES, OUT_OF_MEMORY, REPORT
from minikernel.labs.grader.limits import resident_mb
from minikernel.labs.grader.task import Task
from minikernel.labs.lab import OWN_LABS
from minikernel.labs.report import LabReport, Outcome

#: The module that is run for each submission.
CHILD = "minikernel.labs.grader.child"

#: The child's temporary files, in its folder.
TEMPORARY = "tmp"

#: Variables that name folders; the child stands elsewhere, where a relative name would mean another.
_FOLDERS = (OWN_LABS, "MINIKERNEL_CACHE")

#: How often the watcher looks at the child's memory.
_LOOK_S = 0.1
#: How often a child may break.
_CHANCES = 2
#: Of what a broken child said last, this much is read.
_LAST_WORDS = 4_000

#: Set in a worker that is told to stop: its child goes first.
stopping = threading.Event()


class Ending(Enum):
    """Why the watcher no longer watches."""

    EXITED = auto()
    TIME = auto()
    MEMORY = auto()


def run_task(task: Task) -> LabReport:
    """The report by the child process, or about how that ended. Raises KeyboardInterrupt when told to stop.

    A child that broke may have met something of this machine (a file of the cache that another process removed): it
    gets a second chance. What the submission itself breaks, it breaks again.
    """
    for _ in range(_CHANCES):
        report, broke = _attempt(task)
        if not broke:
            break
    return report


def _attempt(task: Task) -> tuple[LabReport, bool]:
    """The report, and whether the child ended by an exception or a signal that nobody sent on purpose."""
    with tempfile.TemporaryDirectory(prefix="minikernel-grade-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        _lay_out(folder, task)
        with (folder / "stderr").open("wb") as errors, _child(folder, task, errors.fileno()) as process:
            try:
                ending = _watch(process, task)
            finally:
                _end(process)
        broke = ending is Ending.EXITED and process.returncode not in (0, OUT_OF_MEMORY)
        return _report(folder, task, ending, process.returncode), broke


def _lay_out(folder: Path, task: Task) -> None:
    (folder / FILES).mkdir()
    (folder / TEMPORARY).mkdir()
    for path, data in task.files:
        target = folder / FILES / PurePosixPath(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)


def _child(folder: Path, task: Task, errors: int) -> subprocess.Popen[bytes]:
    rules = task.rules
    limits = [str(rules.memory_mb), str(rules.runs), str(rules.wall_s)]
    return subprocess.Popen(
        # -P: the folder with the student's files is no place to import from.
        [sys.executable, "-P", "-m", CHILD, rules.where, *limits],
        cwd=folder,
        env=_environment(folder / TEMPORARY),
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=errors,
        start_new_session=True,
    )


def _environment(temporary: Path) -> Mapping[str, str]:
    """Ours, and this very package first; a fixed hash seed, so that no set is walked in another order. What a child
    that is killed leaves among its temporary files goes with its folder."""
    package = str(Path(__file__).resolve().parents[3])
    path = os.pathsep.join(filter(None, (package, os.environ.get("PYTHONPATH", ""))))
    places = dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(temporary))
    places |= {name: str(Path(os.environ[name]).resolve()) for name in _FOLDERS if os.environ.get(name)}
    return {**os.environ, **places, "PYTHONPATH": path, "PYTHONHASHSEED": "0"}


def _watch(process: subprocess.Popen[bytes], task: Task) -> Ending:
    end = time.monotonic() + task.rules.wall_s
    while True:
        try:
            process.wait(_LOOK_S)
            return Ending.EXITED
        except subprocess.TimeoutExpired:
            if stopping.is_set():
                raise KeyboardInterrupt from None
        if resident_mb(process.pid) > task.rules.memory_mb:
            return Ending.MEMORY
        if time.monotonic() > end:
            return Ending.TIME


def _end(process: subprocess.Popen[bytes]) -> None:
    """The child and whatever it may have started."""
    if sys.platform == "win32":
        process.kill()
    else:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _report(folder: Path, task: Task, ending: Ending, status: int) -> LabReport:
    rules = task.rules
    if ending is Ending.TIME:
        return task.failed(
            Outcome.TIMED_OUT,
            f"not finished after {rules.wall_s:g} seconds, the time for one submission: assembling or running it does "
            "not come to an end (a macro or .rept that repeats too often?)",
        )
    if ending is Ending.MEMORY or status == OUT_OF_MEMORY:
        return task.failed(
            Outcome.CRASHED,
            f"needs more than {rules.memory_mb} MiB of memory, the limit for one submission (a .rept, .space or macro "
            "that makes too much?)",
        )
    if status != 0:
        return task.failed(Outcome.CRASHED, f"the grading ended with {_how(status)}{_last_words(folder / 'stderr')}")
    return _read_report(folder / REPORT, task)


def _read_report(path: Path, task: Task) -> LabReport:
    try:
        if path.stat().st_size > MAX_REPORT_BYTES:
            return task.failed(Outcome.CRASHED, f"its report has more than {MAX_REPORT_BYTES:,} bytes")
        return LabReport.from_json(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, ImageError):
        return task.failed(Outcome.CRASHED, "the grading ended without a report")


def _how(status: int) -> str:
    if status >= 0:
        return f"exit status {status}"
    try:
        return f"signal {signal.Signals(-status).name}"
    except ValueError:
        return f"signal {-status}"


def _last_words(path: Path) -> str:
    """The last line of a traceback: what went wrong, without the places of this machine."""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - _LAST_WORDS))
        lines = file.read().decode("utf-8", "replace").strip().splitlines()
    return f": {lines[-1].strip()}" if lines else ""
