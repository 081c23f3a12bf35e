"""The files of a submission, in a folder or in a zip, behind one small interface that no submission can abuse.

No link is followed, nothing but a regular file is opened, no file is read beyond its bound or unpacked to disk.
"""

from __future__ import annotations

import io
import os
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Protocol

from minikernel.labs.grader.bounds import MAX_COUNTED, MAX_DEPTH, MAX_FILE_BYTES, MAX_ZIP_BYTES
from minikernel.labs.grader.safe_names import printable
from minikernel.labs.grader.submissions import Submission, kind_of

#: What zipfile raises for damaged bytes (RuntimeError: a password; ValueError: an offset before the beginning).
_BAD_ZIP = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    NotImplementedError,
    EOFError,
    OSError,
    OverflowError,
    RuntimeError,
    ValueError,
)


class Unusable(Exception):
    """Something of a submission cannot be taken; str() is what its student reads."""


class Absent(Exception):
    """There is no such file."""


@dataclass(frozen=True)
class Entry:
    """A name in one folder of a submission."""

    name: str
    is_folder: bool


class Tree(Protocol):
    """Reads a submission; paths are POSIX, relative, without `..`."""

    def entries(self, folder: str) -> Iterator[Entry]:
        """What lies in that folder ("" is the top), in any order, at most MAX_COUNTED."""
        ...

    def read(self, path: str) -> bytes:
        """The file's bytes. Raises Absent or Unusable."""
        ...


def open_tree(submission: Submission) -> Tree:
    """Raises Unusable when nothing in it can be read."""
    try:
        mode = submission.path.lstat().st_mode
        if stat.S_ISDIR(mode):
            os.scandir(submission.path).close()
            return FolderTree(submission.path)
        if not stat.S_ISREG(mode) or not submission.is_zip:
            raise Unusable(f"the submission is {kind_of(mode)}: hand in a folder or a .zip file")
        return ZipTree(submission.path)
    except OSError as error:
        raise Unusable(f"the submission cannot be read: {error.strerror}") from None


class FolderTree:
    """A folder as it lies on disk."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def entries(self, folder: str) -> Iterator[Entry]:
        """A folder that cannot be listed has no entries."""
        try:
            with os.scandir(self._folder / folder) as found:
                for entry, _ in zip(found, range(MAX_COUNTED), strict=False):
                    yield Entry(entry.name, entry.is_dir(follow_symlinks=False))
        except OSError:
            return

    def read(self, path: str) -> bytes:
        """Looks at every step of the path before it is taken."""
        try:
            self._check_steps(path)
            return self._read_file(path)
        except FileNotFoundError:
            raise Absent(path) from None
        except OSError as error:
            raise Unusable(f"{path}: cannot be read ({error.strerror}); give it the permissions of a file") from None

    def _check_steps(self, path: str) -> None:
        for parent in reversed(PurePosixPath(path).parents[:-1]):
            mode = (self._folder / parent).lstat().st_mode
            if not stat.S_ISDIR(mode):
                raise Unusable(f"{parent}: is {kind_of(mode)}, not a folder; hand in the folder itself")

    def _read_file(self, path: str) -> bytes:
        status = (self._folder / path).lstat()
        if not stat.S_ISREG(status.st_mode):
            raise Unusable(f"{path}: is {kind_of(status.st_mode)}, not a file; hand in the file itself")
        if status.st_size > MAX_FILE_BYTES:
            raise _too_long(path, status.st_size)
        flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
        with os.fdopen(os.open(self._folder / path, flags), "rb") as file:
            return file.read(MAX_FILE_BYTES)


class ZipTree:
    """A zip, read in memory. Entries with names that lead out of it are left alone, and named."""

    def __init__(self, path: Path) -> None:
        size = path.stat().st_size
        if size > MAX_ZIP_BYTES:
            raise Unusable(f"the zip has {size:,} bytes, more than {MAX_ZIP_BYTES:,}: zip only the lab's own folder")
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(path.read_bytes()))
        except _BAD_ZIP as error:
            raise Unusable(f"the submission is no zip that can be read ({error}): zip the lab's folder again") from None
        self._files: dict[str, zipfile.ZipInfo] = {}
        self._folders: dict[str, dict[str, bool]] = {"": {}}
        for info in self._zip.infolist()[:MAX_COUNTED]:
            self._add(info)

    def _add(self, info: zipfile.ZipInfo) -> None:
        parts = info.filename.replace("\\", "/").split("/")
        if info.filename.startswith(("/", "\\")) or ".." in parts or ":" in parts[0]:
            self._folders[""][f"{info.filename} (leads out of the zip)"] = False
            return
        steps = [part for part in parts if part not in ("", ".")]
        if len(steps) > MAX_DEPTH:
            self._folders[""][steps[0]] = True
            return
        names = steps if info.is_dir() else steps[:-1]
        where = ""
        for step in names:
            self._folders[where][step] = True
            where = f"{where}/{step}" if where else step
            self._folders.setdefault(where, {})
        if steps and not info.is_dir():
            self._folders[where].setdefault(steps[-1], False)
            self._files["/".join(steps)] = info

    def entries(self, folder: str) -> Iterator[Entry]:
        """From the zip's directory."""
        for name, is_folder in self._folders.get(folder, {}).items():
            yield Entry(name, is_folder)

    def read(self, path: str) -> bytes:
        """Unpacks no more than MAX_FILE_BYTES, whatever the zip's directory promises."""
        info = self._files.get(path)
        if info is None:
            raise Absent(path)
        unix_mode = info.external_attr >> 16
        if stat.S_IFMT(unix_mode) not in (0, stat.S_IFREG):
            raise Unusable(f"{path}: is {kind_of(unix_mode)} in the zip, not a file; zip the file itself")
        if info.flag_bits & 0x1:
            raise Unusable(f"{path}: is encrypted; make the zip without a password")
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise Unusable(f"{path}: is compressed by method {info.compress_type}; zip with the ordinary one (deflate)")
        return self._unpack(path, info)

    def _unpack(self, path: str, info: zipfile.ZipInfo) -> bytes:
        if info.file_size > MAX_FILE_BYTES:
            raise _too_long(path, info.file_size)
        try:
            with self._zip.open(info) as file:
                return file.read(MAX_FILE_BYTES)
        except _BAD_ZIP as error:
            raise Unusable(f"{path}: is damaged in the zip ({error}); zip the folder again") from None


def _too_long(path: str, size: int) -> Unusable:
    return Unusable(f"{path}: has {size:,} bytes; a source of a lab has at most {MAX_FILE_BYTES:,}")


def shown(path: str, is_folder: bool) -> str:
    """A path for the list of what was ignored."""
    return printable(path) + ("/" if is_folder else "")
