@ noexit - shows a module without an exit function: it can never be removed, "[permanent]" in /proc/modules; `rmmod -f`
@ does it all the same and taints the kernel.

        .include "macros.inc"

        INIT_TEXT
@ ---------------------------------------------------------------------------
@ noexit_init - come, to stay
@
@   in:       -
@   out:      r0 = 0
@   clobbers: r1-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
FUNC noexit_init
        push    {fp, lr}
        add     fp, sp, #0
        pr_info "noexit: here to stay\n"
        mov     r0, #0
        pop     {fp, pc}
ENDFUNC noexit_init

        module_init noexit_init
        MODULE_LICENSE "GPL"
        MODULE_DESCRIPTION "Module without exit"
