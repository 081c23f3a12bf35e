"""Instruction text: the only file that imports capstone.

ARM state. What an operand points at is named: the target of a branch, the word a literal-pool load brings.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from capstone import CS_ARCH_ARM, CS_MODE_ARM, CS_MODE_V8, Cs

from minikernel.bits import bit, bits, u32

SIZE = 4
PC_AHEAD = 8  # the pc reads as the instruction's address + 8
COND_NEVER = 0xF

NO_POISONS: Mapping[int, str] = {}

Symbolize = Callable[[int], str]
ReadWord = Callable[[int], int | None]


@dataclass(frozen=True)
class Instruction:
    """One instruction. `text` is `bl 0xc0008c44`; `note` names what it points at, `<printk>`, or is empty.

    `target` is where a branch goes, None for everything else and for a branch to a register. `symbol` is the address
    as symbol+offset. `word` is None where memory cannot be read; the text then says so.
    """

    addr: int
    symbol: str
    word: int | None
    text: str
    note: str = ""
    target: int | None = None

    def __str__(self) -> str:
        return f"{self.addr:#010x} <{self.symbol}>: {self.text}" + (f"  {self.note}" if self.note else "")


def disassemble(
    addr: int, read_word: ReadWord, symbolize: Symbolize, poisons: Mapping[int, str] = NO_POISONS
) -> Instruction:
    """The instruction at `addr`. read_word(addr) gives None where nothing can be read; `poisons` names the words with
    which the kernel fills freed memory."""
    word = read_word(addr)
    if word is None:
        return Instruction(addr, symbolize(addr), None, "(no memory here)")
    text, target = instruction_text(word, addr), branch_target(word, addr)
    note = "" if target is None else f"<{symbolize(target)}>"
    pool = pool_address(word, addr)
    if pool is not None:
        value = read_word(pool)
        note = "" if value is None else f"={_named(value, symbolize)}"
    if word in poisons:
        note = poisons[word]
    return Instruction(addr, symbolize(addr), word, text, note, target)


def instruction_text(word: int, addr: int) -> str:
    """Mnemonic and operands as capstone writes them, `.word 0x...` for what is no instruction."""
    for _, _, mnemonic, operands in _engine().disasm_lite(word.to_bytes(SIZE, "little"), addr, 1):
        if branch_target(word, addr) is not None:
            operands = operands.removeprefix("#")
        return f"{mnemonic} {operands}".rstrip()
    return f".word {word:#010x}"


def branch_target(word: int, addr: int) -> int | None:
    """Where b, bl or blx (immediate) goes; None for every other instruction."""
    if bits(word, 27, 25) != 0b101:
        return None
    offset = bits(word, 23, 0) << 2
    if bit(word, 23):
        offset -= 1 << 26
    if word >> 28 == COND_NEVER:  # blx: to Thumb, at a halfword
        offset += bit(word, 24) << 1
    return u32(addr + PC_AHEAD + offset)


def pool_address(word: int, addr: int) -> int | None:
    """Where `ldr rX, [pc, #n]` reads; None for every other instruction."""
    if word & 0x0F7F_0000 != 0x051F_0000 or word >> 28 == COND_NEVER:
        return None
    offset = bits(word, 11, 0)
    return u32(addr + PC_AHEAD + (offset if bit(word, 23) else -offset))


def is_call(word: int) -> bool:
    """True for bl and blx: they leave the address behind them in lr. Conditional ones too."""
    if word >> 28 == COND_NEVER:
        return bits(word, 27, 25) == 0b101
    return bits(word, 27, 24) == 0b1011 or word & 0x0FFF_FFF0 == 0x012F_FF30


def is_supervisor_call(word: int) -> bool:
    """True for svc."""
    return bits(word, 27, 24) == 0b1111 and word >> 28 != COND_NEVER


def _named(value: int, symbolize: Symbolize) -> str:
    name = symbolize(value)
    number = f"{value:#x}"
    return number if name.startswith("0x") else f"{number} <{name}>"


@cache
def _engine() -> Any:
    return Cs(CS_ARCH_ARM, CS_MODE_ARM | CS_MODE_V8)
