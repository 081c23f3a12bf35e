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

from dataclasses import dataclass
from enum import IntEnum

from minikernel.board.device import AccessLog, Clock, IrqLine, State, WordDevice, ignore_access, values_of
from minikernel.board.ppm import parse_ppm

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


class Ctrl(IntEnum):
    POWER = 1 << 0
    CAPTURE = 1 << 1
    IRQ_ENABLE = 1 << 2


class Status(IntEnum):
    READY = 1 << 0
    BUSY = 1 << 1
    FRAME = 1 << 2


@dataclass(slots=True)
class _Registers:
    """What the sensor remembers."""

    power: bool = False
    irq_enable: bool = False
    exposure_us: int = DEFAULT_EXPOSURE_US
    ready_at: int = 0  # ns; meaningful while power is on
    captured_at: int | None = None  # ns; a capture is under way until then
    frame: bool = False
    frame_irq: bool = False
    fifo_offset: int = 0  # of the next byte to pop; the frame is the scene


class ImageSensor(WordDevice):
    """The sensor; see the head of this file. `scene` is a whole PPM file; ImageError when it is not."""

    REGISTERS = Register

    def __init__(
        self, clock: Clock, irq: IrqLine, scene: bytes, access_log: AccessLog = ignore_access, scene_name: str = "scene"
    ) -> None:
        super().__init__("sensor", access_log)
        header = parse_ppm(scene, scene_name)
        self.width, self.height = header.width, header.height
        self._clock, self._irq, self._scene = clock, irq, scene
        self._r = _Registers()

    def read_word(self, offset: int) -> int:
        match offset:
            case Register.FIFO:
                return self._pop_fifo()
            case Register.ID:
                return ID_VALUE
            case Register.CTRL:
                return Ctrl.POWER * self._r.power | Ctrl.IRQ_ENABLE * self._r.irq_enable
            case Register.STATUS:
                return self._status()
            case Register.WIDTH:
                return self.width
            case Register.HEIGHT:
                return self.height
            case Register.FRAME_BYTES:
                return len(self._scene)
            case Register.FIFO_LEVEL:
                return self._fifo_level()
            case Register.EXPOSURE_US:
                return self._r.exposure_us
        return self._unhandled_read(offset)

    def write_word(self, offset: int, value: int) -> None:
        match offset:
            case Register.CTRL:
                self._write_ctrl(value)
            case Register.INT_CLEAR:
                self._r.frame_irq = self._r.frame_irq and not value & Status.FRAME
            case Register.EXPOSURE_US:
                self._r.exposure_us = value
            case _:
                self._unhandled_write(offset, value)
        self._update_irq()

    def deadline(self) -> int | None:
        return self._r.captured_at if self._r.irq_enable else None

    def tick(self) -> None:
        r = self._r
        if r.captured_at is not None and self._clock.now_ns >= r.captured_at:
            r.captured_at = None
            r.frame = r.frame_irq = True
            r.fifo_offset = 0
            self._update_irq()

    def save(self) -> State:
        return values_of(self._r)

    def load(self, state: State) -> None:
        self._r = _Registers(*state)
        self._update_irq()

    def _update_irq(self) -> None:
        self._irq.set(self._r.frame_irq and self._r.irq_enable)

    def _write_ctrl(self, value: int) -> None:
        r = self._r
        r.irq_enable = bool(value & Ctrl.IRQ_ENABLE)
        if not value & Ctrl.POWER:
            self._r = _Registers(irq_enable=r.irq_enable, exposure_us=r.exposure_us)
            return
        if not r.power:
            r.power = True
            r.ready_at = self._clock.now_ns + POWER_UP_NS
        if value & Ctrl.CAPTURE and self._status() & (Status.READY | Status.BUSY) == Status.READY:
            r.frame = r.frame_irq = False
            r.captured_at = self._clock.now_ns + 1000 * r.exposure_us

    def _status(self) -> int:
        r = self._r
        ready = r.power and self._clock.now_ns >= r.ready_at
        return Status.READY * ready | Status.BUSY * (r.captured_at is not None) | Status.FRAME * r.frame

    def _fifo_level(self) -> int:
        return len(self._scene) - self._r.fifo_offset if self._r.frame else 0

    def _pop_fifo(self) -> int:
        if not self._r.frame:
            return 0
        offset = self._r.fifo_offset
        self._r.fifo_offset = min(offset + 4, len(self._scene))
        return int.from_bytes(self._scene[offset : offset + 4], "little")
