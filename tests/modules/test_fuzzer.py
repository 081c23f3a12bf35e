"""Thousands of damaged modules: the guest survives all of them.

pytest -q -s tests/modules/test_fuzzer.py               some hundreds
pytest -q -s -m slow tests/modules/test_fuzzer.py       20,000 and more
"""

from __future__ import annotations

from functools import cache

import pytest
from modules.fuzzer import Fuzzer, corpus
from modules.mutations import make_mutant

FEW = 300
PIECE = 1_000
PIECES = 21


@cache
def fuzzer() -> Fuzzer:
    return Fuzzer()


def check(first: int, count: int) -> None:
    tally = fuzzer().run(range(first, first + count))
    print(f"\nseeds {first}..{first + count - 1}: {tally}")  # noqa: T201
    assert not tally.problems, "\n\n".join(f"{mutant}\n{problem}" for mutant, problem in tally.problems[:5])
    assert tally.count == count


def test_unchanged_modules_load() -> None:
    for name, data in corpus():
        assert fuzzer().attempt(data) == (0, ""), name


def test_a_mutant_is_the_same_every_time() -> None:
    assert [make_mutant(seed, corpus()) for seed in range(50)] == [make_mutant(seed, corpus()) for seed in range(50)]


def test_some_hundred_mutants() -> None:
    check(0, FEW)


@pytest.mark.slow
@pytest.mark.parametrize("piece", range(PIECES))
def test_many_mutants(piece: int) -> None:
    check(1_000_000 + piece * PIECE, PIECE)


@pytest.mark.parametrize(
    "check_name",
    ["elf_validity_sections", "elf_validity_cache_secstrings", "verify_export_symbols", "module_unload_free"],
)
def test_the_fuzzer_notices_a_loader_without_one_of_its_checks(check_name: str) -> None:
    """The function is replaced by one that says 0 and does nothing."""
    blind = Fuzzer()
    blind.guest.replace_function(check_name)
    blind.guest.start = blind.guest.machine.save()
    assert any(blind.run(range(first, first + 10)).problems for first in range(0, FEW, 10))
