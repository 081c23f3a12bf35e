"""A chapter's text taken apart: prose, and fenced blocks that are run, compared or kept.

    ```console      lines `$ command`, each with its output; a line `...` leaves output out
    ```python       run; all of a chapter share one namespace
    ```text         directly behind a python block: exactly what that one prints
    ```arm          first line `@ guest/kernel/init_mem.s: free_initmem`: the living source of that symbol
    ```toml         first line `# save as lab.toml`: the lines below it are saved under that name; any language can

Any other block is shown only. Comments of first lines may be @, #, // or /* */.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto
from pathlib import Path

from minikernel.errors import Location, SourceError, UsageError, near_names

README = "README.md"
FENCE = "```"

_FOLDER = re.compile(r"\d\d-[\w-]+")
_FIRST_LINE = re.compile(r"(?:@|#|//|/\*)\s*(?P<words>.*?)\s*(?:\*/)?\s*$")
_QUOTE = re.compile(r"guest/(?P<file>[\w./-]+): (?P<symbol>[\w.\[\]]+)$")
_SAVE = re.compile(r"save as (?P<file>[\w./-]+)$")


class PartKind(Enum):
    """What a part of a chapter is."""

    PROSE = auto()
    CONSOLE = auto()
    PYTHON = auto()
    OUTPUT = auto()  # of the python block before it
    QUOTE = auto()
    FILE = auto()
    SHOWN = auto()


@dataclass(frozen=True)
class Part:
    """Prose or a block. `lines` are those between the fences; `line` is the number of the first of them, from 1.

    `subject` is what a first line names: `kernel/main.s: start_kernel` below guest/, or the file to save as.
    """

    kind: PartKind
    lines: tuple[str, ...]
    line: int
    language: str = ""
    subject: str = ""

    @property
    def text(self) -> str:
        """The lines as one text."""
        return "".join(f"{line}\n" for line in self.lines)


@dataclass(frozen=True)
class Chapter:
    """`name` is the folder's, `01-first-boot`; of a page that is no chapter, the file's."""

    name: str
    path: Path
    parts: tuple[Part, ...]

    @property
    def number(self) -> str:
        """`01`."""
        return self.name[:2]

    @property
    def title(self) -> str:
        """The first heading, without its mark."""
        headings = (line for part in self.parts for line in part.lines if line.startswith("# "))
        return next(headings, self.name).removeprefix("# ")

    @property
    def folder(self) -> Path:
        """Where README.md, questions.py and steps.toml are."""
        return self.path.parent

    @property
    def blocks(self) -> tuple[Part, ...]:
        """All parts that are no prose."""
        return tuple(part for part in self.parts if part.kind is not PartKind.PROSE)


def chapters(tree: Path) -> tuple[Chapter, ...]:
    """Every chapter of a tutorials folder, in order. Raises SourceError."""
    return tuple(read_chapter(path) for path in _folders(tree))


def _folders(tree: Path) -> list[Path]:
    return sorted(p for p in tree.iterdir() if _FOLDER.fullmatch(p.name) and (p / README).is_file())


def find_chapter(tree: Path, name: str) -> Chapter:
    """By number (`1`, `01`) or folder. Raises UsageError naming near ones, SourceError."""
    folders = {path.name: path for path in _folders(tree)}
    wanted = f"{int(name):02}" if name.isascii() and name.isdigit() else name
    found = [path for known, path in folders.items() if wanted in (known, known[:2])]
    if not found:
        raise UsageError(f"no chapter {name!r}{near_names(name, folders)}; there are {', '.join(folders) or 'none'}")
    return read_chapter(found[0])


def read_chapter(path: Path) -> Chapter:
    """A chapter's folder, or a page. Raises SourceError for a fence that is not closed."""
    page = path / README if path.is_dir() else path
    name = path.name if path.is_dir() else path.stem
    return Chapter(name, page, tuple(parse_parts(page.read_text(encoding="utf-8"), str(page))))


def parse_parts(text: str, file: str) -> Iterator[Part]:
    """The parts in order. Raises SourceError for a fence that is not closed."""
    lines = text.splitlines()
    before, at = Part(PartKind.PROSE, (), 1), 0
    while at < len(lines):
        start = at
        while at < len(lines) and not lines[at].startswith(FENCE):
            at += 1
        if at > start:
            prose = Part(PartKind.PROSE, tuple(lines[start:at]), start + 1)
            before = prose if any(prose.lines) else before  # blank lines do not part a block from its output
            yield prose
        if at == len(lines):
            return
        end = next((n for n in range(at + 1, len(lines)) if lines[n].rstrip() == FENCE), None)
        if end is None:
            raise SourceError("this block is never closed", Location(file, at + 1), lines[at])
        before = _block(lines[at][len(FENCE) :].strip(), tuple(lines[at + 1 : end]), at + 2, before)
        yield before
        at = end + 1


def _block(language: str, lines: tuple[str, ...], line: int, before: Part) -> Part:
    if language == "console":
        return Part(PartKind.CONSOLE, lines, line, language)
    if language == "python":
        return Part(PartKind.PYTHON, lines, line, language)
    if language == "text" and before.kind is PartKind.PYTHON:
        return Part(PartKind.OUTPUT, lines, line, language)
    first = _FIRST_LINE.match(lines[0]) if lines else None
    words = first["words"] if first else ""
    if _QUOTE.fullmatch(words):
        return Part(PartKind.QUOTE, lines, line, language, words.removeprefix("guest/"))
    saved = _SAVE.fullmatch(words)
    if saved:
        return Part(PartKind.FILE, lines, line, language, saved["file"])
    return Part(PartKind.SHOWN, lines, line, language)
