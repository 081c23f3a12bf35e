@ extable.s - instructions that are allowed to fault, and where to go on (uaccess.inc).

        .include "macros.inc"
        .include "ptrace.inc"
        .include "uaccess.inc"

        .text
@ ---------------------------------------------------------------------------
@ fixup_exception - send a faulting kernel instruction to its fix-up
@
@   in:       r0 = pt_regs
@   out:      r0 = 1: pt_regs resumes at the fix-up; 0: the instruction has none
@   clobbers: r1-r3, ip, flags
@   context:  exception
@ ---------------------------------------------------------------------------
FUNC fixup_exception
        ldr     r1, [r0, #PT_PC]
        ldr     r2, =__start___ex_table
        ldr     r3, =__stop___ex_table
.Ltry_row:
        cmp     r2, r3
        movhs   r0, #0
        bxhs    lr
        ldr     ip, [r2], #EX_SIZE
        cmp     ip, r1
        bne     .Ltry_row
        ldr     r2, [r2, #EX_FIXUP - EX_SIZE]
        str     r2, [r0, #PT_PC]
        mov     r0, #1
        bx      lr
ENDFUNC fixup_exception
