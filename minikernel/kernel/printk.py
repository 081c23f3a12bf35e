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


def log_position(image: Image, read: Callable[[int, int], bytes]) -> int:
    """How many bytes were ever written: what comes behind is new. Raises ImageError."""
    return _word(read, image.address("log_next"))


def read_log(image: Image, read: Callable[[int, int], bytes], since: int = 0) -> str:
    """Every whole line the buffer still holds, with its level; those from the position `since` on. `read` reads guest
    memory. Raises ImageError."""
    size = _word(read, image.address("log_buf_len"))
    written = log_position(image, read)
    start = image.address("__log_buf")
    if written <= size:
        ring = read(start, written)
    else:
        ring = read(start, size)
        wrap = written % size
        ring = ring[wrap:] + ring[:wrap]
    wanted = min(written - since, len(ring))
    is_cut = written - since > wanted
    text = ring[len(ring) - wanted :]
    if is_cut:
        _, _, text = text.partition(b"\n")  # the oldest line has lost its head
    return text.decode("utf-8", "replace")


def without_levels(log: str) -> str:
    """The log as dmesg(1) prints it."""
    return _LEVEL.sub("", log)


def _word(read: Callable[[int, int], bytes], addr: int) -> int:
    (value,) = struct.unpack("<I", read(addr, 4))
    return int(value)
