"""PL011 UART (4 KiB at 0x1c090000, SPI 5): the serial console.

Source: ARM PrimeCell UART (PL011) Technical Reference Manual, DDI 0183, programmers model
and interrupts.

| offset | name         | access | reset  | bits used |
|--------|--------------|--------|--------|-----------|
| 0x000  | UARTDR       | RW     | -      | 7:0 data; the error bits 11:8 are always 0 |
| 0x004  | UARTRSR      | RW     | 0      | no errors on this line; a write clears them |
| 0x018  | UARTFR       | RO     | 0x90   | 4 RXFE, 5 TXFF, 6 RXFF, 7 TXFE; no BUSY, no modem lines |
| 0x020  | UARTILPR     | RW     | 0      | kept |
| 0x024  | UARTIBRD     | RW     | 0      | 15:0, kept: see below |
| 0x028  | UARTFBRD     | RW     | 0      | 5:0, kept |
| 0x02c  | UARTLCR_H    | RW     | 0      | 4 FEN: FIFOs of 16 characters, else of 1; the rest is kept |
| 0x030  | UARTCR       | RW     | 0x0300 | 0 UARTEN, 8 TXE, 9 RXE; the rest is kept (no loop back, no flow control) |
| 0x034  | UARTIFLS     | RW     | 0x12   | 2:0 TXIFLSEL, 5:3 RXIFLSEL: 1/8 1/4 1/2 3/4 7/8 full |
| 0x038  | UARTIMSC     | RW     | 0      | 4 RX, 5 TX, 6 RT (receive timeout); the other sources never come |
| 0x03c  | UARTRIS      | RO     | 0      | raw |
| 0x040  | UARTMIS      | RO     | 0      | raw AND mask |
| 0x044  | UARTICR      | WO     | -      | write 1 to clear |
| 0x048  | UARTDMACR    | RW     | 0      | kept |
| 0xfe0  | PeriphID 0-3, PCellID 0-3 | RO | | 11 10 34 00, 0d f0 05 b1 |

Simplifications. The line is infinitely fast: a character leaves at once whatever the baud rate, so printing costs
only the instructions, and TXRIS is raised by every character sent (the FIFO has just fallen through its trigger
level). The sender at the other end waits while the receive FIFO is full, so there is no overrun. The receive
timeout does not wait 32 bit periods: RTRIS is raised as soon as the sender has nothing more. While UARTEN or TXE is
0, characters stay in the transmit FIFO and go out when both are 1; with the FIFO full they are lost. While UARTEN or
RXE is 0, characters stay with the sender.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import IntEnum

from minikernel.board.device import AccessLog, IrqLine, State, WordDevice, ignore_access

FIFO_DEPTH = 16
SINGLE = tuple(bytes([character]) for character in range(256))
INTERRUPT_MASK = 0x7FF


class Register(IntEnum):
    UARTDR = 0x000
    UARTRSR = 0x004
    UARTFR = 0x018
    UARTILPR = 0x020
    UARTIBRD = 0x024
    UARTFBRD = 0x028
    UARTLCR_H = 0x02C
    UARTCR = 0x030
    UARTIFLS = 0x034
    UARTIMSC = 0x038
    UARTRIS = 0x03C
    UARTMIS = 0x040
    UARTICR = 0x044
    UARTDMACR = 0x048


class Flag(IntEnum):
    RXFE = 1 << 4
    TXFF = 1 << 5
    RXFF = 1 << 6
    TXFE = 1 << 7


class Cr(IntEnum):
    UARTEN = 1 << 0
    TXE = 1 << 8
    RXE = 1 << 9


class Interrupt(IntEnum):
    RX = 1 << 4
    TX = 1 << 5
    RT = 1 << 6


LCR_H_FEN = 1 << 4
RX_TRIGGER_LEVELS = (2, 4, 8, 12, 14)  # UARTIFLS.RXIFLSEL, characters of a 16-character FIFO

# Registers that only keep what is written: offset -> bits they have.
KEPT_BITS = {
    Register.UARTILPR: 0xFF,
    Register.UARTIBRD: 0xFFFF,
    Register.UARTFBRD: 0x3F,
    Register.UARTLCR_H: 0xFF,
    Register.UARTCR: 0xFF87,
    Register.UARTIFLS: 0x3F,
    Register.UARTIMSC: INTERRUPT_MASK,
    Register.UARTDMACR: 0x7,
}
RESET_VALUES = {Register.UARTCR: int(Cr.TXE | Cr.RXE), Register.UARTIFLS: 0x12}


class Pl011(WordDevice):
    """The UART; see the head of this file.

    `on_transmit`, when set, is called with each bytes object that leaves; `transmitted` has all of them since reset.
    """

    REGISTERS = Register
    PRIMECELL_ID = bytes([0x11, 0x10, 0x34, 0x00, 0x0D, 0xF0, 0x05, 0xB1])

    def __init__(self, irq: IrqLine, access_log: AccessLog = ignore_access, name: str = "uart0") -> None:
        super().__init__(name, access_log)
        self._irq = irq
        self.on_transmit: Callable[[bytes], None] | None = None
        self.transmitted = bytearray()
        self._kept = {int(register): RESET_VALUES.get(register, 0) for register in KEPT_BITS}
        self._raw = 0
        self._tx_fifo = b""
        self._rx_fifo = b""
        self._sender = b""

    def receive(self, characters: bytes) -> None:
        """Characters typed at the other end of the line; they come as fast as the FIFO takes them."""
        self._sender += characters
        self._fill_rx_fifo()
        self._update_irq()

    def read_word(self, offset: int) -> int:
        match offset:
            case Register.UARTDR:
                return self._read_character()
            case Register.UARTFR:
                return self._flags()
            case Register.UARTRIS:
                return self._raw
            case Register.UARTMIS:
                return self._raw & self._kept[Register.UARTIMSC]
            case _ if offset in self._kept:
                return self._kept[offset]
        return self._unhandled_read(offset)

    def write_word(self, offset: int, value: int) -> None:
        match offset:
            case Register.UARTDR:
                if len(self._tx_fifo) < self._fifo_depth():
                    self._tx_fifo += SINGLE[value & 0xFF]
                    self._send()
            case Register.UARTICR:
                self._raw &= ~value
            case _ if offset in self._kept:
                self._kept[offset] = value & KEPT_BITS[Register(offset)]
                self._send()
                self._fill_rx_fifo()
            case _:
                self._unhandled_write(offset, value)
        self._update_irq()

    def save(self) -> State:
        kept = tuple(self._kept.values())
        return kept, self._raw, self._tx_fifo, self._rx_fifo, self._sender, bytes(self.transmitted)

    def load(self, state: State) -> None:
        kept, self._raw, self._tx_fifo, self._rx_fifo, self._sender, transmitted = state
        self._kept = dict(zip(KEPT_BITS, kept, strict=True))
        self.transmitted = bytearray(transmitted)
        self._update_irq()

    def _update_irq(self) -> None:
        self._irq.set(bool(self._raw & self._kept[Register.UARTIMSC]))

    def _enabled(self, direction: Cr) -> bool:
        wanted = Cr.UARTEN | direction
        return self._kept[Register.UARTCR] & wanted == wanted

    def _fifo_depth(self) -> int:
        return FIFO_DEPTH if self._kept[Register.UARTLCR_H] & LCR_H_FEN else 1

    def _rx_trigger_level(self) -> int:
        if self._fifo_depth() == 1:
            return 1
        select = self._kept[Register.UARTIFLS] >> 3
        return RX_TRIGGER_LEVELS[min(select, len(RX_TRIGGER_LEVELS) - 1)]  # 101b-111b are reserved

    def _flags(self) -> int:
        depth = self._fifo_depth()
        flags = 0
        if not self._rx_fifo:
            flags |= Flag.RXFE
        if len(self._rx_fifo) >= depth:
            flags |= Flag.RXFF
        if not self._tx_fifo:
            flags |= Flag.TXFE
        if len(self._tx_fifo) >= depth:
            flags |= Flag.TXFF
        return flags

    def _send(self) -> None:
        if not self._tx_fifo or not self._enabled(Cr.TXE):
            return
        characters, self._tx_fifo = self._tx_fifo, b""
        self._raw |= Interrupt.TX
        self.transmitted += characters
        if self.on_transmit is not None:
            self.on_transmit(characters)

    def _fill_rx_fifo(self) -> None:
        """Let the sender go on: new characters raise RX at the trigger level and RT when they are the last ones."""
        room = self._fifo_depth() - len(self._rx_fifo)
        if not self._sender or room <= 0 or not self._enabled(Cr.RXE):
            return
        self._rx_fifo += self._sender[:room]
        self._sender = self._sender[room:]
        if len(self._rx_fifo) >= self._rx_trigger_level():
            self._raw |= Interrupt.RX
        if not self._sender:
            self._raw |= Interrupt.RT

    def _read_character(self) -> int:
        if not self._rx_fifo:
            return 0
        character, self._rx_fifo = self._rx_fifo[0], self._rx_fifo[1:]
        if len(self._rx_fifo) < self._rx_trigger_level():
            self._raw &= ~Interrupt.RX
        if not self._rx_fifo:
            self._raw &= ~Interrupt.RT
        self._fill_rx_fifo()
        self._update_irq()
        return character
