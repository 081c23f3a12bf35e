"""Names for addresses and addresses for names: the kernel's symbols, those of loaded modules, and source lines."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from minikernel.elf.image import Image
from minikernel.elf.line_table import LineTable, SourceLine
from minikernel.errors import UsageError, near_names

HEAD_SECTION = ".head.text"
_FILE_LINE = re.compile(r"(?P<file>[^\s:]*[^\s:\d][^\s:]*):(?P<line>\d+)$")


class ModuleSymbol(NamedTuple):
    """A symbol of a loaded module at its final address; `size` 0 when it is not known."""

    name: str
    value: int
    size: int = 0


@dataclass(frozen=True, eq=False)
class ModuleSymbols:
    """What is known of one loaded module: its memory as ranges [start, end), its symbols, its lines if it has any."""

    name: str
    ranges: tuple[tuple[int, int], ...]
    symbols: tuple[ModuleSymbol, ...]
    lines: LineTable | None = None

    @cached_property
    def _sorted(self) -> tuple[ModuleSymbol, ...]:
        return tuple(sorted(self.symbols, key=lambda symbol: symbol.value))

    def symbolize(self, addr: int) -> str | None:
        """`name+0x10 [module]`; None for an address outside the module."""
        start = next((start for start, end in self.ranges if start <= addr < end), None)
        if start is None:
            return None
        index = bisect_right(self._sorted, addr, key=lambda symbol: symbol.value) - 1
        if index < 0 or self._sorted[index].value < start:
            return f"{addr:#010x} [{self.name}]"
        symbol = self._sorted[index]
        offset = addr - symbol.value
        return f"{symbol.name}+{offset:#x} [{self.name}]" if offset else f"{symbol.name} [{self.name}]"


@dataclass(frozen=True)
class _Head:
    """The code that runs before the MMU is on, at the physical addresses [start, end) where it was loaded; linked
    `offset` above them."""

    start: int
    end: int
    offset: int

    @classmethod
    def of(cls, image: Image) -> _Head | None:
        """None where an image has no such section, or is linked where it is loaded."""
        section = next((each for each in image.sections if each.name == HEAD_SECTION), None)
        segments = (each for each in image.segments if section and 0 <= section.addr - each.vaddr < each.memsz)
        segment = next(segments, None)
        if section is None or segment is None or segment.vaddr == segment.paddr:
            return None
        offset = segment.vaddr - segment.paddr
        return cls(section.addr - offset, section.addr + section.size - offset, offset)

    def is_loaded(self, addr: int) -> bool:
        """It is a physical address of this code."""
        return self.start <= addr < self.end

    def with_loaded(self, lines: LineTable) -> LineTable:
        """The table with the same lines at the physical addresses, too."""
        moved = (row._replace(addr=row.addr - self.offset, end=row.end - self.offset) for row in lines.rows)
        return lines.joined(LineTable(tuple(row for row in moved if self.is_loaded(row.addr))))


class Symbols:
    """Of one image and the modules that were told of. `lines` None: the image's own line table."""

    def __init__(self, image: Image, lines: LineTable | None = None) -> None:
        self._image = image
        self._head = _Head.of(image)
        kernel_lines = LineTable.from_image(image) if lines is None else lines
        self._kernel_lines = kernel_lines if self._head is None else self._head.with_loaded(kernel_lines)
        self._modules: dict[str, ModuleSymbols] = {}
        self.lines = self._kernel_lines
        self._named: dict[int, str] = {}
        self._former: dict[str, tuple[int, str]] = {}

    def add_module(self, module: ModuleSymbols) -> None:
        """Know a module, in the place of one of that name."""
        self._forget(module.name)
        self._modules[module.name] = module
        self._join_lines()

    def remove_module(self, name: str) -> None:
        """Know it no longer; nothing happens when it is not known."""
        self._forget(name)
        self._join_lines()

    def _forget(self, name: str) -> None:
        module = self._modules.pop(name, None)
        if module is not None:
            self.add_former(name, module.symbols)

    def add_former(self, module: str, symbols: Iterable[ModuleSymbol]) -> None:
        """Remember what a module's symbols were: they name freed memory in its history, and nothing else."""
        self._former |= {symbol.name: (symbol.value, module) for symbol in symbols}

    def former_value(self, name: str) -> int | None:
        """Where a symbol was that has gone with its memory; None for one never known."""
        return self._former[name][0] if name in self._former else None

    def memory_name(self, addr: int) -> str:
        """symbolize(), and where nothing has a name now, the symbol that was there: `hello_init [hello]`."""
        name = self.symbolize(addr)
        if not name.startswith("0x"):
            return name
        known = [f"{was} [{module}]" for was, (value, module) in self._former.items() if value == addr]
        return known[-1] if known else name

    def _join_lines(self) -> None:
        self._named.clear()
        self.lines = self._kernel_lines.joined(*(each.lines for each in self._modules.values() if each.lines))

    @property
    def modules(self) -> tuple[ModuleSymbols, ...]:
        """Those known."""
        return tuple(self._modules.values())

    def value(self, name: str) -> int | None:
        """The value of a symbol: the kernel's, else of the module known first."""
        symbol = self._image.get(name)
        if symbol is not None:
            return symbol.value
        for module in self._modules.values():
            for each in module.symbols:
                if each.name == name:
                    return each.value
        return None

    def size(self, name: str) -> int:
        """The size in bytes of what a symbol names; 0 when it is not known."""
        symbol = self._image.get(name)
        if symbol is not None:
            return symbol.size
        return next((s.size for module in self._modules.values() for s in module.symbols if s.name == name), 0)

    def names(self) -> Iterable[str]:
        """All of them."""
        yield from (symbol.name for symbol in self._image.symbols)
        for module in self._modules.values():
            yield from (symbol.name for symbol in module.symbols)

    def symbolize(self, addr: int) -> str:
        """`do_initcalls+0x14`, with ` [module]` behind a module's, or `0x0000abcd`."""
        name = self._named.get(addr)
        if name is None:
            name = self._named[addr] = self._symbolize(addr)
        return name

    def _symbolize(self, addr: int) -> str:
        for module in self._modules.values():
            name = module.symbolize(addr)
            if name is not None:
                return name
        if self._head is not None and self._head.is_loaded(addr):
            addr += self._head.offset
        return self._image.symbolize(addr)

    def loaded_at(self, addr: int) -> int | None:
        """Where code of the kernel's head was loaded and runs, the MMU being off; None for other addresses."""
        head = self._head
        return addr - head.offset if head is not None and head.is_loaded(addr - head.offset) else None

    def function(self, addr: int) -> str:
        """The symbol an address lies in, without the offset."""
        return self.symbolize(addr).split("+")[0]

    def line_at(self, addr: int) -> SourceLine | None:
        """Where the code at `addr` was written."""
        return self.lines.line_at(addr)

    def file_line(self, text: str) -> tuple[int, ...] | None:
        """The addresses of `file:line`, or of the first line below it that makes code; None for another kind of text.
        Raises UsageError for a file or line without code."""
        found = _FILE_LINE.match(text)
        if found is None:
            return None
        file, line = found["file"], int(found["line"])
        place = self.lines.line_with_code(file, line)
        if place is not None:
            return self.lines.addresses(place.file, place.line)
        if not self.lines.matching_files(file):
            files = [path.rsplit("/", 1)[-1] for path in self.lines.files]
            raise UsageError(f"no source file {file!r} with code in this kernel{near_names(file, files)}")
        raise UsageError(f"{file} has no code at or below line {line}")
