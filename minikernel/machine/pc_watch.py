"""Notice that the guest reaches an address, at no cost anywhere else.

The engine tells us where each straight run of code (block) begins. An address inside a block is reached when a block
begins at it, or begins before it and runs on: then the slice is shortened to end exactly there, and the next slice
begins a block at it. `start` is the first address from which the code can run on to the watched one; an earlier start
than needed costs glances, a later one would miss, so the start of the page is always right.
A watch over code that has been translated is seen only after that code was forgotten: retranslate().
"""

from __future__ import annotations

from collections.abc import Callable

from minikernel.machine.cpu import Cpu


class PcWatch:
    """Watches addresses in the code of one Cpu."""

    def __init__(self, cpu: Cpu) -> None:
        self._cpu = cpu
        self._is_stale = False

    def reach(self, addr: int, start: int, on_reach: Callable[[int], None]) -> None:
        """Call on_reach(addr) each time the instruction at `addr` is the next to be executed.

        Inside the call the PC register is not yet up to date; every other register is.
        """

        def block(at: int) -> None:
            if self._cpu.is_at_limit:
                return  # the slice ends before this block; it will begin again
            if at == addr:
                on_reach(addr)
            else:
                self._cpu.shorten((addr - at) // 4)

        self._cpu.hook_blocks(start, addr, block)

    def approach(self, addr: int, start: int, on_approach: Callable[[int, int], None]) -> None:
        """Call on_approach(at, n) each time code begins at `at` that runs on to `addr` in n >= 0 more instructions."""

        def block(at: int) -> None:
            if not self._cpu.is_at_limit:
                on_approach(at, (addr - at) // 4)

        self._cpu.hook_blocks(start, addr, block)

    def retranslate(self) -> None:
        """The newest watches may lie over code that has run: before the next slice all of it is translated again."""
        self._is_stale = True

    def before_slice(self) -> None:
        """Between slices: do what retranslate() promised."""
        if self._is_stale:
            self._cpu.forget_all_translation()
            self._is_stale = False
