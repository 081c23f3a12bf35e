@ module_version.s - was a module compiled against what is exported here? Each export has a CRC of its interface; a
@ module's __versions says which CRCs it was built with (Linux kernel/module/version.c).

        .include "macros.inc"
        .include "elf.inc"
        .include "module.inc"
        .include "find_symbol.inc"

        .text
@ ---------------------------------------------------------------------------
@ check_version - does a symbol have the CRC the module was built with?
@
@   in:       r0 = load_info, r1 = name of the symbol, r2 = module, or 0 before there is one; r3 = address of the CRC,
@             or 0: whoever exports it gave none
@   out:      r0 = 1 / 0
@   clobbers: r1-r3, ip, flags
@   context:  process, loading
@ ---------------------------------------------------------------------------
FUNC check_version
        push    {r4-r9, fp, lr}
        add     fp, sp, #24
        mov     r4, r0
        mov     r5, r1
        movs    r6, r3
        beq     .Lversion_fine                  @ the exporter has been tainted for it

        ldr     r1, [r4, #LOAD_INDEX_VERS]
        cmp     r1, #0
        beq     .Lno_versions
        ldr     r2, [r4, #LOAD_SECHDRS]
        shdr_at r3, r2, r1
        ldr     r7, [r3, #SH_ADDR]              @ struct modversion_info[]
        ldr     r8, [r3, #SH_SIZE]
        lsr     r8, r8, #6                      @ MODVERSION_SIZE is 64
.Ltry_version:
        subs    r8, r8, #1
        blo     .Lnot_among_versions
        add     r0, r7, #MODVERSION_NAME
        mov     r1, r5
        mov     r2, #MODVERSION_SIZE - MODVERSION_NAME
        bl      strncmp
        cmp     r0, #0
        addne   r7, r7, #MODVERSION_SIZE
        bne     .Ltry_version

        ldr     r2, [r7, #MODVERSION_CRC]
        ldr     r1, [r6]
        cmp     r1, r2
        beq     .Lversion_fine
        pr_debug "Found checksum %X vs module %X\n"
        ldr     r1, [r4, #LOAD_NAME]
        mov     r2, r5
        pr_warn "%s: disagrees about version of symbol %s\n"
        b       .Lversion_bad

.Lno_versions:
        mov     r0, r4
        mov     r1, r5
        bl      try_to_force_load
        cmp     r0, #0
        beq     .Lversion_fine
.Lnot_among_versions:
        ldr     r1, [r4, #LOAD_NAME]
        mov     r2, r5
        pr_warn "%s: no symbol version for %s\n"
.Lversion_bad:
        mov     r0, #0
        pop     {r4-r9, fp, pc}
.Lversion_fine:
        mov     r0, #1
        pop     {r4-r9, fp, pc}
ENDFUNC check_version

@ ---------------------------------------------------------------------------
@ check_modstruct_version - does the module know struct module as it is here? Asked before anything of it is believed
@
@   in:       r0 = load_info, r1 = module, or 0
@   out:      r0 = 0 / -ENOEXEC
@   clobbers: r1-r3, ip, flags
@   context:  process, loading
@ ---------------------------------------------------------------------------
FUNC check_modstruct_version
        push    {r4, r5, fp, lr}
        add     fp, sp, #8
        sub     sp, sp, #FSA_SIZE
        mov     r4, r0
        mov     r5, r1
        bl      preempt_disable
        ldr     r0, =.Lmodule_layout
        mov     r1, #1
        mov     r2, sp
        bl      find_symbol                     @ the kernel's own: it cannot go away
        bl      preempt_enable
        ldr     r3, [sp, #FSA_CRC]
        mov     r0, r4
        ldr     r1, =.Lmodule_layout
        mov     r2, r5
        bl      check_version
        cmp     r0, #0
        movne   r0, #0
        moveq   r0, #-ENOEXEC
        sub     sp, fp, #8
        pop     {r4, r5, fp, pc}
ENDFUNC check_modstruct_version
        string .Lmodule_layout, "module_layout"

@ ---------------------------------------------------------------------------
@ module_layout - exported for its CRC only, which stands for the structures that kernel and module share
@
@   in:       struct module of 576 bytes, struct kernel_symbol of 12, struct kernel_param of 20
@   out:      -
@   clobbers: -
@   context:  never called
@ ---------------------------------------------------------------------------
FUNC module_layout
        bx      lr
ENDFUNC module_layout
        EXPORT_SYMBOL module_layout

@ ---------------------------------------------------------------------------
@ check_export_symbol_versions - who exports must say what
@
@   in:       r0 = module, r1 = load_info
@   out:      r0 = 0 / -ENOEXEC
@   clobbers: r1-r3, ip, flags
@   context:  process, loading
@ ---------------------------------------------------------------------------
FUNC check_export_symbol_versions
        push    {fp, lr}
        add     fp, sp, #0
        ldr     r2, =__start___kcrctab
        ldr     r3, =__stop___kcrctab
        cmp     r2, r3
        beq     .Lexports_fine                  @ a kernel without CRCs: nobody compares
        ldr     r2, [r0, #MODULE_NUM_SYMS]
        ldr     r3, [r0, #MODULE_CRCS]
        cmp     r3, #0
        movne   r2, #0                          @ exports without a CRC
        ldr     r3, [r0, #MODULE_NUM_GPL_SYMS]
        ldr     ip, [r0, #MODULE_GPL_CRCS]
        cmp     ip, #0
        movne   r3, #0
        orrs    r2, r2, r3
        beq     .Lexports_fine
        mov     r0, r1
        ldr     r1, =.Lno_versions_for_exports
        bl      try_to_force_load
        pop     {fp, pc}
.Lexports_fine:
        mov     r0, #0
        pop     {fp, pc}
ENDFUNC check_export_symbol_versions
        string .Lno_versions_for_exports, "no versions for exported symbols"
