"""The initcalls that were put off: their table, and those that initcall_defer= took out of other levels
(guest/kernel/deferred.s, initcall.s)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from minikernel.kernel.initcalls import DEFERRED_LEVEL, Initcall, read_tables
from minikernel.kernel.structures import Problems, Structures, View
from minikernel.machine.machine import GuestMemoryError

CHANGES = frozenset[str]()
CHANGES_ITSELF = frozenset({"do_deferred_initcalls", "defer_by_name"})


@dataclass(frozen=True)
class DeferredTable(View):
    """calls: the entries, those of initcall_defer= last, with entry addresses in deferred_by_name. has_begun:
    do_deferred_initcalls has taken them up (already_run); is_done: /proc/deferred_initcalls reads as 1."""

    headings = ("entry", "initcall", "address")

    calls: tuple[Initcall, ...] = ()
    has_begun: bool = False
    is_done: bool = False

    def rows(self) -> Iterator[tuple[str, ...]]:
        """In the order in which they are called."""
        return ((f"{call.entry:#010x}", call.name, f"{call.address:#010x}") for call in self.calls)

    def notes(self) -> tuple[str, ...]:
        """How far it has come."""
        if self.condition.absent:
            return super().notes()
        state = "has been called" if self.has_begun else "has not been called"
        reads = f"/proc/deferred_initcalls reads as {int(self.is_done)}"
        return *super().notes(), f"do_deferred_initcalls {state}", reads


def read_deferred_table(guest: Structures) -> DeferredTable:
    """The table as it is now; once init memory is freed, as it was linked, and the condition says so. Raises
    ImageError for a kernel without one."""
    return guest.view(_table, DeferredTable(), CHANGES, CHANGES_ITSELF)


def _table(guest: Structures, problems: Problems) -> DeferredTable:
    linked = tuple(call for call in read_tables(guest.image) if call.level == DEFERRED_LEVEL)
    for call in linked:
        try:
            now = guest.word(call.entry)
        except GuestMemoryError:
            problems("the table went with init memory; this is what it said")
            break
        if now != call.address:
            problems(f"the entry at {call.entry:#010x}, {call.name}, is {now:#010x} now")
    by_name = guest.constant("deferred_by_name")
    count = min(guest.variable("nr_deferred_by_name"), guest.constant("DEFERRED_BY_NAME_MAX"))
    named = tuple(
        Initcall(guest.function(address), DEFERRED_LEVEL, address, by_name + 4 * index)
        for index, address in enumerate(guest.words(by_name, count))
    )
    has_begun = bool(guest.variable("already_run"))
    return DeferredTable((*linked, *named), has_begun, bool(guest.variable("deferred_initcalls_done")))
