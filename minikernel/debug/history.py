"""The history of memory: what lived at an address, who allocated, mapped, poisoned and freed it; what that explains.

Read from the trace and the image's symbols at the moment of asking, so it is right wherever in time the machine stands.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import partial

from minikernel.errors import MinikernelError
from minikernel.kernel.backtrace import Frame
from minikernel.kernel.events import (
    MemoryFreed,
    MemoryPoisoned,
    ObjectAllocated,
    ObjectFreed,
    PagesAllocated,
    PagesFreed,
    PagesMapped,
    PagesProtected,
    PagesUnmapped,
)
from minikernel.kernel.memory import PAGE_SIZE, init_range
from minikernel.kernel.module_events import ModuleMemoryFreed
from minikernel.machine.events import Event
from minikernel.machine.machine import GuestMemoryError, Machine
from minikernel.machine.stop import Fault
from minikernel.showing import Card

NS_PER_MS = 1_000_000


class HistoryKind(Enum):
    """What happened to the memory."""

    LINKED = "linked"  # it is part of the image
    PAGES_ALLOCATED = "pages allocated"
    MAPPED = "mapped"
    PROTECTED = "protected"
    OBJECT_ALLOCATED = "object allocated"
    OBJECT_FREED = "object freed"
    UNMAPPED = "unmapped"
    POISONED = "poisoned"
    PAGES_FREED = "pages freed"
    AREA_FREED = "given back"


@dataclass(frozen=True)
class HistoryEntry:
    """One thing that happened to [start, end). `by` is the function that did it, `callers` those above it, nearest
    first; `what` lived there or was made; `how`: the permissions it got ("r-x"), or the poison. LINKED has icount 0.
    """

    kind: HistoryKind
    start: int
    end: int
    icount: int
    time_ns: int
    what: str
    by: str = ""
    callers: tuple[str, ...] = ()
    how: str = ""

    def __str__(self) -> str:
        when = "" if self.kind is HistoryKind.LINKED else f" at {self.time_ns / NS_PER_MS:.1f} ms"
        how = f" {self.how}" if self.how else ""
        by = f" by {self.by}" if self.by else ""
        above = f", called from {self.callers[0]}" if self.callers else ""
        return f"{self.start:#010x}-{self.end:#010x} {self.what}: {self.kind.value}{how}{when}{by}{above}"


@dataclass(frozen=True)
class MemoryHistory(Card):
    """All that is known of one address. `what` names it; `is_mapped` whether the kernel can use it now; `poison` names
    what fills it, empty when nothing known does."""

    addr: int
    what: str
    is_init: bool
    is_mapped: bool
    poison: str
    entries: tuple[HistoryEntry, ...]

    def card(self) -> dict[str, str]:
        """For IPython."""
        notes = (
            "init memory" if self.is_init else "",
            "mapped" if self.is_mapped else "not mapped now",
            f"holds {self.poison}" if self.poison else "",
        )
        return {
            "address": f"{self.addr:#010x} <{self.what}>",
            "now": ", ".join(filter(None, notes)),
            "history": "\n".join(map(str, self.entries)) or "nothing is known",
        }

    @property
    def freed(self) -> HistoryEntry | None:
        """How it was freed, when it was not allocated again since: the first free of an object and its page."""
        found = None
        for entry in self.entries:
            if entry.kind in ALLOCATIONS:
                found = None
            elif entry.kind in FREES and found is None:
                found = entry
        return found


ALLOCATIONS = frozenset({HistoryKind.PAGES_ALLOCATED, HistoryKind.OBJECT_ALLOCATED})
FREES = frozenset({HistoryKind.OBJECT_FREED, HistoryKind.PAGES_FREED, HistoryKind.AREA_FREED})


class Historian:
    """Tells histories of one machine. `poisons` names the words that freed memory is filled with."""

    def __init__(self, machine: Machine, symbolize: Callable[[int], str], poisons: dict[int, str]) -> None:
        self._machine = machine
        self._symbolize = symbolize
        self._poisons = poisons

    def history(self, addr: int) -> MemoryHistory:
        """Of the byte at a virtual address."""
        entries = (*self._linked(addr), *self._traced(addr))
        start, end = self._init_range()
        return MemoryHistory(
            addr,
            self._symbolize(addr),
            start <= addr < end,
            self._machine.physical(addr) is not None,
            self._poison(addr),
            entries,
        )

    def explain(self, fault: Fault, frames: tuple[Frame, ...]) -> str | None:
        """Why a fault happened, when memory was used that had been freed; None when that is not it.

        frames: the backtrace, whose frame at the fault's pc tells who called.
        """
        history = self.history(fault.address)
        freed = history.freed
        if freed is None and history.poison:
            return f"{history.what} holds {history.poison}"
        if freed is None:
            return None
        kind = "init memory" if history.is_init else _lived(history)
        by = f"by {freed.by}" if freed.by else ""
        above = f", called from {freed.callers[0]}" if freed.callers else ""
        when = f"{freed.time_ns / NS_PER_MS:.1f} ms"
        return f"{history.what} was in {kind}, freed at {when} {by}{above}; {self._origin(fault, frames)}"

    def _origin(self, fault: Fault, frames: tuple[Frame, ...]) -> str:
        if fault.pc != fault.address:
            return f"this {fault.access} came from {self._symbolize(fault.pc)}"
        at = next((index for index, frame in enumerate(frames) if frame.resume == fault.pc), None)
        if at is None or at + 1 >= len(frames):
            return "who called it cannot be told from here"
        return f"this call came from {self._symbolize(frames[at + 1].pc)}"

    # --- where the entries come from --------------------------------------------------------------------------

    def _linked(self, addr: int) -> Iterator[HistoryEntry]:
        found = self._machine.image.symbol_at(addr)
        if found is not None:
            symbol, _ = found
            size = symbol.size or 4
            yield HistoryEntry(HistoryKind.LINKED, symbol.value, symbol.value + size, 0, 0, symbol.name)

    def _traced(self, addr: int) -> Iterator[HistoryEntry]:
        sizes: dict[int, int] = {}
        events = list(self._machine.trace)
        aliases = tuple(_aliases(events, addr))
        for position, event in enumerate(events):
            entry = self._entry(event, sizes)
            if entry is None:
                continue
            if _holds(event, entry, addr) or any(
                first <= position <= last and entry.start <= frame < entry.end for frame, first, last in aliases
            ):
                yield entry

    def _entry(self, event: Event, sizes: dict[int, int]) -> HistoryEntry | None:
        """`sizes`: of the objects that live, by address; kept up to date."""
        make = partial(_made, event)
        match event:
            case PagesAllocated(addr=addr, order=order, by=by) if addr:
                return make(HistoryKind.PAGES_ALLOCATED, addr, PAGE_SIZE << order, _pages(1 << order), by)
            case PagesFreed(addr=addr, order=order, by=by):
                return make(HistoryKind.PAGES_FREED, addr, PAGE_SIZE << order, _pages(1 << order), by)
            case ObjectAllocated(addr=addr, size=size, by=by) if addr:
                sizes[addr] = size
                return make(HistoryKind.OBJECT_ALLOCATED, addr, size, _object(size), by)
            case ObjectFreed(addr=addr, by=by) if addr:
                size = sizes.pop(addr, 1)
                return make(HistoryKind.OBJECT_FREED, addr, size, _object(size), by)
            case MemoryFreed(start=start, what=what, by=by, callers=callers):
                return make(HistoryKind.AREA_FREED, start, event.size, what, by, callers[1:])
            case ModuleMemoryFreed(module=module, kind=kind, start=start, pages=pages):
                what = f"{kind.value.replace('_', ' ')} of module {module}"
                return make(HistoryKind.AREA_FREED, start, pages * PAGE_SIZE, what, "free_module_mem")
            case PagesMapped(start=start, end=end, permissions=permissions, by=by):
                return make(HistoryKind.MAPPED, start, end - start, _span(start, end), by, how=permissions)
            case PagesUnmapped(start=start, end=end, by=by):
                return make(HistoryKind.UNMAPPED, start, end - start, _span(start, end), by)
            case PagesProtected(start=start, end=end, permissions=permissions, by=by):
                return make(HistoryKind.PROTECTED, start, end - start, _span(start, end), by, how=permissions)
            case MemoryPoisoned(start=start, end=end, poison=poison, by=by):
                how = f"with {poison}"
                return make(HistoryKind.POISONED, start, end - start, _extent(start, end), by, how=how)
        return None

    def _poison(self, addr: int) -> str:
        try:
            return self._poisons.get(self._machine.read_word(addr & ~3), "")
        except GuestMemoryError:
            return self._poison_behind(addr & ~3)

    def _poison_behind(self, addr: int) -> str:
        """Of a page of the image that is no longer mapped: its RAM is still there."""
        for segment in self._machine.image.segments:
            if segment.vaddr <= addr < segment.vaddr + segment.memsz:
                data = self._machine.read_phys(segment.paddr + addr - segment.vaddr, 4)
                return self._poisons.get(int.from_bytes(data, "little"), "")
        return ""

    def _init_range(self) -> tuple[int, int]:
        try:
            return init_range(self._machine.image)
        except MinikernelError:
            return 0, 0


def _made(
    event: Event,
    kind: HistoryKind,
    start: int,
    size: int,
    what: str,
    by: str = "",
    callers: tuple[str, ...] = (),
    how: str = "",
) -> HistoryEntry:
    """The entry of an event."""
    return HistoryEntry(kind, start, start + size, event.icount, event.time_ns, what, by, callers, how)


def _holds(event: Event, entry: HistoryEntry, addr: int) -> bool:
    """Whether an event is about an address: its range, or the pages of RAM that are mapped there."""
    if entry.start <= addr < entry.end:
        return True
    frames = event.frames if isinstance(event, PagesMapped | PagesUnmapped) else ()
    return addr & ~(PAGE_SIZE - 1) in frames


def _aliases(events: Sequence[Event], addr: int) -> Iterator[tuple[int, int, int]]:
    """The addresses in the linear map of the RAM that was mapped at `addr`: each with the first and the last event that
    belongs to this use of it, from the allocation of the page to its free."""
    for position, event in enumerate(events):
        if not isinstance(event, PagesMapped) or not event.frames or not event.start <= addr < event.end:
            continue
        page = event.frames[(addr - event.start) // PAGE_SIZE]
        before = (at for at in range(position, -1, -1) if _is_of(PagesAllocated, events[at], page))
        after = (at for at in range(position, len(events)) if _is_of(PagesFreed, events[at], page))
        yield page + addr % PAGE_SIZE, next(before, position), next(after, len(events))


def _is_of(kind: type[PagesAllocated | PagesFreed], event: Event, page: int) -> bool:
    return isinstance(event, kind) and event.addr <= page < event.addr + (PAGE_SIZE << event.order)


def _pages(number: int) -> str:
    return "1 page" if number == 1 else f"{number:,} pages"


def _span(start: int, end: int) -> str:
    return _pages((end - start) // PAGE_SIZE)


def _extent(start: int, end: int) -> str:
    """Of memory that may be pages or less."""
    return f"{end - start} bytes" if (end - start) % PAGE_SIZE else _span(start, end)


def _object(size: int) -> str:
    return f"an object of {size} bytes"


def _lived(history: MemoryHistory) -> str:
    freed = history.freed
    made = [entry for entry in history.entries if entry.kind in ALLOCATIONS]
    what = freed.what if freed is not None else "memory"
    is_named = freed is not None and freed.kind is HistoryKind.AREA_FREED
    return f"{what} allocated by {made[-1].by}" if made and not is_named else what
