"""`%load_ext minikernel`: the debugger's verbs in IPython, without a terminal."""

from __future__ import annotations

import gc
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from IPython.core.completer import provisionalcompleter
from IPython.core.interactiveshell import InteractiveShell
from repl_session import ReplSession
from traitlets.config import Config

from minikernel.cli.ipython import NOT_HERE
from minikernel.debug.debugger import Debugger
from minikernel.kernel.machine import KernelMachine
from minikernel.power_on import BootOptions, prepare

PAGE = (Path(__file__).parents[2] / "tutorials/debugging.md").read_text()
(TALK,) = re.findall(r"^```ipython\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


class Shell:
    """IPython in this process: a cell in, what it printed out."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self.shell = InteractiveShell(config=Config({"HistoryManager": {"enabled": False}, "colors": "NoColor"}))
        self.shell.xmode = "Minimal"
        self._capsys = capsys

    def run(self, *cells: str) -> str:
        """Run cells, all of which succeed; what the last one printed."""
        text = ""
        for cell in cells:
            self._capsys.readouterr()
            result = self.shell.run_cell(cell)
            text = self._capsys.readouterr().out
            assert result.success, text
        return text

    def fail(self, cell: str) -> str:
        """Run a cell that does not succeed; what is said."""
        self._capsys.readouterr()
        assert not self.shell.run_cell(cell).success
        captured = self._capsys.readouterr()
        return captured.out + captured.err

    def offered(self, line: str) -> list[str]:
        """What TAB at the end of a line makes of it."""
        with provisionalcompleter():
            found = self.shell.Completer.completions(line, len(line))
            return [line[: each.start] + each.text for each in found]

    @property
    def machine(self) -> KernelMachine:
        machine = self.shell.user_ns["m"]
        assert isinstance(machine, KernelMachine)
        return machine


@pytest.fixture
def shell(capsys: pytest.CaptureFixture[str]) -> Iterator[Shell]:
    shell = Shell(capsys)
    shell.run("%load_ext minikernel", "%panes none")
    yield shell
    shell.shell.restore_sys_module_state()
    gc.collect()


def test_the_page_s_talk_is_true(shell: Shell) -> None:
    cells = re.findall(r"^In \[\d+\]: (.*)$", TALK, re.MULTILINE)
    assert cells[0] == "%load_ext minikernel"
    for cell in cells[1:]:
        shell.run(cell)
    assert shell.machine.icount > 0


def test_verbs_are_magics_and_m_and_dbg_are_names(shell: Shell) -> None:
    assert "=> 0xc0" in shell.run("%until do_one_initcall")
    assert shell.run("%p $pc").startswith("$1 = 0xc0")
    debugger = shell.shell.user_ns["dbg"]
    assert isinstance(debugger, Debugger) and debugger.machine is shell.machine
    icount = shell.machine.icount
    shell.run("%si 3", "%rsi 2", "ni")  # without the %, too, where no variable has the name
    assert shell.machine.icount == icount + 2
    assert re.search(r"^#1 .*call_initcalls", shell.run("%bt"), re.MULTILINE)
    assert shell.run("%mk p/d 6 * 7") == "$2 = 42\n"


def test_every_verb_is_a_magic_unless_ipython_has_the_name(shell: Shell) -> None:
    magics = shell.shell.magics_manager.magics["line"]
    verbs = ReplSession().repl.verbs
    names = {name for verb in verbs.all if verb.name not in NOT_HERE for name in verb.names} - {"?"}
    ours = {name for name, magic in magics.items() if magic.__module__ == "minikernel.cli.ipython"}
    assert names - ours == {"history", "tb"}  # IPython's own
    assert ours - names == {"mk", "minikernel"}
    assert "do_initcalls: linked" in shell.run("%mk history do_initcalls")


def test_formats_stand_at_the_verb_or_behind_it(shell: Shell) -> None:
    shell.run("%until do_one_initcall")
    four = shell.run("%x/4i $pc")
    assert four.count("\n") == 4 and "push {" in four
    assert shell.run("%x /4i $pc") == four
    assert shell.run("if True:\n    %p/d 5") == "$1 = 5\n"
    assert shell.run("s, b = 7, 2", "print(s\n  %b/1)") == "1.0\n"  # a remainder is no verb


def test_another_camera_s_flash_is_refused_with_the_reason(shell: Shell) -> None:
    machine = shell.machine
    assert "--flash keeps the flash at the end of a session, and this one has none" in shell.fail(
        "%minikernel --flash flash.img"
    )
    assert shell.machine is machine


def test_dollars_are_registers_even_where_a_variable_has_the_name(shell: Shell) -> None:
    assert shell.run("pc = 5", "%p/x $pc") == "$1 = 0x80008000\n"


def test_errors_are_one_message_and_the_session_goes_on(shell: Shell) -> None:
    assert "UsageError: no symbol 'printkk'; did you mean 'printk'" in shell.fail("%b printkk")
    said = shell.fail("%p 1 +")
    assert "    1 +\n       ^" in said and "Traceback" not in said
    assert "no command 'nonsense'" in shell.fail("%mk nonsense")
    assert "unrecognized arguments: --nonsense" in shell.fail("%minikernel --nonsense")
    assert "No closing quotation" in shell.fail("%minikernel --append '")
    assert "cannot read the script" in shell.fail("%minikernel -x /nonexistent.mk")
    assert shell.run("%p 1") == "$1 = 0x00000001\n"


@pytest.mark.parametrize("line, offered", [
    ("%b usb_storage_in", "%b usb_storage_init"),
    ("%p $p", "%p $pc"),
    ("%last-writer system_st", "%last-writer system_state"),
    ("%mk reverse-c", "%mk reverse-continue"),
    ("%mk b usb_storage_in", "%mk b usb_storage_init"),
    ("%info mil", "%info milestones"),
    ("%set radix d", "%set radix dec"),
    ("bt_is_no_verb usb_storage_in", None),
])  # fmt: skip
def test_tab_offers_symbols_registers_and_words(shell: Shell, line: str, offered: str | None) -> None:
    assert (offered in shell.offered(line)) if offered else (shell.offered(line) == [])


def test_help_is_the_verb_s_own(shell: Shell) -> None:
    assert "to another source line, into calls" in shell.run("%mk help step")
    assert "example: si 3" in (shell.shell.magics_manager.magics["line"]["si"].__doc__ or "")


def test_another_machine_of_the_name_m_is_debugged_from_then_on(shell: Shell) -> None:
    first = shell.machine
    second = prepare(BootOptions())
    shell.shell.push({"m": second})
    shell.run("%si 7")
    assert (first.icount, second.icount) == (0, 7)
    assert shell.shell.user_ns["dbg"].machine is second
    second_dbg = shell.shell.user_ns["dbg"]
    shell.run("%si")
    assert shell.shell.user_ns["dbg"] is second_dbg


def test_a_debugger_that_is_there_is_used(capsys: pytest.CaptureFixture[str]) -> None:
    shell = Shell(capsys)
    machine = prepare(BootOptions())
    debugger = Debugger(machine)
    debugger.step(5)
    shell.shell.push({"m": machine, "dbg": debugger})
    shell.run("%load_ext minikernel", "%rsi 2")
    assert shell.shell.user_ns["dbg"] is debugger
    assert machine.icount == 3


def test_another_camera_takes_the_options_of_debug(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "steps.mk").write_text("panes none\nsi 3\n")
    shell.run(f"%minikernel --at start_kernel --append quiet_please -x {tmp_path}/steps.mk")
    assert shell.machine.symbolize(shell.machine.cpu.pc) == "setup_arch"
    assert "quiet_please" in shell.run("%until do_initcalls")


def test_the_guest_s_console_is_shown_by_magics_only(shell: Shell) -> None:
    assert "  | [" in shell.run("%until do_initcalls")
    before = len(shell.machine.console)
    assert shell.run("stop = m.run(max_instructions=100_000)") == ""
    assert len(shell.machine.console) > before


def test_unloading_takes_everything_out(shell: Shell) -> None:
    machine = shell.machine
    shell.run("%unload_ext minikernel")
    assert "not found" in shell.fail("%si")
    assert shell.offered("%b usb_storage_in") == []
    shell.run("%load_ext minikernel", "%panes none", "%si")
    assert shell.machine is machine and machine.icount == 1
