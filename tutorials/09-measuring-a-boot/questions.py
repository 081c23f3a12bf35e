"""The answers of chapter 09, computed from logs and boots."""

from __future__ import annotations

from minikernel.kernel.events import InitcallFinished, InitcallStarted, MilestoneName
from minikernel.kernel.machine import KernelMachine
from minikernel.kernel.memory import init_range
from minikernel.lessons.answers import Answer, Count, Duration, Name, Ratio, Size
from minikernel.lessons.asking import Lesson
from minikernel.lessons.questions import question
from minikernel.report.initcall_debug import parse_log, slowest

USB = ("ehci_hcd", "uhci_hcd", "usb_storage")
NS_PER_INSTRUCTION = 10


def _nothing_deferred(lesson: Lesson) -> KernelMachine:
    return lesson.boot(set=dict.fromkeys(USB, "y"))


@question("what the first Python block prints, or the end of the story")
def third_slowest(lesson: Lesson) -> Answer:
    return Name(slowest(parse_log(_nothing_deferred(lesson).dmesg), 3)[-1].name)


@question("`grep -c` over the log, in the first section")
def how_many_report(lesson: Lesson) -> Answer:
    return Count(len(parse_log(_nothing_deferred(lesson).dmesg)), "initcalls")


@question("the column *userspace* of the table, or the comparison at the end of `minikernel boot`")
def user_space_earlier(lesson: Lesson) -> Answer:
    this, that = (each.milestone_us(MilestoneName.USERSPACE) for each in (lesson.machine, _nothing_deferred(lesson)))
    return Ratio((that or 0) / (this or 1))


@question("`minikernel map`, or the line *freed* of the story")
def pages_that_come_back(lesson: Lesson) -> Answer:
    return Count(sum(free.pages for free in lesson.machine.frees if free.by == "free_initmem"), "pages")


@question("what the kernel says just before the power goes off")
def lost_without_trigger(lesson: Lesson) -> Answer:
    machine = lesson.boot(append="deferred_trigger=2008")
    begin, end = init_range(machine.image)
    return Size(end - begin - sum(free.size for free in machine.frees if free.by == "free_initmem"))


@question("the column *computing* of the table in the section about the processor")
def computing(lesson: Lesson) -> Answer:
    trace = _nothing_deferred(lesson).trace
    started = {event.name: event.icount for event in trace.of(InitcallStarted)}
    finished = {event.name: event.icount for event in trace.of(InitcallFinished)}
    return Duration((finished["uhci_hcd_init"] - started["uhci_hcd_init"]) * NS_PER_INSTRUCTION)


@question("`minikernel boot --set uhci_hcd=y --set usb_storage=y`: the milestone")
def one_of_two(lesson: Lesson) -> Answer:
    machine = lesson.boot("first_picture", set={"uhci_hcd": "y", "usb_storage": "y"})
    return Duration((machine.milestone_us(MilestoneName.FIRST_PICTURE) or 0) * 1000)
