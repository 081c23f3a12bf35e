"""The context shown at each stop: panes of styled lines, or, for screen readers, facts of one plain line each.

A pane reads the machine at the moment it is shown. What cannot be read now (before the MMU is on, memory half updated)
is said in the pane's place, never raised.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import zip_longest

from minikernel.cli.repl_dialogue import Dialogue
from minikernel.cli.screen import Line, Span, text_of
from minikernel.cli.story import heading, plural, wrapped
from minikernel.debug.disassembly import Instruction
from minikernel.errors import MinikernelError
from minikernel.kernel.backtrace import Frame
from minikernel.kernel.errno import errno_name
from minikernel.kernel.events import InitcallFinished, InitcallSkipped, InitcallStarted
from minikernel.kernel.initcalls import DEFERRED_LEVEL
from minikernel.machine.machine import GuestMemoryError

CODE_SHOWN = 10
STACK_SHOWN = 8
FRAMES_SHOWN = 8
FREES_SHOWN = 4
SOURCE_DISTANCE = 2
POINTERS_FOLLOWED = 2
TEXT_SHOWN = 24
TWO_COLUMNS_FROM = 112

#: Names of the registers as they are shown, in rows of four.
REGISTERS = ("r0", "r1", "r2", "r3", "r4", "r5", "r6", "r7", "r8", "r9", "r10", "fp", "ip", "sp", "lr", "pc")
_PER_ROW = 4


@dataclass(frozen=True)
class Pane:
    """`lines` for the eye, `facts` for the ear. `is_narrow`: half of a wide screen is enough."""

    name: str
    summary: str
    lines: Callable[[Dialogue, int], Iterator[Line]]
    facts: Callable[[Dialogue], Iterator[str]]
    is_narrow: bool = False


def show_panes(dialogue: Dialogue) -> None:
    """All that are chosen."""
    panes = [PANES[name] for name in dialogue.settings.panes]
    if dialogue.settings.is_plain:
        for pane in panes:
            for fact in _told(pane.facts(dialogue)):
                dialogue.say(fact)
    else:
        _draw_panes(dialogue, panes)


def _draw_panes(dialogue: Dialogue, panes: list[Pane]) -> None:
    width = dialogue.screen.width
    if width < TWO_COLUMNS_FROM:
        for pane in panes:
            dialogue.lines(_framed(dialogue, pane, width))
    else:
        half = (width - 2) // 2
        waiting: Pane | None = None
        for pane in panes:
            if not pane.is_narrow:
                _show_waiting(dialogue, waiting, width)
                waiting = None
                dialogue.lines(_framed(dialogue, pane, width))
            elif waiting is None:
                waiting = pane
            else:
                left, right = _framed(dialogue, waiting, half), _framed(dialogue, pane, half)
                dialogue.lines(side_by_side(left, right, half))
                waiting = None
        _show_waiting(dialogue, waiting, width)
    if panes:
        dialogue.line(heading("stopped", "", width))


def _show_waiting(dialogue: Dialogue, waiting: Pane | None, width: int) -> None:
    if waiting is not None:
        dialogue.lines(_framed(dialogue, waiting, width))


def _framed(dialogue: Dialogue, pane: Pane, width: int) -> Iterator[Line]:
    yield heading(pane.name, "", width)
    try:
        for line in pane.lines(dialogue, width):
            yield clipped(line, width)
    except MinikernelError as error:
        yield (Span(f"  not now: {error}", "dim"),)


def _told(facts: Iterator[str]) -> Iterator[str]:
    try:
        yield from facts
    except MinikernelError as error:
        yield f"not now: {error}"


def clipped(line: Line, width: int) -> Line:
    """The line, cut where the screen ends; a mark tells that it was."""
    if len(text_of(line)) <= width:
        return line
    spans, left = [], width - 1
    for span in line:
        spans.append(Span(span.text[:left], span.style))
        left -= len(span.text)
        if left <= 0:
            break
    return (*spans, Span("…", "dim"))


def side_by_side(left: Iterable[Line], right: Iterable[Line], width: int) -> Iterator[Line]:
    """Two columns of lines, the left one `width` wide."""
    for a, b in zip_longest(left, right, fillvalue=()):
        yield (*a, Span(" " * (width - sum(len(span.text) for span in a) + 2)), *b)


# --- registers --------------------------------------------------------------------------------------------------------


def _changed(dialogue: Dialogue, name: str) -> bool:
    before = dialogue.registers_before
    return before is not None and before[name] != dialogue.dbg.registers()[name]


def _register_lines(dialogue: Dialogue, _width: int) -> Iterator[Line]:
    registers = dialogue.dbg.registers()
    for row in range(0, len(REGISTERS), _PER_ROW):
        spans: list[Span] = []
        for name in REGISTERS[row : row + _PER_ROW]:
            is_changed = _changed(dialogue, name)
            text = f"{dialogue.number(registers[name])}{'*' if is_changed else ' '}"
            spans += [Span(f" {name:<3} ", "dim"), Span(f"{text:<12}", "milestone" if is_changed else "")]
        yield spans
    mark = "*" if _changed(dialogue, "cpsr") else ""
    yield (
        Span(" cpsr ", "dim"),
        Span(f"{registers.cpsr:#010x}{mark}", "milestone" if mark else ""),
        Span(f"  {registers.flags}, {status_words(registers.cpsr, registers.mode)}"),
    )


def _register_facts(dialogue: Dialogue) -> Iterator[str]:
    registers = dialogue.dbg.registers()
    for name in (*REGISTERS, "cpsr"):
        changed = ", changed" if _changed(dialogue, name) else ""
        yield f"register {name} is {dialogue.number(registers[name])}{changed}"
    yield f"flags {registers.flags}"
    yield f"mode {status_words(registers.cpsr, registers.mode)}"


def status_words(cpsr: int, mode: str) -> str:
    """`SVC mode, IRQs masked`."""
    return f"{mode} mode, IRQs {'masked' if cpsr >> 7 & 1 else 'on'}"


# --- code -------------------------------------------------------------------------------------------------------------


def _code(dialogue: Dialogue) -> tuple[Instruction, ...]:
    return dialogue.dbg.disassemble(None, CODE_SHOWN)


def code_lines(dialogue: Dialogue, instructions: Iterable[Instruction]) -> Iterator[Line]:
    """A row each: => where the machine stands, * where a breakpoint is, address, symbol, text, what it names. Below
    the first instruction of a function only the offset is repeated."""
    rows, function = [], ""
    for instruction in instructions:
        name, plus, offset = instruction.symbol.partition("+")
        rows.append((f"<+{offset}>" if plus and name == function else f"<{instruction.symbol}>", instruction))
        function = name
    column = max((len(symbol) for symbol, _ in rows), default=0)
    here = dialogue.machine.cpu.pc
    points = {point.addr for point in dialogue.dbg.stop_points if point.size == 0 and point.is_enabled}
    for symbol, instruction in rows:
        is_next = instruction.addr == here
        yield (
            Span(f"{'=>' if is_next else '  '}{'*' if instruction.addr in points else ' '}", "milestone"),
            Span(f"{instruction.addr:#010x} ", "dim"),
            Span(f"{symbol:<{column}}  ", "rule"),
            Span(instruction.text, "title" if is_next else ""),
            Span(f"  {instruction.note}" if instruction.note else "", "dim"),
        )


def _code_lines(dialogue: Dialogue, _width: int) -> Iterator[Line]:
    return code_lines(dialogue, _code(dialogue))


def _code_facts(dialogue: Dialogue) -> Iterator[str]:
    for number, instruction in enumerate(_code(dialogue)):
        yield f"{'next' if number == 0 else 'then'} {instruction}"


def _source_lines(dialogue: Dialogue, _width: int) -> Iterator[Line]:
    place = dialogue.dbg.symbols.line_at(dialogue.machine.cpu.pc)
    if place is None:
        yield (Span("  no source line here", "dim"),)
        return
    yield (Span(f"  {place}", "dim"),)
    for number, text in dialogue.sources.around(place, SOURCE_DISTANCE):
        yield source_line(number, text, number == place.line)


def source_line(number: int, text: str, is_here: bool) -> Line:
    """A numbered line of a source, marked where the machine stands."""
    mark = "=>" if is_here else "  "
    return (
        Span(mark, "milestone"),
        Span(f"{number:>5}  ", "dim"),
        Span(text.expandtabs(), "title" if is_here else ""),
    )


def _source_facts(dialogue: Dialogue) -> Iterator[str]:
    place = dialogue.dbg.symbols.line_at(dialogue.machine.cpu.pc)
    if place is None:
        yield "no source line here"
        return
    yield f"source {place}: {(dialogue.sources.line(place) or '').strip()}"


# --- stack ------------------------------------------------------------------------------------------------------------


def _stack(dialogue: Dialogue) -> Iterator[tuple[int, int]]:
    sp = dialogue.dbg.registers()["sp"]
    for index in range(STACK_SHOWN):
        addr = (sp & ~3) + 4 * index
        try:
            yield addr, dialogue.dbg.read_word(addr)
        except GuestMemoryError:
            return


def follow(dialogue: Dialogue, value: int) -> str:
    """What a word may point to: code, a named place, a text, or a word that points on."""
    parts: list[str] = []
    for _ in range(POINTERS_FOLLOWED):
        name = dialogue.dbg.symbolize(value)
        if not name.startswith("0x"):
            parts.append(f"<{name}>")
        if "x" in dialogue.machine.permissions(value):
            break
        text = _text_at(dialogue, value)
        if text:
            parts.append(f'-> "{text}"')
            break
        try:
            value = dialogue.dbg.read_word(value)
        except GuestMemoryError:
            break
        parts.append(f"-> {value:#010x}")
    return " ".join(parts)


def _text_at(dialogue: Dialogue, addr: int) -> str:
    """The text at an address when it is one: four printable characters or more, with a NUL behind."""
    try:
        text = dialogue.machine.read_cstring(addr, TEXT_SHOWN + 1)
    except GuestMemoryError:
        return ""
    is_text = len(text) >= 4 and text.isascii() and all(char.isprintable() or char in "\n\t" for char in text)
    cut = "..." if len(text) > TEXT_SHOWN else ""
    return text[:TEXT_SHOWN].replace("\n", "\\n").replace("\t", "\\t") + cut if is_text else ""


def _stack_lines(dialogue: Dialogue, _width: int) -> Iterator[Line]:
    fp = dialogue.dbg.registers()["fp"]
    for index, (addr, value) in enumerate(_stack(dialogue)):
        mark = "fp" if addr == fp else "sp" if index == 0 else ""
        yield (
            Span(f" {mark:<2} ", "milestone"),
            Span(f"{addr:#010x} ", "dim"),
            Span(f"+{4 * index:#04x}  ", "dim"),
            Span(f"{dialogue.number(value):<10}  "),
            Span(follow(dialogue, value), "rule"),
        )


def _stack_facts(dialogue: Dialogue) -> Iterator[str]:
    for index, (addr, value) in enumerate(_stack(dialogue)):
        yield f"stack sp+{4 * index} at {addr:#010x}: {dialogue.number(value)} {follow(dialogue, value)}".rstrip()


# --- backtrace --------------------------------------------------------------------------------------------------------


def frame_text(frame: Frame) -> str:
    """`do_initcalls+0x14 at kernel/initcall.s:165`, and what interrupted."""
    line = f" at {frame.line}" if frame.line is not None else ""
    user = " (user mode)" if frame.is_user else ""
    note = f"  [{frame.note}]" if frame.note else ""
    return f"{frame.symbol}{line}{user}{note}"


def frame_line(frame: Frame) -> Line:
    """`#1  0xc0008124  do_initcalls+0x14 at kernel/initcall.s:165`."""
    return (Span(f"#{frame.level:<3}", "dim"), Span(f"{frame.pc:#010x}  ", "dim"), Span(frame_text(frame)))


def _frame_lines(dialogue: Dialogue, _width: int) -> Iterator[Line]:
    for frame in dialogue.dbg.backtrace(FRAMES_SHOWN):
        yield frame_line(frame)


def _frame_facts(dialogue: Dialogue) -> Iterator[str]:
    for frame in dialogue.dbg.backtrace(FRAMES_SHOWN):
        yield f"frame {frame.level} {frame_text(frame)}"


# --- initcalls --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class InitcallState:
    """Where the boot is in its tables: finished runs, names that run now (the innermost last), names still to come."""

    done: tuple[InitcallFinished, ...]
    current: tuple[str, ...]
    pending: tuple[str, ...]
    deferred: tuple[str, ...]


def initcall_state(dialogue: Dialogue) -> InitcallState:
    """From the trace and the tables as linked. Raises ImageError."""
    trace = dialogue.machine.trace
    done = trace.of(InitcallFinished)
    running = [event.address for event in trace.of(InitcallStarted)]
    names = {event.address: event.name for event in trace.of(InitcallStarted)}
    for event in done:
        running.remove(event.address)
    over = {event.address for event in done} | {event.address for event in trace.of(InitcallSkipped)} | set(running)
    left = [call for call in dialogue.machine.tables_at_start if call.address not in over]
    return InitcallState(
        tuple(done),
        tuple(names[address] for address in running),
        tuple(call.name for call in left if call.level != DEFERRED_LEVEL),
        tuple(call.name for call in left if call.level == DEFERRED_LEVEL),
    )


def finished_text(event: InitcallFinished) -> str:
    """`gic_init returned 0 in 12 us`."""
    error = f" {errno_name(event.returned)}" if event.returned else ""
    return f"{event.name} returned {event.returned}{error} in {event.usecs:,} us"


def _initcall_lines(dialogue: Dialogue, width: int) -> Iterator[Line]:
    state = initcall_state(dialogue)
    last = f", the last {finished_text(state.done[-1])}" if state.done else ""
    yield from _labelled("done", f"{len(state.done)}{last}", width, "good")
    yield from _labelled("current", " > ".join(state.current) or "none", width, "milestone")
    for label, names in (("pending", state.pending), ("deferred", state.deferred)):
        yield from _labelled(label, f"{len(names)}: {' '.join(names)}" if names else "0", width, "dim")


def _labelled(label: str, text: str, width: int, style: str) -> Iterator[Line]:
    for part in wrapped(text, width - 11):
        yield (Span(f" {label:<9} ", style), Span(part))
        label = ""


def _initcall_facts(dialogue: Dialogue) -> Iterator[str]:
    state = initcall_state(dialogue)
    yield f"initcalls done: {len(state.done)}"
    if state.done:
        yield f"initcall done last: {finished_text(state.done[-1])}"
    for what, names in (("current", state.current), ("pending", state.pending), ("deferred", state.deferred)):
        yield f"initcalls {what}: {', '.join(names) or 'none'}"


# --- freed memory -----------------------------------------------------------------------------------------------------


def _frees_total(dialogue: Dialogue) -> str:
    frees = dialogue.machine.frees
    if not frees:
        return "nothing yet"
    return f"{plural(sum(free.size for free in frees), 'byte')} in {plural(len(frees), 'piece')}"


def _free_lines(dialogue: Dialogue, width: int) -> Iterator[Line]:
    yield (Span(" freed     ", "good"), Span(_frees_total(dialogue)))
    for free in dialogue.machine.frees[-FREES_SHOWN:]:
        text = f"{free.start:#010x}-{free.end:#010x} {free.what}, by {free.by} at {free.time_ns / 1e6:,.1f} ms"
        yield from _labelled("", text, width, "")


def _free_facts(dialogue: Dialogue) -> Iterator[str]:
    yield f"memory freed: {_frees_total(dialogue)}"
    for free in dialogue.machine.frees[-FREES_SHOWN:]:
        when = f"{free.time_ns / 1e6:,.1f} ms"
        yield f"freed {free.start:#010x} to {free.end:#010x}: {free.what}, by {free.by} at {when}"


PANES = {
    pane.name: pane
    for pane in (
        Pane("registers", "registers, changed ones with *", _register_lines, _register_facts),
        Pane("stack", f"the top {STACK_SHOWN} words, pointers followed", _stack_lines, _stack_facts, is_narrow=True),
        Pane("backtrace", "who called whom", _frame_lines, _frame_facts, is_narrow=True),
        Pane("initcalls", "done, current, pending, deferred", _initcall_lines, _initcall_facts, is_narrow=True),
        Pane("frees", "memory given back so far", _free_lines, _free_facts, is_narrow=True),
        Pane("source", "the source line and its neighbours", _source_lines, _source_facts),
        Pane("code", f"the next {CODE_SHOWN} instructions", _code_lines, _code_facts),
    )
}
