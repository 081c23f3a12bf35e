"""What is done to a module so that the loader must refuse it, and with which errno and message (Linux 6.12).

One row for each case of kernel/module/main.c: all checks of the file, of its symbols, relocations, versions and
parameters. A row that is loaded (errno 0) is unloaded again before the guest is compared with what it was.
"""

from __future__ import annotations

import errno
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from modules.guest_loader import IGNORE_MODVERSIONS, IGNORE_VERMAGIC, GuestLoader, struct_module
from modules.ko import KoFile, kernel, module
from modules.sources import (
    GPL,
    HEAD,
    PROVIDER,
    RELOCATIONS,
    VETO,
    VICTIM,
    exporter_of,
    init_returns,
    user_of,
    victim,
)

from minikernel.elf.constants import EHDR_SIZE, R_ARM, SectionFlag, SectionType

Change = Callable[[KoFile], None]
Prepare = Callable[[GuestLoader], None]

ENOEXEC, ENOENT, EINVAL, EPERM, EEXIST, EBUSY = (
    errno.ENOEXEC,
    errno.ENOENT,
    errno.EINVAL,
    errno.EPERM,
    errno.EEXIST,
    errno.EBUSY,
)
THIS_MODULE = ".gnu.linkonce.this_module"
STATE_LIVE, STATE_COMING, STATE_GOING = 0, 1, 2
SILENT = ""
MARKER = b"~Module signature appended~\n"


@dataclass(frozen=True)
class Case:
    """A row. `errno` 0 means loaded; `message` begins a line of the log, behind `NAME: ` where there is one; SILENT
    means no line at all, None any. `loads` are loaded before; then `prepare` changes the guest, and `undo` takes that
    back. With `flags` or `finit` it is finit_module. `taints` are letters that /proc/modules must show."""

    name: str
    errno: int
    message: str | None
    ko: Callable[[], bytes]
    params: str = ""
    flags: int = 0
    finit: bool = False
    append: str = ""
    prepare: Prepare | None = None
    undo: Prepare | None = None
    loads: Mapping[str, Callable[[], bytes]] = field(default_factory=dict)
    taints: str = ""


def changed(change: Change, source: Callable[[], bytes] = victim) -> Callable[[], bytes]:
    """The victim, changed."""

    def make() -> bytes:
        ko = KoFile(source())
        change(ko)
        return bytes(ko)

    return make


def _set(field_name: str, value: int) -> Callable[[], bytes]:
    return changed(lambda ko: ko.set(field_name, value))


def _sh(section: int | str, field_name: str, value: int) -> Callable[[], bytes]:
    return changed(lambda ko: ko.set_sh(section, field_name, value))


def _both(*changes: Change) -> Callable[[], bytes]:
    def all_of(ko: KoFile) -> None:
        for change in changes:
            change(ko)

    return changed(all_of)


def _flags(section: str, add: int = 0, drop: int = 0) -> Callable[[], bytes]:
    return changed(lambda ko: ko.set_sh(section, "sh_flags", (ko.sh(section, "sh_flags") | add) & ~drop))


def _rename(old: str, new: str) -> Callable[[], bytes]:
    return changed(lambda ko: ko.rename_section(old, new))


def _twice(section: str) -> Callable[[], bytes]:
    def change(ko: KoFile) -> None:
        fields = {name: ko.sh(section, name) for name in ("sh_flags", "sh_link", "sh_info", "sh_addralign")}
        ko.add_section(section, ko.bytes_of(section), ko.sh(section, "sh_type"), **fields)

    return changed(change)


def _last_byte(section: int | str, value: int) -> Change:
    def change(ko: KoFile) -> None:
        ko.data[ko.offset(section) + ko.sh(section, "sh_size") - 1] = value

    return change


def _shstrtab(ko: KoFile) -> int:
    return ko.get("e_shstrndx")


def _on_shstrtab(field_name: str, value: int) -> Callable[[], bytes]:
    return changed(lambda ko: ko.set_sh(_shstrtab(ko), field_name, value))


def _name_of_module(name: bytes) -> Change:
    def change(ko: KoFile) -> None:
        at = ko.offset(THIS_MODULE) + struct_module("NAME")
        ko.data[at : at + len(name)] = name

    return change


def _exit_is_init(ko: KoFile) -> None:
    ko.set_sym("cleanup_module", "st_shndx", ko.index(".init.text"))


def _init_is_elsewhere(ko: KoFile) -> None:
    ko.set_sym("init_module", "st_shndx", 0xFFF1)
    ko.set_sym("init_module", "st_value", 0xC0008000)


def _modinfo(old: str, new: str) -> Callable[[], bytes]:
    """Another text of .modinfo, of the same length."""
    return changed(lambda ko: ko.replace(old.encode(), new.encode()))


def _add_modinfo(text: str) -> Callable[[], bytes]:
    return changed(lambda ko: ko.move_section(".modinfo", ko.bytes_of(".modinfo") + text.encode() + b"\0"))


def _symbol(symbol: str, field_name: str, value: int) -> Callable[[], bytes]:
    return changed(lambda ko: ko.set_sym(symbol, field_name, value))


def _relocations() -> bytes:
    return module("relocations", RELOCATIONS)


def _relocation(section: str, number: int, change: Callable[[int, int], tuple[int, int]]) -> Callable[[], bytes]:
    """Another (r_offset, r_info) for one relocation."""

    def apply(ko: KoFile) -> None:
        at = ko.offset(section) + 8 * number
        values = change(ko.word(at), ko.word(at + 4))
        for each, value in enumerate(values):
            ko.set_word(at + 4 * each, value)

    return changed(apply, _relocations)


def _absolute_target(value: int, kind: int) -> Callable[[], bytes]:
    """The call's symbol becomes an absolute one, so that its distance is what the test says."""

    def apply(ko: KoFile) -> None:
        ko.set_sym("strlen", "st_shndx", 0xFFF1)
        ko.set_sym("strlen", "st_value", value)
        at = ko.offset(".rel.text")
        ko.set_word(at + 4, ko.word(at + 4) & ~0xFF | kind)

    return changed(apply, _relocations)


def _version(symbol: str, crc: int) -> Callable[[], bytes]:
    return lambda: module("victim", VICTIM, versions={symbol: crc})


def _without_version(symbol: str) -> Callable[[], bytes]:
    def change(ko: KoFile) -> None:
        at = ko.data.index(symbol.encode() + b"\0", ko.offset("__versions"))
        ko.data[at] = ord("#")

    return changed(change)


def _signed(ko: bytes, signature: bytes = b"\x30\x82" * 20, length: int | None = None, id_type: int = 2) -> bytes:
    claimed = len(signature) if length is None else length
    header = struct.pack(">BBBBB3xI", 0, 0, id_type, 0, 0, claimed)
    return ko + signature + header + MARKER


def _state(name: str, state: int) -> Prepare:
    def prepare(guest: GuestLoader) -> None:
        (found,) = [each for each in guest.modules() if each[0] == name]
        guest.machine.write(found[3] + struct_module("STATE"), struct.pack("<I", state))

    return prepare


def _register_veto(guest: GuestLoader) -> None:
    assert guest.call("register_module_notifier", guest.module_symbol("veto_block"))[0] == 0


def _unregister_veto(guest: GuestLoader) -> None:
    guest.call("unregister_module_notifier", guest.module_symbol("veto_block"))


def _exporter(symbol: str, licence: str = "GPL", macro: str = "EXPORT_SYMBOL", more: str = "") -> bytes:
    return module("exporter", exporter_of(symbol, licence, macro, more))


def _other_word() -> bytes:
    return module("exporter", exporter_of("other_word"))


def _proprietary_word() -> bytes:
    return module("exporter", exporter_of("other_word", "Proprietary"), in_tree=True)


def _user(symbol: str, licence: str = "GPL", more: str = "", others: Callable[[], bytes] | None = None) -> bytes:
    return module("consumer", user_of(symbol, licence, more), others=[others()] if others else [])


def _provider_user() -> bytes:
    return module("consumer", user_of("provided"), others=[module("provider", PROVIDER)])


def _provider() -> bytes:
    return module("provider", PROVIDER)


def _in_namespace() -> bytes:
    return module("exporter", exporter_of("shot", macro="EXPORT_SYMBOL_NS", more=", CAMERA"))


def _per_cpu(line: str) -> str:
    return f'{HEAD}{GPL}        .section .data..percpu, "aw", %progbits\n        {line}\n'


_HEADER_LAST = 0xFFFF_FFF0
_END = 0x0100_0000  # behind any file here

HEADER_CASES = (
    Case("file shorter than an ELF header, init_module", ENOEXEC, SILENT, lambda: victim()[: EHDR_SIZE - 1]),
    Case(
        "file shorter than an ELF header, finit_module",
        ENOEXEC,
        "Invalid ELF header len",
        lambda: victim()[: EHDR_SIZE - 1],
        finit=True,
    ),
    Case("bad magic", ENOEXEC, "Invalid ELF header magic", _set("e_magic", 0x464C457E)),
    Case("e_type ET_EXEC", ENOEXEC, "Invalid ELF header type", _set("e_type", 2)),
    Case("e_machine x86-64", ENOEXEC, "Invalid architecture in ELF header", _set("e_machine", 62)),
    Case("e_shentsize 41", ENOEXEC, "Invalid ELF section header size", _set("e_shentsize", 41)),
    Case(
        "e_shoff = length",
        ENOEXEC,
        "Invalid ELF section header overflow",
        changed(lambda ko: ko.set("e_shoff", len(ko.data))),
    ),
    Case("e_shoff near 4 GiB", ENOEXEC, "Invalid ELF section header overflow", _set("e_shoff", _HEADER_LAST)),
    Case("e_shnum beyond the end", ENOEXEC, "Invalid ELF section header overflow", _set("e_shnum", 0xFF00)),
    Case("e_shnum 0", ENOEXEC, "Invalid ELF section header overflow", _set("e_shnum", 0)),
    Case("file cut inside the section headers", ENOEXEC, "Invalid ELF section header overflow", lambda: victim()[:-1]),
    Case("section 0 has a type", ENOEXEC, "ELF Spec violation: section 0", _sh(0, "sh_type", 1)),
    Case("section 0 has a size", ENOEXEC, "ELF Spec violation: section 0", _sh(0, "sh_size", 1)),
    Case("section 0 has an address", ENOEXEC, "ELF Spec violation: section 0", _sh(0, "sh_addr", 4)),
    Case("section data past the end", ENOEXEC, "Invalid ELF section in module", _sh(".text", "sh_size", _END)),
    Case("section offset past the end", ENOEXEC, "Invalid ELF section in module", _sh(".data", "sh_offset", _END)),
    Case(
        "section offset+size wraps", ENOEXEC, "Invalid ELF section in module", _sh(".text", "sh_offset", _HEADER_LAST)
    ),
    Case("NOBITS past the end is fine", 0, None, _sh(".bss", "sh_offset", _END)),
    Case(
        "a section without type, past the end, is fine",
        0,
        None,
        _both(
            lambda ko: ko.set_sh(".ARM.attributes", "sh_type", SectionType.NULL),
            lambda ko: ko.set_sh(".ARM.attributes", "sh_size", _END),
        ),
    ),
    Case("e_shstrndx 0", ENOEXEC, "Invalid ELF section name index", _set("e_shstrndx", 0)),
    Case("e_shstrndx past the headers", ENOEXEC, "Invalid ELF section name index", _set("e_shstrndx", 0xFFF0)),
    Case("section names not STRTAB", ENOEXEC, "Invalid ELF section name table type", _on_shstrtab("sh_type", 1)),
    Case("section names empty", ENOEXEC, "empty section name table", _on_shstrtab("sh_size", 0)),
    Case(
        "section names not NUL-ended",
        ENOEXEC,
        "ELF Spec violation: section name table isn't null terminated",
        changed(lambda ko: _last_byte(_shstrtab(ko), 0x78)(ko)),
    ),
    Case("sh_name out of range", ENOEXEC, "Invalid ELF section name in module", _sh(".text", "sh_name", 0xFFFF)),
)

CONTENT_CASES = (
    Case("two .modinfo", ENOEXEC, "Only one .modinfo section must exist", _twice(".modinfo")),
    Case(
        ".modinfo not NUL-ended",
        ENOEXEC,
        "ELF Spec violation: section .modinfo isn't null terminated",
        changed(_last_byte(".modinfo", 0x78)),
    ),
    Case("no this_module", ENOEXEC, "module victim: Exactly one", _rename(THIS_MODULE, ".other")),
    Case("two this_module", ENOEXEC, "module victim: Exactly one", _twice(THIS_MODULE)),
    Case("this_module NOBITS", ENOEXEC, "module victim: .gnu.linkonce", _sh(THIS_MODULE, "sh_type", 8)),
    Case("this_module not ALLOC", ENOEXEC, "module victim: .gnu.linkonce", _flags(THIS_MODULE, drop=2)),
    Case("this_module too small", ENOEXEC, "module victim: .gnu.linkonce", _sh(THIS_MODULE, "sh_size", 0x23C)),
    Case("this_module too large", ENOEXEC, "module victim: .gnu.linkonce", _sh(THIS_MODULE, "sh_size", 0x244)),
    Case("this_module without a name", ENOEXEC, "module victim: name in", changed(_name_of_module(b"\0"))),
    Case("this_module with an endless name", ENOEXEC, "module victim: name in", changed(_name_of_module(b"n" * 60))),
    Case("this_module read-only", ENOEXEC, "module victim: .gnu.linkonce", _flags(THIS_MODULE, drop=1)),
    Case("exit in init code", ENOEXEC, "exit function", changed(_exit_is_init)),
    Case("init outside the module", ENOEXEC, "init function", changed(_init_is_elsewhere)),
    Case("no symbol table", ENOEXEC, "module has no symbols", _sh(".symtab", "sh_type", 1)),
    Case("two symbol tables", ENOEXEC, "module has no symbols", _twice(".symtab")),
    Case("symtab sh_link 0", ENOEXEC, "Invalid ELF sh_link", _sh(".symtab", "sh_link", 0)),
    Case("symtab sh_link past the headers", ENOEXEC, "Invalid ELF sh_link", _sh(".symtab", "sh_link", 0xFFFF)),
    Case("symtab linked to no STRTAB", ENOEXEC, "Invalid ELF string table type", _sh(".symtab", "sh_link", 1)),
    Case(
        "symbol names not NUL-ended", ENOEXEC, "symbol table isn't NUL terminated", changed(_last_byte(".strtab", 0x78))
    ),
    Case("symbol name out of range", ENOEXEC, "symbol name out of bounds", _symbol("strlen", "st_name", 0xFFFFFF)),
    Case("module_blacklist=", EPERM, "Module victim is blacklisted", victim, append="module_blacklist=other,victim"),
    Case(
        "module_layout CRC wrong",
        ENOEXEC,
        "disagrees about version of symbol module_layout",
        _version("module_layout", 0xBAD),
    ),
    Case(
        "vermagic differs",
        ENOEXEC,
        "version magic '0.1.0 SMP mod_unload modversions ARMv6",
        _modinfo("ARMv7 p2v8", "ARMv6 p2v8"),
    ),
    Case(
        "vermagic differs, forced",
        0,
        "bad vermagic: kernel tainted",
        _modinfo("ARMv7 p2v8", "ARMv6 p2v8"),
        flags=IGNORE_VERMAGIC,
        taints="F",
    ),
    Case("release differs, with __versions", 0, None, _modinfo("vermagic=0.1.0 ", "vermagic=9.9.9 ")),
    Case("vermagic absent", ENOEXEC, None, _modinfo("vermagic=0.1.0", "vermagix=0.1.0")),
    Case(
        "vermagic absent, forced",
        0,
        "bad vermagic: kernel tainted",
        _modinfo("vermagic=0.1.0", "vermagix=0.1.0"),
        flags=IGNORE_VERMAGIC,
        taints="F",
    ),
    Case("livepatch=Y", ENOEXEC, "module is marked as livepatch module", _add_modinfo("livepatch=Y")),
    Case("same name LIVE", EEXIST, None, victim, loads={"victim": victim}),
    Case(
        "same name COMING, which comes to nothing",
        EBUSY,
        None,
        victim,
        loads={"victim": victim},
        prepare=_state("victim", STATE_COMING),
        undo=_state("victim", STATE_LIVE),
    ),
    Case(
        "section writable and executable",
        ENOEXEC,
        "section .text (index 5) has invalid WRITE|EXEC flags",
        _flags(".text", add=SectionFlag.WRITE),
    ),
    Case("more memory than there is", errno.ENOMEM, None, _sh(".bss", "sh_size", 3900 << 12)),
    Case(
        "more per-CPU memory than there is",
        errno.ENOMEM,
        "Could not allocate 9000 bytes percpu data",
        lambda: module("greedy", _per_cpu(".space 9000")),
    ),
    Case("per-CPU memory, all of it", 0, None, lambda: module("greedy", _per_cpu(".space 8192"))),
    Case(
        "per-CPU alignment beyond a page",
        0,
        "per-cpu alignment 8192 > 4096",
        changed(lambda ko: ko.set_sh(".data..percpu", "sh_addralign", 8192)),
    ),
    Case(
        "per-CPU alignment 3",
        errno.ENOMEM,
        "Could not allocate 8 bytes percpu data",
        changed(lambda ko: ko.set_sh(".data..percpu", "sh_addralign", 3)),
    ),
    Case("4 GiB of .bss", errno.ENOMEM, None, _sh(".bss", "sh_size", 0xFFFF_F000)),
    Case(
        "4 GiB in two sections",
        errno.ENOMEM,
        None,
        _both(
            lambda ko: ko.set_sh(".bss", "sh_size", 0x8000_0000),
            lambda ko: ko.add_section(".bss2", b"", SectionType.NOBITS, sh_flags=3, sh_size=0x8000_0000) and None,
        ),
    ),
    Case("alignment 1 GiB", ENOEXEC, "section .data: alignment", _sh(".data", "sh_addralign", 1 << 30)),
)


def _drop_crcs(ko: KoFile) -> None:
    ko.rename_section("__kcrctab", ".dropped")


SYMBOL_CASES = (
    Case("exports without CRC", ENOEXEC, None, changed(_drop_crcs)),
    Case(
        "exports without CRC, forced",
        0,
        "module_layout: kernel tainted",
        changed(_drop_crcs),
        flags=IGNORE_MODVERSIONS,
        taints="F",
    ),
    Case(
        "SHN_COMMON symbol", ENOEXEC, "please compile with -fno-common", _symbol("nobody_has_this", "st_shndx", 0xFFF2)
    ),
    Case("st_shndx past the headers", ENOEXEC, "invalid section index", _symbol("strlen", "st_shndx", 0xFE00)),
    Case("unknown symbol", ENOENT, "Unknown symbol no_such_thing (err -2)", lambda: _user("no_such_thing")),
    Case(
        "unknown weak symbol",
        0,
        None,
        lambda: module("consumer", user_of("no_such_thing", more="        .weak no_such_thing\n")),
    ),
    Case("symbol CRC wrong", EINVAL, "disagrees about version of symbol strlen", _version("strlen", 0xBAD)),
    Case("symbol CRC wrong, ignored", 0, None, _version("strlen", 0xBAD), flags=IGNORE_MODVERSIONS, taints="F"),
    Case("symbol without version", EINVAL, "no symbol version for strlen", _without_version("strlen")),
    Case(
        "namespace not imported",
        EINVAL,
        "module uses symbol (shot) from namespace CAMERA",
        lambda: _user("shot", others=_in_namespace),
        loads={"exporter": _in_namespace},
    ),
    Case(
        "namespace imported",
        0,
        None,
        lambda: _user("shot", more="        MODULE_IMPORT_NS CAMERA\n", others=_in_namespace),
        loads={"exporter": _in_namespace},
    ),
    Case(
        "GPL-only from proprietary",
        ENOENT,
        "Unknown symbol victim_tail (err -2)",
        lambda: _user("victim_tail", "Proprietary", others=victim),
        loads={"victim": victim},
    ),
    Case(
        "GPL-only and proprietary symbols together",
        ENOENT,
        "module using GPL-only symbols uses symbols other_word",
        lambda: module(
            "consumer",
            user_of("victim_tail", more="") + "        .word   other_word\n",
            others=[victim(), _proprietary_word()],
        ),
        loads={"victim": victim, "exporter": _proprietary_word},
    ),
    Case(
        "provider GOING",
        ENOENT,
        "Unknown symbol provided (err -2)",
        _provider_user,
        loads={"provider": _provider},
        prepare=_state("provider", STATE_GOING),
        undo=_state("provider", STATE_LIVE),
    ),
    Case(
        "provider COMING for 30 s",
        EBUSY,
        "gave up waiting for init of module provider",
        _provider_user,
        loads={"provider": _provider},
        prepare=_state("provider", STATE_COMING),
        undo=_state("provider", STATE_LIVE),
    ),
    Case(
        "duplicate export",
        ENOEXEC,
        "exports duplicate symbol other_word (owned by exporter)",
        lambda: module("again", exporter_of("other_word")),
        loads={"exporter": _other_word},
    ),
    Case(
        "duplicate of the kernel's export",
        ENOEXEC,
        "exports duplicate symbol strlen (owned by kernel)",
        lambda: module("again", exporter_of("strlen")),
    ),
    Case(
        "notifier vetoes",
        EPERM,
        None,
        victim,
        loads={"veto": lambda: module("veto", VETO)},
        prepare=_register_veto,
        undo=_unregister_veto,
    ),
)

RELOCATION_CASES = (
    Case(
        "bad symbol index",
        ENOEXEC,
        "bad relocation sym offset",
        _relocation(".rel.text", 0, lambda offset, info: (offset, 0xFFFF_FF00 | info & 0xFF)),
    ),
    Case(
        "symbol index = number of symbols",
        ENOEXEC,
        "bad relocation sym offset",
        changed(
            lambda ko: ko.set_word(ko.offset(".rel.text") + 4, (ko.sh(".symtab", "sh_size") // 16) << 8 | R_ARM.CALL),
            _relocations,
        ),
    ),
    Case(
        "offset out of section",
        ENOEXEC,
        "out of bounds relocation",
        _relocation(".rel.text", 0, lambda offset, info: (0x7FFF_FFF0, info)),
    ),
    Case(
        "offset -4",
        ENOEXEC,
        "out of bounds relocation",
        _relocation(".rel.text", 0, lambda offset, info: (0xFFFF_FFFC, info)),
    ),
    Case(
        "word half out of the section",
        ENOEXEC,
        "out of bounds relocation",
        changed(
            lambda ko: ko.set_word(ko.offset(".rel.data"), ko.sh(".data", "sh_size") - 2),
            _relocations,
        ),
    ),
    Case(
        "section smaller than a word",
        ENOEXEC,
        "out of bounds relocation",
        changed(lambda ko: ko.set_sh(".data", "sh_size", 2), _relocations),
    ),
    Case("branch out of range", ENOEXEC, "relocation 28 out of range", _absolute_target(0x4000_0000, R_ARM.CALL)),
    Case("jump out of range", ENOEXEC, "relocation 29 out of range", _absolute_target(0x4000_0000, R_ARM.JUMP24)),
    Case("PREL31 out of range", ENOEXEC, "relocation 42 out of range", _absolute_target(0x2000_0000, R_ARM.PREL31)),
    Case("unknown type", ENOEXEC, "unknown relocation: 255", _absolute_target(0, 0xFF)),
    Case(
        "ARM to Thumb",
        ENOEXEC,
        "unsupported interworking call (ARM -> Thumb)",
        _absolute_target(0xC000_8001, R_ARM.CALL),
    ),
    Case(
        "RELA",
        ENOEXEC,
        "RELA relocation unsupported",
        changed(lambda ko: ko.set_sh(".rel.text", "sh_type", SectionType.RELA), _relocations),
        finit=False,
    ),
    Case(
        "relocations of a section that is not loaded are skipped",
        0,
        None,
        changed(
            lambda ko: (
                ko.add_section(
                    ".rel.debug",
                    struct.pack("<II", 0xFFFF_FFFF, 0xFFFF_FFFF),
                    SectionType.REL,
                    sh_info=ko.index(".symtab"),
                    sh_link=ko.index(".symtab"),
                )
                and None
            ),
            _relocations,
        ),
    ),
    Case(
        "relocations of no section are skipped",
        0,
        None,
        changed(
            lambda ko: (
                ko.add_section(
                    ".rel.none", struct.pack("<II", 0xFFFF_FFFF, 0xFFFF_FFFF), SectionType.REL, sh_info=0xFFFF
                )
                and None
            ),
            _relocations,
        ),
    ),
)


def _wrong_operations(ko: KoFile) -> None:
    """param_ops_int becomes a table of the kernel's that holds the addresses of other functions."""
    ko.set_sym("param_ops_int", "st_shndx", 0xFFF1)
    ko.set_sym("param_ops_int", "st_value", kernel().image.address("sys_call_table"))


PARAMETER_CASES = (
    Case("parameter operations that are none", EINVAL, None, changed(_wrong_operations), "number=1"),
    Case("parameter operations that are none, unused", 0, None, changed(_wrong_operations)),
    Case("known parameter, good value", 0, None, victim, "number=-7 small=255 on=y label=abcdefg"),
    Case("known parameter, bad value", EINVAL, "`seven' invalid for parameter `number'", victim, "number=seven"),
    Case("value out of range", errno.ERANGE, None, victim, "small=256"),
    Case("bool that is none", EINVAL, "`maybe' invalid for parameter `on'", victim, "on=maybe"),
    Case("string too long", errno.ENOSPC, "`abcdefgh' too large for parameter `label'", victim, "label=abcdefgh"),
    Case("needs a value, has none", EINVAL, None, victim, "number"),
    Case("unknown parameter", 0, "unknown parameter 'colour' ignored", victim, "colour=red"),
    Case("bad value after a good charp", EINVAL, "`x' invalid for parameter `number'", victim, "status=kept number=x"),
    Case("init says -EINVAL", EINVAL, None, victim, "status=invalid"),
    Case("init returns -EEXIST", EEXIST, None, lambda: module("returning", init_returns(-errno.EEXIST))),
    Case("init returns -ENODEV", errno.ENODEV, None, lambda: module("returning", init_returns(-errno.ENODEV))),
    Case(
        "init returns 5",
        0,
        "do_init_module: 'returning'->init suspiciously returned 5",
        lambda: module("returning", init_returns(5)),
    ),
    Case(
        "init has not bit 31 only",
        0,
        "do_init_module: 'returning'->init suspiciously",
        lambda: module("returning", init_returns(0x7FFF_FFFF)),
    ),
)

ENFORCE = "module.sig_enforce"
SIGNATURE_CASES = (
    Case("unsigned", 0, "module verification failed", victim, taints="E"),
    Case("unsigned, enforced", errno.EKEYREJECTED, "Loading of unsigned module is rejected", victim, append=ENFORCE),
    Case("signed, no crypto here", 0, "module verification failed", lambda: _signed(victim()), taints="E"),
    Case(
        "signed, enforced",
        errno.EKEYREJECTED,
        "Loading of module with unsupported crypto is rejected",
        lambda: _signed(victim()),
        append=ENFORCE,
    ),
    Case("signature longer than the file", errno.EBADMSG, None, lambda: _signed(victim(), length=0x7FFF_FFFF)),
    Case("signature of 4 GiB", errno.EBADMSG, None, lambda: _signed(victim(), length=0xFFFF_FFFF)),
    Case("marker alone", errno.EBADMSG, None, lambda: b"\x7fELF" * 6 + MARKER),
    Case(
        "signature of another kind", 0, "module: not signed with expected PKCS#7", lambda: _signed(victim(), id_type=1)
    ),
)

ALL_CASES = HEADER_CASES + CONTENT_CASES + SYMBOL_CASES + RELOCATION_CASES + PARAMETER_CASES + SIGNATURE_CASES
