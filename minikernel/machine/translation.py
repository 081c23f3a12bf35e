"""Between the processor and memory: answers each TLB fill of the engine, and uses the moment.

Three things hang on the permissions an answer gives, all per 4 KiB page of RAM:
  * A page is given for writing only when the guest first writes it; so `Ram.dirty` is exact at no cost.
  * Privileged code is given for execution only after its words were searched for sensitive instructions
    (sensitive.py); the first store to it takes that back. So a page is writable or executable here, never both.
    The engine does not notice that what it has translated of such a page is old: when code runs there again, as in a
    page that a second module gets, all is translated anew.
  * A page that changes between the two again and again (a tiny kernel with its stack beside its code) is given both,
    and every block in it is watched instead.
None of this shows to the guest: what it may do is decided by its own tables alone (mmu.py, tlb.py).
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import NamedTuple

from minikernel.bits import bits
from minikernel.machine.alignment import condition_passed
from minikernel.machine.cpu import Cp15, Cpu
from minikernel.machine.mmu import (
    PAGE_MASK,
    PAGE_SHIFT,
    PAGE_SIZE,
    Access,
    ControlRegisters,
    FaultStatus,
    MmuFault,
    TlbEntry,
    allowed,
    check,
    walk,
)
from minikernel.machine.pc_watch import PcWatch
from minikernel.machine.ram import Ram
from minikernel.machine.sensitive import (
    Sensitivity,
    classify,
    ends_run,
    find_sensitive,
    is_unprivileged_transfer,
)
from minikernel.machine.tlb import Tlb

WORDS_PER_PAGE = PAGE_SIZE // 4
ASID_MASK = 0xFF
READ_WRITE = Access.READ | Access.WRITE
READ_EXECUTE = Access.READ | Access.EXECUTE
FULL = Access.READ | Access.WRITE | Access.EXECUTE
PATIENCE = 16  # changes between code and data before a page counts as both


class RefusedAccess(NamedTuple):
    """An access the guest was not allowed; `page` is the address of the page, not yet of the byte."""

    page: int
    access: Access
    fault: MmuFault
    is_privileged: bool


class Translation:
    """The MMU of one Cpu over one Ram. `irq_pending()` tells whether an interrupt waits."""

    def __init__(self, cpu: Cpu, ram: Ram, watch: PcWatch, irq_pending: Callable[[], bool]) -> None:
        self.tlb = Tlb()
        self.refused: RefusedAccess | None = None
        self.counter_read: int | None = None
        """The instruction, a read of a counter, that the slice ended before."""
        self.on_fill: list[Callable[[int, int, Access], None]] = []
        """Called with virtual address, physical page and what is to be done, before each answer of the MMU: whatever
        the guest executes, loads or stores goes through a page that these have been told of."""
        self._cpu = cpu
        self._ram = ram
        self._watch = watch
        self._irq_pending = irq_pending
        self._registers: ControlRegisters | None = None
        self._write_is_near = False
        self._writable: set[int] = set()
        self._code: set[int] = set()
        self._searched: set[tuple[int, int]] = set()
        self._watched: set[tuple[int, Sensitivity]] = set()
        self._mixed: set[int] = set()
        self._changes: dict[int, int] = {}
        self._fetched: set[int] = set()
        self._outdated: set[int] = set()

    # --- for the machine --------------------------------------------------------------------------------------

    @property
    def registers(self) -> ControlRegisters:
        """The control registers as they are now."""
        known = self._registers
        if known is None:
            known = self._read_registers()
            if not self._write_is_near:
                self._registers = known
        return known

    def registers_changed(self) -> None:
        """Somebody wrote a control register."""
        self._registers = None

    def after_slice(self) -> None:
        """Between slices: a write that was the next instruction has been executed."""
        if self._write_is_near:
            self._write_is_near = False
            self._registers = None

    def _read_registers(self) -> ControlRegisters:
        cp15 = self._cpu.cp15
        return ControlRegisters(
            sctlr=cp15(Cp15.SCTLR),
            ttbr0=cp15(Cp15.TTBR0),
            ttbr1=cp15(Cp15.TTBR1),
            ttbcr=cp15(Cp15.TTBCR),
            dacr=cp15(Cp15.DACR),
            asid=cp15(Cp15.CONTEXTIDR) & ASID_MASK,
            vbar=cp15(Cp15.VBAR),
        )

    def forget_engine_entries(self) -> None:
        """Have every page asked for again; the guest's TLB stays as it is."""
        self._cpu.flush_tlb()
        self._writable.clear()

    def host_wrote(self, pages: range | list[int]) -> None:
        """The host changed these pages of RAM between slices."""
        if not self._fetched.isdisjoint(pages):
            self._cpu.forget_all_translation()
            self._fetched.clear()
        if any(page in self._code for page in pages):
            for page in pages:
                self._leave_code(page)
            self.forget_engine_entries()

    def physical(self, addr: int) -> int | None:
        """Where a privileged access to `addr` would go by the tables in memory; None where nothing is mapped.
        Changes nothing, not even the TLB."""
        if not self.registers.enabled:
            return addr
        found = walk(addr, self.registers, self._ram.read_word)
        if isinstance(found, MmuFault):
            return None
        return found.frame << PAGE_SHIFT | addr & PAGE_MASK

    def permissions(self, addr: int) -> Access:
        """What a privileged access may do at `addr` by the tables in memory; nothing where nothing is mapped."""
        if not self.registers.enabled:
            return FULL
        found = walk(addr, self.registers, self._ram.read_word)
        if isinstance(found, MmuFault):
            return Access(0)
        return allowed(found, self.registers, True) or Access(0)

    def code_word(self, addr: int) -> int | None:
        """The word of code at `addr`, by the translation it was or would be fetched with; None outside RAM."""
        if not self.registers.enabled:
            return self._ram.read_word(addr)
        entry = self.tlb.find(addr >> PAGE_SHIFT, self.registers.asid)
        paddr = self.physical(addr) if entry is None else entry.frame << PAGE_SHIFT | addr & PAGE_MASK
        return None if paddr is None else self._ram.read_word(paddr)

    def load(self, entries: tuple[TlbEntry, ...]) -> None:
        """After the processor was loaded: take the TLB and ask for everything again."""
        self.tlb.load(entries)
        self.registers_changed()
        self.refused = None
        self.forget_engine_entries()

    # --- the fill ---------------------------------------------------------------------------------------------

    def translate(self, addr: int, access: Access) -> tuple[int, Access] | None:
        """The engine asks for the page at `addr`: (physical address, permissions), or None after noting why not."""
        is_privileged = self._cpu.is_privileged
        frame, granted = addr >> PAGE_SHIFT, FULL
        if self.registers.enabled:
            entry = self._entry(addr)
            if isinstance(entry, MmuFault):
                self._refuse(addr, access, entry, is_privileged)
                return None
            if is_privileged and access != Access.EXECUTE and self._is_unprivileged_transfer(entry):
                is_privileged = False
            checked = check(entry, self.registers, access, is_privileged)
            if isinstance(checked, MmuFault):
                self._refuse(addr, access, checked, is_privileged)
                return None
            frame, granted = entry.frame, checked
        paddr = frame << PAGE_SHIFT
        for listener in self.on_fill:
            listener(addr, paddr, access)
        if paddr not in self._ram:
            if access == Access.EXECUTE:
                self._refuse(addr, access, MmuFault(FaultStatus.EXTERNAL_ABORT), is_privileged)
                return None
            return paddr, granted & ~Access.EXECUTE
        page = self._ram.page_number(paddr)
        return paddr, granted & self._prepare(addr >> PAGE_SHIFT, page, access, granted, is_privileged)

    def _entry(self, addr: int) -> TlbEntry | MmuFault:
        known = self.tlb.find(addr >> PAGE_SHIFT, self.registers.asid)
        if known is not None:
            return known
        found = walk(addr, self.registers, self._ram.read_word)
        if isinstance(found, TlbEntry):
            self.tlb.add(found)
        return found

    def _refuse(self, addr: int, access: Access, fault: MmuFault, is_privileged: bool) -> None:
        if self.refused is None:  # after a refusal the engine may ask once more for something else
            self.refused = RefusedAccess(addr, access, fault, is_privileged)

    def _is_unprivileged_transfer(self, entry: TlbEntry) -> bool:
        """ldrt and strt ask in the name of user mode, but the engine does not say so: look at the instruction.
        Only where it makes a difference."""
        both = [check(entry, self.registers, FULL, privileged) for privileged in (True, False)]
        if both[0] == both[1]:
            return False
        word = self.code_word(self._cpu.pc)
        return word is not None and is_unprivileged_transfer(word)

    # --- the state of a page ----------------------------------------------------------------------------------

    def _prepare(self, virtual_page: int, page: int, access: Access, granted: Access, is_privileged: bool) -> Access:
        """Make `page` ready for `access`; what may be done with it until it is asked for again."""
        if page in self._mixed:
            if granted & Access.WRITE:
                self._ram.dirty.add(page)
            self._watch_whole_page(virtual_page)
            return FULL
        if access == Access.WRITE:
            return self._prepare_write(page, is_privileged)
        if access == Access.EXECUTE:
            self._fetched.add(page)
            return self._prepare_code(virtual_page, page) if is_privileged else READ_EXECUTE
        return self._prepare_read(virtual_page, page, is_privileged)

    def _prepare_write(self, page: int, is_privileged: bool) -> Access:
        self._ram.dirty.add(page)
        if page in self._code:
            self._leave_code(page)
            self.forget_engine_entries()
            self._changes[page] = self._changes.get(page, 0) + 1
            if self._changes[page] >= PATIENCE:
                self._mixed.add(page)
                self._watch.retranslate()
                self._cpu.shorten()
        self._writable.add(page)
        return READ_WRITE if is_privileged else FULL

    def _prepare_code(self, virtual_page: int, page: int) -> Access:
        if page in self._writable:
            self.forget_engine_entries()
        if page in self._outdated:
            self._outdated.clear()
            self._watch.retranslate()
            self._cpu.shorten()
        self._code.add(page)
        if (virtual_page, page) not in self._searched:
            self._searched.add((virtual_page, page))
            self._watch_sensitive(virtual_page, page)
        return READ_EXECUTE

    def _prepare_read(self, virtual_page: int, page: int, is_privileged: bool) -> Access:
        if page in self._code:
            is_searched = (virtual_page, page) in self._searched
            return READ_EXECUTE if is_searched and is_privileged else Access.READ
        if page in self._ram.dirty:
            self._writable.add(page)
            return READ_WRITE if is_privileged else FULL
        return Access.READ if is_privileged else READ_EXECUTE

    def _leave_code(self, page: int) -> None:
        self._code.discard(page)
        self._outdated.add(page)
        self._searched = {pair for pair in self._searched if pair[1] != page}

    # --- sensitive instructions -------------------------------------------------------------------------------

    def _words(self, page: int) -> tuple[int, ...]:
        return struct.unpack(f"<{WORDS_PER_PAGE}I", self._ram.read(self._ram.base + (page << PAGE_SHIFT), PAGE_SIZE))

    def _watch_sensitive(self, virtual_page: int, page: int) -> None:
        base = virtual_page << PAGE_SHIFT
        for spot in find_sensitive(self._words(page)):
            addr, start = base + 4 * spot.word, base + 4 * spot.start
            if (addr, spot.sensitivity) in self._watched:
                continue
            self._watched.add((addr, spot.sensitivity))
            if spot.sensitivity is Sensitivity.UNMASK:
                self._watch.approach(addr, start, self._approach_unmask)
            else:
                self._watch.reach(addr, start, self._reach_sensitive)

    def _approach_unmask(self, _at: int, distance: int) -> None:
        """`distance` instructions before one that may clear CPSR.I: with an interrupt waiting, end right behind it."""
        if self._irq_pending():
            self._cpu.shorten(distance + 1)

    def _reach_sensitive(self, addr: int) -> None:
        """A write of a translation register, a TLB operation or a read of a counter is the next instruction."""
        word = self.code_word(addr)
        if word is None or not self._cpu.is_privileged:
            return
        match classify(word):
            case Sensitivity.CONTROL:
                self.registers_changed()
                self._write_is_near = True  # what is read until the slice ends may be from before or from behind it
                self._cpu.shorten(1)
            case Sensitivity.TLB if condition_passed(word, self._cpu.cpsr):
                self._maintain_tlb(bits(word, 7, 5), self._cpu.r(bits(word, 15, 12)))
                self.forget_engine_entries()  # the engine itself would forget single pages of a section
            case Sensitivity.CODE:
                self._watch.retranslate()  # the engine does not notice what was stored through another mapping
                self._cpu.shorten(1)
            case Sensitivity.COUNTER:
                self.counter_read = word
                self._cpu.shorten()

    def _maintain_tlb(self, opc2: int, value: int) -> None:
        """c8 operations differ in CRm (instruction, data, unified, inner shareable), which is all one here."""
        asid = value & ASID_MASK
        match opc2:
            case 0:
                self.tlb.invalidate_all()
            case 1:
                self.tlb.invalidate_address(value, asid)
            case 2:
                self.tlb.invalidate_asid(asid)
            case 3:
                self.tlb.invalidate_address(value, None)

    def _watch_whole_page(self, virtual_page: int) -> None:
        base = virtual_page << PAGE_SHIFT
        if (base, Sensitivity.UNMASK) in self._watched and (base, Sensitivity.CONTROL) in self._watched:
            return
        self._watched |= {(base, Sensitivity.UNMASK), (base, Sensitivity.CONTROL)}
        self._watch.approach(base + PAGE_SIZE - 4, base, self._block_in_mixed_page)

    def _block_in_mixed_page(self, at: int, _distance: int) -> None:
        """A block begins in a page that is code and data at once: does a sensitive instruction end it?"""
        for distance in range(WORDS_PER_PAGE - (at & PAGE_MASK) // 4):
            addr = at + 4 * distance
            word = self.code_word(addr)
            sensitivity = None if word is None else classify(word)
            if sensitivity is Sensitivity.UNMASK:
                self._approach_unmask(at, distance)
            elif sensitivity is not None and distance:
                self._cpu.shorten(distance)
            elif sensitivity is not None:
                self._reach_sensitive(addr)
            if word is None or sensitivity is not None or ends_run(word):
                return
