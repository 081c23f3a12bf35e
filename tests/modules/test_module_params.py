"""Parameters of modules: how a line is cut, what each type takes, what is refused and how it is said.

The reference is a second writing of the rules in Python. A module lends its table of parameters: the kernel's functions
refuse tables and variables that are nobody's.
"""

from __future__ import annotations

import errno
import struct
from dataclasses import dataclass
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from modules.guest_loader import GuestLoader, fresh, struct_module
from modules.ko import module

ENOENT, ENOSPC, EINVAL, ERANGE = -errno.ENOENT, -errno.ENOSPC, -errno.EINVAL, -errno.ERANGE
INT_MAX, UINT_MAX = (1 << 31) - 1, (1 << 32) - 1
TEXT_SIZE = 16
CHARP_MAX = 1024

BENCH = """
        .include "macros.inc"
        .include "moduleparam.inc"
        MODULE_LICENSE "GPL"
        .data
        .balign 8
p_byte:         .word   0x55555555
p_short:        .word   0x55555555
p_ushort:       .word   0x55555555
p_int:          .word   0x55555555
p_uint:         .word   0x55555555
p_long:         .word   0x55555555
p_ulong:        .word   0x55555555
p_hexint:       .word   0x55555555
p_bool:         .word   0x55555555
p_invbool:      .word   0x55555555
p_bint:         .word   0x55555555
p_once:         .word   0
p_charp:        .word   .Lcompiled
numbers_set:    .word   0
texts_set:      .word   0
p_string:       .space  16
numbers:        .space  4 * 2
texts:          .space  2 * 4
        string .Lcompiled, "compiled in"
        module_param p_byte, byte, 0644
        module_param p_short, short, 0644
        module_param p_ushort, ushort, 0644
        module_param p_int, int, 0644
        module_param p_uint, uint, 0644
        module_param p_long, long, 0644
        module_param p_ulong, ulong, 0644
        module_param p_hexint, hexint, 0644
        module_param p_bool, bool, 0644
        module_param p_invbool, invbool, 0644
        module_param p_bint, bint, 0644
        module_param_named p_once, p_once, bool_enable_only, 0644
        module_param p_charp, charp, 0644
        module_param_string p_string, p_string, 16, 0644
        module_param_array numbers, short, numbers_set, 2, 4, 0644
        module_param_array texts, charp, texts_set, 4, 2, 0444
        module_param_named hidden, p_int, int, 0
"""


class Bench:
    """A guest with the module, and its parameters by name."""

    def __init__(self) -> None:
        self.guest = guest = fresh()
        guest._next_text = 0
        assert guest.init_module(module("bench", BENCH)) == 0
        self.mod = guest.modules()[0][3]
        self.table, self.count = struct.unpack("<2I", guest.machine.read(self.mod + struct_module("KP"), 8))
        self.start = guest.machine.save()

    def back(self) -> Bench:
        self.guest.machine.load(self.start)
        self.guest._next_text = 0
        return self

    def parse(self, line: str | bytes, unknown: int = 0) -> int:
        """parse_args' result for a line."""
        guest = self.guest
        args = (guest.text("bench"), guest.text(line), self.table, self.count, unknown)
        result, _ = guest.call("parse_args", *args)
        guest._next_text = 0
        return result - (1 << 32) if result >> 31 else result

    def address(self, name: str) -> int:
        """Where a variable of the module is."""
        value, _ = self.guest.call("kallsyms_lookup_name", self.guest.text(f"bench:{name}"))
        self.guest._next_text = 0
        assert value
        return value

    def word(self, name: str) -> int:
        return self.guest.machine.read_word(self.address(name))

    def pointed(self, name: str, index: int = 0) -> bytes:
        """The text that a charp variable points to."""
        at = self.guest.machine.read_word(self.address(name) + 4 * index)
        return self.raw_text(at)

    def raw_text(self, at: int) -> bytes:
        data = b""
        while not data.endswith(b"\0"):
            data += self.guest.machine.read(at + len(data), 1)
        return data[:-1]

    def string(self) -> bytes:
        return self.raw_text(self.address("p_string"))


@cache
def the_bench() -> Bench:
    return Bench()


def bench() -> Bench:
    """The one bench, as new."""
    return the_bench().back()


# --- numbers ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class NumberType:
    bits: int
    signed: bool


TYPES = {
    "byte": NumberType(8, False),
    "short": NumberType(16, True),
    "ushort": NumberType(16, False),
    "int": NumberType(32, True),
    "uint": NumberType(32, False),
    "long": NumberType(32, True),
    "ulong": NumberType(32, False),
    "hexint": NumberType(32, False),
}


def expected_number(text: str, kind: NumberType) -> int | None:
    """The number, or None with ERANGE, EINVAL in `why`. As Linux's kstrtoll and kstrtoull with base 0."""
    body = text
    minus = kind.signed and body.startswith("-")
    if minus or body.startswith("+"):
        body = body[1:]
    base = 10
    if body.startswith("0"):
        base = 8
        if body[1:2] in ("x", "X") and body[2:3] != "" and body[2:3] in "0123456789abcdefABCDEF":
            base, body = 16, body[2:]
    digits = ""
    for letter in body:
        if letter.isascii() and letter.isalnum() and int(letter, 36) < base:
            digits += letter
        else:
            break
    if digits and int(digits, base) >= 1 << 64:
        raise OverflowError
    if not digits or body[len(digits) :] not in ("", "\n"):
        return None
    value = -int(digits, base) if minus else int(digits, base)
    low, high = (-(1 << kind.bits - 1), (1 << kind.bits - 1) - 1) if kind.signed else (0, (1 << kind.bits) - 1)
    if not low <= value <= high:
        raise OverflowError
    return value


def number_or_errno(text: str, kind: NumberType) -> int | str:
    try:
        value = expected_number(text, kind)
    except OverflowError:
        return "ERANGE"
    return "EINVAL" if value is None else value


EDGES = (
    *("0", "1", "-1", "+1", "-0", "+", "-", "", "0x", "0x10", "0XfF", "010", "08", "1a", " 1", "1\n", "1\n\n"),
    *("--1", "+-1", "-+1", "1e3", "1.0", "_1", "1_0", "127", "128", "255", "256", "32767", "32768", "-32768", "-32769"),
    *("65535", "65536", "2147483647", "2147483648", "-2147483648", "-2147483649", "4294967295", "4294967296"),
    *("9223372036854775807", "9223372036854775808", "-9223372036854775808", "-9223372036854775809"),
    *("18446744073709551615", "18446744073709551616", "99999999999999999999999x", "5000000000x"),
    *("0xffffffffffffffff", "0x10000000000000000"),
)


def check_number(name: str, text: str) -> None:
    kind = TYPES[name]
    run = bench()
    outcome = number_or_errno(text, kind)
    got = run.parse(f'p_{name}="{text}"')
    where = run.address(f"p_{name}")
    size = kind.bits // 8
    stored = run.guest.machine.read(where, 4)
    if isinstance(outcome, str):
        assert got == -getattr(errno, outcome)
        assert stored == b"UUUU"
    else:
        assert got == 0
        assert stored[:size] == outcome.to_bytes(size, "little", signed=kind.signed)
        assert stored[size:] == b"UUUU"[size:]


@pytest.mark.parametrize("name", TYPES)
def test_numbers_at_their_borders(name: str) -> None:
    for text in EDGES:
        check_number(name, text)


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(sorted(TYPES)),
    st.one_of(
        st.text("0123456789abcdefxX+-\n", max_size=24),
        st.integers(-(1 << 65), 1 << 65).map(str),
        st.integers(0, 1 << 66).map(hex),
        st.integers(0, 1 << 66).map(lambda n: f"0{n:o}"),
    ),
)
def test_any_text_as_a_number(name: str, text: str) -> None:
    check_number(name, text)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        *((text, 1) for text in ("1", "y", "Yes", "t", "True", "on", "ON")),
        *((text, 0) for text in ("0", "n", "No", "f", "off", "OFF", "of")),
        *((text, None) for text in ("", "2", "o", "ox", "-1")),
    ],
)
def test_truth_values(text: str, value: int | None) -> None:
    run = bench()
    for name, size, stored in (
        ("bool", 1, value),
        ("bint", 4, value),
        ("invbool", 1, None if value is None else 1 - value),
    ):
        assert run.parse(f"p_{name}={text}") == (EINVAL if stored is None else 0)
        data = run.guest.machine.read(run.address(f"p_{name}"), 4)
        assert data == (b"UUUU" if stored is None else stored.to_bytes(size, "little") + b"UUUU"[size:])


def test_bool_alone_is_true_and_invbool_alone_is_refused() -> None:
    run = bench()
    assert run.parse("p_bool p_bint") == 0
    assert (run.word("p_bool") & 0xFF, run.word("p_bint")) == (1, 1)
    assert run.parse("p_invbool") == EINVAL
    assert run.parse("p_int") == EINVAL


def test_enable_only_goes_one_way() -> None:
    run = bench()
    assert [run.parse(f"p_once={text}") for text in "0110"] == [0, 0, 0, -errno.EROFS]
    assert run.word("p_once") & 0xFF == 1


# --- texts ------------------------------------------------------------------------------------------------------------


def test_charp_gets_a_copy_and_gives_back_the_one_before() -> None:
    run = bench()
    before = run.guest.kmalloc_objects()
    assert run.pointed("p_charp") == b"compiled in"
    assert run.parse("p_charp=one") == 0
    one = run.guest.kmalloc_objects()
    assert one != before
    assert run.parse('p_charp="two words"') == 0
    assert run.pointed("p_charp") == b"two words"
    assert run.guest.kmalloc_objects() == one
    assert run.guest.delete_module("bench") == 0
    assert sum(run.guest.kmalloc_objects()[:-1]) < sum(before[:-1])


def test_charp_without_memory_keeps_the_old_text() -> None:
    run = bench()
    assert run.parse("p_charp=old") == 0
    run.guest.set_word("fail_alloc", run.guest.word("alloc_count") + 1)
    assert run.parse("p_charp=new") == -errno.ENOMEM
    assert run.pointed("p_charp") == b"old"


@pytest.mark.parametrize(("length", "result"), [(CHARP_MAX, 0), (CHARP_MAX + 1, ENOSPC)])
def test_charp_has_a_longest_text(length: int, result: int) -> None:
    run = bench()
    mark = run.guest.log_mark()
    assert run.parse("p_charp=" + "x" * length) == result
    assert run.pointed("p_charp") == (b"x" * length if result == 0 else b"compiled in")
    if result:
        assert "p_charp: string parameter too long\n" in run.guest.log_since(mark) + "\n"
        assert "\nbench: `xxx" in run.guest.log_since(mark)


@pytest.mark.parametrize("length", [0, 1, TEXT_SIZE - 1, TEXT_SIZE, TEXT_SIZE + 5])
def test_string_fits_with_its_nul_or_is_too_large(length: int) -> None:
    run = bench()
    mark = run.guest.log_mark()
    result = run.parse("p_string=" + "y" * length)
    if length < TEXT_SIZE:
        assert (result, run.string()) == (0, b"y" * length)
        return
    assert (result, run.string()) == (ENOSPC, b"")
    assert run.guest.log_since(mark).splitlines() == [
        f"p_string: string doesn't fit in {TEXT_SIZE - 1} chars.",
        f"bench: `{'y' * length}' too large for parameter `p_string'",
    ]


def test_array_takes_its_elements_and_counts_them() -> None:
    run = bench()
    assert run.parse("numbers=1,-2,0x30") == 0
    assert struct.unpack("<4h", run.guest.machine.read(run.address("numbers"), 8)) == (1, -2, 48, 0)
    assert run.word("numbers_set") == 3
    mark = run.guest.log_mark()
    assert run.parse("numbers=1,2,3,4,5") == EINVAL
    assert "numbers: can only take 4 arguments" in run.guest.log_since(mark)
    assert run.parse("numbers=1,,2") == EINVAL
    assert run.parse("texts=a,bc") == 0
    assert (run.pointed("texts", 0), run.pointed("texts", 1)) == (b"a", b"bc")
    assert run.guest.read_file("/sys/module/bench/parameters/texts") == "a,bc\n"


# --- the line ---------------------------------------------------------------------------------------------------------

SPACES = " \t\n\v\f\r"


def next_arg(line: str) -> tuple[str, str | None, str]:
    """Name, value, rest: the rules of Linux's next_arg on a line that does not begin with a space."""
    quoted = line.startswith('"')
    body = line[1:] if quoted else line
    inside, equals, end = quoted, 0, len(body)
    for index, letter in enumerate(body):
        if letter in SPACES and not inside:
            end = index
            break
        if letter == "=" and not equals:
            equals = index
        if letter == '"':
            inside = not inside
    word, rest = list(body[:end]), body[end + 1 :].lstrip(SPACES)
    start = equals + 1
    if equals and word[start : start + 1] == ['"']:
        start += 1
        drop_last_quote(word)
    if quoted:
        drop_last_quote(word)
    if not equals:
        return until_nul(word), None, rest
    return until_nul(word[:equals]), until_nul(word[start:]), rest


def drop_last_quote(word: list[str]) -> None:
    if word and word[-1] == '"':
        word[-1] = "\0"


def until_nul(letters: list[str]) -> str:
    return "".join(letters).partition("\0")[0]


@dataclass
class Told:
    """What the model says that a line does."""

    result: int
    charp: bytes
    string: bytes
    log: list[str]


def expected(line: str) -> Told:
    told = Told(0, b"compiled in", b"", [])
    rest = line.lstrip(SPACES)
    while rest:
        name, value, rest = next_arg(rest)
        if value is None and name == "--":
            if rest:
                told.log.append(f"bench: parameters '{rest}' after `--' ignored")
            break
        plain = name.replace("-", "_")
        if plain not in ("p_charp", "p_string"):
            told.result = ENOENT
            told.log.append(f"bench: Unknown parameter `{name}'")
        elif value is None:
            told.result = EINVAL
            told.log.append(f"bench: `' invalid for parameter `{name}'")
        elif plain == "p_charp":
            told.charp = value.encode()
        elif len(value) >= TEXT_SIZE:
            told.result = ENOSPC
            told.log.append(f"p_string: string doesn't fit in {TEXT_SIZE - 1} chars.")
            told.log.append(f"bench: `{value}' too large for parameter `{name}'")
        else:
            told.string = value.encode()
    return told


PIECES = st.sampled_from(
    [
        "p_charp",
        "p-charp",
        "p_string",
        "p-string",
        "=",
        "=",
        '"',
        '"',
        " ",
        " ",
        "  ",
        "\t",
        "a",
        "bc",
        "--",
        "-",
        "nobody",
    ]
)


@settings(max_examples=200, deadline=None)
@given(st.lists(PIECES, max_size=14).map("".join))
def test_any_line_is_cut_as_the_rules_say(line: str) -> None:
    run, told = bench(), expected(line)
    mark = run.guest.log_mark()
    assert run.parse(line) == told.result
    assert (run.pointed("p_charp"), run.string()) == (told.charp, told.string)
    assert run.guest.log_since(mark).splitlines() == told.log


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("p_charp=a", b"a"),
        ("p-charp=a", b"a"),
        ("  p_charp=a  ", b"a"),
        ('p_charp="a b"', b"a b"),
        ('"p_charp=a b"', b"a b"),
        ('p_charp="a b', b"a b"),
        ("p_charp=a=b", b"a=b"),
        ("p_charp=", b""),
        ('p_charp=""', b""),
        ('p_charp=a"b c"d', b'a"b c"d'),
        ("p_charp=a\tp_int=3", b"a"),
    ],
)
def test_lines_everyone_writes(line: str, value: bytes) -> None:
    run = bench()
    assert run.parse(line) == 0
    assert run.pointed("p_charp") == value


def test_all_mistakes_of_a_line_are_reported_and_the_rest_is_set() -> None:
    run = bench()
    mark = run.guest.log_mark()
    assert run.parse("p_int=x nobody=1 p_uint=7 p_byte=256 p_short -- p_int=1") == EINVAL
    assert run.guest.log_since(mark).splitlines() == [
        "bench: `x' invalid for parameter `p_int'",
        "bench: Unknown parameter `nobody'",
        "bench: `256' invalid for parameter `p_byte'",
        "bench: `' invalid for parameter `p_short'",
        "bench: parameters 'p_int=1' after `--' ignored",
    ]
    assert run.word("p_uint") == 7


# --- /sys/module ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("p_byte=255", "255\n"),
        ("p_short=-5", "-5\n"),
        ("p_int=-2147483648", "-2147483648\n"),
        ("p_uint=4294967295", "4294967295\n"),
        ("p_hexint=255", "0x0000ff\n"),
        ("p_bool=on", "Y\n"),
        ("p_invbool=on", "Y\n"),
        ("p_bint=1", "1\n"),
        ("p_charp=x", "x\n"),
        ("p_string=x", "x\n"),
        ("numbers=3,4", "3,4\n"),
    ],
)
def test_sys_module_shows_what_was_set(line: str, shown: str) -> None:
    run = bench()
    assert run.parse(line) == 0
    assert run.guest.read_file(f"/sys/module/bench/parameters/{line.partition('=')[0]}") == shown


def write(guest: GuestLoader, name: str, text: str) -> int:
    fd = guest.open(f"/sys/module/bench/parameters/{name}", 1)
    assert fd >= 0
    result = guest.syscall(4, fd, guest.text(text), len(text))
    guest.close(fd)
    return result


def test_sys_module_sets_where_the_module_allows() -> None:
    run = bench()
    assert write(run.guest, "p_int", "12\n") == 3
    assert run.word("p_int") == 12
    assert write(run.guest, "p_int", "12 13") == EINVAL
    assert write(run.guest, "p_byte", "300") == ERANGE
    assert write(run.guest, "texts", "a") == -errno.EACCES
    assert run.guest.open("/sys/module/bench/parameters/hidden") == ENOENT


# --- tables that lie --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("field", ["name", "ops", "arg"])
@pytest.mark.parametrize("value", [0, 1, 0x10, 0xC0000000, 0xBF000000, 0xBFFFFFFF, 0xC0F00000, 0xFC090000, 0xFFFFFFFF])
def test_table_that_points_nowhere_is_refused(field: str, value: int) -> None:
    """No function outside the code is called, nothing outside the data is written; the kernel goes on."""
    guest = fresh()
    assert guest.init_module(module("bench", BENCH.replace("module_param p_byte, byte, 0644", row(field, value)))) == 0
    mod = guest.modules()[0][3]
    table, count = struct.unpack("<2I", guest.machine.read(mod + struct_module("KP"), 8))
    got, _ = guest.call("parse_args", guest.text("bench"), guest.text("lie=1"), table, count, 0)
    assert got - (1 << 32) in (ENOENT, EINVAL, -errno.EFAULT)
    assert guest.delete_module("bench") == 0


def row(field: str, value: int) -> str:
    """A row of __param named lie, one field of which is not what it should be."""
    fields = {"name": "lie_name", "mod": "__this_module", "ops": "param_ops_int", "arg": "p_int"} | {field: hex(value)}
    return f"""
        string lie_name, "lie"
        .pushsection __param, "a", %progbits
        .balign 4
        .word   {fields["name"]}, {fields["mod"]}, {fields["ops"]}
        .short  0644
        .byte   -1, 0
        .word   {fields["arg"]}
        .popsection
"""
