@ vectors.s - where the processor goes when something happens. VBAR points here; the eight slots are the architecture's
@ (ARM DDI 0406C, B1.8.1). Each stub stores its return state on the SVC stack and goes on in SVC mode, so there is one
@ kernel stack and one layout, struct pt_regs; the banked stacks of the other modes are never used.

        .include "macros.inc"
        .include "arm.inc"
        .include "ptrace.inc"

@ Builds struct pt_regs on the SVC stack: r4 = its address, sp aligned for calls. `adjust` is what the exception adds to
@ the return address. User mode's sp and lr are banked (the ^); the kernel's are our own, before we pushed.
        .macro  save_registers adjust
        sub     lr, lr, #\adjust
        srsdb   sp!, #PSR_MODE_SVC
        cps     #PSR_MODE_SVC
        sub     sp, sp, #PT_PC
        stmia   sp, {r0-r12}
        ldr     r0, [sp, #PT_CPSR]
        tst     r0, #PSR_USER_TEST
        add     r0, sp, #PT_SP
        stmiaeq r0, {sp, lr}^
        moveq   fp, #0                          @ a chain of frame records does not cross into user mode
        addne   r1, sp, #PT_SIZE
        stmiane r0, {r1, lr}
        mov     r4, sp
        bic     sp, sp, #7
        .endm

        .text
        .balign 32                              @ VBAR[4:0] are zero
        .global vectors
        .type   vectors, %object
vectors:
        b       vector_unexpected               @ reset comes from the board, never through here
        b       vector_undefined
        b       vector_swi
        b       vector_prefetch_abort
        b       vector_data_abort
        b       vector_unexpected               @ HVC: this kernel is nobody's hypervisor
        b       vector_irq
        b       vector_unexpected               @ FIQ: never enabled
        .org    vectors + 32                    @ errs if a slot was added
        .size   vectors, . - vectors

@ ---------------------------------------------------------------------------
@ vector_undefined, _prefetch_abort, _data_abort - hand the registers to traps.s
@
@   in:       the exception's own state
@   out:      resumes what pt_regs says, if the handler returns
@   clobbers: -
@   context:  exception, IRQs off
@ ---------------------------------------------------------------------------
LFUNC vector_undefined
        save_registers 4
        mov     r0, r4
        bl      do_undefined_instruction
        b       return_from_exception
ENDFUNC vector_undefined

LFUNC vector_prefetch_abort
        save_registers 4
        mov     r0, r4
        bl      do_prefetch_abort
        b       return_from_exception
ENDFUNC vector_prefetch_abort

LFUNC vector_data_abort
        save_registers 8
        mov     r0, r4
        bl      do_data_abort
        b       return_from_exception
ENDFUNC vector_data_abort

LFUNC vector_unexpected
        save_registers 0
        mov     r1, r4
        mov     r2, #0
        ldr     r0, =.Lunexpected
        bl      die
ENDFUNC vector_unexpected
        string .Lunexpected, "Oops - unexpected exception"

@ ---------------------------------------------------------------------------
@ vector_irq - an interrupt line is up
@
@   in:       interrupted code's registers
@   out:      resumes it; on the way to user mode pending work is done first
@   clobbers: -
@   context:  interrupt, IRQs off
@ ---------------------------------------------------------------------------
LFUNC vector_irq
        save_registers 4
        bl      do_irq
        ldr     r0, [r4, #PT_CPSR]
        tst     r0, #PSR_USER_TEST
        beq     ret_to_user
        b       return_from_exception
ENDFUNC vector_irq

@ ---------------------------------------------------------------------------
@ vector_swi - a system call: r7 = number, r0-r5 = arguments
@
@   in:       user registers
@   out:      r0 = result or -errno in user mode, the others as they were
@   clobbers: -
@   context:  process; IRQs on while the call runs
@ ---------------------------------------------------------------------------
LFUNC vector_swi
        save_registers 0
        cpsie   i
        mov     r0, r4
        bl      do_syscall
        b       ret_to_user
ENDFUNC vector_swi
