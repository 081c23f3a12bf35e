@ string.s - memory and C strings, with the names and results of the C library.

        .include "macros.inc"

        .text
@ ---------------------------------------------------------------------------
@ memcpy - copy; the areas do not overlap
@
@   in:       r0 = to, r1 = from, r2 = bytes
@   out:      r0 = to
@   clobbers: r1-r3, ip, flags
@   context:  any
@ ---------------------------------------------------------------------------
FUNC memcpy
        mov     ip, r0
        orr     r3, r0, r1
        tst     r3, #3
        bne     .Lcopy_tail                     @ not both word-aligned: byte by byte
.Lcopy_word:
        subs    r2, r2, #4
        ldrhs   r3, [r1], #4
        strhs   r3, [ip], #4
        bhs     .Lcopy_word
        add     r2, r2, #4
.Lcopy_tail:
        subs    r2, r2, #1
        ldrbhs  r3, [r1], #1
        strbhs  r3, [ip], #1
        bhs     .Lcopy_tail
        bx      lr
ENDFUNC memcpy

@ ---------------------------------------------------------------------------
@ memmove - copy; the areas may overlap
@
@   in:       r0 = to, r1 = from, r2 = bytes
@   out:      r0 = to
@   clobbers: r1-r3, ip, flags
@   context:  any
@ ---------------------------------------------------------------------------
FUNC memmove
        cmp     r0, r1
        bls     memcpy                          @ downwards: from the front
.Lmove_byte:
        subs    r2, r2, #1
        ldrbhs  r3, [r1, r2]
        strbhs  r3, [r0, r2]
        bhi     .Lmove_byte
        bx      lr
ENDFUNC memmove

@ ---------------------------------------------------------------------------
@ memset - fill with a byte
@
@   in:       r0 = start, r1 = byte, r2 = bytes
@   out:      r0 = start
@   clobbers: r1-r3, ip, flags
@   context:  any
@ ---------------------------------------------------------------------------
FUNC memset
        and     r1, r1, #0xff
        orr     r1, r1, r1, lsl #8
        orr     r1, r1, r1, lsl #16
        mov     ip, r0
        tst     r0, #3
        bne     .Lset_tail
.Lset_word:
        subs    r2, r2, #4
        strhs   r1, [ip], #4
        bhs     .Lset_word
        add     r2, r2, #4
.Lset_tail:
        subs    r2, r2, #1
        strbhs  r1, [ip], #1
        bhs     .Lset_tail
        bx      lr
ENDFUNC memset

@ ---------------------------------------------------------------------------
@ memset32 - fill with a word
@
@   in:       r0 = start (word-aligned), r1 = word, r2 = bytes (a multiple of 4)
@   out:      r0 = start
@   clobbers: r2, ip, flags
@   context:  any
@ ---------------------------------------------------------------------------
FUNC memset32
        mov     ip, r0
.Lset_poison:
        subs    r2, r2, #4
        strhs   r1, [ip], #4
        bhs     .Lset_poison
        bx      lr
ENDFUNC memset32

@ ---------------------------------------------------------------------------
@ memcmp - compare bytes
@
@   in:       r0, r1 = areas, r2 = bytes
@   out:      r0 = 0 when equal, else the sign of the first difference
@   clobbers: r1-r3, ip, flags
@   context:  any
@ ---------------------------------------------------------------------------
FUNC memcmp
        mov     r3, r0
        mov     r0, #0
.Lcompare_byte:
        subs    r2, r2, #1
        bxlo    lr
        ldrb    r0, [r3], #1
        ldrb    ip, [r1], #1
        subs    r0, r0, ip
        beq     .Lcompare_byte
        bx      lr
ENDFUNC memcmp

@ ---------------------------------------------------------------------------
@ strlen - bytes before the NUL
@
@   in:       r0 = string
@   out:      r0 = length
@   clobbers: r1, r2, flags
@   context:  any
@ ---------------------------------------------------------------------------
FUNC strlen
        mov     r1, r0
.Lcount_char:
        ldrb    r2, [r1], #1
        cmp     r2, #0
        bne     .Lcount_char
        sub     r0, r1, r0
        sub     r0, r0, #1
        bx      lr
ENDFUNC strlen

@ ---------------------------------------------------------------------------
@ strcmp - compare strings
@
@   in:       r0, r1 = strings
@   out:      r0 = 0 when equal, else the sign of the first difference
@   clobbers: r1-r3, flags
@   context:  any
@ ---------------------------------------------------------------------------
FUNC strcmp
.Lcompare_char:
        ldrb    r2, [r0], #1
        ldrb    r3, [r1], #1
        cmp     r2, r3
        bne     .Lstrings_differ
        cmp     r2, #0
        bne     .Lcompare_char
.Lstrings_differ:
        sub     r0, r2, r3
        bx      lr
ENDFUNC strcmp

@ ---------------------------------------------------------------------------
@ strncmp - compare at most so many bytes of two strings
@
@   in:       r0, r1 = strings, r2 = bytes
@   out:      r0 = 0 when equal, else the sign of the first difference
@   clobbers: r1-r3, ip, flags
@   context:  any
@ ---------------------------------------------------------------------------
FUNC strncmp
        mov     r3, r0
        mov     r0, #0
.Lcompare_next:
        subs    r2, r2, #1
        bxlo    lr
        ldrb    r0, [r3], #1
        ldrb    ip, [r1], #1
        cmp     r0, #0
        rsbeq   r0, ip, #0                      @ the first ended
        bxeq    lr
        subs    r0, r0, ip
        beq     .Lcompare_next
        bx      lr
ENDFUNC strncmp

@ ---------------------------------------------------------------------------
@ strlcpy - copy a string into a buffer of a size; always NUL-ended
@
@   in:       r0 = buffer, r1 = string, r2 = size of the buffer (at least 1)
@   out:      r0 = length of what was copied, without the NUL
@   clobbers: r1-r3, ip, flags
@   context:  any
@ ---------------------------------------------------------------------------
FUNC strlcpy
        mov     ip, r0
.Lcopy_char:
        subs    r2, r2, #1
        movls   r3, #0                          @ the last byte is the NUL's
        ldrbhi  r3, [r1], #1
        strb    r3, [ip], #1
        cmp     r3, #0
        bne     .Lcopy_char
        sub     r0, ip, r0
        sub     r0, r0, #1
        bx      lr
ENDFUNC strlcpy

@ ---------------------------------------------------------------------------
@ strchr - first place of a character
@
@   in:       r0 = string, r1 = character
@   out:      r0 = its address, or 0
@   clobbers: r2, flags
@   context:  any
@ ---------------------------------------------------------------------------
FUNC strchr
.Lfind_char:
        ldrb    r2, [r0]
        cmp     r2, r1
        bxeq    lr
        add     r0, r0, #1
        cmp     r2, #0
        bne     .Lfind_char
        mov     r0, #0
        bx      lr
ENDFUNC strchr

@ ---------------------------------------------------------------------------
@ strrchr - last place of a character
@
@   in:       r0 = string, r1 = character
@   out:      r0 = its address, or 0
@   clobbers: r2, r3, flags
@   context:  any
@ ---------------------------------------------------------------------------
FUNC strrchr
        mov     r3, #0
.Lfind_last:
        ldrb    r2, [r0]
        cmp     r2, r1
        moveq   r3, r0
        add     r0, r0, #1
        cmp     r2, #0
        bne     .Lfind_last
        mov     r0, r3
        bx      lr
ENDFUNC strrchr

@ ---------------------------------------------------------------------------
@ strtoul - read a number
@
@   in:       r0 = text, r1 = 0 or where to store the address of the first character not used, r2 = base 2-36, or 0:
@             16 after 0x, 8 after 0, else 10
@   out:      r0 = the number, modulo 2^32; without a digit 0 and the end is the start of the text
@   clobbers: r1-r3, ip, flags
@   context:  any
@ ---------------------------------------------------------------------------
FUNC strtoul
        push    {r4, r5, fp, lr}
        add     fp, sp, #8
        mov     r4, #0                          @ number so far
        mov     r5, r0                          @ first character not used
        ldrb    r3, [r0]
        cmp     r3, #'0'
        bne     .Lbase_known
        ldrb    r3, [r0, #1]
        orr     r3, r3, #0x20
        cmp     r3, #'x'
        bne     .Loctal
        cmp     r2, #0
        cmpne   r2, #16
        bne     .Lbase_known
        mov     r2, #16
        add     r5, r5, #1                      @ "0x" alone is the number 0
        add     r0, r0, #2
        b       .Lnext_digit
.Loctal:
        cmp     r2, #0
        moveq   r2, #8
.Lbase_known:
        cmp     r2, #0
        moveq   r2, #10

.Lnext_digit:
        ldrb    r3, [r0], #1
        sub     ip, r3, #'0'
        cmp     ip, #9
        bls     .Ldigit
        orr     r3, r3, #0x20                   @ letters of either case
        sub     ip, r3, #'a' - 10
        cmp     ip, #10
        blo     .Lnumber_ends
.Ldigit:
        cmp     ip, r2
        bhs     .Lnumber_ends
        mla     r4, r4, r2, ip
        mov     r5, r0
        b       .Lnext_digit

.Lnumber_ends:
        cmp     r1, #0
        strne   r5, [r1]
        mov     r0, r4
        pop     {r4, r5, fp, pc}
ENDFUNC strtoul

        EXPORT_SYMBOL memcpy
        EXPORT_SYMBOL memmove
        EXPORT_SYMBOL memset
        EXPORT_SYMBOL memcmp
        EXPORT_SYMBOL strlen
        EXPORT_SYMBOL strcmp
        EXPORT_SYMBOL strncmp
        EXPORT_SYMBOL strlcpy
        EXPORT_SYMBOL strchr
        EXPORT_SYMBOL strrchr
