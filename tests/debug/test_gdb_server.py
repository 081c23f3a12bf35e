"""The server and its socket: one gdb after the other, whatever they send."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from gdb_client import PATIENCE_S, Client, expanded, framed

from minikernel.debug.gdb_monitor import SymbolFiles
from minikernel.debug.gdb_packets import Packet, Signal
from minikernel.debug.gdb_server import GdbServer
from minikernel.errors import UsageError
from minikernel.kernel.machine import KernelMachine
from minikernel.power_on import BootOptions, prepare

PACKETS = 10_000
BATCH = 10
CTRL_C = b"\x03"


class Served:
    """A server in a thread of its own, and how to call it."""

    def __init__(self, tmp: Path) -> None:
        self.machines: list[KernelMachine] = []
        files = SymbolFiles(lambda name: tmp / f"{name}.ko", tmp / "modules.gdb")
        self.server = GdbServer(lambda: prepare(BootOptions()), files, 0, self.machines.append)
        self._thread = threading.Thread(target=self.server.serve, daemon=True)
        self._thread.start()
        self._clients: list[Client] = []

    def connect(self) -> Client:
        self._clients.append(Client(self.server.port))
        return self._clients[-1]

    def close(self) -> None:
        for client in self._clients:
            client.hang_up()
        self.server.close()
        self._thread.join(PATIENCE_S)
        assert not self._thread.is_alive()


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    served = Served(tmp_path)
    yield served
    served.close()


RESET = "00800080"


def good_session(client: Client, machine: KernelMachine) -> None:
    """What a gdb does, from reset: everything is as it ought to be."""
    where = machine.image.address("do_one_initcall")
    assert client.ask("qSupported:swbreak+").startswith("PacketSize=")
    assert client.pc() == RESET
    assert client.ask("vCont;s:1").startswith("T05")
    assert client.ask(f"Z0,{where:x},4") == "OK"
    for _ in range(5):
        assert client.ask("vCont;c").startswith("T05swbreak:;")
        assert client.pc() == where.to_bytes(4, "little").hex()
        assert client.ask(f"z0,{where:x},4") == "OK"
        assert client.ask("vCont;s:1").startswith("T05")
        assert client.ask(f"Z0,{where:x},4") == "OK"
    assert client.ask("bc").startswith("T05swbreak:;")
    assert client.ask(f"m{where:x},8") == machine.read(where, 8).hex()
    assert len(client.ask("g")) == 17 * 8


def test_it_listens_on_this_host_only(served: Served) -> None:
    assert served.server._listener.getsockname()[0] == "127.0.0.1"


def test_a_port_in_use_is_refused_with_words(served: Served, tmp_path: Path) -> None:
    files = SymbolFiles(lambda _: tmp_path, tmp_path)
    with pytest.raises(UsageError, match=f"cannot listen on 127.0.0.1:{served.server.port}: .*--port"):
        GdbServer(lambda: prepare(BootOptions()), files, served.server.port)


def test_a_session_from_reset(served: Served) -> None:
    client = served.connect()
    client.ask("?")
    good_session(client, served.machines[0])


def test_a_damaged_packet_is_asked_for_again_and_an_answer_sent_again(served: Served) -> None:
    client = served.connect()
    client.socket.sendall(b"$g#00")
    assert client.receive() is Signal.NACK
    assert client.ask("qC") == "QC1"
    client.socket.sendall(b"-")
    assert client.answer() == "QC1"


def test_without_acks_nothing_is_acknowledged(served: Served) -> None:
    client = served.connect()
    assert client.ask("QStartNoAckMode") == "OK"
    client.socket.sendall(b"$g#00")
    client.send("qC")
    answer = client.receive()
    assert answer == Packet(b"QC1")


def test_ctrl_c_stops_a_guest_that_runs(served: Served) -> None:
    client = served.connect()
    for _ in range(3):
        client.send("vCont;c")
        assert client.receive() is Signal.ACK
        time.sleep(0.3)
        client.socket.sendall(b"\x03")
        assert client.answer().startswith("T02")
    assert client.ask("bs").startswith("T05")


def test_ctrl_c_while_nothing_runs_stops_nothing_later(served: Served) -> None:
    client = served.connect()
    client.ask("?")
    client.socket.sendall(b"\x03\x03")
    assert client.ask("vCont;s:1").startswith("T05")
    assert client.pc() == "04800080"


def test_the_camera_is_found_as_a_gdb_left_it(served: Served) -> None:
    first = served.connect()
    first.ask("vCont;s:1")
    first.ask("Z0,80008008,4")
    assert first.ask("D") == "OK"
    assert first.receive() is None
    second = served.connect()
    assert second.pc() == "04800080"
    second.hang_up()
    third = served.connect()
    assert third.pc() == "04800080"
    third.send("vCont;c")  # no breakpoint of the first one is in its way
    time.sleep(0.3)
    third.socket.sendall(b"\x03")
    assert third.receive() is Signal.ACK
    assert third.answer().startswith("T02")


def test_a_lost_connection_stops_the_guest(served: Served) -> None:
    client = served.connect()
    client.send("vCont;c")
    assert client.receive() is Signal.ACK
    time.sleep(0.3)
    client.hang_up()
    assert served.connect().pc() != RESET


@pytest.mark.parametrize("packet", ["k", "vKill;1"])
def test_after_a_kill_there_is_a_new_camera(served: Served, packet: str) -> None:
    client = served.connect()
    client.ask("vCont;s:1")
    client.send(packet)
    while client.receive() is not None:
        pass
    assert served.connect().pc() == RESET
    assert len(served.machines) == 2


def test_ten_thousand_packets_of_nonsense_and_a_good_session(served: Served) -> None:
    nonsense = Nonsense(random.Random(4))
    client = served.connect()
    for number in range(PACKETS // BATCH):
        try:
            for _ in range(BATCH):
                client.socket.sendall(nonsense.packet() + CTRL_C)
            wait_for_echo(client, f"mark{number}")
        except ConnectionError:  # there was a kill or a detach among them
            client.hang_up()
            client = served.connect()
    assert len(served.machines) > 5
    client.hang_up()
    client = served.connect()
    client.send("vKill;1")
    while client.receive() is not None:
        pass
    client = served.connect()
    client.ask("?")
    good_session(client, served.machines[-1])


def wait_for_echo(client: Client, word: str) -> None:
    """Until all that was sent is answered. Raises ConnectionError when the server has hung up."""
    client.socket.sendall(b"#00" + CTRL_C)  # half a packet ends, which would take the Ctrl-C
    client.send("qRcmd," + word.encode().hex())
    while (item := client.receive()) is not None:
        if isinstance(item, Packet) and word.encode().hex() in expanded(item.payload).decode():
            return
    raise ConnectionResetError


class Nonsense:
    """Packets: random bytes, commands with arguments they do not have, good ones damaged."""

    LETTERS = "?gGpPmMXcCsSZzHTDbqQvkrR!AiIt"
    GOOD = (
        *("g", "p0f", "m80008000,40", "mc0008000,4", "M80100000,2:0102", "X80100000,1:a", "vCont;s:1", "vCont;c", "s"),
        *(
            "Z0,80008010,4",
            "z0,80008010,4",
            "Z2,80100000,4",
            "z2,80100000,4",
            "Z4,c0031110,4",
            "bs",
            "bc",
            "P1=00000001",
        ),
        *("qSupported:swbreak+", "qXfer:features:read:target.xml:0,fff", "qXfer:memory-map:read::0,fff", "Hg0", "T1"),
        *(
            "qRcmd,68656c70",
            "qRcmd,6672656573",
            "qRcmd,6576656e7473",
            "vCont;r80008000,80008010:1",
            "P19=d3010000",
            "?",
        ),
    )

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance

    def packet(self) -> bytes:
        kind = self._chance.choice((self._noise, self._arguments, self._arguments, self._mutated, self._mutated))
        return kind()

    def _bytes(self, limit: int) -> bytes:
        return self._chance.randbytes(self._chance.randrange(limit))

    def _noise(self) -> bytes:
        octets = self._bytes(60)
        return octets if self._chance.random() < 0.5 else framed(octets.translate(None, b"#$}*"))

    def _arguments(self) -> bytes:
        letter = self._chance.choice(self.LETTERS)
        if letter in "kD" and self._chance.random() < 0.95:
            letter = "m"
        words = [self._chance.choice(self._words()) for _ in range(self._chance.randrange(5))]
        return framed((letter + "".join(words)).encode())

    def _words(self) -> tuple[str, ...]:
        numbers = (
            f"{self._chance.randrange(1 << 36):x}",
            f"{self._chance.randrange(1 << 8):x}",
            "80008000",
            "ffffffff",
        )
        return (*numbers, ",", ":", ";", "=", "-", "4", "0", "Cont", "Xfer", "Rcmd,", "é", "\0")

    def _mutated(self) -> bytes:
        octets = bytearray(framed(self._chance.choice(self.GOOD).encode()))
        for _ in range(self._chance.randrange(3)):
            octets[self._chance.randrange(len(octets))] = self._chance.randrange(256)
        if self._chance.random() < 0.1:
            del octets[self._chance.randrange(len(octets)) :]
        if self._chance.random() < 0.5 and len(octets) > 4:  # let what is inside be looked at
            return framed(bytes(octets[1:-3]).translate(None, b"#$}*"))
        return bytes(octets)
