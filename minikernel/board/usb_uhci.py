"""USB 1.1 companion controller stub, UHCI 1.1 (0x400 bytes at 0x1b000400, SPI 17): two root-hub ports.

Source: Universal Host Controller Interface Design Guide, revision 1.1, chapter 2. Registers are 16 bits wide
(FLBASEADD 32, SOFMOD 8); use halfword accesses, words where the table says 32. A word access to two halfword
registers accesses both.

| offset | name      | width | access | reset  | bits |
|--------|-----------|-------|--------|--------|------|
| 0x00   | USBCMD    | 16    | RW     | 0      | 0 RS, 1 HCRESET, 2 GRESET, 3 EGSM, 4 FGR, 5 SWDBG, 6 CF, 7 MAXP |
| 0x02   | USBSTS    | 16    | RWC    | 0x0020 | 0 USBINT, 1 ERROR, 2 RESUME, 3 HSE, 4 HCPE, 5 HCHALTED |
| 0x04   | USBINTR   | 16    | RW     | 0      | 0 TIMEOUT/CRC, 1 RESUME, 2 IOC, 3 SHORT PACKET |
| 0x06   | FRNUM     | 16    | RW     | 0      | 10:0 frames of 1 ms, counts while RS = 1; writable only while halted |
| 0x08   | FLBASEADD | 32    | RW     | 0      | 31:12 |
| 0x0c   | SOFMOD    | 8     | RW     | 0x40   | 6:0 |
| 0x10   | PORTSC1   | 16    | RW     | 0x0080 | 0 CCS, 1 CSC, 2 PE, 3 PEC, 5:4 line, 7 = 1, 8 LSDA, 9 PR, 12 SUSP |
| 0x12   | PORTSC2   | 16    | RW     | 0x0080 | the same; nothing is connected to it |

CSC, PEC and the bits of USBSTS are cleared by writing 1. Is one there: PORTSC1 bit 7 always reads 1, and PORTSC1 = 0
where nothing answers.

Times, all to be waited for by software:
  * GRESET: software writes 1, holds it at least 10 ms, writes 0. All registers but GRESET itself are at reset values
    from the start. Released earlier than 10 ms the bus was not reset: the ports stay without connection (CCS = 0)
    until a proper GRESET.
  * HCRESET: reads 1 for 10 ms, then 0; registers at reset values from the start, other writes are ignored meanwhile.
  * RS 0 -> 1: HCHALTED, once cleared by writing 1 to it, stays 0. RS 1 -> 0: HCHALTED = 1 after the current frame (1
    ms). With RS = 0 and the frame over, writing 1 to HCHALTED does not clear it.
  * Port reset: PR = 1 held at least 50 ms (USB 1.1 7.1.7.3), then PR = 0, then write PE = 1. PE is accepted only with
    CCS = 1, PR = 0 and a long enough reset since the connection.

The port sees the cable only while the EHCI controller has given it away (PORTSC1.PO = 1, which is so from reset until
software sets CONFIGFLAG). A full-speed link can be enabled but carries no data: the bulk pipe is high-speed only.
Line status is 10b (J) while CCS = 1 and PR = 0. Unplugging or re-routing clears CCS and PE and sets CSC (and PEC if
PE was 1). Interrupt: this stub walks no frame list, so the only cause is RESUME detect, which never comes; the line
stays low.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from minikernel.board.device import AccessLog, Clock, Device, IrqLine, State, ignore_access, values_of
from minikernel.board.usb_port import UsbPort

GRESET_NS = 10_000_000
HCRESET_NS = 10_000_000
PORT_RESET_NS = 50_000_000
FRAME_NS = 1_000_000


class Register(IntEnum):
    USBCMD = 0x00
    USBSTS = 0x02
    USBINTR = 0x04
    FRNUM = 0x06
    FLBASEADD = 0x08
    FLBASEADD_HIGH = 0x0A  # its upper half
    SOFMOD = 0x0C
    PORTSC1 = 0x10
    PORTSC2 = 0x12


class UsbCmd(IntEnum):
    RS = 1 << 0
    HCRESET = 1 << 1
    GRESET = 1 << 2
    EGSM = 1 << 3
    FGR = 1 << 4
    SWDBG = 1 << 5
    CF = 1 << 6
    MAXP = 1 << 7


class UsbSts(IntEnum):
    USBINT = 1 << 0
    ERROR = 1 << 1
    RESUME = 1 << 2
    HSE = 1 << 3
    HCPE = 1 << 4
    HC_HALTED = 1 << 5


class PortSc(IntEnum):
    CCS = 1 << 0
    CSC = 1 << 1
    PE = 1 << 2
    PEC = 1 << 3
    LINE_J = 0b10 << 4
    ONE = 1 << 7
    LSDA = 1 << 8
    PR = 1 << 9
    SUSPEND = 1 << 12


USBCMD_KEPT = UsbCmd.EGSM | UsbCmd.FGR | UsbCmd.SWDBG | UsbCmd.CF | UsbCmd.MAXP
STS_CLEARABLE = 0x3F
FRNUM_MASK = 0x7FF
SOFMOD_RESET = 0x40


@dataclass(slots=True)
class _Port:
    connected: bool = False
    connect_change: bool = False
    enabled: bool = False
    enable_change: bool = False
    suspended: bool = False
    reset_since: int | None = None
    was_reset: bool = False  # long enough, since the connection


@dataclass(slots=True)
class _Registers:
    """Frames are counted from `run_since` (ns) until `run_until`, or on and on while that is None."""

    greset_since: int | None = None
    bus_was_reset: bool = True  # false after a GRESET that was too short
    resetting_until: int | None = None
    command: int = 0
    status: int = UsbSts.HC_HALTED
    interrupt_enable: int = 0
    frame_list_base: int = 0
    sofmod: int = SOFMOD_RESET
    run: bool = False
    run_since: int = 0
    run_until: int | None = 0
    frame_number: int = 0  # at run_since


class Uhci(Device):
    """The companion controller; see the head of this file."""

    REGISTERS = Register

    def __init__(self, clock: Clock, irq: IrqLine, port: UsbPort, access_log: AccessLog = ignore_access) -> None:
        super().__init__("uhci", access_log)
        self._clock, self._irq, self._port = clock, irq, port
        self._r = _Registers()
        self._ports = (_Port(), _Port())
        port.watch(self.tick)

    def read(self, offset: int, size: int) -> int:
        self.tick()
        if size == 4:
            return self._read_half(offset) | self._read_half(offset + 2) << 16
        return self._read_half(offset & ~1) >> 8 * (offset & 1) & ((1 << 8 * size) - 1)

    def write(self, offset: int, size: int, value: int) -> None:
        """A byte write writes its halfword register, with zeros in the other byte."""
        self.tick()
        if size == 4:
            self._write_half(offset, value & 0xFFFF)
            self._write_half(offset + 2, value >> 16)
        else:
            self._write_half(offset & ~1, value << 8 * (offset & 1))
        self.tick()

    def tick(self) -> None:
        r, now = self._r, self._clock.now_ns
        if r.resetting_until is not None and now >= r.resetting_until:
            r.resetting_until = None
        if r.run_until is not None and now >= r.run_until and not r.run:
            r.status |= UsbSts.HC_HALTED
        self._look_at_cable()
        self._update_irq()

    def save(self) -> State:
        return values_of(self._r), *(values_of(port) for port in self._ports)

    def load(self, state: State) -> None:
        self._r = _Registers(*state[0])
        self._ports = (_Port(*state[1]), _Port(*state[2]))
        self._update_irq()

    def _update_irq(self) -> None:
        """No frame list is walked and no resume is signalled: no cause ever rises."""
        self._irq.set(False)

    def _read_half(self, offset: int) -> int:
        return int(self._register(offset))  # a bare int, whatever flags it was put together from

    def _register(self, offset: int) -> int:
        r = self._r
        match offset:
            case Register.USBSTS:
                return r.status
            case Register.PORTSC1 | Register.PORTSC2:
                return _port_status(self._ports[(offset - Register.PORTSC1) // 2])
            case Register.USBCMD:
                resetting = UsbCmd.HCRESET * (r.resetting_until is not None)
                return r.command | resetting | UsbCmd.RS * r.run | UsbCmd.GRESET * (r.greset_since is not None)
            case Register.USBINTR:
                return r.interrupt_enable
            case Register.FRNUM:
                return self._frame_number()
            case Register.FLBASEADD:
                return r.frame_list_base & 0xFFFF
            case Register.FLBASEADD_HIGH:
                return r.frame_list_base >> 16
            case Register.SOFMOD:
                return r.sofmod
        return self._unhandled_read(offset)

    def _write_half(self, offset: int, value: int) -> None:
        r = self._r
        is_in_reset = r.resetting_until is not None or r.greset_since is not None
        if is_in_reset and offset != Register.USBCMD:
            return
        match offset:
            case Register.USBCMD:
                self._write_command(value)
            case Register.USBSTS:
                r.status &= ~(value & STS_CLEARABLE)
            case Register.USBINTR:
                r.interrupt_enable = value & 0xF
            case Register.FRNUM:
                if not r.run:
                    r.frame_number = value & FRNUM_MASK
                    r.run_since = r.run_until = self._clock.now_ns
            case Register.FLBASEADD:
                r.frame_list_base = r.frame_list_base & 0xFFFF_0000 | value & 0xF000
            case Register.FLBASEADD_HIGH:
                r.frame_list_base = r.frame_list_base & 0xFFFF | value << 16
            case Register.SOFMOD:
                r.sofmod = value & 0x7F
            case Register.PORTSC1 | Register.PORTSC2:
                self._write_port(self._ports[(offset - Register.PORTSC1) // 2], value)
            case _:
                self._unhandled_write(offset, value)

    def _write_command(self, value: int) -> None:
        r, now = self._r, self._clock.now_ns
        if r.resetting_until is not None:
            return
        if r.greset_since is not None:
            if not value & UsbCmd.GRESET:
                r.bus_was_reset = now - r.greset_since >= GRESET_NS
                r.greset_since = None
        elif value & UsbCmd.GRESET:
            self._reset()
            self._r.greset_since = now
        elif value & UsbCmd.HCRESET:
            self._reset()
            self._r.resetting_until = now + HCRESET_NS
        else:
            r.command = value & USBCMD_KEPT
            self._set_run(bool(value & UsbCmd.RS))

    def _reset(self) -> None:
        now = self._clock.now_ns
        self._r = _Registers(bus_was_reset=self._r.bus_was_reset, run_since=now, run_until=now)
        self._ports = (_Port(), _Port())

    def _set_run(self, run: bool) -> None:
        r, now = self._r, self._clock.now_ns
        if run and not r.run:
            r.frame_number, r.run_since, r.run_until = self._frame_number(), now, None
        elif r.run and not run:
            r.run_until = now + FRAME_NS - (now - r.run_since) % FRAME_NS
        r.run = run

    def _frame_number(self) -> int:
        r, now = self._r, self._clock.now_ns
        end = now if r.run_until is None else min(now, r.run_until)
        return (r.frame_number + (end - r.run_since) // FRAME_NS) & FRNUM_MASK

    def _look_at_cable(self) -> None:
        """The first port has the connector while EHCI leaves it to us; the second has none."""
        r, port = self._r, self._ports[0]
        connected = self._port.is_plugged and self._port.is_companions and r.bus_was_reset and r.greset_since is None
        if connected == port.connected:
            return
        port.connected, port.connect_change = connected, True
        port.was_reset = False
        if not connected:
            port.enable_change = port.enable_change or port.enabled
            port.enabled = False
            port.reset_since = None

    def _write_port(self, port: _Port, value: int) -> None:
        now = self._clock.now_ns
        port.connect_change = port.connect_change and not value & PortSc.CSC
        port.enable_change = port.enable_change and not value & PortSc.PEC
        port.suspended = bool(value & PortSc.SUSPEND)
        if value & PortSc.PR:
            if port.reset_since is None:
                port.reset_since = now
        elif port.reset_since is not None:
            port.was_reset = now - port.reset_since >= PORT_RESET_NS
            port.reset_since = None
        may_enable = port.connected and port.reset_since is None and port.was_reset
        port.enabled = may_enable and bool(value & PortSc.PE)


def _port_status(port: _Port) -> int:
    return (
        PortSc.CCS * port.connected
        | PortSc.CSC * port.connect_change
        | PortSc.PE * port.enabled
        | PortSc.PEC * port.enable_change
        | PortSc.LINE_J * (port.connected and port.reset_since is None)
        | PortSc.ONE
        | PortSc.PR * (port.reset_since is not None)
        | PortSc.SUSPEND * port.suspended
    )
