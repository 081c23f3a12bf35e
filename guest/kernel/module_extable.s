@ module_extable.s - a module's tables about its own code: exports, parameters, instructions that may fault, unwind
@ entries. What speaks of init code goes when init code goes; a fault at an address that is free then finds no row.

        .include "macros.inc"
        .include "elf.inc"
        .include "uaccess.inc"
        .include "module.inc"
        .include "moduleparam.inc"

@ struct unwind_table: one .ARM.exidx section and the code it speaks of
        .equ    UNWIND_NEXT,    0
        .equ    UNWIND_START,   4               @ its entries, EXIDX_SIZE each, ascending
        .equ    UNWIND_STOP,    8
        .equ    UNWIND_BEGIN,   12              @ the code
        .equ    UNWIND_END,     16
        .equ    UNWIND_MOD,     20
        .equ    UNWIND_SIZE,    24
        .equ    EXIDX_SIZE,     8               @ PREL31 to a function, and how to unwind it

        .equ    SHT_ARM_EXIDX,  0x70000001

        .text
@ ---------------------------------------------------------------------------
@ find_module_sections - where the tables of a module are that the kernel reads
@
@   in:       r0 = module, r1 = load_info
@   out:      r0 = 0
@   clobbers: r1-r3, ip, flags
@   context:  process, loading; section addresses are final
@ ---------------------------------------------------------------------------
FUNC find_module_sections
        push    {r4-r7, fp, lr}
        add     fp, sp, #16
        mov     r4, r0
        mov     r5, r1
        ldr     r6, =module_tables_of_sections
.Lnext_section:
        ldr     r1, [r6], #4
        cmp     r1, #0
        beq     .Lsections_found
        mov     r0, r5
        ldr     r2, [r6], #4
        bl      section_objs
        cmp     r1, #0
        moveq   r0, #0                          @ no rows: no table
        ldr     r2, [r6], #4
        str     r0, [r4, r2]
        ldr     r2, [r6], #4
        str     r1, [r4, r2]
        b       .Lnext_section

.Lsections_found:
        mov     r0, r4
        mov     r1, r5
        ldr     r2, =.Lkcrctab
        ldr     r3, [r4, #MODULE_NUM_SYMS]
        bl      find_crcs
        str     r0, [r4, #MODULE_CRCS]
        mov     r0, r4
        mov     r1, r5
        ldr     r2, =.Lkcrctab_gpl
        ldr     r3, [r4, #MODULE_NUM_GPL_SYMS]
        bl      find_crcs
        str     r0, [r4, #MODULE_GPL_CRCS]
        mov     r0, #0
        pop     {r4-r7, fp, pc}
ENDFUNC find_module_sections

@ r1 = load_info, r2 = section, r3 = how many exports -> r0 = their CRCs, 0 when there is not one for each; r1-r3, ip and
@ flags change.
LFUNC find_crcs
        push    {r4, r5, fp, lr}
        add     fp, sp, #8
        mov     r4, r3
        mov     r0, r1
        mov     r1, r2
        mov     r2, #4
        bl      section_objs
        cmp     r1, r4
        movne   r0, #0
        pop     {r4, r5, fp, pc}
ENDFUNC find_crcs

        RODATA
        .balign 4
module_tables_of_sections:                      @ section, bytes of a row, fields: address and count
        .word   .Lparam, KPARAM_SIZE, MODULE_KP, MODULE_NUM_KP
        .word   .Lksymtab, KSYM_SIZE, MODULE_SYMS, MODULE_NUM_SYMS
        .word   .Lksymtab_gpl, KSYM_SIZE, MODULE_GPL_SYMS, MODULE_NUM_GPL_SYMS
        .word   .Lex_table, EX_SIZE, MODULE_EXTABLE, MODULE_NUM_EXENTRIES
        .word   0
.Lparam:
        .asciz  "__param"
.Lksymtab:
        .asciz  "__ksymtab"
.Lksymtab_gpl:
        .asciz  "__ksymtab_gpl"
.Lex_table:
        .asciz  "__ex_table"
.Lkcrctab:
        .asciz  "__kcrctab"
.Lkcrctab_gpl:
        .asciz  "__kcrctab_gpl"

        .text
@ --- instructions that may fault ------------------------------------------------------------------------------------------

@ ---------------------------------------------------------------------------
@ sort_module_extable - ascending by instruction, so that rows of init code stand together
@
@   in:       r0 = module, its tables still writable
@   out:      r0 = 0
@   clobbers: r1-r3, ip, flags
@   context:  process, loading
@ ---------------------------------------------------------------------------
FUNC sort_module_extable
        push    {r4-r7, fp, lr}
        add     fp, sp, #16
        ldr     r4, [r0, #MODULE_EXTABLE]
        ldr     r5, [r0, #MODULE_NUM_EXENTRIES]

        @ A heap, the highest on top; then the top goes behind the heap, again and again. Its time is bounded by
        @ n log n whatever a file holds.
        lsr     r6, r5, #1
.Lmake_heap:
        subs    r6, r6, #1
        blo     .Lheap_made
        mov     r0, r6
        mov     r1, r5
        bl      sift_down
        b       .Lmake_heap
.Lheap_made:
        subs    r5, r5, #1
        ble     .Lsorted
        add     r6, r4, r5, lsl #3              @ EX_SIZE is 8
        ldmia   r4, {r0, r1}
        ldmia   r6, {r2, r3}
        stmia   r4, {r2, r3}
        stmia   r6, {r0, r1}
        mov     r0, #0
        mov     r1, r5
        bl      sift_down
        b       .Lheap_made
.Lsorted:
        mov     r0, #0
        pop     {r4-r7, fp, pc}
ENDFUNC sort_module_extable

@ ---------------------------------------------------------------------------
@ sift_down - let a row of a heap sink until none below it is higher
@
@   in:       r0 = its index, r1 = rows of the heap, r4 = the heap
@   out:      -
@   clobbers: r0, r2, r3, ip, flags
@   context:  sort_module_extable
@ ---------------------------------------------------------------------------
LFUNC sift_down
        push    {r5-r8}
        add     r2, r4, r0, lsl #3
        ldmia   r2, {r5, r6}                    @ the row that sinks
.Lsink:
        add     r3, r0, r0
        add     r3, r3, #1                      @ the first below it
        cmp     r3, r1
        bhs     .Lsunk
        add     ip, r4, r3, lsl #3
        ldr     r7, [ip, #EX_INSN]
        add     r8, r3, #1
        cmp     r8, r1
        bhs     .Lhigher_known
        ldr     r2, [ip, #EX_SIZE + EX_INSN]
        cmp     r2, r7                          @ the higher of the two below
        movhi   r7, r2
        addhi   ip, ip, #EX_SIZE
        movhi   r3, r8
.Lhigher_known:
        cmp     r7, r5
        bls     .Lsunk
        ldr     r8, [ip, #EX_FIXUP]
        add     r2, r4, r0, lsl #3
        stmia   r2, {r7, r8}
        mov     r0, r3
        b       .Lsink
.Lsunk:
        add     r2, r4, r0, lsl #3
        stmia   r2, {r5, r6}
        pop     {r5-r8}
        bx      lr
ENDFUNC sift_down

@ ---------------------------------------------------------------------------
@ trim_init_extable - forget the rows of init code: the table is sorted, so they are its head or its tail
@
@   in:       r0 = module, init memory not yet forgotten
@   out:      -
@   clobbers: r0-r3, ip, flags
@   context:  process. Writes struct module only: the table itself is read-only by now
@ ---------------------------------------------------------------------------
FUNC trim_init_extable
        push    {r4-r7, fp, lr}
        add     fp, sp, #16
        mov     r4, r0
        ldr     r5, [r4, #MODULE_EXTABLE]
        ldr     r6, [r4, #MODULE_NUM_EXENTRIES]
.Ltrim_head:
        cmp     r6, #0
        beq     .Ltrimmed
        ldr     r0, [r5, #EX_INSN]
        bl      compare_with_init_text
        bhs     .Ltrim_tail
        add     r5, r5, #EX_SIZE
        sub     r6, r6, #1
        b       .Ltrim_head
.Ltrim_tail:
        add     r0, r5, r6, lsl #3
        ldr     r0, [r0, #EX_INSN - EX_SIZE]
        bl      compare_with_init_text
        bhs     .Ltrimmed
        sub     r6, r6, #1
        b       .Ltrim_tail                     @ ends: the first row is not init's
.Ltrimmed:
        str     r5, [r4, #MODULE_EXTABLE]
        str     r6, [r4, #MODULE_NUM_EXENTRIES]
        pop     {r4-r7, fp, pc}
ENDFUNC trim_init_extable

@ r0 = address, r4 = module -> lower: it lies in init text; r0-r2 change.
LFUNC compare_with_init_text
        ldr     r1, [r4, #MODULE_MEM + MOD_INIT_TEXT * MODMEM_ROW + MODMEM_BASE]
        ldr     r2, [r4, #MODULE_MEM + MOD_INIT_TEXT * MODMEM_ROW + MODMEM_SIZE]
        sub     r0, r0, r1
        cmp     r0, r2
        bx      lr
ENDFUNC compare_with_init_text

@ ---------------------------------------------------------------------------
@ search_module_extables - the fix-up of a module's instruction
@
@   in:       r0 = address of the instruction
@   out:      r0 = struct exception_table_entry, or 0
@   clobbers: r1-r3, ip, flags
@   context:  any
@ ---------------------------------------------------------------------------
FUNC search_module_extables
        push    {r4, r5, fp, lr}
        add     fp, sp, #8
        mov     r4, r0
        bl      __module_address
        cmp     r0, #0
        beq     .Lextable_searched
        ldr     r1, [r0, #MODULE_EXTABLE]
        ldr     r2, [r0, #MODULE_NUM_EXENTRIES]
        mov     r0, #0
.Ltry_row:
        subs    r2, r2, #1
        blo     .Lextable_searched
        ldr     r3, [r1, #EX_INSN]
        cmp     r3, r4
        moveq   r0, r1
        addne   r1, r1, #EX_SIZE
        bne     .Ltry_row
.Lextable_searched:
        pop     {r4, r5, fp, pc}
ENDFUNC search_module_extables

@ --- unwind tables ---------------------------------------------------------------------------------------------------------
@ The kernel finds its callers by frame records; the tables are kept for a module's C code, whose functions have none.

@ ---------------------------------------------------------------------------
@ module_finalize - register each .ARM.exidx section with the code it speaks of
@
@   in:       r0 = module, r1 = load_info
@   out:      r0 = 0 / -ENOMEM
@   clobbers: r1-r3, ip, flags
@   context:  process, loading, after relocation
@ ---------------------------------------------------------------------------
FUNC module_finalize
        push    {r4-r7, fp, lr}
        add     fp, sp, #16
        mov     r4, r0
        mov     r5, r1
        mov     r6, #0                          @ index of a section
.Lnext_header:
        add     r6, r6, #1
        ldr     r0, [r5, #LOAD_SHNUM]
        cmp     r6, r0
        movhs   r0, #0
        bhs     .Lfinalized
        ldr     r0, [r5, #LOAD_SECHDRS]
        shdr_at r7, r0, r6
        ldr     r0, [r7, #SH_TYPE]
        ldr     r1, =SHT_ARM_EXIDX
        cmp     r0, r1
        bne     .Lnext_header
        ldr     r0, [r7, #SH_FLAGS]
        tst     r0, #SHF_ALLOC
        beq     .Lnext_header
        mov     r0, r5
        mov     r1, r7
        bl      code_of_exidx
        movs    r3, r0
        beq     .Lnext_header
        ldr     r1, [r7, #SH_SIZE]
        movs    r1, r1, lsr #3                  @ EXIDX_SIZE is 8
        beq     .Lnext_header
        mov     r0, r4
        mov     r2, r7
        bl      unwind_table_add
        cmp     r0, #0
        bne     .Lnext_header
        mov     r0, r4
        bl      module_arch_cleanup
        mov     r0, #-ENOMEM
.Lfinalized:
        pop     {r4-r7, fp, pc}
ENDFUNC module_finalize

@ ---------------------------------------------------------------------------
@ code_of_exidx - the code section of an unwind section: the one its sh_link says, else the one it is named after
@
@   in:       r0 = load_info, r1 = section header
@   out:      r0 = section header, of a loaded section, or 0
@   clobbers: r1-r3, ip, flags
@   context:  process, loading
@ ---------------------------------------------------------------------------
        .equ    EXIDX_PREFIX,   10              @ bytes of ".ARM.exidx"

LFUNC code_of_exidx
        push    {r4, r5, fp, lr}
        add     fp, sp, #8
        mov     r4, r0
        ldr     r2, [r4, #LOAD_SHNUM]
        ldr     r0, [r1, #SH_LINK]
        cmp     r0, r2
        movhs   r0, #0
        cmp     r0, #0
        bne     .Lcode_index
        mov     r0, r4
        bl      section_name
        mov     r5, r0
        ldr     r1, =.Lexidx
        mov     r2, #EXIDX_PREFIX
        bl      strncmp
        cmp     r0, #0
        movne   r0, #0
        bne     .Lcode_known
        add     r1, r5, #EXIDX_PREFIX
        ldrb    r0, [r1]
        cmp     r0, #0
        ldreq   r1, =.Ltext
        mov     r0, r4
        bl      find_sec
        cmp     r0, #0
        beq     .Lcode_known
.Lcode_index:
        ldr     r1, [r4, #LOAD_SECHDRS]
        shdr_at r2, r1, r0
        ldr     r0, [r2, #SH_FLAGS]
        tst     r0, #SHF_ALLOC
        movne   r0, r2
        moveq   r0, #0
.Lcode_known:
        pop     {r4, r5, fp, pc}
ENDFUNC code_of_exidx
        string .Lexidx, ".ARM.exidx"
        string .Ltext, ".text"

@ ---------------------------------------------------------------------------
@ unwind_table_add - register one
@
@   in:       r0 = module, r1 = entries, r2 = section header of the table, r3 = that of the code
@   out:      r0 = struct unwind_table, or 0
@   clobbers: r1-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
FUNC unwind_table_add
        push    {r4-r7, fp, lr}
        add     fp, sp, #16
        mov     r4, r0
        mov     r5, r1
        mov     r6, r2
        mov     r7, r3
        mov     r0, #UNWIND_SIZE
        bl      module_kmalloc
        cmp     r0, #0
        beq     .Lunwind_added
        ldr     r1, [r6, #SH_ADDR]
        str     r1, [r0, #UNWIND_START]
        add     r1, r1, r5, lsl #3
        str     r1, [r0, #UNWIND_STOP]
        ldr     r1, [r7, #SH_ADDR]
        str     r1, [r0, #UNWIND_BEGIN]
        ldr     r2, [r7, #SH_SIZE]
        add     r1, r1, r2
        str     r1, [r0, #UNWIND_END]
        str     r4, [r0, #UNWIND_MOD]
        ldr     r1, =unwind_tables
        ldr     r2, [r1]
        str     r2, [r0, #UNWIND_NEXT]
        str     r0, [r1]
.Lunwind_added:
        pop     {r4-r7, fp, pc}
ENDFUNC unwind_table_add

@ ---------------------------------------------------------------------------
@ module_arch_freeing_init, module_arch_cleanup - unregister the tables of a module's init code; all of a module's
@
@   in:       r0 = module; freeing_init: init memory not yet forgotten
@   out:      -
@   clobbers: r0-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
FUNC module_arch_freeing_init
        ldr     r1, [r0, #MODULE_MEM + MOD_INIT_TEXT * MODMEM_ROW + MODMEM_BASE]
        ldr     r2, [r0, #MODULE_MEM + MOD_INIT_TEXT * MODMEM_ROW + MODMEM_SIZE]
        b       unwind_tables_del
ENDFUNC module_arch_freeing_init

FUNC module_arch_cleanup
        mov     r1, #0
        mvn     r2, #0
        b       unwind_tables_del
ENDFUNC module_arch_cleanup

@ r0 = module, r1 = start of code, r2 = bytes of it; r0-r3, ip and flags change.
LFUNC unwind_tables_del
        push    {r4-r9, fp, lr}
        add     fp, sp, #24
        mov     r4, r0
        mov     r5, r1
        mov     r6, r2
        ldr     r7, =unwind_tables
.Ltry_table:
        ldr     r8, [r7]                        @ UNWIND_NEXT is the first word
        cmp     r8, #0
        beq     .Ltables_deleted
        ldr     r0, [r8, #UNWIND_MOD]
        cmp     r0, r4
        bne     .Lkeep_table
        ldr     r1, [r8, #UNWIND_BEGIN]
        sub     r1, r1, r5
        cmp     r1, r6
        bhs     .Lkeep_table
        ldr     r0, [r8, #UNWIND_NEXT]
        str     r0, [r7]
        mov     r0, r8
        bl      kfree
        b       .Ltry_table
.Lkeep_table:
        mov     r7, r8
        b       .Ltry_table
.Ltables_deleted:
        pop     {r4-r9, fp, pc}
ENDFUNC unwind_tables_del

@ ---------------------------------------------------------------------------
@ unwind_find_idx - the unwind entry of a code address
@
@   in:       r0 = address
@   out:      r0 = the entry of the function it is in, or 0
@   clobbers: r1-r3, ip, flags
@   context:  any
@ ---------------------------------------------------------------------------
FUNC unwind_find_idx
        ldr     r1, =unwind_tables
.Lfind_table:
        ldr     r1, [r1]
        cmp     r1, #0
        moveq   r0, #0
        bxeq    lr
        ldr     r2, [r1, #UNWIND_BEGIN]
        ldr     r3, [r1, #UNWIND_END]
        cmp     r0, r2
        blo     .Lfind_table
        cmp     r0, r3
        bhs     .Lfind_table

        @ The last entry whose function begins at or below the address.
        ldr     r2, [r1, #UNWIND_START]
        ldr     r3, [r1, #UNWIND_STOP]
        mov     ip, r0
        mov     r0, #0
.Lfind_entry:
        cmp     r2, r3
        bxhs    lr
        ldr     r1, [r2]
        lsl     r1, r1, #1                      @ PREL31: bit 30 is the sign
        add     r1, r2, r1, asr #1
        cmp     r1, ip
        bxhi    lr
        mov     r0, r2
        add     r2, r2, #EXIDX_SIZE
        b       .Lfind_entry
ENDFUNC unwind_find_idx

        .bss
        .balign 4
        .global unwind_tables
unwind_tables:
        .space  4                               @ list of struct unwind_table
