@ params - shows what `insmod params.ko count=3 who="two words" loud` sets: variables of the module, each by the operations
@ of its type, before init runs.

        .include "macros.inc"

        .equ    TITLE_SIZE,     16

        INIT_TEXT
@ ---------------------------------------------------------------------------
@ params_init - greet as often as we are told, and say what else we were told
@
@   in:       -
@   out:      r0 = 0
@   clobbers: r1-r3, ip, flags
@   context:  process
@ ---------------------------------------------------------------------------
FUNC params_init
        push    {r4-r7, fp, lr}
        add     fp, sp, #16
        ldr     r4, =count
        ldr     r4, [r4]
        ldr     r5, =who
        ldr     r5, [r5]
.Linit_greet:
        subs    r4, r4, #1
        bmi     .Linit_rest
        mov     r1, r5
        pr_info "params: hello %s\n"
        b       .Linit_greet
.Linit_rest:
        ldr     r1, =loud
        ldrb    r1, [r1]
        ldr     r2, =level
        ldrb    r2, [r2]
        ldr     r3, =title
        pr_info "params: loud=%u level=%u title=%s\n"
        mov     r0, #0
        pop     {r4-r7, fp, pc}
ENDFUNC params_init

        EXIT_TEXT
@ ---------------------------------------------------------------------------
@ params_exit - nothing is left
@
@   in:       -
@   out:      -
@   clobbers: -
@   context:  process
@ ---------------------------------------------------------------------------
FUNC params_exit
        bx      lr
ENDFUNC params_exit

        .data
        .balign 4
count:  .word   1
who:    .word   .Lworld
loud:   .byte   0
level:  .byte   5
title:  .asciz  "none"
        .space  TITLE_SIZE - 5

        string .Lworld, "world"

        module_param count, int, 0644
        MODULE_PARM_DESC count, "how often to greet"
        module_param who, charp, 0444
        MODULE_PARM_DESC who, "whom to greet"
        module_param loud, bool, 0644
        module_param level, byte, 0
        module_param_string title, title, TITLE_SIZE, 0444

        module_init params_init
        module_exit params_exit
        MODULE_LICENSE "GPL"
        MODULE_DESCRIPTION "Parameters"
