"""How fast a classroom is graded: submissions a second with one job and two, a check, and a whole year's course.

    python benchmarks/grading.py [--lab N] [--students N]

Every submission is of its own bytes (tests/labs/grader/classroom.py), one in ten is hostile. The kernel's sources are
assembled once before, as in any second run.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from labs.grader.classroom import make_classroom, write

from minikernel.labs.lab import Lab, VariantKind
from minikernel.labs.trees import variant_files

_FEW = 20
_RUNS = 3


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lab", default="2")
    parser.add_argument("--students", type=int, default=300)
    args = parser.parse_args()
    lab = Lab.find(args.lab)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        solution = next(variant for variant in lab.variants if variant.kind is VariantKind.SOLUTION)
        write(folder / "solution", {"README.md": lab.readme.encode(), **variant_files(lab, solution)})
        _check(folder / "solution")
        _jobs(folder, lab)
        _classroom(folder, lab, args.students)


def _check(folder: Path) -> None:
    _command("lab", "check", folder)
    check = min(_command("lab", "check", folder) for _ in range(_RUNS))
    boot = min(_command("boot", "-q") for _ in range(_RUNS))
    print(f"lab check of a passing solution: {check:.2f} s, {check / boot:.1f} times `boot -q` ({boot:.2f} s)")


def _jobs(folder: Path, lab: Lab) -> None:
    (folder / "few").mkdir()
    make_classroom(folder / "few", lab, _FEW)
    rates = {}
    for jobs in (1, 2):
        took = min(_command("grade", folder / "few", "--jobs", jobs, "-q") for _ in range(_RUNS))
        rates[jobs] = _FEW / took
        print(f"{_FEW} submissions, --jobs {jobs}: {rates[jobs]:.2f} a second")
    print(f"two jobs against one: {rates[2] / rates[1]:.2f} times, on {os.cpu_count()} cores")


def _classroom(folder: Path, lab: Lab, students: int) -> None:
    (folder / "classroom").mkdir()
    make_classroom(folder / "classroom", lab, students)
    with _PeakMemory() as memory:
        took = _command("grade", folder / "classroom", "--out", folder / "grades", "-q")
    one = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(f"{students} submissions of lab {lab.slug}: {took:.0f} s, {students / took:.2f} a second")
    print(f"peak memory: {memory.peak_mb:.0f} MiB together, {one:.0f} MiB the largest process")


def _command(*arguments: object) -> float:
    """Seconds of one `minikernel` command."""
    start = time.perf_counter()
    command = [sys.executable, "-m", "minikernel", *map(str, arguments)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


class _PeakMemory:
    """The most memory that this process's descendants have in use together, looked at ten times a second (Linux)."""

    def __init__(self) -> None:
        self.peak_mb = 0.0
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._look)

    def __enter__(self) -> _PeakMemory:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._done.wait(0.1):
            self.peak_mb = max(self.peak_mb, _descendants_mb(os.getpid()))


def _descendants_mb(root: int) -> float:
    """Resident pages of all processes below `root`; shared ones count for each."""
    parents, pages = {}, {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text(errors="replace").rpartition(")")[2].split()
        except OSError:
            continue
        pid = int(stat.parent.name)
        parents[pid], pages[pid] = int(fields[1]), int(fields[21])
    below = {root}
    while new := {pid for pid, parent in parents.items() if parent in below} - below:
        below |= new
    return sum(pages[pid] for pid in below - {root}) * resource.getpagesize() / (1 << 20)


if __name__ == "__main__":
    main()
