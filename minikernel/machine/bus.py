"""The way from the processor to the board: every access outside RAM, and what it may change for the processor.

A device acts on the processor in three ways only: its interrupt, its next deadline, and the power request. After each
access all three are looked at, and the running slice is shortened so that nothing comes late.

A boot makes tens of thousands of accesses, nearly all of them whole words to the device of the access before: those go
to it directly, all others by way of the board.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from minikernel.board.board import Board
from minikernel.machine.clock import VirtualClock
from minikernel.machine.cpu import Cpu
from minikernel.machine.mmu import PAGE_SHIFT
from minikernel.machine.ram import Ram

ADDRESS_SPACE = 1 << 32
WORD = 4  # bytes

OnAccess = Callable[[str, int, bool, int, int], None]
"""Called as listener(device, offset, is_write, value, size)."""


class _Window(NamedTuple):
    """The device of the last access: physical addresses [base, end), and its group of `Board.timed_groups`, if any."""

    base: int
    end: int
    read: Callable[[int, int], int]
    write: Callable[[int, int, int], None]
    group: int | None


class Bus:
    """Connects `cpu` to `board` everywhere around `ram`. `power_requested` is called with "off" or "reset"."""

    def __init__(
        self, cpu: Cpu, board: Board, ram: Ram, clock: VirtualClock, power_requested: Callable[[str], None]
    ) -> None:
        self.deadline_ns = board.deadline()
        self.listeners: list[OnAccess] = []
        self._cpu = cpu
        self._board = board
        self._clock = clock
        board.sysreg.on_power_request = lambda request: power_requested(request.value)
        self._timed_pages = _pages_of_timed_groups(board)
        self._window = _Window(0, 0, board.read, board.write, None)
        end = ram.base + ram.size
        self._map(0, ram.base)
        self._map(end, ADDRESS_SPACE - end)

    def tick(self) -> None:
        """Between instructions: let the devices do what is due by now."""
        if self.deadline_ns is not None and self._clock.now_ns >= self.deadline_ns:
            self._board.tick()
            self.deadline_ns = self._board.deadline()

    def board_changed(self) -> None:
        """Somebody other than the processor has touched a device."""
        self._new_deadline(self._board.deadline())

    def _new_deadline(self, deadline_ns: int | None) -> None:
        if deadline_ns is not None and deadline_ns != self.deadline_ns:
            self._cpu.shorten(self._clock.instructions_until(deadline_ns))
        self.deadline_ns = deadline_ns

    def _map(self, base: int, size: int) -> None:
        gic, cpu = self._board.gic, self._cpu

        def read(_engine: object, offset: int, width: int, _context: object) -> int:
            paddr = base + offset
            first, end, device_read, _, group = self._window
            if width == WORD and first <= paddr < end and not paddr & WORD - 1:
                value = device_read(paddr - first, WORD)
            else:
                value = self._board.read(paddr, width)
                group = self._turn_to(paddr)
            if gic.irq_pending:
                cpu.shorten()
            if group is not None:
                self._new_deadline(self._board.deadline_after_access(group))
            if self.listeners:
                self._tell(paddr, width, False, value)
            return value

        def write(_engine: object, offset: int, width: int, value: int, _context: object) -> None:
            paddr = base + offset
            first, end, _, device_write, group = self._window
            if width == WORD and first <= paddr < end and not paddr & WORD - 1:
                device_write(paddr - first, WORD, value)
            else:
                self._board.write(paddr, width, value)
                group = self._turn_to(paddr)
            if gic.irq_pending:
                cpu.shorten()
            if group is not None:
                self._new_deadline(self._board.deadline_after_access(group))
            if self.listeners:
                self._tell(paddr, width, True, value)

        cpu.map_io(base, size, read, write)

    def _turn_to(self, paddr: int) -> int | None:
        """Expect the next access where this one was; the group of timed devices there."""
        region = self._board.region_at(paddr)
        group = self._timed_pages.get(paddr >> PAGE_SHIFT)
        if region is not None:
            self._window = _Window(region.base, region.end, region.device.read, region.device.write, group)
        return group

    def _tell(self, paddr: int, size: int, is_write: bool, value: int) -> None:
        region = self._board.region_at(paddr)
        if region is not None:
            for listener in self.listeners:
                listener(region.name, paddr - region.base, is_write, value, size)


def _pages_of_timed_groups(board: Board) -> dict[int, int]:
    """Physical page number -> index of the group of timed devices there."""
    return {
        page: index
        for index, group in enumerate(board.timed_groups)
        for region in group
        for page in range(region.base >> PAGE_SHIFT, (region.end - 1 >> PAGE_SHIFT) + 1)
    }
