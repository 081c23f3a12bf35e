@ usbcore.s - what USB drivers share: the list of host controllers, the list of interface drivers, and the one
@ interrupt line that all of them hang on. It touches no hardware: the controller stays untouched until its own
@ driver comes, which may be much later.

        .include "macros.inc"
        .include "board.inc"
        .include "usb.inc"

@ ---------------------------------------------------------------------------
@ usb_init - open for registrations
@
@   in:       -
@   out:      r0 = 0
@   clobbers: r1-r3, ip, flags
@   context:  initcall
@ ---------------------------------------------------------------------------
        INIT_TEXT
FUNC usb_init
        push    {fp, lr}
        add     fp, sp, #0
        ldr     r1, =usb_ready
        mov     r0, #1
        str     r0, [r1]
        pr_info "usbcore: registered new device driver usb\n"
        mov     r0, #0
        pop     {fp, pc}
ENDFUNC usb_init

        .text
@ ---------------------------------------------------------------------------
@ usb_add_hcd - a host controller runs: give its bus a number
@
@   in:       r0 = usb_hcd
@   out:      r0 = 0, HCD_BUSNUM set; -ENODEV before usb_init, -EEXIST name taken, request_irq's errors
@   clobbers: r1-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
FUNC usb_add_hcd
        push    {r4, r5, fp, lr}
        add     fp, sp, #8
        mov     r4, r0
        ldr     r1, =usb_hcds
        bl      usb_register_on
        cmp     r0, #0
        bne     .Ladd_return

        ldr     r1, =usb_busnum_allocated
        ldr     r2, [r1]
        add     r2, r2, #1
        str     r2, [r1]
        str     r2, [r4, #HCD_BUSNUM]
        ldr     r1, [r4, #HCD_NAME]
        pr_info "%s: new USB bus registered, assigned bus number %u\n"
        mov     r0, #0
.Ladd_return:
        pop     {r4, r5, fp, pc}
ENDFUNC usb_add_hcd
        EXPORT_SYMBOL usb_add_hcd

@ ---------------------------------------------------------------------------
@ usb_register_root_hub - the controller has started: its ports can be used
@
@   in:       r0 = usb_hcd, added before
@   out:      -
@   clobbers: r0-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
FUNC usb_register_root_hub
        push    {fp, lr}
        add     fp, sp, #0
        ldr     r1, [r0, #HCD_BUSNUM]
        ldr     r2, [r0, #HCD_PORTS]
        pr_info "hub %u-0:1.0: USB hub found, %u port(s) detected\n"
        pop     {fp, pc}
ENDFUNC usb_register_root_hub
        EXPORT_SYMBOL usb_register_root_hub

@ ---------------------------------------------------------------------------
@ usb_remove_hcd - the controller did not start, or its driver goes: take it off the list
@
@   in:       r0 = usb_hcd
@   out:      -
@   clobbers: r1, r2, flags
@   context:  process; its interrupts are off
@ ---------------------------------------------------------------------------
FUNC usb_remove_hcd
        ldr     r1, =usb_hcds
        b       usb_remove_from
ENDFUNC usb_remove_hcd
        EXPORT_SYMBOL usb_remove_hcd

@ ---------------------------------------------------------------------------
@ usb_register - an interface driver is there
@
@   in:       r0 = usb_driver
@   out:      r0 = 0; -ENODEV before usb_init, -EEXIST name taken, request_irq's errors
@   clobbers: r1-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
FUNC usb_register
        push    {r4, r5, fp, lr}
        add     fp, sp, #8
        mov     r4, r0
        ldr     r1, =usb_drivers
        bl      usb_register_on
        mov     r5, r0
        cmp     r0, #0
        bne     .Lregister_return
        ldr     r1, [r4, #USB_DRIVER_NAME]
        pr_info "usbcore: registered new interface driver %s\n"
.Lregister_return:
        mov     r0, r5
        pop     {r4, r5, fp, pc}
ENDFUNC usb_register
        EXPORT_SYMBOL usb_register

@ ---------------------------------------------------------------------------
@ usb_deregister - an interface driver goes
@
@   in:       r0 = usb_driver
@   out:      -
@   clobbers: r0-r3, ip, flags
@   context:  process; its interrupts are off
@ ---------------------------------------------------------------------------
FUNC usb_deregister
        push    {r4, r5, fp, lr}
        add     fp, sp, #8
        mov     r4, r0
        ldr     r1, =usb_drivers
        bl      usb_remove_from
        ldr     r1, [r4, #USB_DRIVER_NAME]
        pr_info "usbcore: deregistering interface driver %s\n"
        pop     {r4, r5, fp, pc}
ENDFUNC usb_deregister
        EXPORT_SYMBOL usb_deregister

@ ---------------------------------------------------------------------------
@ usb_find_hcd - a host controller by its driver's name
@
@   in:       r0 = name
@   out:      r0 = usb_hcd, or 0
@   clobbers: r1-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
FUNC usb_find_hcd
        ldr     r1, =usb_hcds
        b       usb_find_on
ENDFUNC usb_find_hcd
        EXPORT_SYMBOL usb_find_hcd

@ ---------------------------------------------------------------------------
@ usb_find_on - an entry of a list by name
@
@   in:       r0 = name, r1 = head of the list
@   out:      r0 = the entry, or 0
@   clobbers: r1-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
LFUNC usb_find_on
        push    {r4, r5, fp, lr}
        add     fp, sp, #8
        mov     r4, r0
        ldr     r5, [r1]
.Lfind_entry:
        cmp     r5, #0
        beq     .Lfind_return
        mov     r0, r4
        ldr     r1, [r5, #HCD_NAME]
        bl      strcmp
        cmp     r0, #0
        ldrne   r5, [r5, #HCD_NEXT]
        bne     .Lfind_entry
.Lfind_return:
        mov     r0, r5
        pop     {r4, r5, fp, pc}
ENDFUNC usb_find_on

@ ---------------------------------------------------------------------------
@ usb_remove_from - take an entry off a list; one that is not on it stays off
@
@   in:       r0 = usb_hcd or usb_driver, r1 = head of the list
@   out:      -
@   clobbers: r1, r2, flags
@   context:  process. The interrupt may come at any time: the list is whole before and after the one store
@ ---------------------------------------------------------------------------
LFUNC usb_remove_from
        ldr     r2, [r1]                        @ HCD_NEXT is the first word
        cmp     r2, #0
        bxeq    lr
        cmp     r2, r0
        movne   r1, r2
        bne     usb_remove_from
        ldr     r2, [r0, #HCD_NEXT]
        str     r2, [r1]
        bx      lr
ENDFUNC usb_remove_from

@ ---------------------------------------------------------------------------
@ usb_register_on - put an entry on a list, and the first one that wants interrupts on the line
@
@   in:       r0 = usb_hcd or usb_driver, r1 = head of the list
@   out:      r0 = 0; -ENODEV before usb_init, -EEXIST, request_irq's errors
@   clobbers: r1-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
LFUNC usb_register_on
        push    {r4-r7, fp, lr}
        add     fp, sp, #16
        mov     r4, r0
        mov     r5, r1
        ldr     r6, =usb_irq_requested
        ldr     r0, =usb_ready
        ldr     r0, [r0]
        cmp     r0, #0
        beq     .Lon_not_ready

        ldr     r0, [r4, #HCD_NAME]
        mov     r1, r5
        bl      usb_find_on
        cmp     r0, #0
        movne   r0, #-EEXIST
        bne     .Lon_return

        ldr     r0, [r4, #HCD_IRQ]
        cmp     r0, #0
        beq     .Lon_link
        ldr     r0, [r6]
        cmp     r0, #0
        bne     .Lon_link
        mov     r0, #IRQ_USB
        ldr     r1, =usb_irq
        ldr     r2, =usb_irq_name
        mov     r3, #0
        bl      request_irq
        cmp     r0, #0
        bne     .Lon_return
        mov     r0, #1
        str     r0, [r6]

        @ The interrupt may come between these two stores: the list is whole before and after each.
.Lon_link:
        ldr     r0, [r5]
        str     r0, [r4, #HCD_NEXT]
        str     r4, [r5]
        mov     r0, #0
.Lon_return:
        pop     {r4-r7, fp, pc}

.Lon_not_ready:
        ldr     r1, [r4, #HCD_NAME]
        pr_err  "%s: usbcore is not initialized\n"
        mov     r0, #-ENODEV
        b       .Lon_return
ENDFUNC usb_register_on

@ ---------------------------------------------------------------------------
@ usb_irq - the shared line: everybody looks whether it is theirs
@
@   in:       r0 = interrupt id, r1 = 0
@   out:      -
@   clobbers: r0-r3, ip, flags
@   context:  interrupt
@ ---------------------------------------------------------------------------
LFUNC usb_irq
        push    {fp, lr}
        add     fp, sp, #0
        ldr     r0, =usb_hcds
        bl      usb_irq_on
        ldr     r0, =usb_drivers
        bl      usb_irq_on
        pop     {fp, pc}
ENDFUNC usb_irq

@ ---------------------------------------------------------------------------
@ usb_irq_on - call the interrupt functions of one list
@
@   in:       r0 = head of the list
@   out:      -
@   clobbers: r0-r3, ip, flags
@   context:  interrupt
@ ---------------------------------------------------------------------------
LFUNC usb_irq_on
        push    {r4, r5, fp, lr}
        add     fp, sp, #8
        ldr     r4, [r0]
.Lirq_entry:
        cmp     r4, #0
        beq     .Lirq_return
        ldr     r3, [r4, #HCD_IRQ]
        cmp     r3, #0
        movne   r0, r4
        blxne   r3
        ldr     r4, [r4, #HCD_NEXT]
        b       .Lirq_entry
.Lirq_return:
        pop     {r4, r5, fp, pc}
ENDFUNC usb_irq_on

        EXIT_TEXT
@ ---------------------------------------------------------------------------
@ usb_exit - nobody is registered any more: give the line back
@
@   in:       -
@   out:      -
@   clobbers: r0-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
FUNC usb_exit
        push    {fp, lr}
        add     fp, sp, #0
        ldr     r0, =usb_irq_requested
        ldr     r0, [r0]
        cmp     r0, #0
        movne   r0, #IRQ_USB
        blne    free_irq
        pr_info "usbcore: deregistering device driver usb\n"
        pop     {fp, pc}
ENDFUNC usb_exit

        string  usb_irq_name, "usb"

        .bss
        .balign 4
usb_ready:
        .space  4                               @ usb_init has run
usb_irq_requested:
        .space  4                               @ the line is ours
usb_busnum_allocated:
        .space  4                               @ buses so far
usb_hcds:
        .space  4                               @ list of usb_hcd
usb_drivers:
        .space  4                               @ list of usb_driver

        module_init usb_init, subsys_initcall
        module_exit usb_exit
        MODULE_LICENSE "GPL"
        MODULE_DESCRIPTION "USB core"
