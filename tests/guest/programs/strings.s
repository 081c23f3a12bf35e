@ string.s against what the C library gives.
@
@ expect: strtoul 255 255 8 0 12, rest "z"
@ expect: strlcpy 3 "abc"
@ expect: compare 0 -1 1 0 1
@ expect: find bcab b
@ expect: move 00012345
@ rc: poweroff
@ stop: power-off

        .include "macros.inc"

        INIT_TEXT
FUNC strings_init
        push    {r4-r9, fp, lr}
        add     fp, sp, #24
        sub     sp, sp, #16

        ldr     r0, =.Lhex
        bl      number
        mov     r4, r0
        ldr     r0, =.Lff
        mov     r1, #0
        mov     r2, #16
        bl      strtoul
        mov     r5, r0
        ldr     r0, =.Loctal
        bl      number
        mov     r6, r0
        ldr     r0, =.Lnone
        bl      number
        mov     r7, r0
        ldr     r0, =.Ldecimal
        add     r1, sp, #8
        mov     r2, #0
        bl      strtoul
        mov     r1, r4
        mov     r2, r5
        mov     r3, r6
        ldr     r6, [sp, #8]
        mov     r5, r0
        mov     r4, r7
        push    {r4-r7}
        pr_info "strtoul %u %u %u %u %u, rest \"%s\"\n"
        add     sp, sp, #16

        mov     r0, sp
        ldr     r1, =.Labcab
        mov     r2, #4
        bl      strlcpy
        mov     r1, r0
        mov     r2, sp
        pr_info "strlcpy %u \"%s\"\n"

        ldr     r0, =.Labcab
        ldr     r1, =.Labcab
        bl      strcmp
        mov     r4, r0
        ldr     r0, =.Labc
        ldr     r1, =.Labd
        bl      strcmp
        mov     r5, r0
        ldr     r0, =.Labd
        ldr     r1, =.Labc
        mov     r2, #3
        bl      memcmp
        mov     r6, r0
        ldr     r0, =.Labcab
        ldr     r1, =.Labc
        mov     r2, #3
        bl      strncmp
        mov     r8, r0
        ldr     r0, =.Labcab
        ldr     r1, =.Labc
        mov     r2, #4
        bl      strncmp
        cmp     r0, #0
        movgt   r9, #1
        movle   r9, #0
        push    {r8, r9}
        mov     r1, r4
        mov     r2, r5
        mov     r3, r6
        pr_info "compare %d %d %d %d %d\n"
        add     sp, sp, #8

        ldr     r0, =.Labcab
        mov     r1, #'b'
        bl      strchr
        mov     r4, r0
        ldr     r0, =.Labcab
        mov     r1, #'b'
        bl      strrchr
        mov     r2, r0
        mov     r1, r4
        pr_info "find %s %s\n"

        mov     r0, sp
        ldr     r1, =.Ldigits
        mov     r2, #9
        bl      memcpy
        add     r0, sp, #2
        mov     r1, sp
        mov     r2, #6
        bl      memmove                         @ up, overlapping
        mov     r0, sp
        mov     r1, #'0'
        mov     r2, #3
        bl      memset
        mov     r1, sp
        pr_info "move %s\n"
        add     sp, sp, #16
        mov     r0, #0
        pop     {r4-r9, fp, pc}
ENDFUNC strings_init
        device_initcall strings_init

@ r0 = text -> r0 = its number, base by its prefix
LFUNC number
        mov     r1, #0
        mov     r2, #0
        b       strtoul
ENDFUNC number

        string .Lhex, "0xFF"
        string .Lff, "ff"
        string .Loctal, "010"
        string .Lnone, "none"
        string .Ldecimal, "12z"
        string .Labcab, "abcab"
        string .Labc, "abc"
        string .Labd, "abd"
        string .Ldigits, "01234567"
