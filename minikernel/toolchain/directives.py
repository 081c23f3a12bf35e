"""Directives: one function each, and the table of their names at the foot of the page.

The law of this page: a directive reads its operands with `Operands`, acts on the Assembler's public parts and raises
Problem. Operand texts are compiled once and kept in `Statement.compiled`; nothing kept there may depend on a symbol.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from minikernel.elf.constants import SectionFlag, SectionType, SymbolBinding, SymbolKind
from minikernel.errors import near_names
from minikernel.toolchain.expression import Address, Node, NotYet, Number, Value, parse_expression
from minikernel.toolchain.fixups import FixupKind
from minikernel.toolchain.lexer import Kind, Problem, Token, tokenize, unescape
from minikernel.toolchain.macros import Body, Macro, parse_header, split_arguments, unquote
from minikernel.toolchain.statement import Statement, StatementKind, parse_lines, parse_source
from minikernel.toolchain.symbols import Mapping, SectionBuilder, Symbol

if TYPE_CHECKING:
    from minikernel.toolchain.assembler import Assembler

Directive = Callable[["Assembler", Statement], None]

MAX_REPEATS = 1_000_000
MAX_ALIGNMENT_POWER = 16
"""64 KiB: more than any table here needs (the L1 table of the MMU has 16 KiB)."""


class Operands:
    """The operands of one statement, read from left to right."""

    def __init__(self, statement: Statement) -> None:
        self.tokens = tokenize(statement.text, statement.operands_column)
        self.index = 0

    @property
    def next(self) -> Token:
        return self.tokens[self.index]

    def at_end(self) -> bool:
        return self.next.kind is Kind.END

    def expect(self, mark: str) -> None:
        if self.next.value != mark or self.next.kind is not Kind.MARK:
            raise Problem(f"expected `{mark}`, found {self.found()}", self.next.column)
        self.index += 1

    def accept(self, mark: str) -> bool:
        if self.next.kind is Kind.MARK and self.next.value == mark:
            self.index += 1
            return True
        return False

    def found(self) -> str:
        return "the end of the line" if self.at_end() else f"`{self.next.value}`"

    def name(self, what: str) -> tuple[str, int]:
        token = self.next
        if token.kind is Kind.STRING or token.kind is Kind.NAME:
            self.index += 1
            return str(token.value), token.column
        raise Problem(f"expected {what}, found {self.found()}", token.column)

    def string(self) -> bytes:
        token = self.next
        if token.kind is not Kind.STRING:
            raise Problem(f"expected a string in double quotes, found {self.found()}", token.column)
        self.index += 1
        return unescape(str(token.value), token.column)

    def expression(self) -> Node:
        node, self.index = parse_expression(self.tokens, self.index)
        return node

    def end(self) -> None:
        if not self.at_end():
            raise Problem(f"expected the end of the line, found {self.found()}", self.next.column)


def _list(statement: Statement) -> list[Node]:
    """A comma-separated list of expressions, compiled once."""
    if statement.compiled is None:
        operands = Operands(statement)
        nodes = []
        if not operands.at_end():
            nodes.append(operands.expression())
            while operands.accept(","):
                nodes.append(operands.expression())
        operands.end()
        statement.compiled = nodes
    compiled: list[Node] = statement.compiled
    return compiled


# --- data -----------------------------------------------------------------------------------------------------------------

_PLAIN_NUMBERS = re.compile(r"(?:0x[0-9a-fA-F]+|0|[1-9][0-9]*)(?:\s*,\s*(?:0x[0-9a-fA-F]+|0|[1-9][0-9]*))*$", re.ASCII)


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
        for node, suffix in compiled:
            value: Value
            try:
                value = node.evaluate(assembler)
            except NotYet:
                assembler.defer(suffix or kind, node, size)
                continue
            if not isinstance(value, int) or suffix:
                assembler.defer(suffix or kind, node, size)
            elif lowest <= value < limit:
                assembler.emit((value & mask).to_bytes(size, "little"))
            else:
                raise Problem(f"{value:#x} does not fit in {8 * size} bits", node.column)

    def _compile(statement: Statement) -> bytes | list[tuple[Node, FixupKind | None]]:
        text = statement.operands
        if _PLAIN_NUMBERS.match(text):
            values = [int(word, 0) for word in text.split(",")]
            if max(values) < limit:
                return b"".join([value.to_bytes(size, "little") for value in values])
        operands = Operands(statement)
        out: list[tuple[Node, FixupKind | None]] = []
        while not operands.at_end():
            node = operands.expression()
            out.append((node, _suffix(operands, size)))
            if not operands.accept(","):
                operands.end()
            elif operands.at_end():
                raise Problem("expected an expression after `,`", operands.next.column)
        return out

    return directive


def _suffix(operands: Operands, size: int) -> FixupKind | None:
    """`sym(prel31)`."""
    if not operands.accept("("):
        return None
    name, column = operands.name("a relocation's name")
    if name.lower() != "prel31" or size != 4:
        raise Problem(f"expected `prel31` in a .word, found `{name}`", column)
    operands.expect(")")
    return FixupKind.PREL31


def _quad(assembler: Assembler, statement: Statement) -> None:
    for node in _list(statement):
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
    nodes = _list(statement)
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


MAX_PROGBITS_BYTES = 16 << 20
MAX_NOBITS_BYTES = 1 << 30


def _fill_directive(assembler: Assembler, statement: Statement) -> None:
    """.fill COUNT, SIZE, VALUE"""
    nodes = _list(statement)
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
    nodes = _list(statement)
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
    for node in _list(statement):
        value = assembler.evaluate_now(node, "the instruction word")
        if not 0 <= value < 1 << 32:
            raise Problem(f"{value:#x} does not fit in 32 bits", node.column)
        assembler.begin_code()
        assembler.section.data += value.to_bytes(4, "little")


# --- symbols --------------------------------------------------------------------------------------------------------------


def _for_names(act: Callable[[Symbol], None]) -> Directive:
    """.global and its kin: a list of names."""

    def directive(assembler: Assembler, statement: Statement) -> None:
        if statement.compiled is None:
            operands = Operands(statement)
            names = [operands.name("a symbol's name")[0]]
            while operands.accept(","):
                names.append(operands.name("a symbol's name")[0])
            operands.end()
            statement.compiled = names
        for name in statement.compiled:
            act(assembler.lookup(name))

    return directive


def _make_global(symbol: Symbol) -> None:
    if symbol.binding != SymbolBinding.WEAK:
        symbol.binding = SymbolBinding.GLOBAL
    symbol.is_wanted = True


def _make_weak(symbol: Symbol) -> None:
    symbol.binding = SymbolBinding.WEAK


def _make_local(symbol: Symbol) -> None:
    symbol.binding = SymbolBinding.LOCAL


def _visibility(value: int) -> Callable[[Symbol], None]:
    def act(symbol: Symbol) -> None:
        symbol.visibility = value
        symbol.is_wanted = True

    return act


_KINDS = {
    "function": SymbolKind.FUNC,
    "object": SymbolKind.OBJECT,
    "notype": SymbolKind.NOTYPE,
    "stt_func": SymbolKind.FUNC,
    "stt_object": SymbolKind.OBJECT,
    "stt_notype": SymbolKind.NOTYPE,
}


def _type(assembler: Assembler, statement: Statement) -> None:
    """.type NAME, %function"""
    if statement.compiled is None:
        operands = Operands(statement)
        name, _ = operands.name("a symbol's name")
        operands.accept(",")
        if not operands.accept("%"):
            operands.accept("#")
        word, column = operands.name("%function or %object")
        if word.lower() not in _KINDS:
            raise Problem(f"expected %function, %object or %notype, found `{word}`", column)
        operands.end()
        statement.compiled = name, _KINDS[word.lower()]
    name, kind = statement.compiled
    symbol = assembler.lookup(name)
    symbol.kind = kind
    symbol.is_wanted = True


def _size(assembler: Assembler, statement: Statement) -> None:
    """.size NAME, EXPRESSION"""
    if statement.compiled is None:
        operands = Operands(statement)
        name, _ = operands.name("a symbol's name")
        operands.accept(",")
        statement.compiled = name, operands.expression()
        operands.end()
    name, node = statement.compiled
    symbol = assembler.lookup(name)
    symbol.is_wanted = True
    try:
        value = node.evaluate(assembler)
    except NotYet:
        value = None
    if isinstance(value, int):
        symbol.size = value & 0xFFFF_FFFF
        symbol.size_definition = None
    else:
        symbol.size_definition = node.bind(assembler), assembler.position()


def _set(assembler: Assembler, statement: Statement) -> None:
    """.set NAME, EXPRESSION"""
    if statement.compiled is None:
        operands = Operands(statement)
        name, column = operands.name("a symbol's name")
        operands.expect(",")
        statement.compiled = name, column, operands.expression()
        operands.end()
    name, column, node = statement.compiled
    assembler.set_symbol(name, column, node)


def _equiv(assembler: Assembler, statement: Statement) -> None:
    """.equiv NAME, EXPRESSION: an error if NAME is defined already."""
    name, column = Operands(statement).name("a symbol's name")
    symbol = assembler.symbols.get(name)
    if symbol is not None and symbol.is_defined:
        raise Problem(f"`{name}` is already defined{assembler.where_defined(symbol)}", column)
    _set(assembler, statement)


def _assignment(assembler: Assembler, statement: Statement) -> None:
    """NAME = EXPRESSION"""
    if statement.compiled is None:
        operands = Operands(statement)
        statement.compiled = operands.expression()
        operands.end()
    if statement.op == ".":
        raise Problem("`.` cannot be set; use .org or .space", statement.column)
    assembler.set_symbol(statement.op, statement.column, statement.compiled)


# --- sections -------------------------------------------------------------------------------------------------------------

_FLAG_LETTERS = {
    "a": SectionFlag.ALLOC,
    "w": SectionFlag.WRITE,
    "x": SectionFlag.EXECINSTR,
    "M": SectionFlag.MERGE,
    "S": SectionFlag.STRINGS,
}
_SECTION_TYPES = {
    "progbits": SectionType.PROGBITS,
    "nobits": SectionType.NOBITS,
    "note": SectionType.NOTE,
    "init_array": SectionType.INIT_ARRAY,
    "fini_array": SectionType.FINI_ARRAY,
}
_A, _W, _X = SectionFlag.ALLOC, SectionFlag.WRITE, SectionFlag.EXECINSTR
# What GNU as takes for a section that is named without flags; the longest name that fits counts.
_KNOWN_SECTIONS: dict[str, tuple[SectionType, int]] = {
    ".text": (SectionType.PROGBITS, _A | _X),
    ".init": (SectionType.PROGBITS, _A | _X),
    ".fini": (SectionType.PROGBITS, _A | _X),
    ".data": (SectionType.PROGBITS, _A | _W),
    ".rodata": (SectionType.PROGBITS, _A),
    ".bss": (SectionType.NOBITS, _A | _W),
    ".note": (SectionType.NOTE, 0),
    ".comment": (SectionType.PROGBITS, 0),
}
_EXACT_ONLY = frozenset((".init", ".fini", ".comment"))
_SECTION_NAME = re.compile(r'\s*(?:"([^"]+)"|([^\s,;"]+))\s*')


def _known_section(name: str) -> tuple[SectionType, int] | None:
    for known, what in _KNOWN_SECTIONS.items():
        if name == known or (known not in _EXACT_ONLY and name.startswith(known + ".")):
            return what
    return None


def _parse_section(statement: Statement) -> tuple[str, int | None, SectionType | None, int, int]:
    """NAME, "flags", %type, entsize: name, flags, type, entsize, column of the flags."""
    match = _SECTION_NAME.match(statement.text, statement.operands_column)
    if match is None:
        raise Problem("expected a section's name", statement.operands_column)
    name = match.group(1) or match.group(2)
    operands = Operands.__new__(Operands)
    operands.tokens, operands.index = tokenize(statement.text, match.end()), 0
    flags: int | None = None
    kind: SectionType | None = None
    entsize = 0
    column = match.end()
    if operands.accept(","):
        token = operands.next
        if token.kind is Kind.NUMBER:
            raise Problem("subsections are not in this dialect", token.column)
        if token.kind is not Kind.STRING:
            raise Problem(f'expected the flags as "ax", found {operands.found()}', token.column)
        column = token.column
        operands.index += 1
        flags = _flags(str(token.value), token.column)
        if operands.accept(","):
            kind = _section_type(operands)
            if operands.accept(","):
                entsize = _entsize(operands, flags)
    operands.end()
    if flags is not None and flags & SectionFlag.MERGE and not entsize:
        raise Problem('a section with flag "M" needs an entry size: "aM",%progbits,4', column)
    return name, flags, kind, entsize, column


def _flags(letters: str, column: int) -> int:
    flags = 0
    for position, letter in enumerate(letters, 1):
        if letter not in _FLAG_LETTERS:
            known = ", ".join(_FLAG_LETTERS)
            raise Problem(f"unknown section flag `{letter}`; known: {known}", column + position)
        flags |= _FLAG_LETTERS[letter]
    return flags


def _section_type(operands: Operands) -> SectionType:
    operands.accept("%")
    word, column = operands.name("%progbits or %nobits")
    if word.lower() not in _SECTION_TYPES:
        raise Problem(f"unknown section type `{word}`{near_names(word, _SECTION_TYPES)}", column)
    return _SECTION_TYPES[word.lower()]


def _entsize(operands: Operands, flags: int) -> int:
    token = operands.next
    node = operands.expression()
    if not isinstance(node, Number) or not 0 < node.value < 1 << 16:
        raise Problem("expected the entry size, a small number", token.column)
    if not flags & SectionFlag.MERGE:
        raise Problem('only a section with flag "M" has an entry size', token.column)
    return node.value


def _enter_section(assembler: Assembler, statement: Statement) -> None:
    if statement.compiled is None:
        statement.compiled = _parse_section(statement)
    name, flags, kind, entsize, column = statement.compiled
    section = assembler.sections.get(name)
    if section is None:
        default_kind, default_flags = _known_section(name) or (SectionType.PROGBITS, 0)
        section = SectionBuilder(
            name, kind if kind is not None else default_kind, default_flags if flags is None else flags, entsize
        )
        assembler.sections[name] = section
    elif (flags is not None and flags != section.flags) or (kind is not None and kind != section.type):
        raise Problem(f"`{name}` was opened before with other flags or another type", column)
    assembler.section = section


def _section(assembler: Assembler, statement: Statement) -> None:
    """.section NAME, "flags", %type, entsize"""
    before = assembler.section
    _enter_section(assembler, statement)
    assembler.previous = before


def _pushsection(assembler: Assembler, statement: Statement) -> None:
    """.pushsection: as .section, .popsection comes back."""
    stack = assembler.section_stack
    if len(stack) >= 100:
        raise Problem("100 .pushsection without .popsection")
    before = (assembler.section, assembler.previous)
    _section(assembler, statement)
    stack.append(before)


def _popsection(assembler: Assembler, statement: Statement) -> None:
    """.popsection"""
    _no_operands(statement)
    if not assembler.section_stack:
        raise Problem(".popsection without .pushsection")
    assembler.section, assembler.previous = assembler.section_stack.pop()


def _previous(assembler: Assembler, statement: Statement) -> None:
    """.previous: change places with the section before."""
    _no_operands(statement)
    if assembler.previous is None:
        raise Problem(".previous without a section before")
    assembler.section, assembler.previous = assembler.previous, assembler.section


def _standard_section(assembler: Assembler, statement: Statement) -> None:
    """.text .data .bss"""
    _no_operands(statement)
    assembler.previous = assembler.section
    assembler.section = assembler.sections[statement.op]


def _ltorg(assembler: Assembler, statement: Statement) -> None:
    """.ltorg, .pool: write the waiting literals here."""
    _no_operands(statement)
    assembler.dump_pool(assembler.section)


def _no_operands(statement: Statement) -> None:
    if statement.operands:
        raise Problem(f"`{statement.op}` takes no operand", statement.operands_column)


# --- the machine ----------------------------------------------------------------------------------------------------------


def _cpu(assembler: Assembler, statement: Statement) -> None:
    """.cpu cortex-a15"""
    if statement.operands.lower() != "cortex-a15":
        raise Problem("expected cortex-a15, the only CPU of the board", statement.operands_column)


def _arch(assembler: Assembler, statement: Statement) -> None:
    """.arch armv7-a: accepted, as the Cortex-A15 is one."""
    if statement.operands.lower() not in ("armv7-a", "armv7ve"):
        raise Problem("expected armv7-a or armv7ve, what the Cortex-A15 is", statement.operands_column)


def _syntax(assembler: Assembler, statement: Statement) -> None:
    """.syntax unified"""
    if statement.operands.lower() != "unified":
        raise Problem("expected `unified`; the old divided syntax is not in this dialect", statement.operands_column)


def _arm(assembler: Assembler, statement: Statement) -> None:
    """.arm"""
    _no_operands(statement)


def _code(assembler: Assembler, statement: Statement) -> None:
    """.code 32"""
    if statement.operands != "32":
        raise Problem("expected 32; Thumb code is not in this dialect", statement.operands_column)


# --- messages, files ------------------------------------------------------------------------------------------------------


def _message(statement: Statement, default: str) -> str:
    operands = Operands(statement)
    text = default if operands.at_end() else operands.string().decode(errors="replace")
    operands.end()
    return text


def _error(assembler: Assembler, statement: Statement) -> None:
    """.error "text" """
    raise Problem(_message(statement, ".error directive"))


def _warning(assembler: Assembler, statement: Statement) -> None:
    """.warning "text" """
    assembler.warnings.append(assembler.position().error(_message(statement, ".warning directive")))


def _include(assembler: Assembler, statement: Statement) -> None:
    """.include "file" """
    operands = Operands(statement)
    column = operands.next.column
    name = operands.string().decode(errors="replace")
    operands.end()
    if assembler.tree is None:
        raise Problem("this text stands in no source tree: it cannot include", column)
    try:
        source = assembler.tree.include(name)
    except Problem as problem:
        raise Problem(problem.message, column) from None
    if source.path is not None:
        assembler.included[source.path] = None
    parsed = parse_source(source)
    assembler.enter(parsed.items, source.name, parsed.lines, "file")


def _end(assembler: Assembler, statement: Statement) -> None:
    """.end: nothing further is read from this file."""
    frame = assembler.frame
    frame.index = len(frame.items)


# --- conditionals ---------------------------------------------------------------------------------------------------------

Test = Callable[["Assembler", Statement], bool]


def _number_test(test: Callable[[int], bool]) -> Test:
    def evaluate(assembler: Assembler, statement: Statement) -> bool:
        nodes = _list(statement)
        if len(nodes) != 1:
            raise Problem(f"expected one expression after {statement.op}", statement.operands_column)
        return test(assembler.evaluate_now(nodes[0], f"the value of {statement.op}"))

    return evaluate


def _defined(assembler: Assembler, statement: Statement) -> bool:
    operands = Operands(statement)
    name, _ = operands.name("a symbol's name")
    operands.end()
    symbol = assembler.symbols.get(name)
    return symbol is not None and symbol.is_defined


def _blank(assembler: Assembler, statement: Statement) -> bool:
    return not statement.operands.strip()


def _same(assembler: Assembler, statement: Statement) -> bool:
    """.ifc a, b: both texts are the same."""
    parts = split_arguments(statement.operands, 0)
    if len(parts) > 2:
        raise Problem(f"expected two texts after {statement.op}", statement.operands_column)
    texts = [text.strip() for _, text in parts] + ["", ""]
    return _unquote_single(texts[0]) == _unquote_single(texts[1])


def _unquote_single(text: str) -> str:
    return text[1:-1] if len(text) >= 2 and text[0] == text[-1] == "'" else text


def _same_strings(assembler: Assembler, statement: Statement) -> bool:
    """.ifeqs "a", "b" """
    operands = Operands(statement)
    first = operands.string()
    operands.expect(",")
    second = operands.string()
    operands.end()
    return first == second


def _negated(test: Test) -> Test:
    return lambda assembler, statement: not test(assembler, statement)


_TESTS: dict[str, Test] = {
    ".if": _number_test(lambda value: value != 0),
    ".ifne": _number_test(lambda value: value != 0),
    ".ifeq": _number_test(lambda value: value == 0),
    ".ifge": _number_test(lambda value: value >= 0),
    ".ifgt": _number_test(lambda value: value > 0),
    ".ifle": _number_test(lambda value: value <= 0),
    ".iflt": _number_test(lambda value: value < 0),
    ".ifdef": _defined,
    ".ifndef": _negated(_defined),
    ".ifnotdef": _negated(_defined),
    ".ifb": _blank,
    ".ifnb": _negated(_blank),
    ".ifc": _same,
    ".ifnc": _negated(_same),
    ".ifeqs": _same_strings,
    ".ifnes": _negated(_same_strings),
}


def _open_if(assembler: Assembler, statement: Statement) -> None:
    conditionals = assembler.conditionals
    if conditionals.skipping:
        conditionals.open_skipped(assembler.position())
        return
    try:
        truth = _TESTS[statement.op](assembler, statement)
    except Problem:
        conditionals.open_skipped(assembler.position())  # the text up to .endif is not judged
        conditionals.skipping = True
        raise
    conditionals.open(truth, assembler.position())


def _elseif(assembler: Assembler, statement: Statement) -> None:
    conditionals = assembler.conditionals
    truth = conditionals.needs_test() and _TESTS[".if"](assembler, statement)
    conditionals.elseif(truth)


def _else(assembler: Assembler, statement: Statement) -> None:
    _no_operands(statement)
    assembler.conditionals.otherwise()


def _endif(assembler: Assembler, statement: Statement) -> None:
    _no_operands(statement)
    if len(assembler.conditionals.stack) <= assembler.frame.conditional_depth:
        raise Problem(".endif without .if")
    assembler.conditionals.close()


# --- macros and repetitions -----------------------------------------------------------------------------------------------


def _define_macro(assembler: Assembler, statement: Statement) -> None:
    """.macro NAME parameters ... .endm"""
    if statement.compiled is None:
        name, parameters = parse_header(statement.operands, statement.operands_column)
        statement.compiled = name, parameters, Body(statement.body, [parameter.name for parameter in parameters])
    name, parameters, body = statement.compiled
    key = name.lower()
    known = assembler.macros.get(key)
    if known is not None:
        raise Problem(f"macro `{name}` is already defined at {known.file}:{known.line}", statement.operands_column)
    if key in DIRECTIVES:
        raise Problem(f"`{name}` is a directive", statement.operands_column)
    assembler.macros[key] = Macro(name, parameters, body, assembler.frame.file, assembler.line)


def _purgem(assembler: Assembler, statement: Statement) -> None:
    """.purgem NAME"""
    operands = Operands(statement)
    name, column = operands.name("a macro's name")
    operands.end()
    if assembler.macros.pop(name.lower(), None) is None:
        raise Problem(f"no macro `{name}`{near_names(name.lower(), assembler.macros)}", column)


def _exitm(assembler: Assembler, statement: Statement) -> None:
    """.exitm: leave the innermost macro."""
    frame = assembler.frame
    while not frame.title.startswith("macro") and frame.caller is not None:
        frame = frame.caller.frame
    if frame.caller is None:
        raise Problem(".exitm outside a macro")
    inner = assembler.frame
    while inner is not frame:
        inner.index = len(inner.items)
        assert inner.caller is not None
        inner = inner.caller.frame
    frame.index = len(frame.items)
    assembler.conditionals.unwind(frame.conditional_depth)
    assembler.frame = frame


def expand_macro(assembler: Assembler, macro: Macro, statement: Statement) -> None:
    """Executes the lines of a macro next."""
    arguments = macro.arguments(statement.operands, statement.operands_column)
    lines = macro.body.expand(arguments, assembler.macro_count)
    assembler.macro_count += 1
    assembler.enter(parse_lines(lines), macro.file, None, f"macro `{macro.name}`")


def _repeat(assembler: Assembler, statement: Statement) -> None:
    """.rept COUNT ... .endr"""
    nodes = _list(statement)
    if len(nodes) != 1:
        raise Problem("expected `.rept COUNT`", statement.operands_column)
    count = assembler.evaluate_now(nodes[0], "the count")
    if count < 0:
        raise Problem(f"the count is negative: {count}", nodes[0].column)
    _enter_rounds(assembler, statement, [statement.body], count)


def _repeat_for(values_of: Callable[[str], list[str]]) -> Directive:
    def directive(assembler: Assembler, statement: Statement) -> None:
        parts = split_arguments(statement.operands, statement.operands_column)
        if not parts or not re.fullmatch(r"[A-Za-z_.$][\w.$]*", parts[0][1], re.ASCII):
            raise Problem(f"expected a name after {statement.op}", statement.operands_column)
        name = parts[0][1]
        values = values_of(statement.operands) or [""]
        if statement.compiled is None:
            statement.compiled = Body(statement.body, [name.lower()])
        rounds = [statement.compiled.expand([value], assembler.macro_count) for value in values]
        _enter_rounds(assembler, statement, rounds, 1)

    return directive


def _list_values(operands: str) -> list[str]:
    return [unquote(text) for _, text in split_arguments(operands, 0)[1:]]


def _letters(operands: str) -> list[str]:
    return list("".join(unquote(text) for _, text in split_arguments(operands, 0)[1:]))


def _enter_rounds(assembler: Assembler, statement: Statement, rounds: list[list[tuple[str, int]]], count: int) -> None:
    size = sum(len(lines) for lines in rounds)
    if count * max(size, 1) > MAX_REPEATS:
        raise Problem(f"{count} times {size} lines is more than {MAX_REPEATS} statements", statement.operands_column)
    items = [item for lines in rounds for item in parse_lines(list(lines))] * count
    frame = assembler.frame
    assembler.enter(items, frame.file, None, f"{statement.op} block")


# --- tables ---------------------------------------------------------------------------------------------------------------

CONDITIONAL_DIRECTIVES = frozenset((*_TESTS, ".else", ".elseif", ".endif"))

DIRECTIVES: dict[str, Directive] = {
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
    ".global": _for_names(_make_global),
    ".globl": _for_names(_make_global),
    ".weak": _for_names(_make_weak),
    ".local": _for_names(_make_local),
    ".hidden": _for_names(_visibility(2)),
    ".protected": _for_names(_visibility(3)),
    ".type": _type,
    ".size": _size,
    ".set": _set,
    ".equ": _set,
    ".equiv": _equiv,
    ".section": _section,
    ".pushsection": _pushsection,
    ".popsection": _popsection,
    ".previous": _previous,
    ".text": _standard_section,
    ".data": _standard_section,
    ".bss": _standard_section,
    ".ltorg": _ltorg,
    ".pool": _ltorg,
    ".cpu": _cpu,
    ".arch": _arch,
    ".syntax": _syntax,
    ".arm": _arm,
    ".code": _code,
    ".error": _error,
    ".err": _error,
    ".warning": _warning,
    ".include": _include,
    ".end": _end,
    **dict.fromkeys(_TESTS, _open_if),
    ".else": _else,
    ".elseif": _elseif,
    ".endif": _endif,
    ".macro": _define_macro,
    ".purgem": _purgem,
    ".exitm": _exitm,
    ".rept": _repeat,
    ".irp": _repeat_for(_list_values),
    ".irpc": _repeat_for(_letters),
}

_REFUSED = {
    ".incbin": "it would read a file of the host; the build turns files into .word lists",
    ".thumb": "the guest is ARM state only",
    ".thumb_func": "the guest is ARM state only",
    ".req": "use the register's own name",
    ".unreq": "use the register's own name",
    ".subsection": "name a section of its own",
    ".altmacro": "write the macro in the usual mode",
    ".fpu": "the kernel uses no floating point",
    ".endm": "there is no .macro open here",
    ".endr": "there is no .rept, .irp or .irpc open here",
    ".comm": "reserve it in .bss with .space",
    ".lcomm": "reserve it in .bss with .space",
}


# --- execution by kind ----------------------------------------------------------------------------------------------------


def _execute_label(assembler: Assembler, statement: Statement) -> None:
    assembler.define_label(statement.op, statement.column)


def _execute_local_label(assembler: Assembler, statement: Statement) -> None:
    assembler.define_local(int(statement.op))


def _execute_directive(assembler: Assembler, statement: Statement) -> None:
    directive = DIRECTIVES.get(statement.op)
    if directive is not None:
        directive(assembler, statement)
        return
    macro = assembler.macros.get(statement.op)
    if macro is not None:
        expand_macro(assembler, macro, statement)
    elif statement.op in _REFUSED:
        raise Problem(f"`{statement.op}` is not in this dialect: {_REFUSED[statement.op]}", statement.column)
    else:
        raise Problem(f"unknown directive `{statement.op}`{near_names(statement.op, DIRECTIVES)}", statement.column)


def _execute_operation(assembler: Assembler, statement: Statement) -> None:
    macro = assembler.macros.get(statement.op.lower())
    if macro is not None:
        expand_macro(assembler, macro, statement)
    else:
        assembler.instruction(statement)


def _execute_wrong(assembler: Assembler, statement: Statement) -> None:
    raise Problem(statement.op, statement.column)


EXECUTORS: dict[StatementKind, Directive] = {
    StatementKind.LABEL: _execute_label,
    StatementKind.LOCAL_LABEL: _execute_local_label,
    StatementKind.DIRECTIVE: _execute_directive,
    StatementKind.OPERATION: _execute_operation,
    StatementKind.ASSIGNMENT: _assignment,
    StatementKind.BLOCK: _execute_directive,
    StatementKind.WRONG: _execute_wrong,
}
