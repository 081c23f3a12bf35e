"""The end of the pass: fields that waited for a label are filled in, or become relocations.

The law of this page: every field is checked for range and never cut off silently. What stays for the linker follows
GNU as (binutils 2.40, run): a difference or distance inside the section is a number; a branch to a global, weak or
foreign symbol is left to the linker; a word that refers to a local label refers to its section, with the offset in
place - except to a function (STT_FUNC), and from movw and movt, which keep the symbol.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, auto
from typing import TYPE_CHECKING

from minikernel.bits import s32
from minikernel.elf.constants import R_ARM, SectionFlag, SymbolBinding, SymbolKind
from minikernel.toolchain.expression import EXACT, Address, Node, Value, describe
from minikernel.toolchain.frames import Position
from minikernel.toolchain.instructions import rotated_constant
from minikernel.toolchain.lexer import Problem
from minikernel.toolchain.literal_pool import PoolEntry
from minikernel.toolchain.objects import ObjectBuilder
from minikernel.toolchain.symbols import ABSOLUTE, SectionBuilder, Symbol

if TYPE_CHECKING:
    from minikernel.toolchain.assembler import Assembler

PC_AHEAD = 8
"""ARM state: pc reads as the instruction's address plus 8."""


class FixupKind(IntEnum):
    """Which field."""

    WORD = auto()
    HALF = auto()
    BYTE = auto()
    CALL = auto()  # bl
    JUMP = auto()  # b, and bl with a condition
    OFFSET12 = auto()  # ldr, str, ldrb, strb from pc
    OFFSET8 = auto()  # ldrh, ldrd ... from pc
    ADR = auto()
    MOVW = auto()
    MOVT = auto()


@dataclass(slots=True)
class Fixup:
    """A field at `offset` of `section` that takes the value of `target`; `position` is the statement."""

    kind: FixupKind
    section: SectionBuilder
    offset: int
    target: Node | PoolEntry
    position: Position


def resolve_fixups(assembler: Assembler, builder: ObjectBuilder) -> None:
    """Fills in every field of the assembly, makes the relocations, reports the errors."""
    resolver = _Resolver(builder)
    for fixup in assembler.fixups:
        try:
            resolver.resolve(fixup)
        except Problem as problem:
            assembler.report(fixup.position.error(problem.message, problem.column, problem.notes))


class _Resolver:
    def __init__(self, builder: ObjectBuilder) -> None:
        self.builder = builder
        self.section: SectionBuilder
        self.offset = 0
        self.column: int | None = None

    def resolve(self, fixup: Fixup) -> None:
        self.section, self.offset = fixup.section, fixup.offset
        target = fixup.target
        value: Value
        if isinstance(target, PoolEntry):
            self.column = None
            value = Address(target.label)
        else:
            self.column = target.column
            value = target.evaluate(EXACT)
        _RESOLVE[fixup.kind](self, value)

    # --- fields ---

    def word(self) -> int:
        return int.from_bytes(self.section.data[self.offset : self.offset + 4], "little")

    def put(self, value: int, size: int = 4) -> None:
        mask = (1 << 8 * size) - 1
        self.section.data[self.offset : self.offset + size] = (value & mask).to_bytes(size, "little")

    def put_number(self, value: int, size: int) -> None:
        """A number in a data field, signed or unsigned."""
        bits = 8 * size
        if not -(1 << (bits - 1)) <= value < 1 << bits:
            raise Problem(f"{value:#x} does not fit in {bits} bits", self.column)
        self.put(value, size)

    # --- addresses ---

    def distance(self, value: Value) -> int | None:
        """From this field to a label of this section that nothing can override; None for the linker's business."""
        if isinstance(value, Address) and value.minus is None and value.symbol.section is self.section:
            return value.symbol.value + value.addend - self.offset
        return None

    def relocate(self, type: int, symbol: Symbol, addend: int, *, keep_symbol: bool = False) -> int:
        """Makes a relocation; gives the addend that goes into the field."""
        section = symbol.section
        local = section is not None and symbol.binding == SymbolBinding.LOCAL
        merged = section is not None and section.flags & SectionFlag.MERGE and addend
        if not local or keep_symbol or symbol.kind == SymbolKind.FUNC or merged:
            self.builder.relocate(self.section, self.offset, type, symbol)
            return addend
        assert section is not None
        self.builder.relocate_in(self.section, self.offset, type, section)
        return symbol.value + addend

    def address(self, value: Value, what: str) -> Address:
        """The value, which must be a label or symbol plus a number."""
        if not isinstance(value, Address):
            raise Problem(f"{what} needs a label, {value:#x} is a number", self.column)
        if value.minus is not None:
            raise Problem(f"{what} needs a label, {describe(value)} is a difference", self.column)
        return value

    # --- data ---

    def resolve_word(self, value: Value) -> None:
        if isinstance(value, int):
            self.put_number(value, 4)
        elif value.minus is None:
            self.put(self.relocate(R_ARM.ABS32, value.symbol, value.addend))
        elif value.minus.section is self.section:
            # symbol - label: relative to this field, moved by the distance from the label to the field.
            addend = value.addend + self.offset - value.minus.value
            self.put(self.relocate(R_ARM.REL32, value.symbol, addend))
        else:
            raise Problem(
                f"{describe(value)} has no relocation: the label after `-` must be in this section", self.column
            )

    def resolve_small(self, value: Value, size: int) -> None:
        if not isinstance(value, int):
            raise Problem(f"{describe(value)} is an address; it needs a .word", self.column)
        self.put_number(value, size)

    def resolve_half(self, value: Value) -> None:
        self.resolve_small(value, 2)

    def resolve_byte(self, value: Value) -> None:
        self.resolve_small(value, 1)

    # --- branches ---

    def resolve_call(self, value: Value) -> None:
        self._branch(value, R_ARM.CALL)

    def resolve_jump(self, value: Value) -> None:
        self._branch(value, R_ARM.JUMP24)

    def _branch(self, value: Value, type: R_ARM) -> None:
        target = self.address(value, "a branch")
        symbol = target.symbol
        if symbol.section is ABSOLUTE:
            raise Problem(f"a branch needs a label, `{symbol.shown_name}` is a number", self.column)
        if symbol.section is self.section and symbol.binding == SymbolBinding.LOCAL:
            distance = symbol.value + target.addend - self.offset - PC_AHEAD
        else:
            distance = self.relocate(type, symbol, target.addend) - PC_AHEAD
        if distance & 3:
            raise Problem(f"the branch's target {describe(value)} is not a multiple of 4 bytes away", self.column)
        if not -(1 << 25) <= distance < 1 << 25:
            raise Problem(f"{describe(value)} is {distance:#x} bytes away; a branch reaches 32 MiB", self.column)
        self.put(self.word() & 0xFF00_0000 | distance >> 2 & 0x00FF_FFFF)

    # --- pc-relative ---

    def _from_pc(self, value: Value, what: str) -> int:
        target = self.address(value, what)
        distance = self.distance(target)
        if target.symbol.binding == SymbolBinding.WEAK:
            raise Problem(
                f"{what} needs a label of this file; `{target.symbol.name}` is weak, so another may take its place",
                self.column,
            )
        if distance is None:
            raise Problem(_not_here(target, what), self.column)
        return distance - PC_AHEAD

    def _check_reach(self, distance: int, limit: int, value: Value) -> None:
        if abs(distance) > limit:
            if self.column is None:
                raise Problem(
                    f"the literal pool is {distance} bytes away, the load reaches {limit}; put .ltorg nearer, "
                    "after an unconditional branch"
                )
            raise Problem(
                f"{describe(value)} is {distance} bytes away, this load or store reaches {limit}", self.column
            )

    def resolve_offset12(self, value: Value) -> None:
        distance = self._from_pc(value, "a load or store without [ ]")
        self._check_reach(distance, 4095, value)
        if distance == 0 and self.column is None:
            distance_word = self.word() & ~(1 << 23)  # GNU as makes it -0 for the pool, +0 for a label
            self.put(distance_word)
        else:
            self.put(self._with_sign(distance) | abs(distance))

    def resolve_offset8(self, value: Value) -> None:
        distance = self._from_pc(value, "a load or store without [ ]")
        self._check_reach(distance, 255, value)
        size = abs(distance)
        self.put(self._with_sign(distance) | (size & 0xF0) << 4 | size & 0xF)

    def _with_sign(self, distance: int) -> int:
        """The instruction with its U bit (23) set for an offset that is not negative."""
        word = self.word()
        return word & ~(1 << 23) if distance < 0 else word | 1 << 23

    def resolve_adr(self, value: Value) -> None:
        distance = self._from_pc(value, "adr")
        constant = rotated_constant(distance)
        word = self.word()
        if distance < 0 or constant is None:
            constant = rotated_constant(-distance)
            word ^= 0x00C0_0000  # ADD (0100) to SUB (0010)
        if constant is None:
            raise Problem(
                f"{describe(value)} is {distance:#x} bytes away, which is no 8-bit value rotated by an even "
                "amount; use ldr rX, =",
                self.column,
            )
        self.put(word | constant)

    # --- halves of an address ---

    def resolve_movw(self, value: Value) -> None:
        self._half(value, 0, R_ARM.MOVW_ABS_NC)

    def resolve_movt(self, value: Value) -> None:
        self._half(value, 16, R_ARM.MOVT_ABS)

    def _half(self, value: Value, shift: int, type: R_ARM) -> None:
        if isinstance(value, int):
            half = s32(value) >> shift
        else:
            target = self.address(value, ":lower16: or :upper16:")
            half = self.relocate(type, target.symbol, target.addend, keep_symbol=True)
            if not -0x8000 <= half <= 0x7FFF:
                raise Problem(
                    f"the offset {half:#x} from `{target.symbol.name}` does not fit in 16 bits signed", self.column
                )
        half &= 0xFFFF
        self.put(self.word() & 0xFFF0_F000 | (half & 0xF000) << 4 | half & 0xFFF)


def _not_here(target: Address, what: str) -> str:
    symbol = target.symbol
    if symbol.section is None:
        return f"{what} needs a label of this section; `{symbol.shown_name}` is not defined in this file"
    return f"{what} needs a label of this section; `{symbol.shown_name}` is in {symbol.section.name}"


_RESOLVE = {
    FixupKind.WORD: _Resolver.resolve_word,
    FixupKind.HALF: _Resolver.resolve_half,
    FixupKind.BYTE: _Resolver.resolve_byte,
    FixupKind.CALL: _Resolver.resolve_call,
    FixupKind.JUMP: _Resolver.resolve_jump,
    FixupKind.OFFSET12: _Resolver.resolve_offset12,
    FixupKind.OFFSET8: _Resolver.resolve_offset8,
    FixupKind.ADR: _Resolver.resolve_adr,
    FixupKind.MOVW: _Resolver.resolve_movw,
    FixupKind.MOVT: _Resolver.resolve_movt,
}
