@ The program loads from the kernel's text: a fault at that address, and init is dead.
@
@ place: user
@ expect: Run /init as init process
@ expect: Unhandled fault: page permission fault (0x00f) at 0x{stext}, pc 0x00010004
@ expect: Mode USR_32
@ expect: Kernel panic - not syncing: Attempted to kill init! exitcode=0x0000000b
@ stop: halted

        .include "macros.inc"
        .include "memory.inc"

        .text
FUNC _start
        ldr     r1, =KERNEL_VADDR
        ldr     r0, [r1]
        b       _start
ENDFUNC _start
