"""The assembler's last words, for debuggers: .debug_line and the little of DWARF 4 that makes gdb find it.

While the pass runs, each instruction leaves a LineNote in its section: the line that the author wrote. Code from a
macro belongs to the line that used the macro - the outermost one -, code from an included file and from a .rept to its
own line, a literal to the first load that wanted it; data to the line before, as in `as -g` of GNU (2.40, run). Other
than there the rows of literals are no statements (is_stmt): a breakpoint on the load's line would go into the pool too.
`debug_sections` turns the notes of one assembly into sections:

    .debug_line     one program for all code sections: address -> file and line
    .debug_info     one compile unit, and in it a subprogram for each function
    .debug_abbrev   the form of these two
    .debug_ranges   the code sections of the unit, because they lie apart
    .debug_aranges  the same for finding the unit by address
    .debug_frame    for some functions, how to find their callers (call_frames.py)

Nothing here is loaded: the sections have no SHF_ALLOC, and code and data are the same bytes with them and without.
File names are relative to the source tree. Numbers and names are those of the DWARF standard, version 4.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from functools import cache, lru_cache
from pathlib import PurePosixPath

from minikernel.elf.constants import SectionType, SymbolBinding, SymbolKind
from minikernel.toolchain.call_frames import CallFrame, call_frames, common_entry, padded
from minikernel.toolchain.leb128 import sleb, uleb
from minikernel.toolchain.symbols import SectionBuilder, Symbol

PRODUCER = "minikernel"
COMPILATION_DIRECTORY = "guest"
"""DW_AT_comp_dir, what names are relative to: gdb finds the sources in a checkout, else after `dir PATH/guest`."""

_VERSION = 4
_ADDRESS_SIZE = 4
_DW_LANG_Mips_Assembler = 0x8001
"""The only number that DWARF 4 has for assembly, whatever the machine; GNU as writes it too."""


class DebugSection(SectionBuilder):
    """A debug section and the words in it that hold an offset in another section: (where, which section)."""

    def __init__(self, name: str) -> None:
        super().__init__(name, SectionType.PROGBITS, 0)
        self.references: list[tuple[int, SectionBuilder]] = []

    def refer(self, target: SectionBuilder, offset: int = 0) -> None:
        """Appends a word: `offset` in `target`, to be relocated."""
        self.references.append((len(self.data), target))
        self.data += struct.pack("<I", offset)

    def uleb(self, *values: int) -> None:
        """Appends unsigned LEB128 numbers."""
        for value in values:
            self.data += uleb(value)

    def text(self, text: str) -> None:
        """Appends a NUL-ended string."""
        self.data += text.encode() + b"\0"

    def put_length(self, at: int) -> None:
        """Writes the bytes behind the word at `at` into it: unit_length and header_length of every table."""
        struct.pack_into("<I", self.data, at, len(self.data) - at - 4)


def shown_file(file: str) -> str:
    """A source outside the tree goes by its name alone: no path of this machine gets into an object."""
    path = PurePosixPath(file)
    return path.name if path.is_absolute() or ":" in file else file


def debug_sections(name: str, sections: Iterable[SectionBuilder], symbols: Iterable[Symbol]) -> list[DebugSection]:
    """The debug sections of one assembly called `name`; none when it has no code."""
    code = [section for section in sections if section.is_code and section.lines]
    if not code:
        return []
    abbreviations, ranges = _abbreviations(), _ranges(code)
    line = _line_section(code)
    functions = _functions(code, symbols)
    info = _info(name, abbreviations, line, ranges, functions)
    return [line, info, abbreviations, _aranges(code, info), ranges, *_frame_sections(call_frames(functions))]


# --- .debug_line (DWARF 4, 6.2) ---------------------------------------------------------------------------------------

_MINIMUM_INSTRUCTION_LENGTH = 4
_LINE_BASE = -5
_LINE_RANGE = 14
_STANDARD_OPERANDS = (0, 1, 1, 1, 1, 0, 0, 0, 1, 0, 0, 1)
"""How many operands the standard opcodes 1 to 12 take."""
_OPCODE_BASE = len(_STANDARD_OPERANDS) + 1

_DW_LNS_advance_pc = 2
_DW_LNS_advance_line = 3
_DW_LNS_set_file = 4
_DW_LNS_negate_stmt = 6
_DW_LNS_fixed_advance_pc = 9
_DW_LNE_end_sequence = b"\x00\x01\x01"
_DW_LNE_set_address = b"\x00\x05\x02"


def _line_section(code: Sequence[SectionBuilder]) -> DebugSection:
    """One sequence for each code section."""
    files = {file: number for number, file in enumerate(dict.fromkeys(note[2] for s in code for note in s.lines), 1)}
    out = DebugSection(".debug_line")
    out.data += struct.pack("<IHI", 0, _VERSION, 0)
    header = (_MINIMUM_INSTRUCTION_LENGTH, 1, 1, _LINE_BASE & 0xFF, _LINE_RANGE, _OPCODE_BASE, *_STANDARD_OPERANDS)
    out.data += bytes(header)
    _file_table(out, files)
    struct.pack_into("<I", out.data, 6, len(out.data) - 10)
    for section in code:
        _sequence(out, section, files)
    out.put_length(0)
    return out


def _file_table(out: DebugSection, files: Iterable[str]) -> None:
    """Directories, then names with the number of their directory; 0 is the compilation directory."""
    paths = [PurePosixPath(shown_file(file)) for file in files]
    directories = dict.fromkeys(str(path.parent) for path in paths if str(path.parent) != ".")
    numbers = {directory: number for number, directory in enumerate(directories, 1)}
    for directory in directories:
        out.text(directory)
    out.data.append(0)
    for path in paths:
        out.text(path.name)
        out.uleb(numbers.get(str(path.parent), 0), 0, 0)  # directory; time and size are not told
    out.data.append(0)


def _sequence(out: DebugSection, section: SectionBuilder, files: dict[str, int]) -> None:
    """The rows of one section, from its first instruction to its end; a note that changes nothing makes none."""
    address, line, file, is_statement = section.lines[0][0], 1, next(iter(files)), True
    out.data += _DW_LNE_set_address
    out.refer(section, address)
    data = out.data
    before: tuple[bool, str, int] | None = None
    for note in section.lines:
        if note[1:] == before:
            continue
        offset, note_is_statement, note_file, note_line = note
        before = note[1:]
        if note_file != file:
            data += bytes((_DW_LNS_set_file,)) + uleb(files[note_file])
            file = note_file
        if note_is_statement != is_statement:
            data.append(_DW_LNS_negate_stmt)
            is_statement = note_is_statement
        data += _row(offset - address, note_line - line)
        address, line = offset, note_line
    data += _advance_address(section.offset - address) + _DW_LNE_end_sequence


@lru_cache(maxsize=4096)
def _row(distance: int, lines: int) -> bytes:
    """Opcodes for a row `distance` bytes and `lines` lines further on: one special opcode where that reaches."""
    opcodes = b""
    if not _LINE_BASE <= lines < _LINE_BASE + _LINE_RANGE:
        opcodes, lines = bytes((_DW_LNS_advance_line,)) + sleb(lines), 0
    special = _special_opcode(distance, lines)
    if special > 255:
        opcodes += _advance_address(distance)
        special = _special_opcode(0, lines)
    return opcodes + bytes((special,))


def _special_opcode(distance: int, lines: int) -> int:
    return lines - _LINE_BASE + _LINE_RANGE * (distance // _MINIMUM_INSTRUCTION_LENGTH) + _OPCODE_BASE


def _advance_address(distance: int) -> bytes:
    instructions, odd = divmod(distance, _MINIMUM_INSTRUCTION_LENGTH)
    opcodes = bytes((_DW_LNS_advance_pc,)) + uleb(instructions) if instructions else b""
    return opcodes + (struct.pack("<BH", _DW_LNS_fixed_advance_pc, odd) if odd else b"")


# --- .debug_info and .debug_abbrev (DWARF 4, 7.5) ---------------------------------------------------------------------

_DW_TAG_compile_unit = 0x11
_DW_TAG_subprogram = 0x2E
_DW_AT_name = 0x03
_DW_AT_stmt_list = 0x10
_DW_AT_low_pc = 0x11
_DW_AT_high_pc = 0x12
_DW_AT_language = 0x13
_DW_AT_comp_dir = 0x1B
_DW_AT_producer = 0x25
_DW_AT_external = 0x3F
_DW_AT_ranges = 0x55
_DW_FORM_addr = 0x01
_DW_FORM_data2 = 0x05
_DW_FORM_data4 = 0x06
_DW_FORM_string = 0x08
_DW_FORM_flag = 0x0C
_DW_FORM_sec_offset = 0x17

_UNIT = (
    (_DW_AT_stmt_list, _DW_FORM_sec_offset),
    (_DW_AT_low_pc, _DW_FORM_addr),
    (_DW_AT_ranges, _DW_FORM_sec_offset),
    (_DW_AT_name, _DW_FORM_string),
    (_DW_AT_comp_dir, _DW_FORM_string),
    (_DW_AT_producer, _DW_FORM_string),
    (_DW_AT_language, _DW_FORM_data2),
)
_SUBPROGRAM = (
    (_DW_AT_name, _DW_FORM_string),
    (_DW_AT_external, _DW_FORM_flag),
    (_DW_AT_low_pc, _DW_FORM_addr),
    (_DW_AT_high_pc, _DW_FORM_data4),
)
_ABBREVIATIONS = (  # code, tag, has children, attributes and forms
    (1, _DW_TAG_compile_unit, True, _UNIT),
    (2, _DW_TAG_subprogram, False, _SUBPROGRAM),
)


@cache
def _abbreviation_bytes() -> bytes:
    """The same for every unit."""
    out = b""
    for code, tag, has_children, attributes in _ABBREVIATIONS:
        out += uleb(code) + uleb(tag) + bytes((has_children,))
        out += b"".join(uleb(attribute) + uleb(form) for attribute, form in attributes) + bytes(2)
    return out + bytes(1)


def _abbreviations() -> DebugSection:
    out = DebugSection(".debug_abbrev")
    out.data += _abbreviation_bytes()
    return out


def _info(
    name: str, abbreviations: DebugSection, line: DebugSection, ranges: DebugSection, functions: Iterable[Symbol]
) -> DebugSection:
    """The compile unit; its low_pc of 0 is what .debug_ranges counts from."""
    out = DebugSection(".debug_info")
    out.data += struct.pack("<IH", 0, _VERSION)
    out.refer(abbreviations)
    out.data.append(_ADDRESS_SIZE)
    out.uleb(1)
    out.refer(line)
    out.data += struct.pack("<I", 0)
    out.refer(ranges)
    for text in (shown_file(name), COMPILATION_DIRECTORY, PRODUCER):
        out.text(text)
    out.data += struct.pack("<H", _DW_LANG_Mips_Assembler)
    for function in functions:
        assert function.section is not None
        out.uleb(2)
        out.text(function.name)
        out.data.append(function.binding != SymbolBinding.LOCAL)
        out.refer(function.section, function.value)
        out.data += struct.pack("<I", function.size)
    out.uleb(0)  # no more children
    out.put_length(0)
    return out


def _functions(code: Sequence[SectionBuilder], symbols: Iterable[Symbol]) -> list[Symbol]:
    """Symbols of `.type f, %function` with a size, in the sections that have lines."""
    return [symbol for symbol in symbols if symbol.kind == SymbolKind.FUNC and symbol.size and symbol.section in code]


# --- .debug_ranges (2.17.3) and .debug_aranges (6.1.2) ----------------------------------------------------------------


def _ranges(code: Sequence[SectionBuilder]) -> DebugSection:
    out = DebugSection(".debug_ranges")
    for section in code:
        out.refer(section)
        out.refer(section, section.offset)
    out.data += bytes(2 * _ADDRESS_SIZE)
    return out


def _aranges(code: Sequence[SectionBuilder], info: DebugSection) -> DebugSection:
    out = DebugSection(".debug_aranges")
    out.data += struct.pack("<IH", 0, 2)  # the version of this table is 2 in every DWARF up to 5
    out.refer(info)
    out.data += bytes((_ADDRESS_SIZE, 0))
    out.data += bytes(-len(out.data) % (2 * _ADDRESS_SIZE))
    for section in code:
        out.refer(section)
        out.data += struct.pack("<I", section.offset)
    out.data += bytes(2 * _ADDRESS_SIZE)
    out.put_length(0)
    return out


# --- .debug_frame (6.4.1) ---------------------------------------------------------------------------------------------


def _frame_sections(frames: Sequence[CallFrame]) -> list[DebugSection]:
    """Each common entry that is wanted, behind it the entries of functions; no section where there is none."""
    out = DebugSection(".debug_frame")
    for is_exception in (False, True):
        wanted = [frame for frame in frames if frame.is_exception is is_exception]
        if wanted:
            _frame_entries(out, common_entry(is_exception=is_exception), wanted)
    return [out] if out.data else []


def _frame_entries(out: DebugSection, common: bytes, frames: Iterable[CallFrame]) -> None:
    place = len(out.data)
    out.data += struct.pack("<I", len(common)) + common
    for frame in frames:
        section, instructions = frame.function.section, padded(frame.instructions)
        assert section is not None
        out.data += struct.pack("<I", 12 + len(instructions))
        out.refer(out, place)
        out.refer(section, frame.function.value + frame.start)
        out.data += struct.pack("<I", frame.size) + instructions
