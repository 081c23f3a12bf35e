"""`minikernel boot` from outside: what it prints, writes and answers."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import termios
import time
from pathlib import Path

import pytest

from minikernel.board.scene import default_scene
from minikernel.cli.main import main

COMMAND = [sys.executable, "-m", "minikernel"]
EAGER = ["--set", "ehci_hcd=y", "--set", "uhci_hcd=y", "--set", "usb_storage=y"]


def run(*arguments: object, stdin: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run([*COMMAND, *map(str, arguments)], input=stdin, capture_output=True, text=True, timeout=120)


@pytest.fixture(scope="module")
def story() -> list[str]:
    """The lines of the boot without options, through a pipe."""
    result = run("boot")
    assert (result.returncode, result.stderr) == (0, "")
    return result.stdout.splitlines()


# --- the story -------------------------------------------------------------------------------------------------------


def test_piped_story_is_plain_text_that_fits_80_columns(story: list[str]) -> None:
    assert "\x1b" not in "".join(story)
    assert max(len(line) for line in story) <= 80


def test_story_has_every_level_and_every_initcall_in_order(story: list[str]) -> None:
    levels = [line.split()[1] for line in story if line.startswith("── ")]
    assert levels == [
        "console", "early", "pure", "core", "postcore", "arch", "subsys", "fs", "rootfs", "device", "late", "deferred",
        "stopped", "comparison",
    ]  # fmt: skip
    rows = [line.split()[2] for line in story if re.match(r" *[\d.]+ ms  \w+_?\w* +(0|-\d+ E\w+) +[\d,]+ us", line)]
    assert rows[:2] == ["pl011_console_init", "gic_init"]
    assert rows[-3:] == ["ehci_hcd_init", "uhci_hcd_init", "usb_storage_init"]


def test_story_tells_the_picture_the_trigger_the_free_and_the_end(story: list[str]) -> None:
    text = "\n".join(story)
    told = [
        "user space: first instruction",
        "first picture: complete on the flash",
        "Running do_deferred_initcalls()",
        "what  unused kernel image (initmem)",
        "by    free_initmem <- do_deferred_initcalls",
        "init memory given back",
        "write of /proc/deferred_initcalls returned 2 bytes",
        "picture on the desktop: pic0001.ppm",
        "power-off: the guest asked for off",
        "byte for byte the scene",
        "the same boot with nothing deferred",
    ]
    places = [text.index(part) for part in told]
    assert places == sorted(places)


def test_first_picture_comes_at_least_twice_as_early(story: list[str]) -> None:
    (line,) = (line for line in story if line.startswith("  first picture"))
    ratio = re.search(r"([\d.]+) times earlier", line)
    assert ratio is not None
    assert float(ratio[1]) >= 2


def test_nothing_deferred_advises_the_right_two() -> None:
    lines = run("boot", *EAGER).stdout.splitlines()
    (advice,) = (line for line in lines if "worth deferring" in line)
    assert set(advice.split("deferring")[1].replace(",", "").split()) == {"ehci_hcd_init", "uhci_hcd_init"}
    assert not any("nothing deferred" in line for line in lines)


def test_never_triggered_is_said_so_at_the_end(tmp_path: Path) -> None:
    (tmp_path / "rc").write_text("snap\n")
    result = run("boot", "--rc", tmp_path / "rc")
    assert result.returncode == 0
    assert "never freed" in result.stdout
    assert "none was downloaded" in result.stdout


# --- files -----------------------------------------------------------------------------------------------------------


def test_two_runs_write_the_same_bytes_and_quiet_says_nothing(tmp_path: Path) -> None:
    names = {"--json": "a.json", "--trace": "a.jsonl", "--dmesg": "dmesg", "--picture": "a.ppm", "--flash": "flash"}
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        options = [part for option, name in names.items() for part in (option, tmp_path / folder / name)]
        result = run("boot", "-q", *options)
        assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
    for name in names.values():
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()
    assert sorted(path.name for path in (tmp_path / "one").iterdir()) == sorted(names.values())
    assert (tmp_path / "one" / "a.ppm").read_bytes() == default_scene()
    events = [json.loads(line) for line in (tmp_path / "one" / "a.jsonl").read_text().splitlines()]
    assert [event["icount"] for event in events] == sorted(event["icount"] for event in events)


def test_story_and_quiet_run_are_the_same_run(tmp_path: Path) -> None:
    run("boot", "-q", "--trace", tmp_path / "quiet")
    run("boot", "--trace", tmp_path / "told")
    assert (tmp_path / "quiet").read_bytes() == (tmp_path / "told").read_bytes()


def test_dash_puts_one_file_on_standard_output_and_nothing_else() -> None:
    result = run("boot", "--json", "-")
    assert json.loads(result.stdout)["stop"] == "power-off"


def test_picture_equals_any_scene_that_fits(tmp_path: Path) -> None:
    scene = b"P6\n# a remark\n7 3\n255\n" + bytes(range(63))
    (tmp_path / "scene.ppm").write_bytes(scene)
    result = run("boot", "-q", "--scene", tmp_path / "scene.ppm", "--picture", tmp_path / "out.ppm")
    assert result.returncode == 0
    assert (tmp_path / "out.ppm").read_bytes() == scene


def test_flash_keeps_its_pictures_from_boot_to_boot(tmp_path: Path) -> None:
    flash = tmp_path / "flash"
    (tmp_path / "rc").write_text("ls /flash\nsnap\nls /flash\npoweroff\n")
    first = run("boot", "--flash", flash, "--rc", tmp_path / "rc").stdout
    second = run("boot", "--flash", flash, "--rc", tmp_path / "rc").stdout
    assert (first.count("pic0001.ppm"), second.count("pic0002.ppm")) == (2, 2)


def test_rc_and_scene_can_come_from_standard_input() -> None:
    assert "hello from rc" in run("boot", "--rc", "-", stdin="echo hello from rc\n").stdout


# --- what goes wrong -------------------------------------------------------------------------------------------------


def failed(capsys: pytest.CaptureFixture[str], status: int, *arguments: object) -> str:
    """The one message of a command that fails with `status`."""
    assert main([str(argument) for argument in arguments]) == status
    captured = capsys.readouterr()
    assert "Traceback" not in captured.err
    assert captured.out == ""
    return captured.err


def test_unknown_driver_is_a_usage_error_with_near_names(capsys: pytest.CaptureFixture[str]) -> None:
    message = failed(capsys, 2, "boot", "-q", "--set", "ehci_hd=y")
    assert message.startswith("minikernel: error: unknown driver 'ehci_hd'; did you mean 'ehci_hcd'")
    assert message.count("\n") == 1


def test_scene_that_is_no_picture_names_file_field_and_offset(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "bad.ppm").write_bytes(b"P6\n2 2\n255\nabc")
    message = failed(capsys, 1, "boot", "-q", "--scene", tmp_path / "bad.ppm")
    assert "bad.ppm: raster at offset 0xb: has 3 bytes, 2x2 pixels at maxval 255 take 12" in message
    assert "No such file" in failed(capsys, 1, "boot", "-q", "--scene", tmp_path / "missing.ppm")


def test_full_flash_is_one_message_and_writes_no_picture(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "flash").write_bytes(b"\xff" * (256 << 10))
    (tmp_path / "scene").write_bytes(b"P6\n300 300\n255\n" + bytes(270_000))
    options = ["--flash", tmp_path / "flash", "--scene", tmp_path / "scene", "--picture", tmp_path / "out"]
    message = failed(capsys, 1, "boot", "-q", *options)
    assert "no picture was taken: the guest says" in message
    assert "No space left on device" in message
    assert not (tmp_path / "out").exists()


def test_flash_of_an_impossible_size_is_refused(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "flash").write_bytes(bytes(1000))
    assert "multiple of the erase block" in failed(capsys, 1, "boot", "-q", "--flash", tmp_path / "flash")
    assert (tmp_path / "flash").read_bytes() == bytes(1000)


def test_picture_that_never_came_names_the_reason(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    options = ["--append", "deferred_trigger=2008", "--picture", tmp_path / "out"]
    assert "the deferred initcalls were never triggered" in failed(capsys, 1, "boot", "-q", *options)
    assert list(tmp_path.iterdir()) == []


def test_guest_that_does_not_end_stops_at_the_budget_and_says_where(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    message = failed(capsys, 1, "boot", "-q", "--max-instructions", "2M", "--json", tmp_path / "a.json")
    assert "the instruction budget is spent, at " in message
    assert "after 2,000,000 instructions; the last milestone was userspace" in message
    assert json.loads((tmp_path / "a.json").read_text())["stop"] == "budget"


def test_guest_that_panics_is_told_with_its_own_words(tmp_path: Path) -> None:
    result = run("boot", "--append", "init=/nothing")
    assert result.returncode == 1
    assert "Kernel panic - not syncing: No working init found" in result.stdout
    assert "panic, called by kernel_init" in result.stdout
    assert "the guest did not power off: halted" in result.stderr
    assert "Traceback" not in result.stderr


def test_command_line_that_is_too_long_with_the_configured_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert "the kernel takes at most 1023" in failed(capsys, 2, "boot", "-q", "--append", "x" * 1000)


def test_places_that_cannot_be_written_are_refused_before_the_boot(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert "no folder" in failed(capsys, 1, "boot", "-q", "--json", tmp_path / "no" / "a.json")
    assert "cannot both go to standard output" in failed(capsys, 2, "boot", "--json", "-", "--trace", "-")
    assert "--flash needs a file" in failed(capsys, 2, "boot", "--flash", "-")
    assert "-i needs standard output" in failed(capsys, 2, "boot", "-i", "--json", "-")


def test_reader_that_goes_away_is_no_error() -> None:
    process = subprocess.Popen([*COMMAND, "boot"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.readline()
    process.stdout.close()
    assert process.stderr.read() == b""
    process.stderr.close()
    process.wait(60)


# --- interactive -----------------------------------------------------------------------------------------------------


def test_shell_takes_its_lines_from_a_pipe() -> None:
    result = run("boot", "-i", "-q", stdin="cat /proc/deferred_initcalls\necho last\n")
    assert result.returncode == 0
    assert result.stdout.splitlines()[1:] == ["# cat /proc/deferred_initcalls", "1", "# echo last", "last", "# "]


def test_user_at_the_shell_powers_off() -> None:
    result = run("boot", "-i", stdin="poweroff\n")
    assert result.returncode == 0
    assert "power-off: the guest asked for off" in result.stdout
    assert "nothing deferred" not in result.stdout


class Terminal:
    """A pseudo-terminal with `minikernel boot -i -q` on it."""

    def __init__(self) -> None:
        self.master, slave = pty.openpty()
        self.settings = termios.tcgetattr(slave)
        self.slave = slave
        environment = os.environ | {"TERM": "xterm", "NO_COLOR": "1"}
        self.process = subprocess.Popen(
            [*COMMAND, "boot", "-i", "-q"],
            stdin=slave, stdout=slave, stderr=slave, env=environment, start_new_session=True,
            preexec_fn=lambda: os.close(os.open(os.ttyname(0), os.O_RDWR)),
        )  # fmt: skip
        self.seen = ""

    def expect(self, text: str) -> None:
        end = time.monotonic() + 30
        while text not in self.seen:
            ready, _, _ = select.select([self.master], [], [], max(0, end - time.monotonic()))
            assert ready, f"{text!r} did not come; seen: {self.seen!r}"
            self.seen += os.read(self.master, 4096).decode()
        self.seen = self.seen.partition(text)[2]

    def type(self, keys: bytes) -> None:
        os.write(self.master, keys)

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self.master)
        os.close(self.slave)


def test_terminal_is_the_guests_until_ctrl_c_and_then_as_before() -> None:
    terminal = Terminal()
    try:
        terminal.expect("# ")
        terminal.type(b"echo ab\x7fc")
        terminal.expect("echo ab\b \bc")  # the guest's echo, once, with its own rubbing out
        terminal.type(b"\r")
        terminal.expect("ac\r\n")
        terminal.expect("# ")
        assert not termios.tcgetattr(terminal.slave)[3] & (termios.ECHO | termios.ICANON)
        ticks = Path(f"/proc/{terminal.process.pid}/stat")
        if ticks.exists():
            before = ticks.read_text().split()[13:15]
            time.sleep(0.3)
            assert ticks.read_text().split()[13:15] == before  # who waits for a key does not compute
        terminal.process.send_signal(signal.SIGINT)
        assert terminal.process.wait(20) == 0
        assert termios.tcgetattr(terminal.slave) == terminal.settings
    finally:
        terminal.close()


def test_ctrl_c_in_the_middle_of_a_boot_is_one_message(tmp_path: Path) -> None:
    (tmp_path / "rc").write_text("sleep 1000\n" * 50)
    process = subprocess.Popen(
        [*COMMAND, "boot", "--rc", tmp_path / "rc", "--json", tmp_path / "a.json"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stderr is not None
    assert any("user space" in line for line in process.stdout)  # the guest runs
    process.send_signal(signal.SIGINT)
    _, message = process.communicate(timeout=60)
    assert process.returncode == 130
    assert message.count("\n") == 1
    assert "interrupted" in message
    assert json.loads((tmp_path / "a.json").read_text())["stop"] == "interrupted"
