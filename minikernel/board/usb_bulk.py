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

from enum import IntEnum, IntFlag

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


class Ctrl(IntFlag):
    ENABLE = 1 << 0
    IRQ_ENABLE = 1 << 1


class Status(IntFlag):
    CONNECTED = 1 << 0
    OUT_READY = 1 << 1
    IN_EMPTY = 1 << 2
    CONNECT_CHANGE = 1 << 3
