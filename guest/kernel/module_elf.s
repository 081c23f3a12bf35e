@ module_elf.s - is the file what it says? Every offset, index and string that later stages follow is checked here,
@ once, against the bytes that are there; then section headers and symbols are copied, because they will be written to.
@ The file itself never is, so what was checked stays true. Messages and their order are Linux's (kernel/module/main.c).

        .include "macros.inc"
        .include "elf.inc"
        .include "module.inc"

        .text
@ ---------------------------------------------------------------------------
@ elf_validity_cache_copy - all checks of the file's own structure
@
@   in:       r0 = load_info: LOAD_HDR, LOAD_LEN
@   out:      r0 = 0 / -ENOEXEC / -ENOMEM; set: LOAD_SECHDRS, SHNUM, SECSTRINGS, SYMTAB, STRTAB, NAME, the indices
@   clobbers: r1-r3, ip, flags
@   context:  process, load_module. What it allocates, elf_copies_free frees
@ ---------------------------------------------------------------------------
FUNC elf_validity_cache_copy
        push    {r4, r5, fp, lr}
        add     fp, sp, #8
        mov     r4, r0
        bl      elf_validity_ehdr
        cmp     r0, #0
        moveq   r0, r4
        bleq    elf_validity_cache_sechdrs
        cmp     r0, #0
        moveq   r0, r4
        bleq    elf_validity_sections
        cmp     r0, #0
        moveq   r0, r4
        bleq    elf_validity_cache_secstrings
        cmp     r0, #0
        moveq   r0, r4
        bleq    elf_validity_cache_index_info
        cmp     r0, #0
        moveq   r0, r4
        bleq    elf_validity_cache_index_mod
        cmp     r0, #0
        moveq   r0, r4
        bleq    elf_validity_cache_index_sym
        cmp     r0, #0
        moveq   r0, r4
        bleq    elf_validity_cache_strtab
        pop     {r4, r5, fp, pc}
ENDFUNC elf_validity_cache_copy

@ ---------------------------------------------------------------------------
@ elf_copies_free - give back the copies of section headers and symbols
@
@   in:       r0 = load_info
@   out:      -
@   clobbers: r0-r3, ip, flags
@   context:  process; a second call does nothing
@ ---------------------------------------------------------------------------
FUNC elf_copies_free
        push    {r4, r5, fp, lr}
        add     fp, sp, #8
        mov     r4, r0
        mov     r5, #0
        ldr     r0, [r4, #LOAD_SECHDRS]
        str     r5, [r4, #LOAD_SECHDRS]
        bl      kfree
        ldr     r0, [r4, #LOAD_SYMTAB]
        str     r5, [r4, #LOAD_SYMTAB]
        bl      kfree
        pop     {r4, r5, fp, pc}
ENDFUNC elf_copies_free

@ ---------------------------------------------------------------------------
@ elf_validity_ehdr - a relocatable ARM object at all?
@
@   in:       r0 = load_info
@   out:      r0 = 0 / -ENOEXEC
@   clobbers: r1-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
FUNC elf_validity_ehdr
        push    {r4, r5, fp, lr}
        add     fp, sp, #8
        ldr     r4, [r0, #LOAD_HDR]
        ldr     r1, [r0, #LOAD_LEN]
        cmp     r1, #EHDR_SIZE
        blo     .Lbad_length
        ldr     r0, [r4, #EI_MAG]
        ldr     r1, =ELF_MAGIC
        cmp     r0, r1
        bne     .Lbad_magic
        ldrh    r1, [r4, #E_TYPE]
        cmp     r1, #ET_REL
        bne     .Lbad_type
        ldrh    r1, [r4, #E_MACHINE]
        cmp     r1, #EM_ARM
        bne     .Lbad_machine
        ldrh    r1, [r4, #E_SHENTSIZE]
        cmp     r1, #SHDR_SIZE
        bne     .Lbad_shentsize
        mov     r0, #0
        pop     {r4, r5, fp, pc}

.Lbad_length:
        pr_err  "Invalid ELF header len %u\n"
        b       .Lnot_an_object
.Lbad_magic:
        pr_err  "Invalid ELF header magic: != \177ELF\n"
        b       .Lnot_an_object
.Lbad_type:
        mov     r2, #ET_REL
        pr_err  "Invalid ELF header type: %u != %u\n"
        b       .Lnot_an_object
.Lbad_machine:
        pr_err  "Invalid architecture in ELF header: %u\n"
        b       .Lnot_an_object
.Lbad_shentsize:
        pr_err  "Invalid ELF section header size\n"
.Lnot_an_object:
        mov     r0, #-ENOEXEC
        pop     {r4, r5, fp, pc}
ENDFUNC elf_validity_ehdr

@ ---------------------------------------------------------------------------
@ elf_validity_cache_sechdrs - the section headers lie in the file; copy them
@
@   in:       r0 = load_info
@   out:      r0 = 0 / -ENOEXEC / -ENOMEM; LOAD_SECHDRS, LOAD_SHNUM
@   clobbers: r1-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
FUNC elf_validity_cache_sechdrs
        push    {r4-r7, fp, lr}
        add     fp, sp, #16
        mov     r4, r0
        ldr     r5, [r4, #LOAD_HDR]
        ldr     r6, [r5, #E_SHOFF]
        ldrh    r7, [r5, #E_SHNUM]
        str     r7, [r4, #LOAD_SHNUM]
        cmp     r7, #0
        beq     .Lbad_headers                   @ there is not even the null section
        mov     r0, #SHDR_SIZE
        mul     r7, r7, r0                      @ bytes: below 2.5 MiB
        ldr     r1, [r4, #LOAD_LEN]
        subs    r1, r1, r6                      @ from e_shoff to the end
        bls     .Lbad_headers
        cmp     r7, r1
        bhi     .Lbad_headers

        mov     r0, r7
        bl      module_kmalloc
        cmp     r0, #0
        moveq   r0, #-ENOMEM
        beq     .Lsechdrs_done
        str     r0, [r4, #LOAD_SECHDRS]
        add     r1, r5, r6
        mov     r2, r7
        bl      memcpy
        mov     r0, #0
.Lsechdrs_done:
        pop     {r4-r7, fp, pc}

.Lbad_headers:
        pr_err  "Invalid ELF section header overflow\n"
        mov     r0, #-ENOEXEC
        pop     {r4-r7, fp, pc}
ENDFUNC elf_validity_cache_sechdrs

@ ---------------------------------------------------------------------------
@ elf_validity_sections - section 0 is null, the data of every other one lies in the file
@
@   in:       r0 = load_info
@   out:      r0 = 0 / -ENOEXEC
@   clobbers: r1-r3, ip, flags
@   context:  process. SHT_NULL and SHT_NOBITS have no data in the file
@ ---------------------------------------------------------------------------
FUNC elf_validity_sections
        push    {r4-r7, fp, lr}
        add     fp, sp, #16
        ldr     r4, [r0, #LOAD_SECHDRS]
        ldr     r5, [r0, #LOAD_SHNUM]
        ldr     r6, [r0, #LOAD_LEN]
        ldr     r1, [r4, #SH_TYPE]
        ldr     r2, [r4, #SH_SIZE]
        ldr     r3, [r4, #SH_ADDR]
        orr     r2, r2, r3
        orrs    r2, r2, r1
        bne     .Lbad_section_0

        mov     r7, #1
.Lcheck_section:
        cmp     r7, r5
        moveq   r0, #0
        popeq   {r4-r7, fp, pc}
        add     r4, r4, #SHDR_SIZE
        ldr     r2, [r4, #SH_TYPE]
        cmp     r2, #SHT_NULL
        cmpne   r2, #SHT_NOBITS
        beq     .Lno_data
        ldr     r0, [r4, #SH_OFFSET]
        ldr     r1, [r4, #SH_SIZE]
        adds    r0, r0, r1
        bcs     .Lbad_section
        cmp     r0, r6
        bhi     .Lbad_section
.Lno_data:
        add     r7, r7, #1
        b       .Lcheck_section

.Lbad_section_0:
        pr_err  "ELF Spec violation: section 0 type(%d)!=SH_NULL or non-zero len or addr\n"
        mov     r0, #-ENOEXEC
        pop     {r4-r7, fp, pc}
.Lbad_section:
        mov     r1, r7
        pr_err  "Invalid ELF section in module (section %u type %u)\n"
        mov     r0, #-ENOEXEC
        pop     {r4-r7, fp, pc}
ENDFUNC elf_validity_sections

@ ---------------------------------------------------------------------------
@ elf_validity_cache_secstrings - every section has a name that ends
@
@   in:       r0 = load_info
@   out:      r0 = 0 / -ENOEXEC; LOAD_SECSTRINGS
@   clobbers: r1-r3, ip, flags
@   context:  process. The name of a SHT_NULL section means nothing: it becomes ""
@ ---------------------------------------------------------------------------
FUNC elf_validity_cache_secstrings
        push    {r4-r9, fp, lr}
        add     fp, sp, #24
        mov     r4, r0
        ldr     r5, [r4, #LOAD_HDR]
        ldr     r7, [r4, #LOAD_SHNUM]
        ldrh    r1, [r5, #E_SHSTRNDX]
        cmp     r1, #SHN_UNDEF
        beq     .Lbad_shstrndx
        cmp     r1, r7
        bhs     .Lbad_shstrndx
        ldr     r6, [r4, #LOAD_SECHDRS]
        shdr_at r8, r6, r1
        ldr     r1, [r8, #SH_TYPE]
        cmp     r1, #SHT_STRTAB
        bne     .Lbad_shstr_type
        ldr     r9, [r8, #SH_SIZE]
        cmp     r9, #0
        beq     .Lempty_shstrtab
        ldr     r0, [r8, #SH_OFFSET]
        add     r0, r5, r0
        str     r0, [r4, #LOAD_SECSTRINGS]
        add     r1, r0, r9
        ldrb    r1, [r1, #-1]
        cmp     r1, #0
        bne     .Lopen_shstrtab

        sub     r8, r9, #1                      @ offset of its last byte, a NUL
        mov     r1, #0
.Lcheck_name:
        ldr     r2, [r6, #SH_TYPE]
        cmp     r2, #SHT_NULL
        streq   r8, [r6, #SH_NAME]
        ldr     r0, [r6, #SH_NAME]
        cmp     r0, r9
        bhs     .Lbad_name
        add     r6, r6, #SHDR_SIZE
        add     r1, r1, #1
        cmp     r1, r7
        bne     .Lcheck_name
        mov     r0, #0
        pop     {r4-r9, fp, pc}

.Lbad_shstrndx:
        mov     r2, r1
        mov     r3, r7
        pr_err  "Invalid ELF section name index: %d || e_shstrndx (%d) >= e_shnum (%d)\n"
        b       .Lbad_secstrings
.Lbad_shstr_type:
        pr_err  "Invalid ELF section name table type: %u\n"
        b       .Lbad_secstrings
.Lempty_shstrtab:
        pr_err  "empty section name table\n"
        b       .Lbad_secstrings
.Lopen_shstrtab:
        pr_err  "ELF Spec violation: section name table isn't null terminated\n"
        b       .Lbad_secstrings
.Lbad_name:
        pr_err  "Invalid ELF section name in module (section %u type %u)\n"
.Lbad_secstrings:
        mov     r0, #-ENOEXEC
        pop     {r4-r9, fp, pc}
ENDFUNC elf_validity_cache_secstrings

@ ---------------------------------------------------------------------------
@ elf_validity_cache_index_info - at most one .modinfo, made of strings that end
@
@   in:       r0 = load_info
@   out:      r0 = 0 / -ENOEXEC; LOAD_INDEX_INFO (0: none), LOAD_NAME from its name= (0: none)
@   clobbers: r1-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
FUNC elf_validity_cache_index_info
        push    {r4, r5, fp, lr}
        add     fp, sp, #8
        mov     r4, r0
        ldr     r1, =.Lmodinfo
        bl      find_any_unique_sec
        cmp     r0, #0
        blt     .Ltwo_modinfo
        str     r0, [r4, #LOAD_INDEX_INFO]
        beq     .Lindex_info_done
        ldr     r1, [r4, #LOAD_SECHDRS]
        shdr_at r5, r1, r0
        ldr     r1, [r5, #SH_TYPE]
        cmp     r1, #SHT_NOBITS
        beq     .Lopen_modinfo
        ldr     r2, [r5, #SH_SIZE]
        cmp     r2, #0
        beq     .Lindex_info_done
        ldr     r0, [r4, #LOAD_HDR]
        ldr     r1, [r5, #SH_OFFSET]
        add     r0, r0, r1
        add     r0, r0, r2
        ldrb    r0, [r0, #-1]
        cmp     r0, #0
        bne     .Lopen_modinfo
        mov     r0, r4
        ldr     r1, =.Lname_tag
        bl      get_modinfo
        str     r0, [r4, #LOAD_NAME]
.Lindex_info_done:
        mov     r0, #0
        pop     {r4, r5, fp, pc}

.Ltwo_modinfo:
        pr_err  "Only one .modinfo section must exist.\n"
        mov     r0, #-ENOEXEC
        pop     {r4, r5, fp, pc}
.Lopen_modinfo:
        pr_err  "ELF Spec violation: section .modinfo isn't null terminated\n"
        mov     r0, #-ENOEXEC
        pop     {r4, r5, fp, pc}
ENDFUNC elf_validity_cache_index_info
        string .Lmodinfo, ".modinfo"
        string .Lname_tag, "name"

@ ---------------------------------------------------------------------------
@ elf_validity_cache_index_mod - exactly one struct module, in writable data, with a name
@
@   in:       r0 = load_info
@   out:      r0 = 0 / -ENOEXEC; LOAD_INDEX_MOD, and LOAD_NAME where .modinfo had none
@   clobbers: r1-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
FUNC elf_validity_cache_index_mod
        push    {r4, r5, fp, lr}
        add     fp, sp, #8
        mov     r4, r0
        ldr     r1, =.Lthis_module
        bl      find_any_unique_sec
        cmp     r0, #0
        ble     .Lnot_one_module
        str     r0, [r4, #LOAD_INDEX_MOD]
        ldr     r1, [r4, #LOAD_SECHDRS]
        shdr_at r5, r1, r0
        ldr     r0, [r5, #SH_TYPE]
        cmp     r0, #SHT_NOBITS
        cmpne   r0, #SHT_NULL
        beq     .Lmodule_without_data
        ldr     r0, [r5, #SH_FLAGS]
        tst     r0, #SHF_ALLOC
        beq     .Lmodule_not_alloc
        ldr     r0, [r5, #SH_SIZE]
        cmp     r0, #MODULE_SIZE
        bne     .Lmodule_size
        ldr     r0, [r5, #SH_FLAGS]
        and     r0, r0, #SHF_WRITE | SHF_EXECINSTR
        cmp     r0, #SHF_WRITE
        bne     .Lmodule_not_data

        ldr     r0, [r4, #LOAD_HDR]
        ldr     r1, [r5, #SH_OFFSET]
        add     r0, r0, r1
        add     r0, r0, #MODULE_NAME
        ldrb    r3, [r0]
        cmp     r3, #0
        beq     .Lmodule_name                   @ delete_module could not name it
        mov     r1, #MODULE_NAME_LEN
        mov     r2, r0
.Lfind_end:
        ldrb    r3, [r2], #1
        cmp     r3, #0
        beq     .Lname_ends
        subs    r1, r1, #1
        bne     .Lfind_end
        b       .Lmodule_name

.Lname_ends:
        ldr     r1, [r4, #LOAD_NAME]
        cmp     r1, #0
        streq   r0, [r4, #LOAD_NAME]
        mov     r0, #0
        pop     {r4, r5, fp, pc}

.Lnot_one_module:
        mov     r0, r4
        bl      load_name
        mov     r1, r0
        pr_err  "module %s: Exactly one .gnu.linkonce.this_module section must exist.\n"
        b       .Lbad_this_module
.Lmodule_without_data:
        mov     r0, r4
        bl      load_name
        mov     r1, r0
        pr_err  "module %s: .gnu.linkonce.this_module section must have a size set\n"
        b       .Lbad_this_module
.Lmodule_not_alloc:
        mov     r0, r4
        bl      load_name
        mov     r1, r0
        pr_err  "module %s: .gnu.linkonce.this_module must occupy memory during process execution\n"
        b       .Lbad_this_module
.Lmodule_size:
        mov     r0, r4
        bl      load_name
        mov     r1, r0
        pr_err  "module %s: .gnu.linkonce.this_module section size must match the kernel's built struct module size at run time\n"
        b       .Lbad_this_module
.Lmodule_not_data:
        mov     r0, r4
        bl      load_name
        mov     r1, r0
        pr_err  "module %s: .gnu.linkonce.this_module must be writable data\n"
        b       .Lbad_this_module
.Lmodule_name:
        mov     r0, r4
        bl      load_name
        mov     r1, r0
        pr_err  "module %s: name in .gnu.linkonce.this_module is empty or isn't null terminated\n"
.Lbad_this_module:
        mov     r0, #-ENOEXEC
        pop     {r4, r5, fp, pc}
ENDFUNC elf_validity_cache_index_mod
        string .Lthis_module, ".gnu.linkonce.this_module"

@ ---------------------------------------------------------------------------
@ elf_validity_cache_index_sym - exactly one symbol table, and its strings; the per-CPU section
@
@   in:       r0 = load_info
@   out:      r0 = 0 / -ENOEXEC; LOAD_INDEX_SYM, LOAD_INDEX_STR, LOAD_INDEX_PCPU (0: none)
@   clobbers: r1-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
FUNC elf_validity_cache_index_sym
        push    {r4-r7, fp, lr}
        add     fp, sp, #16
        mov     r4, r0
        ldr     r5, [r4, #LOAD_SECHDRS]
        ldr     r6, [r4, #LOAD_SHNUM]
        mov     r7, #0                          @ symbol tables found
        mov     r1, #0
        mov     r3, r5
.Lcount_symtabs:
        ldr     r0, [r3, #SH_TYPE]
        cmp     r0, #SHT_SYMTAB
        addeq   r7, r7, #1
        streq   r1, [r4, #LOAD_INDEX_SYM]
        add     r3, r3, #SHDR_SIZE
        add     r1, r1, #1
        cmp     r1, r6
        bne     .Lcount_symtabs
        cmp     r7, #1
        bne     .Lno_symbols

        ldr     r1, [r4, #LOAD_INDEX_SYM]
        shdr_at r7, r5, r1
        ldr     r1, [r7, #SH_LINK]
        cmp     r1, #SHN_UNDEF
        beq     .Lbad_link
        cmp     r1, r6
        bhs     .Lbad_link
        str     r1, [r4, #LOAD_INDEX_STR]
        shdr_at r7, r5, r1
        ldr     r1, [r7, #SH_TYPE]
        cmp     r1, #SHT_STRTAB
        bne     .Lbad_strtab_type

        mov     r0, r4
        ldr     r1, =.Lpercpu
        bl      find_sec
        str     r0, [r4, #LOAD_INDEX_PCPU]
        cmp     r0, #0
        beq     .Lindex_sym_done
        shdr_at r7, r5, r0
        ldr     r2, [r7, #SH_TYPE]
        cmp     r2, #SHT_NOBITS
        mov     r1, r0
        beq     .Lpercpu_without_data
.Lindex_sym_done:
        mov     r0, #0
        pop     {r4-r7, fp, pc}

.Lno_symbols:
        mov     r0, r4
        bl      load_name
        mov     r1, r0
        pr_warn "%s: module has no symbols (stripped?)\n"
        b       .Lbad_index_sym
.Lbad_link:
        mov     r2, r1
        mov     r3, r6
        pr_err  "Invalid ELF sh_link!=SHN_UNDEF(%d) or (sh_link(%d) >= hdr->e_shnum(%d)\n"
        b       .Lbad_index_sym
.Lbad_strtab_type:
        pr_err  "Invalid ELF string table type: %u\n"
        b       .Lbad_index_sym
.Lpercpu_without_data:
        pr_err  "Invalid ELF section in module (section %u type %u)\n"
.Lbad_index_sym:
        mov     r0, #-ENOEXEC
        pop     {r4-r7, fp, pc}
ENDFUNC elf_validity_cache_index_sym
        string .Lpercpu, ".data..percpu"

@ ---------------------------------------------------------------------------
@ elf_validity_cache_strtab - every symbol has a name that ends; copy the symbols
@
@   in:       r0 = load_info, LOAD_INDEX_SYM and _STR set
@   out:      r0 = 0 / -ENOEXEC / -ENOMEM; LOAD_STRTAB, STRTAB_LEN, SYMTAB, NUM_SYMTAB
@   clobbers: r1-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
FUNC elf_validity_cache_strtab
        push    {r4-r9, fp, lr}
        add     fp, sp, #24
        mov     r4, r0
        ldr     r5, [r4, #LOAD_HDR]
        ldr     r6, [r4, #LOAD_SECHDRS]
        ldr     r0, [r4, #LOAD_INDEX_STR]
        shdr_at r7, r6, r0
        ldr     r8, [r7, #SH_SIZE]
        str     r8, [r4, #LOAD_STRTAB_LEN]
        ldr     r0, [r7, #SH_OFFSET]
        add     r0, r5, r0
        str     r0, [r4, #LOAD_STRTAB]
        cmp     r8, #0
        beq     .Lno_leading_nul
        ldrb    r1, [r0]
        cmp     r1, #0
        bne     .Lno_leading_nul
        add     r1, r0, r8
        ldrb    r1, [r1, #-1]
        cmp     r1, #0
        bne     .Lopen_strtab

        ldr     r0, [r4, #LOAD_INDEX_SYM]
        shdr_at r7, r6, r0
        ldr     r6, [r7, #SH_SIZE]
        lsr     r6, r6, #4                      @ symbols: SYM_ENTSIZE is 16
        str     r6, [r4, #LOAD_NUM_SYMTAB]
        cmp     r6, #0
        beq     .Lno_null_symbol
        lsl     r0, r6, #4
        bl      module_kmalloc
        movs    r9, r0
        moveq   r0, #-ENOMEM
        beq     .Lstrtab_done
        str     r9, [r4, #LOAD_SYMTAB]
        ldr     r1, [r7, #SH_OFFSET]
        add     r1, r5, r1
        lsl     r2, r6, #4
        bl      memcpy

.Lcheck_symbol:
        ldr     r0, [r9, #ST_NAME]
        cmp     r0, r8
        bhs     .Lbad_symbol_name
        add     r9, r9, #SYM_ENTSIZE
        subs    r6, r6, #1
        bne     .Lcheck_symbol
        mov     r0, #0
.Lstrtab_done:
        pop     {r4-r9, fp, pc}

.Lno_leading_nul:
        pr_warn "symbol table missing leading NUL\n"
        b       .Lbad_strtab
.Lopen_strtab:
        pr_warn "symbol table isn't NUL terminated\n"
        b       .Lbad_strtab
.Lno_null_symbol:
        mov     r0, r4
        bl      load_name
        mov     r1, r0
        pr_warn "%s: module has no symbols (stripped?)\n"
        b       .Lbad_strtab
.Lbad_symbol_name:
        pr_warn "symbol name out of bounds in string table\n"
.Lbad_strtab:
        mov     r0, #-ENOEXEC
        pop     {r4-r9, fp, pc}
ENDFUNC elf_validity_cache_strtab
