"""The answers of chapter 03, computed from the image and from boots."""

from __future__ import annotations

from minikernel.kernel.initcalls import read_tables
from minikernel.lessons.answers import Answer, Count, Errno, Name
from minikernel.lessons.asking import Lesson
from minikernel.lessons.questions import question

EXAMPLES = ("insmod /lib/modules/initfail.ko", "insmod /lib/modules/positive.ko")


def _section(lesson: Lesson, symbol: str) -> str:
    address = lesson.image.address(symbol)
    return next(each.name for each in lesson.image.sections if each.addr <= address < each.addr + each.size)


def _returned(lesson: Lesson, function: str) -> int:
    machine = lesson.boot(modules=True, shell=EXAMPLES)
    return next(call.returned for call in machine.initcalls if call.name.startswith(function))


@question("`minikernel initcalls`: the heading above it")
def level_of_physmap_init(lesson: Lesson) -> Answer:
    level = next(call.level for call in read_tables(lesson.image) if call.name == "physmap_init")
    return Name(level, also=("6", "device_initcall"))


@question("its first instruction, in `guest/kernel/initcall.s` or by `x/1i do_one_initcall` in the debugger")
def registers_saved(lesson: Lesson) -> Answer:
    push = int.from_bytes(lesson.image.read(lesson.image.address("do_one_initcall"), 4), "little")
    return Count((push & 0xFFFF).bit_count(), "registers")


@question("`minikernel map`: between which borders is its address?")
def section_of_camera_init(lesson: Lesson) -> Answer:
    return Name(_section(lesson, "camera_init"))


@question("`minikernel map`; its source says which one above the function")
def section_of_camera_open(lesson: Lesson) -> Answer:
    return Name(_section(lesson, "camera_open"))


@question("`minikernel boot --modules -i`, then `insmod /lib/modules/initfail.ko` and `dmesg`")
def initfail(lesson: Lesson) -> Answer:
    return Errno(_returned(lesson, "initfail_init"))


@question("`minikernel boot --modules -i`, then `insmod /lib/modules/positive.ko` and `dmesg`")
def positive(lesson: Lesson) -> Answer:
    return Count(_returned(lesson, "positive_init"))


@question("the row of camera_init in `minikernel boot --set ...`")
def camera_without_sensor(lesson: Lesson) -> Answer:
    machine = lesson.boot("userspace", set={"sensor": "n"})
    return Errno(next(call.returned for call in machine.initcalls if call.name == "camera_init"))
