"""A PPM picture as PNG, which browsers show. W3C PNG, 5 and 11: signature, IHDR, IDAT, IEND; 8 or 16 bits, RGB."""

from __future__ import annotations

import struct
import zlib

from minikernel.board.ppm import parse_ppm, samples

SIGNATURE = b"\x89PNG\r\n\x1a\n"
TRUECOLOUR = 2
NO_FILTER = b"\0"


def png_of(ppm: bytes) -> bytes:
    """The same pixels; samples are scaled to 255, or 65535 where there are more than 256 values. Raises ImageError."""
    header = parse_ppm(ppm, "picture")
    depth = 8 if header.maxval < 256 else 16
    most = (1 << depth) - 1
    scaled = [round(sample * most / header.maxval) for sample in samples(ppm, header)]
    raster = bytes(scaled) if depth == 8 else struct.pack(f">{len(scaled)}H", *scaled)
    stride = len(raster) // header.height
    rows = b"".join(NO_FILTER + raster[at : at + stride] for at in range(0, len(raster), stride))
    size = struct.pack(">IIBBBBB", header.width, header.height, depth, TRUECOLOUR, 0, 0, 0)
    return SIGNATURE + _chunk(b"IHDR", size) + _chunk(b"IDAT", zlib.compress(rows, 9)) + _chunk(b"IEND", b"")


def _chunk(kind: bytes, contents: bytes) -> bytes:
    return struct.pack(">I", len(contents)) + kind + contents + struct.pack(">I", zlib.crc32(kind + contents))
