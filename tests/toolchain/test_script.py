"""The script language: what is read into statements, and where and how each mistake is reported."""

from __future__ import annotations

import pytest

from minikernel.errors import SourceError
from minikernel.toolchain.script import (
    Assignment,
    Binary,
    InputPattern,
    LinkerScript,
    NameCall,
    Number,
    OutputSection,
    SectionPattern,
)


def value_of(text: str) -> object:
    statement = LinkerScript.parse(f"x = {text};").statements[0]
    assert isinstance(statement, Assignment)
    return statement.value


def shape(expression: object) -> object:
    """Binary nodes as nested tuples, numbers as ints."""
    if isinstance(expression, Binary):
        return (expression.operator, shape(expression.left), shape(expression.right))
    assert isinstance(expression, Number)
    return expression.value


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1 + 2 * 3", ("+", 1, ("*", 2, 3))),
        ("1 - 2 - 3", ("-", ("-", 1, 2), 3)),
        ("1 << 2 + 3", ("<<", 1, ("+", 2, 3))),
        ("1 & 2 == 3", ("&", 1, ("==", 2, 3))),
        ("1 | 2 ^ 3 & 4", ("|", 1, ("^", 2, ("&", 3, 4)))),
        ("1 || 2 && 3 | 4", ("||", 1, ("&&", 2, ("|", 3, 4)))),
        ("(1 + 2) * 3", ("*", ("+", 1, 2), 3)),
        ("4K", 4096),
        ("2M", 2 << 20),
        ("0x1F", 31),
        ("010", 8),
    ],
)
def test_precedence_and_numbers_are_those_of_c(text: str, expected: object) -> None:
    assert shape(value_of(text)) == expected


def test_a_wildcard_is_one_name_where_a_pattern_stands() -> None:
    script = LinkerScript.parse("SECTIONS { .x : { KEEP(*(SORT(___ksymtab+*) .a-b EXCLUDE_FILE(*crt?.o) .c)) } }")
    (section,) = script.statements
    assert isinstance(section, OutputSection)
    (pattern,) = section.statements
    assert isinstance(pattern, InputPattern) and pattern.file == "*"
    assert pattern.sections == (
        SectionPattern("___ksymtab+*", True, ()),
        SectionPattern(".a-b", False, ()),
        SectionPattern(".c", False, ("*crt?.o",)),
    )


def test_attributes_of_an_output_section() -> None:
    script = LinkerScript.parse("SECTIONS { .x 0x10 (NOLOAD) : AT(ADDR(.x)) ALIGN(8) { . += 4; } }")
    (section,) = script.statements
    assert isinstance(section, OutputSection)
    assert section.address == Number(16) and section.noload and section.alignment == Number(8)
    assert isinstance(section.load_address, NameCall) and section.load_address.name == ".x"
    (moved,) = section.statements
    assert isinstance(moved, Assignment) and isinstance(moved.value, Binary) and moved.value.operator == "+"


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        ("SECTIONS {", "1:11", "expected an output section, an assignment or '}', found the end of the script"),
        ("SECTIONS { .text { *(.text) } }", "1:18", "expected a number, a symbol, '.', a function or '('"),
        ("SECTIONS { .text : { *(.text } }", "1:30", "expected a section name or ')', found '}'"),
        ("SECTIONS { .text : { * } }", "1:24", "expected '(' and section names after the file pattern '*'"),
        ("SECTIONS { .text : { *() } }", "1:22", "expected at least one section name in the parentheses"),
        (
            "SECTIONS { .text : { *(SORT_BY_ALIGNMENT(.x)) } }",
            "1:24",
            "expected SORT or SORT_BY_NAME, found SORT_BY_AL",
        ),
        ("SECTIONS { . = 4 }", "1:18", "expected ';' after the assignment"),
        ("SECTIONS { . = ALIGNED(4); }", "1:16", "unknown function ALIGNED; did you mean 'ALIGN' or 'ALIGNOF'?"),
        ("SECTIONS { . = ALIGN(); }", "1:22", "expected a number, a symbol, '.', a function or '('"),
        ("SECTIONS { . = MAX(1); }", "1:16", "MAX takes 2 argument(s), found 1"),
        ("SECTIONS { .x : { } > ram }", "1:21", "memory regions are not in this subset of the script language"),
        ("SECTIONS { .x : { } :text }", "1:21", "program headers are not in this subset of the script language"),
        ("SECTIONS { .x : { } =0xff }", "1:21", "fill patterns are not in this subset of the script language"),
        ("SECTIONS { .x (COPY) : { } }", "1:16", "expected NOLOAD, found 'COPY'"),
        ("MEMORY { ram : ORIGIN = 0 }", "1:1", "MEMORY is not in this subset of the script language"),
        ("ENTRI(start)", "1:1", "expected a command or an assignment, found 'ENTRI'; did you mean 'ENTRY'"),
        ("ENTRY start", "1:7", "expected '(', found 'start'"),
        ("x = 1;\n  y = /* open", "2:7", "comment without end: expected '*/'"),
        ("x = 1;\n\ty = 2 +;", "2:9", "expected a number, a symbol, '.', a function or '('"),
        ("ASSERT(1, no)", "1:11", 'expected the message of ASSERT as a "string"'),
        ("SECTIONS { ENTRY(x) }", "1:12", "ENTRY belongs outside SECTIONS"),
        ("OUTPUT_ARCH(arm", "1:13", "expected ')'"),
    ],
)
def test_a_mistake_is_reported_with_its_place(text: str, place: str, message: str) -> None:
    with pytest.raises(SourceError) as caught:
        LinkerScript.parse(text, "k.lds")
    assert str(caught.value).startswith(f"k.lds:{place}: error: {message}")


def test_the_caret_stands_under_the_mistake() -> None:
    with pytest.raises(SourceError) as caught:
        LinkerScript.parse("SECTIONS\n{\n\t. = ;\n}", "k.lds")
    assert str(caught.value).splitlines()[1:] == ["    \t. = ;", "    \t    ^"]
