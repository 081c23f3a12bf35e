"""KernelMachine: the machine with the guest kernel's words.

Everything it says is read from the trace, the inputs or guest memory at the moment of asking. It keeps no copy of the
guest's state, so a machine set back to an older snapshot answers for that moment.
"""

from __future__ import annotations

import os
from collections.abc import Collection

from minikernel.board.desktop import Download
from minikernel.elf.image import Image
from minikernel.errors import MinikernelError, UsageError, near_names
from minikernel.kernel.call import CALL_BUDGET, Argument, call_function, run_to_safe_point
from minikernel.kernel.events import ConsoleWait, Frees, InitcallFinished, MemoryFreed, Milestone, MilestoneName
from minikernel.kernel.initcalls import InitcallRun, Initcalls
from minikernel.kernel.insmod import FindModule, ModuleCommands
from minikernel.kernel.module_tracing import ModuleTracer
from minikernel.kernel.proc import Proc
from minikernel.kernel.tracing import KernelTracer
from minikernel.kernel.tty import CONSOLE_WAIT, ends_line, printed_by, typed_line
from minikernel.kernel.views import KernelViews
from minikernel.machine.events import Event
from minikernel.machine.inputs import ConsoleInput
from minikernel.machine.stop import StopKind, StopReason
from minikernel.showing import Card, moment

#: Names of `until` besides symbols: where the machine stops for them.
STOP_SYMBOLS = {"userspace": "enter_user_mode", "shell": CONSOLE_WAIT}
STOP_MILESTONES = {"first_picture": MilestoneName.FIRST_PICTURE}

#: Instructions that one answer of the guest may take: a line for the shell, a request of the proc window.
ANSWER_BUDGET = 1_000_000_000


class GuestStoppedError(MinikernelError):
    """The guest stopped where something was still expected of it; `stop` says why."""

    def __init__(self, expected: str, stop: StopReason) -> None:
        self.stop = stop
        super().__init__(f"{expected}, but the machine stopped: {stop}")


class KernelMachine(KernelViews, Card):
    """A machine that runs our kernel. Takes what Machine takes.

    `untraced` has a sentence for each probed function the image lacks; `stop` is why the last run ended.
    """

    def __init__(
        self,
        image: Image,
        *,
        cmdline: str = "",
        initrd: bytes = b"",
        ram_size: int = 16 << 20,
        scene: bytes = b"",
        flash: bytes | None = None,
        clock_hz: int = 100_000_000,
    ) -> None:
        super().__init__(
            image,
            cmdline=cmdline,
            initrd=initrd,
            ram_size=ram_size,
            scene=scene,
            flash=flash,
            clock_hz=clock_hz,
        )
        self._module_commands = ModuleCommands(self)
        self._tracer = KernelTracer(self, self.symbolize)
        self._awaited: MilestoneName | None = None
        self.stop: StopReason | None = None
        self.last_icount: int | None = None
        self.last_ns: int | None = None
        """No run goes on beyond these, whoever asks: instructions and virtual time since reset; None: no limit."""
        self.untraced = self._tracer.attach() + ModuleTracer(self, self._module_reader).attach()
        self.trace.watchers.append(self._noticed)
        self.board.desktop.on_download = self._downloaded
        self.proc = Proc(self)

    def __repr__(self) -> str:
        return f"<KernelMachine at {self._place}, {moment(self.time_ns, self.icount)}>"

    def card(self) -> dict[str, str]:
        """For IPython."""
        freed = sum(free.pages for free in self.frees)
        return {
            "at": f"{self.cpu.pc:#010x} <{self._place}>",
            "moment": moment(self.time_ns, self.icount),
            "initcalls": f"{len(self.initcalls)} have returned",
            "freed": f"{freed} pages",
            "milestones": ", ".join(name.value for name in self.milestones) or "none yet",
            "picture": "none yet" if self.picture is None else repr(self.picture),
            "stopped by": "nothing" if self.stop is None else str(self.stop),
        }

    @property
    def _place(self) -> str:
        """The pc as symbol+offset, also where the list of modules cannot be read now."""
        try:
            return self.symbolize(self.cpu.pc)
        except MinikernelError:
            return self.image.symbolize(self.cpu.pc)

    # --- running ------------------------------------------------------------------------------------------------------

    def run(
        self,
        *,
        until: str | int | Collection[int | str] = (),
        max_instructions: int | None = None,
        until_ns: int | None = None,
    ) -> StopReason:
        """As Machine.run; `until` may also be one of "userspace", "shell", "first_picture", a symbol, or several.

        Raises UsageError for a name that is none of these.
        """
        wanted = (until,) if isinstance(until, str | int) else until
        self._awaited = next((STOP_MILESTONES[name] for name in wanted if name in STOP_MILESTONES), None)
        addresses = [self._address(place) for place in wanted if place not in STOP_MILESTONES]
        return self._run(addresses, max_instructions, until_ns)

    def run_to_milestone(
        self, name: MilestoneName, *, max_instructions: int | None = None, until_ns: int | None = None
    ) -> StopReason:
        """Run until the milestone is reached (StopKind.PROBE), or something else stops the machine."""
        self._awaited = name
        return self._run((), max_instructions, until_ns)

    def _run(self, addresses: Collection[int], max_instructions: int | None, until_ns: int | None = None) -> StopReason:
        if self.last_icount is not None:
            max_instructions = _least(max_instructions, max(0, self.last_icount - self.icount))
        try:
            until_ns = _least(until_ns, self.last_ns)
            self.stop = super().run(until=addresses, max_instructions=max_instructions, until_ns=until_ns)
        finally:
            self._awaited = None
        return self.stop

    def _address(self, place: str | int) -> int:
        if isinstance(place, int):
            return place
        symbol = self.image.get(STOP_SYMBOLS.get(place, place))
        if symbol is None:
            known = (*STOP_SYMBOLS, *STOP_MILESTONES, *(each.name for each in self.image.symbols))
            raise UsageError(f"cannot run until {place!r}: no such place or symbol{near_names(place, known)}")
        return symbol.value

    def _noticed(self, event: Event) -> None:
        if isinstance(event, Milestone) and event.name is self._awaited:
            self.request_stop(event.name.value.replace("_", " "))

    def _downloaded(self, download: Download) -> None:
        detail = f"{download.name}, {len(download.data):,} bytes"
        self._tracer.milestone(MilestoneName.PICTURE_DOWNLOADED, self.icount, self.time_ns, detail)

    # --- what the kernel did ------------------------------------------------------------------------------------------

    @property
    def picture(self) -> Download | None:
        """What the desktop has downloaded; None while it has nothing."""
        return self.board.desktop.download

    @property
    def initcalls(self) -> Initcalls:
        """Every initcall that has returned, in the order they were called."""
        return Initcalls(
            InitcallRun(each.name, each.level, each.address, each.called_ns // 1000, each.returned, each.usecs)
            for each in self.trace.of(InitcallFinished)
        )

    @property
    def frees(self) -> Frees:
        """Every piece of memory given back to the page allocator by free_reserved_area."""
        return Frees(self.trace.of(MemoryFreed))

    @property
    def milestones(self) -> dict[MilestoneName, Milestone]:
        """The moments reached so far."""
        return {event.name: event for event in self.trace.of(Milestone)}

    def milestone_us(self, name: MilestoneName) -> int | None:
        """When it was reached, microseconds since reset; None when it was not."""
        reached = self.milestones.get(name)
        return None if reached is None else reached.time_ns // 1000

    # --- modules ------------------------------------------------------------------------------------------------------

    def know_modules(self, find: FindModule) -> None:
        """Let insmod find modules by name: `find` gives the bytes of a .ko."""
        self._module_commands.find = find

    def insmod(self, what: str | os.PathLike[str], parameters: str = "", force: bool = False) -> None:
        """Load a module: a file NAME.ko of the host, or the name of an example or of a driver set to m.

        The file goes through the proc window into the guest's /tmp, and the guest's finit_module loads it. `force`:
        neither the CRCs of symbols nor vermagic matter. Raises OSError with the guest's errno and what its log said,
        or with the host's for a file it cannot read; UsageError for a name there is not; NoAnswerError.
        """
        self._module_commands.insmod(what, parameters, force)

    def rmmod(self, name: str, force: bool = False) -> None:
        """Take a module out; `force` also one that is in use or has no exit. Raises OSError with the guest's errno,
        NoAnswerError."""
        self._module_commands.rmmod(name, force)

    def call(self, function: str | int, *arguments: Argument) -> tuple[int, int]:
        """Call a function of the kernel or of a module in kernel mode; its (r0, r1), unsigned.

        Runs to the shell first where that is not reached. Arguments are words, or bytes and texts, whose address is
        passed and which are gone afterwards. A function that does not return is a GuestFaultError with the oops, and
        the machine is as it was before. Raises UsageError for a name there is not.
        """
        name = function if isinstance(function, str) else self.symbolize(function)
        self._run_to_prompt(f"{name} was to be called", CALL_BUDGET)
        stop = run_to_safe_point(self)
        if stop is not None:
            raise GuestStoppedError(f"{name} was to be called", stop)
        return call_function(self, name, self._function_address(function), arguments)

    def _function_address(self, function: str | int) -> int:
        if isinstance(function, int):
            return function
        known = self.image.get(function)
        if known is not None:
            return known.value
        symbols = {symbol.name: symbol.address for module in self.modules for symbol in module.symbols}
        if function not in symbols:
            names = (*symbols, *(symbol.name for symbol in self.image.symbols))
            raise UsageError(f"no function {function!r}{near_names(function, names)}")
        return symbols[function]

    # --- talking to it ------------------------------------------------------------------------------------------------

    @property
    def waits_for_line(self) -> bool:
        """A program reads the console and no line has been typed since."""
        waits = self.trace.of(ConsoleWait)
        if not waits:
            return False
        inputs = (*self.inputs.delivered, *self.inputs.waiting)
        return not any(
            isinstance(each.input, ConsoleInput) and ends_line(each.input.characters)
            for each in inputs
            if each.icount >= waits[-1].icount
        )

    def shell(self, line: str, max_instructions: int = ANSWER_BUDGET) -> str:
        """Type a line at the guest's shell, run until it waits for the next one; what it printed.

        Runs to the shell first where that is not reached. Raises GuestStoppedError when the machine stops for another
        reason than power-off, ValueError for text that is no single line.
        """
        typed = typed_line(line)
        self._run_to_prompt(f"{line!r} was to be typed", max_instructions)
        before = len(self.console)
        self.inputs.push(ConsoleInput(typed))
        stop = self._run([self.image.address(CONSOLE_WAIT)], max_instructions)
        if stop.kind not in (StopKind.BREAKPOINT, StopKind.POWER_OFF, StopKind.RESET):
            raise GuestStoppedError(f"{line!r} was typed and the prompt was to come back", stop)
        return printed_by(line, b"".join(self.console.since(before)))

    def _run_to_prompt(self, expected: str, max_instructions: int) -> None:
        if self.waits_for_line:
            return
        stop = self._run([self.image.address(CONSOLE_WAIT)], max_instructions)
        if stop.kind is not StopKind.BREAKPOINT:
            raise GuestStoppedError(expected, stop)


def _least(one: int | None, other: int | None) -> int | None:
    return min((each for each in (one, other) if each is not None), default=None)
