@ positive - shows an init that returns neither 0 nor an error: Linux warns ("suspiciously returned") and keeps the module.

        .include "macros.inc"

        INIT_TEXT
@ ---------------------------------------------------------------------------
@ positive_init - return 1, as if that meant success
@
@   in:       -
@   out:      r0 = 1
@   clobbers: -
@   context:  process
@ ---------------------------------------------------------------------------
FUNC positive_init
        mov     r0, #1
        bx      lr
ENDFUNC positive_init

        EXIT_TEXT
@ ---------------------------------------------------------------------------
@ positive_exit - nothing is left
@
@   in:       -
@   out:      -
@   clobbers: -
@   context:  process
@ ---------------------------------------------------------------------------
FUNC positive_exit
        bx      lr
ENDFUNC positive_exit

        module_init positive_init
        module_exit positive_exit
        MODULE_LICENSE "GPL"
        MODULE_DESCRIPTION "Init that returns 1"
