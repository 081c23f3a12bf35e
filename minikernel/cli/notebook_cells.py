"""What a chapter's notebook loads: cells `%%console` and `%%save`, and the folder in which they work.

A console cell runs the page's commands as the test suite does, in this process; pictures that they write are shown.
"""

from __future__ import annotations

import os
import struct
import zlib
from pathlib import Path
from typing import Any

from minikernel.board.ppm import parse_ppm
from minikernel.cli.main import main
from minikernel.lessons.chapter import Part, PartKind
from minikernel.lessons.notebook import CHAPTER_MAGIC, CONSOLE_MAGIC, SAVE_MAGIC
from minikernel.lessons.runner import Runner
from minikernel.toolchain.guest_tree import guest_tree

#: Display pixels for a pixel of the camera: its pictures are small.
ZOOM = 4

EIGHT_BIT = 255


def load_ipython_extension(shell: Any) -> None:
    """`%load_ext minikernel.cli.notebook_cells`."""
    cells = _Cells(Path.cwd())
    shell.register_magic_function(cells.chapter, "line", CHAPTER_MAGIC)
    shell.register_magic_function(cells.console, "cell", CONSOLE_MAGIC)
    shell.register_magic_function(cells.save, "cell", SAVE_MAGIC)


class _Cells:
    """`home`: the notebooks' folder."""

    def __init__(self, home: Path) -> None:
        self._home = home

    def chapter(self, line: str) -> None:
        """Work in a folder of the chapter's own, beside the notebook."""
        folder = self._home / f"{line.strip()}.files"
        folder.mkdir(exist_ok=True)
        os.chdir(folder)

    def console(self, _line: str, cell: str) -> None:
        """Run the commands of a console block; shows what they print, and the pictures they write."""
        folder = Path.cwd()
        before = {path: path.stat().st_mtime_ns for path in folder.glob("*.ppm")}
        part = Part(PartKind.CONSOLE, tuple(cell.splitlines()), 1, "console")
        ran = Runner(main, folder, guest_tree()).run_part(part, "cell")
        for piece in ran.pieces:
            print("\n".join((*piece.head, *piece.now)))
        for path in sorted(folder.glob("*.ppm")):
            if before.get(path) != path.stat().st_mtime_ns:
                _show(path)

    def save(self, line: str, cell: str) -> None:
        """Write the cell into a file."""
        path = Path(line.strip())
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(cell, encoding="utf-8")


def _show(path: Path) -> None:
    from IPython.display import Image, display

    data = path.read_bytes()
    head = parse_ppm(data, path.name)
    if head.magic == "P6" and head.maxval == EIGHT_BIT:
        picture = png(head.width, head.height, data[head.raster_offset :])
        display(Image(data=picture, format="png", width=ZOOM * head.width, alt=path.name))


def png(width: int, height: int, pixels: bytes) -> bytes:
    """A PNG file of 8-bit RGB pixels, row by row."""
    rows = (b"\0" + pixels[3 * width * y : 3 * width * (y + 1)] for y in range(height))
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(b"".join(rows))), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )
