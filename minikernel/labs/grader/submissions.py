"""Which submissions a folder has: every folder and every zip in it. What else lies there is named, never taken."""

from __future__ import annotations

import os
import stat
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from minikernel.errors import UsageError
from minikernel.labs.grader.safe_names import printable


@dataclass(frozen=True)
class Submission:
    """One student's work: `name` as the grades show it, `path` the folder or the zip."""

    name: str
    path: Path

    @property
    def is_zip(self) -> bool:
        """It is to be unpacked."""
        return _is_zip_name(self.path.name)


@dataclass(frozen=True)
class Found:
    """What lies in a folder of submissions; `ignored` says of each other entry what it is."""

    submissions: tuple[Submission, ...]
    ignored: tuple[str, ...]


def find_submissions(folder: Path) -> Found:
    """The submissions in `folder`, by name. Raises UsageError when it cannot be read or has none."""
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        raise UsageError(f"cannot read the submissions in {folder}: {error.strerror}") from None
    taken = [entry.name for entry in entries if _is_submission(entry)]
    ignored = tuple(_why_ignored(entry) for entry in entries if not _is_submission(entry))
    if not taken:
        rest = f" (there are: {'; '.join(ignored[:5])})" if ignored else ""
        raise UsageError(f"no submissions in {folder}: expected folders or .zip files, one for each student{rest}")
    names = _names(taken)
    return Found(tuple(Submission(names[entry], _inside(folder / entry)) for entry in taken), ignored)


def _inside(path: Path) -> Path:
    """A zip that is all there is in a student's folder, as Moodle hands them out; else what was given."""
    if path.is_symlink() or not path.is_dir():
        return path
    try:
        with os.scandir(path) as found:
            entries = list(islice(found, 2))
    except OSError:
        return path
    is_lone_zip = len(entries) == 1 and entries[0].is_file(follow_symlinks=False) and _is_zip_name(entries[0].name)
    return path / entries[0].name if is_lone_zip else path


def one_submission(folder: Path) -> Found:
    """The folder or zip itself as the only submission. Raises UsageError when there is none."""
    if not folder.exists():
        raise UsageError(f"no such folder or zip: {folder}")
    return Found((Submission(printable(folder.resolve().name) or "submission", folder),), ())


def _names(entries: list[str]) -> dict[str, str]:
    """Entry -> what the submission is called: a zip loses its ending where that leaves no doubt."""
    stems = {entry: entry[:-4] if _is_zip_name(entry) else entry for entry in entries}
    count = Counter([*stems.values(), *(entry for entry in entries if stems[entry] != entry)])
    return _distinct({entry: stem if count[stem] == 1 else entry for entry, stem in stems.items()})


def _distinct(names: dict[str, str]) -> dict[str, str]:
    """The names as printable text; where two would read the same, the raw bytes follow."""
    shown = {entry: printable(name) for entry, name in names.items()}
    count = Counter(shown.values())
    return {
        entry: name if count[name] == 1 else f"{name} [{os.fsencode(entry).hex()}]" for entry, name in shown.items()
    }


def _is_submission(entry: os.DirEntry[str]) -> bool:
    """A folder or a zip. A link or a pipe that is called so is one as well: its report says what is wrong with it."""
    if entry.name.startswith(".") or entry.name == "__MACOSX":
        return False
    return entry.is_dir() or _is_zip_name(entry.name)


def _is_zip_name(name: str) -> bool:
    return name.lower().endswith(".zip")


def _why_ignored(entry: os.DirEntry[str]) -> str:
    name = printable(entry.name)
    if entry.name.startswith(".") or entry.name == "__MACOSX":
        return f"{name}: hidden"
    return f"{name}: {kind_of(entry.stat(follow_symlinks=False).st_mode)}, neither a folder nor a .zip"


_KINDS = {
    stat.S_IFREG: "a file",
    stat.S_IFDIR: "a folder",
    stat.S_IFLNK: "a symbolic link",
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


def kind_of(mode: int) -> str:
    """What an entry with this st_mode is, in words."""
    return _KINDS.get(stat.S_IFMT(mode), "something unknown")


def list_some(names: Iterable[str], total: int, most: int) -> tuple[str, ...]:
    """The first `most` names in order, and how many more there are."""
    shown = sorted(names)[:most]
    return (*shown, f"and {total - len(shown):,} more") if total > len(shown) else tuple(shown)
