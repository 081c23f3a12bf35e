@ The poison of freed init memory, executed: an undefined instruction.
@
@ expect: Internal error: Oops - undefined instruction: 0 [#1] ARM
@ expect: PC is at runs_into_poison+0x8/0x
@ expect: Flags:
@ expect: Mode SVC_32
@ expect:  runs_into_poison from do_one_initcall+0x
@ expect: (e7fddef0)
@ expect: Kernel panic - not syncing: Fatal exception
@ stop: halted

        .include "macros.inc"
        .include "memory.inc"

        INIT_TEXT
FUNC runs_into_poison
        push    {fp, lr}
        add     fp, sp, #0
        .word   POISON_INITMEM
        pop     {fp, pc}
ENDFUNC runs_into_poison
        device_initcall runs_into_poison
