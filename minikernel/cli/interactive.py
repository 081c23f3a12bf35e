"""`minikernel boot -i`: the user at the guest's shell.

While the guest waits for a line and nothing else goes on, the host waits for a key. The guest's virtual time stands
still then; it goes on with the next key, and while a command runs.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TextIO

from minikernel.board.desktop import Step
from minikernel.cli.keyboard import Keyboard
from minikernel.kernel.machine import KernelMachine
from minikernel.machine.inputs import ConsoleInput
from minikernel.machine.stop import StopKind, StopReason
from minikernel.power_on import run_to_download

#: How long (ns of virtual time) the guest runs before the keyboard is looked at again.
SLICE_NS = 20_000_000

#: Ends of a slice after which the guest goes on.
GOES_ON = frozenset({StopKind.BREAKPOINT, StopKind.TIME, StopKind.PROBE})

DESKTOP_IS_IDLE = frozenset({Step.UNPLUGGED, Step.WAITING, Step.PAUSE, Step.DONE, Step.FAILED})


def run_interactively(
    machine: KernelMachine, keys: TextIO, max_instructions: int, at_shell: Callable[[], None]
) -> StopReason:
    """The story up to the shell, then what the user types, to power-off, Ctrl-C, or the end of the input.

    `max_instructions` bounds the way to the shell and each command; `at_shell` is called between the two.
    """
    stop = run_to_download(machine, max_instructions)
    if stop.kind not in GOES_ON:
        return stop
    at_shell()
    try:
        with Keyboard(keys) as keyboard:
            return _serve(machine, keyboard, stop, max_instructions)
    except KeyboardInterrupt:
        return _stopped(machine, StopKind.INTERRUPTED, "Ctrl-C")


def _serve(machine: KernelMachine, keyboard: Keyboard, stop: StopReason, max_instructions: int) -> StopReason:
    read_at = machine.icount
    while stop.kind in GOES_ON:
        if machine.waits_for_line and machine.board.desktop.step in DESKTOP_IS_IDLE:
            typed = keyboard.read()
            if not typed:
                return _stopped(machine, StopKind.INTERRUPTED, "end of the input")
            machine.inputs.push(ConsoleInput(typed))
            read_at = machine.icount
        left = max(0, max_instructions - (machine.icount - read_at))
        stop = machine.run(until="shell", max_instructions=left, until_ns=machine.time_ns + SLICE_NS)
    return stop


def _stopped(machine: KernelMachine, kind: StopKind, message: str) -> StopReason:
    pc = machine.cpu.pc
    return StopReason(kind, f"{message}, at {machine.image.symbolize(pc)}", pc, machine.icount, machine.time_ns)
