"""The answers of chapter 06, computed from modules, the image and one boot."""

from __future__ import annotations

from minikernel.elf.constants import R_ARM
from minikernel.elf.module_file import KERNEL_SYMBOL_SIZE, ModuleFile
from minikernel.elf.relocations import RULES
from minikernel.kernel.module_events import SymbolLookedUp
from minikernel.lessons.answers import Address, Answer, Count, Names
from minikernel.lessons.asking import Lesson
from minikernel.lessons.questions import question
from minikernel.toolchain.build import build
from minikernel.toolchain.config import BuildConfig
from minikernel.toolchain.examples import find_module

LINEAR = {"append": "module_lookup=linear", "modules": True, "shell": ("insmod /lib/modules/hello.ko",)}


def _module(name: str) -> ModuleFile:
    return ModuleFile.from_bytes(find_module(BuildConfig.load(), name), name)


def _relocated(kind: R_ARM, place: int, symbol: int, word: int) -> Answer:
    return Address(RULES[kind].relocate(word, symbol, place)[0])


def _exports_of_the_kernel(lesson: Lesson) -> int:
    start, stop = (lesson.image.address(f"__{edge}___ksymtab") for edge in ("start", "stop"))
    return (stop - start) // KERNEL_SYMBOL_SIZE


@question("the end of `minikernel modinfo build/hello.ko`")
def relocations_of_hello(_lesson: Lesson) -> Answer:
    return Count(_module("hello").relocation_counts().total(), "relocations")


@question("*imports* in `minikernel modinfo build/user.ko`")
def imports_of_user(_lesson: Lesson) -> Answer:
    return Names(tuple(each.name for each in _module("user").imports))


@question("the function `call` of the section *CALL*, with your numbers")
def a_call(_lesson: Lesson) -> Answer:
    return _relocated(R_ARM.CALL, 0xBF00_4010, 0xC001_0000, 0xEBFF_FFFE)


@question("S + A")
def a_word(_lesson: Lesson) -> Answer:
    return _relocated(R_ARM.ABS32, 0xBF00_5000, 0xBF00_7020, 8)


@question("how many lines of build/Module.symvers say vmlinux")
def rows(lesson: Lesson) -> Answer:
    return Count(_exports_of_the_kernel(lesson), "rows")


@question("each look leaves half of the rows; how often until none is left?")
def looks(lesson: Lesson) -> Answer:
    return Count(_exports_of_the_kernel(lesson).bit_length(), "names")


@question('SymbolLookedUp in the trace of `minikernel.boot(until="shell", append="module_lookup=linear")`')
def one_by_one(lesson: Lesson) -> Answer:
    looked_up = lesson.boot(**LINEAR).trace.of(SymbolLookedUp)
    return Count(next(each.compares for each in looked_up if each.symbol == "_printk"), "names")


@question("the first column of build/Module.symvers")
def crc_of_kfree(_lesson: Lesson) -> Answer:
    lines = build(BuildConfig.load()).files["Module.symvers"].decode().splitlines()
    return Address(next(int(line.split("\t")[0], 16) for line in lines if line.split("\t")[1] == "kfree"))
