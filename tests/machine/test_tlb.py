"""What each maintenance operation forgets."""

from __future__ import annotations

from minikernel.machine.mmu import TlbEntry
from minikernel.machine.tlb import Tlb


def entry(page: int, span: int = 1, asid: int | None = None) -> TlbEntry:
    return TlbEntry(page, page + 0x80000, 0b011, False, False, 0, span, asid)


def filled(*entries: TlbEntry) -> Tlb:
    tlb = Tlb()
    for each in entries:
        tlb.add(each)
    return tlb


def pages(tlb: Tlb) -> list[int]:
    return [each.page for each in tlb.entries()]


def test_global_entry_answers_every_address_space_and_others_only_their_own() -> None:
    tlb = filled(entry(1), entry(2, asid=5))
    assert tlb.find(1, 9) == entry(1)
    assert tlb.find(2, 5) == entry(2, asid=5)
    assert tlb.find(2, 9) is None


def test_by_address_takes_the_whole_section_or_large_page() -> None:
    tlb = filled(entry(0x10000, 256), entry(0x100FF, 256), entry(0x10100, 256), entry(0x20010, 16), entry(0x2001F, 16))
    tlb.invalidate_address(0x1004_2000, asid=0)
    assert pages(tlb) == [0x10100, 0x20010, 0x2001F]
    tlb.invalidate_address(0x2001_5000, asid=0)
    assert pages(tlb) == [0x10100]


def test_by_address_respects_the_address_space() -> None:
    tlb = filled(entry(1, asid=5), entry(1, asid=6), entry(2))
    tlb.invalidate_address(0x1000, asid=5)
    assert tlb.find(1, 5) is None
    assert tlb.find(1, 6) is not None
    tlb.invalidate_address(0x1000, asid=None)
    assert pages(tlb) == [2]


def test_by_address_space_keeps_global_entries() -> None:
    tlb = filled(entry(1, asid=5), entry(2))
    tlb.invalidate_asid(5)
    assert pages(tlb) == [2]
    tlb.invalidate_all()
    assert len(tlb) == 0


def test_save_and_load() -> None:
    tlb = filled(entry(1, asid=5), entry(2))
    other = Tlb()
    other.load(tlb.save())
    assert other.entries() == tlb.entries()
