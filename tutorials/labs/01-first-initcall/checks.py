"""What lab 01 looks at: the linked tables, the LEDs, a result, a stack."""

from __future__ import annotations

from minikernel.bits import s32
from minikernel.board.scene import default_scene
from minikernel.kernel.initcalls import Initcall
from minikernel.kernel.memory import init_range
from minikernel.kernel.tracing import FRAME_POINTER
from minikernel.labs.checking import Checking, Run

BOOTING = 0x81
ENODEV = 19
SYS_SW = 0x1C01_0004
UNPLUGGED = 1

#: Who called whom on the way to an initcall, the nearest first.
CALLERS = ("do_one_initcall", "call_initcalls", "do_initcall_level", "do_initcalls", "kernel_init")


def check_picture(check: Checking) -> None:
    run = check.run("boot")
    check.looked_at("the bytes of the flash, after snap")
    taken = default_scene() in run.machine.board.flash.contents()
    check.equal("the scene before the sensor lies in the flash", taken, True)


def check_in_a_table(check: Checking) -> None:
    run = check.run("boot")
    check.looked_at("the words between the borders of the initcall tables, as linked")
    entries = _entries(run)
    if not entries:
        check.missing("no table holds status_init", place=run.place("status_init"))
    else:
        check.equal("entries of status_init", len(entries), 1, place=run.place("status_init"))


def check_after_panel(check: Checking) -> None:
    run = check.run("boot")
    check.looked_at("SYS_LED at the end of the boot")
    check.equal("LEDs", f"{run.machine.board.sysreg.leds:#04x}", f"{BOOTING:#04x}", place=run.place("status_init"))


def check_before_devices(check: Checking) -> None:
    run = check.run("boot")
    check.looked_at("the order of the initcall tables, as linked")
    entries = _entries(run)
    if not entries:
        check.missing("no table holds status_init", place=run.place("status_init"))
        return
    is_before = entries[0] in _until_devices(run)
    what = f"status_init is level {entries[0].level}: called before level device"
    check.equal(what, is_before, True, place=run.place("status_init"))


def check_no_panel(check: Checking) -> None:
    run = check.run("boot")
    check.looked_at("what status_init returns when it is called with soft switch 0 on: the cable is unplugged")
    run.machine.board.write(SYS_SW, 4, UNPLUGGED)
    result, _ = run.machine.call("status_init")
    check.equal("status_init returned", s32(result), -ENODEV, place=run.place("status_init"))


def check_frame(check: Checking) -> None:
    check.looked_at("the stack at the first call of panel_show")
    boot = check.run("boot")
    if not _entries(boot):
        check.missing("no table holds status_init", place=boot.place("status_init"))
        return
    run = check.run("inside")
    chain = _callers(run)
    own = chain[:1] == ["status_init"]  # a tail call leaves nothing of it on the stack
    place = run.place("status_init")
    check.equal("callers of status_init", chain[own : len(CALLERS) + own], list(CALLERS), place=place)
    check.equal("sp modulo 8 where panel_show is called", run.machine.cpu.sp % 8, 0, place=place)


def check_init_memory(check: Checking) -> None:
    run = check.run("boot")
    check.looked_at("where status_init lies in the image")
    if not _entries(run):
        check.missing("no table holds status_init", place=run.place("status_init"))
        return
    begin, end = init_range(run.machine.image)
    at = run.machine.symbol("status_init")
    check.equal(f"status_init ({at:#x}) lies in init memory, {begin:#x} to {end:#x}", begin <= at < end, True)


def _entries(run: Run) -> list[Initcall]:
    return [call for call in run.machine.tables_at_start if call.name == "status_init"]


def _until_devices(run: Run) -> list[Initcall]:
    """The entries that are called before level device begins."""
    calls = run.machine.tables_at_start
    first = next(index for index, call in enumerate(calls) if call.level == "device")
    return list(calls[:first])


def _callers(run: Run) -> list[str]:
    """The functions on the stack at a function's entry, the nearest first: lr, then the frame records above fp."""
    machine = run.machine
    chain = [_function(run, machine.cpu.lr)]
    frame = machine.cpu.r(FRAME_POINTER)
    while frame and len(chain) <= len(CALLERS) + 1:
        frame, lr = machine.read_word(frame), machine.read_word(frame + 4)
        chain.append(_function(run, lr))
    return chain


def _function(run: Run, lr: int) -> str:
    """The function that a call returns to."""
    found = run.machine.image.symbol_at(lr - 4)
    return found[0].name if found else f"{lr:#x}"
