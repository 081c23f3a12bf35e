"""The literal pool of a section: words that `ldr rX, =value` loads, written out by .ltorg or at the end.

Equal numbers share a word, equal symbol+offset too, as in GNU as - which compares numbers as written, so 0xffff0000 and
-0x10000 are two words.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from minikernel.toolchain.expression import Node
from minikernel.toolchain.frames import Position
from minikernel.toolchain.symbols import Symbol

MAX_ENTRIES = 1024
"""A pool of 4096 bytes: no ldr reaches further."""


@dataclass(eq=False, slots=True)
class PoolEntry:
    """One word, first wanted at `position`. `label` gets its place when the pool is written."""

    label: Symbol
    value: int | Node
    position: Position


@dataclass(eq=False, slots=True)
class LiteralPool:
    """Entries in the order of first use, and by what they hold."""

    entries: list[PoolEntry] = field(default_factory=list)
    index: dict[object, PoolEntry] = field(default_factory=dict)

    def request(self, key: object, value: int | Node, position: Position) -> PoolEntry | None:
        """The entry for a value, new or shared; None when the pool is full."""
        entry = self.index.get(key)
        if entry is None:
            if len(self.entries) >= MAX_ENTRIES:
                return None
            entry = self.index[key] = PoolEntry(Symbol("literal\x02"), value, position)
            self.entries.append(entry)
        return entry
