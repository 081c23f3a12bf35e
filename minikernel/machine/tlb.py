"""The translation lookaside buffer: what a walk found stays until the guest says otherwise.

It is part of the machine's state, not a cache of ours: a guest that changes a page table and forgets the maintenance
operation sees the old translation, in every run the same, whether or not a debugger or a snapshot came between.
It never forgets by itself, as the architecture allows. Entries that fault are not kept (ARM DDI 0406C, B3.9).
"""

from __future__ import annotations

from minikernel.machine.mmu import PAGE_SHIFT, TlbEntry

Key = tuple[int, int | None]


class Tlb:
    """Entries by virtual page and ASID (None: global)."""

    def __init__(self) -> None:
        self._entries: dict[Key, TlbEntry] = {}

    def __len__(self) -> int:
        return len(self._entries)

    def entries(self) -> list[TlbEntry]:
        """All entries, by virtual page."""
        return sorted(self._entries.values(), key=lambda entry: (entry.page, entry.asid or -1))

    def find(self, page: int, asid: int) -> TlbEntry | None:
        """The entry that answers for a virtual page number in that address space."""
        return self._entries.get((page, None)) or self._entries.get((page, asid))

    def add(self, entry: TlbEntry) -> None:
        """Keep what a walk found."""
        self._entries[entry.page, entry.asid] = entry

    def invalidate_all(self) -> None:
        """TLBIALL."""
        self._entries.clear()

    def invalidate_asid(self, asid: int) -> None:
        """TLBIASID: the non-global entries of one address space."""
        self._drop([key for key in self._entries if key[1] == asid])

    def invalidate_address(self, addr: int, asid: int | None) -> None:
        """TLBIMVA (one ASID and global entries) or, with None, TLBIMVAA (every ASID)."""
        page = addr >> PAGE_SHIFT
        self._drop(
            [
                key
                for key, entry in self._entries.items()
                if key[0] // entry.span == page // entry.span and (asid is None or key[1] in (None, asid))
            ]
        )

    def save(self) -> tuple[TlbEntry, ...]:
        """All entries, in no particular order."""
        return tuple(self._entries.values())

    def load(self, entries: tuple[TlbEntry, ...]) -> None:
        """Take what save() gave."""
        self._entries = {(entry.page, entry.asid): entry for entry in entries}

    def _drop(self, keys: list[Key]) -> None:
        for key in keys:
            del self._entries[key]
