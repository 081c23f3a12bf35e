"""The answers of chapter 07, computed from boots with the example modules in /lib/modules."""

from __future__ import annotations

from minikernel.kernel.events import PagesAllocated
from minikernel.kernel.machine import KernelMachine
from minikernel.kernel.memory import PAGE_SIZE
from minikernel.kernel.module_events import ModuleInitFreed, ModuleLoaded, ModuleLoadFailed, ModuleStateChanged
from minikernel.kernel.modules import TAINT_LETTERS, ModuleState
from minikernel.lessons.answers import Answer, Count, Errno, Name, Names, Size
from minikernel.lessons.asking import Lesson
from minikernel.lessons.questions import question


def _after(lesson: Lesson, *lines: str) -> KernelMachine:
    return lesson.boot(modules=True, shell=lines)


def _refusal(machine: KernelMachine) -> ModuleLoadFailed:
    return next(iter(machine.trace.of(ModuleLoadFailed)))


@question("`modprobe chain_c` in `minikernel boot -i --modules`: the lines *module ... is loaded*")
def chain(lesson: Lesson) -> Answer:
    loaded = _after(lesson, "modprobe chain_c").trace.of(ModuleLoaded)
    return Names(tuple(event.module for event in loaded), in_order=True)


@question("`lsmod` after `modprobe chain_c`")
def users_of_chain_a(lesson: Lesson) -> Answer:
    return Count(_after(lesson, "modprobe chain_c").module("chain_a").refcount)


@question("the line *module user not loaded* of the first session")
def stage_of_the_missing_symbol(lesson: Lesson) -> Answer:
    return Name(_refusal(_after(lesson, "insmod /lib/modules/user.ko")).stage)


@question("the line *module initfail not loaded* in `minikernel boot -i --modules`")
def what_init_returned(lesson: Lesson) -> Answer:
    return Errno(_refusal(_after(lesson, "insmod /lib/modules/initfail.ko error=19")).result)


@question("the line *freed* of the section *What init leaves*: memory comes in pages")
def two_bytes(lesson: Lesson) -> Answer:
    freed = _after(lesson, "insmod /lib/modules/size4095.ko").trace.of(ModuleInitFreed)
    return Size(PAGE_SIZE * sum(event.pages for event in freed))


@question("the section *One that leaves something*: do it three times and count")
def leaked(lesson: Lesson) -> Answer:
    machine = _after(lesson, *("insmod /lib/modules/leaky.ko", "rmmod leaky") * 3)
    return Count(sum("[leaky]" in event.by for event in machine.trace.of(PagesAllocated)), "pages")


@question("the section *Those that cannot go*: the bits of tainted_mask")
def taint(lesson: Lesson) -> Answer:
    machine = _after(lesson, "insmod /lib/modules/noexit.ko", "rmmod -f noexit")
    mask = machine.read_word(machine.symbol("tainted_mask"))
    return Names(tuple(letter for bit, letter in enumerate(TAINT_LETTERS) if mask >> bit & 1))


@question("the table of states: whose init runs is complete, but not yet to be used")
def state_of_nested(lesson: Lesson) -> Answer:
    changes = list(_after(lesson, "insmod /lib/modules/nested.ko").trace.of(ModuleStateChanged))
    hello = next(each for each in changes if each.module == "hello" and each.state is ModuleState.COMING)
    before = [each for each in changes if each.module == "nested" and each.icount < hello.icount]
    return Name(before[-1].state.name)
