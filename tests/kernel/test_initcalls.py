"""The initcall tables of an image."""

from __future__ import annotations

import struct

import pytest

from minikernel.elf.constants import SectionFlag, SegmentFlag, SymbolBinding, SymbolKind
from minikernel.elf.image import Image, ImageSection, Segment, Symbol
from minikernel.errors import ImageError
from minikernel.kernel.initcalls import LEVELS, TABLES, Initcall, read_tables
from minikernel.kernel.kallsyms import KallsymsEntry, read_kallsyms

TEXT, DATA = 0xC0008000, 0xC0009000


def image(functions: dict[str, int], data: bytes, bounds: dict[str, int]) -> Image:
    """An image of one text section with empty functions, and one data section."""
    section = ImageSection(".text", 1, SectionFlag.ALLOC | SectionFlag.EXECINSTR, TEXT, 0, 0x1000, 4, bytes(0x1000))
    symbols = [Symbol(n, a, 4, SymbolKind.FUNC, SymbolBinding.GLOBAL, ".text") for n, a in functions.items()]
    symbols += [Symbol(n, a, 0, SymbolKind.NOTYPE, SymbolBinding.GLOBAL, ".data") for n, a in bounds.items()]
    segment = Segment(DATA, DATA - 0x40000000, data, len(data), SegmentFlag.R | SegmentFlag.W)
    return Image("vmlinux", 0, (segment,), (section,), tuple(symbols))


def tables(**entries: list[str]) -> Image:
    """An image whose tables hold the named functions, in the order of the linker script."""
    names = [name for level, _, _ in TABLES for name in entries.get(level, [])]
    functions = {name: TEXT + 16 * index for index, name in enumerate(dict.fromkeys(names))}
    bounds, words = {}, b""
    for level, start, end in TABLES:
        bounds.setdefault(start, DATA + len(words))
        words += b"".join(struct.pack("<I", functions[name]) for name in entries.get(level, []))
        bounds[end] = DATA + len(words)
    return image(functions, words, bounds)


def test_tables_are_read_in_level_and_link_order() -> None:
    found = read_tables(tables(early=["gic_init"], core=["b_init", "a_init"], deferred=["ehci_hcd_init"]))
    assert found == (
        Initcall("gic_init", "early", TEXT, DATA),
        Initcall("b_init", "core", TEXT + 16, DATA + 4),
        Initcall("a_init", "core", TEXT + 32, DATA + 8),
        Initcall("ehci_hcd_init", "deferred", TEXT + 48, DATA + 12),
    )


def test_rootfs_stands_between_fs_and_device() -> None:
    found = read_tables(tables(device=["d"], rootfs=["r"], fs=["f"]))
    assert [(call.name, call.level) for call in found] == [("f", "fs"), ("r", "rootfs"), ("d", "device")]


def test_empty_tables_are_no_error() -> None:
    assert read_tables(tables()) == ()


def test_words_can_come_from_guest_memory_instead() -> None:
    poison = struct.pack("<I", 0xE7FDDEF0)
    (call,) = read_tables(tables(deferred=["ehci_hcd_init"]), lambda addr, size: poison)
    assert (call.name, call.address) == ("0xe7fddef0", 0xE7FDDEF0)


def test_missing_bound_is_named() -> None:
    with pytest.raises(ImageError, match="__con_initcall_start"):
        read_tables(image({}, b"", {}))


def test_bounds_the_wrong_way_round_are_named_with_their_numbers() -> None:
    bounds = {name: DATA for _, start, end in TABLES for name in (start, end)}
    with pytest.raises(ImageError, match=r"deferred initcall table ends at 0xc0009000 .*starts at 0xc0009004"):
        read_tables(image({}, bytes(8), {**bounds, "__def_initcall_start": DATA + 4}))


def test_level_names_are_the_kernels_own() -> None:
    assert " ".join(LEVELS) == "console early pure core postcore arch subsys fs rootfs device late deferred"


def test_kallsyms_tables_are_read_as_proc_kallsyms_shows_them() -> None:
    names = b"alpha\0beta\0"
    data = struct.pack("<I", 2) + struct.pack("<2I", TEXT, TEXT + 4) + struct.pack("<2I", 0, 6) + b"Td\0\0" + names
    at = {"kallsyms_num_syms": 0, "kallsyms_addresses": 4, "kallsyms_name_offsets": 12, "kallsyms_types": 20}
    bounds = {name: DATA + offset for name, offset in at.items()} | {"kallsyms_names": DATA + 24}
    found = read_kallsyms(image({}, data, bounds))
    assert found == (KallsymsEntry(TEXT, "T", "alpha"), KallsymsEntry(TEXT + 4, "d", "beta"))
