"""The end of the story: where the boot stopped, what became of the picture and of init memory, and the comparison."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from minikernel.cli.screen import Line, Span
from minikernel.cli.story import MILESTONES, heading, plural, wrapped
from minikernel.kernel.events import MilestoneName
from minikernel.kernel.initcalls import DEFERRED_LEVEL
from minikernel.kernel.machine import KernelMachine
from minikernel.kernel.memory import PAGE_SIZE, init_range
from minikernel.machine.stop import StopKind, StopReason
from minikernel.report.comparison import ComparedMoment
from minikernel.report.initcall_debug import TimedInitcall, parse_log, slowest, worth_deferring

_LABEL = 24
_COLUMN = 13
_WIDE_COLUMN = 19
SLOWEST_SHOWN = 3
EXPECTED_ENDS = frozenset({StopKind.POWER_OFF, StopKind.INTERRUPTED})


def end_lines(
    machine: KernelMachine, stop: StopReason, picture: bytes | None, scene: bytes, width: int
) -> Iterator[Line]:
    """The whole end but the comparison."""
    yield from stop_lines(str(stop), stop.kind in EXPECTED_ENDS, stop.time_ns, stop.icount, width)
    yield picture_line(picture, scene)
    start, end = init_range(machine.image)
    freed = sum(free.pages for free in machine.frees if start <= free.start < end)
    yield from init_memory_lines(start, end, freed, PAGE_SIZE)
    userspace = machine.milestones.get(MilestoneName.USERSPACE)
    yield free_page_line(machine.total_pages, userspace.free_pages if userspace else None, machine.free_pages)
    calls = parse_log(machine.dmesg)
    deferred = {call.name for call in machine.initcalls if call.level == DEFERRED_LEVEL}
    advised = [call for call in worth_deferring(calls) if call.name not in deferred]
    yield from slowest_lines(slowest(calls, SLOWEST_SHOWN), advised)


def stop_lines(message: str, is_good: bool, time_ns: int, icount: int, width: int) -> Iterator[Line]:
    """Where and why the machine stopped."""
    yield heading("stopped", "", width)
    style = "good" if is_good else "bad"
    first, *more = wrapped(message, width - _LABEL - 2)
    yield (Span(f"  {'why':<{_LABEL}}"), Span(first, style))
    for text in more:
        yield (Span(" " * (_LABEL + 2)), Span(text, style))
    yield _labelled("virtual time", f"{time_ns / 1e6:,.3f} ms, {plural(icount, 'instruction')}")


def init_memory_lines(start: int, end: int, pages_freed: int, page_size: int) -> Iterator[Line]:
    """What became of [start, end), the init memory."""
    pages = (end - start) // page_size
    if pages_freed:
        yield _labelled("init memory", f"{plural(end - start, 'byte')} ({plural(pages, 'page')}) given back")
        return
    yield (
        Span(f"  {'init memory':<{_LABEL}}"),
        Span(f"never freed: {plural(end - start, 'byte')} ({plural(pages, 'page')}) still held", "bad"),
    )
    yield _labelled("", f"at {start:#010x}-{end:#010x}")


def free_page_line(total: int, at_userspace: int | None, at_stop: int) -> Line:
    """Free pages of the allocator, then and now."""
    before = "" if at_userspace is None else f"{at_userspace:,} at user space, "
    return _labelled("free pages", f"{before}{at_stop:,} at the end, of {total:,}")


def picture_line(picture: bytes | None, scene: bytes) -> Line:
    """What the desktop got, against what stood before the sensor."""
    if picture is None:
        return (Span(f"  {'picture':<{_LABEL}}"), Span("none was downloaded", "bad"))
    same = picture == scene
    verdict = "byte for byte the scene" if same else "NOT the scene"
    return (
        Span(f"  {'picture':<{_LABEL}}"),
        Span(f"{plural(len(picture), 'byte')}, "),
        Span(verdict, "good" if same else "bad"),
    )


def slowest_lines(calls: Sequence[TimedInitcall], advised: Sequence[TimedInitcall]) -> Iterator[Line]:
    """The slowest initcalls, and which of them are worth deferring."""
    label = "slowest initcalls"
    for call in calls:
        yield _labelled(label, f"{call.usecs:>9,} us  {call.name}")
        label = ""
    if advised:
        yield _labelled("worth deferring", ", ".join(call.name for call in advised))


def comparison_lines(moments: Sequence[ComparedMoment], width: int) -> Iterator[Line]:
    """The table: this boot, and the same with nothing deferred."""
    yield heading("comparison", "the same boot with nothing deferred", width)
    yield (Span(f"  {'':<{_LABEL}}{'this boot':>{_COLUMN}}{'nothing deferred':>{_WIDE_COLUMN}}", "dim"),)
    for moment in moments:
        yield (
            Span(f"  {MILESTONES[moment.name]:<{_LABEL}}"),
            Span(f"{_moment(moment.this_us):>{_COLUMN}}", "milestone"),
            Span(f"{_moment(moment.nothing_deferred_us):>{_WIDE_COLUMN}}"),
            _verdict(moment.times_earlier),
        )


def _verdict(times_earlier: float | None) -> Span:
    if times_earlier is None or 0.95 < times_earlier < 1.05:
        return Span("")
    if times_earlier < 1:
        return Span(f"   {1 / times_earlier:.1f} times later", "dim")
    return Span(f"   {times_earlier:.1f} times earlier", "good")


def _moment(time_us: int | None) -> str:
    return "never" if time_us is None else f"{time_us / 1000:,.3f} ms"


def _labelled(label: str, text: str) -> Line:
    return (Span(f"  {label:<{_LABEL}}"), Span(text))
