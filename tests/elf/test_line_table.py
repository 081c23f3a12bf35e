"""The reader of line numbers: addresses to lines and back, tables of other makers, damage, the text of sources."""

from __future__ import annotations

import random
import subprocess
from itertools import pairwise
from pathlib import Path

import pytest
from judges import require

from minikernel.elf.line_table import LineRow, LineTable, SourceLine, SourceTexts
from minikernel.elf.object_file import ObjectFile
from minikernel.errors import ImageError
from minikernel.toolchain.assembler import assemble_unit
from minikernel.toolchain.source import SourceFile

TABLE = LineTable(
    (
        LineRow(0x1000, 0x1004, "kernel/string.s", 10, True),
        LineRow(0x1004, 0x100C, "kernel/string.s", 12, True),
        LineRow(0x100C, 0x1010, "kernel/string.s", 10, False),
        LineRow(0x1010, 0x1014, "kernel/string.s", 10, True),
        LineRow(0x2000, 0x2004, "user/string.s", 11, True),
    )
)


@pytest.mark.parametrize(
    ("addr", "expected"),
    [
        (0xFFF, None),
        (0x1000, "kernel/string.s:10"),
        (0x1003, "kernel/string.s:10"),
        (0x1004, "kernel/string.s:12"),
        (0x100B, "kernel/string.s:12"),
        (0x100C, "kernel/string.s:10"),
        (0x1014, None),
        (0x1FFF, None),
        (0x2000, "user/string.s:11"),
        (0x2004, None),
    ],
)
def test_an_address_has_the_line_of_the_row_that_covers_it(addr: int, expected: str | None) -> None:
    place = TABLE.line_at(addr)
    assert (place and str(place)) == expected


@pytest.mark.parametrize(
    ("addr", "expected"),
    [
        (0xFFF, None),
        (0x1000, (0x1000, 0x1004)),
        (0x1008, (0x1004, 0x100C)),
        (0x100C, (0x100C, 0x1010)),  # a literal pool is no code of its line
        (0x2004, None),
        (0x3000, (0x3000, 0x3010)),
        (0x3009, (0x3000, 0x3010)),
        (0x300C, (0x3000, 0x3010)),
        (0x3010, (0x3010, 0x3014)),
    ],
)
def test_a_stretch_is_all_rows_of_a_line_that_follow_each_other(addr: int, expected: tuple[int, int] | None) -> None:
    macro = (0x3000, 0x3008, 0x300C, 0x3010)
    rows = [LineRow(start, end, "kernel/vectors.s", 7, True) for start, end in pairwise(macro)]
    after = LineRow(0x3010, 0x3014, "kernel/vectors.s", 8, True)
    assert TABLE.joined(LineTable((*rows, after))).stretch_at(addr) == expected


def test_a_line_begins_where_a_statement_of_it_begins() -> None:
    assert TABLE.addresses("kernel/string.s", 10) == (0x1000, 0x1010)
    assert TABLE.addresses("kernel/string.s", 11) == ()


def test_rows_that_follow_each_other_are_one_beginning() -> None:
    rows = (LineRow(0, 4, "a.s", 1, True), LineRow(4, 8, "a.s", 1, True), LineRow(12, 16, "a.s", 1, True))
    assert LineTable(rows).addresses("a.s", 1) == (0, 12)


def test_the_last_parts_of_a_files_name_are_enough() -> None:
    assert TABLE.matching_files("string.s") == ("kernel/string.s", "user/string.s")
    assert TABLE.matching_files("user/string.s") == ("user/string.s",)
    assert TABLE.matching_files("ring.s") == TABLE.matching_files("") == ()
    assert TABLE.addresses("string.s", 11) == (0x2000,)


def test_the_next_line_with_code_is_found() -> None:
    assert TABLE.line_with_code("kernel/string.s", 11) == SourceLine("kernel/string.s", 12)
    assert TABLE.line_with_code("string.s", 11) == SourceLine("user/string.s", 11)
    assert TABLE.line_with_code("string.s", 13) is None
    assert TABLE.line_with_code("strong.s", 1) is None


def test_tables_are_joined_by_address() -> None:
    first, second = LineTable(TABLE.rows[:2]), LineTable(TABLE.rows[2:])
    assert second.joined(first).rows == TABLE.rows


def assembled(text: str) -> ObjectFile:
    return assemble_unit(SourceFile("drivers/led.s", text), debug=True).object_file


MODULE = ' nop\n .section .init.text, "ax"\n nop\n nop\n .section .exit.text, "ax"\n nop\n'


def test_a_module_is_placed_where_its_sections_were_loaded() -> None:
    table = LineTable.from_module(assembled(MODULE), {".text": 0xBF00_0000, ".init.text": 0xBF00_2000})
    assert [(row.addr, row.line) for row in table.rows] == [(0xBF00_0000, 1), (0xBF00_2000, 3), (0xBF00_2004, 4)]


def test_a_section_that_was_not_loaded_has_no_rows() -> None:
    assert LineTable.from_module(assembled(MODULE), {}).rows == ()


def test_an_object_without_line_numbers_has_no_rows() -> None:
    assert LineTable.from_module(assembled(MODULE).without_debug(), {".text": 0}).files == ()


# --- other makers -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", [2, 3, 4, 5])
def test_tables_of_gnu_as_are_read_in_each_version_of_dwarf(tmp_path: Path, version: int) -> None:
    require("arm-none-eabi-as")
    (tmp_path / "x.inc").write_text(" nop\n")
    (tmp_path / "x.s").write_text(' nop\n .include "x.inc"\n nop\n')
    command = ["arm-none-eabi-as", f"-gdwarf-{version}", "-o", "x.o", "x.s"]
    subprocess.run(command, cwd=tmp_path, check=True)
    table = LineTable.from_module(ObjectFile.from_bytes((tmp_path / "x.o").read_bytes()), {".text": 0x8000})
    assert [(Path(row.file).name, row.line) for row in table.rows] == [("x.s", 1), ("x.inc", 1), ("x.s", 3)]
    assert table.addresses("x.s", 3) == (0x8008,)


@pytest.mark.parametrize("version", [2, 3, 4, 5])
def test_tables_of_gcc_are_read_in_each_version_of_dwarf(tmp_path: Path, version: int) -> None:
    require("arm-none-eabi-gcc")
    (tmp_path / "x.c").write_text("int f(int a)\n{\n  return a + 1;\n}\n")
    command = ["arm-none-eabi-gcc", f"-gdwarf-{version}", "-O1", "-marm", "-c", "x.c"]
    subprocess.run(command, cwd=tmp_path, check=True)
    table = LineTable.from_module(ObjectFile.from_bytes((tmp_path / "x.o").read_bytes()), {".text": 0x8000})
    assert {row.line for row in table.rows} <= {1, 2, 3, 4} and table.addresses("x.c", 3)


# --- damage -----------------------------------------------------------------------------------------------------------


def test_damaged_line_numbers_are_an_image_error_or_read_as_something() -> None:
    rng = random.Random(7)
    clean = assembled(MODULE).to_bytes()
    for _ in range(300):
        obj = ObjectFile.from_bytes(clean)
        section = rng.choice([s for s in obj.sections if s.is_debug])
        data = bytearray(section.data)
        for _ in range(rng.randint(1, 3)):
            data[rng.randrange(len(data))] = rng.randrange(256)
        section.data = data[: rng.choice([len(data), rng.randrange(len(data))])]
        section.relocations = [r for r in section.relocations if r.offset + 4 <= len(section.data)]
        try:
            LineTable.from_module(obj, {".text": 0xBF00_0000})
        except ImageError as error:
            assert ".debug" in str(error)


def test_a_relocation_outside_its_section_is_named() -> None:
    obj = assembled(MODULE)
    line = obj.section(".debug_line")
    line.data = line.data[:20]
    with pytest.raises(ImageError, match=r"led\.ko.*\.rel\.debug_line entry 0"):
        LineTable.from_module(obj, {".text": 0}, "led.ko")


# --- the text ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def sources(tmp_path: Path) -> SourceTexts:
    (tmp_path / "tree/kernel").mkdir(parents=True)
    (tmp_path / "own").mkdir()
    (tmp_path / "tree/kernel/main.s").write_text("one\ntwo\nthree\nfour")
    (tmp_path / "own/led.s").write_text("led\n")
    (tmp_path / "secret").write_text("secret\n")
    return SourceTexts(tmp_path / "tree", tmp_path / "own")


def test_a_line_has_its_text(sources: SourceTexts) -> None:
    assert sources.line(SourceLine("kernel/main.s", 2)) == "two"
    assert sources.line(SourceLine("led.s", 1)) == "led"


@pytest.mark.parametrize("line", [-1, 0, 5])
def test_a_line_that_is_not_there_has_none(sources: SourceTexts, line: int) -> None:
    assert sources.line(SourceLine("kernel/main.s", line)) is None


def test_lines_around_end_at_the_files_ends(sources: SourceTexts) -> None:
    assert sources.around(SourceLine("kernel/main.s", 2), 1) == ((1, "one"), (2, "two"), (3, "three"))
    assert sources.around(SourceLine("kernel/main.s", 4), 2) == ((2, "two"), (3, "three"), (4, "four"))
    assert sources.around(SourceLine("kernel/none.s", 4)) == ()


@pytest.mark.parametrize("name", ["../secret", "/etc/passwd", "kernel/../../secret", "kernel", ""])
def test_nothing_outside_the_roots_is_read(sources: SourceTexts, name: str) -> None:
    assert sources.line(SourceLine(name, 1)) is None
