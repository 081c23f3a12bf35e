"""What values show of themselves in IPython and Jupyter: well-formed, escaped, with the right facts in it."""

from __future__ import annotations

import struct
import xml.etree.ElementTree as ElementTree
import zlib
from html import unescape
from typing import Any

import pytest
from IPython.lib.pretty import pretty

from minikernel.board.desktop import Download
from minikernel.board.png import SIGNATURE, png_of
from minikernel.board.scene import default_scene
from minikernel.debug.debugger import Debugger
from minikernel.errors import ImageError
from minikernel.kernel.events import MemoryFreed
from minikernel.kernel.machine import KernelMachine
from minikernel.machine.stop import StopKind, StopReason
from minikernel.power_on import BootOptions, prepare, run_to_download
from minikernel.showing import Table, escaped, html_table, text_table


@pytest.fixture(scope="module")
def debugger() -> Debugger:
    """The picture is out, a module is loaded."""
    machine = prepare(BootOptions())
    debugger = Debugger(machine)
    assert run_to_download(machine).kind is StopKind.PROBE
    machine.insmod("hello")
    return debugger


@pytest.fixture(scope="module")
def machine(debugger: Debugger) -> KernelMachine:
    assert isinstance(debugger.machine, KernelMachine)
    return debugger.machine


def cells(value: Any) -> list[list[str]]:
    """The texts of the rows; the HTML is well-formed."""
    tree = ElementTree.fromstring(value._repr_html_())
    return [["".join(cell.itertext()) for cell in row] for row in tree.iter("tr")]


def test_lists_are_tables_and_tuples_as_before(machine: KernelMachine) -> None:
    calls = machine.initcalls
    heading, *rows = cells(calls)
    assert heading[:2] == ["initcall", "level"]
    assert [row[0] for row in rows] == [call.name for call in calls]
    (iommu,) = [row for row in rows if row[0] == "iommu_init"]
    assert iommu[1:3] == ["arch", f"{machine.symbol('iommu_init'):#010x}"] and iommu[4] == "-19 ENODEV"
    assert isinstance(calls, tuple) and calls == tuple(calls) and hash(calls) == hash(tuple(calls))
    (free,) = machine.frees
    assert cells(machine.frees)[1][:2] == [f"{free.start:#010x}-{free.end:#010x}", str(free.pages)]
    (module,) = machine.modules
    assert cells(machine.modules)[1][0] == "hello"
    assert repr(module) == f"<Module hello: Live, {module.size} bytes, 0 references>"
    assert ["state", "Live"] in cells(module)


def test_machine_debugger_and_stops_are_cards(debugger: Debugger, machine: KernelMachine) -> None:
    facts = dict(cells(machine))
    assert facts["initcalls"] == f"{len(machine.initcalls)} have returned"
    assert f"{machine.icount:,} instructions" in facts["moment"]
    assert "pic0001.ppm" in facts["picture"]
    assert repr(machine) == f"<KernelMachine at {debugger.position.where}, {facts['moment']}>"
    point = debugger.break_at("printk", condition="$r0 < 4 && $r1 > 2")
    facts = dict(cells(debugger))
    assert facts["stop points"] == f"{point.number}: breakpoint printk"
    assert facts["backtrace"].split(" <- ")[0] == debugger.position.where
    debugger.delete(point.number)
    assert dict(cells(debugger.position))["pc"] == f"{machine.cpu.pc:#010x} <{debugger.position.where}>"
    reason = StopReason(StopKind.PROBE, "a < b & c", 0xC000_8000, 7, 70)
    assert dict(cells(reason))["stopped by"] == "probe: a < b & c"
    assert "a < b" not in reason._repr_html_()
    assert "stopped by  probe: a < b & c" in pretty(reason)
    assert pretty([reason]) == f"[{reason!r}]"


def test_backtrace_and_history_show_themselves(debugger: Debugger, machine: KernelMachine) -> None:
    frames = debugger.backtrace()
    rows = cells(frames)[1:]
    assert [row[2] for row in rows] == [frame.symbol for frame in frames]
    assert pretty(frames).splitlines()[1].split()[:2] == ["0", f"{frames[0].pc:#010x}"]
    history = debugger.history("uhci_hcd_init")
    facts = dict(cells(history))
    assert facts["address"].endswith("<uhci_hcd_init>")
    assert "init memory, not mapped now" in facts["now"]
    assert facts["history"].splitlines() == [str(entry) for entry in history.entries]
    (free,) = machine.trace.of(MemoryFreed)
    assert dict(cells(free))["what"] == free.what


def test_text_is_aligned_and_nothing_is_still_a_tuple() -> None:
    assert text_table(("a", "longer"), [("1", "x"), ("222", "")]) == "a    longer\n1    x\n222"
    assert pretty(Table()) == "()"


@pytest.mark.parametrize("text", ['<script>"&', "a\x00b\x1b[31m", "\ud800", "ok\nline"])
def test_what_the_guest_says_is_escaped(text: str) -> None:
    html = html_table(("h",), [(text,)], caption=text)
    shown = "".join(ElementTree.fromstring(html).itertext())
    assert shown.count(unescape(escaped(text))) == 2
    assert not text.isprintable() or shown.startswith(text)
    assert "<script" not in html and "\x1b" not in html


# --- the picture ------------------------------------------------------------------------------------------------------


def pixels(png: bytes) -> tuple[int, int, int, bytes]:
    """Width, height, bits and the raster without filter bytes; checksums hold."""
    assert png.startswith(SIGNATURE)
    chunks, at = {}, len(SIGNATURE)
    while at < len(png):
        (size,) = struct.unpack_from(">I", png, at)
        kind, contents = png[at + 4 : at + 8], png[at + 8 : at + 8 + size]
        assert struct.unpack_from(">I", png, at + 8 + size) == (zlib.crc32(kind + contents),)
        chunks[kind] = contents
        at += size + 12
    assert list(chunks) == [b"IHDR", b"IDAT", b"IEND"]
    width, height, bits, *rest = struct.unpack(">IIBBBBB", chunks[b"IHDR"])
    assert rest == [2, 0, 0, 0]
    raster = zlib.decompress(chunks[b"IDAT"])
    stride = len(raster) // height
    assert all(raster[row * stride] == 0 for row in range(height))
    return width, height, bits, b"".join(raster[row * stride + 1 : (row + 1) * stride] for row in range(height))


def test_the_picture_is_a_png_of_the_same_pixels(machine: KernelMachine) -> None:
    picture = machine.picture
    assert picture is not None
    png = picture._repr_png_()
    assert png is not None
    width, height, bits, raster = pixels(png)
    assert bits == 8 and picture.data == default_scene() and picture.data.endswith(raster)
    assert len(raster) == 3 * width * height
    assert len(repr(picture)) < 80


@pytest.mark.parametrize("ppm, expected", [
    (b"P6 1 2 255\n\x00\x01\x02\xfd\xfe\xff", (1, 2, 8, b"\x00\x01\x02\xfd\xfe\xff")),
    (b"P6 1 1 3\n\x00\x01\x03", (1, 1, 8, b"\x00\x55\xff")),
    (b"P6 1 1 65535\n\x00\x01\x80\x00\xff\xff", (1, 1, 16, b"\x00\x01\x80\x00\xff\xff")),
    (b"P3 2 1 255 # text\n 1 2 3 4 5 6\n", (2, 1, 8, b"\x01\x02\x03\x04\x05\x06")),
])  # fmt: skip
def test_every_kind_of_ppm_becomes_png(ppm: bytes, expected: tuple[int, int, int, bytes]) -> None:
    assert pixels(png_of(ppm)) == expected


def test_a_file_that_is_no_picture_has_no_png() -> None:
    assert Download("notes.txt", b"no picture", 0)._repr_png_() is None
    with pytest.raises(ImageError):
        png_of(b"P6 1 1 255\n")


VIEW_NAMES = """
free_lists kmalloc_caches page_tables proc_entries work_queue log_buffer deferred interrupts module_list
"""


@pytest.mark.parametrize("name", VIEW_NAMES.split())
def test_views_are_tables_with_their_condition(machine: KernelMachine, name: str) -> None:
    view = getattr(machine, name)
    heading, *rows = cells(view)
    assert tuple(heading) == view.headings
    assert rows == [list(row) for row in view.rows()] and {len(row) for row in rows} <= {len(heading)}
    shown = pretty(view)
    assert shown.splitlines()[0] == type(view).__name__
    assert all(row[0] in shown for row in rows)
    assert pretty([view]) == f"[{view!r}]"


def test_views_show_what_the_kernel_holds(machine: KernelMachine) -> None:
    lists = machine.free_lists
    assert f"{lists.pages:,} pages in the lists; nr_free_pages is {lists.pages:,}" in pretty(lists)
    text = next(row for row in cells(machine.page_tables) if row[6].startswith("kernel text") or row[6] == "text")
    assert text[2] == "r-x"
    assert cells(machine.proc_entries)[-1][1:] == [
        "deferred_initcalls",
        "deferred_initcalls_show",
        "deferred_initcalls_write",
    ]
    assert [row[1] for row in cells(machine.deferred)[1:]] == ["ehci_hcd_init", "uhci_hcd_init", "usb_storage_init"]
    assert "do_deferred_initcalls has been called" in machine.deferred._repr_html_()
    assert cells(machine.module_list)[1][0] == "hello"


def test_a_view_of_what_is_not_there_yet_says_so() -> None:
    lists = prepare(BootOptions()).free_lists
    (note,) = lists.notes()
    assert note in unescape(lists._repr_html_()) and note in pretty(lists)
    assert cells(lists) == [list(lists.headings)]
