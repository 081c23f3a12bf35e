"""Reads the initcall_debug lines of a kernel log: which initcalls are slow, and which are worth deferring.

Works on the text alone, ours or a real kernel's (`initcall foo_init+0x0/0x40 returned 0 after 123 usecs`), as the
eLinux page's advice "see Initcall Debug" has it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

#: Linux's line; msecs were printed up to 2.6.27.
_RETURNED = re.compile(r"initcall ([\w.]+)\+?\S* returned (-?\d+) after (\d+) ([um])secs")

#: An initcall that takes this share of all initcall time is worth deferring, if what it starts is not needed at once.
WORTH_DEFERRING = 0.10
WORTH_DEFERRING_USECS = 1000


@dataclass(frozen=True)
class TimedInitcall:
    """One `initcall ... returned` line: name, what it returned, microseconds."""

    name: str
    returned: int
    usecs: int


def parse_log(text: str) -> tuple[TimedInitcall, ...]:
    """Every finished initcall of the log, in order."""
    return tuple(
        TimedInitcall(name, int(returned), int(number) * (1000 if unit == "m" else 1))
        for name, returned, number, unit in _RETURNED.findall(text)
    )


def slowest(calls: Sequence[TimedInitcall], count: int) -> list[TimedInitcall]:
    """The `count` slowest, the slowest first; equal ones keep the order of the log."""
    return sorted(calls, key=lambda call: -call.usecs)[:count]


def worth_deferring(calls: Sequence[TimedInitcall]) -> list[TimedInitcall]:
    """Those that take at least WORTH_DEFERRING of all initcall time, and not next to nothing; the slowest first."""
    least = max(WORTH_DEFERRING * sum(call.usecs for call in calls), WORTH_DEFERRING_USECS)
    return [call for call in slowest(calls, len(calls)) if call.usecs >= least]
