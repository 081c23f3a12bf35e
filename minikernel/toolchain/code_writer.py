"""Writes instructions into sections: encodes what is known, leaves a fixup or a waiting entry for what is not.

The law of this page: an instruction takes four bytes when its statement is executed, whatever is known of it by then.
`finish` fills in what waited for a number defined further down, or for the encoder: a call of it is dear, so all
instructions of a source that it has not seen yet go into one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from minikernel.bits import u32
from minikernel.toolchain.encoder import EncodingTable
from minikernel.toolchain.expression import EXACT, Node, NotYet, Value, describe
from minikernel.toolchain.fixups import Fixup, FixupKind
from minikernel.toolchain.frames import Position
from minikernel.toolchain.instructions import (
    Form,
    Instruction,
    check_word,
    compile_instruction,
    rotated_constant,
)
from minikernel.toolchain.lexer import Problem
from minikernel.toolchain.literal_pool import LiteralPool
from minikernel.toolchain.mnemonics import find_mnemonic, near_mnemonics
from minikernel.toolchain.statement import Statement
from minikernel.toolchain.symbols import Mapping, SectionBuilder

if TYPE_CHECKING:
    from minikernel.toolchain.assembler import Assembler

_PLACE = b"\0\0\0\0"


@dataclass(slots=True)
class _Waiting:
    """An instruction whose four bytes are reserved at `offset`. `nodes` are its numbers if not known yet."""

    section: SectionBuilder
    offset: int
    text: str
    nodes: tuple[Node, ...]
    instruction: Instruction
    position: Position


class CodeWriter:
    """Writes the instructions of one assembly."""

    def __init__(self, assembler: Assembler, table: EncodingTable) -> None:
        self._assembler = assembler
        self._table = table
        self._waiting: list[_Waiting] = []

    def write(self, statement: Statement) -> None:
        """Assembles one instruction. Raises Problem."""
        compiled = statement.compiled
        if compiled is None:
            compiled = statement.compiled = self._compile(statement)
        assembler = self._assembler
        section = assembler.section
        if section.mapping != Mapping.CODE:
            begin_code(section)
        section.lines.append((len(section.data), True, *assembler.frame.written_at(assembler.line)))
        if compiled.word is not None:
            section.data += compiled.word
        else:
            _WRITE[compiled.form](self, section, compiled)

    def _compile(self, statement: Statement) -> Instruction:
        name = statement.op.lower()
        mnemonic = find_mnemonic(name)
        if mnemonic is None:
            near = near_mnemonics(name, self._assembler.macros)
            raise Problem(f"no instruction or macro `{statement.op}`{near}", statement.column)
        return compile_instruction(mnemonic, statement.text, statement.operands_column)

    # --- forms ---

    def _encode(self, section: SectionBuilder, text: str, instruction: Instruction) -> None:
        """Appends the word of `text`, now if it was encoded before."""
        word = self._table.known.get(text)
        if word is None:
            position = self._assembler.position()
            self._waiting.append(_Waiting(section, len(section.data), text, (), instruction, position))
            section.data += _PLACE
            return
        section.data += _finished(word, instruction)

    def _fixed(self, section: SectionBuilder, instruction: Instruction) -> None:
        self._encode(section, instruction.text, instruction)

    def _numeric(self, section: SectionBuilder, instruction: Instruction) -> None:
        values = self._values(instruction)
        if values is not None:
            self._encode(section, instruction.text % values, instruction)
            return
        assembler = self._assembler
        nodes = tuple(node.bind(assembler) for node in instruction.expressions)
        self._waiting.append(
            _Waiting(section, len(section.data), instruction.text, nodes, instruction, assembler.position())
        )
        section.data += _PLACE

    def _values(self, instruction: Instruction) -> tuple[int, ...] | None:
        """The instruction's numbers; None when they may and must wait."""
        values = []
        for node in instruction.expressions:
            try:
                value = node.evaluate(self._assembler)
            except NotYet as error:
                if instruction.may_wait:
                    return None
                raise Problem(f"the number must be known here, but {error.reason}", error.column) from None
            if not isinstance(value, int):
                if instruction.may_wait:
                    return None
                raise Problem(f"the number must be known here; {describe(value)} is not", node.column)
            values.append(check_word(value, node.column))
        return tuple(values)

    def _branch(self, section: SectionBuilder, instruction: Instruction) -> None:
        is_call = instruction.text == "bl"
        kind = FixupKind.CALL if is_call and instruction.condition == 14 else FixupKind.JUMP
        self._add_fixup(kind, section, instruction)
        word = instruction.condition << 28 | (0x0B00_0000 if is_call else 0x0A00_0000)
        section.data += word.to_bytes(4, "little")

    def _with_field(self, section: SectionBuilder, instruction: Instruction) -> None:
        self._add_fixup(_FIELDS[instruction.form], section, instruction)
        self._encode(section, instruction.text, instruction)

    def _add_fixup(self, kind: FixupKind, section: SectionBuilder, instruction: Instruction) -> None:
        assembler = self._assembler
        node = instruction.expressions[0].bind(assembler)
        assembler.fixups.append(Fixup(kind, section, len(section.data), node, assembler.position()))

    # --- literals ---

    def _literal(self, section: SectionBuilder, instruction: Instruction) -> None:
        """`ldr rX, =value`: mov or mvn where the number fits one, else a word of the literal pool."""
        assembler = self._assembler
        node = instruction.expressions[0]
        suffix, register = instruction.text.split(" ")
        try:
            value = node.evaluate(assembler)
        except NotYet as error:
            raise Problem(f"the value after `=` must be known here, but {error.reason}", error.column) from None
        if isinstance(value, int):
            check_word(value, node.column)
            for verb, number in (("mov", value), ("mvn", ~value)):
                if rotated_constant(number) is not None:
                    self._encode(section, f"{verb}{suffix} {register},#{u32(number)}", instruction)
                    return
        if section.pool is None:
            section.pool = LiteralPool()
        key, content = _pool_key(value, node, assembler)
        entry = section.pool.request(key, content, assembler.position())
        if entry is None:
            raise Problem("the literal pool is full; put .ltorg after an unconditional branch above", node.column)
        assembler.fixups.append(Fixup(FixupKind.OFFSET12, section, len(section.data), entry, assembler.position()))
        self._encode(section, f"ldr{suffix} {register},[pc,#0]", instruction)

    def dump_pool(self, section: SectionBuilder) -> None:
        """Writes the section's waiting literals at its end."""
        pool, section.pool = section.pool, None
        if pool is None:
            return
        assembler = self._assembler
        current, assembler.section = assembler.section, section
        assembler.align(4, None, 0, code=False)
        section.marks[section.offset] = section.mapping = Mapping.DATA
        for entry in pool.entries:
            label = entry.label
            label.section, label.value, label.group = section, section.offset, section.group
            section.lines.append((section.offset, False, *entry.position.written_at()))
            if isinstance(entry.value, int):
                assembler.emit(u32(entry.value).to_bytes(4, "little"))
            else:
                fixup = Fixup(FixupKind.WORD, section, section.offset, entry.value, entry.position)
                assembler.fixups.append(fixup)
                assembler.emit(_PLACE)
        assembler.section = current

    # --- the end ---

    def finish(self) -> None:
        """Encodes what waited and reports what cannot be encoded."""
        ready = [waiting for waiting in self._waiting if self._number(waiting)]
        refused = self._table.encode([waiting.text for waiting in ready])
        for waiting in ready:
            error = refused.get(waiting.text)
            if error is not None:
                message = f"cannot encode `{waiting.text}`: {error}"
                self._assembler.report(waiting.position.error(message, waiting.instruction.column))
                continue
            encoded = _finished(self._table.known[waiting.text], waiting.instruction)
            waiting.section.data[waiting.offset : waiting.offset + 4] = encoded

    def _number(self, waiting: _Waiting) -> bool:
        """Puts the numbers into the text; False, and a report, where there is one without a value."""
        if not waiting.nodes:
            return True
        try:
            values = [check_word(exact_number(node), node.column) for node in waiting.nodes]
        except Problem as problem:
            self._assembler.report(waiting.position.error(problem.message, problem.column))
            return False
        waiting.text %= tuple(values)
        return True


def begin_code(section: SectionBuilder) -> None:
    """Before an instruction's word. Raises Problem in a section without bytes."""
    if section.is_nobits:
        raise Problem(f"`{section.name}` has no bytes in the file; an instruction does not fit there")
    section.raise_alignment(4)
    section.mark(Mapping.CODE)


def _finished(word: int, instruction: Instruction) -> bytes:
    """The bytes of an encoded instruction, its field filled in; kept for the next time when it is FIXED."""
    if instruction.field is not None:
        mask, bits = instruction.field
        word = word & ~mask | bits
    encoded = word.to_bytes(4, "little")
    if instruction.form is Form.FIXED:
        instruction.word = encoded
    return encoded


def exact_number(node: Node) -> int:
    """A number at the end of the pass. Raises Problem."""
    value = node.evaluate(EXACT)
    if isinstance(value, int):
        return value
    if value.symbol.section is None:
        name = value.symbol.shown_name
        raise Problem(f"`{name}` is no register, and no number of that name is known in this file", node.column)
    raise Problem(f"{describe(value)} is an address; a number is needed here", node.column)


def _pool_key(value: Value, node: Node, assembler: Assembler) -> tuple[object, int | Node]:
    """What equal literals share, and what the word will hold."""
    if isinstance(value, int):
        return value, value
    return (value.symbol, value.addend, value.minus), node.bind(assembler)


_FIELDS = {
    Form.LABEL_WORD: FixupKind.OFFSET12,
    Form.LABEL_HALF: FixupKind.OFFSET8,
    Form.ADR: FixupKind.ADR,
    Form.LOWER16: FixupKind.MOVW,
    Form.UPPER16: FixupKind.MOVT,
}
_WRITE = {
    Form.FIXED: CodeWriter._fixed,
    Form.NUMERIC: CodeWriter._numeric,
    Form.BRANCH: CodeWriter._branch,
    Form.LITERAL: CodeWriter._literal,
    **dict.fromkeys(_FIELDS, CodeWriter._with_field),
}
