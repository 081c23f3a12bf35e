@ A call to an init function after init memory was freed: there is no page at its address any more.
@
@ rc: cat /proc/stray
@ rc: echo 1 > /proc/deferred_initcalls
@ rc: cat /proc/stray
@ expect: once_only called
@ expect: Freeing unused kernel image (initmem) memory: {init_kib}K
@ expect: Unable to handle kernel paging request at virtual address {once_only} when execute
@ expect: [{once_only}] *pgd=
@ expect: *pte=00000000
@ expect: Fault status: page translation fault (0x007)
@ expect: Internal error: Oops: 80000007 [#1] ARM
@ expect: PC is at once_only+0x0/0x
@ expect: LR is at stray_show+0x
@ expect:  once_only from stray_show+0x
@ expect: Code: bad PC value
@ expect: Kernel panic - not syncing: Fatal exception
@ stop: halted

        .include "macros.inc"
        .include "fs.inc"

        INIT_TEXT
FUNC once_only
        push    {fp, lr}
        add     fp, sp, #0
        pr_info "once_only called\n"
        pop     {fp, pc}
ENDFUNC once_only

FUNC stray_init
        push    {fp, lr}
        add     fp, sp, #0
        ldr     r0, =.Lstray_name
        ldr     r1, =MODE_FILE
        ldr     r2, =stray_show
        mov     r3, #0
        bl      proc_create
        mov     r0, #0
        pop     {fp, pc}
ENDFUNC stray_init
        device_initcall stray_init
        string .Lstray_name, "stray"

        .text
FUNC stray_show
        push    {fp, lr}
        add     fp, sp, #0
        bl      once_only
        mov     r0, #0
        pop     {fp, pc}
ENDFUNC stray_show
