@ /proc/modules: one line for each module, newest first (Linux kernel/module/procfs.c):
@
@   name bytes references users,|- state 0xaddress (taints)
@
@ Bytes are those of all its memory, in whole pages, so the number falls when init memory is freed.

        .include "macros.inc"
        .include "memory.inc"
        .include "unistd.inc"
        .include "module.inc"
        .include "module_use.inc"

        .equ    TAINTS_TEXT,    16              @ bytes of "(POE+)" and its NUL

        .text
@ ---------------------------------------------------------------------------
@ modules_show - the lines
@
@   in:       r0 = seq_file
@   out:      r0 = 0
@   clobbers: r1-r3, ip, flags
@   context:  process, module_mutex not held
@ ---------------------------------------------------------------------------
FUNC modules_show
        push    {r4, r5, fp, lr}
        add     fp, sp, #8
        mov     r4, r0
        bl      module_mutex_lock
        ldr     r5, =modules
        ldr     r5, [r5]
.Lshow_next:
        ldr     r0, =modules
        cmp     r5, r0
        beq     .Lall_shown
        sub     r1, r5, #MODULE_LIST
        ldr     r5, [r5]
        ldr     r0, [r1, #MODULE_STATE]
        cmp     r0, #MODULE_STATE_UNFORMED
        movne   r0, r4
        blne    show_module
        b       .Lshow_next
.Lall_shown:
        bl      module_mutex_unlock
        mov     r0, #0
        pop     {r4, r5, fp, pc}
ENDFUNC modules_show

@ ---------------------------------------------------------------------------
@ show_module - the line of one
@
@   in:       r0 = seq_file, r1 = module
@   out:      -
@   clobbers: r0-r3, ip, flags
@   context:  module_mutex held
@ ---------------------------------------------------------------------------
LFUNC show_module
        push    {r4-r7, fp, lr}
        add     fp, sp, #16
        sub     sp, sp, #TAINTS_TEXT
        mov     r4, r0
        mov     r5, r1
        mov     r0, r5
        mov     r1, #MOD_TEXT
        mov     r2, #MOD_MEM_NUM_TYPES
        bl      module_memory_size
        mov     r3, r0
        add     r2, r5, #MODULE_NAME
        mov     r0, r4
        ldr     r1, =.Lname_and_size
        bl      seq_printf
        mov     r0, r5
        bl      module_refcount
        mov     r2, r0
        mov     r0, r4
        ldr     r1, =.Lreferences
        bl      seq_printf

        @ Who uses it; [permanent] when it can do something and not undo it; - when there is neither.
        add     r7, r5, #MODULE_SOURCE_LIST
        ldr     r6, [r7]
.Lnext_user:
        cmp     r6, r7
        beq     .Lusers_shown
        ldr     r2, [r6, #USE_SOURCE - USE_SOURCE_LIST]
        add     r2, r2, #MODULE_NAME
        mov     r0, r4
        ldr     r1, =.Luser
        bl      seq_printf
        ldr     r6, [r6]
        b       .Lnext_user
.Lusers_shown:
        ldr     r6, [r7]
        ldr     r0, [r5, #MODULE_INIT]
        ldr     r1, [r5, #MODULE_EXIT]
        cmp     r0, #0
        beq     .Lnot_permanent
        cmp     r1, #0
        bne     .Lnot_permanent
        mov     r0, r4
        ldr     r1, =.Lpermanent
        bl      seq_puts
        b       .Lshow_state
.Lnot_permanent:
        cmp     r6, r7
        moveq   r0, r4
        ldreq   r1, =.Lnobody
        bleq    seq_puts

.Lshow_state:
        mov     r0, #CAP_SYSLOG
        bl      capable
        cmp     r0, #0
        ldrne   r3, [r5, #MODULE_MEM + MOD_TEXT * MODMEM_ROW + MODMEM_BASE]
        moveq   r3, #0                          @ who may not know gets no address
        ldr     r0, [r5, #MODULE_STATE]
        ldr     r1, =state_words
        ldr     r2, [r1, r0, lsl #2]
        mov     r0, r4
        ldr     r1, =.Lstate
        bl      seq_printf
        ldr     r0, [r5, #MODULE_TAINTS]
        cmp     r0, #0
        beq     .Lno_taints
        mov     r0, r5
        mov     r1, sp
        mov     r2, #1
        bl      module_flags
        mov     r2, r0
        mov     r0, r4
        ldr     r1, =.Ltaints
        bl      seq_printf
.Lno_taints:
        mov     r0, r4
        ldr     r1, =.Lnewline
        bl      seq_puts
        sub     sp, fp, #16
        pop     {r4-r7, fp, pc}
ENDFUNC show_module
        string .Lname_and_size, "%s %u"
        string .Lreferences, " %i "
        string .Luser, "%s,"
        string .Lpermanent, "[permanent],"
        string .Lnobody, "-"
        string .Lstate, " %s 0x%08x"
        string .Ltaints, " %s"
        string .Lnewline, "\n"
        string .Llive, "Live"
        string .Lloading, "Loading"
        string .Lunloading, "Unloading"

        RODATA
        .balign 4
state_words:                                    @ by MODULE_STATE_*
        .word   .Llive, .Lloading, .Lunloading

        .text
@ ---------------------------------------------------------------------------
@ module_memory_size - bytes of pages that some kinds of a module's memory have
@
@   in:       r0 = module, r1 = first MOD_* kind, r2 = the one behind the last
@   out:      r0 = bytes
@   clobbers: r1-r3, ip, flags
@   context:  any
@ ---------------------------------------------------------------------------
FUNC module_memory_size
        mov     r3, #MODMEM_ROW
        mla     r3, r1, r3, r0
        mov     r0, #0
.Lnext_kind:
        ldr     ip, [r3, #MODULE_MEM + MODMEM_PAGES]
        add     r0, r0, ip, lsl #PAGE_SHIFT
        add     r3, r3, #MODMEM_ROW
        add     r1, r1, #1
        cmp     r1, r2
        blo     .Lnext_kind
        bx      lr
ENDFUNC module_memory_size
