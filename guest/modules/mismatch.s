@ mismatch - shows a section mismatch: mismatch_again lies in .text, stays after init memory is freed, and still calls
@ into .init.text. modpost says so when the module is built; calling it traps. So it is no part of the default build.

        .include "macros.inc"

        .text
@ ---------------------------------------------------------------------------
@ mismatch_again - call a function that is not there any more
@
@   in:       -
@   out:      r0 = 7, while init runs
@   clobbers: r1-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
FUNC mismatch_again
        push    {fp, lr}
        add     fp, sp, #0
        bl      mismatch_helper
        pop     {fp, pc}
ENDFUNC mismatch_again

        INIT_TEXT
@ ---------------------------------------------------------------------------
@ mismatch_helper - what only init may call
@
@   in:       -
@   out:      r0 = 7
@   clobbers: -
@   context:  process
@ ---------------------------------------------------------------------------
FUNC mismatch_helper
        mov     r0, #7
        bx      lr
ENDFUNC mismatch_helper
@ ---------------------------------------------------------------------------
@ mismatch_init - while init runs, all is well
@
@   in:       -
@   out:      r0 = 0
@   clobbers: r1-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
FUNC mismatch_init
        push    {fp, lr}
        add     fp, sp, #0
        bl      mismatch_again
        mov     r1, r0
        pr_info "mismatch: %u, so far\n"
        mov     r0, #0
        pop     {fp, pc}
ENDFUNC mismatch_init

        EXIT_TEXT
@ ---------------------------------------------------------------------------
@ mismatch_exit - nothing is left
@
@   in:       -
@   out:      -
@   clobbers: -
@   context:  process
@ ---------------------------------------------------------------------------
FUNC mismatch_exit
        bx      lr
ENDFUNC mismatch_exit

        module_init mismatch_init
        module_exit mismatch_exit
        MODULE_LICENSE "GPL"
        MODULE_DESCRIPTION "Section mismatch"
