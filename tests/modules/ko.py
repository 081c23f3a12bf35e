"""Modules for tests: made from a few lines of assembly without modpost's refusals, and changed field by field."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache

from minikernel.elf.constants import SHDR_SIZE, SYM_SIZE, SectionType, SymbolBinding
from minikernel.elf.image import Image
from minikernel.elf.object_file import UNDEF, ObjectFile
from minikernel.toolchain.assembler import assemble, assemble_text
from minikernel.toolchain.build import build
from minikernel.toolchain.config import BuildConfig
from minikernel.toolchain.generated import ModuleSource, module_source
from minikernel.toolchain.guest_tree import guest_tree
from minikernel.toolchain.modpost import exports_of, read_symvers
from minikernel.toolchain.relocatable import link_relocatable
from minikernel.toolchain.script import LinkerScript
from minikernel.toolchain.source import SourceFile

# The fields of Elf32_Ehdr, Elf32_Shdr and Elf32_Sym: offset and struct's letter.
EHDR_FIELDS = {
    "e_magic": (0, "I"),
    "e_type": (16, "H"),
    "e_machine": (18, "H"),
    "e_version": (20, "I"),
    "e_entry": (24, "I"),
    "e_phoff": (28, "I"),
    "e_shoff": (32, "I"),
    "e_flags": (36, "I"),
    "e_ehsize": (40, "H"),
    "e_phentsize": (42, "H"),
    "e_phnum": (44, "H"),
    "e_shentsize": (46, "H"),
    "e_shnum": (48, "H"),
    "e_shstrndx": (50, "H"),
}
SHDR_FIELDS = {
    name: (4 * number, "I")
    for number, name in enumerate(
        (
            "sh_name",
            "sh_type",
            "sh_flags",
            "sh_addr",
            "sh_offset",
            "sh_size",
            "sh_link",
            "sh_info",
            "sh_addralign",
            "sh_entsize",
        )
    )
}
SYM_FIELDS = {
    "st_name": (0, "I"),
    "st_value": (4, "I"),
    "st_size": (8, "I"),
    "st_info": (12, "B"),
    "st_other": (13, "B"),
    "st_shndx": (14, "H"),
}


@dataclass(frozen=True)
class Kernel:
    """The default kernel, and the CRC of each symbol it exports."""

    image: Image
    crcs: Mapping[str, int]


@cache
def kernel() -> Kernel:
    """Built once a test run."""
    built = build(BuildConfig.load())
    exports = read_symvers(built.files["Module.symvers"].decode())
    return Kernel(Image.from_bytes(built.image, "vmlinux"), {name: each.crc for name, each in exports.items()})


def module(
    name: str,
    source: str,
    *,
    others: Iterable[bytes] = (),
    versions: Mapping[str, int] | None = None,
    depends: Iterable[str] = (),
    in_tree: bool = True,
) -> bytes:
    """The .ko of a source. `others` are the modules it uses; `versions` replace the CRCs it was built against."""
    obj = assemble(SourceFile(f"{name}.s", source), [guest_tree() / "include"], {"MODULE": 1}, guest_tree())
    return finish_module(name, obj, others=others, versions=versions, depends=depends, in_tree=in_tree)


def finish_module(
    name: str,
    obj: ObjectFile,
    *,
    others: Iterable[bytes] = (),
    versions: Mapping[str, int] | None = None,
    depends: Iterable[str] = (),
    in_tree: bool = True,
) -> bytes:
    """What modpost and `ld -r` add to an object, nothing checked."""
    crcs = dict(kernel().crcs)
    for other in others:
        for at, crc in exported(other).items():
            crcs[at] = crc
    defined = {each.name for each in obj.symbols if each.is_defined and each.binding != SymbolBinding.LOCAL}
    wanted = ["module_layout"] + [each.name for each in obj.symbols if each.section is UNDEF and each.name]
    own = exports_of(name, obj, {})
    made = module_source(
        ModuleSource(
            name,
            tuple(depends),
            "init_module" in defined,
            "cleanup_module" in defined,
            in_tree,
            tuple(export.entry for export in own),
            {each: crcs[each] for each in wanted if each in crcs} | dict(versions or {}),
        )
    )
    script = LinkerScript.read(guest_tree() / "kernel/module.lds")
    return link_relocatable([(f"{name}.o", obj), (f"{name}.mod.o", assemble_text(made))], script).to_bytes()


def exported(ko: bytes) -> dict[str, int]:
    """The CRC of each symbol that a module exports."""
    obj = ObjectFile.from_bytes(ko)
    names = {section.name for section in obj.sections}
    result: dict[str, int] = {}
    for table, crcs in (("__ksymtab", "__kcrctab"), ("__ksymtab_gpl", "__kcrctab_gpl")):
        if table in names and crcs in names:
            rows = sorted((each for each in obj.section(table).relocations), key=lambda each: each.offset)
            symbols = [each.symbol.name for each in rows if each.offset % 12 == 0]
            values = struct.unpack(f"<{len(symbols)}I", obj.section(crcs).data)
            result.update(zip(symbols, values, strict=True))
    return result


class KoFile:
    """The bytes of a .ko, with names for its fields. Nothing is kept consistent: that is what it is for."""

    def __init__(self, data: bytes) -> None:
        self.data = bytearray(data)

    # --- fields -----------------------------------------------------------------------------------------------

    def get(self, field: str) -> int:
        """A field of the ELF header."""
        return self._get(0, EHDR_FIELDS[field])

    def set(self, field: str, value: int) -> None:
        """Change a field of the ELF header."""
        self._set(0, EHDR_FIELDS[field], value)

    def header(self, section: int | str) -> int:
        """The offset in the file of a section's header."""
        index = section if isinstance(section, int) else self.index(section)
        return self.get("e_shoff") + index * SHDR_SIZE

    def sh(self, section: int | str, field: str) -> int:
        """A field of a section header."""
        return self._get(self.header(section), SHDR_FIELDS[field])

    def set_sh(self, section: int | str, field: str, value: int) -> None:
        """Change a field of a section header."""
        self._set(self.header(section), SHDR_FIELDS[field], value)

    def sym(self, symbol: int | str, field: str) -> int:
        """A field of a symbol."""
        return self._get(self.symbol(symbol), SYM_FIELDS[field])

    def set_sym(self, symbol: int | str, field: str, value: int) -> None:
        """Change a field of a symbol."""
        self._set(self.symbol(symbol), SYM_FIELDS[field], value)

    def word(self, offset: int) -> int:
        """The word at an offset in the file."""
        return int(struct.unpack_from("<I", self.data, offset)[0])

    def set_word(self, offset: int, value: int) -> None:
        """Change a word."""
        struct.pack_into("<I", self.data, offset, value & 0xFFFFFFFF)

    def _get(self, at: int, field: tuple[int, str]) -> int:
        return int(struct.unpack_from("<" + field[1], self.data, at + field[0])[0])

    def _set(self, at: int, field: tuple[int, str], value: int) -> None:
        bits = 8 * struct.calcsize(field[1])
        struct.pack_into("<" + field[1], self.data, at + field[0], value & ((1 << bits) - 1))

    # --- places -----------------------------------------------------------------------------------------------

    @property
    def sections(self) -> list[str]:
        """The names of all sections."""
        start = self.sh(self.get("e_shstrndx"), "sh_offset")
        return [self.string(start + self.sh(index, "sh_name")) for index in range(self.get("e_shnum"))]

    def index(self, name: str) -> int:
        """The index of the first section of that name. Raises ValueError."""
        return self.sections.index(name)

    def offset(self, section: int | str) -> int:
        """Where a section's bytes are in the file."""
        return self.sh(section, "sh_offset")

    def bytes_of(self, section: int | str) -> bytes:
        """A section's bytes."""
        start = self.offset(section)
        return bytes(self.data[start : start + self.sh(section, "sh_size")])

    def string(self, offset: int) -> str:
        """The C string at an offset in the file."""
        return self.data[offset : self.data.index(0, offset)].decode()

    def symbol(self, symbol: int | str) -> int:
        """The offset in the file of a symbol's row. Raises ValueError."""
        if isinstance(symbol, int):
            return self.offset(".symtab") + symbol * SYM_SIZE
        return self.symbol(self.symbols.index(symbol))

    @property
    def symbols(self) -> list[str]:
        """The names of all symbols."""
        strings = self.offset(".strtab")
        count = self.sh(".symtab", "sh_size") // SYM_SIZE
        return [self.string(strings + self.sym(index, "st_name")) for index in range(count)]

    # --- larger changes ---------------------------------------------------------------------------------------

    def replace(self, old: bytes, new: bytes) -> None:
        """Exchange the first `old` for `new` of the same length. Raises ValueError."""
        if len(old) != len(new):
            raise ValueError(f"{old!r} and {new!r} differ in length")
        at = self.data.index(old)
        self.data[at : at + len(old)] = new

    def rename_section(self, old: str, new: str) -> None:
        """Give a section another name, from a section name table at the file's end."""
        index = self.index(old)
        table = self.bytes_of(self.get("e_shstrndx")) + new.encode() + b"\0"
        self.set_sh(index, "sh_name", len(table) - len(new) - 1)
        self.move_section(self.get("e_shstrndx"), table)

    def move_section(self, section: int | str, contents: bytes | None = None) -> None:
        """Put a section's bytes, or others, at the end of the file."""
        body = self.bytes_of(section) if contents is None else contents
        at = self.header(section)
        self.data += bytes(-len(self.data) % 4)
        self._set(at, SHDR_FIELDS["sh_offset"], len(self.data))
        self._set(at, SHDR_FIELDS["sh_size"], len(body))
        self.data += body

    def add_section(self, name: str, contents: bytes, kind: int = SectionType.PROGBITS, **fields: int) -> int:
        """Add a section, its header at the end of a new table of headers; its index."""
        table = self.bytes_of(self.get("e_shstrndx")) + name.encode() + b"\0"
        self.move_section(self.get("e_shstrndx"), table)
        self.data += bytes(-len(self.data) % 64)
        start = len(self.data)
        self.data += contents + bytes(-len(contents) % 4)
        count, old = self.get("e_shnum"), self.get("e_shoff")
        headers = bytes(self.data[old : old + count * SHDR_SIZE])
        self.set("e_shoff", len(self.data))
        self.set("e_shnum", count + 1)
        values = {"sh_name": len(table) - len(name) - 1, "sh_type": kind, "sh_offset": start, "sh_size": len(contents)}
        values |= {"sh_addralign": 4} | fields
        self.data += headers + struct.pack("<10I", *(values.get(field, 0) for field in SHDR_FIELDS))
        return count

    def headers_last(self) -> None:
        """Move the section headers to the end of the file."""
        old, size = self.get("e_shoff"), self.get("e_shnum") * SHDR_SIZE
        self.data += bytes(-len(self.data) % 4)
        self.set("e_shoff", len(self.data))
        self.data += self.data[old : old + size]

    def __bytes__(self) -> bytes:
        return bytes(self.data)
