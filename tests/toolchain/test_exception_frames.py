"""Where the chain of callers ends or goes on in another way, read from the code."""

from __future__ import annotations

import struct

import pytest

from minikernel.toolchain.assembler import assemble
from minikernel.toolchain.config import BuildConfig
from minikernel.toolchain.exception_frames import Stub, calls_without_return
from minikernel.toolchain.units import kernel_units


def words_of(source: str, function: str) -> tuple[int, ...]:
    """The code of a function of the guest."""
    config = BuildConfig.load()
    (unit,) = [unit for unit in kernel_units(config) if unit.source == source]
    tree = config.tree
    obj = assemble(tree / source, [tree / folder for folder in unit.folders], dict(unit.defsyms), tree)
    (symbol,) = [symbol for symbol in obj.symbols if symbol.name == function]
    assert not isinstance(symbol.section, int)
    code = obj.section(symbol.section.name).data[symbol.value : symbol.value + symbol.size]
    return struct.unpack(f"<{len(code) // 4}I", code)


@pytest.mark.parametrize("function", ["vector_swi", "vector_irq", "vector_undefined", "vector_data_abort"])
def test_a_stub_s_registers_are_where_pt_regs_has_them(function: str) -> None:
    words = words_of("kernel/vectors.s", function)
    stub = Stub.read(words)
    assert stub is not None
    assert stub.size == 68
    assert [stub.saved[register] for register in (0, 4, 11, 13, 14, 15)] == [0, 16, 44, 52, 56, 60]
    assert [words[call // 4] >> 24 for call in stub.calls] == [0xEB]


def test_a_call_that_does_not_return_is_the_end_of_its_stub() -> None:
    stub = Stub.read(words_of("kernel/vectors.s", "vector_unexpected"))
    assert stub is not None and stub.calls == ()


@pytest.mark.parametrize(
    "source, function, expected",
    [
        ("kernel/entry.s", "ret_to_user", True),
        ("kernel/head.s", "stext", True),
        ("kernel/entry.s", "do_syscall", False),  # keeps lr on the stack
        ("kernel/entry.s", "do_syscall_unknown", False),  # returns to it
        ("kernel/entry.s", "enter_user_mode", False),  # calls nobody
    ],
)
def test_who_calls_and_never_looks_at_lr_has_no_caller(source: str, function: str, expected: bool) -> None:
    words = words_of(source, function)
    assert calls_without_return(words) is expected
    assert Stub.read(words) is None
