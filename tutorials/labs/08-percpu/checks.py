"""What lab 08 looks at: the table of blocks in guest memory before and after calls of the allocator, and a module."""

from __future__ import annotations

from itertools import zip_longest

from minikernel.bits import s32
from minikernel.kernel.machine import KernelMachine
from minikernel.labs.checking import Checking
from minikernel.toolchain.examples import external_modules

AREA = 0x2000
MOST_BLOCKS = 128
PIECE = 64
NAME = "somebody"
TOO_MUCH = (1, 4, 60, AREA // 4)
COMPLAINT = "Could not allocate"
ENOMEM = 12


def check_picture(check: Checking) -> None:
    machine = check.run("boot").machine
    check.looked_at("the moment of the first picture")
    check.equal("the first picture was taken", "first_picture" in [each.value for each in machine.milestones], True)


def check_ordinary(check: Checking) -> None:
    machine = check.run("boot").machine
    check.looked_at("pcpu_size after allocations and frees that all have room")
    place = check.run("boot").place("percpu_block_alloc")
    check.equal("100 bytes", _allocate(machine, 100), 0, place=place)
    check.equal("8 bytes aligned to 64", _allocate(machine, 8, 64), 128, place=place)
    check.equal("blocks: 28 bytes skipped are in the first", _blocks(machine), [0, -128, -8, AREA - 136], place=place)
    _free(machine, 0)
    _free(machine, 128)
    check.equal("blocks, all freed", _blocks(machine), [0, AREA], place=check.run("boot").place("percpu_block_free"))


def check_exhausted(check: Checking) -> None:
    machine = check.run("boot").machine
    place = check.run("boot").place("percpu_block_alloc")
    check.looked_at(f"pieces of {AREA // 4} bytes until the area of {AREA} is full, and one more")
    pieces = [_allocate(machine, AREA // 4) for _ in range(4)]
    check.equal("offsets of the pieces", pieces, [0, AREA // 4, AREA // 2, AREA * 3 // 4], place=place)
    before = _blocks(machine)
    for size in TOO_MUCH:
        check.equal(f"more bytes: {size}", _allocate(machine, size), None, place=place)
    check.equal("blocks afterwards", _blocks(machine), before, place=place)
    for offset in reversed(range(0, AREA, AREA // 4)):
        _free(machine, offset)
    check.equal("all of it in one piece, after the others are freed", _allocate(machine, AREA), 0, place=place)


def check_warned(check: Checking) -> None:
    machine = check.run("boot").machine
    place = check.run("boot").place("percpu_block_alloc")
    check.looked_at("dmesg, across allocations that succeed and one that does not")
    for size, offset in ((AREA - 16, 0), (20, None), (8, AREA - 16), (44, None)):
        lines = len(machine.dmesg.splitlines())
        got = _allocate(machine, size)
        said = [line for line in machine.dmesg.splitlines()[lines:] if COMPLAINT in line]
        check.equal(f"{size} bytes: offset, complaints", (got, len(said)), (offset, int(offset is None)), place=place)
    words = f"{NAME}: {COMPLAINT} 44 bytes percpu data"
    check.equal("the words", words in machine.dmesg, True, place=place)


def check_changes_nothing(check: Checking) -> None:
    machine = check.run("boot").machine
    place = check.run("boot").place("percpu_block_alloc")
    check.looked_at(
        f"pcpu_size with all {MOST_BLOCKS} entries in use, before and after a block that would need one more"
    )
    pieces = [_allocate(machine, PIECE - 4) for _ in range(MOST_BLOCKS - 2)]
    check.equal("entries in use", len(_blocks(machine)), MOST_BLOCKS, place=place)
    before = _blocks(machine)
    for size, align in ((20, 32), (36, 64)):
        check.equal(f"{size} bytes aligned to {align}", _allocate(machine, size, align), None, place=place)
    after = _blocks(machine)
    changed = {index: pair for index, pair in enumerate(zip_longest(before, after)) if pair[0] != pair[1]}
    check.equal("entries that have changed, before and after", changed, {}, place=place)
    rest = AREA - (PIECE - 4) * (MOST_BLOCKS - 2)
    check.equal("the rest but a word, which needs no entry", _allocate(machine, rest - 4), AREA - rest, place=place)
    check.equal("pieces given out at distinct offsets", len(set(pieces)), len(pieces), place=place)


def check_module(check: Checking) -> None:
    run = check.run("boot")
    machine = run.machine
    check.looked_at(f"insmod of a module with {AREA - 4} bytes of per-CPU variables, alone and with 8 bytes in use")
    (module,) = external_modules(run.build.config, [check.lab.folder / "modules/greedy.s"]).values()
    place = run.place("percpu_modalloc")
    check.equal("alone: errno", _insmod(machine, module), 0, place=place)
    machine.rmmod("greedy")
    check.equal("blocks after rmmod", _blocks(machine), [0, AREA], place=place)
    before = machine.free_pages
    _allocate(machine, 8)
    check.equal("with 8 bytes in use: errno", _insmod(machine, module), ENOMEM, place=place)
    check.equal("modules loaded", [each.name for each in machine.modules], [], place=place)
    check.equal("free pages afterwards", machine.free_pages, before, place=place)


def _insmod(machine: KernelMachine, module: bytes) -> int:
    """The errno, 0 when it was loaded."""
    machine.know_modules(lambda _name: module)
    try:
        machine.insmod("greedy")
    except OSError as error:
        return error.errno or -1
    return 0


def _allocate(machine: KernelMachine, size: int, align: int = 4) -> int | None:
    """Offset in the area of the block given out, or None."""
    address, _ = machine.call("percpu_block_alloc", size, align, NAME)
    return address - machine.symbol("__per_cpu_start") if address else None


def _free(machine: KernelMachine, offset: int) -> None:
    machine.call("percpu_block_free", machine.symbol("__per_cpu_start") + offset)


def _blocks(machine: KernelMachine) -> list[int]:
    """The table: sizes in order of addresses, negative in use."""
    count = machine.read_word(machine.symbol("pcpu_num_used"))
    return [s32(machine.read_word(machine.symbol("pcpu_size") + 4 * index)) for index in range(min(count, 200))]
