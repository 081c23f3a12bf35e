"""A teacher's own labs: those of the folder that MINIKERNEL_LABS names stand beside ours, or in for them."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from labs.lamp import FOLDER

from minikernel.errors import UsageError
from minikernel.labs.handout import lab_of
from minikernel.labs.lab import Lab, lab_folders

OURS = Lab.find("3")


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with one more lab, and a changed copy of one of ours."""
    own = tmp_path / "own"
    monkeypatch.setenv("MINIKERNEL_LABS", str(own))
    shutil.copytree(FOLDER, own / "51-tiny-lamp")
    shutil.copytree(OURS.folder, own / OURS.slug)
    return own


def test_an_own_lab_is_found_by_number_and_name(own: Path) -> None:
    assert Lab.find("51").folder == Lab.find("51-tiny-lamp").folder == own / "51-tiny-lamp"
    assert [lab.slug for lab in Lab.all()] == sorted({*(folder.name for folder in lab_folders()), "51-tiny-lamp"})


def test_an_own_lab_stands_in_for_ours_of_the_same_name(own: Path) -> None:
    assert Lab.find("3").folder == Lab.find(OURS.slug).folder == own / OURS.slug
    assert OURS.folder not in lab_folders()


def test_a_folder_that_is_none_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINIKERNEL_LABS", str(tmp_path / "gone"))
    with pytest.raises(UsageError, match=r"MINIKERNEL_LABS names .*gone, which is no folder"):
        Lab.all()


def test_a_student_s_readme_does_not_bring_checks_along(tmp_path: Path) -> None:
    checks = shutil.copytree(FOLDER, tmp_path / "52-mine")
    (tmp_path / "README.md").write_text(f"<!-- minikernel lab {checks} -->\n")
    with pytest.raises(UsageError, match="no lab "):
        lab_of(tmp_path)
