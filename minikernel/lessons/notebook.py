"""A chapter as the text of a notebook: the Markdown that jupytext reads, python and console blocks as cells that run.

console blocks     cells `%%console` with the commands and what is typed to them; running them shows the rest
blocks saved       cells `%%save FILE`
text blocks        left out: running the cell above shows them
pictures           attachments of their cell, so that a notebook is one file
links              to pages, which are written beside the notebooks, and to the other chapters' notebooks
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from minikernel.lessons.chapter import FENCE, README, Chapter, Part, PartKind
from minikernel.lessons.console import exchanges, prompts_of

CONSOLE_MAGIC, SAVE_MAGIC, CHAPTER_MAGIC = "console", "save", "chapter"
EXTENSION = "minikernel.cli.notebook_cells"

MIME = {".svg": "image/svg+xml", ".png": "image/png"}

_PICTURE = re.compile(r"!\[(?P<words>[^\]]*)\]\((?P<file>[^)]+)\)")
_CHAPTER_LINK = re.compile(rf"\]\(\.\./(\d\d-[\w-]+)/(?:{README})?(#[^)]*)?\)")
_PAGE_LINK = re.compile(r"\]\(\.\./([\w-]+\.md)(#[^)]*)?\)")
_OTHER_LINK = re.compile(r"(?<!!)\[([^\]]*)\]\(\.\./[^)]*\)")


def notebook_markdown(chapter: Chapter) -> str:
    """The text. Pictures are named `attachment:FILE`."""
    setup = f"{FENCE}python\n%load_ext {EXTENSION}\n%{CHAPTER_MAGIC} {chapter.name}\n{FENCE}\n\n"
    return setup + "".join(text for part in chapter.parts for text in _texts(part))


def attachments(chapter: Chapter, markdown: str) -> Mapping[str, Mapping[str, str]]:
    """File name -> MIME type -> base64, of the pictures that a cell of the notebook shows."""
    shown = [name for name in _pictures(chapter) if f"attachment:{name}" in markdown]
    return {name: {MIME[Path(name).suffix]: _encoded(_pictures(chapter)[name])} for name in shown}


def _encoded(path: Path) -> str:
    return base64.b64encode(path.read_bytes()).decode("ascii")


def _pictures(chapter: Chapter) -> dict[str, Path]:
    prose = "".join(part.text for part in chapter.parts if part.kind is PartKind.PROSE)
    files = (chapter.folder / found["file"] for found in _PICTURE.finditer(prose))
    return {path.name: path for path in files}


def _texts(part: Part) -> Iterator[str]:
    if part.kind is PartKind.PROSE:
        yield _prose(part.text) if any(part.lines) else ""
    elif part.kind is PartKind.CONSOLE:
        yield _cell([f"%%{CONSOLE_MAGIC}", *typed_lines(part)])
    elif part.kind is PartKind.PYTHON:
        yield _cell(list(part.lines))
    elif part.kind is PartKind.FILE:
        yield _cell([f"%%{SAVE_MAGIC} {part.subject}", *part.lines[1:]])
    elif part.kind is not PartKind.OUTPUT:
        yield "".join(f"    {line}\n" for line in part.lines) + "\n"  # indented: no language of jupytext's is a cell


def _cell(lines: list[str]) -> str:
    return "".join(f"{line}\n" for line in (f"{FENCE}python", *lines, FENCE)) + "\n"


def typed_lines(part: Part) -> Iterator[str]:
    """A console block without its output."""
    for exchange in exchanges(part.lines):
        prompts = prompts_of(exchange.stages[0])
        for step in exchange.steps:
            yield step.head
            yield from (line for line in step.shown if prompts and line.startswith(prompts))


def _prose(text: str) -> str:
    text = _PICTURE.sub(lambda found: f"![{found['words']}](attachment:{Path(found['file']).name})", text)
    text = _CHAPTER_LINK.sub(r"](\1.ipynb)", text)
    text = _PAGE_LINK.sub(r"](\1\2)", text)
    return _OTHER_LINK.sub(r"\1", text)
