"""Where a statement stands: frames of files, expansions and repetitions, and errors that tell the way back.

An error in an expansion shows the line as it was expanded, at its place in the macro; the notes lead to the call.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from minikernel.errors import Location, SourceError
from minikernel.toolchain.statement import Item, Statement


class Frame:
    """Statements being executed: a file, one expansion of a macro, one round of a repetition."""

    __slots__ = ("caller", "conditional_depth", "depth", "file", "index", "items", "lines", "macro_use", "title")

    def __init__(
        self, items: list[Item], file: str, lines: list[str] | None, title: str, caller: Position | None, depth: int
    ) -> None:
        self.items = items
        self.index = 0
        self.file = file
        self.lines = lines
        """The file's lines as written; None in an expansion, whose lines exist only here."""
        self.title = title
        """What it is: "macro `FUNC`", "file"."""
        self.caller = caller
        self.depth = depth
        self.conditional_depth = 0
        self.macro_use = self._macro_use()
        """Inside a macro: file and line of the use that the author wrote, outside all macros. Else None."""

    def _macro_use(self) -> tuple[str, int] | None:
        caller = self.caller
        if caller is None or self.lines is not None:
            return None
        if caller.frame.macro_use is None and self.title.startswith("macro"):
            return caller.frame.file, caller.line
        return caller.frame.macro_use

    def written_at(self, line: int) -> tuple[str, int]:
        """File and line that a debugger shows for `line` of this frame."""
        return self.macro_use or (self.file, line)


class Position(NamedTuple):
    """A statement in its frame."""

    frame: Frame
    line: int
    statement: Statement

    def location(self, column: int | None = None) -> Location:
        """`column` counts from 0 in the statement's text; None: where the statement begins."""
        return Location(self.frame.file, self.line, (self.statement.column if column is None else column) + 1)

    def written_at(self) -> tuple[str, int]:
        """File and line that a debugger shows: outside all macros."""
        return self.frame.written_at(self.line)

    def error(self, message: str, column: int | None = None, notes: Sequence[str] = ()) -> SourceError:
        """A SourceError here, with the chain of expansions as notes."""
        lines = self.frame.lines
        line_text = self.statement.text if lines is None else lines[self.line - 1]
        return SourceError(message, self.location(column), line_text, [*notes, *self._chain()])

    def _chain(self) -> list[str]:
        notes = []
        frame = self.frame
        while frame.caller is not None:
            caller = frame.caller
            notes.append(f"in {frame.title}, from {caller.location()}: {caller.statement.text.strip()}")
            frame = caller.frame
        if len(notes) > 8:
            notes[4:-4] = [f"... {len(notes) - 8} more ..."]
        return notes
