"""The whole board behind physical addresses."""

import pickle

import pytest
from board.camera import StorageDriver, record
from hypothesis import given, settings
from hypothesis import strategies as st

from minikernel.board.board import Board
from minikernel.board.memory_map import IRQ_MAP, MEMORY_MAP, address_of
from minikernel.board.register_log import RegisterAccess
from minikernel.board.scene import default_scene
from minikernel.board.system_registers import PowerRequest
from minikernel.errors import ImageError

UART, TIMER, SENSOR, SYSREG = (address_of(name) for name in ("uart0", "timer", "sensor", "sysreg"))
FLASH, EHCI, UHCI, BULK, PROCWIN = (address_of(name) for name in ("flash", "ehci", "uhci", "usb-bulk", "procwin"))
GICD, GICC = address_of("gic-distributor"), address_of("gic-cpu")
MS = 1_000_000


@pytest.fixture
def board(clock, unknown):
    return Board(clock, access_log=unknown)


def enable_irqs(board):
    board.write(GICD, 4, 1)
    for word in (1, 2):
        board.write(GICD + 0x100 + 4 * word, 4, 0xFFFF_FFFF)
    board.write(GICC + 4, 4, 0xF0)
    board.write(GICC, 4, 1)


def bring_up_usb(board, clock):
    """What ehci_hcd and usb_storage do."""
    board.write(EHCI + 0x20, 4, 2)
    clock.run(board, 20 * MS)
    board.write(EHCI + 0x20, 4, 1)
    clock.run(board, 2 * MS)
    board.write(EHCI + 0x60, 4, 1)
    board.write(EHCI + 0x64, 4, 1 << 12)
    clock.run(board, 20 * MS)
    board.write(EHCI + 0x64, 4, 1 << 12 | 1 << 8)
    clock.run(board, 50 * MS)
    board.write(EHCI + 0x64, 4, 1 << 12)
    clock.run(board, 2 * MS)
    board.write(BULK + 4, 4, 3)


def test_every_row_of_the_memory_map_is_a_device_of_that_name(board):
    placed = [(region.name, region.base, region.size) for region in board.regions]
    assert placed == [(region.owner, region.base, region.size) for region in MEMORY_MAP if region.owner != "ram"]
    assert all(region.device.name == region.name for region in board.regions)


@pytest.mark.parametrize(
    ("paddr", "value"),
    [
        (SENSOR, 0x53454E31),
        (PROCWIN, 0x434F5250),
        (EHCI, 0x01000020),
        (UHCI + 0x10, 0x0080_0080),
        (BULK, 0x42554C4B),
        (SYSREG, 0x1190F500),
        (UART + 0xFE0, 0x11),
        (TIMER + 0xFE0, 0x04),
        (FLASH, 0xFFFF_FFFF),
        (GICD + 4, 2),
        (GICC + 0xFC, 0x0202143B),
    ],
)
def test_device_answers_at_its_address(board, unknown, paddr, value):
    assert board.read(paddr, 4) == value
    assert unknown == []


@pytest.mark.parametrize("paddr", [0, 0x2B00_0000, 0x1C1F_FFFC, UART + 0x1000, BULK + 0x800, 0x8000_0000, 0xFFFF_FFFC])
def test_nobody_reads_zero_swallows_writes_and_is_logged(board, unknown, paddr):
    assert board.region_at(paddr) is None
    assert board.read(paddr, 4) == 0
    board.write(paddr, 4, 7)
    assert unknown == [("unassigned", paddr, False, 0), ("unassigned", paddr, True, 7)]


@pytest.mark.parametrize(("offset", "size"), [(0, 8), (1, 4), (2, 4), (3, 2), (3, 8), (0, 3), (5, 7), (7, 1)])
def test_odd_accesses_are_split_into_aligned_ones(clock, offset, size):
    image = bytes(range(16)) * (256 << 6)
    board = Board(clock, flash=image)
    assert board.read(FLASH + offset, size) == int.from_bytes(image[offset : offset + size], "little")


def test_odd_writes_are_split_into_aligned_ones(board):
    board.write(PROCWIN + 0x201, 7, 0x77665544332211)
    assert board.read(PROCWIN + 0x200, 8) == 0x7766_5544_3322_1100


@pytest.mark.parametrize("interrupt", IRQ_MAP, ids=lambda interrupt: interrupt.owner)
def test_each_wire_ends_at_its_input_of_the_gic(board, clock, interrupt):
    enable_irqs(board)
    if interrupt.owner == "uhci":
        return  # it never interrupts
    causes = {
        "timer": lambda: (board.write(TIMER, 4, 1), board.write(TIMER + 8, 4, 0xA1)),
        "rtc": lambda: (board.write(0x1C17_0010, 4, 1), board.write(0x1C17_0004, 4, 1221244312)),
        "uart0": lambda: (board.write(UART + 0x38, 4, 0x50), board.write(UART + 0x30, 4, 0x301)),
        "usb": lambda: (board.write(EHCI + 0x28, 4, 0x20), board.write(EHCI + 0x20, 4, 0x61)),
        "sensor": lambda: (board.write(SENSOR + 4, 4, 5), clock.advance(5 * MS), board.write(SENSOR + 4, 4, 7)),
        "procwin": lambda: (board.write(PROCWIN + 4, 4, 1), board.procwin.request_read("uptime")),
    }
    board.uart.receive(b"x")
    causes[interrupt.owner]()
    clock.run(board, 10 * MS)
    assert board.irq_pending
    assert board.read(GICC + 0xC, 4) == interrupt.irq


def test_bulk_pipe_shares_the_wire_of_ehci(board, clock):
    enable_irqs(board)
    board.desktop.plug()
    bring_up_usb(board, clock)
    assert board.read(GICC + 0xC, 4) == 48  # CONNECT_CHANGE


def test_reads_give_bare_ints(board):
    """Flags inside a device must not come out: their text differs between Python versions."""
    values = [board.read(paddr, size) for paddr in REGISTERS for size in (1, 2, 4)]
    board.write(FLASH, 4, 0x0070_0070)
    values += [board.read(FLASH, size) for size in (1, 2, 4)]
    assert {type(value) for value in values} == {int}


def test_console_writes_and_reads(board):
    board.write(UART + 0x30, 4, 0x301)
    for character in b"login: ":
        board.write(UART, 4, character)
    assert board.uart.transmitted == b"login: "
    board.uart.receive(b"r")
    assert board.read(UART, 4) == ord("r")


def test_power_off_is_a_request(board):
    assert board.power_request is None
    board.write(SYSREG + 0xA4, 4, 0xC080_0000)
    assert board.power_request is PowerRequest.OFF


def test_scene_is_the_drawn_one_or_the_one_given(clock, board):
    assert board.read(SENSOR + 0x14, 4) == len(default_scene())
    assert Board(clock, scene=b"P6 1 1 255\nabc").read(SENSOR + 0x14, 4) == 14


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"scene": b"", "scene_name": "empty.ppm"}, r"empty\.ppm: magic at offset 0x0: is empty"),
        ({"flash": b"x" * 100, "flash_name": "my.flash"}, r"my\.flash: size: 100 bytes"),
    ],
)
def test_wrong_input_file_is_named(clock, arguments, says):
    with pytest.raises(ImageError, match=says):
        Board(clock, **arguments)


def test_usb_log_is_empty_until_somebody_touches_usb(board, clock):
    for paddr in (UART, SENSOR, FLASH, GICD, TIMER):
        board.read(paddr, 4)
    board.desktop.plug()
    clock.run(board, 100 * MS)
    assert len(board.usb.log) == 0
    clock.now_ns = 123_000_000
    board.read(EHCI, 4)
    board.write(UHCI, 2, 4)
    (first, second) = board.usb.log
    assert (first.time_ns, first.device, first.register, first.is_write) == (123_000_000, "ehci", "CAPLENGTH", False)
    assert (second.device, second.register, second.is_write, second.value, second.size) == (
        "uhci",
        "USBCMD",
        True,
        4,
        2,
    )


def test_poll_loop_is_one_entry_of_the_usb_log(board, clock):
    board.write(EHCI + 0x20, 4, 2)
    while board.read(EHCI + 0x20, 4) & 2:
        clock.advance(MS)
    assert [(a.register, a.is_write, a.count, a.value) for a in board.usb.log] == [
        ("USBCMD", True, 1, 2),
        ("USBCMD", False, 21, 0x80000),
    ]


def test_usb_log_of_any_length_goes_into_a_snapshot(board):
    for i in range(3000):
        board.write(EHCI + 0x34 + i % 2 * 4, 4, i << 12)
    state = board.save()
    before = list(board.usb.log)
    board.read(EHCI, 4)
    board.load(state)
    assert list(board.usb.log) == before
    assert len(before) == 3000


def test_picture_travels_from_the_scene_to_the_desktop(clock):
    board = Board(clock, flash=b"\xff" * (256 << 10))
    board.write(SENSOR + 4, 4, 1)
    clock.run(board, 5 * MS)
    board.write(SENSOR + 4, 4, 3)
    clock.run(board, 8 * MS)
    size = board.read(SENSOR + 0x14, 4)
    frame = b"".join(board.read(SENSOR + 0x18, 4).to_bytes(4, "little") for _ in range(0, size, 4))[:size]
    log = record("first.ppm", frame)
    for offset in range(0, len(log), 4):
        board.write(FLASH + offset, 4, 0x0040_0040)
        board.write(FLASH + offset, 4, int.from_bytes(log[offset : offset + 4], "little"))
        clock.advance(10_000)
        assert board.read(FLASH, 4) == 0x0080_0080
    board.desktop.plug()
    bring_up_usb(board, clock)
    driver = StorageDriver(board.usb.bulk, board.flash.contents())
    while board.desktop.download is None:
        clock.now_ns = board.deadline()
        board.tick()
        driver.serve()
    assert board.desktop.download.name == "first.ppm"
    assert board.desktop.download.data == default_scene()


def test_saved_state_is_plain_and_an_equal_board_takes_it(board, clock):
    enable_irqs(board)
    board.desktop.plug()
    bring_up_usb(board, clock)
    board.write(TIMER, 4, 100)
    board.write(TIMER + 8, 4, 0xE2)
    board.uart.receive(b"half typed")
    board.procwin.request_write("deferred_initcalls", b"1")
    clock.run(board, 50_000)
    state = board.save()
    assert pickle.loads(pickle.dumps(state)) == state
    assert hash(state) == hash(board.save())

    other = Board(clock)
    other.load(state)
    assert other.save() == state
    assert other.irq_pending == board.irq_pending
    assert other.deadline() == board.deadline()


def test_loading_leaves_no_edges_in_the_gic(board, clock):
    board.write(GICD + 0xC00 + 4 * 2, 4, 2 << 10)  # UART0, id 37, edge-triggered
    enable_irqs(board)
    board.write(UART + 0x30, 4, 0x301)
    board.write(UART + 0x38, 4, 0x50)
    board.uart.receive(b"x")
    irq = board.read(GICC + 0xC, 4)
    board.write(GICC + 0x10, 4, irq)
    state = board.save()
    other = Board(clock)
    other.load(state)
    assert not other.irq_pending
    assert other.save() == state


class _Clock:
    now_ns = 0


REGISTERS = [region.base + register for region in Board(_Clock()).regions for register in region.device.REGISTERS]
ADDRESSES = st.one_of(
    st.sampled_from(REGISTERS),
    st.builds(int.__add__, st.sampled_from(REGISTERS), st.integers(0, 7)),
    st.sampled_from(MEMORY_MAP[:-1]).flatmap(lambda region: st.integers(region.base, region.end + 3)),
)
WORDS = st.one_of(
    st.integers(0, 0xFFFF_FFFF), st.sampled_from([0, 1, 2, 3, 4, 7, 0x80, 0xFF, 0x0040_0040, 0x0020_0020])
)
ACTIONS = st.one_of(
    st.tuples(st.just("read"), ADDRESSES, st.sampled_from([1, 2, 4, 8])),
    st.tuples(st.just("write"), ADDRESSES, st.sampled_from([1, 2, 4, 8]), WORDS),
    st.tuples(st.just("wait"), st.sampled_from([0, 1, 1000, 10_000, 2 * MS, 20 * MS, 50 * MS, 6000 * MS])),
    st.tuples(st.just("plug"), st.booleans()),
    st.tuples(st.just("type"), st.binary(max_size=20)),
    st.tuples(st.just("request"), st.sampled_from(["meminfo", "x" * 255])),
)


def _do(board, clock, action):
    match action:
        case "read", paddr, size:
            value = board.read(paddr, size)
            assert 0 <= value < 1 << 8 * size
            return value
        case "write", paddr, size, value:
            board.write(paddr, size, value & ((1 << 8 * size) - 1))
        case "wait", ns:
            clock.now_ns += ns
            board.tick()
        case "plug", True:
            board.desktop.plug()
        case "plug", False:
            board.desktop.unplug()
        case "type", characters:
            board.uart.receive(characters)
        case "request", path:
            if not board.procwin.is_busy:
                board.procwin.request_read(path)
    return None


def _types_in(value):
    if type(value) is tuple:
        return set().union(*map(_types_in, value))
    if type(value) is RegisterAccess:
        return _types_in(tuple(value))
    return {type(value)}


@settings(max_examples=150, deadline=None)
@given(before=st.lists(ACTIONS, max_size=40), after=st.lists(ACTIONS, max_size=20))
def test_whatever_the_guest_does_nothing_raises_and_every_state_can_be_saved(before, after):
    clock = _Clock()
    board = Board(clock)
    for action in before:
        _do(board, clock, action)
    now, state = clock.now_ns, board.save()
    first = [_do(board, clock, action) for action in after]
    first_end = board.save()
    assert _types_in(first_end.parts) <= {int, bool, bytes, str, type(None)}

    other = Board(clock)
    clock.now_ns = now
    other.load(state)
    assert other.save() == state
    assert [_do(other, clock, action) for action in after] == first
    assert other.save() == first_end
