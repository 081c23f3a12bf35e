"""The machine: one processor, RAM, the camera board, virtual time. `run()` is the table of contents.

Everything that happens between two instructions happens in `_boundary()`, in one fixed order, so that a run is a
function of the image and the stamped inputs alone: how it is cut into slices, where it stops, what is probed and
whether it was saved and loaded in between changes nothing that the guest can see.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

from minikernel.board.board import Board
from minikernel.elf.image import Image
from minikernel.machine import boot_loader, ctrl_c
from minikernel.machine.bus import Bus, OnAccess
from minikernel.machine.clock import VirtualClock
from minikernel.machine.cpu import Callbacks, Cpu, OnMemoryAccess, SliceEnd
from minikernel.machine.events import (
    ConsoleOutput,
    Event,
    InputDelivered,
    Interrupt,
    PowerRequest,
    UnassignedAccess,
)
from minikernel.machine.exception_unit import ExceptionUnit
from minikernel.machine.exceptions import (
    CPSR_I,
    ExceptionKind,
)
from minikernel.machine.guest_memory import GuestMemory, GuestMemoryError
from minikernel.machine.inputs import Input, InputQueue, StampedInput
from minikernel.machine.log import Log
from minikernel.machine.mmu import PAGE_MASK, PAGE_SIZE, Access, ControlRegisters
from minikernel.machine.pc_watch import PcWatch
from minikernel.machine.probes import ARGUMENTS, Hit, OnHit, OpenCall, Probe, Probes
from minikernel.machine.ram import Ram
from minikernel.machine.recorder import Recorder
from minikernel.machine.sensitive import run_start
from minikernel.machine.snapshot import Snapshot
from minikernel.machine.state_hash import hash_values
from minikernel.machine.stop import Fault, StopKind, StopReason
from minikernel.machine.trace import Trace
from minikernel.machine.translation import Translation

RAM_BASE = 0x8000_0000
DEFAULT_CLOCK_HZ = 100_000_000

MAX_SLICE = 2_000_000  # instructions; bounds how long Ctrl-C waits
MAX_SLEEPS = 100_000  # device events in a row that do not wake a sleeping processor

PERMISSION_LETTERS = (("r", Access.READ), ("w", Access.WRITE), ("x", Access.EXECUTE))
BRANCH_TO_PREVIOUS = 0xEAFF_FFFD  # b . - 4


__all__ = ["GuestMemoryError", "Machine"]


class Machine:
    """See the head of this file. Sizes in bytes; `flash` None is an erased flash, empty `scene` the drawn one.

    Raises ImageError or UsageError when image, RAM disk, command line, scene or flash do not fit.
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
        clock_hz: int = DEFAULT_CLOCK_HZ,
    ) -> None:
        self.image = image
        self.ram = Ram(RAM_BASE, ram_size)
        registers = boot_loader.load(image, self.ram, cmdline, initrd)

        self.cpu = Cpu()
        self.clock = VirtualClock(clock_hz, self.cpu.executed)
        self.board = Board(
            self.clock, scene=scene or None, flash=flash, ram_size=ram_size, access_log=self._unassigned_access
        )
        self.inputs = InputQueue(self._input_moment, self._input_pushed)
        self.trace = Trace()
        self.console = Log[bytes]()
        self.on_console: list[Callable[[bytes], None]] = []
        self.missing_probes: list[str] = []
        self.recorder: Recorder | None = None
        self.is_interrupted = False
        """Set it, from another thread too, to end the run that goes or comes next with StopKind.INTERRUPTED; that takes
        it back."""

        self._watch = PcWatch(self.cpu)
        self._translation = Translation(self.cpu, self.ram, self._watch, lambda: self.board.irq_pending)
        self._exceptions = ExceptionUnit(
            self.cpu,
            self._translation,
            self._watch,
            self.clock,
            self.trace,
            image.symbolize,
            self._locked_up,
        )
        self._bus = Bus(self.cpu, self.board, self.ram, self.clock, self._power_requested)
        self._memory = GuestMemory(self.ram, self._translation)
        self._probes = Probes()
        self._companions: dict[str, tuple[Callable[[], Any], Callable[[Any], None]]] = {}
        self._watched: set[int] = set()
        self._on_reach: dict[int, list[Callable[[int], None]]] = {}
        self._break_at: frozenset[int] = frozenset()
        self._started_at = (-1, -1)
        self._stop: tuple[StopKind, str] | None = None
        self._notices_ctrl_c = False
        # State that snapshots keep:
        self._console_line = b""
        self._seen_places: set[tuple[str, int, bool]] = set()
        self._probed_at: tuple[int, int] | None = None
        self._is_asleep = False
        self._is_past_boundary = False

        self._wire(registers)

    # --- running ----------------------------------------------------------------------------------------------

    def run(
        self,
        *,
        until: Collection[int] = (),
        max_instructions: int | None = None,
        until_ns: int | None = None,
    ) -> StopReason:
        """Run until something stops the machine; every later run goes on from there.

        until: addresses to stop at, before the instruction there is executed (the one to start with does not count).
        max_instructions: how many to execute at most, exactly. until_ns: virtual time to stop at.
        """
        recorder = self.recorder
        if recorder is not None:
            recorder.run_begins()
        self._begin(until)
        end_icount = None if max_instructions is None else self.icount + max_instructions
        with nullcontext() if self._notices_ctrl_c else ctrl_c.noticed(self._ctrl_c_pressed):
            while True:
                if recorder is not None and self._stop is None and self.icount >= recorder.due:
                    recorder.reached()
                if self._is_over(end_icount, until_ns):
                    break
                self._boundary(until_ns)
                if self._stop is None and not self._is_asleep:
                    self._run_slice(end_icount, until_ns)
        if recorder is not None:
            recorder.run_ended()
        return self._reason()

    @contextmanager
    def many_runs(self) -> Iterator[None]:
        """Around many short runs, single steps say: Ctrl-C, also between them, ends the run that goes or comes next
        with StopKind.INTERRUPTED. Saves each run from arranging that for itself."""
        with ctrl_c.noticed(self._ctrl_c_pressed):
            self._notices_ctrl_c = True
            try:
                yield
            finally:
                self._notices_ctrl_c = False

    def request_stop(self, message: str) -> None:
        """Inside a probe or listener: end the run (StopKind.PROBE) before the next instruction."""
        self._request(StopKind.PROBE, message)

    @property
    def icount(self) -> int:
        """Instructions begun since reset."""
        return self.clock.icount

    @property
    def is_between(self) -> bool:
        """Something of what happens between two instructions has happened since the last one: interrupt, sleep, probes
        told. False for a machine that has just executed as many instructions as it was asked to."""
        return self._is_past_boundary or (self._probed_at is not None and self._probed_at[0] == self.icount)

    @property
    def last_fault(self) -> Fault | None:
        """The last abort or undefined instruction the guest took; None while there was none."""
        return self._exceptions.last_fault

    @property
    def time_ns(self) -> int:
        """Virtual time since reset."""
        return self.clock.now_ns

    def _begin(self, until: Collection[int]) -> None:
        self._stop = None
        self._break_at = frozenset(until)
        for addr in self._break_at:
            self._watch_address(addr)
        if until:
            self._started_at = (self.icount, self.cpu.pc)

    def _is_over(self, end_icount: int | None, until_ns: int | None) -> bool:
        if self._stop is None:
            if self.is_interrupted:
                self.is_interrupted = False
                self._stop = (StopKind.INTERRUPTED, "Ctrl-C")
            elif end_icount is not None and self.icount >= end_icount:
                self._stop = (StopKind.BUDGET, "the instruction budget is spent")
            elif until_ns is not None and self.time_ns >= until_ns:
                self._stop = (StopKind.TIME, f"{until_ns} ns of virtual time are reached")
        return self._stop is not None

    def _boundary(self, until_ns: int | None) -> None:
        """What happens between two instructions, in this order."""
        self._is_past_boundary = True
        self._bus.tick()
        self._deliver_inputs()
        if self._is_asleep:
            self._sleep(until_ns)
        self._enter_pending_irq()

    def _run_slice(self, end_icount: int | None, until_ns: int | None) -> None:
        self._translation.refused = None
        self._translation.counter_read = None
        self._exceptions.follow_control_registers()
        self._watch.before_slice()
        end, executed = self.cpu.run_slice(self._slice_limit(end_icount, until_ns))
        self.clock.add_instructions(executed)
        if executed:
            self._is_past_boundary = False
        self._translation.after_slice()
        if end is SliceEnd.WAIT:
            self._is_asleep = True
        elif end is SliceEnd.ABORT:
            self._exceptions.refused_access()
        elif end is SliceEnd.STOPPED:
            self._exceptions.alignment_fault()
        elif self._translation.counter_read is not None and self._stop is None:
            self._exceptions.read_counter(self._translation.counter_read)

    def _slice_limit(self, end_icount: int | None, until_ns: int | None) -> int:
        """Instructions until the next thing that is known to happen; at least 1."""
        clock = self.clock
        limit = MAX_SLICE
        if end_icount is not None:
            limit = min(limit, end_icount - clock.icount)
        if self.recorder is not None:
            limit = min(limit, self.recorder.due - clock.icount)
        if self._bus.deadline_ns is not None:
            limit = min(limit, clock.instructions_until(self._bus.deadline_ns))
        if until_ns is not None:
            limit = min(limit, clock.instructions_until(until_ns))
        for waiting in self.inputs.waiting:
            limit = min(limit, max(waiting.icount - clock.icount, clock.instructions_until(waiting.time_ns)))
        return max(limit, 1)

    def _request(self, kind: StopKind, message: str) -> None:
        if self._stop is None:
            self._stop = (kind, message)
        self.cpu.shorten()

    def _locked_up(self, message: str) -> None:
        self._request(StopKind.LOCKUP, message)

    def _ctrl_c_pressed(self) -> None:
        self.is_interrupted = True
        self.cpu.shorten()

    def _reason(self) -> StopReason:
        kind, message = self._stop or (StopKind.BUDGET, "")
        pc = self.cpu.pc
        of_fault = kind in (StopKind.LOCKUP, StopKind.HALTED)
        text = f"{message}, at {self.image.symbolize(pc)}"
        return StopReason(kind, text, pc, self.icount, self.time_ns, self.last_fault if of_fault else None)

    # --- inputs, interrupts and sleep -------------------------------------------------------------------------

    def _deliver_inputs(self) -> None:
        while self.inputs.waiting and (what := self.inputs.take_due(self.icount, self.time_ns)) is not None:
            self._deliver(what)

    def _deliver_early(self) -> bool:
        """A processor that sleeps for ever does not reach the instruction count of an input: it gets it now."""
        what = self.inputs.take_first()
        if what is not None:
            self._deliver(what)
        return what is not None

    def _deliver(self, what: Input) -> None:
        what.deliver(self.board)
        self._bus.board_changed()
        self.trace.emit(InputDelivered(self.icount, self.time_ns, what.describe()))

    def _input_moment(self) -> tuple[int, int]:
        """The stamp of an input that comes now: never before an instruction whose probes have been told."""
        icount = self.icount
        return icount + (self._probed_at is not None and self._probed_at[0] == icount), self.time_ns

    def _input_pushed(self, stamped: StampedInput) -> None:
        self.cpu.shorten(max(stamped.icount - self.icount, 0))
        if self.recorder is not None:
            self.recorder.input_pushed(stamped)

    def _sleep(self, until_ns: int | None) -> None:
        """After wfi: let time pass until an interrupt is pending, masked or not, or the run is over."""
        if self._is_dead_wait():
            self._request(StopKind.HALTED, "wfi with interrupts masked, for ever")
            return
        for _ in range(MAX_SLEEPS):
            if self.board.irq_pending:
                self._is_asleep = False
                return
            wake_ns = self._next_wake()
            if wake_ns is None and self._deliver_early():
                continue
            if wake_ns is None:
                self._request(StopKind.HALTED, "wfi, and nothing is to come")
                return
            if until_ns is not None and wake_ns >= until_ns:
                self.clock.sleep_until(until_ns)
                return
            self.clock.sleep_until(wake_ns)
            self._bus.tick()
            self._deliver_inputs()
            if self._stop is not None or self.is_interrupted:
                return
        self._request(StopKind.HALTED, f"wfi, and {MAX_SLEEPS} device events have not woken the processor")

    def _next_wake(self) -> int | None:
        """The next moment (ns) at which something may happen while no instruction runs; None: never."""
        deadline = self._bus.deadline_ns
        moments = [] if deadline is None else [deadline]
        moments += [waiting.time_ns for waiting in self.inputs.waiting if waiting.icount <= self.icount]
        return min(moments, default=None)

    def _is_dead_wait(self) -> bool:
        """wfi with interrupts masked, followed by a branch back to it: no interrupt will ever be taken."""
        return bool(self.cpu.cpsr & CPSR_I) and self._translation.code_word(self.cpu.pc) == BRANCH_TO_PREVIOUS

    def _enter_pending_irq(self) -> None:
        if not self.board.irq_pending or self._is_asleep:
            return
        cpsr = self.cpu.cpsr
        if cpsr & CPSR_I:
            return
        pc = self.cpu.pc
        if self._probed_at == (self.icount, pc):
            return  # the probes have seen this instruction begin; it is executed first
        self.trace.emit(Interrupt(self.icount, self.time_ns, self.board.gic.highest_pending(), pc))
        self._exceptions.enter(ExceptionKind.IRQ, pc, cpsr)

    # --- the bus ----------------------------------------------------------------------------------------------

    def _wire(self, registers: dict[int, int]) -> None:
        """Connect the parts and put the processor where the boot loader says."""
        cpu = self.cpu
        cpu.connect(
            Callbacks(
                translate=self._translation.translate,
                supervisor_call=self._exceptions.supervisor_call,
                undefined=self._exceptions.undefined,
                alignment_fault=self._exceptions.alignment_fault,
                breakpoint_instruction=self._exceptions.breakpoint_instruction,
                control_changed=self._translation.registers_changed,
            )
        )
        cpu.map_ram(self.ram.base, self.ram.buffer, self.ram.size)
        self.board.uart.on_transmit = self._transmitted
        for number, value in registers.items():
            cpu.set_r(number, value)

    def _power_requested(self, request: str) -> None:
        if not self.trace.of(PowerRequest):
            self.emit(PowerRequest(self.icount, self.time_ns, request))
        self._stop = (POWER_STOPS[request], f"the guest asked for {request}")
        self.cpu.shorten()

    def _unassigned_access(self, place: str, offset: int, is_write: bool, value: int) -> None:
        """Noted once for each place and direction: a guest may poll it for ever."""
        key = (place, offset, is_write)
        if key not in self._seen_places:
            self._seen_places.add(key)
            self.emit(UnassignedAccess(self.icount, self.time_ns, place, offset, is_write, value))

    def _transmitted(self, characters: bytes) -> None:
        self.console.append(characters)
        self._console_line += characters
        if b"\n" in characters:
            *lines, self._console_line = self._console_line.split(b"\n")
            for line in lines:
                text = line.rstrip(b"\r").decode("utf-8", "replace")
                self.emit(ConsoleOutput(self.icount, self.time_ns, text))
        if len(self.console) > self.console.told:
            for listener in self.on_console:
                listener(characters)

    # --- memory and registers for the host --------------------------------------------------------------------

    def read(self, addr: int, size: int) -> bytes:
        """Guest memory at a virtual address, by the kernel's own tables. Raises GuestMemoryError."""
        return self._memory.read(addr, size)

    def write(self, addr: int, data: bytes) -> None:
        """Change guest memory at a virtual address, whatever its permissions. Raises GuestMemoryError, having changed
        nothing."""
        self._memory.write(addr, data)

    def read_phys(self, paddr: int, size: int) -> bytes:
        """RAM at a physical address. Raises GuestMemoryError."""
        return self._memory.read_phys(paddr, size)

    def write_phys(self, paddr: int, data: bytes) -> None:
        """Change RAM at a physical address. Raises GuestMemoryError."""
        self._memory.write_phys(paddr, data)

    def read_word(self, addr: int) -> int:
        """A 32-bit word at a virtual address. Raises GuestMemoryError."""
        return int.from_bytes(self._memory.read(addr, 4), "little")

    def read_cstring(self, addr: int, limit: int = 4096) -> str:
        """The NUL-ended text at a virtual address; at most `limit` bytes of it. Raises GuestMemoryError."""
        return self._memory.read_cstring(addr, limit)

    def physical(self, addr: int) -> int | None:
        """The physical address behind a virtual one, for the kernel; None where nothing is mapped."""
        return self._translation.physical(addr)

    def permissions(self, addr: int) -> str:
        """What the kernel may do at a virtual address by its own tables: "rwx" with "-" for what it may not."""
        granted = self._translation.permissions(addr)
        return "".join(letter if granted & right else "-" for letter, right in PERMISSION_LETTERS)

    @property
    def control_registers(self) -> ControlRegisters:
        """SCTLR, TTBR0 and the others that translation looks at, as they are now."""
        return self._translation.registers

    def on_device_access(self, listener: OnAccess) -> None:
        """Call listener(device, offset, is_write, value, size) after each access of the guest to a device."""
        self._bus.listeners.append(listener)

    def off_device_access(self, listener: OnAccess) -> None:
        """Do not call that listener any more."""
        self._bus.listeners.remove(listener)

    def watch_memory(self, paddr: int, size: int, on_access: OnMemoryAccess) -> int:
        """Call on_access(paddr, size, value) just before each store of the guest to RAM that touches [paddr, paddr +
        size), and with the value None at each load. Between runs only. Returns a handle for unwatch_memory()."""
        handle = self.cpu.hook_memory(paddr, size, on_access)
        self._watch.retranslate()
        return handle

    def unwatch_memory(self, handle: int) -> None:
        """Between runs: take back what watch_memory() did."""
        self.cpu.unhook_memory(handle)
        self._watch.retranslate()

    def on_translation(self, listener: Callable[[int, int, Access], None]) -> None:
        """Call listener(virtual address, physical page, access) before the processor first uses a page, and again
        whenever it may lead elsewhere: nothing is executed, loaded or stored through a page not told of."""
        self._translation.on_fill.append(listener)

    # --- probes and events ------------------------------------------------------------------------------------

    def add_probe(self, where: str | int, on_entry: OnHit | None = None, on_return: OnHit | None = None) -> None:
        """Call on_entry(hit) and on_return(hit) for each call of a function, given by symbol or address.

        A symbol that the image lacks is noted in `missing_probes`, and nothing is probed.
        """
        addr, name = where, where
        if isinstance(where, str):
            symbol = self.image.get(where)
            if symbol is None:
                self.missing_probes.append(where)
                return
            addr = symbol.value
        self._probes.add(Probe(int(addr), str(name), on_entry, on_return))
        self._watch_address(int(addr))

    def on_reach(self, addr: int, callback: Callable[[int], None]) -> None:
        """Call callback(addr) each time the instruction at `addr` is about to be executed, after its probes; once,
        however often the machine is stopped there. Registers but the PC are up to date. Between runs only."""
        self._on_reach.setdefault(addr, []).append(callback)
        self._watch_address(addr)

    def off_reach(self, addr: int, callback: Callable[[int], None]) -> None:
        """Between runs: do not call that callback any more."""
        self._on_reach[addr].remove(callback)

    @property
    def is_rerun(self) -> bool:
        """What runs now has run before and is run again by a recorder. Whoever does something outside the machine in
        a probe may want to do it once only."""
        return self.recorder is not None and self.recorder.is_rerun

    def emit(self, event: Event) -> None:
        """Add an event to the trace."""
        self.trace.emit(event)

    def _watch_address(self, addr: int) -> None:
        if addr in self._watched:
            return
        self._watched.add(addr)
        self._watch.reach(addr, self._run_start(addr), self._reached)
        self._watch.retranslate()

    def _run_start(self, addr: int) -> int:
        """From where code can run on to `addr` without a branch, as far as memory tells now."""
        page = addr & ~PAGE_MASK
        paddr = self._translation.physical(page)
        if paddr is None or not self.ram.holds(paddr, PAGE_SIZE):
            paddr = self._load_address(page)
        if paddr is None or not self.ram.holds(paddr, PAGE_SIZE):
            return page
        count = (addr - page) // 4
        words = struct.unpack(f"<{count}I", self.ram.read(paddr, 4 * count))
        return page + 4 * run_start(words, len(words))

    def _load_address(self, page: int) -> int | None:
        """Where the image puts a page: before the MMU is on, that is what will be seen there."""
        for segment in self.image.segments:
            if segment.vaddr <= page < segment.vaddr + segment.memsz:
                return segment.paddr + page - segment.vaddr
        return None

    def _reached(self, addr: int) -> None:
        """The instruction at a watched address is the next one."""
        now = (self.icount, addr)
        if self._probed_at != now:
            self._probed_at = now
            self._probe_returns(addr)
            self._probe_entry(addr)
            for callback in self._on_reach.get(addr, ()):
                callback(addr)
        if addr in self._break_at and now != self._started_at:
            self._request(StopKind.BREAKPOINT, "breakpoint")

    def _probe_entry(self, addr: int) -> None:
        cpu = self.cpu
        registers = cpu.registers()
        a, b, c, d = registers[:ARGUMENTS]
        icount, time_ns = self.icount, self.time_ns
        hit = Hit(self, addr, (a, b, c, d), registers[14], registers[13], icount, time_ns, icount, time_ns)
        if self._probes.entered(addr, hit) and hit.lr not in self._watched:
            self._watched.add(hit.lr)
            self._watch.reach(hit.lr, hit.lr, self._reached)
            cpu.forget_translation(hit.lr, 4)

    def _probe_returns(self, addr: int) -> None:
        for call in self._probes.returning(addr, self.cpu.sp):
            self._probes.tell_return(call, self._return_hit(call))

    def _return_hit(self, call: OpenCall) -> Hit:
        return Hit(
            self,
            self._probes.address(call),
            call.args,
            call.lr,
            call.sp,
            self.icount,
            self.time_ns,
            call.icount,
            call.time_ns,
            self.cpu.r(0),
        )

    # --- snapshots --------------------------------------------------------------------------------------------

    def add_companion(self, name: str, save: Callable[[], Any], load: Callable[[Any], None]) -> None:
        """Let snapshots also hold what save() gives (an immutable value), and load() take it back."""
        self._companions[name] = (save, load)

    def save(self) -> Snapshot:
        """The whole machine as a value. Between runs only. Costs what changed since the last save or load."""
        self.board.tick()  # so that the devices' state does not tell when they were last looked at
        self._bus.board_changed()
        ram = self.ram.save()
        self._translation.forget_engine_entries()  # so that the next store to each page is noticed
        return Snapshot(
            icount=self.icount,
            time_ns=self.time_ns,
            cpu=self.cpu.save(),
            tlb=self._translation.tlb.save(),
            ram=ram,
            board=self.board.save(),
            clock=self.clock.save(),
            inputs=self.inputs.save(),
            trace=self.trace.save(),
            console=self.console.save(),
            console_line=self._console_line,
            open_calls=self._probes.save(),
            seen_places=frozenset(self._seen_places),
            probed_at=self._probed_at,
            last_fault=self.last_fault,
            nested_faults=self._exceptions.nested_faults,
            is_asleep=self._is_asleep,
            is_past_boundary=self._is_past_boundary,
            companions=tuple((name, save()) for name, (save, _) in self._companions.items()),
        )

    def load(self, snapshot: Snapshot) -> None:
        """Become what was saved; a run from here is the run from there, bit for bit."""
        self.cpu.load(snapshot.cpu)
        self.clock.load(snapshot.clock)
        self._translation.host_wrote(self.ram.load(snapshot.ram))
        self._translation.load(snapshot.tlb)
        self.board.load(snapshot.board)
        self._bus.board_changed()
        self.inputs.load(snapshot.inputs)
        self.trace.load(snapshot.trace)
        self.console.load(snapshot.console)
        self._probes.load(snapshot.open_calls)
        self._console_line = snapshot.console_line
        self._seen_places = set(snapshot.seen_places)
        self._probed_at = snapshot.probed_at
        self._exceptions.last_fault = snapshot.last_fault
        self._exceptions.nested_faults = snapshot.nested_faults
        self._is_asleep = snapshot.is_asleep
        self._is_past_boundary = snapshot.is_past_boundary
        for name, state in snapshot.companions:
            if name in self._companions:
                self._companions[name][1](state)

    def state_hash(self) -> str:
        """A hash of everything a run depends on or has left behind: processor, TLB, RAM, devices, clock, inputs,
        lengths of trace and console. Equal states in any two machines or processes give equal hashes."""
        snapshot = self.save()
        return hash_values(
            (
                self.cpu.architectural_state(),
                self._translation.tlb.entries(),
                self.ram.digest(),
                snapshot.board,
                snapshot.clock,
                snapshot.inputs,
                len(self.trace),
                sum(len(part) for part in self.console),
                snapshot.console_line,
                snapshot.open_calls,
                snapshot.is_asleep,
            )
        )


POWER_STOPS = {"off": StopKind.POWER_OFF, "reset": StopKind.RESET}
