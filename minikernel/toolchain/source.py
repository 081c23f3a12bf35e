"""Source texts: where they may come from, and lines without comments.

The law of this page: text reaches the assembler only through a SourceTree, and a SourceTree opens nothing outside its
root: no absolute path, no `..`, no symbolic link that leads out. There is no `.incbin`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path, PurePosixPath, PureWindowsPath

from minikernel.errors import Location, SourceError, near_names
from minikernel.toolchain.lexer import Problem
from minikernel.values import dataclass

MAX_SOURCE_BYTES = 8 << 20
"""Largest source file read. The largest generated one, the initramfs, is well below."""


@dataclass(frozen=True)
class SourceFile:
    """A text and the name that messages call it by. `path` is None for a text that never was a file."""

    name: str
    text: str
    path: Path | None = None


def read_source(path: Path, name: str) -> SourceFile:
    """Reads a UTF-8 source file. Raises SourceError where it is unreadable, too large or no text."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_SOURCE_BYTES + 1)
    except OSError as error:
        raise SourceError(f"cannot read the file: {error.strerror}", Location(name, 1)) from None
    return source_of(data, name, path)


def source_of(data: bytes, name: str, path: Path | None = None) -> SourceFile:
    """The source that a file's bytes are. Raises SourceError where they are too many or no UTF-8 text."""
    if len(data) > MAX_SOURCE_BYTES:
        raise SourceError(f"the file is larger than {MAX_SOURCE_BYTES >> 20} MiB", Location(name, 1))
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise SourceError("the file is not UTF-8 text", Location(name, line)) from None
    return SourceFile(name, text, path)


class SourceTree:
    """The directory that a run may read, and the directories in it that `.include` searches, in order.

    A file that was included once is not read again: one tree serves all units of a build, the next build has its own.
    """

    def __init__(self, root: Path, include_dirs: Sequence[Path] = ()) -> None:
        self.root = root.resolve()
        self.include_dirs = tuple(include_dirs)
        self._found: dict[str, SourceFile] = {}

    def shown_name(self, path: Path) -> str:
        """The path below the root, with slashes, as messages show it."""
        resolved = path.resolve()
        if resolved.is_relative_to(self.root):
            return resolved.relative_to(self.root).as_posix()
        return path.as_posix()

    def include(self, name: str) -> SourceFile:
        """The file that `.include "name"` means. Raises Problem (caller knows the place) or SourceError."""
        found = self._found.get(name)
        if found is None:
            found = self._found[name] = self._find(name)
        return found

    def _find(self, name: str) -> SourceFile:
        _check_relative(name)
        for directory in self.include_dirs:
            path = directory / name
            if path.is_file():
                resolved = path.resolve()
                if not resolved.is_relative_to(self.root):
                    raise Problem(f"`{name}` leads out of the source tree (a symbolic link)")
                return read_source(resolved, self.shown_name(resolved))
        searched = (
            ", ".join(self.shown_name(directory) for directory in self.include_dirs) or "no directory is searched"
        )
        raise Problem(f"no file `{name}` to include; searched: {searched}{near_names(name, self._candidates())}")

    def _candidates(self) -> list[str]:
        return [path.name for directory in self.include_dirs if directory.is_dir() for path in directory.glob("*.inc")]


def _check_relative(name: str) -> None:
    if not name or "\0" in name:
        raise Problem("the name of the file to include is empty or has a NUL")
    if PurePosixPath(name).is_absolute() or PureWindowsPath(name).drive or name.startswith("\\"):
        raise Problem(f"`{name}` is an absolute path; .include reads only inside the source tree")
    if ".." in PurePosixPath(name).parts or ".." in PureWindowsPath(name).parts:
        raise Problem(f"`{name}` leads out of its directory with `..`; .include reads only inside the source tree")


# --- comments ---------------------------------------------------------------------------------------------------------

# Strings and character constants are stepped over; `\@` in a macro body is its counter, not a comment.
_QUOTED = r"""("(?:[^"\\\n]|\\.)*(?:"|$)|'(?:\\.|[^\\\n])'?|\\@)"""
_QUOTING = re.compile(r"""["'\\]""")
_LINE_COMMENT = re.compile(_QUOTED + r"|@.*|//.*")
_ANY_COMMENT = re.compile(_QUOTED + r"|@.*|//.*|/\*[\s\S]*?\*/|(/\*)", re.MULTILINE)
_NOT_NEWLINE = re.compile(r"[^\n]")


def strip_line(line: str) -> str:
    """The line without an `@` or `//` comment."""
    if "@" not in line and "//" not in line:
        return line
    if not _QUOTING.search(line):
        return line.partition("@")[0].partition("//")[0]
    return _LINE_COMMENT.sub(lambda match: match.group(1) or "", line)


def code_lines(source: SourceFile) -> list[str]:
    """The lines of a text without comments; columns stay where they were. Raises SourceError for an endless comment."""
    text = source.text
    if "/*" not in text:
        return [strip_line(line) if "@" in line or "//" in line else line for line in text.split("\n")]

    def blank(match: re.Match[str]) -> str:
        if match.group(1):
            return match.group(1)
        if match.group(2):
            line = text.count("\n", 0, match.start()) + 1
            column = match.start() - text.rfind("\n", 0, match.start())
            raise SourceError(
                "the comment is never closed; expected `*/`",
                Location(source.name, line, column),
                text.split("\n")[line - 1],
            )
        comment = match.group()
        rest = text[match.end() : text.find("\n", match.end()) % (len(text) + 1)]
        if "\n" in comment and comment.startswith("/*") and _LINE_COMMENT.sub("", rest).strip():
            line = text.count("\n", 0, match.end()) + 1
            column = match.end() - text.rfind("\n", 0, match.end())
            message = "expected the end of the line after a comment of several lines"
            raise SourceError(message, Location(source.name, line, column), text.split("\n")[line - 1])
        return _NOT_NEWLINE.sub(" ", comment) if comment.startswith("/*") else ""

    return _ANY_COMMENT.sub(blank, text).split("\n")
