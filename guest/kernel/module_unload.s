@ module_unload.s - taking a module out: delete_module, free_module, and the name of the last one gone.

        .include "macros.inc"
        .include "fs.inc"
        .include "module.inc"

        .equ    TAINTS_MAX,     16              @ letters of a module's taints, and a NUL

        .text
@ ---------------------------------------------------------------------------
@ sys_delete_module - delete_module(name, flags)
@
@   in:       r0 = user pointer to the name, r1 = O_TRUNC: by force
@   out:      r0 = 0 / -EPERM / -EFAULT / -ENOENT / -EWOULDBLOCK: in use / -EBUSY: not LIVE, or permanent
@   clobbers: r1-r3, ip, flags
@   context:  system call
@ ---------------------------------------------------------------------------
FUNC sys_delete_module
        push    {r4, r5, fp, lr}
        add     fp, sp, #8
        sub     sp, sp, #MODULE_NAME_LEN + 4    @ a multiple of 8
        mov     r4, r0
        mov     r5, r1
        bl      may_init_module
        cmp     r0, #0
        bne     .Ldeleted
        mov     r0, sp
        mov     r1, r4
        mov     r2, #MODULE_NAME_LEN
        bl      strncpy_from_user
        cmp     r0, #0
        blt     .Ldeleted
        cmpne   r0, #MODULE_NAME_LEN
        moveq   r0, #-ENOENT                    @ no name, or one that no module can have
        beq     .Ldeleted
        mov     r0, sp
        mov     r1, r5
        bl      do_delete_module
.Ldeleted:
        sub     sp, fp, #8
        pop     {r4, r5, fp, pc}
ENDFUNC sys_delete_module

@ ---------------------------------------------------------------------------
@ do_delete_module - take a module out, by its name
@
@   in:       r0 = name, r1 = flags as above
@   out:      r0 = 0 / -ENOENT / -EWOULDBLOCK / -EBUSY
@   clobbers: r1-r3, ip, flags
@   context:  process, no lock held
@ ---------------------------------------------------------------------------
FUNC do_delete_module
        push    {r4-r7, fp, lr}
        add     fp, sp, #16
        mov     r5, r0
        mov     r6, r1
        bl      module_mutex_lock
        mov     r0, r5
        bl      strlen
        mov     r1, r0
        mov     r0, r5
        bl      find_module
        movs    r4, r0
        moveq   r5, #-ENOENT
        beq     .Lrefuse
        mov     r0, r4
        mov     r1, r6
        bl      try_stop_module
        movs    r5, r0
        bne     .Lrefuse
        bl      module_mutex_unlock

        ldr     r1, [r4, #MODULE_EXIT]
        cmp     r1, #0
        blxne   r1
        mov     r0, #MODULE_STATE_GOING
        mov     r1, r4
        bl      module_notify
        mov     r0, r4
        bl      remember_unloaded
        mov     r0, r4
        bl      free_module                     @ does not want the lock held
        bl      wake_up_module_wq
        mov     r0, #0
        pop     {r4-r7, fp, pc}
.Lrefuse:
        bl      module_mutex_unlock
        mov     r0, r5
        pop     {r4-r7, fp, pc}
ENDFUNC do_delete_module

@ ---------------------------------------------------------------------------
@ try_stop_module - may it go? Then nobody can take it any more
@
@   in:       r0 = struct module, r1 = flags of delete_module
@   out:      r0 = 0: state GOING; -EWOULDBLOCK / -EBUSY
@   clobbers: r1-r3, ip, flags
@   context:  process, module_mutex held
@ ---------------------------------------------------------------------------
LFUNC try_stop_module
        push    {r4, r5, fp, lr}
        add     fp, sp, #8
        mov     r4, r0
        mov     r5, r1
        add     r0, r4, #MODULE_SOURCE_LIST
        ldr     r1, [r0]
        cmp     r1, r0
        bne     .Lin_use                        @ other modules depend on it
        ldr     r0, [r4, #MODULE_STATE]
        cmp     r0, #MODULE_STATE_LIVE
        bne     .Lbusy                          @ its init still runs, or it is dying
        ldr     r0, [r4, #MODULE_INIT]
        ldr     r1, [r4, #MODULE_EXIT]
        cmp     r0, #0
        beq     .Lmay_exit
        cmp     r1, #0
        bne     .Lmay_exit
        mov     r0, r4                          @ it can do something and not undo it
        mov     r1, r5
        bl      try_force_unload
        cmp     r0, #0
        beq     .Lbusy
.Lmay_exit:
        mov     r0, r4
        bl      try_release_module_ref
        cmp     r0, #0
        beq     .Lstopped
        mov     r0, r4
        mov     r1, r5
        bl      try_force_unload
        cmp     r0, #0
        beq     .Lin_use
.Lstopped:
        mov     r0, r4
        mov     r1, #MODULE_STATE_GOING
        bl      module_set_state
        mov     r0, #0
        pop     {r4, r5, fp, pc}
.Lin_use:
        mov     r0, #-EWOULDBLOCK
        pop     {r4, r5, fp, pc}
.Lbusy:
        mov     r0, #-EBUSY
        pop     {r4, r5, fp, pc}
ENDFUNC try_stop_module

@ r0 = struct module, r1 = flags of delete_module -> r0 = 1: by force, and the kernel is tainted; 0. r1-r3, ip change.
LFUNC try_force_unload
        push    {fp, lr}
        add     fp, sp, #0
        tst     r1, #O_TRUNC
        moveq   r0, #0
        beq     .Lforce_known
        mov     r0, #TAINT_FORCED_RMMOD
        bl      add_taint
        mov     r0, #1
.Lforce_known:
        pop     {fp, pc}
ENDFUNC try_force_unload

@ ---------------------------------------------------------------------------
@ free_module - take everything back that loading it took
@
@   in:       r0 = struct module; gone afterwards
@   out:      -
@   clobbers: r0-r3, ip, flags
@   context:  process, module_mutex not held
@ ---------------------------------------------------------------------------
FUNC free_module
        push    {r4, r5, fp, lr}
        add     fp, sp, #8
        mov     r4, r0
        bl      mod_sysfs_teardown
        bl      module_mutex_lock
        mov     r0, r4
        mov     r1, #MODULE_STATE_UNFORMED      @ in the list still, but nobody looks inside
        bl      module_set_state
        bl      module_mutex_unlock
        mov     r0, r4
        bl      module_arch_cleanup
        mov     r0, r4
        bl      module_unload_free
        ldr     r0, [r4, #MODULE_KP]
        ldr     r1, [r4, #MODULE_NUM_KP]
        bl      destroy_params

        bl      module_mutex_lock
        add     r0, r4, #MODULE_LIST
        bl      list_del
        bl      module_mutex_unlock
        mov     r0, r4
        bl      free_kallsyms
        mov     r0, r4
        bl      free_modinfo
        mov     r0, r4
        bl      free_module_args
        mov     r0, r4
        bl      percpu_modfree
        mov     r0, r4
        bl      free_mod_mem
        pop     {r4, r5, fp, pc}
ENDFUNC free_module

@ ---------------------------------------------------------------------------
@ remember_unloaded - for the next oops: the last module that went, and what it had tainted
@
@   in:       r0 = struct module
@   out:      -
@   clobbers: r0-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
LFUNC remember_unloaded
        push    {r4, r5, fp, lr}
        add     fp, sp, #8
        mov     r4, r0
        ldr     r0, =last_unloaded_module
        add     r1, r4, #MODULE_NAME
        mov     r2, #MODULE_NAME_LEN
        bl      strlcpy
        mov     r0, r4
        ldr     r1, =last_unloaded_taints
        mov     r2, #0
        bl      module_flags
        pop     {r4, r5, fp, pc}
ENDFUNC remember_unloaded

@ ---------------------------------------------------------------------------
@ module_flags - a module's taints, and + while it comes, - while it goes: "(OE+)"
@
@   in:       r0 = struct module, r1 = buffer of TAINTS_MAX bytes, r2 = 1: with + and -
@   out:      r0 = buffer; "" when there is nothing to say
@   clobbers: r1-r3, ip, flags
@   context:  any
@ ---------------------------------------------------------------------------
FUNC module_flags
        push    {r4-r7, fp, lr}
        add     fp, sp, #16
        mov     r4, r1
        ldr     r5, [r0, #MODULE_STATE]
        cmp     r2, #0
        moveq   r5, #MODULE_STATE_LIVE
        ldr     r0, [r0, #MODULE_TAINTS]
        add     r1, r4, #1
        bl      module_flags_taint
        add     r0, r0, #1
        cmp     r5, #MODULE_STATE_GOING
        moveq   r1, #'-'
        cmp     r5, #MODULE_STATE_COMING
        moveq   r1, #'+'
        cmpne   r5, #MODULE_STATE_GOING
        strbeq  r1, [r4, r0]
        addeq   r0, r0, #1
        mov     r1, #')'
        strb    r1, [r4, r0]
        add     r1, r4, r0
        mov     r2, #0
        strb    r2, [r1, #1]
        cmp     r0, #1
        movne   r1, #'('
        moveq   r1, #0
        strb    r1, [r4]
        mov     r0, r4
        pop     {r4-r7, fp, pc}
ENDFUNC module_flags

@ ---------------------------------------------------------------------------
@ print_modules - "Modules linked in: b(O) a(O) [last unloaded: c(O)]", for an oops
@
@   in:       -
@   out:      -
@   clobbers: r0-r3, ip, flags
@   context:  any
@ ---------------------------------------------------------------------------
FUNC print_modules
        push    {r4-r7, fp, lr}
        add     fp, sp, #16
        sub     sp, sp, #TAINTS_MAX
        pr_emerg "Modules linked in:"
        ldr     r4, =modules
        ldr     r5, [r4]
.Lprint_module:
        cmp     r5, r4
        beq     .Lprint_last
        sub     r6, r5, #MODULE_LIST
        ldr     r5, [r5]
        ldr     r0, [r6, #MODULE_STATE]
        cmp     r0, #MODULE_STATE_UNFORMED
        beq     .Lprint_module
        mov     r0, r6
        mov     r1, sp
        mov     r2, #1
        bl      module_flags
        mov     r2, r0
        add     r1, r6, #MODULE_NAME
        pr_cont " %s%s"
        b       .Lprint_module
.Lprint_last:
        ldr     r1, =last_unloaded_module
        ldr     r2, =last_unloaded_taints
        ldrb    r0, [r1]
        cmp     r0, #0
        beq     .Lmodules_printed
        pr_cont " [last unloaded: %s%s]"
.Lmodules_printed:
        pr_cont "\n"
        sub     sp, fp, #16
        pop     {r4-r7, fp, pc}
ENDFUNC print_modules

        .bss
        .global last_unloaded_module
last_unloaded_module:
        .space  MODULE_NAME_LEN                 @ "" until one goes
last_unloaded_taints:
        .space  TAINTS_MAX                      @ "(OE)" or ""
