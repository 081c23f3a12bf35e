"""The guest's relocations at their borders, each against the rule that the host's linker has for the type."""

from __future__ import annotations

import errno
import struct
from dataclasses import dataclass

import pytest
from modules.guest_loader import GuestLoader, fresh
from modules.ko import KoFile, module

from minikernel.bits import WORD_MASK
from minikernel.elf.constants import R_ARM
from minikernel.elf.relocations import RULES

OK, UNKNOWN, THUMB, RANGE = range(4)  # RELOC_* of guest/include/reloc.inc
BL, B_NE, NOP, NOP_NE = 0xEB000000, 0x1A000000, 0xE320F000, 0x1320F000
REACH = 1 << 25
HALF = 1 << 30

HEAD = '        .include "macros.inc"\n        MODULE_LICENSE "GPL"\n'


@dataclass(frozen=True)
class Place:
    """A word of guest memory to relocate."""

    guest: GuestLoader
    address: int

    def apply(self, kind: int, word: int, s: int) -> tuple[int, int, int]:
        """(RELOC_*, distance, the word afterwards)."""
        machine = self.guest.machine
        machine.write(self.address, struct.pack("<I", word))
        result, distance = self.guest.call("module_reloc_apply_one", self.address, kind, s & WORD_MASK, 0)
        return result, distance, machine.read_word(self.address)


@pytest.fixture
def place() -> Place:
    guest = fresh()
    page, _ = guest.call("alloc_pages", 0)
    assert page > 0xC0000000
    return Place(guest, page + 0x100)


def expected(kind: int, word: int, s: int, p: int) -> int:
    """The word by the host's table."""
    after, problem = RULES[kind].relocate(word, s & WORD_MASK, p)
    assert not problem
    return after


ADDENDS = (0, 1, 4, -1, -8, 0x7FFFFFFF, -0x80000000)
SYMBOLS = (0, 1, 4, 0xBF000000, 0xC0008000, 0xFFFFFFFF, 0x80000000, 0x7FFFFFFF)


@pytest.mark.parametrize("kind", [R_ARM.ABS32, R_ARM.REL32])
def test_data_words_add_modulo_two_to_the_32(place: Place, kind: int) -> None:
    for addend in ADDENDS:
        for s in SYMBOLS:
            word = addend & WORD_MASK
            result, _, after = place.apply(kind, word, s)
            assert (result, after) == (OK, expected(kind, word, s, place.address))


@pytest.mark.parametrize("kind", [R_ARM.MOVW_ABS_NC, R_ARM.MOVT_ABS])
@pytest.mark.parametrize("imm", [0, 1, 8, 0x7FFF, 0x8000, 0xFFFF, 0xF000, 0x0FFF])
def test_movw_and_movt_take_signed_16_bit_addends_and_keep_the_rest(place: Place, kind: int, imm: int) -> None:
    for base in (0xE3000000, 0x13405000, 0xE340F000):
        word = base | (imm & 0xF000) << 4 | imm & 0xFFF
        for s in (*SYMBOLS, 0x0000FFFF, 0x00018000, 0x12345678):
            result, _, after = place.apply(kind, word, s)
            assert (result, after) == (OK, expected(kind, word, s, place.address)), hex(s)


@pytest.mark.parametrize("kind", [R_ARM.CALL, R_ARM.JUMP24, R_ARM.PC24])
@pytest.mark.parametrize("base", [BL, B_NE])
@pytest.mark.parametrize("distance", [0, 4, -4, 8, -8, REACH - 4, REACH - 8, -REACH + 4, -REACH + 8])
def test_branches_within_reach(place: Place, kind: int, base: int, distance: int) -> None:
    for addend in (0, -8, 4):
        word = base | (addend >> 2) & 0xFFFFFF
        s = place.address + distance - addend
        result, _, after = place.apply(kind, word, s)
        assert (result, after) == (OK, expected(kind, word, s, place.address))


@pytest.mark.parametrize("kind", [R_ARM.CALL, R_ARM.JUMP24, R_ARM.PC24])
@pytest.mark.parametrize("distance", [REACH, REACH + 4, -REACH, -REACH - 4, 0x40000000, -0x40000000, -(1 << 31)])
def test_branches_out_of_reach_are_refused_with_the_distance(place: Place, kind: int, distance: int) -> None:
    word = BL | 0xFFFFFE
    result, said, after = place.apply(kind, word, place.address + distance + 8)
    assert (result, said, after) == (RANGE, distance & WORD_MASK, word)


def test_the_one_distance_that_linux_leaves_out(place: Place) -> None:
    """-32 MiB would fit the instruction; Linux refuses it (offset <= 0xfe000000), and so do we."""
    assert not RULES[R_ARM.CALL].relocate(BL, place.address - REACH, place.address)[1]
    assert place.apply(R_ARM.CALL, BL, place.address - REACH)[0] == RANGE


@pytest.mark.parametrize("s", [1, 2, 3])
def test_a_branch_to_thumb_code_is_refused(place: Place, s: int) -> None:
    result, _, after = place.apply(R_ARM.CALL, BL, place.address + s)
    assert (result, after) == (THUMB, BL)


@pytest.mark.parametrize(("word", "after"), [(BL | 0xFFFFFE, NOP), (B_NE | 0xFFFFFE, NOP_NE)])
def test_a_branch_to_nowhere_becomes_a_nop(place: Place, word: int, after: int) -> None:
    """S is 0 for a weak symbol that nobody defines (AAELF32, 5.6.1.4)."""
    result, _, became = place.apply(R_ARM.CALL, word, 0)
    assert (result, became) == (OK, after)


@pytest.mark.parametrize("top", [0, 0x80000000])
@pytest.mark.parametrize("distance", [0, 1, -1, HALF - 1, -HALF])
def test_prel31_within_reach_keeps_bit_31(place: Place, top: int, distance: int) -> None:
    for addend in (0, 1, -1, HALF - 1, -HALF):
        word = top | addend & 0x7FFFFFFF
        s = place.address + distance - addend
        result, _, after = place.apply(R_ARM.PREL31, word, s)
        assert (result, after) == (OK, expected(R_ARM.PREL31, word, s, place.address))


@pytest.mark.parametrize("distance", [HALF, -HALF - 1, (1 << 31) - 1, -(1 << 31)])
def test_prel31_out_of_reach(place: Place, distance: int) -> None:
    assert place.apply(R_ARM.PREL31, 0x80000000, place.address + distance) == (RANGE, distance & WORD_MASK, 0x80000000)


def test_v4bx_becomes_mov_pc_as_in_linux(place: Place) -> None:
    result, _, after = place.apply(R_ARM.V4BX, 0x112FFF1E, 0x1234)  # bxne lr
    assert (result, after) == (OK, 0x11A0F00E)


def test_none_changes_nothing_and_what_is_not_known_is_refused(place: Place) -> None:
    assert place.apply(R_ARM.NONE, 0xDEADBEEF, 0x1234)[::2] == (OK, 0xDEADBEEF)
    known = set(RULES) | {38, 45, 46}  # TARGET1, MOVW_PREL_NC, MOVT_PREL
    for kind in range(256):
        if kind not in known:
            assert place.apply(kind, 0xDEADBEEF, 0x1234)[::2] == (UNKNOWN, 0xDEADBEEF), kind


def test_a_place_need_not_be_aligned(place: Place) -> None:
    unaligned = Place(place.guest, place.address + 0xEFE)  # across a page's end
    assert unaligned.apply(R_ARM.ABS32, 4, 0xC0008000)[::2] == (OK, 0xC0008004)


# --- in a file --------------------------------------------------------------------------------------------------------

FAR = HEAD + (
    """
        .text
FUNC far_call
        push    {fp, lr}
        add     fp, sp, #0
        bl      strlen
        pop     {fp, pc}
ENDFUNC far_call
"""
)


def refused(change: KoFile) -> str:
    """What the guest says to a file it refuses with -ENOEXEC, leaving nothing behind."""
    guest = fresh()
    before, mark = guest.state(), guest.log_mark()
    assert guest.init_module(bytes(change)) == -errno.ENOEXEC
    assert guest.state() == before
    return guest.log_since(mark)


def test_a_message_names_module_section_number_symbol_and_distance() -> None:
    ko = KoFile(module("far", FAR))
    ko.set_sym("strlen", "st_shndx", 0xFFF1)  # SHN_ABS
    ko.set_sym("strlen", "st_value", 0x10000000)
    log = refused(ko)
    section = ko.index(".rel.text")
    assert f"far: section {section} reloc 0 sym 'strlen': relocation 28 out of range (0xbf0" in log
    assert "-> 0x10000000): " in log and log.rstrip().endswith(" bytes away")


@pytest.mark.parametrize("offset", [0x234, 4, 0, 0xD0, 0xCB, 0x22F])
def test_the_file_fills_init_and_exit_of_struct_module_and_nothing_else(offset: int) -> None:
    source = FAR.replace("FUNC far_call", "FUNC far_init").replace("ENDFUNC far_call", "ENDFUNC far_init")
    ko = KoFile(module("far", source + "        module_init far_init\n"))
    ko.set_word(ko.offset(".rel.gnu.linkonce.this_module"), offset)
    assert f"offset {offset} of struct module is the kernel's" in refused(ko)


@pytest.mark.parametrize("offset", [0x0F, 1 << 31, 0xFFFFFFFC, 0xFFFFFFFF])
def test_a_place_outside_its_section_is_refused(offset: int) -> None:
    ko = KoFile(module("far", FAR))
    size = ko.sh(".text", "sh_size")
    ko.set_word(ko.offset(".rel.text"), offset if offset > 16 else size - 3)
    assert "out of bounds relocation, offset " in refused(ko)


@pytest.mark.parametrize("size", [0, 1, 3])
def test_a_section_smaller_than_a_word_has_no_place(size: int) -> None:
    """Linux compares with sh_size - 4, which wraps here."""
    ko = KoFile(module("far", FAR))
    ko.set_sh(".text", "sh_size", size)
    ko.set_word(ko.offset(".rel.text"), 0)
    assert f"out of bounds relocation, offset 0 size {size}" in refused(ko)


def test_the_symbol_behind_the_last_is_refused() -> None:
    """Linux's test lets the index through that equals the count."""
    ko = KoFile(module("far", FAR))
    where = ko.offset(".rel.text") + 4
    ko.set_word(where, len(ko.symbols) << 8 | ko.word(where) & 0xFF)
    assert "bad relocation sym offset" in refused(ko)


def test_relocations_of_what_is_not_loaded_are_skipped() -> None:
    guest = fresh()
    ko = KoFile(module("far", FAR))
    ko.add_section(".rel.debug", struct.pack("<II", 0xFFFFFFFF, 0xFFFFFFFF), 9, sh_info=ko.index(".symtab"))
    ko.add_section(".rel.nowhere", struct.pack("<II", 0xFFFFFFFF, 0xFFFFFFFF), 9, sh_info=0xFFFF)
    assert guest.init_module(bytes(ko)) == 0
