"""Directives that put bytes into the section: .word, .asciz, .space, .align, .org and their kin."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from minikernel.toolchain.code_writer import begin_code
from minikernel.toolchain.expression import Address, Node, NotYet
from minikernel.toolchain.fixups import FixupKind
from minikernel.toolchain.lexer import Kind, Problem
from minikernel.toolchain.operands import Operands, expression_list
from minikernel.toolchain.statement import Statement
from minikernel.toolchain.symbols import Mapping, SectionBuilder, Symbol

if TYPE_CHECKING:
    from minikernel.toolchain.assembler import Assembler

Directive = Callable[["Assembler", Statement], None]

MAX_ALIGNMENT_POWER = 16
"""64 KiB: more than any table here needs (the L1 table of the MMU has 16 KiB)."""
MAX_PROGBITS_BYTES = 16 << 20
MAX_NOBITS_BYTES = 1 << 30

_PLAIN_NUMBERS = re.compile(
    r"(?:0x[0-9a-fA-F]{1,16}|0|[1-9][0-9]{0,18})(?:\s*,\s*(?:0x[0-9a-fA-F]{1,16}|0|[1-9][0-9]{0,18}))*$", re.ASCII
)


def _numbers(size: int, kind: FixupKind) -> Directive:
    """.word, .hword and .byte: a list of expressions of `size` bytes each."""
    limit = 1 << 8 * size
    lowest = -(limit >> 1)
    mask = limit - 1

    def directive(assembler: Assembler, statement: Statement) -> None:
        compiled = statement.compiled
        if compiled is None:
            compiled = statement.compiled = _compile(statement)
        if isinstance(compiled, bytes):
            assembler.emit(compiled)
            return
        for node in compiled:
            try:
                value = node.evaluate(assembler)
            except NotYet:
                assembler.defer(kind, node, size)
                continue
            if not isinstance(value, int):
                assembler.defer(kind, node, size)
            elif lowest <= value < limit:
                assembler.emit((value & mask).to_bytes(size, "little"))
            else:
                raise Problem(f"{value:#x} does not fit in {8 * size} bits", node.column)

    def _compile(statement: Statement) -> bytes | list[Node]:
        text = statement.operands
        if _PLAIN_NUMBERS.match(text):
            values = [int(word, 0) for word in text.split(",")]
            if max(values) < limit:
                return b"".join([value.to_bytes(size, "little") for value in values])
        return expression_list(statement)

    return directive


def _quad(assembler: Assembler, statement: Statement) -> None:
    for node in expression_list(statement):
        value = assembler.evaluate_now(node, "a 64-bit number")
        assembler.emit((value & (1 << 64) - 1).to_bytes(8, "little"))


def _strings(terminator: bytes) -> Directive:
    def directive(assembler: Assembler, statement: Statement) -> None:
        if statement.compiled is None:
            operands = Operands(statement)
            out = bytearray()
            while not operands.at_end():
                out += operands.string() + terminator
                if not operands.accept(","):
                    operands.end()
            statement.compiled = bytes(out)
        assembler.emit(statement.compiled)

    return directive


def _space(assembler: Assembler, statement: Statement) -> None:
    """.space SIZE, FILL"""
    nodes = expression_list(statement)
    if not 1 <= len(nodes) <= 2:
        raise Problem(f"expected `{statement.op} SIZE` or `{statement.op} SIZE, FILL`", statement.operands_column)
    size = _exact_now(assembler, nodes[0], "the size")
    fill = assembler.evaluate_now(nodes[1], "the fill byte") if len(nodes) == 2 else 0
    if size < 0:
        raise Problem(f"the size is negative: {size}", nodes[0].column)
    _fill(assembler, size, bytes([fill & 0xFF]), nodes[0].column)


def _fill(assembler: Assembler, count: int, unit: bytes, column: int) -> None:
    """`count` times `unit`, as one frag of GNU as: it always marks data."""
    section = assembler.section
    if count == 0:
        return
    section.mark(Mapping.DATA)
    size = count * len(unit)
    _check_size(section, section.offset + size, column)
    if section.is_nobits:
        if any(unit):
            raise Problem(f"`{section.name}` has no bytes in the file; only zeros fit there", column)
        section.nobits_size += size
    else:
        section.data += unit * count


def _check_size(section: SectionBuilder, size: int, column: int) -> None:
    limit = MAX_NOBITS_BYTES if section.is_nobits else MAX_PROGBITS_BYTES
    if size > limit:
        raise Problem(f"`{section.name}` would grow to {size:#x} bytes; the limit is {limit:#x}", column)


def _fill_directive(assembler: Assembler, statement: Statement) -> None:
    """.fill COUNT, SIZE, VALUE"""
    nodes = expression_list(statement)
    if not 1 <= len(nodes) <= 3:
        raise Problem(
            "expected `.fill COUNT`, `.fill COUNT, SIZE` or `.fill COUNT, SIZE, VALUE`", statement.operands_column
        )
    count = _exact_now(assembler, nodes[0], "the count")
    size = assembler.evaluate_now(nodes[1], "the size") if len(nodes) > 1 else 1
    value = assembler.evaluate_now(nodes[2], "the value") if len(nodes) > 2 else 0
    if count < 0 or not 0 <= size <= 8:
        raise Problem("the count must not be negative, the size 0 to 8", statement.operands_column)
    unit = (value & 0xFFFF_FFFF).to_bytes(8, "little")[:size]
    _fill(assembler, count if size else 0, unit, nodes[0].column)


def _exact_now(assembler: Assembler, node: Node, what: str) -> int:
    """A number from labels above, alignments between them or not: our offsets are always exact."""
    try:
        value = node.evaluate(assembler)
    except NotYet:
        value = Address(Symbol("?"))
    if isinstance(value, int):
        return value
    number = assembler.distance_now(node)
    if number is None:
        return assembler.evaluate_now(node, what)
    assembler.section.group += 1
    return number


def _align_power(assembler: Assembler, statement: Statement) -> None:
    """.align and .p2align: 2**n."""
    nodes = _align_operands(statement)
    power = assembler.evaluate_now(nodes[0], "the alignment") if nodes and nodes[0] else _default_power(statement)
    if not 0 <= power <= MAX_ALIGNMENT_POWER:
        raise Problem(
            f"the alignment is a power of two, 0 to {MAX_ALIGNMENT_POWER}; found {power}", statement.operands_column
        )
    _align(assembler, 1 << power, nodes)


def _default_power(statement: Statement) -> int:
    return 2 if statement.op == ".align" else 0


def _align_bytes(assembler: Assembler, statement: Statement) -> None:
    """.balign: n bytes, a power of two."""
    nodes = _align_operands(statement)
    size = assembler.evaluate_now(nodes[0], "the alignment") if nodes and nodes[0] else 1
    if size & (size - 1) or not 0 <= size <= 1 << MAX_ALIGNMENT_POWER:
        raise Problem(
            f"expected a power of two up to {1 << MAX_ALIGNMENT_POWER}, found {size}", statement.operands_column
        )
    _align(assembler, max(size, 1), nodes)


def _align_operands(statement: Statement) -> list[Node | None]:
    """Up to three expressions, each may be left out."""
    if statement.compiled is None:
        operands = Operands(statement)
        nodes: list[Node | None] = []
        while not operands.at_end() and len(nodes) < 3:
            missing = operands.next.kind is Kind.MARK and operands.next.value == ","
            nodes.append(None if missing else operands.expression())
            if not operands.accept(","):
                break
        operands.end()
        statement.compiled = nodes
    compiled: list[Node | None] = statement.compiled
    return compiled


def _align(assembler: Assembler, alignment: int, nodes: list[Node | None]) -> None:
    fill_node = nodes[1] if len(nodes) > 1 else None
    limit_node = nodes[2] if len(nodes) > 2 else None
    fill = assembler.evaluate_now(fill_node, "the fill byte") if fill_node is not None else None
    limit = assembler.evaluate_now(limit_node, "the limit") if limit_node is not None else 0
    section = assembler.section
    if alignment > 1:
        assembler.align(alignment, fill, limit, code=section.is_code and fill is None)
        section.raise_alignment(alignment)


def _org(assembler: Assembler, statement: Statement) -> None:
    """.org PLACE, FILL: forward only."""
    nodes = expression_list(statement)
    if not 1 <= len(nodes) <= 2:
        raise Problem("expected `.org PLACE` or `.org PLACE, FILL`", statement.operands_column)
    section = assembler.section
    value = nodes[0].evaluate(assembler)
    if isinstance(value, Address):
        if value.minus is not None or value.symbol.section is not section:
            raise Problem("the place of .org must be a number or a label above in this section", nodes[0].column)
        value = value.symbol.value + value.addend
    fill = assembler.evaluate_now(nodes[1], "the fill byte") if len(nodes) == 2 else 0
    gap = value - section.offset
    if gap < 0:
        raise Problem(f".org to {value:#x} goes back: the section is at {section.offset:#x} already", nodes[0].column)
    _check_size(section, value, nodes[0].column)
    section.group += 1
    if section.is_nobits:
        section.nobits_size += gap
    else:
        section.data += bytes([fill & 0xFF]) * gap


def _inst(assembler: Assembler, statement: Statement) -> None:
    """.inst WORD: an instruction by its encoding."""
    for node in expression_list(statement):
        value = assembler.evaluate_now(node, "the instruction word")
        if not 0 <= value < 1 << 32:
            raise Problem(f"{value:#x} does not fit in 32 bits", node.column)
        section = assembler.section
        begin_code(section)
        section.lines.append((section.offset, True, *assembler.frame.written_at(assembler.line)))
        section.data += value.to_bytes(4, "little")


DATA_DIRECTIVES: dict[str, Directive] = {
    **{name: _numbers(4, FixupKind.WORD) for name in (".word", ".long", ".int", ".4byte")},
    **{name: _numbers(2, FixupKind.HALF) for name in (".hword", ".short", ".2byte")},
    ".byte": _numbers(1, FixupKind.BYTE),
    ".quad": _quad,
    ".ascii": _strings(b""),
    ".asciz": _strings(b"\0"),
    ".string": _strings(b"\0"),
    ".space": _space,
    ".skip": _space,
    ".zero": _space,
    ".fill": _fill_directive,
    ".align": _align_power,
    ".p2align": _align_power,
    ".balign": _align_bytes,
    ".org": _org,
    ".inst": _inst,
}
