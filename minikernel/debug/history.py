"""The history of memory: what lived at an address, who allocated it, who freed it, and what that explains.

Read from the trace and the image's symbols at the moment of asking, so it is right wherever in time the machine stands.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum

from minikernel.errors import MinikernelError
from minikernel.kernel.backtrace import Frame
from minikernel.kernel.events import MemoryFreed, ObjectAllocated, ObjectFreed, PagesAllocated, PagesFreed
from minikernel.kernel.memory import PAGE_SIZE, init_range
from minikernel.machine.events import Event
from minikernel.machine.machine import GuestMemoryError, Machine
from minikernel.machine.stop import Fault

NS_PER_MS = 1_000_000


class HistoryKind(Enum):
    """What happened to the memory."""

    LINKED = "linked"  # it is part of the image
    PAGES_ALLOCATED = "pages allocated"
    OBJECT_ALLOCATED = "object allocated"
    OBJECT_FREED = "object freed"
    PAGES_FREED = "pages freed"
    AREA_FREED = "given back"


@dataclass(frozen=True)
class HistoryEntry:
    """One thing that happened to [start, end). `by` is the function that did it, `callers` those above it, nearest
    first; `what` lived there or was made. LINKED entries have icount 0."""

    kind: HistoryKind
    start: int
    end: int
    icount: int
    time_ns: int
    what: str
    by: str = ""
    callers: tuple[str, ...] = ()

    def __str__(self) -> str:
        when = "" if self.kind is HistoryKind.LINKED else f" at {self.time_ns / NS_PER_MS:.1f} ms"
        by = f" by {self.by}" if self.by else ""
        above = f", called from {self.callers[0]}" if self.callers else ""
        return f"{self.start:#010x}-{self.end:#010x} {self.what}: {self.kind.value}{when}{by}{above}"


@dataclass(frozen=True)
class MemoryHistory:
    """All that is known of one address. `what` names it; `is_mapped` whether the kernel can use it now; `poison` names
    what fills it, empty when nothing known does."""

    addr: int
    what: str
    is_init: bool
    is_mapped: bool
    poison: str
    entries: tuple[HistoryEntry, ...]

    @property
    def freed(self) -> HistoryEntry | None:
        """Its last free, when it was not allocated again since."""
        last = self.entries[-1] if self.entries else None
        return last if last is not None and last.kind in FREES else None


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
        for event in self._machine.trace:
            entry = self._entry(event, sizes)
            if entry is not None and entry.start <= addr < entry.end:
                yield entry

    def _entry(self, event: Event, sizes: dict[int, int]) -> HistoryEntry | None:
        """`sizes`: of the objects that live, by address; kept up to date."""
        when = event.icount, event.time_ns
        match event:
            case PagesAllocated(addr=addr, order=order, by=by) if addr:
                size = PAGE_SIZE << order
                return HistoryEntry(HistoryKind.PAGES_ALLOCATED, addr, addr + size, *when, _pages(order), by)
            case PagesFreed(addr=addr, order=order, by=by):
                return HistoryEntry(
                    HistoryKind.PAGES_FREED, addr, addr + (PAGE_SIZE << order), *when, _pages(order), by
                )
            case ObjectAllocated(addr=addr, size=size, by=by) if addr:
                sizes[addr] = size
                return HistoryEntry(HistoryKind.OBJECT_ALLOCATED, addr, addr + size, *when, _object(size), by)
            case ObjectFreed(addr=addr, by=by) if addr:
                size = sizes.pop(addr, 1)
                return HistoryEntry(HistoryKind.OBJECT_FREED, addr, addr + size, *when, _object(size), by)
            case MemoryFreed(start=start, end=end, what=what, by=by, callers=callers):
                return HistoryEntry(HistoryKind.AREA_FREED, start, end, *when, what, by, callers[1:])
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


def _pages(order: int) -> str:
    return "1 page" if order == 0 else f"{1 << order} pages"


def _object(size: int) -> str:
    return f"an object of {size} bytes"


def _lived(history: MemoryHistory) -> str:
    freed = history.freed
    made = [entry for entry in history.entries if entry.kind not in FREES and entry.kind is not HistoryKind.LINKED]
    what = freed.what if freed is not None else "memory"
    return f"{what} allocated by {made[-1].by}" if made else what
