"""Per-CPU memory of modules: the block allocator against a model of it, and what a module sees of it."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from modules.guest_loader import GuestDiedError, GuestLoader, fresh
from modules.ko import module

PAGE = 4096
RESERVE = 0x2000
MOST_BLOCKS = 128
WORD = 4
NAME = "somebody"


@dataclass
class Blocks:
    """The allocator as described: sizes in order of addresses, negative in use; the kernel's share first."""

    sizes: list[int] = field(default_factory=lambda: [0, RESERVE])

    def allocate(self, size: int, align: int) -> int | None:
        """The offset of the first block that fits."""
        align = min(align or 1, PAGE)
        if size == 0 or align & (align - 1):
            return None
        offset = 0
        for index, room in enumerate(self.sizes):
            skipped = -offset % align
            rest = room - skipped - size
            if room > 0 and rest >= 0 and (rest <= WORD or len(self.sizes) < MOST_BLOCKS):
                self._take(index, skipped, size, rest)
                return offset + skipped
            offset += abs(room)
        return None

    def _take(self, index: int, skipped: int, size: int, rest: int) -> None:
        before = self.sizes[index - 1]
        self.sizes[index - 1] = before - skipped if before < 0 else before + skipped
        self.sizes[index : index + 1] = [-size, rest] if rest > WORD else [-(size + rest)]

    def free(self, offset: int) -> None:
        """Give a block back and join free neighbours."""
        starts = [sum(map(abs, self.sizes[:index])) for index in range(len(self.sizes))]
        index = next(i for i in range(1, len(starts)) if starts[i] == offset)
        assert self.sizes[index] < 0
        self.sizes[index] *= -1
        for second in (index + 1, index):
            if 1 < second < len(self.sizes) and self.sizes[second - 1] > 0 and self.sizes[second] > 0:
                self.sizes[second - 1 : second + 1] = [self.sizes[second - 1] + self.sizes[second]]


def _allocate(guest: GuestLoader, size: int, align: int = 1, name: str = NAME) -> int | None:
    where, _ = guest.call("percpu_block_alloc", size, align, guest.text(name))
    guest._next_text = 0
    return where - guest.image.address("__per_cpu_start") if where else None


def _free(guest: GuestLoader, offset: int) -> None:
    guest.call("percpu_block_free", guest.image.address("__per_cpu_start") + offset)


SIZES = st.one_of(st.integers(1, 40), st.integers(1, RESERVE + 8), st.just(0))
ALIGNMENTS = st.one_of(st.sampled_from([0, 1, 2, 4, 8, 64, 1024, PAGE, 2 * PAGE, 1 << 31]), st.integers(0, 70))
STEPS = st.lists(st.one_of(st.tuples(SIZES, ALIGNMENTS), st.integers(0, 1000)), max_size=30)


@settings(max_examples=40, deadline=None)
@given(STEPS)
def test_blocks_are_as_the_model_has_them(steps: list[tuple[int, int] | int]) -> None:
    guest, model = fresh(), Blocks()
    used: list[int] = []
    for step in steps:
        if isinstance(step, tuple):
            got = _allocate(guest, *step)
            assert got == model.allocate(*step)
            if got is not None:
                used.append(got)
        elif used:
            offset = used.pop(step % len(used))
            _free(guest, offset)
            model.free(offset)
        assert list(guest.percpu_blocks()) == model.sizes
    for offset in used:
        _free(guest, offset)
    assert guest.percpu_blocks() == (0, RESERVE)


def test_first_third_and_second_freed_give_one_block_again() -> None:
    guest = fresh()
    blocks = [_allocate(guest, 100) for _ in range(3)]
    assert blocks == [0, 100, 200]
    assert guest.percpu_blocks() == (0, -100, -100, -100, RESERVE - 300)
    _free(guest, 0)
    assert guest.percpu_blocks() == (0, 100, -100, -100, RESERVE - 300)
    _free(guest, 200)
    assert guest.percpu_blocks() == (0, 100, -100, RESERVE - 200)
    _free(guest, 100)
    assert guest.percpu_blocks() == (0, RESERVE)


def test_what_alignment_skips_belongs_to_the_block_before_until_that_is_freed() -> None:
    guest = fresh()
    assert (_allocate(guest, 10), _allocate(guest, 8, 64)) == (0, 64)
    assert guest.percpu_blocks() == (0, -64, -8, RESERVE - 72)
    _free(guest, 0)
    assert guest.percpu_blocks() == (0, 64, -8, RESERVE - 72)


def test_a_rest_of_a_word_is_not_split_off() -> None:
    guest = fresh()
    _allocate(guest, RESERVE - WORD)
    assert guest.percpu_blocks() == (0, -RESERVE)
    guest.reset()
    _allocate(guest, RESERVE - WORD - 1)
    assert guest.percpu_blocks() == (0, -(RESERVE - WORD - 1), WORD + 1)


def test_alignment_beyond_a_page_is_cut_and_said() -> None:
    guest = fresh()
    mark = guest.log_mark()
    assert (_allocate(guest, 1), _allocate(guest, 8, 4 * PAGE)) == (0, PAGE)
    assert guest.log_since(mark) == f"{NAME}: per-cpu alignment {4 * PAGE} > {PAGE}"


@pytest.mark.parametrize(("size", "align"), [(RESERVE + 1, 1), (0xFFFFFFF0, 4), (0x80000000, PAGE), (0, 1), (8, 3)])
def test_what_does_not_fit_is_refused_and_said(size: int, align: int) -> None:
    guest = fresh()
    mark = guest.log_mark()
    assert _allocate(guest, size, align) is None
    assert guest.log_since(mark) == f"{NAME}: Could not allocate {size} bytes percpu data"
    assert guest.percpu_blocks() == (0, RESERVE)
    assert guest.word("module_mutex") == 0


def test_full_table_of_blocks_refuses_and_changes_nothing() -> None:
    guest = fresh()
    taken = [_allocate(guest, 8) for _ in range(MOST_BLOCKS - 2)]
    assert None not in taken
    before = guest.percpu_blocks()
    assert len(before) == MOST_BLOCKS
    assert _allocate(guest, 8) is None
    assert guest.percpu_blocks() == before
    assert _allocate(guest, before[-1]) is not None  # needs no entry of its own


@pytest.mark.parametrize("offset", [4, 100, RESERVE, -8])
def test_free_of_an_address_that_is_no_block_in_use_is_a_bug(offset: int) -> None:
    guest = fresh()
    _allocate(guest, 100)
    with pytest.raises(GuestDiedError):
        _free(guest, offset)
    assert "kernel BUG: percpu_block_free" in guest.log
    assert "PC is at percpu_block_free" in guest.log


COUNTER = """
        .include "macros.inc"
        MODULE_LICENSE "GPL"
        .text
FUNC bump
        ldr     r1, =counter
        ldr     r0, [r1]
        add     r0, r0, #1
        str     r0, [r1]
        bx      lr
ENDFUNC bump
        .section .data..percpu, "aw", %progbits
        .balign 64
        .word   7
counter:
        .word   41
"""


def test_per_cpu_variable_of_a_module_lies_in_its_block() -> None:
    guest = fresh()
    before = guest.state()
    assert guest.init_module(module("counter", COUNTER)) == 0
    counter, _ = guest.call("kallsyms_lookup_name", guest.text("counter:counter"))
    assert counter == guest.image.address("__per_cpu_start") + 4
    bump, _ = guest.call("kallsyms_lookup_name", guest.text("bump"))
    assert [guest.call(bump)[0] for _ in range(2)] == [42, 43]
    assert struct.unpack("<2I", guest.machine.read(counter - 4, 8)) == (7, 43)
    assert guest.percpu_blocks() == (0, -8, RESERVE - 8)
    assert guest.delete_module("counter") == 0
    assert guest.state() == before


def test_module_without_room_for_its_variables_is_not_loaded() -> None:
    guest = fresh()
    large = COUNTER.replace(".word   7\n", f".space {RESERVE}\n")
    before = guest.state()
    mark = guest.log_mark()
    assert guest.init_module(module("counter", large)) == -12
    assert f"counter: Could not allocate {RESERVE + 4} bytes percpu data" in guest.log_since(mark)
    assert guest.state() == before
