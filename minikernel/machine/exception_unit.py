"""What happens when an instruction cannot simply be executed: the guest's own vectors, as the architecture says.

Supervisor calls, undefined instructions and aborts arrive here; interrupts come from machine.py, which knows when.
"""

from __future__ import annotations

from collections.abc import Callable

from minikernel.bits import bits
from minikernel.machine.alignment import condition_passed, is_store, required_alignment
from minikernel.machine.clock import NS_PER_SECOND, VirtualClock
from minikernel.machine.cpu import Cp15, Cpu
from minikernel.machine.events import ExceptionTaken
from minikernel.machine.exceptions import (
    CPSR_MODE,
    SCTLR_A,
    ExceptionKind,
    Mode,
    enter,
    mode_name,
    vector_address,
)
from minikernel.machine.fault_address import fault_address, first_address
from minikernel.machine.mmu import FAULT_NAMES, TTBCR_EAE, Access, FaultStatus, MmuFault
from minikernel.machine.pc_watch import PcWatch
from minikernel.machine.sensitive import Counter, counter_read_by
from minikernel.machine.stop import Fault
from minikernel.machine.trace import Trace
from minikernel.machine.translation import Translation

MAX_NESTED_FAULTS = 1000  # taken in abort or undefined mode in a row, before it counts as a lockup
FAULT_MODES = frozenset({Mode.ABT, Mode.UND})
CPSR_C = 1 << 29


class ExceptionUnit:
    """Enters exceptions of one Cpu. `locked_up(message)` is called when the guest can take none any more."""

    def __init__(
        self,
        cpu: Cpu,
        translation: Translation,
        watch: PcWatch,
        clock: VirtualClock,
        trace: Trace,
        symbolize: Callable[[int], str],
        locked_up: Callable[[str], None],
    ) -> None:
        self.last_fault: Fault | None = None
        self.nested_faults = 0
        self._cpu = cpu
        self._translation = translation
        self._watch = watch
        self._clock = clock
        self._trace = trace
        self._symbolize = symbolize
        self._locked_up = locked_up
        self._alignment_hook: int | None = None

    def enter(self, kind: ExceptionKind, pc: int, cpsr: int) -> None:
        """Go to the vector; `pc` is the preferred return address."""
        registers = self._translation.registers
        self._cpu.enter_exception(enter(kind, pc, cpsr, registers.sctlr, registers.vbar))

    # --- as the engine reports them ---------------------------------------------------------------------------

    def supervisor_call(self) -> None:
        """svc was executed; PC is behind it."""
        self.enter(ExceptionKind.SUPERVISOR_CALL, self._cpu.pc, self._cpu.cpsr)

    def undefined(self) -> None:
        """There is no such instruction."""
        pc = self._cpu.pc
        self._fault(ExceptionKind.UNDEFINED, pc, pc, "execute", "undefined instruction")

    def breakpoint_instruction(self) -> None:
        """bkpt: a prefetch abort (ARM DDI 0406C, C3.4)."""
        pc = self._cpu.pc
        self._cpu.set_cp15(Cp15.IFSR, MmuFault(FaultStatus.DEBUG_EVENT).ifsr())
        self._fault(ExceptionKind.PREFETCH_ABORT, pc, pc, "execute", FAULT_NAMES[FaultStatus.DEBUG_EVENT])

    def alignment_fault(self) -> None:
        """The load or store at PC has an address that it may not have."""
        pc = self._cpu.pc
        addr, word = self._first_address(pc) or 0, self._translation.code_word(pc) or 0
        self._data_abort(pc, addr, MmuFault(FaultStatus.ALIGNMENT), is_store(word))

    def refused_access(self) -> None:
        """The slice ended at an access that translation refused."""
        refused = self._translation.refused
        if refused is None:
            raise RuntimeError("the engine reports an abort, but no access was refused")
        pc = self._cpu.pc
        if refused.access is Access.EXECUTE:
            self._cpu.set_cp15(Cp15.IFSR, refused.fault.ifsr())
            self._cpu.set_cp15(Cp15.IFAR, pc)
            self._fault(ExceptionKind.PREFETCH_ABORT, pc, pc, "fetch", FAULT_NAMES[refused.fault.status])
            return
        addr = fault_address(refused.page, self._first_address(pc))
        self._data_abort(pc, addr, refused.fault, refused.access is Access.WRITE)

    # --- what the engine does not do --------------------------------------------------------------------------

    def follow_control_registers(self) -> None:
        """Between slices. SCTLR.A: look at every instruction while it is set. TTBCR.EAE: there is no such walk here."""
        registers = self._translation.registers
        if registers.ttbcr & TTBCR_EAE:
            self._locked_up("TTBCR.EAE is set: long-descriptor tables are not part of this machine")
        is_wanted = bool(registers.sctlr & SCTLR_A)
        if is_wanted == (self._alignment_hook is not None):
            return
        if self._alignment_hook is None:
            self._alignment_hook = self._cpu.hook_instructions(self._before_instruction)
        else:
            self._cpu.unhook(self._alignment_hook)
            self._alignment_hook = None
        self._watch.retranslate()

    def read_counter(self, word: int) -> None:
        """Do what the mrc or mrrc at PC does, with virtual time in place of the engine's clock."""
        cpu, clock = self._cpu, self._clock
        cycles, time_ns = clock.icount, clock.now_ns
        clock.add_instructions(1)
        if condition_passed(word, cpu.cpsr):
            if counter_read_by(word) is Counter.CYCLES:
                cpu.set_r(bits(word, 15, 12), cycles)
            else:
                count = time_ns * cpu.cp15(Cp15.CNTFRQ) // NS_PER_SECOND
                cpu.set_r(bits(word, 15, 12), count)
                cpu.set_r(bits(word, 19, 16), count >> 32)
        cpu.pc += 4

    def _before_instruction(self, pc: int) -> None:
        """With SCTLR.A set."""
        word = self._translation.code_word(pc)
        alignment = 1 if word is None else required_alignment(word)
        if word is None or alignment == 1 or not condition_passed(word, self._cpu.cpsr):
            return
        addr = self._first_address(pc)
        if addr is not None and addr % alignment:
            self._cpu.stop_before_this()

    # --- faults -----------------------------------------------------------------------------------------------

    def _data_abort(self, pc: int, addr: int, fault: MmuFault, is_write: bool) -> None:
        self._cpu.set_cp15(Cp15.DFSR, fault.dfsr(is_write))
        self._cpu.set_cp15(Cp15.DFAR, addr)
        self._fault(ExceptionKind.DATA_ABORT, pc, addr, "write" if is_write else "read", FAULT_NAMES[fault.status])

    def _fault(self, kind: ExceptionKind, pc: int, addr: int, access: str, cause: str) -> None:
        """Record the fault and enter its vector, unless that cannot work."""
        cpsr = self._cpu.cpsr
        icount, time_ns = self._clock.icount, self._clock.now_ns
        fault = Fault(kind, pc, self._symbolize(pc), addr, access, mode_name(cpsr), cause, icount, time_ns)
        self.last_fault = fault
        self._trace.emit(ExceptionTaken(icount, time_ns, kind, pc, addr))
        registers = self._translation.registers
        self.nested_faults = self.nested_faults + 1 if cpsr & CPSR_MODE in FAULT_MODES else 0
        if pc == vector_address(kind, registers.sctlr, registers.vbar):
            self._locked_up(f"the {kind.value} vector itself faults: {fault}")
        elif self.nested_faults >= MAX_NESTED_FAULTS:
            self._locked_up(f"the fault handler faults again and again: {fault}")
        else:
            self.enter(kind, pc, cpsr)

    def _first_address(self, pc: int) -> int | None:
        """Where the load or store at `pc` begins."""
        word = self._translation.code_word(pc)
        if word is None:
            return None
        registers = list(self._cpu.registers())
        registers[15] = pc + 8
        return first_address(word, registers.__getitem__, bool(self._cpu.cpsr & CPSR_C))
