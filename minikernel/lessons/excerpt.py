"""A text shown in part: a line `...` stands for any lines left out, none included."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

LEFT_OUT = "..."

#: What moves when a source changes: addresses, times, counts, line numbers.
_MOVING = re.compile(r"0x[0-9a-f]+|[0-9a-f]{8}|\d[\d,.]*|[▏▎▍▌▋▊▉█]+|─+| +")


def is_left_out(line: str) -> bool:
    """A line that stands for others."""
    return line.strip() == LEFT_OUT


def is_excerpt(shown: Sequence[str], whole: Sequence[str]) -> bool:
    """Whether the shown lines are the whole, but for those left out."""
    return _places(shown, whole, str) is not None


def renewed(shown: Sequence[str], whole: Sequence[str]) -> list[str] | None:
    """The shown lines as the whole has them now; None when it no longer has lines like them, numbers aside."""
    if not any(map(is_left_out, shown)):
        return list(whole)
    places = _places(shown, whole, str) or _places(shown, whole, _still)
    if places is None:
        return None
    return [line if place is None else whole[place] for line, place in zip(shown, places, strict=True)]


def _still(line: str) -> str:
    """A line without what moves."""
    return _MOVING.sub("#", line)


def _places(shown: Sequence[str], whole: Sequence[str], view: Callable[[str], str]) -> list[int | None] | None:
    """For each shown line its index in the whole, None for one that leaves out; None when they do not fit."""
    seen = [view(line) for line in whole]
    places: list[int | None] = []
    pieces = _pieces(shown)
    at = 0
    for number, piece in enumerate(pieces):
        is_first, is_last = number == 0, number == len(pieces) - 1
        wanted = [view(line) for line in piece]
        first = at if is_first else len(seen) - len(wanted) if is_last else _find(wanted, seen, at)
        if first is None or first < at or seen[first : first + len(wanted)] != wanted:
            return None
        if is_last and first + len(wanted) != len(seen):
            return None
        if not is_first:
            places.append(None)
        places.extend(range(first, first + len(wanted)))
        at = first + len(wanted)
    return places


def _pieces(shown: Sequence[str]) -> list[list[str]]:
    """The runs of lines between those that leave out; the first and the last may be empty."""
    pieces: list[list[str]] = [[]]
    for line in shown:
        if is_left_out(line):
            pieces.append([])
        else:
            pieces[-1].append(line)
    return pieces


def _find(wanted: list[str], seen: list[str], at: int) -> int | None:
    places = range(at, len(seen) - len(wanted) + 1)
    return next((place for place in places if seen[place : place + len(wanted)] == wanted), None)
