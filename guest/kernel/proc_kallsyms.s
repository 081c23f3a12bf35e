@ /proc/kallsyms: the kernel's symbol table as text, in ascending order of addresses, then those of the modules.

        .include "macros.inc"
        .include "unistd.inc"

        .weak   kallsyms_num_syms, kallsyms_addresses, kallsyms_types, kallsyms_name_offsets, kallsyms_names

        .text

@ ---------------------------------------------------------------------------
@ kallsyms_show - "address letter name" for each symbol, letters as nm's; addresses are 0 for who may not know them
@
@   in:       r0 = seq_file
@   out:      r0 = 0
@   clobbers: r1-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
FUNC kallsyms_show
        push    {r4-r7, fp, lr}
        add     fp, sp, #16
        sub     sp, sp, #8
        mov     r4, r0
        mov     r0, #CAP_SYSLOG
        bl      capable
        rsb     r7, r0, #0                      @ ANDed with each address
        ldr     r5, =kallsyms_num_syms
        cmp     r5, #0                          @ not there in the build's first link
        ldrne   r5, [r5]
        mov     r6, #0
.Lkallsyms_next:
        cmp     r6, r5
        bhs     .Lkallsyms_done
        ldr     r0, =kallsyms_addresses
        ldr     r2, [r0, r6, lsl #2]
        and     r2, r2, r7
        ldr     r0, =kallsyms_types
        ldrb    r3, [r0, r6]
        ldr     r0, =kallsyms_name_offsets
        ldr     r0, [r0, r6, lsl #2]
        ldr     r1, =kallsyms_names
        add     r0, r0, r1
        str     r0, [sp]
        mov     r0, r4
        ldr     r1, =.Ltext_line
        bl      seq_printf
        add     r6, r6, #1
        cmp     r0, #0
        beq     .Lkallsyms_next                 @ else this read has all it wants
        b       .Lkallsyms_enough
.Lkallsyms_done:
        mov     r0, r4
        bl      module_kallsyms_show
.Lkallsyms_enough:
        mov     r0, #0
        sub     sp, fp, #16
        pop     {r4-r7, fp, pc}
ENDFUNC kallsyms_show

        RODATA
.Ltext_line:
        .asciz  "%08x %c %s\n"
