"""The guest's side of the cable in Python: a storage driver on the bulk pipe, and records of the flash file system."""

from __future__ import annotations

import struct

from minikernel.board.usb_bulk import BulkPipe, Register

BLOCK = 512
VALID, WRITING, DELETED = 0x0000_FFFF, 0xFFFF_FFFF, 0


def record(name: str, data: bytes, state: int = VALID, size: int | None = None) -> bytes:
    """One record of the log, padded."""
    length = len(data) if size is None else size
    header = struct.pack("<IIII32s", 0x5346_5346, state, length, 0xFFFF_FFFF, name.encode())
    return header + data + bytes(-len(data) % 4)


def disk(*records: bytes, size: int = 256 << 10) -> bytes:
    """A flash with these records."""
    return b"".join(records).ljust(size, b"\xff")


class StorageDriver:
    """Serves the disk to the desktop, through the registers only; `commands` are the operation codes it was given."""

    def __init__(self, pipe: BulkPipe, contents: bytes) -> None:
        self.pipe, self.contents = pipe, contents
        self.commands: list[int] = []
        self.packets: list[bytes] = []  # to send, in order
        self.failing: dict[int, int] = {}  # operation code -> CSW status
        self.silent = False

    def serve(self) -> None:
        """Do what can be done now: take a packet, send a packet."""
        if self.pipe.read(Register.STATUS, 4) & 2 and not self.silent:
            self._take()
        if self.packets and self.pipe.read(Register.STATUS, 4) & 4:
            packet = self.packets.pop(0)
            for i in range(0, len(packet), 4):
                self.pipe.write(Register.IN_DATA, 4, int.from_bytes(packet[i : i + 4], "little"))
            self.pipe.write(Register.IN_COUNT, 4, len(packet))

    def _take(self) -> None:
        count = self.pipe.read(Register.OUT_COUNT, 4)
        words = [self.pipe.read(Register.OUT_DATA, 4).to_bytes(4, "little") for _ in range(0, count, 4)]
        self.pipe.write(Register.OUT_ACK, 4, 1)
        signature, tag, length, flags, lun, size, command = struct.unpack("<4sIIBBB16s", b"".join(words)[:count])
        assert (signature, lun, count) == (b"USBC", 0, 31)
        assert flags == (0x80 if length else 0)
        assert command[size:] == bytes(16 - size)
        self.commands.append(command[0])
        status = self.failing.get(command[0], 0)
        data = b"" if status else self._data(command)
        self.packets += [data[i : i + BLOCK] for i in range(0, len(data), BLOCK)]
        self.packets.append(struct.pack("<4sIIB", b"USBS", tag, length - len(data), status))

    def _data(self, command: bytes) -> bytes:
        match command[0]:
            case 0x00:
                return b""
            case 0x12:
                return bytes([0, 0x80, 2, 2, 31, 0, 0, 0]) + b"minikernCamera flash    1.0 "
            case 0x25:
                return struct.pack(">II", len(self.contents) // BLOCK - 1, BLOCK)
        (first,) = struct.unpack(">I", command[2:6])
        (count,) = struct.unpack(">H", command[7:9])
        assert 1 <= count <= 64
        return self.contents[first * BLOCK : (first + count) * BLOCK]
