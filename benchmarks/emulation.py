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
from pathlib import Path

import unicorn
from unicorn import arm_const as arm

from minikernel.elf.image import Image
from minikernel.kernel.machine import KernelMachine
from minikernel.machine.cpu import Cp15
from minikernel.power_on import rc_archive
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
    ratios = []
    counting = bare_engine(machine)  # one of its own: what was translated without counting is not counted later
    for number in range(REPEATS + 1):
        before = machine.icount
        traced = seconds(lambda: call(machine, name, ROUNDS[name]))
        instructions = machine.icount - before
        bare = seconds(lambda: call_bare(engine, machine, name, ROUNDS[name]))
        counted = seconds(lambda: call_bare(counting, machine, name, ROUNDS[name], limit=NO_LIMIT))
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


def main() -> None:
    machine = machine_at_shell(image_with_load())
    engine = bare_engine(machine)
    for name, what in LOADS.items():
        traced, counted = ratios_of(machine, engine, name)
        print(f"{what:46} {traced:6.2f}   (at least 0.6; counting alone leaves {counted:.2f})")

    machine.add_probe("bench_probed", on_entry=lambda hit: None)
    call(machine, "bench_calls", 10, machine.symbol("bench_probed"))
    costs = []
    for _ in range(REPEATS):
        probed = seconds(lambda: call(machine, "bench_calls", CALLS, machine.symbol("bench_probed")))
        plain = seconds(lambda: call(machine, "bench_calls", CALLS, machine.symbol("bench_plain")))
        steps = seconds(lambda: one_by_one(engine, machine))
        costs.append((probed - plain) / steps)
    print(f"{'one probe hit, in bare single steps':46} {statistics.median(costs):6.2f}")


def one_by_one(engine: unicorn.Uc, machine: KernelMachine) -> None:
    """As many single steps of the bare engine as there are probe hits."""
    addr = machine.symbol("bench_plain")
    engine.reg_write(arm.UC_ARM_REG_LR, addr)
    for _ in range(CALLS):
        engine.emu_start(addr, 0xFFFFFFFF, count=1)


if __name__ == "__main__":
    main()
