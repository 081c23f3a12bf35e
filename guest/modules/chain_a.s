@ chain_a - shows the end of a chain of dependencies: it is loaded first and removed last.

        .include "macros.inc"

        .text
@ ---------------------------------------------------------------------------
@ chain_a_value - the first number
@
@   in:       -
@   out:      r0 = number
@   clobbers: -
@   context:  any
@ ---------------------------------------------------------------------------
FUNC chain_a_value
        mov     r0, #0
        add     r0, r0, #1
        bx      lr
ENDFUNC chain_a_value
        EXPORT_SYMBOL chain_a_value

        INIT_TEXT
@ ---------------------------------------------------------------------------
@ chain_a_init - say which link this is
@
@   in:       -
@   out:      r0 = 0
@   clobbers: r1-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
FUNC chain_a_init
        push    {fp, lr}
        add     fp, sp, #0
        bl      chain_a_value
        mov     r1, r0
        pr_info "chain_a: link %u\n"
        mov     r0, #0
        pop     {fp, pc}
ENDFUNC chain_a_init

        EXIT_TEXT
@ ---------------------------------------------------------------------------
@ chain_a_exit - nothing is left
@
@   in:       -
@   out:      -
@   clobbers: -
@   context:  process
@ ---------------------------------------------------------------------------
FUNC chain_a_exit
        bx      lr
ENDFUNC chain_a_exit

        module_init chain_a_init
        module_exit chain_a_exit
        MODULE_LICENSE "GPL"
        MODULE_DESCRIPTION "Chain of three, link 1"
