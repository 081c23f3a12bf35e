@ Freed init memory is handed out again: last of all, mapped again, and still with its poison. Every free page is taken,
@ written to, and given back.
@
@ rc: echo 1 > /proc/deferred_initcalls
@ rc: cat /proc/take_all
@ rc: cat /proc/take_all
@ rc: poweroff
@ expect: Freeing unused kernel image (initmem) memory: {init_kib}K
@ expect: take_all: all taken, {init_pages} poisoned, all given back
@ expect: take_all: all taken, 0 poisoned, all given back
@ expect: reboot: Power down
@ stop: power-off

        .include "macros.inc"
        .include "memory.inc"
        .include "fs.inc"

        INIT_TEXT
FUNC take_all_init
        push    {fp, lr}
        add     fp, sp, #0
        ldr     r0, =.Ltake_all
        ldr     r1, =MODE_FILE
        ldr     r2, =take_all_show
        mov     r3, #0
        bl      proc_create
        mov     r0, #0
        pop     {fp, pc}
ENDFUNC take_all_init
        device_initcall take_all_init
        string .Ltake_all, "take_all"

        .text
FUNC take_all_show
        push    {r4-r9, fp, lr}
        add     fp, sp, #24
        bl      nr_free_pages
        mov     r4, r0
        mov     r5, #0                          @ the page taken last; each points to the one before
        mov     r6, #0                          @ pages taken
        mov     r7, #0                          @ of them with poison in their second word
        ldr     r8, =POISON_INITMEM
.Ltake:
        mov     r0, #0
        bl      alloc_pages
        cmp     r0, #0
        beq     .Ltook_all
        ldr     r1, [r0, #4]
        cmp     r1, r8
        addeq   r7, r7, #1
        str     r5, [r0]
        mov     r1, #0
        str     r1, [r0, #4]
        mov     r5, r0
        add     r6, r6, #1
        b       .Ltake

.Ltook_all:
        cmp     r6, r4
        bne     .Lmiscounted
.Lgive:
        mov     r0, r5
        ldr     r5, [r5]
        mov     r1, #0
        bl      free_pages
        cmp     r5, #0
        bne     .Lgive
        bl      nr_free_pages
        cmp     r0, r4
        bne     .Lmiscounted
        mov     r1, r7
        pr_info "take_all: all taken, %u poisoned, all given back\n"
.Lmiscounted:
        mov     r0, #0
        pop     {r4-r9, fp, pc}
ENDFUNC take_all_show
