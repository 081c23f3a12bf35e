"""Loaded modules' names and source lines for the debugger, as the guest's module list has them at each stop.

Whoever shows stops calls update() first: the command line, IPython, the server for gdb.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from minikernel.debug.symbols import ModuleSymbol, ModuleSymbols, Symbols
from minikernel.elf.line_table import LineTable
from minikernel.elf.object_file import ObjectFile
from minikernel.errors import MinikernelError
from minikernel.kernel.machine import KernelMachine
from minikernel.kernel.modules import Module

#: What module_init and module_exit call the author's functions once more. Of two names at one address the later one in
#: the table is shown, so these come first.
ALIASES = frozenset({"init_module", "cleanup_module"})


@dataclass
class ModuleNames:
    """Keeps `symbols` in step with the machine. `find` gives the bytes of a NAME.ko, for its lines; `files` those of
    modules that came from the reader's own files."""

    machine: KernelMachine
    symbols: Symbols
    find: Callable[[str], bytes]
    files: dict[str, bytes] = field(default_factory=dict)
    _known: dict[str, Module] = field(default_factory=dict)

    def update(self) -> None:
        """Look at the list again."""
        now = {module.name: module for module in self._modules()}
        for name in self._known.keys() - now.keys():
            self.symbols.remove_module(name)
        for name, module in now.items():
            before = self._known.get(name)
            if before is None or (before.memory, before.sections) != (module.memory, module.sections):
                self.symbols.add_module(self._symbols_of(module))
        self._known = now

    def _modules(self) -> tuple[Module, ...]:
        try:
            return self.machine.modules
        except MinikernelError:  # no loader in this kernel, the MMU off, or the list just being changed
            return ()

    def _symbols_of(self, module: Module) -> ModuleSymbols:
        ranges = tuple((memory.base, memory.base + memory.size) for memory in module.memory)
        by_rank = sorted(module.symbols, key=lambda each: each.name not in ALIASES)
        symbols = [ModuleSymbol(each.name, each.address) for each in by_rank]
        inside = tuple(symbol for symbol in symbols if any(start <= symbol.value < end for start, end in ranges))
        return ModuleSymbols(module.name, ranges, inside, self._lines(module, ranges))

    def _lines(self, module: Module, ranges: tuple[tuple[int, int], ...]) -> LineTable | None:
        """None for a module whose file is not known or has no lines."""
        sections = {each.name: each.address for each in module.sections}
        here = {name: at for name, at in sections.items() if any(start <= at < end for start, end in ranges)}
        try:
            data = self.files.get(module.name) or self.find(module.name)
            return LineTable.from_module(ObjectFile.from_bytes(data), here, module.name)
        except (MinikernelError, OSError):
            return None
