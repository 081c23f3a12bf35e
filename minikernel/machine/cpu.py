"""The processor: a Cortex-A15 in ARM state, by Unicorn. With engine_counter.py the only file that imports it.

Laws learned by measurement (Unicorn 2.1.4):
  * The only per-instruction hook is the engine's own instruction counter. A second code hook anywhere makes every
    instruction walk the list of hooks; so whoever wants to see an address uses block hooks (pc_watch.py).
  * A slice is ended by lowering the limit, never by emu_stop: inside a store emu_stop would repeat it.
  * `until` is not used: exits are switched on and left empty, else the engine asks the MMU about the exit address.
  * TLB fills ask `translate`; a refused one ends the slice with SliceEnd.ABORT and the PC at the instruction.
  * wfe and yield come out like undefined instructions; only the syndrome, which they leave alone, tells them apart.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import Enum, IntEnum, auto
from typing import Any, TypeAlias

from unicorn import (
    UC_ARCH_ARM,
    UC_CTL_IO_WRITE,
    UC_CTL_TLB_FLUSH,
    UC_ERR_EXCEPTION,
    UC_ERR_OK,
    UC_HOOK_BLOCK,
    UC_HOOK_CODE,
    UC_HOOK_INSN_INVALID,
    UC_HOOK_INTR,
    UC_HOOK_MEM_READ,
    UC_HOOK_MEM_WRITE,
    UC_HOOK_TLB_FILL,
    UC_MEM_FETCH,
    UC_MEM_READ,
    UC_MEM_WRITE,
    UC_MODE_ARM,
    UC_PROT_ALL,
    UC_PROT_EXEC,
    UC_PROT_READ,
    UC_PROT_WRITE,
    UC_TLB_VIRTUAL,
    Uc,
    UcError,
)
from unicorn import arm_const as arm

from minikernel.machine.engine_counter import SliceCounter, make_counter
from minikernel.machine.exceptions import CPSR_MODE, CPSR_T, Entry, Mode
from minikernel.machine.mmu import PAGE_SIZE, Access
from minikernel.values import dataclass

CpuState: TypeAlias = tuple[Any, ...]

OnMemoryAccess: TypeAlias = Callable[[int, int, int | None], None]
"""Called as listener(paddr, size, value): value is what a store will store, None for a load."""

# The engine's exception numbers, as they reach the interrupt hook.
EXCP_UDEF = 1
EXCP_SWI = 2
EXCP_PREFETCH_ABORT = 3
EXCP_DATA_ABORT = 4
EXCP_BKPT = 7

WIDEST_ACCESS = 16  # bytes

NO_SYNDROME = 0
SYNDROME_CLASS_SHIFT = 26
FIRST_CLASS_NOT_UNDEFINED = 0x10  # classes below are undefined instructions of some sort, above come svc and aborts


class SliceEnd(Enum):
    """Why a slice ended."""

    LIMIT = auto()
    WAIT = auto()  # wfi was executed
    ABORT = auto()  # translate() refused
    STOPPED = auto()  # stop_before_this() was called


class Cp15(Enum):
    """System control registers by name: (CRn, CRm, opc1, opc2)."""

    SCTLR = (1, 0, 0, 0)
    ACTLR = (1, 0, 0, 1)
    CPACR = (1, 0, 0, 2)
    TTBR0 = (2, 0, 0, 0)
    TTBR1 = (2, 0, 0, 1)
    TTBCR = (2, 0, 0, 2)
    DACR = (3, 0, 0, 0)
    DFSR = (5, 0, 0, 0)
    IFSR = (5, 0, 0, 1)
    DFAR = (6, 0, 0, 0)
    IFAR = (6, 0, 0, 2)
    PAR = (7, 4, 0, 0)
    PRRR = (10, 2, 0, 0)
    NMRR = (10, 2, 0, 1)
    VBAR = (12, 0, 0, 0)
    CONTEXTIDR = (13, 0, 0, 1)
    TPIDRURW = (13, 0, 0, 2)
    TPIDRURO = (13, 0, 0, 3)
    TPIDRPRW = (13, 0, 0, 4)
    CNTFRQ = (14, 0, 0, 0)


class Bank(IntEnum):
    """The modes that have SP, LR and (but for USR) SPSR of their own."""

    USR = Mode.USR
    FIQ = Mode.FIQ
    IRQ = Mode.IRQ
    SVC = Mode.SVC
    ABT = Mode.ABT
    UND = Mode.UND


@dataclass(frozen=True)
class Callbacks:
    """What the processor asks of the machine around it."""

    translate: Callable[[int, Access], tuple[int, Access] | None]
    """(virtual page address, access) -> (physical page address, what is allowed); None refuses."""
    supervisor_call: Callable[[], None]
    undefined: Callable[[], None]
    alignment_fault: Callable[[], None]
    breakpoint_instruction: Callable[[], None]
    control_changed: Callable[[], None]
    """The host has written a system control register."""


GENERAL = tuple(getattr(arm, f"UC_ARM_REG_R{n}") for n in range(16))
ACCESS_OF_FILL = {UC_MEM_READ: Access.READ, UC_MEM_WRITE: Access.WRITE, UC_MEM_FETCH: Access.EXECUTE}
PROT_OF_ACCESS = {
    Access(value): (UC_PROT_READ if value & Access.READ else 0)
    | (UC_PROT_WRITE if value & Access.WRITE else 0)
    | (UC_PROT_EXEC if value & Access.EXECUTE else 0)
    for value in range(8)
}
# CPSR first: it switches the bank that the next two go to.
ENTRY = (arm.UC_ARM_REG_CPSR, arm.UC_ARM_REG_SPSR, arm.UC_ARM_REG_LR, arm.UC_ARM_REG_PC)
FLOATING = tuple(getattr(arm, f"UC_ARM_REG_D{n}") for n in range(32))


class Cpu:
    """One core. Registers may be read and written between slices and inside callbacks."""

    def __init__(self) -> None:
        self._uc = Uc(UC_ARCH_ARM, UC_MODE_ARM, arm.UC_CPU_ARM_CORTEX_A15)
        self._uc.ctl_set_page_size(PAGE_SIZE)
        self._uc.ctl_set_tlb_mode(UC_TLB_VIRTUAL)
        self._uc.ctl_exits_enabled(True)
        self._counter: SliceCounter = make_counter(self._uc)
        self._keep_alive: list[Any] = []
        self._in_slice = False
        self._is_stopped = False
        self.changes = 0
        """Counts the host's writes of registers, so that a recorder notices them."""
        self._control_changed: Callable[[], None] = lambda: None
        self._general = _RegisterSet(self._uc, GENERAL)
        self._pc = _RegisterSet(self._uc, (arm.UC_ARM_REG_PC,))
        self._cpsr = _RegisterSet(self._uc, (arm.UC_ARM_REG_CPSR,))
        self._start = _RegisterSet(self._uc, (arm.UC_ARM_REG_PC, arm.UC_ARM_REG_CPSR))
        self._entry = _RegisterSet(self._uc, ENTRY)

    def connect(self, callbacks: Callbacks) -> None:
        """Say who answers; once, before the first slice."""
        uc = self._uc
        self._control_changed = callbacks.control_changed
        handlers = {
            EXCP_SWI: callbacks.supervisor_call,
            EXCP_DATA_ABORT: callbacks.alignment_fault,
            EXCP_PREFETCH_ABORT: callbacks.breakpoint_instruction,
            EXCP_BKPT: callbacks.breakpoint_instruction,
        }

        def interrupt(_uc: Uc, number: int, _data: Any) -> None:
            handler = handlers.get(number)
            if handler is None:  # hvc, smc: there is no such level here; the engine is already behind them
                uc.reg_write(arm.UC_ARM_REG_PC, uc.reg_read(arm.UC_ARM_REG_PC) - 4)
                handler = callbacks.undefined
            handler()

        def invalid(_uc: Uc, _data: Any) -> bool:
            syndrome = uc.reg_read(arm.UC_ARM_REG_ESR)
            if syndrome == NO_SYNDROME or syndrome >> SYNDROME_CLASS_SHIFT >= FIRST_CLASS_NOT_UNDEFINED:
                return True  # wfe or yield: nothing to do on a single core, go on behind it
            callbacks.undefined()
            uc.reg_write(arm.UC_ARM_REG_ESR, NO_SYNDROME)
            return True

        def fill(_uc: Uc, addr: int, kind: int, entry: Any, _data: Any) -> bool:
            found = callbacks.translate(addr, ACCESS_OF_FILL[kind])
            if found is None:
                return False
            entry.paddr, access = found
            entry.perms = PROT_OF_ACCESS[access]
            return True

        uc.hook_add(UC_HOOK_INTR, interrupt)
        uc.hook_add(UC_HOOK_INSN_INVALID, invalid)
        uc.hook_add(UC_HOOK_TLB_FILL, fill)

    # --- physical address space -------------------------------------------------------------------------------

    def map_ram(self, base: int, buffer: Any, size: int) -> None:
        """Put a writable buffer at a physical address; it must outlive the processor."""
        pointer = (ctypes.c_char * size).from_buffer(buffer)
        self._keep_alive.append(pointer)
        self._uc.mem_map_ptr(base, size, UC_PROT_ALL, ctypes.addressof(pointer))

    def map_io(self, base: int, size: int, read: Callable[..., int], write: Callable[..., None]) -> None:
        """Let read(_, offset, size, _) and write(_, offset, size, value, _) answer at physical [base, base + size).
        They are called for every access, so nothing stands between them and the engine; the _ are its own."""
        self._uc.mmio_map(base, size, read, None, write, None)

    # --- running ----------------------------------------------------------------------------------------------

    def run_slice(self, limit: int) -> tuple[SliceEnd, int]:
        """Execute at most `limit` (>= 1) instructions from PC on; returns why it ended and how many had begun."""
        counter = self._counter
        pc, cpsr = self._start.read()
        start = pc | bool(cpsr & CPSR_T)
        count = counter.begin(limit)
        aborted = False
        self._is_stopped = False
        self._in_slice = True
        try:
            self._uc.emu_start(start, 0, count=count)
        except UcError as error:
            if error.errno != UC_ERR_EXCEPTION:
                raise
            aborted = True
        finally:
            self._in_slice = False
            executed, is_limit = counter.finish()
        if aborted:
            return SliceEnd.ABORT, executed
        if self._is_stopped:
            return SliceEnd.STOPPED, executed
        return (SliceEnd.LIMIT if is_limit else SliceEnd.WAIT), executed

    def executed(self) -> int:
        """Instructions begun in the running slice, 0 between slices."""
        return self._counter.executed if self._in_slice else 0

    @property
    def is_at_limit(self) -> bool:
        """True inside a slice whose next instruction will not be executed."""
        return self._counter.executed >= self._counter.limit

    def shorten(self, more: int = 0) -> None:
        """Let the running slice end `more` instructions from now; 0 is before the next one begins."""
        if self._in_slice:
            self._counter.shorten(self._counter.executed + more)

    def hook_blocks(self, start: int, end: int, callback: Callable[[int], None]) -> None:
        """Call callback(address) before each straight run of code that begins in [start, end], both included."""

        def block(_uc: Uc, address: int, _size: int, _data: Any) -> None:
            callback(address)

        self._uc.hook_add(UC_HOOK_BLOCK, block, None, start, end)

    def hook_instructions(self, callback: Callable[[int], None]) -> int:
        """Call callback(address) before every instruction: slow. Returns a handle. Translate all again afterwards."""

        def instruction(_uc: Uc, address: int, _size: int, _data: Any) -> None:
            if not self._counter.is_over:
                callback(address)

        handle: int = self._uc.hook_add(UC_HOOK_CODE, instruction)
        return handle

    def unhook(self, handle: int) -> None:
        """Between slices: take a hook away. Translate all again afterwards."""
        self._uc.hook_del(handle)

    def hook_memory(self, paddr: int, size: int, on_access: OnMemoryAccess) -> int:
        """Between slices: call on_access for each load and store of RAM that touches [paddr, paddr + size). Returns a
        handle. Translate all again afterwards: with the first such hook loads and stores take another path."""

        def access(_uc: Uc, kind: int, at: int, width: int, value: int, _data: Any) -> None:
            if at < paddr + size and paddr < at + width:
                on_access(at, width, value & ((1 << 8 * width) - 1) if kind == UC_MEM_WRITE else None)

        # The engine compares the first byte of an access only; none is wider than this.
        first = paddr - WIDEST_ACCESS + 1
        handle: int = self._uc.hook_add(UC_HOOK_MEM_READ | UC_HOOK_MEM_WRITE, access, None, first, paddr + size - 1)
        return handle

    def unhook_memory(self, handle: int) -> None:
        """Between slices: take such a hook away. Translate all again afterwards."""
        self._uc.hook_del(handle)

    def stop_before_this(self) -> None:
        """Inside an instruction hook: end the slice; the instruction has begun but is not executed."""
        self._is_stopped = True
        self._uc.emu_stop()

    def forget_translation(self, addr: int, size: int) -> None:
        """Inside a slice: what was translated of [addr, addr + size) will be again. Not for the code that runs now."""
        self._uc.ctl_remove_cache(addr, addr + size)

    def forget_all_translation(self) -> None:
        """Between slices: all code will be translated again, with the hooks there are now."""
        self._uc.ctl_flush_tb()

    def flush_tlb(self) -> None:
        """The engine will ask for every page again. The guest's own TLB (tlb.py) is not touched."""
        self._uc.ctl(UC_CTL_TLB_FLUSH, UC_CTL_IO_WRITE)

    # --- registers --------------------------------------------------------------------------------------------

    def r(self, number: int) -> int:
        """R0-R15 of the current mode."""
        return int(self._uc.reg_read(GENERAL[number]))

    def set_r(self, number: int, value: int) -> None:
        """Write R0-R14 of the current mode, or the PC."""
        self.changes += 1
        self._uc.reg_write(GENERAL[number], value & 0xFFFF_FFFF)

    def registers(self) -> tuple[int, ...]:
        """R0-R15 of the current mode."""
        return self._general.read()

    @property
    def pc(self) -> int:
        """The next instruction's address."""
        return self._pc.read()[0]

    @pc.setter
    def pc(self, value: int) -> None:
        self.changes += 1
        self._uc.reg_write(arm.UC_ARM_REG_PC, value & 0xFFFF_FFFF)

    @property
    def lr(self) -> int:
        """R14 of the current mode."""
        return int(self._uc.reg_read(arm.UC_ARM_REG_LR))

    @lr.setter
    def lr(self, value: int) -> None:
        self.changes += 1
        self._uc.reg_write(arm.UC_ARM_REG_LR, value & 0xFFFF_FFFF)

    @property
    def sp(self) -> int:
        """R13 of the current mode."""
        return int(self._uc.reg_read(arm.UC_ARM_REG_SP))

    @sp.setter
    def sp(self, value: int) -> None:
        self.changes += 1
        self._uc.reg_write(arm.UC_ARM_REG_SP, value & 0xFFFF_FFFF)

    @property
    def cpsr(self) -> int:
        """The whole current program status register."""
        return self._cpsr.read()[0]

    @cpsr.setter
    def cpsr(self, value: int) -> None:
        self.changes += 1
        self._uc.reg_write(arm.UC_ARM_REG_CPSR, value & 0xFFFF_FFFF)

    @property
    def spsr(self) -> int:
        """The current mode's saved program status register."""
        return int(self._uc.reg_read(arm.UC_ARM_REG_SPSR))

    @spsr.setter
    def spsr(self, value: int) -> None:
        self.changes += 1
        self._uc.reg_write(arm.UC_ARM_REG_SPSR, value & 0xFFFF_FFFF)

    @property
    def is_privileged(self) -> bool:
        """True in every mode but USR."""
        return self.cpsr & CPSR_MODE != Mode.USR

    def cp15(self, register: Cp15) -> int:
        """A system control register."""
        crn, crm, opc1, opc2 = register.value
        return int(self._uc.reg_read(arm.UC_ARM_REG_CP_REG, (15, 0, 0, crn, crm, opc1, opc2)))

    def set_cp15(self, register: Cp15, value: int) -> None:
        """Write a system control register."""
        self.changes += 1
        crn, crm, opc1, opc2 = register.value
        self._uc.reg_write(arm.UC_ARM_REG_CP_REG, (15, 0, 0, crn, crm, opc1, opc2, value & 0xFFFF_FFFF))
        self._control_changed()

    def banked(self) -> dict[Bank, tuple[int, int, int]]:
        """(SP, LR, SPSR) of every bank; USR's SPSR is 0. Between slices only."""
        found = {}
        for bank in Bank:
            with self._seen_from(Mode.SYS if bank == Bank.USR else Mode(bank)):
                found[bank] = (self.sp, self.lr, 0 if bank == Bank.USR else self.spsr)
        return found

    def fiq_bank(self) -> tuple[int, ...]:
        """R8-R12 as FIQ mode has them. Between slices only."""
        with self._seen_from(Mode.FIQ):
            return self.registers()[8:13]

    def user_r8_to_r12(self) -> tuple[int, ...]:
        """R8-R12 as every mode but FIQ has them. Between slices only."""
        with self._seen_from(Mode.SYS):
            return self.registers()[8:13]

    @contextmanager
    def _seen_from(self, mode: Mode) -> Iterator[None]:
        """In this block the registers are those of another mode."""
        here, changes = self.cpsr, self.changes
        self.cpsr = here & ~CPSR_MODE | mode
        yield
        self.cpsr = here
        self.changes = changes

    def floating(self) -> tuple[int, ...]:
        """D0-D31, FPSCR, FPEXC."""
        return tuple(self._uc.reg_read_batch((*FLOATING, arm.UC_ARM_REG_FPSCR, arm.UC_ARM_REG_FPEXC)))

    def enter_exception(self, entry: Entry) -> None:
        """Do what the architecture does on exception entry."""
        self._entry.write((entry.cpsr, entry.spsr, entry.lr, entry.pc | bool(entry.cpsr & CPSR_T)))

    def architectural_state(self) -> tuple[Any, ...]:
        """Everything a program can see of the processor, as plain numbers, for comparison. Between slices only."""
        return (
            self.registers(),
            self.cpsr,
            tuple(self.banked().values()),
            self.fiq_bank(),
            self.user_r8_to_r12(),
            tuple(self.cp15(register) for register in Cp15),
            self.floating(),
        )

    # --- snapshots --------------------------------------------------------------------------------------------

    def save(self) -> CpuState:
        """The engine's own image of the core, the exclusive monitor included. Good for any Cpu of the same build."""
        state: CpuState = self._uc.context_save().__getstate__()
        return state

    def load(self, state: CpuState) -> None:
        """Take what save() gave; translations of addresses are asked for again."""
        self.changes += 1
        kind: Any = type(self._uc.context_save())
        context = kind.__new__(kind)
        context.__setstate__(state)
        self._uc.context_restore(context)
        self.flush_tlb()


class _RegisterSet:
    """Some 32-bit registers, read or written in one call of the engine with arrays made once: ten times faster."""

    def __init__(self, uc: Uc, numbers: tuple[int, ...]) -> None:
        count = len(numbers)
        self._uc = uc
        self._count = ctypes.c_int(count)
        self._numbers = (ctypes.c_int * count)(*numbers)
        self._values = (ctypes.c_uint32 * count)()
        base, step = ctypes.addressof(self._values), ctypes.sizeof(ctypes.c_uint32)
        self._pointers = (ctypes.c_void_p * count)(*(base + step * index for index in range(count)))

    def read(self) -> tuple[int, ...]:
        self._check(self._uc._do_reg_read_batch(self._numbers, self._pointers, self._count))
        return tuple(self._values)

    def write(self, values: tuple[int, ...]) -> None:
        self._values[:] = list(values)
        self._check(self._uc._do_reg_write_batch(self._numbers, self._pointers, self._count))

    @staticmethod
    def _check(status: int) -> None:
        if status != UC_ERR_OK:
            raise UcError(status)
