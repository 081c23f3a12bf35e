"""Every kind of cheat, on a lab of its own: what scores 0, and for which reason."""

from __future__ import annotations

import pytest
from labs.lamp import files_of, lamp_lab, variant

from minikernel.labs.grading import grade_files
from minikernel.labs.lab import INTACT
from minikernel.labs.matrix import grade_variant
from minikernel.labs.report import LabReport, Mark, Outcome

#: What the guard says of each change that is no change of the student's own file.
TAMPERINGS = {
    "patches-text": "printk, .text of kernel/printk.s, was written by lamp_init",
    "patches-init-code": "free_initmem, .text of kernel/init_mem.s, was written by lamp_init",
    "writes-the-table": "of kernel/initcall.s, was written by lamp_init",
    "swaps-a-page": "led to other memory",
    "counts-pages": "nr_free_pages_count of kernel/page_alloc.s was written by lamp_init",
    "lets-memcpy-count": "nr_free_pages_count of kernel/page_alloc.s was written by memcpy",
    "borrows-a-name": "has a symbol 'change_pages', which is the name of something in kernel/mmu.s",
    "borrows-a-constant": "PTES_PER_SECTION is 0x100 in the kernel",
    "weak-twin": "has a symbol 'strchr', which is the name of something in kernel/string.s",
    "script-fakes-a-probe": "free_initmem of kernel/init_mem.s is defined by the linker script",
    "script-borrows-code": "lamp_init is only a name for",
    "borrows-a-number": "lamp_init is only a name for 0xc0008000, no place of a source",
    "script-names-a-local": "the linker script has a symbol 'change_pages'",
    "script-discards": "section .initcall7.init of drivers/rtc_hctosys.s is left out of the image",
    "script-loads-elsewhere": "section .rodata of kernel/main.s is loaded away from its address",
    "script-begins-elsewhere": "the kernel begins in drivers/lamp.s",
    "macro-doubles": "no longer assembles to the same: its section .initcall",
}

#: How the run of each other cheat ends, and what the check says about it.
ENDINGS = {
    "powers-off": (Outcome.CRASHED, "the power went off"),
    "sleeps-for-ever": (Outcome.CRASHED, "the processor sleeps for ever"),
    "endless-loop": (Outcome.TIMED_OUT, "the instructions of one run are spent"),
    "huge-output": (Outcome.CRASHED, "more than 30,000 characters on the console"),
    "endless-events": (Outcome.CRASHED, "more than 2,000 events"),
    "waits-in-the-kernel": (Outcome.CRASHED, "no program has run that could wait for a line"),
    "goes-down": (Outcome.CRASHED, "the kernel gave up"),
}

#: What does not even build.
PROBLEMS = {
    "strong-twin": "duplicate symbol 'strchr'",
    "host-file": "`.incbin` is not in this dialect",
    "host-include": "leads out of its directory",
}

#: What runs to its end and earns nothing.
POOR = {"prints-the-log", "false-arguments"}


def grade(title: str) -> LabReport:
    return grade_files(lamp_lab(), files_of(title), title)


def test_every_cheat_of_the_lab_is_looked_at_here() -> None:
    cheats = {each.name for each in lamp_lab().variants if each.title.startswith("cheat/")}
    assert cheats == TAMPERINGS.keys() | ENDINGS.keys() | PROBLEMS.keys() | POOR


@pytest.mark.parametrize("title", ["start", "solution"])
def test_start_and_solution_score_as_declared(title: str) -> None:
    assert grade_variant(lamp_lab(), variant(title)).differences == ()


@pytest.mark.parametrize("name", ["stays-dark", "forgets-the-result", "twice"])
def test_a_wrong_solution_fails_exactly_its_check(name: str) -> None:
    assert grade_variant(lamp_lab(), variant(f"wrong/{name}")).differences == ()


@pytest.mark.parametrize("name", TAMPERINGS)
def test_tampering_is_found_and_named(name: str) -> None:
    report = grade(f"cheat/{name}")
    intact = next(check for check in report.checks if check.name == INTACT)
    assert (report.score, intact.outcome) == (0, Outcome.FAILED)
    assert any(TAMPERINGS[name] in line.text for line in intact.lines if line.mark is Mark.BAD)
    assert any(line.place for line in intact.lines)


@pytest.mark.parametrize("name", ENDINGS)
def test_a_run_that_ends_early_is_no_pass(name: str) -> None:
    report = grade(f"cheat/{name}")
    outcome, why = ENDINGS[name]
    checks = [check for check in report.checks if not check.is_guard]
    assert report.score == 0
    assert {check.outcome for check in checks} == {outcome}
    assert all(why in check.lines[0].text for check in checks)


@pytest.mark.parametrize("name", PROBLEMS)
def test_what_does_not_build_is_a_problem_with_its_line(name: str) -> None:
    report = grade(f"cheat/{name}")
    assert report.score == 0
    assert any(PROBLEMS[name] in problem for problem in report.problems)
    assert {check.outcome for check in report.checks} == {Outcome.NOT_RUN}


@pytest.mark.parametrize("name", sorted(POOR))
def test_what_is_only_said_earns_nothing(name: str) -> None:
    assert grade_variant(lamp_lab(), variant(f"cheat/{name}")).is_as_declared


def test_a_loop_is_shown_with_its_symbol_and_its_line() -> None:
    lines = grade("cheat/endless-loop").checks[1].lines
    assert any("lamp_init+0x" in line.text and line.place.startswith("drivers/lamp.s:") for line in lines)


def test_an_oops_is_shown_with_the_fault_and_the_console() -> None:
    lines = grade("cheat/goes-down").checks[1].lines
    assert any("write of 0xfffffffc" in line.text and line.place.startswith("drivers/lamp.s:") for line in lines)
    assert any(line.text.startswith("console: ") for line in lines)


def test_the_same_submission_gives_the_same_bytes() -> None:
    assert grade("cheat/goes-down").to_json() == grade("cheat/goes-down").to_json()
