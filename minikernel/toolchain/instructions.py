"""Instructions: one statement's operands to a form that the encoder can take.

The law of this page: what reaches an encoder is built from known mnemonics, the words and marks below and decimal
numbers, never from the student's text. Operands are compiled once; symbols are looked up each time they are executed.
"""

from __future__ import annotations

import re
from enum import IntEnum, auto

from minikernel.toolchain.expression import Name, Node, Number, parse_expression
from minikernel.toolchain.lexer import Kind, Problem, Token, tokenize
from minikernel.toolchain.mnemonics import Family, Mnemonic, words

REGISTER_NUMBERS = {
    **{f"r{n}": n for n in range(16)},
    **{f"a{n}": n - 1 for n in range(1, 5)},
    **{f"v{n}": n + 3 for n in range(1, 9)},
    "sb": 9,
    "sl": 10,
    "fp": 11,
    "ip": 12,
    "sp": 13,
    "lr": 14,
    "pc": 15,
}
_REGISTERS = frozenset(REGISTER_NUMBERS)
_PLAIN_NAMES = {"r13": "sp", "r14": "lr", "r15": "pc"}
_SHIFTS = frozenset(words("lsl lsr asr ror rrx"))
_COPROCESSOR_WORDS = frozenset([f"{letter}{n}" for letter in "pc" for n in range(16)] + ["apsr_nzcv"])
_BARRIER_WORDS = frozenset(words("sy st ish ishst nsh nshst osh oshst un unst"))
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


class Form(IntEnum):
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

    __slots__ = ("column", "condition", "expressions", "field", "form", "may_wait", "text", "word")

    def __init__(self, form: Form, text: str, expressions: tuple[Node, ...] = (), condition: int = 14) -> None:
        self.form, self.text, self.expressions, self.condition = form, text, expressions, condition
        self.word: bytes | None = None
        """The encoding of a FIXED one, once known."""
        self.field: tuple[int, int] | None = None
        """Mask and bits that replace some of the encoder's word: the registers of a list."""
        self.may_wait = False
        """Whether the numbers of a NUMERIC one may be defined further down, as in GNU as for constants and offsets."""
        self.column: int | None = None
        """Where to point when the encoder refuses it: its last number, if it has one."""


def compile_instruction(mnemonic: Mnemonic, text: str, operands_column: int) -> Instruction:
    """Compiles the operands text[operands_column:]. Raises Problem."""
    return usual_instruction(mnemonic, text, operands_column) or any_instruction(mnemonic, text, operands_column)


def any_instruction(mnemonic: Mnemonic, text: str, operands_column: int) -> Instruction:
    """The same, token by token. Raises Problem."""
    mnemonic_text = mnemonic.base + mnemonic.suffix
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
    _register(tokens, 0)  # keystone 0.9.2 dies of `strd #1,[r0]`
    if tokens[1].value != ",":
        raise Problem(f"expected `,` and an address after the register of `{mnemonic.base}`", tokens[1].column)
    index = 2
    if mnemonic.base in ("ldrd", "strd") and tokens[2].kind is Kind.NAME and tokens[3].value == ",":
        index = 4
    if tokens[index].value == "[":
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
    index = 3 if tokens[2].value == "#" else 2
    if tokens[index].value != ":":
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


_COPIED_MARKS = frozenset(",[]!^")
_MAY_WAIT_FAMILIES = frozenset((Family.LOAD_WORD, Family.LOAD_HALF))
_MAY_WAIT = frozenset(
    f"{base}{flags}"
    for base in words("and eor sub rsb add adc sbc rsc orr mov bic mvn lsl lsr asr ror tst teq cmp cmn svc swi")
    for flags in ("", "s")
)


def _plain(mnemonic_text: str, mnemonic: Mnemonic, tokens: list[Token]) -> Instruction:
    """Operands as they stand: words and marks are copied, expressions become %d, a register list a mask."""
    family = mnemonic.family
    parts: list[str] = []
    expressions: list[Node] = []
    registers: int | None = None
    previous_was_word = False
    index = 0
    while tokens[index].kind is not Kind.END:
        kind, value, column = tokens[index]
        if kind is Kind.NAME and _is_word(str(value).lower(), family):
            word = _PLAIN_NAMES.get(str(value).lower(), str(value))
            parts.append(f" {word}" if previous_was_word else word)
            previous_was_word = True
            index += 1
            continue
        if kind is Kind.MARK and value in _COPIED_MARKS:
            parts.append(str(value))
            index += 1
        elif kind is Kind.MARK and value == "{":
            registers, index = _register_list(tokens, index + 1)
            parts.append(_sample_list(mnemonic.base, registers, tokens, index))
        elif kind is Kind.MARK and value in ("-", "+") and _is_register(tokens[index + 1]):
            parts.append("-" if value == "-" else "")
            index += 1
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
    _check_registers(mnemonic, text, tokens[0].column)
    if expressions:
        return _with_numbers(mnemonic, text, tuple(expressions))
    instruction = Instruction(Form.FIXED, text)
    if registers is not None:
        _check_base(mnemonic.base, registers, tokens)
        number = registers.bit_length() - 1
        instruction.field = (0xF000, number << 12) if _is_single(mnemonic.base, registers) else (0xFFFF, registers)
    return instruction


def _with_numbers(mnemonic: Mnemonic, text: str, expressions: tuple[Node, ...]) -> Instruction:
    """The instruction `text % expressions`: complete when all of them are written as numbers."""
    values = [check_word(node.value, node.column) for node in expressions if isinstance(node, Number)]
    if len(values) == len(expressions):
        instruction = Instruction(Form.FIXED, text % tuple(values))
    else:
        instruction = Instruction(Form.NUMERIC, text, expressions)
        instruction.may_wait = mnemonic.family in _MAY_WAIT_FAMILIES or mnemonic.base in _MAY_WAIT
    instruction.column = expressions[-1].column
    return instruction


def check_word(value: int, column: int) -> int:
    """The value, if 32 bits hold it signed or unsigned. Raises Problem."""
    if -(1 << 31) <= value < 1 << 32:
        return value
    raise Problem(f"{value:#x} does not fit in 32 bits", column)


# --- the usual spellings ----------------------------------------------------------------------------------------------
# Nine of ten instructions are spelled so plainly that one regular expression takes them apart, three times as fast as
# token by token. A test holds the results equal; all else, and whatever is wrong, goes through the tokens.

_NAME = r"[A-Za-z_$][A-Za-z0-9_.$]*|\.[A-Za-z0-9_.$]+"
_USUAL_REGISTER = r"(?:r1[0-2]|r[0-9]|sp|lr|pc|fp|ip)"
_USUAL_LABEL = re.compile(rf"({_NAME})$", re.ASCII)
_USUAL_LITERAL = re.compile(rf"({_USUAL_REGISTER}),=({_NAME})$", re.ASCII)
_USUAL_OPERANDS = re.compile(
    rf"""({_USUAL_REGISTER}(?:\]?,\[?{_USUAL_REGISTER})*)        # registers, one of them perhaps in brackets
         (?:(\]?,(?:(?:lsl|lsr|asr|ror)[ ])?)                    # a shift
            \#(?:(-?(?:0x[0-9a-fA-F]{{1,8}}|[1-9][0-9]{{0,8}}|0))|({_NAME})))?    # a number or a name
         (\]?!?)$""",
    re.ASCII | re.VERBOSE,
)
_USUAL_FAMILIES = frozenset((Family.PLAIN, Family.MOVE_HALF))
_MEMORY_FAMILIES = frozenset((Family.LOAD_WORD, Family.LOAD_HALF))


def usual_instruction(mnemonic: Mnemonic, text: str, column: int) -> Instruction | None:
    """The instruction, if it is spelled as most are. Raises Problem."""
    family = mnemonic.family
    if family is Family.BRANCH:
        match = _USUAL_LABEL.match(text, column)
        if match is None or match[1].lower() in _REGISTERS:
            return None
        return Instruction(Form.BRANCH, mnemonic.base, (Name(match[1], column),), mnemonic.condition)
    operands = text[column:].replace(", ", ",")
    match = _USUAL_OPERANDS.match(operands)
    if match is None:
        match = _USUAL_LITERAL.match(operands) if mnemonic.base == "ldr" else None
        if match is None:
            return None
        value = Name(match[2], text.index("=", column) + 1)
        return Instruction(Form.LITERAL, f"{mnemonic.suffix} {match[1]}", (value,))
    registers, shift, number, name, end = match.groups()
    if family not in _USUAL_FAMILIES and not (family in _MEMORY_FAMILIES and _FIRST_AND_BRACKET.match(registers)):
        return None
    if shift is None:
        fixed = f"{mnemonic.base}{mnemonic.suffix} {registers}{end}"
        _check_registers(mnemonic, fixed, column)
        return Instruction(Form.FIXED, fixed)
    form = f"{mnemonic.base}{mnemonic.suffix} {registers}{shift}#%d{end}"
    _check_registers(mnemonic, form, column)
    number_column = text.index("#", column) + 1
    node = Number(int(number, 0), number_column) if number else Name(name, number_column)
    return _with_numbers(mnemonic, form, (node,))


_FIRST_AND_BRACKET = re.compile(r"\w+,\[")


# What GNU as refuses and keystone takes: the architecture leaves it UNPREDICTABLE, or the operand is incomplete.
_PC_AS_INDEX = re.compile(r"\[[^\]]*,-?pc\b|\],-?pc\b")
_PC_WRITTEN_BACK = re.compile(r"\[pc[^\]]*\]!|\[pc\],")
_PC_LOADED = re.compile(r"\S+ pc,")
_ANY_PC = re.compile(r"\bpc\b")
_TWO_AND_SHIFT = re.compile(r"\S+ \w+,\w+,(?:lsl|lsr|asr|ror|rrx)\b")
_PAIR = re.compile(r"\S+ (\w+),(?:(\w+),)?\[")
_THREE_OPERANDS = frozenset(
    f"{base}{s}" for base in words("and eor sub rsb add adc sbc rsc orr bic") for s in ("", "s")
)
_NO_PC = re.compile(
    r"(?:s|u)?(?:mul|mla|mls|div|maal)|(?:u|s)m[ul]|clz|rev|rbit|[us]bfx|bf[ci]|[us]xt|[us]sat|q|pkh|mov[wt]"
)
_RESULT_IN_USE = re.compile(r"\S+ (\w+),(?:.*\W)?\1\b")
_BYTES_OR_HALVES = re.compile(r"(?:ldr|str)(?:b|h|sb|sh|bt|ht|sbt|sht|t)$")


def _check_registers(mnemonic: Mnemonic, text: str, column: int) -> None:
    base = mnemonic.base
    if base in _THREE_OPERANDS and _TWO_AND_SHIFT.match(text):
        raise Problem(f"`{base}` with a shift needs its three registers written out", column)
    if "[" in text:
        if _PC_AS_INDEX.search(text):
            raise Problem("pc cannot be the index of an address", column)
        if _PC_WRITTEN_BACK.search(text):
            raise Problem("an address from pc cannot be written back", column)
    if "pc" in text and (
        (_BYTES_OR_HALVES.match(base) and _PC_LOADED.match(text)) or (_NO_PC.match(base) and _ANY_PC.search(text))
    ):
        raise Problem(f"`{base}` cannot use pc", column)
    if base.startswith("strex") and _RESULT_IN_USE.match(text):
        raise Problem(f"the result of `{base}` needs a register of its own", column)
    if base in ("ldrd", "strd"):
        _check_pair(base, text, column)


def _check_pair(base: str, text: str, column: int) -> None:
    match = _PAIR.match(text)
    if match is None:
        return
    first = REGISTER_NUMBERS.get(match.group(1), 0)
    second = REGISTER_NUMBERS.get(match.group(2) or "", first + 1)
    if first & 1 or second != first + 1 or first == 14:
        raise Problem(f"`{base}` takes an even register and the one after it", column)


def _is_register(token: Token) -> bool:
    return token.kind is Kind.NAME and str(token.value).lower() in _REGISTERS


# --- register lists ---------------------------------------------------------------------------------------------------
# Keystone 0.9.2 kills the process on some lists of six registers and more that hold sp or pc, and writes warnings to
# standard error for others. So it is given a list of two registers, and the mask of the real list replaces its bits.


def _register_list(tokens: list[Token], index: int) -> tuple[int, int]:
    """The mask of `r0, r4-r6}` and the index behind the brace. Raises Problem."""
    mask = 0
    while True:
        column = tokens[index].column
        first = last = REGISTER_NUMBERS[_register(tokens, index)]
        index += 1
        if tokens[index].value == "-":
            last = REGISTER_NUMBERS[_register(tokens, index + 1)]
            index += 2
        if last < first:
            raise Problem("a range of registers goes upwards", column)
        added = (1 << (last + 1)) - (1 << first)
        if added & mask:
            raise Problem("a register stands twice in the list", column)
        if mask > added:
            raise Problem("the registers of a list stand in ascending order", column)
        mask |= added
        if tokens[index].value == "}":
            return mask, index + 1
        if tokens[index].value != ",":
            raise Problem(
                f"expected `,` or `}}` in the register list, found `{tokens[index].value}`", tokens[index].column
            )
        index += 1


def _is_single(base: str, registers: int) -> bool:
    """push and pop of one register, sp apart, are str and ldr: the register stands in another field."""
    return base in ("push", "pop") and registers & (registers - 1) == 0 and registers != SP_MASK


def _sample_list(base: str, registers: int, tokens: list[Token], index: int) -> str:
    """The list that the encoder gets."""
    if _is_single(base, registers):
        return "{r4}"
    if tokens[index].value == "^" and registers & PC_MASK:
        return "{r4,pc}"  # with pc it is another instruction: exception return
    return "{r6,r7}" if _base_register(tokens) in (4, 5) else "{r4,r5}"


def _base_register(tokens: list[Token]) -> int | None:
    return REGISTER_NUMBERS[_register(tokens, 0)] if _is_register(tokens[0]) else None


def _check_base(base: str, registers: int, tokens: list[Token]) -> None:
    """ARM ARM: with write-back the base may not be loaded, and be stored only as the lowest."""
    number = _base_register(tokens)
    if number == 15:
        raise Problem(f"`{base}` cannot use pc as the base", tokens[0].column)
    if number is None or tokens[1].value != "!" or not registers >> number & 1:
        return
    if base.startswith("ld") or registers & ((1 << number) - 1):
        raise Problem("with `!` the base register must not be in the list", tokens[0].column)


SP_MASK, PC_MASK = 1 << 13, 1 << 15


# --- fields -----------------------------------------------------------------------------------------------------------


def rotated_constant(value: int) -> int | None:
    """The 12-bit field for an 8-bit constant rotated right by an even amount (ARM ARM A5.2.4), or None."""
    value &= 0xFFFF_FFFF
    for rotation in range(0, 32, 2):
        rotated = (value << rotation | value >> (32 - rotation)) & 0xFFFF_FFFF
        if rotated < 256:
            return rotation // 2 << 8 | rotated
    return None
