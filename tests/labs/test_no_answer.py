"""A kernel that stops in insmod or rmmod, seen through the proc window: the check says where, and why."""

from __future__ import annotations

from minikernel.labs.grading import grade_files
from minikernel.labs.lab import Lab
from minikernel.labs.report import CheckResult, Mark, Outcome
from minikernel.labs.trees import variant_files


def result_of(title: str, check: str, number: str = "10") -> CheckResult:
    """What a check of a lab says about one of its variants."""
    lab = Lab.find(number)
    variant = next(each for each in lab.variants if each.title == title)
    report = grade_files(lab, variant_files(lab, variant), title)
    return next(each for each in report.checks if each.name == check)


def test_an_oops_in_rmmod_is_shown_with_its_end_of_the_console() -> None:
    result = result_of("wrong/table-in-init", "unload")
    assert result.outcome is Outcome.CRASHED
    assert any(line.mark is Mark.BAD and line.text.startswith("Oops") for line in result.lines)
    assert any(line.text.startswith("console: ") and "Kernel panic" in line.text for line in result.lines)


def test_an_init_function_without_end_is_a_time_out() -> None:
    result = result_of("cheat/never-ends", "module")
    assert result.outcome is Outcome.TIMED_OUT
    assert any("the instructions of one run are spent" in line.text for line in result.lines)


def test_a_called_function_that_faults_is_shown_with_its_source_line() -> None:
    result = result_of("start", "second-call", "4")
    assert result.outcome is Outcome.CRASHED
    (line,) = [line for line in result.lines if "do_deferred_initcalls did not return" in line.text]
    assert line.place.startswith("kernel/deferred.s:")


def test_modules_that_one_check_made_known_are_not_there_in_the_next() -> None:
    """no-memory loads hello, which the modules of `several` do not bring."""
    assert result_of("solution", "no-memory", "7").outcome is Outcome.PASSED
