"""System.map: the lines of `nm -n vmlinux` without constants and mapping symbols, as Linux keeps them."""

from __future__ import annotations

from minikernel.elf.constants import SymbolKind, is_mapping_symbol
from minikernel.elf.image import ABS_SECTION, Image
from minikernel.elf.symbol_types import symbol_type


def system_map(image: Image) -> str:
    """One line `c0008000 T _text` for each symbol with an address, by address, then by name."""
    sections = {section.name: section for section in image.sections}
    rows = []
    for symbol in image.symbols:
        if symbol.section in (None, ABS_SECTION) or symbol.kind in (SymbolKind.SECTION, SymbolKind.FILE):
            continue
        if is_mapping_symbol(symbol.name):
            continue
        section = sections[symbol.section or ""]
        rows.append((symbol.value, symbol.name, symbol_type(symbol.binding, symbol.kind, section.type, section.flags)))
    rows.sort()
    return "".join(f"{value:08x} {letter} {name}\n" for value, name, letter in rows)
