"""A generated classroom, graded for real: killed half-way and resumed, and by dask, it ends with the same bytes.

The normal tests grade a dozen submissions; `-m slow` 300.
"""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from labs.grader.classroom import hostile_variants, make_classroom
from labs.grader.gradescope_rules import broken_rules

from minikernel.labs.lab import Lab

LAB = "02-deferred-patch"
MANY = 100
PACKAGE = Path(__file__).parents[3]


@dataclass(frozen=True)
class Classroom:
    """Generated submissions and where an uninterrupted run put their grades."""

    folder: Path
    kinds: dict[str, str]
    grades: Path


def grade(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """`minikernel grade` in a process of its own."""
    return subprocess.run(command(*arguments), env=environment(), capture_output=True, text=True, timeout=600)


def command(*arguments: str | Path) -> list[str]:
    return [sys.executable, "-m", "minikernel", "grade", *map(str, arguments)]


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(PACKAGE)}


def files_below(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(scope="module", params=[12, pytest.param(300, marks=pytest.mark.slow)])
def classroom(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Classroom]:
    folder = tmp_path_factory.mktemp("classroom")
    (folder / "in").mkdir()
    kinds = make_classroom(folder / "in", Lab.find(LAB), request.param)
    done = grade(folder / "in", "--out", folder / "whole", "--jobs", "2")
    assert done.returncode == 0, done.stderr
    yield Classroom(folder / "in", kinds, folder / "whole")
    shutil.rmtree(folder)


def test_every_student_has_the_grade_of_their_kind(classroom: Classroom) -> None:
    with (classroom.grades / "grades.csv").open(encoding="utf-8", newline="") as file:
        rows = {row["submission"].removeprefix("'"): row for row in csv.DictReader(file)}
    assert rows.keys() == classroom.kinds.keys()
    wrong = [(name, kind, rows[name]["score"]) for name, kind in classroom.kinds.items() if not fits(kind, rows[name])]
    assert wrong == []


def fits(kind: str, row: dict[str, str]) -> bool:
    """The score is what this kind deserves; who cannot be graded is told why."""
    score, most = int(row["score"]), Lab.find(LAB).max_score
    if kind == "solution":
        return score == most and row["state"] == "full marks"
    if kind.startswith("wrong/"):
        return 0 < score < most
    return score == 0 and (not kind.startswith("hostile") or bool(row["remarks"]))


def test_killed_and_resumed_it_ends_with_the_same_bytes(classroom: Classroom, tmp_path: Path) -> None:
    out = tmp_path / "out"
    half = len(classroom.kinds) // 3
    with subprocess.Popen(
        command(classroom.folder, "--out", out, "--jobs", "2"), env=environment(), stderr=subprocess.DEVNULL
    ) as run:
        while len(list(out.glob("kept/*.json"))) < half:
            assert run.poll() is None, "it ended before it was killed"
            time.sleep(0.05)
        run.kill()
    kept = set(out.glob("kept/*.json"))
    assert half <= len(kept) < len(list(classroom.grades.glob("kept/*.json")))
    assert not (out / "grades.csv").exists()
    before = {path: path.stat().st_mtime_ns for path in kept}
    done = grade(classroom.folder, "--out", out, "--jobs", "2", "--executor", "threads")
    assert done.returncode == 0, done.stderr
    assert {path: path.stat().st_mtime_ns for path in kept} == before, "what was done is not done again"
    assert files_below(out) == files_below(classroom.grades)


def test_dask_cluster_gives_the_same_bytes(classroom: Classroom, tmp_path: Path) -> None:
    """All of a small classroom; of a large one what a run of processes, stopped half-way, has left to do."""
    kept = sorted(classroom.grades.glob("kept/*.json"))
    done_before = kept[: len(kept) // 2] if len(kept) > MANY else []
    (tmp_path / "out/kept").mkdir(parents=True)
    for path in done_before:
        shutil.copy(path, tmp_path / "out/kept")
    done = grade(classroom.folder, "--out", tmp_path / "out", "--jobs", "2", "--executor", "dask")
    assert done.returncode == 0, done.stderr
    told = [line for line in done.stderr.splitlines() if f" of {len(classroom.kinds)}: " in line]
    assert len(told) == len(classroom.kinds)
    assert files_below(tmp_path / "out") == files_below(classroom.grades)


def test_gradescope_results_of_all_are_valid(classroom: Classroom) -> None:
    results = [json.loads(path.read_bytes()) for path in classroom.grades.glob("gradescope/*/results.json")]
    assert len(results) == len(classroom.kinds)
    assert [broken_rules(content) for content in results] == [[]] * len(results)


def test_no_grade_tells_of_this_machine(classroom: Classroom) -> None:
    """Paths of temporary folders or of this checkout would differ elsewhere."""
    places = (f"{tempfile.gettempdir()}/minikernel-", f"{PACKAGE}/", f"{Path.home()}/", f"{classroom.folder}/")
    files = files_below(classroom.grades)
    found = [name for name, data in files.items() if any(place.encode() in data for place in places)]
    assert found == []


def test_each_hostile_kind_gets_a_message_to_act_on(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    expected = hostile_variants(tmp_path / "in", Lab.find(LAB))
    done = grade(tmp_path / "in", "--format", "csv", "-q", "--jobs", "2")
    assert (done.returncode, done.stderr) == (0, "")
    rows = {row["submission"]: row for row in csv.DictReader(io.StringIO(done.stdout))}
    assert {name: row["score"] for name, row in rows.items()} == dict.fromkeys(expected, "0")
    silent = [(name, rows[name]["remarks"]) for name, words in expected.items() if words not in rows[name]["remarks"]]
    assert silent == []


@pytest.mark.skipif(os.name == "nt", reason="signals")
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_nothing_runs_on_when_the_grader_is_stopped(classroom: Classroom, tmp_path: Path, how: signal.Signals) -> None:
    """Neither workers nor children. Ctrl-C reaches all processes of the terminal, the others only the grader."""
    marked = {**environment(), "MINIKERNEL_TEST_RUN": str(tmp_path)}
    out = tmp_path / "out"
    with subprocess.Popen(
        command(classroom.folder, "--out", out, "--jobs", "2"),
        env=marked,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as run:
        while not list(out.glob("kept/*.json")):
            assert run.poll() is None, "it ended before it was stopped"
            time.sleep(0.05)
        if how is signal.SIGINT:
            os.killpg(run.pid, how)
        else:
            run.send_signal(how)
        assert run.stderr is not None
        said = run.stderr.read().splitlines()  # ends when the last of its processes has closed it
    if how is signal.SIGINT:  # multiprocessing has words of its own about a process that was killed
        assert [line for line in said if " of " not in line] == ["minikernel: error: interrupted"]
    assert run.returncode == (130 if how is signal.SIGINT else -how)
    end = time.monotonic() + 10
    while running := processes_with(str(tmp_path)):
        assert time.monotonic() < end, running
        time.sleep(0.1)


def processes_with(mark: str) -> list[str]:
    """Processes whose environment has the mark (Linux; elsewhere none is found)."""
    found = []
    for path in Path("/proc").glob("[0-9]*/environ"):
        try:
            if f"MINIKERNEL_TEST_RUN={mark}".encode() in path.read_bytes():
                found.append(path.with_name("cmdline").read_bytes().decode())
        except OSError:
            continue
    return found
