"""A gdb without a mind of its own: packets to a server, answers from it."""

from __future__ import annotations

import socket

from minikernel.debug.gdb_packets import Packet, PacketReader, Signal

PATIENCE_S = 20.0


class Client:
    """A gdb without a mind of its own."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S)
        self._reader = PacketReader()
        self._items: list[Packet | Signal] = []

    def send(self, payload: str) -> None:
        self.socket.sendall(framed(payload.encode()))

    def receive(self) -> Packet | Signal | None:
        """None: the server has hung up."""
        while not self._items:
            received = self.socket.recv(1 << 16)
            if not received:
                return None
            self._items += self._reader.feed(received)
        return self._items.pop(0)

    def ask(self, payload: str) -> str:
        """The answer; the packet is acknowledged, and so is the answer."""
        self.send(payload)
        assert self.receive() is Signal.ACK
        return self.answer()

    def answer(self) -> str:
        answer = self.receive()
        assert isinstance(answer, Packet), answer
        self.socket.sendall(b"+")
        return expanded(answer.payload).decode()

    def pc(self) -> str:
        return self.ask("pf")

    def hang_up(self) -> None:
        self.socket.close()


def framed(payload: bytes) -> bytes:
    """A packet; gdb shortens no runs."""
    return b"$%s#%02x" % (payload, sum(payload) % 256)


def expanded(body: bytes) -> bytes:
    """A payload of ours with its runs written out, as gdb does (GDB manual, appendix E.1)."""
    payload = bytearray()
    at = 0
    while at < len(body):
        if body[at : at + 1] == b"*":
            assert 32 <= body[at + 1] <= 126 and body[at + 1 : at + 2] not in (b"$", b"#")
            payload += payload[-1:] * (body[at + 1] - 29)
            at += 2
        else:
            payload += body[at : at + 1]
            at += 1
    return bytes(payload)
