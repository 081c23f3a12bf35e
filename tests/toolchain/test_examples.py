"""Modules outside the build: examples, a user's own sources, the archive with all of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from minikernel.elf.module_file import ModuleFile
from minikernel.elf.object_file import strip_debug
from minikernel.errors import SourceError, SourceErrors, UsageError
from minikernel.toolchain.build import Build, build
from minikernel.toolchain.build_cache import BuildCache
from minikernel.toolchain.config import BuildConfig
from minikernel.toolchain.examples import (
    all_modules,
    example_files,
    external_modules,
    find_module,
    module_archive,
    with_examples,
)

HEAD = """
        .syntax unified
        .cpu cortex-a15
        .arm
        .section .modinfo, "a", %progbits
        .asciz  "license=GPL"
"""
PROVIDER = (
    HEAD
    + """
        .section __ksymtab_strings, "a", %progbits
.Lname: .asciz  "lamp"
        .section ___ksymtab+lamp, "a", %progbits
        .word   lamp, .Lname, 0
        .text
        .global lamp
@ ---------------------------------------------------------------------------
@ lamp - light it
@
@   in:       r0 = 1 / 0
@   out:      -
@ ---------------------------------------------------------------------------
lamp:   bx      lr
"""
)
USER = HEAD + "        .text\n        .global init_module\ninit_module:\n        bl lamp\n        b print\n"
TREE = {
    "config.toml": '[link]\nkernel = ["head"]\n[drivers]\nled = "m"\n[modules]\nexamples = ["user", "provider"]\n',
    "kernel/head.s": """
        .text
        .global start, print
start:  b       start
print:  bx      lr
        .section __ksymtab_strings, "a", %progbits
.Lname: .asciz  "print"
        .section ___ksymtab+print, "a", %progbits
        .word   print, .Lname, 0
""",
    "kernel/vmlinux.lds": "ENTRY(start) SECTIONS { . = 0x8000; .text : { *(.text) } .rodata : { *(.rodata) }"
    " __ksymtab : { *(SORT(___ksymtab+*)) } __kcrctab : { *(SORT(___kcrctab+*)) }"
    " __ksymtab_strings : { *(__ksymtab_strings) } .init.ramfs : { *(.init.ramfs) } }",
    "kernel/module.lds": "SECTIONS { __ksymtab 0 : { *(SORT(___ksymtab+*)) } __kcrctab 0 : { *(SORT(___kcrctab+*)) } }",
    "drivers/led.s": HEAD + "        .text\n        .global init_module\ninit_module:\n        b print\n",
    "modules/provider.s": PROVIDER,
    "modules/user.s": USER,
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


@pytest.fixture
def kernel(tree: Path, cache: BuildCache) -> Build:
    return build(BuildConfig.load(tree=tree), cache=cache)


def test_the_build_has_no_examples_and_with_examples_has(kernel: Build, cache: BuildCache) -> None:
    assert list(kernel.modules) == ["led"]
    made = with_examples(kernel, cache)
    assert set(made.modules) == {"led", "user", "provider"} and made.image == kernel.image
    assert made.files["modules.dep"] == b"led.ko:\nuser.ko: provider.ko\nprovider.ko:\n"
    assert made.files["modules.order"] == b"led.ko\nuser.ko\nprovider.ko\n"


def test_an_example_s_crc_is_that_of_its_provider_s_header(kernel: Build, cache: BuildCache) -> None:
    files = example_files(kernel, cache)
    provider, user = (ModuleFile.from_bytes(files[name]) for name in ("provider.ko", "user.ko"))
    assert dict(user.versions)["lamp"] == provider.exports[0].crc and user.depends == ("provider",)
    assert user.get("intree") == "Y"


def test_examples_come_from_the_cache_until_one_changes(kernel: Build, tree: Path, cache: BuildCache) -> None:
    first = dict(example_files(kernel, cache))
    assert dict(example_files(kernel, cache)) == first
    path = tree / "modules/provider.s"
    path.write_text(PROVIDER.replace("r0 = 1 / 0", "r0 = brightness"))
    assert example_files(kernel, cache)["user.ko"] != first["user.ko"]


def test_a_module_is_found_by_name_wherever_it_comes_from(tree: Path, cache: BuildCache) -> None:
    config = BuildConfig.load(tree=tree)
    for name in ("led", "user"):
        assert ModuleFile.from_bytes(find_module(config, name, cache)).get("name") == name
    with pytest.raises(UsageError) as caught:
        find_module(config, "usr", cache)
    assert str(caught.value) == "no module 'usr'; did you mean 'user'?; there are: led, user, provider"


def test_a_user_s_own_module_may_use_the_kernel_and_is_out_of_tree(
    tree: Path, cache: BuildCache, tmp_path: Path
) -> None:
    config = BuildConfig.load(tree=tree)
    for name, text in {"my-user.s": USER, "lamp.s": PROVIDER}.items():
        (tmp_path / name).write_text(text)
    made = external_modules(config, [tmp_path / "my-user.s", tmp_path / "lamp.s"], cache)
    user = ModuleFile.from_bytes(made["my-user.ko"])
    assert user.get("intree") is None and user.get("name") == "my_user" and user.depends == ("lamp",)


def test_a_mistake_in_a_user_s_own_module_is_shown_at_its_line(tree: Path, cache: BuildCache, tmp_path: Path) -> None:
    config, path = BuildConfig.load(tree=tree), tmp_path / "mine.s"
    path.write_text(USER)
    with pytest.raises(
        SourceErrors, match=r"mine\.s:10:\d+: error: module mine: undefined symbol 'lamp': not exported"
    ):
        external_modules(config, [path], cache)
    path.write_text("        mvo r0, r1\n")
    with pytest.raises(SourceError, match=r"mine\.s:1:9: error"):
        external_modules(config, [path], cache)
    with pytest.raises(UsageError, match=r"cannot read .*nowhere\.s: No such file"):
        external_modules(config, [tmp_path / "nowhere.s"], cache)
    with pytest.raises(UsageError, match="two sources for one module 'mine'"):
        external_modules(config, [path, tmp_path / "other/mine.s"], cache)


def test_the_archive_has_every_module_and_the_lists(kernel: Build, cache: BuildCache) -> None:
    archive = module_archive(kernel, cache)
    for name, data in all_modules(kernel, cache).items():
        assert f"lib/modules/{name}\0".encode() in archive and strip_debug(data) in archive
    assert b"user.ko: provider.ko\n" in archive


def test_a_tree_without_examples_has_none(tree: Path, cache: BuildCache) -> None:
    (tree / "config.toml").write_text(TREE["config.toml"].split("[modules]")[0])
    kernel = build(BuildConfig.load(tree=tree), cache=cache)
    assert example_files(kernel, cache) == {} and list(all_modules(kernel, cache)) == ["led.ko"]
