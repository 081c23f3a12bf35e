"""The flash: what the commands do, how long they take, and what the status register says."""

import pytest

from minikernel.board.cfi_flash import (
    BUFFER_WORDS,
    DEFAULT_SIZE,
    ERASE_BLOCK_SIZE,
    ERASE_NS,
    PROGRAM_NS,
    ROW_NS,
    ROW_SIZE,
    STORE_BLOCK_SIZE,
    CfiFlash,
)
from minikernel.errors import ImageError

READY, ERASE_ERROR, PROGRAM_ERROR, LOCKED = 0x80, 0x20, 0x10, 0x02
BLOCK = ERASE_BLOCK_SIZE


@pytest.fixture
def flash(clock, unknown):
    return CfiFlash(clock, access_log=unknown)


def both(command):
    return command | command << 16


def command(flash, *words, at=0):
    for word in words:
        flash.write(at, 4, both(word))


def status(flash):
    command(flash, 0x70)
    word = flash.read(0, 4)
    assert word & 0xFFFF == word >> 16
    return word & 0xFFFF


def program(flash, clock, offset, word):
    flash.write(offset, 4, both(0x40))
    flash.write(offset, 4, word)
    clock.advance(PROGRAM_NS)


def erase(flash, clock, offset):
    command(flash, 0x20, 0xD0, at=offset)
    clock.advance(ERASE_NS)


def array(flash, offset):
    command(flash, 0xFF)
    return flash.read(offset, 4)


def test_new_flash_is_erased_and_in_read_array_mode(flash):
    assert flash.size == DEFAULT_SIZE
    assert [flash.read(o, 4) for o in (0, BLOCK, DEFAULT_SIZE - 4)] == [0xFFFF_FFFF] * 3
    assert flash.contents() == b"\xff" * DEFAULT_SIZE


@pytest.mark.parametrize(("size", "value"), [(1, 0x03), (2, 0x0403), (4, 0x06050403)])
def test_array_is_read_by_any_width(clock, size, value):
    flash = CfiFlash(clock, bytes([0, 1, 2, 2, 3, 4, 5, 6]) + b"\xff" * (BLOCK - 8))
    assert flash.read(4, size) == value


def test_behind_its_end_the_bus_is_open(flash, unknown):
    assert flash.read(DEFAULT_SIZE, 4) == 0
    flash.write(DEFAULT_SIZE, 4, both(0x70))
    assert unknown == [("flash", DEFAULT_SIZE, False, 0), ("flash", DEFAULT_SIZE, True, both(0x70))]
    assert flash.read(0, 4) == 0xFFFF_FFFF


@pytest.mark.parametrize("setup", [0x40, 0x10])
def test_program_takes_10_us_and_then_the_word_is_there(flash, clock, setup):
    flash.write(0x100, 4, both(setup))
    flash.write(0x100, 4, 0x1234_5678)
    clock.advance(PROGRAM_NS - 1)
    assert flash.read(0, 4) == 0
    assert flash.is_busy
    clock.advance(1)
    assert flash.read(0, 4) == both(READY)
    assert not flash.is_busy
    assert array(flash, 0x100) == 0x1234_5678


def test_programming_only_clears_bits_and_that_is_no_error(flash, clock):
    program(flash, clock, 8, 0xFFFF_0000)
    program(flash, clock, 8, 0xF0F0_F0F0)
    assert status(flash) == READY
    assert array(flash, 8) == 0xF0F0_0000


def test_program_words_need_not_have_equal_halves(flash, clock, unknown):
    program(flash, clock, 0, 0xDEAD_BEEF)
    assert array(flash, 0) == 0xDEAD_BEEF
    assert unknown == []


def test_erase_takes_50_ms_and_sets_the_whole_block(flash, clock):
    for offset in (BLOCK - 4, BLOCK, 2 * BLOCK - 4, 2 * BLOCK):
        program(flash, clock, offset, 0)
    command(flash, 0x20, 0xD0, at=BLOCK + 0x1234)
    clock.advance(ERASE_NS - 1)
    assert flash.read(0, 4) == 0
    clock.advance(1)
    assert flash.read(0, 4) == both(READY)
    offsets = (BLOCK - 4, BLOCK, 2 * BLOCK - 4, 2 * BLOCK)
    assert [array(flash, o) for o in offsets] == [0, 0xFFFF_FFFF, 0xFFFF_FFFF, 0]


def test_old_contents_stay_until_the_time_is_over(flash, clock):
    program(flash, clock, 0, 0)
    command(flash, 0x20, 0xD0)
    clock.advance(ERASE_NS - 1)
    assert flash.contents()[:4] == bytes(4)
    clock.advance(1)
    assert flash.contents()[:4] == b"\xff" * 4


@pytest.mark.parametrize("first", [0x20, 0x60])
@pytest.mark.parametrize("second", [0x00, 0xFF, 0x20, 0x40])
def test_wrong_second_word_is_a_sequence_error(flash, clock, first, second):
    command(flash, first, second)
    assert status(flash) == READY | ERASE_ERROR | PROGRAM_ERROR
    command(flash, 0x50)
    assert status(flash) == READY


def test_errors_stay_until_cleared(flash, clock):
    command(flash, 0x20, 0x00)
    program(flash, clock, 0, 0)
    assert status(flash) == READY | ERASE_ERROR | PROGRAM_ERROR
    assert array(flash, 0) == 0


def test_locked_block_cannot_be_programmed_or_erased(flash, clock):
    program(flash, clock, BLOCK, 0x5555_5555)
    command(flash, 0x60, 0x01, at=BLOCK + 4)
    program(flash, clock, 2 * BLOCK - 4, 0)
    assert status(flash) == READY | PROGRAM_ERROR | LOCKED
    command(flash, 0x50)
    erase(flash, clock, BLOCK)
    assert status(flash) == READY | ERASE_ERROR | LOCKED
    command(flash, 0x50)
    program(flash, clock, 0, 0)  # another block
    assert status(flash) == READY
    command(flash, 0x60, 0xD0, at=BLOCK)
    erase(flash, clock, BLOCK)
    assert status(flash) == READY
    assert [array(flash, o) for o in (0, BLOCK, 2 * BLOCK - 4)] == [0, 0xFFFF_FFFF, 0xFFFF_FFFF]


def test_identifier_names_the_chips_and_the_locks(flash):
    command(flash, 0x60, 0x01, at=BLOCK)
    command(flash, 0x90)
    words = [flash.read(o, 4) for o in (0, 4, 8, BLOCK + 8, 2 * BLOCK + 8, 12)]
    assert words == [0x0089_0089, 0x0018_0018, 0, 0x0001_0001, 0, 0]


def query(flash, index):
    word = flash.read(4 * index, 4)
    assert word & 0xFFFF == word >> 16 and word & 0xFFFF <= 0xFF
    return word & 0xFF


@pytest.mark.parametrize("size", [BLOCK, 4 << 20, 64 << 20])
def test_query_tells_the_geometry(clock, size):
    flash = CfiFlash(clock, b"\xff" * size)
    flash.write(0x55 * 4, 4, both(0x98))
    assert bytes(query(flash, i) for i in (0x10, 0x11, 0x12)) == b"QRY"
    assert query(flash, 0x13) | query(flash, 0x14) << 8 == 1
    assert 2 << query(flash, 0x27) == size  # two chips
    assert query(flash, 0x2C) == 1
    blocks = 1 + (query(flash, 0x2D) | query(flash, 0x2E) << 8)
    block_size = 2 * 256 * (query(flash, 0x2F) | query(flash, 0x30) << 8)
    assert (blocks, block_size) == (size // BLOCK, BLOCK)
    table = query(flash, 0x15) | query(flash, 0x16) << 8
    assert bytes(query(flash, table + i) for i in range(5)) == b"PRI11"
    assert (1 << query(flash, 0x2A)) * 2 == 4 * BUFFER_WORDS
    assert query(flash, 0x2B) == 0
    assert bytes(query(flash, table + i) for i in range(5, 9)) == bytes(4)  # no suspend, no other optional feature
    assert query(flash, 0x100) == 0


def test_status_can_be_read_at_any_address_and_width(flash):
    command(flash, 0x70)
    assert flash.read(BLOCK + 8, 4) == 0x0080_0080
    assert flash.read(BLOCK + 2, 2) == 0x0080
    assert [flash.read(3 * BLOCK + i, 1) for i in range(4)] == [0x80, 0, 0x80, 0]


@pytest.mark.parametrize("busy_command", [0xFF, 0x40, 0x20, 0x50, 0x90, 0x98, 0x60])
def test_commands_while_busy_are_ignored_and_logged(flash, clock, unknown, busy_command):
    flash.write(0, 4, both(0x40))
    flash.write(0, 4, 0x1111_1111)
    command(flash, busy_command)
    assert unknown == [("flash", 0, True, busy_command)]
    clock.advance(PROGRAM_NS)
    assert flash.read(0, 4) == both(READY)
    assert array(flash, 0) == 0x1111_1111


def test_status_command_while_busy_is_fine(flash, unknown):
    flash.write(0, 4, both(0x40))
    flash.write(0, 4, 0)
    assert status(flash) == 0
    assert unknown == []


@pytest.mark.parametrize(("size", "value"), [(4, 0x40), (4, 0x0040_0020), (2, 0x40), (1, 0x40)])
def test_command_that_does_not_reach_both_chips_is_ignored_and_logged(flash, unknown, size, value):
    flash.write(0, size, value)
    assert unknown == [("flash", 0, True, value)]
    assert flash.read(0, 4) == 0xFFFF_FFFF


@pytest.mark.parametrize("other", [0xB0, 0xC0, 0x00])
def test_command_left_out_is_ignored_and_logged(flash, unknown, other):
    command(flash, other)
    assert unknown == [("flash", 0, True, other)]
    assert flash.read(0, 4) == 0xFFFF_FFFF


def load(flash, offset, words, block=None, count=None):
    """Everything of a write to buffer but the confirmation."""
    block = offset if block is None else block
    flash.write(block, 4, both(0xE8))
    flash.write(block, 4, both(len(words) - 1 if count is None else count - 1))
    for index, word in enumerate(words):
        flash.write(offset + 4 * index, 4, word)


WORDS = [0x1234_5678 * n & 0xFFFF_FFFF for n in range(BUFFER_WORDS)]


@pytest.mark.parametrize(
    ("offset", "count", "rows"),
    [(0, 1, 1), (0, 16, 1), (ROW_SIZE - 4, 2, 2), (4, 16, 2), (0, 256, 16), (4, 256, 17), (BLOCK - 1024, 256, 16)],
)
def test_buffer_is_programmed_row_by_row_and_then_all_words_are_there(flash, clock, unknown, offset, count, rows):
    load(flash, offset, WORDS[:count])
    flash.write(offset, 4, both(0xD0))
    clock.advance(rows * ROW_NS - 1)
    assert flash.read(0, 4) == 0
    assert flash.contents() == b"\xff" * DEFAULT_SIZE
    clock.advance(1)
    assert flash.read(0, 4) == both(READY)
    data = b"".join(word.to_bytes(4, "little") for word in WORDS[:count])
    assert flash.contents()[offset : offset + len(data)] == data
    assert flash.contents().replace(data, b"", 1) == b"\xff" * (DEFAULT_SIZE - len(data))
    assert unknown == []


def test_buffer_across_two_store_blocks_keeps_what_a_snapshot_has(flash, clock):
    program(flash, clock, STORE_BLOCK_SIZE - 4, 0xFFFF_0000)
    before = flash.save()
    load(flash, STORE_BLOCK_SIZE - 8, [0x11111111, 0x2222_2222, 0x3333_3333])
    flash.write(0, 4, both(0xD0))
    clock.advance(2 * ROW_NS)
    offsets = range(STORE_BLOCK_SIZE - 8, STORE_BLOCK_SIZE + 8, 4)
    assert [array(flash, o) for o in offsets] == [0x1111_1111, 0x2222_0000, 0x3333_3333, 0xFFFF_FFFF]
    flash.load(before)
    assert [array(flash, o) for o in offsets] == [0xFFFF_FFFF, 0xFFFF_0000, 0xFFFF_FFFF, 0xFFFF_FFFF]


def test_words_of_a_buffer_come_in_any_order_and_what_is_left_out_stays(flash, clock):
    program(flash, clock, 0x108, 0x5555_5555)
    load(flash, 0x100, [], count=4)
    for offset, word in ((0x100, 0), (0x10C, 3), (0x104, 0x77), (0x104, 1)):
        flash.write(offset, 4, word)
    command(flash, 0xD0)
    clock.advance(ROW_NS)
    assert [array(flash, o) for o in range(0x100, 0x110, 4)] == [0, 1, 0x5555_5555, 3]
    assert status(flash) == READY


def test_buffer_is_had_at_once_and_reads_show_status_while_it_fills(flash):
    flash.write(0, 4, both(0xE8))
    assert flash.read(0, 4) == both(0x80)  # XSR.7
    flash.write(0, 4, both(1))
    assert flash.read(0, 4) == both(READY)
    flash.write(0, 4, 0)
    assert flash.read(0x100, 4) == both(READY)
    assert not flash.is_busy


def test_buffer_cannot_be_had_before_errors_are_cleared(flash, clock, unknown):
    command(flash, 0x20, 0x00)
    load(flash, 0, [], count=1)
    assert flash.read(0, 4) == 0  # XSR.7
    assert unknown == [("flash", 0, True, 0)]  # the count is taken for a command
    command(flash, 0x50)
    load(flash, 0, [7])
    command(flash, 0xD0)
    clock.advance(ROW_NS)
    assert array(flash, 0) == 7


@pytest.mark.parametrize(
    ("offset", "block", "count", "words"),
    [
        (0, 0, BUFFER_WORDS + 1, 0),
        (0, 0, 0x10000, 0),
        (BLOCK, 0, 1, 1),
        (0, BLOCK, 1, 1),
        (BLOCK - 4, 0, 2, 2),
    ],
    ids=["count", "largest count", "block behind", "block before", "end of the block"],
)
def test_buffer_that_does_not_fit_is_a_sequence_error(flash, clock, offset, block, count, words):
    load(flash, offset, [0] * words, block, count)
    assert status(flash) == READY | ERASE_ERROR | PROGRAM_ERROR
    assert not flash.is_busy
    command(flash, 0x50)
    assert status(flash) == READY
    assert flash.contents() == b"\xff" * DEFAULT_SIZE


@pytest.mark.parametrize("stray", [0x0FC, 0x108, 0x200])
def test_word_outside_the_counted_range_aborts_the_buffer(flash, stray):
    load(flash, 0x100, [1], count=2)
    flash.write(stray, 4, 2)
    assert status(flash) == READY | ERASE_ERROR | PROGRAM_ERROR
    assert flash.contents() == b"\xff" * DEFAULT_SIZE


def test_count_at_another_block_is_a_sequence_error(flash):
    flash.write(0, 4, both(0xE8))
    flash.write(BLOCK, 4, both(0))
    assert status(flash) == READY | ERASE_ERROR | PROGRAM_ERROR


@pytest.mark.parametrize(("at", "last"), [(0, 0xFF), (0, 0x70), (0, 0xE8), (BLOCK, 0xD0)])
def test_buffer_that_is_not_confirmed_is_a_sequence_error(flash, at, last):
    load(flash, 0, [1, 2])
    flash.write(at, 4, both(last))
    assert flash.read(0, 4) == both(READY | ERASE_ERROR | PROGRAM_ERROR)
    assert not flash.is_busy
    assert flash.contents() == b"\xff" * DEFAULT_SIZE


def test_buffer_for_a_locked_block_is_refused_when_it_is_confirmed(flash, clock):
    command(flash, 0x60, 0x01, at=BLOCK)
    load(flash, BLOCK, [1, 2])
    assert flash.read(0, 4) == both(READY)
    command(flash, 0xD0, at=BLOCK)
    assert status(flash) == READY | PROGRAM_ERROR | LOCKED
    clock.advance(ROW_NS)
    assert flash.contents() == b"\xff" * DEFAULT_SIZE


@pytest.mark.parametrize(("size", "value"), [(2, 0), (1, 0)])
def test_narrow_store_into_the_buffer_is_ignored_and_logged(flash, clock, unknown, size, value):
    load(flash, 0, [1], count=2)
    flash.write(4, size, value)
    assert unknown == [("flash", 4, True, value)]
    flash.write(4, 4, 2)
    command(flash, 0xD0)
    clock.advance(ROW_NS)
    assert [array(flash, 0), array(flash, 4)] == [1, 2]


@pytest.mark.parametrize(
    ("first", "value", "rest"), [((0xE8,), 0x0001_0000, (0, 0, 0xD0)), ((0xE8, 0, 0), 0x00D0_0000, (0xD0,))]
)
def test_count_and_confirmation_must_reach_both_chips(flash, unknown, first, value, rest):
    command(flash, *first)
    flash.write(0, 4, value)
    assert unknown == [("flash", 0, True, value)]
    command(flash, *rest)
    assert flash.is_busy


def test_suspend_while_a_buffer_is_programmed_is_ignored_and_logged(flash, clock, unknown):
    load(flash, 0, [1])
    command(flash, 0xD0, 0xB0)
    assert unknown == [("flash", 0, True, 0xB0)]
    assert flash.read(0, 4) == 0
    clock.advance(ROW_NS)
    assert array(flash, 0) == 1


def test_polling_has_no_deadline(flash):
    command(flash, 0x20, 0xD0)
    assert flash.deadline() is None


@pytest.mark.parametrize("size", [0, 1, BLOCK - 1, BLOCK + 4, (64 << 20) + BLOCK])
def test_file_of_impossible_size_is_refused_by_name(clock, size):
    with pytest.raises(ImageError, match=rf"camera\.flash: size: {size} bytes; a flash is a multiple"):
        CfiFlash(clock, bytes(size), contents_name="camera.flash")


def test_contents_of_a_file_come_back_unchanged(clock):
    image = bytes(range(256)) * (2 * BLOCK // 256)
    flash = CfiFlash(clock, image)
    assert flash.contents() == image
    program(flash, clock, BLOCK, 0)
    assert flash.contents() == image[:BLOCK] + bytes(4) + image[BLOCK + 4 :]


@pytest.mark.parametrize(
    "steps",
    [
        (),
        (0x40,),
        (0x40, 0x4321),
        (0x20,),
        (0x20, 0xD0),
        (0x60, 0x01),
        (0x20, 0x33),
        (0x98,),
        (0xE8,),
        (0xE8, 0),
        (0xE8, 1, 0x1234),
        (0xE8, 0, 0x1234),
        (0xE8, 0, 0x1234, 0xD0),
        (0xE8, 0xFFFF),
    ],
)
@pytest.mark.parametrize("after", [0, PROGRAM_NS - 1, PROGRAM_NS])
def test_saved_in_the_middle_of_any_command_it_goes_on_the_same(clock, steps, after):
    flash = CfiFlash(clock)
    program(flash, clock, 0x40, 0)
    command(flash, *steps)
    clock.advance(after)
    now = clock.now_ns
    state = flash.save()

    def story():
        clock.now_ns = now
        seen = [flash.read(0x40, 4)]
        command(flash, 0xD0)
        seen.append(flash.read(0x40, 4))
        clock.advance(ERASE_NS)
        seen += [flash.read(0x40, 4), status(flash), array(flash, 0), array(flash, 0x40)]
        return seen

    first = story()
    flash.load(state)
    assert flash.save() == state
    assert story() == first


def test_snapshots_share_what_has_not_changed(flash, clock):
    program(flash, clock, 0, 0)
    program(flash, clock, BLOCK, 0)
    before = flash.save()[-1]
    program(flash, clock, BLOCK + 4, 0)
    after = flash.save()[-1]
    changed = [i for i, (a, b) in enumerate(zip(before, after, strict=True)) if a is not b]
    assert changed == [BLOCK // STORE_BLOCK_SIZE]
    assert before[changed[0]][4:8] == b"\xff" * 4


def test_programming_after_a_snapshot_leaves_the_snapshot_alone(flash, clock):
    program(flash, clock, 0, 0xFFFF_FF00)
    state = flash.save()
    program(flash, clock, 0, 0)
    flash.load(state)
    assert array(flash, 0) == 0xFFFF_FF00
