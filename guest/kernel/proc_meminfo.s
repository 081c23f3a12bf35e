@ /proc/meminfo: pages of RAM that the allocator was ever given, and those free now, in KiB.

        .include "macros.inc"

        .text

@ ---------------------------------------------------------------------------
@ meminfo_show - MemTotal grows when init memory is freed, as MemFree does
@
@   in:       r0 = seq_file
@   out:      r0 = 0
@   clobbers: r1-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
FUNC meminfo_show
        push    {r4-r5, fp, lr}
        add     fp, sp, #8
        mov     r4, r0
        bl      nr_free_pages
        mov     r3, r0, lsl #2                  @ 4 KiB each
        ldr     r2, =totalram_pages
        ldr     r2, [r2]
        mov     r2, r2, lsl #2
        mov     r0, r4
        ldr     r1, =.Ltext_meminfo
        bl      seq_printf
        mov     r0, #0
        pop     {r4-r5, fp, pc}
ENDFUNC meminfo_show

        RODATA
.Ltext_meminfo:
        .ascii  "MemTotal:       %8u kB\n"
        .asciz  "MemFree:        %8u kB\n"
