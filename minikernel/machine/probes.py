"""Watch guest functions: called at entry, and at return to where the entry came from. AAPCS: arguments in r0-r3,
result in r0, return address in lr.

The place a call returns to is learned at the first call from there. Which calls are open is kept as plain values, so
a snapshot in the middle of a probed function works.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from minikernel.machine.machine import Machine

ARGUMENTS = 4


@dataclass(frozen=True)
class Hit:
    """A probed function is entered or has returned.

    `addr` is the function. `args` (r0-r3), `lr` and `sp` are those of the entry, also in the hit of the return;
    `icount` and `time_ns` are now, `entry_icount` and `entry_time_ns` were at the entry. `result` is r0 at the return,
    0 at the entry. Inside the call the machine's memory and registers may be read; only `cpu.pc` is not up to date.
    """

    machine: Machine
    addr: int
    args: tuple[int, int, int, int]
    lr: int
    sp: int
    icount: int
    time_ns: int
    entry_icount: int
    entry_time_ns: int
    result: int = 0

    @property
    def duration_ns(self) -> int:
        """Virtual time from entry to now."""
        return self.time_ns - self.entry_time_ns


OnHit: TypeAlias = Callable[[Hit], None]


class OpenCall(NamedTuple):
    """A call that has not returned: of the probe with this number, made with these registers."""

    probe: int
    args: tuple[int, int, int, int]
    lr: int
    sp: int
    icount: int
    time_ns: int


class Probe(NamedTuple):
    """Where, and who is told."""

    addr: int
    name: str
    on_entry: OnHit | None
    on_return: OnHit | None


class Probes:
    """All probes of a machine, and the calls that are open."""

    def __init__(self) -> None:
        self._probes: list[Probe] = []
        self._at: dict[int, list[int]] = {}
        self._open: list[OpenCall] = []

    def add(self, probe: Probe) -> None:
        """One more; several at one address are told in the order they were added."""
        self._at.setdefault(probe.addr, []).append(len(self._probes))
        self._probes.append(probe)

    def entered(self, addr: int, hit: Hit) -> bool:
        """The instruction at `addr` is about to run. True when somebody wants to know of the return to hit.lr."""
        wants_return = False
        for number in self._at.get(addr, ()):
            probe = self._probes[number]
            if probe.on_return is not None:
                # An open call with this very frame was left without a return (or began again, as in a tail call).
                self._open = [call for call in self._open if (call.probe, call.sp) != (number, hit.sp)]
                self._open.append(OpenCall(number, hit.args, hit.lr, hit.sp, hit.icount, hit.time_ns))
                wants_return = True
            if probe.on_entry is not None:
                probe.on_entry(hit)
        return wants_return

    def returning(self, addr: int, sp: int) -> list[OpenCall]:
        """The open calls that have returned, now that `addr` is reached with this stack; innermost first."""
        if not any(call.lr == addr and call.sp == sp for call in self._open):
            return []
        done = [call for call in self._open if call.lr == addr and call.sp == sp]
        self._open = [call for call in self._open if not (call.lr == addr and call.sp == sp)]
        return done[::-1]

    def address(self, call: OpenCall) -> int:
        """The function that was called."""
        return self._probes[call.probe].addr

    def tell_return(self, call: OpenCall, hit: Hit) -> None:
        """Call the probe's on_return."""
        on_return = self._probes[call.probe].on_return
        if on_return is not None:
            on_return(hit)

    def save(self) -> tuple[OpenCall, ...]:
        """The open calls."""
        return tuple(self._open)

    def load(self, state: tuple[OpenCall, ...]) -> None:
        """Take what save() gave, on a machine with the same probes."""
        self._open = list(state)
