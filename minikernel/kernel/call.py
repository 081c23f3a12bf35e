"""Calling a function of the guest kernel, or of a module, as a caller inside it would.

It runs on the kernel's own stack, in process context, at a moment when the kernel would also run queued work: the shell
waits for a line, and nothing is half done. The guest sees an ordinary call; the registers are put back afterwards.
"""

from __future__ import annotations

from collections.abc import Sequence

from minikernel.bits import WORD_MASK, align_down
from minikernel.errors import MinikernelError, UsageError
from minikernel.kernel.printk import log_position, read_log, without_levels
from minikernel.kernel.tty import CONSOLE_WAIT
from minikernel.machine.machine import Machine
from minikernel.machine.stop import Fault, StopKind, StopReason

#: Instructions that a call may take.
CALL_BUDGET = 1_000_000_000

#: do_pending_work's entry: between two looks of a wait loop nothing is half done.
SAFE_POINTS = (CONSOLE_WAIT, "do_pending_work")

#: Where a call returns to: the first instruction of the kernel runs once, before the MMU is on, and never again.
RETURN_SYMBOL = "_text"

REGISTER_ARGUMENTS = 4
STACK_ALIGNMENT = 8

Argument = int | bytes | str


class GuestFaultError(MinikernelError):
    """A called function did not come back: `fault` is what it did, `oops` what the guest printed about it.

    The machine is as it was before the call.
    """

    def __init__(self, name: str, stop: StopReason, oops: str) -> None:
        self.stop = stop
        self.fault: Fault | None = stop.fault
        self.oops = oops
        why = str(stop.fault) if stop.fault else str(stop)
        super().__init__(f"{name} did not return: {why}\n{oops}".rstrip())


def run_to_safe_point(machine: Machine) -> StopReason | None:
    """Until a call can be made; None, or why the machine stopped before that."""
    places = [symbol.value for name in SAFE_POINTS if (symbol := machine.image.get(name))]
    running = machine.image.get("pending_work_running")
    while not (machine.cpu.pc in places and (running is None or machine.read_word(running.value) == 0)):
        stop = machine.run(until=places, max_instructions=CALL_BUDGET)
        if stop.kind is not StopKind.BREAKPOINT:
            return stop
    return None


def call_function(machine: Machine, name: str, addr: int, arguments: Sequence[Argument]) -> tuple[int, int]:
    """(r0, r1) of the function at `addr`, unsigned; the machine stands at a safe point. A text or bytes argument is a
    pointer to a copy on the stack, which is gone afterwards.

    Raises GuestFaultError when it does not return, UsageError for arguments that are no words.
    """
    return_to = machine.image.address(RETURN_SYMBOL)
    before = machine.save()
    since = log_position(machine.image, machine.read)
    registers = machine.cpu.save()
    _pass(machine, name, arguments)
    machine.cpu.lr = return_to
    machine.cpu.pc = addr
    stop = machine.run(until=[return_to], max_instructions=CALL_BUDGET)
    if stop.kind is StopKind.BREAKPOINT and machine.cpu.pc == return_to:
        result = machine.cpu.r(0), machine.cpu.r(1)
        machine.cpu.load(registers)
        return result
    oops = without_levels(read_log(machine.image, machine.read, since))
    machine.load(before)
    raise GuestFaultError(name, stop, oops)


def _pass(machine: Machine, name: str, arguments: Sequence[Argument]) -> None:
    """Arguments where the AAPCS wants them: r0-r3, the rest on the stack."""
    sp = machine.cpu.sp
    words = []
    for argument in arguments:
        if isinstance(argument, int):
            if not -(1 << 31) <= argument <= WORD_MASK:
                raise UsageError(f"{name}: {argument:#x} is no 32-bit word")
            words.append(argument & WORD_MASK)
        else:
            data = argument.encode() + b"\0" if isinstance(argument, str) else argument
            sp = align_down(sp - len(data), STACK_ALIGNMENT)
            machine.write(sp, data)
            words.append(sp)
    in_registers, on_stack = words[:REGISTER_ARGUMENTS], words[REGISTER_ARGUMENTS:]
    sp = align_down(sp - 4 * len(on_stack), STACK_ALIGNMENT)
    machine.write(sp, b"".join(word.to_bytes(4, "little") for word in on_stack))
    for number, word in enumerate(in_registers):
        machine.cpu.set_r(number, word)
    machine.cpu.sp = sp
