@ module_symbols.s - finding exported symbols (Linux kernel/module/main.c), in the tables of the kernel and of each
@ module; module_search.s looks through one table. lookup_compares counts names compared, lookup_count calls of
@ find_symbol: their quotient is what a search by halves was worth.

        .include "macros.inc"
        .include "params.inc"
        .include "module.inc"
        .include "find_symbol.inc"

        .text
@ ---------------------------------------------------------------------------
@ find_symbol - an exported symbol by its name: the kernel's, the kernel's GPL-only ones, then each module's
@
@   in:       r0 = name, r1 = 1: GPL-only ones too, r2 = where FSA_* go
@   out:      r0 = struct kernel_symbol, or 0
@   clobbers: r1-r3, ip, flags
@   context:  module_mutex held or preemption off: the list must not change meanwhile
@ ---------------------------------------------------------------------------
FUNC find_symbol
        push    {r4-r9, fp, lr}
        add     fp, sp, #24
        mov     r4, r0
        mov     r5, r1
        mov     r6, r2
        bl      assert_list_is_still
        ldr     r0, =lookup_count
        ldr     r1, [r0]
        add     r1, r1, #1
        str     r1, [r0]

        bl      kernel_tables
        mov     r7, r0
        mov     r8, #0                          @ owner
        bl      find_in_tables
        cmp     r0, #0
        bne     .Lfound

        ldr     r9, =modules
        ldr     r9, [r9]
.Ltry_module:
        ldr     r1, =modules
        cmp     r9, r1
        moveq   r0, #0
        beq     .Lfound
        sub     r8, r9, #MODULE_LIST
        ldr     r9, [r9]
        ldr     r0, [r8, #MODULE_STATE]
        cmp     r0, #MODULE_STATE_UNFORMED
        beq     .Ltry_module
        mov     r0, r8
        bl      module_tables
        mov     r7, r0
        bl      find_in_tables
        cmp     r0, #0
        beq     .Ltry_module
.Lfound:
        pop     {r4-r9, fp, pc}
ENDFUNC find_symbol

@ A table of exports: where it begins, how many rows it has, and its CRCs, 0 when there are none.
        .equ    TABLE_SYMS,     0
        .equ    TABLE_NUM,      4
        .equ    TABLE_CRCS,     8
        .equ    TABLE_SIZE,     12

@ ---------------------------------------------------------------------------
@ kernel_tables - the kernel's two tables of exports, from the borders that the linker script has set
@
@   in:       -
@   out:      r0 = two rows of TABLE_*: for anyone, for GPL-compatible modules
@   clobbers: r1-r3, ip, flags
@   context:  one at a time
@ ---------------------------------------------------------------------------
LFUNC kernel_tables
        push    {r4-r7, fp, lr}
        add     fp, sp, #16
        ldr     r4, =kernel_table_borders
        ldr     r5, =tables_of_owner
        mov     r6, #2
.Lnext_table:
        ldmia   r4!, {r0-r3}
        sub     r1, r1, r0
        mov     ip, #KSYM_SIZE
        udiv    r1, r1, ip
        sub     r3, r3, r2
        cmp     r1, r3, lsr #2
        movne   r2, #0                          @ not a CRC for each: the build made none
        stmia   r5!, {r0-r2}
        subs    r6, r6, #1
        bne     .Lnext_table
        ldr     r0, =tables_of_owner
        pop     {r4-r7, fp, pc}
ENDFUNC kernel_tables

        RODATA
        .balign 4
kernel_table_borders:
        .word   __start___ksymtab, __stop___ksymtab, __start___kcrctab, __stop___kcrctab
        .word   __start___ksymtab_gpl, __stop___ksymtab_gpl, __start___kcrctab_gpl, __stop___kcrctab_gpl

        .text
@ ---------------------------------------------------------------------------
@ module_tables - a module's two tables of exports
@
@   in:       r0 = struct module
@   out:      r0 = two rows of TABLE_*: for anyone, for GPL-compatible modules
@   clobbers: r1-r3
@   context:  one at a time
@ ---------------------------------------------------------------------------
LFUNC module_tables
        mov     r3, r0
        ldr     r0, =tables_of_owner
        ldr     r1, [r3, #MODULE_SYMS]
        ldr     r2, [r3, #MODULE_NUM_SYMS]
        str     r1, [r0, #TABLE_SYMS]
        str     r2, [r0, #TABLE_NUM]
        ldr     r1, [r3, #MODULE_CRCS]
        str     r1, [r0, #TABLE_CRCS]
        ldr     r1, [r3, #MODULE_GPL_SYMS]
        ldr     r2, [r3, #MODULE_NUM_GPL_SYMS]
        str     r1, [r0, #TABLE_SIZE + TABLE_SYMS]
        str     r2, [r0, #TABLE_SIZE + TABLE_NUM]
        ldr     r1, [r3, #MODULE_GPL_CRCS]
        str     r1, [r0, #TABLE_SIZE + TABLE_CRCS]
        bx      lr
ENDFUNC module_tables

@ ---------------------------------------------------------------------------
@ find_in_tables - a name in the tables of one owner
@
@   in:       r4 = name, r5 = 1: GPL-only ones too, r6 = where FSA_* go, r7 = tables, r8 = their owner
@   out:      r0 = struct kernel_symbol and FSA_* filled, or 0
@   clobbers: r1-r3, ip, flags
@   context:  find_symbol
@ ---------------------------------------------------------------------------
LFUNC find_in_tables
        push    {r9, r10, fp, lr}
        add     fp, sp, #8
        mov     r9, r7
        mov     r10, #NOT_GPL_ONLY
.Lsearch_table:
        mov     r0, r4
        ldr     r1, [r9, #TABLE_SYMS]
        ldr     r2, [r9, #TABLE_NUM]
        bl      search_table
        ldr     ip, =lookup_compares
        ldr     r3, [ip]
        add     r3, r3, r1
        str     r3, [ip]
        cmp     r0, #0
        bne     .Lin_this_table
        cmp     r10, #GPL_ONLY
        beq     .Lnot_in_tables
        cmp     r5, #0
        addne   r9, r9, #TABLE_SIZE
        movne   r10, #GPL_ONLY
        bne     .Lsearch_table
        b       .Lnot_in_tables

.Lin_this_table:
        str     r8, [r6, #FSA_OWNER]
        str     r10, [r6, #FSA_LICENSE]
        ldr     r1, [r9, #TABLE_SYMS]
        ldr     r2, [r9, #TABLE_CRCS]
        sub     r1, r0, r1
        mov     r3, #KSYM_SIZE
        udiv    r1, r1, r3
        cmp     r2, #0
        addne   r2, r2, r1, lsl #2
        str     r2, [r6, #FSA_CRC]
.Lnot_in_tables:
        pop     {r9, r10, fp, pc}
ENDFUNC find_in_tables

@ ---------------------------------------------------------------------------
@ assert_list_is_still - complain when the list of modules might change under the caller's feet
@
@   in:       -
@   out:      -
@   clobbers: r0-r3, ip, flags
@   context:  any
@ ---------------------------------------------------------------------------
LFUNC assert_list_is_still
        push    {fp, lr}
        add     fp, sp, #0
        bl      module_mutex_held
        ldr     r1, =preempt_count
        ldr     r1, [r1]
        orrs    r0, r0, r1
        bne     .Llist_is_still
        ldr     r0, =.Lnot_still
        bl      warn
.Llist_is_still:
        pop     {fp, pc}
ENDFUNC assert_list_is_still
        string .Lnot_still, "find_symbol: module_mutex is not held and preemption is on\n"

        INIT_TEXT
@ module_lookup=linear or binary
LFUNC module_lookup_setup
        push    {r4, r5, fp, lr}
        add     fp, sp, #8
        movs    r4, r0
        beq     .Lbad_lookup
        ldr     r1, =.Llinear
        bl      strcmp
        cmp     r0, #0
        moveq   r5, #1
        beq     .Llookup_known
        mov     r0, r4
        ldr     r1, =.Lbinary
        bl      strcmp
        cmp     r0, #0
        mov     r5, #0
        bne     .Lbad_lookup
.Llookup_known:
        ldr     r1, =module_lookup_linear
        str     r5, [r1]
        mov     r0, #0
        pop     {r4, r5, fp, pc}
.Lbad_lookup:
        mov     r0, #-EINVAL
        pop     {r4, r5, fp, pc}
ENDFUNC module_lookup_setup
        __setup "module_lookup", module_lookup_setup
        init_string .Llinear, "linear"
        init_string .Lbinary, "binary"

        .bss
        .balign 4
        .global lookup_count, lookup_compares, module_lookup_linear
lookup_count:
        .space  4                               @ calls of find_symbol
lookup_compares:
        .space  4                               @ names they compared
module_lookup_linear:
        .space  4                               @ 1: one by one
tables_of_owner:
        .space  2 * TABLE_SIZE
