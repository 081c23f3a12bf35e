"""Modules written in C and compiled by gcc: the guest loads them, and each function does what it does on the host."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from tempfile import mkdtemp

import pytest
from judges import require
from modules.fuzzer import Fuzzer
from modules.guest_loader import fresh
from modules.relocated import load_and_check
from outside.c_modules import SOURCES, CModule, Reference, compile_module, functions

from minikernel.kernel.machine import KernelMachine
from minikernel.power_on import BootOptions, prepare

OPTIMISATIONS = ("-O2", "-O0")
ARGUMENTS = (
    (0, 0),
    (1, 2),
    (7, 3),
    (0x80000000, 1),
    (0xFFFFFFFF, 0xFFFFFFFF),
    (0x12345678, 0x9ABCDEF1),
    (1000, 37),
    (0xDEADBEEF, 13),
)
LEAST_FUNCTIONS = 60
CASES = [(source, optimisation) for source in SOURCES for optimisation in OPTIMISATIONS]
named = pytest.mark.parametrize(("source", "optimisation"), CASES, ids=lambda value: getattr(value, "stem", value))


@cache
def folder() -> Path:
    require("arm-none-eabi-gcc", "arm-none-eabi-as", "arm-none-eabi-ld", "gcc")
    return Path(mkdtemp(prefix="minikernel-c-"))


@cache
def compiled(source: Path, optimisation: str) -> CModule:
    return compile_module(source, optimisation, folder())


@cache
def machine() -> KernelMachine:
    """A guest at its shell; whoever loads a module unloads it."""
    made = prepare(BootOptions(rc=b"# nothing\n"))
    made.run(until="shell", max_instructions=100_000_000)
    return made


def test_there_are_enough_functions() -> None:
    assert sum(len(functions(source)) for source in SOURCES) >= LEAST_FUNCTIONS


@named
def test_functions_behave_as_on_the_host(source: Path, optimisation: str) -> None:
    module = compiled(source, optimisation)
    reference = _reference(source, optimisation)
    guest = machine()
    before = guest.free_pages, guest.modules
    guest.insmod(module.path)
    loaded = guest.module(module.name)
    different = []
    for function in module.functions:
        symbol = loaded.symbol(function)
        assert symbol is not None, function
        for a, b in ARGUMENTS:
            low, high = guest.call(symbol.address, a, b)
            got, expected = high << 32 | low, reference.call(function, a, b)
            if got != expected:
                different.append(f"{function}({a:#x}, {b:#x}) is {got:#x}, on the host {expected:#x}")
    assert not different, "\n".join(different)
    guest.rmmod(module.name)
    assert (guest.free_pages, guest.modules) == before


def _reference(source: Path, optimisation: str) -> Reference:
    """A library of its own for each module: static variables begin anew in both."""
    where = folder() / f"host{optimisation}"
    where.mkdir(exist_ok=True)
    return Reference(source, where)


@named
def test_each_relocated_word_is_what_the_reference_says(source: Path, optimisation: str) -> None:
    checked = load_and_check(fresh(), compiled(source, optimisation).ko)
    assert checked.result == 0 and checked.relocations > 0


@pytest.mark.parametrize(
    ("stem", "flags"),
    [
        ("algorithms", ("-Os", "-funwind-tables")),
        ("control", ("-O3", "-funwind-tables", "-ffunction-sections", "-fdata-sections")),
        ("data", ("-O2", "-mlong-calls")),
        ("text", ("-O2", "-mcpu=arm1176jz-s", "-fno-inline")),
    ],
)
def test_other_ways_to_compile(stem: str, flags: tuple[str, ...], tmp_path: Path) -> None:
    """Unwind tables (PREL31), a section for each function, calls through registers, literal pools without movw."""
    folder()
    source = next(source for source in SOURCES if source.stem == stem)
    checked = load_and_check(fresh(), compile_module(source, flags[0], tmp_path, *flags[1:]).ko)
    assert checked.result == 0 and checked.relocations > 20


def check_mutants(seeds: range) -> None:
    base = [(source.stem, compiled(source, "-O2").ko) for source in SOURCES]
    tally = Fuzzer(base).run(seeds)
    print(f"\n{tally}")  # noqa: T201
    assert not tally.problems, "\n\n".join(f"{mutant}\n{problem}" for mutant, problem in tally.problems[:5])


def test_mutants_of_c_modules_do_no_harm() -> None:
    check_mutants(range(100))


@pytest.mark.slow
def test_many_mutants_of_c_modules_do_no_harm() -> None:
    check_mutants(range(1_000, 6_000))
