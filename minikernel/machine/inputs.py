"""Everything that comes from outside, in one queue: characters typed, /proc requests, the cable.

Each input is stamped with the instruction count and the virtual time from which it is due, and reaches the board at the
first instruction boundary that is not before either. So the list of stamped inputs and the image are the whole run.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import NamedTuple

from minikernel.board.board import Board
from minikernel.values import dataclass


class Input(ABC):
    """Something that can happen to the board from outside. A value: equal inputs do the same."""

    @abstractmethod
    def deliver(self, board: Board) -> None:
        """Let it happen."""

    @abstractmethod
    def describe(self) -> str:
        """For the trace."""


@dataclass(frozen=True)
class ConsoleInput(Input):
    """Characters typed on the console."""

    characters: bytes

    def deliver(self, board: Board) -> None:
        board.uart.receive(self.characters)

    def describe(self) -> str:
        return f"console {self.characters!r}"


@dataclass(frozen=True)
class ProcRequest(Input):
    """A request in the proc window: read `count` bytes of a /proc file at `offset`, or write `data` to it."""

    path: str
    data: bytes | None = None
    count: int = 3584
    offset: int = 0

    def deliver(self, board: Board) -> None:
        if self.data is None:
            board.procwin.request_read(self.path, self.count, self.offset)
        else:
            board.procwin.request_write(self.path, self.data, self.offset)

    def describe(self) -> str:
        return f"proc read {self.path}" if self.data is None else f"proc write {self.path} {self.data!r}"


@dataclass(frozen=True)
class FileChunk(Input):
    """A request in the proc window: put `data` at the end of a file, which is `offset` bytes long; 0 makes it anew."""

    path: str
    data: bytes
    offset: int

    def deliver(self, board: Board) -> None:
        board.procwin.request_append(self.path, self.data, self.offset)

    def describe(self) -> str:
        return f"file {self.path}: {len(self.data)} bytes at {self.offset}"


@dataclass(frozen=True)
class FileUnlink(Input):
    """A request in the proc window: delete a file."""

    path: str

    def deliver(self, board: Board) -> None:
        board.procwin.request_unlink(self.path)

    def describe(self) -> str:
        return f"unlink {self.path}"


@dataclass(frozen=True)
class ModuleLoad(Input):
    """A request in the proc window: finit_module on a file of the guest's."""

    path: str
    parameters: str = ""
    flags: int = 0

    def deliver(self, board: Board) -> None:
        board.procwin.request_finit_module(self.path, self.parameters.encode(), self.flags)

    def describe(self) -> str:
        return f"load module {self.path} {self.parameters}".rstrip()


@dataclass(frozen=True)
class ModuleUnload(Input):
    """A request in the proc window: delete_module."""

    name: str
    flags: int = 0

    def deliver(self, board: Board) -> None:
        board.procwin.request_delete_module(self.name, self.flags)

    def describe(self) -> str:
        return f"unload module {self.name}"


@dataclass(frozen=True)
class CablePlug(Input):
    """The USB cable to the desktop is plugged in, or pulled out."""

    plugged: bool

    def deliver(self, board: Board) -> None:
        if self.plugged:
            board.desktop.plug()
        else:
            board.desktop.unplug()

    def describe(self) -> str:
        return "cable plugged in" if self.plugged else "cable pulled out"


class StampedInput(NamedTuple):
    """An input and the moment from which it is due: both the instruction count and the time (ns) must be reached."""

    icount: int
    time_ns: int
    input: Input


class InputQueue:
    """Inputs that wait for their moment, and those that had it.

    `now()` gives the (icount, time_ns) with which an input that comes now is stamped; `pushed()` is told of each.
    """

    def __init__(self, now: Callable[[], tuple[int, int]], pushed: Callable[[StampedInput], None]) -> None:
        self._now = now
        self._pushed = pushed
        self.waiting: list[StampedInput] = []
        """Those still to come; to be read only."""
        self._delivered: list[StampedInput] = []

    def push(self, what: Input, at_icount: int | None = None, at_ns: int | None = None) -> StampedInput:
        """Add one, due now or from the given moment on; returns it as it was stamped."""
        if at_icount is None and at_ns is None:
            at_icount, at_ns = self._now()
        return self.push_stamped(StampedInput(at_icount or 0, at_ns or 0, what))

    def push_stamped(self, stamped: StampedInput) -> StampedInput:
        """Add one as it was stamped before: so a recorded run is replayed. A moment that is past becomes now."""
        icount, time_ns = self._now()
        stamped = StampedInput(max(stamped.icount, icount), max(stamped.time_ns, time_ns), stamped.input)
        self.waiting.append(stamped)
        self._pushed(stamped)
        return stamped

    def take_due(self, icount: int, time_ns: int) -> Input | None:
        """The first that is due, which now is delivered; of several in the order they were pushed."""
        for index, stamped in enumerate(self.waiting):
            if stamped.icount <= icount and stamped.time_ns <= time_ns:
                del self.waiting[index]
                self._delivered.append(stamped)
                return stamped.input
        return None

    def take_first(self) -> Input | None:
        """The one pushed first, though its moment will never come; it is delivered."""
        if not self.waiting:
            return None
        self._delivered.append(self.waiting.pop(0))
        return self._delivered[-1].input

    @property
    def delivered(self) -> tuple[StampedInput, ...]:
        """Those the board has had, as they were stamped."""
        return tuple(self._delivered)

    def save(self) -> tuple[tuple[StampedInput, ...], tuple[StampedInput, ...]]:
        """Those delivered and those waiting."""
        return self.delivered, tuple(self.waiting)

    def load(self, state: tuple[tuple[StampedInput, ...], tuple[StampedInput, ...]]) -> None:
        """Take what save() gave."""
        self._delivered, self.waiting = map(list, state)
