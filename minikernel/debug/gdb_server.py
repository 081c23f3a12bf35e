"""The socket between gdb and a GdbSession: one client at a time, on 127.0.0.1 only.

A thread reads, so that Ctrl-C and a lost connection are noticed while the guest runs; everything else happens in the
thread that called serve().
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from queue import Empty, Queue
from typing import NamedTuple

from minikernel.debug.debugger import Debugger
from minikernel.debug.gdb_monitor import Monitor, SymbolFiles
from minikernel.debug.gdb_packets import ACK, NACK, Packet, PacketReader, Signal, frame
from minikernel.debug.gdb_session import Ending, GdbSession
from minikernel.debug.module_names import ModuleNames
from minikernel.errors import UsageError
from minikernel.kernel.machine import KernelMachine

HOST = "127.0.0.1"
DEFAULT_PORT = 1234

LOOK_UP_S = 0.25  # how often a wait looks up, for Ctrl-C on systems where it does not end a wait
RECEIVE_BYTES = 1 << 16
WAITING_PACKETS = 64  # then the reader waits too


class _Closed:
    """gdb has gone."""


class Connection:
    """A client. incoming() gives what comes. A Ctrl-C, and the end of the connection, are for the packets that came
    before and are not answered yet: set_interrupted(True) is called while or before they are, (False) after each."""

    def __init__(self, client: socket.socket, set_interrupted: Callable[[bool], None]) -> None:
        self._client = client
        self._set_interrupted = set_interrupted
        self._queue: Queue[Packet | Signal | _Closed] = Queue(WAITING_PACKETS)
        self._lock = threading.Lock()
        self._received = self._taken = self._answered = 0  # packets
        self._interrupted = 0  # the last packet that a Ctrl-C is for
        self._is_open = True
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._reader = threading.Thread(target=self._read, name="gdb reader", daemon=True)
        self._reader.start()

    def incoming(self) -> Iterator[Packet | Signal]:
        """Packets and signals, until gdb has gone."""
        while True:
            try:
                item = self._queue.get(timeout=LOOK_UP_S)
            except Empty:
                continue
            if isinstance(item, _Closed):
                return
            if isinstance(item, Packet):
                self._begin()
            yield item

    def answered(self) -> None:
        """The packet last taken is done: a Ctrl-C from now on is not for it."""
        with self._lock:
            self._answered = self._taken
            self._set_interrupted(False)

    def send(self, octets: bytes) -> None:
        """Nothing happens when gdb has gone; incoming() will say so."""
        try:
            self._client.sendall(octets)
        except OSError:
            self._is_open = False

    def close(self) -> None:
        """Hang up, and wait for the reader."""
        self._is_open = False
        with suppress(OSError):  # the other side was faster
            self._client.shutdown(socket.SHUT_RDWR)
        while self._reader.is_alive():
            while not self._queue.empty():
                self._queue.get()
            self._reader.join(timeout=0.01)
        self._client.close()

    def _read(self) -> None:
        reader = PacketReader()
        while self._is_open:
            try:
                received = self._client.recv(RECEIVE_BYTES)
            except OSError:
                break
            if not received:
                break
            for item in reader.feed(received):
                self._take(item)
        self._interrupt()
        self._queue.put(_Closed())

    def _take(self, item: Packet | Signal) -> None:
        if item is Signal.CTRL_C:
            self._interrupt()
            return
        if isinstance(item, Packet):
            with self._lock:
                self._received += 1
        self._queue.put(item)

    def _begin(self) -> None:
        with self._lock:
            self._taken += 1
            self._set_interrupted(self._taken <= self._interrupted)

    def _interrupt(self) -> None:
        with self._lock:
            self._interrupted = self._received
            if self._taken > self._answered:
                self._set_interrupted(True)


class Camera(NamedTuple):
    """What gdb debugs."""

    machine: KernelMachine
    debugger: Debugger
    modules: ModuleNames


class GdbServer:
    """Serves one gdb after the other. make_machine() gives a camera before its first instruction: the first one, and a
    new one after a kill. After a detach or a lost connection the next gdb finds the camera as it was left.

    Listens from its making; `port` is the real one where 0 was asked for. Raises UsageError for a port in use.
    """

    def __init__(
        self,
        make_machine: Callable[[], KernelMachine],
        files: SymbolFiles,
        port: int = DEFAULT_PORT,
        on_new: Callable[[KernelMachine], None] = lambda _: None,
    ) -> None:
        self._make_machine = make_machine
        self._files = files
        self._on_new = on_new
        self._camera: Camera | None = None
        self._is_closing = False
        self._listener = _listen(port)
        self.port: int = self._listener.getsockname()[1]

    def serve(self) -> None:
        """Until close(), or an exception (Ctrl-C)."""
        while not self._is_closing:
            client = self._accept()
            if client is not None:
                with client:
                    self.serve_one(client)

    def close(self) -> None:
        """Let serve() end before the next client; from another thread too."""
        self._is_closing = True
        self._listener.close()

    def serve_one(self, client: socket.socket) -> Ending | None:
        """One client to its end; None: it has hung up."""
        camera = self._camera or self._new_camera()
        machine = camera.machine
        monitor = Monitor(machine, self._make_machine, self._files)
        session = GdbSession(camera.debugger, monitor, camera.modules.update)

        def set_interrupted(is_interrupted: bool) -> None:
            machine.is_interrupted = is_interrupted

        with _closing(Connection(client, set_interrupted), session) as connection:
            _talk(connection, session)
        if session.ending is Ending.KILLED:
            self._camera = None
        return session.ending

    def _new_camera(self) -> Camera:
        machine = self._make_machine()
        self._on_new(machine)
        debugger = Debugger(machine)
        files = self._files
        program = b"" if files.program is None else files.program.read_bytes()
        modules = ModuleNames(
            machine, debugger.symbols, lambda name: files.module_file(name).read_bytes(), program=program
        )
        self._camera = Camera(machine, debugger, modules)
        return self._camera

    def _accept(self) -> socket.socket | None:
        try:
            client, _ = self._listener.accept()
        except TimeoutError:
            return None
        except OSError:
            if self._is_closing:
                return None
            raise
        client.settimeout(None)
        return client


def _talk(connection: Connection, session: GdbSession) -> None:
    """Answer packets until gdb takes its leave or has gone."""
    last = b""
    for item in connection.incoming():
        if item is Signal.NACK and session.has_acks:
            connection.send(last)
        elif item is Signal.DAMAGED and session.has_acks:
            connection.send(NACK)
        elif isinstance(item, Packet):
            if session.has_acks:
                connection.send(ACK)
            last = b"".join(frame(answer) for answer in session.answer(item.payload))
            connection.answered()
            connection.send(last)
        if session.ending is not None:
            return


@contextmanager
def _closing(connection: Connection, session: GdbSession) -> Iterator[Connection]:
    try:
        yield connection
    finally:
        connection.close()
        session.close()


def _listen(port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((HOST, port))
        listener.listen(1)
    except OSError as error:
        listener.close()
        raise UsageError(f"cannot listen on {HOST}:{port}: {error.strerror}; --port chooses another port") from None
    listener.settimeout(LOOK_UP_S)
    return listener
