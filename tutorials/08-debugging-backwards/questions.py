"""The answers of chapter 08, computed from boots: two under the debugger's record, two from the trace."""

from __future__ import annotations

from minikernel.debug.debugger import Debugger, Write
from minikernel.kernel.events import MemoryPoisoned, PagesUnmapped
from minikernel.lessons.answers import Answer, Count, Name
from minikernel.lessons.asking import BUDGET, Lesson
from minikernel.lessons.questions import question
from minikernel.power_on import BootOptions, prepare


def _last_write(variable: str) -> Write:
    machine = prepare(BootOptions())
    debugger = Debugger(machine)
    machine.run(until="shell", max_instructions=BUDGET)
    write = debugger.last_writer(variable)
    if write is None:
        raise ValueError(f"nobody has written {variable}")
    return write


@question("`last-writer system_state`")
def last_writer(_lesson: Lesson) -> Answer:
    return Name(_last_write("system_state").where.partition("+")[0])


@question("*old value* in what `last-writer system_state` says")
def value_before(_lesson: Lesson) -> Answer:
    return Count(_last_write("system_state").old)


@question("`history usb_init`: the line *poisoned*")
def who_poisoned(lesson: Lesson) -> Answer:
    address, events = lesson.image.address("usb_init"), lesson.machine.trace.of(MemoryPoisoned)
    return Name(next(event.by for event in events if event.start <= address < event.end))


@question("`history usb_init`: the line *unmapped*")
def who_unmapped(lesson: Lesson) -> Answer:
    address, events = lesson.image.address("usb_init"), lesson.machine.trace.of(PagesUnmapped)
    return Name([event.by for event in events if event.start <= address < event.end][-1])


@question("`reverse-until iommu_init`, then `p *system_state`")
def state_at_iommu_init(lesson: Lesson) -> Answer:
    machine = lesson.boot("iommu_init")
    return Count(machine.read_word(machine.symbol("system_state")))


@question("the last initcall that was called: the first one on the way back")
def first_on_the_way_back(lesson: Lesson) -> Answer:
    return Name(lesson.machine.initcalls[-1].name)
