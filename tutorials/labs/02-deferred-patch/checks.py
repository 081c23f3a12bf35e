"""What lab 02 looks at: the linked tables, the registers of USB, the pages of init memory, the work queue.

Each check starts from the same moment: the camera has taken its picture, and nobody has asked for the rest.
"""

from __future__ import annotations

import struct

from minikernel.board.register_log import RegisterAccess
from minikernel.board.scene import default_scene
from minikernel.kernel.events import InitcallStarted
from minikernel.kernel.memory import PAGE_SIZE, init_range
from minikernel.labs.checking import Checking, Run

DEFERRED = ["ehci_hcd_init", "uhci_hcd_init", "usb_storage_init"]
CONTROLLERS = ["ehci", "uhci", "usb-bulk"]
PROC_FILE = "deferred_initcalls"
TEXT_MAX = 64
TRIGGER = "do_deferred_initcalls"

Borders = tuple[int, int]


def check_picture(check: Checking) -> None:
    run = check.run("camera")
    check.looked_at("the bytes of the flash, after snap")
    taken = default_scene() in run.machine.board.flash.contents()
    check.equal("the scene before the sensor lies in the flash", taken, True)


def check_section(check: Checking) -> None:
    run = check.run("camera")
    check.looked_at("__def_initcall_start and __def_initcall_end in the image")
    borders = _borders(check, run)
    if borders is None:
        return
    start, end = borders
    init_begin, init_end = init_range(run.machine.image)
    first, last = (run.machine.symbol(name) for name in ("__initcall_start", "__initcall_end"))
    inside = f"[{start:#x}, {end:#x}) lies in init memory, [{init_begin:#x}, {init_end:#x})"
    check.equal("bytes between them, above 0", end > start, True)
    check.equal(inside, init_begin <= start <= end <= init_end, True)
    check.equal("it is a table of its own, apart from those of the levels", end <= first or start >= last, True)


def check_macro(check: Checking) -> None:
    run = check.run("camera")
    check.looked_at("the words of the deferred table, as linked")
    borders = _borders(check, run)
    if borders is None:
        return
    check.equal("the table", _routines(run, borders), DEFERRED)
    levels = _routines(run, (run.machine.symbol("__initcall_start"), run.machine.symbol("__initcall_end")))
    check.equal("of these in the tables of the levels", [name for name in levels if name in DEFERRED], [])


def check_untouched(check: Checking) -> None:
    run = check.run("camera")
    check.looked_at("every access to a register of USB, from reset to the first picture and the shell")
    log = _usb(run)
    if log:
        first = f"{log[0].device} {log[0].register} after {log[0].time_ns // 1000} us"
        check.bad(f"{len(log)} accesses, the first to {first}")
    else:
        check.good("none")


def check_kept(check: Checking) -> None:
    run = check.run("camera")
    check.looked_at("the pages from __init_begin to __init_end when the shell waits for its first line")
    gone = len(_unmapped(run))
    check.equal(f"pages freed, of {len(_init_pages(run))}", gone, 0, place=run.place("kernel_init"))


def check_runs(check: Checking) -> None:
    run = check.run("camera")
    check.looked_at("the registers of USB while do_deferred_initcalls is called")
    log = _trigger(check, run)
    if log is None:
        return
    order = list(dict.fromkeys(access.device for access in log))
    check.equal("first touched, in this order", order, CONTROLLERS, place=run.place(TRIGGER))


def check_flushed(check: Checking) -> None:
    run = check.run("camera")
    check.looked_at("the work queue when do_deferred_initcalls has returned")
    if _trigger(check, run) is None:
        return
    work = run.machine.read_word(run.machine.symbol("work_head"))
    if work:
        function = run.machine.read_word(work + run.machine.symbol("WORK_FUNC"))
        name = run.machine.symbolize(function)
        check.bad(f"{name} waits, and its page is {run.machine.permissions(function)}", place=run.place(TRIGGER))
    else:
        check.good("empty")


def check_freed(check: Checking) -> None:
    run = check.run("camera")
    check.looked_at("the pages from __init_begin to __init_end, and the page allocator, before and after")
    before, pages = run.machine.total_pages, _init_pages(run)
    gone = len(_unmapped(run))
    if gone:
        check.bad(f"{gone} of {len(pages)} pages were freed before", place=run.place("kernel_init"))
        return
    if _trigger(check, run) is None:
        return
    check.equal("pages unmapped", len(_unmapped(run)), len(pages), place=run.place(TRIGGER))
    check.equal("pages the allocator was given", run.machine.total_pages - before, len(pages))


def check_lock(check: Checking) -> None:
    run = check.run("camera")
    check.looked_at("lock_depth at the entry of each deferred routine, and afterwards")
    known = len(run.events(InitcallStarted))
    if _trigger(check, run) is None:
        return
    calls = [event for event in run.events(InitcallStarted)[known:] if event.name in DEFERRED]
    check.equal("called without the lock", [call.name for call in calls if call.lock_depth < 1], [])
    depth = run.machine.read_word(run.machine.symbol("lock_depth"))
    check.equal("lock_depth afterwards", depth, 0, place=run.place(TRIGGER))


def check_proc(check: Checking) -> None:
    run = check.run("camera")
    check.looked_at("what two reads of the file give, and what the first does to USB")
    entry, _ = run.machine.call("proc_lookup", PROC_FILE)
    if not entry:
        check.missing(f"there is no /proc/{PROC_FILE}")
        return
    known = len(_usb(run))
    check.equal("the first read", _read(run, entry), "0\n")
    touched = {access.device for access in _usb(run)[known:]}
    if not touched:
        check.missing("it ran nothing: no register of USB was touched", place=run.place("deferred_initcalls_show"))
        return
    check.good("it touched " + ", ".join(sorted(touched)))
    check.equal("the second read", _read(run, entry), "1\n")


def check_once(check: Checking) -> None:
    run = check.run("camera")
    check.looked_at("USB and the page allocator while do_deferred_initcalls is called a second time")
    if _trigger(check, run) is None:
        return
    accesses, pages = len(_usb(run)), run.machine.total_pages
    run.machine.call(TRIGGER)
    check.equal("accesses to USB", len(_usb(run)) - accesses, 0, place=run.place(TRIGGER))
    check.equal("pages given to the allocator", run.machine.total_pages - pages, 0, place=run.place(TRIGGER))


# --- facts ------------------------------------------------------------------------------------------------------------


def _borders(check: Checking, run: Run) -> Borders | None:
    """The deferred table's borders; says so when there are none."""
    found = [run.machine.image.get(name) for name in ("__def_initcall_start", "__def_initcall_end")]
    start, end = found
    if start is None or end is None:
        check.missing("the image has no __def_initcall_start or no __def_initcall_end", place="kernel/vmlinux.lds")
        return None
    return start.value, end.value


def _routines(run: Run, borders: Borders) -> list[str]:
    """The names of the routines whose addresses stand between two borders."""
    start, end = borders
    words = run.machine.image.read(start, end - start) if end > start else b""
    return [run.machine.image.symbolize(word) for (word,) in struct.iter_unpack("<I", words)]


def _usb(run: Run) -> list[RegisterAccess]:
    """Every access to USB since reset."""
    return list(run.machine.board.usb.log)


def _trigger(check: Checking, run: Run) -> list[RegisterAccess] | None:
    """Call do_deferred_initcalls; what it did to USB. None, and a line that says so, when it did nothing."""
    known = len(_usb(run))
    run.machine.call(TRIGGER)
    log = _usb(run)[known:]
    if not log:
        check.missing(f"{TRIGGER} called no driver: no register of USB was touched", place=run.place(TRIGGER))
        return None
    return log


def _read(run: Run, entry: int) -> str:
    """What one read of a file of /proc gives, as the system call would get it."""
    buffer, _ = run.machine.call("kzalloc", TEXT_MAX)
    count, _ = run.machine.call("proc_read_entry", entry, buffer, TEXT_MAX, 0)
    return run.machine.read(buffer, min(count, TEXT_MAX)).decode("ascii", "replace")


def _init_pages(run: Run) -> range:
    return range(*init_range(run.machine.image), PAGE_SIZE)


def _unmapped(run: Run) -> list[int]:
    """The pages of init memory that fault."""
    return [page for page in _init_pages(run) if run.machine.permissions(page) == "---"]
