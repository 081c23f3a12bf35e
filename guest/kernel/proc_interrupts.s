@ /proc/interrupts: who has asked for which interrupt, and how often it came.

        .include "macros.inc"
        .include "irq.inc"
        .include "board.inc"

        .text

@ ---------------------------------------------------------------------------
@ interrupts_show - a head line, then a line for each interrupt with a handler
@
@   in:       r0 = seq_file
@   out:      r0 = 0
@   clobbers: r1-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
FUNC interrupts_show
        push    {r4-r7, fp, lr}
        add     fp, sp, #16
        sub     sp, sp, #16
        mov     r4, r0
        ldr     r1, =.Ltext_head
        bl      seq_puts
        ldr     r5, =irq_desc
        mov     r6, #0                          @ interrupt id
.Linterrupts_next:
        ldr     r0, [r5, #IRQ_HANDLER]
        cmp     r0, #0
        beq     .Linterrupts_skip
        ldr     r0, =irq_chip
        ldr     r0, [r0]
        ldr     r0, [r0, #IRQ_CHIP_NAME]
        str     r0, [sp]
        str     r6, [sp, #4]                    @ the controller's own number of it
        ldr     r0, [r5, #IRQ_NAME]
        str     r0, [sp, #8]
        mov     r0, r4
        ldr     r1, =.Ltext_line
        mov     r2, r6
        ldr     r3, [r5, #IRQ_COUNT]
        bl      seq_printf
.Linterrupts_skip:
        add     r5, r5, #IRQ_DESC_SIZE
        add     r6, r6, #1
        cmp     r6, #NR_IRQS
        blo     .Linterrupts_next
        mov     r0, #0
        sub     sp, fp, #16
        pop     {r4-r7, fp, pc}
ENDFUNC interrupts_show

        RODATA
.Ltext_head:
        .asciz  "           CPU0\n"
.Ltext_line:
        .asciz  "%3u: %10u  %8s %3u Level     %s\n"
