@ module_reloc.s - relocation: each place that names a symbol gets the symbol's value (ELF for the Arm Architecture,
@ AAELF32, 5.6). Here the relocations of a file are gone through; what each type does is in module_reloc_types.s.

        .include "macros.inc"
        .include "elf.inc"
        .include "module.inc"
        .include "reloc.inc"

@ struct reloc_site, on apply_relocate's stack: the relocation at hand
        .equ    SITE_INFO,      0               @ load_info
        .equ    SITE_SECTION,   4               @ index of the relocation section
        .equ    SITE_TARGET,    8               @ header of the section it changes
        .equ    SITE_INDEX,     12              @ number of the relocation
        .equ    SITE_SYM,       16              @ symbol
        .equ    SITE_SYMNAME,   20
        .equ    SITE_OFFSET,    24
        .equ    SITE_TYPE,      28
        .equ    SITE_SIZE,      32

        .text
@ ---------------------------------------------------------------------------
@ apply_relocations - every relocation section whose target was loaded
@
@   in:       r0 = struct module, r1 = load_info, after simplify_symbols
@   out:      r0 = 0 / -ENOEXEC
@   clobbers: r1-r3, ip, flags
@   context:  process, load_module; module memory still writable
@ ---------------------------------------------------------------------------
FUNC apply_relocations
        push    {r4-r9, fp, lr}
        add     fp, sp, #24
        mov     r4, r1
        ldr     r5, [r4, #LOAD_SECHDRS]
        ldr     r6, [r4, #LOAD_SHNUM]
        mov     r7, #1
        add     r8, r5, #SHDR_SIZE
.Lnext_rel_section:
        cmp     r7, r6
        bhs     .Lrelocated
        ldr     r0, [r8, #SH_TYPE]
        cmp     r0, #SHT_REL
        cmpne   r0, #SHT_RELA
        bne     .Lskip_section
        ldr     r1, [r8, #SH_INFO]
        cmp     r1, r6
        bhs     .Lskip_section                  @ of no section
        shdr_at r2, r5, r1
        ldr     r2, [r2, #SH_FLAGS]
        tst     r2, #SHF_ALLOC
        beq     .Lskip_section                  @ debugging information, for instance
        cmp     r0, #SHT_RELA
        beq     .Lwith_addend
        mov     r0, r4
        mov     r1, r7
        bl      apply_relocate
        cmp     r0, #0
        bne     .Lapply_done
.Lskip_section:
        add     r8, r8, #SHDR_SIZE
        add     r7, r7, #1
        b       .Lnext_rel_section

.Lwith_addend:
        ldr     r1, [r4, #LOAD_NAME]
        pr_err  "module %s: RELA relocation unsupported\n"
        mov     r0, #-ENOEXEC
        b       .Lapply_done
.Lrelocated:
        mov     r0, #0
.Lapply_done:
        pop     {r4-r9, fp, pc}
ENDFUNC apply_relocations

@ ---------------------------------------------------------------------------
@ apply_relocate - the relocations of one section
@
@   in:       r0 = load_info, r1 = index of the relocation section
@   out:      r0 = 0 / -ENOEXEC
@   clobbers: r1-r3, ip, flags
@   context:  process, module memory still writable
@ ---------------------------------------------------------------------------
FUNC apply_relocate
        push    {r4-r9, fp, lr}
        add     fp, sp, #24
        sub     sp, sp, #SITE_SIZE
        mov     r4, r0
        str     r0, [sp, #SITE_INFO]
        str     r1, [sp, #SITE_SECTION]
        ldr     r2, [r4, #LOAD_SECHDRS]
        shdr_at r3, r2, r1
        ldr     r5, [r3, #SH_ADDR]              @ the relocation looked at
        ldr     r6, [r3, #SH_SIZE]
        lsr     r6, r6, #3                      @ how many: REL_ENTSIZE is 8
        ldr     r0, [r3, #SH_INFO]
        shdr_at r7, r2, r0
        str     r7, [sp, #SITE_TARGET]
        mov     r8, #0
.Lnext_rel:
        cmp     r8, r6
        bhs     .Lsection_relocated
        str     r8, [sp, #SITE_INDEX]
        ldr     r0, [r5, #R_INFO]
        uxtb    r1, r0
        str     r1, [sp, #SITE_TYPE]
        lsr     r0, r0, #8
        ldr     r1, [r4, #LOAD_NUM_SYMTAB]
        cmp     r0, r1
        bhs     .Lbad_symbol
        ldr     r1, [r4, #LOAD_SYMTAB]
        add     r9, r1, r0, lsl #4
        str     r9, [sp, #SITE_SYM]
        mov     r0, r4
        mov     r1, r9
        bl      symbol_name
        str     r0, [sp, #SITE_SYMNAME]

        @ The word must lie inside the section. sh_size - 4 would wrap for a section smaller than a word.
        ldr     r1, [r5, #R_OFFSET]
        str     r1, [sp, #SITE_OFFSET]
        ldr     r2, [r7, #SH_SIZE]
        subs    r2, r2, r1
        blo     .Lout_of_bounds
        cmp     r2, #4
        blo     .Lout_of_bounds
        mov     r0, sp
        bl      may_relocate
        cmp     r0, #0
        bne     .Lof_struct_module

        ldr     r0, [r7, #SH_ADDR]
        ldr     r1, [sp, #SITE_OFFSET]
        add     r0, r0, r1
        ldr     r1, [sp, #SITE_TYPE]
        ldr     r2, [r9, #ST_VALUE]
        ldr     r3, [sp, #SITE_SYMNAME]
        bl      module_reloc_apply_one
        cmp     r0, #RELOC_OK
        bne     .Lnot_applied
        add     r5, r5, #REL_ENTSIZE
        add     r8, r8, #1
        b       .Lnext_rel

.Lsection_relocated:
        mov     r0, #0
.Lrelocate_done:
        sub     sp, fp, #24
        pop     {r4-r9, fp, pc}

.Lbad_symbol:
        ldr     r1, [r4, #LOAD_NAME]
        ldr     r2, [sp, #SITE_SECTION]
        mov     r3, r8
        pr_err  "%s: section %u reloc %u: bad relocation sym offset\n"
        b       .Lbad_relocation
.Lout_of_bounds:
        ldr     r0, [sp, #SITE_SYMNAME]
        ldr     r1, [sp, #SITE_OFFSET]
        ldr     r2, [r7, #SH_SIZE]
        push    {r0-r3}                         @ arguments 4 to 6
        ldr     r1, [r4, #LOAD_NAME]
        ldr     r2, [sp, #16 + SITE_SECTION]
        mov     r3, r8
        pr_err  "%s: section %u reloc %u sym '%s': out of bounds relocation, offset %d size %u\n"
        add     sp, sp, #16
        b       .Lbad_relocation
.Lof_struct_module:
        ldr     r0, [sp, #SITE_SYMNAME]
        ldr     r1, [sp, #SITE_OFFSET]
        push    {r0, r1}
        ldr     r1, [r4, #LOAD_NAME]
        ldr     r2, [sp, #8 + SITE_SECTION]
        mov     r3, r8
        pr_err  "%s: section %u reloc %u sym '%s': offset %d of struct module is the kernel's\n"
        add     sp, sp, #8
        b       .Lbad_relocation
.Lnot_applied:
        mov     r2, r1                          @ distance
        mov     r1, r0
        mov     r0, sp
        bl      report_relocation
.Lbad_relocation:
        mov     r0, #-ENOEXEC
        b       .Lrelocate_done
ENDFUNC apply_relocate

@ ---------------------------------------------------------------------------
@ symbol_name - what to call a symbol in a message; a section's symbol has the section's name
@
@   in:       r0 = load_info, r1 = symbol
@   out:      r0 = C string
@   clobbers: r1-r3, flags
@   context:  any
@ ---------------------------------------------------------------------------
FUNC symbol_name
        ldr     r2, [r1, #ST_NAME]
        ldr     r3, [r0, #LOAD_STRTAB]
        cmp     r2, #0
        addne   r0, r3, r2
        bxne    lr
        ldrb    r2, [r1, #ST_INFO]
        and     r2, r2, #0xf
        ldrh    r1, [r1, #ST_SHNDX]
        ldr     r3, [r0, #LOAD_SHNUM]
        cmp     r2, #STT_SECTION
        bne     .Lnameless
        cmp     r1, r3
        bhs     .Lnameless
        ldr     r2, [r0, #LOAD_SECHDRS]
        shdr_at r3, r2, r1
        ldr     r2, [r3, #SH_NAME]
        ldr     r0, [r0, #LOAD_SECSTRINGS]
        add     r0, r0, r2
        bx      lr
.Lnameless:
        ldr     r0, [r0, #LOAD_STRTAB]          @ its first byte is NUL
        bx      lr
ENDFUNC symbol_name

@ ---------------------------------------------------------------------------
@ may_relocate - of struct module only init and exit are the file's to fill
@
@   in:       r0 = reloc_site
@   out:      r0 = 0: yes; 1: it would change a field that is in use already
@   clobbers: r1-r3, flags
@   context:  process
@ ---------------------------------------------------------------------------
LFUNC may_relocate
        ldr     r1, [r0, #SITE_INFO]
        ldr     r2, [r1, #LOAD_SECHDRS]
        ldr     r1, [r1, #LOAD_INDEX_MOD]
        shdr_at r3, r2, r1
        ldr     r1, [r0, #SITE_TARGET]
        cmp     r1, r3
        movne   r0, #0
        bxne    lr
        ldr     r1, [r0, #SITE_OFFSET]
        mov     r0, #0
        cmp     r1, #MODULE_INIT
        cmpne   r1, #MODULE_EXIT
        movne   r0, #1
        bx      lr
ENDFUNC may_relocate

@ ---------------------------------------------------------------------------
@ report_relocation - why a relocation was refused
@
@   in:       r0 = reloc_site, r1 = RELOC_*, r2 = distance (RELOC_RANGE)
@   out:      -
@   clobbers: r0-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
LFUNC report_relocation
        push    {r4-r7, fp, lr}
        add     fp, sp, #16
        mov     r4, r0
        mov     r5, r1
        mov     r6, r2
        ldr     r7, [r4, #SITE_INFO]
        ldr     r7, [r7, #LOAD_NAME]
        cmp     r5, #RELOC_UNKNOWN
        beq     .Lunknown_type
        cmp     r5, #RELOC_THUMB
        beq     .Linterworking

        @ name, section, reloc, sym; type, place, value, distance
        ldr     r0, [r4, #SITE_SYMNAME]
        ldr     r1, [r4, #SITE_TYPE]
        ldr     ip, [r4, #SITE_TARGET]
        ldr     r2, [ip, #SH_ADDR]
        ldr     ip, [r4, #SITE_OFFSET]
        add     r2, r2, ip
        ldr     ip, [r4, #SITE_SYM]
        ldr     r3, [ip, #ST_VALUE]
        push    {r5, r6}
        str     r6, [sp]
        push    {r0-r3}
        mov     r1, r7
        ldr     r2, [r4, #SITE_SECTION]
        ldr     r3, [r4, #SITE_INDEX]
        pr_err  "%s: section %u reloc %u sym '%s': relocation %u out of range (%#lx -> %#lx): %d bytes away\n"
        add     sp, sp, #24
        b       .Lreported
.Lunknown_type:
        mov     r1, r7
        ldr     r2, [r4, #SITE_TYPE]
        pr_err  "%s: unknown relocation: %u\n"
        b       .Lreported
.Linterworking:
        ldr     r0, [r4, #SITE_SYMNAME]
        push    {r0, r1}
        mov     r1, r7
        ldr     r2, [r4, #SITE_SECTION]
        ldr     r3, [r4, #SITE_INDEX]
        pr_err  "%s: section %u reloc %u sym '%s': unsupported interworking call (ARM -> Thumb)\n"
        add     sp, sp, #8
.Lreported:
        pop     {r4-r7, fp, pc}
ENDFUNC report_relocation
