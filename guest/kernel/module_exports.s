@ module_exports.s - kernel functions under the names that modules written in C know them by, and exports of functions
@ whose own files were written before there were modules.

        .include "macros.inc"

        .text
@ ---------------------------------------------------------------------------
@ __kmalloc - kmalloc and kzalloc as C's header files call them
@
@   in:       __kmalloc: r0 = bytes, r1 = GFP_* flags
@   out:      r0 = address, or 0
@   clobbers: r1-r3, ip, flags
@   context:  any
@ ---------------------------------------------------------------------------
        .equ    GFP_ZERO,       0x100

FUNC __kmalloc
        tst     r1, #GFP_ZERO
        bne     kzalloc
        b       kmalloc
ENDFUNC __kmalloc

@ ---------------------------------------------------------------------------
@ strncpy - copy at most so many bytes of a string; the rest of the buffer becomes 0, and a NUL is not promised
@
@   in:       r0 = buffer, r1 = string, r2 = bytes of the buffer
@   out:      r0 = buffer
@   clobbers: r1-r3, ip, flags
@   context:  any
@ ---------------------------------------------------------------------------
FUNC strncpy
        mov     ip, r0
.Lcopy_char:
        subs    r2, r2, #1
        bxlo    lr
        ldrb    r3, [r1]
        strb    r3, [ip], #1
        cmp     r3, #0
        addne   r1, r1, #1                      @ at the NUL it stays
        b       .Lcopy_char
ENDFUNC strncpy

@ ---------------------------------------------------------------------------
@ strcpy, strcat - copy a string; append it to another
@
@   in:       r0 = buffer, r1 = string
@   out:      r0 = buffer
@   clobbers: r1-r3, ip, flags
@   context:  any
@ ---------------------------------------------------------------------------
FUNC strcat
        mov     ip, r0
.Lfind_end:
        ldrb    r3, [ip]
        cmp     r3, #0
        addne   ip, ip, #1
        bne     .Lfind_end
        b       copy_string
ENDFUNC strcat

FUNC strcpy
        mov     ip, r0
        b       copy_string
ENDFUNC strcpy

LFUNC copy_string
        ldrb    r3, [r1], #1
        strb    r3, [ip], #1
        cmp     r3, #0
        bne     copy_string
        bx      lr
ENDFUNC copy_string

@ ---------------------------------------------------------------------------
@ strnlen, memchr - length of a string of at most so many bytes; place of a byte in memory
@
@   in:       strnlen: r0 = string, r1 = bytes; memchr: r0 = memory, r1 = byte, r2 = bytes
@   out:      strnlen: r0 = length; memchr: r0 = address, or 0
@   clobbers: r1-r3, flags
@   context:  any
@ ---------------------------------------------------------------------------
FUNC strnlen
        mov     r2, r0
.Lcount_char:
        subs    r1, r1, #1
        blo     .Lcounted
        ldrb    r3, [r2]
        cmp     r3, #0
        addne   r2, r2, #1
        bne     .Lcount_char
.Lcounted:
        sub     r0, r2, r0
        bx      lr
ENDFUNC strnlen

FUNC memchr
        and     r1, r1, #0xff
.Lfind_byte:
        subs    r2, r2, #1
        movlo   r0, #0
        bxlo    lr
        ldrb    r3, [r0]
        cmp     r3, r1
        bxeq    lr
        add     r0, r0, #1
        b       .Lfind_byte
ENDFUNC memchr

        EXPORT_SYMBOL printk
        EXPORT_SYMBOL __kmalloc
        EXPORT_SYMBOL strncpy
        EXPORT_SYMBOL strcpy
        EXPORT_SYMBOL strcat
        EXPORT_SYMBOL strnlen
        EXPORT_SYMBOL memchr
        EXPORT_SYMBOL strtoul
        EXPORT_SYMBOL memset32
        EXPORT_SYMBOL vprintk
        EXPORT_SYMBOL seq_puts
        EXPORT_SYMBOL seq_write
        EXPORT_SYMBOL dump_stack
        EXPORT_SYMBOL skip_spaces
        EXPORT_SYMBOL parse_args
        EXPORT_SYMBOL kallsyms_lookup_name
