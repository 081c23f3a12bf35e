"""Our own modules as the guest relocated them: word by word what the reference relocator says."""

from __future__ import annotations

from functools import cache

import pytest
from modules.guest_loader import fresh
from modules.ko import KoFile, module
from modules.relocated import load_and_check
from modules.sources import PROVIDER, VICTIM, user_of

from minikernel.elf.module_file import ModuleFile
from minikernel.toolchain.build import build
from minikernel.toolchain.config import BuildConfig
from minikernel.toolchain.examples import all_modules

INIT_FAILS = {"initfail", "nested"}  # one to show that, one because it finds no file of the module it wants


@cache
def examples() -> dict[str, bytes]:
    return {name.removesuffix(".ko"): data for name, data in all_modules(build(BuildConfig.load())).items()}


def needed(name: str) -> list[str]:
    """What must be loaded before a module."""
    found: list[str] = []
    for other in ModuleFile.from_bytes(examples()[name]).depends:
        found += [each for each in (*needed(other), other) if each not in found]
    return found


@pytest.mark.parametrize("name", sorted(examples()))
def test_an_example_is_relocated_as_the_reference_says(name: str) -> None:
    guest = fresh()
    provided: dict[str, int] = {}
    for other in needed(name):
        assert guest.init_module(examples()[other]) == 0
        for export in ModuleFile.from_bytes(examples()[other]).exports:
            provided[export.name] = guest.module_symbol(export.name)
    checked = load_and_check(guest, examples()[name], provided)
    assert (checked.result < 0) == (name in INIT_FAILS)
    assert checked.relocations == sum(
        len(section.relocations)
        for section in ModuleFile.from_bytes(examples()[name]).obj.sections
        if section.flags & 2 and section.name not in (".modinfo", "__versions", ".data..percpu")
    )


def test_the_victim_is_relocated_as_the_reference_says() -> None:
    checked = load_and_check(fresh(), module("victim", VICTIM))
    assert checked.relocations >= 50 and checked.branches >= 4


def test_symbols_of_another_module_and_addends() -> None:
    guest = fresh()
    provider = module("provider", PROVIDER)
    assert guest.init_module(provider) == 0
    source = user_of("provided") + "        .word   provided + 12, provided - 4, provided - .\n"
    source += "        .text\n        b       provided\n        bleq    provided\n"
    source += "        movw    r0, #:lower16:(provided + 8)\n        movt    r0, #:upper16:provided\n"
    ko = module("consumer", source, others=[provider])
    assert KoFile(ko).index(".rel.text")
    checked = load_and_check(guest, ko, {"provided": guest.module_symbol("provided")})
    assert checked.branches == 2
