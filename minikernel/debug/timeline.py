"""The record of a machine's run: marks (snapshots) along the way, and re-runs between them.

Going back is loading the last mark before the wanted moment and running again up to it: the machine is deterministic,
so that is the same run. What came from outside is kept with the moment it came, and comes again then. Each mark that a
re-run passes is compared with the machine, whole; a difference is a DivergenceError.

A moment is an instruction count: so many instructions have begun, and the next one has not, nor has the interrupt been
taken or the sleep been slept that lies between the two.

Whoever changes registers or memory from the host makes a mark that a re-run loads instead of passing it, and doing so
in the past drops the future. Listeners of trace and console are told of everything once only.
"""

from __future__ import annotations

import time
from bisect import bisect_right
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum, auto

from minikernel.debug.comparison import RegistersAtMark, differences
from minikernel.machine.inputs import StampedInput
from minikernel.machine.machine import Machine
from minikernel.machine.ram import Pages
from minikernel.machine.snapshot import Snapshot
from minikernel.machine.stop import StopKind, StopReason

DEFAULT_MEMORY_LIMIT = 96 << 20  # bytes
MARK_OVERHEAD = 24 << 10  # bytes of a mark besides pages: registers, TLB, devices
PAGE_BYTES = 4096

TARGET_SECONDS = 0.006  # of running between two marks: half of what a step back costs at most
MIN_SPACING = 2_000  # instructions
MAX_SPACING = 200_000
FIRST_SPACING = 20_000
NEVER = 1 << 62


class DivergenceError(RuntimeError):
    """A re-run did not do what the run had done. Not the guest's doing: something outside the record had a hand in it,
    or minikernel is wrong. `icount` is where it was noticed."""

    def __init__(self, icount: int, found: list[str]) -> None:
        self.icount = icount
        self.found = tuple(found)
        text = "; ".join(found)
        super().__init__(f"the re-run differs from the recorded run at instruction {icount:,}: {text}")


class MarkKind(Enum):
    """What a re-run does at a mark."""

    PASSED = auto()  # it is compared: the machine was between two instructions
    STOPPED = auto()  # nothing: the machine had stopped somewhere between (before a breakpoint's instruction, asleep)
    CHANGED = auto()  # it is loaded: the host had changed something there


@dataclass(frozen=True, eq=False)
class Mark:
    """The machine at one moment of the record. `pushed` inputs had come by then."""

    snapshot: Snapshot
    kind: MarkKind
    registers: RegistersAtMark
    pushed: int

    @property
    def icount(self) -> int:
        """Instructions begun."""
        return self.snapshot.icount


@dataclass(frozen=True)
class Push:
    """An input, and how many instructions had begun when it was pushed."""

    icount: int
    stamped: StampedInput


@dataclass(frozen=True, eq=False)
class Here:
    """A moment kept, with the record up to it; `forks` futures had been dropped by then."""

    mark: Mark
    marks: tuple[Mark, ...]
    pushes: tuple[Push, ...]
    forks: int


@dataclass(frozen=True)
class Recording:
    """The size of a record: instruction counts of its first and last moment, marks, bytes (estimated)."""

    start: int
    end: int
    marks: int
    size: int


class Timeline:
    """Records `machine` from now on, whoever runs it. memory_limit: bytes that marks may take, about."""

    def __init__(self, machine: Machine, memory_limit: int = DEFAULT_MEMORY_LIMIT) -> None:
        self.due = NEVER
        self._machine = machine
        self._memory_limit = memory_limit
        self._marks: list[Mark] = []
        self._sizes: list[int] = []
        self._size = 0
        self._passed = 0  # marks at or before the present
        self._forks: list[int] = []  # where futures were dropped
        self._pushes: list[Push] = []
        self._pushed = 0  # inputs that have come by the present
        self._is_replaying_input = False
        self._left_out: Mark | None = None
        self._spacing = FIRST_SPACING
        self._run_since = 0.0  # seconds of running since the last mark, before the run that goes
        self._run_began = 0.0
        self._changes = (0, 0)
        self.restart()
        machine.recorder = self

    # --- looking ----------------------------------------------------------------------------------------------

    @property
    def start(self) -> int:
        """The first moment that can be gone back to."""
        return self._marks[0].icount

    @property
    def end(self) -> int:
        """The last moment that was ever reached."""
        return max(self._marks[-1].icount, self._machine.icount)

    @property
    def is_rerun(self) -> bool:
        """The present is in the past: the record has more."""
        return self._passed < len(self._marks)

    @property
    def recording(self) -> Recording:
        """How large the record is."""
        return Recording(self.start, self.end, len(self._marks), self._size)

    @property
    def pushes(self) -> tuple[Push, ...]:
        """What came from outside, with the moments it came; with them the whole run can be done again elsewhere."""
        return tuple(self._pushes)

    def marks_before(self, icount: int) -> list[int]:
        """The moments of the marks from which a re-run reaches `icount`, ascending."""
        return [mark.icount for mark in self._marks if mark.icount < icount]

    # --- moving -----------------------------------------------------------------------------------------------

    def goto(self, icount: int) -> StopReason | None:
        """Be at a moment, in the past or (by running on) after the end; not before the start. What stopped the machine
        on the way, None when it got there."""
        machine = self._machine
        if icount < machine.icount or (icount == machine.icount and machine.is_between):
            self._load_before(max(icount, self.start))
        while machine.icount < icount:
            before, was_rerun = machine.icount, self.is_rerun
            stop = machine.run(max_instructions=icount - before)
            if stop.kind is StopKind.INTERRUPTED or (machine.icount < icount and not was_rerun):
                return stop
        return None

    def change_at(self, icount: int) -> Mark | None:
        """The first change that the host made at a moment; None when it made none there, or the record begins there."""
        found = (mark for mark in self._marks[1:] if mark.icount == icount and mark.kind is MarkKind.CHANGED)
        return next(found, None)

    def change_ahead(self) -> Mark | None:
        """The next change of the host's that a re-run will come to, later than the present."""
        now = self._machine.icount
        ahead = (mark for mark in self._marks[self._passed :] if mark.kind is MarkKind.CHANGED)
        return next((mark for mark in ahead if mark.icount > now), None)

    @contextmanager
    def without(self, change: Mark | None) -> Iterator[None]:
        """In this block a re-run does not come to this change of the host's (None: there is none): it ends just before.
        Whoever lets it run on there sees what else had happened by then, and what would have; listeners are told of
        none of it, and the machine has to go elsewhere then."""
        logs = self._machine.trace, self._machine.console
        told = [log.told for log in logs]
        self._left_out = change
        if change is not None:
            self._machine.trace.told = self._machine.console.told = NEVER
        self._schedule()
        try:
            yield
        finally:
            self._left_out = None
            self._machine.trace.told, self._machine.console.told = told
            self._schedule()

    def goto_time(self, time_ns: int) -> StopReason | None:
        """The same by virtual time: the first instruction boundary at or after it, or asleep at just that time."""
        machine = self._machine
        if time_ns < machine.time_ns:
            self._keep_end()
            before = [index for index, mark in enumerate(self._marks) if mark.snapshot.time_ns <= time_ns]
            self._load(before[-1] if before else 0)
        if machine.time_ns >= time_ns:
            return None
        stop = machine.run(until_ns=time_ns)
        return None if machine.time_ns >= time_ns else stop

    def goto_end(self) -> None:
        """Be where the record ends, exactly as it was left."""
        if self.is_rerun:
            self._load(len(self._marks) - 1)

    def keep_mark(self) -> None:
        """Make the present quick to come back to."""
        self._check_host_changes()
        kind = MarkKind.STOPPED if self._machine.is_between else MarkKind.PASSED
        self._insert(self._mark(kind))

    def keep_here(self) -> Here:
        """The present, to come back to from anywhere, from another future too."""
        self._check_host_changes()
        marks, pushes = tuple(self._marks[: self._passed]), tuple(self._pushes[: self._pushed])
        return Here(self._mark(MarkKind.STOPPED), marks, pushes, len(self._forks))

    def come_back(self, here: Here) -> None:
        """Be exactly where keep_here() was called. If that future has been dropped since, it is the record again."""
        self._keep_end()
        if any(fork < here.mark.icount for fork in self._forks[here.forks :]):
            self._marks, self._pushes = [*here.marks, here.mark], list(here.pushes)
            self._measure()
            self._tell_from_here()
        self._load_mark(here.mark)
        icount = here.mark.icount
        reached = bisect_right(self._marks, icount, key=lambda each: each.icount)
        later = (index for index in range(reached) if self._is_change_after(self._marks[index], here))
        self._passed = next(later, reached)
        self._schedule()

    def _is_change_after(self, mark: Mark, here: Here) -> bool:
        """A change by the host at the very moment of `here`, but made later."""
        is_there = mark.icount == here.mark.icount and mark.kind is MarkKind.CHANGED
        return is_there and all(mark is not known for known in here.marks)

    # --- changing ---------------------------------------------------------------------------------------------

    def changed(self) -> None:
        """The host has changed registers or memory: that is part of the record now, and what lay ahead is not."""
        self._drop_future()
        self._insert(self._mark(MarkKind.CHANGED))
        self._schedule()

    def forget_future(self) -> None:
        """What lies ahead will not happen; the present is the end of the record."""
        self._drop_future()
        self._schedule()

    def restart(self) -> None:
        """Forget everything: the record begins at the present."""
        self._marks.clear()
        self._sizes.clear()
        self._size = 0
        self._passed = 0
        self._pushes.clear()
        self._pushed = 0
        self._insert(self._mark(MarkKind.CHANGED))
        self._tell_from_here()
        self._schedule()

    # --- what the machine tells (Recorder) --------------------------------------------------------------------

    def run_begins(self) -> None:
        """Whatever the host has changed since the last run becomes part of the record."""
        self._check_host_changes()
        self._run_began = time.perf_counter()

    def reached(self) -> None:
        """A mark of the record, an input of the record, or the place for a new mark."""
        icount = self._machine.icount
        if self._left_out is not None and icount > self._left_out.icount:
            return
        self._pass_marks(icount)
        self._push_inputs(icount)
        if not self._machine.is_between and icount - self._marks[self._passed - 1].icount >= self._spacing:
            self._insert(self._mark(MarkKind.PASSED))
            self._adapt_spacing()
        self._schedule()

    def run_ended(self) -> None:
        """Remember what the machine was like, to notice the host's changes."""
        self._run_since += time.perf_counter() - self._run_began
        self._remember()

    def input_pushed(self, stamped: StampedInput) -> None:
        """A new input; in the past it begins a new future."""
        if self._is_replaying_input:
            return
        if self.is_rerun or self._pushed < len(self._pushes):
            self._drop_future()
        self._pushes.append(Push(self._machine.icount, stamped))
        self._pushed = len(self._pushes)

    # --- the past ---------------------------------------------------------------------------------------------

    def _load_before(self, icount: int) -> None:
        """Be at the last mark from which a run reaches `icount`."""
        self._keep_end()
        index = bisect_right(self._marks, icount, key=lambda mark: mark.icount) - 1
        while index > 0 and self._marks[index].icount == icount and self._marks[index].kind is MarkKind.STOPPED:
            index -= 1  # that is somewhere behind the wanted moment
        self._load(index)

    def _keep_end(self) -> None:
        """Before leaving the end: a mark of it, so that it can be come back to."""
        self._check_host_changes()
        if not self.is_rerun:
            last = self._marks[-1].snapshot
            if (last.icount, last.time_ns) != (self._machine.icount, self._machine.time_ns) or self._machine.is_between:
                self._insert(self._mark(MarkKind.STOPPED))
            self._machine.trace.told = len(self._machine.trace)
            self._machine.console.told = len(self._machine.console)

    def _load(self, index: int) -> None:
        self._load_mark(self._marks[index])
        self._passed = index + 1
        self._schedule()

    def _load_mark(self, mark: Mark) -> None:
        self._machine.load(mark.snapshot)
        self._pushed = mark.pushed
        self._run_since = 0.0
        self._remember()

    def _pass_marks(self, icount: int) -> None:
        reached = bisect_right(self._marks, icount, self._passed, key=lambda mark: mark.icount)
        while reached > self._passed and self._is_ahead(self._marks[reached - 1], icount):
            reached -= 1
        for mark in self._marks[self._passed : reached]:
            if mark is self._left_out:
                return
            self._passed += 1
            self._run_since, self._run_began = 0.0, time.perf_counter()
            if mark.kind is MarkKind.CHANGED:
                self._load_mark(mark)
            elif mark.kind is MarkKind.PASSED:
                self._compare(mark)

    def _is_ahead(self, mark: Mark, icount: int) -> bool:
        """The machine had stopped somewhere behind this moment, before the next one."""
        return mark.kind is MarkKind.STOPPED and mark.icount == icount and not self._machine.is_between

    def _compare(self, mark: Mark) -> None:
        machine = self._machine
        found = differences(mark.snapshot, mark.registers, machine.save(), RegistersAtMark.of(machine.cpu))
        if found:
            raise DivergenceError(mark.icount, found)
        machine.ram.adopt(mark.snapshot.ram)

    def _push_inputs(self, icount: int) -> None:
        while self._pushed < len(self._pushes) and self._pushes[self._pushed].icount <= icount:
            self._is_replaying_input = True
            self._machine.inputs.push_stamped(self._pushes[self._pushed].stamped)
            self._is_replaying_input = False
            self._pushed += 1

    def _drop_future(self) -> None:
        """What lies ahead of the present will not happen."""
        if self._passed < len(self._marks) or self._pushed < len(self._pushes):
            self._forks.append(self._machine.icount)
        del self._marks[self._passed :]
        self._size -= sum(self._sizes[self._passed :])
        del self._sizes[self._passed :]
        del self._pushes[self._pushed :]
        self._tell_from_here()

    def _tell_from_here(self) -> None:
        self._machine.trace.told = 0
        self._machine.console.told = 0

    # --- marks ------------------------------------------------------------------------------------------------

    def _mark(self, kind: MarkKind) -> Mark:
        mark = Mark(self._machine.save(), kind, RegistersAtMark.of(self._machine.cpu), self._pushed)
        self._remember()
        return mark

    def _insert(self, mark: Mark) -> None:
        """Put a mark of the present into the record."""
        before = self._marks[self._passed - 1].snapshot.ram if self._passed else None
        size = MARK_OVERHEAD + PAGE_BYTES * _new_pages(before, mark.snapshot.ram)
        self._marks.insert(self._passed, mark)
        self._sizes.insert(self._passed, size)
        self._size += size
        self._passed += 1
        if self._size > self._memory_limit:
            self._thin_out()

    def _adapt_spacing(self) -> None:
        now = time.perf_counter()
        seconds = self._run_since + now - self._run_began
        self._run_since, self._run_began = 0.0, now
        wanted = self._spacing * min(2.0, max(0.25, TARGET_SECONDS / max(seconds, 1e-6)))
        self._spacing = int(min(MAX_SPACING, max(MIN_SPACING, wanted)))

    def _thin_out(self) -> None:
        """Drop every second mark of the older three quarters, but those that a re-run needs."""
        keep_from = len(self._marks) * 3 // 4
        kept = [
            (index, mark)
            for index, mark in enumerate(self._marks)
            if index >= keep_from or index % 2 == 0 or mark.kind is MarkKind.CHANGED
        ]
        self._passed = sum(index < self._passed for index, _ in kept)
        self._marks = [mark for _, mark in kept]
        self._measure()

    def _measure(self) -> None:
        """Work out the size of every mark again."""
        pages = [None, *(mark.snapshot.ram for mark in self._marks)]
        self._sizes = [
            MARK_OVERHEAD + PAGE_BYTES * _new_pages(before, mark.snapshot.ram)
            for before, mark in zip(pages, self._marks, strict=False)
        ]
        self._size = sum(self._sizes)

    def _schedule(self) -> None:
        """When `reached` is to be called next."""
        due = self._marks[self._passed - 1].icount + self._spacing
        if due <= self._machine.icount:
            due = self._machine.icount + self._spacing
        if self._passed < len(self._marks) and self._marks[self._passed] is not self._left_out:
            mark = self._marks[self._passed]
            due = min(due, mark.icount + (mark.kind is MarkKind.STOPPED))
        if self._pushed < len(self._pushes):
            due = min(due, self._pushes[self._pushed].icount)
        self.due = due

    # --- changes by the host ----------------------------------------------------------------------------------

    def _remember(self) -> None:
        self._changes = (self._machine.cpu.changes, self._machine.ram.host_writes)

    def _check_host_changes(self) -> None:
        if self._changes != (self._machine.cpu.changes, self._machine.ram.host_writes):
            self.changed()


def _new_pages(before: Pages | None, after: Pages) -> int:
    """How many pages `after` does not share with `before`."""
    if before is None:
        return len({id(page) for group in after for page in group})
    return sum(
        sum(new is not old for new, old in zip(new_group, old_group, strict=True))
        for new_group, old_group in zip(after, before, strict=True)
        if new_group is not old_group
    )
