@ /proc/deferred_initcalls: what starts the initcalls that were put off (Tim Bird's patch of 2008, "Add
@ deferred_module_init"). The field knows two triggers, and `deferred_trigger=` on the command line chooses:
@
@   2008    reading runs them (the patch registers a read function only, so a write fails with EIO)
@   wiki    writing 1 runs them (the eLinux page), reading only reports
@   both    either; the default
@
@ Two guards stand between a second trigger and a second run. deferred_initcalls_done, here, is set AFTER the run and is
@ what a read reports; already_run in do_deferred_initcalls is set BEFORE it. So the text read back is the state before
@ the run that the same read starts: "0" the first time, "1" ever after.

        .include "macros.inc"
        .include "fs.inc"
        .include "params.inc"

        .equ    TRIGGER_READ,   1 << 0
        .equ    TRIGGER_WRITE,  1 << 1

        .text

@ ---------------------------------------------------------------------------
@ deferred_initcalls_show - report whether they have run; profile 2008: run them
@
@   in:       r0 = seq_file
@   out:      r0 = 0
@   clobbers: r1-r3, ip, flags
@   context:  process
@
@   As the patch's read function, it prints before it runs and does not look at
@   the offset: a first read behind the text triggers like any other.
@ ---------------------------------------------------------------------------
FUNC deferred_initcalls_show
        push    {r4-r5, fp, lr}
        add     fp, sp, #8
        ldr     r4, =deferred_initcalls_done
        ldr     r2, [r4]
        ldr     r1, =.Ltext_number
        bl      seq_printf
        ldr     r0, =deferred_trigger
        ldr     r0, [r0]
        tst     r0, #TRIGGER_READ
        ldrne   r0, [r4]
        cmpne   r0, #1
        beq     .Lshow_out
        bl      do_deferred_initcalls
        cmp     r0, #0
        moveq   r0, #1
        streq   r0, [r4]
.Lshow_out:
        mov     r0, #0
        pop     {r4-r5, fp, pc}
ENDFUNC deferred_initcalls_show

@ ---------------------------------------------------------------------------
@ deferred_initcalls_write - "1" runs them, anything else is refused
@
@   in:       r0 = kernel buffer, r1 = bytes
@   out:      r0 = bytes taken / -EINVAL, / -EIO in profile 2008, / -EBUSY
@             while the boot's own initcalls still run
@   clobbers: r1-r3, ip, flags
@   context:  process
@
@   A second "1" gets as far as do_deferred_initcalls, whose own guard answers.
@ ---------------------------------------------------------------------------
FUNC deferred_initcalls_write
        push    {r4-r5, fp, lr}
        add     fp, sp, #8
        mov     r4, r1
        ldr     r2, =deferred_trigger
        ldr     r2, [r2]
        tst     r2, #TRIGGER_WRITE
        moveq   r0, #-EIO
        beq     .Lwrite_out

        @ "1" or "1\n", and no more.
        cmp     r1, #1
        blo     .Lwrite_refuse
        ldrb    r2, [r0]
        cmp     r2, #'1'
        bne     .Lwrite_refuse
        cmp     r1, #2
        bhi     .Lwrite_refuse
        blo     .Lwrite_run
        ldrb    r2, [r0, #1]
        cmp     r2, #'\n'
        bne     .Lwrite_refuse
.Lwrite_run:
        bl      do_deferred_initcalls
        cmp     r0, #0
        blt     .Lwrite_out                     @ too early: nothing was run
        ldr     r0, =deferred_initcalls_done
        mov     r1, #1
        str     r1, [r0]
        mov     r0, r4
.Lwrite_out:
        pop     {r4-r5, fp, pc}
.Lwrite_refuse:
        mov     r0, #-EINVAL
        b       .Lwrite_out
ENDFUNC deferred_initcalls_write

        INIT_TEXT

@ ---------------------------------------------------------------------------
@ deferred_trigger_setup - deferred_trigger=2008, wiki or both
@
@   in:       r0 = value, 0 without "="
@   out:      r0 = 0 / -EINVAL, the default stays
@   clobbers: r1-r3, ip, flags
@   context:  start-up
@ ---------------------------------------------------------------------------
FUNC deferred_trigger_setup
        push    {r4-r5, fp, lr}
        add     fp, sp, #8
        movs    r4, r0
        beq     .Lsetup_bad
        ldr     r5, =trigger_names
.Lsetup_next:
        ldr     r1, [r5]
        cmp     r1, #0
        beq     .Lsetup_bad
        mov     r0, r4
        bl      strcmp
        cmp     r0, #0
        addne   r5, r5, #8
        bne     .Lsetup_next
        ldr     r1, [r5, #4]
        ldr     r2, =deferred_trigger
        str     r1, [r2]
        pop     {r4-r5, fp, pc}                 @ r0 is 0

.Lsetup_bad:
        mov     r0, #-EINVAL
        pop     {r4-r5, fp, pc}
ENDFUNC deferred_trigger_setup
        __setup "deferred_trigger", deferred_trigger_setup

@ ---------------------------------------------------------------------------
@ deferred_initcalls_mode - permissions of the entry
@
@   in:       -
@   out:      r0 = r--r--r-- where the patch's read function is in force, else
@             rw-r--r--. Root may write to either.
@   clobbers: flags
@   context:  initcall
@ ---------------------------------------------------------------------------
FUNC deferred_initcalls_mode
        ldr     r0, =deferred_trigger
        ldr     r0, [r0]
        tst     r0, #TRIGGER_READ
        movne   r0, #S_IRUGO
        moveq   r0, #S_IRUGO | S_IWUSR
        bx      lr
ENDFUNC deferred_initcalls_mode

        INIT_DATA
        .balign 4
trigger_names:
        .word   .Ltext_2008, TRIGGER_READ
        .word   .Ltext_wiki, TRIGGER_WRITE
        .word   .Ltext_both, TRIGGER_READ | TRIGGER_WRITE
        .word   0
.Ltext_2008:
        .asciz  "2008"
.Ltext_wiki:
        .asciz  "wiki"
.Ltext_both:
        .asciz  "both"

        RODATA
.Ltext_number:
        .asciz  "%d\n"

        .data
        .balign 4
        .global deferred_trigger
deferred_trigger:
        .word   TRIGGER_READ | TRIGGER_WRITE
        .global deferred_initcalls_done
deferred_initcalls_done:
        .word   0
