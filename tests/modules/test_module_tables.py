"""A module's tables about its code: rows of init code go with init code, and a fault in freed memory finds none."""

from __future__ import annotations

import errno
import struct
from pathlib import Path

import pytest
from gnu_binutils import run
from hypothesis import given, settings
from hypothesis import strategies as st
from judges import require
from modules.guest_loader import CALL_BUDGET, NR_INIT_MODULE, GuestDiedError, GuestLoader, fresh, loader, struct_module
from modules.ko import finish_module, module

from minikernel.elf.object_file import ObjectFile

EX_SIZE = 8
EXIDX_SIZE = 8

# Rows in no order: init's and core's, with fix-ups, between each other.
FAULTS = """
        .include "macros.inc"
        .include "uaccess.inc"
        MODULE_LICENSE "GPL"
        .text
FUNC try_load
.Lload: ldr     r0, [r0]
        bx      lr
.Lfix:  mvn     r0, #13                         @ -EFAULT
        bx      lr
ENDFUNC try_load
.Llast: bx      lr
        ex_table .Llast, .Lfix
        ex_table .Lload, .Lfix
        INIT_TEXT
FUNC faults_init
        mov     r0, #0x70000000
        mov     r1, #0
.Linit_load:
        ldr     r1, [r0]
.Linit_goes_on:
        mov     r0, #0
        bx      lr
ENDFUNC faults_init
.Linit_last:
        bx      lr
        ex_table .Linit_last, .Linit_goes_on
        ex_table .Linit_load, .Linit_goes_on
        EXIT_TEXT
FUNC faults_exit
        bx      lr
ENDFUNC faults_exit
        .data
        .balign 4
kept:   .word   faults_init
        module_init faults_init
        module_exit faults_exit
"""


def address(guest: GuestLoader, name: str) -> int:
    guest._next_text = 0
    return guest.call("kallsyms_lookup_name", guest.text(name))[0]


def extable(guest: GuestLoader) -> list[tuple[int, int]]:
    mod = guest.modules()[0][3]
    start, count = struct.unpack("<2I", guest.machine.read(mod + struct_module("EXTABLE"), 8))
    return list(struct.iter_unpack("<2I", guest.machine.read(start, count * EX_SIZE))) if count else []


def test_fault_of_a_module_goes_to_its_fix_up_and_init_rows_are_trimmed() -> None:
    guest = fresh()
    before = guest.state()
    assert guest.init_module(module("faults", FAULTS)) == 0  # its init faults, too
    load = address(guest, "try_load")
    assert [row for row, _ in extable(guest)] == [load, load + 16]
    assert guest.call(load, 0x70000000)[0] == (1 << 32) - errno.EFAULT
    assert guest.call("search_module_extables", load)[0] != 0
    assert guest.call("search_exception_tables", load + 4)[0] == 0
    init = guest.machine.read_word(address(guest, "faults:kept"))
    for offset in range(0, 32, 4):
        assert guest.call("search_exception_tables", init + offset)[0] == 0
    assert guest.delete_module("faults") == 0
    assert guest.call("search_exception_tables", load)[0] == 0
    assert guest.state() == before


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 0xFFFFFFFF), max_size=60, unique=True))
def test_rows_are_sorted_with_their_fix_ups(rows: list[int]) -> None:
    guest = loader()
    guest.machine.write(guest.buffer, b"".join(struct.pack("<2I", row, row ^ 0x55) for row in rows))
    fake = guest.arguments  # a struct module of which only the two fields matter
    guest.machine.write(fake + struct_module("EXTABLE"), struct.pack("<2I", guest.buffer, len(rows)))
    guest.call("sort_module_extable", fake)
    data = guest.machine.read(guest.buffer, EX_SIZE * len(rows)) if rows else b""
    assert list(struct.iter_unpack("<2I", data)) == [(row, row ^ 0x55) for row in sorted(rows)]


def test_fault_without_a_row_names_the_module() -> None:
    guest = fresh()
    lonely = FAULTS.replace("        ex_table .Lload, .Lfix\n", "")
    assert guest.init_module(module("faults", lonely)) == 0
    with pytest.raises(GuestDiedError):
        guest.call(address(guest, "try_load"), 0x70000000)
    assert "PC is at try_load+0x0/0x14 [faults]" in guest.log
    assert "Modules linked in: faults(E)" in guest.log
    assert "Comm: init Tainted: G            E" in guest.log


C_SOURCE = """
extern int printk(const char *, ...);
int twice(int x) { return 2 * x; }
int calls(int x) { return twice(x) + printk("called\\n"); }
static int __attribute__((section(".init.text"))) start(void) { return calls(1) < 0; }
extern int init_module(void) __attribute__((alias("start")));
void cleanup_module(void) {}
static const char license[] __attribute__((section(".modinfo"), used)) = "license=GPL";
"""
GCC = "arm-none-eabi-gcc -c -O1 -ffreestanding -marm -mcpu=cortex-a15 -fno-pic -mno-unaligned-access -funwind-tables"


def c_module(tmp_path: Path) -> bytes:
    require("arm-none-eabi-gcc")
    (tmp_path / "c.c").write_text(C_SOURCE)
    run(tmp_path, *GCC.split(), "-ffunction-sections", "c.c")
    return finish_module("c", ObjectFile.from_bytes((tmp_path / "c.o").read_bytes(), "c.o"))


def tables(guest: GuestLoader) -> list[tuple[int, int, int, int]]:
    """(first entry, end, first address of code, end) of each registered unwind table."""
    found, at = [], guest.word("unwind_tables")
    while at:
        at, *borders, _ = struct.unpack("<6I", guest.machine.read(at, 24))
        found.append(tuple(borders))
    return found


def test_unwind_tables_of_c_code_come_and_go_with_it(tmp_path: Path) -> None:
    ko = c_module(tmp_path)
    guest = fresh()
    before = guest.state()
    assert guest.init_module(ko) == 0
    code = {name: address(guest, f"c:{name}") for name in ("twice", "calls", "cleanup_module")}
    assert {start for _, _, start, _ in tables(guest)} == set(code.values())
    for where in code.values():
        entry, _ = guest.call("unwind_find_idx", where + 4 if where != code["cleanup_module"] else where)
        offset = guest.machine.read_word(entry)
        offset -= (offset & 0x40000000) << 1
        assert entry + offset == where
    init = int(guest.read_file("/sys/module/c/sections/.init.text"), 16)
    assert guest.call("unwind_find_idx", init)[0] == 0
    assert guest.delete_module("c") == 0
    assert tables(guest) == []
    assert guest.state() == before


def test_init_code_has_its_unwind_table_until_it_is_freed(tmp_path: Path) -> None:
    """The same load stops where init is called, and where it has been."""
    ko = c_module(tmp_path)
    guest = fresh()
    counts = []
    for stop in ("do_one_initcall", "free_module_mem"):
        guest.reset()
        cpu = guest.machine.cpu
        for register, value in enumerate((guest.put(ko), len(ko), guest.text(""))):
            cpu.set_r(register, value)
        cpu.set_r(7, NR_INIT_MODULE)
        cpu.pc = guest.gate
        guest.machine.run(until={guest.image.address(stop)}, max_instructions=CALL_BUDGET)
        counts.append(len(tables(guest)))
        if stop == "do_one_initcall":
            assert cpu.r(0) in {start for _, _, start, _ in tables(guest)}
    assert counts[0] == counts[1] + 1
