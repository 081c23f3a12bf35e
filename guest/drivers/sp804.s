@ sp804.s - the timer that ticks: HZ interrupts a second. ARM DDI 0271. Timer 1 of the two counts microseconds down from
@ its load value, interrupts at zero and starts again.

        .include "macros.inc"
        .include "board.inc"
        .include "system.inc"

        .equ    Timer1Load,             0x00
        .equ    Timer1Control,          0x08
        .equ    CONTROL_32BIT,          1 << 1
        .equ    CONTROL_INTEN,          1 << 5
        .equ    CONTROL_PERIODIC,       1 << 6
        .equ    CONTROL_ENABLE,         1 << 7
        .equ    Timer1IntClr,           0x0c
        .equ    TimerPeriphID0,         0xfe0
        .equ    PERIPHID0,              0x04

        .equ    TIMCLK,                 1000000         @ Hz on this board
        .equ    TICK,                   TIMCLK / HZ

@ ---------------------------------------------------------------------------
@ sp804_init - start the tick
@
@   in:       -
@   out:      r0 = 0, -ENODEV when nothing answers, or request_irq's -errno
@   clobbers: r1-r3, ip, flags
@   context:  initcall
@ ---------------------------------------------------------------------------
        INIT_TEXT
FUNC sp804_init
        push    {r4, r5, fp, lr}
        add     fp, sp, #8
        ldr     r4, =TIMER_BASE
        add     r1, r4, #TimerPeriphID0
        ldr     r0, [r1]
        and     r0, r0, #0xff
        cmp     r0, #PERIPHID0
        movne   r0, #-ENODEV
        bne     .Lreturn

        mov     r0, #IRQ_TIMER
        ldr     r1, =sp804_interrupt
        ldr     r2, =.Ltimer_name
        mov     r3, #0
        bl      request_irq
        cmp     r0, #0
        bne     .Lreturn
        ldr     r1, =TICK
        str     r1, [r4, #Timer1Load]
        mov     r1, #CONTROL_ENABLE | CONTROL_PERIODIC | CONTROL_INTEN | CONTROL_32BIT
        str     r1, [r4, #Timer1Control]
        ldr     r1, =jiffies
        mov     r0, #1
        str     r0, [r1]                        @ not 0: from here on wait_for sleeps instead of spinning
        mov     r1, #HZ
        pr_info "sp804: timer ticks %u times a second\n"
        mov     r0, #0
.Lreturn:
        pop     {r4, r5, fp, pc}
ENDFUNC sp804_init
        module_init sp804_init, core_initcall
        MODULE_LICENSE "GPL"
        MODULE_DESCRIPTION "SP804 timer"

        .text
@ ---------------------------------------------------------------------------
@ sp804_interrupt - a tick
@
@   in:       r0 = irq, r1 = dev; not used
@   out:      -
@   clobbers: r0-r3, ip, flags
@   context:  interrupt
@ ---------------------------------------------------------------------------
LFUNC sp804_interrupt
        push    {fp, lr}
        add     fp, sp, #0
        ldr     r1, =TIMER_BASE
        str     r0, [r1, #Timer1IntClr]         @ any value
        bl      timer_tick
        pop     {fp, pc}
ENDFUNC sp804_interrupt
        string .Ltimer_name, "timer"
