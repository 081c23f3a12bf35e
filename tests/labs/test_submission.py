"""What students hand in: taken as it is, or refused with words they can act on."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from labs.lamp import files_of, lamp_lab, write

from minikernel.labs.grading import grade_folder
from minikernel.labs.submission import MAX_FILE_BYTES, Submission, read_submission

LAMP = "drivers/lamp.s"


def handed_in(folder: Path, data: bytes | None = None) -> Submission:
    """A solution in which the lamp's source has these bytes; None: it is missing."""
    files = files_of("solution")
    if data is None:
        del files[LAMP]
    else:
        files[LAMP] = data
    return read_submission(lamp_lab(), write(folder, files))


def test_a_whole_folder_is_taken_and_the_rest_named(tmp_path: Path) -> None:
    write(tmp_path, {"README.md": b"x", "notes.txt": b"x", "drivers/gic.s": b"x", ".git/config": b"x"})
    submission = handed_in(tmp_path, b"@ mine\n")
    assert (submission.files[LAMP], submission.problems) == (b"@ mine\n", ())
    assert submission.ignored == (".git/", "drivers/gic.s", "notes.txt")


def test_a_file_beside_the_readme_is_the_lab_s_own(tmp_path: Path) -> None:
    files = {Path(name).name: data for name, data in files_of("solution").items()}
    assert read_submission(lamp_lab(), write(tmp_path, files)).problems == ()


def test_cr_lf_and_a_byte_order_mark_do_no_harm(tmp_path: Path) -> None:
    assert handed_in(tmp_path, b"\xef\xbb\xbf@ one\r\n@ two\r\n").files[LAMP] == b"@ one\n@ two\n"


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (None, "drivers/lamp.s: missing: the folder has no such file"),
        (b"", "drivers/lamp.s:1:1: error: the file is empty"),
        (b" \n\n", "drivers/lamp.s:1:1: error: the file is empty"),
        (b"@ a\n@ b\0c\n", "drivers/lamp.s:2:4: error: a NUL byte: the file is binary"),
        (b"@ a\n@ \xc3\xa4 \xe4\n", "drivers/lamp.s:2:5: error: the byte 0xe4 is no UTF-8"),
        ("@ a\n".encode("utf-16"), "drivers/lamp.s:1:1: error: the file is UTF-16 text; save it as UTF-8"),
        (b"@" * (MAX_FILE_BYTES + 1), "error: the file has 1,048,577 bytes; expected at most 1 MiB"),
    ],
)
def test_bad_bytes_are_pointed_at(tmp_path: Path, data: bytes | None, message: str) -> None:
    [problem] = handed_in(tmp_path, data).problems
    assert message in problem


def test_a_line_that_is_no_text_is_not_shown(tmp_path: Path) -> None:
    [problem] = handed_in(tmp_path, bytes(range(1, 9)) * 20 + b"\0\n").problems
    assert problem.splitlines() == [
        "drivers/lamp.s:1:161: error: a NUL byte: the file is binary; expected the text of a source"
    ]


def test_the_caret_stands_below_the_byte(tmp_path: Path) -> None:
    [problem] = handed_in(tmp_path, b"@ \xc3\xa4 \xe4x\n").problems
    _, text, caret = problem.splitlines()
    assert text[caret.index("^")] == "\N{REPLACEMENT CHARACTER}"


def test_a_folder_in_place_of_a_file(tmp_path: Path) -> None:
    handed_in(tmp_path, None)
    (tmp_path / LAMP).mkdir(parents=True)
    [problem] = read_submission(lamp_lab(), tmp_path).problems
    assert "a folder of that name; expected a file" in problem


@pytest.mark.parametrize("link", [LAMP, "drivers"])
def test_no_symbolic_link_is_followed(tmp_path: Path, link: str) -> None:
    secret = write(tmp_path / "elsewhere", {"lamp.s": b"secret\n"})
    folder = tmp_path / "mine"
    submission = handed_in(folder, None)
    (folder / "drivers").mkdir(exist_ok=True)
    if link == "drivers":
        (folder / "drivers").rmdir()
        (folder / "drivers").symlink_to(secret)
    else:
        (folder / LAMP).symlink_to(secret / "lamp.s")
    submission = read_submission(lamp_lab(), folder)
    assert LAMP not in submission.files
    assert "a symbolic link; hand in the file itself" in submission.problems[0]


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    handed_in(tmp_path, None)
    (tmp_path / "drivers").mkdir(exist_ok=True)
    os.mkfifo(tmp_path / LAMP)
    assert "no regular file" in read_submission(lamp_lab(), tmp_path).problems[0]


def test_an_empty_folder_and_none_at_all(tmp_path: Path) -> None:
    [problem] = read_submission(lamp_lab(), tmp_path).problems
    assert problem.startswith("the folder is empty; expected: drivers/lamp.s")
    (tmp_path / "README.md").write_text("what to do")
    [problem] = read_submission(lamp_lab(), tmp_path).problems
    assert problem.startswith("the folder has nothing but its README; expected: drivers/lamp.s")
    [problem] = read_submission(lamp_lab(), tmp_path / "nowhere").problems
    assert problem == "nowhere: no such folder"


def test_names_that_are_no_text_are_escaped(tmp_path: Path) -> None:
    submission = handed_in(write(tmp_path, {"a b\x1b[31m.s": b"x", "\udcff.s": b"x", "ä.s": b"x"}), b"@\n")
    assert submission.ignored == ("a b\\x1b[31m.s", "ä.s", "\\xff.s")


def test_the_report_of_what_cannot_be_read_has_no_points(tmp_path: Path) -> None:
    report = grade_folder(lamp_lab(), tmp_path, "Zoë")
    assert (report.submission, report.score, report.max_score) == ("Zoë", 0, 6)
    assert report.problems


def test_what_a_terminal_would_obey_is_made_visible(tmp_path: Path) -> None:
    folder = write(tmp_path, {**files_of("solution"), LAMP: b"        moov \x1b[31mr0\n"})
    [problem] = grade_folder(lamp_lab(), folder, "x").problems
    assert "drivers/lamp.s:1:9: error: " in problem
    assert "\x1b" not in problem
    assert "\\x1b[31m" in problem
