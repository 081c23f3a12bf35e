"""tutorials/asm-dialect.md cannot lie: its examples assemble, its refusals read as printed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from minikernel.errors import SourceError, SourceErrors
from minikernel.toolchain.assembler import assemble_unit
from minikernel.toolchain.directives import DIRECTIVES
from minikernel.toolchain.source import SourceFile

PAGE = (Path(__file__).resolve().parents[2] / "tutorials" / "asm-dialect.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^```asm\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
REFUSALS = re.findall(r"^```asm refused\n(.*?)^```\n\n```text\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("example", EXAMPLES)
def test_example_assembles(example: str) -> None:
    assert assemble_unit(SourceFile("x.s", example)).object_file.sections


@pytest.mark.parametrize(("example", "message"), REFUSALS)
def test_refusal_reads_as_printed(example: str, message: str) -> None:
    with pytest.raises((SourceError, SourceErrors)) as caught:
        assemble_unit(SourceFile("x.s", example))
    assert str(caught.value).startswith(message.rstrip("\n"))


def test_every_directive_stands_on_the_page() -> None:
    words = set(re.findall(r"\.\w+", PAGE))
    left_out = {".globl", ".ifnotdef", ".err"}  # other spellings
    assert set(DIRECTIVES) - left_out - words == set()
