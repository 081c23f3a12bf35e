"""What happened, as frozen values, each with the instruction count and the virtual time (ns) at which it happened.

Here stand the machine's own events; kernel/ adds those of the guest kernel. A trace is a list of these, nothing else.
"""

from __future__ import annotations

from minikernel.machine.exceptions import ExceptionKind
from minikernel.values import dataclass


@dataclass(frozen=True)
class Event:
    """Base of all. `icount`: instructions begun since reset; `time_ns`: nanoseconds of virtual time since reset."""

    icount: int
    time_ns: int


@dataclass(frozen=True)
class ConsoleOutput(Event):
    """One whole line the UART sent, without its line end; `time_ns` is that of the line's last character."""

    text: str


@dataclass(frozen=True)
class ExceptionTaken(Event):
    """The processor went to a vector. `pc`: the instruction that caused it (for IRQ: the one not yet executed);
    `address`: what an abort was about, else None."""

    kind: ExceptionKind
    pc: int
    address: int | None


@dataclass(frozen=True)
class Interrupt(Event):
    """An IRQ was taken; `irq` is the GIC id that was highest then, `pc` the interrupted instruction."""

    irq: int
    pc: int


@dataclass(frozen=True)
class UnassignedAccess(Event):
    """An access to a physical address or register where nothing is: reads give 0, writes are lost."""

    place: str
    offset: int
    is_write: bool
    value: int


@dataclass(frozen=True)
class InputDelivered(Event):
    """Something from outside reached the board; `text` says what, for people."""

    text: str


@dataclass(frozen=True)
class PowerRequest(Event):
    """The guest asked the system registers for "off" or "reset"."""

    request: str
