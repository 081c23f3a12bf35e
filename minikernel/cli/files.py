"""Output files appear whole or not at all; `-` is standard output.

The text is written to a temporary file beside the target, which then takes the target's name in one step.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Mapping
from pathlib import Path

from minikernel.errors import MinikernelError, UsageError

STDOUT = "-"


class OutputError(MinikernelError):
    """A file the user named could not be read or written: which, and what the system said."""


def reason(error: OSError) -> str:
    """What the system said, without the number and the name."""
    return error.strerror or str(error)


def read_file(path: str, what: str) -> bytes:
    """The file's bytes; `-` reads standard input. Raises OutputError naming `what` it was for."""
    try:
        return sys.stdin.buffer.read() if path == STDOUT else Path(path).read_bytes()
    except OSError as error:
        raise OutputError(f"cannot read {what} {path}: {reason(error)}") from None


def write_file(path: str | os.PathLike[str], data: bytes) -> None:
    """Write the whole file under a temporary name, then rename it. An OutputError leaves the old one untouched."""
    if path == STDOUT:
        sys.stdout.flush()
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
        return
    target = Path(path)
    if target.exists() and not target.is_file():
        _write_special(target, data)
        return
    try:
        _write_and_rename(target, data)
    except OSError as error:
        raise OutputError(f"cannot write {path}: {reason(error)}") from None


def _write_special(target: Path, data: bytes) -> None:
    """A device or a pipe (/dev/null, /dev/fd/3) is written to, never replaced."""
    try:
        with target.open("wb") as stream:
            stream.write(data)
    except OSError as error:
        raise OutputError(f"cannot write {target}: {reason(error)}") from None


def _write_and_rename(named: Path, data: bytes) -> None:
    target = Path(os.path.realpath(named))  # a symbolic link stays one
    temporary = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
        if target.exists():
            temporary.chmod(target.stat().st_mode & 0o777)
        temporary.replace(target)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            temporary.unlink()
        raise


def check_outputs(outputs: Mapping[str, str | None]) -> None:
    """Refuse before the work what would be lost after it: option -> path. Raises UsageError or OutputError.

    Standard output takes one file; a file cannot take two; the folder must be there and be writable.
    """
    taken: dict[str, str] = {}
    for option, path in outputs.items():
        if path is None:
            continue
        key = path if path == STDOUT else os.path.realpath(path)
        if key in taken and key != os.path.realpath(os.devnull):
            place = "standard output" if path == STDOUT else path
            raise UsageError(f"{taken[key]} and {option} cannot both go to {place}")
        taken[key] = option
        if path != STDOUT:
            _check_target(Path(path), option)


def _check_target(target: Path, option: str) -> None:
    if target.is_dir():
        raise OutputError(f"{option}: {target} is a folder, expected a file name")
    if not target.parent.is_dir():
        raise OutputError(f"{option}: no folder {target.parent}")
    if not os.access(target if target.exists() and not target.is_file() else target.parent, os.W_OK):
        raise OutputError(f"{option}: cannot write in {target.parent}: Permission denied")
