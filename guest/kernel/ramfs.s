@ ramfs: the root file system, a tree of inodes with their bytes in pages (Linux fs/ramfs). It holds what
@ initramfs.s unpacks and what is written later; memory is its only limit.

        .include "macros.inc"
        .include "fs.inc"
        .include "memory.inc"

@ struct inode: a file or a directory.
        .equ    INODE_NEXT,     0               @ in its directory, in order of creation
        .equ    INODE_CHILDREN, 4               @ first entry of a directory
        .equ    INODE_MODE,     8
        .equ    INODE_LENGTH,   12              @ bytes
        .equ    INODE_PAGES,    16              @ a page of page addresses, 0 before the first write
        .equ    INODE_OPENS,    20              @ open files
        .equ    INODE_NAME,     24              @ NUL-ended, of any length below DIRENT_NAME_MAX

        .equ    MAX_PAGES,      PAGE_SIZE / 4   @ addresses in one page
        .equ    MAX_LENGTH,     MAX_PAGES * PAGE_SIZE

        .text

@ ---------------------------------------------------------------------------
@ ramfs_lookup - one entry of a directory
@
@   in:       r0 = inode of a directory
@             r1 = name, r2 = its length: it may go on with "/..."
@   out:      r0 = inode, 0 when there is none
@             r1, r2 as they were
@   clobbers: r3, ip, flags
@   context:  any
@ ---------------------------------------------------------------------------
LFUNC ramfs_lookup
        push    {r4-r7, fp, lr}
        add     fp, sp, #16
        mov     r4, r1
        mov     r5, r2
        ldr     r6, [r0, #INODE_CHILDREN]
        b       .Llookup_test
.Llookup_next:
        add     r0, r6, #INODE_NAME
        mov     r1, r4
        mov     r2, r5
        bl      strncmp
        cmp     r0, #0
        addeq   r0, r6, #INODE_NAME
        ldrbeq  r0, [r0, r5]
        cmpeq   r0, #0                          @ no longer than the name asked for
        beq     .Llookup_out
        ldr     r6, [r6, #INODE_NEXT]
.Llookup_test:
        cmp     r6, #0
        bne     .Llookup_next
.Llookup_out:
        mov     r0, r6
        mov     r1, r4
        mov     r2, r5
        pop     {r4-r7, fp, pc}
ENDFUNC ramfs_lookup

@ ---------------------------------------------------------------------------
@ ramfs_walk - go down a path to the directory that holds its last part
@
@   in:       r0 = path without a leading slash, in normal form; not ""
@   out:      r0 = inode of the directory / -ENOENT / -ENOTDIR
@             r1 = the last part, r2 = its length
@   clobbers: r3, ip, flags
@   context:  any
@ ---------------------------------------------------------------------------
LFUNC ramfs_walk
        push    {r4-r5, fp, lr}
        add     fp, sp, #8
        mov     r1, r0
        ldr     r4, =ramfs_root
.Lwalk_part:
        mov     r2, #0                          @ length of the part at r1
.Lwalk_scan:
        ldrb    r3, [r1, r2]
        cmp     r3, #0
        moveq   r0, r4                          @ the last one
        beq     .Lwalk_out
        cmp     r3, #'/'
        addne   r2, r2, #1
        bne     .Lwalk_scan

        mov     r0, r4
        bl      ramfs_lookup
        movs    r4, r0
        moveq   r0, #-ENOENT
        beq     .Lwalk_out
        ldr     r3, [r4, #INODE_MODE]
        and     r3, r3, #S_IFMT
        cmp     r3, #S_IFDIR
        movne   r0, #-ENOTDIR
        bne     .Lwalk_out
        add     r1, r1, r2
        add     r1, r1, #1                      @ behind the slash
        b       .Lwalk_part
.Lwalk_out:
        pop     {r4-r5, fp, pc}
ENDFUNC ramfs_walk

@ ---------------------------------------------------------------------------
@ ramfs_namei - path to inode
@
@   in:       r0 = path without a leading slash, in normal form; "" is the root
@   out:      r0 = inode / -ENOENT / -ENOTDIR
@   clobbers: r1-r3, ip, flags
@   context:  any
@ ---------------------------------------------------------------------------
LFUNC ramfs_namei
        push    {fp, lr}
        add     fp, sp, #0
        ldrb    r1, [r0]
        cmp     r1, #0
        ldreq   r0, =ramfs_root
        beq     .Lnamei_out
        bl      ramfs_walk
        cmn     r0, #MAX_ERRNO + 1
        bhi     .Lnamei_out
        bl      ramfs_lookup
        cmp     r0, #0
        moveq   r0, #-ENOENT
.Lnamei_out:
        pop     {fp, pc}
ENDFUNC ramfs_namei

@ ---------------------------------------------------------------------------
@ ramfs_create - a new, empty file or directory
@
@   in:       r0 = path without a leading slash, in normal form; not ""
@             r1 = mode with its S_IF* type
@   out:      r0 = inode / -EEXIST / -ENOENT / -ENOTDIR / -ENAMETOOLONG / -ENOMEM
@   clobbers: r1-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
FUNC ramfs_create
        push    {r4-r9, fp, lr}
        add     fp, sp, #24
        mov     r4, r1
        bl      ramfs_walk
        cmn     r0, #MAX_ERRNO + 1
        bhi     .Lcreate_out
        mov     r5, r0                          @ directory
        mov     r6, r1                          @ name
        mov     r7, r2                          @ its length
        cmp     r7, #DIRENT_NAME_MAX
        movhs   r0, #-ENAMETOOLONG
        bhs     .Lcreate_out
        bl      ramfs_lookup
        cmp     r0, #0
        movne   r0, #-EEXIST
        bne     .Lcreate_out

        add     r0, r7, #INODE_NAME + 1
        bl      kzalloc
        movs    r8, r0
        moveq   r0, #-ENOMEM
        beq     .Lcreate_out
        str     r4, [r8, #INODE_MODE]
        add     r0, r8, #INODE_NAME
        mov     r1, r6
        mov     r2, r7
        bl      memcpy                          @ the NUL is there already

        @ At the end of the directory, so `ls` shows the order of creation.
        add     r0, r5, #INODE_CHILDREN
.Lcreate_last:
        ldr     r1, [r0]
        cmp     r1, #0
        addne   r0, r1, #INODE_NEXT
        bne     .Lcreate_last
        str     r8, [r0]
        mov     r0, r8
.Lcreate_out:
        pop     {r4-r9, fp, pc}
ENDFUNC ramfs_create

@ ---------------------------------------------------------------------------
@ ramfs_truncate - give all bytes of a file back
@
@   in:       r0 = inode of a file
@   out:      -
@   clobbers: r0-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
FUNC ramfs_truncate
        push    {r4-r7, fp, lr}
        add     fp, sp, #16
        mov     r4, r0
        ldr     r5, [r4, #INODE_PAGES]
        cmp     r5, #0
        beq     .Ltruncate_out
        ldr     r6, [r4, #INODE_LENGTH]         @ at least 1
        sub     r6, r6, #1
        mov     r6, r6, lsr #PAGE_SHIFT         @ the last page
        mov     r0, #0
        str     r0, [r4, #INODE_LENGTH]
        str     r0, [r4, #INODE_PAGES]
.Ltruncate_page:
        ldr     r0, [r5, r6, lsl #2]
        cmp     r0, #0
        movne   r1, #0
        blne    free_pages
        subs    r6, r6, #1
        bpl     .Ltruncate_page
        mov     r0, r5
        mov     r1, #0
        bl      free_pages
.Ltruncate_out:
        pop     {r4-r7, fp, pc}
ENDFUNC ramfs_truncate

@ ---------------------------------------------------------------------------
@ ramfs_page - the page that holds an offset, made when it is not there
@
@   in:       r0 = inode
@             r1 = offset in the file, below MAX_LENGTH
@   out:      r0 = address of that byte, 0 without memory
@   clobbers: r1-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
LFUNC ramfs_page
        push    {r4-r7, fp, lr}
        add     fp, sp, #16
        mov     r4, r0
        mov     r5, r1
        ldr     r6, [r4, #INODE_PAGES]
        cmp     r6, #0
        bne     .Lpage_slot
        bl      get_zeroed_page
        movs    r6, r0
        beq     .Lpage_out
        str     r6, [r4, #INODE_PAGES]
.Lpage_slot:
        mov     r7, r5, lsr #PAGE_SHIFT
        ldr     r0, [r6, r7, lsl #2]
        cmp     r0, #0
        bne     .Lpage_found
        bl      get_zeroed_page
        cmp     r0, #0
        beq     .Lpage_out
        str     r0, [r6, r7, lsl #2]
.Lpage_found:
        ubfx    r5, r5, #0, #PAGE_SHIFT
        add     r0, r0, r5
.Lpage_out:
        pop     {r4-r7, fp, pc}
ENDFUNC ramfs_page

@ ---------------------------------------------------------------------------
@ page_part - how many of some bytes lie in the page of an offset
@
@   in:       r0 = offset
@             r1 = bytes
@   out:      r0 = the smaller of r1 and what is left of the page
@   clobbers: flags
@   context:  any
@ ---------------------------------------------------------------------------
LFUNC page_part
        ubfx    r0, r0, #0, #PAGE_SHIFT
        rsb     r0, r0, #PAGE_SIZE
        cmp     r0, r1
        movhi   r0, r1
        bx      lr
ENDFUNC page_part

@ ---------------------------------------------------------------------------
@ ramfs_write_at - write into an inode
@
@   in:       r0 = inode of a file
@             r1 = kernel buffer
@             r2 = bytes
@             r3 = offset in the file
@   out:      r0 = bytes written / -EFBIG / -ENOSPC when not even one
@   clobbers: r1-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
FUNC ramfs_write_at
        push    {r4-r9, fp, lr}
        add     fp, sp, #24
        mov     r4, r0
        mov     r5, r1
        mov     r6, r2                          @ bytes left
        mov     r7, r3                          @ offset
        mov     r8, #0                          @ bytes written
        cmp     r7, #MAX_LENGTH
        movhs   r0, #-EFBIG
        bhs     .Lwrite_at_out
        rsb     r0, r7, #MAX_LENGTH
        cmp     r6, r0
        movhi   r6, r0

.Lwrite_at_part:
        cmp     r6, #0
        beq     .Lwrite_at_done
        mov     r0, r4
        mov     r1, r7
        bl      ramfs_page
        movs    r9, r0
        beq     .Lwrite_at_full
        mov     r0, r7
        mov     r1, r6
        bl      page_part
        mov     r2, r0
        mov     r0, r9
        mov     r1, r5
        mov     r9, r2
        bl      memcpy
        add     r5, r5, r9
        sub     r6, r6, r9
        add     r7, r7, r9
        add     r8, r8, r9
        ldr     r0, [r4, #INODE_LENGTH]
        cmp     r7, r0
        strhi   r7, [r4, #INODE_LENGTH]
        b       .Lwrite_at_part

.Lwrite_at_full:
        cmp     r8, #0
        moveq   r0, #-ENOSPC
        beq     .Lwrite_at_out
.Lwrite_at_done:
        mov     r0, r8
.Lwrite_at_out:
        pop     {r4-r9, fp, pc}
ENDFUNC ramfs_write_at

@ ---------------------------------------------------------------------------
@ ramfs_write - FOPS_WRITE
@
@   in:       r0 = struct file, r1 = kernel buffer, r2 = bytes
@   out:      r0 = bytes written / -errno
@   clobbers: r1-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
LFUNC ramfs_write
        ldr     r3, [r0, #FILE_POS]
        ldr     r0, [r0, #FILE_PRIVATE]
        b       ramfs_write_at
ENDFUNC ramfs_write

@ ---------------------------------------------------------------------------
@ ramfs_read - FOPS_READ: pages never written read as zeros
@
@   in:       r0 = struct file, r1 = kernel buffer, r2 = bytes
@   out:      r0 = bytes read, 0 at the end
@   clobbers: r1-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
LFUNC ramfs_read
        push    {r4-r9, fp, lr}
        add     fp, sp, #24
        ldr     r4, [r0, #FILE_PRIVATE]
        mov     r5, r1
        ldr     r7, [r0, #FILE_POS]
        mov     r8, #0                          @ bytes read
        ldr     r0, [r4, #INODE_LENGTH]
        subs    r6, r0, r7                      @ bytes to the end
        bls     .Lread_done
        cmp     r6, r2
        movhi   r6, r2

.Lread_part:
        cmp     r6, #0
        beq     .Lread_done
        mov     r0, r7
        mov     r1, r6
        bl      page_part
        mov     r9, r0
        ldr     r1, [r4, #INODE_PAGES]
        mov     r2, r7, lsr #PAGE_SHIFT
        cmp     r1, #0
        ldrne   r1, [r1, r2, lsl #2]
        cmpne   r1, #0
        mov     r0, r5
        mov     r2, r9
        beq     .Lread_hole
        ubfx    r3, r7, #0, #PAGE_SHIFT
        add     r1, r1, r3
        bl      memcpy
        b       .Lread_next
.Lread_hole:
        mov     r1, #0
        bl      memset
.Lread_next:
        add     r5, r5, r9
        sub     r6, r6, r9
        add     r7, r7, r9
        add     r8, r8, r9
        b       .Lread_part

.Lread_done:
        mov     r0, r8
        pop     {r4-r9, fp, pc}
ENDFUNC ramfs_read

@ ---------------------------------------------------------------------------
@ ramfs_length - FOPS_LENGTH
@
@   in:       r0 = struct file
@   out:      r0 = bytes
@   clobbers: -
@   context:  any
@ ---------------------------------------------------------------------------
LFUNC ramfs_length
        ldr     r0, [r0, #FILE_PRIVATE]
        ldr     r0, [r0, #INODE_LENGTH]
        bx      lr
ENDFUNC ramfs_length

@ ---------------------------------------------------------------------------
@ ramfs_release - FOPS_RELEASE
@
@   in:       r0 = struct file
@   out:      r0 = 0
@   clobbers: r1, r2
@   context:  process
@ ---------------------------------------------------------------------------
LFUNC ramfs_release
        ldr     r1, [r0, #FILE_PRIVATE]
        ldr     r2, [r1, #INODE_OPENS]
        sub     r2, r2, #1
        str     r2, [r1, #INODE_OPENS]
        mov     r0, #0
        bx      lr
ENDFUNC ramfs_release

@ ---------------------------------------------------------------------------
@ ramfs_readdir - FOPS_READDIR
@
@   in:       r0 = struct file, r1 = index, r2 = dirent
@   out:      r0 = size / -ENOENT past the last
@   clobbers: r1-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
LFUNC ramfs_readdir
        push    {r4-r5, fp, lr}
        add     fp, sp, #8
        ldr     r0, [r0, #FILE_PRIVATE]
        ldr     r4, [r0, #INODE_CHILDREN]
.Lreaddir_count:
        cmp     r4, #0
        moveq   r0, #-ENOENT
        beq     .Lreaddir_out
        subs    r1, r1, #1
        ldrhs   r4, [r4, #INODE_NEXT]
        bhs     .Lreaddir_count

        ldr     r0, [r4, #INODE_MODE]
        str     r0, [r2, #DIRENT_MODE]
        add     r0, r2, #DIRENT_NAME
        add     r1, r4, #INODE_NAME
        mov     r2, #DIRENT_NAME_MAX
        bl      strlcpy
        ldr     r0, [r4, #INODE_LENGTH]
.Lreaddir_out:
        pop     {r4-r5, fp, pc}
ENDFUNC ramfs_readdir

@ ---------------------------------------------------------------------------
@ ramfs_stat - FS_STAT
@
@   in:       r0 = name, r1 = dirent
@   out:      r0 = size / -errno
@   clobbers: r1-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
LFUNC ramfs_stat
        push    {r4-r5, fp, lr}
        add     fp, sp, #8
        mov     r4, r1
        bl      ramfs_namei
        cmn     r0, #MAX_ERRNO + 1
        ldrls   r1, [r0, #INODE_MODE]
        strls   r1, [r4, #DIRENT_MODE]
        ldrls   r0, [r0, #INODE_LENGTH]
        pop     {r4-r5, fp, pc}
ENDFUNC ramfs_stat

@ ---------------------------------------------------------------------------
@ ramfs_open - FS_OPEN: find or create, empty it when asked to
@
@   in:       r0 = name, r1 = O_* flags, r2 = struct file
@   out:      r0 = 0 / -errno
@   clobbers: r1-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
LFUNC ramfs_open
        push    {r4-r7, fp, lr}
        add     fp, sp, #16
        mov     r4, r0
        mov     r5, r1
        mov     r6, r2
        bl      ramfs_namei
        cmn     r0, #MAX_ERRNO + 1
        bls     .Lopen_found
        cmp     r0, #-ENOENT
        bne     .Lopen_out
        tst     r5, #O_CREAT
        beq     .Lopen_out
        mov     r0, r4
        ldr     r1, [r6, #FILE_MODE]
        bl      ramfs_create
        cmn     r0, #MAX_ERRNO + 1
        bhi     .Lopen_out
        mov     r7, r0
        b       .Lopen_take

.Lopen_found:
        mov     r7, r0
        and     r1, r5, #O_CREAT | O_EXCL
        cmp     r1, #O_CREAT | O_EXCL
        moveq   r0, #-EEXIST
        beq     .Lopen_out
        ldr     r1, [r7, #INODE_MODE]
        and     r1, r1, #S_IFMT
        cmp     r1, #S_IFDIR
        beq     .Lopen_directory
        tst     r5, #O_TRUNC
        tstne   r5, #O_ACCMODE                  @ only who may write may empty
        movne   r0, r7
        blne    ramfs_truncate
.Lopen_take:
        ldr     r0, =ramfs_file_fops
.Lopen_set:
        str     r0, [r6, #FILE_OP]
        str     r7, [r6, #FILE_PRIVATE]
        ldr     r0, [r7, #INODE_MODE]
        str     r0, [r6, #FILE_MODE]
        ldr     r0, [r7, #INODE_OPENS]
        add     r0, r0, #1
        str     r0, [r7, #INODE_OPENS]
        mov     r0, #0
.Lopen_out:
        pop     {r4-r7, fp, pc}

.Lopen_directory:
        tst     r5, #O_ACCMODE | O_CREAT
        movne   r0, #-EISDIR
        bne     .Lopen_out
        ldr     r0, =ramfs_dir_fops
        b       .Lopen_set
ENDFUNC ramfs_open

@ ---------------------------------------------------------------------------
@ ramfs_unlink - FS_UNLINK: a file that nobody has open
@
@   in:       r0 = name, not ""
@   out:      r0 = 0 / -EISDIR / -EBUSY / -ENOENT / -ENOTDIR
@   clobbers: r1-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
LFUNC ramfs_unlink
        push    {r4-r5, fp, lr}
        add     fp, sp, #8
        bl      ramfs_walk
        cmn     r0, #MAX_ERRNO + 1
        bhi     .Lunlink_out
        mov     r4, r0                          @ directory
        bl      ramfs_lookup
        movs    r5, r0
        moveq   r0, #-ENOENT
        beq     .Lunlink_out
        ldr     r1, [r5, #INODE_MODE]
        and     r1, r1, #S_IFMT
        cmp     r1, #S_IFDIR
        moveq   r0, #-EISDIR
        beq     .Lunlink_out
        ldr     r1, [r5, #INODE_OPENS]
        cmp     r1, #0
        movne   r0, #-EBUSY
        bne     .Lunlink_out

        @ Find the link that points to it and lead it past.
        add     r0, r4, #INODE_CHILDREN
.Lunlink_find:
        ldr     r1, [r0]
        cmp     r1, r5
        addne   r0, r1, #INODE_NEXT
        bne     .Lunlink_find
        ldr     r1, [r5, #INODE_NEXT]
        str     r1, [r0]
        mov     r0, r5
        bl      ramfs_truncate
        mov     r0, r5
        bl      kfree
        mov     r0, #0
.Lunlink_out:
        pop     {r4-r5, fp, pc}
ENDFUNC ramfs_unlink

        RODATA
        .balign 4
ramfs_file_fops:
        file_operations read=ramfs_read, write=ramfs_write, release=ramfs_release, length=ramfs_length
ramfs_dir_fops:
        file_operations release=ramfs_release, readdir=ramfs_readdir
.Ltext_ramfs:
        .asciz  "ramfs"

        .data
        .balign 4
        .global ramfs_fs_type
ramfs_fs_type:
        file_system_type .Ltext_ramfs, open=ramfs_open, unlink=ramfs_unlink, stat=ramfs_stat

ramfs_root:                                     @ inode of "/": part of the image
        .word   0, 0, MODE_DIR, 0, 0, 0, 0      @ its name is ""
