"""Where lines of styled text go: a terminal (rich) or a pipe (plain). The only place that writes the story.

A line is spans of (text, style); style names are those of STYLES. A pipe gets the same characters without styles, so
rich is imported only when a terminal is there to show them.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple, Protocol, TextIO

if TYPE_CHECKING:
    from rich.console import Console

STYLES = {
    "": "",
    "title": "bold",
    "level": "bold cyan",
    "rule": "cyan",
    "deferred": "bold magenta",
    "time": "dim",
    "name": "",
    "ok": "green",
    "failed": "bold yellow",
    "bar": "blue",
    "slow": "magenta",
    "free": "bold green",
    "milestone": "bold yellow",
    "guest": "dim",
    "dim": "dim",
    "good": "bold green",
    "bad": "bold red",
}


class Span(NamedTuple):
    """A piece of a line and the name of its style."""

    text: str
    style: str = ""


Line = Sequence[Span]


def text_of(line: Line) -> str:
    """The characters of a line, without blanks at its end."""
    return "".join(span.text for span in line).rstrip()


class Screen(Protocol):
    """Takes lines; `width` is how many columns a line may fill. `is_window`: what is longer is hard to read."""

    width: int
    is_window: bool

    def line(self, line: Line) -> None:
        """Show one line."""
        ...

    def raw(self, text: str) -> None:
        """Show the guest's own characters as they are."""
        ...


class PlainScreen:
    """A pipe or a file, standard output when none is given: no escapes, 80 columns wide unless told otherwise."""

    is_window = False

    def __init__(self, stream: TextIO | None = None, width: int = 80) -> None:
        self.width = width
        self._stream = stream or sys.stdout

    def line(self, line: Line) -> None:
        """Write the line's characters."""
        self._stream.write(text_of(line) + "\n")

    def raw(self, text: str) -> None:
        """Write the characters and let them out at once."""
        self._stream.write(text)
        self._stream.flush()


class TerminalScreen:
    """A terminal, through rich (which knows NO_COLOR, TERM and the window's width)."""

    is_window = True

    def __init__(self, console: Console) -> None:
        from rich.style import Style

        self.width = max(console.width, 80)
        self._console = console
        self._styles = {name: Style.parse(style) for name, style in STYLES.items()}

    def line(self, line: Line) -> None:
        """Print the spans; what the window cannot hold is wrapped by the terminal, never lost."""
        from rich.text import Text

        text = Text(no_wrap=True, overflow="ignore", end="\n")
        for span in line:
            text.append(span.text, self._styles[span.style])
        text.rstrip()
        self._console.print(text, soft_wrap=True)

    def raw(self, text: str) -> None:
        """Write the characters and let them out at once."""
        self._console.file.write(text)
        self._console.file.flush()


class NoScreen:
    """-q: nothing is shown."""

    width = 80
    is_window = False

    def line(self, line: Line) -> None:
        """Show nothing."""

    def raw(self, text: str) -> None:
        """Show nothing."""


def open_screen(stream: TextIO | None = None) -> Screen:
    """The screen for a stream (standard output): rich where it is a terminal, plain text elsewhere."""
    out = stream or sys.stdout
    if not out.isatty() or os.environ.get("TERM") == "dumb":
        return PlainScreen(out, _plain_width())
    from rich.console import Console

    return TerminalScreen(Console(file=out, highlight=False, emoji=False, markup=False))


def _plain_width() -> int:
    """COLUMNS when it is set to something sensible, else 80."""
    columns = os.environ.get("COLUMNS", "")
    return min(max(int(columns), 80), 200) if columns.isdigit() else 80
