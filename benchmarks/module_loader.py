"""What loading modules costs: python benchmarks/module_loader.py

Instructions of the guest for one lookup of a symbol, one by one and by halves, for 10 to 10,000 exported symbols (the
shape of Linux's tools/testing/selftests/module/find_symbol.sh: a provider, and polluters of once and twice its size
that are searched before it); instructions for one relocation; a module of 64 KiB from the host's file to LIVE; mutants
of the fuzzer a second. Counts of instructions are the same on every machine.
"""

from __future__ import annotations

import math
import random
import struct
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from modules.fuzzer import Fuzzer
from modules.guest_loader import NR_FINIT_MODULE, GuestLoader, fresh
from modules.ko import finish_module, module
from modules.sources import GPL, HEAD

from minikernel.elf.constants import R_ARM, SectionFlag, SectionType, SymbolBinding, SymbolKind
from minikernel.elf.object_file import ObjectFile, Relocation, Section, Symbol
from minikernel.power_on import BootOptions, prepare

SIZES = (10, 100, 1_000, 10_000)
LOOKUPS = 40  # of each kind
RAM = 64 << 20
MUTANTS = 500
RELOCATIONS = 2_000
BUDGET = 4_000_000_000


def exporter(name: str, prefix: str, count: int) -> bytes:
    """A module that exports `count` words called PREFIX_000000 and so on."""
    names = [f"{prefix}_{number:06}" for number in range(count)]
    alloc, write = SectionFlag.ALLOC, SectionFlag.WRITE
    data = Section(".data", SectionType.PROGBITS, alloc | write, 4, bytes(4 * count))
    strings = Section("__ksymtab_strings", SectionType.PROGBITS, alloc, 1, b"".join(f"{n}\0".encode() for n in names))
    table = Section("__ksymtab", SectionType.PROGBITS, alloc, 4)
    crcs = Section("__kcrctab", SectionType.PROGBITS, alloc, 4, bytes(4 * count))
    info = Section(".modinfo", SectionType.PROGBITS, alloc, 1, b"license=GPL\0")
    start = Symbol("", strings, kind=SymbolKind.SECTION)
    symbols, rows, at = [], bytearray(), 0
    for number, each in enumerate(names):
        symbols.append(Symbol(each, data, 4 * number, 4, SymbolKind.OBJECT, SymbolBinding.GLOBAL))
        rows += struct.pack("<III", 0, at, 0)
        table.relocations.append(Relocation(12 * number, R_ARM.ABS32, symbols[-1]))
        table.relocations.append(Relocation(12 * number + 4, R_ARM.ABS32, start))
        at += len(each) + 1
    table.data = bytes(rows)
    return finish_module(name, ObjectFile([data, strings, table, crcs, info], [start, *symbols]))


def load(guest: GuestLoader, path: str) -> None:
    fd = guest.open(path)
    result = guest.syscall(NR_FINIT_MODULE, fd, guest.text(""), 0, budget=BUDGET)
    assert result == 0, (path, result, guest.log[-500:])
    guest.close(fd)


def lookup_cost(guest: GuestLoader, count: int, linear: bool) -> tuple[float, float]:
    """(instructions, names compared) of a lookup, on average over symbols of the provider."""
    rng = random.Random(count)
    guest.set_word("module_lookup_linear", int(linear))
    guest.call("preempt_disable")
    guest.set_word("lookup_compares", 0)
    room = guest.call("kmalloc", 256)[0]
    begin = guest.machine.icount
    for _ in range(LOOKUPS):
        guest.machine.write(room, f"provider_{rng.randrange(count):06}\0".encode())
        found, _ = guest.call("find_symbol", room, 1, room + 128)
        assert found
    instructions = guest.machine.icount - begin
    compares = guest.word("lookup_compares")
    guest.call("kfree", room)
    guest.call("preempt_enable")
    return instructions / LOOKUPS, compares / LOOKUPS


def lookups() -> None:
    print("one lookup                 one by one               by halves          log2 of all")
    print("  exports             instr.   compared        instr.   compared       exports")
    for count in SIZES:
        files = {
            "tmp/provider.ko": exporter("provider", "provider", count),
            "tmp/polluter_c.ko": exporter("polluter_c", "polluted", count),
            "tmp/polluter_d.ko": exporter("polluter_d", "zpolluted", 2 * count),
        }
        guest = GuestLoader("loglevel=1", files, ram_size=RAM)
        for others in ((), ("polluter_c", "polluter_d")):
            for name in others or ("provider",):
                load(guest, f"/tmp/{name}.ko")
            total = count * (4 if others else 1)
            one, halves = lookup_cost(guest, count, True), lookup_cost(guest, count, False)
            what = f"{count:,}" + (" + polluters" if others else "")
            print(
                f"  {what:<18}{one[0]:9,.0f}  {one[1]:9,.1f}     {halves[0]:9,.0f}  {halves[1]:9,.1f}   "
                f"     {math.log2(total):5.1f}"
            )


def relocation_cost(line: str) -> float:
    """Instructions of one relocation of a module with many of the kind."""
    source = HEAD + GPL + "        .text\n" + f"        {line}\n" * RELOCATIONS
    ko = module("relocated", source)
    guest = fresh("loglevel=1")
    cpu, machine = guest.machine.cpu, guest.machine
    for register, value in enumerate((guest.put(ko), len(ko), guest.text(""))):
        cpu.set_r(register, value)
    cpu.set_r(7, 128)
    cpu.pc = guest.gate
    begin = {}
    for place in ("apply_relocations", "post_relocation"):
        machine.run(until={guest.image.address(place), guest.back}, max_instructions=BUDGET)
        assert cpu.pc == guest.image.address(place)
        begin[place] = machine.icount
    count = RELOCATIONS * (2 if "\n" in line else 1)
    return (begin["post_relocation"] - begin["apply_relocations"]) / count


def relocations() -> None:
    print("\none relocation             instr.")
    for kind, line in (
        ("ABS32", ".word strlen"),
        ("REL32", ".word strlen - ."),
        ("CALL", "bl strlen"),
        ("MOVW and MOVT", "movw r0, #:lower16:strlen\n        movt r0, #:upper16:strlen"),
    ):
        print(f"  {kind:<20}{relocation_cost(line):9,.1f}")


def large_module() -> None:
    source = (
        HEAD
        + GPL
        + "        .text\n"
        + "        .rept 4096\n        bl strlen\n        .word strlen, 0, 0\n        .endr\n"
    )
    ko = module("large", source)
    machine = prepare(BootOptions(rc=b"# nothing\n"))
    machine.run(until="shell", max_instructions=BUDGET)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "large.ko"
        path.write_bytes(ko)
        seconds, virtual = time.perf_counter(), machine.time_ns
        machine.insmod(path)
        seconds, virtual = time.perf_counter() - seconds, machine.time_ns - virtual
    guest = fresh("loglevel=1")
    begin, start = time.perf_counter(), guest.machine.time_ns
    assert guest.init_module(ko, budget=BUDGET) == 0
    print(f"\n64 KiB of code, 8,192 relocations, a file of {len(ko) >> 10} KiB")
    print(f"  m.insmod              {seconds:7.3f} s of the host, {virtual / 1e6:8.2f} ms of the guest")
    seconds, virtual = time.perf_counter() - begin, guest.machine.time_ns - start
    print(f"  init_module           {seconds:7.3f} s of the host, {virtual / 1e6:8.2f} ms of the guest")


def mutants() -> None:
    fuzzer = Fuzzer()
    fuzzer.run(range(50))
    print(f"\nfuzzer                 {fuzzer.run(range(MUTANTS))}")


def main() -> None:
    lookups()
    relocations()
    large_module()
    mutants()


if __name__ == "__main__":
    main()
