"""The linker-script language: a subset of GNU ld's (ld manual, "Linker Scripts"), from text to frozen statements.

Known: ENTRY, OUTPUT_ARCH, OUTPUT_FORMAT, SECTIONS with output sections (address, NOLOAD, AT, ALIGN), input patterns
with wildcards, KEEP, SORT/SORT_BY_NAME, EXCLUDE_FILE, assignments, PROVIDE, ASSERT, BYTE SHORT LONG, /DISCARD/,
comments; HIDDEN and PROVIDE_HIDDEN are read as if not hidden. Anything else is refused with what was expected.

The language is read in two ways (ld manual, "Symbol Names" and "Input Section Basics"): where a pattern may stand,
`___ksymtab+*` is one name; inside an expression `a+b` is three tokens. The parser says which way each time.
Nothing is evaluated here: see layout.py.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

from minikernel.errors import Location, SourceError, near_names
from minikernel.values import dataclass

# --- statements -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Number:
    value: int


@dataclass(frozen=True)
class Name:
    """A symbol, or `.` for the location counter."""

    name: str
    location: Location


@dataclass(frozen=True)
class Unary:
    operator: str
    operand: Expression


@dataclass(frozen=True)
class Binary:
    operator: str
    left: Expression
    right: Expression
    location: Location


@dataclass(frozen=True)
class Conditional:
    condition: Expression
    then: Expression
    otherwise: Expression


@dataclass(frozen=True)
class Call:
    """A built-in function of expressions: ALIGN, ABSOLUTE, MAX, MIN, LOG2CEIL."""

    function: str
    arguments: tuple[Expression, ...]
    location: Location


@dataclass(frozen=True)
class NameCall:
    """A built-in function of a name: ADDR, LOADADDR, SIZEOF, ALIGNOF of a section, DEFINED of a symbol."""

    function: str
    name: str
    location: Location


Expression = Number | Name | Unary | Binary | Conditional | Call | NameCall


@dataclass(frozen=True)
class Assignment:
    """`name = value;`. With `provide` only when an object refers to the name and none defines it."""

    name: str
    value: Expression
    provide: bool
    location: Location


@dataclass(frozen=True)
class Assertion:
    """ASSERT(condition, message)."""

    condition: Expression
    message: str
    location: Location


@dataclass(frozen=True)
class SectionPattern:
    """One name inside the parentheses of an input pattern; `excluded` are file patterns of its EXCLUDE_FILE."""

    pattern: str
    by_name: bool
    excluded: tuple[str, ...]


@dataclass(frozen=True)
class InputPattern:
    """`file(section section ...)`. KEEP changes nothing, as nothing is garbage-collected."""

    file: str
    sections: tuple[SectionPattern, ...]
    location: Location


@dataclass(frozen=True)
class Data:
    """BYTE(x), SHORT(x), LONG(x): `size` bytes, little-endian."""

    size: int
    value: Expression
    location: Location


@dataclass(frozen=True)
class OutputSection:
    """One output section description. `/DISCARD/` is the name of the one that leaves its inputs out."""

    name: str
    address: Expression | None
    noload: bool
    load_address: Expression | None
    alignment: Expression | None
    statements: tuple[SectionStatement, ...]
    location: Location


SectionStatement = Assignment | Assertion | InputPattern | Data
Statement = Assignment | Assertion | OutputSection


@dataclass(frozen=True)
class LinkerScript:
    """A parsed script. `lines` are kept for messages: see error_at()."""

    name: str
    entry: str | None
    statements: tuple[Statement, ...]
    lines: tuple[str, ...]

    @classmethod
    def parse(cls, text: str, name: str = "script.lds") -> LinkerScript:
        """Raises SourceError with line, column and caret."""
        return _Parser(text, name).script()

    @classmethod
    def read(cls, path: Path, name: str | None = None) -> LinkerScript:
        """Parses a file; messages call it `name`. Raises SourceError."""
        return cls.parse(path.read_text(encoding="utf-8"), name or str(path))

    def error_at(self, location: Location, message: str) -> SourceError:
        """A SourceError with the script's line at `location`."""
        return SourceError(message, location, self.lines[location.line - 1])


DISCARD = "/DISCARD/"

# --- tokens -----------------------------------------------------------------------------------------------------------

_BLANK = re.compile(r"(?:\s+|/\*.*?\*/)*", re.DOTALL)
_WILD_NAME = re.compile(r"\"[^\"\n]*\"|(?:[A-Za-z0-9_./\\$~*?\[\]^!]|[-+](?!=))+")
_EXPRESSION = re.compile(
    r"(?P<number>0[xX][0-9a-fA-F]+|[0-9]+)(?P<unit>[KM](?![A-Za-z0-9_.]))?"
    r"|(?P<name>\"[^\"\n]*\"|[A-Za-z_.$][A-Za-z0-9_.$]*)"
    r"|(?P<operator><<|>>|<=|>=|==|!=|&&|\|\||[-+*/%&|^~!<>?:(),])"
)
_ASSIGN = re.compile(r"(<<|>>|[-+*/&|^])?=(?!=)")
_SECTION_TYPE = re.compile(r"\(\s*[A-Z]*\s*\)\s*:")
_STRING = re.compile(r"\"([^\"\n]*)\"")

# Binary operators by precedence, loosest first (ld manual, "Operators": as in C).
_PRECEDENCE = ("||", "&&", "|", "^", "&", "== !=", "< <= > >=", "<< >>", "+ -", "* / %")
_LEVEL = {operator: level for level, row in enumerate(_PRECEDENCE) for operator in row.split()}

# Functions of expressions, with the least and the greatest number of arguments.
_FUNCTIONS = {"ALIGN": (1, 2), "ABSOLUTE": (1, 1), "MAX": (2, 2), "MIN": (2, 2), "LOG2CEIL": (1, 1)}
_NAME_FUNCTIONS = ("ADDR", "LOADADDR", "SIZEOF", "ALIGNOF", "DEFINED")
_DATA_SIZES = {"BYTE": 1, "SHORT": 2, "LONG": 4}
_PROVIDERS = {"PROVIDE": True, "PROVIDE_HIDDEN": True, "HIDDEN": False}
_TOP_COMMANDS = ("ENTRY", "SECTIONS", "OUTPUT_ARCH", "OUTPUT_FORMAT", "ASSERT", *_PROVIDERS)
_REFUSED_COMMANDS = (
    "MEMORY",
    "PHDRS",
    "VERSION",
    "INCLUDE",
    "INPUT",
    "GROUP",
    "STARTUP",
    "TARGET",
    "OVERLAY",
    "INSERT",
)


class _Parser:
    """Recursive descent over the text; `position` is an offset, always after blanks."""

    def __init__(self, text: str, name: str) -> None:
        self.text = text
        self.name = name
        self.lines = tuple(text.splitlines()) or ("",)
        self.position = 0
        self._skip_blanks()

    # --- the grammar, from the outside in

    def script(self) -> LinkerScript:
        entry: str | None = None
        statements: list[Statement] = []
        while not self._at_end():
            if self._take(";"):
                continue
            start = self.position
            word = self._wild_name("a command, SECTIONS or an assignment")
            if word == "ENTRY":
                entry = self._parenthesized_name()
            elif word in ("OUTPUT_ARCH", "OUTPUT_FORMAT"):
                self._skip_parentheses()
            elif word == "SECTIONS":
                statements.extend(self._sections())
            else:
                statements.append(self._assignment_or_assert(word, start))
        return LinkerScript(self.name, entry, tuple(statements), self.lines)

    def _sections(self) -> Iterator[Statement]:
        self._expect("{")
        while not self._take("}"):
            if self._take(";"):
                continue
            start = self.position
            word = self._wild_name("an output section, an assignment or '}'")
            if word == "ENTRY":
                self._fail_at(start, "ENTRY belongs outside SECTIONS")
            if word in _PROVIDERS or word == "ASSERT" or _ASSIGN.match(self.text, self.position):
                yield self._assignment_or_assert(word, start)
            else:
                yield self._output_section(word, start)

    def _output_section(self, name: str, start: int) -> OutputSection:
        if name in _REFUSED_COMMANDS:
            self._fail_at(start, f"{name} is not in this subset of the script language")
        address: Expression | None = None
        noload = False
        if not _SECTION_TYPE.match(self.text, self.position) and not self._at(":"):
            address = self._expression()
        if self._take("("):
            noload = self._section_type()
        self._expect(":")
        load_address = self._attribute("AT")
        alignment = self._attribute("ALIGN")
        if alignment is not None and load_address is None:
            load_address = self._attribute("AT")
        self._expect("{")
        statements = tuple(self._section_statements())
        for refused, what in ((">", "memory regions"), (":", "program headers"), ("=", "fill patterns")):
            if self._at(refused):
                self._fail(f"{what} are not in this subset of the script language")
        self._take(",")
        return OutputSection(name, address, noload, load_address, alignment, statements, self._location(start))

    def _section_type(self) -> bool:
        start = self.position
        word = self._wild_name("NOLOAD") if not self._at(")") else ""
        if word not in ("", "NOLOAD"):
            self._fail_at(start, f"expected NOLOAD, found {word!r}")
        self._expect(")")
        return word == "NOLOAD"

    def _attribute(self, keyword: str) -> Expression | None:
        if not self._take_word(keyword):
            return None
        self._expect("(")
        value = self._expression()
        self._expect(")")
        return value

    def _section_statements(self) -> Iterator[SectionStatement]:
        while not self._take("}"):
            if self._take(";") or self._take(","):
                continue
            start = self.position
            word = self._wild_name("an input pattern, an assignment or '}'")
            if word in _DATA_SIZES:
                yield Data(_DATA_SIZES[word], self._parenthesized(), self._location(start))
            elif word == "KEEP":
                self._expect("(")
                yield self._input_pattern(self._wild_name("a file pattern"), self.position)
                self._expect(")")
            elif word in _PROVIDERS or word == "ASSERT" or _ASSIGN.match(self.text, self.position):
                yield self._assignment_or_assert(word, start)
            else:
                yield self._input_pattern(word, start)

    def _input_pattern(self, file: str, start: int) -> InputPattern:
        excluded: tuple[str, ...] = ()
        if file == "EXCLUDE_FILE":
            excluded = self._name_list()
            file = self._wild_name("a file pattern")
        if file in ("SORT", "SORT_BY_NAME"):
            self._fail_at(start, "sorting by file name is not in this subset; sort the sections: *(SORT(.name.*))")
        if not self._at("("):
            self._fail(f"expected '(' and section names after the file pattern {file!r}")
        self._expect("(")
        patterns = []
        while not self._take(")"):
            if not self._take(","):
                patterns.append(self._section_pattern(excluded))
        if not patterns:
            self._fail_at(start, "expected at least one section name in the parentheses")
        return InputPattern(file, tuple(patterns), self._location(start))

    def _section_pattern(self, excluded: tuple[str, ...]) -> SectionPattern:
        start = self.position
        word = self._wild_name("a section name or ')'")
        if word == "EXCLUDE_FILE":
            excluded += self._name_list()
            word = self._wild_name("a section name")
        if word in ("SORT", "SORT_BY_NAME"):
            return SectionPattern(self._parenthesized_name(), True, excluded)
        if word == "SORT_NONE":
            return SectionPattern(self._parenthesized_name(), False, excluded)
        if word.startswith("SORT_BY"):
            self._fail_at(start, f"expected SORT or SORT_BY_NAME, found {word}")
        return SectionPattern(word, False, excluded)

    def _assignment_or_assert(self, word: str, start: int) -> Assignment | Assertion:
        if word == "ASSERT":
            return self._assertion(start)
        if word in _PROVIDERS:
            self._expect("(")
            name_start = self.position
            name = self._wild_name("a symbol")
            assignment = self._assignment(name, name_start, _PROVIDERS[word])
            self._expect(")")
        else:
            assignment = self._assignment(word, start, provide=False)
        if not self._take(";") and not self._take(","):
            self._fail("expected ';' after the assignment")
        return assignment

    def _assignment(self, name: str, start: int, provide: bool) -> Assignment:
        match = _ASSIGN.match(self.text, self.position)
        if match is None:
            if name in _REFUSED_COMMANDS:
                self._fail_at(start, f"{name} is not in this subset of the script language")
            self._fail_at(
                start, f"expected a command or an assignment, found {name!r}{near_names(name, _TOP_COMMANDS)}"
            )
        location = self._location(start)
        self._advance(match.end())
        value = self._expression()
        if match.group(1):
            value = Binary(match.group(1), Name(name, location), value, location)
        return Assignment(name, value, provide, location)

    def _assertion(self, start: int) -> Assertion:
        self._expect("(")
        condition = self._expression()
        self._expect(",")
        match = _STRING.match(self.text, self.position)
        if match is None:
            self._fail('expected the message of ASSERT as a "string"')
        self._advance(match.end())
        self._expect(")")
        self._take(";")
        return Assertion(condition, match.group(1), self._location(start))

    # --- expressions

    def _expression(self) -> Expression:
        condition = self._binary(0)
        if not self._take("?"):
            return condition
        then = self._expression()
        self._expect(":")
        return Conditional(condition, then, self._expression())

    def _binary(self, loosest: int) -> Expression:
        """Precedence climbing: takes operators of level `loosest` and tighter, left to right."""
        left = self._unary()
        while (level := _LEVEL.get(operator := self._peek_operator(), -1)) >= loosest:
            location = self._location(self.position)
            self._advance(self.position + len(operator))
            left = Binary(operator, left, self._binary(level + 1), location)
        return left

    def _peek_operator(self) -> str:
        match = _EXPRESSION.match(self.text, self.position)
        return (match.group("operator") or "") if match else ""

    def _unary(self) -> Expression:
        for operator in "-~!+":
            if self._take(operator):
                return Unary(operator, self._unary())
        return self._primary()

    def _primary(self) -> Expression:
        if self._take("("):
            inner = self._expression()
            self._expect(")")
            return inner
        match = _EXPRESSION.match(self.text, self.position)
        if match is None or match.group("operator"):
            self._fail("expected a number, a symbol, '.', a function or '('")
        start = self.position
        self._advance(match.end())
        if match.group("number"):
            return Number(self._number(match))
        name = match.group("name").strip('"')
        if not self._at("("):
            return Name(name, self._location(start))
        return self._call(name, start)

    @staticmethod
    def _number(match: re.Match[str]) -> int:
        text = match.group("number")
        base = 16 if text[:2] in ("0x", "0X") else 8 if text.startswith("0") and len(text) > 1 else 10
        return int(text, base) * {None: 1, "K": 1 << 10, "M": 1 << 20}[match.group("unit")]

    def _call(self, function: str, start: int) -> Expression:
        location = self._location(start)
        if function in _NAME_FUNCTIONS:
            return NameCall(function, self._parenthesized_name(), location)
        if function not in _FUNCTIONS:
            known = (*_FUNCTIONS, *_NAME_FUNCTIONS)
            self._fail_at(start, f"unknown function {function}{near_names(function, known)}")
        self._expect("(")
        arguments = [self._expression()]
        while self._take(","):
            arguments.append(self._expression())
        self._expect(")")
        least, most = _FUNCTIONS[function]
        if not least <= len(arguments) <= most:
            count = str(least) if least == most else f"{least} or {most}"
            self._fail_at(start, f"{function} takes {count} argument(s), found {len(arguments)}")
        return Call(function, tuple(arguments), location)

    # --- small pieces

    def _parenthesized(self) -> Expression:
        self._expect("(")
        value = self._expression()
        self._expect(")")
        return value

    def _parenthesized_name(self) -> str:
        self._expect("(")
        name = self._wild_name("a name")
        self._expect(")")
        return name

    def _name_list(self) -> tuple[str, ...]:
        self._expect("(")
        names = []
        while not self._take(")"):
            names.append(self._wild_name("a file pattern or ')'"))
            self._take(",")
        return tuple(names)

    def _skip_parentheses(self) -> None:
        """OUTPUT_ARCH(arm), OUTPUT_FORMAT("elf32-littlearm", ...): there is one architecture and one format here."""
        self._expect("(")
        end = self.text.find(")", self.position)
        if end < 0:
            self._fail("expected ')'")
        self._advance(end + 1)

    def _wild_name(self, expected: str) -> str:
        match = _WILD_NAME.match(self.text, self.position)
        if match is None:
            self._fail(f"expected {expected}, found {self._found()}")
        self._advance(match.end())
        return match.group().strip('"')

    def _take_word(self, word: str) -> bool:
        end = self.position + len(word)
        if self.text[self.position : end] != word or self.text[end : end + 1].isalnum():
            return False
        self._advance(end)
        return True

    def _at(self, token: str) -> bool:
        return self.text.startswith(token, self.position)

    def _take(self, token: str) -> bool:
        if not self.text.startswith(token, self.position):
            return False
        self._advance(self.position + len(token))
        return True

    def _expect(self, token: str) -> None:
        if not self._take(token):
            self._fail(f"expected {token!r}, found {self._found()}")

    def _found(self) -> str:
        if self._at_end():
            return "the end of the script"
        match = _WILD_NAME.match(self.text, self.position)
        return repr(match.group() if match else self.text[self.position])

    def _at_end(self) -> bool:
        return self.position >= len(self.text)

    def _advance(self, position: int) -> None:
        self.position = position
        self._skip_blanks()

    def _skip_blanks(self) -> None:
        match = _BLANK.match(self.text, self.position)
        if match is not None:
            self.position = match.end()
        if self.text.startswith("/*", self.position):
            self._fail("comment without end: expected '*/'")

    def _location(self, position: int) -> Location:
        before = self.text[:position]
        return Location(self.name, before.count("\n") + 1, position - (before.rfind("\n") + 1) + 1)

    def _fail(self, message: str) -> NoReturn:
        self._fail_at(self.position, message)

    def _fail_at(self, position: int, message: str) -> NoReturn:
        location = self._location(position)
        line = self.lines[location.line - 1] if location.line <= len(self.lines) else ""
        raise SourceError(message, location, line)
