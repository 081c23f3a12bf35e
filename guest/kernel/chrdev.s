@ /dev: devices that drivers offer by name (Linux fs/char_dev.c and devtmpfs; names stand for device numbers here).

        .include "macros.inc"
        .include "fs.inc"

        .equ    CDEV_NAME,      0
        .equ    CDEV_FOPS,      4               @ struct file_operations, 0 in a free slot
        .equ    CDEV_PRIVATE,   8               @ becomes FILE_PRIVATE
        .equ    CDEV_SIZE,      12
        .equ    NR_CDEVS,       16

        .text

@ ---------------------------------------------------------------------------
@ register_chrdev - make /dev/NAME
@
@   in:       r0 = name, without "/dev/"; it is kept
@             r1 = struct file_operations
@             r2 = what FILE_PRIVATE shall be
@   out:      r0 = 0, -EBUSY when the name is taken, -ENOMEM when all NR_CDEVS are
@   clobbers: r1-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
FUNC register_chrdev
        push    {r4-r7, fp, lr}
        add     fp, sp, #16
        mov     r4, r0
        mov     r5, r1
        mov     r6, r2
        bl      find_chrdev
        cmp     r0, #0
        movne   r0, #-EBUSY
        bne     .Lregister_out

        ldr     r0, =chrdevs
        add     r2, r0, #NR_CDEVS * CDEV_SIZE
.Lregister_slot:
        ldr     r1, [r0, #CDEV_FOPS]
        cmp     r1, #0
        beq     .Lregister_take
        add     r0, r0, #CDEV_SIZE
        cmp     r0, r2
        blo     .Lregister_slot
        mov     r0, #-ENOMEM
        b       .Lregister_out

.Lregister_take:
        str     r4, [r0, #CDEV_NAME]
        str     r6, [r0, #CDEV_PRIVATE]
        str     r5, [r0, #CDEV_FOPS]
        mov     r0, #0
.Lregister_out:
        pop     {r4-r7, fp, pc}
ENDFUNC register_chrdev
        EXPORT_SYMBOL register_chrdev

@ ---------------------------------------------------------------------------
@ unregister_chrdev - take /dev/NAME away; files that are open stay open
@
@   in:       r0 = name
@   out:      r0 = 0 / -ENOENT
@   clobbers: r1-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
FUNC unregister_chrdev
        push    {fp, lr}
        add     fp, sp, #0
        bl      find_chrdev
        cmp     r0, #0
        moveq   r0, #-ENOENT
        beq     .Lunregister_out
        mov     r1, #0
        str     r1, [r0, #CDEV_FOPS]
        mov     r0, #0
.Lunregister_out:
        pop     {fp, pc}
ENDFUNC unregister_chrdev
        EXPORT_SYMBOL unregister_chrdev

@ ---------------------------------------------------------------------------
@ find_chrdev - the device of a name
@
@   in:       r0 = name
@   out:      r0 = its CDEV_* row, 0 when there is none
@   clobbers: r1-r3, ip, flags
@   context:  any
@ ---------------------------------------------------------------------------
LFUNC find_chrdev
        push    {r4-r7, fp, lr}
        add     fp, sp, #16
        mov     r4, r0
        ldr     r5, =chrdevs
        add     r6, r5, #NR_CDEVS * CDEV_SIZE
.Lfind_next:
        ldr     r0, [r5, #CDEV_FOPS]
        cmp     r0, #0
        beq     .Lfind_skip
        ldr     r0, [r5, #CDEV_NAME]
        mov     r1, r4
        bl      strcmp
        cmp     r0, #0
        moveq   r0, r5
        beq     .Lfind_out
.Lfind_skip:
        add     r5, r5, #CDEV_SIZE
        cmp     r5, r6
        blo     .Lfind_next
        mov     r0, #0
.Lfind_out:
        pop     {r4-r7, fp, pc}
ENDFUNC find_chrdev

@ ---------------------------------------------------------------------------
@ devfs_open - FS_OPEN
@
@   in:       r0 = name, r1 = O_* flags, r2 = struct file
@   out:      r0 = 0 / -ENOENT
@   clobbers: r1-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
LFUNC devfs_open
        push    {r4-r5, fp, lr}
        add     fp, sp, #8
        mov     r4, r2
        bl      find_chrdev
        cmp     r0, #0
        moveq   r0, #-ENOENT
        beq     .Lopen_out
        ldr     r1, [r0, #CDEV_FOPS]
        str     r1, [r4, #FILE_OP]
        ldr     r1, [r0, #CDEV_PRIVATE]
        str     r1, [r4, #FILE_PRIVATE]
        ldr     r1, =MODE_DEVICE
        str     r1, [r4, #FILE_MODE]
        mov     r0, #0
.Lopen_out:
        pop     {r4-r5, fp, pc}
ENDFUNC devfs_open

@ ---------------------------------------------------------------------------
@ devfs_readdir - FS_READDIR
@
@   in:       r0 = index, r1 = dirent
@   out:      r0 = 0 / -ENOENT past the last
@   clobbers: r1-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
LFUNC devfs_readdir
        push    {fp, lr}
        add     fp, sp, #0
        ldr     r2, =chrdevs
        add     r3, r2, #NR_CDEVS * CDEV_SIZE
.Lreaddir_next:
        ldr     ip, [r2, #CDEV_FOPS]
        cmp     ip, #0
        beq     .Lreaddir_skip
        subs    r0, r0, #1
        blo     .Lreaddir_found
.Lreaddir_skip:
        add     r2, r2, #CDEV_SIZE
        cmp     r2, r3
        blo     .Lreaddir_next
        mov     r0, #-ENOENT
        b       .Lreaddir_out

.Lreaddir_found:
        ldr     r0, =MODE_DEVICE
        str     r0, [r1, #DIRENT_MODE]
        add     r0, r1, #DIRENT_NAME
        ldr     r1, [r2, #CDEV_NAME]
        mov     r2, #DIRENT_NAME_MAX
        bl      strlcpy
        mov     r0, #0
.Lreaddir_out:
        pop     {fp, pc}
ENDFUNC devfs_readdir

@ ---------------------------------------------------------------------------
@ null_read, null_write - /dev/null: nothing comes, everything goes
@
@   in:       r0 = struct file, r1 = kernel buffer, r2 = bytes
@   out:      r0 = 0; bytes taken
@   clobbers: -
@   context:  process
@ ---------------------------------------------------------------------------
LFUNC null_read
        mov     r0, #0
        bx      lr
ENDFUNC null_read

LFUNC null_write
        mov     r0, r2
        bx      lr
ENDFUNC null_write

        INIT_TEXT

@ ---------------------------------------------------------------------------
@ chrdev_init - mount /dev and put null into it
@
@   in:       -
@   out:      r0 = 0 / -errno
@   clobbers: r1-r3, ip, flags
@   context:  initcall
@ ---------------------------------------------------------------------------
FUNC chrdev_init
        push    {fp, lr}
        add     fp, sp, #0
        ldr     r0, =devfs_type
        bl      register_filesystem
        cmp     r0, #0
        bne     .Linit_out
        ldr     r0, =.Ltext_dev
        ldr     r1, =devfs_type
        bl      vfs_mount
        cmp     r0, #0
        bne     .Linit_out
        ldr     r0, =.Ltext_null
        ldr     r1, =null_fops
        mov     r2, #0
        bl      register_chrdev
.Linit_out:
        pop     {fp, pc}
ENDFUNC chrdev_init
        postcore_initcall chrdev_init

        RODATA
        .balign 4
null_fops:
        file_operations read=null_read, write=null_write
.Ltext_devfs:
        .asciz  "devtmpfs"
.Ltext_dev:
        .asciz  "/dev"
.Ltext_null:
        .asciz  "null"

        .data
        .balign 4
devfs_type:
        file_system_type .Ltext_devfs, open=devfs_open, readdir=devfs_readdir

        .bss
        .balign 4
chrdevs:
        .space  NR_CDEVS * CDEV_SIZE
