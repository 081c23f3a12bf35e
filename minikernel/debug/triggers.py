"""What can make the debugger stop: an address is reached, memory is touched, something happens.

A trigger is armed with a function to call; each time it fires that function is told, in the middle of a run, with an
Occurrence. It decides nothing: conditions, counts and stopping are stop_points.py's.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeAlias

from minikernel.debug.stops import AccessKind, MemoryAccess
from minikernel.machine.events import Event
from minikernel.machine.machine import Machine


@dataclass(frozen=True)
class Occurrence:
    """A trigger has fired. `landing`: the instruction count at which the machine stands when it goes back to this:
    before an instruction that touches memory, else where a run forward stops. `pc` is the instruction."""

    landing: int
    pc: int
    text: str
    access: MemoryAccess | None = None
    event: Event | None = None


OnOccurrence: TypeAlias = Callable[[Occurrence], None]


class Trigger(ABC):
    """Armed and disarmed between runs only."""

    @abstractmethod
    def arm(self, tell: OnOccurrence) -> None:
        """Call tell(occurrence) from now on."""

    @abstractmethod
    def disarm(self) -> None:
        """No longer."""


class ReachTrigger(Trigger):
    """The instruction at one of `addresses` is the next to be executed."""

    def __init__(self, machine: Machine, addresses: Iterable[int], text: str) -> None:
        self.addresses = tuple(addresses)
        self._machine = machine
        self._text = text
        self._tell: OnOccurrence | None = None

    def arm(self, tell: OnOccurrence) -> None:
        self._tell = tell
        for addr in self.addresses:
            self._machine.on_reach(addr, self._reached)

    def disarm(self) -> None:
        for addr in self.addresses:
            self._machine.off_reach(addr, self._reached)

    def _reached(self, addr: int) -> None:
        if self._tell is not None:
            self._tell(Occurrence(self._machine.icount, addr, self._text))


class AccessTrigger(Trigger):
    """The guest loads or stores memory at physical [paddr, paddr + size); `addr` is what people call it."""

    def __init__(
        self, machine: Machine, addr: int, paddr: int, size: int, kinds: frozenset[AccessKind], text: str
    ) -> None:
        self._machine = machine
        self._addr, self._paddr, self._size = addr, paddr, size
        self._kinds = kinds
        self._text = text
        self._handle = 0
        self._tell: OnOccurrence | None = None

    def arm(self, tell: OnOccurrence) -> None:
        self._tell = tell
        self._handle = self._machine.watch_memory(self._paddr, self._size, self._accessed)

    def disarm(self) -> None:
        self._machine.unwatch_memory(self._handle)

    def _accessed(self, paddr: int, width: int, value: int | None) -> None:
        kind = AccessKind.READ if value is None else AccessKind.WRITE
        if kind not in self._kinds or self._tell is None:
            return
        old = bytearray(self._machine.read_phys(self._paddr, self._size))
        new = bytearray(old)
        if value is not None:
            for index, byte in enumerate(value.to_bytes(width, "little")):
                if 0 <= paddr + index - self._paddr < self._size:
                    new[paddr + index - self._paddr] = byte
        icount, pc = self._machine.icount, self._machine.cpu.pc
        numbers = int.from_bytes(old, "little"), int.from_bytes(new, "little")
        access = MemoryAccess(kind, self._addr, self._size, *numbers, pc, icount)
        self._tell(Occurrence(icount - 1, pc, self._text, access=access))


class EventTrigger(Trigger):
    """An event comes into the trace that `matches`; `describe` puts it into words."""

    def __init__(self, machine: Machine, matches: Callable[[Event], bool], describe: Callable[[Event], str]) -> None:
        self._machine = machine
        self._matches = matches
        self._describe = describe
        self._tell: OnOccurrence | None = None

    def arm(self, tell: OnOccurrence) -> None:
        self._tell = tell
        self._machine.trace.watchers.append(self._happened)

    def disarm(self) -> None:
        self._machine.trace.watchers.remove(self._happened)

    def _happened(self, event: Event) -> None:
        if self._tell is not None and self._matches(event):
            machine = self._machine
            self._tell(Occurrence(machine.icount, machine.cpu.pc, self._describe(event), event=event))


class DeviceTrigger(Trigger):
    """The guest accesses a register of a device: `offset` None means any, `is_write` None both."""

    def __init__(self, machine: Machine, device: str, offset: int | None, is_write: bool | None) -> None:
        self._machine = machine
        self._wanted = device, offset, is_write
        self._device = next(region.device for region in machine.board.regions if region.name == device)
        self._tell: OnOccurrence | None = None

    def arm(self, tell: OnOccurrence) -> None:
        self._tell = tell
        self._machine.on_device_access(self._accessed)

    def disarm(self) -> None:
        self._machine.off_device_access(self._accessed)

    def _accessed(self, device: str, offset: int, is_write: bool, value: int, _size: int) -> None:
        name, wanted_offset, wanted_write = self._wanted
        if device != name or self._tell is None:
            return
        if wanted_offset not in (None, offset & ~3) or wanted_write not in (None, is_write):
            return
        register = self._device.register_name(offset & ~3)
        text = f"{'write' if is_write else 'read'} of {device} {register}: {value:#x}"
        self._tell(Occurrence(self._machine.icount, self._machine.cpu.pc, text))
