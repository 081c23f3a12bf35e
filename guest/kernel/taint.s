@ taint.s - what makes this a kernel its makers would not vouch for (Linux kernel/panic.c, kernel/module/main.c). Each
@ taint is a bit of tainted_mask and has a letter; modules have a taint word of their own.

        .include "macros.inc"
        .include "module.inc"

        .equ    NR_TAINTS,      19
        @ the taints a module can have; the others are the kernel's alone
        .equ    MODULE_TAINT_MASK, 1 << TAINT_PROPRIETARY_MODULE | 1 << TAINT_FORCED_MODULE | 1 << TAINT_CRAP | 1 << TAINT_OOT_MODULE | 1 << TAINT_UNSIGNED_MODULE | 1 << TAINT_LIVEPATCH | 1 << TAINT_AUX | 1 << TAINT_RANDSTRUCT | 1 << TAINT_TEST

        .text
@ ---------------------------------------------------------------------------
@ add_taint - set a taint of the kernel; none is ever taken back
@
@   in:       r0 = TAINT_*
@   out:      -
@   clobbers: r0-r2
@   context:  any
@ ---------------------------------------------------------------------------
FUNC add_taint
        mov     r1, #1
        lsl     r0, r1, r0
        ldr     r1, =tainted_mask
        ldr     r2, [r1]
        orr     r2, r2, r0
        str     r2, [r1]
        bx      lr
ENDFUNC add_taint

@ ---------------------------------------------------------------------------
@ add_taint_module - set a taint of a module, and of the kernel with it
@
@   in:       r0 = module, r1 = TAINT_*
@   out:      -
@   clobbers: r0-r3, ip
@   context:  any
@ ---------------------------------------------------------------------------
FUNC add_taint_module
        mov     r2, #1
        lsl     r2, r2, r1
        ldr     r3, [r0, #MODULE_TAINTS]
        orr     r3, r3, r2
        str     r3, [r0, #MODULE_TAINTS]
        mov     r0, r1
        b       add_taint
ENDFUNC add_taint_module

@ ---------------------------------------------------------------------------
@ test_taint - is a taint of the kernel set?
@
@   in:       r0 = TAINT_*
@   out:      r0 = 1 / 0
@   clobbers: r1
@   context:  any
@ ---------------------------------------------------------------------------
FUNC test_taint
        ldr     r1, =tainted_mask
        ldr     r1, [r1]
        lsr     r0, r1, r0
        and     r0, r0, #1
        bx      lr
ENDFUNC test_taint

@ ---------------------------------------------------------------------------
@ print_tainted - the taints in words, for an oops
@
@   in:       -
@   out:      r0 = "Not tainted", or "Tainted: G           O      ": a column for each taint, its letter where it is
@             set; in the first column G is the opposite of P
@   clobbers: r1-r3, ip, flags
@   context:  any; one text for all callers
@ ---------------------------------------------------------------------------
FUNC print_tainted
        push    {r4, r5, fp, lr}
        add     fp, sp, #8
        ldr     r4, =tainted_mask
        ldr     r4, [r4]
        cmp     r4, #0
        ldreq   r0, =.Lnot_tainted
        beq     .Ltainted_done
        ldr     r0, =tainted_text
        ldr     r1, =.Ltainted
        mov     r2, #TAINTED_TEXT_SIZE
        bl      strlcpy
        ldr     r1, =tainted_text
        add     r0, r1, r0                      @ behind "Tainted: "
        ldr     r2, =taint_letters
        mov     r3, #NR_TAINTS
        mov     ip, #'G'                        @ for the first only
.Lnext_letter:
        lsrs    r4, r4, #1                      @ this taint's bit into the carry
        ldrb    r1, [r2], #1
        movcc   r1, ip
        strb    r1, [r0], #1
        mov     ip, #' '
        subs    r3, r3, #1
        bne     .Lnext_letter
        strb    r3, [r0]
        ldr     r0, =tainted_text
.Ltainted_done:
        pop     {r4, r5, fp, pc}
ENDFUNC print_tainted
        string .Lnot_tainted, "Not tainted"
        string .Ltainted, "Tainted: "
        string taint_letters, "PFSRMBUDAWCIOELKXTN"

@ ---------------------------------------------------------------------------
@ module_flags_taint - a module's taints as letters, "OE"
@
@   in:       r0 = taint word, r1 = buffer of 10 bytes
@   out:      r0 = number of letters; NUL-ended
@   clobbers: r1-r3, ip, flags
@   context:  any
@ ---------------------------------------------------------------------------
FUNC module_flags_taint
        ldr     r2, =MODULE_TAINT_MASK
        and     r0, r0, r2
        ldr     r2, =taint_letters
        mov     r3, r1
.Lnext_taint:
        lsrs    r0, r0, #1
        ldrb    ip, [r2], #1
        strbcs  ip, [r3], #1
        bne     .Lnext_taint                    @ by lsrs: a bit is left
        mov     ip, #0
        strb    ip, [r3]
        sub     r0, r3, r1
        bx      lr
ENDFUNC module_flags_taint

@ ---------------------------------------------------------------------------
@ module_augment_kernel_taints - the taints a module brings with its .modinfo and its signature
@
@   in:       r0 = module, r1 = load_info
@   out:      -
@   clobbers: r0-r3, ip, flags
@   context:  process, loading
@ ---------------------------------------------------------------------------
FUNC module_augment_kernel_taints
        push    {r4-r7, fp, lr}
        add     fp, sp, #16
        mov     r4, r0
        mov     r5, r1

        mov     r0, r5
        ldr     r1, =.Lintree
        bl      get_modinfo
        cmp     r0, #0
        bne     .Lis_in_tree
        mov     r0, #TAINT_OOT_MODULE
        bl      test_taint
        cmp     r0, #0
        bne     .Loot_known
        add     r1, r4, #MODULE_NAME
        pr_warn "%s: loading out-of-tree module taints kernel.\n"
.Loot_known:
        mov     r0, r4
        mov     r1, #TAINT_OOT_MODULE
        bl      add_taint_module
.Lis_in_tree:

        mov     r0, r5
        ldr     r1, =.Lstaging
        bl      get_modinfo
        cmp     r0, #0
        beq     .Lnot_staging
        mov     r0, r4
        mov     r1, #TAINT_CRAP
        bl      add_taint_module
        add     r1, r4, #MODULE_NAME
        pr_warn "%s: module is from the staging directory, the quality is unknown, you have been warned.\n"
.Lnot_staging:

        mov     r0, r4
        mov     r1, r5
        bl      license_taint_check

        mov     r0, r5
        ldr     r1, =.Ltest
        bl      get_modinfo
        cmp     r0, #0
        beq     .Lnot_test
        mov     r0, #TAINT_TEST
        bl      test_taint
        cmp     r0, #0
        bne     .Ltest_known
        add     r1, r4, #MODULE_NAME
        pr_warn "%s: loading test module taints kernel.\n"
.Ltest_known:
        mov     r0, r4
        mov     r1, #TAINT_TEST
        bl      add_taint_module
.Lnot_test:

        ldr     r0, [r5, #LOAD_SIG_OK]
        cmp     r0, #0
        bne     .Ltaints_done
        mov     r0, #TAINT_UNSIGNED_MODULE
        bl      test_taint
        cmp     r0, #0
        bne     .Lunsigned_known
        add     r1, r4, #MODULE_NAME
        pr_notice "%s: module verification failed: signature and/or required key missing - tainting kernel\n"
.Lunsigned_known:
        mov     r0, r4
        mov     r1, #TAINT_UNSIGNED_MODULE
        bl      add_taint_module
.Ltaints_done:
        pop     {r4-r7, fp, pc}
ENDFUNC module_augment_kernel_taints
        string .Lintree, "intree"
        string .Lstaging, "staging"
        string .Ltest, "test"

@ ---------------------------------------------------------------------------
@ license_taint_check - a licence that does not go with the GPL taints
@
@   in:       r0 = module, r1 = load_info
@   out:      -
@   clobbers: r0-r3, ip, flags
@   context:  process, loading
@ ---------------------------------------------------------------------------
LFUNC license_taint_check
        push    {r4-r7, fp, lr}
        add     fp, sp, #16
        mov     r4, r0
        mov     r0, r1
        ldr     r1, =.Llicense
        bl      get_modinfo
        movs    r5, r0
        ldreq   r5, =.Lunspecified
        ldr     r6, =gpl_licenses
.Ltry_license:
        ldrb    r0, [r6]
        cmp     r0, #0                          @ the list ends with an empty one
        beq     .Lnot_gpl
        mov     r0, r5
        mov     r1, r6
        bl      strcmp
        cmp     r0, #0
        beq     .Llicense_done
        mov     r0, r6
        bl      strlen
        add     r6, r6, r0
        add     r6, r6, #1
        b       .Ltry_license

.Lnot_gpl:
        mov     r0, #TAINT_PROPRIETARY_MODULE
        bl      test_taint
        cmp     r0, #0
        bne     .Lproprietary_known
        add     r1, r4, #MODULE_NAME
        mov     r2, r5
        pr_warn "%s: module license '%s' taints kernel.\n"
.Lproprietary_known:
        mov     r0, r4
        mov     r1, #TAINT_PROPRIETARY_MODULE
        bl      add_taint_module
.Llicense_done:
        pop     {r4-r7, fp, pc}
ENDFUNC license_taint_check
        string .Llicense, "license"
        string .Lunspecified, "unspecified"

        RODATA
gpl_licenses:                                   @ include/linux/license.h
        .asciz  "GPL"
        .asciz  "GPL v2"
        .asciz  "GPL and additional rights"
        .asciz  "Dual BSD/GPL"
        .asciz  "Dual MIT/GPL"
        .asciz  "Dual MPL/GPL"
        .byte   0

        .bss
        .balign 4
        .global tainted_mask
tainted_mask:
        .space  4                               @ 1 << TAINT_*
        .equ    TAINTED_TEXT_SIZE, 32           @ "Tainted: ", NR_TAINTS letters, NUL
tainted_text:
        .space  TAINTED_TEXT_SIZE

        EXPORT_SYMBOL add_taint
        EXPORT_SYMBOL test_taint
        EXPORT_SYMBOL print_tainted
