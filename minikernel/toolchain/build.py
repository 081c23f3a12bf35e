"""The build: guest sources and config.toml in, vmlinux, System.map, initramfs, modules and objects out.

make_files() is the table of contents. Every input is below the guest tree; the result depends on nothing else but the
source of the toolchain, so it is kept by content (build_cache.py). print_commands() gives the same build in binutils.

Assembler and linker are imported where they are used: a build from the cache needs neither them nor keystone.
"""

from __future__ import annotations

import atexit
import contextlib
import gc
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from minikernel.elf.object_file import ObjectFile, strip_debug
from minikernel.errors import UsageError
from minikernel.toolchain.build_cache import (
    BuildCache,
    PackedFiles,
    content_key,
    default_cache_directory,
    file_parts,
    write_directory,
)
from minikernel.toolchain.config import BuildConfig, DriverSetting
from minikernel.toolchain.second_process import MOST_PIECES, SecondProcess, is_worth_it
from minikernel.toolchain.units import (
    Unit,
    Units,
    all_units,
    kernel_units,
    module_units,
    read_script,
    toolchain_parts,
    user_units,
)

if TYPE_CHECKING:
    from minikernel.elf.image import Image
    from minikernel.toolchain.cpio import CpioEntry
    from minikernel.toolchain.kallsyms import Kallsym
    from minikernel.toolchain.modpost import Export
    from minikernel.toolchain.modules import LinkedModules

_ROOT_DIRECTORIES = ("dev", "etc", "flash", "proc", "sys", "tmp")
_WORTH_SHARING = 16
"""Units to assemble from which on a second process saves more than its start takes."""
MODULE_DIRECTORY = "lib/modules"
MODULES_AT_BOOT = "etc/modules"
SYMVERS = "Module.symvers"
WARNINGS = "modpost.log"


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
        """Module -> its .ko, in the order of config.toml: the drivers set to m; examples where they were added."""
        names = (*self.config.drivers, *self.config.examples)
        return {name: self.files[f"{name}.ko"] for name in names if f"{name}.ko" in self.files}

    @property
    def warnings(self) -> tuple[str, ...]:
        """What modpost finds suspicious, a line each: section mismatches."""
        return tuple(self.files[WARNINGS].decode().splitlines())

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


def build(
    config: BuildConfig,
    out: Path | None = None,
    cache: BuildCache | None = None,
    meanwhile: Callable[[], None] | None = None,
) -> Build:
    """The build of `config`, from the cache when nothing changed; written to `out` when given.

    `meanwhile` is work of the caller that may be done, or not, while a second process links.
    Raises SourceError and SourceErrors (sources, script, config), LinkError, UsageError.
    """
    cache = cache if cache is not None else BuildCache(default_cache_directory())
    key = content_key(_inputs(config))
    files = cache.load_build(key)
    was_cached = files is not None
    if files is None:
        with _collection_paused():
            files = _make(Units(config, cache), cache, key, meanwhile)
    result = Build(config, files, was_cached)
    if out is not None:
        result.write(out)
    return result


@contextlib.contextmanager
def _collection_paused() -> Iterator[None]:
    """A build makes a million small objects, and the search for cycles among them costs a seventh of it.

    That is also true of the search that would follow at once: what the build leaves is looked through with the next.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    gc.unfreeze()
    try:
        yield
    finally:
        if was_enabled:
            gc.freeze()
            gc.enable()


def _make(units: Units, cache: BuildCache, key: str, meanwhile: Callable[[], None] | None) -> Mapping[str, bytes]:
    """The files of the build, which are put into the cache."""
    missing = units.missing(all_units(units.config))
    if _WORTH_SHARING <= len(missing) <= MOST_PIECES and is_worth_it():
        files = _make_in_second_process(units, cache, key, missing, meanwhile)
        if files is not None:
            return files
    made = make_files(units)
    units.keep()
    cache.store_build(key, made)
    return made


def _make_in_second_process(
    units: Units, cache: BuildCache, key: str, missing: Sequence[Unit], meanwhile: Callable[[], None] | None
) -> Mapping[str, bytes] | None:
    """Both processes assemble; then the second links, and puts into the cache what it has handed over. None: it failed.

    What can be done before there are objects the second does first: the rest of the sources is left to the first then.
    With a `meanwhile` the cache is not waited for.
    """
    from minikernel.toolchain import assembler  # noqa: F401 - loaded once for both
    from minikernel.toolchain.encoder import default_table

    def work(second: SecondProcess) -> None:
        _load_linker()
        units.interfaces(kernel_units(units.config))
        for number in second.tickets():
            units.assemble_ahead(missing[number])
        others = second.from_first.take()
        if others is None:
            return
        units.add_objects(PackedFiles(others))
        files = make_files(units)
        second.from_second.put(PackedFiles.pack(files))
        units.keep()
        cache.store_build(key, files)

    default_table()
    try:
        second = SecondProcess(len(missing), work)
    except OSError:  # no more processes allowed
        return None
    try:
        for number in second.tickets():
            units.assemble_ahead(missing[number])
        second.from_first.put(PackedFiles.pack(units.new_objects))
        if meanwhile is not None:
            meanwhile()
        files = second.from_second.take()
    except BaseException:
        second.wait()
        raise
    if meanwhile is not None and files is not None:
        atexit.register(second.wait)
    else:
        second.wait()
    return None if files is None else PackedFiles(files)


def _load_linker() -> None:
    """For make_files, a little earlier: while the first process assembles."""
    from minikernel.toolchain import cpio, generated, kallsyms, modpost, system_map  # noqa: F401


def make_files(units: Units) -> dict[str, bytes]:
    """Every file of the build, made now; only assembled objects may be there already."""
    from minikernel.elf.image import Image
    from minikernel.toolchain.cpio import write_cpio
    from minikernel.toolchain.generated import (
        crc_object,
        crc_source,
        initramfs_object,
        initramfs_source,
        version_source,
    )
    from minikernel.toolchain.kallsyms import kallsyms_object, kallsyms_source
    from minikernel.toolchain.modpost import symvers_text
    from minikernel.toolchain.system_map import system_map

    config = units.config
    files: dict[str, bytes] = {}

    # What the kernel exports, and the modules that use it.
    kernel = [(unit.object_name, units.assemble(unit)) for unit in kernel_units(config)]
    exports = find_kernel_exports(units, kernel)
    modules = make_modules(units, exports)

    # What goes into the initial file system: the init program and the loadable modules.
    program = [(unit.object_name, units.assemble(unit)) for unit in user_units(config)]
    init = link_program(units, program)
    stripped = link_program(units, [(name, obj.without_debug()) for name, obj in program])
    cpio = write_cpio(initramfs_entries(config, stripped, module_tree(config, modules)))

    # The kernel around it.
    version, crcs = version_source(config.cmdline), [export.entry for export in exports.values()]
    kernel.append(("generated/exports.o", crc_object(crcs)))
    kernel.append(("generated/version.o", units.assemble_text("generated/version.s", version)))
    kernel.append(("generated/initramfs_data.o", initramfs_object(cpio)))
    image, symbols = link_kernel(units, kernel)
    kernel.append(("generated/kallsyms_data.o", kallsyms_object(symbols)))
    read = Image.from_bytes(image)
    check_export_tables(read, exports)

    # The products; the rest is for those who look inside, and for binutils to replay.
    files |= {"vmlinux": image, "System.map": system_map(read).encode(), "initramfs.cpio": cpio}
    files |= {SYMVERS: symvers_text(exports if modules is None else modules.modpost.exports).encode()}
    files |= {} if modules is None else {**modules.files, **modules.lists}
    if init:
        files["init"] = init
    files[WARNINGS] = "".join(f"{line}\n" for line in find_warnings(kernel, modules)).encode()
    files |= units.files
    files |= {name: obj.to_bytes() for name, obj in kernel if name not in files}
    files["generated/exports.s"] = crc_source(crcs).encode()
    files["generated/version.s"] = version.encode()
    files["generated/initramfs_data.s"] = initramfs_source(cpio).encode()
    files["generated/kallsyms_data.s"] = kallsyms_source(symbols).encode()
    return files


# --- exports and modules ----------------------------------------------------------------------------------------------


def find_kernel_exports(units: Units, kernel: Sequence[tuple[str, ObjectFile]]) -> dict[str, Export]:
    """What vmlinux exports, with CRCs. Raises SourceErrors for a symbol exported twice."""
    from minikernel.toolchain.link_messages import SymbolError
    from minikernel.toolchain.modpost import kernel_exports

    try:
        return kernel_exports(kernel, units.interfaces(kernel_units(units.config)))
    except SymbolError as error:
        raise units.explain(error) from None


def make_modules(units: Units, exports: Mapping[str, Export]) -> LinkedModules | None:
    """The drivers set to m, linked; None when there are none."""
    sources = module_units(units.config)
    if not sources:
        return None
    from minikernel.toolchain.modules import link_modules, modules_of

    return link_modules(units, exports, modules_of(units, sources))


def module_tree(config: BuildConfig, modules: LinkedModules | None) -> dict[str, bytes]:
    """What modules add to the initial file system: themselves, stripped, modprobe's lists, and what to load at boot.

    modules.builtin is always there: what the kernel has in it need not be loaded and cannot be removed.
    """
    settings = (DriverSetting.BUILT_IN, DriverSetting.DEFERRED)
    text = "".join(f"{name}.ko\n" for name, setting in config.drivers.items() if setting in settings)
    built_in = {f"{MODULE_DIRECTORY}/modules.builtin": text.encode()}
    if modules is None:
        return built_in
    stripped = {name: strip_debug(data, name) for name, data in modules.modules.items()}
    files = {f"{MODULE_DIRECTORY}/{name}": data for name, data in {**stripped, **modules.lists}.items()}
    names = (Path(name).stem for name in modules.modules)
    return built_in | files | {MODULES_AT_BOOT: "".join(f"{name}\n" for name in names).encode()}


def check_export_tables(image: Image, exports: Mapping[str, Export]) -> None:
    """find_symbol searches the kernel's tables by halves and takes the CRC of the same index: raises LinkError."""
    from minikernel.toolchain.export_tables import check_image

    check_image(image, exports)


def find_warnings(kernel: Sequence[tuple[str, ObjectFile]], modules: LinkedModules | None) -> list[str]:
    """modpost's warnings about the kernel and the modules."""
    from minikernel.toolchain.section_mismatch import section_mismatches

    return section_mismatches(kernel) + ([] if modules is None else list(modules.modpost.warnings))


# --- what is linked ---------------------------------------------------------------------------------------------------


def link_kernel(units: Units, objects: Sequence[tuple[str, ObjectFile]]) -> tuple[bytes, Sequence[Kallsym]]:
    """vmlinux and the entries of its symbol table. Raises LinkError, SourceError, SourceErrors."""
    from minikernel.toolchain.kallsyms import link_with_kallsyms
    from minikernel.toolchain.link_messages import SymbolError

    try:
        return link_with_kallsyms(objects, read_script(units, "kernel/vmlinux.lds"))
    except SymbolError as error:
        raise units.explain(error) from None


def link_program(units: Units, objects: Sequence[tuple[str, ObjectFile]]) -> bytes:
    """/init, or nothing where user/ has no sources yet."""
    if not objects:
        return b""
    from minikernel.toolchain.link_messages import SymbolError
    from minikernel.toolchain.linker import link

    try:
        return link(objects, read_script(units, "user/user.lds"))
    except SymbolError as error:
        raise units.explain(error) from None


def initramfs_entries(config: BuildConfig, init: bytes, modules: Mapping[str, bytes]) -> Iterator[CpioEntry]:
    """Directories first, then guest/initramfs as it stands, /init, what belongs to modules; always the same order."""
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


# --- what the result depends on ---------------------------------------------------------------------------------------


def _inputs(config: BuildConfig) -> Iterator[bytes]:
    yield repr((config.kernel, list(config.drivers.items()), config.cmdline)).encode()
    yield from toolchain_parts()
    folders = ("include", "kernel", "drivers", "user", "initramfs")
    for folder in folders:
        paths = sorted(path for path in (config.tree / folder).rglob("*") if path.is_file())
        yield from file_parts(paths, config.tree)


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

    generated = ("exports", "version", "initramfs_data", "kallsyms_data")
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
