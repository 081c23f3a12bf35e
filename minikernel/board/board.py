"""The camera board: all devices built, wired and mapped, behind one `read` and one `write` for physical addresses.

A machine gives it a clock and asks four things: read and write, when the next thing happens (`deadline`), to let it
happen (`tick`), and whether the CPU is interrupted (`irq_pending`).
"""

from __future__ import annotations

from minikernel.board.cfi_flash import CfiFlash
from minikernel.board.desktop import Desktop
from minikernel.board.device import AccessLog, BoardPart, Clock, Device, IrqLine, OrGate, State, earliest, ignore_access
from minikernel.board.gicv2 import Gic, GicCpuInterface, GicDistributor
from minikernel.board.image_sensor import ImageSensor
from minikernel.board.memory_map import IRQ_MAP, MIB, RAM_DEFAULT_SIZE, check_irq_map, memory_map, spi_of
from minikernel.board.pl011 import Pl011
from minikernel.board.pl031 import Pl031
from minikernel.board.proc_window import ProcWindow
from minikernel.board.register_log import LoggedDevice, RegisterLog
from minikernel.board.scene import default_scene
from minikernel.board.sp804 import Sp804
from minikernel.board.system_registers import PowerRequest, SystemRegisters
from minikernel.board.usb_bulk import BulkPipe
from minikernel.board.usb_ehci import Ehci
from minikernel.board.usb_port import UsbPort
from minikernel.board.usb_uhci import Uhci
from minikernel.values import dataclass

UNASSIGNED = "unassigned"


@dataclass(frozen=True)
class MemoryRegion:
    """One device in the map: offset 0 of `device` is at physical address `base`; `size` in bytes."""

    name: str
    base: int
    size: int
    device: Device

    @property
    def end(self) -> int:
        """The first address behind it."""
        return self.base + self.size


@dataclass(frozen=True)
class UsbStub:
    """The parts of USB: two controllers, the pipe, the connector, and every register access so far."""

    ehci: Ehci
    uhci: Uhci
    bulk: BulkPipe
    port: UsbPort
    log: RegisterLog


@dataclass(frozen=True)
class BoardState:
    """The state of every part by its name; a plain value."""

    parts: tuple[tuple[str, State], ...]


class Board:
    """The devices by name, and the dispatch table.

    clock: virtual time. scene: a whole PPM file, None for the drawn one. flash: its contents, None for 4 MiB erased.
    ram_size is only used to check the map. access_log is called for accesses to unknown registers, with the device's
    name and the offset, and for accesses where no device is, with the name "unassigned" and the physical address.

    Raises ImageError for a scene that is no PPM picture and for a flash of impossible size.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        scene: bytes | None = None,
        flash: bytes | None = None,
        ram_size: int = RAM_DEFAULT_SIZE,
        access_log: AccessLog = ignore_access,
        scene_name: str = "scene",
        flash_name: str = "flash",
    ) -> None:
        self._access_log = access_log
        scene = default_scene() if scene is None else scene

        self.gic = Gic()
        usb_irq = OrGate(self._spi("usb"))
        port, log = UsbPort(), RegisterLog()

        self.uart = Pl011(self._spi("uart0"), access_log)
        self.timer = Sp804(clock, self._spi("timer"), access_log)
        self.rtc = Pl031(clock, self._spi("rtc"), access_log)
        self.sysreg = SystemRegisters(clock, access_log)
        self.flash = CfiFlash(clock, flash, access_log, flash_name)
        self.sensor = ImageSensor(clock, self._spi("sensor"), scene, access_log, scene_name)
        self.procwin = ProcWindow(self._spi("procwin"), access_log)
        self.usb = UsbStub(
            Ehci(clock, usb_irq.input("ehci"), port, access_log),
            Uhci(clock, self._spi("uhci"), port, access_log),
            BulkPipe(clock, usb_irq.input("usb-bulk"), port, access_log),
            port,
            log,
        )
        self.desktop = Desktop(clock, port, self.usb.bulk)

        devices: tuple[Device, ...] = (
            self.flash,
            LoggedDevice(self.usb.ehci, log, clock),
            LoggedDevice(self.usb.uhci, log, clock),
            LoggedDevice(self.usb.bulk, log, clock),
            self.sysreg,
            self.uart,
            self.timer,
            self.rtc,
            self.sensor,
            self.procwin,
            GicDistributor(self.gic, access_log),
            GicCpuInterface(self.gic, access_log),
        )
        # The order in which simultaneous things happen, and in which load() goes: the GIC last, because the other
        # devices drive their lines while they load and must not leave edges behind.
        self._parts: tuple[BoardPart, ...] = (*devices[:-2], port, log, self.desktop, self.gic)
        # Parts that act by themselves, grouped by what an access to one of them can set going.
        self._timed: tuple[tuple[BoardPart, ...], ...] = (
            (self.timer,),
            (self.rtc,),
            (self.sensor,),
            (self.usb.ehci, self.usb.bulk, self.desktop),
        )
        self._deadlines: list[int | None] = []
        self._deadline: int | None = None  # the earliest of these
        self.deadline()
        self.regions = _placed(devices, ram_size)
        self._by_mib = _dispatch_table(self.regions)

    @property
    def irq_pending(self) -> bool:
        """nIRQ: an interrupt is signalled to the CPU."""
        return self.gic.irq_pending

    @property
    def power_request(self) -> PowerRequest | None:
        """What the guest asked of the board's power, or None."""
        return self.sysreg.power_request

    def region_at(self, paddr: int) -> MemoryRegion | None:
        """The device's region that holds the physical address; None where no device is (RAM too)."""
        for base, end, region in self._by_mib.get(paddr // MIB, ()):
            if base <= paddr < end:
                return region
        return None

    def read(self, paddr: int, size: int) -> int:
        """A bus read of `size` bytes, little-endian; 0 where nobody answers. Any address, any size from 1 to 8."""
        if paddr % size or size not in (1, 2, 4):
            return sum(self.read(paddr + i, step) << 8 * i for i, step in _split(paddr, size))
        region = self.region_at(paddr)
        if region is not None:
            return region.device.read(paddr - region.base, size)
        self._access_log(UNASSIGNED, paddr, False, 0)
        return 0

    def write(self, paddr: int, size: int, value: int) -> None:
        """A bus write of `size` bytes, little-endian; lost where nobody answers. Any address, any size from 1 to 8."""
        if paddr % size or size not in (1, 2, 4):
            for i, step in _split(paddr, size):
                self.write(paddr + i, step, value >> 8 * i & ((1 << 8 * step) - 1))
            return
        region = self.region_at(paddr)
        if region is not None:
            region.device.write(paddr - region.base, size, value)
        else:
            self._access_log(UNASSIGNED, paddr, True, value)

    def deadline(self) -> int | None:
        """When tick() is needed next: absolute virtual time in ns; None when nothing is to come by itself."""
        self._deadlines = [_deadline_of(group) for group in self._timed]
        self._deadline = earliest(*self._deadlines)
        return self._deadline

    def deadline_after_access(self, group: int) -> int | None:
        """The same, where since the last call nothing but one group of `timed_groups` was touched."""
        of_group = _deadline_of(self._timed[group])
        if of_group != self._deadlines[group]:
            self._deadlines[group] = of_group
            self._deadline = earliest(*self._deadlines)
        return self._deadline

    @property
    def timed_groups(self) -> tuple[tuple[MemoryRegion, ...], ...]:
        """The regions where an access may change the deadline, in groups that do so together."""
        named = [{part.name for part in group} for group in self._timed]
        return tuple(tuple(region for region in self.regions if region.name in names) for names in named)

    def tick(self) -> None:
        """Let everything happen that is due at the clock's time."""
        for group in self._timed:
            for part in group:
                part.tick()

    def save(self) -> BoardState:
        """The state of all parts. The clock's time is not in it."""
        return BoardState(tuple((part.name, part.save()) for part in self._parts))

    def load(self, state: BoardState) -> None:
        """Take a state that save() of an equal board gave. Set the clock first."""
        states = dict(state.parts)
        for part in self._parts:
            part.load(states[part.name])

    def _spi(self, owner: str) -> IrqLine:
        return self.gic.spi(spi_of(owner), owner)


def _deadline_of(group: tuple[BoardPart, ...]) -> int | None:
    first = None
    for part in group:  # asked for at every access to a timed device: cheaper than earliest()
        time = part.deadline()
        if time is not None and (first is None or time < first):
            first = time
    return first


def _placed(devices: tuple[Device, ...], ram_size: int) -> tuple[MemoryRegion, ...]:
    """Each device at its place in the memory map."""
    check_irq_map(IRQ_MAP)
    by_name = {device.name: device for device in devices}
    regions = memory_map(ram_size)
    return tuple(
        MemoryRegion(region.owner, region.base, region.size, by_name[region.owner])
        for region in regions
        if region.owner != "ram"
    )


def _dispatch_table(regions: tuple[MemoryRegion, ...]) -> dict[int, tuple[tuple[int, int, MemoryRegion], ...]]:
    """For each MiB with devices in it, the regions there: base, end and the region."""
    table: dict[int, tuple[tuple[int, int, MemoryRegion], ...]] = {}
    for region in regions:
        for mib in range(region.base // MIB, (region.end - 1) // MIB + 1):
            table[mib] = (*table.get(mib, ()), (region.base, region.end, region))
    return table


def _split(paddr: int, size: int) -> list[tuple[int, int]]:
    """An access that is no aligned byte, halfword or word, in pieces that are: (offset, size) each."""
    pieces, offset = [], 0
    while offset < size:
        step = next(s for s in (4, 2, 1) if (paddr + offset) % s == 0 and offset + s <= size)
        pieces.append((offset, step))
        offset += step
    return pieces
