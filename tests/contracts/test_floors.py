"""The architecture's floors: a package imports only from floors below its own (and from itself).

Imports inside functions and under TYPE_CHECKING count as well: a cycle hidden there is still a cycle to the reader.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "minikernel"

FLOORS = {
    "errors": 0,
    "bits": 0,
    "values": 0,
    "showing": 0,
    "tutorials_tree": 1,
    "elf": 1,
    "board": 2,
    "machine": 3,
    "toolchain": 3,
    "kernel": 4,
    "debug": 5,
    "power_on": 5,
    "report": 5,
    "experiments": 5,
    "labs": 6,
    "lessons": 6,
    "cli": 7,
}

#: The package's own face re-exports the public calls; __main__ is the command.
FACE = {"__init__", "__main__"}

#: What only one file may import: the engines stay behind their interfaces.
ENGINES = {
    "unicorn": "minikernel/machine",
    "keystone": "minikernel/toolchain",
    "capstone": "minikernel/debug",
    "rich": "minikernel/cli",
}


def modules() -> list[Path]:
    return sorted(path for path in PACKAGE.rglob("*.py") if not {"_guest", "_tutorials"} & set(path.parts))


def part(path: Path) -> str:
    return path.relative_to(PACKAGE).with_suffix("").parts[0]


def imported(path: Path) -> Iterator[tuple[str, int]]:
    """Absolute names of everything the file imports, with line numbers."""
    here = ("minikernel", *path.relative_to(PACKAGE).with_suffix("").parts)
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(here[: -node.level]) if node.level else ""
            module = ".".join(filter(None, (base, node.module)))
            yield module, node.lineno
            yield from ((f"{module}.{alias.name}", node.lineno) for alias in node.names)


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_only_go_down(path: Path) -> None:
    own = part(path)
    if own in FACE:
        return
    for name, line in imported(path):
        names = name.split(".")
        if names[0] != "minikernel" or len(names) < 2 or names[1] not in FLOORS:
            continue
        other = names[1]
        assert other == own or FLOORS[other] < FLOORS[own], f"{path}:{line}: {own} may not import {other}"


@pytest.mark.parametrize("engine", ENGINES)
def test_each_engine_stays_behind_its_interface(engine: str) -> None:
    users = {
        "/".join(path.relative_to(PACKAGE.parent).parts[:2])
        for path in modules()
        for name, _ in imported(path)
        if name.split(".")[0] == engine
    }
    assert users <= {ENGINES[engine]}


def test_every_part_of_the_package_has_a_floor() -> None:
    assert {part(path) for path in modules()} - FACE <= FLOORS.keys()
