"""PPM pictures (Netpbm): reads the header, checks that the whole file is one well-formed picture.

Source: the Netpbm `ppm` format page. P6: samples are bytes, or two bytes (most significant first) when maxval > 255.
P3: samples are decimal numbers. A comment runs from `#` to the end of the line; it may stand wherever white space may:
in P6 up to maxval (one single white-space character ends that header), in P3 anywhere.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence

from minikernel.errors import ImageError
from minikernel.values import dataclass

WHITESPACE = b" \t\n\v\f\r"
MAX_MAXVAL = 65535
SAMPLES_PER_PIXEL = 3


@dataclass(frozen=True)
class PpmHeader:
    """What the head of a PPM file says. `raster_offset` is where the samples begin, bytes from the file's start."""

    magic: str
    width: int
    height: int
    maxval: int
    raster_offset: int


def parse_ppm(data: bytes, file: str = "scene") -> PpmHeader:
    """Check a whole PPM file and return its header.

    Raises ImageError naming the file, the field (magic, width, height, maxval, raster) and the offset in bytes.
    """
    reader = _Reader(data, file)
    magic = data[:2].decode("latin-1")
    if magic not in ("P6", "P3"):
        found = f"begins with {data[:2]!r}" if data else "is empty"
        raise ImageError(f"{found}; a PPM picture begins with P6 or P3", file, "magic", 0)
    reader.offset = 2
    width = reader.number("width", 1)
    height = reader.number("height", 1)
    maxval = reader.number("maxval", 1, MAX_MAXVAL)
    if magic == "P6":
        reader.single_whitespace()
    header = PpmHeader(magic, width, height, maxval, reader.offset)
    if magic == "P6":
        _check_binary_raster(data, header, file)
    else:
        _check_plain_raster(reader, header)
    return header


def samples(data: bytes, header: PpmHeader) -> Sequence[int]:
    """The samples of a picture that parse_ppm has checked: red, green, blue of each pixel, row by row."""
    raster = data[header.raster_offset :]
    if header.magic == "P6":
        return raster if header.maxval < 256 else struct.unpack(f">{len(raster) // 2}H", raster)
    reader = _Reader(data, "picture")
    reader.offset = header.raster_offset
    return [reader.number("raster", 0) for _ in range(header.width * header.height * SAMPLES_PER_PIXEL)]


def _check_binary_raster(data: bytes, header: PpmHeader, file: str) -> None:
    sample_size = 1 if header.maxval < 256 else 2
    wanted = header.width * header.height * SAMPLES_PER_PIXEL * sample_size
    raster = data[header.raster_offset :]
    if len(raster) != wanted:
        raise ImageError(
            f"has {len(raster)} bytes, {header.width}x{header.height} pixels at maxval {header.maxval} take {wanted}",
            file,
            "raster",
            header.raster_offset,
        )
    if sample_size == 1:
        large = next((i for i, sample in enumerate(raster) if sample > header.maxval), None)
    else:
        high, low = raster[0::2], raster[1::2]
        pairs = enumerate(zip(high, low, strict=True))
        large = next((2 * i for i, (h, lo) in pairs if h << 8 | lo > header.maxval), None)
    if large is not None:
        value = int.from_bytes(raster[large : large + sample_size], "big")
        offset = header.raster_offset + large
        raise ImageError(f"sample {value} is above maxval {header.maxval}", file, "raster", offset)


def _check_plain_raster(reader: _Reader, header: PpmHeader) -> None:
    for _ in range(header.width * header.height * SAMPLES_PER_PIXEL):
        reader.number("raster", 0, header.maxval)
    reader.skip_blanks()
    if reader.offset != len(reader.data):
        raise ImageError("has something after the last sample", reader.file, "raster", reader.offset)


class _Reader:
    """A place in the text part of the file."""

    def __init__(self, data: bytes, file: str) -> None:
        self.data, self.file = data, file
        self.offset = 0

    def skip_blanks(self) -> None:
        """Go over white space and comments."""
        while self.offset < len(self.data):
            if self.data[self.offset] in WHITESPACE:
                self.offset += 1
            elif self.data[self.offset] == ord("#"):
                ends = [
                    end for end in (self.data.find(b"\n", self.offset), self.data.find(b"\r", self.offset)) if end >= 0
                ]
                self.offset = min(ends, default=len(self.data))
            else:
                return

    def number(self, field: str, least: int, most: int | None = None) -> int:
        """The next decimal number; blanks must stand before it."""
        before = self.offset
        self.skip_blanks()
        start = self.offset
        while self.offset < len(self.data) and chr(self.data[self.offset]) in "0123456789":
            self.offset += 1
        digits = self.data[start : self.offset]
        if not digits or start == before:
            raise ImageError(f"expected white space and a number, found {self._found(start)}", self.file, field, start)
        if len(digits) > 9:
            raise ImageError(f"number of {len(digits)} digits is too large", self.file, field, start)
        value = int(digits)
        if value < least or (most is not None and value > most):
            allowed = f"at least {least}" if most is None else f"{least} to {most}"
            raise ImageError(f"{value} is not {allowed}", self.file, field, start)
        return value

    def single_whitespace(self) -> None:
        """Go over the one character that ends the header of P6."""
        if self.data[self.offset : self.offset + 1] not in [bytes([c]) for c in WHITESPACE]:
            message = f"expected one white-space character before the samples, found {self._found(self.offset)}"
            raise ImageError(message, self.file, "maxval", self.offset)
        self.offset += 1

    def _found(self, offset: int) -> str:
        return (
            repr(self.data[offset : offset + 1].decode("latin-1")) if offset < len(self.data) else "the end of the file"
        )
