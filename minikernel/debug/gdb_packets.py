"""Packets of the GDB remote serial protocol (GDB manual, appendix E.1): bytes in, values out, and back.

$payload#cc      cc: the sum of the bytes between, mod 256, in hex; answered + (good) or - (send it again)
} c ^ 0x20       a byte that is # $ } or * inside a payload
c * n            c, n - 29 more times; only in what we send
0x03             between packets: Ctrl-C
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto
from itertools import groupby

#: Bytes of a payload, in and out; what gdb is told as PacketSize.
PACKET_SIZE = 0x4000

ACK, NACK = b"+", b"-"
_START, _END, _CTRL_C, _ESCAPE, _REPEAT = 0x24, 0x23, 0x03, 0x7D, 0x2A
_SPECIAL = re.compile(rb"[#$}*]")
_ESCAPED = re.compile(rb"\}(.?)", re.DOTALL)
_CHECKSUM_DIGITS = 2

_REPEAT_BASE = 29
_SHORTEST_RUN, _LONGEST_RUN = 4, 98  # a byte and its repeats; a count must be printable, so at most 126 - 29 + 1
_FORBIDDEN_COUNTS = frozenset({_START - _REPEAT_BASE, _END - _REPEAT_BASE})  # would look like $ and #


@dataclass(frozen=True)
class Packet:
    """A good packet: the payload as it was sent, binary data still escaped."""

    payload: bytes


class Signal(Enum):
    """What else can come."""

    ACK = auto()
    NACK = auto()
    CTRL_C = auto()
    DAMAGED = auto()  # a packet with a wrong checksum, or too long


class PacketReader:
    """Cuts a stream into packets and signals. Any bytes may be fed; what is none of these is passed over."""

    def __init__(self) -> None:
        self._payload: bytearray | None = None  # of the packet that has begun
        self._checksum: bytearray | None = None  # its digits, once # has come

    def feed(self, received: bytes) -> Iterator[Packet | Signal]:
        """What is complete with these bytes, in order."""
        for byte in received:
            found = self._between(byte) if self._payload is None else self._inside(self._payload, byte)
            if found is not None:
                yield found

    def _between(self, byte: int) -> Signal | None:
        if byte == _START:
            self._payload = bytearray()
        return {ACK[0]: Signal.ACK, NACK[0]: Signal.NACK, _CTRL_C: Signal.CTRL_C}.get(byte)

    def _inside(self, payload: bytearray, byte: int) -> Packet | Signal | None:
        if self._checksum is not None:
            return self._after(payload, self._checksum, byte)
        if byte == _START:  # the sender has begun anew
            payload.clear()
        elif byte == _END:
            self._checksum = bytearray()
        elif len(payload) <= PACKET_SIZE:  # one more than fits shows that it is too long
            payload.append(byte)
        return None

    def _after(self, payload: bytearray, checksum: bytearray, byte: int) -> Packet | Signal | None:
        checksum.append(byte)
        if len(checksum) < _CHECKSUM_DIGITS:
            return None
        self._payload = self._checksum = None
        is_good = number(bytes(checksum)) == sum(payload) % 256 and len(payload) <= PACKET_SIZE
        return Packet(bytes(payload)) if is_good else Signal.DAMAGED


def frame(payload: bytes) -> bytes:
    """A packet with this payload, runs of equal bytes shortened."""
    short = _shortened(payload)
    return b"$%s#%02x" % (short, sum(short) % 256)


def escape(binary: bytes) -> bytes:
    """Any bytes as part of a payload."""
    return _SPECIAL.sub(lambda found: bytes([_ESCAPE, found[0][0] ^ 0x20]), binary)


def unescape(escaped: bytes) -> bytes:
    """What escape() was given. A final } that escapes nothing is dropped."""
    return _ESCAPED.sub(lambda found: bytes(byte ^ 0x20 for byte in found[1]), escaped)


def number(digits: bytes) -> int | None:
    """A number in the protocol's hex: digits only, one or more; None for anything else."""
    if not digits or not all(digit in b"0123456789abcdefABCDEF" for digit in digits):
        return None
    return int(digits, 16)


def unhex(digits: bytes) -> bytes | None:
    """Bytes from two hex digits each; None for anything else."""
    if len(digits) % 2 or (digits and number(digits) is None):
        return None
    return bytes.fromhex(digits.decode("ascii"))


def _shortened(payload: bytes) -> bytes:
    parts = []
    for byte, run in groupby(payload):
        left = len(list(run))
        while left:
            length = min(left, _LONGEST_RUN)
            while length - 1 in _FORBIDDEN_COUNTS:
                length -= 1
            is_short = length < _SHORTEST_RUN
            parts.append(bytes([byte]) * length if is_short else bytes([byte, _REPEAT, _REPEAT_BASE + length - 1]))
            left -= length
    return b"".join(parts)
