"""The guest's own symbol table (guest/kernel/kallsyms.s), read from its memory: what an oops prints comes from here."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import NamedTuple

from minikernel.elf.image import Image


class KallsymsEntry(NamedTuple):
    """One symbol as /proc/kallsyms shows it: address, nm's letter, name."""

    address: int
    kind: str
    name: str


def read_kallsyms(image: Image, read: Callable[[int, int], bytes] | None = None) -> tuple[KallsymsEntry, ...]:
    """Every entry in order of address. Raises ImageError when the image was linked without the tables."""
    reader = read or image.read
    (count,) = struct.unpack("<I", reader(image.address("kallsyms_num_syms"), 4))
    if count == 0:
        return ()
    addresses = struct.unpack(f"<{count}I", reader(image.address("kallsyms_addresses"), 4 * count))
    kinds = reader(image.address("kallsyms_types"), count).decode("ascii")
    offsets = struct.unpack(f"<{count}I", reader(image.address("kallsyms_name_offsets"), 4 * count))
    names = _strings(reader, image.address("kallsyms_names"), max(offsets))
    return tuple(
        KallsymsEntry(address, kind, names[offset : names.index(b"\0", offset)].decode("ascii"))
        for address, kind, offset in zip(addresses, kinds, offsets, strict=True)
    )


def _strings(read: Callable[[int, int], bytes], addr: int, last: int) -> bytes:
    """The bytes from `addr` to the NUL of the string that begins at offset `last`."""
    strings = bytearray(read(addr, last + 1))
    while strings[-1]:
        strings += read(addr + len(strings), 1)
    return bytes(strings)
