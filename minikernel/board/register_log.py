"""Every access of the guest to a device, with its time: how one sees that USB was not touched before its turn."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from minikernel.board.device import BoardPart, Clock, Device, State

BLOCK_ENTRIES = 1024


@dataclass(frozen=True, slots=True)
class RegisterAccess:
    """`count` accesses in a row to the same register, in the same direction: a poll loop or a data port is one entry.

    `time_ns` is that of the first, `value` that of the last. `register` is the manual's name, or the offset in hex.
    """

    time_ns: int
    device: str
    register: str
    is_write: bool
    size: int
    value: int
    count: int = 1

    def continues(self, other: RegisterAccess) -> bool:
        """Whether this access belongs to the row of `other`."""
        return (self.device, self.register, self.is_write, self.size) == (
            other.device,
            other.register,
            other.is_write,
            other.size,
        )


class RegisterLog(BoardPart):
    """Accesses in order. Full blocks are shared between snapshots, so save() costs little however long the log is."""

    def __init__(self) -> None:
        self.name = "register-log"
        self._full: list[tuple[RegisterAccess, ...]] = []
        self._last: list[RegisterAccess] = []

    def append(self, access: RegisterAccess) -> None:
        """Note one access."""
        if self._last and access.continues(self._last[-1]):
            row = self._last[-1]
            self._last[-1] = RegisterAccess(
                row.time_ns, row.device, row.register, row.is_write, row.size, access.value, row.count + 1
            )
            return
        if len(self._last) == BLOCK_ENTRIES:
            self._full.append(tuple(self._last))
            self._last = []
        self._last.append(access)

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
        self._log.append(RegisterAccess(self._clock.now_ns, self.name, name, is_write, size, value))
