"""The linker against arm-none-eabi-ld on small scripts, and every message it gives."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from gnu_binutils import assemble_all, gnu_link, loaded_sections, symbol_values

from minikernel.elf.constants import R_ARM, SectionFlag, SectionType, SymbolBinding, SymbolKind
from minikernel.elf.image import Image
from minikernel.elf.object_file import UNDEF, ObjectFile, Relocation, Section, Symbol
from minikernel.errors import LinkError, SourceError
from minikernel.toolchain.linker import link
from minikernel.toolchain.script import LinkerScript

A = """
        .text
        .global start, shared
start:  bl      other
        blne    other
        bl      local
        b       missing
        movw    r0, #:lower16:table
        movt    r0, #:upper16:table
        ldr     r1, =start
        ldr     r2, =__bss_start
local:  bx      lr
        .weak   missing
        .equ    SHARED_CONSTANT, 7
        .equ    OWN_CONSTANT, 8
        .section .text.one, "ax", %progbits
        mov     r0, #1
        .section .rodata, "a", %progbits
        .byte   1
        .balign 4
table:  .word   other, local, table, start + 4, shared - 8
        .word   other - ., start - .
        .section ___ksymtab+zebra, "a", %progbits
        .word   26
        .section ___ksymtab+ant, "a", %progbits
        .word   1
        .data
shared: .word   missing
        .bss
        .balign 16
        .space  20
"""
B = """
        .text
        .global other
        .type   other, %function
other:  mov     r0, #0
        bx      lr
        .size   other, . - other
        .equ    SHARED_CONSTANT, 7
        .section .text.two, "ax", %progbits
        mov     r0, #2
        .section .init.text, "ax", %progbits
        b       other
        .section ___ksymtab+bee, "a", %progbits
        .word   2
        .section .exit.text, "ax", %progbits
        bx      lr
        .data
        .byte   3
        .bss
        .space  2
"""

KERNEL_LIKE = """
/* a kernel-like script */
OUTPUT_ARCH(arm)
OUTPUT_FORMAT("elf32-littlearm")
ENTRY(phys_start)
OFFSET = 0x40000000;
SECTIONS
{
    . = 0xC0008000;
    _text = .;
    .text : AT(ADDR(.text) - OFFSET) { _stext = .; *(.text) *(.text.*) _etext = .; }
    phys_start = start - OFFSET;
    . = ALIGN(4096);
    __start_rodata = .;
    .rodata : AT(ADDR(.rodata) - OFFSET) { *(.rodata .rodata.*) . = ALIGN(8); }
    __ksymtab : AT(ADDR(__ksymtab) - OFFSET) {
        __start = .; KEEP(*(SORT(___ksymtab+*))) __stop = .;
        count = (__stop - __start) / 4;
    }
    .empty : { nothing_start = .; *(.nothing) nothing_end = .; }
    . = ALIGN(0x1000);
    __init_begin = .;
    .init.text : AT(ADDR(.init.text) - OFFSET) { *b.o(.init.text) *(.init.text) }
    __init_end = ALIGN(4K);
    .data ALIGN(64) : AT(ADDR(.data) - OFFSET) { *(.data) LONG(0x12345678) . += 4; BYTE(9) _edata = ALIGN(4); }
    .bss : { __bss_start = .; *(.bss) . = ALIGN(8); __bss_stop = .; }
    _end = .;
    PROVIDE(not_wanted = 1);
    ASSERT(_end > _text, "upside down")
    /DISCARD/ : { *(.exit.*) }
}
size_of_text = SIZEOF(.text);
load_of_rodata = LOADADDR(.rodata);
difference = _end - _text;
"""

SCRIPTS = {
    "kernel-like": KERNEL_LIKE,
    "flat": """ENTRY(start) SECTIONS { . = 0x10000; .all : { *(.text .text.* .init.text .rodata)
        *(SORT(___ksymtab*)) *(.exit.text) *(.data) } .bss : { __bss_start = .; *(.bss) } }""",
    "load address follows": """ENTRY(start) SECTIONS {
        .text 0x10000 : AT(0x80000) { *(EXCLUDE_FILE(*b.o) .text) *(.text*) *(.init.text .exit.text) }
        .rodata : { *(.rodata) *(___*) }
        .data ALIGN(256) : ALIGN(32) { *(.data) }
        .bss 0x20000 (NOLOAD) : { __bss_start = ABSOLUTE(.); *(.bss) } }""",
    "forward references": """ENTRY(start) SECTIONS {
        . = DEFINED(start) ? 0x8000 : 0x9000;
        total = SIZEOF(.text) + SIZEOF(.data) + ALIGNOF(.bss);
        . = later;
        .data (SIZEOF(.text) + 0x40ff) & ~0xff | 0x200 : { *(.data) }
        .text 0xa000 : { *(.text .text.* .init.text .exit.text .rodata ___*) . = ALIGN(32); marker = . + 4; }
        .bss ALIGN(MAX(16, 1 << 5)) : { __bss_start = .; *(.bss) } later = 0x6000; }""",
    "section-relative arithmetic": """ENTRY(start) SECTIONS {
        . = 0x8000;
        .text : { first = .; *(.text) second = .; width = second - first; *(.text.* .init.text .exit.text)
            . = 0x100; after = .; mixed = after + 4; number = 12; absolute = ABSOLUTE(12); low = . & 0xf0;
            quotient = (after - first) / 8 + 1; }
        K = 4;
        outside = after - first;  masked = after & ~0xff; same = after; minus = -after; dot4 = . + 4; dot5 = dot4;
        page = ALIGN(64); there = ALIGN(after, 64); addr = ADDR(.text); addr4 = ADDR(.text) + 4; low_dot = . & 0xff00;
        shifted = after >> 4; negative = after - 0x40000000;
        . = ALIGN(4096); next_section = .; next_plus = . + 4;
        .data : { *(.rodata ___* .data) in1 = K; in2 = K + 1; in3 = . - K; in4 = SIZEOF(.text); in5 = LOADADDR(.text);
            in6 = first - .; in7 = ALIGN(8); in8 = ALIGN(., 8); in9 = -first; in10 = first < .; in11 = MAX(., 4);
            in12 = first + 8; in13 = ABSOLUTE(.) + 4; in14 = ABSOLUTE(.) - first; }
        after_data = .;
        .bss : { __bss_start = .; *(.bss) __bss_size = . - __bss_start; }
        /* room without bytes */ .room : { . = . + 8; }
        /* an address that went back */ .low 0x4000 : { LONG(1) SHORT(2) } }""",
}


def ours(objects: list[tuple[str, ObjectFile]], script: str) -> Image:
    return Image.from_bytes(link(objects, LinkerScript.parse(script, "script.lds")), "ours")


@pytest.mark.parametrize("script", SCRIPTS.values(), ids=SCRIPTS)
def test_sections_symbols_and_entry_equal_those_of_ld(tmp_path: Path, script: str) -> None:
    objects = assemble_all(tmp_path, {"a": A, "b": B})
    theirs, mine = gnu_link(tmp_path, ["a.o", "b.o"], script), ours(objects, script)
    assert loaded_sections(mine) == loaded_sections(theirs)
    assert symbol_values(mine) == symbol_values(theirs)
    assert mine.entry == theirs.entry
    assert {s.name: (s.type, s.flags, s.addralign) for s in mine.sections if s.is_loaded} == {
        s.name: (s.type, s.flags, s.addralign) for s in theirs.sections if s.is_loaded
    }
    assert mine.section(".ARM.attributes").data == theirs.section(".ARM.attributes").data


def test_binutils_read_our_image_without_a_complaint(tmp_path: Path) -> None:
    image = link(assemble_all(tmp_path, {"a": A, "b": B}), LinkerScript.parse(KERNEL_LIKE))
    (tmp_path / "ours").write_bytes(image)
    for command in (["readelf", "-aW"], ["objdump", "-dxs"], ["nm", "-n"]):
        done = subprocess.run(
            [f"arm-none-eabi-{command[0]}", *command[1:], "ours"], cwd=tmp_path, capture_output=True, text=True
        )
        assert done.returncode == 0 and done.stderr == "" and "arning" not in done.stdout


def test_linking_twice_gives_the_same_bytes(tmp_path: Path) -> None:
    objects = assemble_all(tmp_path, {"a": A, "b": B})
    script = LinkerScript.parse(KERNEL_LIKE)
    assert link(objects, script) == link(objects, script)


# --- messages; these need no binutils ---------------------------------------------------------------------------------

SIMPLE = "ENTRY(start) SECTIONS { . = 0x8000; .text : { *(.text) } }"
GLOBAL, WEAK = SymbolBinding.GLOBAL, SymbolBinding.WEAK


def text_object(*names: str, words: int = 4, section: str = ".text") -> tuple[ObjectFile, Section]:
    """An object with one section of code and a global function at each word, named in order."""
    text = Section(section, SectionType.PROGBITS, SectionFlag.ALLOC | SectionFlag.EXECINSTR, 4, bytes(4 * words))
    symbols = [Symbol(name, text, 4 * i, 4, SymbolKind.FUNC, GLOBAL) for i, name in enumerate(names)]
    return ObjectFile([text], symbols), text


def link_error(objects: list[tuple[str, ObjectFile]], script: str = SIMPLE) -> str:
    with pytest.raises((LinkError, SourceError)) as caught:
        link(objects, LinkerScript.parse(script, "k.lds"))
    return str(caught.value)


def test_duplicate_symbol_names_both_places() -> None:
    first, second = text_object("start", "probe")[0], text_object("init", "probe")[0]
    assert link_error([("a.o", first), ("b.o", second)]) == (
        "duplicate symbol 'probe': first in a.o (.text+0x4), again in b.o (.text+0x4)"
    )


def test_undefined_symbol_names_place_function_and_near_names() -> None:
    obj, text = text_object("start", "kmalloc")
    text.relocations = [Relocation(4, R_ARM.CALL, Symbol("kmaloc", UNDEF, binding=GLOBAL))]
    obj.symbols.append(text.relocations[0].symbol)
    assert link_error([("a.o", obj)]) == (
        "undefined symbol 'kmaloc': used in a.o (.text+0x4, in kmalloc); did you mean 'kmalloc'?"
    )


def test_all_undefined_symbols_are_reported_together() -> None:
    obj, text = text_object("start")
    for index, name in enumerate(("one", "two", "two")):
        symbol = Symbol(name, UNDEF, binding=GLOBAL)
        obj.symbols.append(symbol)
        text.relocations.append(Relocation(4 * index, R_ARM.ABS32, symbol))
    assert [line.split(":")[0] for line in link_error([("a.o", obj)]).splitlines()] == [
        "undefined symbol 'one'",
        "undefined symbol 'two'",
    ]


def test_weak_definitions_give_way_and_weak_references_read_zero() -> None:
    weak, weak_text = text_object("start", "handler")
    weak.symbols[1].binding = WEAK
    nobody = Symbol("nobody", UNDEF, binding=WEAK)
    weak_text.data = b"\xfe\xff\xff\xeb" + bytes(12)
    weak_text.relocations = [
        Relocation(0, R_ARM.CALL, nobody),
        Relocation(4, R_ARM.ABS32, nobody),
        Relocation(8, R_ARM.ABS32, weak.symbols[1]),
    ]
    weak.symbols.append(nobody)
    strong = text_object("other", "handler")[0]
    image = Image.from_bytes(link([("a.o", weak), ("b.o", strong)], LinkerScript.parse(SIMPLE)))
    assert image.address("handler") == 0x8014
    assert image.read(0x8000, 12).hex(" ", 4) == "00f020e3 00000000 14800000"


def test_call_out_of_range_names_place_symbol_and_distance() -> None:
    near, text = text_object("start")
    far, _ = text_object("far_away", section=".far")
    text.data = b"\xfe\xff\xff\xeb" + bytes(12)
    text.relocations = [Relocation(0, R_ARM.CALL, Symbol("far_away", UNDEF, binding=GLOBAL))]
    near.symbols.append(text.relocations[0].symbol)
    script = "ENTRY(start) SECTIONS { .text 0x8000 : { *(.text) } .far 0x4008000 : { *(.far) } }"
    assert link_error([("a.o", near), ("b.o", far)], script) == (
        "a.o (.text+0x0, in start): R_ARM_CALL to 'far_away' at 0x04008000: "
        "distance 0x3fffff8 is outside -0x2000000..0x1fffffc"
    )


def test_a_forgotten_section_is_refused_by_name() -> None:
    obj = text_object("start")[0]
    obj.sections.append(Section(".fixup", SectionType.PROGBITS, SectionFlag.ALLOC, 4, bytes(8)))
    assert link_error([("a.o", obj)]) == (
        "a.o: no place for section '.fixup' (0x8 bytes): name it in k.lds or put it into /DISCARD/"
    )


def test_a_reference_into_a_discarded_section_is_refused() -> None:
    obj, text = text_object("start")
    exit_text = Section(".exit.text", SectionType.PROGBITS, SectionFlag.ALLOC, 4, bytes(4))
    obj.sections.append(exit_text)
    leave = Symbol("leave", exit_text, kind=SymbolKind.FUNC, binding=GLOBAL)
    obj.symbols.append(leave)
    text.relocations = [Relocation(8, R_ARM.ABS32, leave)]
    script = "ENTRY(start) SECTIONS { .text : { *(.text) } /DISCARD/ : { *(.exit.text) } }"
    assert link_error([("a.o", obj)], script) == (
        "a.o (.text+0x8, in start): refers to 'leave', which lies in the discarded section '.exit.text'"
    )


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("SECTIONS { .text : { *(.text) } }", "k.lds: expected ENTRY(symbol): where does the program begin?"),
        (SIMPLE.replace("start", "strat"), "k.lds: ENTRY(strat): no such symbol; did you mean 'start'?"),
        (SIMPLE + " x = strat;", "k.lds:1:64: error: undefined symbol 'strat'; did you mean 'start'?"),
        (SIMPLE + " x = ADDR(.txt);", "k.lds:1:64: error: undefined output section '.txt'; did you mean '.text'?"),
        (SIMPLE + ' ASSERT(start == 1, "no")', "k.lds:1:60: error: ASSERT failed: no"),
        (SIMPLE + " x = 1 / (start - start);", "k.lds:1:66: error: division by zero"),
        (
            "ENTRY(start) SECTIONS { . = 0x8000; .text : { *(.text) . = 4; } }",
            "k.lds:1:56: error: the location counter cannot move backwards, from 0x8010 to 0x8004",
        ),
        (
            "ENTRY(start) SECTIONS { .text : { *(.text) } .text : { *(.data) } }",
            "k.lds:1:46: error: a second output section '.text'",
        ),
        (
            "ENTRY(start) SECTIONS { . = a; .text : { *(.text) } a = ADDR(.text) + 4; }",
            "k.lds: addresses still move after 16 passes over the script",
        ),
    ],
)
def test_script_mistakes_found_while_linking(script: str, message: str) -> None:
    obj = text_object("start")[0]
    assert link_error([("a.o", obj)], script).splitlines()[0] == message
