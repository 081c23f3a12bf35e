"""Reading the console around a typed line."""

from __future__ import annotations

import pytest

from minikernel.kernel.tty import printed_by, typed_line


def test_echo_and_prompt_are_not_part_of_what_was_printed() -> None:
    assert printed_by("ls", b"ls\r\ndev\r\nproc\r\n# ") == "dev\nproc\n"
    assert printed_by("true", b"true\r\n# ") == ""


def test_output_without_a_line_end_is_kept_whole() -> None:
    assert printed_by("cat x", b"cat x\r\nno newline# ") == "no newline# "


def test_one_line_is_typed_at_a_time() -> None:
    assert typed_line("echo ü") == "echo ü\n".encode()
    with pytest.raises(ValueError, match="one line at a time"):
        typed_line("a\nb")
