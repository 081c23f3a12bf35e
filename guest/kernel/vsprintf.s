@ vsprintf.s - formatted text. %[-][0][#][width][.precision][l|h|z]conversion, width and precision also as *:
@
@   d i  signed      u  unsigned      x X  hexadecimal      c  character
@   s    string, at most precision bytes of it
@   p    eight hexadecimal digits     pS  symbol+0xoffset/0xsize     ps  symbol     %  a per cent sign
@   pB  as pS, for a return address
@
@ Every argument is one word. Inside vsnprintf the helpers share its registers:
@   r4 = where the next character goes, r5 = end of the buffer less its NUL, r6 = format, r7 = next argument,
@   r8 = FMT_*, r9 = width, r10 = precision (-1: none)

        .include "macros.inc"
        .include "system.inc"

        .equ    FMT_LEFT,       1 << 0          @ -
        .equ    FMT_ZERO,       1 << 1          @ 0
        .equ    FMT_ALTERNATE,  1 << 2          @ #: 0x before hexadecimal
        .equ    FMT_UPPER,      1 << 3          @ X

        .equ    VS_START,       0               @ on the stack: start of the buffer
        .equ    VS_SIZE,        4               @ its size
        .equ    VS_TEXT,        8               @ a number or symbol is made here
        .equ    VS_TEXT_SIZE,   KSYM_SYMBOL_LEN
        .equ    VS_LOCALS,      VS_TEXT + VS_TEXT_SIZE + 4      @ with nine registers: a multiple of 8
        .equ    NUMBER_MAX,     64              @ zero padding goes no further

        .text
@ ---------------------------------------------------------------------------
@ vsnprintf - format into a buffer of a size
@
@   in:       r0 = buffer, r1 = its size, r2 = format, r3 = the arguments, words one behind the other
@   out:      r0 = length the whole text has; what did not fit is missing; NUL-ended when size > 0
@   clobbers: r1-r3, ip, flags
@   context:  any
@ ---------------------------------------------------------------------------
FUNC vsnprintf
        push    {r4-r10, fp, lr}
        add     fp, sp, #28
        sub     sp, sp, #VS_LOCALS
        str     r0, [sp, #VS_START]
        str     r1, [sp, #VS_SIZE]
        mov     r4, r0
        subs    r5, r1, #1
        movlo   r5, #0
        add     r5, r5, r0
        mov     r6, r2
        mov     r7, r3

.Lnext_char:
        ldrb    r0, [r6], #1
        cmp     r0, #0
        beq     .Lformat_ends
        cmp     r0, #'%'
        beq     .Lconversion
        cmp     r4, r5
        strblo  r0, [r4]
        add     r4, r4, #1
        b       .Lnext_char

.Lconversion:
        bl      parse_spec
        ldr     r1, =conversions
.Ltry_conversion:
        ldr     r2, [r1], #8
        cmp     r2, #0
        beq     .Lunknown
        cmp     r2, r0
        bne     .Ltry_conversion
        ldr     r1, [r1, #-4]
        add     r0, sp, #VS_TEXT
        blx     r1
        bl      emit_field
        b       .Lnext_char
.Lunknown:
        cmp     r0, #0                          @ a lone % at the end
        beq     .Lformat_ends
        cmp     r4, r5
        strblo  r0, [r4]                        @ shows what was written wrong
        add     r4, r4, #1
        b       .Lnext_char

.Lformat_ends:
        ldr     r1, [sp, #VS_SIZE]
        cmp     r1, #0
        beq     .Lno_room
        mov     r2, #0
        cmp     r4, r5
        strblo  r2, [r4]
        strbhs  r2, [r5]
.Lno_room:
        ldr     r1, [sp, #VS_START]
        sub     r0, r4, r1
        add     sp, sp, #VS_LOCALS
        pop     {r4-r10, fp, pc}
ENDFUNC vsnprintf

        RODATA
        .balign 4
conversions:                                    @ each: r0 = text area -> r0 = text, r1 = its length
        .word   's', format_string
        .word   'd', format_signed
        .word   'i', format_signed
        .word   'u', format_unsigned
        .word   'x', format_hex
        .word   'X', format_upper_hex
        .word   'p', format_pointer
        .word   'c', format_char
        .word   '%', format_percent
        .word   0, 0

        .text
@ ---------------------------------------------------------------------------
@ parse_spec - what stands between % and the conversion letter
@
@   in:       r6 = behind the %
@   out:      r0 = conversion letter; r6 behind it, r7 behind the * arguments, r8, r9, r10 set
@   clobbers: r1-r3, ip, flags
@   context:  vsnprintf
@ ---------------------------------------------------------------------------
LFUNC parse_spec
        push    {fp, lr}
        add     fp, sp, #0
        mov     r8, #0
        mvn     r10, #0
.Lnext_flag:
        ldrb    r0, [r6], #1
        mov     r1, #0
        cmp     r0, #'-'
        moveq   r1, #FMT_LEFT
        cmp     r0, #'0'
        moveq   r1, #FMT_ZERO
        cmp     r0, #'#'
        moveq   r1, #FMT_ALTERNATE
        orrs    r8, r8, r1
        cmp     r1, #0
        bne     .Lnext_flag

        bl      parse_count
        mov     r9, r1
        cmp     r9, #0                          @ a negative * width: to the left
        rsblt   r9, r9, #0
        orrlt   r8, r8, #FMT_LEFT
        cmp     r0, #'.'
        bne     .Lskip_length
        ldrb    r0, [r6], #1
        bl      parse_count
        mov     r10, r1

.Lskip_length:
        cmp     r0, #'l'
        cmpne   r0, #'h'
        cmpne   r0, #'z'
        ldrbeq  r0, [r6], #1
        beq     .Lskip_length
        pop     {fp, pc}
ENDFUNC parse_spec

@ ---------------------------------------------------------------------------
@ parse_count - a width or precision: digits, or * for the next argument
@
@   in:       r0 = its first character, r6 = behind it, r7 = the next argument
@   out:      r1 = the number, 0 when there is none; r0 = the character behind it; r6 and r7 moved on
@   clobbers: r2, r3, flags
@   context:  vsnprintf
@ ---------------------------------------------------------------------------
LFUNC parse_count
        mov     r1, #0
        cmp     r0, #'*'
        ldreq   r1, [r7], #4
        ldrbeq  r0, [r6], #1
        bxeq    lr
        mov     r3, #10
.Lnext_digit:
        sub     r2, r0, #'0'
        cmp     r2, #9
        bxhi    lr
        mla     r1, r1, r3, r2
        ldrb    r0, [r6], #1
        b       .Lnext_digit
ENDFUNC parse_count

@ ---------------------------------------------------------------------------
@ emit_field - write a text, padded with blanks to the width
@
@   in:       r0 = text, r1 = its length
@   out:      r4 moved on
@   clobbers: r0-r3, flags
@   context:  vsnprintf
@ ---------------------------------------------------------------------------
LFUNC emit_field
        sub     r2, r9, r1                      @ blanks
        mov     r3, #' '
        tst     r8, #FMT_LEFT
        bne     .Lemit_text
.Lpad_left:
        subs    r2, r2, #1
        blt     .Lemit_text
        cmp     r4, r5
        strblo  r3, [r4]
        add     r4, r4, #1
        b       .Lpad_left
.Lemit_text:
        subs    r1, r1, #1
        blt     .Lpad_right
        ldrb    r3, [r0], #1
        cmp     r4, r5
        strblo  r3, [r4]
        add     r4, r4, #1
        b       .Lemit_text
.Lpad_right:
        mov     r3, #' '
.Lpad_next:
        subs    r2, r2, #1
        bxlt    lr
        cmp     r4, r5
        strblo  r3, [r4]
        add     r4, r4, #1
        b       .Lpad_next
ENDFUNC emit_field

@ ---------------------------------------------------------------------------
@ format_string, _char, _percent, _signed, _unsigned, _hex, _upper_hex, _pointer - the conversions
@
@   in:       r0 = area of VS_TEXT_SIZE bytes, r6, r7 as in vsnprintf
@   out:      r0 = text, r1 = its length; r6, r7 moved on
@   clobbers: r2, r3, ip, flags
@   context:  vsnprintf
@ ---------------------------------------------------------------------------
LFUNC format_string
        ldr     r0, [r7], #4
        cmp     r0, #0
        ldreq   r0, =.Lnull
        mov     r1, #0
.Lmeasure:
        cmp     r1, r10                         @ unsigned: no precision is no limit
        bxhs    lr
        ldrb    r2, [r0, r1]
        cmp     r2, #0
        addne   r1, r1, #1
        bne     .Lmeasure
        bx      lr
ENDFUNC format_string
        string .Lnull, "(null)"

LFUNC format_char
        ldr     r1, [r7], #4
        strb    r1, [r0]
        mov     r1, #1
        bx      lr
ENDFUNC format_char

LFUNC format_percent
        mov     r1, #'%'
        strb    r1, [r0]
        mov     r1, #1
        bx      lr
ENDFUNC format_percent

LFUNC format_signed
        ldr     r1, [r7], #4
        mov     r2, #10
        cmp     r1, #0
        rsblt   r1, r1, #0
        mov     r3, #0
        movlt   r3, #'-'
        b       format_number
ENDFUNC format_signed

LFUNC format_unsigned
        ldr     r1, [r7], #4
        mov     r2, #10
        mov     r3, #0
        b       format_number
ENDFUNC format_unsigned

LFUNC format_upper_hex
        orr     r8, r8, #FMT_UPPER
        b       format_hex
ENDFUNC format_upper_hex

LFUNC format_hex
        ldr     r1, [r7], #4
        mov     r2, #16
        mov     r3, #0
        b       format_number
ENDFUNC format_hex

@ %p is %08x; the letters of pointer_kinds behind it name the symbol instead.
LFUNC format_pointer
        push    {r4, r5, fp, lr}
        add     fp, sp, #8
        mov     r4, r0
        ldr     r1, [r7], #4
        ldrb    r2, [r6]
        ldr     r3, =pointer_kinds
.Ltry_kind:
        ldr     ip, [r3], #8
        cmp     ip, #0
        beq     .Ldigits_only
        cmp     ip, r2
        bne     .Ltry_kind
        add     r6, r6, #1
        ldr     r3, [r3, #-4]
        blx     r3
        mov     r1, r0
        mov     r0, r4
        pop     {r4, r5, fp, pc}

.Ldigits_only:
        mov     r2, #16
        mov     r3, #0
        mov     r10, #8
        bl      format_number
        pop     {r4, r5, fp, pc}
ENDFUNC format_pointer

        RODATA
        .balign 4
pointer_kinds:                                  @ each: r0 = area, r1 = address -> r0 = length
        .word   'S', sprint_symbol
        .word   'B', sprint_backtrace
        .word   's', sprint_symbol_no_offset
        .word   0, 0

        .text
@ ---------------------------------------------------------------------------
@ format_number - digits, from the last one backwards, then zeros, 0x and sign
@
@   in:       r0 = area, r1 = number, r2 = base, r3 = sign character or 0; r8, r9, r10 as in vsnprintf
@   out:      r0 = text, r1 = its length
@   clobbers: r2, r3, ip, flags
@   context:  vsnprintf
@ ---------------------------------------------------------------------------
LFUNC format_number
        push    {r4-r7, fp, lr}
        add     fp, sp, #16
        add     r4, r0, #NUMBER_MAX + 4         @ end of the text; r0 goes down from here
        mov     r0, r4
        mov     r5, r2
        tst     r8, #FMT_UPPER
        ldreq   r6, =.Ldigits
        ldrne   r6, =.Lupper_digits
.Lnext_place:
        udiv    r2, r1, r5
        mls     ip, r2, r5, r1                  @ this place's digit
        ldrb    ip, [r6, ip]
        strb    ip, [r0, #-1]!
        movs    r1, r2
        bne     .Lnext_place

        @ Zeros up to the precision, or to the width less sign and prefix.
        mov     r7, r10
        cmp     r7, #0
        movlt   r7, #0
        tst     r8, #FMT_ZERO
        beq     .Lpad_zero
        tst     r8, #FMT_LEFT
        bne     .Lpad_zero
        cmp     r7, r9
        movlo   r7, r9
        cmp     r3, #0
        subne   r7, r7, #1
        tst     r8, #FMT_ALTERNATE
        subne   r7, r7, #2
.Lpad_zero:
        cmp     r7, #NUMBER_MAX
        movgt   r7, #NUMBER_MAX
        mov     ip, #'0'
.Lnext_zero:
        sub     r1, r4, r0
        cmp     r1, r7
        strblt  ip, [r0, #-1]!
        blt     .Lnext_zero

        tst     r8, #FMT_ALTERNATE
        beq     .Lput_sign
        mov     ip, #'x'
        strb    ip, [r0, #-1]!
        mov     ip, #'0'
        strb    ip, [r0, #-1]!
.Lput_sign:
        cmp     r3, #0
        strbne  r3, [r0, #-1]!
        sub     r1, r4, r0
        pop     {r4-r7, fp, pc}
ENDFUNC format_number
        string .Ldigits, "0123456789abcdef"
        string .Lupper_digits, "0123456789ABCDEF"

@ ---------------------------------------------------------------------------
@ snprintf - format into a buffer of a size
@
@   in:       r0 = buffer, r1 = its size, r2 = format, r3 and the stack = arguments
@   out:      r0 = length the whole text has
@   clobbers: r1-r3, ip, flags
@   context:  any
@ ---------------------------------------------------------------------------
FUNC snprintf
        push    {r0-r3}                         @ r3 lies right below the caller's stack arguments
        push    {fp, lr}
        add     fp, sp, #0
        add     r3, sp, #20
        bl      vsnprintf
        pop     {fp, lr}
        add     sp, sp, #16
        bx      lr
ENDFUNC snprintf

@ ---------------------------------------------------------------------------
@ sprintf - format into a buffer that is large enough
@
@   in:       r0 = buffer, r1 = format, r2, r3 and the stack = arguments
@   out:      r0 = length
@   clobbers: r1-r3, ip, flags
@   context:  any
@ ---------------------------------------------------------------------------
        .equ    SPRINTF_MAX,    4096            @ nobody formats more than a page

FUNC sprintf
        push    {r0-r3}
        push    {fp, lr}
        add     fp, sp, #0
        mov     r2, r1
        mov     r1, #SPRINTF_MAX
        add     r3, sp, #16
        bl      vsnprintf
        pop     {fp, lr}
        add     sp, sp, #16
        bx      lr
ENDFUNC sprintf

        EXPORT_SYMBOL vsnprintf
        EXPORT_SYMBOL snprintf
        EXPORT_SYMBOL sprintf
