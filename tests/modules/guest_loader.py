"""A guest whose program makes one system call after another, as the test says; and what its kernel holds between them.

/init is two instructions, `svc #0` and a branch back. The host fills its registers, runs to the branch, and reads r0:
everything between the two is the guest's own way of doing a system call. The program's .bss is memory to point at;
behind its last page nothing is mapped.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from modules.ko import kernel

from minikernel.elf.image import Image
from minikernel.kernel.printk import read_log, without_levels
from minikernel.machine.machine import Machine
from minikernel.machine.snapshot import Snapshot
from minikernel.machine.stop import StopKind
from minikernel.toolchain.assembler import assemble_text
from minikernel.toolchain.cpio import CpioEntry, write_cpio
from minikernel.toolchain.guest_tree import guest_tree
from minikernel.toolchain.linker import link
from minikernel.toolchain.script import LinkerScript

NR_READ, NR_WRITE, NR_OPEN, NR_CLOSE, NR_UNLINK, NR_SETUID = 3, 4, 5, 6, 10, 23
NR_INIT_MODULE, NR_DELETE_MODULE, NR_FINIT_MODULE = 128, 129, 379
IGNORE_MODVERSIONS, IGNORE_VERMAGIC = 1, 2
FORCE = IGNORE_MODVERSIONS | IGNORE_VERMAGIC
O_RDONLY, O_WRONLY, O_RDWR, O_NONBLOCK, O_TRUNC = 0, 1, 2, 0o4000, 0o1000

BUFFER_SIZE = 512 << 10
ARGUMENTS_SIZE = 4096
BOOT_BUDGET = 100_000_000
CALL_BUDGET = 50_000_000
PSR_SVC = 0x13
MOV_R0_0, BX_LR = 0xE3A00000, 0xE12FFF1E
PAGE = 4096
PG_HEAD, PG_SLAB = 2, 4  # guest/include/page.inc
KMALLOC_SIZES = 7  # 32 to 2048 bytes

PROGRAM = f"""
        .syntax unified
        .cpu    cortex-a15
        .arm
        .text
        .global _start, gate, back, arguments, buffer
_start:
gate:   svc     #0
back:   b       gate
        .bss
        .balign {PAGE}
arguments:
        .space  {ARGUMENTS_SIZE}
buffer: .space  {BUFFER_SIZE}
"""


@cache
def program() -> tuple[bytes, Image]:
    """/init, as bytes and with its symbols."""
    linked = link([("init.o", assemble_text(PROGRAM))], LinkerScript.read(guest_tree() / "user/user.lds"))
    return linked, Image.from_bytes(linked, "init")


class GuestDiedError(Exception):
    """The guest did not come back from a system call."""


@dataclass(frozen=True)
class LoaderState:
    """What a failed load, or a load and an unload, must leave as it was."""

    free_pages: int
    kmalloc: tuple[int, ...]
    modules: tuple[tuple[str, int, int, int], ...]
    areas: tuple[tuple[int, int, int], ...]
    mutex: int
    percpu: tuple[int, ...]


class GuestLoader:
    """A booted guest at its gate. Each test takes it back to its beginning with reset()."""

    def __init__(self, append: str = "", files: Mapping[str, bytes] | None = None, ram_size: int = 16 << 20) -> None:
        init, symbols = program()
        self.gate, self.back = symbols.address("gate"), symbols.address("back")
        self.arguments, self.buffer = symbols.address("arguments"), symbols.address("buffer")
        self.buffer_end = self.buffer + BUFFER_SIZE
        self.image = kernel().image
        entries = [CpioEntry.file("init", init, 0o755)]
        entries += [CpioEntry.file(path, data) for path, data in (files or {}).items()]
        self.machine = Machine(
            self.image, cmdline=f"console=ttyAMA0 {append}".strip(), initrd=write_cpio(entries), ram_size=ram_size
        )
        stop = self.machine.run(until={self.back}, max_instructions=BOOT_BUDGET)
        if self.machine.cpu.pc != self.back:
            raise GuestDiedError(f"{stop}\n{self.log}")
        self.start: Snapshot = self.machine.save()
        self._next_text = 0

    def reset(self) -> None:
        """The guest as it was when its program began."""
        self.machine.load(self.start)
        self._next_text = 0

    # --- system calls -----------------------------------------------------------------------------------------

    def syscall(self, number: int, *args: int, budget: int = CALL_BUDGET) -> int:
        """What the kernel answers: a result, or -errno."""
        cpu = self.machine.cpu
        for register, value in enumerate(args):
            cpu.set_r(register, value & 0xFFFFFFFF)
        cpu.set_r(7, number)
        cpu.pc = self.gate
        stop = self.machine.run(until={self.back}, max_instructions=budget)
        if stop.kind is not StopKind.BREAKPOINT or cpu.pc != self.back:
            raise GuestDiedError(f"{stop}\n{self.log[-3000:]}")
        self._next_text = 0
        return _signed(cpu.r(0))

    def forget_texts(self) -> None:
        """The next text() begins over."""
        self._next_text = 0

    def call(self, function: str | int, *args: int) -> tuple[int, int]:
        """(r0, r1) of a kernel or module function, run in kernel mode on the kernel's own, empty stack."""
        machine, cpu = self.machine, self.machine.cpu
        saved = cpu.save()
        back = self.image.address("console_wait")
        cpu.cpsr = PSR_SVC
        words = [value & 0xFFFFFFFF for value in args]
        if len(words) > 4:
            cpu.sp -= (len(words) - 4 + 1 & ~1) * 4
            machine.write(cpu.sp, struct.pack(f"<{len(words) - 4}I", *words[4:]))
        for number, value in enumerate(words[:4]):
            cpu.set_r(number, value)
        cpu.lr = back
        cpu.pc = self.image.address(function) if isinstance(function, str) else function
        stop = machine.run(until={back}, max_instructions=CALL_BUDGET)
        if cpu.pc != back:
            raise GuestDiedError(f"{stop}\n{self.log[-3000:]}")
        result = cpu.r(0), cpu.r(1)
        cpu.load(saved)
        return result

    def text(self, text: str | bytes) -> int:
        """The user address of a C string, good until the next system call."""
        data = (text.encode("latin-1") if isinstance(text, str) else text) + b"\0"
        where = self.arguments + self._next_text
        self._next_text += len(data)
        assert self._next_text <= ARGUMENTS_SIZE
        self.machine.write(where, data)
        return where

    def put(self, data: bytes) -> int:
        """The user address of these bytes: they end where user memory ends."""
        where = self.buffer_end - len(data)
        assert where >= self.buffer
        self.machine.write(where, data)
        return where

    def init_module(self, ko: bytes, params: str | bytes = "", budget: int = CALL_BUDGET) -> int:
        """init_module(2)."""
        return self.syscall(NR_INIT_MODULE, self.put(ko), len(ko), self.text(params), budget=budget)

    def finit_module(self, path: str, params: str = "", flags: int = 0) -> int:
        """open(2), finit_module(2), close(2)."""
        fd = self.open(path)
        assert fd >= 0, (path, fd)
        result = self.syscall(NR_FINIT_MODULE, fd, self.text(params), flags)
        self.close(fd)
        return result

    def load_file(self, ko: bytes, params: str = "", flags: int = 0) -> int:
        """finit_module(2) on a file that holds these bytes, for as long as that takes."""
        self.write_file("/tmp/loaded.ko", ko)
        result = self.finit_module("/tmp/loaded.ko", params, flags)
        self.syscall(NR_UNLINK, self.text("/tmp/loaded.ko"))
        return result

    def delete_module(self, name: str, flags: int = O_NONBLOCK) -> int:
        """delete_module(2)."""
        return self.syscall(NR_DELETE_MODULE, self.text(name), flags)

    def open(self, path: str, flags: int = O_RDONLY, mode: int = 0o644) -> int:
        """open(2)."""
        return self.syscall(NR_OPEN, self.text(path), flags, mode)

    def close(self, fd: int) -> int:
        """close(2)."""
        return self.syscall(NR_CLOSE, fd)

    def write_file(self, path: str, data: bytes) -> None:
        """A new file with this content."""
        fd = self.open(path, O_WRONLY | 0o100 | O_TRUNC)
        assert fd >= 0, (path, fd)
        for start in range(0, len(data), BUFFER_SIZE):
            piece = data[start : start + BUFFER_SIZE]
            done = 0
            while done < len(piece):
                done += self.syscall(NR_WRITE, fd, self.put(piece[done:]), len(piece) - done)
        self.close(fd)

    def read_file(self, path: str) -> str:
        """The text of a file, of /proc for instance."""
        return self.read_bytes(path).decode()

    def read_bytes(self, path: str) -> bytes:
        """The content of a file."""
        fd = self.open(path)
        assert fd >= 0, (path, fd)
        parts = []
        while (count := self.syscall(NR_READ, fd, self.buffer, 4096)) > 0:
            parts.append(self.machine.read(self.buffer, count))
        self.close(fd)
        return b"".join(parts)

    def replace_function(self, name: str) -> None:
        """From now on this function of the kernel returns 0 at once."""
        self.machine.write(self.image.address(name), struct.pack("<II", MOV_R0_0, BX_LR))

    # --- what the kernel holds --------------------------------------------------------------------------------

    @property
    def log(self) -> str:
        """The kernel log, as dmesg prints it."""
        return without_levels(read_log(self.image, self.machine.read))

    def log_since(self, mark: int) -> str:
        """What was logged since log_mark() gave `mark`, without the time stamps."""
        written = self.log_mark() - mark
        lines = read_log(self.image, self.machine.read)[-written:] if written else ""
        return "\n".join(line.partition("] ")[2] for line in lines.splitlines())

    def log_mark(self) -> int:
        """Bytes ever logged."""
        return self.word("log_next")

    def word(self, symbol: str) -> int:
        """A word variable of the kernel."""
        return self.machine.read_word(self.image.address(symbol))

    def set_word(self, symbol: str, value: int) -> None:
        """Change a word variable of the kernel."""
        self.machine.write(self.image.address(symbol), struct.pack("<I", value & 0xFFFFFFFF))

    def modules(self) -> tuple[tuple[str, int, int, int], ...]:
        """(name, state, reference count, address) of every module, newest first."""
        machine, head = self.machine, self.image.address("modules")
        found = []
        at = machine.read_word(head)
        while at != head:
            mod = at - struct_module("LIST")
            name = machine.read(mod + struct_module("NAME"), 60).partition(b"\0")[0].decode("latin-1")
            state, count = (machine.read_word(mod + struct_module(field)) for field in ("STATE", "REFCNT"))
            found.append((name, state, count, mod))
            at = machine.read_word(at)
        return tuple(found)

    def module_symbol(self, name: str) -> int:
        """The address of a symbol of any module, from /proc/kallsyms. Raises KeyError."""
        for line in self.read_file("/proc/kallsyms").splitlines():
            fields = line.split()
            if fields[2] == name and len(fields) == 4:
                return int(fields[0], 16)
        raise KeyError(name)

    def areas(self) -> tuple[tuple[int, int, int], ...]:
        """(address, pages, kind) of each piece of the module area in use."""
        machine, found = self.machine, []
        at = self.word("module_areas")
        while at:
            following, address, pages, kind = struct.unpack("<4I", machine.read(at, 16))
            found.append((address, pages, kind))
            at = following
        return tuple(found)

    def state(self) -> LoaderState:
        """Memory, module list, module area and lock, now."""
        return LoaderState(
            self.word("nr_free_pages_count"),
            self.kmalloc_objects(),
            self.modules(),
            self.areas(),
            self.word("module_mutex"),
            self.percpu_blocks(),
        )

    def kmalloc_objects(self) -> tuple[int, ...]:
        """Objects handed out of each size, 32 to 2048 bytes, and pages in larger blocks."""
        machine = self.machine
        start = self.word("mem_map")
        objects, larger = [0] * KMALLOC_SIZES, 0
        for flags, order, in_use in struct.iter_unpack(
            "<8xBBH4x", machine.read(start, self.word("mem_map_end") - start)
        ):
            if flags & PG_SLAB:
                objects[order] += in_use
            elif flags & PG_HEAD:
                larger += 1 << order
        return (*objects, larger)

    def percpu_blocks(self) -> tuple[int, ...]:
        """The table of blocks of per-CPU memory."""
        used = self.word("pcpu_num_used")
        return struct.unpack(f"<{used}i", self.machine.read(self.image.address("pcpu_size"), 4 * used))


@cache
def _struct_module() -> dict[str, int]:
    import re

    text = (guest_tree() / "include/module.inc").read_text()
    return {name: int(value, 0) for name, value in re.findall(r"\.equ\s+MODULE_(\w+),\s*(0x[0-9a-f]+|\d+)\b", text)}


def struct_module(field: str) -> int:
    """An offset in struct module, from guest/include/module.inc."""
    return _struct_module()[field]


def _signed(value: int) -> int:
    return value - (1 << 32) if value >> 31 else value


@cache
def loader(append: str = "", files: tuple[tuple[str, bytes], ...] = ()) -> GuestLoader:
    """A guest booted once for each command line and set of files."""
    return GuestLoader(append, dict(files))


def fresh(append: str = "", files: Sequence[tuple[str, bytes]] = ()) -> GuestLoader:
    """The same, set back to its beginning."""
    guest = loader(append, tuple(files))
    guest.reset()
    return guest
