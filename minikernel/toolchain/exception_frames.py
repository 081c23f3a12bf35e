"""Where the chain of callers ends or goes on in another way: exceptions, and functions that nobody has called.

What call_frames.py writes into `.debug_frame` about them is read from the code (ARM ARM, A8.8 and B9.3):

* A stub that the vectors lead to stores its return state with `srsdb`, all registers with `stmia sp, {r0-r12}` and
  keeps their address: struct pt_regs (guest/include/ptrace.inc), in r4.
* A function that calls others and never looks at lr has no caller to return to: the first instruction of the kernel,
  the way back to user mode, a program's entry.
"""

from __future__ import annotations

from collections.abc import Sequence

from minikernel.values import dataclass

R4, SP, LR, PC = 4, 13, 14, 15

_SRSDB_SVC = 0xF96D_0513  # srsdb sp!, #19
_STMIA_ALL = 0xE88D_1FFF  # stmia sp, {r0-r12}
_MOV_R4_SP = 0xE1A0_400D
_RETURN_STATE = 8  # bytes that srsdb pushes: return address, cpsr
_IMMEDIATE = 0xFF


@dataclass(frozen=True)
class Stub:
    """struct pt_regs as a stub makes it: its size, the offset at which each register is saved, in which register its
    address is by the time of the calls, and the offsets of these in the function. A call that is the last instruction
    does not return: it is none of them."""

    size: int
    saved: dict[int, int]
    calls: tuple[int, ...]
    pt_regs: int = R4

    @classmethod
    def read(cls, words: Sequence[int]) -> Stub | None:
        """The stub that these words are; None when they are something else."""
        if _SRSDB_SVC not in words[:2] or _STMIA_ALL not in words or _MOV_R4_SP not in words:
            return None
        pc_at = _constant(words, 0xE24D_D000)  # sub sp, sp, #PT_PC
        sp_at = _constant(words, 0xE28D_0000)  # add r0, sp, #PT_SP
        if pc_at is None or sp_at is None:
            return None
        saved = {register: 4 * register for register in range(13)} | {SP: sp_at, LR: sp_at + 4, PC: pc_at}
        known = words.index(_MOV_R4_SP)
        calls = tuple(4 * index for index in range(known, len(words) - 1) if _is_call(words[index]))
        return cls(pc_at + _RETURN_STATE, saved, calls)


def calls_without_return(words: Sequence[int]) -> bool:
    """It calls others, and nothing in it reads lr."""
    return any(map(_is_call, words)) and not any(map(_reads_lr, words))


def _constant(words: Sequence[int], instruction: int) -> int | None:
    """The constant in the first such instruction, below 256 as all offsets here are."""
    return next((word & _IMMEDIATE for word in words if word & ~_IMMEDIATE == instruction), None)


def _is_call(word: int) -> bool:
    """bl, or blx of a register."""
    return word >> 24 == 0xEB or word & 0x0FFF_FFF0 == 0x012F_FF30


def _reads_lr(word: int) -> bool:
    """Stores it, returns to it or computes with it; a word that is no instruction may look so too."""
    if word >> 28 == 0xF:  # cps and its kin (A5.7)
        return False
    return (
        (word & 0x0E10_0000 == 0x0800_0000 and word >> LR & 1 == 1)  # stm, push
        or word & 0x0C10_F000 == 0x0400_E000  # str
        or word & 0x0E00_000F == 0x0000_000E  # as a second operand, bx lr
        or word & 0x0C0F_0000 == 0x000E_0000  # as a first operand
    )
