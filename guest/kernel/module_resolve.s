@ module_resolve.s - from names to addresses: what a module's undefined symbols become, and what it may export itself
@ (Linux kernel/module/main.c). Everything wrong with a module's symbols is reported, not only the first.

        .include "macros.inc"
        .include "elf.inc"
        .include "fs.inc"
        .include "module.inc"
        .include "find_symbol.inc"

        .equ    SYMBOL_WAIT_MS, 30000           @ for a provider whose init still runs

        .text
@ ---------------------------------------------------------------------------
@ resolve_symbol - find a symbol a module needs, check that it may have it, and remember that it uses the owner
@
@   in:       r0 = module, r1 = load_info, r2 = name, r3 = MODULE_NAME_LEN bytes: the owner's name goes there
@   out:      r0 = struct kernel_symbol, 0 (nobody has it, or not for this module), or -errno: -EINVAL version or
@             namespace, -EBUSY the owner's init still runs, -ENOENT it is going, -ENOMEM
@   clobbers: r1-r3, ip, flags
@   context:  process, module_mutex not held
@ ---------------------------------------------------------------------------
        .equ    RS_FSA,         0               @ on the stack
        .equ    RS_LOCALS,      FSA_SIZE

FUNC resolve_symbol
        push    {r4-r9, fp, lr}
        add     fp, sp, #24
        sub     sp, sp, #RS_LOCALS
        mov     r4, r0
        mov     r5, r1
        mov     r6, r2
        mov     r7, r3
        bl      module_mutex_lock
        mov     r0, r6
        ldr     r1, [r4, #MODULE_TAINTS]
        tst     r1, #1 << TAINT_PROPRIETARY_MODULE
        moveq   r1, #1
        movne   r1, #0
        mov     r2, sp
        bl      find_symbol
        movs    r8, r0
        beq     .Lresolve_unlock

        ldr     r9, [sp, #FSA_OWNER]
        ldr     r1, [sp, #FSA_LICENSE]
        cmp     r1, #GPL_ONLY
        moveq   r2, #1
        streq   r2, [r4, #MODULE_USING_GPLONLY]
        mov     r0, r4
        mov     r1, r9
        mov     r2, r6
        bl      inherit_taint
        cmp     r0, #0
        moveq   r8, #0
        beq     .Lresolve_owner

        mov     r0, r5
        mov     r1, r6
        mov     r2, r4
        ldr     r3, [sp, #FSA_CRC]
        bl      check_version
        cmp     r0, #0
        moveq   r8, #-EINVAL
        beq     .Lresolve_owner

        mov     r0, r5
        mov     r1, r8
        mov     r2, r4
        bl      verify_namespace_is_imported
        cmp     r0, #0
        movne   r8, r0
        bne     .Lresolve_owner

        mov     r0, r4
        mov     r1, r9
        bl      use_module
        cmp     r0, #0
        movne   r8, r0

.Lresolve_owner:
        mov     r0, r7
        cmp     r9, #0
        addne   r1, r9, #MODULE_NAME
        ldreq   r1, =.Lkernel
        mov     r2, #MODULE_NAME_LEN
        bl      strlcpy
.Lresolve_unlock:
        bl      module_mutex_unlock
        mov     r0, r8
        sub     sp, fp, #24
        pop     {r4-r9, fp, pc}
ENDFUNC resolve_symbol
        string .Lkernel, "kernel"

@ ---------------------------------------------------------------------------
@ inherit_taint - who uses a proprietary module's symbols is tainted by it, and may not use GPL-only ones as well
@
@   in:       r0 = module, r1 = owner of the symbol or 0, r2 = name of the symbol
@   out:      r0 = 1: go on, 0: refuse
@   clobbers: r1-r3, ip, flags
@   context:  module_mutex held
@ ---------------------------------------------------------------------------
LFUNC inherit_taint
        push    {r4, r5, fp, lr}
        add     fp, sp, #8
        mov     r4, r0
        cmp     r1, #0
        beq     .Linherit_yes
        ldr     r0, [r1, #MODULE_TAINTS]
        tst     r0, #1 << TAINT_PROPRIETARY_MODULE
        beq     .Linherit_yes
        add     r3, r1, #MODULE_NAME
        add     r1, r4, #MODULE_NAME
        ldr     r0, [r4, #MODULE_USING_GPLONLY]
        cmp     r0, #0
        bne     .Lgpl_with_proprietary
        ldr     r5, [r4, #MODULE_TAINTS]
        tst     r5, #1 << TAINT_PROPRIETARY_MODULE
        bne     .Linherit_yes
        pr_warn "%s: module uses symbols %s from proprietary module %s, inheriting taint.\n"
        orr     r5, r5, #1 << TAINT_PROPRIETARY_MODULE
        str     r5, [r4, #MODULE_TAINTS]
.Linherit_yes:
        mov     r0, #1
        pop     {r4, r5, fp, pc}
.Lgpl_with_proprietary:
        pr_err  "%s: module using GPL-only symbols uses symbols %s from proprietary module %s.\n"
        mov     r0, #0
        pop     {r4, r5, fp, pc}
ENDFUNC inherit_taint

@ ---------------------------------------------------------------------------
@ verify_namespace_is_imported - does the module's .modinfo import the symbol's namespace?
@
@   in:       r0 = load_info, r1 = struct kernel_symbol, r2 = module
@   out:      r0 = 0 / -EINVAL
@   clobbers: r1-r3, ip, flags
@   context:  process, loading
@ ---------------------------------------------------------------------------
LFUNC verify_namespace_is_imported
        push    {r4-r9, fp, lr}
        add     fp, sp, #24
        mov     r4, r0
        mov     r5, r1
        mov     r6, r2
        ldr     r7, [r5, #KSYM_NAMESPACE]
        cmp     r7, #0
        ldrbne  r0, [r7]
        cmpne   r0, #0
        beq     .Lnamespace_fine
        mov     r8, #0
.Lnext_import:
        mov     r0, r4
        ldr     r1, =.Limport_ns
        mov     r2, r8
        bl      get_next_modinfo
        movs    r8, r0
        beq     .Lnot_imported
        mov     r1, r7
        bl      strcmp
        cmp     r0, #0
        bne     .Lnext_import
.Lnamespace_fine:
        mov     r0, #0
        pop     {r4-r9, fp, pc}
.Lnot_imported:
        add     r1, r6, #MODULE_NAME
        ldr     r2, [r5, #KSYM_NAME]
        mov     r3, r7
        pr_err  "%s: module uses symbol (%s) from namespace %s, but does not import it.\n"
        mov     r0, #-EINVAL
        pop     {r4-r9, fp, pc}
ENDFUNC verify_namespace_is_imported
        string .Limport_ns, "import_ns"

@ ---------------------------------------------------------------------------
@ resolve_symbol_wait - resolve_symbol, and while the owner's init runs, wait for it
@
@   in:       r0 = module, r1 = load_info, r2 = name
@   out:      r0 = as resolve_symbol; -EBUSY after SYMBOL_WAIT_MS
@   clobbers: r1-r3, ip, flags
@   context:  process, module_mutex not held, may sleep
@ ---------------------------------------------------------------------------
        .equ    RW_MOD,         0               @ on the stack: what try_resolve is told, and what it answers
        .equ    RW_INFO,        4
        .equ    RW_NAME,        8
        .equ    RW_RESULT,      12
        .equ    RW_OWNER,       16              @ MODULE_NAME_LEN bytes
        .equ    RW_LOCALS,      RW_OWNER + MODULE_NAME_LEN + 4

LFUNC resolve_symbol_wait
        push    {r4, r5, fp, lr}
        add     fp, sp, #8
        sub     sp, sp, #RW_LOCALS
        mov     r4, r0
        stmia   sp, {r0-r2}
        mov     r0, sp
        bl      try_resolve
        cmp     r0, #0
        bne     .Lresolve_answered
        ldr     r0, =try_resolve
        mov     r1, sp
        ldr     r2, =SYMBOL_WAIT_MS
        bl      wait_for
        cmp     r0, #0
        beq     .Lresolve_answered
        add     r1, r4, #MODULE_NAME
        add     r2, sp, #RW_OWNER
        pr_warn "%s: gave up waiting for init of module %s.\n"
.Lresolve_answered:
        ldr     r0, [sp, #RW_RESULT]
        sub     sp, fp, #8
        pop     {r4, r5, fp, pc}
ENDFUNC resolve_symbol_wait

@ r0 = RW_* -> r0 = 0: the owner is not ready; 1: RW_RESULT is the answer; r1-r3, ip and flags change.
LFUNC try_resolve
        push    {r4, r5, fp, lr}
        add     fp, sp, #8
        mov     r4, r0
        ldmia   r4, {r0-r2}
        add     r3, r4, #RW_OWNER
        bl      resolve_symbol
        str     r0, [r4, #RW_RESULT]
        cmp     r0, #-EBUSY
        moveq   r0, #0
        movne   r0, #1
        pop     {r4, r5, fp, pc}
ENDFUNC try_resolve

@ ---------------------------------------------------------------------------
@ simplify_symbols - from here on the value of every symbol is an address
@
@   in:       r0 = module, r1 = load_info
@   out:      r0 = 0 or the last -errno: -ENOEXEC (common symbol, section index), -ENOENT (nobody has it), ...
@             All that is wrong is reported, not only the first
@   clobbers: r1-r3, ip, flags
@   context:  process, module_mutex not held, may sleep
@ ---------------------------------------------------------------------------
FUNC simplify_symbols
        push    {r4-r9, fp, lr}
        add     fp, sp, #24
        mov     r4, r0
        mov     r5, r1
        mov     r6, #0                          @ result
        ldr     r7, [r5, #LOAD_SYMTAB]
        ldr     r8, [r5, #LOAD_NUM_SYMTAB]
.Lnext_symbol:
        subs    r8, r8, #1                      @ entry 0 is no symbol
        ble     .Lsymbols_done
        add     r7, r7, #SYM_ENTSIZE
        ldr     r0, [r7, #ST_NAME]
        ldr     r9, [r5, #LOAD_STRTAB]
        add     r9, r9, r0                      @ its name
        ldrh    r0, [r7, #ST_SHNDX]
        cmp     r0, #SHN_UNDEF
        beq     .Lundefined_symbol
        ldr     r1, [r5, #LOAD_SHNUM]
        cmp     r0, r1
        bhs     .Lspecial_symbol

        @ Defined: relative to its section, or to the module's per-CPU block.
        ldr     r1, [r5, #LOAD_INDEX_PCPU]
        cmp     r0, r1
        ldreq   r2, [r4, #MODULE_PERCPU]
        ldrne   r2, [r5, #LOAD_SECHDRS]
        movne   r1, #SHDR_SIZE
        mlane   r2, r0, r1, r2
        ldrne   r2, [r2, #SH_ADDR]
        ldr     r1, [r7, #ST_VALUE]
        add     r1, r1, r2
        str     r1, [r7, #ST_VALUE]
        b       .Lnext_symbol

.Lspecial_symbol:
        ldr     r1, =SHN_ABS
        cmp     r0, r1
        beq     .Lnext_symbol
        ldr     r1, =SHN_COMMON
        cmp     r0, r1
        bne     .Lbad_section_index
        mov     r0, r9
        ldr     r1, =.Lgnu_lto
        mov     r2, #9                          @ its length
        bl      strncmp
        cmp     r0, #0
        beq     .Lnext_symbol
        mov     r2, r9
        add     r1, r4, #MODULE_NAME
        pr_warn "%s: please compile with -fno-common (common symbol %s)\n"
        mov     r6, #-ENOEXEC
        b       .Lnext_symbol

.Lbad_section_index:
        mov     r3, r9
        mov     r2, r0
        add     r1, r4, #MODULE_NAME
        pr_err  "%s: invalid section index %u of symbol %s\n"
        mov     r6, #-ENOEXEC
        b       .Lnext_symbol

.Lundefined_symbol:
        mov     r0, r4
        mov     r1, r5
        mov     r2, r9
        bl      resolve_symbol_wait
        cmp     r0, #0
        beq     .Lunresolved
        cmn     r0, #MAX_ERRNO + 1
        ldrlo   r0, [r0, #KSYM_VALUE]
        strlo   r0, [r7, #ST_VALUE]
        blo     .Lnext_symbol
        b       .Lunknown_symbol
.Lunresolved:
        ldrb    r0, [r7, #ST_INFO]
        lsr     r0, r0, #4
        cmp     r0, #STB_WEAK                   @ a weak one may be missing: its value stays 0
        beq     .Lnext_symbol
        mov     r0, #-ENOENT
.Lunknown_symbol:
        mov     r6, r0
        add     r1, r4, #MODULE_NAME
        mov     r2, r9
        mov     r3, r6
        pr_warn "%s: Unknown symbol %s (err %d)\n"
        b       .Lnext_symbol

.Lsymbols_done:
        mov     r0, r6
        pop     {r4-r9, fp, pc}
ENDFUNC simplify_symbols
        string .Lgnu_lto, "__gnu_lto"

@ ---------------------------------------------------------------------------
@ verify_export_symbols - does anyone export what this module wants to?
@
@   in:       r0 = module, UNFORMED, relocated
@   out:      r0 = 0; -ENOEXEC: a duplicate, or a row whose name is not in the module
@   clobbers: r1-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
FUNC verify_export_symbols
        push    {r4, r5, fp, lr}
        add     fp, sp, #8
        mov     r4, r0
        ldr     r1, [r4, #MODULE_SYMS]
        ldr     r2, [r4, #MODULE_NUM_SYMS]
        bl      verify_exports_of
        cmp     r0, #0
        bne     .Lverify_done
        mov     r0, r4
        ldr     r1, [r4, #MODULE_GPL_SYMS]
        ldr     r2, [r4, #MODULE_NUM_GPL_SYMS]
        bl      verify_exports_of
.Lverify_done:
        pop     {r4, r5, fp, pc}
ENDFUNC verify_export_symbols

@ r0 = module, r1 = struct kernel_symbol[], r2 = how many -> r0 = 0 / -ENOEXEC; r1-r3, ip and flags change.
LFUNC verify_exports_of
        push    {r4-r9, fp, lr}
        add     fp, sp, #24
        sub     sp, sp, #FSA_SIZE
        mov     r4, r0
        mov     r5, r1
        mov     r6, r2
.Lnext_export:
        subs    r6, r6, #1
        movlo   r0, #0
        blo     .Lexports_done

        @ The words come from relocations of the file: look before using them as addresses.
        ldr     r0, [r5, #KSYM_NAME]
        mov     r1, r4
        bl      string_in_module
        cmp     r0, #0
        beq     .Lbad_export
        ldr     r0, [r5, #KSYM_NAMESPACE]
        cmp     r0, #0
        beq     .Lno_namespace
        mov     r1, r4
        bl      string_in_module
        cmp     r0, #0
        beq     .Lbad_export
.Lno_namespace:
        bl      preempt_disable
        ldr     r0, [r5, #KSYM_NAME]
        mov     r1, #1
        mov     r2, sp
        bl      find_symbol
        mov     r7, r0
        bl      preempt_enable
        cmp     r7, #0
        addeq   r5, r5, #KSYM_SIZE
        beq     .Lnext_export

        ldr     r3, [sp, #FSA_OWNER]
        cmp     r3, #0
        addne   r3, r3, #MODULE_NAME
        ldreq   r3, =.Lkernel
        ldr     r2, [r5, #KSYM_NAME]
        add     r1, r4, #MODULE_NAME
        pr_err  "%s: exports duplicate symbol %s (owned by %s)\n"
        mov     r0, #-ENOEXEC
        b       .Lexports_done
.Lbad_export:
        add     r1, r4, #MODULE_NAME
        pr_err  "%s: exports a symbol whose name is not in the module's core\n"
        mov     r0, #-ENOEXEC
.Lexports_done:
        sub     sp, fp, #24
        pop     {r4-r9, fp, pc}
ENDFUNC verify_exports_of

@ ---------------------------------------------------------------------------
@ string_in_module - is there a NUL-ended string, all of it in one kind of a module's memory that stays after init?
@
@   in:       r0 = address, r1 = module, of any state
@   out:      r0 = 1 / 0
@   clobbers: r1-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
FUNC string_in_module
        push    {r4, r5, fp, lr}
        add     fp, sp, #8
        mov     r4, r0
        mov     r5, r1
        bl      within_module
        cmp     r0, #MOD_INIT_TEXT
        movhs   r0, #0                          @ -1, nowhere, too
        bhs     .Lstring_checked
        mov     r1, #MODMEM_ROW
        mla     r1, r0, r1, r5
        ldr     r2, [r1, #MODULE_MEM + MODMEM_BASE]
        ldr     r3, [r1, #MODULE_MEM + MODMEM_SIZE]
        add     r3, r2, r3
.Lstring_byte:
        cmp     r4, r3
        movhs   r0, #0
        bhs     .Lstring_checked
        ldrb    r0, [r4], #1
        cmp     r0, #0
        bne     .Lstring_byte
        mov     r0, #1
.Lstring_checked:
        pop     {r4, r5, fp, pc}
ENDFUNC string_in_module
