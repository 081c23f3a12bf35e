"""The guest tree keeps its own rules: every source is built, calls leave frame records, functions have headers."""

from __future__ import annotations

import re
from pathlib import Path

import capstone
import pytest

from minikernel.elf.constants import SymbolKind
from minikernel.elf.image import Image, Symbol
from minikernel.toolchain.build import build
from minikernel.toolchain.config import BuildConfig
from minikernel.toolchain.guest_tree import guest_tree

GUEST = guest_tree()
SOURCES = sorted(path for folder in ("kernel", "drivers", "user") for path in (GUEST / folder).glob("*.s"))

#: Without a frame record on purpose: entered by the processor, or the last code that runs.
NO_RECORD = {"stext", "ret_to_user", "_start"}


def test_every_kernel_and_driver_source_is_listed_in_the_configuration() -> None:
    config = BuildConfig.load()
    assert {path.stem for path in (GUEST / "kernel").glob("*.s")} == set(config.kernel)
    assert {path.stem for path in (GUEST / "drivers").glob("*.s")} == set(config.drivers)


def functions(image: Image) -> list[Symbol]:
    return [symbol for symbol in image.symbols if symbol.kind is SymbolKind.FUNC and symbol.size]


def instructions(image: Image, function: Symbol) -> list[tuple[str, str]]:
    """(mnemonic, operands) of the function's code; a literal pool at its end reads as whatever it happens to be."""
    engine = capstone.Cs(capstone.CS_ARCH_ARM, capstone.CS_MODE_ARM)
    engine.skipdata = True
    return [(i.mnemonic, i.op_str) for i in engine.disasm(image.read(function.value, function.size), function.value)]


@pytest.mark.parametrize("name", ["vmlinux", "init"])
def test_every_function_that_calls_begins_with_a_frame_record(name: str) -> None:
    image = Image.from_bytes(build(BuildConfig.load()).files[name], name)
    wrong = []
    for function in functions(image):
        if function.name in NO_RECORD or function.name.startswith("vector_"):
            continue
        code = instructions(image, function)
        calls = [
            index for index, (mnemonic, _) in enumerate(code) if re.fullmatch(r"blx?(eq|ne|hs|lo|hi|ls)?", mnemonic)
        ]
        if not calls:
            continue
        before_first_call = code[: calls[0]]
        if not has_frame_record(before_first_call):
            wrong.append((function.name, before_first_call[:4]))
    assert wrong == []


def has_frame_record(code: list[tuple[str, str]]) -> bool:
    """`push {..., fp, lr}`, then `add fp, sp, #n` so that [fp] is the caller's fp and [fp, #4] the return address."""
    for index, (mnemonic, operands) in enumerate(code):
        registers = re.findall(r"\w+", operands)
        if mnemonic == "push" and registers[-2:] == ["fp", "lr"]:
            offset = 4 * (len(registers) - 2)
            wanted = ("add", f"fp, sp, #{offset if offset < 10 else hex(offset)}")
            if wanted in code[index + 1 : index + 4]:
                return True
    return False


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_every_global_function_stands_in_a_header_with_its_contract(path: Path) -> None:
    text = path.read_text()
    headers = [block for block in re.findall(r"(?:^@.*\n)+", text, re.MULTILINE) if "in:" in block and "out:" in block]
    named = {word for block in headers for word in re.findall(r"\w+", block)}
    functions = re.findall(r"^FUNC (\w+)$", text, re.MULTILINE)
    assert [name for name in functions if name not in named] == []
    assert [block.splitlines()[1] for block in headers if "clobbers:" not in block] == []
