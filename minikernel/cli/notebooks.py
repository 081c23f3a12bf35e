"""`minikernel tutorial --notebooks DIR`: the chapters as Jupyter notebooks, through jupytext (extra `notebook`)."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from minikernel.cli.files import reason, write_file
from minikernel.errors import MinikernelError
from minikernel.lessons.chapter import Chapter, chapters, find_chapter
from minikernel.lessons.notebook import attachments, notebook_markdown
from minikernel.tutorials_tree import tutorials_tree

KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}


class NotebookError(MinikernelError):
    """Notebooks cannot be written: what is missing, or what the system said."""


def write_notebooks(folder: Path, names: Sequence[str]) -> int:
    """Each chapter named (all, when none is) as DIR/NN-topic.ipynb, and the pages that chapters link to."""
    tree = tutorials_tree()
    wanted = [find_chapter(tree, name) for name in names] or chapters(tree)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for page in tree.glob("*.md"):
            if page.name != "README.md":
                shutil.copyfile(page, folder / page.name)
    except OSError as error:
        raise NotebookError(f"cannot write notebooks to {folder}: {reason(error)}") from None
    for chapter in wanted:
        path = folder / f"{chapter.name}.ipynb"
        write_file(path, notebook_text(chapter).encode())
        print(path)
    return 0


def notebook_text(chapter: Chapter) -> str:
    """The notebook as it is written. Raises NotebookError without jupytext."""
    try:
        import jupytext
    except ImportError:
        raise NotebookError("notebooks need jupytext: pip install 'minikernel[notebook]'") from None
    notebook: Any = jupytext.reads(notebook_markdown(chapter), fmt="md")
    notebook.metadata = {"kernelspec": KERNEL, "language_info": {"name": "python"}}
    for number, cell in enumerate(notebook.cells):
        cell["id"] = f"{chapter.name}-{number}"
        if cell.cell_type == "markdown":
            pictures = attachments(chapter, cell.source)
            if pictures:
                cell["attachments"] = pictures
    return str(jupytext.writes(notebook, fmt="ipynb")) + "\n"
