"""Floor 0. Arithmetic on 32-bit words; every function takes and gives plain ints."""

from __future__ import annotations

WORD_MASK = 0xFFFF_FFFF


def u32(value: int) -> int:
    """The value modulo 2**32, 0 <= result < 2**32."""
    return value & WORD_MASK


def sign_extend(value: int, bits: int) -> int:
    """The low `bits` bits of value read as two's complement."""
    sign = 1 << (bits - 1)
    return ((value & ((1 << bits) - 1)) ^ sign) - sign


def s32(value: int) -> int:
    """The low 32 bits read as two's complement."""
    return sign_extend(value, 32)


def align_up(value: int, alignment: int) -> int:
    """The least multiple of alignment (a power of two) that is >= value."""
    return (value + alignment - 1) & -alignment


def align_down(value: int, alignment: int) -> int:
    """The greatest multiple of alignment (a power of two) that is <= value."""
    return value & -alignment


def bit(value: int, position: int) -> int:
    """0 or 1."""
    return (value >> position) & 1


def bits(value: int, high: int, low: int) -> int:
    """Bits high..low inclusive, as the ARM manuals write value<high:low>."""
    return (value >> low) & ((1 << (high - low + 1)) - 1)
