"""`minikernel debug`: every verb, what it says, and what it says to wrong input."""

from __future__ import annotations

import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from repl_session import ReplSession

from minikernel.cli.main import main
from minikernel.cli.repl_completion import completions
from minikernel.cli.repl_info import TOPICS
from minikernel.cli.repl_looking import memory_format, value_text
from minikernel.cli.repl_panes import PANES
from minikernel.cli.repl_points import HAPPENINGS
from minikernel.cli.repl_verbs import Line, take_apart
from minikernel.debug.view_texts import VIEWS
from minikernel.errors import UsageError

COMMAND = [sys.executable, "-m", "minikernel", "debug"]
GUEST_LINE = re.compile(r"^(  \||guest:).*\n?", re.MULTILINE)


@pytest.fixture
def session() -> ReplSession:
    return ReplSession()


@pytest.fixture(scope="module")
def booted() -> ReplSession:
    """At the shell's prompt; tests only look."""
    session = ReplSession()
    assert "the guest's shell waits for a line" in session.run("c")
    return session


# --- lines ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text, line",
    [
        ("si", Line("si", "", "")),
        ("  x/4i $pc  ", Line("x", "4i", "$pc")),
        ("p/d *jiffies", Line("p", "d", "*jiffies")),
        ("proc /proc/meminfo", Line("proc", "", "/proc/meminfo")),
        ("last-writer jiffies", Line("last-writer", "", "jiffies")),
        ("set $r0=1", Line("set", "", "$r0=1")),
        ("? x", Line("?", "", "x")),
    ],
)
def test_lines_are_taken_apart(text: str, line: Line) -> None:
    assert take_apart(text) == line


@pytest.mark.parametrize("name, full", [
    ("si", "stepi"), ("ni", "nexti"), ("s", "step"), ("n", "next"), ("c", "continue"), ("fin", "finish"),
    ("rs", "reverse-step"), ("rn", "reverse-next"),
    ("rsi", "reverse-stepi"), ("rni", "reverse-nexti"), ("rc", "reverse-continue"), ("rfin", "reverse-finish"),
    ("b", "break"), ("tb", "tbreak"), ("hb", "break"), ("del", "delete"), ("dis", "disable"), ("cond", "condition"),
    ("bt", "backtrace"), ("l", "list"), ("i", "info"), ("p", "print"), ("conti", "continue"), ("disp", "display"),
    ("undisp", "undisplay"), ("disas", "disassemble"), ("q", "quit"), ("u", "until"), ("back", "reverse-stepi"),
])  # fmt: skip
def test_gdb_s_names_and_beginnings_of_names_are_known(booted: ReplSession, name: str, full: str) -> None:
    assert booted.repl.verbs.find(name).name == full


def test_no_name_is_taken_twice(booted: ReplSession) -> None:
    names = [name for verb in booted.repl.verbs.all for name in verb.names]
    assert len(names) == len(set(names))


def test_every_verb_has_help_with_an_example_of_itself(booted: ReplSession) -> None:
    for verb in booted.repl.verbs.all:
        text = booted.run(f"help {verb.name}")
        assert f"  example: {verb.example}\n" in text
        assert booted.repl.verbs.find(take_apart(verb.example).verb) is verb
        assert booted.run(f"help {verb.names[-1]}") == text
        assert max(len(line) for line in text.splitlines()) < 200


def test_help_names_every_verb(booted: ReplSession) -> None:
    text = booted.run("help")
    assert [verb.name for verb in booted.repl.verbs.all if verb.name not in text] == []


# --- moving -----------------------------------------------------------------------------------------------------------


def test_steps_forward_and_back_come_to_the_same_place(session: ReplSession) -> None:
    session.run("tb do_initcalls", "c")
    before = session.dbg.registers()
    session.run("ni 20")
    assert session.dbg.registers() != before
    back = session.run("rni 20")
    assert session.dbg.registers() == before
    assert "; the record goes on" in back


def test_lines_are_stepped_by_s_and_n_and_back_by_rs_and_rn(session: ReplSession) -> None:
    session.run("until do_initcall_level", "rfin")
    place = session.dbg.position
    assert re.search(r"\n=> 0x\w+ <do_initcall_level> at kernel/initcall.s:\d+\n", session.run("s"))
    session.run("rs")
    assert session.dbg.position.pc == place.pc
    assert "do_initcalls+" in session.run("n")
    session.run("rn")
    assert session.dbg.position.icount == place.icount


def test_finish_tells_the_result_and_its_reverse_goes_to_the_call(session: ReplSession) -> None:
    session.run("tb kmalloc", "c")
    caller = session.dbg.backtrace(2)[1]
    session.run("si 2")
    assert "kmalloc is about to be called" in session.run("rfin")
    assert session.dbg.machine.cpu.pc == caller.pc
    assert re.match(r"kmalloc has returned 0xc0\w+; ", session.run("until kmalloc", "fin"))


def test_going_back_past_the_start_stops_there_and_says_so(session: ReplSession) -> None:
    session.run("until do_initcalls")
    for line in ("rsi 100000000", "rc", "goto -1s", "goto -9999999"):
        session.run("goto end")
        assert "the record begins here: it does not go further back" in session.run(line), line
        assert session.dbg.machine.icount == 0


def test_goto_takes_counts_times_and_names(session: ReplSession) -> None:
    machine = session.dbg.machine
    session.run("until do_initcalls")
    end = machine.icount
    for line, icount in [("goto 1_000", 1000), ("goto +5", 1005), ("goto -1,005", 0), ("goto 10us", 1000),
                         ("goto +10ns", 1001), ("goto end", end), ("goto start", 0)]:  # fmt: skip
        session.run(line)
        assert machine.icount == icount, line


def test_a_checkpoint_is_come_back_to(session: ReplSession) -> None:
    session.run("until do_initcalls")
    assert "`restart early` comes back" in session.run("checkpoint early")
    here = session.dbg.machine.state_hash()
    session.run("si 1000", "restart early")
    assert session.dbg.machine.state_hash() == here
    assert "early: do_initcalls" in session.run("info checkpoints")


def test_enter_repeats_a_step_but_not_a_breakpoint(session: ReplSession) -> None:
    session.run("si 3", "")
    assert session.dbg.machine.icount == 6
    session.run("b do_initcalls", "")
    assert len(session.dbg.stop_points) == 1


def test_the_shell_s_prompt_stops_the_run_and_a_line_goes_on(session: ReplSession) -> None:
    session.run("c")
    assert "waits for a line: `type TEXT` gives it one" in session.run("c")
    session.run("type cat /proc/meminfo")
    assert "MemFree:" in session.run("c")
    session.run("plug")
    assert "the desktop has the picture: pic0001.ppm" in session.run("c")


def test_continuing_after_a_request_of_ours_ends_at_the_sleeping_shell(session: ReplSession) -> None:
    session.dbg.budget = 50_000_000
    session.run("c", "insmod hello")
    assert "tty_has_input" in session.run("c")
    assert "waits for a line" in session.run("c")


def test_a_crash_leaves_the_session_and_one_can_step_back(session: ReplSession) -> None:
    session.run("tb do_one_initcall", "c", "set $r0 = 4")
    text = session.run("c")
    assert "translation fault (page): fetch of 0x00000004" in text
    assert "the guest has stopped, the session has not" in text
    assert "panic" in session.run("bt")
    session.run("rsi")
    assert session.dbg.timeline.is_rerun
    session.run("reverse-until die", "rfin")
    assert session.dbg.machine.last_fault is not None


def test_a_call_into_freed_memory_is_explained(session: ReplSession) -> None:
    session.run("c", "set $pc = usb_storage_init")
    text = session.run("c")
    assert re.search(r"usb_storage_init was in init memory, freed at [\d.]+ ms by free_initmem", text)
    assert "freed at" in session.run("explain")


def test_before_the_mmu_is_on_code_has_its_names_and_lines(session: ReplSession) -> None:
    assert re.search(r"=> 0x80008000 <stext> at kernel/head.s:\d+\n", session.run("si", "rsi"))
    assert "breakpoint 1 at 0x80008" in session.run("b enable_mmu")
    assert "=> 0x80008" in session.run("c") and "<enable_mmu> at kernel/head.s:" in session.run("goto +0")
    assert re.search(r"^#1 +0x80008\w+  stext\+0x\w+ at kernel/head.s:\d+$", session.run("bt"), re.MULTILINE)
    assert "start_high" in session.run("del", "until start_high")
    assert session.run("p 0x80009000") == "$1 = 0x80009000\n"  # other physical addresses are just numbers


def test_the_user_program_has_names_and_lines_while_it_is_there(session: ReplSession) -> None:
    assert "user mode" not in session.run("until enter_user_mode", "bt")
    session.run("until do_syscall")
    assert re.search(r"^#\d+ +0x000\w+  \w+\+0x\w+ \[init\] at user/\w+\.s:\d+ \(user mode\)", session.run("bt"), re.M)
    assert "<_start [init]> at user/crt0.s:" in session.run("reverse-until _start")
    assert "[init]> at user/" in session.run("s")
    session.run("goto start", "si")
    assert "[init]" not in session.run("info symbol 0x10000")


# --- stop points ------------------------------------------------------------------------------------------------------


def test_stop_points_are_listed_changed_and_deleted(session: ReplSession) -> None:
    assert session.run("b do_one_initcall if $r0 == gic_init").startswith("breakpoint 1 at 0xc000")
    assert "watchpoint 2 at " in session.run("watch system_state, 4 if $new == 3")
    assert session.run("catch initcall deferred") == "event 3: initcall of level deferred\n"
    assert "kernel/initcall.s:" in session.run("tb initcall.s:129")
    session.run("dis 1", "ignore 2 3", "cond 3 $r0 != 0")
    text = session.run("info b")
    for part in ("if $r0 == gic_init, disabled", "if $new == 3, lets 3 hits pass", "deferred, if $r0 != 0", ", once"):
        assert part in text
    session.run("enable 1", "cond 1", "d 2 3")
    assert [(point.number, point.condition) for point in session.dbg.stop_points] == [(1, ""), (4, "")]
    session.run("del")
    assert "no stop points" in session.run("info b")


def test_a_watchpoint_shows_old_and_new_value(session: ReplSession) -> None:
    session.run("until start_kernel", "watch system_state")
    text = session.run("c")
    assert "watchpoint 1: system_state, 4 bytes; " in text
    assert "old value 0x00000000, new value 0x00000001, write by set_system_state+0x4" in text
    session.run("rc")
    assert session.dbg.read_word(session.dbg.address("system_state")) == 0
    assert "nobody has written" in session.run("last-writer 0xc0008000")


@pytest.mark.parametrize("what", [
    "initcall", "initcall uhci_hcd_init", "initcall late", "free", "free __init_begin", "module hello LIVE",
    "proc meminfo", "exception", "exception data abort", "irq 34", "device uart0", "event SystemStateChanged",
    "event SystemStateChanged state=SYSTEM_RUNNING",
])  # fmt: skip
def test_what_happens_can_be_caught(booted: ReplSession, what: str) -> None:
    assert what.split()[0] in HAPPENINGS
    assert booted.run(f"catch {what}").startswith("event ")
    booted.run("del")


def test_an_entry_of_proc_that_is_not_there_yet_is_awaited_and_said(booted: ReplSession) -> None:
    said = booted.run("catch proc deferred_initcall").splitlines()
    assert said[0].endswith("access to /proc/deferred_initcall")
    assert said[1] == "there is no such entry yet; did you mean 'deferred_initcalls'?"
    assert "no such entry" not in booted.run("catch proc /proc/deferred_initcalls")
    assert "no such entry" not in booted.run("catch proc")
    booted.run("delete")


def test_long_lines_are_folded_in_a_window_only(booted: ReplSession) -> None:
    dialogue = booted.dialogue
    whole = booted.run("history usb_storage_init")
    assert max(map(len, whole.splitlines())) > 80
    dialogue.screen.is_window = True
    try:
        shown = booted.run("history usb_storage_init")
        dialogue.settings.is_plain = True
        assert booted.run("history usb_storage_init") == whole
    finally:
        dialogue.screen.is_window = dialogue.settings.is_plain = False
    assert max(map(len, shown.splitlines())) <= 80
    assert shown.split() == whole.split()


def test_an_event_is_told_in_words(session: ReplSession) -> None:
    session.run("catch initcall gic_init")
    assert "event 1: initcall gic_init (early) begins; " in session.run("c")


def test_a_register_of_a_device_is_caught(session: ReplSession) -> None:
    name = next(region.name for region in session.dbg.machine.board.regions if "uart" in region.name.lower())
    session.run(f"catch device {name} write")
    assert f"write to {name}" in session.run("info b")


def value(text: str) -> str:
    """What stands behind `$3 = `."""
    number, _, rest = text.partition(" = ")
    assert re.fullmatch(r"\$\d+", number), text
    return rest


# --- looking ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("letter, size, text", [
    ("x", 4, "0xfffffffe"), ("d", 4, "-2"), ("u", 4, "4294967294"), ("o", 4, "037777777776"),
    ("t", 1, "11111110"), ("x", 2, "0xfffe"), ("d", 1, "-2"), ("c", 1, "-2 'þ'"),
])  # fmt: skip
def test_formats_of_values(booted: ReplSession, letter: str, size: int, text: str) -> None:
    assert value_text(booted.dialogue, 0xFFFF_FFFE & ((1 << 8 * size) - 1), letter, size) == text


@pytest.mark.parametrize("text", ["4q", "xx", "bw", "xbz", "-1x", "0x", "99999x", "4xww"])
def test_wrong_formats_are_refused(text: str) -> None:
    with pytest.raises(UsageError):
        memory_format(text)


def test_x_goes_on_where_it_ended(booted: ReplSession) -> None:
    first = booted.run("x/4xw linux_banner")
    second = booted.run("")
    assert first.startswith(f"{booted.dbg.address('linux_banner'):#010x} <linux_banner>:  0x696e696d")
    assert second.startswith(f"{booted.dbg.address('linux_banner') + 16:#010x} <linux_banner+0x10>:")
    assert booted.run("x/s linux_banner").endswith('"minikernel 0.1.0 (ARMv7)\\n"\n')
    assert "push {" in booted.run("x/2i do_one_initcall")


def test_radix_changes_values_not_addresses(booted: ReplSession) -> None:
    booted.run("set radix dec")
    assert value(booted.run("p 0x10")) == "16\n"
    assert value(booted.run("p/x 16")) == "0x00000010\n"
    booted.run("set radix hex")
    assert value(booted.run("p 16")) == "0x00000010\n"


def test_values_are_kept_and_numbered() -> None:
    session = ReplSession()
    assert "no value $ in the history\n    $ + 1\n    ^\n" in session.run("p $ + 1")
    for line, shown in [("p 7", "$1 = 0x00000007\n"), ("p $ + 1", "$2 = 0x00000008\n"), ("p/d $$", "$3 = 7\n"),
                        ("p/d $1 + $2 * $$2", "$4 = 63\n"), ("p/d $$0", "$5 = 63\n"),
                        ("p/x $pc", "$6 = 0x80008000\n")]:  # fmt: skip
        assert session.run(line) == shown, line
    session.run("si", "goto start", "x/1xw $6")
    assert session.dbg.values == (7, 8, 7, 63, 63, 0x8000_8000)
    for line in ("p $0", "p $7", "p $$6", "b *$99"):
        assert "in the history" in session.run(line), line


def test_list_goes_on(booted: ReplSession) -> None:
    numbers = [re.findall(r"^(?:=>|  ) +(\d+)", booted.run(line), re.MULTILINE) for line in ("list free_initmem", "l")]
    first, second = ([int(number) for number in each] for each in numbers)
    assert second[0] == first[-1] + 1


def test_displays_are_shown_at_each_stop(session: ReplSession) -> None:
    session.run("display/d $r0", "display *jiffies", "display/i $pc")
    text = session.run("si")
    assert "1: $r0 = " in text
    assert "2: *jiffies: not now: " in text  # the MMU is off
    assert "3: $pc: =>" in text
    session.run("undisplay 2")
    assert "jiffies" not in session.run("display")
    assert "no display 9" in session.run("undisplay 9")


@pytest.mark.parametrize("topic", TOPICS, ids=lambda topic: topic.name)
def test_info_works_at_any_time(booted: ReplSession, topic: object) -> None:
    name = topic.name  # type: ignore[attr-defined]
    rest = {"symbol": " $pc", "history": " usb_storage_init"}.get(name, "")
    fresh = ReplSession()
    for session in (fresh, booted):
        text = session.run(f"info {name}{rest}")
        assert text
        if session is booted:
            assert not text.startswith("error"), text


def test_the_kernels_views_fit_into_80_columns_and_can_be_asked_about_one_address(booted: ReplSession) -> None:
    for view in VIEWS:
        lines = booted.run(f"info {view.name}").splitlines()
        assert max(map(len, lines)) <= 80, view.name
    (_, _, row) = booted.run("info pagetables do_one_initcall").splitlines()
    assert re.search(r" r-x    ---      0 +\d+ text$", row)
    assert "nothing is mapped at 0x00000000" in booted.run("info pagetables 0")
    assert "nr_free_pages is" in booted.run("info freelists")
    assert "sp804_interrupt" in booted.run("info irqs")


def test_watch_takes_gdbs_l(session: ReplSession) -> None:
    assert session.run("watch -l jiffies, 2").endswith(": jiffies, 2 bytes\n")


def test_a_view_asked_in_the_middle_of_an_update_says_whose_it_is(session: ReplSession) -> None:
    session.run("tb mem_init", "c", "tb list_free_block", "c")
    assert session.run("info freelists").startswith("being changed by mem_init+0x")


def test_info_initcalls_and_frees_tell_the_story(booted: ReplSession) -> None:
    text = booted.run("info initcalls deferred")
    assert re.search(r"deferred +0x\w+ usb_storage_init +done: returned 0 in", text)
    assert "unused kernel image (initmem), by free_initmem <- do_deferred_initcalls" in booted.run("info frees")


# --- panes ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("width", [80, 120])
@pytest.mark.parametrize("place", ["start", "ehci_hcd_init", "vector_irq", "console_wait"])
def test_every_pane_fits_the_screen(width: int, place: str) -> None:
    session = ReplSession(width=width)
    session.run("panes all")
    text = GUEST_LINE.sub("", session.run("context" if place == "start" else f"until {place}"))
    assert [line for line in text.splitlines() if len(line) > width] == []
    assert [name for name in PANES if f"── {name} ─" not in text] == []


def test_the_initcall_pane_tells_done_current_and_deferred(session: ReplSession) -> None:
    session.run("panes initcalls")
    text = session.run("until ehci_hcd_init")
    assert re.search(r"^ done      21, the last initcall_summary returned 0", text, re.MULTILINE)
    assert re.search(r"^ current   ehci_hcd_init$", text, re.MULTILINE)
    assert re.search(r"^ deferred  2: uhci_hcd_init usb_storage_init$", text, re.MULTILINE)


def test_changed_registers_are_marked(session: ReplSession) -> None:
    session.run("until start_kernel", "panes registers")
    marked = re.findall(r"(\w+) +0x[0-9a-f]{8}\*", session.run("si"))
    assert marked == ["sp", "pc"]


def test_plain_text_is_one_fact_a_line_without_boxes() -> None:
    session = ReplSession(is_plain=True)
    session.run("panes all")
    text = session.run("until ehci_hcd_init")
    assert text.isascii()
    lines = text.splitlines()
    assert "initcalls deferred: uhci_hcd_init, usb_storage_init" in lines
    assert any(re.fullmatch(r"register pc is 0x[0-9a-f]{8}, changed", line) for line in lines)
    assert any(line.startswith("frame 1 do_one_initcall") for line in lines)
    assert any(line.startswith("next 0xc00") for line in lines)


# --- changing ---------------------------------------------------------------------------------------------------------


def test_registers_and_memory_are_set(session: ReplSession) -> None:
    session.run("until do_initcalls", "set $r7 = 1 + 2", "set *jiffies = $r7", "set byte(jiffies + 1) = 1")
    assert value(session.run("p *jiffies")) == "0x00000103\n"
    session.run("set *jiffies=$r7==3")
    assert value(session.run("p/d *jiffies")) == "1\n"
    assert "does not fit into 1 byte" in session.run("set byte(jiffies) = 256")


def test_a_change_in_the_past_says_that_the_future_is_forgotten(session: ReplSession) -> None:
    session.run("until do_initcalls", "goto 1000")
    assert "a new future begins here" in session.run("set $r7 = 1")
    assert session.dbg.recording.end == 1000


def test_functions_of_the_guest_are_called(session: ReplSession) -> None:
    session.run("c")
    expected = session.dbg.machine.free_pages
    assert value(session.run("call nr_free_pages()")) == f"{expected:#010x}\n"
    assert value(session.run("call strlen(linux_banner)")) == "0x00000019\n"
    assert "did not return" in session.run("call panic(linux_banner)")


def test_proc_files_and_modules(session: ReplSession) -> None:
    session.run("c")
    assert "MemFree:" in session.run("proc meminfo")
    assert "No such file or directory" in session.run("proc nonsense")
    assert session.run("insmod hello").endswith("hello is loaded\n")
    assert "modules/hello.s:" in session.run("b hello_exit")
    assert "hello: Live" in session.run("info modules")
    session.run("type rmmod hello")
    assert "hello_exit [hello]> at modules/hello.s:" in session.run("c")
    assert "do_delete_module" in session.run("bt")


def test_python_has_the_machine_and_the_debugger(session: ReplSession, capsys: pytest.CaptureFixture[str]) -> None:
    session.run("py x = dbg.position.icount", "py x + 41")
    assert capsys.readouterr().out == "41\n"
    assert "NameError: name 'nonsense'" in session.run("py nonsense")
    assert "SyntaxError" in session.run("py 1 +")


# --- wrong input ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("line, said", [
    ("b printkk", "no symbol 'printkk'; did you mean 'printk'"),
    ("brake printk", "no command 'brake'; did you mean 'break'"),
    ("re", "'re' is ambiguous: "),
    ("p $r99", "no register '$r99'"),
    ("p 1 +", "error: expected a number, a symbol, a $register or (\n    1 +\n       ^\n"),
    ("p 1 / 0", "error: division by zero\n    1 / 0\n      ^\n"),
    ("b 0xdeadbee0", "no breakpoint at 0xdeadbee0 (0xdeadbee0): nothing is mapped there"),
    ("b usb_storage_init", "that memory was freed at"),
    ("b nonsense.s:12", "no source file 'nonsense.s'"),
    ("b initcall.s:99999", "has no code at or below line 99999"),
    ("x/4xw 0x10", "nothing is mapped at 0x00000010"),
    ("x/9q $pc", "/9q is no format"),
    ("p/z 1", "/z is no format"),
    ("si 0", "a count from 1 up"),
    ("watch", "watch needs a symbol or an address"),
    ("b printk if nonsense", "no symbol 'nonsense'"),
    ("info slab 3", "info slab takes no arguments: '3'"),
    ("info modules x", "info modules takes no arguments: 'x'"),
    ("info pagetables nonsense", "no symbol 'nonsense'"),
    ("catch initcall camera_int", "no initcall 'camera_int' in this kernel; did you mean 'camera_init'"),
    ("catch", "catch needs one of initcall, free"),
    ("catch initcalls", "did you mean 'initcall'?"),
    ("catch initcall nonsense", "no initcall 'nonsense'"),
    ("catch exception nonsense", "no exception 'nonsense'"),
    ("catch device", "catch device needs"),
    ("catch device uart0 FR", "uart0 has no register 'FR'; did you mean 'UARTFR'?"),
    ("catch event SystemStateChange", "no event 'SystemStateChange'; did you mean 'SystemStateChanged'"),
    ("del 77", "no stop point 77"),
    ("del x", "'x' is no number of a stop point"),
    ("ignore 1", "ignore needs the number"),
    ("goto soon", "'soon' is no moment"),
    ("goto 1.5", "instructions are counted whole"),
    ("restart nowhere", "no checkpoint 'nowhere'"),
    ("panes register", "no pane 'register'; did you mean 'registers'"),
    ("set radix oct", "radix 'oct': hex or dec"),
    ("set nonsense", "expected `$r0 = EXPR`"),
    ("set $r99 = 1", "no register '$r99'"),
    ("set jiffies = 1", "'jiffies' cannot be set"),
    ("set *0x10 = 1", "nothing is mapped at 0x00000010"),
    ("call nonsense()", "no symbol 'nonsense'"),
    ("info nonsense", "no info about 'nonsense'"),
    ("info symbol", "info symbol needs an address"),
    ("info registers r99", "no register 'r99'"),
    ("help nonsense", "no command 'nonsense'"),
    ("source /nonexistent/script", "cannot read the script /nonexistent/script: No such file or directory"),
    ("insmod nonsense", "no module 'nonsense'"),
    ("insmod /nonexistent.ko", "No such file or directory"),
    ("plug in", "plug takes no arguments"),
    ("\x00", "no command"),
    ("/", "no command '/'"),
])  # fmt: skip
def test_wrong_input_is_an_error_that_helps_and_the_session_goes_on(booted: ReplSession, line: str, said: str) -> None:
    icount = booted.dbg.machine.icount
    text = booted.run(line)
    assert said in text
    assert text.startswith("error: ")
    assert booted.dbg.machine.icount == icount


# --- scripts ----------------------------------------------------------------------------------------------------------


def run_script(tmp_path: Path, text: str, *options: str) -> int:
    script = tmp_path / "steps.mk"
    script.write_text(text)
    return main(["debug", "-x", str(script), *options])


def test_a_script_shows_its_lines_and_their_answers(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    script = "panes none\n# a note\n\nb do_one_initcall\nc\npy\nx = 6 * 7\nprint(x)\nend\nquit\nnonsense\n"
    assert run_script(tmp_path, script, "--at", "start_kernel", "--append", "quiet_please") == 0
    out = capsys.readouterr().out
    for part in ("=> ", "\n# a note\n(mk) b do_one_initcall\n", "breakpoint 1: do_one_initcall; ", "\n42\n"):
        assert part in out
    assert "quiet_please" in out
    assert "nonsense" not in out


@pytest.mark.parametrize("line", ["b printkk", "nonsense", "p 1 +", "py 1/0", "proc nonsense"])
def test_a_script_that_fails_stops_with_its_line_and_status_1(
    line: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_script(tmp_path, f"panes none\nc\n{line}\necho not reached\n") == 1
    captured = capsys.readouterr()
    assert captured.err.startswith(f"{tmp_path}/steps.mk:3: error: ")
    assert "not reached" not in captured.out


def test_a_script_may_call_another_and_the_inner_line_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "inner.mk").write_text("\nnonsense\n")
    assert run_script(tmp_path, f"panes none\nsource {tmp_path}/inner.mk\n") == 1
    assert capsys.readouterr().err.startswith(f"{tmp_path}/inner.mk:2: error: no command 'nonsense'")
    (tmp_path / "loop.mk").write_text(f"source {tmp_path}/loop.mk\n")
    assert run_script(tmp_path, f"source {tmp_path}/loop.mk\n") == 1
    assert "scripts that call scripts" in capsys.readouterr().err


def test_a_script_that_is_not_there_and_a_place_that_is_not(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["debug", "-x", "/nonexistent.mk"]) == 2
    assert "cannot read the script /nonexistent.mk" in capsys.readouterr().err
    assert main(["debug", "--at", "do_initcal"]) == 1
    assert "did you mean 'do_initcalls'" in capsys.readouterr().err


def test_scene_rc_and_flash_are_given_as_to_boot(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    scene, flash, rc = (tmp_path / name for name in ("scene.ppm", "flash.bin", "rc"))
    scene.write_bytes(b"P6\n2 2\n255\n" + bytes(range(65, 77)))
    rc.write_text("snap /flash/kept.ppm\n")
    options = ["--scene", str(scene), "--flash", str(flash), "--rc", str(rc)]
    assert run_script(tmp_path, "panes none\nc\n", *options) == 0
    kept = flash.read_bytes()
    assert scene.read_bytes() in kept
    rc.write_text("ls /flash\n")
    capsys.readouterr()
    assert run_script(tmp_path, "panes none\nc\ngoto start\n", *options) == 0
    assert "kept.ppm" in capsys.readouterr().out
    assert flash.read_bytes() == kept
    scene.write_bytes(b"P5 no picture")
    assert main(["debug", "--scene", str(scene)]) == 1
    assert main(["debug", "--flash", "-"]) == 2
    assert main(["debug", "--flash", str(tmp_path / "nowhere" / "flash.bin")]) == 1
    error = capsys.readouterr().err
    assert "scene.ppm" in error and "--flash needs a file" in error and "nowhere" in error


def test_commands_come_through_a_pipe() -> None:
    done = subprocess.run(
        [*COMMAND, "--at", "start_kernel"], input="panes none\nsi\nquit\n", capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "(mk) si\n" in done.stdout
    assert "\x1b" not in done.stdout


# --- the terminal -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("before, word, offered", [
    ("", "reverse-c", ["reverse-continue"]),
    ("b ", "usb_storage_in", ["usb_storage_init"]),
    ("x/4i ", "$p", ["$pc"]),
    ("info ", "re", ["record", "registers"]),
    ("panes ", "st", ["stack"]),
    ("set ", "ra", ["radix"]),
    ("set radix ", "", ["dec", "hex"]),
    ("catch ", "ir", ["irq"]),
    ("catch initcall ", "usb_s", ["usb_storage_init"]),
    ("help ", "reverse-c", ["reverse-continue"]),
    ("nonsense ", "x", []),
])  # fmt: skip
def test_tab_offers_what_fits(booted: ReplSession, before: str, word: str, offered: list[str]) -> None:
    assert completions(booted.dialogue, booted.repl.verbs, before, word) == offered


class Terminal:
    """`minikernel debug` on a terminal of its own."""

    def __init__(self, tmp_path: Path, *options: str) -> None:
        self._master, slave = pty.openpty()
        environment = {**os.environ, "XDG_STATE_HOME": str(tmp_path), "TERM": "xterm", "COLUMNS": "100"}
        self._process = subprocess.Popen(
            [*COMMAND, *options], stdin=slave, stdout=slave, stderr=slave, env=environment, start_new_session=True
        )
        os.close(slave)
        self._text = ""

    def until(self, wanted: str, seconds: float = 20) -> None:
        """Read on to behind `wanted`."""
        end = time.monotonic() + seconds
        while wanted not in self._text:
            assert time.monotonic() < end, f"{wanted!r} did not come: {self._text!r}"
            if select.select([self._master], [], [], 0.1)[0]:
                self._text += os.read(self._master, 65536).decode("utf-8", "replace")
        self._text = self._text.partition(wanted)[2]

    def keys(self, text: str) -> None:
        os.write(self._master, text.encode())

    def interrupt(self) -> None:
        self._process.send_signal(signal.SIGINT)

    def end(self) -> int:
        try:
            return self._process.wait(20)
        finally:
            self._process.kill()
            os.close(self._master)


def test_at_a_terminal_tab_completes_errors_are_survived_and_ctrl_d_leaves(tmp_path: Path) -> None:
    terminal = Terminal(tmp_path, "--at", "start_kernel")
    terminal.until("(mk) ")
    terminal.keys("panes none\r")
    terminal.until("(mk) ")
    terminal.keys("b usb_storage_in\t\r")
    terminal.until("breakpoint 1 at 0x")
    terminal.until("(mk) ")
    terminal.keys("b nonsense\r")
    terminal.until("no symbol 'nonsense'")
    terminal.until("(mk) ")
    terminal.keys("\x04")
    assert terminal.end() == 0
    assert (tmp_path / "minikernel" / "debug_history").read_text().splitlines()[-1] == "b nonsense"


def test_ctrl_c_stops_the_guest_and_at_the_prompt_only_leaves_the_line(tmp_path: Path) -> None:
    terminal = Terminal(tmp_path, "--at", "console_wait")
    terminal.until("(mk) ")
    terminal.keys("panes none\r")
    terminal.until("(mk) ")
    terminal.keys("goto 100000s\r")
    terminal.until("goto 100000s")
    time.sleep(1)
    terminal.interrupt()
    terminal.until("Ctrl-C; ")
    terminal.until("(mk) ")
    terminal.keys("nonsen")
    terminal.until("nonsen")
    time.sleep(1)  # readline waits for the next key; a signal just before that wait would stay unseen until a key comes
    terminal.interrupt()
    terminal.until("(mk) ")
    terminal.keys("rsi\r")
    terminal.until("the record goes on")
    terminal.keys("quit\r")
    assert terminal.end() == 0
