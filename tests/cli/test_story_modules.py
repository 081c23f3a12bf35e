"""What the story says about loadable modules."""

from __future__ import annotations

import io

import pytest

from minikernel.cli.screen import PlainScreen, text_of
from minikernel.cli.story import StoryWriter, initcall_row
from minikernel.kernel.events import InitcallFinished
from minikernel.kernel.module_events import (
    ModuleInitFreed,
    ModuleLoaded,
    ModuleLoadFailed,
    ModuleRelocated,
    ModuleStage,
    ModuleUnloaded,
)
from minikernel.kernel.modules import MemoryKind
from minikernel.machine.events import Event

LOADED = ModuleLoaded(9, 2_000_000, "ehci_hcd", 11_092, 1_760, 4, 3, 62, 10, 71)


def written(*events: Event, width: int = 80) -> list[str]:
    out = io.StringIO()
    writer = StoryWriter(PlainScreen(out, width))
    for event in events:
        writer.event(event)
    return out.getvalue().splitlines()


def test_a_load_is_told_with_its_bytes_work_and_pages() -> None:
    assert written(LOADED) == [
        "    2.000 ms  module ehci_hcd is loaded",
        "              file    11,092 bytes, of which 1,760 are kept",
        "              work    62 relocations, 10 symbols looked up in 71 comparisons",
        "              memory  4 pages, 3 after init",
    ]


@pytest.mark.parametrize("width", [60, 80, 120])
def test_rows_of_a_load_fit_the_width(width: int) -> None:
    assert all(len(line) <= width for line in written(LOADED, width=width))


def test_freed_init_memory_a_failure_and_a_removal_have_a_line_each() -> None:
    assert written(
        ModuleInitFreed(1, 1_000_000, "hello", MemoryKind.INIT_TEXT, 0xBF003000, 28, 1),
        ModuleLoadFailed(2, 2_000_000, "initfail", "do_init_module", -22),
        ModuleUnloaded(3, 3_000_000, "hello"),
    ) == [
        "    1.000 ms  freed 0xbf003000-0xbf004000  1 page: init_text of hello",
        "    2.000 ms  module initfail not loaded: -22 EINVAL in do_init_module",
        "    3.000 ms  module hello removed",
    ]


def test_stages_and_relocations_are_for_the_trace_only() -> None:
    stage = ModuleStage(1, 1, "hello", "apply_relocations")
    assert written(stage, ModuleRelocated(2, 2, "hello", ".text", 0, "R_ARM_CALL", "_printk", 1, 2)) == []


def test_the_row_of_a_modules_init_keeps_its_columns() -> None:
    event = InitcallFinished(900, 150_000_000, "ehci_hcd_init [ehci_hcd]", "module", 0xBF000000, 50_000_000, 0)
    plain = InitcallFinished(900, 150_000_000, "ehci_hcd_init", "module", 0xBF000000, 50_000_000, 0)
    assert text_of(initcall_row(event, 80)) == text_of(initcall_row(plain, 80))
