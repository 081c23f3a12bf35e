"""From the fault of a call into freed init memory back to the free, and to whoever wrote the pointer."""

from __future__ import annotations

from pathlib import Path

import pytest
from guest_program import GuestProgram

from minikernel.debug.debugger import Debugger
from minikernel.debug.event_stops import ExceptionStop, FreeStop
from minikernel.debug.history import HistoryKind
from minikernel.debug.stops import StopCause
from minikernel.elf.image import Image
from minikernel.errors import UsageError
from minikernel.kernel.machine import KernelMachine

PROGRAM = Path(__file__).parents[1] / "guest" / "programs" / "stray_pointer.s"


@pytest.fixture(scope="module")
def debugger(tmp_path_factory: pytest.TempPathFactory) -> Debugger:
    program = GuestProgram.read(PROGRAM)
    image = Image.from_bytes(program.build(tmp_path_factory.mktemp("stray")))
    machine = KernelMachine(image, cmdline=program.cmdline)
    debugger = Debugger(machine)
    debugger.budget = 100_000_000
    assert debugger.cont().cause is StopCause.HALTED
    return debugger


def test_the_crash_is_explained(debugger: Debugger) -> None:
    debugger.goto_end()
    free = debugger.history("once_only").freed
    assert free is not None
    assert debugger.explain() == (
        f"once_only was in init memory, freed at {free.time_ns / 1e6:.1f} ms by free_initmem, called from "
        "do_deferred_initcalls; this call came from stray_show+0x10"
    )


def test_the_backtrace_of_the_crash_leads_to_the_stray_call(debugger: Debugger) -> None:
    debugger.goto_end()
    names = [frame.symbol.split("+")[0] for frame in debugger.backtrace()]
    assert names[:2] == ["halt", "panic"]
    at = names.index("once_only")
    assert names[at + 1] == "stray_show"
    assert "sys_read" in names[at:]


def test_back_from_the_fault_to_the_free_and_to_the_writer_of_the_pointer(debugger: Debugger) -> None:
    debugger.goto_end()
    fault_stop = debugger.stop_on(ExceptionStop())
    stop = debugger.reverse_cont()
    debugger.delete(fault_stop.number)
    assert stop.cause is StopCause.EVENT
    assert debugger.step_back().where == "stray_show+0x10"  # the call itself

    once_only = debugger.address("once_only")
    free_stop = debugger.stop_on(FreeStop(once_only))
    stop = debugger.reverse_cont()
    debugger.delete(free_stop.number)
    assert stop.cause is StopCause.EVENT
    assert [frame.symbol.split("+")[0] for frame in debugger.backtrace()][:2] == [
        "free_initmem",
        "do_deferred_initcalls",
    ]
    history = debugger.history("once_only")
    assert [entry.kind for entry in history.entries] == [
        HistoryKind.LINKED,
        HistoryKind.PROTECTED,
        HistoryKind.POISONED,
        HistoryKind.UNMAPPED,
        HistoryKind.AREA_FREED,
    ]
    assert history.poison == "poison: freed init memory"
    assert not history.is_mapped

    here = debugger.machine.icount
    write = debugger.last_writer("stray_hook")
    assert debugger.machine.icount == here
    assert write is not None
    assert (write.where, write.old, write.new) == ("stray_init+0x10", 0, once_only)
    assert "do_one_initcall" in [frame.symbol.split("+")[0] for frame in write.frames]
    assert debugger.goto(write.icount).where == "stray_init+0x10"
    assert debugger.history("once_only").freed is None  # not yet
    assert debugger.read_word(debugger.address("stray_hook")) == 0
    debugger.step()
    assert debugger.read_word(debugger.address("stray_hook")) == once_only


def test_a_breakpoint_in_freed_memory_is_refused_with_the_reason(debugger: Debugger) -> None:
    debugger.goto_end()
    with pytest.raises(UsageError, match=r"once_only\): that memory was freed at .* ms by free_initmem"):
        debugger.break_at("once_only")
    debugger.goto_start()
    point = debugger.break_at("once_only")
    assert debugger.cont().where == "once_only"
    debugger.delete(point.number)
