"""Packets of the remote protocol: what goes in comes out, and what is none is passed over or refused."""

from __future__ import annotations

import random

import pytest
from gdb_client import expanded

from minikernel.debug.gdb_packets import (
    PACKET_SIZE,
    Packet,
    PacketReader,
    Signal,
    escape,
    frame,
    number,
    unescape,
    unhex,
)


def read(octets: bytes) -> list[Packet | Signal]:
    return list(PacketReader().feed(octets))


def body(framed: bytes) -> bytes:
    """What stands in a packet, its checksum looked at."""
    assert framed[:1] == b"$" and framed[-3:-2] == b"#"
    assert int(framed[-2:], 16) == sum(framed[1:-3]) % 256
    return framed[1:-3]


def test_a_good_packet_comes_out() -> None:
    assert read(b"$qSupported#37") == [Packet(b"qSupported")]


def test_a_packet_may_come_byte_by_byte() -> None:
    reader = PacketReader()
    found = [item for byte in b"+$g#67\x03-" for item in reader.feed(bytes([byte]))]
    assert found == [Signal.ACK, Packet(b"g"), Signal.CTRL_C, Signal.NACK]


@pytest.mark.parametrize("octets", [b"$g#68", b"$g#zz", b"$g#+7", b"$g# 7", b"$#01", b"$" + b"g" * 20_000 + b"#67"])
def test_a_damaged_packet_is_refused_and_the_next_one_is_good(octets: bytes) -> None:
    assert read(octets + b"$g#67") == [Signal.DAMAGED, Packet(b"g")]


def test_a_dollar_begins_anew() -> None:
    assert read(b"$half a pack$g#67") == [Packet(b"g")]


def test_ctrl_c_inside_a_packet_is_none() -> None:
    assert read(b"$\x03#03") == [Packet(b"\x03")]


def test_noise_between_packets_is_passed_over() -> None:
    assert read(b"GET / HTTP/1.1\r\n\r\n#00$g#67\xff\x00") == [Packet(b"g")]


def test_the_longest_packet_is_taken() -> None:
    payload = b"m" * PACKET_SIZE
    assert read(b"$%s#%02x" % (payload, sum(payload) % 256)) == [Packet(payload)]


@pytest.mark.parametrize("length", range(1, 220))
def test_runs_of_any_length_are_shortened_and_come_back(length: int) -> None:
    payload = b"a" + b"0" * length + b"b"
    framed = frame(payload)
    assert expanded(body(framed)) == payload
    assert length < 4 or len(framed) < len(payload) + 4


def test_random_binary_survives_escape_frame_and_back() -> None:
    chance = random.Random(1)
    for _ in range(500):
        alphabet = chance.choice([bytes(range(256)), b"#$}*\x03]", b"\0a"])
        binary = bytes(chance.choices(alphabet, k=chance.randrange(300)))
        assert unescape(expanded(body(frame(escape(binary))))) == binary
        assert not set(escape(binary)) & {ord("#"), ord("$"), ord("*")}


def test_an_escape_of_nothing_is_dropped() -> None:
    assert unescape(b"ab}") == b"ab"


@pytest.mark.parametrize("digits", [b"", b"-1", b"+1", b"0x1", b" 1", b"1_0", "\u0661".encode(), b"g"])
def test_only_hex_digits_are_a_number(digits: bytes) -> None:
    assert number(digits) is None


def test_bytes_need_two_digits_each() -> None:
    assert unhex(b"00fF") == b"\0\xff"
    assert unhex(b"") == b""
    assert unhex(b"0") is None
    assert unhex(b"0 0 ") is None
