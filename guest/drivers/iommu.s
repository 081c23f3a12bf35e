@ iommu.s - a probe for hardware that this board does not have.
@ An SMMU-400 would answer at IOMMU_BASE; here nothing does, the register reads 0 and the initcall fails with -ENODEV.

        .include "macros.inc"
        .include "board.inc"

        .equ    SMMU_IDR0,              0x20    @ identification: features; never 0 on a real unit

@ ---------------------------------------------------------------------------
@ iommu_init - look for the IOMMU
@
@   in:       -
@   out:      r0 = 0, or -ENODEV when nothing answers
@   clobbers: r1-r3, ip, flags
@   context:  initcall
@ ---------------------------------------------------------------------------
        INIT_TEXT
FUNC iommu_init
        push    {fp, lr}
        add     fp, sp, #0
        ldr     r1, =IOMMU_BASE
        ldr     r1, [r1, #SMMU_IDR0]
        cmp     r1, #0
        beq     .Labsent
        pr_info "arm-smmu 2b000000.iommu: IDR0 0x%x\n"
        mov     r0, #0
        b       .Lreturn

.Labsent:
        mov     r0, #-ENODEV
.Lreturn:
        pop     {fp, pc}
ENDFUNC iommu_init

        module_init iommu_init, arch_initcall
        MODULE_LICENSE "GPL"
        MODULE_DESCRIPTION "IOMMU probe"
