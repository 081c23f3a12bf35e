"""cpio in the "newc" format (Linux Documentation/driver-api/early-userspace/buffer-format.rst): the initramfs.

Deterministic: times are 0, owners are root, inode numbers count from 1, entries stay in the order given.
"""

from __future__ import annotations

import stat
from collections.abc import Iterable

from minikernel.bits import align_up
from minikernel.values import dataclass

_MAGIC = "070701"
_TRAILER = "TRAILER!!!"
_HEADER_SIZE = 110


@dataclass(frozen=True)
class CpioEntry:
    """One file or directory. `name` without leading slash; `mode` with the file-type bits of stat(2)."""

    name: str
    mode: int
    data: bytes = b""

    @classmethod
    def directory(cls, name: str, permissions: int = 0o755) -> CpioEntry:
        """A directory."""
        return cls(name, stat.S_IFDIR | permissions)

    @classmethod
    def file(cls, name: str, data: bytes, permissions: int = 0o644) -> CpioEntry:
        """A regular file."""
        return cls(name, stat.S_IFREG | permissions, data)


def write_cpio(entries: Iterable[CpioEntry]) -> bytes:
    """The archive, the trailer included, padded to 512 bytes as cpio(1) pads."""
    out = bytearray()
    for inode, entry in enumerate(entries, 1):
        _append(out, entry, inode)
    _append(out, CpioEntry(_TRAILER, 0), 0)
    out.extend(bytes(align_up(len(out), 512) - len(out)))
    return bytes(out)


def _append(out: bytearray, entry: CpioEntry, inode: int) -> None:
    name = entry.name.encode() + b"\0"
    links = 2 if stat.S_ISDIR(entry.mode) else 1
    # inode, mode, uid, gid, nlink, mtime, filesize, device major and minor, rdev major and minor, namesize, check
    fields = (inode, entry.mode, 0, 0, links, 0, len(entry.data), 0, 0, 0, 0, len(name), 0)
    out += (_MAGIC + "".join(f"{field:08X}" for field in fields)).encode()
    out += name
    out.extend(bytes(align_up(len(out), 4) - len(out)))
    out += entry.data
    out.extend(bytes(align_up(len(out), 4) - len(out)))
