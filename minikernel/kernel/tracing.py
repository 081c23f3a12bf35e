"""Which guest function makes which event. The symbol is the contract: a student may rewrite the function behind it.

PROBES, at the end, is the whole list, besides the init routines themselves, which the initcall tables name.
Arguments are read by the AAPCS. What the tracer needs of the past stands in the trace or in a value that snapshots
keep, so a machine set back goes on tracing rightly. A missing symbol leaves a gap that `attach` names.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import groupby

from minikernel.bits import align_down, align_up, s32
from minikernel.errors import ImageError
from minikernel.kernel.events import (
    ConsoleWait,
    InitcallFinished,
    InitcallSkipped,
    InitcallStarted,
    LevelStarted,
    MemoryFreed,
    MemoryPoisoned,
    Milestone,
    MilestoneName,
    ObjectAllocated,
    ObjectFreed,
    PagesAllocated,
    PagesFreed,
    PagesMapped,
    PagesProtected,
    PagesUnmapped,
    Panicked,
    ProcAccess,
    RodataProtected,
    SystemStateChanged,
    WorkScheduled,
)
from minikernel.kernel.initcalls import DEFERRED_LEVEL, LEVEL_NAMES, MODULE_LEVEL, OTHER_LEVEL, read_tables
from minikernel.kernel.memory import PAGE_SIZE, free_pages
from minikernel.kernel.modules import is_module_address
from minikernel.machine.machine import GuestMemoryError, Machine
from minikernel.machine.probes import Hit

#: set_system_state's argument (guest/include/system.inc), as Linux's enum system_states.
SYSTEM_STATES = (
    "SYSTEM_BOOTING",
    "SYSTEM_SCHEDULING",
    "SYSTEM_FREEING_INITMEM",
    "SYSTEM_RUNNING",
    "SYSTEM_HALT",
    "SYSTEM_POWER_OFF",
    "SYSTEM_RESTART",
)

#: The words that freed memory is filled with (guest/include/memory.inc).
POISONS = ("POISON_INITMEM", "POISON_PAGE", "POISON_FREE")

#: Bits of a small page's descriptor (ARM DDI 0406C, B3.5.1): AP[2], XN, and where the page is.
PTE_READ_ONLY, PTE_EXECUTE_NEVER, PAGE_ADDRESS = 1 << 9, 1 << 0, 0xFFFF_F000

#: How many callers a free names, the nearest first.
CALLERS_SHOWN = 4

FRAME_POINTER = 11


class KernelTracer:
    """Turns probe hits into the kernel's events. It emits through the machine and changes nothing in the guest."""

    def __init__(self, machine: Machine, symbolize: Callable[[int], str]) -> None:
        self._machine = machine
        self._image = machine.image
        self._symbolize = symbolize
        self._level_of: dict[int, str] = {}
        self._lock_depth = machine.image.get("lock_depth")
        found = (machine.image.get(name) for name in POISONS)
        self._poisons = {symbol.value: symbol.name for symbol in found if symbol is not None}
        offset = machine.image.get("LINEAR_OFFSET")
        self._linear_offset = 0 if offset is None else offset.value
        self._unmapped = frozenset[int]()
        machine.add_companion("unmapped pages", lambda: self._unmapped, self._set_unmapped)

    def attach(self) -> tuple[str, ...]:
        """Set every probe; gives a sentence for each symbol the image lacks."""
        missing = list(self._attach_routines())
        for probe in PROBES:
            if self._image.get(probe.symbol) is None:
                missing.append(f"the image has no symbol {probe.symbol!r}: {probe.tells} cannot be traced")
            else:
                entry, return_ = self._bound(probe.on_entry), self._bound(probe.on_return)
                self._machine.add_probe(probe.symbol, on_entry=entry, on_return=return_)
        return tuple(missing)

    def _attach_routines(self) -> Iterator[str]:
        """A probe on every init routine of the tables: their own time, without do_one_initcall's messages."""
        try:
            self._level_of = {call.address: call.level for call in read_tables(self._image)}
        except ImageError as error:
            yield f"{error}: the level of an initcall cannot be told"
        for address in self._level_of:
            started, finished = partial(self._started, address), partial(self._finished, address)
            self._machine.add_probe(address, on_entry=started, on_return=finished)

    def _set_unmapped(self, pages: frozenset[int]) -> None:
        self._unmapped = pages

    def _bound(self, action: Action | None) -> Callable[[Hit], None] | None:
        return None if action is None else partial(action, self)

    # --- the past -----------------------------------------------------------------------------------------------------

    def milestone(self, name: MilestoneName, icount: int, time_ns: int, detail: str = "") -> None:
        """Note the moment, the first time it is reached."""
        if all(event.name is not name for event in self._machine.trace.of(Milestone)):
            free = free_pages(self._machine) if self._image.get("nr_free_pages_count") else None
            self._machine.emit(Milestone(icount, time_ns, name, free, detail))

    # --- initcalls ----------------------------------------------------------------------------------------------------

    def _level(self) -> str:
        level = self._machine.trace.latest(LevelStarted)
        return level.level if level else ""

    def _enter_level(self, hit: Hit, level: str) -> None:
        if level != self._level():
            self._machine.emit(LevelStarted(hit.icount, hit.time_ns, level))

    def _level_of_call(self, address: int) -> str:
        """The table's level; once the deferred run has begun, whatever it calls is deferred."""
        if is_module_address(address):
            return MODULE_LEVEL
        return DEFERRED_LEVEL if self._level() == DEFERRED_LEVEL else self._level_of.get(address, OTHER_LEVEL)

    def _level_started(self, hit: Hit) -> None:
        index = hit.args[0]
        self._enter_level(hit, LEVEL_NAMES[index] if index < len(LEVEL_NAMES) else OTHER_LEVEL)

    def _deferred_started(self, hit: Hit) -> None:
        self._enter_level(hit, DEFERRED_LEVEL)

    def _deferred_done(self, hit: Hit) -> None:
        self.milestone(MilestoneName.DEFERRED_DONE, hit.icount, hit.time_ns)

    def _started(self, address: int, hit: Hit) -> None:
        level = self._level_of_call(address)
        self._enter_level(hit, level)
        depth = s32(self._machine.read_word(self._lock_depth.value)) if self._lock_depth else 0
        self._machine.emit(InitcallStarted(hit.icount, hit.time_ns, self._symbolize(address), level, address, depth))

    def _finished(self, address: int, hit: Hit) -> None:
        name, level = self._symbolize(address), self._level_of_call(address)
        result = s32(hit.result)
        self._machine.emit(InitcallFinished(hit.icount, hit.time_ns, name, level, address, hit.entry_time_ns, result))

    def _one_initcall_entered(self, hit: Hit) -> None:
        """A routine that stands in no table has no probe of its own: do_one_initcall's argument tells."""
        if hit.args[0] not in self._level_of:
            self._started(hit.args[0], hit)

    def _one_initcall_returned(self, hit: Hit) -> None:
        address = hit.args[0]
        if address not in self._level_of:
            self._finished(address, hit)
            return
        last = self._machine.trace.latest(InitcallFinished)
        if last is None or last.icount < hit.entry_icount:
            name, level = self._symbolize(address), self._level_of_call(address)
            self._machine.emit(InitcallSkipped(hit.icount, hit.time_ns, name, level, address, s32(hit.result)))

    # --- memory -------------------------------------------------------------------------------------------------------

    def _free_initmem_returned(self, hit: Hit) -> None:
        self.milestone(MilestoneName.INITMEM_FREED, hit.icount, hit.time_ns)

    def _area_freed(self, hit: Hit) -> None:
        """free_reserved_area(start, end, poison, what) has returned; whether it unmapped the pages shows in them."""
        start, end, _, name = hit.args
        pages = hit.result
        if pages == 0:
            return
        first = align_up(start, PAGE_SIZE)
        last = min(align_down(end, PAGE_SIZE), first + pages * PAGE_SIZE)
        callers = tuple(self._callers(hit.lr))
        by = callers[0]
        gone = frozenset(page for page in range(first, last, PAGE_SIZE) if self._machine.physical(page) is None)
        if len(gone) == pages:
            self._machine.emit(PagesUnmapped(hit.icount, hit.time_ns, first, last, (), by))
        self._unmapped |= gone
        what = self._text(name)
        self._machine.emit(MemoryFreed(hit.icount, hit.time_ns, first, last, pages, what, by, callers))

    def _pages_allocated(self, hit: Hit) -> None:
        """Pages that free_reserved_area had unmapped are mapped when they are handed out."""
        by = self._function(hit.lr)
        addr, order = hit.result, hit.args[0]
        if self._unmapped and addr in self._unmapped:
            end = addr + (PAGE_SIZE << order)
            permissions = self._machine.permissions(addr)
            self._machine.emit(PagesMapped(hit.icount, hit.time_ns, addr, end, permissions, (), "alloc_pages"))
            self._unmapped -= frozenset(range(addr, end, PAGE_SIZE))
        self._machine.emit(PagesAllocated(hit.icount, hit.time_ns, addr, order, by))

    def _pages_freed(self, hit: Hit) -> None:
        by = self._function(hit.lr)
        self._machine.emit(PagesFreed(hit.icount, hit.time_ns, hit.args[0], hit.args[1], by))

    def _filled(self, hit: Hit) -> None:
        """memset32(start, word, bytes) is entered: with a poison it is the end of what was there."""
        start, word, size = hit.args[:3]
        poison = self._poisons.get(word)
        if poison is not None and size:
            by = self._function(hit.lr)
            self._machine.emit(MemoryPoisoned(hit.icount, hit.time_ns, start, start + size, poison, by))

    def _object_allocated(self, hit: Hit) -> None:
        by = self._function(hit.lr)
        self._machine.emit(ObjectAllocated(hit.icount, hit.time_ns, hit.result, hit.args[0], by))

    def _object_freed(self, hit: Hit) -> None:
        self._machine.emit(ObjectFreed(hit.icount, hit.time_ns, hit.args[0], self._function(hit.lr)))

    def _user_pages_mapped(self, hit: Hit) -> None:
        """The user program's pages as it starts, in ranges of equal permissions; `by` is who starts it."""
        ptes, end = self._image.get("user_ptes"), self._image.get("TASK_SIZE")
        if ptes is None or end is None:
            return
        count = end.value // PAGE_SIZE
        table = struct.unpack(f"<{count}I", self._machine.read(ptes.value, 4 * count))
        offset, by = self._linear_offset, self._function(hit.lr)
        present = [(page, pte) for page, pte in enumerate(table) if pte]
        # Pages in a row have the same difference to their place among the present ones.
        groups = groupby(enumerate(present), key=lambda each: (each[1][0] - each[0], _permissions(each[1][1])))
        for (_, permissions), group in groups:
            pages = [each for _, each in group]
            start, frames = pages[0][0] * PAGE_SIZE, tuple((pte & PAGE_ADDRESS) + offset for _, pte in pages)
            after = start + len(pages) * PAGE_SIZE
            self._machine.emit(PagesMapped(hit.icount, hit.time_ns, start, after, permissions, frames, by))

    def _user_pages_unmapped(self, hit: Hit) -> None:
        end = self._image.get("TASK_SIZE")
        if end is not None:
            by = self._function(hit.lr)
            self._machine.emit(PagesUnmapped(hit.icount, hit.time_ns, 0, end.value, (), by))

    def _pages_changed(self, hit: Hit) -> None:
        """change_pages(start, end, bits to clear, bits to set): the first page tells what all will have."""
        start, end, cleared, added = hit.args
        pte = self._linear_pte(start)
        if pte is not None:
            permissions = _permissions(pte & ~cleared | added)
            by = self._function(hit.lr)
            self._machine.emit(PagesProtected(hit.icount, hit.time_ns, start, end, permissions, by))

    def _linear_pte(self, page: int) -> int | None:
        """The descriptor of a page of the linear map, which may not be installed yet; None where there is none."""
        offset, ptes = self._image.get("PAGE_OFFSET"), self._image.get("linear_ptes")
        if offset is None or ptes is None:
            return None
        try:
            return self._machine.read_word(self._machine.read_word(ptes.value) + (page - offset.value) // PAGE_SIZE * 4)
        except GuestMemoryError:
            return None

    def _area_mapped(self, hit: Hit) -> None:
        """module_mem_alloc: each page of the area is a page of RAM somewhere."""
        start, pages = hit.result, self._machine.cpu.r(1)
        if start == 0:
            return
        end = start + pages * PAGE_SIZE
        physical = (self._machine.physical(page) for page in range(start, end, PAGE_SIZE))
        frames = tuple(frame + self._linear_offset for frame in physical if frame is not None)
        permissions, by = self._machine.permissions(start), self._function(hit.lr)
        self._machine.emit(PagesMapped(hit.icount, hit.time_ns, start, end, permissions, frames, by))

    def _area_unmapped(self, hit: Hit) -> None:
        """module_mem_free(area) is entered; what it was given is in the trace."""
        trace = self._machine.trace
        for position in range(len(trace) - 1, -1, -1):
            event = trace[position]
            if isinstance(event, PagesMapped) and event.start == hit.args[0]:
                by = self._function(hit.lr)
                unmapped = PagesUnmapped(hit.icount, hit.time_ns, event.start, event.end, event.frames, by)
                self._machine.emit(unmapped)
                return

    def _area_protected(self, hit: Hit) -> None:
        """module_mem_protect(area, pages, kind)."""
        start, pages = hit.args[:2]
        if pages:
            permissions, by = self._machine.permissions(start), self._function(hit.lr)
            end = start + pages * PAGE_SIZE
            self._machine.emit(PagesProtected(hit.icount, hit.time_ns, start, end, permissions, by))

    # --- user space and /proc -----------------------------------------------------------------------------------------

    def _user_mode_entered(self, hit: Hit) -> None:
        self.milestone(MilestoneName.USERSPACE, hit.icount, hit.time_ns, f"first instruction at {hit.args[0]:#010x}")
        self._user_pages_mapped(hit)

    def _file_committed(self, hit: Hit) -> None:
        if hit.result == 0:
            self.milestone(MilestoneName.FIRST_PICTURE, hit.icount, hit.time_ns, "complete on the flash")

    def _proc_read(self, hit: Hit) -> None:
        self._proc_accessed(hit, is_write=False)

    def _proc_written(self, hit: Hit) -> None:
        self._proc_accessed(hit, is_write=True)

    def _proc_accessed(self, hit: Hit, *, is_write: bool) -> None:
        entry, _, count, offset = hit.args
        name = self._text(self._machine.read_word(entry))
        self._machine.emit(ProcAccess(hit.icount, hit.time_ns, name, is_write, count, offset, s32(hit.result)))

    # --- the kernel as a whole ----------------------------------------------------------------------------------------

    def _rodata_protected(self, hit: Hit) -> None:
        self._machine.emit(RodataProtected(hit.icount, hit.time_ns))

    def _system_state_set(self, hit: Hit) -> None:
        state = hit.args[0]
        name = SYSTEM_STATES[state] if state < len(SYSTEM_STATES) else f"system_state {state}"
        self._machine.emit(SystemStateChanged(hit.icount, hit.time_ns, name))

    def _work_scheduled(self, hit: Hit) -> None:
        function = self._machine.read_word(hit.args[0] + self._image.address("WORK_FUNC"))
        by = self._function(hit.lr)
        self._machine.emit(WorkScheduled(hit.icount, hit.time_ns, self._image.symbolize(function), by))

    def _panicked(self, hit: Hit) -> None:
        self._machine.emit(Panicked(hit.icount, hit.time_ns, self._text(hit.args[0]), self._function(hit.lr)))

    def _console_waited_for(self, hit: Hit) -> None:
        self._machine.emit(ConsoleWait(hit.icount, hit.time_ns))

    # --- reading the guest --------------------------------------------------------------------------------------------

    def _text(self, addr: int) -> str:
        """The C string at `addr`; a pointer that leads nowhere is the guest's mistake and is shown as a number."""
        try:
            return self._machine.read_cstring(addr)
        except GuestMemoryError:
            return f"{addr:#010x}"

    def _function(self, lr: int) -> str:
        """Name of the function that a call returns to."""
        if is_module_address(lr):
            return self._symbolize(lr - 4)
        found = self._image.symbol_at(lr - 4)
        return found[0].name if found else f"{lr:#010x}"

    def _callers(self, lr: int) -> Iterator[str]:
        """The caller, then the callers above it by their frame records ([fp] caller's fp, [fp + 4] return address).

        fp belongs to the caller at a function's entry and again at its return.
        """
        yield self._function(lr)
        frame = self._machine.cpu.r(FRAME_POINTER)
        for _ in range(CALLERS_SHOWN - 1):
            if not frame:
                return
            try:
                frame, lr = self._machine.read_word(frame), self._machine.read_word(frame + 4)
            except GuestMemoryError:
                return
            yield self._function(lr)


def _permissions(pte: int) -> str:
    """Of a page that somebody may read."""
    return f"r{'-' if pte & PTE_READ_ONLY else 'w'}{'-' if pte & PTE_EXECUTE_NEVER else 'x'}"


Action = Callable[[KernelTracer, Hit], None]


@dataclass(frozen=True)
class Probe:
    """One traced function: what it tells, and what happens at its entry and at its return."""

    symbol: str
    tells: str
    on_entry: Action | None = None
    on_return: Action | None = None


_T = KernelTracer
PROBES = (
    Probe("do_one_initcall", "initcalls that are skipped", _T._one_initcall_entered, _T._one_initcall_returned),
    Probe("do_initcall_level", "the beginning of each initcall level", _T._level_started),
    Probe("do_deferred_initcalls", "the deferred run", _T._deferred_started, _T._deferred_done),
    Probe("free_initmem", "the moment init memory is back", None, _T._free_initmem_returned),
    Probe("free_reserved_area", "freed memory", None, _T._area_freed),
    Probe("alloc_pages", "page allocations", None, _T._pages_allocated),
    Probe("free_pages", "page frees", _T._pages_freed),
    Probe("kmalloc", "kmalloc", None, _T._object_allocated),
    Probe("kfree", "kfree", _T._object_freed),
    Probe("memset32", "poisoning", _T._filled),
    Probe("unmap_user_pages", "the end of a user program's pages", None, _T._user_pages_unmapped),
    Probe("change_pages", "changes of the kernel's permissions", _T._pages_changed),
    Probe("module_mem_alloc", "pages of the module area", None, _T._area_mapped),
    Probe("module_mem_free", "pages of the module area that are unmapped", _T._area_unmapped),
    Probe("module_mem_protect", "permissions in the module area", None, _T._area_protected),
    Probe("enter_user_mode", "the start of user space", _T._user_mode_entered),
    Probe("flashfs_commit", "the first picture", None, _T._file_committed),
    Probe("proc_read_entry", "reads of /proc", None, _T._proc_read),
    Probe("proc_write_entry", "writes to /proc", None, _T._proc_written),
    Probe("mark_rodata_ro", "the protection of rodata", _T._rodata_protected),
    Probe("set_system_state", "the system state", _T._system_state_set),
    Probe("__schedule_work", "the work queue", _T._work_scheduled),
    Probe("console_wait", "the moment the shell waits for a line", _T._console_waited_for),
    Probe("panic", "panics", _T._panicked),
    Probe("die", "oopses", _T._panicked),
)
