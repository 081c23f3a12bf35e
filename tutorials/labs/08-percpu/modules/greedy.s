@ greedy - a module that wants more per-CPU memory than is left once anybody else has some.

        .include "macros.inc"

        INIT_TEXT
FUNC greedy_init
        mov     r0, #0
        bx      lr
ENDFUNC greedy_init

        EXIT_TEXT
FUNC greedy_exit
        bx      lr
ENDFUNC greedy_exit

        .section .data..percpu, "aw", %progbits
        .balign 4
        .rept   0x2000 / 4 - 1                  @ the area but one word
        .word   0x600d600d
        .endr

        module_init greedy_init
        module_exit greedy_exit
        MODULE_LICENSE "GPL"
