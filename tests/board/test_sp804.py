"""The timers: when the interrupt comes, and what the counter shows meanwhile."""

import pytest

from minikernel.board.sp804 import Register, Sp804

US = 1000
ONESHOT, SIZE_32, INT_ENABLE, PERIODIC, ENABLE = 1, 2, 0x20, 0x40, 0x80
PRE_16, PRE_256 = 1 << 2, 2 << 2
LOAD, VALUE, CONTROL, INTCLR, RIS, MIS, BGLOAD = range(0, 0x1C, 4)


@pytest.fixture
def timer(clock, irq, unknown):
    return Sp804(clock, irq, unknown)


def read(timer, register):
    return timer.read(register, 4)


def write(timer, register, value):
    timer.write(register, 4, value)


def start(timer, load, control, base=0):
    write(timer, base + CONTROL, 0)
    write(timer, base + LOAD, load)
    write(timer, base + CONTROL, control | ENABLE)


@pytest.mark.parametrize("base", [0, 0x20])
@pytest.mark.parametrize(
    ("register", "value"),
    [(LOAD, 0), (VALUE, 0xFFFF_FFFF), (CONTROL, 0x20), (INTCLR, 0), (RIS, 0), (MIS, 0), (BGLOAD, 0)],
)
def test_reset_value(timer, unknown, base, register, value):
    assert read(timer, base + register) == value
    assert unknown == []


def test_primecell_id_is_an_sp804(timer):
    assert [read(timer, offset) for offset in range(0xFE0, 0x1000, 4)] == [4, 0x18, 0x14, 0, 0xD, 0xF0, 5, 0xB1]


@pytest.mark.parametrize("base", [0, 0x20])
@pytest.mark.parametrize(("prescale", "step_us"), [(0, 1), (PRE_16, 16), (PRE_256, 256)])
@pytest.mark.parametrize("mode", [PERIODIC, ONESHOT, 0, PERIODIC | ONESHOT])
def test_interrupt_comes_after_load_times_prescaler_microseconds(timer, clock, irq, base, prescale, step_us, mode):
    start(timer, 1000, SIZE_32 | INT_ENABLE | prescale | mode, base)
    assert timer.deadline() == 1000 * step_us * US
    clock.run(timer, 1000 * step_us * US - 1)
    assert not irq.level
    clock.run(timer, 1)
    assert irq.level


def test_counter_falls_with_time_and_costs_no_deadline(timer, clock):
    start(timer, 0xFFFF_FFFF, SIZE_32)
    assert timer.deadline() is None
    clock.advance(1500 * US)
    assert read(timer, VALUE) == 0xFFFF_FFFF - 1500
    clock.advance(999)
    assert read(timer, VALUE) == 0xFFFF_FFFF - 1500
    clock.advance(1)
    assert read(timer, VALUE) == 0xFFFF_FFFF - 1501


def test_reading_does_not_lose_fractions_of_a_step(timer, clock):
    start(timer, 10_000, SIZE_32 | PRE_16)
    for _ in range(1000):
        clock.advance(1001)
        read(timer, VALUE)
    assert read(timer, VALUE) == 10_000 - 1_001_000 // 16_000


@pytest.mark.parametrize(("steps", "value"), [(0, 5), (1, 4), (4, 1), (5, 5), (9, 1), (10, 5), (1_000_003, 2)])
def test_periodic_counter_goes_on_from_the_load_value(timer, clock, steps, value):
    start(timer, 5, SIZE_32 | PERIODIC)
    clock.advance(steps * US)
    assert read(timer, VALUE) == value
    assert read(timer, RIS) == (steps >= 5)


@pytest.mark.parametrize(
    ("size", "steps", "value"),
    [
        (SIZE_32, 5, 0),
        (SIZE_32, 6, 0xFFFF_FFFF),
        (SIZE_32, 5 + (1 << 32), 0),
        (0, 5, 0),
        (0, 6, 0xFFFF),
        (0, 5 + 0x10000, 0),
        (0, 4 + 0x10000, 1),
    ],
)
def test_free_running_counter_wraps_to_all_ones(timer, clock, size, steps, value):
    start(timer, 5, size)
    clock.advance(steps * US)
    assert read(timer, VALUE) == value


def test_one_shot_stops_at_zero_until_loaded_again(timer, clock, irq):
    start(timer, 5, SIZE_32 | ONESHOT | INT_ENABLE)
    clock.run(timer, 100 * US)
    assert read(timer, VALUE) == 0
    write(timer, INTCLR, 0)
    clock.run(timer, 100 * US)
    assert not irq.level and timer.deadline() is None
    write(timer, LOAD, 3)
    clock.run(timer, 3 * US)
    assert irq.level


def test_clearing_one_shot_lets_the_counter_go_on(timer, clock):
    start(timer, 5, SIZE_32 | ONESHOT)
    clock.advance(10 * US)
    write(timer, CONTROL, ENABLE | SIZE_32)
    clock.advance(US)
    assert read(timer, VALUE) == 0xFFFF_FFFF


def test_periodic_interrupt_comes_again_after_it_is_cleared(timer, clock, irq):
    start(timer, 10, SIZE_32 | PERIODIC | INT_ENABLE)
    clock.run(timer, 10 * US)
    assert irq.level
    assert timer.deadline() is None  # nothing moves the line while it is high
    clock.advance(3 * US)
    write(timer, INTCLR, 1)
    assert not irq.level
    assert timer.deadline() == 20 * US


def test_int_enable_masks_the_interrupt_but_not_ris(timer, clock, irq):
    start(timer, 10, SIZE_32 | PERIODIC)
    clock.advance(10 * US)
    assert (read(timer, RIS), read(timer, MIS), irq.level) == (1, 0, False)
    write(timer, CONTROL, ENABLE | SIZE_32 | PERIODIC | INT_ENABLE)
    assert (read(timer, RIS), read(timer, MIS), irq.level) == (1, 1, True)


@pytest.mark.parametrize("mode", [PERIODIC, ONESHOT])
def test_load_of_zero_interrupts_at_once_and_stays(timer, clock, irq, mode):
    start(timer, 0, SIZE_32 | INT_ENABLE | mode)
    assert irq.level
    write(timer, INTCLR, 1)
    clock.run(timer, 1_000_000 * US)
    assert not irq.level
    assert read(timer, VALUE) == 0


def test_load_starts_the_running_counter_again(timer, clock):
    start(timer, 100, SIZE_32 | PERIODIC | INT_ENABLE)
    clock.advance(60 * US)
    write(timer, LOAD, 100)
    assert timer.deadline() == 160 * US


def test_background_load_takes_effect_at_the_next_reload(timer, clock):
    start(timer, 100, SIZE_32 | PERIODIC | INT_ENABLE)
    clock.advance(60 * US)
    write(timer, BGLOAD, 7)
    assert read(timer, VALUE) == 40
    assert read(timer, LOAD) == read(timer, BGLOAD) == 7
    clock.run(timer, 40 * US)
    write(timer, INTCLR, 1)
    assert timer.deadline() == 107 * US


def test_disabled_timer_holds_its_count(timer, clock):
    start(timer, 100, SIZE_32 | INT_ENABLE)
    clock.advance(30 * US)
    write(timer, CONTROL, SIZE_32 | INT_ENABLE)
    clock.advance(1000 * US)
    assert read(timer, VALUE) == 70
    assert timer.deadline() is None
    write(timer, CONTROL, SIZE_32 | INT_ENABLE | ENABLE)
    assert timer.deadline() == clock.now_ns + 70 * US


def test_16_bit_timer_uses_the_lower_half_of_load(timer, clock, irq):
    start(timer, 0xABCD_0003, INT_ENABLE | PERIODIC)
    assert read(timer, VALUE) == 3
    clock.run(timer, 3 * US)
    assert irq.level


def test_line_is_shared_by_both_timers(timer, clock, irq):
    start(timer, 10, SIZE_32 | INT_ENABLE | ONESHOT)
    start(timer, 20, SIZE_32 | INT_ENABLE | ONESHOT, base=0x20)
    clock.run(timer, 30 * US)
    write(timer, INTCLR, 1)
    assert irq.level
    write(timer, Register.TIMER2INTCLR, 1)
    assert not irq.level


def test_one_late_tick_equals_many_early_ones(clock, irq):
    patient, restless = Sp804(clock, irq), Sp804(clock, irq)
    for timer in (patient, restless):
        start(timer, 77, PERIODIC | PRE_16)
        start(timer, 1234, 0, base=0x20)
    for _ in range(300):
        clock.advance(4321)
        restless.tick()
    patient.tick()
    assert patient.save() == restless.save()


@pytest.mark.parametrize("mode", [PERIODIC, ONESHOT, 0])
@pytest.mark.parametrize("at", [0, 1, 999, 1000, 5_000, 7_500, 10_000, 25_000])
def test_saved_at_any_moment_it_goes_on_the_same(clock, irq, mode, at):
    timer = Sp804(clock, irq)
    start(timer, 10, SIZE_32 | INT_ENABLE | mode)
    clock.run(timer, at)
    state = timer.save()

    def story():
        clock.now_ns = at
        seen = []
        for _ in range(6):
            clock.run(timer, 3_700)
            seen.append((read(timer, VALUE), irq.level, timer.deadline()))
            write(timer, INTCLR, 1)
        return seen

    first = story()
    clock.now_ns = at
    timer.load(state)
    assert timer.save() == state
    assert story() == first


def test_unknown_register_is_logged(timer, unknown):
    assert read(timer, 0x1C) == 0
    write(timer, 0xF00, 1)
    assert unknown == [("timer", 0x1C, False, 0), ("timer", 0xF00, True, 1)]
