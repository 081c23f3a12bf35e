"""An event of the trace in words."""

from __future__ import annotations

from dataclasses import fields
from enum import Enum
from typing import Any

from minikernel.cli.story import plural, printable
from minikernel.kernel.errno import errno_name
from minikernel.kernel.events import InitcallFinished, InitcallStarted, MemoryFreed, ProcAccess
from minikernel.machine.events import Event, ExceptionTaken, Interrupt

NUMBERS_FROM = 1 << 16  # from here on a number is an address or a bit pattern
_OF_EVERY_EVENT = {each.name for each in fields(Event)}


def event_words(event: Event) -> str:
    """`initcall uhci_hcd_init (deferred) begins`; for the rarer kinds its name and fields."""
    match event:
        case InitcallStarted():
            return f"initcall {event.name} ({event.level}) begins"
        case InitcallFinished():
            error = f" {errno_name(event.returned)}" if event.returned else ""
            return f"initcall {event.name} ({event.level}) returned {event.returned}{error} in {event.usecs:,} us"
        case MemoryFreed():
            by = " <- ".join(event.callers or (event.by,))
            return f"{event.start:#010x}-{event.end:#010x} freed, {plural(event.pages, 'page')}: {event.what}, by {by}"
        case ProcAccess():
            what = "write to" if event.is_write else "read of"
            return f"{what} /proc/{event.name} returned {event.result}"
        case Interrupt():
            return f"interrupt {event.irq} at {event.pc:#010x}"
        case ExceptionTaken():
            return f"{event.kind.value} at {event.pc:#010x}"
    words = [f"{each.name}={_shown(getattr(event, each.name))}" for each in fields(event)]
    chosen = [word for word in words if word.partition("=")[0] not in _OF_EVERY_EVENT]
    return printable(" ".join([type(event).__name__, *chosen]))


def _shown(value: Any) -> str:
    if isinstance(value, Enum):
        return value.name
    if isinstance(value, int) and not isinstance(value, bool) and value >= NUMBERS_FROM:
        return f"{value:#010x}"
    return " <- ".join(map(str, value)) if isinstance(value, tuple) else str(value)
