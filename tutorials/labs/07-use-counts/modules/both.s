@ both - a user of two modules: exporter and chain_a of guest/modules.

        .include "macros.inc"

        INIT_TEXT
FUNC both_init
        push    {r4, r5, fp, lr}
        add     fp, sp, #8
        ldr     r4, =exporter_calls             @ exporter, chain_a, exporter again
        bl      chain_a_value
        mov     r1, #1
        bl      exporter_add
        mov     r0, #0
        pop     {r4, r5, fp, pc}
ENDFUNC both_init

        EXIT_TEXT
FUNC both_exit
        bx      lr
ENDFUNC both_exit

        module_init both_init
        module_exit both_exit
        MODULE_LICENSE "GPL"
