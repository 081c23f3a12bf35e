"""cpio archives in the newc format, written from its description: right ones, and wrong in any field."""

from __future__ import annotations

S_IFDIR, S_IFREG, S_IFLNK = 0o040000, 0o100000, 0o120000
TRAILER = "TRAILER!!!"


def member(name: str, data: bytes = b"", mode: int = S_IFREG | 0o644, **fields: int) -> bytes:
    """One member of a newc archive, from its format; `fields` replace what would be right."""
    encoded = name.encode() + b"\0"
    values = {"ino": 1, "mode": mode, "uid": 0, "gid": 0, "nlink": 1, "mtime": 0, "filesize": len(data)}
    values |= {"devmajor": 0, "devminor": 0, "rdevmajor": 0, "rdevminor": 0, "namesize": len(encoded), "check": 0}
    values |= fields
    header = b"070701" + b"".join(b"%08X" % value for value in values.values())
    return padded(header + encoded) + padded(data)


def padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 4)


def archive(*members: bytes) -> bytes:
    return b"".join(members) + member(TRAILER)
