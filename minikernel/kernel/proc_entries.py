"""The entries of /proc, from the guest's own list (guest/kernel/proc.s, include/proc.inc)."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from dataclasses import dataclass

from minikernel.kernel.structures import NotThereYet, Problems, Structures, View
from minikernel.machine.machine import GuestMemoryError

CHANGES = frozenset({"proc_create"})
LIMIT = 1024
FIELDS = ("NAME", "MODE", "SHOW", "WRITE")


@dataclass(frozen=True)
class ProcEntry:
    """struct proc_dir_entry. `show` writes the text, `write` takes one: names of routines, "" for none."""

    address: int
    name: str
    mode: int
    show: str
    write: str

    @property
    def permissions(self) -> str:
        """As ls shows them: -r--r--r--."""
        return stat.filemode(self.mode)


@dataclass(frozen=True)
class ProcEntries(View):
    """In order of creation."""

    headings = ("permissions", "name", "show", "write")

    entries: tuple[ProcEntry, ...] = ()

    def rows(self) -> Iterator[tuple[str, ...]]:
        """A row for each entry."""
        return ((entry.permissions, entry.name, entry.show, entry.write) for entry in self.entries)


def read_proc_entries(guest: Structures) -> ProcEntries:
    """The list as it is now. Raises ImageError for a kernel without one."""
    return guest.view(_entries, ProcEntries(), CHANGES)


def _entries(guest: Structures, problems: Problems) -> ProcEntries:
    entries = []
    head, next_at = guest.constant("proc_entries"), guest.constant("PROC_NEXT")
    for at in guest.linked(head, next_at, LIMIT, problems):
        try:
            name, mode, show, write = (guest.word(at + guest.constant(f"PROC_{field}")) for field in FIELDS)
        except GuestMemoryError:
            problems(f"the entry at {at:#010x} cannot be read")
            break
        entries.append(ProcEntry(at, guest.text(name), mode & 0xFFFF, guest.function(show), guest.function(write)))
    if not entries and not problems.sentences:
        raise NotThereYet("no entry has been made yet")
    return ProcEntries(tuple(entries))
