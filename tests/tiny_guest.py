"""Guests of a few instructions: text in, a Machine at its first instruction out."""

from __future__ import annotations

from functools import cache

from minikernel.elf.image import Image
from minikernel.machine.machine import Machine
from minikernel.toolchain.assembler import assemble_text
from minikernel.toolchain.linker import link
from minikernel.toolchain.script import LinkerScript

SCRIPT = """
ENTRY(_start)
SECTIONS
{
    . = 0x80008000;
    .text : { *(.text) }
    . = ALIGN(4096);
    .data : { *(.data) }
    .bss : { *(.bss) *(COMMON) }
    /DISCARD/ : { *(.ARM.attributes) }
}
"""

# Everything at its physical address; sections of 1 MiB, full access, domain 0 client; table at 0x80004000.
MMU_ON = """
        .equ    FULL_ACCESS, 0xc02
        ldr     r0, =0x80004000
        mov     r1, #0
        ldr     r2, =FULL_ACCESS
.Lfill_table:
        orr     r3, r2, r1, lsl #20
        str     r3, [r0, r1, lsl #2]
        add     r1, r1, #1
        cmp     r1, #4096
        bne     .Lfill_table
        mcr     p15, 0, r0, c2, c0, 0           @ TTBR0
        mov     r3, #1
        mcr     p15, 0, r3, c3, c0, 0           @ DACR: domain 0 client
        mov     r3, #0
        mcr     p15, 0, r3, c8, c7, 0           @ TLBIALL
        mrc     p15, 0, r3, c1, c0, 0
        orr     r3, r3, #1
        mcr     p15, 0, r3, c1, c0, 0           @ SCTLR.M
"""

# A vector table whose handlers leave their number in r12 and stop.
VECTORS = """
        .balign 32
vectors:
        b       .
        b       on_undefined
        b       on_svc
        b       on_prefetch_abort
        b       on_data_abort
        b       .
        b       on_irq
        b       .
"""


def handlers(*, but: str = "") -> str:
    """Handlers for every vector that name themselves and halt; those in `but` (names) are left to the test."""
    names = ("undefined", "svc", "prefetch_abort", "data_abort", "irq")
    return "\n".join(
        f"on_{name}:\n        mov r12, #{number}\n        wfi\n        b . - 4"
        for number, name in enumerate(names, 1)
        if name not in but.split()
    )


def with_vectors(body: str, *, but: str = "") -> str:
    """`body` after VBAR points at the vectors, whose handlers stop (but those the body has itself)."""
    return f"""
        adr     r0, vectors
        mcr     p15, 0, r0, c12, c0, 0
        b       body
{VECTORS}
{handlers(but=but)}
body:
{body}
"""


@cache
def tiny_image(source: str) -> Image:
    """The source behind the label _start, linked and loaded at 0x80008000."""
    text = f"        .syntax unified\n        .arm\n        .text\n        .global _start\n_start:\n{source}\n"
    linked = link([("tiny.o", assemble_text(text, "tiny.s"))], LinkerScript.parse(SCRIPT, "tiny.lds"))
    return Image.from_bytes(linked, "tiny")


def tiny(source: str, **options: object) -> Machine:
    """A machine about to execute the source's first instruction."""
    return Machine(tiny_image(source), **options)  # type: ignore[arg-type]
