"""Mutants of valid modules: a number gives a mutant, always the same.

Most mutations know the format (a header field, a relocation, a string, a claim of 4 GiB); some do not (bits, cuts).
"""

from __future__ import annotations

import random
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from modules.ko import EHDR_FIELDS, SHDR_FIELDS, SYM_FIELDS, KoFile

from minikernel.elf.constants import SHDR_SIZE, SYM_SIZE, SectionType

PAGE = 4096
INTERESTING = (
    *(0, 1, 2, 3, 4, 7, 8, 15, 16, 0x3F, 0x40, 0xFF, 0x100, 0xFFF, 0x1000, 0x1001, 0x7FFF, 0x8000, 0xFF00, 0xFFF1),
    *(0xFFF2, 0xFFFF, 0x10000, 0xFFFFFF, 0x1000000, 0xBF000000, 0xC0000000, 0xC0008000, 0x3FFFFFFF, 0x40000000),
    *(0x7FFFFFF0, 0x7FFFFFFF, 0x80000000, 0x80000001, 0xFFFFF000, 0xFFFFFFE0, 0xFFFFFFF0, 0xFFFFFFFC, 0xFFFFFFFF),
)
SECTION_TYPES = (*(int(kind) for kind in SectionType), 0x12345678)
RELOCATION_TYPES = (0, 1, 2, 3, 28, 29, 38, 40, 42, 43, 44, 45, 46, 102, 255)
TABLES = (".modinfo", "__versions", "__param", "__ksymtab", "__ksymtab_gpl", ".gnu.linkonce.this_module", ".rodata")


@dataclass(frozen=True)
class Mutant:
    """A module that was `base`, and what was done to it."""

    seed: int
    base: str
    done: tuple[str, ...]
    data: bytes

    def __str__(self) -> str:
        return f"mutant {self.seed} of {self.base}: {'; '.join(self.done)} ({len(self.data)} bytes)"


def make_mutant(seed: int, corpus: Sequence[tuple[str, bytes]]) -> Mutant:
    """The mutant of that number."""
    rng = random.Random(seed)
    base, data = rng.choice(corpus)
    ko = KoFile(data)
    if rng.random() < 0.5:
        _put_last(rng, ko)
    done = []
    for _ in range(rng.choice((1, 1, 1, 2, 2, 3, 5, 8))):
        mutation = rng.choices(MUTATIONS, WEIGHTS)[0]
        try:
            what = mutation(rng, ko)
        except (ValueError, IndexError, struct.error, UnicodeDecodeError):
            continue  # an earlier mutation took away what this one wanted to change
        done.append(f"{mutation.__name__.lstrip('_')} {what}")
    return Mutant(seed, base, tuple(done), bytes(ko.data))


def _put_last(rng: random.Random, ko: KoFile) -> None:
    """Some part ends exactly where the file and a page end: the page behind it is not mapped."""
    what = rng.randrange(ko.get("e_shnum"))
    if what == 0:
        ko.headers_last()
        size = ko.get("e_shnum") * SHDR_SIZE
    else:
        if ko.sh(what, "sh_type") == SectionType.NOBITS or ko.sh(what, "sh_size") % 4:
            return
        ko.move_section(what)
        size = ko.sh(what, "sh_size")
    gap = -len(ko.data) % PAGE
    start = len(ko.data) - size
    ko.data[start:start] = bytes(gap)
    if what == 0:
        ko.set("e_shoff", start + gap)
    else:
        ko.set_sh(what, "sh_offset", start + gap)


def _value(rng: random.Random, ko: KoFile, now: int) -> int:
    kind = rng.randrange(5)
    if kind == 0:
        return rng.choice(INTERESTING)
    if kind == 1:
        return (now + rng.choice((-8, -4, -1, 1, 4, 8, 0x1000, -0x1000, 0x80000000))) & 0xFFFFFFFF
    if kind == 2:
        return max(0, len(ko.data) + rng.choice((-SHDR_SIZE, -16, -8, -4, -1, 0, 1, 4)))
    if kind == 3:
        return now ^ 1 << rng.randrange(32)
    return rng.getrandbits(32)


def _ehdr(rng: random.Random, ko: KoFile) -> str:
    field = rng.choice([*EHDR_FIELDS, "e_shoff", "e_shnum", "e_shstrndx"])
    value = _value(rng, ko, ko.get(field))
    ko.set(field, value)
    return f"{field}={value:#x}"


def _shdr(rng: random.Random, ko: KoFile) -> str:
    section = rng.randrange(ko.get("e_shnum"))
    field = rng.choice([*SHDR_FIELDS, "sh_offset", "sh_size", "sh_link", "sh_info", "sh_type", "sh_flags"])
    value = rng.choice(SECTION_TYPES) if field == "sh_type" else _value(rng, ko, ko.sh(section, field))
    if field == "sh_flags":
        value = rng.randrange(8) if rng.random() < 0.7 else value
    if field in ("sh_link", "sh_info") and rng.random() < 0.5:
        value = rng.randrange(ko.get("e_shnum") + 1)
    ko.set_sh(section, field, value)
    return f"section {section} {field}={value:#x}"


def _copy_field(rng: random.Random, ko: KoFile) -> str:
    """Sections that overlap, share a name, a link, a size."""
    one, other = (rng.randrange(ko.get("e_shnum")) for _ in range(2))
    field = rng.choice(list(SHDR_FIELDS))
    ko.set_sh(one, field, ko.sh(other, field))
    return f"section {one} {field} := section {other}"


def _swap_headers(rng: random.Random, ko: KoFile) -> str:
    one, other = (ko.header(rng.randrange(ko.get("e_shnum"))) for _ in range(2))
    first, second = bytes(ko.data[one : one + SHDR_SIZE]), bytes(ko.data[other : other + SHDR_SIZE])
    ko.data[one : one + SHDR_SIZE], ko.data[other : other + SHDR_SIZE] = second, first
    return f"{one:#x} {other:#x}"


def _symbol(rng: random.Random, ko: KoFile) -> str:
    number = rng.randrange(max(1, ko.sh(".symtab", "sh_size") // SYM_SIZE))
    field = rng.choice(list(SYM_FIELDS))
    value = _value(rng, ko, ko.sym(number, field))
    if field == "st_shndx":
        value = rng.choice((0, 0xFFF1, 0xFFF2, 0xFFFF, 0xFF00, rng.randrange(ko.get("e_shnum") + 2)))
    ko.set_sym(number, field, value)
    return f"{number} {field}={value:#x}"


def _relocation(rng: random.Random, ko: KoFile) -> str:
    sections = [i for i in range(ko.get("e_shnum")) if ko.sh(i, "sh_type") == SectionType.REL]
    section = rng.choice(sections)
    at = ko.offset(section) + 8 * rng.randrange(max(1, ko.sh(section, "sh_size") // 8))
    offset, info = ko.word(at), ko.word(at + 4)
    kind = rng.randrange(3)
    if kind == 0:
        offset = _value(rng, ko, offset)
    elif kind == 1:
        info = info & ~0xFF | rng.choice(RELOCATION_TYPES)
    else:
        info = info & 0xFF | _value(rng, ko, info >> 8) << 8
    ko.set_word(at, offset)
    ko.set_word(at + 4, info)
    return f"{section}+{at:#x}: {offset:#x} {info & 0xFFFFFFFF:#x}"


def _string(rng: random.Random, ko: KoFile) -> str:
    table = rng.choice((".strtab", ".shstrtab", ".modinfo", "__versions", "__ksymtab_strings"))
    start, size = ko.offset(table), ko.sh(table, "sh_size")
    at = start + (size - 1 if rng.random() < 0.2 else rng.randrange(max(1, size)))
    value = rng.choice((0, 0, 1, ord("="), ord("%"), ord("#"), 0xFF))
    ko.data[at] = value
    return f"{table} {at:#x}={value:#x}"


def _no_nul(rng: random.Random, ko: KoFile) -> str:
    """A table without any end of a string."""
    table = rng.choice((".strtab", ".shstrtab", ".modinfo", "__versions", "__ksymtab_strings", ".rodata"))
    start, size = ko.offset(table), ko.sh(table, "sh_size")
    ko.data[start : start + size] = bytes(byte or 0x41 for byte in ko.data[start : start + size])
    return table


def _table_word(rng: random.Random, ko: KoFile) -> str:
    table = rng.choice(TABLES)
    at = ko.offset(table) + rng.randrange(max(1, ko.sh(table, "sh_size") - 3)) & ~3
    value = _value(rng, ko, ko.word(at))
    ko.set_word(at, value)
    return f"{table} {at:#x}={value:#x}"


def _modinfo(rng: random.Random, ko: KoFile) -> str:
    text = rng.choice(
        (
            "license=Proprietary",
            "livepatch=Y",
            "staging=Y",
            "import_ns=X",
            "name=" + "n" * 300,
            "vermagic=%s%s%s%n",
            "=",
            "",
            "test=Y",
            "version=" + "v" * 5000,
            "srcversion=1",
        )
    )
    body = ko.bytes_of(".modinfo")
    new = text.encode() + b"\0" + body if rng.random() < 0.5 else body + text.encode() + b"\0"
    ko.move_section(".modinfo", new)
    return text[:24]


def _rename(rng: random.Random, ko: KoFile) -> str:
    names = ko.sections
    old = rng.choice(names[1:])
    new = rng.choice((*names[1:], "__ex_table", ".ARM.exidx", ".init.text", "__param", "__kcrctab", ".data..percpu"))
    ko.rename_section(old, new)
    return f"{old} -> {new}"


def _cut(rng: random.Random, ko: KoFile) -> str:
    size = rng.randrange(len(ko.data)) if rng.random() < 0.5 else max(0, len(ko.data) - rng.randrange(64))
    if rng.random() < 0.3:
        size &= ~(PAGE - 1)
    del ko.data[size:]
    return f"{size:#x}"


def _extend(rng: random.Random, ko: KoFile) -> str:
    more = rng.randrange(1, 3 * PAGE)
    ko.data += rng.choice((bytes(more), b"\xff" * more, rng.randbytes(more)))
    return f"{more:#x}"


def _marker(rng: random.Random, ko: KoFile) -> str:
    length = rng.choice(INTERESTING)
    ko.data += rng.randbytes(rng.randrange(40)) + struct.pack(">BBBBB3xI", 0, 0, rng.randrange(3), 0, 0, length)
    ko.data += b"~Module signature appended~\n"
    return f"{length:#x}"


def _bits(rng: random.Random, ko: KoFile) -> str:
    places = []
    for _ in range(rng.choice((1, 2, 4, 16, 64))):
        at = rng.randrange(len(ko.data))
        ko.data[at] ^= 1 << rng.randrange(8)
        places.append(f"{at:#x}")
    return " ".join(places[:4])


def _block(rng: random.Random, ko: KoFile) -> str:
    start = rng.randrange(len(ko.data))
    size = min(rng.choice((4, 16, 40, 256)), len(ko.data) - start)
    fill = rng.choice((bytes(size), b"\xff" * size, rng.randbytes(size)))
    ko.data[start : start + size] = fill
    return f"{start:#x}+{size}"


Mutation = Callable[[random.Random, KoFile], str]
_WEIGHTED: tuple[tuple[Mutation, int], ...] = (
    (_ehdr, 6),
    (_shdr, 20),
    (_copy_field, 6),
    (_swap_headers, 2),
    (_symbol, 10),
    (_relocation, 10),
    (_string, 6),
    (_no_nul, 3),
    (_table_word, 10),
    (_modinfo, 4),
    (_rename, 5),
    (_cut, 4),
    (_extend, 2),
    (_marker, 3),
    (_bits, 6),
    (_block, 3),
)
MUTATIONS = [mutation for mutation, _ in _WEIGHTED]
WEIGHTS = [weight for _, weight in _WEIGHTED]
