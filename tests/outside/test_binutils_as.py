"""GNU as against our assembler: sections, relocations, symbols and attributes of the same sources, one by one.

Compared are each section's type, flags, alignment, entry size and bytes; each relocation's place, type and symbol; each
symbol's name, place, size, kind, binding and visibility, mapping symbols included. Not compared: the tables' order.
"""

from __future__ import annotations

import re
import subprocess
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from judges import require

from minikernel.elf.constants import SymbolKind
from minikernel.elf.object_file import ObjectFile
from minikernel.toolchain.assembler import assemble_unit

GUEST = Path(__file__).resolve().parents[2] / "guest"
INCLUDE_DIRS = (GUEST / "include", GUEST / "user")


def gnu_as(source: Path, output: Path, include_dirs: Sequence[Path], defsyms: Mapping[str, int]) -> ObjectFile:
    """What arm-none-eabi-as makes of a file; the test fails with its messages when it refuses."""
    require("arm-none-eabi-as")
    command = ["arm-none-eabi-as", "-mcpu=cortex-a15", "-o", str(output), str(source)]
    command += [f"-I{directory}" for directory in include_dirs]
    command += [word for name, value in defsyms.items() for word in ("--defsym", f"{name}={value}")]
    done = subprocess.run(command, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return ObjectFile.from_bytes(output.read_bytes())


def sections(obj: ObjectFile) -> dict[str, tuple[int, int, int, int, int, bytes]]:
    return {s.name: (s.type, s.flags, s.addralign, s.entsize, s.size, bytes(s.data)) for s in obj.sections}


def relocations(obj: ObjectFile) -> dict[str, list[tuple[int, int, str]]]:
    return {
        section.name: sorted((r.offset, r.type, r.symbol.name or r.symbol.section.name) for r in section.relocations)
        for section in obj.sections
    }


def symbols(obj: ObjectFile) -> Counter[tuple[str, str, int, int, int, int, int]]:
    return Counter(
        (s.name, s.section.name, s.value, s.size, s.kind, s.binding, s.visibility)
        for s in obj.symbols
        if s.kind != SymbolKind.SECTION
    )


def assert_same(
    source: Path, scratch: Path, include_dirs: Sequence[Path] = (), defsyms: Mapping[str, int] | None = None
) -> None:
    """Both assemblers make the same of a file; `scratch` is a directory to write in."""
    gnu = gnu_as(source, scratch / "gnu.o", include_dirs, defsyms or {})
    root = GUEST if source.is_relative_to(GUEST) else source.parent
    ours = assemble_unit(source, include_dirs=include_dirs, defsyms=defsyms, root=root).object_file
    assert sections(ours) == sections(gnu)
    assert relocations(ours) == relocations(gnu)
    assert symbols(ours) == symbols(gnu)


def guest_cases() -> list[tuple[Path, dict[str, int]]]:
    """Each guest source; a driver in the three ways it is built."""
    cases: list[tuple[Path, dict[str, int]]] = []
    for source in sorted(GUEST.glob("*/*.s")):
        ways: list[dict[str, int]] = [{}]
        if source.parent.name in ("drivers", "modules"):
            ways += [{"DEFERRED": 1}, {"MODULE": 1}]
        cases += [(source, way) for way in ways]
    return cases


@pytest.mark.parametrize(
    ("source", "defsyms"),
    guest_cases(),
    ids=lambda value: value.stem if isinstance(value, Path) else "+".join(value) or "built-in",
)
def test_guest_source(source: Path, defsyms: dict[str, int], tmp_path: Path) -> None:
    assert_same(source, tmp_path, INCLUDE_DIRS, defsyms)


SNIPPETS = {
    "character constants": r"""
mov r0, #'A'
mov r0, #' '
cmp r0, #'@'  @ comment
 .byte 'a', 'b', '\n', '\\, '"', ';'
""",
    "comments and separators": r"""
a: b: .word a, b /* one */
/* many
lines */
.word 1 // comment
# comment
nop ; nop ; .byte 1;.byte 2 @ comment
""",
    "string escapes": r"""
.ascii "a\tb\n\r\b\f\\\"\101\x41\0"
.asciz "x", "y" , "z"
.string "q"
.ascii ""
.ascii "é"
.asciz "it's ; @ // /* */"
""",
    "macro arguments": r"""
.macro m a, b=3, c:req, d:vararg
.word \a+\b+\c
.asciz "\d"
.endm
m 1,2,3
m 1,,3
m 1,c=4
m a=1, c=2, b=7
m 1,2,3,x y, z
m 1 2 3
""",
    "macro counter": r"""
.macro lab n
.Ll\@: .word .Ll\@, \@
x\n\()y: .word 1
.endm
lab 1
lab 2
""",
    "quoted arguments": r"""
.macro q t
.asciz "\t"
.endm
q hello
q "hello world"
q "a, b"
""",
    "quotes in arguments": r"""
.macro q t
.asciz "\t"
.endm
q "say \"hi\""
q "a;b@c"
""",
    "exitm and recursion": r"""
.macro e n
.if \n == 0
.exitm
.endif
.word \n
e \n-1
.endm
e 3
""",
    "macro recursion by range": r"""
.macro sum from=0, to=5
.long \from
.if \to-\from
sum "(\from+1)",\to
.endif
.endm
sum 0,5
""",
    "rept irp irpc": r"""
.rept 3
.word 7
nop
.endr
.irp r,0,1,2
mov r\r, #\r
.endr
.irp x
.byte 1
.endr
.irpc c,abc
.word \c
.endr
""",
    "irp separators": r"""
.irp x, a b, c
.asciz "\x"
.endr
""",
    "nested repetitions": r"""
.rept 2
.irp x,1,2
.rept 2
.byte \x
.endr
.endr
.endr
""",
    "if elseif else": r"""
.if 1
.word 1
.else
.word 2
.endif
.if 0
garbage !!!
.elseif 1
.word 3
.elseif 1
.word 4
.else
.word 5
.endif
.ifdef foo
.word 1
.else
.word 2
.endif
foo=1
.ifdef foo
.word 1
.endif
.ifndef foo
.word 9
.endif
""",
    "ifb ifc": r"""
.macro t a,b
.ifb \a
.word 1
.else
.word 2
.endif
.ifnb \a
.word 3
.endif
.ifc \a,\b
.word 4
.endif
.ifnc \a,\b
.word 5
.endif
.endm
t
t 1
t 1,1
t x,y
t ,y
""",
    "numeric ifs": r"""
.ifeq 0
.word 1
.endif
.ifne 0
.word 2
.endif
.ifge 0
.word 3
.endif
.ifgt 0
.word 4
.endif
.iflt -1
.word 5
.endif
.ifle 0
.word 6
.endif
.ifeqs "a","a"
.word 7
.endif
""",
    "expression operators": r"""
.word 1+2*3, (1+2)*3, 1<<2+1, 7&3+1, 1|2^3, 10/3, -10/3, 10%3, -10%3, ~5&0xff, -1>>60
.word 1==1, 1!=1, 1<2, 2<=1, 3>=3, 1&&0, 1||0, !5, !0, 1<>2, 8!1, 0b101, 017, 0xFf, 1+-1, - -1, 5-+3
""",
    "operator precedence": r"""
.word 4-1-1, 2*3*4, 100/5/2, 1<<3>>1, 1-2+3, 6&3|8, 1||0&&0, 1+1==2, 3&1==1
""",
    "merge sections": r"""
.section .rodata.str1.1,"aMS",%progbits,1
s1: .asciz "hello"
s2: .asciz "world"
.text
ldr r0,=s1
ldr r0,=s2
.word s1, s2, s1+1, s2+2
movw r0,#:lower16:s2
.section .rodata.cst4,"aM",%progbits,4
c: .word 5
c2: .word 6
.text
.word c, c+4, c2
""",
    "default section flags": r"""
.section .foo
.word 1
.section .rodata
.word 2
.section .rodata.x
.word 2
.section .text.foo
nop
.section .data.foo
.word 4
.section .bss.x
.space 4
.section .init.text
nop
.section .note.x
.word 1
.section .comment
.word 1
.section .init
nop
.section .debug_x
.word 1
.section .initcall
.word 1
""",
    "section stack": r"""
.section .a,"a"
.word 1
.section .b,"aw",%progbits
.word 2
.previous
.word 3
.previous
.word 4
.pushsection .c,"ax"
nop
.section .d,"a"
.word 9
.popsection
.word 5
.previous
.word 6
.text
.word 7
.previous
.word 8
.data
.pushsection .text
.previous
.word 10
.popsection
.word 11
""",
    "nobits": r"""
.section .n,"aw",%nobits
x: .space 8
.align 3
y: .skip 4
.word 0
.byte 0,0
.bss
.balign 16
z: .zero 3
.text
.word x,y,z
""",
    "set and forward set": r"""
.equ A, 1
.set B, A+1
C = B*2
.equ A, 5
.word A,B,C
.word fwd
.set fwd, 3
.word fwd
.set fwd, 4
.word fwd
""",
    "bindings": r"""
.global g1, g2
g1: nop
.globl g3
.weak w1, w2
w1: nop
.word w2, w1, g1, g3
.type g1, %function
.size g1, .-g1
.type w1, STT_OBJECT
.size w1, 4
.local loc
loc: nop
bl loc
""",
    "numeric labels": r"""
1: b 1b
b 1f
2: b 1b
1: b 2b
bne 1b
.word 1b, 1f
1: ldr r0, 1b
10: b 10b
""",
    "dot in branches": r"""
b .
b .+8
b .-4
x: beq x+4
bl x-4
bllt x
blal x
""",
    "differences": r"""
.text
f: nop
.word f-., .-f, ext-., ext-f+4, .-f+ext
.section .data
.word f-., ext-.
d: .word ext-d, d-.
.word f+4-., ext+8-.
""",
    "literal pool": r"""
ldr r0, =ext
ldr r1, =ext
ldr r1, =ext+4
ldr r2, =0x12345678
ldreq r2, =0x12345678
ldr r3, =-1
ldr r3, =0xffff
ldr r3, =0xff00ff
ldr r3, =0xfffffffe
ldr r3, =.
ldr r3, =l
l: ldr r3, =l
.ltorg
ldr r0,=ext
.pool
.ltorg
.word 1
""",
    "pools of two sections": r"""
.section .init.text,"ax",%progbits
ldr r0,=0x11223344
.text
ldr r0,=0x11223344
nop
.section .init.text
ldr r0,=0x11223355
""",
    "code in data": r"""
.data
ldr r0,=0x12345678
.word 1
""",
    "adr": r"""
adr r0, x
adr r1, y
adreq r0, x
x: nop
.space 1000
y: adr r2, x
adr r3, .
adr r3, .+8
adr r3, y+8
""",
    "loads from labels": r"""
ldr r0, x
ldrb r0, x
str r0, x
strb r0,x
ldrh r0, x
ldrsh r0, x
ldrsb r0, x
ldrd r0, r1, x
ldrd r0, x
strd r0,r1, x
strh r0, x
x: nop
ldr r0, x
ldrh r0, x
ldr r0, x+4
ldr r0, .+8
ldr pc, x
ldreq r0, x
""",
    "halves": r"""
movw r0, #:lower16:ext
movt r0, #:upper16:ext
movw r0, #:lower16:(ext+4)
movt r0, #:upper16:ext+4
movw r1, :lower16:0x12345678
movteq r1, #:upper16:0x12345678
movw r0, #0xffff
movt r0, #1
l: movw r0, #:lower16:l
movt r0, #:upper16:.Ll
.Ll: nop
.type ff,%function
ff: movw r0, #:lower16:ff-4
""",
    "forward numbers": r"""
mov r0, #(end-start)
add r0, r0, #end-start
start:
nop
end:
mov r0, #end-start
ldr r0, [r1, #fwd]
ldr r0, [r1, #fwd+4]!
mov r0, #fwd
.equ fwd, 8
.if end-start == 4
.word 1
.endif
cmp r0, #end-start
lsl r0, r0, #fwd
ldr r0, [r1, r2, lsl #fwd-6]
""",
    "alignment of code": r"""
.word 1
.align
.byte 1
.align 2
.byte 1
.balign 4
.byte 1
.p2align 3
.byte 1
.align 3, 0xff
.byte 1
.balign 16,,4
.balign 16,,20
.balign 8,1
nop
.balign 1
.p2align 0
.align 0
""",
    "data and fill": r"""
.data
.byte 1
.align
.byte 2
.align 4,0xaa
.byte 3
.balign 8,,2
.byte 4
.balign 8,0x55,7
.hword 1,2,-1,0xffff
.short 3
.2byte 4
.4byte 5
.long 6
.int 7
.quad 0x1122334455667788, -1
.fill 3
.fill 2,4
.fill 2,4,0x11223344
.fill 2,2,0x1122
.fill 1,8,-1
.fill 0
.space 3,0x41
.skip 2
.zero 5
""",
    "org": r"""
nop
.org 0x20
nop
.org 0x30,0xff
.org .+4
x: .org x+16
.byte 1
""",
    "visibility": r"""
.hidden h
.protected p
h: nop
p: .word 1
.global h,p
.weak hh
.hidden hh
bl h
.word p
""",
    "aliases": r"""
.set alias, f
.global alias
f: nop
.type f,%function
.size f, .-f
.set alias2, f
.set alias3, f+4
.global alias3
bl alias
bl alias2
.word alias, alias2, alias3
""",
    "alias attributes": r"""
f: nop
.set a, f
.size f, 4
.type f,%function
.set b, f
.size b, 8
.set c, .
.set d, ext
.set e, ext+4
.word a,b,c,d,e
.word a-f
bl d
movw r0,#:lower16:e
""",
    "absolute globals": r"""
.equ x, 5
.global x
.weak y
.equ y, 6
.word x, y
.set z, -1
.word z
mov r0, #x
""",
    "inst": r"""
.inst 0xe1a00000
.inst 0xe320f000, 0xe12fff1e
""",
    "machine directives": r"""
.cpu cortex-a15
.arm
.code 32
.syntax unified
nop
""",
    "arch armv7-a": r"""
.arch armv7-a
nop
""",
    "arch armv7ve": r"""
.arch armv7ve
nop
""",
    "arch after cpu": r"""
.cpu cortex-a15
.arch armv7-a
""",
    "object symbols": r"""
.type x,%object
.size x,4
.global x
x: .word 1
""",
    "macro case and purgem": r"""
.macro foo
nop
.endm
foo
.purgem foo
.macro foo
.word 1
.endm
FOO
.MACRO bar
nop
.ENDM
bar
""",
    "macro in macro": r"""
.macro outer a
.macro inner_\a b
.word \a, \b
.endm
inner_\a 5
.endm
outer 1
outer 2
inner_1 9
""",
    "repetitions in macro": r"""
.macro m1 a
.irp x, 1, 2
.word \x + \a
.endr
.rept 2
.word \a
.endr
.endm
m1 10
""",
    "counting set": r"""
x = 0
.rept 4
.word x
.set x, x+1
.endr
""",
    "vararg": r"""
.macro push_it regs:vararg
push {\regs}
.endm
push_it r0, r1, lr
push_it r4-r6, lr
""",
    "pasted mnemonics": r"""
.macro op insn, rd, rest:vararg
\insn\()eq \rd, \rest
.endm
op mov, r0, #1
op add r0, r1, r2
""",
    "argument forms": r"""
.macro z a b c
.asciz "[\a][\b][\c]"
.endm
z 1 2 3
z 1,2,3
z (1 + 2), 3
z 1 + 2, 3
z a+b c
z -1 -2
z "a" "b"
z a, ,c
z a,,
z #1, [r0], {r1}
z x y
z 1 (2)
z [r0, r1]
z a=1, b=2
z c=1
z c = 1
z "a=1"
""",
    "character words": r"""
.word 'a, 'b', '\'' , '\\'
""",
    "nested ifs": r"""
.if 1
.if 0
.if 1
.word 1
.else
.word 2
.endif
.else
.word 3
.endif
.else
.word 4
.endif
""",
    "exitm": r"""
.macro m
.if 1
.word 1
.exitm
.endif
.word 2
.endm
m
.word 3
""",
    "section names": r"""
.section "quoted.name","a"
.word 1
.section .text.unlikely,"ax",%progbits
nop
.section .noflags,"",%progbits
.word 1
.section .nt,"a",%note
.word 1
.section .odd+name,"a"
.word 1
""",
    "global in its section": r"""
.text
.global foo
foo:
 bl foo
 b foo
 bne foo
 ldr r0, foo
 adr r0, foo
 .word foo, .-foo, foo-.
""",
    "weak in its section": r"""
.weak wk
wk: nop
bl wk
b wk
beq wk
.word wk, wk-.
ldr r0, =wk
""",
    "foreign locals": r"""
.section .a,"ax"
fa: nop
la: nop
.text
bl fa
bl la
bl la+4
b la
bleq la
ldr r0,=la
.word la+4
.word la-.
movw r0,#:lower16:la
.type fa,%function
bl fa+4
.word fa+4
""",
    "instruction forms": r"""
mrs r0, cpsr
msr cpsr_c, #0xd3
msr cpsr_cxsf, r0
msr SPSR_cxsf, r1
mrs r1, SPSR
cpsid i
cpsie aif
cpsid if, #0x13
cps #31
dmb ish
dsb sy
isb
dsb
mcr p15, 0, r0, c7, c5, 0
mrc p15, 0, r0, c1, c0, 0
mrc p15, 0, pc, c14, c0, 0
mrc p15, 0, APSR_nzcv, c14, c0, 0
mcrr p15, 0, r0, r1, c14
ldrex r0, [r1]
strex r2, r0, [r1]
clrex
srsdb sp!, #0x13
rfeia sp!
ldm sp, {r0-r14}^
ldmia r0!, {r1, r2, pc}
stmdb sp!, {r0-r12, lr}
push {r0}
pop {pc}
svc #0
swi 5
svc 0x123456
bkpt 1
udf #3
wfi
wfe
sev
yield
pld [r0, #4]
rev r0, r1
clz r0, r1
mul r0, r1, r2
mla r0,r1,r2,r3
umull r0,r1,r2,r3
udiv r0,r1,r2
movs pc, lr
subs pc, lr, #4
ldr pc, [pc, #-4]
ldr r0, [r1, r2, lsl #2]
ldr r0, [r1], #4
ldr r0, [r1, #-4]!
ldr r0, [r1, -r2]
ldrd r0, r1, [r2]
strd r0, [r2]
ldrt r0, [r1]
strbt r0, [r1], #1
mov r0, r1, lsl r2
add r0, r1, r2, asr #3
rrx r0, r1
teq r0, r1, ror #1
mvn r0, #0xff
sub r0, #4
sub r0, r0, #-4
adc r0, r0, #-1
sbc r0, #-1
add sp, sp, #-8
and r0, r0, #0xffffff00
bic r0, #0xff
orr r0, r0, #(1 << 31)
mov r0, 5
ldr r0, [r1, 4]
lsls r0, r1, #3
asrs r0, r1
bfc r0, #1, #2
bfi r0, r1, #1, #2
sxtb r0, r1
uxth r0, r1, ror #8
smull r0,r1,r2,r3
bx lr
blx r3
bxeq lr
nop
nopeq
cmp r0, #-1
cmn r0, #-1
tst r0, #1
hvc #1
smc #0
ssat r0, #8, r1
usat r0, #8, r1, lsl #2
mov r0, #0xffff
mov r0, #-1
mov r0, #0xfffe
ldrb r0, [r1, +r2]
str r0, [r1, #+4]
""",
    "difference from pc": r"""
ldr r0, [pc, #x-.-8]
x: .word 1
""",
    "end": r"""
.end
garbage
""",
    "bare section": r"""
.section .text
.word 1
""",
    "full section": r"""
.section .text,"ax",%progbits
.word 1
""",
    "tabs and blanks": r"""
mov	r0,	#1	@ tab
	.word	1	,	2
""",
    "symbol names": r"""
foo : nop
.word foo
$x: .word $x
_y.z$1: .word _y.z$1
""",
    "mapping of odd bytes": r"""
.text
nop
.byte 1
.section .x,"ax"
.byte 1
nop
.byte 2
.section .y,"ax"
.word 1
.space 4
nop
.align 3
.word 1
.align 3
""",
    "mapping of spaces": r"""
.data
.space 4
.word 1
.text
.space 4
nop
.section .e,"ax"
.align 2
.section .f,"ax"
.align 5
.byte 1
.section .g,"a"
.align 5
""",
    "mapping and org": r"""
.section .zz,"ax"
.align 4
.word 1
.org 8
.org 16
.word 2
.section .ww,"a"
.word 1
.org 16
.byte 1
""",
}


@pytest.mark.parametrize("name", SNIPPETS)
def test_snippet(name: str, tmp_path: Path) -> None:
    source = tmp_path / "snippet.s"
    source.write_text(".syntax unified\n" + SNIPPETS[name])
    assert_same(source, tmp_path)


PAGE = GUEST.parent / "tutorials" / "asm-dialect.md"
EXAMPLES = re.findall(r"^```asm\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("example", EXAMPLES)
def test_example_of_the_dialect_page(example: str, tmp_path: Path) -> None:
    source = tmp_path / "example.s"
    source.write_text(".syntax unified\n" + example)
    assert_same(source, tmp_path)


# --- random programs --------------------------------------------------------------------------------------------------


def _words(text: str) -> list[str]:
    return text.split()


_numbers = st.one_of(st.integers(0, 300), st.integers(-(1 << 31), (1 << 32) - 1)).map(str)
_leaves = st.one_of(_numbers, st.sampled_from(["A", "B", "0x1F", "'z'", "0b11"]))
_expressions = st.recursive(
    _leaves,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(_words("+ - * | & ^ == != < >= && ||")), inner).map(" ".join),
        st.tuples(inner, st.sampled_from(["<<", ">>"]), st.integers(0, 31).map(str)).map(" ".join),
        st.tuples(inner, st.sampled_from(["/", "%"]), st.integers(1, 99).map(str)).map(" ".join),
        inner.map("({})".format),
        st.tuples(st.sampled_from("-~!"), inner).map("{0[0]}({0[1]})".format),
    ),
    max_leaves=8,
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(_expressions, min_size=20, max_size=40))
def test_random_expressions(tmp_path: Path, expressions: list[str]) -> None:
    source = tmp_path / "random.s"
    # Masked, because GNU as cuts a value that does not fit with a warning and we refuse it.
    lines = [f".word ({expression}) & 0xffffffff" for expression in expressions]
    source.write_text(".equ A, 12\n.set B, -7\n" + "\n".join(lines) + "\n")
    assert_same(source, tmp_path)


_register = st.sampled_from(_words("r0 r1 r5 r8 r11 r12 sp lr"))
_condition = st.sampled_from(["", "", "eq", "ne", "lo", "gt", "al"])
_constant = st.tuples(st.integers(0, 255), st.integers(0, 12)).map(lambda pair: f"#{pair[0] << 2 * pair[1]}")
_shift = st.one_of(
    st.tuples(st.sampled_from(["lsl", "ror"]), st.integers(1, 31)).map("{0[0]} #{0[1]}".format),
    st.tuples(st.sampled_from(["lsr", "asr"]), st.integers(1, 32)).map("{0[0]} #{0[1]}".format),
    st.tuples(st.sampled_from(["lsl", "lsr", "asr", "ror"]), _register).map(" ".join),
)
_second = st.one_of(_constant, _register, st.tuples(_register, _shift).map(", ".join))
_three = st.tuples(
    st.sampled_from(_words("and eor sub rsb add adc sbc rsc orr bic")),
    st.sampled_from(["", "s"]),
    _condition,
    _register,
    _register,
    _second,
).map("{0[0]}{0[1]}{0[2]} {0[3]}, {0[4]}, {0[5]}".format)
_two = st.tuples(st.sampled_from(_words("mov mvn movs mvns cmp cmn tst teq")), _condition, _register, _second).map(
    "{0[0]}{0[1]} {0[2]}, {0[3]}".format
)
_memory = st.tuples(
    st.sampled_from([("ldr", 4095), ("str", 4095), ("ldrb", 4095), ("ldrh", 255), ("ldrsb", 255), ("strh", 255)]),
    _condition,
    st.integers(-4095, 4095),
    st.sampled_from(["[r6, #{}]", "[r6, #{}]!", "[r6], #{}"]),
).map(lambda t: f"{t[0][0]}{t[1]} r3, " + t[3].format(t[2] % t[0][1] if t[2] > 0 else -(-t[2] % t[0][1]) or 1))
_lists = st.tuples(
    st.sampled_from(_words("ldmia ldmdb stmia stmdb ldmib stmda")),
    _condition,
    st.sampled_from(["", "!"]),
    st.sets(st.integers(0, 12).filter(lambda n: n != 9), min_size=1),
).map(lambda t: f"{t[0]}{t[1]} r9{t[2]}, {{" + ", ".join(f"r{n}" for n in sorted(t[3])) + "}")
_OTHERS = """
clz r0, r1; rev r2, r3; mul r0, r1, r2; umull r0, r1, r2, r3; mla r0, r1, r2, r3; bx lr; blx r3; svc #7; bkpt #3
uxtb r0, r1, ror #8; ubfx r0, r1, #3, #5; bfi r0, r1, #3, #5; ldrex r0, [r1]; strex r2, r0, [r1]; mrs r0, cpsr
msr spsr_cxsf, r1; movw r0, #0x1234; movt r0, #0xffff; push {lr}; udiv r1, r2, r3; dmb ish; mrrc p15, 0, r0, r1, c14
"""
_others = st.sampled_from([text.strip() for line in _OTHERS.strip().splitlines() for text in line.split(";")])


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.one_of(_three, _two, _memory, _lists, _others), min_size=30, max_size=60))
def test_random_instructions(tmp_path: Path, instructions: list[str]) -> None:
    source = tmp_path / "random.s"
    source.write_text(".syntax unified\n" + "\n".join(instructions) + "\n")
    assert_same(source, tmp_path)
