"""The kernel log's ring."""

from __future__ import annotations

import struct

import pytest

from minikernel.elf.constants import SegmentFlag, SymbolBinding, SymbolKind
from minikernel.elf.image import Image, Segment, Symbol
from minikernel.kernel.printk import read_log, without_levels

BASE = 0xC0010000
SIZE = 64
FIRST, SECOND, THIRD = (f"<6>[    0.00000{n}] line {n} of the log\n" for n in (1, 2, 3))


def guest(written: bytes) -> Image:
    """An image whose ring of 64 bytes has taken `written`."""
    ring = bytearray(SIZE)
    for count, byte in enumerate(written):
        ring[count % SIZE] = byte
    data = struct.pack("<II", SIZE, len(written)) + bytes(ring)
    places = {"log_buf_len": BASE, "log_next": BASE + 4, "__log_buf": BASE + 8}
    symbols = [Symbol(n, a, 0, SymbolKind.NOTYPE, SymbolBinding.GLOBAL, ".bss") for n, a in places.items()]
    return Image("vmlinux", 0, (Segment(BASE, BASE, data, len(data), SegmentFlag.R),), (), tuple(symbols))


@pytest.mark.parametrize("text", ["", FIRST])
def test_log_that_has_not_wrapped_is_read_from_the_start(text: str) -> None:
    image = guest(text.encode())
    assert read_log(image, image.read) == text


def test_wrapped_log_begins_with_its_oldest_whole_line() -> None:
    image = guest((FIRST + SECOND + THIRD).encode())
    assert read_log(image, image.read) == THIRD


def test_levels_are_left_out_as_dmesg_does() -> None:
    assert without_levels(FIRST + SECOND) == FIRST[3:] + SECOND[3:]
    assert without_levels("<4>a <6>b\n") == "a <6>b\n"
