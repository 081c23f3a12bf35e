@ chain_c - shows that `modprobe chain_c` loads chain_a and chain_b before it, and `modprobe -r` removes all three.

        .include "macros.inc"

        .text
@ ---------------------------------------------------------------------------
@ chain_c_value - one more than the link before
@
@   in:       -
@   out:      r0 = number
@   clobbers: r1-r3, ip, flags
@   context:  any
@ ---------------------------------------------------------------------------
FUNC chain_c_value
        push    {fp, lr}
        add     fp, sp, #0
        bl      chain_b_value
        add     r0, r0, #1
        pop     {fp, pc}
ENDFUNC chain_c_value
        EXPORT_SYMBOL chain_c_value

        INIT_TEXT
@ ---------------------------------------------------------------------------
@ chain_c_init - say which link this is
@
@   in:       -
@   out:      r0 = 0
@   clobbers: r1-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
FUNC chain_c_init
        push    {fp, lr}
        add     fp, sp, #0
        bl      chain_c_value
        mov     r1, r0
        pr_info "chain_c: link %u\n"
        mov     r0, #0
        pop     {fp, pc}
ENDFUNC chain_c_init

        EXIT_TEXT
@ ---------------------------------------------------------------------------
@ chain_c_exit - nothing is left
@
@   in:       -
@   out:      -
@   clobbers: -
@   context:  process
@ ---------------------------------------------------------------------------
FUNC chain_c_exit
        bx      lr
ENDFUNC chain_c_exit

        module_init chain_c_init
        module_exit chain_c_exit
        MODULE_LICENSE "GPL"
        MODULE_DESCRIPTION "Chain of three, link 3"
