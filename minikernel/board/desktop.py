"""The desktop computer at the other end of the USB cable: it takes the newest picture off the camera's disk.

Sources: USB Mass Storage Class Bulk-Only Transport 1.0 (section 5: wrappers; 6.3: valid and meaningful CSW), SCSI
Primary Commands (INQUIRY, TEST UNIT READY) and SCSI Block Commands (READ CAPACITY(10), READ(10)).

What it does, one command at a time:

    INQUIRY -> TEST UNIT READY -> READ CAPACITY -> for each record of the flash file system READ its header
        -> READ the newest file -> done

A file system without a file it has not fetched yet is looked at again after 100 ms, 50 times in all; then, and after
a picture, only plugging the cable in again or `look_again()` starts it. It takes 5 s of silence, a wrong or failed
answer, or a broken record for a failure and says what happened in `failure`.

The flash file system (flashfs): records one after the other from offset 0, each a header of 48 bytes, then the data,
padded to 4 bytes. All words are little-endian. The newest file is the last valid one.

    +0   magic 0x53465346; all ones: the log ends here
    +4   state: all ones being written, 0x0000ffff valid, 0 deleted
    +8   size of the data in bytes; all ones: not known, the log ends here too
    +12  reserved
    +16  name, 32 bytes, NUL-padded
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum

from minikernel.bits import align_up
from minikernel.board.device import BoardPart, Clock, State, values_of
from minikernel.board.usb_bulk import BulkPipe
from minikernel.board.usb_port import UsbPort
from minikernel.errors import ImageError

CBW = struct.Struct("<4sIIBBB16s")
CSW = struct.Struct("<4sIIB")
CBW_SIGNATURE, CSW_SIGNATURE = b"USBC", b"USBS"
DATA_IN = 0x80
CSW_PASSED = 0

BLOCK_SIZE = 512
MAX_BLOCKS = 64  # of one READ(10)
ANSWER_TIMEOUT_NS = 5_000_000_000
POLL_NS = 100_000_000
MAX_POLLS = 50

RECORD_MAGIC = 0x5346_5346
RECORD_HEADER = struct.Struct("<IIII32s")
STATE_VALID = 0x0000_FFFF
ERASED = 0xFFFF_FFFF


class Step(IntEnum):
    """What the desktop is doing."""

    UNPLUGGED = 0
    WAITING = 1  # plugged in, no disk to talk to yet
    INQUIRY = 2
    TEST_UNIT_READY = 3
    READ_CAPACITY = 4
    READ_HEADER = 5
    READ_FILE = 6
    PAUSE = 7  # no picture yet; looks again soon
    DONE = 8
    FAILED = 9


class Scsi(IntEnum):
    """Operation codes."""

    TEST_UNIT_READY = 0x00
    INQUIRY = 0x12
    READ_CAPACITY_10 = 0x25
    READ_10 = 0x28


COMMANDS = {
    Step.INQUIRY: Scsi.INQUIRY,
    Step.TEST_UNIT_READY: Scsi.TEST_UNIT_READY,
    Step.READ_CAPACITY: Scsi.READ_CAPACITY_10,
    Step.READ_HEADER: Scsi.READ_10,
    Step.READ_FILE: Scsi.READ_10,
}


@dataclass(frozen=True)
class Download:
    """A file that has arrived: its name on the camera, its bytes, and when its last packet came."""

    name: str
    data: bytes
    at_ns: int

    def __repr__(self) -> str:
        return f"<Download {self.name}, {len(self.data):,} bytes at {self.at_ns / 1e6:,.3f} ms>"

    def _repr_png_(self) -> bytes | None:
        """For Jupyter: the picture; None for a file that is none."""
        from minikernel.board.png import png_of

        try:
            return png_of(self.data)
        except ImageError:
            return None


@dataclass(slots=True)
class _Memory:
    """All the desktop remembers. Positions and sizes are in bytes from the start of the disk."""

    step: int = Step.UNPLUGGED
    due_at: int | None = None  # end of the pause, or of the patience with the command under way
    failure: str = ""
    product: str = ""
    blocks: int = 0  # the disk's size
    polls: int = 0
    # the command under way
    tag: int = 0
    expected: int = 0  # bytes of data
    received: bytes = b""
    # the read under way, which may take several commands
    read_start: int = 0
    read_end: int = 0
    read_done: bytes = b""  # whole blocks, from the one that holds read_start
    # the walk through the log
    position: int = 0
    newest: tuple[str, int, int] | None = None  # name, position of the data, size
    fetched: tuple[str, int, int] | None = None


class Desktop(BoardPart):
    """The computer; see the head of this file. It starts with the cable out.

    `downloads` are the files fetched so far; `on_download`, when set, is called with each.
    """

    def __init__(self, clock: Clock, port: UsbPort, pipe: BulkPipe) -> None:
        self.name = "desktop"
        self._clock, self._port, self._pipe = clock, port, pipe
        self.downloads: tuple[Download, ...] = ()
        self.on_download: Callable[[Download], None] | None = None
        self._m = _Memory()
        pipe.host = self

    @property
    def step(self) -> Step:
        """What it is doing."""
        return Step(self._m.step)

    @property
    def download(self) -> Download | None:
        """The last file fetched."""
        return self.downloads[-1] if self.downloads else None

    @property
    def failure(self) -> str:
        """Why it gave up, while step is FAILED; else empty."""
        return self._m.failure

    @property
    def product(self) -> str:
        """Vendor, product and revision as the camera's INQUIRY data say."""
        return self._m.product

    @property
    def disk_size(self) -> int:
        """Bytes, as READ CAPACITY said; 0 before."""
        return self._m.blocks * BLOCK_SIZE

    @property
    def is_plugged(self) -> bool:
        """Whether the cable is in."""
        return self._port.is_plugged

    def plug(self) -> None:
        """Put the cable in."""
        if self._m.step == Step.UNPLUGGED:
            self._m = _Memory(step=Step.WAITING, tag=self._m.tag)
        self._port.set_plugged(True)

    def unplug(self) -> None:
        """Pull the cable out; whatever was under way is lost."""
        self._port.set_plugged(False)
        self._m = _Memory(tag=self._m.tag)

    def look_again(self) -> None:
        """Look for a file not fetched yet, if the disk is there and nothing is under way."""
        if self._m.step in (Step.PAUSE, Step.DONE):
            self._m.polls = 0
            self._command(Step.TEST_UNIT_READY, self._clock.now_ns)

    def deadline(self) -> int | None:
        return self._m.due_at

    def tick(self) -> None:
        due = self._m.due_at
        if due is None or self._clock.now_ns < due:
            return
        if self._m.step == Step.PAUSE:
            self._command(Step.TEST_UNIT_READY, due)
        else:
            self._fail(f"no answer to {self._command_name()} for {ANSWER_TIMEOUT_NS // 10**9} s")

    def save(self) -> State:
        downloads = tuple((download.name, download.data, download.at_ns) for download in self.downloads)
        return values_of(self._m), downloads

    def load(self, state: State) -> None:
        memory, downloads = state
        self._m = _Memory(*memory)
        self.downloads = tuple(Download(*download) for download in downloads)

    # --- the pipe ----------------------------------------------------------------------------------------------------

    def attached(self, at_ns: int) -> None:
        """The camera's storage driver is there: begin."""
        self._m = _Memory(tag=self._m.tag)
        self._command(Step.INQUIRY, at_ns)

    def detached(self, at_ns: int) -> None:
        """The disk is gone; the cable may still be in."""
        self._m = _Memory(step=Step.WAITING, tag=self._m.tag)

    def received(self, packet: bytes, at_ns: int) -> None:
        """Data of the command under way, or its status. A packet that looks like our CSW is our CSW."""
        m = self._m
        if m.step not in COMMANDS:
            self._fail(f"{len(packet)} bytes from the camera that were not asked for")
        elif len(packet) == CSW.size and packet[:8] == struct.pack("<4sI", CSW_SIGNATURE, m.tag):
            self._command_ended(packet, at_ns)
        elif len(m.received) + len(packet) > m.expected:
            total = len(m.received) + len(packet)
            self._fail(f"{self._command_name()} brought {total} bytes where {m.expected} and a CSW were expected")
        else:
            m.received += packet

    # --- commands ----------------------------------------------------------------------------------------------------

    def _command(self, step: Step, at_ns: int) -> None:
        """Send the CBW of the command that `step` needs."""
        m = self._m
        command, m.expected = self._command_block(step)
        m.step, m.received, m.tag = step, b"", m.tag + 1
        m.due_at = at_ns + ANSWER_TIMEOUT_NS
        flags = DATA_IN if m.expected else 0
        self._pipe.send_out(
            CBW.pack(CBW_SIGNATURE, m.tag, m.expected, flags, 0, len(command), command.ljust(16, b"\0")), at_ns
        )

    def _command_block(self, step: Step) -> tuple[bytes, int]:
        """The SCSI command and how many bytes it brings."""
        match step:
            case Step.INQUIRY:
                return struct.pack(">BBBHB", Scsi.INQUIRY, 0, 0, 36, 0), 36
            case Step.TEST_UNIT_READY:
                return bytes([Scsi.TEST_UNIT_READY, 0, 0, 0, 0, 0]), 0
            case Step.READ_CAPACITY:
                return bytes([Scsi.READ_CAPACITY_10]).ljust(10, b"\0"), 8
        m = self._m
        first = m.read_start // BLOCK_SIZE + len(m.read_done) // BLOCK_SIZE
        end = align_up(m.read_end, BLOCK_SIZE) // BLOCK_SIZE
        count = min(end - first, MAX_BLOCKS)
        return struct.pack(">BBIBHB", Scsi.READ_10, 0, first, 0, count, 0), count * BLOCK_SIZE

    def _command_ended(self, packet: bytes, at_ns: int) -> None:
        m = self._m
        _, _, residue, status = CSW.unpack(packet)
        m.due_at = None
        if m.step == Step.TEST_UNIT_READY and status != CSW_PASSED:
            self._pause(at_ns)
        elif status != CSW_PASSED:
            self._fail(f"{self._command_name()} failed: CSW status {status}")
        elif len(m.received) != m.expected or residue:
            missing = f"{len(m.received)} of {m.expected} bytes, residue {residue}"
            self._fail(f"{self._command_name()} brought {missing}")
        else:
            self._next(at_ns)

    def _next(self, at_ns: int) -> None:
        """A command has succeeded; go on."""
        m = self._m
        match m.step:
            case Step.INQUIRY:
                m.product = " ".join(m.received[8:36].decode("latin-1").split())
                self._command(Step.TEST_UNIT_READY, at_ns)
            case Step.TEST_UNIT_READY:
                self._command(Step.READ_CAPACITY, at_ns)
            case Step.READ_CAPACITY:
                self._capacity_read(at_ns)
            case Step.READ_HEADER | Step.READ_FILE:
                m.read_done += m.received
                if m.read_start - m.read_start % BLOCK_SIZE + len(m.read_done) < m.read_end:
                    self._command(Step(m.step), at_ns)
                else:
                    start = m.read_start % BLOCK_SIZE
                    self._bytes_read(m.read_done[start : start + m.read_end - m.read_start], at_ns)

    def _capacity_read(self, at_ns: int) -> None:
        last_block, block_size = struct.unpack(">II", self._m.received)
        if block_size != BLOCK_SIZE:
            self._fail(f"READ CAPACITY: blocks of {block_size} bytes, not {BLOCK_SIZE}")
            return
        self._m.blocks = last_block + 1
        self._read_header(at_ns)

    def _read(self, step: Step, start: int, size: int, at_ns: int) -> None:
        self._m.read_start, self._m.read_end, self._m.read_done = start, start + size, b""
        self._command(step, at_ns)

    def _bytes_read(self, content: bytes, at_ns: int) -> None:
        if self._m.step == Step.READ_HEADER:
            self._header_read(content, at_ns)
        else:
            self._file_read(content, at_ns)

    # --- the flash file system ---------------------------------------------------------------------------------------

    def _read_header(self, at_ns: int) -> None:
        """Read the record at the walk's position; where none fits any more, the log is full and ends."""
        if self._m.position + RECORD_HEADER.size > self.disk_size:
            self._log_ended(at_ns)
        else:
            self._read(Step.READ_HEADER, self._m.position, RECORD_HEADER.size, at_ns)

    def _header_read(self, content: bytes, at_ns: int) -> None:
        m = self._m
        magic, state, size, _, name = RECORD_HEADER.unpack(content)
        if magic == ERASED or (magic == RECORD_MAGIC and size == ERASED):
            self._log_ended(at_ns)
        elif magic != RECORD_MAGIC:
            self._fail(f"no flashfs record at {m.position:#x}: magic {magic:#010x}, expected {RECORD_MAGIC:#010x}")
        elif m.position + RECORD_HEADER.size + size > self.disk_size:
            self._fail(f"flashfs record at {m.position:#x}: {size} bytes reach behind the end of the disk")
        else:
            data = m.position + RECORD_HEADER.size
            if state == STATE_VALID:
                m.newest = (name.split(b"\0")[0].decode("latin-1"), data, size)
            m.position = align_up(data + size, 4)
            self._read_header(at_ns)

    def _log_ended(self, at_ns: int) -> None:
        m = self._m
        if m.newest is None or m.newest == m.fetched:
            self._pause(at_ns)
        elif m.newest[2] == 0:
            self._file_read(b"", at_ns)
        else:
            self._read(Step.READ_FILE, m.newest[1], m.newest[2], at_ns)

    def _file_read(self, content: bytes, at_ns: int) -> None:
        m = self._m
        m.step, m.fetched, m.due_at, m.read_done = Step.DONE, m.newest, None, b""
        download = Download(m.newest[0] if m.newest else "", content, at_ns)
        self.downloads += (download,)
        if self.on_download is not None:
            self.on_download(download)

    def _pause(self, at_ns: int) -> None:
        m = self._m
        m.polls += 1
        if m.polls > MAX_POLLS:
            m.step, m.due_at = Step.DONE, None
        else:
            m.step, m.due_at = Step.PAUSE, at_ns + POLL_NS

    def _fail(self, reason: str) -> None:
        self._m.step, self._m.due_at, self._m.failure = Step.FAILED, None, reason

    def _command_name(self) -> str:
        return COMMANDS[Step(self._m.step)].name.replace("_", " ")
