"""Stands in for the child of the grader and does what its lab's name says."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from minikernel.labs.grader.limits import limit_this_process
from minikernel.labs.report import LabReport


def sleep() -> None:
    time.sleep(60)


def leave_a_grandchild() -> None:
    script = "import time, os; open('../alive', 'w').write(str(os.getpid())); time.sleep(60)"
    subprocess.Popen([sys.executable, "-c", script], cwd="submission")
    time.sleep(60)


def eat_slowly() -> None:
    eaten = []
    while True:
        eaten.append(bytearray(8 << 20))
        eaten[-1][::4096] = b"x" * len(eaten[-1][::4096])


def eat_at_once() -> None:
    limit_this_process(memory_mb=50, runs=0, wall_s=10)
    try:
        bytearray(16 << 30)
    except MemoryError:
        os._exit(87)


def write_without_end() -> None:
    limit_this_process(memory_mb=50, runs=0, wall_s=10)
    with Path("big").open("wb") as file:
        while True:
            file.write(bytes(1 << 20))


def crash() -> None:
    os.kill(os.getpid(), signal.SIGSEGV)


def raise_error() -> None:
    raise ValueError("lab is wrong")


def report_folders() -> None:
    folders = (os.environ["MINIKERNEL_LABS"], os.environ["MINIKERNEL_CACHE"])
    Path("report.json").write_text(LabReport("fake", "submission", 1, 1, problems=folders).to_json())


def raise_error_once() -> None:
    mark = Path(os.environ["MARK"])
    if not mark.exists():
        mark.touch()
        raise KeyError("a file that another process removed")
    report_what_is_there()


def no_report() -> None:
    pass


def half_a_report() -> None:
    Path("report.json").write_text('{"lab":')


def long_report() -> None:
    with Path("report.json").open("wb") as file:
        file.truncate(1 << 30)


def import_from_submission() -> None:
    import antigravity_of_the_student  # type: ignore[import-not-found]  # noqa: F401


def report_what_is_there() -> None:
    files = sorted(path.as_posix() for path in Path("submission").rglob("*"))
    report = LabReport(
        "fake", "submission", 1, 1, problems=(*files, os.environ["TMPDIR"] == str(Path.cwd() / "tmp") and "own tmp")
    )
    Path("report.json").write_text(report.to_json())


if __name__ == "__main__":
    globals()[sys.argv[1]]()
