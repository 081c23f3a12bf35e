"""The camera as gdb is to see it: registers, memory map, and the error numbers of answers."""

from __future__ import annotations

from enum import Enum

from minikernel.kernel.modules import AREA_START
from minikernel.machine.machine import RAM_BASE

#: The numbers gdb counts registers by (target.xml); the g packet has the same ones in this order, 4 bytes each.
REGISTERS = {**{number: f"r{number}" for number in range(16)}, 25: "cpsr"}
SP, PC, CPSR = 13, 15, 25
REGISTER_BYTES = 4

_TYPES = {SP: "data_ptr", PC: "code_ptr"}
_NAMES = {SP: "sp", 14: "lr", PC: "pc"}

#: Where user programs are, below the first device (guest/include/memory.inc, board/memory_map.py).
_USER_END = 0x0800_0000
_PAGE_OFFSET = 0xC000_0000


class ErrorAnswer(Enum):
    """Answers that say no; the numbers are Linux's errno, as QEMU answers with."""

    FAULT = b"E14"  # EFAULT: there is no such memory
    INVALID = b"E22"  # EINVAL: the packet makes no sense, or the thing asked for cannot be
    NO_SUCH_THREAD = b"E03"  # ESRCH


def target_xml() -> bytes:
    """The target description (GDB manual, appendix G): a standard core, registers r0 to cpsr."""
    rows = "".join(
        f'    <reg name="{_NAMES.get(number, name)}" bitsize="32" regnum="{number}"'
        f' type="{_TYPES.get(number, "uint32")}"/>\n'
        for number, name in REGISTERS.items()
    )
    return f"""<?xml version="1.0"?>
<!DOCTYPE target SYSTEM "gdb-target.dtd">
<target version="1.0">
  <architecture>armv7</architecture>
  <feature name="org.gnu.gdb.arm.core">
{rows}  </feature>
</target>
""".encode()


def memory_map_xml(ram_size: int) -> bytes:
    """Where gdb may look, by virtual address: user memory; RAM before the MMU is on; modules and the linear map.

    gdb asks once, so all that may ever be mapped is in it. Devices are not: reading them would change them.
    """
    regions = (0, _USER_END), (RAM_BASE, RAM_BASE + ram_size), (AREA_START, _PAGE_OFFSET + ram_size)
    rows = "".join(f'  <memory type="ram" start="{start:#x}" length="{end - start:#x}"/>\n' for start, end in regions)
    return f"""<?xml version="1.0"?>
<!DOCTYPE memory-map PUBLIC "+//IDN gnu.org//DTD GDB Memory Map V1.0//EN" "http://sourceware.org/gdb/gdb-memory-map.dtd">
<memory-map>
{rows}</memory-map>
""".encode()
