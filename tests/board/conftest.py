"""What a device needs around it: a clock one can set, a wire one can look at, a log of unknown accesses."""

from __future__ import annotations

import pytest

from minikernel.board.device import BoardPart, IrqLine


class ManualClock:
    """Virtual time in the test's hand."""

    def __init__(self) -> None:
        self.now_ns = 0

    def advance(self, ns: int) -> None:
        self.now_ns += ns

    def run(self, part: BoardPart, ns: int) -> None:
        """Let `ns` pass as a machine does: from deadline to deadline, each ticked at its time."""
        end = self.now_ns + ns
        while (due := part.deadline()) is not None and due <= end:
            self.now_ns = max(self.now_ns, due)
            part.tick()
        self.now_ns = end


class UnknownAccesses(list):
    """An access log that keeps what it is told."""

    def __call__(self, device: str, offset: int, is_write: bool, value: int) -> None:
        self.append((device, offset, is_write, value))


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def irq() -> IrqLine:
    return IrqLine("irq")


@pytest.fixture
def unknown() -> UnknownAccesses:
    return UnknownAccesses()
