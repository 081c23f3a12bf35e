"""`minikernel initcalls` and `minikernel map`: the built image without booting it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from minikernel.board.memory_map import Interrupt, Region
from minikernel.cli.screen import Line, Span
from minikernel.cli.story import LEVEL_NOTES, heading, plural
from minikernel.elf.image import Image
from minikernel.kernel.initcalls import LEVELS, Initcall
from minikernel.kernel.memory import PAGE_SIZE, init_range

#: The image's parts by the linker script's borders: what it is, first and last border, what may be done with it.
PARTS = (
    ("page tables", "SWAPPER_PG_DIR", "_text", "rw-"),
    ("text", "_text", "_etext", "r-x"),
    ("rodata", "__start_rodata", "__end_rodata", "r--"),
    ("init text", "__init_begin", "_einittext", "r-x"),
    ("init data", "__initdata_begin", "__init_end", "rw-"),
    ("data", "_sdata", "_edata", "rw-"),
    ("bss", "__bss_start", "__bss_stop", "rw-"),
)

#: Parts that share an interrupt -> its owner in the irq map.
SHARED_INTERRUPTS = {"ehci": "usb", "usb-bulk": "usb"}


def initcall_lines(calls: Sequence[Initcall], width: int) -> Iterator[Line]:
    """Every table with its entries, in the order they run."""
    by_level = {level: [call for call in calls if call.level == level] for level in LEVELS}
    for level, entries in by_level.items():
        if not entries:
            continue
        yield heading(level, LEVEL_NOTES[level], width, "deferred" if level == "deferred" else "level")
        for call in entries:
            yield (
                Span(f"  {call.name:<28}"),
                Span(f"{call.address:#010x}"),
                Span(f"   entry at {call.entry:#010x}", "dim"),
            )
    yield ()
    waiting = len(by_level["deferred"])
    yield (Span(f"  {plural(len(calls), 'initcall')}, {waiting} of them deferred", "title"),)


def image_lines(image: Image, width: int) -> Iterator[Line]:
    """The image's parts: range, size, permissions; and which of them free_initmem gives back."""
    yield heading("kernel image", "virtual addresses, as mapped once it runs", width)
    init_begin, init_end = init_range(image)
    for name, first, last, access in PARTS:
        if image.get(first) is None or image.get(last) is None:
            continue
        start, end = image.address(first), image.address(last)
        is_freed = init_begin <= start < init_end
        yield (
            Span(f"  {start:#010x}-{end:#010x}  "),
            Span(f"{end - start:>9,} bytes  "),
            Span(f"{access}  ", "dim"),
            Span(f"{name:<12}"),
            Span("freed by free_initmem" if is_freed else "", "free"),
        )
    size = init_end - init_begin
    yield (Span(f"  init memory: {plural(size, 'byte')}, {plural(size // PAGE_SIZE, 'page')}", "title"),)


def section_lines(image: Image, width: int) -> Iterator[Line]:
    """The sections that are loaded."""
    yield heading("sections", "of vmlinux", width)
    for section in image.sections:
        if section.is_loaded and section.size:
            yield (
                Span(f"  {section.addr:#010x}-{section.addr + section.size:#010x}  "),
                Span(f"{section.size:>9,} bytes  "),
                Span(section.name),
            )


def board_lines(regions: Sequence[Region], interrupts: Sequence[Interrupt], width: int) -> Iterator[Line]:
    """The board: who answers at which physical address, and whose interrupt is whose."""
    yield heading("board", "physical addresses, interrupt numbers of the GIC", width)
    irqs = {interrupt.owner: interrupt.irq for interrupt in interrupts}
    for region in regions:
        owner = SHARED_INTERRUPTS.get(region.owner, region.owner)
        irq = f"irq {irqs[owner]}" if owner in irqs else ""
        yield (
            Span(f"  {region.base:#010x}-{region.end:#010x}  "),
            Span(f"{region.size >> 10:>9,} KiB    "),
            Span(f"{region.owner:<18}"),
            Span(irq, "dim"),
        )
