"""The parts that object files and images share: ELF header, section headers, string tables (gABI chapter 4).

Every read is checked against the file's length first; a wrong field is an ImageError naming file, field and offset.
"""

from __future__ import annotations

import struct
from typing import NamedTuple

from minikernel.elf.constants import (
    EHDR_SIZE,
    ELF_MAGIC,
    ELFCLASS32,
    ELFDATA2LSB,
    EM_ARM,
    EV_CURRENT,
    PHDR_SIZE,
    SHDR_SIZE,
    SectionType,
)
from minikernel.errors import ImageError


class ElfHeader(NamedTuple):
    """Elf32_Ehdr after e_ident."""

    type: int
    machine: int
    version: int
    entry: int
    phoff: int
    shoff: int
    flags: int
    ehsize: int
    phentsize: int
    phnum: int
    shentsize: int
    shnum: int
    shstrndx: int


class SectionHeader(NamedTuple):
    """Elf32_Shdr, fields in file order."""

    name: int
    type: int
    flags: int
    addr: int
    offset: int
    size: int
    link: int
    info: int
    addralign: int
    entsize: int

    def pack(self) -> bytes:
        """The 40 bytes of the file."""
        return struct.pack("<10I", *self)


class StringTable:
    """A string table under construction: each text once, offset 0 is the empty string."""

    def __init__(self) -> None:
        self._offsets: dict[str, int] = {"": 0}
        self._parts: list[bytes] = [b"\0"]
        self._size = 1

    def add(self, text: str) -> int:
        """The offset of `text`, added when new."""
        offset = self._offsets.get(text)
        if offset is None:
            encoded = text.encode() + b"\0"
            offset = self._offsets[text] = self._size
            self._parts.append(encoded)
            self._size += len(encoded)
        return offset

    def to_bytes(self) -> bytes:
        """The section's bytes."""
        return b"".join(self._parts)


def c_string(table: bytes, offset: int) -> str:
    """The NUL-ended text at `offset` of a string table; what lies past the end reads as empty."""
    end = table.find(b"\0", offset)
    return table[offset : end if end >= 0 else len(table)].decode("utf-8", "backslashreplace")


def pack_ehdr(
    file_type: int, entry: int, phnum: int, shoff: int, flags: int, phoff: int, shnum: int, shstrndx: int
) -> bytes:
    """The 52 bytes of an ELF32 little-endian ARM header."""
    ident = ELF_MAGIC + bytes([ELFCLASS32, ELFDATA2LSB, EV_CURRENT]) + bytes(9)
    return ident + struct.pack(
        "<HHIIIIIHHHHHH",
        file_type,
        EM_ARM,
        EV_CURRENT,
        entry,
        phoff,
        shoff,
        flags,
        EHDR_SIZE,
        PHDR_SIZE if phnum else 0,
        phnum,
        SHDR_SIZE,
        shnum,
        shstrndx,
    )


def read_ehdr(data: bytes, name: str) -> ElfHeader:
    """Checks identification and machine. Raises ImageError."""
    if len(data) < EHDR_SIZE:
        raise ImageError(f"{len(data)} bytes are too few for an ELF header ({EHDR_SIZE})", name, "ELF header", 0)
    if data[:4] != ELF_MAGIC:
        raise ImageError(f"expected 7f 45 4c 46, found {data[:4].hex(' ')}", name, "e_ident magic", 0)
    for offset, expected, what in (
        (4, ELFCLASS32, "EI_CLASS"),
        (5, ELFDATA2LSB, "EI_DATA"),
        (6, EV_CURRENT, "EI_VERSION"),
    ):
        if data[offset] != expected:
            raise ImageError(f"expected {expected}, found {data[offset]}", name, what, offset)
    header = ElfHeader(*struct.unpack_from("<HHIIIIIHHHHHH", data, 16))
    if header.machine != EM_ARM:
        raise ImageError(f"expected machine {EM_ARM} (ARM), found {header.machine}", name, "e_machine", 18)
    return header


def read_section_headers(data: bytes, name: str) -> tuple[ElfHeader, list[SectionHeader], list[str]]:
    """Header, section headers and their names. Raises ImageError when a section lies outside the file."""
    header = read_ehdr(data, name)
    if header.shnum and header.shentsize != SHDR_SIZE:
        raise ImageError(f"expected {SHDR_SIZE}, found {header.shentsize}", name, "e_shentsize", 46)
    if header.shoff + header.shnum * SHDR_SIZE > len(data):
        message = f"section headers end at {header.shoff + header.shnum * SHDR_SIZE:#x}, the file at {len(data):#x}"
        raise ImageError(message, name, "e_shoff", 32)
    headers = [
        SectionHeader(*struct.unpack_from("<10I", data, header.shoff + index * SHDR_SIZE))
        for index in range(header.shnum)
    ]
    for index, sh in enumerate(headers):
        if sh.type not in (SectionType.NOBITS, SectionType.NULL) and sh.offset + sh.size > len(data):
            message = f"the section ends at {sh.offset + sh.size:#x}, the file at {len(data):#x}"
            raise ImageError(message, name, f"section {index} sh_offset", header.shoff + index * SHDR_SIZE + 16)
    if not headers:
        return header, headers, []
    if header.shstrndx >= len(headers) or headers[header.shstrndx].type != SectionType.STRTAB:
        raise ImageError(f"section {header.shstrndx} is no string table", name, "e_shstrndx", 50)
    strings = headers[header.shstrndx]
    table = data[strings.offset : strings.offset + strings.size]
    return header, headers, [c_string(table, sh.name) for sh in headers]
