"""The page allocator's free lists and what mem_map says of each page (guest/kernel/page_alloc.s, include/page.inc)."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple

from minikernel.kernel.memory import PAGE_SIZE
from minikernel.kernel.structures import NotThereYet, Problems, Structures, View

CHANGES = frozenset({"mem_init", "alloc_pages", "free_pages", "free_reserved_page"})

BLOCKS_SHOWN = 4

_STRUCT_PAGE = struct.Struct("<IIBBHI")  # PAGE_NEXT, PREV, FLAGS, ORDER, INUSE, FREELIST


class PageFlag(IntEnum):
    """PG_*, bits of PAGE_FLAGS."""

    BUDDY = 1 << 0
    HEAD = 1 << 1
    SLAB = 1 << 2
    UNMAPPED = 1 << 3
    RESERVED = 1 << 4


class StructPage(NamedTuple):
    """What mem_map has of one page: struct page."""

    next: int
    prev: int
    flags: int
    order: int
    inuse: int
    freelist: int


class MemMap(NamedTuple):
    """mem_map: `pages[n]` describes page n of RAM; its struct page is at base + n * size."""

    base: int
    size: int
    page_offset: int
    pages: tuple[StructPage, ...]

    def number(self, struct_page: int) -> int | None:
        """Which page a struct page is of; None for an address that is none."""
        index, rest = divmod(struct_page - self.base, self.size)
        return index if not rest and 0 <= index < len(self.pages) else None

    def address(self, index: int) -> int:
        """The first byte of a page."""
        return self.page_offset + index * PAGE_SIZE

    def page_of(self, addr: int) -> StructPage | None:
        """The struct page of an address; None for one that is no RAM."""
        index = (addr - self.page_offset) // PAGE_SIZE
        return self.pages[index] if 0 <= index < len(self.pages) else None


def read_mem_map(guest: Structures) -> MemMap:
    """All of it. Raises NotThereYet, GuestMemoryError, ImageError."""
    base, end = guest.variable("mem_map"), guest.variable("mem_map_end")
    size = guest.constant("PAGE_STRUCT_SIZE")
    if not base or end < base:
        raise NotThereYet("mem_init has not made mem_map yet")
    rows = _STRUCT_PAGE.iter_unpack(guest.read(base, (end - base) // size * size))
    pages = tuple(map(StructPage._make, rows))
    return MemMap(base, size, guest.constant("PAGE_OFFSET"), pages)


@dataclass(frozen=True)
class FreeArea:
    """One free list: blocks of 1 << order pages, by the address of their first page, next to be handed out first.

    Pages of `is_unmapped` lists came from free_reserved_area and are mapped when they are handed out.
    """

    order: int
    is_unmapped: bool
    blocks: tuple[int, ...]

    @property
    def pages(self) -> int:
        """Pages in the list."""
        return len(self.blocks) << self.order


@dataclass(frozen=True)
class FreeLists(View):
    """Every free list, the mapped ones first; `nr_free_pages` is what the guest counts."""

    headings = ("order", "pages each", "", "blocks", "addresses")

    areas: tuple[FreeArea, ...] = ()
    nr_free_pages: int = 0

    def rows(self) -> Iterator[tuple[str, ...]]:
        """The lists that are not empty."""
        for area in self.areas:
            if area.blocks:
                shown = [f"{block:#010x}" for block in area.blocks[:BLOCKS_SHOWN]]
                more = [f"and {len(area.blocks) - len(shown)} more"] if len(shown) < len(area.blocks) else []
                kind = "unmapped" if area.is_unmapped else ""
                yield str(area.order), f"{1 << area.order:,}", kind, str(len(area.blocks)), " ".join(shown + more)

    def notes(self) -> tuple[str, ...]:
        """Pages in the lists, and by the guest's count."""
        if self.condition.absent:
            return super().notes()
        return *super().notes(), f"{self.pages:,} pages in the lists; nr_free_pages is {self.nr_free_pages:,}"

    @property
    def pages(self) -> int:
        """Pages in all lists."""
        return sum(area.pages for area in self.areas)


def read_free_lists(guest: Structures) -> FreeLists:
    """The lists as they are now. Raises ImageError for a kernel without them."""
    return guest.view(_free_lists, FreeLists(), CHANGES)


def _free_lists(guest: Structures, problems: Problems) -> FreeLists:
    mem_map = read_mem_map(guest)
    count = guest.variable("nr_free_pages_count")
    areas = tuple(
        FreeArea(order, symbol.endswith("unmapped"), tuple(_blocks(guest, mem_map, symbol, order, problems)))
        for symbol in ("free_area", "free_area_unmapped")
        for order in range(guest.constant("MAX_ORDER"))
    )
    listed = sum(area.pages for area in areas)
    if listed != count:
        problems(f"the lists hold {listed} pages, nr_free_pages_count says {count}")
    return FreeLists(areas, count)


def _blocks(guest: Structures, mem_map: MemMap, symbol: str, order: int, problems: Problems) -> Iterator[int]:
    """The blocks of one list."""
    head = guest.constant(symbol) + order * mem_map.size
    state = PageFlag.BUDDY | (PageFlag.UNMAPPED if symbol.endswith("unmapped") else 0)
    for index in ring(guest, mem_map, head, f"{symbol}[{order}]", problems):
        page = mem_map.pages[index]
        if page.flags != state or page.order != order:
            problems(
                f"{symbol}[{order}]: {mem_map.address(index):#010x} is no free block of order {order} by its flags"
            )
        yield mem_map.address(index)


def ring(guest: Structures, mem_map: MemMap, head: int, name: str, problems: Problems) -> Iterator[int]:
    """Indices of the pages in a ring of struct pages. Ends at the head, or with a sentence at what is no ring."""
    element, before = guest.word(head), head
    seen = set[int]()
    while element != head:
        index = mem_map.number(element)
        if index is None:
            problems(f"{name}: behind {before:#010x} comes {element:#010x}, which is no struct page")
            return
        if index in seen:
            problems(f"{name}: {element:#010x} comes a second time: the list does not lead back to its head")
            return
        if mem_map.pages[index].prev != before:
            problems(f"{name}: {element:#010x} does not point back to {before:#010x}")
        seen.add(index)
        yield index
        element, before = mem_map.pages[index].next, element
