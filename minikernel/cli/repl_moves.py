"""Verbs that move the machine: forward, and each of them backward."""

from __future__ import annotations

import re
from collections.abc import Callable

from minikernel.cli.repl_dialogue import LOOKS_FOR_INPUT, Dialogue
from minikernel.cli.repl_verbs import Completes, Line, Verb, count, needed, no_arguments
from minikernel.cli.story import milliseconds, plural
from minikernel.debug.debugger import Debugger
from minikernel.debug.stops import Stop
from minikernel.errors import UsageError

_TIME_UNITS = {"ns": 1, "us": 10**3, "ms": 10**6, "s": 10**9}
_MOMENT = re.compile(r"(?P<sign>[+-]?)\s*(?P<number>[\d_,]+(?:\.\d+)?)\s*(?P<unit>ns|us|ms|s|)$")


Move = Callable[[Debugger, int], Stop]


def _counted(move: Move) -> Callable[[Dialogue, Line], None]:
    """A verb that makes a move N times."""

    def run(dialogue: Dialogue, line: Line) -> None:
        times = count(dialogue, line)
        dialogue.move(lambda: move(dialogue.dbg, times))

    return run


def cont(dialogue: Dialogue, line: Line) -> None:
    """On to the next stop; with N, past N-1 hits of the stop point here."""
    times = count(dialogue, line)
    dialogue.check_not_idle()
    if dialogue.is_quiet and dialogue.machine.image.get(LOOKS_FOR_INPUT):  # after insmod, say: to the shell's sleep
        dialogue.move(lambda: dialogue.dbg.until(LOOKS_FOR_INPUT))
    else:
        dialogue.move(lambda: _repeated(dialogue.dbg.cont, times))


def reverse_cont(dialogue: Dialogue, line: Line) -> None:
    """Back to the stop before."""
    times = count(dialogue, line)
    dialogue.move(lambda: _repeated(dialogue.dbg.reverse_cont, times))


def _repeated(move: Callable[[], Stop], times: int) -> Stop:
    stop = move()
    for _ in range(times - 1):
        if not stop.points:
            break
        stop = move()
    return stop


def finish(dialogue: Dialogue, line: Line) -> None:
    """Out of this function."""
    no_arguments(line)
    dialogue.move(dialogue.dbg.finish)


def reverse_finish(dialogue: Dialogue, line: Line) -> None:
    """Back to the call of this function."""
    no_arguments(line)
    dialogue.move(dialogue.dbg.reverse_finish)


def until(dialogue: Dialogue, line: Line) -> None:
    """On to a place."""
    where = needed(line, "a place")
    dialogue.move(lambda: dialogue.dbg.until(where))


def reverse_until(dialogue: Dialogue, line: Line) -> None:
    """Back to a place."""
    where = needed(line, "a place")
    dialogue.move(lambda: dialogue.dbg.reverse_until(where))


def goto(dialogue: Dialogue, line: Line) -> None:
    """To a moment of the record, or by running on behind it."""
    text = needed(line, "an instruction count, a time, start or end")
    dbg = dialogue.dbg
    named = {"start": dbg.goto_start, "end": dbg.goto_end}.get(text)
    if named is not None:
        dialogue.move(named)
        return
    found = _MOMENT.match(text)
    if found is None:
        raise UsageError(f"{text!r} is no moment: 1_200_000 (instructions), 12.5ms, +100, -3us, start or end")
    dialogue.move(_to_moment(dialogue, found["sign"], found["number"].replace(",", ""), found["unit"]))


def _to_moment(dialogue: Dialogue, sign: str, number: str, unit: str) -> Callable[[], Stop]:
    machine, dbg = dialogue.machine, dialogue.dbg
    if not unit and "." in number:
        raise UsageError(f"{number}: instructions are counted whole; a time needs its unit, ns us ms or s")
    value = round(float(number) * _TIME_UNITS[unit]) if unit else int(number)
    now = machine.time_ns if unit else machine.icount
    moment = {"+": now + value, "-": max(now - value, -1)}.get(sign, value)
    return (lambda: dbg.goto_time(moment)) if unit else (lambda: dbg.goto(moment))


def checkpoint(dialogue: Dialogue, line: Line) -> None:
    """Name the present."""
    number = len(dialogue.dbg.checkpoints) + 1
    made = dialogue.dbg.checkpoint(line.arguments or str(number))
    moment = f"{milliseconds(made.time_ns).strip()}, {plural(made.icount, 'instruction')}"
    dialogue.say(f"checkpoint {made.name}: {made.where}, {moment}; `restart {made.name}` comes back")


def restart(dialogue: Dialogue, line: Line) -> None:
    """To a checkpoint."""
    name = needed(line, "the name of a checkpoint")
    dialogue.move(lambda: dialogue.dbg.restore(name))


MOVES = (
    Verb(("stepi", "si"), "[N]", "execute one instruction, or N", "si 3", _counted(Debugger.step), repeats=True),
    Verb(
        ("nexti", "ni"),
        "[N]",
        "the same, but a call, a system call or an interrupt runs to its end",
        "ni",
        _counted(Debugger.next),
        repeats=True,
    ),
    Verb(
        ("step", "s"),
        "[N]",
        "to another source line, into calls; a macro's line may be many instructions",
        "step",
        _counted(Debugger.step_line),
        repeats=True,
    ),
    Verb(
        ("next", "n"),
        "[N]",
        "to another source line, calls and system calls whole",
        "next 2",
        _counted(Debugger.next_line),
        repeats=True,
    ),
    Verb(("continue", "c"), "[N]", "run to the next stop, or the N-th", "c", cont, repeats=True),
    Verb(("finish", "fin"), "", "run until this function has returned", "fin", finish),
    Verb(
        ("until", "u", "advance"),
        "WHERE",
        "run until a place is reached",
        "until do_deferred_initcalls",
        until,
        Completes.SYMBOLS,
    ),
    Verb(
        ("reverse-stepi", "rsi", "back"),
        "[N]",
        "undo one instruction, or N: registers, memory, devices, clock and console",
        "rsi 3",
        _counted(Debugger.step_back),
        repeats=True,
    ),
    Verb(
        ("reverse-nexti", "rni"),
        "[N]",
        "the same, but a call is undone whole",
        "rni",
        _counted(Debugger.reverse_next),
        repeats=True,
    ),
    Verb(
        ("reverse-step", "rs"),
        "[N]",
        "back to the beginning of the source line before, into calls",
        "rs",
        _counted(Debugger.step_line_back),
        repeats=True,
    ),
    Verb(
        ("reverse-next", "rn"),
        "[N]",
        "back to the beginning of the source line before, calls whole",
        "rn 2",
        _counted(Debugger.reverse_next_line),
        repeats=True,
    ),
    Verb(("reverse-continue", "rc"), "[N]", "back to the stop before", "rc", reverse_cont, repeats=True),
    Verb(("reverse-finish", "rfin"), "", "back to where this function was called", "rfin", reverse_finish),
    Verb(
        ("reverse-until", "runtil"),
        "WHERE",
        "back to the last time a place was reached",
        "reverse-until free_initmem",
        reverse_until,
        Completes.SYMBOLS,
    ),
    Verb(
        ("goto",),
        "MOMENT",
        "to an instruction count, a virtual time (ns, us, ms, s), so much further or back (+, -), start or end",
        "goto 12.5ms",
        goto,
    ),
    Verb(("checkpoint",), "[NAME]", "give the present a name", "checkpoint before-free", checkpoint),
    Verb(("restart",), "NAME", "to a checkpoint", "restart before-free", restart, Completes.CHECKPOINTS),
)
