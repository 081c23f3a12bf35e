"""Reading a .ko: every table of it, a signature after it, and no damage that is not an ImageError."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minikernel.elf.constants import SectionType
from minikernel.elf.module_file import (
    SIGNATURE_MARK,
    ModuleExport,
    ModuleFile,
    ModuleImport,
    ModuleParameter,
)
from minikernel.elf.object_file import ABS, ObjectFile, Relocation, Section, Symbol
from minikernel.errors import ImageError
from minikernel.toolchain.assembler import assemble, assemble_text
from minikernel.toolchain.generated import ExportCrc, ModuleSource, module_source
from minikernel.toolchain.guest_tree import guest_tree
from minikernel.toolchain.relocatable import link_relocatable
from minikernel.toolchain.script import LinkerScript

SOURCE = """
        .include "macros.inc"
        .text
        .global lamp
FUNC lamp
        ldr     r0, =count
        b       _printk
ENDFUNC lamp
        EXPORT_SYMBOL lamp
        EXPORT_SYMBOL_NS_GPL count, LIGHT
        .weak   dimmer
        module_init lamp
        module_param count, int, 0644
        MODULE_PARM_DESC count, "how many: at least 1"
        module_param_string label, text, 8, 0444
        MODULE_LICENSE "GPL"
        .data
        .global count
count:  .word   1, dimmer
text:   .space  8
"""
CRCS = (ExportCrc("lamp", False, 0x1234), ExportCrc("count", True, 0xDEADBEEF))


@pytest.fixture(scope="module")
def ko(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("module") / "lamp.s"
    path.write_text(SOURCE)
    own = assemble(path, [guest_tree() / "include"], {"MODULE": 1}, guest_tree())
    source = ModuleSource("lamp", ("usbcore",), True, False, True, CRCS, {"_printk": 0x77})
    script = LinkerScript.read(guest_tree() / "kernel/module.lds")
    return link_relocatable([("lamp.o", own), ("lamp.mod.o", assemble_text(module_source(source)))], script).to_bytes()


def test_every_table_of_a_module(ko: bytes) -> None:
    module = ModuleFile.from_bytes(ko, "lamp.ko")
    assert module.exports == (
        ModuleExport("lamp", False, 0x1234, ""),
        ModuleExport("count", True, 0xDEADBEEF, "LIGHT"),
    )
    assert {wanted for wanted in module.imports if not wanted.name.startswith("param_ops")} == {
        ModuleImport("_printk", False, 0x77),
        ModuleImport("dimmer", True, None),
    }
    assert module.parameters == (
        ModuleParameter("count", "int", 0o644, "how many: at least 1"),
        ModuleParameter("label", "string", 0o444, ""),
    )
    assert module.depends == ("usbcore",) and module.get("name") == "lamp" and module.get("alias") is None
    assert module.size == len(ko) and module.signature_size == 0
    module.obj.sections.append(Section(".debug_line", relocations=[Relocation(0, 29, Symbol("x"))]))
    assert module.relocation_counts()["JUMP24"] == 1 and module.relocation_counts()["ABS32"] > 10


def test_a_signature_is_told_and_left_out(ko: bytes) -> None:
    signed = ko + b"s" * 100 + struct.pack(">8BI", 0, 0, 2, 0, 0, 0, 0, 0, 100) + SIGNATURE_MARK
    module = ModuleFile.from_bytes(signed)
    assert module.signature_size == 100 + 12 + len(SIGNATURE_MARK) and module.size == len(signed)
    assert module.exports == ModuleFile.from_bytes(ko).exports


@pytest.mark.parametrize("length", [0xFFFF_FFFF, 100_000])
def test_a_signature_longer_than_the_file_is_refused(ko: bytes, length: int) -> None:
    bad = ko + struct.pack(">8BI", 0, 0, 2, 0, 0, 0, 0, 0, length) + SIGNATURE_MARK
    with pytest.raises(ImageError, match="signature do not fit"):
        ModuleFile.from_bytes(bad)
    with pytest.raises(ImageError, match="shorter than a signature"):
        ModuleFile.from_bytes(SIGNATURE_MARK)


@pytest.mark.parametrize(
    ("name", "size"), [("__ksymtab", 13), ("__ksymtab_gpl", 1), ("__versions", 63), ("__param", 21), ("__kcrctab", 5)]
)
def test_a_table_with_a_broken_last_entry_is_refused(name: str, size: int) -> None:
    sections = [Section(name, SectionType.PROGBITS, 2, 4, bytes(size))]
    if name == "__kcrctab":
        sections.insert(0, Section("__ksymtab", SectionType.PROGBITS, 2, 4, bytes(12)))
    with pytest.raises(ImageError, match=rf"{name}: {size} bytes are no multiple of"):
        ModuleFile.from_bytes(ObjectFile(sections).to_bytes())


@pytest.mark.parametrize("name", ["__ksymtab", "__versions", "__param"])
def test_a_table_that_claims_four_gigabytes_of_zeros_is_refused(name: str) -> None:
    section = Section(name, SectionType.NOBITS, 2, 4, b"", 0xFFFF_FFC0)
    with pytest.raises(ImageError, match=f"{name}: expected bytes, found zeros"):
        ModuleFile.from_bytes(ObjectFile([section]).to_bytes())


def test_a_crc_may_be_the_value_of_an_absolute_symbol() -> None:
    strings = Section("__ksymtab_strings", SectionType.PROGBITS, 2, 1, b"f\0")
    table = Section("__ksymtab", SectionType.PROGBITS, 2, 4, bytes(12))
    table.relocations.append(Relocation(4, 2, Symbol("", strings, kind=3)))
    crcs = Section("__kcrctab", SectionType.PROGBITS, 2, 4, bytes(4))
    crcs.relocations.append(Relocation(0, 2, Symbol("__crc_f", ABS, 0xCAFE)))
    module = ModuleFile.from_bytes(ObjectFile([strings, table, crcs]).to_bytes())
    assert module.exports == (ModuleExport("f", False, 0xCAFE, ""),)


@settings(max_examples=300)
@given(data=st.data())
def test_damage_is_an_image_error_or_harmless(ko: bytes, data: st.DataObject) -> None:
    damaged = bytearray(ko)
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(
            st.one_of(st.integers(0, len(ko) - 1), st.integers(0, 51), st.integers(len(ko) - 900, len(ko) - 1))
        )
        damaged[at] = data.draw(st.one_of(st.integers(0, 255), st.sampled_from((0, 0xFF, 0x7F, 0x80))))
    cut = data.draw(st.one_of(st.just(len(ko)), st.integers(0, len(ko))))
    try:
        ModuleFile.from_bytes(bytes(damaged[:cut])).relocation_counts()
    except ImageError:
        return


def test_ten_thousand_exports_are_read_in_a_moment(tmp_path: Path) -> None:
    count = 10_000
    strings = Section("__ksymtab_strings", SectionType.PROGBITS, 2, 1, b"".join(b"s%05d\0" % n for n in range(count)))
    rows = b"".join(struct.pack("<III", 0, 7 * n, 0) for n in range(count))
    table, symbol = Section("__ksymtab", SectionType.PROGBITS, 2, 4, rows), Symbol("", strings, kind=3)
    table.relocations = [Relocation(12 * n + 4, 2, symbol) for n in range(count)]
    names = [export.name for export in ModuleFile.from_bytes(ObjectFile([strings, table]).to_bytes()).exports]
    assert names[0] == "s00000" and names[-1] == "s09999" and len(names) == count
