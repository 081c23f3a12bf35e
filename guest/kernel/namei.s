@ From a path to an open file (Linux fs/namei.c, fs/open.c). There are no links and one working directory, "/", so
@ "." and ".." are taken out of the text before anybody looks a name up.

        .include "macros.inc"
        .include "fs.inc"

        .text

@ ---------------------------------------------------------------------------
@ path_normalize - absolute path without empty parts, "." and ".."
@
@   in:       r0 = result, PATH_MAX bytes: "" for the root, else "/a/b"
@             r1 = path; taken from "/" when it does not begin there
@   out:      r0 = 0, -ENOENT for an empty path, -ENAMETOOLONG
@   clobbers: r1-r3, ip, flags
@   context:  any
@ ---------------------------------------------------------------------------
FUNC path_normalize
        push    {r4-r5, fp, lr}
        add     fp, sp, #8
        mov     r4, r0                          @ start of the result
        add     r5, r0, #PATH_MAX - 1           @ room for the NUL stays
        ldrb    r2, [r1]
        cmp     r2, #0
        moveq   r0, #-ENOENT
        beq     .Lnormal_out

.Lnormal_part:
        ldrb    r2, [r1]
        cmp     r2, #'/'
        addeq   r1, r1, #1
        beq     .Lnormal_part
        cmp     r2, #0
        beq     .Lnormal_end

        @ r1 is at a part; find its end, r3.
        mov     r3, r1
.Lnormal_scan:
        add     r3, r3, #1
        ldrb    r2, [r3]
        cmp     r2, #0
        cmpne   r2, #'/'
        bne     .Lnormal_scan

        sub     ip, r3, r1                      @ its length
        cmp     ip, #2
        bhi     .Lnormal_copy
        ldrb    r2, [r1]
        cmp     r2, #'.'
        bne     .Lnormal_copy
        cmp     ip, #1
        moveq   r1, r3                          @ "." stays where it is
        beq     .Lnormal_part
        ldrb    r2, [r1, #1]
        cmp     r2, #'.'
        bne     .Lnormal_copy

        @ "..": drop the last part of the result; the root has none.
        mov     r1, r3
.Lnormal_back:
        cmp     r0, r4
        beq     .Lnormal_part
        ldrb    r2, [r0, #-1]!
        cmp     r2, #'/'
        bne     .Lnormal_back
        b       .Lnormal_part

.Lnormal_copy:
        add     ip, ip, #1                      @ with its slash
        sub     r2, r5, r0
        cmp     ip, r2
        movhi   r0, #-ENAMETOOLONG
        bhi     .Lnormal_out
        mov     r2, #'/'
        strb    r2, [r0], #1
.Lnormal_byte:
        ldrb    r2, [r1], #1
        strb    r2, [r0], #1
        cmp     r1, r3
        blo     .Lnormal_byte
        b       .Lnormal_part

.Lnormal_end:
        mov     r2, #0
        strb    r2, [r0]
        mov     r0, #0
.Lnormal_out:
        pop     {r4-r5, fp, pc}
ENDFUNC path_normalize

@ ---------------------------------------------------------------------------
@ path_lookup - which file system has a path, under which name
@
@   in:       r0 = path
@             r1 = buffer of PATH_MAX bytes
@   out:      r0 = 0 / -errno of path_normalize
@             r1 = struct file_system_type
@             r2 = name in it, inside the buffer
@   clobbers: r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
LFUNC path_lookup
        push    {r4-r5, fp, lr}
        add     fp, sp, #8
        mov     r4, r1
        mov     r1, r0
        mov     r0, r4
        bl      path_normalize
        cmp     r0, #0
        bne     .Llookup_out
        mov     r0, r4
        bl      mount_of_path
        mov     r2, r1
        mov     r1, r0
        mov     r0, #0
.Llookup_out:
        pop     {r4-r5, fp, pc}
ENDFUNC path_lookup

@ ---------------------------------------------------------------------------
@ filp_open - open a file for the kernel
@
@   in:       r0 = path (kernel pointer)
@             r1 = O_* flags
@             r2 = permissions of a file it creates
@   out:      r0 = struct file, or -errno (a value above -4096)
@   clobbers: r1-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
FUNC filp_open
        push    {r4-r9, fp, lr}
        add     fp, sp, #24
        sub     sp, sp, #PATH_MAX
        mov     r4, r1
        mov     r5, r2
        and     r3, r1, #O_ACCMODE
        cmp     r3, #O_ACCMODE                  @ neither read, write nor both
        moveq   r0, #-EINVAL
        beq     .Lopen_out

        mov     r1, sp
        bl      path_lookup
        cmp     r0, #0
        bne     .Lopen_out
        mov     r6, r1                          @ file system
        mov     r7, r2                          @ name in it

        mov     r0, #FILE_SIZE
        bl      kzalloc
        cmp     r0, #0
        moveq   r0, #-ENOMEM
        beq     .Lopen_out
        mov     r8, r0
        str     r4, [r8, #FILE_FLAGS]
        ldr     r1, =0xfff
        and     r1, r5, r1
        orr     r1, r1, #S_IFREG
        str     r1, [r8, #FILE_MODE]

        mov     r0, r6
        mov     r1, r7
        mov     r2, r8
        bl      open_in_fs
        cmp     r0, #0
        bne     .Lopen_free
        ldr     r1, [r8, #FILE_MODE]
        tst     r4, #O_DIRECTORY
        beq     .Lopen_ready
        and     r1, r1, #S_IFMT
        cmp     r1, #S_IFDIR
        beq     .Lopen_ready
        mov     r0, r8
        bl      filp_close
        mov     r0, #-ENOTDIR
        b       .Lopen_out

.Lopen_ready:
        mov     r0, r8
        b       .Lopen_out

.Lopen_free:
        mov     r9, r0
        mov     r0, r8
        bl      kfree
        mov     r0, r9
.Lopen_out:
        sub     sp, fp, #24
        pop     {r4-r9, fp, pc}
ENDFUNC filp_open

@ ---------------------------------------------------------------------------
@ open_in_fs - let the file system find the name, then tell the file itself
@
@   in:       r0 = struct file_system_type
@             r1 = name
@             r2 = struct file, FILE_FLAGS and FILE_MODE set
@   out:      r0 = 0 / -errno; FILE_OP is set on success
@   clobbers: r1-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
LFUNC open_in_fs
        push    {r4-r5, fp, lr}
        add     fp, sp, #8
        mov     r4, r2
        ldrb    r3, [r1]
        cmp     r3, #0
        bne     .Lby_name
        ldr     r3, [r0, #FS_READDIR]
        cmp     r3, #0
        beq     .Lby_name
        mov     r1, r4
        bl      open_flat_directory
        b       .Lin_fs_out

.Lby_name:
        ldr     r3, [r0, #FS_OPEN]
        cmp     r3, #0
        moveq   r0, #-ENOENT
        beq     .Lin_fs_out
        mov     r0, r1
        ldr     r1, [r4, #FILE_FLAGS]
        mov     r2, r4
        blx     r3
        cmp     r0, #0
        bne     .Lin_fs_out

        ldr     r3, [r4, #FILE_OP]
        ldr     r3, [r3, #FOPS_OPEN]
        cmp     r3, #0
        beq     .Lin_fs_out                     @ r0 is 0
        mov     r0, r4
        blx     r3
.Lin_fs_out:
        pop     {r4-r5, fp, pc}
ENDFUNC open_in_fs

@ ---------------------------------------------------------------------------
@ open_flat_directory - the one directory of a flat file system
@
@   in:       r0 = struct file_system_type
@             r1 = struct file
@   out:      r0 = 0, -EISDIR for writing
@   clobbers: r2, flags
@   context:  process
@ ---------------------------------------------------------------------------
LFUNC open_flat_directory
        ldr     r2, [r1, #FILE_FLAGS]
        tst     r2, #O_ACCMODE | O_CREAT
        movne   r0, #-EISDIR
        bxne    lr
        str     r0, [r1, #FILE_PRIVATE]
        ldr     r2, =flat_directory_fops
        str     r2, [r1, #FILE_OP]
        ldr     r2, =MODE_DIR
        str     r2, [r1, #FILE_MODE]
        mov     r0, #0
        bx      lr
ENDFUNC open_flat_directory

@ ---------------------------------------------------------------------------
@ flat_readdir - entry of a flat file system's directory
@
@   in:       r0 = struct file, r1 = index, r2 = dirent
@   out:      r0 = size / -ENOENT
@   clobbers: r1-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
LFUNC flat_readdir
        ldr     r3, [r0, #FILE_PRIVATE]
        mov     r0, r1
        mov     r1, r2
        ldr     r3, [r3, #FS_READDIR]
        bx      r3
ENDFUNC flat_readdir

@ ---------------------------------------------------------------------------
@ vfs_stat - mode and size of a path, without opening it
@
@   in:       r0 = path (kernel pointer)
@             r1 = dirent: DIRENT_MODE is filled
@   out:      r0 = size in bytes / -errno
@   clobbers: r1-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
FUNC vfs_stat
        push    {r4-r7, fp, lr}
        add     fp, sp, #16
        sub     sp, sp, #PATH_MAX
        mov     r4, r1
        mov     r1, sp
        bl      path_lookup
        cmp     r0, #0
        bne     .Lstat_out
        mov     r5, r1
        mov     r6, r2

        ldr     r3, [r5, #FS_STAT]
        cmp     r3, #0
        beq     .Lstat_flat
        mov     r0, r6
        mov     r1, r4
        blx     r3
        b       .Lstat_out

.Lstat_flat:
        ldrb    r0, [r6]
        cmp     r0, #0
        bne     .Lstat_search
        ldr     r1, =MODE_DIR
        str     r1, [r4, #DIRENT_MODE]
        b       .Lstat_out                      @ size 0

.Lstat_search:
        mov     r0, r5
        mov     r1, r6
        mov     r2, r4
        bl      stat_by_readdir
.Lstat_out:
        sub     sp, fp, #16
        pop     {r4-r7, fp, pc}
ENDFUNC vfs_stat

@ ---------------------------------------------------------------------------
@ stat_by_readdir - find a name in a flat file system's directory
@
@   in:       r0 = struct file_system_type, r1 = name, r2 = dirent
@   out:      r0 = size / -errno
@   clobbers: r1-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
LFUNC stat_by_readdir
        push    {r4-r9, fp, lr}
        add     fp, sp, #24
        ldr     r4, [r0, #FS_READDIR]
        mov     r5, r1
        mov     r6, r2
        mov     r7, #0                          @ index
        cmp     r4, #0
        moveq   r0, #-ENOENT
        beq     .Lsearch_out
.Lsearch_next:
        ldr     r0, =MODE_FILE
        str     r0, [r6, #DIRENT_MODE]
        mov     r0, r7
        mov     r1, r6
        blx     r4
        cmp     r0, #0
        blt     .Lsearch_out
        mov     r8, r0
        add     r0, r6, #DIRENT_NAME
        mov     r1, r5
        bl      strcmp
        add     r7, r7, #1
        cmp     r0, #0
        bne     .Lsearch_next
        mov     r0, r8
.Lsearch_out:
        pop     {r4-r9, fp, pc}
ENDFUNC stat_by_readdir

@ ---------------------------------------------------------------------------
@ vfs_unlink - take a name away
@
@   in:       r0 = path (kernel pointer)
@   out:      r0 = 0 / -errno; -EPERM where a file system cannot
@   clobbers: r1-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
FUNC vfs_unlink
        push    {fp, lr}
        add     fp, sp, #0
        sub     sp, sp, #PATH_MAX
        mov     r1, sp
        bl      path_lookup
        cmp     r0, #0
        bne     .Lunlink_out
        ldrb    r0, [r2]
        cmp     r0, #0
        moveq   r0, #-EISDIR                 @ a mount point
        beq     .Lunlink_out
        ldr     r3, [r1, #FS_UNLINK]
        cmp     r3, #0
        moveq   r0, #-EPERM
        beq     .Lunlink_out
        mov     r0, r2
        blx     r3
.Lunlink_out:
        sub     sp, fp, #0
        pop     {fp, pc}
ENDFUNC vfs_unlink

        RODATA
        .balign 4
flat_directory_fops:
        file_operations readdir=flat_readdir
