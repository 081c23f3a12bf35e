"""Forward moves: step and next, by instructions and by source lines, finish, until, continue."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from minikernel.debug.disassembly import SIZE, is_call, is_supervisor_call
from minikernel.debug.host_changes import stop_before
from minikernel.debug.session import Session
from minikernel.debug.stop_points import INTERNAL, Hit
from minikernel.debug.stops import Stop, StopCause
from minikernel.debug.triggers import ReachTrigger, Trigger
from minikernel.errors import UsageError
from minikernel.kernel.backtrace import FrameKind
from minikernel.machine.events import Interrupt
from minikernel.machine.stop import StopKind, StopReason


class Forward:
    """Moves of one session. `budget`: instructions that a move may take at most, None for no end."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self.budget: int | None = None

    def run(self, max_instructions: int | None = None, done: StopCause = StopCause.BUDGET) -> Stop:
        """Until something stops the machine; `done` is the cause when it is the number of instructions."""
        session = self._session
        machine, points = session.machine, session.points
        if points.is_empty:
            return session.stop_of_machine(machine.run(max_instructions=max_instructions or self.budget), done)
        reason, hits = self._run(self.budget if max_instructions is None else max_instructions)
        points.drop_spent()
        own = [hit for hit in hits if hit.number != INTERNAL]
        if own:
            return session.stop_of_hits(own)
        if hits:
            return session.stop(StopCause.ARRIVED, hits[0].occurrence.text, hits)
        return session.stop_of_machine(reason, done)

    def _run(self, max_instructions: int | None) -> tuple[StopReason, list[Hit]]:
        """The same, in a re-run with a look at what had been hit just before each change that the host made."""
        machine, points, timeline = self._session.machine, self._session.points, self._session.timeline
        end = None if max_instructions is None else machine.icount + max_instructions
        while True:
            change = timeline.change_ahead() if timeline.is_rerun else None
            if change is not None and end is not None and change.icount >= end:
                change = None
            target = end if change is None else change.icount
            with points.stopping((machine.icount, machine.cpu.pc)) as hits, timeline.without(change):
                reason = machine.run(max_instructions=None if target is None else target - machine.icount)
            if change is None or hits or reason.kind is not StopKind.BUDGET:
                return reason, hits
            hits = stop_before(self._session, change)
            if hits:
                return reason, hits

    def step(self, count: int) -> Stop:
        """So many instructions."""
        return self.run(count, StopCause.STEP)

    def next(self) -> Stop:
        """One instruction; a call, a system call, and an interrupt that comes instead, to their end."""
        machine = self._session.machine
        pc, sp = machine.cpu.pc, machine.cpu.sp
        if self._enters(pc):
            return self._to(pc + SIZE, sp, StopCause.STEP, "stepped over the call")
        return self._one()

    def step_line(self) -> Stop:
        """To the beginning of another source line, into calls and system calls that have lines; interrupts run to
        their end. Without a line here, one instruction; when this line branches back to here, no further."""
        return self._to_line(self._into)

    def next_line(self) -> Stop:
        """The same, but calls and system calls run to their end."""
        return self._to_line(self.next)

    def _to_line(self, move: Callable[[], Stop]) -> Stop:
        session = self._session
        lines, began = session.symbols.lines, session.machine.cpu.pc
        here = session.symbols.line_at(began)
        with session.machine.many_runs():
            while True:
                stop = move()
                stretch = lines.stretch_at(stop.pc)
                if stop.cause is not StopCause.STEP or here is None or stretch is None or stop.pc == began:
                    return stop
                if stop.pc == stretch[0] and lines.line_at(stop.pc) != here:
                    return stop

    def _into(self) -> Stop:
        """One instruction; a call of what has no lines, and an interrupt that comes instead, to their end."""
        machine = self._session.machine
        pc, sp = machine.cpu.pc, machine.cpu.sp
        stop = self._one()
        has_line = self._session.symbols.line_at(stop.pc) is not None
        if stop.cause is not StopCause.STEP or stop.pc == pc + SIZE or has_line or not self._enters(pc):
            return stop
        return self._to(pc + SIZE, sp, StopCause.STEP, "stepped over what has no lines")

    def _one(self) -> Stop:
        """One instruction; an interrupt that comes instead runs to its end first."""
        machine = self._session.machine
        while True:
            pc, sp = machine.cpu.pc, machine.cpu.sp
            known = len(machine.trace)
            stop = self.step(1)
            interrupted = any(isinstance(event, Interrupt) and event.pc == pc for event in machine.trace.since(known))
            if stop.cause is not StopCause.STEP or not interrupted:
                return stop
            stop = self._to(pc, sp, StopCause.STEP, "back from the interrupt")
            if stop.cause is not StopCause.STEP:
                return stop

    def _enters(self, pc: int) -> bool:
        """A call or a system call stands there."""
        word = self._session.word(pc)
        return word is not None and (is_call(word) or is_supervisor_call(word))

    def finish(self) -> Stop:
        """Until the current function has returned."""
        frames = self._session.frames(2)
        if len(frames) < 2:
            raise UsageError("nothing called this: it is the outermost function")
        current, caller = frames
        sp = current.cfa if caller.kind is FrameKind.CALL else None
        name = self._session.symbols.function(current.pc)
        stop = self._to(caller.resume, sp, StopCause.FINISHED, f"{name} has returned")
        if stop.cause is not StopCause.FINISHED or caller.kind is not FrameKind.CALL:
            return stop
        result = self._session.machine.cpu.r(0)
        return self._session.stop(StopCause.FINISHED, f"{name} has returned {result:#x}", result=result)

    def until(self, addresses: Sequence[int]) -> Stop:
        """Until one of the addresses is reached."""
        return self._while(ReachTrigger(self._session.machine, addresses, "reached"))

    def _to(self, addr: int, sp: int | None, cause: StopCause, message: str) -> Stop:
        """Until `addr` is reached with that sp (None: any)."""
        machine = self._session.machine
        trigger = ReachTrigger(machine, [addr], message)
        with self._session.points.also(trigger, decide=lambda _: sp is None or machine.cpu.sp == sp):
            stop = self.run()
        return stop if stop.cause is not StopCause.ARRIVED else self._session.stop(cause, message)

    def _while(self, trigger: Trigger) -> Stop:
        with self._session.points.also(trigger):
            return self.run()
