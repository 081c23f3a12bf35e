"""A verb of the debugger's command line, and how what stands behind it is read."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto

from minikernel.cli.repl_dialogue import Dialogue
from minikernel.errors import UsageError, near_names


class Completes(Enum):
    """What TAB offers behind a verb."""

    NOTHING = auto()
    SYMBOLS = auto()  # and $registers
    VERBS = auto()
    TOPICS = auto()  # of info
    PANES = auto()
    SETTINGS = auto()
    POINTS = auto()  # numbers of stop points
    CHECKPOINTS = auto()
    HAPPENINGS = auto()  # of catch
    PROC = auto()
    FILES = auto()
    MODULES = auto()


@dataclass(frozen=True)
class Line:
    """A line taken apart: `x/4i $pc` is verb x, format 4i, arguments $pc."""

    verb: str
    format: str
    arguments: str


@dataclass(frozen=True)
class Verb:
    """`names`: the first is the full one. `example` is shown by help; `repeats`: an empty line does it again."""

    names: tuple[str, ...]
    usage: str
    summary: str
    example: str
    run: Callable[[Dialogue, Line], None]
    completes: Completes = Completes.NOTHING
    repeats: bool = False

    @property
    def name(self) -> str:
        """The full name."""
        return self.names[0]


_LINE = re.compile(r"\s*(?P<verb>[A-Za-z][\w-]*|\S)(?:/(?P<format>\S*))?\s*(?P<arguments>.*?)\s*$", re.DOTALL)


def take_apart(text: str) -> Line:
    """Verb, /format and arguments of a line that is not empty."""
    found = _LINE.match(text)
    if found is None:
        raise UsageError("an empty line is no command")
    return Line(found["verb"], found["format"] or "", found["arguments"])


class Verbs:
    """All verbs, found by name, abbreviation, or the beginning of a name."""

    def __init__(self, verbs: tuple[Verb, ...]) -> None:
        self.all = verbs
        self._by_name = {name: verb for verb in verbs for name in verb.names}

    @property
    def names(self) -> tuple[str, ...]:
        """Full names and abbreviations."""
        return tuple(self._by_name)

    def find(self, name: str) -> Verb:
        """Raises UsageError for an unknown or ambiguous one."""
        exact = self._by_name.get(name)
        if exact is not None:
            return exact
        matches = {verb.name: verb for known, verb in self._by_name.items() if known.startswith(name)}
        if len(matches) == 1:
            return next(iter(matches.values()))
        if matches:
            raise UsageError(f"{name!r} is ambiguous: {', '.join(matches)}")
        raise UsageError(f"no command {name!r}{near_names(name, self._by_name)}; `help` lists them")


# --- arguments --------------------------------------------------------------------------------------------------------


def no_arguments(line: Line) -> None:
    """Raises UsageError for a verb that takes none and got some."""
    if line.arguments:
        raise UsageError(f"{line.verb} takes no arguments: {line.arguments!r}")


def needed(line: Line, what: str) -> str:
    """The arguments. Raises UsageError when there are none."""
    if not line.arguments:
        raise UsageError(f"{line.verb} needs {what}; `help {line.verb}` shows an example")
    return line.arguments


def count(dialogue: Dialogue, line: Line) -> int:
    """How many times: an expression, 1 when none is given. Raises UsageError, ExpressionError."""
    if not line.arguments:
        return 1
    value = dialogue.dbg.evaluate(line.arguments)
    if not 0 < value < 1 << 31:
        raise UsageError(f"{line.verb} takes a count from 1 up, not {value:#x}")
    return value


def whole_number(text: str, what: str) -> int:
    """A decimal or 0x number. Raises UsageError."""
    try:
        return int(text, 0)
    except ValueError:
        raise UsageError(f"{text!r} is no {what}") from None


def split_condition(text: str) -> tuple[str, str]:
    """`do_one_initcall if $r0 == 0` as place and condition."""
    place, _, condition = f" {text} ".partition(" if ")
    return place.strip(), condition.strip()
