"""Entries appear whole or not at all, and a key knows where one input ends and the next begins."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minikernel.toolchain.build_cache import (
    BuildCache,
    PackedFiles,
    content_key,
    file_parts,
    write_directory,
    write_file,
)

FILES = {"vmlinux": b"image", "kernel/head.o": b"object"}


def test_a_stored_build_comes_back(tmp_path: Path) -> None:
    cache = BuildCache(tmp_path)
    assert cache.load_build("k") is None
    cache.store_build("k", FILES)
    found = cache.load_build("k")
    assert found is not None and dict(found) == FILES
    cache.store_build("k", FILES)
    assert [path.name for path in (tmp_path / "builds").iterdir()] == ["k"]


def test_a_stored_object_comes_back(tmp_path: Path) -> None:
    cache = BuildCache(tmp_path)
    cache.store_objects({"k": b"object"})
    assert cache.load_object("k") == b"object" and cache.load_object("other") is None


def test_an_object_that_would_fill_the_disk_is_not_kept(tmp_path: Path) -> None:
    cache = BuildCache(tmp_path)
    cache.store_objects({"large": bytes(1_000_001), "k": b"object"})
    assert cache.load_object("large") is None and cache.load_object("k") == b"object"


def test_a_cache_that_cannot_be_written_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    cache = BuildCache(tmp_path / "file")
    cache.store_build("k", FILES)
    cache.store_objects({"k": b""})
    assert cache.load_build("k") is None and cache.load_object("k") is None


def test_old_entries_make_room(tmp_path: Path) -> None:
    cache = BuildCache(tmp_path)
    for number in range(40):
        cache.store_build(f"{number:02}", {"vmlinux": b""})
    assert len(list((tmp_path / "builds").iterdir())) <= 33


def test_writing_into_an_existing_directory_replaces_files_and_keeps_others(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out/vmlinux").write_text("old")
    (tmp_path / "out/notes").write_text("mine")
    write_directory(tmp_path / "out", FILES)
    assert (tmp_path / "out/vmlinux").read_bytes() == b"image" and (tmp_path / "out/notes").read_text() == "mine"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out"]


def test_a_failed_write_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken/inside").write_text("")
    with pytest.raises(OSError):
        write_file(tmp_path / "taken", b"data")
    assert [path.name for path in tmp_path.iterdir()] == ["taken"]


@given(st.lists(st.binary(max_size=6), max_size=4), st.lists(st.binary(max_size=6), max_size=4))
def test_different_parts_have_different_keys(first: list[bytes], second: list[bytes]) -> None:
    assert (content_key(first) == content_key(second)) == (first == second)


@pytest.mark.parametrize("base", [".", "folder", "folder/", "{here}", "{here}/folder"])
def test_files_are_named_from_their_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, base: str) -> None:
    monkeypatch.chdir(tmp_path)
    folder = Path(base.format(here=tmp_path))
    (folder / "a").mkdir(parents=True)
    (folder / "a/b.s").write_bytes(b"bytes")
    paths = [path for path in folder.rglob("*") if path.is_file()]
    assert list(file_parts(paths, folder)) == [b"a/b.s", b"bytes"]


def test_packed_files_name_themselves_and_no_others(tmp_path: Path) -> None:
    files = {"sub/b c": b"2\n\n", "empty": b"", "a": b"1"}
    (tmp_path / "packed").write_bytes(PackedFiles.pack(files))
    packed = PackedFiles((tmp_path / "packed").open("rb"))
    assert dict(packed) == files and list(packed) == list(files) and len(packed) == 3
    for name in ("none", "sub", "sub/b"):
        with pytest.raises(KeyError):
            packed[name]
    (tmp_path / "packed").write_bytes(PackedFiles.pack({}))
    assert dict(PackedFiles((tmp_path / "packed").open("rb"))) == {}
