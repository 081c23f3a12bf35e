"""The kernel log at any moment, also in the middle of a line (guest/kernel/printk.s; printk.py reads the ring)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from minikernel.kernel.printk import log_position, read_log, without_levels
from minikernel.kernel.structures import NotThereYet, Problems, Structures, View

CHANGES = frozenset({"log_store"})


@dataclass(frozen=True)
class LogBuffer(View):
    """lines: as dmesg prints them, the oldest that the ring holds first; the last one may still grow. `written` counts
    every byte ever put in."""

    headings = ("line",)

    lines: tuple[str, ...] = ()
    written: int = 0

    def rows(self) -> Iterator[tuple[str, ...]]:
        """The oldest first."""
        return ((line,) for line in self.lines)


def read_log_buffer(guest: Structures) -> LogBuffer:
    """The log as it is now. Raises ImageError for a kernel without one."""
    return guest.view(_log, LogBuffer(), CHANGES)


def _log(guest: Structures, problems: Problems) -> LogBuffer:
    written = log_position(guest.image, guest.read)
    if not written:
        raise NotThereYet("nothing has been printed yet")
    if not guest.variable("log_buf_len"):
        problems("log_buf_len is 0: the log has no room")
        return LogBuffer((), written)
    return LogBuffer(tuple(without_levels(read_log(guest.image, guest.read)).splitlines()), written)
