@ The guard in do_deferred_initcalls: called while the system boots it refuses, called a second time it says so, calls
@ nothing and frees nothing. The lock is held once round each deferred initcall.
@
@ rc: echo 1 > /proc/deferred_initcalls
@ rc: cat /proc/again
@ rc: poweroff
@ expect: do_deferred_initcalls() called while the system boots
@ expect: early: -16
@ expect: Running do_deferred_initcalls()
@ expect: deferred: lock depth 1, state 3
@ expect: Freeing unused kernel image (initmem) memory: {init_kib}K
@ expect: do_deferred_initcalls() has already run
@ expect: again: lock depth 0, 0 pages more
@ expect: reboot: Power down
@ stop: power-off

        .include "macros.inc"
        .include "fs.inc"

        INIT_TEXT
FUNC early_caller
        push    {fp, lr}
        add     fp, sp, #0
        bl      do_deferred_initcalls
        mov     r1, r0
        pr_info "early: %d\n"
        ldr     r0, =.Lagain
        ldr     r1, =MODE_FILE
        ldr     r2, =again_show
        mov     r3, #0
        bl      proc_create
        mov     r0, #0
        pop     {fp, pc}
ENDFUNC early_caller
        late_initcall early_caller
        string .Lagain, "again"

FUNC shows_depth
        push    {fp, lr}
        add     fp, sp, #0
        ldr     r1, =lock_depth
        ldr     r1, [r1]
        ldr     r2, =system_state
        ldr     r2, [r2]
        pr_info "deferred: lock depth %u, state %u\n"
        mov     r0, #-EIO                       @ what it returns does not stop the others
        pop     {fp, pc}
ENDFUNC shows_depth
        deferred_initcall shows_depth

        .text
FUNC again_show
        push    {r4, r5, fp, lr}
        add     fp, sp, #8
        bl      nr_free_pages
        mov     r4, r0
        bl      do_deferred_initcalls
        bl      nr_free_pages
        sub     r2, r0, r4
        ldr     r1, =lock_depth
        ldr     r1, [r1]
        pr_info "again: lock depth %u, %u pages more\n"
        mov     r0, #0
        pop     {r4, r5, fp, pc}
ENDFUNC again_show
