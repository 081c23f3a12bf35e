@ pl011.s - the serial port, as console. ARM DDI 0183. Text goes out as it is: whoever shows it takes \n for a new line.

        .include "macros.inc"
        .include "board.inc"
        .include "console.inc"

        .equ    UARTDR,                 0x00
        .equ    UARTFR,                 0x18
        .equ    FR_RXFE,                1 << 4  @ receive FIFO empty
        .equ    FR_TXFF,                1 << 5  @ transmit FIFO full
        .equ    FR_TXFE,                1 << 7  @ transmit FIFO empty: TX_FIFO bytes fit
        .equ    UARTIBRD,               0x24
        .equ    UARTFBRD,               0x28
        .equ    UARTLCR_H,              0x2c
        .equ    LCRH_FEN,               1 << 4  @ FIFOs on
        .equ    LCRH_WLEN_8,            3 << 5
        .equ    UARTCR,                 0x30
        .equ    CR_UARTEN,              1 << 0
        .equ    CR_TXE,                 1 << 8
        .equ    CR_RXE,                 1 << 9
        .equ    UARTIMSC,               0x38
        .equ    UARTICR,                0x44
        .equ    INT_RX,                 1 << 4
        .equ    INT_RT,                 1 << 6  @ receive timeout: fewer bytes than the FIFO's mark
        .equ    UARTPeriphID0,          0xfe0
        .equ    PERIPHID0,              0x11

        .equ    TX_FIFO,                16      @ bytes; revisions with 32 have room, too
        .equ    BAUD_INTEGER,           13      @ 24 MHz / (16 * 115200) = 13 1/64
        .equ    BAUD_FRACTION,          1

@ ---------------------------------------------------------------------------
@ pl011_console_init - set the line up and take the kernel's messages
@
@   in:       -
@   out:      r0 = 0, or -ENODEV when nothing answers
@   clobbers: r1-r3, ip, flags
@   context:  console initcall, IRQs off
@ ---------------------------------------------------------------------------
        INIT_TEXT
FUNC pl011_console_init
        push    {fp, lr}
        add     fp, sp, #0
        ldr     r1, =UART0_BASE
        add     r2, r1, #UARTPeriphID0
        ldr     r0, [r2]
        and     r0, r0, #0xff
        cmp     r0, #PERIPHID0
        movne   r0, #-ENODEV
        bne     .Lreturn

        mov     r0, #0
        str     r0, [r1, #UARTCR]               @ off while it is set up
        mov     r0, #BAUD_INTEGER
        str     r0, [r1, #UARTIBRD]
        mov     r0, #BAUD_FRACTION
        str     r0, [r1, #UARTFBRD]
        mov     r0, #LCRH_WLEN_8 | LCRH_FEN
        str     r0, [r1, #UARTLCR_H]
        ldr     r0, =CR_UARTEN | CR_TXE | CR_RXE
        str     r0, [r1, #UARTCR]

        ldr     r0, =pl011_console
        bl      register_console
        mov     r0, #0
.Lreturn:
        pop     {fp, pc}
ENDFUNC pl011_console_init
        module_init pl011_console_init, console_initcall
        MODULE_LICENSE "GPL"
        MODULE_DESCRIPTION "PL011 serial console"

        .text
@ ---------------------------------------------------------------------------
@ pl011_write - send bytes, waiting while the FIFO is full
@
@   in:       r0 = buffer, r1 = count
@   out:      -
@   clobbers: r0-r3, ip, flags
@   context:  any
@ ---------------------------------------------------------------------------
LFUNC pl011_write
        ldr     r2, =UART0_BASE
.Lwait_for_room:
        cmp     r1, #0
        bxeq    lr
        ldr     r3, [r2, #UARTFR]
        tst     r3, #FR_TXFE
        movne   ip, #TX_FIFO                    @ empty: that many without looking again
        bne     .Lsend
        tst     r3, #FR_TXFF
        bne     .Lwait_for_room
        mov     ip, #1
.Lsend:
        ldrb    r3, [r0], #1
        str     r3, [r2, #UARTDR]
        subs    r1, r1, #1
        bxeq    lr
        subs    ip, ip, #1
        bne     .Lsend
        b       .Lwait_for_room
ENDFUNC pl011_write

@ ---------------------------------------------------------------------------
@ pl011_start - interrupt for every character received
@
@   in:       -
@   out:      r0 = 0, or request_irq's -errno
@   clobbers: r1-r3, ip, flags
@   context:  process, from tty.s
@ ---------------------------------------------------------------------------
LFUNC pl011_start
        push    {fp, lr}
        add     fp, sp, #0
        mov     r0, #IRQ_UART0
        ldr     r1, =pl011_interrupt
        ldr     r2, =.Luart_name
        mov     r3, #0
        bl      request_irq
        ldr     r1, =UART0_BASE
        mov     r2, #INT_RX | INT_RT
        cmp     r0, #0
        streq   r2, [r1, #UARTIMSC]
        pop     {fp, pc}
ENDFUNC pl011_start
        string .Luart_name, "uart-pl011"

@ ---------------------------------------------------------------------------
@ pl011_interrupt - empty the receive FIFO into the terminal
@
@   in:       r0 = irq, r1 = dev; not used
@   out:      -
@   clobbers: r0-r3, ip, flags
@   context:  interrupt
@ ---------------------------------------------------------------------------
LFUNC pl011_interrupt
        push    {r4, r5, fp, lr}
        add     fp, sp, #8
        ldr     r4, =UART0_BASE
        mov     r0, #INT_RX | INT_RT
        str     r0, [r4, #UARTICR]
.Lnext_received:
        ldr     r0, [r4, #UARTFR]
        tst     r0, #FR_RXFE
        bne     .Lall_received
        ldr     r0, [r4, #UARTDR]
        and     r0, r0, #0xff                   @ above: error flags
        bl      tty_receive_char
        b       .Lnext_received
.Lall_received:
        pop     {r4, r5, fp, pc}
ENDFUNC pl011_interrupt

        string .Lconsole_name, "ttyAMA0"

        .data
        .balign 4
pl011_console:                                  @ struct console
        .word   .Lconsole_name, pl011_write, pl011_start
