"""Virtual time: a function of the instructions executed and of the time slept in wfi. No wall clock anywhere.

time = instructions / clock_hz + slept. Inside a slice of instructions the engine's own counter says how far it is,
so a guest that reads a timer in the middle of a slice reads the exact time.
"""

from __future__ import annotations

from collections.abc import Callable

NS_PER_SECOND = 1_000_000_000


class VirtualClock:
    """`instructions_in_slice` gives the instructions begun in the slice that runs now, 0 between slices."""

    def __init__(self, clock_hz: int, instructions_in_slice: Callable[[], int]) -> None:
        self.clock_hz = clock_hz
        self.slept_ns = 0
        self._instructions = 0
        self._in_slice = instructions_in_slice

    @property
    def icount(self) -> int:
        """Instructions begun since reset; the one that is being executed counts."""
        return self._instructions + self._in_slice()

    @property
    def now_ns(self) -> int:
        """Nanoseconds since reset."""
        return (self._instructions + self._in_slice()) * NS_PER_SECOND // self.clock_hz + self.slept_ns

    def add_instructions(self, count: int) -> None:
        """A slice is over; it had `count` instructions."""
        self._instructions += count

    def sleep_until(self, time_ns: int) -> None:
        """The processor waits and time goes on to `time_ns` (nothing happens if that is past)."""
        self.slept_ns += max(0, time_ns - self.now_ns)

    def instructions_until(self, time_ns: int) -> int:
        """How many more instructions make now_ns >= time_ns; 0 when it is reached."""
        run_ns = time_ns - self.slept_ns
        return max(0, -(-run_ns * self.clock_hz // NS_PER_SECOND) - self.icount)

    def save(self) -> tuple[int, int]:
        """(instructions, slept_ns)."""
        return self._instructions, self.slept_ns

    def load(self, state: tuple[int, int]) -> None:
        """Take what save() gave."""
        self._instructions, self.slept_ns = state
