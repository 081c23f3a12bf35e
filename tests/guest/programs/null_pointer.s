@ A load through a null pointer, in a leaf function: the call trace finds its caller by lr.
@
@ expect: Unable to handle kernel NULL pointer dereference at virtual address 00000008 when read
@ expect: Internal error: Oops: 7 [#1] ARM
@ expect: PC is at leaf_loads+0x4/0x
@ expect: LR is at null_init+0x
@ expect:  leaf_loads from null_init+0x
@ expect:  null_init from do_one_initcall+0x
@ expect:  kernel_init from start_kernel+0x
@ stop: halted

        .include "macros.inc"

        INIT_TEXT
FUNC leaf_loads
        mov     r0, #0
        ldr     r0, [r0, #8]
        bx      lr
ENDFUNC leaf_loads

FUNC null_init
        push    {fp, lr}
        add     fp, sp, #0
        bl      leaf_loads
        mov     r0, #0
        pop     {fp, pc}
ENDFUNC null_init
        device_initcall null_init
