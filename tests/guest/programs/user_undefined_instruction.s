@ place: user
@ expect: init (1): undefined instruction: pc=00010000
@ expect: Kernel panic - not syncing: Attempted to kill init! exitcode=0x00000004
@ stop: halted

        .include "macros.inc"

        .text
FUNC _start
        .word   0xe7fddef0
ENDFUNC _start
