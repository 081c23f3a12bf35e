@ vexpress_sysreg.s - the system registers of a Versatile Express motherboard: who the board is.
@ Manual: ARM DUI 0447, "Motherboard Express", chapter 4.

        .include "macros.inc"
        .include "board.inc"

        .equ    SYS_ID,                 0x00    @ [31:28] revision, [27:16] HBI board number in BCD
        .equ    SYS_ID_REV_SHIFT,       28
        .equ    SYS_ID_HBI_SHIFT,       16
        .equ    SYS_ID_HBI_WIDTH,       12
        .equ    SYS_FLAGSCLR,           0x34    @ write 1s: clear bits of SYS_FLAGS
        .equ    SYS_24MHZ,              0x5c    @ free-running 24 MHz counter

@ ---------------------------------------------------------------------------
@ vexpress_sysreg_init - say which board this is, clear the boot flags
@
@   in:       -
@   out:      r0 = 0, or -ENODEV when nothing answers
@   clobbers: r1-r3, ip, flags
@   context:  initcall
@ ---------------------------------------------------------------------------
        INIT_TEXT
FUNC vexpress_sysreg_init
        push    {fp, lr}
        add     fp, sp, #0
        ldr     r2, =SYSREG_BASE
        ldr     r3, [r2, #SYS_ID]
        cmp     r3, #0
        moveq   r0, #-ENODEV
        beq     .Lreturn

        @ SYS_FLAGS carries the secondary CPUs' start address from one boot to the next: forget it.
        mvn     r0, #0
        str     r0, [r2, #SYS_FLAGSCLR]

        ubfx    r1, r3, #SYS_ID_HBI_SHIFT, #SYS_ID_HBI_WIDTH
        lsr     r2, r3, #SYS_ID_REV_SHIFT
        pr_info "vexpress-sysreg 1c010000.sysreg: board HBI-0%x revision %u, SYS_ID 0x%x\n"
        mov     r0, #0
.Lreturn:
        pop     {fp, pc}
ENDFUNC vexpress_sysreg_init

        EXIT_TEXT
@ ---------------------------------------------------------------------------
@ vexpress_sysreg_exit - nothing is to be given back
@
@   in:       -
@   out:      -
@   clobbers: -
@   context:  process
@ ---------------------------------------------------------------------------
FUNC vexpress_sysreg_exit
        bx      lr
ENDFUNC vexpress_sysreg_exit

        module_init vexpress_sysreg_init, postcore_initcall
        module_exit vexpress_sysreg_exit
        MODULE_LICENSE "GPL"
        MODULE_DESCRIPTION "Versatile Express system registers"
