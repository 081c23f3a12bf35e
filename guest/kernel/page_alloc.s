@ page_alloc.s - which pages of RAM are in use. A buddy allocator: free memory is kept in blocks of 2^order pages, each
@ aligned to its size; two free buddies (blocks that differ in one address bit) become one of the next order.
@
@ What is known about a page is in mem_map (page.inc), nothing in the page: a free page keeps its last contents.
@ Pages that free_reserved_area gave back are unmapped until the allocator hands them out. They have free lists of their
@ own, used when the others are empty, and do not join with mapped pages: a stray use of freed init memory faults for as
@ long as possible.

        .include "macros.inc"
        .include "arm.inc"
        .include "memory.inc"
        .include "page.inc"
        .include "params.inc"

        .equ    FREE_AT_HEAD,   0               @ of the free list: handed out next
        .equ    FREE_AT_TAIL,   1               @ handed out last

        INIT_TEXT
@ ---------------------------------------------------------------------------
@ mem_init - make mem_map and hand over all memory behind the image
@
@   in:       ram_size, boot_alloc_next, initrd_start, initrd_end
@   out:      -
@   clobbers: r0-r3, ip, flags
@   context:  boot, once
@ ---------------------------------------------------------------------------
FUNC mem_init
        push    {r4-r7, fp, lr}
        add     fp, sp, #16
        bl      init_free_area
        ldr     r4, =ram_size
        ldr     r4, [r4]
        lsr     r0, r4, #PAGE_SHIFT - PAGE_STRUCT_SHIFT
        mov     r1, #PAGE_STRUCT_SIZE
        bl      boot_alloc
        ldr     r1, =mem_map
        str     r0, [r1]
        add     r1, r0, r4, lsr #PAGE_SHIFT - PAGE_STRUCT_SHIFT
        ldr     r2, =mem_map_end
        str     r1, [r2]
        bl      reserve_all

        @ Free: from the end of what boot_alloc gave to the end of RAM, less the boot loader's initramfs.
        ldr     r5, =boot_alloc_next
        ldr     r5, [r5]
        add     r4, r4, #PAGE_OFFSET            @ end of RAM
        ldr     r6, =initrd_start
        ldr     r6, [r6]
        cmp     r6, #0
        beq     .Lno_initrd
        mov     r0, r5
        mov     r1, r6
        bl      free_boot_range
        ldr     r5, =initrd_end
        ldr     r5, [r5]
.Lno_initrd:
        mov     r0, r5
        mov     r1, r4
        bl      free_boot_range
        ldr     r0, =nr_free_pages_count
        ldr     r0, [r0]
        ldr     r1, =totalram_pages
        str     r0, [r1]
        bl      report_memory
        pop     {r4-r7, fp, pc}
ENDFUNC mem_init

@ Every free list empty: its head points to itself.
LFUNC init_free_area
        ldr     r0, =free_area
        mov     r1, #2 * MAX_ORDER              @ mapped and unmapped
.Lnext_list:
        str     r0, [r0, #PAGE_NEXT]
        str     r0, [r0, #PAGE_PREV]
        add     r0, r0, #PAGE_STRUCT_SIZE
        subs    r1, r1, #1
        bne     .Lnext_list
        bx      lr
ENDFUNC init_free_area

@ Every page reserved, r0 = mem_map, r1 = its end, until it is found to be free.
LFUNC reserve_all
        push    {r4, r5}
        mov     r2, #0
        mov     r3, #0
        mov     r4, #PG_RESERVED
        mov     r5, #0
.Lreserve_page:
        stmia   r0!, {r2-r5}                    @ the four words of struct page
        cmp     r0, r1
        blo     .Lreserve_page
        pop     {r4, r5}
        bx      lr
ENDFUNC reserve_all

@ ---------------------------------------------------------------------------
@ free_boot_range - hand a range to the allocator, in the largest blocks that fit
@
@   in:       r0 = start, r1 = end; only whole pages inside count
@   out:      -
@   clobbers: r0-r3, ip, flags
@   context:  boot
@ ---------------------------------------------------------------------------
LFUNC free_boot_range
        push    {r4-r7, fp, lr}
        add     fp, sp, #16
        ldr     r2, =PAGE_OFFSET
        add     r0, r0, #PAGE_SIZE
        sub     r0, r0, #1
        sub     r0, r0, r2
        sub     r1, r1, r2
        lsr     r4, r0, #PAGE_SHIFT             @ first page
        lsr     r5, r1, #PAGE_SHIFT             @ behind the last
.Lnext_block:
        cmp     r4, r5
        bhs     .Lrange_done

        @ order: alignment of the first page, but no more than what is left
        mov     r6, #MAX_ORDER - 1
.Ltry_order:
        mov     r7, #1
        lsl     r7, r7, r6
        sub     r0, r7, #1
        tst     r4, r0
        bne     .Lsmaller
        add     r0, r4, r7
        cmp     r0, r5
        bls     .Lorder_fits
.Lsmaller:
        sub     r6, r6, #1
        b       .Ltry_order

.Lorder_fits:
        ldr     r0, =mem_map
        ldr     r0, [r0]
        add     r0, r0, r4, lsl #PAGE_STRUCT_SHIFT
        mov     r1, r6
        bl      clear_reserved
        mov     r2, #FREE_AT_TAIL               @ so the lowest addresses go out first
        bl      free_block
        add     r4, r4, r7
        b       .Lnext_block
.Lrange_done:
        pop     {r4-r7, fp, pc}
ENDFUNC free_boot_range

@ Flags of the 1 << r1 pages from r0 become 0. Keeps r0 and r1; r2, r3, ip, flags change.
LFUNC clear_reserved
        mov     r2, #1
        lsl     r2, r2, r1
        mov     r3, #0
        mov     ip, r0
.Lclear_flags:
        strb    r3, [ip, #PAGE_FLAGS]
        add     ip, ip, #PAGE_STRUCT_SIZE
        subs    r2, r2, #1
        bne     .Lclear_flags
        bx      lr
ENDFUNC clear_reserved

@ ---------------------------------------------------------------------------
@ report_memory - "Memory: ..." as Linux prints it
@
@   in:       -
@   out:      -
@   clobbers: r0-r3, ip, flags
@   context:  boot
@ ---------------------------------------------------------------------------
        .macro  kilobytes reg, start, end       @ reg = size of a range in KiB, rounded down
        ldr     \reg, =\end
        ldr     r0, =\start
        sub     \reg, \reg, r0
        lsr     \reg, \reg, #10
        .endm

LFUNC report_memory
        push    {r4-r9, fp, lr}
        add     fp, sp, #24
        kilobytes r3, _text, _etext
        kilobytes r4, _sdata, _edata
        kilobytes r5, __start_rodata, __end_rodata
        kilobytes r6, __init_begin, __init_end
        kilobytes r7, __bss_start, __bss_stop
        ldr     r1, =nr_free_pages_count
        ldr     r1, [r1]
        lsl     r1, r1, #PAGE_SHIFT - 10
        ldr     r2, =ram_size
        ldr     r2, [r2]
        lsr     r2, r2, #10
        sub     r8, r2, r1                      @ reserved
        push    {r4-r9}                         @ arguments 5 to 9
        pr_info "Memory: %uK/%uK available (%uK kernel code, %uK rwdata, %uK rodata, %uK init, %uK bss, %uK reserved)\n"
        add     sp, sp, #24
        pop     {r4-r9, fp, pc}
ENDFUNC report_memory

@ page_poison=1: freed pages are filled, too
LFUNC page_poison_setup
        push    {fp, lr}
        add     fp, sp, #0
        bl      parse_bool
        cmp     r0, #0
        ldrge   r1, =page_poison
        strge   r0, [r1]
        movge   r0, #0
        pop     {fp, pc}
ENDFUNC page_poison_setup
        __setup "page_poison", page_poison_setup

        .text
@ ---------------------------------------------------------------------------
@ alloc_pages - take 1 << order pages
@
@   in:       r0 = order
@   out:      r0 = address of the first page, aligned to the whole size, or 0; contents are anything
@   clobbers: r1-r3, ip, flags
@   context:  any
@ ---------------------------------------------------------------------------
FUNC alloc_pages
        push    {r4-r9, fp, lr}
        add     fp, sp, #24
        local_irq_save r9
        mov     r4, r0                          @ order wanted
        mov     r5, r0                          @ order found
        ldr     r6, =free_area
.Ltry_list:
        cmp     r5, #MAX_ORDER
        bhs     .Lthis_area_is_empty
        add     r0, r6, r5, lsl #PAGE_STRUCT_SHIFT
        ldr     r7, [r0, #PAGE_NEXT]
        cmp     r7, r0
        addeq   r5, r5, #1                      @ this list is empty
        beq     .Ltry_list

        mov     r0, r7
        bl      list_del

        @ Give back upper halves until the size is right.
.Lsplit:
        cmp     r5, r4
        bls     .Lsplit_done
        sub     r5, r5, #1
        mov     r0, #PAGE_STRUCT_SIZE
        add     r0, r7, r0, lsl r5
        mov     r1, r5
        mov     r2, #FREE_AT_HEAD
        bl      list_free_block
        b       .Lsplit
.Lsplit_done:
        mov     r0, r7
        mov     r1, r4
        bl      prepare_pages
        ldr     r1, =nr_free_pages_count
        ldr     r2, [r1]
        mov     r3, #1
        sub     r2, r2, r3, lsl r4
        str     r2, [r1]
        mov     r0, r7
        bl      page_address
.Lalloc_done:
        local_irq_restore r9
        pop     {r4-r9, fp, pc}

.Lthis_area_is_empty:
        ldr     r0, =free_area_unmapped
        cmp     r6, r0
        mov     r6, r0
        mov     r5, r4
        bne     .Ltry_list                      @ the unmapped pages, too
        mov     r0, #0
        b       .Lalloc_done
ENDFUNC alloc_pages

@ ---------------------------------------------------------------------------
@ prepare_pages - mark a block as allocated, map the pages of it that are unmapped
@
@   in:       r0 = first struct page, r1 = order
@   out:      -
@   clobbers: r0-r3, ip, flags
@   context:  IRQs off
@ ---------------------------------------------------------------------------
LFUNC prepare_pages
        push    {r4-r7, fp, lr}
        add     fp, sp, #16
        mov     r4, r0
        mov     r5, #1
        lsl     r5, r5, r1
        mov     r6, #PG_HEAD
        strb    r1, [r4, #PAGE_ORDER]
.Lprepare_page:
        ldrb    r7, [r4, #PAGE_FLAGS]
        strb    r6, [r4, #PAGE_FLAGS]
        mov     r6, #0                          @ only the first page is the head
        tst     r7, #PG_UNMAPPED
        beq     .Lpage_mapped
        mov     r0, r4
        bl      page_address
        mov     r1, #1
        bl      set_page_present
.Lpage_mapped:
        add     r4, r4, #PAGE_STRUCT_SIZE
        subs    r5, r5, #1
        bne     .Lprepare_page
        pop     {r4-r7, fp, pc}
ENDFUNC prepare_pages

@ ---------------------------------------------------------------------------
@ get_zeroed_page - one page of zeros
@
@   in:       -
@   out:      r0 = address, or 0
@   clobbers: r1-r3, ip, flags
@   context:  any
@ ---------------------------------------------------------------------------
FUNC get_zeroed_page
        push    {fp, lr}
        add     fp, sp, #0
        mov     r0, #0
        bl      alloc_pages
        cmp     r0, #0
        movne   r1, #0
        movne   r2, #PAGE_SIZE
        blne    memset
        pop     {fp, pc}
ENDFUNC get_zeroed_page

@ ---------------------------------------------------------------------------
@ free_pages - give back what alloc_pages gave
@
@   in:       r0 = address, r1 = order, as asked for then; address 0 is allowed and does nothing
@   out:      -
@   clobbers: r0-r3, ip, flags
@   context:  any. Freeing what is not allocated, or with another order, is reported and not done
@ ---------------------------------------------------------------------------
FUNC free_pages
        push    {r4-r7, fp, lr}
        add     fp, sp, #16
        cmp     r0, #0
        beq     .Lfree_done
        local_irq_save r7
        mov     r4, r0
        mov     r5, r1
        bl      virt_to_page
        movs    r6, r0
        beq     .Lbad_page
        ldrb    r1, [r6, #PAGE_FLAGS]
        ldrb    r2, [r6, #PAGE_ORDER]
        cmp     r1, #PG_HEAD
        cmpeq   r2, r5
        bne     .Lbad_page

        ldr     r0, =page_poison
        ldr     r0, [r0]
        cmp     r0, #0
        beq     .Lgive_back
        mov     r0, r4
        ldr     r1, =POISON_PAGE
        mov     r2, #PAGE_SIZE
        lsl     r2, r2, r5
        bl      memset32
.Lgive_back:
        mov     r0, r6
        mov     r1, r5
        mov     r2, #FREE_AT_HEAD
        bl      free_block
        local_irq_restore r7
.Lfree_done:
        pop     {r4-r7, fp, pc}

.Lbad_page:
        local_irq_restore r7
        mov     r0, r4
        ldr     r1, =.Lbad_free
        bl      bad_page
        pop     {r4-r7, fp, pc}
ENDFUNC free_pages
        string .Lbad_free, "freed, but not allocated or of another order"

@ ---------------------------------------------------------------------------
@ bad_page - report a page whose state is not what its user believes
@
@   in:       r0 = address, r1 = what is wrong
@   out:      -
@   clobbers: r0-r3, ip, flags
@   context:  any
@ ---------------------------------------------------------------------------
LFUNC bad_page
        push    {fp, lr}
        add     fp, sp, #0
        mov     r2, r0
        mov     r3, r1
        sub     r1, r0, #LINEAR_OFFSET
        lsr     r1, r1, #PAGE_SHIFT
        pr_alert "BUG: Bad page state  pfn:%05x at %08x: %s\n"
        bl      dump_stack
        pop     {fp, pc}
ENDFUNC bad_page

@ ---------------------------------------------------------------------------
@ free_block - join a block with its free buddies and list the result
@
@   in:       r0 = first struct page, r1 = order, r2 = FREE_AT_HEAD or FREE_AT_TAIL
@   out:      -
@   clobbers: r0-r3, ip, flags
@   context:  IRQs off
@ ---------------------------------------------------------------------------
LFUNC free_block
        push    {r4-r9, fp, lr}
        add     fp, sp, #24
        mov     r4, r0
        mov     r5, r1
        mov     r9, r2
        ldr     r6, =mem_map
        ldr     r6, [r6]
        ldr     r0, =nr_free_pages_count
        ldr     r1, [r0]
        mov     r2, #1
        add     r1, r1, r2, lsl r5
        str     r1, [r0]
        ldrb    r1, [r4, #PAGE_FLAGS]
        and     r8, r1, #PG_UNMAPPED            @ no longer allocated, if it was
        strb    r8, [r4, #PAGE_FLAGS]

.Ljoin:
        cmp     r5, #MAX_ORDER - 1
        bhs     .Ljoined
        sub     r7, r4, r6
        mov     r0, #PAGE_STRUCT_SIZE
        lsl     r0, r0, r5
        eor     r7, r7, r0
        add     r7, r7, r6                      @ the buddy
        ldr     r0, =mem_map_end
        ldr     r0, [r0]
        cmp     r7, r0
        bhs     .Ljoined
        ldrb    r0, [r7, #PAGE_FLAGS]
        orr     r1, r8, #PG_BUDDY
        cmp     r0, r1
        bne     .Ljoined                        @ in use, or one of the two is unmapped and one is not
        ldrb    r1, [r7, #PAGE_ORDER]
        cmp     r1, r5
        bne     .Ljoined                        @ in use in part
        strb    r8, [r7, #PAGE_FLAGS]
        mov     r0, r7
        bl      list_del
        cmp     r7, r4
        movlo   r4, r7
        add     r5, r5, #1
        b       .Ljoin

.Ljoined:
        mov     r0, r4
        mov     r1, r5
        mov     r2, r9
        bl      list_free_block
        pop     {r4-r9, fp, pc}
ENDFUNC free_block

@ ---------------------------------------------------------------------------
@ list_free_block - put a block into the free list of its order, among its like
@
@   in:       r0 = first struct page, r1 = order, r2 = FREE_AT_HEAD or FREE_AT_TAIL
@   out:      -
@   clobbers: r1-r3, ip, flags
@   context:  IRQs off
@ ---------------------------------------------------------------------------
LFUNC list_free_block
        strb    r1, [r0, #PAGE_ORDER]
        ldrb    ip, [r0, #PAGE_FLAGS]
        orr     ip, ip, #PG_BUDDY
        strb    ip, [r0, #PAGE_FLAGS]
        tst     ip, #PG_UNMAPPED
        ldreq   r3, =free_area
        ldrne   r3, =free_area_unmapped
        add     r3, r3, r1, lsl #PAGE_STRUCT_SHIFT
        cmp     r2, #FREE_AT_TAIL
        ldreq   r3, [r3, #PAGE_PREV]            @ behind the last one
        mov     r1, r3
        b       list_add
ENDFUNC list_free_block

@ ---------------------------------------------------------------------------
@ list_add, list_del - doubly linked rings through PAGE_NEXT and PAGE_PREV
@
@   in:       r0 = element; list_add: r1 = the element it comes behind
@   out:      -
@   clobbers: r1, r2, r3
@   context:  IRQs off
@ ---------------------------------------------------------------------------
FUNC list_add
        ldr     r2, [r1, #PAGE_NEXT]
        str     r2, [r0, #PAGE_NEXT]
        str     r1, [r0, #PAGE_PREV]
        str     r0, [r1, #PAGE_NEXT]
        str     r0, [r2, #PAGE_PREV]
        bx      lr
ENDFUNC list_add

FUNC list_del
        ldr     r1, [r0, #PAGE_NEXT]
        ldr     r2, [r0, #PAGE_PREV]
        str     r1, [r2, #PAGE_NEXT]
        str     r2, [r1, #PAGE_PREV]
        bx      lr
ENDFUNC list_del

@ ---------------------------------------------------------------------------
@ page_address, virt_to_page - from struct page to its memory and back
@
@   in:       r0 = struct page / address
@   out:      r0 = address / struct page, 0 when the address is not RAM
@   clobbers: r1, flags
@   context:  any
@ ---------------------------------------------------------------------------
FUNC page_address
        ldr     r1, =mem_map
        ldr     r1, [r1]
        sub     r0, r0, r1
        lsl     r0, r0, #PAGE_SHIFT - PAGE_STRUCT_SHIFT
        add     r0, r0, #PAGE_OFFSET
        bx      lr
ENDFUNC page_address

FUNC virt_to_page
        sub     r0, r0, #PAGE_OFFSET
        ldr     r1, =ram_size
        ldr     r1, [r1]
        cmp     r0, r1
        movhs   r0, #0
        bxhs    lr
        ldr     r1, =mem_map
        ldr     r1, [r1]
        lsr     r0, r0, #PAGE_SHIFT
        add     r0, r1, r0, lsl #PAGE_STRUCT_SHIFT
        bx      lr
ENDFUNC virt_to_page

@ ---------------------------------------------------------------------------
@ free_reserved_area - give a part of the image or of boot memory to the allocator
@
@ Each page becomes read/write and not executable, is filled with the poison, unmapped, and freed: until the allocator
@ hands it out again (and maps it then), a load, store or call there faults at its address.
@
@   in:       r0 = start, r1 = end: only the whole pages inside are freed; r2 = poison word, POISON_NONE to keep the
@             contents; r3 = what it was, 0 for silence
@   out:      r0 = pages freed
@   clobbers: r1-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
FUNC free_reserved_area
        push    {r4-r9, fp, lr}
        add     fp, sp, #24
        ldr     r4, =PAGE_MASK
        add     r0, r0, r4
        bic     r4, r0, r4                      @ start, up to a page
        mov     r5, r1                          @ end: the loop wants a whole page below it
        mov     r6, r2
        mov     r7, r3
        mov     r8, #0
.Lnext_reserved:
        add     r0, r4, #PAGE_SIZE
        cmp     r0, r5
        bhi     .Lreserved_done
        mov     r0, r4
        mov     r1, r6
        bl      free_reserved_page
        add     r8, r8, r0
        add     r4, r4, #PAGE_SIZE
        b       .Lnext_reserved

.Lreserved_done:
        cmp     r8, #0
        cmpne   r7, #0
        beq     .Lfreed_silently
        mov     r1, r7
        lsl     r2, r8, #PAGE_SHIFT - 10
        pr_info "Freeing %s memory: %dK\n"
.Lfreed_silently:
        mov     r0, r8
        pop     {r4-r9, fp, pc}
ENDFUNC free_reserved_area

@ ---------------------------------------------------------------------------
@ free_reserved_page - one page of free_reserved_area
@
@   in:       r0 = address, r1 = poison word or POISON_NONE
@   out:      r0 = 1; 0 when the page was not reserved, which is reported
@   clobbers: r1-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
LFUNC free_reserved_page
        push    {r4-r7, fp, lr}
        add     fp, sp, #16
        mov     r4, r0
        mov     r5, r1
        bl      virt_to_page
        movs    r6, r0
        beq     .Lnot_reserved
        ldrb    r1, [r6, #PAGE_FLAGS]
        cmp     r1, #PG_RESERVED
        bne     .Lnot_reserved

        mov     r0, r4
        mov     r1, #1
        bl      set_page_present                @ as the allocator's pages are: RW, never executable
        cmp     r5, #POISON_NONE
        beq     .Lkeep_contents
        mov     r0, r4
        mov     r1, r5
        mov     r2, #PAGE_SIZE
        bl      memset32
.Lkeep_contents:
        mov     r0, r4
        mov     r1, #0
        bl      set_page_present

        local_irq_save r7
        mov     r0, #PG_UNMAPPED
        strb    r0, [r6, #PAGE_FLAGS]
        mov     r0, r6
        mov     r1, #0
        mov     r2, #FREE_AT_TAIL
        bl      free_block
        ldr     r0, =totalram_pages
        ldr     r1, [r0]
        add     r1, r1, #1
        str     r1, [r0]
        local_irq_restore r7
        mov     r0, #1
        pop     {r4-r7, fp, pc}

.Lnot_reserved:
        mov     r0, r4
        ldr     r1, =.Lnot_reserved_text
        bl      bad_page
        mov     r0, #0
        pop     {r4-r7, fp, pc}
ENDFUNC free_reserved_page
        string .Lnot_reserved_text, "given back, but not reserved"

@ ---------------------------------------------------------------------------
@ nr_free_pages - how many pages are free
@
@   in:       -
@   out:      r0 = pages
@   clobbers: -
@   context:  any
@ ---------------------------------------------------------------------------
FUNC nr_free_pages
        ldr     r0, =nr_free_pages_count
        ldr     r0, [r0]
        bx      lr
ENDFUNC nr_free_pages

        .bss
        .balign 16
        .global mem_map, mem_map_end, nr_free_pages_count, totalram_pages
free_area:                                      @ list heads, laid out like struct page
        .space  MAX_ORDER * PAGE_STRUCT_SIZE
free_area_unmapped:
        .space  MAX_ORDER * PAGE_STRUCT_SIZE
mem_map:
        .space  4
mem_map_end:
        .space  4
nr_free_pages_count:
        .space  4                               @ pages free now
totalram_pages:
        .space  4                               @ pages the allocator has ever been given
page_poison:
        .space  4

        EXPORT_SYMBOL alloc_pages
        EXPORT_SYMBOL get_zeroed_page
        EXPORT_SYMBOL free_pages
