@ module_reloc_types.s - what a relocation of each type does to its place (ELF for the Arm Architecture, AAELF32, 5.6).
@ S is the symbol's value, A the addend found in the place itself (REL), P the place's address.

        .include "macros.inc"
        .include "elf.inc"
        .include "reloc.inc"

        .equ    BRANCH_MAX,     0x02000000      @ a branch reaches this far, less one instruction
        .equ    INSN_COND,      0xf0000000
        .equ    INSN_NOP,       0x0320f000      @ without its condition
        .equ    INSN_MOV_PC,    0x01a0f000      @ mov pc, rm
        .equ    V4BX_KEEP,      0xf000000f      @ condition and rm

        .text
@ ---------------------------------------------------------------------------
@ module_reloc_apply_one - change one place
@
@   in:       r0 = P, r1 = R_ARM_*, r2 = S, r3 = the symbol's name, for who watches
@   out:      r0 = RELOC_*; r1 = S + A - P when that is RELOC_RANGE. The place is unchanged unless RELOC_OK
@   clobbers: r1-r3, ip, flags
@   context:  process; P may be unaligned
@ ---------------------------------------------------------------------------
FUNC module_reloc_apply_one
        push    {fp, lr}
        add     fp, sp, #0
        ldr     ip, =relocation_handlers
.Lfind_handler:
        ldr     r3, [ip], #8
        cmp     r3, r1
        beq     .Lhandler_found
        cmp     r3, #RELOC_ROWS_END
        bne     .Lfind_handler
        mov     r0, #RELOC_UNKNOWN
        pop     {fp, pc}
.Lhandler_found:
        ldr     ip, [ip, #-4]
        ldr     r3, [r0]
        blx     ip
        pop     {fp, pc}
ENDFUNC module_reloc_apply_one

@ One row for each type: r0 = P, r1 = type, r2 = S, r3 = the word at P -> r0 = RELOC_*, r1 = distance; r1-r3, ip change.
        .equ    RELOC_ROWS_END, 0xffffffff
        .pushsection .rodata, "a", %progbits
        .balign 4
relocation_handlers:
        .word   R_ARM_ABS32, reloc_abs32        @ S + A
        .word   R_ARM_CALL, reloc_branch        @ S + A - P, bits 25:2 of a bl
        .word   R_ARM_JUMP24, reloc_branch      @ ... of a b, conditional ones included
        .word   R_ARM_MOVW_ABS_NC, reloc_movw   @ S + A, bits 15:0
        .word   R_ARM_MOVT_ABS, reloc_movt      @ S + A, bits 31:16
        .word   R_ARM_PREL31, reloc_prel31      @ S + A - P, bits 30:0
        .word   R_ARM_REL32, reloc_rel32        @ S + A - P
        .word   R_ARM_TARGET1, reloc_abs32      @ S + A: an entry of .init_array
        .word   R_ARM_PC24, reloc_branch        @ the old name of CALL and JUMP24
        .word   R_ARM_MOVW_PREL_NC, reloc_movw_prel     @ S + A - P, bits 15:0
        .word   R_ARM_MOVT_PREL, reloc_movt_prel        @ S + A - P, bits 31:16
        .word   R_ARM_V4BX, reloc_v4bx          @ bx rm, marked for processors without it
        .word   R_ARM_NONE, reloc_none          @ only names a symbol the section needs
        .word   RELOC_ROWS_END, 0
        .popsection

LFUNC reloc_none
        mov     r0, #RELOC_OK
        bx      lr
ENDFUNC reloc_none

LFUNC reloc_rel32
        sub     r2, r2, r0
        b       reloc_abs32
ENDFUNC reloc_rel32

LFUNC reloc_abs32
        add     r3, r3, r2
        str     r3, [r0]
        mov     r0, #RELOC_OK
        bx      lr
ENDFUNC reloc_abs32

@ A branch to a weak symbol that nobody defines (S = 0) does nothing (AAELF32, 5.6.1.4).
LFUNC reloc_branch
        tst     r2, #3
        movne   r0, #RELOC_THUMB
        bxne    lr
        cmp     r2, #0
        beq     .Lno_target
        sbfx    r1, r3, #0, #24
        lsl     r1, r1, #2
        sub     ip, r2, r0
        add     r1, r1, ip                      @ the distance as the instruction counts it, from P + 8
        cmp     r1, #BRANCH_MAX
        bge     .Lout_of_reach
        cmn     r1, #BRANCH_MAX                 @ Linux leaves the very last one out
        ble     .Lout_of_reach
        asr     ip, r1, #2
        bfi     r3, ip, #0, #24
        str     r3, [r0]
        mov     r0, #RELOC_OK
        bx      lr
.Lout_of_reach:
        mov     r0, #RELOC_RANGE
        bx      lr
.Lno_target:
        and     r3, r3, #INSN_COND
        ldr     ip, =INSN_NOP
        orr     r3, r3, ip
        str     r3, [r0]
        mov     r0, #RELOC_OK
        bx      lr
ENDFUNC reloc_branch

LFUNC reloc_prel31
        sbfx    r1, r3, #0, #31
        add     r1, r1, r2
        sub     r1, r1, r0
        eor     ip, r1, r1, lsl #1              @ bit 31: do bits 31 and 30 differ?
        cmp     ip, #0
        movlt   r0, #RELOC_RANGE
        bxlt    lr
        bfi     r3, r1, #0, #31
        str     r3, [r0]
        mov     r0, #RELOC_OK
        bx      lr
ENDFUNC reloc_prel31

LFUNC reloc_v4bx
        ldr     ip, =V4BX_KEEP
        and     r3, r3, ip
        ldr     ip, =INSN_MOV_PC
        orr     r3, r3, ip
        str     r3, [r0]
        mov     r0, #RELOC_OK
        bx      lr
ENDFUNC reloc_v4bx

@ movw and movt hold 16 bits as imm4:imm12, in bits 19:16 and 11:0; read as signed they are the addend.
LFUNC reloc_movw_prel
        sub     r2, r2, r0
        b       reloc_movw
ENDFUNC reloc_movw_prel

LFUNC reloc_movt_prel
        sub     r2, r2, r0
        b       reloc_movt
ENDFUNC reloc_movt_prel

LFUNC reloc_movw
        mov     r1, #0
        b       reloc_mov
ENDFUNC reloc_movw

LFUNC reloc_movt
        mov     r1, #16
        b       reloc_mov
ENDFUNC reloc_movt

@ r1 = which bits: 0 or 16, the rest as above.
LFUNC reloc_mov
        ubfx    ip, r3, #16, #4
        lsl     ip, ip, #12
        push    {r4, r5}
        ubfx    r4, r3, #0, #12
        orr     ip, ip, r4
        sxth    ip, ip
        add     ip, ip, r2
        lsr     ip, ip, r1
        bfi     r3, ip, #0, #12
        lsr     ip, ip, #12
        bfi     r3, ip, #16, #4
        str     r3, [r0]
        mov     r0, #RELOC_OK
        pop     {r4, r5}
        bx      lr
ENDFUNC reloc_mov
