"""GICv2 interrupt controller (distributor at 0x2c001000, CPU interface at 0x2c002000): 96 interrupts, one CPU.

Source: ARM Generic Interrupt Controller Architecture Specification, version 2.0, IHI 0048B: chapter 3 (handling,
priorities), 4.3 (distributor registers), 4.4 (CPU interface registers). Without the Security Extensions, the
Virtualization Extensions and grouping: every interrupt is in group 0 and signalled as IRQ.

Interrupt ids: 0-15 SGIs (from software), 16-31 PPIs (nothing is connected), 32-95 SPIs: SPI n of the board has id 32
+ n.

| distributor | name            | access | reset      | |
|-------------|-----------------|--------|------------|-|
| 0x000       | GICD_CTLR       | RW     | 0          | 0 Enable |
| 0x004       | GICD_TYPER      | RO     | 2          | 32 * (2 + 1) interrupts, one CPU |
| 0x008       | GICD_IIDR       | RO     | 0x0200143b | GIC-400 |
| 0x080       | GICD_IGROUPRn   | RAZ/WI |            | |
| 0x100/0x180 | GICD_ISENABLERn / ICENABLERn | RW | 0x0000ffff, 0, 0 | SGIs always |
| 0x200/0x280 | GICD_ISPENDRn / ICPENDRn     | RW | 0 | SGIs: read-only here |
| 0x300/0x380 | GICD_ISACTIVERn / ICACTIVERn | RW | 0 | |
| 0x400       | GICD_IPRIORITYRn | RW, bytes | 0     | the upper five bits: 32 levels, 0 the most urgent |
| 0x800       | GICD_ITARGETSRn | RAZ/WI |            | as 4.3.12 says for a uniprocessor |
| 0xc00       | GICD_ICFGRn     | RW     | 0xaaaaaaaa, 0, ... | two bits each: 0 level, 2 rising edge (SPIs) |
| 0xf00       | GICD_SGIR       | WO     |            | 3:0 id, 23:16 targets, 25:24 filter |
| 0xf10/0xf20 | GICD_CPENDSGIRn / SPENDSGIRn | RW, bytes | 0 | bit 0: from this CPU |
| 0xfd0-0xffc | identification  | RO     |            | ICPIDR2 (0xfe8) = 0x2b: GICv2 |

| CPU interface | name     | access | reset      | |
|---------------|----------|--------|------------|-|
| 0x000         | GICC_CTLR | RW    | 0          | 0 Enable, 9 EOImode |
| 0x004         | GICC_PMR | RW     | 0          | an interrupt passes if its priority number is lower |
| 0x008         | GICC_BPR | RW     | 2          | 2:0 binary point, at least 2 |
| 0x00c         | GICC_IAR | RO     | 1023       | acknowledge: id, 12:10 source CPU (0) |
| 0x010         | GICC_EOIR | WO    |            | id: priority drop, and deactivation when EOImode = 0 |
| 0x014         | GICC_RPR | RO     | 0xff       | running priority |
| 0x018         | GICC_HPPIR | RO   | 1023       | highest priority pending interrupt, without acknowledging it |
| 0x0d0         | GICC_APR0 | RO    | 0          | active priorities, one bit each of 32 |
| 0x0fc         | GICC_IIDR | RO    | 0x0202143b | GIC-400 |
| 0x1000        | GICC_DIR | WO     |            | id: deactivation, when EOImode = 1 |

A level-sensitive interrupt is pending while its input is high or ISPENDR set it; an edge-triggered one from the
rising edge until it is acknowledged. Among equals the lowest id wins. GICC_EOIR drops the most urgent of the
active priorities whichever id it names; an id out of order is unpredictable in the manual.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from minikernel.bits import WORD_MASK, bits
from minikernel.board.device import AccessLog, BoardPart, IrqLine, State, WordDevice, ignore_access, values_of

NR_IRQS = 96
FIRST_SPI = 32
NR_SGIS = 16
SPURIOUS = 1023
IDLE_PRIORITY = 0xFF
PRIORITY_BITS = 0xF8
MIN_BINARY_POINT = 2
ALL_IRQS = (1 << NR_IRQS) - 1
SGIS = (1 << NR_SGIS) - 1
CTLR_ENABLE = 1 << 0
CTLR_EOIMODE = 1 << 9


class DistributorRegister(IntEnum):
    GICD_CTLR = 0x000
    GICD_TYPER = 0x004
    GICD_IIDR = 0x008
    GICD_IGROUPR = 0x080
    GICD_ISENABLER = 0x100
    GICD_ICENABLER = 0x180
    GICD_ISPENDR = 0x200
    GICD_ICPENDR = 0x280
    GICD_ISACTIVER = 0x300
    GICD_ICACTIVER = 0x380
    GICD_IPRIORITYR = 0x400
    GICD_ITARGETSR = 0x800
    GICD_ICFGR = 0xC00
    GICD_SGIR = 0xF00
    GICD_CPENDSGIR = 0xF10
    GICD_SPENDSGIR = 0xF20


SGI_TO_LIST, SGI_TO_SELF = 0, 2  # GICD_SGIR.TargetListFilter
GICD_IIDR_VALUE = 0x0200_143B
GICC_IIDR_VALUE = 0x0202_143B
PERIPHERAL_ID_OFFSET = 0xFD0
PERIPHERAL_ID = {0xFD0: 0x04, 0xFE0: 0x90, 0xFE4: 0xB4, 0xFE8: 0x2B, 0xFF0: 0x0D, 0xFF4: 0xF0, 0xFF8: 0x05, 0xFFC: 0xB1}

PRIORITY_BYTES = range(0x400, 0x400 + NR_IRQS)
RAZ_WI = frozenset((*range(0x080, 0x080 + NR_IRQS // 8, 4), *range(0x800, 0x800 + NR_IRQS, 4)))
SET_CLEAR_REGISTERS = frozenset(
    base + offset for base in range(0x100, 0x400, 0x80) for offset in range(0, NR_IRQS // 8, 4)
)
CONFIG_REGISTERS = range(0xC00, 0xC00 + NR_IRQS // 4)
SGI_REGISTERS = range(0xF10, 0xF30)
# Registers that come in a row, and how many words of each there are.
ROWS = {
    DistributorRegister.GICD_IGROUPR: NR_IRQS // 32,
    DistributorRegister.GICD_ISENABLER: NR_IRQS // 32,
    DistributorRegister.GICD_ICENABLER: NR_IRQS // 32,
    DistributorRegister.GICD_ISPENDR: NR_IRQS // 32,
    DistributorRegister.GICD_ICPENDR: NR_IRQS // 32,
    DistributorRegister.GICD_ISACTIVER: NR_IRQS // 32,
    DistributorRegister.GICD_ICACTIVER: NR_IRQS // 32,
    DistributorRegister.GICD_IPRIORITYR: NR_IRQS // 4,
    DistributorRegister.GICD_ITARGETSR: NR_IRQS // 4,
    DistributorRegister.GICD_ICFGR: NR_IRQS // 16,
    DistributorRegister.GICD_CPENDSGIR: NR_SGIS // 4,
    DistributorRegister.GICD_SPENDSGIR: NR_SGIS // 4,
}


class CpuRegister(IntEnum):
    GICC_CTLR = 0x000
    GICC_PMR = 0x004
    GICC_BPR = 0x008
    GICC_IAR = 0x00C
    GICC_EOIR = 0x010
    GICC_RPR = 0x014
    GICC_HPPIR = 0x018
    GICC_APR0 = 0x0D0
    GICC_IIDR = 0x0FC
    GICC_DIR = 0x1000


@dataclass(slots=True)
class Registers:
    """Sets of interrupts are ints: bit n is interrupt n."""

    distributor_enable: bool = False
    enabled: int = SGIS
    latched: int = 0  # pending by edge or by software
    active: int = 0
    edge: int = SGIS
    levels: int = 0  # the input wires
    priorities: bytes = bytes(NR_IRQS)
    cpu_ctlr: int = 0
    priority_mask: int = 0
    binary_point: int = MIN_BINARY_POINT
    running: tuple[int, ...] = ()  # priorities of acknowledged interrupts not yet ended, oldest first


class Gic(BoardPart):
    """The controller: state of the interrupts, and which one the CPU should take.

    `irq_pending` is nIRQ seen from inside: true while an interrupt is signalled to the CPU.
    """

    def __init__(self) -> None:
        self.name = "gic"
        self.irq_pending = False
        self.registers = Registers()

    def spi(self, number: int, name: str) -> IrqLine:
        """The wire into SPI `number`, 0-63 (interrupt id 32 + number)."""
        irq = FIRST_SPI + number
        if not FIRST_SPI <= irq < NR_IRQS:
            raise ValueError(f"SPI {number} ({name}): this GIC has SPIs 0 to {NR_IRQS - FIRST_SPI - 1}")
        return IrqLine(name, lambda level: self.set_input(irq, level))

    def set_input(self, irq: int, level: bool) -> None:
        """The wire of interrupt `irq` went high or low."""
        mask = 1 << irq
        if not level:
            self.registers.levels &= ~mask
        elif not self.registers.levels & mask:
            self.registers.levels |= mask
            self.registers.latched |= mask & self.registers.edge
        self.update_irq()

    def pending(self) -> int:
        """The set of pending interrupts, bit n for interrupt n."""
        return self.registers.latched | (self.registers.levels & ~self.registers.edge)

    def highest_pending(self) -> int:
        """Id of the most urgent pending, enabled, inactive interrupt that passes the priority mask; else 1023."""
        r = self.registers
        if not (r.distributor_enable and r.cpu_ctlr & CTLR_ENABLE):
            return SPURIOUS
        best, best_priority = SPURIOUS, r.priority_mask
        candidates = self.pending() & r.enabled & ~r.active
        while candidates:
            irq = (candidates & -candidates).bit_length() - 1
            candidates &= candidates - 1
            if r.priorities[irq] < best_priority:
                best, best_priority = irq, r.priorities[irq]
        return best

    def running_priority(self) -> int:
        """Group priority of the most urgent active interrupt; 0xff when idle."""
        return min(self.registers.running, default=IDLE_PRIORITY)

    def acknowledge(self) -> int:
        """Read of GICC_IAR: the signalled interrupt becomes active."""
        if not self.irq_pending:
            return SPURIOUS
        irq = self.highest_pending()
        self.registers.active |= 1 << irq
        self.registers.latched &= ~(1 << irq)
        self.registers.running += (self._group_priority(self.registers.priorities[irq]),)
        self.update_irq()
        return irq

    def end_of_interrupt(self, irq: int) -> None:
        """Write of GICC_EOIR."""
        if self.registers.running and irq < NR_IRQS:
            running = list(self.registers.running)
            running.remove(min(running))
            self.registers.running = tuple(running)
            if not self.registers.cpu_ctlr & CTLR_EOIMODE:
                self.registers.active &= ~(1 << irq)
        self.update_irq()

    def deactivate(self, irq: int) -> None:
        """Write of GICC_DIR; only with EOImode = 1."""
        if self.registers.cpu_ctlr & CTLR_EOIMODE and irq < NR_IRQS:
            self.registers.active &= ~(1 << irq)
        self.update_irq()

    def save(self) -> State:
        return values_of(self.registers)

    def load(self, state: State) -> None:
        self.registers = Registers(*state)
        self.update_irq()

    def _group_priority(self, priority: int) -> int:
        return priority & (0xFF << self.registers.binary_point + 1)

    def update_irq(self) -> None:
        """Signal when the best candidate may pre-empt what runs (3.3)."""
        irq = self.highest_pending()
        group = IDLE_PRIORITY if irq == SPURIOUS else self._group_priority(self.registers.priorities[irq])
        self.irq_pending = group < self.running_priority()


class GicDistributor(WordDevice):
    """GICD_*: the registers of a Gic at the distributor's address."""

    REGISTERS = DistributorRegister

    def __init__(self, gic: Gic, access_log: AccessLog = ignore_access) -> None:
        super().__init__("gic-distributor", access_log)
        self._gic = gic

    def register_name(self, offset: int) -> str:
        """A register of a row has its number behind it: GICD_ISENABLER1."""
        base = max(register for register in DistributorRegister if register <= offset)
        index = (offset - base) // 4
        if base in ROWS and index < ROWS[base]:
            return f"{base.name}{index}"
        return super().register_name(offset)

    def read(self, offset: int, size: int) -> int:
        if offset in PRIORITY_BYTES:
            start = offset - DistributorRegister.GICD_IPRIORITYR
            return int.from_bytes(self._gic.registers.priorities[start : start + size], "little")
        return super().read(offset, size)

    def write(self, offset: int, size: int, value: int) -> None:
        if offset in PRIORITY_BYTES:
            self._write_priorities(offset - DistributorRegister.GICD_IPRIORITYR, value.to_bytes(size, "little"))
        else:
            super().write(offset, size, value)

    def read_word(self, offset: int) -> int:
        r = self._gic.registers
        match offset:
            case DistributorRegister.GICD_CTLR:
                return int(r.distributor_enable)
            case DistributorRegister.GICD_TYPER:
                return NR_IRQS // 32 - 1
            case DistributorRegister.GICD_IIDR:
                return GICD_IIDR_VALUE
            case _ if offset in RAZ_WI:
                return 0
            case _ if offset in SET_CLEAR_REGISTERS:
                return self._irq_set(offset & ~0x7F) >> 8 * (offset & 0x7F) & WORD_MASK
            case _ if offset in CONFIG_REGISTERS:
                return self._read_config(offset - DistributorRegister.GICD_ICFGR)
            case _ if offset in SGI_REGISTERS:
                first = offset & 0xF
                return sum(1 << 8 * i for i in range(4) if r.latched >> (first + i) & 1)
            case _ if offset >= PERIPHERAL_ID_OFFSET:
                return PERIPHERAL_ID.get(offset, 0)
        return self._unhandled_read(offset)

    def write_word(self, offset: int, value: int) -> None:
        r = self._gic.registers
        match offset:
            case DistributorRegister.GICD_CTLR:
                r.distributor_enable = bool(value & CTLR_ENABLE)
            case DistributorRegister.GICD_SGIR:
                self._send_sgi(value)
            case _ if offset in SET_CLEAR_REGISTERS:
                self._change_irq_set(offset & ~0x7F, value << 8 * (offset & 0x7F) & ALL_IRQS)
            case _ if offset in CONFIG_REGISTERS:
                self._write_config(offset - DistributorRegister.GICD_ICFGR, value)
            case _ if offset in SGI_REGISTERS:
                sgis = sum(1 << (offset & 0xF) + i for i in range(4) if value >> 8 * i & 1)
                is_set = offset >= DistributorRegister.GICD_SPENDSGIR
                r.latched = r.latched | sgis if is_set else r.latched & ~sgis
            case _ if offset in RAZ_WI or offset >= PERIPHERAL_ID_OFFSET:
                pass
            case _:
                self._unhandled_write(offset, value)
        self._gic.update_irq()

    def save(self) -> State:
        """Nothing: the state is the Gic's."""
        return ()

    def load(self, state: State) -> None:
        """Nothing: the state is the Gic's."""

    def _irq_set(self, base: int) -> int:
        r = self._gic.registers
        match base:
            case DistributorRegister.GICD_ISENABLER | DistributorRegister.GICD_ICENABLER:
                return r.enabled
            case DistributorRegister.GICD_ISPENDR | DistributorRegister.GICD_ICPENDR:
                return self._gic.pending()
        return r.active

    def _change_irq_set(self, base: int, irqs: int) -> None:
        r = self._gic.registers
        match base:
            case DistributorRegister.GICD_ISENABLER:
                r.enabled |= irqs
            case DistributorRegister.GICD_ICENABLER:
                r.enabled &= ~irqs | SGIS
            case DistributorRegister.GICD_ISPENDR:
                r.latched |= irqs & ~SGIS
            case DistributorRegister.GICD_ICPENDR:
                r.latched &= ~irqs | SGIS
            case DistributorRegister.GICD_ISACTIVER:
                r.active |= irqs
            case DistributorRegister.GICD_ICACTIVER:
                r.active &= ~irqs

    def _read_config(self, offset: int) -> int:
        first = 4 * offset  # sixteen interrupts in four bytes
        return sum(0b10 << 2 * i for i in range(16) if self._gic.registers.edge >> (first + i) & 1)

    def _write_config(self, offset: int, value: int) -> None:
        first = 4 * offset
        if first < FIRST_SPI:
            return
        edges = sum(1 << first + i for i in range(16) if value >> (2 * i + 1) & 1)
        self._gic.registers.edge = self._gic.registers.edge & ~(0xFFFF << first) | edges

    def _write_priorities(self, first: int, values: bytes) -> None:
        r = self._gic.registers
        masked = bytes(value & PRIORITY_BITS for value in values)
        r.priorities = r.priorities[:first] + masked + r.priorities[first + len(masked) :]
        self._gic.update_irq()

    def _send_sgi(self, value: int) -> None:
        target_list, target_filter = bits(value, 23, 16), bits(value, 25, 24)
        to_this_cpu = target_filter == SGI_TO_SELF or (target_filter == SGI_TO_LIST and target_list & 1)
        if to_this_cpu:
            self._gic.registers.latched |= 1 << bits(value, 3, 0)


class GicCpuInterface(WordDevice):
    """GICC_*: the registers of a Gic at the CPU interface's address."""

    REGISTERS = CpuRegister

    def __init__(self, gic: Gic, access_log: AccessLog = ignore_access) -> None:
        super().__init__("gic-cpu", access_log)
        self._gic = gic

    def read_word(self, offset: int) -> int:
        r = self._gic.registers
        match offset:
            case CpuRegister.GICC_IAR:
                return self._gic.acknowledge()
            case CpuRegister.GICC_CTLR:
                return r.cpu_ctlr
            case CpuRegister.GICC_PMR:
                return r.priority_mask
            case CpuRegister.GICC_BPR:
                return r.binary_point
            case CpuRegister.GICC_RPR:
                return self._gic.running_priority()
            case CpuRegister.GICC_HPPIR:
                return self._gic.highest_pending()
            case CpuRegister.GICC_APR0:
                return sum(1 << priority // 8 for priority in set(r.running))
            case CpuRegister.GICC_IIDR:
                return GICC_IIDR_VALUE
        return self._unhandled_read(offset)

    def write_word(self, offset: int, value: int) -> None:
        r = self._gic.registers
        match offset:
            case CpuRegister.GICC_EOIR:
                self._gic.end_of_interrupt(value & 0x3FF)
            case CpuRegister.GICC_DIR:
                self._gic.deactivate(value & 0x3FF)
            case CpuRegister.GICC_CTLR:
                r.cpu_ctlr = value & (CTLR_ENABLE | CTLR_EOIMODE)
            case CpuRegister.GICC_PMR:
                r.priority_mask = value & PRIORITY_BITS
            case CpuRegister.GICC_BPR:
                r.binary_point = max(value & 7, MIN_BINARY_POINT)
            case _:
                self._unhandled_write(offset, value)
        self._gic.update_irq()

    def save(self) -> State:
        """Nothing: the state is the Gic's."""
        return ()

    def load(self, state: State) -> None:
        """Nothing: the state is the Gic's."""
