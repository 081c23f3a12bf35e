"""Outputs and quotes of a page written anew: what the test compares is what this writes."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from pathlib import Path

from minikernel.lessons.chapter import FENCE, Chapter
from minikernel.lessons.runner import Command, Ran, Runner


def run_chapter(chapter: Chapter, command: Command, guest: Path) -> tuple[Ran, ...]:
    """Every block of a chapter, run in a folder of its own. Raises SourceError."""
    with tempfile.TemporaryDirectory() as folder:
        return tuple(Runner(command, Path(folder).resolve(), guest).run(chapter))


def refreshed(chapter: Chapter, ran: Iterable[Ran]) -> str:
    """The page's text with every output and quote as it is now; output that no block shows gets one."""
    lines = chapter.path.read_text(encoding="utf-8").splitlines()
    for each in reversed(tuple(ran)):
        start, end = each.part.line - 1, each.part.line - 1 + len(each.part.lines)
        if each.unshown:
            lines[end + 1 : end + 1] = ["", f"{FENCE}text", *each.unshown, FENCE]
        if each.pieces:
            lines[start:end] = each.now
    return "".join(f"{line}\n" for line in lines)
