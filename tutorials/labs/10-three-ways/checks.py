"""What lab 10 looks at: one source built three ways, the LEDs, the loader's own list, the page allocator."""

from __future__ import annotations

from minikernel.bits import s32
from minikernel.board.scene import default_scene
from minikernel.kernel.modules import ModuleState
from minikernel.labs.checking import Checking, Run

NAME = "lamp"
DEVICE = "/dev/lamp"
FULL = 8
PROPRIETARY = "P"
ENOENT = 2


def check_picture(check: Checking) -> None:
    run = check.run("builtin")
    check.looked_at("the bytes of the flash, after snap")
    taken = default_scene() in run.machine.board.flash.contents()
    check.equal("the scene before the sensor lies in the flash", taken, True)


def check_built_in(check: Checking) -> None:
    run = check.run("builtin")
    check.looked_at("SYS_LED at the shell, nothing triggered")
    _expect_steps(check, run, "LEDs", FULL)


def check_deferred(check: Checking) -> None:
    run = check.run("deferred")
    check.looked_at("SYS_LED and /dev/lamp at the shell, then after do_deferred_initcalls")
    _expect_steps(check, run, "LEDs before the trigger", 0)
    check.equal(f"{DEVICE} is there", _open(run) != -ENOENT, False)
    run.machine.call("do_deferred_initcalls")
    _expect_steps(check, run, "LEDs after it", FULL)


def check_module(check: Checking) -> None:
    run = check.run("module")
    check.looked_at("SYS_LED before and after insmod, and the loader's list of modules")
    _expect_steps(check, run, "LEDs before", 0)
    if _loaded(check, run):
        _expect_steps(check, run, "LEDs after", FULL)
        check.equal("state of the module", run.machine.module(NAME).state.name, ModuleState.LIVE.name)


def check_after_init(check: Checking) -> None:
    run = check.run("module")
    check.looked_at("SYS_LED after writes to /dev/lamp, the module being loaded")
    if not _loaded(check, run):
        return
    for steps in (3, 0, 7):
        if not _shows(check, run, steps):
            return


def check_unload(check: Checking) -> None:
    run = check.run("module")
    check.looked_at("free pages, SYS_LED and /dev/lamp after rmmod, each of two times")
    machine = run.machine
    pages = []
    for time in ("first", "second"):
        if not _loaded(check, run):
            return
        if machine.module(NAME).is_permanent or not machine.module(NAME).exit:
            check.missing("the module has no exit function: it cannot be removed")
            return
        try:
            machine.rmmod(NAME)
        except OSError as error:
            check.bad(f"rmmod: {error.strerror}")
            return
        _expect_steps(check, run, f"LEDs after the {time} rmmod", 0)
        check.equal(f"{DEVICE} is still there", _open(run) != -ENOENT, False)
        pages.append(machine.free_pages)
    check.equal("free pages after the second, less than after the first", pages[0] - pages[1], 0)


def check_in_use(check: Checking) -> None:
    run = check.run("module")
    check.looked_at("the use count while /dev/lamp is open, and what rmmod says")
    if not _loaded(check, run):
        return
    machine = run.machine
    before = machine.module(NAME).refcount
    file = _open(run)
    if file in range(-4095, 0):
        check.missing(f"{DEVICE} cannot be opened: {file}")
        return
    check.equal("use count while open, more than before", machine.module(NAME).refcount - before, 1)
    try:
        machine.rmmod(NAME)
        check.bad("rmmod took the module away while the file was open")
        return
    except OSError as error:
        check.good(f"rmmod: {error.strerror}")
    machine.call("filp_close", file)
    check.equal("use count after close, more than before", machine.module(NAME).refcount - before, 0)


def check_licence(check: Checking) -> None:
    run = check.run("module")
    check.looked_at("the taint letters of the module in the loader's list")
    if _loaded(check, run):
        taints = run.machine.module(NAME).taints
        check.equal(f"P, proprietary, is among the taints {taints!r}", PROPRIETARY in taints, False)


def check_parameter(check: Checking) -> None:
    run = check.run("module")
    check.looked_at("SYS_LED after insmod with a parameter")
    if _loaded(check, run, "level=5"):
        _expect_steps(check, run, "LEDs after `insmod lamp.ko level=5`", 5)


# --- facts ------------------------------------------------------------------------------------------------------------


def _loaded(check: Checking, run: Run, parameters: str = "") -> bool:
    """Load the module; says why when it is not loaded, or has nothing that is called."""
    try:
        run.machine.insmod(NAME, parameters)
    except OSError as error:
        check.bad(f"insmod {NAME}.ko {parameters}: {error.strerror}")
        return False
    if not _was_lit(run):
        check.missing("insmod called nothing: the lamp is as dark as before")
        return False
    return True


def _was_lit(run: Run) -> bool:
    return run.machine.board.sysreg.leds != 0


def _expect_steps(check: Checking, run: Run, what: str, steps: int) -> bool:
    leds = run.machine.board.sysreg.leds
    return check.equal(what, f"{leds:#04x}", f"{(1 << steps) - 1:#04x}")


def _shows(check: Checking, run: Run, steps: int) -> bool:
    """Write a step to the device; do the LEDs show it?"""
    run.shell(f"echo {steps} > {DEVICE}")
    return _expect_steps(check, run, f"LEDs after `echo {steps} > {DEVICE}`", steps)


def _open(run: Run) -> int:
    """What filp_open gives for the device: a struct file, or a negative errno."""
    file, _ = run.machine.call("filp_open", DEVICE, run.machine.symbol("O_WRONLY"), 0)
    return s32(file) if file > 0xFFFF_F000 else file
