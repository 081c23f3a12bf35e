"""`.debug_frame`: where a function keeps its caller's registers, for the functions whose code leaves gdb in doubt.

gdb reads frame records (tutorials/asm-dialect.md) by itself: from the head of a function it learns the frame. It goes
wrong in the last instructions of functions that move sp by more than their push and pop - room for locals, a call with
arguments on the stack, `push {r0-r3}` of printk and its kin. For these, and only these, this page reads the head

    push    {r0-r3}                 if arguments are variable
    push    {r4-rN, fp, lr}
    add     fp, sp, #4 * (count - 2)

and writes what follows from it: the canonical frame address (CFA), sp before the call, is reckoned from sp first, from
fp in the body, and from sp again behind a `pop {r4-rN, fp, lr}`. DWARF 4, 6.4; what is not recognised has no entry.

Two more kinds of functions have entries, from exception_frames.py: the stubs that the vectors lead to, and those that
nobody has called.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator

from minikernel.toolchain.exception_frames import Stub, calls_without_return
from minikernel.toolchain.leb128 import sleb, uleb
from minikernel.toolchain.symbols import Symbol
from minikernel.values import dataclass

FP, SP, LR, PC = 11, 13, 14, 15

_DW_CFA_advance_loc = 0x40
_DW_CFA_offset = 0x80
_DW_CFA_restore = 0xC0
_DW_CFA_undefined = 0x07
_DW_CFA_remember_state = 0x0A
_DW_CFA_restore_state = 0x0B
_DW_CFA_def_cfa = 0x0C
_DW_CFA_def_cfa_offset = 0x0E
_DW_CFA_advance_loc2 = 0x03

_CODE_ALIGNMENT = 4
_DATA_ALIGNMENT = -4


@dataclass(frozen=True)
class CallFrame:
    """One entry (FDE): for `size` bytes of a function, from `start` on. `is_exception`: the CIE is the one of code that
    was interrupted, not called."""

    function: Symbol
    start: int
    size: int
    instructions: bytes
    is_exception: bool = False


def common_entry(*, is_exception: bool = False) -> bytes:
    """The CIE that entries share, without its length: at a call the CFA is sp and the return address in lr. What an
    exception interrupted goes on just at its pc (that is what the augmentation S means)."""
    augmentation, return_column = (b"S\0", PC) if is_exception else (b"\0", LR)
    head = struct.pack("<IB", 0xFFFF_FFFF, 1) + augmentation
    body = head + uleb(_CODE_ALIGNMENT) + sleb(_DATA_ALIGNMENT) + bytes((return_column,))
    return padded(body + bytes((_DW_CFA_def_cfa, SP, 0)))


def padded(entry: bytes) -> bytes:
    """With DW_CFA_nop up to a word."""
    return entry + bytes(-len(entry) % 4)


def call_frames(functions: Iterable[Symbol]) -> list[CallFrame]:
    """Entries for those functions whose frame is recognised and not plain."""
    return [frame for function in functions for frame in _frames_of(function)]


def _frames_of(function: Symbol) -> Iterator[CallFrame]:
    section = function.section
    assert section is not None
    code = section.data[function.value : function.value + function.size // 4 * 4]
    words = struct.unpack(f"<{len(code) // 4}I", code)
    if not _SP_BY_CONSTANT.isdisjoint([word >> 12 for word in words]):
        frame = _Frame.read(words)
        if frame is not None:
            yield CallFrame(function, 0, function.size, b"".join(frame.instructions(words)))
            return
    stub = Stub.read(words)
    if stub is not None:
        yield from _stub_entries(function, stub)
    elif function.name in OUTERMOST or calls_without_return(words):
        yield CallFrame(function, 0, function.size, _NOBODY_CALLED)


OUTERMOST = frozenset({"start_kernel"})
"""Has a frame record as every function, but was entered with lr = 0 (guest/kernel/head.s)."""

_NOBODY_CALLED = bytes((_DW_CFA_undefined, LR))


def _stub_entries(function: Symbol, stub: Stub) -> Iterator[CallFrame]:
    """Where a call returns to, what was interrupted is in pt_regs; gdb wants that entry to begin one byte before. At
    the call itself the frame is the same, but not as an exception's, so that gdb's `next` works there: what has an
    exception's entry is to it a signal trampoline, which it does not stop in. All else is the end of the chain."""
    instructions = bytes((_DW_CFA_def_cfa, stub.pt_regs)) + uleb(stub.size)
    for register, offset in stub.saved.items():
        instructions += bytes((_DW_CFA_offset | register,)) + uleb((stub.size - offset) // 4)
    done = 0
    for call in stub.calls:
        if call > done:
            yield CallFrame(function, done, call - done, _NOBODY_CALLED)
        yield CallFrame(function, call, 3, instructions)
        yield CallFrame(function, call + 3, 5, instructions, is_exception=True)
        done = call + 8
    if done < function.size:
        yield CallFrame(function, done, function.size - done, _NOBODY_CALLED)


# --- what instructions do to sp (ARM ARM A5.2, A5.3, A5.5; condition "always") ----------------------------------------


_SP_BY_CONSTANT = frozenset((0xE24DD, 0xE28DD, 0xE24BD))
"""The upper bits of `sub sp, sp, #n`, `add sp, sp, #n` and `sub sp, fp, #n`."""


def _immediate(word: int) -> int:
    """The rotated constant of a data-processing instruction (A5.2.4)."""
    value, rotation = word & 0xFF, (word >> 8 & 0xF) * 2
    return (value >> rotation | value << (32 - rotation)) & 0xFFFF_FFFF


def _pushed(word: int) -> list[int]:
    """The registers of a push, ascending as they lie in memory; none for another instruction."""
    if word & 0xFFFF_0000 == 0xE92D_0000:
        return [register for register in range(16) if word >> register & 1]
    if word & 0xFFFF_0FFF == 0xE52D_0004:
        return [word >> 12 & 0xF]
    return []


@dataclass(frozen=True)
class _Frame:
    """The head of a function: after each of its pushes so many bytes lie below the CFA; `add fp` is the last one."""

    pushes: tuple[tuple[int, ...], ...]
    fp_below_cfa: int

    @classmethod
    def read(cls, words: tuple[int, ...]) -> _Frame | None:
        """The frame that the words at the start of a function make; None when they are no such head."""
        pushes: list[tuple[int, ...]] = []
        for word in words[:3]:
            registers = _pushed(word)
            if registers:
                pushes.append(tuple(registers))
            elif pushes and word & 0xFFFF_F000 == 0xE28D_B000 and pushes[-1][-2:] == (FP, LR):
                depth = 4 * sum(len(registers) for registers in pushes)
                return cls(tuple(pushes), depth - _immediate(word))
            else:
                break
        return None

    def instructions(self, words: tuple[int, ...]) -> Iterator[bytes]:
        """The rows from the first instruction to the end of the function."""
        depth = 0
        for registers in self.pushes:
            depth += 4 * len(registers)
            yield _advance(1) + bytes((_DW_CFA_def_cfa_offset,)) + uleb(depth)
            for index, register in enumerate(registers):
                if register >= 4:  # r0-r3 are arguments: nobody wants them back
                    yield bytes((_DW_CFA_offset | register,)) + uleb(depth // 4 - index)
        yield _advance(1) + bytes((_DW_CFA_def_cfa, FP)) + uleb(self.fp_below_cfa)
        yield from self._ends(words, len(self.pushes) + 1)

    def _ends(self, words: tuple[int, ...], done: int) -> Iterator[bytes]:
        """The rows behind each `pop {r4-rN, fp, lr}`, up to the branch that leaves; then the body's row is back."""
        registers = self.pushes[-1]
        pop = 0xE8BD_0000 | sum(1 << register for register in registers)
        left: int | None = None
        for index, word in enumerate(words):
            if word == pop and left is None:
                left = 4 * sum(len(pushed) for pushed in self.pushes[:-1])
                yield _advance(index + 1 - done) + bytes((_DW_CFA_remember_state, _DW_CFA_def_cfa, SP)) + uleb(left)
                yield bytes(_DW_CFA_restore | register for register in registers)
            elif left is not None and word & 0xFFFF_F000 == 0xE28D_D000:
                left = max(left - _immediate(word), 0)
                yield _advance(index + 1 - done) + bytes((_DW_CFA_def_cfa_offset,)) + uleb(left)
            elif left is not None and (word == 0xE12F_FF1E or word >> 24 == 0xEA):  # bx lr, b
                left = None
                yield _advance(index + 1 - done) + bytes((_DW_CFA_restore_state,))
            else:
                continue
            done = index + 1


def _advance(instructions: int) -> bytes:
    """To the row so many instructions further on."""
    if instructions < 0x40:
        return bytes((_DW_CFA_advance_loc | instructions,))
    return struct.pack("<BH", _DW_CFA_advance_loc2, instructions)
