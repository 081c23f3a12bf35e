"""GNU binutils, given the commands of `minikernel build --print-commands`, make the same objects, modules and images.

The commands run as printed, in the output directory of one of our builds. Compared: each object's sections, flags,
relocations and symbols; each module's; and of init and vmlinux the bytes, addresses and load addresses of every loaded
section, every symbol's value, and the entry.
"""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest
from gnu_binutils import loaded_sections, section_rows, symbol_rows, symbol_values
from judges import require

from minikernel.elf.constants import SymbolBinding, is_mapping_symbol
from minikernel.elf.image import Image
from minikernel.elf.object_file import ObjectFile, Section
from minikernel.toolchain.build import GNU_DIRECTORY, Build, build, print_commands
from minikernel.toolchain.build_cache import BuildCache
from minikernel.toolchain.config import BuildConfig

CONFIGURATIONS: dict[str, dict[str, str]] = {
    "default": {},
    "one module, nothing deferred": {"ehci_hcd": "y", "uhci_hcd": "y", "usb_storage": "m"},
}


@dataclass(frozen=True)
class Replay:
    """One build of ours, and the directory in which binutils repeated it."""

    ours: Build
    directory: Path

    def theirs(self, name: str) -> bytes:
        return (self.directory / GNU_DIRECTORY / name).read_bytes()


@pytest.fixture(scope="module", params=CONFIGURATIONS.values(), ids=CONFIGURATIONS)
def replay(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Replay:
    require("arm-none-eabi-as", "arm-none-eabi-ld")
    directory = tmp_path_factory.mktemp("build")
    config = BuildConfig.load(request.param)
    ours = build(config, directory / "out", BuildCache(directory / "cache"))
    commands = "set -e\n" + "\n".join(print_commands(config))
    done = subprocess.run(["sh", "-c", commands], cwd=directory / "out", capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return Replay(ours, directory / "out")


def test_each_object_has_the_sections_flags_relocations_and_symbols_of_gnu_as(replay: Replay) -> None:
    assert len(replay.ours.objects) > 40
    for name, data in replay.ours.objects.items():
        mine, theirs = (
            ObjectFile.from_bytes(data, name).without_debug(),
            ObjectFile.from_bytes(replay.theirs(name), f"gnu/{name}"),
        )
        assert section_rows(mine) == section_rows(theirs), name
        assert symbol_rows(mine) == symbol_rows(theirs), name
        assert mine.flags == theirs.flags


def test_mapping_symbols_say_code_and_data_in_the_same_places(replay: Replay) -> None:
    for name, data in replay.ours.objects.items():
        mine, theirs = ObjectFile.from_bytes(data, name), ObjectFile.from_bytes(replay.theirs(name), f"gnu/{name}")
        assert mapping_of_code(mine) == mapping_of_code(theirs), name


def mapping_of_code(obj: ObjectFile) -> set[tuple[str, str, int]]:
    return {
        (symbol.name, symbol.section.name, symbol.value)
        for symbol in obj.symbols
        if is_mapping_symbol(symbol.name) and isinstance(symbol.section, Section) and symbol.section.flags & 4
    }


@pytest.mark.parametrize("name", ["vmlinux", "init"])
def test_each_image_has_the_loaded_bytes_and_symbol_values_of_gnu_ld(replay: Replay, name: str) -> None:
    mine, theirs = Image.from_bytes(replay.ours.files[name], name), Image.from_bytes(replay.theirs(name), f"gnu/{name}")
    my_sections, their_sections = loaded_sections(mine), loaded_sections(theirs)
    for section in my_sections | their_sections:
        assert my_sections.get(section) == their_sections.get(section), section
    assert symbol_values(mine) == symbol_values(theirs)
    assert mine.entry == theirs.entry


def test_each_module_has_the_sections_relocations_and_symbols_of_ld_r(replay: Replay) -> None:
    for name, data in replay.ours.modules.items():
        mine, theirs = ObjectFile.from_bytes(data).without_debug(), ObjectFile.from_bytes(replay.theirs(f"{name}.ko"))
        assert section_rows(mine) == section_rows(theirs), name
        assert symbol_rows(mine) == symbol_rows(theirs), name
        exported = {s.name for s in mine.symbols if s.binding == SymbolBinding.GLOBAL}
        assert "init_module" in exported and "__this_module" in exported


def test_system_map_is_nm_without_constants(replay: Replay) -> None:
    require("arm-none-eabi-nm")
    command = ["arm-none-eabi-nm", "-n", f"{GNU_DIRECTORY}/vmlinux"]
    printed = subprocess.run(command, cwd=replay.directory, capture_output=True, text=True, check=True).stdout
    assert replay.ours.system_map.splitlines() == [line for line in printed.splitlines() if line[9] not in "aA"]
