@ exporter - shows symbols that a module gives to others: user.ko calls them, and while it is there exporter stays.

        .include "macros.inc"

        .text
@ ---------------------------------------------------------------------------
@ exporter_add - add, and count the calls
@
@   in:       r0, r1 = numbers
@   out:      r0 = their sum
@   clobbers: r1, r2
@   context:  any
@ ---------------------------------------------------------------------------
FUNC exporter_add
        add     r0, r0, r1
        ldr     r1, =exporter_calls
        ldr     r2, [r1]
        add     r2, r2, #1
        str     r2, [r1]
        bx      lr
ENDFUNC exporter_add
        EXPORT_SYMBOL exporter_add

@ ---------------------------------------------------------------------------
@ exporter_secret - something that only GPL-compatible modules may call
@
@   in:       -
@   out:      r0 = 42
@   clobbers: -
@   context:  any
@ ---------------------------------------------------------------------------
FUNC exporter_secret
        mov     r0, #42
        bx      lr
ENDFUNC exporter_secret
        EXPORT_SYMBOL_GPL exporter_secret

        INIT_TEXT
@ ---------------------------------------------------------------------------
@ exporter_init - the module comes
@
@   in:       -
@   out:      r0 = 0
@   clobbers: r1-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
FUNC exporter_init
        push    {fp, lr}
        add     fp, sp, #0
        pr_info "exporter: at your service\n"
        mov     r0, #0
        pop     {fp, pc}
ENDFUNC exporter_init

        EXIT_TEXT
@ ---------------------------------------------------------------------------
@ exporter_exit - the module goes; nobody uses it any more
@
@   in:       -
@   out:      -
@   clobbers: r0-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
FUNC exporter_exit
        push    {fp, lr}
        add     fp, sp, #0
        ldr     r1, =exporter_calls
        ldr     r1, [r1]
        pr_info "exporter: called %u times\n"
        pop     {fp, pc}
ENDFUNC exporter_exit

        .data
        .balign 4
        .global exporter_calls
        .type   exporter_calls, %object
exporter_calls:
        .word   0                               @ calls of exporter_add
        .size   exporter_calls, 4
        EXPORT_SYMBOL exporter_calls

        module_init exporter_init
        module_exit exporter_exit
        MODULE_LICENSE "GPL"
        MODULE_DESCRIPTION "Exported symbols"
