"""What going back costs: python benchmarks/time_travel.py

Run with recording on against without; single steps against a bare engine that steps and reads its registers; steps back
from random places of the default boot; reverse-continue over the whole boot to a watchpoint; the record's size.
"""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Callable

import unicorn
from emulation import bare_engine, machine_at_shell
from unicorn import arm_const as arm

from minikernel.debug.debugger import Debugger
from minikernel.kernel.machine import KernelMachine
from minikernel.power_on import BootOptions, load_image, prepare, tell_story

REPEATS = 7
STEPS = 3_000
PLACES = 300
REGISTERS = [*range(arm.UC_ARM_REG_R0, arm.UC_ARM_REG_R0 + 13), arm.UC_ARM_REG_SP, arm.UC_ARM_REG_LR, arm.UC_ARM_REG_PC]


def seconds(work: Callable[[], object]) -> float:
    """Of the wall clock: going back is waited for."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def boot_seconds(is_recorded: bool) -> tuple[float, KernelMachine, Debugger | None]:
    """The default boot to power-off."""
    machine = prepare(BootOptions())
    debugger = Debugger(machine) if is_recorded else None
    return seconds(lambda: tell_story(machine)), machine, debugger


def bare_steps(engine: unicorn.Uc) -> None:
    """Single steps, each with a look at all registers."""
    for _ in range(STEPS):
        engine.emu_start(engine.reg_read(arm.UC_ARM_REG_PC), 0xFFFFFFFF, count=1)
        engine.reg_read_batch(REGISTERS)


def debugger_steps(debugger: Debugger) -> None:
    """The same through the debugger, recorded."""
    with debugger.machine.many_runs():
        for _ in range(STEPS):
            debugger.step()


def step_ratio() -> float:
    """Of the same code: a long memset."""
    machine = machine_at_shell(load_image({}))
    place = machine.symbol("memset")
    ratios = []
    debugger = Debugger(machine)
    debugger.set_register("r2", 100_000)
    debugger.set_register("r0", machine.symbol("__log_buf"))
    debugger.set_register("pc", place)
    engine = bare_engine(machine)
    for _ in range(REPEATS):
        engine.reg_write(arm.UC_ARM_REG_PC, place)
        debugger.goto_start()
        debugger.set_register("pc", place)
        ratios.append(seconds(lambda: debugger_steps(debugger)) / seconds(lambda: bare_steps(engine)))
    return statistics.median(ratios)


def main() -> None:
    ratios = []
    for _ in range(REPEATS):
        plain, recorded = boot_seconds(False)[0], boot_seconds(True)[0]
        ratios.append(plain / recorded)
    print(f"boot with recording against without    {statistics.median(ratios):6.2f}   (at least 0.7)")
    print(f"one step against a bare step           {step_ratio():6.2f}   (at most 3)")

    _, _, debugger = boot_seconds(True)
    assert debugger is not None
    print(f"record of the boot, MB                 {debugger.recording.size / 1e6:6.1f}   (under 150)")
    chance = random.Random(4)
    times = []
    for _ in range(PLACES):
        debugger.goto(chance.randrange(2, debugger.recording.end))
        times.append(1000 * seconds(debugger.step_back))
    print(f"one step back, ms, median              {statistics.median(times):6.1f}   (at most 50)")
    print(f"one step back, ms, worst               {max(times):6.1f}   (at most 200)")

    forward = min(boot_seconds(False)[0] for _ in range(3))
    debugger.goto_end()
    debugger.watch("__initcall_start")  # written by nobody until it is poisoned
    searches = []
    for _ in range(3):
        debugger.goto_end()
        searches.append(seconds(lambda: search_to_the_start(debugger)))
    print(f"reverse-continue over the whole boot   {min(searches) / forward:6.2f}   (forward runs; at most 3)")


def search_to_the_start(debugger: Debugger) -> None:
    """Every hit of the watchpoint, back to the start of the record."""
    while debugger.reverse_cont().access is not None:
        pass


if __name__ == "__main__":
    main()
