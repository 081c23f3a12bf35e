"""What lab 05 looks at: words of guest memory before and after, against the table of ARM relocations."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from minikernel.bits import WORD_MASK, s32
from minikernel.elf.constants import R_ARM
from minikernel.elf.module_file import ModuleFile
from minikernel.elf.object_file import UNDEF
from minikernel.elf.relocations import RULES
from minikernel.elf.relocator import addresses_by_name, relocate_module
from minikernel.kernel.machine import KernelMachine
from minikernel.labs.checking import Checking
from minikernel.machine.probes import Hit
from minikernel.toolchain.examples import find_module

OK, THUMB, RANGE = 0, 2, 3  # guest/include/reloc.inc
MODULE_AREA = 0xBF00_0000
REACH = 1 << 25
NOP = 0x0320_F000

#: (word, distance of S from P) for what fits: bl and b, conditions, addends, the last word within reach either way.
BRANCHES = (
    (0xEBFF_FFFE, 0x1000),
    (0xEBFF_FFFE, -0x1000),
    (0xEAFF_FFFE, 8),
    (0x1BFF_FFFE, 0x40_0000),
    (0x0A00_0010, -0x123_4560),
    (0xEBFF_FFFE, REACH + 4),
    (0xEBFF_FFFE, -REACH + 12),
)
#: Not in either list: a distance of exactly -REACH, which fits the field and which Linux refuses. Both are right.
TOO_FAR = ((0xEBFF_FFFE, REACH + 8), (0xEBFF_FFFE, -REACH + 4), (0x1AFF_FFFE, 0x3FFF_0000), (0xEB00_0000, REACH))
INTO_THUMB = ((0xEBFF_FFFE, 0x1001), (0xEAFF_FFFE, 0x1002))
WORDS = (
    (0, 0xC000_8000),
    (0x24, 0xBF00_1000),
    (0xFFFF_FFF8, 0xC000_8000),
    (0x8000_0000, 0x8000_0001),
    (1, 0xFFFF_FFFF),
)
#: (instruction, S): registers r0, ip and lr; addends of both signs; a carry out of the lower half.
MOVES = (
    (0xE300_0000, 0xC012_3456),
    (0xE30C_CFF0, 0xBF00_8765),
    (0xE300_0020, 0x0001_FFF0),
    (0x130F_EFFC, 0xC001_0002),
    (0xE307_0FFF, 0x0000_8001),
)
MOVT_BIT = 0x0040_0000

#: Modules whose relocations are compared, in the order they need one another; and sections that no init changes.
MODULES = ("params", "exporter", "user")
CONSTANT = (".text", ".exit.text", ".rodata")
#: Rows of the table that were finished: the modules above have none of these.
FINISHED = ((R_ARM.NONE, 0x1234_5678, 0), (R_ARM.PREL31, 0x7FFF_FFF8, -0x1000), (R_ARM.V4BX, 0xE12F_FF1E, 0))
V4BX_AFTER = 0xE1A0_F00E  # mov pc, lr


@dataclass(frozen=True)
class Place:
    """A word of guest memory, and the student's handlers called on it. `changed`: registers that one did not keep."""

    machine: KernelMachine
    address: int
    changed: set[str]

    def apply(self, kind: R_ARM, word: int, s: int) -> tuple[int, int, int]:
        """(RELOC_*, distance, the word afterwards)."""
        self.machine.write(self.address, word.to_bytes(4, "little"))
        result, distance = self.machine.call("module_reloc_apply_one", self.address, int(kind), s & WORD_MASK, 0)
        return result, s32(distance), self.machine.read_word(self.address)


def check_picture(check: Checking) -> None:
    run = check.run("boot")
    check.looked_at("the file on the flash, against the scene before the sensor")
    check.equal("the first picture was taken", "first_picture" in [each.value for each in run.machine.milestones], True)


def check_abs32(check: Checking) -> None:
    place = _place(check)
    _applied(check, place, R_ARM.ABS32, WORDS, "reloc_abs32")


def check_branch(check: Checking) -> None:
    place = _place(check)
    for kind in (R_ARM.CALL, R_ARM.JUMP24):
        _applied(check, place, kind, [(word, place.address + far) for word, far in BRANCHES], "reloc_branch")
    result, _, after = place.apply(R_ARM.CALL, 0x1BFF_FFFE, 0)
    what = "R_ARM_CALL of 0x1bfffffe, a weak symbol that nobody defines"
    check.equal(what, _shown(result, after), _shown(OK, 0x1000_0000 | NOP), place=_source(check, "reloc_branch"))


def check_branch_refused(check: Checking) -> None:
    place = _place(check)
    source = _source(check, "reloc_branch")
    for word, far in TOO_FAR:
        result, distance, after = place.apply(R_ARM.CALL, word, place.address + far)
        expected = RULES[R_ARM.CALL].addend(word) + far
        saw = f"{_shown(result, after)}, distance {distance:#x}"
        what = f"R_ARM_CALL of {word:#010x}, S - P = {far:#x}"
        check.equal(what, saw, f"{_shown(RANGE, word)}, distance {expected:#x}", place=source)
    for word, far in INTO_THUMB:
        result, _, after = place.apply(R_ARM.JUMP24, word, place.address + far)
        what = f"R_ARM_JUMP24 of {word:#010x}, S - P = {far:#x}"
        check.equal(what, _shown(result, after), _shown(THUMB, word), place=source)


def check_movw(check: Checking) -> None:
    _applied(check, _place(check), R_ARM.MOVW_ABS_NC, MOVES, "reloc_movw")


def check_movt(check: Checking) -> None:
    _applied(check, _place(check), R_ARM.MOVT_ABS, [(word | MOVT_BIT, s) for word, s in MOVES], "reloc_movt")


def check_modules(check: Checking) -> None:
    machine = check.run("boot").machine
    check.looked_at(
        f"each relocated word of {', '.join(MODULES)} where it lies in the module area, and what they compute"
    )
    before = machine.free_pages
    for name in MODULES:
        machine.insmod(name)
        _compare(check, name)
    check.equal("exporter_add(40, 2), called through its relocated address", machine.call("exporter_add", 40, 2)[0], 42)
    calls = machine.module("exporter").symbol("exporter_calls")
    check.equal("exporter_calls: three by user's init, one from here", calls and machine.read_word(calls.address), 4)
    for name in reversed(MODULES):
        machine.rmmod(name)
    check.equal("free pages after rmmod", machine.free_pages, before)
    place = _place(check)
    for kind, word, far in FINISHED:
        result, _, after = place.apply(kind, word, place.address + far)
        expected = (
            V4BX_AFTER if kind is R_ARM.V4BX else RULES[kind].relocate(word, place.address + far, place.address)[0]
        )
        check.equal(
            f"R_ARM_{kind.name} of {word:#010x}, which was finished", _shown(result, after), _shown(OK, expected)
        )


def _place(check: Checking) -> Place:
    machine = check.run("boot").machine
    check.looked_at("a word of a free page, before and after module_reloc_apply_one")
    page, _ = machine.call("alloc_pages", 0)
    changed, entered = set[str](), list[tuple[int, ...]]()

    def keep(hit: Hit) -> None:
        entered.append(hit.machine.cpu.registers()[4:12])

    def compare(hit: Hit) -> None:
        now = hit.machine.cpu.registers()[4:12]
        changed.update(
            f"r{number}" for number, (was, value) in enumerate(zip(entered.pop(), now, strict=True), 4) if was != value
        )

    machine.add_probe("module_reloc_apply_one", on_entry=keep, on_return=compare)
    return Place(machine, page + 0x100, changed)


def _compare(check: Checking, name: str) -> None:
    """The words that relocations changed, against the reference's."""
    run = check.run("boot")
    machine = run.machine
    obj = ModuleFile.from_bytes(find_module(run.build.config, name)).obj
    addresses = addresses_by_name(obj, {each.name: each.address for each in machine.module(name).sections})
    provided = {each.name: each.address for other in machine.modules for each in other.symbols}
    symbols = {
        each.name: provided.get(each.name) or machine.symbol(each.name)
        for each in obj.symbols
        if each.section is UNDEF and each.name
    }
    wrong, count = [], 0
    for section in relocate_module(obj, addresses, symbols):
        if section.name in CONSTANT:
            count += len(section.words)
            wrong += [word for word in section.words if machine.read_word(word.address) != word.after]
    for word in wrong:
        check.bad(f"{name}: {word}, and the guest has {machine.read_word(word.address):#010x}")
    check.equal(f"{name}: words as the reference has them, of {count}", count - len(wrong), count)


def _applied(check: Checking, place: Place, kind: R_ARM, cases: Iterable[tuple[int, int]], handler: str) -> None:
    for word, s in cases:
        result, _, after = place.apply(kind, word, s)
        expected, problem = RULES[kind].relocate(word, s & WORD_MASK, place.address)
        if problem:
            raise ValueError(problem)
        what = f"R_ARM_{kind.name} of {word:#010x} at {place.address:#x}, S = {s & WORD_MASK:#x}"
        check.equal(what, _shown(result, after), _shown(OK, expected), place=_source(check, handler))
    if place.changed:
        check.bad(f"{handler} has changed {', '.join(sorted(place.changed))}", place=_source(check, handler))


def _shown(result: int, word: int) -> str:
    names = {OK: "RELOC_OK", 1: "RELOC_UNKNOWN", THUMB: "RELOC_THUMB", RANGE: "RELOC_RANGE"}
    return f"{names.get(result, result)}, {word:#010x}"


def _source(check: Checking, symbol: str) -> str:
    return check.run("boot").place(symbol)
