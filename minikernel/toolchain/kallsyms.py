"""kallsyms: the kernel carries its own symbol table, so the last link needs the result of the link before it.

As in Linux's scripts/link-vmlinux.sh, but with less work: one object holds the tables. Its size depends only on the
number of symbols and their names, so two layouts are enough: the first (empty tables) tells the names, the second
(tables of the right size) the final addresses, which are then filled in. Relocations are applied once, after that.

The tables, in section .rodata: kallsyms_num_syms (word), kallsyms_addresses (words, ascending), kallsyms_name_offsets
(words), kallsyms_types (bytes, nm's letters), kallsyms_names (NUL-ended).
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import NamedTuple

from minikernel.elf.attributes import attributes_section
from minikernel.elf.constants import SectionFlag, SectionType, SymbolBinding, SymbolKind, is_mapping_symbol
from minikernel.elf.object_file import ABS, ObjectFile, Section, Symbol
from minikernel.elf.symbol_types import symbol_type
from minikernel.toolchain.layout import assign_addresses
from minikernel.toolchain.link_state import Link, PlacedSection
from minikernel.toolchain.linker import finish, prepare
from minikernel.toolchain.script import LinkerScript

OBJECT_NAME = "generated/kallsyms_data.o"


class Kallsym(NamedTuple):
    """One entry; `letter` is nm's."""

    addr: int
    name: str
    letter: str


def link_with_kallsyms(
    objects: Sequence[tuple[str, ObjectFile]], script: LinkerScript
) -> tuple[bytes, tuple[Kallsym, ...]]:
    """The image with its symbol table inside, and the entries of that table. Raises what link() raises."""
    tables = kallsyms_object(())
    state = prepare([*objects, (OBJECT_NAME, tables)], script)
    assign_addresses(state)  # tells how many symbols there are, and their names
    fill_tables(tables, collect_symbols(state))
    assign_addresses(state)  # the tables have their size: from here on every address is final
    symbols = collect_symbols(state)
    fill_tables(tables, symbols)
    return finish(state), symbols


def collect_symbols(state: Link) -> tuple[Kallsym, ...]:
    """Every symbol with an address in the image, by address; of several at one address the best name first.

    Best: a function, then an object, then a label, then what the linker script calls the place; a weak name after a
    strong one; fewer leading underscores first (Linux's scripts/kallsyms.c orders aliases so that the first one names).
    """
    rows: list[tuple[int, int, bool, int, str, str]] = []
    for _, obj in state.objects:
        for symbol in obj.symbols:
            if (
                symbol.section is ABS
                or symbol.kind not in _RANK
                or not isinstance(symbol.section, Section)
                or is_mapping_symbol(symbol.name)
            ):
                continue
            if symbol.binding != SymbolBinding.LOCAL and _is_overridden(state, symbol):
                continue
            item = state.inputs[id(symbol.section)]
            if item.output is None or not _is_listed(item.output, item.addr + symbol.value, symbol.name):
                continue
            letter = symbol_type(symbol.binding, symbol.kind, item.output.type, item.output.flags)
            rows.append(_row(item.addr + symbol.value, _RANK[symbol.kind], symbol.binding, symbol.name, letter))
    for name, by_script in state.script_symbols.items():
        section = by_script.section
        if section is not None and _is_listed(section, by_script.value, name):
            letter = symbol_type(SymbolBinding.GLOBAL, SymbolKind.NOTYPE, section.type, section.flags)
            rows.append(_row(by_script.value, len(_RANK), SymbolBinding.GLOBAL, name, letter))
    rows.sort()
    return tuple(Kallsym(row[0], row[4], row[5]) for row in rows)


_RANK: dict[int, int] = {SymbolKind.FUNC: 0, SymbolKind.OBJECT: 1, SymbolKind.NOTYPE: 2}


def _row(addr: int, rank: int, binding: int, name: str, letter: str) -> tuple[int, int, bool, int, str, str]:
    underscores = len(name) - len(name.lstrip("_"))
    return addr, rank, binding == SymbolBinding.WEAK, underscores, name, letter


def _is_overridden(state: Link, symbol: Symbol) -> bool:
    if symbol.name in state.script_symbols:
        return True
    definition = state.definitions.get(symbol.name)
    return definition is None or definition.symbol is not symbol


def _is_listed(output: PlacedSection, addr: int, name: str) -> bool:
    """In memory, inside its section's range (physical aliases are not), and no assembler-local label."""
    return output.is_allocated and output.addr <= addr <= output.addr + output.size and not name.startswith(".L")


def kallsyms_object(symbols: Sequence[Kallsym]) -> ObjectFile:
    """What assembling kallsyms_source(symbols) gives, made directly because that is 20 times faster."""
    rodata = Section(".rodata", SectionType.PROGBITS, SectionFlag.ALLOC, 4)
    tables = ObjectFile([rodata, attributes_section()])
    names = ("num_syms", "addresses", "name_offsets", "types", "names")
    for name in names:
        symbol = Symbol(f"kallsyms_{name}", rodata, 0, 0, SymbolKind.OBJECT, SymbolBinding.GLOBAL)
        tables.symbols.append(symbol)
    tables.symbols.append(Symbol("$d", rodata))
    fill_tables(tables, symbols)
    return tables


def fill_tables(tables: ObjectFile, symbols: Sequence[Kallsym]) -> None:
    """Puts the entries into an object made by kallsyms_object."""
    count = len(symbols)
    encoded = [symbol.name.encode() + b"\0" for symbol in symbols]
    parts = (
        struct.pack("<I", count),
        struct.pack(f"<{count}I", *(symbol.addr for symbol in symbols)),
        struct.pack(f"<{count}I", *_offsets(encoded)),
        "".join(symbol.letter for symbol in symbols).encode(),
        b"".join(encoded),
    )
    at = 0
    for symbol, part in zip(tables.symbols, parts, strict=False):
        symbol.value, symbol.size = at, len(part)
        at += len(part)
    tables.sections[0].data = b"".join(parts)


def _offsets(encoded: Sequence[bytes]) -> list[int]:
    offsets, at = [], 0
    for name in encoded:
        offsets.append(at)
        at += len(name)
    return offsets


def kallsyms_source(symbols: Sequence[Kallsym]) -> str:
    """The same tables as assembly, so that binutils can replay the build from files."""
    lines = [
        "@ Generated from the symbols of the image; see minikernel/toolchain/kallsyms.py.",
        "        .syntax unified",
        "        .cpu    cortex-a15",
        "        .arm",
        '        .section .rodata, "a", %progbits',
        "        .balign 4",
    ]
    offsets = _offsets([symbol.name.encode() + b"\0" for symbol in symbols])
    rows = {
        "num_syms": [f"        .word   {len(symbols)}"],
        "addresses": [f"        .word   {symbol.addr:#010x}  @ {symbol.name}" for symbol in symbols],
        "name_offsets": [f"        .word   {offset}" for offset in offsets],
        "types": [f'        .ascii  "{symbol.letter}"' for symbol in symbols],
        "names": [f'        .asciz  "{symbol.name}"' for symbol in symbols],
    }
    for name, body in rows.items():
        label = f"kallsyms_{name}"
        lines += [
            f"        .global {label}",
            f"        .type   {label}, %object",
            f"{label}:",
            *body,
            f"        .size   {label}, . - {label}",
        ]
    return "\n".join(lines) + "\n"
