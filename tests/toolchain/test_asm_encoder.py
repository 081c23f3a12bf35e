"""The encoder's interface: who answers, and that nothing but four bytes is believed."""

from __future__ import annotations

import shutil
from collections.abc import Sequence

import pytest
from judges import require

from minikernel.errors import SourceError
from minikernel.toolchain import encoder as module
from minikernel.toolchain.assembler import assemble_unit
from minikernel.toolchain.encoder import (
    EncoderUnavailable,
    Encoding,
    EncodingError,
    GnuAsEncoder,
    KeystoneEncoder,
    LlvmMcEncoder,
    default_encoder,
)
from minikernel.toolchain.source import SourceFile

FORMS = [
    "nop",
    "mov r0,#1",
    "push {r4,r5}",
    "ldr r0,[pc,#0]",
    "add r0,pc,#0",
    "dsb ish",
    "mrs r0,cpsr",
    "udiv r0,r1,r2",
]
WORDS = [0xE320F000, 0xE3A00001, 0xE92D0030, 0xE59F0000, 0xE28F0000, 0xF57FF04B, 0xE10F0000, 0xE730F211]


class Recorder:
    """Answers every instruction with one word, and keeps what it was asked."""

    name = "recorder"

    def __init__(self, answer: Encoding) -> None:
        self.answer = answer
        self.asked: list[list[str]] = []

    def encode(self, instructions: Sequence[str]) -> list[Encoding]:
        self.asked.append(list(instructions))
        return [self.answer] * len(instructions)


def test_keystone_gives_the_words_and_refuses_with_a_reason() -> None:
    pytest.importorskip("keystone")
    assert KeystoneEncoder().encode(FORMS) == WORDS
    (refused,) = KeystoneEncoder().encode(["mov r0,#0x101ff"])
    assert isinstance(refused, EncodingError)


def test_keystone_answers_of_no_bytes_are_refused() -> None:
    pytest.importorskip("keystone")
    (refused,) = KeystoneEncoder().encode(["ubfx r0,r1,#31,#2"])
    assert isinstance(refused, EncodingError)


def test_keystone_refuses_one_of_many_and_gives_the_others() -> None:
    pytest.importorskip("keystone")
    for wrong in ("ubfx r0,r1,#31,#2", "mov r0,#0x101ff", "frobnicate r0"):
        first, refused, last = KeystoneEncoder().encode([FORMS[0], wrong, FORMS[1]])
        assert [first, last] == WORDS[:2]
        assert isinstance(refused, EncodingError)


def test_gnu_as_stands_in_with_the_same_words() -> None:
    require("arm-none-eabi-as")
    assert GnuAsEncoder("arm-none-eabi-as").encode(FORMS) == WORDS
    first, refused, last = GnuAsEncoder("arm-none-eabi-as").encode(["nop", "mov r0,#0x101ff", "nop"])
    assert (first, last) == (0xE320F000, 0xE320F000)
    assert "invalid constant" in str(refused)


def test_llvm_mc_stands_in_with_the_same_words() -> None:
    names = [name for name in module.LLVM_MC_NAMES if shutil.which(name)]
    if not names:
        pytest.skip("outside judge not installed: llvm-mc")
    assert LlvmMcEncoder(names[0]).encode(FORMS) == WORDS


def test_the_encoder_is_asked_once_for_each_form() -> None:
    recorder = Recorder(0xE320F000)
    source = SourceFile("a.s", "clz r8, r7\nclz r8, r7\nmov r8, #LATE\nb .\n.equ LATE, 77\n")
    data = assemble_unit(source, encoder=recorder).object_file.section(".text").data
    assert recorder.asked == [["mov r8,#77"]] or recorder.asked == [["clz r8,r7", "mov r8,#77"]]
    assert data[8:12] == bytes.fromhex("00f020e3")


def test_a_refusal_in_a_batch_names_the_line() -> None:
    with pytest.raises(SourceError) as caught:
        assemble_unit(SourceFile("a.s", "\nrbit r8, r6\n"), encoder=Recorder(EncodingError("not today")))
    assert "cannot encode" in str(caught.value)
    assert "not today" in str(caught.value)


def test_the_first_encoder_found_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_keystone(self: KeystoneEncoder) -> None:
        raise ImportError

    monkeypatch.setattr(KeystoneEncoder, "__init__", no_keystone)
    for installed, expected in (({"arm-none-eabi-as", "llvm-mc"}, GnuAsEncoder), ({"llvm-mc-15"}, LlvmMcEncoder)):
        monkeypatch.setattr(module.shutil, "which", lambda name, found=installed: name if name in found else None)
        default_encoder.cache_clear()
        assert isinstance(default_encoder(), expected)
    monkeypatch.setattr(module.shutil, "which", lambda name: None)
    default_encoder.cache_clear()
    with pytest.raises(EncoderUnavailable, match="keystone-engine"):
        default_encoder()
    default_encoder.cache_clear()
