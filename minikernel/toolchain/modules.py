"""From objects to .ko files: modpost, NAME.mod.s, `ld -r`, and the lists that tell modprobe what needs what.

The drivers set to m go this way as part of the build; modules outside it (examples.py) against a finished kernel.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from minikernel.toolchain.depmod import module_lists
from minikernel.toolchain.export_tables import check_module
from minikernel.toolchain.link_messages import SymbolError
from minikernel.toolchain.modpost import Export, Modpost, Module, modpost, module_name
from minikernel.toolchain.relocatable import link_relocatable
from minikernel.toolchain.units import Unit, Units, read_script
from minikernel.values import dataclass

MODULE_SCRIPT = "kernel/module.lds"


@dataclass(frozen=True)
class LinkedModules:
    """`files`: NAME.ko and generated/NAME.mod.{s,o}; `lists`: modules.dep, .symbols, .order; what modpost found."""

    files: Mapping[str, bytes]
    lists: Mapping[str, bytes]
    modpost: Modpost

    @property
    def modules(self) -> dict[str, bytes]:
        """NAME.ko -> bytes."""
        return {name: data for name, data in self.files.items() if name.endswith(".ko")}


def modules_of(units: Units, sources: Iterable[Unit], in_tree: bool = True) -> list[Module]:
    """The assembled modules. Raises SourceError, SourceErrors."""
    return [
        Module(
            module_name(Path(unit.source).stem),
            unit.object_name,
            units.assemble(unit),
            units.interfaces([unit]),
            in_tree,
        )
        for unit in sources
    ]


def link_modules(
    units: Units, kernel: Mapping[str, Export], modules: Sequence[Module], others: Mapping[str, bytes] | None = None
) -> LinkedModules:
    """The .ko files. `others` are .ko files that stand beside them and enter the lists.

    Raises SourceErrors with each of modpost's problems at its line, LinkError for modules that need each other.
    """
    try:
        result = modpost(kernel, modules)
    except SymbolError as error:
        raise units.explain(error) from None
    script = read_script(units, MODULE_SCRIPT)
    files: dict[str, bytes] = {}
    linked: dict[str, bytes] = {}
    for module in modules:
        source = result.sources[module.name]
        generated = f"generated/{module.name}.mod"
        made = units.assemble_text(f"{generated}.s", source)
        joined = link_relocatable([(module.object_name, module.obj), (f"{generated}.o", made)], script)
        check_module(f"{module.name}.ko", joined)
        linked[f"{Path(module.object_name).stem}.ko"] = joined.to_bytes()
        files |= {f"{generated}.s": source.encode(), f"{generated}.o": made.to_bytes()}
    lists = module_lists({**(others or {}), **linked})
    return LinkedModules(files | linked, lists, result)
