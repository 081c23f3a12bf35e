@ module_use.s - which module uses which (Linux kernel/module/main.c). struct module_use hangs in two rings: the user's
@ MODULE_TARGET_LIST and the used one's MODULE_SOURCE_LIST. Both change under module_mutex only.

        .include "macros.inc"
        .include "module.inc"
        .include "module_use.inc"

        .text
@ ---------------------------------------------------------------------------
@ module_unload_init - no users, nothing used; one reference is the loader's until init is done
@
@   in:       r0 = module
@   out:      r0 = 0
@   clobbers: r1
@   context:  process, loading
@ ---------------------------------------------------------------------------
FUNC module_unload_init
        add     r1, r0, #MODULE_SOURCE_LIST
        str     r1, [r1]
        str     r1, [r1, #4]
        add     r1, r0, #MODULE_TARGET_LIST
        str     r1, [r1]
        str     r1, [r1, #4]
        mov     r1, #MODULE_REF_BASE + 1
        str     r1, [r0, #MODULE_REFCNT]
        mov     r0, #0
        bx      lr
ENDFUNC module_unload_init

@ ---------------------------------------------------------------------------
@ already_uses - does one module use another?
@
@   in:       r0 = the user, r1 = the used one
@   out:      r0 = 1 / 0
@   clobbers: r2, r3, flags
@   context:  module_mutex held
@ ---------------------------------------------------------------------------
FUNC already_uses
        add     r2, r0, #MODULE_TARGET_LIST
        ldr     r3, [r2]
.Ltry_use:
        cmp     r3, r2
        moveq   r0, #0
        bxeq    lr
        ldr     r0, [r3, #USE_TARGET - USE_TARGET_LIST]
        cmp     r0, r1
        moveq   r0, #1
        bxeq    lr
        ldr     r3, [r3]
        b       .Ltry_use
ENDFUNC already_uses

@ ---------------------------------------------------------------------------
@ use_module - note that a module uses another, once for each pair; the used one cannot be unloaded meanwhile
@
@   in:       r0 = the user, r1 = the used one, or 0: the kernel
@   out:      r0 = 0; -EBUSY, -ENOENT as strong_try_module_get; -ENOMEM
@   clobbers: r1-r3, ip, flags
@   context:  module_mutex held
@ ---------------------------------------------------------------------------
FUNC use_module
        push    {r4-r7, fp, lr}
        add     fp, sp, #16
        mov     r4, r0
        movs    r5, r1
        moveq   r0, #0
        beq     .Luse_done
        bl      already_uses
        cmp     r0, #0
        movne   r0, #0
        bne     .Luse_done
        mov     r0, r5
        bl      strong_try_module_get
        cmp     r0, #0
        bne     .Luse_done
        mov     r0, #USE_SIZE
        bl      module_kmalloc
        cmp     r0, #0
        beq     .Lno_room
        mov     r6, r0
        str     r4, [r6, #USE_SOURCE]
        str     r5, [r6, #USE_TARGET]
        add     r0, r6, #USE_SOURCE_LIST
        add     r1, r5, #MODULE_SOURCE_LIST
        bl      list_add
        add     r0, r6, #USE_TARGET_LIST
        add     r1, r4, #MODULE_TARGET_LIST
        bl      list_add
        mov     r0, #0
.Luse_done:
        pop     {r4-r7, fp, pc}
.Lno_room:
        mov     r0, r5
        bl      module_put
        mov     r0, #-ENOMEM
        pop     {r4-r7, fp, pc}
ENDFUNC use_module

@ ---------------------------------------------------------------------------
@ module_unload_free - this module uses nothing any more
@
@   in:       r0 = module
@   out:      -
@   clobbers: r0-r3, ip, flags
@   context:  process, module_mutex not held
@ ---------------------------------------------------------------------------
FUNC module_unload_free
        push    {r4-r7, fp, lr}
        add     fp, sp, #16
        mov     r4, r0
        bl      module_mutex_lock
.Lnext_use:
        add     r1, r4, #MODULE_TARGET_LIST
        ldr     r0, [r1]
        cmp     r0, r1
        beq     .Lall_dropped
        sub     r5, r0, #USE_TARGET_LIST
        bl      list_del
        add     r0, r5, #USE_SOURCE_LIST
        bl      list_del
        ldr     r6, [r5, #USE_TARGET]
        mov     r0, r5
        bl      kfree
        mov     r0, r6
        bl      module_put
        b       .Lnext_use
.Lall_dropped:
        bl      module_mutex_unlock
        pop     {r4-r7, fp, pc}
ENDFUNC module_unload_free
