"""Draws README's picture from a real boot: python tutorials/pictures/draw.py"""

from __future__ import annotations

import io
import re
from pathlib import Path
from unittest.mock import patch

from rich.console import Console
from rich.terminal_theme import MONOKAI

from minikernel.cli import boot
from minikernel.cli.main import main
from minikernel.cli.screen import TerminalScreen

WIDTH = 104


def boot_svg() -> str:
    """What `minikernel boot` shows on a terminal, as SVG."""
    console = Console(
        record=True, width=WIDTH, file=io.StringIO(), force_terminal=True, color_system="truecolor", highlight=False
    )
    with patch.object(boot, "open_screen", lambda: TerminalScreen(console)):
        main(["boot"])
    svg = console.export_svg(title="minikernel boot", theme=MONOKAI, unique_id="boot")
    svg = re.sub(r"@font-face \{.*?\}\n", "", svg, flags=re.DOTALL)  # no fonts from the network
    return re.sub(r"[ \t]+$", "", svg, flags=re.MULTILINE) + "\n"


if __name__ == "__main__":
    (Path(__file__).parent / "boot.svg").write_text(boot_svg())
