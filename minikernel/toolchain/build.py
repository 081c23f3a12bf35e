"""The build: guest sources and config.toml in, vmlinux, System.map, initramfs, modules and objects out.

make_files() is the table of contents. Every input is below the guest tree; the result depends on nothing else but the
source of the toolchain, so it is kept by content (build_cache.py). print_commands() gives the same build in binutils.

Assembler and linker are imported where they are used: a build from the cache needs neither them nor keystone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from minikernel.elf.object_file import ObjectFile
from minikernel.errors import SourceError, SourceErrors, UsageError
from minikernel.toolchain.build_cache import (
    BuildCache,
    content_key,
    default_cache_directory,
    file_parts,
    write_directory,
)
from minikernel.toolchain.config import BuildConfig, DriverSetting

if TYPE_CHECKING:
    from minikernel.toolchain.cpio import CpioEntry
    from minikernel.toolchain.kallsyms import Kallsym
    from minikernel.toolchain.link_messages import SymbolError
    from minikernel.toolchain.script import LinkerScript

_PACKAGE = Path(__file__).resolve().parent.parent
_TOOLCHAIN_FOLDERS = ("elf", "toolchain")
_ROOT_DIRECTORIES = ("dev", "etc", "flash", "proc", "tmp")
MODULE_DIRECTORY = "lib/modules"


@dataclass(frozen=True)
class Build:
    """A finished build. `files` maps names below the output directory to bytes; the properties name the chief ones."""

    config: BuildConfig
    files: Mapping[str, bytes]
    was_cached: bool = False

    @property
    def image(self) -> bytes:
        """vmlinux, an ET_EXEC."""
        return self.files["vmlinux"]

    @property
    def system_map(self) -> str:
        """System.map, the lines of `nm -n`."""
        return self.files["System.map"].decode()

    @property
    def initramfs(self) -> bytes:
        """The cpio archive inside vmlinux."""
        return self.files["initramfs.cpio"]

    @property
    def modules(self) -> dict[str, bytes]:
        """Driver -> its .ko, for those set to m."""
        return {Path(name).stem: self.files[name] for name in self.files if name.endswith(".ko")}

    @property
    def objects(self) -> dict[str, bytes]:
        """`kernel/head.o` -> the object file."""
        return {name: self.files[name] for name in self.files if name.endswith(".o")}

    def write(self, out: Path) -> None:
        """All files below `out`: at once when it is new, else each one whole. Raises UsageError."""
        try:
            write_directory(out, self.files)
        except OSError as error:
            raise UsageError(f"cannot write the build to {out}: {error.strerror}") from None


def build(config: BuildConfig, out: Path | None = None, cache: BuildCache | None = None) -> Build:
    """The build of `config`, from the cache when nothing changed; written to `out` when given.

    Raises SourceError and SourceErrors (sources, script, config), LinkError, UsageError.
    """
    cache = cache if cache is not None else BuildCache(default_cache_directory())
    key = content_key(_inputs(config))
    files = cache.load_build(key)
    was_cached = files is not None
    if files is None:
        files = make_files(config, cache)
        cache.store_build(key, files)
    result = Build(config, files, was_cached)
    if out is not None:
        result.write(out)
    return result


def make_files(config: BuildConfig, cache: BuildCache) -> dict[str, bytes]:
    """Every file of the build, made now; only assembled objects may come from the cache."""
    from minikernel.toolchain.cpio import write_cpio
    from minikernel.toolchain.generated import initramfs_object, initramfs_source, version_source
    from minikernel.toolchain.kallsyms import kallsyms_object, kallsyms_source

    units = Units(config, cache)
    files: dict[str, bytes] = {}

    # What goes into the initial file system: the init program and the loadable modules.
    kernel = [(unit.object_name, units.assemble(unit)) for unit in kernel_units(config)]
    modules = [(unit.object_name, units.assemble(unit)) for unit in module_units(config)]
    program = [(unit.object_name, units.assemble(unit)) for unit in user_units(config)]
    init = link_program(units, program)
    module_files = link_modules(units, kernel, modules, files)
    cpio = write_cpio(initramfs_entries(config, init, module_files))

    # The kernel around it.
    version = version_source(config.cmdline)
    kernel.append(("generated/version.o", units.assemble_text("generated/version.s", version)))
    kernel.append(("generated/initramfs_data.o", initramfs_object(cpio)))
    image, symbols = link_kernel(units, kernel)
    kernel.append(("generated/kallsyms_data.o", kallsyms_object(symbols)))

    # The products; the rest is for those who look inside, and for binutils to replay.
    files |= {"vmlinux": image, "System.map": _system_map(image), "initramfs.cpio": cpio}
    files |= {Path(name).name: data for name, data in module_files.items()}
    if init:
        files["init"] = init
    files |= {name: obj.to_bytes() for name, obj in (*kernel, *modules, *program)}
    files["generated/version.s"] = version.encode()
    files["generated/initramfs_data.s"] = initramfs_source(cpio).encode()
    files["generated/kallsyms_data.s"] = kallsyms_source(symbols).encode()
    units.keep()
    return files


# --- what is assembled ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Unit:
    """One source below the guest tree and how it is assembled; `folders` are searched by .include."""

    source: str
    folders: tuple[str, ...] = ("include",)
    defsyms: tuple[tuple[str, int], ...] = ()

    @property
    def object_name(self) -> str:
        """`drivers/gic.s` -> `drivers/gic.o`."""
        return str(Path(self.source).with_suffix(".o"))


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


def user_units(config: BuildConfig) -> list[Unit]:
    """The init program: every source of user/, by name."""
    return [Unit(f"user/{path.name}", ("include", "user")) for path in sorted((config.tree / "user").glob("*.s"))]


class Units:
    """Assembles units of one build, each once, with the cache's objects where nothing changed."""

    def __init__(self, config: BuildConfig, cache: BuildCache) -> None:
        self.tree = config.tree
        self._cache = cache
        self._common = content_key((*toolchain_parts(), *file_parts(sorted(config.tree.rglob("*.inc")), config.tree)))
        self._new: dict[str, ObjectFile] = {}
        self._units: dict[str, Unit] = {}

    def assemble(self, unit: Unit) -> ObjectFile:
        """The object of a unit. Raises SourceError, SourceErrors."""
        self._units[unit.object_name] = unit
        key = content_key((self._common.encode(), repr(unit).encode(), (self.tree / unit.source).read_bytes()))
        known = self._cache.load_object(key)
        if known is not None:
            return ObjectFile.from_bytes(known, unit.object_name)
        from minikernel.toolchain.assembler import assemble

        folders = [self.tree / folder for folder in unit.folders]
        obj = assemble(self.tree / unit.source, folders, dict(unit.defsyms), self.tree)
        self._new[key] = obj
        return obj

    def assemble_text(self, name: str, text: str) -> ObjectFile:
        """The object of a generated source."""
        from minikernel.toolchain.assembler import assemble_text

        return assemble_text(text, name)

    def keep(self) -> None:
        """Puts the objects made in this build into the cache."""
        if self._new:
            self._cache.store_objects({key: obj.to_bytes() for key, obj in self._new.items()})

    def explain(self, error: SymbolError) -> SourceErrors | SymbolError:
        """The same problems at their lines in the sources, where those are known."""
        from minikernel.toolchain.assembler import assemble_unit

        located: list[SourceError] = []
        for problem in error.problems:
            unit = self._units.get(problem.file)
            if unit is None:
                return error
            folders = [self.tree / folder for folder in unit.folders]
            assembly = assemble_unit(
                self.tree / unit.source, include_dirs=folders, defsyms=dict(unit.defsyms), root=self.tree
            )
            use = assembly.references.get(problem.name)
            place = assembly.definitions.get(problem.name)
            if use is not None:
                located.append(SourceError(problem.message, use.location, use.line_text, use.notes))
            elif place is not None:
                located.append(SourceError(problem.message, place, self._line(place.file, place.line)))
            else:
                return error
        return SourceErrors(located)

    def _line(self, name: str, line: int) -> str:
        path = self.tree / name
        lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
        return lines[line - 1] if line <= len(lines) else ""


# --- what is linked ---------------------------------------------------------------------------------------------------


def link_kernel(units: Units, objects: Sequence[tuple[str, ObjectFile]]) -> tuple[bytes, Sequence[Kallsym]]:
    """vmlinux and the entries of its symbol table. Raises LinkError, SourceError, SourceErrors."""
    from minikernel.toolchain.kallsyms import link_with_kallsyms
    from minikernel.toolchain.link_messages import SymbolError

    try:
        return link_with_kallsyms(objects, _script(units, "kernel/vmlinux.lds"))
    except SymbolError as error:
        raise units.explain(error) from None


def link_program(units: Units, objects: Sequence[tuple[str, ObjectFile]]) -> bytes:
    """/init, or nothing where user/ has no sources yet."""
    if not objects:
        return b""
    from minikernel.toolchain.link_messages import SymbolError
    from minikernel.toolchain.linker import link

    try:
        return link(objects, _script(units, "user/user.lds"))
    except SymbolError as error:
        raise units.explain(error) from None


def link_modules(
    units: Units,
    kernel: Sequence[tuple[str, ObjectFile]],
    modules: Sequence[tuple[str, ObjectFile]],
    files: dict[str, bytes],
) -> dict[str, bytes]:
    """lib/modules/NAME.ko -> bytes; the generated NAME.mod.s and its object are added to `files`."""
    if not modules:
        return {}
    from minikernel.toolchain.modpost import modpost
    from minikernel.toolchain.relocatable import link_relocatable

    script = _script(units, "kernel/module.lds")
    by_name = {Path(name).stem: obj for name, obj in modules}
    result = {}
    for name, source in modpost([obj for _, obj in kernel], by_name).items():
        generated = units.assemble_text(f"generated/{name}.mod.s", source)
        objects = [(f"drivers/{name}.o", by_name[name]), (f"generated/{name}.mod.o", generated)]
        result[f"{MODULE_DIRECTORY}/{name}.ko"] = link_relocatable(objects, script).to_bytes()
        files[f"generated/{name}.mod.s"] = source.encode()
        files[f"generated/{name}.mod.o"] = generated.to_bytes()
    return result


def initramfs_entries(config: BuildConfig, init: bytes, modules: Mapping[str, bytes]) -> Iterator[CpioEntry]:
    """Directories first, then guest/initramfs as it stands, /init and the modules; by name, so always the same."""
    from minikernel.toolchain.cpio import CpioEntry

    content = {path.relative_to(config.tree / "initramfs").as_posix(): path for path in _initramfs_files(config)}
    directories = {*_ROOT_DIRECTORIES, *(folder for name in (*content, *modules) for folder in _parents(name))}
    for directory in sorted(directories):
        yield CpioEntry.directory(directory)
    for name, path in sorted(content.items()):
        yield CpioEntry.file(name, path.read_bytes())
    if init:
        yield CpioEntry.file("init", init, 0o755)
    for name, data in sorted(modules.items()):
        yield CpioEntry.file(name, data)


def _initramfs_files(config: BuildConfig) -> list[Path]:
    return sorted(path for path in (config.tree / "initramfs").rglob("*") if path.is_file() and path.name != ".gitkeep")


def _parents(name: str) -> list[str]:
    return [str(parent) for parent in Path(name).parents if str(parent) != "."]


def _script(units: Units, name: str) -> LinkerScript:
    from minikernel.toolchain.script import LinkerScript

    path = units.tree / name
    if not path.is_file():
        raise UsageError(f"no linker script guest/{name}")
    return LinkerScript.read(path, name)


def _system_map(image: bytes) -> bytes:
    from minikernel.elf.image import Image
    from minikernel.toolchain.system_map import system_map

    return system_map(Image.from_bytes(image)).encode()


# --- what the result depends on ---------------------------------------------------------------------------------------


def _inputs(config: BuildConfig) -> Iterator[bytes]:
    yield repr((config.kernel, list(config.drivers.items()), config.cmdline)).encode()
    yield from toolchain_parts()
    folders = ("include", "kernel", "drivers", "user", "initramfs")
    for folder in folders:
        paths = sorted(path for path in (config.tree / folder).rglob("*") if path.is_file())
        yield from file_parts(paths, config.tree)


def toolchain_parts() -> Iterator[bytes]:
    """The sources of the assembler and the linker themselves: a change there changes what they make."""
    for folder in _TOOLCHAIN_FOLDERS:
        yield from file_parts(sorted((_PACKAGE / folder).glob("*.py")), _PACKAGE)


# --- the same with GNU binutils ---------------------------------------------------------------------------------------

GNU_DIRECTORY = "gnu"


def print_commands(config: BuildConfig) -> tuple[str, ...]:
    """Shell commands, to be run in the output directory of a build, that make the same with GNU binutils below gnu/.

    They assemble the guest's sources and the generated ones, and link init, each module and vmlinux.
    """
    import shlex

    tree = config.tree
    kernel, modules, user = kernel_units(config), module_units(config), user_units(config)

    def gnu(name: str) -> str:
        return f"{GNU_DIRECTORY}/{name}"

    def assemble(unit: Unit) -> str:
        options = [f"--defsym {name}={value}" for name, value in unit.defsyms]
        options += [f"-I {shlex.quote(str(tree / folder))}" for folder in unit.folders]
        source = shlex.quote(str(tree / unit.source))
        return f"arm-none-eabi-as {' '.join(options)} -o {gnu(unit.object_name)} {source}"

    def assemble_generated(name: str) -> str:
        return f"arm-none-eabi-as -o {gnu(f'generated/{name}.o')} generated/{name}.s"

    def link(script: str, output: str, objects: Sequence[str], relocatable: bool = False) -> str:
        flag = "-r " if relocatable else ""
        quoted = shlex.quote(str(tree / script))
        return f"arm-none-eabi-ld {flag}-T {quoted} -o {gnu(output)} {' '.join(map(gnu, objects))}"

    generated = ("version", "initramfs_data", "kallsyms_data")
    names = [unit.object_name for unit in kernel] + [f"generated/{name}.o" for name in generated]
    commands = [f"mkdir -p {' '.join(gnu(name) for name in ('kernel', 'drivers', 'user', 'generated'))}"]
    commands += [assemble(unit) for unit in (*kernel, *modules, *user)]
    commands += [assemble_generated(name) for name in generated]
    if user:
        commands.append(link("user/user.lds", "init", [unit.object_name for unit in user]))
    for unit in modules:
        name = Path(unit.source).stem
        commands.append(assemble_generated(f"{name}.mod"))
        commands.append(link("kernel/module.lds", f"{name}.ko", [unit.object_name, f"generated/{name}.mod.o"], True))
    commands.append(link("kernel/vmlinux.lds", "vmlinux", names))
    return tuple(commands)
