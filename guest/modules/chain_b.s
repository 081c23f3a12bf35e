@ chain_b - shows the middle of a chain of dependencies: it uses one module and is used by another.

        .include "macros.inc"

        .text
@ ---------------------------------------------------------------------------
@ chain_b_value - one more than the link before
@
@   in:       -
@   out:      r0 = number
@   clobbers: r1-r3, ip, flags
@   context:  any
@ ---------------------------------------------------------------------------
FUNC chain_b_value
        push    {fp, lr}
        add     fp, sp, #0
        bl      chain_a_value
        add     r0, r0, #1
        pop     {fp, pc}
ENDFUNC chain_b_value
        EXPORT_SYMBOL chain_b_value

        INIT_TEXT
@ ---------------------------------------------------------------------------
@ chain_b_init - say which link this is
@
@   in:       -
@   out:      r0 = 0
@   clobbers: r1-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
FUNC chain_b_init
        push    {fp, lr}
        add     fp, sp, #0
        bl      chain_b_value
        mov     r1, r0
        pr_info "chain_b: link %u\n"
        mov     r0, #0
        pop     {fp, pc}
ENDFUNC chain_b_init

        EXIT_TEXT
@ ---------------------------------------------------------------------------
@ chain_b_exit - nothing is left
@
@   in:       -
@   out:      -
@   clobbers: -
@   context:  process
@ ---------------------------------------------------------------------------
FUNC chain_b_exit
        bx      lr
ENDFUNC chain_b_exit

        module_init chain_b_init
        module_exit chain_b_exit
        MODULE_LICENSE "GPL"
        MODULE_DESCRIPTION "Chain of three, link 2"
