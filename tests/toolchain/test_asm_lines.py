"""The line numbers that the assembler writes: whose line an instruction has, and what a debug section may change."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minikernel.elf.constants import R_ARM, SectionFlag, SectionType
from minikernel.elf.image import Image
from minikernel.elf.line_table import LineTable
from minikernel.elf.object_file import ObjectFile, Relocation, Section, Symbol
from minikernel.toolchain.assembler import assemble, assemble_unit
from minikernel.toolchain.debug_lines import debug_sections
from minikernel.toolchain.leb128 import sleb, uleb
from minikernel.toolchain.linker import link
from minikernel.toolchain.script import LinkerScript
from minikernel.toolchain.source import SourceFile
from minikernel.toolchain.symbols import SectionBuilder

MACROS = """\
        .macro  twice a
        mov     r0, #\\a
        mov     r1, #\\a
        .endm
        .macro  four
        twice   1
        .rept   2
        nop
        .endr
        .endm
"""


def assemble_text(text: str, name: str = "t.s") -> ObjectFile:
    return assemble_unit(SourceFile(name, text), debug=True).object_file


def lines_of(text: str, section: str = ".text") -> list[int]:
    """The line of each word of the section; 0 where it has none."""
    return words(assemble_text(text), section)


def words(obj: ObjectFile, section: str = ".text") -> list[int]:
    base = 0x8000
    table = LineTable.from_module(obj, {section: base})
    places = [table.line_at(base + at) for at in range(0, obj.section(section).size, 4)]
    return [place.line if place else 0 for place in places]


def test_each_instruction_has_its_line() -> None:
    assert lines_of("\n nop\n\n nop; nop\nlabel:\n nop\n") == [2, 4, 4, 6]


def test_code_from_a_macro_has_the_line_of_its_use() -> None:
    assert lines_of(MACROS + " twice 3\n nop\n") == [11, 11, 12]


def test_code_from_a_macro_in_a_macro_has_the_line_of_the_outermost_use() -> None:
    assert lines_of(MACROS + " nop\n four\n") == [11, 12, 12, 12, 12]


def test_code_of_a_repetition_has_its_own_lines() -> None:
    assert lines_of(" .rept 2\n nop\n\n nop\n .endr\n .irp x, 1, 2\n mov r0, #\\x\n .endr\n") == [2, 4, 2, 4, 7, 7]


def test_a_macro_used_in_a_repetition_has_the_line_in_the_repetition() -> None:
    assert lines_of(MACROS + " .rept 2\n twice 1\n .endr\n") == [12, 12, 12, 12]


def test_a_literal_has_the_line_of_the_first_load_that_wants_it() -> None:
    text = " ldr r0, =0x12345678\n ldr r1, =0x87654321\n ldr r2, =0x12345678\n bx lr\n"
    assert lines_of(text) == [1, 2, 3, 4, 1, 2]


def test_no_code_begins_in_a_literal_pool() -> None:
    obj = assemble_text(" ldr r0, =0x12345678\n bx lr\n .ltorg\n nop\n")
    table = LineTable.from_module(obj, {".text": 0x8000})
    assert [row.is_statement for row in table.rows] == [True, True, False, True]
    assert table.addresses("t.s", 1) == (0x8000,)


def test_data_belongs_to_the_line_before_and_to_none_at_the_start() -> None:
    assert lines_of(" .word 1\n nop\n .word 2\n .inst 0xe320f000\n .space 8\n") == [0, 2, 2, 4, 4, 4]


def test_each_section_of_code_has_its_lines_and_data_has_none() -> None:
    obj = assemble_text(' nop\n .section .init.text, "ax"\n nop\n .data\n .word 1\n .text\n nop\n')
    assert words(obj) == [1, 7]
    assert words(obj, ".init.text") == [3]
    table = LineTable.from_module(obj, {".text": 0, ".init.text": 0x1000, ".data": 0x2000})
    assert [row.addr for row in table.rows] == [0, 4, 0x1000]


def test_an_odd_end_of_a_section_is_covered() -> None:
    obj = assemble_text(' .section .text.odd, "ax"\n nop\n .byte 1\n .balign 2\n')
    table = LineTable.from_module(obj, {".text.odd": 0x8000})
    assert [(row.addr, row.line) for row in table.rows] == [(0x8000, 2)]
    assert table.rows[0].end == 0x8000 + obj.section(".text.odd").size


def test_an_included_file_has_an_entry_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "include").mkdir()
    (tmp_path / "kernel").mkdir()
    (tmp_path / "include/words.inc").write_text("\n nop\n")
    (tmp_path / "kernel/main.s").write_text(' nop\n .include "words.inc"\n nop\n')
    obj = assemble(tmp_path / "kernel/main.s", [tmp_path / "include"], {}, tmp_path, debug=True)
    table = LineTable.from_module(obj, {".text": 0x8000})
    places = [str(table.line_at(addr)) for addr in (0x8000, 0x8004, 0x8008)]
    assert places == ["kernel/main.s:1", "include/words.inc:2", "kernel/main.s:3"]


def test_no_path_of_this_machine_is_written(tmp_path: Path) -> None:
    (tmp_path / "tree").mkdir()
    (tmp_path / "own.s").write_text(" nop\n")
    obj = assemble(tmp_path / "own.s", [], {}, tmp_path / "tree", debug=True)
    assert str(tmp_path).encode() not in obj.to_bytes()
    assert LineTable.from_module(obj, {".text": 0}).files == ("own.s",)


def test_a_unit_without_code_has_no_debug_sections() -> None:
    assert not any(section.is_debug for section in assemble_text(" .data\n .word 1\n").sections)


def test_a_source_that_writes_its_own_is_left_alone() -> None:
    obj = assemble_text(' nop\n .section .debug_line, "", %progbits\n .word 7\n')
    assert [section.name for section in obj.sections if section.is_debug] == [".debug_line"]


def test_without_them_the_object_is_the_one_assembled_without() -> None:
    text = MACROS + " four\n ldr r0, =f\n .data\n .word f\n .text\n .type f, %function\nf: bl g\n .size f, . - f\n"
    plain = assemble_unit(SourceFile("t.s", text)).object_file
    assert assemble_text(text).without_debug().to_bytes() == plain.to_bytes()


def test_only_sections_without_memory_are_added() -> None:
    for section in assemble_text(" nop\n").sections:
        assert section.is_debug == section.name.startswith(".debug_")
        assert not (section.is_debug and section.flags & SectionFlag.ALLOC)


# --- numbers and rows -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "unsigned", "signed"),
    [
        (0, "00", "00"),
        (2, "02", "02"),
        (63, "3f", "3f"),
        (64, "40", "c000"),
        (127, "7f", "ff00"),
        (128, "8001", "8001"),
        (129, "8101", "8101"),
        (12857, "b964", "b9e400"),
    ],
)
def test_leb128_is_the_standards(value: int, unsigned: str, signed: str) -> None:
    assert (uleb(value).hex(), sleb(value).hex()) == (unsigned, signed)


@pytest.mark.parametrize(("value", "expected"), [(-1, "7f"), (-2, "7e"), (-64, "40"), (-65, "bf7f"), (-129, "ff7e")])
def test_negative_sleb128_is_the_standards(value: int, expected: str) -> None:
    assert sleb(value).hex() == expected


notes = st.lists(
    st.tuples(
        st.sampled_from([4, 4, 4, 8, 64, 68, 72, 1024, 70000]),
        st.booleans(),
        st.sampled_from(["kernel/a.s", "kernel/b.s", "include/c.inc", "d.s"]),
        st.one_of(st.integers(1, 30), st.integers(1, 100_000)),
    ),
    min_size=1,
    max_size=40,
)


@settings(max_examples=60, deadline=None)
@given(st.lists(notes, min_size=1, max_size=2))
def test_any_notes_are_read_back(sections: list[list[tuple[int, bool, str, int]]]) -> None:
    builders, expected, bases = [], {}, {}
    for number, steps in enumerate(sections):
        name, base, offset = f".text.{number}", 0x10_0000 + number * 0x1000_0000, 0
        builder = SectionBuilder(name, SectionType.PROGBITS, SectionFlag.ALLOC | SectionFlag.EXECINSTR)
        for step, is_statement, file, line in steps:
            builder.lines.append((offset, is_statement, file, line))
            expected[base + offset] = (is_statement, file, line)
            offset += step
        builder.data = bytearray(offset)
        builders.append(builder)
        bases[name] = base
    table = LineTable.from_module(as_object(builders), bases)
    found = {}
    for addr in expected:
        row = table.row_at(addr)
        assert row is not None
        found[addr] = (row.is_statement, row.file, row.line)
    assert found == expected


def as_object(builders: list[SectionBuilder]) -> ObjectFile:
    """The sections and their debug sections as an object."""
    debug = debug_sections("t.s", builders, ())
    sections = {id(b): Section(b.name, b.type, b.flags, data=bytes(b.data)) for b in (*builders, *debug)}
    for builder in debug:
        sections[id(builder)].relocations += [
            Relocation(offset, R_ARM.ABS32, Symbol("", sections[id(target)])) for offset, target in builder.references
        ]
    return ObjectFile(list(sections.values()))


# --- linking ----------------------------------------------------------------------------------------------------------

SCRIPT = """ENTRY(start)
SECTIONS {
        . = 0x8000;
        .text : { *(.text) }
        /DISCARD/ : { *(.exit.text) }
}
"""


def linked(*texts: str, debug: bool = True) -> bytes:
    objects = [
        (f"{number}.o", assemble_unit(SourceFile(f"{number}.s", text), debug=debug).object_file)
        for number, text in enumerate(texts)
    ]
    return link(objects, LinkerScript.parse(SCRIPT, "script.lds"))


START = " .global start\n .type start, %function\nstart: bl other\n bx lr\n .size start, . - start\n"
OTHER = ' .global other\nother: nop\n nop\n .section .exit.text, "ax"\n nop\n bl other\n'


def test_the_linker_joins_the_tables_of_all_objects() -> None:
    table = LineTable.from_image(Image.from_bytes(linked(START, OTHER)))
    assert [(row.addr, row.file, row.line) for row in table.rows] == [
        (0x8000, "0.s", 3),
        (0x8004, "0.s", 4),
        (0x8008, "1.s", 2),
        (0x800C, "1.s", 3),
    ]


def test_discarded_code_has_no_lines_and_ends_no_list_of_ranges() -> None:
    image = Image.from_bytes(linked(START, OTHER))
    assert all(row.addr >= 0x8000 for row in LineTable.from_image(image).rows)
    ranges = image.section(".debug_ranges").data
    assert ranges[16:32] == bytes.fromhex("08800000 10800000 01000000 01000000")


def test_what_is_loaded_is_the_same_with_lines_and_without() -> None:
    mine, plain = Image.from_bytes(linked(START, OTHER)), Image.from_bytes(linked(START, OTHER, debug=False))
    assert (mine.segments, mine.entry, set(mine.symbols)) == (plain.segments, plain.entry, set(plain.symbols))
