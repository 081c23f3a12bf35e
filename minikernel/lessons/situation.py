"""What a step's check looks at: the machine, and what has happened since the step began. Facts, not what was typed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from minikernel.debug.debugger import Debugger
from minikernel.errors import UsageError
from minikernel.kernel.machine import KernelMachine
from minikernel.machine.events import Event

E = TypeVar("E", bound=Event)


@dataclass(frozen=True)
class CommandRun:
    """A `minikernel` command that has ended: its name, its options as texts, its exit status."""

    name: str
    options: Mapping[str, str]
    status: int


@dataclass
class Situation:
    """`begun` is the machine's instruction count when the step began. A step with no machine has no debugger."""

    dbg: Debugger | None
    machine: KernelMachine | None
    folder: Path
    begun: int = 0
    commands: list[CommandRun] = field(default_factory=list)
    answered: set[int] = field(default_factory=set)

    @property
    def running(self) -> KernelMachine:
        """The machine. Raises UsageError for a step without one."""
        if self.machine is None:
            raise UsageError("no machine has been booted in this chapter yet")
        return self.machine

    def since(self, kind: type[E]) -> Iterator[E]:
        """Events of the machine since the step began."""
        return (event for event in self.running.trace.of(kind) if event.icount >= self.begun)
