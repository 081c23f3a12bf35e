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
@   in:       r1:r0 = numerator, r3:r2 = denominator
@   out:      r1:r0 = quotient, r3:r2 = remainder; of a denominator 0: all bits 1, and the numerator
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
        adcs    r5, r5, r5
        bcs     .Lsubtract                      @ a 65th bit: larger than any denominator
        cmp     r5, r3
        cmpeq   r4, r2
        blo     .Ltoo_small
.Lsubtract:
        subs    r4, r4, r2
        sbc     r5, r5, r3
        orr     r0, r0, #1
.Ltoo_small:
        subs    ip, ip, #1
        bne     .Lnext_bit
        mov     r2, r4
        mov     r3, r5
        pop     {r4-r7}
        bx      lr
ENDFUNC __aeabi_uldivmod

@ ---------------------------------------------------------------------------
@ __aeabi_ldivmod - signed 64-bit quotient, cut towards 0, and remainder, with the numerator's sign
@
@   in:       r1:r0 = numerator, r3:r2 = denominator
@   out:      r1:r0 = quotient, r3:r2 = remainder
@   clobbers: ip, flags
@   context:  any
@ ---------------------------------------------------------------------------
FUNC __aeabi_ldivmod
        push    {r4, r5, fp, lr}
        add     fp, sp, #8
        mov     r4, r1                          @ sign of the remainder
        eor     r5, r1, r3                      @ sign of the quotient
        cmp     r1, #0
        bge     .Lnumerator_positive
        rsbs    r0, r0, #0
        rsc     r1, r1, #0
.Lnumerator_positive:
        cmp     r3, #0
        bge     .Ldenominator_positive
        rsbs    r2, r2, #0
        rsc     r3, r3, #0
.Ldenominator_positive:
        bl      __aeabi_uldivmod
        cmp     r5, #0
        bge     .Lquotient_positive
        rsbs    r0, r0, #0
        rsc     r1, r1, #0
.Lquotient_positive:
        cmp     r4, #0
        bge     .Lremainder_positive
        rsbs    r2, r2, #0
        rsc     r3, r3, #0
.Lremainder_positive:
        pop     {r4, r5, fp, pc}
ENDFUNC __aeabi_ldivmod

        EXPORT_SYMBOL __aeabi_uidiv
        EXPORT_SYMBOL __aeabi_idiv
        EXPORT_SYMBOL __aeabi_uidivmod
        EXPORT_SYMBOL __aeabi_idivmod
        EXPORT_SYMBOL __aeabi_uldivmod
        EXPORT_SYMBOL __aeabi_ldivmod
