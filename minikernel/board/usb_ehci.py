"""USB 2.0 host controller stub, EHCI 1.0 (0x400 bytes at 0x1b000000, SPI 16 shared with the bulk pipe): one port.

Source: Enhanced Host Controller Interface Specification for USB, revision 1.0 (section numbers below). The registers
and their slowness are the specification's; the transfer schedules are stored but not walked: bytes go over the
bulk pipe (usb_bulk.py), which works only while this controller's port is enabled.

| offset | name             | access | reset      | bits |
|--------|------------------|--------|------------|------|
| 0x00   | CAPLENGTH        | RO     | 0x01000020 | CAPLENGTH = 0x20, HCIVERSION = 0x0100 (2.2.1, 2.2.2) |
| 0x04   | HCSPARAMS        | RO     | 0x00001111 | 1 port, PPC = 1 (switched power), 1 companion (2.2.3) |
| 0x08   | HCCPARAMS        | RO     | 0          | 32-bit addresses, 1024-element frame list (2.2.4) |
| 0x20   | USBCMD           | RW     | 0x00080000 | 0 RS, 1 HCRESET, 4 PSE, 5 ASE, 6 IAAD, 23:16 ITC (2.3.1) |
| 0x24   | USBSTS           | RWC    | 0x00001000 | 0 USBINT, 1 ERR, 2 PCD, 4 HSE, 5 IAA; 12 HCHalted (2.3.2) |
| 0x28   | USBINTR          | RW     | 0          | enables of USBSTS 5:0 (2.3.3) |
| 0x2c   | FRINDEX          | RW     | 0          | 13:0 micro-frames of 125 us; writable only while halted (2.3.4) |
| 0x30   | CTRLDSSEGMENT    | RO     | 0          | no 64-bit addressing (2.3.5) |
| 0x34   | PERIODICLISTBASE | RW     | 0          | 31:12 (2.3.6) |
| 0x38   | ASYNCLISTADDR    | RW     | 0          | 31:5 (2.3.7) |
| 0x60   | CONFIGFLAG       | RW     | 0          | 0 CF: 1 routes the port here, 0 to the companion (2.3.8) |
| 0x64   | PORTSC1          | RW     | 0x00002000 | 0 CCS, 1 CSC, 2 PED, 3 PEDC, 8 PR, 11:10 line, 12 PP, 13 PO |

Times, all to be waited for by software:
  * HCRESET = 1: reads 1 for 20 ms, then 0; all operational registers are at reset values from the start (the port
    loses power and goes to the companion), other writes are ignored meanwhile. HCHalted is 1. (4.1)
  * RS 0 -> 1: HCHalted falls 2 ms later (16 micro-frames, 2.3.1). RS 1 -> 0: HCHalted rises 2 ms later.
  * PP 0 -> 1: power is good 20 ms later; only then is a plugged cable seen: CCS = 1, CSC = 1, PCD = 1.
  * Port reset: write PR = 1 (with PED = 0), wait at least 50 ms (USB 2.0 7.1.7.5, TDRSTR), write PR = 0, then poll
    until PR reads 0: up to 2 ms (2.3.9). If the cable is in, HCHalted = 0 and PR was held 50 ms, PED = 1: a
    high-speed link. A shorter reset, or one on a halted controller, ends with PED = 0. PEDC is not set by a reset
    (2.3.9).

Is one there: CAPLENGTH reads 0 where nobody answers. Smaller rules: CSC and PEDC are cleared by writing 1. PR is
ignored without PP or without CCS. PED can be cleared by writing 0, never set by writing 1. PO follows not-CF while CF
= 0 and is cleared by CF 0 -> 1; with CF = 1 software may set PO to give the port to the companion. While PO = 1, PP =
0 or the power is not yet good: CCS = 0 and PED = 0. Line status is 10b (J) while CCS = 1, PED = 0 and PR = 0, else 0.
Unplugging clears CCS and PED, sets CSC, and PEDC if the port was enabled. PCD is set whenever CSC or PEDC goes 0 ->
1. IAAD sets IAA at once when RS = 1 and ASE = 1 (no schedule is held up) and reads 0. FLR (frame list rollover) is
never set. Interrupt: USBSTS & USBINTR & 0x3f != 0.
"""

from __future__ import annotations

from enum import IntEnum, IntFlag

HCRESET_NS = 20_000_000
RUN_NS = 2_000_000
POWER_GOOD_NS = 20_000_000
PORT_RESET_NS = 50_000_000
PORT_RESET_END_NS = 2_000_000
MICROFRAME_NS = 125_000


class Register(IntEnum):
    CAPLENGTH = 0x00
    HCSPARAMS = 0x04
    HCCPARAMS = 0x08
    USBCMD = 0x20
    USBSTS = 0x24
    USBINTR = 0x28
    FRINDEX = 0x2C
    CTRLDSSEGMENT = 0x30
    PERIODICLISTBASE = 0x34
    ASYNCLISTADDR = 0x38
    CONFIGFLAG = 0x60
    PORTSC1 = 0x64


class UsbCmd(IntFlag):
    RS = 1 << 0
    HCRESET = 1 << 1
    PSE = 1 << 4
    ASE = 1 << 5
    IAAD = 1 << 6
    ITC = 0xFF << 16


class UsbSts(IntFlag):
    USBINT = 1 << 0
    USBERRINT = 1 << 1
    PCD = 1 << 2
    FLR = 1 << 3
    HSE = 1 << 4
    IAA = 1 << 5
    HC_HALTED = 1 << 12
    PSS = 1 << 14
    ASS = 1 << 15


class PortSc(IntFlag):
    CCS = 1 << 0
    CSC = 1 << 1
    PED = 1 << 2
    PEDC = 1 << 3
    PR = 1 << 8
    LINE_J = 0b10 << 10
    PP = 1 << 12
    PO = 1 << 13
