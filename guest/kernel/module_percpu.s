@ module_percpu.s - memory for the per-CPU variables of modules (Linux kernel/module.c before 2.6.34). One area, divided
@ into blocks without gaps; pcpu_size has the size of each in order of addresses, negative where it is in use. The first
@ entry is the kernel's own share: it has no per-CPU variables, so its size is 0.
@
@ Differences from the patch of 2009 (001): a failure returns 0 and says so; what makes a block fail is found out before
@ anything is changed, so a failure changes nothing.

        .include "macros.inc"
        .include "memory.inc"
        .include "elf.inc"
        .include "module.inc"

        .equ    PERCPU_MODULE_RESERVE, 0x2000   @ bytes of the area (Linux's number); aligned to PAGE_SIZE
        .equ    PCPU_BLOCKS,    128             @ entries of pcpu_size
        .equ    BUG_INSTRUCTION, 0xe7f001f2     @ undefined; Linux's BUG() on ARM

        .text
@ ---------------------------------------------------------------------------
@ percpu_modalloc - room for a module's .data..percpu
@
@   in:       r0 = module, r1 = load_info
@   out:      r0 = 0, MODULE_PERCPU and MODULE_PERCPU_SIZE set; -ENOMEM
@   clobbers: r1-r3, ip, flags
@   context:  process, module_mutex not held
@ ---------------------------------------------------------------------------
FUNC percpu_modalloc
        push    {r4, r5, fp, lr}
        add     fp, sp, #8
        mov     r4, r0
        mov     r0, r1
        bl      percpu_section
        movs    r1, r0
        moveq   r0, #0
        beq     .Lmodalloc_done
        ldr     r5, [r1, #SH_SIZE]
        cmp     r5, #0
        moveq   r0, #0
        beq     .Lmodalloc_done
        mov     r0, r5
        ldr     r1, [r1, #SH_ADDRALIGN]
        add     r2, r4, #MODULE_NAME
        bl      percpu_block_alloc
        cmp     r0, #0
        strne   r0, [r4, #MODULE_PERCPU]
        strne   r5, [r4, #MODULE_PERCPU_SIZE]
        movne   r0, #0
        moveq   r0, #-ENOMEM
.Lmodalloc_done:
        pop     {r4, r5, fp, pc}
ENDFUNC percpu_modalloc

@ r0 = load_info -> r0 = section header of .data..percpu, or 0; r1, r2 and flags change.
LFUNC percpu_section
        ldr     r1, [r0, #LOAD_INDEX_PCPU]
        ldr     r0, [r0, #LOAD_SECHDRS]
        mov     r2, #SHDR_SIZE
        cmp     r1, #0
        mlane   r0, r1, r2, r0
        moveq   r0, #0
        bx      lr
ENDFUNC percpu_section

@ ---------------------------------------------------------------------------
@ percpu_modcopy - the variables' first values
@
@   in:       r0 = module, r1 = load_info
@   out:      r0 = 0
@   clobbers: r1-r3, ip, flags
@   context:  process, after relocation
@ ---------------------------------------------------------------------------
FUNC percpu_modcopy
        push    {r4, r5, fp, lr}
        add     fp, sp, #8
        mov     r4, r0
        ldr     r5, [r4, #MODULE_PERCPU]
        cmp     r5, #0
        beq     .Lmodcopy_done
        mov     r0, r1
        bl      percpu_section
        ldr     r2, [r4, #MODULE_PERCPU_SIZE]
        ldr     r3, [r0, #SH_TYPE]
        ldr     r1, [r0, #SH_ADDR]
        mov     r0, r5
        cmp     r3, #SHT_NOBITS
        beq     .Lmodcopy_zero
        bl      memcpy
        b       .Lmodcopy_done
.Lmodcopy_zero:
        mov     r1, #0
        bl      memset
.Lmodcopy_done:
        mov     r0, #0
        pop     {r4, r5, fp, pc}
ENDFUNC percpu_modcopy

@ ---------------------------------------------------------------------------
@ percpu_modfree - give a module's variables back
@
@   in:       r0 = module
@   out:      -
@   clobbers: r0-r3, ip, flags
@   context:  process, module_mutex not held
@ ---------------------------------------------------------------------------
FUNC percpu_modfree
        push    {fp, lr}
        add     fp, sp, #0
        ldr     r1, [r0, #MODULE_PERCPU]
        mov     r2, #0
        str     r2, [r0, #MODULE_PERCPU]
        str     r2, [r0, #MODULE_PERCPU_SIZE]
        movs    r0, r1
        blne    percpu_block_free
        pop     {fp, pc}
ENDFUNC percpu_modfree

@ ---------------------------------------------------------------------------
@ percpu_block_alloc - the first block that fits
@
@   in:       r0 = bytes, r1 = alignment (a power of two; 0 is 1), r2 = whose, for messages
@   out:      r0 = address, or 0: no block fits, or the table of blocks is full. Above PAGE_SIZE the alignment is cut to it
@   clobbers: r1-r3, ip, flags
@   context:  process, module_mutex not held
@ ---------------------------------------------------------------------------
FUNC percpu_block_alloc
        push    {r4-r9, fp, lr}
        add     fp, sp, #24
        mov     r4, r0
        movs    r5, r1
        moveq   r5, #1
        mov     r6, r2
        bl      should_fail_alloc
        cmp     r0, #0
        bne     .Lblock_refused
        sub     r0, r5, #1
        tst     r0, r5
        bne     .Lblock_refused                 @ not a power of two
        cmp     r5, #PAGE_SIZE
        bls     .Lalignment_known
        mov     r1, r6
        mov     r2, r5
        mov     r3, #PAGE_SIZE
        pr_warn "%s: per-cpu alignment %i > %i\n"
        mov     r5, #PAGE_SIZE
.Lalignment_known:
        bl      module_mutex_lock
        sub     r0, r4, #1
        cmp     r0, #PERCPU_MODULE_RESERVE
        mov     r7, #0                          @ address, while none is found
        bhs     .Lblock_unlock                  @ nothing, or more than there is

        @ r7 = address of block r8; r9 = pcpu_size
        ldr     r7, =__per_cpu_start
        ldr     r9, =pcpu_size
        mov     r8, #0
.Lnext_block:
        ldr     r0, =pcpu_num_used
        ldr     r0, [r0]
        cmp     r8, r0
        movhs   r7, #0
        bhs     .Lblock_unlock
        ldr     r1, [r9, r8, lsl #2]
        sub     r2, r5, #1
        rsb     r3, r7, #0
        and     r3, r3, r2                      @ bytes up to the next aligned address
        add     r2, r3, r4                      @ needed in all; both are small
        cmp     r1, r2
        bge     .Lblock_fits
.Lskip_block:
        cmp     r1, #0
        rsblt   r1, r1, #0
        add     r7, r7, r1
        add     r8, r8, #1
        b       .Lnext_block

        @ Before anything changes: a rest worth keeping needs an entry of the table.
.Lblock_fits:
        sub     r2, r1, r2                      @ what is left behind
        cmp     r2, #4
        bls     .Ltake_block
        cmp     r0, #PCPU_BLOCKS
        bhs     .Lskip_block

        @ What alignment skips is added to the block in front, and comes back when that one is freed.
.Ltake_block:
        cmp     r3, #0
        beq     .Lblock_aligned
        sub     r0, r8, #1
        ldr     ip, [r9, r0, lsl #2]
        cmp     ip, #0
        sublt   ip, ip, r3
        addge   ip, ip, r3
        str     ip, [r9, r0, lsl #2]
        sub     r1, r1, r3
        str     r1, [r9, r8, lsl #2]
        add     r7, r7, r3
.Lblock_aligned:
        cmp     r2, #4
        bls     .Lmark_block
        mov     r0, r8
        mov     r1, r4
        bl      split_block
.Lmark_block:
        ldr     r0, [r9, r8, lsl #2]
        rsb     r0, r0, #0
        str     r0, [r9, r8, lsl #2]

.Lblock_unlock:
        bl      module_mutex_unlock
        movs    r0, r7
        bne     .Lblock_done
.Lblock_refused:
        mov     r1, r6
        mov     r2, r4
        pr_warn "%s: Could not allocate %u bytes percpu data\n"
        mov     r0, #0
.Lblock_done:
        pop     {r4-r9, fp, pc}
ENDFUNC percpu_block_alloc

@ ---------------------------------------------------------------------------
@ split_block - make two blocks of a free one
@
@   in:       r0 = index of the block, r1 = bytes of the first part, fewer than it has
@   out:      r0 = 1; 0: the table is full, and nothing has changed
@   clobbers: r1-r3, ip, flags
@   context:  module_mutex held
@ ---------------------------------------------------------------------------
FUNC split_block
        ldr     ip, =pcpu_num_used
        ldr     r2, [ip]
        cmp     r2, #PCPU_BLOCKS
        movhs   r0, #0
        bxhs    lr
        add     r3, r2, #1
        str     r3, [ip]
        ldr     ip, =pcpu_size
        add     ip, ip, r2, lsl #2
.Lmake_room:
        ldr     r3, [ip, #-4]
        str     r3, [ip], #-4
        sub     r2, r2, #1
        cmp     r2, r0
        bhi     .Lmake_room                     @ now ip = this block's entry, r3 = its size, which stands behind it, too
        sub     r3, r3, r1
        str     r1, [ip]
        str     r3, [ip, #4]
        mov     r0, #1
        bx      lr
ENDFUNC split_block

@ ---------------------------------------------------------------------------
@ percpu_block_free - give a block back, joined with free neighbours
@
@   in:       r0 = what percpu_block_alloc returned
@   out:      -
@   clobbers: r0-r3, ip, flags
@   context:  process, module_mutex not held. An address that is no block in use is a bug: oops
@ ---------------------------------------------------------------------------
FUNC percpu_block_free
        push    {r4, r5, fp, lr}
        add     fp, sp, #8
        mov     r4, r0
        bl      module_mutex_lock
        ldr     r0, =__per_cpu_start
        ldr     r5, =pcpu_size
        ldr     r1, =pcpu_num_used
        ldr     r1, [r1]
        ldr     r2, [r5]
        sub     r0, r0, r2                      @ behind the kernel's share
        mov     r2, #1
.Lfind_block:
        cmp     r2, r1
        bhs     .Lno_such_block
        ldr     r3, [r5, r2, lsl #2]
        cmp     r0, r4
        beq     .Lblock_found
        cmp     r3, #0
        rsblt   r3, r3, #0
        add     r0, r0, r3
        add     r2, r2, #1
        b       .Lfind_block

.Lblock_found:
        rsbs    r3, r3, #0
        bmi     .Lno_such_block                 @ it is free
        str     r3, [r5, r2, lsl #2]
        mov     r4, r2

        @ The one behind first: then the one in front has the index it always had.
        add     r0, r4, #1
        bl      join_with_previous
        cmp     r4, #1                          @ never with the kernel's share
        movhi   r0, r4
        blhi    join_with_previous
        bl      module_mutex_unlock
        pop     {r4, r5, fp, pc}

.Lno_such_block:
        bl      module_mutex_unlock
        mov     r1, r4
        pr_emerg "kernel BUG: percpu_block_free(%08x): not a block in use\n"
        .word   BUG_INSTRUCTION
ENDFUNC percpu_block_free

@ ---------------------------------------------------------------------------
@ join_with_previous - make one block of two, when both are free
@
@   in:       r0 = index of the second; there need be none
@   out:      -
@   clobbers: r0-r3, ip, flags
@   context:  module_mutex held
@ ---------------------------------------------------------------------------
LFUNC join_with_previous
        ldr     ip, =pcpu_num_used
        ldr     r1, [ip]
        cmp     r0, r1
        bxhs    lr
        ldr     ip, =pcpu_size
        add     ip, ip, r0, lsl #2
        ldr     r2, [ip, #-4]
        ldr     r3, [ip]
        cmp     r2, #0
        bxlt    lr
        cmp     r3, #0
        bxlt    lr
        add     r2, r2, r3
        str     r2, [ip, #-4]
.Lclose_gap:
        add     r0, r0, #1
        cmp     r0, r1
        ldrlo   r2, [ip, #4]
        strlo   r2, [ip], #4
        blo     .Lclose_gap
        sub     r1, r1, #1
        ldr     ip, =pcpu_num_used
        str     r1, [ip]
        bx      lr
ENDFUNC join_with_previous

        .data
        .balign 4
        .global pcpu_size, pcpu_num_used, pcpu_num_allocated
pcpu_num_used:
        .word   2
pcpu_num_allocated:
        .word   PCPU_BLOCKS
pcpu_size:                                      @ the kernel's share; the rest, free
        .word   0, PERCPU_MODULE_RESERVE
        .space  (PCPU_BLOCKS - 2) * 4

        .pushsection .bss.percpu, "aw", %nobits
        .balign PAGE_SIZE
        .global __per_cpu_start, __per_cpu_end
__per_cpu_start:
        .space  PERCPU_MODULE_RESERVE
__per_cpu_end:
        .popsection
