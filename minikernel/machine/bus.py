"""The way from the processor to the board: every access outside RAM, and what it may change for the processor.

A device acts on the processor in three ways only: its interrupt, its next deadline, and the power request. After each
access all three are looked at, and the running slice is shortened so that nothing comes late.
"""

from __future__ import annotations

from collections.abc import Callable

from minikernel.board.board import Board
from minikernel.machine.clock import VirtualClock
from minikernel.machine.cpu import Cpu
from minikernel.machine.mmu import PAGE_SHIFT
from minikernel.machine.ram import Ram

ADDRESS_SPACE = 1 << 32

OnAccess = Callable[[str, int, bool, int, int], None]
"""Called as listener(device, offset, is_write, value, size)."""


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
        board, after_access = self._board, self._after_access

        def read(offset: int, width: int) -> int:
            value = board.read(base + offset, width)
            after_access(base + offset, width, False, value)
            return value

        def write(offset: int, width: int, value: int) -> None:
            board.write(base + offset, width, value)
            after_access(base + offset, width, True, value)

        self._cpu.map_io(base, size, read, write)

    def _after_access(self, paddr: int, size: int, is_write: bool, value: int) -> None:
        board = self._board
        if board.irq_pending:
            self._cpu.shorten()
        group = self._timed_pages.get(paddr >> PAGE_SHIFT)
        if group is not None:
            self._new_deadline(board.deadline_after_access(group))
        if self.listeners:
            self._tell(paddr, size, is_write, value)

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
