"""EHCI: its slowness, and the port."""

import pytest

from minikernel.board.usb_ehci import (
    HCRESET_NS,
    PORT_RESET_END_NS,
    PORT_RESET_NS,
    POWER_GOOD_NS,
    RUN_NS,
    Ehci,
    Register,
)
from minikernel.board.usb_port import UsbPort

RS, HCRESET, PSE, ASE, IAAD = 1, 2, 1 << 4, 1 << 5, 1 << 6
PCD, IAA, HALTED, PSS, ASS = 1 << 2, 1 << 5, 1 << 12, 1 << 14, 1 << 15
CCS, CSC, PED, PEDC, PR, LINE_J, PP, PO = 1, 2, 4, 8, 1 << 8, 2 << 10, 1 << 12, 1 << 13
ITC = 0x80000


class Rig:
    def __init__(self, clock, irq, log):
        self.clock = clock
        self.port = UsbPort()
        self.ehci = Ehci(clock, irq, self.port, log)

    def read(self, register):
        return self.ehci.read(register, 4)

    def write(self, register, value):
        self.ehci.write(register, 4, value)

    def wait(self, ns):
        self.clock.run(self.ehci, ns)

    def take_port(self):
        """As a driver does, with the cable in: run, take the port, switch power on, wait until it is good."""
        self.port.set_plugged(True)
        self.write(Register.USBCMD, RS)
        self.wait(RUN_NS)
        self.write(Register.CONFIGFLAG, 1)
        self.write(Register.PORTSC1, PP)
        self.wait(POWER_GOOD_NS)

    def reset_port(self, hold=PORT_RESET_NS):
        self.write(Register.PORTSC1, PP | PR)
        self.wait(hold)
        self.write(Register.PORTSC1, PP)
        self.wait(PORT_RESET_END_NS)


@pytest.fixture
def rig(clock, irq, unknown):
    return Rig(clock, irq, unknown)


RESET_VALUES = {
    Register.CAPLENGTH: 0x0100_0020,
    Register.HCSPARAMS: 0x1111,
    Register.HCCPARAMS: 0,
    Register.USBCMD: ITC,
    Register.USBSTS: HALTED,
    Register.USBINTR: 0,
    Register.FRINDEX: 0,
    Register.CTRLDSSEGMENT: 0,
    Register.PERIODICLISTBASE: 0,
    Register.ASYNCLISTADDR: 0,
    Register.CONFIGFLAG: 0,
    Register.PORTSC1: PO,
}


@pytest.mark.parametrize("register", Register)
def test_reset_value(rig, unknown, register):
    assert rig.read(register) == RESET_VALUES[register]
    assert unknown == []


@pytest.mark.parametrize(
    ("register", "kept"),
    [
        (Register.CAPLENGTH, 0x0100_0020),
        (Register.HCSPARAMS, 0x1111),
        (Register.HCCPARAMS, 0),
        (Register.USBINTR, 0x3F),
        (Register.FRINDEX, 0x3FFF),
        (Register.CTRLDSSEGMENT, 0),
        (Register.PERIODICLISTBASE, 0xFFFF_F000),
        (Register.ASYNCLISTADDR, 0xFFFF_FFE0),
        (Register.CONFIGFLAG, 1),
    ],
)
def test_register_keeps_the_bits_it_has(rig, unknown, register, kept):
    rig.write(register, 0xFFFF_FFFF)
    assert rig.read(register) == kept
    assert unknown == []


def test_reset_takes_20_ms(rig):
    rig.write(Register.USBCMD, HCRESET)
    rig.wait(HCRESET_NS - 1)
    assert rig.read(Register.USBCMD) == ITC | HCRESET
    rig.wait(1)
    assert rig.read(Register.USBCMD) == ITC


def test_reset_puts_everything_back_at_once_and_ignores_writes_meanwhile(rig):
    rig.take_port()
    rig.reset_port()
    rig.write(Register.USBINTR, 0x3F)
    rig.write(Register.ASYNCLISTADDR, 0x1000)
    rig.write(Register.USBCMD, HCRESET)
    for register in Register:
        rig.write(register, 0x1001)
    values = {register: rig.read(register) for register in Register}
    assert values == RESET_VALUES | {Register.USBCMD: ITC | HCRESET}
    assert rig.port.is_companions and not rig.port.is_high_speed


def test_controller_runs_2_ms_after_run_and_halts_2_ms_after_stop(rig):
    rig.write(Register.USBCMD, RS)
    rig.wait(RUN_NS - 1)
    assert rig.read(Register.USBSTS) & HALTED
    rig.wait(1)
    assert not rig.read(Register.USBSTS) & HALTED
    rig.wait(10 * RUN_NS)
    rig.write(Register.USBCMD, 0)
    rig.wait(RUN_NS - 1)
    assert not rig.read(Register.USBSTS) & HALTED
    rig.wait(1)
    assert rig.read(Register.USBSTS) & HALTED


def test_run_taken_back_before_it_worked_stays_halted(rig):
    rig.write(Register.USBCMD, RS)
    rig.wait(RUN_NS // 2)
    rig.write(Register.USBCMD, 0)
    for _ in range(8):
        rig.wait(RUN_NS // 2)
        assert rig.read(Register.USBSTS) & HALTED
    assert rig.read(Register.FRINDEX) == 0


def test_frame_index_counts_micro_frames_while_running(rig):
    rig.write(Register.FRINDEX, 0x3FFE)
    rig.write(Register.USBCMD, RS)
    rig.wait(RUN_NS)
    assert rig.read(Register.FRINDEX) == 0x3FFE
    rig.wait(3 * 125_000)
    assert rig.read(Register.FRINDEX) == 1
    rig.write(Register.FRINDEX, 0)  # not while it runs
    assert rig.read(Register.FRINDEX) == 1
    rig.write(Register.USBCMD, 0)
    rig.wait(100 * RUN_NS)
    assert rig.read(Register.FRINDEX) == 1 + RUN_NS // 125_000


def test_schedule_status_follows_command_while_running(rig):
    rig.write(Register.USBCMD, RS | PSE | ASE)
    assert rig.read(Register.USBSTS) == HALTED
    rig.wait(RUN_NS)
    assert rig.read(Register.USBSTS) == PSS | ASS


def test_doorbell_is_answered_at_once_and_interrupts(rig, irq):
    rig.write(Register.USBINTR, IAA)
    rig.write(Register.USBCMD, RS | IAAD)  # the asynchronous schedule is off
    assert not irq.level
    rig.write(Register.USBCMD, RS | ASE | IAAD)
    assert irq.level
    assert not rig.read(Register.USBCMD) & IAAD
    rig.write(Register.USBSTS, IAA)
    assert not irq.level


def test_port_is_the_companions_until_configured(rig):
    rig.port.set_plugged(True)
    rig.write(Register.PORTSC1, PP)
    rig.wait(10 * POWER_GOOD_NS)
    assert rig.read(Register.PORTSC1) == PP | PO
    rig.write(Register.CONFIGFLAG, 1)
    assert not rig.port.is_companions
    assert rig.read(Register.PORTSC1) == PP | LINE_J | CCS | CSC
    rig.write(Register.CONFIGFLAG, 0)
    assert rig.port.is_companions
    assert rig.read(Register.PORTSC1) == PP | PO | CSC


def test_owner_bit_gives_the_port_away_and_takes_it_back(rig):
    rig.take_port()
    rig.write(Register.PORTSC1, PP | PO | CSC)
    assert rig.port.is_companions
    assert rig.read(Register.PORTSC1) == PP | PO | CSC
    rig.write(Register.PORTSC1, PP | CSC)
    assert rig.read(Register.PORTSC1) & (CCS | CSC | PO) == CCS | CSC


def test_cable_is_seen_20_ms_after_power_and_interrupts(rig, irq):
    rig.port.set_plugged(True)
    rig.write(Register.USBINTR, PCD)
    rig.write(Register.CONFIGFLAG, 1)
    assert rig.ehci.deadline() is None
    rig.write(Register.PORTSC1, PP)
    assert rig.ehci.deadline() == POWER_GOOD_NS
    rig.wait(POWER_GOOD_NS - 1)
    assert rig.read(Register.PORTSC1) == PP
    rig.wait(1)
    assert irq.level
    assert rig.read(Register.PORTSC1) == PP | CCS | CSC | LINE_J
    assert rig.read(Register.USBSTS) & PCD
    rig.write(Register.USBSTS, PCD)
    assert not irq.level
    rig.write(Register.PORTSC1, PP | CSC)
    assert rig.read(Register.PORTSC1) == PP | CCS | LINE_J


def test_plugging_in_later_is_seen_at_once(rig, irq):
    rig.write(Register.USBINTR, PCD)
    rig.take_port()
    rig.port.set_plugged(False)
    rig.write(Register.PORTSC1, PP | CSC)
    rig.write(Register.USBSTS, PCD)
    assert not irq.level
    rig.port.set_plugged(True)
    assert irq.level
    assert rig.read(Register.PORTSC1) == PP | CCS | CSC | LINE_J


def test_port_reset_of_50_ms_enables_the_port(rig):
    rig.take_port()
    rig.write(Register.PORTSC1, PP | PR)
    assert rig.read(Register.PORTSC1) & (PR | PED | LINE_J) == PR
    rig.wait(PORT_RESET_NS)
    rig.write(Register.PORTSC1, PP)
    rig.wait(PORT_RESET_END_NS - 1)
    assert rig.read(Register.PORTSC1) & (PR | PED) == PR
    assert not rig.port.is_high_speed
    assert rig.ehci.deadline() == rig.clock.now_ns + 1
    rig.wait(1)
    assert rig.read(Register.PORTSC1) == PP | CCS | CSC | PED
    assert rig.port.is_high_speed


def test_port_reset_too_short_leaves_the_port_disabled(rig):
    rig.take_port()
    rig.reset_port(PORT_RESET_NS - 1)
    assert rig.read(Register.PORTSC1) & (PR | PED) == 0
    rig.reset_port()
    assert rig.read(Register.PORTSC1) & (PR | PED) == PED


def test_port_reset_on_a_halted_controller_leaves_the_port_disabled(rig):
    rig.take_port()
    rig.write(Register.USBCMD, 0)
    rig.wait(RUN_NS)
    rig.reset_port()
    assert rig.read(Register.PORTSC1) & (PR | PED) == 0


def test_port_reset_without_cable_is_ignored(rig):
    rig.take_port()
    rig.port.set_plugged(False)
    rig.write(Register.PORTSC1, PP | PR)
    assert not rig.read(Register.PORTSC1) & PR


def test_enabled_port_can_be_disabled_but_not_enabled_by_writing(rig):
    rig.take_port()
    rig.reset_port()
    rig.write(Register.PORTSC1, PP | PED)
    assert rig.port.is_high_speed
    rig.write(Register.PORTSC1, PP)
    assert not rig.port.is_high_speed
    rig.write(Register.PORTSC1, PP | PED)
    assert not rig.port.is_high_speed


def test_unplugging_disables_and_says_so(rig):
    rig.take_port()
    rig.reset_port()
    rig.write(Register.PORTSC1, PP | PED | CSC)
    rig.port.set_plugged(False)
    assert rig.read(Register.PORTSC1) == PP | CSC | PEDC
    rig.write(Register.PORTSC1, PP | CSC | PEDC)
    assert rig.read(Register.PORTSC1) == PP


def test_unplugging_during_a_port_reset_ends_it(rig):
    rig.take_port()
    rig.write(Register.PORTSC1, PP | PR)
    rig.port.set_plugged(False)
    assert not rig.read(Register.PORTSC1) & PR
    rig.port.set_plugged(True)
    rig.wait(PORT_RESET_NS)
    assert not rig.read(Register.PORTSC1) & PED


def test_power_off_disconnects_and_power_on_takes_its_time_again(rig):
    rig.take_port()
    rig.reset_port()
    rig.write(Register.PORTSC1, 0)
    assert rig.read(Register.PORTSC1) & (PP | CCS | PED) == 0
    rig.write(Register.PORTSC1, PP)
    rig.wait(POWER_GOOD_NS - 1)
    assert not rig.read(Register.PORTSC1) & CCS
    rig.wait(1)
    assert rig.read(Register.PORTSC1) & CCS


MOMENTS = [
    0,
    HCRESET_NS // 2,
    HCRESET_NS,
    HCRESET_NS + RUN_NS - 1,
    30_000_000,
    50_000_000,
    90_000_000,
    93_500_000,
    96_000_000,
]


def drive(rig, until):
    """A whole initialization by the clock: what is due at a time is done at that time."""
    script = [
        (0, lambda: rig.write(Register.USBCMD, HCRESET)),
        (HCRESET_NS, lambda: rig.write(Register.USBCMD, RS)),
        (22_000_000, lambda: rig.write(Register.CONFIGFLAG, 1)),
        (22_100_000, lambda: rig.write(Register.PORTSC1, PP)),
        (43_000_000, lambda: rig.write(Register.PORTSC1, PP | PR)),
        (93_000_000, lambda: rig.write(Register.PORTSC1, PP)),
    ]
    seen = []
    for at, act in script:
        if rig.clock.now_ns <= at < until:
            rig.wait(at - rig.clock.now_ns)
            act()
            seen.append([rig.read(register) for register in Register])
    rig.wait(until - rig.clock.now_ns)
    return [*seen, [rig.read(register) for register in Register], rig.port.is_high_speed]


@pytest.mark.parametrize("moment", MOMENTS)
def test_saved_at_any_moment_of_its_initialization_it_goes_on_the_same(clock, irq, unknown, moment):
    rig = Rig(clock, irq, unknown)
    rig.port.set_plugged(True)
    drive(rig, moment)
    state, wires = rig.ehci.save(), rig.port.save()
    first = drive(rig, 100_000_000)
    clock.now_ns = moment
    rig.ehci.load(state)
    rig.port.load(wires)
    assert rig.ehci.save() == state
    assert drive(rig, 100_000_000) == first
    assert first[-1] is True


def test_unknown_register_is_logged(rig, unknown):
    assert rig.read(0x3C) == 0
    rig.write(0x68, 1)
    assert unknown == [("ehci", 0x3C, False, 0), ("ehci", 0x68, True, 1)]
