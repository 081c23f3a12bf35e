"""What is taken from a submission, however hostile its folder or zip: the lab's files, and words for the student."""

from __future__ import annotations

import io
import os
import stat
import tracemalloc
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from minikernel.labs.grader.bounds import MAX_FILE_BYTES, MAX_ZIP_BYTES
from minikernel.labs.grader.hand_in import HandIn, Opened
from minikernel.labs.grader.submissions import Submission
from minikernel.labs.grader.trees import Unusable

WANTED = ("drivers/ticker.s", "answers.toml")
README = b"<!-- minikernel lab 03-use-after-init-free -->\n# Lab\n"
GOOD = {"README.md": README, "drivers/ticker.s": b"@ code\n"}
DEEP = "d" * 100
TAKEN = (("drivers/ticker.s", b"@ code\n"),)

posix_only = pytest.mark.skipif(os.name == "nt", reason="no such files there")


def folder_of(tmp_path: Path, files: Mapping[str, bytes]) -> Path:
    root = tmp_path / "student"
    for name, data in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    root.mkdir(exist_ok=True)
    return root


def zip_of(tmp_path: Path, files: Mapping[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> Path:
    path = tmp_path / "student.zip"
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


def opened(path: Path) -> Opened:
    return Opened(Submission("student", path))


def take(path: Path) -> HandIn:
    return opened(path).take(WANTED)


def problem(path: Path) -> str:
    hand_in = take(path)
    assert len(hand_in.problems) == 1, hand_in
    assert "drivers/ticker.s" not in dict(hand_in.files)
    return hand_in.problems[0]


@pytest.mark.parametrize("pack", [folder_of, zip_of])
@pytest.mark.parametrize("wrapper", ["", "lab/", "a/b/c/", "Lab 3 (copy)/ö/"])
def test_single_folders_around_the_lab_are_entered(tmp_path: Path, pack: object, wrapper: str) -> None:
    litter = {"__MACOSX/._x": b"", ".DS_Store": b""} if wrapper else {}
    path = pack(tmp_path, {**{wrapper + name: data for name, data in GOOD.items()}, **litter})  # type: ignore[operator]
    assert opened(path).lab_name() == "03-use-after-init-free"
    assert take(path).files == TAKEN


@pytest.mark.parametrize("pack", [folder_of, zip_of])
def test_folder_of_the_lab_is_no_wrapper(tmp_path: Path, pack: object) -> None:
    path = pack(tmp_path, {"drivers/ticker.s": b"@ code\n"})  # type: ignore[operator]
    assert take(path) == HandIn(TAKEN)


@pytest.mark.parametrize("pack", [folder_of, zip_of])
def test_what_nobody_asked_for_is_named(tmp_path: Path, pack: object) -> None:
    more = {"notes.txt": b"", "drivers/other.s": b"", "build/x/y/z.o": b"", ".git/HEAD": b"", "a\x1b[31m": b""}
    path = pack(tmp_path, {**GOOD, **more})  # type: ignore[operator]
    assert take(path) == HandIn(TAKEN, (), (".git/", "a\\x1b[31m", "build/", "drivers/other.s", "notes.txt"))


def test_file_by_its_bare_name_is_taken_for_the_lab_to_judge(tmp_path: Path) -> None:
    path = folder_of(tmp_path, {"README.md": README, "ticker.s": b"@ code\n"})
    assert take(path) == HandIn((("ticker.s", b"@ code\n"),))


@pytest.mark.parametrize("pack", [folder_of, zip_of])
def test_very_many_files_are_counted_not_listed(tmp_path: Path, pack: object) -> None:
    count = 30_000 if pack is zip_of else 3_000
    path = pack(tmp_path, {**GOOD, **{f"{number:06}.o": b"" for number in range(count)}})  # type: ignore[operator]
    hand_in = take(path)
    assert hand_in.files == TAKEN
    assert hand_in.ignored == (*(f"{number:06}.o" for number in range(20)), f"and {count - 20:,} more")


def test_deep_folders_are_not_entered(tmp_path: Path) -> None:
    path = folder_of(tmp_path, GOOD)
    here = os.open(path, os.O_RDONLY) if os.name != "nt" else -1
    for _ in range(300 if here >= 0 else 0):
        os.mkdir(DEEP, dir_fd=here)  # longer than any path can be
        inner = os.open(DEEP, os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = inner
    if here >= 0:
        os.close(here)
    assert take(path) == HandIn(TAKEN, (), (f"{DEEP}/",) if os.name != "nt" else ())


@posix_only
def test_pipe_in_place_of_a_file_is_not_opened(tmp_path: Path) -> None:
    path = folder_of(tmp_path, {"README.md": README, "drivers/x": b""})
    os.mkfifo(path / "drivers/ticker.s")
    assert problem(path) == "drivers/ticker.s: is a named pipe, not a file; hand in the file itself"


@posix_only
@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root makes devices")
def test_device_in_place_of_a_file_is_not_opened(tmp_path: Path) -> None:
    path = folder_of(tmp_path, {"README.md": README, "drivers/x": b""})
    try:
        os.mknod(path / "drivers/ticker.s", stat.S_IFCHR | 0o666, os.makedev(1, 5))  # /dev/zero
    except PermissionError:
        pytest.skip("not even root makes devices here")
    assert problem(path) == "drivers/ticker.s: is a device, not a file; hand in the file itself"


@posix_only
def test_link_is_not_followed(tmp_path: Path) -> None:
    path = folder_of(tmp_path, {"README.md": README, "drivers/x": b""})
    (path / "drivers/ticker.s").symlink_to("/etc/passwd")
    assert problem(path) == "drivers/ticker.s: is a symbolic link, not a file; hand in the file itself"


@posix_only
def test_link_on_the_way_is_not_followed(tmp_path: Path) -> None:
    elsewhere = folder_of(tmp_path / "other", GOOD)
    path = folder_of(tmp_path, {"README.md": README})
    (path / "drivers").symlink_to(elsewhere / "drivers")
    assert problem(path) == "drivers: is a symbolic link, not a folder; hand in the folder itself"


@posix_only
@pytest.mark.parametrize("name", ["student", "student.zip"])
def test_submission_that_is_a_link_is_not_followed(tmp_path: Path, name: str) -> None:
    (tmp_path / name).symlink_to(folder_of(tmp_path / "other", GOOD))
    with pytest.raises(Unusable, match=r"the submission is a symbolic link: hand in a folder or a \.zip file"):
        opened(tmp_path / name)


def test_folder_in_place_of_a_file(tmp_path: Path) -> None:
    path = folder_of(tmp_path, {"README.md": README, "drivers/ticker.s/x": b""})
    assert problem(path) == "drivers/ticker.s: is a folder, not a file; hand in the file itself"


def test_sparse_file_is_not_read(tmp_path: Path) -> None:
    path = folder_of(tmp_path, GOOD)
    with (path / "drivers/ticker.s").open("wb") as file:
        file.truncate(1 << 30)
    assert problem(path) == "drivers/ticker.s: has 1,073,741,824 bytes; a source of a lab has at most 1,000,000"


def test_10_mb_line_is_not_read(tmp_path: Path) -> None:
    path = folder_of(tmp_path, {**GOOD, "drivers/ticker.s": b"x" * 10_000_000})
    assert problem(path) == "drivers/ticker.s: has 10,000,000 bytes; a source of a lab has at most 1,000,000"


def test_unreadable_file_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = folder_of(tmp_path, GOOD)

    def refuse(*_: object) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", refuse)
    text = "drivers/ticker.s: cannot be read (Permission denied); give it the permissions of a file"
    assert problem(path) == text


@pytest.mark.parametrize(
    ("readme", "text"),
    [
        (b"# Lab 3\n", "README.md: its first line does not say what lab this is"),
        (b"\xff\xfe<\0!\0", "README.md: its first line does not say what lab this is"),
        (None, "no README.md, whose first line says what lab this is: hand in the whole folder"),
    ],
)
def test_submission_must_say_its_lab(tmp_path: Path, readme: bytes | None, text: str) -> None:
    files = {"drivers/ticker.s": b"", "x": b""} | ({} if readme is None else {"README.md": readme})
    with pytest.raises(Unusable, match=text):
        opened(folder_of(tmp_path, files)).lab_name()


@pytest.mark.parametrize("pack", [folder_of, zip_of])
def test_empty_submission_says_so(tmp_path: Path, pack: object) -> None:
    with pytest.raises(Unusable, match="the submission is empty: hand in the whole folder"):
        opened(pack(tmp_path, {})).lab_name()  # type: ignore[operator]


# --- zips -------------------------------------------------------------------------------------------------------------


def test_names_that_lead_out_of_the_zip_are_left_alone_and_named(tmp_path: Path) -> None:
    names = ["/etc/passwd", "../../evil.s", "drivers/../../x", "C:/windows/x", "..\\drivers\\ticker.s"]
    hand_in = take(zip_of(tmp_path, {**GOOD, **dict.fromkeys(names, b"evil")}))
    assert hand_in.files == TAKEN
    assert hand_in.ignored == tuple(sorted(f"{name} (leads out of the zip)" for name in names))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["student.zip"]


def test_zip_of_very_deep_names_costs_no_memory(tmp_path: Path) -> None:
    deep = {"a/" * 30_000 + str(number): b"" for number in range(20)}
    path = zip_of(tmp_path, {**GOOD, **deep})
    tracemalloc.start()
    hand_in = take(path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert hand_in == HandIn(TAKEN, (), ("a/",))
    assert peak < 50_000_000


def test_link_in_a_zip_is_not_followed(tmp_path: Path) -> None:
    path = tmp_path / "student.zip"
    link = zipfile.ZipInfo("drivers/ticker.s")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("README.md", README)
        archive.writestr(link, "/etc/passwd")
    assert problem(path) == "drivers/ticker.s: is a symbolic link in the zip, not a file; zip the file itself"


def test_bomb_is_not_unpacked(tmp_path: Path) -> None:
    path = zip_of(tmp_path, {"README.md": README, "drivers/ticker.s": bytes(200_000_000)})
    assert path.stat().st_size < 300_000
    assert problem(path) == "drivers/ticker.s: has 200,000,000 bytes; a source of a lab has at most 1,000,000"


def test_bomb_that_lies_about_its_size_is_cut_off(tmp_path: Path) -> None:
    path = zip_of(tmp_path, {"README.md": README, "drivers/ticker.s": bytes(50_000_000)})
    data = bytearray(path.read_bytes())
    for signature, offset in ((b"PK\1\2", 24), (b"PK\3\4", 22)):
        at = data.rfind(signature) + offset
        assert data[at : at + 4] == (50_000_000).to_bytes(4, "little")
        data[at : at + 4] = (1000).to_bytes(4, "little")
    path.write_bytes(bytes(data))
    assert problem(path).startswith("drivers/ticker.s: is damaged in the zip")


def test_zip_that_is_too_long_is_not_opened(tmp_path: Path) -> None:
    path = tmp_path / "student.zip"
    path.write_bytes(b"PK" + bytes(MAX_ZIP_BYTES))
    with pytest.raises(
        Unusable, match="the zip has 8,000,002 bytes, more than 8,000,000: zip only the lab's own folder"
    ):
        opened(path)


@pytest.mark.parametrize("data", [b"", b"Rar!\x1a\x07", b"PK\5\6", b"PK\3\4" + bytes(100)])
def test_file_that_is_no_zip_says_so(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "student.zip").write_bytes(data)
    with pytest.raises(Unusable, match=r"is no zip that can be read .*: zip the lab's folder again"):
        opened(tmp_path / "student.zip")


def test_encrypted_file_says_so(tmp_path: Path) -> None:
    path = zip_of(tmp_path, GOOD)
    data = bytearray(path.read_bytes())
    for at in (index + offset for sig, offset in ((b"PK\1\2", 8), (b"PK\3\4", 6)) for index in [data.rfind(sig)]):
        data[at] |= 1
    path.write_bytes(bytes(data))
    assert problem(path) == "drivers/ticker.s: is encrypted; make the zip without a password"


def test_unusual_compression_says_so(tmp_path: Path) -> None:
    path = zip_of(tmp_path, GOOD, zipfile.ZIP_LZMA)
    assert "is compressed by method 14; zip with the ordinary one (deflate)" in problem(path)


def test_every_damaged_zip_is_read_or_refused(tmp_path: Path) -> None:
    """Each byte changed in turn, and each end cut off: a hand-in or a message, nothing else."""
    whole = zip_of(tmp_path, GOOD).read_bytes()
    path = tmp_path / "student.zip"
    damaged = [whole[:at] + bytes([whole[at] ^ 0xFF]) + whole[at + 1 :] for at in range(len(whole))]
    for data in (*damaged, *(whole[:length] for length in range(len(whole)))):
        path.write_bytes(data)
        try:
            hand_in = take(path)
        except Unusable as unusable:
            assert str(unusable)
        else:
            assert all(len(content) <= MAX_FILE_BYTES for _, content in hand_in.files)


def test_nested_zip_is_a_file_like_any_other(tmp_path: Path) -> None:
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as archive:
        archive.writestr("README.md", README)
    assert take(zip_of(tmp_path, {**GOOD, "inner.zip": inner.getvalue()})) == HandIn(TAKEN, (), ("inner.zip",))
