@ dmesg, poweroff, reboot, sleep: the commands about the machine.

        .include "syscalls.inc"

        .equ    LOG_BUFFER,     0x8000          @ as much as the kernel keeps

        .equ    TIMESPEC_SEC,   0
        .equ    TIMESPEC_NSEC,  4
        .equ    TIMESPEC_SIZE,  8
        .equ    NSEC_TENTH,     100000000       @ what the first digit behind the point is worth

        .text

@ ---------------------------------------------------------------------------
@ dmesg - the kernel's messages, without the level in front of each
@
@   in:       r0 = argc, r1 = argv
@   out:      r0 = 0 / 1
@   clobbers: r1-r3, ip, flags
@ ---------------------------------------------------------------------------
FUNC dmesg
        push    {r4-r7, fp, lr}
        add     fp, sp, #16
        mov     r0, #SYSLOG_ACTION_READ_ALL
        ldr     r1, =log_buffer
        ldr     r2, =LOG_BUFFER
        bl      klogctl
        movs    r2, r0
        blt     .Ldmesg_complain

        ldr     r4, =log_buffer                 @ where we read
        add     r5, r4, r0                      @ end
        mov     r6, r4                          @ where we write: never behind r4
        @ A full log begins in the middle of a line.
        mov     r7, #0                          @ 1: this line is kept
.Ldmesg_line:
        cmp     r4, r5
        bhs     .Ldmesg_print
        ldrb    r0, [r4]
        cmp     r0, #'<'
        moveq   r7, #1
        addeq   r4, r4, #3                      @ "<6>"
.Ldmesg_byte:
        cmp     r4, r5
        bhs     .Ldmesg_print
        ldrb    r0, [r4], #1
        cmp     r7, #0
        strbne  r0, [r6], #1
        cmp     r0, #'\n'
        bne     .Ldmesg_byte
        b       .Ldmesg_line

.Ldmesg_print:
        ldr     r0, =log_buffer
        sub     r1, r6, r0
        bl      print_bytes
        b       .Ldmesg_out
.Ldmesg_complain:
        ldr     r0, =.Ldmesg
        mov     r1, #0
        bl      complain
.Ldmesg_out:
        pop     {r4-r7, fp, pc}
ENDFUNC dmesg

@ ---------------------------------------------------------------------------
@ poweroff, reboot_board - leave
@
@   in:       r0 = argc, r1 = argv
@   out:      r0 = 1: the kernel would not
@   clobbers: r1-r3, ip, flags
@ ---------------------------------------------------------------------------
FUNC poweroff
        push    {fp, lr}
        add     fp, sp, #0
        ldr     r2, =LINUX_REBOOT_CMD_POWER_OFF
        ldr     r3, =.Lpoweroff
        bl      leave
        pop     {fp, pc}
ENDFUNC poweroff

FUNC reboot_board
        push    {fp, lr}
        add     fp, sp, #0
        ldr     r2, =LINUX_REBOOT_CMD_RESTART
        ldr     r3, =.Lreboot
        bl      leave
        pop     {fp, pc}
ENDFUNC reboot_board

@ ---------------------------------------------------------------------------
@ leave - the reboot call with its magic numbers
@
@   in:       r2 = LINUX_REBOOT_CMD_*
@             r3 = name of the command, for a complaint
@   out:      r0 = 1
@   clobbers: r1-r3, ip, flags
@ ---------------------------------------------------------------------------
LFUNC leave
        push    {r4-r5, fp, lr}
        add     fp, sp, #8
        mov     r4, r3
        ldr     r0, =LINUX_REBOOT_MAGIC1
        ldr     r1, =LINUX_REBOOT_MAGIC2
        bl      reboot
        mov     r2, r0
        mov     r0, r4
        mov     r1, #0
        bl      complain
        pop     {r4-r5, fp, pc}
ENDFUNC leave

@ ---------------------------------------------------------------------------
@ sleep - wait for seconds, with a fraction if need be
@
@   in:       r0 = argc, r1 = argv
@   out:      r0 = 0 / 1
@   clobbers: r1-r3, ip, flags
@ ---------------------------------------------------------------------------
FUNC sleep
        push    {r4-r5, fp, lr}
        add     fp, sp, #8
        sub     sp, sp, #TIMESPEC_SIZE
        mov     r4, #0                          @ what we complain about
        cmp     r0, #2
        mov     r2, #-EINVAL
        bne     .Lsleep_complain
        ldr     r4, [r1, #4]
        mov     r0, r4
        mov     r1, sp
        bl      parse_seconds
        movs    r2, r0
        blt     .Lsleep_complain
        mov     r0, sp
        mov     r1, #0
        bl      nanosleep
        movs    r2, r0
        beq     .Lsleep_out
.Lsleep_complain:
        ldr     r0, =.Lsleep
        mov     r1, r4
        bl      complain
.Lsleep_out:
        sub     sp, fp, #8
        pop     {r4-r5, fp, pc}
ENDFUNC sleep

@ ---------------------------------------------------------------------------
@ parse_seconds - "12" or "12.5" to a struct timespec
@
@   in:       r0 = text
@             r1 = struct timespec
@   out:      r0 = 0, -EINVAL when it is no such number
@   clobbers: r1-r3, ip, flags
@ ---------------------------------------------------------------------------
LFUNC parse_seconds
        push    {r4-r7, fp, lr}
        add     fp, sp, #16
        mov     r4, #0                          @ seconds
        mov     r5, #0                          @ nanoseconds
        mov     ip, #10
        ldrb    r2, [r0]
        cmp     r2, #0
        beq     .Lseconds_refuse
.Lseconds_digit:
        ldrb    r2, [r0], #1
        cmp     r2, #0
        beq     .Lseconds_done
        cmp     r2, #'.'
        beq     .Lseconds_point
        sub     r2, r2, #'0'
        cmp     r2, #9
        bhi     .Lseconds_refuse
        ldr     r3, =214748363                  @ the next digit still fits 31 bits
        cmp     r4, r3
        bhi     .Lseconds_refuse
        mla     r4, r4, ip, r2
        b       .Lseconds_digit

        @ Each digit is worth a tenth of the one before; the tenth and later ones nothing.
.Lseconds_point:
        ldr     r6, =NSEC_TENTH
.Lseconds_fraction:
        ldrb    r2, [r0], #1
        cmp     r2, #0
        beq     .Lseconds_done
        sub     r2, r2, #'0'
        cmp     r2, #9
        bhi     .Lseconds_refuse
        mla     r5, r2, r6, r5
        udiv    r6, r6, ip
        b       .Lseconds_fraction

.Lseconds_done:
        str     r4, [r1, #TIMESPEC_SEC]
        str     r5, [r1, #TIMESPEC_NSEC]
        mov     r0, #0
        pop     {r4-r7, fp, pc}
.Lseconds_refuse:
        mov     r0, #-EINVAL
        pop     {r4-r7, fp, pc}
ENDFUNC parse_seconds

        .section .rodata, "a", %progbits
.Ldmesg:
        .asciz  "dmesg"
.Lpoweroff:
        .asciz  "poweroff"
.Lreboot:
        .asciz  "reboot"
.Lsleep:
        .asciz  "sleep"

        .bss
        .balign 8
log_buffer:
        .space  LOG_BUFFER
