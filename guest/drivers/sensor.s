@ sensor.s - the image sensor: power, one capture at a time, the encoded frame out of its FIFO.
@ Data sheet: minikernel/board/image_sensor.py. camera.s makes a file of it.

        .include "macros.inc"
        .include "board.inc"

        .equ    SENSOR_ID,              0x00
        .equ    SENSOR_ID_VALUE,        0x53454e31      @ "SEN1"
        .equ    SENSOR_CTRL,            0x04
        .equ    CTRL_POWER,             1 << 0
        .equ    CTRL_CAPTURE,           1 << 1          @ reads 0
        .equ    CTRL_IRQ_ENABLE,        1 << 2
        .equ    SENSOR_STATUS,          0x08
        .equ    STATUS_READY,           1 << 0
        .equ    STATUS_FRAME,           1 << 2
        .equ    SENSOR_WIDTH,           0x0c
        .equ    SENSOR_HEIGHT,          0x10
        .equ    SENSOR_FRAME_BYTES,     0x14
        .equ    SENSOR_FIFO,            0x18            @ pops 4 bytes, the first in bits 7:0
        .equ    SENSOR_FIFO_LEVEL,      0x1c            @ bytes left
        .equ    SENSOR_INT_CLEAR,       0x20
        .equ    INT_FRAME,              1 << 2
        .equ    SENSOR_EXPOSURE_US,     0x24

        .equ    POWER_UP_LIMIT_MS,      50              @ the data sheet says 5
        .equ    CAPTURE_LIMIT_MS,       500             @ beyond the exposure time

@ ---------------------------------------------------------------------------
@ sensor_init - is there a sensor? It stays without power until somebody takes a picture.
@
@   in:       -
@   out:      r0 = 0; -ENODEV nothing answers, or request_irq's error
@   clobbers: r1-r3, ip, flags
@   context:  initcall
@ ---------------------------------------------------------------------------
        INIT_TEXT
FUNC sensor_init
        push    {r4, r5, fp, lr}
        add     fp, sp, #8
        ldr     r4, =SENSOR_BASE
        ldr     r0, [r4, #SENSOR_ID]
        ldr     r1, =SENSOR_ID_VALUE
        cmp     r0, r1
        movne   r0, #-ENODEV
        bne     .Linit_return

        mov     r0, #IRQ_SENSOR
        ldr     r1, =sensor_irq
        ldr     r2, =sensor_name
        mov     r3, #0
        bl      request_irq
        cmp     r0, #0
        bne     .Linit_return
        ldr     r1, =sensor_present
        mov     r0, #1
        str     r0, [r1]

        ldr     r1, [r4, #SENSOR_WIDTH]
        ldr     r2, [r4, #SENSOR_HEIGHT]
        ldr     r3, [r4, #SENSOR_FRAME_BYTES]
        pr_info "image-sensor 1c200000.sensor: %ux%u pixels, a frame is %u bytes\n"
        mov     r0, #0
.Linit_return:
        pop     {r4, r5, fp, pc}
ENDFUNC sensor_init

        .text
@ ---------------------------------------------------------------------------
@ sensor_irq - a frame is complete: drop the interrupt; who waits for it looks at STATUS again
@
@   in:       r0 = interrupt id, r1 = 0
@   out:      -
@   clobbers: r0, r1
@   context:  interrupt
@ ---------------------------------------------------------------------------
LFUNC sensor_irq
        ldr     r1, =SENSOR_BASE
        mov     r0, #INT_FRAME
        str     r0, [r1, #SENSOR_INT_CLEAR]
        bx      lr
ENDFUNC sensor_irq

@ ---------------------------------------------------------------------------
@ sensor_power_on - power up and wait until the sensor is ready
@
@   in:       -
@   out:      r0 = 0; -ENODEV there is none, -ETIMEDOUT
@   clobbers: r1-r3, ip, flags
@   context:  process, sleeps
@ ---------------------------------------------------------------------------
FUNC sensor_power_on
        push    {r4, r5, fp, lr}
        add     fp, sp, #8
        ldr     r0, =sensor_present
        ldr     r0, [r0]
        cmp     r0, #0
        moveq   r0, #-ENODEV
        beq     .Lpower_return

        ldr     r4, =SENSOR_BASE
        mov     r0, #CTRL_POWER
        str     r0, [r4, #SENSOR_CTRL]
        mov     r5, #POWER_UP_LIMIT_MS
.Lpower_wait:
        ldr     r0, [r4, #SENSOR_STATUS]
        tst     r0, #STATUS_READY
        movne   r0, #0
        bne     .Lpower_return
        mov     r0, #1
        bl      msleep
        subs    r5, r5, #1
        bne     .Lpower_wait
        bl      sensor_power_off
        mov     r0, #-ETIMEDOUT
.Lpower_return:
        pop     {r4, r5, fp, pc}
ENDFUNC sensor_power_on
        EXPORT_SYMBOL sensor_power_on

@ ---------------------------------------------------------------------------
@ sensor_power_off - power down; what is left in the FIFO is lost
@
@   in:       -
@   out:      -
@   clobbers: r0, r1
@   context:  any
@ ---------------------------------------------------------------------------
FUNC sensor_power_off
        ldr     r1, =SENSOR_BASE
        mov     r0, #0
        str     r0, [r1, #SENSOR_CTRL]
        bx      lr
ENDFUNC sensor_power_off
        EXPORT_SYMBOL sensor_power_off

@ ---------------------------------------------------------------------------
@ sensor_capture - expose one frame and wait for it
@
@   in:       -
@   out:      r0 = 0; -ETIMEDOUT
@   clobbers: r1-r3, ip, flags
@   context:  process, sleeps; the sensor is powered
@ ---------------------------------------------------------------------------
FUNC sensor_capture
        push    {fp, lr}
        add     fp, sp, #0
        ldr     r1, =sensor_carry_bytes
        mov     r0, #0
        str     r0, [r1]

        ldr     r3, =SENSOR_BASE
        mov     r0, #CTRL_POWER | CTRL_CAPTURE | CTRL_IRQ_ENABLE
        str     r0, [r3, #SENSOR_CTRL]
        ldr     r2, [r3, #SENSOR_EXPOSURE_US]
        lsr     r2, r2, #9                      @ twice as many milliseconds, and the margin
        add     r2, r2, #CAPTURE_LIMIT_MS
        ldr     r0, =sensor_frame_complete
        mov     r1, #0
        bl      wait_for
        pop     {fp, pc}
ENDFUNC sensor_capture
        EXPORT_SYMBOL sensor_capture

@ ---------------------------------------------------------------------------
@ sensor_frame_complete - what sensor_capture waits for
@
@   in:       r0 = unused
@   out:      r0 = nonzero when the frame is complete
@   clobbers: -
@   context:  any
@ ---------------------------------------------------------------------------
LFUNC sensor_frame_complete
        ldr     r0, =SENSOR_BASE
        ldr     r0, [r0, #SENSOR_STATUS]
        and     r0, r0, #STATUS_FRAME
        bx      lr
ENDFUNC sensor_frame_complete

@ ---------------------------------------------------------------------------
@ sensor_read - the next bytes of the frame
@
@ The FIFO gives words; of a word that was wanted only in part the rest is carried over to the next call.
@
@   in:       r0 = buffer, r1 = count
@   out:      r0 = bytes stored, 0 at the end of the frame
@   clobbers: r1-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
FUNC sensor_read
        push    {r4-r9, fp, lr}
        add     fp, sp, #24
        ldr     r2, =SENSOR_BASE
        ldr     r3, =sensor_carry
        ldr     r4, [r3]                        @ bytes carried, the next in bits 7:0
        ldr     r5, =sensor_carry_bytes
        ldr     r6, [r5]                        @ how many
        ldr     r7, [r2, #SENSOR_FIFO_LEVEL]
        add     r8, r6, r7
        cmp     r8, r1
        movhi   r8, r1
        mov     r9, r8                          @ result

.Lread_next:
        cmp     r8, #0
        beq     .Lread_done
        cmp     r6, #0
        bne     .Lread_byte
        cmp     r8, #4
        blo     .Lread_pop
        tst     r0, #3
        bne     .Lread_pop

        @ A whole word, where a whole word fits.
        ldr     ip, [r2, #SENSOR_FIFO]
        str     ip, [r0]
        add     r0, r0, #4
        sub     r8, r8, #4
        sub     r7, r7, #4
        b       .Lread_next

.Lread_pop:
        ldr     r4, [r2, #SENSOR_FIFO]
        cmp     r7, #4
        movlo   r6, r7                          @ the last word may hold fewer
        movhs   r6, #4
        sub     r7, r7, r6
.Lread_byte:
        strb    r4, [r0]
        lsr     r4, r4, #8
        add     r0, r0, #1
        sub     r6, r6, #1
        sub     r8, r8, #1
        b       .Lread_next

.Lread_done:
        str     r4, [r3]
        str     r6, [r5]
        mov     r0, r9
        pop     {r4-r9, fp, pc}
ENDFUNC sensor_read
        EXPORT_SYMBOL sensor_read

@ ---------------------------------------------------------------------------
@ sensor_frame_size - length of the encoded frame
@
@   in:       -
@   out:      r0 = bytes
@   clobbers: -
@   context:  any
@ ---------------------------------------------------------------------------
FUNC sensor_frame_size
        ldr     r0, =SENSOR_BASE
        ldr     r0, [r0, #SENSOR_FRAME_BYTES]
        bx      lr
ENDFUNC sensor_frame_size
        EXPORT_SYMBOL sensor_frame_size

        EXIT_TEXT
@ ---------------------------------------------------------------------------
@ sensor_exit - no power, no interrupt
@
@   in:       -
@   out:      -
@   clobbers: r0-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
FUNC sensor_exit
        push    {fp, lr}
        add     fp, sp, #0
        bl      sensor_power_off
        mov     r0, #IRQ_SENSOR
        bl      free_irq
        pop     {fp, pc}
ENDFUNC sensor_exit

        string  sensor_name, "image-sensor"

        .bss
        .balign 4
sensor_present:
        .space  4
sensor_carry:
        .space  4                               @ popped and not yet read
sensor_carry_bytes:
        .space  4

        module_init sensor_init
        module_exit sensor_exit
        MODULE_LICENSE "GPL"
        MODULE_DESCRIPTION "Image sensor"
