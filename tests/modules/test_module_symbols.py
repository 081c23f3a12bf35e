"""Finding exported symbols: by halves and one by one, what it costs, and who uses whom afterwards."""

from __future__ import annotations

import math
import struct
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from modules.guest_loader import GuestLoader, fresh, loader, struct_module
from modules.ko import kernel, module

EWOULDBLOCK = 11
KSYM_SIZE = 12
HEAD = '        .include "macros.inc"\n        MODULE_LICENSE "GPL"\n'


@cache
def kernel_exports(gpl: bool = False) -> tuple[str, ...]:
    """The names in the kernel's table, in its order."""
    guest = loader()
    start, end = (guest.image.address(f"__{edge}___ksymtab{'_gpl' * gpl}") for edge in ("start", "stop"))
    rows = struct.iter_unpack("<3I", guest.machine.read(start, end - start)) if end > start else ()
    return tuple(guest.machine.read_cstring(name) for _, name, _ in rows)


def find(guest: GuestLoader, name: str, gplok: int = 1) -> tuple[int, int]:
    """(value or 0, names compared) of one find_symbol, preemption off."""
    guest._next_text = 0
    guest.set_word("preempt_count", 1)
    before, calls = guest.word("lookup_compares"), guest.word("lookup_count")
    row, _ = guest.call("find_symbol", guest.text(name), gplok, guest.arguments + 2048)
    guest.set_word("preempt_count", 0)
    assert guest.word("lookup_count") == calls + 1
    return (guest.machine.read_word(row) if row else 0), guest.word("lookup_compares") - before


def test_tables_are_sorted_by_name() -> None:
    names = [name.encode() for name in kernel_exports()]
    assert len(names) > 80
    assert names == sorted(set(names))


def test_both_ways_find_every_export_and_nothing_else() -> None:
    binary, linear = fresh(), fresh("module_lookup=linear")
    for name in kernel_exports():
        assert find(binary, name)[0] == find(linear, name)[0] == binary.image.address(name)
    for name in ("", "a", "memcp", "memcpyy", "zzz", "start_kernel", "~"):
        assert find(binary, name)[0] == find(linear, name)[0] == 0


def test_search_by_halves_compares_logarithmically_and_the_other_up_to_the_name() -> None:
    binary, linear = fresh(), fresh("module_lookup=linear")
    names = kernel_exports()
    most = math.floor(math.log2(len(names))) + 1
    assert max(find(binary, name)[1] for name in names) <= most <= math.ceil(math.log2(len(names))) + 1
    assert [find(linear, name)[1] for name in names] == list(range(1, len(names) + 1))


@settings(max_examples=30, deadline=None)
@given(st.sets(st.text("abcXYZ_019", min_size=1, max_size=5), max_size=40), st.text("abcXYZ_019", max_size=5))
def test_search_table_of_any_size(names: set[str], wanted: str) -> None:
    guest = fresh()
    words, texts = [], b""
    ordered = sorted(names)
    strings = guest.arguments + 2048
    for number, name in enumerate(ordered):
        words += [number, strings + len(texts), 0]
        texts += name.encode() + b"\0"
    guest.machine.write(strings, texts)
    guest.machine.write(guest.buffer, struct.pack(f"<{len(words)}I", *words))
    for name in (*ordered, wanted):
        guest._next_text = 0
        row, compared = guest.call("search_table", guest.text(name), guest.buffer, len(ordered))
        assert row == (guest.buffer + KSYM_SIZE * ordered.index(name) if name in names else 0)
        assert compared <= (math.floor(math.log2(len(ordered))) + 1 if ordered else 0)


@pytest.mark.parametrize("word", ["Linear", "", "quadratic"])
def test_unknown_way_of_looking_up_is_refused(word: str) -> None:
    guest = fresh(f"module_lookup={word}")
    assert f"`{word}' invalid for parameter `module_lookup'" in guest.log
    assert guest.word("module_lookup_linear") == 0


def test_bare_call_trips_the_assertion() -> None:
    guest = fresh()
    guest.call("find_symbol", guest.text("memcpy"), 1, guest.arguments + 2048)
    assert "find_symbol: module_mutex is not held and preemption is on" in guest.log
    guest.reset()
    assert find(guest, "memcpy")[0]
    guest.call("module_mutex_lock")
    guest.call("find_symbol", guest.text("memcpy"), 1, guest.arguments + 2048)
    assert "WARNING" not in guest.log


# --- modules that use modules -----------------------------------------------------------------------------------------

SERVICE = """FUNC service_{n}
        mov     r0, #{n}
        bx      lr
ENDFUNC service_{n}
        EXPORT_SYMBOL service_{n}
"""
SECRET = """FUNC secret
        mov     r0, #99
        bx      lr
ENDFUNC secret
        EXPORT_SYMBOL_GPL secret
"""
PROVIDER = HEAD + "        .text\n" + "".join(SERVICE.format(n=n) for n in range(5)) + SECRET
CALLS_FIVE = (
    HEAD
    + """
        .text
FUNC use_all
        push    {r4, r5, fp, lr}
        add     fp, sp, #8
        mov     r4, #0
"""
    + "".join(f"        bl      service_{n}\n        add     r4, r4, r0\n" for n in range(5))
    + """
        mov     r0, r4
        pop     {r4, r5, fp, pc}
ENDFUNC use_all
"""
)


def provider() -> bytes:
    return module("provider", PROVIDER)


def user(name: str = "user") -> bytes:
    return module(name, CALLS_FIVE.replace("use_all", f"use_all_{name}"), others=[provider()])


def refcount(guest: GuestLoader, name: str) -> int:
    return int(guest.read_file(f"/sys/module/{name}/refcnt"))


def test_use_is_noted_once_for_each_pair_though_five_symbols_are_used() -> None:
    guest = fresh()
    before = guest.state()
    assert (guest.init_module(provider()), guest.init_module(user())) == (0, 0)
    function, _ = guest.call("kallsyms_lookup_name", guest.text("user:use_all_user"))
    assert guest.call(function)[0] == 0 + 1 + 2 + 3 + 4
    assert refcount(guest, "provider") == 1
    assert guest.read_file("/proc/modules").splitlines()[1].split()[2:5] == ["1", "user,", "Live"]
    assert guest.delete_module("provider") == -EWOULDBLOCK
    assert guest.delete_module("user") == 0
    assert refcount(guest, "provider") == 0
    assert guest.delete_module("provider") == 0
    assert guest.state() == before


def test_users_are_listed_newest_first_and_each_drops_only_its_own_use() -> None:
    guest = fresh()
    for ko in (provider(), user("one"), user("two"), user("three")):
        assert guest.init_module(ko) == 0
    line = guest.read_file("/proc/modules").splitlines()[-1]
    assert line.split()[2:4] == ["3", "three,two,one,"]
    assert holders(guest) == {"one", "two", "three"}
    assert guest.delete_module("two") == 0
    assert guest.read_file("/proc/modules").splitlines()[-1].split()[2:4] == ["2", "three,one,"]
    assert holders(guest) == {"one", "three"}


def holders(guest: GuestLoader) -> set[str]:
    return {name for name in ("one", "two", "three") if open_close(guest, f"/sys/module/provider/holders/{name}")}


def open_close(guest: GuestLoader, path: str) -> bool:
    fd = guest.open(path)
    if fd >= 0:
        guest.close(fd)
    return fd >= 0


def test_failed_user_leaves_no_use() -> None:
    guest = fresh()
    assert guest.init_module(provider()) == 0
    before = guest.state()
    bad = module("bad", CALLS_FIVE + "        .word nobody_has_this\n", others=[provider()])
    assert guest.init_module(bad) == -2
    assert guest.state() == before


def test_module_lookup_is_by_halves_too() -> None:
    """The module's tables come after the kernel's two, so a name costs a failed search there first."""
    guest = fresh()
    assert guest.init_module(provider()) == 0
    kernel = sum(math.floor(math.log2(n)) + 1 for n in (len(kernel_exports()), len(kernel_exports(True))) if n)
    value, compared = find(guest, "service_4")
    assert guest.call(value)[0] == 4
    assert compared <= kernel + 3
    assert find(guest, "secret", gplok=0)[0] == 0
    assert find(guest, "secret", gplok=1)[0]


def test_unformed_module_exports_nothing() -> None:
    guest = fresh()
    assert guest.init_module(provider()) == 0
    mod = guest.modules()[0][3]
    guest.machine.write(mod + struct_module("STATE"), struct.pack("<I", 3))
    assert find(guest, "service_0")[0] == 0


def test_crcs_stand_beside_the_names() -> None:
    guest = fresh()
    for name in kernel_exports():
        guest._next_text = 0
        guest.set_word("preempt_count", 1)
        guest.call("find_symbol", guest.text(name), 1, guest.arguments + 2048)
        owner, crc, gpl = struct.unpack("<3I", guest.machine.read(guest.arguments + 2048, 12))
        assert (owner, gpl) == (0, 0)
        assert guest.machine.read_word(crc) == kernel().crcs[name]
