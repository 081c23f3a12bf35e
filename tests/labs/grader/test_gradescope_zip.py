"""The autograder's zip, run as Gradescope's documentation says: a folder stands for /autograder."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from labs.grader.gradescope_rules import broken_rules

from minikernel.labs.grader.gradescope_zip import autograder_zip
from minikernel.labs.lab import Lab, VariantKind
from minikernel.labs.trees import variant_files

LAB = Lab.find("05-apply-relocate")

#: As the documentation's example has it, with fewer fields.
METADATA = {
    "id": 123456,
    "created_at": "2018-07-01T14:22:32.365935-07:00",
    "assignment": {"id": 25828, "title": "Lab", "total_points": "20.0", "group_submission": False},
    "submission_method": "upload",
    "users": [{"email": "student@example.com", "id": 1234, "name": "Student Ünser"}],
    "previous_submissions": [],
}

bash = pytest.mark.skipif(shutil.which("bash") is None, reason="the scripts are bash's")


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What Gradescope makes: source/, run_autograder beside it, results/, submission/ and the metadata."""
    root = tmp_path_factory.mktemp("autograder")
    (tmp_path_factory.getbasetemp() / "autograder.zip").write_bytes(autograder_zip(LAB))
    with zipfile.ZipFile(tmp_path_factory.getbasetemp() / "autograder.zip") as archive:
        archive.extractall(root / "source")
        modes = {info.filename: info.external_attr >> 16 & 0o777 for info in archive.infolist()}
    assert {name: mode for name, mode in modes.items() if mode != 0o644} == {"setup.sh": 0o755, "run_autograder": 0o755}
    shutil.copy(root / "source/run_autograder", root / "run_autograder")
    (root / "run_autograder").chmod(0o755)
    (root / "results").mkdir()
    (root / "submission_metadata.json").write_text(json.dumps(METADATA))
    return root


def run(root: Path, kind: VariantKind | None) -> tuple[dict[str, object], str]:
    """results.json and standard output for what a student of this kind hands in; None: nothing."""
    shutil.rmtree(root / "submission", ignore_errors=True)
    (root / "submission").mkdir()
    variant = next((variant for variant in LAB.variants if variant.kind is kind), None)
    for name, data in ({} if variant is None else variant_files(LAB, variant)).items():
        (root / "submission" / name).parent.mkdir(parents=True, exist_ok=True)
        (root / "submission" / name).write_bytes(data)
    (root / "results/results.json").unlink(missing_ok=True)
    done = subprocess.run(
        [root / "run_autograder"],
        cwd=root,
        env={"PATH": os.environ["PATH"], "AUTOGRADER_ROOT": str(root), "MINIKERNEL_PYTHON": sys.executable},
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return json.loads((root / "results/results.json").read_bytes()), done.stdout


@bash
def test_solution_has_full_marks_in_a_valid_results_json(root: Path) -> None:
    content, said = run(root, VariantKind.SOLUTION)
    assert broken_rules(content) == []
    assert content["score"] == LAB.max_score
    assert said == f"Student Ünser: {LAB.slug}: {LAB.max_score} of {LAB.max_score}\n"


@bash
def test_empty_submission_has_no_points_and_says_why(root: Path) -> None:
    content, _ = run(root, None)
    assert broken_rules(content) == []
    assert content["score"] == 0
    assert str(content["output"]).startswith("none of the lab's files is there (kernel/module_reloc_types.s): hand in")


@bash
def test_teacher_is_told_when_the_points_do_not_fit(root: Path) -> None:
    metadata = {**METADATA, "assignment": {**METADATA["assignment"], "total_points": "100.0"}}  # type: ignore[dict-item]
    (root / "submission_metadata.json").write_text(json.dumps(metadata))
    _, said = run(root, None)
    (root / "submission_metadata.json").write_text(json.dumps(METADATA))
    assert f"The lab has {LAB.max_score} points, the assignment on Gradescope 100: set it to the lab's.\n" in said


def test_grading_runs_from_the_zip_alone(root: Path) -> None:
    """The package in it is complete: its modules are those beside it, and it has the guest and the lab."""
    script = "import minikernel.labs.lab as lab; print(lab.__file__, *lab.lab_folders())"
    done = subprocess.run(
        [sys.executable, "-P", "-c", script],
        env={"PYTHONPATH": str(root / "source")},
        capture_output=True,
        text=True,
        check=True,
    )
    package = root / "source/minikernel"
    assert done.stdout.split() == [str(package / "labs/lab.py"), str(package / "_tutorials/labs" / LAB.slug)]


def test_same_lab_gives_the_same_zip() -> None:
    assert autograder_zip(LAB) == autograder_zip(Lab.find(LAB.slug))


def test_requirements_are_those_of_the_project(root: Path) -> None:
    lines = (root / "source/requirements.txt").read_text().splitlines()
    assert {line.split(">")[0] for line in lines} >= {"unicorn", "capstone", "pyelftools", "platformdirs", "rich"}
    assert not any("pytest" in line for line in lines)


@bash
@pytest.mark.parametrize("script", ["setup.sh", "run_autograder"])
def test_scripts_are_bash(root: Path, script: str) -> None:
    path = root / "source" / script
    assert path.read_bytes().startswith(b"#!/usr/bin/env bash\n")
    assert b"\r" not in path.read_bytes()
    subprocess.run(["bash", "-n", path], check=True)


def test_a_lab_that_is_elsewhere_gives_the_same_zip(tmp_path: Path) -> None:
    shutil.copytree(LAB.folder, tmp_path / LAB.slug, ignore=shutil.ignore_patterns("__pycache__"))
    assert autograder_zip(Lab.read(tmp_path / LAB.slug)) == autograder_zip(LAB)
