"""Aborts and undefined instructions of small guests: right vector, right address, right status."""

from __future__ import annotations

import pytest
from tiny_guest import MMU_ON, tiny, with_vectors

from minikernel.machine.cpu import Cp15
from minikernel.machine.events import ExceptionTaken
from minikernel.machine.exceptions import ExceptionKind, Mode
from minikernel.machine.machine import Machine
from minikernel.machine.stop import StopKind

UNDEFINED, SVC, PREFETCH_ABORT, DATA_ABORT, IRQ = range(1, 6)

# Takes the first-level entry of the mebibyte at 0x40000000 away, and gives 0x403 a second-level table in 0x80020000.
SECTION_HOLE = """
        ldr     r0, =0x80005000
        mov     r1, #0
        str     r1, [r0]                        @ 0x40000000: nothing
        mcr     p15, 0, r1, c8, c7, 0
"""


def halted(body: str, *, but: str = "", mmu: bool = True) -> Machine:
    machine = tiny(with_vectors((MMU_ON if mmu else "") + body, but=but))
    stop = machine.run(max_instructions=1_000_000)
    assert stop.kind is StopKind.HALTED, stop
    return machine


def label(machine: Machine, name: str) -> int:
    return machine.image.address(name)


@pytest.mark.parametrize(
    ("instruction", "base", "address", "dfsr"),
    [
        ("ldr r4, [r2]", 0x4000_0123, 0x4000_0123, 0x005),
        ("ldrb r4, [r2, #-3]!", 0x4000_0123, 0x4000_0120, 0x005),
        ("str r4, [r2], #4", 0x4000_0123, 0x4000_0123, 0x805),
        ("strh r4, [r2, #0x21]", 0x4000_0123, 0x4000_0144, 0x805),
        ("ldr r4, [r2, r3, lsl #4]", 0x4000_0123, 0x4000_01A3, 0x005),
        ("ldr r4, [r2, -r3, ror #1]", 0x4000_0123, 0x4000_011F, 0x005),
        ("ldrd r4, r5, [r2, r3]", 0x4000_0120, 0x4000_0128, 0x005),
        ("push {r4, r5}", 0, 0x4000_0FF8, 0x805),
        ("pop {r4, r5}", 0, 0x4000_1000, 0x005),
        ("stmda r2, {r4-r7}", 0x4000_0120, 0x4000_0114, 0x805),
        ("ldmib r2, {r4-r7}", 0x4000_0120, 0x4000_0124, 0x005),
        ("ldrex r4, [r2]", 0x4000_0124, 0x4000_0124, 0x005),
    ],
)
def test_translation_fault_names_the_byte(instruction: str, base: int, address: int, dfsr: int) -> None:
    machine = halted(
        f"""{SECTION_HOLE}
        ldr     r2, ={base:#x}
        ldr     sp, =0x40001000
        mov     r3, #8
faulting: {instruction}
        b       .
"""
    )
    cpu = machine.cpu
    assert cpu.r(12) == DATA_ABORT
    assert cpu.cp15(Cp15.DFAR) == address
    assert cpu.cp15(Cp15.DFSR) == dfsr
    assert cpu.lr == label(machine, "faulting") + 8
    assert cpu.spsr & 0x1F == Mode.SVC


def test_access_across_a_page_boundary_faults_at_the_second_page() -> None:
    machine = halted(
        f"""{SECTION_HOLE}
        ldr     r2, =0x3ffffffe
faulting: ldr   r4, [r2]
"""
    )
    assert machine.cpu.cp15(Cp15.DFAR) == 0x4000_0000


def test_block_store_into_the_next_page_faults_at_its_first_word() -> None:
    machine = halted(
        """
        ldr     r0, =0x80005000
        ldr     r1, =0x80020001
        str     r1, [r0]                        @ 0x40000000: a second-level table
        ldr     r0, =0x80020000
        ldr     r1, =0x80100032
        str     r1, [r0]                        @ its first page
        mov     r1, #0
        str     r1, [r0, #4]
        mcr     p15, 0, r1, c8, c7, 0
        ldr     r2, =0x40000ff8
faulting: stm   r2, {r3-r6}
"""
    )
    assert machine.cpu.cp15(Cp15.DFAR) == 0x4000_1000
    assert machine.cpu.cp15(Cp15.DFSR) == 0x807


def test_undefined_instruction() -> None:
    machine = halted("nop\nfaulting: .word 0xe7fddef0", mmu=False)
    assert machine.cpu.r(12) == UNDEFINED
    assert machine.cpu.lr == label(machine, "faulting") + 4
    fault = machine.last_fault
    assert fault is not None
    assert (fault.kind, fault.pc, fault.where) == (ExceptionKind.UNDEFINED, label(machine, "faulting"), "faulting")


@pytest.mark.parametrize(
    "instruction",
    [
        "mrc p14, 7, r0, c1, c5, 7",
        ".word 0xeeb00a60  @ vmov.f32 s0, s1",
        ".word 0xee6b0f59  @ mcr p15, 3, r0, c11, c9, 2",
        ".word 0xee000200  @ cdp p2, 0, c0, c0, c0",
        ".word 0xe1400070  @ hvc #0",
        ".word 0xe1600070  @ smc #0",
    ],
)
def test_what_this_processor_does_not_have_is_undefined(instruction: str) -> None:
    machine = halted(f"nop\nfaulting: {instruction}", mmu=False)
    assert machine.cpu.r(12) == UNDEFINED
    assert machine.cpu.lr == label(machine, "faulting") + 4


def test_wfe_and_yield_do_nothing_also_before_an_undefined_instruction() -> None:
    machine = halted(
        """
        svc     #0
back:   wfe
        yield
        wfe
faulting: .word 0xe7fddef0
on_svc: movs    pc, lr
""",
        but="svc",
        mmu=False,
    )
    assert machine.cpu.r(12) == UNDEFINED
    assert machine.cpu.lr == label(machine, "faulting") + 4


def test_breakpoint_instruction_is_a_prefetch_abort() -> None:
    machine = halted("faulting: bkpt #1", mmu=False)
    assert machine.cpu.r(12) == PREFETCH_ABORT
    assert machine.cpu.cp15(Cp15.IFSR) == 0x2
    assert machine.cpu.lr == label(machine, "faulting") + 4


def test_jump_to_nowhere_faults_there() -> None:
    machine = halted(
        f"""{SECTION_HOLE}
        ldr     r2, =0x40000124
        bx      r2
"""
    )
    assert machine.cpu.r(12) == PREFETCH_ABORT
    assert machine.cpu.cp15(Cp15.IFAR) == 0x4000_0124
    assert machine.cpu.cp15(Cp15.IFSR) == 0x5
    assert machine.cpu.lr == 0x4000_0128
    assert machine.trace.of(ExceptionTaken)[-1].address == 0x4000_0124


def test_execution_of_an_execute_never_page() -> None:
    machine = halted(
        """
        ldr     r0, =0x80005000
        ldr     r1, =0x80100c12
        str     r1, [r0]                        @ 0x40000000: XN
        mov     r1, #0
        mcr     p15, 0, r1, c8, c7, 0
        ldr     r2, =0x40000124
        ldr     r3, [r2]                        @ reading is fine
        bx      r2
"""
    )
    assert machine.cpu.r(12) == PREFETCH_ABORT
    assert machine.cpu.cp15(Cp15.IFAR) == 0x4000_0124
    assert machine.cpu.cp15(Cp15.IFSR) == 0xD


def test_fetch_from_a_device_is_an_external_abort() -> None:
    machine = halted("ldr r2, =0x1c090000\n        bx r2", mmu=False)
    assert machine.cpu.cp15(Cp15.IFAR) == 0x1C09_0000
    assert machine.cpu.cp15(Cp15.IFSR) == 0x8


READ_ONLY_PAGE = """
        ldr     r0, =0x80005000
        ldr     r1, =0x80108402
        str     r1, [r0]                        @ 0x40000000: read-only for the kernel, nothing for the user
        mov     r1, #0
        mcr     p15, 0, r1, c8, c7, 0
        ldr     r2, =0x40000120
"""


def test_store_to_read_only_memory() -> None:
    machine = halted(READ_ONLY_PAGE + "ldr r3, [r2]\nfaulting: str r3, [r2, #4]")
    assert machine.cpu.cp15(Cp15.DFAR) == 0x4000_0124
    assert machine.cpu.cp15(Cp15.DFSR) == 0x80D


def test_user_mode_may_not_read_what_the_kernel_has_just_read() -> None:
    machine = halted(
        READ_ONLY_PAGE
        + """
        ldr     r3, [r2]
        cps     #0x10
faulting: ldr   r3, [r2]
"""
    )
    assert machine.cpu.r(12) == DATA_ABORT
    assert machine.cpu.cp15(Cp15.DFSR) == 0x00D
    assert machine.cpu.spsr & 0x1F == Mode.USR


@pytest.mark.parametrize(
    "instruction", ["ldrt r3, [r2]", "ldrbt r3, [r2], #1", ".word 0xe0f230b0  @ ldrht r3, [r2], #0"]
)
def test_unprivileged_load_has_the_users_permissions(instruction: str) -> None:
    machine = halted(READ_ONLY_PAGE + f"ldr r3, [r2]\nfaulting: {instruction}")
    assert machine.cpu.r(12) == DATA_ABORT
    assert machine.cpu.cp15(Cp15.DFSR) == 0x00D
    assert machine.cpu.lr == label(machine, "faulting") + 8


@pytest.mark.parametrize(
    ("instruction", "dfsr"), [("ldr r4, [r2]", 0x001), ("str r4, [r2]", 0x801), ("ldrd r4, r5, [r2]", 0x001)]
)
def test_alignment_fault_when_asked_for(instruction: str, dfsr: int) -> None:
    machine = halted(
        f"""
        mrc     p15, 0, r0, c1, c0, 0
        orr     r0, r0, #2
        mcr     p15, 0, r0, c1, c0, 0           @ SCTLR.A
        ldr     r2, =0x80100002
faulting: {instruction}
"""
    )
    assert machine.cpu.r(12) == DATA_ABORT
    assert machine.cpu.cp15(Cp15.DFAR) == 0x8010_0002
    assert machine.cpu.cp15(Cp15.DFSR) == dfsr
    assert machine.cpu.lr == label(machine, "faulting") + 8


def test_alignment_is_checked_only_while_asked_for() -> None:
    machine = halted(
        """
        ldr     r2, =0x80100002
        ldr     r4, [r2]
        mrc     p15, 0, r0, c1, c0, 0
        orr     r1, r0, #2
        mcr     p15, 0, r1, c1, c0, 0           @ SCTLR.A on
        ldrh    r4, [r2]
        cmp     r2, #0
        ldreq   r4, [r2]                        @ not executed
        ldrb    r4, [r2, #1]
        mcr     p15, 0, r0, c1, c0, 0           @ off
        ldr     r4, [r2]
        mcr     p15, 0, r1, c1, c0, 0           @ on
        mov     r5, #7
faulting: ldrne r4, [r2]
"""
    )
    assert machine.cpu.r(12) == DATA_ABORT
    assert machine.cpu.r(5) == 7
    assert machine.cpu.lr == label(machine, "faulting") + 8


def test_unaligned_word_is_fine_otherwise() -> None:
    machine = tiny("ldr r0, =0x80100000\n ldr r1, =0x11223344\n str r1, [r0, #1]\n ldr r2, [r0]\n wfi\n b .-4")
    machine.run(max_instructions=100)
    assert machine.cpu.r(2) == 0x2233_4400


def test_supervisor_call_and_return() -> None:
    machine = halted(
        """
        mov     r0, #1
        cps     #0x10
        mov     sp, #0x40
        svc     #0
        mov     r4, r0
        svc     #1
on_svc: add     r0, r0, #1
        cmp     r0, #3
        movsne  pc, lr
        mov     r12, #77
        wfi
        b       . - 4
""",
        but="svc",
        mmu=False,
    )
    assert (machine.cpu.r(12), machine.cpu.r(4)) == (77, 2)


def test_stale_translation_stays_until_it_is_invalidated() -> None:
    body = """
        ldr     r0, =0x80005000
        ldr     r1, =0x80100c02
        str     r1, [r0]                        @ 0x40000000 -> 0x80100000
        mov     r4, #0
        mcr     p15, 0, r4, c8, c7, 0
        ldr     r2, =0x80100000
        mov     r3, #0x11
        str     r3, [r2]
        ldr     r2, =0x80200000
        mov     r3, #0x22
        str     r3, [r2]
        mov     r2, #0x40000000
        ldr     r5, [r2]
        ldr     r1, =0x80200c02
        str     r1, [r0]                        @ 0x40000000 -> 0x80200000
stop:   ldr     r6, [r2]                        @ still the old page
        mcr     p15, 0, r2, c8, c7, 1           @ TLBIMVA
        ldr     r7, [r2]
        wfi
        b       . - 4
"""
    straight = tiny(with_vectors(MMU_ON + body))
    straight.run(max_instructions=1_000_000)
    assert [straight.cpu.r(n) for n in (5, 6, 7)] == [0x11, 0x11, 0x22]

    saved = tiny(with_vectors(MMU_ON + body))
    assert saved.run(until=[label(saved, "stop")], max_instructions=1_000_000).kind is StopKind.BREAKPOINT
    snapshot = saved.save()
    elsewhere = tiny(with_vectors(MMU_ON + body))
    elsewhere.load(snapshot)
    for machine in (saved, elsewhere):
        machine.run(max_instructions=1_000_000)
        assert machine.state_hash() == straight.state_hash()


def test_fault_in_the_vectors_is_a_lockup() -> None:
    machine = tiny(f"{MMU_ON}{SECTION_HOLE}ldr r0, =0x40000000\n mcr p15, 0, r0, c12, c0, 0\n svc #0")
    stop = machine.run(max_instructions=1_000_000)
    assert stop.kind is StopKind.LOCKUP
    assert stop.fault is not None
    assert stop.fault.address == 0x4000_000C
    assert "the prefetch abort vector itself faults" in stop.message


def test_handler_that_faults_for_ever_is_a_lockup() -> None:
    machine = tiny(
        with_vectors(
            f"{MMU_ON}{SECTION_HOLE}mov r2, #0x40000000\n ldr r3, [r2]\non_data_abort: ldr r3, [r2]\n b .",
            but="data_abort",
        )
    )
    stop = machine.run(max_instructions=10_000_000)
    assert stop.kind is StopKind.LOCKUP
    assert "again and again" in stop.message
