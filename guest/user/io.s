@ Input and output for the commands: whole writes, lines, error messages.
@
@ A command prints to out_fd, which the shell points at the console or at a file. A write that fails is remembered in
@ out_error, and the shell reports it after the command.

        .include "syscalls.inc"

        .equ    MESSAGE_MAX,    LINE_MAX + 64   @ bytes of a complaint

        .text

@ ---------------------------------------------------------------------------
@ write_all - write, again and again, until everything is written
@
@   in:       r0 = file descriptor
@             r1 = bytes, r2 = how many
@   out:      r0 = 0 / -errno
@   clobbers: r1-r3, ip, flags
@ ---------------------------------------------------------------------------
FUNC write_all
        push    {r4-r7, fp, lr}
        add     fp, sp, #16
        mov     r4, r0
        mov     r5, r1
        mov     r6, r2
.Lwrite_rest:
        cmp     r6, #0
        moveq   r0, #0
        beq     .Lwrite_all_out
        mov     r0, r4
        mov     r1, r5
        mov     r2, r6
        bl      write
        cmp     r0, #0
        moveq   r0, #-EIO                       @ nothing taken and no reason given
        addgt   r5, r5, r0
        subgt   r6, r6, r0
        bgt     .Lwrite_rest
.Lwrite_all_out:
        pop     {r4-r7, fp, pc}
ENDFUNC write_all

@ ---------------------------------------------------------------------------
@ print_bytes - a command's output
@
@   in:       r0 = bytes, r1 = how many
@   out:      r0 = 0 / -errno, which out_error remembers
@   clobbers: r1-r3, ip, flags
@ ---------------------------------------------------------------------------
FUNC print_bytes
        push    {fp, lr}
        add     fp, sp, #0
        mov     r2, r1
        mov     r1, r0
        ldr     r0, =out_fd
        ldr     r0, [r0]
        bl      write_all
        cmp     r0, #0
        ldrne   r1, =out_error
        strne   r0, [r1]
        pop     {fp, pc}
ENDFUNC print_bytes

@ ---------------------------------------------------------------------------
@ print - a command's output, a string
@
@   in:       r0 = string
@   out:      r0 = 0 / -errno
@   clobbers: r1-r3, ip, flags
@ ---------------------------------------------------------------------------
FUNC print
        push    {r4-r5, fp, lr}
        add     fp, sp, #8
        mov     r4, r0
        bl      strlen
        mov     r1, r0
        mov     r0, r4
        bl      print_bytes
        pop     {r4-r5, fp, pc}
ENDFUNC print

@ ---------------------------------------------------------------------------
@ complain - "WHO: WHAT: text of the error" on the console
@
@   in:       r0 = who, a command's name
@             r1 = what, 0 to leave it out
@             r2 = -errno
@   out:      r0 = 1, the status of a command that failed
@   clobbers: r1-r3, ip, flags
@ ---------------------------------------------------------------------------
FUNC complain
        push    {r4-r5, fp, lr}
        add     fp, sp, #8
        mov     r4, r0
        mov     r5, r1
        rsb     r0, r2, #0
        bl      error_text
        mov     r2, r0
        mov     r0, r4
        mov     r1, r5
        bl      complain_text
        pop     {r4-r5, fp, pc}
ENDFUNC complain

@ ---------------------------------------------------------------------------
@ complain_text - "WHO: WHAT: TEXT" on the console, in one write
@
@   in:       r0 = who
@             r1 = what, 0 to leave it out
@             r2 = text
@   out:      r0 = 1
@   clobbers: r1-r3, ip, flags
@ ---------------------------------------------------------------------------
FUNC complain_text
        push    {r4-r7, fp, lr}
        add     fp, sp, #16
        sub     sp, sp, #MESSAGE_MAX
        mov     r4, r1
        mov     r5, r2
        add     r6, sp, #MESSAGE_MAX - 4        @ room for the newline stays
        mov     r1, r0
        mov     r0, sp
        mov     r2, r6
        bl      append
        cmp     r4, #0
        beq     .Lcomplain_reason
        ldr     r1, =.Lcolon
        mov     r2, r6
        bl      append
        mov     r1, r4
        mov     r2, r6
        bl      append
.Lcomplain_reason:
        ldr     r1, =.Lcolon
        mov     r2, r6
        bl      append
        mov     r1, r5
        mov     r2, r6
        bl      append
        ldr     r1, =.Lnewline
        add     r2, r6, #4
        bl      append

        sub     r2, r0, sp
        mov     r0, #STDERR
        mov     r1, sp
        bl      write_all
        mov     r0, #1
        sub     sp, fp, #16
        pop     {r4-r7, fp, pc}
ENDFUNC complain_text

@ ---------------------------------------------------------------------------
@ error_text - what an error number means
@
@   in:       r0 = errno
@   out:      r0 = text
@   clobbers: r1, r2, flags
@ ---------------------------------------------------------------------------
FUNC error_text
        ldr     r1, =error_texts
.Lerror_next:
        ldr     r2, [r1], #8
        cmp     r2, r0
        cmpne   r2, #0                          @ the last row, for all others
        bne     .Lerror_next
        ldr     r0, [r1, #-4]
        bx      lr
ENDFUNC error_text

@ ---------------------------------------------------------------------------
@ read_line - the next line of a file
@
@   in:       r0 = reader
@             r1 = buffer of LINE_MAX bytes: the line without its newline
@   out:      r0 = 1, 0 at the end of the file, -E2BIG for a line that does not
@             fit (it is skipped), / -errno
@   clobbers: r1-r3, ip, flags
@ ---------------------------------------------------------------------------
FUNC read_line
        push    {r4-r7, fp, lr}
        add     fp, sp, #16
        mov     r4, r0
        mov     r5, r1
        mov     r6, #0                          @ bytes of the line
.Lline_byte:
        mov     r0, r4
        bl      read_byte
        cmp     r0, #0
        blt     .Lline_last
        cmp     r0, #'\n'
        beq     .Lline_end
        cmp     r6, #LINE_MAX - 1
        strblo  r0, [r5, r6]
        addls   r6, r6, #1                      @ stays one too many
        b       .Lline_byte

        @ No newline: the end (then what there is, is the last line), or an error.
.Lline_last:
        cmp     r0, #-ENOENT
        bne     .Lline_out
        cmp     r6, #0
        moveq   r0, #0
        beq     .Lline_out
.Lline_end:
        cmp     r6, #LINE_MAX - 1
        movhi   r0, #-E2BIG
        bhi     .Lline_out
        mov     r0, #0
        strb    r0, [r5, r6]
        mov     r0, #1
.Lline_out:
        pop     {r4-r7, fp, pc}
ENDFUNC read_line

@ ---------------------------------------------------------------------------
@ read_byte - the next byte of a file, which is read a piece at a time
@
@   in:       r0 = reader
@   out:      r0 = byte, -ENOENT at the end, / -errno
@   clobbers: r1-r3, ip, flags
@ ---------------------------------------------------------------------------
LFUNC read_byte
        push    {r4-r5, fp, lr}
        add     fp, sp, #8
        mov     r4, r0
        ldr     r1, [r4, #READER_POS]
        ldr     r2, [r4, #READER_FILL]
        cmp     r1, r2
        blo     .Lbyte_take
        ldr     r0, [r4, #READER_FD]
        add     r1, r4, #READER_BUFFER
        mov     r2, #READER_BUFFER_SIZE
        bl      read
        cmp     r0, #0
        moveq   r0, #-ENOENT
        ble     .Lbyte_out
        str     r0, [r4, #READER_FILL]
        mov     r1, #0
.Lbyte_take:
        add     r2, r1, #1
        str     r2, [r4, #READER_POS]
        add     r1, r1, #READER_BUFFER
        ldrb    r0, [r4, r1]
.Lbyte_out:
        pop     {r4-r5, fp, pc}
ENDFUNC read_byte

        .section .rodata, "a", %progbits
.Lcolon:
        .asciz  ": "
.Lnewline:
        .asciz  "\n"

        .balign 4
error_texts:                                    @ number, text
        .word   EPERM, .Leperm
        .word   ENOENT, .Lenoent
        .word   ESRCH, .Lesrch
        .word   EIO, .Leio
        .word   ENXIO, .Lenxio
        .word   E2BIG, .Le2big
        .word   ENOEXEC, .Lenoexec
        .word   EBADF, .Lebadf
        .word   EAGAIN, .Leagain
        .word   ENOMEM, .Lenomem
        .word   EACCES, .Leacces
        .word   EFAULT, .Lefault
        .word   EBUSY, .Lebusy
        .word   EEXIST, .Leexist
        .word   ENODEV, .Lenodev
        .word   ENOTDIR, .Lenotdir
        .word   EISDIR, .Leisdir
        .word   EINVAL, .Leinval
        .word   ENFILE, .Lenfile
        .word   EMFILE, .Lemfile
        .word   ETXTBSY, .Letxtbsy
        .word   EFBIG, .Lefbig
        .word   ENOSPC, .Lenospc
        .word   ESPIPE, .Lespipe
        .word   EROFS, .Lerofs
        .word   ENAMETOOLONG, .Lenametoolong
        .word   ENOSYS, .Lenosys
        .word   ENOPKG, .Lenopkg
        .word   EBADMSG, .Lebadmsg
        .word   EOPNOTSUPP, .Leopnotsupp
        .word   ETIMEDOUT, .Letimedout
        .word   EKEYREJECTED, .Lekeyrejected
        .word   0, .Lunknown
.Leperm:
        .asciz  "Operation not permitted"
.Lenoent:
        .asciz  "No such file or directory"
.Lesrch:
        .asciz  "No such process"
.Leio:
        .asciz  "Input/output error"
.Lenxio:
        .asciz  "No such device or address"
.Le2big:
        .asciz  "Argument list too long"
.Lenoexec:
        .asciz  "Exec format error"
.Lebadf:
        .asciz  "Bad file descriptor"
.Leagain:
        .asciz  "Resource temporarily unavailable"
.Lenomem:
        .asciz  "Cannot allocate memory"
.Leacces:
        .asciz  "Permission denied"
.Lefault:
        .asciz  "Bad address"
.Lebusy:
        .asciz  "Device or resource busy"
.Leexist:
        .asciz  "File exists"
.Lenodev:
        .asciz  "No such device"
.Lenotdir:
        .asciz  "Not a directory"
.Leisdir:
        .asciz  "Is a directory"
.Leinval:
        .asciz  "Invalid argument"
.Lenfile:
        .asciz  "Too many open files in system"
.Lemfile:
        .asciz  "Too many open files"
.Letxtbsy:
        .asciz  "Text file busy"
.Lefbig:
        .asciz  "File too large"
.Lenospc:
        .asciz  "No space left on device"
.Lespipe:
        .asciz  "Illegal seek"
.Lerofs:
        .asciz  "Read-only file system"
.Lenametoolong:
        .asciz  "File name too long"
.Lenosys:
        .asciz  "Function not implemented"
.Lenopkg:
        .asciz  "Package not installed"
.Lebadmsg:
        .asciz  "Bad message"
.Leopnotsupp:
        .asciz  "Operation not supported"
.Letimedout:
        .asciz  "Connection timed out"
.Lekeyrejected:
        .asciz  "Key was rejected by service"
.Lunknown:
        .asciz  "Unknown error"

        .data
        .balign 4
        .global out_fd, out_error
out_fd:                                         @ where print writes
        .word   STDOUT
out_error:                                      @ last -errno of print, 0: none
        .word   0

        .bss
        .balign 8
        .global io_buffer
io_buffer:                                      @ for whichever command runs
        .space  IO_BUFFER
