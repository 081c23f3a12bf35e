"""Verbs that look and change nothing: print, examine, list, backtrace, display, history."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

from minikernel.bits import s32
from minikernel.cli.repl_dialogue import Dialogue, Display, Radix
from minikernel.cli.repl_panes import PANES, code_lines, frame_line, frame_text, show_panes, source_line
from minikernel.cli.repl_verbs import Completes, Line, Verb, count, needed, no_arguments, whole_number
from minikernel.cli.screen import text_of
from minikernel.cli.story import plural
from minikernel.elf.line_table import SourceLine
from minikernel.errors import MinikernelError, UsageError, near_names
from minikernel.machine.machine import GuestMemoryError

_UNITS = {"b": 1, "h": 2, "w": 4}
_MEMORY_FORMATS = "xduotacsi"
_VALUE_FORMATS = "xduotac"
_FORMAT = re.compile(r"(?P<count>\d*)(?P<letters>[a-z]{0,2})$")
_ITEMS_PER_LINE = {1: 8, 2: 8, 4: 4}
LIST_DISTANCE = 5
MAX_COUNT = 4096


# --- values -----------------------------------------------------------------------------------------------------------


def value_text(dialogue: Dialogue, value: int, letter: str, size: int = 4) -> str:
    """A number as one of gdb's letters wants it; without a letter by `set radix`."""
    bits = 8 * size
    signed = value - (1 << bits) if value >> (bits - 1) & 1 else value
    match letter or ("x" if dialogue.settings.radix is Radix.HEX else "u"):
        case "d":
            return str(signed)
        case "u":
            return str(value)
        case "o":
            return f"0{value:o}"
        case "t":
            return f"{value:0{bits}b}"
        case "c":
            return f"{s32(value) if size == 4 else signed} {chr(value & 0xFF)!r}"
        case "a":
            return f"{value:#010x} <{dialogue.dbg.symbolize(value)}>"
        case _:
            return f"{value:#0{2 + 2 * size}x}"


def print_(dialogue: Dialogue, line: Line) -> None:
    """The value of an expression, and what is there when it is an address; it goes into the value history."""
    letter = _value_letter(line.format)
    show_value(dialogue, dialogue.dbg.evaluate(needed(line, "an expression")), letter)


def show_value(dialogue: Dialogue, value: int, letter: str = "") -> None:
    """`$3 = 0xc0008c44 <printk>`."""
    name = dialogue.dbg.symbolize(value)
    note = f" <{name}>" if not letter and not name.startswith("0x") else ""
    dialogue.say(f"${dialogue.dbg.keep_value(value)} = {value_text(dialogue, value, letter)}{note}")


def _value_letter(text: str) -> str:
    if len(text) > 1 or text not in _VALUE_FORMATS:
        raise UsageError(f"/{text} is no format: one letter of {' '.join(_VALUE_FORMATS)}")
    return text


# --- memory -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class MemoryFormat:
    """/NFU taken apart."""

    count: int
    letter: str
    size: int


def memory_format(text: str) -> MemoryFormat:
    """`4xw`: N, a format letter and a unit in any order. Raises UsageError."""
    found = _FORMAT.match(text)
    if found is None:
        raise UsageError(f"/{text} is no format: a count, a letter of {' '.join(_MEMORY_FORMATS)}, a unit b h w")
    letters = found["letters"]
    units = [letter for letter in letters if letter in _UNITS]
    formats = [letter for letter in letters if letter in _MEMORY_FORMATS]
    if len(units) + len(formats) != len(letters) or len(units) > 1 or len(formats) > 1:
        raise UsageError(f"/{text} is no format: a count, a letter of {' '.join(_MEMORY_FORMATS)}, a unit b h w")
    number = int(found["count"] or 1)
    if not 0 < number <= MAX_COUNT:
        raise UsageError(f"/{text}: a count from 1 to {MAX_COUNT}")
    letter = formats[0] if formats else "x"
    size = _UNITS[units[0]] if units else 1 if letter == "c" else 4
    return MemoryFormat(number, letter, size)


def examine(dialogue: Dialogue, line: Line) -> None:
    """Memory; without a place, from where the last one ended."""
    cursor = dialogue.cursor
    form = memory_format(line.format or cursor.memory_format)
    cursor.memory_format = line.format or cursor.memory_format
    addr = dialogue.dbg.address(line.arguments) if line.arguments else cursor.memory
    cursor.memory = _examine(dialogue, dialogue.machine.cpu.pc if addr is None else addr, form)


def _examine(dialogue: Dialogue, addr: int, form: MemoryFormat) -> int:
    """Show it; the address behind."""
    if form.letter == "i":
        dialogue.lines(code_lines(dialogue, dialogue.dbg.disassemble(addr, form.count)))
        return addr + 4 * form.count
    if form.letter == "s":
        for _ in range(form.count):
            text = dialogue.machine.read_cstring(addr)
            dialogue.say(f"{_label(dialogue, addr)} {_quoted(text)}")
            addr += len(text.encode()) + 1
        return addr
    per_line = 1 if form.letter in "at" and form.size == 4 else _ITEMS_PER_LINE[form.size]
    for start in range(0, form.count, per_line):
        items = min(per_line, form.count - start)
        data = dialogue.dbg.read(addr, items * form.size)
        words = [int.from_bytes(data[at : at + form.size], "little") for at in range(0, len(data), form.size)]
        shown = [value_text(dialogue, word, form.letter, form.size) for word in words]
        dialogue.say("  ".join([_label(dialogue, addr), *shown]))
        addr += items * form.size
    return addr


def _label(dialogue: Dialogue, addr: int) -> str:
    name = dialogue.dbg.symbolize(addr)
    return f"{addr:#010x}:" if name.startswith("0x") else f"{addr:#010x} <{name}>:"


def _quoted(text: str) -> str:
    escaped = "".join(char if char.isprintable() else f"\\x{ord(char):02x}" for char in text)
    return '"' + escaped.replace("\\x0a", "\\n").replace("\\x09", "\\t") + '"'


def disassemble(dialogue: Dialogue, line: Line) -> None:
    """The function round a place."""
    addr = dialogue.dbg.address(line.arguments) if line.arguments else dialogue.machine.cpu.pc
    found = dialogue.machine.image.symbol_at(addr)
    start, size = (found[0].value, found[0].size or 40) if found is not None else (addr, 40)
    dialogue.lines(code_lines(dialogue, dialogue.dbg.disassemble(start, min(size // 4, MAX_COUNT))))


# --- source, calls ----------------------------------------------------------------------------------------------------


def list_(dialogue: Dialogue, line: Line) -> None:
    """Source lines round a place; without one round the pc, then on."""
    cursor = dialogue.cursor
    here = dialogue.dbg.symbols.line_at(dialogue.machine.cpu.pc)
    if line.arguments:
        addr = dialogue.dbg.address(line.arguments)
        place = dialogue.dbg.symbols.line_at(addr)
        if place is None:
            raise UsageError(f"{addr:#010x} <{dialogue.dbg.symbolize(addr)}> comes from no source line")
    elif cursor.file:
        place = SourceLine(cursor.file, cursor.line + LIST_DISTANCE + 1)
    elif here is not None:
        place = here
    else:
        raise UsageError("there is no source line here; `list WHERE` shows another place")
    shown = dialogue.sources.around(place, LIST_DISTANCE)
    if not shown:
        raise UsageError(f"there is no text of {place}")
    dialogue.say(f"{place.file}:", "dim")
    for number, text in shown:
        dialogue.line(source_line(number, text, here is not None and (place.file, number) == here))
    cursor.file, cursor.line = place.file, shown[-1][0]


def backtrace(dialogue: Dialogue, line: Line) -> None:
    """Who called whom."""
    limit = count(dialogue, line) if line.arguments else 64
    for frame in dialogue.dbg.backtrace(limit):
        if dialogue.settings.is_plain:
            dialogue.say(f"frame {frame.level} {frame_text(frame)}")
        else:
            dialogue.line(frame_line(frame))


def show_context(dialogue: Dialogue) -> None:
    """Panes and displays: what is shown at each stop."""
    show_panes(dialogue)
    for each in dialogue.displays:
        dialogue.say(display_text(dialogue, each))


def context(dialogue: Dialogue, line: Line) -> None:
    """The panes again."""
    no_arguments(line)
    show_context(dialogue)
    dialogue.say(dialogue.place_text(dialogue.dbg.position))


def panes(dialogue: Dialogue, line: Line) -> None:
    """Choose the panes, or list them."""
    words = line.arguments.replace(",", " ").split()
    if words in (["all"], ["none"]):
        dialogue.settings.panes = tuple(PANES) if words == ["all"] else ()
    elif words:
        for word in words:
            if word not in PANES:
                raise UsageError(f"no pane {word!r}{near_names(word, PANES)}: {', '.join(PANES)}, all, none")
        dialogue.settings.panes = tuple(dict.fromkeys(words))
    else:
        for pane in PANES.values():
            shown = "shown" if pane.name in dialogue.settings.panes else "not shown"
            dialogue.say(f"{pane.name}: {pane.summary} ({shown})")


# --- displays ---------------------------------------------------------------------------------------------------------


def display(dialogue: Dialogue, line: Line) -> None:
    """An expression or memory at every stop; without one, show all now."""
    if not line.arguments:
        for each in dialogue.displays:
            dialogue.say(display_text(dialogue, each))
        return
    memory_format(line.format)
    with suppress(GuestMemoryError):  # what is not there now may come
        dialogue.dbg.evaluate(line.arguments)
    number = 1 + max((each.number for each in dialogue.displays), default=0)
    dialogue.displays.append(Display(number, line.arguments, line.format))
    dialogue.say(display_text(dialogue, dialogue.displays[-1]))


def undisplay(dialogue: Dialogue, line: Line) -> None:
    """No longer; without a number, none of them."""
    if not line.arguments:
        dialogue.displays.clear()
        return
    number = whole_number(line.arguments, "number of a display")
    kept = [each for each in dialogue.displays if each.number != number]
    if len(kept) == len(dialogue.displays):
        raise UsageError(f"no display {number}")
    dialogue.displays = kept


def display_text(dialogue: Dialogue, each: Display) -> str:
    """`1: *jiffies = 0x00000010`; what cannot be read now is said."""
    head = f"{each.number}: {each.expression}"
    try:
        value = dialogue.dbg.evaluate(each.expression)
        if each.format.endswith(("i", "s")):
            return f"{head}: {_memory_text(dialogue, value, each.format)}"
        return f"{head} = {value_text(dialogue, value, each.format[-1:])}"
    except MinikernelError as error:
        return f"{head}: not now: {str(error).splitlines()[0]}"


def _memory_text(dialogue: Dialogue, addr: int, form: str) -> str:
    if form.endswith("s"):
        return _quoted(dialogue.machine.read_cstring(addr))
    lines = code_lines(dialogue, dialogue.dbg.disassemble(addr, memory_format(form).count))
    return "\n".join(text_of(line) for line in lines)


# --- the past ---------------------------------------------------------------------------------------------------------


def last_writer(dialogue: Dialogue, line: Line) -> None:
    """Who wrote it; nothing moves."""
    where, _, size = needed(line, "a symbol or an address").partition(",")
    number = whole_number(size.strip(), "size in bytes") if size.strip() else None
    write = dialogue.dbg.last_writer(where.strip(), number)
    if write is None:
        start = dialogue.dbg.recording.start
        dialogue.say(f"nobody has written {where} since the record began, at instruction {start:,}")
        return
    moment = f"{write.time_ns / 1e6:,.3f} ms, {plural(write.icount, 'instruction')}"
    dialogue.say(f"{write.where} at {moment}")
    dialogue.say(f"  old value {dialogue.number(write.old)}, new value {dialogue.number(write.new)}")
    for frame in write.frames:
        dialogue.line(frame_line(frame))
    dialogue.say(f"`goto {write.icount}` goes there")


def history(dialogue: Dialogue, line: Line) -> None:
    """What happened to memory."""
    for text in history_texts(dialogue, needed(line, "an address or symbol")):
        dialogue.say(text)


def history_texts(dialogue: Dialogue, where: str) -> Iterator[str]:
    """A line for what it is, and one for each thing that happened to it."""
    known = dialogue.dbg.history(where)
    notes = [
        "init memory" if known.is_init else "",
        "mapped" if known.is_mapped else "not mapped now",
        f"holds {known.poison}" if known.poison else "",
    ]
    yield f"{known.addr:#010x} <{known.what}>: {', '.join(note for note in notes if note)}"
    for entry in known.entries:
        yield f"  {entry}"


def explain(dialogue: Dialogue, line: Line) -> None:
    """Why the last fault happened."""
    no_arguments(line)
    fault = dialogue.machine.last_fault
    if fault is None:
        dialogue.say("the guest has had no fault")
        return
    dialogue.say(str(fault))
    dialogue.say(dialogue.dbg.explain() or "no freed memory was used")


LOOKING = (
    Verb(
        ("print", "p", "inspect"),
        "[/F] EXPR",
        "the value of an expression, kept as $1, $2, ...; F is one of x d u o t a c. A symbol is its address, "
        "*symbol the word there; $ is the last value, $$ the one before",
        "p/d *jiffies",
        print_,
        Completes.SYMBOLS,
    ),
    Verb(
        ("x", "examine"),
        "[/NFU] WHERE",
        "memory: N items, format x d u o t a c s i, unit b h w",
        "x/4i $pc",
        examine,
        Completes.SYMBOLS,
        repeats=True,
    ),
    Verb(
        ("disassemble", "disas"),
        "[WHERE]",
        "the function round a place",
        "disas printk",
        disassemble,
        Completes.SYMBOLS,
    ),
    Verb(
        ("list", "l"),
        "[WHERE]",
        "source lines; again: the next ones",
        "list free_initmem",
        list_,
        Completes.SYMBOLS,
        repeats=True,
    ),
    Verb(
        ("backtrace", "bt", "where"),
        "[N]",
        "who called whom, through exceptions and into modules",
        "bt 3",
        backtrace,
    ),
    Verb(
        ("display",), "[/F] EXPR", "show an expression at every stop", "display/d *jiffies", display, Completes.SYMBOLS
    ),
    Verb(("undisplay",), "[N]", "no longer", "undisplay 1", undisplay),
    Verb(
        ("last-writer", "lw"),
        "WHERE[, SIZE]",
        "who wrote this memory last, found by going back; nothing moves",
        "last-writer system_state",
        last_writer,
        Completes.SYMBOLS,
    ),
    Verb(
        ("history",),
        "WHERE",
        "what happened to memory: linked, allocated, freed, by whom",
        "history usb_storage_init",
        history,
        Completes.SYMBOLS,
    ),
    Verb(("explain",), "", "why the guest's last fault happened", "explain", explain),
    Verb(("context", "ctx"), "", "show the panes again", "context", context),
    Verb(
        ("panes",),
        "[NAME...|all|none]",
        "choose what is shown at each stop; without names, list the panes",
        "panes registers code",
        panes,
        Completes.PANES,
    ),
)
