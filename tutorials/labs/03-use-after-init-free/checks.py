"""What lab 03 looks at: the LEDs, an answer that depends on the gauge, the pages of init memory.

Everything happens after the deferred run: init memory is gone.
"""

from __future__ import annotations

from minikernel.board.scene import default_scene
from minikernel.kernel.memory import PAGE_SIZE, init_range
from minikernel.labs.checking import Checking, Run

SYS_SW = 0x1C01_0004
CHARGES = (3, 8, 0, 5)


def check_picture(check: Checking) -> None:
    run = check.run("field")
    check.looked_at("the bytes of the flash, after snap")
    taken = default_scene() in run.machine.board.flash.contents()
    check.equal("the scene before the sensor lies in the flash", taken, True)


def check_freed(check: Checking) -> None:
    run = check.run("field")
    check.looked_at("the pages from __init_begin to __init_end after the deferred run")
    pages = range(*init_range(run.machine.image), PAGE_SIZE)
    mapped = [page for page in pages if run.machine.permissions(page) != "---"]
    check.equal(f"pages still mapped, of {len(pages)}", len(mapped), 0)


def check_light(check: Checking) -> None:
    run = check.run("field")
    check.looked_at("SYS_LED after `echo 1 > /dev/charge`, for four states of the gauge")
    for charge in CHARGES:
        _gauge(run, charge)
        run.shell("echo 1 > /dev/charge")
        leds = run.machine.board.sysreg.leds
        bar = (1 << charge) - 1
        if not check.equal(f"charge {charge}: LEDs", f"{leds:#04x}", f"{bar:#04x}", place=run.place("charge_show")):
            return


def check_words(check: Checking) -> None:
    run = check.run("field")
    check.looked_at("what `cat /dev/charge` gives, for four states of the gauge")
    for charge in CHARGES:
        _gauge(run, charge)
        text = run.shell("cat /dev/charge").strip()
        if not check.equal(f"charge {charge}", text, f"charge {charge} of 8", place=run.place("charge_read")):
            return


def check_thrift(check: Checking) -> None:
    run = check.run("field")
    check.looked_at("where the driver's parts lie in the image")
    machine = run.machine
    begin, end = init_range(machine.image)
    function = machine.read_word(machine.symbol("charge_work") + machine.symbol("WORK_FUNC"))
    if begin <= function < end:
        check.missing(f"first the work: {machine.symbolize(function)} is needed later", place=run.place(function))
        return
    for name in ("charge_init", "charge_selftest"):
        at = machine.symbol(name)
        check.equal(f"{name} at {at:#x} lies in init memory", begin <= at < end, True, place=run.place(at))
    called = [call for call in machine.tables_at_start if call.name == "charge_init"]
    check.equal("charge_init is what the tables call", len(called), 1)


def _gauge(run: Run, charge: int) -> None:
    """Set what the battery's gauge answers, as the board's owner would."""
    run.machine.board.write(SYS_SW, 4, charge)
