@ irq.s - who handles which interrupt. The interrupt controller's driver registers itself with set_irq_chip; drivers ask
@ for their interrupt with request_irq. Handlers run with IRQs off and must not sleep.

        .include "macros.inc"
        .include "arm.inc"
        .include "irq.inc"
        .include "board.inc"
        .include "system.inc"

        .text
@ ---------------------------------------------------------------------------
@ set_irq_chip - there is an interrupt controller
@
@   in:       r0 = struct irq_chip
@   out:      -
@   clobbers: r1
@   context:  initcall
@ ---------------------------------------------------------------------------
FUNC set_irq_chip
        ldr     r1, =irq_chip
        str     r0, [r1]
        bx      lr
ENDFUNC set_irq_chip

@ ---------------------------------------------------------------------------
@ request_irq - handle an interrupt from now on
@
@   in:       r0 = interrupt id, r1 = handler(irq, dev), r2 = name, r3 = dev
@   out:      r0 = 0, -EINVAL for an id there is not, -EBUSY when it has a handler, -ENODEV without a controller
@   clobbers: r1-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
FUNC request_irq
        push    {r4, r5, fp, lr}
        add     fp, sp, #8
        cmp     r0, #NR_IRQS
        movhs   r0, #-EINVAL
        bhs     .Lrequest_done
        ldr     r4, =irq_desc
        add     r4, r4, r0, lsl #IRQ_DESC_SHIFT
        ldr     ip, [r4, #IRQ_HANDLER]
        cmp     ip, #0
        movne   r0, #-EBUSY
        bne     .Lrequest_done
        ldr     r5, =irq_chip
        ldr     r5, [r5]
        cmp     r5, #0
        moveq   r0, #-ENODEV
        beq     .Lrequest_done

        str     r1, [r4, #IRQ_HANDLER]
        str     r2, [r4, #IRQ_NAME]
        str     r3, [r4, #IRQ_DEV]
        ldr     r1, [r5, #IRQ_CHIP_UNMASK]
        blx     r1
        mov     r0, #0
.Lrequest_done:
        pop     {r4, r5, fp, pc}
ENDFUNC request_irq

@ ---------------------------------------------------------------------------
@ free_irq - handle an interrupt no longer
@
@   in:       r0 = interrupt id, requested before
@   out:      -
@   clobbers: r0-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
FUNC free_irq
        push    {r4, r5, fp, lr}
        add     fp, sp, #8
        ldr     r4, =irq_desc
        add     r4, r4, r0, lsl #IRQ_DESC_SHIFT
        ldr     r5, =irq_chip
        ldr     r5, [r5]
        ldr     r1, [r5, #IRQ_CHIP_MASK]
        blx     r1
        mov     r0, #0
        str     r0, [r4, #IRQ_HANDLER]
        pop     {r4, r5, fp, pc}
ENDFUNC free_irq

@ ---------------------------------------------------------------------------
@ do_irq - the processor was interrupted: ask the controller
@
@   in:       -
@   out:      -
@   clobbers: r0-r3, ip, flags
@   context:  interrupt
@ ---------------------------------------------------------------------------
FUNC do_irq
        push    {r4, r5, fp, lr}
        add     fp, sp, #8
        ldr     r4, =preempt_count
        ldr     r0, [r4]
        add     r0, r0, #HARDIRQ_OFFSET
        str     r0, [r4]
        ldr     r5, =irq_chip
        ldr     r5, [r5]
        ldr     r1, [r5, #IRQ_CHIP_HANDLE]
        blx     r1
        ldr     r0, [r4]
        sub     r0, r0, #HARDIRQ_OFFSET
        str     r0, [r4]
        pop     {r4, r5, fp, pc}
ENDFUNC do_irq

@ ---------------------------------------------------------------------------
@ handle_irq - call the handler of one interrupt
@
@   in:       r0 = interrupt id
@   out:      -
@   clobbers: r0-r3, ip, flags
@   context:  interrupt; from the controller's driver
@ ---------------------------------------------------------------------------
FUNC handle_irq
        push    {r4, r5, fp, lr}
        add     fp, sp, #8
        mov     r4, r0
        cmp     r0, #NR_IRQS
        bhs     .Lnobody_cared
        ldr     r5, =irq_desc
        add     r5, r5, r0, lsl #IRQ_DESC_SHIFT
        ldr     r1, [r5, #IRQ_COUNT]
        add     r1, r1, #1
        str     r1, [r5, #IRQ_COUNT]
        ldr     r2, [r5, #IRQ_HANDLER]
        cmp     r2, #0
        beq     .Lmask_it
        ldr     r1, [r5, #IRQ_DEV]
        blx     r2
        pop     {r4, r5, fp, pc}

.Lmask_it:
        ldr     r1, =irq_chip
        ldr     r1, [r1]
        ldr     r1, [r1, #IRQ_CHIP_MASK]
        blx     r1
.Lnobody_cared:
        mov     r1, r4
        pr_err  "irq %d: nobody cared\n"
        pop     {r4, r5, fp, pc}
ENDFUNC handle_irq

        .bss
        .balign 16
        .global irq_desc, irq_chip
irq_desc:
        .space  NR_IRQS * IRQ_DESC_SIZE
irq_chip:
        .space  4                               @ struct irq_chip, 0: none yet

        EXPORT_SYMBOL set_irq_chip
        EXPORT_SYMBOL handle_irq
        EXPORT_SYMBOL request_irq
        EXPORT_SYMBOL free_irq
