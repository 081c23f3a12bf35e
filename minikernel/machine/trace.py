"""The trace: every event in the order it happened, the same for the same inputs, byte for byte."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from minikernel.machine.events import Event
from minikernel.machine.log import Log

E = TypeVar("E", bound=Event)


class Trace(Log[Event]):
    """A log of events. `listeners` are called with each event as it is added; they change nothing of the guest."""

    def __init__(self) -> None:
        super().__init__()
        self.listeners: list[Callable[[Event], None]] = []

    def emit(self, event: Event) -> None:
        """Add the event and tell the listeners."""
        self.append(event)
        for listener in self.listeners:
            listener(event)

    def of(self, kind: type[E]) -> list[E]:
        """The events of one class, in order."""
        return [event for event in self if isinstance(event, kind)]
