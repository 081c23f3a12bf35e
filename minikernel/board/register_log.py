"""Every access of the guest to a device, with its time: how one sees that USB was not touched before its turn."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from minikernel.board.device import BoardPart, Clock, Device, State

BLOCK_ENTRIES = 1024


class RegisterAccess(NamedTuple):
    """`count` accesses in a row to the same register, in the same direction: a poll loop or a data port is one entry.

    `time_ns` is that of the first, `value` that of the last. `register` is the manual's name, or the offset in hex.
    """

    time_ns: int
    device: str
    register: str
    is_write: bool
    size: int
    value: int
    count: int = 1  # type: ignore[assignment]  # takes the place of tuple.count()


class RegisterLog(BoardPart):
    """Accesses in order. Full blocks are shared between snapshots, so save() costs little however long the log is."""

    def __init__(self) -> None:
        self.name = "register-log"
        self._full: list[tuple[RegisterAccess, ...]] = []
        self._last: list[RegisterAccess] = []

    def note(self, clock: Clock, device: str, register: str, is_write: bool, size: int, value: int) -> None:
        """Note one access, at the clock's time."""
        last = self._last
        if last:
            row = last[-1]
            if (row.register, row.is_write, row.size, row.device) == (register, is_write, size, device):
                last[-1] = RegisterAccess(row.time_ns, device, register, is_write, size, value, row.count + 1)
                return
        if len(last) == BLOCK_ENTRIES:
            self._full.append(tuple(last))
            last = self._last = []
        last.append(RegisterAccess(clock.now_ns, device, register, is_write, size, value))

    def __len__(self) -> int:
        return len(self._full) * BLOCK_ENTRIES + len(self._last)

    def __iter__(self) -> Iterator[RegisterAccess]:
        for block in self._full:
            yield from block
        yield from self._last

    def save(self) -> State:
        return tuple(self._full), tuple(self._last)

    def load(self, state: State) -> None:
        full, last = state
        self._full, self._last = list(full), list(last)


class LoggedDevice(Device):
    """A device with each access to it noted in a RegisterLog."""

    def __init__(self, device: Device, log: RegisterLog, clock: Clock) -> None:
        self.REGISTERS = device.REGISTERS  # type: ignore[misc]  # the device's, not this class's
        super().__init__(device.name)
        self._device, self._log, self._clock = device, log, clock

    def read(self, offset: int, size: int) -> int:
        value = self._device.read(offset, size)
        self._note(offset, False, size, value)
        return value

    def write(self, offset: int, size: int, value: int) -> None:
        self._device.write(offset, size, value)
        self._note(offset, True, size, value)

    def register_name(self, offset: int) -> str:
        return self._device.register_name(offset)

    def deadline(self) -> int | None:
        return self._device.deadline()

    def tick(self) -> None:
        self._device.tick()

    def save(self) -> State:
        return self._device.save()

    def load(self, state: State) -> None:
        self._device.load(state)

    def _note(self, offset: int, is_write: bool, size: int, value: int) -> None:
        name = self._device.register_name(offset)
        self._log.note(self._clock, self.name, name, is_write, size, value)
