@ tty.s - the terminal: /dev/console. Characters come from the console's driver in interrupt context, are echoed and
@ edited in the line buffer, and a finished line moves to the input ring, where read() finds it (canonical mode).

        .include "macros.inc"
        .include "arm.inc"
        .include "console.inc"
        .include "fs.inc"

        .equ    CTRL_D,         0x04            @ end of file at the start of a line, else hands the line over
        .equ    BELL,           0x07
        .equ    BACKSPACE,      0x08
        .equ    CTRL_U,         0x15            @ erases the line
        .equ    DELETE,         0x7f

        .equ    LINE_MAX,       256
        .equ    INPUT_SHIFT,    12
        .equ    INPUT_MAX,      1 << INPUT_SHIFT
        .equ    WAIT_FOREVER,   -1

        INIT_TEXT
@ ---------------------------------------------------------------------------
@ tty_init - make /dev/console and start the keyboard
@
@   in:       -
@   out:      r0 = 0, -ENODEV without a console, or another -errno
@   clobbers: r1-r3, ip, flags
@   context:  initcall
@ ---------------------------------------------------------------------------
FUNC tty_init
        push    {r4, r5, fp, lr}
        add     fp, sp, #8
        ldr     r4, =console_driver
        ldr     r4, [r4]
        cmp     r4, #0
        moveq   r0, #-ENODEV
        beq     .Linit_done
        ldr     r0, =.Lconsole_name
        ldr     r1, =tty_fops
        mov     r2, #0
        bl      register_chrdev
        cmp     r0, #0
        bne     .Linit_done
        ldr     r1, [r4, #CON_START]
        blx     r1
.Linit_done:
        pop     {r4, r5, fp, pc}
ENDFUNC tty_init
        device_initcall tty_init
        string .Lconsole_name, "console"

        RODATA
        .balign 4
tty_fops:
        file_operations read=tty_read, write=tty_write

        .text
@ ---------------------------------------------------------------------------
@ tty_read - a line, or what of it fits; the rest is for the next read
@
@   in:       r0 = struct file, r1 = buffer, r2 = count
@   out:      r0 = bytes, 0 at end of file (Ctrl-D)
@   clobbers: r1-r3, ip, flags
@   context:  process; waits for a line
@ ---------------------------------------------------------------------------
FUNC tty_read
        push    {r4-r9, fp, lr}
        add     fp, sp, #24
        mov     r4, r1
        mov     r5, r2
        mov     r6, #0                          @ bytes so far
        bl      tty_has_input
        cmp     r0, #0
        bne     .Ltake_char
        bl      console_wait
        ldr     r0, =tty_has_input
        mov     r1, #0
        mov     r2, #WAIT_FOREVER
        bl      wait_for

.Ltake_char:
        cmp     r6, r5
        bhs     .Lread_done
        bl      tty_has_input
        cmp     r0, #0
        beq     .Lread_done
        ldr     r0, =input_read
        ldr     r1, [r0]
        ubfx    r2, r1, #0, #INPUT_SHIFT
        ldr     r3, =input_ring
        ldrb    r2, [r3, r2]
        add     r1, r1, #1
        str     r1, [r0]
        cmp     r2, #CTRL_D                     @ never data: ends a read
        beq     .Lread_done
        strb    r2, [r4, r6]
        add     r6, r6, #1
        cmp     r2, #'\n'
        bne     .Ltake_char
.Lread_done:
        mov     r0, r6
        pop     {r4-r9, fp, pc}
ENDFUNC tty_read

@ ---------------------------------------------------------------------------
@ console_wait - nobody has typed anything: the reader is about to sleep
@
@   in:       -
@   out:      -
@   clobbers: -
@   context:  process. Does nothing; who watches from outside puts a probe here
@ ---------------------------------------------------------------------------
FUNC console_wait
        bx      lr
ENDFUNC console_wait

@ ---------------------------------------------------------------------------
@ tty_has_input - is there something to read? A predicate for wait_for
@
@   in:       r0 = not used
@   out:      r0 = 0: no
@   clobbers: r1
@   context:  any
@ ---------------------------------------------------------------------------
LFUNC tty_has_input
        ldr     r0, =input_read
        ldr     r0, [r0]
        ldr     r1, =input_write
        ldr     r1, [r1]
        sub     r0, r1, r0
        bx      lr
ENDFUNC tty_has_input

@ ---------------------------------------------------------------------------
@ tty_write - text of the program, straight to the console
@
@   in:       r0 = struct file, r1 = buffer, r2 = count
@   out:      r0 = count
@   clobbers: r1-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
FUNC tty_write
        push    {r4, r5, fp, lr}
        add     fp, sp, #8
        mov     r4, r2
        mov     r0, r1
        mov     r1, r2
        bl      console_write
        mov     r0, r4
        pop     {r4, r5, fp, pc}
ENDFUNC tty_write

@ r0 = buffer, r1 = count, to the console's driver; r0-r3, ip, flags change.
LFUNC console_write
        push    {fp, lr}
        add     fp, sp, #0
        ldr     r2, =console_driver
        ldr     r2, [r2]
        ldr     r2, [r2, #CON_WRITE]
        blx     r2
        pop     {fp, pc}
ENDFUNC console_write

@ ---------------------------------------------------------------------------
@ tty_receive_char - a character was typed
@
@   in:       r0 = character
@   out:      -
@   clobbers: r0-r3, ip, flags
@   context:  interrupt
@ ---------------------------------------------------------------------------
FUNC tty_receive_char
        push    {fp, lr}
        add     fp, sp, #0
        ldr     r1, =control_chars
.Ltry_control:
        ldmia   r1!, {r2, r3}
        cmp     r3, #0
        beq     .Lordinary
        cmp     r2, r0
        bne     .Ltry_control
        blx     r3
        pop     {fp, pc}

.Lordinary:
        ldr     r1, =line_length
        ldr     r2, [r1]
        cmp     r2, #LINE_MAX - 1               @ room for the newline must stay
        movhs   r0, #BELL
        bhs     .Lecho
        ldr     r3, =line_buffer
        strb    r0, [r3, r2]
        add     r2, r2, #1
        str     r2, [r1]
.Lecho:
        bl      tty_echo
        pop     {fp, pc}
ENDFUNC tty_receive_char

        RODATA
        .balign 4
control_chars:                                  @ character, function(character)
        .word   '\r', end_line
        .word   '\n', end_line
        .word   BACKSPACE, erase_char
        .word   DELETE, erase_char
        .word   CTRL_U, erase_line
        .word   CTRL_D, hand_over_line
        .word   0, 0

        .text
@ ---------------------------------------------------------------------------
@ tty_echo - show a typed character
@
@   in:       r0 = character
@   out:      -
@   clobbers: r0-r3, ip, flags
@   context:  interrupt
@ ---------------------------------------------------------------------------
LFUNC tty_echo
        push    {r0, r1, fp, lr}                @ r0: the character, in memory
        add     fp, sp, #8
        mov     r0, sp
        mov     r1, #1
        bl      console_write
        add     sp, sp, #8
        pop     {fp, pc}
ENDFUNC tty_echo

@ ---------------------------------------------------------------------------
@ end_line, hand_over_line, erase_char, erase_line - the editing characters
@
@   in:       -
@   out:      -
@   clobbers: r0-r3, ip, flags
@   context:  interrupt
@ ---------------------------------------------------------------------------
LFUNC end_line
        push    {fp, lr}
        add     fp, sp, #0
        mov     r0, #'\n'
        bl      tty_echo
        mov     r0, #'\n'
        bl      finish_line
        pop     {fp, pc}
ENDFUNC end_line

LFUNC hand_over_line
        mov     r0, #CTRL_D
        b       finish_line
ENDFUNC hand_over_line

LFUNC erase_char
        push    {fp, lr}
        add     fp, sp, #0
        ldr     r1, =line_length
        ldr     r2, [r1]
        subs    r2, r2, #1
        blo     .Lnothing_to_erase
        str     r2, [r1]
        ldr     r0, =.Lrub_out
        mov     r1, #3
        bl      console_write
.Lnothing_to_erase:
        pop     {fp, pc}
ENDFUNC erase_char
        string .Lrub_out, "\b \b"

LFUNC erase_line
        push    {r4, r5, fp, lr}
        add     fp, sp, #8
        ldr     r4, =line_length
.Lerase_next:
        ldr     r0, [r4]
        cmp     r0, #0
        beq     .Lline_erased
        bl      erase_char
        b       .Lerase_next
.Lline_erased:
        pop     {r4, r5, fp, pc}
ENDFUNC erase_line

@ ---------------------------------------------------------------------------
@ finish_line - move the line buffer to the input ring, all of it or nothing
@
@   in:       r0 = character that ended it, which goes along
@   out:      -
@   clobbers: r0-r3, ip, flags
@   context:  interrupt. Without room the line stays and the bell rings
@ ---------------------------------------------------------------------------
LFUNC finish_line
        push    {r4-r9, fp, lr}
        add     fp, sp, #24
        ldr     r4, =line_length
        ldr     r5, [r4]
        ldr     r6, =line_buffer
        strb    r0, [r6, r5]
        add     r5, r5, #1
        ldr     r7, =input_write
        ldr     r8, [r7]
        bl      tty_has_input                   @ bytes in the ring
        add     r0, r0, r5
        cmp     r0, #INPUT_MAX
        bhi     .Lring_full

        ldr     r9, =input_ring
.Lmove_char:
        ldrb    r0, [r6], #1
        ubfx    r1, r8, #0, #INPUT_SHIFT
        strb    r0, [r9, r1]
        add     r8, r8, #1
        subs    r5, r5, #1
        bne     .Lmove_char
        str     r8, [r7]
        str     r5, [r4]                        @ 0: a new line begins
        pop     {r4-r9, fp, pc}

.Lring_full:
        mov     r0, #BELL
        bl      tty_echo
        pop     {r4-r9, fp, pc}
ENDFUNC finish_line

        .bss
        .balign 4
line_length:
        .space  4                               @ characters of the line being typed
input_read:
        .space  4                               @ bytes ever read from the ring
input_write:
        .space  4                               @ bytes ever put into it
line_buffer:
        .space  LINE_MAX
input_ring:
        .space  INPUT_MAX

        EXPORT_SYMBOL tty_receive_char
