@ fault.s - data and prefetch aborts: an access the page tables refuse. A kernel access to user memory that has a row
@ in the exception table goes on at its fix-up; any other one in the kernel is an oops; one in user mode kills init.

        .include "macros.inc"
        .include "arm.inc"
        .include "memory.inc"
        .include "ptrace.inc"

        .equ    SIGSEGV,        11

        .text
@ ---------------------------------------------------------------------------
@ do_data_abort - a load or store was refused
@
@   in:       r0 = pt_regs
@   out:      returns only after a fix-up
@   clobbers: everything
@   context:  exception
@ ---------------------------------------------------------------------------
FUNC do_data_abort
        push    {fp, lr}
        add     fp, sp, #0
        read_dfar r1
        read_dfsr r2
        bl      do_page_fault
        pop     {fp, pc}
ENDFUNC do_data_abort

@ ---------------------------------------------------------------------------
@ do_prefetch_abort - an instruction could not be fetched
@
@   in:       r0 = pt_regs
@   out:      never returns
@   clobbers: everything
@   context:  exception
@ ---------------------------------------------------------------------------
FUNC do_prefetch_abort
        push    {fp, lr}
        add     fp, sp, #0
        read_ifar r1
        read_ifsr r2
        orr     r2, r2, #FSR_PREFETCH
        bl      do_page_fault
        pop     {fp, pc}
ENDFUNC do_prefetch_abort

@ ---------------------------------------------------------------------------
@ do_page_fault - whose fault is it?
@
@   in:       r0 = pt_regs, r1 = address, r2 = fault status (FSR_PREFETCH set for a fetch)
@   out:      returns only after a fix-up
@   clobbers: everything
@   context:  exception
@ ---------------------------------------------------------------------------
LFUNC do_page_fault
        push    {r4-r7, fp, lr}
        add     fp, sp, #16
        mov     r4, r0
        mov     r5, r1
        mov     r6, r2
        ldr     r3, [r4, #PT_CPSR]
        tst     r3, #PSR_USER_TEST
        beq     .Luser_fault

        tst     r6, #FSR_PREFETCH
        bne     .Lkernel_fault
        bl      fixup_exception
        cmp     r0, #0
        bne     .Lfixed

.Lkernel_fault:
        bl      console_verbose
        mov     r1, r5
        mov     r2, r6
        bl      report_kernel_fault
        ldr     r0, =.Loops
        mov     r1, r4
        mov     r2, r6
        bl      die

.Luser_fault:
        bl      console_verbose
        mov     r0, r6
        bl      fault_name
        mov     r1, r0
        bic     r2, r6, #FSR_PREFETCH
        mov     r3, r5
        ldr     r0, [r4, #PT_PC]
        push    {r0, ip}
        pr_alert "Unhandled fault: %s (0x%03x) at 0x%08x, pc 0x%08x\n"
        add     sp, sp, #8
        mov     r0, r4
        bl      show_regs
        mov     r0, #SIGSEGV
        bl      kill_init
.Lfixed:
        pop     {r4-r7, fp, pc}
ENDFUNC do_page_fault
        string .Loops, "Oops"

@ ---------------------------------------------------------------------------
@ report_kernel_fault - the first lines of an oops: which address, what the tables say
@
@   in:       r1 = address, r2 = fault status
@   out:      -
@   clobbers: r0-r3, ip, flags
@   context:  exception
@ ---------------------------------------------------------------------------
LFUNC report_kernel_fault
        push    {r4, r5, fp, lr}
        add     fp, sp, #8
        mov     r4, r1
        mov     r5, r2
        pr_alert "8<--- cut here ---\n"
        ldr     r1, =.Lpaging_request
        cmp     r4, #PAGE_SIZE
        ldrlo   r1, =.Lnull_pointer
        mov     r2, r4
        ldr     r3, =.Lread
        tst     r5, #FSR_WRITE
        ldrne   r3, =.Lwrite
        tst     r5, #FSR_PREFETCH
        ldrne   r3, =.Lexecute
        pr_alert "Unable to handle kernel %s at virtual address %08x when %s\n"
        mov     r0, r4
        bl      show_pte
        mov     r0, r5
        bl      fault_name
        mov     r1, r0
        bic     r2, r5, #FSR_PREFETCH
        pr_alert "Fault status: %s (0x%03x)\n"
        pop     {r4, r5, fp, pc}
ENDFUNC report_kernel_fault
        string .Lpaging_request, "paging request"
        string .Lnull_pointer, "NULL pointer dereference"
        string .Lread, "read"
        string .Lwrite, "write"
        string .Lexecute, "execute"

@ ---------------------------------------------------------------------------
@ show_pte - the descriptors that translate an address
@
@   in:       r0 = address
@   out:      -
@   clobbers: r0-r3, ip, flags
@   context:  any
@ ---------------------------------------------------------------------------
LFUNC show_pte
        push    {r4, r5, fp, lr}
        add     fp, sp, #8
        mov     r4, r0
        ldr     r2, =SWAPPER_PG_DIR
        lsr     r3, r4, #SECTION_SHIFT
        ldr     r5, [r2, r3, lsl #2]
        mov     r1, r4
        mov     r2, r5
        pr_alert "[%08x] *pgd=%08x"
        and     r0, r5, #L1_TABLE | L1_SECTION
        cmp     r0, #L1_TABLE
        bne     .Lno_table
        lsr     r5, r5, #L2_TABLE_SHIFT
        lsl     r5, r5, #L2_TABLE_SHIFT
        add     r5, r5, #LINEAR_OFFSET
        ubfx    r0, r4, #PAGE_SHIFT, #SECTION_SHIFT - PAGE_SHIFT
        ldr     r1, [r5, r0, lsl #2]
        pr_cont ", *pte=%08x"
.Lno_table:
        pr_cont "\n"
        pop     {r4, r5, fp, pc}
ENDFUNC show_pte

@ ---------------------------------------------------------------------------
@ fault_name - a fault status in words
@
@   in:       r0 = DFSR or IFSR
@   out:      r0 = C string
@   clobbers: r1, flags
@   context:  any
@ ---------------------------------------------------------------------------
FUNC fault_name
        tst     r0, #FSR_FS4
        and     r0, r0, #FSR_STATUS_MASK
        movne   r0, #0                          @ the external and parity faults of FS[4]: not told apart here
        ldr     r1, =fault_names
        ldr     r0, [r1, r0, lsl #2]
        bx      lr
ENDFUNC fault_name
        string .Lf_other, "external or unknown abort"
        string .Lf_alignment, "alignment exception"
        string .Lf_debug, "debug event"
        string .Lf_access_section, "section access flag fault"
        string .Lf_icache, "instruction cache maintenance fault"
        string .Lf_section_translation, "section translation fault"
        string .Lf_access_page, "page access flag fault"
        string .Lf_page_translation, "page translation fault"
        string .Lf_external, "external abort on non-linefetch"
        string .Lf_section_domain, "section domain fault"
        string .Lf_page_domain, "page domain fault"
        string .Lf_walk_section, "external abort on translation"
        string .Lf_section_permission, "section permission fault"
        string .Lf_walk_page, "external abort on translation"
        string .Lf_page_permission, "page permission fault"

        RODATA
        .balign 4
fault_names:                                    @ by FS[3:0], ARM DDI 0406C table B3-23
        .word   .Lf_other, .Lf_alignment, .Lf_debug, .Lf_access_section
        .word   .Lf_icache, .Lf_section_translation, .Lf_access_page, .Lf_page_translation
        .word   .Lf_external, .Lf_section_domain, .Lf_other, .Lf_page_domain
        .word   .Lf_walk_section, .Lf_section_permission, .Lf_walk_page, .Lf_page_permission
