"""A run is a function of the image and the inputs: slices, stops, snapshots, probes and how we count do not show.

The guest here is made for it: two timers, interrupts that come while masked, unmasked by each kind of instruction,
system calls, stores to its own stack, a console that is written and read, sleep.
"""

from __future__ import annotations

import pickle
import random
from collections.abc import Iterator

import pytest
from tiny_guest import MMU_ON, tiny

from minikernel.machine import cpu as cpu_module
from minikernel.machine.engine_counter import EngineCounter, HookCounter, find_offsets, make_counter
from minikernel.machine.events import Interrupt
from minikernel.machine.inputs import ConsoleInput
from minikernel.machine.machine import Machine
from minikernel.machine.stop import StopKind

SETUP = """
        .equ    GICD, 0x2c001000
        .equ    GICC, 0x2c002000
        .equ    UART, 0x1c090000
        .equ    TIMER, 0x1c110000
        b       start
        .balign 32
vectors: b      .
        b       on_undefined
        b       on_svc
        b       .
        b       .
        b       .
        b       on_irq
        b       .

on_undefined:
        mov     r12, #99
        movs    pc, lr

on_svc: add     r9, r9, #1
        movs    pc, lr

@ Counts each interrupt in r10, mixes the time it came into r11.
on_irq: sub     lr, lr, #4
        push    {r0-r3, lr}
        ldr     r0, =GICC
        ldr     r1, [r0, #0xc]                  @ IAR
        ldr     r2, =TIMER
        ldr     r3, [r2, #4]
        add     r11, r3, r11, ror #5
        cmp     r1, #34
        streq   r1, [r2, #0xc]                  @ clear timer 1
        streq   r1, [r2, #0x2c]                 @ clear timer 2
        ldrne   r2, =UART
        ldrne   r3, [r2]                        @ a character
        addne   r11, r11, r3
        strne   r3, [r2]
        str     r1, [r0, #0x10]                 @ EOIR
        add     r10, r10, #1
        pop     {r0-r3, lr}
        movs    pc, lr

start:  adr     r0, vectors
        mcr     p15, 0, r0, c12, c0, 0
        cps     #0x12
        ldr     sp, =0x80200000
        cps     #0x13
        ldr     sp, =0x80210000
        ldr     r0, =GICD
        mov     r1, #1
        str     r1, [r0]
        mov     r1, #(1 << 2 | 1 << 5)          @ ids 34 and 37
        str     r1, [r0, #0x104]
        ldr     r1, =0xa0a0a0a0
        str     r1, [r0, #0x420]
        str     r1, [r0, #0x424]
        ldr     r1, =0x01010101
        str     r1, [r0, #0x820]
        str     r1, [r0, #0x824]
        ldr     r0, =GICC
        mov     r1, #0xf0
        str     r1, [r0, #4]
        mov     r1, #1
        str     r1, [r0]
        ldr     r0, =UART
        ldr     r1, =0x301
        str     r1, [r0, #0x30]
        mov     r1, #0x50
        str     r1, [r0, #0x38]
        ldr     r0, =TIMER
        mov     r1, #7                          @ every 7 us
        str     r1, [r0]
        mov     r1, #0xe2
        str     r1, [r0, #8]
        mov     r1, #11
        str     r1, [r0, #0x20]
        mov     r1, #0xe2
        str     r1, [r0, #0x28]
        mov     r9, #0
        mov     r10, #0
        mov     r11, #0
"""

WORK = """
        ldr     r4, =0x80220000
        ldr     r8, =MAIN_LOOPS
main_loop:
        cpsid   i
        bl      delay
        cpsie   i
        add     r5, r5, r11
        str     r5, [r4, r8, lsl #2]
        mrs     r6, cpsr
        orr     r7, r6, #0x80
        msr     cpsr_c, r7
        bl      delay
        msr     cpsr_c, r6
        svc     #0
        cpsid   i
        bl      delay
        mrs     r6, cpsr
        bic     r6, r6, #0x80
        msr     spsr_cxsf, r6
        adr     lr, returned
        movs    pc, lr
        nop
returned:
        add     r5, r5, r10
        cpsid   i
        bl      delay
        mrs     r6, cpsr
        bic     r6, r6, #0x80
        adr     r7, popped
        push    {r6}
        push    {r7}
        rfeia   sp!
popped: add     r5, r5, r9, lsl #3
        tst     r8, #7
        wfieq
        tst     r8, #15
        ldreq   r0, =UART
        addeq   r1, r8, #0x40
        streq   r1, [r0]
        .word   0xe7fddef0
        subs    r8, r8, #1
        bne     main_loop
        cpsid   if
        wfi
        b       . - 4

delay:  push    {r0, lr}
        and     r0, r8, #31
        add     r0, r0, #40
1:      ldr     r1, [r4]
        add     r1, r1, r0
        str     r1, [r4]
        subs    r0, r0, #1
        bne     1b
        pop     {r0, pc}
"""


def source(loops: int = 60) -> str:
    return f"        .equ MAIN_LOOPS, {loops}\n{SETUP}\n{MMU_ON}\n{WORK}"


def guest(loops: int = 60) -> Machine:
    machine = tiny(source(loops))
    for at_ns, character in ((200_000, b"a"), (450_000, b"bc"), (452_000, b"d")):
        machine.inputs.push(ConsoleInput(character), at_ns=at_ns)
    machine.inputs.push(ConsoleInput(b"e"), at_icount=70_000)
    return machine


def finished(machine: Machine) -> Machine:
    stop = machine.run(max_instructions=5_000_000)
    assert stop.kind is StopKind.HALTED, stop
    return machine


@pytest.fixture(scope="module")
def straight() -> Machine:
    return finished(guest())


def same(machine: Machine, straight: Machine) -> bool:
    return (
        list(machine.trace) == list(straight.trace)
        and list(machine.console) == list(straight.console)
        and machine.state_hash() == straight.state_hash()
    )


def test_the_guest_does_what_it_is_for(straight: Machine) -> None:
    interrupts = straight.trace.of(Interrupt)
    assert len(interrupts) > 100
    assert {event.irq for event in interrupts} == {34, 37}
    assert straight.cpu.r(9) == 60
    assert straight.cpu.r(12) == 99
    assert sorted(b"".join(straight.console)) != []


def test_interrupts_are_taken_right_behind_the_unmasking_instruction(straight: Machine) -> None:
    code = {straight.image.address("main_loop") + offset: name for offset, name in ((12, "cpsie"), (40, "msr"))}
    code[straight.image.address("returned")] = "movs"
    code[straight.image.address("popped")] = "rfe"
    taken = {code[event.pc] for event in straight.trace.of(Interrupt) if event.pc in code}
    assert taken == {"cpsie", "msr", "movs", "rfe"}


def test_twice_is_the_same(straight: Machine) -> None:
    assert same(finished(guest()), straight)


def pieces(rng: random.Random, most: int) -> Iterator[int]:
    while True:
        yield rng.randint(1, most)


@pytest.mark.parametrize(("seed", "most"), [(1, 3000), (2, 500), (3, 60)])
def test_any_cutting_into_runs_is_the_same(straight: Machine, seed: int, most: int) -> None:
    machine = guest()
    for piece in pieces(random.Random(seed), most):
        if machine.run(max_instructions=piece).kind is not StopKind.BUDGET:
            break
    assert same(machine, straight)


def test_single_steps_are_the_same() -> None:
    whole, stepped = guest(8), guest(8)
    whole.run(max_instructions=40_000)
    for _ in range(whole.icount):
        stepped.run(max_instructions=1)
    assert stepped.icount == whole.icount
    assert same(stepped, whole)


def test_breakpoints_and_probes_everywhere_are_the_same(straight: Machine) -> None:
    machine = guest()
    machine.add_probe("delay", lambda _: None, lambda _: None)
    machine.add_probe("on_irq", lambda _: None)
    machine.add_probe("popped", lambda hit: hit.machine.request_stop("here") if hit.icount % 3 else None)
    addresses = [machine.image.address(name) for name in ("returned", "on_svc", "main_loop")]
    kinds = set()
    while StopKind.HALTED not in kinds:
        kinds.add(machine.run(until=addresses, max_instructions=5_000_000).kind)
    assert {StopKind.BREAKPOINT, StopKind.PROBE} <= kinds
    assert same(machine, straight)


def test_saving_changes_nothing(straight: Machine) -> None:
    machine = guest()
    while machine.run(max_instructions=997).kind is StopKind.BUDGET:
        machine.save()
    assert same(machine, straight)


def test_from_any_snapshot_the_run_is_the_same(straight: Machine) -> None:
    machine = guest()
    snapshots = []
    while machine.run(max_instructions=7919).kind is StopKind.BUDGET:
        snapshots.append((machine.save(), machine.state_hash()))
    rng = random.Random(4)
    for snapshot, state_hash in rng.sample(snapshots, len(snapshots)):
        machine.load(snapshot)
        assert machine.state_hash() == state_hash
        assert machine.icount == snapshot.icount
    for snapshot, _ in rng.sample(snapshots, 4):
        machine.load(snapshot)
        assert same(finished(machine), straight)


def test_snapshot_goes_to_another_machine_and_through_pickle(straight: Machine) -> None:
    machine = guest()
    machine.run(max_instructions=30_011)
    copy = pickle.loads(pickle.dumps(machine.save()))
    other = tiny(source())
    other.load(copy)
    assert other.state_hash() == machine.state_hash()
    assert same(finished(other), straight)


def test_going_back_and_elsewhere_leaves_the_other_past_alone() -> None:
    machine = guest()
    machine.run(max_instructions=20_000)
    fork = machine.save()
    machine.run(max_instructions=20_000)
    left = machine.save(), machine.state_hash(), list(machine.trace)
    machine.load(fork)
    machine.inputs.push(ConsoleInput(b"something else"))
    machine.run(max_instructions=20_000)
    assert list(machine.trace) != left[2]
    machine.load(left[0])
    assert machine.state_hash() == left[1]
    assert list(machine.trace) == left[2]


def test_recorded_inputs_replay_the_run() -> None:
    live = tiny(source())
    rng = random.Random(5)
    live.add_probe("on_svc", lambda hit: hit.machine.request_stop("svc") if rng.random() < 0.3 else None)
    stop = live.run(max_instructions=2000)
    while stop.kind is not StopKind.HALTED:
        if rng.random() < 0.4:
            live.inputs.push(ConsoleInput(bytes([rng.randint(65, 90)])))
        stop = live.run(max_instructions=rng.randint(1, 4000))
    replayed = tiny(source())
    for stamped in live.inputs.delivered:
        replayed.inputs.push_stamped(stamped)
    assert len(live.inputs.delivered) > 5
    assert same(finished(replayed), live)


def test_counting_by_hook_is_the_same(straight: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cpu_module, "make_counter", HookCounter)
    machine = guest()
    machine.run(max_instructions=10_007)
    assert machine.icount == 10_007
    assert same(finished(machine), straight)


def test_the_engines_counter_is_found_in_this_build() -> None:
    assert find_offsets() is not None
    machine = tiny("b .")
    assert isinstance(make_counter(machine.cpu._uc), EngineCounter)


def test_code_and_data_in_one_page_is_only_slower(straight: Machine) -> None:
    """The stack beside the code: the page is both written and executed all the time."""
    beside = source(20).replace("=0x80210000", "=stack_top") + "\n        .ltorg\n        .space 256\nstack_top:\n"
    machines = [tiny(beside) for _ in range(2)]
    finished(machines[0])
    while machines[1].run(max_instructions=333).kind is StopKind.BUDGET:
        machines[1].save()
    assert same(machines[1], machines[0])
    code = {machines[0].image.address(name) for name in ("returned", "popped")}
    assert code <= {event.pc for event in machines[0].trace.of(Interrupt)}
