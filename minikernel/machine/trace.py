"""The trace: every event in the order it happened, the same for the same inputs, byte for byte."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from minikernel.machine.events import Event
from minikernel.machine.log import Log

E = TypeVar("E", bound=Event)


class Trace(Log[Event]):
    """A log of events. `listeners` are called with each event as it is added, but not again with those that a re-run
    adds a second time; `watchers` with those too. Neither changes anything of the guest.
    """

    def __init__(self) -> None:
        super().__init__()
        self.listeners: list[Callable[[Event], None]] = []
        self.watchers: list[Callable[[Event], None]] = []

    def emit(self, event: Event) -> None:
        """Add the event and tell those who want to know."""
        self.append(event)
        for watcher in self.watchers:
            watcher(event)
        if len(self) > self.told:
            for listener in self.listeners:
                listener(event)

    def of(self, kind: type[E]) -> list[E]:
        """The events of one class, in order."""
        return [event for event in self if isinstance(event, kind)]
