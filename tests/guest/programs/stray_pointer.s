@ A pointer to an init function, kept too long: called after init memory was freed.
@
@ rc: cat /proc/stray
@ rc: echo 1 > /proc/deferred_initcalls
@ rc: cat /proc/stray
@ expect: once_only called
@ expect: Unable to handle kernel paging request at virtual address {once_only} when execute
@ expect: PC is at once_only+0x0/0x
@ expect: LR is at stray_show+0x
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
        ldr     r0, =stray_hook
        ldr     r1, =once_only
        str     r1, [r0]
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
        ldr     r0, =stray_hook
        ldr     r0, [r0]
        blx     r0
        mov     r0, #0
        pop     {fp, pc}
ENDFUNC stray_show

        .bss
        .balign 4
        .global stray_hook
stray_hook:
        .space  4
