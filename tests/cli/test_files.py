"""Output files appear whole or not at all."""

from __future__ import annotations

import io
import os
import stat
from pathlib import Path

import pytest

from minikernel.cli.files import OutputError, check_outputs, read_file, write_file
from minikernel.errors import UsageError


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_file_is_written_whole_and_leaves_nothing_beside_it(tmp_path: Path) -> None:
    write_file(tmp_path / "a.json", b"{}\n")
    assert (tmp_path / "a.json").read_bytes() == b"{}\n"
    assert names(tmp_path) == ["a.json"]


def test_new_file_obeys_the_umask_and_an_old_one_keeps_its_mode(tmp_path: Path) -> None:
    old = os.umask(0o027)
    try:
        write_file(tmp_path / "new", b"x")
    finally:
        os.umask(old)
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o640
    (tmp_path / "new").chmod(0o600)
    write_file(tmp_path / "new", b"y")
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o600


def test_symbolic_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").write_bytes(b"old")
    (tmp_path / "link").symlink_to("real")
    write_file(tmp_path / "link", b"new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_bytes() == b"new"


def test_failed_write_leaves_the_old_file_and_no_temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a").write_bytes(b"old")

    def full(self: Path, target: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(OutputError, match=r"cannot write .*No space left on device"):
        write_file(tmp_path / "a", b"new")
    assert (tmp_path / "a").read_bytes() == b"old"
    assert names(tmp_path) == ["a"]


def test_device_is_written_to_and_not_replaced() -> None:
    write_file(os.devnull, b"gone")
    assert stat.S_ISCHR(Path(os.devnull).stat().st_mode)


def test_dash_is_standard_output(capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    write_file("-", b"\x00\xff")
    assert capsysbinary.readouterr().out == b"\x00\xff"


def test_missing_input_names_what_it_was_for(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"cannot read the scene .*nothing\.ppm: No such file or directory"):
        read_file(str(tmp_path / "nothing.ppm"), "the scene")


def test_dash_reads_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"snap\n")))
    assert read_file("-", "the rc script") == b"snap\n"


def test_two_outputs_cannot_share_a_place(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--json and --trace cannot both go to standard output"):
        check_outputs({"--json": "-", "--trace": "-"})
    with pytest.raises(UsageError, match="cannot both go to"):
        check_outputs({"--json": str(tmp_path / "a"), "--dmesg": str(tmp_path / "b" / ".." / "a")})
    check_outputs({"--json": os.devnull, "--trace": os.devnull, "--dmesg": None})


def test_impossible_place_is_refused_before_the_work(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="is a folder, expected a file name"):
        check_outputs({"--json": str(tmp_path)})
    with pytest.raises(OutputError, match="no folder"):
        check_outputs({"--json": str(tmp_path / "missing" / "a.json")})
