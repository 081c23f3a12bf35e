"""Address translation: the short-descriptor table walk of ARMv7-A VMSA and its faults.

Source: ARM DDI 0406C, B3.5 (short-descriptor format), B3.7 (access permissions, domains), B3.12 (fault checking order),
B3.13.3 and B4.1.51/52 (DFSR). Pure: registers and a function that reads physical words go in, a TlbEntry or an MmuFault
comes out. Not modelled: memory types and cacheability, TEX remap, LPAE, supersections (they fault as no translation).
"""

from __future__ import annotations

from collections.abc import Callable
from enum import IntEnum, IntFlag
from typing import NamedTuple, TypeAlias

from minikernel.bits import bits
from minikernel.machine.exceptions import SCTLR_M
from minikernel.values import dataclass

PAGE_SHIFT = 12
PAGE_SIZE = 1 << PAGE_SHIFT
PAGE_MASK = PAGE_SIZE - 1
SMALL_PAGE_SPAN = 1
LARGE_PAGE_SPAN = 16
SECTION_SPAN = 256

SCTLR_WXN = 1 << 19
SCTLR_UWXN = 1 << 20
SCTLR_AFE = 1 << 29
TTBCR_PD0 = 1 << 4
TTBCR_PD1 = 1 << 5
TTBCR_EAE = 1 << 31


class Access(IntFlag):
    """What may be done with a page, or what is being done."""

    READ = 1
    WRITE = 2
    EXECUTE = 4


class FaultStatus(IntEnum):
    """FS[4:0] of DFSR and IFSR (table B3-23). The two levels of one fault are two codes."""

    ALIGNMENT = 0b00001
    DEBUG_EVENT = 0b00010
    ACCESS_FLAG_SECTION = 0b00011
    TRANSLATION_SECTION = 0b00101
    ACCESS_FLAG_PAGE = 0b00110
    TRANSLATION_PAGE = 0b00111
    EXTERNAL_ABORT = 0b01000
    DOMAIN_SECTION = 0b01001
    DOMAIN_PAGE = 0b01011
    EXTERNAL_ABORT_ON_WALK_FIRST = 0b01100
    PERMISSION_SECTION = 0b01101
    EXTERNAL_ABORT_ON_WALK_SECOND = 0b01110
    PERMISSION_PAGE = 0b01111


FAULT_NAMES = {
    FaultStatus.ALIGNMENT: "alignment fault",
    FaultStatus.DEBUG_EVENT: "breakpoint instruction",
    FaultStatus.ACCESS_FLAG_SECTION: "access flag fault (section)",
    FaultStatus.TRANSLATION_SECTION: "translation fault (section)",
    FaultStatus.ACCESS_FLAG_PAGE: "access flag fault (page)",
    FaultStatus.TRANSLATION_PAGE: "translation fault (page)",
    FaultStatus.EXTERNAL_ABORT: "external abort",
    FaultStatus.DOMAIN_SECTION: "domain fault (section)",
    FaultStatus.DOMAIN_PAGE: "domain fault (page)",
    FaultStatus.EXTERNAL_ABORT_ON_WALK_FIRST: "external abort on a table walk (first level)",
    FaultStatus.PERMISSION_SECTION: "permission fault (section)",
    FaultStatus.EXTERNAL_ABORT_ON_WALK_SECOND: "external abort on a table walk (second level)",
    FaultStatus.PERMISSION_PAGE: "permission fault (page)",
}


class MmuFault(NamedTuple):
    """A refused access. `domain` is 0 where the manual calls it unknown."""

    status: FaultStatus
    domain: int = 0

    def dfsr(self, is_write: bool) -> int:
        """The Data Fault Status Register: FS, domain, WnR."""
        return self.ifsr() | self.domain << 4 | is_write << 11

    def ifsr(self) -> int:
        """The Instruction Fault Status Register: FS only."""
        return self.status & 0xF | (self.status >> 4) << 10


class TlbEntry(NamedTuple):
    """One 4 KiB translation as a TLB holds it; permissions are checked at each access, for DACR may change.

    `page` and `frame` are virtual and physical page numbers; `ap` is AP[2:0]; `span` is how many
    such pages one descriptor covers (1, 16, 256): they are invalidated together. `asid` None for a global entry.
    """

    page: int
    frame: int
    ap: int
    xn: bool
    pxn: bool
    domain: int
    span: int
    asid: int | None

    @property
    def is_section(self) -> bool:
        """True when it comes from a first-level descriptor; the fault codes differ."""
        return self.span == SECTION_SPAN


WalkResult: TypeAlias = TlbEntry | MmuFault


@dataclass(frozen=True)
class ControlRegisters:
    """The system control registers that translation and exception entry look at."""

    sctlr: int = 0
    ttbr0: int = 0
    ttbr1: int = 0
    ttbcr: int = 0
    dacr: int = 0
    asid: int = 0
    vbar: int = 0

    @property
    def enabled(self) -> bool:
        """SCTLR.M."""
        return bool(self.sctlr & SCTLR_M)


# Put together once: an IntFlag makes a new object at each & and |, and a boot asks for eight hundred pages.
_NONE = Access(0)
_R = Access.READ
_RW = Access.READ | Access.WRITE
_FULL = Access.READ | Access.WRITE | Access.EXECUTE
_WITH_EXECUTE = {access: access | Access.EXECUTE for access in (_R, _RW)}

# AP[2:0] -> (privileged, unprivileged), SCTLR.AFE = 0 (table B3-8). 0b100 is reserved.
AP_FULL = {
    0b000: (_NONE, _NONE),
    0b001: (_RW, _NONE),
    0b010: (_RW, _R),
    0b011: (_RW, _RW),
    0b100: (_NONE, _NONE),
    0b101: (_R, _NONE),
    0b110: (_R, _R),
    0b111: (_R, _R),
}
# AP[2:1], SCTLR.AFE = 1: AP[0] is the access flag (table B3-7).
AP_SIMPLE = {0b00: (_RW, _NONE), 0b01: (_RW, _RW), 0b10: (_R, _NONE), 0b11: (_R, _R)}

DOMAIN_CLIENT = 1
DOMAIN_MANAGER = 3

# FaultStatus of (fault, is_section).
DOMAIN_FAULT = {True: FaultStatus.DOMAIN_SECTION, False: FaultStatus.DOMAIN_PAGE}
PERMISSION_FAULT = {True: FaultStatus.PERMISSION_SECTION, False: FaultStatus.PERMISSION_PAGE}


def walk(addr: int, registers: ControlRegisters, read_word: Callable[[int], int | None]) -> WalkResult:
    """Translate the page of `addr` by the tables in memory (B3.5.5). `read_word(paddr)` gives None outside RAM."""
    table = _first_level_table(addr, registers)
    if table is None:
        return MmuFault(FaultStatus.TRANSLATION_SECTION)
    descriptor = read_word(table)
    if descriptor is None:
        return MmuFault(FaultStatus.EXTERNAL_ABORT_ON_WALK_FIRST)
    match descriptor & 0b11:
        case 0b00:
            return MmuFault(FaultStatus.TRANSLATION_SECTION)
        case 0b01:
            return _walk_second_level(addr, descriptor, registers, read_word)
    return _section(addr, descriptor, registers)


def allowed(entry: TlbEntry, registers: ControlRegisters, is_privileged: bool) -> Access | None:
    """What the entry lets that privilege do; None when the domain lets nobody in (B3.7)."""
    domain = bits(registers.dacr, 2 * entry.domain + 1, 2 * entry.domain)
    if domain == DOMAIN_MANAGER:
        return _FULL
    if domain != DOMAIN_CLIENT:
        return None
    if registers.sctlr & SCTLR_AFE:
        privileged, unprivileged = AP_SIMPLE[entry.ap >> 1]
    else:
        privileged, unprivileged = AP_FULL[entry.ap]
    access = privileged if is_privileged else unprivileged
    if access is not _NONE and not _execute_never(entry, registers, access, unprivileged, is_privileged):
        return _WITH_EXECUTE[access]
    return access


def check(entry: TlbEntry, registers: ControlRegisters, access: Access, is_privileged: bool) -> Access | MmuFault:
    """All that is allowed, when `access` is among it; else the domain or permission fault."""
    granted = allowed(entry, registers, is_privileged)
    if granted is None:
        return MmuFault(DOMAIN_FAULT[entry.is_section], entry.domain)
    if not granted & access:
        return MmuFault(PERMISSION_FAULT[entry.is_section], entry.domain)
    return granted


def _execute_never(
    entry: TlbEntry, registers: ControlRegisters, access: Access, unprivileged: Access, is_privileged: bool
) -> bool:
    if entry.xn or (registers.sctlr & SCTLR_WXN and access & Access.WRITE):
        return True
    if not is_privileged:
        return False
    return entry.pxn or bool(registers.sctlr & SCTLR_UWXN and unprivileged & Access.WRITE)


def _first_level_table(addr: int, registers: ControlRegisters) -> int | None:
    """Physical address of the first-level descriptor; None where TTBCR.PD0/PD1 forbids the walk (B3.5.4)."""
    n = registers.ttbcr & 0b111
    if n and addr >> (32 - n):
        if registers.ttbcr & TTBCR_PD1:
            return None
        return registers.ttbr1 & 0xFFFF_C000 | addr >> 20 << 2
    if registers.ttbcr & TTBCR_PD0:
        return None
    base = registers.ttbr0 & ~((1 << (14 - n)) - 1) & 0xFFFF_FFFF
    return base | bits(addr, 31 - n, 20) << 2


def _section(addr: int, descriptor: int, registers: ControlRegisters) -> WalkResult:
    if descriptor & 1 << 18:  # supersection
        return MmuFault(FaultStatus.TRANSLATION_SECTION)
    ap = bits(descriptor, 15, 15) << 2 | bits(descriptor, 11, 10)
    domain = bits(descriptor, 8, 5)
    if registers.sctlr & SCTLR_AFE and not ap & 1:
        return MmuFault(FaultStatus.ACCESS_FLAG_SECTION, domain)
    return TlbEntry(
        page=addr >> PAGE_SHIFT,
        frame=(descriptor & 0xFFF0_0000 | addr & 0xF_FFFF) >> PAGE_SHIFT,
        ap=ap,
        xn=bool(descriptor & 1 << 4),
        pxn=bool(descriptor & 1),
        domain=domain,
        span=SECTION_SPAN,
        asid=registers.asid if descriptor & 1 << 17 else None,
    )


def _walk_second_level(
    addr: int, first: int, registers: ControlRegisters, read_word: Callable[[int], int | None]
) -> WalkResult:
    domain = bits(first, 8, 5)
    descriptor = read_word(first & 0xFFFF_FC00 | bits(addr, 19, 12) << 2)
    if descriptor is None:
        return MmuFault(FaultStatus.EXTERNAL_ABORT_ON_WALK_SECOND, domain)
    if descriptor & 0b11 == 0:
        return MmuFault(FaultStatus.TRANSLATION_PAGE, domain)
    is_large = descriptor & 0b11 == 1
    ap = bits(descriptor, 9, 9) << 2 | bits(descriptor, 5, 4)
    if registers.sctlr & SCTLR_AFE and not ap & 1:
        return MmuFault(FaultStatus.ACCESS_FLAG_PAGE, domain)
    paddr = descriptor & 0xFFFF_0000 | addr & 0xFFFF if is_large else descriptor & 0xFFFF_F000
    return TlbEntry(
        page=addr >> PAGE_SHIFT,
        frame=paddr >> PAGE_SHIFT,
        ap=ap,
        xn=bool(descriptor & (1 << 15 if is_large else 1)),
        pxn=bool(first & 1 << 2),
        domain=domain,
        span=LARGE_PAGE_SPAN if is_large else SMALL_PAGE_SPAN,
        asid=registers.asid if descriptor & 1 << 11 else None,
    )
