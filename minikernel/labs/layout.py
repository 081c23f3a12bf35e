"""Where every piece of every object lies in a kernel image: the link once more, as far as its addresses.

The image's own symbols are not asked: a student's linker script may have said what they are.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import PurePosixPath

from minikernel.elf.constants import SectionFlag, is_mapping_symbol
from minikernel.elf.object_file import ObjectFile, Symbol
from minikernel.toolchain.build import Build
from minikernel.toolchain.kallsyms import OBJECT_NAME as KALLSYMS
from minikernel.toolchain.layout import assign_addresses
from minikernel.toolchain.link_state import InputSection, Link
from minikernel.toolchain.linker import prepare
from minikernel.toolchain.script import LinkerScript
from minikernel.toolchain.units import kernel_units

SCRIPT = "kernel/vmlinux.lds"
GENERATED = ("generated/exports.o", "generated/version.o", "generated/initramfs_data.o", KALLSYMS)


def source_of(object_name: str) -> str:
    """`drivers/gic.o` -> `drivers/gic.s`."""
    return PurePosixPath(object_name).with_suffix(".s").as_posix()


@dataclass(frozen=True, eq=False)
class Piece:
    """One section of one object in memory: virtual [addr, addr + size), loaded at `lma`."""

    object_name: str
    index: int
    name: str
    addr: int
    lma: int
    size: int
    is_writable: bool

    @property
    def end(self) -> int:
        """The first address behind it."""
        return self.addr + self.size


@dataclass(frozen=True, eq=False)
class Linked:
    """A finished build and its layout: what can be compared when its sources are gone."""

    build: Build
    layout: Layout

    @classmethod
    def of(cls, made: Build) -> Linked:
        """Reads what may lie in a cache or in a temporary folder."""
        return cls(replace(made, files=dict(made.files)), Layout(made))


class Layout:
    """Of one finished build. Reads the linker script where the build's sources are."""

    def __init__(self, made: Build) -> None:
        names = (*(unit.object_name for unit in kernel_units(made.config)), *GENERATED)
        self.objects = {name: ObjectFile.from_bytes(made.files[name], name) for name in names}
        script = LinkerScript.read(made.config.tree / SCRIPT, SCRIPT)
        self.state: Link = prepare(list(self.objects.items()), script)
        assign_addresses(self.state)

    @cached_property
    def pieces(self) -> tuple[Piece, ...]:
        """Everything that occupies memory, by address."""
        return tuple(sorted(self._pieces(), key=lambda piece: piece.addr))

    def _pieces(self) -> Iterator[Piece]:
        for name, obj in self.objects.items():
            for index, section in enumerate(obj.sections):
                item = self.state.inputs.get(id(section))
                if item is None or item.output is None or not section.size or not item.output.is_allocated:
                    continue
                if section.flags & SectionFlag.ALLOC and item.output.is_kept:
                    lma = item.output.lma + item.offset
                    writable = bool(section.flags & SectionFlag.WRITE)
                    yield Piece(name, index, section.name, item.addr, lma, section.size, writable)

    def item(self, object_name: str, index: int) -> InputSection | None:
        """What the linker knows of a section of an object."""
        return self.state.inputs.get(id(self.objects[object_name].sections[index]))

    @cached_property
    def _starts(self) -> list[int]:
        return [piece.addr for piece in self.pieces]

    def piece_at(self, addr: int) -> Piece | None:
        """What lies at a virtual address."""
        index = bisect_right(self._starts, addr) - 1
        if index < 0 or addr >= self.pieces[index].end:
            return None
        return self.pieces[index]

    @cached_property
    def load_offset(self) -> int:
        """Virtual minus physical address of the first piece."""
        return self.pieces[0].addr - self.pieces[0].lma if self.pieces else 0

    def named(self, object_name: str) -> Iterator[Symbol]:
        """The symbols of an object that have a name of their own: no mapping symbol, no `.L` label, no section."""
        for symbol in self.objects[object_name].symbols:
            is_named = symbol.name and not symbol.name.startswith(".L") and not is_mapping_symbol(symbol.name)
            if is_named and symbol.is_defined and symbol.kind in _NAMED:
                yield symbol


_NAMED = {0, 1, 2}  # NOTYPE, OBJECT, FUNC
