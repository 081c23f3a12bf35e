"""Instructions: which mnemonics exist, and one statement's operands to a form the encoder can take.

The law of this page: what reaches an encoder is built from the tables and tokens below and from decimal numbers, never
from the student's text. Operands of a statement are compiled once; symbols are looked up each time it is executed.
"""

from __future__ import annotations

import re
from enum import Enum, auto
from functools import cache

from minikernel.toolchain.expression import Node, parse_expression
from minikernel.toolchain.lexer import Kind, Problem, Token, tokenize

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
"""ARM ARM A8.3 "Conditional execution"."""


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


_SET_FLAGS = [
    "and",
    "eor",
    "sub",
    "rsb",
    "add",
    "adc",
    "sbc",
    "rsc",
    "orr",
    "mov",
    "bic",
    "mvn",
    "lsl",
    "lsr",
    "asr",
    "ror",
    "rrx",
    "mul",
    "mla",
    "umull",
    "umlal",
    "smull",
    "smlal",
]
_HALVES = ["bb", "bt", "tb", "tt"]
_PARALLEL = [
    f"{prefix}{operation}"
    for prefix in ["s", "q", "sh", "u", "uq", "uh"]
    for operation in ["add16", "asx", "sax", "sub16", "add8", "sub8"]
]
_CONDITIONAL = [
    *[
        "tst",
        "teq",
        "cmp",
        "cmn",
        "mls",
        "umaal",
        "clz",
        "rev",
        "rev16",
        "revsh",
        "rbit",
        "bfc",
        "bfi",
        "ubfx",
        "sbfx",
        "usat",
        "ssat",
        "usat16",
        "ssat16",
    ],
    *["qadd", "qsub", "qdadd", "qdsub", "sel", "pkhbt", "pkhtb", "udiv", "sdiv", "usad8", "usada8"],
    *(f"{sign}xt{add}{size}" for sign in "su" for add in ("", "a") for size in ("b", "h", "b16")),
    *(f"smul{half}" for half in _HALVES),
    *(f"smla{half}" for half in _HALVES),
    *(f"smlal{half}" for half in _HALVES),
    *[
        "smulwb",
        "smulwt",
        "smlawb",
        "smlawt",
        "smuad",
        "smuadx",
        "smusd",
        "smusdx",
        "smlad",
        "smladx",
        "smlsd",
        "smlsdx",
        "smmul",
        "smmulr",
        "smmla",
        "smmlar",
    ],
    *_PARALLEL,
    *["svc", "swi", "smc", "nop", "yield", "wfe", "wfi", "sev", "dbg", "bx", "bxj", "blx", "push", "pop"],
    *(f"{verb}m{mode}" for verb in ("ld", "st") for mode in ("", "ia", "ib", "da", "db", "fd", "fa", "ed", "ea")),
    *(f"{verb}rex{size}" for verb in ("ld", "st") for size in ("", "b", "h", "d")),
    *(f"{verb}{size}t" for verb in ("ldr", "str") for size in ("", "b", "h")),
    *["ldrsbt", "ldrsht"],
]
_UNCONDITIONAL = [
    *["cps", "pld", "pldw", "pli", "clrex", "bkpt", "udf", "hvc"],
    *(f"{verb}{mode}" for verb in ("srs", "rfe") for mode in ("", "ia", "ib", "da", "db")),
]
_FAMILIES: dict[Family, tuple[list[str], list[str]]] = {
    # family: (mnemonics that take a condition, mnemonics that do not)
    Family.PLAIN: ([*_SET_FLAGS, *(f"{m}s" for m in _SET_FLAGS if m != "rrx"), "rrxs", *_CONDITIONAL], _UNCONDITIONAL),
    Family.BRANCH: (["b", "bl"], []),
    Family.LOAD_WORD: (["ldr", "str", "ldrb", "strb"], []),
    Family.LOAD_HALF: (["ldrh", "strh", "ldrsb", "ldrsh", "ldrd", "strd"], []),
    Family.ADR: (["adr"], []),
    Family.MOVE_HALF: (["movw", "movt"], []),
    Family.COPROCESSOR: (
        ["mcr", "mrc", "mcrr", "mrrc", "cdp", "ldc", "stc", "ldcl", "stcl"],
        ["mcr2", "mrc2", "mcrr2", "mrrc2", "cdp2", "ldc2", "stc2", "ldc2l", "stc2l"],
    ),
    Family.STATUS: (["mrs", "msr"], []),
    Family.BARRIER: ([], ["dmb", "dsb", "isb"]),
    Family.INTERRUPT_FLAGS: ([], ["cpsie", "cpsid"]),
}


class Mnemonic:
    """One spelling: its family, the name without condition, the condition's number."""

    __slots__ = ("base", "condition", "family", "suffix")

    def __init__(self, family: Family, base: str, suffix: str) -> None:
        self.family, self.base, self.suffix, self.condition = family, base, suffix, CONDITIONS[suffix]


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


_REGISTERS = frozenset(
    [*(f"r{n}" for n in range(16)), *["sb", "sl", "fp", "ip", "sp", "lr", "pc"]]
    + [f"a{n}" for n in range(1, 5)]
    + [f"v{n}" for n in range(1, 9)]
)
_SHIFTS = frozenset(["lsl", "lsr", "asr", "ror", "rrx"])
_COPROCESSOR_WORDS = frozenset([f"{letter}{n}" for letter in "pc" for n in range(16)] + ["apsr_nzcv"])
_BARRIER_WORDS = frozenset(["sy", "st", "ish", "ishst", "nsh", "nshst", "osh", "oshst", "un", "unst"])
_STATUS_WORD = re.compile(r"(?:[cs]psr(?:_(?:all|flg|ctl|[cxsf]{1,4}))?|apsr(?:_(?:nzcvq|nzcvqg|g))?)$")
_FLAG_WORD = re.compile(r"[aif]{1,3}$")


def _is_word(name: str, family: Family) -> bool:
    """Whether a name is part of the instruction set here, so that no symbol can be meant."""
    if name in _REGISTERS or name in _SHIFTS:
        return True
    match family:
        case Family.COPROCESSOR:
            return name in _COPROCESSOR_WORDS
        case Family.STATUS:
            return _STATUS_WORD.match(name) is not None
        case Family.BARRIER:
            return name in _BARRIER_WORDS
        case Family.INTERRUPT_FLAGS:
            return _FLAG_WORD.match(name) is not None
    return False


class Form(Enum):
    """What is left to do with a compiled instruction."""

    FIXED = auto()  # text is complete
    NUMERIC = auto()  # text % numbers
    BRANCH = auto()  # word with a 24-bit word offset
    LITERAL = auto()  # ldr rX, =expression
    LABEL_WORD = auto()  # text loads from pc; 12-bit offset to fill in
    LABEL_HALF = auto()  # the same with an 8-bit offset
    ADR = auto()  # text adds to pc; rotated constant to fill in
    LOWER16 = auto()
    UPPER16 = auto()


class Instruction:
    """A compiled instruction. `text` goes to the encoder, after `%` with the numbers of `expressions` if NUMERIC."""

    __slots__ = ("condition", "expressions", "form", "may_wait", "text", "word")

    def __init__(self, form: Form, text: str, expressions: tuple[Node, ...] = (), condition: int = 14) -> None:
        self.form, self.text, self.expressions, self.condition = form, text, expressions, condition
        self.word: bytes | None = None
        """The encoding of a FIXED one, once known."""
        self.may_wait = False
        """Whether the numbers of a NUMERIC one may be defined further down, as GNU as allows for constants and offsets."""


def compile_instruction(mnemonic_text: str, text: str, operands_column: int) -> Instruction:
    """Compiles the operands text[operands_column:]. The mnemonic must be in mnemonics(). Raises Problem."""
    mnemonic = mnemonics()[mnemonic_text]
    tokens = tokenize(text, operands_column)
    match mnemonic.family:
        case Family.BRANCH:
            return _branch(mnemonic, tokens)
        case Family.ADR:
            register, target = _register_and_expression(mnemonic, tokens)
            return Instruction(Form.ADR, f"add{mnemonic.suffix} {register},pc,#0", (target,))
        case Family.LOAD_WORD | Family.LOAD_HALF:
            special = _literal_or_label(mnemonic_text, mnemonic, tokens)
            if special is not None:
                return special
        case Family.MOVE_HALF:
            special = _half_of_address(mnemonic_text, mnemonic, tokens)
            if special is not None:
                return special
    return _plain(mnemonic_text, mnemonic, tokens)


def _expect_end(tokens: list[Token], index: int) -> None:
    if tokens[index].kind is not Kind.END:
        raise Problem(f"expected the end of the line, found `{tokens[index].value}`", tokens[index].column)


def _register(tokens: list[Token], index: int) -> str:
    token = tokens[index]
    name = str(token.value).lower()
    if token.kind is not Kind.NAME or name not in _REGISTERS:
        raise Problem(f"expected a register, found `{token.value}`", token.column)
    return name


def _register_and_expression(mnemonic: Mnemonic, tokens: list[Token]) -> tuple[str, Node]:
    register = _register(tokens, 0)
    if tokens[1].value != ",":
        raise Problem(f"expected `,` and a label after the register of `{mnemonic.base}`", tokens[1].column)
    target, index = parse_expression(tokens, 2)
    _expect_end(tokens, index)
    return register, target


def _branch(mnemonic: Mnemonic, tokens: list[Token]) -> Instruction:
    first = tokens[0]
    if first.kind is Kind.NAME and str(first.value).lower() in _REGISTERS:
        better = "blx" if mnemonic.base == "bl" else "bx"
        raise Problem(f"`{mnemonic.base}` takes a label; a jump to a register is `{better}`", first.column)
    if first.value == "#":
        raise Problem(f"`{mnemonic.base}` takes a label, not a number", first.column)
    target, index = parse_expression(tokens, 0)
    _expect_end(tokens, index)
    return Instruction(Form.BRANCH, mnemonic.base, (target,), mnemonic.condition)


def _literal_or_label(mnemonic_text: str, mnemonic: Mnemonic, tokens: list[Token]) -> Instruction | None:
    """`ldr r0, =x` and `ldr r0, label`; None for `[...]`."""
    index = 2
    if mnemonic.base in ("ldrd", "strd") and tokens[2].kind is Kind.NAME and tokens[3].value == ",":
        index = 4
    if len(tokens) <= index or tokens[1].value != "," or tokens[index].value == "[":
        return None
    registers = ",".join(_register(tokens, i) for i in range(0, index, 2))
    if tokens[index].value == "=":
        if mnemonic.base != "ldr":
            raise Problem(f"`=` loads a whole word: use ldr, not {mnemonic.base}", tokens[index].column)
        value, end = parse_expression(tokens, index + 1)
        _expect_end(tokens, end)
        return Instruction(Form.LITERAL, f"{mnemonic.suffix} {registers}", (value,))
    if tokens[index].value == "#":
        hint = "`=` before it loads the number itself" if mnemonic.base == "ldr" else "expected `[`"
        raise Problem(f"`{mnemonic.base}` takes an address; {hint}", tokens[index].column)
    target, end = parse_expression(tokens, index)
    _expect_end(tokens, end)
    form = Form.LABEL_WORD if mnemonic.family is Family.LOAD_WORD else Form.LABEL_HALF
    return Instruction(form, f"{mnemonic_text} {registers},[pc,#0]", (target,))


def _half_of_address(mnemonic_text: str, mnemonic: Mnemonic, tokens: list[Token]) -> Instruction | None:
    """`movw r0, #:lower16:x`; None for a plain number."""
    index = 3 if len(tokens) > 2 and tokens[2].value == "#" else 2
    if len(tokens) <= index or tokens[index].value != ":":
        return None
    register = _register(tokens, 0)
    word = str(tokens[index + 1].value).lower()
    if word not in ("lower16", "upper16") or tokens[index + 2].value != ":":
        raise Problem("expected `:lower16:` or `:upper16:`", tokens[index].column)
    value, end = parse_expression(tokens, index + 3)
    _expect_end(tokens, end)
    if (word == "lower16") != (mnemonic.base == "movw"):
        raise Problem("movw takes `:lower16:`, movt takes `:upper16:`", tokens[index].column)
    form = Form.LOWER16 if word == "lower16" else Form.UPPER16
    return Instruction(form, f"{mnemonic_text} {register},#0", (value,))


_COPIED_MARKS = frozenset(",[]{}!^")


def _plain(mnemonic_text: str, mnemonic: Mnemonic, tokens: list[Token]) -> Instruction:
    family = mnemonic.family
    parts: list[str] = []
    expressions: list[Node] = []
    braces = 0
    previous_was_word = False
    index = 0
    while True:
        kind, value, column, _ = tokens[index]
        if kind is Kind.END:
            break
        if kind is Kind.NAME and _is_word(str(value).lower(), family):
            parts.append(f" {value}" if previous_was_word else str(value))
            previous_was_word = True
            index += 1
            continue
        if kind is Kind.MARK and (value in _COPIED_MARKS or (braces and value == "-")):
            braces += (value == "{") - (value == "}")
            parts.append(str(value))
            index += 1
        elif kind is Kind.MARK and value in ("-", "+") and _is_register(tokens[index + 1]):
            parts.append("-" if value == "-" else "")
            index += 1
        elif braces:
            raise Problem(f"expected a register in the list, found `{value}`", column)
        elif value == ":" or (value == "#" and tokens[index + 1].value == ":"):
            raise Problem("only movw and movt take `:lower16:` and `:upper16:`", column)
        else:
            marked = kind is Kind.MARK and value == "#"
            node, index = parse_expression(tokens, index + marked)
            bare = family is Family.COPROCESSOR and not marked
            parts.append((" " if previous_was_word else "") + ("%d" if bare else "#%d"))
            expressions.append(node)
        previous_was_word = False
    text = f"{mnemonic_text} {''.join(parts).lower()}" if parts else mnemonic_text
    if expressions:
        instruction = Instruction(Form.NUMERIC, text, tuple(expressions))
        instruction.may_wait = family in _MAY_WAIT_FAMILIES or mnemonic.base in _MAY_WAIT
        return instruction
    return Instruction(Form.FIXED, text)


_MAY_WAIT_FAMILIES = frozenset((Family.LOAD_WORD, Family.LOAD_HALF))
_MAY_WAIT = frozenset(
    f"{base}{flags}"
    for base in [
        "and",
        "eor",
        "sub",
        "rsb",
        "add",
        "adc",
        "sbc",
        "rsc",
        "orr",
        "mov",
        "bic",
        "mvn",
        "lsl",
        "lsr",
        "asr",
        "ror",
        "tst",
        "teq",
        "cmp",
        "cmn",
        "svc",
        "swi",
    ]
    for flags in ("", "s")
)


def _is_register(token: Token) -> bool:
    return token.kind is Kind.NAME and str(token.value).lower() in _REGISTERS


# --- fields -----------------------------------------------------------------------------------------------------------


def rotated_constant(value: int) -> int | None:
    """The 12-bit field for an 8-bit constant rotated right by an even amount (ARM ARM A5.2.4), or None."""
    value &= 0xFFFF_FFFF
    for rotation in range(0, 32, 2):
        rotated = (value << rotation | value >> (32 - rotation)) & 0xFFFF_FFFF
        if rotated < 256:
            return rotation // 2 << 8 | rotated
    return None
