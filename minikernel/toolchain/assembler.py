"""The assembler: source text in, ObjectFile out, the bytes and relocations of GNU as.

One pass executes the statements; every ARM statement has one size, so each label has its place at once. What is not
known when its statement is executed - a forward reference, a relocation - waits in a list and is finished at the end.
`assemble_unit` at the foot of this page is the table of contents.

source.py reads, statement.py parses, directives.py executes, code_writer.py writes instructions that instructions.py
compiled and encoder.py encodes, fixups.py fills in fields and makes relocations, objects.py makes the ObjectFile. This
page holds what they share: the Assembler.
"""

from __future__ import annotations

from collections import abc
from collections.abc import Sequence
from pathlib import Path

from minikernel.elf.attributes import CORTEX_A15
from minikernel.elf.constants import R_ARM, SectionFlag, SectionType
from minikernel.elf.object_file import ObjectFile
from minikernel.errors import Location, SourceError, SourceErrors, near_names
from minikernel.toolchain.code_writer import CodeWriter, exact_number
from minikernel.toolchain.conditionals import Conditionals
from minikernel.toolchain.debug_lines import DebugSection, debug_sections
from minikernel.toolchain.directives import EXECUTORS
from minikernel.toolchain.encoder import Encoder, EncodingTable, default_table
from minikernel.toolchain.expression import EXACT, Address, Node, NotYet, Value, symbol_value, why_not_known
from minikernel.toolchain.fixups import Fixup, FixupKind, resolve_fixups
from minikernel.toolchain.flow_directives import CONDITIONAL_DIRECTIVES
from minikernel.toolchain.frames import Frame, Position
from minikernel.toolchain.lexer import Problem
from minikernel.toolchain.macros import Macro
from minikernel.toolchain.objects import ObjectBuilder
from minikernel.toolchain.source import SourceFile, SourceTree, read_source
from minikernel.toolchain.statement import Item, ParsedSource, Statement, parse_source
from minikernel.toolchain.symbols import ABSOLUTE, Mapping, SectionBuilder, Symbol
from minikernel.values import dataclass

MAX_NESTING = 100
"""Frames inside each other: includes, macro expansions, repetitions. GNU as has the same bound for macros."""
MAX_STATEMENTS = 200_000
"""Statements of one assembly that includes, macros and repetitions add."""
MAX_EXPANDED = 32 << 20
"""Characters of one assembly that macros and repetitions add."""
MAX_SECTION_BYTES = 16 << 20
"""Bytes of one section in the file; the board's RAM."""
MAX_ERRORS = 20
"""After so many errors the run stops."""


@dataclass(frozen=True)
class Assembly:
    """What assembling one source gives."""

    object_file: ObjectFile
    warnings: tuple[SourceError, ...]
    """Texts of `.warning`, as errors that were not raised."""
    definitions: dict[str, Location]
    """Where each symbol that other objects can see is defined."""
    references: dict[str, SourceError]
    """For each undefined symbol, its first use: an error ready for the linker to raise."""
    included: tuple[Path, ...]
    """The files that .include read."""


# --- the assembler ----------------------------------------------------------------------------------------------------


class Assembler:
    """The state of one assembly. Directives work on its public parts."""

    exact = False

    def __init__(self, tree: SourceTree | None, table: EncodingTable) -> None:
        self.tree = tree
        self.symbols: dict[str, Symbol] = {}
        self.sections: dict[str, SectionBuilder] = {
            ".text": SectionBuilder(".text", SectionType.PROGBITS, SectionFlag.ALLOC | SectionFlag.EXECINSTR),
            ".data": SectionBuilder(".data", SectionType.PROGBITS, SectionFlag.ALLOC | SectionFlag.WRITE),
            ".bss": SectionBuilder(".bss", SectionType.NOBITS, SectionFlag.ALLOC | SectionFlag.WRITE),
        }
        self.section = self.sections[".text"]
        self.previous: SectionBuilder | None = None
        self.section_stack: list[tuple[SectionBuilder, SectionBuilder | None]] = []
        self.macros: dict[str, Macro] = {}
        self.macro_count = 0
        self.conditionals = Conditionals()
        self.attributes: tuple[tuple[int, int | str], ...] = CORTEX_A15
        self.errors: list[SourceError] = []
        self.warnings: list[SourceError] = []
        self.included: dict[Path, None] = {}
        self.fixups: list[Fixup] = []
        self.code = CodeWriter(self, table)
        self.frame: Frame
        self.line = 0
        self.statement: Statement
        self._local_forward: dict[int, Symbol] = {}
        self._local_back: dict[int, Symbol] = {}
        self._entered = 0
        self._expanded = 0

    # --- places and names (expression.Scope) ---

    def position(self) -> Position:
        """Where the statement being executed stands."""
        return Position(self.frame, self.line, self.statement)

    def lookup(self, name: str, column: int | None = None) -> Symbol:
        """The symbol of that name, made when it is new; `column` is where it is named."""
        symbol = self.symbols.get(name)
        if symbol is None:
            symbol = self.symbols[name] = Symbol(name)
            symbol.reference = self.position(), column
        return symbol

    def own(self, name: str) -> Symbol:
        """The same, to be changed: no other assembly has it."""
        symbol = self.lookup(name)
        if symbol.shared is not None:
            symbol = self.symbols[name] = Symbol.constant(name, symbol.value, symbol.location)
        return symbol

    def here(self) -> Symbol:
        """A symbol for `.`."""
        section = self.section
        return Symbol(".\x02", section, section.offset, section.group)

    def local_label(self, number: int, forward: bool, column: int) -> Symbol:
        """The numeric label that `1b` or `1f` means. Raises Problem for `1b` without a `1:` above."""
        if forward:
            symbol = self._local_forward.get(number)
            if symbol is None:
                symbol = self._local_forward[number] = Symbol(f"{number}\x02")
                symbol.reference = self.position(), column
            return symbol
        if number not in self._local_back:
            raise Problem(f"no label `{number}:` above for `{number}b`", column)
        return self._local_back[number]

    def evaluate_now(self, node: Node, what: str) -> int:
        """A number that must be known here. Raises Problem."""
        try:
            value = node.evaluate(self)
        except NotYet as error:
            raise Problem(f"{what} must be known here, but {error.reason}", error.column) from None
        if not isinstance(value, int):
            raise Problem(f"{what} must be a number known here, but {why_not_known(value)}", node.column)
        return value

    # --- running ---

    def run(self, source: ParsedSource) -> None:
        """Executes a source and everything it includes and expands. Raises StopAssembly."""
        self.frame = Frame(source.items, source.source.name, source.lines, "file", None, 0)
        while True:
            frame = self.frame
            self._execute(frame)
            if self.frame is frame:
                self._leave(frame)
                if frame.caller is None:
                    return

    def _execute(self, frame: Frame) -> None:
        """Executes statements of a frame until its end, or until another frame is entered."""
        items = frame.items
        count = len(items)
        conditionals, execute = self.conditionals, self.execute
        while frame.index < count and self.frame is frame:
            statement, line = items[frame.index]
            frame.index += 1
            if not conditionals.skipping or statement.op in CONDITIONAL_DIRECTIVES:
                execute(statement, line)

    def execute(self, statement: Statement, line: int) -> None:
        """Executes one statement of the frame and reports what is wrong with it. Raises StopAssembly."""
        self.statement, self.line = statement, line
        try:
            EXECUTORS[statement.kind](self, statement)
        except Problem as problem:
            self.report(self.position().error(problem.message, problem.column, problem.notes))
        except NotYet as error:
            self.report(self.position().error(f"must be known here, but {error.reason}", error.column))
        except SourceError as error:
            self.report(error)

    def _leave(self, frame: Frame) -> None:
        """The end of a frame: its .ifs must be closed."""
        open_ifs = self.conditionals.stack[frame.conditional_depth :]
        if open_ifs:
            opened = open_ifs[0].opened_at
            assert isinstance(opened, Position)
            self.report(opened.error("this is never closed; expected `.endif`"))
            self.conditionals.unwind(frame.conditional_depth)
        if frame.caller is not None:
            self.frame = frame.caller.frame

    def enter(self, items: list[Item], file: str, lines: list[str] | None, title: str) -> None:
        """Executes these statements next. Raises StopAssembly when nested too deep or when there are too many."""
        depth = self.frame.depth + 1
        if depth > MAX_NESTING:
            raise self.stop(f"nested deeper than {MAX_NESTING}: does a macro or a file call itself?")
        self.count(1 + len(items))
        if lines is None:
            self._expanded += sum([len(statement.text) for statement, _ in items])
            if self._expanded > MAX_EXPANDED:
                raise self.stop(f"macros and repetitions make more than {MAX_EXPANDED >> 20} MiB of text")
        frame = Frame(items, file, lines, title, self.position(), depth)
        frame.conditional_depth = len(self.conditionals.stack)
        self.frame = frame

    def count(self, statements: int) -> None:
        """So many more are executed. Raises StopAssembly when there are too many."""
        self._entered += statements
        if self._entered > MAX_STATEMENTS:
            raise self.stop(f"more than {MAX_STATEMENTS} statements: a macro or .rept repeats without end")

    def stop(self, message: str) -> StopAssembly:
        """What to raise where going on would be endless."""
        return StopAssembly(self.position().error(message))

    def report(self, error: SourceError) -> None:
        """Keeps an error and goes on; stops the run when there are too many."""
        self.errors.append(error)
        if len(self.errors) >= MAX_ERRORS:
            raise StopAssembly(None)

    # --- labels ---

    def define_label(self, name: str, column: int) -> None:
        """`name:` here. Raises Problem when the name is taken."""
        symbol = self.symbols.get(name)
        if symbol is None:
            symbol = self.symbols[name] = Symbol(name)
        elif symbol.is_defined:
            raise Problem(f"`{name}` is already defined{self.where_defined(symbol)}", column)
        section = self.section
        symbol.section, symbol.value, symbol.group = section, section.offset, section.group
        symbol.location = Location(self.frame.file, self.line, column + 1)

    def where_defined(self, symbol: Symbol) -> str:
        """` at file:line:col`, if known."""
        return f" at {symbol.location}" if symbol.location else " (by --defsym)"

    def define_local(self, number: int) -> None:
        """`1:` here."""
        symbol = self._local_forward.pop(number, None) or Symbol(f"{number}\x02")
        section = self.section
        symbol.section, symbol.value, symbol.group = section, section.offset, section.group
        self._local_back[number] = symbol

    def set_symbol(self, name: str, column: int, node: Node) -> None:
        """`.set name, expression`. Raises Problem when the name is a label."""
        symbol = self.lookup(name)
        if symbol.is_defined and not symbol.is_set:
            raise Problem(f"`{name}` is already defined{self.where_defined(symbol)}", column)
        value: Value | None
        try:
            value = node.evaluate(self)
        except NotYet:
            value = None
        if symbol.section is ABSOLUTE:  # what referred to the old value keeps it
            symbol = self.symbols[name] = symbol.successor()
        symbol.is_set = True
        symbol.location = Location(self.frame.file, self.line, column + 1)
        symbol.section, symbol.definition = None, None
        if isinstance(value, int):
            symbol.section, symbol.value = ABSOLUTE, value
        elif value is not None and value.minus is None and value.symbol.section is not None:
            take_place_of(symbol, value)
        else:
            symbol.definition = node.bind(self)
            symbol.reference = self.position(), node.column

    def distance_now(self, node: Node) -> int | None:
        """The value of an expression of labels above, alignments between them or not; None if it is not one."""
        try:
            value = node.bind(self).evaluate(EXACT)
        except Problem:
            return None
        return value if isinstance(value, int) else None

    # --- bytes ---

    def emit(self, data: bytes) -> None:
        """Data at the current place."""
        section = self.section
        section.mark_data()
        if section.is_nobits:
            if any(data):
                raise Problem(f"`{section.name}` has no bytes in the file; only zeros fit there")
            section.nobits_size += len(data)
            return
        section.data += data
        if len(section.data) > MAX_SECTION_BYTES:
            raise self.stop(f"`{section.name}` grows over {MAX_SECTION_BYTES >> 20} MiB")

    def defer(self, kind: FixupKind, node: Node, size: int) -> None:
        """A field of `size` bytes here that is finished at the end of the pass."""
        section = self.section
        self.fixups.append(Fixup(kind, section, section.offset, node.bind(self), self.position()))
        self.emit(bytes(size))

    # --- alignment ---

    def align(self, alignment: int, fill: int | None, limit: int, *, code: bool) -> None:
        """Pads to a multiple of `alignment`, unless that takes more than `limit` bytes (0: no limit).

        Without a fill, code is padded with zeros to a word and then with nops, data with zeros.
        """
        section = self.section
        offset = section.offset
        padding = -offset % alignment
        if limit and padding > limit:
            padding = 0
        section.mark(Mapping.CODE if code else Mapping.DATA)
        section.group += 1
        if section.is_nobits:
            section.nobits_size += padding
        elif fill is not None or not code:
            self.emit(bytes([(fill or 0) & 0xFF]) * padding)
        else:
            odd = padding & 3
            if odd:
                section.marks[offset] = Mapping.DATA
                section.marks[offset + odd] = Mapping.CODE
            section.data += bytes(odd) + NOP * (padding // 4)
        if len(section.data) > MAX_SECTION_BYTES:
            raise self.stop(f"`{section.name}` grows over {MAX_SECTION_BYTES >> 20} MiB")

    # --- the end ---

    def finish(self, debug: bool) -> ObjectFile:
        """Writes the pools, finishes what waited, makes the object. Errors are in self.errors."""
        for section in list(self.sections.values()):
            self.code.dump_pool(section)
            if section.is_code:
                self._pad_code_section(section)
        self.code.finish()
        self._finish_symbols()
        debugging = self._add_debug_sections() if debug else []
        builder = ObjectBuilder(self.sections.values(), self.attributes)
        resolve_fixups(self, builder)
        for section in debugging:
            for offset, target in section.references:
                builder.relocate_in(section, offset, R_ARM.ABS32, target)
        self._report_undefined_locals()
        return builder.finish(self.sections.values(), self.symbols.values())

    def _add_debug_sections(self) -> list[DebugSection]:
        """Sections for debuggers, unless the source writes its own."""
        if ".debug_line" in self.sections or ".debug_info" in self.sections:
            return []
        added = debug_sections(self.frame.file, self.sections.values(), self.symbols.values())
        self.sections |= {section.name: section for section in added}
        return added

    def _pad_code_section(self, section: SectionBuilder) -> None:
        """GNU as ends a code section on a word."""
        self.section = section
        self.align(min(section.addralign, 4), None, 0, code=True)

    def _finish_symbols(self) -> None:
        """Values of late `.set`s, and sizes."""
        for symbol in self.symbols.values():
            if symbol.definition is not None:
                self._finish_set(symbol)
            if symbol.size_definition is not None:
                node, where = symbol.size_definition
                try:
                    symbol.size = exact_number(node) & 0xFFFFFFFF
                except Problem as problem:
                    self.report(where.error(problem.message, problem.column))

    def _finish_set(self, symbol: Symbol) -> None:
        try:
            value = symbol_value(symbol, EXACT, 0)
        except Problem as problem:
            self.report(first_use(symbol, problem.message))
            symbol.definition = 0
            return
        symbol.definition = value
        if isinstance(value, int):
            symbol.section, symbol.value, symbol.definition = ABSOLUTE, value, None
        elif value.minus is None and value.symbol.section is not None:
            take_place_of(symbol, value)

    def _report_undefined_locals(self) -> None:
        for number, symbol in self._local_forward.items():
            self.report(first_use(symbol, f"no label `{number}:` below for `{number}f`"))
        for symbol in self.symbols.values():
            if symbol.name.startswith(".L") and not symbol.is_defined and symbol.is_used:
                near = near_names(symbol.name, [known.name for known in self.symbols.values() if known.is_defined])
                self.report(first_use(symbol, f"local label `{symbol.name}` is not defined{near}"))


NOP = (0xE320F000).to_bytes(4, "little")


def first_use(symbol: Symbol, message: str) -> SourceError:
    """An error at the place where a symbol was first named."""
    assert symbol.reference is not None
    position, column = symbol.reference
    return position.error(message, column)


class StopAssembly(Exception):
    """Ends the run; the error, if any, is the last one."""

    def __init__(self, error: SourceError | None) -> None:
        self.error = error


def take_place_of(symbol: Symbol, value: Address) -> None:
    """`.set symbol, label + n`: the label's section, place, and what it is."""
    target = value.symbol
    symbol.section, symbol.value, symbol.group = target.section, target.value + value.addend, target.group
    symbol.definition = None
    symbol.kind = symbol.kind or target.kind
    symbol.size = symbol.size or target.size


# --- entry points -----------------------------------------------------------------------------------------------------


def assemble_unit(
    source: SourceFile | Path,
    *,
    include_dirs: Sequence[Path] = (),
    defsyms: abc.Mapping[str, int] | None = None,
    root: Path | None = None,
    tree: SourceTree | None = None,
    encoder: Encoder | None = None,
    debug: bool = False,
) -> Assembly:
    """Assembles one source with everything known about it.

    `root` is the directory that `.include` may read in (default: the one of the source), or `tree` says so in place of
    `root` and `include_dirs`; `defsyms` are absolute symbols defined before the first line, as `--defsym`; `debug` adds
    line tables (debug_lines.py), as `-g`.
    Raises SourceError, SourceErrors for several, EncoderUnavailable.
    """
    table = EncodingTable(encoder) if encoder is not None else default_table()
    if isinstance(source, Path):
        tree = tree or SourceTree(root or source.parent, include_dirs)
        source = read_source(source, tree.shown_name(source))
    elif tree is None and root is not None:
        tree = SourceTree(root, include_dirs)
    assembler = Assembler(tree, table)
    for name, value in (defsyms or {}).items():
        assembler.symbols[name] = Symbol.constant(name, value, None)
    object_file = ObjectFile()
    try:
        assembler.run(parse_source(source))
        object_file = assembler.finish(debug)
    except StopAssembly as stop:
        if stop.error is not None:
            assembler.errors.append(stop.error)
    raise_errors(assembler.errors)
    symbols = assembler.symbols.values()
    return Assembly(
        object_file,
        tuple(assembler.warnings),
        {s.name: s.location for s in symbols if s.binding and s.location is not None},
        {
            s.name: first_use(s, f"undefined symbol `{s.name}`")
            for s in symbols
            if (s.is_wanted or s.is_used) and s.section is None and s.reference is not None
        },
        tuple(assembler.included),
    )


def assemble(
    source: SourceFile | Path,
    include_dirs: Sequence[Path] = (),
    defsyms: abc.Mapping[str, int] | None = None,
    root: Path | None = None,
    debug: bool = False,
) -> ObjectFile:
    """The ObjectFile of a source; see assemble_unit."""
    return assemble_unit(source, include_dirs=include_dirs, defsyms=defsyms, root=root, debug=debug).object_file


def assemble_text(text: str, name: str = "text.s", defsyms: abc.Mapping[str, int] | None = None) -> ObjectFile:
    """The ObjectFile of a text that includes nothing."""
    return assemble_unit(SourceFile(name, text), defsyms=defsyms).object_file


def raise_errors(errors: Sequence[SourceError]) -> None:
    """One error as itself, several as SourceErrors file by file in the order of lines, none not at all."""
    if len(errors) == 1:
        raise errors[0]
    if errors:
        files = {file: order for order, file in enumerate(dict.fromkeys(error.location.file for error in errors))}
        raise SourceErrors(sorted(errors, key=lambda error: (files[error.location.file], error.location.line)))
