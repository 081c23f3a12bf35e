"""The text of one lab.toml, with the place of every table and key, to point into when it is wrong."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn, TypeVar

from minikernel.errors import Location, SourceError, near_names

T = TypeVar("T")

_HEADER = re.compile(r"\s*\[")


@dataclass(frozen=True)
class Table:
    """A table of a TOML text: its content, and the lines (from 0) it may stand in. Every getter raises SourceError."""

    text: TomlText
    content: Mapping[str, Any]
    first: int
    last: int
    name: str

    def only(self, known: Collection[str]) -> None:
        """Refuse every other key."""
        for key in self.content:
            if key not in known:
                self.fail(key, f"unknown key {key!r} in {self.name}{near_names(key, known)}")

    def text_of(self, key: str, default: str | None = None) -> str:
        """A text; without default it must be there, and not be empty."""
        value = self._get(key, str, "a text", default)
        if default is None and not value.strip():
            self.fail(key, f"{key}: expected a text that is not empty")
        return value

    def number(self, key: str, default: int | None = None) -> int:
        """A whole number above 0."""
        value = self._get(key, int, "a whole number", default)
        if isinstance(value, bool) or value < 1:
            self.fail(key, f"{key}: expected a whole number above 0")
        return value

    def flag(self, key: str, default: bool = False) -> bool:
        """true or false."""
        return self._get(key, bool, "true or false", default)

    def texts(self, key: str, default: tuple[str, ...] | None = None) -> tuple[str, ...]:
        """A list of texts."""
        value = self._get(key, list, "a list of texts", None if default is None else list(default))
        if not all(isinstance(each, str) for each in value):
            self.fail(key, f"{key}: expected a list of texts")
        return tuple(value)

    def mapping(self, key: str) -> dict[str, str]:
        """A table of texts, empty where there is none."""
        value = self._get(key, dict, "a table of texts", {})
        if not all(isinstance(each, str) for each in value.values()):
            self.fail(key, f"{key}: expected a table of texts")
        return value

    def one_of(self, key: str, known: Collection[str], default: str) -> str:
        """One of some words."""
        value = self.text_of(key, default)
        if value not in known:
            self.fail(key, f"{key} = {value!r}: expected one of {', '.join(known)}{near_names(value, known)}")
        return value

    def fail(self, word: str, message: str) -> NoReturn:
        """Point at the first whole `word` of this table, else at its head."""
        self.text.fail(word, message, self.first, self.last)

    def _get(self, key: str, kind: type[T], what: str, default: T | None) -> T:
        if key not in self.content:
            if default is None:
                self.fail("", f"{self.name} needs {key} = {what}")
            return default
        value = self.content[key]
        if not isinstance(value, kind):
            self.fail(key, f"{key}: expected {what}")
        return value


class TomlText:
    """A TOML file. Raises SourceError for a text that is none, or that is not UTF-8; OSError."""

    def __init__(self, path: Path, name: str) -> None:
        self.name = name
        try:
            text = path.read_bytes().decode("utf-8")
        except UnicodeDecodeError as error:
            raise SourceError(f"no UTF-8 text: byte {error.start}", Location(name, 1)) from None
        self.lines = text.splitlines()
        try:
            self.content: dict[str, Any] = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            self._fail_at(error)

    def whole(self) -> Table:
        """Everything; keys are looked for before the first table's head."""
        heads = [number for number, line in enumerate(self.lines) if _HEADER.match(line)]
        return Table(self, self.content, 0, heads[0] if heads else len(self.lines), self.name)

    def tables(self, key: str, read: Callable[[Table], T]) -> tuple[T, ...]:
        """What `read` makes of each [[key]]."""
        content = self.content.get(key, [])
        if not isinstance(content, list) or not all(isinstance(each, dict) for each in content):
            self.fail(key, f"expected tables [[{key}]]", 0, len(self.lines))
        heads = self._heads(rf"\[\[\s*{re.escape(key)}\s*\]\]")
        return tuple(
            read(Table(self, each, *self._extent(heads, index), f"[[{key}]]")) for index, each in enumerate(content)
        )

    def table(self, key: str, *keys: str) -> Table:
        """[key] or [key.inner]; empty where there is none."""
        content: Any = self.content
        path = (key, *keys)
        for each in path:
            content = content.get(each, {})
            if not isinstance(content, dict):
                self.fail(each, f"expected a table [{'.'.join(path)}]", 0, len(self.lines))
        pattern = r"\[\s*" + r"\s*\.\s*".join(f"[\"']?{re.escape(each)}[\"']?" for each in path) + r"\s*\]"
        return Table(self, content, *self._extent(self._heads(pattern), 0), f"[{'.'.join(path)}]")

    def _heads(self, pattern: str) -> list[int]:
        return [number for number, line in enumerate(self.lines) if re.match(rf"\s*{pattern}", line)]

    def _extent(self, heads: list[int], index: int) -> tuple[int, int]:
        """From the head's line to the next head of any table."""
        if index >= len(heads):
            return 0, len(self.lines)
        first = heads[index]
        later = (number for number in range(first + 1, len(self.lines)) if _HEADER.match(self.lines[number]))
        return first, next(later, len(self.lines))

    def fail(self, word: str, message: str, first: int, last: int) -> NoReturn:
        """Point at the first whole `word` of these lines outside comments, else at the first line."""
        pattern = re.compile(rf"(?<![\w-]){re.escape(word)}(?![\w-])")
        for number in range(first, last) if word else ():
            found = pattern.search(self.lines[number].split("#", 1)[0])
            if found:
                raise SourceError(message, Location(self.name, number + 1, found.start() + 1), self.lines[number])
        raise SourceError(message, Location(self.name, first + 1), self.lines[first] if first < len(self.lines) else "")

    def _fail_at(self, error: tomllib.TOMLDecodeError) -> NoReturn:
        place = re.search(r"^(.*) \(at line (\d+), column (\d+)\)$", str(error))
        line, column = (int(place[2]), int(place[3])) if place else (max(len(self.lines), 1), 1)
        text = self.lines[line - 1] if line <= len(self.lines) else ""
        raise SourceError(place[1] if place else str(error), Location(self.name, line, column), text) from None
