@ init_mem.s - giving init memory back: the code and data between __init_begin and __init_end, used once.

        .include "macros.inc"
        .include "memory.inc"

        .text
@ ---------------------------------------------------------------------------
@ free_initmem - poison, unmap and free everything from __init_begin to __init_end
@
@   in:       -
@   out:      r0 = pages freed
@   clobbers: r1-r3, ip, flags
@   context:  process. No init function or init data may be used afterwards: a call there faults at its address
@ ---------------------------------------------------------------------------
FUNC free_initmem
        push    {fp, lr}
        add     fp, sp, #0
        ldr     r0, =__init_begin
        ldr     r1, =__init_end
        ldr     r2, =POISON_INITMEM
        ldr     r3, =.Linitmem
        bl      free_reserved_area
        ldr     r1, =initmem_pages_freed
        str     r0, [r1]
        pop     {fp, pc}
ENDFUNC free_initmem
        string .Linitmem, "unused kernel image (initmem)"

@ ---------------------------------------------------------------------------
@ report_init_memory - at shutdown: was it ever freed?
@
@   in:       -
@   out:      -
@   clobbers: r0-r3, ip, flags
@   context:  process, power-off
@ ---------------------------------------------------------------------------
FUNC report_init_memory
        push    {fp, lr}
        add     fp, sp, #0
        ldr     r0, =initmem_pages_freed
        ldr     r0, [r0]
        cmp     r0, #0
        bne     .Lwas_freed
        ldr     r1, =__init_end
        ldr     r2, =__init_begin
        sub     r1, r1, r2
        pr_info "init memory never freed: %u bytes\n"
.Lwas_freed:
        pop     {fp, pc}
ENDFUNC report_init_memory

        .bss
        .balign 4
        .global initmem_pages_freed
initmem_pages_freed:
        .space  4
