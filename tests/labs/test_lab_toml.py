"""lab.toml: what is wrong is pointed at, with what was expected."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from labs.lamp import FOLDER, lamp_lab

from minikernel.errors import SourceError, UsageError
from minikernel.labs.grading import load_checks
from minikernel.labs.lab import Lab, Limits, VariantKind
from minikernel.labs.trees import solution_tree, variant_files


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the lamp's lab, to spoil."""
    return shutil.copytree(FOLDER, tmp_path / FOLDER.name)


def spoiled(folder: Path, old: str, new: str, file: str = "lab.toml") -> str:
    """The message for a lab in which this was written instead."""
    path = folder / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(SourceError) as caught:
        lab = Lab.read(folder)
        load_checks(lab)
        solution_tree(lab)
        for variant in lab.variants:
            variant_files(lab, variant)
    return str(caught.value)


def test_a_lab_is_what_its_file_says() -> None:
    lab = lamp_lab()
    assert (lab.number, lab.slug, lab.title, lab.minutes) == (1, "01-tiny-lamp", "A lamp", 5)
    assert lab.files == ("drivers/lamp.s", "include/initcall.inc", "kernel/vmlinux.lds")
    assert [check.name for check in lab.checks] == ["lit", "listed", "result"]
    assert lab.max_score == 6
    assert lab.limits.instructions == 10_000_000
    assert lab.limits.wall_s == Limits().wall_s
    assert {variant.kind for variant in lab.variants} == set(VariantKind)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("minutes = 5", "minutes = 0", "lab.toml:3:1: error: minutes: expected a whole number above 0"),
        ("minutes = 5", "minutes = '5'", "lab.toml:3:1: error: minutes: expected a whole number"),
        ("minutes = 5", "minutes = true", "lab.toml:3:1: error: minutes: expected a whole number above 0"),
        ("minutes = 5", "", "lab.toml:1:1: error: 01-tiny-lamp/lab.toml needs minutes = a whole number"),
        ("minutes = 5", "minutse = 5", "unknown key 'minutse' in 01-tiny-lamp/lab.toml; did you mean 'minutes'"),
        ("minutes = 5", "minutes = = 5", "lab.toml:3:"),
        ('title = "A lamp"', 'title = " "', "title: expected a text that is not empty"),
        ('"drivers/lamp.s", ', '"../lamp.s", ', "files: expected a plain path with slashes"),
        ('"drivers/lamp.s", ', '"drivers/lamp.s", "drivers/lamp.s", ', "files: 'drivers/lamp.s' twice"),
        ('"drivers/lamp.s", ', "", "leave drivers/lamp.s different, but it is not among `files`"),
        ('"drivers/lamp.s", ', '"drivers/lamp.s", "drivers/none.s", ', "which the solution does not have"),
        (
            "instructions = 10",
            "instuctions = 10",
            "lab.toml:7:1: error: unknown key 'instuctions' in [limits]; did you",
        ),
        ('until = "shell"', "until = 3", "lab.toml:13:1: error: until: expected a text"),
        ('until = "shell"', 'untill = "shell"', "unknown key 'untill' in [run.boot]; did you mean 'until'?"),
        ("points = 3", "points = -3", "lab.toml:18:1: error: points: expected a whole number above 0"),
        ("points = 3", "pionts = 3", "unknown key 'pionts' in [[check]]; did you mean 'points'"),
        ('hints = ["r0 is', 'hints = [] # ["r0 is', "hints: expected at least one, and none empty"),
        ('name = "lit"', 'name = "Lit up"', "expected small letters and digits with - between"),
        ('name = "lit"', 'name = "intact"', "check 'intact' is the engine's own"),
        ('name = "lit"', 'name = "listed"', "check 'listed' twice"),
        ('fails = ["lit"]', 'fails = ["lti"]', "fails: no check 'lti'; did you mean 'lit'?"),
        ('fails = ["lit"]', "fails = []", "fails: expected the check that it is wrong on"),
        ('name = "twice"', 'name = "thrice"', "no file wrong/thrice.patch"),
        ('name = "weak-twin"', 'name = "patches-text"', "cheat/patches-text twice"),
        ('over = "start"', 'over = "end"', "over = 'end': expected one of start, solution"),
        ('[[wrong]]\nname = "stays-dark"\nfails = ["lit"]\nwhy = ', "[bag]\nwhy = ", "unknown key 'bag'"),
    ],
)
def test_what_is_wrong_is_pointed_at(folder: Path, old: str, new: str, message: str) -> None:
    assert message in spoiled(folder, old, new)


def test_a_patch_nobody_declared_is_named(folder: Path) -> None:
    (folder / "wrong/other.patch").write_text("", encoding="utf-8")
    with pytest.raises(SourceError, match=r"does not say what wrong/other\.patch is there for"):
        Lab.read(folder)


def test_a_patch_that_changes_what_the_student_may_not_is_refused(folder: Path) -> None:
    patch = "--- /dev/null\n+++ b/drivers/lamp2.s\n@@ -0,0 +1 @@\n+@\n--- a/drivers/lamp.s"
    message = spoiled(folder, "--- a/drivers/lamp.s", patch, "wrong/stays-dark.patch")
    assert (
        "01-tiny-lamp/wrong/stays-dark.patch:1:1: error: changes drivers/lamp2.s, which the student does not" in message
    )


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("def check_lit", "def check_lot", "no function check_lit() for the check 'lit' of lab.toml"),
        ("def check_lit(", "def check_lit((", "01-tiny-lamp/checks.py:10:"),
    ],
)
def test_checks_that_cannot_be_loaded_are_pointed_at(folder: Path, old: str, new: str, message: str) -> None:
    assert message in spoiled(folder, old, new, "checks.py")


def test_a_lab_is_found_by_its_folder_and_an_unknown_one_is_not() -> None:
    assert Lab.find(str(FOLDER)) == lamp_lab()
    with pytest.raises(UsageError, match="no lab 'tiny'"):
        Lab.find("tiny")


def test_every_lab_of_ours_is_found_by_number_and_by_name() -> None:
    for lab in Lab.all():
        assert Lab.find(str(lab.number)) == Lab.find(f"{lab.number:02}") == Lab.find(lab.slug) == lab
