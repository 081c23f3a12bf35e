"""The guest's structures as properties: what a machine that runs our kernel can be asked about at any stop.

The views with a `condition` never raise for what they find, be it broken or just being changed (structures.py). They
are loaded when they are first asked for: a plain boot needs none of them.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from minikernel.errors import UsageError, near_names
from minikernel.kernel.initcalls import Initcall, read_tables
from minikernel.kernel.memory import free_pages, total_pages
from minikernel.kernel.modules import Module, ModuleReader, is_module_address
from minikernel.kernel.printk import read_log, without_levels
from minikernel.machine.machine import Machine

if TYPE_CHECKING:
    from minikernel.kernel.backtrace import Frame
    from minikernel.kernel.deferred import DeferredTable
    from minikernel.kernel.irq import Interrupts
    from minikernel.kernel.log_buffer import LogBuffer
    from minikernel.kernel.module_list import ModuleList
    from minikernel.kernel.page_alloc import FreeLists
    from minikernel.kernel.page_tables import PageTables
    from minikernel.kernel.proc_entries import ProcEntries
    from minikernel.kernel.slab import KmallocCaches
    from minikernel.kernel.structures import Structures
    from minikernel.kernel.workqueue import WorkQueue


class KernelViews(Machine):
    """A machine that is asked in the kernel's words. Takes what Machine takes. Ask between runs only."""

    # --- what the kernel says -----------------------------------------------------------------------------------------

    @property
    def tables(self) -> tuple[Initcall, ...]:
        """The initcall tables as guest memory has them now: poison once init memory is freed. Raises ImageError."""
        return read_tables(self.image, self.read)

    @property
    def tables_at_start(self) -> tuple[Initcall, ...]:
        """The initcall tables as linked. Raises ImageError."""
        return read_tables(self.image)

    @property
    def dmesg(self) -> str:
        """The kernel log as dmesg prints it. Raises ImageError, GuestMemoryError (before the MMU is on)."""
        return without_levels(read_log(self.image, self.read))

    @property
    def free_pages(self) -> int:
        """Pages the allocator could hand out now. Raises ImageError."""
        return free_pages(self)

    @property
    def total_pages(self) -> int:
        """Pages the allocator was ever given. Raises ImageError."""
        return total_pages(self)

    def symbol(self, name: str) -> int:
        """The address of a symbol, the value of a constant. Raises ImageError naming near names."""
        return self.image.address(name)

    # --- with a condition ---------------------------------------------------------------------------------------------

    @property
    def call_chain(self) -> tuple[Frame, ...]:
        """The kernel's functions that are under way, the current one first; through exceptions."""
        return self._structures.frames()

    @property
    def free_lists(self) -> FreeLists:
        """The page allocator's free lists. Raises ImageError for a kernel without them, as those below do."""
        from minikernel.kernel.page_alloc import read_free_lists

        return read_free_lists(self._structures)

    @property
    def kmalloc_caches(self) -> KmallocCaches:
        """kmalloc's slabs by object size."""
        from minikernel.kernel.slab import read_kmalloc_caches

        return read_kmalloc_caches(self._structures)

    @property
    def page_tables(self) -> PageTables:
        """What is mapped, with which permissions, and what lives there."""
        from minikernel.kernel.page_tables import read_page_tables

        return read_page_tables(self._structures, self, lambda: self.modules)

    @property
    def proc_entries(self) -> ProcEntries:
        """The entries of /proc."""
        from minikernel.kernel.proc_entries import read_proc_entries

        return read_proc_entries(self._structures)

    @property
    def work_queue(self) -> WorkQueue:
        """The work that waits."""
        from minikernel.kernel.workqueue import read_work_queue

        return read_work_queue(self._structures)

    @property
    def log_buffer(self) -> LogBuffer:
        """The kernel log; `dmesg` is its text where nothing hinders."""
        from minikernel.kernel.log_buffer import read_log_buffer

        return read_log_buffer(self._structures)

    @property
    def deferred(self) -> DeferredTable:
        """The initcalls that were put off."""
        from minikernel.kernel.deferred import read_deferred_table

        return read_deferred_table(self._structures)

    @property
    def interrupts(self) -> Interrupts:
        """Who handles which interrupt."""
        from minikernel.kernel.irq import read_interrupts

        return read_interrupts(self._structures)

    # --- modules and names --------------------------------------------------------------------------------------------

    @property
    def modules(self) -> tuple[Module, ...]:
        """The loaded modules as guest memory has them now, newest first. Raises ImageError, GuestMemoryError."""
        return self._module_reader.modules()

    @property
    def module_list(self) -> ModuleList:
        """The same at any moment: with a condition, and without those that cannot be read."""
        from minikernel.kernel.module_list import read_module_list

        return read_module_list(self._structures, self._module_reader)

    def module(self, name: str) -> Module:
        """One of them. Raises UsageError naming near ones."""
        found = {module.name: module for module in self.modules}
        if name not in found:
            raise UsageError(f"no module {name!r} is loaded{near_names(name, found)}")
        return found[name]

    def symbolize(self, addr: int) -> str:
        """`do_initcalls+0x14`, in a module `hello_init+0x4 [hello]`, else the number."""
        if is_module_address(addr) and self.image.get("modules"):
            return self._module_reader.symbolize(addr) or f"{addr:#010x}"
        return self.image.symbolize(addr)

    @cached_property
    def _module_reader(self) -> ModuleReader:
        return ModuleReader(self.image, self.read, self.permissions)

    @cached_property
    def _structures(self) -> Structures:
        from minikernel.kernel.structures import Structures

        return Structures(self, self.symbolize)
