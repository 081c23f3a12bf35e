@ module_params.s - `insmod FILE a=1 b="x y"`: cutting the line into parameters and setting them (Linux kernel/params.c).
@ A module lists its parameters in __param (moduleparam.inc); each has operations that know its type: param_ops_*.
@
@ What a module's file says is not believed: an operation or a variable outside the kernel's and the modules' memory is
@ refused instead of called or written.

        .include "macros.inc"
        .include "module.inc"
        .include "moduleparam.inc"
        .include "fs.inc"
        .include "memory.inc"

        .equ    CHARP_MAX,      1024            @ longest string, bytes
        .equ    TAINT_USER,     6

@ A row of number_types
        .equ    NUMBER_BITS,    0               @ 8, 16, 32
        .equ    NUMBER_SIGNED,  4
        .equ    NUMBER_FORMAT,  8

        .section .rodata.param_ops, "a", %progbits
        .balign 4
kernel_param_ops:                               @ the kernel's struct kernel_param_ops, one behind the other

        .text
@ ---------------------------------------------------------------------------
@ parse_args - set every parameter of a line
@
@   in:       r0 = whose parameters, for messages; r1 = line, which is cut up in place; r2 = struct kernel_param[],
@             r3 = how many; [sp] = unknown(name, value or 0, whose) -> 0 / -errno, or 0: unknown names are errors
@   out:      r0 = 0, or -errno of the last parameter that was refused; the others are set
@   clobbers: r1-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
        .equ    PA_PARAMS,      0               @ on the stack
        .equ    PA_NUM,         4
        .equ    PA_LOCALS,      8
        .equ    PA_UNKNOWN,     8               @ from fp: behind fp and lr

FUNC parse_args
        push    {r4-r9, fp, lr}
        add     fp, sp, #24
        sub     sp, sp, #PA_LOCALS
        str     r2, [sp, #PA_PARAMS]
        str     r3, [sp, #PA_NUM]
        mov     r4, r0
        mov     r8, #0                          @ result
        mov     r0, r1
        bl      skip_spaces
        mov     r5, r0                          @ rest of the line

.Lnext_param:
        ldrb    r0, [r5]
        cmp     r0, #0
        beq     .Lline_done
        mov     r0, r5
        bl      next_arg
        mov     r5, r0
        mov     r6, r1                          @ name
        mov     r7, r2                          @ value, or 0

        cmp     r7, #0
        bne     .Lset_param
        mov     r0, r6
        ldr     r1, =.Ldashes
        bl      strcmp
        cmp     r0, #0
        beq     .Lafter_dashes

.Lset_param:
        mov     r0, r6
        mov     r1, r7
        ldr     r2, [sp, #PA_PARAMS]
        ldr     r3, [sp, #PA_NUM]
        bl      parse_one
        cmp     r0, #-ENOENT
        cmpeq   r1, #0                          @ and no parameter of that name, not its setter's answer
        bne     .Lwas_it_set
        ldr     r9, [fp, #PA_UNKNOWN]
        cmp     r9, #0
        beq     .Lwas_it_set
        mov     r0, r6
        mov     r1, r7
        mov     r2, r4
        blx     r9
.Lwas_it_set:
        cmp     r0, #0
        beq     .Lnext_param

        @ Refused: say so, remember it, go on with the next.
        mov     r8, r0
        mov     r1, r4
        movs    r2, r7
        ldreq   r2, =.Lempty
        mov     r3, r6
        cmp     r8, #-ENOSPC
        beq     .Ltoo_large
        cmp     r8, #-ENOENT
        beq     .Lunknown
        pr_err  "%s: `%s' invalid for parameter `%s'\n"
        b       .Lnext_param
.Ltoo_large:
        pr_err  "%s: `%s' too large for parameter `%s'\n"
        b       .Lnext_param
.Lunknown:
        mov     r2, r6
        pr_err  "%s: Unknown parameter `%s'\n"
        b       .Lnext_param

.Lafter_dashes:
        ldrb    r0, [r5]
        cmp     r0, #0
        beq     .Lline_done
        mov     r1, r4
        mov     r2, r5
        pr_warn "%s: parameters '%s' after `--' ignored\n"
.Lline_done:
        mov     r0, r8
        sub     sp, fp, #24
        pop     {r4-r9, fp, pc}
ENDFUNC parse_args
        string .Ldashes, "--"
        string .Lempty, ""

@ ---------------------------------------------------------------------------
@ skip_spaces - the first character that is no white space
@
@   in:       r0 = text
@   out:      r0 = there
@   clobbers: r1, flags
@   context:  any
@ ---------------------------------------------------------------------------
FUNC skip_spaces
        ldrb    r1, [r0]
        cmp     r1, #' '
        cmpne   r1, #0xa0                       @ isspace of Linux: the no-break space too
        addeq   r0, r0, #1
        beq     skip_spaces
        sub     r1, r1, #'\t'
        cmp     r1, #'\r' - '\t'
        bxhi    lr
        add     r0, r0, #1
        b       skip_spaces
ENDFUNC skip_spaces

@ ---------------------------------------------------------------------------
@ next_arg - cut one `name`, `name=value`, `name="a value"` or `"name=a value"` off a line
@
@   in:       r0 = line, no space in front, not empty
@   out:      r0 = rest of the line, r1 = name, r2 = value or 0; both NUL-ended
@   clobbers: r3, ip, flags
@   context:  any
@ ---------------------------------------------------------------------------
FUNC next_arg
        push    {r4-r7, fp, lr}
        add     fp, sp, #16
        mov     r4, r0
        mov     r6, #0                          @ inside quotes?
        mov     r7, #0                          @ was the whole quoted?
        ldrb    r0, [r4]
        cmp     r0, #'"'
        addeq   r4, r4, #1
        moveq   r6, #1
        moveq   r7, #1

        mov     r2, #0                          @ place of the first =, as an offset: 0 none, so a leading = is none
        mov     r3, #0                          @ length so far
.Lnext_char:
        ldrb    r0, [r4, r3]
        cmp     r0, #0
        beq     .Largument_ends
        cmp     r6, #0
        bne     .Lno_blank
        cmp     r0, #' '
        cmpne   r0, #0xa0
        beq     .Largument_ends
        sub     r1, r0, #'\t'
        cmp     r1, #'\r' - '\t'
        bls     .Largument_ends
.Lno_blank:
        cmp     r0, #'='
        bne     .Lno_equals
        cmp     r2, #0
        moveq   r2, r3
.Lno_equals:
        cmp     r0, #'"'
        eoreq   r6, r6, #1
        add     r3, r3, #1
        b       .Lnext_char

        @ The quotes around a value, or around the whole, go.
.Largument_ends:
        mov     r5, r0                          @ NUL, or the blank behind
        mov     ip, #0
        cmp     r2, #0
        beq     .Lno_value
        strb    ip, [r4, r2]
        add     r2, r4, r2
        add     r2, r2, #1
        ldrb    r0, [r2]
        cmp     r0, #'"'
        bne     .Lno_value
        add     r2, r2, #1
        bl      drop_last_quote
.Lno_value:
        cmp     r7, #0
        cmpne   r3, #0
        blne    drop_last_quote

        add     r0, r4, r3
        cmp     r5, #0
        strbne  ip, [r0], #1
        bl      skip_spaces                     @ leaves r2
        mov     r1, r4
        pop     {r4-r7, fp, pc}
ENDFUNC next_arg

@ r4 = argument, r3 = its length, ip = 0: a quote as its last character becomes the NUL. r0, r1 and flags change.
LFUNC drop_last_quote
        sub     r0, r3, #1
        ldrb    r1, [r4, r0]
        cmp     r1, #'"'
        strbeq  ip, [r4, r0]
        bx      lr
ENDFUNC drop_last_quote

@ ---------------------------------------------------------------------------
@ parse_one - find a parameter and set it
@
@   in:       r0 = name, r1 = value or 0, r2 = struct kernel_param[], r3 = how many
@   out:      r0 = 0 / what its setter says; -EINVAL: needs a value and has none; -ENOENT and r1 = 0: no such parameter
@   clobbers: r1-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
LFUNC parse_one
        push    {r4-r9, fp, lr}
        add     fp, sp, #24
        mov     r4, r0
        mov     r5, r1
        mov     r6, r2
        mov     r7, r3
.Ltry_param:
        subs    r7, r7, #1
        movlo   r0, #-ENOENT
        movlo   r1, #0
        blo     .Lone_done
        ldr     r0, [r6, #KPARAM_NAME]
        bl      string_is_ours
        cmp     r0, #0
        beq     .Lnot_this
        ldr     r1, [r6, #KPARAM_NAME]
        mov     r0, r4
        bl      parameq
        cmp     r0, #0
        bne     .Lthis_param
.Lnot_this:
        add     r6, r6, #KPARAM_SIZE
        b       .Ltry_param

.Lthis_param:
        mov     r0, r6
        bl      param_ops_of
        movs    r8, r0
        beq     .Lbad_param
        cmp     r5, #0
        bne     .Lhas_value
        ldr     r0, [r8, #KPARAM_OPS_FLAGS]
        tst     r0, #KPARAM_OPS_FL_NOARG
        beq     .Lbad_param
.Lhas_value:
        ldrb    r0, [r6, #KPARAM_FLAGS]
        tst     r0, #KPARAM_FL_UNSAFE
        beq     .Lsafe_param
        ldr     r1, [r6, #KPARAM_NAME]
        pr_notice "Setting dangerous option %s - tainting kernel\n"
        mov     r0, #TAINT_USER
        bl      add_taint
.Lsafe_param:
        mov     r0, r5
        mov     r1, r6
        ldr     r3, [r8, #KPARAM_OPS_SET]
        blx     r3
        mov     r1, #1
        b       .Lone_done
.Lbad_param:
        mov     r0, #-EINVAL
        mov     r1, #1
.Lone_done:
        pop     {r4-r9, fp, pc}
ENDFUNC parse_one

@ ---------------------------------------------------------------------------
@ parameq - are two names of a parameter the same? - and _ are one letter
@
@   in:       r0, r1 = names
@   out:      r0 = 1 / 0
@   clobbers: r1-r3, flags
@   context:  any
@ ---------------------------------------------------------------------------
FUNC parameq
        ldrb    r2, [r0], #1
        ldrb    r3, [r1], #1
        cmp     r2, #'-'
        moveq   r2, #'_'
        cmp     r3, #'-'
        moveq   r3, #'_'
        cmp     r2, r3
        movne   r0, #0
        bxne    lr
        cmp     r2, #0
        bne     parameq
        mov     r0, #1
        bx      lr
ENDFUNC parameq

@ ---------------------------------------------------------------------------
@ destroy_params - give back what setting them allocated
@
@   in:       r0 = struct kernel_param[], r1 = how many
@   out:      -
@   clobbers: r0-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
FUNC destroy_params
        push    {r4, r5, fp, lr}
        add     fp, sp, #8
        mov     r4, r0
        mov     r5, r1
.Ldestroy_next:
        subs    r5, r5, #1
        blo     .Ldestroyed
        mov     r0, r4
        bl      param_ops_of
        cmp     r0, #0
        beq     .Lnothing_to_free
        ldr     r3, [r0, #KPARAM_OPS_FREE]
        cmp     r3, #0
        beq     .Lnothing_to_free
        ldr     r0, [r4, #KPARAM_ARG]
        blx     r3
.Lnothing_to_free:
        add     r4, r4, #KPARAM_SIZE
        b       .Ldestroy_next
.Ldestroyed:
        pop     {r4, r5, fp, pc}
ENDFUNC destroy_params

@ --- what a module's tables may point to ----------------------------------------------------------------------------------

@ ---------------------------------------------------------------------------
@ memory_is_ours - does a range lie in the kernel image, or in one loaded section of a module?
@
@   in:       r0 = address, r1 = bytes
@   out:      r0 = kind of module memory, MOD_*; MOD_DATA or MOD_RODATA for the kernel's; -1: neither
@   clobbers: r1-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
FUNC memory_is_ours
        push    {r4, r5, fp, lr}
        add     fp, sp, #8
        mov     r4, r0
        mov     r5, r1
        adds    r1, r0, r1
        bcs     .Lnot_ours
        ldr     r2, =_stext
        cmp     r4, r2
        blo     .Lin_a_module
        ldr     r2, =_end
        cmp     r1, r2
        bhi     .Lin_a_module
        ldr     r2, =_sdata
        cmp     r4, r2
        movhs   r0, #MOD_DATA
        bhs     .Lours_done
        ldr     r2, =__init_begin               @ init memory may be gone
        cmp     r1, r2
        movls   r0, #MOD_RODATA
        bls     .Lours_done
.Lnot_ours:
        mvn     r0, #0
        b       .Lours_done
.Lin_a_module:
        mov     r0, r4
        mov     r1, r5
        bl      memory_of_any_module
.Lours_done:
        pop     {r4, r5, fp, pc}
ENDFUNC memory_is_ours

@ r0 = address, r1 = bytes -> r0 = MOD_* of a module in whatever state, an UNFORMED one that is being freed too, or -1;
@ r1-r3, ip and flags change.
LFUNC memory_of_any_module
        push    {r4-r7, fp, lr}
        add     fp, sp, #16
        mov     r4, r0
        mov     r5, r1
        ldr     r6, =modules
        ldr     r7, [r6]
.Lask_module:
        cmp     r7, r6
        mvneq   r0, #0
        beq     .Lmodule_asked
        mov     r0, r4
        mov     r1, r5
        sub     r2, r7, #MODULE_LIST
        bl      within_module_range
        ldr     r7, [r7]
        cmp     r0, #0
        blt     .Lask_module
.Lmodule_asked:
        pop     {r4-r7, fp, pc}
ENDFUNC memory_of_any_module

@ ---------------------------------------------------------------------------
@ string_is_ours - is there a NUL-ended string, all of it in memory that is the kernel's or a module's?
@
@   in:       r0 = address
@   out:      r0 = 1 / 0
@   clobbers: r1-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
FUNC string_is_ours
        push    {r4, r5, fp, lr}
        add     fp, sp, #8
        mov     r4, r0
.Lnext_page:
        mov     r0, r4
        mov     r1, #1
        bl      memory_is_ours
        cmp     r0, #0
        movlt   r0, #0
        blt     .Lstring_done
.Lnext_byte:
        ldrb    r0, [r4], #1
        cmp     r0, #0
        moveq   r0, #1
        beq     .Lstring_done
        ldr     r1, =PAGE_MASK
        tst     r4, r1                          @ every kind of memory has whole pages
        bne     .Lnext_byte
        b       .Lnext_page
.Lstring_done:
        pop     {r4, r5, fp, pc}
ENDFUNC string_is_ours

@ ---------------------------------------------------------------------------
@ variable_is_ours - may a parameter's setter store there?
@
@   in:       r0 = address, r1 = bytes
@   out:      r0 = 0 / -EFAULT
@   clobbers: r1-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
LFUNC variable_is_ours
        push    {fp, lr}
        add     fp, sp, #0
        bl      memory_is_ours
        cmp     r0, #MOD_DATA
        cmpne   r0, #MOD_RO_AFTER_INIT
        cmpne   r0, #MOD_INIT_DATA
        moveq   r0, #0
        movne   r0, #-EFAULT
        pop     {fp, pc}
ENDFUNC variable_is_ours

@ ---------------------------------------------------------------------------
@ param_ops_of - a parameter's operations, if they can be called
@
@   in:       r0 = struct kernel_param
@   out:      r0 = struct kernel_param_ops; 0: not one, or its functions are not code
@   clobbers: r1-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
FUNC param_ops_of
        push    {r4, r5, fp, lr}
        add     fp, sp, #8
        ldr     r4, [r0, #KPARAM_OPS]
        bl      check_ops
        cmp     r0, #0
        movne   r0, r4
        pop     {r4, r5, fp, pc}
ENDFUNC param_ops_of

@ r4 = struct kernel_param_ops -> r0 = 1 / 0; r1-r3, ip and flags change. One of the kernel's, or one in a module: other
@ memory of the kernel may look like one, its words being the addresses of functions for something else.
LFUNC check_ops
        push    {fp, lr}
        add     fp, sp, #0
        ldr     r1, =kernel_param_ops
        ldr     r2, =kernel_param_ops_end
        sub     r0, r4, r1
        sub     r2, r2, r1
        cmp     r0, r2
        bhs     .Lops_of_module
        tst     r0, #KPARAM_OPS_SIZE - 1
        bne     .Lbad_ops
        mov     r0, #1
        pop     {fp, pc}
.Lops_of_module:
        mov     r0, r4
        mov     r1, #KPARAM_OPS_SIZE
        bl      memory_of_any_module
        cmp     r0, #0
        blt     .Lbad_ops
        tst     r4, #3
        bne     .Lbad_ops
        ldr     r0, [r4, #KPARAM_OPS_SET]
        bl      code_is_ours
        cmp     r0, #0
        beq     .Lbad_ops
        ldr     r0, [r4, #KPARAM_OPS_FREE]
        cmp     r0, #0
        moveq   r0, #1
        blne    code_is_ours
        pop     {fp, pc}
.Lbad_ops:
        mov     r0, #0
        pop     {fp, pc}
ENDFUNC check_ops

@ r0 = address -> r0 = 1 when the kernel or a module has code there, else 0; r1-r3, ip and flags change.
LFUNC code_is_ours
        push    {r4, r5, fp, lr}
        add     fp, sp, #8
        mov     r4, r0
        tst     r4, #3
        bne     .Lno_code
        ldr     r1, =_stext
        ldr     r2, =_etext
        cmp     r4, r1
        cmphs   r2, r4
        movhi   r0, #1
        bhi     .Lcode_done
        mov     r1, #4
        bl      memory_of_any_module
        cmp     r0, #MOD_TEXT
        cmpne   r0, #MOD_INIT_TEXT
        moveq   r0, #1
        beq     .Lcode_done
.Lno_code:
        mov     r0, #0
.Lcode_done:
        pop     {r4, r5, fp, pc}
ENDFUNC code_is_ours

@ --- numbers ----------------------------------------------------------------------------------------------------------------

@ ---------------------------------------------------------------------------
@ parse_unsigned - all of a text as a number: 0x... hexadecimal, 0... octal, else decimal (Linux kstrtoull, base 0)
@
@   in:       r0 = text; one newline may end it
@   out:      r0 = 0, -EINVAL (no digit, something behind), -ERANGE (64 bits are not enough); r3:r2 = number
@   clobbers: r1, ip, flags
@   context:  any
@ ---------------------------------------------------------------------------
LFUNC parse_unsigned
        push    {r4-r9, fp, lr}
        add     fp, sp, #24
        mov     r4, r0
        mov     r9, #10                         @ base
        ldrb    r0, [r4]
        cmp     r0, #'0'
        bne     .Lbase_known
        mov     r9, #8
        ldrb    r0, [r4, #1]
        orr     r0, r0, #0x20
        cmp     r0, #'x'
        bne     .Lbase_known
        ldrb    r0, [r4, #2]
        bl      digit_value
        cmp     r0, #16
        addlo   r4, r4, #2                      @ without a digit behind it, the x is what is wrong
        movlo   r9, #16

.Lbase_known:
        mov     r5, #0                          @ r6:r5 = number
        mov     r6, #0
        mov     r7, #0                          @ not 0: overflow
        mov     r8, r4
.Lnext_digit:
        ldrb    r0, [r4]
        bl      digit_value
        cmp     r0, r9
        bhs     .Ldigits_end
        umull   r2, r3, r5, r9
        umull   r1, ip, r6, r9
        orr     r7, r7, ip
        adds    r5, r2, r0
        adcs    r6, r3, r1
        orrcs   r7, r7, #1
        add     r4, r4, #1
        b       .Lnext_digit

.Ldigits_end:
        cmp     r7, #0
        movne   r0, #-ERANGE
        bne     .Lparsed
        mov     r0, #-EINVAL
        cmp     r4, r8
        beq     .Lparsed
        ldrb    r1, [r4]
        cmp     r1, #'\n'
        ldrbeq  r1, [r4, #1]
        cmp     r1, #0
        moveq   r0, #0
.Lparsed:
        mov     r2, r5
        mov     r3, r6
        pop     {r4-r9, fp, pc}
ENDFUNC parse_unsigned

@ r0 = character -> r0 = 0-35, 0xff when it is no digit of any base; flags change.
LFUNC digit_value
        sub     r0, r0, #'0'
        cmp     r0, #9
        bxls    lr
        add     r0, r0, #'0'
        orr     r0, r0, #0x20
        sub     r0, r0, #'a'
        cmp     r0, #25
        addls   r0, r0, #10
        movhi   r0, #0xff
        bx      lr
ENDFUNC digit_value

@ ---------------------------------------------------------------------------
@ parse_number - a text as a number of a type
@
@   in:       r0 = text, r1 = row of number_types
@   out:      r0 = 0 / -EINVAL / -ERANGE; r2 = number
@   clobbers: r1, r3, ip, flags
@   context:  any
@ ---------------------------------------------------------------------------
LFUNC parse_number
        push    {r4-r7, fp, lr}
        add     fp, sp, #16
        mov     r4, r1
        ldr     r5, [r4, #NUMBER_SIGNED]
        ldrb    r1, [r0]
        mov     r6, #0                          @ minus?
        cmp     r1, #'+'
        addeq   r0, r0, #1
        beq     .Lmagnitude
        cmp     r1, #'-'
        bne     .Lmagnitude
        cmp     r5, #0
        beq     .Lmagnitude                     @ the - is then what is wrong
        add     r0, r0, #1
        mov     r6, #1
.Lmagnitude:
        bl      parse_unsigned
        cmp     r0, #0
        bne     .Lnumber_done

        @ The sign: -0x8000000000000000 is the least there is.
        cmp     r6, #0
        beq     .Lnot_minus
        rsbs    r2, r2, #0
        rsc     r3, r3, #0
        orrs    r1, r2, r3
        beq     .Lin_64_bits
        cmp     r3, #0
        bge     .Lout_of_range
        b       .Lin_64_bits
.Lnot_minus:
        cmp     r5, #0
        beq     .Lin_64_bits
        cmp     r3, #0
        blt     .Lout_of_range

        @ Its bits beyond the type's must repeat the sign, or be 0 without one.
.Lin_64_bits:
        ldr     r7, [r4, #NUMBER_BITS]
        rsb     r7, r7, #32
        lsl     r1, r2, r7
        cmp     r5, #0
        asrne   r1, r1, r7
        lsreq   r1, r1, r7
        cmp     r1, r2
        bne     .Lout_of_range
        cmp     r5, #0
        asrne   r1, r2, #31
        moveq   r1, #0
        cmp     r1, r3
        beq     .Lnumber_done
.Lout_of_range:
        mov     r0, #-ERANGE
.Lnumber_done:
        pop     {r4-r7, fp, pc}
ENDFUNC parse_number

@ ---------------------------------------------------------------------------
@ set_number - parse and store
@
@   in:       r0 = text, r1 = struct kernel_param, r2 = row of number_types
@   out:      r0 = 0 / -EINVAL / -ERANGE / -EFAULT
@   clobbers: r1-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
LFUNC set_number
        push    {r4-r7, fp, lr}
        add     fp, sp, #16
        ldr     r4, [r1, #KPARAM_ARG]
        ldr     r5, [r2, #NUMBER_BITS]
        mov     r1, r2
        bl      parse_number
        cmp     r0, #0
        bne     .Lset_done
        mov     r6, r2
        mov     r0, r4
        lsr     r1, r5, #3
        bl      variable_is_ours
        cmp     r0, #0
        bne     .Lset_done
        cmp     r5, #16
        strblo  r6, [r4]
        strheq  r6, [r4]
        strhi   r6, [r4]
.Lset_done:
        pop     {r4-r7, fp, pc}
ENDFUNC set_number

@ ---------------------------------------------------------------------------
@ get_number - fetch and print, with a newline
@
@   in:       r0 = buffer of a page, r1 = struct kernel_param, r2 = row of number_types
@   out:      r0 = length
@   clobbers: r1-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
LFUNC get_number
        push    {fp, lr}
        add     fp, sp, #0
        ldr     r1, [r1, #KPARAM_ARG]
        ldr     r3, [r2, #NUMBER_SIGNED]
        ldr     ip, [r2, #NUMBER_BITS]
        ldr     r2, [r2, #NUMBER_FORMAT]
        cmp     ip, #16
        ldrblo  r1, [r1]
        ldrhi   r1, [r1]
        bne     .Lfetched
        cmp     r3, #0
        ldrshne r1, [r1]
        ldrheq  r1, [r1]
.Lfetched:
        mov     r3, r1
        mov     r1, #PAGE_SIZE
        bl      snprintf
        pop     {fp, pc}
ENDFUNC get_number

@ ---------------------------------------------------------------------------
@ param_set_byte and so on - KPARAM_OPS_SET and KPARAM_OPS_GET of the number types
@
@   in:       set: r0 = text, r1 = struct kernel_param; get: r0 = buffer of a page, r1 = struct kernel_param
@   out:      set: r0 = 0 / -errno; get: r0 = length
@   clobbers: r1-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
        .macro  number_type name, bits, signed, format
FUNC param_set_\name
        ldr     r2, =.Lnumber_\name
        b       set_number
ENDFUNC param_set_\name
FUNC param_get_\name
        ldr     r2, =.Lnumber_\name
        b       get_number
ENDFUNC param_get_\name
        .pushsection .rodata, "a", %progbits
.Lformat_\name:
        .asciz  "\format\n"
        .balign 4
.Lnumber_\name:
        .word   \bits, \signed, .Lformat_\name
        .popsection
        param_ops \name
        .endm

        .macro  param_ops name, flags=0, free=0
        .pushsection .rodata.param_ops, "a", %progbits
        .global param_ops_\name
        .type   param_ops_\name, %object
param_ops_\name:
        .word   \flags, param_set_\name, param_get_\name, \free
        .size   param_ops_\name, KPARAM_OPS_SIZE
        .popsection
        EXPORT_SYMBOL param_ops_\name
        EXPORT_SYMBOL param_set_\name
        EXPORT_SYMBOL param_get_\name
        .endm

        number_type byte, 8, 0, "%u"
        number_type short, 16, 1, "%d"
        number_type ushort, 16, 0, "%u"
        number_type int, 32, 1, "%d"
        number_type uint, 32, 0, "%u"
        number_type long, 32, 1, "%d"
        number_type ulong, 32, 0, "%u"
        number_type hexint, 32, 0, "%#08x"

@ --- truth --------------------------------------------------------------------------------------------------------------------

@ ---------------------------------------------------------------------------
@ kstrtobool - a text as a truth value: y Y t T 1 on, n N f F 0 off; the rest of the text does not matter
@
@   in:       r0 = text, or 0: true
@   out:      r0 = 1 / 0 / -EINVAL
@   clobbers: r1, flags
@   context:  any
@ ---------------------------------------------------------------------------
LFUNC text_to_bool
        cmp     r0, #0
        moveq   r0, #1
        bxeq    lr
        ldrb    r1, [r0]
        orr     r1, r1, #0x20
        cmp     r1, #'o'
        ldrbeq  r1, [r0, #1]
        orreq   r1, r1, #0x20
        beq     .Lon_or_off
        cmp     r1, #'y'
        cmpne   r1, #'t'
        cmpne   r1, #'1'                        @ has bit 5 anyway
        moveq   r0, #1
        bxeq    lr
        cmp     r1, #'n'
        cmpne   r1, #'f'
        cmpne   r1, #'0'
        b       .Lis_it_false
.Lon_or_off:
        cmp     r1, #'n'
        moveq   r0, #1
        bxeq    lr
        cmp     r1, #'f'
.Lis_it_false:
        moveq   r0, #0
        movne   r0, #-EINVAL
        bx      lr
ENDFUNC text_to_bool

@ ---------------------------------------------------------------------------
@ param_set_bool, param_set_invbool, param_set_bint, param_set_bool_enable_only - KPARAM_OPS_SET: a byte; the opposite
@ in a byte; a word; a byte that goes from 0 to 1 only
@
@   in:       r0 = text or 0, r1 = struct kernel_param
@   out:      r0 = 0 / -EINVAL / -EFAULT / -EROFS
@   clobbers: r1-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
FUNC param_set_bool
        mov     r2, #0                          @ turned over with
        mov     r3, #1                          @ bytes
        b       set_truth
ENDFUNC param_set_bool

FUNC param_set_invbool
        mov     r2, #1
        mov     r3, #1
        b       set_truth
ENDFUNC param_set_invbool

FUNC param_set_bint
        mov     r2, #0
        mov     r3, #4
        b       set_truth
ENDFUNC param_set_bint

FUNC param_set_bool_enable_only
        push    {r4, r5, fp, lr}
        add     fp, sp, #8
        mov     r4, r0
        mov     r5, r1
        bl      text_to_bool
        cmp     r0, #0
        blt     .Lenable_done
        bne     .Lenable
        ldr     r0, [r5, #KPARAM_ARG]
        mov     r1, #1
        bl      variable_is_ours
        cmp     r0, #0
        bne     .Lenable_done
        ldr     r0, [r5, #KPARAM_ARG]
        ldrb    r0, [r0]
        cmp     r0, #0
        movne   r0, #-EROFS
        bne     .Lenable_done
.Lenable:
        mov     r0, r4
        mov     r1, r5
        bl      param_set_bool
.Lenable_done:
        pop     {r4, r5, fp, pc}
ENDFUNC param_set_bool_enable_only

@ r0 = text or 0, r1 = struct kernel_param, r2 = 1: store the opposite, r3 = bytes of the variable; the rest as above.
LFUNC set_truth
        push    {r4-r7, fp, lr}
        add     fp, sp, #16
        ldr     r4, [r1, #KPARAM_ARG]
        mov     r5, r2
        mov     r6, r3
        bl      text_to_bool
        cmp     r0, #0
        blt     .Ltruth_done
        eor     r5, r0, r5
        mov     r0, r4
        mov     r1, r6
        bl      variable_is_ours
        cmp     r0, #0
        bne     .Ltruth_done
        cmp     r6, #1
        strbeq  r5, [r4]
        strne   r5, [r4]
.Ltruth_done:
        pop     {r4-r7, fp, pc}
ENDFUNC set_truth

@ ---------------------------------------------------------------------------
@ param_get_bool, param_get_invbool, param_get_bint, param_get_bool_enable_only - KPARAM_OPS_GET: Y or N; bint a number
@
@   in:       r0 = buffer of a page, r1 = struct kernel_param
@   out:      r0 = length
@   clobbers: r1-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
FUNC param_get_bool
        mov     r3, #0
        b       get_truth
ENDFUNC param_get_bool

FUNC param_get_invbool
        mov     r3, #1
        b       get_truth
ENDFUNC param_get_invbool

FUNC param_get_bool_enable_only
        b       param_get_bool
ENDFUNC param_get_bool_enable_only

FUNC param_get_bint
        b       param_get_int
ENDFUNC param_get_bint

@ r0 = buffer, r1 = struct kernel_param, r3 = 1: the opposite -> r0 = length; r1-r3 and flags change.
LFUNC get_truth
        ldr     r1, [r1, #KPARAM_ARG]
        ldrb    r1, [r1]
        cmp     r1, #0
        movne   r1, #1
        cmp     r1, r3
        moveq   r1, #'N'
        movne   r1, #'Y'
        strb    r1, [r0], #1
        mov     r1, #'\n'
        strb    r1, [r0], #1
        mov     r1, #0
        strb    r1, [r0]
        mov     r0, #2
        bx      lr
ENDFUNC get_truth

        param_ops bool, KPARAM_OPS_FL_NOARG
        param_ops bool_enable_only, KPARAM_OPS_FL_NOARG
        param_ops invbool
        param_ops bint, KPARAM_OPS_FL_NOARG

@ --- strings ------------------------------------------------------------------------------------------------------------------

@ ---------------------------------------------------------------------------
@ param_set_charp - KPARAM_OPS_SET of a char pointer: it gets a copy of the text
@
@   in:       r0 = text, r1 = struct kernel_param
@   out:      r0 = 0, -ENOSPC (more than CHARP_MAX bytes), -ENOMEM, -EFAULT
@   clobbers: r1-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
FUNC param_set_charp
        push    {r4-r7, fp, lr}
        add     fp, sp, #16
        mov     r4, r0
        ldr     r5, [r1, #KPARAM_ARG]
        ldr     r6, [r1, #KPARAM_NAME]
        bl      strlen
        mov     r7, r0
        cmp     r7, #CHARP_MAX
        bhi     .Lcharp_long
        mov     r0, r5
        mov     r1, #4
        bl      variable_is_ours
        cmp     r0, #0
        bne     .Lcharp_done

        @ The copy first: where there is no memory, the old text stays.
        add     r0, r7, #1
        bl      kmalloc_parameter
        cmp     r0, #0
        moveq   r0, #-ENOMEM
        beq     .Lcharp_done
        mov     r6, r0
        mov     r1, r4
        add     r2, r7, #1
        bl      memcpy
        mov     r0, r5
        bl      param_free_charp
        str     r6, [r5]
        mov     r0, #0
        b       .Lcharp_done
.Lcharp_long:
        mov     r1, r6
        pr_err  "%s: string parameter too long\n"
        mov     r0, #-ENOSPC
.Lcharp_done:
        pop     {r4-r7, fp, pc}
ENDFUNC param_set_charp

@ ---------------------------------------------------------------------------
@ param_get_charp - KPARAM_OPS_GET
@
@   in:       r0 = buffer of a page, r1 = struct kernel_param
@   out:      r0 = length
@   clobbers: r1-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
FUNC param_get_charp
        push    {fp, lr}
        add     fp, sp, #0
        ldr     r3, [r1, #KPARAM_ARG]
        ldr     r3, [r3]
        mov     r1, #PAGE_SIZE
        ldr     r2, =.Ltext_line
        bl      snprintf
        pop     {fp, pc}
ENDFUNC param_get_charp
        string .Ltext_line, "%s\n"

@ A parameter's text: a word, next in kmalloced_params, and then the bytes.
        .equ    KPARAM_TEXT_NEXT, 0
        .equ    KPARAM_TEXT,    4

@ r0 = bytes -> r0 = address, or 0; r1-r3, ip and flags change.
LFUNC kmalloc_parameter
        push    {fp, lr}
        add     fp, sp, #0
        add     r0, r0, #KPARAM_TEXT
        bl      module_kmalloc
        cmp     r0, #0
        beq     .Lno_parameter
        ldr     r1, =kmalloced_params
        ldr     r2, [r1]
        str     r2, [r0, #KPARAM_TEXT_NEXT]
        str     r0, [r1]
        add     r0, r0, #KPARAM_TEXT
.Lno_parameter:
        pop     {fp, pc}
ENDFUNC kmalloc_parameter

@ ---------------------------------------------------------------------------
@ param_free_charp - KPARAM_OPS_FREE: give the text back, unless it is the one the module was compiled with
@
@   in:       r0 = the variable
@   out:      -
@   clobbers: r0-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
FUNC param_free_charp
        push    {r4, r5, fp, lr}
        add     fp, sp, #8
        mov     r4, r0
        mov     r1, #4
        bl      variable_is_ours
        cmp     r0, #0
        bne     .Lfree_done
        ldr     r0, [r4]
        sub     r0, r0, #KPARAM_TEXT
        ldr     r1, =kmalloced_params
.Lfind_parameter:
        ldr     r2, [r1]                        @ KPARAM_TEXT_NEXT is the first word
        cmp     r2, #0
        beq     .Lfree_done
        cmp     r2, r0
        movne   r1, r2
        bne     .Lfind_parameter
        ldr     r2, [r0, #KPARAM_TEXT_NEXT]
        str     r2, [r1]
        bl      kfree
.Lfree_done:
        pop     {r4, r5, fp, pc}
ENDFUNC param_free_charp

        param_ops charp, 0, param_free_charp

@ ---------------------------------------------------------------------------
@ param_set_string, param_get_string - KPARAM_OPS_SET and KPARAM_OPS_GET of a buffer (Linux param_set_copystring)
@
@   in:       r0 = text, or buffer of a page; r1 = struct kernel_param, KPARAM_ARG a struct kparam_string
@   out:      set: r0 = 0 / -ENOSPC / -EFAULT; get: r0 = length
@   clobbers: r1-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
FUNC param_set_string
        push    {r4-r7, fp, lr}
        add     fp, sp, #16
        mov     r4, r0
        ldr     r5, [r1, #KPARAM_ARG]
        ldr     r6, [r1, #KPARAM_NAME]
        bl      strlen
        add     r7, r0, #1
        mov     r0, r5
        mov     r1, #KSTRING_SIZE
        bl      memory_is_ours
        cmp     r0, #0
        movlt   r0, #-EFAULT
        blt     .Lstring_set
        ldr     r1, [r5, #KSTRING_MAXLEN]
        cmp     r7, r1
        bhi     .Lstring_long
        ldr     r0, [r5, #KSTRING_STRING]
        bl      variable_is_ours                @ all of the buffer
        cmp     r0, #0
        bne     .Lstring_set
        ldr     r0, [r5, #KSTRING_STRING]
        mov     r1, r4
        mov     r2, r7
        bl      memcpy
        mov     r0, #0
        b       .Lstring_set
.Lstring_long:
        sub     r2, r1, #1
        mov     r1, r6
        pr_err  "%s: string doesn't fit in %u chars.\n"
        mov     r0, #-ENOSPC
.Lstring_set:
        pop     {r4-r7, fp, pc}
ENDFUNC param_set_string

FUNC param_get_string
        push    {fp, lr}
        add     fp, sp, #0
        ldr     r3, [r1, #KPARAM_ARG]
        ldr     r3, [r3, #KSTRING_STRING]
        mov     r1, #PAGE_SIZE
        ldr     r2, =.Ltext_line
        bl      snprintf
        pop     {fp, pc}
ENDFUNC param_get_string
        .global param_set_copystring, param_get_copystring      @ as C modules know them
        .set    param_set_copystring, param_set_string
        .set    param_get_copystring, param_get_string
        EXPORT_SYMBOL param_set_copystring

        param_ops string

@ --- arrays ------------------------------------------------------------------------------------------------------------------

@ ---------------------------------------------------------------------------
@ param_array_set - KPARAM_OPS_SET: `1,2,3`, each element by its own operations
@
@   in:       r0 = text, cut at the commas; r1 = struct kernel_param, KPARAM_ARG a struct kparam_array
@   out:      r0 = 0, -EINVAL (too many), -EFAULT, or what an element's setter says; elements before it are set
@   clobbers: r1-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
        .equ    PAS_KPARAM,     0               @ on the stack: the element's struct kernel_param
        .equ    PAS_NUM,        KPARAM_SIZE
        .equ    PAS_LOCALS,     24

LFUNC param_array_set
        push    {r4-r9, fp, lr}
        add     fp, sp, #24
        sub     sp, sp, #PAS_LOCALS
        mov     r4, r0
        mov     r5, r1
        mov     r0, sp
        mov     r2, #KPARAM_SIZE
        bl      memcpy
        ldr     r6, [r5, #KPARAM_ARG]
        mov     r0, r6
        mov     r1, #KARRAY_SIZE
        bl      memory_is_ours
        cmp     r0, #0
        movlt   r0, #-EFAULT
        blt     .Larray_done
        ldr     r0, [r6, #KARRAY_OPS]
        ldr     r1, [r6, #KARRAY_ELEM]
        str     r0, [sp, #KPARAM_OPS]
        str     r1, [sp, #KPARAM_ARG]
        mov     r0, sp
        bl      param_ops_of
        movs    r7, r0
        moveq   r0, #-EFAULT
        beq     .Larray_done
        mov     r8, #0                          @ elements set

.Lnext_element:
        ldr     r0, [r6, #KARRAY_MAX]
        cmp     r8, r0
        bhs     .Larray_full
        mov     r0, r4
        mov     r1, #','
        bl      strchr
        movs    r9, r0                          @ the comma
        movne   r1, #0
        strbne  r1, [r9]
        mov     r0, r4
        mov     r1, sp
        ldr     r3, [r7, #KPARAM_OPS_SET]
        blx     r3
        cmp     r0, #0
        bne     .Larray_done
        add     r8, r8, #1
        ldr     r0, [sp, #KPARAM_ARG]
        ldr     r1, [r6, #KARRAY_ELEMSIZE]
        add     r0, r0, r1
        str     r0, [sp, #KPARAM_ARG]
        cmp     r9, #0
        addne   r4, r9, #1
        bne     .Lnext_element

        ldr     r4, [r6, #KARRAY_NUM]
        cmp     r4, #0
        moveq   r0, #0
        beq     .Larray_done
        mov     r0, r4
        mov     r1, #4
        bl      variable_is_ours
        cmp     r0, #0
        streq   r8, [r4]
        b       .Larray_done

.Larray_full:
        mov     r2, r0
        ldr     r1, [r5, #KPARAM_NAME]
        pr_err  "%s: can only take %i arguments\n"
        mov     r0, #-EINVAL
.Larray_done:
        sub     sp, fp, #24
        pop     {r4-r9, fp, pc}
ENDFUNC param_array_set

@ ---------------------------------------------------------------------------
@ param_array_get - KPARAM_OPS_GET: the elements that are set, commas between them
@
@   in:       r0 = buffer of a page, r1 = struct kernel_param
@   out:      r0 = length / -errno
@   clobbers: r1-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
LFUNC param_array_get
        push    {r4-r9, fp, lr}
        add     fp, sp, #24
        sub     sp, sp, #PAS_LOCALS
        mov     r4, r0
        mov     r5, r0                          @ where the next element goes
        ldr     r6, [r1, #KPARAM_ARG]
        mov     r0, sp
        mov     r2, #KPARAM_SIZE
        bl      memcpy
        ldr     r0, [r6, #KARRAY_ELEM]
        str     r0, [sp, #KPARAM_ARG]
        ldr     r7, [r6, #KARRAY_OPS]
        ldr     r9, [r6, #KARRAY_NUM]
        cmp     r9, #0
        ldrne   r9, [r9]
        ldreq   r9, [r6, #KARRAY_MAX]
        ldr     r0, [r6, #KARRAY_MAX]
        cmp     r9, r0
        movhi   r9, r0
        mov     r8, #0
.Lget_element:
        cmp     r8, r9
        bhs     .Lgot_all
        cmp     r8, #0
        movne   r0, #','                        @ in place of the newline before
        strbne  r0, [r5, #-1]
        mov     r0, r5
        mov     r1, sp
        ldr     r3, [r7, #KPARAM_OPS_GET]
        blx     r3
        cmp     r0, #0
        blt     .Lget_done
        add     r5, r5, r0
        ldr     r0, [sp, #KPARAM_ARG]
        ldr     r1, [r6, #KARRAY_ELEMSIZE]
        add     r0, r0, r1
        str     r0, [sp, #KPARAM_ARG]
        add     r8, r8, #1
        sub     r0, r5, r4
        cmp     r0, #PAGE_SIZE / 2              @ room for one more is certain only so far
        blo     .Lget_element
.Lgot_all:
        mov     r0, #0
        strb    r0, [r5]
        sub     r0, r5, r4
.Lget_done:
        sub     sp, fp, #24
        pop     {r4-r9, fp, pc}
ENDFUNC param_array_get

@ ---------------------------------------------------------------------------
@ param_array_free - KPARAM_OPS_FREE: each element, if its operations have a free
@
@   in:       r0 = struct kparam_array
@   out:      -
@   clobbers: r0-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
LFUNC param_array_free
        push    {r4-r7, fp, lr}
        add     fp, sp, #16
        mov     r5, r0
        mov     r1, #KARRAY_SIZE
        bl      memory_is_ours
        cmp     r0, #0
        blt     .Larray_freed
        ldr     r4, [r5, #KARRAY_OPS]
        bl      check_ops
        cmp     r0, #0
        beq     .Larray_freed
        ldr     r4, [r4, #KPARAM_OPS_FREE]
        cmp     r4, #0
        beq     .Larray_freed
        ldr     r6, [r5, #KARRAY_ELEM]
        ldr     r7, [r5, #KARRAY_MAX]
.Lfree_element:
        subs    r7, r7, #1
        blo     .Larray_freed
        mov     r0, r6
        mov     r1, #1
        bl      variable_is_ours                @ ends a count of elements that nobody can have
        cmp     r0, #0
        bne     .Larray_freed
        mov     r0, r6
        blx     r4
        ldr     r0, [r5, #KARRAY_ELEMSIZE]
        add     r6, r6, r0
        cmp     r0, #0
        bne     .Lfree_element
.Larray_freed:
        pop     {r4-r7, fp, pc}
ENDFUNC param_array_free

        .section .rodata.param_ops, "a", %progbits
        .global param_array_ops
        .type   param_array_ops, %object
param_array_ops:
        .word   0, param_array_set, param_array_get, param_array_free
        .size   param_array_ops, KPARAM_OPS_SIZE
kernel_param_ops_end:
        .global param_ops_copystring
        .set    param_ops_copystring, param_ops_string
        EXPORT_SYMBOL param_array_ops

        .bss
        .balign 4
kmalloced_params:
        .space  4                               @ list of texts that param_set_charp made
