"""The board on one page: what answers where, and which interrupt is whose.

Addresses and SPI numbers are those of the Versatile Express with Cortex-A15 ("RS1" map; Linux's
vexpress-v2p-ca15.dts), with the camera's own parts in places that are empty there. guest/include/board.inc says the
same to the guest; a test compares the two.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

from minikernel.errors import MinikernelError
from minikernel.values import dataclass

KIB, MIB = 1 << 10, 1 << 20

RAM_DEFAULT_SIZE = 16 * MIB
RAM_MAX_SIZE = 1024 * MIB


@dataclass(frozen=True)
class Region:
    """A range of physical addresses that one owner answers. `size` in bytes; both are multiples of 1 KiB."""

    owner: str
    base: int
    size: int

    @property
    def end(self) -> int:
        """The first address behind it."""
        return self.base + self.size


@dataclass(frozen=True)
class Interrupt:
    """A shared peripheral interrupt of the GIC; its interrupt id is 32 + spi."""

    owner: str
    spi: int

    @property
    def irq(self) -> int:
        """The GIC's interrupt id."""
        return 32 + self.spi


class OverlapError(MinikernelError):
    """Two owners claim the same address or the same interrupt."""


# Physical addresses, ascending. Where nothing is listed, reads give 0 and writes go nowhere.
MEMORY_MAP = (
    # 0x00000000: the real board maps its flash here too, for booting. This one starts in RAM, as QEMU's -kernel does.
    Region("flash", 0x0800_0000, 64 * MIB),  # NOR 0; the second chip pair at 0x0c000000 is not fitted
    # 0x14000000-0x1affffff: SRAM, video RAM, Ethernet and the ISP1761 USB controller of the real board, not fitted.
    Region("ehci", 0x1B00_0000, 1 * KIB),  # ours: USB controller, its companion, the bulk pipe
    Region("uhci", 0x1B00_0400, 1 * KIB),
    Region("usb-bulk", 0x1B00_0800, 2 * KIB),
    # 0x1c000000: the motherboard's peripherals, 64 KiB apart. Not fitted: SP810, AACI, MMC, keyboard, mouse, UART 1-3.
    Region("sysreg", 0x1C01_0000, 4 * KIB),
    Region("uart0", 0x1C09_0000, 4 * KIB),
    Region("timer", 0x1C11_0000, 4 * KIB),  # SP804 timers 0 and 1; the second pair at 0x1c120000 is not fitted
    Region("rtc", 0x1C17_0000, 4 * KIB),
    Region("sensor", 0x1C20_0000, 4 * KIB),  # ours: behind the motherboard's last peripheral (CLCD, 0x1c1f0000)
    Region("procwin", 0x1C21_0000, 4 * KIB),  # ours
    # 0x2b000000: an IOMMU on other boards. Nothing here: the guest's iommu_init finds that out.
    # 0x2c000000: the A15's private peripherals. GICH and GICV (virtualization, 0x2c004000, 0x2c006000) are not there.
    Region("gic-distributor", 0x2C00_1000, 4 * KIB),
    Region("gic-cpu", 0x2C00_2000, 8 * KIB),
    Region("ram", 0x8000_0000, RAM_DEFAULT_SIZE),  # the real size is the machine's choice
)

# Shared peripheral interrupts, ascending. Up to 15 they are the motherboard's numbers; the camera's start at 16.
IRQ_MAP = (
    # 0, 1: watchdog and software interrupt of the real board.
    Interrupt("timer", 2),
    # 3: the second SP804.
    Interrupt("rtc", 4),
    Interrupt("uart0", 5),
    # 6-8: UART 1-3; 9-15: MMC, AACI, CLCD, keyboard, mouse, Ethernet.
    Interrupt("usb", 16),  # EHCI and the bulk pipe together
    Interrupt("uhci", 17),
    Interrupt("sensor", 24),
    Interrupt("procwin", 25),
)


def memory_map(ram_size: int = RAM_DEFAULT_SIZE) -> tuple[Region, ...]:
    """MEMORY_MAP with `ram_size` bytes of RAM, checked. Raises OverlapError naming both owners."""
    regions = tuple(
        Region(region.owner, region.base, ram_size) if region.owner == "ram" else region for region in MEMORY_MAP
    )
    check_memory_map(regions)
    return regions


def check_memory_map(regions: Iterable[Region]) -> None:
    """Raises OverlapError, naming both owners, when two regions have an address in common."""
    for lower, upper in pairwise(sorted(regions, key=lambda region: region.base)):
        if lower.end > upper.base:
            raise OverlapError(
                f"memory map: {lower.owner} ({lower.base:#010x}-{lower.end - 1:#010x}) and"
                f" {upper.owner} ({upper.base:#010x}-{upper.end - 1:#010x}) overlap"
            )


def check_irq_map(interrupts: Iterable[Interrupt]) -> None:
    """Raises OverlapError, naming both owners, when two have the same number."""
    owners: dict[int, str] = {}
    for interrupt in interrupts:
        other = owners.setdefault(interrupt.spi, interrupt.owner)
        if other != interrupt.owner:
            raise OverlapError(f"irq map: {other} and {interrupt.owner} both have SPI {interrupt.spi}")


def address_of(owner: str) -> int:
    """The physical base address of an owner in MEMORY_MAP."""
    return next(region.base for region in MEMORY_MAP if region.owner == owner)


def spi_of(owner: str) -> int:
    """The SPI number of an owner in IRQ_MAP."""
    return next(interrupt.spi for interrupt in IRQ_MAP if interrupt.owner == owner)
