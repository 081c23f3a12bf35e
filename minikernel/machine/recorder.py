"""What a recorder of a machine's run is told, so that it can take the machine back later (debug/timeline.py does).

A machine has at most one. It is called between instructions only, and changes nothing of the guest unless it sets the
machine back itself.
"""

from __future__ import annotations

from typing import Protocol

from minikernel.machine.inputs import StampedInput


class Recorder(Protocol):
    """`due` is the instruction count at which `reached` is to be called next."""

    due: int

    @property
    def is_rerun(self) -> bool:
        """What runs now has run before."""
        ...

    def run_begins(self) -> None:
        """Machine.run was called; nothing has happened yet."""
        ...

    def reached(self) -> None:
        """`due` instructions have begun, or more. It must be set to a later count now."""
        ...

    def run_ended(self) -> None:
        """Machine.run is about to return."""
        ...

    def input_pushed(self, stamped: StampedInput) -> None:
        """An input was added to the queue."""
        ...
