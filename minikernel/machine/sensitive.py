"""Instructions after which the machine has something to look at, found in the words of a code page.

  UNMASK  may clear CPSR.I: an interrupt that waits is taken right behind it.
  TLB     TLB maintenance: our TLB forgets with the engine's.
  CODE    invalidates the instruction cache: what was written is what is executed from here on.
  COUNTER reads the cycle counter or the generic timer's count, which in the engine are the host's clock.
  CONTROL writes a register that translation or exception entry depends on.

Encodings: ARM DDI 0406C, A5 and A8/B9. ARM state only: that is what kernels of this machine are written in.
Nothing is missed; a word of data that looks like one of these costs a glance when code near it runs, nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum, auto
from typing import NamedTuple

from minikernel.bits import bit, bits


class Sensitivity(Enum):
    """Why an instruction is watched."""

    UNMASK = auto()
    TLB = auto()
    CODE = auto()
    CONTROL = auto()
    COUNTER = auto()


class Counter(Enum):
    """The counters a program can read, all driven by virtual time here."""

    CYCLES = auto()  # PMCCNTR: instructions, for each takes one cycle
    GENERIC_TIMER = auto()  # CNTPCT and CNTVCT: 64 bits at CNTFRQ


class SensitiveSpot(NamedTuple):
    """Word number `word` of a page is sensitive; every straight run that reaches it begins at `start` or later."""

    word: int
    start: int
    sensitivity: Sensitivity


COND_NEVER = 0xF
PC = 15
CRN_TLB = 8
CRN_CACHE = 7
INSTRUCTION_CACHE = frozenset({(1, 0), (5, 0), (5, 1)})  # CRm, opc2: ICIALLUIS, ICIALLU, ICIMVAU
TLB_CRM = frozenset({3, 5, 6, 7})
TLB_OPC2 = range(4)
CRN_CONTROL = frozenset({1, 2, 3, 12, 13})
COMPARE_OPCODES = range(8, 12)  # tst teq cmp cmn write no register

# Bits 27:20 of everything classify() knows; most words fall through here.
_CANDIDATES = frozenset(
    [
        *range(0xE0, 0x100, 2),
        0xE1,
        0xC5,
        0x12,
        0x32,
        0x10,
        *range(0x01, 0x40, 2),
        *(v for v in range(0x80, 0xA0) if v & 1),
    ]
)


def classify(word: int) -> Sensitivity | None:
    """Why this instruction is sensitive; None for nearly all."""
    if word >> 28 == COND_NEVER:
        return Sensitivity.UNMASK if _is_cps_enabling_irq(word) or _is_rfe(word) else None
    if word & 0x0F10_0F10 == 0x0E00_0F10:  # mcr p15
        crn = bits(word, 19, 16)
        if crn == CRN_TLB:
            return Sensitivity.TLB if _is_tlb_operation(word) else None
        if crn == CRN_CACHE:
            return Sensitivity.CODE if _is_code_invalidated(word) else None
        return Sensitivity.CONTROL if crn in CRN_CONTROL else None
    if counter_read_by(word) is not None:
        return Sensitivity.COUNTER
    if _is_msr_cpsr_c(word) or _is_exception_return(word):
        return Sensitivity.UNMASK
    return None


def counter_read_by(word: int) -> Counter | None:
    """The counter that an mrc or mrrc of coprocessor 15 reads; None for any other instruction."""
    if word & 0x0FFF_0FFF == 0x0E19_0F1D:  # mrc p15, 0, Rt, c9, c13, 0
        return Counter.CYCLES
    if word & 0x0FF0_0FEF == 0x0C50_0F0E:  # mrrc p15, 0 or 1, Rt, Rt2, c14
        return Counter.GENERIC_TIMER
    return None


def find_sensitive(words: Sequence[int]) -> list[SensitiveSpot]:
    """All sensitive words of a page, in order."""
    candidates = [i for i, word in enumerate(words) if word >> 20 & 0xFF in _CANDIDATES]
    spots = []
    for index in candidates:
        sensitivity = classify(words[index])
        if sensitivity is not None:
            spots.append(SensitiveSpot(index, run_start(words, index), sensitivity))
    return spots


def run_start(words: Sequence[int], index: int) -> int:
    """The lowest index from which control can fall through to `index` without a branch between."""
    while index > 0 and not ends_run(words[index - 1]):
        index -= 1
    return index


def ends_run(word: int) -> bool:
    """True for an instruction after which the engine surely begins a new block: branches and writes of the PC."""
    if word >> 28 == COND_NEVER:
        return bits(word, 27, 25) == 0b101
    match bits(word, 27, 25):
        case 0b101:  # b, bl
            return True
        case 0b100:  # ldm with the pc
            return bool(bit(word, 20) and bit(word, PC))
        case 0b010:  # ldr pc, [...]
            return bool(bit(word, 20) and bits(word, 15, 12) == PC)
        case 0b111:  # svc
            return bool(bit(word, 24))
        case 0b000:  # bx, blx
            return word & 0x0FFF_FFD0 == 0x012F_FF10
    return False


def is_unprivileged_transfer(word: int) -> bool:
    """True for ldrt, strt and their byte and halfword forms: accesses with user permissions from any mode."""
    if word >> 28 == COND_NEVER or bit(word, 24) or not bit(word, 21):
        return False
    match bits(word, 27, 25):
        case 0b010:
            return True
        case 0b011:
            return not bit(word, 4)
        case 0b000:
            return bool(bit(word, 7) and bit(word, 4) and bits(word, 6, 5))
    return False


def _is_tlb_operation(word: int) -> bool:
    """mcr p15, 0, Rt, c8, CRm, opc2: inner shareable, instruction, data, unified; opc2 says which."""
    return bits(word, 23, 21) == 0 and bits(word, 3, 0) in TLB_CRM and bits(word, 7, 5) in TLB_OPC2


def _is_code_invalidated(word: int) -> bool:
    """mcr p15, 0, Rt, c7, CRm, opc2 of the instruction cache."""
    return bits(word, 23, 21) == 0 and (bits(word, 3, 0), bits(word, 7, 5)) in INSTRUCTION_CACHE


def _is_cps_enabling_irq(word: int) -> bool:
    return word & 0xFFF1_FE20 == 0xF100_0000 and bits(word, 19, 18) == 0b10 and bool(bit(word, 7))


def _is_rfe(word: int) -> bool:
    return word & 0xFE50_FFFF == 0xF810_0A00


def _is_msr_cpsr_c(word: int) -> bool:
    return word & 0x0FF1_FFF0 == 0x0121_F000 or word & 0x0FF1_F000 == 0x0321_F000


def _is_exception_return(word: int) -> bool:
    """movs/subs pc and their kin, and ldm with the pc and ^."""
    if word & 0x0E50_8000 == 0x0850_8000:
        return True
    if word & 0x0C10_F000 != 0x0010_F000 or bits(word, 24, 21) in COMPARE_OPCODES:
        return False
    is_multiply_or_halfword = not bit(word, 25) and bit(word, 7) and bit(word, 4)
    return not is_multiply_or_halfword
