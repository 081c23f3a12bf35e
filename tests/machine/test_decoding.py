"""The three small decoders: what is sensitive, where an access begins, what must be aligned. One line, one fact."""

from __future__ import annotations

import pytest

from minikernel.machine.alignment import condition_passed, is_store, required_alignment
from minikernel.machine.fault_address import fault_address, first_address
from minikernel.machine.sensitive import (
    Sensitivity,
    classify,
    ends_run,
    find_sensitive,
    is_unprivileged_transfer,
)
from minikernel.toolchain.assembler import assemble_text

UNMASK, TLB, CODE, CONTROL, COUNTER = Sensitivity


def word(instruction: str) -> int:
    text = f"        .syntax unified\n        .arm\n        .cpu cortex-a15\n        .text\n        {instruction}\n"
    return int.from_bytes(assemble_text(text).section(".text").data[:4], "little")


@pytest.mark.parametrize(
    ("instruction", "expected"),
    [
        ("cpsie i", UNMASK),
        ("cpsie aif", UNMASK),
        ("cpsie i, #0x13", UNMASK),
        ("cpsie f", None),
        ("cpsid i", None),
        ("cps #0x10", None),
        ("msr cpsr_c, r1", UNMASK),
        ("msr cpsr_cxsf, r1", UNMASK),
        ("msr cpsr_c, #0x13", UNMASK),
        ("msrne cpsr_c, r1", UNMASK),
        ("msr cpsr_f, r1", None),
        ("msr spsr_cxsf, r1", None),
        ("mrs r0, cpsr", None),
        ("movs pc, lr", UNMASK),
        ("subs pc, lr, #4", UNMASK),
        ("mov pc, lr", None),
        ("movs r0, r1", None),
        ("cmp r0, #15", None),
        ("mul r0, r1, r2", None),
        ("ldm sp!, {r0-r12, pc}^", UNMASK),
        ("ldm sp, {r0-lr}^", None),
        ("pop {r4, pc}", None),
        ("rfeia sp!", UNMASK),
        ("rfedb r3", UNMASK),
        ("srsdb sp!, #0x13", None),
        ("mcr p15, 0, r0, c8, c7, 0", TLB),
        ("mcr p15, 0, r0, c8, c3, 1", TLB),
        ("mcr p15, 0, r0, c7, c5, 0", CODE),
        ("mcr p15, 0, r0, c7, c5, 1", CODE),
        ("mcr p15, 0, r0, c7, c1, 0", CODE),
        ("mcr p15, 0, r0, c8, c9, 0", None),
        ("mcr p15, 4, r0, c8, c7, 0", None),
        ("mcr p15, 0, r0, c2, c0, 0", CONTROL),
        ("mcr p15, 0, r0, c1, c0, 0", CONTROL),
        ("mcr p15, 0, r0, c12, c0, 0", CONTROL),
        ("mcr p15, 0, r0, c13, c0, 1", CONTROL),
        ("mcr p15, 0, r0, c7, c10, 5", None),
        ("mcr p15, 1, r0, c7, c5, 0", None),
        ("mrc p15, 0, r0, c1, c0, 0", None),
        ("mrc p15, 0, r7, c9, c13, 0", COUNTER),
        ("mrc p15, 0, r7, c9, c12, 0", None),
        ("mcr p14, 0, r0, c8, c7, 0", None),
        ("add r0, r1, r2", None),
        ("ldr r0, [r1]", None),
        ("nop", None),
    ],
)
def test_sensitive_instructions(instruction: str, expected: Sensitivity | None) -> None:
    encoded = word(instruction)
    assert classify(encoded) is expected
    assert [spot.sensitivity for spot in find_sensitive([encoded])] == ([expected] if expected else [])


@pytest.mark.parametrize(
    ("instruction", "expected"),
    [
        ("b .", True),
        ("bne .", True),
        ("bl .", True),
        ("bx lr", True),
        ("blx r3", True),
        ("pop {r4, pc}", True),
        ("ldr pc, [r0]", True),
        ("svc #0", True),
        ("pop {r4}", False),
        ("ldr r0, [pc]", False),
        ("mcr p15, 0, r0, c7, c5, 0", False),
        ("clz r0, r1", False),
        ("add r0, r0, #1", False),
    ],
)
def test_what_ends_a_run(instruction: str, expected: bool) -> None:
    assert ends_run(word(instruction)) is expected


def test_a_run_begins_behind_the_branch_before() -> None:
    code = [word(text) for text in ("nop", "bx lr", "nop", "nop", "cpsie i", "cpsie i")]
    assert [(spot.word, spot.start) for spot in find_sensitive(code)] == [(4, 2), (5, 2)]


@pytest.mark.parametrize(
    ("encoding", "expected"),
    [
        (0xE4B2_3000, True),  # ldrt r3, [r2]
        (0xE4E2_3001, True),  # strbt r3, [r2], #1
        (0xE6B2_3004, True),  # ldrt r3, [r2], r4
        (0xE0F2_30B0, True),  # ldrht r3, [r2], #0
        (0xE592_3000, False),  # ldr r3, [r2]
        (0xE492_3004, False),  # ldr r3, [r2], #4
        (0xE5B2_3004, False),  # ldr r3, [r2, #4]!
        (0xE023_0291, False),  # mla r3, r1, r2, r0
    ],
)
def test_unprivileged_transfers(encoding: int, expected: bool) -> None:
    assert is_unprivileged_transfer(encoding) is expected


REGISTERS = [0x100 * number for number in range(15)] + [0x8008]
MINUS = 1 << 32


@pytest.mark.parametrize(
    ("instruction", "expected"),
    [
        ("ldr r0, [r1]", 0x100),
        ("ldr r0, [r1, #0xfff]", 0x10FF),
        ("ldr r0, [r1, #-0x101]", MINUS - 1),
        ("ldr r0, [r1, #4]!", 0x104),
        ("ldr r0, [r1], #4", 0x100),
        ("ldr r0, [pc, #8]", 0x8010),
        ("strb r0, [r2, r3]", 0x500),
        ("strb r0, [r2, -r1]", 0x100),
        ("ldr r0, [r2, r1, lsl #3]", 0xA00),
        ("ldr r0, [r2, r1, lsr #4]", 0x210),
        ("ldr r0, [r2, r1, lsr #32]", 0x200),
        ("ldr r0, [r2, r1, asr #8]", 0x201),
        ("ldr r0, [r2, r1, ror #8]", 0x201),
        ("ldr r0, [r2, r1, rrx]", 0x8000_0280),
        ("ldrh r0, [r1, #0x22]", 0x122),
        ("strd r2, r3, [r1, #-8]", 0xF8),
        ("ldrsb r0, [r1, r2]", 0x300),
        ("ldrex r0, [r4]", 0x400),
        ("strex r0, r1, [r4]", 0x400),
        ("ldmia r4, {r0-r3}", 0x400),
        ("ldmib r4, {r0-r3}", 0x404),
        ("ldmda r4, {r0-r3}", 0x3F4),
        ("ldmdb r4!, {r0-r3}", 0x3F0),
        ("push {r0, r1}", 0xCF8),
        ("rfeia r4", 0x400),
        ("pld [r4]", None),
        ("mul r0, r1, r2", None),
        ("add r0, r1, r2", None),
    ],
)
def test_where_an_access_begins(instruction: str, expected: int | None) -> None:
    assert first_address(word(instruction), REGISTERS.__getitem__, carry=True) == expected


@pytest.mark.parametrize(
    ("encoding", "expected"),
    [
        (0xED94_0A02, 0x408),  # vldr s0, [r4, #8]
        (0xED04_0A02, 0x3F8),  # vstr s0, [r4, #-8]
        (0xEC94_0A04, 0x400),  # vldmia r4, {s0-s3}
        (0xED34_0A04, 0x3F0),  # vldmdb r4!, {s0-s3}
        (0xF424_070F, 0x400),  # vld1.8 {d0}, [r4]
    ],
)
def test_where_an_extension_access_begins(encoding: int, expected: int) -> None:
    assert first_address(encoding, REGISTERS.__getitem__, carry=False) == expected


def test_the_faulting_byte() -> None:
    assert fault_address(0x1000, 0x1234) == 0x1234
    assert fault_address(0x1000, 0xFFE) == 0x1000
    assert fault_address(0x1000, None) == 0x1000


@pytest.mark.parametrize(
    ("instruction", "alignment", "store"),
    [
        ("ldr r0, [r1]", 4, False),
        ("str r0, [r1, r2]", 4, True),
        ("ldrb r0, [r1]", 1, None),
        ("strb r0, [r1, r2]", 1, None),
        ("ldrh r0, [r1]", 2, False),
        ("strh r0, [r1]", 2, True),
        ("ldrsh r0, [r1]", 2, False),
        ("ldrsb r0, [r1]", 1, None),
        ("ldrd r0, r1, [r2]", 4, False),
        ("strd r0, r1, [r2]", 4, True),
        ("ldm r0, {r1, r2}", 4, False),
        ("push {r1, r2}", 4, True),
        ("rfeia r4", 4, False),
        ("add r0, r1, r2", 1, None),
        ("mul r0, r1, r2", 1, None),
        ("b .", 1, None),
        ("mcr p15, 0, r0, c7, c5, 0", 1, None),
    ],
)
def test_alignment(instruction: str, alignment: int, store: bool | None) -> None:
    encoded = word(instruction)
    assert required_alignment(encoded) == alignment
    if store is not None:
        assert is_store(encoded) is store


N, Z, C, V = (1 << position for position in (31, 30, 29, 28))


@pytest.mark.parametrize(
    ("condition", "flags_that_pass"),
    [
        ("eq", [Z]),
        ("ne", [0]),
        ("cs", [C]),
        ("cc", [0]),
        ("mi", [N]),
        ("pl", [0]),
        ("vs", [V]),
        ("vc", [0]),
        ("hi", [C]),
        ("ls", [0, Z, C | Z]),
        ("ge", [0, N | V]),
        ("lt", [N, V]),
        ("gt", [0, N | V]),
        ("le", [Z, N, V, N | V | Z]),
        ("", [0, N, Z, C, V]),
    ],
)
def test_conditions(condition: str, flags_that_pass: list[int]) -> None:
    encoded = word(f"mov{condition} r0, #0")
    opposite = encoded ^ 1 << 28
    for flags in flags_that_pass:
        assert condition_passed(encoded, flags)
        if condition:
            assert not condition_passed(opposite, flags)
