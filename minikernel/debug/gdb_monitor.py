"""gdb's `monitor` commands: what the kernel knows of itself, in words. Text in, text out; an error is text too."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import fields
from enum import Enum
from pathlib import Path
from typing import NamedTuple

from minikernel.debug.module_names import is_in_memory
from minikernel.debug.view_texts import VIEWS, KernelView
from minikernel.elf.image import Image
from minikernel.errors import MinikernelError, UsageError, near_names
from minikernel.kernel.events import InitcallStarted
from minikernel.kernel.machine import KernelMachine
from minikernel.kernel.modules import Module
from minikernel.machine.events import Event
from minikernel.machine.inputs import CablePlug, ConsoleInput

EVENTS_SHOWN = 20
ADDRESS_FIELDS = frozenset({"pc", "address", "addr", "start", "end", "value", "before", "after"})
FLUSH_HINT = "The guest ran on to take it; gdb looks again after: maintenance flush register-cache\n"


class SymbolFiles(NamedTuple):
    """Where gdb finds symbols of modules: module_file(name) makes NAME.ko (raises UsageError for a module that is not
    ours), `script` is written with the commands that load them. `program` is the user program, /init; None without
    one. `image` is vmlinux, for the names of what runs before the MMU is on; None for no such names."""

    module_file: Callable[[str], Path]
    script: Path
    program: Path | None = None
    image: Path | None = None

    def write(self, commands: str = "") -> None:
        """The script: these commands, and those for what is always at the same place. gdb may have that already; it
        makes nothing of the second time."""
        program = "" if self.program is None else f"add-symbol-file {self.program}\n"
        self.script.parent.mkdir(parents=True, exist_ok=True)
        self.script.write_text(commands + program + self._head(), encoding="utf-8")

    def _head(self) -> str:
        """The kernel's first section once more, at the physical address at which it runs until the MMU is on."""
        if self.image is None:
            return ""
        entry = Image.from_bytes(self.image.read_bytes(), self.image.name).entry
        return f"add-symbol-file {self.image} -s .head.text {entry:#x}\n"


class Monitor:
    """run() is all. twin() gives a machine built the same, to ask things of that would move this one."""

    def __init__(self, machine: KernelMachine, twin: Callable[[], KernelMachine], files: SymbolFiles) -> None:
        self._machine = machine
        self._twin = twin
        self._files = files

    def run(self, line: str) -> str:
        """What a command says."""
        name, _, arguments = line.strip().partition(" ")
        command = COMMANDS.get(name or "help")
        try:
            if command is None:
                raise UsageError(f"no monitor command {name!r}{near_names(name, COMMANDS)} (monitor help lists them)")
            return "".join(command.run(self, arguments.strip()))
        except MinikernelError as error:
            return f"{error}\n"
        except OSError as error:  # the guest's errno, or the host's where a file is written
            return f"{error.filename}: {error.strerror}\n"

    # --- what there is ----------------------------------------------------------------------------------------

    def _initcalls(self, _arguments: str) -> Iterator[str]:
        machine = self._machine
        runs = {run.address: run for run in machine.initcalls}
        started = {event.address for event in machine.trace.of(InitcallStarted)}
        listed = [(call.level, call.name, call.address) for call in machine.tables_at_start]
        known = {address for _, _, address in listed}
        listed += [(run.level, run.name, run.address) for run in runs.values() if run.address not in known]
        for level, name, address in listed:
            run = runs.get(address)
            if run is not None:
                state = f"returned {run.returned} after {run.usecs} usecs"
            else:
                state = "runs" if address in started else "waits"
            yield f"{level:9} {name:24} {address:#010x}  {state}\n"

    def _modules(self, _arguments: str) -> Iterator[str]:
        modules = self._machine.modules
        for module in modules:
            users = ",".join(module.used_by) or "-"
            yield f"{module.name:16} {module.size:6} {module.refcount} {users} {module.state.value}"
            yield f" {min(memory.base for memory in module.memory):#010x}\n" if module.memory else "\n"
        if not modules:
            yield "no module is loaded\n"

    def _frees(self, _arguments: str) -> Iterator[str]:
        frees = self._machine.frees
        for free in frees:
            yield f"{_ms(free)}  {free.start:#010x}-{free.end:#010x}  {free.pages:4} pages  {free.what}, by {free.by}\n"
        if not frees:
            yield "nothing has been freed\n"

    def _events(self, arguments: str) -> Iterator[str]:
        count, name = EVENTS_SHOWN, ""
        for word in arguments.split():
            if word.isascii() and word.isdigit():
                count = int(word)
            else:
                name = word
        found = [event for event in self._machine.trace if name in ("", type(event).__name__)]
        if name and not found:
            seen = {type(event).__name__ for event in self._machine.trace}
            raise UsageError(f"no event {name!r} has happened{near_names(name, seen)}")
        if not found:
            yield "nothing has happened yet\n"
        for event in found[-count:] if count else ():
            yield f"{_ms(event)}  {_words(event)}\n"

    # --- /proc and the outside --------------------------------------------------------------------------------

    def _proc(self, arguments: str) -> Iterator[str]:
        path, _, text = arguments.partition(" ")
        if not path:
            raise UsageError("proc PATH reads a file of /proc, proc PATH TEXT writes to it")
        if text:
            self._machine.proc.write(path, text + "\n")
            yield FLUSH_HINT
            return
        twin = self._twin()
        twin.load(self._machine.save())
        text = twin.proc.read(path)
        yield text if text.endswith("\n") or not text else text + "\n"

    def _type(self, arguments: str) -> Iterator[str]:
        self._machine.inputs.push(ConsoleInput(arguments.encode() + b"\n"))
        yield "typed: the guest reads it when it goes on\n"

    def _plug(self, _arguments: str) -> Iterator[str]:
        self._machine.inputs.push(CablePlug(True))
        yield "the USB cable is in: the guest notices when it goes on\n"

    def _unplug(self, _arguments: str) -> Iterator[str]:
        self._machine.inputs.push(CablePlug(False))
        yield "the USB cable is out: the guest notices when it goes on\n"

    # --- symbols ----------------------------------------------------------------------------------------------

    def _symbols(self, _arguments: str) -> Iterator[str]:
        lines = []
        try:
            modules = self._machine.modules
        except MinikernelError as error:  # the MMU is off, or the list is just being changed
            modules = ()
            lines.append(f"# no list of modules now: {error}\n")
        for module in reversed(modules):
            try:
                lines.append(_add_symbol_file(module, self._files.module_file(module.name)))
            except UsageError as error:
                lines.append(f"# {module.name}: {error}\n")
        yield from lines
        if not lines:
            yield "# no module is loaded\n"
        program = self._files.program
        if program is not None:
            image = Image.from_bytes(program.read_bytes(), program.name)
            is_there = is_in_memory(self._machine, image)
            yield f"add-symbol-file {program}\n" if is_there else "# /init is not in memory now\n"
        self._files.write("".join(lines))
        yield f"# written to a script: source {self._files.script}\n"

    def _help(self, _arguments: str) -> Iterator[str]:
        for name, command in COMMANDS.items():
            yield f"{f'{name} {command.arguments}':24} {command.help}\n"


def _add_symbol_file(module: Module, path: Path) -> str:
    """gdb's command for the sections the module has now."""
    places = [
        f"-s {section.name} {section.address:#x}"
        for section in module.sections
        if any(section.address in memory for memory in module.memory)
    ]
    return f"add-symbol-file {path} {' '.join(places)}\n"


def _ms(event: Event) -> str:
    return f"{event.time_ns / 1e6:10.3f} ms"


def _words(event: Event) -> str:
    parts = [type(event).__name__]
    for field in fields(event):
        value = getattr(event, field.name)
        if field.name in ("icount", "time_ns"):
            continue
        if field.name in ADDRESS_FIELDS and isinstance(value, int):
            value = f"{value:#010x}"
        parts.append(f"{field.name}={value.value if isinstance(value, Enum) else value}")
    return " ".join(parts)


class _Command(NamedTuple):
    run: Callable[[Monitor, str], Iterator[str]]
    arguments: str
    help: str


def _view_command(view: KernelView) -> _Command:
    """One of view_texts.VIEWS."""

    def run(monitor: Monitor, arguments: str) -> Iterator[str]:
        if arguments:
            raise UsageError(f"monitor {view.name} takes no arguments: {arguments!r}")
        return (line + "\n" for line in view.lines(monitor._machine, None))

    return _Command(run, "", view.summary)


COMMANDS = {
    "initcalls": _Command(Monitor._initcalls, "", "every initcall: what it returned, or that it waits"),
    "modules": _Command(Monitor._modules, "", "the loaded modules: size, users, state, address"),
    "frees": _Command(Monitor._frees, "", "memory given back so far"),
    "events": _Command(Monitor._events, "[N] [NAME]", f"the last {EVENTS_SHOWN} (or N) events, or those of a kind"),
    "proc": _Command(Monitor._proc, "PATH [TEXT]", "read a file of /proc, or write to it (then the guest runs on)"),
    **{view.name: _view_command(view) for view in VIEWS if view.name != "proc"},
    "symbols": _Command(Monitor._symbols, "", "gdb commands for symbols of loaded modules and /init, also as a script"),
    "type": _Command(Monitor._type, "TEXT", "a line for the guest's shell"),
    "plug": _Command(Monitor._plug, "", "put the USB cable in"),
    "unplug": _Command(Monitor._unplug, "", "pull the USB cable out"),
    "help": _Command(Monitor._help, "", "this list"),
}
