"""Lab 2 is graded by milestones: what is done earns its points before the rest is there. Other right ways do, too."""

from __future__ import annotations

import pytest

from minikernel.labs.grading import grade_files
from minikernel.labs.lab import Lab
from minikernel.labs.report import LabReport
from minikernel.labs.trees import solution_tree, start_tree

SCRIPT, MACRO, MAIN = "kernel/vmlinux.lds", "include/initcall.inc", "kernel/main.s"
RUN, PROC = "kernel/deferred.s", "kernel/proc_deferred.s"


def graded(done: tuple[str, ...], *edits: tuple[str, str, str]) -> LabReport:
    """A student who has these files as in the solution, the others as handed out; then (file, old, new) edits."""
    lab = Lab.find("2")
    start, solution = start_tree(lab), solution_tree(lab)
    files = {path: (solution if path in done else start)[path] for path in lab.files}
    for path, old, new in edits:
        assert files[path].count(old.encode()) == 1
        files[path] = files[path].replace(old.encode(), new.encode())
    return grade_files(lab, files, "student")


@pytest.mark.parametrize(
    ("done", "score"),
    [
        ((), 0),
        ((SCRIPT, MACRO), 6),
        ((SCRIPT, MACRO, MAIN), 8),
        ((SCRIPT, MACRO, MAIN, RUN), 18),
        ((SCRIPT, MACRO, MAIN, RUN, PROC), 20),
    ],
)
def test_each_milestone_earns_its_points(done: tuple[str, ...], score: int) -> None:
    assert graded(done).score == score


def test_a_table_without_a_place_is_a_message_about_the_script() -> None:
    report = graded((MACRO,))
    assert report.score == 0
    assert "no place for section '.deferred_initcall.init'" in report.problems[0]


@pytest.mark.parametrize(
    "edits",
    [
        ((PROC, "        fs_initcall proc_deferred_init", "        late_initcall proc_deferred_init"),),
        ((RUN, "        ldr     r0, =.Lrunning\n        bl      printk\n", ""),),
        (
            (
                MAIN,
                "        bl      unlock_kernel\n",
                "        bl      flush_scheduled_work\n        bl      unlock_kernel\n",
            ),
        ),
    ],
    ids=["another level for the file", "silent", "the flush of the boot stays"],
)
def test_another_right_way_earns_everything(edits: tuple[tuple[str, str, str], ...]) -> None:
    assert graded((SCRIPT, MACRO, MAIN, RUN, PROC), *edits).has_full_marks
