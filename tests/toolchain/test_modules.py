"""From a driver's object to a .ko: relocatable links like `ld -r`, and modpost's checks."""

from __future__ import annotations

from pathlib import Path

import pytest
from gnu_binutils import assemble_all, run

from minikernel.elf.constants import SectionFlag, SectionType, SymbolBinding, SymbolKind, is_mapping_symbol
from minikernel.elf.object_file import UNDEF, ObjectFile, Section, Symbol
from minikernel.elf.relocations import RULES
from minikernel.errors import LinkError
from minikernel.toolchain import guest_tree
from minikernel.toolchain.generated import THIS_MODULE_SIZE, VERMAGIC, initramfs_object, initramfs_source
from minikernel.toolchain.modpost import modinfo, modpost
from minikernel.toolchain.relocatable import link_relocatable
from minikernel.toolchain.script import LinkerScript

FIRST = """
        .text
        .global init_module, shared
init_module:
        bl      helper
        bl      other
        ldr     r0, =text
        movw    r1, #:lower16:second_text
        bx      lr
helper: bx      lr
        .section .rodata, "a", %progbits
text:   .asciz  "abc"
        .section ___ksymtab+shared, "a", %progbits
        .word   shared, text, 0
        .section ___ksymtab+another, "a", %progbits
        .word   init_module, text, 0
        .data
shared: .word   text, other, local
local:  .word   . - 4
        .bss
        .space  6
"""
SECOND = """
        .text
        .global other, second_text
other:  b       .Lhere
        ldr     r0, =here
        ldr     r1, [pc, #-4]
.Lhere: bx      lr
here:   .word   counter, other
        .section .rodata, "a", %progbits
        .balign 8
second_text: .asciz "x"
        .balign 4
        .word   table, table + 4
table:  .word   external
        .section .data, "aw", %progbits
        .word   table
        .bss
        .balign 4
counter: .space 4
"""


def content(obj: ObjectFile) -> dict[str, object]:
    """section -> (type, flags, alignment, bytes, relocations with addends) and the symbols, order left out."""
    return {
        section.name: (
            section.type,
            section.flags,
            section.addralign,
            bytes(section.data),
            section.size,
            sorted(relocation_rows(section)),
        )
        for section in obj.sections
        if section.size
    }


def relocation_rows(section: Section) -> list[tuple[int, int, str]]:
    assert all(relocation.type in RULES for relocation in section.relocations)
    return [(r.offset, r.type, r.symbol.name or f"section {r.symbol.section.name}") for r in section.relocations]


def is_named(symbol: Symbol) -> bool:
    """Not a section, a file, or a mark for disassemblers (ld adds those)."""
    return bool(symbol.name) and symbol.kind != SymbolKind.FILE and not is_mapping_symbol(symbol.name)


def named(obj: ObjectFile) -> set[tuple[str, str, int, int, int, int]]:
    return {(s.name, s.section.name, s.value, s.size, s.kind, s.binding) for s in obj.symbols if is_named(s)}


def test_relocatable_link_equals_ld_r(tmp_path: Path) -> None:
    objects = assemble_all(tmp_path, {"a": FIRST, "b": SECOND})
    script = guest_tree() / "kernel/module.lds"
    run(tmp_path, "arm-none-eabi-ld", "-r", "-T", str(script), "-o", "ab.o", "a.o", "b.o")
    theirs = ObjectFile.from_bytes((tmp_path / "ab.o").read_bytes(), "ab.o")
    mine = ObjectFile.from_bytes(link_relocatable(objects, LinkerScript.read(script)).to_bytes())
    assert content(mine) == content(theirs)
    assert named(mine) == named(theirs)


def test_duplicate_symbols_of_a_module_are_refused() -> None:
    one, two = (object_with(defined=["probe"]) for _ in range(2))
    with pytest.raises(LinkError, match=r"duplicate symbol 'probe': first in a\.o .*, again in b\.o"):
        link_relocatable([("a.o", one), ("b.o", two)], LinkerScript.parse("SECTIONS { }"))


def test_initramfs_object_equals_its_source(tmp_path: Path) -> None:
    cpio = bytes(range(256)) * 3
    ((_, theirs),) = assemble_all(tmp_path, {"i": initramfs_source(cpio)})
    mine = ObjectFile.from_bytes(initramfs_object(cpio).to_bytes())
    assert mine.section(".init.ramfs").data == theirs.section(".init.ramfs").data == cpio
    assert named(mine) == named(theirs)


# --- modpost ----------------------------------------------------------------------------------------------------------


def object_with(
    defined: list[str] | None = None,
    undefined: list[str] | None = None,
    exports: list[str] | None = None,
    licence: str | None = "GPL",
) -> ObjectFile:
    text = Section(".text", SectionType.PROGBITS, SectionFlag.ALLOC | SectionFlag.EXECINSTR, 4, bytes(4))
    info = Section(".modinfo", SectionType.PROGBITS, SectionFlag.ALLOC, 1, f"license={licence}\0".encode())
    tables = [
        Section(f"___ksymtab{name}", SectionType.PROGBITS, SectionFlag.ALLOC, 4, bytes(12)) for name in exports or ()
    ]
    symbols = [Symbol(name, text, binding=SymbolBinding.GLOBAL) for name in defined or ()]
    symbols += [Symbol(name, UNDEF, binding=SymbolBinding.GLOBAL) for name in undefined or ()]
    return ObjectFile([text, *([info] if licence is not None else []), *tables], symbols)


def test_modpost_names_dependencies_and_vermagic(tmp_path: Path) -> None:
    kernel = [object_with(exports=["+printk", "_gpl+kmalloc"])]
    core = object_with(["init_module"], ["printk"], ["+usb_add"])
    storage = object_with(["init_module", "cleanup_module"], ["usb_add", "kmalloc"])
    sources = modpost(kernel, {"usbcore": core, "usb_storage": storage})
    ((_, made),) = assemble_all(tmp_path, {"m": sources["usb_storage"]})
    assert modinfo(made) == {"depends": "usbcore", "name": "usb_storage", "vermagic": VERMAGIC}
    this_module = made.section(".gnu.linkonce.this_module")
    assert this_module.size == THIS_MODULE_SIZE and bytes(this_module.data[12:24]) == b"usb_storage\0"
    assert [r.symbol.name for r in this_module.relocations] == ["init_module", "cleanup_module"]
    assert "depends=\n" in sources["usbcore"].replace('"', "\n") and "cleanup_module" not in sources["usbcore"]


@pytest.mark.parametrize(
    ("module", "message"),
    [
        (object_with(undefined=["prink"]), "drv: undefined symbol 'prink': not exported; did you mean 'printk'?"),
        (
            object_with(undefined=["kmalloc"], licence="Proprietary"),
            "drv: GPL-only symbol 'kmalloc' used by a module with license 'Proprietary'",
        ),
        (object_with(licence=None), "drv: no MODULE_LICENSE"),
        (object_with(exports=["+printk"]), "drv: exports duplicate symbol printk (owned by vmlinux)"),
    ],
)
def test_modpost_refuses(module: ObjectFile, message: str) -> None:
    with pytest.raises(LinkError) as caught:
        modpost([object_with(exports=["+printk", "_gpl+kmalloc"])], {"drv": module})
    assert str(caught.value) == message
