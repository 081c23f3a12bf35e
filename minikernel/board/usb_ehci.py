"""USB 2.0 host controller stub, EHCI 1.0 (0x400 bytes at 0x1b000000, SPI 16 shared with the bulk pipe): one port.

Source: Enhanced Host Controller Interface Specification for USB, revision 1.0 (section numbers below). The registers
and their slowness are the specification's; the transfer schedules are stored but not walked: bytes go over the
bulk pipe (usb_bulk.py), which works only while this controller's port is enabled.

| offset | name             | access | reset      | bits |
|--------|------------------|--------|------------|------|
| 0x00   | CAPLENGTH        | RO     | 0x01000020 | CAPLENGTH = 0x20, HCIVERSION = 0x0100 (2.2.1, 2.2.2) |
| 0x04   | HCSPARAMS        | RO     | 0x00001111 | 1 port, PPC = 1 (switched power), 1 companion (2.2.3) |
| 0x08   | HCCPARAMS        | RO     | 0          | 32-bit addresses, 1024-element frame list (2.2.4) |
| 0x20   | USBCMD           | RW     | 0x00080000 | 0 RS, 1 HCRESET, 4 PSE, 5 ASE, 6 IAAD, 23:16 ITC (2.3.1) |
| 0x24   | USBSTS           | RWC    | 0x00001000 | 0 USBINT, 1 ERR, 2 PCD, 4 HSE, 5 IAA; 12 HCHalted (2.3.2) |
| 0x28   | USBINTR          | RW     | 0          | enables of USBSTS 5:0 (2.3.3) |
| 0x2c   | FRINDEX          | RW     | 0          | 13:0 micro-frames of 125 us; writable only while halted (2.3.4) |
| 0x30   | CTRLDSSEGMENT    | RO     | 0          | no 64-bit addressing (2.3.5) |
| 0x34   | PERIODICLISTBASE | RW     | 0          | 31:12 (2.3.6) |
| 0x38   | ASYNCLISTADDR    | RW     | 0          | 31:5 (2.3.7) |
| 0x60   | CONFIGFLAG       | RW     | 0          | 0 CF: 1 routes the port here, 0 to the companion (2.3.8) |
| 0x64   | PORTSC1          | RW     | 0x00002000 | 0 CCS, 1 CSC, 2 PED, 3 PEDC, 8 PR, 11:10 line, 12 PP, 13 PO |

Times, all to be waited for by software:
  * HCRESET = 1: reads 1 for 20 ms, then 0; all operational registers are at reset values from the start (the port
    loses power and goes to the companion), other writes are ignored meanwhile. HCHalted is 1. (4.1)
  * RS 0 -> 1: HCHalted falls 2 ms later (16 micro-frames, 2.3.1). RS 1 -> 0: HCHalted rises 2 ms later.
  * PP 0 -> 1: power is good 20 ms later; only then is a plugged cable seen: CCS = 1, CSC = 1, PCD = 1.
  * Port reset: write PR = 1 (with PED = 0), wait at least 50 ms (USB 2.0 7.1.7.5, TDRSTR), write PR = 0, then poll
    until PR reads 0: up to 2 ms (2.3.9). If the cable is in, HCHalted = 0 and PR was held 50 ms, PED = 1: a
    high-speed link. A shorter reset, or one on a halted controller, ends with PED = 0. PEDC is not set by a reset
    (2.3.9).

Is one there: CAPLENGTH reads 0 where nobody answers. Smaller rules: CSC and PEDC are cleared by writing 1. PR is
ignored without PP or without CCS. PED can be cleared by writing 0, never set by writing 1. PO follows not-CF while CF
= 0 and is cleared by CF 0 -> 1; with CF = 1 software may set PO to give the port to the companion. While PO = 1, PP =
0 or the power is not yet good: CCS = 0 and PED = 0. Line status is 10b (J) while CCS = 1, PED = 0 and PR = 0, else 0.
Unplugging clears CCS and PED, sets CSC, and PEDC if the port was enabled. PCD is set whenever CSC or PEDC goes 0 ->
1. IAAD sets IAA at once when RS = 1 and ASE = 1 (no schedule is held up) and reads 0. FLR (frame list rollover) is
never set. Interrupt: USBSTS & USBINTR & 0x3f != 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from minikernel.board.device import AccessLog, Clock, IrqLine, State, WordDevice, earliest, ignore_access, values_of
from minikernel.board.usb_port import UsbPort

HCRESET_NS = 20_000_000
RUN_NS = 2_000_000
POWER_GOOD_NS = 20_000_000
PORT_RESET_NS = 50_000_000
PORT_RESET_END_NS = 2_000_000
MICROFRAME_NS = 125_000


class Register(IntEnum):
    CAPLENGTH = 0x00
    HCSPARAMS = 0x04
    HCCPARAMS = 0x08
    USBCMD = 0x20
    USBSTS = 0x24
    USBINTR = 0x28
    FRINDEX = 0x2C
    CTRLDSSEGMENT = 0x30
    PERIODICLISTBASE = 0x34
    ASYNCLISTADDR = 0x38
    CONFIGFLAG = 0x60
    PORTSC1 = 0x64


class UsbCmd(IntEnum):
    RS = 1 << 0
    HCRESET = 1 << 1
    PSE = 1 << 4
    ASE = 1 << 5
    IAAD = 1 << 6
    ITC = 0xFF << 16


class UsbSts(IntEnum):
    USBINT = 1 << 0
    USBERRINT = 1 << 1
    PCD = 1 << 2
    FLR = 1 << 3
    HSE = 1 << 4
    IAA = 1 << 5
    HC_HALTED = 1 << 12
    PSS = 1 << 14
    ASS = 1 << 15


class PortSc(IntEnum):
    CCS = 1 << 0
    CSC = 1 << 1
    PED = 1 << 2
    PEDC = 1 << 3
    PR = 1 << 8
    LINE_J = 0b10 << 10
    PP = 1 << 12
    PO = 1 << 13


CAPLENGTH_VALUE = 0x0100_0020
HCSPARAMS_VALUE = 0x0000_1111
USBCMD_RESET = 0x0008_0000  # ITC = 8 micro-frames
USBCMD_KEPT = UsbCmd.PSE | UsbCmd.ASE | UsbCmd.ITC
STS_CLEARABLE = 0x3F
FRINDEX_MASK = 0x3FFF


@dataclass(slots=True)
class _Registers:
    """The controller runs from `run_since` (ns) until `run_until`, or on and on while that is None."""

    resetting_until: int | None = None
    command: int = USBCMD_RESET  # PSE, ASE and ITC
    status: int = 0  # the bits that software clears
    interrupt_enable: int = 0
    periodic_list_base: int = 0
    async_list_address: int = 0
    run: bool = False
    run_since: int = 0
    run_until: int | None = 0
    frame_index: int = 0  # at run_since
    configured: bool = False
    # the port
    powered_at: int | None = None  # when the power is, or will be, good; None: off
    owned_by_companion: bool = True
    connected: bool = False
    connect_change: bool = False
    enabled: bool = False
    enable_change: bool = False
    reset_since: int | None = None  # software holds PR, or has just released it:
    reset_ends_at: int | None = None
    reset_was_long_enough: bool = False


class Ehci(WordDevice):
    """The controller; see the head of this file."""

    REGISTERS = Register

    def __init__(self, clock: Clock, irq: IrqLine, port: UsbPort, access_log: AccessLog = ignore_access) -> None:
        super().__init__("ehci", access_log)
        self._clock, self._irq, self._port = clock, irq, port
        self._r = _Registers()
        port.watch(self.tick)

    def read_word(self, offset: int) -> int:
        r = self._r
        match offset:
            case Register.USBSTS:
                return self._status()
            case Register.PORTSC1:
                return self._port_status()
            case Register.CAPLENGTH:
                return CAPLENGTH_VALUE
            case Register.HCSPARAMS:
                return HCSPARAMS_VALUE
            case Register.USBCMD:
                return r.command | UsbCmd.RS * r.run | UsbCmd.HCRESET * (r.resetting_until is not None)
            case Register.USBINTR:
                return r.interrupt_enable
            case Register.FRINDEX:
                return self._frame_index()
            case Register.PERIODICLISTBASE:
                return r.periodic_list_base
            case Register.ASYNCLISTADDR:
                return r.async_list_address
            case Register.CONFIGFLAG:
                return int(r.configured)
        return self._unhandled_read(offset)

    def write_word(self, offset: int, value: int) -> None:
        r = self._r
        if r.resetting_until is not None:
            return
        match offset:
            case Register.USBCMD:
                self._write_command(value)
            case Register.USBSTS:
                r.status &= ~(value & STS_CLEARABLE)
            case Register.USBINTR:
                r.interrupt_enable = value & STS_CLEARABLE
            case Register.FRINDEX:
                if self._is_halted():
                    r.frame_index = value & FRINDEX_MASK
                    r.run_since = r.run_until = self._clock.now_ns
            case Register.PERIODICLISTBASE:
                r.periodic_list_base = value & 0xFFFF_F000
            case Register.ASYNCLISTADDR:
                r.async_list_address = value & 0xFFFF_FFE0
            case Register.CONFIGFLAG:
                self._configure(bool(value & 1))
            case Register.PORTSC1:
                self._write_port(value)
            case _:
                self._unhandled_write(offset, value)
        self.tick()

    def deadline(self) -> int | None:
        """A connection or the end of a port reset reaches the other parts; the rest is only read."""
        r = self._r
        if r.connected or r.owned_by_companion or not self._port.is_plugged:
            return r.reset_ends_at
        return earliest(r.powered_at, r.reset_ends_at)

    def tick(self) -> None:
        r, now = self._r, self._clock.now_ns
        if r.resetting_until is not None and now >= r.resetting_until:
            r.resetting_until = None
        self._look_at_cable()
        if r.reset_ends_at is not None and now >= r.reset_ends_at:
            r.enabled = r.connected and r.reset_was_long_enough and not self._is_halted()
            r.reset_since = r.reset_ends_at = None
        self._port.route(is_companions=r.owned_by_companion, is_high_speed=r.enabled)
        self._update_irq()

    def save(self) -> State:
        return values_of(self._r)

    def load(self, state: State) -> None:
        self._r = _Registers(*state)
        self._update_irq()

    def _update_irq(self) -> None:
        self._irq.set(bool(self._r.status & self._r.interrupt_enable & STS_CLEARABLE))

    def _is_halted(self) -> bool:
        r, now = self._r, self._clock.now_ns
        return now < r.run_since or (r.run_until is not None and now >= r.run_until)

    def _frame_index(self) -> int:
        r, now = self._r, self._clock.now_ns
        end = now if r.run_until is None else min(now, r.run_until)
        return (r.frame_index + max(0, end - r.run_since) // MICROFRAME_NS) & FRINDEX_MASK

    def _status(self) -> int:
        halted = self._is_halted()
        schedules = UsbSts.PSS * bool(self._r.command & UsbCmd.PSE) | UsbSts.ASS * bool(self._r.command & UsbCmd.ASE)
        return self._r.status | (UsbSts.HC_HALTED if halted else schedules)

    def _write_command(self, value: int) -> None:
        r, now = self._r, self._clock.now_ns
        if value & UsbCmd.HCRESET:
            self._r = _Registers(resetting_until=now + HCRESET_NS, run_since=now, run_until=now)
            return
        r.command = value & USBCMD_KEPT
        if value & UsbCmd.RS and not r.run:
            self._start()
        elif r.run and not value & UsbCmd.RS:
            r.run = False
            r.run_until = r.run_since if self._is_halted() else now + RUN_NS
        if value & UsbCmd.IAAD and r.run and value & UsbCmd.ASE:
            r.status |= UsbSts.IAA

    def _start(self) -> None:
        r, now = self._r, self._clock.now_ns
        r.run = True
        if self._is_halted():
            r.frame_index = self._frame_index()
            r.run_since = now + RUN_NS
        r.run_until = None

    def _configure(self, configured: bool) -> None:
        r = self._r
        if configured != r.configured:
            r.configured = configured
            r.owned_by_companion = not configured

    def _port_status(self) -> int:
        r = self._r
        is_idle = r.connected and not r.enabled and r.reset_since is None
        return (
            PortSc.CCS * r.connected
            | PortSc.CSC * r.connect_change
            | PortSc.PED * r.enabled
            | PortSc.PEDC * r.enable_change
            | PortSc.PR * (r.reset_since is not None)
            | PortSc.LINE_J * is_idle
            | PortSc.PP * (r.powered_at is not None)
            | PortSc.PO * r.owned_by_companion
        )

    def _write_port(self, value: int) -> None:
        r, now = self._r, self._clock.now_ns
        r.connect_change = r.connect_change and not value & PortSc.CSC
        r.enable_change = r.enable_change and not value & PortSc.PEDC
        r.enabled = r.enabled and bool(value & PortSc.PED)
        if r.configured:
            r.owned_by_companion = bool(value & PortSc.PO)
        if not value & PortSc.PP:
            r.powered_at = None
        elif r.powered_at is None:
            r.powered_at = now + POWER_GOOD_NS
        self._look_at_cable()
        if value & PortSc.PR:
            self._hold_port_reset()
        elif r.reset_since is not None and r.reset_ends_at is None:
            r.reset_was_long_enough = now - r.reset_since >= PORT_RESET_NS
            r.reset_ends_at = now + PORT_RESET_END_NS

    def _hold_port_reset(self) -> None:
        r = self._r
        if r.connected and r.reset_since is None:
            r.reset_since, r.enabled = self._clock.now_ns, False

    def _look_at_cable(self) -> None:
        """CCS follows the cable while the port is ours and has power; changes of it and their effects."""
        r, now = self._r, self._clock.now_ns
        has_power = r.powered_at is not None and now >= r.powered_at
        connected = self._port.is_plugged and has_power and not r.owned_by_companion
        if connected == r.connected:
            return
        r.connected, r.connect_change = connected, True
        r.status |= UsbSts.PCD
        if not connected:
            r.enable_change = r.enable_change or r.enabled
            r.enabled = False
            r.reset_since = r.reset_ends_at = None
