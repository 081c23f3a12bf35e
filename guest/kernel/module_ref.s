@ module_ref.s - who holds a module: MODULE_REFCNT is MODULE_REF_BASE and one for each user. When it falls to 0 nobody
@ may take it any more: it is being unloaded.

        .include "macros.inc"
        .include "arm.inc"
        .include "module.inc"

        .text
@ ---------------------------------------------------------------------------
@ module_refcount - users of a module
@
@   in:       r0 = struct module
@   out:      r0 = users; -1 when it is being unloaded
@   clobbers: -
@   context:  any
@ ---------------------------------------------------------------------------
FUNC module_refcount
        ldr     r0, [r0, #MODULE_REFCNT]
        sub     r0, r0, #MODULE_REF_BASE
        bx      lr
ENDFUNC module_refcount

@ ---------------------------------------------------------------------------
@ module_is_live - may somebody begin to use it?
@
@   in:       r0 = struct module
@   out:      r0 = 1 / 0: it is GOING
@   clobbers: flags
@   context:  any
@ ---------------------------------------------------------------------------
FUNC module_is_live
        ldr     r0, [r0, #MODULE_STATE]
        subs    r0, r0, #MODULE_STATE_GOING
        movne   r0, #1
        bx      lr
ENDFUNC module_is_live

@ ---------------------------------------------------------------------------
@ __module_get - one user more, by someone who knows that it cannot be unloaded now
@
@   in:       r0 = struct module, or 0: the kernel itself
@   out:      -
@   clobbers: r1, r2, flags
@   context:  any
@ ---------------------------------------------------------------------------
FUNC __module_get
        cmp     r0, #0
        bxeq    lr
        local_irq_save r2
        ldr     r1, [r0, #MODULE_REFCNT]
        add     r1, r1, #1
        str     r1, [r0, #MODULE_REFCNT]
        local_irq_restore r2
        bx      lr
ENDFUNC __module_get

@ ---------------------------------------------------------------------------
@ try_module_get - one user more, unless it is being unloaded
@
@   in:       r0 = struct module, or 0: the kernel itself
@   out:      r0 = 1 / 0
@   clobbers: r1-r3, flags
@   context:  any
@ ---------------------------------------------------------------------------
FUNC try_module_get
        cmp     r0, #0
        moveq   r0, #1
        bxeq    lr
        local_irq_save r2
        ldr     r3, [r0, #MODULE_STATE]
        ldr     r1, [r0, #MODULE_REFCNT]
        cmp     r3, #MODULE_STATE_GOING
        cmpne   r1, #0
        addne   r1, r1, #1
        strne   r1, [r0, #MODULE_REFCNT]
        movne   r0, #1
        moveq   r0, #0
        local_irq_restore r2
        bx      lr
ENDFUNC try_module_get

@ ---------------------------------------------------------------------------
@ strong_try_module_get - one user more of a module that is ready to be used
@
@   in:       r0 = struct module, or 0: the kernel itself
@   out:      r0 = 0; -EBUSY: its init still runs; -ENOENT: it is not there yet, or going
@   clobbers: r1-r3, flags
@   context:  any
@ ---------------------------------------------------------------------------
FUNC strong_try_module_get
        push    {fp, lr}
        add     fp, sp, #0
        cmp     r0, #0
        beq     .Lstrong_done
        ldr     r1, [r0, #MODULE_STATE]
        cmp     r1, #MODULE_STATE_COMING
        moveq   r0, #-EBUSY
        beq     .Lstrong_done
        cmp     r1, #MODULE_STATE_UNFORMED
        moveq   r0, #-ENOENT
        beq     .Lstrong_done
        bl      try_module_get
        cmp     r0, #0
        moveq   r0, #-ENOENT
        movne   r0, #0
.Lstrong_done:
        pop     {fp, pc}
ENDFUNC strong_try_module_get

@ ---------------------------------------------------------------------------
@ module_put - one user less
@
@   in:       r0 = struct module, or 0: the kernel itself
@   out:      -
@   clobbers: r0-r3, ip, flags
@   context:  any. Giving back what was not taken is reported and not done
@ ---------------------------------------------------------------------------
FUNC module_put
        cmp     r0, #0
        bxeq    lr
        local_irq_save r2
        ldr     r1, [r0, #MODULE_REFCNT]
        cmp     r1, #MODULE_REF_BASE
        subhi   r1, r1, #1
        strhi   r1, [r0, #MODULE_REFCNT]
        local_irq_restore r2
        bxhi    lr
        push    {fp, lr}
        add     fp, sp, #0
        add     r1, r0, #MODULE_NAME
        ldr     r0, =.Lput_too_often
        bl      warn
        pop     {fp, pc}
ENDFUNC module_put
        string .Lput_too_often, "module_put: %s has no user\n"

@ ---------------------------------------------------------------------------
@ try_release_module_ref - give back MODULE_REF_BASE, if nobody else holds anything
@
@   in:       r0 = struct module
@   out:      r0 = 0: nobody can take it any more; else the users, and nothing has changed
@   clobbers: r1, r2, flags
@   context:  any
@ ---------------------------------------------------------------------------
FUNC try_release_module_ref
        local_irq_save r2
        ldr     r1, [r0, #MODULE_REFCNT]
        subs    r1, r1, #MODULE_REF_BASE
        streq   r1, [r0, #MODULE_REFCNT]
        mov     r0, r1
        local_irq_restore r2
        bx      lr
ENDFUNC try_release_module_ref

        EXPORT_SYMBOL __module_get
        EXPORT_SYMBOL try_module_get
        EXPORT_SYMBOL module_put
        EXPORT_SYMBOL module_refcount
