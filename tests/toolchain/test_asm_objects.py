"""Directives to sections, symbols and relocations: what the ObjectFile holds."""

from __future__ import annotations

import pytest

from minikernel.elf.constants import R_ARM, SectionFlag, SectionType, SymbolBinding, SymbolKind
from minikernel.elf.object_file import ABS, UNDEF, ObjectFile
from minikernel.errors import SourceError, SourceErrors
from minikernel.toolchain.assembler import assemble_text


def data(text: str, section: str = ".text") -> bytes:
    return bytes(assemble_text(text + "\n").section(section).data)


def relocations(obj: ObjectFile, section: str = ".text") -> list[tuple[int, int, str]]:
    return [(r.offset, r.type, r.symbol.name or r.symbol.section.name) for r in obj.section(section).relocations]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (".byte 1, -1, 0xff, 'a'", b"\x01\xff\xff\x61"),
        (".hword 1, -2\n.short 3\n.2byte 4", b"\x01\0\xfe\xff\x03\0\x04\0"),
        (".word 1\n.long 2\n.int 3\n.4byte 4", b"\1\0\0\0\2\0\0\0\3\0\0\0\4\0\0\0"),
        (".quad 0x1122334455667788", bytes.fromhex("8877665544332211")),
        ('.ascii "a\\n", "b"', b"a\nb"),
        ('.asciz "it\'s; @ // /* */", "é"', "it's; @ // /* */\0é\0".encode()),
        ('.string "\\101\\x42\\"\\\\\\t"', b'AB"\\\t\0'),
        (".space 3\n.skip 1, 0x41\n.zero 2", b"\0\0\0A\0\0"),
        (".fill 2, 2, 0x1122\n.fill 1", b"\x22\x11\x22\x11\0"),
        (".byte 1\n.org 4\n.byte 2", b"\1\0\0\0\2"),
        (".byte 1\n.org 3, 0xee", b"\1\xee\xee"),
        (".byte 1\n.balign 4\nnop", b"\1\0\0\0" + bytes.fromhex("00f020e3")),
        ("nop\n.p2align 3\nnop", bytes.fromhex("00f020e3") * 3),
        (".byte 1\n.align 2, 0xff", b"\1\xff\xff\xff"),
        (".byte 1\n.balign 8, 0, 3", b"\1"),
        ("a: b: .word b - a // comment\n/* many\nlines */\n# line\nnop ; .byte 1 @ end", None),
    ],
)
def test_bytes(text: str, expected: bytes | None) -> None:
    if expected is None:
        assert data(text) == bytes.fromhex("00000000 00f020e3 01000000")
    else:
        assert data(text)[: len(expected)] == expected


def test_sections_carry_flags_type_alignment_and_entry_size() -> None:
    obj = assemble_text(
        '.section .init.text, "ax", %progbits\nnop\n'
        '.section .str, "aMS", %progbits, 1\n.asciz "x"\n'
        ".bss\n.balign 16\n.space 5\n"
    )
    text, strings, bss = obj.section(".init.text"), obj.section(".str"), obj.section(".bss")
    assert (text.flags, text.addralign) == (SectionFlag.ALLOC | SectionFlag.EXECINSTR, 4)
    assert (strings.flags, strings.entsize) == (SectionFlag.ALLOC | SectionFlag.MERGE | SectionFlag.STRINGS, 1)
    assert (bss.type, bss.size, bss.addralign) == (SectionType.NOBITS, 5, 16)


def test_pushsection_and_previous_come_back() -> None:
    text = '.word 1\n.pushsection .a, "a"\n.word 2\n.popsection\n.word 3\n.data\n.word 4\n.previous\n.word 5\n'
    assert data(text)[::4] == b"\x01\x03\x05"
    assert data(text, ".a")[::4] == b"\x02"


def test_symbols_have_binding_kind_size_and_place() -> None:
    obj = assemble_text(
        ".global f, out\n.type f, %function\nf: nop\n.size f, . - f\n.weak w\nw: nop\n.equ N, 5\n.Ltmp: .word ext\n"
    )
    f, n, w = obj.symbol("f"), obj.symbol("N"), obj.symbol("w")
    assert (f.binding, f.kind, f.size, f.value) == (SymbolBinding.GLOBAL, SymbolKind.FUNC, 4, 0)
    assert (n.section, n.value, n.binding) == (ABS, 5, SymbolBinding.LOCAL)
    assert (w.binding, w.value) == (SymbolBinding.WEAK, 4)
    assert obj.symbol("out").section is UNDEF
    assert obj.symbol("ext").binding == SymbolBinding.GLOBAL
    assert ".Ltmp" not in [symbol.name for symbol in obj.symbols]


def test_mapping_symbols_stand_where_code_and_data_begin() -> None:
    obj = assemble_text("nop\n.word 1\nnop\n.data\n.word 1\n.space 4\n")
    marks = [(s.name, s.section.name, s.value) for s in obj.symbols if s.name.startswith("$")]
    assert marks == [("$a", ".text", 0), ("$d", ".text", 4), ("$a", ".text", 8), ("$d", ".data", 4)]


def test_relocations_follow_gnu_as() -> None:
    obj = assemble_text(
        ".global g\nl: bl l\ng: bl g\nbne g\nbleq ext\n.word l, g, ext + 4, ext - ., l - .\n"
        ".type fn, %function\nfn: .word fn\nmovw r0, #:lower16:l\nmovt r0, #:upper16:l\n"
    )
    assert relocations(obj) == [
        (4, R_ARM.CALL, "g"),
        (8, R_ARM.JUMP24, "g"),
        (12, R_ARM.JUMP24, "ext"),
        (16, R_ARM.ABS32, ".text"),
        (20, R_ARM.ABS32, "g"),
        (24, R_ARM.ABS32, "ext"),
        (28, R_ARM.REL32, "ext"),
        (36, R_ARM.ABS32, "fn"),
        (40, R_ARM.MOVW_ABS_NC, "l"),
        (44, R_ARM.MOVT_ABS, "l"),
    ]
    words = [int.from_bytes(obj.section(".text").data[at : at + 4], "little") for at in (0, 4, 24, 32)]
    assert words == [0xEBFFFFFE, 0xEBFFFFFE, 4, 0xFFFFFFE0]


def test_defsym_is_an_absolute_symbol() -> None:
    obj = assemble_text(".ifdef MODULE\n.word MODULE\n.endif\n", defsyms={"MODULE": 1})
    assert obj.section(".text").data == b"\1\0\0\0"
    assert obj.symbol("MODULE").section is ABS


def test_attributes_say_cortex_a15() -> None:
    assert b"Cortex-A15" in assemble_text("nop\n").section(".ARM.attributes").data
    assert b"7-A\0" in assemble_text(".arch armv7-a\n").section(".ARM.attributes").data


def test_objects_survive_the_file_format() -> None:
    obj = assemble_text('.global f\nf: ldr r0, =ext\n.section .rodata\n.asciz "x"\n')
    again = ObjectFile.from_bytes(obj.to_bytes())
    assert [(s.name, bytes(s.data)) for s in again.sections] == [(s.name, bytes(s.data)) for s in obj.sections]
    assert relocations(again) == relocations(obj)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (".wrod 1", "unknown directive `.wrod`; did you mean '.word'"),
        (".word 1,", "expected an expression, found the end of the line"),
        (".byte 256", "0x100 does not fit in 8 bits"),
        (".hword label\nlabel:", "it needs a .word"),
        (".asciz hello", "expected a string in double quotes, found `hello`"),
        ('.asciz "hello', "the string has no closing quote"),
        (".space -1", "the size is negative"),
        (".space later\nlater:", "`later` is not defined above"),
        (".space 0x7fffffff", "the limit is 0x1000000"),
        (".align 40", "power of two, 0 to 16; found 40"),
        (".balign 3", "expected a power of two"),
        (".word 1\n.org 2", ".org to 0x2 goes back"),
        (".bss\n.word 1", "only zeros fit there"),
        ("x: nop\nx: nop", "`x` is already defined at text.s:1:1"),
        ("x: nop\n.set x, 5", "`x` is already defined at text.s:1:1"),
        (".equiv x, 1\n.equiv x, 2", "`x` is already defined"),
        (". = 4", "`.` cannot be set"),
        (".type f, %func", "expected %function, %object or %notype"),
        ('.section .x, "aq"', "unknown section flag `q`"),
        ('.section .x, "a", %bits', "unknown section type `bits`; did you mean 'nobits'"),
        ('.section .data, "a"', "was opened before with other flags"),
        (".section .init_array", "give the flags"),
        (".popsection", ".popsection without .pushsection"),
        (".previous", ".previous without a section before"),
        (".text 1", "`.text` takes no operand"),
        ('.incbin "/etc/passwd"', "it would read a file of the host"),
        (".thumb", "ARM state only"),
        (".cpu cortex-m3", "expected cortex-a15"),
        (".syntax divided", "expected `unified`"),
        ('.error "stop here"', "stop here"),
        ("/* never closed", "the comment is never closed"),
        ("/* a\n*/ nop", "expected the end of the line after a comment of several lines"),
        ("%", "expected a label, a mnemonic or a directive, found '%'"),
        (".word a - b\n.data\na: .word 1\n.bss\nb:", "has no relocation"),
    ],
)
def test_wrong_directive_says_why(text: str, message: str) -> None:
    with pytest.raises(SourceError) as caught:
        assemble_text(text + "\n")
    assert message in str(caught.value)


def test_several_errors_come_in_one_run_and_in_order() -> None:
    with pytest.raises(SourceErrors) as caught:
        assemble_text("mvo r0\nnop\n.wrod 1\nadd r0\n")
    assert [error.location.line for error in caught.value.errors] == [1, 3, 4]


def test_a_run_stops_after_twenty_errors() -> None:
    with pytest.raises(SourceErrors) as caught:
        assemble_text("bad\n" * 100)
    assert len(caught.value.errors) == 20


def test_the_message_shows_line_and_caret() -> None:
    with pytest.raises(SourceError) as caught:
        assemble_text("        nop\n\tmov\tr0, #1 +\t@ comment\n", name="kernel/x.s")
    assert str(caught.value) == (
        "kernel/x.s:2:14: error: expected an expression, found the end of the line\n"
        "    \tmov\tr0, #1 +\t@ comment\n"
        "    \t   \t        ^"
    )


@pytest.mark.parametrize(
    ("usual", "other"),
    [
        ("        .size x, . - x", "        .size x, . -  x"),
        ("        .type x, %function", "        .type x,%function"),
        ("        .type x, %object", '        .type "x", %object'),
        ("        .global x", '        .global "x"'),
        (".weak .Lx$1", '.weak ".Lx$1"'),
    ],
)
def test_the_usual_operands_mean_what_others_mean(usual: str, other: str) -> None:
    first, second = (assemble_text(f"x: nop\nnop\n{line}\n").to_bytes() for line in (usual, other))
    assert first == second


def test_a_wrong_extent_is_told_at_its_column() -> None:
    with pytest.raises(SourceError) as caught:
        assemble_text('.section .a, "a"\nx: .word 0\n.section .b, "a"\n  .size x, . - x\n')
    assert (caught.value.location.line, caught.value.location.column) == (4, 14)
