@ ehci_hcd.s - the USB 2.0 host controller. Section numbers: EHCI specification 1.0.
@ Start-up is a chain of resets and waits, 150 ms of them; nobody needs USB before the first picture, so this is the
@ driver to defer. Afterwards a plugged cable interrupts, and ehci_port_work brings the link up in process context.

        .include "macros.inc"
        .include "board.inc"
        .include "memory.inc"
        .include "work.inc"
        .include "usb.inc"

@ Capability registers (2.2)
        .equ    CAPLENGTH,              0x00    @ [7:0] offset of the operational registers, [31:16] HCIVERSION in BCD
        .equ    HCIVERSION_SHIFT,       16
        .equ    HCSPARAMS,              0x04
        .equ    HCS_N_PORTS,            0xf     @ [3:0]
        .equ    HCS_PPC,                1 << 4  @ ports have power switches

@ Operational registers (2.3), from CAPLENGTH on
        .equ    USBCMD,                 0x00
        .equ    CMD_RUN,                1 << 0
        .equ    CMD_RESET,              1 << 1
        .equ    CMD_ITC_8,              8 << 16 @ interrupts at most every 8 micro-frames
        .equ    USBSTS,                 0x04    @ causes: write 1 to clear
        .equ    STS_INT,                1 << 0
        .equ    STS_ERR,                1 << 1
        .equ    STS_PCD,                1 << 2  @ port change
        .equ    STS_FATAL,              1 << 4
        .equ    STS_IAA,                1 << 5
        .equ    STS_HALT,               1 << 12
        .equ    STS_CAUSES,             STS_INT | STS_ERR | STS_PCD | STS_FATAL | STS_IAA
        .equ    USBINTR,                0x08
        .equ    CTRLDSSEGMENT,          0x10
        .equ    PERIODICLISTBASE,       0x14
        .equ    ASYNCLISTADDR,          0x18
        .equ    CONFIGFLAG,             0x40
        .equ    FLAG_CF,                1 << 0  @ ports belong to this controller, not to the companion
        .equ    PORTSC1,                0x44
        .equ    PORT_CONNECT,           1 << 0
        .equ    PORT_CSC,               1 << 1  @ connect status changed: write 1 to clear
        .equ    PORT_PE,                1 << 2  @ enabled: a high-speed link
        .equ    PORT_PEC,               1 << 3  @ enable status changed: write 1 to clear
        .equ    PORT_RESET,             1 << 8
        .equ    PORT_POWER,             1 << 12
        .equ    PORT_OWNER,             1 << 13
        .equ    PORT_RWC,               PORT_CSC | PORT_PEC

@ Transfer schedules (3.1, 3.6), empty here
        .equ    EHCI_LIST_END,          1       @ T bit
        .equ    QH_NEXT_TYPE,           1 << 1  @ horizontal link to a queue head
        .equ    QH_NEXT,                0
        .equ    QH_CHARACTERISTICS,     4
        .equ    QH_HEAD,                1 << 15 @ head of the reclamation list
        .equ    QH_NEXT_QTD,            16
        .equ    QH_ALT_QTD,             20
        .equ    QH_TOKEN,               24
        .equ    QTD_HALT,               1 << 6
        .equ    SCHEDULE_ORDER,         1       @ 2 pages: the frame list, the queue head

@ Times in milliseconds
        .equ    HALT_LIMIT,             10      @ 16 micro-frames = 2 (2.3.1)
        .equ    RESET_LIMIT,            250
        .equ    RUN_LIMIT,              10
        .equ    CONFIG_FLAG_SETTLE,     5       @ ports change owner
        .equ    POWER_GOOD_TIME,        20      @ of the port's power switch
        .equ    PORT_RESET_END_LIMIT,   10      @ 2 (2.3.9)
        .equ    DEBOUNCE_LIMIT,         2000

@ ---------------------------------------------------------------------------
@ ehci_hcd_init - find the controller and start it
@
@   in:       -
@   out:      r0 = 0; -ENODEV no usbcore or no controller, -ENOMEM, -ETIMEDOUT
@   clobbers: r1-r3, ip, flags
@   context:  initcall, sleeps
@ ---------------------------------------------------------------------------
        .weak   usb_add_hcd, usb_remove_hcd, usb_register_root_hub
        INIT_TEXT
FUNC ehci_hcd_init
        push    {r4, r5, fp, lr}
        add     fp, sp, #8
        ldr     r4, =ehci_hcd
        ldr     r0, =usb_add_hcd
        cmp     r0, #0
        beq     .Linit_no_usbcore

        bl      ehci_probe
        cmp     r0, #0
        bne     .Linit_return
        mov     r0, r4
        bl      usb_add_hcd
        cmp     r0, #0
        bne     .Linit_return

        bl      ehci_halt
        cmp     r0, #0
        bleq    ehci_reset
        cmp     r0, #0
        bleq    ehci_init_schedules
        cmp     r0, #0
        bleq    ehci_run
        cmp     r0, #0
        bne     .Linit_failed

        mov     r0, r4
        bl      usb_register_root_hub
        bl      ehci_power_ports
        bl      ehci_wait_attach
        mov     r0, #0
.Linit_return:
        pop     {r4, r5, fp, pc}

.Linit_failed:
        mov     r5, r0
        mov     r1, r0
        pr_err  "ehci_hcd 1b000000.usb: startup error %d\n"
        mov     r0, r4
        bl      usb_remove_hcd
        ldr     r0, =ehci_schedules
        ldr     r0, [r0]
        cmp     r0, #0
        movne   r1, #SCHEDULE_ORDER
        blne    free_pages
        mov     r0, r5
        b       .Linit_return

.Linit_no_usbcore:
        pr_err  "ehci_hcd: usbcore is not built in\n"
        mov     r0, #-ENODEV
        b       .Linit_return
ENDFUNC ehci_hcd_init

@ ---------------------------------------------------------------------------
@ ehci_probe - is there a controller, where are its registers, how many ports has it?
@
@   in:       r4 = ehci_hcd
@   out:      r0 = 0, or -ENODEV
@   clobbers: r1-r3, flags
@   context:  initcall
@ ---------------------------------------------------------------------------
LFUNC ehci_probe
        ldr     r1, =USB_BASE
        ldr     r2, [r1, #CAPLENGTH]
        lsrs    r3, r2, #HCIVERSION_SHIFT
        moveq   r0, #-ENODEV
        bxeq    lr
        uxtb    r2, r2
        add     r2, r1, r2
        ldr     r3, =ehci_regs
        str     r2, [r3]
        ldr     r2, [r1, #HCSPARAMS]
        and     r2, r2, #HCS_N_PORTS
        str     r2, [r4, #HCD_PORTS]
        mov     r0, #0
        bx      lr
ENDFUNC ehci_probe

@ ---------------------------------------------------------------------------
@ ehci_reset - back to power-up state; the controller clears the bit when it is done (2.3.1)
@
@   in:       -
@   out:      r0 = 0, or -ETIMEDOUT
@   clobbers: r1-r3, ip, flags
@   context:  initcall, sleeps
@ ---------------------------------------------------------------------------
LFUNC ehci_reset
        ldr     r1, =ehci_regs
        ldr     r1, [r1]
        mov     r0, #CMD_RESET
        str     r0, [r1, #USBCMD]
        mov     r0, #USBCMD
        mov     r1, #CMD_RESET
        mov     r2, #0
        mov     r3, #RESET_LIMIT
        b       ehci_handshake
ENDFUNC ehci_reset

@ ---------------------------------------------------------------------------
@ ehci_init_schedules - an empty frame list and an empty ring of queue heads, by physical address
@
@   in:       -
@   out:      r0 = 0, or -ENOMEM
@   clobbers: r1-r3, ip, flags
@   context:  initcall
@ ---------------------------------------------------------------------------
LFUNC ehci_init_schedules
        push    {r4, r5, fp, lr}
        add     fp, sp, #8
        ldr     r4, =ehci_regs
        ldr     r4, [r4]
        mov     r0, #SCHEDULE_ORDER
        bl      alloc_pages
        cmp     r0, #0
        moveq   r0, #-ENOMEM
        beq     .Lschedules_return
        ldr     r1, =ehci_schedules
        str     r0, [r1]

        @ Each of the 1024 frames ends at once.
        add     r5, r0, #PAGE_SIZE
        mov     r1, #EHCI_LIST_END
        mov     r2, r0
.Lschedules_frame:
        str     r1, [r2], #4
        cmp     r2, r5
        bne     .Lschedules_frame

        @ One queue head that points to itself and has nothing to send.
        sub     r2, r5, #LINEAR_OFFSET          @ as the controller sees it
        orr     r3, r2, #QH_NEXT_TYPE
        str     r3, [r5, #QH_NEXT]
        mov     r3, #QH_HEAD
        str     r3, [r5, #QH_CHARACTERISTICS]
        str     r1, [r5, #QH_NEXT_QTD]
        str     r1, [r5, #QH_ALT_QTD]
        mov     r3, #QTD_HALT
        str     r3, [r5, #QH_TOKEN]

        mov     r3, #0
        str     r3, [r4, #CTRLDSSEGMENT]
        str     r2, [r4, #ASYNCLISTADDR]
        sub     r2, r2, #PAGE_SIZE
        str     r2, [r4, #PERIODICLISTBASE]
        mov     r0, #0
.Lschedules_return:
        pop     {r4, r5, fp, pc}
ENDFUNC ehci_init_schedules

@ ---------------------------------------------------------------------------
@ ehci_run - start, take the ports over from the companion, allow interrupts (4.1)
@
@   in:       -
@   out:      r0 = 0, or -ETIMEDOUT
@   clobbers: r1-r3, ip, flags
@   context:  initcall, sleeps
@ ---------------------------------------------------------------------------
LFUNC ehci_run
        push    {r4, r5, fp, lr}
        add     fp, sp, #8
        ldr     r4, =ehci_regs
        ldr     r4, [r4]
        ldr     r0, =CMD_ITC_8 | CMD_RUN
        str     r0, [r4, #USBCMD]
        mov     r0, #USBSTS
        mov     r1, #STS_HALT
        mov     r2, #0
        mov     r3, #RUN_LIMIT
        bl      ehci_handshake
        cmp     r0, #0
        bne     .Lrun_return

        mov     r0, #FLAG_CF
        str     r0, [r4, #CONFIGFLAG]
        mov     r0, #CONFIG_FLAG_SETTLE
        bl      msleep
        mov     r0, #STS_CAUSES                 @ forget what happened before
        str     r0, [r4, #USBSTS]
        str     r0, [r4, #USBINTR]

        ldr     r3, =USB_BASE
        ldr     r3, [r3, #CAPLENGTH]
        lsr     r1, r3, #(HCIVERSION_SHIFT + 8)
        ubfx    r2, r3, #HCIVERSION_SHIFT, #8
        pr_info "ehci_hcd 1b000000.usb: USB 2.0 started, EHCI %x.%02x\n"
        mov     r0, #0
.Lrun_return:
        pop     {r4, r5, fp, pc}
ENDFUNC ehci_run

@ ---------------------------------------------------------------------------
@ ehci_power_ports - switch the ports on, where there is a switch, and wait until the power is good
@
@   in:       r4 = ehci_hcd
@   out:      -
@   clobbers: r0-r3, ip, flags
@   context:  initcall, sleeps
@ ---------------------------------------------------------------------------
LFUNC ehci_power_ports
        push    {fp, lr}
        add     fp, sp, #0
        ldr     r0, =USB_BASE
        ldr     r0, [r0, #HCSPARAMS]
        tst     r0, #HCS_PPC
        beq     .Lpower_return

        ldr     r1, =ehci_regs
        ldr     r1, [r1]
        add     r1, r1, #PORTSC1
        ldr     r2, [r4, #HCD_PORTS]
        mov     r0, #PORT_POWER
.Lpower_port:
        subs    r2, r2, #1
        strpl   r0, [r1, r2, lsl #2]
        bpl     .Lpower_port
        mov     r0, #POWER_GOOD_TIME
        bl      msleep
.Lpower_return:
        pop     {fp, pc}
ENDFUNC ehci_power_ports

@ ---------------------------------------------------------------------------
@ ehci_wait_attach - a device has TSIGATT to show itself (USB 2.0 7.1.7.3); none is no error
@
@   in:       -
@   out:      -
@   clobbers: r0-r3, ip, flags
@   context:  initcall, sleeps
@ ---------------------------------------------------------------------------
LFUNC ehci_wait_attach
        push    {r4, r5, fp, lr}
        add     fp, sp, #8
        ldr     r4, =ehci_regs
        ldr     r4, [r4]
        mov     r5, #USB_ATTACH_TIME
.Lattach_look:
        ldr     r0, [r4, #PORTSC1]
        tst     r0, #PORT_CONNECT
        bne     .Lattach_return                 @ its interrupt has queued ehci_port_work
        mov     r0, #USB_DEBOUNCE_STEP
        bl      msleep
        subs    r5, r5, #USB_DEBOUNCE_STEP
        bgt     .Lattach_look
.Lattach_return:
        pop     {r4, r5, fp, pc}
ENDFUNC ehci_wait_attach

        .text
@ ---------------------------------------------------------------------------
@ ehci_halt - stop the controller, also one that a boot loader left running, without interrupts (4.1)
@
@   in:       -
@   out:      r0 = 0, or -ETIMEDOUT
@   clobbers: r1-r3, ip, flags
@   context:  process, sleeps
@ ---------------------------------------------------------------------------
LFUNC ehci_halt
        ldr     r1, =ehci_regs
        ldr     r1, [r1]
        mov     r0, #0
        str     r0, [r1, #USBINTR]
        ldr     r0, [r1, #USBCMD]
        bic     r0, r0, #CMD_RUN
        str     r0, [r1, #USBCMD]
        mov     r0, #USBSTS
        mov     r1, #STS_HALT
        mov     r2, #STS_HALT
        mov     r3, #HALT_LIMIT
        b       ehci_handshake
ENDFUNC ehci_halt

@ ---------------------------------------------------------------------------
@ ehci_handshake - wait until bits of an operational register are as wanted
@
@   in:       r0 = register, r1 = mask, r2 = wanted bits, r3 = limit in milliseconds
@   out:      r0 = 0, or -ETIMEDOUT
@   clobbers: r1-r3, ip, flags
@   context:  process, sleeps
@ ---------------------------------------------------------------------------
LFUNC ehci_handshake
        push    {r4-r7, fp, lr}
        add     fp, sp, #16
        ldr     r4, =ehci_regs
        ldr     r4, [r4]
        add     r4, r4, r0
        mov     r5, r1
        mov     r6, r2
        mov     r7, r3
.Lhandshake_look:
        ldr     r0, [r4]
        and     r0, r0, r5
        cmp     r0, r6
        moveq   r0, #0
        beq     .Lhandshake_return
        subs    r7, r7, #1
        movmi   r0, #-ETIMEDOUT
        bmi     .Lhandshake_return
        mov     r0, #1
        bl      msleep
        b       .Lhandshake_look
.Lhandshake_return:
        pop     {r4-r7, fp, pc}
ENDFUNC ehci_handshake

@ ---------------------------------------------------------------------------
@ ehci_irq - acknowledge the causes; a port change is work
@
@   in:       r0 = ehci_hcd
@   out:      -
@   clobbers: r0-r3, ip, flags
@   context:  interrupt, from usbcore.s
@ ---------------------------------------------------------------------------
LFUNC ehci_irq
        push    {fp, lr}
        add     fp, sp, #0
        ldr     r1, =ehci_regs
        ldr     r1, [r1]
        ldr     r0, [r1, #USBSTS]
        ands    r0, r0, #STS_CAUSES
        beq     .Lirq_return
        str     r0, [r1, #USBSTS]
        tst     r0, #STS_PCD
        ldrne   r0, =ehci_port_work
        blne    schedule_work
.Lirq_return:
        pop     {fp, pc}
ENDFUNC ehci_irq

@ ---------------------------------------------------------------------------
@ ehci_port_event - the cable was plugged or pulled: bring the link up, or say that it is gone
@
@ It sleeps, so it can be called again inside itself: the inner call only notes that there is more to do.
@
@   in:       r0 = work
@   out:      -
@   clobbers: r0-r3, ip, flags
@   context:  process, sleeps
@ ---------------------------------------------------------------------------
LFUNC ehci_port_event
        push    {r4, r5, fp, lr}
        add     fp, sp, #8
        ldr     r4, =ehci_regs
        ldr     r4, [r4]
        ldr     r5, =ehci_port_events
        ldr     r0, [r5]
        add     r1, r0, #1
        str     r1, [r5]
        cmp     r0, #0
        bne     .Levent_return

.Levent_look:
        mov     r0, #1
        str     r0, [r5]
        bl      ehci_port_clear_changes
        tst     r0, #PORT_CONNECT
        bne     .Levent_connected
        bl      ehci_port_disconnected
        b       .Levent_done
.Levent_connected:
        tst     r0, #PORT_PE
        tsteq   r0, #PORT_OWNER
        bleq    ehci_port_connected
.Levent_done:
        ldr     r0, [r5]
        cmp     r0, #1
        bne     .Levent_look                    @ something happened meanwhile
        mov     r0, #0
        str     r0, [r5]
.Levent_return:
        pop     {r4, r5, fp, pc}
ENDFUNC ehci_port_event

@ ---------------------------------------------------------------------------
@ ehci_port_clear_changes - read PORTSC and clear its change bits
@
@   in:       r4 = operational registers
@   out:      r0 = PORTSC as it was
@   clobbers: -
@   context:  process
@ ---------------------------------------------------------------------------
LFUNC ehci_port_clear_changes
        ldr     r0, [r4, #PORTSC1]
        str     r0, [r4, #PORTSC1]              @ change bits: 1 clears; all others stay
        bx      lr
ENDFUNC ehci_port_clear_changes

@ ---------------------------------------------------------------------------
@ ehci_port_disconnected - say it, if it had been said that there was a link
@
@   in:       -
@   out:      -
@   clobbers: r0-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
LFUNC ehci_port_disconnected
        push    {fp, lr}
        add     fp, sp, #0
        ldr     r1, =ehci_link
        ldr     r0, [r1]
        cmp     r0, #0
        beq     .Ldisconnected_return
        mov     r0, #0
        str     r0, [r1]
        ldr     r1, =ehci_hcd
        ldr     r1, [r1, #HCD_BUSNUM]
        pr_info "usb %u-1: USB disconnect\n"
.Ldisconnected_return:
        pop     {fp, pc}
ENDFUNC ehci_port_disconnected

@ ---------------------------------------------------------------------------
@ ehci_port_connected - debounce, reset; what answers at high speed is ours, else it is the companion's (4.2.2)
@
@   in:       r4 = operational registers
@   out:      -
@   clobbers: r0-r3, ip, flags
@   context:  process, sleeps
@ ---------------------------------------------------------------------------
LFUNC ehci_port_connected
        push    {r4, r5, fp, lr}
        add     fp, sp, #8
        ldr     r5, =ehci_hcd
        bl      ehci_port_debounce
        cmp     r0, #0
        bne     .Lconnected_return
        bl      ehci_port_reset
        cmp     r0, #0
        bne     .Lconnected_return

        ldr     r0, [r4, #PORTSC1]
        tst     r0, #PORT_CONNECT
        beq     .Lconnected_return              @ pulled meanwhile: that is an event of its own
        tst     r0, #PORT_PE
        beq     .Lconnected_hand_over
        mov     r0, #1
        ldr     r1, =ehci_link
        str     r0, [r1]
        ldr     r1, [r5, #HCD_BUSNUM]
        pr_info "usb %u-1: new high-speed USB link to the desktop\n"
        b       .Lconnected_return

.Lconnected_hand_over:
        bic     r0, r0, #PORT_RWC
        orr     r0, r0, #PORT_OWNER
        str     r0, [r4, #PORTSC1]
        ldr     r1, [r5, #HCD_BUSNUM]
        pr_info "usb %u-1: not a high-speed link, handed to the companion\n"
.Lconnected_return:
        pop     {r4, r5, fp, pc}
ENDFUNC ehci_port_connected

@ ---------------------------------------------------------------------------
@ ehci_port_debounce - wait until the connection has been stable for TATTDB (USB 2.0 7.1.7.3)
@
@   in:       r4 = operational registers
@   out:      r0 = 0; -ENODEV pulled again, -ETIMEDOUT it never settles
@   clobbers: r1-r3, ip, flags
@   context:  process, sleeps
@ ---------------------------------------------------------------------------
LFUNC ehci_port_debounce
        push    {r4-r7, fp, lr}
        add     fp, sp, #16
        ldr     r5, =DEBOUNCE_LIMIT
        mov     r6, #0                          @ stable for so long
.Ldebounce_step:
        mov     r0, #USB_DEBOUNCE_STEP
        bl      msleep
        bl      ehci_port_clear_changes
        tst     r0, #PORT_CSC
        movne   r6, #0
        addeq   r6, r6, #USB_DEBOUNCE_STEP
        cmp     r6, #USB_DEBOUNCE_TIME
        bhs     .Ldebounce_stable
        subs    r5, r5, #USB_DEBOUNCE_STEP
        bne     .Ldebounce_step
        mov     r0, #-ETIMEDOUT
        b       .Ldebounce_return
.Ldebounce_stable:
        tst     r0, #PORT_CONNECT
        movne   r0, #0
        moveq   r0, #-ENODEV
.Ldebounce_return:
        pop     {r4-r7, fp, pc}
ENDFUNC ehci_port_debounce

@ ---------------------------------------------------------------------------
@ ehci_port_reset - software holds the reset and ends it; the controller says when it is over (2.3.9)
@
@   in:       r4 = operational registers
@   out:      r0 = 0, or -ETIMEDOUT
@   clobbers: r1-r3, ip, flags
@   context:  process, sleeps
@ ---------------------------------------------------------------------------
LFUNC ehci_port_reset
        push    {r4, r5, fp, lr}
        add     fp, sp, #8
        ldr     r0, [r4, #PORTSC1]
        bic     r0, r0, #PORT_RWC | PORT_PE
        orr     r0, r0, #PORT_RESET
        str     r0, [r4, #PORTSC1]
        mov     r0, #USB_ROOT_RESET_TIME
        bl      msleep

        ldr     r0, [r4, #PORTSC1]
        bic     r0, r0, #PORT_RWC
        bic     r0, r0, #PORT_RESET
        str     r0, [r4, #PORTSC1]
        mov     r0, #PORTSC1
        mov     r1, #PORT_RESET
        mov     r2, #0
        mov     r3, #PORT_RESET_END_LIMIT
        bl      ehci_handshake
        mov     r5, r0
        mov     r0, #USB_RESET_RECOVERY
        bl      msleep
        mov     r0, r5
        pop     {r4, r5, fp, pc}
ENDFUNC ehci_port_reset

        EXIT_TEXT
@ ---------------------------------------------------------------------------
@ ehci_hcd_exit - stop the controller, leave its ports without power, give everything back
@
@   in:       -
@   out:      -
@   clobbers: r0-r3, ip, flags
@   context:  process, sleeps
@ ---------------------------------------------------------------------------
FUNC ehci_hcd_exit
        push    {r4, r5, fp, lr}
        add     fp, sp, #8
        ldr     r4, =ehci_hcd
        bl      ehci_halt                       @ at once, or late: nothing of ours is in its schedules
        ldr     r5, =ehci_regs
        ldr     r5, [r5]
        mov     r0, #0
        str     r0, [r5, #PORTSC1]
        str     r0, [r5, #CONFIGFLAG]
        mov     r0, r4
        bl      usb_remove_hcd
        bl      flush_scheduled_work            @ a port event may still wait
        ldr     r0, =ehci_schedules
        ldr     r0, [r0]
        mov     r1, #SCHEDULE_ORDER
        bl      free_pages
        ldr     r1, [r4, #HCD_BUSNUM]
        pr_info "ehci_hcd 1b000000.usb: USB bus %u deregistered\n"
        pop     {r4, r5, fp, pc}
ENDFUNC ehci_hcd_exit

        string  ehci_name, "ehci_hcd 1b000000.usb"

        DECLARE_WORK ehci_port_work, ehci_port_event

        .data
        .balign 4
ehci_hcd:                                       @ struct usb_hcd
        .word   0
        .word   ehci_name
        .word   ehci_irq
        .word   0
        .word   0

        .bss
        .balign 4
ehci_regs:
        .space  4                               @ operational registers
ehci_schedules:
        .space  4                               @ their pages
ehci_port_events:
        .space  4                               @ calls of ehci_port_event under way
ehci_link:
        .space  4                               @ a link was announced

        module_init ehci_hcd_init
        module_exit ehci_hcd_exit
        MODULE_LICENSE "GPL"
        MODULE_DESCRIPTION "USB 2.0 Enhanced Host Controller (EHCI)"
