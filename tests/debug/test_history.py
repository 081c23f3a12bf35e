"""What happened to a piece of memory, in order, from its allocation to its free and to the next use."""

from __future__ import annotations

from functools import partial

import pytest

import minikernel
from minikernel.debug.debugger import Debugger
from minikernel.debug.history import HistoryEntry, HistoryKind, MemoryHistory
from minikernel.debug.module_names import ModuleNames
from minikernel.errors import UsageError
from minikernel.kernel.events import PagesFreed
from minikernel.kernel.machine import KernelMachine
from minikernel.kernel.memory import init_range
from minikernel.machine.snapshot import Snapshot
from minikernel.toolchain.config import BuildConfig
from minikernel.toolchain.examples import find_module

FREED_MODULE_TEXT = [
    ("pages allocated", "", "get_zeroed_page"),
    ("mapped", "rw-", "move_module"),
    ("protected", "r-x", "module_protect"),
    ("given back", "", "free_module_mem"),
    ("unmapped", "", "free_module_mem"),
    ("poisoned", "with POISON_INITMEM", "module_mem_free"),
    ("pages freed", "", "module_mem_free"),
]


@pytest.fixture(scope="module")
def at_shell_once() -> tuple[KernelMachine, Snapshot]:
    machine = minikernel.boot(until="shell")
    return machine, machine.save()


@pytest.fixture
def at_shell(at_shell_once: tuple[KernelMachine, Snapshot]) -> KernelMachine:
    machine, snapshot = at_shell_once
    machine.load(snapshot)
    return machine


def told(history: MemoryHistory) -> list[tuple[str, str, str]]:
    """Kind, how and by whom of each entry; that they stand in order is checked on the way."""
    counts = [entry.icount for entry in history.entries]
    assert counts == sorted(counts)
    return [(entry.kind.value, entry.how, entry.by) for entry in history.entries]


def test_an_init_function_was_linked_protected_poisoned_unmapped_and_given_back(at_shell: KernelMachine) -> None:
    history = Debugger(at_shell).history("uhci_hcd_init")
    assert told(history) == [
        ("linked", "", ""),
        ("protected", "r-x", "protect_linear_ptes"),
        ("poisoned", "with POISON_INITMEM", "free_reserved_page"),
        ("unmapped", "", "free_initmem"),
        ("given back", "", "free_initmem"),
    ]
    assert history.freed == history.entries[-1]
    assert history.freed.callers[0] == "do_deferred_initcalls"


def test_a_constant_was_protected(at_shell: KernelMachine) -> None:
    assert told(Debugger(at_shell).history("linux_banner"))[1:] == [("protected", "r--", "mark_rodata_ro")]


def test_a_page_of_the_program_has_the_history_of_its_ram_and_of_its_address(at_shell: KernelMachine) -> None:
    debugger = Debugger(at_shell)
    user_text = at_shell.symbol("USER_TEXT")
    expected = [("pages allocated", "", "get_zeroed_page"), ("mapped", "r-x", "kernel_execve")]
    assert told(debugger.history(user_text)) == expected
    physical = at_shell.physical(user_text)
    assert physical is not None
    assert told(debugger.history(physical + at_shell.symbol("LINEAR_OFFSET"))) == expected


def test_freed_init_memory_that_is_used_again_is_mapped_allocated_and_no_longer_freed(at_shell: KernelMachine) -> None:
    start, end = init_range(at_shell.image)
    order, taken = 10, 0
    while not start <= taken < end:  # the mapped pages go first; largest blocks, so that there are few
        taken, _ = at_shell.call("alloc_pages", order)
        order -= taken == 0
    debugger = Debugger(at_shell)
    history = debugger.history(taken)
    assert told(history)[-3][0] == "given back"
    assert told(history)[-2][:2] == ("mapped", "rw-")
    assert history.entries[-1].kind is HistoryKind.PAGES_ALLOCATED
    assert history.freed is None
    assert history.is_mapped
    at_shell.call("free_pages", taken, order)
    freed = debugger.history(taken).freed
    assert freed is not None
    assert freed.kind is HistoryKind.PAGES_FREED


def test_an_object_is_poisoned_by_kfree_and_its_page_may_go_too(at_shell: KernelMachine) -> None:
    addr, _ = at_shell.call("kmalloc", 2000)
    at_shell.call("kfree", addr)
    history = Debugger(at_shell).history(addr + 4)
    assert [entry.kind for entry in history.entries[-5:]] == [
        HistoryKind.PAGES_ALLOCATED,
        HistoryKind.OBJECT_ALLOCATED,
        HistoryKind.OBJECT_FREED,
        HistoryKind.POISONED,
        HistoryKind.PAGES_FREED,
    ]
    assert history.freed is not None
    assert history.freed.what == "an object of 2000 bytes"


def test_module_text_from_load_to_unload_and_its_init_text_until_init_is_done(at_shell: KernelMachine) -> None:
    debugger = Debugger(at_shell)
    names = ModuleNames(at_shell, debugger.symbols, partial(find_module, BuildConfig.load({})))
    at_shell.insmod("hello")
    names.update()
    assert told(debugger.history("hello_exit")) == FREED_MODULE_TEXT[:3]

    init = debugger.history("hello_init")
    assert init.what == "hello_init [hello]"
    assert told(init) == FREED_MODULE_TEXT
    assert init.freed is not None
    assert init.freed.what == "init text of module hello"
    assert not init.is_mapped
    with pytest.raises(UsageError, match=r"\(hello_init \[hello\]\): that memory was freed at .* by free_module_mem"):
        debugger.break_at("hello_init")

    at_shell.rmmod("hello")
    names.update()
    gone = debugger.history("hello_exit")
    assert told(gone) == FREED_MODULE_TEXT
    assert gone.what == "hello_exit [hello]"
    assert gone.freed is not None
    assert gone.freed.what == "text of module hello"


def test_the_ram_of_a_module_page_is_told_of_only_while_the_module_had_it(at_shell: KernelMachine) -> None:
    debugger = Debugger(at_shell)
    at_shell.insmod("hello")
    text = next(memory.base for memory in at_shell.module("hello").memory if "x" in memory.permissions)
    physical = at_shell.physical(text)
    assert physical is not None
    frame = physical + at_shell.symbol("LINEAR_OFFSET")
    at_shell.rmmod("hello")
    while frame != at_shell.call("alloc_pages", 0)[0]:  # the same page for another use
        pass
    at_shell.call("free_pages", frame, 0)
    assert len([event for event in at_shell.trace.of(PagesFreed) if event.addr == frame]) == 2
    of_address = [entry for entry in debugger.history(text).entries if entry.kind is HistoryKind.PAGES_FREED]
    assert [entry.by for entry in of_address] == ["module_mem_free"]
    of_frame = [entry for entry in debugger.history(frame).entries if entry.kind is HistoryKind.PAGES_FREED]
    assert len(of_frame) == 2


def test_history_goes_back_with_the_machine(at_shell: KernelMachine) -> None:
    machine = minikernel.boot(until="userspace")
    debugger = Debugger(machine)
    before = debugger.history("uhci_hcd_init")
    machine.run(until="shell")
    assert len(debugger.history("uhci_hcd_init").entries) > len(before.entries)
    debugger.goto_start()
    assert debugger.history("uhci_hcd_init") == before


def test_an_entry_reads_as_a_sentence() -> None:
    entry = HistoryEntry(HistoryKind.MAPPED, 0xBF003000, 0xBF004000, 5, 1_250_000, "1 page", "move_module", (), "rw-")
    assert str(entry) == "0xbf003000-0xbf004000 1 page: mapped rw- at 1.2 ms by move_module"
