"""The desktop behind the cable: which commands it sends, which file it takes, and what makes it give up."""

import struct

import pytest
from board.camera import DELETED, WRITING, StorageDriver, disk, record

from minikernel.board.desktop import ANSWER_TIMEOUT_NS, MAX_POLLS, POLL_NS, Desktop, Download, Step
from minikernel.board.device import earliest
from minikernel.board.usb_bulk import BulkPipe, Register
from minikernel.board.usb_port import UsbPort

INQUIRY, TEST_UNIT_READY, READ_CAPACITY, READ_10 = 0x12, 0x00, 0x25, 0x28
SECOND_NS = 1_000_000_000


class Rig:
    def __init__(self, clock, irq, contents):
        self.clock = clock
        self.port = UsbPort()
        self.pipe = BulkPipe(clock, irq, self.port)
        self.desktop = Desktop(clock, self.port, self.pipe)
        self.driver = StorageDriver(self.pipe, contents)

    def connect(self):
        self.desktop.plug()
        self.port.route(is_companions=False, is_high_speed=True)
        self.pipe.write(Register.CTRL, 4, 1)
        return self

    def run(self, ns=SECOND_NS, packets=None):
        """Let time pass; stop early after `packets` deadlines."""
        end = self.clock.now_ns + ns
        while (due := earliest(self.pipe.deadline(), self.desktop.deadline())) is not None and due <= end:
            self.clock.now_ns = max(self.clock.now_ns, due)
            self.pipe.tick()
            self.desktop.tick()
            self.driver.serve()
            if packets is not None:
                packets -= 1
                if packets == 0:
                    return
        self.clock.now_ns = end

    def save(self):
        return self.port.save(), self.pipe.save(), self.desktop.save()

    def load(self, state):
        for part, value in zip((self.port, self.pipe, self.desktop), state, strict=True):
            part.load(value)


@pytest.fixture
def rig(clock, irq):
    return lambda *records, **size: Rig(clock, irq, disk(*records, **size))


PICTURE = bytes(i * 7 % 256 for i in range(5000))


def test_cable_out_nothing_happens(rig):
    it = rig()
    it.port.route(is_companions=False, is_high_speed=True)
    it.pipe.write(Register.CTRL, 4, 1)
    assert (it.desktop.step, it.desktop.is_plugged, it.desktop.deadline()) == (Step.UNPLUGGED, False, None)


def test_it_waits_for_port_and_driver(rig):
    it = rig()
    it.desktop.plug()
    assert (it.desktop.step, it.desktop.is_plugged) == (Step.WAITING, True)
    it.run(100 * SECOND_NS)
    assert it.desktop.step is Step.WAITING
    it.connect()
    assert it.desktop.step is Step.INQUIRY


def test_picture_comes_out_byte_for_byte(rig):
    it = rig(record("pic0001.ppm", PICTURE)).connect()
    told = []
    it.desktop.on_download = told.append
    it.run()
    assert it.desktop.step is Step.DONE
    assert it.desktop.downloads == (Download("pic0001.ppm", PICTURE, it.desktop.download.at_ns),)
    assert told == [it.desktop.download]
    assert it.desktop.deadline() is None


def test_it_asks_who_is_there_before_it_reads(rig):
    it = rig(record("a", b"x")).connect()
    it.run()
    assert it.driver.commands == [INQUIRY, TEST_UNIT_READY, READ_CAPACITY, READ_10, READ_10, READ_10]
    assert it.desktop.product == "minikernCamera flash 1.0"
    assert it.desktop.disk_size == 256 << 10


def test_download_time_is_that_of_the_last_packet(rig):
    it = rig(record("a", b"x")).connect()
    it.run()
    # Six commands: CBW, data (in all but TEST UNIT READY) and CSW, each 10 us on the wire.
    assert it.desktop.download.at_ns == 10_000 * (6 * 2 + 5)


@pytest.mark.parametrize("size", [0, 1, 3, 4, 463, 464, 465, 512, 64 * 512, 64 * 512 + 1, 100_000])
def test_any_size_of_file_arrives(rig, size):
    data = bytes(i % 253 for i in range(size))
    it = rig(record("f", data)).connect()
    it.run()
    assert it.desktop.download.data == data


@pytest.mark.parametrize("before", [400, 415, 416, 417, 448, 463, 464, 465])
def test_record_may_lie_across_blocks(rig, before):
    it = rig(record("old", bytes(before)), record("new", PICTURE)).connect()
    it.run()
    assert (it.desktop.download.name, it.desktop.download.data) == ("new", PICTURE)


def test_newest_valid_file_is_taken(rig):
    it = rig(
        record("a", b"first"),
        record("b", b"second"),
        record("c", b"third, deleted", DELETED),
        record("d", b"not committed", WRITING, size=0xFFFF_FFFF),
    ).connect()
    it.run()
    assert [(d.name, d.data) for d in it.desktop.downloads] == [("b", b"second")]


def test_record_that_was_given_up_is_stepped_over(rig):
    it = rig(record("a", b"half a pic", WRITING), record("b", b"whole")).connect()
    it.run()
    assert it.desktop.download.data == b"whole"


def test_name_may_fill_its_field(rig):
    it = rig(record("n" * 32, b"x")).connect()
    it.run()
    assert it.desktop.download.name == "n" * 32


def test_log_that_fills_the_disk_ends_at_its_end(rig):
    size = 256 << 10
    it = rig(record("full", bytes(size - 48))).connect()
    it.run()
    assert len(it.desktop.download.data) == size - 48


def test_empty_disk_is_looked_at_again_until_there_is_a_picture(rig):
    it = rig().connect()
    it.run(POLL_NS * 5 // 2)
    assert it.desktop.step is Step.PAUSE
    it.driver.contents = disk(record("late.ppm", PICTURE))
    it.run(POLL_NS)
    assert it.desktop.download.data == PICTURE


def test_it_looks_again_a_limited_number_of_times(rig):
    it = rig().connect()
    it.run(2 * MAX_POLLS * POLL_NS)
    assert (it.desktop.step, it.desktop.downloads, it.desktop.deadline()) == (Step.DONE, (), None)
    assert it.driver.commands.count(TEST_UNIT_READY) == MAX_POLLS + 1


def test_second_picture_is_fetched_when_asked_and_the_first_is_not_fetched_twice(rig):
    it = rig(record("1", b"one")).connect()
    it.run()
    it.desktop.look_again()
    it.run(POLL_NS // 2)
    assert it.desktop.step is Step.PAUSE
    it.driver.contents = disk(record("1", b"one"), record("2", b"two"))
    it.run()
    assert [d.name for d in it.desktop.downloads] == ["1", "2"]


def test_look_again_while_busy_or_unplugged_does_nothing(rig):
    it = rig(record("1", b"one"))
    it.desktop.look_again()
    assert it.desktop.step is Step.UNPLUGGED
    it.connect()
    it.desktop.look_again()
    assert it.desktop.step is Step.INQUIRY
    it.run()
    assert len(it.desktop.downloads) == 1


def test_plugging_in_again_starts_over(rig):
    it = rig(record("1", b"one")).connect()
    it.run()
    it.desktop.unplug()
    assert (it.desktop.step, it.desktop.is_plugged) == (Step.UNPLUGGED, False)
    it.desktop.plug()
    it.run()
    assert [d.name for d in it.desktop.downloads] == ["1", "1"]


@pytest.mark.parametrize("packets", range(1, 24))
def test_cable_pulled_in_the_middle_leaves_nothing_behind(rig, packets):
    it = rig(record("1", PICTURE)).connect()
    it.run(packets=packets)
    done = it.desktop.step is Step.DONE
    it.desktop.unplug()
    it.driver.packets.clear()
    it.run()
    assert it.desktop.step is Step.UNPLUGGED
    assert len(it.desktop.downloads) == done
    it.desktop.plug()
    it.run()
    assert it.desktop.download.data == PICTURE


def test_disk_that_is_not_ready_is_asked_again(rig):
    it = rig(record("1", b"one")).connect()
    it.driver.failing = {TEST_UNIT_READY: 1}
    it.run(POLL_NS // 2)
    assert it.desktop.step is Step.PAUSE
    it.driver.failing = {}
    it.run()
    assert it.desktop.download.data == b"one"


@pytest.mark.parametrize(
    ("command", "says"),
    [(INQUIRY, "INQUIRY failed"), (READ_CAPACITY, "READ CAPACITY 10 failed"), (READ_10, "READ 10 failed")],
)
def test_failed_command_ends_it_with_its_name(rig, command, says):
    it = rig().connect()
    it.driver.failing = {command: 1}
    it.run()
    assert it.desktop.step is Step.FAILED
    assert it.desktop.failure == f"{says}: CSW status 1"
    assert it.desktop.deadline() is None


def test_silence_of_5_s_ends_it(rig):
    it = rig().connect()
    it.driver.silent = True
    it.run(ANSWER_TIMEOUT_NS - 1)
    assert it.desktop.step is Step.INQUIRY
    it.run(1)
    assert (it.desktop.step, it.desktop.failure) == (Step.FAILED, "no answer to INQUIRY for 5 s")


@pytest.mark.parametrize(
    ("contents", "says"),
    [
        (disk(b"\0" * 48), "no flashfs record at 0x0: magic 0x00000000, expected 0x53465346"),
        (disk(record("a", b"abcd"), b"JUNK" * 12), "no flashfs record at 0x34: magic 0x4b4e554a"),
        (disk(record("a", b"", size=1 << 20)), "record at 0x0: 1048576 bytes reach behind the end"),
    ],
)
def test_broken_log_is_said_to_be_broken(clock, irq, contents, says):
    it = Rig(clock, irq, contents).connect()
    it.run()
    assert it.desktop.step is Step.FAILED
    assert says in it.desktop.failure


def answer_with(it, *packets):
    """Answer the command under way with these packets; TAG stands for its tag."""
    it.driver.silent = True
    it.run(packets=1)
    words = [it.pipe.read(Register.OUT_DATA, 4) for _ in range(2)]
    it.pipe.write(Register.OUT_ACK, 4, 1)
    it.driver.packets = [packet.replace(b"#TAG", struct.pack("<I", words[1])) for packet in packets]
    it.driver.serve()
    it.run(SECOND_NS)


@pytest.mark.parametrize(
    ("packets", "says"),
    [
        ([bytes(37)], "INQUIRY brought 37 bytes where 36"),
        ([bytes(36), b"USBSxxxx" + bytes(5)], "brought 49 bytes"),
        ([bytes(35), b"USBS#TAG" + bytes(5)], "35 of 36 bytes, residue 0"),
        ([bytes(36), b"USBS#TAG\1" + bytes(4)], "36 of 36 bytes, residue 1"),
        ([b"USBS#TAG\0\0\0\0\2"], "CSW status 2"),
    ],
)
def test_answer_against_the_protocol_ends_it(rig, packets, says):
    it = rig().connect()
    answer_with(it, *packets)
    assert it.desktop.step is Step.FAILED
    assert says in it.desktop.failure


def test_packet_nobody_asked_for_ends_it(rig):
    it = rig(record("1", b"one")).connect()
    it.run()
    it.driver.packets = [b"hello"]
    it.driver.serve()
    it.run()
    assert it.desktop.failure == "5 bytes from the camera that were not asked for"


def test_blocks_of_another_size_are_refused(rig):
    it = rig().connect()
    it.driver._data = lambda command: {0x12: bytes(36), 0x25: struct.pack(">II", 9, 4096)}.get(command[0], b"")
    it.run()
    assert it.desktop.failure == "READ CAPACITY: blocks of 4096 bytes, not 512"


@pytest.mark.parametrize("packets", range(1, 30))
def test_saved_after_any_packet_it_goes_on_the_same(clock, irq, packets):
    contents = disk(record("a", b"x"), record("b", PICTURE))

    def until(packets):
        clock.now_ns = 0
        it = Rig(clock, irq, contents).connect()
        it.run(packets=packets)
        return it

    it = until(packets)
    now, state = clock.now_ns, it.save()
    to_send = list(it.driver.packets)
    it.run()
    expected, end = it.save(), clock.now_ns

    other = Rig(clock, irq, contents)
    clock.now_ns = now
    other.load(state)
    assert other.save() == state
    other.driver.packets = to_send
    other.run()
    assert (other.save(), clock.now_ns) == (expected, end)
    assert other.desktop.download.data == PICTURE
