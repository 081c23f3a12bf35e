@ setuid: what the kernel refuses to somebody who is not root can be seen from the shell.

        .include "syscalls.inc"

        .text

@ ---------------------------------------------------------------------------
@ become_user - setuid(NUMBER)
@
@   in:       r0 = argc, r1 = argv
@   out:      r0 = 0 / 1
@   clobbers: r1-r3, ip, flags
@ ---------------------------------------------------------------------------
FUNC become_user
        push    {r4-r5, fp, lr}
        add     fp, sp, #8
        mov     r4, #0                          @ what we complain about
        mov     r2, #-EINVAL
        cmp     r0, #2
        bne     .Luser_complain
        ldr     r4, [r1, #4]
        mov     r0, r4
        bl      parse_number
        cmp     r1, #0
        movne   r2, r1
        bne     .Luser_complain
        bl      setuid
        movs    r2, r0
        beq     .Luser_out
.Luser_complain:
        ldr     r0, =.Lsetuid
        mov     r1, r4
        bl      complain
.Luser_out:
        pop     {r4-r5, fp, pc}
ENDFUNC become_user

@ ---------------------------------------------------------------------------
@ parse_number - a decimal number of at most nine digits
@
@   in:       r0 = text
@   out:      r0 = number
@             r1 = 0, -EINVAL when the text is none
@   clobbers: r2, r3, ip, flags
@ ---------------------------------------------------------------------------
LFUNC parse_number
        mov     r1, r0
        mov     r0, #0
        add     r3, r1, #9
        mov     ip, #10
.Lnumber_digit:
        ldrb    r2, [r1], #1
        sub     r2, r2, #'0'
        cmp     r2, #9
        bhi     .Lnumber_refuse
        mla     r0, ip, r0, r2
        ldrb    r2, [r1]
        cmp     r2, #0
        moveq   r1, #0
        bxeq    lr
        cmp     r1, r3
        blo     .Lnumber_digit
.Lnumber_refuse:
        mov     r1, #-EINVAL
        bx      lr
ENDFUNC parse_number

        .section .rodata, "a", %progbits
.Lsetuid:
        .asciz  "setuid"
