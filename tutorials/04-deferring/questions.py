"""The answers of chapter 04, computed from images and boots."""

from __future__ import annotations

from minikernel.kernel.events import ProcAccess, WorkScheduled
from minikernel.kernel.initcalls import DEFERRED_LEVEL, read_tables
from minikernel.kernel.machine import KernelMachine
from minikernel.lessons.answers import Answer, Count, Duration, Errno, Name, Size
from minikernel.lessons.asking import POWER_OFF, Lesson
from minikernel.lessons.questions import question

FILE = "/proc/deferred_initcalls"


def _written(machine: KernelMachine) -> int:
    """What the last write of the file gave."""
    return [event.result for event in machine.trace.of(ProcAccess) if event.name in FILE and event.is_write][-1]


@question("`minikernel boot --append deferred_trigger=2008 | grep write`")
def write_of_2008(lesson: Lesson) -> Answer:
    return Errno(_written(lesson.boot(append="deferred_trigger=2008")))


@question("`minikernel boot -i`, then `echo 2 > /proc/deferred_initcalls`")
def write_of_2(lesson: Lesson) -> Answer:
    return Errno(_written(lesson.boot(shell=(f"echo 2 > {FILE}",))))


@question("the rows below the heading *deferred* of the story: when called, and how long it took")
def how_long(lesson: Lesson) -> Answer:
    calls = [call for call in lesson.machine.initcalls if call.level == DEFERRED_LEVEL]
    return Duration(1000 * (calls[-1].called_us + calls[-1].usecs - calls[0].called_us))


@question("the function whose address is in the fault above, or `guest/drivers/usb_storage.s`")
def queued(lesson: Lesson) -> Answer:
    return Name(next(event.function for event in lesson.machine.trace.of(WorkScheduled) if "usb" in event.function))


@question("`minikernel boot --append deferred_trigger=2008`: its last lines before *stopped*")
def never_freed(lesson: Lesson) -> Answer:
    machine = lesson.boot(POWER_OFF, append="deferred_trigger=2008")
    end, begin = machine.image.address("__init_end"), machine.image.address("__init_begin")
    return Size(0 if machine.frees else end - begin)


@question("`minikernel initcalls --set ...`: the first row of the last table")
def first_deferred(lesson: Lesson) -> Answer:
    tables = read_tables(lesson.image_with(rtc_hctosys="deferred"))
    return Name(next(call.name for call in tables if call.level == DEFERRED_LEVEL))


@question("try it: `minikernel boot -i`, and `dmesg` at the end")
def how_often(lesson: Lesson) -> Answer:
    machine = lesson.boot(shell=(f"cat {FILE}", f"echo 1 > {FILE}") * 3)
    return Count(machine.dmesg.count("Running do_deferred_initcalls()"))
