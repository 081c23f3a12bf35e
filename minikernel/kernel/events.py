"""What the kernel does, as frozen values: the rows of the trace that tracing.py adds to the machine's own.

Every event carries `icount` and `time_ns` from its base. Addresses are guest virtual addresses; `by` is the function
that called, `callers` the chain above it, the nearest first.
"""

from __future__ import annotations

from enum import Enum

from minikernel.machine.events import Event
from minikernel.showing import Card, Table, moment
from minikernel.values import dataclass


class MilestoneName(Enum):
    """The moments a boot is judged by; the value is the key of the JSON summary without its unit."""

    USERSPACE = "userspace"
    FIRST_PICTURE = "first_picture"
    DEFERRED_DONE = "deferred_done"
    INITMEM_FREED = "initmem_freed"
    PICTURE_DOWNLOADED = "picture_downloaded"


@dataclass(frozen=True)
class LevelStarted(Event):
    """do_initcall_level begins (also `early`, `console` and `deferred`, which have loops of their own)."""

    level: str


@dataclass(frozen=True)
class InitcallStarted(Event):
    """An init routine is entered. `lock_depth` is the kernel lock's depth at that moment."""

    name: str
    level: str
    address: int
    lock_depth: int


@dataclass(frozen=True)
class InitcallFinished(Event):
    """An init routine has returned: after its own time, without the messages round it. `returned` is 0 or -errno."""

    name: str
    level: str
    address: int
    called_ns: int
    returned: int

    @property
    def usecs(self) -> int:
        """Duration in whole microseconds of virtual time."""
        return (self.time_ns - self.called_ns) // 1000


@dataclass(frozen=True)
class InitcallSkipped(Event):
    """do_one_initcall has returned without calling the routine (initcall_blacklist=): `returned` is its answer."""

    name: str
    level: str
    address: int
    returned: int


@dataclass(frozen=True)
class MemoryFreed(Event, Card):
    """free_reserved_area gave [start, end) back to the page allocator."""

    start: int
    end: int
    pages: int
    what: str
    by: str
    callers: tuple[str, ...]

    @property
    def size(self) -> int:
        """Bytes given back."""
        return self.end - self.start

    def card(self) -> dict[str, str]:
        """For IPython."""
        return {
            "freed": f"{self.start:#010x}-{self.end:#010x}, {self.pages} pages",
            "what": self.what,
            "by": " <- ".join(self.callers or (self.by,)),
            "at": moment(self.time_ns, self.icount),
        }


class Frees(Table[MemoryFreed]):
    """Frees in the order they happened."""

    headings = ("freed", "pages", "what", "by", "at")

    @staticmethod
    def row(item: MemoryFreed) -> tuple[str, ...]:
        """`0xc0025000-0xc0031000 12 unused kernel image (initmem) free_initmem 442.3 ms`."""
        when = f"{item.time_ns / 1e6:,.3f} ms"
        return f"{item.start:#010x}-{item.end:#010x}", str(item.pages), item.what, item.by, when


@dataclass(frozen=True)
class PagesAllocated(Event):
    """alloc_pages has returned 2**order pages; `addr` is 0 when there were none."""

    addr: int
    order: int
    by: str


@dataclass(frozen=True)
class PagesFreed(Event):
    """free_pages is entered for 2**order pages."""

    addr: int
    order: int
    by: str


@dataclass(frozen=True)
class ObjectAllocated(Event):
    """kmalloc has returned; `addr` is 0 when there was no memory."""

    addr: int
    size: int
    by: str


@dataclass(frozen=True)
class ObjectFreed(Event):
    """kfree is entered."""

    addr: int
    by: str


@dataclass(frozen=True)
class PagesMapped(Event):
    """Pages can be used at [start, end) from here on, with these permissions ("rw-"; the user program's, for its own
    pages). `frames`: the same pages' addresses in the linear map, one by one; () when [start, end) is there itself."""

    start: int
    end: int
    permissions: str
    frames: tuple[int, ...]
    by: str


@dataclass(frozen=True)
class PagesUnmapped(Event):
    """An access to [start, end) faults from here on; `frames` as in PagesMapped."""

    start: int
    end: int
    frames: tuple[int, ...]
    by: str


@dataclass(frozen=True)
class PagesProtected(Event):
    """Pages at [start, end) have other permissions from here on: "r--"."""

    start: int
    end: int
    permissions: str
    by: str


@dataclass(frozen=True)
class MemoryPoisoned(Event):
    """[start, end) is about to be filled with a poison: the name of the word, POISON_INITMEM."""

    start: int
    end: int
    poison: str
    by: str


@dataclass(frozen=True)
class ProcAccess(Event):
    """A /proc entry was read or written, by a system call or through the proc window; `result` is a count or -errno."""

    name: str
    is_write: bool
    count: int
    offset: int
    result: int


@dataclass(frozen=True)
class SystemStateChanged(Event):
    """set_system_state: the state's name in Linux's words, e.g. SYSTEM_RUNNING."""

    state: str


@dataclass(frozen=True)
class RodataProtected(Event):
    """mark_rodata_ro is entered: from here a store to rodata faults."""


@dataclass(frozen=True)
class WorkScheduled(Event):
    """__schedule_work put `function` on the work queue; `by` is the caller of schedule_work."""

    function: str
    by: str


@dataclass(frozen=True)
class Panicked(Event):
    """panic or die is entered: the message's format, and the function that called."""

    message: str
    by: str


@dataclass(frozen=True)
class ConsoleWait(Event):
    """A program reads the console, nothing has been typed, and it is about to sleep."""


@dataclass(frozen=True)
class Milestone(Event):
    """A moment the boot is judged by, reached for the first time; `detail` says by what, `free_pages` counts then."""

    name: MilestoneName
    free_pages: int | None
    detail: str = ""
