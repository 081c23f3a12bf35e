"""What the module loader does, as frozen values: the rows that module_tracing.py adds to the trace.

Addresses are guest virtual addresses. `module` is a name; "" before the loader has found it in the file.
"""

from __future__ import annotations

from minikernel.kernel.modules import MemoryKind, ModuleState
from minikernel.machine.events import Event
from minikernel.values import dataclass


@dataclass(frozen=True)
class ModuleLoadStarted(Event):
    """load_module is entered with a file of so many bytes."""

    file_bytes: int


@dataclass(frozen=True)
class ModuleStage(Event):
    """A stage of load_module begins; `stage` is the kernel function that is the stage."""

    module: str
    stage: str


@dataclass(frozen=True)
class ModuleStateChanged(Event):
    """module_set_state."""

    module: str
    state: ModuleState


@dataclass(frozen=True)
class SymbolLookedUp(Event):
    """find_symbol has returned after comparing so many names; `value` is 0 when nobody exports the symbol."""

    symbol: str
    compares: int
    value: int


@dataclass(frozen=True)
class ModuleRelocated(Event):
    """One relocation is applied: the word at `section` + `offset` was `before` and is `after`."""

    module: str
    section: str
    offset: int
    type: str
    symbol: str
    before: int
    after: int


@dataclass(frozen=True)
class ModuleMemoryFreed(Event):
    """A piece of a module's memory is given back; `size` of the pages' bytes were used."""

    module: str
    kind: MemoryKind
    start: int
    size: int
    pages: int


@dataclass(frozen=True)
class ModuleInitFreed(ModuleMemoryFreed):
    """Init memory of a module that is LIVE: what its init needed and nobody needs any more."""


@dataclass(frozen=True)
class ModuleLoaded(Event):
    """load_module has returned 0. Of the file's bytes `kept_bytes` stay, in `pages_after` of the `pages` it had before
    init memory was given back. `compares` counts the names compared in all its `lookups` of symbols. A load that its
    init asked for is not counted in."""

    module: str
    file_bytes: int
    kept_bytes: int
    pages: int
    pages_after: int
    relocations: int
    lookups: int
    compares: int


@dataclass(frozen=True)
class ModuleLoadFailed(Event):
    """load_module has returned an error; `stage` is how far it came."""

    module: str
    stage: str
    result: int


@dataclass(frozen=True)
class ModuleUnloaded(Event):
    """delete_module has taken a module out."""

    module: str
