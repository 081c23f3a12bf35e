@ panic.s - the two ways to say that something is wrong: warn and go on, or panic and stop.

        .include "macros.inc"
        .include "ptrace.inc"

        .equ    PANIC_TEXT_MAX, 256

        .text
@ ---------------------------------------------------------------------------
@ panic - the kernel cannot go on
@
@   in:       r0 = format, r1-r3 and the stack = arguments
@   out:      never returns
@   clobbers: everything
@   context:  any
@ ---------------------------------------------------------------------------
FUNC panic
        push    {r0-r3}
        push    {fp, lr}
        add     fp, sp, #0
        cpsid   i
        bl      console_verbose
        mov     r2, r0
        add     r3, sp, #12
        ldr     r0, =panic_text
        mov     r1, #PANIC_TEXT_MAX
        bl      vsnprintf
        ldr     r1, =panic_text
        pr_emerg "Kernel panic - not syncing: %s\n"
        ldr     r1, =panic_text
        pr_emerg "---[ end Kernel panic - not syncing: %s ]---\n"
        bl      halt
ENDFUNC panic

@ ---------------------------------------------------------------------------
@ halt - sleep for ever
@
@   in:       -
@   out:      never returns
@   clobbers: -
@   context:  any
@ ---------------------------------------------------------------------------
FUNC halt
        cpsid   i
.Lhalted:
        wfi
        b       .Lhalted
ENDFUNC halt

@ ---------------------------------------------------------------------------
@ warn - print a warning with the place it comes from and its callers, and go on
@
@   in:       r0 = format, r1-r3 and the stack = arguments
@   out:      -
@   clobbers: r0-r3, ip, flags
@   context:  any
@ ---------------------------------------------------------------------------
FUNC warn
        push    {r0-r3}
        push    {fp, lr}
        add     fp, sp, #0
        pr_warn "------------[ cut here ]------------\n"
        ldr     r1, [fp, #FRAME_LR]
        pr_warn "WARNING: CPU: 0 PID: 1 at %pB\n"
        ldr     r0, [sp, #8]
        add     r1, sp, #12
        bl      vprintk
        bl      dump_stack
        pr_warn "---[ end trace 0000000000000000 ]---\n"
        pop     {fp, lr}
        add     sp, sp, #16
        bx      lr
ENDFUNC warn

        .bss
panic_text:
        .space  PANIC_TEXT_MAX

        EXPORT_SYMBOL panic
        EXPORT_SYMBOL warn
