@ module_init.s - a module's init runs, and what only it needed is given back.

        .include "macros.inc"
        .include "module.inc"

        .text
@ ---------------------------------------------------------------------------
@ do_init_module - call init; then the module is LIVE, or gone
@
@   in:       r0 = struct module, COMING
@   out:      r0 = 0, or what init returned below 0
@   clobbers: r1-r3, ip, flags
@   context:  process, no lock held: init may load another module
@ ---------------------------------------------------------------------------
FUNC do_init_module
        push    {r4, r5, fp, lr}
        add     fp, sp, #8
        mov     r4, r0
        mov     r0, #STAGE_INIT
        bl      fail_point
        cmp     r0, #0
        bne     .Linit_failed
        ldr     r0, [r4, #MODULE_INIT]
        cmp     r0, #0
        blne    do_one_initcall
        cmp     r0, #0
        blt     .Linit_failed
        movne   r1, r0
        movne   r0, r4
        blne    warn_suspicious_init

        mov     r0, r4
        mov     r1, #MODULE_STATE_LIVE          @ now it is a first class citizen
        bl      module_set_state
        mov     r0, #MODULE_STATE_LIVE
        mov     r1, r4
        bl      module_notify
        mov     r0, r4
        bl      free_module_init
        bl      wake_up_module_wq
        mov     r0, #0
        pop     {r4, r5, fp, pc}

.Linit_failed:
        mov     r5, r0
        mov     r0, r4
        mov     r1, #MODULE_STATE_GOING
        bl      module_set_state
        mov     r0, r4
        bl      module_put                      @ the load's own reference
        mov     r0, #MODULE_STATE_GOING
        mov     r1, r4
        bl      module_notify
        mov     r0, r4
        bl      free_module
        bl      wake_up_module_wq
        mov     r0, r5
        pop     {r4, r5, fp, pc}
ENDFUNC do_init_module

@ ---------------------------------------------------------------------------
@ warn_suspicious_init - init returned neither 0 nor an errno
@
@   in:       r0 = struct module, r1 = what it returned
@   out:      -
@   clobbers: r0-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
LFUNC warn_suspicious_init
        push    {fp, lr}
        add     fp, sp, #0
        mov     r2, r1
        add     r1, r0, #MODULE_NAME
        pr_warn "do_init_module: '%s'->init suspiciously returned %d, it should follow 0/-E convention\n"
        pr_warn "do_init_module: loading module anyway...\n"
        bl      dump_stack
        pop     {fp, pc}
ENDFUNC warn_suspicious_init

@ ---------------------------------------------------------------------------
@ free_module_init - after init: everything that points to init memory, then the memory
@
@   in:       r0 = struct module, LIVE
@   out:      -
@   clobbers: r0-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
@ The order is the kernel's of 2009: sizes, barrier, memory, pointer. An oops may look at this memory right now, and
@ finds no symbol in it (within_module_range) from the first store on.
LFUNC free_module_init
        push    {r4, r5, fp, lr}
        add     fp, sp, #8
        mov     r4, r0
        bl      module_mutex_lock
        mov     r0, r4
        bl      module_put                      @ the load's own reference
        mov     r0, r4
        bl      trim_init_extable
        mov     r0, r4
        bl      module_kallsyms_drop_init
        mov     r0, r4
        bl      module_enable_ro_after_init
        mov     r0, r4
        bl      module_arch_freeing_init        @ unwind tables

        mov     r0, #0
        str     r0, [r4, #MODULE_INIT_SIZE]
        str     r0, [r4, #MODULE_INIT_TEXT_SIZE]
        dmb
        mov     r0, r4
        mov     r1, #MOD_INIT_TEXT
        bl      free_module_mem
        mov     r0, r4
        mov     r1, #MOD_INIT_DATA
        bl      free_module_mem
        mov     r0, r4
        mov     r1, #MOD_INIT_RODATA
        bl      free_module_mem
        mov     r0, #0
        str     r0, [r4, #MODULE_INIT_BASE]
        bl      module_mutex_unlock
        pop     {r4, r5, fp, pc}
ENDFUNC free_module_init

@ ---------------------------------------------------------------------------
@ module_enable_ro_after_init - .data..ro_after_init is constant from now on
@
@   in:       r0 = struct module
@   out:      -
@   clobbers: r0-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
LFUNC module_enable_ro_after_init
        push    {fp, lr}
        add     fp, sp, #0
        ldr     r1, [r0, #MODULE_MEM + MOD_RO_AFTER_INIT * MODMEM_ROW + MODMEM_PAGES]
        ldr     r0, [r0, #MODULE_MEM + MOD_RO_AFTER_INIT * MODMEM_ROW + MODMEM_BASE]
        mov     r2, #MOD_RODATA
        cmp     r1, #0
        blne    module_mem_protect
        pop     {fp, pc}
ENDFUNC module_enable_ro_after_init
