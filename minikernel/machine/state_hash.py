"""One short string for a whole machine state: equal states give equal strings, in any process."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields, is_dataclass
from enum import Enum
from hashlib import blake2b
from typing import Any


def hash_values(values: Iterable[Any]) -> str:
    """A hash over plain values: numbers, texts, bytes, None, enums, tuples, sets and dataclasses of these."""
    hasher = blake2b(digest_size=16)
    for value in values:
        _feed(hasher, value)
    return hasher.hexdigest()


def _feed(hasher: blake2b, value: Any) -> None:
    if isinstance(value, bytes | bytearray):
        hasher.update(b"b%d:" % len(value))
        hasher.update(value)
    elif isinstance(value, Enum):
        hasher.update(str(value).encode())
    elif isinstance(value, tuple | list):
        hasher.update(b"(%d:" % len(value))
        for item in value:
            _feed(hasher, item)
    elif isinstance(value, frozenset):
        _feed(hasher, sorted(value, key=repr))
    elif is_dataclass(value):
        hasher.update(type(value).__name__.encode())
        for field in fields(value):
            _feed(hasher, getattr(value, field.name))
    else:
        hasher.update(repr(value).encode() + b";")
