"""Modules in assembly for the tests of the loader: each is what one row of a table needs."""

from __future__ import annotations

from functools import cache

from modules.ko import module

HEAD = '        .include "macros.inc"\n'
GPL = '        MODULE_LICENSE "GPL"\n'

# A little of everything: each kind of memory, each kind of relocation the assembler makes, exports of both kinds,
# parameters of most types, a per-CPU variable, a weak symbol nobody has.
VICTIM = (
    HEAD
    + GPL
    + r"""
        MODULE_DESCRIPTION "a victim"
        module_param status, charp, 0444
        module_param number, int, 0644
        module_param small, byte, 0644
        module_param on, bool, 0644
        module_param_string label, label, 8, 0444
        module_param result, int, 0444

        .weak   nobody_has_this

        .text
FUNC victim_length
        push    {fp, lr}
        add     fp, sp, #0
        bl      strlen
        movw    r1, #:lower16:victim_word
        movt    r1, #:upper16:victim_word
        ldr     r1, [r1]
        add     r0, r0, r1
        ldr     r1, =nobody_has_this
        cmp     r1, #0
        addne   r0, r0, #1000
        blne    nobody_has_this
        pop     {fp, pc}
ENDFUNC victim_length

FUNC victim_tail
        b       strlen
ENDFUNC victim_tail

        EXIT_TEXT
FUNC victim_exit
        bx      lr
ENDFUNC victim_exit

        INIT_TEXT
FUNC victim_init
        push    {r4, r5, fp, lr}
        add     fp, sp, #8
        ldr     r0, =status
        ldr     r0, [r0]
        cmp     r0, #0
        beq     .Lvalid
        ldr     r1, =.Linvalid
        bl      strcmp
        cmp     r0, #0
        moveq   r0, #-EINVAL
        beq     .Linit_done
.Lvalid:
        ldr     r0, =init_word
        ldr     r0, [r0]
        cmp     r0, #7
        movne   r0, #-EIO
        ldreq   r0, =result
        ldreq   r0, [r0]
.Linit_done:
        pop     {r4, r5, fp, pc}
ENDFUNC victim_init
        string .Linvalid, "invalid"
        module_init victim_init
        module_exit victim_exit

        INIT_DATA
        .balign 4
init_word:
        .word   7

        RODATA
        .balign 4
        .global victim_table
victim_table:
        .word   victim_length, victim_word, strlen, victim_table + 8
        .word   victim_length - .               @ REL32

        .section __ex_table, "a", %progbits     @ out of order, and one row for init code
        .balign 4
        .word   victim_tail, victim_length
        .word   victim_init, victim_init
        .word   victim_length, victim_tail

        .section .data..ro_after_init, "aw", %progbits
        .balign 4
victim_after_init:
        .word   victim_table

        .section .data..percpu, "aw", %progbits
        .balign 8
victim_percpu:
        .word   1, 2

        .data
        .balign 4
victim_word:
        .word   1
status: .word   0
number: .word   0
result: .word   0
small:  .byte   0
on:     .byte   0

        .bss
        .balign 4
label:  .space  8
        .space  5000

        EXPORT_SYMBOL victim_length
        EXPORT_SYMBOL_GPL victim_tail
"""
)

HOLLOW = HEAD + GPL + "        .data\nhollow: .word hollow\n"

PROVIDER = (
    HEAD
    + GPL
    + """
        .text
FUNC provided
        mov     r0, #42
        bx      lr
ENDFUNC provided
        EXPORT_SYMBOL provided
"""
)


def user_of(symbol: str, licence: str = "GPL", more: str = "") -> str:
    """A module that holds the address of a symbol it does not have."""
    return f'{HEAD}        MODULE_LICENSE "{licence}"\n{more}        .data\n        .word   {symbol}\n'


def exporter_of(symbol: str, licence: str = "GPL", macro: str = "EXPORT_SYMBOL", more: str = "") -> str:
    """A module that exports a word."""
    return f"""{HEAD}        MODULE_LICENSE "{licence}"
        .data
        .global {symbol}
        .type   {symbol}, %object
{symbol}:
        .word   1
        .size   {symbol}, 4
        {macro} {symbol}{more}
"""


def init_returns(value: int) -> str:
    """A module whose init returns a value."""
    return f"""{HEAD}{GPL}
        INIT_TEXT
FUNC returning_init
        ldr     r0, ={value}
        bx      lr
ENDFUNC returning_init
        module_init returning_init
        .text
FUNC returning_exit
        bx      lr
ENDFUNC returning_exit
        module_exit returning_exit
"""


VETO = f"""{HEAD}{GPL}
        .text
@ r0 = notifier_block, r1 = state -> r0 = -EPERM when a module comes
FUNC veto_call
        cmp     r1, #1
        moveq   r0, #-EPERM
        movne   r0, #0
        bx      lr
ENDFUNC veto_call
        .data
        .balign 4
        .global veto_block
veto_block:
        .word   veto_call, 0
"""

# Every kind of relocation that a REL object can ask the loader for, at known places.
RELOCATIONS = f"""{HEAD}{GPL}
        .text
FUNC relocated_call
        bl      strlen
ENDFUNC relocated_call
FUNC relocated_thumb
        bl      strlen
ENDFUNC relocated_thumb
        .data
        .balign 4
relocated_word:
        .word   strlen
"""


@cache
def victim() -> bytes:
    """The module that most rows change."""
    return module("victim", VICTIM)
