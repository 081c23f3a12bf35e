"""An append-only sequence whose past is shared between snapshots: a save costs what was added since the last one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class LogMark(Generic[T]):
    """A saved position: the items since `parent`, and the whole length up to here. Never changes."""

    parent: LogMark[T] | None
    items: tuple[T, ...]
    length: int

    def chain(self) -> list[LogMark[T]]:
        """The marks from the first to this one."""
        marks: list[LogMark[T]] = []
        mark: LogMark[T] | None = self
        while mark is not None:
            marks.append(mark)
            mark = mark.parent
        marks.reverse()
        return marks

    def __getstate__(self) -> tuple[T, ...]:
        # One flat tuple: a pickled chain of thousands of marks would overflow the pickler's stack.
        return tuple(item for mark in self.chain() for item in mark.items)

    def __setstate__(self, items: tuple[T, ...]) -> None:
        object.__setattr__(self, "parent", None)
        object.__setattr__(self, "items", items)
        object.__setattr__(self, "length", len(items))


class Log(Generic[T]):
    """A list that only grows, and can go back to any mark it (or another log of its kind) gave."""

    def __init__(self) -> None:
        self.told = 0
        """How many of its first items listeners have been told of in an earlier run: they are not told again."""
        self._items: list[T] = []
        self._marks: list[LogMark[T]] = []

    def append(self, item: T) -> None:
        """Add one item at the end."""
        self._items.append(item)

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[T]:
        return iter(self._items)

    def __getitem__(self, index: int) -> T:
        return self._items[index]

    def since(self, start: int) -> list[T]:
        """The items from position `start` on."""
        return self._items[start:]

    def save(self) -> LogMark[T]:
        """A mark of the present end."""
        parent = self._marks[-1] if self._marks else None
        done = parent.length if parent else 0
        if parent is not None and done == len(self._items):
            return parent
        mark = LogMark(parent, tuple(self._items[done:]), len(self._items))
        self._marks.append(mark)
        return mark

    def load(self, mark: LogMark[T]) -> None:
        """Make this log what it was when `mark` was given."""
        for position in range(len(self._marks) - 1, -1, -1):
            if self._marks[position] is mark:
                del self._marks[position + 1 :]
                del self._items[mark.length :]
                return
        self._marks = mark.chain()
        self._items = [item for each in self._marks for item in each.items]
