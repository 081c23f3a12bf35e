"""What lab 04 looks at: every access to USB, the pages of init memory, what the allocator was given, one buffer."""

from __future__ import annotations

from dataclasses import dataclass

from minikernel.bits import s32
from minikernel.board.scene import default_scene
from minikernel.kernel.memory import PAGE_SIZE, init_range
from minikernel.labs.checking import Checking, Run

PROC_FILE = "deferred_initcalls"
TRIGGER = "do_deferred_initcalls"
SHOW, WRITE = "deferred_initcalls_show", "deferred_initcalls_write"
CONTROLLERS = ["ehci", "uhci", "usb-bulk"]
HCRESET = 1 << 1
SAW_SIZE = 4
TEXT_MAX = 64


@dataclass(frozen=True)
class Facts:
    """What a run of the deferred routines leaves behind: accesses to USB, pages the allocator was ever given."""

    usb: int
    pages: int


def check_picture(check: Checking) -> None:
    run = check.run("calm")
    check.looked_at("the bytes of the flash and every access to USB, up to the shell")
    taken = default_scene() in run.machine.board.flash.contents()
    check.equal("the scene before the sensor lies in the flash", taken, True)
    check.equal("accesses to USB", _facts(run).usb, 0)


def check_freed(check: Checking) -> None:
    run = check.run("calm")
    check.looked_at("USB and the pages of init memory when do_deferred_initcalls has returned")
    pages = range(*init_range(run.machine.image), PAGE_SIZE)
    run.machine.call(TRIGGER)
    order = list(dict.fromkeys(access.device for access in run.machine.board.usb.log))
    check.equal("touched, in this order", order, CONTROLLERS, place=run.place(TRIGGER))
    mapped = [page for page in pages if run.machine.permissions(page) != "---"]
    check.equal(f"pages still mapped, of {len(pages)}", len(mapped), 0, place=run.place(TRIGGER))


def check_second_read(check: Checking) -> None:
    run = check.run("calm")
    check.looked_at("what two reads give, and what the second does to USB and the page allocator")
    before = _facts(run)
    check.equal("the first read", _read(run), "0\n", place=run.place(SHOW))
    first = _facts(run)
    check.equal("the first read ran the routines", first.usb > before.usb, True, place=run.place(SHOW))
    check.equal("the second read", _read(run), "1\n", place=run.place(SHOW))
    _nothing_happened(check, run, first, SHOW)


def check_second_write(check: Checking) -> None:
    run = check.run("calm")
    check.looked_at('what two writes of "1" return, and what the second does to USB and the page allocator')
    before = _facts(run)
    check.equal("the first write returned", _write(run), 1, place=run.place(WRITE))
    first = _facts(run)
    check.equal("the first write ran the routines", first.usb > before.usb, True, place=run.place(WRITE))
    check.equal("the second write returned", _write(run), 1, place=run.place(WRITE))
    _nothing_happened(check, run, first, WRITE)
    check.equal("a read", _read(run), "1\n", place=run.place(SHOW))


def check_second_call(check: Checking) -> None:
    run = check.run("calm")
    check.looked_at("USB and the page allocator while do_deferred_initcalls is called a second time")
    run.machine.call(TRIGGER)
    first = _facts(run)
    check.equal("the second call returned", run.machine.call(TRIGGER)[0], 0, place=run.place(TRIGGER))
    _nothing_happened(check, run, first, TRIGGER)


def check_re_entrance(check: Checking) -> None:
    run = check.run("impatient")
    check.looked_at("a read of the file when impatient_init is among the routines: it reads the file itself")
    pages = len(range(*init_range(run.machine.image), PAGE_SIZE))
    before = _facts(run)
    _read(run)
    calls = run.machine.read_word(run.machine.symbol("impatient_calls"))
    check.equal("impatient_init was called, times", calls, 1, place=run.place(TRIGGER))
    resets = [
        access
        for access in run.machine.board.usb.log
        if (access.device, access.register, access.is_write) == ("ehci", "USBCMD", True) and access.value & HCRESET
    ]
    check.equal("resets of the EHCI controller", sum(access.count for access in resets), 1, place=run.place(TRIGGER))
    check.equal("pages given to the allocator", _facts(run).pages - before.pages, pages, place=run.place(TRIGGER))


def check_state_before(check: Checking) -> None:
    check.looked_at("what a read gives after the run; and what impatient_init has read, at the moment it has read it")
    run = check.run("calm")
    _write(run)
    check.equal("a read afterwards", _read(run), "1\n", place=run.place(SHOW))
    run = check.run("inside")
    saw = run.machine.read(run.machine.symbol("impatient_saw"), SAW_SIZE).partition(b"\0")[0]
    check.equal("the inner read", saw.decode("ascii", "replace"), "0\n", place=run.place(SHOW))


# --- facts ------------------------------------------------------------------------------------------------------------


def _facts(run: Run) -> Facts:
    return Facts(sum(access.count for access in run.machine.board.usb.log), run.machine.total_pages)


def _nothing_happened(check: Checking, run: Run, before: Facts, function: str) -> None:
    now = _facts(run)
    check.equal("accesses to USB by the second", now.usb - before.usb, 0, place=run.place(function))
    check.equal("pages freed by the second", now.pages - before.pages, 0, place=run.place(function))


def _read(run: Run) -> str:
    """What one read of the file gives, as the system call would get it."""
    entry, _ = run.machine.call("proc_lookup", PROC_FILE)
    buffer, _ = run.machine.call("kzalloc", TEXT_MAX)
    count, _ = run.machine.call("proc_read_entry", entry, buffer, TEXT_MAX, 0)
    return run.machine.read(buffer, min(count, TEXT_MAX)).decode("ascii", "replace")


def _write(run: Run) -> int:
    """What a write of "1" returns: bytes taken, or a negative errno."""
    entry, _ = run.machine.call("proc_lookup", PROC_FILE)
    result, _ = run.machine.call("proc_write_entry", entry, "1", 1, 0)
    return s32(result)
