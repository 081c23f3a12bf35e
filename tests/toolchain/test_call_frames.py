"""`.debug_frame`: the rows that a debugger computes from it are what the instructions do to sp, fp and lr."""

from __future__ import annotations

from io import BytesIO

import pytest
from elftools.dwarf.callframe import FDE
from elftools.elf.elffile import ELFFile

from minikernel.toolchain.assembler import assemble_unit
from minikernel.toolchain.source import SourceFile

Row = tuple[int, tuple[int, int], dict[int, int]]
"""Offset in the function, (register, distance to the CFA), register -> where it lies from the CFA."""

FP, SP, LR = 11, 13, 14


def rows_of(*lines: str) -> list[Row]:
    """The rows of the function with these lines; none when it has no entry."""
    body = "".join(f" {line}\n" for line in lines)
    text = f" nop\n .type f, %function\nf:\n{body} .size f, . - f\n"
    data = assemble_unit(SourceFile("t.s", text), debug=True).object_file.to_bytes()
    dwarf = ELFFile(BytesIO(data)).get_dwarf_info()
    if not dwarf.has_CFI():
        return []
    (entry,) = [entry for entry in dwarf.CFI_entries() if isinstance(entry, FDE)]
    assert (entry["initial_location"], entry["address_range"]) == (4, 4 * len(lines))
    return [
        (
            row["pc"] - 4,
            (row["cfa"].reg, row["cfa"].offset),
            {number: rule.arg for number, rule in row.items() if isinstance(number, int)},
        )
        for row in entry.get_decoded().table
    ]


RECORD = ("push {r4, r5, fp, lr}", "add fp, sp, #8")
SAVED = {4: -16, 5: -12, FP: -8, LR: -4}


def test_a_plain_frame_record_needs_no_entry() -> None:
    assert rows_of(*RECORD, "bl g", "pop {r4, r5, fp, pc}") == []


def test_a_function_without_a_record_has_none() -> None:
    assert rows_of("sub sp, sp, #8", "add sp, sp, #8", "bx lr") == []
    assert rows_of("mov r0, #0", *RECORD, "sub sp, sp, #8", "sub sp, fp, #8", "pop {r4, r5, fp, pc}") == []
    assert rows_of("push {r4, lr}", "add fp, sp, #0", "sub sp, sp, #8", "pop {r4, pc}") == []


def test_with_locals_the_body_is_reckoned_from_fp() -> None:
    rows = rows_of(*RECORD, "sub sp, sp, #8", "bl g", "sub sp, fp, #8", "pop {r4, r5, fp, pc}")
    assert rows == [(0, (SP, 0), {}), (4, (SP, 16), SAVED), (8, (FP, 8), SAVED)]


def test_behind_a_pop_of_lr_the_caller_is_in_the_registers() -> None:
    rows = rows_of(
        "push {r0-r3}", "push {fp, lr}", "add fp, sp, #0", "bl g", "pop {fp, lr}", "add sp, sp, #16", "bx lr"
    )
    saved = {FP: -24, LR: -20}
    assert rows == [
        (0, (SP, 0), {}),
        (4, (SP, 16), {}),
        (8, (SP, 24), saved),
        (12, (FP, 24), saved),
        (20, (SP, 16), {}),
        (24, (SP, 0), {}),
        (28, (FP, 24), saved),
    ]


def test_code_behind_a_return_has_the_frame_again() -> None:
    head = (*RECORD, "sub sp, sp, #8", "beq 1f", "sub sp, fp, #8")
    rows = rows_of(*head, "pop {r4, r5, fp, lr}", "b g", "1: bl g", "sub sp, fp, #8", "pop {r4, r5, fp, pc}")
    assert rows[2:] == [(8, (FP, 8), SAVED), (24, (SP, 0), {}), (28, (FP, 8), SAVED)]


def test_a_single_register_is_pushed_by_a_store() -> None:
    rows = rows_of("push {r3}", "push {fp, lr}", "add fp, sp, #0", "pop {fp, lr}", "add sp, sp, #4", "bx lr")
    assert rows[:4] == [
        (0, (SP, 0), {}),
        (4, (SP, 4), {}),
        (8, (SP, 12), {FP: -12, LR: -8}),
        (12, (FP, 12), {FP: -12, LR: -8}),
    ]


@pytest.mark.parametrize("count", [1, 60, 63, 64, 300])
def test_long_functions_advance_by_more_than_one_byte(count: int) -> None:
    rows = rows_of("push {r3}", "push {fp, lr}", "add fp, sp, #0", *["nop"] * count, "pop {fp, lr}", "add sp, sp, #4")
    assert [row[0] for row in rows] == [0, 4, 8, 12, 12 + 4 * count + 4, 12 + 4 * count + 8]
