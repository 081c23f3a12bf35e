"""insmod and rmmod from outside: the file goes through the proc window, the guest's own loader does the rest."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path, PurePosixPath

from minikernel.board.proc_window import DATA_SIZE
from minikernel.errors import UsageError
from minikernel.kernel.errno import errno_text
from minikernel.kernel.printk import log_position, read_log, without_levels
from minikernel.kernel.proc_window import ask
from minikernel.machine.inputs import FileChunk, FileUnlink, Input, ModuleLoad, ModuleUnload
from minikernel.machine.machine import Machine

#: A name -> the bytes of its .ko. Raises UsageError for a name there is not.
FindModule = Callable[[str], bytes]

#: finit_module's flags: neither the CRCs of symbols nor vermagic matter.
IGNORE_VERSIONS = 3

#: delete_module's flags. kmod always says O_NONBLOCK; O_TRUNC is force.
O_NONBLOCK, O_TRUNC = 0x800, 0x200

SUFFIX = ".ko"
FOLDER = PurePosixPath("/tmp")


class ModuleCommands:
    """What a root user inside would do with insmod and rmmod."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self.find: FindModule | None = None

    def insmod(self, what: str | os.PathLike[str], parameters: str, force: bool) -> None:
        """Load a .ko of the host's file system, or a module by name. Raises as KernelMachine.insmod does."""
        name, data = self._file(what)
        there = str(FOLDER / f"{name}{SUFFIX}")
        self._send(there, data)
        try:
            flags = IGNORE_VERSIONS if force else 0
            self._ask(ModuleLoad(there, parameters, flags), f"could not insert module {name}")
        except OSError:
            self._remove(there)
            raise
        self._remove(there)

    def rmmod(self, name: str, force: bool) -> None:
        """Take a module out. Raises as KernelMachine.rmmod does."""
        flags = O_NONBLOCK | (O_TRUNC if force else 0)
        self._ask(ModuleUnload(name, flags), f"could not remove module {name}")

    def _file(self, what: str | os.PathLike[str]) -> tuple[str, bytes]:
        path = Path(what)
        if path.suffix == SUFFIX:
            return path.stem, path.read_bytes()
        if self.find is None:
            raise UsageError(f"{str(what)!r} is no {SUFFIX} file, and this machine knows no modules by name")
        return str(what), self.find(str(what))

    def _send(self, there: str, data: bytes) -> None:
        """The file in pieces that fit the window; an empty one is a piece, too."""
        for at in range(0, max(len(data), 1), DATA_SIZE):
            piece = data[at : at + DATA_SIZE]
            result = ask(self._machine, FileChunk(there, piece, at), there).result
            if result != len(piece):
                raise OSError(-result, errno_text(result), there)

    def _remove(self, there: str) -> None:
        ask(self._machine, FileUnlink(there), there)

    def _ask(self, request: Input, failed: str) -> None:
        """One request; a refusal is an OSError whose text ends with what the kernel logged about it."""
        machine = self._machine
        since = log_position(machine.image, machine.read)
        result = ask(machine, request, request.describe()).result
        if result < 0:
            lines = without_levels(read_log(machine.image, machine.read, since)).rstrip()
            said = f"; the kernel says:\n{lines}" if lines else ""
            raise OSError(-result, f"{errno_text(result)}: {failed}{said}")
