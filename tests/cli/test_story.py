"""The story's lines, from recorded events."""

from __future__ import annotations

import io

import pytest

from minikernel.cli.screen import PlainScreen, text_of
from minikernel.cli.story import StoryWriter, bar, console_rows, folded, free_rows, initcall_row, milestone_row, wrapped
from minikernel.kernel.events import (
    InitcallFinished,
    InitcallStarted,
    MemoryFreed,
    Milestone,
    MilestoneName,
    PagesFreed,
    ProcAccess,
)

EHCI = 0xC0012340
FAILED = InitcallFinished(110, 1_103_000, "iommu_init", "arch", EHCI, 1_100_000, -19)
SLOW = InitcallFinished(900, 150_000_000, "ehci_hcd_init", "deferred", EHCI, 50_000_000, 0)
FREED = MemoryFreed(
    990, 151_000_000, 0xC0012000, 0xC0018000, 6, "unused kernel image (initmem)", "free_initmem",
    ("free_initmem", "do_deferred_initcalls"),
)  # fmt: skip


def written(*events: object, width: int = 80) -> list[str]:
    out = io.StringIO()
    writer = StoryWriter(PlainScreen(out, width))
    for event in events:
        if isinstance(event, bytes):
            writer.console(event)
        else:
            writer.event(event)  # type: ignore[arg-type]
    return out.getvalue().splitlines()


def test_row_of_a_failed_initcall_names_the_error() -> None:
    text = text_of(initcall_row(FAILED, 80))
    assert text == "    1.100 ms  iommu_init              -19 ENODEV            3 us  ▏"


@pytest.mark.parametrize("width", [80, 100, 120])
def test_rows_fit_the_width(width: int) -> None:
    assert len(text_of(initcall_row(SLOW, width))) <= width
    assert all(len(text_of(line)) <= width for line in free_rows(FREED, width))


def test_bar_is_linear_and_marks_even_the_shortest_time() -> None:
    assert bar(0, 10) == "▏"
    assert bar(100_000_000, 10) == "█" * 5
    assert bar(200_000_000, 10) == "█" * 10
    assert bar(200_000_001_000, 10) == "█" * 9 + "▶"
    lengths = [len(bar(ns, 20)) for ns in range(0, 200_000_001, 5_000_000)]
    assert lengths == sorted(lengths)


def test_free_tells_range_bytes_pages_what_and_by_whom() -> None:
    text = "\n".join(text_of(line) for line in free_rows(FREED, 120))
    for part in (
        "0xc0012000-0xc0018000",
        "24,576 bytes",
        "6 pages",
        "unused kernel image (initmem)",
        "free_initmem <- do_deferred_initcalls",
    ):
        assert part in text


def test_one_page_is_singular() -> None:
    one = MemoryFreed(1, 1, 0xC0000000, 0xC0001000, 1, "initrd", "x", ("x",))
    assert text_of(next(free_rows(one, 80))).endswith("4,096 bytes, 1 page")


def test_level_heading_comes_once_before_its_first_initcall() -> None:
    started = [InitcallStarted(1, 1, name, "core", EHCI, 0) for name in ("a_init", "b_init")]
    lines = written(*started, InitcallStarted(2, 2, "c_init", "deferred", EHCI, 1))
    assert [line.split(" ")[1] for line in lines] == ["core", "deferred"]
    assert all(len(line) == 80 for line in lines)


def test_console_lines_are_set_off_and_initcall_debug_is_not_told_twice() -> None:
    lines = written(b"[    0.001000] calling  foo_init+0x0/0x40 @ 1\r\nhello", b" world\r\n\r\n# ")
    assert lines == ["              > hello world"]


def test_kernel_messages_stand_at_their_own_time_in_the_column_of_times() -> None:
    assert written(b"# [    1.002345] usb 1-1: new link\n") == ["1,002.345 ms  | usb 1-1: new link"]
    assert written(b"[    0.000100] initcall foo_init+0x0/0x40 returned 0 after 1 usecs\n") == []
    assert written(b"initcall of a program\n") == ["              > initcall of a program"]


def test_long_lines_are_wrapped_under_their_text() -> None:
    lines = written(b"[    0.000100] " + b"word " * 30 + b"\n")
    assert len(lines) == 3
    assert all(len(line) <= 80 for line in lines)
    assert lines[1].startswith(" " * 14 + "| word")
    assert wrapped("x" * 25, 10) == ["x" * 10, "x" * 10, "x" * 5]
    assert wrapped("", 10) == [""]


def test_a_folded_line_has_its_rest_set_in() -> None:
    assert folded("  0xc0: alpha beta gamma delta", 16) == ["  0xc0: alpha", "      beta gamma", "      delta"]
    assert folded("short", 16) == ["short"]
    assert folded("x" * 30, 16) == ["x" * 30]  # no blank: whole, the terminal breaks it
    assert [text_of(line) for line in console_rows("a b", 80)] == ["              > a b"]


def test_control_characters_of_the_guest_do_not_reach_the_terminal() -> None:
    assert written(b"a\x1b[31mb\x07\n") == ["              > a\\x1b[31mb\\x07"]


def test_milestone_and_trigger_are_told_and_page_traffic_is_not() -> None:
    lines = written(
        Milestone(1, 22_000_000, MilestoneName.FIRST_PICTURE, 100, "complete on the flash"),
        PagesFreed(1, 1, 0xC0000000, 0, "x"),
        ProcAccess(1, 23_000_000, "deferred_initcalls", True, 2, 0, 2),
        ProcAccess(1, 23_000_000, "deferred_initcalls", True, 2, 0, -5),
        ProcAccess(1, 23_000_000, "meminfo", False, 2, 0, 2),
    )
    assert lines == [
        "   22.000 ms  * first picture: complete on the flash",
        "   23.000 ms  write of /proc/deferred_initcalls returned 2 bytes",
        "   23.000 ms  write of /proc/deferred_initcalls returned -EIO",
    ]


def test_interactive_console_is_passed_on_as_it_is() -> None:
    out = io.StringIO()
    writer = StoryWriter(PlainScreen(out))
    writer.console(b"\r\n# ")
    writer.go_interactive()
    writer.console(b"ls\r\n")
    writer.console(b"half")
    writer.event(FAILED)
    assert out.getvalue().splitlines()[1:4] == [
        "# ls",
        "half",
        "    1.100 ms  iommu_init              -19 ENODEV            3 us  ▏",
    ]


def test_milestone_without_detail_has_no_colon() -> None:
    row = milestone_row(Milestone(1, 1_000_000, MilestoneName.DEFERRED_DONE, None))
    assert text_of(row) == "    1.000 ms  * deferred initcalls done"
