"""How the linker reports: all problems of one pass together, the first twenty in full."""

from __future__ import annotations

from collections.abc import Sequence

from minikernel.elf.constants import is_mapping_symbol
from minikernel.elf.object_file import ObjectFile, Section, Symbol
from minikernel.errors import LinkError
from minikernel.values import dataclass

_MAX_REPORTED = 20  # messages of one kind before "... and N more"


@dataclass(frozen=True)
class SymbolProblem:
    """A symbol that is undefined or defined twice; `file` is the object where it is used or defined again."""

    file: str
    name: str
    message: str


class SymbolError(LinkError):
    """All SymbolProblems of one link; str() has places in objects, build.py turns them into places in sources."""

    def __init__(self, problems: Sequence[SymbolProblem], lines: list[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(lines))


def raise_if_any(problems: list[str]) -> None:
    """Raises LinkError with the problems, one line each, when there are any."""
    if problems:
        raise LinkError("\n".join(_first_lines(problems)))


def raise_symbol_problems(problems: dict[SymbolProblem, str]) -> None:
    """Raises SymbolError when there are any; the values are the lines with places in objects."""
    if problems:
        raise SymbolError(list(problems)[:_MAX_REPORTED], _first_lines(list(problems.values())))


def _first_lines(problems: list[str]) -> list[str]:
    more = len(problems) - _MAX_REPORTED
    return problems[:_MAX_REPORTED] + ([f"... and {more} more"] if more > 0 else [])


def definition_place(file: str, symbol: Symbol) -> str:
    """`kernel/main.o (.text+0x14)`."""
    return f"{file} ({symbol.section.name}+{symbol.value:#x})"


def place_in(file: str, obj: ObjectFile, section: Section, offset: int) -> str:
    """`drivers/gic.o (.text+0x14, in gic_init)`: the nearest named symbol at or before the place."""
    best: Symbol | None = None
    for symbol in obj.symbols:
        if symbol.section is section and symbol.value <= offset and symbol.name and not is_mapping_symbol(symbol.name):
            best = symbol if best is None or symbol.value >= best.value else best
    inside = f", in {best.name}" if best is not None else ""
    return f"{file} ({section.name}+{offset:#x}{inside})"
