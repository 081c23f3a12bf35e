"""Reading the guest's own structures at any moment, also while the guest changes them.

A view never raises for what it finds: a pointer to nowhere, a ring that does not lead back, a count that is wrong are
sentences in its Condition, and every walk has an end. When a function that changes the structure stands in the chain of
calls, the Condition names it: then the sentences are to be expected.
Between runs only; inside a run the pc is not known.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TypeVar

from minikernel.errors import MinikernelError
from minikernel.kernel.backtrace import Frame, FrameKind, Unwinder, frames_of
from minikernel.machine.exceptions import SCTLR_M
from minikernel.machine.machine import GuestMemoryError, Machine
from minikernel.showing import Sheet

MMU_OFF = "the MMU is off: the kernel's addresses lead nowhere yet"

#: How many wrong things a view names before it says "and more".
PROBLEMS_NAMED = 8


@dataclass(frozen=True)
class Condition:
    """How far a view can be believed.

    absent: why the structure is not there (yet), else "". changing: `free_pages+0x24`, the function that is at work on
    it at this moment, else "". problems: what does not fit together, as sentences.
    """

    absent: str = ""
    changing: str = ""
    problems: tuple[str, ...] = ()

    @property
    def is_whole(self) -> bool:
        """There, at rest, and consistent."""
        return not (self.absent or self.changing or self.problems)

    def __str__(self) -> str:
        return "\n".join(self.sentences()) or "consistent"

    def sentences(self) -> Iterator[str]:
        """What the reader should know; nothing for a view that is whole."""
        if self.absent:
            yield self.absent
        if self.changing:
            yield f"being changed by {self.changing} right now"
        yield from self.problems


@dataclass(frozen=True)
class View(Sheet):
    """What was read of one structure at one moment. A subclass has the headings and rows() of a table."""

    condition: Condition = field(default=Condition(), kw_only=True)

    def notes(self) -> tuple[str, ...]:
        """What is to be known of a view that is not whole."""
        return tuple(self.condition.sentences())


V = TypeVar("V", bound=View)


class NotThereYet(Exception):
    """The structure has not been made; the message says what has not happened."""


class Problems:
    """Collects sentences; a broken structure gives few of them, not thousands."""

    def __init__(self) -> None:
        self._named: list[str] = []
        self._more = 0

    def __call__(self, sentence: str) -> None:
        if len(self._named) < PROBLEMS_NAMED:
            self._named.append(sentence)
        else:
            self._more += 1

    @property
    def sentences(self) -> tuple[str, ...]:
        """In the order they were found."""
        return (*self._named, f"and {self._more} more like these") if self._more else tuple(self._named)


class Structures:
    """Guest memory by the guest's own names. word() and bytes() raise GuestMemoryError, constant() ImageError."""

    def __init__(self, machine: Machine, symbolize: Callable[[int], str]) -> None:
        self._machine = machine
        self._symbolize = symbolize
        self._constants: dict[str, int] = {}
        self.image = machine.image
        self.read = machine.read

    def constant(self, name: str) -> int:
        """The address of a symbol, the value of an `.equ`. Raises ImageError naming near names."""
        if name not in self._constants:
            self._constants[name] = self._machine.image.address(name)
        return self._constants[name]

    def word(self, addr: int) -> int:
        """The word at an address."""
        return self._machine.read_word(addr)

    def variable(self, name: str) -> int:
        """The word that a symbol names."""
        return self.word(self.constant(name))

    def words(self, addr: int, count: int) -> tuple[int, ...]:
        """Several in a row."""
        return struct.unpack(f"<{count}I", self._machine.read(addr, 4 * count))

    def text(self, addr: int) -> str:
        """The C string at an address; a pointer to nowhere is shown as a number."""
        try:
            return self._machine.read_cstring(addr, 256)
        except GuestMemoryError:
            return f"{addr:#010x}"

    def function(self, addr: int) -> str:
        """The name of a routine; "" for address 0."""
        if not addr:
            return ""
        try:
            return self._symbolize(addr)
        except MinikernelError:  # in a module, whose list is just being changed
            return f"{addr:#010x}"

    def linked(self, head: int, next_at: int, limit: int, problem: Callable[[str], None]) -> Iterator[int]:
        """The elements of a list that ends with 0: `head` is the address of the first pointer, `next_at` the offset of
        the next one in an element. Ends, with a sentence, at what is no list."""
        seen = set[int]()
        at = head
        while True:
            try:
                element = self.word(at)
            except GuestMemoryError:
                problem(f"the pointer at {at:#010x} cannot be read: the list before it leads to nowhere")
                return
            if element == 0:
                return
            if element in seen or len(seen) >= limit:
                problem(f"{element:#010x} comes a second time: the list has no end")
                return
            seen.add(element)
            yield element
            at = element + next_at

    @property
    def is_mmu_on(self) -> bool:
        """SCTLR.M: before that, kernel addresses lead nowhere."""
        return bool(self._machine.control_registers.sctlr & SCTLR_M)

    def view(
        self,
        read: Callable[[Structures, Problems], V],
        empty: V,
        functions: frozenset[str],
        running: frozenset[str] = frozenset(),
    ) -> V:
        """What `read` gives, with its condition; `empty` where there is nothing to be read. The other two as for
        changing()."""
        if not self.is_mmu_on:
            return replace(empty, condition=Condition(MMU_OFF))
        changing = self.changing(functions, running)
        problems = Problems()
        try:
            found = read(self, problems)
        except NotThereYet as absent:
            return replace(empty, condition=Condition(str(absent), changing))
        except GuestMemoryError as error:
            return replace(empty, condition=Condition("", changing, (f"it cannot be read: {error}",)))
        return replace(found, condition=Condition("", changing, problems.sentences))

    # --- who is at work ---------------------------------------------------------------------------------------

    def changing(self, functions: frozenset[str], running: frozenset[str] = frozenset()) -> str:
        """`free_pages+0x24` when one of the functions is under way, the innermost. One of `running` counts only while
        its own instructions run: what it calls finds the structure at rest. A function about to begin has changed
        nothing yet."""
        for frame in self.frames():
            name, plus, _ = frame.symbol.partition("+")
            is_running = frame.kind is not FrameKind.CALL
            if plus and (name in functions or (is_running and name in running)):
                return frame.symbol
        return ""

    def frames(self) -> tuple[Frame, ...]:
        """The chain of calls, by the image's symbols."""
        return frames_of(self._machine, self._unwinder)

    @cached_property
    def _unwinder(self) -> Unwinder:
        image = self._machine.image

        def word(addr: int) -> int | None:
            try:
                return self._machine.read_word(addr)
            except GuestMemoryError:
                return None

        def constant(name: str) -> int | None:
            symbol = image.get(name)
            return None if symbol is None else symbol.value

        def function(addr: int) -> str:
            return image.symbolize(addr).split("+")[0]

        return Unwinder(word, image.symbolize, function, lambda _: None, constant)
