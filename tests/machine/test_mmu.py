"""The table walk and the permission check against the tables of ARM DDI 0406C, B3."""

from __future__ import annotations

import pytest

from minikernel.machine.mmu import (
    Access,
    ControlRegisters,
    FaultStatus,
    MmuFault,
    TlbEntry,
    allowed,
    check,
    walk,
)

R, W, X = Access.READ, Access.WRITE, Access.EXECUTE
TTB = 0x8000_4000
CLIENT_OF_ALL = 0x5555_5555
REGISTERS = ControlRegisters(sctlr=1, ttbr0=TTB, dacr=CLIENT_OF_ALL, asid=7)


class Memory(dict[int, int]):
    """Words by physical address; `hole` is not RAM."""

    hole = range(0)

    def word(self, paddr: int) -> int | None:
        return None if paddr in self.hole else self.get(paddr, 0)


def first(addr: int, descriptor: int) -> Memory:
    return Memory({TTB + 4 * (addr >> 20): descriptor})


def second(addr: int, first_descriptor: int, descriptor: int) -> Memory:
    memory = first(addr, first_descriptor)
    memory[(first_descriptor & ~0x3FF) + 4 * (addr >> 12 & 0xFF)] = descriptor
    return memory


def test_section_translates_all_of_its_mebibyte() -> None:
    memory = first(0xC01A_BCDE, 0x9AB0_0C02)
    entry = walk(0xC01A_BCDE, REGISTERS, memory.word)
    assert entry == TlbEntry(0xC01AB, 0x9ABAB, 0b011, False, False, 0, 256, None)


@pytest.mark.parametrize(
    ("descriptor", "field", "value"),
    [
        (0x9AB0_0C02 | 0xA << 5, "domain", 10),
        (0x9AB0_0C02 | 1 << 4, "xn", True),
        (0x9AB0_0C03, "pxn", True),
        (0x9AB0_8402, "ap", 0b101),
        (0x9AB2_0C02, "asid", 7),
    ],
)
def test_section_fields(descriptor: int, field: str, value: int) -> None:
    assert getattr(walk(0xC010_0000, REGISTERS, first(0xC010_0000, descriptor).word), field) == value


def test_small_page() -> None:
    entry = walk(0x0001_2345, REGISTERS, second(0x0001_2345, 0x8001_0001 | 3 << 5, 0x8765_4A3F).word)
    assert entry == TlbEntry(0x12, 0x87654, 0b111, True, False, 3, 1, 7)


def test_large_page_takes_sixteen_bits_of_the_address() -> None:
    entry = walk(0x0001_2345, REGISTERS, second(0x0001_2345, 0x8001_0005, 0x8765_8031).word)
    assert entry == TlbEntry(0x12, 0x87652, 0b011, True, True, 0, 16, None)


@pytest.mark.parametrize(
    ("descriptor", "status"),
    [
        (0, FaultStatus.TRANSLATION_SECTION),
        (0x9AB4_0C02, FaultStatus.TRANSLATION_SECTION),  # a supersection
    ],
)
def test_first_level_faults(descriptor: int, status: FaultStatus) -> None:
    assert walk(0xC010_0000, REGISTERS, first(0xC010_0000, descriptor).word) == MmuFault(status)


def test_second_level_translation_fault_names_the_domain() -> None:
    found = walk(0x1000, REGISTERS, second(0x1000, 0x8001_0001 | 5 << 5, 0).word)
    assert found == MmuFault(FaultStatus.TRANSLATION_PAGE, 5)
    assert found.dfsr(is_write=True) == 0x857
    assert found.ifsr() == 0x7


def test_tables_outside_ram_are_external_aborts() -> None:
    memory = second(0x1000, 0x8001_0001, 0x8765_4033)
    memory.hole = range(0x8001_0000, 0x8001_1000)
    assert walk(0x1000, REGISTERS, memory.word) == MmuFault(FaultStatus.EXTERNAL_ABORT_ON_WALK_SECOND)
    memory.hole = range(TTB, TTB + 4)
    assert walk(0x1000, REGISTERS, memory.word) == MmuFault(FaultStatus.EXTERNAL_ABORT_ON_WALK_FIRST)


def test_ttbcr_splits_the_address_space() -> None:
    registers = ControlRegisters(sctlr=1, ttbr0=0x8002_0000, ttbr1=0x8002_4000, ttbcr=2, dacr=CLIENT_OF_ALL)
    memory = Memory({0x8002_0000 + 4 * 0x3FF: 0x1110_0C02, 0x8002_4000 + 4 * 0x400: 0x2220_0C02})
    low, high = (walk(addr, registers, memory.word) for addr in (0x3FF0_0000, 0x4000_0000))
    assert isinstance(low, TlbEntry)
    assert isinstance(high, TlbEntry)
    assert (low.frame, high.frame) == (0x11100, 0x22200)
    for addr, disable in ((0x3FF0_0000, 1 << 4), (0x4000_0000, 1 << 5)):
        closed = ControlRegisters(sctlr=1, ttbr0=0x8002_0000, ttbr1=0x8002_4000, ttbcr=2 | disable)
        assert walk(addr, closed, memory.word) == MmuFault(FaultStatus.TRANSLATION_SECTION)


def entry_with(ap: int, *, xn: bool = False, pxn: bool = False, domain: int = 0, span: int = 1) -> TlbEntry:
    return TlbEntry(1, 1, ap, xn, pxn, domain, span, None)


@pytest.mark.parametrize(
    ("ap", "privileged", "user"),
    [
        (0b000, Access(0), Access(0)),
        (0b001, R | W | X, Access(0)),
        (0b010, R | W | X, R | X),
        (0b011, R | W | X, R | W | X),
        (0b101, R | X, Access(0)),
        (0b110, R | X, R | X),
        (0b111, R | X, R | X),
    ],
)
def test_access_permissions(ap: int, privileged: Access, user: Access) -> None:
    assert allowed(entry_with(ap), REGISTERS, is_privileged=True) == privileged
    assert allowed(entry_with(ap), REGISTERS, is_privileged=False) == user


def test_simplified_permissions_and_access_flag() -> None:
    registers = ControlRegisters(sctlr=1 | 1 << 29, ttbr0=TTB, dacr=CLIENT_OF_ALL)
    assert allowed(entry_with(0b101), registers, is_privileged=True) == R | X
    assert allowed(entry_with(0b001), registers, is_privileged=False) == Access(0)
    found = walk(0xC010_0000, registers, first(0xC010_0000, 0x9AB0_0802).word)
    assert found == MmuFault(FaultStatus.ACCESS_FLAG_SECTION)
    found = walk(0x1000, registers, second(0x1000, 0x8001_0001, 0x8765_4022).word)
    assert found == MmuFault(FaultStatus.ACCESS_FLAG_PAGE)


def test_execute_never_in_its_four_forms() -> None:
    assert allowed(entry_with(0b011, xn=True), REGISTERS, is_privileged=False) == R | W
    assert allowed(entry_with(0b011, pxn=True), REGISTERS, is_privileged=True) == R | W
    assert allowed(entry_with(0b011, pxn=True), REGISTERS, is_privileged=False) == R | W | X
    wxn = ControlRegisters(sctlr=1 | 1 << 19, dacr=CLIENT_OF_ALL)
    assert allowed(entry_with(0b001), wxn, is_privileged=True) == R | W
    assert allowed(entry_with(0b101), wxn, is_privileged=True) == R | X
    uwxn = ControlRegisters(sctlr=1 | 1 << 20, dacr=CLIENT_OF_ALL)
    assert allowed(entry_with(0b011), uwxn, is_privileged=True) == R | W
    assert allowed(entry_with(0b011), uwxn, is_privileged=False) == R | W | X


@pytest.mark.parametrize("span", [1, 256])
def test_domains(span: int) -> None:
    entry = entry_with(0b101, xn=True, domain=9, span=span)
    manager = ControlRegisters(dacr=3 << 18)
    assert check(entry, manager, X, is_privileged=False) == R | W | X
    fault = MmuFault(FaultStatus.DOMAIN_SECTION if span == 256 else FaultStatus.DOMAIN_PAGE, 9)
    for nobody in (0, 2):
        assert check(entry, ControlRegisters(dacr=nobody << 18), R, is_privileged=True) == fault
    denied = MmuFault(FaultStatus.PERMISSION_SECTION if span == 256 else FaultStatus.PERMISSION_PAGE, 9)
    assert check(entry, REGISTERS, W, is_privileged=True) == denied
    assert denied.dfsr(is_write=True) == (0x89D if span == 256 else 0x89F)
