"""The program loader: what it refuses, and that a refusal costs nothing."""

from __future__ import annotations

import errno
import struct
from functools import cache

import pytest
from guest_call import QUIET_RC, Guest, machine_at_shell, quiet_guest
from newc import archive, member

from minikernel.elf.image import Image
from minikernel.kernel.machine import KernelMachine
from minikernel.power_on import load_image
from minikernel.toolchain.build import build
from minikernel.toolchain.config import BuildConfig

EHDR_SIZE, PHDR_SIZE = 52, 32
E_TYPE, E_MACHINE, E_ENTRY, E_PHOFF, E_PHENTSIZE, E_PHNUM = 16, 18, 24, 28, 42, 44
P_TYPE, P_OFFSET, P_VADDR, P_FILESZ, P_MEMSZ, P_FLAGS = (EHDR_SIZE + field for field in (0, 4, 8, 16, 20, 24))
TEXT = 0x10000
FREE_AREA = 0x400000  # nothing of the running program is there


@cache
def init_program() -> bytes:
    return build(BuildConfig.load()).files["init"]


def program(*changes: tuple[str, int, int], segments: tuple[tuple[int, int, int], ...] = ()) -> bytes:
    """A small program at FREE_AREA, with `changes` (struct format, offset, value); `segments`: (type, vaddr, memsz)."""
    segments = segments or ((1, FREE_AREA, 0x1000),)
    offset = EHDR_SIZE + PHDR_SIZE * len(segments)
    ident = b"\x7fELF\x01\x01\x01".ljust(16, b"\0")
    fields = (2, 40, 1, FREE_AREA, EHDR_SIZE, 0, 0x5000000, EHDR_SIZE, PHDR_SIZE, len(segments), 40, 0, 0)
    header = ident + struct.pack("<HHIIIIIHHHHHH", *fields)
    headers = [struct.pack("<8I", kind, offset, at, at, 8, size, 5, 0x1000) for kind, at, size in segments]
    data = bytearray(header + b"".join(headers) + struct.pack("<II", 0xEAFFFFFE, 0))
    for form, at, value in changes:
        struct.pack_into("<" + form, data, at, value)
    return bytes(data)


@pytest.fixture
def guest() -> Guest:
    return quiet_guest()


def execute(guest: Guest, data: bytes) -> int:
    """What kernel_execve says to a file with these bytes."""
    files = archive(member("program", data))
    start = guest.put(files)
    assert guest.call("unpack_to_rootfs", start, start + len(files)) == 0
    free = guest.machine.free_pages
    result = guest.errno("kernel_execve", guest.text("/program"))
    assert guest.machine.free_pages == free, "pages were lost"
    return result


REFUSED = {
    "empty file": b"",
    "one byte short of a header": program()[: EHDR_SIZE - 1],
    "program headers cut": program()[: EHDR_SIZE + PHDR_SIZE - 1],
    "data cut": program()[:-1],
    "a script": b"#!/bin/sh\n".ljust(200),
    "magic": program(("B", 0, 0x7E)),
    "64 bit": program(("B", 4, 2)),
    "big-endian": program(("B", 5, 2)),
    "version": program(("B", 6, 2)),
    "relocatable": program(("H", E_TYPE, 1)),
    "shared": program(("H", E_TYPE, 3)),
    "another processor": program(("H", E_MACHINE, 62)),
    "header size": program(("H", E_PHENTSIZE, 40)),
    "no program headers": program(("H", E_PHNUM, 0)),
    "too many program headers": program(("H", E_PHNUM, 9)),
    "65535 program headers": program(("H", E_PHNUM, 65535)),
    "headers behind the file": program(("I", E_PHOFF, 0x10000)),
    "headers at the end of everything": program(("I", E_PHOFF, 0xFFFFFFF0)),
    "wants an interpreter": program(("I", P_TYPE, 3)),
    "dynamic": program(("I", P_TYPE, 2)),
    "nothing to load": program(("I", P_TYPE, 4)),
    "offset behind the file": program(("I", P_OFFSET, 0x1000)),
    "offset and size wrap": program(("I", P_OFFSET, 0xFFFFFFFC)),
    "larger in the file than in memory": program(("I", P_MEMSZ, 4)),
    "address and size wrap": program(("I", P_MEMSZ, 0xFFFFFFF0)),
    "below user space": program(("I", P_VADDR, 0xF000)),
    "page zero": program(("I", P_VADDR, 0)),
    "kernel space": program(("I", P_VADDR, 0xC0008000)),
    "into the stack": program(("I", P_VADDR, 0x7FB001), ("I", E_ENTRY, 0x7FB001)),
    "over everything": program(("I", P_MEMSZ, 0x3FD000)),
    "entry outside": program(("I", E_ENTRY, FREE_AREA + 8)),
    "entry in no segment": program(("I", E_ENTRY, 0)),
    "entry is Thumb": program(("I", E_ENTRY, FREE_AREA + 1)),
    "entry is not aligned": program(("I", E_ENTRY, FREE_AREA + 2)),
    "entry is data": program(("I", P_FLAGS, 6)),
    "segments in one page": program(segments=((1, FREE_AREA, 0x1000), (1, FREE_AREA + 0x800, 0x100))),
    "segments overlap": program(segments=((1, FREE_AREA, 0x2001), (1, FREE_AREA + 0x2000, 0x100))),
    "segments descend": program(segments=((1, FREE_AREA, 0x1000), (1, FREE_AREA - 0x1000, 0x100))),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused_before_anything_is_mapped(guest: Guest, name: str) -> None:
    assert execute(guest, REFUSED[name]) == -errno.ENOEXEC
    assert guest.machine.shell("echo the running program is whole") == "the running program is whole\n"


@pytest.mark.parametrize(
    ("path", "code"),
    [("/none", errno.ENOENT), ("/dev/null", errno.ENOEXEC), ("/etc", errno.ENOEXEC), ("/dev/console", errno.ENOEXEC)],
)
def test_what_is_no_program_file(guest: Guest, path: str, code: int) -> None:
    assert guest.errno("kernel_execve", guest.text(path)) == -code
    assert guest.machine.shell("echo here") == "here\n"


def boot_with_init(data: bytes) -> KernelMachine:
    cmdline = BuildConfig.load().cmdline
    machine = KernelMachine(load_image({}), cmdline=cmdline, initrd=archive(member("init", data, 0o100755)))
    machine.run(until="console_wait", max_instructions=2_000_000)
    return machine


def test_first_program_refused_ends_the_boot_with_its_reason() -> None:
    machine = boot_with_init(b"no program")
    assert "Failed to execute /init (error -8)\n" in machine.dmesg
    assert "Kernel panic - not syncing: No working init found." in machine.dmesg


def test_first_program_that_ends_is_a_panic_with_its_status() -> None:
    exit_with_7 = struct.pack("<3I", 0xE3A00007, 0xE3A07001, 0xEF000000)  # mov r0, #7; mov r7, #1; svc #0
    data = bytearray(program(("I", P_FILESZ, 12)))
    data[-8:] = exit_with_7
    assert "Attempted to kill init! exitcode=0x00000700\n" in boot_with_init(bytes(data)).dmesg


def test_program_sees_argv_zeroed_memory_and_an_aligned_stack() -> None:
    machine = KernelMachine(load_image({}), cmdline=BuildConfig.load().cmdline)
    machine.run(until=machine.image.symbol("enter_user_mode").value, max_instructions=5_000_000)
    pc, sp = machine.cpu.r(0), machine.cpu.r(1)
    assert pc == struct.unpack_from("<I", init_program(), E_ENTRY)[0]
    assert sp % 8 == 0
    argc, argv0, *rest = struct.unpack("<6I", machine.read(sp, 24))
    assert (argc, machine.read_cstring(argv0), rest) == (1, "/init", [0, 0, 0, 0])


def test_pages_have_the_permissions_of_their_segment() -> None:
    machine = machine_at_shell(QUIET_RC)
    constants = Image.from_bytes(init_program(), "init").section(".rodata").addr
    cases = [("code", TEXT, True), ("constants", constants, True), ("stack", 0x7FF000, False)]
    table = machine.symbol("user_ptes")
    for name, addr, is_read_only in cases:
        entry = machine.read_word(table + 4 * (addr >> 12))
        assert bool(entry & 1 << 9) is is_read_only, name
        assert bool(entry & 1) is (name != "code"), f"{name}: execute never"


def test_init_option_names_another_program() -> None:
    machine = KernelMachine(load_image({}), cmdline=BuildConfig.load().cmdline + " init=/etc/rc")
    machine.run(until="console_wait", max_instructions=2_000_000)
    assert "Run /etc/rc as init process\n" in machine.dmesg
    assert "Failed to execute /etc/rc (error -8)\n" in machine.dmesg
