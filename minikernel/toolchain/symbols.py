"""Symbols and sections while they are being assembled; `objects.py` makes the ObjectFile's out of them.

A label lies in a section; a `.set` of a number lies in ABSOLUTE; `.set a, b + 4` keeps a `definition` and no section.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from minikernel.elf.constants import SectionFlag, SectionType, SymbolBinding, SymbolKind

if TYPE_CHECKING:
    from minikernel.elf.object_file import Symbol as ElfSymbol
    from minikernel.errors import Location
    from minikernel.toolchain.expression import Address, Node
    from minikernel.toolchain.frames import Position
    from minikernel.toolchain.literal_pool import LiteralPool


class Mapping:
    """The AAELF32 mapping symbols: what the bytes from here on are."""

    CODE = "$a"
    DATA = "$d"


LineNote = tuple[int, bool, str, int]
"""From this offset of a section on, the bytes belong to this line of this file; False: they are no instructions."""


class SectionBuilder:
    """A section growing. Its law: `offset` is always exact, because every ARM statement has one size."""

    __slots__ = (
        "addralign",
        "data",
        "entsize",
        "flags",
        "group",
        "has_frags",
        "is_code",
        "is_nobits",
        "lines",
        "mapping",
        "marks",
        "name",
        "nobits_size",
        "pool",
        "type",
    )

    def __init__(self, name: str, type: int, flags: int, entsize: int = 0) -> None:
        self.name, self.type, self.flags, self.entsize = name, type, flags, entsize
        self.addralign = 1
        self.data = bytearray()
        self.nobits_size = 0
        self.is_nobits = type == SectionType.NOBITS
        self.is_code = bool(flags & SectionFlag.EXECINSTR)
        self.group = 0
        """Counts alignments and .orgs: labels of one group have a distance that GNU as knows at once."""
        self.mapping: str | None = None
        """The mapping symbol in force; None at the start."""
        self.marks: dict[int, str] = {}
        """Mapping symbols by offset: the last one at an offset wins."""
        self.has_frags = False
        self.lines: list[LineNote] = []
        """Where each instruction and literal came from, in ascending order of offsets."""
        self.pool: LiteralPool | None = None

    @property
    def offset(self) -> int:
        """Bytes so far."""
        return self.nobits_size if self.is_nobits else len(self.data)

    def mark(self, state: str) -> None:
        """From here on the bytes are code or data."""
        if self.mapping == state:
            return
        if self.mapping is None and state == Mapping.CODE and self.offset > 0:
            self.marks[0] = Mapping.DATA
        self.mapping = state
        self.marks[self.offset] = state

    def mark_data(self) -> None:
        """Before .word, .byte, .ascii: at the start of a section these mark nothing until something else follows."""
        if self.mapping is not None:
            self.mark(Mapping.DATA)

    def raise_alignment(self, addralign: int) -> None:
        """The section must start at a multiple of addralign."""
        if addralign > self.addralign:
            self.addralign = addralign

    def __repr__(self) -> str:
        return f"<SectionBuilder {self.name} {self.offset:#x}>"


ABSOLUTE = SectionBuilder("*ABS*", SectionType.NULL, 0)
"""Where symbols with a number for a value live."""


class Symbol:
    """A name, and what is known of it so far. What most symbols have in common stands in the class."""

    definition: Node | Address | int | None = None
    """What `.set` gave when it was no plain number and no label known at that point."""
    is_set = False
    """Defined by .set or `=`: may be set again."""
    binding: int = SymbolBinding.LOCAL
    kind: int = SymbolKind.NOTYPE
    size = 0
    visibility = 0
    size_definition: tuple[Node, Position] | None = None
    is_wanted = False
    """A directive names it, so it stands in the symbol table though undefined."""
    is_used = False
    """A relocation refers to it."""
    being_resolved = False
    location: Location | None = None
    """Where it is defined."""
    reference: tuple[Position, int | None] | None = None
    """Where it was first named: the statement and the column."""
    shared: ElfSymbol | None = None
    """Of a constant that several assemblies have: what it is in each of their objects. It is never changed."""

    def __init__(self, name: str, section: SectionBuilder | None = None, value: int = 0, group: int = 0) -> None:
        self.name = name
        self.section = section
        self.value = value
        self.group = group

    @classmethod
    def constant(cls, name: str, value: int, location: Location | None) -> Symbol:
        """What `.set name, value` makes of a new name; no location: --defsym did it."""
        symbol = cls(name, ABSOLUTE, value)
        symbol.is_set = True
        symbol.location = location
        return symbol

    def successor(self) -> Symbol:
        """The symbol of the same name after another `.set`."""
        symbol = Symbol(self.name)
        symbol.binding, symbol.kind, symbol.visibility = self.binding, self.kind, self.visibility
        symbol.is_wanted, symbol.reference = self.is_wanted, self.reference
        return symbol

    @property
    def is_defined(self) -> bool:
        """By a label, .set or --defsym."""
        return self.section is not None or self.definition is not None

    @property
    def is_temporary(self) -> bool:
        """`.L...` and numeric labels: in no symbol table unless a relocation needs them."""
        return self.name.startswith(".L") or "\x02" in self.name

    @property
    def shown_name(self) -> str:
        """The name as the reader wrote it: `1` of a numeric label, `.` of a place."""
        return self.name.partition("\x02")[0]

    def __repr__(self) -> str:
        return f"<Symbol {self.shown_name} {self.section}+{self.value:#x}>"
