@ blink - shows a driver for a device nobody else drives, the eight LEDs of the motherboard: it blinks when it comes, and
@ /dev/led reads and sets them: `echo 0x55 > /dev/led`.

        .include "macros.inc"
        .include "board.inc"
        .include "fs.inc"
        .include "this_module.inc"

        .equ    SYS_LED,        0x08            @ of the system registers: [7:0] one bit for each LED
        .equ    ALL_LEDS,       0xff
        .equ    TEXT_SIZE,      16              @ what is written to /dev/led, with its NUL

        INIT_TEXT
@ ---------------------------------------------------------------------------
@ blink_init - blink, then make /dev/led
@
@   in:       -
@   out:      r0 = 0, or register_chrdev's errors
@   clobbers: r1-r3, ip, flags
@   context:  process, sleeps
@ ---------------------------------------------------------------------------
FUNC blink_init
        push    {r4, r5, fp, lr}
        add     fp, sp, #8
        ldr     r4, =times
        ldr     r4, [r4]
        ldr     r5, =period
        ldr     r5, [r5]
.Linit_blink:
        subs    r4, r4, #1
        bmi     .Linit_device
        mov     r0, #ALL_LEDS
        bl      led_set
        mov     r0, r5
        bl      msleep
        mov     r0, #0
        bl      led_set
        mov     r0, r5
        bl      msleep
        b       .Linit_blink
.Linit_device:
        ldr     r0, =led_name
        ldr     r1, =led_fops
        mov     r2, #0
        bl      register_chrdev
        pop     {r4, r5, fp, pc}
ENDFUNC blink_init

        .text
@ ---------------------------------------------------------------------------
@ led_set - light some LEDs
@
@   in:       r0 = a bit for each
@   out:      -
@   clobbers: r1
@   context:  any
@ ---------------------------------------------------------------------------
LFUNC led_set
        ldr     r1, =SYSREG_BASE
        str     r0, [r1, #SYS_LED]
        bx      lr
ENDFUNC led_set

@ ---------------------------------------------------------------------------
@ led_open - the open file leads into this code, so the module stays
@
@   in:       r0 = struct file
@   out:      r0 = 0
@   clobbers: r1-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
LFUNC led_open
        push    {fp, lr}
        add     fp, sp, #0
        hold_this_module
        mov     r0, #0
        pop     {fp, pc}
ENDFUNC led_open

@ ---------------------------------------------------------------------------
@ led_release - the file is closed
@
@   in:       r0 = struct file
@   out:      r0 = 0
@   clobbers: r1-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
LFUNC led_release
        push    {fp, lr}
        add     fp, sp, #0
        release_this_module
        mov     r0, #0
        pop     {fp, pc}
ENDFUNC led_release

@ ---------------------------------------------------------------------------
@ led_read - "0x55", once
@
@   in:       r0 = struct file, r1 = buffer, r2 = count
@   out:      r0 = bytes, 0 at the end
@   clobbers: r1-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
LFUNC led_read
        push    {r4, r5, fp, lr}
        add     fp, sp, #8
        sub     sp, sp, #TEXT_SIZE
        mov     r4, r1
        mov     r5, r2
        ldr     r0, [r0, #FILE_POS]
        cmp     r0, #0
        movne   r0, #0
        bne     .Lread_out
        ldr     r3, =SYSREG_BASE
        ldr     r3, [r3, #SYS_LED]
        mov     r0, sp
        mov     r1, #TEXT_SIZE
        ldr     r2, =led_format
        bl      snprintf
        cmp     r0, r5
        movhi   r0, r5
        mov     r5, r0
        mov     r2, r0
        mov     r1, sp
        mov     r0, r4
        bl      memcpy
        mov     r0, r5
.Lread_out:
        sub     sp, fp, #8
        pop     {r4, r5, fp, pc}
ENDFUNC led_read

@ ---------------------------------------------------------------------------
@ led_write - a number, as C writes them
@
@   in:       r0 = struct file, r1 = buffer, r2 = count
@   out:      r0 = bytes; -EINVAL: no number from 0 to 0xff
@   clobbers: r1-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
LFUNC led_write
        push    {r4, r5, fp, lr}
        add     fp, sp, #8
        sub     sp, sp, #TEXT_SIZE + 8
        mov     r4, r2
        cmp     r2, #TEXT_SIZE
        bhs     .Lwrite_refuse
        mov     r0, sp
        bl      memcpy
        mov     r0, #0
        strb    r0, [sp, r4]
        mov     r0, sp
        add     r1, sp, #TEXT_SIZE
        mov     r2, #0
        bl      strtoul
        ldr     r1, [sp, #TEXT_SIZE]            @ behind the digits: nothing, or the newline
        ldrb    r2, [r1]
        cmp     r2, #'\n'
        ldrbeq  r2, [r1, #1]
        cmp     r2, #0
        bne     .Lwrite_refuse
        cmp     r1, sp
        beq     .Lwrite_refuse
        cmp     r0, #ALL_LEDS
        bhi     .Lwrite_refuse
        bl      led_set
        mov     r0, r4
.Lwrite_out:
        sub     sp, fp, #8
        pop     {r4, r5, fp, pc}
.Lwrite_refuse:
        mov     r0, #-EINVAL
        b       .Lwrite_out
ENDFUNC led_write

        EXIT_TEXT
@ ---------------------------------------------------------------------------
@ blink_exit - take /dev/led away, leave the LEDs dark
@
@   in:       -
@   out:      -
@   clobbers: r0-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
FUNC blink_exit
        push    {fp, lr}
        add     fp, sp, #0
        ldr     r0, =led_name
        bl      unregister_chrdev
        mov     r0, #0
        bl      led_set
        pop     {fp, pc}
ENDFUNC blink_exit

        RODATA
        .balign 4
led_fops:
        file_operations open=led_open, read=led_read, write=led_write, release=led_release
        string led_name, "led"
        string led_format, "0x%02x\n"

        .data
        .balign 4
times:  .word   3
period: .word   50
        module_param times, uint, 0
        MODULE_PARM_DESC times, "how often to blink"
        module_param period, uint, 0
        MODULE_PARM_DESC period, "milliseconds of light and of darkness"

        module_init blink_init
        module_exit blink_exit
        MODULE_LICENSE "GPL"
        MODULE_DESCRIPTION "LEDs of the motherboard"
