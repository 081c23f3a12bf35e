"""The Debugger: what debug/__init__.py promises, put together from the parts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from minikernel.bits import align_down, u32
from minikernel.debug import event_stops
from minikernel.debug.backward import Backward
from minikernel.debug.disassembly import SIZE, Instruction
from minikernel.debug.event_stops import WhatHappens
from minikernel.debug.expression import parse
from minikernel.debug.forward import Forward
from minikernel.debug.history import Historian, MemoryHistory
from minikernel.debug.session import LR, PC, REGISTER_NUMBERS, SP, Registers, Session
from minikernel.debug.stop_points import PointKind, StopPoint
from minikernel.debug.stops import AccessKind, Stop, StopCause
from minikernel.debug.symbols import Symbols
from minikernel.debug.timeline import DEFAULT_MEMORY_LIMIT, Here, Recording, Timeline
from minikernel.debug.triggers import AccessTrigger, ReachTrigger
from minikernel.errors import MinikernelError, UsageError, near_names
from minikernel.kernel.backtrace import MAX_FRAMES, Backtrace, Frame
from minikernel.machine.exceptions import CPSR_MODE, Mode
from minikernel.machine.machine import Machine
from minikernel.machine.stop import StopReason
from minikernel.showing import Card, moment

STACK_ALIGNMENT = 8
REGISTER_ARGUMENTS = 4
CALLERS_SHOWN = 5
CALL_BUDGET = 100_000_000  # instructions

READS = frozenset({AccessKind.READ})
WRITES = frozenset({AccessKind.WRITE})
BOTH = READS | WRITES


@dataclass(frozen=True)
class Checkpoint:
    """A named moment."""

    name: str
    icount: int
    time_ns: int
    where: str


@dataclass(frozen=True)
class Write:
    """Who last wrote: the store's address range, value before and after, its instruction and who called that."""

    addr: int
    size: int
    old: int
    new: int
    pc: int
    where: str
    icount: int
    time_ns: int
    frames: tuple[Frame, ...]


class CallError(MinikernelError):
    """A guest function that the debugger called did not return. The machine is back where it was before, as if nothing
    had been called. `stop` is where it stopped."""

    def __init__(self, name: str, stop: Stop) -> None:
        self.stop = stop
        super().__init__(f"{name} did not return: {stop}")


class Debugger(Card):
    """See debug/__init__.py. Records `machine` from now on; memory_limit: bytes the record may take, about."""

    def __init__(
        self, machine: Machine, *, memory_limit: int = DEFAULT_MEMORY_LIMIT, symbols: Symbols | None = None
    ) -> None:
        self.machine = machine
        self.symbols = Symbols(machine.image) if symbols is None else symbols
        self.timeline = Timeline(machine, memory_limit)
        self._session = Session(machine, self.timeline, self.symbols)
        self._forward = Forward(self._session)
        self._backward = Backward(self._session)
        self._points = self._session.points
        self._historian = Historian(machine, self.symbols.memory_name, self._session.poisons)
        self._checkpoints: dict[str, Here] = {}
        self._places: dict[str, Checkpoint] = {}

    def __repr__(self) -> str:
        machine = self.machine
        return f"<Debugger at {self.symbolize(machine.cpu.pc)}, {moment(machine.time_ns, machine.icount)}>"

    def card(self) -> dict[str, str]:
        """For IPython."""
        position, record = self.position, self.recording
        line = self.symbols.line_at(position.pc)
        points = [f"{point.number}: {point.kind.value} {point.what}" for point in self.stop_points]
        return {
            "at": f"{position.pc:#010x} <{position.where}>" + (f", {line}" if line else ""),
            "moment": moment(position.time_ns, position.icount),
            "record": f"instructions {record.start:,} to {record.end:,}, about {record.size / 2**20:,.1f} MiB",
            "stop points": "\n".join(points) or "none",
            "backtrace": " <- ".join(frame.symbol for frame in self.backtrace(CALLERS_SHOWN)),
        }

    @property
    def budget(self) -> int | None:
        """Instructions that a move forward may take at most; None (at first) for no end but Ctrl-C."""
        return self._forward.budget

    @budget.setter
    def budget(self, instructions: int | None) -> None:
        self._forward.budget = instructions

    # --- forward ----------------------------------------------------------------------------------------------

    def step(self, count: int = 1) -> Stop:
        """Execute so many instructions. An interrupt that is pending is taken first: the step is then the first
        instruction of its handler."""
        return self._forward.step(_positive(count))

    def next(self, count: int = 1) -> Stop:
        """The same, but calls, system calls and interrupts run to their end."""
        return _repeated(self._forward.next, count)

    def step_line(self, count: int = 1) -> Stop:
        """To the beginning of another source line, so many times; into calls, but interrupts run to their end."""
        return _repeated(self._forward.step_line, count)

    def next_line(self, count: int = 1) -> Stop:
        """The same, but calls and system calls run to their end."""
        return _repeated(self._forward.next_line, count)

    def finish(self) -> Stop:
        """Run until the current function has returned; `result` is r0. Raises UsageError in the outermost one."""
        return self._forward.finish()

    def until(self, where: str | int) -> Stop:
        """Run until a place is reached (StopCause.ARRIVED). Raises as places()."""
        return self._forward.until(self.places(where))

    def cont(self) -> Stop:
        """Run until something stops the machine."""
        return self._forward.run()

    # --- backward ---------------------------------------------------------------------------------------------

    def step_back(self, count: int = 1) -> Stop:
        """Undo so many instructions."""
        return self._backward.step(_positive(count))

    def reverse_next(self, count: int = 1) -> Stop:
        """The same, but calls, system calls and interrupts are undone whole."""
        return _repeated(self._backward.next, count)

    def step_line_back(self, count: int = 1) -> Stop:
        """To the beginning of the source line that was executed before, or of this one; so many times."""
        return _repeated(self._backward.step_line, count)

    def reverse_next_line(self, count: int = 1) -> Stop:
        """The same, but calls, system calls and interrupts are undone whole."""
        return _repeated(self._backward.next_line, count)

    def reverse_finish(self) -> Stop:
        """Back to the call of the current function. Raises UsageError in the outermost one."""
        return self._backward.finish()

    def reverse_until(self, where: str | int) -> Stop:
        """Back to the last time a place was reached. Raises as places()."""
        return self._backward.until(self.places(where))

    def reverse_cont(self) -> Stop:
        """Back to the last hit of a stop point; for a watchpoint, to just before the access."""
        return self._backward.cont()

    # --- anywhere in time -------------------------------------------------------------------------------------

    def goto(self, icount: int) -> Stop:
        """To the moment when so many instructions have begun."""
        return self._arrived(self.timeline.goto(icount), is_early=icount < self.timeline.start)

    def goto_time(self, time_ns: int) -> Stop:
        """To a virtual time."""
        reason = self.timeline.goto_time(time_ns)
        return self._arrived(reason, is_early=self.machine.time_ns > time_ns and self._is_at_start)

    def goto_start(self) -> Stop:
        """To the first moment recorded."""
        return self.goto(self.timeline.start)

    def goto_end(self) -> Stop:
        """To the last moment recorded, as it was left."""
        self.timeline.goto_end()
        return self._session.stop(StopCause.ARRIVED, "the end of the record")

    def checkpoint(self, name: str) -> Checkpoint:
        """Give the present a name; another moment of that name is forgotten."""
        machine = self.machine
        place = Checkpoint(name, machine.icount, machine.time_ns, self.symbols.symbolize(machine.cpu.pc))
        self._checkpoints[name] = self.timeline.keep_here()
        self._places[name] = place
        return place

    @property
    def checkpoints(self) -> tuple[Checkpoint, ...]:
        """In the order they were made."""
        return tuple(self._places.values())

    def restore(self, name: str) -> Stop:
        """Be at a checkpoint again; in a future that was given up too: it is then the record. Raises UsageError."""
        self.timeline.come_back(self._checkpoint(name))
        return self._session.stop(StopCause.ARRIVED, f"checkpoint {name}")

    def delete_checkpoint(self, name: str) -> None:
        """Forget it. Raises UsageError."""
        self._checkpoint(name)
        del self._checkpoints[name], self._places[name]

    @property
    def recording(self) -> Recording:
        """How far the record reaches, and its size."""
        return self.timeline.recording

    @property
    def position(self) -> Stop:
        """Where the machine stands."""
        return self._session.stop(StopCause.ARRIVED, "here")

    def _checkpoint(self, name: str) -> Here:
        if name not in self._checkpoints:
            raise UsageError(f"no checkpoint {name!r}{near_names(name, self._checkpoints)}")
        return self._checkpoints[name]

    @property
    def _is_at_start(self) -> bool:
        return self.machine.icount == self.timeline.start

    def _arrived(self, reason: StopReason | None, is_early: bool) -> Stop:
        if is_early:
            return self._session.stop(StopCause.START, "the record begins here: it does not go further back")
        if reason is not None:
            return self._session.stop_of_machine(reason, StopCause.ARRIVED)
        return self._session.stop(StopCause.ARRIVED, "arrived")

    # --- stop points ------------------------------------------------------------------------------------------

    def break_at(
        self,
        where: str | int,
        *,
        condition: str = "",
        ignore: int = 0,
        limit: int | None = None,
        anywhere: bool = False,
    ) -> StopPoint:
        """Stop before the instruction at a place. Raises as places(); ExpressionError for the condition; UsageError
        for an address that holds no code now and will not, unless it may be `anywhere`: going back, code freed since
        is there again."""
        former = self._former(where)
        if former is not None:
            self._check_breakable(former)
        addresses = self.places(where)
        for addr in () if anywhere else addresses:
            self._check_breakable(addr)
        self._session.check_condition(condition)
        text = where if isinstance(where, str) else self.symbols.symbolize(where)
        view = StopPoint(0, PointKind.BREAKPOINT, text, addresses[0], 0, condition, ignore, limit)
        return self._points.add(view, ReachTrigger(self.machine, addresses, self.symbols.symbolize(addresses[0])))

    def watch(
        self,
        where: str | int,
        size: int | None = None,
        kinds: frozenset[AccessKind] = WRITES,
        *,
        condition: str = "",
        ignore: int = 0,
        limit: int | None = None,
    ) -> StopPoint:
        """Stop behind each store (or load, by `kinds`) that touches [where, where + size); going backward, before it.
        Conditions may use $old and $new. `size` None: that of the symbol if it is 1, 2 or 4, else 4.

        The store is watched where the address is mapped now, under any other address too. Raises as places();
        UsageError for what is not RAM.
        """
        addr, size = self._range(where, size)
        self._session.check_condition(condition, is_of_access=True)
        trigger = self._access_trigger(addr, size, kinds)
        text = f"{where if isinstance(where, str) else self.symbols.symbolize(addr)}, {size} bytes"
        view = StopPoint(0, PointKind.WATCHPOINT, text, addr, size, condition, ignore, limit)
        return self._points.add(view, trigger)

    def stop_on(
        self, what: WhatHappens, *, condition: str = "", ignore: int = 0, limit: int | None = None
    ) -> StopPoint:
        """Stop when something happens: a value of event_stops.py. Raises UsageError, ExpressionError."""
        self._session.check_condition(condition)
        trigger = event_stops.trigger_of(what, self.machine, self.symbols.symbolize)
        text = event_stops.describe(what)
        return self._points.add(StopPoint(0, PointKind.EVENT, text, None, 0, condition, ignore, limit), trigger)

    @property
    def stop_points(self) -> tuple[StopPoint, ...]:
        """All of them, as they are now."""
        return self._points.all()

    def point(self, number: int) -> StopPoint:
        """One of them. Raises UsageError."""
        return self._points.get(number)

    def delete(self, number: int) -> None:
        """Raises UsageError."""
        self._points.delete(number)

    def enable(self, number: int) -> StopPoint:
        """Raises UsageError."""
        return self._points.enable(number, True)

    def disable(self, number: int) -> StopPoint:
        """Raises UsageError."""
        return self._points.enable(number, False)

    def change(self, number: int, *, condition: str | None = None, ignore: int | None = None) -> StopPoint:
        """Another condition ("" for none) or ignore count. Raises UsageError, ExpressionError."""
        is_of_access = self._points.get(number).kind is PointKind.WATCHPOINT
        self._session.check_condition(condition or "", is_of_access=is_of_access)
        return self._points.change(number, condition, ignore)

    def _check_breakable(self, addr: int) -> None:
        where = f"{addr:#010x} ({self.symbols.memory_name(addr)})"
        if addr % SIZE:
            raise UsageError(f"no breakpoint at {where}: instructions stand at multiples of {SIZE}")
        freed = self.history(addr).freed
        if freed is not None and not self.timeline.is_rerun:
            when = f"{freed.time_ns / 1e6:.1f} ms"
            raise UsageError(f"no breakpoint at {where}: that memory was freed at {when} by {freed.by}")
        if self.symbols.symbolize(addr).startswith("0x") and self.machine.physical(addr) is None:
            raise UsageError(f"no breakpoint at {where}: nothing is mapped there")

    def _range(self, where: str | int, size: int | None) -> tuple[int, int]:
        addr = self.address(where)
        if size is None:
            known = self.symbols.size(where) if isinstance(where, str) else 0
            size = known if known in (1, 2, 4) else 4
        if size < 1:
            raise UsageError(f"{size} bytes cannot be watched")
        return addr, size

    def _access_trigger(self, addr: int, size: int, kinds: frozenset[AccessKind]) -> AccessTrigger:
        paddr = self.machine.physical(addr)
        if paddr is None or not self.machine.ram.holds(paddr, size):
            paddr = self._load_address(addr, size)
        return AccessTrigger(self.machine, addr, paddr, size, kinds, self.symbols.symbolize(addr))

    def _load_address(self, addr: int, size: int) -> int:
        """Where the image was loaded: for addresses that are not mapped yet, or no longer."""
        for segment in self.machine.image.segments:
            paddr = segment.paddr + addr - segment.vaddr
            if segment.vaddr <= addr < segment.vaddr + segment.memsz and self.machine.ram.holds(paddr, size):
                return paddr
        raise UsageError(f"{addr:#010x} cannot be watched: no RAM is mapped there")

    # --- looking ----------------------------------------------------------------------------------------------

    def registers(self) -> Registers:
        """Of the current mode."""
        return self._session.registers()

    def read(self, addr: int, size: int) -> bytes:
        """Guest memory at a virtual address. Raises GuestMemoryError."""
        return self.machine.read(addr, size)

    def read_word(self, addr: int) -> int:
        """A word of it. Raises GuestMemoryError."""
        return self.machine.read_word(addr)

    def evaluate(self, text: str) -> int:
        """The value of an expression (expression.py). Raises ExpressionError, GuestMemoryError."""
        return self._session.value(parse(text))

    def keep_value(self, value: int) -> int:
        """Give a value the next number in the value history, and that number: `$3` in an expression is the third, `$`
        the last, `$$` the one before it, `$$n` the n-th before the last."""
        self._session.values.append(u32(value))
        return len(self._session.values)

    @property
    def values(self) -> tuple[int, ...]:
        """The value history; $1 is the first. It stays whatever moment the machine is taken to."""
        return tuple(self._session.values)

    def address(self, where: str | int) -> int:
        """The first of places(); of code that runs before the MMU is on, the address it was linked at."""
        if isinstance(where, str) and self.symbols.file_line(where) is None:
            return self.evaluate(where.strip().removeprefix("*"))
        return self.places(where)[0]

    def places(self, where: str | int) -> tuple[int, ...]:
        """The addresses of a place: an address, file:line, or an expression such as `do_initcalls+0x14`; a leading *
        before the whole is allowed, as in gdb. Code that runs before the MMU is on has its physical address first.
        Raises UsageError, ExpressionError, GuestMemoryError."""
        if isinstance(where, int):
            return (u32(where),)
        lines = self.symbols.file_line(where)
        if lines is not None:
            return lines
        addr = self.evaluate(where.strip().removeprefix("*"))
        loaded = self.symbols.loaded_at(addr)
        return (addr,) if loaded is None else (loaded, addr)

    def symbolize(self, addr: int) -> str:
        """symbol+offset."""
        return self.symbols.symbolize(addr)

    def disassemble(self, where: str | int | None = None, count: int = 10) -> tuple[Instruction, ...]:
        """Instructions from a place on; None: from the pc."""
        addr = self.machine.cpu.pc if where is None else self.address(where)
        return tuple(self._session.instruction(u32(addr + SIZE * index)) for index in range(count))

    def backtrace(self, limit: int = MAX_FRAMES) -> Backtrace:
        """Who called whom, the current function first."""
        return Backtrace(self._session.frames(limit))

    def last_writer(self, where: str | int, size: int | None = None) -> Write | None:
        """Who last stored to [where, where + size); None: nobody since the record began. Nothing moves. Raises as
        watch()."""
        addr, size = self._range(where, size)
        here = self.timeline.keep_here()
        hit = self._backward.last(self._access_trigger(addr, size, WRITES))
        if hit is None or hit.occurrence.access is None:
            return None
        access, machine = hit.occurrence.access, self.machine
        pc = machine.cpu.pc
        write = Write(
            addr,
            size,
            access.old,
            access.new,
            pc,
            self.symbolize(pc),
            machine.icount,
            machine.time_ns,
            self.backtrace(),
        )
        self.timeline.come_back(here)
        return write

    def history(self, where: str | int) -> MemoryHistory:
        """What happened to memory; also to that of a symbol that has gone with it. Raises as places()."""
        former = self._former(where)
        return self._historian.history(self.address(where) if former is None else former)

    def _former(self, where: str | int) -> int | None:
        """Where a symbol was that has gone with its memory; None for everything else."""
        if isinstance(where, int) or self.symbols.value(where.strip()) is not None:
            return None
        return self.symbols.former_value(where.strip())

    def explain(self) -> str | None:
        """Why the last fault happened, when freed memory was used; None when there is no such thing to say."""
        fault = self.machine.last_fault
        return None if fault is None else self._historian.explain(fault, self.backtrace())

    # --- changing ---------------------------------------------------------------------------------------------

    def set_register(self, name: str, value: int) -> None:
        """R0-R15 by any name, or cpsr. In the past this begins a new future. Raises UsageError."""
        cpu = self.machine.cpu
        key = name.lower().removeprefix("$")
        number = REGISTER_NUMBERS.get(key)
        if key == "cpsr":
            cpu.cpsr = value
        elif number is None:
            raise UsageError(f"no register {name!r}{near_names(key, (*REGISTER_NUMBERS, 'cpsr'))}")
        elif number == PC:
            cpu.pc = value
        else:
            cpu.set_r(number, value)
        self.timeline.changed()

    def write(self, addr: int, data: bytes) -> None:
        """Change guest memory. In the past this begins a new future. Raises GuestMemoryError, nothing changed."""
        self.machine.write(addr, data)
        self.timeline.changed()

    def call(self, where: str | int, *arguments: int) -> int:
        """Run a guest function in the kernel, now, with words for arguments (AAPCS32: four in registers, the rest on
        the stack); its r0. Registers are as before; what it did to memory stays, and the time it took. Stop points are
        silent. Raises UsageError outside the kernel, CallError, GuestMemoryError where there is no stack.
        """
        machine, cpu = self.machine, self.machine.cpu
        target, here = self.address(where), cpu.pc
        self._check_callable()
        kept = self.timeline.keep_here()
        before, sp = cpu.save(), _pass(machine, arguments)
        cpu.set_r(SP, sp)
        cpu.set_r(LR, here)
        cpu.pc = target
        trigger = ReachTrigger(machine, [here], "the call has returned")
        with self._points.silent(), self._points.also(trigger, decide=lambda _: cpu.sp == sp):
            stop = self._forward.run(CALL_BUDGET)
        if stop.cause is not StopCause.ARRIVED:
            self.timeline.come_back(kept)
            self.timeline.forget_future()
            raise CallError(self.symbolize(target), stop)
        result = cpu.r(0)
        cpu.load(before)
        self.timeline.changed()
        return result

    def _check_callable(self) -> None:
        mode = self.machine.cpu.cpsr & CPSR_MODE
        if mode != Mode.SVC:
            raise UsageError(f"functions of the kernel are called in SVC mode; this is {self.registers().mode} mode")


def _pass(machine: Machine, arguments: tuple[int, ...]) -> int:
    """Put arguments where the AAPCS32 wants them; the sp to call with. Raises GuestMemoryError, nothing changed."""
    in_registers, on_stack = arguments[:REGISTER_ARGUMENTS], arguments[REGISTER_ARGUMENTS:]
    sp = align_down(machine.cpu.sp - 4 * len(on_stack), STACK_ALIGNMENT)
    if on_stack:
        machine.write(sp, b"".join(u32(word).to_bytes(4, "little") for word in on_stack))
    for number, value in enumerate(in_registers):
        machine.cpu.set_r(number, u32(value))
    return sp


def _positive(count: int) -> int:
    if count < 1:
        raise UsageError(f"a move takes 1 step or more, not {count}")
    return count


def _repeated(move: Callable[[], Stop], count: int) -> Stop:
    """A move so many times, or until another thing than it stops the machine."""
    stop = move()
    for _ in range(_positive(count) - 1):
        if stop.cause is not StopCause.STEP:
            break
        stop = move()
    return stop
