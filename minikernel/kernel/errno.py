"""The guest's errno numbers and texts: Linux's, as guest/include/errno.inc and the user program's table have them.

Not the host's `errno` module: on another host (macOS) the same names carry other numbers.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple


class Errno(NamedTuple):
    """Name and text of one error number."""

    name: str
    text: str


ERRNO: Mapping[int, Errno] = MappingProxyType(
    {
        1: Errno("EPERM", "Operation not permitted"),
        2: Errno("ENOENT", "No such file or directory"),
        3: Errno("ESRCH", "No such process"),
        4: Errno("EINTR", "Interrupted system call"),
        5: Errno("EIO", "Input/output error"),
        6: Errno("ENXIO", "No such device or address"),
        7: Errno("E2BIG", "Argument list too long"),
        8: Errno("ENOEXEC", "Exec format error"),
        9: Errno("EBADF", "Bad file descriptor"),
        11: Errno("EAGAIN", "Resource temporarily unavailable"),
        12: Errno("ENOMEM", "Cannot allocate memory"),
        13: Errno("EACCES", "Permission denied"),
        14: Errno("EFAULT", "Bad address"),
        16: Errno("EBUSY", "Device or resource busy"),
        17: Errno("EEXIST", "File exists"),
        19: Errno("ENODEV", "No such device"),
        20: Errno("ENOTDIR", "Not a directory"),
        21: Errno("EISDIR", "Is a directory"),
        22: Errno("EINVAL", "Invalid argument"),
        23: Errno("ENFILE", "Too many open files in system"),
        24: Errno("EMFILE", "Too many open files"),
        25: Errno("ENOTTY", "Inappropriate ioctl for device"),
        26: Errno("ETXTBSY", "Text file busy"),
        27: Errno("EFBIG", "File too large"),
        28: Errno("ENOSPC", "No space left on device"),
        29: Errno("ESPIPE", "Illegal seek"),
        30: Errno("EROFS", "Read-only file system"),
        34: Errno("ERANGE", "Numerical result out of range"),
        35: Errno("EDEADLK", "Resource deadlock avoided"),
        36: Errno("ENAMETOOLONG", "File name too long"),
        38: Errno("ENOSYS", "Function not implemented"),
        39: Errno("ENOTEMPTY", "Directory not empty"),
        61: Errno("ENODATA", "No data available"),
        74: Errno("EBADMSG", "Bad message"),
        110: Errno("ETIMEDOUT", "Connection timed out"),
        129: Errno("EKEYREJECTED", "Key was rejected by service"),
    }
)


def errno_name(number: int) -> str:
    """`ENODEV` for 19 or -19; `errno 999` for a number the guest does not name."""
    known = ERRNO.get(abs(number))
    return known.name if known else f"errno {abs(number)}"


def errno_text(number: int) -> str:
    """`No such device` for 19 or -19."""
    known = ERRNO.get(abs(number))
    return known.text if known else f"Unknown error {abs(number)}"
