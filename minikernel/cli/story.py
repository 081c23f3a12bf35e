"""The boot as it is told while it happens: a row per initcall, a block per free, a line per milestone.

`StoryWriter` turns events and console text into lines; it keeps no more than it needs for the next one (the level whose
heading was written, the console's unfinished line). Layout of an initcall row, `width` columns in all:

      12.345 ms  usb_storage_init        -19 ENODEV        1,234 us  ████▌
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from minikernel.cli.screen import Line, Screen, Span
from minikernel.kernel.errno import errno_name
from minikernel.kernel.events import (
    InitcallFinished,
    InitcallSkipped,
    InitcallStarted,
    MemoryFreed,
    Milestone,
    MilestoneName,
    Panicked,
    ProcAccess,
    RodataProtected,
    SystemStateChanged,
)
from minikernel.kernel.initcalls import DEFERRED_LEVEL, Initcall
from minikernel.kernel.memory import PAGE_SIZE
from minikernel.kernel.module_events import (
    ModuleInitFreed,
    ModuleLoaded,
    ModuleLoadFailed,
    ModuleMemoryFreed,
    ModuleUnloaded,
)
from minikernel.kernel.tty import PROMPT
from minikernel.machine.events import Event

#: A full bar; the bars are linear so that their lengths can be compared.
BAR_FULL_NS = 200_000_000
BAR_MAX_COLUMNS = 48
_INDENT = " " * 12
_EIGHTHS = " ▏▎▍▌▋▊▉"
_ROW_COLUMNS = 12 + 2 + 22 + 2 + 12 + 11 + 3 + 2

#: What headings call a level besides its name.
LEVEL_NOTES: Mapping[str, str] = {
    "console": "before all others: who can print",
    "early": "before everything else",
    "pure": "0: no dependencies",
    "core": "1",
    "postcore": "2",
    "arch": "3",
    "subsys": "4",
    "fs": "5",
    "rootfs": "inside 5: the first files",
    "device": "6: module_init of what is built in",
    "late": "7",
    "deferred": "when user space says so",
    "module": "its init, once it is loaded",
}

MILESTONES: Mapping[MilestoneName, str] = {
    MilestoneName.USERSPACE: "user space",
    MilestoneName.FIRST_PICTURE: "first picture",
    MilestoneName.DEFERRED_DONE: "deferred initcalls done",
    MilestoneName.INITMEM_FREED: "init memory given back",
    MilestoneName.PICTURE_DOWNLOADED: "picture on the desktop",
}


def milliseconds(time_ns: int) -> str:
    """`   12.345 ms`, 12 columns."""
    return f"{time_ns / 1e6:>9,.3f} ms"


def plural(number: int, noun: str) -> str:
    """`1 page`, `2 pages`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def bar(duration_ns: int, columns: int, full_ns: int = BAR_FULL_NS) -> str:
    """A linear bar of at most `columns`; the shortest time leaves a mark, one above `full_ns` an arrow."""
    eighths = max(1, round(duration_ns * columns * 8 / full_ns))
    if eighths > columns * 8:
        return "█" * (columns - 1) + "▶"
    return ("█" * (eighths // 8) + _EIGHTHS[eighths % 8]).rstrip()


def heading(title: str, note: str, width: int, style: str = "level") -> Line:
    """`── title · note ───────`, as wide as the screen."""
    head = f"── {title} "
    tail = f"· {note} " if note else ""
    return (Span(head, style), Span(tail, "rule"), Span("─" * max(2, width - len(head) - len(tail)), "rule"))


def initcall_row(event: InitcallFinished, width: int) -> Line:
    """The row of one finished initcall."""
    returned = "0" if event.returned == 0 else f"{event.returned} {errno_name(event.returned)}"
    columns = max(4, min(BAR_MAX_COLUMNS, width - _ROW_COLUMNS))
    return (
        Span(milliseconds(event.called_ns), "time"),
        Span(f"  {event.name.partition(' [')[0]:<22}  ", "name"),
        Span(f"{returned:<12}", "ok" if event.returned == 0 else "failed"),
        Span(f"{event.usecs:>11,} us  "),
        Span(bar(event.time_ns - event.called_ns, columns), "slow" if event.level == "deferred" else "bar"),
    )


def free_rows(event: MemoryFreed, width: int) -> Iterator[Line]:
    """The block of one free: range, bytes, pages; what it was; by whom."""
    yield (
        Span(milliseconds(event.time_ns), "time"),
        Span("  freed ", "free"),
        Span(f"{event.start:#010x}-{event.end:#010x}", "free"),
        Span(f"  {plural(event.size, 'byte')}, {plural(event.pages, 'page')}"),
    )
    yield (Span(f"{_INDENT}  what  ", "dim"), Span(event.what))
    first, *more = wrapped(" <- ".join(event.callers or (event.by,)), width - len(_INDENT) - 8)
    yield (Span(f"{_INDENT}  by    ", "dim"), Span(first))
    for text in more:
        yield (Span(f"{_INDENT}        "), Span(text))


def wrapped(text: str, columns: int) -> list[str]:
    """The text in lines of at most `columns`, cut at blanks where there are any."""
    lines = []
    while len(text) > columns:
        cut = text.rfind(" ", 1, columns + 1)
        lines.append(text[: cut if cut > 0 else columns])
        text = text[cut + 1 if cut > 0 else columns :]
    return [*lines, text]


def folded(text: str, columns: int) -> list[str]:
    """The same, with what does not fit into the first line set in by four more."""
    indent = len(text) - len(text.lstrip()) + 4
    cut = text.rfind(" ", indent, columns + 1) if len(text) > columns else -1
    if cut < 0:
        return [text]
    return [text[:cut], *(" " * indent + part for part in wrapped(text[cut + 1 :].lstrip(), columns - indent))]


def module_row(event: ModuleLoaded, width: int) -> Iterator[Line]:
    """What loading a module came to: bytes of the file and of memory, pages before and after init memory was freed."""
    yield (Span(milliseconds(event.time_ns), "time"), Span(f"  module {event.module} is loaded", "name"))
    rows = (
        ("file  ", f"{plural(event.file_bytes, 'byte')}, of which {event.kept_bytes:,} are kept"),
        (
            "work  ",
            f"{plural(event.relocations, 'relocation')}, {plural(event.lookups, 'symbol')} looked up in "
            f"{plural(event.compares, 'comparison')}",
        ),
        ("memory", f"{plural(event.pages, 'page')}, {event.pages_after:,} after init"),
    )
    for what, text in rows:
        for part in wrapped(text, width - len(_INDENT) - 10):
            yield (Span(f"{_INDENT}  {what}  ", "dim"), Span(part))
            what = " " * len(what)


def module_free_row(event: ModuleMemoryFreed) -> Line:
    """One piece of module memory given back."""
    end = event.start + event.pages * PAGE_SIZE
    return (
        Span(milliseconds(event.time_ns), "time"),
        Span("  freed ", "free"),
        Span(f"{event.start:#010x}-{end:#010x}", "free"),
        Span(f"  {plural(event.pages, 'page')}: {event.kind.value} of {event.module}"),
    )


def milestone_row(event: Milestone) -> Line:
    """The line of one milestone."""
    return (
        Span(milliseconds(event.time_ns), "time"),
        Span(f"  * {MILESTONES[event.name]}", "milestone"),
        Span(f": {event.detail}" if event.detail else ""),
    )


#: A kernel message as it stands on the console: seconds, text. A prompt may stand before it.
_KERNEL_LINE = re.compile(r"(?:# )?\[ *(\d+)\.(\d{6})\] (.*)")

#: What the initcall rows tell already.
_INITCALL_LINES = ("calling  ", "initcall ")


def console_rows(text: str, width: int) -> Iterator[Line]:
    """One line of the guest's console: a kernel message at its own time, or what a program printed."""
    kernel_line = _KERNEL_LINE.match(text)
    if kernel_line is None:
        for part in wrapped(printable(text), width - len(_INDENT) - 4):
            yield (Span(f"{_INDENT}  > ", "dim"), Span(part))
        return
    seconds, micros, message = kernel_line.groups()
    if message.startswith(_INITCALL_LINES):
        return
    at = milliseconds(int(seconds) * 10**9 + int(micros) * 10**3)
    for part in wrapped(printable(message), width - len(_INDENT) - 4):
        yield (Span(f"{at:<{len(_INDENT)}}", "time"), Span(f"  | {part}", "guest"))
        at = ""


def printable(text: str) -> str:
    """The text with control characters spelled out: a guest cannot play with the reader's terminal."""
    return "".join(char if char.isprintable() or char == "\t" else f"\\x{ord(char):02x}" for char in text)


def title_lines(tables: Sequence[Initcall], ram_size: int, clock_hz: int) -> Iterator[Line]:
    """What is about to boot, and how to read the rows."""
    waiting = sum(call.level == DEFERRED_LEVEL for call in tables)
    board = f"Cortex-A15, {clock_hz // 10**6} MHz, {ram_size >> 20} MiB"
    yield (
        Span("minikernel", "title"),
        Span(f": camera, {board}; {plural(len(tables), 'initcall')}, {waiting} deferred"),
    )
    columns = f"{'at':>9}     {'initcall':<22}  {'returned':<12}{'took':>11}     bar: {BAR_FULL_NS // 10**6} ms"
    yield (Span(columns, "dim"),)


class StoryWriter:
    """Writes the story of one boot. `event` and `console` are the machine's listeners."""

    def __init__(self, screen: Screen, trigger_name: str = "deferred_initcalls") -> None:
        self._screen = screen
        self._trigger_name = trigger_name
        self._level = ""
        self._partial = ""
        self._is_interactive = False
        self._writers: dict[type[Event], Callable[[Any], None]] = {
            InitcallStarted: self._initcall_started,
            InitcallFinished: self._initcall_finished,
            InitcallSkipped: self._initcall_skipped,
            RodataProtected: self._rodata_protected,
            SystemStateChanged: self._system_state_changed,
            MemoryFreed: self._memory_freed,
            Milestone: self._milestone,
            ModuleLoaded: self._module_loaded,
            ModuleLoadFailed: self._module_failed,
            ModuleInitFreed: self._module_freed,
            ModuleMemoryFreed: self._module_freed,
            ModuleUnloaded: self._module_unloaded,
            ProcAccess: self._proc_access,
            Panicked: self._panicked,
        }

    def event(self, event: Event) -> None:
        """One event of the trace; most kinds are not part of the story."""
        writer = self._writers.get(type(event))
        if writer is not None:
            writer(event)

    def console(self, data: bytes) -> None:
        """What the guest printed: whole lines set off from the trace, or as it is for a user who types on it."""
        text = data.decode("utf-8", "replace").replace("\r", "")
        *lines, self._partial = (self._partial + text).split("\n")
        if self._is_interactive:
            self._screen.raw(text)
            return
        for line in lines:
            if line.strip() not in ("", "#"):
                self._lines(console_rows(line, self._screen.width))

    def go_interactive(self) -> None:
        """From now on the console is the user's."""
        self._line((Span("at the guest's shell: `help` lists its commands, `poweroff` or Ctrl-C leaves", "dim"),))
        self._is_interactive = True
        # A kernel message may have come after the prompt and ended its line.
        self._partial = self._partial or PROMPT
        self._screen.raw(self._partial)

    def end(self) -> None:
        """Ends a line that the guest left unfinished."""
        if self._is_interactive and self._partial:
            self._screen.raw("\n")
            self._partial = ""

    def _initcall_started(self, event: InitcallStarted) -> None:
        if event.level == self._level:
            return
        self._level = event.level
        style = "deferred" if event.level == DEFERRED_LEVEL else "level"
        self._line(heading(event.level, LEVEL_NOTES.get(event.level, ""), self._screen.width, style))

    def _initcall_finished(self, event: InitcallFinished) -> None:
        self._line(initcall_row(event, self._screen.width))

    def _memory_freed(self, event: MemoryFreed) -> None:
        self._lines(free_rows(event, self._screen.width))

    def _module_loaded(self, event: ModuleLoaded) -> None:
        self._lines(module_row(event, self._screen.width))

    def _module_freed(self, event: ModuleMemoryFreed) -> None:
        self._line(module_free_row(event))

    def _module_failed(self, event: ModuleLoadFailed) -> None:
        result = f"{event.result} {errno_name(event.result)}"
        self._at(event, f"  module {event.module or '?'} not loaded: {result} in {event.stage}", "failed")

    def _module_unloaded(self, event: ModuleUnloaded) -> None:
        self._at(event, f"  module {event.module} removed")

    def _milestone(self, event: Milestone) -> None:
        self._line(milestone_row(event))

    def _proc_access(self, event: ProcAccess) -> None:
        if event.name != self._trigger_name or event.result == 0:
            return
        what = "write" if event.is_write else "read"
        outcome = f"-{errno_name(event.result)}" if event.result < 0 else plural(event.result, "byte")
        text = f"  {what} of /proc/{event.name} returned {outcome}"
        self._at(event, text)

    def _panicked(self, event: Panicked) -> None:
        self._at(event, f"  panic, called by {event.by}", "bad")

    def _initcall_skipped(self, event: InitcallSkipped) -> None:
        self._at(event, f"  {event.name:<22}  {event.returned} {errno_name(event.returned)}, not called", "failed")

    def _rodata_protected(self, event: RodataProtected) -> None:
        self._at(event, "  rodata becomes read-only", "dim")

    def _system_state_changed(self, event: SystemStateChanged) -> None:
        self._at(event, f"  system state: {event.state}", "dim")

    def _at(self, event: Event, text: str, style: str = "") -> None:
        self._line((Span(milliseconds(event.time_ns), "time"), Span(text, style)))

    def _lines(self, lines: Iterable[Line]) -> None:
        for line in lines:
            self._line(line)

    def _line(self, line: Line) -> None:
        self.end()
        self._screen.line(line)
