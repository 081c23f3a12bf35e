@ nested - shows that init may load another module: no lock is held while init runs, so both become LIVE. The other one is
@ /lib/modules/hello.ko, or what `wants=` says.

        .include "macros.inc"

        INIT_TEXT
@ ---------------------------------------------------------------------------
@ nested_init - load the other module
@
@   in:       -
@   out:      r0 = 0 / -errno of the other one
@   clobbers: r1-r3, ip, flags
@   context:  process, sleeps
@ ---------------------------------------------------------------------------
FUNC nested_init
        push    {r4, r5, fp, lr}
        add     fp, sp, #8
        ldr     r5, =wants
        ldr     r5, [r5]
        mov     r1, r5
        pr_info "nested: I want %s\n"
        mov     r0, r5
        bl      request_module
        mov     r4, r0
        mov     r1, r5
        mov     r2, r0
        pr_info "nested: %s: %d\n"
        mov     r0, r4
        pop     {r4, r5, fp, pc}
ENDFUNC nested_init

        EXIT_TEXT
@ ---------------------------------------------------------------------------
@ nested_exit - the other module stays
@
@   in:       -
@   out:      -
@   clobbers: -
@   context:  process
@ ---------------------------------------------------------------------------
FUNC nested_exit
        bx      lr
ENDFUNC nested_exit

        .data
        .balign 4
wants:  .word   .Lhello
        string .Lhello, "hello"
        module_param wants, charp, 0
        MODULE_PARM_DESC wants, "name of the module to load"

        module_init nested_init
        module_exit nested_exit
        MODULE_LICENSE "GPL"
        MODULE_DESCRIPTION "A module that loads another"
