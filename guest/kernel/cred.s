@ cred.s - who the one process is. User 0 may do everything; anybody else may do nothing that needs a capability.

        .include "macros.inc"
        .include "unistd.inc"

        .text
@ ---------------------------------------------------------------------------
@ capable - may the process do what needs a capability?
@
@   in:       r0 = CAP_*: which one makes no difference, user 0 has all of them
@   out:      r0 = 1 / 0
@   clobbers: flags
@   context:  any
@ ---------------------------------------------------------------------------
FUNC capable
        ldr     r0, =current_uid
        ldr     r0, [r0]
        cmp     r0, #0
        moveq   r0, #1
        movne   r0, #0
        bx      lr
ENDFUNC capable

@ ---------------------------------------------------------------------------
@ sys_setuid - setuid(uid): for ever, once it is not 0
@
@   in:       r0 = user
@   out:      r0 = 0 / -EPERM
@   clobbers: r1-r3, flags
@   context:  system call
@ ---------------------------------------------------------------------------
FUNC sys_setuid
        push    {r4, r5, fp, lr}
        add     fp, sp, #8
        mov     r4, r0
        ldr     r5, =current_uid
        mov     r0, #CAP_SETUID
        bl      capable
        cmp     r0, #0
        bne     .Lmay_set
        ldr     r0, [r5]
        cmp     r0, r4                          @ to become who one is, is allowed
        movne   r0, #-EPERM
        popne   {r4, r5, fp, pc}
.Lmay_set:
        str     r4, [r5]
        mov     r0, #0
        pop     {r4, r5, fp, pc}
ENDFUNC sys_setuid

@ ---------------------------------------------------------------------------
@ sys_getuid - getuid()
@
@   in:       -
@   out:      r0 = user
@   clobbers: -
@   context:  system call
@ ---------------------------------------------------------------------------
FUNC sys_getuid
        ldr     r0, =current_uid
        ldr     r0, [r0]
        bx      lr
ENDFUNC sys_getuid

        .bss
        .balign 4
        .global current_uid
current_uid:
        .space  4                               @ setuid's; 0 is root
