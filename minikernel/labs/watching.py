"""Is everything that is not the student's left alone while the kernel runs? Watches one machine, from reset.

The machine's own means: each store to watched RAM, each page the MMU is asked for. So these are exact:

  * no store ever hits code or read-only data, the student's own included; init code, init tables: not before their
    page is freed (poison is no change: code overwritten with it does not run);
  * no address of such code ever leads to other memory than that into which it was loaded;
  * after each run all of it is in RAM as linked (a device could have written it);
  * the variables that the host reads, and those of `protected` in lab.toml, are stored to by code of the source that
    defines them (and by the code that clears .bss) only, so not through memcpy either.

Not excluded, because a kernel may do all of it: student code that calls any function with any arguments, at any time,
from a frame it made up; that writes other variables; that draws on the console whatever it likes; that changes a table
in writable memory. So an event of the trace tells that a function was called, not that the call was meant: a check that
counts events compares them with what they cause (pages given back, permissions taken, registers of a device). Text on
the console proves nothing by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Collection

from minikernel.bits import align_down
from minikernel.kernel.events import MemoryFreed
from minikernel.kernel.machine import KernelMachine
from minikernel.labs.integrity import Change
from minikernel.labs.layout import Layout, Piece, source_of
from minikernel.machine.events import Event
from minikernel.machine.guest_memory import GuestMemoryError
from minikernel.machine.mmu import PAGE_SIZE, Access

#: Variables that the views of kernel/ read as the truth.
HOST_READS = ("nr_free_pages_count", "totalram_pages", "system_state", "lock_depth", "pending_work_running")

#: Clears .bss before anything else runs.
STARTER = "kernel/head.s"

MAX_CHANGES = 8


class Watch:
    """Of one machine that has not begun. `solution`: the layout that says which memory of the others is init memory;
    `line_of`: the source line of an address."""

    def __init__(
        self,
        machine: KernelMachine,
        layout: Layout,
        solution: Layout,
        protected: Collection[str],
        files: Collection[str],
        line_of: Callable[[int], str],
    ) -> None:
        self._machine = machine
        self._layout = layout
        self._files = files
        self._line_of = line_of
        self._freed: set[int] = set()
        self._seen: set[str] = set()
        self._changes: list[Change] = []
        self.has_seen_user_code = False
        """The processor has been in user mode: fetched an instruction without the kernel's privileges."""
        poison = machine.image.get("POISON_INITMEM")
        self._poison = None if poison is None else poison.value
        own = {piece for piece in _init_pieces(layout) if source_of(piece[0]) in files}
        init = own | _init_pieces(solution)
        self._constant = [piece for piece in layout.pieces if not piece.is_writable]
        self._init = {(piece.object_name, piece.index) for piece in self._constant} & init
        self._watch_constant()
        self._watch_variables((*HOST_READS, *protected))
        self._pages = self._constant_pages()
        machine.on_translation(self._translated)
        machine.trace.watchers.append(self._happened)

    def changes(self) -> tuple[Change, ...]:
        """What was seen so far, and what the memory shows now."""
        for piece in self._constant:
            if not self._is_freed(piece.addr, piece.size) and not self._is_as_linked(piece):
                self._note(f"{piece.name} of {source_of(piece.object_name)} is not in memory as it was linked", "")
        return tuple(self._changes)

    # --- what is watched ----------------------------------------------------------------------------------------------

    def _watch_constant(self) -> None:
        """One watch for each stretch of pieces that touch."""
        for first, end in _stretches(self._constant):
            start = first.lma

            def stored(paddr: int, size: int, value: int | None, offset: int = first.addr - first.lma) -> None:
                if value is not None:
                    self._stored_constant(paddr + offset, size, value)

            self._machine.watch_memory(start, end - start, stored)

    def _watch_variables(self, names: Collection[str]) -> None:
        for name in dict.fromkeys(names):
            symbol = self._machine.image.get(name)
            piece = None if symbol is None else self._layout.piece_at(symbol.value)
            if symbol is None or piece is None or not piece.is_writable:
                continue
            owner = source_of(piece.object_name)
            if owner in self._files:
                continue

            def stored(_paddr: int, _size: int, value: int | None, name: str = name, owner: str = owner) -> None:
                if value is not None:
                    self._stored_variable(name, owner)

            size = max(symbol.size, 4)
            self._machine.watch_memory(symbol.value - (piece.addr - piece.lma), size, stored)

    def _constant_pages(self) -> dict[int, int]:
        """Virtual page -> physical page of everything constant."""
        pages: dict[int, int] = {}
        for piece in self._constant:
            for addr in range(align_down(piece.addr, PAGE_SIZE), piece.end, PAGE_SIZE):
                pages[addr] = addr - (piece.addr - piece.lma)
        return pages

    # --- what happens -------------------------------------------------------------------------------------------------

    def _stored_constant(self, addr: int, size: int, value: int) -> None:
        piece = self._layout.piece_at(addr) or self._layout.piece_at(addr + size - 1)
        if piece is None or piece.is_writable or self._is_freed(addr, size):
            return
        is_init = (piece.object_name, piece.index) in self._init
        if is_init and value == self._poison:
            return  # about to be freed; changes() looks whether it was
        what = self._machine.image.symbolize(addr)
        self._note(
            f"{what}, {piece.name} of {source_of(piece.object_name)}, was written by {self._by()}", self._place()
        )

    def _stored_variable(self, name: str, owner: str) -> None:
        source = self._source()
        if source not in (owner, STARTER):
            self._note(f"{name} of {owner} was written by {self._by()}", self._place())

    def _translated(self, addr: int, paddr: int, access: Access) -> None:
        if access is Access.EXECUTE and not self._machine.cpu.is_privileged:
            self.has_seen_user_code = True
        page = align_down(addr, PAGE_SIZE)
        expected = self._pages.get(page)
        if expected is None or paddr == expected or self._is_freed(page, PAGE_SIZE):
            return
        what = self._machine.image.symbolize(addr)
        self._note(f"{what} led to other memory, at {paddr:#010x}, when {self._by()} ran", self._place())

    def _happened(self, event: Event) -> None:
        if isinstance(event, MemoryFreed):
            self._freed.update(range(event.start, event.end, PAGE_SIZE))

    # --- words --------------------------------------------------------------------------------------------------------

    def _is_freed(self, addr: int, size: int) -> bool:
        first, last = align_down(addr, PAGE_SIZE), align_down(addr + size - 1, PAGE_SIZE)
        return bool(self._freed) and any(page in self._freed for page in range(first, last + 1, PAGE_SIZE))

    def _is_as_linked(self, piece: Piece) -> bool:
        try:
            return self._machine.read_phys(piece.lma, piece.size) == self._machine.image.read(piece.addr, piece.size)
        except GuestMemoryError:
            return False

    def _pc(self) -> int:
        """The instruction, by its linked address: before the MMU is on the processor runs at the physical one."""
        pc = self._machine.cpu.pc
        offset = self._layout.load_offset
        return pc if self._layout.piece_at(pc) else (pc + offset) & 0xFFFF_FFFF

    def _by(self) -> str:
        return self._machine.symbolize(self._pc())

    def _source(self) -> str:
        piece = self._layout.piece_at(self._pc())
        return source_of(piece.object_name) if piece else ""

    def _place(self) -> str:
        return self._line_of(self._pc())

    def _note(self, text: str, place: str) -> None:
        key = text.split(" was written by ")[-1] if " was written by " in text else text
        if key not in self._seen and len(self._changes) < MAX_CHANGES:
            self._seen.add(key)
            self._changes.append(Change(text, place))


def _init_pieces(layout: Layout) -> set[tuple[str, int]]:
    """The pieces between __init_begin and __init_end."""
    begin, end = (layout.state.global_address(name) for name in ("__init_begin", "__init_end"))
    if begin is None or end is None:
        return set()
    return {(piece.object_name, piece.index) for piece in layout.pieces if begin <= piece.addr < end}


def _stretches(pieces: Collection[Piece]) -> list[tuple[Piece, int]]:
    """(first piece, physical end) of each run of pieces with less than a page between them and one load offset."""
    found: list[tuple[Piece, int]] = []
    for piece in sorted(pieces, key=lambda each: each.lma):
        if found:
            first, end = found[-1]
            if piece.lma - end < PAGE_SIZE and piece.addr - piece.lma == first.addr - first.lma:
                found[-1] = first, max(end, piece.lma + piece.size)
                continue
        found.append((piece, piece.lma + piece.size))
    return found
