"""The conversation of a debugging session: machine and debugger, the reader's settings, and where text goes.

Verbs (repl_moves.py and its neighbours) work on a Dialogue; repl.py reads the lines they stand on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum

from minikernel.board.desktop import Step
from minikernel.cli.repl_events import event_words
from minikernel.cli.screen import Line, Screen, Span
from minikernel.cli.story import folded, milliseconds, plural, printable
from minikernel.debug.debugger import Debugger
from minikernel.debug.module_names import ModuleNames
from minikernel.debug.session import Registers
from minikernel.debug.stops import Stop, StopCause
from minikernel.elf.line_table import SourceTexts
from minikernel.errors import UsageError
from minikernel.kernel.events import ConsoleWait, Milestone, MilestoneName
from minikernel.kernel.machine import KernelMachine
from minikernel.machine.events import Event

#: Steps of the desktop in which nothing comes of waiting.
DESKTOP_IS_IDLE = frozenset({Step.UNPLUGGED, Step.DONE, Step.FAILED})

#: The functions in which a reader of the console sleeps (guest/kernel/tty.s, time.s).
LOOKS_FOR_INPUT = "tty_has_input"
CONSOLE_READERS = frozenset({"console_wait", "tty_read", "wait_for", LOOKS_FOR_INPUT})


class Radix(Enum):
    """How numbers are shown; addresses are always hexadecimal."""

    HEX = "hex"
    DEC = "dec"


@dataclass
class Settings:
    """What the reader has chosen. `panes`: names of repl_panes.PANES, in the order they are shown."""

    panes: tuple[str, ...]
    radix: Radix = Radix.HEX
    is_plain: bool = False


@dataclass
class Cursor:
    """Where `x` and `list` go on when they are given no place."""

    memory: int | None = None
    memory_format: str = "4xw"
    file: str = ""
    line: int = 0


@dataclass(frozen=True)
class Display:
    """An expression shown at every stop; `format` a letter of `x` and `p`."""

    number: int
    expression: str
    format: str


@dataclass
class Dialogue:
    """One session. `ask` gives the next line of the input for a verb that takes several; None at the end of the input.

    `show_context` prints the panes; it is given here so that floors below need not know them.
    """

    machine: KernelMachine
    dbg: Debugger
    modules: ModuleNames
    screen: Screen
    sources: SourceTexts
    settings: Settings
    ask: Callable[[str], str | None]
    show_context: Callable[[Dialogue], None]
    cursor: Cursor = field(default_factory=Cursor)
    displays: list[Display] = field(default_factory=list)
    python_names: dict[str, object] = field(default_factory=dict)
    registers_before: Registers | None = None
    is_over: bool = False
    _is_moving: bool = False
    _partial: str = ""

    def __post_init__(self) -> None:
        self.registers_before = self.dbg.registers()
        self.python_names |= {"m": self.machine, "dbg": self.dbg}
        self.machine.on_console.append(self._console)
        self.machine.trace.watchers.append(self._noticed)

    def leave(self) -> None:
        """Listen to the machine no longer."""
        self.machine.on_console.remove(self._console)
        self.machine.trace.watchers.remove(self._noticed)

    # --- text -------------------------------------------------------------------------------------------------

    def say(self, text: str, style: str = "") -> None:
        """Show text, one screen line for each of its lines; in a window a long one is folded, but not for a screen
        reader."""
        is_folded = self.screen.is_window and not self.settings.is_plain
        for line in text.split("\n"):
            for part in folded(line, self.screen.width) if is_folded else (line,):
                self.line((Span(part, style),))

    def line(self, line: Line) -> None:
        """Show one styled line."""
        self._end_console_line()
        self.screen.line(line)

    def lines(self, lines: Iterable[Line]) -> None:
        """Show several."""
        for line in lines:
            self.line(line)

    def number(self, value: int) -> str:
        """A 32-bit value as the reader wants numbers."""
        return f"{value:#010x}" if self.settings.radix is Radix.HEX else str(value)

    def _console(self, data: bytes) -> None:
        """What the guest prints, line by line, set off from ours."""
        *lines, self._partial = (self._partial + data.decode("utf-8", "replace").replace("\r", "")).split("\n")
        for line in lines:
            self._console_line(line)

    def _end_console_line(self) -> None:
        if self._partial:
            partial, self._partial = self._partial, ""
            self._console_line(partial)

    def _console_line(self, text: str) -> None:
        mark = "guest: " if self.settings.is_plain else "  | "
        self.screen.line((Span(mark, "dim"), Span(printable(text), "guest")))

    # --- moving -----------------------------------------------------------------------------------------------

    def move(self, action: Callable[[], Stop]) -> None:
        """Move the machine and show where it stopped. A stop at the shell's prompt is one too."""
        self.registers_before = self.dbg.registers()
        with self._moving():
            stop = action()
        self.show_stop(stop)

    @contextmanager
    def _moving(self) -> Iterator[None]:
        self._is_moving = True
        try:
            yield
        finally:
            self._is_moving = False

    def _noticed(self, event: Event) -> None:
        if not self._is_moving:
            return
        if isinstance(event, ConsoleWait) and self.machine.waits_for_line:
            self.machine.request_stop("the guest's shell waits for a line")
        elif isinstance(event, Milestone) and event.name is MilestoneName.PICTURE_DOWNLOADED:
            self.machine.request_stop(f"the desktop has the picture: {event.detail}")

    @property
    def is_quiet(self) -> bool:
        """The shell has been waiting for a line, and nothing is on its way to the guest from outside."""
        machine = self.machine
        return (
            machine.waits_for_line
            and not machine.inputs.waiting
            and not self.dbg.timeline.is_rerun
            and machine.board.desktop.step in DESKTOP_IS_IDLE
        )

    def check_not_idle(self) -> None:
        """Raises UsageError when the guest would sleep for ever: nobody types, nobody plugs anything in."""
        if self.is_quiet and self.dbg.symbols.function(self.machine.cpu.pc) in CONSOLE_READERS:
            raise UsageError(
                "the guest's shell waits for a line: `type TEXT` gives it one, `plug` puts the cable in, "
                "`goto +10ms` lets time pass"
            )

    # --- stops ------------------------------------------------------------------------------------------------

    def show_stop(self, stop: Stop) -> None:
        """The context, the displays, and last, nearest to the prompt, why and where the machine stands."""
        self.cursor.file = ""
        self.modules.update()
        self.show_context(self)
        self.say(self.stop_text(stop), "bad" if stop.fault else "title")
        if stop.access is not None:
            old, new = self.number(stop.access.old), self.number(stop.access.new)
            what = f"old value {old}, new value {new}" if stop.access.kind.value == "write" else f"value {new}"
            self.say(f"  {what}, {stop.access.kind.value} by {self.dbg.symbolize(stop.access.pc)}")
        self.say(self.place_text(stop))
        if stop.fault is not None:
            self._show_fault(stop)

    def stop_text(self, stop: Stop) -> str:
        """The reason; for a reason that says nothing new, how far the machine has come."""
        moment = f"{milliseconds(stop.time_ns).strip()}, {plural(stop.icount, 'instruction')}"
        past = "; the record goes on" if stop.is_past else ""
        reason = self._reason(stop)
        return f"{reason}; {moment}{past}" if reason else f"{moment}{past}"

    def _reason(self, stop: Stop) -> str:
        """Empty for one that says nothing new."""
        if stop.cause is StopCause.STEP or stop.message in ("here", "arrived"):
            return ""
        if stop.event is not None:
            return f"event {', '.join(map(str, stop.points))}: {event_words(stop.event)}"
        if stop.access is not None:
            known = {point.number: point.what for point in self.dbg.stop_points}
            whats = [f"{number}: {known[number]}" if number in known else str(number) for number in stop.points]
            return f"watchpoint {'; '.join(whats)}"
        return stop.message

    def place_text(self, stop: Stop) -> str:
        """The next instruction, its line and the line's text."""
        place = self.dbg.symbols.line_at(stop.pc)
        if self.settings.is_plain:
            return f"next is {stop.pc:#010x}, {stop.where}" + (f", {place}" if place else "")
        if place is None:
            (instruction,) = self.dbg.disassemble(stop.pc, 1)
            return f"=> {stop.pc:#010x} <{stop.where}>: {instruction.text}"
        text = self.sources.line(place)
        return f"=> {stop.pc:#010x} <{stop.where}> at {place}" + (f"\n{place.line}\t{text.strip()}" if text else "")

    def _show_fault(self, stop: Stop) -> None:
        self.say(f"  {stop.fault}", "bad")
        why = self.dbg.explain()
        if why is not None:
            self.say(f"  {why}", "bad")
        self.say("  the guest has stopped, the session has not: rsi, rc and last-writer go back")
