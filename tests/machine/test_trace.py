"""The trace's newest event of a class: what a search from the end would find, at any time, after going back too."""

from __future__ import annotations

import random

from minikernel.machine.events import Event
from minikernel.machine.trace import Trace
from minikernel.values import dataclass


@dataclass(frozen=True)
class Ping(Event):
    """One kind."""


@dataclass(frozen=True)
class Pong(Event):
    """Another."""


@dataclass(frozen=True)
class LoudPing(Ping):
    """A kind of the first kind: not just that class."""


def searched(trace: Trace, kind: type[Event]) -> Event | None:
    return next((event for event in reversed(list(trace)) if type(event) is kind), None)


def test_latest_is_what_a_search_from_the_end_finds() -> None:
    dice = random.Random(5)
    trace = Trace()
    marks = [trace.save()]
    for time in range(2000):
        what = dice.randrange(10)
        if what == 0:
            marks.append(trace.save())
        elif what == 1:
            trace.load(dice.choice(marks))
            marks = [mark for mark in marks if mark.length <= len(trace)]
        else:
            trace.emit(dice.choice((Ping, Pong, LoudPing))(time, time))
        if dice.random() < 0.5:
            kind = dice.choice((Ping, Pong, LoudPing))
            assert trace.latest(kind) is searched(trace, kind)


def test_latest_of_nothing_is_none() -> None:
    assert Trace().latest(Ping) is None
