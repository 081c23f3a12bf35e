@ mmu.s - who may do what to which page.
@
@ The linear map (all of RAM at PAGE_OFFSET) is made of 4 KiB pages, so that each page has permissions of its own:
@ text RX, rodata R after mark_rodata_ro, init text RX, everything else RW and never executable. Its second-level tables
@ lie one behind the other, so that linear_ptes is one array: word n describes page n of RAM.
@ The user program has TASK_SIZE bytes below, described by the array user_ptes in the same way.

        .include "macros.inc"
        .include "arm.inc"
        .include "memory.inc"
        .include "board.inc"
        .include "params.inc"
        .include "errno.inc"

        .equ    PAGE_KERNEL,            L2_SMALL | L2_NORMAL | L2_AP0 | L2_XN
        .equ    PAGE_KERNEL_RX,         L2_SMALL | L2_NORMAL | L2_AP0 | L2_AP2
        .equ    PAGE_USER_RO,           L2_SMALL | L2_NORMAL | L2_AP0 | L2_AP1 | L2_AP2
        .equ    USER_SECTIONS,          TASK_SIZE >> SECTION_SHIFT
        .equ    PTES_PER_SECTION,       256

        INIT_TEXT
@ ---------------------------------------------------------------------------
@ paging_init - the final map: RAM by pages, devices by sections, user tables
@
@   in:       ram_size
@   out:      boot_alloc_next is behind the tables
@   clobbers: r0-r3, ip, flags
@   context:  boot, on head.s's map
@ ---------------------------------------------------------------------------
FUNC paging_init
        push    {fp, lr}
        add     fp, sp, #0
        bl      build_linear_ptes
        bl      protect_linear_ptes
        bl      install_linear_map
        bl      install_device_map
        bl      install_user_tables
        bl      install_module_tables

        ldr     r0, =SWAPPER_PG_DIR + (RAM_PHYS >> (SECTION_SHIFT - 2))
        mov     r1, #L1_FAULT
        str     r1, [r0]                        @ head.s's identity map has done its work
        dsb
        flush_tlb_all r1
        pop     {fp, pc}
ENDFUNC paging_init

@ ---------------------------------------------------------------------------
@ build_linear_ptes - one descriptor for each page of RAM, read/write
@
@   in:       ram_size
@   out:      linear_ptes
@   clobbers: r0-r3, ip, flags
@   context:  boot
@ ---------------------------------------------------------------------------
LFUNC build_linear_ptes
        push    {r4, r5, fp, lr}
        add     fp, sp, #8
        ldr     r4, =ram_size
        ldr     r4, [r4]
        lsr     r0, r4, #PAGE_SHIFT - 2         @ bytes: a word for each page
        mov     r1, #L2_TABLE_SIZE
        bl      boot_alloc
        ldr     r1, =linear_ptes
        str     r0, [r1]

        ldr     r1, =RAM_PHYS | PAGE_KERNEL
        add     r2, r1, r4
.Lnext_pte:
        str     r1, [r0], #4
        add     r1, r1, #PAGE_SIZE
        cmp     r1, r2
        bne     .Lnext_pte
        pop     {r4, r5, fp, pc}
ENDFUNC build_linear_ptes

@ ---------------------------------------------------------------------------
@ protect_linear_ptes - text becomes RX; rodata waits for mark_rodata_ro
@
@   in:       linear_ptes, not installed yet
@   out:      -
@   clobbers: r0-r3, ip, flags
@   context:  boot
@ ---------------------------------------------------------------------------
LFUNC protect_linear_ptes
        push    {r4, r5, fp, lr}
        add     fp, sp, #8
        ldr     r4, =executable_ranges
.Lnext_range:
        ldmia   r4!, {r0, r1}
        cmp     r0, #0
        beq     .Lranges_done
        mov     r2, #L2_XN
        mov     r3, #L2_AP2
        bl      change_pages
        b       .Lnext_range
.Lranges_done:
        pop     {r4, r5, fp, pc}
ENDFUNC protect_linear_ptes

        .pushsection .init.data, "aw", %progbits
        .balign 4
executable_ranges:
        .word   _text, __start_rodata
        .word   __init_begin, __initdata_begin
        .word   0, 0
        .popsection

@ ---------------------------------------------------------------------------
@ install_linear_map - first-level entries of PAGE_OFFSET and up, one a MiB
@
@   in:       linear_ptes
@   out:      -
@   clobbers: r0-r3, flags
@   context:  boot. The code running is mapped the same before and after each store
@ ---------------------------------------------------------------------------
LFUNC install_linear_map
        ldr     r0, =SWAPPER_PG_DIR + (PAGE_OFFSET >> (SECTION_SHIFT - 2))
        ldr     r1, =linear_ptes
        ldr     r1, [r1]
        sub     r1, r1, #LINEAR_OFFSET
        orr     r1, r1, #L1_TABLE
        ldr     r2, =ram_size
        ldr     r2, [r2]
        lsr     r2, r2, #SECTION_SHIFT
.Linstall_table:
        str     r1, [r0], #4
        add     r1, r1, #L2_TABLE_SIZE
        subs    r2, r2, #1
        bne     .Linstall_table
        dsb
        flush_tlb_all r2
        bx      lr
ENDFUNC install_linear_map

@ ---------------------------------------------------------------------------
@ install_device_map - the rows of device_map as sections of device memory
@
@   in:       -
@   out:      -
@   clobbers: r0-r3, ip, flags
@   context:  boot
@ ---------------------------------------------------------------------------
LFUNC install_device_map
        push    {r4, r5, fp, lr}
        add     fp, sp, #8
        ldr     r4, =device_map
        ldr     r5, =L1_SECTION | L1_SECT_DEVICE | L1_SECT_AP_RW | L1_SECT_XN
.Lnext_device:
        ldmia   r4!, {r0, r1, r2}
        cmp     r2, #0
        beq     .Ldevices_done
        ldr     r3, =SWAPPER_PG_DIR
        lsr     r0, r0, #SECTION_SHIFT
        add     r3, r3, r0, lsl #2
        orr     r1, r1, r5
.Lmap_device:
        str     r1, [r3], #4
        add     r1, r1, #SECTION_SIZE
        subs    r2, r2, #1
        bne     .Lmap_device
        b       .Lnext_device
.Ldevices_done:
        pop     {r4, r5, fp, pc}
ENDFUNC install_device_map

@ virtual, physical, MiB
        .pushsection .init.data, "aw", %progbits
        .balign 4
device_map:
        .word   FLASH_BASE, FLASH_PHYS, FLASH_WINDOW >> SECTION_SHIFT
        .word   IOMMU_BASE, IOMMU_PHYS, 1
        .word   USB_BASE, USB_PHYS, 1
        .word   0xfc000000, 0x1c000000, 3       @ system registers, UART, timer, RTC; the camera's own at 1c200000
        .word   0xfd000000, 0x2c000000, 1       @ GIC
        .word   0, 0, 0
        .popsection

@ ---------------------------------------------------------------------------
@ install_user_tables - first-level entries below TASK_SIZE; nothing mapped yet
@
@   in:       -
@   out:      -
@   clobbers: r0-r2, flags
@   context:  boot
@ ---------------------------------------------------------------------------
LFUNC install_user_tables
        ldr     r0, =SWAPPER_PG_DIR
        ldr     r1, =user_ptes - LINEAR_OFFSET + L1_TABLE
        mov     r2, #USER_SECTIONS
.Linstall_user:
        str     r1, [r0], #4
        add     r1, r1, #L2_TABLE_SIZE
        subs    r2, r2, #1
        bne     .Linstall_user
        bx      lr
ENDFUNC install_user_tables

@ ---------------------------------------------------------------------------
@ boot_alloc - memory before there is an allocator: behind the image, for ever
@
@   in:       r0 = bytes, r1 = alignment (a power of two)
@   out:      r0 = address
@   clobbers: r1-r3, flags
@   context:  boot, before mem_init
@ ---------------------------------------------------------------------------
FUNC boot_alloc
        ldr     r2, =boot_alloc_next
        ldr     r3, [r2]
        sub     r1, r1, #1
        add     r3, r3, r1
        bic     r3, r3, r1
        add     r0, r3, r0
        str     r0, [r2]
        mov     r0, r3
        bx      lr
ENDFUNC boot_alloc

        .text
@ ---------------------------------------------------------------------------
@ change_pages - set and clear descriptor bits of present pages of the linear map
@
@   in:       r0 = start, r1 = end (page-aligned), r2 = bits to clear, r3 = bits to set
@   out:      r0 = 0
@   clobbers: r1, ip, flags
@   context:  any
@ ---------------------------------------------------------------------------
LFUNC change_pages
        push    {r4, r5, fp, lr}
        add     fp, sp, #8
        ldr     r4, =linear_ptes
        ldr     r4, [r4]
.Lchange_page:
        cmp     r0, r1
        bhs     .Lchanged
        sub     ip, r0, #PAGE_OFFSET
        lsr     ip, ip, #PAGE_SHIFT
        ldr     r5, [r4, ip, lsl #2]
        bic     r5, r5, r2
        orr     r5, r5, r3
        str     r5, [r4, ip, lsl #2]
        flush_tlb_page r0
        add     r0, r0, #PAGE_SIZE
        b       .Lchange_page
.Lchanged:
        mov     r0, #0
        pop     {r4, r5, fp, pc}
ENDFUNC change_pages

@ ---------------------------------------------------------------------------
@ set_memory_ro, set_memory_rw, set_memory_nx, set_memory_x - change one permission of pages of the linear map
@
@   in:       r0 = address (page-aligned), r1 = number of pages, all present
@   out:      r0 = 0
@   clobbers: r1-r3, ip, flags
@   context:  any
@ ---------------------------------------------------------------------------
FUNC set_memory_ro
        add     r1, r0, r1, lsl #PAGE_SHIFT
        mov     r2, #0
        mov     r3, #L2_AP2
        b       change_pages
ENDFUNC set_memory_ro

FUNC set_memory_rw
        add     r1, r0, r1, lsl #PAGE_SHIFT
        mov     r2, #L2_AP2
        mov     r3, #0
        b       change_pages
ENDFUNC set_memory_rw

FUNC set_memory_nx
        add     r1, r0, r1, lsl #PAGE_SHIFT
        mov     r2, #0
        mov     r3, #L2_XN
        b       change_pages
ENDFUNC set_memory_nx

FUNC set_memory_x
        add     r1, r0, r1, lsl #PAGE_SHIFT
        mov     r2, #L2_XN
        mov     r3, #0
        b       change_pages
ENDFUNC set_memory_x

@ ---------------------------------------------------------------------------
@ set_page_present - map or unmap one page of the linear map
@
@   in:       r0 = address (page-aligned), r1 = 1: read/write, not executable; 0: any access faults
@   out:      -
@   clobbers: r0-r3, flags
@   context:  any
@ ---------------------------------------------------------------------------
FUNC set_page_present
        ldr     r2, =linear_ptes
        ldr     r2, [r2]
        sub     r3, r0, #PAGE_OFFSET
        lsr     r3, r3, #PAGE_SHIFT
        add     r2, r2, r3, lsl #2
        mov     r3, #L1_FAULT
        cmp     r1, #0
        beq     .Lstore_pte
        ldr     r3, =PAGE_KERNEL
        orr     r3, r3, r0
        sub     r3, r3, #LINEAR_OFFSET
.Lstore_pte:
        str     r3, [r2]
        flush_tlb_page r0
        bx      lr
ENDFUNC set_page_present

@ ---------------------------------------------------------------------------
@ mark_rodata_ro - from here on a store to a constant faults
@
@   in:       -
@   out:      -
@   clobbers: r0-r3, ip, flags
@   context:  kernel_init, after the initcalls. rodata=off on the command line leaves it writable
@ ---------------------------------------------------------------------------
FUNC mark_rodata_ro
        push    {fp, lr}
        add     fp, sp, #0
        ldr     r0, =rodata_enabled
        ldr     r0, [r0]
        cmp     r0, #0
        beq     .Lrodata_off
        ldr     r0, =__start_rodata
        ldr     r1, =__end_rodata
        sub     r1, r1, r0
        lsr     r1, r1, #PAGE_SHIFT
        bl      set_memory_ro
        pop     {fp, pc}
.Lrodata_off:
        pr_info "Kernel memory protection disabled.\n"
        pop     {fp, pc}
ENDFUNC mark_rodata_ro

        INIT_TEXT
@ rodata=on|off
LFUNC rodata_setup
        push    {r4, r5, fp, lr}
        add     fp, sp, #8
        mov     r4, r0
        bl      parse_bool
        cmp     r0, #0
        ldrge   r1, =rodata_enabled
        strge   r0, [r1]
        movge   r0, #0
        pop     {r4, r5, fp, pc}
ENDFUNC rodata_setup
        __setup "rodata", rodata_setup

        .text
@ ---------------------------------------------------------------------------
@ map_user_page - give the user program a page
@
@   in:       r0 = user address (page-aligned), r1 = kernel address of the page, r2 = PROT_*
@   out:      r0 = 0, -EFAULT outside user space, -EEXIST when something is mapped there
@   clobbers: r1-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
FUNC map_user_page
        cmp     r0, #TASK_SIZE
        movhs   r0, #-EFAULT
        bxhs    lr
        ldr     r3, =user_ptes
        lsr     ip, r0, #PAGE_SHIFT
        add     r3, r3, ip, lsl #2
        ldr     ip, [r3]
        cmp     ip, #0
        movne   r0, #-EEXIST
        bxne    lr

        ldr     ip, =PAGE_USER_RO
        tst     r2, #PROT_WRITE
        bicne   ip, ip, #L2_AP2
        tst     r2, #PROT_EXEC
        orreq   ip, ip, #L2_XN
        orr     ip, ip, r1
        sub     ip, ip, #LINEAR_OFFSET
        str     ip, [r3]
        flush_tlb_page r0
        mov     r0, #0
        bx      lr
ENDFUNC map_user_page

@ ---------------------------------------------------------------------------
@ user_page - which page lies at a user address
@
@   in:       r0 = user address
@   out:      r0 = kernel address of the page's first byte, or 0
@   clobbers: r1, flags
@   context:  any
@ ---------------------------------------------------------------------------
FUNC user_page
        cmp     r0, #TASK_SIZE
        movhs   r0, #0
        bxhs    lr
        ldr     r1, =user_ptes
        lsr     r0, r0, #PAGE_SHIFT
        ldr     r0, [r1, r0, lsl #2]
        lsrs    r0, r0, #PAGE_SHIFT
        lslne   r0, r0, #PAGE_SHIFT
        addne   r0, r0, #LINEAR_OFFSET
        bx      lr
ENDFUNC user_page

@ ---------------------------------------------------------------------------
@ unmap_user_pages - take the whole user address space down, free its pages
@
@   in:       -
@   out:      r0 = pages freed
@   clobbers: r1-r3, ip, flags
@   context:  process; the user program is gone for good
@ ---------------------------------------------------------------------------
FUNC unmap_user_pages
        push    {r4-r7, fp, lr}
        add     fp, sp, #16
        ldr     r4, =user_ptes
        add     r5, r4, #USER_SECTIONS * L2_TABLE_SIZE
        mov     r6, #0                          @ pages freed
        mov     r7, #0
.Lnext_user_pte:
        ldr     r0, [r4], #4
        cmp     r0, #0
        beq     .Lwas_empty
        str     r7, [r4, #-4]
        lsr     r0, r0, #PAGE_SHIFT
        lsl     r0, r0, #PAGE_SHIFT
        add     r0, r0, #LINEAR_OFFSET
        mov     r1, #0
        bl      free_pages
        add     r6, r6, #1
.Lwas_empty:
        cmp     r4, r5
        blo     .Lnext_user_pte
        dsb
        flush_tlb_all r7
        mov     r0, r6
        pop     {r4-r7, fp, pc}
ENDFUNC unmap_user_pages

@ ---------------------------------------------------------------------------
@ flush_icache_range - make stores visible to instruction fetch
@
@   in:       r0 = start, r1 = end
@   out:      -
@   clobbers: r0, flags
@   context:  any; after code was written
@ ---------------------------------------------------------------------------
        .equ    CACHE_LINE,     64              @ Cortex-A15, both levels
FUNC flush_icache_range
        bic     r0, r0, #CACHE_LINE - 1
.Lclean_line:
        cmp     r0, r1
        mcrlo   p15, 0, r0, c7, c11, 1          @ DCCMVAU: data to the point of unification
        addlo   r0, r0, #CACHE_LINE
        blo     .Lclean_line
        dsb
        mov     r0, #0
        mcr     p15, 0, r0, c7, c5, 0           @ ICIALLU: instructions from there again
        dsb
        isb
        bx      lr
ENDFUNC flush_icache_range

        .data
        .balign 4
        .global linear_ptes, boot_alloc_next
linear_ptes:
        .word   0
boot_alloc_next:
        .word   _end
rodata_enabled:
        .word   1

        .bss
        .balign L2_TABLE_SIZE
        .global user_ptes
user_ptes:
        .space  USER_SECTIONS * L2_TABLE_SIZE
