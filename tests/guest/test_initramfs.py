"""cpio archives: what unpacks, and that no broken one does harm."""

from __future__ import annotations

import random

import pytest
from guest_call import QUIET_RC, Guest, quiet_guest
from newc import S_IFDIR, S_IFLNK, S_IFREG, archive, member

from minikernel.kernel.machine import KernelMachine
from minikernel.power_on import load_image
from minikernel.toolchain.config import BuildConfig


def unpack(guest: Guest, data: bytes) -> str:
    """What unpack_to_rootfs complains about, "" for nothing."""
    start = guest.put(data)
    message = guest.call("unpack_to_rootfs", start, start + len(data))
    return guest.machine.read_cstring(message) if message else ""


@pytest.fixture
def guest() -> Guest:
    return quiet_guest()


def test_files_directories_and_contents(guest: Guest) -> None:
    data = bytes(range(1, 128)) * 100
    assert unpack(guest, archive(member("d", mode=S_IFDIR | 0o700), member("d/f", data, S_IFREG | 0o755))) == ""
    assert guest.machine.shell("ls /d") == f"-rwxr-xr-x{len(data):>9} f\n"
    assert guest.machine.shell("ls /").splitlines()[-1] == "drwx------        0 d"


def test_later_file_replaces_an_earlier_one(guest: Guest) -> None:
    free = guest.machine.free_pages
    assert unpack(guest, archive(member("etc", mode=S_IFDIR | 0o755), member("etc/rc", b"long " * 2000))) == ""
    assert unpack(guest, archive(member("etc/rc", b"echo short\n"))) == ""
    assert guest.machine.shell("cat /etc/rc") == "echo short\n"
    assert guest.machine.free_pages == free


def test_several_archives_with_zeros_between(guest: Guest) -> None:
    data = archive(member("a", b"1\n")) + bytes(512) + archive(member("b", b"2\n")) + bytes(1000)
    assert unpack(guest, data) == ""
    assert guest.machine.shell("cat /a /b") == "1\n2\n"


def test_empty_archives(guest: Guest) -> None:
    assert unpack(guest, b"") == ""
    assert unpack(guest, bytes(100)) == ""
    assert unpack(guest, archive()) == ""
    assert unpack(guest, archive(member(".", mode=S_IFDIR | 0o755))) == ""


def test_members_that_cannot_be_are_left_out_aloud(guest: Guest) -> None:
    members = [
        member("no/dir/f", b"x"),
        member("link", b"a", S_IFLNK | 0o777),
        member("init/x", b"x"),
        member("etc", b"x"),
        member("../up", b"up\n"),
        member("ok", b"ok\n"),
    ]
    assert unpack(guest, archive(*members)) == ""
    said = [line.partition("initramfs: ")[2] for line in guest.machine.dmesg.splitlines() if "left out" in line]
    assert said == [
        "no/dir/f: error -2, left out",
        "/link: neither file nor directory, left out",
        "init/x: error -20, left out",
        "etc: error -21, left out",
    ]
    assert guest.machine.shell("cat /ok /up") == "ok\nup\n"


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"070702" + member("a")[6:], "no cpio magic"),
        (b"\x1f\x8b" + bytes(200), "no cpio magic"),
        (b"0707", "unexpected end of the archive"),
        (member("a", b"x"), "no TRAILER!!! at the end"),
        (member("a", b"x", filesize=0x7FFFFFFF), "unexpected end of the archive"),
        (member("a", b"x", filesize=0xFFFFFFFF), "unexpected end of the archive"),
        (member("a", b"x", filesize=5), "unexpected end of the archive"),
        (member("a", b"x", namesize=0), "a name is empty, too long or not ended"),
        (member("a", b"x", namesize=1), "a name is empty, too long or not ended"),
        (member("a", b"x", namesize=0xFFFFFFFF), "a name is empty, too long or not ended"),
        (member("a", b"x", namesize=257) + bytes(300), "a name is empty, too long or not ended"),
        (member("a", b"x", namesize=256), "unexpected end of the archive"),
        (member("a", b"x").replace(b"000081A4", b"000081G4"), "a header field is not hexadecimal"),
        (archive(member("a", b"x")) + b"junk" * 30, "no cpio magic"),
    ],
)
def test_broken_archive_is_named(guest: Guest, data: bytes, message: str) -> None:
    assert unpack(guest, data) == message


def test_archive_cut_anywhere_is_refused_or_whole(guest: Guest) -> None:
    data = archive(member("d", mode=S_IFDIR | 0o755), member("d/file", b"0123456789"))
    whole = len(data) - len(data) % 4
    for size in range(1, len(data) - 4):
        guest.release()
        assert unpack(guest, data[:size]) != "", size
    guest.release()
    assert unpack(guest, data[:whole]) == ""


def test_damaged_archives_do_no_harm(guest: Guest) -> None:
    source = random.Random(1)
    data = archive(member("d", mode=S_IFDIR | 0o755), member("d/file", b"0123456789" * 30), member("g", b"ab"))
    for _ in range(300):
        damaged = bytearray(data)
        for _ in range(source.randint(1, 4)):
            damaged[source.randrange(len(damaged))] = source.choice(b"0f8A\0\xff/.")
        guest.release()
        unpack(guest, bytes(damaged))
    assert "Oops" not in guest.machine.dmesg and "panic" not in guest.machine.dmesg
    assert guest.machine.shell("echo alive") == "alive\n"


def boot_with_initrd(data: bytes) -> KernelMachine:
    machine = KernelMachine(load_image({}), cmdline=BuildConfig.load().cmdline, initrd=data)
    machine.run(until="shell", max_instructions=100_000_000)
    return machine


def test_boot_loaders_archive_comes_over_ours_and_its_memory_is_freed() -> None:
    size = 3 * 4096
    data = archive(member("etc/rc", QUIET_RC), member("new", b"x" * 5000)).ljust(size, b"\0")
    machine = boot_with_initrd(data)
    assert "Unpacking initramfs...\n" in machine.dmesg
    assert machine.shell("cat /etc/rc") == QUIET_RC.decode()
    (freed,) = [free for free in machine.frees if free.what == "initrd"]
    assert (freed.size, freed.pages) == (size, 3)


def test_broken_archive_of_the_boot_loader_does_not_stop_the_boot() -> None:
    machine = boot_with_initrd(member("etc/rc", QUIET_RC) + b"070701broken".ljust(5000, b"."))
    assert "Initramfs unpacking failed: a header field is not hexadecimal\n" in machine.dmesg
    assert machine.shell("cat /etc/rc") == QUIET_RC.decode()
    assert [free.what for free in machine.frees] == ["initrd"]
