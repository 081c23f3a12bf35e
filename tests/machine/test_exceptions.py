"""Exception entry against ARM DDI 0406C, B1.8 and B1.9."""

from __future__ import annotations

import pytest

from minikernel.machine.exceptions import CPSR_T, Entry, ExceptionKind, enter, mode_name, vector_address

USER = 0x6000_0010
KERNEL = 0x2000_0113
THUMB = 0x30


@pytest.mark.parametrize(
    ("kind", "pc", "expected"),
    [
        (ExceptionKind.UNDEFINED, 0x8000, Entry(0x6000_009B, USER, 0x8004, 0x104)),
        (ExceptionKind.SUPERVISOR_CALL, 0x8004, Entry(0x6000_0093, USER, 0x8004, 0x108)),
        (ExceptionKind.PREFETCH_ABORT, 0x8000, Entry(0x6000_0197, USER, 0x8004, 0x10C)),
        (ExceptionKind.DATA_ABORT, 0x8000, Entry(0x6000_0197, USER, 0x8008, 0x110)),
        (ExceptionKind.IRQ, 0x8000, Entry(0x6000_0192, USER, 0x8004, 0x118)),
    ],
)
def test_from_user_mode(kind: ExceptionKind, pc: int, expected: Entry) -> None:
    assert enter(kind, pc, USER, sctlr=0, vbar=0x100) == expected


@pytest.mark.parametrize(
    ("kind", "lr"),
    [
        (ExceptionKind.UNDEFINED, 0x8002),
        (ExceptionKind.SUPERVISOR_CALL, 0x8000),
        (ExceptionKind.PREFETCH_ABORT, 0x8004),
        (ExceptionKind.DATA_ABORT, 0x8008),
        (ExceptionKind.IRQ, 0x8004),
    ],
)
def test_thumb_return_addresses(kind: ExceptionKind, lr: int) -> None:
    entry = enter(kind, 0x8000, THUMB, sctlr=0, vbar=0)
    assert entry.lr == lr
    assert not entry.cpsr & CPSR_T


def test_masks_that_are_set_stay_set_and_it_state_is_cleared() -> None:
    entry = enter(ExceptionKind.IRQ, 0, 0x0700_FF53, sctlr=0, vbar=0)
    assert entry.cpsr == 0x0000_01D2
    assert entry.spsr == 0x0700_FF53


def test_sctlr_chooses_vectors_instruction_set_and_endianness() -> None:
    assert vector_address(ExceptionKind.IRQ, sctlr=1 << 13, vbar=0x1234_5600) == 0xFFFF_0018
    assert vector_address(ExceptionKind.IRQ, sctlr=0, vbar=0x1234_5600) == 0x1234_5618
    assert enter(ExceptionKind.IRQ, 0, KERNEL, sctlr=1 << 30 | 1 << 25, vbar=0).cpsr & 0x220 == 0x220


def test_mode_names() -> None:
    assert [mode_name(cpsr) for cpsr in (0x10, 0x1D3, 0x1F, 0x1E)] == ["USR", "SVC", "SYS", "0x1e"]
