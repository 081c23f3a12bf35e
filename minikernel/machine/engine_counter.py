"""How many instructions of a slice have begun, and how to end the slice at an exact one.

Unicorn counts instructions against the limit given to `emu_start`, but its API shows neither number while code runs.
EngineCounter reads and lowers them where they stand in the engine's own structure; the place is found by calibration
and tried out before it is believed. HookCounter does the same with a Python hook on every instruction: some twenty
times slower, the same numbers. (A hook on blocks would be faster, but cannot end a slice inside a block.)

Both: the instruction that begins when `started` would pass `limit` is not executed, and the slice ends before it.
"""

from __future__ import annotations

import ctypes
from functools import cache
from typing import Any, Protocol

from unicorn import UC_ARCH_ARM, UC_HOOK_BLOCK, UC_HOOK_CODE, UC_MODE_ARM, Uc
from unicorn.arm_const import UC_ARM_REG_PC

SEARCHED_BYTES = 4096
NOP = (0xE320F000).to_bytes(4, "little")
TRIAL_BASE = 0x1000
WORD = ctypes.sizeof(ctypes.c_size_t)


class SliceCounter(Protocol):
    """The two numbers of a slice."""

    @property
    def executed(self) -> int:
        """Instructions begun in this slice, the present one included; 0 before begin()."""
        ...

    @property
    def limit(self) -> int:
        """Instructions the slice may have."""
        ...

    @property
    def is_over(self) -> bool:
        """The slice has been ended by its limit."""
        ...

    def begin(self, limit: int) -> int:
        """A slice of at most `limit` (>= 1) instructions comes; returns the `count` for emu_start."""
        ...

    def shorten(self, limit: int) -> None:
        """Let the slice end after `limit` instructions if that is earlier; not less than `executed`."""
        ...

    def finish(self) -> tuple[int, bool]:
        """The slice is over; returns how many instructions it had, and whether it was the limit that ended it."""
        ...


class EngineCounter:
    """Looks at the engine's own counter and limit, `offsets` bytes into its structure."""

    def __init__(self, uc: Uc, offsets: tuple[int, int]) -> None:
        base = _engine_address(uc)
        self._uc = uc  # the structure lives as long as this
        self._counter = ctypes.c_size_t.from_address(base + offsets[0])
        self._limit = ctypes.c_size_t.from_address(base + offsets[1])
        self._counter.value = 0

    @property
    def executed(self) -> int:
        counter, limit = self._counter.value, self._limit.value
        return counter if counter < limit else limit  # asked for at every device access: cheaper than min()

    @property
    def limit(self) -> int:
        return self._limit.value

    @property
    def is_over(self) -> bool:
        return self._counter.value > self._limit.value

    def begin(self, limit: int) -> int:
        return limit

    def shorten(self, limit: int) -> None:
        if limit < self._limit.value:
            self._limit.value = limit

    def finish(self) -> tuple[int, bool]:
        executed, is_limit = self.executed, self.is_over
        self._counter.value = 0
        return executed, is_limit


class HookCounter:
    """Counts in a hook on every instruction. Must be made before any other code hook of `uc`."""

    def __init__(self, uc: Uc) -> None:
        self._started = 0
        self._limit = 0
        uc.hook_add(UC_HOOK_CODE, self._instruction)

    def _instruction(self, uc: Uc, _address: int, _size: int, _data: Any) -> None:
        self._started += 1
        if self._started > self._limit:
            uc.emu_stop()

    @property
    def executed(self) -> int:
        return min(self._started, self._limit)

    @property
    def limit(self) -> int:
        return self._limit

    @property
    def is_over(self) -> bool:
        return self._started > self._limit

    def begin(self, limit: int) -> int:
        self._started, self._limit = 0, limit
        return 0

    def shorten(self, limit: int) -> None:
        self._limit = min(self._limit, limit)

    def finish(self) -> tuple[int, bool]:
        executed, is_limit = self.executed, self.is_over
        self._started = 0
        return executed, is_limit


def make_counter(uc: Uc) -> SliceCounter:
    """The engine's own counter where it can be found, else the hook."""
    offsets = find_offsets()
    return EngineCounter(uc, offsets) if offsets else HookCounter(uc)


@cache
def find_offsets() -> tuple[int, int] | None:
    """Byte offsets of (counter, limit) in this build's engine structure; None when there is any doubt."""
    uc = Uc(UC_ARCH_ARM, UC_MODE_ARM)
    uc.mem_map(TRIAL_BASE, 0x1000)
    uc.mem_write(TRIAL_BASE, NOP * 512)
    counters, limits = _candidates(uc, 100)
    for count in (300, 41):
        more_counters, more_limits = _candidates(uc, count)
        counters &= more_counters
        limits &= more_limits
    if len(counters) != 1 or len(limits) != 1:
        return None
    offsets = counters.pop(), limits.pop()
    return offsets if _is_confirmed(uc, offsets) else None


def _candidates(uc: Uc, count: int) -> tuple[set[int], set[int]]:
    """Offsets of words that hold count + 1 (the counter, when it stopped the run) and count (the limit)."""
    uc.emu_start(TRIAL_BASE, 0, count=count)
    words = (ctypes.c_size_t * (SEARCHED_BYTES // WORD)).from_address(_engine_address(uc))
    values = list(enumerate(words))
    return {i * WORD for i, v in values if v == count + 1}, {i * WORD for i, v in values if v == count}


def _is_confirmed(uc: Uc, offsets: tuple[int, int]) -> bool:
    """Lowering the limit from inside a run must end that run at exactly that instruction."""
    limit = ctypes.c_size_t.from_address(_engine_address(uc) + offsets[1])
    handle = uc.hook_add(UC_HOOK_BLOCK, lambda *_: setattr(limit, "value", 7), None, TRIAL_BASE, TRIAL_BASE)
    uc.ctl_flush_tb()
    uc.emu_start(TRIAL_BASE, 0, count=200)
    uc.hook_del(handle)
    return bool(uc.reg_read(UC_ARM_REG_PC) == TRIAL_BASE + 4 * 7)


def _engine_address(uc: Uc) -> int:
    """Where the engine's structure stands in this process."""
    address = uc._uch.value
    if address is None:
        raise RuntimeError("the engine has no handle")
    return int(address)
