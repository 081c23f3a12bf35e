"""Why the debugger stopped, as frozen values."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from minikernel.machine.events import Event
from minikernel.machine.stop import Fault
from minikernel.showing import Card, moment


class StopCause(Enum):
    """The reason in one word."""

    STEP = "step"  # as many instructions as were asked for
    ARRIVED = "arrived"  # at a moment or place that was asked for
    FINISHED = "finished"  # the function has returned (or, backwards, is about to be called)
    BREAKPOINT = "breakpoint"
    WATCHPOINT = "watchpoint"
    EVENT = "event"
    START = "start"  # the record does not go further back
    POWER_OFF = "power-off"
    RESET = "reset"
    HALTED = "halted"  # the processor sleeps and nothing can wake it
    LOCKUP = "lockup"  # the exception vectors themselves fault
    INTERRUPTED = "interrupted"  # Ctrl-C
    REQUESTED = "requested"  # a probe or listener asked for it
    BUDGET = "budget"  # the instructions a move may take are spent


class AccessKind(Enum):
    """What the guest did with memory."""

    READ = "read"
    WRITE = "write"


@dataclass(frozen=True)
class MemoryAccess:
    """A load or store that touched watched memory: `old` was the value at [addr, addr + size) before, `new` is after
    (the same for a load). `pc` is the instruction, `icount` how many instructions had begun with it."""

    kind: AccessKind
    addr: int
    size: int
    old: int
    new: int
    pc: int
    icount: int


@dataclass(frozen=True)
class Stop(Card):
    """Where the machine stands, and why.

    `message` is a sentence without a full stop, `where` the pc as symbol+offset. `points` are the numbers of the stop
    points that were hit. `access` comes with WATCHPOINT, `event` with EVENT, `result` (r0) with FINISHED going
    forward, `fault` with HALTED and LOCKUP when the guest had one. `is_past`: the record goes on after this moment.
    """

    cause: StopCause
    message: str
    pc: int
    where: str
    icount: int
    time_ns: int
    points: tuple[int, ...] = ()
    access: MemoryAccess | None = None
    event: Event | None = None
    result: int | None = None
    fault: Fault | None = None
    is_past: bool = False

    def __str__(self) -> str:
        return f"{self.message}, at {self.where}"

    def card(self) -> dict[str, str]:
        """For IPython."""
        facts = {
            "stopped by": self.message,
            "pc": f"{self.pc:#010x} <{self.where}>",
            "at": moment(self.time_ns, self.icount) + ("; the record goes on" if self.is_past else ""),
        }
        if self.access is not None:
            facts[self.access.kind.value] = f"{self.access.old:#010x} -> {self.access.new:#010x}"
        if self.fault is not None:
            facts["fault"] = str(self.fault)
        return facts
