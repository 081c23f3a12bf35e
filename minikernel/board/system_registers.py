"""Versatile Express system registers (4 KiB at 0x1c010000, no interrupt): identity, 24 MHz counter, power.

Source: Motherboard Express uATX V2M-P1 Technical Reference Manual, DUI 0447, programmers model.

| offset | name          | access | reset      | bits |
|--------|---------------|--------|------------|------|
| 0x00   | SYS_ID        | RO     | 0x1190f500 | board HBI0190, revision A |
| 0x04   | SYS_SW        | RW     | 0          | 7:0 soft switches |
| 0x08   | SYS_LED       | RW     | 0          | 7:0 user LEDs |
| 0x24   | SYS_100HZ     | RO     | 0          | counts at 100 Hz since reset |
| 0x30   | SYS_FLAGS     | RW     | 0          | a write SETS the ones in it |
| 0x34   | SYS_FLAGSCLR  | WO     | -          | clears the ones in it |
| 0x38   | SYS_NVFLAGS   | RW     | 0          | as SYS_FLAGS, kept over a reset of the real board |
| 0x3c   | SYS_NVFLAGSCLR | WO    | -          | clears the ones in it |
| 0x5c   | SYS_24MHZ     | RO     | 0          | counts at 24 MHz since reset, wraps at 32 bits |
| 0x84   | SYS_PROCID0   | RO     | 0x14000237 | CoreTile Express with Cortex-A15 |
| 0xa0   | SYS_CFGDATA   | RW     | 0          | argument of the next configuration command |
| 0xa4   | SYS_CFGCTRL   | RW     | 0          | 31 start (reads 0), 30 write, 25:20 function; the rest is kept |
| 0xa8   | SYS_CFGSTAT   | RW     | 0          | 0 complete, 1 error |

Configuration commands: 0xc0800000 into SYS_CFGCTRL powers the board off (function 8), 0xc0900000 resets it
(function 9). Both are requests that the machine carries out after the store. Any other function sets CFGSTAT to
complete and error.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, IntEnum

from minikernel.bits import bits, u32
from minikernel.board.device import AccessLog, Clock, State, WordDevice, ignore_access, values_of

SYS_ID_VALUE = 0x1190_F500
SYS_PROCID0_VALUE = 0x1400_0237
CFGCTRL_START = 1 << 31
CFGCTRL_WRITE = 1 << 30
FUNCTION_SHUTDOWN = 8
FUNCTION_REBOOT = 9


class Register(IntEnum):
    SYS_ID = 0x00
    SYS_SW = 0x04
    SYS_LED = 0x08
    SYS_100HZ = 0x24
    SYS_FLAGS = 0x30
    SYS_FLAGSCLR = 0x34
    SYS_NVFLAGS = 0x38
    SYS_NVFLAGSCLR = 0x3C
    SYS_24MHZ = 0x5C
    SYS_PROCID0 = 0x84
    SYS_CFGDATA = 0xA0
    SYS_CFGCTRL = 0xA4
    SYS_CFGSTAT = 0xA8


class CfgStat(IntEnum):
    COMPLETE = 1 << 0
    ERROR = 1 << 1


class PowerRequest(Enum):
    """What the guest asked the board for."""

    OFF = "off"
    RESET = "reset"


REQUESTS = {FUNCTION_SHUTDOWN: PowerRequest.OFF, FUNCTION_REBOOT: PowerRequest.RESET}


@dataclass(slots=True)
class _Registers:
    """What the registers hold."""

    switches: int = 0
    leds: int = 0
    flags: int = 0
    nvflags: int = 0
    cfgdata: int = 0
    cfgctrl: int = 0
    cfgstat: int = 0
    power_request: str | None = None  # value of a PowerRequest


class SystemRegisters(WordDevice):
    """The registers; see the head of this file.

    `power_request` stays set once the guest has asked; `on_power_request`, when set, is called at that store.
    """

    REGISTERS = Register

    def __init__(self, clock: Clock, access_log: AccessLog = ignore_access) -> None:
        super().__init__("sysreg", access_log)
        self._clock = clock
        self.on_power_request: Callable[[PowerRequest], None] | None = None
        self._r = _Registers()

    @property
    def power_request(self) -> PowerRequest | None:
        """What the guest asked for, or None."""
        return None if self._r.power_request is None else PowerRequest(self._r.power_request)

    @property
    def leds(self) -> int:
        """The eight user LEDs, one bit each."""
        return self._r.leds

    def read_word(self, offset: int) -> int:
        r = self._r
        match offset:
            case Register.SYS_24MHZ:
                return u32(self._clock.now_ns * 24 // 1000)
            case Register.SYS_100HZ:
                return u32(self._clock.now_ns // 10_000_000)
            case Register.SYS_ID:
                return SYS_ID_VALUE
            case Register.SYS_SW:
                return r.switches
            case Register.SYS_LED:
                return r.leds
            case Register.SYS_FLAGS:
                return r.flags
            case Register.SYS_NVFLAGS:
                return r.nvflags
            case Register.SYS_PROCID0:
                return SYS_PROCID0_VALUE
            case Register.SYS_CFGDATA:
                return r.cfgdata
            case Register.SYS_CFGCTRL:
                return r.cfgctrl
            case Register.SYS_CFGSTAT:
                return r.cfgstat
        return self._unhandled_read(offset)

    def write_word(self, offset: int, value: int) -> None:
        r = self._r
        match offset:
            case Register.SYS_SW:
                r.switches = value & 0xFF
            case Register.SYS_LED:
                r.leds = value & 0xFF
            case Register.SYS_FLAGS:
                r.flags |= value
            case Register.SYS_FLAGSCLR:
                r.flags &= ~value
            case Register.SYS_NVFLAGS:
                r.nvflags |= value
            case Register.SYS_NVFLAGSCLR:
                r.nvflags &= ~value
            case Register.SYS_CFGDATA:
                r.cfgdata = value
            case Register.SYS_CFGCTRL:
                r.cfgctrl = value & ~CFGCTRL_START
                if value & CFGCTRL_START:
                    self._configure(value)
            case Register.SYS_CFGSTAT:
                r.cfgstat = value & (CfgStat.COMPLETE | CfgStat.ERROR)
            case _:
                self._unhandled_write(offset, value)

    def save(self) -> State:
        return values_of(self._r)

    def load(self, state: State) -> None:
        self._r = _Registers(*state)

    def _configure(self, command: int) -> None:
        request = REQUESTS.get(bits(command, 25, 20))
        if request is None or not command & CFGCTRL_WRITE:
            self._r.cfgstat = CfgStat.COMPLETE | CfgStat.ERROR
            return
        self._r.cfgstat = CfgStat.COMPLETE
        self._r.power_request = request.value
        if self.on_power_request is not None:
            self.on_power_request(request)
