@ Bad pointers in system calls cost -EFAULT, a bad number -ENOSYS, and never the kernel. On the first wrong answer the
@ program ends, which is a panic.
@
@ place: user
@ expect: Run /init as init process
@ expect: reboot: Power down
@ stop: power-off

        .include "macros.inc"
        .include "memory.inc"
        .include "unistd.inc"
        .include "fs.inc"

        .equ    NOT_MAPPED,     0x00700000

        .macro  must_give result
        svc     #0
        cmp     r0, #-\result
        bne     .Lwrong
        .endm

        .text
FUNC _start
        mov     r7, #__NR_open
        mov     r1, #O_RDWR
        ldr     r0, =KERNEL_VADDR
        must_give EFAULT
        ldr     r0, =NOT_MAPPED
        must_give EFAULT
        ldr     r0, =.Lconsole
        must_give 0                             @ descriptor 0

        mov     r7, #__NR_write
        mov     r2, #4
        ldr     r1, =NOT_MAPPED
        must_give EFAULT
        mov     r0, #0
        ldr     r1, =KERNEL_VADDR
        must_give EFAULT
        mov     r0, #0
        ldr     r1, =-4                         @ the end wraps round
        mov     r2, #8
        must_give EFAULT

        ldr     r7, =NR_syscalls
        must_give ENOSYS
        mvn     r7, #0
        must_give ENOSYS

        mov     r7, #__NR_reboot
        ldr     r0, =LINUX_REBOOT_MAGIC1
        ldr     r1, =LINUX_REBOOT_MAGIC2
        ldr     r2, =LINUX_REBOOT_CMD_POWER_OFF
        svc     #0
.Lwrong:
        mov     r7, #__NR_exit
        svc     #0
ENDFUNC _start

        RODATA
.Lconsole:
        .asciz  "/dev/console"
