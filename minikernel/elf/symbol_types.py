"""The letters of nm: one character for where a symbol lives (binutils manual, "nm"); in System.map and kallsyms."""

from __future__ import annotations

from minikernel.elf.constants import SectionFlag, SectionType, SymbolBinding, SymbolKind


def symbol_type(binding: int, kind: int, section_type: int | None, section_flags: int) -> str:
    """The letter of a defined symbol: upper case when global; `section_type` None means absolute.

    T text, R read-only data, D data, B memory without bytes in the file, A absolute, W weak (V weak object).
    """
    if binding == SymbolBinding.WEAK:
        return "V" if kind == SymbolKind.OBJECT else "W"
    letter = "a" if section_type is None else _section_letter(section_type, section_flags)
    return letter if binding == SymbolBinding.LOCAL else letter.upper()


def _section_letter(section_type: int, flags: int) -> str:
    if flags & SectionFlag.EXECINSTR:
        return "t"
    if section_type == SectionType.NOBITS:
        return "b"
    if flags & SectionFlag.ALLOC:
        return "d" if flags & SectionFlag.WRITE else "r"
    return "n"
