"""The interrupt controller: which interrupt the CPU gets, in which order, and when it gets none."""

import pytest

from minikernel.board.gicv2 import SPURIOUS, Gic, GicCpuInterface, GicDistributor

CTLR, TYPER, IIDR, IGROUPR = 0x000, 0x004, 0x008, 0x080
ISENABLER, ICENABLER, ISPENDR, ICPENDR, ISACTIVER, ICACTIVER = range(0x100, 0x400, 0x80)
IPRIORITYR, ITARGETSR, ICFGR, SGIR, CPENDSGIR, SPENDSGIR = 0x400, 0x800, 0xC00, 0xF00, 0xF10, 0xF20
GICC_CTLR, PMR, BPR, IAR, EOIR, RPR, HPPIR, APR0, DIR = 0x0, 0x4, 0x8, 0xC, 0x10, 0x14, 0x18, 0xD0, 0x1000
UART, TIMER = 37, 34


class Rig:
    """A GIC with both its register files, switched on as a driver does."""

    def __init__(self, log):
        self.gic = Gic()
        self.dist = GicDistributor(self.gic, log)
        self.cpu = GicCpuInterface(self.gic, log)

    def on(self, *irqs):
        self.dist.write(CTLR, 4, 1)
        self.cpu.write(PMR, 4, 0xF0)
        self.cpu.write(GICC_CTLR, 4, 1)
        for irq in irqs:
            self.enable(irq)
        return self

    def enable(self, irq):
        self.dist.write(ISENABLER + irq // 32 * 4, 4, 1 << irq % 32)

    def priority(self, irq, value):
        self.dist.write(IPRIORITYR + irq, 1, value)

    def edge(self, irq):
        offset = ICFGR + irq // 16 * 4
        self.dist.write(offset, 4, self.dist.read(offset, 4) | 2 << 2 * (irq % 16))

    def acknowledge(self):
        return self.cpu.read(IAR, 4)

    def end(self, irq):
        self.cpu.write(EOIR, 4, irq)

    @property
    def pending(self):
        return self.gic.irq_pending


@pytest.fixture
def rig(unknown):
    return Rig(unknown)


@pytest.mark.parametrize(
    ("offset", "value"),
    [
        (CTLR, 0),
        (TYPER, 2),
        (IIDR, 0x0200143B),
        (IGROUPR, 0),
        (ISENABLER, 0xFFFF),
        (ICENABLER, 0xFFFF),
        (ISENABLER + 4, 0),
        (ISPENDR, 0),
        (ISACTIVER + 8, 0),
        (IPRIORITYR, 0),
        (ITARGETSR, 0),
        (ICFGR, 0xAAAA_AAAA),
        (ICFGR + 4, 0),
        (ICFGR + 8, 0),
        (SGIR, 0),
        (CPENDSGIR, 0),
        (0xFE8, 0x2B),
        (0xFD4, 0),
    ],
)
def test_distributor_reset_value(rig, unknown, offset, value):
    assert rig.dist.read(offset, 4) == value
    assert unknown == []


@pytest.mark.parametrize(
    ("offset", "value"),
    [(GICC_CTLR, 0), (PMR, 0), (BPR, 2), (IAR, 1023), (RPR, 0xFF), (HPPIR, 1023), (APR0, 0), (0xFC, 0x0202143B)],
)
def test_cpu_interface_reset_value(rig, unknown, offset, value):
    assert rig.cpu.read(offset, 4) == value
    assert unknown == []


def test_level_interrupt_goes_through_its_life(rig):
    rig.on(UART)
    rig.gic.set_input(UART, True)
    assert rig.pending
    assert rig.cpu.read(HPPIR, 4) == UART
    assert rig.acknowledge() == UART
    assert not rig.pending  # active: it does not interrupt itself
    assert rig.acknowledge() == SPURIOUS
    rig.gic.set_input(UART, False)
    rig.end(UART)
    assert not rig.pending


def test_level_interrupt_not_served_comes_again(rig):
    rig.on(UART)
    rig.gic.set_input(UART, True)
    rig.end(rig.acknowledge())
    assert rig.pending


def test_level_that_falls_before_the_acknowledge_is_spurious(rig):
    rig.on(UART)
    rig.gic.set_input(UART, True)
    rig.gic.set_input(UART, False)
    assert not rig.pending
    assert rig.acknowledge() == SPURIOUS


def test_edge_interrupt_is_remembered_and_comes_once(rig):
    rig.on(UART)
    rig.edge(UART)
    rig.gic.set_input(UART, True)
    rig.gic.set_input(UART, False)
    assert rig.pending
    rig.end(rig.acknowledge())
    assert not rig.pending


def test_edge_while_active_is_pending_again(rig):
    rig.on(UART)
    rig.edge(UART)
    rig.gic.set_input(UART, True)
    rig.acknowledge()
    rig.gic.set_input(UART, False)
    rig.gic.set_input(UART, True)
    assert not rig.pending
    rig.end(UART)
    assert rig.pending


@pytest.mark.parametrize("what", ["distributor", "cpu interface", "interrupt", "mask", "mask at priority"])
def test_nothing_is_signalled_while_anything_is_off(rig, what):
    rig.on(UART)
    rig.priority(UART, 0x80)
    rig.gic.set_input(UART, True)
    assert rig.pending
    match what:
        case "distributor":
            rig.dist.write(CTLR, 4, 0)
        case "cpu interface":
            rig.cpu.write(GICC_CTLR, 4, 0)
        case "interrupt":
            rig.dist.write(ICENABLER + 4, 4, 1 << UART - 32)
        case "mask":
            rig.cpu.write(PMR, 4, 0)
        case "mask at priority":
            rig.cpu.write(PMR, 4, 0x80)
    assert not rig.pending
    assert rig.acknowledge() == SPURIOUS


def test_lower_priority_number_wins_then_lower_id(rig):
    rig.on(40, 41, 42)
    for irq, priority in ((40, 0x50), (41, 0x20), (42, 0x20)):
        rig.priority(irq, priority)
        rig.gic.set_input(irq, True)
    order = []
    for _ in range(3):
        irq = rig.acknowledge()
        order.append(irq)
        rig.gic.set_input(irq, False)
        rig.end(irq)
    assert order == [41, 42, 40]


def test_more_urgent_interrupt_preempts_and_equal_one_waits(rig):
    rig.on(40, 41, 42)
    for irq, priority in ((40, 0x50), (41, 0x50), (42, 0x20)):
        rig.priority(irq, priority)
    rig.gic.set_input(40, True)
    assert rig.acknowledge() == 40
    assert rig.cpu.read(RPR, 4) == 0x50
    rig.gic.set_input(41, True)
    assert not rig.pending
    rig.gic.set_input(42, True)
    assert rig.acknowledge() == 42
    assert rig.cpu.read(RPR, 4) == 0x20
    assert rig.cpu.read(APR0, 4) == 1 << 0x50 // 8 | 1 << 0x20 // 8
    rig.gic.set_input(42, False)
    rig.end(42)
    assert rig.cpu.read(RPR, 4) == 0x50
    assert not rig.pending
    rig.gic.set_input(40, False)
    rig.end(40)
    assert rig.acknowledge() == 41


def test_binary_point_makes_groups_that_do_not_preempt_each_other(rig):
    rig.on(40, 41)
    rig.cpu.write(BPR, 4, 5)  # groups of 64
    rig.priority(40, 0x38)
    rig.priority(41, 0x00)
    rig.gic.set_input(40, True)
    rig.acknowledge()
    rig.gic.set_input(41, True)
    assert not rig.pending
    rig.end(40)
    assert rig.cpu.read(HPPIR, 4) == 41
    assert rig.pending


def test_binary_point_is_at_least_two(rig):
    rig.cpu.write(BPR, 4, 0)
    assert rig.cpu.read(BPR, 4) == 2


def test_priorities_are_bytes_with_five_bits(rig):
    rig.dist.write(IPRIORITYR + 36, 4, 0xFF_A0_07_08)
    assert [rig.dist.read(IPRIORITYR + 36 + i, 1) for i in range(4)] == [0x08, 0x00, 0xA0, 0xF8]
    rig.dist.write(IPRIORITYR + 38, 2, 0x1810)
    assert rig.dist.read(IPRIORITYR + 36, 4) == 0x1810_0008
    assert rig.dist.read(IPRIORITYR + 37, 1) == 0


def test_enable_registers_set_and_clear_by_ones(rig):
    rig.dist.write(ISENABLER + 4, 4, 0b1110)
    rig.dist.write(ICENABLER + 4, 4, 0b0100)
    assert rig.dist.read(ISENABLER + 4, 4) == rig.dist.read(ICENABLER + 4, 4) == 0b1010
    rig.dist.write(ICENABLER, 4, 0xFFFF_FFFF)
    assert rig.dist.read(ISENABLER, 4) == 0xFFFF  # SGIs are always enabled


def test_software_can_make_an_spi_pending_and_take_it_back(rig):
    rig.on(50)
    rig.dist.write(ISPENDR + 4, 4, 1 << 18)
    assert rig.pending
    assert rig.dist.read(ISPENDR + 4, 4) == 1 << 18
    rig.dist.write(ICPENDR + 4, 4, 1 << 18)
    assert not rig.pending


def test_clear_pending_does_not_take_back_a_high_level(rig):
    rig.on(50)
    rig.gic.set_input(50, True)
    rig.dist.write(ICPENDR + 4, 4, 1 << 18)
    assert rig.pending


def test_active_bits_can_be_read_and_changed(rig):
    rig.on(50)
    rig.gic.set_input(50, True)
    rig.acknowledge()
    assert rig.dist.read(ISACTIVER + 4, 4) == 1 << 18
    rig.dist.write(ICACTIVER + 4, 4, 1 << 18)
    assert rig.dist.read(ISACTIVER + 4, 4) == 0
    rig.dist.write(ISACTIVER + 4, 4, 1)
    assert rig.dist.read(ICACTIVER + 4, 4) == 1


@pytest.mark.parametrize(
    ("value", "arrives"),
    [(0x0001_0003, True), (0x00FE_0003, False), (0x0100_0003, False), (0x0200_0003, True)],
)
def test_sgi_reaches_this_cpu_by_target_list_or_as_self(rig, value, arrives):
    rig.on()
    rig.dist.write(SGIR, 4, value)
    assert rig.pending is arrives
    assert rig.acknowledge() == (3 if arrives else SPURIOUS)


def test_sgi_pending_bytes_set_and_clear(rig):
    rig.on()
    rig.dist.write(SPENDSGIR + 5, 1, 1)
    assert rig.dist.read(SPENDSGIR + 4, 4) == rig.dist.read(CPENDSGIR + 4, 4) == 0x0100
    assert rig.dist.read(ISPENDR, 4) == 1 << 5
    rig.dist.write(ICPENDR, 4, 1 << 5)
    assert rig.pending  # SGIs only by their own registers
    rig.dist.write(CPENDSGIR + 5, 1, 1)
    assert not rig.pending


def test_configuration_of_sgis_and_ppis_is_fixed(rig):
    rig.dist.write(ICFGR, 4, 0)
    rig.dist.write(ICFGR + 4, 4, 0xFFFF_FFFF)
    rig.dist.write(ICFGR + 8, 4, 0xFFFF_FFFF)
    assert [rig.dist.read(ICFGR + o, 4) for o in (0, 4, 8)] == [0xAAAA_AAAA, 0, 0xAAAA_AAAA]


@pytest.mark.parametrize("offset", [IGROUPR, ITARGETSR, ITARGETSR + 32])
def test_groups_and_targets_read_as_zero_and_ignore_writes(rig, unknown, offset):
    rig.dist.write(offset, 4, 0x0101_0101)
    assert rig.dist.read(offset, 4) == 0
    assert unknown == []


def test_eoimode_splits_priority_drop_from_deactivation(rig):
    rig.on(40, 41)
    rig.cpu.write(GICC_CTLR, 4, 1 | 1 << 9)
    rig.gic.set_input(40, True)
    rig.acknowledge()
    rig.end(40)
    assert rig.cpu.read(RPR, 4) == 0xFF
    assert not rig.pending  # still active
    rig.cpu.write(DIR, 4, 40)
    assert rig.pending


def test_dir_without_eoimode_does_nothing(rig):
    rig.on(40)
    rig.gic.set_input(40, True)
    rig.acknowledge()
    rig.cpu.write(DIR, 4, 40)
    assert rig.dist.read(ISACTIVER + 4, 4) == 1 << 8


@pytest.mark.parametrize("irq", [40, 1023, 96])
def test_eoi_when_idle_does_nothing(rig, irq):
    before = rig.gic.save()
    rig.end(irq)
    assert rig.gic.save() == before


def test_spi_wire_has_id_32_more(rig):
    rig.on(TIMER)
    rig.gic.spi(2, "timer").set(True)
    assert rig.acknowledge() == TIMER


@pytest.mark.parametrize("number", [-1, 64])
def test_spi_that_is_not_there_is_refused_by_name(rig, number):
    with pytest.raises(ValueError, match=rf"SPI {number} \(camera\): this GIC has SPIs 0 to 63"):
        rig.gic.spi(number, "camera")


def test_saved_inside_a_nested_interrupt_it_goes_on(rig, unknown):
    rig.on(40, 41)
    rig.priority(40, 0x50)
    rig.priority(41, 0x20)
    rig.gic.set_input(40, True)
    rig.acknowledge()
    rig.gic.set_input(41, True)
    state = rig.gic.save()
    rig.end(rig.acknowledge())
    other = Rig(unknown)
    other.gic.load(state)
    assert other.gic.save() == state
    assert other.pending
    assert other.acknowledge() == 41
    other.gic.set_input(41, False)
    other.end(41)
    assert other.cpu.read(RPR, 4) == 0x50


@pytest.mark.parametrize(
    ("offset", "name"),
    [
        (0x000, "GICD_CTLR"),
        (0x104, "GICD_ISENABLER1"),
        (0x100, "GICD_ISENABLER0"),
        (0x424, "GICD_IPRIORITYR9"),
        (0xC08, "GICD_ICFGR2"),
        (0xF00, "GICD_SGIR"),
        (0x10C, "0x10c"),
        (0xFE8, "0xfe8"),
    ],
)
def test_register_of_a_row_is_named_with_its_number(rig, offset, name):
    assert rig.dist.register_name(offset) == name


def test_unknown_register_is_logged(rig, unknown):
    assert rig.dist.read(0x00C, 4) == 0
    rig.dist.write(0x10C, 4, 1)
    assert rig.cpu.read(0x1C, 4) == 0
    rig.cpu.write(0x20, 4, 1)
    assert unknown == [
        ("gic-distributor", 0x00C, False, 0),
        ("gic-distributor", 0x10C, True, 1),
        ("gic-cpu", 0x1C, False, 0),
        ("gic-cpu", 0x20, True, 1),
    ]
