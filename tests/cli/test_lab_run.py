"""`minikernel lab run` and `lab sources`: the other commands on a student's kernel, and all its sources to read."""

from __future__ import annotations

from pathlib import Path

import pytest

from minikernel.cli.main import main
from minikernel.labs.handout import hand_out
from minikernel.labs.lab import Lab
from minikernel.labs.trees import solution_tree
from minikernel.toolchain.guest_tree import another_tree, guest_tree

MINE = "drivers/status.s"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder of a student who has solved lab 1."""
    lab = Lab.find("1")
    hand_out(lab, tmp_path / "mine")
    (tmp_path / "mine" / MINE).write_bytes(solution_tree(lab)[MINE])
    return tmp_path / "mine"


def test_run_shows_the_tables_of_the_students_kernel(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["initcalls"]) == 0
    assert "status_init" not in capsys.readouterr().out
    assert main(["lab", "run", "--in", str(folder), "initcalls"]) == 0
    assert "status_init" in capsys.readouterr().out


def test_run_boots_the_students_kernel(folder: Path, tmp_path: Path) -> None:
    log = tmp_path / "dmesg.txt"
    assert main(["lab", "run", "--in", str(folder), "boot", "-q", "--dmesg", str(log)]) == 0
    assert "calling  status_init" in log.read_text()


def test_run_gives_the_exit_status_and_the_place_of_an_error(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / MINE).write_text('        .include "macros.inc"\n        no_such\n')
    assert main(["lab", "run", "--in", str(folder), "initcalls"]) == 1
    assert f"{MINE}:2:9: error" in capsys.readouterr().err


def test_run_needs_a_command(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lab", "run", "--in", str(folder)]) == 2
    assert "which command?" in capsys.readouterr().err


def test_sources_writes_the_whole_kernel_with_the_students_files(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "kernel"
    assert main(["lab", "sources", str(out), "--in", str(folder)]) == 0
    assert (out / MINE).read_bytes() == (folder / MINE).read_bytes()
    assert "panel_show" in (out / "drivers/panel.s").read_text()
    assert (out / "kernel/main.s").read_bytes() == (guest_tree() / "kernel/main.s").read_bytes()


def test_sources_writes_over_nothing(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lab", "sources", str(folder), "--in", str(folder)]) == 2
    assert "is there already" in capsys.readouterr().err


def test_another_tree_ends_with_its_block(tmp_path: Path) -> None:
    ours = guest_tree()
    with another_tree(tmp_path):
        assert guest_tree() == tmp_path
    assert guest_tree() == ours
