"""Lines, gates, narrow accesses."""

from enum import IntEnum

import pytest

from minikernel.board.device import Device, IrqLine, OrGate, WordDevice, earliest


class Register(IntEnum):
    ECHO = 0x10
    WRITE_ONLY = 0x14


class Echo(WordDevice):
    REGISTERS = Register
    PRIMECELL_ID = bytes(range(1, 9))

    def __init__(self, log):
        super().__init__("echo", log)
        self.value = 0
        self.reads = 0

    def read_word(self, offset):
        if offset == Register.ECHO:
            self.reads += 1
            return self.value
        return self._unhandled_read(offset)

    def write_word(self, offset, value):
        if offset == Register.ECHO:
            self.value = value
        else:
            self._unhandled_write(offset, value)

    def save(self):
        return (self.value,)

    def load(self, state):
        (self.value,) = state


def test_line_tells_only_of_changes():
    seen = []
    line = IrqLine("x", seen.append)
    for level in (False, True, True, False, False):
        line.set(level)
    assert seen == [True, False]


def test_line_without_a_sink_keeps_its_level():
    line = IrqLine("x")
    line.set(True)
    assert line.level
    assert repr(line) == "IrqLine('x', high)"


def test_gate_is_high_while_any_input_is():
    out = IrqLine("out")
    gate = OrGate(out)
    a, b = gate.input("a"), gate.input("b")
    levels = []
    for line, level in ((a, True), (b, True), (a, False), (b, False)):
        line.set(level)
        levels.append(out.level)
    assert levels == [True, True, True, False]


@pytest.mark.parametrize(
    ("offset", "size", "value"),
    [(0x10, 4, 0x44332211), (0x10, 2, 0x2211), (0x12, 2, 0x4433), (0x10, 1, 0x11), (0x13, 1, 0x44)],
)
def test_narrow_read_gives_its_lanes(unknown, offset, size, value):
    device = Echo(unknown)
    device.value = 0x44332211
    assert device.read(offset, size) == value
    assert device.reads == 1


@pytest.mark.parametrize(("offset", "size", "word"), [(0x10, 1, 0xAB), (0x11, 1, 0xAB00), (0x12, 2, 0xAB_0000)])
def test_narrow_write_writes_the_register_with_zeros_in_the_other_lanes(unknown, offset, size, word):
    device = Echo(unknown)
    device.value = 0xFFFF_FFFF
    device.write(offset, size, 0xAB)
    assert device.value == word


def test_unknown_registers_read_zero_and_are_logged(unknown):
    device = Echo(unknown)
    assert device.read(0x20, 4) == 0
    device.write(0x24, 4, 7)
    assert unknown == [("echo", 0x20, False, 0), ("echo", 0x24, True, 7)]


def test_write_only_and_read_only_registers_are_not_unknown(unknown):
    device = Echo(unknown)
    assert device.read(Register.WRITE_ONLY, 4) == 0
    device.write(Register.WRITE_ONLY, 4, 7)
    device.write(0xFE0, 4, 7)
    assert unknown == []


def test_primecell_id_stands_at_the_end_of_the_page(unknown):
    device = Echo(unknown)
    assert [device.read(offset, 4) for offset in range(0xFE0, 0x1000, 4)] == list(range(1, 9))


def test_register_names_are_the_manuals(unknown):
    device = Echo(unknown)
    assert device.register_name(0x10) == "ECHO"
    assert device.register_name(0x24) == "0x24"


def test_earliest_leaves_out_none():
    assert earliest(None, 5, 3) == 3
    assert earliest(None) is None


def test_device_cannot_be_made_without_its_registers():
    with pytest.raises(TypeError):
        Device("abstract")
