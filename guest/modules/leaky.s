@ leaky - shows what free pages tell: it takes one page when it comes and forgets to give it back, on purpose. So after
@ insmod and rmmod one page is missing, each time.

        .include "macros.inc"

        INIT_TEXT
@ ---------------------------------------------------------------------------
@ leaky_init - take a page
@
@   in:       -
@   out:      r0 = 0, or -ENOMEM
@   clobbers: r1-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
FUNC leaky_init
        push    {fp, lr}
        add     fp, sp, #0
        mov     r0, #0
        bl      alloc_pages
        cmp     r0, #0
        moveq   r0, #-ENOMEM
        beq     .Linit_out
        mov     r1, r0
        pr_info "leaky: page %08x is mine\n"
        mov     r0, #0
.Linit_out:
        pop     {fp, pc}
ENDFUNC leaky_init

        EXIT_TEXT
@ ---------------------------------------------------------------------------
@ leaky_exit - go, and leave the page behind
@
@   in:       -
@   out:      -
@   clobbers: r0-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
FUNC leaky_exit
        push    {fp, lr}
        add     fp, sp, #0
        pr_info "leaky: which page?\n"
        pop     {fp, pc}
ENDFUNC leaky_exit

        module_init leaky_init
        module_exit leaky_exit
        MODULE_LICENSE "GPL"
        MODULE_DESCRIPTION "Memory leak"
