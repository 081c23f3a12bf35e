"""Image sensor (this board's own; 4 KiB at 0x1c200000, SPI 24): a camera module that delivers an encoded picture.

The picture is the scene itself, a whole PPM file, as sensors with a JPEG encoder deliver a byte stream of known
length. All registers are 32 bits wide; use word accesses.

| offset | name        | access | reset      | bits |
|--------|-------------|--------|------------|------|
| 0x00   | ID          | RO     | 0x53454e31 | "SEN1" |
| 0x04   | CTRL        | RW     | 0          | 0 POWER, 1 CAPTURE (reads 0), 2 IRQ_ENABLE |
| 0x08   | STATUS      | RO     | 0          | 0 READY, 1 BUSY, 2 FRAME |
| 0x0c   | WIDTH       | RO     | the scene's | pixels |
| 0x10   | HEIGHT      | RO     | the scene's | pixels |
| 0x14   | FRAME_BYTES | RO     | the scene's | length of the encoded frame, bytes |
| 0x18   | FIFO        | RO     | -          | pops the next 4 bytes, first byte in bits 7:0; bytes past the end are 0 |
| 0x1c   | FIFO_LEVEL  | RO     | 0          | bytes of the frame not yet popped |
| 0x20   | INT_CLEAR   | WO     | -          | write bit 2: drop the frame interrupt; reads 0 |
| 0x24   | EXPOSURE_US | RW     | 8000       | microseconds a capture takes |

Operation:
  * POWER 0 -> 1: READY comes 5 ms later. POWER -> 0: everything stops; READY, BUSY, FRAME, the FIFO and the interrupt
    drop.
  * CAPTURE written 1 while READY = 1 and BUSY = 0: FRAME, the FIFO and the interrupt of an older frame drop, BUSY = 1.
    EXPOSURE_US later (as it was at the start) BUSY = 0, FRAME = 1, FIFO_LEVEL = FRAME_BYTES, interrupt pending.
    CAPTURE at any other time is ignored.
  * FRAME stays 1 until the next CAPTURE or power-off, also when the FIFO has been emptied.
  * The interrupt line is high while a frame interrupt is pending and IRQ_ENABLE = 1. Polling FRAME needs neither.
  * Reading FIFO when it is empty gives 0.
"""

from __future__ import annotations

from enum import IntEnum, IntFlag

ID_VALUE = 0x53454E31
POWER_UP_NS = 5_000_000
DEFAULT_EXPOSURE_US = 8_000


class Register(IntEnum):
    ID = 0x00
    CTRL = 0x04
    STATUS = 0x08
    WIDTH = 0x0C
    HEIGHT = 0x10
    FRAME_BYTES = 0x14
    FIFO = 0x18
    FIFO_LEVEL = 0x1C
    INT_CLEAR = 0x20
    EXPOSURE_US = 0x24


class Ctrl(IntFlag):
    POWER = 1 << 0
    CAPTURE = 1 << 1
    IRQ_ENABLE = 1 << 2


class Status(IntFlag):
    READY = 1 << 0
    BUSY = 1 << 1
    FRAME = 1 << 2
