"""Two snapshots that ought to be equal: what is not, in words. How a re-run is checked (timeline.py)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from minikernel.machine.cpu import Cpu
from minikernel.machine.mmu import PAGE_SIZE
from minikernel.machine.ram import GROUP, Pages
from minikernel.machine.snapshot import Snapshot

SHOWN = 4  # differences named, of each kind

#: Parts of a snapshot compared by ==, with the words for them. Not here: inputs that wait (a re-run pushes them when
#: they came), and which instruction's probes were told last (that depends on what is watched).
PARTS = {
    "time_ns": "virtual time",
    "console_line": "the unfinished console line",
    "open_calls": "open calls of probes",
    "seen_places": "the absent addresses seen",
    "last_fault": "the last fault",
    "nested_faults": "nested faults",
    "is_asleep": "sleep",
}


class RegistersAtMark(NamedTuple):
    """R0-R15 and the status registers of the current mode: the engine's own image of them cannot be compared."""

    general: tuple[int, ...]
    cpsr: int

    @classmethod
    def of(cls, cpu: Cpu) -> RegistersAtMark:
        """As they are now."""
        return cls(cpu.registers(), cpu.cpsr)


def differences(recorded: Snapshot, then: RegistersAtMark, again: Snapshot, now: RegistersAtMark) -> list[str]:
    """One text for each thing that differs; empty when the moments are the same."""
    return [
        *_registers(then, now),
        *_parts(recorded, again),
        *_board(recorded, again),
        *_pages(recorded.ram, again.ram),
    ]


def _registers(then: RegistersAtMark, now: RegistersAtMark) -> Iterator[str]:
    for number, (old, new) in enumerate(zip(then.general, now.general, strict=True)):
        if old != new:
            yield f"r{number} was {old:#010x}, is {new:#010x}"
    if then.cpsr != now.cpsr:
        yield f"cpsr was {then.cpsr:#010x}, is {now.cpsr:#010x}"


def _parts(recorded: Snapshot, again: Snapshot) -> Iterator[str]:
    for field, words in PARTS.items():
        old, new = getattr(recorded, field), getattr(again, field)
        if old != new:
            yield f"{words} was {old!r}, is {new!r}"
    for words, old, new in (
        ("trace", recorded.trace.length, again.trace.length),
        ("console", recorded.console.length, again.console.length),
        ("inputs delivered", len(recorded.inputs[0]), len(again.inputs[0])),
    ):
        if old != new:
            yield f"{words} had {old} items, has {new}"
    if recorded.tlb != again.tlb and set(recorded.tlb) != set(again.tlb):
        yield f"the TLB had {len(recorded.tlb)} entries, has {len(again.tlb)} or others"


def _board(recorded: Snapshot, again: Snapshot) -> Iterator[str]:
    if recorded.board == again.board:
        return
    now = dict(again.board.parts)
    for name, state in recorded.board.parts:
        if now[name] != state:
            yield f"device {name} is in another state"


def _pages(recorded: Pages, again: Pages) -> Iterator[str]:
    found = [
        number * GROUP + index
        for number, (old_group, new_group) in enumerate(zip(recorded, again, strict=True))
        if old_group is not new_group
        for index, (old, new) in enumerate(zip(old_group, new_group, strict=True))
        if old is not new and old != new
    ]
    for page in found[:SHOWN]:
        yield f"the page of RAM at offset {page * PAGE_SIZE:#x} differs"
    if len(found) > SHOWN:
        yield f"and {len(found) - SHOWN} more pages"
