"""tutorials/modules-format.md cannot lie: its numbers are the build's. Its example is built by test_chapters.py."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from minikernel.elf.module_file import KERNEL_PARAM_SIZE, KERNEL_SYMBOL_SIZE, MODVERSION_SIZE
from minikernel.toolchain.generated import (
    MODULE_NAME_LENGTH,
    THIS_MODULE_ALIGNMENT,
    THIS_MODULE_EXIT,
    THIS_MODULE_INIT,
    THIS_MODULE_NAME,
    THIS_MODULE_SIZE,
    VERMAGIC,
)
from minikernel.toolchain.guest_tree import guest_tree

PAGE = (Path(__file__).parents[2] / "tutorials/modules-format.md").read_text()


@pytest.mark.parametrize(
    "text",
    [
        f"{THIS_MODULE_SIZE:#x} bytes, aligned to {THIS_MODULE_ALIGNMENT}: name at {THIS_MODULE_NAME:#04x}",
        f"`init_module` at {THIS_MODULE_INIT:#x}, `cleanup_module` at {THIS_MODULE_EXIT:#x}",
        f"{KERNEL_SYMBOL_SIZE} bytes each: value, name, namespace",
        f"{MODVERSION_SIZE} bytes for each import",
        f"{KERNEL_PARAM_SIZE} bytes each: name, module, operations",
        f"`{VERMAGIC}`",
        f"more than {MODULE_NAME_LENGTH - 1} characters",
    ],
)
def test_the_page_s_numbers_are_the_build_s(text: str) -> None:
    assert text in PAGE


def test_the_page_s_macros_exist() -> None:
    macros = (guest_tree() / "include/macros.inc").read_text()
    named = set(re.findall(r"`([A-Z]+_[A-Z_]+|module_\w+)`", PAGE)) - {
        "ET_REL",
        "init_module",
        "cleanup_module",
        "module_layout",
    }
    assert named and {name for name in named if f".macro  {name}" not in macros} == set()
