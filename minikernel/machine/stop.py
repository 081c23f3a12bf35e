"""Why a run ended, and what the guest's fault was: plain values, for people and for programs."""

from __future__ import annotations

from enum import Enum

from minikernel.machine.exceptions import ExceptionKind
from minikernel.showing import Card, moment
from minikernel.values import dataclass


class StopKind(Enum):
    """The reason in one word."""

    BREAKPOINT = "breakpoint"
    POWER_OFF = "power-off"
    RESET = "reset"
    HALTED = "halted"  # wfi, and nothing can ever wake the processor
    BUDGET = "budget"  # max_instructions are spent
    TIME = "time"  # until_ns is reached
    PROBE = "probe"  # somebody called request_stop()
    INTERRUPTED = "interrupted"  # Ctrl-C
    LOCKUP = "lockup"  # the exception vectors themselves fault, so nothing of the guest can go on


@dataclass(frozen=True)
class Fault:
    """An abort or undefined instruction of the guest.

    `where` is `pc` as symbol+offset; `address` is what was accessed (the pc itself for an undefined instruction);
    `access` is "read", "write", "fetch" or "execute"; `cause` the architecture's name of it.
    """

    kind: ExceptionKind
    pc: int
    where: str
    address: int
    access: str
    mode: str
    cause: str
    icount: int
    time_ns: int

    def __str__(self) -> str:
        return (
            f"{self.cause}: {self.access} of {self.address:#010x} in {self.mode} mode at {self.where} ({self.pc:#010x})"
        )


@dataclass(frozen=True)
class StopReason(Card):
    """`fault` is the last fault the guest took, when the stop came of one; None otherwise."""

    kind: StopKind
    message: str
    pc: int
    icount: int
    time_ns: int
    fault: Fault | None = None

    def __str__(self) -> str:
        return f"{self.kind.value}: {self.message}"

    def card(self) -> dict[str, str]:
        """For IPython."""
        facts = {"stopped by": str(self), "pc": f"{self.pc:#010x}", "at": moment(self.time_ns, self.icount)}
        return facts | ({"fault": str(self.fault)} if self.fault is not None else {})
