"""The board's page: no overlaps, and the same numbers as the guest's include file."""

import re
from pathlib import Path

import pytest

from minikernel.board.memory_map import (
    IRQ_MAP,
    KIB,
    MEMORY_MAP,
    RAM_DEFAULT_SIZE,
    RAM_MAX_SIZE,
    Interrupt,
    OverlapError,
    Region,
    address_of,
    check_irq_map,
    check_memory_map,
    memory_map,
)

BOARD_INC = Path(__file__).parents[2] / "guest" / "include" / "board.inc"


def guest_constants():
    pattern = re.compile(r"^\s*\.equ\s+(\w+),\s*(0x[0-9a-fA-F]+|\d+)", re.MULTILINE)
    return {name: int(value, 0) for name, value in pattern.findall(BOARD_INC.read_text())}


def test_regions_ascend_without_overlap():
    assert [region.base for region in MEMORY_MAP] == sorted(region.base for region in MEMORY_MAP)
    check_memory_map(MEMORY_MAP)
    check_irq_map(IRQ_MAP)


def test_regions_are_whole_kilobytes_for_a_machine_with_pages_of_that_size():
    assert all(region.base % KIB == 0 and region.size % KIB == 0 for region in MEMORY_MAP)


def test_overlap_names_both_owners_and_their_addresses():
    with pytest.raises(OverlapError) as caught:
        check_memory_map([Region("uart", 0x1000, 0x1000), Region("rtc", 0x1FFF, 1), Region("far", 0x9000, 1)])
    assert str(caught.value) == "memory map: uart (0x00001000-0x00001fff) and rtc (0x00001fff-0x00001fff) overlap"


def test_neighbours_do_not_overlap():
    check_memory_map([Region("b", 0x2000, 0x1000), Region("a", 0x1000, 0x1000)])


def test_interrupt_claimed_twice_names_both_owners():
    with pytest.raises(OverlapError, match="irq map: uart and rtc both have SPI 5"):
        check_irq_map([Interrupt("uart", 5), Interrupt("rtc", 5)])


@pytest.mark.parametrize("size", [RAM_DEFAULT_SIZE, 1 << 20, RAM_MAX_SIZE])
def test_ram_has_the_size_asked_for(size):
    assert memory_map(size)[-1] == Region("ram", 0x8000_0000, size)


def test_address_of_an_owner():
    assert address_of("uart0") == 0x1C09_0000


@pytest.mark.parametrize(
    ("name", "owner"),
    [
        ("RAM_PHYS", "ram"),
        ("FLASH_PHYS", "flash"),
        ("USB_PHYS", "ehci"),
        ("SYSREG_PHYS", "sysreg"),
        ("UART0_PHYS", "uart0"),
        ("TIMER_PHYS", "timer"),
        ("RTC_PHYS", "rtc"),
        ("SENSOR_PHYS", "sensor"),
        ("PROCWIN_PHYS", "procwin"),
        ("GIC_DIST_PHYS", "gic-distributor"),
        ("GIC_CPU_PHYS", "gic-cpu"),
    ],
)
def test_guest_has_the_same_addresses(name, owner):
    assert guest_constants()[name] == address_of(owner)


def test_guest_has_the_same_sizes():
    constants = guest_constants()
    sizes = {region.owner: region.size for region in MEMORY_MAP}
    assert (constants["RAM_SIZE_DEFAULT"], constants["FLASH_WINDOW"]) == (sizes["ram"], sizes["flash"])


def test_guest_looks_for_the_iommu_where_nothing_is():
    iommu = guest_constants()["IOMMU_PHYS"]
    assert not any(region.base <= iommu < region.end for region in MEMORY_MAP)


@pytest.mark.parametrize("interrupt", IRQ_MAP, ids=lambda interrupt: interrupt.owner)
def test_guest_has_the_same_interrupt_numbers(interrupt):
    assert guest_constants()[f"IRQ_{interrupt.owner.upper()}"] == interrupt.irq
