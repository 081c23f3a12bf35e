@ The end: power off, restart, halt (Linux kernel/reboot.c; the board's side as drivers/power/reset/vexpress-poweroff.c).

        .include "macros.inc"
        .include "board.inc"
        .include "system.inc"
        .include "unistd.inc"

@ System registers: a command to the board's micro-controller (ARM DUI 0447, SYS_CFGCTRL).
        .equ    SYS_CFGCTRL,    0xa4
        .equ    CFG_SHUTDOWN,   0xc0800000      @ start, write, function 8
        .equ    CFG_REBOOT,     0xc0900000      @ start, write, function 9

        .text

@ ---------------------------------------------------------------------------
@ kernel_stop - the common way down
@
@   in:       r0 = system_state to enter
@             r1 = message (a printk format without arguments)
@             r2 = word for SYS_CFGCTRL, 0: none
@   out:      no return
@   clobbers: everything
@   context:  process
@ ---------------------------------------------------------------------------
LFUNC kernel_stop
        push    {r4-r5, fp, lr}
        add     fp, sp, #8
        mov     r4, r1
        mov     r5, r2
        bl      set_system_state
        bl      report_init_memory
        mov     r0, r4
        bl      _printk
        cmp     r5, #0
        ldrne   r0, =SYSREG_BASE
        strne   r5, [r0, #SYS_CFGCTRL]
.Lstopped:
        cpsid   i
        wfi                                     @ until the board obeys, or for ever
        b       .Lstopped
ENDFUNC kernel_stop

@ ---------------------------------------------------------------------------
@ kernel_power_off, kernel_restart, kernel_halt
@
@   in:       -
@   out:      no return
@   clobbers: everything
@   context:  process
@ ---------------------------------------------------------------------------
FUNC kernel_power_off
        mov     r0, #SYSTEM_POWER_OFF
        ldr     r1, =.Ltext_power_off
        ldr     r2, =CFG_SHUTDOWN
        b       kernel_stop
ENDFUNC kernel_power_off

FUNC kernel_restart
        mov     r0, #SYSTEM_RESTART
        ldr     r1, =.Ltext_restart
        ldr     r2, =CFG_REBOOT
        b       kernel_stop
ENDFUNC kernel_restart

FUNC kernel_halt
        mov     r0, #SYSTEM_HALT
        ldr     r1, =.Ltext_halt
        mov     r2, #0
        b       kernel_stop
ENDFUNC kernel_halt

@ ---------------------------------------------------------------------------
@ sys_reboot - reboot(magic1, magic2, command, argument)
@
@   in:       r0, r1 = the magic numbers, r2 = LINUX_REBOOT_CMD_*
@   out:      r0 = -EINVAL; when all three are right, no return
@   clobbers: r1-r3, ip, flags
@   context:  system call
@ ---------------------------------------------------------------------------
FUNC sys_reboot
        push    {fp, lr}
        add     fp, sp, #0
        ldr     r3, =LINUX_REBOOT_MAGIC1
        cmp     r0, r3
        bne     .Lreboot_refuse
        ldr     r3, =magic2_numbers
.Lreboot_magic:
        ldr     ip, [r3], #4
        cmp     ip, #0
        beq     .Lreboot_refuse
        cmp     ip, r1
        bne     .Lreboot_magic

        ldr     r3, =reboot_commands
.Lreboot_command:
        ldr     ip, [r3, #4]
        cmp     ip, #0
        beq     .Lreboot_refuse
        ldr     ip, [r3], #8
        cmp     ip, r2
        bne     .Lreboot_command
        ldr     ip, [r3, #-4]
        blx     ip
.Lreboot_refuse:
        mov     r0, #-EINVAL
        pop     {fp, pc}
ENDFUNC sys_reboot

        RODATA
        .balign 4
magic2_numbers:
        .word   LINUX_REBOOT_MAGIC2
        .word   LINUX_REBOOT_MAGIC2A
        .word   LINUX_REBOOT_MAGIC2B
        .word   LINUX_REBOOT_MAGIC2C
        .word   0
reboot_commands:                                @ command, function; a function 0 ends it
        .word   LINUX_REBOOT_CMD_POWER_OFF, kernel_power_off
        .word   LINUX_REBOOT_CMD_RESTART, kernel_restart
        .word   LINUX_REBOOT_CMD_HALT, kernel_halt
        .word   0, 0
.Ltext_power_off:
        .byte   KERN_SOH, KERN_EMERG
        .asciz  "reboot: Power down\n"
.Ltext_restart:
        .byte   KERN_SOH, KERN_EMERG
        .asciz  "reboot: Restarting system\n"
.Ltext_halt:
        .byte   KERN_SOH, KERN_EMERG
        .asciz  "reboot: System halted\n"
