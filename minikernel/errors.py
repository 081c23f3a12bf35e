"""Floor 0. The errors a reader can act on.

Wrong input text or a wrong file is an exception of this page; guest misbehaviour is data (a StopReason);
a host bug is neither and is never caught.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Location:
    """A place in a source text: file name as the user knows it, line and column counted from 1."""

    file: str
    line: int
    column: int = 1

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


class MinikernelError(Exception):
    """Base of every error that is the input's fault. str() is the whole message for the reader."""


class SourceError(MinikernelError):
    """A text (assembly, linker script, config) is wrong at one place.

    str() is `file:line:col: error: message`, the line, and a caret under the column.
    `notes` are further lines, e.g. the chain of macro expansions or the other definition.
    """

    def __init__(self, message: str, location: Location, line_text: str = "", notes: Iterable[str] = ()) -> None:
        self.message = message
        self.location = location
        self.line_text = line_text
        self.notes = tuple(notes)
        super().__init__(str(self))

    def __str__(self) -> str:
        parts = [f"{self.location}: error: {self.message}"]
        if self.line_text:
            # Tabs before the caret stay tabs, so that the caret lands under the character in any viewer.
            blanks = "".join("\t" if c == "\t" else " " for c in self.line_text[: self.location.column - 1])
            parts += [f"    {self.line_text}", f"    {blanks}^"]
        parts += [f"    note: {note}" for note in self.notes]
        return "\n".join(parts)


class SourceErrors(MinikernelError):
    """Several SourceErrors of one run, in order."""

    def __init__(self, errors: Iterable[SourceError]) -> None:
        self.errors = tuple(errors)
        super().__init__("\n".join(str(error) for error in self.errors))


class ImageError(MinikernelError):
    """A binary file is wrong: which file, which field, which offset (bytes from the file's start)."""

    def __init__(self, message: str, file: str, field: str = "", offset: int | None = None) -> None:
        self.message, self.file, self.field, self.offset = message, file, field, offset
        where = file + (f": {field}" if field else "") + (f" at offset {offset:#x}" if offset is not None else "")
        super().__init__(f"{where}: {message}")


class LinkError(MinikernelError):
    """Objects do not fit together: undefined or duplicate symbols, relocation out of range, failed ASSERT."""


class UsageError(MinikernelError):
    """An option or argument is impossible (exit status 2)."""


def near_names(name: str, known: Iterable[str]) -> str:
    """`; did you mean 'x' or 'y'?` for the names closest to `name`, or an empty string."""
    from difflib import get_close_matches

    matches = get_close_matches(name, list(known), n=3)
    if not matches:
        return ""
    return "; did you mean " + " or ".join(repr(match) for match in matches) + "?"
