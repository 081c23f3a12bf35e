"""The UART: characters out, characters in, and when it interrupts."""

import pytest

from minikernel.board.pl011 import FIFO_DEPTH, Pl011, Register

UARTEN, TXE, RXE = 1, 1 << 8, 1 << 9
RXFE, TXFF, RXFF, TXFE = 1 << 4, 1 << 5, 1 << 6, 1 << 7
RX, TX, RT = 1 << 4, 1 << 5, 1 << 6
FEN = 1 << 4


@pytest.fixture
def uart(irq, unknown):
    """Enabled, with FIFOs, as a driver sets it up."""
    uart = Pl011(irq, unknown)
    write(uart, Register.UARTLCR_H, 0x60 | FEN)
    write(uart, Register.UARTCR, UARTEN | TXE | RXE)
    return uart


def read(uart, register):
    return uart.read(register, 4)


def write(uart, register, value):
    uart.write(register, 4, value)


def send(uart, text):
    for character in text:
        write(uart, Register.UARTDR, character)


def read_all(uart):
    characters = bytearray()
    while not read(uart, Register.UARTFR) & RXFE:
        characters.append(read(uart, Register.UARTDR))
    return bytes(characters)


@pytest.mark.parametrize(
    ("register", "value"),
    [
        (Register.UARTDR, 0),
        (Register.UARTRSR, 0),
        (Register.UARTFR, RXFE | TXFE),
        (Register.UARTIBRD, 0),
        (Register.UARTFBRD, 0),
        (Register.UARTLCR_H, 0),
        (Register.UARTCR, 0x300),
        (Register.UARTIFLS, 0x12),
        (Register.UARTIMSC, 0),
        (Register.UARTRIS, 0),
        (Register.UARTMIS, 0),
        (Register.UARTICR, 0),
        (Register.UARTDMACR, 0),
    ],
)
def test_reset_value(irq, register, value):
    assert read(Pl011(irq), register) == value


@pytest.mark.parametrize(
    ("register", "kept"),
    [
        (Register.UARTILPR, 0xFF),
        (Register.UARTIBRD, 0xFFFF),
        (Register.UARTFBRD, 0x3F),
        (Register.UARTLCR_H, 0xFF),
        (Register.UARTCR, 0xFF87),
        (Register.UARTIFLS, 0x3F),
        (Register.UARTIMSC, 0x7FF),
        (Register.UARTDMACR, 0x7),
    ],
)
def test_register_keeps_the_bits_it_has(uart, register, kept):
    write(uart, register, 0xFFFF_FFFF)
    assert read(uart, register) == kept


def test_primecell_id_is_a_pl011(uart, unknown):
    assert [read(uart, offset) for offset in range(0xFE0, 0x1000, 4)] == [0x11, 0x10, 0x34, 0, 0xD, 0xF0, 5, 0xB1]
    assert unknown == []


def test_characters_leave_at_once(uart):
    seen = []
    uart.on_transmit = seen.append
    send(uart, b"Linux")
    assert bytes(uart.transmitted) == b"Linux"
    assert b"".join(seen) == b"Linux"
    assert read(uart, Register.UARTFR) & (TXFE | TXFF) == TXFE


def test_byte_store_sends_too(uart):
    uart.write(Register.UARTDR, 1, ord("x"))
    assert uart.transmitted == b"x"


@pytest.mark.parametrize("ctrl", [0, UARTEN, TXE])
def test_disabled_transmitter_keeps_a_fifo_full_and_loses_the_rest(uart, ctrl):
    write(uart, Register.UARTCR, ctrl)
    send(uart, b"0123456789abcdefgh")
    assert uart.transmitted == b""
    assert read(uart, Register.UARTFR) & (TXFE | TXFF) == TXFF
    write(uart, Register.UARTCR, UARTEN | TXE)
    assert uart.transmitted == b"0123456789abcdef"


def test_transmit_interrupt_comes_with_each_character_and_goes_by_icr(uart, irq):
    write(uart, Register.UARTIMSC, TX)
    assert not irq.level
    send(uart, b"a")
    assert irq.level
    write(uart, Register.UARTICR, TX)
    assert not irq.level
    send(uart, b"b")
    assert irq.level


def test_received_characters_are_read_in_order(uart):
    uart.receive(b"ls ")
    uart.receive(b"/proc\n")
    assert read_all(uart) == b"ls /proc\n"
    assert read(uart, Register.UARTDR) == 0


def test_sender_waits_while_the_fifo_is_full(uart):
    line = bytes(range(65, 65 + 40))
    uart.receive(line)
    assert read(uart, Register.UARTFR) & (RXFE | RXFF) == RXFF
    assert read_all(uart) == line


@pytest.mark.parametrize("ctrl", [0, UARTEN, RXE])
def test_disabled_receiver_leaves_characters_with_the_sender(uart, ctrl):
    write(uart, Register.UARTCR, ctrl)
    uart.receive(b"hello")
    assert read(uart, Register.UARTFR) & RXFE
    write(uart, Register.UARTCR, UARTEN | RXE)
    assert read_all(uart) == b"hello"


def test_without_fifos_one_character_is_held(uart, irq):
    write(uart, Register.UARTLCR_H, 0x60)
    write(uart, Register.UARTIMSC, RX)
    uart.receive(b"ab")
    assert read(uart, Register.UARTFR) & (RXFE | RXFF) == RXFF
    assert irq.level
    assert read(uart, Register.UARTDR) == ord("a")
    assert irq.level  # the next one is there already
    assert read(uart, Register.UARTDR) == ord("b")
    assert not irq.level


@pytest.mark.parametrize(("select", "level"), [(0, 2), (1, 4), (2, 8), (3, 12), (4, 14), (7, 14)])
def test_receive_interrupt_comes_at_the_trigger_level(uart, select, level):
    write(uart, Register.UARTIFLS, select << 3)
    uart.receive(b"x" * (level - 1))
    assert not read(uart, Register.UARTRIS) & RX
    uart.receive(b"x")
    assert read(uart, Register.UARTRIS) & RX
    read(uart, Register.UARTDR)
    assert not read(uart, Register.UARTRIS) & RX


def test_receive_timeout_is_raised_when_the_sender_has_no_more(uart):
    uart.receive(b"x" * (FIFO_DEPTH + 1))
    assert not read(uart, Register.UARTRIS) & RT
    read(uart, Register.UARTDR)
    assert read(uart, Register.UARTRIS) & RT
    read_all(uart)
    assert not read(uart, Register.UARTRIS) & (RT | RX)


def test_one_typed_character_interrupts_a_driver_that_enables_rx_and_rt(uart, irq):
    write(uart, Register.UARTIMSC, RX | RT)
    uart.receive(b"q")
    assert irq.level
    assert read(uart, Register.UARTMIS) == RT
    read_all(uart)
    assert not irq.level


def test_mask_hides_but_does_not_clear(uart, irq):
    uart.receive(b"q")
    assert read(uart, Register.UARTRIS) == RT
    assert read(uart, Register.UARTMIS) == 0
    write(uart, Register.UARTIMSC, RT)
    assert irq.level
    write(uart, Register.UARTIMSC, 0)
    assert not irq.level


def test_icr_drops_the_timeout_until_the_next_character(uart, irq):
    write(uart, Register.UARTIMSC, RT)
    uart.receive(b"a")
    write(uart, Register.UARTICR, 0x7FF)
    assert not irq.level
    uart.receive(b"b")
    assert irq.level
    assert read_all(uart) == b"ab"


def test_saved_in_the_middle_of_both_directions_it_goes_on(uart, irq):
    write(uart, Register.UARTIMSC, RX | RT)
    uart.receive(bytes(range(60, 60 + 30)))
    read(uart, Register.UARTDR)
    write(uart, Register.UARTCR, UARTEN | RXE)
    send(uart, b"held")
    state = uart.save()

    read_all(uart)
    write(uart, Register.UARTCR, UARTEN | TXE | RXE)
    send(uart, b"!")
    assert not irq.level

    uart.load(state)
    assert uart.save() == state
    assert irq.level
    assert uart.transmitted == b""
    assert read_all(uart) == bytes(range(61, 60 + 30))
    write(uart, Register.UARTCR, UARTEN | TXE | RXE)
    assert uart.transmitted == b"held"


def test_unknown_register_is_logged(uart, unknown):
    assert read(uart, 0x08) == 0
    write(uart, 0x80, 3)
    assert unknown == [("uart0", 0x08, False, 0), ("uart0", 0x80, True, 3)]
