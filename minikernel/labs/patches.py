"""Unified diffs, applied strictly: what a hunk expects stands in the file exactly, or the patch is wrong.

A hunk may have moved (the line numbers of its header are where the search begins), but every line of its context and
every line it removes must be there as written: there is no fuzz. Of several places the one nearest to the header's is
taken. Line ends are the file's: a patch with plain ends fits a file with CR LF, and what it adds gets CR LF there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import NoReturn

from minikernel.errors import Location, SourceError, near_names

NOWHERE = "/dev/null"
_HUNK = re.compile(r"@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@")
_NO_NEWLINE = "\\ No newline at end of file"


@dataclass(frozen=True)
class _Row:
    """One line of a hunk: `kind` is its first character, one of ` +-`; `ends` False: no newline behind it."""

    kind: str
    text: str
    number: int
    ends: bool = True


@dataclass(frozen=True)
class Hunk:
    """`start` is the line (from 1) at which the old text is expected, `number` the patch's line of its header."""

    start: int
    number: int
    rows: tuple[_Row, ...]

    @property
    def old(self) -> tuple[_Row, ...]:
        """What must stand in the file."""
        return tuple(row for row in self.rows if row.kind != "+")

    @property
    def new(self) -> tuple[_Row, ...]:
        """What stands there afterwards."""
        return tuple(row for row in self.rows if row.kind != "-")


@dataclass(frozen=True)
class FilePatch:
    """The hunks of one file; `old` None creates it, `new` None deletes it. `number` is the patch's line of its head."""

    old: str | None
    new: str | None
    number: int
    hunks: tuple[Hunk, ...]

    @property
    def path(self) -> str:
        """The file it is about."""
        return self.new or self.old or ""


@dataclass(frozen=True)
class Patch:
    """A whole patch file; `name` is what messages call it."""

    name: str
    files: tuple[FilePatch, ...]
    lines: tuple[str, ...] = field(repr=False)

    @classmethod
    def read(cls, text: str, name: str) -> Patch:
        """Raises SourceError at the line that is no unified diff."""
        return _Reader(text, name).read()

    def apply(self, tree: Mapping[str, bytes]) -> dict[str, bytes | None]:
        """The files that change, by path: the new bytes, None for a deleted one. `tree` has the files as they are.

        Raises SourceError at the line of the patch that does not fit, saying what stands there instead.
        """
        changed: dict[str, bytes | None] = {}
        for each in self.files:
            before = changed.get(each.path, tree.get(each.path))
            changed[each.path] = self._apply_file(each, before, tree)
        return changed

    def _apply_file(self, patch: FilePatch, before: bytes | None, tree: Mapping[str, bytes]) -> bytes | None:
        if patch.old is None:
            if before is not None:
                self._fail(patch.number, f"creates {patch.path}, which is there already")
            return "".join(row.text + "\n" * row.ends for hunk in patch.hunks for row in hunk.new).encode()
        if before is None:
            self._fail(patch.number, f"changes {patch.path}, which is not there{near_names(patch.path, tree)}")
        after = self._apply_hunks(patch, before)
        if patch.new is None:
            if after:
                self._fail(patch.number, f"deletes {patch.path}, but {after.count(10)} lines of it are left")
            return None
        return after

    def _apply_hunks(self, patch: FilePatch, before: bytes) -> bytes:
        text = before.decode("utf-8")
        end = "\r\n" if "\r\n" in text else "\n"
        has_last_end = text.endswith("\n")
        lines = text.removesuffix("\n").split("\n") if text else []
        shown = [line.removesuffix("\r") for line in lines]
        done, at, moved = [], 0, 0
        for hunk in patch.hunks:
            old = [row.text for row in hunk.old]
            expected = hunk.start + moved - (1 if old else 0)
            place = _nearest(shown, old, expected, at)
            if place is None:
                self._misfit(patch.path, hunk, shown, expected, at)
            self._check_last_line(patch.path, hunk, place + len(old) == len(lines), has_last_end)
            moved = place - (hunk.start - (1 if old else 0))
            done += [line + "\n" for line in lines[at:place]]
            done += [row.text + (end if row.ends else "") for row in hunk.new]
            at = place + len(old)
        rest = [line + "\n" for line in lines[at:]]
        if rest and not has_last_end:
            rest[-1] = rest[-1].removesuffix("\n")
        return "".join(done + rest).encode()

    def _check_last_line(self, path: str, hunk: Hunk, is_end: bool, has_last_end: bool) -> None:
        """Whether a newline ends the file's last line is part of what the hunk expects."""
        if hunk.old and is_end and hunk.old[-1].ends != has_last_end:
            what = "ends with a newline" if has_last_end else "has no newline at its end"
            self._fail(hunk.old[-1].number, f"expected the last line of {path} otherwise: the file {what}")
        for row in hunk.rows:
            if not row.ends and not is_end:
                self._fail(row.number, f"a line without newline is the last one, but {path} goes on")

    def _misfit(self, path: str, hunk: Hunk, lines: list[str], expected: int, first: int) -> NoReturn:
        """Names the first line that differs at the place where most of the hunk fits."""
        best = 0
        for start in sorted(range(first, len(lines)), key=lambda line: abs(line - expected)):
            fits = 0
            for old, there in zip(hunk.old, lines[start:], strict=False):
                if old.text != there:
                    break
                fits += 1
            if fits > best:
                best, expected = fits, start
        row = hunk.old[best]
        line = max(expected, 0) + best
        found = f"{path}:{line + 1} is {lines[line]!r}" if line < len(lines) else f"{path} ends at line {len(lines)}"
        self._fail(row.number, f"the hunk does not fit: {found}")

    def _fail(self, number: int, message: str) -> NoReturn:
        raise SourceError(message, Location(self.name, number), self.lines[number - 1])


def _nearest(lines: list[str], old: list[str], expected: int, first: int) -> int | None:
    """Where `old` stands in `lines` from index `first` on, nearest to `expected`."""
    places = [start for start in range(first, len(lines) - len(old) + 1) if lines[start : start + len(old)] == old]
    return min(places, key=lambda start: abs(start - expected), default=None)


class _Reader:
    """Reads one patch file; text before the first `---` is a comment."""

    def __init__(self, text: str, name: str) -> None:
        self.name = name
        self.lines = tuple(line.removesuffix("\r") for line in text.removesuffix("\n").split("\n"))
        self.at = 0

    def read(self) -> Patch:
        return Patch(self.name, tuple(self._files()), self.lines)

    def _files(self) -> Iterator[FilePatch]:
        while self.at < len(self.lines):
            if self.lines[self.at].startswith("@@"):
                self._fail(self.at, "a hunk before any `--- a/PATH` line")
            if not self.lines[self.at].startswith("--- "):
                self.at += 1
                continue
            yield self._file()

    def _file(self) -> FilePatch:
        number = self.at + 1
        old = self._path("--- ", "a/")
        new = self._path("+++ ", "b/")
        if old is None and new is None:
            self._fail(number - 1, "neither an old nor a new file")
        if old is not None and new is not None and old != new:
            self._fail(number, f"renames {old} to {new}; expected one file: delete one and create the other")
        hunks = []
        while self.at < len(self.lines) and self.lines[self.at].startswith("@@"):
            hunks.append(self._hunk())
        if not hunks:
            self._fail(min(self.at, len(self.lines) - 1), "expected a hunk: `@@ -LINE,COUNT +LINE,COUNT @@`")
        return FilePatch(old, new, number, tuple(hunks))

    def _path(self, start: str, prefix: str) -> str | None:
        line = self.lines[self.at] if self.at < len(self.lines) else ""
        if not line.startswith(start):
            self._fail(min(self.at, len(self.lines) - 1), f"expected a line `{start}{prefix}PATH`")
        name = line[len(start) :].split("\t")[0].rstrip()
        self.at += 1
        if name == NOWHERE:
            return None
        path = name.removeprefix(prefix)
        parts = PurePosixPath(path).parts
        if not name.startswith(prefix) or not parts or ".." in parts or PurePosixPath(path).is_absolute():
            self._fail(self.at - 1, f"expected `{start}{prefix}PATH` with a path below guest/, or {NOWHERE}")
        return path

    def _hunk(self) -> Hunk:
        number = self.at + 1
        found = _HUNK.match(self.lines[self.at])
        if found is None:
            self._fail(self.at, "expected a hunk: `@@ -LINE,COUNT +LINE,COUNT @@`")
        old, new = int(found[2] or 1), int(found[4] or 1)
        self.at += 1
        rows: list[_Row] = []
        while old > 0 or new > 0:
            if self.at >= len(self.lines):
                self._fail(number - 1, f"the patch ends inside this hunk: {old} old and {new} new lines are missing")
            line = self.lines[self.at] or " "  # an editor may have cut the blank of an empty line
            if line == _NO_NEWLINE and rows:
                rows[-1] = self._without_newline(rows[-1])
            elif line[0] in " +-":
                rows.append(_Row(line[0], line[1:], self.at + 1))
                old -= line[0] != "+"
                new -= line[0] != "-"
            else:
                self._fail(self.at, "expected a line of the hunk, beginning with a blank, `+` or `-`")
            self.at += 1
        if old or new:
            self._fail(number - 1, "the hunk's lines are not those that its header counts")
        if self.at < len(self.lines) and self.lines[self.at] == _NO_NEWLINE:
            rows[-1] = self._without_newline(rows[-1])
            self.at += 1
        return Hunk(int(found[1]), number, tuple(rows))

    @staticmethod
    def _without_newline(row: _Row) -> _Row:
        return _Row(row.kind, row.text, row.number, ends=False)

    def _fail(self, index: int, message: str) -> NoReturn:
        raise SourceError(message, Location(self.name, index + 1), self.lines[index])
