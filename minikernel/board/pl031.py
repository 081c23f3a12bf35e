"""PL031 real-time clock (4 KiB at 0x1c170000, SPI 4): Unix time in seconds, with an alarm.

Source: ARM PrimeCell Real Time Clock (PL031) Technical Reference Manual, DDI 0224.

| offset | name    | access | reset      | bits |
|--------|---------|--------|------------|------|
| 0x00   | RTCDR   | RO     | 1221244312 | seconds; counts virtual time |
| 0x04   | RTCMR   | RW     | 0          | match: the alarm comes when RTCDR becomes equal |
| 0x08   | RTCLR   | RW     | 0          | write: set the clock |
| 0x0c   | RTCCR   | RW     | 1          | 0 start; always 1 here, the clock cannot be stopped |
| 0x10   | RTCIMSC | RW     | 0          | 0 alarm enable |
| 0x14   | RTCRIS  | RO     | 0          | 0 raw alarm |
| 0x18   | RTCMIS  | RO     | 0          | 0 raw AND enable |
| 0x1c   | RTCICR  | WO     | -          | write bit 0: drop the alarm |
| 0xfe0  | PeriphID 0-3, PCellID 0-3 | RO | | 31 10 04 00, 0d f0 05 b1 |

The clock says Fri 12 Sep 2008 18:31:52 UTC at reset, so that every run has the same date. The second changes at whole
seconds of virtual time after reset, or after the last write of RTCLR. The counter and the comparison are 32 bits
wide.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from minikernel.bits import u32
from minikernel.board.device import AccessLog, Clock, IrqLine, State, WordDevice, ignore_access, values_of

RESET_TIME = 1_221_244_312
SECOND_NS = 1_000_000_000


class Register(IntEnum):
    RTCDR = 0x00
    RTCMR = 0x04
    RTCLR = 0x08
    RTCCR = 0x0C
    RTCIMSC = 0x10
    RTCRIS = 0x14
    RTCMIS = 0x18
    RTCICR = 0x1C


@dataclass(slots=True)
class _Registers:
    """What the clock remembers."""

    load: int = 0
    match: int = 0
    enable: bool = False
    raw: bool = False
    start_time: int = RESET_TIME  # seconds at start_ns
    start_ns: int = 0
    alarm_ns: int | None = None  # when the match comes next


class Pl031(WordDevice):
    """The clock; see the head of this file."""

    REGISTERS = Register
    PRIMECELL_ID = bytes([0x31, 0x10, 0x04, 0x00, 0x0D, 0xF0, 0x05, 0xB1])

    def __init__(self, clock: Clock, irq: IrqLine, access_log: AccessLog = ignore_access) -> None:
        super().__init__("rtc", access_log)
        self._clock, self._irq = clock, irq
        self._r = _Registers()

    def read_word(self, offset: int) -> int:
        r = self._r
        match offset:
            case Register.RTCDR:
                return u32(r.start_time + (self._clock.now_ns - r.start_ns) // SECOND_NS)
            case Register.RTCMR:
                return r.match
            case Register.RTCLR:
                return r.load
            case Register.RTCCR:
                return 1
            case Register.RTCIMSC:
                return int(r.enable)
            case Register.RTCRIS:
                return int(r.raw)
            case Register.RTCMIS:
                return int(r.raw and r.enable)
        return self._unhandled_read(offset)

    def write_word(self, offset: int, value: int) -> None:
        r = self._r
        match offset:
            case Register.RTCMR:
                r.match = value
                self._set_alarm()
            case Register.RTCLR:
                r.load = r.start_time = value
                r.start_ns = self._clock.now_ns
                self._set_alarm()
            case Register.RTCIMSC:
                r.enable = bool(value & 1)
            case Register.RTCICR:
                r.raw = r.raw and not value & 1
            case Register.RTCCR:
                pass  # the clock cannot be stopped
            case _:
                self._unhandled_write(offset, value)
        self._update_irq()

    def deadline(self) -> int | None:
        return self._r.alarm_ns if self._r.enable and not self._r.raw else None

    def tick(self) -> None:
        r = self._r
        if r.alarm_ns is not None and self._clock.now_ns >= r.alarm_ns:
            r.raw, r.alarm_ns = True, None
            self._update_irq()

    def save(self) -> State:
        return values_of(self._r)

    def load(self, state: State) -> None:
        self._r = _Registers(*state)
        self._update_irq()

    def _set_alarm(self) -> None:
        """The comparison is for equality: a match in the past comes after 2**32 seconds, and one of now at once."""
        r = self._r
        elapsed = (self._clock.now_ns - r.start_ns) // SECOND_NS
        seconds = u32(r.match - r.start_time - elapsed)
        r.alarm_ns = r.start_ns + (elapsed + seconds) * SECOND_NS
        self.tick()

    def _update_irq(self) -> None:
        self._irq.set(self._r.raw and self._r.enable)
