@ module_notify.s - who wants to know of modules (notifiers), and who waits for one (module_wq).

        .include "macros.inc"
        .include "module.inc"

        .text
@ ---------------------------------------------------------------------------
@ register_module_notifier, unregister_module_notifier - be told of COMING, LIVE and GOING
@
@   in:       r0 = struct notifier_block; call(nb, MODULE_STATE_*, mod) -> 0 / -errno: only COMING can be refused
@   out:      r0 = 0; unregister: -ENOENT
@   clobbers: r1-r3, flags
@   context:  process
@ ---------------------------------------------------------------------------
FUNC register_module_notifier
        ldr     r1, =module_notify_list
.Lfind_end:
        ldr     r2, [r1]
        cmp     r2, #0
        addne   r1, r2, #NOTIFIER_NEXT
        bne     .Lfind_end
        str     r2, [r0, #NOTIFIER_NEXT]
        str     r0, [r1]
        mov     r0, #0
        bx      lr
ENDFUNC register_module_notifier

FUNC unregister_module_notifier
        ldr     r1, =module_notify_list
.Lfind_notifier:
        ldr     r2, [r1]
        cmp     r2, #0
        moveq   r0, #-ENOENT
        bxeq    lr
        cmp     r2, r0
        addne   r1, r2, #NOTIFIER_NEXT
        bne     .Lfind_notifier
        ldr     r2, [r0, #NOTIFIER_NEXT]
        str     r2, [r1]
        mov     r0, #0
        bx      lr
ENDFUNC unregister_module_notifier

@ ---------------------------------------------------------------------------
@ module_notify - tell everybody of a state
@
@   in:       r0 = MODULE_STATE_*, r1 = struct module
@   out:      -
@   clobbers: r0-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
FUNC module_notify
        mvn     r2, #0
        b       notify_first
ENDFUNC module_notify

@ ---------------------------------------------------------------------------
@ notify_first - tell the first so many, until one refuses
@
@   in:       r0 = MODULE_STATE_*, r1 = struct module, r2 = how many at most
@   out:      r0 = 0, or what the one said that refused; r1 = how many had been told before it
@   clobbers: r2, r3, ip, flags
@   context:  process. Only COMING can be refused; of other states everybody is told
@ ---------------------------------------------------------------------------
LFUNC notify_first
        push    {r4-r9, fp, lr}
        add     fp, sp, #24
        mov     r4, r0
        mov     r5, r1
        mov     r6, r2
        mov     r7, #0
        ldr     r8, =module_notify_list
        ldr     r8, [r8]
.Lnext_notifier:
        cmp     r8, #0
        cmpne   r7, r6
        moveq   r0, #0
        beq     .Lnotified
        mov     r0, r8
        mov     r1, r4
        mov     r2, r5
        ldr     r3, [r8, #NOTIFIER_CALL]
        ldr     r8, [r8, #NOTIFIER_NEXT]        @ it may unregister itself
        blx     r3
        cmp     r4, #MODULE_STATE_COMING
        bne     .Lcount_it
        cmp     r0, #0
        blt     .Lnotified
.Lcount_it:
        add     r7, r7, #1
        b       .Lnext_notifier
.Lnotified:
        mov     r1, r7
        pop     {r4-r9, fp, pc}
ENDFUNC notify_first

@ ---------------------------------------------------------------------------
@ prepare_coming_module, coming_cleanup - COMING is announced; if it comes to nothing, GOING is
@
@   in:       r0 = struct module
@   out:      prepare_coming_module: r0 = 0, or the errno of a notifier that refuses; those told before it hear GOING
@   clobbers: r1-r3, ip, flags
@   context:  process, load_module
@ ---------------------------------------------------------------------------
FUNC prepare_coming_module
        push    {r4, r5, fp, lr}
        add     fp, sp, #8
        mov     r4, r0
        mov     r1, r0
        mov     r0, #MODULE_STATE_COMING
        mvn     r2, #0
        bl      notify_first
        movs    r5, r0
        beq     .Lprepared
        mov     r2, r1
        mov     r0, #MODULE_STATE_GOING
        mov     r1, r4
        bl      notify_first
.Lprepared:
        mov     r0, r5
        pop     {r4, r5, fp, pc}
ENDFUNC prepare_coming_module

FUNC coming_cleanup
        push    {r4, r5, fp, lr}
        add     fp, sp, #8
        mov     r4, r0
        mov     r1, #MODULE_STATE_GOING
        bl      module_set_state
        ldr     r0, [r4, #MODULE_KP]
        ldr     r1, [r4, #MODULE_NUM_KP]
        bl      destroy_params
        mov     r0, #MODULE_STATE_GOING
        mov     r1, r4
        bl      module_notify
        pop     {r4, r5, fp, pc}
ENDFUNC coming_cleanup

@ ---------------------------------------------------------------------------
@ module_wq_wait - wait for something about a module
@
@   in:       r0 = predicate(argument), r1 = argument, r2 = milliseconds
@   out:      r0 = 0 / -ETIMEDOUT
@   clobbers: r1-r3, ip, flags
@   context:  process. wait_for looks again at every tick, so waking up is only counted
@ ---------------------------------------------------------------------------
FUNC module_wq_wait
        b       wait_for
ENDFUNC module_wq_wait

@ ---------------------------------------------------------------------------
@ wake_up_module_wq - some module is ready, or gone
@
@   in:       -
@   out:      -
@   clobbers: r0, r1
@   context:  any
@ ---------------------------------------------------------------------------
FUNC wake_up_module_wq
        ldr     r0, =module_wq
        ldr     r1, [r0]
        add     r1, r1, #1
        str     r1, [r0]
        bx      lr
ENDFUNC wake_up_module_wq

        .bss
        .balign 4
        .global module_wq
module_notify_list:
        .space  4                               @ struct notifier_block, in order of registration
module_wq:
        .space  4                               @ how often somebody was woken

        EXPORT_SYMBOL register_module_notifier
        EXPORT_SYMBOL unregister_module_notifier
