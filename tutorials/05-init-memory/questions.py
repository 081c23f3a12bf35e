"""The answers of chapter 05, computed from the image, from a boot, and by arithmetic."""

from __future__ import annotations

from minikernel.kernel.events import MemoryPoisoned
from minikernel.lessons.answers import Address, Answer, Count, Name, Size
from minikernel.lessons.asking import Lesson
from minikernel.lessons.questions import question

PAGE = 4096

#: Modules of 1 July 2002 larger than a page, by what their last page holds, in steps of 512 bytes (Adam Richter).
LAST_PAGE = (102, 108, 81, 76, 71, 90, 69, 57)
STEP = 512


def _pages(size: int) -> int:
    return -(-size // PAGE)


@question("what `fin` tells behind free_initmem, or the line *freed* of the story")
def pages_freed(lesson: Lesson) -> Answer:
    return Count(sum(free.pages for free in lesson.machine.frees if free.by == "free_initmem"), "pages")


@question("`minikernel map`: the sections of vmlinux")
def size_of_the_archive(lesson: Lesson) -> Answer:
    return Size(next(section.size for section in lesson.image.sections if section.name == ".init.ramfs"))


@question("`minikernel map`: all of init memory, less the sections in it")
def filling(lesson: Lesson) -> Answer:
    begin, end = lesson.image.address("__init_begin"), lesson.image.address("__init_end")
    return Size(end - begin - sum(each.size for each in lesson.image.sections if begin <= each.addr < end))


@question("`minikernel debug --at console_wait`, then `history camera_init`")
def who_poisoned(lesson: Lesson) -> Answer:
    address = lesson.image.address("camera_init")
    events = lesson.machine.trace.of(MemoryPoisoned)
    return Name(next(event.by for event in events if event.start <= address < event.end))


@question("`info freelists` behind the free: order 3, unmapped")
def block_of_8(lesson: Lesson) -> Answer:
    areas = lesson.machine.free_lists.areas
    return Address(next(area.blocks[0] for area in areas if area.is_unmapped and area.order == 3))


@question("round both sizes up to pages: with init, and without")
def saved(_lesson: Lesson) -> Answer:
    return Count(_pages(9000) - _pages(9000 - 1000), "pages")


@question("which rows of the table have no more than that in the last page?")
def lose_a_page(_lesson: Lesson) -> Answer:
    return Count(sum(LAST_PAGE[: 1024 // STEP]), "modules")
