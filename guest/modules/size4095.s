@ size4095 - shows what freeing init memory brings (Adam Richter's letter of 1 July 2002): 4095 bytes stay, 2 bytes are for
@ init only, and because memory comes in pages exactly one page of 4096 bytes comes back for those 2.

        .include "macros.inc"

        .equ    CORE_SIZE,      4095

        .text
.Lcore:
@ ---------------------------------------------------------------------------
@ size4095_first - the first of the bytes that stay
@
@   in:       -
@   out:      r0 = the last of them
@   clobbers: -
@   context:  any
@ ---------------------------------------------------------------------------
FUNC size4095_first
        ldr     r0, =size4095_last
        ldrb    r0, [r0]
        bx      lr
ENDFUNC size4095_first
        .space  CORE_SIZE - 1 - (. - .Lcore)
size4095_last:
        .byte   0x5a

        INIT_DATA
        .byte   1, 2

        MODULE_LICENSE "GPL"
        MODULE_DESCRIPTION "4095 bytes and 2 for init"
