@ module_form.s - the stages of load_module that belong to nobody else: the list, .modinfo, the arguments, and the
@ moment when a module is complete.

        .include "macros.inc"
        .include "memory.inc"
        .include "module.inc"

        .equ    MODULE_ARGS_MAX, 4096           @ bytes of arguments, NUL included

        .text
@ ---------------------------------------------------------------------------
@ add_unformed_module, unlink_module - onto the list of modules, and off it
@
@   in:       r0 = struct module, r1 = load_info
@   out:      add_unformed_module: r0 = 0, -EEXIST; unlink_module: -
@   clobbers: r1-r3, ip, flags
@   context:  process, load_module
@ ---------------------------------------------------------------------------
FUNC add_unformed_module
        push    {r4-r7, fp, lr}
        add     fp, sp, #16
        mov     r4, r0
        mov     r5, r1
        mov     r1, #MODULE_STATE_UNFORMED
        bl      module_set_state
        bl      module_mutex_lock
        add     r0, r4, #MODULE_NAME
        bl      strlen
        mov     r1, r0
        add     r0, r4, #MODULE_NAME
        mov     r2, #1
        bl      find_module_all
        movs    r6, r0
        addeq   r0, r4, #MODULE_LIST
        ldreq   r1, =modules
        bleq    list_add
        bl      module_mutex_unlock
        cmp     r6, #0
        movne   r0, #-EEXIST
        popne   {r4-r7, fp, pc}
        mov     r0, r4
        mov     r1, r5
        bl      module_augment_kernel_taints    @ it is in the list: it counts
        mov     r0, #0
        pop     {r4-r7, fp, pc}
ENDFUNC add_unformed_module

FUNC unlink_module
        push    {r4, r5, fp, lr}
        add     fp, sp, #8
        mov     r4, r0
        bl      module_mutex_lock
        add     r0, r4, #MODULE_LIST
        bl      list_del
        bl      module_mutex_unlock
        bl      wake_up_module_wq
        pop     {r4, r5, fp, pc}
ENDFUNC unlink_module

@ ---------------------------------------------------------------------------
@ setup_modinfo, free_modinfo - keep what .modinfo says about the version
@
@   in:       r0 = struct module, r1 = load_info
@   out:      setup_modinfo: r0 = 0 / -ENOMEM; MODULE_VERSION
@   clobbers: r1-r3, ip, flags
@   context:  process, load_module
@ ---------------------------------------------------------------------------
FUNC setup_modinfo
        push    {r4-r7, fp, lr}
        add     fp, sp, #16
        mov     r4, r0
        mov     r0, r1
        ldr     r1, =.Lversion_tag
        bl      get_modinfo
        movs    r5, r0
        beq     .Lmodinfo_kept
        bl      strlen
        add     r6, r0, #1
        mov     r0, r6
        bl      module_kmalloc
        cmp     r0, #0
        moveq   r0, #-ENOMEM
        popeq   {r4-r7, fp, pc}
        str     r0, [r4, #MODULE_VERSION]
        mov     r1, r5
        mov     r2, r6
        bl      memcpy
        mov     r0, #0
.Lmodinfo_kept:
        pop     {r4-r7, fp, pc}
ENDFUNC setup_modinfo
        string .Lversion_tag, "version"

FUNC free_modinfo
        mov     r2, #0
        mov     r1, r0
        ldr     r0, [r1, #MODULE_VERSION]
        str     r2, [r1, #MODULE_VERSION]
        b       kfree
ENDFUNC free_modinfo

@ ---------------------------------------------------------------------------
@ post_relocation, undo_post_relocation - what needs the module's final bytes
@
@   in:       r0 = struct module, r1 = load_info
@   out:      post_relocation: r0 = 0 / -errno, with nothing kept
@   clobbers: r1-r3, ip, flags
@   context:  process, load_module
@ ---------------------------------------------------------------------------
FUNC post_relocation
        push    {r4-r7, fp, lr}
        add     fp, sp, #16
        mov     r4, r0
        mov     r5, r1
        bl      sort_module_extable
        mov     r0, r4
        mov     r1, r5
        bl      percpu_modcopy
        mov     r0, r4
        mov     r1, r5
        bl      add_kallsyms
        cmp     r0, #0
        bne     .Lpost_done
        mov     r0, r4
        mov     r1, r5
        bl      module_finalize                 @ unwind tables
        movs    r6, r0
        bne     .Lpost_failed
        mov     r0, r4
        bl      flush_module_icache
        mov     r0, #0
.Lpost_done:
        pop     {r4-r7, fp, pc}
.Lpost_failed:
        mov     r0, r4
        bl      free_kallsyms
        mov     r0, r6
        pop     {r4-r7, fp, pc}
ENDFUNC post_relocation

FUNC undo_post_relocation
        push    {r4, r5, fp, lr}
        add     fp, sp, #8
        mov     r4, r0
        bl      module_arch_cleanup
        mov     r0, r4
        bl      free_kallsyms
        pop     {r4, r5, fp, pc}
ENDFUNC undo_post_relocation

@ ---------------------------------------------------------------------------
@ flush_module_icache - the code just written will be fetched
@
@   in:       r0 = struct module
@   out:      -
@   clobbers: r0-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
FUNC flush_module_icache
        push    {r4, r5, fp, lr}
        add     fp, sp, #8
        mov     r4, r0
        ldr     r0, [r4, #MODULE_MEM + MOD_TEXT * MODMEM_ROW + MODMEM_BASE]
        ldr     r1, [r4, #MODULE_MEM + MOD_TEXT * MODMEM_ROW + MODMEM_SIZE]
        add     r1, r0, r1
        bl      flush_icache_range
        ldr     r0, [r4, #MODULE_MEM + MOD_INIT_TEXT * MODMEM_ROW + MODMEM_BASE]
        ldr     r1, [r4, #MODULE_MEM + MOD_INIT_TEXT * MODMEM_ROW + MODMEM_SIZE]
        add     r1, r0, r1
        bl      flush_icache_range
        pop     {r4, r5, fp, pc}
ENDFUNC flush_module_icache

@ ---------------------------------------------------------------------------
@ copy_module_args, free_module_args - the arguments, out of the program's memory
@
@   in:       r0 = struct module, r1 = load_info
@   out:      copy_module_args: r0 = 0 / -EFAULT / -EINVAL: too long / -ENOMEM; MODULE_ARGS
@   clobbers: r1-r3, ip, flags
@   context:  process, load_module
@ ---------------------------------------------------------------------------
FUNC copy_module_args
        push    {r4-r7, fp, lr}
        add     fp, sp, #16
        mov     r4, r0
        mov     r5, r1
        mov     r0, #MODULE_ARGS_MAX
        bl      module_kmalloc
        movs    r6, r0
        moveq   r0, #-ENOMEM
        popeq   {r4-r7, fp, pc}
        ldr     r1, [r5, #LOAD_UARGS]
        mov     r2, #MODULE_ARGS_MAX
        ldr     r0, [r5, #LOAD_KARGS]
        cmp     r0, #0
        mov     r0, r6
        bne     .Lfrom_kernel
        bl      strncpy_from_user
        b       .Lhave_length
.Lfrom_kernel:
        mov     r0, r1
        bl      strlen
        cmp     r0, #MODULE_ARGS_MAX
        movhi   r0, #MODULE_ARGS_MAX
        mov     r7, r0
        mov     r0, r6
        ldr     r1, [r5, #LOAD_UARGS]
        mov     r2, #MODULE_ARGS_MAX
        bl      strlcpy
        mov     r0, r7

        @ Keep no more than there is.
.Lhave_length:
        mov     r7, r0
        cmp     r0, #0
        blt     .Largs_failed
        cmp     r0, #MODULE_ARGS_MAX
        moveq   r7, #-EINVAL
        beq     .Largs_failed
        add     r0, r0, #1
        bl      module_kmalloc
        cmp     r0, #0
        str     r0, [r4, #MODULE_ARGS]
        addne   r2, r7, #1
        moveq   r7, #-ENOMEM
        movne   r1, r6
        movne   r7, #0
        blne    memcpy
.Largs_failed:
        mov     r0, r6
        bl      kfree
        mov     r0, r7
        pop     {r4-r7, fp, pc}
ENDFUNC copy_module_args

FUNC free_module_args
        mov     r2, #0
        mov     r1, r0
        ldr     r0, [r1, #MODULE_ARGS]
        str     r2, [r1, #MODULE_ARGS]
        b       kfree
ENDFUNC free_module_args

@ ---------------------------------------------------------------------------
@ complete_formation, undo_formation - nothing of it changes any more: permissions, and the others may see it
@
@   in:       r0 = struct module, r1 = load_info
@   out:      complete_formation: r0 = 0; -ENOEXEC: exports what another one exports, or has its entry points elsewhere.
@             State COMING
@   clobbers: r1-r3, ip, flags
@   context:  process, load_module
@ ---------------------------------------------------------------------------
FUNC complete_formation
        push    {r4, r5, fp, lr}
        add     fp, sp, #8
        mov     r4, r0
        bl      check_entry_points
        cmp     r0, #0
        bne     .Lformation_refused
        bl      module_mutex_lock
        mov     r0, r4
        bl      verify_export_symbols
        movs    r5, r0
        bne     .Lunlock_formation
        mov     r0, r4
        bl      module_protect
        mov     r0, r4
        mov     r1, #MODULE_STATE_COMING
        bl      module_set_state
.Lunlock_formation:
        bl      module_mutex_unlock
        mov     r0, r5
.Lformation_refused:
        pop     {r4, r5, fp, pc}
ENDFUNC complete_formation

FUNC undo_formation                             @ a load that fails from here on: the list shows it going
        mov     r1, #MODULE_STATE_GOING
        b       module_set_state
ENDFUNC undo_formation

@ ---------------------------------------------------------------------------
@ check_entry_points - init and exit lie in the module's own code
@
@   in:       r0 = struct module
@   out:      r0 = 0 / -ENOEXEC
@   clobbers: r1-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
LFUNC check_entry_points
        push    {r4, r5, fp, lr}
        add     fp, sp, #8
        mov     r4, r0
        ldr     r5, [r4, #MODULE_INIT]
        mov     r1, r5
        mov     r2, #MOD_INIT_TEXT
        bl      is_module_code
        cmp     r0, #0
        ldr     r1, =.Linit_text
        beq     .Lbad_entry
        mov     r0, r4
        ldr     r5, [r4, #MODULE_EXIT]
        mov     r1, r5
        mov     r2, #MOD_TEXT                   @ init code is free when exit is called
        bl      is_module_code
        cmp     r0, #0
        ldr     r1, =.Lexit_text
        movne   r0, #0
        popne   {r4, r5, fp, pc}
.Lbad_entry:
        mov     r2, r1
        add     r1, r4, #MODULE_NAME
        mov     r3, r5
        pr_err  "%s: %s function %08x is not in the module's code\n"
        mov     r0, #-ENOEXEC
        pop     {r4, r5, fp, pc}
ENDFUNC check_entry_points
        string .Linit_text, "init"
        string .Lexit_text, "exit"

@ r0 = struct module, r1 = function or 0, r2 = kind that will do beside MOD_TEXT -> r0 = 1 / 0; r1-r3, ip, flags change.
LFUNC is_module_code
        push    {r4, r5, fp, lr}
        add     fp, sp, #8
        mov     r4, r2
        cmp     r1, #0
        moveq   r0, #1
        beq     .Lcode_known
        mov     r2, r0
        mov     r0, r1
        tst     r0, #3                          @ ARM code begins on a word
        movne   r0, #0
        bne     .Lcode_known
        mov     r1, #4
        bl      within_module_range
        cmp     r0, #MOD_TEXT
        cmpne   r0, r4
        moveq   r0, #1
        movne   r0, #0
.Lcode_known:
        pop     {r4, r5, fp, pc}
ENDFUNC is_module_code

@ ---------------------------------------------------------------------------
@ parse_module_args - set the module's parameters
@
@   in:       r0 = struct module, r1 = load_info
@   out:      r0 = 0 / -errno
@   clobbers: r1-r3, ip, flags
@   context:  process, load_module; state COMING
@ ---------------------------------------------------------------------------
FUNC parse_module_args
        push    {r4, r5, fp, lr}
        add     fp, sp, #8
        mov     r4, r0
        ldr     r1, =unknown_module_param_cb
        push    {r1, ip}                        @ fifth argument
        add     r0, r4, #MODULE_NAME
        ldr     r1, [r4, #MODULE_ARGS]
        ldr     r2, [r4, #MODULE_KP]
        ldr     r3, [r4, #MODULE_NUM_KP]
        bl      parse_args
        add     sp, sp, #8
        pop     {r4, r5, fp, pc}
ENDFUNC parse_module_args

@ ---------------------------------------------------------------------------
@ unknown_module_param_cb - an argument that is no parameter is only a warning
@
@   in:       r0 = parameter, r1 = value, r2 = module's name
@   out:      r0 = 0
@   clobbers: r1-r3, ip, flags
@   context:  parse_args
@ ---------------------------------------------------------------------------
LFUNC unknown_module_param_cb
        push    {fp, lr}
        add     fp, sp, #0
        mov     r1, r2
        mov     r2, r0
        pr_warn "%s: unknown parameter '%s' ignored\n"
        mov     r0, #0
        pop     {fp, pc}
ENDFUNC unknown_module_param_cb
