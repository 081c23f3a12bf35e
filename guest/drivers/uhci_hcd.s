@ uhci_hcd.s - the USB 1.1 companion of the EHCI controller. Section numbers: UHCI Design Guide 1.1.
@ It gets the ports that EHCI gives away; on this board that is none, but it has to be brought up to know.

        .include "macros.inc"
        .include "board.inc"
        .include "memory.inc"
        .include "usb.inc"

        .equ    UHCI_OFFSET,            0x400   @ behind the EHCI registers
        .equ    UHCI_BASE,              USB_BASE + UHCI_OFFSET

@ Registers (2.1), 16 bits wide
        .equ    USBCMD,                 0x00
        .equ    CMD_RS,                 1 << 0
        .equ    CMD_HCRESET,            1 << 1
        .equ    CMD_GRESET,             1 << 2  @ resets the whole bus while it is 1
        .equ    CMD_CF,                 1 << 6  @ configured
        .equ    CMD_MAXP,               1 << 7  @ 64-byte packets
        .equ    USBSTS,                 0x02    @ write 1 to clear
        .equ    STS_HCHALTED,           1 << 5
        .equ    STS_ALL,                0x3f
        .equ    USBINTR,                0x04
        .equ    FRNUM,                  0x06
        .equ    FLBASEADD,              0x08    @ 32 bits
        .equ    PORTSC1,                0x10
        .equ    PORTSC2,                0x12
        .equ    PORTSC_CCS,             1 << 0
        .equ    PORTSC_RES1,            1 << 7  @ reads 1 on every UHCI port
        .equ    UHCI_PORTS,             2

        .equ    UHCI_PTR_TERM,          1       @ end of a list

@ Times in milliseconds
        .equ    GLOBAL_RESET_TIME,      10      @ hold GRESET at least so long (2.1.1)
        .equ    RESET_LIMIT,            100
        .equ    RUN_LIMIT,              10
        .equ    FRAME_TIME,             1

@ ---------------------------------------------------------------------------
@ uhci_hcd_init - find the controller and start it
@
@   in:       -
@   out:      r0 = 0; -ENODEV no usbcore or no controller, -ENOMEM, -ETIMEDOUT
@   clobbers: r1-r3, ip, flags
@   context:  initcall, sleeps
@ ---------------------------------------------------------------------------
        .weak   usb_add_hcd, usb_remove_hcd, usb_register_root_hub
        INIT_TEXT
FUNC uhci_hcd_init
        push    {r4-r7, fp, lr}
        add     fp, sp, #16
        ldr     r4, =UHCI_BASE
        ldr     r5, =uhci_hcd
        ldr     r0, =usb_add_hcd
        cmp     r0, #0
        beq     .Linit_no_usbcore

        ldrh    r0, [r4, #PORTSC1]
        tst     r0, #PORTSC_RES1
        moveq   r0, #-ENODEV
        beq     .Linit_return
        mov     r0, r5
        bl      usb_add_hcd
        cmp     r0, #0
        bne     .Linit_return

        bl      uhci_global_reset
        bl      uhci_host_reset
        cmp     r0, #0
        bleq    uhci_init_frame_list
        cmp     r0, #0
        bleq    uhci_run
        cmp     r0, #0
        bne     .Linit_failed

        mov     r0, r5
        bl      usb_register_root_hub
        bl      uhci_wait_attach
        mov     r0, #0
.Linit_return:
        pop     {r4-r7, fp, pc}

.Linit_failed:
        mov     r6, r0
        mov     r1, r0
        pr_err  "uhci_hcd 1b000400.usb: startup error %d\n"
        mov     r0, r5
        bl      usb_remove_hcd
        ldr     r0, =uhci_frame_list
        ldr     r0, [r0]
        cmp     r0, #0
        movne   r1, #0
        blne    free_pages
        mov     r0, r6
        b       .Linit_return

.Linit_no_usbcore:
        pr_err  "uhci_hcd: usbcore is not built in\n"
        mov     r0, #-ENODEV
        b       .Linit_return
ENDFUNC uhci_hcd_init

@ ---------------------------------------------------------------------------
@ uhci_global_reset - reset everything on the bus: software times it (2.1.1), then the bus recovers
@
@   in:       r4 = UHCI_BASE
@   out:      -
@   clobbers: r0-r3, ip, flags
@   context:  initcall, sleeps
@ ---------------------------------------------------------------------------
LFUNC uhci_global_reset
        push    {fp, lr}
        add     fp, sp, #0
        mov     r0, #CMD_GRESET
        strh    r0, [r4, #USBCMD]
        mov     r0, #GLOBAL_RESET_TIME
        bl      msleep
        mov     r0, #0
        strh    r0, [r4, #USBCMD]
        mov     r0, #USB_RESET_RECOVERY
        bl      msleep
        pop     {fp, pc}
ENDFUNC uhci_global_reset

@ ---------------------------------------------------------------------------
@ uhci_host_reset - reset the controller: it clears the bit when it is done (2.1.1)
@
@   in:       r4 = UHCI_BASE
@   out:      r0 = 0, or -ETIMEDOUT
@   clobbers: r1-r3, ip, flags
@   context:  initcall, sleeps
@ ---------------------------------------------------------------------------
LFUNC uhci_host_reset
        mov     r0, #CMD_HCRESET
        strh    r0, [r4, #USBCMD]
        mov     r0, #USBCMD
        mov     r1, #CMD_HCRESET
        mov     r2, #RESET_LIMIT
        b       uhci_wait_clear
ENDFUNC uhci_host_reset

@ ---------------------------------------------------------------------------
@ uhci_init_frame_list - 1024 frames with nothing in them (3.1)
@
@   in:       r4 = UHCI_BASE
@   out:      r0 = 0, or -ENOMEM
@   clobbers: r1-r3, ip, flags
@   context:  initcall
@ ---------------------------------------------------------------------------
LFUNC uhci_init_frame_list
        push    {fp, lr}
        add     fp, sp, #0
        mov     r0, #0
        bl      alloc_pages
        cmp     r0, #0
        moveq   r0, #-ENOMEM
        beq     .Llist_return
        ldr     r1, =uhci_frame_list
        str     r0, [r1]
        mov     r1, #UHCI_PTR_TERM
        mov     r2, r0
        add     r3, r0, #PAGE_SIZE
.Llist_frame:
        str     r1, [r2], #4
        cmp     r2, r3
        bne     .Llist_frame

        sub     r0, r0, #LINEAR_OFFSET          @ as the controller sees it
        str     r0, [r4, #FLBASEADD]
        mov     r0, #0
        strh    r0, [r4, #FRNUM]
.Llist_return:
        pop     {fp, pc}
ENDFUNC uhci_init_frame_list

@ ---------------------------------------------------------------------------
@ uhci_run - start, without interrupts: nobody sends anything here
@
@   in:       r4 = UHCI_BASE
@   out:      r0 = 0, or -ETIMEDOUT
@   clobbers: r1-r3, ip, flags
@   context:  initcall, sleeps
@ ---------------------------------------------------------------------------
LFUNC uhci_run
        push    {fp, lr}
        add     fp, sp, #0
        mov     r0, #0
        strh    r0, [r4, #USBINTR]
        mov     r0, #CMD_RS | CMD_CF | CMD_MAXP
        strh    r0, [r4, #USBCMD]
        mov     r0, #STS_ALL
        strh    r0, [r4, #USBSTS]
        mov     r0, #USBSTS
        mov     r1, #STS_HCHALTED
        mov     r2, #RUN_LIMIT
        bl      uhci_wait_clear
        cmp     r0, #0
        bne     .Lrun_return
        pr_info "uhci_hcd 1b000400.usb: USB 1.1 started, UHCI Host Controller\n"
        mov     r0, #0
.Lrun_return:
        pop     {fp, pc}
ENDFUNC uhci_run

@ ---------------------------------------------------------------------------
@ uhci_wait_attach - a device has TSIGATT to show itself (USB 2.0 7.1.7.3); none is no error
@
@   in:       r4 = UHCI_BASE
@   out:      -
@   clobbers: r0-r3, ip, flags
@   context:  initcall, sleeps
@ ---------------------------------------------------------------------------
LFUNC uhci_wait_attach
        push    {r4, r5, fp, lr}
        add     fp, sp, #8
        mov     r5, #USB_ATTACH_TIME
.Lattach_look:
        ldrh    r0, [r4, #PORTSC1]
        ldrh    r1, [r4, #PORTSC2]
        orr     r0, r0, r1
        tst     r0, #PORTSC_CCS
        bne     .Lattach_found
        mov     r0, #USB_DEBOUNCE_STEP
        bl      msleep
        subs    r5, r5, #USB_DEBOUNCE_STEP
        bgt     .Lattach_look
        b       .Lattach_return
.Lattach_found:
        ldr     r1, =uhci_hcd
        ldr     r1, [r1, #HCD_BUSNUM]
        pr_info "usb %u-1: a full-speed link; the desktop talks at high speed only\n"
.Lattach_return:
        pop     {r4, r5, fp, pc}
ENDFUNC uhci_wait_attach

@ ---------------------------------------------------------------------------
@ uhci_wait_clear - wait until bits of a register are 0
@
@   in:       r0 = register, r1 = bits, r2 = limit in milliseconds, r4 = UHCI_BASE
@   out:      r0 = 0, or -ETIMEDOUT
@   clobbers: r1-r3, ip, flags
@   context:  initcall, sleeps
@ ---------------------------------------------------------------------------
LFUNC uhci_wait_clear
        push    {r4-r7, fp, lr}
        add     fp, sp, #16
        add     r5, r4, r0
        mov     r6, r1
        mov     r7, r2
.Lclear_look:
        ldrh    r0, [r5]
        ands    r0, r0, r6
        beq     .Lclear_return
        subs    r7, r7, #1
        movmi   r0, #-ETIMEDOUT
        bmi     .Lclear_return
        mov     r0, #1
        bl      msleep
        b       .Lclear_look
.Lclear_return:
        pop     {r4-r7, fp, pc}
ENDFUNC uhci_wait_clear

        EXIT_TEXT
@ ---------------------------------------------------------------------------
@ uhci_hcd_exit - stop the controller; it finishes the frame it is in
@
@   in:       -
@   out:      -
@   clobbers: r0-r3, ip, flags
@   context:  process, sleeps
@ ---------------------------------------------------------------------------
FUNC uhci_hcd_exit
        push    {r4, r5, fp, lr}
        add     fp, sp, #8
        ldr     r4, =UHCI_BASE
        ldr     r5, =uhci_hcd
        mov     r0, #0
        strh    r0, [r4, #USBCMD]
        mov     r0, #FRAME_TIME
        bl      msleep
        mov     r0, r5
        bl      usb_remove_hcd
        ldr     r0, =uhci_frame_list
        ldr     r0, [r0]
        mov     r1, #0
        bl      free_pages
        ldr     r1, [r5, #HCD_BUSNUM]
        pr_info "uhci_hcd 1b000400.usb: USB bus %u deregistered\n"
        pop     {r4, r5, fp, pc}
ENDFUNC uhci_hcd_exit

        string  uhci_name, "uhci_hcd 1b000400.usb"

        .data
        .balign 4
uhci_hcd:                                       @ struct usb_hcd
        .word   0
        .word   uhci_name
        .word   0
        .word   0
        .word   UHCI_PORTS

        .bss
        .balign 4
uhci_frame_list:
        .space  4                               @ its page

        module_init uhci_hcd_init
        module_exit uhci_hcd_exit
        MODULE_LICENSE "GPL"
        MODULE_DESCRIPTION "USB 1.1 Universal Host Controller (UHCI)"
