"""The loadable modules, read from the guest's own list (guest/kernel/module_list.s, struct module in module.inc).

Offsets are the guest's `.equ` names, looked up in the image, so a student who moves a field is understood.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum
from functools import cached_property

from minikernel.elf.image import Image
from minikernel.kernel.memory import PAGE_SIZE
from minikernel.machine.machine import GuestMemoryError
from minikernel.showing import Card, Table

#: Reads `size` bytes at a guest virtual address.
Reader = Callable[[int, int], bytes]

#: Where modules live (guest/include/memory.inc).
AREA_START, AREA_END = 0xBF00_0000, 0xC000_0000

#: How many modules a list may have before it is taken for a ring that does not lead back.
LIST_LIMIT = 4096

#: The letters of MODULE_TAINTS, bit by bit, as Linux's taint_flags has them.
TAINT_LETTERS = "PFSRMBUDAWCIOELKXTN"

_NAME_LIMIT = 60


class ModuleState(Enum):
    """MODULE_STATE_*; the value is the word that /proc/modules uses, UNFORMED modules are not in it."""

    LIVE = "Live"
    COMING = "Loading"
    GOING = "Unloading"
    UNFORMED = "Unformed"


#: By MODULE_STATE's number.
STATES = (ModuleState.LIVE, ModuleState.COMING, ModuleState.GOING, ModuleState.UNFORMED)


class MemoryKind(Enum):
    """MOD_*: what a piece of module memory is for; the order is the number."""

    TEXT = "text"
    DATA = "data"
    RODATA = "rodata"
    RO_AFTER_INIT = "ro_after_init"
    INIT_TEXT = "init_text"
    INIT_DATA = "init_data"
    INIT_RODATA = "init_rodata"

    @property
    def is_init(self) -> bool:
        """Given back once init is done."""
        return self.value.startswith("init_")


KINDS = tuple(MemoryKind)


@dataclass(frozen=True)
class ModuleMemory:
    """One kind of a module's memory. `size` bytes are used of `pages`; `permissions` as in /proc/PID/maps: "r-x"."""

    kind: MemoryKind
    base: int
    size: int
    pages: int
    permissions: str

    def __contains__(self, addr: int) -> bool:
        return self.base <= addr < self.base + self.size


def is_module_address(addr: int) -> bool:
    """Whether an address lies in the module area, mapped or not."""
    return AREA_START <= addr < AREA_END


@dataclass(frozen=True)
class ModuleSection:
    """A loaded section, as /sys/module/NAME/sections tells."""

    name: str
    address: int


@dataclass(frozen=True)
class ModuleSymbol:
    """A symbol of a module as its kallsyms keep it: address, nm's letter (capital: exported), name."""

    address: int
    kind: str
    name: str


@dataclass(frozen=True)
class Module(Card):
    """One module at the moment it was read. `size` is in bytes, of whole pages, as in /proc/modules.

    `refcount` counts users, `used_by` and `uses` name modules; `init` and `exit` are addresses, 0 where there is none.
    """

    name: str
    address: int
    state: ModuleState
    refcount: int
    used_by: tuple[str, ...]
    uses: tuple[str, ...]
    taints: str
    init: int
    exit: int
    memory: tuple[ModuleMemory, ...]
    sections: tuple[ModuleSection, ...]
    symbols: tuple[ModuleSymbol, ...]

    def __repr__(self) -> str:
        return f"<Module {self.name}: {self.state.value}, {self.size} bytes, {self.refcount} references>"

    def card(self) -> dict[str, str]:
        """For IPython."""
        memory = "\n".join(
            f"{each.base:#010x} {each.permissions} {each.kind.value}, {each.size} bytes" for each in self.memory
        )
        return {
            "name": self.name,
            "state": self.state.value,
            "references": " ".join([str(self.refcount), *self.used_by]),
            "uses": " ".join(self.uses) or "nothing",
            "taints": self.taints or "nothing",
            "memory": memory or "none",
        }

    @property
    def size(self) -> int:
        """Bytes of all pages it has now."""
        return self.pages * PAGE_SIZE

    @property
    def pages(self) -> int:
        """Pages it has now."""
        return sum(memory.pages for memory in self.memory)

    @property
    def is_permanent(self) -> bool:
        """It has an init and no exit: it cannot be removed."""
        return bool(self.init) and not self.exit

    def symbol(self, name: str) -> ModuleSymbol | None:
        """A symbol by its name."""
        return next((symbol for symbol in self.symbols if symbol.name == name), None)

    def symbolize(self, addr: int) -> str | None:
        """`hello_init+0x4 [hello]`; None for an address that is not the module's."""
        if not any(addr in memory for memory in self.memory):
            return None
        before = [symbol for symbol in self.symbols if symbol.address <= addr]
        if not before:
            return f"{addr:#010x} [{self.name}]"
        nearest = max(before, key=lambda symbol: symbol.address)
        offset = addr - nearest.address
        return f"{nearest.name}+{offset:#x} [{self.name}]" if offset else f"{nearest.name} [{self.name}]"


class Modules(Table[Module]):
    """Loaded modules, newest first."""

    headings = ("module", "size", "references", "used by", "state", "address")

    @staticmethod
    def row(item: Module) -> tuple[str, ...]:
        """As in /proc/modules."""
        base = f"{min(memory.base for memory in item.memory):#010x}" if item.memory else "-"
        return item.name, str(item.size), str(item.refcount), " ".join(item.used_by), item.state.value, base


class ModuleReader:
    """Reads struct module and the list of them. `permissions` tells what may be done with a page, "r-x".

    Raises ImageError when the image has no module loader, GuestMemoryError for pointers that lead nowhere.
    """

    def __init__(self, image: Image, read: Reader, permissions: Callable[[int], str]) -> None:
        self._image = image
        self._read = read
        self._permissions = permissions

    def modules(self) -> Modules:
        """Every module in the list, newest first, UNFORMED ones too."""
        return Modules(self.module(address) for address in self.addresses())

    def addresses(self) -> Iterator[int]:
        """Of every struct module in the list, newest first."""
        for entry in self._ring(self._image.address("modules")):
            yield entry - self._offset("MODULE_LIST")

    def symbolize(self, addr: int) -> str | None:
        """`hello_init+0x4 [hello]`; None for an address that is no module's."""
        names = (module.symbolize(addr) for module in self.modules())
        return next((name for name in names if name is not None), None)

    def name(self, module: int) -> str:
        """The name in the struct module at an address."""
        return self._string(module + self._offset("MODULE_NAME"), _NAME_LIMIT)

    def state(self, module: int) -> ModuleState:
        """The state of the struct module at an address."""
        return STATES[self._field(module, "MODULE_STATE") & 3]

    def memory(self, module: int, kind: int) -> ModuleMemory:
        """One row of MODULE_MEM."""
        row = module + self._offset("MODULE_MEM") + kind * self._offset("MODMEM_ROW")
        base, size, pages = (self._field(row, f"MODMEM_{word}") for word in ("BASE", "SIZE", "PAGES"))
        return ModuleMemory(KINDS[kind], base, size, pages, self._permissions(base) if pages else "---")

    def module(self, at: int) -> Module:
        """The struct module at an address."""
        taints = self._field(at, "MODULE_TAINTS")
        return Module(
            name=self.name(at),
            address=at,
            state=self.state(at),
            refcount=self._field(at, "MODULE_REFCNT") - self._offset("MODULE_REF_BASE"),
            used_by=tuple(self._users(at, "SOURCE")),
            uses=tuple(self._users(at, "TARGET")),
            taints="".join(letter for bit, letter in enumerate(TAINT_LETTERS) if taints >> bit & 1),
            init=self._field(at, "MODULE_INIT"),
            exit=self._field(at, "MODULE_EXIT"),
            memory=tuple(row for kind in range(len(KINDS)) if (row := self.memory(at, kind)).pages),
            sections=tuple(self._sections(at)),
            symbols=tuple(self._symbols(at)),
        )

    def _users(self, module: int, end: str) -> Iterator[str]:
        """Names along MODULE_SOURCE_LIST (who uses it) or MODULE_TARGET_LIST (whom it uses)."""
        head = module + self._offset(f"MODULE_{end}_LIST")
        if self.state(module) is ModuleState.UNFORMED and not self._word(head):
            return
        for link in self._ring(head):
            yield self.name(self._word(link - self._offset(f"USE_{end}_LIST") + self._offset(f"USE_{end}")))

    def _symbols(self, module: int) -> Iterator[ModuleSymbol]:
        count = self._field(module, "MODULE_NUM_SYMTAB")
        if not count:
            return
        rows = self._read(self._field(module, "MODULE_SYMTAB"), 8 * count)
        letters = self._read(self._field(module, "MODULE_TYPETAB"), count).decode("ascii", "replace")
        strings = self._field(module, "MODULE_STRTAB")
        for (value, offset), letter in zip(struct.iter_unpack("<II", rows), letters, strict=True):
            yield ModuleSymbol(value, letter, self._string(strings + offset, PAGE_SIZE))

    def _sections(self, module: int) -> Iterator[ModuleSection]:
        count = self._field(module, "MODULE_NUM_SECT_ATTRS")
        row = self._field(module, "MODULE_SECT_ATTRS")
        for number in range(count):
            name, address = struct.unpack("<II", self._read(row + 8 * number, 8))
            yield ModuleSection(self._string(name, PAGE_SIZE), address)

    def _ring(self, head: int) -> Iterator[int]:
        """The entries of a list_head ring."""
        entry = self._word(head)
        for _ in range(LIST_LIMIT):
            if entry == head:
                return
            yield entry
            entry = self._word(entry)
        raise GuestMemoryError(head, f"the list at {head:#010x} does not lead back to its head")

    def _field(self, base: int, name: str) -> int:
        return self._word(base + self._offset(name))

    def _offset(self, name: str) -> int:
        return self._offsets.setdefault(name, self._image.address(name))

    @cached_property
    def _offsets(self) -> dict[str, int]:
        return {}

    def _word(self, addr: int) -> int:
        return int.from_bytes(self._read(addr, 4), "little")

    def _string(self, addr: int, limit: int) -> str:
        """A NUL-ended text of at most `limit` bytes, read page by page."""
        text = b""
        while len(text) < limit and b"\0" not in text:
            at = addr + len(text)
            text += self._read(at, min(PAGE_SIZE - at % PAGE_SIZE, limit - len(text)))
        return text.partition(b"\0")[0].decode("utf-8", "replace")
