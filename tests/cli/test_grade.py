"""`minikernel grade` and `minikernel lab autograder`: what the teacher sees, and which files there are."""

from __future__ import annotations

import csv
import io
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from minikernel.cli.main import main
from minikernel.labs.grader import run as run_module
from minikernel.labs.grader.task import Task
from minikernel.labs.lab import Lab, lab_folders
from minikernel.labs.report import CheckResult, LabReport, Outcome

LAB = Lab.read(lab_folders()[0])
Grade = Callable[..., int]


@pytest.fixture
def grade(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Grade:
    """The command on two students, a loose file and a hidden folder; the grading itself is stood in for."""

    def run_task(task: Task) -> LabReport:
        data = dict(task.files)[LAB.files[0]]
        points = LAB.max_score if data == b"good" else 1
        check = CheckResult("works", "it works", LAB.max_score, points, Outcome.PASSED)
        return LabReport(LAB.slug, "submission", points, LAB.max_score, checks=(check,))

    monkeypatch.setattr(run_module, "run_task", run_task)
    monkeypatch.setenv("COLUMNS", "80")
    for name, data in (("alice", b"good"), ("-rf ö", b"bad"), ("x" * 50, None)):
        folder = tmp_path / "in" / name
        folder.mkdir(parents=True)
        (folder / "README.md").write_text(f"<!-- minikernel lab {LAB.slug} -->\n" if data else "hello\n")
        if data:
            (folder / LAB.files[0]).parent.mkdir(parents=True, exist_ok=True)
            (folder / LAB.files[0]).write_bytes(data)
    (tmp_path / "in/.git").mkdir()
    (tmp_path / "in/list.txt").write_bytes(b"")
    return lambda *options: main(["grade", str(tmp_path / "in"), "--executor", "threads", "--jobs", "1", *options])


def test_table_names_every_submission_and_what_was_ignored(grade: Grade, capsys: pytest.CaptureFixture[str]) -> None:
    assert grade() == 0
    out, err = capsys.readouterr()
    points = LAB.max_score
    assert out.splitlines() == [
        f"{'-rf ö':40}  {LAB.slug}    1 of {points:<3}  partly",
        f"{'alice':40}  {LAB.slug}  {points:3} of {points:<3}  full marks",
        f"{'x' * 39}…  {'':{len(LAB.slug)}}    0 of 0    no lab",
        "    README.md: its first line does not say what lab this is, as `<!-- minikernel lab NAME -->`",
        "ignored: .git: hidden",
        "ignored: list.txt: a file, neither a folder nor a .zip",
        "3 graded, 1 with full marks",
    ]
    assert [line.partition(":")[0] for line in err.splitlines()] == ["1 of 3", "2 of 3", "3 of 3"]
    assert {line.partition(": ")[2] for line in err.splitlines()} == {
        f"{'x' * 50}: 0 of 0",
        f"-rf ö: 1 of {points}",
        f"alice: {points} of {points}",
    }


def test_out_has_every_format_and_the_kept_results(grade: Grade, tmp_path: Path) -> None:
    assert grade("--out", str(tmp_path / "out"), "-q") == 0
    files = {path.relative_to(tmp_path / "out").as_posix() for path in (tmp_path / "out").rglob("*") if path.is_file()}
    names = ("alice", "rf-77be54c3", "x" * 50)
    kept = {name for name in files if name.startswith("kept/")}
    assert len(kept) == 2
    assert files - kept == {
        ".written",
        "grades.csv",
        "grades.md",
        "junit.xml",
        *(f"reports/{name}.json" for name in names),
        *(f"gradescope/{name}/results.json" for name in names),
        *(f"github-classroom/{name}.json" for name in names),
        *(f"github-classroom/{name}.base64" for name in names),
    }


def test_one_format_goes_to_standard_output(grade: Grade, capsys: pytest.CaptureFixture[str]) -> None:
    assert grade("--format", "csv", "-q") == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [row["submission"] for row in rows] == ["'-rf ö", "alice", "x" * 50]


def test_one_submission_is_no_folder_of_them(grade: Grade, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["grade", str(tmp_path / "in/alice")]) == 2
    assert "alice is one submission itself" in capsys.readouterr().err


def test_single_grades_the_folder_itself(grade: Grade, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert (
        main(["grade", str(tmp_path / "in/alice"), "--single", "--executor", "threads", "-q", "--format", "csv"]) == 0
    )
    assert capsys.readouterr().out.splitlines()[1].startswith(f"alice,{LAB.slug},{LAB.max_score},")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--format", "gradescope"], "--format gradescope makes several files: add --out DIR"),
        (["--format", "csv", "--format", "junit"], "--format csv and junit makes several files: add --out DIR"),
        (["--executor", "slurm"], "no executor 'slurm': expected processes, threads, dask or dask:ADDRESS"),
        (["--executor", "threads:4"], "no executor 'threads:4'"),
        (["--lab", "99"], "no lab '99'"),
        (["--jobs", "0"], "expected a number of jobs, 1 to 1024"),
    ],
)
def test_options_that_are_impossible(
    grade: Grade, capsys: pytest.CaptureFixture[str], options: list[str], message: str
) -> None:
    assert grade(*options) == 2
    assert message in capsys.readouterr().err


def test_out_among_the_submissions_is_refused(grade: Grade, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert grade("--out", str(tmp_path / "in/grades")) == 2
    assert "lies in the folder of the submissions" in capsys.readouterr().err


def test_out_that_cannot_be_written_is_one_message(
    grade: Grade, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "out").write_bytes(b"")
    assert grade("--out", str(tmp_path / "out")) == 1
    assert "minikernel: error: cannot write below" in capsys.readouterr().err


def test_autograder_says_how_many_points(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "autograder.zip"
    assert main(["lab", "autograder", str(LAB.number), "-o", str(path)]) == 0
    assert capsys.readouterr().out == (
        f"{path}: the autograder of lab {LAB.slug}. Set the assignment to {LAB.max_score} points.\n"
    )
    assert {"setup.sh", "run_autograder"} <= set(zipfile.ZipFile(path).namelist())


def test_dask_that_is_not_installed_is_one_message(
    grade: Grade, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    assert grade("--executor", "dask") == 2
    assert "dask is not installed: pip install 'minikernel[dask]'" in capsys.readouterr().err


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_terminal_shows_a_bar_and_nothing_of_it_is_left(grade: Grade, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr("sys.stderr", terminal := Terminal())
    assert grade() == 0
    assert "3/3" in terminal.getvalue()
    assert "alice" not in terminal.getvalue()
    assert terminal.getvalue().endswith("\x1b[2K")  # the bar's line is wiped


def test_dumb_terminal_gets_lines(grade: Grade, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "dumb")
    monkeypatch.setattr("sys.stderr", terminal := Terminal())
    assert grade() == 0
    assert len(terminal.getvalue().splitlines()) == 3
    assert "\x1b" not in terminal.getvalue()
