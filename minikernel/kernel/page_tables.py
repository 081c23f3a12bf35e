"""The address space: the tables that the processor walks, in ranges, and what lives in each (guest/kernel/mmu.s,
module_memory.s, include/memory.inc)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

from minikernel.kernel.memory import PAGE_SIZE
from minikernel.kernel.modules import AREA_END, AREA_START, KINDS, Module
from minikernel.kernel.page_alloc import MemMap, PageFlag, read_mem_map
from minikernel.kernel.structures import NotThereYet, Problems, Structures, View
from minikernel.machine.machine import PERMISSION_LETTERS, GuestMemoryError, Machine
from minikernel.machine.mmu import (
    SECTION_SPAN,
    Access,
    ControlRegisters,
    FaultStatus,
    MmuFault,
    TlbEntry,
    allowed,
    walk,
)

CHANGES = frozenset(
    {
        "paging_init",
        "change_pages",
        "set_page_present",
        "map_user_page",
        "unmap_user_pages",
        "module_mem_alloc",
        "module_mem_free",
        "module_mem_protect",
    }
)
SECTION_SIZE = SECTION_SPAN * PAGE_SIZE
ADDRESS_SPACE = 1 << 32

#: Where the tables are, by TTBR0 and a first-level descriptor (ARM DDI 0406C, B3.5.1); bytes of a second-level one.
L1_BASE, L2_BASE, L2_SIZE = 0xFFFF_C000, 0xFFFF_FC00, 0x400

AREA_FIELDS = ("ADDR", "PAGES", "KIND")
AREA_LIMIT = 4096

#: The image by its linker script's symbols: what lies between two of them.
IMAGE_PARTS = (
    ("text", "_text", "__start_rodata"),
    ("rodata", "__start_rodata", "__init_begin"),
    ("init text", "__init_begin", "__initdata_begin"),
    ("init data", "__initdata_begin", "__init_end"),
    ("data", "_sdata", "__bss_start"),
    ("bss", "__bss_start", "_end"),
)


@dataclass(frozen=True)
class PageRange:
    """Pages in a row that are alike: [start, end), what the kernel and the user program may do there ("r-x"), the
    domain, and what lives there. `physical` is the first page's; None where the pages behind are not in a row."""

    start: int
    end: int
    physical: int | None
    kernel: str
    user: str
    domain: int
    what: str

    @property
    def pages(self) -> int:
        """Of 4 KiB; a section has 256."""
        return (self.end - self.start) // PAGE_SIZE

    def __contains__(self, addr: int) -> bool:
        return self.start <= addr < self.end


@dataclass(frozen=True)
class PageTables(View):
    """Everything that is mapped, by address. `ttbr0` is the physical address of the first-level table."""

    headings = ("virtual", "physical", "kernel", "user", "domain", "pages", "what")

    ttbr0: int = 0
    ranges: tuple[PageRange, ...] = ()

    def rows(self) -> Iterator[tuple[str, ...]]:
        """A row for each range."""
        for each in self.ranges:
            physical = "scattered" if each.physical is None else f"{each.physical:#010x}"
            virtual = f"{each.start:#010x}-{each.end - 1:#010x}"
            yield virtual, physical, each.kernel, each.user, str(each.domain), f"{each.pages:,}", each.what


#: What lives at a virtual address that is mapped to a physical one.
Tenant = Callable[[int, int], str]


def read_page_tables(guest: Structures, machine: Machine, modules: Callable[[], tuple[Module, ...]]) -> PageTables:
    """The tables as they are now; `modules` names the owners of module memory. Raises ImageError."""
    return guest.view(partial(_tables, machine, modules), PageTables(), CHANGES)


def _tables(
    machine: Machine, modules: Callable[[], tuple[Module, ...]], guest: Structures, problems: Problems
) -> PageTables:
    tenant = _tenants(guest, machine, _module_areas(guest, modules, problems), problems)
    ranges = tuple(_merged(_mapped(machine, tenant, problems)))
    return PageTables(machine.control_registers.ttbr0 & L1_BASE, ranges)


class _Mapping(NamedTuple):
    """One page or section. `alike`: rights of kernel and user, domain, tenant."""

    addr: int
    size: int
    physical: int
    alike: tuple[str, str, int, str]


def _mapped(machine: Machine, tenant: Tenant, problems: Problems) -> Iterator[_Mapping]:
    """Every page and section that is mapped, by address."""
    registers, read = machine.control_registers, machine.ram.read_word
    rights: dict[tuple[int, bool, bool, int], tuple[str, str]] = {}
    for section in range(0, ADDRESS_SPACE, SECTION_SIZE):
        if _is_empty(machine, registers, section):
            continue
        at = section
        while at < section + SECTION_SIZE:
            found = walk(at, registers, read)
            if isinstance(found, MmuFault):
                if found.status is FaultStatus.TRANSLATION_SECTION:
                    break
                if found.status is not FaultStatus.TRANSLATION_PAGE:
                    problems(f"{at:#010x}: its tables are outside RAM")
                    break
                at += PAGE_SIZE
                continue
            bits = found.ap, found.xn, found.pxn, found.domain
            if bits not in rights:
                rights[bits] = _rights(found, registers, True), _rights(found, registers, False)
            size = SECTION_SIZE if found.is_section else PAGE_SIZE
            physical = found.frame * PAGE_SIZE
            yield _Mapping(at, size, physical, (*rights[bits], found.domain, tenant(at, physical)))
            at += size


def _is_empty(machine: Machine, registers: ControlRegisters, section: int) -> bool:
    """Whether a MiB has no mappings, told without walking; False also where TTBCR splits the address space."""
    if registers.ttbcr:
        return False
    first = machine.ram.read_word((registers.ttbr0 & L1_BASE) + section // SECTION_SIZE * 4)
    if first is None or first & 0b11 == 0b10:
        return False
    table = first & L2_BASE
    return first & 0b11 == 0 or (machine.ram.holds(table, L2_SIZE) and not any(machine.ram.read(table, L2_SIZE)))


def _rights(entry: TlbEntry, registers: ControlRegisters, is_privileged: bool) -> str:
    """`r-x`; for a domain that lets nobody in, nothing."""
    granted = allowed(entry, registers, is_privileged) or Access(0)
    return "".join(letter if granted & right else "-" for letter, right in PERMISSION_LETTERS)


def _merged(mappings: Iterator[_Mapping]) -> Iterator[PageRange]:
    """Ranges of pages that are alike."""
    group: list[_Mapping] = []
    for each in mappings:
        if group and (group[-1].addr + group[-1].size != each.addr or group[-1].alike != each.alike):
            yield _range(group)
            group = []
        group.append(each)
    if group:
        yield _range(group)


def _range(group: list[_Mapping]) -> PageRange:
    start, physical = group[0].addr, group[0].physical
    end = group[-1].addr + group[-1].size
    is_in_a_row = all(each.physical - physical == each.addr - start for each in group)
    return PageRange(start, end, physical if is_in_a_row else None, *group[0].alike)


# --- what lives where -------------------------------------------------------------------------------------------------


class _Part(NamedTuple):
    start: int
    end: int
    what: str


def _tenants(guest: Structures, machine: Machine, areas: Sequence[_Part], problems: Problems) -> Tenant:
    """Looks up who lives at an address."""
    offset, task_size = guest.constant("PAGE_OFFSET"), guest.constant("TASK_SIZE")
    table = guest.constant("SWAPPER_PG_DIR")
    boot_end = guest.variable("boot_alloc_next")
    parts = [_Part(guest.constant(start), guest.constant(end), what) for what, start, end in IMAGE_PARTS]
    parts.append(_Part(table, table + guest.constant("L1_TABLE_SIZE"), "first-level table"))
    parts.append(_Part(guest.constant("_end"), boot_end, "boot memory: page tables, mem_map"))
    mem_map = _mem_map_or_none(guest)

    def tenant(addr: int, physical: int) -> str:
        if not machine.ram.holds(physical, PAGE_SIZE):
            return _devices(machine, physical)
        if addr < task_size:
            return "user program"
        if AREA_START <= addr < AREA_END:
            return _part(areas, addr) or "module area"
        if addr == physical:
            return "RAM by its physical address (head.s)"
        page = None if mem_map is None or addr < offset else mem_map.page_of(addr)
        if page is not None and not page.flags & PageFlag.RESERVED:
            return "RAM of the page allocator"
        return _part(parts, addr) or "RAM"

    return tenant


def _mem_map_or_none(guest: Structures) -> MemMap | None:
    try:
        return read_mem_map(guest)
    except (NotThereYet, GuestMemoryError):
        return None


def _part(parts: Sequence[_Part], addr: int) -> str:
    return next((part.what for part in parts if part.start <= addr < part.end), "")


def _devices(machine: Machine, physical: int) -> str:
    """The devices of the board in a section."""
    end = physical + SECTION_SIZE
    names = [region.name for region in machine.board.regions if region.base < end and physical < region.end]
    return f"devices: {', '.join(names)}" if names else "device space, empty"


def _module_areas(
    guest: Structures, modules: Callable[[], tuple[Module, ...]], problems: Problems
) -> tuple[_Part, ...]:
    """The areas of the module loader: `hello text`; without a name while the module is not in the list."""
    try:
        owners = {memory.base: module.name for module in modules() for memory in module.memory}
    except GuestMemoryError:  # the list of modules is being changed, too
        owners = {}
    parts = []
    next_at = guest.constant("AREA_NEXT")
    for area in guest.linked(guest.constant("module_areas"), next_at, AREA_LIMIT, problems):
        start, pages, kind = (guest.word(area + guest.constant(f"AREA_{field}")) for field in AREA_FIELDS)
        named = KINDS[kind].value.replace("_", " ") if kind < len(KINDS) else "copy of a module's file"
        owner = owners.get(start)
        parts.append(
            _Part(start, start + pages * PAGE_SIZE, f"module {owner}: {named}" if owner else f"module: {named}")
        )
    return tuple(parts)
