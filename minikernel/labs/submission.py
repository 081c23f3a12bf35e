"""What a student handed in: the lab's files out of a folder, and what is wrong with them, in words to act on.

Nothing outside the folder is read: no symbolic link is followed, and what is no regular file is not opened.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from minikernel.errors import Location, SourceError, near_names
from minikernel.labs.lab import Lab

README = "README.md"
MAX_FILE_BYTES = 1 << 20
MAX_LISTED = 50
MAX_DEPTH = 8
MAX_ENTRIES = 2000

_BOMS = ((b"\xff\xfe", "UTF-16"), (b"\xfe\xff", "UTF-16"))
UNREADABLE = "\ufffd"
_UTF8_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True)
class Submission:
    """`files`: path -> text in UTF-8 with plain line ends; problems and ignored as in a LabReport."""

    files: dict[str, bytes]
    problems: tuple[str, ...]
    ignored: tuple[str, ...]


def read_submission(lab: Lab, folder: Path) -> Submission:
    """The lab's files in `folder`, each at its path or, where that is missing, by its bare name beside the README."""
    listing = list(_entries(folder))
    names = {shown(name): name for name in listing}
    files: dict[str, bytes] = {}
    problems: list[str] = []
    used: set[str] = {README}
    wanted = (*lab.files, *lab.answers)
    if not any(name.rsplit("/", 1)[-1] != README for name in names) and not folder.is_file():
        return Submission({}, (_empty_folder(folder, wanted),), ())
    for path in wanted:
        flat = path.rsplit("/", 1)[-1]
        place = path if _exists(folder, path) else flat
        if not _exists(folder, place) or (place != path and place in wanted):
            problems.append(f"{path}: missing: the folder has no such file{near_names(path, names)}")
            continue
        used.add(place)
        try:
            files[path] = _read(folder, place, path)
        except SourceError as error:
            problems.append(str(error))
    ignored = [name for name in names if name not in used]
    return Submission(files, tuple(problems), _shortened(ignored))


def shown(name: str) -> str:
    """A file name as text that can be printed: what is no UTF-8 or no visible character is escaped."""
    text = os.fsencode(name).decode("utf-8", "backslashreplace")
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def _empty_folder(folder: Path, wanted: tuple[str, ...]) -> str:
    if not folder.is_dir():
        return f"{folder.name}: no such folder"
    what = "has nothing but its README" if (folder / README).exists() else "is empty"
    return f"the folder {what}; expected: {', '.join(wanted)}"


def _shortened(names: list[str]) -> tuple[str, ...]:
    if len(names) <= MAX_LISTED:
        return tuple(names)
    return (*names[:MAX_LISTED], f"... and {len(names) - MAX_LISTED} more")


def _entries(folder: Path, below: str = "", depth: int = 0) -> Iterator[str]:
    """Names of the files below a folder, sorted; a hidden folder, a link and a deep one are an entry by themselves."""
    try:
        with os.scandir(folder) as found:
            entries = sorted(found, key=lambda entry: entry.name)
    except OSError:
        return
    for entry in entries[:MAX_ENTRIES]:
        name = f"{below}{entry.name}"
        if entry.is_dir(follow_symlinks=False):
            if entry.name.startswith((".", "__pycache__")) or depth >= MAX_DEPTH:
                yield name + "/"
            else:
                yield from _entries(Path(entry.path), name + "/", depth + 1)
        else:
            yield name


def _exists(folder: Path, path: str) -> bool:
    return os.path.lexists(folder / path)


def _read(folder: Path, place: str, path: str) -> bytes:
    """Raises SourceError, at line and column where there is one."""
    data = _text_bytes(_raw_bytes(folder, place, path), path)
    return data.replace(b"\r\n", b"\n")


def _raw_bytes(folder: Path, place: str, path: str) -> bytes:
    at = folder
    for part in place.split("/"):
        at = at / part
        if at.is_symlink():
            raise SourceError("a symbolic link; hand in the file itself", Location(path, 1))
    try:
        mode = at.stat().st_mode
        if stat.S_ISDIR(mode):
            raise SourceError("a folder of that name; expected a file", Location(path, 1))
        if not stat.S_ISREG(mode):
            raise SourceError("no regular file", Location(path, 1))
        size = at.stat().st_size
        if size > MAX_FILE_BYTES:
            most = f"{MAX_FILE_BYTES >> 20} MiB"
            raise SourceError(f"the file has {size:,} bytes; expected at most {most}", Location(path, 1))
        with at.open("rb") as file:
            data = file.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise SourceError(f"cannot read the file: {error.strerror}", Location(path, 1)) from None
    if not data.strip():
        raise SourceError("the file is empty", Location(path, 1))
    return data


def _text_bytes(data: bytes, path: str) -> bytes:
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            raise SourceError(f"the file is {encoding} text; save it as UTF-8", Location(path, 1))
    data = data.removeprefix(_UTF8_BOM)
    nul = data.find(b"\0")
    if nul >= 0:
        raise _at_byte(data, nul, path, "a NUL byte: the file is binary; expected the text of a source")
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        what = f"the byte {data[error.start]:#04x} is no UTF-8; save the file as UTF-8"
        raise _at_byte(data, error.start, path, what) from None
    return data


def _at_byte(data: bytes, offset: int, path: str, message: str) -> SourceError:
    """Points at the byte; the line is shown with a mark for it, unless the line is no text at all."""
    start = data.rfind(b"\n", 0, offset) + 1
    end = data.find(b"\n", offset) % (len(data) + 1)
    before = data[start:offset].decode("utf-8", "replace")
    after = data[offset:end].decode("utf-8", "replace")
    text = "".join(c if c.isprintable() or c == "\t" else UNREADABLE for c in before + after)[:160]
    is_text = text.count(UNREADABLE) <= len(text) // 8 + 1
    location = Location(path, data.count(b"\n", 0, offset) + 1, len(before) + 1)
    return SourceError(message, location, text if is_text else "")
