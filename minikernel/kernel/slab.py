"""kmalloc's slabs: pages cut into objects of one size (guest/kernel/slab.s, include/page.inc)."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from minikernel.kernel.memory import PAGE_SIZE
from minikernel.kernel.page_alloc import MemMap, PageFlag, StructPage, read_mem_map, ring
from minikernel.kernel.structures import NotThereYet, Problems, Structures, View
from minikernel.machine.machine import GuestMemoryError

CHANGES = frozenset({"kmem_cache_init", "kmalloc", "kfree"})


@dataclass(frozen=True)
class Slab:
    """One page of objects: how many are handed out, and the addresses of the free ones, next to go first."""

    address: int
    inuse: int
    free: tuple[int, ...]


@dataclass(frozen=True)
class KmallocCache:
    """All slabs of one object size (bytes), by address."""

    size: int
    slabs: tuple[Slab, ...]

    @property
    def used(self) -> int:
        """Objects handed out."""
        return sum(slab.inuse for slab in self.slabs)

    @property
    def free(self) -> int:
        """Objects that need no new page."""
        return sum(len(slab.free) for slab in self.slabs)

    @property
    def pages(self) -> int:
        """Pages that it has."""
        return len(self.slabs)


@dataclass(frozen=True)
class KmallocCaches(View):
    """The caches, smallest objects first. Larger requests take whole pages and are not in here."""

    headings = ("bytes", "used", "free", "pages")

    caches: tuple[KmallocCache, ...] = ()

    def rows(self) -> Iterator[tuple[str, ...]]:
        """A row for each size."""
        for cache in self.caches:
            yield tuple(map(str, (cache.size, cache.used, cache.free, cache.pages)))


def read_kmalloc_caches(guest: Structures) -> KmallocCaches:
    """The caches as they are now. Raises ImageError for a kernel without them."""
    return guest.view(_caches, KmallocCaches(), CHANGES)


def _caches(guest: Structures, problems: Problems) -> KmallocCaches:
    mem_map = read_mem_map(guest)
    if not guest.variable("kmalloc_caches"):
        raise NotThereYet("kmem_cache_init has not run yet")
    slabs = [(index, page) for index, page in enumerate(mem_map.pages) if page.flags & PageFlag.SLAB]
    sizes = range(guest.constant("KMALLOC_SIZES"))
    return KmallocCaches(tuple(_cache(guest, mem_map, slabs, number, problems) for number in sizes))


def _cache(
    guest: Structures, mem_map: MemMap, pages: list[tuple[int, StructPage]], number: int, problems: Problems
) -> KmallocCache:
    """Slabs with room stand in the ring, full ones only in mem_map."""
    size = 1 << guest.constant("KMALLOC_SHIFT_LOW") + number
    name = f"kmalloc-{size}"
    head = guest.constant("kmalloc_caches") + number * mem_map.size
    with_room = set(ring(guest, mem_map, head, name, problems))
    slabs = []
    for index, page in pages:
        if page.order != number:
            continue
        slab = _slab(guest, mem_map.address(index), page, size, problems)
        if bool(slab.free) != (index in with_room):
            problems(f"{name}: the slab at {slab.address:#010x} has {len(slab.free)} free objects and is "
                     f"{'in' if index in with_room else 'not in'} the ring of those with room")  # fmt: skip
        with_room.discard(index)
        slabs.append(slab)
    for index in sorted(with_room):
        problems(f"{name}: {mem_map.address(index):#010x} is in the ring and no slab of this size by its flags")
    return KmallocCache(size, tuple(slabs))


def _slab(guest: Structures, address: int, page: StructPage, size: int, problems: Problems) -> Slab:
    """Its free objects are linked through their first word."""
    try:
        contents = guest.read(address, PAGE_SIZE)
    except GuestMemoryError:
        problems(f"kmalloc-{size}: the slab at {address:#010x} is not mapped")
        return Slab(address, page.inuse, ())
    free: list[int] = []
    at = page.freelist
    while at:
        offset = at - address
        if not 0 <= offset < PAGE_SIZE or offset % size or at in free:
            problems(f"kmalloc-{size}: the slab at {address:#010x} has {at:#010x} among its free objects")
            break
        free.append(at)
        (at,) = struct.unpack_from("<I", contents, offset)
    if page.inuse + len(free) != PAGE_SIZE // size:
        problems(f"kmalloc-{size}: the slab at {address:#010x} has {page.inuse} objects in use and {len(free)} free, "
                 f"of {PAGE_SIZE // size}")  # fmt: skip
    return Slab(address, page.inuse, tuple(free))
