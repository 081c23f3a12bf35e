"""The command `minikernel`. Every error the user can act on becomes one message here; nothing else is caught.

Exit status: 0 it went well; 1 something given was wrong, or the guest did not come to its end; 2 the command line was
impossible; 130 Ctrl-C.
"""

from __future__ import annotations

import argparse
import atexit
import gc
import os
import sys
from collections.abc import Callable, Sequence

from minikernel.cli.arguments import parser
from minikernel.errors import MinikernelError, SourceError, SourceErrors, UsageError

#: New objects between two searches for cycles: a command makes many objects and few cycles.
GARBAGE_THRESHOLD = 50_000

OK, FAILED, USAGE, INTERRUPTED = 0, 1, 2, 130


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; gives the exit status."""
    try:
        args = parser().parse_args(argv)
    except SystemExit as exit_:
        return exit_.code if isinstance(exit_.code, int) else USAGE
    if args.command is None or getattr(args, "verb", "") is None:
        args.incomplete.print_help(sys.stderr)
        return USAGE
    gc.set_threshold(GARBAGE_THRESHOLD)
    atexit.register(gc.freeze)  # the end of the process frees what there is, it need not be searched for cycles first
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    try:
        status = COMMANDS[args.command](args)
        sys.stdout.flush()  # here, where a reader that has gone is no error
        return status
    except UsageError as error:
        return _fail(str(error), USAGE)
    except (SourceError, SourceErrors) as error:
        print(error, file=sys.stderr)
        return FAILED
    except MinikernelError as error:
        return _fail(str(error), FAILED)
    except KeyboardInterrupt:
        return _fail("interrupted", INTERRUPTED)
    except BrokenPipeError:
        # The reader has gone (`minikernel boot | head`). What Python flushes at its end must go somewhere else.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return OK


def _fail(message: str, status: int) -> int:
    print(f"minikernel: error: {message}", file=sys.stderr)
    return status


def _boot(args: argparse.Namespace) -> int:
    from minikernel.cli.boot import boot_command

    return boot_command(args)


def _debug(args: argparse.Namespace) -> int:
    from minikernel.cli.repl import debug_command

    return debug_command(args)


def _build(args: argparse.Namespace) -> int:
    from minikernel.cli.image_commands import build_command

    return build_command(args)


def _initcalls(args: argparse.Namespace) -> int:
    from minikernel.cli.image_commands import initcalls_command

    return initcalls_command(args)


def _map(args: argparse.Namespace) -> int:
    from minikernel.cli.image_commands import map_command

    return map_command(args)


def _modinfo(args: argparse.Namespace) -> int:
    from minikernel.cli.modinfo import modinfo_command

    return modinfo_command(args)


def _gdb(args: argparse.Namespace) -> int:
    from minikernel.cli.gdb import gdb_command

    return gdb_command(args)


def _lab(args: argparse.Namespace) -> int:
    from minikernel.cli.lab import lab_command

    return lab_command(args)


def _grade(args: argparse.Namespace) -> int:
    from minikernel.cli.grade import grade_command

    return grade_command(args)


def _tutorial(args: argparse.Namespace) -> int:
    from minikernel.cli.tutorial import tutorial_command

    return tutorial_command(args, main)


COMMANDS: dict[str, Callable[[argparse.Namespace], int]] = {
    "boot": _boot,
    "build": _build,
    "debug": _debug,
    "initcalls": _initcalls,
    "map": _map,
    "modinfo": _modinfo,
    "gdb": _gdb,
    "tutorial": _tutorial,
    "lab": _lab,
    "grade": _grade,
}
