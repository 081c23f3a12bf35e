@ rtc_hctosys.s - hardware clock to system: the wall clock starts from the real-time clock (Linux drivers/rtc/class.c).

        .include "macros.inc"

        .equ    SECONDS_PER_MINUTE,     60
        .equ    SECONDS_PER_HOUR,       3600
        .equ    SECONDS_PER_DAY,        86400
        .equ    DAYS_PER_YEAR,          365
        .equ    YEARS_PER_CENTURY,      100
        .equ    EPOCH_YEAR,             1970
        .equ    FEBRUARY,               1       @ index of rtc_days_in_month

@ struct rtc_time: a date and a time of day, UTC
        .equ    TM_YEAR,                0
        .equ    TM_MONTH,               4       @ 1-12
        .equ    TM_DAY,                 8       @ 1-31
        .equ    TM_HOUR,                12
        .equ    TM_MINUTE,              16
        .equ    TM_SECOND,              20
        .equ    TM_SIZE,                24

@ ---------------------------------------------------------------------------
@ rtc_hctosys - set the system time and say so
@
@   in:       -
@   out:      r0 = 0, or -ENODEV without a clock
@   clobbers: r1-r3, ip, flags
@   context:  initcall
@ ---------------------------------------------------------------------------
        .weak   rtc_read_time
        INIT_TEXT
FUNC rtc_hctosys
        push    {r4, r5, fp, lr}
        add     fp, sp, #8
        ldr     r3, =rtc_read_time
        cmp     r3, #0
        moveq   r0, #-ENODEV
        beq     .Lhctosys_failed
        blx     r3
        cmp     r0, #0
        bne     .Lhctosys_failed
        mov     r4, r1

        @ What the wall clock showed when ktime_us was 0.
        bl      ktime_us
        ldr     r1, =1000000
        udiv    r0, r0, r1
        sub     r0, r4, r0
        ldr     r1, =wall_clock_at_boot
        str     r0, [r1]

        ldr     r5, =rtc_tm
        mov     r0, r4
        mov     r1, r5
        bl      rtc_time_to_tm
        mov     r0, r4
        mov     r1, r5
        bl      rtc_print
        mov     r0, #0
        b       .Lhctosys_return

.Lhctosys_failed:
        mov     r4, r0
        pr_err  "hctosys: unable to open rtc device (rtc0)\n"
        mov     r0, r4
.Lhctosys_return:
        pop     {r4, r5, fp, pc}
ENDFUNC rtc_hctosys

@ ---------------------------------------------------------------------------
@ rtc_time_to_tm - seconds since 1970 to a date, year by year and month by month
@
@   in:       r0 = seconds, r1 = rtc_time to fill
@   out:      -
@   clobbers: r0-r3, flags
@   context:  initcall
@ ---------------------------------------------------------------------------
LFUNC rtc_time_to_tm
        push    {r4-r7, fp, lr}
        add     fp, sp, #16
        mov     r4, r1
        ldr     r1, =SECONDS_PER_DAY
        udiv    r5, r0, r1                      @ days
        mls     r6, r5, r1, r0                  @ second of the day

        mov     r1, #SECONDS_PER_HOUR
        udiv    r2, r6, r1
        str     r2, [r4, #TM_HOUR]
        mls     r6, r2, r1, r6
        mov     r1, #SECONDS_PER_MINUTE
        udiv    r2, r6, r1
        str     r2, [r4, #TM_MINUTE]
        mls     r6, r2, r1, r6
        str     r6, [r4, #TM_SECOND]

        ldr     r6, =EPOCH_YEAR
.Ltm_year:
        mov     r0, r6
        bl      rtc_leap_day
        ldr     r1, =DAYS_PER_YEAR
        add     r1, r1, r0
        cmp     r5, r1
        subhs   r5, r5, r1
        addhs   r6, r6, #1
        bhs     .Ltm_year

        str     r6, [r4, #TM_YEAR]
        ldr     r1, =rtc_days_in_month
        mov     r3, #0                          @ month, from 0
.Ltm_next_month:
        ldrb    r2, [r1, r3]
        cmp     r3, #FEBRUARY
        addeq   r2, r2, r0
        add     r3, r3, #1
        cmp     r5, r2
        subhs   r5, r5, r2
        bhs     .Ltm_next_month
        str     r3, [r4, #TM_MONTH]
        add     r5, r5, #1
        str     r5, [r4, #TM_DAY]
        pop     {r4-r7, fp, pc}
ENDFUNC rtc_time_to_tm

@ ---------------------------------------------------------------------------
@ rtc_leap_day - leap years: every fourth, not every hundredth, but every four hundredth
@
@   in:       r0 = year
@   out:      r0 = 1 in a leap year, else 0
@   clobbers: r1, r2, flags
@   context:  initcall
@ ---------------------------------------------------------------------------
LFUNC rtc_leap_day
        tst     r0, #3
        bne     .Lleap_no
        mov     r1, #YEARS_PER_CENTURY
        udiv    r2, r0, r1
        mls     r1, r2, r1, r0
        cmp     r1, #0
        bne     .Lleap_yes
        tst     r2, #3                          @ the century: divisible by 400 when this is by 4
        bne     .Lleap_no
.Lleap_yes:
        mov     r0, #1
        bx      lr
.Lleap_no:
        mov     r0, #0
        bx      lr
ENDFUNC rtc_leap_day

@ ---------------------------------------------------------------------------
@ rtc_print - Linux's line about the time that was set
@
@   in:       r0 = seconds, r1 = the same as rtc_time
@   out:      -
@   clobbers: r0-r3, ip, flags
@   context:  initcall
@ ---------------------------------------------------------------------------
LFUNC rtc_print
        push    {r4, r5, fp, lr}
        add     fp, sp, #8
        sub     sp, sp, #16
        ldr     r2, [r1, #TM_HOUR]
        ldr     r3, [r1, #TM_MINUTE]
        ldr     r4, [r1, #TM_SECOND]
        str     r2, [sp]
        str     r3, [sp, #4]
        str     r4, [sp, #8]
        str     r0, [sp, #12]
        ldr     r3, [r1, #TM_DAY]
        ldr     r2, [r1, #TM_MONTH]
        ldr     r1, [r1, #TM_YEAR]
        pr_info "rtc-pl031 1c170000.rtc: setting system clock to %u-%02u-%02uT%02u:%02u:%02u UTC (%u)\n"
        sub     sp, fp, #8
        pop     {r4, r5, fp, pc}
ENDFUNC rtc_print

        EXIT_TEXT
@ ---------------------------------------------------------------------------
@ rtc_hctosys_exit - what the module is for is done
@
@   in:       -
@   out:      -
@   clobbers: -
@   context:  process
@ ---------------------------------------------------------------------------
FUNC rtc_hctosys_exit
        bx      lr
ENDFUNC rtc_hctosys_exit

        INIT_DATA
rtc_days_in_month:
        .byte   31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31
        .balign 4
rtc_tm: .space  TM_SIZE

        .bss
        .balign 4
        .global wall_clock_at_boot
wall_clock_at_boot:
        .space  4                               @ seconds since 1970 when ktime_us was 0

        module_init rtc_hctosys, late_initcall
        module_exit rtc_hctosys_exit
        MODULE_LICENSE "GPL"
        MODULE_DESCRIPTION "System time from the real-time clock"
