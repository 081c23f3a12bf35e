"""A lab proves itself: its start, its solution, its wrong solutions and its cheats score what lab.toml declares."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from dataclasses import dataclass

from minikernel.labs.grading import grade_files
from minikernel.labs.lab import Lab, Variant, VariantKind
from minikernel.labs.report import LabReport, Outcome
from minikernel.labs.trees import variant_files


@dataclass(frozen=True)
class MatrixRow:
    """One variant of one lab. `differences`: what is not as declared, a sentence each."""

    lab: Lab
    variant: Variant
    report: LabReport
    differences: tuple[str, ...]

    @property
    def is_as_declared(self) -> bool:
        """Nothing differs."""
        return not self.differences


def grade_variant(lab: Lab, variant: Variant) -> MatrixRow:
    """Grades one variant. Raises SourceError for a lab that is wrong."""
    report = grade_files(lab, variant_files(lab, variant), variant.title)
    gc.collect()  # a machine is a cycle, and reserves a gigabyte of address space: a hundred of them may not fit
    return MatrixRow(lab, variant, report, tuple(_differences(variant, report)))


def _differences(variant: Variant, report: LabReport) -> Iterator[str]:
    match variant.kind:
        case VariantKind.SOLUTION:
            yield from report.problems
            yield from _not_exactly(report, ())
            if not report.has_full_marks:
                yield f"scores {report.score}, expected {report.max_score}"
        case VariantKind.WRONG:
            yield from report.problems
            yield from _not_exactly(report, variant.fails)
        case VariantKind.START | VariantKind.CHEAT if report.score:
            earned = ", ".join(check.name for check in report.checks if check.earned)
            yield f"scores {report.score}, expected 0; points for {earned}"


def _not_exactly(report: LabReport, fails: tuple[str, ...]) -> Iterator[str]:
    """Which checks fail that should not, and the other way round."""
    for check in report.checks:
        has_passed = check.outcome is Outcome.PASSED
        if has_passed and check.name in fails:
            yield f"passes {check.name}, which it should fail"
        elif not has_passed and check.name not in fails:
            yield f"does not pass {check.name} ({check.outcome.value}), which it should pass"
