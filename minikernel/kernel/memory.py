"""The page allocator's counts, as the guest keeps them (guest/kernel/page_alloc.s)."""

from __future__ import annotations

from minikernel.elf.image import Image
from minikernel.machine.machine import Machine

PAGE_SIZE = 4096


def free_pages(machine: Machine) -> int:
    """Pages the allocator could hand out now. Raises ImageError when the guest has no such count."""
    return machine.read_word(machine.image.address("nr_free_pages_count"))


def total_pages(machine: Machine) -> int:
    """Pages the allocator was ever given: totalram_pages."""
    return machine.read_word(machine.image.address("totalram_pages"))


def init_range(image: Image) -> tuple[int, int]:
    """[__init_begin, __init_end): what free_initmem gives back."""
    return image.address("__init_begin"), image.address("__init_end")
