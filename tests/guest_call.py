"""Call functions of the booted guest kernel as a caller inside it would, and type at its shell.

A guest is booted once for each way of booting; every test gets it as it was then. Calls run in kernel mode on the
kernel's own stack, at the moment the shell waits for a line.
"""

from __future__ import annotations

from functools import cache

from minikernel.kernel.machine import KernelMachine
from minikernel.machine.snapshot import Snapshot
from minikernel.power_on import BootOptions, prepare

SCRATCH_ORDER = 5  # 32 pages
SCRATCH_SIZE = 4096 << SCRATCH_ORDER
CALL_BUDGET = 20_000_000
BOOT_BUDGET = 100_000_000
USER_STACK = 0x7FF000  # the program's topmost stack page: user memory to point system calls at

QUIET_RC = b"# nothing\n"


class Guest:
    """A machine at the shell's prompt, with memory of its own for arguments."""

    def __init__(self, machine: KernelMachine) -> None:
        self.machine = machine
        self.wait = machine.symbol("console_wait")
        self.scratch = self.call("alloc_pages", SCRATCH_ORDER)
        assert self.scratch > 0xC0000000
        self._next = self.scratch

    def call(self, name: str | int, *args: int) -> int:
        """r0 of a function of up to four words, unsigned."""
        cpu = self.machine.cpu
        before = cpu.save()
        for number, value in enumerate(args):
            cpu.set_r(number, value & 0xFFFFFFFF)
        cpu.lr = self.wait
        cpu.pc = self.machine.symbol(name) if isinstance(name, str) else name
        stop = self.machine.run(until={self.wait}, max_instructions=CALL_BUDGET)
        assert cpu.pc == self.wait, stop
        result = cpu.r(0)
        cpu.load(before)
        return result

    def errno(self, name: str | int, *args: int) -> int:
        """The same, signed: a negative result is -errno."""
        result = self.call(name, *args)
        return result - (1 << 32) if result >> 31 else result

    def put(self, data: bytes) -> int:
        """The address of these bytes in kernel memory."""
        where = self._next
        self._next = where + (len(data) + 7 & ~7)
        assert self._next <= self.scratch + SCRATCH_SIZE
        self.machine.write(where, data)
        return where

    def text(self, text: str) -> int:
        """The address of a C string in kernel memory."""
        return self.put(text.encode() + b"\0")

    def user_text(self, text: str, offset: int = 0) -> int:
        """The address of a C string in user memory."""
        self.machine.write(USER_STACK + offset, text.encode() + b"\0")
        return USER_STACK + offset

    def release(self) -> None:
        """Give the scratch memory back: the next put() starts over in it."""
        self._next = self.scratch


@cache
def _booted(rc: bytes | None, append: str, flash: bytes | None) -> tuple[KernelMachine, Snapshot]:
    machine = prepare(BootOptions(rc=rc, append=append, flash=flash))
    machine.run(until="shell", max_instructions=BOOT_BUDGET)
    return machine, machine.save()


def machine_at_shell(rc: bytes | None = None, append: str = "", flash: bytes | None = None) -> KernelMachine:
    """A machine whose shell waits for the first line; the same object for the same arguments, set back each time."""
    machine, snapshot = _booted(rc, append, flash)
    machine.load(snapshot)
    return machine


def quiet_guest(append: str = "") -> Guest:
    """A guest whose rc script did nothing: init memory is still there."""
    return Guest(machine_at_shell(QUIET_RC, append))
