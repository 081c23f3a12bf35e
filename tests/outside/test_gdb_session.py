"""gdb itself debugs the camera through `minikernel gdb`: what it prints is what happens."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from judges import require

from minikernel.debug.debugger import Debugger
from minikernel.debug.stops import Stop
from minikernel.elf.image import Image
from minikernel.elf.line_table import LineTable
from minikernel.kernel.events import InitcallFinished
from minikernel.lessons.chapter import find_chapter
from minikernel.power_on import BootOptions, prepare, run_to_download
from minikernel.toolchain.config import BuildConfig
from minikernel.tutorials_tree import tutorials_tree

GDB = "gdb-multiarch"
PATIENCE_S = 60
RC = "modprobe hello\necho 1 > /proc/deferred_initcalls\n"

SETTINGS = ("set pagination off", "set confirm off", "set width 0", "set height 0", "set style enabled off")


class Camera:
    """`minikernel gdb` with a build of its own."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        (directory / "rc").write_text(RC)
        command = [sys.executable, "-m", "minikernel", "gdb", "--port", "0", "-o", "build", "--modules", "--rc", "rc"]
        environment = {"PYTHONPATH": str(Path(__file__).parents[2]), "PATH": "", "HOME": str(directory)}
        self._server = subprocess.Popen(
            command, cwd=directory, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        assert self._server.stdout is not None
        port = re.search(r"on port (\d+)", self._server.stdout.readline())
        assert port
        self.port = int(port[1])
        self.hint = self._server.stdout.readline()
        self.image = Image.from_bytes((directory / "build/vmlinux").read_bytes())

    def gdb(self, *commands: str) -> str:
        """What gdb prints for the commands; the camera is a new one for each gdb."""
        tree = BuildConfig.load().tree
        script = [*SETTINGS, f"directory {tree}", f"target remote :{self.port}", *commands, "kill"]
        file = self.directory / "commands.gdb"
        file.write_text("\n".join(script) + "\n")
        done = subprocess.run(
            [GDB, "-q", "-nx", "-batch", "build/vmlinux", "-x", str(file)],
            cwd=self.directory,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,  # what monitor commands say goes there
            text=True,
            timeout=PATIENCE_S,
        )
        assert "killed]" in done.stdout, done.stdout
        return done.stdout

    def close(self) -> None:
        self._server.terminate()
        self._server.communicate(timeout=PATIENCE_S)


@pytest.fixture(scope="module")
def camera(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Camera]:
    require(GDB)
    camera = Camera(tmp_path_factory.mktemp("gdb"))
    yield camera
    camera.close()


def line_of(file: str, text: str, occurrence: int = 0) -> int:
    """The number of a line of a guest source that begins with the text."""
    lines = (BuildConfig.load().tree / file).read_text(encoding="utf-8").splitlines()
    return [number for number, line in enumerate(lines, 1) if " ".join(line.split()).startswith(text)][occurrence]


def test_the_hint_is_a_command_that_works(camera: Camera) -> None:
    assert camera.hint.split()[:2] == [GDB, "build/vmlinux"]
    assert f"'target remote :{camera.port}'" in camera.hint


def test_the_camera_stands_at_reset(camera: Camera) -> None:
    printed = camera.gdb("print/x $pc", "print/x $cpsr & 0x1f", "x/i $pc", "info threads", "show architecture")
    assert "$1 = 0x80008000" in printed
    assert "$2 = 0x13" in printed
    assert "Thread 1 (SVC)" in printed
    assert '"armv7"' in printed


def test_breakpoints_on_do_one_initcall_print_each_name_and_what_it_returned(camera: Camera) -> None:
    returned = line_of("kernel/initcall.s", "mov r9, r0 @ its result")
    printed = camera.gdb(
        "break *do_one_initcall",
        "commands",
        "silent",
        'printf "calls "',
        "output/a $r0",
        'printf "\\n"',
        "continue",
        "end",
        f"break kernel/initcall.s:{returned}",
        "commands",
        "silent",
        'printf "%d from ", $r0',
        "output/a $r4",
        'printf "\\n"',
        "continue",
        "end",
        "tbreak free_initmem",
        "continue",
    )
    called = re.findall(r"^calls 0xc\w+ <(\w+)>$", printed, re.MULTILINE)
    returns = [
        (name, int(value)) for value, name in re.findall(r"^(-?\d+) from 0xc\w+ <(\w+)>$", printed, re.MULTILINE)
    ]
    machine = prepare(BootOptions())
    run_to_download(machine)
    ours = [(each.name, each.returned) for each in machine.trace.of(InitcallFinished) if each.level != "console"]
    assert returns == ours
    assert called == [name for name, _ in ours]
    assert ("iommu_init", -19) in ours and "usb_storage_init" in called


def test_a_hardware_watchpoint_on_the_deferred_flag_and_back_to_it(camera: Camera) -> None:
    printed = camera.gdb(
        "tbreak do_deferred_initcalls",
        "continue",
        "watch *(int *) &already_run",
        "continue",
        'printf "stopped at %#x\\n", $pc',
        "tbreak uhci_hcd_init",
        "continue",
        "reverse-continue",
        'printf "went back to %#x, flag %d\\n", $pc, *(int *) &already_run',
        "list",
        "stepi",
        "stepi",
        'printf "flag %d\\n", *(int *) &already_run',
    )
    assert "Hardware watchpoint 2: *(int *) &already_run" in printed
    forward, backward = re.findall(r"Old value = (\d)\nNew value = (\d)", printed)[:2]
    assert (forward, backward) == (("0", "1"), ("1", "0"))
    (behind,) = re.findall(r"stopped at (0x\w+)", printed)
    (store,) = re.findall(r"went back to (0x\w+), flag 0", printed)
    assert int(behind, 16) == int(store, 16) + 4
    place = LineTable.from_image(camera.image).line_at(int(store, 16))
    assert place is not None and place.line == line_of("kernel/deferred.s", "str r1, [r0]")
    assert re.search(rf"^{place.line}\s+str +r1, \[r0\] +@ before the calls", printed, re.MULTILINE)
    assert printed.endswith("flag 1\n[Inferior 1 (Remote target) killed]\n")


def test_back_to_a_breakpoint_in_memory_that_is_freed(camera: Camera) -> None:
    printed = camera.gdb(
        "break free_initmem",
        "continue",
        "finish",
        "break ehci_hcd_init",
        "monitor frees",
        "reverse-continue",
        'printf "first %#x\\n", $pc',
        "reverse-continue",
        'printf "second %#x\\n", $pc',
    )
    assert re.search(r"\d+ pages +.*, by free_initmem", printed)
    assert f"first {camera.image.address('free_initmem'):#x}" in printed
    assert f"second {camera.image.address('ehci_hcd_init'):#x}" in printed


def test_a_backtrace_in_a_module_and_its_source(camera: Camera) -> None:
    printed = camera.gdb(
        "tbreak do_one_initcall if (unsigned) $r0 >= 0xbf000000 && (unsigned) $r0 < 0xc0000000",
        "continue",
        "monitor symbols",
        "source build/modules.gdb",
        "tbreak hello_init",
        "continue",
        "stepi",
        "stepi",
        "backtrace",
        "list hello_init",
        "monitor modules",
    )
    frames = re.findall(r"^#\d+ +(?:0x\w+ in )?(\w+) \(\) at (\S+):\d+$", printed, re.MULTILINE)
    assert frames[0] == ("hello_init", "modules/hello.s")
    assert [name for name, _ in frames[1:4]] == ["do_one_initcall", "do_init_module", "load_module"]
    assert "FUNC hello_init" in printed
    assert re.search(r"^hello +\d+ 1 - Loading 0xbf\w+$", printed, re.MULTILINE)


def test_history_begins_at_reset_and_steps_go_both_ways(camera: Camera) -> None:
    printed = camera.gdb("stepi", "stepi", "reverse-stepi", "print/x $pc", "reverse-continue", "print/x $pc")
    assert "$1 = 0x80008004" in printed
    assert "No more reverse-execution history." in printed
    assert "$2 = 0x80008000" in printed


def test_next_and_reverse_next_go_over_calls(camera: Camera) -> None:
    first = line_of("kernel/initcall.s", "bl named_in_list")
    printed = camera.gdb(
        f"tbreak kernel/initcall.s:{first}", "continue", "next", "next", "reverse-next", "reverse-next"
    )
    lines = [int(number) for number in re.findall(r"^(\d+)\t", printed, re.MULTILINE)]
    assert lines == [first, first + 1, first + 2, first + 1, first]


FRAME = re.compile(r"^#\d+ +(?:0x\w+ in )?(\w+|<signal handler called>)(?: \(\))?", re.MULTILINE)


def test_a_backtrace_goes_on_in_the_user_program_and_ends_at_its_main(camera: Camera) -> None:
    printed = camera.gdb("source build/modules.gdb", "tbreak sys_read", "continue", "backtrace")
    frames = FRAME.findall(printed)
    assert frames[:5] == ["sys_read", "do_syscall", "<signal handler called>", "read", "read_byte"]
    assert frames[-1] == "main" and "Backtrace stopped" not in printed
    assert re.search(r"main \(\) at user/init\.s:\d+$", printed, re.MULTILINE)


def test_a_backtrace_goes_on_in_what_an_interrupt_came_into(camera: Camera) -> None:
    printed = camera.gdb(
        "source build/modules.gdb", "tbreak ehci_hcd_init", "continue", "tbreak do_irq", "continue", "backtrace"
    )
    frames = FRAME.findall(printed)
    assert frames[:2] == ["do_irq", "<signal handler called>"]
    assert frames.index("ehci_hcd_init") < frames.index(
        "do_initcall_level" if "do_initcall_level" in frames else "main"
    )
    assert frames[-1] == "main" and "Backtrace stopped" not in printed


def test_a_backtrace_tells_the_very_instruction_that_faulted(camera: Camera) -> None:
    printed = camera.gdb(
        "tbreak free_initmem",
        "continue",
        "finish",
        "set $pc = usb_storage_init",
        "tbreak die",
        "continue",
        "backtrace 6",
    )
    frames = FRAME.findall(printed)
    assert frames[:5] == ["die", "do_page_fault", "do_prefetch_abort", "<signal handler called>", "usb_storage_init"]


@pytest.mark.parametrize("function", ["do_initcalls", "start_kernel", "vector_swi", "ret_to_user", "vector_irq"])
def test_a_backtrace_ends_without_complaint_where_nobody_called(camera: Camera, function: str) -> None:
    printed = camera.gdb(f"tbreak *{function}", "continue", "backtrace", "stepi 3", "backtrace")
    traces = [FRAME.findall(trace) for trace in re.split(r"(?=^#0)", printed, flags=re.MULTILINE)[1:]]
    ends = {"do_initcalls": "start_kernel"}
    assert [trace[-1] for trace in traces] == [ends.get(function, function)] * 2, printed
    assert "Backtrace stopped" not in printed and "??" not in printed.partition("#0")[2]


def test_what_runs_before_the_mmu_is_on_has_names_and_can_be_stopped_at(camera: Camera) -> None:
    printed = camera.gdb(
        "source build/modules.gdb", "x/i $pc", "tbreak clear_bss", "continue", "backtrace", "info line do_one_initcall"
    )
    assert "0x80008000 <stext>" in printed
    assert re.search(r"#0 +0x8000\w+ in clear_bss \(\)", printed)
    assert 'of "kernel/initcall.s" starts at address 0xc0' in printed


def test_the_user_program_s_symbols_are_told_while_it_is_in_memory(camera: Camera) -> None:
    printed = camera.gdb("monitor symbols", "tbreak enter_user_mode", "continue", "monitor symbols")
    before, after = printed.split("Temporary breakpoint 1, enter_user_mode")
    assert "# /init is not in memory now" in before and "add-symbol-file build/init" not in before
    assert "add-symbol-file build/init" in after


@pytest.mark.parametrize("function, lines", [("do_initcalls", 40), ("vector_swi", 12)])
@pytest.mark.parametrize("command, move", [("step", Debugger.step_line), ("next", Debugger.next_line)])
def test_our_lines_are_gdb_s_lines(
    camera: Camera, command: str, move: Callable[[Debugger], Stop], function: str, lines: int
) -> None:
    """`s` and `n` of the command line go where gdb's step and next go, but for the line behind the call in a stub of
    the vectors: its frame is what gdb calls a signal trampoline, and it does not stop there."""
    steps = [command, 'printf "at %#x\\n", $pc'] * lines
    printed = camera.gdb(f"tbreak *{function}", "continue", *steps)
    behind_call = line_of("kernel/vectors.s", "bl do_syscall") + 1
    debugger = Debugger(prepare(BootOptions()))
    debugger.until(function)
    ours: list[int] = []
    while len(ours) < lines:
        stop = move(debugger)
        if str(debugger.symbols.line_at(stop.pc)) != f"kernel/vectors.s:{behind_call}":
            ours.append(stop.pc)
    assert [int(pc, 16) for pc in re.findall(r"^at (0x\w+)", printed, re.MULTILINE)] == ours


def test_memory_and_registers_can_be_changed(camera: Camera) -> None:
    printed = camera.gdb(
        "tbreak start_kernel",
        "continue",
        "set $r5 = 0x1234",
        "print/x $r5",
        "set {int} &already_run = 77",
        "print *(int *) &already_run",
    )
    assert "$1 = 0x1234" in printed
    assert "$2 = 77" in printed


def test_memory_that_is_not_there_is_an_error_of_that_command_only(camera: Camera) -> None:
    printed = camera.gdb(
        "python", "try:", "  gdb.execute('x/w 0x90000000')", "except gdb.MemoryError as error:", "  print(error)", "end"
    )
    assert "Cannot access memory at address 0x90000000" in printed


def test_the_camera_waits_for_the_next_gdb_as_it_was_left(camera: Camera) -> None:
    printed = camera.gdb("stepi", "detach", f"target remote :{camera.port}", "print/x $pc", "stepi", "print/x $pc")
    assert "$1 = 0x80008004" in printed
    assert "$2 = 0x80008008" in printed


def launch_json(workspace: Path, port: int) -> dict[str, Any]:
    """The configuration that tutorials/debugging.md shows, with its variables filled in."""
    chapter = (Path(__file__).parents[2] / "tutorials/debugging.md").read_text(encoding="utf-8")
    (text,) = re.findall(r"^```json\n(.*?)^```", chapter, re.MULTILINE | re.DOTALL)
    assert '"127.0.0.1:1234"' in text
    filled = text.replace("${workspaceFolder}", str(workspace)).replace(":1234", f":{port}")
    (configuration,) = json.loads(filled)["configurations"]
    assert isinstance(configuration, dict)
    assert (configuration["type"], configuration["request"], configuration["MIMode"]) == ("cppdbg", "launch", "gdb")
    return configuration


def test_an_editor_can_stop_a_guest_that_runs(camera: Camera) -> None:
    """The machine interface, as VS Code talks to gdb."""
    launch = launch_json(camera.directory, camera.port)
    (camera.directory / "guest").symlink_to(BuildConfig.load().tree)
    editor = subprocess.Popen(
        [launch["miDebuggerPath"], "-q", "-nx", "--interpreter=mi2"],
        cwd=camera.directory,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert editor.stdin is not None and editor.stdout is not None
    talk = (
        ("-gdb-set mi-async on", r"\^done"),
        *((f'-interpreter-exec console "{command["text"]}"', r"\^done") for command in launch["setupCommands"]),
        (f"-environment-cd {launch['cwd']}", r"\^done"),
        (f"-file-exec-and-symbols {launch['program']}", r"\^done"),
        (f"-target-select remote {launch['miDebuggerServerAddress']}", r"\^connected"),
        ("-break-insert -f do_deferred_initcalls", r"\^done,bkpt="),
        ("-exec-continue --thread 1", r'\*stopped,reason="breakpoint-hit".*func="do_deferred_initcalls"'),
        ("-exec-next", r'\*stopped,reason="end-stepping-range"'),
        ("-exec-finish", r'\*stopped,reason="function-finished"'),
        ("-exec-continue", r"\^running"),
        ("-exec-interrupt", r'\*stopped,reason="signal-received",signal-name="SIGINT"'),
        ("-exec-continue --reverse", r'\*stopped,reason="breakpoint-hit".*func="do_deferred_initcalls"'),
        (
            "-stack-list-frames",
            r'\^done,stack=.*file="kernel/deferred.s",fullname="[^"]*guest/kernel/deferred.s".*"main"',
        ),
        ('-interpreter-exec console "kill"', r"\^done"),
        ("-gdb-exit", r"\^exit"),
    )
    with editor:
        for command, awaited in talk:
            editor.stdin.write(command + "\n")
            editor.stdin.flush()
            assert any(re.match(awaited, line) for line in editor.stdout), command


def test_the_session_of_chapter_08_prints_what_the_chapter_shows(camera: Camera) -> None:
    (block,) = [part for part in find_chapter(tutorials_tree(), "08").blocks if part.language == "gdb"]
    prompt = "(gdb) "
    lines = block.lines[block.lines.index(f"{prompt}target remote :1234") + 1 : block.lines.index(f"{prompt}kill")]
    printed = camera.gdb(*(line.removeprefix(prompt) for line in lines if line.startswith(prompt))).splitlines()
    answers = [line for line in lines if not line.startswith(prompt)]
    assert len(answers) > 8
    at = -1
    for answer in answers:  # in the page's order; gdb says more than the page shows
        assert answer in printed[at + 1 :], answer
        at = printed.index(answer, at + 1)
