"""Real modules of Debian's ARM kernel: the guest loads them, and they compute the published check values.

The check value of a CRC is what it gives for "123456789" (the RevEng catalogue): CRC-16/ARC bb3d, CRC-16/XMODEM 31c3,
CRC-7/MMC 75 (the kernel's crc7_be has it in the upper seven bits: ea), CRC-8/SMBUS f4.
"""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

import pytest
from modules.fuzzer import Fuzzer
from modules.guest_loader import IGNORE_MODVERSIONS, IGNORE_VERMAGIC, GuestLoader, fresh
from modules.relocated import load_and_check
from outside.debian_modules import WANTED, debian_modules

from minikernel.elf.module_file import ModuleFile
from minikernel.kernel.machine import KernelMachine
from minikernel.power_on import BootOptions, prepare

CHECK = b"123456789"
TABLE_SIZE = 256


@cache
def modules() -> dict[str, bytes]:
    found = debian_modules()
    if isinstance(found, str):
        if os.environ.get("MINIKERNEL_REQUIRE_JUDGES"):
            pytest.fail(found)
        pytest.skip(f"outside judge not reachable: {found}")
    return found


@cache
def booted() -> KernelMachine:
    machine = prepare(BootOptions(rc=b"# nothing\n"))
    machine.run(until="shell", max_instructions=100_000_000)
    return machine


def loaded(name: str, folder: Path) -> KernelMachine:
    machine = booted()
    path = folder / name
    path.write_bytes(modules()[name])
    machine.insmod(path, force=True)
    return machine


def removed(machine: KernelMachine, name: str) -> None:
    machine.rmmod(name)


def test_crc16(tmp_path: Path) -> None:
    machine = loaded("crc16.ko", tmp_path)
    assert machine.call("crc16", 0, CHECK, len(CHECK))[0] == 0xBB3D
    removed(machine, "crc16")


def test_crc_itu_t(tmp_path: Path) -> None:
    machine = loaded("crc-itu-t.ko", tmp_path)
    assert machine.call("crc_itu_t", 0, CHECK, len(CHECK))[0] == 0x31C3
    removed(machine, "crc_itu_t")


def test_crc7(tmp_path: Path) -> None:
    machine = loaded("crc7.ko", tmp_path)
    assert machine.call("crc7_be", 0, CHECK, len(CHECK))[0] == 0x75 << 1
    removed(machine, "crc7")


def test_crc8(tmp_path: Path) -> None:
    machine = loaded("crc8.ko", tmp_path)
    table, _ = machine.call("kmalloc", TABLE_SIZE)
    machine.call("crc8_populate_msb", table, 7)
    assert machine.read(table, 4) == bytes([0x00, 0x07, 0x0E, 0x09])
    assert machine.call("crc8", table, CHECK, len(CHECK), 0)[0] == 0xF4
    machine.call("crc8_populate_lsb", table, 0xE0)  # CRC-8/ROHC: reflected 07, start value ff
    assert machine.call("crc8", table, CHECK, len(CHECK), 0xFF)[0] == 0xD0
    machine.call("kfree", table)
    removed(machine, "crc8")


@pytest.mark.parametrize("name", WANTED)
def test_every_relocated_word_is_what_the_reference_says(name: str) -> None:
    guest = fresh()
    before = guest.state()
    checked = load_and_check(guest, modules()[name])
    assert checked.result == 0 and checked.relocations > 0
    guest.syscall(10, guest.text("/tmp/checked.ko"))
    assert guest.delete_module(guest.modules()[0][0]) == 0
    assert guest.state() == before


@pytest.mark.parametrize("name", WANTED)
def test_without_force_it_is_refused_for_its_versions(name: str) -> None:
    """Its vermagic passes but for the release, which versions make unimportant; its CRCs are another kernel's."""
    guest = fresh()
    before = guest.state()
    mark = guest.log_mark()
    assert guest.load_file(modules()[name]) == -8
    assert "disagrees about version of symbol module_layout" in guest.log_since(mark)
    assert guest.state() == before


@pytest.mark.parametrize("name", WANTED)
def test_its_signature_is_taken_off_and_its_taint_shown(name: str) -> None:
    guest: GuestLoader = fresh()
    assert ModuleFile.from_bytes(modules()[name]).signature_size > 0
    assert guest.load_file(modules()[name], flags=IGNORE_MODVERSIONS | IGNORE_VERMAGIC) == 0
    line = guest.read_file("/proc/modules").splitlines()[0]
    assert line.startswith(name.removesuffix(".ko").replace("-", "_") + " ") and "F" in line.rpartition("(")[2]


def check_mutants(seeds: range) -> None:
    tally = Fuzzer(sorted(modules().items()), IGNORE_MODVERSIONS | IGNORE_VERMAGIC).run(seeds)
    print(f"\n{tally}")  # noqa: T201
    assert not tally.problems, "\n\n".join(f"{mutant}\n{problem}" for mutant, problem in tally.problems[:5])


def test_mutants_of_real_modules_do_no_harm() -> None:
    check_mutants(range(100))


@pytest.mark.slow
def test_many_mutants_of_real_modules_do_no_harm() -> None:
    check_mutants(range(1_000, 6_000))
