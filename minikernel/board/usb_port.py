"""The USB connector of the board and the wires behind it, shared by EHCI, its companion, the bulk pipe and the desktop.

EHCI 1.0 section 4.2: the port belongs to the companion controller until the EHCI driver takes it. Whoever changes a
wire here tells all who watch; they look at the wires and act, each in its own registers.
"""

from __future__ import annotations

from collections.abc import Callable

from minikernel.board.device import BoardPart, State


class UsbPort(BoardPart):
    """Three wires: cable plugged (by the desktop), routed to the companion and enabled at high speed (by EHCI)."""

    def __init__(self) -> None:
        self.name = "usb-port"
        self.is_plugged = False
        self.is_companions = True
        self.is_high_speed = False
        self._watchers: list[Callable[[], None]] = []

    def watch(self, changed: Callable[[], None]) -> None:
        """Call `changed()` after each change of a wire, in the order in which the watchers came."""
        self._watchers.append(changed)

    def set_plugged(self, level: bool) -> None:
        """The cable goes in or out."""
        if level != self.is_plugged:
            self.is_plugged = level
            self._tell()

    def route(self, *, is_companions: bool, is_high_speed: bool) -> None:
        """EHCI's port register says who owns the port and whether it is enabled there."""
        if (is_companions, is_high_speed) != (self.is_companions, self.is_high_speed):
            self.is_companions, self.is_high_speed = is_companions, is_high_speed
            self._tell()

    def save(self) -> State:
        return self.is_plugged, self.is_companions, self.is_high_speed

    def load(self, state: State) -> None:
        self.is_plugged, self.is_companions, self.is_high_speed = state

    def _tell(self) -> None:
        for changed in self._watchers:
            changed()
