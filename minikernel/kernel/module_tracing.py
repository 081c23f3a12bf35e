"""Which function of the guest's module loader makes which event (tracing.py has the same for the rest of the kernel).

What must be known between two probes (the loads under way, the word a relocation changes) is a value that snapshots
keep, so a machine set back into the middle of a load goes on tracing rightly.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from minikernel.bits import s32
from minikernel.elf.constants import R_ARM
from minikernel.kernel.module_events import (
    ModuleInitFreed,
    ModuleLoaded,
    ModuleLoadFailed,
    ModuleLoadStarted,
    ModuleMemoryFreed,
    ModuleRelocated,
    ModuleStage,
    ModuleStateChanged,
    ModuleUnloaded,
    SymbolLookedUp,
)
from minikernel.kernel.modules import KINDS, STATES, ModuleReader, ModuleState
from minikernel.machine.machine import GuestMemoryError, Machine
from minikernel.machine.probes import Hit
from minikernel.values import dataclass

#: fail_point's argument (STAGE_* of guest/include/module.inc): the function that is the stage, as fail_stage= names it.
STAGES = (
    "module_sig_check",
    "elf_validity_cache_copy",
    "early_mod_check",
    "layout_and_allocate",
    "add_unformed_module",
    "percpu_modalloc",
    "module_unload_init",
    "find_module_sections",
    "check_export_symbol_versions",
    "setup_modinfo",
    "simplify_symbols",
    "apply_relocations",
    "post_relocation",
    "strndup_user",
    "complete_formation",
    "prepare_coming_module",
    "parse_args",
    "mod_sysfs_setup",
    "do_init_module",
)


@dataclass(frozen=True)
class Load:
    """A load under way. `info` is struct load_info, `pages` what the module had when it was complete."""

    info: int
    file_bytes: int
    stage: str = ""
    pages: int = 0
    relocations: int = 0
    lookups: int = 0
    compares: int = 0


@dataclass(frozen=True)
class _State:
    loads: tuple[Load, ...] = ()
    section: str = ""  # the one that is being relocated,
    section_base: int = 0  # and where it lies
    word_before: int = 0  # at the place that is being relocated
    compares_before: int = 0  # lookup_compares when find_symbol was entered


class ModuleTracer:
    """Turns probe hits into the module loader's events."""

    def __init__(self, machine: Machine, reader: ModuleReader) -> None:
        self._machine = machine
        self._image = machine.image
        self._reader = reader
        self._state = _State()
        machine.add_companion("module tracer", lambda: self._state, self._set_state)

    def attach(self) -> tuple[str, ...]:
        """Set every probe; gives a sentence for each symbol the image lacks."""
        missing = []
        for probe in PROBES:
            if self._image.get(probe.symbol) is None:
                missing.append(f"the image has no symbol {probe.symbol!r}: {probe.tells} cannot be traced")
            else:
                entry, return_ = self._bound(probe.on_entry), self._bound(probe.on_return)
                self._machine.add_probe(probe.symbol, on_entry=entry, on_return=return_)
        return tuple(missing)

    def _bound(self, action: Action | None) -> Callable[[Hit], None] | None:
        return None if action is None else partial(self._tell, action)

    def _tell(self, action: Action, hit: Hit) -> None:
        """A guest that calls one of these with a pointer to nowhere faults itself in the next instruction."""
        try:
            action(self, hit)
        except GuestMemoryError:
            return

    def _set_state(self, state: _State) -> None:
        self._state = state

    # --- a load -------------------------------------------------------------------------------------------------------

    def _load_entered(self, hit: Hit) -> None:
        load = Load(hit.args[0], self._field(hit.args[0], "LOAD_LEN"))
        self._state = replace(self._state, loads=(*self._state.loads, load))
        self._machine.emit(ModuleLoadStarted(hit.icount, hit.time_ns, load.file_bytes))

    def _stage_entered(self, hit: Hit) -> None:
        if not self._state.loads:
            return
        load = self._state.loads[-1]
        stage = STAGES[hit.args[0]] if hit.args[0] < len(STAGES) else f"stage {hit.args[0]}"
        mod = self._field(load.info, "LOAD_MOD")
        pages = self._pages(mod) if mod else 0
        self._change_load(replace(load, stage=stage, pages=pages))
        self._machine.emit(ModuleStage(hit.icount, hit.time_ns, self._name_in(load.info), stage))

    def _load_returned(self, hit: Hit) -> None:
        if not self._state.loads:
            return
        *others, load = self._state.loads
        self._state = replace(self._state, loads=tuple(others))
        result = s32(hit.result)
        if result < 0:
            name = self._latest_name()
            self._machine.emit(ModuleLoadFailed(hit.icount, hit.time_ns, name, load.stage, result))
            return
        mod = self._field(load.info, "LOAD_MOD")
        memory = [self._reader.memory(mod, number) for number in range(len(KINDS))]
        kept, pages = sum(row.size for row in memory), sum(row.pages for row in memory)
        name = self._reader.name(mod)
        self._machine.emit(
            ModuleLoaded(
                hit.icount,
                hit.time_ns,
                name,
                load.file_bytes,
                kept,
                load.pages,
                pages,
                load.relocations,
                load.lookups,
                load.compares,
            )
        )

    def _change_load(self, load: Load) -> None:
        """The innermost load is now so."""
        self._state = replace(self._state, loads=(*self._state.loads[:-1], load))

    def _latest_name(self) -> str:
        """Of the load that just failed: its struct module may be gone, its last stage stands in the trace."""
        trace = self._machine.trace
        for position in range(len(trace) - 1, -1, -1):
            event = trace[position]
            if isinstance(event, ModuleStage):
                return event.module
        return ""

    def _state_set(self, hit: Hit) -> None:
        mod, state = hit.args[:2]
        named = STATES[state] if state < len(STATES) else ModuleState.UNFORMED
        self._machine.emit(ModuleStateChanged(hit.icount, hit.time_ns, self._reader.name(mod), named))

    def _unloaded(self, hit: Hit) -> None:
        if hit.result == 0:
            self._machine.emit(ModuleUnloaded(hit.icount, hit.time_ns, self._text(hit.args[0])))

    def _memory_freed(self, hit: Hit) -> None:
        mod, number = hit.args[:2]
        if number >= len(KINDS):
            return
        memory = self._reader.memory(mod, number)
        if memory.pages == 0:
            return
        is_live = self._reader.state(mod) is ModuleState.LIVE
        kind = ModuleInitFreed if memory.kind.is_init and is_live else ModuleMemoryFreed
        name = self._reader.name(mod)
        self._machine.emit(kind(hit.icount, hit.time_ns, name, memory.kind, memory.base, memory.size, memory.pages))

    # --- symbols and relocations --------------------------------------------------------------------------------------

    def _lookup_entered(self, hit: Hit) -> None:
        self._state = replace(self._state, compares_before=self._compares())

    def _lookup_returned(self, hit: Hit) -> None:
        compares = self._compares() - self._state.compares_before & 0xFFFF_FFFF
        value = self._word(hit.result) if hit.result else 0
        self._machine.emit(SymbolLookedUp(hit.icount, hit.time_ns, self._text(hit.args[0]), compares, value))
        if self._state.loads:
            load = self._state.loads[-1]
            self._change_load(replace(load, lookups=load.lookups + 1, compares=load.compares + compares))

    def _compares(self) -> int:
        symbol = self._image.get("lookup_compares")
        return self._machine.read_word(symbol.value) if symbol else 0

    def _section_entered(self, hit: Hit) -> None:
        """apply_relocate(load_info, index of the relocation section)."""
        info, index = hit.args[:2]
        headers, strings = self._field(info, "LOAD_SECHDRS"), self._field(info, "LOAD_SECSTRINGS")
        target = self._header(headers, self._field(self._header(headers, index), "SH_INFO"))
        name = self._text(strings + self._field(target, "SH_NAME"))
        self._state = replace(self._state, section=name, section_base=self._field(target, "SH_ADDR"))

    def _relocation_entered(self, hit: Hit) -> None:
        self._state = replace(self._state, word_before=self._word(hit.args[0]))

    def _relocation_returned(self, hit: Hit) -> None:
        place, number, _, symbol = hit.args
        if self._state.loads:
            self._change_load(replace(self._state.loads[-1], relocations=self._state.loads[-1].relocations + 1))
        state = self._state
        known = number in R_ARM.__members__.values()
        self._machine.emit(
            ModuleRelocated(
                hit.icount,
                hit.time_ns,
                self._name_in(state.loads[-1].info) if state.loads else "",
                state.section,
                place - state.section_base,
                f"R_ARM_{R_ARM(number).name}" if known else f"type {number}",
                self._text(symbol),
                state.word_before,
                self._word(place),
            )
        )

    # --- reading the guest --------------------------------------------------------------------------------------------

    def _field(self, base: int, name: str) -> int:
        return self._word(base + self._image.address(name))

    def _header(self, headers: int, index: int) -> int:
        return headers + index * self._image.address("SHDR_SIZE")

    def _pages(self, mod: int) -> int:
        return sum(self._reader.memory(mod, number).pages for number in range(len(KINDS)))

    def _name_in(self, info: int) -> str:
        name = self._field(info, "LOAD_NAME")
        return self._text(name) if name else ""

    def _word(self, addr: int) -> int:
        return self._machine.read_word(addr)

    def _text(self, addr: int) -> str:
        return self._machine.read_cstring(addr)


Action = Callable[[ModuleTracer, Hit], None]


@dataclass(frozen=True)
class Probe:
    """One traced function: what it tells, and what happens at its entry and at its return."""

    symbol: str
    tells: str
    on_entry: Action | None = None
    on_return: Action | None = None


_T = ModuleTracer
PROBES = (
    Probe("load_module", "loads of modules", _T._load_entered, _T._load_returned),
    Probe("fail_point", "the stages of a load", _T._stage_entered),
    Probe("module_set_state", "the states of modules", _T._state_set),
    Probe("free_module_mem", "frees of module memory", _T._memory_freed),
    Probe("do_delete_module", "unloading", None, _T._unloaded),
    Probe("find_symbol", "lookups of symbols", _T._lookup_entered, _T._lookup_returned),
    Probe("apply_relocate", "the section of a relocation", _T._section_entered),
    Probe("module_reloc_apply_one", "relocations", _T._relocation_entered, _T._relocation_returned),
)
