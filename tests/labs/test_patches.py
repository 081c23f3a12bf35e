"""Unified diffs: what fits is applied exactly, what does not is refused at its line."""

from __future__ import annotations

import difflib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minikernel.errors import SourceError
from minikernel.labs.patches import Patch

OLD = "one\ntwo\nthree\nfour\nfive\nsix\nseven\neight\nnine\nten\n"


def diff(old: str, new: str, context: int = 3) -> str:
    """As `diff -u` writes it, the marks for a last line without newline included."""
    lines = difflib.unified_diff(old.splitlines(True), new.splitlines(True), "a/x.s", "b/x.s", n=context)
    return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)


def apply(patch: str, **files: str) -> dict[str, bytes | None]:
    tree = {name.replace("_", "."): text.encode() for name, text in files.items()}
    return Patch.read(patch, "x.patch").apply(tree)


def refused(patch: str, **files: str) -> str:
    with pytest.raises(SourceError) as caught:
        apply(patch, **files)
    return str(caught.value)


def test_several_hunks_of_one_file() -> None:
    new = OLD.replace("two\n", "2\n2b\n").replace("nine\n", "")
    assert apply(diff(OLD, new, 1), x_s=OLD) == {"x.s": new.encode()}


def test_a_hunk_is_found_where_its_lines_have_moved_to() -> None:
    new = OLD.replace("six", "6")
    moved = "zero\n" * 40
    assert apply(diff(OLD, new), x_s=moved + OLD) == {"x.s": (moved + new).encode()}


def test_of_several_places_the_nearest_is_taken() -> None:
    block = "a\nb\nc\n"
    old = block + "x\n" * 10 + block + "x\n" * 10 + block
    new = block + "x\n" * 10 + "a\nB\nc\n" + "x\n" * 10 + block
    assert apply(diff(old, new, 1), x_s=old) == {"x.s": new.encode()}


def test_creation_and_deletion() -> None:
    create = "--- /dev/null\n+++ b/new.s\n@@ -0,0 +1,2 @@\n+one\n+two\n"
    delete = "--- a/x.s\n+++ /dev/null\n@@ -1,2 +0,0 @@\n-one\n-two\n"
    assert apply(create) == {"new.s": b"one\ntwo\n"}
    assert apply(delete, x_s="one\ntwo\n") == {"x.s": None}
    assert "creates new.s, which is there already" in refused(create, new_s="other\n")
    assert "2 lines of it are left" in refused(delete, x_s="one\ntwo\nthree\nfour\n")


@pytest.mark.parametrize(
    ("old", "new"),
    [("a\nb", "a\nc"), ("a\nb\n", "a\nb"), ("a\nb", "a\nb\n"), ("a\nb", "z\na\nb"), ("a\nb\n", "a\nb\nc")],
)
def test_a_missing_last_newline_is_part_of_the_file(old: str, new: str) -> None:
    assert apply(diff(old, new), x_s=old) == {"x.s": new.encode()}


def test_the_last_newline_must_be_as_the_patch_has_it() -> None:
    assert "the file has no newline at its end" in refused(diff("a\nb\n", "a\nc\n"), x_s="a\nb")
    assert "the file ends with a newline" in refused(diff("a\nb", "a\nc"), x_s="a\nb\n")


def test_what_is_added_to_a_file_with_cr_lf_has_cr_lf() -> None:
    crlf = OLD.replace("\n", "\r\n")
    new = OLD.replace("six\n", "6\nsix and a half\n")
    assert apply(diff(OLD, new), x_s=crlf) == {"x.s": new.replace("\n", "\r\n").encode()}


def test_a_patch_with_cr_lf_is_read_like_any_other() -> None:
    new = OLD.replace("six", "6")
    assert apply(diff(OLD, new).replace("\n", "\r\n"), x_s=OLD) == {"x.s": new.encode()}


def test_context_that_differs_is_refused_with_what_is_there() -> None:
    message = refused(diff(OLD, OLD.replace("six", "6")), x_s=OLD.replace("five", "FIVE"))
    assert "x.patch:6:1: error: the hunk does not fit: x.s:5 is 'FIVE'" in message
    assert "     five" in message


def test_blanks_count() -> None:
    assert "does not fit" in refused(diff(OLD, OLD.replace("six", "6")), x_s=OLD.replace("five", "five "))


def test_a_second_hunk_is_not_looked_for_above_the_first() -> None:
    new = OLD.replace("two\n", "2\n").replace("nine\n", "9\n")
    swapped = "seven\neight\nnine\nten\n" + OLD.split("seven")[0]
    assert "does not fit" in refused(diff(OLD, new, 1), x_s=swapped)


@pytest.mark.parametrize(
    ("patch", "words"),
    [
        ("@@ -1 +1 @@\n-a\n+b\n", "before any `--- a/PATH` line"),
        ("--- a/x.s\n@@ -1 +1 @@\n", "expected a line `+++ b/PATH`"),
        ("--- a/x.s\n+++ b/y.s\n@@ -1 +1 @@\n-a\n+b\n", "renames x.s to y.s"),
        ("--- a/../x.s\n+++ b/../x.s\n@@ -1 +1 @@\n-a\n+b\n", "a path below guest/"),
        ("--- a//etc/x\n+++ b//etc/x\n@@ -1 +1 @@\n-a\n+b\n", "a path below guest/"),
        ("--- /dev/null\n+++ /dev/null\n", "neither an old nor a new file"),
        ("--- a/x.s\n+++ b/x.s\n", "expected a hunk"),
        ("--- a/x.s\n+++ b/x.s\n@@ one @@\n", "expected a hunk"),
        ("--- a/x.s\n+++ b/x.s\n@@ -1,2 +1,2 @@\n a\n-b\n", "the patch ends inside this hunk"),
        ("--- a/x.s\n+++ b/x.s\n@@ -1,2 +1 @@\n a\n*b\n", "beginning with a blank, `+` or `-`"),
        ("--- a/x.s\n+++ b/x.s\n@@ -1 +1,2 @@\n a\n-b\n+c\n", "not those that its header counts"),
    ],
)
def test_a_text_that_is_no_diff_is_refused_at_its_line(patch: str, words: str) -> None:
    message = refused(patch, x_s="a\nb\n")
    assert words in message
    assert message.startswith("x.patch:")


def test_a_file_that_is_not_there_is_named_with_its_neighbours() -> None:
    patch = diff("a\n", "b\n").replace("x.s", "tikcer.s")
    assert "changes tikcer.s, which is not there; did you mean 'ticker.s'?" in refused(patch, ticker_s="a\n")


def test_text_before_the_diff_is_a_comment_and_nothing_changes_nothing() -> None:
    assert apply("") == {}
    new = OLD.replace("six", "6")
    assert apply(f"Why: six is a number.\n\n{diff(OLD, new)}", x_s=OLD) == {"x.s": new.encode()}


LINES = st.lists(st.sampled_from(["a", "b", "", " c", "\td", "--- x", "+++ y", "@@ -1 +1 @@"]), max_size=14)


@given(LINES, LINES, st.booleans(), st.booleans(), st.integers(0, 3))
def test_what_diff_makes_is_what_apply_undoes(
    old: list[str], new: list[str], old_ends: bool, new_ends: bool, context: int
) -> None:
    before = "\n".join(old) + "\n" * (old_ends and bool(old))
    after = "\n".join(new) + "\n" * (new_ends and bool(new))
    if before and after and before != after:
        assert apply(diff(before, after, context), x_s=before) == {"x.s": after.encode()}
