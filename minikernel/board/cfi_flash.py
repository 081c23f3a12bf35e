"""CFI NOR flash, Intel command set (64 MiB window at 0x08000000, no interrupt): two x16 chips side by side.

Sources: Intel AP-646 (Common Flash Interface and command sets), JESD68 (CFI), the 28FxxxJ3 data sheet for status bits.

The bus is 32 bits wide: chip 0 has bits 15:0, chip 1 bits 31:16. Each command is written to both chips in one word
store (0x00400040, not 0x40), and each status or query word comes back doubled (0x00800080). The chips run in step; a
store that is not a word, or whose halves differ where a command is expected, would bring them out of step and is
ignored and logged. Array reads may be of any width. Here an address is a byte offset from the flash's base.

Geometry: erase blocks of 256 KiB on the bus (128 KiB in each chip); the default size is 4 MiB. Behind its end the
window is open bus and reads 0. Find the real size by the CFI query; QEMU's vexpress board has 64 MiB.

| command (each half)      | where            | what |
|--------------------------|------------------|------|
| 0xff                     | any              | read array mode (also after power-up) |
| 0x70                     | any              | read status mode: any address reads the status register |
| 0x50                     | any              | clear SR.1, SR.3, SR.4, SR.5; read mode unchanged |
| 0x90                     | any              | read identifier mode, see below |
| 0x98                     | any              | read query mode (CFI), see below |
| 0x40 or 0x10, then word  | the word         | program one 32-bit word in 10 us: new = old AND word |
| 0x20, then 0xd0          | in the block     | erase the block in 50 ms: all bits 1 |
| 0x60, then 0x01 or 0xd0  | in the block     | lock or unlock the block, at once (all are unlocked at power-up) |

Second word other than the one listed: nothing is done, SR.4 and SR.5 are set ("command sequence error").
Program or erase in a locked block: nothing is done, SR.1 is set together with SR.4 (program) or SR.5 (erase).
After 0x40, 0x20, 0x60 or a second word the chips are in read status mode. While SR.7 = 0 (busy) every read gives the
status register and every command but 0x70 is ignored and logged. An attempt to turn a 0 into 1 by programming leaves
the 0 and is no error, as in the real part. Contents change when the time is over.

Status register: SR.7 ready, SR.5 erase error, SR.4 program error, SR.3 Vpp low (never here), SR.1 block locked.
The lower byte of each half holds it, the upper byte is 0.

Identifier (word index = address / 4, doubled): 0 manufacturer 0x0089, 1 device 0x0018, 2 in any block (address = block
base + 8) bit 0 = locked. Query (address / 4, doubled, one byte each), from the first 1 KiB of the chip:
0x10 "QRY", 0x13 command set 0x0001, 0x15 extended table 0x31, 0x1b-0x1e voltages, 0x1f word program 2**n us (4),
0x21 block erase 2**n ms (6), 0x23 and 0x25 their maxima as powers (4, 4), 0x27 chip size 2**n bytes (ONE chip: the bus
has twice that), 0x28 interface 0x0001 (x16), 0x2a write buffer 2**0 (none), 0x2c one erase region, 0x2d blocks - 1
(16 bits), 0x2f block size / 256 of one chip (16 bits), 0x31 "PRI", version "11". Anything else reads 0.

Left out: write buffer (0xe8), suspend (0xb0), protection registers. Those commands are ignored and logged.
"""

from __future__ import annotations

from enum import IntEnum, IntFlag

ERASE_BLOCK_SIZE = 256 << 10
DEFAULT_SIZE = 4 << 20
PROGRAM_NS = 10_000
ERASE_NS = 50_000_000


class Command(IntEnum):
    READ_ARRAY = 0xFF
    READ_STATUS = 0x70
    CLEAR_STATUS = 0x50
    READ_IDENTIFIER = 0x90
    READ_QUERY = 0x98
    PROGRAM = 0x40
    PROGRAM_ALTERNATE = 0x10
    BLOCK_ERASE = 0x20
    LOCK_SETUP = 0x60
    CONFIRM = 0xD0
    LOCK_CONFIRM = 0x01


class Status(IntFlag):
    READY = 0x80
    ERASE_ERROR = 0x20
    PROGRAM_ERROR = 0x10
    VPP_LOW = 0x08
    BLOCK_LOCKED = 0x02
