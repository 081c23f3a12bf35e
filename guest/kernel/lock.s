@ lock.s - the big kernel lock and the preemption count. With one processor and no preemption both only count; what they
@ are good for is seeing who forgot to give back what was taken (do_one_initcall).

        .include "macros.inc"

        .text
@ ---------------------------------------------------------------------------
@ lock_kernel - take the big kernel lock; it nests
@
@   in:       -
@   out:      -
@   clobbers: r0, r1
@   context:  process
@ ---------------------------------------------------------------------------
FUNC lock_kernel
        ldr     r0, =lock_depth
        ldr     r1, [r0]
        add     r1, r1, #1
        str     r1, [r0]
        bx      lr
ENDFUNC lock_kernel

@ ---------------------------------------------------------------------------
@ unlock_kernel - give it back
@
@   in:       -
@   out:      -
@   clobbers: r0-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
FUNC unlock_kernel
        push    {fp, lr}
        add     fp, sp, #0
        ldr     r0, =lock_depth
        ldr     r1, [r0]
        subs    r1, r1, #1
        strhs   r1, [r0]
        bhs     .Lunlocked
        mov     r1, lr
        ldr     r0, =.Lnot_held
        bl      warn
.Lunlocked:
        pop     {fp, pc}
ENDFUNC unlock_kernel
        string .Lnot_held, "unlock_kernel called from %pS, but the lock is not held\n"

@ ---------------------------------------------------------------------------
@ preempt_disable, preempt_enable - count sections that must not be preempted
@
@   in:       -
@   out:      -
@   clobbers: r0, r1
@   context:  any
@ ---------------------------------------------------------------------------
FUNC preempt_disable
        ldr     r0, =preempt_count
        ldr     r1, [r0]
        add     r1, r1, #1
        str     r1, [r0]
        bx      lr
ENDFUNC preempt_disable

FUNC preempt_enable
        ldr     r0, =preempt_count
        ldr     r1, [r0]
        sub     r1, r1, #1
        str     r1, [r0]
        bx      lr
ENDFUNC preempt_enable

        .bss
        .balign 4
        .global lock_depth, preempt_count
lock_depth:
        .space  4                               @ how often the big kernel lock is held
preempt_count:
        .space  4                               @ preempt_disable, and HARDIRQ_OFFSET in an interrupt

        EXPORT_SYMBOL lock_kernel
        EXPORT_SYMBOL unlock_kernel
        EXPORT_SYMBOL preempt_disable
        EXPORT_SYMBOL preempt_enable
