"""Breakpoints, watchpoints and event stops: what they have in common, and who decides whether one stops the machine.

While a run goes the triggers of all enabled points fire here. Forward, a point whose condition holds and that is not to
be ignored ends the run. Backward, a stretch is run forward and every hit is collected; the last one is then gone to.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from enum import Enum

from minikernel.debug.expression import Expression, parse
from minikernel.debug.triggers import Occurrence, Trigger
from minikernel.errors import MinikernelError, UsageError
from minikernel.machine.machine import Machine

INTERNAL = 0  # the number of points that a move sets for itself

Decide = Callable[[Occurrence], bool]


class PointKind(Enum):
    """What a stop point waits for."""

    BREAKPOINT = "breakpoint"
    WATCHPOINT = "watchpoint"
    EVENT = "event"


@dataclass(frozen=True)
class StopPoint:
    """A breakpoint, watchpoint or event stop as it is now.

    `what` is what it waits for, in words; `addr` where, None for events; `size` bytes of a watchpoint. The next
    `ignore` hits do not stop; after `limit` hits that did it deletes itself (None: never). `hits` counts those whose
    condition held.
    """

    number: int
    kind: PointKind
    what: str
    addr: int | None = None
    size: int = 0
    condition: str = ""
    ignore: int = 0
    limit: int | None = None
    hits: int = 0
    is_enabled: bool = True


class _Point:
    """A stop point, its trigger and its parsed condition."""

    def __init__(self, view: StopPoint, trigger: Trigger, decide: Decide | None = None) -> None:
        self.view = view
        self.trigger = trigger
        self.condition: Expression | None = parse(view.condition) if view.condition else None
        self.decide = decide


@dataclass(frozen=True)
class Hit:
    """A point has been hit; `error` is why its condition could not be evaluated."""

    number: int
    kind: PointKind
    occurrence: Occurrence
    error: MinikernelError | None = None


@dataclass(frozen=True)
class _Forward:
    """Stop at the first hit, but not at the breakpoint where the move begins: (icount, pc)."""

    started_at: tuple[int, int]


@dataclass
class _Seek:
    """Stop at the hit of that number in this stretch."""

    left: int


class StopPoints:
    """All points of one debugger. evaluate(expression, occurrence) gives a condition's value."""

    def __init__(self, machine: Machine, evaluate: Callable[[Expression, Occurrence], int]) -> None:
        self._machine = machine
        self._evaluate = evaluate
        self._points: dict[int, _Point] = {}
        self._internal: list[_Point] = []
        self._next_number = 1
        self._mode: _Forward | _Seek | None = None
        self._is_collecting = False
        self._are_own_silent = False
        self._hits: list[Hit] = []

    # --- the list ---------------------------------------------------------------------------------------------

    def add(self, view: StopPoint, trigger: Trigger) -> StopPoint:
        """Set a point; its number is given here. Raises ExpressionError for its condition."""
        point = _Point(replace(view, number=self._next_number), trigger)
        self._next_number += 1
        self._points[point.view.number] = point
        self._arm(point)
        return point.view

    @property
    def is_empty(self) -> bool:
        """Nothing can stop a run."""
        return not self._points and not self._internal

    def all(self) -> tuple[StopPoint, ...]:
        """As they are now, by number."""
        return tuple(point.view for point in self._points.values())

    def get(self, number: int) -> StopPoint:
        """Raises UsageError."""
        return self._point(number).view

    def delete(self, number: int) -> None:
        """Raises UsageError."""
        point = self._point(number)
        if point.view.is_enabled:
            point.trigger.disarm()
        del self._points[number]

    def enable(self, number: int, is_enabled: bool) -> StopPoint:
        """Switch on or off. Raises UsageError."""
        point = self._point(number)
        if point.view.is_enabled != is_enabled:
            point.view = replace(point.view, is_enabled=is_enabled)
            if is_enabled:
                self._arm(point)
            else:
                point.trigger.disarm()
        return point.view

    def change(self, number: int, condition: str | None, ignore: int | None) -> StopPoint:
        """Give it another condition or ignore count; None leaves them. Raises UsageError, ExpressionError."""
        point = self._point(number)
        if condition is not None:
            point.condition = parse(condition) if condition else None
            point.view = replace(point.view, condition=condition)
        if ignore is not None:
            point.view = replace(point.view, ignore=ignore)
        return point.view

    def _point(self, number: int) -> _Point:
        if number not in self._points:
            known = ", ".join(map(str, self._points)) or "there are none"
            raise UsageError(f"no stop point {number} (known: {known})")
        return self._points[number]

    # --- for the length of a move -----------------------------------------------------------------------------

    @contextmanager
    def also(
        self, trigger: Trigger, kind: PointKind = PointKind.BREAKPOINT, decide: Decide | None = None
    ) -> Iterator[None]:
        """In this block there is one more point, with the number INTERNAL; decide(occurrence) is its condition."""
        point = _Point(StopPoint(INTERNAL, kind, ""), trigger, decide)
        self._internal.append(point)
        self._arm(point)
        try:
            yield
        finally:
            trigger.disarm()
            self._internal.remove(point)

    @contextmanager
    def silent(self) -> Iterator[None]:
        """In this block only internal points count."""
        before, self._are_own_silent = self._are_own_silent, True
        try:
            yield
        finally:
            self._are_own_silent = before

    @contextmanager
    def stopping(self, started_at: tuple[int, int]) -> Iterator[list[Hit]]:
        """In this block a hit ends the run; gives the list of hits. One at (icount, pc) started_at is no news."""
        with self._listening(_Forward(started_at)) as hits:
            yield hits

    @contextmanager
    def collecting(self) -> Iterator[list[Hit]]:
        """In this block hits are only collected."""
        self._is_collecting = True
        try:
            with self._listening(None) as hits:
                yield hits
        finally:
            self._is_collecting = False

    @contextmanager
    def seeking(self, number: int) -> Iterator[list[Hit]]:
        """In this block the hit of that number (the first is 0) ends the run."""
        with self._listening(_Seek(number)) as hits:
            yield hits

    @contextmanager
    def _listening(self, mode: _Forward | _Seek | None) -> Iterator[list[Hit]]:
        self._mode, self._hits = mode, []
        try:
            yield self._hits
        finally:
            self._mode = None

    def accept(self, hit: Hit) -> bool:
        """Count a hit; False when it is to be ignored. A point whose limit is reached is deleted."""
        point = self._points.get(hit.number)
        if point is None:
            return True
        view = replace(point.view, hits=point.view.hits + 1)
        if view.ignore and hit.error is None:
            point.view = replace(view, ignore=view.ignore - 1)
            return False
        if view.limit is not None:
            view = replace(view, limit=view.limit - 1)
        point.view = view
        return True

    def drop_spent(self) -> None:
        """Between runs: delete the points whose limit is reached."""
        for number in [n for n, point in self._points.items() if point.view.limit == 0]:
            self.delete(number)

    # --- while a run goes -------------------------------------------------------------------------------------

    def _arm(self, point: _Point) -> None:
        point.trigger.arm(lambda occurrence: self._fired(point, occurrence))

    def _fired(self, point: _Point, occurrence: Occurrence) -> None:
        if self._mode is None and not self._is_collecting:
            return
        if self._are_own_silent and point.view.number != INTERNAL:
            return
        hit = self._judged(point, occurrence)
        if hit is None:
            return
        if self._is_collecting:
            self._hits.append(hit)
        elif isinstance(self._mode, _Seek):
            self._seek(self._mode, hit)
        elif isinstance(self._mode, _Forward) and not self._is_where_it_began(hit, self._mode):
            self._stop_at(hit)

    def _judged(self, point: _Point, occurrence: Occurrence) -> Hit | None:
        view = point.view
        if point.decide is not None and not point.decide(occurrence):
            return None
        if point.condition is None:
            return Hit(view.number, view.kind, occurrence)
        try:
            holds = self._evaluate(point.condition, occurrence)
        except MinikernelError as error:
            return Hit(view.number, view.kind, occurrence, error)
        return Hit(view.number, view.kind, occurrence) if holds else None

    def _is_where_it_began(self, hit: Hit, mode: _Forward) -> bool:
        place = hit.occurrence.landing, hit.occurrence.pc
        return hit.kind is PointKind.BREAKPOINT and place == mode.started_at

    def _seek(self, mode: _Seek, hit: Hit) -> None:
        if mode.left == 0:
            self._hits.append(hit)
            self._machine.request_stop(hit.occurrence.text)
        mode.left -= 1

    def _stop_at(self, hit: Hit) -> None:
        if self.accept(hit):
            self._hits.append(hit)
            self._machine.request_stop(hit.occurrence.text)
