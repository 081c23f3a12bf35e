"""Objects survive the way through a file, and GNU's own objects are read whole."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from judges import require

from minikernel.elf.attributes import attributes_section
from minikernel.elf.constants import R_ARM, SectionFlag, SectionType, SymbolBinding, SymbolKind
from minikernel.elf.object_file import ABS, NO_SYMBOL, UNDEF, ObjectFile, Relocation, Section, Symbol
from minikernel.errors import ImageError

SOURCE = """
        .syntax unified
        .cpu cortex-a15
        .arm
        .section .init.text, "ax", %progbits
        .global foo, bar
        .type foo, %function
foo:    push {r4, lr}
        bl bar
        ldr r0, =ext
        movw r0, #:lower16:.Lend
        pop {r4, pc}
.Lend:
        .size foo, . - foo
        .section .data.one, "aw", %progbits
        .word foo, ext + 4
        .equ ABSOLUTE, 5
        .bss
        .space 12
"""


def summary(obj: ObjectFile) -> object:
    """Everything that the file carries, as a value."""
    return (
        [
            (s.name, s.type, s.flags, s.addralign, bytes(s.data), s.size, s.entsize, relocations(s))
            for s in obj.sections
        ],
        sorted((s.name, s.section.name, s.value, s.size, s.kind, s.binding, s.visibility) for s in obj.symbols),
    )


def relocations(section: Section) -> list[tuple[int, int, str, str]]:
    return [(r.offset, r.type, r.symbol.name, r.symbol.section.name) for r in section.relocations]


def example() -> ObjectFile:
    text = Section(".text", SectionType.PROGBITS, SectionFlag.ALLOC | SectionFlag.EXECINSTR, 4, bytes(8))
    bss = Section(".bss", SectionType.NOBITS, SectionFlag.ALLOC | SectionFlag.WRITE, 8, nobits_size=100)
    main = Symbol("main", text, 4, 4, SymbolKind.FUNC, SymbolBinding.GLOBAL)
    local = Symbol("$a", text)
    other = Symbol("other", UNDEF, binding=SymbolBinding.GLOBAL)
    text.relocations = [
        Relocation(0, R_ARM.CALL, other),
        Relocation(4, R_ARM.V4BX, NO_SYMBOL),
        Relocation(4, R_ARM.ABS32, Symbol("", bss, kind=SymbolKind.SECTION)),
    ]
    return ObjectFile([text, bss, attributes_section()], [main, local, other, Symbol("FIVE", ABS, 5)])


def test_round_trip_keeps_sections_symbols_and_relocations() -> None:
    first = ObjectFile.from_bytes(example().to_bytes())
    assert summary(ObjectFile.from_bytes(first.to_bytes())) == summary(first)
    assert relocations(first.section(".text")) == [
        (0, R_ARM.CALL, "other", "UNDEF"),
        (4, R_ARM.V4BX, "", "ABS"),
        (4, R_ARM.ABS32, "", ".bss"),
    ]
    assert first.section(".bss").size == 100


def test_locals_come_before_globals_in_the_file() -> None:
    bindings = [symbol.binding for symbol in ObjectFile.from_bytes(example().to_bytes()).symbols]
    assert bindings == sorted(bindings)


def test_reads_an_object_of_gnu_as_and_writes_the_same_content(tmp_path: Path) -> None:
    require("arm-none-eabi-as", "arm-none-eabi-readelf")
    (tmp_path / "a.s").write_text(SOURCE)
    subprocess.run(["arm-none-eabi-as", "-o", "a.o", "a.s"], cwd=tmp_path, check=True)
    theirs = ObjectFile.from_bytes((tmp_path / "a.o").read_bytes(), "a.o")
    assert summary(ObjectFile.from_bytes(theirs.to_bytes())) == summary(theirs)
    assert bytes(theirs.section(".ARM.attributes").data) == attributes_section().data
    (tmp_path / "b.o").write_bytes(theirs.to_bytes())
    printed = subprocess.run(
        ["arm-none-eabi-readelf", "-SrsW", "b.o"], cwd=tmp_path, check=True, capture_output=True, text=True
    )
    assert "Warning" not in printed.stderr + printed.stdout and "R_ARM_MOVW_ABS_NC" in printed.stdout


@pytest.mark.parametrize(
    ("change", "field"),
    [
        (lambda d: d[:20], "ELF header"),
        (lambda d: b"\x7fELG" + d[4:], "e_ident magic"),
        (lambda d: d[:4] + b"\x02" + d[5:], "EI_CLASS"),
        (lambda d: d[:18] + b"\x03\x00" + d[20:], "e_machine"),
        (lambda d: d[:16] + b"\x02\x00" + d[18:], "e_type"),
        (lambda d: d[:32] + b"\xff\xff\xff\x7f" + d[36:], "e_shoff"),
        (lambda d: d[:-30], "e_shoff"),
    ],
)
def test_a_damaged_header_names_file_and_field(change, field) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(ImageError) as caught:
        ObjectFile.from_bytes(change(example().to_bytes()), "broken.o")
    assert caught.value.field == field and str(caught.value).startswith("broken.o: ")
