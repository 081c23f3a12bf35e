"""What the passes of the linker hand on: input sections, output sections, global definitions.

Plain records without behaviour beyond arithmetic on their own fields; linker.py names the passes in order.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from minikernel.elf.constants import SectionFlag, SectionType, SymbolBinding
from minikernel.elf.object_file import ObjectFile, Section, Symbol
from minikernel.toolchain.script import Assertion, Assignment, Data, LinkerScript, OutputSection


@dataclass(eq=False, slots=True)
class InputSection:
    """A section of one object and where it went. `output` is None while unplaced, and for a discarded one."""

    file: str
    section: Section
    output: PlacedSection | None = None
    offset: int = 0
    is_discarded: bool = False

    @property
    def addr(self) -> int:
        """Virtual address of its first byte; 0 for a discarded section."""
        return self.output.addr + self.offset if self.output is not None else 0

    def place_name(self, offset: int) -> str:
        """`kernel/main.o (.text+0x14)` for messages."""
        return f"{self.file} ({self.section.name}+{offset:#x})"


PlacedStatement = InputSection | Assignment | Assertion | Data


@dataclass(eq=False, slots=True)
class PlacedSection:
    """An output section: its statements with the patterns replaced by the inputs they matched, and its addresses."""

    name: str
    script: OutputSection | None
    contents: list[PlacedStatement] = field(default_factory=list)
    addr: int = 0
    lma: int = 0
    size: int = 0
    addralign: int = 1
    type: int = SectionType.PROGBITS
    flags: int = 0
    is_kept: bool = False
    data_at: list[tuple[int, int, int]] = field(default_factory=list)  # offset, size, value of BYTE SHORT LONG

    @property
    def inputs(self) -> list[InputSection]:
        """The input sections in order."""
        return [item for item in self.contents if isinstance(item, InputSection)]

    @property
    def is_allocated(self) -> bool:
        """True when it occupies memory."""
        return bool(self.flags & SectionFlag.ALLOC)

    @property
    def is_nobits(self) -> bool:
        """True when the file holds no bytes for it."""
        return self.type == SectionType.NOBITS


@dataclass(frozen=True, slots=True)
class Definition:
    """A global symbol and the object that defines it."""

    file: str
    symbol: Symbol


@dataclass(slots=True)
class ScriptSymbol:
    """A symbol that the script defines.

    `relative_to` is what expressions reckon it from, `section` what the symbol table says; None means absolute. They
    differ for `x = .` between output sections: an absolute number, yet listed with the section it borders on.
    """

    value: int
    relative_to: PlacedSection | None
    section: PlacedSection | None


@dataclass(eq=False)
class Link:
    """One run of the linker."""

    objects: Sequence[tuple[str, ObjectFile]]
    script: LinkerScript
    inputs: dict[int, InputSection] = field(default_factory=dict)  # by id() of the object's Section
    definitions: dict[str, Definition] = field(default_factory=dict)
    referenced: set[str] = field(default_factory=set)
    weakly_undefined: set[str] = field(default_factory=set)
    outputs: list[PlacedSection] = field(default_factory=list)
    script_symbols: dict[str, ScriptSymbol] = field(default_factory=dict)

    def symbol_address(self, symbol: Symbol) -> int:
        """The value of a symbol of some object after layout: by name for a global, by its section for a local."""
        if symbol.binding != SymbolBinding.LOCAL:
            return self.global_address(symbol.name) or 0
        return self.local_address(symbol)

    def global_address(self, name: str) -> int | None:
        """The value of the global of that name; None when nothing defines it. The script's word counts most."""
        by_script = self.script_symbols.get(name)
        if by_script is not None:
            return by_script.value
        definition = self.definitions.get(name)
        return self.local_address(definition.symbol) if definition is not None else None

    def local_address(self, symbol: Symbol) -> int:
        """The value of a defined symbol by the place of its section."""
        if isinstance(symbol.section, Section):
            return self.inputs[id(symbol.section)].addr + symbol.value
        return symbol.value
