"""The guest's shell: words, redirections, commands and what they say when something is wrong."""

from __future__ import annotations

import struct

import pytest
from guest_call import QUIET_RC, machine_at_shell

from minikernel.board.scene import default_scene
from minikernel.kernel.machine import KernelMachine
from minikernel.machine.inputs import ConsoleInput
from minikernel.machine.stop import StopKind

FLASHFS_HEADER = struct.Struct("<4I32s")  # of one record: magic, state, bytes, reserved, name


@pytest.fixture
def machine() -> KernelMachine:
    return machine_at_shell(QUIET_RC)


@pytest.mark.parametrize(
    ("line", "printed"),
    [
        ("", ""),
        ("   \t ", ""),
        ("# a comment", ""),
        ("echo", "\n"),
        ("echo a b", "a b\n"),
        ("  echo   a    b  ", "a b\n"),
        ("echo a # b", "a\n"),
        ("echo a#b", "a#b\n"),
        ("echo 'a   b' \"c   d\"", "a   b c   d\n"),
        ("echo '# no comment' \"> no file\"", "# no comment > no file\n"),
        ('echo "it\'s" \'say "x"\'', 'it\'s say "x"\n'),
        (r"echo a\ b \# \\ '\'", "a b # \\ \\\n"),
        ("echo '' x", " x\n"),
        ("'echo' quoted", "quoted\n"),
        ("nosuch a", "sh: nosuch: not found\n"),
        ('echo "abc', "sh: unterminated quote\n"),
        ("echo a >", "sh: no file behind >\n"),
        ("echo a > # b", "sh: no file behind >\n"),
        ("echo a > b > c", "sh: more than one redirection\n"),
        ("echo " + "x " * 15, "x " * 14 + "x\n"),
        ("echo " + "x " * 16, "sh: too many words in one line\n"),
        ("echo a > /no/dir", "sh: /no/dir: No such file or directory\n"),
        ("echo a > /etc", "sh: /etc: Is a directory\n"),
        ("echo a > /etc/rc/x", "sh: /etc/rc/x: Not a directory\n"),
        (
            "cat /nothing /etc/none",
            "cat: /nothing: No such file or directory\ncat: /etc/none: No such file or directory\n",
        ),
        ("cat /", "cat: /: Is a directory\n"),
        ("cat /dev/null", ""),
        ("ls /nothing", "ls: /nothing: No such file or directory\n"),
        ("ls /dev/null", "crw-rw-rw-        0 /dev/null\n"),
        ("rm /nothing", "rm: /nothing: No such file or directory\n"),
        ("rm /proc/version", "rm: /proc/version: Operation not permitted\n"),
        ("rm /etc /flash", "rm: /etc: Is a directory\nrm: /flash: Is a directory\n"),
        ("sleep", "sleep: Invalid argument\n"),
        ("sleep x", "sleep: x: Invalid argument\n"),
        ("sleep 1.5x", "sleep: 1.5x: Invalid argument\n"),
        ("sleep 99999999999", "sleep: 99999999999: Invalid argument\n"),
    ],
)
def test_line_prints(machine: KernelMachine, line: str, printed: str) -> None:
    assert machine.shell(line) == printed


def test_redirection_writes_and_appends(machine: KernelMachine) -> None:
    assert machine.shell("echo one > /a") == ""
    assert machine.shell("echo two >>/a") == ""
    assert machine.shell("cat /a") == "one\ntwo\n"
    assert machine.shell("echo three >/a") == ""
    assert machine.shell("cat /a /a") == "three\nthree\n"
    assert machine.shell("> /a") == ""
    assert machine.shell("ls /a") == "-rw-r--r--        0 /a\n"
    assert machine.shell("rm /a") == ""
    assert machine.shell("cat /a") == "cat: /a: No such file or directory\n"


def test_command_after_a_redirected_one_prints_to_the_console(machine: KernelMachine) -> None:
    machine.shell("cat /nothing > /a")
    assert machine.shell("echo here") == "here\n"
    machine.shell("echo x > /no/dir")
    assert machine.shell("echo here") == "here\n"


def test_ls_shows_type_permissions_size_and_name(machine: KernelMachine) -> None:
    lines = machine.shell("ls").splitlines()
    assert {line.split()[-1] for line in lines} == {"dev", "etc", "flash", "init", "lib", "proc", "sys", "tmp"}
    assert all(line.startswith("drwxr-xr-x        0 ") for line in lines if not line.endswith("init"))
    assert machine.shell("ls /etc/") == f"-rw-r--r--{len(QUIET_RC):>9} rc\n"


def test_line_that_does_not_fit_is_refused_and_the_next_one_works() -> None:
    machine = machine_at_shell(b"echo " + b"x" * 250 + b"\necho " + b"y" * 251 + b"\necho z\n")
    console = b"".join(machine.console.since(0)).decode().replace("\r", "")
    assert console.endswith("x" * 250 + "\nsh: line too long\nz\n# ")


def test_help_names_every_command(machine: KernelMachine) -> None:
    names = [line.split()[0] for line in machine.shell("help").splitlines()]
    assert names == sorted(names)
    assert {"cat", "dmesg", "echo", "help", "ls", "poweroff", "reboot", "rm", "sleep", "snap"} <= set(names)


def test_sleep_takes_as_long_as_it_says(machine: KernelMachine) -> None:
    before = machine.time_ns
    assert machine.shell("sleep 0.25") == ""
    assert 250_000_000 <= machine.time_ns - before < 300_000_000


def test_dmesg_is_the_log_without_levels(machine: KernelMachine) -> None:
    printed = machine.shell("dmesg")
    assert printed == machine.dmesg
    assert "calling  populate_rootfs+0x0/" in printed


def test_snap_takes_the_next_free_number_or_a_name(machine: KernelMachine) -> None:
    size = len(default_scene())
    assert machine.shell("snap") == f"snap: /flash/pic0001.ppm, {size} bytes\n"
    assert machine.shell("snap") == f"snap: /flash/pic0002.ppm, {size} bytes\n"
    assert machine.shell("snap me.ppm") == f"snap: /flash/me.ppm, {size} bytes\n"
    machine.shell("rm /flash/pic0001.ppm")
    assert machine.shell("snap") == f"snap: /flash/pic0001.ppm, {size} bytes\n"
    names = [line.split()[-1] for line in machine.shell("ls /flash").splitlines()]
    assert sorted(names) == ["me.ppm", "pic0001.ppm", "pic0002.ppm"]


def nearly_full_flash(room: int) -> bytes:
    """A flash whose log is one file of everything but the last `room` bytes."""
    size = (1 << 20) - room - FLASHFS_HEADER.size
    header = FLASHFS_HEADER.pack(0x53465346, 0x0000FFFF, size, 0xFFFFFFFF, b"big")
    return header + bytes(size) + b"\xff" * room


def test_snap_on_a_full_flash_says_so_and_keeps_the_older_picture() -> None:
    picture = len(default_scene())
    machine = machine_at_shell(QUIET_RC, flash=nearly_full_flash(picture + 2000))
    assert machine.shell("snap keep.ppm") == f"snap: /flash/keep.ppm, {picture} bytes\n"
    assert machine.shell("snap keep.ppm").endswith("snap: /flash/keep.ppm: No space left on device\n")
    assert f"{picture} keep.ppm" in machine.shell("ls /flash")
    assert machine.shell("echo still here") == "still here\n"


@pytest.mark.parametrize(("command", "kind"), [("poweroff", StopKind.POWER_OFF), ("reboot", StopKind.RESET)])
def test_leaving(machine: KernelMachine, command: str, kind: StopKind) -> None:
    machine.inputs.push(ConsoleInput(command.encode() + b"\n"))
    assert machine.run(max_instructions=1_000_000).kind is kind
    assert "init memory never freed: " in machine.dmesg


def test_script_goes_on_after_errors_and_needs_no_last_newline() -> None:
    machine = machine_at_shell(b"nosuch\ncat /none\n\n   # c\necho one > /made\necho two >> /made")
    assert machine.shell("cat /made") == "one\ntwo\n"
