"""Every lab of ours scores what it declares: its start, its solution, each wrong solution, each cheat."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from minikernel.labs.handout import FIRST_LINE
from minikernel.labs.lab import Lab, Variant, VariantKind, lab_folders
from minikernel.labs.matrix import MatrixRow, grade_variant
from minikernel.labs.report import Outcome

LABS = [Lab.read(folder) for folder in lab_folders()]
QUICK = {VariantKind.START, VariantKind.SOLUTION}
ROWS = [
    pytest.param(
        lab, variant, id=f"{lab.slug}-{variant.title}", marks=[] if variant.kind in QUICK else pytest.mark.slow
    )
    for lab in LABS
    for variant in lab.variants
]


@cache
def row(folder: Path, title: str) -> MatrixRow:
    lab = Lab.read(folder)
    return grade_variant(lab, next(variant for variant in lab.variants if variant.title == title))


@pytest.mark.parametrize(("lab", "variant"), ROWS)
def test_a_variant_scores_as_declared(lab: Lab, variant: Variant) -> None:
    assert row(lab.folder, variant.title).differences == ()


@pytest.mark.parametrize("lab", LABS, ids=lambda lab: lab.slug)
def test_a_lab_says_what_it_is_and_has_enough_to_prove_it(lab: Lab) -> None:
    kinds = [variant.kind for variant in lab.variants]
    found = FIRST_LINE.match(lab.readme)
    assert found is not None
    assert found[1] == lab.slug
    assert sum(len(variant.fails) == 1 for variant in lab.variants) >= 3, "wrong on exactly one check"
    assert kinds.count(VariantKind.CHEAT) >= 2
    assert all(check.hints for check in lab.checks if not check.is_guard)
    assert {each for variant in lab.variants for each in variant.fails} <= {check.name for check in lab.checks}


@pytest.mark.parametrize("lab", LABS, ids=lambda lab: lab.slug)
def test_every_check_can_fail(lab: Lab) -> None:
    start = row(lab.folder, VariantKind.START.value).report
    failed = {check.name for check in start.checks if check.outcome is not Outcome.PASSED}
    failed |= {name for variant in lab.variants for name in variant.fails}
    assert {check.name for check in lab.checks if not check.is_guard} <= failed
