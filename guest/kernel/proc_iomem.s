@ /proc/iomem: what lies where in the physical address space. The devices are a table, since the board is fixed; RAM
@ and the kernel in it are asked for.

        .include "macros.inc"
        .include "board.inc"
        .include "memory.inc"

        .equ    SZ_4K,          0x1000
        .equ    SZ_64K,         0x10000

@ A row of iomem_resources, in ascending order.
        .equ    RES_START,      0
        .equ    RES_SIZE,       4
        .equ    RES_NAME,       8
        .equ    RES_ROW,        12

        .text

@ ---------------------------------------------------------------------------
@ iomem_show - one line per range; ranges inside RAM are indented
@
@   in:       r0 = seq_file
@   out:      r0 = 0
@   clobbers: r1-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
FUNC iomem_show
        push    {r4-r7, fp, lr}
        add     fp, sp, #16
        mov     r4, r0
        ldr     r5, =iomem_resources
        ldr     r6, =iomem_resources_end
.Liomem_device:
        ldr     r2, [r5, #RES_START]
        ldr     r3, [r5, #RES_SIZE]
        add     r3, r3, r2
        mov     r0, r4
        ldr     r1, [r5, #RES_NAME]
        bl      show_range
        add     r5, r5, #RES_ROW
        cmp     r5, r6
        blo     .Liomem_device

        mov     r0, r4
        ldr     r1, =.Ltext_ram
        ldr     r2, =RAM_PHYS
        ldr     r3, =ram_size
        ldr     r3, [r3]
        add     r3, r3, r2
        bl      show_range
        mov     r0, r4
        ldr     r1, =.Ltext_code
        ldr     r2, =_text - LINEAR_OFFSET
        ldr     r3, =_etext - LINEAR_OFFSET
        bl      show_range
        mov     r0, r4
        ldr     r1, =.Ltext_data
        ldr     r2, =_sdata - LINEAR_OFFSET
        ldr     r3, =_end - LINEAR_OFFSET
        bl      show_range
        mov     r0, #0
        pop     {r4-r7, fp, pc}
ENDFUNC iomem_show

@ ---------------------------------------------------------------------------
@ show_range - "start-last : name"
@
@   in:       r0 = seq_file
@             r1 = name, blanks before it are the indentation
@             r2 = start, r3 = end
@   out:      -
@   clobbers: r0-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
LFUNC show_range
        push    {r4-r7, fp, lr}
        add     fp, sp, #16
        sub     sp, sp, #8
        mov     r4, r0
        mov     r5, r1
        mov     r6, r2
        sub     r7, r3, #1
        ldrb    r0, [r5]
        cmp     r0, #' '
        addeq   r5, r5, #2
        ldreq   r1, =.Ltext_inner
        ldrne   r1, =.Ltext_outer
        mov     r0, r4
        mov     r2, r6
        mov     r3, r7
        str     r5, [sp]
        bl      seq_printf
        sub     sp, fp, #16
        pop     {r4-r7, fp, pc}
ENDFUNC show_range

        RODATA
        .balign 4
iomem_resources:
        .word   FLASH_PHYS, FLASH_WINDOW, .Ltext_flash
        .word   USB_PHYS, SZ_4K, .Ltext_usb
        .word   SYSREG_PHYS, SZ_4K, .Ltext_sysreg
        .word   UART0_PHYS, SZ_4K, .Ltext_uart
        .word   TIMER_PHYS, SZ_4K, .Ltext_timer
        .word   RTC_PHYS, SZ_4K, .Ltext_rtc
        .word   SENSOR_PHYS, SZ_4K, .Ltext_sensor
        .word   PROCWIN_PHYS, SZ_4K, .Ltext_procwin
        .word   GIC_DIST_PHYS, SZ_4K, .Ltext_gic_dist
        .word   GIC_CPU_PHYS, SZ_4K, .Ltext_gic_cpu
iomem_resources_end:

.Ltext_outer:
        .asciz  "%08x-%08x : %s\n"
.Ltext_inner:
        .asciz  "  %08x-%08x : %s\n"
.Ltext_flash:
        .asciz  "physmap-flash"
.Ltext_usb:
        .asciz  "ehci_hcd"
.Ltext_sysreg:
        .asciz  "vexpress-sysreg"
.Ltext_uart:
        .asciz  "uart-pl011"
.Ltext_timer:
        .asciz  "sp804"
.Ltext_rtc:
        .asciz  "rtc-pl031"
.Ltext_sensor:
        .asciz  "sensor"
.Ltext_procwin:
        .asciz  "procwin"
.Ltext_gic_dist:
        .asciz  "gic-dist"
.Ltext_gic_cpu:
        .asciz  "gic-cpu"
.Ltext_ram:
        .asciz  "System RAM"
.Ltext_code:
        .asciz  "  Kernel code"
.Ltext_data:
        .asciz  "  Kernel data"
