@ module_search.s - a name in one table of exports (Linux lib/bsearch.c). The build sorts the tables by name, so a search
@ by halves finds it; module_lookup=linear on the command line goes through them one by one, as kernels before 3.0 did.

        .include "macros.inc"
        .include "module.inc"

        .text
@ ---------------------------------------------------------------------------
@ search_table - a name in one sorted table
@
@   in:       r0 = name, r1 = struct kernel_symbol[], r2 = how many
@   out:      r0 = its row, or 0; r1 = names compared
@   clobbers: r2, r3, ip, flags
@   context:  any
@ ---------------------------------------------------------------------------
FUNC search_table
        push    {r4-r9, fp, lr}
        add     fp, sp, #24
        mov     r4, r0
        mov     r5, r1                          @ first row that may be it
        mov     r6, r2                          @ rows that may be it
        mov     r8, #0                          @ names compared
        ldr     r9, =module_lookup_linear
        ldr     r9, [r9]
.Lcompare_next:
        cmp     r6, #0
        moveq   r0, #0
        beq     .Lsearch_done
        lsr     r7, r6, #1
        cmp     r9, #0
        movne   r7, #0                          @ linear: always the first
        add     r7, r7, r7, lsl #1
        add     r7, r5, r7, lsl #2              @ the row to look at: KSYM_SIZE is 12
        add     r8, r8, #1
        mov     r0, r4
        ldr     r1, [r7, #KSYM_NAME]
        bl      strcmp
        cmp     r0, #0
        moveq   r0, r7
        beq     .Lsearch_done
        cmp     r9, #0
        bne     .Lnext_row
        cmp     r0, #0
        subgt   r6, r6, #1
        addgt   r5, r7, #KSYM_SIZE              @ behind it, one row fewer
        lsr     r6, r6, #1
        b       .Lcompare_next
.Lnext_row:
        add     r5, r5, #KSYM_SIZE
        sub     r6, r6, #1
        b       .Lcompare_next
.Lsearch_done:
        mov     r1, r8
        pop     {r4-r9, fp, pc}
ENDFUNC search_table
