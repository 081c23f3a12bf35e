"""The way from the processor to the board: every access outside RAM, and what it may change for the processor.

A device acts on the processor in three ways only: its interrupt, its next deadline, and the power request. After each
access all three are looked at, and the running slice is shortened so that nothing comes late.
"""

from __future__ import annotations

from collections.abc import Callable

from minikernel.board.board import Board
from minikernel.board.device import BoardPart
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
        self._power_requested = power_requested
        self._timed_pages = _pages_of_timed_devices(board)
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
        self.deadline_ns = self._board.deadline()
        if self.deadline_ns is not None:
            self._cpu.shorten(self._clock.instructions_until(self.deadline_ns))

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
        if paddr >> PAGE_SHIFT in self._timed_pages:
            self.board_changed()
        if self.listeners:
            self._tell(paddr, size, is_write, value)
        request = board.power_request
        if request is not None:
            self._power_requested(request.value)

    def _tell(self, paddr: int, size: int, is_write: bool, value: int) -> None:
        region = self._board.region_at(paddr)
        if region is not None:
            for listener in self.listeners:
                listener(region.name, paddr - region.base, is_write, value, size)


def _pages_of_timed_devices(board: Board) -> frozenset[int]:
    """Physical page numbers where an access may change board.deadline(): those of devices that have one."""
    return frozenset(
        page
        for region in board.regions
        if type(region.device).deadline is not BoardPart.deadline
        for page in range(region.base >> PAGE_SHIFT, (region.end - 1 >> PAGE_SHIFT) + 1)
    )
