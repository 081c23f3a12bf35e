"""Random words as a guest, with the MMU on and handlers that skip.

Whatever it does, the host survives, and a run that is cut, saved and loaded anywhere is the run that was not.
"""

from __future__ import annotations

import random

import pytest
from tiny_guest import MMU_ON, VECTORS, tiny

from minikernel.machine.machine import Machine
from minikernel.machine.stop import StopKind

BUDGET = 20_000
RETURN_OFFSETS = {"undefined": 0, "svc": 0, "prefetch_abort": 0, "data_abort": 4, "irq": 4}
SKIPPING_HANDLERS = "\n".join(
    f"on_{name}: add r12, r12, #1\n        subs pc, lr, #{offset}" for name, offset in RETURN_OFFSETS.items()
)
SOURCE = f"""
        adr     r0, vectors
        mcr     p15, 0, r0, c12, c0, 0
        b       go
{VECTORS}
{SKIPPING_HANDLERS}
go:
{MMU_ON}
        ldr     r0, =0x80120000
        mov     r1, r0
        mov     r2, #0x80000000
        ldr     sp, =0x80140000
        ldr     pc, =0x80100000
        .ltorg
"""


def random_word(rng: random.Random) -> int:
    """Anything, but with more of what matters here: loads, stores, branches, mode changes, system registers."""
    shapes = (
        lambda: rng.getrandbits(32),
        lambda: 0xE000_0000 | rng.getrandbits(28),
        lambda: 0xE000_0000 | rng.getrandbits(28),
        lambda: 0xE590_0000 | rng.getrandbits(20),
        lambda: 0xE880_0000 | rng.getrandbits(21),
        lambda: 0xEA00_0000 | rng.randint(0, 20),
        lambda: rng.choice((0xF108_0080, 0xF10C_0080, 0xE10F_0000, 0xE121_F000)),
        lambda: 0xEE00_0F10 | rng.getrandbits(28) & 0x0FFF_00FF,
    )
    return rng.choice(shapes)()


def guest(seed: int) -> Machine:
    rng = random.Random(seed)
    machine = tiny(SOURCE)
    machine.write_phys(0x8010_0000, b"".join(random_word(rng).to_bytes(4, "little") for _ in range(2048)))
    return machine


def check(seed: int) -> None:
    straight, cut = guest(seed), guest(seed)
    straight.run(max_instructions=BUDGET)
    rng = random.Random(-seed)
    while cut.icount < BUDGET:
        stop = cut.run(max_instructions=min(rng.randint(1, 3000), BUDGET - cut.icount))
        if stop.kind is not StopKind.BUDGET:
            break
        if rng.random() < 0.3:
            cut.load(cut.save())
    assert list(cut.trace) == list(straight.trace)
    assert cut.state_hash() == straight.state_hash()


@pytest.mark.parametrize("seed", [1, 2, 3, 58, 1000, 1001])
def test_random_code(seed: int) -> None:
    check(seed)


@pytest.mark.slow
def test_much_random_code() -> None:
    for seed in range(10_000, 10_100):
        check(seed)
