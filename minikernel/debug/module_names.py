"""Loaded modules' names and source lines for the debugger, as the guest's module list has them at each stop.

Whoever shows stops calls update() first: the command line, IPython, the server for gdb.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property

from minikernel.debug.symbols import ModuleSymbol, ModuleSymbols, Symbols
from minikernel.elf.constants import SectionFlag, SymbolKind, is_mapping_symbol
from minikernel.elf.image import Image
from minikernel.elf.line_table import LineTable
from minikernel.elf.object_file import ObjectFile, Section
from minikernel.errors import MinikernelError
from minikernel.kernel.machine import KernelMachine
from minikernel.kernel.modules import Module

#: What module_init and module_exit call the author's functions once more. Of two names at one address the later one in
#: the table is shown, so these come first.
ALIASES = frozenset({"init_module", "cleanup_module"})

#: What the user program is called: `main+0x10 [init]`.
PROGRAM = "init"


@dataclass
class ModuleNames:
    """Keeps `symbols` in step with the machine. `find` gives the bytes of a NAME.ko, for its lines; `files` those of
    modules that came from the reader's own files. `program` is the user program, /init with its symbols and lines: its
    names are known while it is what memory holds at its addresses."""

    machine: KernelMachine
    symbols: Symbols
    find: Callable[[str], bytes]
    files: dict[str, bytes] = field(default_factory=dict)
    program: bytes = b""
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
                self.symbols.add_former(name, self._freed_symbols(module))
        self._known = now
        self._update_program()

    def _update_program(self) -> None:
        if not self.program:
            return
        is_there = is_in_memory(self.machine, self._program_image)
        is_known = any(module.name == PROGRAM for module in self.symbols.modules)
        if is_there and not is_known:
            self.symbols.add_module(_program_symbols(self._program_image))
        elif is_known and not is_there:
            self.symbols.remove_module(PROGRAM)

    @cached_property
    def _program_image(self) -> Image:
        return Image.from_bytes(self.program, PROGRAM)

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

    def _freed_symbols(self, module: Module) -> Iterator[ModuleSymbol]:
        """Functions and data of its init sections, when those are gone: the guest knows them no more, the file does."""
        file = self._file(module)
        there = {each.name: each.address for each in module.sections}
        for symbol in () if file is None else file.symbols:
            section = symbol.section.name if isinstance(symbol.section, Section) else ""
            is_named = symbol.kind in (SymbolKind.FUNC, SymbolKind.OBJECT) and symbol.name not in ALIASES
            address = there.get(section, 0) + symbol.value
            if section in there and is_named and not any(address in memory for memory in module.memory):
                yield ModuleSymbol(symbol.name, address, symbol.size)

    def _lines(self, module: Module, ranges: tuple[tuple[int, int], ...]) -> LineTable | None:
        """None for a module whose file is not known or has no lines."""
        sections = {each.name: each.address for each in module.sections}
        here = {name: at for name, at in sections.items() if any(start <= at < end for start, end in ranges)}
        file = self._file(module)
        try:
            return None if file is None else LineTable.from_module(file, here, module.name)
        except MinikernelError:
            return None

    def _file(self, module: Module) -> ObjectFile | None:
        """The object file it came from; None where that is not known."""
        try:
            return ObjectFile.from_bytes(self.files.get(module.name) or self.find(module.name))
        except (MinikernelError, OSError):
            return None


def is_in_memory(machine: KernelMachine, image: Image) -> bool:
    """Memory holds the program's code, where the program has it."""
    code = next(section for section in image.sections if section.is_loaded and section.flags & SectionFlag.EXECINSTR)
    try:
        return machine.read(code.addr, code.size) == image.read(code.addr, code.size)
    except MinikernelError:
        return False


def _program_symbols(image: Image) -> ModuleSymbols:
    ranges = tuple((segment.vaddr, segment.vaddr + segment.memsz) for segment in image.segments)
    inside = (s for s in image.symbols if s.name and any(start <= s.value < end for start, end in ranges))
    symbols = tuple(ModuleSymbol(s.name, s.value, s.size) for s in inside if not is_mapping_symbol(s.name))
    return ModuleSymbols(PROGRAM, ranges, symbols, LineTable.from_image(image))
