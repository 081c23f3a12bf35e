@ Giving memory back twice, or memory that is not the caller's, is reported, and the count of free pages stays right.
@
@ expect: BUG: Bad page state  pfn:8
@ expect: : freed, but not allocated or of another order
@ expect:  free_pages from double_free_init+0x
@ expect: BUG: Bad page state  pfn:8
@ expect: BUG: kfree(c
@ expect: : object already free, or never allocated
@ expect:  kfree from double_free_init+0x
@ expect: BUG: kfree(c
@ expect: double_free: balanced
@ rc: poweroff
@ stop: power-off

        .include "macros.inc"
        .include "memory.inc"

        .equ    OBJECT,         100             @ bytes: two of them share a page

        INIT_TEXT
FUNC double_free_init
        push    {r4-r7, fp, lr}
        add     fp, sp, #16
        bl      nr_free_pages
        mov     r7, r0

        mov     r0, #2
        bl      alloc_pages
        mov     r4, r0
        mov     r1, #1
        bl      free_pages                      @ another order
        mov     r0, r4
        mov     r1, #2
        bl      free_pages
        mov     r0, r4
        mov     r1, #2
        bl      free_pages                      @ twice

        mov     r0, #OBJECT
        bl      kmalloc
        mov     r4, r0
        mov     r0, #OBJECT
        bl      kmalloc
        mov     r5, r0
        mov     r0, r4
        bl      kfree
        mov     r0, r4
        bl      kfree                           @ twice
        add     r0, r5, #4
        bl      kfree                           @ the middle of an object
        mov     r0, r5
        bl      kfree
        mov     r0, #0
        bl      kfree                           @ allowed

        bl      nr_free_pages
        cmp     r0, r7
        bne     .Lleaked
        pr_info "double_free: balanced\n"
.Lleaked:
        mov     r0, #0
        pop     {r4-r7, fp, pc}
ENDFUNC double_free_init
        device_initcall double_free_init
