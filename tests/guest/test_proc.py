"""/proc: Linux's formats, partial reads, and the trigger of the deferred initcalls in its three profiles."""

from __future__ import annotations

import errno
import re
from itertools import pairwise

import pytest
from guest_call import QUIET_RC, Guest, machine_at_shell, quiet_guest

from minikernel.kernel.machine import KernelMachine
from minikernel.machine.inputs import ConsoleInput, ProcRequest

RUNNING = "Running do_deferred_initcalls()\n"
ALREADY = "do_deferred_initcalls() has already run\n"
DEFERRED = ("ehci_hcd_init", "uhci_hcd_init", "usb_storage_init")


def at_shell(profile: str = "") -> KernelMachine:
    return machine_at_shell(QUIET_RC, f"deferred_trigger={profile}" if profile else "")


def runs(machine: KernelMachine) -> int:
    """How often the deferred initcalls were started, by the kernel's own log."""
    return machine.dmesg.count(RUNNING)


def test_entries_and_their_permissions() -> None:
    lines = at_shell().shell("ls /proc").splitlines()
    listed = {line.split()[-1]: line.split()[0] for line in lines}
    assert {"filesystems", "cmdline", "execdomains", "deferred_initcalls", "meminfo", "iomem"} <= set(listed)
    assert {"interrupts", "kallsyms", "uptime", "version"} <= set(listed)
    assert set(listed.values()) == {"-r--r--r--"}


@pytest.mark.parametrize(("profile", "mode"), [("2008", "-r--r--r--"), ("both", "-r--r--r--"), ("wiki", "-rw-r--r--")])
def test_mode_of_deferred_initcalls(profile: str, mode: str) -> None:
    assert at_shell(profile).shell("ls /proc/deferred_initcalls").startswith(mode)


@pytest.mark.parametrize("profile", ["2008", "both"])
def test_first_read_gives_0_and_runs_them_later_reads_give_1(profile: str) -> None:
    machine = at_shell(profile)
    assert runs(machine) == 0
    assert machine.shell("cat /proc/deferred_initcalls").endswith("\n0\n")
    assert runs(machine) == 1
    for name in DEFERRED:
        assert machine.dmesg.count(f"calling  {name}+") == 1
    assert machine.shell("cat /proc/deferred_initcalls") == "1\n"
    assert machine.proc.read("deferred_initcalls") == "1\n"
    assert runs(machine) == 1
    assert ALREADY not in machine.dmesg


def test_wiki_read_only_reports() -> None:
    machine = at_shell("wiki")
    assert machine.shell("cat /proc/deferred_initcalls") == "0\n"
    assert runs(machine) == 0
    machine.shell("echo 1 > /proc/deferred_initcalls")
    assert runs(machine) == 1
    assert machine.proc.read("deferred_initcalls") == "1\n"


def test_2008_write_is_an_input_output_error_and_runs_nothing() -> None:
    machine = at_shell("2008")
    assert machine.shell("echo 1 > /proc/deferred_initcalls") == "echo: write error: Input/output error\n"
    with pytest.raises(OSError) as error:
        machine.proc.write("deferred_initcalls", "1")
    assert error.value.errno == errno.EIO
    assert runs(machine) == 0


@pytest.mark.parametrize("profile", ["wiki", "both"])
@pytest.mark.parametrize("text", ["1", "1\n"])
def test_write_of_1_runs_them_and_a_second_one_is_guarded(profile: str, text: str) -> None:
    machine = at_shell(profile)
    assert machine.proc.write("deferred_initcalls", text) == len(text)
    assert runs(machine) == 1
    freed = machine.frees[-1]
    assert (freed.start, freed.end) == (machine.symbol("__init_begin"), machine.symbol("__init_end"))
    free = machine.free_pages

    assert machine.proc.write("deferred_initcalls", text) == len(text)
    assert machine.shell("echo 1 > /proc/deferred_initcalls").count(ALREADY) == 1
    assert runs(machine) == 1
    assert machine.dmesg.count(ALREADY) == 2
    assert machine.frees[-1] == freed and machine.free_pages == free


@pytest.mark.parametrize("text", ["0", "2", "11", "1 ", " 1", "1\n\n", "\n", "uhci_hcd", "1\0"])
def test_write_of_anything_else_is_refused(text: str) -> None:
    machine = at_shell("both")
    with pytest.raises(OSError) as error:
        machine.proc.write("deferred_initcalls", text)
    assert error.value.errno == errno.EINVAL
    assert runs(machine) == 0


def test_partial_reads_run_them_once_and_give_one_text() -> None:
    machine = at_shell("2008")
    assert machine.proc.read_at("deferred_initcalls", 0, 1) == b"0"
    assert runs(machine) == 1
    assert machine.proc.read_at("deferred_initcalls", 1, 1) == b"\n"
    assert machine.proc.read_at("deferred_initcalls", 2, 1) == b""
    assert runs(machine) == 1 and ALREADY not in machine.dmesg


@pytest.mark.parametrize("offset", [1, 2, 1000, 0xFFFFFFF0])
def test_first_read_behind_the_start_still_runs_them(offset: int) -> None:
    machine = at_shell("2008")
    assert machine.proc.read_at("deferred_initcalls", offset) == b"0\n"[offset:]
    assert runs(machine) == 1


def test_read_while_they_run_gives_0_and_meets_the_inner_guard() -> None:
    machine = at_shell()
    answers: list[bytes] = []
    machine.board.procwin.on_answer = lambda response: answers.append(response.data)
    machine.inputs.push(ConsoleInput(b"echo 1 > /proc/deferred_initcalls\n"))
    machine.inputs.push(ProcRequest("deferred_initcalls", count=10, offset=0), at_ns=machine.time_ns + 60_000_000)
    machine.run(until="free_initmem", max_instructions=50_000_000)
    machine.board.procwin.on_answer = None
    assert answers == [b"0\n"]
    assert (runs(machine), machine.dmesg.count(ALREADY)) == (1, 1)


def test_unknown_profile_is_reported_and_both_stays() -> None:
    machine = machine_at_shell(QUIET_RC, "deferred_trigger=2020")
    assert "`2020' invalid for parameter `deferred_trigger'" in machine.dmesg
    machine.shell("cat /proc/deferred_initcalls")
    assert runs(machine) == 1


def test_texts_have_linux_formats() -> None:
    machine = machine_at_shell(QUIET_RC, "some=thing")
    proc = machine.proc
    assert proc.read("cmdline").endswith(" some=thing\n") and proc.read("cmdline").count("\n") == 1
    nodev = ["nodev\tramfs", "nodev\tdevtmpfs", "nodev\tproc", "nodev\tsysfs"]
    assert proc.read("filesystems").splitlines() == [*nodev, "\tflashfs"]
    assert proc.read("execdomains") == "0-0\tLinux           \t[kernel]\n"
    assert proc.read("version") == machine.dmesg.splitlines()[0].partition("] ")[2] + "\n"
    assert re.fullmatch(r"\d+\.\d\d \d+\.\d\d\n", proc.read("uptime"))
    assert re.fullmatch(r"MemTotal: +\d+ kB\nMemFree: +\d+ kB\n", proc.read("meminfo"))
    interrupts = proc.read("interrupts").splitlines()
    assert interrupts[0].split() == ["CPU0"]
    assert re.fullmatch(r" 34: +\d+  +GICv2  34 Level     timer", interrupts[1])


def test_meminfo_counts_the_pages_the_host_counts() -> None:
    machine = at_shell()
    total, free = (int(line.split()[1]) for line in machine.proc.read("meminfo").splitlines())
    assert (total, free) == (machine.total_pages * 4, machine.free_pages * 4)


def test_iomem_is_ascending_and_knows_kernel_and_ram() -> None:
    machine = at_shell()
    rows = [re.fullmatch(r"( *)(\w{8})-(\w{8}) : (.+)", line) for line in machine.proc.read("iomem").splitlines()]
    ranges = [(int(row[2], 16), int(row[3], 16)) for row in rows if row is not None and not row[1]]
    assert ranges == sorted(ranges) and all(start <= last for start, last in ranges)
    assert all(first[1] < second[0] for first, second in pairwise(ranges))
    named = {row[4]: (int(row[2], 16), int(row[3], 16)) for row in rows if row is not None}
    assert named["System RAM"] == (0x80000000, 0x80FFFFFF)
    assert named["Kernel code"] == (0x80008000, machine.symbol("_etext") - 0x40000000 - 1)


def test_kallsyms_read_in_pieces_equals_the_image() -> None:
    machine = at_shell()
    text = machine.shell("cat /proc/kallsyms")
    rows = [line.split(" ") for line in text.splitlines()]
    addresses = [int(row[0], 16) for row in rows]
    assert addresses == sorted(addresses)
    known = {row[2]: int(row[0], 16) for row in rows}
    for name in ("do_one_initcall", "kallsyms_show", "proc_entries", "system_state"):
        assert known[name] == machine.symbol(name)
    assert {row[1] for row in rows} <= set("tTdDbBrRaAwWvV")
    assert machine.proc.read("kallsyms") == text


@pytest.mark.parametrize(
    ("path", "write", "code"),
    [
        ("nothing", None, errno.ENOENT),
        ("../etc/rc", None, errno.ENOENT),
        ("nothing", "1", errno.ENOENT),
        ("meminfo", "1", errno.EIO),
    ],
)
def test_window_errors(path: str, write: str | None, code: int) -> None:
    machine = at_shell()
    with pytest.raises(OSError) as error:
        machine.proc.read(path) if write is None else machine.proc.write(path, write)
    assert error.value.errno == code


def test_writing_elsewhere_in_proc_is_refused() -> None:
    machine = at_shell()
    assert machine.shell("echo x > /proc/version") == "echo: write error: Input/output error\n"
    assert machine.shell("echo x > /proc/new") == "sh: /proc/new: No such file or directory\n"


@pytest.fixture
def guest() -> Guest:
    return quiet_guest()


@pytest.mark.parametrize(
    ("start", "room"), [(0, 100), (0, 3), (2, 3), (3, 1), (5, 4), (9, 1), (10, 5), (50, 5), (0, 0)]
)
def test_seq_write_keeps_the_wanted_part_only(guest: Guest, start: int, room: int) -> None:
    text = b"abc" + b"defgh" + b"ij"
    buffer = guest.put(b"#" * 128)
    seq = guest.put(b"".join(word.to_bytes(4, "little") for word in (buffer, start, room, 0)))
    full = [guest.call("seq_write", seq, guest.put(part), len(part)) for part in (b"abc", b"defgh", b"ij")]
    wanted = text[start : start + room]
    assert guest.machine.read(buffer, 128) == wanted + b"#" * (128 - len(wanted))
    assert full == [int(end >= start + room) for end in (3, 8, 10)]
    assert guest.machine.read_word(seq + 12) == len(text)
