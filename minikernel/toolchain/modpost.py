"""modpost: what a loadable module needs besides its own code (Linux scripts/mod/modpost.c does this for real ones).

Takes what the kernel exports and the object of every module; checks each undefined symbol against what is exported, by
whom and for whom; writes NAME.mod.s with dependencies, versions and CRCs. All problems are reported together.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field

from minikernel.elf.constants import SymbolBinding
from minikernel.elf.module_file import Pointers, modinfo_pairs
from minikernel.elf.object_file import UNDEF, ObjectFile
from minikernel.errors import near_names
from minikernel.toolchain.generated import (
    MODULE_NAME_LENGTH,
    MODVERSION_NAME_LENGTH,
    ExportCrc,
    ModuleSource,
    module_source,
)
from minikernel.toolchain.link_messages import SymbolProblem, raise_symbol_problems
from minikernel.toolchain.section_mismatch import section_mismatches
from minikernel.toolchain.symbol_versions import data_sizes, symbol_crc
from minikernel.values import dataclass

KERNEL = "vmlinux"
MODULE_LAYOUT = "module_layout"
_ANYONE, _GPL_ONLY = "___ksymtab+", "___ksymtab_gpl+"
_GPL_LICENSES = frozenset(
    {"GPL", "GPL v2", "GPL and additional rights", "Dual BSD/GPL", "Dual MIT/GPL", "Dual MPL/GPL"}
)


@dataclass(frozen=True)
class Export:
    """One exported symbol: by whom (`vmlinux` or a module), whether only to GPL-compatible modules, and its CRC."""

    name: str
    owner: str
    gpl_only: bool
    crc: int = 0
    namespace: str = ""

    @property
    def entry(self) -> ExportCrc:
        """Its entry of the kcrctab."""
        return ExportCrc(self.name, self.gpl_only, self.crc)


@dataclass(frozen=True)
class Module:
    """A module before modpost. `interfaces` are those of its source's function headers (symbol_versions.py)."""

    name: str
    object_name: str
    obj: ObjectFile
    interfaces: Mapping[str, str] = field(default_factory=dict)
    in_tree: bool = True


@dataclass(frozen=True)
class Modpost:
    """module -> text of NAME.mod.s; every export of kernel and modules by name; warnings, a line each."""

    sources: Mapping[str, str]
    exports: Mapping[str, Export]
    warnings: tuple[str, ...]


def module_name(file_name: str) -> str:
    """KBUILD_MODNAME: a file may be called usb-storage.ko, its module is usb_storage."""
    return file_name.replace("-", "_")


def exports_of(owner: str, obj: ObjectFile, interfaces: Mapping[str, str]) -> list[Export]:
    """What EXPORT_SYMBOL and EXPORT_SYMBOL_GPL left in the object, with CRCs."""
    sizes = data_sizes(obj)
    exports = []
    for section in obj.sections:
        for prefix, gpl_only in ((_ANYONE, False), (_GPL_ONLY, True)):
            if section.name.startswith(prefix):
                name = section.name.removeprefix(prefix)
                crc = symbol_crc(name, interfaces.get(name), sizes.get(name, 0))
                exports.append(Export(name, owner, gpl_only, crc, Pointers(section).string(8)))
    return exports


def kernel_exports(objects: Iterable[tuple[str, ObjectFile]], interfaces: Mapping[str, str]) -> dict[str, Export]:
    """What vmlinux exports. Raises SymbolError for a symbol exported twice."""
    exports: dict[str, Export] = {}
    problems: dict[SymbolProblem, str] = {}
    for file, obj in objects:
        _enter(exports, exports_of(KERNEL, obj, interfaces), file, problems)
    raise_symbol_problems(problems)
    return exports


def modpost(kernel: Mapping[str, Export], modules: Sequence[Module]) -> Modpost:
    """Checks the modules and writes their NAME.mod.s. Raises SymbolError with every problem."""
    exports = dict(kernel)
    own: dict[str, list[Export]] = {}
    problems: dict[SymbolProblem, str] = {}
    for module in modules:
        own[module.name] = exports_of(module.name, module.obj, module.interfaces)
        _enter(exports, own[module.name], module.object_name, problems)
    sources, warnings = {}, []
    for module in modules:
        _check_description(module, problems)
        imports = _imports(module, exports, problems)
        if not problems:
            sources[module.name] = module_source(_source_of(module, own[module.name], imports, exports))
        warnings += section_mismatches([(module.object_name, module.obj)])
    raise_symbol_problems(problems)
    return Modpost(sources, exports, tuple(warnings))


def _enter(exports: dict[str, Export], added: Iterable[Export], file: str, problems: dict[SymbolProblem, str]) -> None:
    for export in added:
        first = exports.setdefault(export.name, export)
        if first is not export:
            _report(problems, file, export.name, f"exports duplicate symbol {export.name} (owned by {first.owner})")


def _report(problems: dict[SymbolProblem, str], file: str, name: str, message: str) -> None:
    problems[SymbolProblem(file, name, message)] = f"{file}: {message}"


def _check_description(module: Module, problems: dict[SymbolProblem, str]) -> None:
    if "license" not in dict(modinfo_pairs(module.obj)):
        _report(problems, module.object_name, "", f"missing MODULE_LICENSE() in {module.object_name}")
    if len(module.name.encode()) >= MODULE_NAME_LENGTH:
        message = f"{module.name}: the name of a module has at most {MODULE_NAME_LENGTH - 1} characters"
        _report(problems, module.object_name, "", message)


def _imports(module: Module, exports: Mapping[str, Export], problems: dict[SymbolProblem, str]) -> list[Export]:
    """The exports that the module uses, in the order of its symbol table; a weak reference may stay without one."""
    info = list(modinfo_pairs(module.obj))
    may_use_gpl = dict(info).get("license") in _GPL_LICENSES
    namespaces = {value for key, value in info if key == "import_ns"}
    imports = []
    for symbol in module.obj.symbols:
        if symbol.section is not UNDEF or not symbol.name or symbol.name == "__this_module":
            continue
        export = exports.get(symbol.name)
        message = ""
        if export is None:
            if symbol.binding != SymbolBinding.WEAK:
                near = near_names(symbol.name, exports)
                message = f"module {module.name}: undefined symbol {symbol.name!r}: not exported{near}"
        elif export.gpl_only and not may_use_gpl:
            message = f"GPL-incompatible module {module.name}.ko uses GPL-only symbol {symbol.name!r}"
        elif export.namespace and export.namespace not in namespaces:
            message = (
                f"module {module.name} uses symbol {symbol.name} from namespace {export.namespace}, "
                "but does not import it."
            )
        elif len(symbol.name.encode()) >= MODVERSION_NAME_LENGTH:
            message = f"too long symbol {symbol.name!r} [{module.name}.ko]: at most {MODVERSION_NAME_LENGTH - 1} bytes"
        else:
            imports.append(export)
        if message:
            _report(problems, module.object_name, symbol.name, message)
    return imports


def _source_of(
    module: Module, own: Sequence[Export], imports: Sequence[Export], exports: Mapping[str, Export]
) -> ModuleSource:
    defined = {s.name for s in module.obj.symbols if s.is_defined and s.binding != SymbolBinding.LOCAL}
    owners = dict.fromkeys(export.owner for export in imports if export.owner not in (KERNEL, module.name))
    # As in Linux every module imports module_layout, which stands for the structures that no symbol names.
    layout = [exports[MODULE_LAYOUT]] if MODULE_LAYOUT in exports else []
    return ModuleSource(
        module.name,
        tuple(owners),
        "init_module" in defined,
        "cleanup_module" in defined,
        module.in_tree,
        tuple(export.entry for export in own),
        {export.name: export.crc for export in (*layout, *imports) if export.owner != module.name},
    )


# --- Module.symvers: what is exported, for modules built later and elsewhere ------------------------------------------


def symvers_text(exports: Mapping[str, Export]) -> str:
    """CRC, symbol, owner, macro, namespace; separated by tabs, as Linux's (Documentation/kbuild/modules.rst)."""
    rows = (
        f"{e.crc:#010x}\t{e.name}\t{e.owner}\tEXPORT_SYMBOL{'_GPL' if e.gpl_only else ''}\t{e.namespace}\n"
        for e in exports.values()
    )
    return "".join(rows)


def read_symvers(text: str) -> dict[str, Export]:
    """The exports of a Module.symvers that symvers_text wrote."""
    exports = {}
    for line in text.splitlines():
        crc, name, owner, macro, namespace = line.split("\t")
        exports[name] = Export(name, owner, macro == "EXPORT_SYMBOL_GPL", int(crc, 16), namespace)
    return exports
