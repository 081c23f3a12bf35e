"""A build is kept by content: one file per key, the key a hash of every byte that could change the result.

Two kinds of entries: `builds/KEY` with the files of a build, `objects/KEY.o` with one assembled source. Each appears
whole (written aside, then renamed) or not at all. A cache that cannot be written is no error: the next build is slower.
"""

from __future__ import annotations

import hashlib
import mmap
import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from itertools import takewhile
from pathlib import Path
from typing import IO

_MAX_BUILDS = 32
_MAX_OBJECTS = 2000
#: Thirty times our largest.
_MAX_OBJECT_BYTES = 1_000_000


def default_cache_directory() -> Path:
    """The user's cache directory of this program; MINIKERNEL_CACHE names another place."""
    named = os.environ.get("MINIKERNEL_CACHE")
    if named:
        return Path(named)
    from platformdirs import user_cache_dir

    return Path(user_cache_dir("minikernel", appauthor=False))


def content_key(parts: Iterable[bytes]) -> str:
    """A hash over the parts, lengths included, so that moving bytes between parts changes it."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(len(part).to_bytes(8, "little"))
        digest.update(part)
    return digest.hexdigest()[:40]


def file_parts(paths: Iterable[Path], base: Path) -> Iterator[bytes]:
    """Name and bytes of each file below `base`, for content_key."""
    start = len(base.as_posix().rstrip("/")) + 1 if base.parts else 0  # the current folder has no name in its paths
    for path in paths:
        yield path.as_posix()[start:].encode()  # at every boot, of two hundred files: cheaper than relative_to()
        yield path.read_bytes()


class PackedFiles(Mapping[str, bytes]):
    """Files by name, in one file: a line `SIZE NAME` for each, an empty line, their bytes; read when asked for.

    The file is mapped: its bytes are there to the end, also when another process removes it meanwhile.
    """

    def __init__(self, file: IO[bytes]) -> None:
        """Of a file at its start, which is closed. Raises OSError."""
        self._places: dict[str, tuple[int, int]] = {}
        with file:
            rows = list(takewhile(lambda row: row != b"\n", file))
            self._content = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        at = sum(map(len, rows)) + 1
        for row in rows:
            size, name = row.decode().removesuffix("\n").split(" ", 1)
            self._places[name] = at, int(size)
            at += int(size)

    @staticmethod
    def pack(files: Mapping[str, bytes]) -> bytes:
        """The one file for several."""
        rows = [f"{len(data)} {name}\n" for name, data in files.items()]
        return b"".join(["".join(rows).encode(), b"\n", *files.values()])

    def __getitem__(self, name: str) -> bytes:
        at, size = self._places[name]
        return self._content[at : at + size]

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)


class BuildCache:
    """The entries below one directory."""

    def __init__(self, directory: Path) -> None:
        self._builds = directory / "builds"
        self._objects = directory / "objects"

    def load_build(self, key: str) -> Mapping[str, bytes] | None:
        """The files of that build, or None."""
        try:
            files = PackedFiles((self._builds / key).open("rb"))
            os.utime(self._builds / key)  # used now: others go first when room is made
        except OSError:
            return None
        return files

    def store_build(self, key: str, files: Mapping[str, bytes]) -> None:
        """Keeps the files; the oldest builds make room."""
        try:
            self._builds.mkdir(parents=True, exist_ok=True)
            _prune(self._builds, _MAX_BUILDS)
            write_file(self._builds / key, PackedFiles.pack(files))
        except OSError:
            return

    def has_object(self, key: str) -> bool:
        """True when load_object would give one."""
        return (self._objects / f"{key}.o").is_file()

    def load_object(self, key: str) -> bytes | None:
        """The bytes of that object file, or None."""
        try:
            return (self._objects / f"{key}.o").read_bytes()
        except OSError:
            return None

    def store_objects(self, objects: Mapping[str, bytes]) -> None:
        """Keeps object files by key, but none so large that it can only be there to fill the disk."""
        try:
            self._objects.mkdir(parents=True, exist_ok=True)
            _prune(self._objects, _MAX_OBJECTS)
            with tempfile.TemporaryDirectory(dir=self._objects.parent, prefix=".objects.") as aside:
                for key, data in objects.items():
                    if len(data) > _MAX_OBJECT_BYTES:
                        continue
                    new = Path(aside) / key
                    new.write_bytes(data)
                    new.replace(self._objects / f"{key}.o")
        except OSError:
            return


def write_file(path: Path, data: bytes) -> None:
    """The file appears whole under its name, or not at all. Raises OSError."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        temporary.chmod(0o644)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def write_directory(directory: Path, files: Mapping[str, bytes]) -> None:
    """All files at once when the directory is new; else each appears whole under its name. Raises OSError."""
    directory.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=directory.parent, prefix=f".{directory.name}.") as aside:
        new = Path(aside) / "new"
        for name, data in files.items():
            path = new / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        if not directory.exists():
            try:
                new.rename(directory)
                return
            except OSError:
                if not directory.exists():
                    raise
        for name in files:
            target = directory / name
            target.parent.mkdir(parents=True, exist_ok=True)
            (new / name).replace(target)


def _prune(directory: Path, most: int) -> None:
    """Removes the entries used longest ago when there are more than `most`."""
    entries = sorted(directory.iterdir(), key=lambda path: path.stat().st_mtime)
    if len(entries) <= most:
        return
    import shutil

    for entry in entries[: len(entries) - most]:
        if entry.is_dir():
            shutil.rmtree(entry, ignore_errors=True)
        else:
            entry.unlink(missing_ok=True)
