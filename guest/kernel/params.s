@ params.s - the command line, word by word: each `name` or `name=value` is looked up in the table that `__setup` rows
@ make (.init.setup), and its function called. "a b" in double quotes is one word.

        .include "macros.inc"
        .include "params.inc"
        .include "errno.inc"
        .include "system.inc"

        INIT_TEXT
@ ---------------------------------------------------------------------------
@ parse_params - act on every word of saved_command_line
@
@   in:       -
@   out:      -
@   clobbers: r0-r3, ip, flags
@   context:  boot, once
@ ---------------------------------------------------------------------------
FUNC parse_params
        push    {r4-r7, fp, lr}
        add     fp, sp, #16
        ldr     r4, =static_command_line        @ cut up in place; the values stay valid
        mov     r0, r4
        ldr     r1, =saved_command_line
        mov     r2, #COMMAND_LINE_SIZE
        bl      strlcpy

.Lnext_param:
        mov     r0, r4
        bl      next_word
        mov     r4, r1                          @ rest of the line
        cmp     r0, #0
        beq     .Lno_more_params
        mov     r5, r0                          @ name
        mov     r1, #'='
        bl      strchr
        movs    r6, r0
        beq     .Llook_up_param
        mov     r2, #0
        strb    r2, [r6], #1                    @ name ends, r6 = value
.Llook_up_param:
        mov     r0, r5
        mov     r1, r6
        bl      do_param
        cmp     r0, #0
        beq     .Lnext_param
        cmp     r0, #-ENOENT
        beq     .Lunknown_param
        mov     r1, r6
        mov     r2, r5
        pr_err  "`%s' invalid for parameter `%s'\n"
        b       .Lnext_param

.Lunknown_param:
        mov     r1, r5
        pr_notice "Unknown kernel command line parameter %s\n"
        b       .Lnext_param

.Lno_more_params:
        pop     {r4-r7, fp, pc}
ENDFUNC parse_params

@ ---------------------------------------------------------------------------
@ next_word - cut one word off a line
@
@   in:       r0 = line
@   out:      r0 = the word, NUL-ended and without its quotes, or 0 at the end; r1 = rest of the line
@   clobbers: r2, r3, ip, flags
@   context:  any
@ ---------------------------------------------------------------------------
LFUNC next_word
.Lskip_blank:
        ldrb    r2, [r0]
        cmp     r2, #' '
        addeq   r0, r0, #1
        beq     .Lskip_blank
        cmp     r2, #0
        moveq   r1, r0
        moveq   r0, #0
        bxeq    lr

        mov     r1, r0                          @ reads
        mov     r3, r0                          @ writes: quotes are dropped on the way
        mov     ip, #0                          @ inside quotes?
.Lcopy_char:
        ldrb    r2, [r1]
        cmp     r2, #0
        beq     .Lend_word
        add     r1, r1, #1
        cmp     r2, #'"'
        eoreq   ip, ip, #1
        beq     .Lcopy_char
        cmp     r2, #' '
        cmpeq   ip, #0
        beq     .Lend_word
        strb    r2, [r3], #1
        b       .Lcopy_char
.Lend_word:
        mov     r2, #0
        strb    r2, [r3]
        bx      lr
ENDFUNC next_word

@ ---------------------------------------------------------------------------
@ do_param - find the row of a parameter and call its function
@
@   in:       r0 = name, r1 = value or 0
@   out:      r0 = what the function returned, -ENOENT when no row has the name
@   clobbers: r1-r3, ip, flags
@   context:  boot
@ ---------------------------------------------------------------------------
LFUNC do_param
        push    {r4-r7, fp, lr}
        add     fp, sp, #16
        mov     r4, r0
        mov     r5, r1
        ldr     r6, =__setup_start
        ldr     r7, =__setup_end
.Ltry_row:
        cmp     r6, r7
        movhs   r0, #-ENOENT
        bhs     .Ldone_param
        ldr     r0, [r6, #SETUP_NAME]
        mov     r1, r4
        bl      strcmp
        cmp     r0, #0
        addne   r6, r6, #SETUP_SIZE
        bne     .Ltry_row
        ldr     r2, [r6, #SETUP_FUNC]
        mov     r0, r5
        blx     r2
.Ldone_param:
        pop     {r4-r7, fp, pc}
ENDFUNC do_param

@ ---------------------------------------------------------------------------
@ parse_bool - 1, y, on or no value at all: true; 0, n, off: false
@
@   in:       r0 = text or 0
@   out:      r0 = 1 / 0 / -EINVAL
@   clobbers: r1-r3, ip, flags
@   context:  boot
@ ---------------------------------------------------------------------------
FUNC parse_bool
        push    {r4, r5, fp, lr}
        add     fp, sp, #8
        movs    r4, r0
        moveq   r0, #1
        beq     .Lbool_known
        ldr     r5, =bool_words
.Ltry_bool:
        ldr     r1, [r5], #8
        cmp     r1, #0
        moveq   r0, #-EINVAL
        beq     .Lbool_known
        mov     r0, r4
        bl      strcmp
        cmp     r0, #0
        bne     .Ltry_bool
        ldr     r0, [r5, #-4]
.Lbool_known:
        pop     {r4, r5, fp, pc}
ENDFUNC parse_bool

        .pushsection .init.data, "aw", %progbits
        .balign 4
bool_words:
        .word   .Lword_1, 1
        .word   .Lword_y, 1
        .word   .Lword_on, 1
        .word   .Lword_0, 0
        .word   .Lword_n, 0
        .word   .Lword_off, 0
        .word   0
        .popsection
        init_string .Lword_1, "1"
        init_string .Lword_y, "y"
        init_string .Lword_on, "on"
        init_string .Lword_0, "0"
        init_string .Lword_n, "n"
        init_string .Lword_off, "off"

@ `console=ttyAMA0` is every boot loader's habit; there is one console, and it is that one.
LFUNC console_setup
        mov     r0, #0
        bx      lr
ENDFUNC console_setup
        __setup "console", console_setup

        .text
@ ---------------------------------------------------------------------------
@ cmdline_find - the value of a parameter, at any time
@
@   in:       r0 = name
@   out:      r0 = what follows "name=" on the command line (it ends at a blank or NUL), or 0
@   clobbers: r1-r3, ip, flags
@   context:  any
@ ---------------------------------------------------------------------------
FUNC cmdline_find
        push    {r4-r7, fp, lr}
        add     fp, sp, #16
        mov     r4, r0
        bl      strlen
        mov     r5, r0
        ldr     r6, =saved_command_line
.Lmatch_word:
        mov     r0, r6
        mov     r1, r4
        mov     r2, r5
        bl      strncmp
        ldrb    r1, [r6, r5]                    @ inside the buffer: a shorter line differs in its NUL
        cmp     r0, #0
        cmpeq   r1, #'='
        addeq   r0, r6, r5
        addeq   r0, r0, #1
        beq     .Lfound_value
        mov     r0, r6
        mov     r1, #' '
        bl      strchr
        adds    r6, r0, #1
        cmp     r0, #0
        bne     .Lmatch_word
.Lfound_value:
        pop     {r4-r7, fp, pc}
ENDFUNC cmdline_find

        .bss
        .balign 4
static_command_line:
        .space  COMMAND_LINE_SIZE
