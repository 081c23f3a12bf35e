"""The window from both sides."""

import pytest

from minikernel.board.proc_window import DATA_OFFSET, DATA_SIZE, PATH_OFFSET, ProcResponse, ProcWindow, Register
from minikernel.errors import UsageError


@pytest.fixture
def window(irq, unknown):
    return ProcWindow(irq, unknown)


def read(window, offset):
    return window.read(offset, 4)


def write(window, offset, value):
    window.write(offset, 4, value)


def answer(window, result, data=b""):
    for i, byte in enumerate(data):
        window.write(DATA_OFFSET + i, 1, byte)
    write(window, Register.RESULT, result & 0xFFFF_FFFF)
    write(window, Register.DOORBELL, 1)


def text_at(window, offset):
    codes = []
    while (code := window.read(offset + len(codes), 1)) != 0:
        codes.append(code)
    return bytes(codes)


def test_idle_window_says_who_it_is_and_nothing_else(window, unknown):
    assert read(window, Register.ID) == 0x434F5250
    assert [read(window, r) for r in Register if r != Register.ID] == [0] * 10
    assert unknown == []


def test_read_request_stands_in_the_registers(window):
    window.request_read("sys/kernel/printk", count=100, offset=7)
    registers = (Register.STATUS, Register.OP, Register.PATH_LEN, Register.DATA_LEN, Register.OFFSET)
    assert [read(window, r) for r in registers] == [1, 0, 17, 100, 7]
    assert text_at(window, PATH_OFFSET) == b"sys/kernel/printk"
    assert window.is_busy


def test_write_request_has_its_data_in_the_window(window):
    window.request_write("deferred_initcalls", b"1\n")
    assert [read(window, r) for r in (Register.OP, Register.DATA_LEN)] == [1, 2]
    assert read(window, DATA_OFFSET) == 0x0A31


def test_answer_brings_result_and_data(window):
    window.request_read("deferred_initcalls")
    answer(window, 2, b"0\nrubbish")
    assert window.response == ProcResponse(2, b"0\n")
    assert not window.is_busy
    assert read(window, Register.STATUS) == 0


def test_answer_to_a_write_brings_no_data(window):
    window.request_write("deferred_initcalls", b"1")
    answer(window, 1)
    assert window.response == ProcResponse(1, b"")


def test_requester_is_told_of_the_answer_once(window):
    told = []
    window.on_answer = told.append
    window.request_read("uptime")
    answer(window, 3, b"1.2")
    write(window, Register.DOORBELL, 1)
    assert told == [ProcResponse(3, b"1.2")] == [window.response]


def test_errno_comes_out_negative(window):
    window.request_read("nowhere")
    answer(window, -2)
    assert window.response == ProcResponse(-2, b"")


def test_result_above_the_bytes_wanted_counts_as_those(window):
    window.request_read("x", count=3)
    answer(window, 1000, b"abcdef")
    assert window.response == ProcResponse(3, b"abc")


@pytest.mark.parametrize("enable_first", [True, False])
def test_interrupt_is_request_and_enable(window, irq, enable_first):
    if enable_first:
        write(window, Register.CTRL, 1)
    window.request_read("x")
    assert irq.level is enable_first
    write(window, Register.CTRL, 1)
    assert irq.level
    write(window, Register.DOORBELL, 0)
    assert irq.level
    write(window, Register.DOORBELL, 1)
    assert not irq.level


def test_response_of_the_last_request_goes_with_the_next_one(window):
    window.request_read("a")
    answer(window, 0)
    window.request_read("b")
    assert window.response is None


def test_window_is_clean_behind_the_request(window):
    window.request_write("a-long-path", b"long data")
    answer(window, 9)
    window.request_write("b", b"x")
    assert text_at(window, PATH_OFFSET) == b"b"
    assert text_at(window, DATA_OFFSET) == b"x"


def test_doorbell_without_request_is_ignored(window):
    answer(window, 5)
    assert window.response is None


def test_path_cannot_be_written(window, unknown):
    window.request_read("abc")
    write(window, PATH_OFFSET, 0)
    assert text_at(window, PATH_OFFSET) == b"abc"
    assert unknown == []


def test_full_window_fits(window):
    payload = bytes(range(256)) * (DATA_SIZE // 256)
    window.request_write("p" * 255, payload)
    assert b"".join(read(window, o).to_bytes(4, "little") for o in range(DATA_OFFSET, 0x1000, 4)) == payload
    assert window.read(PATH_OFFSET + 255, 1) == 0


@pytest.mark.parametrize(
    ("path", "count", "offset", "says"),
    [
        ("", 1, 0, "path"),
        ("p" * 256, 1, 0, "path"),
        ("a\0b", 1, 0, "NUL"),
        ("a", DATA_SIZE + 1, 0, "3585 bytes"),
        ("a", -1, 0, "-1 bytes"),
        ("a", 1, 1 << 32, "32-bit"),
    ],
)
def test_impossible_request_is_refused(window, path, count, offset, says):
    with pytest.raises(UsageError, match=says):
        window.request_read(path, count, offset)
    assert not window.is_busy


def test_one_request_at_a_time(window):
    window.request_read("a")
    with pytest.raises(UsageError, match="not been answered"):
        window.request_read("b")


def test_saved_in_the_middle_it_goes_on(window, irq):
    write(window, Register.CTRL, 1)
    window.request_write("deferred_initcalls", b"uhci_hcd")
    window.write(DATA_OFFSET, 1, ord("U"))
    state = window.save()
    answer(window, 8)
    assert not irq.level
    window.load(state)
    assert window.save() == state
    assert irq.level and window.is_busy and window.response is None
    assert text_at(window, DATA_OFFSET) == b"Uhci_hcd"


def test_unknown_register_is_logged(window, unknown):
    assert read(window, 0x24) == 0
    write(window, 0xFC, 1)
    assert unknown == [("procwin", 0x24, False, 0), ("procwin", 0xFC, True, 1)]


def test_requests_about_files_and_modules_stand_in_the_registers(window):
    registers = (Register.OP, Register.PATH_LEN, Register.DATA_LEN, Register.OFFSET)

    window.request_append("/tmp/a.ko", b"\x7fELF", 3584)
    assert [read(window, r) for r in registers] == [2, 9, 4, 3584]
    assert read(window, DATA_OFFSET) == 0x464C457F
    answer(window, 4)
    assert window.response == ProcResponse(4)

    window.request_finit_module("/tmp/a.ko", b"count=3", 2)
    assert [read(window, r) for r in registers] == [3, 9, 7, 2]
    assert text_at(window, DATA_OFFSET) == b"count=3"
    answer(window, -8)
    assert window.response == ProcResponse(-8)

    window.request_delete_module("a", 0x800)
    assert [read(window, r) for r in registers] == [4, 1, 0, 0x800]
    assert text_at(window, PATH_OFFSET) == b"a"
    answer(window, 0)

    window.request_unlink("/tmp/a.ko")
    assert [read(window, r) for r in registers] == [5, 9, 0, 0]
