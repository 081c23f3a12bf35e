@ initfail - shows an init that fails: what it returns is what insmod reports, and nothing of the module stays. `error=0`
@ lets it succeed.

        .include "macros.inc"

        INIT_TEXT
@ ---------------------------------------------------------------------------
@ initfail_init - fail with the number we were given
@
@   in:       -
@   out:      r0 = -error
@   clobbers: r1-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
FUNC initfail_init
        push    {r4, r5, fp, lr}
        add     fp, sp, #8
        ldr     r4, =error
        ldr     r4, [r4]
        rsb     r1, r4, #0
        pr_info "initfail: init returns %d\n"
        rsb     r0, r4, #0
        pop     {r4, r5, fp, pc}
ENDFUNC initfail_init

        EXIT_TEXT
@ ---------------------------------------------------------------------------
@ initfail_exit - nothing is left
@
@   in:       -
@   out:      -
@   clobbers: -
@   context:  process
@ ---------------------------------------------------------------------------
FUNC initfail_exit
        bx      lr
ENDFUNC initfail_exit

        .data
        .balign 4
error:  .word   EINVAL
        module_param error, int, 0
        MODULE_PARM_DESC error, "errno that init fails with"

        module_init initfail_init
        module_exit initfail_exit
        MODULE_LICENSE "GPL"
        MODULE_DESCRIPTION "Failing init"
