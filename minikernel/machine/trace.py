"""The trace: every event in the order it happened, the same for the same inputs, byte for byte."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from minikernel.machine.events import Event
from minikernel.machine.log import Log, LogMark

E = TypeVar("E", bound=Event)


class Trace(Log[Event]):
    """A log of events. `listeners` are called with each event as it is added, but not again with those that a re-run
    adds a second time; `watchers` with those too. Neither changes anything of the guest.
    """

    def __init__(self) -> None:
        super().__init__()
        self.listeners: list[Callable[[Event], None]] = []
        self.watchers: list[Callable[[Event], None]] = []
        self._latest: dict[type[Event], tuple[int, int]] = {}  # class -> how far it was looked, where the newest is

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

    def latest(self, kind: type[E]) -> E | None:
        """The newest event of just this class; a second question looks only at what came since the first."""
        looked, newest = self._latest.get(kind, (0, -1))
        for position in range(len(self) - 1, looked - 1, -1):
            if type(self[position]) is kind:
                newest = position
                break
        self._latest[kind] = (len(self), newest)
        found = self[newest] if newest >= 0 else None
        return found if isinstance(found, kind) else None

    def load(self, mark: LogMark[Event]) -> None:
        """As Log.load."""
        super().load(mark)
        self._latest.clear()
