"""Where a load or store begins: the engine tells the page of a refused access, the architecture wants the byte.

Source: ARM DDI 0406C, A5.3 (load/store), A5.5 (block transfer), A5.2.8 and A5.2.10 (extra, synchronization), A7.6
(extension registers). ARM state only. Registers are those before the instruction; a PC base reads as its
address + 8.
"""

from __future__ import annotations

from collections.abc import Callable

from minikernel.bits import bit, bits, u32
from minikernel.machine.mmu import PAGE_SHIFT

PC = 15
COND_NEVER = 0xF


def first_address(word: int, register: Callable[[int], int], carry: bool) -> int | None:
    """The lowest address the instruction accesses; None when it is no load or store of ARM state."""
    if word >> 28 == COND_NEVER:
        is_memory = word & 0x0E00_0000 == 0x0800_0000 or word & 0x0F10_0000 == 0x0400_0000  # rfe srs, vld vst
        return register(bits(word, 19, 16)) if is_memory else None
    base = register(bits(word, 19, 16))
    match bits(word, 27, 25):
        case 0b010:
            return _indexed(word, base, bits(word, 11, 0))
        case 0b011 if not bit(word, 4):
            return _indexed(word, base, _shifted(word, register, carry))
        case 0b100:
            return _block(word, base, 4 * bits(word, 15, 0).bit_count())
        case 0b110:
            return _extension(word, base)
        case 0b000 if bit(word, 7) and bit(word, 4):
            return _extra(word, base, register)
    return None


def fault_address(page: int, first: int | None) -> int:
    """The faulting byte, given the address of the refused page and where the access began.

    An access that began in an earlier page faults at the first byte of this one.
    """
    if first is not None and first >> PAGE_SHIFT == page >> PAGE_SHIFT:
        return first
    return page


def _indexed(word: int, base: int, offset: int) -> int:
    if not bit(word, 24):  # post-indexed
        return base
    return u32(base + offset if bit(word, 23) else base - offset)


def _extra(word: int, base: int, register: Callable[[int], int]) -> int | None:
    if bits(word, 6, 5) == 0:  # swp, ldrex, strex; the rest of this space multiplies
        return base if bit(word, 24) else None
    offset = bits(word, 11, 8) << 4 | bits(word, 3, 0) if bit(word, 22) else register(bits(word, 3, 0))
    return _indexed(word, base, offset)


def _block(word: int, base: int, size: int) -> int:
    """ldm and stm: IA, IB, DA, DB."""
    before, up = bit(word, 24), bit(word, 23)
    if up:
        return u32(base + 4 * before)
    return u32(base - size + 4 * (not before))


def _extension(word: int, base: int) -> int:
    """vldr vstr vldm vstm, and ldc stc in general: offsets count words."""
    size = 4 * bits(word, 7, 0)
    if bit(word, 24) and not bit(word, 21):  # offset form
        return u32(base + size if bit(word, 23) else base - size)
    return base if bit(word, 23) else u32(base - size)


def _shifted(word: int, register: Callable[[int], int], carry: bool) -> int:
    """Rm shifted by an immediate (A8.4.3)."""
    value, amount = register(bits(word, 3, 0)), bits(word, 11, 7)
    match bits(word, 6, 5):
        case 0:
            return u32(value << amount)
        case 1:
            return value >> (amount or 32)
        case 2:
            signed = value - (1 << 32) if bit(value, 31) else value
            return u32(signed >> (amount or 32))
    if amount == 0:  # rrx
        return carry << 31 | value >> 1
    return u32(value >> amount | value << (32 - amount))
