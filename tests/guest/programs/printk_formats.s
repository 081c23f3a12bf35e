@ Every conversion of printk, and how lines are made of messages.
@
@ expect: 1[   -5] [abc     ] [00000ABC]
@ expect: 2[hell] [     hello] [hello     ]
@ expect: 3[x%] [0xff] [c0008000] [(null)] [-0007] [7   ]
@ expect: 4 printk_formats_init+0x4/0x
@ expect: 4 printk_formats_init+0x0/0x
@ expect: 4 printk_formats_init.
@ expect: 4 0x1000.
@ expect: one line
@ expect: ] and another
@ expect: cut here
@ expect: ] next
@ expect: 9 4294967295 -2147483648
@ rc: poweroff
@ stop: power-off

        .include "macros.inc"
        .include "memory.inc"

        INIT_TEXT
FUNC printk_formats_init
        push    {r4, r5, fp, lr}
        add     fp, sp, #8
        ldr     r1, =-5
        ldr     r2, =0xabc
        mov     r3, r2
        pr_info "1[%5d] [%-8x] [%08X]\n"

        ldr     r5, =.Lhello
        mov     r4, #10
        push    {r4, r5}                        @ arguments 5 and 6
        mov     r1, #4
        mov     r2, r5
        mov     r3, r5
        pr_info "2[%.*s] [%10s] [%-*s]\n"
        add     sp, sp, #8

        mvn     r4, #6
        mov     r5, #7
        push    {r4, r5}
        mov     r0, #0
        push    {r0, r1}
        mov     r1, #'x'
        mov     r2, #0xff
        ldr     r3, =KERNEL_VADDR
        pr_info "3[%c%%] [%#x] [%p] [%s] "
        add     sp, sp, #8
        ldr     r1, [sp]
        ldr     r2, [sp, #4]
        pr_cont "[%05d] [%-4u]\n"
        add     sp, sp, #8

        ldr     r1, =printk_formats_init + 4
        pr_info "4 %pS\n"
        ldr     r1, =printk_formats_init
        pr_info "4 %pS\n"
        ldr     r1, =printk_formats_init + 8
        pr_info "4 %ps.\n"
        mov     r1, #0x1000
        pr_info "4 %pS.\n"

        pr_info "one "
        pr_cont "line\nand another\n"
        pr_info "cut here"
        pr_info "next\n"
        mvn     r1, #0
        mov     r2, #0x80000000
        pr_info "9 %lu %li\n"
        mov     r0, #0
        pop     {r4, r5, fp, pc}
ENDFUNC printk_formats_init
        device_initcall printk_formats_init
        string .Lhello, "hello"
