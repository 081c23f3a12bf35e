@ Messages with names in them, for commands whose words are another program's (kmod's).

        .include "syscalls.inc"

        .equ    FORMAT_MAX,     2 * LINE_MAX    @ bytes of a message

        .text

@ ---------------------------------------------------------------------------
@ complain_format - a message on the console in one write, each %s replaced by
@ the next string; what does not fit is cut off, the newline is not
@
@   in:       r0 = message, without a newline
@             r1, r2, r3 = strings
@   out:      r0 = 1, the status of a command that failed
@   clobbers: r1-r3, ip, flags
@ ---------------------------------------------------------------------------
FUNC complain_format
        push    {r1-r3}                         @ the strings in a row
        push    {r4-r7, fp, lr}
        add     fp, sp, #16
        sub     sp, sp, #FORMAT_MAX + 4         @ sp is a multiple of 8 again
        mov     r4, r0
        add     r5, fp, #8                      @ next string
        mov     r6, sp                          @ where the next byte goes
        add     r7, sp, #FORMAT_MAX - 4         @ room for the newline stays
.Lformat_byte:
        ldrb    r0, [r4], #1
        cmp     r0, #0
        beq     .Lformat_end
        cmp     r0, #'%'
        beq     .Lformat_string
        sub     r1, r7, #1
        cmp     r6, r1
        strblo  r0, [r6], #1
        b       .Lformat_byte
.Lformat_string:
        add     r4, r4, #1                      @ the s
        mov     r0, r6
        ldr     r1, [r5], #4
        mov     r2, r7
        bl      append
        mov     r6, r0
        b       .Lformat_byte

.Lformat_end:
        mov     r0, #'\n'
        strb    r0, [r6], #1
        mov     r0, #STDERR
        mov     r1, sp
        sub     r2, r6, sp
        bl      write_all
        mov     r0, #1
        sub     sp, fp, #16
        pop     {r4-r7, fp, lr}
        add     sp, sp, #12
        bx      lr
ENDFUNC complain_format

@ ---------------------------------------------------------------------------
@ errno_in - a command's own text for an error, or the common one
@
@   in:       r0 = -errno
@             r1 = table of {errno, text}, ended by 0
@   out:      r0 = text
@   clobbers: r1-r3, flags
@ ---------------------------------------------------------------------------
FUNC errno_in
        rsb     r0, r0, #0
.Lerrno_row:
        ldr     r2, [r1], #8
        cmp     r2, #0
        beq     error_text
        cmp     r2, r0
        bne     .Lerrno_row
        ldr     r0, [r1, #-4]
        bx      lr
ENDFUNC errno_in
