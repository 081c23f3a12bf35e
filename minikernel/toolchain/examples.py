"""Modules outside the build: the examples of guest/modules, and a user's own sources.

They are built against the Module.symvers of a finished kernel, as `make M=DIR` builds them for Linux. A boot neither
makes nor carries them; whoever wants one asks find_module(), and module_archive() puts all of them into an initrd.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from minikernel.elf.object_file import strip_debug
from minikernel.errors import UsageError, near_names
from minikernel.toolchain.build import MODULE_DIRECTORY, SYMVERS, WARNINGS, Build, build
from minikernel.toolchain.build_cache import BuildCache, content_key, default_cache_directory, file_parts
from minikernel.toolchain.config import BuildConfig
from minikernel.toolchain.units import Unit, Units, example_units, toolchain_parts

if TYPE_CHECKING:
    from minikernel.toolchain.cpio import CpioEntry
    from minikernel.toolchain.modules import LinkedModules


def example_files(kernel: Build, cache: BuildCache | None = None) -> Mapping[str, bytes]:
    """What the examples add to a build: NAME.ko, generated/NAME.mod.s, the lists of all modules, the warnings.

    From the cache when nothing changed. Raises SourceError, SourceErrors, LinkError (modules that need each other).
    """
    sources = example_units(kernel.config)
    if not sources:
        return {}
    cache = cache if cache is not None else BuildCache(default_cache_directory())
    key = content_key(_inputs(kernel, sources))
    files = cache.load_build(key)
    if files is None:
        units = Units(kernel.config, cache)
        linked = _link(units, kernel, sources, in_tree=True)
        warnings = [*kernel.warnings, *linked.modpost.warnings]
        texts = {WARNINGS: "".join(f"{line}\n" for line in warnings).encode()}
        files = {**units.files, **linked.files, **linked.lists, **texts}
        units.keep()
        cache.store_build(key, files)
    return files


def with_examples(kernel: Build, cache: BuildCache | None = None) -> Build:
    """The build with the files of the examples: what `minikernel build` writes. Raises as example_files."""
    return replace(kernel, files={**kernel.files, **example_files(kernel, cache)})


def all_modules(kernel: Build, cache: BuildCache | None = None) -> dict[str, bytes]:
    """NAME.ko -> bytes: the drivers set to m, then the examples."""
    return {f"{name}.ko": data for name, data in with_examples(kernel, cache).modules.items()}


def find_module(config: BuildConfig, name: str, cache: BuildCache | None = None) -> bytes:
    """The .ko of a driver set to m or of an example. Raises UsageError naming near ones."""
    kernel = build(config, cache=cache)
    modules = kernel.modules
    if name not in modules:
        modules = with_examples(kernel, cache).modules
    if name not in modules:
        raise UsageError(f"no module {name!r}{near_names(name, modules)}; there are: {', '.join(modules) or 'none'}")
    return modules[name]


def external_modules(config: BuildConfig, sources: Sequence[Path], cache: BuildCache | None = None) -> dict[str, bytes]:
    """NAME.ko -> bytes for a user's own sources, which may use one another, the drivers set to m and the kernel.

    Out of tree: no intree= in their .modinfo. Raises SourceError and SourceErrors, LinkError.
    """
    cache = cache if cache is not None else BuildCache(default_cache_directory())
    units = Units(config, cache)
    _refuse_same_names(sources)
    module_units = [Unit(str(source.resolve()), defsyms=(("MODULE", 1),)) for source in sources]
    linked = _link(units, build(config, cache=cache), module_units, in_tree=False)
    units.keep()
    return linked.modules


def _refuse_same_names(sources: Sequence[Path]) -> None:
    names = [source.stem for source in sources]
    for name in names:
        if names.count(name) > 1:
            raise UsageError(
                f"two sources for one module {name!r}: {', '.join(str(s) for s in sources if s.stem == name)}"
            )


def module_archive(kernel: Build, cache: BuildCache | None = None) -> bytes:
    """An initrd with every module in /lib/modules and modprobe's lists; unpacked over the kernel's own files."""
    from minikernel.toolchain.cpio import write_cpio

    return write_cpio(_archive_entries(with_examples(kernel, cache)))


def _archive_entries(made: Build) -> Iterator[CpioEntry]:
    from minikernel.toolchain.cpio import CpioEntry

    yield CpioEntry.directory("lib")
    yield CpioEntry.directory(MODULE_DIRECTORY)
    lists = [name for name in sorted(made.files) if name.startswith("modules.")]
    for name, data in made.modules.items():
        yield CpioEntry.file(f"{MODULE_DIRECTORY}/{name}.ko", strip_debug(data, name))
    for name in lists:
        yield CpioEntry.file(f"{MODULE_DIRECTORY}/{name}", made.files[name])


def _link(units: Units, kernel: Build, sources: Sequence[Unit], in_tree: bool) -> LinkedModules:
    from minikernel.toolchain.modpost import read_symvers
    from minikernel.toolchain.modules import link_modules, modules_of

    exports = read_symvers(kernel.files[SYMVERS].decode())
    drivers = {f"{name}.ko": data for name, data in kernel.modules.items()}
    return link_modules(units, exports, modules_of(units, sources, in_tree), drivers)


def _inputs(kernel: Build, sources: Sequence[Unit]) -> Iterator[bytes]:
    """An example depends on what is exported, on the headers and on the drivers it is listed with, not on vmlinux."""
    tree = kernel.config.tree
    yield kernel.files[SYMVERS]
    yield from kernel.modules.values()
    yield repr(kernel.warnings).encode()
    yield from toolchain_parts()
    yield from file_parts([*sorted(tree.rglob("*.inc")), tree / "kernel/module.lds"], tree)
    yield from file_parts([tree / unit.source for unit in sources], tree)
