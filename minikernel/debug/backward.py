"""The moves of forward.py backwards.

Going back to the last of something: from the newest mark to the oldest, each stretch between two marks is run once and
all hits in it are collected; the first stretch that has one has the answer. So the whole search is at most one run of
what was recorded, and one more of a stretch to stand where the hit was.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

from minikernel.debug.disassembly import SIZE, branch_target, is_call, is_supervisor_call
from minikernel.debug.host_changes import collect_before
from minikernel.debug.session import Session
from minikernel.debug.stop_points import INTERNAL, Hit
from minikernel.debug.stops import Stop, StopCause
from minikernel.debug.triggers import ReachTrigger, Trigger
from minikernel.errors import UsageError
from minikernel.kernel.backtrace import FrameKind
from minikernel.machine.events import Event, ExceptionTaken, Interrupt
from minikernel.machine.stop import StopReason

AT_START = "the record begins here: it does not go further back"


class Backward:
    """Moves of one session."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def step(self, count: int) -> Stop:
        """So many instructions back."""
        session = self._session
        wanted = session.machine.icount - count
        interrupted = session.timeline.goto(wanted)
        if interrupted is not None:
            return session.stop_of_machine(interrupted, StopCause.STEP)
        if wanted < session.timeline.start:
            return session.stop(StopCause.START, AT_START)
        return session.stop(StopCause.STEP, "instructions undone")

    def cont(self) -> Stop:
        """To the last hit of a stop point."""
        return self._search()

    def until(self, addresses: Sequence[int]) -> Stop:
        """To the last time that one of the addresses was reached."""
        return self._to_trigger(ReachTrigger(self._session.machine, addresses, "reached"), None, StopCause.ARRIVED, "")

    def next(self) -> Stop:
        """One instruction back; when a call or an interrupt ended here, to before it."""
        session = self._session
        machine = session.machine
        addr, sp = machine.cpu.pc, machine.cpu.sp
        stop = self._one()
        if stop.cause is not StopCause.STEP or stop.pc == addr - SIZE:
            return stop
        if not self._is_behind_call(addr) or self._is_branch(stop.pc):
            return stop
        trigger = ReachTrigger(machine, [addr - SIZE], "before the call")
        return self._to_trigger(trigger, sp, StopCause.STEP, "before the call")

    def step_line(self) -> Stop:
        """To the beginning of the source line that was executed before, into calls; an interrupt is undone whole.
        From the middle of a line, to its beginning. Where no line is, one instruction."""
        return self._to_line(self._into)

    def next_line(self) -> Stop:
        """The same, but a call is undone whole."""
        return self._to_line(self.next)

    def _to_line(self, move: Callable[[], Stop]) -> Stop:
        lines = self._session.symbols.lines
        while True:
            stop = move()
            stretch = lines.stretch_at(stop.pc)
            if stop.cause is not StopCause.STEP or stretch is None or stop.pc == stretch[0]:
                return stop

    def _into(self) -> Stop:
        """One instruction back; when a call of what has no lines, or an interrupt, ended here, to before it."""
        machine, symbols = self._session.machine, self._session.symbols
        addr, sp = machine.cpu.pc, machine.cpu.sp
        stop = self._one()
        has_line = symbols.line_at(stop.pc) is not None
        if stop.cause is not StopCause.STEP or has_line or not self._is_behind_call(addr):
            return stop
        trigger = ReachTrigger(machine, [addr - SIZE], "before what has no lines")
        return self._to_trigger(trigger, sp, StopCause.STEP, "before what has no lines")

    def _one(self) -> Stop:
        """One instruction back; an interrupt that ended here is undone whole first."""
        machine = self._session.machine
        while True:
            addr = machine.cpu.pc
            stop = self.step(1)
            if stop.cause is not StopCause.STEP or stop.pc == addr - SIZE:
                return stop
            interrupt = self._interrupt_at(addr)
            if interrupt is None or not self._is_exception_return(stop.pc):
                return stop
            self._session.timeline.goto(interrupt.icount)

    def finish(self) -> Stop:
        """To the call of the current function."""
        session = self._session
        frames = session.frames(2)
        if len(frames) < 2:
            raise UsageError("nothing called this: it is the outermost function")
        current, caller = frames
        name = session.symbols.function(current.pc)
        message = f"{name} is about to be called"
        if caller.kind is FrameKind.CALL:
            trigger = ReachTrigger(session.machine, [caller.pc], message)
            return self._to_trigger(trigger, current.cfa, StopCause.FINISHED, message)
        taken = self._interrupt_at(caller.pc)
        if taken is None:
            trigger = ReachTrigger(session.machine, [caller.pc - SIZE], message)
            return self._to_trigger(trigger, None, StopCause.FINISHED, message)
        session.timeline.goto(taken.icount)
        return session.stop(StopCause.FINISHED, "the exception is about to be taken")

    def last(self, trigger: Trigger) -> Hit | None:
        """Go to the last time the trigger fired, whatever stop points there are; None: it never did, nothing moved."""
        session = self._session
        here = session.timeline.keep_here()
        with session.points.silent(), session.points.also(trigger):
            hit = self._find()
        if not isinstance(hit, Hit):
            session.timeline.come_back(here)
            return None
        return hit

    # --- searching --------------------------------------------------------------------------------------------

    def _to_trigger(self, trigger: Trigger, sp: int | None, cause: StopCause, message: str) -> Stop:
        machine = self._session.machine
        with self._session.points.also(trigger, decide=lambda _: sp is None or machine.cpu.sp == sp):
            stop = self._search()
        return stop if stop.cause is not StopCause.ARRIVED else self._session.stop(cause, message or stop.message)

    def _search(self) -> Stop:
        session = self._session
        found = self._find()
        session.points.drop_spent()
        if isinstance(found, StopReason):
            return session.stop_of_machine(found, StopCause.INTERRUPTED)
        if found is None:
            return session.stop(StopCause.START, AT_START)
        if found.number == INTERNAL:
            return session.stop(StopCause.ARRIVED, found.occurrence.text, [found])
        return session.stop_of_hits([found])

    def _find(self) -> Hit | StopReason | None:
        """Go to the last hit before the present; without one (None) to the start. A StopReason: interrupted."""
        timeline, points = self._session.timeline, self._session.points
        limit = self._session.machine.icount
        for start, end in reversed(list(pairwise([*sorted(set(timeline.marks_before(limit))), limit]))):
            timeline.goto(start)
            change = timeline.change_at(end) if end < limit else None
            with points.collecting() as hits, timeline.without(change):
                interrupted = timeline.goto(end)
                if change is not None and interrupted is None:
                    collect_before(self._session, change, hits)
            if interrupted is not None:
                return interrupted
            for number in range(len(hits) - 1, -1, -1):
                if hits[number].occurrence.landing < limit and points.accept(hits[number]):
                    self._land(start, end, number, hits[number])
                    return hits[number]
        timeline.goto(timeline.start)
        return None

    def _land(self, start: int, end: int, number: int, hit: Hit) -> None:
        """Stand where hit `number` of the stretch from `start` to `end` was."""
        timeline, points = self._session.timeline, self._session.points
        if hit.occurrence.access is not None:
            timeline.goto(hit.occurrence.landing)
            return
        timeline.goto(start)
        machine = self._session.machine
        with points.seeking(number) as hits, timeline.without(timeline.change_at(end)):
            while not hits and machine.icount <= end:
                machine.run(max_instructions=max(end - machine.icount, 1))

    # --- looking at the instruction before --------------------------------------------------------------------

    def _interrupt_at(self, pc: int) -> Event | None:
        """The newest interrupt or fault taken instead of the instruction at `pc`."""
        trace = self._session.machine.trace
        for position in range(len(trace) - 1, -1, -1):
            event = trace[position]
            if isinstance(event, Interrupt | ExceptionTaken) and event.pc == pc:
                return event
        return None

    def _is_behind_call(self, addr: int) -> bool:
        word = self._session.word(addr - SIZE)
        return word is not None and (is_call(word) or is_supervisor_call(word))

    def _is_exception_return(self, pc: int) -> bool:
        word = self._session.word(pc)
        return word is not None and (word & 0xFE50_FFFF == 0xF810_0A00 or word & 0x0E50_8000 == 0x0850_8000)

    def _is_branch(self, pc: int) -> bool:
        word = self._session.word(pc)
        return word is not None and branch_target(word, pc) is not None
