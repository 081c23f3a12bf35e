"""Every row of the relocation table at its boundaries; capstone is the witness for what the instruction does."""

from __future__ import annotations

import pytest
from capstone import CS_ARCH_ARM, CS_MODE_ARM, Cs
from hypothesis import given
from hypothesis import strategies as st

from minikernel.elf.constants import R_ARM
from minikernel.elf.relocations import RULES

BL, B, BEQ, MOVW, MOVT = 0xEB00_0000, 0xEA00_0000, 0x0A00_0000, 0xE300_1000, 0xE340_1000
P = 0xC000_8000
BRANCHES = (R_ARM.CALL, R_ARM.JUMP24, R_ARM.PC24)
words = st.integers(0, 0xFFFF_FFFF)
DISASSEMBLER = Cs(CS_ARCH_ARM, CS_MODE_ARM)


def operand(word: int, address: int) -> int:
    """The last operand of the instruction as capstone prints it: a branch's target, a move's immediate."""
    instruction = next(DISASSEMBLER.disasm(word.to_bytes(4, "little"), address))
    return int(instruction.op_str.rsplit("#", 1)[1], 0) & 0xFFFF_FFFF


def test_the_table_has_the_relocations_of_the_design() -> None:
    names = {"NONE", "ABS32", "REL32", "CALL", "JUMP24", "PC24", "PREL31", "MOVW_ABS_NC", "MOVT_ABS", "V4BX"}
    assert {rule.type.name for rule in RULES.values()} == names


@pytest.mark.parametrize("kind", BRANCHES)
@pytest.mark.parametrize("distance", [0, 4, -4, 8, 0x01FF_FFFC, -0x0200_0000])
@pytest.mark.parametrize("opcode", [BL, B, BEQ])
def test_branch_reaches_its_symbol(kind: R_ARM, distance: int, opcode: int) -> None:
    # GNU as leaves -8 in the field: the processor's pc is two instructions ahead. X = distance - 8.
    target = (P + 8 + distance) & 0xFFFF_FFFF
    word, problem = RULES[kind].relocate(opcode | 0xFF_FFFE, target, P)
    assert problem == "" and operand(word, P) == target and word & 0xFF00_0000 == opcode


@pytest.mark.parametrize("kind", BRANCHES)
@pytest.mark.parametrize(
    ("distance", "text"),
    [
        (0x0200_0000, "distance 0x2000000 is outside -0x2000000..0x1fffffc"),
        (-0x0200_0004, "distance -0x2000004 is outside -0x2000000..0x1fffffc"),
        (2, "0x2 is not a multiple of 4"),
        (1, "0x1 is not a multiple of 4"),
    ],
)
def test_branch_out_of_range_is_refused_with_the_distance(kind: R_ARM, distance: int, text: str) -> None:
    word, problem = RULES[kind].relocate(BL | 0xFF_FFFE, P + 8 + distance, P)
    assert (word, problem) == (BL | 0xFF_FFFE, text)


@pytest.mark.parametrize("s", [0, 1, 0xFFF, 0x1000, 0xFFFF, 0x10000, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF])
def test_movw_and_movt_hold_the_two_halves(s: int) -> None:
    low, _ = RULES[R_ARM.MOVW_ABS_NC].relocate(MOVW, s, P)
    high, _ = RULES[R_ARM.MOVT_ABS].relocate(MOVT, s, P)
    assert operand(low, P) | operand(high, P) << 16 == s
    assert low & 0xFFF0_F000 == MOVW and high & 0xFFF0_F000 == MOVT


@pytest.mark.parametrize(("imm", "addend"), [(0, 0), (1, 1), (0x7FFF, 0x7FFF), (0x8000, -0x8000), (0xFFFF, -1)])
def test_addend_of_movw_is_a_signed_half_word(imm: int, addend: int) -> None:
    word = MOVW | (imm & 0xF000) << 4 | (imm & 0xFFF)
    assert RULES[R_ARM.MOVW_ABS_NC].addend(word) == RULES[R_ARM.MOVT_ABS].addend(word) == addend


@pytest.mark.parametrize("distance", [0, 1, -1, 0x3FFF_FFFF, -0x4000_0000])
def test_prel31_keeps_bit_31(distance: int) -> None:
    rule = RULES[R_ARM.PREL31]
    for top in (0, 0x8000_0000):
        word, problem = rule.relocate(top, P + distance, P)
        assert problem == "" and word == top | distance & 0x7FFF_FFFF and rule.addend(word) == distance


@pytest.mark.parametrize("distance", [0x4000_0000, -0x4000_0001])
def test_prel31_out_of_range_is_refused(distance: int) -> None:
    assert "is outside -0x40000000..0x3fffffff" in RULES[R_ARM.PREL31].relocate(0, P + distance, P)[1]


@given(word=words, s=words, p=words)
def test_abs32_and_rel32_are_arithmetic_modulo_2_32(word: int, s: int, p: int) -> None:
    assert RULES[R_ARM.ABS32].relocate(word, s, p) == ((s + word) % 2**32, "")
    assert RULES[R_ARM.REL32].relocate(word, s, p) == ((s + word - p) % 2**32, "")


@given(word=words, s=words, p=words)
def test_no_row_touches_bits_outside_its_mask(word: int, s: int, p: int) -> None:
    for rule in RULES.values():
        assert (rule.relocate(word, s, p)[0] ^ word) & ~rule.field.mask & 0xFFFF_FFFF == 0


@given(word=words, s=words, p=words)
def test_none_and_v4bx_change_nothing(word: int, s: int, p: int) -> None:
    assert RULES[R_ARM.NONE].relocate(word, s, p) == RULES[R_ARM.V4BX].relocate(word, s, p) == (word, "")
