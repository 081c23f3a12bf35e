"""The answers of chapter 01, computed from a boot."""

from __future__ import annotations

from minikernel.kernel.events import MilestoneName
from minikernel.lessons.answers import Address, Answer, Count, Duration, Errno, Name, Ratio, Size
from minikernel.lessons.asking import Lesson
from minikernel.lessons.questions import question

USB = ("ehci_hcd", "uhci_hcd", "usb_storage")


@question("the first row of the story, or `minikernel initcalls`")
def first_of_all(lesson: Lesson) -> Answer:
    return Name(lesson.machine.initcalls[0].name)


@question("the column *returned* of level arch")
def what_iommu_init_returned(lesson: Lesson) -> Answer:
    return Errno(next(call.returned for call in lesson.machine.initcalls if call.name == "iommu_init"))


@question("*slowest initcalls* at the end of the story, or the longest bar")
def slowest(lesson: Lesson) -> Answer:
    return Duration(1000 * max(call.usecs for call in lesson.machine.initcalls))


@question("the line *freed* of the story, or *init memory* at its end")
def init_memory(lesson: Lesson) -> Answer:
    return Size(sum(free.size for free in lesson.machine.frees if free.by == "free_initmem"))


@question("the comparison at the end of the story")
def times_earlier(lesson: Lesson) -> Answer:
    eager = lesson.boot(set=dict.fromkeys(USB, "y"))
    this, that = (machine.milestone_us(MilestoneName.FIRST_PICTURE) for machine in (lesson.machine, eager))
    return Ratio((that or 0) / (this or 1))


@question("the line *freed* of the story, or `__init_begin` in `minikernel map`")
def where_init_memory_begins(lesson: Lesson) -> Answer:
    return Address(lesson.image.address("__init_begin"))


@question("the rows of the story above the milestone *user space*, or `minikernel boot -q --trace boot.jsonl`")
def returned_before_user_space(lesson: Lesson) -> Answer:
    machine = lesson.machine
    userspace = machine.milestones[MilestoneName.USERSPACE].time_ns // 1000
    return Count(sum(call.called_us < userspace for call in machine.initcalls), "initcalls")


@question("the lines *by* below *freed*: the caller stands behind the arrow")
def who_called_free_initmem(lesson: Lesson) -> Answer:
    return Name(lesson.machine.frees[0].callers[0])
