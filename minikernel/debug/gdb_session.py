"""One gdb's talk with the debugger: a packet in, the packets of the answer out. No sockets here.

GDB manual, appendix E. A packet that is not known is answered with an empty one, one that makes no sense with an error.
What is not obvious:

* gdb is told of memory that can be written and of one thread, 1: the processor.
* ARM's watchpoints stop before the access (in gdb's words: they are nonsteppable); gdb then steps over it and looks at
  the value. So a forward stop is told from before the access, a backward one from behind it.
* Power-off is no exit of the program: the session goes on, so that one can go back from there.
* gdb takes its breakpoints out at each stop and puts them in again at each resume.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum

from minikernel.debug.debugger import BOTH, READS, WRITES, Debugger
from minikernel.debug.gdb_monitor import Monitor
from minikernel.debug.gdb_packets import PACKET_SIZE, escape, number, unescape, unhex
from minikernel.debug.gdb_target import (
    CPSR,
    PC,
    REGISTER_BYTES,
    REGISTERS,
    SP,
    ErrorAnswer,
    memory_map_xml,
    target_xml,
)
from minikernel.debug.stops import AccessKind, Stop, StopCause
from minikernel.errors import MinikernelError
from minikernel.machine.exceptions import CPSR_MODE, Mode
from minikernel.machine.machine import GuestMemoryError

OK, UNKNOWN = b"OK", b""
THREAD = b"1"
ANY_THREAD = frozenset({b"", b"0", b"-1", THREAD})

FEATURES = (
    f"PacketSize={PACKET_SIZE:x};qXfer:features:read+;qXfer:memory-map:read+;QStartNoAckMode+;vContSupported+;"
    "swbreak+;hwbreak+;ReverseStep+;ReverseContinue+"
).encode()

#: Registers that come with every stop, so that gdb need not ask: fp, sp, pc, cpsr.
EXPEDITED = (11, SP, PC, CPSR)

SIGINT, SIGTRAP, SIGSEGV = 2, 5, 11
SIGNALS = {StopCause.INTERRUPTED: SIGINT, StopCause.LOCKUP: SIGSEGV}

#: Stops that gdb has no word for: they are told in ours, as text.
TOLD_AS_TEXT = frozenset(
    {StopCause.POWER_OFF, StopCause.RESET, StopCause.HALTED, StopCause.LOCKUP, StopCause.EVENT, StopCause.REQUESTED}
)

INSTRUCTION_BYTES = 4
LONGEST_WATCH = 4096  # bytes
WORD_MASK = 0xFFFF_FFFF
TEXT_CHUNK = PACKET_SIZE // 2 - 1

_NAME = re.compile(rb"[A-Za-z?]+")
_CONT_ACTION = re.compile(rb"(?P<what>[csr]|[CS][0-9a-fA-F]{2})(?P<range>[0-9a-fA-F,]*)(?::(?P<thread>[-0-9a-f.p]+))?$")


class Ending(Enum):
    """How gdb took its leave."""

    DETACHED = "detached"
    KILLED = "killed"


class PointType(Enum):
    """Z and z packets: the number."""

    SOFTWARE = 0
    HARDWARE = 1
    WRITE = 2
    READ = 3
    ACCESS = 4


WATCHED_KINDS = {PointType.WRITE: WRITES, PointType.READ: READS, PointType.ACCESS: BOTH}
REASONS = {
    PointType.SOFTWARE: b"swbreak",
    PointType.HARDWARE: b"hwbreak",
    PointType.WRITE: b"watch",
    PointType.READ: b"rwatch",
    PointType.ACCESS: b"awatch",
}


@dataclass(frozen=True)
class GdbPoint:
    """What one Z packet asked for. `size`: bytes watched."""

    type: PointType
    addr: int
    size: int


class GdbSession:
    """answer() is all. `ending` is None while gdb is there; `has_acks` until gdb wants none. update_names() is called
    before a stop is put into words."""

    def __init__(self, debugger: Debugger, monitor: Monitor, update_names: Callable[[], None]) -> None:
        self.has_acks = True
        self.ending: Ending | None = None
        self._debugger = debugger
        self._machine = debugger.machine
        self._monitor = monitor
        self._update_names = update_names
        self._points: dict[GdbPoint, int] = {}

    def answer(self, payload: bytes) -> list[bytes]:
        """The payloads to send, in order; none for what has no answer."""
        command = _LETTERS.get(payload[:1])
        arguments = payload[1:]
        if command is None:
            found = _NAME.match(payload)
            name = found[0] if found else b""
            command, arguments = _NAMES.get(name), payload[len(name) :]
        if command is None:
            return [UNKNOWN]
        try:
            answer = command(self, arguments)
        except GuestMemoryError:
            return [ErrorAnswer.FAULT.value]
        except MinikernelError:
            return [ErrorAnswer.INVALID.value]
        return answer if isinstance(answer, list) else [answer]

    def close(self) -> None:
        """Leave the debugger as it was: without gdb's breakpoints."""
        for point in self._points.values():
            self._debugger.delete(point)
        self._points.clear()

    # --- registers --------------------------------------------------------------------------------------------

    def _register(self, index: int) -> int:
        cpu = self._machine.cpu
        return cpu.cpsr if index == CPSR else cpu.r(index)

    def _set_register(self, index: int, value: int) -> None:
        """Writes what differs only: a write in the past begins a new future."""
        if self._register(index) != value:
            self._debugger.set_register(REGISTERS[index], value)

    def _read_registers(self, _arguments: bytes) -> bytes:
        return b"".join(_word(self._register(index)) for index in REGISTERS)

    def _write_registers(self, arguments: bytes) -> bytes:
        values = unhex(arguments)
        if values is None or len(values) != REGISTER_BYTES * len(REGISTERS):
            return ErrorAnswer.INVALID.value
        words = [int.from_bytes(values[at : at + REGISTER_BYTES], "little") for at in range(0, len(values), 4)]
        wanted = dict(zip(REGISTERS, words, strict=True))
        if not _is_mode(wanted[CPSR]):
            return ErrorAnswer.INVALID.value
        for index in (CPSR, *(each for each in wanted if each != CPSR)):  # the mode decides which sp and lr are meant
            self._set_register(index, wanted[index])
        return OK

    def _read_register(self, arguments: bytes) -> bytes:
        index = number(arguments)
        return _word(self._register(index)) if index in REGISTERS else ErrorAnswer.INVALID.value

    def _write_register(self, arguments: bytes) -> bytes:
        digits, _, value = arguments.partition(b"=")
        index, word = number(digits), unhex(value)
        if index not in REGISTERS or word is None or len(word) != REGISTER_BYTES:
            return ErrorAnswer.INVALID.value
        wanted = int.from_bytes(word, "little")
        if index == CPSR and not _is_mode(wanted):
            return ErrorAnswer.INVALID.value
        self._set_register(index, wanted)
        return OK

    # --- memory -----------------------------------------------------------------------------------------------

    def _read_memory(self, arguments: bytes) -> bytes:
        place = _place(arguments)
        if place is None or not place[1]:
            return ErrorAnswer.INVALID.value
        addr, size = place
        return self._readable(addr, min(size, PACKET_SIZE // 2, WORD_MASK + 1 - addr)).hex().encode()

    def _readable(self, addr: int, size: int) -> bytes:
        """As much as there is. Raises GuestMemoryError when there is nothing."""
        try:
            return self._machine.read(addr, size)
        except GuestMemoryError as error:
            if error.addr <= addr:
                raise
            return self._machine.read(addr, error.addr - addr)

    def _write_memory(self, arguments: bytes) -> bytes:
        head, _, digits = arguments.partition(b":")
        return self._write(_place(head), unhex(digits))

    def _write_binary(self, arguments: bytes) -> bytes:
        head, _, escaped = arguments.partition(b":")
        return self._write(_place(head), unescape(escaped))

    def _write(self, place: tuple[int, int] | None, contents: bytes | None) -> bytes:
        if place is None or contents is None or len(contents) != place[1] or sum(place) > WORD_MASK + 1:
            return ErrorAnswer.INVALID.value
        addr, size = place
        if size and self._machine.read(addr, size) != contents:
            self._debugger.write(addr, contents)
        return OK

    # --- running ----------------------------------------------------------------------------------------------

    def _continue(self, arguments: bytes) -> list[bytes]:
        return self._resume(arguments, self._debugger.cont)

    def _step(self, arguments: bytes) -> list[bytes]:
        return self._resume(arguments, self._debugger.step)

    def _continue_with_signal(self, arguments: bytes) -> list[bytes]:
        return self._continue(arguments.partition(b";")[2])

    def _step_with_signal(self, arguments: bytes) -> list[bytes]:
        return self._step(arguments.partition(b";")[2])

    def _resume(self, digits: bytes, move: Callable[[], Stop]) -> list[bytes]:
        """Go on, from an address if there is one."""
        addr = number(digits)
        if digits and (addr is None or addr > WORD_MASK):
            return [ErrorAnswer.INVALID.value]
        if addr is not None:
            self._set_register(PC, addr)
        return self._stopped_forward(move())

    def _continue_threads(self, arguments: bytes) -> list[bytes]:
        """vCont: the first action that is for our thread."""
        actions = [_CONT_ACTION.match(action) for action in arguments.removeprefix(b";").split(b";")]
        ours = next((each for each in actions if each and (each["thread"] or b"") in ANY_THREAD), None)
        if ours is None or None in actions:
            return [ErrorAnswer.INVALID.value]
        if ours["what"] == b"r":
            return self._step_through(ours["range"])
        return self._stopped_forward(
            self._debugger.step() if ours["what"][:1] in (b"s", b"S") else self._debugger.cont()
        )

    def _step_through(self, digits: bytes) -> list[bytes]:
        """Step as long as the pc is in [start, end)."""
        bounds = _place(digits)
        if bounds is None:
            return [ErrorAnswer.INVALID.value]
        with self._machine.many_runs():
            stop = self._debugger.step()
            while stop.cause is StopCause.STEP and bounds[0] <= stop.pc < bounds[1]:
                stop = self._debugger.step()
        return self._stopped_forward(stop)

    def _reverse_continue(self, _arguments: bytes) -> list[bytes]:
        stop = self._debugger.reverse_cont()
        if stop.cause is StopCause.WATCHPOINT:
            self._debugger.goto(stop.icount + 1)
        return self._stopped(stop)

    def _reverse_step(self, _arguments: bytes) -> list[bytes]:
        before = self._watched()
        stop = self._debugger.step_back()
        undone = next((point for point, contents in self._watched().items() if contents != before[point]), None)
        if undone is None or stop.cause is not StopCause.STEP:
            return self._stopped(stop)
        self._debugger.goto(stop.icount + 1)
        return [self._stop_reply(SIGTRAP, b"watch:%x;" % undone.addr)]

    def _watched(self) -> dict[GdbPoint, bytes | None]:
        """What watchpoints for stores see now."""
        found: dict[GdbPoint, bytes | None] = {}
        for point in self._points:
            if point.type in (PointType.WRITE, PointType.ACCESS):
                try:
                    found[point] = self._machine.read(point.addr, point.size)
                except GuestMemoryError:
                    found[point] = None
        return found

    # --- stops ------------------------------------------------------------------------------------------------

    def _stopped_forward(self, stop: Stop) -> list[bytes]:
        if stop.access is not None:
            self._debugger.goto(stop.access.icount - 1)
        return self._stopped(stop)

    def _stopped(self, stop: Stop) -> list[bytes]:
        reply = self._stop_reply(SIGNALS.get(stop.cause, SIGTRAP), self._reason(stop))
        if stop.cause not in TOLD_AS_TEXT:
            return [reply]
        self._update_names()
        where = f", at {self._debugger.symbolize(stop.pc)}"
        fault = f": {stop.fault}" if stop.fault is not None else ""
        return [*_console(f"[{stop.message}{where}{fault}]\n"), reply]

    def _reason(self, stop: Stop) -> bytes:
        if stop.cause is StopCause.START:
            return b"replaylog:begin;"
        hit = next((point for point, its_number in self._points.items() if its_number in stop.points), None)
        if hit is None:
            return b""
        if hit.type not in WATCHED_KINDS:
            return REASONS[hit.type] + b":;"
        return b"%s:%x;" % (REASONS[hit.type], hit.addr)

    def _stop_reply(self, signal: int, reason: bytes) -> bytes:
        registers = b"".join(b"%02x:%s;" % (index, _word(self._register(index))) for index in EXPEDITED)
        return b"T%02x%sthread:%s;%s" % (signal, reason, THREAD, registers)

    def _why_stopped(self, _arguments: bytes) -> bytes:
        return self._stop_reply(SIGTRAP, b"")

    # --- breakpoints and watchpoints --------------------------------------------------------------------------

    def _insert(self, arguments: bytes) -> bytes:
        point = _gdb_point(arguments)
        if point is None:
            return ErrorAnswer.INVALID.value
        if point not in self._points:
            self._points[point] = self._set_point(point)
        return OK

    def _remove(self, arguments: bytes) -> bytes:
        point = _gdb_point(arguments)
        if point is None:
            return ErrorAnswer.INVALID.value
        its_number = self._points.pop(point, None)
        if its_number is not None:
            self._debugger.delete(its_number)
        return OK

    def _set_point(self, point: GdbPoint) -> int:
        kinds: frozenset[AccessKind] | None = WATCHED_KINDS.get(point.type)
        if kinds is None:
            return self._debugger.break_at(point.addr, anywhere=True).number
        return self._debugger.watch(point.addr, point.size, kinds).number

    # --- threads: there is one --------------------------------------------------------------------------------

    def _select_thread(self, arguments: bytes) -> bytes:
        return OK if arguments[1:] in ANY_THREAD else ErrorAnswer.NO_SUCH_THREAD.value

    def _is_thread_alive(self, arguments: bytes) -> bytes:
        return OK if arguments == THREAD else ErrorAnswer.NO_SUCH_THREAD.value

    def _extra_thread_info(self, _arguments: bytes) -> bytes:
        return self._debugger.registers().mode.encode().hex().encode()

    # --- the session ------------------------------------------------------------------------------------------

    def _start_no_ack_mode(self, _arguments: bytes) -> bytes:
        self.has_acks = False
        return OK

    def _detach(self, _arguments: bytes) -> bytes:
        self.ending = Ending.DETACHED
        return OK

    def _kill(self, _arguments: bytes) -> list[bytes]:
        self.ending = Ending.KILLED
        return []

    def _kill_process(self, _arguments: bytes) -> bytes:
        self.ending = Ending.KILLED
        return OK

    def _transfer(self, arguments: bytes) -> bytes:
        """qXfer:OBJECT:read:ANNEX:OFFSET,LENGTH: a part of a document."""
        parts = arguments.split(b":")
        if len(parts) != 5 or parts[2] != b"read":
            return UNKNOWN
        document = self._document(parts[1], parts[3])
        place = _place(parts[4])
        if document is None:
            return UNKNOWN if parts[1] not in (b"features", b"memory-map") else b"E00"
        if place is None:
            return ErrorAnswer.INVALID.value
        offset, length = place
        part = document[offset : offset + min(length, TEXT_CHUNK)]
        return (b"m" if offset + len(part) < len(document) else b"l") + escape(part)

    def _document(self, kind: bytes, annex: bytes) -> bytes | None:
        if (kind, annex) == (b"features", b"target.xml"):
            return target_xml()
        if (kind, annex) == (b"memory-map", b""):
            return memory_map_xml(self._machine.ram.size)
        return None

    def _remote_command(self, arguments: bytes) -> list[bytes]:
        command = unhex(arguments.removeprefix(b","))
        if command is None:
            return [ErrorAnswer.INVALID.value]
        return [*_console(self._monitor.run(command.decode("utf-8", "replace"))), OK]


# --- parts of packets -------------------------------------------------------------------------------------------------


def _word(value: int) -> bytes:
    return value.to_bytes(REGISTER_BYTES, "little").hex().encode()


def _place(digits: bytes) -> tuple[int, int] | None:
    """`ADDR,LENGTH`; None unless both are numbers and the first is an address."""
    first, _, second = digits.partition(b",")
    addr, length = number(first), number(second)
    return None if addr is None or length is None or addr > WORD_MASK else (addr, length)


def _gdb_point(arguments: bytes) -> GdbPoint | None:
    """`TYPE,ADDR,KIND`, with conditions behind a ; that we do not have said we understand."""
    kind, _, rest = arguments.partition(b";")[0].partition(b",")
    place = _place(rest)
    if place is None or kind not in (b"0", b"1", b"2", b"3", b"4"):
        return None
    type_, (addr, size) = PointType(int(kind)), place
    if type_ in WATCHED_KINDS:
        return GdbPoint(type_, addr, size) if 0 < size <= LONGEST_WATCH else None
    return GdbPoint(type_, addr, size) if size == INSTRUCTION_BYTES and addr % INSTRUCTION_BYTES == 0 else None


def _is_mode(cpsr: int) -> bool:
    """Whether the mode bits are those of a mode: the processor has no state for others."""
    return cpsr & CPSR_MODE in Mode._value2member_map_


def _console(text: str) -> list[bytes]:
    """Packets that make gdb print a text."""
    encoded = text.encode("utf-8", "replace")
    chunks = (encoded[at : at + TEXT_CHUNK] for at in range(0, len(encoded), TEXT_CHUNK))
    return [b"O" + chunk.hex().encode() for chunk in chunks]


def _constant(answer: bytes) -> Command:
    return lambda _session, _arguments: answer


Command = Callable[[GdbSession, bytes], bytes | list[bytes]]

_LETTERS: Mapping[bytes, Command] = {
    b"?": GdbSession._why_stopped,
    b"g": GdbSession._read_registers,
    b"G": GdbSession._write_registers,
    b"p": GdbSession._read_register,
    b"P": GdbSession._write_register,
    b"m": GdbSession._read_memory,
    b"M": GdbSession._write_memory,
    b"X": GdbSession._write_binary,
    b"c": GdbSession._continue,
    b"C": GdbSession._continue_with_signal,
    b"s": GdbSession._step,
    b"S": GdbSession._step_with_signal,
    b"Z": GdbSession._insert,
    b"z": GdbSession._remove,
    b"H": GdbSession._select_thread,
    b"T": GdbSession._is_thread_alive,
    b"D": GdbSession._detach,
    b"k": GdbSession._kill,
}

_NAMES: Mapping[bytes, Command] = {
    b"bc": GdbSession._reverse_continue,
    b"bs": GdbSession._reverse_step,
    b"qSupported": _constant(FEATURES),
    b"QStartNoAckMode": GdbSession._start_no_ack_mode,
    b"qXfer": GdbSession._transfer,
    b"qRcmd": GdbSession._remote_command,
    b"qAttached": _constant(b"1"),
    b"qC": _constant(b"QC" + THREAD),
    b"qfThreadInfo": _constant(b"m" + THREAD),
    b"qsThreadInfo": _constant(b"l"),
    b"qThreadExtraInfo": GdbSession._extra_thread_info,
    b"qSymbol": _constant(OK),
    b"vCont": GdbSession._continue_threads,
    b"vCont?": _constant(b"vCont;c;C;s;S;r"),
    b"vKill": GdbSession._kill_process,
}
