@ second - another user of exporter, beside guest/modules/user.s.

        .include "macros.inc"

        INIT_TEXT
FUNC second_init
        push    {fp, lr}
        add     fp, sp, #0
        mov     r0, #1
        mov     r1, #1
        bl      exporter_add
        mov     r0, #0
        pop     {fp, pc}
ENDFUNC second_init

        EXIT_TEXT
FUNC second_exit
        bx      lr
ENDFUNC second_exit

        module_init second_init
        module_exit second_exit
        MODULE_LICENSE "GPL"
