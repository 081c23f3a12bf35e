"""The list of modules at any moment (guest/kernel/module_list.s): also while one is loaded or taken out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from minikernel.kernel.module_tracing import STAGES
from minikernel.kernel.modules import Module, ModuleReader, Modules
from minikernel.kernel.structures import Problems, Structures, View
from minikernel.machine.machine import GuestMemoryError

#: The stages of load_module up to init, which finds its module complete, and what takes a module apart.
CHANGES = frozenset(STAGES) - {"do_init_module"} | {"free_module", "free_module_init", "module_deallocate"}


@dataclass(frozen=True)
class ModuleList(View):
    """The modules that can be read, newest first."""

    headings = Modules.headings

    modules: tuple[Module, ...] = ()

    def rows(self) -> Iterator[tuple[str, ...]]:
        """As m.modules."""
        return map(Modules.row, self.modules)


def read_module_list(guest: Structures, reader: ModuleReader) -> ModuleList:
    """The list as it is now. Raises ImageError for a kernel without a module loader."""
    return guest.view(partial(_list, reader), ModuleList(), CHANGES)


def _list(reader: ModuleReader, _guest: Structures, problems: Problems) -> ModuleList:
    modules = []
    try:
        for address in reader.addresses():
            try:
                modules.append(reader.module(address))
            except GuestMemoryError as error:
                problems(f"struct module at {address:#010x} cannot be read: {error}")
    except GuestMemoryError as error:  # of the ring itself
        problems(str(error))
    return ModuleList(tuple(modules))
