"""Proc window (this board's own; 4 KiB at 0x1c210000, SPI 25): the outside world reads or writes a file of /proc, and
brings a kernel module in or takes one out.

The requester outside puts a request into the registers and raises the interrupt; the guest carries it out in process
context with the handlers its system calls use, and answers. All registers are 32 bits wide; PATH and DATA are memory
and may be accessed by bytes.

| offset      | name     | access | bits |
|-------------|----------|--------|------|
| 0x00        | ID       | RO     | 0x434f5250 "PROC" |
| 0x04        | CTRL     | RW     | 0 IRQ_ENABLE |
| 0x08        | STATUS   | RO     | 0 REQUEST: a request waits for its answer |
| 0x0c        | OP       | RO     | what is asked: see the operations below |
| 0x10        | PATH_LEN | RO     | bytes of the path, without the NUL (1-255) |
| 0x14        | DATA_LEN | RO     | read: bytes wanted; else: bytes in the DATA window (0-3584) |
| 0x18        | OFFSET   | RO     | file position, or flags |
| 0x1c        | RESULT   | WO     | bytes read or written, or -errno; reads 0 |
| 0x20        | DOORBELL | WO     | write 1: answered; reads 0 |
| 0x100-0x1ff | PATH     | RO     | a name, NUL |
| 0x200-0xfff | DATA     | RW     | 3584 bytes: what to write, or what was read |

Operations:

| OP | meaning       | PATH                                             | DATA           | OFFSET   |
|----|---------------|--------------------------------------------------|----------------|----------|
| 0  | read          | below /proc, no leading slash: "meminfo"         | what was read  | position |
| 1  | write         | below /proc                                      | what to write  | position |
| 2  | append        | any file, "/tmp/hello.ko"; made anew at offset 0 | what to append | its size |
| 3  | finit_module  | the module's file                                | parameters     | flags    |
| 4  | delete_module | the module's name                                | none           | flags    |
| 5  | unlink        | any file                                         | none           | 0        |

Protocol:
  * A request sets OP, PATH_LEN, DATA_LEN, OFFSET, PATH and, but for a read, DATA; then REQUEST = 1. Bytes of PATH and
    DATA behind those lengths read 0. There is one request at a time, and it does not change until it is answered.
  * The guest stores at most DATA_LEN bytes of a read into DATA from its start, writes RESULT, then 1 to DOORBELL:
    REQUEST and the interrupt drop, and the requester has its answer. A RESULT above DATA_LEN counts as DATA_LEN.
  * A DOORBELL without a REQUEST is ignored. Writes to RESULT and DATA without one are harmless.
  * The interrupt line is high while REQUEST = 1 and IRQ_ENABLE = 1.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum

from minikernel.bits import WORD_MASK, s32
from minikernel.board.device import AccessLog, IrqLine, State, WordDevice, ignore_access, values_of
from minikernel.errors import UsageError

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


class ProcOp(IntEnum):
    READ = 0
    WRITE = 1
    APPEND = 2
    FINIT_MODULE = 3
    DELETE_MODULE = 4
    UNLINK = 5


@dataclass(frozen=True)
class ProcResponse:
    """The guest's answer: bytes read or written or -errno, and, after a successful read, the bytes."""

    result: int
    data: bytes = b""


@dataclass(slots=True)
class _Registers:
    """What the window remembers."""

    irq_enable: bool = False
    request: bool = False
    op: int = ProcOp.READ
    path: bytes = b""
    data_len: int = 0
    offset: int = 0
    result: int = 0
    window: bytes = bytes(DATA_SIZE)
    response: tuple[int, bytes] | None = None


class ProcWindow(WordDevice):
    """The window; see the head of this file.

    The requester calls one of the `request` functions and, when `is_busy` has fallen, looks at `response`;
    `on_answer`, when set, is called with it.
    """

    REGISTERS = Register

    def __init__(self, irq: IrqLine, access_log: AccessLog = ignore_access) -> None:
        super().__init__("procwin", access_log)
        self._irq = irq
        self.on_answer: Callable[[ProcResponse], None] | None = None
        self._r = _Registers()

    @property
    def is_busy(self) -> bool:
        """A request waits for its answer."""
        return self._r.request

    @property
    def response(self) -> ProcResponse | None:
        """The answer to the last request; None before the first one and while one is waiting."""
        return None if self._r.response is None else ProcResponse(*self._r.response)

    def request_read(self, path: str, count: int = DATA_SIZE, offset: int = 0) -> None:
        """Ask for `count` bytes of a /proc file from `offset`. Raises UsageError as `request` does."""
        self.request(ProcOp.READ, path, b"", count, offset)

    def request_write(self, path: str, data: bytes, offset: int = 0) -> None:
        """Ask to write `data` to a /proc file at `offset`. Raises UsageError as `request` does."""
        self.request(ProcOp.WRITE, path, data, len(data), offset)

    def request_append(self, path: str, data: bytes, offset: int) -> None:
        """Ask to put `data` at the end of any file, which is `offset` bytes long; at 0 it is made anew. Raises
        UsageError as `request` does."""
        self.request(ProcOp.APPEND, path, data, len(data), offset)

    def request_finit_module(self, path: str, parameters: bytes, flags: int = 0) -> None:
        """Ask to load the module in a file. Raises UsageError as `request` does."""
        self.request(ProcOp.FINIT_MODULE, path, parameters, len(parameters), flags)

    def request_delete_module(self, name: str, flags: int = 0) -> None:
        """Ask to remove a module. Raises UsageError as `request` does."""
        self.request(ProcOp.DELETE_MODULE, name, b"", 0, flags)

    def request_unlink(self, path: str) -> None:
        """Ask to delete a file. Raises UsageError as `request` does."""
        self.request(ProcOp.UNLINK, path, b"", 0, 0)

    def request(self, op: ProcOp, path: str, data: bytes, count: int, offset: int) -> None:
        """Put a request into the registers. `count` is DATA_LEN; `data` goes into the window, empty for a read.

        Raises UsageError for a path of 0 or more than 255 bytes or with a NUL, for more than 3584 bytes, for an
        offset outside 32 bits, and while another request waits.
        """
        encoded = path.encode()
        if not 1 <= len(encoded) < PATH_SIZE or b"\0" in encoded:
            raise UsageError(f"proc window: path {path!r} does not fit: 1 to {PATH_SIZE - 1} bytes without NUL")
        if not 0 <= count <= DATA_SIZE:
            raise UsageError(f"proc window: {count} bytes do not fit into its {DATA_SIZE}")
        if not 0 <= offset <= WORD_MASK:
            raise UsageError(f"proc window: offset {offset} is not a 32-bit number")
        if self._r.request:
            raise UsageError("proc window: the request before this one has not been answered")
        window = data.ljust(DATA_SIZE, b"\0")
        self._r = _Registers(self._r.irq_enable, True, op, encoded, count, offset, window=window)
        self._update_irq()

    def read_word(self, offset: int) -> int:
        r = self._r
        if offset >= DATA_OFFSET:
            return int.from_bytes(r.window[offset - DATA_OFFSET : offset - DATA_OFFSET + 4], "little")
        if offset >= PATH_OFFSET:
            return int.from_bytes(r.path[offset - PATH_OFFSET : offset - PATH_OFFSET + 4], "little")
        match offset:
            case Register.ID:
                return ID_VALUE
            case Register.CTRL:
                return IRQ_ENABLE * r.irq_enable
            case Register.STATUS:
                return REQUEST * r.request
            case Register.OP:
                return r.op
            case Register.PATH_LEN:
                return len(r.path)
            case Register.DATA_LEN:
                return r.data_len
            case Register.OFFSET:
                return r.offset
        return self._unhandled_read(offset)

    def write(self, offset: int, size: int, value: int) -> None:
        """DATA takes bytes and halfwords as memory does; the registers are words."""
        if offset >= DATA_OFFSET:
            start = offset - DATA_OFFSET
            window = bytearray(self._r.window)
            window[start : start + size] = value.to_bytes(size, "little")
            self._r.window = bytes(window)
        else:
            super().write(offset, size, value)

    def write_word(self, offset: int, value: int) -> None:
        match offset:
            case Register.CTRL:
                self._r.irq_enable = bool(value & IRQ_ENABLE)
            case Register.RESULT:
                self._r.result = s32(value)
            case Register.DOORBELL:
                if value & 1:
                    self._answer()
            case _ if PATH_OFFSET <= offset < DATA_OFFSET:
                pass  # read-only
            case _:
                self._unhandled_write(offset, value)
        self._update_irq()

    def save(self) -> State:
        return values_of(self._r)

    def load(self, state: State) -> None:
        self._r = _Registers(*state)
        self._update_irq()

    def _answer(self) -> None:
        r = self._r
        if not r.request:
            return
        result = min(r.result, r.data_len)
        data = r.window[: max(result, 0)] if r.op == ProcOp.READ else b""
        r.request = False
        r.response = (result, data)
        if self.on_answer is not None:
            self.on_answer(ProcResponse(result, data))

    def _update_irq(self) -> None:
        self._irq.set(self._r.request and self._r.irq_enable)
