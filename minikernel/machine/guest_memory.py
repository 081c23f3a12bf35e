"""The host's hand in guest memory: by virtual address through the kernel's own tables, or by physical address.

Only RAM answers: reading a device's register would change it. Permissions are not looked at, as a debugger's are not.
"""

from __future__ import annotations

from minikernel.errors import MinikernelError
from minikernel.machine.mmu import PAGE_SIZE
from minikernel.machine.ram import Ram
from minikernel.machine.translation import Translation


class GuestMemoryError(MinikernelError):
    """The host asked for guest memory that is not there; `addr` is the first byte that is not."""

    def __init__(self, addr: int, message: str) -> None:
        self.addr = addr
        super().__init__(message)


class GuestMemory:
    """Machine has the same methods. All raise GuestMemoryError; a write that does so has changed nothing."""

    def __init__(self, ram: Ram, translation: Translation) -> None:
        self._ram = ram
        self._translation = translation

    def read(self, addr: int, size: int) -> bytes:
        """`size` bytes at a virtual address."""
        return b"".join(self._ram.read(paddr, length) for paddr, length in self._places(addr, size))

    def write(self, addr: int, data: bytes) -> None:
        """Change guest memory at a virtual address."""
        done = 0
        for paddr, length in self._places(addr, len(data)):
            self._store(paddr, data[done : done + length])
            done += length

    def read_phys(self, paddr: int, size: int) -> bytes:
        """`size` bytes at a physical address."""
        self._check_ram(paddr, size)
        return self._ram.read(paddr, size)

    def write_phys(self, paddr: int, data: bytes) -> None:
        """Change RAM at a physical address."""
        self._check_ram(paddr, len(data))
        self._store(paddr, data)

    def read_cstring(self, addr: int, limit: int) -> str:
        """The NUL-ended text at a virtual address; at most `limit` bytes of it."""
        text = b""
        while len(text) < limit:
            length = min(PAGE_SIZE - (addr + len(text)) % PAGE_SIZE, limit - len(text))
            part, nul, _ = self.read(addr + len(text), length).partition(b"\0")
            text += part
            if nul:
                break
        return text.decode("utf-8", "replace")

    def _store(self, paddr: int, data: bytes) -> None:
        self._translation.host_wrote(self._ram.write(paddr, data))

    def _places(self, addr: int, size: int) -> list[tuple[int, int]]:
        """[addr, addr + size) as pieces of RAM: (physical address, length) each."""
        pieces = []
        end = addr + size
        while addr < end:
            length = min(end - addr, PAGE_SIZE - addr % PAGE_SIZE)
            paddr = self._translation.physical(addr)
            if paddr is None:
                raise GuestMemoryError(addr, f"nothing is mapped at {addr:#010x}")
            if not self._ram.holds(paddr, length):
                why = "" if self._translation.registers.enabled else " (the MMU is off)"
                raise GuestMemoryError(addr, f"{addr:#010x} is physical {paddr:#010x}, which is not RAM{why}")
            pieces.append((paddr, length))
            addr += length
        return pieces

    def _check_ram(self, paddr: int, size: int) -> None:
        if not self._ram.holds(paddr, size):
            raise GuestMemoryError(paddr, f"physical {paddr:#010x} to {paddr + size:#010x} is not RAM")
