"""Right answers, and what of a reader's writing is one.

A number may be written in decimal, with separators, in hexadecimal; a size with B, K, KiB, M; a time with its unit; a
name with or without (). Each kind says in `expected` what it wants; `accepts` raises UsageError for a text of another
kind, so that a slip of the pen is not called wrong.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Protocol

from minikernel.errors import UsageError
from minikernel.kernel.errno import ERRNO

#: Part of the right value by which a measured time or ratio may differ.
TOLERANCE = 0.01

SIZE_UNITS = {"": 1, "b": 1, "byte": 1, "bytes": 1, "k": 1024, "kb": 1024, "kib": 1024, "m": 1 << 20, "mib": 1 << 20}
TIME_UNITS = {"ns": 1, "us": 1000, "µs": 1000, "usec": 1000, "usecs": 1000, "ms": 10**6, "s": 10**9}

_NUMBER = re.compile(r"(?P<sign>-?)(?P<digits>0x[0-9a-f]+|\d[\d,_]*(?:\.\d+)?)\s*(?P<unit>[a-zµ]*)$", re.IGNORECASE)


class Answer(Protocol):
    """What is right."""

    @property
    def expected(self) -> str:
        """What kind of thing is asked for, e.g. "a number of bytes"."""
        ...

    def accepts(self, text: str) -> bool:
        """Whether the text is right. Raises UsageError for a text of another kind."""
        ...


@dataclass(frozen=True)
class Count:
    """A whole number; `unit` is a word that may stand behind it."""

    value: int
    unit: str = ""

    @property
    def expected(self) -> str:
        """In words."""
        return f"a number of {self.unit}" if self.unit else "a number"

    def accepts(self, text: str) -> bool:
        """`22`, `0x16`, `5,903,977`, `22 initcalls`."""
        value, unit = _number(text, self.expected)
        if unit and unit.rstrip("s") != self.unit.lower().rstrip("s"):
            raise UsageError(f"{text!r}: expected {self.expected}, not {unit}")
        return value == self.value


@dataclass(frozen=True)
class Size:
    """Bytes of memory."""

    value: int

    @property
    def expected(self) -> str:
        """In words."""
        return "a number of bytes, as 4096, 0x1000 or 4K"

    def accepts(self, text: str) -> bool:
        """`49152`, `49,152 bytes`, `0xc000`, `48K`, `48 KiB`."""
        return _measured(text, SIZE_UNITS, self.expected) == self.value


@dataclass(frozen=True)
class Address:
    """An address, in hexadecimal with or without 0x."""

    value: int

    @property
    def expected(self) -> str:
        """In words."""
        return "an address in hexadecimal, as 0xc0008000"

    def accepts(self, text: str) -> bool:
        """`0xc0008000`, `c0008000`."""
        digits = text.strip().lower().removeprefix("0x")
        if not re.fullmatch(r"[0-9a-f]{1,8}", digits):
            raise UsageError(f"{text!r}: expected {self.expected}")
        return int(digits, 16) == self.value


@dataclass(frozen=True)
class Duration:
    """A time in nanoseconds; right within TOLERANCE."""

    value: int

    @property
    def expected(self) -> str:
        """In words."""
        return "a time with its unit, as 12.5 ms or 300 us"

    def accepts(self, text: str) -> bool:
        """`190438 us`, `190.4 ms`, `0.1904s`."""
        return abs(_measured(text, TIME_UNITS, self.expected) - self.value) <= TOLERANCE * self.value


@dataclass(frozen=True)
class Ratio:
    """How many times; right within TOLERANCE."""

    value: float

    @property
    def expected(self) -> str:
        """In words."""
        return "how many times, as 2.5"

    def accepts(self, text: str) -> bool:
        """`6.3`, `6.3x`, `6.3 times`."""
        return abs(_measured(text, {"": 1, "x": 1, "times": 1}, self.expected) - self.value) <= TOLERANCE * self.value


@dataclass(frozen=True)
class Errno:
    """What a function of the kernel returns: 0 or a negative errno, given as a number."""

    value: int

    @property
    def expected(self) -> str:
        """In words."""
        return "0 or an errno, as -2, -ENOENT or ENOENT"

    def accepts(self, text: str) -> bool:
        """`-19`, `-ENODEV`, `ENODEV`, `0xffffffed`."""
        name = text.strip().removeprefix("-").upper()
        numbers = {known.name: number for number, known in ERRNO.items()}
        if name in numbers:
            return numbers[name] == -self.value
        value, unit = _number(text, self.expected)
        if unit:
            raise UsageError(f"{text!r}: expected {self.expected}")
        return value in (self.value, self.value & 0xFFFF_FFFF)


@dataclass(frozen=True)
class Name:
    """A symbol, a file, a word; `also` are other writings of it. Upper and lower case are one."""

    value: str
    also: tuple[str, ...] = ()

    @property
    def expected(self) -> str:
        """In words."""
        return "a name"

    def accepts(self, text: str) -> bool:
        """`usb_init`, `usb_init()`, `"usb_init"`."""
        if len(text.split()) > max(len(name.split()) for name in (self.value, *self.also)):
            raise UsageError(f"{text!r}: expected {self.expected}")
        return _bare(text) in {_bare(name) for name in (self.value, *self.also)}


@dataclass(frozen=True)
class Names:
    """Several names, separated by commas or blanks; `in_order` when their order counts."""

    values: tuple[str, ...]
    in_order: bool = False

    @property
    def expected(self) -> str:
        """In words."""
        return "names, separated by commas" + (", in order" if self.in_order else "")

    def accepts(self, text: str) -> bool:
        """`a, b`, `a b`."""
        given = [_bare(word) for word in re.split(r"[,\s]+", text.strip()) if word]
        right = [_bare(name) for name in self.values]
        return given == right if self.in_order else sorted(given) == sorted(right)


def _number(text: str, expected: str) -> tuple[float, str]:
    found = _NUMBER.match(text.strip())
    if found is None:
        raise UsageError(f"{text!r}: expected {expected}")
    digits = found["digits"].replace(",", "").replace("_", "").lower()
    value = int(digits, 16) if digits.startswith("0x") else float(digits)
    return (-value if found["sign"] else value), found["unit"].lower()


def _measured(text: str, units: dict[str, int], expected: str) -> float:
    value, unit = _number(text, expected)
    if unit not in units:
        raise UsageError(f"{text!r}: expected {expected}")
    return value * units[unit]


def _bare(name: str) -> str:
    return name.strip().strip("`'\"").removesuffix("()").casefold()
