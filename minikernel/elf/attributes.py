"""`.ARM.attributes`: what code of this object may use (Addenda to the Arm ABI, "Build attributes").

gdb needs it to choose the instruction set, and the linker to see that objects fit together.
"""

from __future__ import annotations

import struct

from minikernel.elf.constants import SectionType
from minikernel.elf.object_file import Section

# (tag, value) in the order GNU as writes them for `.cpu cortex-a15`.
CORTEX_A15: tuple[tuple[int, int | str], ...] = (
    (5, "Cortex-A15"),  # Tag_CPU_name
    (6, 10),  # Tag_CPU_arch: v7
    (7, ord("A")),  # Tag_CPU_arch_profile: application
    (8, 1),  # Tag_ARM_ISA_use
    (9, 2),  # Tag_THUMB_ISA_use: Thumb-2
    (42, 1),  # Tag_MPextension_use
    (44, 2),  # Tag_DIV_use: SDIV and UDIV in ARM state
    (68, 3),  # Tag_Virtualization_use: TrustZone and virtualization
)


def attributes_section(tags: tuple[tuple[int, int | str], ...] = CORTEX_A15) -> Section:
    """A `.ARM.attributes` section with one file subsection of the vendor "aeabi". Integer values below 128 only."""
    body = b"".join(
        bytes([tag]) + (value.encode() + b"\0" if isinstance(value, str) else bytes([value])) for tag, value in tags
    )
    file_subsection = b"\x01" + struct.pack("<I", 5 + len(body)) + body
    vendor = b"aeabi\0" + file_subsection
    data = b"A" + struct.pack("<I", 4 + len(vendor)) + vendor
    return Section(".ARM.attributes", SectionType.ARM_ATTRIBUTES, 0, 1, data)
