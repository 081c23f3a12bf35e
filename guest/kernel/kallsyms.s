@ kallsyms.s - the kernel's own symbol table: address to name and back. The tables come from the build, which links
@ once without them (they are weak, so 0 there) and again with the addresses of the first link.
@
@   kallsyms_num_syms      word
@   kallsyms_addresses     words, ascending
@   kallsyms_name_offsets  words: where the name of entry n begins in kallsyms_names
@   kallsyms_names         NUL-ended names
@   kallsyms_types         a byte each, nm's letter

        .include "macros.inc"
        .include "system.inc"

        .weak   kallsyms_num_syms, kallsyms_addresses, kallsyms_name_offsets, kallsyms_names, kallsyms_types

        .text
@ ---------------------------------------------------------------------------
@ kallsyms_lookup - the symbol an address belongs to
@
@   in:       r0 = address
@   out:      r0 = its name, or 0 when the address is nobody's; r1 = offset in it; r2 = its size; r3 = name of the
@             module it is in, 0: the kernel
@   clobbers: ip, flags
@   context:  any
@ ---------------------------------------------------------------------------
FUNC kallsyms_lookup
        push    {r4-r7, fp, lr}
        add     fp, sp, #16
        mov     r7, r0
        ldr     r0, =_text
        ldr     r1, =_end
        cmp     r7, r0
        cmphs   r1, r7
        bls     .Lno_symbol
        ldr     r4, =kallsyms_num_syms
        cmp     r4, #0
        ldrne   r4, [r4]                        @ high: first entry known to be above
        cmp     r4, #0
        beq     .Lno_symbol

        @ Search by halves for the last entry at or below the address.
        ldr     r5, =kallsyms_addresses
        mov     r6, r4
        mov     r0, #0                          @ low: its entry is at or below
.Lhalve:
        sub     r1, r4, r0
        cmp     r1, #1
        bls     .Lfound
        add     r1, r0, r1, lsr #1
        ldr     r2, [r5, r1, lsl #2]
        cmp     r2, r7
        movls   r0, r1
        movhi   r4, r1
        b       .Lhalve

        @ Several symbols may share an address: the first one names it, the next higher address ends it.
.Lfound:
        ldr     r3, [r5, r0, lsl #2]
        cmp     r3, r7
        bhi     .Lno_symbol
.Lfirst_alias:
        cmp     r0, #0
        beq     .Lfind_size
        sub     r1, r0, #1
        ldr     r2, [r5, r1, lsl #2]
        cmp     r2, r3
        moveq   r0, r1
        beq     .Lfirst_alias
.Lfind_size:
        cmp     r4, r6
        ldrlo   r2, [r5, r4, lsl #2]
        ldrhs   r2, =_end
        sub     r2, r2, r3
        sub     r1, r7, r3
        ldr     ip, =kallsyms_name_offsets
        ldr     ip, [ip, r0, lsl #2]
        ldr     r0, =kallsyms_names
        add     r0, r0, ip
        mov     r3, #0
        pop     {r4-r7, fp, pc}

.Lno_symbol:
        mov     r0, r7
        bl      module_address_lookup
        pop     {r4-r7, fp, pc}
ENDFUNC kallsyms_lookup

@ ---------------------------------------------------------------------------
@ kallsyms_lookup_name - the address of a symbol
@
@   in:       r0 = name; "module:name" is looked for in that module only
@   out:      r0 = address, or 0
@   clobbers: r1-r3, ip, flags
@   context:  any
@ ---------------------------------------------------------------------------
FUNC kallsyms_lookup_name
        push    {r4-r7, fp, lr}
        add     fp, sp, #16
        mov     r4, r0
        ldr     r5, =kallsyms_names
        mov     r6, #0
        ldr     r7, =kallsyms_num_syms
        cmp     r7, #0
        ldrne   r7, [r7]
.Ltry_name:
        cmp     r6, r7
        bhs     .Lnot_the_kernels
        ldr     r1, =kallsyms_name_offsets
        ldr     r1, [r1, r6, lsl #2]
        add     r1, r1, r5
        mov     r0, r4
        bl      strcmp
        cmp     r0, #0
        addne   r6, r6, #1
        bne     .Ltry_name
        ldr     r0, =kallsyms_addresses
        ldr     r0, [r0, r6, lsl #2]
        pop     {r4-r7, fp, pc}
.Lnot_the_kernels:
        mov     r0, r4
        bl      module_kallsyms_lookup_name
        pop     {r4-r7, fp, pc}
ENDFUNC kallsyms_lookup_name

@ ---------------------------------------------------------------------------
@ sprint_symbol, sprint_backtrace - "name+0xoffset/0xsize", " [module]" behind it when it is one's, or "0xaddress" when
@ nobody has it
@
@   in:       r0 = buffer of KSYM_SYMBOL_LEN bytes, r1 = address; sprint_backtrace: a return address, which belongs to
@             the function of the call before it even where that call is the function's last instruction
@   out:      r0 = length
@   clobbers: r1-r3, ip, flags
@   context:  any
@ ---------------------------------------------------------------------------
FUNC sprint_symbol
        mov     r2, #0
        b       sprint_symbol_before
ENDFUNC sprint_symbol

FUNC sprint_backtrace
        mov     r2, #1
        b       sprint_symbol_before
ENDFUNC sprint_backtrace

@ The same; r2 = how many bytes before the address the symbol is looked for.
LFUNC sprint_symbol_before
        push    {r4-r7, fp, lr}
        add     fp, sp, #16
        mov     r4, r0
        mov     r5, r1
        mov     r6, r2
        sub     r0, r1, r2
        bl      kallsyms_lookup
        cmp     r0, #0
        beq     .Lprint_address
        add     r1, r1, r6
        cmp     r3, #0
        push    {r1-r3, ip}
        mov     r3, r0
        mov     r0, r4
        mov     r1, #KSYM_SYMBOL_LEN
        ldreq   r2, =.Lsymbol_format
        ldrne   r2, =.Lmodule_symbol_format
        bl      snprintf
        add     sp, sp, #16
        pop     {r4-r7, fp, pc}
.Lprint_address:
        mov     r0, r4
        mov     r1, #KSYM_SYMBOL_LEN
        ldr     r2, =.Laddress_format
        mov     r3, r5
        bl      snprintf
        pop     {r4-r7, fp, pc}
ENDFUNC sprint_symbol_before
        string .Lsymbol_format, "%s+0x%x/0x%x"
        string .Lmodule_symbol_format, "%s+0x%x/0x%x [%s]"
        string .Laddress_format, "0x%x"

@ ---------------------------------------------------------------------------
@ sprint_symbol_no_offset - "name" or "name [module]", or "0xaddress" when nobody has it
@
@   in:       r0 = buffer of KSYM_SYMBOL_LEN bytes, r1 = address
@   out:      r0 = length
@   clobbers: r1-r3, ip, flags
@   context:  any
@ ---------------------------------------------------------------------------
FUNC sprint_symbol_no_offset
        push    {r4, r5, fp, lr}
        add     fp, sp, #8
        mov     r4, r0
        mov     r5, r1
        mov     r0, r1
        bl      kallsyms_lookup
        mov     r1, r5
        cmp     r0, #0
        beq     .Lno_name
        cmp     r3, #0
        push    {r3, ip}
        mov     r3, r0
        mov     r0, r4
        mov     r1, #KSYM_SYMBOL_LEN
        ldreq   r2, =.Lname_format
        ldrne   r2, =.Lmodule_name_format
        bl      snprintf
        add     sp, sp, #8
        pop     {r4, r5, fp, pc}
.Lno_name:
        mov     r0, r4
        bl      sprint_symbol
        pop     {r4, r5, fp, pc}
ENDFUNC sprint_symbol_no_offset
        string .Lname_format, "%s"
        string .Lmodule_name_format, "%s [%s]"
        EXPORT_SYMBOL sprint_symbol
