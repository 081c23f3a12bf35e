@ module_layout.s - where each section goes: by its flags and name it belongs to one kind of memory (MOD_*), and each
@ kind is pages of its own. Then the memory is taken and the sections are copied there.

        .include "macros.inc"
        .include "arm.inc"
        .include "elf.inc"
        .include "memory.inc"
        .include "module.inc"

        .equ    SHF_RO_AFTER_INIT, 0x00200000   @ ours, as Linux's: never in a file that is checked
        .equ    PLACE_SHIFT,    28              @ SH_ENTSIZE of a placed section: kind << 28 | offset
        .equ    MODULES_SIZE,   MODULES_END - MODULES_VADDR
        .equ    MEM_TABLE_SIZE, MOD_MEM_NUM_TYPES * MODMEM_ROW
        .equ    THIS_MODULE_ALIGN, 64
        .equ    TABLE_ALIGN,    4               @ every section begins on a word: tables are read by words

        .text
@ ---------------------------------------------------------------------------
@ layout_and_allocate - from checked file to memory of the module's own
@
@   in:       r0 = load_info
@   out:      r0 = 0 / -ENOEXEC / -ENOMEM; SH_ADDR of every loaded section is final, LOAD_MOD and LOAD_NAME are in it
@   clobbers: r1-r3, ip, flags
@   context:  process, load_module. When it fails nothing stays allocated
@ ---------------------------------------------------------------------------
FUNC layout_and_allocate
        push    {r4, r5, fp, lr}
        add     fp, sp, #8
        sub     sp, sp, #MEM_TABLE_SIZE + 4     @ a multiple of 8
        mov     r4, r0
        mov     r0, sp
        mov     r1, #0
        mov     r2, #MEM_TABLE_SIZE
        bl      memset

        mov     r0, r4
        bl      module_enforce_rwx_sections
        cmp     r0, #0
        bne     .Llayout_done
        mov     r0, r4
        bl      mark_special_sections
        mov     r0, r4
        mov     r1, sp
        bl      layout_sections
        cmp     r0, #0
        moveq   r0, r4
        moveq   r1, sp
        bleq    move_module
        cmp     r0, #0
        bne     .Llayout_done
        mov     r0, r4
        mov     r1, sp
        bl      adopt_module
.Llayout_done:
        sub     sp, fp, #8
        pop     {r4, r5, fp, pc}
ENDFUNC layout_and_allocate

@ ---------------------------------------------------------------------------
@ module_enforce_rwx_sections - no memory is both written and executed
@
@   in:       r0 = load_info
@   out:      r0 = 0 / -ENOEXEC
@   clobbers: r1-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
FUNC module_enforce_rwx_sections
        push    {r4-r7, fp, lr}
        add     fp, sp, #16
        mov     r4, r0
        ldr     r5, [r4, #LOAD_SECHDRS]
        ldr     r6, [r4, #LOAD_SHNUM]
        mov     r7, #0
.Lcheck_flags:
        ldr     r0, [r5, #SH_FLAGS]
        and     r0, r0, #SHF_WRITE | SHF_EXECINSTR
        cmp     r0, #SHF_WRITE | SHF_EXECINSTR
        beq     .Lwrite_and_exec
        add     r5, r5, #SHDR_SIZE
        add     r7, r7, #1
        cmp     r7, r6
        bne     .Lcheck_flags
        mov     r0, #0
        pop     {r4-r7, fp, pc}

.Lwrite_and_exec:
        mov     r0, r4
        mov     r1, r5
        bl      section_name
        mov     r2, r0
        ldr     r1, [r4, #LOAD_NAME]
        mov     r3, r7
        pr_err  "%s: section %s (index %d) has invalid WRITE|EXEC flags\n"
        mov     r0, #-ENOEXEC
        pop     {r4-r7, fp, pc}
ENDFUNC module_enforce_rwx_sections

@ ---------------------------------------------------------------------------
@ mark_special_sections - sections that are not treated by their flags alone
@
@   in:       r0 = load_info
@   out:      the per-CPU section is not loaded (percpu_modalloc gives it a place); sections that become read-only
@             after init have SHF_RO_AFTER_INIT, and no other one has
@   clobbers: r0-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
LFUNC mark_special_sections
        push    {r4-r7, fp, lr}
        add     fp, sp, #16
        mov     r4, r0
        ldr     r5, [r4, #LOAD_SECHDRS]
        ldr     r6, [r4, #LOAD_SHNUM]
        ldr     r0, [r4, #LOAD_INDEX_PCPU]
        shdr_at r1, r5, r0                      @ none: the null section, which has no flag to lose
        ldr     r2, [r1, #SH_FLAGS]
        bic     r2, r2, #SHF_ALLOC
        str     r2, [r1, #SH_FLAGS]
.Lmark_section:
        mov     r0, r4
        mov     r1, r5
        bl      section_name
        mov     r7, r0
        ldr     r1, =.Lro_after_init
        bl      strcmp
        cmp     r0, #0
        beq     .Lmark_it
        mov     r0, r7
        ldr     r1, =.Ljump_table
        bl      strcmp
        cmp     r0, #0
.Lmark_it:
        ldr     r1, [r5, #SH_FLAGS]
        bic     r1, r1, #SHF_RO_AFTER_INIT
        orreq   r1, r1, #SHF_RO_AFTER_INIT
        str     r1, [r5, #SH_FLAGS]
        add     r5, r5, #SHDR_SIZE
        subs    r6, r6, #1
        bne     .Lmark_section
        pop     {r4-r7, fp, pc}
ENDFUNC mark_special_sections
        string .Lro_after_init, ".data..ro_after_init"
        string .Ljump_table, "__jump_table"

@ ---------------------------------------------------------------------------
@ layout_sections - give every section that is loaded a kind and an offset
@
@   in:       r0 = load_info, r1 = table of MODMEM_* rows, zero
@   out:      r0 = 0 / -ENOEXEC / -ENOMEM: larger than all memory for modules; MODMEM_SIZE of each kind, SH_ENTSIZE of
@             each section
@   clobbers: r1-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
LFUNC layout_sections
        push    {r4-r9, fp, lr}
        add     fp, sp, #24
        mov     r4, r0
        mov     r5, r1
        ldr     r6, [r4, #LOAD_SECHDRS]
        mov     r7, #0
.Llay_section:
        ldr     r0, [r6, #SH_FLAGS]
        tst     r0, #SHF_ALLOC
        beq     .Lnext_laid
        mov     r0, r4
        mov     r1, r6
        bl      section_kind
        mov     r8, r0
        mov     r0, #MODMEM_ROW
        mla     r9, r8, r0, r5                  @ its row

        @ Alignment: a power of two, at most a page, for pages are what is allocated.
        ldr     r1, [r6, #SH_ADDRALIGN]
        cmp     r1, #TABLE_ALIGN
        movlo   r1, #TABLE_ALIGN
        ldr     r0, [r4, #LOAD_INDEX_MOD]
        cmp     r0, r7
        moveq   r1, #THIS_MODULE_ALIGN
        cmp     r1, #PAGE_SIZE
        bhi     .Lbad_align
        sub     r2, r1, #1
        tst     r1, r2
        bne     .Lbad_align

        ldr     r0, [r9, #MODMEM_SIZE]          @ at most MODULES_SIZE: neither sum below wraps
        add     r0, r0, r2
        bic     r0, r0, r2
        orr     r1, r0, r8, lsl #PLACE_SHIFT
        str     r1, [r6, #SH_ENTSIZE]
        ldr     r1, [r6, #SH_SIZE]
        cmp     r1, #MODULES_SIZE
        bhi     .Ltoo_large
        add     r0, r0, r1
        cmp     r0, #MODULES_SIZE
        bhi     .Ltoo_large
        str     r0, [r9, #MODMEM_SIZE]
.Lnext_laid:
        add     r6, r6, #SHDR_SIZE
        add     r7, r7, #1
        ldr     r0, [r4, #LOAD_SHNUM]
        cmp     r7, r0
        bne     .Llay_section
        mov     r0, #0
        pop     {r4-r9, fp, pc}

.Lbad_align:
        mov     r0, r4
        mov     r1, r6
        bl      section_name
        mov     r2, r0
        ldr     r1, [r4, #LOAD_NAME]
        ldr     r3, [r6, #SH_ADDRALIGN]
        pr_err  "%s: section %s: alignment %u is not a power of two up to a page\n"
        mov     r0, #-ENOEXEC
        pop     {r4-r9, fp, pc}
.Ltoo_large:
        mov     r0, #-ENOMEM
        pop     {r4-r9, fp, pc}
ENDFUNC layout_sections

@ ---------------------------------------------------------------------------
@ section_kind - in which kind of memory does a section belong?
@
@   in:       r0 = load_info, r1 = section header
@   out:      r0 = MOD_*
@   clobbers: r1-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
LFUNC section_kind
        push    {r4, r5, fp, lr}
        add     fp, sp, #8
        ldr     r4, [r1, #SH_FLAGS]
        bl      section_name
        bl      module_init_section
        mov     r1, #MOD_RODATA
        tst     r4, #SHF_WRITE
        movne   r1, #MOD_DATA
        tst     r4, #SHF_RO_AFTER_INIT
        movne   r1, #MOD_RO_AFTER_INIT
        tst     r4, #SHF_EXECINSTR
        movne   r1, #MOD_TEXT
        cmp     r0, #0
        addne   r1, r1, #MOD_INIT_TEXT - MOD_TEXT
        mov     r0, r1
        pop     {r4, r5, fp, pc}
ENDFUNC section_kind

@ ---------------------------------------------------------------------------
@ module_init_section - is it used by init only?
@
@   in:       r0 = name of a section
@   out:      r0 = 1 / 0
@   clobbers: r1-r3, ip, flags
@   context:  any
@ ---------------------------------------------------------------------------
FUNC module_init_section
        push    {r4, r5, fp, lr}
        add     fp, sp, #8
        mov     r4, r0
        ldr     r5, =init_prefixes
.Ltry_prefix:
        ldr     r1, [r5]
        cmp     r1, #0
        moveq   r0, #0
        beq     .Lprefix_known
        mov     r0, r1
        bl      strlen
        mov     r2, r0
        ldr     r0, [r5], #4
        mov     r1, r4
        bl      strncmp
        cmp     r0, #0
        bne     .Ltry_prefix
        mov     r0, #1
.Lprefix_known:
        pop     {r4, r5, fp, pc}
ENDFUNC module_init_section
        string .Linit, ".init"
        string .Lextab_init, ".ARM.extab.init"
        string .Lexidx_init, ".ARM.exidx.init"

        .pushsection .rodata, "a", %progbits
        .balign 4
init_prefixes:
        .word   .Linit, .Lextab_init, .Lexidx_init, 0
        .popsection

@ ---------------------------------------------------------------------------
@ move_module - take memory for each kind and copy the sections there
@
@   in:       r0 = load_info, r1 = table of MODMEM_* rows with the sizes
@   out:      r0 = 0 / -ENOMEM, with nothing allocated; MODMEM_BASE and _PAGES, SH_ADDR of each loaded section
@   clobbers: r1-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
LFUNC move_module
        push    {r4-r9, fp, lr}
        add     fp, sp, #24
        mov     r4, r0
        mov     r5, r1
        mov     r6, r5
        mov     r7, #0
.Lalloc_kind:
        ldr     r0, [r6, #MODMEM_SIZE]
        cmp     r0, #0
        beq     .Lnext_alloc
        mov     r1, r7
        bl      module_mem_alloc
        cmp     r0, #0
        beq     .Lalloc_kind_failed
        str     r0, [r6, #MODMEM_BASE]
        str     r1, [r6, #MODMEM_PAGES]
.Lnext_alloc:
        add     r6, r6, #MODMEM_ROW
        add     r7, r7, #1
        cmp     r7, #MOD_MEM_NUM_TYPES
        bne     .Lalloc_kind

        ldr     r6, [r4, #LOAD_SECHDRS]
        ldr     r7, [r4, #LOAD_SHNUM]
        ldr     r8, [r4, #LOAD_HDR]
.Lcopy_section:
        ldr     r0, [r6, #SH_FLAGS]
        tst     r0, #SHF_ALLOC
        beq     .Lnext_copy
        ldr     r0, [r6, #SH_ENTSIZE]
        lsr     r1, r0, #PLACE_SHIFT
        bic     r0, r0, r1, lsl #PLACE_SHIFT
        mov     r2, #MODMEM_ROW
        mla     r1, r1, r2, r5
        ldr     r1, [r1, #MODMEM_BASE]
        add     r0, r0, r1
        str     r0, [r6, #SH_ADDR]
        ldr     r1, [r6, #SH_TYPE]
        cmp     r1, #SHT_NOBITS                 @ the pages are zero
        beq     .Lnext_copy
        ldr     r1, [r6, #SH_OFFSET]
        add     r1, r8, r1
        ldr     r2, [r6, #SH_SIZE]
        bl      memcpy
.Lnext_copy:
        add     r6, r6, #SHDR_SIZE
        subs    r7, r7, #1
        bne     .Lcopy_section
        mov     r0, #0
        pop     {r4-r9, fp, pc}

.Lalloc_kind_failed:
        cmp     r7, #0
        moveq   r0, #-ENOMEM
        popeq   {r4-r9, fp, pc}
        sub     r7, r7, #1
        sub     r6, r6, #MODMEM_ROW
        ldr     r0, [r6, #MODMEM_BASE]
        bl      module_mem_free
        b       .Lalloc_kind_failed
ENDFUNC move_module

@ ---------------------------------------------------------------------------
@ adopt_module - struct module has its final place: fill it
@
@   in:       r0 = load_info, r1 = table of MODMEM_* rows
@   out:      r0 = 0; LOAD_MOD, LOAD_NAME. Of the file's contents name, init and exit stay, all else is the loader's
@   clobbers: r1-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
LFUNC adopt_module
        push    {r4-r7, fp, lr}
        add     fp, sp, #16
        mov     r4, r0
        mov     r5, r1
        ldr     r1, [r4, #LOAD_SECHDRS]
        ldr     r2, [r4, #LOAD_INDEX_MOD]
        shdr_at r3, r1, r2
        ldr     r6, [r3, #SH_ADDR]
        str     r6, [r4, #LOAD_MOD]
        add     r0, r6, #MODULE_NAME
        str     r0, [r4, #LOAD_NAME]

        mov     r0, r6
        mov     r1, #0
        mov     r2, #MODULE_NAME
        bl      memset
        add     r0, r6, #MODULE_MEM
        mov     r1, #0
        mov     r2, #MODULE_INIT - MODULE_MEM
        bl      memset
        add     r0, r6, #MODULE_INIT + 4
        mov     r1, #0
        mov     r2, #MODULE_EXIT - MODULE_INIT - 4
        bl      memset
        add     r0, r6, #MODULE_EXIT + 4
        mov     r1, #0
        mov     r2, #MODULE_SIZE - MODULE_EXIT - 4
        bl      memset
        add     r0, r6, #MODULE_MEM
        mov     r1, r5
        mov     r2, #MEM_TABLE_SIZE
        bl      memcpy

        ldr     r0, [r5, #MOD_INIT_TEXT * MODMEM_ROW + MODMEM_SIZE]
        ldr     r1, [r5, #MOD_INIT_DATA * MODMEM_ROW + MODMEM_SIZE]
        ldr     r2, [r5, #MOD_INIT_RODATA * MODMEM_ROW + MODMEM_SIZE]
        ldr     r3, [r5, #MOD_INIT_TEXT * MODMEM_ROW + MODMEM_BASE]
        str     r0, [r6, #MODULE_INIT_TEXT_SIZE]
        add     r0, r0, r1
        add     r0, r0, r2
        str     r0, [r6, #MODULE_INIT_SIZE]
        str     r3, [r6, #MODULE_INIT_BASE]

        mov     r0, r6
        mov     r1, #MODULE_STATE_UNFORMED
        bl      module_set_state
        ldr     r0, [r4, #LOAD_FORCED]
        cmp     r0, #0
        movne   r0, r6
        movne   r1, #TAINT_FORCED_MODULE
        blne    add_taint_module
        mov     r0, #0
        pop     {r4-r7, fp, pc}
ENDFUNC adopt_module

@ ---------------------------------------------------------------------------
@ free_module_mem - give back one kind of a module's memory
@
@   in:       r0 = struct module, r1 = MOD_* kind. With MOD_DATA the struct module itself is gone
@   out:      r0 = pages freed
@   clobbers: r1-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
@ First the size, then the barrier, then the memory, then the pointer: an oops may look at this memory right now.
FUNC free_module_mem
        push    {r4-r7, fp, lr}
        add     fp, sp, #16
        mov     r4, r1
        mov     r2, #MODMEM_ROW
        mla     r5, r4, r2, r0
        add     r5, r5, #MODULE_MEM
        mov     r6, #0
        ldr     r0, [r5, #MODMEM_BASE]
        str     r6, [r5, #MODMEM_SIZE]
        str     r6, [r5, #MODMEM_PAGES]
        cmp     r4, #MOD_DATA
        streq   r6, [r5, #MODMEM_BASE]          @ there is no later
        dmb
        bl      module_mem_free
        cmp     r4, #MOD_DATA
        strne   r6, [r5, #MODMEM_BASE]
        pop     {r4-r7, fp, pc}
ENDFUNC free_module_mem

@ ---------------------------------------------------------------------------
@ free_mod_mem - give back all memory of a module
@
@   in:       r0 = struct module
@   out:      -
@   clobbers: r0-r3, ip, flags
@   context:  process; the struct module is gone afterwards
@ ---------------------------------------------------------------------------
FUNC free_mod_mem
        push    {r4, r5, fp, lr}
        add     fp, sp, #8
        mov     r4, r0
        mov     r5, #MOD_MEM_NUM_TYPES - 1
.Lfree_kind:
        cmp     r5, #MOD_DATA
        movne   r0, r4
        movne   r1, r5
        blne    free_module_mem
        subs    r5, r5, #1
        bpl     .Lfree_kind
        mov     r0, r4
        mov     r1, #MOD_DATA                   @ holds struct module: last
        bl      free_module_mem
        pop     {r4, r5, fp, pc}
ENDFUNC free_mod_mem

@ ---------------------------------------------------------------------------
@ module_deallocate - undo layout_and_allocate
@
@   in:       r0 = struct module, r1 = load_info
@   out:      LOAD_MOD is 0
@   clobbers: r0-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
FUNC module_deallocate
        push    {fp, lr}
        add     fp, sp, #0
        mov     r2, #0
        str     r2, [r1, #LOAD_MOD]
        str     r2, [r1, #LOAD_NAME]
        bl      free_mod_mem
        pop     {fp, pc}
ENDFUNC module_deallocate

@ ---------------------------------------------------------------------------
@ module_protect - every kind of memory gets its permissions
@
@   in:       r0 = struct module
@   out:      -
@   clobbers: r0-r3, ip, flags
@   context:  process; nothing of text and rodata is written from here on
@ ---------------------------------------------------------------------------
FUNC module_protect
        push    {r4-r7, fp, lr}
        add     fp, sp, #16
        add     r4, r0, #MODULE_MEM
        mov     r5, #0
.Lprotect_kind:
        ldr     r0, [r4, #MODMEM_BASE]
        ldr     r1, [r4, #MODMEM_PAGES]
        mov     r2, r5
        cmp     r1, #0
        blne    module_mem_protect
        add     r4, r4, #MODMEM_ROW
        add     r5, r5, #1
        cmp     r5, #MOD_MEM_NUM_TYPES
        bne     .Lprotect_kind
        pop     {r4-r7, fp, pc}
ENDFUNC module_protect
