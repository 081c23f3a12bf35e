"""A loadable module as a file: what Linux's kmod and loader look for in a .ko, as plain values.

Read by `minikernel modinfo`, by depmod.py and by checks. Works on our modules and on real ones for ARM
(Debian's armmp): formats are those of Linux 6.1 on a 32-bit processor.
"""

from __future__ import annotations

import struct
from collections import Counter
from collections.abc import Iterator

from minikernel.elf.constants import R_ARM, SectionFlag, SectionType, SymbolBinding
from minikernel.elf.header import c_string
from minikernel.elf.object_file import ABS, UNDEF, ObjectFile, Section, Symbol
from minikernel.errors import ImageError
from minikernel.values import dataclass

KERNEL_SYMBOL_SIZE = 12  # value, name, namespace
KERNEL_PARAM_SIZE = 20
MODVERSION_SIZE = 64
SIGNATURE_MARK = b"~Module signature appended~\n"
_SIGNATURE_TRAILER = 12  # struct module_signature: 8 bytes, then the length, big-endian

_TABLES = (("__ksymtab", "__kcrctab", False), ("__ksymtab_gpl", "__kcrctab_gpl", True))


@dataclass(frozen=True)
class ModuleExport:
    """An entry of a ksymtab. `crc` is None where the module has no kcrctab."""

    name: str
    gpl_only: bool
    crc: int | None
    namespace: str


@dataclass(frozen=True)
class ModuleImport:
    """An undefined symbol. `crc` is that of __versions, None where it has none."""

    name: str
    is_weak: bool
    crc: int | None


@dataclass(frozen=True)
class ModuleParameter:
    """A parameter: `type` and `description` from .modinfo, `permissions` from __param (None without an entry)."""

    name: str
    type: str
    permissions: int | None
    description: str


@dataclass(frozen=True)
class ModuleFile:
    """One .ko. `info` are the key=value pairs of .modinfo in file order; sizes are in bytes."""

    obj: ObjectFile
    size: int
    signature_size: int
    info: tuple[tuple[str, str], ...]
    exports: tuple[ModuleExport, ...]
    imports: tuple[ModuleImport, ...]
    versions: tuple[tuple[str, int], ...]
    parameters: tuple[ModuleParameter, ...]

    @classmethod
    def from_bytes(cls, data: bytes, name: str = "module") -> ModuleFile:
        """Reads a .ko; `name` is what messages call it. Raises ImageError with the field and the offset."""
        signature = _signature_size(data, name)
        obj = ObjectFile.from_bytes(data[: len(data) - signature], name)
        info = tuple(modinfo_pairs(obj))
        versions = tuple(_versions(obj, name))
        return cls(
            obj,
            len(data),
            signature,
            info,
            tuple(export for table in _TABLES for export in _exports(obj, name, *table)),
            tuple(_imports(obj, dict(versions))),
            versions,
            tuple(_parameters(obj, name, info)),
        )

    def get(self, key: str) -> str | None:
        """The first value of a key of .modinfo."""
        return next((value for known, value in self.info if known == key), None)

    @property
    def depends(self) -> tuple[str, ...]:
        """The modules that `depends=` names."""
        return tuple(name for name in (self.get("depends") or "").split(",") if name)

    def relocation_counts(self) -> Counter[str]:
        """How many relocations of each type a loader applies (not those of line tables); names without R_ARM_."""
        names = {kind.value: kind.name for kind in R_ARM}
        loaded = (section for section in self.obj.sections if section.flags & SectionFlag.ALLOC)
        kinds = (relocation.type for section in loaded for relocation in section.relocations)
        return Counter(names.get(kind, f"type {kind}") for kind in kinds)


def modinfo_pairs(obj: ObjectFile) -> Iterator[tuple[str, str]]:
    """The key=value texts of .modinfo."""
    for section in obj.sections:
        if section.name == ".modinfo":
            for text in bytes(section.data).split(b"\0"):
                key, equals, value = text.decode("utf-8", "backslashreplace").partition("=")
                if key and equals:
                    yield key, value


class Pointers:
    """What the words of one section point to once they are relocated. For reading only: nothing is relocated."""

    def __init__(self, section: Section) -> None:
        self._section = section
        self._targets = {r.offset: r.symbol for r in section.relocations if r.type == R_ARM.ABS32}
        self._strings: dict[int, bytes] = {}

    def symbol(self, offset: int) -> Symbol | None:
        """The symbol that the word at `offset` refers to; None where there is no relocation."""
        return self._targets.get(offset)

    def string(self, offset: int) -> str:
        """The C string that the word at `offset` points to; empty where it points to no bytes."""
        symbol = self._targets.get(offset)
        if symbol is None or not isinstance(symbol.section, Section):
            return ""
        table = self._strings.get(id(symbol.section))
        if table is None:
            table = self._strings[id(symbol.section)] = bytes(symbol.section.data)
        return c_string(table, (symbol.value + _word(self._section, offset)) & 0xFFFF_FFFF)


def _word(section: Section, offset: int) -> int:
    return int.from_bytes(section.data[offset : offset + 4], "little")


def _signature_size(data: bytes, name: str) -> int:
    """Bytes after the ELF file when a signature is appended, else 0."""
    if not data.endswith(SIGNATURE_MARK):
        return 0
    trailer = len(SIGNATURE_MARK) + _SIGNATURE_TRAILER
    if len(data) < trailer:
        raise ImageError("the file is shorter than a signature's trailer", name, "module signature", 0)
    (length,) = struct.unpack_from(">I", data, len(data) - len(SIGNATURE_MARK) - 4)
    if length + trailer > len(data):
        at = len(data) - len(SIGNATURE_MARK) - 4
        raise ImageError(f"{length:#x} bytes of signature do not fit into the file", name, "module signature", at)
    return trailer + int(length)


def _table(obj: ObjectFile, name: str, section_name: str, entry: int) -> Section | None:
    section = next((s for s in obj.sections if s.name == section_name), None)
    if section is not None and section.type == SectionType.NOBITS:
        raise ImageError("expected bytes, found zeros (SHT_NOBITS)", name, section_name)
    if section is not None and section.size % entry:
        raise ImageError(f"{section.size} bytes are no multiple of {entry}", name, section_name)
    return section


def _exports(obj: ObjectFile, name: str, table: str, crcs: str, gpl_only: bool) -> Iterator[ModuleExport]:
    section, crc_section = _table(obj, name, table, KERNEL_SYMBOL_SIZE), _table(obj, name, crcs, 4)
    if section is None:
        return
    pointers, crc_pointers = Pointers(section), Pointers(crc_section or section)
    for index in range(section.size // KERNEL_SYMBOL_SIZE):
        at = index * KERNEL_SYMBOL_SIZE
        symbol = pointers.symbol(at)
        yield ModuleExport(
            pointers.string(at + 4) or (symbol.name if symbol is not None else ""),
            gpl_only,
            None if crc_section is None else _crc(crc_section, crc_pointers, 4 * index),
            pointers.string(at + 8),
        )


def _crc(section: Section, pointers: Pointers, offset: int) -> int | None:
    """A CRC stands in the table, or (older compilers) is the value of an absolute symbol."""
    symbol = pointers.symbol(offset)
    if symbol is not None:
        return symbol.value & 0xFFFF_FFFF if symbol.section is ABS else None
    return _word(section, offset) if offset + 4 <= section.size else None


def _imports(obj: ObjectFile, versions: dict[str, int]) -> Iterator[ModuleImport]:
    for symbol in obj.symbols:
        if symbol.section is UNDEF and symbol.name:
            yield ModuleImport(symbol.name, symbol.binding == SymbolBinding.WEAK, versions.get(symbol.name))


def _versions(obj: ObjectFile, name: str) -> Iterator[tuple[str, int]]:
    section = _table(obj, name, "__versions", MODVERSION_SIZE)
    if section is not None:
        for at in range(0, section.size, MODVERSION_SIZE):
            row = bytes(section.data[at : at + MODVERSION_SIZE])
            yield c_string(row, 4), int.from_bytes(row[:4], "little")


def _parameters(obj: ObjectFile, name: str, info: tuple[tuple[str, str], ...]) -> Iterator[ModuleParameter]:
    types = dict(value.split(":", 1) for key, value in info if key == "parmtype" and ":" in value)
    texts = dict(value.split(":", 1) for key, value in info if key == "parm" and ":" in value)
    permissions: dict[str, int] = {}
    section = _table(obj, name, "__param", KERNEL_PARAM_SIZE)
    if section is not None:
        pointers = Pointers(section)
        for at in range(0, section.size, KERNEL_PARAM_SIZE):
            permissions[pointers.string(at)] = int.from_bytes(section.data[at + 12 : at + 14], "little")
    for parameter in dict.fromkeys((*permissions, *types, *texts)):
        yield ModuleParameter(parameter, types.get(parameter, ""), permissions.get(parameter), texts.get(parameter, ""))
