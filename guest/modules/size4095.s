@ size4095 - shows what freeing init memory brings (Adam Richter's letter of 1 July 2002): 4095 bytes stay, 2 bytes are for
@ init only, and because memory comes in pages exactly one page of 4096 bytes comes back for those 2. It has no code; every
@ module has besides a struct module, on a page of its own.

        .include "macros.inc"

        .equ    CORE_SIZE,      4095

        RODATA
size4095_core:
        .space  CORE_SIZE - 1
        .byte   0x5a                            @ the last one

        INIT_DATA
        .byte   1, 2

        MODULE_LICENSE "GPL"
        MODULE_DESCRIPTION "4095 bytes and 2 for init"
