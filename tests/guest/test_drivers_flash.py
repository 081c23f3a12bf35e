"""Flash drivers: probing, the log file system and what survives power loss. Here Python reads the same log."""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from guest_call import QUIET_RC, Guest, machine_at_shell, quiet_guest

from minikernel.board import cfi_flash
from minikernel.board.cfi_flash import BUFFER_WORDS, DEFAULT_SIZE, ERASE_BLOCK_SIZE, CfiFlash
from minikernel.kernel.machine import KernelMachine
from minikernel.machine.events import UnassignedAccess
from minikernel.power_on import BootOptions, prepare

MAGIC, VALID, DELETED, ERASED = 0x53465346, 0x0000FFFF, 0, 0xFFFFFFFF
HEADER = struct.Struct("<IIII32s")
PICTURE = bytes(range(256)) * 12 + b"tail"
BUDGET = 200_000_000


@dataclass(frozen=True)
class Record:
    name: str
    state: int
    data: bytes


def record(name: str, data: bytes, state: int = VALID, size: int | None = None) -> bytes:
    """One record of the log as bytes; `size` other than the data's for a record that was not finished."""
    header = HEADER.pack(MAGIC, state, len(data) if size is None else size, ERASED, name.encode())
    return header + data + b"\xff" * (-len(data) % 4)


def flash_of(*records: bytes) -> bytes:
    """A whole flash that begins with these records."""
    return b"".join(records).ljust(DEFAULT_SIZE, b"\xff")


def log_of(flash: bytes) -> list[Record]:
    """Every record up to the first erased magic."""
    records, offset = [], 0
    while offset + HEADER.size <= len(flash):
        magic, state, size, _, name = HEADER.unpack_from(flash, offset)
        if magic == ERASED:
            break
        assert magic == MAGIC and size != ERASED
        start = offset + HEADER.size
        records.append(Record(name.rstrip(b"\0").decode("latin-1"), state, flash[start : start + size]))
        offset = start + (size + 3 & ~3)
    return records


def booted(flash: bytes) -> KernelMachine:
    """A machine at the prompt with this flash; nothing has been done."""
    machine = prepare(BootOptions(rc=QUIET_RC, flash=flash))
    machine.run(until="shell", max_instructions=BUDGET)
    return machine


def files(machine: KernelMachine) -> dict[str, int]:
    """name -> size of everything on /flash."""
    lines = [line.split() for line in machine.shell("ls /flash").splitlines()]
    return {line[-1]: int(line[-2]) for line in lines}


def contents(machine: KernelMachine) -> bytes:
    return machine.board.flash.contents()


@pytest.fixture
def machine() -> KernelMachine:
    return machine_at_shell(QUIET_RC)


def test_mtd_shows_the_size_that_the_chips_report(machine: KernelMachine) -> None:
    assert machine.shell("cat /proc/mtd").splitlines() == [
        "dev:    size   erasesize  name",
        f'mtd0: {DEFAULT_SIZE:08x} 00040000 "physmap-flash.0"',
    ]


def test_file_becomes_a_record_of_its_bytes(machine: KernelMachine) -> None:
    machine.shell("echo hello > /flash/a.txt")
    assert log_of(contents(machine)) == [Record("a.txt", VALID, b"hello\n")]
    assert machine.shell("cat /flash/a.txt") == "hello\n"
    assert files(machine) == {"a.txt": 6}


def test_writing_again_deletes_the_older_record(machine: KernelMachine) -> None:
    machine.shell("echo one > /flash/a")
    machine.shell("echo two > /flash/a")
    assert [(each.state, each.data) for each in log_of(contents(machine))] == [(DELETED, b"one\n"), (VALID, b"two\n")]
    assert files(machine) == {"a": 4}


def test_appending_writes_a_record_with_the_old_bytes_first(machine: KernelMachine) -> None:
    machine.shell("echo one > /flash/a")
    machine.shell("echo two >> /flash/a")
    machine.shell("echo new >> /flash/b")
    assert machine.shell("cat /flash/a /flash/b") == "one\ntwo\nnew\n"
    assert files(machine) == {"a": 8, "b": 4}


def test_unlink_clears_the_state_word_and_nothing_else(machine: KernelMachine) -> None:
    machine.shell("echo one > /flash/a")
    before = contents(machine)
    assert machine.shell("rm /flash/a") == ""
    after = contents(machine)
    assert [index for index in range(0, 4096, 4) if before[index : index + 4] != after[index : index + 4]] == [4]
    assert files(machine) == {}
    assert machine.shell("cat /flash/a") == "cat: /flash/a: No such file or directory\n"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("cat /flash/none", "cat: /flash/none: No such file or directory\n"),
        ("rm /flash/none", "rm: /flash/none: No such file or directory\n"),
        ("echo x > /flash/" + "n" * 32, "sh: /flash/" + "n" * 32 + ": File name too long\n"),
    ],
)
def test_flash_refuses(machine: KernelMachine, line: str, message: str) -> None:
    assert machine.shell(line) == message
    assert log_of(contents(machine)) == []


def test_longest_name_fits(machine: KernelMachine) -> None:
    assert machine.shell("echo x > /flash/" + "n" * 31) == ""
    assert files(machine) == {"n" * 31: 2}


def test_files_are_there_after_the_next_boot(machine: KernelMachine) -> None:
    machine.shell("echo kept > /flash/a")
    machine.shell("echo gone > /flash/b")
    machine.shell("rm /flash/b")
    again = booted(contents(machine))
    assert files(again) == {"a": 5}
    assert again.shell("cat /flash/a") == "kept\n"
    again.shell("echo more > /flash/c")
    assert [each.name for each in log_of(contents(again))] == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("unfinished", "size_of_its_rest"),
    [
        (struct.pack("<I", MAGIC), 0),
        (record("pic", b"", ERASED, ERASED), 0),
        (record("pic", PICTURE, ERASED, ERASED), len(PICTURE)),
        (record("pic", b"\xff" * 5000 + b"end!", ERASED, ERASED), 5004),
        (record("pic", PICTURE, ERASED), len(PICTURE)),
    ],
    ids=["magic", "header", "data", "data that look erased", "no state"],
)
def test_record_cut_by_power_loss_is_dropped_and_the_log_goes_on(unfinished: bytes, size_of_its_rest: int) -> None:
    machine = booted(flash_of(record("old", b"before"), unfinished))
    assert files(machine) == {"old": 6}
    assert "was not finished, dropping it" in machine.dmesg
    machine.shell("echo after > /flash/new")
    _, cut, new = log_of(contents(machine))
    assert (cut.state, len(cut.data)) == (DELETED, size_of_its_rest)
    assert new == Record("new", VALID, b"after\n")
    again = booted(contents(machine))
    assert "was not finished" not in again.dmesg
    assert files(again) == {"old": 6, "new": 6}


def test_foreign_contents_are_mounted_read_only_and_left_alone() -> None:
    foreign = b"somebody's data." * (DEFAULT_SIZE // 16)
    machine = booted(foreign)
    assert "no record and not erased at 0x0, mounting read-only" in machine.dmesg
    assert machine.shell("echo x > /flash/a") == "sh: /flash/a: Read-only file system\n"
    assert files(machine) == {}
    assert contents(machine) == foreign


def test_record_with_an_impossible_size_ends_the_log_read_only() -> None:
    machine = booted(flash_of(record("good", b"data"), record("bad", b"", VALID, DEFAULT_SIZE)))
    assert files(machine) == {"good": 4}
    assert machine.shell("rm /flash/good") == "rm: /flash/good: Read-only file system\n"


def test_full_flash_says_so_and_keeps_what_it_has() -> None:
    room = DEFAULT_SIZE - 2 * HEADER.size - 4
    machine = booted(flash_of(record("big", b"\x55" * room)))
    assert machine.shell("echo abc > /flash/fits") == ""
    assert "No space left on device" in machine.shell("echo x > /flash/more")
    assert files(machine) == {"big": room, "fits": 4}


def test_file_that_outgrows_the_flash_does_not_become_valid() -> None:
    machine = booted(flash_of(record("big", b"\x55" * (DEFAULT_SIZE - 4096))))
    assert "No space left on device" in machine.shell("snap")
    assert list(files(machine)) == ["big"]
    assert log_of(contents(machine))[-1].state == DELETED


def test_flash_that_reads_zero_is_formatted() -> None:
    machine = booted(bytes(DEFAULT_SIZE))
    assert "the flash was never erased, formatting" in machine.dmesg
    machine.shell("echo x > /flash/a")
    assert log_of(contents(machine)) == [Record("a", VALID, b"x\n")]
    assert set(contents(machine)[4096:]) == {0xFF}


def test_locked_block_is_an_error_of_the_open() -> None:
    guest = quiet_guest()
    for command in (0x00600060, 0x00010001, 0x00FF00FF):
        guest.machine.board.flash.write(0, 4, command)
    assert guest.machine.shell("echo x > /flash/a") == "sh: /flash/a: Read-only file system\n"
    assert set(contents(guest.machine)) == {0xFF}


O_WRONLY, O_RDWR, O_CREAT, O_EXCL, O_APPEND = 1, 2, 0x40, 0x80, 0x400
ENOENT, EBUSY, EEXIST, EINVAL = 2, 16, 17, 22


def opened(guest: Guest, name: str, flags: int) -> int:
    return guest.errno("filp_open", guest.text(name), flags, 0o644)


def is_error(result: int) -> bool:
    return -4096 < result < 0


def test_open_flags() -> None:
    guest = quiet_guest()
    assert opened(guest, "/flash/a", O_WRONLY) == -ENOENT
    assert opened(guest, "/flash/a", O_RDWR | O_CREAT) == -EINVAL
    writer = opened(guest, "/flash/a", O_WRONLY | O_CREAT)
    assert not is_error(writer)
    assert opened(guest, "/flash/b", O_WRONLY | O_CREAT) == -EBUSY
    assert guest.errno("filp_close", writer) == 0
    assert opened(guest, "/flash/a", O_WRONLY | O_CREAT | O_EXCL) == -EEXIST
    assert [each.name for each in log_of(contents(guest.machine))] == ["a"]


@pytest.mark.parametrize("chunk", [1, 3, 4, 511, 512, 513, 4096])
def test_bytes_come_back_whatever_the_sizes_of_the_writes_and_reads(chunk: int) -> None:
    guest = quiet_guest()
    source = guest.put(PICTURE)
    target = guest.put(bytes(len(PICTURE)))
    data = PICTURE if chunk > 4 else PICTURE[:300]
    writer = opened(guest, "/flash/p", O_WRONLY | O_CREAT)
    for offset in range(0, len(data), chunk):
        count = min(chunk, len(data) - offset)
        assert guest.errno("kernel_write", writer, source + offset, count) == count
    assert guest.errno("filp_close", writer) == 0
    reader = opened(guest, "/flash/p", 0)
    for offset in range(0, len(data), chunk):
        count = min(chunk, len(data) - offset)
        assert guest.errno("kernel_read", reader, target + offset, chunk) == count
    assert guest.errno("kernel_read", reader, target, chunk) == 0
    assert guest.machine.read(target, len(data)) == data
    assert log_of(contents(guest.machine))[0].data == data


def test_mtd_checks_range_and_unit() -> None:
    guest = quiet_guest()
    buffer = guest.put(bytes(64))
    assert guest.errno("mtd_read", DEFAULT_SIZE - 8, buffer, 8) == 0
    assert guest.errno("mtd_read", DEFAULT_SIZE - 8, buffer, 9) == -EINVAL
    assert guest.errno("mtd_read", 0xFFFFFFFC, buffer, 8) == -EINVAL
    assert guest.errno("mtd_read", 1, buffer, 3) == 0
    assert guest.errno("mtd_write", 2, buffer, 4) == -EINVAL
    assert guest.errno("mtd_write", 0, buffer, 6) == -EINVAL
    assert guest.errno("mtd_erase", 4096, 1 << 18) == -EINVAL


CMD_PROGRAM, CMD_WRITE_BUFFER, CFI_BUFFER_SIZE = 0x00400040, 0x00E800E8, 0x2A
EIO, EROFS, ETIMEDOUT = 5, 30, 110


def booted_with(flash_change: Callable[[CfiFlash], None]) -> Guest:
    """A guest at the prompt whose flash chips were changed before it looked at them."""
    machine = prepare(BootOptions(rc=QUIET_RC))
    flash_change(machine.board.flash)
    machine.run(until="shell", max_instructions=BUDGET)
    return Guest(machine)


def flash_commands(guest: Guest, command: int) -> list[int]:
    """Grows with the address of every store of this word to the flash."""
    seen: list[int] = []

    def listener(device: str, offset: int, is_write: bool, value: int, _size: int) -> None:
        if device == "flash" and is_write and value == command:
            seen.append(offset)

    guest.machine.on_device_access(listener)
    return seen


def without_buffer(flash: CfiFlash) -> None:
    flash._query[CFI_BUFFER_SIZE] = 0


def test_words_go_through_the_write_buffer_in_aligned_pieces() -> None:
    guest = quiet_guest()
    buffers, single = flash_commands(guest, CMD_WRITE_BUFFER), flash_commands(guest, CMD_PROGRAM)
    data = guest.put(PICTURE)
    assert guest.errno("mtd_write", 0x10FF0, data, len(PICTURE)) == 0
    size = 4 * BUFFER_WORDS
    assert buffers == [0x10FF0, *range(0x11000, 0x10FF0 + len(PICTURE), size)]
    assert single == []
    assert contents(guest.machine)[0x10FF0 : 0x10FF0 + len(PICTURE)] == PICTURE


def test_lonely_word_goes_without_the_buffer() -> None:
    guest = quiet_guest()
    buffers, single = flash_commands(guest, CMD_WRITE_BUFFER), flash_commands(guest, CMD_PROGRAM)
    assert guest.errno("mtd_write", 0x103FC, guest.put(b"one word"), 8) == 0
    assert (buffers, single) == ([], [0x103FC, 0x10400])
    assert contents(guest.machine)[0x103FC:0x10404] == b"one word"


def test_erased_words_before_a_piece_are_skipped() -> None:
    guest = quiet_guest()
    buffers = flash_commands(guest, CMD_WRITE_BUFFER)
    assert guest.errno("mtd_write", 0x10000, guest.put(b"\xff" * 64 + b"last one"), 72) == 0
    assert buffers == [0x10040]
    assert contents(guest.machine)[0x10000:0x10048] == b"\xff" * 64 + b"last one"


def test_chips_without_a_buffer_get_word_after_word() -> None:
    guest = booted_with(without_buffer)
    buffers, single = flash_commands(guest, CMD_WRITE_BUFFER), flash_commands(guest, CMD_PROGRAM)
    assert guest.errno("mtd_write", 0, guest.put(PICTURE), 64) == 0
    assert (buffers, single) == ([], list(range(0, 64, 4)))
    assert contents(guest.machine)[:64] == PICTURE[:64]


def test_smaller_buffer_is_filled_as_far_as_it_goes() -> None:
    guest = booted_with(lambda flash: flash._query.update({CFI_BUFFER_SIZE: 5}))  # 32 bytes in each chip
    buffers = flash_commands(guest, CMD_WRITE_BUFFER)
    assert guest.errno("mtd_write", 0x20, guest.put(PICTURE), 256) == 0
    assert buffers == [0x20, 0x40, 0x80, 0xC0, 0x100]
    assert contents(guest.machine)[0x20:0x120] == PICTURE[:256]


@pytest.mark.parametrize("change", [without_buffer, lambda flash: None], ids=["words", "buffer"])
@pytest.mark.parametrize("size", [4, 64, 4096])
def test_write_to_a_locked_block_is_refused_and_works_once_it_is_unlocked(
    change: Callable[[CfiFlash], None], size: int
) -> None:
    guest = booted_with(change)
    flash, data = guest.machine.board.flash, guest.put(PICTURE + PICTURE)
    for command in (0x00600060, 0x00010001, 0x00FF00FF):
        flash.write(ERASE_BLOCK_SIZE, 4, command)
    assert guest.errno("mtd_write", ERASE_BLOCK_SIZE, data, size) == -EROFS
    assert set(contents(guest.machine)) == {0xFF}
    for command in (0x00600060, 0x00D000D0, 0x00FF00FF):
        flash.write(ERASE_BLOCK_SIZE, 4, command)
    assert guest.errno("mtd_write", ERASE_BLOCK_SIZE, data, size) == 0
    assert contents(guest.machine)[ERASE_BLOCK_SIZE:][:size] == (PICTURE + PICTURE)[:size]


def test_buffer_that_the_chips_refuse_is_an_error_and_the_next_write_works() -> None:
    guest = quiet_guest()
    for command in (0x00200020, 0x00000000, 0x00FF00FF):  # an erase that was not confirmed: SR.4 and SR.5
        guest.machine.board.flash.write(0, 4, command)
    data = guest.put(PICTURE)
    assert guest.errno("mtd_write", 0, data, 64) == -EIO
    assert set(contents(guest.machine)) == {0xFF}
    assert guest.errno("mtd_write", 0, data, 64) == 0
    assert contents(guest.machine)[:64] == PICTURE[:64]


@pytest.mark.parametrize(("size", "longest_us"), [(4, 16 << 4), (64, 512 << 4)])
def test_chips_that_are_never_ready_time_out(monkeypatch: pytest.MonkeyPatch, size: int, longest_us: int) -> None:
    guest = quiet_guest()
    data = guest.put(PICTURE)
    for usual in range(2):  # learns how long it takes
        assert guest.errno("mtd_write", 4096 * usual, data, size) == 0
    monkeypatch.setattr(cfi_flash, "PROGRAM_NS", 10**12)
    monkeypatch.setattr(cfi_flash, "ROW_NS", 10**12)
    before = guest.machine.time_ns
    assert guest.errno("mtd_write", 8192, data, size) == -ETIMEDOUT
    assert longest_us <= (guest.machine.time_ns - before) / 1000 < 1.5 * longest_us


def test_waits_come_close_to_the_time_the_chips_take() -> None:
    guest = quiet_guest()
    data = guest.put(bytes(4096))
    for offset in range(0, 8 * 4096, 4096):
        before = guest.machine.time_ns
        assert guest.errno("mtd_write", 0x20000 + offset, data, 4096) == 0
    rows = 4096 // cfi_flash.ROW_SIZE
    took = guest.machine.time_ns - before
    assert rows * cfi_flash.ROW_NS < took < 1.25 * rows * cfi_flash.ROW_NS


def test_erase_sets_a_block_and_takes_its_time() -> None:
    guest = quiet_guest()
    machine = guest.machine
    machine.shell("echo x > /flash/a")
    before = machine.time_ns
    assert guest.errno("mtd_erase", 0, 1 << 18) == 0
    assert 50_000_000 <= machine.time_ns - before < 80_000_000
    assert set(contents(machine)) == {0xFF}


def test_nobody_writes_to_an_address_that_is_not_there(machine: KernelMachine) -> None:
    machine.shell("echo x > /flash/a")
    strange = machine.trace.of(UnassignedAccess)
    assert [event for event in strange if event.is_write] == []
