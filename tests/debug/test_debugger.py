"""The moves of the debugger, on guests small enough to do the same by hand, and on the boot."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise

import pytest
from tiny_guest import tiny

from minikernel.debug.debugger import BOTH, READS, CallError, Debugger
from minikernel.debug.event_stops import (
    DeviceStop,
    EventStop,
    InitcallStop,
    InterruptStop,
    ModuleStop,
    ProcStop,
)
from minikernel.debug.expression import ExpressionError
from minikernel.debug.stops import AccessKind, StopCause
from minikernel.debug.symbols import Symbols
from minikernel.elf.line_table import LineRow, LineTable
from minikernel.errors import UsageError
from minikernel.kernel.events import InitcallFinished, InitcallStarted, MemoryFreed
from minikernel.kernel.machine import KernelMachine
from minikernel.machine.inputs import ConsoleInput
from minikernel.machine.machine import GuestMemoryError, Machine
from minikernel.machine.stop import StopKind
from minikernel.power_on import BootOptions, prepare, tell_story

# Two words written by a function that is called in a loop, from two places.
CALLS = """
        ldr     sp, =0x80300000
        mov     fp, #0
        mov     r4, #0
        ldr     r5, =0x80200000
main_loop:
        add     r4, r4, #1
        mov     r0, r4
        bl      store_both
        tst     r4, #3
        bleq    outer
        cmp     r4, #200
        bne     main_loop
        wfi
        b       . - 4

        .type   outer, %function
outer:  push    {fp, lr}
        add     fp, sp, #0
        mov     r0, #0x1000
        bl      store_both
        ldrb    r1, [r5, #1]
        pop     {fp, pc}

        .type   store_both, %function
store_both:
        add     r1, r0, #1
        stm     r5, {r0, r1}
        bx      lr
"""
FIRST, SECOND = 0x80200000, 0x80200004


def debugger(source: str = CALLS, **options: int) -> Debugger:
    return Debugger(tiny(source), **options)


def writes_by_hand(addr: int, instructions: int) -> list[int]:
    """The instruction counts with which the store of store_both began, found by looking at every instruction."""
    machine = tiny(CALLS)
    found = []
    store = machine.image.address("store_both") + 4
    while machine.icount < instructions:
        if machine.cpu.pc == store:
            found.append(machine.icount)
        machine.run(max_instructions=1)
    return found


# --- stepping ---------------------------------------------------------------------------------------------------------


def test_step_and_step_back_are_inverse() -> None:
    dbg = debugger()
    places = [dbg.position.pc]
    for _ in range(60):
        places.append(dbg.step().pc)
    for pc in reversed(places[:-1]):
        stop = dbg.step_back()
        assert (stop.cause, stop.pc) == (StopCause.STEP, pc)
    stop = dbg.step_back()
    assert (stop.cause, stop.icount) == (StopCause.START, 0)


def test_next_steps_over_calls_and_reverse_next_back_over_them() -> None:
    dbg = debugger()
    dbg.until("main_loop")
    places = [dbg.position]
    for _ in range(40):
        places.append(dbg.next())
    functions = {stop.where.split("+")[0] for stop in places}
    assert functions == {"main_loop"}
    assert any(after.icount - before.icount > 3 for before, after in pairwise(places))
    for stop in reversed(places[:-1]):
        back = dbg.reverse_next()
        assert (back.pc, back.icount) == (stop.pc, stop.icount)


def test_finish_gives_the_result_and_reverse_finish_the_call() -> None:
    dbg = debugger()
    dbg.break_at("store_both", condition="$r0 == 0x1000")
    stop = dbg.cont()
    assert stop.cause is StopCause.BREAKPOINT
    done = dbg.finish()
    assert (done.cause, done.result, done.where) == (StopCause.FINISHED, 0x1000, "outer+0x10")
    dbg.goto(stop.icount)
    call = dbg.reverse_finish()
    assert (call.cause, call.where, call.icount) == (StopCause.FINISHED, "outer+0xc", stop.icount - 1)
    assert dbg.reverse_finish().where == "main_loop+0x10"
    with pytest.raises(UsageError, match="outermost"):
        dbg.reverse_finish()


def test_finish_of_a_recursive_function_is_of_this_level() -> None:
    dbg = debugger("""
        ldr     sp, =0x80300000
        mov     fp, #0
        mov     r0, #5
        bl      down
        wfi
        b       . - 4
        .type   down, %function
down:   push    {fp, lr}
        add     fp, sp, #0
        subs    r0, r0, #1
        blne    down
        add     r0, r0, #1
        pop     {fp, pc}
    """)
    dbg.break_at("down", condition="$r0 == 3")
    dbg.cont()
    assert len(dbg.backtrace()) == 4
    stop = dbg.finish()
    assert stop.result == 3
    assert len(dbg.backtrace()) == 3


# --- breakpoints ------------------------------------------------------------------------------------------------------


def test_a_new_condition_is_checked_and_the_old_one_stays() -> None:
    dbg = debugger()
    number = dbg.watch(FIRST, condition="$new == 1").number
    with pytest.raises(ExpressionError, match="no symbol 'nonsense'"):
        dbg.change(number, condition="$new == nonsense")
    assert dbg.point(number).condition == "$new == 1"
    assert dbg.change(number, condition="$old == 1").condition == "$old == 1"


def test_ignore_limit_condition_and_counts() -> None:
    dbg = debugger()
    point = dbg.break_at("outer", ignore=2, limit=2)
    values = []
    while (stop := dbg.cont()).cause is StopCause.BREAKPOINT:
        values.append(dbg.registers()["r4"])
        assert stop.points == (point.number,)
    assert values == [12, 16]
    assert dbg.stop_points == ()
    odd = dbg.break_at("store_both", condition="$r0 & 1 && $r0 > 100")
    dbg.goto_start()
    assert dbg.cont().points == (odd.number,)
    assert dbg.registers()["r0"] == 101
    assert dbg.point(odd.number).hits == 1


def test_reverse_continue_goes_through_the_same_stops_backwards() -> None:
    dbg = debugger()
    dbg.break_at("store_both")
    forward = []
    while (stop := dbg.cont()).cause is StopCause.BREAKPOINT:
        forward.append((stop.icount, stop.pc))
    backward = []
    while (stop := dbg.reverse_cont()).cause is StopCause.BREAKPOINT:
        backward.append((stop.icount, stop.pc))
    assert stop.cause is StopCause.START
    assert backward == forward[::-1]
    assert len(forward) == 250


def test_a_breakpoint_switched_off_does_not_stop() -> None:
    dbg = debugger()
    point = dbg.break_at("outer")
    dbg.disable(point.number)
    assert dbg.cont().cause is StopCause.HALTED
    dbg.enable(point.number)
    assert dbg.reverse_cont().points == (point.number,)


def test_a_condition_that_cannot_be_evaluated_stops_and_says_why() -> None:
    dbg = debugger()
    dbg.break_at("outer", condition="*0x1000 == 3")
    stop = dbg.cont()
    assert stop.cause is StopCause.BREAKPOINT
    assert "cannot be evaluated" in stop.message


def test_what_is_wrong_is_said() -> None:
    dbg = debugger()
    with pytest.raises(ExpressionError, match="did you mean 'outer'"):
        dbg.break_at("outter")
    with pytest.raises(ExpressionError, match="expected a number"):
        dbg.break_at("outer", condition="$r0 ==")
    with pytest.raises(ExpressionError, match="no symbol 'outter'; did you mean 'outer'"):
        dbg.break_at("outer", condition="$r0 == 1 && outter")  # not only when $r0 is 1
    with pytest.raises(ExpressionError, match=r"no register '\$old'"):
        dbg.break_at("outer", condition="$old == 1")
    with pytest.raises(UsageError, match="multiples of 4"):
        dbg.break_at("outer+2")
    with pytest.raises(UsageError, match="no RAM is mapped"):
        dbg.watch(0x1C090000)
    with pytest.raises(UsageError, match="no stop point 9"):
        dbg.delete(9)
    with pytest.raises(UsageError, match="no register 'r77'"):
        dbg.set_register("r77", 1)
    with pytest.raises(GuestMemoryError):
        dbg.read_word(0x1000)
    assert dbg.stop_points == ()


# --- watchpoints ------------------------------------------------------------------------------------------------------


def test_every_write_is_found_forward_and_backward_with_old_and_new_values() -> None:
    dbg = debugger()
    dbg.watch(SECOND)
    forward = []
    while (stop := dbg.cont()).cause is StopCause.WATCHPOINT:
        assert stop.access is not None
        forward.append((stop.access.icount - 1, stop.access.old, stop.access.new))
        assert dbg.read_word(SECOND) == stop.access.new
    expected = writes_by_hand(SECOND, dbg.position.icount)
    assert [icount for icount, _, _ in forward] == expected
    assert all(before[2] == after[1] for before, after in pairwise(forward))
    backward = []
    while (stop := dbg.reverse_cont()).cause is StopCause.WATCHPOINT:
        assert stop.access is not None
        backward.append((stop.icount, stop.access.old, stop.access.new))
        assert dbg.read_word(SECOND) == stop.access.old
        assert stop.where == "store_both+0x4"
    assert backward == forward[::-1]


def test_reads_and_parts_of_words_are_watched_too() -> None:
    dbg = debugger()
    dbg.watch(FIRST + 1, 1, READS)
    stop = dbg.cont()
    assert stop.access is not None
    assert (stop.access.kind, stop.access.old, stop.where) == (AccessKind.READ, 0x10, "outer+0x14")
    dbg.goto_start()
    dbg.delete(1)
    dbg.watch(FIRST + 2, 1, BOTH)
    stop = dbg.cont()
    assert stop.access is not None
    assert stop.access.kind is AccessKind.WRITE


def test_a_watch_condition_sees_old_and_new() -> None:
    dbg = debugger()
    dbg.watch(FIRST, condition="$new == 0x1000 && $old == 100")
    stop = dbg.cont()
    assert stop.access is not None
    assert (stop.access.old, stop.access.new) == (100, 0x1000)


def test_last_writer_moves_nothing() -> None:
    dbg = debugger()
    dbg.cont()
    before = dbg.machine.state_hash()
    write = dbg.last_writer(FIRST)
    assert write is not None
    assert (write.where, write.new) == ("store_both+0x4", 0x1000)
    assert [frame.symbol.split("+")[0] for frame in write.frames] == ["store_both", "outer", "main_loop"]
    assert dbg.machine.state_hash() == before
    assert dbg.last_writer(0x80250000) is None
    assert dbg.machine.state_hash() == before


# --- time, change, checkpoints ----------------------------------------------------------------------------------------


def test_a_change_in_the_past_makes_a_new_future_and_a_checkpoint_brings_the_old_one_back() -> None:
    dbg = debugger()
    dbg.cont()
    end = dbg.machine.state_hash()
    dbg.checkpoint("end")
    dbg.goto(500)
    dbg.checkpoint("middle")
    dbg.set_register("r4", 199)
    assert dbg.recording.end == 500
    assert dbg.cont().cause is StopCause.HALTED
    assert dbg.machine.icount < 600
    dbg.goto(100)
    assert dbg.restore("end").cause is StopCause.ARRIVED
    assert dbg.machine.state_hash() == end
    stop = dbg.goto(700)
    assert stop.icount == 700
    dbg.goto_end()
    assert dbg.machine.state_hash() == end
    assert dbg.restore("middle").icount == 500
    assert [each.name for each in dbg.checkpoints] == ["end", "middle"]
    with pytest.raises(UsageError, match="no checkpoint 'mid'; did you mean 'middle'"):
        dbg.restore("mid")


@pytest.mark.parametrize("register, value", [("r2", 7), ("pc", 0x8000_8010)])
def test_a_place_is_come_back_to_over_a_change_made_just_there(register: str, value: int) -> None:
    dbg = debugger()
    dbg.break_at("store_both")
    forward = [dbg.cont() for _ in range(3)]
    before = dbg.registers()
    dbg.set_register(register, value)
    assert dbg.reverse_cont() == replace(forward[1], is_past=True)  # at the place itself, to the one before
    dbg.goto_end()
    forward += [dbg.cont() for _ in range(3)]
    at_end = dbg.registers()
    for stop in reversed(forward[:-1]):
        assert dbg.reverse_cont() == replace(stop, is_past=True)
        if stop == forward[2]:
            assert dbg.registers() == before
    dbg.goto_start()
    for stop in forward[:-1]:
        assert dbg.cont() == replace(stop, is_past=True)
        if stop == forward[2]:
            assert dbg.registers() == before
    assert dbg.cont().icount == forward[-1].icount
    dbg.goto_start()
    dbg.goto(forward[-1].icount)
    assert dbg.registers() == at_end  # the change is part of the record as before


def test_going_forward_over_a_change_counts_each_hit_once() -> None:
    dbg = debugger()
    number = dbg.break_at("store_both").number
    dbg.cont()
    dbg.set_register("r2", 7)
    dbg.step(1)
    dbg.goto_start()
    before = dbg.point(number).hits
    dbg.change(number, ignore=1)
    first, second = dbg.cont(), dbg.cont()
    assert dbg.point(number).hits == before + 3
    assert first.icount < second.icount
    dbg.goto_start()
    assert dbg.until("store_both").icount < first.icount


def test_looking_for_a_place_before_a_change_prints_nothing() -> None:
    dbg = debugger(
        " ldr r2, =0x1c090000\n ldr r3, =0x301\n str r3, [r2, #0x30]\n mov r3, #65\nput: str r3, [r2]\n b .\n"
    )
    printed = bytearray()
    dbg.machine.on_console.append(printed.extend)
    dbg.until("put")
    dbg.set_register("r3", ord("B"))
    dbg.step(5)
    for _ in range(3):
        dbg.goto_end()
        assert dbg.reverse_until("put").cause is StopCause.ARRIVED
        assert dbg.registers()["r3"] == ord("A")
    assert printed == b"B"


def test_a_call_leaves_registers_and_is_part_of_the_record() -> None:
    dbg = debugger()
    dbg.until("outer")
    before = dbg.registers()
    assert dbg.call("store_both", 0x77) == 0x77
    assert dbg.registers() == before
    assert dbg.read_word(FIRST) == 0x77
    called = dbg.position.icount
    dbg.step(50)
    after = dbg.machine.state_hash()
    dbg.goto(called - 10)
    assert dbg.read_word(FIRST) != 0x77
    dbg.goto_end()
    assert dbg.machine.state_hash() == after
    dbg.goto(10)
    dbg.goto(called + 50)
    assert dbg.machine.state_hash() == after


def test_a_call_passes_more_than_four_words_on_the_stack() -> None:
    source = f"""{CALLS}
        .type   in_base_16, %function
in_base_16:
        ldr     ip, [sp]
        add     r0, r3, r0, lsl #12
        add     r0, r0, r1, lsl #8
        add     r0, r0, r2, lsl #4
        ldr     r1, [sp, #4]
        add     r0, ip, r0, lsl #4
        add     r0, r1, r0, lsl #4
        orr     r0, r0, sp, lsl #29
        bx      lr
"""
    dbg = debugger(source)
    dbg.until("main_loop")
    dbg.set_register("sp", 0x8030_0004)
    before, memory = dbg.registers(), dbg.read(0x8030_0004, 16)
    assert dbg.call("in_base_16", 1, 2, 3, 4, 5, 0x1_0000_0006) == 0x123456  # and sp a multiple of 8
    assert dbg.registers() == before
    assert dbg.read(0x8030_0004, 16) == memory
    dbg.set_register("sp", 0)
    before = dbg.registers()
    with pytest.raises(GuestMemoryError):
        dbg.call("in_base_16", 1, 2, 3, 4, 5)
    assert dbg.registers() == before


def test_a_call_that_does_not_return_leaves_everything_as_it_was() -> None:
    dbg = debugger(CALLS + "\nstuck: wfi\n        b       . - 4\n")
    dbg.until("outer")
    before = dbg.machine.state_hash()
    with pytest.raises(CallError, match="stuck did not return"):
        dbg.call("stuck")
    assert dbg.machine.state_hash() == before
    assert dbg.next().cause is StopCause.STEP


# --- the boot ---------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def booted() -> Debugger:
    machine = prepare(BootOptions())
    dbg = Debugger(machine)
    assert tell_story(machine).kind is StopKind.POWER_OFF
    return dbg


@pytest.fixture
def boot(booted: Debugger) -> Iterator[Debugger]:
    booted.goto_start()
    booted.budget = 20_000_000
    yield booted
    for point in booted.stop_points:
        booted.delete(point.number)
    booted.goto_end()


def machine_of(dbg: Debugger) -> KernelMachine:
    assert isinstance(dbg.machine, KernelMachine)
    return dbg.machine


def test_initcalls_stop_by_name_and_by_level(boot: Debugger) -> None:
    point = boot.stop_on(InitcallStop(name="uhci_hcd_init"))
    stop = boot.cont()
    assert (stop.cause, stop.where) == (StopCause.EVENT, "uhci_hcd_init")
    assert isinstance(stop.event, InitcallStarted)
    boot.delete(point.number)
    boot.goto_start()
    boot.stop_on(InitcallStop(level="deferred"))
    names = []
    while isinstance((stop := boot.cont()).event, InitcallStarted):
        names.append(stop.where)
    assert names == ["ehci_hcd_init", "uhci_hcd_init", "usb_storage_init"]
    assert stop.cause is StopCause.POWER_OFF
    while isinstance((stop := boot.reverse_cont()).event, InitcallStarted):
        assert stop.where == names.pop()
    assert not names


def test_other_events_stop_too(boot: Debugger) -> None:
    point = boot.stop_on(ProcStop("deferred_initcalls"))
    assert boot.cont().cause is StopCause.EVENT
    boot.delete(point.number)
    point = boot.stop_on(EventStop("InitcallFinished", {"returned": -19}))
    stop = boot.reverse_cont()
    assert isinstance(stop.event, InitcallFinished)
    assert stop.event.name == "iommu_init"
    boot.delete(point.number)
    boot.stop_on(DeviceStop("uart0", "UARTDR", is_write=True), condition="$r0 != 0")
    assert "write of uart0 UARTDR" in boot.cont().message


def test_a_backtrace_goes_through_interrupt_and_system_call(boot: Debugger) -> None:
    boot.until("sys_write")
    boot.break_at("handle_irq")
    boot.cont()
    frames = boot.backtrace()
    notes = [frame.note for frame in frames if frame.note]
    names = [frame.symbol.split("+")[0] for frame in frames]
    assert notes == ["IRQ", "supervisor call"]
    assert names[:4] == ["handle_irq", "gic_handle", "do_irq", "vector_irq"]
    assert "sys_write" in names
    assert frames[-1].is_user


def test_the_backtrace_inside_the_vector_is_that_of_the_interrupted_code(boot: Debugger) -> None:
    boot.until("sys_write")
    boot.stop_on(InterruptStop())
    boot.cont()
    seen = [[frame.symbol for frame in boot.backtrace() if frame.symbol.split("+")[0] != "vector_irq"][1:]]
    boot.delete(boot.stop_points[0].number)
    for _ in range(12):
        if boot.step().where.split("+")[0] == "vector_irq":
            seen.append([frame.symbol for frame in boot.backtrace()][1:])
    assert len(seen) > 4
    complete = [each for each in seen if len(each) > 1]
    assert all(each == complete[0] for each in complete)


def test_source_lines_can_be_stopped_at(boot: Debugger) -> None:
    lines = boot.symbols.lines
    place = lines.line_at(boot.symbols.value("do_one_initcall") or 0)
    assert place is not None
    assert boot.places(str(place)) == (boot.address("do_one_initcall"),)
    boot.break_at(str(place))
    stop = boot.cont()
    assert stop.where == "do_one_initcall"
    assert boot.backtrace()[0].line == place
    with pytest.raises(UsageError, match=r"did you mean 'initcall\.s'"):
        boot.break_at("initcal.s:12")
    with pytest.raises(UsageError, match="no code at or below line 99999"):
        boot.break_at("initcall.s:99999")


def test_next_goes_over_an_interrupt(boot: Debugger) -> None:
    boot.stop_on(InterruptStop())
    stop = boot.cont()
    boot.delete(boot.stop_points[0].number)
    boot.goto(stop.icount)  # the interrupt is about to be taken
    interrupted = boot.position
    after = boot.next()
    assert after.icount - interrupted.icount > 20
    assert not after.where.startswith("vector")
    back = boot.reverse_next()
    assert back.pc == interrupted.pc


def test_a_line_of_a_macro_is_stepped_over_at_once_and_back(boot: Debugger) -> None:
    stop = boot.until("vector_swi")
    line = boot.symbols.line_at(stop.pc)
    after = boot.step_line()
    assert after.icount - stop.icount > 10  # save_registers
    assert line is not None and boot.symbols.line_at(after.pc) == (line.file, line.line + 1)
    boot.goto(stop.icount + 5)
    assert boot.step_line_back().icount == stop.icount  # from the middle of a line to its beginning
    boot.goto(after.icount)
    assert boot.reverse_next_line().icount == stop.icount


def test_lines_are_stepped_into_calls_and_over_them_and_back(boot: Debugger) -> None:
    boot.until("do_initcalls")
    for forward, backward in (
        (boot.step_line, boot.step_line_back),
        (boot.next_line, boot.reverse_next_line),
    ):
        places = [boot.position]
        places += [forward() for _ in range(25)]
        lines = [boot.symbols.line_at(stop.pc) for stop in places]
        assert all(before != after for before, after in pairwise(lines))
        functions = {stop.where.partition("+")[0] for stop in places}
        assert ("do_initcall_level" in functions) is (forward == boot.step_line)
        for stop in reversed(places[:-1]):
            assert backward().icount == stop.icount
    assert boot.step_line(3).icount == boot.goto(places[0].icount).icount + 3


def test_a_line_goes_over_an_interrupt_whole(boot: Debugger) -> None:
    boot.stop_on(InterruptStop())
    stop = boot.cont()
    boot.delete(boot.stop_points[0].number)
    for forward, backward in (
        (boot.step_line, boot.step_line_back),
        (boot.next_line, boot.reverse_next_line),
    ):
        boot.goto(stop.icount)  # the interrupt is about to be taken
        interrupted = boot.position
        after = forward()
        assert after.icount - interrupted.icount > 20
        assert not after.where.startswith("vector")
        assert backward().pc == interrupted.pc


def test_a_call_of_what_has_no_lines_is_stepped_over(boot: Debugger) -> None:
    boot.until("do_one_initcall")
    known = boot.symbols.lines
    first, second = (boot.address(name) for name in ("do_one_initcall", "iommu_init"))
    boot.until("iommu_init")
    call = boot.reverse_finish()
    assert boot.step_line().pc == second
    boot.goto(call.icount)
    boot.symbols.lines = LineTable(tuple(row for row in known.rows if first <= row.addr < first + 0x100))
    try:
        assert boot.step_line().pc == call.pc + 4
        assert boot.step_line_back().icount == call.icount
        boot.step()
        assert boot.step_line().icount == call.icount + 2  # no line here: one instruction
    finally:
        boot.symbols.lines = known


def test_a_line_that_branches_to_itself_is_stepped_round_by_round() -> None:
    machine = tiny("loop: nop\n b loop\n")
    lines = LineTable((LineRow(0x8000_8000, 0x8000_8008, "t.s", 1, True),))
    dbg = Debugger(machine, symbols=Symbols(machine.image, lines))
    assert [dbg.step_line().icount for _ in range(2)] == [2, 4]
    assert [dbg.step_line_back().icount for _ in range(2)] == [2, 0]


def test_an_interrupt_is_come_back_to_over_a_change_made_just_there(boot: Debugger) -> None:
    boot.goto_end()
    boot.checkpoint("end")
    boot.goto_start()
    boot.stop_on(InterruptStop())
    stops = [boot.cont(), boot.cont()]
    boot.set_register("r7", 77)
    boot.step(3)
    assert [boot.reverse_cont().icount for _ in stops] == [stop.icount for stop in reversed(stops)]
    boot.goto_start()
    assert [boot.cont().icount for _ in stops] == [stop.icount for stop in stops]
    boot.restore("end")


def test_a_watch_over_the_whole_boot_finds_the_only_store(boot: Debugger) -> None:
    boot.goto_end()
    boot.watch("initmem_pages_freed")
    stop = boot.reverse_cont()
    assert stop.access is not None
    assert stop.where.startswith("free_initmem+")
    (free,) = machine_of(boot).trace.of(MemoryFreed) or [None]
    assert free is not None
    assert (stop.access.old, stop.access.new) == (0, free.pages)


def test_history_follows_a_page_through_its_life(boot: Debugger) -> None:
    boot.goto_end()
    history = boot.history("uhci_hcd_init")
    assert history.is_init
    assert not history.is_mapped
    assert history.poison == "poison: freed init memory"
    assert history.freed is not None
    assert (history.freed.by, history.freed.callers[0]) == ("free_initmem", "do_deferred_initcalls")
    boot.goto(1_000_000)
    assert boot.history("uhci_hcd_init").freed is None


def test_the_machine_may_be_run_by_others_and_stays_recorded() -> None:
    machine: Machine = prepare(BootOptions(rc=b"# nothing\n"))
    assert isinstance(machine, KernelMachine)
    dbg = Debugger(machine)
    machine.run(until="shell", max_instructions=100_000_000)
    prompt = machine.icount
    first = machine.shell("echo one")
    end = machine.state_hash()
    dbg.goto(prompt // 2)
    dbg.goto_end()
    assert machine.state_hash() == end
    dbg.goto(prompt - 1)
    machine.run(until="shell", max_instructions=100_000_000)
    assert machine.shell("echo two") == "two\n"
    assert first == "one\n"


def test_calls_and_modules_of_the_kernel_machine_stay_recorded() -> None:
    machine = prepare(BootOptions(drivers={"uhci_hcd": "m"}, rc=b"# nothing\n"))
    dbg = Debugger(machine)
    machine.run(until="shell", max_instructions=100_000_000)
    shell = machine.icount
    length = machine.call("strlen", machine.symbol("linux_banner"))
    dbg.stop_on(ModuleStop(name="uhci_hcd", state="LIVE"))
    machine.inputs.push(ConsoleInput(b"modprobe uhci_hcd\n"))
    dbg.budget = 50_000_000
    stop = dbg.cont()
    assert (stop.cause, stop.where) == (StopCause.EVENT, "module_set_state")
    assert "sys_finit_module" in [frame.symbol.split("+")[0] for frame in dbg.backtrace()]
    here = machine.state_hash()
    dbg.goto(shell // 2)
    dbg.goto(stop.icount)
    dbg.goto_end()
    assert machine.state_hash() == here
    assert length
    with pytest.raises(UsageError, match="no module state 'LIV'; did you mean 'LIVE'"):
        dbg.stop_on(ModuleStop(state="LIV"))


def test_a_return_address_of_0_ends_the_backtrace() -> None:
    debugger = Debugger(prepare(BootOptions()))
    debugger.until("start_kernel")
    assert [frame.symbol for frame in debugger.backtrace()] == ["start_kernel"]
    debugger.until("do_initcalls")
    assert debugger.backtrace()[-1].symbol.split("+")[0] == "start_kernel"
