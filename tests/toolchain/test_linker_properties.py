"""Made-up objects under made-up scripts: our layout is ld's, and every address belongs to the nearest symbol."""

from __future__ import annotations

import tempfile
from pathlib import Path

from gnu_binutils import gnu_link, loaded_sections, symbol_values
from hypothesis import given, settings
from hypothesis import strategies as st
from judges import require

from minikernel.elf.constants import R_ARM, SectionFlag, SectionType, SymbolBinding, SymbolKind
from minikernel.elf.image import Image
from minikernel.elf.object_file import ObjectFile, Relocation, Section, Symbol
from minikernel.toolchain.linker import link
from minikernel.toolchain.script import LinkerScript

A, W, X = SectionFlag.ALLOC, SectionFlag.WRITE, SectionFlag.EXECINSTR
KINDS = {
    ".text": (SectionType.PROGBITS, A | X),
    ".text.hot": (SectionType.PROGBITS, A | X),
    ".rodata": (SectionType.PROGBITS, A),
    "___ksymtab+b": (SectionType.PROGBITS, A),
    "___ksymtab+a": (SectionType.PROGBITS, A),
    ".data": (SectionType.PROGBITS, A | W),
    ".bss": (SectionType.NOBITS, A | W),
}
alignments = st.sampled_from([1, 2, 4, 8, 32])
shapes = st.lists(
    st.tuples(st.sampled_from(list(KINDS)), st.integers(0, 6), alignments),
    min_size=1,
    max_size=5,
    unique_by=lambda s: s[0],
)


def made_object(number: int, shape: list[tuple[str, int, int]]) -> ObjectFile:
    """Sections of whole words; each word of data refers to some symbol of the same object."""
    sections, symbols = [], []
    for name, words, alignment in shape:
        kind, flags = KINDS[name]
        size = 4 * words
        nobits = kind == SectionType.NOBITS
        data = b"" if nobits else bytes(range(size))
        section = Section(name, kind, flags, alignment, data, size if nobits else 0)
        label = f"{name.strip('._').replace('+', '_').replace('.', '_')}_{number}"
        symbols.append(Symbol(label, section, size // 2, 0, SymbolKind.NOTYPE, SymbolBinding.GLOBAL))
        sections.append(section)
    for section in sections:
        if section.flags & W and section.type == SectionType.PROGBITS:
            section.relocations = [
                Relocation(at, R_ARM.ABS32 if at % 8 else R_ARM.REL32, symbols[at // 4 % len(symbols)])
                for at in range(0, section.size, 4)
            ]
    return ObjectFile(sections, symbols)


@st.composite
def scripts(draw: st.DrawFn) -> str:
    """Every kind of section has a place; alignments, load addresses and moves of the location counter vary."""
    groups = {
        ".text": draw(
            st.sampled_from(["*(.text .text.*)", "*(.text) *(.text.*)", "*(.text.hot) *b.o(.text) *(.text)"])
        ),
        ".rodata": draw(st.sampled_from(["*(.rodata) *(SORT(___ksymtab+*))", "*(___ksymtab*) *(.rodata)"])),
        ".data": "*(.data)",
        ".bss": "*(.bss)",
    }
    lines = ["ENTRY(begin) SECTIONS {", f". = {draw(st.sampled_from(['0x8000', '0xc0008000', '0x10004']))}; begin = .;"]
    has_load_addresses = draw(st.booleans())
    for name in (*draw(st.permutations([".text", ".rodata", ".data"])), ".bss"):
        symbol = name.strip(".")
        if draw(st.booleans()):
            lines.append(f". = ALIGN({draw(st.sampled_from([16, 4096]))});")
        lines.append(f"before_{symbol} = .;")
        load = f" : AT(ADDR({name}) - 0x8000)" if has_load_addresses and name != ".bss" else " :"
        inner = draw(st.sampled_from(["", ". = ALIGN(8);", ". = . + 4;"]))
        lines.append(f"{name}{load} {{ {symbol}_start = .; {groups[name]} {inner} {symbol}_end = .; }}")
    lines.append("after = .; } size_of_data = SIZEOF(.data); span = after - begin;")
    return "\n".join(lines)


@settings(max_examples=40, deadline=None)
@given(first=shapes, second=shapes, script=scripts())
def test_layout_and_symbols_are_those_of_ld(
    first: list[tuple[str, int, int]], second: list[tuple[str, int, int]], script: str
) -> None:
    require("arm-none-eabi-ld")
    objects = [("a.o", made_object(1, first)), ("b.o", made_object(2, second))]
    if not any(section.size and section.flags & A for _, obj in objects for section in obj.sections):
        return
    mine = Image.from_bytes(link(objects, LinkerScript.parse(script)))
    with tempfile.TemporaryDirectory() as name:
        for file, obj in objects:
            (Path(name) / file).write_bytes(obj.to_bytes())
        theirs = gnu_link(Path(name), ["a.o", "b.o"], script)
    sizes = {section: row for section, row in loaded_sections(theirs).items() if row[1]}
    assert {section: row for section, row in loaded_sections(mine).items() if row[1]} == sizes
    assert {row[:4] for row in symbol_values(mine)} == {row[:4] for row in symbol_values(theirs)}


@settings(max_examples=30)
@given(first=shapes, second=shapes)
def test_symbol_at_is_the_nearest_symbol_below(
    first: list[tuple[str, int, int]], second: list[tuple[str, int, int]]
) -> None:
    objects = [("a.o", made_object(1, first)), ("b.o", made_object(2, second))]
    script = """ENTRY(b) SECTIONS { . = 0x8000; b = .;
        .all : { *(.text .text.* .rodata ___* .data) LONG(1) } .bss : { *(.bss) } }"""
    image = Image.from_bytes(link(objects, LinkerScript.parse(script)))
    addressed = [s for s in image.symbols if s.section not in (None, "*ABS*") and not s.name.startswith("$")]
    for section in image.sections:
        for addr in range(section.addr, section.addr + section.size) if section.is_loaded else ():
            below = max(s.value for s in addressed if s.value <= addr)
            found = image.symbol_at(addr)
            assert found is not None and found[0].value == below and found[1] == addr - below
