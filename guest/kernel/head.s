@ head.s - the first instructions. The boot loader jumps to phys_start with the MMU off, interrupts masked and, on ARM,
@ r0 = 0, r1 = machine number, r2 = physical address of the ATAGs (or 0). Everything here is position-independent or
@ subtracts LINEAR_OFFSET, until the MMU is on and the last instruction jumps to where the kernel was linked.

        .include "macros.inc"
        .include "arm.inc"
        .include "memory.inc"
        .include "board.inc"

        .equ    BOOT_MAP_SPARE, SECTION_SIZE    @ mapped beyond _end, room for paging_init's tables
        .equ    MPIDR_CPU_MASK, 0x3             @ MPIDR.Aff0 on a Cortex-A15

        .section .head.text, "ax", %progbits

@ ---------------------------------------------------------------------------
@ stext - the image's first instruction, at phys_start
@
@   in:       r2 = physical address of the ATAGs, or 0
@   out:      never returns
@   clobbers: everything
@   context:  reset: SVC mode, MMU off, caches off
@ ---------------------------------------------------------------------------
FUNC stext
        cpsid   aif, #PSR_MODE_SVC
        read_mpidr r3
        ands    r3, r3, #MPIDR_CPU_MASK
        bne     .Lpark                          @ one CPU runs this kernel; others sleep for ever

        mov     r9, r2                          @ ATAGs, kept through everything below
        bl      clear_bss
        bl      create_page_tables
        bl      enable_mmu
        ldr     pc, =start_high                 @ from physical to virtual addresses

.Lpark:
        wfi
        b       .Lpark
ENDFUNC stext

@ ---------------------------------------------------------------------------
@ clear_bss - the image file has no zeros in it for .bss
@
@   in:       -
@   out:      -
@   clobbers: r0-r2, flags
@   context:  MMU off
@ ---------------------------------------------------------------------------
LFUNC clear_bss
        ldr     r0, =__bss_start - LINEAR_OFFSET
        ldr     r1, =__bss_stop - LINEAR_OFFSET
        mov     r2, #0
.Lclear_word:
        cmp     r0, r1
        strlo   r2, [r0], #4
        blo     .Lclear_word
        bx      lr
ENDFUNC clear_bss

@ ---------------------------------------------------------------------------
@ create_page_tables - the first map, in 1 MiB sections with no protection:
@ the MiB we run in at its own address, and the image at PAGE_OFFSET.
@ paging_init replaces both.
@
@   in:       -
@   out:      r4 = physical address of the first-level table
@   clobbers: r0-r3, flags
@   context:  MMU off
@ ---------------------------------------------------------------------------
LFUNC create_page_tables
        ldr     r4, =SWAPPER_PG_DIR - LINEAR_OFFSET
        mov     r0, r4
        add     r1, r4, #L1_TABLE_SIZE
        mov     r2, #L1_FAULT
.Lclear_entry:
        str     r2, [r0], #4
        cmp     r0, r1
        blo     .Lclear_entry

        @ The instruction after "MMU on" is fetched from its physical address.
        ldr     r3, =RAM_PHYS | L1_SECTION | L1_SECT_NORMAL | L1_SECT_AP_RW
        ldr     r0, =RAM_PHYS >> (SECTION_SHIFT - 2)
        str     r3, [r4, r0]

        ldr     r0, =PAGE_OFFSET >> (SECTION_SHIFT - 2)
        add     r0, r4, r0                      @ entry of PAGE_OFFSET
        ldr     r1, =_end - PAGE_OFFSET + BOOT_MAP_SPARE + SECTION_MASK
        lsr     r1, r1, #SECTION_SHIFT          @ sections to map
.Lmap_section:
        str     r3, [r0], #4
        add     r3, r3, #SECTION_SIZE
        subs    r1, r1, #1
        bne     .Lmap_section
        bx      lr
ENDFUNC create_page_tables

@ ---------------------------------------------------------------------------
@ enable_mmu - turn on translation, caches and branch prediction
@
@   in:       r4 = physical address of the first-level table
@   out:      returns to the same physical address, now through the identity map
@   clobbers: r0, flags
@   context:  MMU off on entry, on at the return
@ ---------------------------------------------------------------------------
LFUNC enable_mmu
        mov     r0, #0
        write_ttbcr r0                          @ TTBR0 translates everything
        flush_tlb_all r0
        mov     r0, #DACR_CLIENT0
        write_dacr r0
        orr     r0, r4, #TTBR_WALK_WBWA
        write_ttbr0 r0

        read_sctlr r0
        bic     r0, r0, #SCTLR_A
        bic     r0, r0, #SCTLR_V
        bic     r0, r0, #SCTLR_TRE
        bic     r0, r0, #SCTLR_AFE
        orr     r0, r0, #SCTLR_M | SCTLR_C
        orr     r0, r0, #SCTLR_I | SCTLR_Z
        dsb
        write_sctlr r0
        isb
        bx      lr
ENDFUNC enable_mmu

        REF_TEXT

@ ---------------------------------------------------------------------------
@ start_high - at kernel addresses: stack, vectors, then start_kernel
@
@   in:       r9 = physical address of the ATAGs, or 0
@   out:      never returns
@   clobbers: everything
@   context:  MMU on, IRQs off
@ ---------------------------------------------------------------------------
LFUNC start_high
        ldr     sp, =init_stack_end
        ldr     r0, =vectors
        write_vbar r0
        isb
        mov     r0, r9
        mov     fp, #0                          @ the chain of frame records ends here
        mov     lr, #0
        b       start_kernel
ENDFUNC start_high

        .bss
        .balign 8
        .global init_stack, init_stack_end
        .type   init_stack, %object
init_stack:
        .space  THREAD_SIZE
        .size   init_stack, THREAD_SIZE
init_stack_end:
