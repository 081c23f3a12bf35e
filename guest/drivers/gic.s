@ gic.s - the interrupt controller, a GICv2: distributor (which interrupts reach the processor) and CPU interface (which
@ one is it, and done). ARM IHI 0048.

        .include "macros.inc"
        .include "board.inc"
        .include "irq.inc"

        .equ    GICD_CTLR,              0x000
        .equ    GICD_TYPER,             0x004
        .equ    TYPER_LINES_MASK,       0x1f    @ (interrupt ids / 32) - 1
        .equ    GICD_ISENABLER,         0x100   @ a bit for each interrupt id: write 1 to enable
        .equ    GICD_ICENABLER,         0x180   @ write 1 to disable
        .equ    GICD_IPRIORITYR,        0x400   @ a byte for each id
        .equ    GICD_ITARGETSR,         0x800   @ a byte for each id: a bit for each processor
        .equ    GICC_CTLR,              0x00
        .equ    GICC_PMR,               0x04
        .equ    GICC_IAR,               0x0c
        .equ    GICC_EOIR,              0x10
        .equ    CTLR_ENABLE,            1 << 0
        .equ    IAR_ID_BITS,            10
        .equ    ID_SPECIAL,             1020    @ from here on: spurious
        .equ    FIRST_SPI,              32      @ below: private to each processor
        .equ    TARGET_CPU0,            0x01010101
        .equ    PRIORITY_DEFAULT,       0xa0a0a0a0
        .equ    PRIORITY_LOWEST,        0xf0    @ mask: all that is more urgent than this

@ ---------------------------------------------------------------------------
@ gic_init - all interrupts off, aimed at CPU 0; then controller and CPU interface on
@
@   in:       -
@   out:      r0 = 0, or -ENODEV when nothing answers
@   clobbers: r1-r3, ip, flags
@   context:  initcall, IRQs on but none arrives yet
@ ---------------------------------------------------------------------------
        INIT_TEXT
FUNC gic_init
        push    {r4, r5, fp, lr}
        add     fp, sp, #8
        ldr     r4, =GIC_DIST_BASE
        ldr     r0, [r4, #GICD_TYPER]
        cmp     r0, #0
        moveq   r0, #-ENODEV
        beq     .Lreturn
        and     r5, r0, #TYPER_LINES_MASK
        add     r5, r5, #1
        lsl     r5, r5, #5                      @ number of ids

        mov     r0, #0
        str     r0, [r4, #GICD_CTLR]
        mov     r1, #FIRST_SPI
.Lset_up_four:                                  @ four ids a word
        add     r2, r4, r1
        add     r2, r2, #GICD_ITARGETSR
        ldr     r3, =TARGET_CPU0
        str     r3, [r2]
        sub     r2, r2, #GICD_ITARGETSR - GICD_IPRIORITYR
        ldr     r3, =PRIORITY_DEFAULT
        str     r3, [r2]
        add     r1, r1, #4
        cmp     r1, r5
        blo     .Lset_up_four

        mov     r1, #0
        mvn     r3, #0
.Ldisable_32:
        add     r2, r4, r1, lsr #3
        add     r2, r2, #GICD_ICENABLER
        str     r3, [r2]
        add     r1, r1, #32
        cmp     r1, r5
        blo     .Ldisable_32

        mov     r0, #CTLR_ENABLE
        str     r0, [r4, #GICD_CTLR]
        ldr     r4, =GIC_CPU_BASE
        mov     r1, #PRIORITY_LOWEST
        str     r1, [r4, #GICC_PMR]
        str     r0, [r4, #GICC_CTLR]

        ldr     r0, =gic_chip
        bl      set_irq_chip
        mov     r1, r5
        pr_info "GICv2: %u interrupts\n"
        mov     r0, #0
.Lreturn:
        pop     {r4, r5, fp, pc}
ENDFUNC gic_init
        module_init gic_init, early_initcall
        MODULE_LICENSE "GPL"
        MODULE_DESCRIPTION "GICv2 interrupt controller"

        .text
@ ---------------------------------------------------------------------------
@ gic_handle - take interrupts until there are no more
@
@   in:       -
@   out:      -
@   clobbers: r0-r3, ip, flags
@   context:  interrupt
@ ---------------------------------------------------------------------------
LFUNC gic_handle
        push    {r4, r5, fp, lr}
        add     fp, sp, #8
        ldr     r4, =GIC_CPU_BASE
.Lnext_interrupt:
        ldr     r5, [r4, #GICC_IAR]             @ acknowledges
        ubfx    r0, r5, #0, #IAR_ID_BITS
        cmp     r0, #ID_SPECIAL
        bhs     .Lno_more
        bl      handle_irq
        str     r5, [r4, #GICC_EOIR]            @ the very word that IAR gave
        b       .Lnext_interrupt
.Lno_more:
        pop     {r4, r5, fp, pc}
ENDFUNC gic_handle

@ ---------------------------------------------------------------------------
@ gic_mask, gic_unmask - one interrupt off or on
@
@   in:       r0 = id
@   out:      -
@   clobbers: r1-r3, flags
@   context:  any
@ ---------------------------------------------------------------------------
LFUNC gic_unmask
        ldr     r1, =GIC_DIST_BASE + GICD_ISENABLER
        b       set_id_bit
ENDFUNC gic_unmask

LFUNC gic_mask
        ldr     r1, =GIC_DIST_BASE + GICD_ICENABLER
        b       set_id_bit
ENDFUNC gic_mask

@ r0 = id, r1 = first register of a bitmap that takes 1s; r1-r3 change.
LFUNC set_id_bit
        lsr     r2, r0, #5
        add     r1, r1, r2, lsl #2
        and     r2, r0, #31
        mov     r3, #1
        lsl     r3, r3, r2
        str     r3, [r1]
        bx      lr
ENDFUNC set_id_bit

        string .Lgic_name, "GICv2"

        RODATA
        .balign 4
gic_chip:                                       @ struct irq_chip
        .word   .Lgic_name, gic_handle, gic_mask, gic_unmask
