@ uaccess.s - reading and writing the program's memory. Addresses below TASK_SIZE are tried; what is not mapped, or not
@ writable, faults and goes on at the fix-up, so a bad pointer costs the caller -EFAULT and never the kernel.

        .include "macros.inc"
        .include "memory.inc"
        .include "uaccess.inc"

        .text
@ ---------------------------------------------------------------------------
@ access_ok - does a range lie in user space?
@
@   in:       r0 = start, r1 = bytes
@   out:      r0 = 1 / 0
@   clobbers: r1, flags
@   context:  any
@ ---------------------------------------------------------------------------
FUNC access_ok
        adds    r1, r0, r1
        movcs   r0, #0
        bxcs    lr
        cmp     r1, #TASK_SIZE
        movls   r0, #1
        movhi   r0, #0
        bx      lr
ENDFUNC access_ok

@ ---------------------------------------------------------------------------
@ copy_from_user, copy_to_user - copy between the program and the kernel
@
@   in:       r0 = to, r1 = from, r2 = bytes
@   out:      r0 = bytes NOT copied: 0 is success
@   clobbers: r1-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
FUNC copy_from_user
        mov     r3, r1
        b       copy_user
ENDFUNC copy_from_user

FUNC copy_to_user
        mov     r3, r0
        b       copy_user
ENDFUNC copy_to_user

@ r3 = the user address among r0 and r1; the rest as above.
LFUNC copy_user
        adds    ip, r3, r2
        bcs     .Lnot_copied
        cmp     ip, #TASK_SIZE
        bhi     .Lnot_copied
        orr     r3, r0, r1
        tst     r3, #3
        bne     .Lcopy_bytes
.Lcopy_words:
        cmp     r2, #4
        blo     .Lcopy_bytes
.Lload_word:
        ldr     r3, [r1], #4
.Lstore_word:
        str     r3, [r0], #4
        sub     r2, r2, #4
        b       .Lcopy_words
.Lcopy_bytes:
        cmp     r2, #0
        beq     .Lnot_copied
.Lload_byte:
        ldrb    r3, [r1], #1
.Lstore_byte:
        strb    r3, [r0], #1
        sub     r2, r2, #1
        b       .Lcopy_bytes
.Lnot_copied:
        mov     r0, r2
        bx      lr
        ex_table .Lload_word, .Lnot_copied
        ex_table .Lstore_word, .Lnot_copied
        ex_table .Lload_byte, .Lnot_copied
        ex_table .Lstore_byte, .Lnot_copied
ENDFUNC copy_user

@ ---------------------------------------------------------------------------
@ strncpy_from_user - copy a string of the program's
@
@   in:       r0 = buffer, r1 = user address, r2 = size of the buffer
@   out:      r0 = length without the NUL; r2's value when there is no NUL within it; -EFAULT
@   clobbers: r1-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
FUNC strncpy_from_user
        mov     ip, #0
.Lnext_char:
        cmp     ip, r2
        bhs     .Lstring_done
        cmp     r1, #TASK_SIZE
        bhs     .Lbad_string
.Lload_char:
        ldrb    r3, [r1], #1
        strb    r3, [r0, ip]
        cmp     r3, #0
        addne   ip, ip, #1
        bne     .Lnext_char
.Lstring_done:
        mov     r0, ip
        bx      lr
.Lbad_string:
        mov     r0, #-EFAULT
        bx      lr
        ex_table .Lload_char, .Lbad_string
ENDFUNC strncpy_from_user

        EXPORT_SYMBOL copy_from_user
        EXPORT_SYMBOL copy_to_user
