@ load.s - what benchmarks/emulation.py measures.

        .include "macros.inc"
        .include "memory.inc"

        .equ    BUFFER_SIZE,    2048            @ bytes, the largest object of kmalloc
        .equ    HALF,           BUFFER_SIZE / 2
        .equ    PASSES,         10              @ over the buffer in a round: some 20,000 instructions for each traced call

        .equ    BOOT_PASSES,    5               @ in a round of bench_boot: some 3,000 instructions for each traced call

        .text
@ ---------------------------------------------------------------------------
@ bench_load - rounds of boot-like work: words loaded, changed and stored, a line formatted, an object taken and given
@              back (two traced calls in about as many instructions as a boot has for two)
@
@   in:       r0 = rounds, at least 1
@   out:      -
@   clobbers: r0-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
FUNC bench_load
        push    {r4-r7, fp, lr}
        add     fp, sp, #16
        mov     r4, r0
.Lround:
        mov     r0, #BUFFER_SIZE
        bl      kmalloc
        mov     r5, r0
        mov     r6, #PASSES
.Lpass:
        mov     r0, r5
        bl      change_words
        subs    r6, r6, #1
        bne     .Lpass
        mov     r0, r5
        mov     r1, #BUFFER_SIZE
        ldr     r2, =.Lformat
        mov     r3, r4
        bl      snprintf
        mov     r0, r5
        bl      kfree
        subs    r4, r4, #1
        bne     .Lround
        pop     {r4-r7, fp, pc}
ENDFUNC bench_load

@ in: r0 = buffer of BUFFER_SIZE bytes; clobbers r0-r3, flags
LFUNC change_words
        add     r1, r0, #BUFFER_SIZE
.Lword:
        ldr     r2, [r0]
        add     r2, r2, r0
        str     r2, [r0], #4
        cmp     r0, r1
        bne     .Lword
        bx      lr
ENDFUNC change_words

@ ---------------------------------------------------------------------------
@ bench_boot - rounds of what a boot executes apart from waiting for devices, with about as many traced calls: memory
@              set and copied, messages formatted and logged at the timer's time, symbols, paths and names looked at
@
@   in:       r0 = rounds, at least 1
@   out:      -
@   clobbers: r0-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
FUNC bench_boot
        push    {r4-r6, fp, lr}
        add     fp, sp, #12
        mov     r4, r0
.Lboot:
        mov     r0, #BUFFER_SIZE
        bl      kmalloc
        mov     r5, r0
        mov     r6, #BOOT_PASSES
.Lboot_pass:
        mov     r0, r5
        mov     r1, #0
        mov     r2, #BUFFER_SIZE
        bl      memset
        add     r0, r5, #HALF
        mov     r1, r5
        mov     r2, #HALF
        bl      memcpy
        mov     r0, r5
        ldr     r1, =POISON_FREE
        mov     r2, #HALF
        bl      memset32
        mov     r0, r5
        ldr     r1, =.Lpath
        bl      path_normalize
        mov     r0, r5
        ldr     r1, =.Lpath
        mov     r2, #16
        bl      strncmp
        ldr     r1, =bench_boot
        mov     r2, r4
        mov     r3, r5
        pr_debug "calling  %pS, round %u of the load with %08x\n"
        subs    r6, r6, #1
        bne     .Lboot_pass
        mov     r0, r5
        bl      kfree
        subs    r4, r4, #1
        bne     .Lboot
        pop     {r4-r6, fp, pc}
ENDFUNC bench_boot

@ ---------------------------------------------------------------------------
@ bench_blocks - rounds of memory set, copied and compared by the kernel's own string functions
@
@   in:       r0 = rounds, at least 1
@   out:      -
@   clobbers: r0-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
FUNC bench_blocks
        push    {r4, r5, fp, lr}
        add     fp, sp, #8
        mov     r4, r0
        mov     r0, #BUFFER_SIZE
        bl      kmalloc
        mov     r5, r0
.Lblock:
        mov     r0, r5
        mov     r1, #0
        mov     r2, #HALF
        bl      memset
        add     r0, r5, #HALF
        mov     r1, r5
        mov     r2, #HALF
        bl      memcpy
        mov     r0, r5
        add     r1, r5, #HALF
        mov     r2, #HALF
        bl      memcmp
        subs    r4, r4, #1
        bne     .Lblock
        mov     r0, r5
        bl      kfree
        pop     {r4, r5, fp, pc}
ENDFUNC bench_blocks

@ ---------------------------------------------------------------------------
@ bench_calls - one function called again and again
@
@   in:       r0 = rounds, at least 1; r1 = function to call: takes no argument that matters, returns
@   out:      -
@   clobbers: r0-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
FUNC bench_calls
        push    {r4, r5, fp, lr}
        add     fp, sp, #8
        mov     r4, r0
        mov     r5, r1
.Lcall:
        blx     r5
        subs    r4, r4, #1
        bne     .Lcall
        pop     {r4, r5, fp, pc}
ENDFUNC bench_calls

@ ---------------------------------------------------------------------------
@ bench_probed, bench_plain - two functions of one instruction; the benchmark puts a probe on the first
@
@   in:       -
@   out:      -
@   clobbers: -
@   context:  any
@ ---------------------------------------------------------------------------
FUNC bench_probed
        bx      lr
ENDFUNC bench_probed

FUNC bench_plain
        bx      lr
ENDFUNC bench_plain

        RODATA
.Lformat:
        .asciz  "round %d of the load\n"
.Lpath:
        .asciz  "/lib/modules/./usb_storage.ko"
