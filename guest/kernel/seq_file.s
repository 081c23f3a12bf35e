@ Text files that a function writes line by line (Linux fs/seq_file.c). proc.inc says how: the function produces all of
@ its text for every read, and seq_write keeps the bytes that this read asked for.

        .include "macros.inc"
        .include "proc.inc"

        .text

@ ---------------------------------------------------------------------------
@ seq_write - produce some bytes
@
@   in:       r0 = seq_file
@             r1 = bytes, r2 = how many
@   out:      r0 = 0, or 1 when nothing later can be wanted: the caller may stop
@   clobbers: r1-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
FUNC seq_write
        push    {r4-r7, fp, lr}
        add     fp, sp, #16
        mov     r4, r0
        ldr     r5, [r4, #SEQ_POS]              @ of the first byte
        add     r6, r5, r2                      @ behind the last
        str     r6, [r4, #SEQ_POS]
        ldr     r7, [r4, #SEQ_START]
        ldr     r3, [r4, #SEQ_ROOM]
        add     r3, r3, r7                      @ end of what is wanted

        @ Cut both ends to the wanted part, then copy what is left.
        subs    ip, r7, r5
        addhi   r1, r1, ip
        movhi   r5, r7
        mov     r2, r6
        cmp     r2, r3
        movhi   r2, r3
        cmp     r2, r5
        bls     .Lwrite_state
        sub     r2, r2, r5
        ldr     r0, [r4, #SEQ_BUF]
        sub     r5, r5, r7
        add     r0, r0, r5
        mov     r7, r3
        bl      memcpy
        mov     r3, r7
.Lwrite_state:
        cmp     r6, r3
        movhs   r0, #1
        movlo   r0, #0
        pop     {r4-r7, fp, pc}
ENDFUNC seq_write

@ ---------------------------------------------------------------------------
@ seq_puts - produce a string
@
@   in:       r0 = seq_file
@             r1 = string
@   out:      r0 as seq_write
@   clobbers: r1-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
FUNC seq_puts
        push    {r4-r5, fp, lr}
        add     fp, sp, #8
        mov     r4, r0
        mov     r5, r1
        mov     r0, r1
        bl      strlen
        mov     r2, r0
        mov     r0, r4
        mov     r1, r5
        bl      seq_write
        pop     {r4-r5, fp, pc}
ENDFUNC seq_puts

@ ---------------------------------------------------------------------------
@ seq_printf - produce formatted text, at most SEQ_LINE_MAX - 1 bytes
@
@   in:       r0 = seq_file
@             r1 = format; arguments in r2, r3 and on the stack
@   out:      r0 as seq_write
@   clobbers: r1-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
FUNC seq_printf
        push    {r2-r3}                         @ so all arguments stand in a row
        push    {r4-r5, fp, lr}
        add     fp, sp, #8
        sub     sp, sp, #SEQ_LINE_MAX
        mov     r4, r0
        mov     r2, r1
        mov     r0, sp
        mov     r1, #SEQ_LINE_MAX
        add     r3, fp, #8                      @ the r2 of the caller
        bl      vsnprintf
        mov     r2, r0
        cmp     r2, #SEQ_LINE_MAX - 1
        movhi   r2, #SEQ_LINE_MAX - 1
        mov     r0, r4
        mov     r1, sp
        bl      seq_write
        sub     sp, fp, #8
        pop     {r4-r5, fp, lr}
        add     sp, sp, #8
        bx      lr
ENDFUNC seq_printf
        EXPORT_SYMBOL seq_printf
