"""SP804 dual timer (4 KiB at 0x1c110000, SPI 2 for both timers): 32/16-bit down counters at 1 MHz.

Source: ARM Dual-Timer Module (SP804) Technical Reference Manual, DDI 0271.

Timer 1 at 0x00, timer 2 at 0x20, each with

| offset | name           | access | reset      | bits |
|--------|----------------|--------|------------|------|
| 0x00   | TimerXLoad     | RW     | 0          | write: the counter starts again from here at once |
| 0x04   | TimerXValue    | RO     | 0xffffffff | the counter |
| 0x08   | TimerXControl  | RW     | 0x20       | 0 OneShot, 1 Size, 3:2 Pre, 5 IntEnable, 6 Periodic, 7 Enable |
| 0x0c   | TimerXIntClr   | WO     | -          | any write drops the interrupt |
| 0x10   | TimerXRIS      | RO     | 0          | 0 raw interrupt |
| 0x14   | TimerXMIS      | RO     | 0          | 0 raw AND IntEnable |
| 0x18   | TimerXBGLoad   | RW     | 0          | the load value, without starting again: used at the next reload |

and for the pair, read-only: 0xfe0 PeriphID 0-3 = 04 18 14 00, PCellID 0-3 = 0d f0 05 b1. The integration test
registers 0xf00 and 0xf04 are left out.

The interrupt comes when the counter reaches 0: TimerXLoad / 1 MHz * prescaler after the load. Then periodic mode goes
on from the load value with that same period, so its counter never shows 0; free-running mode (Periodic = 0) wraps to
all ones; one-shot mode stops at 0 until the next load or until OneShot is cleared. With Size = 0 the counter has 16
bits and the upper half of the load value is ignored. Pre divides by 1, 16 or 256. A load value of 0 gives the
interrupt at once; in periodic mode the counter then stays at 0. Writing TimerXControl while the timer runs restarts
the prescaler, not the counter. Pre = 3 is undefined in the manual; here it is 256.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from minikernel.board.device import AccessLog, Clock, IrqLine, State, WordDevice, earliest, ignore_access, values_of

TIMER_CLOCK_HZ = 1_000_000
CLOCK_NS = 1_000_000_000 // TIMER_CLOCK_HZ
TIMER2_OFFSET = 0x20
PRESCALERS = (1, 16, 256, 256)
PRESCALE_SHIFT = 2
CONTROL_BITS = 0xEF
CONTROL_RESET = 0x20


class Register(IntEnum):
    TIMER1LOAD = 0x00
    TIMER1VALUE = 0x04
    TIMER1CONTROL = 0x08
    TIMER1INTCLR = 0x0C
    TIMER1RIS = 0x10
    TIMER1MIS = 0x14
    TIMER1BGLOAD = 0x18
    TIMER2LOAD = 0x20
    TIMER2VALUE = 0x24
    TIMER2CONTROL = 0x28
    TIMER2INTCLR = 0x2C
    TIMER2RIS = 0x30
    TIMER2MIS = 0x34
    TIMER2BGLOAD = 0x38


class Control(IntEnum):
    ONESHOT = 1 << 0
    SIZE_32 = 1 << 1
    INT_ENABLE = 1 << 5
    PERIODIC = 1 << 6
    ENABLE = 1 << 7


@dataclass(slots=True)
class _Timer:
    """One of the two. `count` was the counter at the time `since_ns`; if the timer runs, it has fallen since."""

    load: int = 0
    control: int = CONTROL_RESET
    raw: bool = False
    stopped: bool = False  # one-shot at 0, or periodic with load 0
    count: int = 0xFFFF_FFFF
    since_ns: int = 0

    @property
    def is_running(self) -> bool:
        return bool(self.control & Control.ENABLE) and not self.stopped

    @property
    def masked(self) -> bool:
        return self.raw and bool(self.control & Control.INT_ENABLE)

    @property
    def _mask(self) -> int:
        return 0xFFFF_FFFF if self.control & Control.SIZE_32 else 0xFFFF

    @property
    def _step_ns(self) -> int:
        return CLOCK_NS * PRESCALERS[self.control >> PRESCALE_SHIFT & 3]

    @property
    def _stays_at_zero(self) -> bool:
        no_period = self.control & Control.PERIODIC and self.load & self._mask == 0
        return bool(self.control & Control.ONESHOT or no_period)

    @property
    def value(self) -> int:
        """TimerXValue as of the last advance()."""
        return self.count & (self._mask if self.control & Control.ENABLE else 0xFFFF_FFFF)

    def advance(self, now_ns: int) -> None:
        """Count down to now, through as many wraps or reloads as fit."""
        if not self.is_running:
            self.since_ns = now_ns
            return
        steps = (now_ns - self.since_ns) // self._step_ns
        self.since_ns += steps * self._step_ns
        if steps < self.count:
            self.count -= steps
        else:
            self.raw = True
            self._pass_zero(steps - self.count)

    def _pass_zero(self, steps: int) -> None:
        """The counter reached 0 `steps` ago. A count of mask + 1 shows 0, and comes to 0 again after a full turn."""
        if self._stays_at_zero:
            self.count, self.stopped = 0, True
        else:
            period = self.load & self._mask if self.control & Control.PERIODIC else self._mask + 1
            self.count = period - steps % period

    def write_load(self, value: int, now_ns: int) -> None:
        self.load = self.count = value
        self.since_ns, self.stopped = now_ns, False
        self._cut_to_size()
        self.advance(now_ns)

    def write_control(self, value: int, now_ns: int) -> None:
        self.control = value & CONTROL_BITS
        if self.stopped and not self._stays_at_zero:
            self.count, self.stopped = self._mask + 1, False
        self._cut_to_size()
        self.since_ns = now_ns
        self.advance(now_ns)

    def _cut_to_size(self) -> None:
        """A running 16-bit timer has no upper half; one that stands keeps it, for Size may be set after the load."""
        if self.control & Control.ENABLE and self.count > self._mask:
            self.count = self.count & self._mask or self._mask + 1

    def deadline(self) -> int | None:
        """When the masked interrupt rises; None when nothing changes it."""
        if not self.is_running or self.raw or not self.control & Control.INT_ENABLE:
            return None
        return self.since_ns + self.count * self._step_ns


class Sp804(WordDevice):
    """The dual timer; see the head of this file."""

    REGISTERS = Register
    PRIMECELL_ID = bytes([0x04, 0x18, 0x14, 0x00, 0x0D, 0xF0, 0x05, 0xB1])

    def __init__(self, clock: Clock, irq: IrqLine, access_log: AccessLog = ignore_access) -> None:
        super().__init__("timer", access_log)
        self._clock, self._irq = clock, irq
        self._timers = (_Timer(), _Timer())

    def read_word(self, offset: int) -> int:
        timer = self._timers[1 if offset & TIMER2_OFFSET else 0]
        match offset & ~TIMER2_OFFSET:
            case Register.TIMER1VALUE:
                return timer.value
            case Register.TIMER1LOAD | Register.TIMER1BGLOAD:
                return timer.load
            case Register.TIMER1CONTROL:
                return timer.control
            case Register.TIMER1RIS:
                return int(timer.raw)
            case Register.TIMER1MIS:
                return int(timer.masked)
        return self._unhandled_read(offset)

    def write_word(self, offset: int, value: int) -> None:
        timer = self._timers[1 if offset & TIMER2_OFFSET else 0]
        match offset & ~TIMER2_OFFSET:
            case Register.TIMER1LOAD:
                timer.write_load(value, self._clock.now_ns)
            case Register.TIMER1CONTROL:
                timer.write_control(value, self._clock.now_ns)
            case Register.TIMER1INTCLR:
                timer.raw = False
            case Register.TIMER1BGLOAD:
                timer.load = value
            case _:
                self._unhandled_write(offset, value)
        self._update_irq()

    def deadline(self) -> int | None:
        return earliest(*(timer.deadline() for timer in self._timers))

    def tick(self) -> None:
        for timer in self._timers:
            timer.advance(self._clock.now_ns)
        self._update_irq()

    def save(self) -> State:
        return tuple(values_of(timer) for timer in self._timers)

    def load(self, state: State) -> None:
        self._timers = (_Timer(*state[0]), _Timer(*state[1]))
        self._update_irq()

    def _update_irq(self) -> None:
        """TIMINTC, the two interrupts combined."""
        self._irq.set(any(timer.masked for timer in self._timers))
