@ user - shows a module that needs another: modpost writes depends=exporter, and exporter is "in use by: user".

        .include "macros.inc"

        INIT_TEXT
@ ---------------------------------------------------------------------------
@ user_init - call a function of exporter three times, and a GPL-only one
@
@   in:       -
@   out:      r0 = 0
@   clobbers: r1-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
FUNC user_init
        push    {r4, r5, fp, lr}
        add     fp, sp, #8
        mov     r0, #2
        mov     r1, #3
        bl      exporter_add
        mov     r1, r0
        bl      exporter_add
        mov     r1, #1
        bl      exporter_add
        mov     r4, r0
        bl      exporter_secret
        mov     r2, r0
        mov     r1, r4
        ldr     r3, =exporter_calls
        ldr     r3, [r3]
        pr_info "user: sum %u, secret %u, calls %u\n"
        mov     r0, #0
        pop     {r4, r5, fp, pc}
ENDFUNC user_init

        EXIT_TEXT
@ ---------------------------------------------------------------------------
@ user_exit - the module goes
@
@   in:       -
@   out:      -
@   clobbers: r0-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
FUNC user_exit
        push    {fp, lr}
        add     fp, sp, #0
        pr_info "user: done\n"
        pop     {fp, pc}
ENDFUNC user_exit

        module_init user_init
        module_exit user_exit
        MODULE_LICENSE "GPL"
        MODULE_DESCRIPTION "User of exporter"
