"""What the guest shows of its modules: /proc/modules, /proc/kallsyms, /sys/module, symbols in messages, taints."""

from __future__ import annotations

import errno
import re
import struct

import pytest
from modules.guest_loader import NR_SETUID, GuestLoader, fresh, struct_module
from modules.ko import module

PAGE = 4096
MOD_INIT_TEXT = 4
HEAD = '        .include "macros.inc"\n'
GPL = '        MODULE_LICENSE "GPL"\n'

SEEN = (
    HEAD
    + GPL
    + """
        MODULE_VERSION "1.2"
        .text
FUNC seen_open
        push    {fp, lr}
        add     fp, sp, #0
        bl      seen_local
        pop     {fp, pc}
ENDFUNC seen_open
        EXPORT_SYMBOL seen_open
LFUNC seen_local
        mov     r0, #7
        bx      lr
ENDFUNC seen_local
        INIT_TEXT
FUNC seen_init
        push    {fp, lr}
        add     fp, sp, #0
        ldr     r1, =seen_init
        pr_info "in init: %pS\\n"
        mov     r0, #0
        pop     {fp, pc}
ENDFUNC seen_init
        EXIT_TEXT
FUNC seen_exit
        bx      lr
ENDFUNC seen_exit
        INIT_DATA
init_words:
        .word   1, 2
        .data
        .balign 4
        .global seen_word
seen_word:
        .word   5
        EXPORT_SYMBOL seen_word
        .bss
seen_room:
        .space  12
        .weak   seen_weak
        .text
FUNC seen_weak
        bx      lr
ENDFUNC seen_weak
        module_init seen_init
        module_exit seen_exit
"""
)


def seen() -> bytes:
    return module("seen", SEEN)


def loaded(ko: bytes | None = None) -> GuestLoader:
    guest = fresh()
    assert guest.init_module(seen() if ko is None else ko) == 0
    return guest


def memory(guest: GuestLoader, mod: int) -> list[tuple[int, int, int]]:
    """(address, bytes, pages) of each kind of a module's memory."""
    return list(struct.iter_unpack("<3I", guest.machine.read(mod + struct_module("MEM"), 7 * 12)))


# --- /proc/modules ----------------------------------------------------------------------------------------------------


def test_line_of_proc_modules_has_linux_format() -> None:
    guest = loaded()
    kinds = memory(guest, guest.modules()[0][3])
    size = sum(pages for _, _, pages in kinds) * PAGE
    assert guest.read_file("/proc/modules") == f"seen {size} 0 - Live 0x{kinds[0][0]:08x} (E)\n"


def test_size_shrinks_when_init_memory_is_freed() -> None:
    """The module's init reads its own line: it is Loading, and larger."""
    reads_itself = SEEN.replace(
        '        pr_info "in init: %pS\\n"\n',
        "        ldr r0, =seen_word\n        ldr r1, =__this_module\n"
        f"        ldr r1, [r1, #{struct_module('MEM') + MOD_INIT_TEXT * 12 + 8}]\n        str r1, [r0]\n",
    )
    guest = loaded(module("seen", reads_itself))
    at, _ = guest.call("kallsyms_lookup_name", guest.text("seen_word"))
    assert guest.machine.read_word(at) == 1  # pages of init text, while init ran
    assert memory(guest, guest.modules()[0][3])[4:] == [(0, 0, 0)] * 3


def test_without_privilege_addresses_are_zero() -> None:
    guest = loaded()
    assert guest.syscall(NR_SETUID, 1000) == 0
    assert guest.read_file("/proc/modules").split()[5] == "0x00000000"
    assert guest.read_file("/sys/module/seen/sections/.data") == "0x00000000\n"
    assert {line.split()[0] for line in guest.read_file("/proc/kallsyms").splitlines()} == {"00000000"}


def test_init_without_exit_is_permanent() -> None:
    guest = loaded(module("stays", SEEN.replace("        module_exit seen_exit\n", "").replace("seen", "stays")))
    assert guest.read_file("/proc/modules").split()[2:5] == ["0", "[permanent],", "Live"]
    assert guest.delete_module("stays") == -errno.EBUSY


def test_state_words_and_marks() -> None:
    guest = loaded()
    mod = guest.modules()[0][3]
    for state, word, mark in ((0, "Live", ""), (1, "Loading", "+"), (2, "Unloading", "-")):
        guest.machine.write(mod + struct_module("STATE"), struct.pack("<I", state))
        fields = guest.read_file("/proc/modules").split()
        assert (fields[4], fields[6]) == (word, f"(E{mark})")
    guest.machine.write(mod + struct_module("STATE"), struct.pack("<I", 3))
    assert guest.read_file("/proc/modules") == ""


# --- symbols ----------------------------------------------------------------------------------------------------------


def symbols(guest: GuestLoader) -> dict[str, tuple[int, str]]:
    found = re.findall(r"^([0-9a-f]{8}) (\S) (\S+)\t\[seen\]$", guest.read_file("/proc/kallsyms"), re.M)
    return {name: (int(address, 16), letter) for address, letter, name in found}


def test_kallsyms_lists_a_modules_symbols_behind_the_kernels() -> None:
    guest = loaded()
    letters = {name: letter for name, (_, letter) in symbols(guest).items()}
    assert (
        letters
        | {
            "seen_open": "T",
            "seen_local": "t",
            "seen_exit": "t",
            "seen_word": "D",
            "seen_room": "b",
            "seen_weak": "w",
        }
        == letters
    )
    assert not {"seen_init", "init_words", "init_module"} & set(letters)
    assert not [name for name in letters if name.startswith(("$", "."))]
    lines = guest.read_file("/proc/kallsyms").splitlines()
    first = next(index for index, line in enumerate(lines) if "\t[" in line)
    assert all(line.endswith("\t[seen]") for line in lines[first:])
    assert guest.delete_module("seen") == 0
    assert symbols(guest) == {}


def test_symbol_of_a_module_is_printed_with_its_name() -> None:
    guest = loaded()
    where = symbols(guest)["seen_local"][0]
    length, _ = guest.call("sprint_symbol", guest.buffer, where + 4)
    assert guest.machine.read_cstring(guest.buffer) == "seen_local+0x4/0x8 [seen]"
    assert length == len("seen_local+0x4/0x8 [seen]")
    guest.call("sprint_symbol_no_offset", guest.buffer, where)
    assert guest.machine.read_cstring(guest.buffer) == "seen_local [seen]"
    assert "in init: seen_init+0x0/0x" in guest.log
    assert re.search(r"in init: seen_init\+0x0/0x[0-9a-f]+ \[seen\]", guest.log)


def test_freed_init_memory_has_no_symbols() -> None:
    held = SEEN.replace('pr_info "in init: %pS\\n"', "ldr r0, =seen_word\n        str r1, [r0]")
    guest = loaded(module("seen", held))
    at = symbols(guest)["seen_word"][0]
    init = guest.machine.read_word(at)
    guest.call("sprint_symbol", guest.buffer, init)
    assert guest.machine.read_cstring(guest.buffer) == f"0x{init:x}"


def test_lookup_by_name_takes_the_module_in_front() -> None:
    guest = loaded()
    address = symbols(guest)["seen_local"][0]
    for name, value in (("seen_local", address), ("seen:seen_local", address), ("see:seen_local", 0), ("seen:", 0)):
        guest._next_text = 0
        assert guest.call("kallsyms_lookup_name", guest.text(name))[0] == value


def test_alias_of_a_function_is_not_what_names_it() -> None:
    guest = loaded()
    where = symbols(guest)["seen_exit"][0]
    assert symbols(guest)["cleanup_module"][0] == where
    guest.call("sprint_symbol_no_offset", guest.buffer, where)
    assert guest.machine.read_cstring(guest.buffer) == "seen_exit [seen]"


# --- /sys/module ------------------------------------------------------------------------------------------------------


def test_attributes_of_a_module() -> None:
    guest = loaded()
    kinds = memory(guest, guest.modules()[0][3])
    values = {
        "coresize": f"{sum(pages for *_, pages in kinds) * PAGE}\n",
        "initsize": "0\n",
        "initstate": "live\n",
        "refcnt": "0\n",
        "taint": "E\n",
        "version": "1.2\n",
    }
    assert {name: guest.read_file(f"/sys/module/seen/{name}") for name in values} == values


def test_sections_are_where_their_symbols_are() -> None:
    guest = loaded()
    places = symbols(guest)
    for section, symbol in ((".text", "seen_open"), (".data", "seen_word"), (".bss", "seen_room")):
        assert guest.read_file(f"/sys/module/seen/sections/{section}") == f"0x{places[symbol][0]:08x}\n"
    assert guest.read_file("/sys/module/seen/sections/.init.text").startswith("0xbf")
    assert guest.open("/sys/module/seen/sections/.symtab") == -errno.ENOENT


def test_open_file_of_a_module_that_goes_reads_nothing_more() -> None:
    guest = loaded()
    fd = guest.open("/sys/module/seen/refcnt")
    assert guest.delete_module("seen") == 0
    assert guest.syscall(3, fd, guest.buffer, 10) == -errno.ENOENT
    guest.close(fd)
    assert guest.open("/sys/module/seen") == -errno.ENOENT


@pytest.mark.parametrize(
    ("path", "flags", "result"),
    [
        ("/sys/module/seen/coresize/x", 0, errno.ENOENT),
        ("/sys/module/nobody", 0, errno.ENOENT),
        ("/sys/module/see", 0, errno.ENOENT),
        ("/sys/modul", 0, errno.ENOENT),
        ("/sys/module/seen", 1, errno.EISDIR),
    ],
)
def test_paths_that_cannot_be_opened(path: str, flags: int, result: int) -> None:
    assert loaded().open(path, flags) == -result


def test_listings() -> None:
    guest = loaded()
    assert listing(guest, "/sys") == ["module"]
    assert listing(guest, "/sys/module") == ["seen"]
    assert listing(guest, "/sys/module/seen") == [
        *("coresize", "initsize", "initstate", "refcnt", "taint", "version"),
        *("sections", "holders", "parameters"),
    ]
    assert {".text", ".data", ".bss", ".init.text"} <= set(listing(guest, "/sys/module/seen/sections"))
    assert listing(guest, "/sys/module/seen/holders") == listing(guest, "/sys/module/seen/parameters") == []


def listing(guest: GuestLoader, path: str) -> list[str]:
    fd = guest.open(path)
    assert fd >= 0
    count = guest.syscall(141, fd, guest.buffer, 4096)
    data, names = guest.machine.read(guest.buffer, count) if count else b"", []
    while data:
        length = struct.unpack_from("<H", data, 8)[0]
        names.append(data[10:length].partition(b"\0")[0].decode())
        data = data[length:]
    guest.close(fd)
    return names


def test_looking_costs_nothing() -> None:
    guest = loaded()
    guest.read_file("/sys/module/seen/refcnt")
    before = guest.state()
    for path in ("refcnt", "sections/.text", "version"):
        guest.read_file(f"/sys/module/seen/{path}")
    listing(guest, "/sys/module/seen/sections")
    assert guest.state() == before


# --- taints -----------------------------------------------------------------------------------------------------------


def tainted(guest: GuestLoader) -> str:
    where, _ = guest.call("print_tainted")
    return guest.machine.read_cstring(where)


def test_kernel_is_not_tainted_until_a_module_does_it() -> None:
    guest = fresh()
    assert tainted(guest) == "Not tainted"
    assert guest.init_module(seen()) == 0
    assert tainted(guest) == "Tainted: G            E     "
    assert guest.delete_module("seen") == 0
    assert tainted(guest) == "Tainted: G            E     "


def test_letters_of_modules_and_their_lines() -> None:
    guest = fresh()
    mark = guest.log_mark()
    odd = SEEN.replace(
        GPL, '        MODULE_LICENSE "Proprietary"\n        MODULE_INFO "staging=Y"\n        MODULE_INFO "test=Y"\n'
    )
    assert guest.init_module(module("odd", odd.replace("seen", "odd"), in_tree=False)) == 0
    assert guest.read_file("/sys/module/odd/taint") == "PCOEN\n"
    assert guest.read_file("/proc/modules").split()[-1] == "(PCOEN)"
    lines = guest.log_since(mark).splitlines()
    assert lines[:5] == [
        "odd: loading out-of-tree module taints kernel.",
        "odd: module is from the staging directory, the quality is unknown, you have been warned.",
        "odd: module license 'Proprietary' taints kernel.",
        "odd: loading test module taints kernel.",
        "odd: module verification failed: signature and/or required key missing - tainting kernel",
    ]
    assert tainted(guest) == "Tainted: P         C OE    N"
    mark = guest.log_mark()
    assert guest.init_module(module("again", odd.replace("seen", "again"), in_tree=False)) == 0
    assert [line for line in guest.log_since(mark).splitlines() if "taint" in line] == []


@pytest.mark.parametrize(
    "name", ["GPL", "GPL v2", "GPL and additional rights", "Dual BSD/GPL", "Dual MIT/GPL", "Dual MPL/GPL"]
)
def test_licences_that_go_with_the_gpl(name: str) -> None:
    guest = loaded(module("seen", SEEN.replace(GPL, f'        MODULE_LICENSE "{name}"\n')))
    assert guest.read_file("/sys/module/seen/taint") == "E\n"


@pytest.mark.parametrize("text", ["", '        MODULE_LICENSE "GPL v3"\n', '        MODULE_LICENSE "gpl"\n'])
def test_other_licences_are_proprietary(text: str) -> None:
    guest = loaded(module("seen", SEEN.replace(GPL, text)))
    assert guest.read_file("/sys/module/seen/taint") == "PE\n"
