@ The system call table and the calls that belong to no other file. entry.s has put the arguments into r0-r3 (the fifth
@ and sixth onto the stack) and stores what a call returns; a user pointer is only ever followed by copy_*_user.

        .include "macros.inc"
        .include "unistd.inc"
        .include "memory.inc"

        .equ    TIMESPEC_SEC,   0
        .equ    TIMESPEC_NSEC,  4
        .equ    TIMESPEC_SIZE,  8
        .equ    NSEC_PER_SEC,   1000000000
        .equ    NSEC_PER_MSEC,  1000000
        .equ    SLEEP_SLICE,    1000            @ seconds; in ms it fits a word with room to spare

        .equ    UTS_FIELD,      65              @ bytes of each text of struct new_utsname
        .equ    UTS_FIELDS,     6

        .text

@ ---------------------------------------------------------------------------
@ sys_ni_syscall - a number that means nothing here
@
@   in:       -
@   out:      r0 = -ENOSYS
@   clobbers: -
@   context:  system call
@ ---------------------------------------------------------------------------
FUNC sys_ni_syscall
        mov     r0, #-ENOSYS
        bx      lr
ENDFUNC sys_ni_syscall

@ ---------------------------------------------------------------------------
@ sys_exit - exit(status): the only process is init, and init must not
@
@   in:       r0 = status
@   out:      no return
@   clobbers: everything
@   context:  system call
@ ---------------------------------------------------------------------------
FUNC sys_exit
        push    {fp, lr}
        add     fp, sp, #0
        and     r1, r0, #0xff
        mov     r1, r1, lsl #8                  @ as wait() would report it
        ldr     r0, =.Ltext_killed
        bl      panic
        pop     {fp, pc}
ENDFUNC sys_exit

@ ---------------------------------------------------------------------------
@ sys_getpid - getpid()
@
@   in:       -
@   out:      r0 = 1
@   clobbers: -
@   context:  system call
@ ---------------------------------------------------------------------------
FUNC sys_getpid
        mov     r0, #1
        bx      lr
ENDFUNC sys_getpid

@ ---------------------------------------------------------------------------
@ sys_nanosleep - nanosleep(request, remain): to the next millisecond
@
@   in:       r0 = user struct timespec; r1 is not used, nothing interrupts us
@   out:      r0 = 0 / -EFAULT / -EINVAL
@   clobbers: r1-r3, ip, flags
@   context:  system call
@ ---------------------------------------------------------------------------
FUNC sys_nanosleep
        push    {r4-r5, fp, lr}
        add     fp, sp, #8
        sub     sp, sp, #TIMESPEC_SIZE
        mov     r1, r0
        mov     r0, sp
        mov     r2, #TIMESPEC_SIZE
        bl      copy_from_user
        cmp     r0, #0
        movne   r0, #-EFAULT
        bne     .Lnanosleep_out
        ldr     r4, [sp, #TIMESPEC_SEC]
        ldr     r5, [sp, #TIMESPEC_NSEC]
        ldr     r0, =NSEC_PER_SEC
        cmp     r5, r0
        movhs   r0, #-EINVAL
        bhs     .Lnanosleep_out
        cmp     r4, #0
        movlt   r0, #-EINVAL
        blt     .Lnanosleep_out

.Lnanosleep_long:
        cmp     r4, #SLEEP_SLICE
        bls     .Lnanosleep_rest
        ldr     r0, =SLEEP_SLICE * 1000
        bl      msleep
        sub     r4, r4, #SLEEP_SLICE
        b       .Lnanosleep_long

.Lnanosleep_rest:
        ldr     r0, =NSEC_PER_MSEC
        add     r5, r5, r0
        sub     r5, r5, #1                      @ a started millisecond counts
        udiv    r5, r5, r0
        mov     r0, #1000
        mla     r0, r4, r0, r5
        cmp     r0, #0
        blne    msleep
        mov     r0, #0
.Lnanosleep_out:
        sub     sp, fp, #8
        pop     {r4-r5, fp, pc}
ENDFUNC sys_nanosleep

@ ---------------------------------------------------------------------------
@ sys_uname - uname(struct new_utsname *)
@
@   in:       r0 = user pointer, UTS_FIELDS * UTS_FIELD bytes
@   out:      r0 = 0 / -EFAULT
@   clobbers: r1-r3, ip, flags
@   context:  system call
@ ---------------------------------------------------------------------------
FUNC sys_uname
        push    {fp, lr}
        add     fp, sp, #0
        ldr     r1, =utsname
        ldr     r2, =UTS_FIELDS * UTS_FIELD
        bl      copy_to_user
        cmp     r0, #0
        movne   r0, #-EFAULT
        pop     {fp, pc}
ENDFUNC sys_uname

@ ---------------------------------------------------------------------------
@ sys_syslog - syslog(action, buf, size): the kernel's messages
@
@   in:       r0 = SYSLOG_ACTION_READ_ALL: the last `size` bytes of the log into
@             the user buffer r1, size in r2; _SIZE_BUFFER: ask how long it is
@   out:      r0 = bytes / -EINVAL / -ENOMEM / -EFAULT
@   clobbers: r1-r3, ip, flags
@   context:  system call
@ ---------------------------------------------------------------------------
FUNC sys_syslog
        push    {r4-r9, fp, lr}
        add     fp, sp, #24
        ldr     r3, =log_buf_len
        ldr     r3, [r3]
        cmp     r0, #SYSLOG_ACTION_SIZE_BUFFER
        moveq   r0, r3
        beq     .Lsyslog_out
        cmp     r0, #SYSLOG_ACTION_READ_ALL
        bne     .Lsyslog_refuse
        cmp     r1, #0
        beq     .Lsyslog_refuse

        @ Where the last r2 bytes begin, as log_next counts.
        mov     r4, r1                          @ user buffer
        mov     r5, r2                          @ room left in it
        cmp     r5, r3
        movhi   r5, r3
        ldr     r6, =log_next
        ldr     r6, [r6]
        subs    r6, r6, r5
        addlo   r5, r5, r6                      @ the log is shorter than that
        movlo   r6, #0
        mov     r8, #0                          @ bytes copied
        mov     r0, #0
        bl      alloc_pages
        movs    r7, r0
        moveq   r0, #-ENOMEM
        beq     .Lsyslog_out

.Lsyslog_piece:
        mov     r0, r7
        mov     r1, #PAGE_SIZE
        cmp     r1, r5
        movhi   r1, r5
        mov     r2, r6
        bl      log_read
        mov     r6, r1
        movs    r9, r0
        beq     .Lsyslog_done
        add     r0, r4, r8
        mov     r1, r7
        mov     r2, r9
        bl      copy_to_user
        cmp     r0, #0
        movne   r8, #-EFAULT
        bne     .Lsyslog_done
        add     r8, r8, r9
        sub     r5, r5, r9
        b       .Lsyslog_piece

.Lsyslog_done:
        mov     r0, r7
        mov     r1, #0
        bl      free_pages
        mov     r0, r8
.Lsyslog_out:
        pop     {r4-r9, fp, pc}
.Lsyslog_refuse:
        mov     r0, #-EINVAL
        b       .Lsyslog_out
ENDFUNC sys_syslog

        .macro  uts_field text
.Luts_\@:
        .ascii  "\text"
        .space  UTS_FIELD - (. - .Luts_\@)
        .endm

        @ `syscall NUMBER, function`: rows in ascending order; the numbers between two rows belong to nobody.
        .macro  syscall number, function
        .rept   \number - next_syscall
        .word   sys_ni_syscall
        .endr
        .word   \function
        .set    next_syscall, \number + 1
        .endm

        RODATA
        .balign 4
        .set    next_syscall, 0
        .global sys_call_table
sys_call_table:
        syscall __NR_exit, sys_exit
        syscall __NR_read, sys_read
        syscall __NR_write, sys_write
        syscall __NR_open, sys_open
        syscall __NR_close, sys_close
        syscall __NR_unlink, sys_unlink
        syscall __NR_lseek, sys_lseek
        syscall __NR_getpid, sys_getpid
        syscall __NR_setuid, sys_setuid
        syscall __NR_getuid, sys_getuid
        syscall __NR_reboot, sys_reboot
        syscall __NR_syslog, sys_syslog
        syscall __NR_stat, sys_stat
        syscall __NR_uname, sys_uname
        syscall __NR_init_module, sys_init_module
        syscall __NR_delete_module, sys_delete_module
        syscall __NR_getdents, sys_getdents
        syscall __NR_nanosleep, sys_nanosleep
        syscall __NR_exit_group, sys_exit
        syscall __NR_finit_module, sys_finit_module

utsname:
        uts_field "minikernel"
        uts_field "camera"
        uts_field "0.1.0"
        uts_field "#1"
        uts_field "armv7l"
        uts_field "(none)"
.Ltext_killed:
        .asciz  "Attempted to kill init! exitcode=0x%08x"
