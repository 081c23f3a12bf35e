"""GNU binutils as judges of our modules: `as` and `ld -r` make the same .ko, `ld` relocates it to the same words.

The second is the witness for the reference relocator, which in turn checks the guest's loader.
"""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
from gnu_binutils import PROLOGUE, run, section_rows, symbol_rows
from judges import require

from minikernel.bits import align_up
from minikernel.elf.constants import SectionFlag
from minikernel.elf.image import Image
from minikernel.elf.object_file import UNDEF, ObjectFile
from minikernel.elf.relocator import relocate_module
from minikernel.toolchain.build import build
from minikernel.toolchain.build_cache import BuildCache
from minikernel.toolchain.config import BuildConfig
from minikernel.toolchain.examples import with_examples
from minikernel.toolchain.guest_tree import guest_tree
from minikernel.toolchain.units import example_units, module_units

MODULE_SCRIPT = guest_tree() / "kernel/module.lds"
MODULE_AREA, KERNEL = 0xBF00_0000, 0xC000_8000

EVERY_TYPE = """
        .section .note.GNU-stack, "", %progbits
        .text
        .global run, shared
        .type   run, %function
run:    bl      outside
        blne    outside
        b       later
        movw    r0, #:lower16:outside_data
        movt    r0, #:upper16:outside_data
        movw    r1, #:lower16:(table + 0x123)
        movt    r1, #:upper16:(table + 0x123)
        ldr     r2, =outside_data + 8
        bx      lr
        .section .init.text, "ax", %progbits
later:  bl      run
        bl      here
here:   bx      lr
        .section .rodata, "a", %progbits
        .balign 4
table:  .word   run, outside, table + 4, shared - .
        .word   outside_data - .
        .data
shared: .word   later, shared, 0x1234
        .reloc  8, R_ARM_PREL31, run
        .reloc  8, R_ARM_NONE, outside
        .bss
        .space  64
"""


def modules(tmp_path: Path) -> dict[str, ObjectFile]:
    """Every module of the tree as a file read back, and one with every relocation type, from GNU as and ld -r."""
    cache = BuildCache(tmp_path / "cache")
    made = with_examples(
        build(BuildConfig.load({"usbcore": "m", "usb_storage": "m", "camera": "m"}), cache=cache), cache
    )
    found = {name: ObjectFile.from_bytes(data, name) for name, data in made.modules.items()}
    (tmp_path / "every.s").write_text(PROLOGUE + EVERY_TYPE)
    run(tmp_path, "arm-none-eabi-as", "-o", "every.o", "every.s")
    run(tmp_path, "arm-none-eabi-ld", "-r", "-T", str(MODULE_SCRIPT), "-o", "every.ko", "every.o")
    return found | {"every": ObjectFile.from_bytes((tmp_path / "every.ko").read_bytes())}


def test_as_and_ld_make_the_same_modules(tmp_path: Path) -> None:
    require("arm-none-eabi-as", "arm-none-eabi-ld")
    config, cache = BuildConfig.load(dict.fromkeys(("usbcore", "usb_storage"), "m")), BuildCache(tmp_path / "cache")
    made = with_examples(build(config, cache=cache), cache)
    units = [*module_units(config), *example_units(config)]
    assert {Path(unit.source).stem for unit in units} == set(made.modules)
    for unit in units:
        name = Path(unit.source).stem
        symbols = [f"--defsym={symbol}={value}" for symbol, value in unit.defsyms]
        run(
            tmp_path,
            "arm-none-eabi-as",
            *symbols,
            f"-I{config.tree / 'include'}",
            "-o",
            "a.o",
            config.tree / unit.source,
        )
        (tmp_path / "m.s").write_bytes(made.files[f"generated/{name}.mod.s"])
        run(tmp_path, "arm-none-eabi-as", "-o", "m.o", "m.s")
        run(tmp_path, "arm-none-eabi-ld", "-r", "-T", str(MODULE_SCRIPT), "-o", "theirs.ko", "a.o", "m.o")
        mine = ObjectFile.from_bytes(made.modules[name], name).without_debug()
        theirs = ObjectFile.from_bytes((tmp_path / "theirs.ko").read_bytes(), f"gnu/{name}")
        assert section_rows(mine) == section_rows(theirs), name
        assert symbol_rows(mine) == symbol_rows(theirs), name


def test_ld_r_takes_our_modules_and_changes_nothing(tmp_path: Path) -> None:
    require("arm-none-eabi-as", "arm-none-eabi-ld")
    for name, mine in modules(tmp_path).items():
        (tmp_path / "in.ko").write_bytes(mine.to_bytes())
        run(tmp_path, "arm-none-eabi-ld", "-r", "-o", "out.ko", "in.ko")
        theirs = ObjectFile.from_bytes((tmp_path / "out.ko").read_bytes())
        assert section_rows(mine) == section_rows(theirs), name
        assert symbol_rows(mine) == symbol_rows(theirs), name


@pytest.mark.parametrize("start", [MODULE_AREA, MODULE_AREA + 0xFF_0000])
def test_ld_relocates_every_module_to_the_words_of_our_relocator(tmp_path: Path, start: int) -> None:
    require("arm-none-eabi-as", "arm-none-eabi-ld")
    count = 0
    for name, ko in modules(tmp_path).items():
        at, addresses = start, {}
        for index, section in enumerate(ko.sections):
            if section.flags & SectionFlag.ALLOC and section.size:
                addresses[index] = at = align_up(at, max(section.addralign, 64))
                at += section.size
        wanted = {symbol.name for symbol in ko.symbols if symbol.section is UNDEF and symbol.name}
        values = dict(zip(sorted(wanted), itertools.count(KERNEL, 0x444), strict=False))
        mine = relocate_module(ko, addresses, values)
        assert not [word for section in mine for word in section.words if word.problem]
        theirs = relocated_by_ld(tmp_path, ko, addresses, values)
        for section in mine:
            found = theirs.section(section.name)
            assert found.addr == section.address, name
            assert found.data == section.data, (name, section.name)
            count += len(section.words)
    assert count > 100


def relocated_by_ld(directory: Path, ko: ObjectFile, addresses: dict[int, int], values: dict[str, int]) -> Image:
    """What ld makes of the module with its sections at these addresses."""
    places = "".join(
        f'        {ko.sections[index].name} {address:#x} : {{ *("{ko.sections[index].name}") }}\n'
        for index, address in addresses.items()
    )
    (directory / "place.lds").write_text(f"SECTIONS\n{{\n{places}        /DISCARD/ : {{ *(*) }}\n}}\n")
    (directory / "place.ko").write_bytes(ko.to_bytes())
    symbols = [f"--defsym={name}={value:#x}" for name, value in values.items()]
    options = ["--no-warn-rwx-segments", "-e0", "-T", "place.lds", *symbols]
    run(directory, "arm-none-eabi-ld", *options, "-o", "placed", "place.ko")
    return Image.from_bytes((directory / "placed").read_bytes(), "placed")
