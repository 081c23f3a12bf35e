@ Where a program starts: the kernel left argc at sp and the words of argv above it.

        .include "syscalls.inc"

        .text

@ ---------------------------------------------------------------------------
@ _start - call main, exit with what it returns
@
@   in:       sp = argc, argv[0], ..., 0
@   out:      no return
@   clobbers: everything
@ ---------------------------------------------------------------------------
FUNC _start
        mov     fp, #0                          @ the first frame
        mov     lr, #0
        ldr     r0, [sp]
        add     r1, sp, #4
        bl      main
        bl      exit
ENDFUNC _start
