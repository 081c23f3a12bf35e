"""UHCI: its slowness, and its two ports."""

import pytest

from minikernel.board.usb_port import UsbPort
from minikernel.board.usb_uhci import FRAME_NS, GRESET_NS, HCRESET_NS, PORT_RESET_NS, Register, Uhci

RS, HCRESET, GRESET, CF, MAXP = 1, 2, 4, 1 << 6, 1 << 7
HALTED = 1 << 5
CCS, CSC, PE, PEC, LINE_J, ONE, PR, SUSPEND = 1, 2, 4, 8, 2 << 4, 1 << 7, 1 << 9, 1 << 12

RESET_VALUES = {
    Register.USBCMD: 0,
    Register.USBSTS: HALTED,
    Register.USBINTR: 0,
    Register.FRNUM: 0,
    Register.FLBASEADD: 0,
    Register.FLBASEADD_HIGH: 0,
    Register.SOFMOD: 0x40,
    Register.PORTSC1: ONE,
    Register.PORTSC2: ONE,
}


class Rig:
    def __init__(self, clock, irq, log):
        self.clock = clock
        self.port = UsbPort()
        self.uhci = Uhci(clock, irq, self.port, log)

    def read(self, register):
        return self.uhci.read(register, 2)

    def write(self, register, value):
        self.uhci.write(register, 2, value)

    def wait(self, ns):
        self.clock.run(self.uhci, ns)


@pytest.fixture
def rig(clock, irq, unknown):
    return Rig(clock, irq, unknown)


@pytest.mark.parametrize("register", Register)
def test_reset_value(rig, unknown, register):
    assert rig.read(register) == RESET_VALUES[register]
    assert unknown == []


def test_word_accesses_reach_two_halfwords(rig):
    rig.uhci.write(Register.FLBASEADD, 4, 0x8123_4FFF)
    assert rig.uhci.read(Register.FLBASEADD, 4) == 0x8123_4000
    assert rig.uhci.read(Register.PORTSC1, 4) == ONE << 16 | ONE
    assert rig.uhci.read(Register.USBCMD, 4) == HALTED << 16


def test_byte_accesses_reach_their_half_of_the_register(rig):
    rig.uhci.write(Register.SOFMOD, 1, 0xFF)
    assert rig.uhci.read(Register.SOFMOD, 1) == 0x7F
    rig.uhci.write(Register.FLBASEADD + 1, 1, 0xAB)
    assert rig.uhci.read(Register.FLBASEADD + 1, 1) == 0xA0


def test_global_reset_holds_until_released_and_needs_10_ms(rig):
    rig.port.set_plugged(True)
    assert rig.read(Register.PORTSC1) & CCS
    rig.write(Register.USBCMD, GRESET)
    rig.write(Register.USBINTR, 0xF)
    assert rig.read(Register.USBINTR) == 0
    rig.wait(GRESET_NS)
    assert rig.read(Register.USBCMD) == GRESET
    assert not rig.read(Register.PORTSC1) & CCS
    rig.write(Register.USBCMD, 0)
    assert rig.read(Register.USBCMD) == 0
    assert rig.read(Register.PORTSC1) & (CCS | CSC) == CCS | CSC


def test_global_reset_too_short_leaves_the_ports_dead(rig):
    rig.port.set_plugged(True)
    for hold, seen in ((GRESET_NS - 1, 0), (GRESET_NS, CCS)):
        rig.write(Register.USBCMD, GRESET)
        rig.wait(hold)
        rig.write(Register.USBCMD, 0)
        assert rig.read(Register.PORTSC1) & CCS == seen


def test_controller_reset_takes_10_ms_and_ignores_writes_meanwhile(rig):
    rig.write(Register.USBINTR, 0xF)
    rig.write(Register.USBCMD, HCRESET)
    for register in Register:
        rig.write(register, 0xFFFF)
    rig.wait(HCRESET_NS - 1)
    assert {r: rig.read(r) for r in Register} == RESET_VALUES | {Register.USBCMD: HCRESET}
    rig.wait(1)
    assert {r: rig.read(r) for r in Register} == RESET_VALUES


def test_halted_is_cleared_by_software_and_set_by_the_end_of_the_frame(rig):
    rig.write(Register.USBSTS, HALTED)
    assert rig.read(Register.USBSTS) == HALTED  # it is halted
    rig.write(Register.USBCMD, RS | CF | MAXP)
    rig.write(Register.USBSTS, HALTED)
    assert rig.read(Register.USBSTS) == 0
    rig.wait(FRAME_NS * 3 // 2)
    rig.write(Register.USBCMD, 0)
    rig.wait(FRAME_NS // 2 - 1)
    assert rig.read(Register.USBSTS) == 0
    rig.wait(1)
    assert rig.read(Register.USBSTS) == HALTED


def test_frame_number_counts_milliseconds_while_running(rig):
    rig.write(Register.FRNUM, 0xFFFE)
    assert rig.read(Register.FRNUM) == 0x7FE
    rig.write(Register.USBCMD, RS)
    rig.wait(5 * FRAME_NS + 1)
    assert rig.read(Register.FRNUM) == 3
    rig.write(Register.FRNUM, 0)
    assert rig.read(Register.FRNUM) == 3
    rig.write(Register.USBCMD, 0)
    rig.wait(100 * FRAME_NS)
    assert rig.read(Register.FRNUM) == 4


def test_port_sees_the_cable_only_while_ehci_leaves_it(rig):
    rig.port.set_plugged(True)
    assert rig.read(Register.PORTSC1) == ONE | CCS | CSC | LINE_J
    assert rig.read(Register.PORTSC2) == ONE
    rig.write(Register.PORTSC1, CSC)
    rig.port.route(is_companions=False, is_high_speed=False)
    assert rig.read(Register.PORTSC1) == ONE | CSC


@pytest.mark.parametrize(("hold", "enabled"), [(PORT_RESET_NS - 1, 0), (PORT_RESET_NS, PE)])
def test_port_can_be_enabled_after_a_reset_of_50_ms(rig, hold, enabled):
    rig.port.set_plugged(True)
    rig.write(Register.PORTSC1, PE)
    assert not rig.read(Register.PORTSC1) & PE
    rig.write(Register.PORTSC1, PR)
    assert rig.read(Register.PORTSC1) & (PR | LINE_J) == PR
    rig.wait(hold)
    rig.write(Register.PORTSC1, PR | PE)
    assert not rig.read(Register.PORTSC1) & PE
    rig.write(Register.PORTSC1, 0)
    rig.write(Register.PORTSC1, PE)
    assert rig.read(Register.PORTSC1) & PE == enabled


def test_unplugging_an_enabled_port_sets_both_changes(rig):
    rig.port.set_plugged(True)
    rig.write(Register.PORTSC1, PR)
    rig.wait(PORT_RESET_NS)
    rig.write(Register.PORTSC1, 0)
    rig.write(Register.PORTSC1, PE | CSC)
    rig.port.set_plugged(False)
    assert rig.read(Register.PORTSC1) == ONE | CSC | PEC
    rig.write(Register.PORTSC1, CSC | PEC)
    assert rig.read(Register.PORTSC1) == ONE


def test_suspend_bit_is_kept(rig):
    rig.write(Register.PORTSC2, SUSPEND)
    assert rig.read(Register.PORTSC2) == ONE | SUSPEND


def test_it_never_interrupts(rig, irq):
    rig.write(Register.USBINTR, 0xF)
    rig.write(Register.USBCMD, RS)
    rig.port.set_plugged(True)
    rig.wait(100 * FRAME_NS)
    assert not irq.level and rig.uhci.deadline() is None


@pytest.mark.parametrize("command", [GRESET, HCRESET, RS])
@pytest.mark.parametrize("moment", [0, 1, GRESET_NS // 2, GRESET_NS])
def test_saved_in_the_middle_of_any_command_it_goes_on_the_same(rig, clock, command, moment):
    rig.port.set_plugged(True)
    rig.write(Register.PORTSC1, PR)
    rig.write(Register.USBCMD, command)
    rig.wait(moment)
    now, state = clock.now_ns, rig.uhci.save()

    def story():
        clock.now_ns = now
        seen = []
        for _ in range(4):
            rig.wait(GRESET_NS // 2)
            rig.write(Register.USBCMD, 0)
            seen.append([rig.read(register) for register in Register])
        return seen

    first = story()
    rig.uhci.load(state)
    assert rig.uhci.save() == state
    assert story() == first


def test_unknown_register_is_logged(rig, unknown):
    assert rig.read(0x0E) == 0
    rig.write(0x14, 1)
    assert unknown == [("uhci", 0x0E, False, 0), ("uhci", 0x14, True, 1)]
