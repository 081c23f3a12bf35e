"""Limits the child puts on itself before it looks at anything. Where the platform has none, the watcher's remain."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from minikernel.labs.grader.bounds import ENGINE_RESERVES_MB, MAX_WRITTEN_BYTES

_MB = 1 << 20


def limit_this_process(memory_mb: int, runs: int, wall_s: float) -> None:
    """Address space, written files, CPU seconds, no core files.

    The engine reserves address space it never touches, once for each machine that is alive: that comes on top of
    memory_mb, which the watcher holds against the pages really used.
    """
    if sys.platform == "win32":
        return
    import resource

    address_space = (memory_mb + ENGINE_RESERVES_MB * (runs + 2)) * _MB
    for what, most in (
        (resource.RLIMIT_AS, address_space),
        (resource.RLIMIT_DATA, address_space),
        (resource.RLIMIT_FSIZE, MAX_WRITTEN_BYTES),
        (resource.RLIMIT_CPU, int(wall_s * 2) + 5),
        (resource.RLIMIT_CORE, 0),
    ):
        _, hard = resource.getrlimit(what)
        most = most if hard == resource.RLIM_INFINITY else min(most, hard)
        try:
            resource.setrlimit(what, (most, hard))
        except (ValueError, OSError):  # macOS refuses some of them
            continue


def resident_mb(pid: int) -> int:
    """MiB of memory the process has in use; 0 where the system does not tell (no /proc) or the process has gone."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    except (OSError, IndexError, ValueError):
        return 0
    return pages * os.sysconf("SC_PAGESIZE") // _MB
