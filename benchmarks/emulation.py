"""How much of the engine's speed is left with MMU, devices, clock and trace around it: python benchmarks/emulation.py

The same guest code runs in the traced machine and in a bare Unicorn (`emu_start`, no hooks, the engine's own walk of
the guest's page tables) that starts from a copy of the machine's memory and registers. Figures are ratios of one run.
"""

from __future__ import annotations

import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import unicorn
from unicorn import arm_const as arm

from minikernel.elf.image import Image
from minikernel.kernel.machine import KernelMachine
from minikernel.machine.cpu import Cp15
from minikernel.power_on import rc_archive
from minikernel.toolchain.assembler import assemble_text
from minikernel.toolchain.build import build
from minikernel.toolchain.config import BuildConfig
from minikernel.toolchain.guest_tree import guest_tree

ROUNDS = {"bench_boot": 100, "bench_load": 300, "bench_blocks": 3000}
DEVICES = 0x1B00_0000, 0x0200_0000
"""Address and size of the range where the board has its timer, serial port and the like."""
CALLS = 20_000
REPEATS = 7
NO_LIMIT = 1 << 40


def image_with_load() -> Image:
    """The kernel with load.s as one more driver."""
    with tempfile.TemporaryDirectory() as directory:
        tree = Path(directory) / "guest"
        shutil.copytree(guest_tree(), tree)
        shutil.copy(Path(__file__).parent / "load.s", tree / "drivers" / "load.s")
        config = tree / "config.toml"
        config.write_text(config.read_text().replace("\n[drivers]\n", '\n[drivers]\nload = "y"\n'))
        return Image.from_bytes(build(BuildConfig.load(tree=tree)).image)


def machine_at_shell(image: Image) -> KernelMachine:
    """Booted, with every probe of the kernel's trace in place."""
    machine = KernelMachine(image, initrd=rc_archive(b"# nothing\n"))
    machine.run(until="shell", max_instructions=100_000_000)
    return machine


def call(machine: KernelMachine, name: str, *args: int) -> None:
    """Run one guest function to its return."""
    stop = machine.symbol("console_wait")
    before = machine.cpu.save()
    for number, value in enumerate(args):
        machine.cpu.set_r(number, value)
    machine.cpu.lr = stop
    machine.cpu.pc = machine.symbol(name)
    machine.run(until={stop}, max_instructions=1_000_000_000)
    machine.cpu.load(before)


def bare_engine(machine: KernelMachine) -> unicorn.Uc:
    """An engine with the machine's memory and registers, and nothing else."""
    engine = unicorn.Uc(unicorn.UC_ARCH_ARM, unicorn.UC_MODE_ARM)
    engine.ctl_set_cpu_model(arm.UC_CPU_ARM_CORTEX_A15)
    engine.mem_map(machine.ram.base, machine.ram.size)
    engine.mem_map(*DEVICES)  # memory in place of devices: the timer reads as 0
    engine.mem_write(machine.ram.base, machine.ram.read(machine.ram.base, machine.ram.size))
    engine.reg_write(arm.UC_ARM_REG_CPSR, machine.cpu.cpsr)
    for register, place in ((Cp15.TTBR0, (2, 0, 0)), (Cp15.DACR, (3, 0, 0)), (Cp15.SCTLR, (1, 0, 0))):
        crn, crm, opc2 = place
        value = machine.cpu.cp15(register)
        engine.reg_write(arm.UC_ARM_REG_CP_REG, (15, 0, 0, crn, crm, 0, opc2, value))
    for number, value in enumerate(machine.cpu.registers()[:15]):
        engine.reg_write(arm.UC_ARM_REG_R0 + number if number < 13 else BANKED[number], value)
    return engine


USER_MODE, SUPERVISOR_MODE = 0x1D0, 0x1D3
LOOP = """
        .syntax unified
        .arm
loop:   ldr     r2, [r1]
        add     r2, r2, #1
        str     r2, [r1]
        subs    r0, r0, #1
        bne     loop
stop:   b       stop
"""
LOOP_DATA = 0x200
"""How far behind the loop the word is that it loads and stores: in the same page."""
LOOP_ROUNDS = {USER_MODE: 300_000, SUPERVISOR_MODE: 50_000}


def loop_ratios(image: Image, mode: int) -> tuple[float, float]:
    """The same two speeds for the loop, alone in RAM, with the MMU off in all three."""
    code = assemble_text(LOOP, "loop.s").section(".text").data
    machine = KernelMachine(image)
    addr = machine.ram.base + machine.ram.size // 2
    stop = addr + len(code) - 4
    machine.ram.write(addr, bytes(code))
    bare, counting = bare_engine(machine), bare_engine(machine)
    rounds = LOOP_ROUNDS[mode]

    def run_traced() -> None:
        machine.cpu.cpsr, machine.cpu.pc = mode, addr
        machine.cpu.set_r(0, rounds)
        machine.cpu.set_r(1, addr + LOOP_DATA)
        machine.run(until={stop}, max_instructions=1_000_000_000)

    def run_bare(engine: unicorn.Uc, limit: int = 0) -> None:
        engine.reg_write(arm.UC_ARM_REG_CPSR, mode)
        engine.reg_write(arm.UC_ARM_REG_R0, rounds)
        engine.reg_write(arm.UC_ARM_REG_R1, addr + LOOP_DATA)
        engine.emu_start(addr, stop, count=limit)

    return medians(run_traced, lambda: run_bare(bare), lambda: run_bare(counting, NO_LIMIT), machine, f"loop {mode:#x}")


BANKED = {13: arm.UC_ARM_REG_SP, 14: arm.UC_ARM_REG_LR}


def call_bare(engine: unicorn.Uc, machine: KernelMachine, name: str, *args: int, limit: int = 0) -> None:
    """The same function in the bare engine, which counts when it has a limit of instructions."""
    stop = machine.symbol("console_wait")
    for number, value in enumerate(args):
        engine.reg_write(arm.UC_ARM_REG_R0 + number, value)
    engine.reg_write(arm.UC_ARM_REG_LR, stop)
    engine.emu_start(machine.symbol(name), stop, count=limit)


def seconds(work: Callable[[], None]) -> float:
    """Of the process's own time."""
    start = time.process_time()
    work()
    return time.process_time() - start


def ratios_of(machine: KernelMachine, engine: unicorn.Uc, name: str) -> tuple[float, float]:
    """Speed of the traced machine, and of a bare engine that counts instructions, over that of the bare engine.

    Each is the median of several turns.
    """
    counting = bare_engine(machine)  # one of its own: what was translated without counting is not counted later
    return medians(
        lambda: call(machine, name, ROUNDS[name]),
        lambda: call_bare(engine, machine, name, ROUNDS[name]),
        lambda: call_bare(counting, machine, name, ROUNDS[name], limit=NO_LIMIT),
        machine,
        name,
    )


def medians(
    run_traced: Callable[[], None],
    run_bare: Callable[[], None],
    run_counted: Callable[[], None],
    machine: KernelMachine,
    name: str,
) -> tuple[float, float]:
    """Of the ratios of several turns; the speeds of each go to standard error."""
    ratios = []
    for number in range(REPEATS + 1):
        before = machine.icount
        traced = seconds(run_traced)
        instructions = machine.icount - before
        bare, counted = seconds(run_bare), seconds(run_counted)
        if number:  # the first translates the code
            ratios.append((bare / traced, bare / counted))
            speeds = {"traced": traced, "bare and counted": counted, "bare": bare}
            mips = "   ".join(f"{what} {instructions / time / 1e6:7.1f} MIPS" for what, time in speeds.items())
            print(f"{name:14} {mips}", file=sys.stderr)
    first, second = zip(*ratios, strict=True)
    return statistics.median(first), statistics.median(second)


LOADS = {
    "bench_load": "traced loads and stores against bare unicorn",
    "bench_blocks": "traced memory blocks, by the string functions",
    "bench_boot": "traced boot functions, with log and timer",
}


LOOPS = {
    USER_MODE: "traced loop, its word in its own page, a program's",
    SUPERVISOR_MODE: "the same loop in kernel mode",
}


def main() -> None:
    image = image_with_load()
    machine = machine_at_shell(image)
    engine = bare_engine(machine)
    rows = {what: partial(ratios_of, machine, engine, name) for name, what in LOADS.items()}
    rows |= {what: partial(loop_ratios, image, mode) for mode, what in LOOPS.items()}
    for what, ratios in rows.items():
        traced, counted = ratios()
        print(f"{what:50} {traced:6.2f}   (at least 0.6; counting alone leaves {counted:.2f})")

    machine.add_probe("bench_probed", on_entry=lambda hit: None)
    call(machine, "bench_calls", 10, machine.symbol("bench_probed"))
    costs = []
    for _ in range(REPEATS):
        probed = seconds(lambda: call(machine, "bench_calls", CALLS, machine.symbol("bench_probed")))
        plain = seconds(lambda: call(machine, "bench_calls", CALLS, machine.symbol("bench_plain")))
        steps = seconds(lambda: one_by_one(engine, machine))
        costs.append((probed - plain) / steps)
    print(f"{'one probe hit, in bare single steps':50} {statistics.median(costs):6.2f}")


def one_by_one(engine: unicorn.Uc, machine: KernelMachine) -> None:
    """As many single steps of the bare engine as there are probe hits."""
    addr = machine.symbol("bench_plain")
    engine.reg_write(arm.UC_ARM_REG_LR, addr)
    for _ in range(CALLS):
        engine.emu_start(addr, 0xFFFFFFFF, count=1)


if __name__ == "__main__":
    main()
