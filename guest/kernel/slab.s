@ slab.s - kmalloc: memory in smaller pieces than pages. One page (a slab) is cut into objects of one size; the free
@ ones are linked through their first word. A slab's state is in its struct page: first free object, number in use.
@ Slabs with room form a ring for each size; an empty slab goes back to the page allocator. Above KMALLOC_MAX whole
@ pages are taken.

        .include "macros.inc"
        .include "arm.inc"
        .include "memory.inc"
        .include "page.inc"

        .equ    KMALLOC_SHIFT_LOW, 5            @ sizes 32, 64, ... 2048
        .equ    KMALLOC_SHIFT_HIGH, 11
        .equ    KMALLOC_MAX,    1 << KMALLOC_SHIFT_HIGH
        .equ    KMALLOC_SIZES,  KMALLOC_SHIFT_HIGH - KMALLOC_SHIFT_LOW + 1

        INIT_TEXT
@ ---------------------------------------------------------------------------
@ kmem_cache_init - every ring empty
@
@   in:       -
@   out:      -
@   clobbers: r0, r1, flags
@   context:  boot, once, after mem_init
@ ---------------------------------------------------------------------------
FUNC kmem_cache_init
        ldr     r0, =kmalloc_caches
        mov     r1, #KMALLOC_SIZES
.Lnext_cache:
        str     r0, [r0, #PAGE_NEXT]
        str     r0, [r0, #PAGE_PREV]
        add     r0, r0, #PAGE_STRUCT_SIZE
        subs    r1, r1, #1
        bne     .Lnext_cache
        bx      lr
ENDFUNC kmem_cache_init

        .text
@ ---------------------------------------------------------------------------
@ kmalloc - memory of at least so many bytes
@
@   in:       r0 = bytes
@   out:      r0 = address, aligned to 32 at least, or 0; contents are anything
@   clobbers: r1-r3, ip, flags
@   context:  any
@ ---------------------------------------------------------------------------
FUNC kmalloc
        push    {r4-r7, fp, lr}
        add     fp, sp, #16
        subs    r0, r0, #1
        movlo   r0, #0                          @ 0 bytes: the smallest object
        clz     r1, r0
        rsb     r4, r1, #32                     @ log2 of the size, rounded up
        cmp     r4, #KMALLOC_SHIFT_HIGH
        bhi     .Lwhole_pages
        subs    r4, r4, #KMALLOC_SHIFT_LOW
        movlt   r4, #0                          @ index of the size

        local_irq_save r7
        ldr     r5, =kmalloc_caches
        add     r5, r5, r4, lsl #PAGE_STRUCT_SHIFT
        ldr     r6, [r5, #PAGE_NEXT]            @ a slab with room
        cmp     r6, r5
        bne     .Ltake_object
        mov     r0, r4
        bl      new_slab
        movs    r6, r0
        beq     .Lkmalloc_done
        mov     r1, r5
        bl      list_add

.Ltake_object:
        ldr     r0, [r6, #PAGE_FREELIST]
        ldr     r1, [r0]
        str     r1, [r6, #PAGE_FREELIST]
        ldrh    r2, [r6, #PAGE_INUSE]
        add     r2, r2, #1
        strh    r2, [r6, #PAGE_INUSE]
        cmp     r1, #0
        bne     .Lkmalloc_done
        mov     r4, r0
        mov     r0, r6                          @ the last object is out: no room here
        bl      list_del
        mov     r0, r4
.Lkmalloc_done:
        local_irq_restore r7
        pop     {r4-r7, fp, pc}

.Lwhole_pages:
        subs    r0, r4, #PAGE_SHIFT
        movlt   r0, #0
        bl      alloc_pages
        pop     {r4-r7, fp, pc}
ENDFUNC kmalloc

@ ---------------------------------------------------------------------------
@ new_slab - cut a page into free objects
@
@   in:       r0 = index of the size
@   out:      r0 = struct page, or 0
@   clobbers: r1-r3, ip, flags
@   context:  IRQs off
@ ---------------------------------------------------------------------------
LFUNC new_slab
        push    {r4, r5, fp, lr}
        add     fp, sp, #8
        mov     r4, r0
        mov     r0, #0
        bl      alloc_pages
        movs    r5, r0
        beq     .Lno_slab
        bl      virt_to_page
        mov     r1, #PG_HEAD | PG_SLAB
        strb    r1, [r0, #PAGE_FLAGS]
        strb    r4, [r0, #PAGE_ORDER]
        mov     r1, #0
        strh    r1, [r0, #PAGE_INUSE]
        str     r5, [r0, #PAGE_FREELIST]

        mov     r2, #1 << KMALLOC_SHIFT_LOW
        lsl     r2, r2, r4                      @ object size
        add     r3, r5, #PAGE_SIZE
.Llink_object:
        add     r1, r5, r2
        cmp     r1, r3
        movhs   r1, #0                          @ the last one
        str     r1, [r5]
        add     r5, r5, r2
        blo     .Llink_object
.Lno_slab:
        pop     {r4, r5, fp, pc}
ENDFUNC new_slab

@ ---------------------------------------------------------------------------
@ kzalloc - kmalloc, filled with zeros
@
@   in:       r0 = bytes
@   out:      r0 = address, or 0
@   clobbers: r1-r3, ip, flags
@   context:  any
@ ---------------------------------------------------------------------------
FUNC kzalloc
        push    {r4, r5, fp, lr}
        add     fp, sp, #8
        mov     r4, r0
        bl      kmalloc
        cmp     r0, #0
        movne   r1, #0
        movne   r2, r4
        blne    memset
        pop     {r4, r5, fp, pc}
ENDFUNC kzalloc

@ ---------------------------------------------------------------------------
@ kfree - give back what kmalloc gave
@
@   in:       r0 = address; 0 is allowed and does nothing
@   out:      -
@   clobbers: r0-r3, ip, flags
@   context:  any. The object is poisoned; freeing it twice is reported and not done
@ ---------------------------------------------------------------------------
FUNC kfree
        push    {r4-r9, fp, lr}
        add     fp, sp, #24
        movs    r4, r0
        beq     .Lkfree_done
        bl      virt_to_page
        movs    r5, r0
        beq     .Lbad_object
        ldrb    r0, [r5, #PAGE_FLAGS]
        ldrb    r6, [r5, #PAGE_ORDER]
        tst     r0, #PG_SLAB
        beq     .Lfree_whole_pages

        local_irq_save r7
        mov     r8, #1 << KMALLOC_SHIFT_LOW
        lsl     r8, r8, r6                      @ object size
        sub     r0, r8, #1
        tst     r4, r0
        bne     .Lbad_object_locked             @ not where an object begins
        ldr     r9, [r5, #PAGE_FREELIST]
        mov     r0, r9
.Lis_it_free:
        cmp     r0, r4
        beq     .Lbad_object_locked
        cmp     r0, #0
        ldrne   r0, [r0]
        bne     .Lis_it_free

        mov     r0, r4
        ldr     r1, =POISON_FREE
        mov     r2, r8
        bl      memset32
        str     r9, [r4]
        str     r4, [r5, #PAGE_FREELIST]
        cmp     r9, #0                          @ it was full: it has room again
        bne     .Lin_ring
        mov     r0, r5
        ldr     r1, =kmalloc_caches
        add     r1, r1, r6, lsl #PAGE_STRUCT_SHIFT
        bl      list_add
.Lin_ring:
        ldrh    r0, [r5, #PAGE_INUSE]
        subs    r0, r0, #1
        strh    r0, [r5, #PAGE_INUSE]
        bne     .Lfreed
        mov     r0, r5                          @ empty: a page again
        bl      list_del
        mov     r0, #PG_HEAD
        strb    r0, [r5, #PAGE_FLAGS]
        mov     r0, #0
        strb    r0, [r5, #PAGE_ORDER]
        mov     r0, r5
        bl      page_address
        mov     r1, #0
        bl      free_pages
.Lfreed:
        local_irq_restore r7
.Lkfree_done:
        pop     {r4-r9, fp, pc}

.Lfree_whole_pages:
        mov     r0, r4
        mov     r1, r6
        bl      free_pages
        pop     {r4-r9, fp, pc}

.Lbad_object_locked:
        local_irq_restore r7
.Lbad_object:
        mov     r1, r4
        pr_alert "BUG: kfree(%08x): object already free, or never allocated\n"
        bl      dump_stack
        pop     {r4-r9, fp, pc}
ENDFUNC kfree

        .bss
        .balign 16
kmalloc_caches:                                 @ ring heads, laid out like struct page
        .space  KMALLOC_SIZES * PAGE_STRUCT_SIZE

        EXPORT_SYMBOL kmalloc
        EXPORT_SYMBOL kzalloc
        EXPORT_SYMBOL kfree
