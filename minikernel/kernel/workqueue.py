"""The queue of work that is to be done soon (guest/kernel/workqueue.s, include/work.inc)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from minikernel.kernel.structures import NotThereYet, Problems, Structures, View
from minikernel.machine.machine import GuestMemoryError

CHANGES = frozenset({"__schedule_work"})
CHANGES_ITSELF = frozenset({"flush_scheduled_work", "init_workqueues"})
LIMIT = 1024


@dataclass(frozen=True)
class Work:
    """struct work_struct: its address and the name of what will be called."""

    address: int
    function: str


@dataclass(frozen=True)
class WorkQueue(View):
    """What waits, first to run first. `is_running`: do_pending_work is at work on it."""

    headings = ("work", "function")

    works: tuple[Work, ...] = ()
    is_running: bool = False

    def rows(self) -> Iterator[tuple[str, ...]]:
        """First to run first."""
        return ((f"{work.address:#010x}", work.function) for work in self.works)

    def notes(self) -> tuple[str, ...]:
        """Whether it is worked on."""
        return (*super().notes(), *(("do_pending_work runs the queue now",) if self.is_running else ()))


def read_work_queue(guest: Structures) -> WorkQueue:
    """The queue as it is now. Raises ImageError for a kernel without one."""
    return guest.view(_queue, WorkQueue(), CHANGES, CHANGES_ITSELF)


def _queue(guest: Structures, problems: Problems) -> WorkQueue:
    head, next_at = guest.constant("work_head"), guest.constant("WORK_NEXT")
    tail = guest.variable("work_tail")
    if not tail:
        raise NotThereYet("init_workqueues has not run yet")
    works = []
    end = head
    for at in guest.linked(head, next_at, LIMIT, problems):
        try:
            function, pending = (guest.word(at + guest.constant(name)) for name in ("WORK_FUNC", "WORK_PENDING"))
        except GuestMemoryError:
            problems(f"the work at {at:#010x} cannot be read")
            break
        if pending != 1:
            problems(f"the work at {at:#010x} is queued and not marked as pending")
        works.append(Work(at, guest.function(function)))
        end = at + next_at
    if tail != end:
        problems(f"work_tail is {tail:#010x}, the last pointer of the queue is at {end:#010x}")
    running = bool(guest.variable("pending_work_running"))
    return WorkQueue(tuple(works), running)
