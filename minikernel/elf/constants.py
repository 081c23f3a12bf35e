"""Names and numbers of the System V gABI (chapters 4 and 5) and of the ELF for the Arm Architecture (AAELF32).

Only names: no code that reads or writes. Each enum member is the manual's name without its prefix, so `SHT_NOBITS` is
`SectionType.NOBITS` and `R_ARM_CALL` is `R_ARM.CALL`.
"""

from __future__ import annotations

from enum import IntEnum, IntFlag

ELF_MAGIC = b"\x7fELF"
ELFCLASS32 = 1
ELFDATA2LSB = 1
EV_CURRENT = 1
EM_ARM = 40
EF_ARM_EABI_VER5 = 0x0500_0000

EHDR_SIZE = 52
PHDR_SIZE = 32
SHDR_SIZE = 40
SYM_SIZE = 16
REL_SIZE = 8

SHN_UNDEF = 0
SHN_LORESERVE = 0xFF00
SHN_ABS = 0xFFF1
SHN_COMMON = 0xFFF2


class FileType(IntEnum):
    """e_type."""

    NONE = 0
    REL = 1
    EXEC = 2
    DYN = 3
    CORE = 4


class SectionType(IntEnum):
    """sh_type."""

    NULL = 0
    PROGBITS = 1
    SYMTAB = 2
    STRTAB = 3
    RELA = 4
    HASH = 5
    DYNAMIC = 6
    NOTE = 7
    NOBITS = 8
    REL = 9
    SHLIB = 10
    DYNSYM = 11
    INIT_ARRAY = 14
    FINI_ARRAY = 15
    PREINIT_ARRAY = 16
    GROUP = 17
    SYMTAB_SHNDX = 18
    ARM_EXIDX = 0x7000_0001
    ARM_ATTRIBUTES = 0x7000_0003


class SectionFlag(IntEnum):
    """Bits of sh_flags. A sum of them is a plain int: an IntFlag would cost a Python call for each `&`."""

    WRITE = 0x1
    ALLOC = 0x2
    EXECINSTR = 0x4
    MERGE = 0x10
    STRINGS = 0x20
    INFO_LINK = 0x40
    LINK_ORDER = 0x80
    GROUP = 0x200
    TLS = 0x400


class SegmentType(IntEnum):
    """p_type."""

    NULL = 0
    LOAD = 1
    NOTE = 4
    PHDR = 6
    ARM_EXIDX = 0x7000_0001


class SegmentFlag(IntFlag):
    """p_flags."""

    X = 1
    W = 2
    R = 4


class SymbolBinding(IntEnum):
    """ELF32_ST_BIND(st_info)."""

    LOCAL = 0
    GLOBAL = 1
    WEAK = 2


class SymbolKind(IntEnum):
    """ELF32_ST_TYPE(st_info)."""

    NOTYPE = 0
    OBJECT = 1
    FUNC = 2
    SECTION = 3
    FILE = 4
    COMMON = 5
    TLS = 6


class R_ARM(IntEnum):
    """Relocation types (AAELF32, table "Relocation codes") that an ARM-state kernel and its modules use."""

    NONE = 0
    PC24 = 1
    ABS32 = 2
    REL32 = 3
    CALL = 28
    JUMP24 = 29
    TARGET1 = 38
    V4BX = 40
    PREL31 = 42
    MOVW_ABS_NC = 43
    MOVT_ABS = 44


def is_mapping_symbol(name: str) -> bool:
    """True for $a, $t, $d and $a.anything: they mark code and data (AAELF32, "Mapping symbols") and name nothing."""
    return len(name) >= 2 and name[0] == "$" and name[1] in "atd" and (len(name) == 2 or name[2] == ".")
