"""The steps of a chapter, for those who walk through it in the terminal: steps.toml.

    [[step]]
    name = "read-the-table"                 # kept as the reader's place: do not rename lightly
    title = "The table of the initcalls"
    at = "shell"                            # what a line is: "command" ($ minikernel ...), "shell", "debugger"
    boot = { until = "shell" }              # a fresh machine; without it the step goes on with the one before
    text = '''what there is to do'''
    done = '''what was to be seen'''        # may be left out
    hints = ["one", "nearly the answer"]
    solution = ["ls /proc"]                 # lines that do it
    check = { proc_read = "modules" }       # all must hold (step_checks.py); without it, Enter goes on

boot: until = "reset", "userspace", "shell", "first_picture" or a symbol; set = { ehci_hcd = "y" }, append, modules.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from minikernel.errors import UsageError, near_names
from minikernel.lessons.chapter import Chapter
from minikernel.lessons.step_checks import CHECKS

FILE = "steps.toml"
RESET = "reset"


class At(Enum):
    """Who gets the reader's line; `prompt` says so to the reader."""

    COMMAND = "command"
    SHELL = "shell"
    DEBUGGER = "debugger"

    @property
    def prompt(self) -> str:
        """As the real ones."""
        return {At.COMMAND: "$ ", At.SHELL: "# ", At.DEBUGGER: "(mk) "}[self]


@dataclass(frozen=True)
class Boot:
    """A fresh machine: how far it is run, and options of `minikernel boot`."""

    until: str = RESET
    set: Mapping[str, str] = field(default_factory=dict)
    append: str = ""
    modules: bool = False


@dataclass(frozen=True)
class StepOfChapter:
    """One step."""

    name: str
    title: str
    text: str
    at: At = At.COMMAND
    boot: Boot | None = None
    done: str = ""
    hints: tuple[str, ...] = ()
    solution: tuple[str, ...] = ()
    check: Mapping[str, Any] = field(default_factory=dict)


KEYS = ("name", "title", "text", "at", "boot", "done", "hints", "solution", "check")


def read_steps(chapter: Chapter) -> tuple[StepOfChapter, ...]:
    """The steps of a chapter; none where it has no steps.toml. Raises UsageError naming the step and the key."""
    path = chapter.folder / FILE
    if not path.is_file():
        return ()
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8")).get("step", [])
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{path}: {error}") from None
    steps = tuple(_step(table, f"{path}: step {number}") for number, table in enumerate(tables, 1))
    names = [step.name for step in steps]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise UsageError(f"{path}: two steps are called {twice[0]!r}")
    return steps


def _step(table: Mapping[str, Any], where: str) -> StepOfChapter:
    for key in table:
        if key not in KEYS:
            raise UsageError(f"{where}: unknown key {key!r}{near_names(key, KEYS)}")
    missing = [key for key in KEYS[:3] if not table.get(key)]
    if missing:
        raise UsageError(f"{where} has no {missing[0]}")
    check = table.get("check", {})
    for name in check:
        if name not in CHECKS:
            raise UsageError(f"{where}: no check {name!r}{near_names(name, CHECKS)}")
    if check and not (table.get("hints") and table.get("solution")):
        raise UsageError(f"{where}: a step that checks has hints and a solution")
    try:
        boot = Boot(**table["boot"]) if "boot" in table else None
        at = At(table.get("at", At.COMMAND.value))
    except (TypeError, ValueError) as error:
        raise UsageError(f"{where}: {error}") from None
    return StepOfChapter(
        name=table["name"],
        title=table["title"],
        text=table["text"].strip(),
        at=at,
        boot=boot,
        done=table.get("done", "").strip(),
        hints=tuple(table.get("hints", ())),
        solution=tuple(table.get("solution", ())),
        check=check,
    )
