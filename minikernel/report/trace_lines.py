"""The trace as JSON Lines: one event per line, icount and time_ns first, then the event's name and its fields.

The same run gives the same bytes: fields come in the order of the event's class, and nothing of the host is in them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import fields
from enum import Enum
from typing import Any

from minikernel.machine.events import Event

_BASE_FIELDS = ("icount", "time_ns")


_own_fields: dict[type[Event], tuple[str, ...]] = {}


def _fields_of(kind: type[Event]) -> tuple[str, ...]:
    """The class's own fields, in its order."""
    if kind not in _own_fields:
        _own_fields[kind] = tuple(field.name for field in fields(kind) if field.name not in _BASE_FIELDS)
    return _own_fields[kind]


def _plain(value: Any) -> Any:
    """A value that JSON has: bytes as hex, enums by value (of a number: by name), everything else as it is."""
    if isinstance(value, Enum):
        return value.value if isinstance(value.value, str) else value.name
    if isinstance(value, bytes | bytearray):
        return value.hex()
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    return value


def event_record(event: Event) -> dict[str, Any]:
    """The event as a JSON object: icount, time_ns, event (its class's name), then its own fields."""
    record: dict[str, Any] = {"icount": event.icount, "time_ns": event.time_ns, "event": type(event).__name__}
    for name in _fields_of(type(event)):
        record[name] = _plain(getattr(event, name))
    return record


_encode = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False).encode


def trace_lines(events: Iterable[Event]) -> Iterator[str]:
    """One line per event, each ending in a newline."""
    for event in events:
        yield _encode(event_record(event)) + "\n"
