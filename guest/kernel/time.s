@ time.s - jiffies, microseconds, and waiting. The clock is the board's free-running 24 MHz counter, so microseconds
@ count from reset; the tick (timer driver, HZ times a second) counts jiffies and ends every wfi.

        .include "macros.inc"
        .include "arm.inc"
        .include "board.inc"
        .include "system.inc"

        .equ    SYS_24MHZ,      0x5c
        .equ    CYCLES_PER_US,  24
        .equ    USEC_PER_MSEC,  1000
        .equ    WAIT_FOREVER,   -1
        .equ    CLOCK_REST,     4               @ behind clock_last: cycles not yet counted as a microsecond
        .equ    CLOCK_US,       8               @ microseconds counted

        .text
@ ---------------------------------------------------------------------------
@ ktime_us - time since reset
@
@   in:       -
@   out:      r0 = microseconds, modulo 2^32 (71 minutes)
@   clobbers: r1-r3, ip, flags
@   context:  any
@ ---------------------------------------------------------------------------
@ The counter wraps after 178 s; the tick calls this often enough to see every wrap.
FUNC ktime_us
        local_irq_save ip
        ldr     r2, =clock_last
        ldr     r0, =SYSREG_BASE
        ldr     r0, [r0, #SYS_24MHZ]
        ldr     r1, [r2]
        str     r0, [r2]
        sub     r0, r0, r1                      @ cycles since the last look
        ldr     r1, [r2, #CLOCK_REST]
        add     r0, r0, r1
        mov     r3, #CYCLES_PER_US
        udiv    r1, r0, r3
        mls     r3, r1, r3, r0
        str     r3, [r2, #CLOCK_REST]
        ldr     r0, [r2, #CLOCK_US]
        add     r0, r0, r1
        str     r0, [r2, #CLOCK_US]
        local_irq_restore ip
        bx      lr
ENDFUNC ktime_us


@ ---------------------------------------------------------------------------
@ timer_tick - a jiffy has passed
@
@   in:       -
@   out:      -
@   clobbers: r0-r3, ip, flags
@   context:  interrupt, from the timer's driver
@ ---------------------------------------------------------------------------
FUNC timer_tick
        push    {fp, lr}
        add     fp, sp, #0
        ldr     r0, =jiffies
        ldr     r1, [r0]
        add     r1, r1, #1
        str     r1, [r0]
        bl      ktime_us
        pop     {fp, pc}
ENDFUNC timer_tick

@ ---------------------------------------------------------------------------
@ udelay - wait, doing nothing
@
@   in:       r0 = microseconds
@   out:      -
@   clobbers: r0-r3, ip, flags
@   context:  any
@ ---------------------------------------------------------------------------
FUNC udelay
        push    {r4, r5, fp, lr}
        add     fp, sp, #8
        mov     r4, r0
        bl      ktime_us
        mov     r5, r0
.Lspin:
        bl      ktime_us
        sub     r0, r0, r5
        cmp     r0, r4
        bls     .Lspin                          @ the first microsecond may have been a part of one
        pop     {r4, r5, fp, pc}
ENDFUNC udelay

@ ---------------------------------------------------------------------------
@ msleep - wait, letting queued work run
@
@   in:       r0 = milliseconds
@   out:      -
@   clobbers: r0-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
FUNC msleep
        push    {fp, lr}
        add     fp, sp, #0
        mov     r2, r0
        ldr     r0, =never
        mov     r1, #0
        bl      wait_for
        pop     {fp, pc}
ENDFUNC msleep

LFUNC never
        mov     r0, #0
        bx      lr
ENDFUNC never

@ ---------------------------------------------------------------------------
@ wait_for - sleep until a condition holds; queued work runs meanwhile
@
@   in:       r0 = predicate(argument) -> r0 not 0 when it holds, called with IRQs off; r1 = argument;
@             r2 = milliseconds, or WAIT_FOREVER (-1)
@   out:      r0 = 0, or -ETIMEDOUT
@   clobbers: r1-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
@ An interrupt between the last look and wfi is taken first and the processor sleeps all the same: the tick bounds that.
FUNC wait_for
        push    {r4-r9, fp, lr}
        add     fp, sp, #24
        mov     r4, r0
        mov     r5, r1
        mov     r6, r2
        mov     r0, #USEC_PER_MSEC
        mul     r8, r2, r0                      @ microseconds
        bl      ktime_us
        mov     r7, r0                          @ start
.Llook:
        bl      do_pending_work
        local_irq_save r9
        mov     r0, r5
        blx     r4
        local_irq_restore r9
        cmp     r0, #0
        movne   r0, #0
        bne     .Lwait_done
        cmp     r6, #WAIT_FOREVER
        beq     .Lsleep
        bl      ktime_us
        sub     r0, r0, r7
        cmp     r0, r8
        movhi   r0, #-ETIMEDOUT                 @ both looks are cut to whole microseconds: equal may be too early
        bhi     .Lwait_done
        ldr     r0, =jiffies                    @ no tick yet, or no interrupts: nothing would end a wfi
        ldr     r0, [r0]
        cmp     r0, #0
        beq     .Llook
        tst     r9, #PSR_I
        bne     .Llook
.Lsleep:
        wfi
        b       .Llook
.Lwait_done:
        pop     {r4-r9, fp, pc}
ENDFUNC wait_for

        .bss
        .balign 4
        .global jiffies
jiffies:
        .space  4                               @ ticks since the timer was started
clock_last:
        .space  4                               @ the counter at the last look
        .space  4                               @ CLOCK_REST
        .space  4                               @ CLOCK_US

        EXPORT_SYMBOL jiffies
        EXPORT_SYMBOL ktime_us
        EXPORT_SYMBOL timer_tick
        EXPORT_SYMBOL udelay
        EXPORT_SYMBOL msleep
        EXPORT_SYMBOL wait_for
