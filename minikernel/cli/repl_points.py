"""Verbs about stop points: breakpoints, watchpoints, and what happens."""

from __future__ import annotations

import re
from collections.abc import Callable

from minikernel.cli.repl_dialogue import Dialogue
from minikernel.cli.repl_verbs import Completes, Line, Verb, needed, split_condition, whole_number
from minikernel.cli.story import plural
from minikernel.debug.debugger import BOTH, READS, WRITES
from minikernel.debug.event_stops import (
    DeviceStop,
    EventStop,
    ExceptionStop,
    FreeStop,
    InitcallStop,
    InterruptStop,
    ModuleStop,
    ProcStop,
    WhatHappens,
)
from minikernel.debug.stop_points import PointKind, StopPoint
from minikernel.debug.stops import AccessKind
from minikernel.errors import UsageError, near_names
from minikernel.kernel.initcalls import LEVELS
from minikernel.machine.exceptions import ExceptionKind

_DIRECTIONS = {"read": False, "write": True, "": None}


def break_(dialogue: Dialogue, line: Line) -> None:
    """A breakpoint."""
    _break(dialogue, line, None)


def tbreak(dialogue: Dialogue, line: Line) -> None:
    """One that stops once."""
    _break(dialogue, line, 1)


def _break(dialogue: Dialogue, line: Line, limit: int | None) -> None:
    place, condition = split_condition(line.arguments)
    where = place or dialogue.machine.cpu.pc
    _say_set(dialogue, dialogue.dbg.break_at(where, condition=condition, limit=limit))


#: gdb watches the value of an expression, with -l the memory where it is now.
_LOCATION = re.compile(r"^-l(ocation)?\s+")


def _watcher(kinds: frozenset[AccessKind]) -> Callable[[Dialogue, Line], None]:
    def watch(dialogue: Dialogue, line: Line) -> None:
        """A watchpoint; `*` before an address is allowed, and -l, as in gdb; a size in bytes may follow a comma."""
        place, condition = split_condition(needed(line, "a symbol or an address"))
        place = _LOCATION.sub("", place)
        place, _, size = place.partition(",")
        number = whole_number(size.strip(), "size in bytes") if size.strip() else None
        _say_set(dialogue, dialogue.dbg.watch(place.strip(), number, kinds, condition=condition))

    return watch


def catch(dialogue: Dialogue, line: Line) -> None:
    """A stop on what happens."""
    text, condition = split_condition(needed(line, f"one of {', '.join(HAPPENINGS)}"))
    kind, *words = text.split()
    make = HAPPENINGS.get(kind)
    if make is None:
        raise UsageError(f"nothing to catch is called {kind!r}{near_names(kind, HAPPENINGS)}: {', '.join(HAPPENINGS)}")
    what = make(dialogue, words)
    note = _note(dialogue, what)
    _say_set(dialogue, dialogue.dbg.stop_on(what, condition=condition))
    if note:
        dialogue.say(note)


def _note(dialogue: Dialogue, what: WhatHappens) -> str:
    """What is odd about it, though it may come to be: an entry of /proc that is not there. Raises ImageError for a
    kernel without /proc."""
    name = what.name.removeprefix("/proc/") if isinstance(what, ProcStop) else ""
    known = [entry.name for entry in dialogue.machine.proc_entries.entries] if name else []
    return f"there is no such entry yet{near_names(name, known)}" if name and name not in known else ""


def _say_set(dialogue: Dialogue, point: StopPoint) -> None:
    dialogue.say(describe_point(dialogue, point))


def describe_point(dialogue: Dialogue, point: StopPoint) -> str:
    """`breakpoint 1 at 0xc0008124: do_one_initcall, kernel/initcall.s:165`."""
    parts = [f"{point.kind.value} {point.number}"]
    if point.addr is not None:
        parts.append(f" at {point.addr:#010x}")
    parts.append(f": {point.what}")
    place = None if point.addr is None else dialogue.dbg.symbols.line_at(point.addr)
    if place is not None and point.kind is PointKind.BREAKPOINT:
        parts.append(f", {place}")
    notes = [
        f"if {point.condition}" if point.condition else "",
        f"lets {plural(point.ignore, 'hit')} pass" if point.ignore else "",
        "once" if point.limit == 1 else "",
        "" if point.is_enabled else "disabled",
        plural(point.hits, "hit") if point.hits else "",
    ]
    return "".join(parts) + "".join(f", {note}" for note in notes if note)


# --- what happens -----------------------------------------------------------------------------------------------------


def _initcall(_dialogue: Dialogue, words: list[str]) -> WhatHappens:
    if len(words) == 1 and words[0] in LEVELS:
        return InitcallStop(level=words[0])
    return InitcallStop(*_at_most(words, 1))


def _free(dialogue: Dialogue, words: list[str]) -> WhatHappens:
    return FreeStop(dialogue.dbg.address(" ".join(words)) if words else None)


def _module(_dialogue: Dialogue, words: list[str]) -> WhatHappens:
    return ModuleStop(*_at_most(words, 2))


def _proc(_dialogue: Dialogue, words: list[str]) -> WhatHappens:
    return ProcStop(*_at_most(words, 1))


def _exception(_dialogue: Dialogue, words: list[str]) -> WhatHappens:
    kinds = {kind.value: kind for kind in ExceptionKind}
    name = " ".join(words)
    if name and name not in kinds:
        raise UsageError(f"no exception {name!r}{near_names(name, kinds)}: {', '.join(kinds)}")
    return ExceptionStop(kinds.get(name))


def _irq(_dialogue: Dialogue, words: list[str]) -> WhatHappens:
    numbers = [whole_number(word, "interrupt number") for word in _at_most(words, 1)]
    return InterruptStop(*numbers)


def _device(_dialogue: Dialogue, words: list[str]) -> WhatHappens:
    direction = words.pop() if words and words[-1] in _DIRECTIONS else ""
    if not words:
        raise UsageError("catch device needs the device's name, as in `catch device uart0 UARTDR write`")
    name, register = (*_at_most(words, 2), "")[:2]
    return DeviceStop(name, register, _DIRECTIONS[direction])


def _event(_dialogue: Dialogue, words: list[str]) -> WhatHappens:
    if not words:
        raise UsageError("catch event needs a name, as in `catch event SystemStateChanged state=SYSTEM_RUNNING`")
    having = dict(word.split("=", 1) for word in words[1:] if "=" in word)
    if len(having) != len(words) - 1:
        raise UsageError("behind the event's name stand fields, as state=SYSTEM_RUNNING")
    return EventStop(words[0], having)


def _at_most(words: list[str], number: int) -> list[str]:
    if len(words) > number:
        raise UsageError(f"too many words: {' '.join(words[number:])!r}")
    return words


HAPPENINGS: dict[str, Callable[[Dialogue, list[str]], WhatHappens]] = {
    "initcall": _initcall,
    "free": _free,
    "module": _module,
    "proc": _proc,
    "exception": _exception,
    "irq": _irq,
    "device": _device,
    "event": _event,
}


# --- changing them ----------------------------------------------------------------------------------------------------


def delete(dialogue: Dialogue, line: Line) -> None:
    """Some, or all."""
    for number in _numbers(dialogue, line):
        dialogue.dbg.delete(number)


def enable(dialogue: Dialogue, line: Line) -> None:
    """Some, or all."""
    for number in _numbers(dialogue, line):
        dialogue.dbg.enable(number)


def disable(dialogue: Dialogue, line: Line) -> None:
    """Some, or all."""
    for number in _numbers(dialogue, line):
        dialogue.dbg.disable(number)


def _numbers(dialogue: Dialogue, line: Line) -> list[int]:
    """Those given, else all. Every one is looked up before the first is changed."""
    words = re.split(r"[\s,]+", line.arguments) if line.arguments else []
    if not words:
        return [point.number for point in dialogue.dbg.stop_points]
    return [dialogue.dbg.point(whole_number(word, "number of a stop point")).number for word in words]


def ignore(dialogue: Dialogue, line: Line) -> None:
    """Let hits pass."""
    words = line.arguments.split()
    if len(words) != 2:
        raise UsageError("ignore needs the number of a stop point and how many hits to let pass: `ignore 1 3`")
    number, hits = whole_number(words[0], "number of a stop point"), whole_number(words[1], "count")
    if hits < 0:
        raise UsageError(f"{hits} hits cannot be let pass")
    _say_set(dialogue, dialogue.dbg.change(number, ignore=hits))


def condition(dialogue: Dialogue, line: Line) -> None:
    """Another condition, or none."""
    number, _, text = needed(line, "the number of a stop point").partition(" ")
    _say_set(dialogue, dialogue.dbg.change(whole_number(number, "number of a stop point"), condition=text.strip()))


POINTS = (
    Verb(
        ("break", "b", "hbreak", "hb"),
        "[WHERE] [if COND]",
        "stop before a symbol, symbol+offset, file:line or *address; without WHERE here. "
        "Hardware and software breakpoints are the same in an emulator",
        "b do_one_initcall if $r0 == uhci_hcd_init",
        break_,
        Completes.SYMBOLS,
    ),
    Verb(("tbreak", "tb"), "[WHERE] [if COND]", "the same, once", "tb free_initmem", tbreak, Completes.SYMBOLS),
    Verb(
        ("watch",),
        "WHERE[, SIZE] [if COND]",
        "stop when memory is written; $old and $new may stand in the condition",
        "watch system_state if $new == 3",
        _watcher(WRITES),
        Completes.SYMBOLS,
    ),
    Verb(
        ("rwatch",),
        "WHERE[, SIZE] [if COND]",
        "stop when memory is read",
        "rwatch jiffies",
        _watcher(READS),
        Completes.SYMBOLS,
    ),
    Verb(
        ("awatch",),
        "WHERE[, SIZE] [if COND]",
        "stop when memory is read or written",
        "awatch lock_depth",
        _watcher(BOTH),
        Completes.SYMBOLS,
    ),
    Verb(
        ("catch",),
        "initcall [NAME|LEVEL] | free [ADDR] | module [NAME [STATE]] | proc [NAME] | exception [KIND] | irq [N] | "
        "device NAME [REGISTER] [read|write] | event NAME [FIELD=VALUE]",
        "stop when something happens",
        "catch initcall deferred",
        catch,
        Completes.HAPPENINGS,
    ),
    Verb(("delete", "del", "d"), "[N...]", "delete stop points, or all", "del 2", delete, Completes.POINTS),
    Verb(("disable", "dis"), "[N...]", "switch stop points off", "dis 1", disable, Completes.POINTS),
    Verb(("enable", "en"), "[N...]", "switch them on again", "enable 1", enable, Completes.POINTS),
    Verb(("ignore",), "N COUNT", "let COUNT hits pass", "ignore 1 3", ignore, Completes.POINTS),
    Verb(
        ("condition", "cond"),
        "N [COND]",
        "give a stop point another condition, or none",
        "cond 1 $r0 != 0",
        condition,
        Completes.POINTS,
    ),
)
