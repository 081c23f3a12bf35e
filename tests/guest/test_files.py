"""Files in the kernel: paths, ramfs, descriptors, and system calls that are given bad arguments."""

from __future__ import annotations

import errno

import pytest
from guest_call import USER_STACK, Guest, quiet_guest

PATH_MAX = 256
NR_OPEN = 16
KERNEL_TEXT = 0xC0008000
O_WRONLY, O_RDWR, O_CREAT, O_EXCL, O_TRUNC, O_APPEND, O_DIRECTORY = 1, 2, 0x40, 0x80, 0x200, 0x400, 0x4000


@pytest.fixture
def guest() -> Guest:
    return quiet_guest()


def open_file(guest: Guest, path: str, flags: int = 0) -> int:
    return guest.errno("sys_open", guest.user_text(path), flags, 0o644)


@pytest.mark.parametrize(
    ("path", "normal"),
    [
        ("/", ""),
        ("a", "/a"),
        ("/a/b", "/a/b"),
        ("//a///b//", "/a/b"),
        ("/./a/./b/.", "/a/b"),
        ("/a/../b", "/b"),
        ("/a/b/../../c", "/c"),
        ("/..", ""),
        ("/../../a", "/a"),
        ("..a/...", "/..a/..."),
        ("/" + "x" * 254, "/" + "x" * 254),
        ("x" * 254, "/" + "x" * 254),
        ("/" + "x" * 253 + "/..", ""),
    ],
)
def test_path_is_normalized(guest: Guest, path: str, normal: str) -> None:
    buffer = guest.put(b"#" * (PATH_MAX + 8))
    assert guest.errno("path_normalize", buffer, guest.text(path)) == 0
    assert guest.machine.read(buffer, len(normal) + 1) == normal.encode() + b"\0"
    assert guest.machine.read(buffer + PATH_MAX, 8) == b"#" * 8


@pytest.mark.parametrize(
    ("path", "code"), [("", errno.ENOENT), ("/" + "x" * 255, errno.ENAMETOOLONG), ("/a" * 128, errno.ENAMETOOLONG)]
)
def test_path_is_refused(guest: Guest, path: str, code: int) -> None:
    buffer = guest.put(b"#" * (PATH_MAX + 8))
    assert guest.errno("path_normalize", buffer, guest.text(path)) == -code
    assert guest.machine.read(buffer + PATH_MAX, 8) == b"#" * 8


@pytest.mark.parametrize(
    ("path", "flags", "code"),
    [
        ("/none", 0, errno.ENOENT),
        ("/none/x", O_WRONLY | O_CREAT, errno.ENOENT),
        ("/init/x", 0, errno.ENOTDIR),
        ("/etc", O_WRONLY, errno.EISDIR),
        ("/etc", O_CREAT, errno.EISDIR),
        ("/proc", O_RDWR, errno.EISDIR),
        ("/etc/rc", O_DIRECTORY, errno.ENOTDIR),
        ("/etc/rc", O_WRONLY | O_CREAT | O_EXCL, errno.EEXIST),
        ("/etc/rc", 3, errno.EINVAL),
        ("/dev/none", O_WRONLY | O_CREAT, errno.ENOENT),
        ("/proc/none", O_WRONLY | O_CREAT, errno.ENOENT),
        ("/" + "n" * 64, O_WRONLY | O_CREAT, errno.ENAMETOOLONG),
        ("/" + "n" * 255, 0, errno.ENAMETOOLONG),
    ],
)
def test_open_fails_and_costs_nothing(guest: Guest, path: str, flags: int, code: int) -> None:
    free = guest.machine.free_pages
    assert open_file(guest, path, flags) == -code
    assert guest.machine.free_pages == free
    assert open_file(guest, "/init") == 3, "the descriptor was not given back"


def test_name_of_63_bytes_is_the_longest(guest: Guest) -> None:
    assert open_file(guest, "/" + "n" * 63, O_WRONLY | O_CREAT) == 3


def test_descriptors_run_out_and_come_back(guest: Guest) -> None:
    free = guest.machine.free_pages
    opened = [open_file(guest, "/init") for _ in range(NR_OPEN - 3)]
    assert opened == list(range(3, NR_OPEN))
    assert open_file(guest, "/init") == -errno.EMFILE
    assert [guest.errno("sys_close", fd) for fd in opened] == [0] * len(opened)
    assert guest.errno("sys_close", 3) == -errno.EBADF
    assert open_file(guest, "/init") == 3
    assert guest.errno("sys_close", 3) == 0
    assert guest.machine.free_pages == free


@pytest.mark.parametrize("fd", [3, NR_OPEN, 1000, 0x7FFFFFFF, -1])
@pytest.mark.parametrize("call", ["sys_read", "sys_write", "sys_close", "sys_lseek", "sys_getdents"])
def test_descriptor_that_is_not_open(guest: Guest, call: str, fd: int) -> None:
    assert guest.errno(call, fd, USER_STACK, 1) == -errno.EBADF


BAD_POINTERS = [0, KERNEL_TEXT, 0x00800000, 0x00400000, 0xFFFFFFFF, 0x007FFFFF + 0x100000]


@pytest.mark.parametrize("pointer", BAD_POINTERS)
def test_bad_user_pointer_is_efault_everywhere(guest: Guest, pointer: int) -> None:
    fd = open_file(guest, "/etc/rc")
    directory = open_file(guest, "/")
    free = guest.machine.free_pages
    code = -errno.EFAULT
    assert guest.errno("sys_open", pointer, 0, 0) == code
    assert guest.errno("sys_stat", pointer, USER_STACK) == code
    assert guest.errno("sys_unlink", pointer) == code
    assert guest.errno("sys_stat", guest.user_text("/init"), pointer) == code
    assert guest.errno("sys_read", fd, pointer, 4) == code
    assert guest.errno("sys_read", fd, pointer, 4096) == code
    assert guest.errno("sys_write", 1, pointer, 4) == code
    assert guest.errno("sys_write", 1, pointer, 4096) == code
    assert guest.errno("sys_getdents", directory, pointer, 100) == code
    assert guest.errno("sys_nanosleep", pointer, 0) == code
    assert guest.errno("sys_uname", pointer) == code
    assert guest.errno("sys_syslog", 3, pointer, 100) in (code, -errno.EINVAL)
    assert guest.machine.free_pages == free


def test_path_without_an_end_is_too_long_or_a_fault(guest: Guest) -> None:
    guest.machine.write(USER_STACK, b"x" * 4096)
    assert guest.errno("sys_open", USER_STACK, 0, 0) == -errno.ENAMETOOLONG
    assert guest.errno("sys_open", USER_STACK + 4096 - 10, 0, 0) == -errno.EFAULT


def test_read_that_faults_does_not_trigger_the_deferred_initcalls(guest: Guest) -> None:
    fd = open_file(guest, "/proc/deferred_initcalls")
    assert guest.errno("sys_read", fd, KERNEL_TEXT, 10) == -errno.EFAULT
    assert "Running do_deferred_initcalls" not in guest.machine.dmesg


def test_write_read_seek(guest: Guest) -> None:
    fd = open_file(guest, "/f", O_RDWR | O_CREAT)
    guest.machine.write(USER_STACK, bytes(range(256)) * 8)
    assert guest.errno("sys_write", fd, USER_STACK, 2048) == 2048
    assert guest.errno("sys_lseek", fd, 5000, 0) == 5000
    assert guest.errno("sys_write", fd, USER_STACK, 10) == 10
    assert guest.errno("sys_lseek", fd, 0, 2) == 5010
    assert guest.errno("sys_lseek", fd, -20, 1) == 4990
    assert guest.errno("sys_read", fd, USER_STACK, 100) == 20
    assert guest.machine.read(USER_STACK, 20) == bytes(10) + bytes(range(10)), "a hole reads as zeros"
    assert guest.errno("sys_read", fd, USER_STACK, 100) == 0
    assert guest.errno("sys_lseek", fd, -6000, 2) == -errno.EINVAL
    assert guest.errno("sys_lseek", fd, 0x7FFFFFFF, 1) == -errno.EINVAL
    assert guest.errno("sys_lseek", fd, 0, 3) == -errno.EINVAL
    assert guest.errno("sys_lseek", 0, 0, 1) == -errno.ESPIPE


def test_access_mode_is_kept(guest: Guest) -> None:
    reader = open_file(guest, "/etc/rc")
    writer = open_file(guest, "/etc/rc", O_WRONLY)
    assert guest.errno("sys_write", reader, USER_STACK, 1) == -errno.EBADF
    assert guest.errno("sys_read", writer, USER_STACK, 1) == -errno.EBADF


def test_file_has_a_largest_size(guest: Guest) -> None:
    fd = open_file(guest, "/f", O_RDWR | O_CREAT)
    end = 4 << 20
    assert guest.errno("sys_lseek", fd, end - 5, 0) == end - 5
    assert guest.errno("sys_write", fd, USER_STACK, 10) == 5
    assert guest.errno("sys_write", fd, USER_STACK, 10) == -errno.EFBIG


def test_deleting_gives_every_page_back(guest: Guest) -> None:
    free = guest.machine.free_pages
    fd = open_file(guest, "/f", O_RDWR | O_CREAT)
    for _ in range(20):
        assert guest.errno("sys_write", fd, USER_STACK, 4096) == 4096
    assert guest.errno("sys_unlink", guest.user_text("/f")) == -errno.EBUSY
    assert guest.errno("sys_close", fd) == 0
    assert guest.machine.free_pages == free - 21
    assert guest.errno("sys_unlink", guest.user_text("/f")) == 0
    assert guest.errno("sys_unlink", guest.user_text("/f")) == -errno.ENOENT
    assert guest.machine.free_pages == free


def test_truncating_gives_every_page_back(guest: Guest) -> None:
    free = guest.machine.free_pages
    fd = open_file(guest, "/etc/rc", O_WRONLY | O_APPEND)
    assert guest.errno("sys_write", fd, USER_STACK, 4096) == 4096
    assert guest.machine.free_pages == free - 1
    guest.errno("sys_close", fd)
    guest.errno("sys_close", open_file(guest, "/etc/rc", O_WRONLY | O_TRUNC))
    assert guest.machine.free_pages == free + 2
    assert guest.errno("sys_stat", guest.user_text("/etc/rc"), USER_STACK + 1024) == 0
    assert guest.machine.read_word(USER_STACK + 1024 + 20) == 0


def test_no_memory_is_an_error_and_nothing_is_lost(guest: Guest) -> None:
    fd = open_file(guest, "/f", O_RDWR | O_CREAT)
    guest.errno("sys_write", fd, USER_STACK, 1)
    for order in range(10, -1, -1):
        while guest.call("alloc_pages", order):
            pass
    assert guest.machine.free_pages == 0
    guest.errno("sys_lseek", fd, 8192, 0)
    assert guest.errno("sys_write", fd, USER_STACK, 100) == -errno.ENOSPC
    assert guest.errno("sys_write", fd, USER_STACK, 4096) == -errno.ENOMEM


def test_getdents_in_small_pieces_sees_every_entry_once(guest: Guest) -> None:
    fd = open_file(guest, "/proc", O_DIRECTORY)
    names = []
    while (size := guest.errno("sys_getdents", fd, USER_STACK + 512, 40)) > 0:
        record = guest.machine.read(USER_STACK + 512, size)
        while record:
            length = int.from_bytes(record[8:10], "little")
            assert length % 4 == 0 and record[length - 1] == 8
            names.append(record[10:length].split(b"\0")[0].decode())
            record = record[length:]
    assert size == 0
    assert len(names) == len(set(names))
    assert names == [line.split()[-1] for line in guest.machine.shell("ls /proc").splitlines()]


def test_getdents_needs_room_and_a_directory(guest: Guest) -> None:
    fd = open_file(guest, "/", O_DIRECTORY)
    assert guest.errno("sys_getdents", fd, USER_STACK, 8) == -errno.EINVAL
    assert guest.errno("sys_getdents", open_file(guest, "/init"), USER_STACK, 100) == -errno.ENOTDIR
    assert guest.errno("sys_read", fd, USER_STACK, 10) == -errno.EISDIR


def test_every_system_call_number_has_a_function(guest: Guest) -> None:
    table, count = guest.machine.symbol("sys_call_table"), guest.machine.symbol("NR_syscalls")
    nothing = guest.machine.symbol("sys_ni_syscall")
    entries = {number: guest.machine.read_word(table + 4 * number) for number in range(count)}
    known = {number for number, function in entries.items() if function != nothing}
    modules = {128, 129, 379}
    assert known | modules == {1, 3, 4, 5, 6, 10, 19, 20, 23, 24, 88, 103, 106, 122, 141, 162, 248} | modules
    assert entries[88] == guest.machine.symbol("sys_reboot")
    assert guest.errno("sys_ni_syscall") == -errno.ENOSYS


@pytest.mark.parametrize(("seconds", "nanoseconds"), [(-1, 0), (0, 1_000_000_000), (0, -1), (0x80000000, 5)])
def test_nanosleep_refuses_impossible_times(guest: Guest, seconds: int, nanoseconds: int) -> None:
    words = [(word & 0xFFFFFFFF).to_bytes(4, "little") for word in (seconds, nanoseconds)]
    guest.machine.write(USER_STACK, b"".join(words))
    assert guest.errno("sys_nanosleep", USER_STACK, 0) == -errno.EINVAL


@pytest.mark.parametrize(
    "arguments",
    [(0, 0, 0x4321FEDC), (0xFEE1DEAD, 1, 0x4321FEDC), (0xFEE1DEAD, 672274793, 0x12345678), (0xFEE1DEAD, 0, 0)],
)
def test_reboot_wants_its_magic(guest: Guest, arguments: tuple[int, int, int]) -> None:
    assert guest.errno("sys_reboot", *arguments) == -errno.EINVAL


def test_syslog(guest: Guest) -> None:
    assert guest.errno("sys_syslog", 10, 0, 0) == 32768
    assert guest.errno("sys_syslog", 99, USER_STACK, 10) == -errno.EINVAL
    log = guest.machine.dmesg.encode().splitlines()[-1]
    assert guest.errno("sys_syslog", 3, USER_STACK, 100) == 100
    assert guest.machine.read(USER_STACK, 100).endswith(b"\n<6>" + log + b"\n")
    assert guest.errno("sys_syslog", 3, USER_STACK, 0) == 0


def test_devices_register_once_and_slots_come_back(guest: Guest) -> None:
    fops = guest.put(bytes(24))
    name = guest.text("new")
    assert guest.errno("register_chrdev", name, fops, 0) == 0
    assert guest.errno("register_chrdev", name, fops, 0) == -errno.EBUSY
    assert guest.errno("unregister_chrdev", name) == 0
    assert guest.errno("unregister_chrdev", name) == -errno.ENOENT
    results = [guest.errno("register_chrdev", guest.text(f"n{number}"), fops, 0) for number in range(17)]
    assert results[-1] == -errno.ENOMEM and set(results[:5]) == {0}


def test_file_systems_and_mounts_are_unique(guest: Guest) -> None:
    name = guest.text("newfs")
    fs = guest.put(name.to_bytes(4, "little") + bytes(24))
    assert guest.errno("register_filesystem", fs) == 0
    assert guest.errno("register_filesystem", fs) == -errno.EBUSY
    results = [guest.errno("vfs_mount", guest.text(f"/m{number}"), fs) for number in range(8)]
    assert results[0] == 0 and results[-1] == -errno.ENOMEM
    assert guest.errno("vfs_mount", guest.text("/m0"), fs) == -errno.EBUSY
    assert open_file(guest, "/m0/x") == -errno.ENOENT
    assert open_file(guest, "/m00/x") == -errno.ENOENT


def test_uname_names_the_machine(guest: Guest) -> None:
    assert guest.errno("sys_uname", USER_STACK) == 0
    fields = [guest.machine.read(USER_STACK + 65 * number, 65).rstrip(b"\0") for number in range(6)]
    assert fields[0] == b"minikernel" and fields[4] == b"armv7l"
