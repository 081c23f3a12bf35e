@ aeabi.s - what compiled C calls without naming it: 64-bit shifts, products and comparisons and the memory functions of
@ the ABI (ARM IHI 0043), bit counts, the profiler's and the stack protector's hooks, the unwinder's personalities.
@ Division is in div.s.

        .include "macros.inc"

        .text
@ ---------------------------------------------------------------------------
@ __aeabi_llsl, __aeabi_llsr, __aeabi_lasr - shift of a 64-bit number: left, right logical, right arithmetic
@
@   in:       r1:r0 = number, r2 = bits, 0-63
@   out:      r1:r0 = result
@   clobbers: r2, r3, ip, flags
@   context:  any
@ ---------------------------------------------------------------------------
FUNC __aeabi_llsl
        subs    r3, r2, #32
        rsb     ip, r2, #32
        lslmi   r1, r1, r2
        orrmi   r1, r1, r0, lsr ip
        lslpl   r1, r0, r3
        lsl     r0, r0, r2                      @ 32 and more give 0
        bx      lr
ENDFUNC __aeabi_llsl

FUNC __aeabi_llsr
        subs    r3, r2, #32
        rsb     ip, r2, #32
        lsrmi   r0, r0, r2
        orrmi   r0, r0, r1, lsl ip
        lsrpl   r0, r1, r3
        lsr     r1, r1, r2
        bx      lr
ENDFUNC __aeabi_llsr

FUNC __aeabi_lasr
        subs    r3, r2, #32
        rsb     ip, r2, #32
        lsrmi   r0, r0, r2
        orrmi   r0, r0, r1, lsl ip
        asrpl   r0, r1, r3
        asr     r1, r1, r2                      @ 32 and more give the sign
        bx      lr
ENDFUNC __aeabi_lasr

@ ---------------------------------------------------------------------------
@ __aeabi_lmul - product of 64-bit numbers
@
@   in:       r1:r0, r3:r2 = factors
@   out:      r1:r0 = product modulo 2^64
@   clobbers: r2, r3, ip
@   context:  any
@ ---------------------------------------------------------------------------
FUNC __aeabi_lmul
        mul     ip, r0, r3
        mla     ip, r1, r2, ip                  @ what the high halves add
        umull   r0, r1, r2, r0
        add     r1, r1, ip
        bx      lr
ENDFUNC __aeabi_lmul

@ ---------------------------------------------------------------------------
@ __aeabi_lcmp, __aeabi_ulcmp - compare 64-bit numbers, signed and unsigned
@
@   in:       r1:r0, r3:r2 = numbers
@   out:      r0 = -1, 0 or 1
@   clobbers: flags
@   context:  any
@ ---------------------------------------------------------------------------
FUNC __aeabi_lcmp
        cmp     r1, r3
        movlt   r0, #-1
        movgt   r0, #1
        bxne    lr
        b       compare_low_words
ENDFUNC __aeabi_lcmp

FUNC __aeabi_ulcmp
        cmp     r1, r3
        movlo   r0, #-1
        movhi   r0, #1
        bxne    lr
        b       compare_low_words
ENDFUNC __aeabi_ulcmp

LFUNC compare_low_words
        cmp     r0, r2
        movlo   r0, #-1
        movhi   r0, #1
        moveq   r0, #0
        bx      lr
ENDFUNC compare_low_words

@ ---------------------------------------------------------------------------
@ __aeabi_memcpy, __aeabi_memmove (and ...4, ...8: aligned areas) - the C library's, with no result
@
@   in:       r0 = to, r1 = from, r2 = bytes
@   out:      -
@   clobbers: r0-r3, ip, flags
@   context:  any
@ ---------------------------------------------------------------------------
        .global __aeabi_memcpy4, __aeabi_memcpy8, __aeabi_memmove4, __aeabi_memmove8
FUNC __aeabi_memcpy
__aeabi_memcpy4:
__aeabi_memcpy8:
        b       memcpy
ENDFUNC __aeabi_memcpy

FUNC __aeabi_memmove
__aeabi_memmove4:
__aeabi_memmove8:
        b       memmove
ENDFUNC __aeabi_memmove

@ ---------------------------------------------------------------------------
@ __aeabi_memset, __aeabi_memclr (and ...4, ...8) - fill with a byte, with zeros; mind the order of the arguments
@
@   in:       r0 = start, r1 = bytes, r2 = byte (memset)
@   out:      -
@   clobbers: r0-r3, ip, flags
@   context:  any
@ ---------------------------------------------------------------------------
        .global __aeabi_memset4, __aeabi_memset8, __aeabi_memclr4, __aeabi_memclr8
FUNC __aeabi_memclr
__aeabi_memclr4:
__aeabi_memclr8:
        mov     r2, #0
        b       __aeabi_memset
ENDFUNC __aeabi_memclr

FUNC __aeabi_memset
__aeabi_memset4:
__aeabi_memset8:
        mov     r3, r1
        mov     r1, r2
        mov     r2, r3
        b       memset
ENDFUNC __aeabi_memset

@ ---------------------------------------------------------------------------
@ __popcountsi2, __popcountdi2 - number of bits that are 1
@
@   in:       r0 (r1:r0) = number
@   out:      r0 = count
@   clobbers: r1-r3, ip, flags
@   context:  any
@ ---------------------------------------------------------------------------
FUNC __popcountsi2
        mov     r1, #0
        b       __popcountdi2
ENDFUNC __popcountsi2

FUNC __popcountdi2
        mov     r2, #0
.Lclear_lowest_low:
        cmp     r0, #0
        subne   r3, r0, #1
        andne   r0, r0, r3                      @ the lowest 1 is gone
        addne   r2, r2, #1
        bne     .Lclear_lowest_low
.Lclear_lowest_high:
        cmp     r1, #0
        subne   r3, r1, #1
        andne   r1, r1, r3
        addne   r2, r2, #1
        bne     .Lclear_lowest_high
        mov     r0, r2
        bx      lr
ENDFUNC __popcountdi2

@ ---------------------------------------------------------------------------
@ __gnu_mcount_nc - a function compiled with -pg begins: `push {lr}`, then this. Nobody counts, but the word pushed
@ must go and lr be as before
@
@   in:       [sp] = the function's own return address, lr = where it goes on
@   out:      lr = the function's own return address, sp one word higher
@   clobbers: ip
@   context:  any
@ ---------------------------------------------------------------------------
FUNC __gnu_mcount_nc
        mov     ip, lr
        ldr     lr, [sp], #4
        bx      ip
ENDFUNC __gnu_mcount_nc

@ ---------------------------------------------------------------------------
@ __aeabi_unwind_cpp_pr0, _pr1, _pr2 - named by every compiled function's unwind entry, called by no one in a kernel
@
@   in:       -
@   out:      -
@   clobbers: -
@   context:  never
@ ---------------------------------------------------------------------------
        .global __aeabi_unwind_cpp_pr1, __aeabi_unwind_cpp_pr2
FUNC __aeabi_unwind_cpp_pr0
__aeabi_unwind_cpp_pr1:
__aeabi_unwind_cpp_pr2:
        bx      lr
ENDFUNC __aeabi_unwind_cpp_pr0

@ ---------------------------------------------------------------------------
@ __stack_chk_fail - a function compiled with -fstack-protector found its canary dead
@
@   in:       lr = in that function
@   out:      never returns
@   clobbers: everything
@   context:  any
@ ---------------------------------------------------------------------------
FUNC __stack_chk_fail
        push    {fp, lr}
        add     fp, sp, #0
        mov     r1, lr
        ldr     r0, =.Lstack_corrupted
        bl      panic
ENDFUNC __stack_chk_fail
        string .Lstack_corrupted, "stack-protector: Kernel stack is corrupted in: %pB"

        .data
        .balign 4
        .global __stack_chk_guard
__stack_chk_guard:
        .word   0x6d6b0aff                      @ the canary: with a newline and a byte no text has

        EXPORT_SYMBOL __aeabi_llsl
        EXPORT_SYMBOL __aeabi_llsr
        EXPORT_SYMBOL __aeabi_lasr
        EXPORT_SYMBOL __aeabi_lmul
        EXPORT_SYMBOL __aeabi_lcmp
        EXPORT_SYMBOL __aeabi_ulcmp
        EXPORT_SYMBOL __aeabi_memcpy
        EXPORT_SYMBOL __aeabi_memcpy4
        EXPORT_SYMBOL __aeabi_memcpy8
        EXPORT_SYMBOL __aeabi_memmove
        EXPORT_SYMBOL __aeabi_memmove4
        EXPORT_SYMBOL __aeabi_memmove8
        EXPORT_SYMBOL __aeabi_memset
        EXPORT_SYMBOL __aeabi_memset4
        EXPORT_SYMBOL __aeabi_memset8
        EXPORT_SYMBOL __aeabi_memclr
        EXPORT_SYMBOL __aeabi_memclr4
        EXPORT_SYMBOL __aeabi_memclr8
        EXPORT_SYMBOL __popcountsi2
        EXPORT_SYMBOL __popcountdi2
        EXPORT_SYMBOL __gnu_mcount_nc
        EXPORT_SYMBOL __aeabi_unwind_cpp_pr0
        EXPORT_SYMBOL __aeabi_unwind_cpp_pr1
        EXPORT_SYMBOL __aeabi_unwind_cpp_pr2
        EXPORT_SYMBOL __stack_chk_fail
        EXPORT_SYMBOL __stack_chk_guard
