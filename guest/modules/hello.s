@ hello - shows the smallest module there is: one message when it comes, one when it goes.

        .include "macros.inc"

        INIT_TEXT
@ ---------------------------------------------------------------------------
@ hello_init - the module comes
@
@   in:       -
@   out:      r0 = 0
@   clobbers: r1-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
FUNC hello_init
        push    {fp, lr}
        add     fp, sp, #0
        pr_info "hello: the camera has learned something\n"
        mov     r0, #0
        pop     {fp, pc}
ENDFUNC hello_init

        EXIT_TEXT
@ ---------------------------------------------------------------------------
@ hello_exit - the module goes
@
@   in:       -
@   out:      -
@   clobbers: r0-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
FUNC hello_exit
        push    {fp, lr}
        add     fp, sp, #0
        pr_info "hello: and has forgotten it again\n"
        pop     {fp, pc}
ENDFUNC hello_exit

        module_init hello_init
        module_exit hello_exit
        MODULE_LICENSE "GPL"
        MODULE_DESCRIPTION "Smallest module"
