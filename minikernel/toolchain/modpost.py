"""modpost: what a loadable module needs besides its own code (Linux scripts/mod/modpost.c does this for real ones).

Takes the objects of the kernel and of every module, checks each undefined symbol of a module against what is exported,
and says for each module who must be loaded before it. All problems are reported together.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from minikernel.elf.constants import SymbolBinding
from minikernel.elf.object_file import UNDEF, ObjectFile
from minikernel.errors import LinkError, near_names
from minikernel.toolchain.generated import MODULE_NAME_LENGTH, module_source

KERNEL = "vmlinux"
_ANYONE, _GPL_ONLY = "___ksymtab+", "___ksymtab_gpl+"
_GPL_LICENSES = frozenset(
    {"GPL", "GPL v2", "GPL and additional rights", "Dual BSD/GPL", "Dual MIT/GPL", "Dual MPL/GPL"}
)


@dataclass(frozen=True)
class Export:
    """One exported symbol: by whom (`vmlinux` or a module), and whether only to GPL-compatible modules."""

    name: str
    owner: str
    gpl_only: bool


def exports_of(owner: str, obj: ObjectFile) -> list[Export]:
    """What EXPORT_SYMBOL and EXPORT_SYMBOL_GPL left in the object."""
    exports = []
    for section in obj.sections:
        for prefix, gpl_only in ((_ANYONE, False), (_GPL_ONLY, True)):
            if section.name.startswith(prefix):
                exports.append(Export(section.name.removeprefix(prefix), owner, gpl_only))
    return exports


def modinfo(obj: ObjectFile) -> dict[str, str]:
    """The key=value texts of .modinfo; the last one of a key."""
    entries = {}
    for section in obj.sections:
        if section.name == ".modinfo":
            for text in bytes(section.data).split(b"\0"):
                key, _, value = text.decode("utf-8", "backslashreplace").partition("=")
                if key:
                    entries[key] = value
    return entries


def modpost(kernel: Sequence[ObjectFile], modules: Mapping[str, ObjectFile]) -> dict[str, str]:
    """module -> text of its NAME.mod.s. Raises LinkError with every unknown symbol and missing licence."""
    exports: dict[str, Export] = {}
    problems: list[str] = []
    for owner, obj in [*((KERNEL, obj) for obj in kernel), *modules.items()]:
        for export in exports_of(owner, obj):
            first = exports.setdefault(export.name, export)
            if first is not export:
                problems.append(f"{owner}: exports duplicate symbol {export.name} (owned by {first.owner})")
    sources = {name: _one_module(name, obj, exports, problems) for name, obj in modules.items()}
    if problems:
        raise LinkError("\n".join(problems))
    return sources


def _one_module(name: str, obj: ObjectFile, exports: Mapping[str, Export], problems: list[str]) -> str:
    licence = modinfo(obj).get("license")
    if licence is None:
        problems.append(f"{name}: no MODULE_LICENSE")
    if len(name.encode()) >= MODULE_NAME_LENGTH:
        problems.append(f"{name}: the name of a module has at most {MODULE_NAME_LENGTH - 1} characters")
    owners: list[str] = []
    for symbol in obj.symbols:
        if symbol.section is not UNDEF or symbol.binding == SymbolBinding.WEAK or not symbol.name:
            continue
        export = exports.get(symbol.name)
        if export is None:
            problems.append(f"{name}: undefined symbol {symbol.name!r}: not exported{near_names(symbol.name, exports)}")
        elif export.gpl_only and licence not in _GPL_LICENSES:
            problems.append(f"{name}: GPL-only symbol {symbol.name!r} used by a module with license {licence!r}")
        elif export.owner not in (KERNEL, name) and export.owner not in owners:
            owners.append(export.owner)
    defined = {symbol.name for symbol in obj.symbols if symbol.is_defined and symbol.binding != SymbolBinding.LOCAL}
    return module_source(name, tuple(owners), "init_module" in defined, "cleanup_module" in defined)
