@ div.s - the division functions a compiler calls by their ABI names (ARM IHI 0043, 4.3.1). The Cortex-A15 divides in
@ hardware, so each is little more than udiv or sdiv; division by zero gives quotient 0, as the instruction does.

        .include "macros.inc"

        .text
@ ---------------------------------------------------------------------------
@ __aeabi_uidiv, __aeabi_idiv - unsigned and signed quotient
@
@   in:       r0 = numerator, r1 = denominator
@   out:      r0 = quotient
@   clobbers: -
@   context:  any
@ ---------------------------------------------------------------------------
FUNC __aeabi_uidiv
        udiv    r0, r0, r1
        bx      lr
ENDFUNC __aeabi_uidiv

FUNC __aeabi_idiv
        sdiv    r0, r0, r1
        bx      lr
ENDFUNC __aeabi_idiv

@ ---------------------------------------------------------------------------
@ __aeabi_uidivmod, __aeabi_idivmod - quotient and remainder
@
@   in:       r0 = numerator, r1 = denominator
@   out:      r0 = quotient, r1 = remainder
@   clobbers: r2, r3
@   context:  any
@ ---------------------------------------------------------------------------
FUNC __aeabi_uidivmod
        udiv    r2, r0, r1
        mls     r1, r2, r1, r0
        mov     r0, r2
        bx      lr
ENDFUNC __aeabi_uidivmod

FUNC __aeabi_idivmod
        sdiv    r2, r0, r1
        mls     r1, r2, r1, r0
        mov     r0, r2
        bx      lr
ENDFUNC __aeabi_idivmod

@ ---------------------------------------------------------------------------
@ __aeabi_uldivmod - 64-bit quotient and remainder, by long division bit by bit
@
@   in:       r1:r0 = numerator, r3:r2 = denominator, below 2^63
@   out:      r1:r0 = quotient, r3:r2 = remainder
@   clobbers: ip, flags
@   context:  any
@ ---------------------------------------------------------------------------
FUNC __aeabi_uldivmod
        push    {r4-r7}
        mov     r4, #0                          @ r5:r4 = remainder so far
        mov     r5, #0
        mov     ip, #64                         @ bits to go
.Lnext_bit:
        adds    r0, r0, r0                      @ numerator's top bit moves into the remainder,
        adcs    r1, r1, r1                      @ the quotient's bits come in below
        adcs    r4, r4, r4
        adc     r5, r5, r5
        subs    r6, r4, r2
        sbcs    r7, r5, r3
        movhs   r4, r6
        movhs   r5, r7
        orrhs   r0, r0, #1
        subs    ip, ip, #1
        bne     .Lnext_bit
        mov     r2, r4
        mov     r3, r5
        pop     {r4-r7}
        bx      lr
ENDFUNC __aeabi_uldivmod

        EXPORT_SYMBOL __aeabi_uidiv
        EXPORT_SYMBOL __aeabi_idiv
        EXPORT_SYMBOL __aeabi_uidivmod
        EXPORT_SYMBOL __aeabi_idivmod
        EXPORT_SYMBOL __aeabi_uldivmod
