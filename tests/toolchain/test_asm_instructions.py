"""One-line facts: instruction text to word; each word was read from GNU as."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from minikernel.errors import SourceError
from minikernel.toolchain.assembler import assemble_text
from minikernel.toolchain.instructions import Instruction, any_instruction, compile_instruction
from minikernel.toolchain.lexer import Problem
from minikernel.toolchain.mnemonics import Mnemonic, find_mnemonic, mnemonics


def words(text: str) -> list[int]:
    """The words of .text."""
    data = assemble_text(text + "\n").section(".text").data
    return [int.from_bytes(data[at : at + 4], "little") for at in range(0, len(data), 4)]


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("nop", 0xE320F000),
        ("MOV R0, #1", 0xE3A00001),
        ("mov r0, #-1", 0xE3E00000),
        ("mov r0, #0xffff", 0xE30F0FFF),
        ("add r12, r11, #300", 0xE28BCF4B),
        ("add r0, r0, #-4", 0xE2400004),
        ("sub r0, r0, #-4", 0xE2800004),  # keystone refuses this spelling
        ("adc r0, r0, #-1", 0xE2C00000),
        ("sbc r0, r0, #-1", 0xE2A00000),
        ("mrc p15, 0, pc, c14, c0, 0", 0xEE1EFF10),
        ("cmp r0, #-1", 0xE3700001),
        ("addseq r0, r0, #1", 0x02900001),
        ("push {r4-r6, lr}", 0xE92D4070),
        ("push {r4}", 0xE52D4004),
        ("pop {pc}", 0xE49DF004),
        ("ldm sp!, {r0-r12, pc}^", 0xE8FD9FFF),
        ("ldm sp, {r0-r14}^", 0xE8DD7FFF),
        ("stmdb r4!, {r0, r5-r7}", 0xE92400E1),
        ("ldr r0, [r1, #-4]!", 0xE5310004),
        ("ldr r0, [r1, -r2, lsl #2]", 0xE7110102),
        ("ldrd r0, r1, [r2], #8", 0xE0C200D8),
        ("strexd r3, r0, r1, [r2]", 0xE1A23F90),
        ("mcr p15, 0, r0, c7, c5, 0", 0xEE070F15),
        ("msr cpsr_c, #0xd3", 0xE321F0D3),
        ("mrs r0, spsr", 0xE14F0000),
        ("cpsid if, #0x13", 0xF10E00D3),
        ("dsb", 0xF57FF04F),
        ("dmb ish", 0xF57FF05B),
        ("movs pc, lr", 0xE1B0F00E),
        ("udiv r0, r1, r2", 0xE730F211),
        ("wfi", 0xE320F003),
        ("svc #0", 0xEF000000),
        ("b .", 0xEAFFFFFE),
        ("bne . + 8", 0x1A000000),
        ("ldr r0, =1", 0xE3A00001),
        ("ldr r0, =0xffffff00", 0xE3E000FF),
        (".inst 0xe7fddef0", 0xE7FDDEF0),
    ],
)
def test_word(text: str, word: int) -> None:
    assert words(text) == [word]


def test_a_literal_that_no_mov_holds_goes_to_the_pool_once() -> None:
    assert words("ldr r0, =0x12345678\nldr r1, =0x12345678") == [
        0xE51F0000,
        0xE51F1004,
        0x12345678,
    ]  # at a distance of 0 GNU as writes -0


def test_ltorg_writes_the_pool_where_it_stands() -> None:
    assert words("ldr r0, =0x12345678\nbx lr\n.ltorg\nnop") == [0xE51F0000, 0xE12FFF1E, 0x12345678, 0xE320F000]


def test_adr_takes_add_forward_and_sub_backward() -> None:
    assert words("a: adr r0, a\nadr r1, b\nb:") == [0xE24F0008, 0xE24F1004]


def test_number_defined_further_down_is_put_in_at_the_end() -> None:
    assert words("mov r0, #LATE\nldr r1, [r2, #LATE]\n.equ LATE, 8") == [0xE3A00008, 0xE5921008]


def test_numeric_labels_go_both_ways() -> None:
    assert words("1: b 1f\n1: b 1b") == [0xEAFFFFFF, 0xEAFFFFFE]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("mvo r0, #1", "no instruction or macro `mvo`; did you mean 'mvn' or 'mov'"),
        ("addeqs r0, r0, #1", "no instruction or macro `addeqs`; did you mean 'addseq'"),
        ("mov r0, #0x101ff", "cannot encode `mov r0,#66047`"),
        ("mov r99, #1", "`r99` is no register"),
        ("mov r0, #unknown", "no number of that name is known in this file"),
        ("ldr r0, [r1, #4096]", "cannot encode"),
        ("ldr r0, #4", "`=` before it loads the number itself"),
        ("ldrb r0, =4", "`=` loads a whole word"),
        ("ldr #1, [r0]", "expected a register, found `#`"),
        ("b r0", "a jump to a register is `bx`"),
        ("bl r0", "a jump to a register is `blx`"),
        ("b 0x100", "a branch needs a label, 0x100 is a number"),
        ("b x\nx = 4", "a branch needs a label, 0x4 is a number"),
        ("b . + 2", "is not a multiple of 4 bytes away"),
        ("b . + 0x2000010", "a branch reaches 32 MiB"),
        ("x: .space 4096\nldr r0, x", "this load or store reaches 4095"),
        ("ldr r0, =0x12345678\n.space 4100", "the literal pool is 4096 bytes away"),
        ("x: .space 300\nldrh r0, x", "this load or store reaches 255"),
        ("x: .space 1025\nadr r0, x", "no 8-bit value rotated"),
        ("adr r0, elsewhere", "`elsewhere` is not defined in this file"),
        ("ldr r0, x\n.data\nx: .word 1", "`x` is in .data"),
        (".weak x\nx: adr r0, x", "`x` is weak"),
        ("movw r0, #:upper16:x", "movw takes `:lower16:`, movt takes `:upper16:`"),
        ("mov r0, #:lower16:x", "only movw and movt take"),
        ("movw r0, #:lower16:x + 0x8000", "does not fit in 16 bits signed"),
        ("push {r1, r0}", "ascending order"),
        ("push {r1, r1}", "stands twice"),
        ("push {r4-r1}", "a range of registers goes upwards"),
        ("push {r1, 5}", "expected a register, found `5`"),
        ("ldm r0!, {r0, r1}", "the base register must not be in the list"),
        ("ldrd r1, r2, [r0]", "takes an even register and the one after it"),
        ("and r0, r1, lsl #2", "needs its three registers written out"),
        ("mul r0, pc, r1", "`mul` cannot use pc"),
        ("ldr r0, [r1, pc]", "pc cannot be the index"),
        ("setend be", "no instruction or macro `setend`"),
        ("b 1f", "no label `1:` below for `1f`"),
        ("b 1b", "no label `1:` above for `1b`"),
        ("b .Lnowhere\n.Lnowher:", "local label `.Lnowhere` is not defined; did you mean '.Lnowher'?"),
        (".bss\nnop", "an instruction does not fit there"),
        ("ldrd", "expected a register, found `end of line`"),
        ("movw r0, :", "expected `:lower16:` or `:upper16:`"),
        ("ubfx r0, r1, #LATE, #1\nLATE = 3", "the number must be known here"),
    ],
)
def test_wrong_instruction_says_why(text: str, message: str) -> None:
    with pytest.raises(SourceError) as caught:
        words(text)
    assert message in str(caught.value)


def test_a_register_list_never_reaches_keystone_whole() -> None:
    # Keystone 0.9.2 kills the process on this one.
    assert words("ldmfd sp!, {r1, r2, r4, r6, r7, r11, lr}") == [0xE8BD48D6]
    assert words("stmdb r2, {r6, r8, r10-r12, lr, pc}") == [0xE902DD40]


def test_keystone_writes_nothing_to_standard_error(capfd: pytest.CaptureFixture[str]) -> None:
    words("ldm r0, {r1-r12, sp, pc}\npush {pc}\npush {sp}\npop {sp}")
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize(
    "text",
    [
        *("b target", "bleq .Lx", "bl a.b$c", "b r0", "b .", "b 1f", "b target + 4", "bl #4"),
        *("ldr r0, =name", "ldreq r12, =.Lx", "ldr r0,=name", "ldr r0, =5", "str r0, =name", "ldr r13, =name"),
        *("ldr r0, [r1]", "ldr r0, [r1, #4]", "ldr r0, [r1, #-0x10]!", "ldrb r0, [r1], #NAME", "ldrh r0, [r1, r2]"),
        *("str r0, [r1, r2, lsl #2]", "ldr r0, r1", "ldr r0, #4", "ldr r0, [pc], #4", "ldr r0, label", "ldr r0, [r1"),
        *("ldrd r0, r1, [r2]", "ldrd r0, [r2, #8]", "ldrd r1, [r2]", "strex r0, r0, [r1]", "strex r0, r1, [r2]"),
        *("mov r0, #NAME", "mov r0, #'a'", "mov r0, #0x100000000", "mov r0, #010", "mov r0, #1 + 1", "mov r0, # 1"),
        *("mov r0, r1, lsl #3", "add r0, r1, lsl #3", "add r0, r1, r2, asr #NAME", "lsl r0, r1, #31", "mov R0, #1"),
        *("mov r0, r1, lsl r2", "mov r0,  #1", "mov r0,#1", "mov r13, r14", "mul r0, pc, r1", "movw r0, #0xffff"),
        *(
            "movw r0, #:lower16:x",
            "mrs r0, cpsr",
            "svc #0",
            "push {r0}",
            "nop",
            "rrx r0, r1",
            "cmp sp, #.",
            "mov v1, a1",
        ),
    ],
)
def test_the_usual_spelling_is_a_short_cut_to_the_same(text: str) -> None:
    line = f"        {text}"
    name, _, operands = text.partition(" ")
    mnemonic = find_mnemonic(name)
    assert mnemonic is not None
    column = line.index(operands) if operands else len(line)

    def made(compile: Callable[[Mnemonic, str, int], Instruction]) -> object:
        try:
            instruction = compile(mnemonic, line, column)
        except Problem as problem:
            return problem.message, problem.column
        nodes = [(type(node), node.column, getattr(node, "name", None)) for node in instruction.expressions]
        simple = ("form", "text", "condition", "field", "may_wait", "column")
        return [getattr(instruction, name) for name in simple], nodes

    assert made(compile_instruction) == made(any_instruction)


def test_a_mnemonic_is_found_by_its_parts_as_in_the_table() -> None:
    for name, expected in mnemonics().items():
        found = find_mnemonic(name)
        assert found is not None
        assert (found.family, found.base, found.condition) == (expected.family, expected.base, expected.condition)
    assert find_mnemonic("movxx") is None
    assert find_mnemonic("eq") is None
