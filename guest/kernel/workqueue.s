@ workqueue.s - work that is to be done soon, in process context. There is no worker thread: the queue is run where the
@ kernel is about to wait or to return to the program, in the order it was filled.

        .include "macros.inc"
        .include "arm.inc"
        .include "work.inc"

        INIT_TEXT
@ ---------------------------------------------------------------------------
@ init_workqueues - an empty queue: its tail is where the first work goes
@
@   in:       -
@   out:      r0 = 0
@   clobbers: r1
@   context:  initcall
@ ---------------------------------------------------------------------------
FUNC init_workqueues
        ldr     r0, =work_head
        ldr     r1, =work_tail
        str     r0, [r1]
        mov     r0, #0
        bx      lr
ENDFUNC init_workqueues
        pure_initcall init_workqueues

        .text
@ ---------------------------------------------------------------------------
@ schedule_work - have work done soon
@
@   in:       r0 = struct work_struct
@   out:      r0 = 1, or 0 when it was waiting already
@   clobbers: r1-r3, ip, flags
@   context:  any, once init_workqueues has run
@ ---------------------------------------------------------------------------
FUNC schedule_work
        push    {r4, r5, fp, lr}
        add     fp, sp, #8
        local_irq_save r4
        ldr     r1, [r0, #WORK_PENDING]
        eors    r5, r1, #1
        blne    __schedule_work
        mov     r0, r5
        local_irq_restore r4
        pop     {r4, r5, fp, pc}
ENDFUNC schedule_work

@ ---------------------------------------------------------------------------
@ __schedule_work - put work at the end of the queue
@
@   in:       r0 = struct work_struct, not waiting
@   out:      -
@   clobbers: r1, r2
@   context:  IRQs off
@ ---------------------------------------------------------------------------
FUNC __schedule_work
        mov     r1, #1
        str     r1, [r0, #WORK_PENDING]
        mov     r1, #0
        str     r1, [r0, #WORK_NEXT]
        ldr     r1, =work_tail
        ldr     r2, [r1]
        str     r0, [r2]                        @ the last one's WORK_NEXT, or work_head
        str     r0, [r1]
        bx      lr
ENDFUNC __schedule_work

@ ---------------------------------------------------------------------------
@ flush_scheduled_work - run the queue until nothing waits
@
@   in:       -
@   out:      -
@   clobbers: r0-r3, ip, flags
@   context:  process; also from inside work, for what waits behind it
@ ---------------------------------------------------------------------------
FUNC flush_scheduled_work
        push    {r4, r5, fp, lr}
        add     fp, sp, #8
.Lnext_work:
        local_irq_save r4
        ldr     r1, =work_head
        ldr     r0, [r1]
        cmp     r0, #0
        beq     .Lqueue_empty
        ldr     r2, [r0, #WORK_NEXT]
        str     r2, [r1]
        cmp     r2, #0
        ldreq   r2, =work_tail
        streq   r1, [r2]
        mov     r2, #0
        str     r2, [r0, #WORK_PENDING]         @ from here on it may be queued again
        local_irq_restore r4
        ldr     r1, [r0, #WORK_FUNC]
        blx     r1
        b       .Lnext_work
.Lqueue_empty:
        local_irq_restore r4
        pop     {r4, r5, fp, pc}
ENDFUNC flush_scheduled_work

@ ---------------------------------------------------------------------------
@ do_pending_work - run the queue
@
@   in:       -
@   out:      -
@   clobbers: r0-r3, ip, flags
@   context:  process: before waiting and before returning to the program. Work that waits does not nest here
@ ---------------------------------------------------------------------------
FUNC do_pending_work
        push    {r4, r5, fp, lr}
        add     fp, sp, #8
        ldr     r4, =pending_work_running
        ldr     r0, [r4]
        cmp     r0, #0
        bne     .Lnothing_to_do
        mov     r0, #1
        str     r0, [r4]
        bl      flush_scheduled_work
        mov     r0, #0
        str     r0, [r4]
.Lnothing_to_do:
        pop     {r4, r5, fp, pc}
ENDFUNC do_pending_work

        .bss
        .balign 4
work_head:
        .space  4                               @ first work, 0: none
work_tail:
        .space  4                               @ address of the last work's WORK_NEXT, or of work_head
pending_work_running:
        .space  4

        EXPORT_SYMBOL schedule_work
        EXPORT_SYMBOL flush_scheduled_work
