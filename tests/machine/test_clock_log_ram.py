"""Virtual time, the sharing log, and RAM's pages: the small parts that snapshots stand on."""

from __future__ import annotations

import pickle

import pytest

from minikernel.machine.clock import VirtualClock
from minikernel.machine.log import Log
from minikernel.machine.ram import ZERO_PAGE, Ram


def test_clock_counts_ten_nanoseconds_an_instruction_at_100_mhz() -> None:
    running = 0
    clock = VirtualClock(100_000_000, lambda: running)
    clock.add_instructions(5)
    assert (clock.icount, clock.now_ns) == (5, 50)
    running = 3
    assert (clock.icount, clock.now_ns) == (8, 80)


def test_sleep_moves_time_and_not_the_count() -> None:
    clock = VirtualClock(100_000_000, lambda: 0)
    clock.add_instructions(1)
    clock.sleep_until(1005)
    assert (clock.icount, clock.now_ns) == (1, 1005)
    clock.sleep_until(7)
    assert clock.now_ns == 1005
    other = VirtualClock(100_000_000, lambda: 0)
    other.load(clock.save())
    assert other.now_ns == 1005


@pytest.mark.parametrize("hz", [100_000_000, 24_000_000, 333_333_333, 3_000_000_000])
@pytest.mark.parametrize("target", [1, 9, 10, 11, 1000, 123_457])
def test_instructions_until_is_the_first_count_that_reaches_the_time(hz: int, target: int) -> None:
    clock = VirtualClock(hz, lambda: 0)
    clock.add_instructions(3)
    clock.sleep_until(clock.now_ns + 4)
    more = clock.instructions_until(target)
    if more:
        clock.add_instructions(more - 1)
        assert clock.now_ns < target
        clock.add_instructions(1)
    assert clock.now_ns >= target


def test_log_goes_back_and_forth() -> None:
    log = Log[int]()
    log.append(1)
    one = log.save()
    log.append(2)
    two = log.save()
    assert log.save() is two
    log.append(3)
    log.load(one)
    assert list(log) == [1]
    log.append(9)
    nine = log.save()
    log.load(two)
    assert list(log) == [1, 2]
    log.load(nine)
    assert list(log) == [1, 9]
    assert log.since(1) == [9]


def test_log_mark_survives_pickling_of_a_long_chain() -> None:
    log = Log[int]()
    for number in range(5000):
        log.append(number)
        mark = log.save()
    other = Log[int]()
    other.load(pickle.loads(pickle.dumps(mark)))
    assert list(other) == list(range(5000))


def test_ram_save_shares_what_did_not_change() -> None:
    ram = Ram(0x8000_0000, 1 << 20)
    first = ram.save()
    assert ram.write(0x8000_1FFE, b"abcd") == range(1, 3)
    second = ram.save()
    assert second[0] is not first[0]
    assert second[1:] == first[1:]
    assert all(a is b for a, b in zip(second[1:], first[1:], strict=True))
    assert second[0][0] is ZERO_PAGE
    assert second[0][1].endswith(b"ab")


def test_ram_load_writes_only_what_differs() -> None:
    ram = Ram(0x8000_0000, 1 << 20)
    ram.write(0x8000_0000, b"one")
    first = ram.save()
    ram.write(0x8004_0000, b"two")
    second = ram.save()
    ram.write(0x8000_0000, b"three")
    assert ram.load(first) == [0, 64]
    assert ram.read(0x8000_0000, 5) == b"one\0\0"
    assert ram.load(second) == [64]
    assert ram.read(0x8004_0000, 3) == b"two"
    assert ram.load(second) == []


def test_ram_digest_tells_contents_and_place() -> None:
    a, b = Ram(0x8000_0000, 1 << 20), Ram(0x8000_0000, 1 << 20)
    assert a.digest() == b.digest()
    a.write(0x8000_1000, b"x")
    b.write(0x8000_2000, b"x")
    assert a.digest() != b.digest()
    b.write(0x8000_2000, b"\0")
    b.write(0x8000_1000, b"x")
    assert a.digest() == b.digest()


def test_ram_ends_where_it_ends() -> None:
    ram = Ram(0x8000_0000, 1 << 20)
    assert ram.holds(0x800F_FFFC, 4)
    assert not ram.holds(0x800F_FFFD, 4)
    assert not ram.holds(0x7FFF_FFFF, 4)
    assert ram.read_word(0x8010_0000) is None
    assert ram.read_word(0x7FFF_FFFC) is None
