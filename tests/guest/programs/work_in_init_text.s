@ A deferred initcall queues work whose function is init text: it must have run before that memory is freed.
@
@ rc: echo 1 > /proc/deferred_initcalls
@ rc: poweroff
@ expect: Running do_deferred_initcalls()
@ expect: queues_work: queued 1, again 0
@ expect: works_once ran
@ expect: Freeing unused kernel image (initmem) memory: {init_kib}K
@ expect: reboot: Power down
@ stop: power-off

        .include "macros.inc"
        .include "work.inc"

        INIT_TEXT
FUNC works_once
        push    {fp, lr}
        add     fp, sp, #0
        pr_info "works_once ran\n"
        pop     {fp, pc}
ENDFUNC works_once

FUNC queues_work
        push    {r4, r5, fp, lr}
        add     fp, sp, #8
        ldr     r0, =work
        bl      schedule_work
        mov     r4, r0
        ldr     r0, =work
        bl      schedule_work
        mov     r2, r0
        mov     r1, r4
        pr_info "queues_work: queued %u, again %u\n"
        mov     r0, #0
        pop     {r4, r5, fp, pc}
ENDFUNC queues_work
        deferred_initcall queues_work
        DECLARE_WORK work, works_once
