@ deferred.s - the initcalls that wait until the system has done what it is for (Tim Bird, 2008): a table of their own,
@ run on a word through /proc/deferred_initcalls, and only then is init memory freed.

        .include "macros.inc"
        .include "system.inc"

        .text
@ ---------------------------------------------------------------------------
@ do_deferred_initcalls - call the deferred init routines and free init memory
@
@   in:       -
@   out:      r0 = 0; -EBUSY, with nothing done, while the boot's own initcalls still run
@   clobbers: r1-r3, ip, flags
@   context:  process. A second call says so and does nothing
@ ---------------------------------------------------------------------------
FUNC do_deferred_initcalls
        push    {r4, r5, fp, lr}
        add     fp, sp, #8
        ldr     r0, =system_state
        ldr     r0, [r0]
        cmp     r0, #SYSTEM_RUNNING
        blo     .Ltoo_early
        ldr     r0, =already_run
        ldr     r1, [r0]
        cmp     r1, #0
        bne     .Lhas_run
        mov     r1, #1
        str     r1, [r0]                        @ before the calls: one of them might come back here

        ldr     r0, =.Lrunning
        bl      printk
        bl      lock_kernel                     @ as it is during the boot

        ldr     r0, =__def_initcall_start
        ldr     r1, =__def_initcall_end
        bl      call_deferred
        ldr     r0, =deferred_by_name           @ those the command line deferred
        ldr     r1, =nr_deferred_by_name
        ldr     r1, [r1]
        add     r1, r0, r1, lsl #2
        bl      call_deferred

        bl      flush_scheduled_work            @ queued work may be init text
        bl      free_initmem
        bl      unlock_kernel
        mov     r0, #0
        pop     {r4, r5, fp, pc}

.Lhas_run:
        ldr     r0, =.Lalready
        bl      printk
        mov     r0, #0
        pop     {r4, r5, fp, pc}

.Ltoo_early:
        pr_warn "do_deferred_initcalls() called while the system boots\n"
        mov     r0, #-EBUSY
        pop     {r4, r5, fp, pc}
ENDFUNC do_deferred_initcalls
        string .Lrunning, "Running do_deferred_initcalls()\n"
        string .Lalready, "do_deferred_initcalls() has already run\n"

@ ---------------------------------------------------------------------------
@ call_deferred - do_one_initcall for each word of a table
@
@   in:       r0 = start of the table, r1 = its end
@   out:      -
@   clobbers: r0-r3, ip, flags
@   context:  process. What a routine returns does not stop the others
@ ---------------------------------------------------------------------------
LFUNC call_deferred
        push    {r4, r5, fp, lr}
        add     fp, sp, #8
        mov     r4, r0
        mov     r5, r1
.Lnext_deferred:
        cmp     r4, r5
        bhs     .Lall_called
        ldr     r0, [r4], #4
        bl      do_one_initcall
        b       .Lnext_deferred
.Lall_called:
        pop     {r4, r5, fp, pc}
ENDFUNC call_deferred

        .bss
        .balign 4
already_run:
        .space  4
