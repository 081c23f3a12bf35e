"""`info TOPIC`: lists of what there is now. Each topic is a function that gives lines of text."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from minikernel.cli.repl_dialogue import Dialogue
from minikernel.cli.repl_events import event_words
from minikernel.cli.repl_looking import display_text, history_texts
from minikernel.cli.repl_panes import REGISTERS, finished_text, initcall_state, status_words
from minikernel.cli.repl_points import describe_point
from minikernel.cli.repl_verbs import Completes, Line, Verb, Verbs, whole_number
from minikernel.cli.story import plural, printable
from minikernel.debug.session import REGISTER_NUMBERS
from minikernel.debug.view_texts import VIEWS, KernelView, condition_lines
from minikernel.errors import UsageError, near_names
from minikernel.kernel.initcalls import DEFERRED_LEVEL

Tell = Callable[[Dialogue, str], Iterator[str]]

EVENTS_SHOWN = 10
LOG_SHOWN = 20


@dataclass(frozen=True)
class Topic:
    """One thing to be informed about."""

    name: str
    usage: str
    summary: str
    tell: Tell


def info(dialogue: Dialogue, line: Line) -> None:
    """Tell about a topic; its name may be cut short."""
    word, _, rest = line.arguments.partition(" ")
    if not word:
        for topic in TOPICS:
            dialogue.say(f"info {f'{topic.name} {topic.usage}':<24} {topic.summary}")
        return
    topic = find_topic(word)
    if rest.strip() and not topic.usage:
        raise UsageError(f"info {topic.name} takes no arguments: {rest.strip()!r}")
    for text in topic.tell(dialogue, rest.strip()):
        dialogue.say(text)


def find_topic(word: str) -> Topic:
    """Raises UsageError."""
    names = {topic.name: topic for topic in TOPICS}
    found = [names[word]] if word in names else [topic for topic in TOPICS if topic.name.startswith(word)]
    if len(found) == 1:
        return found[0]
    if found:
        raise UsageError(f"info {word!r} is ambiguous: {', '.join(topic.name for topic in found)}")
    raise UsageError(f"no info about {word!r}{near_names(word, names)}: {', '.join(names)}")


def _registers(dialogue: Dialogue, rest: str) -> Iterator[str]:
    registers = dialogue.dbg.registers()
    wanted = [word.removeprefix("$").lower() for word in rest.split()] or [*REGISTERS, "cpsr", "spsr"]
    known = (*REGISTER_NUMBERS, "cpsr", "spsr")
    for name in wanted:
        if name not in known:
            raise UsageError(f"no register {name!r}{near_names(name, known)}")
        value = registers[name]
        symbol = dialogue.dbg.symbolize(value)
        note = "" if symbol.startswith("0x") or name in ("cpsr", "spsr") else f" <{symbol}>"
        if name == "cpsr":
            note = f" {registers.flags}, {status_words(registers.cpsr, registers.mode)}"
        yield f"{name:<5} {value:#010x} {value:>12}{note}"


def _breakpoints(dialogue: Dialogue, _rest: str) -> Iterator[str]:
    if not dialogue.dbg.stop_points:
        yield "no stop points; `b WHERE`, `watch WHERE` and `catch WHAT` set them"
    for point in dialogue.dbg.stop_points:
        yield describe_point(dialogue, point)


def _initcalls(dialogue: Dialogue, rest: str) -> Iterator[str]:
    state = initcall_state(dialogue)
    done = {event.address: event for event in state.done}
    for call in dialogue.machine.tables_at_start:
        if rest and rest not in (call.level, call.name):
            continue
        if call.address in done:
            status = f"done: {finished_text(done[call.address]).removeprefix(f'{call.name} ')}"
        elif call.name in state.current:
            status = "running now"
        else:
            status = "deferred" if call.level == DEFERRED_LEVEL else "pending"
        yield f"{call.level:<9} {call.address:#010x} {call.name:<22} {status}"


def _modules(dialogue: Dialogue, _rest: str) -> Iterator[str]:
    view = dialogue.machine.module_list
    yield from condition_lines(view)
    if not view.modules and view.condition.is_whole:
        yield "no module is loaded; `insmod NAME` loads one"
    for module in view.modules:
        users = f", used by {' '.join(module.used_by)}" if module.used_by else ""
        yield (
            f"{module.name}: {module.state.value}, {plural(module.size, 'byte')}, "
            f"{plural(module.refcount, 'reference')}{users}"
        )
        for memory in module.memory:
            yield f"  {memory.kind.value:<13} {memory.base:#010x} {memory.permissions} {plural(memory.size, 'byte')}"


def _frees(dialogue: Dialogue, _rest: str) -> Iterator[str]:
    if not dialogue.machine.frees:
        yield "nothing has been given back yet"
    for free in dialogue.machine.frees:
        yield (
            f"{free.start:#010x}-{free.end:#010x} {plural(free.pages, 'page')} at {free.time_ns / 1e6:,.1f} ms: "
            f"{free.what}, by {' <- '.join(free.callers or (free.by,))}"
        )


def _symbol(dialogue: Dialogue, rest: str) -> Iterator[str]:
    if not rest:
        raise UsageError("info symbol needs an address, as in `info symbol $lr`")
    addr = dialogue.dbg.address(rest)
    place = dialogue.dbg.symbols.line_at(addr)
    rights = dialogue.machine.permissions(addr)
    yield f"{addr:#010x} is {dialogue.dbg.symbolize(addr)}" + (f", {place}" if place else "") + f", {rights}"


def _line(dialogue: Dialogue, rest: str) -> Iterator[str]:
    addresses = dialogue.dbg.places(rest) if rest else (dialogue.machine.cpu.pc,)
    for addr in addresses:
        place = dialogue.dbg.symbols.line_at(addr)
        name = dialogue.dbg.symbolize(addr)
        yield f"{addr:#010x} <{name}> is {place}" if place else f"{addr:#010x} <{name}> comes from no source line"


def _history(dialogue: Dialogue, rest: str) -> Iterator[str]:
    if not rest:
        raise UsageError("info history needs an address or symbol, as in `info history usb_storage_init`")
    yield from history_texts(dialogue, rest)


def _checkpoints(dialogue: Dialogue, _rest: str) -> Iterator[str]:
    if not dialogue.dbg.checkpoints:
        yield "no checkpoints; `checkpoint NAME` makes one"
    for each in dialogue.dbg.checkpoints:
        yield f"{each.name}: {each.where}, {each.time_ns / 1e6:,.3f} ms, {plural(each.icount, 'instruction')}"


def _record(dialogue: Dialogue, _rest: str) -> Iterator[str]:
    record, machine = dialogue.dbg.recording, dialogue.machine
    yield f"recorded: instructions {record.start:,} to {record.end:,}; here {machine.icount:,}"
    yield f"snapshots: {record.marks}, about {record.size / 2**20:,.1f} MiB"


def _events(dialogue: Dialogue, rest: str) -> Iterator[str]:
    """The last ones of the trace; a word picks a kind."""
    words = rest.split()
    number = next((whole_number(word, "count") for word in words if word[0].isdigit()), EVENTS_SHOWN)
    kind = next((word for word in words if not word[0].isdigit()), "")
    chosen = [event for event in dialogue.machine.trace if kind.lower() in type(event).__name__.lower()]
    if not chosen:
        yield "no such event yet"
    for event in chosen[-number:] if number > 0 else []:
        yield f"{event.time_ns / 1e6:>10,.3f} ms {event.icount:>11,}  {event_words(event)}"


def _dmesg(dialogue: Dialogue, rest: str) -> Iterator[str]:
    number = whole_number(rest, "count") if rest else LOG_SHOWN
    log = dialogue.machine.log_buffer
    yield from condition_lines(log)
    for text in log.lines[-number:] if number > 0 else ():
        yield printable(text)


def _display(dialogue: Dialogue, _rest: str) -> Iterator[str]:
    if not dialogue.displays:
        yield "no displays; `display EXPR` makes one"
    for each in dialogue.displays:
        yield display_text(dialogue, each)


def _devices(dialogue: Dialogue, _rest: str) -> Iterator[str]:
    for region in dialogue.machine.board.regions:
        yield f"{region.base:#010x} {plural(region.size, 'byte'):>18} {region.name}"


def _milestones(dialogue: Dialogue, _rest: str) -> Iterator[str]:
    if not dialogue.machine.milestones:
        yield "no milestone has been reached yet"
    for name, event in dialogue.machine.milestones.items():
        yield f"{event.time_ns / 1e6:>10,.3f} ms {name.value}" + (f": {event.detail}" if event.detail else "")


def _kernel_view(view: KernelView, dialogue: Dialogue, rest: str) -> Iterator[str]:
    """One of view_texts.VIEWS."""
    yield from view.lines(dialogue.machine, dialogue.dbg.address(rest) if rest else None)


def _view_topic(view: KernelView) -> Topic:
    return Topic(view.name, "[WHERE]" if view.takes_address else "", view.summary, partial(_kernel_view, view))


def _files(dialogue: Dialogue, _rest: str) -> Iterator[str]:
    yield from dialogue.dbg.symbols.lines.files


TOPICS = (
    Topic("registers", "[NAME...]", "all registers of this mode", _registers),
    Topic("breakpoints", "", "breakpoints, watchpoints and catches", _breakpoints),
    Topic("initcalls", "[LEVEL]", "the tables: done, running, pending, deferred", _initcalls),
    Topic("modules", "", "loaded modules and their memory", _modules),
    Topic("frees", "", "memory given back so far, by whom", _frees),
    *map(_view_topic, VIEWS),
    Topic("symbol", "ADDR", "the name of an address, its line, what may be done there", _symbol),
    Topic("line", "[WHERE]", "address and source line of a place", _line),
    Topic("history", "WHERE", "what happened to memory", _history),
    Topic("checkpoints", "", "named moments", _checkpoints),
    Topic("record", "", "how far the record reaches", _record),
    Topic("milestones", "", "the moments a boot is judged by", _milestones),
    Topic("events", "[KIND] [N]", "the newest events of the trace", _events),
    Topic("dmesg", "[N]", "the end of the kernel log", _dmesg),
    Topic("display", "", "what is shown at every stop", _display),
    Topic("devices", "", "the board's devices, for catch device", _devices),
    Topic("files", "", "source files with code", _files),
)

INFO = (
    Verb(
        ("info", "i"),
        "TOPIC",
        "lists of what there is; `info` alone names the topics",
        "info initcalls deferred",
        info,
        Completes.TOPICS,
    ),
)


# --- help -------------------------------------------------------------------------------------------------------------


def help_lines(verbs: Verbs, name: str) -> Iterator[str]:
    """All verbs with a line each, or everything about one. Raises UsageError."""
    if name:
        verb = verbs.find(name)
        yield f"{verb.name} {verb.usage}".rstrip()
        if len(verb.names) > 1:
            yield f"  short: {', '.join(verb.names[1:])}"
        yield f"  {verb.summary}"
        yield f"  example: {verb.example}"
        return
    for verb in verbs.all:
        names = verb.name if len(verb.names) == 1 else f"{verb.name} ({verb.names[1]})"
        yield f"{names:<24} {verb.summary.partition(';')[0]}"
    yield "Names may be cut short. `help VERB` shows an example; an empty line repeats a step. WHERE: symbol,"
    yield "symbol+offset, file:line, *address or an expression such as $lr-4."
