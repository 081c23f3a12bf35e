@ module_list.s - the list of modules, its lock, and who is found on it.
@
@ The list is a ring through MODULE_LIST, newest first, changed only under module_mutex. A module enters it UNFORMED
@ (add_unformed_module) and leaves it in free_module or when its load fails.

        .include "macros.inc"
        .include "module.inc"
        .include "memory.inc"

        .text
@ ---------------------------------------------------------------------------
@ module_mutex_lock, module_mutex_unlock - who may change the list
@
@   in:       -
@   out:      -
@   clobbers: r0-r3, ip, flags
@   context:  process. Nothing here waits for another process, so taking it twice would wait for ever: a panic says so
@ ---------------------------------------------------------------------------
FUNC module_mutex_lock
        ldr     r0, =module_mutex
        ldr     r2, [r0]
        cmp     r2, #0
        streq   lr, [r0]                        @ the holder: where it was taken
        bxeq    lr
        push    {fp, lr}
        add     fp, sp, #0
        mov     r1, lr
        ldr     r0, =.Ldeadlock
        bl      panic
ENDFUNC module_mutex_lock
        string .Ldeadlock, "possible recursive locking: %pB waits for module_mutex, held since %pB"

FUNC module_mutex_unlock
        ldr     r0, =module_mutex
        ldr     r1, [r0]
        mov     r2, #0
        str     r2, [r0]
        cmp     r1, #0
        bxne    lr
        push    {fp, lr}
        add     fp, sp, #0
        mov     r1, lr
        ldr     r0, =.Lnot_held
        bl      warn
        pop     {fp, pc}
ENDFUNC module_mutex_unlock
        string .Lnot_held, "module_mutex_unlock called from %pB, but the lock is not held\n"

@ ---------------------------------------------------------------------------
@ module_mutex_held - is the lock taken?
@
@   in:       -
@   out:      r0 = 1 / 0
@   clobbers: flags
@   context:  any
@ ---------------------------------------------------------------------------
FUNC module_mutex_held
        ldr     r0, =module_mutex
        ldr     r0, [r0]
        cmp     r0, #0
        movne   r0, #1
        bx      lr
ENDFUNC module_mutex_held

@ ---------------------------------------------------------------------------
@ find_module, find_module_all - a module by its name
@
@   in:       r0 = name, r1 = its length; find_module_all: r2 = 1 to find UNFORMED ones, too
@   out:      r0 = struct module, or 0
@   clobbers: r1-r3, ip, flags
@   context:  module_mutex held, or no load running
@ ---------------------------------------------------------------------------
FUNC find_module
        mov     r2, #0
        b       find_module_all
ENDFUNC find_module

FUNC find_module_all
        push    {r4-r9, fp, lr}
        add     fp, sp, #24
        mov     r4, r0
        mov     r5, r1
        mov     r6, r2
        ldr     r7, =modules
        ldr     r8, [r7]
.Ltry_module:
        cmp     r8, r7
        moveq   r0, #0
        beq     .Lmodule_found
        sub     r9, r8, #MODULE_LIST
        ldr     r0, [r9, #MODULE_STATE]
        cmp     r0, #MODULE_STATE_UNFORMED
        cmpeq   r6, #0
        beq     .Lnext_module
        add     r0, r9, #MODULE_NAME
        bl      strlen
        cmp     r0, r5
        bne     .Lnext_module
        add     r0, r9, #MODULE_NAME
        mov     r1, r4
        mov     r2, r5
        bl      memcmp
        cmp     r0, #0
        moveq   r0, r9
        beq     .Lmodule_found
.Lnext_module:
        ldr     r8, [r8]
        b       .Ltry_module
.Lmodule_found:
        pop     {r4-r9, fp, pc}
ENDFUNC find_module_all

@ ---------------------------------------------------------------------------
@ module_set_state - the one place where a module's state changes
@
@   in:       r0 = struct module, r1 = MODULE_STATE_*
@   out:      -
@   clobbers: -
@   context:  any
@ ---------------------------------------------------------------------------
FUNC module_set_state
        str     r1, [r0, #MODULE_STATE]
        bx      lr
ENDFUNC module_set_state

@ ---------------------------------------------------------------------------
@ within_module_range, within_module - in which part of a module do bytes lie?
@
@   in:       within_module_range: r0 = address, r1 = bytes, r2 = struct module
@             within_module: r0 = address, r1 = struct module
@   out:      r0 = MOD_* kind, or -1. Init kinds are answered only while MODULE_INIT_SIZE is not 0
@   clobbers: r1-r3, ip, flags
@   context:  any
@ ---------------------------------------------------------------------------
FUNC within_module
        mov     r2, r1
        mov     r1, #1
        b       within_module_range
ENDFUNC within_module

FUNC within_module_range
        push    {r4-r7, fp, lr}
        add     fp, sp, #16
        ldr     r4, [r2, #MODULE_INIT_SIZE]
        mov     r5, #0                          @ kind
        add     r2, r2, #MODULE_MEM
        cmp     r4, #0
        moveq   r7, #MOD_INIT_TEXT              @ kinds looked at
        movne   r7, #MOD_MEM_NUM_TYPES
.Ltry_kind:
        ldr     r3, [r2, #MODMEM_BASE]
        ldr     ip, [r2, #MODMEM_SIZE]
        sub     r3, r0, r3                      @ offset inside
        subs    ip, ip, r3                      @ bytes from there to the end
        bls     .Lnot_this_kind
        cmp     ip, r1
        movhs   r0, r5
        bhs     .Lkind_known
.Lnot_this_kind:
        add     r2, r2, #MODMEM_ROW
        add     r5, r5, #1
        cmp     r5, r7
        blo     .Ltry_kind
        mvn     r0, #0
.Lkind_known:
        pop     {r4-r7, fp, pc}
ENDFUNC within_module_range

@ ---------------------------------------------------------------------------
@ __module_address - whose address is it?
@
@   in:       r0 = address
@   out:      r0 = struct module (not UNFORMED), or 0
@   clobbers: r1-r3, ip, flags
@   context:  any, an oops included. Outside [module_addr_min, module_addr_max) nothing is compared
@ ---------------------------------------------------------------------------
FUNC __module_address
        push    {r4-r7, fp, lr}
        add     fp, sp, #16
        mov     r4, r0
        ldr     r1, =module_addr_min
        ldr     r1, [r1]
        ldr     r2, =module_addr_max
        ldr     r2, [r2]
        cmp     r4, r1
        blo     .Lnobodys
        cmp     r4, r2
        bhs     .Lnobodys
        ldr     r5, =modules
        ldr     r6, [r5]
.Ltry_address:
        cmp     r6, r5
        beq     .Lnobodys
        ldr     r0, =module_address_compares
        ldr     r1, [r0]
        add     r1, r1, #1
        str     r1, [r0]
        sub     r7, r6, #MODULE_LIST
        ldr     r0, [r7, #MODULE_STATE]
        cmp     r0, #MODULE_STATE_UNFORMED
        beq     .Lnot_there
        mov     r0, r4
        mov     r1, r7
        bl      within_module
        cmp     r0, #0
        movge   r0, r7
        popge   {r4-r7, fp, pc}
.Lnot_there:
        ldr     r6, [r6]
        b       .Ltry_address
.Lnobodys:
        mov     r0, #0
        pop     {r4-r7, fp, pc}
ENDFUNC __module_address

        .data
        .balign 4
        .global modules
modules:
        .word   modules, modules                @ list_head

        .bss
        .balign 4
        .global module_mutex, module_address_compares
module_mutex:
        .space  4                               @ 0, or the address its holder took it from
module_address_compares:
        .space  4                               @ modules that __module_address looked at
