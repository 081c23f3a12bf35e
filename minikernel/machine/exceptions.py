"""Exception entry of the ARMv7-A architecture (ARM DDI 0406C, B1.8 and B1.9), without Virtualization and Security.

Pure tables and arithmetic: no engine and no machine here.
"""

from __future__ import annotations

from enum import Enum, IntEnum

from minikernel.values import dataclass

CPSR_T = 1 << 5
CPSR_F = 1 << 6
CPSR_I = 1 << 7
CPSR_A = 1 << 8
CPSR_E = 1 << 9
CPSR_IT_J = 0x0600_FC00 | 1 << 24
CPSR_MODE = 0x1F

SCTLR_M = 1 << 0
SCTLR_A = 1 << 1
SCTLR_V = 1 << 13
SCTLR_EE = 1 << 25
SCTLR_TE = 1 << 30
HIGH_VECTORS = 0xFFFF_0000


class Mode(IntEnum):
    """CPSR.M (B1.3.1)."""

    USR = 0x10
    FIQ = 0x11
    IRQ = 0x12
    SVC = 0x13
    MON = 0x16
    ABT = 0x17
    HYP = 0x1A
    UND = 0x1B
    SYS = 0x1F


def mode_name(cpsr: int) -> str:
    """`SVC`, `USR`, ... or the number of a mode that does not exist."""
    mode = cpsr & CPSR_MODE
    return Mode(mode).name if mode in Mode._value2member_map_ else f"{mode:#x}"


class ExceptionKind(Enum):
    """The exceptions this machine takes."""

    UNDEFINED = "undefined instruction"
    SUPERVISOR_CALL = "supervisor call"
    PREFETCH_ABORT = "prefetch abort"
    DATA_ABORT = "data abort"
    IRQ = "IRQ"


@dataclass(frozen=True)
class Vector:
    """One row of tables B1-3 (vector offsets) and B1-6/B1-7 (preferred return address and LR offset)."""

    offset: int
    mode: Mode
    masks: int  # bits set in CPSR on entry
    lr_arm: int  # LR = preferred return address + this
    lr_thumb: int


VECTORS = {
    ExceptionKind.UNDEFINED: Vector(0x04, Mode.UND, CPSR_I, 4, 2),
    ExceptionKind.SUPERVISOR_CALL: Vector(0x08, Mode.SVC, CPSR_I, 0, 0),
    ExceptionKind.PREFETCH_ABORT: Vector(0x0C, Mode.ABT, CPSR_I | CPSR_A, 4, 4),
    ExceptionKind.DATA_ABORT: Vector(0x10, Mode.ABT, CPSR_I | CPSR_A, 8, 8),
    ExceptionKind.IRQ: Vector(0x18, Mode.IRQ, CPSR_I | CPSR_A, 4, 4),
}


@dataclass(frozen=True)
class Entry:
    """What entering an exception writes: CPSR first (it switches the bank), SPSR and LR of the new mode, PC."""

    cpsr: int
    spsr: int
    lr: int
    pc: int


def vector_address(kind: ExceptionKind, sctlr: int, vbar: int) -> int:
    """Where the exception's first instruction stands (B1.8.1)."""
    base = HIGH_VECTORS if sctlr & SCTLR_V else vbar & ~0x1F
    return (base + VECTORS[kind].offset) & 0xFFFF_FFFF


def enter(kind: ExceptionKind, pc: int, cpsr: int, sctlr: int, vbar: int) -> Entry:
    """The entry into `kind`; `pc` is the preferred return address: the faulting or interrupted instruction,
    for a supervisor call the one after it."""
    vector = VECTORS[kind]
    new_cpsr = cpsr & ~(CPSR_MODE | CPSR_IT_J | CPSR_T | CPSR_E) | vector.mode | vector.masks
    if sctlr & SCTLR_TE:
        new_cpsr |= CPSR_T
    if sctlr & SCTLR_EE:
        new_cpsr |= CPSR_E
    lr = pc + (vector.lr_thumb if cpsr & CPSR_T else vector.lr_arm)
    return Entry(new_cpsr, cpsr, lr & 0xFFFF_FFFF, vector_address(kind, sctlr, vbar))
