"""How many pages a module takes and how many come back after init, against the arithmetic of its file (letter 002).

Each kind of memory has whole pages of its own, so 2 bytes that only init needs are a page, and that page comes back.
"""

from __future__ import annotations

import random
import struct
from dataclasses import dataclass

import pytest
from modules.guest_loader import NR_INIT_MODULE, GuestLoader, fresh, struct_module
from modules.ko import KoFile, module
from modules.sources import GPL, HEAD

from minikernel.elf.constants import SectionFlag, SectionType

PAGE = 4096
KINDS = 7  # MOD_TEXT DATA RODATA RO_AFTER_INIT INIT_TEXT INIT_DATA INIT_RODATA
FIRST_INIT_KIND = 4
RANDOM_MODULES = 100
NOT_KEPT = (".modinfo", "__versions", ".data..percpu")


@dataclass(frozen=True)
class Sizes:
    """Bytes of each kind of section."""

    text: int
    data: int
    rodata: int
    after_init: int
    init_text: int
    init_data: int
    init_rodata: int
    bss: int

    @property
    def source(self) -> str:
        """A module of these sizes; init and exit are its first instructions, where there is room."""
        sections = (
            (".text", "ax", self.text),
            (".data", "aw", self.data),
            (".rodata", "a", self.rodata),
            (".data..ro_after_init", "aw", self.after_init),
            (".init.text", "ax", self.init_text),
            (".init.data", "aw", self.init_data),
            (".init.rodata", "a", self.init_rodata),
        )
        lines = [HEAD, GPL]
        for name, flags, size in sections:
            if size:
                lines.append(f'        .section {name}, "{flags}", %progbits\n        .space {size}\n')
        if self.bss:
            lines.append(f'        .section .bss, "aw", %nobits\n        .space {self.bss}\n')
        return "".join(lines)


def expected_sizes(ko: bytes) -> list[int]:
    """Bytes of each kind of memory: sections in file order, each at its alignment, on a word at least."""
    file, sizes = KoFile(ko), [0] * KINDS
    for index, name in enumerate(file.sections):
        flags = file.sh(index, "sh_flags")
        if not flags & SectionFlag.ALLOC or name in NOT_KEPT or file.sh(index, "sh_type") == SectionType.NULL:
            continue
        if flags & SectionFlag.EXECINSTR:
            kind = 0
        elif name == ".data..ro_after_init":
            kind = 3
        else:
            kind = 1 if flags & SectionFlag.WRITE else 2
        if name.startswith(".init"):
            kind = 4 + min(kind, 2)
        alignment = max(4, file.sh(index, "sh_addralign"))
        sizes[kind] = -(-sizes[kind] // alignment) * alignment + file.sh(index, "sh_size")
    return sizes


def pages(size: int) -> int:
    return -(-size // PAGE)


def memory(guest: GuestLoader, address: int) -> list[tuple[int, int]]:
    """(bytes, pages) of each kind, from struct module."""
    rows = guest.machine.read(address + struct_module("MEM"), 12 * KINDS)
    return [(size, count) for _, size, count in struct.iter_unpack("<3I", rows)]


def loaded_until_live(guest: GuestLoader, ko: bytes) -> tuple[int, list[tuple[int, int]], int]:
    """(free pages, memory, address of the module) when its init is over and not yet given back."""
    cpu, machine = guest.machine.cpu, guest.machine
    for register, value in enumerate((guest.put(ko), len(ko), guest.text(""))):
        cpu.set_r(register, value)
    cpu.set_r(7, NR_INIT_MODULE)
    cpu.pc = guest.gate
    drop = guest.image.address("trim_init_extable")
    machine.run(until={guest.back, drop}, max_instructions=50_000_000)
    assert cpu.pc == drop, guest.log[-1000:]
    found = guest.word("nr_free_pages_count"), memory(guest, cpu.r(0)), cpu.r(0)
    machine.run(until={guest.back}, max_instructions=50_000_000)
    assert cpu.r(0) == 0
    guest.forget_texts()
    return found


def check(guest: GuestLoader, ko: bytes) -> int:
    """Loads and unloads it; the pages that came back after init."""
    guest.reset()
    before = guest.state()
    sizes = expected_sizes(ko)
    free, during, address = loaded_until_live(guest, ko)
    assert during == [(size, pages(size)) for size in sizes]
    after = memory(guest, address)
    assert after[:FIRST_INIT_KIND] == during[:FIRST_INIT_KIND]
    assert after[FIRST_INIT_KIND:] == [(0, 0)] * 3
    assert sum(count for _, count, _ in guest.areas()) == sum(count for _, count in after)
    back = guest.word("nr_free_pages_count") - free
    (name, *_), *_ = guest.modules()
    assert guest.delete_module(name) == 0
    assert guest.state() == before
    return back


def test_4095_bytes_that_stay_and_2_for_init_give_exactly_one_page_back() -> None:
    ko = module("letter", Sizes(0, 0, 4095, 0, 0, 2, 0, 0).source)
    assert expected_sizes(ko)[2] == 4095 and expected_sizes(ko)[5] == 2
    assert check(fresh(), ko) == 1


@pytest.mark.parametrize(
    ("init", "back"), [(1, 1), (2, 1), (4095, 1), (4096, 1), (4097, 2), (8192, 2), (8193, 3), (65536, 16)]
)
def test_init_comes_back_in_whole_pages(init: int, back: int) -> None:
    assert check(fresh(), module("letter", Sizes(8, 4, 4, 0, 0, init, 0, 0).source)) == back


def test_each_kind_of_init_memory_has_pages_of_its_own() -> None:
    assert check(fresh(), module("letter", Sizes(8, 4, 4, 4, 4, 4, 4, 4).source)) == 3


def test_nothing_comes_back_where_nothing_was_for_init() -> None:
    assert check(fresh(), module("letter", Sizes(9000, 9000, 9000, 9000, 0, 0, 0, 9000).source)) == 0


def test_a_hundred_random_sizes() -> None:
    rng = random.Random(2002)
    guest = fresh()
    for number in range(RANDOM_MODULES):
        sizes = Sizes(*(rng.choice((0, 0, rng.randrange(1, 64), rng.randrange(1, 3 * PAGE))) for _ in range(8)))
        ko = module(f"random{number}", sizes.source)
        wanted = sum(pages(size) for size in expected_sizes(ko)[FIRST_INIT_KIND:])
        assert check(guest, ko) == wanted, sizes
