@ Which file systems exist and where they are mounted (Linux fs/filesystems.c, and a little of fs/namespace.c).
@ A mount is a path prefix; the root, ramfs, is mounted in the image itself, so files work from the first initcall on.

        .include "macros.inc"
        .include "fs.inc"

        .equ    MOUNT_PREFIX,   0               @ "" for the root, else "/flash"
        .equ    MOUNT_LENGTH,   4               @ of the prefix, bytes
        .equ    MOUNT_FS,       8               @ struct file_system_type, 0 in a free slot
        .equ    MOUNT_SIZE,     12

        .text

@ ---------------------------------------------------------------------------
@ register_filesystem - enter a type in the list that /proc/filesystems shows
@
@   in:       r0 = struct file_system_type, FS_NEXT 0
@   out:      r0 = 0, or -EBUSY when one of that name is there
@   clobbers: r1-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
FUNC register_filesystem
        push    {r4-r5, fp, lr}
        add     fp, sp, #8
        mov     r4, r0
        ldr     r5, =file_systems
        b       .Lregister_test
.Lregister_next:
        ldr     r0, [r0, #FS_NAME]
        ldr     r1, [r4, #FS_NAME]
        bl      strcmp
        cmp     r0, #0
        moveq   r0, #-EBUSY
        beq     .Lregister_out
        ldr     r5, [r5]
        add     r5, r5, #FS_NEXT
.Lregister_test:
        ldr     r0, [r5]
        cmp     r0, #0
        bne     .Lregister_next

        str     r4, [r5]                        @ r0 is 0 already
.Lregister_out:
        pop     {r4-r5, fp, pc}
ENDFUNC register_filesystem
        EXPORT_SYMBOL register_filesystem

@ ---------------------------------------------------------------------------
@ vfs_mount - show a file system at a path
@
@   in:       r0 = prefix, absolute, normal form ("/flash"); it is kept
@             r1 = struct file_system_type
@   out:      r0 = 0, -EBUSY when something is mounted there, -ENOMEM when all
@             NR_MOUNTS slots are taken
@   clobbers: r1-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
FUNC vfs_mount
        push    {r4-r7, fp, lr}
        add     fp, sp, #16
        mov     r4, r0
        mov     r5, r1
        ldr     r6, =mounts
        add     r7, r6, #NR_MOUNTS * MOUNT_SIZE

        @ The first free slot, unless the prefix turns up before it.
.Lmount_next:
        ldr     r0, [r6, #MOUNT_FS]
        cmp     r0, #0
        beq     .Lmount_take
        ldr     r0, [r6, #MOUNT_PREFIX]
        mov     r1, r4
        bl      strcmp
        cmp     r0, #0
        moveq   r0, #-EBUSY
        beq     .Lmount_out
        add     r6, r6, #MOUNT_SIZE
        cmp     r6, r7
        blo     .Lmount_next
        mov     r0, #-ENOMEM
        b       .Lmount_out

.Lmount_take:
        str     r4, [r6, #MOUNT_PREFIX]
        mov     r0, r4
        bl      strlen
        str     r0, [r6, #MOUNT_LENGTH]
        str     r5, [r6, #MOUNT_FS]
        mov     r0, #0
.Lmount_out:
        pop     {r4-r7, fp, pc}
ENDFUNC vfs_mount
        EXPORT_SYMBOL vfs_mount

@ ---------------------------------------------------------------------------
@ mount_of_path - the file system responsible for a path: the longest prefix
@
@   in:       r0 = path in normal form ("" is the root, else "/a/b")
@   out:      r0 = struct file_system_type
@             r1 = the rest of the path, without a leading slash
@   clobbers: r2, r3, ip, flags
@   context:  any
@ ---------------------------------------------------------------------------
FUNC mount_of_path
        push    {r4-r9, fp, lr}
        add     fp, sp, #24
        mov     r4, r0
        ldr     r5, =mounts
        add     r6, r5, #NR_MOUNTS * MOUNT_SIZE
        mov     r7, r5                          @ best so far: the root
.Lprefix_next:
        ldr     r0, [r5, #MOUNT_FS]
        cmp     r0, #0
        beq     .Lprefix_done
        ldr     r8, [r5, #MOUNT_LENGTH]
        ldr     r0, [r7, #MOUNT_LENGTH]
        cmp     r8, r0
        bls     .Lprefix_skip                   @ no longer than the best

        @ "/proc" is a prefix of "/proc/x" and "/proc", not of "/processes".
        mov     r0, r4
        ldr     r1, [r5, #MOUNT_PREFIX]
        mov     r2, r8
        bl      strncmp
        cmp     r0, #0
        bne     .Lprefix_skip
        ldrb    r0, [r4, r8]
        cmp     r0, #0
        cmpne   r0, #'/'
        moveq   r7, r5
.Lprefix_skip:
        add     r5, r5, #MOUNT_SIZE
        cmp     r5, r6
        blo     .Lprefix_next

.Lprefix_done:
        ldr     r0, [r7, #MOUNT_FS]
        ldr     r1, [r7, #MOUNT_LENGTH]
        add     r1, r4, r1
        ldrb    r2, [r1]
        cmp     r2, #'/'
        addeq   r1, r1, #1
        pop     {r4-r9, fp, pc}
ENDFUNC mount_of_path

@ ---------------------------------------------------------------------------
@ filesystems_show - /proc/filesystems: "nodev" unless a device is needed
@
@   in:       r0 = seq_file
@   out:      r0 = 0
@   clobbers: r1-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
FUNC filesystems_show
        push    {r4-r5, fp, lr}
        add     fp, sp, #8
        mov     r4, r0
        ldr     r5, =file_systems
        ldr     r5, [r5]
        b       .Lshow_test
.Lshow_next:
        ldr     r2, [r5, #FS_FLAGS]
        tst     r2, #FS_REQUIRES_DEV
        ldreq   r2, =.Ltext_nodev
        ldrne   r2, =.Ltext_none
        ldr     r3, [r5, #FS_NAME]
        mov     r0, r4
        ldr     r1, =.Ltext_filesystem
        bl      seq_printf
        ldr     r5, [r5, #FS_NEXT]
.Lshow_test:
        cmp     r5, #0
        bne     .Lshow_next
        mov     r0, #0
        pop     {r4-r5, fp, pc}
ENDFUNC filesystems_show

        RODATA
.Ltext_filesystem:
        .asciz  "%s\t%s\n"
.Ltext_nodev:
        .asciz  "nodev"
.Ltext_none:
        .asciz  ""

        .data
        .balign 4
file_systems:                                   @ list of all types, the root's first
        .word   ramfs_fs_type

mounts:
        .word   .Ltext_none, 0, ramfs_fs_type
        .space  (NR_MOUNTS - 1) * MOUNT_SIZE
