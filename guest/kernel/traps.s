@ traps.s - exceptions that are somebody's fault. In the kernel they print an oops in Linux's words and stop the machine
@ by panic; in user mode they kill init, which is a panic too, for there is one process.

        .include "macros.inc"
        .include "arm.inc"
        .include "memory.inc"
        .include "ptrace.inc"
        .include "system.inc"

        .equ    SIGILL,         4
        .equ    SIGSEGV,        11

        .text
@ ---------------------------------------------------------------------------
@ do_undefined_instruction - no such instruction; poisoned init memory is full of them
@
@   in:       r0 = pt_regs
@   out:      never returns
@   clobbers: everything
@   context:  exception
@ ---------------------------------------------------------------------------
FUNC do_undefined_instruction
        push    {r4, r5, fp, lr}
        add     fp, sp, #8
        mov     r4, r0
        ldr     r1, [r4, #PT_CPSR]
        tst     r1, #PSR_USER_TEST
        beq     .Luser_undefined
        bl      console_verbose
        ldr     r0, =.Lundefined
        mov     r1, r4
        mov     r2, #0
        bl      die

.Luser_undefined:
        ldr     r1, [r4, #PT_PC]
        pr_alert "init (1): undefined instruction: pc=%08x\n"
        mov     r0, r4
        bl      show_regs
        mov     r0, #SIGILL
        bl      kill_init
ENDFUNC do_undefined_instruction
        string .Lundefined, "Oops - undefined instruction"

@ ---------------------------------------------------------------------------
@ kill_init - the one user process cannot go on
@
@   in:       r0 = exit code as wait() would see it (a signal's number)
@   out:      never returns
@   clobbers: everything
@   context:  process
@ ---------------------------------------------------------------------------
FUNC kill_init
        mov     r1, r0
        ldr     r0, =.Lattempted
        b       panic
ENDFUNC kill_init
        string .Lattempted, "Attempted to kill init! exitcode=0x%08x"

@ ---------------------------------------------------------------------------
@ die - the oops: what happened, where, every register, who called
@
@   in:       r0 = reason, r1 = pt_regs, r2 = error code (a fault status)
@   out:      never returns
@   clobbers: everything
@   context:  exception
@ ---------------------------------------------------------------------------
FUNC die
        push    {r4, r5, fp, lr}
        add     fp, sp, #8
        mov     r4, r1
        mov     r5, r0
        bl      console_verbose
        ldr     r0, =die_count
        ldr     r3, [r0]
        add     r3, r3, #1
        str     r3, [r0]
        cmp     r3, #1
        bhi     .Ldied_dying
        mov     r1, r5
        pr_emerg "Internal error: %s: %x [#%d] ARM\n"
        bl      print_modules
        mov     r0, r4
        bl      show_regs
        mov     r0, r4
        bl      show_call_trace
        ldr     r0, [r4, #PT_PC]
        bl      show_code
        pr_emerg "---[ end trace 0000000000000000 ]---\n"

        ldr     r0, =preempt_count
        ldr     r0, [r0]
        cmp     r0, #HARDIRQ_OFFSET
        ldrlo   r0, =.Lfatal
        ldrhs   r0, =.Lfatal_interrupt
        bl      panic

@ A fault while the first one is being reported: say so and stop, or it would never end.
.Ldied_dying:
        ldr     r1, [r4, #PT_PC]
        pr_emerg "Internal error while dying, at %pS\n"
        bl      halt
ENDFUNC die
        string .Lfatal, "Fatal exception"
        string .Lfatal_interrupt, "Fatal exception in interrupt"

        .bss
        .balign 4
die_count:
        .space  4
