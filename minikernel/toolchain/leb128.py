"""Little-endian base 128 numbers of DWARF (version 4, 7.6): seven bits a byte, the top bit says that more follow."""

from __future__ import annotations


def uleb(value: int) -> bytes:
    """Unsigned."""
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def sleb(value: int) -> bytes:
    """Signed."""
    out = bytearray()
    while not -0x40 <= value <= 0x3F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value & 0x7F)
    return bytes(out)
