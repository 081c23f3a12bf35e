"""The chapters as notebooks: each runs in a kernel of its own, and its console cells show what the page shows."""

from __future__ import annotations

import base64
import json
import os
import struct
import sys
import zlib
from pathlib import Path
from typing import Any

import pytest

from minikernel.board.ppm import parse_ppm
from minikernel.cli.main import main
from minikernel.cli.notebook_cells import png
from minikernel.cli.notebooks import notebook_text
from minikernel.lessons.chapter import Chapter, PartKind, chapters, parse_parts, read_chapter
from minikernel.lessons.excerpt import is_excerpt
from minikernel.lessons.notebook import notebook_markdown, typed_lines
from minikernel.tutorials_tree import tutorials_tree

CHAPTERS = chapters(tutorials_tree())

TIMEOUT_S = 120


def cells(chapter: Chapter, kind: str) -> list[dict[str, Any]]:
    return [cell for cell in json.loads(notebook_text(chapter))["cells"] if cell["cell_type"] == kind]


def executed(chapter: Chapter, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The notebook after every cell has run. The kernel is a process of its own: it finds minikernel where we did."""
    import nbformat
    from nbclient import NotebookClient

    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(map(str, sys.path)))
    monkeypatch.setenv("IPYTHONDIR", str(folder / "ipython"))
    monkeypatch.setenv("JUPYTER_PLATFORM_DIRS", "1")
    notebook = nbformat.reads(notebook_text(chapter), as_version=4)
    client = NotebookClient(notebook, timeout=TIMEOUT_S, resources={"metadata": {"path": str(folder)}})
    return client.execute()


def printed(cell: Any) -> list[str]:
    texts = [output["text"] for output in cell["outputs"] if output["output_type"] == "stream"]
    return "".join(texts).splitlines()


@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda chapter: chapter.name)
def test_a_notebook_runs_and_shows_what_the_page_shows(
    chapter: Chapter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    notebook = executed(chapter, tmp_path, monkeypatch)
    consoles = [cell for cell in notebook["cells"] if cell["source"].startswith("%%console")]
    blocks = [part for part in chapter.blocks if part.kind is PartKind.CONSOLE]
    assert len(consoles) == len(blocks)
    for cell, block in zip(consoles, blocks, strict=True):
        assert is_excerpt(block.lines, printed(cell)), cell["source"]
    outputs = [part for part in chapter.blocks if part.kind is PartKind.OUTPUT]
    shown = [printed(cell) for cell in notebook["cells"] if cell["cell_type"] == "code"]
    for output in outputs:
        assert any(is_excerpt(output.lines, lines) for lines in shown), output.line


def test_a_picture_that_a_command_writes_is_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "README.md").write_text("# X\n\n```console\n$ minikernel boot -q --picture x.ppm\n$ ls\n```\n")
    notebook = executed(read_chapter(tmp_path), tmp_path, monkeypatch)
    outputs = [output for cell in notebook["cells"] for output in cell.get("outputs", ()) if "data" in output]
    (picture,) = [base64.b64decode(output["data"]["image/png"]) for output in outputs]
    ppm = next(tmp_path.rglob("x.ppm")).read_bytes()
    head = parse_ppm(ppm)
    assert picture == png(head.width, head.height, ppm[head.raster_offset :])


@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda chapter: chapter.name)
def test_a_notebook_has_every_block_that_runs(chapter: Chapter) -> None:
    wanted = [part for part in chapter.blocks if part.kind in (PartKind.CONSOLE, PartKind.PYTHON, PartKind.FILE)]
    code = ["".join(cell["source"]) for cell in cells(chapter, "code")]
    assert len(code) == len(wanted) + 1  # and the one that loads the cells' magic
    prose = "\n".join("".join(cell["source"]) for cell in cells(chapter, "markdown"))
    assert "](../" not in prose
    assert prose.count("![") == prose.count("](attachment:")


def test_a_png_is_what_a_reader_of_png_files_expects() -> None:
    data = png(2, 1, b"\xff\0\0\0\0\xff")
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    at, chunks = 8, {}
    while at < len(data):
        size, kind = struct.unpack_from(">I4s", data, at)
        body = data[at + 8 : at + 8 + size]
        assert struct.unpack_from(">I", data, at + 8 + size)[0] == zlib.crc32(kind + body)
        chunks[kind], at = body, at + 12 + size
    assert chunks[b"IHDR"] == struct.pack(">IIBBBBB", 2, 1, 8, 2, 0, 0, 0)
    assert zlib.decompress(chunks[b"IDAT"]) == b"\0\xff\0\0\0\0\xff"


def test_typed_lines_stay_and_output_goes() -> None:
    text = "```console\n$ minikernel debug\n(mk) py\n> 1\n> end\n(mk) si\n=> x\n$ ls\nfile\n```\n"
    (part,) = parse_parts(text, "x.md")
    assert list(typed_lines(part)) == ["$ minikernel debug", "(mk) py", "> 1", "> end", "(mk) si", "$ ls"]


def test_links_lead_to_what_is_written_beside(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text(
        "# X\n[a](../glossary.md#b) [c](../02-initcalls/README.md) [d](../labs/01-x/README.md) [e](https://e.org)\n"
        "![p](p.png)\n"
    )
    (tmp_path / "p.png").write_bytes(png(1, 1, b"\1\2\3"))
    chapter = read_chapter(tmp_path)
    text = notebook_markdown(chapter)
    assert "[a](glossary.md#b) [c](02-initcalls.ipynb) d [e](https://e.org)\n![p](attachment:p.png)" in text
    (cell,) = cells(chapter, "markdown")
    assert base64.b64decode(cell["attachments"]["p.png"]["image/png"]) == (tmp_path / "p.png").read_bytes()


def test_the_command_writes_notebooks_and_the_pages_they_link_to(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "a" / "b"
    assert main(["tutorial", "--notebooks", str(folder), "01"]) == 0
    assert capsys.readouterr().out == f"{folder / '01-first-boot.ipynb'}\n"
    assert {"01-first-boot.ipynb", "glossary.md"} <= {path.name for path in folder.iterdir()}
    (tmp_path / "file").write_text("")
    assert main(["tutorial", "--notebooks", str(tmp_path / "file")]) == 1
    assert "cannot write notebooks to" in capsys.readouterr().err
