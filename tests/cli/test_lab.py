"""`minikernel lab`: what each of its commands prints, and its exit status, on the lamp's lab and on ours."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from labs.lamp import FOLDER, files_of, lamp_lab, write

from minikernel.cli.main import main
from minikernel.labs.lab import Lab
from minikernel.labs.report import LabReport

LAMP = str(FOLDER)


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A state folder of its own, and 80 columns."""
    monkeypatch.setenv("MINIKERNEL_STATE", str(tmp_path / "state"))
    monkeypatch.delenv("COLUMNS", raising=False)
    return tmp_path / "state"


def lab(capsys: pytest.CaptureFixture[str], *words: str, status: int = 0) -> str:
    """What `minikernel lab WORDS` prints on standard output; its exit status is `status`."""
    capsys.readouterr()
    assert main(["lab", *words]) == status
    return capsys.readouterr().out


def refused(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    """The message of a command that is impossible."""
    capsys.readouterr()
    assert main(["lab", *words]) == 2
    return capsys.readouterr().err


def student(tmp_path: Path, title: str) -> str:
    """A folder with what such a student made of the lamp."""
    return str(write(tmp_path / "mine", {"README.md": lamp_lab().readme.encode(), **files_of(title)}))


def test_list_names_every_lab_within_80_columns(capsys: pytest.CaptureFixture[str]) -> None:
    lines = lab(capsys, "list").splitlines()
    assert max(map(len, lines)) <= 80
    for each in Lab.all():
        [row] = [line for line in lines if line.startswith(f"{each.number:02}  ")]
        assert f"{each.minutes} min" in row
        assert f"{each.max_score} points" in row
        assert row.endswith(each.chapter)


def test_start_makes_the_readme_and_the_files_and_nothing_else(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "work" / "lamp"
    printed = lab(capsys, "start", LAMP, str(folder))
    names = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    assert names == sorted(["README.md", *lamp_lab().files])
    assert (folder / "drivers/lamp.s").read_bytes() == files_of("start")["drivers/lamp.s"]
    assert "minikernel lab check" in printed


def test_start_leaves_what_is_there_alone_unless_forced(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "lamp"
    write(folder, {"drivers/lamp.s": b"@ my work\n", "notes.txt": b"mine"})
    assert f"{folder} is not empty" in refused(capsys, "start", LAMP, str(folder))
    assert (folder / "drivers/lamp.s").read_bytes() == b"@ my work\n"
    lab(capsys, "start", LAMP, str(folder), "--force")
    assert (folder / "drivers/lamp.s").read_bytes() == files_of("start")["drivers/lamp.s"]
    assert (folder / "notes.txt").read_bytes() == b"mine"


def test_start_of_a_lab_there_is_not_names_those_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    message = refused(capsys, "start", "first-initcal")
    assert "no lab 'first-initcal'" in message
    assert "01-first-initcall" in message


def test_check_of_a_solution_passes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    printed = lab(capsys, "check", student(tmp_path, "solution"), "--lab", LAMP)
    assert re.search(r"^passed +3/3 +lit: the lamp is lit", printed, re.MULTILINE)
    assert printed.endswith("6 of 6 points\n")


def test_check_of_a_wrong_one_says_what_it_looked_at_saw_and_expected(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    printed = lab(capsys, "check", student(tmp_path, "wrong/stays-dark"), "--lab", LAMP, status=1)
    lines = printed.splitlines()
    assert "    looked at: SYS_LED, at the end of the boot" in lines
    assert "    BAD      LEDs: saw 0x00, expected 0x5a" in lines
    assert re.search(r"^ +drivers/lamp\.s:\d+ \| push", printed, re.MULTILINE)
    assert "3 of 6 points" in lines
    assert lines[-1] == "stuck? minikernel lab hint lit"
    assert max(map(len, lines)) <= 80


def test_check_of_a_source_that_does_not_assemble_shows_line_and_caret(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = student(tmp_path, "solution")
    write(Path(folder), {"drivers/lamp.s": b"        moov    r0, r1\n"})
    printed = lab(capsys, "check", folder, "--lab", LAMP, status=1)
    assert "drivers/lamp.s:1:9: error: " in printed
    assert "            moov    r0, r1\n            ^\n" in printed
    assert printed.endswith("0 of 6 points\n")


def test_check_of_a_folder_without_a_lab_says_how_to_name_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "use --lab N" in refused(capsys, "check", str(tmp_path))
    (tmp_path / "README.md").write_text("# mine\n")
    assert "does not say which lab it is" in refused(capsys, "check", str(tmp_path))
    assert "no folder" in refused(capsys, "check", str(tmp_path / "nowhere"))
    (tmp_path / "README.md").write_text("<!-- minikernel lab 99-none -->\n")
    assert "no lab '99-none'" in refused(capsys, "check", str(tmp_path))


def test_a_folder_s_readme_tells_its_lab(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first = Lab.all()[0]
    lab(capsys, "start", first.slug, str(tmp_path / "mine"))
    printed = lab(capsys, "check", str(tmp_path / "mine"), "-q", status=1)
    assert printed.startswith(f"Lab {first.number}: {first.title}")
    assert f"0 of {first.max_score} points" in printed


def test_grade_is_the_report_as_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    printed = lab(capsys, "grade", student(tmp_path, "wrong/twice"), "--lab", LAMP, status=1)
    report = LabReport.from_json(printed)
    assert (report.lab, report.submission, report.score) == ("01-tiny-lamp", "mine", 4)
    assert json.loads(printed)["max_score"] == 6


def test_hints_come_one_at_a_time(tmp_path: Path, capsys: pytest.CaptureFixture[str], state: Path) -> None:
    folder = student(tmp_path, "start")
    hints = lamp_lab().check_named("lit").hints
    asked = [lab(capsys, "hint", "lit", folder, "--lab", LAMP) for _ in range(3)]
    shown = [[hint in text for hint in hints] for text in asked]
    assert shown == [[True, False], [True, True], [True, True]]
    there_are = lab(capsys, "hint", "--lab", LAMP)
    assert re.search(r"^lit +2 of 2 hints seen", there_are, re.MULTILINE)
    assert "minikernel lab hint lit" not in there_are
    assert all(hint in lab(capsys, "hint", "lit", folder, "--all", "--lab", LAMP) for hint in hints)
    (state / "hints.json").write_text("no JSON at all")
    assert "0 of 2 hints seen" in lab(capsys, "hint", "--lab", LAMP)


def test_a_hint_for_a_check_there_is_not_names_near_ones(capsys: pytest.CaptureFixture[str]) -> None:
    assert "has no check 'lti'; did you mean 'lit'?" in refused(capsys, "hint", "lti", "--lab", LAMP)


def test_matrix_shows_every_variant_and_check(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("minikernel.cli.lab_matrix.Lab.find", lambda _name: few_variants())
    printed = lab(capsys, "matrix", "1")
    lines = printed.splitlines()
    assert lines[0] == "01-tiny-lamp  A lamp"
    assert lines[1].split() == ["intact", "lit", "listed", "result", "total"]
    assert lines[2].split() == ["start", "ok", "-", "-", "-", "0/6", "as", "declared"]
    assert lines[3].split() == ["solution", "ok", "3", "2", "1", "6/6", "as", "declared"]
    assert lines[4].split() == ["wrong/stays-dark", "ok", "-", "2", "1", "3/6", "as", "declared"]
    assert lines[-1] == "3 variants of 1 lab: all as declared"
    assert max(map(len, lines)) <= 80


def test_matrix_notices_a_lab_that_is_not_as_it_says(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("minikernel.cli.lab_matrix.Lab.find", lambda _name: few_variants(("result",)))
    printed = lab(capsys, "matrix", "1", status=1)
    assert "NOT AS DECLARED" in printed
    assert "passes result, which it should fail" in printed
    assert "does not pass lit (failed), which it should pass" in printed
    assert "1 not as declared" in printed


def few_variants(fails: tuple[str, ...] = ("lit",)) -> Lab:
    """The lamp's lab with its start, its solution and one wrong solution, said to fail these checks."""
    from dataclasses import replace

    start, solution, wrong, *_ = lamp_lab().variants
    return replace(lamp_lab(), variants=(start, solution, replace(wrong, fails=fails)))
