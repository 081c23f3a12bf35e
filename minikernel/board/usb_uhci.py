"""USB 1.1 companion controller stub, UHCI 1.1 (0x400 bytes at 0x1b000400, SPI 17): two root-hub ports.

Source: Universal Host Controller Interface Design Guide, revision 1.1, chapter 2. Registers are 16 bits wide
(FLBASEADD 32, SOFMOD 8); use halfword accesses, words where the table says 32. A word access to two halfword
registers accesses both.

| offset | name      | width | access | reset  | bits |
|--------|-----------|-------|--------|--------|------|
| 0x00   | USBCMD    | 16    | RW     | 0      | 0 RS, 1 HCRESET, 2 GRESET, 3 EGSM, 4 FGR, 5 SWDBG, 6 CF, 7 MAXP |
| 0x02   | USBSTS    | 16    | RWC    | 0x0020 | 0 USBINT, 1 ERROR, 2 RESUME, 3 HSE, 4 HCPE, 5 HCHALTED |
| 0x04   | USBINTR   | 16    | RW     | 0      | 0 TIMEOUT/CRC, 1 RESUME, 2 IOC, 3 SHORT PACKET |
| 0x06   | FRNUM     | 16    | RW     | 0      | 10:0 frames of 1 ms, counts while RS = 1; writable only while halted |
| 0x08   | FLBASEADD | 32    | RW     | 0      | 31:12 |
| 0x0c   | SOFMOD    | 8     | RW     | 0x40   | 6:0 |
| 0x10   | PORTSC1   | 16    | RW     | 0x0080 | 0 CCS, 1 CSC, 2 PE, 3 PEC, 5:4 line, 7 = 1, 8 LSDA, 9 PR, 12 SUSP |
| 0x12   | PORTSC2   | 16    | RW     | 0x0080 | the same; nothing is connected to it |

CSC, PEC and the bits of USBSTS are cleared by writing 1. Is one there: PORTSC1 bit 7 always reads 1, and PORTSC1 = 0
where nothing answers.

Times, all to be waited for by software:
  * GRESET: software writes 1, holds it at least 10 ms, writes 0. All registers but GRESET itself are at reset values
    from the start. Released earlier than 10 ms the bus was not reset: the ports stay without connection (CCS = 0)
    until a proper GRESET.
  * HCRESET: reads 1 for 10 ms, then 0; registers at reset values from the start, other writes are ignored meanwhile.
  * RS 0 -> 1: HCHALTED, once cleared by writing 1 to it, stays 0. RS 1 -> 0: HCHALTED = 1 after the current frame (1
    ms). With RS = 0 and the frame over, writing 1 to HCHALTED does not clear it.
  * Port reset: PR = 1 held at least 50 ms (USB 1.1 7.1.7.3), then PR = 0, then write PE = 1. PE is accepted only with
    CCS = 1, PR = 0 and a long enough reset since the connection.

The port sees the cable only while the EHCI controller has given it away (PORTSC1.PO = 1, which is so from reset until
software sets CONFIGFLAG). A full-speed link can be enabled but carries no data: the bulk pipe is high-speed only.
Line status is 10b (J) while CCS = 1 and PR = 0. Unplugging or re-routing clears CCS and PE and sets CSC (and PEC if
PE was 1). Interrupt: this stub walks no frame list, so the only cause is RESUME detect, which never comes; the line
stays low.
"""

from __future__ import annotations

from enum import IntEnum, IntFlag

GRESET_NS = 10_000_000
HCRESET_NS = 10_000_000
PORT_RESET_NS = 50_000_000
FRAME_NS = 1_000_000


class Register(IntEnum):
    USBCMD = 0x00
    USBSTS = 0x02
    USBINTR = 0x04
    FRNUM = 0x06
    FLBASEADD = 0x08
    SOFMOD = 0x0C
    PORTSC1 = 0x10
    PORTSC2 = 0x12


class UsbCmd(IntFlag):
    RS = 1 << 0
    HCRESET = 1 << 1
    GRESET = 1 << 2
    EGSM = 1 << 3
    FGR = 1 << 4
    SWDBG = 1 << 5
    CF = 1 << 6
    MAXP = 1 << 7


class UsbSts(IntFlag):
    USBINT = 1 << 0
    ERROR = 1 << 1
    RESUME = 1 << 2
    HSE = 1 << 3
    HCPE = 1 << 4
    HC_HALTED = 1 << 5


class PortSc(IntFlag):
    CCS = 1 << 0
    CSC = 1 << 1
    PE = 1 << 2
    PEC = 1 << 3
    LINE_J = 0b10 << 4
    ONE = 1 << 7
    LSDA = 1 << 8
    PR = 1 << 9
    SUSPEND = 1 << 12
