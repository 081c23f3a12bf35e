@ module_section.s - finding sections and the words of .modinfo in a file that elf_validity_cache_copy has passed.

        .include "macros.inc"
        .include "elf.inc"
        .include "module.inc"

        .text
@ ---------------------------------------------------------------------------
@ load_name - what to call the module in a message
@
@   in:       r0 = load_info
@   out:      r0 = C string
@   clobbers: flags
@   context:  any
@ ---------------------------------------------------------------------------
FUNC load_name
        ldr     r0, [r0, #LOAD_NAME]
        cmp     r0, #0
        bxne    lr
        ldr     r0, =.Lmissing
        bx      lr
ENDFUNC load_name
        string .Lmissing, "(missing .modinfo section or name field)"

@ ---------------------------------------------------------------------------
@ section_name - the name of a section
@
@   in:       r0 = load_info, r1 = section header
@   out:      r0 = C string
@   clobbers: r1
@   context:  any
@ ---------------------------------------------------------------------------
FUNC section_name
        ldr     r0, [r0, #LOAD_SECSTRINGS]
        ldr     r1, [r1, #SH_NAME]
        add     r0, r0, r1
        bx      lr
ENDFUNC section_name

@ ---------------------------------------------------------------------------
@ find_sec, find_any_unique_sec - a section by its name
@
@   in:       r0 = load_info, r1 = name
@   out:      r0 = index, 0: none. find_sec: the first with SHF_ALLOC; find_any_unique_sec: of whatever flags, and
@             minus the number of them when there are several
@   clobbers: r1-r3, ip, flags
@   context:  any
@ ---------------------------------------------------------------------------
FUNC find_sec
        push    {r4-r7, fp, lr}
        add     fp, sp, #16
        mov     r4, r0
        mov     r5, r1
        mov     r6, #1
.Ltry_sec:
        mov     r0, r4
        mov     r1, r5
        mov     r2, r6
        bl      next_section
        cmp     r0, #0
        beq     .Lsec_found
        ldr     r1, [r4, #LOAD_SECHDRS]
        shdr_at r2, r1, r0
        ldr     r1, [r2, #SH_FLAGS]
        add     r6, r0, #1
        tst     r1, #SHF_ALLOC
        beq     .Ltry_sec
.Lsec_found:
        pop     {r4-r7, fp, pc}
ENDFUNC find_sec

FUNC find_any_unique_sec
        push    {r4-r9, fp, lr}
        add     fp, sp, #24
        mov     r4, r0
        mov     r5, r1
        mov     r6, #1
        mov     r7, #0                          @ index of the last one
        mov     r8, #0                          @ how many
.Lcount_sec:
        mov     r0, r4
        mov     r1, r5
        mov     r2, r6
        bl      next_section
        cmp     r0, #0
        movne   r7, r0
        addne   r8, r8, #1
        addne   r6, r0, #1
        bne     .Lcount_sec
        cmp     r8, #1
        movls   r0, r7
        rsbhi   r0, r8, #0
        pop     {r4-r9, fp, pc}
ENDFUNC find_any_unique_sec

@ ---------------------------------------------------------------------------
@ next_section - the next section of a name
@
@   in:       r0 = load_info, r1 = name, r2 = first index to look at
@   out:      r0 = index, or 0
@   clobbers: r1-r3, ip, flags
@   context:  any
@ ---------------------------------------------------------------------------
LFUNC next_section
        push    {r4-r9, fp, lr}
        add     fp, sp, #24
        mov     r4, r1
        mov     r5, r2
        ldr     r6, [r0, #LOAD_SHNUM]
        ldr     r7, [r0, #LOAD_SECSTRINGS]
        ldr     r8, [r0, #LOAD_SECHDRS]
        shdr_at r9, r8, r5
.Lcompare_section:
        cmp     r5, r6
        movhs   r0, #0
        bhs     .Lsection_known
        ldr     r0, [r9, #SH_NAME]
        add     r0, r7, r0
        mov     r1, r4
        bl      strcmp
        cmp     r0, #0
        moveq   r0, r5
        beq     .Lsection_known
        add     r9, r9, #SHDR_SIZE
        add     r5, r5, #1
        b       .Lcompare_section
.Lsection_known:
        pop     {r4-r9, fp, pc}
ENDFUNC next_section

@ ---------------------------------------------------------------------------
@ section_objs - a section as an array
@
@   in:       r0 = load_info, r1 = name, r2 = bytes of one object
@   out:      r0 = address (its final one after layout_and_allocate), or 0; r1 = number of whole objects
@   clobbers: r2, r3, ip, flags
@   context:  any
@ ---------------------------------------------------------------------------
FUNC section_objs
        push    {r4, r5, fp, lr}
        add     fp, sp, #8
        mov     r4, r0
        mov     r5, r2
        bl      find_sec
        cmp     r0, #0
        moveq   r1, #0
        beq     .Lobjs_known
        ldr     r1, [r4, #LOAD_SECHDRS]
        shdr_at r2, r1, r0
        ldr     r0, [r2, #SH_ADDR]
        ldr     r1, [r2, #SH_SIZE]
        udiv    r1, r1, r5
.Lobjs_known:
        pop     {r4, r5, fp, pc}
ENDFUNC section_objs

@ ---------------------------------------------------------------------------
@ get_modinfo, get_next_modinfo - the value of tag=value in .modinfo
@
@   in:       r0 = load_info, r1 = tag; get_next_modinfo: r2 = the value found before, 0: from the start
@   out:      r0 = value, or 0
@   clobbers: r1-r3, ip, flags
@   context:  any. The section's last byte is NUL, so every string in it ends
@ ---------------------------------------------------------------------------
FUNC get_modinfo
        mov     r2, #0
        b       get_next_modinfo
ENDFUNC get_modinfo

FUNC get_next_modinfo
        push    {r4-r9, fp, lr}
        add     fp, sp, #24
        mov     r4, r1
        mov     r8, r2
        ldr     r1, [r0, #LOAD_INDEX_INFO]
        cmp     r1, #0
        beq     .Lno_value
        ldr     r2, [r0, #LOAD_SECHDRS]
        shdr_at r3, r2, r1
        ldr     r5, [r0, #LOAD_HDR]
        ldr     r1, [r3, #SH_OFFSET]
        add     r5, r5, r1                      @ the pair looked at
        ldr     r1, [r3, #SH_SIZE]
        add     r6, r5, r1                      @ end of the section
        mov     r0, r4
        bl      strlen
        mov     r7, r0
        cmp     r8, #0
        beq     .Ltry_pair
        mov     r5, r8
        b       .Lskip_pair

.Ltry_pair:
        cmp     r5, r6
        bhs     .Lno_value
        mov     r0, r5
        mov     r1, r4
        mov     r2, r7
        bl      strncmp
        cmp     r0, #0
        bne     .Lskip_pair
        ldrb    r1, [r5, r7]                    @ inside: the tag has matched
        cmp     r1, #'='
        addeq   r0, r5, r7
        addeq   r0, r0, #1
        popeq   {r4-r9, fp, pc}
.Lskip_pair:
        mov     r0, r5
        bl      strlen
        add     r5, r5, r0
        add     r5, r5, #1
        b       .Ltry_pair
.Lno_value:
        mov     r0, #0
        pop     {r4-r9, fp, pc}
ENDFUNC get_next_modinfo
