"""Every word that the guest's loader relocated against the host's reference relocator, and branches against capstone.

The guest is stopped between apply_relocations and post_relocation: nothing has run, init memory is there, tables are
not sorted yet. Addresses of sections come from the guest's own section headers; values of symbols do not.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass, replace

from capstone import CS_ARCH_ARM, CS_MODE_ARM, Cs
from modules.guest_loader import IGNORE_MODVERSIONS, IGNORE_VERMAGIC, NR_FINIT_MODULE, GuestDiedError, GuestLoader
from modules.ko import KoFile

from minikernel.elf.constants import R_ARM, SHDR_SIZE, SectionFlag, SectionType
from minikernel.elf.module_file import ModuleFile
from minikernel.elf.object_file import UNDEF, ObjectFile
from minikernel.elf.relocator import RelocatedSection, relocate_module

FILE_ONLY = (SectionType.NULL, SectionType.SYMTAB, SectionType.STRTAB, SectionType.REL)
THIS_MODULE = ".gnu.linkonce.this_module"
LOAD_SECHDRS, SH_FLAGS, SH_ADDR = 8, 8, 12  # guest/include/module.inc, elf.inc
BRANCHES = (R_ARM.CALL, R_ARM.JUMP24, R_ARM.PC24)
NOP = "nop"
BUDGET = 50_000_000


@dataclass(frozen=True)
class Checked:
    """How much was compared: relocations, branches among them, bytes of sections; and what finit_module returned."""

    relocations: int
    branches: int
    bytes: int
    result: int = 0


def load_and_check(guest: GuestLoader, ko: bytes, provided: Mapping[str, int] | None = None) -> Checked:
    """Loads the module by finit_module, CRCs and vermagic ignored, and compares on the way.

    The module stays loaded if its init did not fail.

    `provided` has the values of symbols that other modules export; the kernel's are those of its image.
    """
    guest.write_file("/tmp/checked.ko", ko)
    fd = guest.open("/tmp/checked.ko")
    cpu, machine = guest.machine.cpu, guest.machine
    for register, value in enumerate((fd, guest.text(""), IGNORE_MODVERSIONS | IGNORE_VERMAGIC)):
        cpu.set_r(register, value)
    cpu.set_r(7, NR_FINIT_MODULE)
    cpu.pc = guest.gate
    stop_at = guest.image.address("post_relocation")
    stop = machine.run(until={guest.back, stop_at}, max_instructions=BUDGET)
    if cpu.pc != stop_at:
        raise GuestDiedError(f"{stop}: r0 {cpu.r(0):#x}\n{guest.log[-2000:]}")
    checked = compare(guest, ko, cpu.r(1), provided or {})
    machine.run(until={guest.back}, max_instructions=BUDGET)
    assert cpu.pc == guest.back, guest.log[-2000:]
    result = cpu.r(0)
    guest.forget_texts()
    guest.close(fd)
    return replace(checked, result=result - (1 << 32) if result >> 31 else result)


def compare(guest: GuestLoader, ko: bytes, info: int, provided: Mapping[str, int]) -> Checked:
    """The module in memory now, load_info at `info`, against the reference."""
    file = ModuleFile.from_bytes(ko)
    obj = file.obj
    symbols = {
        each.name: provided[each.name] if each.name in provided else guest.image.address(each.name)
        for each in obj.symbols
        if each.section is UNDEF and each.name and (each.name in provided or guest.image.get(each.name))
    }
    relocations = branches = size = 0
    for section in relocate_module(obj, addresses(guest, ko, info), symbols):
        data = guest.machine.read(section.address, len(section.data))
        if section.name == THIS_MODULE:
            assert [_word(data, word.offset) for word in section.words] == [word.after for word in section.words]
        else:
            assert data == section.data, _difference(section, data)
        relocations += len(section.words)
        size += len(section.data)
        branches += _check_branches(section, data)
    assert relocations == sum(len(each.relocations) for each in _loaded(obj, guest, ko, info))
    return Checked(relocations, branches, size)


def addresses(guest: GuestLoader, ko: bytes, info: int) -> dict[int, int]:
    """Index in ObjectFile.sections -> address, of the sections that the guest loaded."""
    file = KoFile(ko)
    headers = guest.machine.read_word(info + LOAD_SECHDRS)
    result: dict[int, int] = {}
    kept = [index for index in range(file.get("e_shnum")) if file.sh(index, "sh_type") not in FILE_ONLY]
    for position, index in enumerate(kept):
        header = headers + index * SHDR_SIZE
        if guest.machine.read_word(header + SH_FLAGS) & SectionFlag.ALLOC:
            result[position] = guest.machine.read_word(header + SH_ADDR)
    return result


def _loaded(obj: ObjectFile, guest: GuestLoader, ko: bytes, info: int) -> list[object]:
    return [obj.sections[index] for index in addresses(guest, ko, info)]


def _check_branches(section: RelocatedSection, data: bytes) -> int:
    """What a disassembler makes of each branch: it goes to the symbol, or is a nop where nobody has the symbol."""
    engine = Cs(CS_ARCH_ARM, CS_MODE_ARM)
    count = 0
    for word in section.words:
        if word.type not in BRANCHES:
            continue
        (instruction,) = engine.disasm(data[word.offset : word.offset + 4], word.address)
        if word.target == 0:
            assert instruction.mnemonic.startswith(NOP), str(word)
        else:
            addend = struct.unpack("<i", struct.pack("<I", (word.before & 0xFFFFFF) << 8))[0] >> 6
            assert instruction.mnemonic[0] == "b", str(word)
            assert int(instruction.op_str.lstrip("#"), 0) & 0xFFFFFFFF == (word.target + addend + 8) & 0xFFFFFFFF, str(
                word
            )
        count += 1
    return count


def _word(data: bytes, offset: int) -> int:
    return int(struct.unpack_from("<I", data, offset)[0])


def _difference(section: RelocatedSection, data: bytes) -> str:
    for word in section.words:
        if _word(data, word.offset) != word.after:
            return f"{word}; the guest has {_word(data, word.offset):#010x}"
    at = next(index for index, (one, other) in enumerate(zip(section.data, data, strict=True)) if one != other)
    guest, file = data[at : at + 16].hex(), section.data[at : at + 16].hex()
    return f"{section.name}+{at:#x}: {guest} in the guest, {file} expected"
