@ physmap.s - NOR flash behind the static memory controller: two x16 chips side by side on a 32-bit bus, Intel command
@ set (JEDEC CFI, JESD68; command set 0001). Every command and every status goes to, and comes from, both chips: the
@ 16-bit value stands in both halves of the word. Size, block and times are asked of the chips, never assumed.

        .include "macros.inc"
        .include "board.inc"
        .include "mtd.inc"

@ Commands
        .equ    CMD_READ_ARRAY,         0x00ff00ff
        .equ    CMD_CFI_QUERY,          0x00980098
        .equ    CMD_READ_ID,            0x00900090
        .equ    CMD_READ_STATUS,        0x00700070
        .equ    CMD_CLEAR_STATUS,       0x00500050
        .equ    CMD_PROGRAM,            0x00400040
        .equ    CMD_WRITE_BUFFER,       0x00e800e8
        .equ    CMD_BLOCK_ERASE,        0x00200020
        .equ    CMD_CONFIRM,            0x00d000d0

@ Status register, of both chips
        .equ    SR_READY,               0x00800080
        .equ    SR_ERASE_ERROR,         0x00200020
        .equ    SR_PROGRAM_ERROR,       0x00100010
        .equ    SR_VPP_LOW,             0x00080008
        .equ    SR_LOCKED,              0x00020002
        .equ    SR_ERRORS,              SR_ERASE_ERROR | SR_PROGRAM_ERROR | SR_VPP_LOW | SR_LOCKED

@ The CFI query table: index i is at byte 4*i of the bus
        .equ    CFI_QUERY_ADDRESS,      0x55 * 4
        .equ    CFI_Q,                  0x10 * 4
        .equ    CFI_R,                  0x11 * 4
        .equ    CFI_Y,                  0x12 * 4
        .equ    CFI_PRIMARY_SET,        0x13 * 4
        .equ    CFI_PROGRAM_TYPICAL,    0x1f * 4        @ 2^n us for one word
        .equ    CFI_BUFFER_TYPICAL,     0x20 * 4        @ 2^n us for a full write buffer
        .equ    CFI_ERASE_TYPICAL,      0x21 * 4        @ 2^n ms for one block
        .equ    CFI_PROGRAM_MAX,        0x23 * 4        @ 2^n times the typical
        .equ    CFI_BUFFER_MAX,         0x24 * 4        @ 2^n times the typical
        .equ    CFI_ERASE_MAX,          0x25 * 4        @ 2^n times the typical
        .equ    CFI_DEVICE_SIZE,        0x27 * 4        @ 2^n bytes
        .equ    CFI_BUFFER_SIZE,        0x2a * 4        @ 2^n bytes of write buffer; 0: there is none
        .equ    CFI_BLOCK_SIZE_LOW,     0x2f * 4        @ of region 1, in units of 256 bytes
        .equ    CFI_BLOCK_SIZE_HIGH,    0x30 * 4

        .equ    CHIPS_SHIFT,            1               @ two chips: 2^1
        .equ    CFI_BLOCK_UNIT_SHIFT,   8
        .equ    BOTH_Q,                 0x00510051
        .equ    BOTH_R,                 0x00520052
        .equ    BOTH_Y,                 0x00590059
        .equ    BOTH_INTEL_SET,         0x00010001
        .equ    ERASE_POLL_MS,          5

@ What is known of one way to program
        .equ    WAIT_TURNS,             0               @ turns of an empty loop before the first look
        .equ    WAIT_MAX_US,            4
        .equ    WAIT_SIZE,              8

@ physmap_times
        .equ    TIMES_WORD,             0               @ one word: WAIT_*
        .equ    TIMES_BUFFER,           WAIT_SIZE       @ what fits the write buffer: WAIT_*
        .equ    TIMES_BUFFER_BYTES,     2 * WAIT_SIZE   @ of both chips, a power of two; 0: there is none
        .equ    TIMES_ERASE_MAX_MS,     TIMES_BUFFER_BYTES + 4  @ one block
        .equ    TIMES_SIZE,             TIMES_ERASE_MAX_MS + 4

@ ---------------------------------------------------------------------------
@ physmap_init - find the flash and hand it to mtd.s
@
@   in:       -
@   out:      r0 = 0; -ENODEV no CFI flash, or no mtd.s; -EBUSY mtd0 taken
@   clobbers: r1-r3, ip, flags
@   context:  initcall
@ ---------------------------------------------------------------------------
        INIT_TEXT
        .weak   mtd_device_register
FUNC physmap_init
        push    {fp, lr}
        add     fp, sp, #0
        ldr     r0, =mtd_device_register
        cmp     r0, #0
        beq     .Linit_no_mtd

        bl      cfi_probe
        cmp     r0, #0
        bne     .Linit_no_flash

        bl      physmap_print_ids
        ldr     r0, =physmap_mtd
        bl      mtd_device_register
        b       .Linit_return

.Linit_no_mtd:
        pr_err  "physmap-flash.0: no mtd to register with\n"
        mov     r0, #-ENODEV
        b       .Linit_return
.Linit_no_flash:
        pr_err  "physmap-flash.0: no CFI flash with the Intel command set at 0x8000000\n"
        mov     r0, #-ENODEV
.Linit_return:
        pop     {fp, pc}
ENDFUNC physmap_init

@ ---------------------------------------------------------------------------
@ cfi_probe - ask the chips who they are, fill physmap_mtd and the time limits
@
@   in:       -
@   out:      r0 = 0, or -ENODEV
@   clobbers: r1-r3, ip, flags
@   context:  initcall
@ ---------------------------------------------------------------------------
LFUNC cfi_probe
        push    {r4, r5, fp, lr}
        add     fp, sp, #8
        ldr     r4, =FLASH_BASE
        ldr     r5, =physmap_mtd
        ldr     r0, =CMD_CFI_QUERY
        str     r0, [r4, #CFI_QUERY_ADDRESS]

        ldr     r2, =cfi_expected
        ldr     r3, =cfi_expected_end
.Lprobe_expect:
        ldr     r0, [r2]
        ldr     r0, [r4, r0]
        ldr     r1, [r2, #4]
        cmp     r0, r1
        movne   r0, #-ENODEV
        bne     .Lprobe_return
        add     r2, r2, #8
        cmp     r2, r3
        bne     .Lprobe_expect

        @ Sizes: both chips together, no more than the window shows.
        mov     r0, #CFI_DEVICE_SIZE
        bl      cfi_byte
        mov     r1, #1 << CHIPS_SHIFT
        lsl     r1, r1, r0
        cmp     r1, #FLASH_WINDOW
        movhi   r1, #FLASH_WINDOW
        str     r1, [r5, #MTD_SIZE]

        mov     r0, #CFI_BLOCK_SIZE_HIGH
        bl      cfi_byte
        lsl     r3, r0, #8
        mov     r0, #CFI_BLOCK_SIZE_LOW
        bl      cfi_byte
        orr     r3, r3, r0
        lsl     r3, r3, #(CFI_BLOCK_UNIT_SHIFT + CHIPS_SHIFT)
        str     r3, [r5, #MTD_ERASESIZE]

        @ The write buffer, of both chips together.
        ldr     r5, =physmap_times
        mov     r0, #CFI_BUFFER_SIZE
        bl      cfi_byte
        cmp     r0, #0
        movne   r1, #1 << CHIPS_SHIFT
        lslne   r0, r1, r0
        str     r0, [r5, #TIMES_BUFFER_BYTES]

        @ Times: typical, and those after which it has failed.
        mov     r0, #CFI_PROGRAM_TYPICAL
        bl      cfi_power
        mov     r3, r0
        mov     r0, #CFI_PROGRAM_MAX
        bl      cfi_byte
        lsl     r3, r3, r0
        str     r3, [r5, #TIMES_WORD + WAIT_MAX_US]
        mov     r0, #CFI_BUFFER_TYPICAL
        bl      cfi_power
        mov     r3, r0
        mov     r0, #CFI_BUFFER_MAX
        bl      cfi_byte
        lsl     r3, r3, r0
        str     r3, [r5, #TIMES_BUFFER + WAIT_MAX_US]
        mov     r0, #CFI_ERASE_TYPICAL
        bl      cfi_power
        mov     r3, r0
        mov     r0, #CFI_ERASE_MAX
        bl      cfi_byte
        lsl     r3, r3, r0
        str     r3, [r5, #TIMES_ERASE_MAX_MS]
        mov     r0, #0

.Lprobe_return:
        ldr     r1, =CMD_READ_ARRAY
        str     r1, [r4]
        pop     {r4, r5, fp, pc}
ENDFUNC cfi_probe

@ ---------------------------------------------------------------------------
@ cfi_byte, cfi_power - an entry of the query table; two to that power
@
@   in:       r0 = byte offset, r4 = FLASH_BASE
@   out:      r0 = the low chip's entry; 1 << it
@   clobbers: r1
@   context:  cfi_probe
@ ---------------------------------------------------------------------------
LFUNC cfi_byte
        ldr     r0, [r4, r0]
        and     r0, r0, #0xff
        bx      lr
ENDFUNC cfi_byte

LFUNC cfi_power
        ldr     r0, [r4, r0]
        and     r0, r0, #0xff
        mov     r1, #1
        lsl     r0, r1, r0
        bx      lr
ENDFUNC cfi_power

@ ---------------------------------------------------------------------------
@ physmap_print_ids - Linux's line about what was found
@
@   in:       -
@   out:      -
@   clobbers: r0-r3, ip, flags
@   context:  initcall
@ ---------------------------------------------------------------------------
LFUNC physmap_print_ids
        push    {fp, lr}
        add     fp, sp, #0
        ldr     r3, =FLASH_BASE
        ldr     r0, =CMD_READ_ID
        str     r0, [r3]
        ldr     r1, [r3]
        uxth    r1, r1
        ldr     r2, [r3, #4]
        uxth    r2, r2
        ldr     r0, =CMD_READ_ARRAY
        str     r0, [r3]
        pr_info "physmap-flash.0: Found 2 x16 devices at 0x0 in 32-bit bank. Manufacturer ID 0x%x Chip ID 0x%x\n"
        pop     {fp, pc}
ENDFUNC physmap_print_ids

        .text
@ ---------------------------------------------------------------------------
@ physmap_read - copy out of the array. Device memory refuses unaligned words, so what is not aligned goes by bytes.
@
@   in:       r0 = offset, r1 = buffer, r2 = length; checked by mtd.s
@   out:      r0 = 0
@   clobbers: r1-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
LFUNC physmap_read
        ldr     r3, =FLASH_BASE
        add     r0, r3, r0
        orr     r3, r0, r1
        tst     r3, #3
        bne     .Lread_bytes
.Lread_words:
        cmp     r2, #4
        blo     .Lread_bytes
        ldr     r3, [r0]
        str     r3, [r1]
        add     r0, r0, #4
        add     r1, r1, #4
        sub     r2, r2, #4
        b       .Lread_words
.Lread_bytes:
        cmp     r2, #0
        beq     .Lread_done
        ldrb    r3, [r0]
        strb    r3, [r1]
        add     r0, r0, #1
        add     r1, r1, #1
        sub     r2, r2, #1
        b       .Lread_bytes
.Lread_done:
        mov     r0, #0
        bx      lr
ENDFUNC physmap_read

@ ---------------------------------------------------------------------------
@ physmap_write - program words, as many at once as the chips take. A word of all ones leaves the flash as it is, so one
@ that a piece would begin with is skipped.
@
@   in:       r0 = offset, r1 = buffer, r2 = length; whole words, checked by mtd.s
@   out:      r0 = 0; -ETIMEDOUT, -EROFS locked, -EIO
@   clobbers: r1-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
LFUNC physmap_write
        push    {r4-r7, fp, lr}
        add     fp, sp, #16
        ldr     r4, =FLASH_BASE
        add     r4, r4, r0
        mov     r5, r1
        add     r6, r5, r2                      @ end of the buffer
        mov     r0, #0
.Lwrite_piece:
        cmp     r5, r6
        beq     .Lwrite_done
        ldr     r1, [r5]
        cmn     r1, #1
        moveq   r7, #4
        beq     .Lwrite_next

        mov     r0, r4
        sub     r1, r6, r5
        bl      physmap_piece
        mov     r7, r0                          @ bytes of this piece
        mov     r0, r4
        mov     r1, r5
        cmp     r7, #4
        beq     .Lwrite_word
        mov     r2, r7
        bl      physmap_program_buffer
        b       .Lwrite_programmed
.Lwrite_word:
        bl      physmap_program_word
.Lwrite_programmed:
        cmp     r0, #0
        bne     .Lwrite_done
.Lwrite_next:
        add     r4, r4, r7
        add     r5, r5, r7
        b       .Lwrite_piece

.Lwrite_done:
        ldr     r1, =FLASH_BASE
        ldr     r2, =CMD_READ_ARRAY
        str     r2, [r1]
        pop     {r4-r7, fp, pc}
ENDFUNC physmap_write

@ ---------------------------------------------------------------------------
@ physmap_piece - how many bytes can be programmed together: up to the next boundary of the write buffer, where the
@ chips are fastest, and so never across an erase block
@
@   in:       r0 = address in the flash, r1 = bytes to go, at least 4
@   out:      r0 = bytes, a multiple of 4
@   clobbers: r1-r3, flags
@   context:  process
@ ---------------------------------------------------------------------------
LFUNC physmap_piece
        ldr     r2, =physmap_times
        ldr     r2, [r2, #TIMES_BUFFER_BYTES]
        cmp     r2, #0
        moveq   r0, #4
        bxeq    lr
        sub     r3, r2, #1
        and     r0, r0, r3                      @ behind the last boundary
        sub     r0, r2, r0
        cmp     r0, r1
        movhi   r0, r1
        bx      lr
ENDFUNC physmap_piece

@ ---------------------------------------------------------------------------
@ physmap_program_word - program one word
@
@   in:       r0 = address in the flash, r1 = address of the word
@   out:      r0 = 0; -ETIMEDOUT, -EROFS locked, -EIO
@   clobbers: r1-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
LFUNC physmap_program_word
        ldr     r2, =CMD_PROGRAM
        str     r2, [r0]
        ldr     r1, [r1]
        str     r1, [r0]
        ldr     r1, =physmap_times + TIMES_WORD
        b       physmap_wait_program
ENDFUNC physmap_program_word

@ ---------------------------------------------------------------------------
@ physmap_program_buffer - fill the chips' write buffer and let them program it
@
@   in:       r0 = address in the flash, r1 = address of the words, r2 = bytes, as physmap_piece says
@   out:      r0 = 0; -ETIMEDOUT, -EROFS locked, -EIO, also when the chips refuse the buffer
@   clobbers: r1-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
LFUNC physmap_program_buffer
        push    {r4, r5, fp, lr}
        add     fp, sp, #8
        mov     r4, r0
        ldr     r3, =CMD_WRITE_BUFFER
        str     r3, [r4]
        ldr     r3, [r4]                        @ extended status: can the buffer be had?
        ldr     r5, =SR_READY
        and     r3, r3, r5
        cmp     r3, r5
        bne     .Lbuffer_refused

        lsr     r3, r2, #2
        sub     r3, r3, #1
        orr     r3, r3, r3, lsl #16             @ words less one, for each chip
        str     r3, [r4]
        add     r2, r1, r2                      @ end of the words
.Lbuffer_word:
        ldr     r3, [r1]
        str     r3, [r0]
        add     r0, r0, #4
        add     r1, r1, #4
        cmp     r1, r2
        bne     .Lbuffer_word

        ldr     r3, =CMD_CONFIRM
        str     r3, [r4]
        mov     r0, r4
        ldr     r1, =physmap_times + TIMES_BUFFER
        bl      physmap_wait_program
        b       .Lbuffer_return

        @ Nobody has cleared an old error: the next write finds it cleared.
.Lbuffer_refused:
        ldr     r3, =CMD_CLEAR_STATUS
        str     r3, [r4]
        mov     r0, #-EIO
.Lbuffer_return:
        pop     {r4, r5, fp, pc}
ENDFUNC physmap_program_buffer

@ ---------------------------------------------------------------------------
@ physmap_wait_program - wait until words are programmed, and learn how long that takes
@
@ A look costs far more than a turn of an empty loop, so turn first and look once. How many turns it needs depends on
@ processor and chip; the last time tells: ready at the first look, a little less next time, else as many as it took
@ (Linux's cfi_cmdset_0001.c tunes its waits in the same spirit).
@
@   in:       r0 = address in the flash, r1 = WAIT_* of what is programmed
@   out:      r0 = 0; -ETIMEDOUT, -EROFS, -EIO
@   clobbers: r1-r3, ip, flags
@   context:  process; microseconds are too short to sleep
@ ---------------------------------------------------------------------------
LFUNC physmap_wait_program
        push    {r4-r9, fp, lr}
        add     fp, sp, #24
        mov     r4, r0
        mov     r5, r1
        ldr     r6, =SR_READY
        mov     r7, #0                          @ looks in vain
        ldr     r9, [r5, #WAIT_TURNS]
        mov     r1, r9
.Lprogram_turn:
        subs    r1, r1, #1
        bhi     .Lprogram_turn
        ldr     r0, [r4]
        and     r1, r0, r6
        cmp     r1, r6
        beq     .Lprogram_ready

        @ Not yet: look again when an eighth more has gone by.
        bl      ktime_us
        cmp     r7, #0
        moveq   r8, r0                          @ when patience began
        add     r7, r7, #1
        sub     r0, r0, r8
        ldr     r1, [r5, #WAIT_MAX_US]
        cmp     r0, r1
        movhi   r0, #-ETIMEDOUT
        bhi     .Lprogram_return
        mov     r1, r9, lsr #3
        add     r1, r1, #1
        add     r9, r9, r1
        b       .Lprogram_turn

.Lprogram_ready:
        cmp     r7, #0
        subeq   r9, r9, r9, lsr #5
        str     r9, [r5, #WAIT_TURNS]
        bl      physmap_status
.Lprogram_return:
        pop     {r4-r9, fp, pc}
ENDFUNC physmap_wait_program

@ ---------------------------------------------------------------------------
@ physmap_erase - erase blocks, sleeping while the chips work
@
@   in:       r0 = offset, r1 = unused, r2 = length; whole blocks, checked by mtd.s
@   out:      r0 = 0; -ETIMEDOUT, -EROFS locked, -EIO
@   clobbers: r1-r3, ip, flags
@   context:  process, sleeps
@ ---------------------------------------------------------------------------
LFUNC physmap_erase
        push    {r4-r7, fp, lr}
        add     fp, sp, #16
        ldr     r4, =FLASH_BASE
        add     r4, r4, r0
        add     r5, r4, r2                      @ end of the range
        ldr     r6, =physmap_mtd
        ldr     r6, [r6, #MTD_ERASESIZE]
        mov     r0, #0
.Lerase_block:
        cmp     r4, r5
        beq     .Lerase_done
        ldr     r1, =CMD_BLOCK_ERASE
        str     r1, [r4]
        ldr     r1, =CMD_CONFIRM
        str     r1, [r4]
        mov     r0, r4
        bl      physmap_wait_erase
        cmp     r0, #0
        bne     .Lerase_done
        add     r4, r4, r6
        b       .Lerase_block

.Lerase_done:
        ldr     r1, =FLASH_BASE
        ldr     r2, =CMD_READ_ARRAY
        str     r2, [r1]
        pop     {r4-r7, fp, pc}
ENDFUNC physmap_erase

@ ---------------------------------------------------------------------------
@ physmap_wait_erase - wait until one block is erased: a look every few milliseconds
@
@   in:       r0 = address in the block
@   out:      r0 = 0; -ETIMEDOUT, -EROFS, -EIO
@   clobbers: r1-r3, ip, flags
@   context:  process, sleeps
@ ---------------------------------------------------------------------------
LFUNC physmap_wait_erase
        push    {r4-r7, fp, lr}
        add     fp, sp, #16
        mov     r4, r0
        ldr     r6, =SR_READY
        ldr     r5, =physmap_times
        ldr     r5, [r5, #TIMES_ERASE_MAX_MS]
.Lerase_poll:
        ldr     r0, [r4]
        and     r1, r0, r6
        cmp     r1, r6
        beq     .Lerase_ready
        mov     r0, #ERASE_POLL_MS
        bl      msleep
        subs    r5, r5, #ERASE_POLL_MS
        bpl     .Lerase_poll
        mov     r0, #-ETIMEDOUT
        b       .Lerase_return
.Lerase_ready:
        bl      physmap_status
.Lerase_return:
        pop     {r4-r7, fp, pc}
ENDFUNC physmap_wait_erase

@ ---------------------------------------------------------------------------
@ physmap_status - what the status of both chips means; error bits are sticky, so they are cleared
@
@   in:       r0 = status word, both chips ready
@   out:      r0 = 0; -EROFS locked, -EIO
@   clobbers: r1-r2, flags
@   context:  process
@ ---------------------------------------------------------------------------
LFUNC physmap_status
        ldr     r1, =SR_ERRORS
        ands    r1, r0, r1
        moveq   r0, #0
        bxeq    lr
        ldr     r0, =FLASH_BASE
        ldr     r2, =CMD_CLEAR_STATUS
        str     r2, [r0]
        ldr     r2, =SR_LOCKED
        tst     r1, r2
        moveq   r0, #-EIO
        movne   r0, #-EROFS
        bx      lr
ENDFUNC physmap_status

        RODATA
physmap_name:
        .asciz  "physmap-flash.0"

        @ What the query table must say, {byte offset, word}: "QRY", Intel command set, in both chips.
        .balign 4
cfi_expected:
        .word   CFI_Q, BOTH_Q
        .word   CFI_R, BOTH_R
        .word   CFI_Y, BOTH_Y
        .word   CFI_PRIMARY_SET, BOTH_INTEL_SET
cfi_expected_end:

        .data
        .balign 4
physmap_mtd:                                    @ struct mtd_info; sizes by cfi_probe
        .word   physmap_name
        .word   0
        .word   0
        .word   4
        .word   physmap_read
        .word   physmap_write
        .word   physmap_erase

        .bss
        .balign 4
physmap_times:
        .space  TIMES_SIZE

        module_init physmap_init
        MODULE_LICENSE "GPL"
        MODULE_DESCRIPTION "CFI NOR flash, Intel command set"
