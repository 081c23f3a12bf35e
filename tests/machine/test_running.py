"""Stops, budgets, time and probes of small guests."""

from __future__ import annotations

import os
import signal
import threading

import pytest
from tiny_guest import tiny, tiny_image, with_vectors

from minikernel.errors import ImageError, UsageError
from minikernel.machine.events import ConsoleOutput, PowerRequest, UnassignedAccess
from minikernel.machine.inputs import ConsoleInput
from minikernel.machine.machine import GuestMemoryError, Machine
from minikernel.machine.probes import Hit
from minikernel.machine.stop import StopKind

LOOP = """
        mov     r0, #0
loop:   add     r0, r0, #1
        add     r1, r1, r0
middle: eor     r2, r2, r1
        b       loop
"""
HELLO = """
        ldr     r1, =0x1c090000
        ldr     r2, =0x101
        str     r2, [r1, #0x30]                 @ UARTCR: UARTEN, TXE
        adr     r2, text
next:   ldrb    r0, [r2], #1
        cmp     r0, #0
        strne   r0, [r1]
        bne     next
        ldr     r1, =0x1c010000
        ldr     r0, =0xc0800000
        str     r0, [r1, #0xa4]                 @ SYS_CFGCTRL: shutdown
        b       .
text:   .asciz  "hello\\r\\nthere\\nrest"
        .balign 4
"""


def test_starts_as_the_boot_loader_leaves_it() -> None:
    machine = tiny("b .", cmdline="quiet")
    cpu = machine.cpu
    assert cpu.pc == 0x8000_8000
    assert cpu.cpsr & 0xDF == 0xD3
    assert [cpu.r(n) for n in (0, 1, 2)] == [0, 2272, 0x8000_0100]
    tags = machine.read_phys(0x8000_0100, 64)
    assert tags.startswith(bytes.fromhex("02000000 01004154 04000000 02004154 00000001 00000080"))
    assert b"quiet\0" in tags


def test_initrd_is_high_in_ram_and_named_by_its_tag() -> None:
    machine = tiny("b .", initrd=b"cpio" * 1000)
    where = 0x8100_0000 - 4096
    assert machine.read_phys(where, 8) == b"cpiocpio"
    assert where.to_bytes(4, "little") + (4000).to_bytes(4, "little") in machine.read_phys(0x8000_0100, 64)


def test_impossible_loads_are_refused() -> None:
    with pytest.raises(UsageError, match="1500 bytes"):
        tiny("b .", cmdline="x" * 1500)
    with pytest.raises(UsageError, match="does not fit"):
        tiny("b .", initrd=bytes(16 << 20))
    with pytest.raises(ImageError, match="RAM is"):
        tiny("b .", ram_size=0x8000)


def test_console_output_and_power_off() -> None:
    machine = tiny(HELLO)
    heard = []
    machine.on_console.append(heard.append)
    stop = machine.run()
    assert stop.kind is StopKind.POWER_OFF
    assert b"".join(heard) == b"".join(machine.console) == b"hello\r\nthere\nrest"
    assert [event.text for event in machine.trace.of(ConsoleOutput)] == ["hello", "there"]
    assert machine.trace.of(PowerRequest)[0].request == "off"
    # the store that asked for it is the last instruction
    assert machine.read_word(stop.pc - 4) == 0xE581_00A4


def test_device_accesses_are_told_to_listeners() -> None:
    machine = tiny(HELLO)
    accesses: list[tuple[object, ...]] = []
    machine.on_device_access(lambda *access: accesses.append(access))
    machine.run()
    assert accesses[0] == ("uart0", 0x30, True, 0x101, 4)
    assert accesses[-1] == ("sysreg", 0xA4, True, 0xC080_0000, 4)


def test_unassigned_addresses_read_zero_and_are_noted_once() -> None:
    machine = tiny(
        """
        mov     r4, #3
again:  ldr     r1, =0x2b000020
        mov     r0, #1
        ldr     r0, [r1]
        ldr     r2, =0xfffffff0
        str     r1, [r2]
        subs    r4, r4, #1
        bne     again
        wfi
"""
    )
    machine.run(max_instructions=100)
    assert machine.cpu.r(0) == 0
    noted = [(event.place, event.offset, event.is_write) for event in machine.trace.of(UnassignedAccess)]
    assert noted == [("unassigned", 0x2B00_0020, False), ("unassigned", 0xFFFF_FFF0, True)]


@pytest.mark.parametrize("budget", [1, 2, 3, 4, 5, 6, 99, 1000, 1001, 4_000_001])
def test_budget_is_exact(budget: int) -> None:
    machine = tiny(LOOP)
    stop = machine.run(max_instructions=budget)
    assert stop.kind is StopKind.BUDGET
    assert machine.icount == stop.icount == budget
    assert machine.cpu.r(0) == (budget + 2) // 4
    assert machine.time_ns == 10 * budget


def test_budget_spent_in_pieces_is_the_same() -> None:
    whole, pieces = tiny(LOOP), tiny(LOOP)
    whole.run(max_instructions=100)
    for piece in (1, 1, 1, 7, 40, 50):
        pieces.run(max_instructions=piece)
    assert pieces.state_hash() == whole.state_hash()


def test_zero_budget_executes_nothing() -> None:
    machine = tiny(LOOP)
    assert machine.run(max_instructions=0).kind is StopKind.BUDGET
    assert machine.icount == 0


def test_time_limit() -> None:
    machine = tiny(LOOP)
    assert machine.run(until_ns=12_345).kind is StopKind.TIME
    assert machine.icount == 1235
    sleeper = tiny("wfi\n b . - 4", clock_hz=50_000_000)
    sleeper.cpu.cpsr = 0x13
    sleeper.board.rtc.tick()
    assert sleeper.run(until_ns=5_000).kind is StopKind.HALTED  # nothing would ever wake it


def test_breakpoints_at_the_start_and_in_the_middle_of_straight_code() -> None:
    machine = tiny(LOOP)
    loop, middle = machine.image.address("loop"), machine.image.address("middle")
    stops = [machine.run(until=[loop, middle], max_instructions=100) for _ in range(4)]
    assert [(stop.kind, stop.pc, stop.icount) for stop in stops] == [
        (StopKind.BREAKPOINT, loop, 1),
        (StopKind.BREAKPOINT, middle, 3),
        (StopKind.BREAKPOINT, loop, 5),
        (StopKind.BREAKPOINT, middle, 7),
    ]
    assert "middle" in stops[1].message
    assert machine.run(until=[middle], max_instructions=100).icount == 11
    assert machine.run(max_instructions=10).kind is StopKind.BUDGET


def test_breakpoint_hits_when_single_stepping_to_it() -> None:
    machine = tiny(LOOP)
    middle = machine.image.address("middle")
    machine.run(until=[middle], max_instructions=1)
    machine.run(until=[middle], max_instructions=1)
    assert machine.run(until=[middle], max_instructions=1).kind is StopKind.BUDGET
    assert machine.cpu.pc == middle
    assert machine.run(until=[middle], max_instructions=100).icount == 7  # not where it already stands


CALLS = """
        ldr     sp, =0x80100000
        mov     r4, #3
1:      mov     r0, r4
        mov     r1, #10
        mov     r2, #20
        mov     r3, #30
        bl      double
        bl      outer
        subs    r4, r4, #1
        bne     1b
        wfi
        b       . - 4
double: add     r0, r0, r0
        bx      lr
outer:  push    {r4, lr}
        bl      double
        pop     {r4, pc}
falls:  nop
into:   nop
        bx      lr
"""


def test_probes_see_arguments_results_and_times() -> None:
    machine = tiny(CALLS)
    seen: list[tuple[str, Hit]] = []
    machine.add_probe("double", lambda hit: seen.append(("in", hit)), lambda hit: seen.append(("out", hit)))
    machine.run(max_instructions=1000)
    assert [(kind, hit.args[0], hit.result) for kind, hit in seen[:4]] == [
        ("in", 3, 0),
        ("out", 3, 6),
        ("in", 6, 0),
        ("out", 6, 12),
    ]
    assert len(seen) == 12
    entry, back = seen[0][1], seen[1][1]
    assert entry.args == (3, 10, 20, 30)
    assert back.lr == entry.lr
    assert (entry.icount, back.icount, back.entry_icount, back.duration_ns) == (7, 9, 7, 20)


def test_nested_returns_come_innermost_first() -> None:
    machine = tiny(CALLS)
    order: list[str] = []
    machine.add_probe("outer", lambda _: order.append("outer"), lambda _: order.append("outer done"))
    machine.add_probe("double", lambda _: order.append("double"), lambda _: order.append("double done"))
    machine.run(max_instructions=24)
    assert order[:6] == ["double", "double done", "outer", "double", "double done", "outer done"]


def test_probes_change_nothing() -> None:
    plain, probed = tiny(CALLS), tiny(CALLS)
    for name in ("double", "outer"):
        probed.add_probe(name, lambda _: None, lambda _: None)
    plain.run(max_instructions=1000)
    probed.run(max_instructions=1000)
    assert plain.state_hash() == probed.state_hash()


def test_probe_may_stop_and_the_run_goes_on() -> None:
    machine = tiny(CALLS)
    hits = []

    def on_entry(hit: Hit) -> None:
        hits.append(hit.icount)
        hit.machine.request_stop("seen enough")

    machine.add_probe("double", on_entry)
    first = machine.run(max_instructions=1000)
    assert (first.kind, first.pc, first.icount) == (StopKind.PROBE, machine.image.address("double"), 7)
    assert first.message.startswith("seen enough")
    second = machine.run(max_instructions=1000)
    assert second.icount > first.icount
    assert len(hits) == 2


def test_missing_probe_is_named() -> None:
    machine = tiny(CALLS)
    machine.add_probe("nonesuch", lambda _: None)
    assert machine.missing_probes == ["nonesuch"]


def test_probe_on_a_function_that_code_falls_into() -> None:
    machine = tiny("bl falls\n wfi\n b . - 4\n falls: nop\n into: nop\n bx lr")
    hits = []
    machine.add_probe("into", lambda hit: hits.append(hit.icount), lambda hit: hits.append(hit.icount))
    machine.run(max_instructions=10)
    assert hits == [2, 4]


def test_wfi_with_nothing_to_come_is_the_end() -> None:
    machine = tiny("wfi\n b . - 4")
    stop = machine.run(max_instructions=1000)
    assert (stop.kind, stop.icount) == (StopKind.HALTED, 1)
    assert machine.run(max_instructions=1000).kind is StopKind.HALTED


def test_wfi_that_ends_exactly_with_the_budget_still_sleeps() -> None:
    machine = tiny("wfi\n mov r0, #1\n b .")
    assert machine.run(max_instructions=1).kind is StopKind.BUDGET
    assert machine.run(max_instructions=1).kind is StopKind.HALTED
    assert machine.cpu.r(0) == 0


def test_ctrl_c_stops_between_instructions_and_the_run_goes_on() -> None:
    machine = tiny("b .")
    timer = threading.Timer(0.05, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    stop = machine.run(max_instructions=3_000_000_000)
    timer.join()
    assert stop.kind is StopKind.INTERRUPTED
    assert machine.run(max_instructions=10).kind is StopKind.BUDGET
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_ctrl_c_between_many_runs_ends_the_next_one() -> None:
    machine = tiny(LOOP)
    with machine.many_runs():
        assert machine.run(max_instructions=1).kind is StopKind.BUDGET
        os.kill(os.getpid(), signal.SIGINT)
        assert machine.run(max_instructions=1).kind is StopKind.INTERRUPTED
        assert machine.run(max_instructions=1).kind is StopKind.BUDGET
    assert machine.icount == 2
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_input_is_delivered_at_its_instruction() -> None:
    source = """
        ldr     r1, =0x1c090000
        ldr     r2, =0x301
        str     r2, [r1, #0x30]                 @ UARTCR: UARTEN, TXE, RXE
poll:   ldr     r0, [r1, #0x18]                 @ UARTFR
        tst     r0, #0x10                       @ RXFE
        bne     poll
        ldr     r0, [r1]
        wfi
        b       . - 4
"""
    counts = []
    for at in (48, 49, 50, 51, 52, 53):
        machine = tiny(source)
        machine.inputs.push(ConsoleInput(b"x"), at_icount=at)
        assert machine.run(max_instructions=1000).kind is StopKind.HALTED
        assert machine.cpu.r(0) == ord("x")
        counts.append(machine.icount)
    # The loads of the flag register are instructions 4, 7, ... 49, 52, 55 (counted from 1), four more come after.
    assert counts == [53, 56, 56, 56, 59, 59]
    live = tiny(source)
    live.run(max_instructions=51)
    live.inputs.push(ConsoleInput(b"x"))
    live.run(max_instructions=1000)
    assert live.icount == counts[3]


COUNTERS = """
        nop
        mrc     p15, 0, r0, c9, c13, 0          @ PMCCNTR
        nop
        .word   0xec532f0e                      @ mrrc p15, 0, r2, r3, c14: CNTPCT
        cmp     r0, #0
        mrceq   p15, 0, r0, c9, c13, 0
        mov     r4, #9
        mrc     p15, 0, r5, c9, c13, 0
        wfi
        b       . - 4
"""


def test_counters_are_virtual_time() -> None:
    machine = tiny(COUNTERS)
    assert machine.run(max_instructions=1000).kind is StopKind.HALTED
    assert [machine.cpu.r(n) for n in (0, 2, 3, 4, 5)] == [1, 30 * 62_500_000 // 10**9, 0, 9, 7]
    assert machine.icount == 9
    stepped = tiny(COUNTERS)
    while stepped.run(max_instructions=1).kind is StopKind.BUDGET:
        pass
    assert stepped.state_hash() == machine.state_hash()


def test_breakpoint_at_a_counter_read_stops_before_it() -> None:
    machine = tiny(COUNTERS)
    where = 0x8000_8004
    assert machine.run(until=[where], max_instructions=100).icount == 1
    assert machine.cpu.r(0) == 0
    assert machine.run(until=[where + 4], max_instructions=100).icount == 2
    assert machine.cpu.r(0) == 1


def test_long_descriptor_tables_are_refused() -> None:
    machine = tiny("mov r0, #0x80000000\n mcr p15, 0, r0, c2, c0, 2\n b .")
    stop = machine.run(max_instructions=100)
    assert stop.kind is StopKind.LOCKUP
    assert "TTBCR.EAE" in stop.message


SLEEPER = """
        ldr     r0, =0x1c110000
        mov     r1, #100                        @ microseconds
        str     r1, [r0]
        mov     r1, #0xe2
        str     r1, [r0, #8]
        ldr     r0, =0x2c001000
        mov     r1, #1
        str     r1, [r0]
        mov     r1, #4
        str     r1, [r0, #0x104]
        ldr     r0, =0x2c002000
        mov     r1, #0xf0
        str     r1, [r0, #4]
        mov     r1, #1
        str     r1, [r0]
        wfi                                     @ masked: wakes all the same
woken:  mov     r5, #1
        cpsid   i
        wfi                                     @ pending already: goes on at once
        mov     r5, #2
        wfi
        b       . - 4
"""


def test_sleep_ends_at_the_deadline() -> None:
    machine = tiny(SLEEPER)
    stop = machine.run(until=[machine.image.address("woken")], max_instructions=1000)
    assert stop.kind is StopKind.BREAKPOINT
    # The timer was started at 50 ns by the write that is instruction 5, and counts whole microseconds.
    assert machine.time_ns == 100_050
    assert machine.icount == 16
    assert machine.run(max_instructions=1000).kind is StopKind.HALTED
    assert machine.cpu.r(5) == 2
    assert machine.time_ns < 101_000


def test_time_limit_within_a_sleep() -> None:
    machine, straight = tiny(SLEEPER), tiny(SLEEPER)
    for until in (20_000, 20_001, 99_999):
        stop = machine.run(until_ns=until)
        assert (stop.kind, stop.time_ns, stop.icount) == (StopKind.TIME, until, 16)
        machine.load(machine.save())
    for each in (machine, straight):
        assert each.run(max_instructions=100).kind is StopKind.HALTED
    assert machine.state_hash() == straight.state_hash()


def test_memory_through_the_guests_tables() -> None:
    machine = tiny("b .")
    machine.write(0x8010_0FFE, b"abcd")
    assert machine.read(0x8010_0FFE, 4) == b"abcd"
    assert machine.read_cstring(0x8010_0FFE) == "abcd"
    assert machine.read_word(0x8010_1000) == 0x6463
    with pytest.raises(GuestMemoryError, match="not RAM"):
        machine.read(0x1C09_0000, 4)
    with pytest.raises(GuestMemoryError, match="not RAM"):
        machine.write(0x80FF_FFFE, b"abcd")


def test_host_may_change_code_that_has_run() -> None:
    machine = tiny(LOOP)
    machine.run(max_instructions=101)
    assert machine.cpu.r(0) == 25
    machine.write(machine.image.address("loop"), (0xE280_0064).to_bytes(4, "little"))  # add r0, r0, #100
    machine.run(max_instructions=4)
    assert machine.cpu.r(0) == 125


def test_guest_may_change_its_own_code() -> None:
    machine = tiny(
        """
        mov     r5, #3
again:  bl      patched
        ldr     r1, =0xe2800064                 @ add r0, r0, #100
        adr     r2, patched
        str     r1, [r2]
        subs    r5, r5, #1
        bne     again
        wfi
        b       . - 4
patched: add    r0, r0, #1
        bx      lr
"""
    )
    machine.run(max_instructions=1000)
    assert machine.cpu.r(0) == 201


def test_machine_is_made_of_an_image_alone() -> None:
    assert isinstance(Machine(tiny_image(with_vectors("b ."))), Machine)


def test_input_for_a_count_that_a_sleeper_never_reaches_wakes_it() -> None:
    machine = tiny(
        """
        ldr     r1, =0x1c090000
        ldr     r2, =0x301
        str     r2, [r1, #0x30]
        mov     r2, #0x50
        str     r2, [r1, #0x38]                 @ UARTIMSC: RX, RT
        ldr     r0, =0x2c001000
        mov     r2, #1
        str     r2, [r0]
        mov     r2, #(1 << 5)
        str     r2, [r0, #0x104]
        ldr     r0, =0x2c002000
        mov     r2, #0xff
        str     r2, [r0, #4]
        mov     r2, #1
        str     r2, [r0]
        wfi                                     @ IRQs are masked: it wakes and goes on
        ldr     r3, [r1]
        wfi
        b       . - 4
"""
    )
    machine.inputs.push(ConsoleInput(b"x"), at_icount=1_000_000)
    assert machine.run(max_instructions=1000).kind is StopKind.HALTED
    assert machine.cpu.r(3) == ord("x")
