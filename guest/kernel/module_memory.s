@ module_memory.s - memory of modules: whole pages between MODULES_VADDR and MODULES_END, near enough to the kernel for
@ a bl, mapped one by one with the permissions their contents need. Areas are kept in a list by address; the first gap
@ that is large enough is taken, and a page that is never mapped separates two areas, so running over the end faults.

        .include "macros.inc"
        .include "arm.inc"
        .include "memory.inc"
        .include "module.inc"

        .equ    PAGE_RW,        L2_SMALL | L2_NORMAL | L2_AP0 | L2_XN
        .equ    PAGE_RO,        L2_SMALL | L2_NORMAL | L2_AP0 | L2_AP2 | L2_XN
        .equ    PAGE_RX,        L2_SMALL | L2_NORMAL | L2_AP0 | L2_AP2
        .equ    MODULES_SIZE,   MODULES_END - MODULES_VADDR
        .equ    MODULE_SECTIONS, MODULES_SIZE >> SECTION_SHIFT

@ struct vm_area: pages in use
        .equ    AREA_NEXT,      0
        .equ    AREA_ADDR,      4
        .equ    AREA_PAGES,     8
        .equ    AREA_KIND,      12              @ MOD_*
        .equ    AREA_SIZE,      16

        INIT_TEXT
@ ---------------------------------------------------------------------------
@ install_module_tables - first-level entries of the module area; nothing mapped yet
@
@   in:       -
@   out:      -
@   clobbers: r0-r2, flags
@   context:  boot, paging_init
@ ---------------------------------------------------------------------------
FUNC install_module_tables
        ldr     r0, =SWAPPER_PG_DIR + (MODULES_VADDR >> (SECTION_SHIFT - 2))
        ldr     r1, =module_ptes - LINEAR_OFFSET + L1_TABLE
        mov     r2, #MODULE_SECTIONS
.Linstall_module:
        str     r1, [r0], #4
        add     r1, r1, #L2_TABLE_SIZE
        subs    r2, r2, #1
        bne     .Linstall_module
        bx      lr
ENDFUNC install_module_tables

        .text
@ ---------------------------------------------------------------------------
@ module_pte - where the descriptor of a page of the module area is
@
@   in:       r0 = address in the module area
@   out:      r0 = address of the descriptor
@   clobbers: r1
@   context:  any
@ ---------------------------------------------------------------------------
LFUNC module_pte
        sub     r0, r0, #MODULES_VADDR
        lsr     r0, r0, #PAGE_SHIFT
        ldr     r1, =module_ptes
        add     r0, r1, r0, lsl #2
        bx      lr
ENDFUNC module_pte

@ ---------------------------------------------------------------------------
@ find_gap - the first place for so many pages
@
@   in:       r0 = pages
@   out:      r0 = address, or 0; r1 = address of the AREA_NEXT (or list head) that comes before
@   clobbers: r2, r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
LFUNC find_gap
        add     r2, r0, #1                      @ and the page that stays unmapped
        ldr     r1, =module_areas
        ldr     r0, =MODULES_VADDR
.Ltry_gap:
        ldr     r3, [r1]                        @ the area behind the gap
        cmp     r3, #0
        ldrne   ip, [r3, #AREA_ADDR]
        ldreq   ip, =MODULES_END
        sub     ip, ip, r0
        cmp     r2, ip, lsr #PAGE_SHIFT
        bxls    lr
        cmp     r3, #0
        moveq   r0, #0
        bxeq    lr
        mov     r1, r3
        ldr     r0, [r3, #AREA_ADDR]
        ldr     ip, [r3, #AREA_PAGES]
        add     ip, ip, #1
        add     r0, r0, ip, lsl #PAGE_SHIFT
        b       .Ltry_gap
ENDFUNC find_gap

@ ---------------------------------------------------------------------------
@ module_mem_alloc - pages of zeros in the module area, read/write for now
@
@   in:       r0 = bytes, r1 = MOD_* kind
@   out:      r0 = address of the first page, or 0; r1 = pages
@   clobbers: r2, r3, ip, flags
@   context:  process. All or nothing; whatever is asked for, more than the area is 0
@ ---------------------------------------------------------------------------
FUNC module_mem_alloc
        push    {r4-r9, fp, lr}
        add     fp, sp, #24
        mov     r4, #0
        mov     r5, r1                          @ kind
        cmp     r0, #0
        beq     .Lalloc_failed
        cmp     r0, #MODULES_SIZE
        bhi     .Lalloc_failed
        mov     r9, r0                          @ bytes
        add     r0, r0, #PAGE_SIZE
        sub     r0, r0, #1
        lsr     r6, r0, #PAGE_SHIFT             @ pages

        mov     r0, #AREA_SIZE
        bl      module_kmalloc
        movs    r4, r0
        beq     .Lalloc_failed
        bl      should_fail_alloc               @ the pages are an allocation of their own
        cmp     r0, #0
        bne     .Lno_gap
        mov     r0, r6
        bl      find_gap
        movs    r7, r0
        beq     .Lno_gap
        str     r7, [r4, #AREA_ADDR]
        str     r5, [r4, #AREA_KIND]
        mov     r2, #0
        str     r2, [r4, #AREA_PAGES]           @ counted as they come, so that a failure knows what to free
        ldr     r2, [r1]
        str     r2, [r4, #AREA_NEXT]
        str     r4, [r1]

        mov     r8, r7
.Lmap_page:
        bl      get_zeroed_page
        cmp     r0, #0
        beq     .Lno_page
        mov     r2, r0
        mov     r0, r8
        bl      module_pte
        ldr     r1, =PAGE_RW - LINEAR_OFFSET
        add     r1, r1, r2
        str     r1, [r0]
        ldr     r1, [r4, #AREA_PAGES]
        add     r1, r1, #1
        str     r1, [r4, #AREA_PAGES]
        add     r8, r8, #PAGE_SIZE
        cmp     r1, r6
        bne     .Lmap_page
        dsb                                     @ the walker sees the descriptors; absent ones are never cached
        isb

        mov     r0, r7
        mov     r1, r9
        cmp     r5, #MOD_MEM_NUM_TYPES
        bllo    module_update_bounds
        mov     r0, r7
        mov     r1, r6
        pop     {r4-r9, fp, pc}

.Lno_page:
        mov     r0, r7
        bl      module_mem_free
        mov     r4, #0
.Lno_gap:
        mov     r0, r4
        bl      kfree
.Lalloc_failed:
        mov     r0, #0
        mov     r1, #0
        pop     {r4-r9, fp, pc}
ENDFUNC module_mem_alloc

@ ---------------------------------------------------------------------------
@ module_update_bounds - no module lies outside [module_addr_min, module_addr_max)
@
@   in:       r0 = address, r1 = bytes
@   out:      -
@   clobbers: r0-r3, flags
@   context:  process
@ ---------------------------------------------------------------------------
LFUNC module_update_bounds
        ldr     r2, =module_addr_min
        ldr     r3, [r2]
        cmp     r0, r3
        strlo   r0, [r2]
        add     r0, r0, r1
        ldr     r2, =module_addr_max
        ldr     r3, [r2]
        cmp     r0, r3
        strhi   r0, [r2]
        bx      lr
ENDFUNC module_update_bounds

@ ---------------------------------------------------------------------------
@ module_mem_free - give back what module_mem_alloc gave
@
@   in:       r0 = address; 0 is allowed and does nothing
@   out:      r0 = pages freed
@   clobbers: r1-r3, ip, flags
@   context:  process. A stray use of the address faults from now on. Code is poisoned. An address that is not the
@             start of an area is reported and not freed
@ ---------------------------------------------------------------------------
FUNC module_mem_free
        push    {r4-r9, fp, lr}
        add     fp, sp, #24
        movs    r4, r0
        beq     .Lnothing_freed
        ldr     r5, =module_areas
.Lfind_area:
        ldr     r6, [r5]
        cmp     r6, #0
        beq     .Lnot_an_area
        ldr     r0, [r6, #AREA_ADDR]
        cmp     r0, r4
        movne   r5, r6
        bne     .Lfind_area

        ldr     r0, [r6, #AREA_NEXT]
        str     r0, [r5]
        ldr     r7, [r6, #AREA_PAGES]
        ldr     r8, [r6, #AREA_KIND]
        mov     r5, r7
.Lunmap_page:
        cmp     r7, #0
        beq     .Larea_empty
        mov     r0, r4
        bl      module_pte
        ldr     r9, [r0]
        mov     r1, #L1_FAULT
        str     r1, [r0]
        flush_tlb_page r4
        lsr     r9, r9, #PAGE_SHIFT
        lsl     r9, r9, #PAGE_SHIFT
        add     r9, r9, #LINEAR_OFFSET
        cmp     r8, #MOD_TEXT
        cmpne   r8, #MOD_INIT_TEXT
        bne     .Lkeep_contents
        mov     r0, r9
        ldr     r1, =POISON_INITMEM
        mov     r2, #PAGE_SIZE
        bl      memset32
.Lkeep_contents:
        mov     r0, r9
        mov     r1, #0
        bl      free_pages
        add     r4, r4, #PAGE_SIZE
        sub     r7, r7, #1
        b       .Lunmap_page

.Larea_empty:
        mov     r0, r6
        bl      kfree
        mov     r0, r5
        pop     {r4-r9, fp, pc}

.Lnot_an_area:
        mov     r1, r4
        ldr     r0, =.Lbad_area
        bl      warn
.Lnothing_freed:
        mov     r0, #0
        pop     {r4-r9, fp, pc}
ENDFUNC module_mem_free
        string .Lbad_area, "Trying to vfree() nonexistent vm area (%08x)\n"

@ ---------------------------------------------------------------------------
@ module_mem_protect - give an area the permissions of its kind
@
@   in:       r0 = address, r1 = pages, r2 = MOD_* kind as it will be used from now on
@   out:      -
@   clobbers: r0-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
FUNC module_mem_protect
        push    {r4-r7, fp, lr}
        add     fp, sp, #16
        mov     r4, r0
        movs    r5, r1
        beq     .Lprotected
        ldr     r3, =module_protections
        ldr     r6, [r3, r2, lsl #2]
        bl      module_pte
        mov     r7, r0
.Lprotect_page:
        ldr     r0, [r7]
        lsr     r0, r0, #PAGE_SHIFT
        orr     r0, r6, r0, lsl #PAGE_SHIFT
        str     r0, [r7], #4
        flush_tlb_page r4
        add     r4, r4, #PAGE_SIZE
        subs    r5, r5, #1
        bne     .Lprotect_page
.Lprotected:
        pop     {r4-r7, fp, pc}
ENDFUNC module_mem_protect

        RODATA
        .balign 4
module_protections:                             @ by kind
        .word   PAGE_RX                         @ MOD_TEXT
        .word   PAGE_RW                         @ MOD_DATA
        .word   PAGE_RO                         @ MOD_RODATA
        .word   PAGE_RW                         @ MOD_RO_AFTER_INIT; PAGE_RO is asked for as MOD_RODATA
        .word   PAGE_RX                         @ MOD_INIT_TEXT
        .word   PAGE_RW                         @ MOD_INIT_DATA
        .word   PAGE_RO                         @ MOD_INIT_RODATA
        .word   PAGE_RW                         @ MOD_COPY

        .data
        .balign 4
        .global module_addr_min, module_addr_max, module_areas
module_addr_min:
        .word   0xffffffff                      @ bounds of all that modules ever occupied
module_addr_max:
        .word   0
module_areas:
        .word   0                               @ struct vm_area, by address

        .bss
        .balign L2_TABLE_SIZE
        .global module_ptes
module_ptes:
        .space  MODULE_SECTIONS * L2_TABLE_SIZE
