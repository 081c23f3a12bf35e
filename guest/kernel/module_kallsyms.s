@ module_kallsyms.s - the symbols of modules by address and by name (Linux kernel/module/kallsyms.c). Of a module's symbol
@ table the loader keeps what names its memory, in one kmalloc'ed piece:
@
@   MODULE_SYMTAB    MODULE_NUM_SYMTAB rows: value, offset of the name in MODULE_STRTAB
@   MODULE_TYPETAB   a letter each, as nm's for a local symbol
@   MODULE_STRTAB    NUL-ended names

        .include "macros.inc"
        .include "elf.inc"
        .include "module.inc"
        .include "unistd.inc"

        .equ    KS_VALUE,       0
        .equ    KS_NAME,        4
        .equ    KS_SIZE,        8
        .equ    KS_SIZE_SHIFT,  3
        .equ    STT_FILE,       4

        .text
@ ---------------------------------------------------------------------------
@ add_kallsyms - keep the symbols of a module
@
@   in:       r0 = module, r1 = load_info, simplify_symbols done
@   out:      r0 = 0 / -ENOMEM
@   clobbers: r1-r3, ip, flags
@   context:  process, loading
@ ---------------------------------------------------------------------------
FUNC add_kallsyms
        push    {r4-r9, fp, lr}
        add     fp, sp, #24
        mov     r4, r0
        mov     r5, r1
        mov     r6, #0                          @ symbols
        mov     r7, #0                          @ bytes of names
        ldr     r8, [r5, #LOAD_NUM_SYMTAB]
.Lmeasure_symbol:
        subs    r8, r8, #1                      @ down to 1: entry 0 is no symbol
        ble     .Lmeasured
        mov     r0, r5
        mov     r1, r8
        bl      kallsyms_letter
        cmp     r0, #0
        beq     .Lmeasure_symbol
        add     r6, r6, #1
        mov     r0, r1
        bl      strlen
        add     r7, r7, r0
        add     r7, r7, #1
        b       .Lmeasure_symbol

.Lmeasured:
        cmp     r6, #0
        moveq   r0, #0
        beq     .Lkallsyms_added
        add     r0, r6, r6, lsl #KS_SIZE_SHIFT
        add     r0, r0, r7
        bl      module_kmalloc
        cmp     r0, #0
        moveq   r0, #-ENOMEM
        beq     .Lkallsyms_added
        str     r0, [r4, #MODULE_SYMTAB]
        add     r1, r0, r6, lsl #KS_SIZE_SHIFT
        str     r1, [r4, #MODULE_TYPETAB]
        add     r1, r1, r6
        str     r1, [r4, #MODULE_STRTAB]
        str     r6, [r4, #MODULE_NUM_SYMTAB]

        @ In the order of the file: r6 = row, r7 = type, r9 = name to write, r8 = symbol
        mov     r6, r0
        ldr     r7, [r4, #MODULE_TYPETAB]
        mov     r9, r1
        mov     r8, #0
.Lkeep_symbol:
        add     r8, r8, #1
        ldr     r0, [r5, #LOAD_NUM_SYMTAB]
        cmp     r8, r0
        movhs   r0, #0
        bhs     .Lkallsyms_added
        mov     r0, r5
        mov     r1, r8
        bl      kallsyms_letter
        cmp     r0, #0
        beq     .Lkeep_symbol
        strb    r0, [r7], #1
        ldr     r0, [r2, #ST_VALUE]
        str     r0, [r6, #KS_VALUE]
        ldr     r0, [r4, #MODULE_STRTAB]
        sub     r0, r9, r0
        str     r0, [r6, #KS_NAME]
        add     r6, r6, #KS_SIZE
.Lcopy_name:
        ldrb    r0, [r1], #1
        strb    r0, [r9], #1
        cmp     r0, #0
        bne     .Lcopy_name
        b       .Lkeep_symbol
.Lkallsyms_added:
        pop     {r4-r9, fp, pc}
ENDFUNC add_kallsyms

@ ---------------------------------------------------------------------------
@ kallsyms_letter - nm's letter for a symbol that is worth keeping
@
@   in:       r0 = load_info, r1 = index of the symbol
@   out:      r0 = letter, small; 0: not kept (undefined, no name, of the tools', or in no memory); r1 = name, r2 = Elf32_Sym
@   clobbers: r3, ip, flags
@   context:  process, loading
@ ---------------------------------------------------------------------------
LFUNC kallsyms_letter
        push    {r4, r5, fp, lr}
        add     fp, sp, #8
        ldr     r2, [r0, #LOAD_SYMTAB]
        add     r2, r2, r1, lsl #4              @ SYM_ENTSIZE is 16
        ldr     r1, [r0, #LOAD_STRTAB]
        ldr     r3, [r2, #ST_NAME]
        add     r1, r1, r3
        ldrb    r3, [r1]
        cmp     r3, #0
        cmpne   r3, #'$'                        @ $a, $d: where code and data begin
        beq     .Lnot_kept
        cmp     r3, #'.'
        ldrbeq  r3, [r1, #1]
        cmpeq   r3, #'L'                        @ a compiler's own label
        beq     .Lnot_kept
        ldrb    ip, [r2, #ST_INFO]
        and     r3, ip, #0xf
        cmp     r3, #STT_SECTION
        cmpne   r3, #STT_FILE
        beq     .Lnot_kept
        ldrh    r3, [r2, #ST_SHNDX]
        ldr     r4, [r0, #LOAD_SHNUM]
        cmp     r3, #SHN_UNDEF
        beq     .Lnot_kept
        cmp     r3, r4
        bhs     .Lnot_kept
        ldr     r4, [r0, #LOAD_INDEX_PCPU]
        ldr     r5, [r0, #LOAD_SECHDRS]
        cmp     r3, r4
        moveq   r0, #'a'
        beq     .Lletter_known
        shdr_at r4, r5, r3
        ldr     r5, [r4, #SH_FLAGS]
        tst     r5, #SHF_ALLOC
        beq     .Lnot_kept

        and     r3, ip, #0xf
        lsr     ip, ip, #4
        cmp     ip, #STB_WEAK
        beq     .Lweak
        tst     r5, #SHF_EXECINSTR
        movne   r0, #'t'
        bne     .Lletter_known
        ldr     r4, [r4, #SH_TYPE]
        cmp     r4, #SHT_NOBITS
        moveq   r0, #'b'
        beq     .Lletter_known
        tst     r5, #SHF_WRITE
        movne   r0, #'d'
        moveq   r0, #'r'
        b       .Lletter_known
.Lweak:
        cmp     r3, #STT_OBJECT
        moveq   r0, #'v'
        movne   r0, #'w'
        b       .Lletter_known
.Lnot_kept:
        mov     r0, #0
.Lletter_known:
        pop     {r4, r5, fp, pc}
ENDFUNC kallsyms_letter

@ ---------------------------------------------------------------------------
@ module_kallsyms_drop_init - forget the symbols of init memory
@
@   in:       r0 = module
@   out:      -
@   clobbers: r0-r3, ip, flags
@   context:  process, before or after init memory is forgotten
@ ---------------------------------------------------------------------------
FUNC module_kallsyms_drop_init
        push    {r4-r9, fp, lr}
        add     fp, sp, #24
        mov     r4, r0
        ldr     r5, [r4, #MODULE_SYMTAB]
        ldr     r6, [r4, #MODULE_TYPETAB]
        ldr     r7, [r4, #MODULE_NUM_SYMTAB]
        mov     r8, #0                          @ rows looked at
        mov     r9, #0                          @ rows kept
.Llook_at_row:
        cmp     r8, r7
        bhs     .Linit_dropped
        ldrb    r0, [r6, r8]
        cmp     r0, #'a'                        @ per-CPU: lives as long as the module
        beq     .Lkeep_row
        ldr     r0, [r5, r8, lsl #KS_SIZE_SHIFT]
        mov     r1, r4
        bl      within_module
        cmp     r0, #MOD_INIT_TEXT              @ unsigned: -1 goes, too
        addhs   r8, r8, #1
        bhs     .Llook_at_row
.Lkeep_row:
        add     r0, r5, r8, lsl #KS_SIZE_SHIFT
        ldmia   r0, {r1, r2}
        add     r0, r5, r9, lsl #KS_SIZE_SHIFT
        stmia   r0, {r1, r2}
        ldrb    r0, [r6, r8]
        strb    r0, [r6, r9]
        add     r8, r8, #1
        add     r9, r9, #1
        b       .Llook_at_row
.Linit_dropped:
        str     r9, [r4, #MODULE_NUM_SYMTAB]
        pop     {r4-r9, fp, pc}
ENDFUNC module_kallsyms_drop_init

@ ---------------------------------------------------------------------------
@ free_kallsyms - forget a module's symbols
@
@   in:       r0 = module
@   out:      -
@   clobbers: r0-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
FUNC free_kallsyms
        push    {fp, lr}
        add     fp, sp, #0
        mov     r1, r0
        ldr     r0, [r1, #MODULE_SYMTAB]
        mov     r2, #0
        str     r2, [r1, #MODULE_NUM_SYMTAB]
        str     r2, [r1, #MODULE_SYMTAB]
        bl      kfree                           @ takes 0
        pop     {fp, pc}
ENDFUNC free_kallsyms

@ ---------------------------------------------------------------------------
@ module_address_lookup - the symbol of a module that an address belongs to
@
@   in:       r0 = address
@   out:      r0 = its name, or 0; r1 = offset in it; r2 = its size; r3 = name of the module
@   clobbers: ip, flags
@   context:  any
@ ---------------------------------------------------------------------------
FUNC module_address_lookup
        push    {r4-r9, fp, lr}
        add     fp, sp, #24
        mov     r4, r0
        bl      __module_address
        movs    r5, r0
        beq     .Lno_module_symbol
        mov     r0, r4
        mov     r1, r5
        bl      within_module
        cmp     r0, #0
        blt     .Lno_module_symbol
        mov     r1, #MODMEM_ROW
        mla     r1, r0, r1, r5
        ldr     r6, [r1, #MODULE_MEM + MODMEM_BASE]     @ the best so far is not below
        ldr     r7, [r1, #MODULE_MEM + MODMEM_SIZE]
        add     r7, r6, r7                      @ where the next symbol begins
        mov     r8, #0                          @ row of the best
        ldr     r0, [r5, #MODULE_SYMTAB]
        ldr     r1, [r5, #MODULE_NUM_SYMTAB]
.Lcompare_row:
        subs    r1, r1, #1
        blo     .Lrows_compared
        ldr     r2, [r0, #KS_VALUE]
        cmp     r2, r4
        bhi     .Lis_it_next
        cmp     r2, r6
        blo     .Lrow_done
        bhi     .Lbest_so_far
        cmp     r8, #0                          @ of several at one address, the first
        bne     .Lrow_done
.Lbest_so_far:
        mov     r6, r2
        mov     r8, r0
        b       .Lrow_done
.Lis_it_next:
        cmp     r2, r7
        movlo   r7, r2
.Lrow_done:
        add     r0, r0, #KS_SIZE
        b       .Lcompare_row

.Lrows_compared:
        cmp     r8, #0
        beq     .Lno_module_symbol
        ldr     r0, [r8, #KS_NAME]
        ldr     r1, [r5, #MODULE_STRTAB]
        add     r0, r0, r1
        sub     r1, r4, r6
        sub     r2, r7, r6
        add     r3, r5, #MODULE_NAME
        pop     {r4-r9, fp, pc}
.Lno_module_symbol:
        mov     r0, #0
        mov     r1, #0
        mov     r2, #0
        mov     r3, #0
        pop     {r4-r9, fp, pc}
ENDFUNC module_address_lookup

@ ---------------------------------------------------------------------------
@ module_kallsyms_lookup_name - a symbol of any module, or of one: "name", "module:name"
@
@   in:       r0 = name
@   out:      r0 = its value, or 0
@   clobbers: r1-r3, ip, flags
@   context:  any
@ ---------------------------------------------------------------------------
FUNC module_kallsyms_lookup_name
        push    {r4-r9, fp, lr}
        add     fp, sp, #24
        mov     r4, r0
        mov     r5, r0                          @ the symbol's part of it
        mov     r1, #':'
        bl      strchr
        movs    r6, r0                          @ end of the module's name, 0: any
        addne   r5, r0, #1
        ldr     r7, =modules
        ldr     r7, [r7]
.Llook_into_module:
        ldr     r0, =modules
        cmp     r7, r0
        moveq   r0, #0
        beq     .Lname_looked_up
        sub     r8, r7, #MODULE_LIST
        ldr     r7, [r7]
        ldr     r0, [r8, #MODULE_STATE]
        cmp     r0, #MODULE_STATE_UNFORMED
        beq     .Llook_into_module
        cmp     r6, #0
        beq     .Lthis_module
        add     r0, r8, #MODULE_NAME
        mov     r1, r4
        sub     r2, r6, r4
        bl      strncmp
        sub     r2, r6, r4
        add     r1, r8, #MODULE_NAME
        ldrb    r1, [r1, r2]                    @ inside: so far they are the same
        cmp     r0, #0
        cmpeq   r1, #0
        bne     .Llook_into_module
.Lthis_module:
        mov     r0, r8
        mov     r1, r5
        bl      find_kallsyms_symbol
        cmp     r0, #0
        beq     .Llook_into_module
        ldr     r0, [r0, #KS_VALUE]
.Lname_looked_up:
        pop     {r4-r9, fp, pc}
ENDFUNC module_kallsyms_lookup_name

@ r0 = module, r1 = name -> r0 = row of MODULE_SYMTAB, or 0; r1-r3, ip and flags change.
LFUNC find_kallsyms_symbol
        push    {r4-r7, fp, lr}
        add     fp, sp, #16
        ldr     r4, [r0, #MODULE_SYMTAB]
        ldr     r5, [r0, #MODULE_NUM_SYMTAB]
        ldr     r6, [r0, #MODULE_STRTAB]
        mov     r7, r1
.Lcompare_name:
        subs    r5, r5, #1
        movlo   r0, #0
        blo     .Lsymbol_compared
        ldr     r0, [r4, #KS_NAME]
        add     r0, r0, r6
        mov     r1, r7
        bl      strcmp
        cmp     r0, #0
        addne   r4, r4, #KS_SIZE
        bne     .Lcompare_name
        mov     r0, r4
.Lsymbol_compared:
        pop     {r4-r7, fp, pc}
ENDFUNC find_kallsyms_symbol

@ ---------------------------------------------------------------------------
@ module_kallsyms_show - the modules' part of /proc/kallsyms: "address letter name\t[module]", capital when exported
@
@   in:       r0 = seq_file
@   out:      -
@   clobbers: r0-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
FUNC module_kallsyms_show
        push    {r4-r9, fp, lr}
        add     fp, sp, #24
        sub     sp, sp, #8                      @ arguments of seq_printf
        mov     r4, r0
        ldr     r5, =modules
        ldr     r5, [r5]
.Lshow_module:
        ldr     r0, =modules
        cmp     r5, r0
        beq     .Lmodules_shown
        sub     r6, r5, #MODULE_LIST
        ldr     r5, [r5]
        ldr     r0, [r6, #MODULE_STATE]
        cmp     r0, #MODULE_STATE_UNFORMED
        beq     .Lshow_module
        ldr     r7, [r6, #MODULE_SYMTAB]
        mov     r8, #0
.Lshow_row:
        ldr     r0, [r6, #MODULE_NUM_SYMTAB]
        cmp     r8, r0
        bhs     .Lshow_module
        ldr     r0, [r6, #MODULE_STRTAB]
        ldr     r9, [r7, #KS_NAME]
        add     r9, r9, r0
        mov     r0, r6
        mov     r1, r9
        ldr     r2, [r7, #KS_VALUE]
        bl      is_exported
        ldr     r3, [r6, #MODULE_TYPETAB]
        ldrb    r3, [r3, r8]
        cmp     r0, #0
        subne   r3, r3, #'a' - 'A'
        add     r0, r6, #MODULE_NAME
        str     r9, [sp]
        str     r0, [sp, #4]
        bl      capable_syslog
        cmp     r0, #0
        ldrne   r2, [r7, #KS_VALUE]
        moveq   r2, #0                          @ who may not know gets no addresses
        mov     r0, r4
        ldr     r1, =.Lkallsyms_line
        bl      seq_printf
        add     r7, r7, #KS_SIZE
        add     r8, r8, #1
        cmp     r0, #0
        beq     .Lshow_row                      @ else this read has all it wants
.Lmodules_shown:
        sub     sp, fp, #24
        pop     {r4-r9, fp, pc}
ENDFUNC module_kallsyms_show
        string .Lkallsyms_line, "%08x %c %s\t[%s]\n"

@ r0 -> 1 when the reader may see addresses; r3 is kept, flags change.
LFUNC capable_syslog
        push    {r3, r4, fp, lr}
        add     fp, sp, #8
        mov     r0, #CAP_SYSLOG
        bl      capable
        pop     {r3, r4, fp, pc}
ENDFUNC capable_syslog

@ ---------------------------------------------------------------------------
@ is_exported - does a module export this name with this value?
@
@   in:       r0 = module, r1 = name, r2 = value
@   out:      r0 = 1 / 0
@   clobbers: r1-r3, ip, flags
@   context:  any
@ ---------------------------------------------------------------------------
LFUNC is_exported
        push    {r4-r7, fp, lr}
        add     fp, sp, #16
        mov     r4, r0
        mov     r5, r1
        mov     r6, r2
        mov     r0, r5
        ldr     r1, [r4, #MODULE_SYMS]
        ldr     r2, [r4, #MODULE_NUM_SYMS]
        bl      search_table
        cmp     r0, #0
        bne     .Lexported_as
        mov     r0, r5
        ldr     r1, [r4, #MODULE_GPL_SYMS]
        ldr     r2, [r4, #MODULE_NUM_GPL_SYMS]
        bl      search_table
        cmp     r0, #0
        beq     .Lexported_known
.Lexported_as:
        ldr     r0, [r0, #KSYM_VALUE]
        cmp     r0, r6
        moveq   r0, #1
        movne   r0, #0
.Lexported_known:
        pop     {r4-r7, fp, pc}
ENDFUNC is_exported
