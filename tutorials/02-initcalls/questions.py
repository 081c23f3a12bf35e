"""The answers of chapter 02, computed from images and one boot."""

from __future__ import annotations

from minikernel.elf.constants import R_ARM
from minikernel.elf.object_file import ObjectFile
from minikernel.kernel.events import InitcallSkipped
from minikernel.kernel.initcalls import TABLES, Initcall, read_tables
from minikernel.lessons.answers import Address, Answer, Errno, Name, Names, Size
from minikernel.lessons.asking import Lesson
from minikernel.lessons.questions import question
from minikernel.toolchain.build import build
from minikernel.toolchain.config import BuildConfig


def _entry(lesson: Lesson, name: str) -> Initcall:
    return next(call for call in read_tables(lesson.image) if call.name == name)


@question("the last line of the linker script's `.initcall.init`")
def end_of_the_last_table(_lesson: Lesson) -> Answer:
    return Name(next(end for level, _, end in TABLES if level == "late"))


@question("`minikernel map`: the sections of vmlinux")
def size_of_the_tables(lesson: Lesson) -> Answer:
    return Size(next(section.size for section in lesson.image.sections if section.name == ".initcall.init"))


@question("`minikernel initcalls`: what stands behind *entry at*")
def where_the_word_is(lesson: Lesson) -> Answer:
    return Address(_entry(lesson, "usb_init").entry)


@question("the heading above it in `minikernel initcalls`")
def level_of_rtc_hctosys(lesson: Lesson) -> Answer:
    return Name(_entry(lesson, "rtc_hctosys").level, also=("7", "late_initcall"))


@question("the section *The object file*: what Python prints behind `at 0:`")
def type_of_the_relocation(_lesson: Lesson) -> Answer:
    camera = ObjectFile.from_bytes(build(BuildConfig.load()).objects["drivers/camera.o"])
    section = camera.section(".initcall6.init")
    name = R_ARM(section.relocations[0].type).name
    return Name(f"R_ARM_{name}", also=(name,))


@question("the last table of `minikernel initcalls`")
def deferred_ones(lesson: Lesson) -> Answer:
    names = (call.name for call in read_tables(lesson.image) if call.level == "deferred")
    return Names(tuple(names), in_order=True)


@question("`minikernel initcalls --set ehci_hcd=y`: the row above it")
def before_ehci(lesson: Lesson) -> Answer:
    names = [call.name for call in read_tables(lesson.image_with(ehci_hcd="y"))]
    return Name(names[names.index("ehci_hcd_init") - 1])


@question("`minikernel boot --append initcall_blacklist=iommu_init`: the column *returned*")
def blacklisted(lesson: Lesson) -> Answer:
    machine = lesson.boot("userspace", append="initcall_blacklist=iommu_init")
    return Errno(next(iter(machine.trace.of(InitcallSkipped))).returned)
