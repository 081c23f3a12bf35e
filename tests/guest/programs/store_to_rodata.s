@ A store to a constant: at boot nobody minds, but a deferred initcall runs after mark_rodata_ro.
@
@ rc: echo 1 > /proc/deferred_initcalls
@ expect: writes_at_boot: written
@ expect: Running do_deferred_initcalls()
@ expect: Unable to handle kernel paging request at virtual address {constant} when write
@ expect: Fault status: page permission fault (0x80f)
@ expect: Internal error: Oops: 80f [#1] ARM
@ expect: PC is at write_constant+0x
@ expect: LR is at writes_deferred+0x
@ expect: Call trace:
@ expect:  write_constant from writes_deferred+0x
@ expect:  writes_deferred from do_one_initcall+0x
@ expect:  call_deferred from do_deferred_initcalls+0x
@ expect:  do_syscall from vector_swi+0x
@ expect: Kernel panic - not syncing: Fatal exception
@ stop: halted

        .include "macros.inc"

        .text
FUNC write_constant
        push    {fp, lr}
        add     fp, sp, #0
        ldr     r1, =constant
        mov     r0, #1
        str     r0, [r1]
        pop     {fp, pc}
ENDFUNC write_constant

FUNC writes_at_boot
        push    {fp, lr}
        add     fp, sp, #0
        bl      write_constant
        pr_info "writes_at_boot: written\n"
        mov     r0, #0
        pop     {fp, pc}
ENDFUNC writes_at_boot
        late_initcall writes_at_boot

FUNC writes_deferred
        push    {fp, lr}
        add     fp, sp, #0
        bl      write_constant
        mov     r0, #0
        pop     {fp, pc}
ENDFUNC writes_deferred
        deferred_initcall writes_deferred

        RODATA
        .balign 4
        .global constant
constant:
        .word   0
