"""The kernel log, read from the guest's ring buffer (guest/kernel/printk.s).

log_next counts every byte ever written; byte n lies at __log_buf[n % log_buf_len]. A line is `<6>[    0.012345] text`;
as dmesg(1) shows it, without the level in front.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable

from minikernel.elf.image import Image

_LEVEL = re.compile(r"^<\d+>", re.MULTILINE)


def read_log(image: Image, read: Callable[[int, int], bytes]) -> str:
    """Every whole line the buffer still holds, with its level. `read` reads guest memory. Raises ImageError."""
    size = _word(read, image.address("log_buf_len"))
    written = _word(read, image.address("log_next"))
    start = image.address("__log_buf")
    if written <= size:
        ring = read(start, written)
    else:
        ring = read(start, size)
        wrap = written % size
        _, _, ring = (ring[wrap:] + ring[:wrap]).partition(b"\n")  # the oldest line has lost its head
    return ring.decode("utf-8", "replace")


def without_levels(log: str) -> str:
    """The log as dmesg(1) prints it."""
    return _LEVEL.sub("", log)


def _word(read: Callable[[int, int], bytes], addr: int) -> int:
    (value,) = struct.unpack("<I", read(addr, 4))
    return int(value)
