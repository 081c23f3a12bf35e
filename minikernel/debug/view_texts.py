"""The kernel's views as lines of text, for every front end: one table, VIEWS.

Lines fit into 80 columns and stand alone: a screen reader has as much of them as a terminal.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from textwrap import wrap

from minikernel.kernel.initcalls import Initcall
from minikernel.kernel.machine import KernelMachine
from minikernel.kernel.page_alloc import FreeArea
from minikernel.kernel.page_tables import PageRange
from minikernel.kernel.structures import View

COLUMNS = 80
ADDRESSES_SHOWN = 16

Lines = Callable[[KernelMachine, int | None], Iterator[str]]


@dataclass(frozen=True)
class KernelView:
    """One view: `lines(machine, addr)` are its text. `takes_address`: it can be asked about one address only; the
    others take None."""

    name: str
    summary: str
    lines: Lines
    takes_address: bool = False


def condition_lines(view: View) -> Iterator[str]:
    """What is to be known of a view that is not whole."""
    for sentence in view.condition.sentences():
        yield from wrap(sentence, COLUMNS, subsequent_indent="  ", break_on_hyphens=False)


def _free_lists(machine: KernelMachine, _addr: int | None) -> Iterator[str]:
    lists = machine.free_lists
    yield from condition_lines(lists)
    if lists.condition.absent:
        return
    for area in lists.areas:
        if area.blocks:
            yield from _area_lines(area)
    yield f"free: {_plural(lists.pages, 'page')} in the lists; nr_free_pages is {lists.nr_free_pages:,}"


def _area_lines(area: FreeArea) -> Iterator[str]:
    kind = ", unmapped" if area.is_unmapped else ""
    size = f"{_plural(1 << area.order, 'page')} each{kind}"
    yield f"order {area.order}, {size}: {_plural(len(area.blocks), 'block')}"
    shown = [f"{block:#010x}" for block in area.blocks[:ADDRESSES_SHOWN]]
    if len(area.blocks) > len(shown):
        shown.append(f"and {len(area.blocks) - len(shown)} more")
    yield from wrap(" ".join(shown), COLUMNS, initial_indent="  ", subsequent_indent="  ", break_on_hyphens=False)


def _kmalloc_caches(machine: KernelMachine, _addr: int | None) -> Iterator[str]:
    view = machine.kmalloc_caches
    yield from condition_lines(view)
    for cache in view.caches:
        if not cache.slabs:
            yield f"kmalloc-{cache.size}: empty"
            continue
        yield f"kmalloc-{cache.size}: {cache.used} used, {cache.free} free, {_plural(cache.pages, 'page')}"
        for slab in cache.slabs:
            yield f"  {slab.address:#010x} {slab.inuse} used, {len(slab.free)} free"


def _page_tables(machine: KernelMachine, addr: int | None) -> Iterator[str]:
    tables = machine.page_tables
    yield from condition_lines(tables)
    if tables.condition.absent:
        return
    ranges = [each for each in tables.ranges if addr is None or addr in each]
    if not ranges:
        yield f"nothing is mapped{'' if addr is None else f' at {addr:#010x}'}"
        return
    yield f"first-level table at physical {tables.ttbr0:#010x}"
    yield "virtual               physical   kernel user domain  pages what"
    for each in ranges:
        yield from _range_lines(each)


def _range_lines(each: PageRange) -> Iterator[str]:
    physical = "scattered " if each.physical is None else f"{each.physical:#010x}"
    row = f"{each.start:#010x}-{each.end - 1:#010x} {physical} {each.kernel}    {each.user} {each.domain:>6} "
    row += f"{each.pages:>6} "
    first, *more = wrap(each.what, COLUMNS - len(row), break_on_hyphens=False) or [""]
    yield (row + first).rstrip()
    yield from (" " * len(row) + text for text in more)


def _proc_entries(machine: KernelMachine, _addr: int | None) -> Iterator[str]:
    view = machine.proc_entries
    yield from condition_lines(view)
    for entry in view.entries:
        write = f", write {entry.write}" if entry.write else ""
        row = f"{entry.permissions} {entry.name:<20} {f'show {entry.show}' if entry.show else 'no show'}{write}"
        yield from wrap(row, COLUMNS, subsequent_indent=" " * 32, break_on_hyphens=False)


def _work_queue(machine: KernelMachine, _addr: int | None) -> Iterator[str]:
    queue = machine.work_queue
    yield from condition_lines(queue)
    if queue.condition.absent:
        return
    for work in queue.works:
        yield f"{work.address:#010x} {work.function}"
    if not queue.works:
        yield "no work waits"
    if queue.is_running:
        yield "do_pending_work runs the queue now"


def _deferred(machine: KernelMachine, _addr: int | None) -> Iterator[str]:
    table = machine.deferred
    yield from condition_lines(table)
    if table.condition.absent:
        return
    runs = {run.address: run for run in machine.initcalls}
    for call in table.calls:
        run = runs.get(call.address)
        state = f"returned {run.returned} after {run.usecs:,} us" if run else _waiting(call, machine)
        yield f"{call.entry:#010x} {call.name:<22} {state}"
    if not table.calls:
        yield "no initcall was put off"
    yield "do_deferred_initcalls has been called" if table.has_begun else "do_deferred_initcalls has not been called"
    yield f"/proc/deferred_initcalls reads as {int(table.is_done)}"


def _waiting(call: Initcall, machine: KernelMachine) -> str:
    is_running = any(frame.symbol.partition("+")[0] == call.name for frame in machine.call_chain)
    return "runs now" if is_running else "waits"


def _interrupts(machine: KernelMachine, _addr: int | None) -> Iterator[str]:
    view = machine.interrupts
    yield from condition_lines(view)
    for row in view.handlers:
        dev = f" dev {row.dev:#010x}" if row.dev else ""
        yield f"{row.irq:>3} {row.name:<16} {row.handler} {_times(row.count)}{dev}"
    if not view.condition.absent and not view.handlers:
        yield f"{view.chip}: nobody handles an interrupt"


def _plural(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def _times(number: int) -> str:
    return "once" if number == 1 else f"{number:,} times"


VIEWS = (
    KernelView("freelists", "the page allocator's free lists", _free_lists),
    KernelView("slab", "kmalloc's objects, used and free, by size", _kmalloc_caches),
    KernelView("pagetables", "what is mapped, with which rights, and what lives there", _page_tables, True),
    KernelView("proc", "entries of /proc and the functions behind them", _proc_entries),
    KernelView("work", "work that waits in the queue", _work_queue),
    KernelView("deferred", "the initcalls that were put off", _deferred),
    KernelView("irqs", "who handles which interrupt, how often it came", _interrupts),
)
