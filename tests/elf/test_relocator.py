"""The reference relocator: each kind of symbol, each row of the table at its boundaries, and what it refuses."""

from __future__ import annotations

import struct

import pytest

from minikernel.elf.constants import R_ARM, SectionFlag, SectionType, SymbolBinding
from minikernel.elf.object_file import ABS, COMMON, NO_SYMBOL, UNDEF, ObjectFile, Relocation, Section, Symbol
from minikernel.elf.relocator import RelocatedWord, addresses_by_name, relocate_module
from minikernel.errors import ImageError

TEXT, DATA = 0xBF00_0000, 0xBF00_2000
BL, MOVW, MOVT = 0xEB00_0000, 0xE300_0000, 0xE340_0000


def module(*words: tuple[int, int, Symbol]) -> tuple[ObjectFile, Section, Section]:
    """A module whose .text has these words, each (word, relocation type, symbol), and a .data of 16 bytes."""
    text = Section(".text", SectionType.PROGBITS, SectionFlag.ALLOC | SectionFlag.EXECINSTR, 4)
    text.data = b"".join(struct.pack("<I", word) for word, _, _ in words)
    text.relocations = [Relocation(4 * index, kind, symbol) for index, (_, kind, symbol) in enumerate(words)]
    data = Section(".data", SectionType.PROGBITS, SectionFlag.ALLOC | SectionFlag.WRITE, 4, bytes(16))
    return ObjectFile([text, data]), text, data


def outside(name: str, binding: int = SymbolBinding.GLOBAL) -> Symbol:
    return Symbol(name, UNDEF, binding=binding)


def one(word: int, kind: int, value: int) -> RelocatedWord:
    """The only relocation of a module, against an outside symbol of that value."""
    obj, _, _ = module((word, kind, outside("other")))
    (text,) = relocate_module(obj, {0: TEXT}, {"other": value})
    return text.words[0]


def test_a_symbol_of_the_module_is_its_section_s_address_and_its_offset() -> None:
    obj, text, data = module(
        (8, R_ARM.ABS32, Symbol("", UNDEF)), (4, R_ARM.ABS32, Symbol("", UNDEF)), (1, R_ARM.ABS32, Symbol("", ABS, 6))
    )
    text.relocations[0].symbol = Symbol("here", text, 4)
    text.relocations[1].symbol = Symbol("", data, 12)
    first, second = relocate_module(obj, {0: TEXT, 1: DATA}, {})
    assert struct.unpack("<3I", first.data) == (TEXT + 12, DATA + 16, 7)
    assert second.data == bytes(16) and second.words == ()
    assert [(w.before, w.after, w.target) for w in first.words][:2] == [
        (8, TEXT + 12, TEXT + 4),
        (4, DATA + 16, DATA + 12),
    ]
    assert str(first.words[1]) == ".text+0x4 (0xbf000004) R_ARM_ABS32 .data: 0x00000004 -> 0xbf002010"


def test_several_relocations_of_one_word_build_on_each_other() -> None:
    obj, text, _ = module((0, R_ARM.PREL31, outside("table")))
    text.relocations.append(Relocation(0, R_ARM.NONE, outside("personality")))
    (made,) = relocate_module(obj, {0: TEXT}, {"table": TEXT + 0x100, "personality": 1})
    assert [word.after for word in made.words] == [0x100, 0x100] and made.words[1].before == 0x100


@pytest.mark.parametrize(
    ("distance", "field"),
    [(0, 0xFF_FFFE), (8, 0), (4, 0xFF_FFFF), (-4, 0xFF_FFFD), (0x0200_0004, 0x7F_FFFF), (-0x01FF_FFF8, 0x80_0000)],
)
@pytest.mark.parametrize("kind", [R_ARM.CALL, R_ARM.JUMP24, R_ARM.PC24])
def test_a_branch_holds_words_from_two_instructions_ahead(kind: int, distance: int, field: int) -> None:
    assert one(BL | 0xFF_FFFE, kind, TEXT + distance).after == BL | field


@pytest.mark.parametrize("distance", [0x0200_0008, -0x01FF_FFFC, 0x0100_0000_0 - 4])
def test_a_branch_out_of_reach_is_left_and_told_with_its_distance(distance: int) -> None:
    word = one(BL | 0xFF_FFFE, R_ARM.CALL, TEXT + distance)
    assert word.after == word.before and word.problem.startswith("distance ") and "R_ARM_CALL other" in str(word)


def test_the_kernel_is_in_reach_of_the_module_area() -> None:
    for place, target in ((0xBF00_0000, 0xC080_0000), (0xBFFF_FFFC, 0xC000_8000)):
        obj, _, _ = module((BL | 0xFF_FFFE, R_ARM.CALL, outside("printk")))
        (text,) = relocate_module(obj, {0: place}, {"printk": target})
        assert text.words[0].problem == ""


@pytest.mark.parametrize("bits", [1, 2, 3])
def test_a_branch_to_what_is_no_arm_instruction_is_refused(bits: int) -> None:
    assert one(BL | 0xFF_FFFE, R_ARM.CALL, TEXT + 0x100 + bits).problem


@pytest.mark.parametrize("value", [0, 1, 0xFFFF, 0x1_0000, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF])
def test_halves_of_an_address(value: int) -> None:
    low, high = one(MOVW, R_ARM.MOVW_ABS_NC, value).after, one(MOVT, R_ARM.MOVT_ABS, value).after
    halves = [(word >> 4 & 0xF000) | word & 0xFFF for word in (low, high)]
    assert halves[0] | halves[1] << 16 == value and low >> 20 == 0xE30 and high >> 20 == 0xE34


@pytest.mark.parametrize(("distance", "fits"), [(0x3FFF_FFFF, True), (0x4000_0000, False), (-0x4000_0000, True)])
def test_prel31_at_its_limits(distance: int, fits: bool) -> None:
    word = one(0x8000_0000, R_ARM.PREL31, TEXT + distance)
    assert (word.problem == "") is fits and word.after >> 31 == 1


def test_rel32_and_abs32_wrap() -> None:
    assert one(0xFFFF_FFFF, R_ARM.ABS32, 0).after == 0xFFFF_FFFF and one(2, R_ARM.ABS32, 0xFFFF_FFFF).after == 1
    assert one(0, R_ARM.REL32, 0).after == 2**32 - TEXT


def test_v4bx_and_none_leave_the_word() -> None:
    obj, _, _ = module((0xE12F_FF1E, R_ARM.V4BX, NO_SYMBOL), (5, R_ARM.NONE, NO_SYMBOL))
    assert relocate_module(obj, {0: TEXT}, {})[0].data == obj.sections[0].data


def test_a_weak_symbol_that_nobody_has_is_zero_and_a_strong_one_an_error() -> None:
    obj, _, _ = module((3, R_ARM.ABS32, outside("maybe", SymbolBinding.WEAK)))
    assert relocate_module(obj, {0: TEXT}, {})[0].words[0].after == 3
    obj, _, _ = module((3, R_ARM.ABS32, outside("prink")))
    with pytest.raises(ImageError, match=r"undefined symbol prink: no value given; did you mean 'printk'\?"):
        relocate_module(obj, {0: TEXT}, {"printk": 1})


def test_unknown_types_and_offsets_past_the_end_are_problems_of_that_word() -> None:
    assert one(7, 200, 0).problem == "unknown relocation type 200"
    for offset in (-1, 1, 2, 3, 4, 0xFFFF_FFFF):
        obj, text, _ = module((7, R_ARM.ABS32, outside("x")))
        text.relocations[0].offset = offset
        (made,) = relocate_module(obj, {0: TEXT}, {"x": 1})
        assert "is outside the section's 0x4 bytes" in made.words[0].problem and made.data == b"\7\0\0\0"


def test_what_is_not_loaded_is_neither_relocated_nor_a_target() -> None:
    obj, text, data = module((0, R_ARM.ABS32, Symbol("", UNDEF)))
    text.relocations[0].symbol = Symbol("state", data)
    with pytest.raises(ImageError, match=r"symbol state: section '\.data' has no address"):
        relocate_module(obj, {0: TEXT}, {})
    assert relocate_module(obj, {1: DATA}, {})[0].name == ".data"


def test_commons_and_misaligned_addresses_are_refused() -> None:
    obj, _, _ = module((0, R_ARM.ABS32, Symbol("pool", COMMON, binding=SymbolBinding.GLOBAL)))
    with pytest.raises(ImageError, match="-fno-common"):
        relocate_module(obj, {0: TEXT}, {})
    with pytest.raises(ImageError, match="0xbf000002 is no multiple of its alignment 4"):
        relocate_module(obj, {0: TEXT + 2}, {})


def test_addresses_by_name_are_those_of_loaded_sections() -> None:
    obj, _, data = module()
    obj.sections.append(Section(".comment", data=b"x"))
    assert addresses_by_name(obj, {".text": TEXT, ".data": DATA, ".comment": 1}) == {0: TEXT, 1: DATA}
    obj.sections.append(Section(".data", data.type, data.flags, 4, bytes(4)))
    with pytest.raises(ImageError, match=r"two sections '\.data'"):
        addresses_by_name(obj, {".data": DATA})
