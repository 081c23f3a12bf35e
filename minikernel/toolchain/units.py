"""Units of a build: which sources there are, how each is assembled, and their objects, new or from the cache."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from minikernel.elf.object_file import ObjectFile
from minikernel.errors import Location, SourceError, SourceErrors, UsageError
from minikernel.toolchain.build_cache import BuildCache, content_key, file_parts
from minikernel.toolchain.config import BuildConfig, DriverSetting
from minikernel.toolchain.symbol_versions import interfaces
from minikernel.values import dataclass

if TYPE_CHECKING:
    from minikernel.toolchain.assembler import Assembly
    from minikernel.toolchain.link_messages import SymbolError
    from minikernel.toolchain.script import LinkerScript
    from minikernel.toolchain.source import SourceTree

_PACKAGE = Path(__file__).resolve().parent.parent
_TOOLCHAIN_FOLDERS = ("elf", "toolchain")


@dataclass(frozen=True)
class Unit:
    """One source and how it is assembled: a path below the guest tree, or an absolute one for a user's own module.

    `folders` of the tree are searched by .include.
    """

    source: str
    folders: tuple[str, ...] = ("include",)
    defsyms: tuple[tuple[str, int], ...] = ()

    @property
    def object_name(self) -> str:
        """`drivers/gic.s` -> `drivers/gic.o`; a user's own module -> `NAME.o`."""
        path = Path(self.source).with_suffix(".o")
        return path.name if path.is_absolute() else path.as_posix()


_DRIVER_DEFSYMS: dict[DriverSetting, tuple[tuple[str, int], ...]] = {
    DriverSetting.BUILT_IN: (),
    DriverSetting.DEFERRED: (("DEFERRED", 1),),
    DriverSetting.MODULE: (("MODULE", 1),),
}


def kernel_units(config: BuildConfig) -> list[Unit]:
    """What is linked into vmlinux, in link order: the kernel's list, then the drivers in the order of config.toml."""
    built_in = (DriverSetting.BUILT_IN, DriverSetting.DEFERRED)
    return [Unit(f"kernel/{name}.s") for name in config.kernel] + _driver_units(config, built_in)


def module_units(config: BuildConfig) -> list[Unit]:
    """The drivers set to m."""
    return _driver_units(config, (DriverSetting.MODULE,))


def _driver_units(config: BuildConfig, settings: Sequence[DriverSetting]) -> list[Unit]:
    return [
        Unit(f"drivers/{name}.s", defsyms=_DRIVER_DEFSYMS[setting])
        for name, setting in config.drivers.items()
        if setting in settings
    ]


def example_units(config: BuildConfig) -> list[Unit]:
    """The examples of guest/modules."""
    return [Unit(f"modules/{name}.s", defsyms=_DRIVER_DEFSYMS[DriverSetting.MODULE]) for name in config.examples]


def user_units(config: BuildConfig) -> list[Unit]:
    """The init program: every source of user/, by name."""
    return [Unit(f"user/{path.name}", ("include", "user")) for path in sorted((config.tree / "user").glob("*.s"))]


def all_units(config: BuildConfig) -> list[Unit]:
    """Everything that a build assembles."""
    return [*kernel_units(config), *module_units(config), *user_units(config)]


class Units:
    """Assembles units of one build, each once, with the cache's objects where nothing changed."""

    def __init__(self, config: BuildConfig, cache: BuildCache) -> None:
        self.config = config
        self.tree = config.tree
        self._cache = cache
        self._common = content_key((*toolchain_parts(), *file_parts(sorted(config.tree.rglob("*.inc")), config.tree)))
        self._new: dict[str, bytes] = {}
        self._ahead: dict[Unit, ObjectFile] = {}
        self._keys: dict[Unit, str] = {}
        self._units: dict[str, Unit] = {}
        self._sources: dict[str, bytes] = {}
        self._interfaces: dict[Unit, dict[str, str]] = {}
        self._trees: dict[tuple[str, ...], SourceTree] = {}
        self.files: dict[str, bytes] = {}
        """Object name -> the object's file, for every unit assembled so far."""

    def assemble(self, unit: Unit) -> ObjectFile:
        """The object of a unit. Raises SourceError, SourceErrors; UsageError for a file that cannot be read."""
        self._units[unit.object_name] = unit
        obj = self._ahead.pop(unit, None)
        if obj is not None:
            self.files[unit.object_name] = self.files.pop(unit.object_name)  # in the order of the build
            return obj
        key = self._key(unit)
        known = self._new.get(key) or self._cache.load_object(key)
        if known is not None:
            self.files[unit.object_name] = known
            return ObjectFile.from_bytes(known, unit.object_name)
        obj = self._assembly(unit).object_file
        self._new[key] = self.files[unit.object_name] = obj.to_bytes()
        return obj

    def _key(self, unit: Unit) -> str:
        key = self._keys.get(unit)
        if key is None:
            key = self._keys[unit] = content_key((self._common.encode(), repr(unit).encode(), self._read(unit)))
        return key

    def missing(self, units: Iterable[Unit]) -> list[Unit]:
        """Those that must be assembled, the longest first: where two share them, the last to be begun are short."""
        missing = [unit for unit in units if not self._cache.has_object(self._key(unit))]
        return sorted(missing, key=lambda unit: -len(self._read(unit)))

    def assemble_ahead(self, unit: Unit) -> None:
        """Makes it ready for assemble(), which tells what is wrong with it: errors come in the order of the build."""
        with contextlib.suppress(SourceError, SourceErrors, UsageError):
            self._ahead[unit] = self.assemble(unit)

    @property
    def new_objects(self) -> Mapping[str, bytes]:
        """Key -> object file, of those assembled in this build."""
        return self._new

    def add_objects(self, objects: Mapping[str, bytes]) -> None:
        """Takes what another process has assembled."""
        self._new |= objects

    def _assembly(self, unit: Unit) -> Assembly:
        from minikernel.toolchain.assembler import assemble_unit
        from minikernel.toolchain.source import SourceTree, source_of

        tree = self._trees.get(unit.folders)
        if tree is None:
            tree = self._trees[unit.folders] = SourceTree(self.tree, [self.tree / folder for folder in unit.folders])
        path = self.tree / unit.source
        source = source_of(self._read(unit), tree.shown_name(path), path)
        return assemble_unit(source, tree=tree, defsyms=dict(unit.defsyms), debug=True)

    def interfaces(self, units: Iterable[Unit]) -> dict[str, str]:
        """The interfaces that the function headers of these sources state, by name."""
        found: dict[str, str] = {}
        for unit in units:
            if unit not in self._interfaces:
                self._interfaces[unit] = dict(interfaces(self._read(unit).decode("utf-8", "replace")))
            found |= self._interfaces[unit]
        return found

    def _read(self, unit: Unit) -> bytes:
        """The unit's source, read once."""
        data = self._sources.get(unit.source)
        if data is None:
            try:
                data = self._sources[unit.source] = (self.tree / unit.source).read_bytes()
            except OSError as error:
                raise UsageError(f"cannot read {unit.source}: {error.strerror}") from None
        return data

    def assemble_text(self, name: str, text: str) -> ObjectFile:
        """The object of a generated source."""
        from minikernel.toolchain.assembler import assemble_text

        return assemble_text(text, name)

    def keep(self) -> None:
        """Puts the objects made in this build into the cache."""
        if self._new:
            self._cache.store_objects(self._new)

    def explain(self, error: SymbolError) -> SourceErrors | SymbolError:
        """The same problems at their lines in the sources, where those are known."""
        located: list[SourceError] = []
        for problem in error.problems:
            unit = self._units.get(problem.file)
            if unit is None:
                return error
            assembly = self._assembly(unit)
            use = assembly.references.get(problem.name)
            place = assembly.definitions.get(problem.name)
            if use is not None:
                located.append(SourceError(problem.message, use.location, use.line_text, use.notes))
            elif place is not None:
                located.append(SourceError(problem.message, place, self._line(place.file, place.line)))
            elif not problem.name:  # about the whole source
                located.append(SourceError(problem.message, Location(unit.source, 1), self._line(unit.source, 1)))
            else:
                return error
        return SourceErrors(located)

    def _line(self, name: str, line: int) -> str:
        path = self.tree / name
        lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
        return lines[line - 1] if line <= len(lines) else ""


def read_script(units: Units, name: str) -> LinkerScript:
    from minikernel.toolchain.script import LinkerScript

    path = units.tree / name
    if not path.is_file():
        raise UsageError(f"no linker script guest/{name}")
    return LinkerScript.read(path, name)


@cache
def toolchain_parts() -> tuple[bytes, ...]:
    """The sources of the assembler and the linker themselves: a change there changes what they make."""
    paths = [path for folder in _TOOLCHAIN_FOLDERS for path in sorted((_PACKAGE / folder).glob("*.py"))]
    return tuple(file_parts(paths, _PACKAGE))
