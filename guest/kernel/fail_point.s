@ fail_point.s - failures on request, so that every way out of the module loader can be walked (Linux lib/fault-inject.c).
@
@   fail_stage=NAME[,ERRNO]   load_module fails where stage NAME begins, with -ERRNO (-ENOMEM when not given)
@   fail_alloc=N              the Nth allocation of the module loader since boot fails, and no other
@
@ A test that holds the machine sets the words fail_stage, fail_errno, fail_alloc and alloc_count itself.

        .include "macros.inc"
        .include "params.inc"
        .include "module.inc"

        .equ    FAIL_NO_STAGE,  -1

        .text
@ ---------------------------------------------------------------------------
@ fail_point - must this stage of a load fail?
@
@   in:       r0 = STAGE_*
@   out:      r0 = 0: go on; -errno: fail with it
@   clobbers: r1-r3, ip, flags
@   context:  process, loading
@ ---------------------------------------------------------------------------
FUNC fail_point
        push    {r4, r5, fp, lr}
        add     fp, sp, #8
        ldr     r1, =fail_stage
        ldr     r1, [r1]
        cmp     r0, r1
        movne   r0, #0
        bne     .Lpoint_done
        ldr     r4, =fail_errno
        ldr     r4, [r4]
        ldr     r1, =stage_names
        ldr     r1, [r1, r0, lsl #2]
        mov     r2, r4
        pr_info "FAULT_INJECTION: forcing a failure: stage %s, errno %d\n"
        rsb     r0, r4, #0
.Lpoint_done:
        pop     {r4, r5, fp, pc}
ENDFUNC fail_point

@ ---------------------------------------------------------------------------
@ should_fail_alloc - must this allocation of the module loader fail?
@
@   in:       -
@   out:      r0 = 1 / 0
@   clobbers: r1-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
FUNC should_fail_alloc
        push    {fp, lr}
        add     fp, sp, #0
        ldr     r1, =alloc_count
        ldr     r2, [r1]
        add     r2, r2, #1
        str     r2, [r1]
        ldr     r1, =fail_alloc
        ldr     r1, [r1]
        cmp     r1, r2
        movne   r0, #0
        bne     .Lshould_done
        pr_info "FAULT_INJECTION: forcing a failure: allocation %u\n"
        mov     r0, #1
.Lshould_done:
        pop     {fp, pc}
ENDFUNC should_fail_alloc

@ ---------------------------------------------------------------------------
@ module_kmalloc, module_kzalloc - kmalloc and kzalloc for what a load keeps; they can be made to fail
@
@   in:       r0 = bytes
@   out:      r0 = address, or 0
@   clobbers: r1-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
FUNC module_kmalloc
        push    {r4, r5, fp, lr}
        add     fp, sp, #8
        mov     r4, r0
        bl      should_fail_alloc
        cmp     r0, #0
        movne   r0, #0
        bne     .Lkmalloc_done
        mov     r0, r4
        bl      kmalloc
.Lkmalloc_done:
        pop     {r4, r5, fp, pc}
ENDFUNC module_kmalloc

FUNC module_kzalloc
        push    {r4, r5, fp, lr}
        add     fp, sp, #8
        mov     r4, r0
        bl      module_kmalloc
        cmp     r0, #0
        movne   r1, #0
        movne   r2, r4
        blne    memset
        pop     {r4, r5, fp, pc}
ENDFUNC module_kzalloc

        INIT_TEXT
@ fail_stage=NAME or fail_stage=NAME,ERRNO
LFUNC fail_stage_setup
        push    {r4-r7, fp, lr}
        add     fp, sp, #16
        movs    r4, r0
        beq     .Lbad_stage
        mov     r1, #','
        bl      strchr
        cmp     r0, #0
        beq     .Lfind_stage
        mov     r1, #0
        strb    r1, [r0], #1                    @ the name ends
        mov     r2, #10
        bl      strtoul
        ldr     r1, =fail_errno
        str     r0, [r1]
.Lfind_stage:
        ldr     r5, =stage_names
        mov     r6, #0
.Ltry_stage:
        ldr     r0, [r5, r6, lsl #2]
        mov     r1, r4
        bl      strcmp
        cmp     r0, #0
        ldreq   r1, =fail_stage
        streq   r6, [r1]
        beq     .Lstage_done
        add     r6, r6, #1
        cmp     r6, #NR_STAGES
        bne     .Ltry_stage
.Lbad_stage:
        mov     r0, #-EINVAL
.Lstage_done:
        pop     {r4-r7, fp, pc}
ENDFUNC fail_stage_setup
        __setup "fail_stage", fail_stage_setup

@ fail_alloc=N
LFUNC fail_alloc_setup
        push    {fp, lr}
        add     fp, sp, #0
        cmp     r0, #0
        moveq   r0, #-EINVAL
        beq     .Lalloc_done
        mov     r1, #0
        mov     r2, #0
        bl      strtoul
        ldr     r1, =fail_alloc
        str     r0, [r1]
        mov     r0, #0
.Lalloc_done:
        pop     {fp, pc}
ENDFUNC fail_alloc_setup
        __setup "fail_alloc", fail_alloc_setup

        .macro  stage_name name
        .pushsection .rodata, "a", %progbits
.Lstage_\name:
        .asciz  "\name"
        .popsection
        .word   .Lstage_\name
        .endm

        .pushsection .rodata.stages, "a", %progbits
        .balign 4
stage_names:                                    @ by STAGE_*: the function that is the stage
        stage_name module_sig_check
        stage_name elf_validity_cache_copy
        stage_name early_mod_check
        stage_name layout_and_allocate
        stage_name add_unformed_module
        stage_name percpu_modalloc
        stage_name module_unload_init
        stage_name find_module_sections
        stage_name check_export_symbol_versions
        stage_name setup_modinfo
        stage_name simplify_symbols
        stage_name apply_relocations
        stage_name post_relocation
        stage_name strndup_user
        stage_name complete_formation
        stage_name prepare_coming_module
        stage_name parse_args
        stage_name mod_sysfs_setup
        stage_name do_init_module
        .popsection

        .data
        .balign 4
        .global fail_stage, fail_errno, fail_alloc, alloc_count
fail_stage:
        .word   FAIL_NO_STAGE                   @ STAGE_*
fail_errno:
        .word   ENOMEM
fail_alloc:
        .word   0                               @ the number of the allocation that fails; 0: none
alloc_count:
        .word   0                               @ allocations so far
