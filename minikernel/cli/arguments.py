"""The argument tree: what `minikernel --help` shows. Parsing only: nothing heavy is imported."""

from __future__ import annotations

import argparse

from minikernel.cli.grade_arguments import add_grade
from minikernel.cli.lab_arguments import add_lab

#: COMMAND_LINE_SIZE: what the guest has room for, with the NUL.
COMMAND_LINE_SIZE = 1024

DRIVER_VALUES = ("y", "deferred", "m", "n")


def driver_setting(text: str) -> tuple[str, str]:
    """`ehci_hcd=y` as ("ehci_hcd", "y")."""
    name, equals, value = text.partition("=")
    if not name or not equals or value not in DRIVER_VALUES:
        raise argparse.ArgumentTypeError(f"{text!r}: expected DRIVER={'|'.join(DRIVER_VALUES)}")
    return name, value


def instruction_count(text: str) -> int:
    """A positive number; underscores and a final k, M or G are understood."""
    scale = {"k": 10**3, "M": 10**6, "G": 10**9}.get(text[-1:], 1)
    digits = text[:-1] if scale > 1 else text
    try:
        count = int(digits) * scale
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r}: expected a number of instructions, as 5000000 or 5M") from None
    if count <= 0:
        raise argparse.ArgumentTypeError(f"{text!r}: expected at least 1 instruction")
    return count


def command_line(text: str) -> str:
    """Words for the kernel's command line: one line of printable ASCII that fits."""
    bad = next((char for char in text if not " " <= char <= "~"), None)
    if bad is not None:
        raise argparse.ArgumentTypeError(f"character {bad!r} cannot stand in a kernel command line (printable ASCII)")
    if len(text) >= COMMAND_LINE_SIZE:
        raise argparse.ArgumentTypeError(f"{len(text)} characters; the kernel has room for {COMMAND_LINE_SIZE - 1}")
    return text


def tcp_port(text: str) -> int:
    """A number of a TCP port; 0 for any that is free."""
    if not (text.isascii() and text.isdigit()) or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r}: expected a port, 0 to 65535")
    return int(text)


def _build_options() -> argparse.ArgumentParser:
    options = argparse.ArgumentParser(add_help=False)
    options.add_argument(
        "--set",
        metavar="DRIVER=VALUE",
        action="append",
        default=[],
        type=driver_setting,
        help="y: built in; deferred: its initcall waits for the trigger; m: loadable module; n: left out "
        "(repeatable, the last one of a driver counts)",
    )
    return options


def parser() -> argparse.ArgumentParser:
    """The whole tree. `incomplete` of what it parses is the parser to ask for help where a command is missing."""
    root = argparse.ArgumentParser(
        prog="minikernel",
        description="An educational mini-kernel: build it, boot it on an emulated camera, see what it does.",
    )
    root.set_defaults(incomplete=root)
    commands = root.add_subparsers(dest="command", metavar="COMMAND")
    build_options = _build_options()
    _add_boot(commands, build_options)
    _add_debug(commands, build_options)
    _add_build(commands, build_options)
    commands.add_parser(
        "initcalls",
        parents=[build_options],
        help="the initcall tables of the built image, without booting it",
        description="Lists every initcall of the image in the order it runs, the deferred ones last.",
    )
    commands.add_parser(
        "map",
        parents=[build_options],
        help="the memory map of the built image and of the board, without booting it",
        description="Shows where the image's sections lie, what may be done with them, what is freed; then the board.",
    )
    modinfo = commands.add_parser(
        "modinfo",
        help="what is inside a loadable module, without loading it",
        description="Shows a module's .modinfo, sections, parameters, exports, imports and relocations by type.",
    )
    modinfo.add_argument(
        "file", metavar="FILE.ko", nargs="+", help="a module, ours or a real one for ARM; - is standard input"
    )
    _add_gdb(commands, build_options)
    add_lab(commands)
    add_grade(commands)
    _add_tutorial(commands)
    return root


def _add_boot(
    commands: argparse._SubParsersAction[argparse.ArgumentParser], build_options: argparse.ArgumentParser
) -> None:
    boot = commands.add_parser(
        "boot",
        parents=[build_options],
        help="boot the camera and tell what happens",
        description="Builds the guest kernel (kept by content), boots it, and tells every initcall and every free. "
        "Without options: up to the shell, a picture, the deferred initcalls, the download, power-off. "
        "A file named - is standard output.",
    )
    boot.add_argument(
        "--append",
        metavar="CMDLINE",
        type=command_line,
        default="",
        help="more words for the kernel command line, e.g. deferred_trigger=2008",
    )
    boot.add_argument("--rc", metavar="FILE", help="this instead of /etc/rc, the script that init runs")
    boot.add_argument("--scene", metavar="IMAGE.ppm", help="what stands before the image sensor (a PPM file, P6)")
    boot.add_argument("--picture", metavar="OUT.ppm", help="write the picture that came out of USB")
    boot.add_argument("--flash", metavar="FILE", help="keep the flash's contents in this file from boot to boot")
    boot.add_argument(
        "--modules", action="store_true", help="carry the example modules in /lib/modules, for modprobe at the shell"
    )
    boot.add_argument("-i", "--interactive", action="store_true", help="stay at the guest's shell (Ctrl-C leaves)")
    boot.add_argument("--json", metavar="FILE", help="write the run as one JSON object")
    boot.add_argument("--trace", metavar="FILE.jsonl", help="write every event, one JSON object a line")
    boot.add_argument("--dmesg", metavar="FILE", help="write the kernel log")
    boot.add_argument(
        "--max-instructions",
        metavar="N",
        type=instruction_count,
        default=None,
        help="stop a boot that does not end after N instructions (default 1G)",
    )
    boot.add_argument("-q", "--quiet", action="store_true", help="do not tell the story")


def _add_debug(
    commands: argparse._SubParsersAction[argparse.ArgumentParser], build_options: argparse.ArgumentParser
) -> None:
    debug = commands.add_parser(
        "debug",
        parents=[build_options],
        help="step through the boot, forward and back",
        description="Stops at the first instruction and reads commands, gdb's and their reverses; `help` lists them. "
        "Commands come from the script, then from standard input when it is a terminal; a script that fails ends "
        "with its line and exit status 1.",
    )
    debug.add_argument("--at", metavar="WHERE", help="run to this symbol, symbol+offset or file:line first")
    debug.add_argument("-x", dest="script", metavar="SCRIPT", help="run the commands of this file")
    debug.add_argument(
        "--plain", action="store_true", help="for screen readers: no boxes, no colours, one fact per line"
    )
    debug.add_argument(
        "--append", metavar="CMDLINE", type=command_line, default="", help="more words for the kernel command line"
    )
    debug.add_argument("--rc", metavar="FILE", help="this instead of /etc/rc, the script that init runs")
    debug.add_argument("--scene", metavar="IMAGE.ppm", help="what stands before the image sensor (a PPM file, P6)")
    debug.add_argument(
        "--flash", metavar="FILE", help="keep the flash's contents in this file, as they are when the session ends"
    )
    debug.add_argument(
        "--modules", action="store_true", help="carry the example modules in /lib/modules, for modprobe at the shell"
    )


def _add_build(
    commands: argparse._SubParsersAction[argparse.ArgumentParser], build_options: argparse.ArgumentParser
) -> None:
    build = commands.add_parser(
        "build",
        parents=[build_options],
        help="build the kernel image and its parts",
        description="Writes vmlinux, System.map, initramfs.cpio, the modules (*.ko) and the objects.",
    )
    build.add_argument("-o", "--output", metavar="DIR", default="build", help="where to (default: build)")
    build.add_argument(
        "--print-commands", action="store_true", help="print the GNU binutils commands that do the same, and build"
    )


def _add_gdb(
    commands: argparse._SubParsersAction[argparse.ArgumentParser], build_options: argparse.ArgumentParser
) -> None:
    gdb = commands.add_parser(
        "gdb",
        parents=[build_options],
        help="let gdb debug the camera, forwards and backwards",
        description="Writes the build, then serves GDB's remote protocol on 127.0.0.1: the camera stands at reset. "
        "Besides what gdb has, `monitor help` in gdb lists what the camera tells.",
    )
    gdb.add_argument(
        "--port", metavar="N", type=tcp_port, default=1234, help="the TCP port (default 1234; 0: any free one)"
    )
    gdb.add_argument("-o", "--output", metavar="DIR", default="build", help="where the build goes (default: build)")
    gdb.add_argument(
        "--append", metavar="CMDLINE", type=command_line, default="", help="more words for the kernel command line"
    )
    gdb.add_argument("--rc", metavar="FILE", help="this instead of /etc/rc, the script that init runs")
    gdb.add_argument("--modules", action="store_true", help="carry the example modules in /lib/modules")


def _add_tutorial(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    tutorial = commands.add_parser(
        "tutorial",
        help="walk through a chapter, answer its questions, or take the chapters as notebooks",
        description="Without words: the chapters, and how far you are. `tutorial 01` walks through a chapter in the "
        "terminal; your place is kept. `tutorial answer 01 2 WORDS` checks an answer to its second question.",
    )
    tutorial.add_argument("words", metavar="WORD", nargs="*", help="a chapter, or an answer")
    tutorial.add_argument("--plain", action="store_true", help="for screen readers: no boxes, no colours")
    tutorial.add_argument(
        "--notebooks", metavar="DIR", help="write the chapters (or those named) as Jupyter notebooks into DIR"
    )
