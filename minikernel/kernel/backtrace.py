"""Who called whom, from frame records (AAPCS32): fp points to {caller's fp, return address}; 0 ends the chain.

A function that calls others begins `push {..., fp, lr}` and `add fp, sp, #n`; a leaf has no record and returns to lr.
An exception leaves struct pt_regs on the SVC stack (guest/kernel/vectors.s): there the chain goes on with the
interrupted instruction.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from itertools import islice

from minikernel.bits import bit, bits
from minikernel.elf.line_table import SourceLine
from minikernel.machine.exceptions import CPSR_MODE, VECTORS, ExceptionKind, Mode
from minikernel.machine.machine import Machine
from minikernel.showing import Table

MAX_FRAMES = 64
PROLOGUE_WORDS = 3  # push, add fp, and what may stand between
RECORD_SIZE = 8
FP, SP, LR, PC = 11, 13, 14, 15

#: struct pt_regs where the image does not say (guest/include/ptrace.inc).
PT_LAYOUT = {"PT_FP": 44, "PT_SP": 52, "PT_LR": 56, "PT_PC": 60, "PT_CPSR": 64, "PT_SIZE": 68}

#: The vector stubs: whoever is called from one of these was called by an exception.
EXCEPTION_STUBS = {
    "vector_irq": "IRQ",
    "vector_swi": "supervisor call",
    "vector_undefined": "undefined instruction",
    "vector_prefetch_abort": "prefetch abort",
    "vector_data_abort": "data abort",
    "vector_unexpected": "unexpected exception",
}
KIND_OF_MODE = {
    Mode.IRQ: ExceptionKind.IRQ,
    Mode.ABT: ExceptionKind.DATA_ABORT,
    Mode.UND: ExceptionKind.UNDEFINED,
}

# Words of the stubs (macro save_registers), the immediate left out.
SUB_LR_LR = 0xE24E_E000
SUB_SP_SP = 0xE24D_D000
MOV_R4_SP = 0xE1A0_400D

USER_CPSR = 0x0FFF_FC3F  # of a user program's cpsr these bits are just its mode; an address has others

#: They go back by pt_regs, which stands at sp.
RETURN_STUBS = frozenset({"return_from_exception", "ret_to_user"})

ReadWord = Callable[[int], int | None]


class Stage(Enum):
    """How far a function's prologue has come."""

    NONE = auto()  # not begun, or there is none: the function returns to lr
    PUSHED = auto()  # the return address is on the stack, fp is still the caller's
    LINKED = auto()  # fp points to the record


class FrameKind(Enum):
    """How a frame's code came to be left."""

    CURRENT = "current"  # it runs now
    CALL = "call"  # it called the frame before
    EXCEPTION = "exception"  # it was interrupted


@dataclass(frozen=True)
class Frame:
    """One level. `pc` is the next instruction of a current or interrupted frame, else the call itself; `resume` where
    it goes on. `cfa` is sp as it was at the function's entry, None where that cannot be told. `note` names the
    exception that interrupted, or says why the chain ends here."""

    level: int
    kind: FrameKind
    pc: int
    resume: int
    symbol: str
    line: SourceLine | None
    fp: int
    cfa: int | None
    is_user: bool = False
    note: str = ""


class Backtrace(Table[Frame]):
    """Frames, the current one first."""

    headings = ("#", "address", "function", "line", "")

    @staticmethod
    def row(item: Frame) -> tuple[str, ...]:
        """`1 0xc0008124 do_initcalls+0x14 kernel/initcall.s:165`."""
        note = " ".join(filter(None, ("user mode" if item.is_user else "", item.note)))
        return str(item.level), f"{item.pc:#010x}", item.symbol, str(item.line or ""), note


@dataclass(frozen=True)
class State:
    """The registers that unwinding needs."""

    pc: int
    lr: int
    sp: int
    fp: int
    cpsr: int
    spsr: int = 0
    r4: int = 0

    @property
    def is_user(self) -> bool:
        """In user mode."""
        return self.cpsr & CPSR_MODE == Mode.USR


class Unwinder:
    """Walks frames. read_word(addr) gives None where nothing can be read; constant(name) a guest constant."""

    def __init__(
        self,
        read_word: ReadWord,
        symbolize: Callable[[int], str],
        function: Callable[[int], str],
        line_at: Callable[[int], SourceLine | None],
        constant: Callable[[str], int | None],
    ) -> None:
        self._read = read_word
        self._symbolize = symbolize
        self._function = function
        self._line_at = line_at
        self._pt = {name: _or(constant(name), value) for name, value in PT_LAYOUT.items()}

    def frames(self, state: State, banked: Mapping[int, tuple[int, int]], limit: int = MAX_FRAMES) -> tuple[Frame, ...]:
        """The current frame first; `banked` has (sp, lr) of each mode. Never more than `limit`, whatever the stack
        holds."""
        return tuple(islice(self._walk(state, banked), limit))

    def _walk(self, state: State, banked: Mapping[int, tuple[int, int]]) -> Iterator[Frame]:
        level, kind, note = 0, FrameKind.CURRENT, ""
        while True:
            yield self._running(level, kind, state, note)
            level += 1
            kind = FrameKind.EXCEPTION
            interrupted = self._interrupted_now(state, banked)
            if interrupted is None:
                for frame, callee_sp in self._calls(state, level):
                    yield frame
                    level += 1
                    interrupted = self._interrupted_by(frame, callee_sp)
                    if interrupted is not None:
                        break
            if interrupted is None:
                return
            state, note = interrupted

    def _running(self, level: int, kind: FrameKind, state: State, note: str) -> Frame:
        """The frame of an instruction that is the next one, now or when its exception is over."""
        pc, is_user = state.pc, state.is_user
        symbol, line, cfa = self._symbolize(pc), self._line_at(pc), self._cfa(state)
        return Frame(level, kind, pc, pc, symbol, line, state.fp, cfa, is_user, note)

    def _calls(self, state: State, level: int) -> Iterator[tuple[Frame, int]]:
        """The frames that wait for a return, and for each sp at the entry of what it called."""
        fp, previous = state.fp, 0
        stage = self._stage(state.pc)
        if stage is not Stage.LINKED and not state.is_user:
            back = (
                state.lr if stage is not Stage.PUSHED else self._read(state.sp + 4 * self._pushed_words(state.pc) - 4)
            )
            entry_sp = self._cfa(state)
            if not back or entry_sp is None:
                return
            if not self._is_stale(back, state.pc):
                yield self._calling(level, back, fp, state.is_user), entry_sp
                level += 1
        while fp % 4 == 0 and fp > previous:
            above, back = self._read(fp), self._read(fp + 4)
            if above is None or not back:
                return
            yield self._calling(level, back, above, state.is_user), fp + RECORD_SIZE
            level += 1
            previous, fp = fp, above

    def _is_stale(self, back: int, pc: int) -> bool:
        """`back` is what a call inside this very function left in lr: it has no prologue and is no leaf either."""
        return self._function(back - 4) == self._function(pc) and not self._prologue(pc)

    def _calling(self, level: int, back: int, fp: int, is_user: bool) -> Frame:
        call = back - 4 & 0xFFFF_FFFF
        cfa = fp + RECORD_SIZE if fp else None
        symbol, line = self._symbolize(call), self._line_at(call)
        return Frame(level, FrameKind.CALL, call, back, symbol, line, fp, cfa, is_user)

    # --- prologues --------------------------------------------------------------------------------------------

    def _prologue(self, pc: int) -> list[int]:
        """The words of the function's prologue up to `add fp`, empty for a function without a frame record."""
        start = self._start(pc)
        if start is None:
            return []
        words: list[int] = []
        for index in range(PROLOGUE_WORDS):
            word = self._read(start + 4 * index)
            if word is None:
                return []
            words.append(word)
            if word & 0x0FFF_F000 == 0x028D_B000:  # add fp, sp, #n
                return words
        return []

    def _start(self, pc: int) -> int | None:
        name = self._symbolize(pc).removesuffix("]").split(" [")[0]
        symbol, plus, offset = name.partition("+")
        if symbol.startswith("0x"):
            return None
        return pc - (int(offset, 16) if plus else 0)

    def _stage(self, pc: int) -> Stage:
        """How far the prologue has come when `pc` is the next instruction."""
        words, start = self._prologue(pc), self._start(pc)
        if not words or start is None:
            return Stage.NONE
        done = words[: (pc - start) // 4]
        if len(done) == len(words):
            return Stage.LINKED
        return Stage.PUSHED if any(_is_push(word) for word in done) else Stage.NONE

    def _pushed_words(self, pc: int) -> int:
        """Words that the prologue's push stores."""
        return next((bits(word, 15, 0).bit_count() for word in self._prologue(pc) if _is_push(word)), 1)

    def _cfa(self, state: State) -> int | None:
        """sp at the entry of the function that runs in `state`. A leaf that has pushed something shows a lower one,
        which tells it from other calls just as well."""
        match self._stage(state.pc):
            case Stage.PUSHED:
                return state.sp + 4 * self._pushed_words(state.pc)
            case Stage.LINKED:
                return state.fp + RECORD_SIZE if state.fp else None
        return state.sp

    # --- exceptions -------------------------------------------------------------------------------------------

    def _interrupted_now(self, state: State, banked: Mapping[int, tuple[int, int]]) -> tuple[State, str] | None:
        """What was interrupted, while the stub itself runs; None in any other code."""
        mode = state.cpsr & CPSR_MODE
        stub = self._function(state.pc)
        done = self._executed(state.pc) if stub in EXCEPTION_STUBS else []
        if mode in KIND_OF_MODE:
            kind = KIND_OF_MODE[Mode(mode)]
            is_adjusted = any(word & 0xFFFF_FF00 == SUB_LR_LR for word in done)
            pc = state.lr - (0 if is_adjusted else VECTORS[kind].lr_arm) & 0xFFFF_FFFF
            sp, lr = banked.get(state.spsr & CPSR_MODE, (0, 0))
            return State(pc, lr, sp, state.fp, state.spsr), EXCEPTION_STUBS.get(stub, kind.value)
        if stub in EXCEPTION_STUBS and MOV_R4_SP not in done:
            return self._half_saved(state, done, banked), EXCEPTION_STUBS[stub]
        if stub not in EXCEPTION_STUBS and stub not in RETURN_STUBS:
            return None
        return self._resumed((state.r4, state.sp), EXCEPTION_STUBS.get(stub, "exception"))

    def _half_saved(self, state: State, done: list[int], banked: Mapping[int, tuple[int, int]]) -> State:
        """In SVC mode, while the stub builds pt_regs: srs has stored pc and cpsr, the rest is in registers still."""
        stored = state.sp + (self._pt["PT_PC"] if any(word & 0xFFFF_FF00 == SUB_SP_SP for word in done) else 0)
        pc, cpsr = _or(self._read(stored), 0), _or(self._read(stored + 4), 0)
        if cpsr & CPSR_MODE == Mode.USR:
            sp, lr = banked.get(int(Mode.USR), (0, 0))
            return State(pc, lr, sp, state.fp, cpsr)
        return State(pc, state.lr, stored + 8, state.fp, cpsr)

    def _executed(self, pc: int) -> list[int]:
        """The words of the function before `pc`."""
        start = self._start(pc)
        return [] if start is None else [_or(self._read(addr), 0) for addr in range(start, pc, 4)]

    def _interrupted_by(self, frame: Frame, callee_sp: int) -> tuple[State, str] | None:
        """What was interrupted, when `frame` is a stub that called its handler with this sp."""
        what = EXCEPTION_STUBS.get(self._function(frame.pc))
        return None if what is None else self._resumed((callee_sp, callee_sp + 4), what)

    def _resumed(self, places: tuple[int, ...], what: str) -> tuple[State, str] | None:
        pt_regs = self._find_pt_regs(places)
        state = None if pt_regs is None else self._from_pt_regs(pt_regs)
        return None if state is None else (state, what)

    def _find_pt_regs(self, places: tuple[int, ...]) -> int | None:
        """struct pt_regs at one of the places: the stub aligned the stack, so it stands at sp or a word above."""
        for place in places:
            cpsr, sp = self._pt_word(place, "PT_CPSR"), self._pt_word(place, "PT_SP")
            if cpsr is None or sp is None:
                continue
            if cpsr & USER_CPSR == Mode.USR:
                return place
            if cpsr & CPSR_MODE in Mode._value2member_map_ and sp == place + self._pt["PT_SIZE"]:
                return place
        return None

    def _from_pt_regs(self, pt_regs: int) -> State | None:
        values = [self._pt_word(pt_regs, name) for name in ("PT_PC", "PT_LR", "PT_SP", "PT_FP", "PT_CPSR")]
        known = [value for value in values if value is not None]
        return State(*known) if len(known) == len(values) else None

    def _pt_word(self, pt_regs: int, name: str) -> int | None:
        return self._read(pt_regs + self._pt[name])


def frames_of(machine: Machine, unwinder: Unwinder, limit: int = MAX_FRAMES) -> tuple[Frame, ...]:
    """The backtrace of a machine as it stands. Between runs only."""
    cpu = machine.cpu
    general, cpsr = cpu.registers(), cpu.cpsr
    mode = cpsr & CPSR_MODE
    spsr = 0 if mode in (Mode.USR, Mode.SYS) else cpu.spsr
    state = State(general[PC], general[LR], general[SP], general[FP], cpsr, spsr, general[4])
    banked = {int(each): (sp, lr) for each, (sp, lr, _) in cpu.banked().items()}
    banked[mode] = (general[SP], general[LR])
    return unwinder.frames(state, banked, limit)


def _is_push(word: int) -> bool:
    """push of several registers, lr and fp among them."""
    return word & 0x0FFF_0000 == 0x092D_0000 and bool(bit(word, LR)) and bool(bit(word, FP))


def _or(value: int | None, default: int) -> int:
    return default if value is None else value
