"""From a driver's object to a .ko: relocatable links like `ld -r`, and modpost's checks."""

from __future__ import annotations

import re
import zlib
from pathlib import Path

import pytest
from gnu_binutils import assemble_all, run

from minikernel.elf.constants import SectionFlag, SectionType, SymbolBinding, SymbolKind, is_mapping_symbol
from minikernel.elf.image import Image
from minikernel.elf.module_file import modinfo_pairs
from minikernel.elf.object_file import UNDEF, ObjectFile, Section, Symbol
from minikernel.elf.relocations import RULES
from minikernel.errors import LinkError
from minikernel.toolchain import guest_tree
from minikernel.toolchain.export_tables import check_image, check_module, check_sorted
from minikernel.toolchain.generated import (
    MODULE_NAME_LENGTH,
    THIS_MODULE_EXIT,
    THIS_MODULE_INIT,
    THIS_MODULE_NAME,
    THIS_MODULE_SIZE,
    ExportCrc,
    crc_object,
    crc_source,
    initramfs_object,
    initramfs_source,
)
from minikernel.toolchain.linker import link
from minikernel.toolchain.modpost import Export, Module, modpost, read_symvers, symvers_text
from minikernel.toolchain.relocatable import link_relocatable
from minikernel.toolchain.script import LinkerScript
from minikernel.toolchain.section_mismatch import section_mismatches
from minikernel.toolchain.symbol_versions import interfaces, symbol_crc

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
    info: str = "",
) -> ObjectFile:
    text = Section(".text", SectionType.PROGBITS, SectionFlag.ALLOC | SectionFlag.EXECINSTR, 4, bytes(4))
    pairs = ([f"license={licence}"] if licence is not None else []) + ([info] if info else [])
    texts = "".join(f"{pair}\0" for pair in pairs).encode()
    info_section = Section(".modinfo", SectionType.PROGBITS, SectionFlag.ALLOC, 1, texts)
    tables = [
        Section(f"___ksymtab{name}", SectionType.PROGBITS, SectionFlag.ALLOC, 4, bytes(12)) for name in exports or ()
    ]
    symbols = [Symbol(name, text, binding=SymbolBinding.GLOBAL) for name in defined or ()]
    symbols += [Symbol(name, UNDEF, binding=SymbolBinding.GLOBAL) for name in undefined or ()]
    return ObjectFile([text, info_section, *tables], symbols)


KERNEL = {
    "printk": Export("printk", "vmlinux", False, 0x11),
    "kmalloc": Export("kmalloc", "vmlinux", True, 0x22),
    "shot": Export("shot", "vmlinux", False, 0x33, "CAMERA"),
    "module_layout": Export("module_layout", "vmlinux", False, 0x44),
    "n" * 60: Export("n" * 60, "vmlinux", False, 0x55),
}


def module(name: str, obj: ObjectFile, in_tree: bool = True) -> Module:
    return Module(name, f"drivers/{name}.o", obj, {}, in_tree)


def test_modpost_names_dependencies_vermagic_versions_and_entry_points(tmp_path: Path) -> None:
    core = object_with(["init_module"], ["printk"], ["+usb_add"])
    storage = object_with(["init_module", "cleanup_module"], ["usb_add", "kmalloc"])
    sources = modpost(KERNEL, [module("usbcore", core), module("usb_storage", storage)]).sources
    ((_, made),) = assemble_all(tmp_path, {"m": sources["usb_storage"]})
    assert dict(modinfo_pairs(made)) == {
        "depends": "usbcore",
        "intree": "Y",
        "name": "usb_storage",
        "vermagic": "0.1.0 SMP mod_unload modversions ARMv7 p2v8 ",
    }
    this_module = made.section(".gnu.linkonce.this_module")
    assert this_module.size == 0x240 and this_module.addralign == 64
    assert bytes(this_module.data[0x0C:0x18]) == b"usb_storage\0"
    assert [(r.offset, r.symbol.name) for r in this_module.relocations] == [
        (0xCC, "init_module"),
        (0x230, "cleanup_module"),
    ]
    versions = bytes(made.section("__versions").data)
    rows = [(versions[at], versions[at + 4 : at + 64].rstrip(b"\0").decode()) for at in range(0, len(versions), 64)]
    assert rows == [(0x44, "module_layout"), (symbol_crc("usb_add", None) & 0xFF, "usb_add"), (0x22, "kmalloc")]


def test_the_guest_s_struct_module_has_the_same_offsets() -> None:
    text = (guest_tree() / "include/module.inc").read_text()
    found = {
        name: int(value, 0)
        for name, value in re.findall(r"\.equ\s+MODULE_(\w+),\s*(\w+)", text)
        if value[0] in "0123456789"
    }
    assert found["SIZE"] == THIS_MODULE_SIZE and found["NAME"] == THIS_MODULE_NAME
    assert (found["INIT"], found["EXIT"]) == (THIS_MODULE_INIT, THIS_MODULE_EXIT)
    assert found["NAME_LEN"] == MODULE_NAME_LENGTH


def test_a_module_without_init_exit_and_exports_has_only_its_name(tmp_path: Path) -> None:
    made = modpost(KERNEL, [module("data", object_with(), in_tree=False)])
    ((_, obj),) = assemble_all(tmp_path, {"m": made.sources["data"]})
    assert not obj.section(".gnu.linkonce.this_module").relocations
    assert "intree" not in dict(modinfo_pairs(obj)) and dict(modinfo_pairs(obj))["depends"] == ""


def test_a_weak_reference_depends_on_its_provider_when_there_is_one() -> None:
    user = object_with(["init_module"])
    user.symbols.append(Symbol("usb_add", UNDEF, binding=SymbolBinding.WEAK))
    user.symbols.append(Symbol("nobody", UNDEF, binding=SymbolBinding.WEAK))
    made = modpost(KERNEL, [module("core", object_with(exports=["+usb_add"])), module("user", user)])
    assert '"depends=core"' in made.sources["user"] and "nobody" not in made.sources["user"]


@pytest.mark.parametrize(
    ("obj", "message"),
    [
        (
            object_with(undefined=["prink"]),
            "module drv: undefined symbol 'prink': not exported; did you mean 'printk'?",
        ),
        (
            object_with(undefined=["kmalloc"], licence="Proprietary"),
            "GPL-incompatible module drv.ko uses GPL-only symbol 'kmalloc'",
        ),
        (object_with(licence=None), "missing MODULE_LICENSE() in drivers/drv.o"),
        (object_with(exports=["+printk"]), "exports duplicate symbol printk (owned by vmlinux)"),
        (
            object_with(undefined=["shot"]),
            "module drv uses symbol shot from namespace CAMERA, but does not import it.",
        ),
        (object_with(undefined=["n" * 60]), f"too long symbol '{'n' * 60}' [drv.ko]: at most 59 bytes"),
    ],
)
def test_modpost_refuses(obj: ObjectFile, message: str) -> None:
    with pytest.raises(LinkError) as caught:
        modpost(KERNEL, [module("drv", obj)])
    assert str(caught.value) == f"drivers/drv.o: {message}"


def test_modpost_tells_every_problem_of_every_module_at_once() -> None:
    one, two = object_with(undefined=["a"], licence=None), object_with(undefined=["b"], exports=["+printk"])
    with pytest.raises(LinkError) as caught:
        modpost(KERNEL, [module("one", one), module("two", two)])
    assert len(str(caught.value).splitlines()) == 4


def test_two_modules_may_not_export_the_same_symbol() -> None:
    first, second = object_with(exports=["+probe"]), object_with(exports=["_gpl+probe"])
    with pytest.raises(LinkError, match=r"drivers/b\.o: exports duplicate symbol probe \(owned by a\)"):
        modpost(KERNEL, [module("a", first), module("b", second)])


def test_a_name_of_a_module_has_room_for_its_end() -> None:
    modpost({}, [module("m" * 59, object_with())])
    with pytest.raises(LinkError, match="at most 59 characters"):
        modpost({}, [module("m" * 60, object_with())])


def test_an_imported_namespace_may_be_used() -> None:
    obj = object_with(undefined=["shot"], info="import_ns=CAMERA")
    assert "shot" in modpost(KERNEL, [module("drv", obj)]).sources["drv"]


def test_module_symvers_reads_back() -> None:
    text = symvers_text(KERNEL)
    assert text.splitlines()[1] == "0x00000022\tkmalloc\tvmlinux\tEXPORT_SYMBOL_GPL\t"
    assert read_symvers(text) == KERNEL


# --- CRCs -------------------------------------------------------------------------------------------------------------

HEADER = """
@ ---------------------------------------------------------------------------
@ probe, probe_all - look for the chip
@
@   in:       r0 = address,
@             r1 = times
@   out:      r0 = 0 / -ENODEV
@   clobbers: r1-r3
@   context:  process
@ ---------------------------------------------------------------------------
FUNC probe
"""


def test_an_interface_is_the_in_and_out_of_the_header_with_single_blanks() -> None:
    text = "r0 = address, r1 = times\nr0 = 0 / -ENODEV"
    assert dict(interfaces(HEADER)) == {"probe": text, "probe_all": text}
    assert symbol_crc("probe", text) == zlib.crc32(b"probe\nr0 = address, r1 = times\nr0 = 0 / -ENODEV\n")


@pytest.mark.parametrize(
    ("old", "new", "is_same"),
    [
        ("look for", "search", True),
        ("r1-r3", "r1", True),
        ("address,\n@             r1", "address,   r1", True),
        ("r1 = times", "r1 = milliseconds", False),
        ("-ENODEV", "-ENXIO", False),
    ],
)
def test_the_crc_changes_with_the_interface_and_with_nothing_else(old: str, new: str, is_same: bool) -> None:
    before, after = dict(interfaces(HEADER)), dict(interfaces(HEADER.replace(old, new)))
    assert (symbol_crc("probe", before["probe"]) == symbol_crc("probe", after["probe"])) is is_same


def test_the_crc_of_data_is_of_its_size_and_of_anything_else_of_its_name() -> None:
    assert symbol_crc("table", "whatever", 8) == zlib.crc32(b"table 8\n")
    assert symbol_crc("label", None) == zlib.crc32(b"label\n")


def test_crc_object_equals_its_source(tmp_path: Path) -> None:
    crcs = [ExportCrc("b", False, 0xDEADBEEF), ExportCrc("a", True, 1)]
    ((_, theirs),) = assemble_all(tmp_path, {"e": crc_source(crcs)})
    mine = ObjectFile.from_bytes(crc_object(crcs).to_bytes())
    assert content(mine) == content(theirs) and named(mine) == named(theirs)


# --- export tables ----------------------------------------------------------------------------------------------------


def test_an_unsorted_table_is_found() -> None:
    check_sorted("a.ko", "__ksymtab", ["_b", "a", "aa", "b"])
    with pytest.raises(LinkError) as caught:
        check_sorted("a.ko", "__ksymtab", ["a", "c", "b"])
    assert (
        str(caught.value)
        == "a.ko: __ksymtab is not sorted: 'b' stands after 'c'; is SORT missing in the linker script?"
    )
    with pytest.raises(LinkError):
        check_sorted("a.ko", "__ksymtab", ["a", "a"])


EXPORTS_IN_DISORDER = """
        .macro  export name
        .section __ksymtab_strings, "a", %progbits
.Lname_\\name: .asciz "\\name"
        .section ___ksymtab+\\name, "a", %progbits
        .word   \\name, .Lname_\\name, 0
        .endm
        .text
        .global _start, beta, alpha
_start:
beta:
alpha:  nop
        export  beta
        export  alpha
""".replace("\\\\", "\\")


def test_a_script_without_sort_is_found_in_module_and_kernel(tmp_path: Path) -> None:
    objects = assemble_all(tmp_path, {"m": EXPORTS_IN_DISORDER})
    for pattern, is_sorted in (("SORT(___ksymtab+*)", True), ("___ksymtab+*", False)):
        joined = link_relocatable(objects, LinkerScript.parse(f"SECTIONS {{ __ksymtab 0 : {{ *({pattern}) }} }}"))
        kernel = LinkerScript.parse(
            f"ENTRY(_start) SECTIONS {{ . = 0x8000; .text : {{ *(.text) }} __ksymtab : {{ *({pattern}) }}"
            " __ksymtab_strings : { *(__ksymtab_strings) } }"
        )
        image = Image.from_bytes(link(objects, kernel))
        if is_sorted:
            check_module("m.ko", joined)
            with pytest.raises(LinkError, match="__kcrctab is not in step with __ksymtab"):
                check_image(image, {"alpha": Export("alpha", "vmlinux", False, 7)})
            check_image(image, {})
        else:
            for check in (lambda: check_module("m.ko", joined), lambda: check_image(image, {})):  # noqa: B023
                with pytest.raises(LinkError, match="__ksymtab is not sorted: 'alpha' stands after 'beta'"):
                    check()


# --- section mismatches -----------------------------------------------------------------------------------------------

MISMATCH = """
        .text
        .global run
        .type   run, %function
run:    nop
        bl      setup
        .section .ref.text, "ax", %progbits
        bl      setup
        .section .init.text, "ax", %progbits
        .type   setup, %function
setup:  bl      teardown
        .section .exit.text, "ax", %progbits
        .type   teardown, %function
teardown: bx    lr
        .data
        .word   setup
table:  .word   0, setup
led_ops: .word  setup
"""


def test_references_to_memory_that_is_freed_are_told_in_linux_s_words(tmp_path: Path) -> None:
    lines = section_mismatches(assemble_all(tmp_path, {"m": MISMATCH}))
    assert lines == [
        "m.o: section mismatch in reference: run+0x4 (section: .text) -> setup (section: .init.text)",
        "m.o: section mismatch in reference: 0x0 (section: .data) -> setup (section: .init.text)",
        "m.o: section mismatch in reference: table+0x4 (section: .data) -> setup (section: .init.text)",
        "m.o: section mismatch in reference: setup+0x0 (section: .init.text) -> teardown (section: .exit.text)",
    ]


def test_mismatches_between_objects_are_seen(tmp_path: Path) -> None:
    sources = {
        "a": "        .text\n        .type f, %function\nf:      bl setup\n",
        "b": '        .global setup\n        .section .init.text, "ax", %progbits\nsetup:  bx lr\n',
    }
    assert section_mismatches(assemble_all(tmp_path, sources)) == [
        "a.o: section mismatch in reference: f+0x0 (section: .text) -> setup (section: .init.text)"
    ]
