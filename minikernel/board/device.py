"""Floor 2. What every device of the board is: registers, a clock to look at, an interrupt line to drive.

Laws of this folder:
  * A device knows no CPU and no machine. It gets its clock, its interrupt line and its access log in the constructor.
  * Time is read, never counted: a register that moves with time is computed from `clock.now_ns` when somebody looks.
  * The whole state is a handful of plain values: `save()` gives them as a tuple of ints, bytes and tuples,
    `load()` takes them back. No device holds a queue of closures.
  * An unknown register reads 0 and swallows writes, and is reported to the access log. Nothing is guessed.
  * Each device computes its interrupt line in one place, `_update_irq()`.
  * The bits of a register are an IntEnum: what is put together from them is a bare int. (An IntFlag would make a new
    object at each & and |, at many accesses a millisecond.)
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import fields
from enum import IntEnum
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, TypeAlias

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

State: TypeAlias = tuple[Any, ...]
"""What save() gives: ints, bytes, bools, None and tuples of these. Immutable, comparable, picklable."""

AccessLog: TypeAlias = Callable[[str, int, bool, int], None]
"""Called as log(device name, offset, is_write, value) for each access to a register the device does not have."""


PRIMECELL_ID_OFFSET = 0xFE0


def ignore_access(device: str, offset: int, is_write: bool, value: int) -> None:
    """The access log of a device nobody watches."""


class Clock(Protocol):
    """Virtual time."""

    @property
    def now_ns(self) -> int:
        """Nanoseconds since reset; never goes back except by load()."""
        ...


class IrqLine:
    """One interrupt wire. The device sets its level; whoever is at the other end is told of each change."""

    def __init__(self, name: str, sink: Callable[[bool], None] | None = None) -> None:
        self.name = name
        self.level = False
        self._sink = sink

    def set(self, level: bool) -> None:
        """Drive the wire high or low; an unchanged level is no event."""
        if level == self.level:
            return
        self.level = level
        if self._sink is not None:
            self._sink(level)

    def __repr__(self) -> str:
        return f"IrqLine({self.name!r}, {'high' if self.level else 'low'})"


class OrGate:
    """Several interrupt outputs on one wire: high while any input is high."""

    def __init__(self, output: IrqLine) -> None:
        self._output = output
        self._inputs: list[IrqLine] = []

    def input(self, name: str) -> IrqLine:
        """A new input of the gate."""
        line = IrqLine(name, self._input_changed)
        self._inputs.append(line)
        return line

    def _input_changed(self, _level: bool) -> None:
        self._output.set(any(line.level for line in self._inputs))


class BoardPart(ABC):
    """Anything on the board that has state and may act by itself as time passes."""

    name: str

    def deadline(self) -> int | None:
        """The absolute time (ns) of the next change that others can notice without reading a register here.

        That is: an interrupt line moves, or another part gets something. None: nothing is to come. A change that only
        this part's own registers show (a status bit of the flash, say) needs no deadline; it is computed when read.
        """
        return None

    def tick(self) -> None:  # noqa: B027 - most parts have nothing to do
        """Do everything due at or before `clock.now_ns`. Calling it early or twice changes nothing."""

    @abstractmethod
    def save(self) -> State:
        """The whole state as a plain value."""

    @abstractmethod
    def load(self, state: State) -> None:
        """Take a state that save() of the same kind of part gave."""


class NoRegisters(IntEnum):
    """Of a device that is an array."""


class Device(BoardPart):
    """A part with registers in the memory map.

    `read` and `write` are called with size 1, 2 or 4 and an offset that is a multiple of the size and lies inside the
    device (Board takes care of all else). Values are unsigned.
    """

    REGISTERS: ClassVar[type[IntEnum]] = NoRegisters
    """The registers by their names in the manual."""

    PRIMECELL_ID: ClassVar[bytes] = b""
    """The eight bytes at 0xfe0, 0xfe4 ... 0xffc of an ARM PrimeCell: four of PeriphID, four of PCellID."""

    def __init__(self, name: str, access_log: AccessLog = ignore_access) -> None:
        self.name = name
        self._access_log = access_log
        self._names = {int(register): register.name for register in self.REGISTERS}

    @abstractmethod
    def read(self, offset: int, size: int) -> int:
        """What the bus reads at `offset` (bytes from the device's base)."""

    @abstractmethod
    def write(self, offset: int, size: int, value: int) -> None:
        """What the bus write at `offset` does."""

    def register_name(self, offset: int) -> str:
        """The manual's name of the register at `offset`, or the offset in hex."""
        return self._names.get(offset) or f"{offset:#x}"

    def _unhandled_read(self, offset: int) -> int:
        """A read that no register of the device answers: the PrimeCell id, a write-only register (0), or unknown."""
        identification = (offset - PRIMECELL_ID_OFFSET) // 4
        if 0 <= identification < len(self.PRIMECELL_ID):
            return self.PRIMECELL_ID[identification]
        if offset not in self._names:
            self._access_log(self.name, offset, False, 0)
        return 0

    def _unhandled_write(self, offset: int, value: int) -> None:
        """A write that no register of the device takes: a read-only register swallows it, an unknown one is logged."""
        identification = (offset - PRIMECELL_ID_OFFSET) // 4
        if offset not in self._names and not 0 <= identification < len(self.PRIMECELL_ID):
            self._access_log(self.name, offset, True, value)


class WordDevice(Device):
    """A device of 32-bit registers on an APB-like bus without byte strobes.

    A narrower read gives its lanes of the whole register (a side effect of reading happens); a narrower write writes
    the whole register, with zeros in the other lanes. Drivers use word accesses.
    """

    def read(self, offset: int, size: int) -> int:
        self.tick()
        word = int(self.read_word(offset & ~3))  # a bare int, also where it is a single bit
        if size == 4:
            return word
        return (word >> 8 * (offset & 3)) & ((1 << 8 * size) - 1)

    def write(self, offset: int, size: int, value: int) -> None:
        self.tick()
        self.write_word(offset & ~3, value << 8 * (offset & 3))

    @abstractmethod
    def read_word(self, offset: int) -> int:
        """The register at `offset`, a multiple of 4."""

    @abstractmethod
    def write_word(self, offset: int, value: int) -> None:
        """Write the register at `offset`, a multiple of 4."""


def values_of(registers: DataclassInstance) -> State:
    """The fields of a device's register dataclass, in order: what save() gives and what `Registers(*state)` takes.

    Single bits become bare ints, so that equal registers give equal states however they came to be.
    """
    values = (getattr(registers, field.name) for field in fields(registers))
    return tuple(int(value) if isinstance(value, IntEnum) else value for value in values)


def earliest(*times: int | None) -> int | None:
    """The least of those that are not None; None when all are."""
    first = None
    for time in times:
        if time is not None and (first is None or time < first):
            first = time
    return first
