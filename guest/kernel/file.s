@ Open files: the kernel's read and write, the descriptors of the one process, and their system calls (Linux
@ fs/read_write.c, fs/file.c).
@
@ An operation of a driver or file system never sees a user pointer: the system calls carry bytes over a bounce buffer,
@ on the stack when they are few, else in a page that lives as long as the call.

        .include "macros.inc"
        .include "fs.inc"

        .equ    BOUNCE_STACK,   512             @ bytes that need no page
        .equ    BOUNCE_PAGE,    4096            @ most that one call moves; longer ones return short

        .text

@ ---------------------------------------------------------------------------
@ filp_close - last use of a file: release it and free the structure
@
@   in:       r0 = struct file
@   out:      r0 = what FOPS_RELEASE said, else 0
@   clobbers: r1-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
FUNC filp_close
        push    {r4-r5, fp, lr}
        add     fp, sp, #8
        mov     r4, r0
        mov     r5, #0
        ldr     r3, [r0, #FILE_OP]
        ldr     r3, [r3, #FOPS_RELEASE]
        cmp     r3, #0
        beq     .Lclose_free
        blx     r3
        mov     r5, r0
.Lclose_free:
        mov     r0, r4
        bl      kfree
        mov     r0, r5
        pop     {r4-r5, fp, pc}
ENDFUNC filp_close

@ ---------------------------------------------------------------------------
@ kernel_read - read at the file's position and move it
@
@   in:       r0 = struct file
@             r1 = kernel buffer
@             r2 = bytes wanted
@   out:      r0 = bytes read, 0 at the end, / -errno
@   clobbers: r1-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
FUNC kernel_read
        push    {r4-r5, fp, lr}
        add     fp, sp, #8
        mov     r4, r0
        ldr     r3, [r4, #FILE_FLAGS]
        and     r3, r3, #O_ACCMODE
        cmp     r3, #O_WRONLY
        moveq   r0, #-EBADF
        beq     .Lread_out
        ldr     r3, [r4, #FILE_OP]
        ldr     r3, [r3, #FOPS_READ]
        cmp     r3, #0
        beq     .Lread_cannot
        blx     r3
        cmp     r0, #0
        ldrgt   r1, [r4, #FILE_POS]
        addgt   r1, r1, r0
        strgt   r1, [r4, #FILE_POS]
        b       .Lread_out

.Lread_cannot:
        ldr     r3, [r4, #FILE_MODE]
        and     r3, r3, #S_IFMT
        cmp     r3, #S_IFDIR
        moveq   r0, #-EISDIR
        movne   r0, #-EINVAL
.Lread_out:
        pop     {r4-r5, fp, pc}
ENDFUNC kernel_read

@ ---------------------------------------------------------------------------
@ kernel_write - write at the file's position and move it; O_APPEND: at its end
@
@   in:       r0 = struct file
@             r1 = kernel buffer
@             r2 = bytes
@   out:      r0 = bytes written / -errno
@   clobbers: r1-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
FUNC kernel_write
        push    {r4-r7, fp, lr}
        add     fp, sp, #16
        mov     r4, r0
        mov     r5, r1
        mov     r6, r2
        ldr     r3, [r4, #FILE_FLAGS]
        tst     r3, #O_ACCMODE
        moveq   r0, #-EBADF                     @ opened for reading only
        beq     .Lwrite_out
        ldr     r7, [r4, #FILE_OP]
        ldr     ip, [r7, #FOPS_WRITE]
        cmp     ip, #0
        moveq   r0, #-EINVAL
        beq     .Lwrite_out

        tst     r3, #O_APPEND
        beq     .Lwrite_now
        ldr     ip, [r7, #FOPS_LENGTH]
        cmp     ip, #0
        beq     .Lwrite_now                     @ a device: it has no end
        blx     ip
        str     r0, [r4, #FILE_POS]
.Lwrite_now:
        mov     r0, r4
        mov     r1, r5
        mov     r2, r6
        ldr     ip, [r7, #FOPS_WRITE]
        blx     ip
        cmp     r0, #0
        ldrgt   r1, [r4, #FILE_POS]
        addgt   r1, r1, r0
        strgt   r1, [r4, #FILE_POS]
.Lwrite_out:
        pop     {r4-r7, fp, pc}
ENDFUNC kernel_write

@ ---------------------------------------------------------------------------
@ fget - the open file behind a descriptor
@
@   in:       r0 = file descriptor
@   out:      r0 = struct file, 0 when it is not open
@   clobbers: r1, flags
@   context:  process
@ ---------------------------------------------------------------------------
FUNC fget
        cmp     r0, #NR_OPEN
        movhs   r0, #0
        bxhs    lr
        ldr     r1, =fd_table
        ldr     r0, [r1, r0, lsl #2]
        bx      lr
ENDFUNC fget

@ ---------------------------------------------------------------------------
@ get_unused_fd - the lowest descriptor that is not open
@
@   in:       -
@   out:      r0 = file descriptor / -EMFILE
@   clobbers: r1, r2, flags
@   context:  process
@ ---------------------------------------------------------------------------
LFUNC get_unused_fd
        ldr     r1, =fd_table
        mov     r0, #0
.Lfd_next:
        ldr     r2, [r1, r0, lsl #2]
        cmp     r2, #0
        bxeq    lr
        add     r0, r0, #1
        cmp     r0, #NR_OPEN
        blo     .Lfd_next
        mov     r0, #-EMFILE
        bx      lr
ENDFUNC get_unused_fd

@ ---------------------------------------------------------------------------
@ path_from_user - copy a path into the kernel
@
@   in:       r0 = buffer of PATH_MAX bytes
@             r1 = user pointer
@   out:      r0 = 0 / -EFAULT / -ENAMETOOLONG
@   clobbers: r1-r3, ip, flags
@   context:  system call
@ ---------------------------------------------------------------------------
FUNC path_from_user
        push    {fp, lr}
        add     fp, sp, #0
        mov     r2, #PATH_MAX
        bl      strncpy_from_user
        cmp     r0, #PATH_MAX
        movge   r0, #-ENAMETOOLONG              @ no NUL among that many
        bge     .Lpath_out
        cmp     r0, #0
        movgt   r0, #0                          @ a length; an error stays
.Lpath_out:
        pop     {fp, pc}
ENDFUNC path_from_user

@ ---------------------------------------------------------------------------
@ sys_open - open(path, flags, mode)
@
@   in:       r0 = user pointer to the path, r1 = O_* flags, r2 = permissions
@   out:      r0 = file descriptor / -errno
@   clobbers: r1-r3, ip, flags
@   context:  system call
@ ---------------------------------------------------------------------------
FUNC sys_open
        push    {r4-r7, fp, lr}
        add     fp, sp, #16
        sub     sp, sp, #PATH_MAX
        mov     r4, r1
        mov     r5, r2
        mov     r1, r0
        mov     r0, sp
        bl      path_from_user
        cmp     r0, #0
        bne     .Lsys_open_out

        @ A descriptor first: nothing is opened that could not be given back.
        bl      get_unused_fd
        cmp     r0, #0
        blt     .Lsys_open_out
        mov     r6, r0
        mov     r0, sp
        mov     r1, r4
        mov     r2, r5
        bl      filp_open
        cmn     r0, #MAX_ERRNO + 1
        bhi     .Lsys_open_out
        ldr     r1, =fd_table
        str     r0, [r1, r6, lsl #2]
        mov     r0, r6
.Lsys_open_out:
        sub     sp, fp, #16
        pop     {r4-r7, fp, pc}
ENDFUNC sys_open

@ ---------------------------------------------------------------------------
@ sys_close - close(fd)
@
@   in:       r0 = file descriptor
@   out:      r0 = 0 / -errno; the descriptor is free either way
@   clobbers: r1-r3, ip, flags
@   context:  system call
@ ---------------------------------------------------------------------------
FUNC sys_close
        push    {r4-r5, fp, lr}
        add     fp, sp, #8
        mov     r4, r0
        bl      fget
        cmp     r0, #0
        moveq   r0, #-EBADF
        beq     .Lsys_close_out
        ldr     r1, =fd_table
        mov     r2, #0
        str     r2, [r1, r4, lsl #2]
        bl      filp_close
.Lsys_close_out:
        pop     {r4-r5, fp, pc}
ENDFUNC sys_close

@ ---------------------------------------------------------------------------
@ bounce_get - a kernel buffer for one system call
@
@   in:       r0 = bytes (at most BOUNCE_PAGE)
@             r1 = the caller's BOUNCE_STACK bytes of stack
@   out:      r0 = buffer, 0 without memory
@   clobbers: r1-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
LFUNC bounce_get
        cmp     r0, #BOUNCE_STACK
        movls   r0, r1
        bxls    lr
        mov     r0, #0                          @ order: one page
        b       alloc_pages
ENDFUNC bounce_get

@ ---------------------------------------------------------------------------
@ bounce_put - give a bounce buffer back
@
@   in:       r0 = buffer
@             r1 = the caller's stack part
@   out:      -
@   clobbers: r0-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
LFUNC bounce_put
        cmp     r0, r1
        bxeq    lr
        mov     r1, #0
        b       free_pages
ENDFUNC bounce_put

@ ---------------------------------------------------------------------------
@ sys_read - read(fd, buf, count); at most a page in one call
@
@   in:       r0 = file descriptor, r1 = user buffer, r2 = bytes wanted
@   out:      r0 = bytes read, 0 at the end, / -errno
@   clobbers: r1-r3, ip, flags
@   context:  system call
@ ---------------------------------------------------------------------------
FUNC sys_read
        push    {r4-r9, fp, lr}
        add     fp, sp, #24
        sub     sp, sp, #BOUNCE_STACK
        mov     r5, r1
        mov     r6, r2
        bl      fget
        movs    r4, r0
        moveq   r0, #-EBADF
        beq     .Lsys_read_out
        cmp     r6, #BOUNCE_PAGE
        movhi   r6, #BOUNCE_PAGE

        @ Refuse a bad buffer before the read: reading may change the world (a console line, /proc/deferred_initcalls).
        mov     r0, r5
        mov     r1, r6
        bl      access_ok
        cmp     r0, #0
        moveq   r0, #-EFAULT
        beq     .Lsys_read_out

        mov     r0, r6
        mov     r1, sp
        bl      bounce_get
        movs    r7, r0
        moveq   r0, #-ENOMEM
        beq     .Lsys_read_out

        mov     r0, r4
        mov     r1, r7
        mov     r2, r6
        bl      kernel_read
        movs    r8, r0
        ble     .Lsys_read_done
        mov     r0, r5
        mov     r1, r7
        mov     r2, r8
        bl      copy_to_user
        cmp     r0, #0
        movne   r8, #-EFAULT
.Lsys_read_done:
        mov     r0, r7
        mov     r1, sp
        bl      bounce_put
        mov     r0, r8
.Lsys_read_out:
        sub     sp, fp, #24
        pop     {r4-r9, fp, pc}
ENDFUNC sys_read

@ ---------------------------------------------------------------------------
@ sys_write - write(fd, buf, count); at most a page in one call
@
@   in:       r0 = file descriptor, r1 = user buffer, r2 = bytes
@   out:      r0 = bytes written / -errno
@   clobbers: r1-r3, ip, flags
@   context:  system call
@ ---------------------------------------------------------------------------
FUNC sys_write
        push    {r4-r9, fp, lr}
        add     fp, sp, #24
        sub     sp, sp, #BOUNCE_STACK
        mov     r5, r1
        mov     r6, r2
        bl      fget
        movs    r4, r0
        moveq   r0, #-EBADF
        beq     .Lsys_write_out
        cmp     r6, #BOUNCE_PAGE
        movhi   r6, #BOUNCE_PAGE

        mov     r0, r6
        mov     r1, sp
        bl      bounce_get
        movs    r7, r0
        moveq   r0, #-ENOMEM
        beq     .Lsys_write_out

        mov     r0, r7
        mov     r1, r5
        mov     r2, r6
        bl      copy_from_user
        cmp     r0, #0
        movne   r8, #-EFAULT
        bne     .Lsys_write_done
        mov     r0, r4
        mov     r1, r7
        mov     r2, r6
        bl      kernel_write
        mov     r8, r0
.Lsys_write_done:
        mov     r0, r7
        mov     r1, sp
        bl      bounce_put
        mov     r0, r8
.Lsys_write_out:
        sub     sp, fp, #24
        pop     {r4-r9, fp, pc}
ENDFUNC sys_write

@ ---------------------------------------------------------------------------
@ sys_lseek - lseek(fd, offset, whence)
@
@   in:       r0 = file descriptor, r1 = offset, r2 = SEEK_SET, _CUR or _END
@   out:      r0 = new position / -errno; devices have none: -ESPIPE
@   clobbers: r1-r3, ip, flags
@   context:  system call
@ ---------------------------------------------------------------------------
FUNC sys_lseek
        push    {r4-r7, fp, lr}
        add     fp, sp, #16
        mov     r5, r1
        mov     r6, r2
        bl      fget
        movs    r4, r0
        moveq   r0, #-EBADF
        beq     .Lseek_out
        ldr     r0, [r4, #FILE_MODE]
        and     r0, r0, #S_IFMT
        cmp     r0, #S_IFCHR
        moveq   r0, #-ESPIPE
        beq     .Lseek_out

        mov     r0, r4
        mov     r1, r6
        bl      seek_base
        cmp     r0, #0
        blt     .Lseek_out
        adds    r0, r0, r5
        movvs   r0, #-EINVAL                    @ past 2 GiB
        bvs     .Lseek_out
        movmi   r0, #-EINVAL                    @ before the start
        strpl   r0, [r4, #FILE_POS]
.Lseek_out:
        pop     {r4-r7, fp, pc}
ENDFUNC sys_lseek

@ ---------------------------------------------------------------------------
@ seek_base - what an offset of lseek is counted from
@
@   in:       r0 = struct file
@             r1 = SEEK_SET, SEEK_CUR or SEEK_END
@   out:      r0 = position / -EINVAL
@   clobbers: r1-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
LFUNC seek_base
        cmp     r1, #SEEK_CUR
        ldreq   r0, [r0, #FILE_POS]
        bxeq    lr
        cmp     r1, #SEEK_SET
        moveq   r0, #0
        bxeq    lr
        cmp     r1, #SEEK_END
        ldreq   r3, [r0, #FILE_OP]
        ldreq   r3, [r3, #FOPS_LENGTH]
        cmpeq   r3, #0
        beq     .Lbase_unknown
        cmp     r1, #SEEK_END
        bxeq    r3
.Lbase_unknown:
        mov     r0, #-EINVAL
        bx      lr
ENDFUNC seek_base

        .bss
        .balign 4
fd_table:                                       @ struct file per descriptor, 0: not open
        .space  4 * NR_OPEN
