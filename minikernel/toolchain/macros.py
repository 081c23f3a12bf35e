"""Macros and repetitions: `.macro` headers, arguments, and substitution of `\\name`, `\\@` and `\\()`.

The law of this page: text in, lines out. A macro's body is cut at its parameters once, when it is defined; an expansion
joins the pieces. Who executes the lines, and how often, is the assembler's business - except the length of one line.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import Enum, auto

from minikernel.toolchain.lexer import Problem
from minikernel.values import dataclass

MAX_LINE = 4096
"""Characters of one expanded line: nested expansions may double an argument each time."""

Line = tuple[str, int]
"""A line's text and its number in the file where it was written."""


class Use(Enum):
    """What a parameter asks of its argument."""

    OPTIONAL = auto()
    REQUIRED = auto()  # :req
    VARARG = auto()  # :vararg, takes the rest of the line


@dataclass(frozen=True)
class Parameter:
    """One formal parameter of a macro."""

    name: str
    use: Use = Use.OPTIONAL
    default: str = ""


class Body:
    """Lines cut at the places where parameters stand."""

    COUNTER = -1
    """The place of `\\@` among the values: behind the arguments."""

    def __init__(self, lines: Iterable[Line], names: Iterable[str]) -> None:
        index = {name: number for number, name in enumerate(names)}
        self.lines = [(*_cut(text, index), number) for text, number in lines]
        """Of each line: its text with %s for what varies, which arguments these are, its number."""

    def expand(self, arguments: list[str], counter: int) -> list[Line]:
        """The lines with the arguments in place. Raises Problem where one grows too long."""
        values = [*arguments, str(counter)]
        out = []
        for text, places, number in self.lines:
            if places:
                text %= tuple([values[place] for place in places])
                if len(text) > MAX_LINE:
                    raise Problem(f"an expanded line is longer than {MAX_LINE} characters")
            out.append((text, number))
        return out


_SUBSTITUTION = re.compile(r"\\(?:(\(\))|(@)|([A-Za-z_.$][A-Za-z0-9_.$]*))", re.ASCII)


_CHARACTERS = re.compile(r"""("(?:[^"\\]|\\.)*")|'(?:\\.|[^\\])'?""")


def _cut(text: str, index: dict[str, int]) -> tuple[str, list[int]]:
    """The line as a format, and which values it takes; without any the line as it is."""
    if "\\" not in text:
        return text, []
    pieces: list[str] = []
    places: list[int] = []
    position = 0
    constants = [m.span() for m in _CHARACTERS.finditer(text) if not m.group(1)] if "'" in text else []
    for match in _SUBSTITUTION.finditer(text):
        empty, counter, name = match.groups()
        if name is not None and name.lower() not in index:
            continue
        if any(start <= match.start() < end for start, end in constants):
            continue  # '\\n' is a character, whatever the parameters are called
        pieces.append(text[position : match.start()].replace("%", "%%"))
        position = match.end()
        if not empty:
            pieces.append("%s")
            places.append(Body.COUNTER if counter else index[name.lower()])
    pieces.append(text[position:].replace("%", "%%"))
    form = "".join(pieces)
    return (form, places) if places else (form.replace("%%", "%"), places)


@dataclass(frozen=True)
class Macro:
    """A `.macro`. `file` is where its lines were written."""

    name: str
    parameters: tuple[Parameter, ...]
    body: Body
    file: str
    line: int

    def arguments(self, text: str, column: int) -> list[str]:
        """The argument for each parameter of the call `name text`. Raises Problem."""
        values: dict[str, str] = {}
        position = 0
        pieces = split_arguments(text, column)
        for number, (start, raw) in enumerate(pieces):
            keyword = _KEYWORD.match(raw) if "=" in raw else None
            if keyword is not None and any(parameter.name == keyword.group(1).lower() for parameter in self.parameters):
                key = keyword.group(1).lower()
                if key in values:
                    raise Problem(f"`{self.name}` gets `{key}` twice", start)
                values[key] = unquote(raw[keyword.end() :].strip())
                continue
            if position >= len(self.parameters):
                raise Problem(self._too_many(), start)
            parameter = self.parameters[position]
            position += 1
            if parameter.use is Use.VARARG:
                values[parameter.name] = squeeze(text[start - column :])
                break
            if parameter.name in values:
                raise Problem(f"`{self.name}` gets `{parameter.name}` twice", start)
            if raw or number < len(pieces) - 1:
                values[parameter.name] = unquote(raw)
        return [self._value(parameter, values, column) for parameter in self.parameters]

    def _value(self, parameter: Parameter, values: dict[str, str], column: int) -> str:
        value = values.get(parameter.name, "")
        if value:
            return value
        if parameter.use is Use.REQUIRED:
            raise Problem(f"`{self.name}` needs a value for `{parameter.name}`: {self.usage()}", column)
        return parameter.default

    def _too_many(self) -> str:
        if not self.parameters:
            return f"`{self.name}` takes no argument"
        return f"too many arguments: {self.usage()}"

    def usage(self) -> str:
        """How a call looks."""
        words = [p.name if p.use is Use.REQUIRED or not p.default else f"{p.name}={p.default}" for p in self.parameters]
        return f"`{self.name} {', '.join(words)}`"


_KEYWORD = re.compile(r"([A-Za-z_.$][A-Za-z0-9_.$]*)\s*=(?!=)", re.ASCII)
_NAME = re.compile(r"\s*([A-Za-z_.$][A-Za-z0-9_.$]*)", re.ASCII)
_PARAMETER = re.compile(
    r"""\s*([A-Za-z_.$][A-Za-z0-9_.$]*)          # name
        (?:\s*:\s*(req|vararg)\b)?               # use
        (?:\s*=\s*("(?:[^"\\]|\\.)*(?:"|$)|[^\s,]*))?  # default
        \s*,?""",
    re.ASCII | re.VERBOSE,
)


def parse_header(text: str, column: int) -> tuple[str, tuple[Parameter, ...]]:
    """`NAME p, q=1, r:req, s:vararg` to its parts. Names are not case-sensitive, as in GNU as. Raises Problem."""
    match = _NAME.match(text)
    if match is None:
        raise Problem("expected the macro's name", column)
    name = match.group(1)
    position = match.end()
    rest = text[position:].lstrip()
    position = len(text) - len(rest)
    if rest.startswith(","):
        position += 1
    parameters: list[Parameter] = []
    while text[position:].strip():
        found = _PARAMETER.match(text, position)
        if found is None:
            blanks = len(text[position:]) - len(text[position:].lstrip())
            raise Problem(f"expected a parameter's name in the head of `{name}`", column + position + blanks)
        parameters.append(_parameter(name, found, parameters, column))
        position = found.end()
    return name, tuple(parameters)


_USES = {None: Use.OPTIONAL, "req": Use.REQUIRED, "vararg": Use.VARARG}


def _parameter(macro: str, found: re.Match[str], earlier: list[Parameter], column: int) -> Parameter:
    name, use, default = found.group(1).lower(), found.group(2), found.group(3)
    at = column + found.start(1)
    if any(parameter.name == name for parameter in earlier):
        raise Problem(f"`{macro}` has two parameters named `{name}`", at)
    if earlier and earlier[-1].use is Use.VARARG:
        raise Problem(f"`{earlier[-1].name}:vararg` must be the last parameter of `{macro}`", at)
    return Parameter(name, _USES[use], unquote(default or ""))


def unquote(argument: str) -> str:
    """A quoted argument without its quotes."""
    if len(argument) >= 2 and argument[0] == '"' and argument[-1] == '"':
        return argument[1:-1]
    return argument


_ARGUMENT_TOKEN = re.compile(
    r"""("(?:[^"\\]|\\.)*(?:"|$)|'(?:\\.|[^\\])'?)|([ \t]+)|(,)|([(\[{])|([)\]}])|([\w.$]+|.)"""
)
_ONE_WORD = re.compile(r"[\w.$]+$", re.ASCII)
_WORD_CHARACTER = re.compile(r"""[\w.$"'\\]""", re.ASCII)


def split_arguments(text: str, column: int) -> list[tuple[int, str]]:
    """(column, text) of each argument. They are separated by commas, or by blanks between two words."""
    if _ONE_WORD.match(text):
        return [(column, text)]
    pieces: list[tuple[int, str]] = []
    current = ""
    start = 0
    depth = 0
    for match in _ARGUMENT_TOKEN.finditer(text):
        _, blanks, comma, opening, closing, _ = match.groups()
        if blanks:
            following = text[match.end() : match.end() + 1]
            if depth or not current or not _WORD_CHARACTER.match(following):
                continue
            if not _WORD_CHARACTER.match(current[-1]):
                continue
            pieces.append((column + start, current))
            current, start = "", match.end()
            continue
        if comma and not depth:
            pieces.append((column + start, current))
            current, start = "", match.end()
            continue
        if not current:
            start = match.start()
        depth += 1 if opening == "(" else -1 if closing == ")" and depth else 0
        current += match.group()
    if current:
        pieces.append((column + start, current))
    return pieces


_BLANKS = re.compile(r"""("(?:[^"\\]|\\.)*(?:"|$)|'(?:\\.|[^\\])'?)|[ \t]+""")


def squeeze(text: str) -> str:
    """The text with blanks only between two words, as GNU as passes it to a :vararg."""
    text = text.strip()

    def replace(match: re.Match[str]) -> str:
        if match.group(1):
            return match.group(1)
        between_words = _WORD_CHARACTER.match(text[match.start() - 1]) and _WORD_CHARACTER.match(text[match.end()])
        return " " if between_words else ""

    return _BLANKS.sub(replace, text)
