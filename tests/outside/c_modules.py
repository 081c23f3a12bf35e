"""C sources of gcc_modules/ built twice: as modules by arm-none-eabi-gcc, as and ld, and as a library for the host.

The .ko files are foreign throughout: only the text of NAME.mod.s, with the CRCs that modpost would write, is ours.
"""

from __future__ import annotations

import ctypes
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest
from gnu_binutils import run
from modules.ko import kernel

from minikernel.elf.object_file import UNDEF, ObjectFile
from minikernel.toolchain.generated import ModuleSource, module_source
from minikernel.toolchain.guest_tree import guest_tree

FOLDER = Path(__file__).parent / "gcc_modules"
SOURCES = sorted(FOLDER.glob("*.c"))
GUEST_FLAGS = ("-ffreestanding", "-marm", "-mcpu=cortex-a15", "-fno-pic", "-mno-unaligned-access", "-Wall", "-Werror")
WARNINGS_OFF = ("-Wno-parentheses", "-Wno-misleading-indentation", "-Wno-unused-variable")
_TESTED = re.compile(r"^TESTED\((\w+)\)", re.M)


def functions(source: Path) -> tuple[str, ...]:
    """The functions of a source that are to be called."""
    return tuple(_TESTED.findall(source.read_text()))


@dataclass(frozen=True)
class CModule:
    """A C source as a module, compiled with `optimisation`."""

    name: str
    ko: bytes
    path: Path
    functions: tuple[str, ...]


def compile_module(source: Path, optimisation: str, folder: Path, *more: str) -> CModule:
    """NAME.ko in `folder`, by GNU tools alone."""
    name = f"{source.stem}_{optimisation.strip('-').lower()}"
    obj, mod, ko = f"{name}.o", f"{name}.mod", folder / f"{name}.ko"
    run(folder, "arm-none-eabi-gcc", "-c", optimisation, *GUEST_FLAGS, *WARNINGS_OFF, *more, "-o", obj, str(source))
    (folder / f"{mod}.s").write_text(_mod_source(name, (folder / obj).read_bytes()))
    run(folder, "arm-none-eabi-as", "-o", f"{mod}.o", f"{mod}.s")
    script = str(guest_tree() / "kernel/module.lds")
    run(folder, "arm-none-eabi-ld", "-r", "-T", script, "-o", str(ko), obj, f"{mod}.o")
    return CModule(name, ko.read_bytes(), ko, functions(source))


def _mod_source(name: str, obj: bytes) -> str:
    read = ObjectFile.from_bytes(obj, name)
    crcs = kernel().crcs
    wanted = [symbol.name for symbol in read.symbols if symbol.section is UNDEF and symbol.name]
    missing = [symbol for symbol in wanted if symbol not in crcs]
    assert not missing, f"{name} uses what the kernel does not export: {missing}"
    defined = {symbol.name for symbol in read.symbols if symbol.is_defined}
    has_init, has_exit = "init_module" in defined, "cleanup_module" in defined
    versions = {symbol: crcs[symbol] for symbol in ("module_layout", *wanted) if symbol in crcs}
    return module_source(ModuleSource(name, (), has_init, has_exit, False, (), versions))


class Reference:
    """The same functions, compiled by the host's gcc."""

    def __init__(self, source: Path, folder: Path) -> None:
        library = folder / f"{source.stem}.so"
        command = ("gcc", "-shared", "-fPIC", "-O1", "-fwrapv", "-DHOST", "-w", "-o", str(library), str(source))
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            pytest.fail(f"{' '.join(command)}\n{done.stderr}")
        self._library = ctypes.CDLL(str(library))

    def call(self, function: str, a: int, b: int) -> int:
        """What the host makes of it."""
        entry = self._library[function]
        entry.restype, entry.argtypes = ctypes.c_uint64, (ctypes.c_uint32, ctypes.c_uint32)
        return int(entry(a, b))
