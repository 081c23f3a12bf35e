@ Reading directories and asking about names: getdents, stat, unlink (Linux fs/readdir.c, fs/stat.c).

        .include "macros.inc"
        .include "fs.inc"
        .include "unistd.inc"

        .equ    RECORD_MAX,     80              @ of one linux_dirent: its head, the longest name, NUL, type

        .text

@ ---------------------------------------------------------------------------
@ sys_getdents - getdents(fd, records, count): as many entries as fit
@
@   in:       r0 = file descriptor, r1 = user buffer, r2 = its bytes
@   out:      r0 = bytes filled, 0 past the last, / -errno; -EINVAL when not
@             even one entry fits
@   clobbers: r1-r3, ip, flags
@   context:  system call
@ ---------------------------------------------------------------------------
FUNC sys_getdents
        push    {r4-r9, fp, lr}
        add     fp, sp, #24
        sub     sp, sp, #DIRENT_SIZE + RECORD_MAX
        mov     r5, r1
        mov     r6, r2
        mov     r7, #0                          @ bytes filled
        bl      fget
        movs    r4, r0
        moveq   r0, #-EBADF
        beq     .Ldents_out
        ldr     r8, [r4, #FILE_OP]
        ldr     r8, [r8, #FOPS_READDIR]
        cmp     r8, #0
        moveq   r0, #-ENOTDIR
        beq     .Ldents_out

.Ldents_next:
        ldr     r0, =MODE_FILE
        str     r0, [sp, #DIRENT_MODE]
        mov     r0, r4
        ldr     r1, [r4, #FILE_POS]             @ entries passed so far
        mov     r2, sp
        blx     r8
        cmp     r0, #-ENOENT
        beq     .Ldents_end
        cmp     r0, #0
        blt     .Ldents_out

        add     r0, sp, #DIRENT_SIZE
        mov     r1, sp
        ldr     r2, [r4, #FILE_POS]
        bl      fill_record
        mov     r9, r0                          @ its length
        add     r1, r7, r9
        cmp     r1, r6
        bhi     .Ldents_full

        add     r0, r5, r7
        add     r1, sp, #DIRENT_SIZE
        mov     r2, r9
        bl      copy_to_user
        cmp     r0, #0
        movne   r0, #-EFAULT
        bne     .Ldents_out
        add     r7, r7, r9
        ldr     r0, [r4, #FILE_POS]
        add     r0, r0, #1
        str     r0, [r4, #FILE_POS]
        b       .Ldents_next

.Ldents_full:
        cmp     r7, #0
        moveq   r0, #-EINVAL
        beq     .Ldents_out
.Ldents_end:
        mov     r0, r7
.Ldents_out:
        sub     sp, fp, #24
        pop     {r4-r9, fp, pc}
ENDFUNC sys_getdents

@ ---------------------------------------------------------------------------
@ fill_record - one struct linux_dirent
@
@   in:       r0 = record, RECORD_MAX bytes
@             r1 = dirent
@             r2 = index of the entry
@   out:      r0 = length of the record
@   clobbers: r1-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
LFUNC fill_record
        push    {r4-r7, fp, lr}
        add     fp, sp, #16
        mov     r4, r0
        mov     r5, r1
        add     r2, r2, #1
        str     r2, [r4, #LDIRENT_INO]          @ inode 0 would mean deleted
        str     r2, [r4, #LDIRENT_OFF]

        @ The name, then zeros, and the type in the last byte.
        add     r0, r4, #LDIRENT_NAME
        mov     r1, r5
        mov     r2, #DIRENT_NAME_MAX
        bl      strlcpy
        add     r0, r4, #LDIRENT_NAME
        bl      strlen
        add     r6, r0, #LDIRENT_NAME + 2 + 3
        bic     r6, r6, #3
        strh    r6, [r4, #LDIRENT_RECLEN]
        add     r0, r0, #LDIRENT_NAME
        mov     r1, #0
.Lfill_zero:
        strb    r1, [r4, r0]
        add     r0, r0, #1
        cmp     r0, r6
        blo     .Lfill_zero

        ldr     r1, [r5, #DIRENT_MODE]
        mov     r1, r1, lsr #12                 @ DT_* is the file type of the mode
        sub     r0, r6, #1
        strb    r1, [r4, r0]
        mov     r0, r6
        pop     {r4-r7, fp, pc}
ENDFUNC fill_record

@ ---------------------------------------------------------------------------
@ sys_stat - stat(path, struct stat *)
@
@   in:       r0 = user pointer to the path, r1 = user struct stat
@   out:      r0 = 0 / -errno
@   clobbers: r1-r3, ip, flags
@   context:  system call
@ ---------------------------------------------------------------------------
FUNC sys_stat
        push    {r4-r5, fp, lr}
        add     fp, sp, #8
        sub     sp, sp, #PATH_MAX
        sub     sp, sp, #DIRENT_SIZE + STAT_SIZE
        mov     r4, r1
        mov     r1, r0
        add     r0, sp, #DIRENT_SIZE + STAT_SIZE
        bl      path_from_user
        cmp     r0, #0
        bne     .Lsys_stat_out
        ldr     r0, =MODE_FILE
        str     r0, [sp, #DIRENT_MODE]
        add     r0, sp, #DIRENT_SIZE + STAT_SIZE
        mov     r1, sp
        bl      vfs_stat
        cmp     r0, #0
        blt     .Lsys_stat_out
        mov     r5, r0

        add     r0, sp, #DIRENT_SIZE
        mov     r1, #0
        mov     r2, #STAT_SIZE
        bl      memset
        add     r0, sp, #DIRENT_SIZE
        ldr     r1, [sp, #DIRENT_MODE]
        strh    r1, [r0, #ST_MODE]
        mov     r1, #1
        strh    r1, [r0, #ST_NLINK]
        str     r5, [r0, #ST_SIZE]
        mov     r1, #4096
        str     r1, [r0, #ST_BLKSIZE]
        add     r1, r5, #512
        sub     r1, r1, #1
        mov     r1, r1, lsr #9                  @ in units of 512 bytes
        str     r1, [r0, #ST_BLOCKS]

        mov     r1, r0
        mov     r0, r4
        mov     r2, #STAT_SIZE
        bl      copy_to_user
        cmp     r0, #0
        movne   r0, #-EFAULT
.Lsys_stat_out:
        sub     sp, fp, #8
        pop     {r4-r5, fp, pc}
ENDFUNC sys_stat

@ ---------------------------------------------------------------------------
@ sys_unlink - unlink(path)
@
@   in:       r0 = user pointer to the path
@   out:      r0 = 0 / -errno
@   clobbers: r1-r3, ip, flags
@   context:  system call
@ ---------------------------------------------------------------------------
FUNC sys_unlink
        push    {fp, lr}
        add     fp, sp, #0
        sub     sp, sp, #PATH_MAX
        mov     r1, r0
        mov     r0, sp
        bl      path_from_user
        cmp     r0, #0
        bne     .Lsys_unlink_out
        mov     r0, sp
        bl      vfs_unlink
.Lsys_unlink_out:
        sub     sp, fp, #0
        pop     {fp, pc}
ENDFUNC sys_unlink
