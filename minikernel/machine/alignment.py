"""SCTLR.A: which loads and stores need an aligned address (ARM DDI 0406C, A3.2.1, table A3-1). ARM state.

The engine checks exclusive accesses only. While a guest has SCTLR.A set, every instruction is looked at here, which is
slow; nobody but such a guest pays for it.
"""

from __future__ import annotations

from minikernel.bits import bit, bits

COND_NEVER = 0xF
WORD, HALFWORD, BYTE = 4, 2, 1

CPSR_N, CPSR_Z, CPSR_C, CPSR_V = 31, 30, 29, 28


def required_alignment(word: int) -> int:
    """Bytes that the address must be a multiple of when SCTLR.A is set; 1 for byte accesses and everything else."""
    if word >> 28 == COND_NEVER:
        return WORD if word & 0x0E00_0000 == 0x0800_0000 else BYTE  # rfe, srs
    match bits(word, 27, 25):
        case 0b010:
            return BYTE if bit(word, 22) else WORD
        case 0b011 if not bit(word, 4):
            return BYTE if bit(word, 22) else WORD
        case 0b100:
            return WORD
        case 0b110:  # vldr and kin, but not the two-register moves (mcrr, mrrc, vmov)
            return BYTE if word & 0x0FA0_0000 == 0x0C00_0000 else WORD
        case 0b000 if bit(word, 7) and bit(word, 4) and bits(word, 6, 5):
            return _extra(word)
    return BYTE


def is_store(word: int) -> bool:
    """For an instruction with required_alignment() above 1: does it write memory?"""
    if bits(word, 27, 25) == 0b000 and bits(word, 6, 5) == 0b10:  # ldrd has the L bit of a store
        return False
    return not bit(word, 20)


def condition_passed(word: int, cpsr: int) -> bool:
    """Is the instruction executed with these flags (A8.3)?"""
    condition = word >> 28
    n, z, c, v = (bit(cpsr, flag) for flag in (CPSR_N, CPSR_Z, CPSR_C, CPSR_V))
    passed = (z, c, n, v, c and not z, n == v, n == v and not z, True)[condition >> 1]
    return bool(passed) != bool(condition & 1) or condition >= 0xE


def _extra(word: int) -> int:
    """Halfword, signed and dual transfers: bits 6:5 and L."""
    is_load, kind = bit(word, 20), bits(word, 6, 5)
    if kind == 0b01:
        return HALFWORD
    if is_load:
        return BYTE if kind == 0b10 else HALFWORD  # ldrsb, ldrsh
    return WORD  # ldrd, strd
