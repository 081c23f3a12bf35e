"""`.debug_line` read: which source line an address comes from, and at which addresses a source line begins.

    table = LineTable.from_image(image)                           # vmlinux, init: final addresses
    table = LineTable.from_module(obj, {".text": 0xbf000000}, "camera.ko")  # where its sections were loaded
    table = table.joined(another)                                 # one table for kernel and modules

    table.line_at(0xc0008124)              -> SourceLine("kernel/initcall.s", 165), None where no code of ours is
    table.row_at(0xc0008124)               -> LineRow: the same with the range of addresses
    table.stretch_at(0xc0008124)           -> (0xc0008120, 0xc0008134): the code round it that comes from that line
    table.addresses("initcall.s", 165)     -> (0xc0008124,): where code of that line begins; () when it makes none
    table.line_with_code("initcall.s", 160) -> SourceLine(..., 165): the first line at or below 160 that makes code
    table.files, table.matching_files("initcall.s"), table.rows

    sources = SourceTexts(guest_tree())                # more directories may follow, for a user's own modules
    sources.line(SourceLine("kernel/initcall.s", 165))    -> "        push    {r4-r7, fp, lr}", None where there is none
    sources.around(SourceLine("kernel/initcall.s", 165))  -> ((160, "..."), ..., (170, "..."))

File names are relative to the guest tree. Where a file is asked for, its last parts are enough, as in gdb: `initcall.s`
or `kernel/initcall.s`. Code from a macro has the line of the macro's use. A word of a literal pool has the line of the
load that wanted it, but no code of that line begins there.

pyelftools decodes, DWARF 2 to 5, so that modules made by gcc or GNU as are read as well. It is imported when the first
table is read. What lies outside the given code sections - discarded, or not loaded - has no rows.
"""

from __future__ import annotations

import struct
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from io import BytesIO
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, NamedTuple

from minikernel.elf.constants import SectionFlag
from minikernel.elf.image import Image
from minikernel.elf.object_file import ObjectFile, Section, Symbol
from minikernel.elf.relocations import RULES
from minikernel.errors import ImageError

if TYPE_CHECKING:
    from elftools.dwarf.dwarfinfo import DWARFInfo


class SourceLine(NamedTuple):
    """A line of a source; `line` counts from 1."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


class LineRow(NamedTuple):
    """The bytes from `addr` up to `end` come from this line; where both are equal, a statement of it begins there."""

    addr: int
    end: int
    file: str
    line: int
    is_statement: bool
    """False where a debugger should not stop: a literal pool."""


@dataclass(frozen=True, eq=False)
class LineTable:
    """The rows of some code, by address."""

    rows: tuple[LineRow, ...]

    @classmethod
    def from_image(cls, image: Image) -> LineTable:
        """The table of a linked program; without rows when it has no line numbers. Raises ImageError."""
        code = [(s.addr, s.addr + s.size) for s in image.sections if s.is_loaded and s.flags & SectionFlag.EXECINSTR]
        contents = {section.name: section.data for section in image.sections if section.name.startswith(".debug_")}
        return cls(_read_rows(contents, code, image.name))

    @classmethod
    def from_module(cls, obj: ObjectFile, addresses: Mapping[str, int], name: str = "module") -> LineTable:
        """The table of a relocatable object whose sections were loaded at `addresses`, by name. Raises ImageError."""
        code = [
            (addresses[section.name], addresses[section.name] + section.size)
            for section in obj.sections
            if section.name in addresses and section.flags & SectionFlag.EXECINSTR
        ]
        contents = {section.name: _relocated(section, addresses, name) for section in obj.sections if section.is_debug}
        return cls(_read_rows(contents, code, name))

    def joined(self, *others: LineTable) -> LineTable:
        """One table with the rows of all."""
        rows = [*self.rows, *(row for table in others for row in table.rows)]
        return LineTable(tuple(sorted(rows)))

    def row_at(self, addr: int) -> LineRow | None:
        """The row that covers `addr`."""
        index = bisect_right(self._starts, addr) - 1
        if index < 0 or addr >= self.rows[index].end:
            return None
        return self.rows[index]

    def line_at(self, addr: int) -> SourceLine | None:
        """The line that the code at `addr` comes from."""
        row = self.row_at(addr)
        return SourceLine(row.file, row.line) if row is not None else None

    def stretch_at(self, addr: int) -> tuple[int, int] | None:
        """From where to where the code round `addr` comes from one and the same line, over all rows that it has: a
        macro has many. None where no code of ours is."""
        row = self.row_at(addr)
        if row is None:
            return None
        first = last = bisect_right(self._starts, addr) - 1
        while first > 0 and self._continues(first):
            first -= 1
        while last + 1 < len(self.rows) and self._continues(last + 1):
            last += 1
        return self.rows[first].addr, self.rows[last].end

    def _continues(self, index: int) -> bool:
        """This row goes on with the line of the row before."""
        before, row = self.rows[index - 1], self.rows[index]
        return row[2:] == before[2:] and row.addr == before.end

    def addresses(self, file: str, line: int) -> tuple[int, ...]:
        """Where code of the line begins, ascending; several for a line in a .rept or in a file included twice."""
        found: list[int] = []
        for name in self.matching_files(file):
            found += self._by_line[name].get(line, ())
        return tuple(sorted(found))

    def line_with_code(self, file: str, line: int) -> SourceLine | None:
        """The first line at or below `line` at which one can stop; None when there is none, or no such file."""
        best: SourceLine | None = None
        for name in self.matching_files(file):
            below = [number for number in self._by_line[name] if number >= line]
            if below and (best is None or min(below) < best.line):
                best = SourceLine(name, min(below))
        return best

    @cached_property
    def files(self) -> tuple[str, ...]:
        """The files that code comes from, by name."""
        return tuple(sorted(self._by_line))

    def matching_files(self, file: str) -> tuple[str, ...]:
        """The files that end in these parts: both `kernel/string.s` and `user/string.s` for `string.s`."""
        wanted = PurePosixPath(file).parts
        return tuple(name for name in self.files if wanted and PurePosixPath(name).parts[-len(wanted) :] == wanted)

    @cached_property
    def _starts(self) -> list[int]:
        return [row.addr for row in self.rows]

    @cached_property
    def _by_line(self) -> dict[str, dict[int, list[int]]]:
        """file -> line -> where its code begins: rows that continue the row before are left out."""
        result: dict[str, dict[int, list[int]]] = defaultdict(dict)
        before = LineRow(0, -1, "", 0, False)
        for row in self.rows:
            continues = row[2:] == before[2:] and row.addr == before.end
            if row.is_statement and not continues:
                result[row.file].setdefault(row.line, []).append(row.addr)
            before = row
        return dict(result)


# --- reading ----------------------------------------------------------------------------------------------------------

_Ranges = Sequence[tuple[int, int]]


def _read_rows(contents: Mapping[str, bytes], code: _Ranges, name: str) -> tuple[LineRow, ...]:
    if not contents.get(".debug_line") or not contents.get(".debug_info"):
        return ()
    try:
        rows = list(_decoded(_dwarf(contents)))
    except _decoding_errors() as error:
        raise ImageError(f"the line numbers cannot be decoded: {error!r}", name, ".debug_line") from None
    return tuple(sorted(row for row in rows if any(start <= row.addr < end for start, end in code)))


def _decoding_errors() -> tuple[type[Exception], ...]:
    """What pyelftools raises for damaged sections: its own errors, and those of Python that it does not expect."""
    from elftools.common.exceptions import DWARFError, ELFError
    from elftools.construct import ConstructError

    unexpected = (ArithmeticError, AssertionError, AttributeError, LookupError, TypeError, ValueError)
    return DWARFError, ELFError, ConstructError, *unexpected


def _dwarf(contents: Mapping[str, bytes]) -> DWARFInfo:
    """pyelftools' reader over the bytes of the debug sections."""
    from elftools.dwarf.dwarfinfo import DebugSectionDescriptor, DwarfConfig, DWARFInfo

    def section(name: str) -> DebugSectionDescriptor | None:
        data = contents.get(name)
        return None if data is None else DebugSectionDescriptor(BytesIO(data), name, 0, len(data), 0)

    return DWARFInfo(
        config=DwarfConfig(little_endian=True, machine_arch="ARM", default_address_size=4),
        debug_info_sec=section(".debug_info"),
        debug_aranges_sec=None,
        debug_abbrev_sec=section(".debug_abbrev"),
        debug_frame_sec=None,
        eh_frame_sec=None,
        debug_str_sec=section(".debug_str"),
        debug_loc_sec=None,
        debug_ranges_sec=None,
        debug_line_sec=section(".debug_line"),
        debug_pubtypes_sec=None,
        debug_pubnames_sec=None,
        debug_addr_sec=None,
        debug_str_offsets_sec=section(".debug_str_offsets"),
        debug_line_str_sec=section(".debug_line_str"),
        debug_loclists_sec=None,
        debug_rnglists_sec=None,
        debug_sup_sec=None,
        gnu_debugaltlink_sec=None,
        debug_types_sec=None,
    )


def _decoded(dwarf: DWARFInfo) -> Iterator[LineRow]:
    """The rows of every unit."""
    for unit in dwarf.iter_CUs():
        program = dwarf.line_program_for_CU(unit)
        if program is None:
            continue
        files = _file_names(program.header)
        before: Any = None
        for entry in program.get_entries():
            state = entry.state
            if state is None:
                continue
            if before is not None and state.address >= before.address:
                file = files.get(before.file, "?")
                yield LineRow(before.address, state.address, file, before.line, bool(before.is_stmt))
            before = None if state.end_sequence else state


def _file_names(header: Any) -> dict[int, str]:
    """Number -> path. In DWARF 5 files and directories count from 0, before from 1 with directory 0 the unit's own."""
    first = 0 if header["version"] >= 5 else 1
    directories = [_text(directory) for directory in header["include_directory"]]
    if first == 1:
        directories.insert(0, "")
    elif directories:
        directories[0] = ""
    return {
        number: str(PurePosixPath(directories[entry.dir_index]) / _text(entry.name))
        for number, entry in enumerate(header["file_entry"], first)
    }


def _text(name: bytes | str) -> str:
    return name.decode("utf-8", "backslashreplace") if isinstance(name, bytes) else name


def _relocated(section: Section, addresses: Mapping[str, int], name: str) -> bytes:
    """The bytes of a debug section after loading: what refers to a section without an address counts from 0."""
    data = bytearray(section.data)
    for number, relocation in enumerate(section.relocations):
        rule = RULES.get(relocation.type)
        if rule is None or not 0 <= relocation.offset <= len(data) - 4:
            raise ImageError("no relocation of this kind is known here", name, f".rel{section.name} entry {number}")
        (word,) = struct.unpack_from("<I", data, relocation.offset)
        word, _ = rule.relocate(word, _address(relocation.symbol, addresses), relocation.offset)
        struct.pack_into("<I", data, relocation.offset, word)
    return bytes(data)


def _address(symbol: Symbol, addresses: Mapping[str, int]) -> int:
    base = addresses.get(symbol.section.name, 0) if isinstance(symbol.section, Section) else 0
    return base + symbol.value


# --- the text ---------------------------------------------------------------------------------------------------------


class SourceTexts:
    """The sources below some directories, read when they are asked for; a name that leads out of them has no text.

    A module's own source, outside the guest tree, goes by its file name alone; its directory may be one of `roots`.
    """

    def __init__(self, *roots: Path) -> None:
        self.roots = tuple(root.resolve() for root in roots)
        self._lines: dict[str, Sequence[str]] = {}

    def line(self, place: SourceLine) -> str | None:
        """The text of a line without its end; None when there is no such file or line."""
        lines = self.lines(place.file)
        return lines[place.line - 1] if 0 < place.line <= len(lines) else None

    def around(self, place: SourceLine, distance: int = 5) -> tuple[tuple[int, str], ...]:
        """(number, text) of the lines up to `distance` before and after; fewer at the ends of the file."""
        lines = self.lines(place.file)
        numbers: Iterable[int] = range(max(place.line - distance, 1), min(place.line + distance, len(lines)) + 1)
        return tuple((number, lines[number - 1]) for number in numbers)

    def lines(self, file: str) -> Sequence[str]:
        """All lines of a file, none when it cannot be read."""
        if file not in self._lines:
            self._lines[file] = self._read(file)
        return self._lines[file]

    def _read(self, file: str) -> Sequence[str]:
        for root in self.roots:
            path = (root / file).resolve()
            if path.is_relative_to(root) and path.is_file():
                return path.read_text(encoding="utf-8", errors="replace").split("\n")
        return ()
