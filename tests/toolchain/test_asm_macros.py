"""Macros, repetitions, conditionals, and what they cannot do to the host."""

from __future__ import annotations

import time

import pytest

from minikernel.errors import SourceError
from minikernel.toolchain.assembler import assemble_text, assemble_unit
from minikernel.toolchain.source import SourceFile


def data(text: str) -> bytes:
    return bytes(assemble_text(text + "\n").section(".text").data)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (".macro m a, b=3\n.byte \\a, \\b\n.endm\nm 1\nm 1, 2\nm b=7, a=6\nm 4 5", b"\1\3\1\2\6\7\4\5"),
        (".macro m a:req, rest:vararg\n.byte \\a, \\rest\n.endm\nm 1, 2, 3", b"\1\2\3"),
        ('.macro m t\n.ascii "[\\t]"\n.endm\nm word\nm "two words"', b"[word][two words]"),
        (".macro m n\nx_\\n\\()_y = \\n\n.byte x_\\n\\()_y\n.endm\nm 4", b"\4"),
        (".macro m\n.Ll\\@: .byte \\@\n.endm\nm\nm", b"\0\1"),
        (".macro m n\n.byte \\n\n.if \\n == 0\n.exitm\n.endif\nm \\n - 1\n.endm\nm 2", b"\2\1\0"),
        (".macro outer a\n.macro inner b\n.byte \\a, \\b\n.endm\n.endm\nouter 1\ninner 2", b"\1\2"),
        (".macro m\n.byte 1\n.endm\nM\n.purgem m\n.macro m\n.byte 2\n.endm\nm", b"\1\2"),
        (".rept 2\n.rept 2\n.byte 1\n.endr\n.byte 2\n.endr", b"\1\1\2\1\1\2"),
        (".irp x, 1, 2\n.byte \\x\n.endr", b"\1\2"),
        (".irpc x, 12\n.byte \\x\n.endr", b"\1\2"),
        (".rept 2; .byte 3; .endr; .byte 4", b"\3\3\4"),
        ("x = 0\n.rept 3\n.byte x\nx = x + 1\n.endr", b"\0\1\2"),
        (".if 0\nrubbish %%\n.elseif 1\n.byte 1\n.else\n.byte 2\n.endif", b"\1"),
        (".if 1\n.if 0\n.byte 1\n.else\n.byte 2\n.endif\n.else\n.byte 3\n.endif", b"\2"),
        (".ifdef x\n.byte 1\n.else\n.byte 2\n.endif\nx = 1\n.ifndef x\n.byte 3\n.endif", b"\2"),
        (".ifc a, a\n.byte 1\n.endif\n.ifnc a, b\n.byte 2\n.endif\n.ifb\n.byte 3\n.endif", b"\1\2\3"),
        ('.ifeq 0\n.byte 1\n.endif\n.ifgt 1\n.byte 2\n.endif\n.ifeqs "a", "a"\n.byte 3\n.endif', b"\1\2\3"),
        (".byte 1\n.end\nrubbish %%", b"\1"),
    ],
)
def test_bytes(text: str, expected: bytes) -> None:
    assert data(text) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (".macro m a\n.endm\nm 1, 2", "too many arguments: `m a`"),
        (".macro m\n.endm\nm 1", "`m` takes no argument"),
        (".macro m a:req\n.endm\nm", "`m` needs a value for `a`"),
        (".macro m a\n.endm\nm 1, a=2", "`m` gets `a` twice"),
        (".macro m a, a\n.endm", "two parameters named `a`"),
        (".macro m a:vararg, b\n.endm", "must be the last parameter"),
        (".macro m\n.endm\n.macro M\n.endm", "macro `M` is already defined at text.s:1"),
        (".macro\n.endm", "expected the macro's name"),
        (".macro .word\n.endm", "does not begin with `.`"),
        (".macro m\nnop", "`.macro` is never closed; expected `.endm`"),
        (".rept 3\nnop", "`.rept` is never closed; expected `.endr`"),
        (".endm", "there is no .macro open here"),
        (".rept x", "never closed"),
        (".rept -1\n.endr", "the count is negative"),
        (".exitm", ".exitm outside a macro"),
        (".purgem nothing", "no macro `nothing`"),
        (".if 1\nnop", "this is never closed; expected `.endif`"),
        (".endif", ".endif without .if"),
        (".else", ".else without .if"),
        (".if 1\n.else\n.else\n.endif", "a second .else"),
        (".if later\n.endif\nlater = 1", "`later` is not defined above"),
        (".macro m\n.if 1\n.endm\nm", "this is never closed; expected `.endif`"),
        (".irp\n.endr", "expected a name after .irp"),
    ],
)
def test_wrong_use_says_why(text: str, message: str) -> None:
    with pytest.raises(SourceError) as caught:
        data(text)
    assert message in str(caught.value)


def test_an_error_in_an_expansion_tells_the_way_back() -> None:
    text = ".macro inner reg\n  mov \\reg, #(2\n.endm\n.macro outer\n  inner r0\n.endm\n\n  outer\n"
    with pytest.raises(SourceError) as caught:
        assemble_text(text, name="a.s")
    assert str(caught.value).split("\n") == [
        "a.s:2:14: error: expected `)`",
        "      mov r0, #(2",
        "                 ^",
        "    note: in macro `inner`, from a.s:5:3: inner r0",
        "    note: in macro `outer`, from a.s:8:3: outer",
    ]


def test_warning_is_kept_and_not_raised() -> None:
    assembly = assemble_unit(SourceFile("a.s", '.warning "careful"\nnop\n'))
    assert [str(warning.message) for warning in assembly.warnings] == ["careful"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (".macro m\nm\n.endm\nm", "nested deeper than 100"),
        (".macro m\nm\nm\n.endm\nm", "nested deeper than 100"),
        (".macro m n\n.if \\n\nm \\n-1\nm \\n-1\n.endif\n.endm\nm 60", "statements"),
        (".macro m a\nm \\a\\a\n.endm\nm xxxxxxxx", "longer than 4096 characters"),
        (".rept 1000000000\nnop\n.endr", "more than 200000 statements"),
        (".rept 40000\n.rept 40000\nnop\n.endr\n.endr", "statements"),
        (".rept 1000\n.space 1000000\n.endr", "would grow to"),
        (".rept 100\n.balign 65536\n.word 1\n.endr\n.rept 200\n.balign 65536\n.word 1\n.endr", "16 MiB"),
        (".bss\n.space 0x7fffffff", "the limit is"),
        ("x = 1\n.rept 199\nx = x * 0x7fffffff\n.endr\n.word x", "does not fit in 32 bits"),
        ("a" * 100_000, "longer than"),
        (".word " + "(" * 5000, "nested deeper"),
    ],
)
def test_nothing_runs_without_end(text: str, message: str) -> None:
    started = time.monotonic()
    with pytest.raises(Exception, match="error") as caught:
        data(text)
    assert message in str(caught.value)
    assert time.monotonic() - started < 20


def test_a_per_cent_sign_in_a_body_stays_one() -> None:
    text = '.macro m a\n.asciz "100%% %s \\a%d"\n.asciz "5%\\()5"\n.asciz "%%"\n.endm\nm x%s\n'
    assert assemble_text(text).section(".text").data == b"100%% %s x%s%d\0005%5\0%%\0"
