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
        push    {r4, r5, fp, lr}
        add     fp, sp, #8
        mov     r4, r0
        ldr     r0, [r4, #PT_PC]
        bl      search_exception_tables
        cmp     r0, #0
        ldrne   r0, [r0, #EX_FIXUP]
        strne   r0, [r4, #PT_PC]
        movne   r0, #1
        pop     {r4, r5, fp, pc}
ENDFUNC fixup_exception

@ ---------------------------------------------------------------------------
@ search_exception_tables - the row of an instruction: the kernel's, or that of the module it belongs to
@
@   in:       r0 = address of the instruction
@   out:      r0 = struct exception_table_entry, or 0
@   clobbers: r1-r3, ip, flags
@   context:  any
@ ---------------------------------------------------------------------------
FUNC search_exception_tables
        ldr     r2, =__start___ex_table
        ldr     r3, =__stop___ex_table
.Ltry_row:
        cmp     r2, r3
        bhs     search_module_extables
        ldr     ip, [r2, #EX_INSN]
        cmp     ip, r0
        addne   r2, r2, #EX_SIZE
        bne     .Ltry_row
        mov     r0, r2
        bx      lr
ENDFUNC search_exception_tables
