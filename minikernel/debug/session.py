"""What every part of the debugger works on: machine, record, names, stop points; and how the present is looked at."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from minikernel.debug.disassembly import Instruction, disassemble
from minikernel.debug.expression import Expression, parse
from minikernel.debug.stop_points import INTERNAL, Hit, PointKind, StopPoints
from minikernel.debug.stops import AccessKind, MemoryAccess, Stop, StopCause
from minikernel.debug.symbols import Symbols
from minikernel.debug.timeline import Timeline
from minikernel.debug.triggers import Occurrence
from minikernel.kernel.backtrace import Frame, Unwinder, frames_of
from minikernel.machine.exceptions import mode_name
from minikernel.machine.machine import GuestMemoryError, Machine
from minikernel.machine.stop import StopKind, StopReason

SP, LR, PC = 13, 14, 15
REGISTER_NUMBERS = {f"r{number}": number for number in range(16)} | {
    "sl": 10,
    "fp": 11,
    "ip": 12,
    "sp": SP,
    "lr": LR,
    "pc": PC,
}
CAUSES = {
    StopKind.POWER_OFF: StopCause.POWER_OFF,
    StopKind.RESET: StopCause.RESET,
    StopKind.HALTED: StopCause.HALTED,
    StopKind.LOCKUP: StopCause.LOCKUP,
    StopKind.INTERRUPTED: StopCause.INTERRUPTED,
    StopKind.PROBE: StopCause.REQUESTED,
    StopKind.BREAKPOINT: StopCause.REQUESTED,
}
#: Stops of which nothing more is to be told than where they are.
QUIET = frozenset({StopCause.STEP, StopCause.ARRIVED})
CAUSE_OF_POINT = {
    PointKind.BREAKPOINT: StopCause.BREAKPOINT,
    PointKind.WATCHPOINT: StopCause.WATCHPOINT,
    PointKind.EVENT: StopCause.EVENT,
}

#: Words that the kernel fills freed memory with (guest/include/memory.inc), for people.
POISONS = {
    "POISON_INITMEM": "poison: freed init memory",
    "POISON_PAGE": "poison: freed page",
    "POISON_FREE": "poison: freed by kfree",
}


@dataclass(frozen=True)
class Registers:
    """R0-R15 and status of the current mode; `mode` is SVC, USR, ..."""

    general: tuple[int, ...]
    cpsr: int
    spsr: int
    mode: str

    def __getitem__(self, name: str) -> int:
        """By name: r0-r15, sl fp ip sp lr pc, cpsr, spsr. Raises KeyError."""
        if name in ("cpsr", "spsr"):
            return self.cpsr if name == "cpsr" else self.spsr
        return self.general[REGISTER_NUMBERS[name]]

    @property
    def flags(self) -> str:
        """`nZCv`: a capital letter for a flag that is set."""
        return "".join(
            letter.upper() if self.cpsr >> bit & 1 else letter
            for letter, bit in zip("nzcv", (31, 30, 29, 28), strict=True)
        )


class Session:
    """Machine, record, symbols and stop points of one debugger."""

    def __init__(self, machine: Machine, timeline: Timeline, symbols: Symbols) -> None:
        self.machine = machine
        self.timeline = timeline
        self.symbols = symbols
        self.points = StopPoints(machine, self.value)
        self.values: list[int] = []
        self.poisons = {
            symbol.value: text for name, text in POISONS.items() if (symbol := machine.image.get(name)) is not None
        }
        self._unwinder = Unwinder(self.word, symbols.symbolize, symbols.function, symbols.line_at, self._constant)

    # --- looking ----------------------------------------------------------------------------------------------

    def word(self, addr: int) -> int | None:
        """The word at a virtual address; None where there is none."""
        try:
            return self.machine.read_word(addr)
        except GuestMemoryError:
            return None

    def registers(self) -> Registers:
        """As they are now."""
        cpu = self.machine.cpu
        cpsr = cpu.cpsr
        mode = mode_name(cpsr)
        return Registers(cpu.registers(), cpsr, 0 if mode in ("USR", "SYS") else cpu.spsr, mode)

    def instruction(self, addr: int) -> Instruction:
        """The instruction at `addr`."""
        return disassemble(addr, self.word, self.symbols.symbolize, self.poisons)

    def frames(self, limit: int) -> tuple[Frame, ...]:
        """The backtrace. Between runs only."""
        return frames_of(self.machine, self._unwinder, limit)

    def value(self, expression: Expression, occurrence: Occurrence | None = None) -> int:
        """The value of an expression now; inside a run with the pc and the $old and $new of what happens."""
        return expression(_PresentNames(self, occurrence))

    def check_condition(self, text: str, *, is_of_access: bool = False) -> None:
        """Raises ExpressionError for a condition with unknown names; `is_of_access`: it may use $old and $new."""
        access = MemoryAccess(AccessKind.WRITE, 0, 0, 0, 0, 0, 0) if is_of_access else None
        if text:
            parse(text).check_names(_PresentNames(self, Occurrence(0, 0, "", access)))

    def _constant(self, name: str) -> int | None:
        symbol = self.machine.image.get(name)
        return None if symbol is None else symbol.value

    # --- stops ------------------------------------------------------------------------------------------------

    def stop(self, cause: StopCause, message: str, hits: Sequence[Hit] = (), result: int | None = None) -> Stop:
        """The present as a Stop."""
        machine = self.machine
        pc = machine.cpu.pc
        where = self.symbols.symbolize(pc)
        if not hits and result is None and cause in QUIET:
            icount, time_ns, is_past = machine.icount, machine.time_ns, self.timeline.is_rerun
            return Stop(cause, message, pc, where, icount, time_ns, is_past=is_past)
        access = next((hit.occurrence.access for hit in hits if hit.occurrence.access), None)
        event = next((hit.occurrence.event for hit in hits if hit.occurrence.event), None)
        numbers = tuple(dict.fromkeys(hit.number for hit in hits if hit.number != INTERNAL))
        fault = machine.last_fault if cause in (StopCause.HALTED, StopCause.LOCKUP) else None
        return Stop(
            cause, message, pc, where, machine.icount, machine.time_ns, numbers, access, event, result, fault,
            self.timeline.is_rerun,
        )  # fmt: skip

    def stop_of_hits(self, hits: Sequence[Hit]) -> Stop:
        """The present, reached because of stop points of the user's."""
        first = hits[0]
        message = f"{first.kind.value} {first.number}: {first.occurrence.text}"
        if first.error is not None:
            message = f"{first.kind.value} {first.number}: its condition cannot be evaluated: {first.error}"
        return self.stop(CAUSE_OF_POINT[first.kind], message, hits)

    def stop_of_machine(self, reason: StopReason, done: StopCause) -> Stop:
        """The present, where the machine stopped by itself; `done` is the cause when the instructions are spent."""
        if reason.kind is StopKind.BUDGET:
            return self.stop(done, "instructions executed" if done is StopCause.STEP else "the budget is spent")
        if reason.kind in CAUSES:
            return self.stop(CAUSES[reason.kind], reason.message.rpartition(", at ")[0] or reason.message)
        return self.stop(done, reason.kind.value)


def value_index(name: str, count: int) -> int | None:
    """Which of `count` values `$name` is, from 0: $ the last, $$ the one before it, $$n the n-th before the last,
    $n the n-th. Outside the range where there is none; None for another kind of name."""
    if name.isdecimal():
        return int(name) - 1
    back = name.removeprefix("$")
    if not back.isdecimal() and back:
        return None
    return count - 1 - (int(back) if back else len(name))


class _PresentNames:
    """expression.Names of the present."""

    def __init__(self, session: Session, occurrence: Occurrence | None) -> None:
        self._session = session
        self._occurrence = occurrence

    def register(self, name: str) -> int | None:
        cpu = self._session.machine.cpu
        name = name.lower()
        occurrence = self._occurrence
        if occurrence is not None:
            if name in ("pc", "r15"):
                return occurrence.pc
            if occurrence.access is not None and name in ("old", "new"):
                return occurrence.access.old if name == "old" else occurrence.access.new
        if name == "cpsr":
            return cpu.cpsr
        index = value_index(name, len(self._session.values))
        if index is not None:
            return self._session.values[index] if 0 <= index < len(self._session.values) else None
        number = REGISTER_NUMBERS.get(name)
        return None if number is None else cpu.r(number)

    def symbol(self, name: str) -> int | None:
        return self._session.symbols.value(name)

    def known_names(self) -> Iterable[str]:
        yield from (f"${name}" for name in (*REGISTER_NUMBERS, "cpsr"))
        yield from self._session.symbols.names()

    def read(self, addr: int, size: int) -> int:
        return int.from_bytes(self._session.machine.read(addr, size), "little")
