"""The mnemonics of this dialect: ARM state of the Cortex-A15 in unified syntax, without VFP and NEON.

Only what stands in this table reaches an encoder. The condition comes last: `addseq`, `ldrbeq`, `ldmiaeq`.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum, auto
from functools import cache, lru_cache

from minikernel.errors import near_names

CONDITIONS = {
    "eq": 0,
    "ne": 1,
    "cs": 2,
    "hs": 2,
    "cc": 3,
    "lo": 3,
    "mi": 4,
    "pl": 5,
    "vs": 6,
    "vc": 7,
    "hi": 8,
    "ls": 9,
    "ge": 10,
    "lt": 11,
    "gt": 12,
    "le": 13,
    "al": 14,
    "": 14,
}
"""ARM ARM A8.3, "Conditional execution"."""


class Family(Enum):
    """How the operands of a mnemonic are read."""

    PLAIN = auto()
    BRANCH = auto()  # b, bl: the operand is a label
    LOAD_WORD = auto()  # memory access with a 12-bit offset: may take a label; ldr also =expression
    LOAD_HALF = auto()  # memory access with an 8-bit offset: may take a label
    ADR = auto()
    MOVE_HALF = auto()  # movw, movt: take :lower16: and :upper16:
    COPROCESSOR = auto()
    STATUS = auto()  # mrs, msr
    BARRIER = auto()
    INTERRUPT_FLAGS = auto()  # cpsie, cpsid


def words(text: str) -> list[str]:
    """A table's row as it is read best."""
    return text.split()


def _combine(left: str, right: str) -> list[str]:
    """Each word of the left before each of the right; `-` stands for nothing."""
    return [(a + b).replace("-", "") for a in words(left) for b in words(right)]


_SET_FLAGS = words(
    "and eor sub rsb add adc sbc rsc orr mov bic mvn lsl lsr asr ror rrx mul mla umull umlal smull smlal"
)
_BLOCK_MODES = "- ia ib da db fd fa ed ea"
_CONDITIONAL = [
    *words("tst teq cmp cmn mls umaal clz rev rev16 revsh rbit bfc bfi ubfx sbfx usat ssat usat16 ssat16"),
    *words("qadd qsub qdadd qdsub sel pkhbt pkhtb udiv sdiv usad8 usada8"),
    *_combine("sxt uxt sxta uxta", "b h b16"),
    *_combine("smul smla smlal", "bb bt tb tt"),
    *words("smulwb smulwt smlawb smlawt smuad smuadx smusd smusdx smlad smladx smlsd smlsdx"),
    *words("smmul smmulr smmla smmlar"),
    *_combine("s q sh u uq uh", "add16 asx sax sub16 add8 sub8"),
    *words("svc swi smc nop yield wfe wfi sev dbg bx bxj blx push pop"),
    *_combine("ldm stm", _BLOCK_MODES),
    *_combine("ldrex strex", "- b h d"),
    *words("ldrt strt ldrbt strbt ldrht strht ldrsbt ldrsht"),
]
_UNCONDITIONAL = [*words("cps pld pldw pli clrex bkpt udf hvc"), *_combine("srs rfe", "- ia ib da db")]

_FAMILIES: dict[Family, tuple[list[str], list[str]]] = {
    # family: (mnemonics that take a condition, mnemonics that do not)
    Family.PLAIN: ([*_SET_FLAGS, *(f"{mnemonic}s" for mnemonic in _SET_FLAGS), *_CONDITIONAL], _UNCONDITIONAL),
    Family.BRANCH: (words("b bl"), []),
    Family.LOAD_WORD: (words("ldr str ldrb strb"), []),
    Family.LOAD_HALF: (words("ldrh strh ldrsb ldrsh ldrd strd"), []),
    Family.ADR: (["adr"], []),
    Family.MOVE_HALF: (words("movw movt"), []),
    Family.COPROCESSOR: (
        words("mcr mrc mcrr mrrc cdp ldc stc ldcl stcl"),
        words("mcr2 mrc2 mcrr2 mrrc2 cdp2 ldc2 stc2 ldc2l stc2l"),
    ),
    Family.STATUS: (words("mrs msr"), []),
    Family.BARRIER: ([], words("dmb dsb isb")),
    Family.INTERRUPT_FLAGS: ([], words("cpsie cpsid")),
}


class Mnemonic:
    """One spelling: its family, the name without condition, the condition's letters and number."""

    __slots__ = ("base", "condition", "family", "suffix")

    def __init__(self, family: Family, base: str, suffix: str) -> None:
        self.family, self.base, self.suffix, self.condition = family, base, suffix, CONDITIONS[suffix]


@lru_cache(maxsize=4096)
def find_mnemonic(name: str) -> Mnemonic | None:
    """The mnemonic of that spelling, condition and all."""
    for base, suffix in ((name, ""), (name[:-2], name[-2:])):
        family = _CONDITIONAL_FAMILIES.get(base)
        if family is None and not suffix:
            family = _UNCONDITIONAL_FAMILIES.get(base)
        if family is not None and suffix in CONDITIONS:
            return Mnemonic(family, base, suffix)
    return None


_CONDITIONAL_FAMILIES = {base: family for family, (bases, _) in _FAMILIES.items() for base in bases}
_UNCONDITIONAL_FAMILIES = {base: family for family, (_, bases) in _FAMILIES.items() for base in bases}


@cache
def mnemonics() -> dict[str, Mnemonic]:
    """Every accepted spelling."""
    table: dict[str, Mnemonic] = {}
    for family, (conditional, unconditional) in _FAMILIES.items():
        for base in unconditional:
            table[base] = Mnemonic(family, base, "")
        for base in conditional:
            for suffix in CONDITIONS:
                table[base + suffix] = Mnemonic(family, base, suffix)
    return table


def near_mnemonics(name: str, macros: Iterable[str]) -> str:
    """`; did you mean 'x'?` for what is no mnemonic: the condition moved to the end, or the nearest spellings."""
    table = mnemonics()
    for condition in CONDITIONS:
        start = name.find(condition, 1) if condition else -1
        moved = name[:start] + name[start + 2 :] + condition
        if start > 0 and moved in table:
            return f"; did you mean {moved!r} (the condition comes last)?"
    return near_names(name, [*(text for text, mnemonic in table.items() if not mnemonic.suffix), *macros])
