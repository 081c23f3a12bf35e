@ entry.s - the border between user mode and the kernel, and the one way back from every exception.

        .include "macros.inc"
        .include "arm.inc"
        .include "memory.inc"
        .include "ptrace.inc"
        .include "unistd.inc"

        .text
@ ---------------------------------------------------------------------------
@ do_syscall - call sys_call_table[r7]
@
@   in:       r0 = pt_regs of the caller
@   out:      the r0 in pt_regs = what the call returned, -ENOSYS for a number nobody has
@   clobbers: r0-r3, ip, flags
@   context:  process. Arguments 5 and 6 (r4, r5) are passed on the stack, as AAPCS wants
@ ---------------------------------------------------------------------------
LFUNC do_syscall_unknown
        mov     r0, #-ENOSYS
        bx      lr
ENDFUNC do_syscall_unknown

FUNC do_syscall
        push    {r4, r5, fp, lr}
        add     fp, sp, #8
        mov     r4, r0
        ldr     ip, =do_syscall_unknown
        ldr     r1, [r4, #PT_R7]
        ldr     r2, =NR_syscalls
        ldr     r3, =sys_call_table
        cmp     r1, r2
        ldrlo   ip, [r3, r1, lsl #2]

        add     r1, r4, #PT_R4
        ldmia   r1, {r2, r3}
        push    {r2, r3}
        ldmia   r4, {r0-r3}
        blx     ip
        add     sp, sp, #8
        str     r0, [r4, #PT_R0]
        pop     {r4, r5, fp, pc}
ENDFUNC do_syscall

@ ---------------------------------------------------------------------------
@ ret_to_user - do what waits to be done, then go back to the program
@
@   in:       r4 = pt_regs, the only thing on the kernel stack
@   out:      never returns
@   clobbers: -
@   context:  end of a system call or of an interrupt from user mode
@ ---------------------------------------------------------------------------
FUNC ret_to_user
        cpsie   i
        bl      do_pending_work
        b       return_from_exception
ENDFUNC ret_to_user

@ ---------------------------------------------------------------------------
@ return_from_exception - load every register from pt_regs
@
@   in:       r4 = pt_regs
@   out:      never returns
@   clobbers: -
@   context:  exception
@ ---------------------------------------------------------------------------
FUNC return_from_exception
        cpsid   i
        clrex                                   @ a half-done ldrex/strex pair must start again
        mov     sp, r4
        ldr     r0, [sp, #PT_CPSR]
        tst     r0, #PSR_USER_TEST
        add     r0, sp, #PT_SP
        ldmiaeq r0, {sp, lr}^                   @ user mode's own, banked
        ldrne   lr, [sp, #PT_LR]
        ldmia   sp, {r0-r12}
        add     sp, sp, #PT_PC
        rfeia   sp!
ENDFUNC return_from_exception

@ ---------------------------------------------------------------------------
@ enter_user_mode - start the user program: every register 0 but pc and sp
@
@   in:       r0 = pc, r1 = sp
@   out:      never returns; the kernel stack is empty afterwards
@   clobbers: everything
@   context:  process, the end of exec
@ ---------------------------------------------------------------------------
FUNC enter_user_mode
        cpsid   i
        ldr     sp, =init_stack_end - PT_SIZE
        mov     r2, #0
        mov     r3, #PT_SP
.Lclear_register:
        subs    r3, r3, #4
        str     r2, [sp, r3]
        bne     .Lclear_register
        str     r1, [sp, #PT_SP]
        str     r2, [sp, #PT_LR]
        str     r0, [sp, #PT_PC]
        mov     r2, #PSR_MODE_USR
        str     r2, [sp, #PT_CPSR]
        mov     r4, sp
        b       return_from_exception
ENDFUNC enter_user_mode
