"""Write outputs and quotes of chapters anew: `python tutorials/refresh.py [NN or PAGE.md ...]`; all when none is named.

Prose is not touched. A block that fails is named and stays as it is; the exit status is then 1.
"""

from __future__ import annotations

import sys
from pathlib import Path

from minikernel.cli.main import main as minikernel
from minikernel.errors import MinikernelError
from minikernel.lessons.chapter import Chapter, chapters, find_chapter, read_chapter
from minikernel.lessons.refresh import refreshed, run_chapter
from minikernel.toolchain.guest_tree import guest_tree

TREE = Path(__file__).parent

#: Pages that are no chapters and have blocks that run.
PAGES = (TREE / "debugging.md", TREE / "modules-format.md", TREE / "teachers.md")


def named(arguments: list[str]) -> list[Chapter]:
    """The chapters and pages to write."""
    if not arguments:
        return [*chapters(TREE), *map(read_chapter, PAGES)]
    return [read_chapter(TREE / name) if name.endswith(".md") else find_chapter(TREE, name) for name in arguments]


def refresh(chapter: Chapter) -> bool:
    """Write one page; whether it is true now."""
    try:
        ran = run_chapter(chapter, minikernel, guest_tree())
    except MinikernelError as error:
        print(error, file=sys.stderr)
        return False
    before, text = chapter.path.read_text(encoding="utf-8"), refreshed(chapter, ran)
    chapter.path.write_text(text, encoding="utf-8")
    problems = [f"{chapter.path}:{each.part.line}: {problem}" for each in ran for problem in each.problems]
    for problem in problems:
        print(problem, file=sys.stderr)
    print(f"{chapter.name}: {'as it was' if text == before else 'written anew'}")
    return not problems


if __name__ == "__main__":
    are_true = [refresh(chapter) for chapter in named(sys.argv[1:])]
    sys.exit(0 if all(are_true) else 1)
