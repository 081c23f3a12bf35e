@ initcall.s - calling the init routines, level by level. The linker script has strung their tables together
@ (vmlinux.lds); __initcall0_start and so on are the borders.

        .include "macros.inc"
        .include "arm.inc"
        .include "params.inc"

        .equ    INITCALL_LEVELS,        8
        .equ    DEFERRED_BY_NAME_MAX,   16      @ initcall_defer= takes out at most so many
        .equ    IMBALANCE_WORD_MAX,     32
        .equ    IMBALANCE_TEXT_MAX,     3 * IMBALANCE_WORD_MAX

        INIT_TEXT
@ ---------------------------------------------------------------------------
@ console_init - the console initcalls, before all others
@
@   in:       -
@   out:      -
@   clobbers: r0-r3, ip, flags
@   context:  boot, IRQs off. Not through do_one_initcall: like Linux, with no checks yet
@ ---------------------------------------------------------------------------
FUNC console_init
        push    {r4-r7, fp, lr}
        add     fp, sp, #16
        ldr     r4, =__con_initcall_start
        ldr     r5, =__con_initcall_end
.Lnext_console:
        cmp     r4, r5
        bhs     .Lconsoles_done
        ldr     r0, [r4]
        bl      trace_initcall_start
        mov     r6, r0
        ldr     r0, [r4], #4
        blx     r0
        mov     r1, r0
        ldr     r0, [r4, #-4]
        mov     r2, r6
        bl      trace_initcall_finish
        b       .Lnext_console
.Lconsoles_done:
        pop     {r4-r7, fp, pc}
ENDFUNC console_init

@ ---------------------------------------------------------------------------
@ do_pre_smp_initcalls - level early
@
@   in:       -
@   out:      -
@   clobbers: r0-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
FUNC do_pre_smp_initcalls
        push    {fp, lr}
        add     fp, sp, #0
        ldr     r0, =__initcall_start
        ldr     r1, =__initcall0_start
        bl      call_initcalls
        pop     {fp, pc}
ENDFUNC do_pre_smp_initcalls

@ ---------------------------------------------------------------------------
@ do_initcalls - levels 0 to 7: pure core postcore arch subsys fs (with rootfs) device late
@
@   in:       -
@   out:      -
@   clobbers: r0-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
FUNC do_initcalls
        push    {r4, r5, fp, lr}
        add     fp, sp, #8
        mov     r4, #0
.Lnext_level:
        mov     r0, r4
        bl      do_initcall_level
        add     r4, r4, #1
        cmp     r4, #INITCALL_LEVELS
        bne     .Lnext_level
        pop     {r4, r5, fp, pc}
ENDFUNC do_initcalls

@ ---------------------------------------------------------------------------
@ do_initcall_level - every initcall of one level, in link order
@
@   in:       r0 = level, 0 to 7
@   out:      -
@   clobbers: r0-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
FUNC do_initcall_level
        push    {fp, lr}
        add     fp, sp, #0
        ldr     r1, =initcall_levels
        add     r1, r1, r0, lsl #2
        ldmia   r1, {r0, r1}                    @ start of this level, start of the next
        bl      call_initcalls
        pop     {fp, pc}
ENDFUNC do_initcall_level

        .pushsection .init.data, "aw", %progbits
        .balign 4
initcall_levels:
        .word   __initcall0_start, __initcall1_start, __initcall2_start, __initcall3_start
        .word   __initcall4_start, __initcall5_start, __initcall6_start, __initcall7_start
        .word   __initcall_end
        .popsection

@ ---------------------------------------------------------------------------
@ call_initcalls - call each routine of a table, but those initcall_defer= names
@
@   in:       r0 = start of the table, r1 = its end
@   out:      -
@   clobbers: r0-r3, ip, flags
@   context:  process. What a routine returns does not stop the others
@ ---------------------------------------------------------------------------
LFUNC call_initcalls
        push    {r4, r5, fp, lr}
        add     fp, sp, #8
        mov     r4, r0
        mov     r5, r1
.Lnext_initcall:
        cmp     r4, r5
        bhs     .Ltable_done
        ldr     r0, [r4], #4
        bl      defer_by_name
        cmp     r0, #0
        bne     .Lnext_initcall
        ldr     r0, [r4, #-4]
        bl      do_one_initcall
        b       .Lnext_initcall
.Ltable_done:
        pop     {r4, r5, fp, pc}
ENDFUNC call_initcalls

@ ---------------------------------------------------------------------------
@ defer_by_name - put a routine aside when initcall_defer= names it
@
@   in:       r0 = routine
@   out:      r0 = 1: it waits in deferred_by_name; 0: call it now
@   clobbers: r1-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
LFUNC defer_by_name
        push    {r4, r5, fp, lr}
        add     fp, sp, #8
        mov     r4, r0
        ldr     r1, =initcall_defer_list
        ldr     r1, [r1]
        bl      named_in_list
        cmp     r0, #0
        beq     .Ldecided
        ldr     r5, =nr_deferred_by_name
        ldr     r2, [r5]
        cmp     r2, #DEFERRED_BY_NAME_MAX
        movhs   r0, #0                          @ no room: it runs now
        bhs     .Ldecided
        ldr     r3, =deferred_by_name
        str     r4, [r3, r2, lsl #2]
        add     r2, r2, #1
        str     r2, [r5]
        mov     r1, r4
        pr_debug "initcall %pS deferred\n"
        mov     r0, #1
.Ldecided:
        pop     {r4, r5, fp, pc}
ENDFUNC defer_by_name

@ ---------------------------------------------------------------------------
@ initcall_summary - the last initcall of all says how many there were
@
@   in:       -
@   out:      r0 = 0
@   clobbers: r1-r3, ip, flags
@   context:  initcall
@ ---------------------------------------------------------------------------
FUNC initcall_summary
        push    {fp, lr}
        add     fp, sp, #0
        ldr     r1, =initcalls_run
        ldr     r1, [r1]
        ldr     r2, =initcalls_failed
        ldr     r2, [r2]
        ldr     r3, =__def_initcall_end
        ldr     ip, =__def_initcall_start
        sub     r3, r3, ip
        ldr     ip, =nr_deferred_by_name
        ldr     ip, [ip]
        add     r3, ip, r3, lsr #2
        pr_info "initcalls: %u called before this one, %u of them failed; %u deferred\n"
        mov     r0, #0
        pop     {fp, pc}
ENDFUNC initcall_summary
        late_initcall_sync initcall_summary

@ initcall_debug, initcall_blacklist=fn,fn and initcall_defer=fn,fn
LFUNC initcall_debug_setup
        ldr     r1, =initcall_debug
        mov     r2, #1
        str     r2, [r1]
        mov     r0, #0
        bx      lr
ENDFUNC initcall_debug_setup
        __setup "initcall_debug", initcall_debug_setup

LFUNC initcall_blacklist_setup
        ldr     r1, =initcall_blacklist
        str     r0, [r1]
        mov     r0, #0
        bx      lr
ENDFUNC initcall_blacklist_setup
        __setup "initcall_blacklist", initcall_blacklist_setup

LFUNC initcall_defer_setup
        ldr     r1, =initcall_defer_list
        str     r0, [r1]
        mov     r0, #0
        bx      lr
ENDFUNC initcall_defer_setup
        __setup "initcall_defer", initcall_defer_setup

        .text
@ ---------------------------------------------------------------------------
@ do_one_initcall - call one init routine, report it, repair what it left behind
@
@   in:       r0 = routine
@   out:      r0 = what it returned; -EPERM when initcall_blacklist= names it
@   clobbers: r1-r3, ip, flags
@   context:  process, IRQs on
@ ---------------------------------------------------------------------------
FUNC do_one_initcall
        push    {r4-r9, fp, lr}
        add     fp, sp, #24
        mov     r4, r0
        ldr     r1, =initcall_blacklist
        ldr     r1, [r1]
        bl      named_in_list
        cmp     r0, #0
        bne     .Lblacklisted

        ldr     r5, =preempt_count
        ldr     r6, [r5]
        ldr     r7, =lock_depth
        ldr     r8, [r7]
        mov     r0, r4
        bl      trace_initcall_start
        mov     r9, r0
        blx     r4
        mov     r2, r9
        mov     r9, r0                          @ its result
        mov     r0, r4
        mov     r1, r9
        bl      trace_initcall_finish
        mov     r0, r9
        bl      count_initcall

        @ Each thing a routine must leave as it was: compare, repair, remember in words.
        ldr     r0, =imbalance_text
        mov     r1, #0
        strb    r1, [r0]
        ldr     r0, [r5]
        cmp     r0, r6
        strne   r6, [r5]
        ldrne   r0, =.Lpreemption
        blne    add_imbalance
        mrs     r0, cpsr
        tst     r0, #PSR_I
        beq     .Lirqs_are_on
        cpsie   i
        ldr     r0, =.Lirqs_disabled
        bl      add_imbalance
.Lirqs_are_on:
        ldr     r0, [r7]
        cmp     r0, r8
        strne   r8, [r7]
        ldrne   r0, =.Lkernel_lock
        blne    add_imbalance

        ldr     r2, =imbalance_text
        ldrb    r0, [r2]
        cmp     r0, #0
        beq     .Lbalanced
        mov     r1, r4
        ldr     r0, =.Lreturned_with
        bl      warn
.Lbalanced:
        mov     r0, r9
        pop     {r4-r9, fp, pc}

.Lblacklisted:
        mov     r1, r4
        pr_debug "initcall %pS blacklisted\n"
        mov     r0, #-EPERM
        pop     {r4-r9, fp, pc}
ENDFUNC do_one_initcall
        string .Lpreemption, "preemption imbalance "
        string .Lirqs_disabled, "disabled interrupts "
        string .Lkernel_lock, "unbalanced kernel lock "
        string .Lreturned_with, "initcall %pS returned with %s\n"

@ r0 = words, appended to imbalance_text; r1-r3, ip and flags change.
LFUNC add_imbalance
        push    {r4, r5, fp, lr}
        add     fp, sp, #8
        mov     r4, r0
        ldr     r0, =imbalance_text
        mov     r5, r0
        bl      strlen
        add     r0, r5, r0
        mov     r1, r4
        mov     r2, #IMBALANCE_WORD_MAX
        bl      strlcpy
        pop     {r4, r5, fp, pc}
ENDFUNC add_imbalance

@ r0 = result: counts the call, and a negative result as failed. r1 and r2 change.
LFUNC count_initcall
        ldr     r1, =initcalls_run
        ldr     r2, [r1]
        add     r2, r2, #1
        str     r2, [r1]
        ldr     r1, =initcalls_failed
        ldr     r2, [r1]
        add     r2, r2, r0, lsr #31
        str     r2, [r1]
        bx      lr
ENDFUNC count_initcall

@ ---------------------------------------------------------------------------
@ trace_initcall_start - "calling  foo_init+0x0/0x40 @ 1", when initcall_debug is on
@
@   in:       r0 = routine
@   out:      r0 = time now, microseconds
@   clobbers: r1-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
LFUNC trace_initcall_start
        push    {fp, lr}
        add     fp, sp, #0
        mov     r1, r0
        ldr     r0, =initcall_debug
        ldr     r0, [r0]
        cmp     r0, #0
        beq     .Lstart_traced
        ldr     r2, =current_pid
        ldr     r2, [r2]
        pr_debug "calling  %pS @ %i\n"
.Lstart_traced:
        bl      ktime_us
        pop     {fp, pc}
ENDFUNC trace_initcall_start

@ ---------------------------------------------------------------------------
@ trace_initcall_finish - "initcall foo_init+0x0/0x40 returned 0 after 123 usecs"
@
@   in:       r0 = routine, r1 = what it returned, r2 = time it was called, microseconds
@   out:      -
@   clobbers: r0-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
LFUNC trace_initcall_finish
        push    {r4-r7, fp, lr}
        add     fp, sp, #16
        ldr     r3, =initcall_debug
        ldr     r3, [r3]
        cmp     r3, #0
        beq     .Lfinish_traced
        mov     r4, r0
        mov     r5, r1
        mov     r6, r2
        bl      ktime_us
        sub     r3, r0, r6
        mov     r1, r4
        mov     r2, r5
        pr_debug "initcall %pS returned %d after %u usecs\n"
.Lfinish_traced:
        pop     {r4-r7, fp, pc}
ENDFUNC trace_initcall_finish

@ ---------------------------------------------------------------------------
@ named_in_list - is the function's name in a list a,b,c?
@
@   in:       r0 = function, r1 = list or 0
@   out:      r0 = 1 / 0
@   clobbers: r1-r3, ip, flags
@   context:  any. Without kallsyms no function has a name
@ ---------------------------------------------------------------------------
LFUNC named_in_list
        push    {r4-r7, fp, lr}
        add     fp, sp, #16
        movs    r5, r1
        beq     .Lnot_named
        bl      kallsyms_lookup
        movs    r4, r0
        beq     .Lnot_named
        bl      strlen
        mov     r6, r0
.Lnext_name:
        mov     r0, r5
        mov     r1, r4
        mov     r2, r6
        bl      strncmp
        cmp     r0, #0
        bne     .Lskip_name
        ldrb    r0, [r5, r6]
        cmp     r0, #0
        cmpne   r0, #','
        moveq   r0, #1
        popeq   {r4-r7, fp, pc}
.Lskip_name:
        mov     r0, r5
        mov     r1, #','
        bl      strchr
        adds    r5, r0, #1
        cmp     r0, #0
        bne     .Lnext_name
.Lnot_named:
        mov     r0, #0
        pop     {r4-r7, fp, pc}
ENDFUNC named_in_list

        .bss
        .balign 4
        .global initcall_debug, deferred_by_name, nr_deferred_by_name
initcall_debug:
        .space  4                               @ 1: a line before and after each call
initcall_blacklist:
        .space  4                               @ names never called, 0: none
initcall_defer_list:
        .space  4                               @ names called by do_deferred_initcalls, 0: none
nr_deferred_by_name:
        .space  4
deferred_by_name:
        .space  4 * DEFERRED_BY_NAME_MAX        @ the routines initcall_defer= took out, in the order they were met
initcalls_run:
        .space  4
initcalls_failed:
        .space  4
imbalance_text:
        .space  IMBALANCE_TEXT_MAX
