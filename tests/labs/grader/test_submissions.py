"""Which entries of a folder are submissions, what they are called, and which files their grades go to."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minikernel.errors import UsageError
from minikernel.labs.grader.safe_names import file_names, printable
from minikernel.labs.grader.submissions import find_submissions, one_submission


def make_zip(path: Path) -> None:
    zipfile.ZipFile(path, "w").close()


def names(folder: Path) -> list[str]:
    return [submission.name for submission in find_submissions(folder).submissions]


def test_folders_and_zips_are_submissions_and_the_rest_is_named(tmp_path: Path) -> None:
    (tmp_path / "bob").mkdir()
    make_zip(tmp_path / "alice.zip")
    make_zip(tmp_path / "Carol.ZIP")
    (tmp_path / "dave.rar").write_bytes(b"x")
    (tmp_path / ".git").mkdir()
    (tmp_path / "__MACOSX").mkdir()
    found = find_submissions(tmp_path)
    assert [submission.name for submission in found.submissions] == ["Carol", "alice", "bob"]
    assert found.ignored == (
        ".git: hidden",
        "__MACOSX: hidden",
        "dave.rar: a file, neither a folder nor a .zip",
    )


def test_zip_keeps_its_ending_where_two_would_have_one_name(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    make_zip(tmp_path / "a.zip")
    make_zip(tmp_path / "a.zip.zip")
    make_zip(tmp_path / "b.zip")
    make_zip(tmp_path / "b.ZIP")
    assert names(tmp_path) == ["a", "a.zip", "a.zip.zip", "b.ZIP", "b.zip"]


@pytest.mark.parametrize("name", ["with blanks ", "Jörg Müller", "-rf", "照相机", "--help", "x" * 255])
def test_any_file_name_is_a_name(tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir()
    assert names(tmp_path) == [name]


@pytest.mark.skipif(os.name == "nt", reason="names are Unicode there")
def test_name_that_is_no_text_is_shown_with_escapes(tmp_path: Path) -> None:
    (tmp_path / os.fsdecode(b"bad\xff\x1b[31m")).mkdir()
    assert names(tmp_path) == ["bad\\udcff\\x1b[31m"]


@pytest.mark.skipif(os.name == "nt", reason="no such name there")
def test_two_names_that_would_read_the_same_are_told_apart(tmp_path: Path) -> None:
    (tmp_path / "a\tb").mkdir()
    (tmp_path / "a\\tb").mkdir()
    assert len(set(names(tmp_path))) == 2


def test_folder_without_submissions_is_an_error_that_says_what_is_there(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_bytes(b"")
    with pytest.raises(UsageError, match=r"no submissions in .*folders or \.zip files.*notes\.txt: a file"):
        find_submissions(tmp_path)


def test_missing_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot read the submissions"):
        find_submissions(tmp_path / "none")
    with pytest.raises(UsageError, match="no such folder or zip"):
        one_submission(tmp_path / "none")


def test_safe_names_stay_and_others_get_their_hash() -> None:
    assert file_names(["alice", "Bob", "a b", "bob"]) == {
        "alice": "alice",
        "Bob": "Bob-cd9fb1e1",
        "a b": "a_b-c8687a08",
        "bob": "bob-81b637d8",
    }


@given(st.lists(st.text(max_size=90), unique=True, max_size=20))
def test_no_two_submissions_share_a_file(given_names: list[str]) -> None:
    files = file_names(given_names)
    assert len({name.casefold() for name in files.values()}) == len(given_names)
    assert all(name.isascii() and name.isprintable() and not name.startswith((".", "-")) for name in files.values())
    assert not any("/" in name or "\\" in name or ":" in name for name in files.values())


@given(st.text())
def test_printable_names_are_printable(name: str) -> None:
    assert printable(name).isprintable()


def test_a_folder_with_nothing_but_a_zip_is_that_zip(tmp_path: Path) -> None:
    (tmp_path / "Ada Lovelace_17_assignsubmission_file").mkdir()
    make_zip(tmp_path / "Ada Lovelace_17_assignsubmission_file" / "50-lab.zip")
    (tmp_path / "bob").mkdir()
    make_zip(tmp_path / "bob" / "one.zip")
    make_zip(tmp_path / "bob" / "two.zip")
    ada, bob = find_submissions(tmp_path).submissions
    assert (ada.name, ada.is_zip) == ("Ada Lovelace_17_assignsubmission_file", True)
    assert (bob.name, bob.is_zip) == ("bob", False)
