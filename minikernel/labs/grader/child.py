"""The process of one submission: `python -m minikernel.labs.grader.child LAB MEMORY_MB RUNS WALL_S`.

It stands in a folder of its own, with the student's files in submission/, and leaves report.json there. Standard input
is a pipe held by whoever watches: when that one is gone, so is this, with its folder.
"""

from __future__ import annotations

import gc
import os
import shutil
import sys
import threading
from pathlib import Path

from minikernel.labs.grader.limits import limit_this_process

FILES = "submission"
REPORT = "report.json"
#: Exit status of a child that asked for more memory than it may have.
OUT_OF_MEMORY = 87
#: New objects between two searches for cycles, as the command line has it.
GARBAGE_THRESHOLD = 50_000


def main(arguments: list[str]) -> int:
    """Grades what lies in FILES; the exit status is 0 when the report is there."""
    lab, memory_mb, runs, wall_s = arguments
    limit_this_process(int(memory_mb), int(runs), float(wall_s))
    gc.set_threshold(GARBAGE_THRESHOLD)
    threading.Thread(target=_end_with_the_watcher, daemon=True).start()
    try:
        _grade(lab)
    except MemoryError:
        os._exit(OUT_OF_MEMORY)
    return 0


def _grade(where: str) -> None:
    from minikernel.labs.grader.task import NAMELESS
    from minikernel.labs.grading import grade_folder
    from minikernel.labs.lab import Lab

    report = grade_folder(Lab.find(where), Path(FILES), NAMELESS)
    new = Path(REPORT + ".new")
    new.write_text(report.to_json(), encoding="utf-8", newline="\n")
    new.rename(REPORT)


def _end_with_the_watcher() -> None:
    os.read(0, 1)  # returns at end of file: nobody writes
    shutil.rmtree(Path.cwd(), ignore_errors=True)
    os._exit(1)


if __name__ == "__main__":
    status = main(sys.argv[1:])
    sys.stderr.flush()
    os._exit(status)  # the watcher's pipe is open: no waiting for the thread that reads it
