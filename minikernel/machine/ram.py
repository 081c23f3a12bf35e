"""Physical memory: one buffer shared with the engine, saved by the page.

`dirty` names the pages that may differ from the last save or load. The guest's own stores are noticed through the TLB
(physical.py marks a page dirty when it first gives write permission); the host's go through `write`.
"""

from __future__ import annotations

import mmap
import struct
from collections.abc import Iterable
from hashlib import blake2b
from typing import TypeAlias

from minikernel.machine.mmu import PAGE_SHIFT, PAGE_SIZE

GROUP = 64  # pages per group: a snapshot shares every group that did not change
ZERO_PAGE = bytes(PAGE_SIZE)

Pages: TypeAlias = tuple[tuple[bytes, ...], ...]
"""Groups of 64 pages; equal parts of two saves are the same object."""


class Ram:
    """`size` bytes at physical `base`, all zero. Both are multiples of 4 KiB."""

    def __init__(self, base: int, size: int) -> None:
        self.base = base
        self.size = size
        self.buffer = mmap.mmap(-1, size)
        self.dirty: set[int] = set()
        self.host_writes = 0
        """Counts the host's stores, so that a recorder notices them."""
        count = size >> PAGE_SHIFT
        self._saved: Pages = tuple((ZERO_PAGE,) * min(GROUP, count - start) for start in range(0, count, GROUP))

    def __contains__(self, paddr: int) -> bool:
        return 0 <= paddr - self.base < self.size

    def page_number(self, paddr: int) -> int:
        """The number of the page from the start of RAM."""
        return (paddr - self.base) >> PAGE_SHIFT

    def holds(self, paddr: int, size: int) -> bool:
        """True when all `size` bytes are RAM."""
        return self.base <= paddr and paddr + size <= self.base + self.size

    def read(self, paddr: int, size: int) -> bytes:
        """Bytes of RAM; the caller has asked holds()."""
        start = paddr - self.base
        return self.buffer[start : start + size]

    def read_word(self, paddr: int) -> int | None:
        """A little-endian word at a multiple of 4; None outside RAM."""
        start = paddr - self.base
        if not 0 <= start <= self.size - 4:
            return None
        return int(struct.unpack_from("<I", self.buffer, start)[0])

    def write(self, paddr: int, data: bytes) -> range:
        """Store bytes; returns the numbers of the pages they touch."""
        start = paddr - self.base
        self.buffer[start : start + len(data)] = data
        pages = range(start >> PAGE_SHIFT, (start + max(len(data), 1) - 1 >> PAGE_SHIFT) + 1)
        self.dirty.update(pages)
        self.host_writes += 1
        return pages

    def save(self) -> Pages:
        """All pages. Costs what is dirty; nothing is dirty afterwards."""
        if self.dirty:
            groups = list(self._saved)
            for group, pages in _by_group(self.dirty).items():
                changed = list(groups[group])
                for page in pages:
                    changed[page % GROUP] = self._page(page)
                groups[group] = tuple(changed)
            self._saved = tuple(groups)
            self.dirty.clear()
        return self._saved

    def load(self, pages: Pages) -> list[int]:
        """Take what save() gave. Returns the numbers of the pages written; nothing is dirty afterwards."""
        changed = list(self._different(pages))
        for page in changed:
            at = page << PAGE_SHIFT
            self.buffer[at : at + PAGE_SIZE] = pages[page // GROUP][page % GROUP]
        self._saved = pages
        self.dirty.clear()
        return changed

    def adopt(self, pages: Pages) -> None:
        """After a save: the contents equal `pages`, an earlier save; keep its objects, for the next save to share."""
        self._saved = pages

    def digest(self) -> bytes:
        """A hash of the contents. Saves first, so that only pages that ever held something are read."""
        hasher = blake2b(digest_size=16)
        for number, group in enumerate(self.save()):
            for index, page in enumerate(group):
                if page is not ZERO_PAGE and page != ZERO_PAGE:
                    hasher.update((number * GROUP + index).to_bytes(4, "little"))
                    hasher.update(page)
        return hasher.digest()

    def _page(self, number: int) -> bytes:
        at = number << PAGE_SHIFT
        page = self.buffer[at : at + PAGE_SIZE]
        return ZERO_PAGE if page == ZERO_PAGE else page

    def _different(self, pages: Pages) -> Iterable[int]:
        for number, (new, old) in enumerate(zip(pages, self._saved, strict=True)):
            first = number * GROUP
            if new is old:
                yield from (page for page in range(first, first + len(new)) if page in self.dirty)
                continue
            for index, (new_page, old_page) in enumerate(zip(new, old, strict=True)):
                if new_page is not old_page or first + index in self.dirty:
                    yield first + index


def _by_group(pages: Iterable[int]) -> dict[int, list[int]]:
    groups: dict[int, list[int]] = {}
    for page in pages:
        groups.setdefault(page // GROUP, []).append(page)
    return groups
