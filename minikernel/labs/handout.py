"""What a student gets: a folder with the README and the files to edit, nothing else; and how a folder tells its lab."""

from __future__ import annotations

import re
from pathlib import Path

from minikernel.errors import UsageError
from minikernel.labs.lab import Lab, Variant, VariantKind
from minikernel.labs.submission import README
from minikernel.labs.trees import variant_files

FIRST_LINE = re.compile(r"\ufeff?\s*<!--\s*minikernel lab (\S+)\s*-->")
_FIRST_BYTES = 300

WHERE_TO_STAND = "change into the folder that `minikernel lab start` made, or use --lab N"


def hand_out(lab: Lab, folder: Path, is_forced: bool = False) -> tuple[str, ...]:
    """Writes the lab's folder; the names written. Raises UsageError where something is there already or cannot be made.

    is_forced: the lab's own files are written over what is there; anything else in the folder stays.
    """
    content = {README: lab.readme.encode(), **variant_files(lab, Variant(VariantKind.START, "start"))}
    try:
        if folder.exists() and not folder.is_dir():
            raise UsageError(f"{folder} is a file; name a folder for the lab")
        if folder.is_dir() and any(folder.iterdir()) and not is_forced:
            raise UsageError(f"{folder} is not empty: name another folder, or begin again in it with --force")
        for name, data in content.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
    except OSError as error:
        raise UsageError(f"cannot make {folder}: {error.strerror}") from None
    return tuple(content)


def lab_of(folder: Path) -> Lab:
    """The lab that a folder's README names in its first line. Raises UsageError, SourceError (a wrong lab.toml)."""
    if not folder.is_dir():
        raise UsageError(f"no folder {folder}; `minikernel lab start N` makes one")
    first = _first_bytes(folder)
    readme = folder.resolve() / README
    if first is None:
        raise UsageError(f"{readme.parent} has no {README} that says which lab it is: {WHERE_TO_STAND}")
    found = FIRST_LINE.match(first)
    if found is None:
        raise UsageError(f"{readme} does not say which lab it is in its first line: {WHERE_TO_STAND}")
    return Lab.named(found[1])


def is_of_a_lab(folder: Path) -> bool:
    """The folder's README names a lab: `lab start` has made it."""
    return FIRST_LINE.match(_first_bytes(folder) or "") is not None


def _first_bytes(folder: Path) -> str | None:
    """The README's beginning; None where none can be read."""
    try:
        with (folder / README).open("rb") as file:
            return file.read(_FIRST_BYTES).decode("utf-8", "replace")
    except OSError:
        return None
