"""The build on a small tree: recipe, order, cache, output directory, and what a reader of a mistake is told."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from minikernel.elf.image import Image
from minikernel.elf.module_file import modinfo_pairs
from minikernel.elf.object_file import ObjectFile
from minikernel.errors import MinikernelError, SourceError, SourceErrors, UsageError
from minikernel.toolchain import build as build_module
from minikernel.toolchain.build import Build, build, print_commands
from minikernel.toolchain.build_cache import BuildCache
from minikernel.toolchain.config import BuildConfig

DRIVER = """
        .include "macros.inc"
        .ifdef MODULE
        .section .modinfo, "a", %progbits
        .asciz  "license=GPL"
        .text
        .global init_module
init_module:
        bl      printk
        .else
        .ifdef DEFERRED
        .section .deferred, "a", %progbits
        .else
        .section .calls, "a", %progbits
        .endif
        .word   {name}_init
        .text
        .endif
{name}_init:
        bx      lr
"""
TREE = {
    "config.toml": """
[kernel]
cmdline = 'quiet "quoted"'
[link]
kernel = ["head", "printk"]
[drivers]
uart = "y"
usb = "deferred"
disk = "deferred"
""",
    "include/macros.inc": "        .syntax unified\n        .cpu cortex-a15\n        .arm\n",
    "kernel/head.s": """
        .include "macros.inc"
        .text
        .global start
start:  bl      printk
        ldr     r0, =__initramfs_start
        ldr     r1, =boot_command_line_default
        ldr     r2, =linux_banner
        ldr     r3, =kallsyms_num_syms
        .weak   kallsyms_num_syms
""",
    "kernel/printk.s": """
        .include "macros.inc"
        .text
        .global printk
printk: bx      lr
        .section ___ksymtab+printk, "a", %progbits
        .word   printk, 0, 0
""",
    "kernel/vmlinux.lds": """
ENTRY(start)
SECTIONS {
        . = 0x8000;
        .text : { *(.text) }
        .rodata : { *(.rodata) *(___ksymtab*) *(___kcrctab*) }
        .calls : { calls = .; *(.calls) deferred = .; *(.deferred) deferred_end = .; *(.init.ramfs) }
}
""",
    "kernel/module.lds": "SECTIONS { __ksymtab 0 : { *(SORT(___ksymtab+*)) } }",
    "drivers/uart.s": DRIVER.format(name="uart"),
    "drivers/usb.s": DRIVER.format(name="usb"),
    "drivers/disk.s": DRIVER.format(name="disk"),
    "user/crt0.s": '        .include "macros.inc"\n        .global _start\n_start: svc #0\n',
    "user/user.lds": "ENTRY(_start) SECTIONS { . = 0x10000; .text : { *(.text) } }",
    "initramfs/etc/rc": "snap\n",
}


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    root = tmp_path / "guest"
    for name, text in TREE.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


@pytest.fixture
def cache(tmp_path: Path) -> BuildCache:
    return BuildCache(tmp_path / "cache")


def make(tree: Path, cache: BuildCache, overrides: dict[str, str] | None = None) -> Build:
    return build(BuildConfig.load(overrides, tree), cache=cache)


def table(image: Image, start: str, end: str) -> list[str]:
    """The symbols that the words from `start` to `end` point to."""
    first, last = image.address(start), image.address(end)
    return [image.symbolize(word) for (word,) in struct.iter_unpack("<I", image.read(first, last - first))]


def test_settings_move_a_driver_between_tables(tree: Path, cache: BuildCache) -> None:
    image = Image.from_bytes(make(tree, cache).image)
    assert table(image, "calls", "deferred") == ["uart_init"]
    assert table(image, "deferred", "deferred_end") == ["usb_init", "disk_init"]
    changed = Image.from_bytes(make(tree, cache, {"usb": "y", "uart": "n"}).image)
    assert table(changed, "calls", "deferred") == ["usb_init"]
    assert changed.get("uart_init") is None


def test_order_in_the_file_is_the_order_of_the_deferred_run(tree: Path, cache: BuildCache) -> None:
    swapped = TREE["config.toml"].replace('usb = "deferred"\ndisk = "deferred"', 'disk = "deferred"\nusb = "deferred"')
    (tree / "config.toml").write_text(swapped)
    image = Image.from_bytes(make(tree, cache).image)
    assert table(image, "deferred", "deferred_end") == ["disk_init", "usb_init"]


def test_generated_texts_are_in_the_image(tree: Path, cache: BuildCache) -> None:
    made = make(tree, cache)
    image = Image.from_bytes(made.image)
    assert image.read(image.address("boot_command_line_default"), 15) == b'quiet "quoted"\0'
    assert image.read(image.address("__initramfs_start"), len(made.initramfs)) == made.initramfs
    assert b"etc/rc" in made.initramfs and b"snap\n" in made.initramfs and b"init\0" in made.initramfs
    assert "start\n" in made.system_map


def test_a_module_is_built_apart_and_put_into_the_initramfs(tree: Path, cache: BuildCache) -> None:
    made = make(tree, cache, {"usb": "m"})
    assert list(made.modules) == ["usb"]
    module = ObjectFile.from_bytes(made.modules["usb"])
    assert dict(modinfo_pairs(module))["name"] == "usb" and module.symbol("init_module").is_defined
    assert b"lib/modules/usb.ko\0" in made.initramfs
    assert Image.from_bytes(made.image).get("usb_init") is None


def test_two_builds_from_nothing_are_equal(tree: Path, tmp_path: Path) -> None:
    first, second = (make(tree, BuildCache(tmp_path / name)) for name in ("one", "two"))
    assert not first.was_cached and not second.was_cached
    assert dict(first.files) == dict(second.files)


def test_an_unchanged_build_comes_from_the_cache(tree: Path, cache: BuildCache) -> None:
    first, second = make(tree, cache), make(tree, cache)
    assert (first.was_cached, second.was_cached) == (False, True)
    assert dict(first.files) == dict(second.files)


@pytest.mark.parametrize("name", ["kernel/head.s", "include/macros.inc", "kernel/vmlinux.lds", "initramfs/etc/rc"])
def test_any_changed_input_makes_a_new_build(tree: Path, cache: BuildCache, name: str) -> None:
    make(tree, cache)
    (tree / name).write_text(TREE[name] + "\n")
    assert not make(tree, cache).was_cached


def test_objects_of_unchanged_sources_are_not_assembled_again(
    tree: Path, cache: BuildCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = make(tree, cache)
    kept: list[int] = []
    monkeypatch.setattr(build_module.Units, "keep", lambda units: kept.append(len(units._new)))
    again = make(tree, cache, {"usb": "y"})
    assert kept == [1] and again.objects["drivers/usb.o"] != made.objects["drivers/usb.o"]


def test_output_directory_has_the_products(tree: Path, cache: BuildCache, tmp_path: Path) -> None:
    build(BuildConfig.load({"usb": "m"}, tree), tmp_path / "out", cache)
    names = {path.relative_to(tmp_path / "out").as_posix() for path in (tmp_path / "out").rglob("*") if path.is_file()}
    assert names >= {"vmlinux", "System.map", "initramfs.cpio", "init", "usb.ko", "kernel/head.o", "drivers/usb.o"}
    assert names >= {f"generated/{name}" for name in ("version.s", "initramfs_data.s", "kallsyms_data.s", "usb.mod.s")}


def test_a_failed_build_writes_nothing(tree: Path, cache: BuildCache, tmp_path: Path) -> None:
    (tree / "kernel/head.s").write_text("        frobnicate r0\n")
    with pytest.raises(SourceError, match=r"kernel/head\.s:1:9: error: "):
        build(BuildConfig.load(tree=tree), tmp_path / "out", cache)
    assert not (tmp_path / "out").exists()


def test_an_output_place_that_is_a_file_is_a_usage_error(tree: Path, cache: BuildCache, tmp_path: Path) -> None:
    (tmp_path / "out").write_text("mine")
    with pytest.raises(UsageError, match=r"cannot write the build to .*out"):
        build(BuildConfig.load(tree=tree), tmp_path / "out", cache)
    assert (tmp_path / "out").read_text() == "mine"


def test_an_undefined_symbol_is_shown_where_the_source_uses_it(tree: Path, cache: BuildCache) -> None:
    (tree / "kernel/head.s").write_text(TREE["kernel/head.s"].replace("bl      printk", "bl      prink"))
    for _ in range(2):  # the second time the object comes from the cache
        with pytest.raises(SourceErrors) as caught:
            make(tree, cache)
        assert str(caught.value).splitlines() == [
            "kernel/head.s:5:17: error: undefined symbol 'prink'; did you mean 'printk'?",
            "    start:  bl      prink",
            "                    ^",
        ]


def test_a_duplicate_symbol_is_shown_where_the_source_defines_it_again(tree: Path, cache: BuildCache) -> None:
    again = '        .include "macros.inc"\n        .global printk\nprintk:\n        bx      lr\n'
    (tree / "kernel/head.s").write_text(TREE["kernel/head.s"].replace("bl      printk", "b       ."))
    (tree / "drivers/uart.s").write_text(again)
    with pytest.raises(MinikernelError) as caught:
        make(tree, cache)
    text = str(caught.value)
    assert text.startswith("drivers/uart.s:3:1: error: duplicate symbol 'printk': first in kernel/printk.o (.text+0x0)")


def test_a_module_with_an_unexported_symbol_is_refused(tree: Path, cache: BuildCache) -> None:
    (tree / "drivers/usb.s").write_text(DRIVER.format(name="usb").replace("printk", "start"))
    with pytest.raises(SourceErrors) as caught:
        make(tree, cache, {"usb": "m"})
    assert str(caught.value).startswith(
        "drivers/usb.s:9:17: error: module usb: undefined symbol 'start': not exported\n            bl      start\n"
    )


def test_a_module_without_a_licence_is_refused_at_its_source(tree: Path, cache: BuildCache) -> None:
    text = DRIVER.format(name="usb").replace("license=GPL", "author=me")
    (tree / "drivers/usb.s").write_text(text)
    with pytest.raises(SourceErrors, match=r"^drivers/usb\.s:1:1: error: missing MODULE_LICENSE\(\) in drivers/usb\.o"):
        make(tree, cache, {"usb": "m"})


def test_the_initial_file_system_has_the_lists_that_modprobe_reads(tree: Path, cache: BuildCache) -> None:
    made = make(tree, cache, {"usb": "m", "disk": "m"})
    assert made.files["modules.dep"] == b"usb.ko:\ndisk.ko:\n" and made.files["modules.order"] == b"usb.ko\ndisk.ko\n"
    for name, data in (("lib/modules/modules.dep", made.files["modules.dep"]), ("etc/modules", b"usb\ndisk\n")):
        assert f"{name}\0".encode() in made.initramfs and data in made.initramfs
    plain = make(tree, cache).initramfs
    assert b"modules.dep" not in plain and b"etc/modules" not in plain
    assert b"lib/modules/modules.builtin\0" in plain and b"usb.ko\ndisk.ko\n" in plain


def test_a_section_mismatch_is_a_warning_that_the_cache_keeps(tree: Path, cache: BuildCache) -> None:
    bad = '\n        .data\n        .word   later\n        .section .init.text, "ax", %progbits\nlater:  nop\n'
    (tree / "drivers/usb.s").write_text(DRIVER.format(name="usb") + bad)
    for _ in range(2):
        told = make(tree, cache, {"usb": "m"}).warnings
        assert [line for line in told if "usb" in line] == [
            "drivers/usb.o: section mismatch in reference: 0x0 (section: .data) -> later (section: .init.text)"
        ]
    assert not any("usb" in line for line in make(tree, cache, {"usb": "n"}).warnings)


def test_commands_name_every_source_once_and_the_settings(tree: Path) -> None:
    commands = "\n".join(print_commands(BuildConfig.load({"usb": "m"}, tree)))
    assert commands.count("arm-none-eabi-as") == 5 + 1 + 5
    assert "--defsym MODULE=1" in commands and "--defsym DEFERRED=1" in commands
    assert commands.splitlines()[-1].startswith("arm-none-eabi-ld -T ")
