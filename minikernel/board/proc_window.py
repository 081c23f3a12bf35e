"""Proc window (this board's own; 4 KiB at 0x1c210000, SPI 25): the outside world reads or writes a file of /proc.

The requester outside puts a request into the registers and raises the interrupt; the guest carries it out in process
context with the handlers its system calls use, and answers. All registers are 32 bits wide; PATH and DATA are memory
and may be accessed by bytes.

| offset      | name     | access | bits |
|-------------|----------|--------|------|
| 0x00        | ID       | RO     | 0x434f5250 "PROC" |
| 0x04        | CTRL     | RW     | 0 IRQ_ENABLE |
| 0x08        | STATUS   | RO     | 0 REQUEST: a request waits for its answer |
| 0x0c        | OP       | RO     | 0 read, 1 write |
| 0x10        | PATH_LEN | RO     | bytes of the path, without the NUL (1-255) |
| 0x14        | DATA_LEN | RO     | read: bytes wanted; write: bytes in the DATA window (0-3584) |
| 0x18        | OFFSET   | RO     | file position |
| 0x1c        | RESULT   | WO     | bytes read or written, or -errno; reads 0 |
| 0x20        | DOORBELL | WO     | write 1: answered; reads 0 |
| 0x100-0x1ff | PATH     | RO     | name below /proc, no leading slash ("meminfo", "sys/kernel/printk"), NUL |
| 0x200-0xfff | DATA     | RW     | 3584 bytes: what to write, or what was read |

Operation:
  * A request sets OP, PATH_LEN, DATA_LEN, OFFSET, PATH and, for a write, DATA; then REQUEST = 1. Bytes of PATH and
    DATA behind those lengths read 0. There is one request at a time, and it does not change until it is answered.
  * The guest stores at most DATA_LEN bytes of a read into DATA from its start, writes RESULT, then 1 to DOORBELL:
    REQUEST and the interrupt drop, and the requester has its answer. A RESULT above DATA_LEN counts as DATA_LEN.
  * A DOORBELL without a REQUEST is ignored. Writes to RESULT and DATA without one are harmless.
  * The interrupt line is high while REQUEST = 1 and IRQ_ENABLE = 1.
"""

from __future__ import annotations

from enum import IntEnum

ID_VALUE = 0x434F5250
PATH_OFFSET, PATH_SIZE = 0x100, 0x100
DATA_OFFSET, DATA_SIZE = 0x200, 0xE00
IRQ_ENABLE = 1 << 0
REQUEST = 1 << 0


class Register(IntEnum):
    ID = 0x00
    CTRL = 0x04
    STATUS = 0x08
    OP = 0x0C
    PATH_LEN = 0x10
    DATA_LEN = 0x14
    OFFSET = 0x18
    RESULT = 0x1C
    DOORBELL = 0x20
    PATH = PATH_OFFSET
    DATA = DATA_OFFSET
