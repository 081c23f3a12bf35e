""".include stays inside the source tree."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from minikernel.elf.constants import SymbolBinding
from minikernel.errors import SourceError
from minikernel.toolchain.assembler import Assembly, assemble_unit


def assemble(root: Path, text: str) -> Assembly:
    (root / "main.s").write_text(text)
    return assemble_unit(root / "main.s", include_dirs=[root / "include"], root=root)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    tree = tmp_path / "tree"
    (tree / "include").mkdir(parents=True)
    (tree / "include" / "words.inc").write_text(".equ WORD, 7\n.macro put\n.word WORD\n.endm\n")
    (tmp_path / "secret.inc").write_text(".word 0x5ec2e7\n")
    return tree


def test_included_macros_and_names_are_known(root: Path) -> None:
    assembly = assemble(root, '.include "words.inc"\nput\n')
    assert assembly.object_file.section(".text").data == b"\7\0\0\0"
    assert assembly.included == ((root / "include" / "words.inc").resolve(),)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("wrods.inc", "no file `wrods.inc` to include; searched: include; did you mean 'words.inc'?"),
        ("../secret.inc", "leads out of its directory with `..`"),
        ("../../secret.inc", "leads out of its directory with `..`"),
        ("x/../../../secret.inc", "leads out of its directory with `..`"),
        ("..\\\\secret.inc", "leads out of its directory with `..`"),
        ("/etc/passwd", "is an absolute path"),
        ("C:\\\\secret.inc", "is an absolute path"),
        ("", "is empty"),
    ],
)
def test_no_way_out(root: Path, name: str, message: str) -> None:
    with pytest.raises(SourceError) as caught:
        assemble(root, f'nop\n.include "{name}"\n')
    assert message in str(caught.value)
    assert caught.value.location.line == 2


@pytest.mark.skipif(not hasattr(os, "symlink"), reason="no symbolic links here")
def test_a_symbolic_link_out_of_the_tree_is_refused(root: Path) -> None:
    (root / "include" / "link.inc").symlink_to(root.parent / "secret.inc")
    (root / "include" / "folder").symlink_to(root.parent)
    for name in ("link.inc", "folder/secret.inc"):
        with pytest.raises(SourceError, match="leads out of the source tree"):
            assemble(root, f'.include "{name}"\n')


def test_a_file_that_includes_itself_is_stopped(root: Path) -> None:
    (root / "include" / "loop.inc").write_text('.include "loop.inc"\n')
    with pytest.raises(SourceError, match="does a macro or a file call itself"):
        assemble(root, '.include "loop.inc"\n')


def test_an_error_in_an_included_file_names_it_and_who_included_it(root: Path) -> None:
    (root / "include" / "bad.inc").write_text("nop\n  mvo r0\n")
    with pytest.raises(SourceError) as caught:
        assemble(root, '\n.include "bad.inc"\n')
    assert str(caught.value.location) == "include/bad.inc:2:3"
    assert caught.value.notes == ('in file, from main.s:2:1: .include "bad.inc"',)


def test_unreadable_and_binary_files_are_errors_and_no_tracebacks(root: Path) -> None:
    (root / "include" / "binary.inc").write_bytes(b"nop\n\xff\xfe")
    with pytest.raises(SourceError, match=r"include/binary.inc:2:1: error: the file is not UTF-8"):
        assemble(root, '.include "binary.inc"\n')
    with pytest.raises(SourceError, match="cannot read the file"):
        assemble_unit(root / "missing.s", root=root)


def test_windows_line_ends_are_read(root: Path) -> None:
    (root / "crlf.s").write_bytes(b"nop @ comment\r\n.byte 1\r\n")
    data = assemble_unit(root / "crlf.s", root=root).object_file.section(".text").data
    assert data[:5] == bytes.fromhex("00f020e3 01")


def test_definitions_and_first_uses_have_their_places(root: Path) -> None:
    assembly = assemble(root, ".global f\nf: bl ext\nbl ext\n")
    assert str(assembly.definitions["f"]) == "main.s:2:1"
    assert str(assembly.references["ext"]).startswith("main.s:2:7: error: undefined symbol `ext`")


def test_what_one_source_does_to_a_header_s_names_is_nothing_to_the_next(root: Path) -> None:
    (root / "include" / "two.inc").write_text(".equ A, 1\n.equ B, 2\n.macro m\n.word 1\n.endm\n")
    change = ".global A\n.type A, %object\n.size A, 4\n.equ B, 7\n.purgem m\n.macro m\n.word B\n.endm\nm\n"
    changed = assemble(root, f'.include "two.inc"\n{change}').object_file
    plain = assemble(root, '.include "two.inc"\nm\n').object_file
    again = assemble(root, f'.include "two.inc"\n{change}').object_file
    assert plain.symbol("A").binding == SymbolBinding.LOCAL and changed.symbol("A").binding == SymbolBinding.GLOBAL
    assert [plain.symbol("A").size, plain.symbol("B").value] == [0, 2]
    assert plain.section(".text").data == b"\1\0\0\0" and changed.section(".text").data == b"\7\0\0\0"
    assert again.to_bytes() == changed.to_bytes()


@pytest.mark.parametrize(
    ("text", "message", "line"),
    [
        ('.include "words.inc"\n.include "words.inc"\n', "macro `put` is already defined at include/words.inc:2", 2),
        ('WORD: nop\n.include "words.inc"\n', "`WORD` is already defined at main.s:1:1", 1),
        (".equ A, 1\n.macro .dot\n.endm\n.equ B, 2\n.word B\n", "does not begin with `.`", 2),
        (".macro a\n.endm\n.macro A\n.endm\n", "macro `A` is already defined at main.s:1", 3),
    ],
)
def test_a_name_that_is_taken_is_told_at_its_line(root: Path, text: str, message: str, line: int) -> None:
    with pytest.raises(SourceError) as caught:
        assemble(root, text)
    assert message in str(caught.value)
    assert caught.value.location.line == line
