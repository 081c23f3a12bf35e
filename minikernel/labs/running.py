"""One boot of a student's kernel, as lab.toml describes it, with limits on everything, and how it ended.

A run that does not come to where it was to go is no run: whoever asks for it gets the reason instead (RunEnded).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import TypeVar

from minikernel.elf.image import Image
from minikernel.elf.line_table import LineTable, SourceTexts
from minikernel.errors import ImageError, MinikernelError
from minikernel.kernel.events import MilestoneName, Panicked
from minikernel.kernel.machine import KernelMachine
from minikernel.kernel.tty import printed_by, typed_line
from minikernel.labs.integrity import Change
from minikernel.labs.lab import POWER_OFF, SHELL, Limits, RunSpec
from minikernel.labs.layout import Layout
from minikernel.labs.report import Mark, Outcome, ReportLine
from minikernel.labs.watching import Watch
from minikernel.machine.events import Event
from minikernel.machine.inputs import CablePlug, ConsoleInput
from minikernel.machine.snapshot import Snapshot
from minikernel.machine.stop import StopKind, StopReason
from minikernel.power_on import DESKTOP_PATIENCE_NS, BootOptions, machine_for
from minikernel.toolchain.build import Build
from minikernel.toolchain.examples import find_module

E = TypeVar("E", bound=Event)

NS_PER_S = 1_000_000_000
TAIL_LINES = 8

_TIMED_OUT = (StopKind.BUDGET, StopKind.TIME)
_WORDS = {
    StopKind.BUDGET: "the instructions of one run are spent",
    StopKind.TIME: "the time of one run is over",
    StopKind.HALTED: "the processor sleeps for ever",
    StopKind.LOCKUP: "the exception vectors fault",
    StopKind.POWER_OFF: "the power went off",
    StopKind.RESET: "the board was reset",
}


@dataclass(frozen=True)
class Kernel:
    """A built kernel of a student: `layout` of it, and `solution`'s. `changes`: what integrity.py found."""

    build: Build
    layout: Layout
    solution: Layout
    changes: tuple[Change, ...]

    @cached_property
    def lines(self) -> LineTable:
        """The kernel's line table; an empty one where a student's file brings debug information that is none."""
        try:
            return LineTable.from_image(Image.from_bytes(self.build.image))
        except ImageError:
            return LineTable(())

    @cached_property
    def texts(self) -> SourceTexts:
        """The sources' lines."""
        return SourceTexts(self.build.config.tree)


class RunEndedError(MinikernelError):
    """A run did not come to where it was to go. `lines` say how far it came."""

    def __init__(self, outcome: Outcome, why: str, lines: tuple[ReportLine, ...]) -> None:
        self.outcome = outcome
        self.why = why
        self.lines = lines
        super().__init__(why)


@dataclass(eq=False)
class Run:
    """A boot that came to where it was to go. Every check that asks for it gets the machine as it was then.

    stop: why it stopped last. printed: what each line of `shell` in lab.toml printed.
    """

    spec: RunSpec
    kernel: Kernel
    machine: KernelMachine
    stop: StopReason
    watch: Watch = field(repr=False)
    guard: LimitGuard = field(repr=False)
    printed: tuple[str, ...] = ()
    _end: Snapshot | None = field(default=None, repr=False)

    def keep(self) -> None:
        """This is the moment that again() goes back to."""
        self._end = self.machine.save()
        self.again()

    def again(self) -> None:
        """Back to the moment kept, with the limits of one check."""
        if self._end is not None:
            self.machine.load(self._end)
        self.machine.know_modules(partial(find_module, self.build.config))
        self.guard.begin(self.guard.limits.check_instructions)

    @property
    def build(self) -> Build:
        """The build that was booted."""
        return self.kernel.build

    @property
    def console(self) -> tuple[str, ...]:
        """The lines on the console since reset."""
        return console_lines(self.machine)

    def events(self, kind: type[E]) -> list[E]:
        """The events of one class, in order. watching.py says what they prove and what not."""
        return self.machine.trace.of(kind)

    def shell(self, line: str) -> str:
        """Type one more line; what it printed. Raises RunEndedError when the prompt does not come back."""
        return _type(self.machine, self.kernel, line, self.spec)

    def place(self, where: str | int) -> str:
        """`drivers/ticker.s:31` for a symbol or an address; "" where no source line is known."""
        return place_of(self.machine, self.kernel, where)

    def source_line(self, where: str | int) -> str:
        """The text of that line."""
        addr = _address(self.machine, where)
        return "" if addr is None else _text_at(self.kernel, addr)


def execute(spec: RunSpec, kernel: Kernel, limits: Limits, protected: tuple[str, ...], files: tuple[str, ...]) -> Run:
    """Boot `kernel` as `spec` says. Raises RunEndedError, ImageError and UsageError as KernelMachine."""
    options = BootOptions(
        append=spec.append,
        rc=spec.rc.encode() if spec.rc else None,
        modules=spec.modules,
        tree=kernel.build.config.tree,
    )
    machine = machine_for(options, kernel.build)
    line_of = partial(place_of, machine, kernel)
    watch = Watch(machine, kernel.layout, kernel.solution, protected, files, line_of)
    guard = LimitGuard(machine, limits)
    stop = _boot(machine, spec, kernel)
    if spec.until in (SHELL, POWER_OFF) and not watch.has_seen_user_code:
        why = f"the run {spec.name!r}: console_wait was called, but no program has run that could wait for a line"
        raise RunEndedError(Outcome.CRASHED, why, tuple(stop_lines(machine, kernel, stop, [])))
    printed = tuple(_type(machine, kernel, line, spec) for line in spec.shell)
    run = Run(spec, kernel, machine, machine.stop or stop, watch, guard, printed)
    run.keep()
    return run


class LimitGuard:
    """Ends the runs of a machine that uses more than it may."""

    def __init__(self, machine: KernelMachine, limits: Limits) -> None:
        self._machine = machine
        self.limits = limits
        self._bytes = self._last_event = 0
        machine.on_console.append(self._printed)
        machine.trace.watchers.append(self._happened)
        self.begin(limits.instructions)

    def begin(self, instructions: int) -> None:
        """From here on so many instructions, and of everything else a run's share."""
        self._machine.last_icount = self._machine.icount + instructions
        self._machine.last_ns = self._machine.time_ns + self.limits.virtual_s * NS_PER_S
        self._last_event = len(self._machine.trace) + self.limits.events
        self._bytes = 0

    def _printed(self, characters: bytes) -> None:
        self._bytes += len(characters)
        if self._bytes > self.limits.console_bytes:
            self._machine.request_stop(f"more than {self.limits.console_bytes:,} characters on the console")

    def _happened(self, _event: Event) -> None:
        if len(self._machine.trace) > self._last_event:
            self._machine.request_stop(f"more than {self.limits.events:,} events")


def _boot(machine: KernelMachine, spec: RunSpec, kernel: Kernel) -> StopReason:
    """To where the run goes, or RunEndedError."""
    if spec.until != POWER_OFF:
        stop = machine.run(until=spec.until)
        _expect(machine, kernel, stop, spec, StopKind.BREAKPOINT, f"the run goes to {spec.until!r}")
        return stop
    stop = machine.run(until=SHELL)
    _expect(machine, kernel, stop, spec, StopKind.BREAKPOINT, "the shell was to wait for a line")
    machine.inputs.push(CablePlug(True))
    machine.run_to_milestone(MilestoneName.PICTURE_DOWNLOADED, until_ns=machine.time_ns + DESKTOP_PATIENCE_NS)
    machine.inputs.push(ConsoleInput(typed_line("poweroff")))
    stop = machine.run()
    _expect(machine, kernel, stop, spec, StopKind.POWER_OFF, "poweroff was typed")
    return stop


def _type(machine: KernelMachine, kernel: Kernel, line: str, spec: RunSpec) -> str:
    before = len(machine.console)
    machine.inputs.push(ConsoleInput(typed_line(line)))
    stop = machine.run(until=SHELL)
    expected = StopKind.POWER_OFF if stop.kind is StopKind.POWER_OFF and "poweroff" in line else StopKind.BREAKPOINT
    _expect(machine, kernel, stop, spec, expected, f"{line!r} was typed at the shell")
    return printed_by(line, b"".join(machine.console.since(before)))


def _expect(machine: KernelMachine, kernel: Kernel, stop: StopReason, spec: RunSpec, kind: StopKind, goal: str) -> None:
    """The run has stopped for the right reason, with no oops on the way."""
    oopses = [] if spec.may_oops else machine.trace.of(Panicked)
    is_there = stop.kind is kind or (kind is StopKind.BREAKPOINT and stop.message.startswith("first picture"))
    if is_there and not oopses:
        return
    outcome = Outcome.TIMED_OUT if stop.kind in _TIMED_OUT else Outcome.CRASHED
    why = f"the run {spec.name!r} stopped early: {goal}, but {_why(stop) if not oopses else 'the kernel gave up'}"
    raise RunEndedError(outcome, why, tuple(stop_lines(machine, kernel, stop, oopses)))


def _why(stop: StopReason) -> str:
    return _WORDS.get(stop.kind, stop.message.rsplit(", at ", 1)[0])


def stop_lines(machine: KernelMachine, kernel: Kernel, stop: StopReason, oopses: list[Panicked]) -> list[ReportLine]:
    """What the reader needs to find the reason: the oops, where the processor is, the end of the console."""
    lines = [
        ReportLine(Mark.BAD, f"{event.message.strip()}: called by {event.by}", place_of(machine, kernel, event.by))
        for event in oopses
    ]
    if machine.last_fault is not None and oopses:
        lines.append(ReportLine(Mark.BAD, str(machine.last_fault), place_of(machine, kernel, machine.last_fault.pc)))
    where, text = machine.symbolize(stop.pc), _text_at(kernel, stop.pc)
    lines.append(
        ReportLine(
            Mark.BAD, f"{_why(stop)}, at {where}{f': {text}' if text else ''}", place_of(machine, kernel, stop.pc)
        )
    )
    tail = [line for line in console_lines(machine) if line.strip()][-TAIL_LINES:]
    return [*lines, *(ReportLine(Mark.PLAIN, f"console: {line}") for line in tail)]


def console_lines(machine: KernelMachine) -> tuple[str, ...]:
    """The lines on the console since reset."""
    text = b"".join(machine.console).decode("utf-8", "replace")
    return tuple(line.rstrip("\r") for line in text.split("\n"))


def place_of(machine: KernelMachine, kernel: Kernel, where: str | int) -> str:
    """See Run.place."""
    addr = _address(machine, where)
    place = None if addr is None else kernel.lines.line_at(addr)
    return "" if place is None else f"{place.file}:{place.line}"


def _text_at(kernel: Kernel, addr: int) -> str:
    place = kernel.lines.line_at(addr)
    return "" if place is None else " ".join((kernel.texts.line(place) or "").split())


def _address(machine: KernelMachine, where: str | int) -> int | None:
    if isinstance(where, int):
        return where
    symbol = machine.image.get(where.split("+")[0])
    return None if symbol is None else symbol.value
