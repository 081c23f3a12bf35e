@ pl031.s - the real-time clock: seconds since 1970. Manual: ARM DDI 0224, "PrimeCell Real Time Clock (PL031)".

        .include "macros.inc"
        .include "board.inc"

        .equ    RTC_DR,                 0x000   @ the time
        .equ    RTC_CR,                 0x00c   @ bit 0: runs
        .equ    RTC_CR_START,           1 << 0
        .equ    RTC_PERIPH_ID0,         0xfe0
        .equ    RTC_PERIPH_ID1,         0xfe4
        .equ    PL031_PART,             0x1031  @ ID1 and ID0 of an ARM (designer 0x1 in ID1's high half) PL031

@ ---------------------------------------------------------------------------
@ pl031_init - find the clock and start it
@
@   in:       -
@   out:      r0 = 0, or -ENODEV
@   clobbers: r1-r3, ip, flags
@   context:  initcall
@ ---------------------------------------------------------------------------
        INIT_TEXT
FUNC pl031_init
        push    {fp, lr}
        add     fp, sp, #0
        ldr     r2, =RTC_BASE
        add     r3, r2, #RTC_PERIPH_ID0
        ldr     r0, [r3]
        ldr     r1, [r3, #(RTC_PERIPH_ID1 - RTC_PERIPH_ID0)]
        orr     r0, r0, r1, lsl #8
        ldr     r1, =PL031_PART
        cmp     r0, r1
        movne   r0, #-ENODEV
        bne     .Linit_return

        mov     r0, #RTC_CR_START
        str     r0, [r2, #RTC_CR]
        ldr     r1, =pl031_present
        str     r0, [r1]
        pr_info "rtc-pl031 1c170000.rtc: registered as rtc0\n"
        mov     r0, #0
.Linit_return:
        pop     {fp, pc}
ENDFUNC pl031_init

        .text
@ ---------------------------------------------------------------------------
@ rtc_read_time - the time of the hardware clock
@
@   in:       -
@   out:      r0 = 0 and r1 = seconds since 1970-01-01 00:00:00 UTC; -ENODEV
@   clobbers: flags
@   context:  any
@ ---------------------------------------------------------------------------
FUNC rtc_read_time
        ldr     r0, =pl031_present
        ldr     r0, [r0]
        cmp     r0, #0
        moveq   r0, #-ENODEV
        bxeq    lr
        ldr     r1, =RTC_BASE
        ldr     r1, [r1, #RTC_DR]
        mov     r0, #0
        bx      lr
ENDFUNC rtc_read_time
        EXPORT_SYMBOL rtc_read_time

        EXIT_TEXT
@ ---------------------------------------------------------------------------
@ pl031_exit - nothing is to be given back, and the clock goes on: it cannot be stopped
@
@   in:       -
@   out:      -
@   clobbers: -
@   context:  process
@ ---------------------------------------------------------------------------
FUNC pl031_exit
        bx      lr
ENDFUNC pl031_exit

        .bss
        .balign 4
pl031_present:
        .space  4

        module_init pl031_init
        module_exit pl031_exit
        MODULE_LICENSE "GPL"
        MODULE_DESCRIPTION "ARM PrimeCell PL031 real-time clock"
