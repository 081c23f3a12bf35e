@ usb_storage.s - the flash as a disk for the desktop: USB mass storage, Bulk-Only Transport 1.0, SCSI commands in it.
@ The wire is the bulk pipe behind the EHCI registers (data sheet: minikernel/board/usb_bulk.py). A packet or a plugged
@ cable interrupts; commands are served by a work, one after the other, straight from mtd.s.

        .include "macros.inc"
        .include "board.inc"
        .include "work.inc"
        .include "usb.inc"

        .equ    BULK_OFFSET,            0x800   @ behind the EHCI and UHCI registers
        .equ    BULK_BASE,              USB_BASE + BULK_OFFSET

        .equ    BULK_ID,                0x00
        .equ    BULK_ID_VALUE,          0x42554c4b      @ "BULK"
        .equ    BULK_CTRL,              0x04
        .equ    CTRL_ENABLE,            1 << 0
        .equ    CTRL_IRQ_ENABLE,        1 << 1
        .equ    BULK_STATUS,            0x08
        .equ    STATUS_CONNECTED,       1 << 0
        .equ    STATUS_OUT_READY,       1 << 1  @ a packet from the desktop waits
        .equ    STATUS_IN_EMPTY,        1 << 2  @ room for a packet to the desktop
        .equ    STATUS_CONNECT_CHANGE,  1 << 3
        .equ    BULK_OUT_COUNT,         0x0c
        .equ    BULK_OUT_DATA,          0x10
        .equ    BULK_OUT_ACK,           0x14
        .equ    BULK_IN_DATA,           0x18
        .equ    BULK_IN_COUNT,          0x1c
        .equ    BULK_INT_CLEAR,         0x20
        .equ    MAX_PACKET,             512
        .equ    IN_POLL_US,             5       @ a packet takes 10
        .equ    IN_POLLS,               20000   @ a desktop that takes none for 100 ms is gone

@ Command block wrapper (BOT 5.1), 31 bytes
        .equ    CBW_SIGNATURE,          0
        .equ    CBW_SIGNATURE_VALUE,    0x43425355      @ "USBC"
        .equ    CBW_TAG,                4
        .equ    CBW_DATA_LENGTH,        8
        .equ    CBW_FLAGS,              12
        .equ    CBW_DATA_IN,            0x80
        .equ    CBW_COMMAND,            15
        .equ    CBW_LENGTH,             31
        .equ    CBW_WORDS,              8

@ Command status wrapper (BOT 5.2), 13 bytes
        .equ    CSW_SIGNATURE,          0
        .equ    CSW_SIGNATURE_VALUE,    0x53425355      @ "USBS"
        .equ    CSW_TAG,                4
        .equ    CSW_RESIDUE,            8
        .equ    CSW_STATUS,             12
        .equ    CSW_LENGTH,             13
        .equ    CSW_SIZE,               16
        .equ    STATUS_PASSED,          0
        .equ    STATUS_FAILED,          1

@ SCSI commands (SPC-2, SBC); numbers in them are big-endian
        .equ    TEST_UNIT_READY,        0x00
        .equ    INQUIRY,                0x12
        .equ    INQUIRY_LENGTH,         36
        .equ    READ_CAPACITY_10,       0x25
        .equ    READ_10,                0x28
        .equ    READ_10_LBA,            CBW_COMMAND + 2
        .equ    READ_10_COUNT,          CBW_COMMAND + 7
        .equ    BLOCK_SIZE,             512
        .equ    BLOCK_SHIFT,            9

@ ---------------------------------------------------------------------------
@ usb_storage_init - find the bulk pipe, register, and leave looking at the disk to the work queue
@
@   in:       -
@   out:      r0 = 0; -ENODEV no usbcore, no flash or no bulk pipe; usb_register's errors
@   clobbers: r1-r3, ip, flags
@   context:  initcall
@ ---------------------------------------------------------------------------
        .weak   usb_register, usb_deregister, mtd_size, mtd_read
        INIT_TEXT
FUNC usb_storage_init
        push    {fp, lr}
        add     fp, sp, #0
        ldr     r0, =usb_register
        cmp     r0, #0
        beq     .Linit_no_usbcore
        ldr     r0, =BULK_BASE
        ldr     r0, [r0, #BULK_ID]
        ldr     r1, =BULK_ID_VALUE
        cmp     r0, r1
        movne   r0, #-ENODEV
        bne     .Linit_return
        ldr     r0, =mtd_size
        cmp     r0, #0
        blne    mtd_size
        cmp     r0, #0
        beq     .Linit_no_flash

        ldr     r0, =usb_storage_driver
        bl      usb_register
        cmp     r0, #0
        bne     .Linit_return
        ldr     r0, =usb_storage_scan_work
        bl      schedule_work
        mov     r0, #0
.Linit_return:
        pop     {fp, pc}

.Linit_no_usbcore:
        pr_err  "usb-storage: usbcore is not built in\n"
        mov     r0, #-ENODEV
        b       .Linit_return
.Linit_no_flash:
        pr_err  "usb-storage: no flash to show\n"
        mov     r0, #-ENODEV
        b       .Linit_return
ENDFUNC usb_storage_init

@ ---------------------------------------------------------------------------
@ usb_storage_scan - look at the disk and open the pipe
@
@ Needed once, so built in it lies in init memory: free_initmem must not come before the work queue is empty. A module
@ loses its init memory right after its init function, so there it lies with the rest.
@
@   in:       r0 = work
@   out:      -
@   clobbers: r0-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
        .ifdef  MODULE
        .text
        .endif
LFUNC usb_storage_scan
        push    {fp, lr}
        add     fp, sp, #0
        bl      mtd_size
        lsr     r1, r0, #BLOCK_SHIFT
        ldr     r2, =usb_storage_blocks
        str     r1, [r2]
        pr_info "usb-storage: direct-access disk, %u 512-byte blocks\n"
        ldr     r1, =BULK_BASE
        ldr     r2, =usb_storage_ctrl
        mov     r0, #CTRL_ENABLE | CTRL_IRQ_ENABLE
        str     r0, [r2]
        str     r0, [r1, #BULK_CTRL]
        pr_info "usb-storage: device scan complete\n"
        pop     {fp, pc}
ENDFUNC usb_storage_scan

        .text
@ ---------------------------------------------------------------------------
@ usb_storage_irq - the line is shared and level: if it is ours, mask it and queue the work
@
@   in:       r0 = usb_driver
@   out:      -
@   clobbers: r0-r3, ip, flags
@   context:  interrupt, from usbcore.s
@ ---------------------------------------------------------------------------
LFUNC usb_storage_irq
        push    {fp, lr}
        add     fp, sp, #0
        ldr     r1, =BULK_BASE
        ldr     r0, [r1, #BULK_CTRL]
        tst     r0, #CTRL_IRQ_ENABLE
        beq     .Lirq_return
        ldr     r2, [r1, #BULK_STATUS]
        tst     r2, #STATUS_OUT_READY | STATUS_CONNECT_CHANGE
        beq     .Lirq_return
        bic     r0, r0, #CTRL_IRQ_ENABLE
        str     r0, [r1, #BULK_CTRL]
        ldr     r0, =usb_storage_work
        bl      schedule_work
.Lirq_return:
        pop     {fp, pc}
ENDFUNC usb_storage_irq

@ ---------------------------------------------------------------------------
@ usb_storage_serve - carry out commands until no packet waits, then unmask the interrupt
@
@   in:       r0 = work
@   out:      -
@   clobbers: r0-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
LFUNC usb_storage_serve
        push    {r4, r5, fp, lr}
        add     fp, sp, #8
        ldr     r4, =BULK_BASE
        mov     r0, #STATUS_CONNECT_CHANGE
        str     r0, [r4, #BULK_INT_CLEAR]
.Lserve_packet:
        ldr     r0, [r4, #BULK_STATUS]
        tst     r0, #STATUS_OUT_READY
        beq     .Lserve_done
        bl      bulk_receive_command
        cmp     r0, #0
        bleq    scsi_command
        b       .Lserve_packet
.Lserve_done:
        ldr     r0, =usb_storage_ctrl
        ldr     r0, [r0]
        str     r0, [r4, #BULK_CTRL]
        pop     {r4, r5, fp, pc}
ENDFUNC usb_storage_serve

@ ---------------------------------------------------------------------------
@ bulk_receive_command - take the waiting packet, which must be a command block wrapper (BOT 6.2.1)
@
@   in:       r4 = BULK_BASE
@   out:      r0 = 0, usb_storage_cbw filled; -EINVAL it is something else, dropped
@   clobbers: r1-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
LFUNC bulk_receive_command
        push    {r4, r5, fp, lr}
        add     fp, sp, #8
        ldr     r5, [r4, #BULK_OUT_COUNT]
        ldr     r1, =usb_storage_cbw
        mov     r2, #0
.Lreceive_word:
        ldr     r0, [r4, #BULK_OUT_DATA]
        str     r0, [r1, r2, lsl #2]
        add     r2, r2, #1
        cmp     r2, #CBW_WORDS
        bne     .Lreceive_word
        mov     r0, #1
        str     r0, [r4, #BULK_OUT_ACK]

        cmp     r5, #CBW_LENGTH
        ldreq   r0, [r1, #CBW_SIGNATURE]
        ldreq   r2, =CBW_SIGNATURE_VALUE
        cmpeq   r0, r2
        moveq   r0, #0
        beq     .Lreceive_return
        mov     r1, r5
        pr_warn "usb-storage: %u bytes that are no command, dropped\n"
        mov     r0, #-EINVAL
.Lreceive_return:
        pop     {r4, r5, fp, pc}
ENDFUNC bulk_receive_command

@ ---------------------------------------------------------------------------
@ scsi_command - carry out the command in usb_storage_cbw, then report its status (BOT 5.3.3)
@
@   in:       r4 = BULK_BASE
@   out:      -
@   clobbers: r0-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
LFUNC scsi_command
        push    {r4-r7, fp, lr}
        add     fp, sp, #16
        ldr     r5, =usb_storage_cbw
        ldr     r6, =usb_storage_csw
        ldr     r0, =CSW_SIGNATURE_VALUE
        str     r0, [r6, #CSW_SIGNATURE]
        ldr     r0, [r5, #CBW_TAG]
        str     r0, [r6, #CSW_TAG]
        ldr     r0, [r5, #CBW_DATA_LENGTH]      @ what bulk_send sends is taken off
        str     r0, [r6, #CSW_RESIDUE]

        ldrb    r0, [r5, #CBW_COMMAND]
        ldr     r1, =scsi_commands
        ldr     r2, =scsi_commands_end
.Lcommand_look:
        ldr     r3, [r1]
        cmp     r3, r0
        ldreq   r3, [r1, #4]
        beq     .Lcommand_found
        add     r1, r1, #8
        cmp     r1, r2
        bne     .Lcommand_look
        mov     r0, #STATUS_FAILED
        b       .Lcommand_status
.Lcommand_found:
        mov     r0, r5
        blx     r3
        cmp     r0, #0
        movne   r0, #STATUS_FAILED
.Lcommand_status:
        str     r0, [r6, #CSW_STATUS]
        mov     r0, r6
        mov     r1, #CSW_LENGTH
        bl      bulk_send_packet
        pop     {r4-r7, fp, pc}
ENDFUNC scsi_command

@ ---------------------------------------------------------------------------
@ scsi_test_unit_ready - flash is always ready
@
@   in:       r0 = command block wrapper
@   out:      r0 = 0
@   clobbers: -
@   context:  process
@ ---------------------------------------------------------------------------
LFUNC scsi_test_unit_ready
        mov     r0, #0
        bx      lr
ENDFUNC scsi_test_unit_ready

@ ---------------------------------------------------------------------------
@ scsi_inquiry - who we are
@
@   in:       r0 = command block wrapper, r4 = BULK_BASE
@   out:      r0 = 0, or -errno
@   clobbers: r1-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
LFUNC scsi_inquiry
        ldr     r0, =scsi_inquiry_data
        mov     r1, #INQUIRY_LENGTH
        b       bulk_send
ENDFUNC scsi_inquiry

@ ---------------------------------------------------------------------------
@ scsi_read_capacity - number of the last block, bytes of a block
@
@   in:       r0 = command block wrapper, r4 = BULK_BASE
@   out:      r0 = 0, or -errno
@   clobbers: r1-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
LFUNC scsi_read_capacity
        push    {fp, lr}
        add     fp, sp, #0
        sub     sp, sp, #8
        ldr     r0, =usb_storage_blocks
        ldr     r0, [r0]
        sub     r0, r0, #1
        rev     r0, r0
        str     r0, [sp]
        mov     r0, #BLOCK_SIZE
        rev     r0, r0
        str     r0, [sp, #4]
        mov     r0, sp
        mov     r1, #8
        bl      bulk_send
        sub     sp, fp, #0
        pop     {fp, pc}
ENDFUNC scsi_read_capacity

@ ---------------------------------------------------------------------------
@ scsi_read_10 - blocks of the flash, a packet each
@
@   in:       r0 = command block wrapper, r4 = BULK_BASE
@   out:      r0 = 0, or -errno
@   clobbers: r1-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
LFUNC scsi_read_10
        push    {r4-r7, fp, lr}
        add     fp, sp, #16
        mov     r7, r0
        add     r0, r7, #READ_10_LBA
        bl      get_be16
        lsl     r5, r0, #16
        add     r0, r7, #READ_10_LBA + 2
        bl      get_be16
        orr     r5, r5, r0                      @ block
        add     r0, r7, #READ_10_COUNT
        bl      get_be16
        mov     r6, r0                          @ blocks to go

        ldr     r0, =usb_storage_blocks
        ldr     r0, [r0]
        cmp     r5, r0
        bhi     .Lread_invalid
        sub     r0, r0, r5
        cmp     r6, r0
        bhi     .Lread_invalid

        ldr     r7, =usb_storage_block
.Lread_block:
        cmp     r6, #0
        moveq   r0, #0
        beq     .Lread_return
        lsl     r0, r5, #BLOCK_SHIFT
        mov     r1, r7
        mov     r2, #BLOCK_SIZE
        bl      mtd_read
        cmp     r0, #0
        bne     .Lread_return
        mov     r0, r7
        mov     r1, #BLOCK_SIZE
        bl      bulk_send
        cmp     r0, #0
        bne     .Lread_return
        add     r5, r5, #1
        sub     r6, r6, #1
        b       .Lread_block

.Lread_invalid:
        mov     r0, #-EINVAL
.Lread_return:
        pop     {r4-r7, fp, pc}
ENDFUNC scsi_read_10

@ ---------------------------------------------------------------------------
@ get_be16 - a big-endian halfword at any address
@
@   in:       r0 = address
@   out:      r0 = value
@   clobbers: r1
@   context:  any
@ ---------------------------------------------------------------------------
LFUNC get_be16
        ldrb    r1, [r0]
        ldrb    r0, [r0, #1]
        orr     r0, r0, r1, lsl #8
        bx      lr
ENDFUNC get_be16

@ ---------------------------------------------------------------------------
@ bulk_send - data of a command: no more than the desktop still expects
@
@   in:       r0 = buffer, word aligned; r1 = bytes, at most MAX_PACKET; r4 = BULK_BASE
@   out:      r0 = 0; -EINVAL the desktop expects none, -EIO cable pulled, -ETIMEDOUT
@   clobbers: r1-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
LFUNC bulk_send
        ldr     r2, =usb_storage_cbw
        ldrb    r2, [r2, #CBW_FLAGS]
        tst     r2, #CBW_DATA_IN
        beq     .Lsend_unexpected
        ldr     r2, =usb_storage_csw
        ldr     r3, [r2, #CSW_RESIDUE]
        cmp     r1, r3
        movhi   r1, r3
        cmp     r1, #0
        beq     .Lsend_unexpected
        sub     r3, r3, r1
        str     r3, [r2, #CSW_RESIDUE]
        b       bulk_send_packet
.Lsend_unexpected:
        mov     r0, #-EINVAL
        bx      lr
ENDFUNC bulk_send

@ ---------------------------------------------------------------------------
@ bulk_send_packet - one packet to the desktop
@
@   in:       r0 = buffer, word aligned; r1 = bytes, at most MAX_PACKET; r4 = BULK_BASE
@   out:      r0 = 0; -EIO cable pulled, -ETIMEDOUT
@   clobbers: r1-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
LFUNC bulk_send_packet
        push    {r4-r7, fp, lr}
        add     fp, sp, #16
        mov     r5, r0
        mov     r6, r1
        ldr     r7, =IN_POLLS
.Lsend_wait:
        ldr     r0, [r4, #BULK_STATUS]
        tst     r0, #STATUS_CONNECTED
        moveq   r0, #-EIO
        beq     .Lsend_return
        tst     r0, #STATUS_IN_EMPTY
        bne     .Lsend_push
        mov     r0, #IN_POLL_US
        bl      udelay
        subs    r7, r7, #1
        bne     .Lsend_wait
        mov     r0, #-ETIMEDOUT
        b       .Lsend_return

.Lsend_push:
        mov     r1, #0
.Lsend_word:
        cmp     r1, r6
        bhs     .Lsend_go
        ldr     r0, [r5, r1]
        str     r0, [r4, #BULK_IN_DATA]
        add     r1, r1, #4
        b       .Lsend_word
.Lsend_go:
        str     r6, [r4, #BULK_IN_COUNT]
        mov     r0, #0
.Lsend_return:
        pop     {r4-r7, fp, pc}
ENDFUNC bulk_send_packet

        EXIT_TEXT
@ ---------------------------------------------------------------------------
@ usb_storage_exit - close the pipe; what the queue still has for us is done, and does not open it again
@
@   in:       -
@   out:      -
@   clobbers: r0-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
FUNC usb_storage_exit
        push    {fp, lr}
        add     fp, sp, #0
        bl      flush_scheduled_work            @ the scan, if it still waits
        mov     r0, #0
        ldr     r1, =usb_storage_ctrl
        str     r0, [r1]
        ldr     r1, =BULK_BASE
        str     r0, [r1, #BULK_CTRL]
        ldr     r0, =usb_storage_driver
        bl      usb_deregister
        bl      flush_scheduled_work            @ what an interrupt queued until then
        pop     {fp, pc}
ENDFUNC usb_storage_exit

        DECLARE_WORK usb_storage_work, usb_storage_serve
        DECLARE_WORK usb_storage_scan_work, usb_storage_scan, .ref.data

        RODATA
        .balign 4
scsi_commands:                                  @ {operation code, function}
        .word   TEST_UNIT_READY, scsi_test_unit_ready
        .word   INQUIRY, scsi_inquiry
        .word   READ_CAPACITY_10, scsi_read_capacity
        .word   READ_10, scsi_read_10
scsi_commands_end:

scsi_inquiry_data:                              @ SPC-2, 7.3.2
        .byte   0x00                            @ a disk
        .byte   0x80                            @ that can be removed
        .byte   0x04                            @ SPC-2
        .byte   0x02
        .byte   INQUIRY_LENGTH - 5              @ bytes that follow
        .byte   0, 0, 0
        .ascii  "minikern"                      @ vendor, 8 characters
        .ascii  "Camera flash    "              @ product, 16
        .ascii  "1.0 "                          @ revision, 4

        string  usb_storage_name, "usb-storage"

        .data
        .balign 4
usb_storage_driver:                             @ struct usb_driver
        .word   0
        .word   usb_storage_name
        .word   usb_storage_irq

        .bss
        .balign 4
usb_storage_blocks:
        .space  4                               @ blocks of the disk
usb_storage_ctrl:
        .space  4                               @ BULK_CTRL when no command is under way; 0: closed for good
usb_storage_cbw:
        .space  CBW_WORDS * 4                   @ the command under way
usb_storage_csw:
        .space  CSW_SIZE                        @ its status
usb_storage_block:
        .space  BLOCK_SIZE

        module_init usb_storage_init
        module_exit usb_storage_exit
        MODULE_LICENSE "GPL"
        MODULE_DESCRIPTION "USB mass storage, bulk-only"
