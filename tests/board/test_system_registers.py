"""Identity, counters, flags and the power switch."""

import pytest

from minikernel.board.system_registers import PowerRequest, Register, SystemRegisters


@pytest.fixture
def sysreg(clock, unknown):
    return SystemRegisters(clock, unknown)


def read(sysreg, register):
    return sysreg.read(register, 4)


def write(sysreg, register, value):
    sysreg.write(register, 4, value)


@pytest.mark.parametrize("register", Register)
def test_reset_value(sysreg, unknown, register):
    identity = {Register.SYS_ID: 0x1190F500, Register.SYS_PROCID0: 0x14000237}
    assert read(sysreg, register) == identity.get(register, 0)
    assert unknown == []


@pytest.mark.parametrize("register", ["SYS_ID", "SYS_100HZ", "SYS_24MHZ", "SYS_PROCID0"])
def test_read_only_register_keeps_its_value(sysreg, unknown, register):
    before = read(sysreg, Register[register])
    write(sysreg, Register[register], 0xFFFF_FFFF)
    assert read(sysreg, Register[register]) == before
    assert unknown == []


@pytest.mark.parametrize(
    ("ns", "ticks_24mhz", "ticks_100hz"),
    [(0, 0, 0), (41, 0, 0), (42, 1, 0), (1000, 24, 0), (10_000_000, 240_000, 1), (178_956_970_667, 0, 17895)],
)
def test_counters_follow_virtual_time(sysreg, clock, ns, ticks_24mhz, ticks_100hz):
    clock.now_ns = ns
    assert read(sysreg, Register.SYS_24MHZ) == ticks_24mhz
    assert read(sysreg, Register.SYS_100HZ) == ticks_100hz


@pytest.mark.parametrize("name", ["SYS_FLAGS", "SYS_NVFLAGS"])
def test_flags_are_set_and_cleared_by_ones(sysreg, name):
    write(sysreg, Register[name], 0xF0)
    write(sysreg, Register[name], 0x0F)
    assert read(sysreg, Register[name]) == 0xFF
    write(sysreg, Register[name + "CLR"], 0x81)
    assert read(sysreg, Register[name]) == 0x7E


def test_leds_and_switches_have_eight_bits(sysreg):
    write(sysreg, Register.SYS_LED, 0x1FF)
    write(sysreg, Register.SYS_SW, 0x1A5)
    assert (read(sysreg, Register.SYS_LED), read(sysreg, Register.SYS_SW), sysreg.leds) == (0xFF, 0xA5, 0xFF)


@pytest.mark.parametrize(
    ("command", "request_", "status"),
    [
        (0xC080_0000, PowerRequest.OFF, 1),
        (0xC090_0000, PowerRequest.RESET, 1),
        (0x8080_0000, None, 3),  # a read of the shutdown function
        (0xC070_0000, None, 3),
        (0x4080_0000, None, 0),  # without start
    ],
)
def test_configuration_command(sysreg, command, request_, status):
    told = []
    sysreg.on_power_request = told.append
    write(sysreg, Register.SYS_CFGCTRL, command)
    assert sysreg.power_request is request_
    assert told == ([] if request_ is None else [request_])
    assert read(sysreg, Register.SYS_CFGSTAT) == status
    assert read(sysreg, Register.SYS_CFGCTRL) == command & 0x7FFF_FFFF


def test_state_goes_out_and_in(sysreg):
    write(sysreg, Register.SYS_LED, 3)
    write(sysreg, Register.SYS_CFGDATA, 9)
    write(sysreg, Register.SYS_CFGCTRL, 0xC080_0000)
    state = sysreg.save()
    sysreg.load(SystemRegisters(sysreg._clock).save())
    assert sysreg.power_request is None
    sysreg.load(state)
    assert sysreg.save() == state
    assert sysreg.power_request is PowerRequest.OFF


def test_unknown_register_is_logged(sysreg, unknown):
    assert read(sysreg, 0x40) == 0
    write(sysreg, 0x40, 1)
    assert unknown == [("sysreg", 0x40, False, 0), ("sysreg", 0x40, True, 1)]
