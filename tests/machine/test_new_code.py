"""Code written where other code has run: after the maintenance that the architecture asks for, the new code runs."""

from __future__ import annotations

import pytest
from tiny_guest import MMU_ON, tiny, with_vectors

# A page with two addresses: written at one, executed at the other. Each round writes a function that returns the number
# of the round, executes it, and keeps its last two answers in r4 and r5. ARM ARM (DDI 0406C) A3.5.4: instruction cache
# maintenance lies between.
TWO_ADDRESSES = f"""{MMU_ON}
        ldr     r0, =0x80004000 + 0x901 * 4
        ldr     r1, =0x80100c02
        str     r1, [r0]
        mov     r3, #0
        mcr     p15, 0, r3, c8, c7, 0           @ TLBIALL
        ldr     r8, =0x80100000                 @ where it is executed
        ldr     r9, =0x90100000                 @ where it is written
        ldr     r7, =0xe3a00001                 @ mov r0, #1
        ldr     r6, =0xe12fff1e                 @ bx lr
"""
ROUND = """
        blx     r8
        mov     r4, r5
        mov     r5, r0
        add     r7, r7, #1
        subs    r10, r10, #1
"""
WRITE = """
        str     r7, [r9]
        str     r6, [r9, #4]
"""
MAINTENANCE = {
    "ICIALLU": "mcr p15, 0, r3, c7, c5, 0",
    "ICIALLUIS": "mcr p15, 0, r3, c7, c1, 0",
    "ICIMVAU": "mcr p15, 0, r8, c7, c5, 1",
}
ROUNDS = (2, 3, 20, 40)  # a page that changes between code and data often is treated in another way


def answers(source: str, rounds: int) -> list[int]:
    machine = tiny(source.replace("ROUNDS", str(rounds)))
    machine.run(until=[machine.image.address("done")], max_instructions=200_000)
    assert machine.cpu.r(10) == 0
    return [machine.cpu.r(4), machine.cpu.r(5)]


@pytest.mark.parametrize("rounds", ROUNDS)
@pytest.mark.parametrize("maintenance", MAINTENANCE)
def test_the_kernel_runs_what_it_has_written_at_another_address(maintenance: str, rounds: int) -> None:
    body = f"mov r10, #ROUNDS\nagain: {WRITE} {MAINTENANCE[maintenance]}\n isb\n {ROUND} bne again\ndone: b done"
    assert answers(f"{TWO_ADDRESSES} {body}", rounds) == [rounds - 1, rounds]


@pytest.mark.parametrize("rounds", ROUNDS)
@pytest.mark.parametrize("maintenance", MAINTENANCE)
def test_a_program_runs_what_the_kernel_has_written_for_it(maintenance: str, rounds: int) -> None:
    """As exec does: the kernel stores by its own address, the program executes by its own."""
    source = with_vectors(
        f"""{TWO_ADDRESSES}
        ldr     sp, =0x80200000
        mov     r10, #ROUNDS
        cps     #16
again:  svc     #0
        {ROUND}
        bne     again
done:   b       done
on_svc:
        {WRITE}
        {MAINTENANCE[maintenance]}
        isb
        movs    pc, lr
""",
        but="svc",
    )
    assert answers(source, rounds) == [rounds - 1, rounds]


@pytest.mark.parametrize("rounds", ROUNDS)
def test_a_page_that_is_mapped_anew_runs_its_new_code(rounds: int) -> None:
    """As the module loader does: executable, unmapped, written, executable at the same address again."""
    body = f"""
        mov     r10, #ROUNDS
        ldr     r2, =0x80004000 + 0x801 * 4     @ the entry of the address where it is executed
        ldr     r11, [r2]
again:  {WRITE}
        str     r11, [r2]
        mcr     p15, 0, r3, c8, c7, 0
        {MAINTENANCE["ICIALLU"]}
        isb
        {ROUND}
        mov     r0, #0
        str     r0, [r2]
        mcr     p15, 0, r3, c8, c7, 0
        cmp     r10, #0
        bne     again
done:   b       done
"""
    assert answers(f"{TWO_ADDRESSES} {body}", rounds) == [rounds - 1, rounds]
