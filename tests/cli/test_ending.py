"""The end of the story."""

from __future__ import annotations

from minikernel.cli.ending import comparison_lines, free_page_line, init_memory_lines, picture_line, slowest_lines
from minikernel.cli.screen import text_of
from minikernel.kernel.events import MilestoneName
from minikernel.report.comparison import compare
from minikernel.report.initcall_debug import TimedInitcall

THIS = {MilestoneName.USERSPACE: 5_000, MilestoneName.FIRST_PICTURE: 20_000, MilestoneName.INITMEM_FREED: 180_000}
EAGER = {MilestoneName.USERSPACE: 160_000, MilestoneName.FIRST_PICTURE: 180_000, MilestoneName.INITMEM_FREED: 181_000}


def test_comparison_tells_both_times_and_the_ratio() -> None:
    lines = [text_of(line) for line in comparison_lines(compare(THIS, EAGER), 80)]
    assert lines[3] == "  first picture               20.000 ms         180.000 ms   9.0 times earlier"
    assert "times" not in lines[4]
    assert all(len(line) <= 80 for line in lines)


def test_what_never_came_is_called_never() -> None:
    lines = [
        text_of(line) for line in comparison_lines(compare({**THIS, MilestoneName.INITMEM_FREED: None}, EAGER), 80)
    ]
    assert lines[4].split() == ["init", "memory", "given", "back", "never", "181.000", "ms"]


def test_init_memory_that_was_never_freed_is_said_so_with_its_size() -> None:
    first, second = init_memory_lines(0xC0012000, 0xC0018000, 0, 4096)
    assert "never freed: 24,576 bytes (6 pages) still held" in text_of(first)
    assert text_of(second).endswith("at 0xc0012000-0xc0018000")
    (line,) = init_memory_lines(0xC0012000, 0xC0018000, 6, 4096)
    assert "24,576 bytes (6 pages) given back" in text_of(line)


def test_picture_is_compared_with_the_scene() -> None:
    assert text_of(picture_line(b"P6", b"P6")).endswith("2 bytes, byte for byte the scene")
    assert text_of(picture_line(b"P5", b"P6")).endswith("NOT the scene")
    assert text_of(picture_line(None, b"P6")).endswith("none was downloaded")


def test_free_pages_and_slowest_calls() -> None:
    assert text_of(free_page_line(4000, 3000, 3010)).endswith("3,000 at user space, 3,010 at the end, of 4,000")
    call = TimedInitcall("ehci_hcd_init", 0, 90_000)
    lines = [text_of(line) for line in slowest_lines([call], [call])]
    assert lines[0].split() == ["slowest", "initcalls", "90,000", "us", "ehci_hcd_init"]
    assert lines[1].endswith("ehci_hcd_init")
    assert list(slowest_lines([], [])) == []
