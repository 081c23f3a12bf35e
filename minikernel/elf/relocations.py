"""The ARM relocations of this project as one table (AAELF32, "Relocation"), used by the linker and by checkers.

A row is data: the formula in the ABI's letters, the field of the word that holds the result, and the range of results.
The letters: S value of the symbol, A addend, P address of the word, T 1 for a Thumb function (always 0 here, ARM state
only). Relocations are REL: A is what the field holds before. A relocation is therefore

    A = field.extract(word);  X = formula(S, A, P);  check X;  word = field.insert(word, X)

and applying it twice is wrong, because the first application has overwritten A.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum

from minikernel.bits import WORD_MASK, s32, sign_extend
from minikernel.elf.constants import R_ARM
from minikernel.values import dataclass


@dataclass(frozen=True)
class Field:
    """Bits of one 32-bit word. `mask` selects the bits replaced; extract gives the signed addend, insert takes X.

    `encode` gives the field's bits for X; they are also the field's bits for an addend, except where only the high half
    of X is kept: there `encode_addend` differs.
    """

    name: str
    mask: int
    extract: Callable[[int], int]
    encode: Callable[[int], int]
    encode_addend: Callable[[int], int] | None = None

    def insert(self, word: int, value: int) -> int:
        """`word` with the field holding `value`; bits outside the mask are kept."""
        return (word & ~self.mask & WORD_MASK) | (self.encode(value) & self.mask)


def _extract_imm16(word: int) -> int:
    return sign_extend((word >> 4 & 0xF000) | (word & 0xFFF), 16)


def _encode_imm16(value: int) -> int:
    return (value & 0xF000) << 4 | (value & 0xFFF)


NO_FIELD = Field("nothing", 0, lambda word: 0, lambda value: 0)
WORD32 = Field("the whole word", WORD_MASK, s32, lambda value: value)
WORD31 = Field("bits 30-0", 0x7FFF_FFFF, lambda word: sign_extend(word, 31), lambda value: value)
IMM24 = Field("imm24, words", 0x00FF_FFFF, lambda word: sign_extend(word, 24) << 2, lambda value: value >> 2)
IMM16 = Field("imm4:imm12", 0x000F_0FFF, _extract_imm16, _encode_imm16)
IMM16_HIGH = Field(
    "imm4:imm12 of the high half",
    0x000F_0FFF,
    _extract_imm16,
    lambda value: _encode_imm16(value >> 16),
    _encode_imm16,
)


class Formula(Enum):
    """The ABI's text of each formula that occurs; T is 0 in ARM state."""

    NOTHING = ""
    ABSOLUTE = "(S + A) | T"
    ABSOLUTE_DATA = "S + A"
    RELATIVE = "((S + A) | T) - P"


_FORMULAS: dict[Formula, Callable[[int, int, int], int]] = {
    Formula.NOTHING: lambda s, a, p: 0,
    Formula.ABSOLUTE: lambda s, a, p: s + a,
    Formula.ABSOLUTE_DATA: lambda s, a, p: s + a,
    Formula.RELATIVE: lambda s, a, p: s + a - p,
}


@dataclass(frozen=True)
class RelocationRule:
    """One row. `low`..`high` (bytes, inclusive) bound X where the ABI checks overflow, else both are None.

    `multiple` is what X must be divisible by (4 for branches: the field has no room for the low two bits).
    `is_branch` rows may become a NOP when the symbol is weak and undefined.
    """

    type: R_ARM
    formula: Formula
    field: Field
    low: int | None = None
    high: int | None = None
    multiple: int = 1
    is_branch: bool = False
    meaning: str = ""

    def addend(self, word: int) -> int:
        """A, as signed bytes, from the word before relocation."""
        return self.field.extract(word)

    def with_addend(self, word: int, addend: int) -> int:
        """`word` with another addend; addend() tells whether it fitted."""
        encode = self.field.encode_addend or self.field.encode
        return (word & ~self.field.mask & WORD_MASK) | (encode(addend) & self.field.mask)

    def result(self, s: int, a: int, p: int) -> int:
        """X modulo 2**32, read as signed."""
        return s32(_FORMULAS[self.formula](s, a, p))

    def problem(self, x: int) -> str:
        """Why X does not fit, as a phrase with numbers in hex, or an empty string when it fits."""
        if self.low is not None and self.high is not None and not self.low <= x <= self.high:
            return f"distance {_hex(x)} is outside {_hex(self.low)}..{_hex(self.high)}"
        if x % self.multiple:
            return f"{_hex(x)} is not a multiple of {self.multiple}"
        return ""

    def relocate(self, word: int, s: int, p: int) -> tuple[int, str]:
        """The new word and the problem (empty when X fits); the word is unchanged when there is a problem."""
        x = self.result(s, self.field.extract(word), p)
        problem = self.problem(x)
        return (word, problem) if problem else (self.field.insert(word, x), "")


def _hex(value: int) -> str:
    return f"-{-value:#x}" if value < 0 else f"{value:#x}"


_BRANCH_LOW, _BRANCH_HIGH = -(1 << 25), (1 << 25) - 4
_PREL31_LOW, _PREL31_HIGH = -(1 << 30), (1 << 30) - 1


def _branch(kind: R_ARM, meaning: str) -> RelocationRule:
    return RelocationRule(kind, Formula.RELATIVE, IMM24, _BRANCH_LOW, _BRANCH_HIGH, 4, True, meaning)


RULES: dict[int, RelocationRule] = {
    rule.type: rule
    for rule in (
        RelocationRule(R_ARM.NONE, Formula.NOTHING, NO_FIELD, meaning="keeps a symbol alive, changes nothing"),
        RelocationRule(R_ARM.ABS32, Formula.ABSOLUTE, WORD32, meaning="an address in data"),
        RelocationRule(R_ARM.REL32, Formula.RELATIVE, WORD32, meaning="a distance in data"),
        _branch(R_ARM.CALL, "bl"),
        _branch(R_ARM.JUMP24, "b, bl with a condition"),
        _branch(R_ARM.PC24, "b, bl of old objects"),
        RelocationRule(
            R_ARM.PREL31, Formula.RELATIVE, WORD31, _PREL31_LOW, _PREL31_HIGH, meaning="a distance in unwind tables"
        ),
        RelocationRule(R_ARM.MOVW_ABS_NC, Formula.ABSOLUTE, IMM16, meaning="movw #:lower16:, not checked"),
        RelocationRule(R_ARM.MOVT_ABS, Formula.ABSOLUTE_DATA, IMM16_HIGH, meaning="movt #:upper16:"),
        RelocationRule(R_ARM.V4BX, Formula.NOTHING, NO_FIELD, meaning="marks a bx, which ARMv4 lacks"),
    )
}
