"""The real-time clock."""

import datetime

import pytest

from minikernel.board.pl031 import RESET_TIME, SECOND_NS, Pl031, Register


@pytest.fixture
def rtc(clock, irq, unknown):
    return Pl031(clock, irq, unknown)


def read(rtc, register):
    return rtc.read(register, 4)


def write(rtc, register, value):
    rtc.write(register, 4, value)


def test_it_is_12_september_2008_at_reset(rtc):
    now = datetime.datetime.fromtimestamp(read(rtc, Register.RTCDR), datetime.UTC)
    assert now == datetime.datetime(2008, 9, 12, 18, 31, 52, tzinfo=datetime.UTC)


@pytest.mark.parametrize(
    ("register", "value"), [("RTCMR", 0), ("RTCLR", 0), ("RTCCR", 1), ("RTCIMSC", 0), ("RTCRIS", 0), ("RTCMIS", 0)]
)
def test_reset_value(rtc, register, value):
    assert read(rtc, Register[register]) == value


def test_primecell_id_is_a_pl031(rtc):
    assert [read(rtc, offset) for offset in range(0xFE0, 0x1000, 4)] == [0x31, 0x10, 4, 0, 0xD, 0xF0, 5, 0xB1]


@pytest.mark.parametrize(("ns", "seconds"), [(0, 0), (SECOND_NS - 1, 0), (SECOND_NS, 1), (3600 * SECOND_NS, 3600)])
def test_it_counts_whole_seconds_of_virtual_time(rtc, clock, ns, seconds):
    clock.advance(ns)
    assert read(rtc, Register.RTCDR) == RESET_TIME + seconds


def test_load_sets_it_and_starts_a_new_second(rtc, clock):
    clock.advance(SECOND_NS // 2)
    write(rtc, Register.RTCLR, 1000)
    assert (read(rtc, Register.RTCDR), read(rtc, Register.RTCLR)) == (1000, 1000)
    clock.advance(SECOND_NS - 1)
    assert read(rtc, Register.RTCDR) == 1000
    clock.advance(1)
    assert read(rtc, Register.RTCDR) == 1001


def test_it_wraps_at_32_bits(rtc, clock):
    write(rtc, Register.RTCLR, 0xFFFF_FFFF)
    clock.advance(SECOND_NS)
    assert read(rtc, Register.RTCDR) == 0


def test_it_cannot_be_stopped(rtc, clock):
    write(rtc, Register.RTCCR, 0)
    clock.advance(SECOND_NS)
    assert (read(rtc, Register.RTCCR), read(rtc, Register.RTCDR)) == (1, RESET_TIME + 1)


def test_alarm_comes_when_the_second_matches(rtc, clock, irq):
    write(rtc, Register.RTCIMSC, 1)
    write(rtc, Register.RTCMR, RESET_TIME + 3)
    assert rtc.deadline() == 3 * SECOND_NS
    clock.run(rtc, 3 * SECOND_NS - 1)
    assert not irq.level
    clock.run(rtc, 1)
    assert irq.level and read(rtc, Register.RTCMIS) == 1
    write(rtc, Register.RTCICR, 0)
    assert irq.level
    write(rtc, Register.RTCICR, 1)
    assert not irq.level and rtc.deadline() is None


def test_match_with_this_very_second_comes_at_once(rtc, clock, irq):
    clock.advance(SECOND_NS + 5)
    write(rtc, Register.RTCIMSC, 1)
    write(rtc, Register.RTCMR, RESET_TIME + 1)
    assert irq.level


def test_match_in_the_past_comes_after_the_counter_has_wrapped(rtc):
    write(rtc, Register.RTCIMSC, 1)
    write(rtc, Register.RTCMR, RESET_TIME - 1)
    assert rtc.deadline() == (2**32 - 1) * SECOND_NS


def test_masked_alarm_is_raw_only(rtc, clock, irq):
    write(rtc, Register.RTCMR, RESET_TIME + 1)
    assert rtc.deadline() is None
    clock.advance(SECOND_NS)
    assert (read(rtc, Register.RTCRIS), read(rtc, Register.RTCMIS), irq.level) == (1, 0, False)
    write(rtc, Register.RTCIMSC, 1)
    assert irq.level


def test_saved_before_the_alarm_it_comes_all_the_same(rtc, clock, irq):
    write(rtc, Register.RTCIMSC, 1)
    write(rtc, Register.RTCLR, 50)
    write(rtc, Register.RTCMR, 52)
    clock.advance(SECOND_NS)
    state = rtc.save()
    clock.run(rtc, SECOND_NS)
    assert irq.level
    rtc.load(state)
    assert rtc.save() == state and not irq.level
    rtc.tick()
    assert irq.level


def test_unknown_register_is_logged(rtc, unknown):
    assert read(rtc, 0x20) == 0
    write(rtc, 0x20, 1)
    assert unknown == [("rtc", 0x20, False, 0), ("rtc", 0x20, True, 1)]
