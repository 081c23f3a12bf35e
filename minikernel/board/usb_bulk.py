"""Bulk pipe (this board's own; 0x800 bytes at 0x1b000800, SPI 16 shared with EHCI): the wire to the desktop.

A real camera would have a USB device controller here. This stub keeps what a storage driver sees of one: one bulk OUT
endpoint (desktop to camera) and one bulk IN endpoint (camera to desktop), packets of at most 512 bytes (USB 2.0
5.8.3, high speed). The names are USB's: OUT and IN as the desktop, the USB host, sees them. All registers are 32 bits
wide; use word accesses. WO registers read 0.

| offset | name      | access | reset      | bits |
|--------|-----------|--------|------------|------|
| 0x00   | ID        | RO     | 0x42554c4b | "BULK" |
| 0x04   | CTRL      | RW     | 0          | 0 ENABLE (the desktop starts talking), 1 IRQ_ENABLE |
| 0x08   | STATUS    | RO     | 0x4        | 0 CONNECTED, 1 OUT_READY, 2 IN_EMPTY, 3 CONNECT_CHANGE |
| 0x0c   | OUT_COUNT | RO     | 0          | bytes of the waiting OUT packet (0-512), whatever was popped of it |
| 0x10   | OUT_DATA  | RO     | -          | pops 4 bytes of it, first byte in bits 7:0; past its end 0 |
| 0x14   | OUT_ACK   | WO     | -          | write 1: packet consumed, OUT_READY = 0, the next one may come |
| 0x18   | IN_DATA   | WO     | -          | pushes 4 bytes, first byte in bits 7:0; dropped behind 512 bytes |
| 0x1c   | IN_COUNT  | WO     | -          | write n <= 512: send a packet of the first n bytes pushed (0: empty) |
| 0x20   | INT_CLEAR | WO     | -          | write bit 3: CONNECT_CHANGE = 0 |

Operation:
  * CONNECTED: the cable is plugged in and the EHCI port is enabled (PORTSC1.PED). CONNECT_CHANGE is set by each
    change of it, ENABLE or not. On disconnection both endpoints are emptied.
  * An OUT packet arrives 10 us after the desktop sends it: OUT_READY = 1. The next one waits for OUT_ACK.
  * Sending: push the bytes, write IN_COUNT. IN_EMPTY falls, and rises 10 us later when the desktop has the packet.
    Bytes pushed meanwhile belong to the next packet; IN_COUNT written while IN_EMPTY = 0 is ignored. With more than
    the bytes pushed, the rest of the packet is zeros; n > 512 counts as 512. While CONNECTED = 0 or ENABLE = 0 a
    packet goes nowhere (IN_EMPTY stays 1).
  * ENABLE 1 -> 0 empties both endpoints, and the desktop sees the disk go away; 0 -> 1 with CONNECTED = 1: the
    desktop begins with INQUIRY. It will not begin before ENABLE.
  * The interrupt line is high while IRQ_ENABLE = 1 and (OUT_READY or CONNECT_CHANGE).

Protocol on it: USB Mass Storage Class, Bulk-Only Transport 1.0. All numbers of the wrappers are little-endian, those
inside SCSI command blocks big-endian.
  * CBW, one OUT packet of 31 bytes (5.1): "USBC", tag[4], data transfer length[4], flags (0x80: data go IN), LUN,
    command length, command[16].
  * Data, if any: IN packets of 512 bytes, the last one may be shorter. Never send an empty one.
  * CSW, one IN packet of 13 bytes (5.2): "USBS", the CBW's tag, residue[4] (bytes asked for and not sent), status: 0
    good, 1 failed. A CSW in place of the data, or of the rest of them, ends the command early; this is how a command
    that fails with nothing sent is answered.
  * The desktop sends INQUIRY (0x12, 36 bytes), TEST UNIT READY (0x00, no data), READ CAPACITY(10) (0x25, 8 bytes:
    last block number, 512), and READ(10) (0x28: command[2:6] first block, command[7:9] number of blocks, at most 64).
    The disk is the whole flash. Answer anything else with status 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Protocol

from minikernel.board.device import AccessLog, Clock, IrqLine, State, WordDevice, earliest, ignore_access, values_of
from minikernel.board.usb_port import UsbPort

ID_VALUE = 0x42554C4B
MAX_PACKET = 512
PACKET_NS = 10_000


class Register(IntEnum):
    ID = 0x00
    CTRL = 0x04
    STATUS = 0x08
    OUT_COUNT = 0x0C
    OUT_DATA = 0x10
    OUT_ACK = 0x14
    IN_DATA = 0x18
    IN_COUNT = 0x1C
    INT_CLEAR = 0x20


class Ctrl(IntEnum):
    ENABLE = 1 << 0
    IRQ_ENABLE = 1 << 1


class Status(IntEnum):
    CONNECTED = 1 << 0
    OUT_READY = 1 << 1
    IN_EMPTY = 1 << 2
    CONNECT_CHANGE = 1 << 3


class BulkHost(Protocol):
    """The other end of the pipe."""

    def attached(self, at_ns: int) -> None:
        """The pipe can be used from now on."""

    def detached(self, at_ns: int) -> None:
        """The pipe cannot be used any more; packets under way are lost."""

    def received(self, packet: bytes, at_ns: int) -> None:
        """An IN packet has come from the camera."""


@dataclass(slots=True)
class _Registers:
    """What the pipe remembers."""

    control: int = 0
    connected: bool = False
    connect_change: bool = False
    out_packet: bytes | None = None  # waits in the buffer
    out_popped: int = 0
    out_queue: tuple[bytes, ...] = ()  # sent by the desktop, not yet in the buffer
    out_arrives_at: int | None = None  # the first of the queue; None while the buffer is full
    in_pushed: bytes = b""
    in_packet: bytes | None = None  # on its way to the desktop
    in_arrives_at: int | None = None


class BulkPipe(WordDevice):
    """The pipe; see the head of this file. `host` is set by whoever sits at the other end."""

    REGISTERS = Register

    def __init__(self, clock: Clock, irq: IrqLine, port: UsbPort, access_log: AccessLog = ignore_access) -> None:
        super().__init__("usb-bulk", access_log)
        self._clock, self._irq, self._port = clock, irq, port
        self.host: BulkHost | None = None
        self._r = _Registers()
        port.watch(self._port_changed)

    @property
    def is_usable(self) -> bool:
        """Connected and enabled: packets flow."""
        return self._r.connected and bool(self._r.control & Ctrl.ENABLE)

    def send_out(self, packet: bytes, at_ns: int) -> None:
        """The desktop sends a packet of at most 512 bytes at time `at_ns`; it is lost when the pipe is not usable."""
        if len(packet) > MAX_PACKET:
            raise ValueError(f"packet of {len(packet)} bytes, the most is {MAX_PACKET}")
        if not self.is_usable:
            return
        self._r.out_queue += (packet,)
        if self._r.out_packet is None and self._r.out_arrives_at is None:
            self._r.out_arrives_at = at_ns + PACKET_NS

    def read_word(self, offset: int) -> int:
        r = self._r
        match offset:
            case Register.STATUS:
                return self._status()
            case Register.OUT_DATA:
                return self._pop_out()
            case Register.OUT_COUNT:
                return 0 if r.out_packet is None else len(r.out_packet)
            case Register.ID:
                return ID_VALUE
            case Register.CTRL:
                return r.control
        return self._unhandled_read(offset)

    def write_word(self, offset: int, value: int) -> None:
        r = self._r
        match offset:
            case Register.IN_DATA:
                r.in_pushed = (r.in_pushed + value.to_bytes(4, "little"))[:MAX_PACKET]
            case Register.IN_COUNT:
                self._send_in(min(value, MAX_PACKET))
            case Register.OUT_ACK:
                if value & 1:
                    self._acknowledge_out()
            case Register.CTRL:
                self._write_control(value & (Ctrl.ENABLE | Ctrl.IRQ_ENABLE))
            case Register.INT_CLEAR:
                r.connect_change = r.connect_change and not value & Status.CONNECT_CHANGE
            case _:
                self._unhandled_write(offset, value)
        self._update_irq()

    def deadline(self) -> int | None:
        out, in_ = self._r.out_arrives_at, self._r.in_arrives_at
        return in_ if out is None else earliest(out, in_)

    def tick(self) -> None:
        """Packets arrive, in the order of their times; what the desktop answers may be due as well."""
        while (due := self.deadline()) is not None and due <= self._clock.now_ns:
            if due == self._r.in_arrives_at:
                self._deliver_in(due)
            else:
                self._deliver_out()
            self._update_irq()

    def save(self) -> State:
        return values_of(self._r)

    def load(self, state: State) -> None:
        self._r = _Registers(*state)
        self._update_irq()

    def _update_irq(self) -> None:
        r = self._r
        wanted = r.connect_change or r.out_packet is not None
        self._irq.set(wanted and bool(r.control & Ctrl.IRQ_ENABLE))

    def _status(self) -> int:
        r = self._r
        return (
            Status.CONNECTED * r.connected
            | Status.OUT_READY * (r.out_packet is not None)
            | Status.IN_EMPTY * (r.in_packet is None)
            | Status.CONNECT_CHANGE * r.connect_change
        )

    def _port_changed(self) -> None:
        r = self._r
        connected = self._port.is_plugged and self._port.is_high_speed
        if connected != r.connected:
            was_usable = self.is_usable
            r.connected, r.connect_change = connected, True
            self._tell_host(was_usable)
            self._update_irq()

    def _write_control(self, value: int) -> None:
        was_usable = self.is_usable
        self._r.control = value
        self._tell_host(was_usable)

    def _tell_host(self, was_usable: bool) -> None:
        if self.is_usable == was_usable:
            return
        if was_usable:
            self._r = _Registers(self._r.control, self._r.connected, self._r.connect_change)
        if self.host is not None:
            (self.host.detached if was_usable else self.host.attached)(self._clock.now_ns)

    def _pop_out(self) -> int:
        r = self._r
        if r.out_packet is None:
            return 0
        word = r.out_packet[r.out_popped : r.out_popped + 4]
        r.out_popped += len(word)
        return int.from_bytes(word, "little")

    def _acknowledge_out(self) -> None:
        r = self._r
        if r.out_packet is None:
            return
        r.out_packet, r.out_popped = None, 0
        if r.out_queue:
            r.out_arrives_at = self._clock.now_ns + PACKET_NS

    def _deliver_out(self) -> None:
        r = self._r
        r.out_packet, r.out_queue = r.out_queue[0], r.out_queue[1:]
        r.out_popped, r.out_arrives_at = 0, None

    def _send_in(self, size: int) -> None:
        r = self._r
        if r.in_packet is not None:
            return
        packet, r.in_pushed = r.in_pushed[:size].ljust(size, b"\0"), b""
        if self.is_usable:
            r.in_packet, r.in_arrives_at = packet, self._clock.now_ns + PACKET_NS

    def _deliver_in(self, at_ns: int) -> None:
        packet, self._r.in_packet, self._r.in_arrives_at = self._r.in_packet, None, None
        if self.host is not None and packet is not None:
            self.host.received(packet, at_ns)
