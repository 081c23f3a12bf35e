"""`minikernel build`, `minikernel initcalls`, `minikernel map`: the guest without booting it."""

from __future__ import annotations

import argparse
import shlex
import sys
from collections.abc import Iterable
from pathlib import Path

from minikernel.board.memory_map import IRQ_MAP, MEMORY_MAP
from minikernel.cli.image_views import board_lines, image_lines, initcall_lines, section_lines
from minikernel.cli.progress import progress
from minikernel.cli.screen import Line, open_screen
from minikernel.elf.image import Image
from minikernel.kernel.initcalls import read_tables
from minikernel.power_on import load_image
from minikernel.toolchain.build import Build, build, print_commands
from minikernel.toolchain.config import BuildConfig
from minikernel.toolchain.examples import with_examples


def build_command(args: argparse.Namespace) -> int:
    """Writes the build; with --print-commands, standard output is a shell script that does it with binutils."""
    config = BuildConfig.load(dict(args.set))
    out = Path(args.output)
    with progress("building the guest"):
        result = with_examples(build(config))
        result.write(out)
    for warning in result.warnings:
        print(f"WARNING: modpost: {warning}", file=sys.stderr)
    if args.print_commands:
        print("set -e")
        print(f"cd {shlex.quote(str(out))}")
        for command in print_commands(config):
            print(command)
    else:
        print(_built(result, out))
    return 0


def _built(result: Build, out: Path) -> str:
    modules = ", ".join(f"{name}.ko" for name in sorted(result.modules)) or "no modules"
    how = "from the cache" if result.was_cached else "built now"
    objects = f"{len(result.objects)} objects"
    return f"{out}/vmlinux ({len(result.image):,} bytes), System.map, initramfs.cpio, {objects}, {modules}: {how}"


def initcalls_command(args: argparse.Namespace) -> int:
    """Shows the initcall tables."""
    image = _image(args)
    screen = open_screen()
    _show(initcall_lines(read_tables(image), screen.width))
    return 0


def map_command(args: argparse.Namespace) -> int:
    """Shows the memory map of image and board."""
    image = _image(args)
    width = open_screen().width
    _show(image_lines(image, width))
    _show(section_lines(image, width))
    _show(board_lines(MEMORY_MAP, IRQ_MAP, width))
    return 0


def _image(args: argparse.Namespace) -> Image:
    with progress("building the guest kernel"):
        return load_image(dict(args.set))


def _show(lines: Iterable[Line]) -> None:
    screen = open_screen(sys.stdout)
    for line in lines:
        screen.line(line)
