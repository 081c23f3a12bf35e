"""The boot loader's part: put the image, the ATAG list and the initial RAM disk into memory and say how to start.

Source: Documentation/arm/booting.rst ("Booting ARM Linux"): MMU off, SVC mode, IRQ and FIQ masked, r0 = 0,
r1 = machine type, r2 = physical address of the tagged list.
"""

from __future__ import annotations

import struct

from minikernel.bits import align_down
from minikernel.elf.image import Image
from minikernel.errors import ImageError, UsageError
from minikernel.machine.mmu import PAGE_SIZE
from minikernel.machine.ram import Ram

MACHINE_TYPE_VEXPRESS = 2272
ATAGS_OFFSET = 0x100
ATAGS_END = 0x4000  # the kernel's first-level table begins there
COMMAND_LINE_SIZE = 1024

ATAG_NONE = 0x0000_0000
ATAG_CORE = 0x5441_0001
ATAG_MEM = 0x5441_0002
ATAG_INITRD2 = 0x5442_0005
ATAG_CMDLINE = 0x5441_0009


def load(image: Image, ram: Ram, cmdline: str = "", initrd: bytes = b"") -> dict[int, int]:
    """Fill RAM; returns the registers to start with (15 is the entry point).

    Raises ImageError when a segment is not in RAM, UsageError when the command line or the RAM disk does not fit.
    """
    end = _load_segments(image, ram)
    initrd_paddr = _load_initrd(ram, initrd, end)
    tags = _atags(ram, cmdline, initrd_paddr, len(initrd))
    ram.write(ram.base + ATAGS_OFFSET, tags)
    return {0: 0, 1: MACHINE_TYPE_VEXPRESS, 2: ram.base + ATAGS_OFFSET, 15: image.entry}


def _load_segments(image: Image, ram: Ram) -> int:
    """Returns the end of the highest segment."""
    end = ram.base
    for number, segment in enumerate(image.segments):
        if not ram.holds(segment.paddr, segment.memsz):
            where = f"[{segment.paddr:#x}, {segment.paddr + segment.memsz:#x})"
            have = f"[{ram.base:#x}, {ram.base + ram.size:#x})"
            raise ImageError(f"loads at physical {where}, RAM is {have}", image.name, f"segment {number} p_paddr")
        ram.write(segment.paddr, segment.data)
        end = max(end, segment.paddr + segment.memsz)
    if image.entry not in ram:
        raise ImageError(f"entry point {image.entry:#x} is not in RAM: it must be physical", image.name, "e_entry")
    return end


def _load_initrd(ram: Ram, initrd: bytes, end_of_kernel: int) -> int:
    """As high in RAM as it goes, on a page boundary. Returns its physical address."""
    if not initrd:
        return 0
    paddr = align_down(ram.base + ram.size - len(initrd), PAGE_SIZE)
    if paddr < end_of_kernel:
        raise UsageError(f"the initrd ({len(initrd)} bytes) does not fit in RAM above the kernel ({end_of_kernel:#x})")
    ram.write(paddr, initrd)
    return paddr


def _atags(ram: Ram, cmdline: str, initrd_paddr: int, initrd_size: int) -> bytes:
    text = cmdline.encode()
    if len(text) >= COMMAND_LINE_SIZE:
        raise UsageError(f"the command line has {len(text)} bytes; the kernel takes at most {COMMAND_LINE_SIZE - 1}")
    if b"\0" in text:
        raise UsageError("the command line has a NUL character")
    tags = _tag(ATAG_CORE) + _tag(ATAG_MEM, struct.pack("<II", ram.size, ram.base))
    if text:
        tags += _tag(ATAG_CMDLINE, (text + b"\0").ljust((len(text) + 4) & ~3, b"\0"))
    if initrd_size:
        tags += _tag(ATAG_INITRD2, struct.pack("<II", initrd_paddr, initrd_size))
    return tags + struct.pack("<II", 0, ATAG_NONE)


def _tag(tag: int, payload: bytes = b"") -> bytes:
    return struct.pack("<II", 2 + len(payload) // 4, tag) + payload
