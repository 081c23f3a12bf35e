@ cat, echo, ls, rm: the commands about files.

        .include "syscalls.inc"

        .text

@ ---------------------------------------------------------------------------
@ cat - print files, or the console until control-D
@
@   in:       r0 = argc, r1 = argv
@   out:      r0 = 0, or 1 when one of them failed
@   clobbers: r1-r3, ip, flags
@ ---------------------------------------------------------------------------
FUNC cat
        push    {r4-r7, fp, lr}
        add     fp, sp, #16
        mov     r4, r1
        mov     r5, #0                          @ status
        cmp     r0, #1
        bgt     .Lcat_next
        mov     r0, #STDIN
        ldr     r1, =.Lconsole
        bl      cat_fd
        mov     r5, r0
        b       .Lcat_out

.Lcat_next:
        ldr     r6, [r4, #4]!
        cmp     r6, #0
        beq     .Lcat_out
        mov     r0, r6
        mov     r1, #O_RDONLY
        mov     r2, #0
        bl      open
        movs    r7, r0
        blt     .Lcat_no_file
        mov     r1, r6
        bl      cat_fd
        orr     r5, r5, r0
        mov     r0, r7
        bl      close
        b       .Lcat_next
.Lcat_no_file:
        mov     r2, r0
        ldr     r0, =.Lcat
        mov     r1, r6
        bl      complain
        mov     r5, r0
        b       .Lcat_next
.Lcat_out:
        mov     r0, r5
        pop     {r4-r7, fp, pc}
ENDFUNC cat

@ ---------------------------------------------------------------------------
@ cat_fd - print what is left of an open file
@
@   in:       r0 = file descriptor
@             r1 = its name, for complaints
@   out:      r0 = 0 / 1
@   clobbers: r1-r3, ip, flags
@ ---------------------------------------------------------------------------
LFUNC cat_fd
        push    {r4-r5, fp, lr}
        add     fp, sp, #8
        mov     r4, r0
        mov     r5, r1
.Lcat_piece:
        mov     r0, r4
        ldr     r1, =io_buffer
        mov     r2, #IO_BUFFER
        bl      read
        cmp     r0, #0
        ble     .Lcat_end
        mov     r1, r0
        ldr     r0, =io_buffer
        bl      print_bytes
        cmp     r0, #0
        beq     .Lcat_piece
        mov     r0, #1                          @ the shell will say why
        b       .Lcat_fd_out
.Lcat_end:
        movs    r2, r0
        beq     .Lcat_fd_out
        ldr     r0, =.Lcat
        mov     r1, r5
        bl      complain
.Lcat_fd_out:
        pop     {r4-r5, fp, pc}
ENDFUNC cat_fd

@ ---------------------------------------------------------------------------
@ echo - print words with blanks between them, in one write: what arrives at
@ /proc is the whole text
@
@   in:       r0 = argc, r1 = argv
@   out:      r0 = 0 / -errno
@   clobbers: r1-r3, ip, flags
@ ---------------------------------------------------------------------------
FUNC echo
        push    {r4-r7, fp, lr}
        add     fp, sp, #16
        mov     r4, r1
        ldr     r5, =io_buffer
        add     r6, r5, #IO_BUFFER              @ far more than a line
        mov     r0, r5
.Lecho_next:
        ldr     r1, [r4, #4]!
        cmp     r1, #0
        beq     .Lecho_end
        mov     r2, r6
        bl      append
        ldr     r1, [r4, #4]
        cmp     r1, #0
        beq     .Lecho_end
        ldr     r1, =.Lblank
        mov     r2, r6
        bl      append
        b       .Lecho_next
.Lecho_end:
        ldr     r1, =.Lnewline
        mov     r2, r6
        bl      append
        sub     r1, r0, r5
        mov     r0, r5
        bl      print_bytes
        pop     {r4-r7, fp, pc}
ENDFUNC echo

@ ---------------------------------------------------------------------------
@ rm - delete files
@
@   in:       r0 = argc, r1 = argv
@   out:      r0 = 0, or 1 when one of them stayed
@   clobbers: r1-r3, ip, flags
@ ---------------------------------------------------------------------------
FUNC rm
        push    {r4-r5, fp, lr}
        add     fp, sp, #8
        mov     r4, r1
        mov     r5, #0
.Lrm_next:
        ldr     r0, [r4, #4]!
        cmp     r0, #0
        beq     .Lrm_out
        bl      unlink
        movs    r2, r0
        beq     .Lrm_next
        ldr     r0, =.Lrm
        ldr     r1, [r4]
        bl      complain
        mov     r5, r0
        b       .Lrm_next
.Lrm_out:
        mov     r0, r5
        pop     {r4-r5, fp, pc}
ENDFUNC rm

@ ---------------------------------------------------------------------------
@ ls - list directories and files, "/" without a word
@
@   in:       r0 = argc, r1 = argv
@   out:      r0 = 0, or 1 when one of them failed
@   clobbers: r1-r3, ip, flags
@ ---------------------------------------------------------------------------
FUNC ls
        push    {r4-r5, fp, lr}
        add     fp, sp, #8
        mov     r4, r1
        mov     r5, #0
        cmp     r0, #1
        bgt     .Lls_next
        ldr     r0, =.Lroot
        bl      list_path
        mov     r5, r0
        b       .Lls_out
.Lls_next:
        ldr     r0, [r4, #4]!
        cmp     r0, #0
        beq     .Lls_out
        bl      list_path
        orr     r5, r5, r0
        b       .Lls_next
.Lls_out:
        mov     r0, r5
        pop     {r4-r5, fp, pc}
ENDFUNC ls

@ ---------------------------------------------------------------------------
@ list_path - one path of ls: a line, or a line for each entry
@
@   in:       r0 = path
@   out:      r0 = 0 / 1
@   clobbers: r1-r3, ip, flags
@ ---------------------------------------------------------------------------
LFUNC list_path
        push    {r4-r5, fp, lr}
        add     fp, sp, #8
        sub     sp, sp, #STAT_SIZE
        mov     r4, r0
        mov     r1, sp
        bl      stat
        cmp     r0, #0
        blt     .Lpath_complain
        ldrh    r0, [sp, #ST_MODE]
        and     r1, r0, #S_IFMT
        cmp     r1, #S_IFDIR
        beq     .Lpath_directory
        mov     r0, sp
        mov     r1, r4
        bl      print_entry
        mov     r0, #0
        b       .Lpath_out

.Lpath_directory:
        mov     r0, r4
        ldr     r1, =O_RDONLY | O_DIRECTORY
        mov     r2, #0
        bl      open
        movs    r5, r0
        blt     .Lpath_complain
        mov     r1, r4
        bl      list_directory
        mov     r4, r0
        mov     r0, r5
        bl      close
        mov     r0, r4
        b       .Lpath_out

.Lpath_complain:
        mov     r2, r0
        ldr     r0, =.Lls
        mov     r1, r4
        bl      complain
.Lpath_out:
        sub     sp, fp, #8
        pop     {r4-r5, fp, pc}
ENDFUNC list_path

@ ---------------------------------------------------------------------------
@ list_directory - every entry of an open directory
@
@   in:       r0 = file descriptor
@             r1 = its path
@   out:      r0 = 0 / 1
@   clobbers: r1-r3, ip, flags
@ ---------------------------------------------------------------------------
LFUNC list_directory
        push    {r4-r9, fp, lr}
        add     fp, sp, #24
        mov     r4, r0
        mov     r5, r1
        mov     r8, #0                          @ status
.Ldirectory_piece:
        mov     r0, r4
        ldr     r1, =io_buffer
        mov     r2, #IO_BUFFER
        bl      getdents
        cmp     r0, #0
        ble     .Ldirectory_end
        ldr     r6, =io_buffer
        add     r7, r6, r0
.Ldirectory_record:
        mov     r0, r5
        add     r1, r6, #LDIRENT_NAME
        bl      list_entry
        orr     r8, r8, r0
        ldrh    r0, [r6, #LDIRENT_RECLEN]
        add     r6, r6, r0
        cmp     r6, r7
        blo     .Ldirectory_record
        b       .Ldirectory_piece

.Ldirectory_end:
        movs    r2, r0
        moveq   r0, r8
        beq     .Ldirectory_out
        ldr     r0, =.Lls
        mov     r1, r5
        bl      complain
.Ldirectory_out:
        pop     {r4-r9, fp, pc}
ENDFUNC list_directory

@ ---------------------------------------------------------------------------
@ list_entry - one entry of a directory
@
@   in:       r0 = path of the directory
@             r1 = name
@   out:      r0 = 0 / 1
@   clobbers: r1-r3, ip, flags
@ ---------------------------------------------------------------------------
LFUNC list_entry
        push    {r4-r5, fp, lr}
        add     fp, sp, #8
        sub     sp, sp, #STAT_SIZE
        sub     sp, sp, #PATH_MAX
        mov     r4, r1
        add     r5, sp, #PATH_MAX
        mov     r1, r0
        mov     r0, sp
        mov     r2, r5
        bl      append
        ldr     r1, =.Lroot                     @ "//" is as good as "/"
        mov     r2, r5
        bl      append
        mov     r1, r4
        mov     r2, r5
        bl      append
        mov     r0, sp
        mov     r1, r5
        bl      stat
        movs    r2, r0
        blt     .Lentry_complain
        mov     r0, r5
        mov     r1, r4
        bl      print_entry
        mov     r0, #0
        b       .Lentry_out
.Lentry_complain:
        ldr     r0, =.Lls
        mov     r1, sp
        bl      complain
.Lentry_out:
        sub     sp, fp, #8
        pop     {r4-r5, fp, pc}
ENDFUNC list_entry

@ ---------------------------------------------------------------------------
@ print_entry - "-rw-r--r--    12345 name"
@
@   in:       r0 = struct stat
@             r1 = name
@   out:      -
@   clobbers: r0-r3, ip, flags
@ ---------------------------------------------------------------------------
LFUNC print_entry
        push    {r4-r7, fp, lr}
        add     fp, sp, #16
        sub     sp, sp, #PATH_MAX
        sub     sp, sp, #32                     @ permissions, number, blanks
        mov     r4, r0
        mov     r5, r1
        add     r6, sp, #PATH_MAX + 32
        ldrh    r0, [r4, #ST_MODE]
        mov     r1, sp
        bl      format_mode
        ldr     r1, [r4, #ST_SIZE]
        mov     r2, r6
        ldr     r3, =9 | ' ' << 8
        bl      append_number
        ldr     r1, =.Lblank
        mov     r2, r6
        bl      append
        mov     r1, r5
        sub     r2, r6, #1                      @ room for the newline stays
        bl      append
        ldr     r1, =.Lnewline
        mov     r2, r6
        bl      append
        sub     r1, r0, sp
        mov     r0, sp
        bl      print_bytes
        sub     sp, fp, #16
        pop     {r4-r7, fp, pc}
ENDFUNC print_entry

@ ---------------------------------------------------------------------------
@ format_mode - type and permissions as ten characters
@
@   in:       r0 = mode
@             r1 = where they go
@   out:      r0 = behind them; there is no NUL yet
@   clobbers: r1-r3, flags
@ ---------------------------------------------------------------------------
LFUNC format_mode
        push    {r4-r5, fp, lr}
        add     fp, sp, #8
        and     r2, r0, #S_IFMT
        mov     r3, #'-'
        cmp     r2, #S_IFDIR
        moveq   r3, #'d'
        cmp     r2, #S_IFCHR
        moveq   r3, #'c'
        strb    r3, [r1], #1
        ldr     r2, =.Lrwx
        mov     r4, #0x100                      @ from the owner's r to the others' x
.Lmode_bit:
        ldrb    r3, [r2], #1
        tst     r0, r4
        moveq   r3, #'-'
        strb    r3, [r1], #1
        movs    r4, r4, lsr #1
        bne     .Lmode_bit
        mov     r0, r1
        pop     {r4-r5, fp, pc}
ENDFUNC format_mode

        .section .rodata, "a", %progbits
.Lconsole:
        .asciz  "console"
.Lroot:
        .asciz  "/"
.Lblank:
        .asciz  " "
.Lnewline:
        .asciz  "\n"
.Lrwx:
        .ascii  "rwxrwxrwx"
.Lcat:
        .asciz  "cat"
.Lls:
        .asciz  "ls"
.Lrm:
        .asciz  "rm"
