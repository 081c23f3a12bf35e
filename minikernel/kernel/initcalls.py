"""The initcall tables, as the linker script strings them together (guest/kernel/vmlinux.lds, Linux's INIT_CALLS).

A table is words between two symbols; a word is the address of an init routine. `read_tables` takes the words from an
image that was never run or from guest memory: until init memory is freed both say the same, then memory is poison.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator

from minikernel.elf.image import Image
from minikernel.errors import ImageError
from minikernel.kernel.errno import errno_name
from minikernel.showing import Table
from minikernel.values import dataclass

#: do_initcall_level's argument -> the name Linux prints.
LEVEL_NAMES = ("pure", "core", "postcore", "arch", "subsys", "fs", "device", "late")

#: level, first word, end. rootfs stands inside fs and runs as part of it.
TABLES = (
    ("console", "__con_initcall_start", "__con_initcall_end"),
    ("early", "__initcall_start", "__initcall0_start"),
    ("pure", "__initcall0_start", "__initcall1_start"),
    ("core", "__initcall1_start", "__initcall2_start"),
    ("postcore", "__initcall2_start", "__initcall3_start"),
    ("arch", "__initcall3_start", "__initcall4_start"),
    ("subsys", "__initcall4_start", "__initcall5_start"),
    ("fs", "__initcall5_start", "__initcallrootfs_start"),
    ("rootfs", "__initcallrootfs_start", "__initcall6_start"),
    ("device", "__initcall6_start", "__initcall7_start"),
    ("late", "__initcall7_start", "__initcall_end"),
    ("deferred", "__def_initcall_start", "__def_initcall_end"),
)

DEFERRED_LEVEL = "deferred"
LEVELS = tuple(level for level, _, _ in TABLES)

#: The level of a module's init.
MODULE_LEVEL = "module"

#: What an address in no table is called: a routine that something else handed to do_one_initcall.
OTHER_LEVEL = "other"

#: Reads `size` bytes at a guest virtual address.
Reader = Callable[[int, int], bytes]


@dataclass(frozen=True)
class Initcall:
    """One table entry: the routine's name and address, its level, and the address of the entry itself."""

    name: str
    level: str
    address: int
    entry: int


def read_tables(image: Image, read: Reader | None = None) -> tuple[Initcall, ...]:
    """Every entry in the order it runs, `deferred` last. Raises ImageError for missing or wrong bounds."""
    reader = read or image.read
    return tuple(call for level, start, end in TABLES for call in _read_table(image, reader, level, start, end))


def _read_table(image: Image, read: Reader, level: str, start_name: str, end_name: str) -> Iterator[Initcall]:
    start, end = image.address(start_name), image.address(end_name)
    if end < start or (end - start) % 4:
        message = f"the {level} initcall table ends at {end:#x} ({end_name}), it starts at {start:#x} ({start_name})"
        raise ImageError(message, image.name, "initcall tables")
    words = read(start, end - start) if end > start else b""
    for index, (address,) in enumerate(struct.iter_unpack("<I", words)):
        yield Initcall(image.symbolize(address), level, address, start + 4 * index)


@dataclass(frozen=True)
class InitcallRun:
    """One run of an init routine, in the trace's words: times in microseconds of virtual time since reset."""

    name: str
    level: str
    address: int
    called_us: int
    returned: int
    usecs: int


class Initcalls(Table[InitcallRun]):
    """Runs in the order they were called."""

    headings = ("initcall", "level", "address", "called", "returned", "took")

    @staticmethod
    def row(item: InitcallRun) -> tuple[str, ...]:
        """`gic_init early 0xc0026000 1,700 us 0 3 us`."""
        error = f" {errno_name(item.returned)}" if item.returned else ""
        called, took = f"{item.called_us:,} us", f"{item.usecs:,} us"
        return item.name, item.level, f"{item.address:#010x}", called, f"{item.returned}{error}", took
