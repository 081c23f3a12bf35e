"""No chapter can lie: every block of every chapter runs, and what the page shows is what there is, to the character."""

from __future__ import annotations

import difflib

import pytest

from minikernel.cli.main import main
from minikernel.lessons.chapter import Chapter, chapters, read_chapter
from minikernel.lessons.refresh import run_chapter
from minikernel.lessons.runner import Ran
from minikernel.toolchain.guest_tree import guest_tree
from minikernel.tutorials_tree import tutorials_tree

TREE = tutorials_tree()
CHAPTERS = chapters(TREE)
DEBUGGING = read_chapter(TREE / "debugging.md")
PAGES = (*CHAPTERS, DEBUGGING, read_chapter(TREE / "modules-format.md"), read_chapter(TREE / "teachers.md"))


def lie(chapter: Chapter, ran: Ran) -> str:
    """What is wrong with a block: its place, and how the page differs from what there is."""
    pairs = [(piece.shown, piece.now) for piece in ran.pieces if not piece.is_true]
    differences = ["\n".join(difflib.unified_diff(*pair, "the page", "now", lineterm="", n=1)) for pair in pairs]
    unshown = [f"prints, and no text block shows: {line}" for line in ran.unshown]
    return "\n".join([f"{chapter.path}:{ran.part.line}:", *ran.problems, *unshown, *differences])


@pytest.mark.parametrize("chapter", PAGES, ids=lambda chapter: chapter.name)
def test_every_block_is_true(chapter: Chapter) -> None:
    lies = [lie(chapter, ran) for ran in run_chapter(chapter, main, guest_tree()) if not ran.is_true]
    page = chapter.number if chapter in CHAPTERS else chapter.path.name
    assert not lies, f"{chr(10).join(lies)}\n`python tutorials/refresh.py {page}` writes outputs anew"


def test_the_debugging_page_shows_the_important_verbs() -> None:
    lines = [line for block in DEBUGGING.blocks for line in block.lines if line.startswith("(mk) ")]
    verbs = {line.split()[1] for line in lines}
    assert {"b", "c", "bt", "fin", "rfin", "rc", "rni", "watch", "last-writer", "history", "explain", "catch"} <= verbs


def test_the_contents_name_every_chapter_and_every_lab() -> None:
    contents = (TREE / "README.md").read_text()
    folders = [chapter.folder for chapter in CHAPTERS] + [path.parent for path in TREE.glob("labs/*/lab.toml")]
    links = [f"({folder.relative_to(TREE).as_posix()}/README.md)" for folder in folders]
    assert links and [link for link in links if link not in contents] == []
