"""Functions that compiled C calls without naming them, against Python's numbers."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from modules.guest_loader import CALL_BUDGET, PSR_SVC, GuestDiedError, GuestLoader, fresh, loader

WORD = (1 << 32) - 1
LONG = (1 << 64) - 1
MIN, MAX = -(1 << 63), (1 << 63) - 1

unsigned = st.one_of(st.integers(0, LONG), st.integers(0, 20), st.integers(0, 63).map(lambda n: 1 << n))
signed = st.one_of(st.integers(MIN, MAX), st.integers(-20, 20), st.sampled_from([MIN, MAX, -(1 << 32), 1 << 32]))


def registers(guest: GuestLoader, function: str, *words: int, lr: int = 0) -> tuple[int, ...]:
    """r0-r3 and sp's change after a function that was called with r0-r3."""
    machine, cpu = guest.machine, guest.machine.cpu
    saved, back = cpu.save(), guest.image.address("console_wait")
    cpu.cpsr = PSR_SVC
    for number, word in enumerate(words):
        cpu.set_r(number, word)
    sp, cpu.lr, cpu.pc = cpu.sp, lr or back, guest.image.address(function)
    machine.run(until={back}, max_instructions=CALL_BUDGET)
    assert cpu.pc == back
    result = (*(cpu.r(number) for number in range(4)), cpu.sp - sp)
    cpu.load(saved)
    return result


def split(value: int) -> tuple[int, int]:
    return value & WORD, value >> 32 & WORD


def join(low: int, high: int) -> int:
    return low | high << 32


def as_signed(value: int, bits: int = 64) -> int:
    return value - (1 << bits) if value >> bits - 1 else value


def cut(numerator: int, denominator: int) -> tuple[int, int]:
    """C's division: the quotient is cut towards 0."""
    quotient = abs(numerator) // abs(denominator)
    quotient = -quotient if (numerator < 0) != (denominator < 0) else quotient
    return quotient, numerator - quotient * denominator


@settings(max_examples=300, deadline=None)
@given(unsigned, unsigned.filter(bool))
def test_unsigned_division(numerator: int, denominator: int) -> None:
    r = registers(loader(), "__aeabi_uldivmod", *split(numerator), *split(denominator))
    assert (join(r[0], r[1]), join(r[2], r[3]), r[4]) == (*divmod(numerator, denominator), 0)


@settings(max_examples=300, deadline=None)
@given(signed, signed.filter(bool))
def test_signed_division(numerator: int, denominator: int) -> None:
    r = registers(loader(), "__aeabi_ldivmod", *split(numerator), *split(denominator))
    quotient, remainder = cut(numerator, denominator)
    assert (join(r[0], r[1]), as_signed(join(r[2], r[3])), r[4]) == (quotient & LONG, remainder, 0)


@settings(max_examples=150, deadline=None)
@given(signed, signed)
def test_product_and_order(a: int, b: int) -> None:
    guest = loader()
    r = registers(guest, "__aeabi_lmul", *split(a), *split(b))
    assert join(r[0], r[1]) == a * b & LONG
    assert as_signed(registers(guest, "__aeabi_lcmp", *split(a), *split(b))[0], 32) == (a > b) - (a < b)
    a, b = a & LONG, b & LONG
    assert as_signed(registers(guest, "__aeabi_ulcmp", *split(a), *split(b))[0], 32) == (a > b) - (a < b)


@settings(max_examples=150, deadline=None)
@given(signed, st.integers(0, 63))
def test_shifts(value: int, bits: int) -> None:
    guest = loader()
    for function, result in (
        ("__aeabi_llsl", value << bits),
        ("__aeabi_llsr", (value & LONG) >> bits),
        ("__aeabi_lasr", value >> bits),
    ):
        r = registers(guest, function, *split(value), bits)
        assert join(r[0], r[1]) == result & LONG


@settings(max_examples=60, deadline=None)
@given(unsigned)
def test_bit_counts(value: int) -> None:
    guest = loader()
    assert registers(guest, "__popcountsi2", value & WORD)[0] == (value & WORD).bit_count()
    assert registers(guest, "__popcountdi2", *split(value))[0] == value.bit_count()


@pytest.mark.parametrize("suffix", ["", "4", "8"])
def test_memory_functions_take_their_arguments_in_their_own_order(suffix: str) -> None:
    guest = fresh()
    at = guest.buffer
    guest.machine.write(at, bytes(range(32)))
    registers(guest, f"__aeabi_memset{suffix}", at, 8, 0x5A)
    registers(guest, f"__aeabi_memclr{suffix}", at + 8, 8)
    registers(guest, f"__aeabi_memcpy{suffix}", at + 16, at, 8)
    registers(guest, f"__aeabi_memmove{suffix}", at + 20, at + 16, 8)
    assert guest.machine.read(at, 32) == b"Z" * 8 + bytes(8) + b"Z" * 12 + bytes(range(28, 32))


def test_profiler_hook_returns_behind_its_call_and_pops_lr() -> None:
    """`push {lr}; bl __gnu_mcount_nc`: sp goes back up by a word, lr becomes what was pushed."""
    guest = fresh()
    machine, cpu = guest.machine, guest.machine.cpu
    back = guest.image.address("console_wait")
    cpu.cpsr = PSR_SVC
    cpu.sp -= 4
    machine.write(cpu.sp, (0x1234).to_bytes(4, "little"))
    sp, cpu.lr, cpu.pc = cpu.sp, back, guest.image.address("__gnu_mcount_nc")
    machine.run(until={back}, max_instructions=10)
    assert (cpu.pc, cpu.sp, cpu.lr) == (back, sp + 4, 0x1234)


def test_dead_canary_is_a_panic() -> None:
    guest = fresh()
    with pytest.raises(GuestDiedError):
        guest.call("__stack_chk_fail")
    assert "Kernel panic - not syncing: stack-protector: Kernel stack is corrupted in: " in guest.log


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=20).map(lambda data: data.replace(b"\0", b"x")), st.integers(0, 24), st.integers(0, 255))
def test_string_functions_of_c_modules(text: bytes, size: int, byte: int) -> None:
    guest = fresh()
    source, target = guest.buffer, guest.buffer + 64
    guest.machine.write(source, text + b"\0")
    guest.machine.write(target, b"#" * 64)
    assert guest.call("strnlen", source, size)[0] == min(len(text), size)
    found = text.find(bytes([byte]), 0, min(size, len(text)))
    if size <= len(text):
        assert guest.call("memchr", source, byte, size)[0] == (source + found if found >= 0 else 0)
    guest.call("strncpy", target, source, size)
    assert guest.machine.read(target, 64) == text[:size].ljust(size, b"\0") + b"#" * (64 - size)
    guest.call("strcpy", target, source)
    guest.call("strcat", target, source)
    assert guest.machine.read(target, 2 * len(text) + 1) == text + text + b"\0"


def test_kmalloc_for_c_zeroes_when_asked() -> None:
    guest = fresh()
    dirty, _ = guest.call("kmalloc", 64)
    guest.machine.write(dirty, b"\xff" * 64)
    guest.call("kfree", dirty)
    clean, _ = guest.call("__kmalloc", 64, 0xDC0)  # GFP_KERNEL | __GFP_ZERO
    assert guest.machine.read(clean, 64) == bytes(64)
