@ Strings and numbers for the commands. Everything that writes into a buffer is told where it ends.

        .include "syscalls.inc"

        .text

@ ---------------------------------------------------------------------------
@ strlen - bytes before the NUL
@
@   in:       r0 = string
@   out:      r0 = its length
@   clobbers: r1, r2, flags
@ ---------------------------------------------------------------------------
FUNC strlen
        mov     r1, r0
.Lstrlen_byte:
        ldrb    r2, [r1], #1
        cmp     r2, #0
        bne     .Lstrlen_byte
        sub     r0, r1, r0
        sub     r0, r0, #1
        bx      lr
ENDFUNC strlen

@ ---------------------------------------------------------------------------
@ strcmp - compare strings
@
@   in:       r0, r1 = strings
@   out:      r0 = 0 when equal, else the difference of the first bytes that differ
@   clobbers: r1-r3, flags
@ ---------------------------------------------------------------------------
FUNC strcmp
        ldrb    r2, [r0], #1
        ldrb    r3, [r1], #1
        subs    r3, r2, r3
        bne     .Lstrcmp_done
        cmp     r2, #0
        bne     strcmp
.Lstrcmp_done:
        mov     r0, r3
        bx      lr
ENDFUNC strcmp

@ ---------------------------------------------------------------------------
@ append - put a string behind what a buffer holds, as far as there is room
@
@   in:       r0 = where its NUL shall go first
@             r1 = string
@             r2 = end of the buffer
@   out:      r0 = the new NUL
@   clobbers: r1-r3, flags
@ ---------------------------------------------------------------------------
FUNC append
        sub     r2, r2, #1                      @ the NUL's
.Lappend_byte:
        cmp     r0, r2
        bhs     .Lappend_end
        ldrb    r3, [r1], #1
        cmp     r3, #0
        strbne  r3, [r0], #1
        bne     .Lappend_byte
.Lappend_end:
        mov     r3, #0
        strb    r3, [r0]
        bx      lr
ENDFUNC append

@ ---------------------------------------------------------------------------
@ append_number - put a decimal number behind what a buffer holds
@
@   in:       r0 = where it shall go
@             r1 = number, unsigned
@             r2 = end of the buffer
@             r3 = least width | the character that fills up to it << 8
@   out:      r0 = the new NUL
@   clobbers: r1-r3, ip, flags
@ ---------------------------------------------------------------------------
FUNC append_number
        push    {r4-r7, fp, lr}
        add     fp, sp, #16
        sub     sp, sp, #16                     @ digits, built from the last one
        mov     r4, r0
        mov     r5, r2
        and     r7, r3, #0xff                   @ width left
        mov     r3, r3, lsr #8                  @ the filling
        add     r6, sp, #15
        mov     r0, #0
        strb    r0, [r6]
        mov     ip, #10
.Lnumber_digit:
        udiv    r0, r1, ip
        mls     r2, r0, ip, r1
        add     r2, r2, #'0'
        strb    r2, [r6, #-1]!
        sub     r7, r7, #1
        movs    r1, r0
        bne     .Lnumber_digit
.Lnumber_fill:
        cmp     r7, #0
        ble     .Lnumber_done
        cmp     r6, sp
        bls     .Lnumber_done                   @ wider than we have room for
        strb    r3, [r6, #-1]!
        sub     r7, r7, #1
        b       .Lnumber_fill
.Lnumber_done:
        mov     r0, r4
        mov     r1, r6
        mov     r2, r5
        bl      append
        sub     sp, fp, #16
        pop     {r4-r7, fp, pc}
ENDFUNC append_number
