"""The bulk pipe: packets in both directions, and who is told what."""

import pytest

from minikernel.board.usb_bulk import MAX_PACKET, PACKET_NS, BulkPipe, Register
from minikernel.board.usb_port import UsbPort

ENABLE, IRQ_ENABLE = 1, 2
CONNECTED, OUT_READY, IN_EMPTY, CONNECT_CHANGE = 1, 2, 4, 8


class Host:
    """Writes down what comes to the desktop's end."""

    def __init__(self):
        self.seen = []

    def attached(self, at_ns):
        self.seen.append(("attached", at_ns))

    def detached(self, at_ns):
        self.seen.append(("detached", at_ns))

    def received(self, packet, at_ns):
        self.seen.append((packet, at_ns))


class Rig:
    def __init__(self, clock, irq, log):
        self.clock, self.irq = clock, irq
        self.port, self.host = UsbPort(), Host()
        self.pipe = BulkPipe(clock, irq, self.port, log)
        self.pipe.host = self.host

    def read(self, register):
        return self.pipe.read(register, 4)

    def write(self, register, value):
        self.pipe.write(register, 4, value)

    def wait(self, ns):
        self.clock.run(self.pipe, ns)

    def connect(self, control=ENABLE):
        self.port.set_plugged(True)
        self.port.route(is_companions=False, is_high_speed=True)
        self.write(Register.CTRL, control)
        self.write(Register.INT_CLEAR, CONNECT_CHANGE)

    def push(self, packet):
        for i in range(0, len(packet), 4):
            self.write(Register.IN_DATA, int.from_bytes(packet[i : i + 4], "little"))
        self.write(Register.IN_COUNT, len(packet))

    def pop(self):
        count = self.read(Register.OUT_COUNT)
        words = [self.read(Register.OUT_DATA).to_bytes(4, "little") for _ in range(0, count, 4)]
        self.write(Register.OUT_ACK, 1)
        return b"".join(words)[:count]


@pytest.fixture
def rig(clock, irq, unknown):
    return Rig(clock, irq, unknown)


@pytest.mark.parametrize("register", Register)
def test_reset_value(rig, unknown, register):
    values = {Register.ID: 0x42554C4B, Register.STATUS: IN_EMPTY}
    assert rig.read(register) == values.get(register, 0)
    assert unknown == []


def test_connected_needs_cable_and_enabled_port(rig):
    seen = []
    for step in (
        lambda: rig.port.set_plugged(True),
        lambda: rig.port.route(is_companions=False, is_high_speed=False),
        lambda: rig.port.route(is_companions=False, is_high_speed=True),
        lambda: rig.port.set_plugged(False),
    ):
        step()
        seen.append(rig.read(Register.STATUS) & CONNECTED)
    assert seen == [0, 0, CONNECTED, 0]


def test_connect_change_interrupts_and_is_cleared(rig, irq):
    rig.write(Register.CTRL, IRQ_ENABLE)
    rig.port.set_plugged(True)
    rig.port.route(is_companions=False, is_high_speed=True)
    assert irq.level
    assert rig.read(Register.STATUS) == CONNECTED | IN_EMPTY | CONNECT_CHANGE
    rig.write(Register.INT_CLEAR, ~CONNECT_CHANGE & 0xFFFF_FFFF)
    assert irq.level
    rig.write(Register.INT_CLEAR, CONNECT_CHANGE)
    assert not irq.level
    rig.port.set_plugged(False)
    assert irq.level


def test_host_is_attached_while_connected_and_enabled(rig, clock):
    clock.advance(5)
    rig.connect(0)
    assert rig.host.seen == []
    rig.write(Register.CTRL, ENABLE)
    clock.advance(5)
    rig.write(Register.CTRL, 0)
    rig.write(Register.CTRL, ENABLE)
    rig.port.set_plugged(False)
    assert rig.host.seen == [("attached", 5), ("detached", 10), ("attached", 10), ("detached", 10)]


@pytest.mark.parametrize("size", [0, 1, 3, 4, 31, 511, 512])
def test_out_packet_arrives_after_10_us_whole(rig, irq, size):
    packet = bytes(i % 251 for i in range(size))
    rig.connect(ENABLE | IRQ_ENABLE)
    rig.pipe.send_out(packet, rig.clock.now_ns)
    assert rig.pipe.deadline() == PACKET_NS
    rig.wait(PACKET_NS - 1)
    assert not irq.level and rig.read(Register.OUT_COUNT) == 0
    rig.wait(1)
    assert irq.level
    assert rig.read(Register.OUT_COUNT) == size
    assert rig.pop() == packet
    assert not irq.level


def test_out_data_behind_the_packet_is_zero(rig):
    rig.connect()
    rig.pipe.send_out(b"abcde", 0)
    rig.wait(PACKET_NS)
    assert [rig.read(Register.OUT_DATA) for _ in range(3)] == [0x64636261, 0x65, 0]
    assert rig.read(Register.OUT_COUNT) == 5


def test_next_out_packet_waits_for_the_acknowledge(rig):
    rig.connect()
    for packet in (b"one", b"two", b"six"):
        rig.pipe.send_out(packet, 0)
    got = []
    for _ in range(3):
        rig.wait(5 * PACKET_NS)
        got.append(rig.pop())
        assert not rig.read(Register.STATUS) & OUT_READY
    assert got == [b"one", b"two", b"six"]
    rig.write(Register.OUT_ACK, 1)
    assert rig.pipe.deadline() is None


def test_acknowledge_needs_a_one(rig):
    rig.connect()
    rig.pipe.send_out(b"abcd", 0)
    rig.wait(PACKET_NS)
    rig.write(Register.OUT_ACK, 2)
    assert rig.read(Register.STATUS) & OUT_READY


@pytest.mark.parametrize("size", [0, 1, 4, 13, 512])
def test_in_packet_reaches_the_host_after_10_us_whole(rig, size):
    packet = bytes(i % 251 for i in range(size))
    rig.connect()
    rig.push(packet)
    assert not rig.read(Register.STATUS) & IN_EMPTY
    rig.wait(PACKET_NS - 1)
    assert len(rig.host.seen) == 1
    rig.wait(1)
    assert rig.host.seen[1:] == [(packet, PACKET_NS)]
    assert rig.read(Register.STATUS) & IN_EMPTY


def test_bytes_pushed_while_a_packet_leaves_belong_to_the_next(rig):
    rig.connect()
    rig.push(b"abcd")
    rig.push(b"efgh")  # its IN_COUNT comes too early
    rig.wait(PACKET_NS)
    rig.write(Register.IN_COUNT, 4)
    rig.wait(PACKET_NS)
    assert [packet for packet, _ in rig.host.seen[1:]] == [b"abcd", b"efgh"]


def test_in_packet_is_padded_and_cut(rig):
    rig.connect()
    rig.write(Register.IN_DATA, 0x64636261)
    rig.write(Register.IN_COUNT, 6)
    rig.wait(PACKET_NS)
    for _ in range(MAX_PACKET // 4 + 5):
        rig.write(Register.IN_DATA, 0x7A7A7A7A)
    rig.write(Register.IN_COUNT, 10_000)
    rig.wait(PACKET_NS)
    rig.write(Register.IN_DATA, 0x64636261)
    rig.write(Register.IN_COUNT, 2)
    rig.wait(PACKET_NS)
    assert [packet for packet, _ in rig.host.seen[1:]] == [b"abcd\0\0", b"z" * 512, b"ab"]


@pytest.mark.parametrize("control", [0, ENABLE])
def test_in_packet_goes_nowhere_without_connection(rig, control):
    rig.write(Register.CTRL, control)
    rig.push(b"abcd")
    assert rig.read(Register.STATUS) & IN_EMPTY
    assert rig.pipe.deadline() is None


def test_out_packet_is_lost_without_connection(rig):
    rig.pipe.send_out(b"abcd", 0)
    assert rig.pipe.deadline() is None


def test_packet_too_large_is_the_hosts_mistake(rig):
    rig.connect()
    with pytest.raises(ValueError, match="513 bytes"):
        rig.pipe.send_out(bytes(513), 0)


@pytest.mark.parametrize("how", ["cable", "port", "enable"])
def test_disconnection_empties_both_endpoints(rig, irq, how):
    rig.connect(ENABLE | IRQ_ENABLE)
    rig.pipe.send_out(b"one", 0)
    rig.pipe.send_out(b"two", 0)
    rig.wait(PACKET_NS)
    rig.push(b"abcd")
    rig.write(Register.IN_DATA, 1)
    match how:
        case "cable":
            rig.port.set_plugged(False)
        case "port":
            rig.port.route(is_companions=False, is_high_speed=False)
        case "enable":
            rig.write(Register.CTRL, IRQ_ENABLE)
    assert rig.read(Register.STATUS) & (OUT_READY | IN_EMPTY) == IN_EMPTY
    assert rig.pipe.deadline() is None
    assert irq.level is (how != "enable")
    rig.wait(10 * PACKET_NS)
    assert [what for what, _ in rig.host.seen] == ["attached", "detached"]


def test_times_do_not_depend_on_when_somebody_looks(rig):
    rig.connect()
    rig.pipe.send_out(b"one", 0)
    rig.push(b"abcd")
    rig.clock.advance(1_000_000)
    rig.pipe.tick()
    assert rig.host.seen[1:] == [(b"abcd", PACKET_NS)]


@pytest.mark.parametrize("moment", [0, 1, PACKET_NS - 1, PACKET_NS, 3 * PACKET_NS])
def test_saved_with_packets_under_way_it_goes_on_the_same(rig, clock, moment):
    rig.connect(ENABLE | IRQ_ENABLE)
    for packet in (b"first packet", b"second"):
        rig.pipe.send_out(packet, 0)
    rig.push(b"IN packet")
    rig.write(Register.IN_DATA, 0x31323334)
    rig.wait(moment)
    if moment >= PACKET_NS:
        rig.read(Register.OUT_DATA)
    state = rig.pipe.save()

    def story():
        clock.now_ns, rig.host.seen = moment, []
        seen = []
        for _ in range(3):
            rig.wait(PACKET_NS)
            seen.append((rig.read(Register.STATUS), rig.read(Register.OUT_DATA), rig.irq.level))
            rig.write(Register.OUT_ACK, 1)
            rig.write(Register.IN_COUNT, 4)
        return seen, rig.host.seen

    first = story()
    clock.now_ns = moment
    rig.pipe.load(state)
    assert rig.pipe.save() == state
    assert story() == first


def test_unknown_register_is_logged(rig, unknown):
    assert rig.read(0x24) == 0
    rig.write(0x7FC, 1)
    assert unknown == [("usb-bulk", 0x24, False, 0), ("usb-bulk", 0x7FC, True, 1)]
