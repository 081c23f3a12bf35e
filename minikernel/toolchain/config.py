"""guest/config.toml: what is built, how, in which order; and the overrides of one build.

Wrong text is a SourceError at its line; a wrong override is a UsageError. Both name what is near.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import NoReturn

from minikernel.errors import Location, SourceError, UsageError, near_names
from minikernel.toolchain.guest_tree import guest_tree
from minikernel.values import dataclass


class DriverSetting(StrEnum):
    """How a driver is built, in the words of config.toml."""

    BUILT_IN = "y"
    DEFERRED = "deferred"
    MODULE = "m"
    LEFT_OUT = "n"


_SETTINGS = tuple(setting.value for setting in DriverSetting)
_CONFIG_NAME = "guest/config.toml"


@dataclass(frozen=True)
class BuildConfig:
    """One build: the guest's tree, the kernel's sources and the drivers in link order, the default command line.

    `examples` are the sources of guest/modules: no part of the build itself (examples.py).
    """

    tree: Path
    kernel: tuple[str, ...]
    drivers: Mapping[str, DriverSetting]
    cmdline: str = ""
    examples: tuple[str, ...] = ()

    @classmethod
    def load(cls, overrides: Mapping[str, str] | None = None, tree: Path | None = None) -> BuildConfig:
        """Reads config.toml of `tree` (default: the guest tree) and applies `overrides`, driver -> setting.

        An override changes a value, never the order. Raises SourceError, UsageError.
        """
        tree = guest_tree() if tree is None else tree
        config = _ConfigFile(tree / "config.toml").read(tree)
        return config.with_drivers(overrides or {})

    def with_drivers(self, overrides: Mapping[str, str]) -> BuildConfig:
        """This configuration with some drivers set otherwise. Raises UsageError naming near drivers or the settings."""
        drivers = dict(self.drivers)
        for driver, setting in overrides.items():
            if driver not in drivers:
                raise UsageError(f"unknown driver {driver!r}{near_names(driver, drivers)}; known: {', '.join(drivers)}")
            if setting not in _SETTINGS:
                raise UsageError(f"{driver}={setting}: expected one of {', '.join(_SETTINGS)}")
            drivers[driver] = DriverSetting(setting)
        return replace(self, drivers=drivers)


class _ConfigFile:
    """The text of one config.toml, to point into when it is wrong."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.text = path.read_text(encoding="utf-8")
        self.lines = self.text.splitlines()

    def read(self, tree: Path) -> BuildConfig:
        content = self._parse()
        self._refuse_unknown(content, ("kernel", "link", "drivers", "modules"), "table")
        kernel, link = self._table(content, "kernel"), self._table(content, "link")
        modules = self._table(content, "modules")
        self._refuse_unknown(kernel, ("cmdline",), "key of [kernel]")
        self._refuse_unknown(link, ("kernel",), "key of [link]")
        self._refuse_unknown(modules, ("examples",), "key of [modules]")
        cmdline = kernel.get("cmdline", "")
        if not isinstance(cmdline, str):
            self._fail("cmdline", "expected a text")
        names = self._names(link, "kernel", tree, "kernel")
        drivers = self._drivers(content, tree)
        examples = self._names(modules, "examples", tree, "modules")
        for name in examples:
            if name in drivers or examples.count(name) > 1:
                self._fail(name, f"a second module {name!r}")
        return BuildConfig(tree, names, drivers, cmdline, examples)

    def _names(self, table: Mapping[str, object], key: str, tree: Path, folder: str) -> tuple[str, ...]:
        """A list of sources of guest/FOLDER, without the ending .s."""
        names = table.get(key, [])
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            self._fail(key, f"expected a list of names of sources of guest/{folder}")
        for name in names:
            self._check_source(tree, folder, name)
        return tuple(names)

    def _parse(self) -> dict[str, object]:
        try:
            return tomllib.loads(self.text)
        except tomllib.TOMLDecodeError as error:
            place = re.search(r"^(.*) \(at line (\d+), column (\d+)\)$", str(error))
            line, column = (int(place[2]), int(place[3])) if place else (max(len(self.lines), 1), 1)
            text = self.lines[line - 1] if line <= len(self.lines) else ""
            message = place[1] if place else str(error)
            raise SourceError(message, Location(_CONFIG_NAME, line, column), text) from None

    def _table(self, content: dict[str, object], name: str) -> dict[str, object]:
        table = content.get(name, {})
        if not isinstance(table, dict):
            self._fail(name, f"expected a table [{name}]")
        return table

    def _drivers(self, content: dict[str, object], tree: Path) -> dict[str, DriverSetting]:
        drivers = {}
        for name, setting in self._table(content, "drivers").items():
            if not isinstance(setting, str) or setting not in _SETTINGS:
                self._fail(name, f"driver {name} = {setting!r}: expected one of {', '.join(_SETTINGS)}")
            drivers[name] = DriverSetting(setting)
            if drivers[name] is not DriverSetting.LEFT_OUT:
                self._check_source(tree, "drivers", name)
        return drivers

    def _check_source(self, tree: Path, folder: str, name: str) -> None:
        if not (tree / folder / f"{name}.s").is_file():
            known = sorted(path.stem for path in (tree / folder).glob("*.s"))
            self._fail(name, f"no source guest/{folder}/{name}.s{near_names(name, known)}")

    def _refuse_unknown(self, table: Mapping[str, object], known: tuple[str, ...], what: str) -> None:
        for name in table:
            if name not in known:
                self._fail(name, f"unknown {what} {name!r}{near_names(name, known)}")

    def _fail(self, word: str, message: str) -> NoReturn:
        """Points at the first whole `word` outside comments."""
        pattern = re.compile(rf"(?<![\w-]){re.escape(word)}(?![\w-])")
        for number, line in enumerate(self.lines, 1):
            found = pattern.search(line.split("#", 1)[0])
            if found:
                raise SourceError(message, Location(_CONFIG_NAME, number, found.start() + 1), line)
        raise SourceError(message, Location(_CONFIG_NAME, 1))
