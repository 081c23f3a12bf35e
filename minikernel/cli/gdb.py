"""`minikernel gdb`: writes the build where gdb finds it, says how to start gdb, and serves until Ctrl-C."""

from __future__ import annotations

import argparse
import shlex
import sys
from functools import partial
from pathlib import Path

from minikernel.cli.files import read_file
from minikernel.cli.progress import progress
from minikernel.debug.gdb_monitor import SymbolFiles
from minikernel.debug.gdb_server import GdbServer
from minikernel.errors import UsageError
from minikernel.kernel.machine import KernelMachine
from minikernel.power_on import BootOptions, prepare
from minikernel.toolchain.build import build
from minikernel.toolchain.config import BuildConfig
from minikernel.toolchain.examples import with_examples

SYMBOLS_SCRIPT = "modules.gdb"


def gdb_command(args: argparse.Namespace) -> int:
    """Serve gdb until Ctrl-C; gives the exit status. Raises MinikernelError for what the user can act on."""
    config = BuildConfig.load(dict(args.set))
    out = Path(args.output)
    with progress("building the guest"):
        with_examples(build(config)).write(out)
    options = BootOptions(
        drivers=dict(args.set),
        append=args.append,
        rc=None if args.rc is None else read_file(args.rc, "the rc script"),
        modules=args.modules,
    )
    files = SymbolFiles(partial(_module_file, out), out / SYMBOLS_SCRIPT, out / "init", out / "vmlinux")
    files.write()
    server = GdbServer(partial(prepare, options), files, args.port, _show_console)
    _tell(out / "vmlinux", config.tree, files.script, server.port)
    try:
        server.serve()
    except KeyboardInterrupt:
        print()
    finally:
        server.close()
    return 0


def _module_file(out: Path, name: str) -> Path:
    """Where the build has a module. Raises UsageError."""
    path = out / f"{name}.ko"
    if not path.exists():
        raise UsageError(f"{path} is not there: no symbols for a module that is not of this build")
    return path


def _tell(vmlinux: Path, tree: Path, script: Path, port: int) -> None:
    commands = (f"directory {tree}", f"source {script}", f"target remote :{port}")
    words = ["gdb-multiarch", str(vmlinux), *(word for command in commands for word in ("-ex", command))]
    print(f"The camera is at reset and waits for gdb on port {port}; Ctrl-C here ends it.")
    print(f"  {shlex.join(words)}", flush=True)


def _show_console(machine: KernelMachine) -> None:
    def show(characters: bytes) -> None:
        sys.stdout.write(characters.decode("utf-8", "replace"))
        sys.stdout.flush()

    machine.on_console.append(show)
