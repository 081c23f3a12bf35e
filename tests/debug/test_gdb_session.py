"""What a gdb is answered, packet by packet; gdb itself is asked in tests/outside/test_gdb_session.py."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from pathlib import Path

import pytest

from minikernel.debug.debugger import Debugger
from minikernel.debug.gdb_monitor import COMMANDS, Monitor, SymbolFiles
from minikernel.debug.gdb_packets import unescape
from minikernel.debug.gdb_session import Ending, GdbSession
from minikernel.debug.module_names import ModuleNames
from minikernel.errors import UsageError
from minikernel.kernel.machine import KernelMachine
from minikernel.power_on import BootOptions, prepare

RESET_PC = 0x8000_8000
RC = b"modprobe hello\necho 1 > /proc/deferred_initcalls\n"


class Gdb:
    """A session and a few words of gdb's."""

    def __init__(self, tmp: Path, options: BootOptions | None = None) -> None:
        self.options = options or BootOptions()
        self.machine = prepare(self.options)
        self.debugger = Debugger(self.machine)
        self.files = SymbolFiles(self._module_file, tmp / "modules.gdb")
        self.names = ModuleNames(self.machine, self.debugger.symbols, lambda name: self._module_file(name).read_bytes())
        self.session = GdbSession(self.debugger, Monitor(self.machine, self._twin, self.files), self.names.update)

    def _twin(self) -> KernelMachine:
        return prepare(self.options)

    def _module_file(self, name: str) -> Path:
        if name != "hello":
            raise UsageError("not ours")
        return Path("build/hello.ko")

    def all(self, packet: str | bytes) -> list[bytes]:
        return self.session.answer(packet.encode() if isinstance(packet, str) else packet)

    def ask(self, packet: str | bytes) -> str:
        (answer,) = self.all(packet)
        return answer.decode()

    def pc(self) -> int:
        return int.from_bytes(bytes.fromhex(self.ask("pf")), "little")

    def at(self, symbol: str) -> int:
        return self.machine.image.address(symbol)

    def run_to(self, symbol: str) -> str:
        point = f"0,{self.at(symbol):x},4"
        assert self.ask(f"Z{point}") == "OK"
        stop = self.ask("vCont;c")
        assert self.ask(f"z{point}") == "OK"
        assert self.pc() == self.at(symbol)
        return stop

    def monitor(self, line: str) -> str:
        *texts, end = self.all("qRcmd," + line.encode().hex())
        assert end == b"OK"
        return "".join(bytes.fromhex(text[1:].decode()).decode() for text in texts)


@pytest.fixture
def gdb(tmp_path: Path) -> Gdb:
    return Gdb(tmp_path)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Gdb:
    """For tests that look only."""
    return Gdb(tmp_path_factory.mktemp("gdb"))


@pytest.fixture(scope="module")
def booted_once(tmp_path_factory: pytest.TempPathFactory) -> Gdb:
    gdb = Gdb(tmp_path_factory.mktemp("gdb"), BootOptions(rc=RC, modules=True))
    gdb.run_to("console_wait")
    gdb.debugger.checkpoint("shell")
    return gdb


@pytest.fixture
def booted(booted_once: Gdb) -> Iterator[Gdb]:
    """At the shell, one module loaded, deferred initcalls done."""
    booted_once.debugger.restore("shell")
    yield booted_once
    booted_once.session.close()


# --- before the first instruction -------------------------------------------------------------------------------------


def test_the_camera_stands_at_reset(shared: Gdb) -> None:
    assert shared.ask("?").startswith("T05thread:1;")
    assert shared.pc() == RESET_PC
    assert "0f:00800080;" in shared.ask("?")


def test_what_is_supported(shared: Gdb) -> None:
    answer = shared.ask("qSupported:multiprocess+;swbreak+;hwbreak+;xmlRegisters=i386")
    for feature in ("PacketSize=4000", "qXfer:features:read+", "qXfer:memory-map:read+", "QStartNoAckMode+"):
        assert feature in answer.split(";")
    for feature in ("swbreak+", "hwbreak+", "ReverseStep+", "ReverseContinue+", "vContSupported+"):
        assert feature in answer.split(";")
    assert shared.ask("vCont?") == "vCont;c;C;s;S;r"


@pytest.mark.parametrize(
    "packet", ["", "!", "vMustReplyEmpty", "qTStatus", "\x00", "Qfoo", "vAttach;1", "R00", "qCRC:0,1"]
)
def test_an_unknown_packet_is_answered_with_an_empty_one(shared: Gdb, packet: str) -> None:
    assert shared.ask(packet) == ""


def test_there_is_one_thread(shared: Gdb) -> None:
    assert [shared.ask(packet) for packet in ("qC", "qfThreadInfo", "qsThreadInfo")] == ["QC1", "m1", "l"]
    assert [shared.ask(packet) for packet in ("Hg0", "Hc-1", "Hg1", "T1")] == ["OK"] * 4
    assert [shared.ask(packet) for packet in ("Hg2", "T2", "T")] == ["E03"] * 3
    assert bytes.fromhex(shared.ask("qThreadExtraInfo,1")) == b"SVC"
    assert shared.ask("qAttached") == "1"


def document(gdb: Gdb, name: str, step: int) -> bytes:
    whole = b""
    while True:
        (part,) = gdb.all(f"qXfer:{name}:{len(whole):x},{step:x}")
        whole += unescape(part[1:])
        if part[:1] == b"l":
            return whole
        assert part[:1] == b"m" and len(part) > 1


@pytest.mark.parametrize("step", [1, 100, 0x10000])
def test_target_xml_describes_the_core(shared: Gdb, step: int) -> None:
    target = ElementTree.fromstring(document(shared, "features:read:target.xml", step))
    assert target.findtext("architecture") == "armv7"
    (feature,) = target.findall("feature")
    assert feature.get("name") == "org.gnu.gdb.arm.core"
    registers = [(reg.get("name"), int(reg.get("regnum", ""))) for reg in feature]
    names = [*(f"r{number}" for number in range(13)), "sp", "lr", "pc"]
    assert registers == [*zip(names, range(16), strict=True), ("cpsr", 25)]


def test_the_memory_map_has_ram_before_and_behind_the_mmu_and_no_device(shared: Gdb) -> None:
    rows = ElementTree.fromstring(document(shared, "memory-map:read:", 0x1000))
    regions = [(int(row.get("start", ""), 0), int(row.get("length", ""), 0)) for row in rows]
    assert {row.get("type") for row in rows} == {"ram"}

    def holds(addr: int) -> bool:
        return any(start <= addr < start + length for start, length in regions)

    assert all(map(holds, (0x10000, 0x8000_8000, 0x80FF_FFFF, 0xBF00_0000, 0xC000_8000, 0xC0FF_FFFF)))
    assert not any(map(holds, (0x1C09_0000, 0x0800_0000, 0xFC09_0000, 0x8100_0000)))


@pytest.mark.parametrize(
    ("packet", "answer"),
    [
        ("qXfer:features:read:other.xml:0,100", "E00"),
        ("qXfer:memory-map:read:x:0,100", "E00"),
        ("qXfer:features:read:target.xml:0", "E22"),
        ("qXfer:features:write:target.xml:0:00", ""),
        ("qXfer:auxv:read::0,100", ""),
        ("qXfer", ""),
        ("qXfer:features:read:target.xml:ffffffff,100", "l"),
    ],
)
def test_documents_that_are_not_there(shared: Gdb, packet: str, answer: str) -> None:
    assert shared.ask(packet) == answer


# --- registers and memory ---------------------------------------------------------------------------------------------


def test_all_registers_at_once_are_the_registers_one_by_one(shared: Gdb) -> None:
    singles = [shared.ask(f"p{number:x}") for number in (*range(16), 25)]
    assert shared.ask("g") == "".join(singles)


def test_registers_can_be_written(gdb: Gdb) -> None:
    assert gdb.ask("P3=78563412") == "OK"
    assert gdb.machine.cpu.r(3) == 0x1234_5678
    values = bytearray(bytes.fromhex(gdb.ask("g")))
    values[16:20] = b"\x01\x02\x03\x04"
    assert gdb.ask("G" + values.hex()) == "OK"
    assert gdb.machine.cpu.r(4) == 0x0403_0201
    assert gdb.ask("g") == values.hex()


def test_writing_what_is_there_drops_no_future(gdb: Gdb) -> None:
    gdb.ask("s")
    gdb.ask("s")
    gdb.ask("bs")
    assert gdb.ask("G" + gdb.ask("g")) == gdb.ask("P0=" + gdb.ask("p0")) == "OK"
    content = gdb.ask(f"m{RESET_PC:x},4")
    assert gdb.ask(f"M{RESET_PC:x},4:{content}") == "OK"
    assert gdb.debugger.timeline.is_rerun
    assert gdb.ask("P0=01000000") == "OK"
    assert not gdb.debugger.timeline.is_rerun


@pytest.mark.parametrize(
    "packet", ["p10", "p", "pzz", "P10=00000000", "P0=00", "P0", "G00", "G", "Gzz", "P19=00000000"]
)
def test_registers_that_are_not_there_and_values_that_are_none(shared: Gdb, packet: str) -> None:
    assert shared.ask(packet) == "E22"


def test_memory_can_be_written_in_hex_and_in_binary(gdb: Gdb) -> None:
    assert gdb.ask("M80100000,4:01020304") == "OK"
    assert gdb.ask("m80100000,4") == "01020304"
    assert gdb.ask(b"X80100002,3:\xff}\x03}]") == "OK"
    assert gdb.ask("m80100000,6") == "0102ff237d00"
    assert gdb.ask(b"X80100000,0:") == "OK"


def test_a_read_gives_what_there_is(shared: Gdb) -> None:
    end = 0x8000_0000 + shared.machine.ram.size
    assert shared.ask(f"m{end - 4:x},100") == "00000000"
    assert len(shared.ask("m80000000,fffff")) == 0x4000


@pytest.mark.parametrize("addr", ["0", "1c090000", "90000000", "ffffffff", "7ffffffc"])
def test_memory_that_is_not_there(shared: Gdb, addr: str) -> None:
    assert shared.ask(f"m{addr},4") == "E14"
    assert shared.ask(f"M{addr},1:00") == "E14"


@pytest.mark.parametrize(
    "packet",
    [
        "m",
        "m80000000",
        "m80000000,",
        "m,4",
        "m100000000,4",
        "mzz,1",
        "m80000000,0",
        "m-1,4",
        "M80000000,1:",
        "M80000000,1:000",
        "M80000000:00",
        "X80000000,2:a",
        "Mffffffff,2:0000",
        "M80000000,ffffffffff:00",
    ],
)
def test_memory_packets_without_sense(shared: Gdb, packet: str) -> None:
    assert shared.ask(packet) == "E22"


# --- moving -----------------------------------------------------------------------------------------------------------


def test_a_step_and_back(gdb: Gdb) -> None:
    gdb.ask("s")
    assert gdb.pc() == RESET_PC + 4
    gdb.ask("vCont;s:1;c")
    assert gdb.pc() == RESET_PC + 8
    gdb.ask("bs")
    assert gdb.pc() == RESET_PC + 4


def test_going_back_past_the_start_says_that_history_begins(gdb: Gdb) -> None:
    assert "replaylog" not in gdb.ask("s")
    assert "replaylog" not in gdb.ask("bs")
    assert "T05replaylog:begin;" in gdb.ask("bs")
    assert "T05replaylog:begin;" in gdb.ask("bc")
    assert gdb.pc() == RESET_PC


def test_a_breakpoint_stops_and_is_named(gdb: Gdb) -> None:
    assert gdb.run_to("start_kernel").startswith("T05swbreak:;thread:1;")
    where = gdb.at("do_one_initcall")
    assert gdb.ask(f"Z1,{where:x},4") == gdb.ask(f"Z1,{where:x},4") == "OK"
    assert gdb.ask("c").startswith("T05hwbreak:;")
    assert gdb.pc() == where
    assert gdb.ask(f"z1,{where:x},4") == gdb.ask(f"z1,{where:x},4") == "OK"


def test_stepping_through_a_range_ends_behind_it(gdb: Gdb) -> None:
    gdb.run_to("start_kernel")
    here = gdb.pc()
    gdb.ask(f"vCont;r{here:x},{here + 8:x}:1")
    assert gdb.pc() == here + 8


def test_going_on_from_an_address(gdb: Gdb) -> None:
    gdb.run_to("start_kernel")
    gdb.ask(f"s{gdb.pc() + 4:x}")
    assert gdb.pc() == gdb.at("start_kernel") + 8


@pytest.mark.parametrize(
    "packet", ["czz", "s-1", "vCont", "vCont;", "vCont;x", "vCont;s:2", "vCont;r", "vCont;r1", "c100000000"]
)
def test_moves_without_sense_move_nothing(shared: Gdb, packet: str) -> None:
    assert shared.ask(packet) == "E22"
    assert shared.pc() == RESET_PC


@pytest.mark.parametrize(
    "packet",
    ["Z0", "Z0,80008000", "Z5,80008000,4", "Z0,80008001,4", "Z0,80008000,2", "Z2,80008000,0", "Z2,80008000,100000"],
)
def test_points_without_sense(shared: Gdb, packet: str) -> None:
    assert shared.ask(packet) == "E22"
    assert shared.ask("z" + packet[1:]) == "E22"


def test_a_device_cannot_be_watched(shared: Gdb) -> None:
    assert shared.ask("Z2,1c090000,4") == "E22"


def test_a_watchpoint_stops_before_the_store_and_going_back_behind_it(gdb: Gdb) -> None:
    flag = gdb.at("already_run")
    gdb.run_to("do_deferred_initcalls")
    assert gdb.ask(f"Z2,{flag:x},4") == "OK"
    assert f"T05watch:{flag:x};" in gdb.ask("c")
    store = gdb.pc()
    assert gdb.ask(f"m{flag:x},4") == "00000000"
    gdb.ask(f"z2,{flag:x},4")
    gdb.ask("s")
    assert gdb.ask(f"m{flag:x},4") == "01000000"
    gdb.run_to("uhci_hcd_init")
    gdb.ask(f"Z2,{flag:x},4")
    assert f"T05watch:{flag:x};" in gdb.ask("bc")
    assert (gdb.pc(), gdb.ask(f"m{flag:x},4")) == (store + 4, "01000000")
    assert f"T05watch:{flag:x};" in gdb.ask("bs")
    gdb.ask(f"z2,{flag:x},4")
    assert "watch" not in gdb.ask("bs")
    assert (gdb.pc(), gdb.ask(f"m{flag:x},4")) == (store, "00000000")


@pytest.mark.parametrize(("type_", "reason"), [(3, "rwatch"), (4, "awatch")])
def test_a_load_is_seen_by_read_and_access_watchpoints(gdb: Gdb, type_: int, reason: str) -> None:
    flag = gdb.at("already_run")
    gdb.run_to("do_deferred_initcalls")
    assert gdb.ask(f"Z{type_},{flag:x},4") == "OK"
    assert f"T05{reason}:{flag:x};" in gdb.ask("c")


def test_a_breakpoint_in_freed_code_is_found_going_back(booted: Gdb) -> None:
    where = booted.at("uhci_hcd_init")
    assert booted.debugger.history(where).freed is not None
    assert booted.ask(f"Z0,{where:x},4") == "OK"
    assert "swbreak" in booted.ask("bc")
    assert booted.pc() == where


def test_power_off_is_told_and_can_be_gone_back_from(booted: Gdb) -> None:
    booted.monitor("type poweroff")
    text, stop = booted.all("c")
    assert b"power" in bytes.fromhex(text[1:].decode()) or b"off" in bytes.fromhex(text[1:].decode())
    assert stop.startswith(b"T05")
    before = booted.machine.icount
    booted.ask("bs")
    assert booted.machine.icount == before - 1


def test_a_stop_in_a_module_is_told_by_the_module_s_names(booted: Gdb) -> None:
    machine = booted.machine
    exit_of_hello = next(each.address for each in machine.module("hello").symbols if each.name == "hello_exit")
    machine.on_reach(exit_of_hello, lambda _: machine.request_stop("asked"))
    booted.monitor("type rmmod hello")
    text, stop = booted.all("c")
    assert bytes.fromhex(text[1:].decode()) == b"[asked, at hello_exit [hello]]\n"
    assert stop.startswith(b"T05")


def test_closing_takes_the_points_out(gdb: Gdb) -> None:
    gdb.ask("Z0,80008004,4")
    gdb.ask("Z2,80100000,4")
    gdb.session.close()
    assert gdb.debugger.stop_points == ()


def test_how_gdb_leaves(gdb: Gdb) -> None:
    assert gdb.session.ending is None
    assert gdb.ask("D") == "OK"
    assert gdb.session.ending is Ending.DETACHED
    assert gdb.ask("vKill;1") == "OK"
    assert gdb.session.ending is Ending.KILLED
    assert gdb.all("k") == []


# --- monitor ----------------------------------------------------------------------------------------------------------


def test_help_names_every_command(shared: Gdb) -> None:
    text = shared.monitor("help")
    assert [line.split()[0] for line in text.splitlines()] == list(COMMANDS)
    assert shared.monitor("") == text


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_says_something_even_at_reset(tmp_path: Path, command: str) -> None:
    assert Gdb(tmp_path).monitor(command).endswith("\n")


def test_an_unknown_command_names_near_ones(shared: Gdb) -> None:
    assert shared.monitor("initcals") == (
        "no monitor command 'initcals'; did you mean 'initcalls'? (monitor help lists them)\n"
    )


def test_initcalls_that_returned_run_and_wait(gdb: Gdb) -> None:
    gdb.run_to("uhci_hcd_init")
    text = gdb.monitor("initcalls")
    assert re.search(r"^arch +iommu_init +0xc\w+ +returned -19 after \d+ usecs$", text, re.MULTILINE)
    assert re.search(r"^deferred +uhci_hcd_init +0xc\w+ +runs$", text, re.MULTILINE)
    assert re.search(r"^deferred +usb_storage_init +0xc\w+ +waits$", text, re.MULTILINE)


def test_modules_frees_and_events_of_a_booted_camera(booted: Gdb) -> None:
    assert re.fullmatch(r"hello +\d+ 0 - Live 0xbf\w{6}\n", booted.monitor("modules"))
    assert re.search(r"0xc\w+-0xc\w+ +\d+ pages +.*initmem.*by free_initmem", booted.monitor("frees"))
    assert len(booted.monitor("events").splitlines()) == 20
    assert len(booted.monitor("events 3").splitlines()) == 3
    assert booted.monitor("events 0") == ""
    freed = booted.monitor("events 5 MemoryFreed").splitlines()
    assert freed and all(" MemoryFreed start=0xc" in line for line in freed)
    assert "did you mean 'MemoryFreed'" in booted.monitor("events MemoryFree")


def test_reading_proc_moves_nothing(booted: Gdb) -> None:
    before = booted.machine.state_hash()
    assert booted.monitor("proc version").startswith("minikernel ")
    assert "No such file" in booted.monitor("proc nonsense")
    assert booted.machine.state_hash() == before


def test_writing_proc_is_done_by_the_guest(gdb: Gdb) -> None:
    gdb.run_to("console_wait")
    assert "maintenance flush register-cache" in gdb.monitor("proc deferred_initcalls 1")
    assert "already run" in gdb.machine.dmesg


def test_symbols_of_a_module_where_its_sections_are(booted: Gdb) -> None:
    text = booted.monitor("symbols")
    command, note = text.splitlines()
    assert command.startswith("add-symbol-file build/hello.ko -s ")
    assert ".init.text" not in command  # given back
    assert note.startswith("# written to a script: source ")
    script = Path(note.rpartition(" ")[2])
    assert script.read_text() == command + "\n"


def test_the_shell_can_be_typed_at(booted: Gdb) -> None:
    booted.monitor("type echo typed by gdb")
    booted.run_to("console_wait")
    assert b"".join(booted.machine.console).endswith(b"\ntyped by gdb\n# ")
