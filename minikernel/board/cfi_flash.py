"""CFI NOR flash, Intel command set (64 MiB window at 0x08000000, no interrupt): two x16 chips side by side.

Sources: Intel AP-646 (Common Flash Interface and command sets), JESD68 (CFI), the 28FxxxJ3 data sheets for status bits
and the write buffer (256 words in each chip, as in the 65 nm parts).

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
| 0xe8, n - 1, n words, 0xd0 | in the block   | write to buffer: program n <= 256 words together, see below |

Second word other than the one listed: nothing is done, SR.4 and SR.5 are set ("command sequence error").
Program or erase in a locked block: nothing is done, SR.1 is set together with SR.4 (program) or SR.5 (erase).
After 0x40, 0x20, 0x60 or a second word the chips are in read status mode. While SR.7 = 0 (busy) every read gives the
status register and every command but 0x70 is ignored and logged. An attempt to turn a 0 into 1 by programming leaves
the 0 and is no error, as in the real part. Contents change when the time is over.

Write to buffer: 0xe8 makes reads give the extended status register, whose bit 7 (XSR.7) tells that the buffer can be
had; it cannot while SR.4 or SR.5 is set, and then the command has done nothing. The next word is the count (less one,
in both halves as a command is), then come n words. The first of them is at the start address; the others follow at any
addresses of [start, start + 4 * n), in any order, and what is left out stays as it is. 0xd0 programs them all: 25 us
for each aligned row of 16 words that is touched, so a full buffer that begins on its own boundary takes 0.4 ms where
single words would take 2.56 ms. A count above 256, an address outside the block of the 0xe8 or outside the counted
range, or another word than 0xd0 at the end: nothing is programmed, SR.4 and SR.5 are set, and what comes next is a
command again. There is no abort but such a mistake.

Status register: SR.7 ready, SR.5 erase error, SR.4 program error, SR.3 Vpp low (never here), SR.1 block locked.
The lower byte of each half holds it, the upper byte is 0.

Identifier (word index = address / 4, doubled): 0 manufacturer 0x0089, 1 device 0x0018, 2 in any block (address = block
base + 8) bit 0 = locked. Query (address / 4, doubled, one byte each):
0x10 "QRY", 0x13 command set 0x0001, 0x15 extended table 0x31, 0x1b-0x1e voltages, 0x1f word program 2**n us (4),
0x20 full buffer 2**n us (9), 0x21 block erase 2**n ms (6), 0x23-0x25 their maxima as powers (4, 4, 4), 0x27 chip size
2**n bytes, 0x28 interface 0x0001 (x16), 0x2a write buffer 2**n bytes (16 bits, 9), 0x2c one erase region, 0x2d blocks -
1 (16 bits), 0x2f block size / 256 (16 bits), 0x31 "PRI", version "11", no optional feature. Sizes are those of ONE
chip: the bus has twice that. Anything else reads 0.

Left out: suspend (0xb0; nothing can be read or programmed while an operation is under way, and the query table says
so), protection registers. Those commands are ignored and logged.
"""

from __future__ import annotations

from dataclasses import astuple, dataclass
from enum import IntEnum

from minikernel.board.device import AccessLog, Clock, Device, State, ignore_access
from minikernel.errors import ImageError

ERASE_BLOCK_SIZE = 256 << 10
DEFAULT_SIZE = 4 << 20
PROGRAM_NS = 10_000
ERASE_NS = 50_000_000

BUFFER_WORDS = 256  # of the bus: 16 bits in each chip
ROW_SIZE = 64  # bytes of the bus that are programmed together: 16 words
ROW_NS = 25_000


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
    WRITE_TO_BUFFER = 0xE8
    CONFIRM = 0xD0
    LOCK_CONFIRM = 0x01


class Status(IntEnum):
    READY = 0x80
    ERASE_ERROR = 0x20
    PROGRAM_ERROR = 0x10
    VPP_LOW = 0x08
    BLOCK_LOCKED = 0x02


class ReadMode(IntEnum):
    """What a read gives while the chips are not busy."""

    ARRAY = 0
    STATUS = 1
    IDENTIFIER = 2
    QUERY = 3
    EXTENDED_STATUS = 4


READ_MODES = {
    Command.READ_ARRAY: ReadMode.ARRAY,
    Command.READ_STATUS: ReadMode.STATUS,
    Command.READ_IDENTIFIER: ReadMode.IDENTIFIER,
    Command.READ_QUERY: ReadMode.QUERY,
}
TWO_CYCLE_COMMANDS = (Command.PROGRAM, Command.PROGRAM_ALTERNATE, Command.BLOCK_ERASE, Command.LOCK_SETUP)
READY = int(Status.READY)
SEQUENCE_ERROR = Status.ERASE_ERROR | Status.PROGRAM_ERROR
LOCKED_PROGRAM_ERROR = Status.BLOCK_LOCKED | Status.PROGRAM_ERROR
LOCKED_ERASE_ERROR = Status.BLOCK_LOCKED | Status.ERASE_ERROR
MANUFACTURER_INTEL = 0x0089
DEVICE_ID = 0x0018
CHIPS = 2

STORE_BLOCK_SIZE = 4096
"""The contents are kept in blocks of this size, so that save() shares those that did not change since the last."""
ERASED_STORE_BLOCK = b"\xff" * STORE_BLOCK_SIZE


@dataclass(slots=True)
class _WriteBuffer:
    """What has come of a write to buffer in erase block `block`. `count` (0: not come yet) and `missing` count words;
    `start` is the address of the first one; `data` has all ones where nothing was written."""

    block: int
    count: int = 0
    missing: int = 0
    start: int = 0
    data: bytes | bytearray = b""

    def holds(self, offset: int) -> bool:
        """Whether a word may come at this address."""
        start = self.start if self.data else offset
        return offset // ERASE_BLOCK_SIZE == self.block and start <= offset < start + 4 * self.count

    def put(self, offset: int, word: int) -> None:
        """Take one word."""
        if not self.data:
            self.start, self.data = offset, b"\xff" * (4 * self.count)
        if isinstance(self.data, bytes):  # a new one, or one that a snapshot has
            self.data = bytearray(self.data)
        index = offset - self.start
        self.data[index : index + 4] = word.to_bytes(4, "little")
        self.missing -= 1

    def save(self) -> State:
        """The fields, none of which changes later."""
        self.data = bytes(self.data)
        return astuple(self)


class CfiFlash(Device):
    """The two chips; see the head of this file.

    `contents` are the initial bytes (None: 4 MiB, erased). Raises ImageError, naming `contents_name`, for a size that
    is 0, above the window of 64 MiB, or no multiple of the 256 KiB erase block.
    """

    WINDOW_SIZE = 64 << 20

    def __init__(
        self,
        clock: Clock,
        contents: bytes | None = None,
        access_log: AccessLog = ignore_access,
        contents_name: str = "flash",
    ) -> None:
        super().__init__("flash", access_log)
        self._clock = clock
        self.size = DEFAULT_SIZE if contents is None else _checked_size(len(contents), contents_name)
        self._query = _query_table(self.size)
        self._store = _Store(self.size, contents)
        self._mode = ReadMode.ARRAY
        self._errors = 0
        self._setup: Command | None = None  # the first word of a longer command has come
        self._buffer: _WriteBuffer | None = None  # its count too
        self._operation: tuple[Command, int, bytes, int] | None = None  # command, address, data, ready at (ns)
        self._locked_blocks = 0  # bit n: erase block n

    @property
    def is_busy(self) -> bool:
        """A program or erase operation is under way."""
        self.tick()
        return self._operation is not None

    def contents(self) -> bytes:
        """All bytes of the flash as of now."""
        self.tick()
        return self._store.read(0, self.size)

    def read(self, offset: int, size: int) -> int:
        if self._operation is not None:
            self.tick()
        if offset >= self.size:
            self._access_log(self.name, offset, False, 0)
            return 0
        if self._mode is ReadMode.ARRAY and self._operation is None:
            return int.from_bytes(self._store.read(offset, size), "little")
        word = _doubled(self._register(offset // 4))
        return (word >> 8 * (offset & 3)) & ((1 << 8 * size) - 1)

    def write(self, offset: int, size: int, value: int) -> None:
        if self._operation is not None:
            self.tick()
        if offset >= self.size or size != 4:
            self._access_log(self.name, offset, True, value)
        elif self._buffer is not None and self._buffer.missing:
            self._load_buffer(self._buffer, offset, value)
        elif self._setup in (Command.PROGRAM, Command.PROGRAM_ALTERNATE):
            self._setup = None
            self._program(Command.PROGRAM, offset, value.to_bytes(4, "little"), PROGRAM_NS)
        elif value & 0xFFFF != value >> 16:
            self._access_log(self.name, offset, True, value)
        elif self._buffer is not None and not self._buffer.count:
            self._count_buffer(self._buffer, offset, 1 + (value & 0xFFFF))
        elif self._buffer is not None:
            self._confirm_buffer(self._buffer, offset, value & 0xFF)
        elif self._setup is not None:
            self._confirm(self._setup, offset, value & 0xFF)
        else:
            self._command(offset, value & 0xFF)

    def tick(self) -> None:
        """An operation whose time is over has changed the array; that moves no wire, so there is no deadline()."""
        if self._operation is None or self._clock.now_ns < self._operation[3]:
            return
        command, address, data, _ = self._operation
        self._operation = None
        if command is Command.BLOCK_ERASE:
            self._store.erase(address, ERASE_BLOCK_SIZE)
        else:
            self._store.program(address, data)

    def save(self) -> State:
        operation = None if self._operation is None else (int(self._operation[0]), *self._operation[1:])
        setup = None if self._setup is None else int(self._setup)
        buffer = None if self._buffer is None else self._buffer.save()
        return int(self._mode), self._errors, setup, buffer, operation, self._locked_blocks, self._store.save()

    def load(self, state: State) -> None:
        mode, self._errors, setup, buffer, operation, self._locked_blocks, blocks = state
        self._mode = ReadMode(mode)
        self._setup = None if setup is None else Command(setup)
        self._buffer = None if buffer is None else _WriteBuffer(*buffer)
        self._operation = None if operation is None else (Command(operation[0]), *operation[1:])
        self._store.load(blocks)

    def _command(self, offset: int, command: int) -> None:
        if self._operation is not None:
            if command != Command.READ_STATUS:
                self._access_log(self.name, offset, True, command)
        elif command in READ_MODES:
            self._mode = READ_MODES[Command(command)]
        elif command == Command.CLEAR_STATUS:
            self._errors = 0
        elif command in TWO_CYCLE_COMMANDS:
            self._setup = Command(command)
            self._mode = ReadMode.STATUS
        elif command == Command.WRITE_TO_BUFFER:
            self._mode = ReadMode.EXTENDED_STATUS
            if not self._errors & SEQUENCE_ERROR:
                self._buffer = _WriteBuffer(offset // ERASE_BLOCK_SIZE)
        else:
            self._access_log(self.name, offset, True, command)

    def _confirm(self, setup: Command, offset: int, confirmation: int) -> None:
        """The second word of an erase or of a lock command."""
        self._setup = None
        block = 1 << offset // ERASE_BLOCK_SIZE
        match setup, confirmation:
            case Command.BLOCK_ERASE, Command.CONFIRM:
                self._erase(offset)
            case Command.LOCK_SETUP, Command.LOCK_CONFIRM:
                self._locked_blocks |= block
            case Command.LOCK_SETUP, Command.CONFIRM:
                self._locked_blocks &= ~block
            case _:
                self._errors |= SEQUENCE_ERROR

    # --- write to buffer ----------------------------------------------------------------------------------------------

    def _count_buffer(self, buffer: _WriteBuffer, offset: int, count: int) -> None:
        """The word behind 0xe8."""
        self._mode = ReadMode.STATUS
        buffer.count = buffer.missing = count
        if count > BUFFER_WORDS or offset // ERASE_BLOCK_SIZE != buffer.block:
            self._abort_buffer()

    def _load_buffer(self, buffer: _WriteBuffer, offset: int, word: int) -> None:
        if buffer.holds(offset):
            buffer.put(offset, word)
        else:
            self._abort_buffer()

    def _confirm_buffer(self, buffer: _WriteBuffer, offset: int, word: int) -> None:
        """The word behind the last one of the data."""
        if word != Command.CONFIRM or offset // ERASE_BLOCK_SIZE != buffer.block:
            self._abort_buffer()
            return
        self._buffer = None
        rows = (buffer.start + len(buffer.data) - 1) // ROW_SIZE - buffer.start // ROW_SIZE + 1
        self._program(Command.WRITE_TO_BUFFER, buffer.start, bytes(buffer.data), rows * ROW_NS)

    def _abort_buffer(self) -> None:
        self._buffer = None
        self._errors |= SEQUENCE_ERROR

    # --- the operations -----------------------------------------------------------------------------------------------

    def _program(self, command: Command, offset: int, data: bytes, time_ns: int) -> None:
        if self._is_locked(offset):
            self._errors |= LOCKED_PROGRAM_ERROR
        else:
            self._operation = (command, offset, data, self._clock.now_ns + time_ns)

    def _erase(self, offset: int) -> None:
        if self._is_locked(offset):
            self._errors |= LOCKED_ERASE_ERROR
        else:
            base = offset - offset % ERASE_BLOCK_SIZE
            self._operation = (Command.BLOCK_ERASE, base, b"", self._clock.now_ns + ERASE_NS)

    def _is_locked(self, offset: int) -> bool:
        return bool(self._locked_blocks >> (offset // ERASE_BLOCK_SIZE) & 1)

    def _register(self, index: int) -> int:
        """One chip's 16-bit answer in the modes that do not read the array."""
        if self._operation is not None:
            return 0
        match self._mode:
            case ReadMode.QUERY:
                return self._query.get(index, 0)
            case ReadMode.IDENTIFIER:
                return self._identifier(index)
            case ReadMode.EXTENDED_STATUS:
                return 0 if self._errors & SEQUENCE_ERROR else READY
        return READY | self._errors

    def _identifier(self, index: int) -> int:
        if index in (0, 1):
            return (MANUFACTURER_INTEL, DEVICE_ID)[index]
        if index % (ERASE_BLOCK_SIZE // 4) == 2:
            return int(self._is_locked(4 * index))
        return 0


class _Store:
    """The array, erased where nothing was written; blocks that save() gave away are copied before they change."""

    def __init__(self, size: int, contents: bytes | None) -> None:
        self._blocks: list[bytes | bytearray] = [ERASED_STORE_BLOCK] * (size // STORE_BLOCK_SIZE)
        if contents is not None:
            for index in range(len(self._blocks)):
                block = contents[index * STORE_BLOCK_SIZE : (index + 1) * STORE_BLOCK_SIZE]
                if block != ERASED_STORE_BLOCK:
                    self._blocks[index] = block

    def read(self, offset: int, size: int) -> bytes:
        start = offset % STORE_BLOCK_SIZE
        if start + size <= STORE_BLOCK_SIZE:
            return bytes(self._blocks[offset // STORE_BLOCK_SIZE][start : start + size])
        first, last = offset // STORE_BLOCK_SIZE, (offset + size - 1) // STORE_BLOCK_SIZE
        return b"".join(self._blocks[first : last + 1])[start : start + size]

    def program(self, offset: int, data: bytes) -> None:
        """Clear the bits that are 0 in `data`."""
        done = 0
        while done < len(data):
            index, start = divmod(offset + done, STORE_BLOCK_SIZE)
            new = data[done : done + STORE_BLOCK_SIZE - start]
            block = self._blocks[index]
            if isinstance(block, bytes):
                block = self._blocks[index] = bytearray(block)
            end = start + len(new)
            both = int.from_bytes(block[start:end], "little") & int.from_bytes(new, "little")
            block[start:end] = both.to_bytes(len(new), "little")
            done += len(new)

    def erase(self, offset: int, size: int) -> None:
        first = offset // STORE_BLOCK_SIZE
        self._blocks[first : first + size // STORE_BLOCK_SIZE] = [ERASED_STORE_BLOCK] * (size // STORE_BLOCK_SIZE)

    def save(self) -> tuple[bytes, ...]:
        for index, block in enumerate(self._blocks):
            if isinstance(block, bytearray):
                self._blocks[index] = bytes(block)
        return tuple(self._blocks)  # type: ignore[arg-type]  # all are bytes now

    def load(self, blocks: tuple[bytes, ...]) -> None:
        self._blocks = list(blocks)


def _checked_size(size: int, name: str) -> int:
    if size == 0 or size % ERASE_BLOCK_SIZE or size > CfiFlash.WINDOW_SIZE:
        raise ImageError(
            f"{size} bytes; a flash is a multiple of the erase block, {ERASE_BLOCK_SIZE} bytes,"
            f" and at most {CfiFlash.WINDOW_SIZE}",
            name,
            "size",
        )
    return size


def _doubled(half: int) -> int:
    """What two chips that answer the same give on the 32-bit bus."""
    return half | half << 16


def _query_table(size: int) -> dict[int, int]:
    """The CFI query structure of one chip (JESD68, table 1): word index -> byte."""
    chip_size = size // CHIPS
    blocks = size // ERASE_BLOCK_SIZE
    fields = {
        0x10: b"QRY",
        0x13: (0x0001).to_bytes(2, "little"),  # Intel command set
        0x15: (0x0031).to_bytes(2, "little"),  # its extended table
        0x1B: bytes([0x27, 0x36, 0, 0]),  # Vcc 2.7-3.6 V, no Vpp pin
        # Typical times: 2**4 us a word (it is 10), 2**9 us a buffer (400), 2**6 ms a block (50), no chip erase
        0x1F: bytes([4, 9, 6, 0]),
        0x23: bytes([4, 4, 4, 0]),  # the maxima, 2**4 times as long
        0x27: bytes([(chip_size - 1).bit_length()]),
        0x28: (0x0001).to_bytes(2, "little"),  # x16
        0x2A: (BUFFER_WORDS * 4 // CHIPS - 1).bit_length().to_bytes(2, "little"),  # bytes of the buffer
        0x2C: bytes([1]),  # one erase region
        0x2D: (blocks - 1).to_bytes(2, "little") + (ERASE_BLOCK_SIZE // CHIPS // 256).to_bytes(2, "little"),
        0x31: b"PRI11",
    }
    return {start + i: byte for start, field in fields.items() for i, byte in enumerate(field)}
