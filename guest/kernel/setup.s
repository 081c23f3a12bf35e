@ setup.s - what the boot loader tells: memory size, command line, an extra initramfs. ATAGs are a list of records in
@ RAM, { size in words, tag, data }, from ATAG_CORE to ATAG_NONE (Linux, Documentation/arm/booting). Without one (QEMU
@ gives an ELF image none) the built-in values stand.

        .include "macros.inc"
        .include "memory.inc"
        .include "board.inc"
        .include "system.inc"

        .equ    ATAG_SIZE,      0               @ words, header included
        .equ    ATAG_TAG,       4
        .equ    ATAG_DATA,      8
        .equ    ATAG_NONE,      0x00000000
        .equ    ATAG_CORE,      0x54410001
        .equ    ATAG_MEM,       0x54410002      @ size, start
        .equ    ATAG_INITRD2,   0x54420005      @ physical start, size
        .equ    ATAG_CMDLINE,   0x54410009      @ text, NUL-ended
        .equ    ATAG_WINDOW,    0x00100000      @ they must lie in the first MiB: no more is mapped for sure

        INIT_TEXT
@ ---------------------------------------------------------------------------
@ setup_arch - learn ram_size, saved_command_line, initrd_start and initrd_end
@
@   in:       r0 = physical address of the ATAGs, or 0
@   out:      -
@   clobbers: r0-r3, ip, flags
@   context:  boot, IRQs off, no printk console yet
@ ---------------------------------------------------------------------------
FUNC setup_arch
        push    {r4, r5, fp, lr}
        add     fp, sp, #8
        mov     r4, r0
        ldr     r0, =boot_command_line_default
        bl      set_command_line

        sub     r0, r4, #RAM_PHYS
        cmp     r0, #ATAG_WINDOW                @ 0 and anything outside RAM: no ATAGs
        bhs     .Lno_more_tags
        add     r4, r4, #LINEAR_OFFSET
        ldr     r0, [r4, #ATAG_TAG]
        ldr     r1, =ATAG_CORE
        cmp     r0, r1
        bne     .Lno_more_tags

.Lnext_tag:
        ldr     r5, [r4, #ATAG_SIZE]
        ldr     r0, [r4, #ATAG_TAG]
        cmp     r0, #ATAG_NONE
        cmpne   r5, #0
        beq     .Lno_more_tags
        add     r1, r4, #ATAG_DATA
        bl      parse_tag
        add     r4, r4, r5, lsl #2
        b       .Lnext_tag

.Lno_more_tags:
        pop     {r4, r5, fp, pc}
ENDFUNC setup_arch

@ ---------------------------------------------------------------------------
@ parse_tag - call the function that knows this tag; others are ignored
@
@   in:       r0 = tag, r1 = its data
@   out:      -
@   clobbers: r0-r3, ip, flags
@   context:  boot
@ ---------------------------------------------------------------------------
LFUNC parse_tag
        push    {fp, lr}
        add     fp, sp, #0
        ldr     r2, =tag_table
        ldr     r3, =tag_table_end
.Ltry_tag:
        cmp     r2, r3
        bhs     .Lparsed
        ldr     ip, [r2], #8
        cmp     ip, r0
        bne     .Ltry_tag
        ldr     r2, [r2, #-4]
        mov     r0, r1
        blx     r2
.Lparsed:
        pop     {fp, pc}
ENDFUNC parse_tag

        .pushsection .init.data, "aw", %progbits
        .balign 4
tag_table:
        .word   ATAG_MEM, set_memory_size
        .word   ATAG_INITRD2, set_initrd
        .word   ATAG_CMDLINE, set_command_line
tag_table_end:
        .popsection

@ ---------------------------------------------------------------------------
@ set_memory_size - ATAG_MEM: how much RAM there is, at most LINEAR_MAX
@
@   in:       r0 = { size, physical start }
@   out:      -
@   clobbers: r1-r3, flags
@   context:  boot
@ ---------------------------------------------------------------------------
LFUNC set_memory_size
        ldr     r1, [r0]
        lsr     r1, r1, #20                     @ whole MiB, the unit of the first-level table
        lsl     r1, r1, #20
        cmp     r1, #LINEAR_MAX
        movhi   r1, #LINEAR_MAX
        ldr     r2, =ram_size
        str     r1, [r2]
        bx      lr
ENDFUNC set_memory_size

@ ---------------------------------------------------------------------------
@ set_initrd - ATAG_INITRD2: a cpio archive that unpacks over the built-in one
@
@   in:       r0 = { physical start, size }
@   out:      -
@   clobbers: r1-r3, flags
@   context:  boot
@ ---------------------------------------------------------------------------
LFUNC set_initrd
        ldr     r1, [r0]
        ldr     r2, [r0, #4]
        add     r1, r1, #LINEAR_OFFSET
        add     r2, r1, r2
        ldr     r3, =initrd_start
        str     r1, [r3]
        ldr     r3, =initrd_end
        str     r2, [r3]
        bx      lr
ENDFUNC set_initrd

@ ---------------------------------------------------------------------------
@ set_command_line - ATAG_CMDLINE: replaces the built-in command line
@
@   in:       r0 = text
@   out:      -
@   clobbers: r0-r3, ip, flags
@   context:  boot
@ ---------------------------------------------------------------------------
LFUNC set_command_line
        push    {fp, lr}
        add     fp, sp, #0
        mov     r1, r0
        ldr     r0, =saved_command_line
        mov     r2, #COMMAND_LINE_SIZE
        bl      strlcpy
        pop     {fp, pc}
ENDFUNC set_command_line

        .data
        .balign 4
        .global ram_size, initrd_start, initrd_end
ram_size:
        .word   RAM_SIZE_DEFAULT
initrd_start:
        .word   0                               @ kernel addresses; 0: there is none
initrd_end:
        .word   0

        .bss
        .balign 4
        .global saved_command_line
saved_command_line:
        .space  COMMAND_LINE_SIZE
