@ proc_window.s - what can be asked from outside the board through the proc window (drivers/procwin.s). Each operation is
@ the function behind a system call, so it does what a program could do that runs as root.

        .include "macros.inc"
        .include "fs.inc"

        .equ    NR_PROC_WINDOW_OPS, 6

        .text

@ ---------------------------------------------------------------------------
@ proc_window_op - carry out a request
@
@   in:       r0 = operation: a row of proc_window_ops
@             r1 = path or name, NUL-ended
@             r2 = kernel buffer
@             r3 = bytes in it, or wanted
@             [sp] = offset or flags
@   out:      r0 = bytes or 0 / -errno; -EINVAL for an operation there is not
@   clobbers: r1-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
FUNC proc_window_op
        cmp     r0, #NR_PROC_WINDOW_OPS
        movhs   r0, #-EINVAL
        bxhs    lr
        ldr     ip, =proc_window_ops
        ldr     pc, [ip, r0, lsl #2]            @ with the same arguments
ENDFUNC proc_window_op
        EXPORT_SYMBOL proc_window_op

@ ---------------------------------------------------------------------------
@ window_append - put bytes at the end of a file; at offset 0 it is made anew
@
@   in:       r1 = path, r2 = kernel buffer, r3 = bytes
@             [sp] = what the file's length must be
@   out:      r0 = bytes written / -errno; -EINVAL the file has another length
@   clobbers: r1-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
LFUNC window_append
        push    {r4-r7, fp, lr}
        add     fp, sp, #16
        mov     r5, r2
        mov     r6, r3
        ldr     r7, [fp, #8]
        mov     r0, r1
        ldr     r1, =O_WRONLY | O_CREAT
        cmp     r7, #0
        orreq   r1, r1, #O_TRUNC
        ldr     r2, =MODE_FILE
        bl      filp_open
        cmn     r0, #MAX_ERRNO + 1
        bhi     .Lappend_out
        mov     r4, r0

        ldr     r3, [r4, #FILE_OP]
        ldr     r3, [r3, #FOPS_LENGTH]
        cmp     r3, #0
        beq     .Lappend_no_file                @ a device: it has no end
        blx     r3
        cmp     r0, r7
        bne     .Lappend_no_file
        str     r7, [r4, #FILE_POS]
        mov     r0, r4
        mov     r1, r5
        mov     r2, r6
        bl      kernel_write
        mov     r5, r0
.Lappend_close:
        mov     r0, r4
        bl      filp_close
        cmp     r5, #0
        movlt   r0, r5
        cmp     r0, #0
        movge   r0, r5
.Lappend_out:
        pop     {r4-r7, fp, pc}
.Lappend_no_file:
        mov     r5, #-EINVAL
        b       .Lappend_close
ENDFUNC window_append

@ ---------------------------------------------------------------------------
@ window_finit_module - load the module in a file
@
@   in:       r1 = path, r2 = parameters, NUL-ended
@             [sp] = MODULE_INIT_* flags
@   out:      r0 = 0 / -errno
@   clobbers: r1-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
LFUNC window_finit_module
        mov     r0, r1
        mov     r1, r2
        ldr     r2, [sp]
        b       load_module_file
ENDFUNC window_finit_module

@ ---------------------------------------------------------------------------
@ window_delete_module - take a module out
@
@   in:       r1 = name
@             [sp] = O_* flags of delete_module
@   out:      r0 = 0 / -errno
@   clobbers: r1-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
LFUNC window_delete_module
        mov     r0, r1
        ldr     r1, [sp]
        b       do_delete_module
ENDFUNC window_delete_module

@ ---------------------------------------------------------------------------
@ window_unlink - delete a file
@
@   in:       r1 = path
@   out:      r0 = 0 / -errno
@   clobbers: r1-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
LFUNC window_unlink
        mov     r0, r1
        b       vfs_unlink
ENDFUNC window_unlink

        RODATA
        .balign 4
proc_window_ops:                                @ func(operation, path, buffer, bytes, [sp] offset or flags)
        .word   proc_window_rw                  @ read
        .word   proc_window_rw                  @ write
        .word   window_append
        .word   window_finit_module
        .word   window_delete_module
        .word   window_unlink
