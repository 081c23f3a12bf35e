@ /proc: the list of entries, and the two functions that every access goes through, whether it comes from a system call
@ or from the proc window (Linux fs/proc/generic.c). The entries themselves are in proc_*.s.

        .include "macros.inc"
        .include "fs.inc"
        .include "proc.inc"

        .equ    PROC_OP_READ,   0               @ operations of the proc window
        .equ    PROC_OP_WRITE,  1

        .text

@ ---------------------------------------------------------------------------
@ proc_create - make /proc/NAME
@
@   in:       r0 = name; it is kept
@             r1 = permissions
@             r2 = show(seq) -> 0 / -errno
@             r3 = write(buf, count) -> bytes / -errno, or 0
@   out:      r0 = struct proc_dir_entry, 0 without memory
@   clobbers: r1-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
FUNC proc_create
        push    {r4-r7, fp, lr}
        add     fp, sp, #16
        mov     r4, r0
        mov     r5, r1
        mov     r6, r2
        mov     r7, r3
        mov     r0, #PROC_SIZE
        bl      kzalloc
        cmp     r0, #0
        beq     .Lcreate_out
        orr     r5, r5, #S_IFREG
        str     r4, [r0, #PROC_NAME]
        str     r5, [r0, #PROC_MODE]
        str     r6, [r0, #PROC_SHOW]
        str     r7, [r0, #PROC_WRITE]

        ldr     r1, =proc_entries
.Lcreate_last:
        ldr     r2, [r1]
        cmp     r2, #0
        addne   r1, r2, #PROC_NEXT
        bne     .Lcreate_last
        str     r0, [r1]
.Lcreate_out:
        pop     {r4-r7, fp, pc}
ENDFUNC proc_create
        EXPORT_SYMBOL proc_create

@ ---------------------------------------------------------------------------
@ proc_lookup - the entry of a name
@
@   in:       r0 = name inside /proc
@   out:      r0 = struct proc_dir_entry, 0 when there is none
@   clobbers: r1-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
FUNC proc_lookup
        push    {r4-r5, fp, lr}
        add     fp, sp, #8
        mov     r4, r0
        ldr     r5, =proc_entries
        ldr     r5, [r5]
        b       .Llookup_test
.Llookup_next:
        ldr     r0, [r5, #PROC_NAME]
        mov     r1, r4
        bl      strcmp
        cmp     r0, #0
        beq     .Llookup_out
        ldr     r5, [r5, #PROC_NEXT]
.Llookup_test:
        cmp     r5, #0
        bne     .Llookup_next
.Llookup_out:
        mov     r0, r5
        pop     {r4-r5, fp, pc}
ENDFUNC proc_lookup

@ ---------------------------------------------------------------------------
@ proc_read_entry - read part of an entry's text; the host watches this one
@
@   in:       r0 = struct proc_dir_entry
@             r1 = kernel buffer
@             r2 = bytes wanted
@             r3 = offset in the text
@   out:      r0 = bytes read, 0 past the end, / -errno
@   clobbers: r1-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
FUNC proc_read_entry
        push    {fp, lr}
        add     fp, sp, #0
        sub     sp, sp, #SEQ_SIZE
        str     r1, [sp, #SEQ_BUF]
        str     r2, [sp, #SEQ_ROOM]
        str     r3, [sp, #SEQ_START]
        mov     r1, #0
        str     r1, [sp, #SEQ_POS]
        ldr     r3, [r0, #PROC_SHOW]
        cmp     r3, #0
        moveq   r0, #-EIO                       @ an entry that can only be written
        beq     .Lread_out
        mov     r0, sp
        blx     r3
        cmp     r0, #0
        blt     .Lread_out

        @ Of the text, what lies behind the offset and fits.
        ldr     r0, [sp, #SEQ_POS]
        ldr     r1, [sp, #SEQ_START]
        ldr     r2, [sp, #SEQ_ROOM]
        subs    r0, r0, r1
        movlo   r0, #0
        cmp     r0, r2
        movhi   r0, r2
.Lread_out:
        sub     sp, fp, #0
        pop     {fp, pc}
ENDFUNC proc_read_entry

@ ---------------------------------------------------------------------------
@ proc_write_entry - write to an entry; the host watches this one
@
@   in:       r0 = struct proc_dir_entry
@             r1 = kernel buffer
@             r2 = bytes
@             r3 = offset (no entry minds it)
@   out:      r0 = bytes taken / -errno; -EIO where nothing takes a write
@   clobbers: r1-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
FUNC proc_write_entry
        push    {fp, lr}
        add     fp, sp, #0
        ldr     r3, [r0, #PROC_WRITE]
        cmp     r3, #0
        moveq   r0, #-EIO
        beq     .Lwrite_out
        mov     r0, r1
        mov     r1, r2
        blx     r3
.Lwrite_out:
        pop     {fp, pc}
ENDFUNC proc_write_entry

@ ---------------------------------------------------------------------------
@ proc_window_rw - an access to /proc from outside: one of proc_window_op's
@
@   in:       r0 = PROC_OP_READ or PROC_OP_WRITE
@             r1 = path, NUL-ended; "/proc/" may stand before the name
@             r2 = kernel buffer
@             r3 = bytes
@             [sp] = offset
@   out:      r0 = bytes / -ENOENT / -EINVAL / what the entry says
@   clobbers: r1-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
FUNC proc_window_rw
        push    {r4-r7, fp, lr}
        add     fp, sp, #16
        mov     r4, r0
        mov     r5, r1
        mov     r6, r2
        mov     r7, r3
        mov     r0, r5
        ldr     r1, =.Ltext_prefix
        mov     r2, #6                          @ its length
        bl      strncmp
        cmp     r0, #0
        addeq   r5, r5, #6
        mov     r0, r5
        bl      proc_lookup
        cmp     r0, #0
        moveq   r0, #-ENOENT
        beq     .Lwindow_out
        mov     r1, r6
        mov     r2, r7
        ldr     r3, [fp, #8]
        cmp     r4, #PROC_OP_READ
        beq     .Lwindow_read
        cmp     r4, #PROC_OP_WRITE
        movne   r0, #-EINVAL
        bne     .Lwindow_out
        bl      proc_write_entry
        b       .Lwindow_out
.Lwindow_read:
        bl      proc_read_entry
.Lwindow_out:
        pop     {r4-r7, fp, pc}
ENDFUNC proc_window_rw

@ ---------------------------------------------------------------------------
@ proc_open - FS_OPEN. Permissions do not stop the one user there is, root
@
@   in:       r0 = name, r1 = O_* flags, r2 = struct file
@   out:      r0 = 0 / -ENOENT
@   clobbers: r1-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
LFUNC proc_open
        push    {r4-r5, fp, lr}
        add     fp, sp, #8
        mov     r4, r2
        bl      proc_lookup
        cmp     r0, #0
        moveq   r0, #-ENOENT
        beq     .Lopen_out
        str     r0, [r4, #FILE_PRIVATE]
        ldr     r1, [r0, #PROC_MODE]
        str     r1, [r4, #FILE_MODE]
        ldr     r1, =proc_fops
        str     r1, [r4, #FILE_OP]
        mov     r0, #0
.Lopen_out:
        pop     {r4-r5, fp, pc}
ENDFUNC proc_open

@ ---------------------------------------------------------------------------
@ proc_read, proc_write - FOPS_READ, FOPS_WRITE
@
@   in:       r0 = struct file, r1 = kernel buffer, r2 = bytes
@   out:      r0 = bytes / -errno
@   clobbers: r1-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
LFUNC proc_read
        push    {fp, lr}
        add     fp, sp, #0
        ldr     r3, [r0, #FILE_POS]
        ldr     r0, [r0, #FILE_PRIVATE]
        bl      proc_read_entry
        pop     {fp, pc}
ENDFUNC proc_read

LFUNC proc_write
        push    {fp, lr}
        add     fp, sp, #0
        ldr     r3, [r0, #FILE_POS]
        ldr     r0, [r0, #FILE_PRIVATE]
        bl      proc_write_entry
        pop     {fp, pc}
ENDFUNC proc_write

@ ---------------------------------------------------------------------------
@ proc_readdir - FS_READDIR
@
@   in:       r0 = index, r1 = dirent
@   out:      r0 = 0 / -ENOENT past the last
@   clobbers: r1-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
LFUNC proc_readdir
        push    {fp, lr}
        add     fp, sp, #0
        ldr     r2, =proc_entries
        ldr     r2, [r2]
.Lreaddir_count:
        cmp     r2, #0
        moveq   r0, #-ENOENT
        beq     .Lreaddir_out
        subs    r0, r0, #1
        ldrhs   r2, [r2, #PROC_NEXT]
        bhs     .Lreaddir_count
        ldr     r0, [r2, #PROC_MODE]
        str     r0, [r1, #DIRENT_MODE]
        add     r0, r1, #DIRENT_NAME
        ldr     r1, [r2, #PROC_NAME]
        mov     r2, #DIRENT_NAME_MAX
        bl      strlcpy
        mov     r0, #0                          @ as in Linux: a size nobody knows before reading
.Lreaddir_out:
        pop     {fp, pc}
ENDFUNC proc_readdir

        INIT_TEXT

@ ---------------------------------------------------------------------------
@ proc_root_init - mount /proc with the kernel's own entries
@
@   in:       -
@   out:      r0 = 0 / -errno
@   clobbers: r1-r3, ip, flags
@   context:  initcall
@ ---------------------------------------------------------------------------
FUNC proc_root_init
        push    {fp, lr}
        add     fp, sp, #0
        ldr     r0, =proc_fs_type
        bl      register_filesystem
        cmp     r0, #0
        bne     .Linit_out
        ldr     r0, =.Ltext_mount
        ldr     r1, =proc_fs_type
        bl      vfs_mount
        cmp     r0, #0
        bne     .Linit_out
        bl      proc_misc_init
.Linit_out:
        pop     {fp, pc}
ENDFUNC proc_root_init
        fs_initcall proc_root_init

        RODATA
        .balign 4
proc_fops:
        file_operations read=proc_read, write=proc_write
.Ltext_proc:
        .asciz  "proc"
.Ltext_mount:
        .asciz  "/proc"
.Ltext_prefix:
        .asciz  "/proc/"

        .data
        .balign 4
        .global proc_entries
proc_entries:                                   @ list of struct proc_dir_entry, in order of creation
        .word   0
proc_fs_type:
        file_system_type .Ltext_proc, open=proc_open, readdir=proc_readdir
