"""The teacher's page cannot rot: its tables name what lab.toml, Checking, Run and the grader have, all of it."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

from minikernel.cli.grade_arguments import FORMAT_NAMES
from minikernel.labs.checking import Checking, Run
from minikernel.labs.grader.formats.wording import OUTCOMES
from minikernel.labs.lab import KEYS, Limits, RunSpec

PAGE = (Path(__file__).parents[2] / "tutorials/teachers.md").read_text(encoding="utf-8")

#: Public for the grader, not for who writes checks.
ENGINES_OWN = {"verdict_of", "keep", "again", "watch", "guard"}


def rows(heading: str) -> list[list[str]]:
    """The cells of the first table below a heading, without its head."""
    section = PAGE.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    table = re.search(r"(?:^\|.*\n)+", section, re.MULTILINE)
    assert table is not None
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table[0].splitlines()[2:]]


def named(cells: list[str]) -> tuple[str, str]:
    return cells[0], cells[1].strip("`")


def test_the_reference_has_every_key_of_lab_toml_in_order() -> None:
    assert [named(row) for row in rows("lab.toml")] == [(table, key) for table, keys in KEYS.items() for key in keys]


def test_the_reference_has_the_defaults() -> None:
    shown = {named(row): row[3] for row in rows("lab.toml")}
    assert {key: shown["limits", key] for key in KEYS["limits"]} == {k: str(v) for k, v in vars(Limits()).items()}
    spec = RunSpec("x")
    assert shown["run", "until"] == f'"{spec.until}"'
    assert shown["run", "append"] == f'"{spec.append}"' and shown["run", "rc"] == f'"{spec.rc}"'
    for flag in ("modules", "may_oops"):
        assert shown["run", flag] == str(getattr(spec, flag)).lower()


def public(cls: type, *attributes: str) -> set[str]:
    return {name for name in (*vars(cls), *attributes) if not name.startswith("_")} - ENGINES_OWN


def test_the_reference_has_every_public_name_of_checking_and_run() -> None:
    shown = [named(row) for row in rows("Checking and Run")]
    assert len(shown) == len(set(shown))
    fields = [field.name for field in dataclasses.fields(Run)]
    assert {name for cls, name in shown if cls == "Run"} == public(Run, *fields)
    attributes = [name for name in vars(Checking(None, {}, None, None)) if not name.startswith("_")]  # type: ignore[arg-type]
    assert {name for cls, name in shown if cls == "Checking"} == public(Checking, *attributes)


def test_every_format_and_every_outcome_is_explained() -> None:
    tables = [line for line in PAGE.splitlines() if line.startswith("|")]
    for word in (*FORMAT_NAMES, *OUTCOMES.values()):
        assert any(word in [cell.strip() for cell in line.split("|")] for line in tables), word
